"""The next item inside a lesson: by information, by expected success or by exposure.

References
----------
R. Pelánek, J. Papoušek, J. Řihák, V. Stanislav, J. Nižnan (2017). Elo-based learner modeling for
the adaptive practice of facts. User Modeling and User-Adapted Interaction 27, 89-118.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.curriculum.graph.routines import closure
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_of, refuse_other_kind
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.sequencing.items.propensities import (
    acceptance,
    draw_items,
    information,
    item_propensities,
    nearness,
    rarity,
)
from adaptlearn.validation import Interval, OneOf, check_parameters, some
from adaptlearn.wording import quoted


@dataclass(frozen=True)
class ItemChoice:
    """An item that was chosen, with the probability of the choice.

    Attributes
    ----------
    item : label
    score : float
    propensity : float
        The exact probability of the choice.
    reason : str
        A sentence.
    p_correct : float or None
        P(correct) of the item; None if no P(correct) was used.
    candidates : dict of label to float
        The propensity of every item that could have been drawn.
    """

    item: Label
    score: float
    propensity: float
    reason: str
    p_correct: float | None
    candidates: dict[Label, float]


PCorrect = Callable[[Label, list[Label]], Any]


class NextItem:
    """Chooses items for students, and remembers which items each student has seen.

    An item belongs to a lesson if it exercises at least one of the lesson's skills. All other
    skills of the item must be prerequisites of the exercised skills of the lesson.

    Parameters
    ----------
    curriculum : Curriculum
        A curriculum with items.
    by : {"information", "target", "exposure"}
        ``"information"``: the item with the largest Fisher information a² p (1 - p), where a is the
        discrimination and p is P(correct). ``"target"``: the item whose P(correct) is nearest to
        `target`. ``"exposure"``: the item that was given least often to all students together.
    p_correct : callable, optional
        The function ``p_correct(student, items)`` returns P(correct) of each item. You can also
        pass P(correct) as an array to `next`. If `by` is ``"exposure"``, you do not need
        `p_correct`.
    discrimination : float array, shape (n_items,), optional
        The discrimination of each item, in the curriculum's order; 1 by default. Used if `by` is
        ``"information"``.
    target : float, default 0.8
    window : int, default 5
        A student does not get any of the last `window` items that the student saw.
    cap : float, optional
        The largest share of the students who may get the same item; the limit is approximate (see
        `acceptance`).
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The source of random draws.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.items import NextItem
    >>> school = Curriculum.from_dict(
    ...     {"lessons": {"sums": ["add"]}, "items": {"1 + 1": ["add"], "7 + 5": ["add"]}}
    ... )
    >>> chance = {"1 + 1": 0.95, "7 + 5": 0.6}
    >>> choose = NextItem(school, p_correct=lambda student, items: [chance[i] for i in items],
    ...                   window=1)
    >>> print(choose.next("ann", "sums").reason)
    "7 + 5" tells most about what ann knows (P(correct) 0.60). It is the best of 2 items.
    >>> choose.next("ann", "sums").item
    '1 + 1'
    """

    def __init__(
        self,
        curriculum: Curriculum,
        *,
        by: str = "information",
        p_correct: PCorrect | None = None,
        discrimination: Any = None,
        target: float = 0.8,
        window: int = 5,
        cap: float | None = None,
        random_state: Randomness = None,
    ) -> None:
        if wrong := [*curriculum_problems(curriculum)]:
            raise ParameterError("NextItem", wrong)
        n = len(curriculum.items)
        problems = [] if n else ["the curriculum has no items"]
        slope = np.ones(n)
        if discrimination is not None:
            slope = np.asarray(discrimination, np.float64)
            if slope.shape != (n,) or not (np.isfinite(slope) & (slope > 0)).all():
                problems.append(f"discrimination must be {n} numbers above 0, in order of items")
        check_parameters(
            "NextItem",
            {"by": by, "target": target, "window": window, "cap": cap},
            {
                "by": [OneOf(("information", "target", "exposure"))],
                "target": [Interval(0, 1)],
                "window": [Interval(0, math.inf, integer=True)],
                "cap": [Interval(0, 1, closed="right"), OneOf((None,))],
            },
            problems,
        )
        self.curriculum, self.by, self.target = curriculum, by, target
        self.window, self.cap = window, cap
        self._p_correct, self._slope = p_correct, slope
        self._random = generator_of(random_state)
        self._index = LabelIndex("item", curriculum.items)
        self._before = closure(curriculum.prerequisites)
        self._seen: dict[Label, deque[int]] = {}
        self.given: Ints = np.zeros(n, np.intp)
        self._reached = np.zeros(n)

    def items_of(self, lesson: Label | None = None, *, skill: Label | None = None) -> list[Label]:
        """Labels of the items of a lesson, or of a single skill.

        Raises
        ------
        UnknownLabelError
            With near spellings.
        ParameterError
            The error is raised if the lesson or skill has no items, if you passed a lesson and a
            skill together, or if you passed neither of them.
        """
        found: list[Label] = self.curriculum.items[self._items(lesson, skill)].tolist()
        return found

    def _items(self, lesson: Label | None, skill: Label | None) -> Ints:
        if (lesson is None) == (skill is None):
            raise ParameterError("next item", ["give either a lesson or a skill"])
        if skill is not None:
            wanted = np.array(self.curriculum.skill_index.codes([skill]))
        else:
            code = self.curriculum.lesson_index.code(lesson)
            taught = self.curriculum.teaches
            wanted = taught.indices[taught.indptr[code] : taught.indptr[code + 1]]
        exercised = self.curriculum.exercises
        here = np.zeros(len(self.curriculum.skills), np.int64)
        here[wanted] = 1
        ahead = ((self._before[wanted].sum(axis=0) > 0) | (here > 0)) == 0
        found = np.flatnonzero((exercised @ here > 0) & (exercised @ ahead.astype(np.int64) == 0))
        if not len(found):
            raise ParameterError("next item", [f"no items for {_called(lesson, skill)}"])
        return found

    def saw(self, student: Label, items: Iterable[Label]) -> None:
        """Record the items that a student saw without `NextItem`, in order; they count as given.

        Raises
        ------
        UnknownLabelError
            The error is raised if an item is unknown, and lists similar labels. The error is also
            raised if the student's label is text and the labels of earlier students are integers,
            or the reverse.
        """
        student = self._student(student)
        codes = self._index.codes(items)
        np.add.at(self._reached, codes, 1.0)
        self._note(student, codes)

    def _student(self, student: Label) -> Label:
        """A student's label, of the kind of those that were seen before."""
        label = label_of(student, "student")
        refuse_other_kind([label], self._seen, "student")
        return label

    def _note(self, student: Label, codes: Sequence[int]) -> None:
        self._seen.setdefault(student, deque(maxlen=self.window)).extend(codes)
        np.add.at(self.given, np.asarray(codes, np.intp), 1)

    def next(
        self,
        student: Label,
        lesson: Label | None = None,
        *,
        skill: Label | None = None,
        p_correct: Any = None,
        seen: Iterable[Label] | None = None,
    ) -> ItemChoice:
        """Choose a student's next item, and record it as seen.

        Parameters
        ----------
        student : label
        lesson, skill : label
            Pass either a lesson or a skill. The item comes from the lesson, or exercises the skill.
        p_correct : float array, optional
            P(correct) of each item of ``items_of(lesson)``, in the same order. By default, the
            function that you passed to `NextItem` computes P(correct).
        seen : sequence of labels, optional
            The items that the student saw last, in order, if you keep this record yourself. By
            default `NextItem` uses its own record of the student.

        Returns
        -------
        ItemChoice

        Raises
        ------
        UnknownLabelError
            The error is raised if the lesson or skill is unknown. The error is also raised if the
            student's label is text and the labels of earlier students are integers, or the reverse.
        ParameterError
            The error is raised if the lesson or skill has no items, or if all its items are among
            the last `window` items that the student saw. The error is also raised if probabilities
            are missing or outside [0, 1].
        """
        student = self._student(student)
        places = self._items(lesson, skill)
        if seen is not None:
            self._seen[student] = deque(self._index.codes(seen), maxlen=self.window)
        fresh = ~np.isin(places, list(self._seen.get(student, ())))
        if not fresh.any():
            number = f"all {len(places)} items" if len(places) > 1 else "the only item"
            raise ParameterError(
                "next item",
                [
                    f"{number} of {_called(lesson, skill)} {'are' if len(places) > 1 else 'is'} "
                    f"among the last {self.window} that {student} saw; add items, or make the "
                    "window smaller"
                ],
            )
        labels: list[Label] = self.curriculum.items[places].tolist()
        p = None if self.by == "exposure" else self._chances(student, labels, p_correct)
        score = self._score(places, p)
        accept = None
        if self.cap is not None:
            n_students = len(self._seen.keys() | {student})
            accept = acceptance(self._reached[places], n_students, self.cap)
        propensity = item_propensities(score[None], fresh[None], accept)
        at = int(draw_items(propensity, self._random).item[0])
        odds = propensity[0]
        self._reached[places] += odds if accept is None else odds / accept
        self._note(student, [int(places[at])])
        chance = None if p is None else float(p[at])
        return ItemChoice(
            labels[at], float(score[at]), float(odds[at]),
            self._reason(student, labels[at], chance, odds, int(fresh.sum())), chance,
            {label: float(share) for label, share in zip(labels, odds, strict=True) if share > 0},
        )  # fmt: skip

    def _chances(self, student: Label, labels: list[Label], given: Any) -> Floats:
        if given is None:
            if self._p_correct is None:
                raise ParameterError(
                    "next item", [f"by {self.by} needs P(correct) of the items: give p_correct"]
                )
            given = self._p_correct(student, labels)
        p = np.asarray(given, np.float64)
        if p.shape != (len(labels),):
            raise ParameterError(
                "next item",
                [f"p_correct must have one number per item, shape ({len(labels)},), got {p.shape}"],
            )
        wrong = ~((p >= 0) & (p <= 1))
        if wrong.any():
            which = some(np.array(labels, object)[wrong])
            raise ParameterError(
                "next item",
                [f"p_correct must lie in [0, 1]; it is {some(p[wrong])} for {which}"],
            )
        return p

    def _score(self, places: Ints, p: Floats | None) -> Floats:
        if p is None:
            return rarity(self.given[places])
        if self.by == "target":
            return nearness(p, self.target)
        return information(p, self._slope[places])

    def _reason(
        self, student: Label, item: Label, p: float | None, odds: Floats, n_fresh: int
    ) -> str:
        says = {
            "information": f"tells most about what {student} knows",
            "target": f"comes nearest to {self.target:.0%} success for {student}",
            "exposure": "has been given least often",
        }[self.by]
        chance = "" if p is None else f" (P(correct) {p:.2f})"
        n_possible = int((odds > 0).sum())
        if self.cap is not None and n_possible > 1:
            among = (
                f"It was drawn from {n_possible} of {n_fresh} items, so that none comes too often"
            )
        elif n_possible > 1:
            among = f"It was drawn from {n_possible} of {n_fresh} items that are equally good"
        else:
            among = f"It is the best of {n_fresh} items" if n_fresh > 1 else "It is the only item"
        return f"{quoted(item)} {says}{chance}. {among}."


def _called(lesson: Label | None, skill: Label | None) -> str:
    return f"lesson {lesson!r}" if skill is None else f"skill {skill!r}"
