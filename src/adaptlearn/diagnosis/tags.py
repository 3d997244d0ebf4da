"""Items whose answers follow another skill than the one they are tagged with.

References
----------
- T. Barnes (2005). The Q-matrix method: mining student response data for knowledge. AAAI 2005
  Workshop on Educational Data Mining, 39-46, for tags that are compared with answers.
- Q. Vuong (1989). Likelihood ratio tests for model selection and non-nested hypotheses.
  Econometrica 57, 307-333, for comparing two explanations of the same answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.diagnosis.answers import Answers, Emissions, Skills, filtered
from adaptlearn.diagnosis.estimates import sums_by
from adaptlearn.numerics import Bools, Floats, Ints

_LEAST = 1e-9  # of a sum of squares: below it, P(known) is the same for everybody


class TagEvidence(NamedTuple):
    """Items, each with a skill that it is tagged with and the other skill that explains it best.

    All arrays but the last have the shape (n_tags,).

    Attributes
    ----------
    item, skill, other : int arrays
        Codes of the item, of the skill that it is tagged with, and of the other skill; -1 if there
        is no other skill.
    gain, error : float arrays
        By how much the squared errors of predicted answers fall if P(known) of the other skill
        predicts them, as a share of those under the tag; and the standard error over students.
    answers, students : int arrays
        The answers to the item under this tag, and the students who gave them.
    tag : int array, shape (n,)
        Where each answer's item and skill are in the other arrays; -1 if they are in none.
    """

    item: Ints
    skill: Ints
    other: Ints
    gain: Floats
    error: Floats
    answers: Ints
    students: Ints
    tag: Ints


def tag_evidence(answers: Answers, skills: Skills, trusted: Bools, fewest: int) -> TagEvidence:
    """Predict answers to each item from P(known) of its skill, and from that of other skills.

    P(right answer) is a line in P(known), fitted to the item: a hard item is no wrong tag. Of the
    other skills, the one that explains most is compared.

    Parameters
    ----------
    answers : Answers
        With items.
    skills : Skills
    trusted : bool array, shape (n,)
        The answers from which P(known) is computed.
    fewest : int
        Items that fewer students answered are left out.
    """
    asked = _Asked(answers, fewest)
    known = _Known.of(answers.only(trusted), skills)
    best, other = np.full(len(asked.item), -1.0), np.full(len(asked.item), -1)
    pair = asked.item * answers.n_skills
    tagged = np.unique(pair + asked.skill)
    for skill in np.unique(known.answers.skill).tolist():
        rows = known.practised(skill)[asked.student]
        found = asked.explained(rows, known.gained(skill, asked, rows))
        # An item that has both tags is not tagged wrongly with one of them.
        better = (found > best) & ~np.isin(pair + skill, tagged)
        best[better], other[better] = found[better], skill
    return asked.compared(other, known, len(answers.right))


class _Known(NamedTuple):
    """P(known) after answers, of shape (n,), less the P(known) that the skill begins with."""

    answers: Answers
    moved: Floats

    @classmethod
    def of(cls, answers: Answers, skills: Skills) -> _Known:
        of = skills.take(answers.skill)
        chain = answers.chains.chain
        emissions = Emissions.of(answers.chains, answers.right, of)
        after = filtered(answers.chains, emissions, of.learn[chain]).after
        return cls(answers, after - of.prior[chain])

    def practised(self, skill: int) -> Bools:
        """Who has answers on a skill, shape (n_students,)."""
        found = np.zeros(self.answers.n_students, bool)
        found[self.answers.student[self.answers.skill == skill]] = True
        return found

    def gained(self, skill: Ints | int, asked: _Asked, rows: slice | Bools = slice(None)) -> Floats:
        """How far P(known) had moved when the answers in some rows were given."""
        chain = self.answers.chain_of(skill, asked.student[rows])
        last = self.answers.latest(chain, asked.moment[rows])
        return np.where(last >= 0, self.moved[last], 0.0)


class _Asked:
    """The answers to items that enough students gave; arrays of shape (n,) unless said.

    Attributes
    ----------
    item, skill : int arrays, shape (n_tags,)
    tag : int array
    student, moment : int arrays
    right : float array
    """

    def __init__(self, answers: Answers, fewest: int) -> None:
        assert answers.item is not None
        chain = answers.chains.chain
        _, tag = np.unique(answers.item * answers.n_skills + answers.skill[chain],
                           return_inverse=True)  # fmt: skip
        pairs = np.unique(tag * answers.n_students + answers.student[chain])
        enough = np.bincount(pairs // answers.n_students) >= fewest
        self.rows = np.flatnonzero(enough[tag])
        place = enough.cumsum() - 1
        self.tag = place[tag[self.rows]]
        self.students = np.bincount(pairs // answers.n_students)[enough]
        first = np.zeros(int(enough.sum()), np.int64)
        first[self.tag] = self.rows
        self.item, self.skill = answers.item[first], answers.skill[chain[first]]
        self.student = answers.student[chain[self.rows]]
        self.moment = answers.moment[self.rows]
        self.n = np.bincount(self.tag, minlength=len(first))
        right = answers.right[self.rows].astype(np.float64)
        self.right = right - self._mean(right)[self.tag]
        self.n_students = answers.n_students

    def _mean(self, values: Floats) -> Floats:
        return sums_by(self.tag, values, len(self.n)) / self.n

    def _line(self, rows: Bools | slice, moved: Floats) -> tuple[Floats, Floats]:
        """By tag: the slope of right answers over P(known), and the squares that it explains.

        `moved` is 0 in all other rows.
        """
        tag, size = self.tag[rows], len(self.n)
        total = sums_by(tag, moved, size)
        squares = sums_by(tag, moved**2, size) - total**2 / self.n
        products = sums_by(tag, moved * self.right[rows], size)  # the mean of `right` is 0
        slope = np.maximum(products, 0.0) / np.maximum(squares, _LEAST)
        return slope, slope * np.maximum(products, 0.0)

    def explained(self, rows: Bools | slice, moved: Floats) -> Floats:
        """By how much a line in P(known) lowers the squared errors, by tag."""
        return self._line(rows, moved)[1]

    def errors(self, moved: Floats) -> Floats:
        """The squared error of each answer about the line."""
        slope, _ = self._line(slice(None), moved)
        squared: Floats = (
            self.right - slope[self.tag] * (moved - self._mean(moved)[self.tag])
        ) ** 2
        return squared

    def compared(self, other: Ints, known: _Known, n_all: int) -> TagEvidence:
        """Of each tag, this other skill and its own."""
        under = self.errors(known.gained(self.skill[self.tag], self))
        fewer = under - self.errors(known.gained(other[self.tag], self))
        size = len(self.n)
        squares = np.maximum(sums_by(self.tag, under, size), _LEAST)
        pair, place = np.unique(self.tag * self.n_students + self.student, return_inverse=True)
        each = sums_by(place, fewer, len(pair)) ** 2
        error = np.sqrt(sums_by(pair // self.n_students, each, size))
        tag = np.full(n_all, -1)
        tag[self.rows] = self.tag
        return TagEvidence(
            self.item, self.skill, other, sums_by(self.tag, fewer, size) / squares,
            error / squares, self.n, self.students, tag,
        )  # fmt: skip
