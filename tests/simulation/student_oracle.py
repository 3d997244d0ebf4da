"""Simulated students one at a time, in plain Python: what the vectorised ones must equal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np

DAY = 86_400.0


class Recorder:
    """Passes on what a generator draws, and remembers it."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.drawn: list[Any] = []

    def random(self, size: Any, /) -> Any:
        self.drawn.append(self._rng.random(size))
        return self.drawn[-1].copy()

    def of(self, student: int) -> Iterator[float]:
        """The numbers that one student got, in their order."""
        return iter(np.concatenate([np.ravel(part[student]) for part in self.drawn]).tolist())


def shifted(p: float, by: float) -> float:
    """A probability whose odds are multiplied by exp(by)."""
    return p * math.exp(by) / (1 - p + p * math.exp(by))


def differences(settings: dict[str, float], luck: Iterator[float]) -> tuple[float, float]:
    slow, low = next(luck) < settings["slow"], next(luck) < settings["low"]
    start, pace = NormalDist().inv_cdf(next(luck)), NormalDist().inv_cdf(next(luck))
    return (
        (math.log(settings["low_start"]) if low else 0) + settings["spread"] * start,
        (math.log(settings["slow_pace"]) if slow else 0) + settings["spread"] * pace,
    )


class TwoState:
    def __init__(self, parameters: Any, settings: Any, parents: Any, unready: float, luck: Any):
        next(luck)  # which of the draws: there is one
        start, pace = differences(settings, luck) if settings else (0.0, 0.0)
        self.p, self.pace, self.parents, self.unready = parameters, pace, parents, unready
        self.known = [next(luck) < shifted(prior, start) for prior in parameters["prior"]]

    def right(self, skill: int) -> float:
        return 1 - self.p["slip"][skill] if self.known[skill] else self.p["guess"][skill]

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        missing = sum(not self.known[parent] for parent in self.parents.get(skill, ()))
        if self.known[skill]:
            self.known[skill] = luck >= self.p["forget"][skill]
        else:
            rate = shifted(self.p["learn"][skill], self.pace) * self.unready**missing
            self.known[skill] = luck < rate

    def knowledge(self) -> list[float]:
        return [float(known) for known in self.known]

    def wait(self, seconds: float) -> None:
        pass


class PracticeFactors:
    def __init__(self, parameters: Any, settings: Any, chance: float, luck: Any):
        ability, pace = differences(settings, luck)
        self.p, self.pace = parameters, math.exp(pace)
        self.start = [
            ease + ability + chance * NormalDist().inv_cdf(next(luck))
            for ease in parameters["ease"]
        ]
        self.past: list[tuple[int, bool]] = []

    def right(self, skill: int) -> float:
        gains = [
            self.p["right" if correct else "wrong"][skill]
            for other, correct in self.past
            if other == skill
        ]
        return 1 / (1 + math.exp(-self.start[skill] - self.pace * sum(gains)))

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        self.past.append((skill, correct))

    def knowledge(self) -> list[float]:
        return [self.right(skill) for skill in range(len(self.start))]

    def wait(self, seconds: float) -> None:
        pass


class FadingPractice:
    def __init__(self, parameters: Any, settings: Any, chance: float, luck: Any):
        ability, pace = differences(settings, luck)
        self.p, self.pace, self.clock = parameters, math.exp(pace), 0.0
        self.start = [
            ease + ability + chance * NormalDist().inv_cdf(next(luck))
            for ease in parameters["ease"]
        ]
        self.past: list[tuple[int, float, float]] = []

    def right(self, skill: int) -> float:
        strength = 0.0
        for gain, days in zip(self.p["gain"], self.p["windows"], strict=True):
            trace = sum(
                weight * math.exp((then - self.clock) / (days * DAY))
                for other, weight, then in self.past
                if other == skill
            )
            strength += gain * math.log(1 + trace)
        return 1 / (1 + math.exp(-self.start[skill] - self.pace * strength))

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        self.past.append((skill, 1.0 if correct else self.p["wrong"], self.clock))

    def knowledge(self) -> list[float]:
        return [self.right(skill) for skill in range(len(self.start))]

    def wait(self, seconds: float) -> None:
        self.clock += seconds


class StabilityMemory:
    def __init__(self, parameters: Any, settings: Any, luck: Any):
        start, pace = differences(settings, luck)
        self.p, self.pace, self.clock = parameters, math.exp(pace), 0.0
        self.first = parameters["first"] * self.pace
        known = [next(luck) < shifted(prior, start) for prior in parameters["prior"]]
        self.stability = [10 * self.first if one else None for one in known]
        self.last = [0.0] * len(known)

    def recall(self, skill: int) -> float:
        stability = self.stability[skill]
        if stability is None:
            return 0.0
        return 1 / (1 + (self.clock - self.last[skill]) / DAY / (9 * stability))

    def right(self, skill: int) -> float:
        guess, slip = self.p["guess"][skill], self.p["slip"][skill]
        recall = self.recall(skill)
        return recall * (1 - slip) + (1 - recall) * guess

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        stability, recall, slip = self.stability[skill], self.recall(skill), self.p["slip"][skill]
        p = self.right(skill)
        if stability is None:
            if luck < shifted(self.p["learn"][skill], math.log(self.pace)):
                self.stability[skill] = self.first
        elif luck < recall * ((1 - slip) / p if correct else slip / (1 - p)):  # Bayes
            spaced = math.exp(self.p["spacing"] * (1 - recall)) - 1
            grown = self.p["growth"] * stability ** -self.p["saturation"] * spaced
            self.stability[skill] = stability * (1 + grown)
        else:
            self.stability[skill] = max(self.first, self.p["lapse"] * stability)
        self.last[skill] = self.clock

    def knowledge(self) -> list[float]:
        return [self.recall(skill) for skill in range(len(self.stability))]

    def wait(self, seconds: float) -> None:
        self.clock += seconds


class StageLearners:
    def __init__(self, parameters: Any, settings: Any, parents: Any, unready: float, luck: Any):
        start, pace = differences(settings, luck)
        self.p, self.pace, self.parents, self.unready = parameters, pace, parents, unready
        self.stage = []
        for prior, shaky in zip(parameters["prior"], parameters["prior_shaky"], strict=True):
            fluent = shifted(prior, start)
            drawn = next(luck)
            if drawn < fluent:
                self.stage.append("fluent")
            elif drawn < fluent + (1 - fluent) * shifted(shaky, start):
                self.stage.append("shaky")
            else:
                self.stage.append("new")

    def right(self, skill: int) -> float:
        stage = self.stage[skill]
        if stage == "new":
            return self.p["guess"][skill]
        return self.p["shaky"][skill] if stage == "shaky" else 1 - self.p["slip"][skill]

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        stage = self.stage[skill]
        if stage == "new":
            missing = sum(self.stage[parent] != "fluent" for parent in self.parents.get(skill, ()))
            if luck < shifted(self.p["grasp"][skill], self.pace) * self.unready**missing:
                self.stage[skill] = "shaky"
        elif stage == "shaky" and correct:
            if luck < shifted(self.p["settle"][skill], self.pace):
                self.stage[skill] = "fluent"
        elif stage == "shaky" and luck < self.p["fall_back"][skill]:
            self.stage[skill] = "new"

    def knowledge(self) -> list[float]:
        return [{"new": 0.0, "shaky": 0.5, "fluent": 1.0}[stage] for stage in self.stage]

    def wait(self, seconds: float) -> None:
        pass


class PowerLawLearners:
    def __init__(self, parameters: Any, settings: Any, parents: Any, luck: Any):
        start, pace = differences(settings, luck)
        self.p, self.pace, self.parents = parameters, math.exp(pace), parents
        self.brought = [
            experience * math.exp(start + parameters["chance"] * NormalDist().inv_cdf(next(luck)))
            for experience in parameters["experience"]
        ]
        self.past: list[int] = []

    def above_floor(self, skill: int) -> float:
        before = self.parents.get(skill, ())
        carried = sum(self.past.count(parent) for parent in before) / max(len(before), 1)
        done = self.past.count(skill) + self.p["transfer"] * carried
        practice = self.brought[skill] + self.pace * done
        rate = self.p["rate"][skill]
        power = self.p["shape"] == "power"
        left = (1 + practice) ** -rate if power else math.exp(-rate * practice)
        return (self.p["error"][skill] - self.p["slip"][skill]) * left

    def right(self, skill: int) -> float:
        return 1 - self.p["slip"][skill] - self.above_floor(skill)

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        self.past.append(skill)

    def knowledge(self) -> list[float]:
        return [1 - self.above_floor(skill) for skill in range(len(self.brought))]

    def wait(self, seconds: float) -> None:
        pass


class MisconceptionLearners:
    def __init__(self, parameters: Any, settings: Any, parents: Any, unready: float, luck: Any):
        start, pace = differences(settings, luck)
        self.p, self.pace, self.parents, self.unready = parameters, pace, parents, unready
        self.clock, self.state, self.days_left = 0.0, [], [math.inf] * len(parameters["prior"])
        for prior, held in zip(parameters["prior"], parameters["held"], strict=True):
            known, drawn = shifted(prior, start), next(luck)
            if drawn < known:
                self.state.append("known")
            else:
                self.state.append("misled" if (drawn - known) / (1 - known) < held else "blank")

    def right(self, skill: int) -> float:
        state = self.state[skill]
        if state == "known":
            return 1 - self.p["slip"][skill]
        return self.p["guess" if state == "blank" else "misled_guess"][skill]

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        missing = sum(self.state[parent] != "known" for parent in self.parents.get(skill, ()))
        learn, unlearn = (
            shifted(self.p[name][skill], self.pace) * self.unready**missing
            for name in ("learn", "unlearn")
        )
        if self.state[skill] == "blank":
            if luck < learn:
                self.state[skill] = "known"
            elif not correct and (luck - learn) / (1 - learn) < self.p["acquire"][skill]:
                self.state[skill] = "misled"
        elif self.state[skill] == "misled" and luck < unlearn:
            self.state[skill] = "known"
            # The inverse of the exponential distribution's survival function.
            self.days_left[skill] = -math.log(luck / unlearn) / self.p["relapse"][skill]

    def knowledge(self) -> list[float]:
        return [float(state == "known") for state in self.state]

    def wait(self, seconds: float) -> None:
        for skill, left in enumerate(self.days_left):
            self.days_left[skill] = left - seconds / DAY
            if self.days_left[skill] <= 0:
                self.state[skill], self.days_left[skill] = "misled", math.inf


class SessionLearners:
    def __init__(self, parameters: Any, settings: Any, similar: Any, luck: Any):
        start, pace = differences(settings, luck)
        self.p, self.similar = parameters, similar
        self.clock, self.end = 0.0, -math.inf
        self.luck = next(luck)
        self.before = [
            shifted(strength, start + parameters["chance"] * NormalDist().inv_cdf(next(luck)))
            for strength in parameters["strength"]
        ]
        self.gain = [shifted(gain, pace) for gain in parameters["gain"]]
        self.form = 0.0
        self.today: list[int] = []

    def strength(self, skill: int) -> float:
        strength = self.before[skill]
        for other in self.today:
            if other == skill:
                strength += self.gain[skill] * (1 - strength)
            elif {other, skill} in self.similar:
                strength -= self.p["interference"] * (strength - self.before[skill])
        return strength

    def knowledge(self) -> list[float]:
        odds = [self.p["steep"] * (self.strength(skill) - 0.5) for skill in range(len(self.gain))]
        return [1 / (1 + math.exp(-each)) for each in odds]

    def right(self, skill: int) -> float:
        if self.clock - self.end >= 6 * 3600:
            kept = self.p["form_kept"] ** ((self.clock - self.end) / DAY)
            new = math.sqrt(1 - kept**2) * self.p["form"] * NormalDist().inv_cdf(self.luck)
            self.form = kept * self.form + new
            self.before = [self.strength(each) for each in range(len(self.before))]
            self.today, self.end = [], self.clock
        odds = self.p["steep"] * (self.strength(skill) - 0.5) + self.form
        share = 1 / (1 + math.exp(-odds + self.p["fatigue"] * len(self.today)))
        return share * (1 - self.p["slip"][skill]) + (1 - share) * self.p["guess"][skill]

    def practise(self, skill: int, correct: bool, luck: float) -> None:
        self.today.append(skill)
        self.luck, self.end = luck, self.clock

    def wait(self, seconds: float) -> None:
        self.clock += seconds
