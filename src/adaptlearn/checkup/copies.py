"""Students who gave nearly the same answers to the same items: one person under two names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints, group_pairs
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.tables import Parts, Printed
from adaptlearn.validation import Interval, check_parameters
from adaptlearn.wording import counted

_BLOCK = 1_000_000  # pairs of students held at a time
_FIELD = 20  # bits of each of three counts in one integer: both right, one of them, neither
_SHOWN = 15


@dataclass(frozen=True, eq=False, repr=False)
class CopiedStudents(Printed):
    """Pairs of students whose answers are nearly the same; `print` shows them as a table.

    Attributes
    ----------
    first, second : arrays, shape (n_pairs,)
        Labels of the two students of each pair. The pairs that share the most items come first.
    shared : integer array, shape (n_pairs,)
        The number of items that both students of the pair have answered.
    equal : float array, shape (n_pairs,)
        The share of the shared items on which both students were right, or both were wrong.
    expected : float array, shape (n_pairs,)
        The share of equal answers that chance alone would produce, given how often each of the two
        students is right over all items.
    groups : tuple of tuple of labels
        Groups of students with nearly the same answers. Pairs with nearly the same answers connect
        the students of a group, directly or through a third student.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    shared: NDArray[np.int64]
    equal: Floats
    expected: Floats
    groups: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def students(self) -> tuple[Any, ...]:
        """All students who are in a pair."""
        return tuple(label for group in self.groups for label in group)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per pair, as columns for any dataframe library."""
        names = ("first", "second", "shared", "equal", "expected")
        return {name: getattr(self, name) for name in names}

    def _parts(self) -> Parts:
        rows = [
            [str(one), str(other), f"{shared:,}", f"{equal:.1%}", f"{expected:.1%}"]
            for one, other, shared, equal, expected in zip(
                *(column[:_SHOWN].tolist() for column in self.table().values()), strict=True
            )
        ]
        more = len(self) - _SHOWN
        return Parts(
            f"{counted(len(self), 'pair')} of {counted(len(self.students), 'student')} with nearly "
            "the same answers",
            ["student", "and", "shared items", "equal", "by chance"],
            rows,
            [f"{more:,} more pairs are in table()"] if more > 0 else [],
        )

    def __repr__(self) -> str:
        return f"CopiedStudents({counted(len(self), 'pair')}, {counted(len(self.groups), 'group')})"


def copied_students(
    log: Any, *, min_shared: int = 20, min_equal: float = 0.97, max_expected: float = 0.75
) -> CopiedStudents:
    """Find students whose answers to shared items are nearly the same.

    If two students have nearly the same answers, they may be one person with two names, or one
    student may have copied from the other. If one student of a pair is in the training log and the
    other student is in the test log, results look too good: a model may have seen the test answers
    in training.

    Parameters
    ----------
    log : ResponseLog, or a frame with the standard column names
        A log with items. If a student answered an item several times, only the first answer counts.
    min_shared : int, default 20
        The smallest number of items that both students of a pair must have answered.
    min_equal : float, default 0.97
        The smallest share of the shared items on which the two answers are equal: both right or
        both wrong.
    max_expected : float, default 0.75
        The largest `expected` share of equal answers that a pair may have. Students who are nearly
        always right have equal answers without copying; `max_expected` leaves them out.

    Returns
    -------
    CopiedStudents

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if the log has no items.

    Notes
    -----
    For every pair, the function counts the items on which both students were right, one was right,
    or none was right. The counts come from one product of the matrix of students and items with
    itself. The time grows with the number of pairs of students at each item; memory is bounded. Let
    p and q be the shares of items on which the two students are right. By chance, the two agree on
    a share ``p * q + (1 - p) * (1 - q)`` of the items.

    Examples
    --------
    >>> answers = [k * k % 7 < 3 for k in range(30)]
    >>> log = {"student": ["ann"] * 30 + ["bob"] * 30 + ["cat"] * 30, "skill": ["add"] * 90,
    ...        "item": [*range(30)] * 3, "correct": answers + answers + answers[::-1]}
    >>> copied_students(log).groups
    (('ann', 'bob'),)
    """
    check_parameters(
        "copied_students",
        {"min_shared": min_shared, "min_equal": min_equal, "max_expected": max_expected},
        {
            "min_shared": [Interval(1, 2**31, integer=True)],
            "min_equal": [Interval(0, 1)],
            "max_expected": [Interval(0, 1)],
        },
    )
    log = as_log(log)
    if log.item is None:
        raise ParameterError(
            "copied_students",
            ["the log has no column item; copies are found by their answers to the same items"],
        )
    rows = first_answers(log)
    present, student = np.unique(log.student.codes[rows], return_inverse=True)
    right = log.correct[rows] == 1
    rate = np.bincount(student, right) / np.bincount(student)
    parts = []
    for one, other, shared, same in _agreements(student, log.item.codes[rows], right):
        equal = same / shared
        p, q = rate[one], rate[other]
        expected = p * q + (1 - p) * (1 - q)
        alike = (shared >= min_shared) & (equal >= min_equal) & (expected < max_expected)
        parts.append([column[alike] for column in (one, other, shared, equal, expected)])
    one, other, shared, equal, expected = map(np.concatenate, zip(*parts, strict=True))
    order = np.lexsort((other, one, -shared))
    labels = log.student.labels[present]
    return CopiedStudents(
        labels[one[order]],
        labels[other[order]],
        shared[order].astype(np.int64),
        equal[order],
        expected[order],
        tuple(tuple(labels[group].tolist()) for group in _connected(one, other, len(present))),
    )


def first_answers(log: ResponseLog) -> Ints:
    """Rows of each student's first answer to each item, by student."""
    assert log.item is not None
    rows = np.arange(len(log)) if log.chronological is None else log.chronological
    rows = rows[log.answered[rows]]
    student, item = log.student.codes[rows], log.item.codes[rows]
    chains = group_pairs(student, log.n_students, item, len(log.item.labels))
    first = rows[chains.order[chains.starts]]
    in_order: Ints = first[np.argsort(log.student.codes[first], kind="stable")]
    return in_order


def comparisons(log: ResponseLog) -> int:
    """Pairs of students at each item: what `copied_students` costs, in steps."""
    assert log.item is not None
    answered = np.bincount(log.item.codes[first_answers(log)]).astype(np.float64)
    return int((answered * answered).sum())


def _agreements(student: Ints, item: Ints, right: Bools) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Pairs of students who share items, a block at a time, as students come.

    Yields
    ------
    one, other, shared, same : integer arrays, shape (n_pairs,)
        Each pair once; how many items they share, and on how many of these they agree.
    """
    from scipy.sparse import csr_array

    n_students = int(student.max(initial=-1)) + 1
    shape = (n_students, int(item.max(initial=-1)) + 1)
    answers = csr_array((np.where(right, 1, 1 << _FIELD), (student, item)), shape=shape)
    turned = answers.T.tocsr()
    height = max(1, _BLOCK // max(n_students, 1))
    for first in range(0, max(n_students, 1), height):
        product = (answers[first : first + height] @ turned).tocoo()
        one, other = product.row.astype(np.int64) + first, product.col.astype(np.int64)
        once = one < other
        counts = product.data[once]
        field = (1 << _FIELD) - 1
        same = (counts & field) + (counts >> (2 * _FIELD))
        yield one[once], other[once], same + ((counts >> _FIELD) & field), same


def _connected(one: Ints, other: Ints, n_students: int) -> list[Ints]:
    """Groups of students who are joined by pairs, in the order of their labels."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(one)), (one, other)), shape=(n_students, n_students))
    _, group = connected_components(edges.tocsr(), directed=False)
    members = np.flatnonzero(np.bincount(group)[group] > 1)
    return [members[group[members] == number] for number in dict.fromkeys(group[members].tolist())]
