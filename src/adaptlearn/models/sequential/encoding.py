"""A response log as a sequential model takes it: in its own codes, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints, distinct, stable_group
from adaptlearn.responses import ResponseLog

KEY_BITS = 24
"""A pair's key is ``student << 24 | code``: up to 16 million skills or items."""


class Names(NamedTuple):
    """The skills and items of a model or a state, each with its position.

    The first skills and items are the model's own. A state adds other skills and items when a
    student answers them.
    """

    skills: dict[Any, int]
    items: dict[Any, int]

    @classmethod
    def of(cls, skills: Iterable[Any], items: Iterable[Any]) -> Names:
        """Make names from labels, in the order of the labels."""
        return cls(
            {label: place for place, label in enumerate(skills)},
            {label: place for place, label in enumerate(items)},
        )

    def with_those_of(self, log: ResponseLog) -> Names:
        """Return the names followed by the new names of a log.

        If the log has no new names, the method returns the same object.
        """
        skills = _extended(self.skills, _used(log.skill.labels, log.skill.codes))
        items = self.items
        if log.item is not None:
            items = _extended(items, _used(log.item.labels, log.item.codes))
        known = skills is self.skills and items is self.items
        return self if known else Names(skills, items)


class Encoded(NamedTuple):
    """Responses by level: all students' first responses, then their second responses, and so on.

    A level contains the responses that have the same position in their students' histories.
    Students are sorted by their number of responses; the student with the most responses has number
    0. Each level is a slice of every array, and contains the students with the numbers 0 to k - 1,
    for some k.

    Attributes
    ----------
    rows : int array, shape (n,)
        For each response, its row in the log.
    bounds : int array, shape (n_levels + 1,)
        The position in `rows` at which each level begins.
    students : int array, shape (n_students,)
        For each student number, the code of the student in the log. Students without rows have no
        number.
    item : int array, shape (n,)
        For each response, the position of its item; -1 if the log names no item.
    time : float array, shape (n,), or None
        Times in seconds.
    correct : int8 array, shape (n,)
        1 for a right answer, 0 for a wrong answer, -1 for an exposure, and `QUESTION`.
    skill : int array, shape (n_entries,)
        For each entry (a response and one of its skills), the position of the skill. A response
        with several skills has one entry for each skill, one after the other.
    starts : int array, shape (n + 1,), or None
        For each response, the position at which its entries (one for each skill) begin; None if
        every response has exactly one entry.
    pair, item_pair : int arrays, shape (n_entries,) and (n,)
        For each entry, the number of its pair of student and skill. For each response, the number
        of its pair of student and item. Numbers begin at 0. All responses without an item count as
        responses on one common item.
    pairs, item_pairs : int arrays
        The key of each pair: ``number of the student << 24 | position``. Responses without an item
        use the last of all item positions.
    """

    rows: Ints
    bounds: Ints
    students: Ints
    item: Ints
    time: Floats | None
    correct: NDArray[np.int8]
    skill: Ints
    starts: Ints | None
    pair: Ints
    pairs: NDArray[np.int64]
    item_pair: Ints
    item_pairs: NDArray[np.int64]

    @property
    def student(self) -> Ints:
        """The number of each response's student, shape (n,)."""
        sizes = np.diff(self.bounds)
        return np.arange(len(self.rows)) - np.repeat(self.bounds[:-1], sizes)

    def after(self, n_levels: int) -> Encoded:
        """The responses from a given level to the end; students and pairs keep their numbers."""
        if n_levels == 0:
            return self
        first = int(self.bounds[n_levels])
        entry, starts = first, self.starts
        if starts is not None:
            entry = int(starts[first])
            starts = starts[first:] - entry
        return self._replace(
            rows=self.rows[first:],
            bounds=self.bounds[n_levels:] - first,
            item=self.item[first:],
            time=None if self.time is None else self.time[first:],
            correct=self.correct[first:],
            skill=self.skill[entry:],
            starts=starts,
            pair=self.pair[entry:],
            item_pair=self.item_pair[first:],
        )

    def entries_of(self, per_row: NDArray[Any]) -> NDArray[Any]:
        """Repeat the value of each response, once for each of its skills."""
        return per_row if self.starts is None else np.repeat(per_row, np.diff(self.starts), axis=0)

    def in_rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sort the values of responses into the row order of the log."""
        ordered = np.empty_like(values)
        ordered[self.rows] = values
        return ordered


NO_ITEM = (1 << KEY_BITS) - 1

QUESTION = -2
"""The answer of a response that was not given and leaves nothing, not even a trace as exposures."""


def encode(log: ResponseLog, names: Names, *, item_pairs: bool = True) -> Encoded:
    """Encode a log by levels (see `Encoded`), with the skill and item positions of a model.

    Parameters
    ----------
    log : ResponseLog
    names : Names
        The names of the model, followed by the new names of the log.
    item_pairs : bool
        Whether to number the pairs of student and item. With ``item_pairs=False``, all responses
        share one pair of student and item.
    """
    n = len(log)
    order = np.arange(n) if log.chronological is None else log.chronological
    by_student, bounds = stable_group(log.student.codes[order], log.n_students)
    lengths = np.diff(bounds)
    within = np.arange(n) - np.repeat(bounds[:-1], lengths)
    present = np.flatnonzero(lengths)
    longest = int(lengths.max(initial=0))
    rank, _ = stable_group(longest - lengths[present], longest + 1)
    students = present[rank]
    number = np.zeros(log.n_students, np.int64)
    number[students] = np.arange(len(students))
    # Rows of a level come in the order of their students' numbers.
    by_number = np.argsort(np.repeat(number, lengths), kind="stable")
    by_level, level_bounds = stable_group(within[by_number], longest)
    rows = order[by_student[by_number[by_level]]]
    student = number[log.student.codes[rows]]
    skill, starts = _skills_of(log, rows, names)
    owner = student if starts is None else np.repeat(student, np.diff(starts))
    pairs, pair = distinct((owner << KEY_BITS) | skill)
    item = np.full(n, -1)
    if log.item is not None:
        item = _places(log.item.labels, log.item.codes, names.items)[log.item.codes[rows]]
    if item_pairs:
        of_items, item_pair = distinct((student << KEY_BITS) | np.where(item < 0, NO_ITEM, item))
    else:
        of_items, item_pair = np.empty(0, np.int64), np.zeros(n, np.int64)
    return Encoded(
        rows=rows,
        bounds=np.asarray(level_bounds, np.int64),
        students=students,
        item=item,
        time=None if log.time is None else log.time[rows],
        correct=log.correct[rows],
        skill=skill,
        starts=starts,
        pair=pair,
        pairs=pairs,
        item_pair=item_pair,
        item_pairs=of_items,
    )


def _extended(places: dict[Any, int], labels: list[Any]) -> dict[Any, int]:
    fresh = [label for label in labels if label not in places]
    if not fresh:
        return places  # a model's items may be many, an update is of few
    return places | {label: place for place, label in enumerate(fresh, len(places))}


def _used(labels: NDArray[Any], codes: Ints) -> list[Any]:
    present = np.flatnonzero(np.bincount(codes, minlength=len(labels)))
    used: list[Any] = labels[present].tolist()
    return used


def _places(labels: NDArray[Any], codes: Ints, known: dict[Any, int]) -> Ints:
    """The place of each label that occurs; 0 of the others, which nothing refers to."""
    places = np.zeros(len(labels), np.int64)
    present = np.flatnonzero(np.bincount(codes, minlength=len(labels)))
    places[present] = [known[label] for label in labels[present].tolist()]
    return places


def _skills_of(log: ResponseLog, rows: Ints, names: Names) -> tuple[Ints, Ints | None]:
    place = _places(log.skill.labels, log.skill.codes, names.skills)
    if log.skill_rows is None:
        return place[log.skill.codes[rows]], None
    by_row, bounds = stable_group(log.skill_rows, len(log))
    sizes = np.diff(bounds)[rows]
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    entries = np.arange(starts[-1]) - np.repeat(starts[:-1] - bounds[:-1][rows], sizes)
    return place[log.skill.codes[by_row[entries]]], starts
