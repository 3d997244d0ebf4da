"""What each student may be given today: the policy's lessons with scores, and what people asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.demands import Demands
from adaptlearn.planning.day.knapsack import Offers
from adaptlearn.planning.day.limits import KINDS, inside, kind_of
from adaptlearn.progress import report
from adaptlearn.sequencing.detours import Left
from adaptlearn.sequencing.overrides import Applied
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.sequencing.sequencer import Sequencer

REASONS = {
    "new": "the student is ready for it",
    "review": "its review is due",
    "remediation": "a skill on which the student is stuck builds on it",
    "enrichment": "it is open as an extra",
    "assigned": "a teacher wants it next",
    "requested": "a teacher asked for it",
    "chosen": "the student chose it",
    "continued": "the student did not finish it yesterday",
    "pinned": "a teacher pinned it to this block",
}
"""Why a lesson is in a day, by code."""
_CODES = [*REASONS]
_AGAIN = ("review", "remediation", "assigned", "requested", "continued", "pinned")
_FIRST = 1e3  # added to the score of a lesson that a teacher wants next
_LEAST = 1e-6

Value = Callable[[Floats, Floats, Floats], Floats]


def minutes_worth(score: Floats, minutes: Floats, share: Floats) -> Floats:
    """The value of a lesson in a day: its score per minute, times the minutes that fit.

    Parameters
    ----------
    score : float array
        The policy's score of the lesson for the student, per minute.
    minutes : float array
        The minutes of the lesson, without extra time.
    share : float array
        The share of the lesson that fits into the day, above 0 and at most 1.

    Returns
    -------
    float array
        ``score * minutes * share``. A score of 0 counts as a millionth, so that a lesson of no
        score is better than empty minutes. A lesson with a negative value is only given if a floor
        needs it.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.planning import minutes_worth
    >>> minutes_worth(np.array([0.5]), np.array([40.0]), np.array([0.75])).tolist()
    [15.0]
    """
    return np.where(score == 0, _LEAST, score) * minutes * share


class Menu(NamedTuple):
    """What each student may be given.

    Attributes
    ----------
    offers : Offers
    code : int array, shape (n, n_offers)
        The place of the reason in `REASONS`.
    score, share : float arrays, shape (n, n_offers)
    stuck : int array, shape (n_stuck, 2)
        Students and skills on which they are stuck.
    """

    offers: Offers
    code: Ints
    score: Floats
    share: Floats
    stuck: Ints


class Yesterday(NamedTuple):
    """What students did the day before, as sorted keys ``student * n_lessons + lesson``."""

    given: Ints
    cut: Ints


def menu_of(
    sequencer: Sequencer,
    students: Sequence[Label],
    demands: Demands,
    yesterday: Yesterday,
    *,
    value: Value,
    most: int,
    now: float | datetime | None,
    n_jobs: int = 1,
) -> Menu:
    """The lessons that each student may be given, the best `most` of each student."""
    cook = _Cook(sequencer, demands, yesterday, value, most)

    def menus(rows: Ints) -> list[Menu]:
        """The menus of some students that follow each other."""
        found, start = [], int(rows[0]) if len(rows) else 0
        for left, applied in sequencer.choices(students[start : start + len(rows)], now):
            found.append(cook.menu(left, applied, start))
            start += len(left.candidates.context.students)
            report("choosing lessons", "students", start, len(students))
        return found

    runs = np.array_split(np.arange(len(students)), n_jobs)
    if n_jobs == 1:  # in this thread, which is listened to
        parts = menus(runs[0])
    else:
        with ThreadPoolExecutor(n_jobs) as workers:
            parts = [part for found in workers.map(menus, runs) for part in found]
    width = max((part.code.shape[1] for part in parts), default=0)
    return _stacked(parts, width)


class _Cook:
    """Makes the menus of blocks of students."""

    def __init__(
        self, sequencer: Sequencer, demands: Demands, yesterday: Yesterday, value: Value, most: int
    ) -> None:
        curriculum = sequencer.curriculum
        self._curriculum, self._demands, self._value = curriculum, demands, value
        self._yesterday, self._most = yesterday, most
        self._kind = kind_of(curriculum)
        self._of_mode = {
            mode: np.array([own == mode for own in curriculum.lesson_modes], bool)
            for mode in ("device", "teacher")
        }
        self._wishes = sorted(demands.wishes)
        self._wish_rows = np.array([wish[0] for wish in self._wishes], np.intp)
        self._pinned = np.array(
            sorted(pin.student * len(self._kind) + pin.lesson for pin in demands.pins), np.intp
        )

    def menu(self, left: Left, applied: Applied, start: int) -> Menu:
        """The menu of a block, whose first student is number `start` of all."""
        candidates = left.candidates
        n, context = len(candidates.context.students), candidates.context
        student, lesson = candidates.student.astype(np.intp), candidates.lesson.astype(np.intp)
        code = _code_of_purpose(candidates.purpose)
        kind = self._kind[lesson]
        for purpose, name in ((Purpose.REVIEW, "review"), (Purpose.REMEDIATION, "remediation")):
            kind[candidates.purpose == purpose] = KINDS.index(name)
        kept = np.ones(len(student), bool)
        stuck: Ints = np.zeros((0, 2), np.intp)
        if context.stuck is not None and context.stuck.any():
            stuck = np.argwhere(context.stuck) + np.array([start, 0])
            on_stuck = candidates.total(candidates.of_skills(context.stuck).astype(np.bool_)) > 0
            kept &= ~(
                on_stuck & (candidates.purpose == Purpose.NEW) & ~self._of_mode["teacher"][lesson]
            )
        pairs = _Pairs(student, lesson, kind, np.asarray(left.value, np.float64), code).take(kept)
        pairs = pairs.with_wishes(self._asked(start, n, applied), len(self._kind), self._kind)
        pairs = pairs.take(self._allowed(pairs, start))
        return self._table(pairs, start, n, stuck)

    def _asked(self, start: int, n: int, applied: Applied) -> list[tuple[int, int, float, str]]:
        """What teachers and students of the block asked for."""
        first, last = np.searchsorted(self._wish_rows, [start, start + n])
        asked = [
            (row - start, lesson, plus, code)
            for row, lesson, plus, code in self._wishes[first:last]
        ]
        pins = ((row, lesson, _FIRST, "assigned") for row, found in applied.pins.items()
                for lesson, _ in found)  # fmt: skip
        asked += pins
        barred = applied.barred
        return [one for one in asked if barred is None or not barred[one[0], one[1]]]

    def _allowed(self, pairs: _Pairs, start: int) -> Bools:
        """Which pairs are inside the levels, not pinned, and not of yesterday without reason."""
        student = pairs.student + start
        allowed = inside(self._curriculum, student, pairs.lesson, self._demands.spans)
        key = student * len(self._kind) + pairs.lesson
        if len(self._pinned):
            allowed &= ~np.isin(key, self._pinned)
        if len(self._yesterday.given):
            cut = np.isin(key, self._yesterday.cut) & (pairs.code == _CODES.index("new"))
            pairs.code[cut] = _CODES.index("continued")
            again = np.isin(pairs.code, [_CODES.index(code) for code in _AGAIN])
            allowed &= again | ~np.isin(key, self._yesterday.given)
        return np.asarray(allowed)

    def _table(self, pairs: _Pairs, start: int, n: int, stuck: Ints) -> Menu:
        """The best of each student's pairs, as a table."""
        demands = self._demands
        student = pairs.student + start
        minutes = demands.minutes[pairs.lesson]
        steps = np.ceil(minutes / demands.step * demands.factor[student] - 1e-9)
        most = self._most_steps(pairs)
        share = np.minimum(most / steps, 1.0)
        steps = np.minimum(steps, most).astype(np.int16)
        value = np.asarray(self._value(pairs.score, minutes, share), np.float64)
        pairs_kept = np.flatnonzero((steps > 0) & np.isfinite(value))
        pairs, steps, share, value = (
            pairs.take(pairs_kept),
            steps[pairs_kept],
            share[pairs_kept],
            value[pairs_kept],
        )
        kept = _best(pairs, value, self._most)
        pairs, steps, share, value = pairs.take(kept), steps[kept], share[kept], value[kept]
        device = self._of_mode["device"][pairs.lesson]
        order = np.lexsort((pairs.lesson, device, pairs.kind, pairs.student))
        row = pairs.student[order]
        place = np.arange(len(row)) - np.searchsorted(row, row)
        shape = n, int(place.max(initial=-1)) + 1

        def table(values: NDArray[Any], dtype: type, empty: float) -> NDArray[Any]:
            made: NDArray[Any] = np.full(shape, empty, dtype)
            made[row, place] = values[order]
            return made

        offers = Offers(
            table(pairs.lesson, np.int32, -1),
            table(steps, np.int16, 0),
            table(value, np.float64, -np.inf),
            table(pairs.kind, np.int8, len(KINDS) - 1),
            table(device, np.bool_, 1),
        )
        return Menu(
            offers, table(pairs.code, np.int8, 0), table(pairs.score, np.float64, np.nan),
            table(share, np.float64, 0), stuck,
        )  # fmt: skip

    def _most_steps(self, pairs: _Pairs) -> Ints:
        """The most steps of each lesson that fit into any day; the rest is cut off."""
        limits, demands = self._demands.limits, self._demands
        rooms = np.where(limits.allowed, limits.rooms, 0)
        most = np.minimum(rooms.sum(axis=1), limits.caps)[pairs.kind]
        seat = demands.resource[pairs.lesson] >= 0
        most = np.where(seat, np.minimum(most, rooms.max(axis=1)[pairs.kind]), most)
        on_device = self._of_mode["device"][pairs.lesson]
        most = np.where(on_device, np.minimum(most, limits.device), most)
        return np.asarray(np.minimum(most, limits.skill))


class _Pairs(NamedTuple):
    """Students of a block and lessons."""

    student: Ints
    lesson: Ints
    kind: Ints
    score: Floats
    code: Ints

    def take(self, kept: Ints | Bools) -> _Pairs:
        """Some of them."""
        columns: list[Any] = [column[kept] for column in self]
        return _Pairs(*columns)

    def with_wishes(
        self, asked: Sequence[tuple[int, int, float, str]], n_lessons: int, kind: Ints
    ) -> _Pairs:
        """With what was asked for: a higher score, or a pair that was not there."""
        if not asked:
            return self
        key = self.student * n_lessons + self.lesson
        place = {int(one): row for row, one in enumerate(key)} if len(asked) > 50 else {}
        pairs = self.take(np.arange(len(key)))
        more: dict[tuple[int, int], tuple[float, int]] = {}
        who: int
        what: int
        for who, what, plus, reason in asked:
            wanted = who * n_lessons + what
            hits = np.flatnonzero(key == wanted) if not place else [place.get(wanted, -1)]
            if len(hits) and hits[0] >= 0:
                pairs.score[hits[0]] = max(pairs.score[hits[0]], 0.0) + plus
                pairs.code[hits[0]] = _CODES.index(reason)
            else:
                more[who, what] = max(more.get((who, what), (0.0, 0)),
                                            (plus, _CODES.index(reason)))  # fmt: skip
        if not more:
            return pairs
        rows = [(*pair, *told) for pair, told in more.items()]
        student, lesson, score, code = (np.array(column) for column in zip(*rows, strict=True))
        new = (student, lesson, kind[lesson], score.astype(np.float64), code.astype(np.int8))
        columns: list[Any] = [*map(np.concatenate, zip(pairs, new, strict=True))]
        return _Pairs(*columns)


def _code_of_purpose(purpose: NDArray[np.int8]) -> NDArray[np.int8]:
    """The codes of candidates' reasons."""
    names = {Purpose.NEW: "new", Purpose.REVIEW: "review", Purpose.REMEDIATION: "remediation",
             Purpose.ENRICHMENT: "enrichment", Purpose.ASSIGNED: "assigned"}  # fmt: skip
    codes = np.array([_CODES.index(names[Purpose(one)]) for one in range(len(names))], np.int8)
    return codes[purpose]


def _best(pairs: _Pairs, value: Floats, most: int) -> Ints:
    """At most so many pairs of each student: the best of each kind, then the second best."""
    group = pairs.student * len(KINDS) + pairs.kind
    order = np.lexsort((-value, group))  # of equal values, the curriculum's order
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    order = np.lexsort((-value, rank, pairs.student))
    who = pairs.student[order]
    return order[np.arange(len(order)) - np.searchsorted(who, who) < most]


def _stacked(parts: Sequence[Menu], width: int) -> Menu:
    """Menus of blocks, one below the other."""

    def wide(table: NDArray[np.generic], empty: float) -> NDArray[np.generic]:
        return np.pad(
            table,
            ((0, 0), (0, width - table.shape[1])),
            constant_values=np.array(empty, table.dtype),
        )

    empties = (-1, 0, -np.inf, len(KINDS) - 1, 1)
    return Menu(
        Offers(
            *(
                np.concatenate([wide(part.offers[place], empty) for part in parts])
                for place, empty in enumerate(empties)
            )
        ),
        np.concatenate([wide(part.code, 0) for part in parts]),
        np.concatenate([wide(part.score, np.nan) for part in parts]),
        np.concatenate([wide(part.share, 0) for part in parts]),
        np.concatenate([part.stuck for part in parts]),
    )
