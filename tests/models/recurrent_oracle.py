"""The linear recurrent model once more: one response at a time, in plain Python.

It shares no code with the package. Of a fitted model it takes the numbers only.
"""

from __future__ import annotations

import math
from collections import defaultdict

SKILL_DECAYS = (0.5, 0.8, 0.95, 1.0)
ITEM_DECAY = 0.7


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def add(*vectors):
    return [math.fsum(numbers) for numbers in zip(*vectors, strict=True)]


def mean(vectors):
    return [x / len(vectors) for x in add(*vectors)]


class Reference:
    """A fitted model: its numbers, by label."""

    def __init__(self, model):
        arrays = {name: array.tolist() for name, array in model._arrays().items()}
        self.prior = model.prior
        self.decay = [d for d in model.decays for _ in range(model.rank)]
        skills, items = model.skills_.tolist(), model.items_.tolist()
        n = len(skills)
        read, write = arrays["read"], arrays["write"]
        self.none, self.nothing = [0.0] * len(read[0]), [0.0] * len(self.decay)
        self.shared, self.shared_written = read[-1], write[-3:]
        self.skill = dict(zip(skills, read[:n], strict=True))
        self.unnamed = dict(zip(skills, arrays["unnamed"], strict=True))
        self.written = {
            label: [write[channel * n + k] for channel in range(3)]
            for k, label in enumerate(skills)
        }
        rows = zip(items, read[n:-1], arrays["item_rates"], arrays["item_answers"], strict=True)
        self.item = {label: (row, rate) for label, row, rate, answers in rows if answers}
        self.rate = dict(zip(skills, arrays["skill_rates"], strict=True))
        self.overall = arrays["rate"][0]
        self.by_item = bool(items)

    def logits(self, events):
        """Of (student, skills, item, correct) in order; ``correct`` None is an exposure."""
        students: dict = defaultdict(lambda: Student(self))
        found = []
        for student, skills, item, correct in events:
            found.append(students[student].logit(skills, item))
            if correct is not None:
                students[student].learn(skills, item, correct)
        return found


class Student:
    def __init__(self, model):
        self.model = model
        self.past = []  # (written vector, skills, item, correct), oldest first

    def logit(self, skills, item):
        model, content = self.model, [1.0]
        for i, decay in enumerate(model.decay):
            weights = [decay**age for age in range(len(self.past))][::-1]
            total = math.fsum(w * event[0][i] for w, event in zip(weights, self.past, strict=True))
            content.append(total / (math.fsum(weights) + model.prior))
        content += mean([self.on_skill(skill) for skill in skills])
        content.append(math.log1p(len(self.past)))
        content += self.on_item(item)
        query = add(model.shared, mean([model.skill.get(skill, model.none) for skill in skills]))
        if item in model.item:
            query = add(query, model.item[item][0])
        else:
            query = add(query, mean([model.unnamed.get(skill, model.none) for skill in skills]))
        return dot(query, content)

    def on_skill(self, skill):
        places = [place for place, event in enumerate(self.past) if skill in event[1]]
        answers = [self.past[place][3] for place in places][::-1]  # newest first
        wins, losses = [], []
        for decay in SKILL_DECAYS:
            wins.append(math.fsum(decay**n for n, y in enumerate(answers) if y))
            losses.append(math.fsum(decay**n for n, y in enumerate(answers) if not y))
        rates = [
            [n / (won + lost + 1) for n, won, lost in zip(side, wins, losses, strict=True)][:-1]
            for side in (wins, losses)
        ]
        since = math.log(len(self.past) - places[-1]) if places else 0.0
        return [
            *rates[0],
            *rates[1],
            math.log1p(wins[-1]),
            math.log1p(losses[-1]),
            float(not places),
            since,
        ]

    def on_item(self, item):
        if not self.model.by_item or item is None:
            return [0.0, 0.0]
        answers = [event[3] for event in self.past if event[2] == item][::-1]
        sides = [
            math.fsum(ITEM_DECAY**n for n, y in enumerate(answers) if y == side) for side in (1, 0)
        ]
        return [side / (sum(sides) + 0.3) for side in sides]

    def learn(self, skills, item, correct):
        model = self.model
        rates = [model.rate.get(skill, model.overall) for skill in skills]
        rate = model.item[item][1] if item in model.item else sum(rates) / len(rates)
        channels = (1 - correct, correct, correct - rate)
        unknown = [model.nothing] * 3
        mine = [model.written.get(skill, unknown) for skill in skills]
        vectors = [
            add(model.shared_written[c], mean([of_skill[c] for of_skill in mine])) for c in range(3)
        ]
        written = [dot(channels, column) for column in zip(*vectors, strict=True)]
        self.past.append((written, skills, item, correct))
