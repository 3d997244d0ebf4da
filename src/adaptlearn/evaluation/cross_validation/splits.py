"""Splits of a log that do not leak: whole students, or forward in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.checkup.copies import CopiedStudents, copied_students
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.order import chronological_places
from adaptlearn.numerics import Bools, Ints
from adaptlearn.randomness import Randomness, seed_of
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.validation import Interval, RandomSource, check_parameters, some


class Split(NamedTuple):
    """Rows of one fold.

    Attributes
    ----------
    train, test : integer arrays
        What the model is fitted on, and which predictions are scored.
    shown : integer array
        What the model predicts: the test rows, in their order; or, where students are met
        again, these and the same students' training rows, in rising order.
    """

    train: Ints
    test: Ints
    shown: Ints

    @property
    def forward(self) -> bool:
        """Whether students are met again, with what they did before as their history."""
        return len(self.shown) > len(self.test)


class StudentSplit:
    """A splitter that makes folds of whole students, drawn at random.

    The splitter follows scikit-learn's protocol and reads the students from the log, so you do not
    need to pass groups. Pass the splitter as ``cv`` to `cross_validate`, or to scikit-learn's
    tools, such as ``GridSearchCV``.

    Parameters
    ----------
    n_splits : int, default 5
        Number of folds, at least 2.
    copies : bool or CopiedStudents, default False
        Whether students who are copies of each other stay in one fold. With ``copies=True``, the
        splitter uses the copies that `adaptlearn.checkup.copied_students` finds in the log. Or pass
        the copies yourself.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Determines which students are in the same fold. The folds are the same in every call of
        `split`. If you do not pass an integer, a new splitter draws an integer and stores this
        integer as `random_state`.

    Examples
    --------
    >>> log = {"student": ["ann", "bob", "ann", "cat"], "skill": ["add"] * 4,
    ...        "correct": [0, 1, 1, 1]}
    >>> for train, test in StudentSplit(3).split(log):
    ...     print(train.tolist(), test.tolist())
    [0, 1, 2] [3]
    [0, 2, 3] [1]
    [1, 3] [0, 2]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        copies: bool | CopiedStudents = False,
        random_state: Randomness = 0,
    ) -> None:
        check_parameters(
            "StudentSplit",
            {"n_splits": n_splits, "random_state": random_state},
            {
                "n_splits": [Interval(2, 2**31, integer=True)],
                "random_state": [RandomSource(2**32 - 1)],
            },
        )
        self.n_splits = n_splits
        self.copies = copies
        self.random_state = seed_of(random_state)

    def __repr__(self) -> str:
        return f"StudentSplit({self.n_splits})"

    def get_n_splits(self, log: object = None, y: object = None, groups: object = None) -> int:  # noqa: ARG002 - the protocol's
        """The number of folds."""
        return self.n_splits

    def split(
        self,
        log: Any,
        y: object = None,  # noqa: ARG002 - the protocol's
        groups: object = None,  # noqa: ARG002 - the protocol's
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield the training rows and the test rows of each fold.

        Parameters
        ----------
        log : ResponseLog, or a frame with the standard column names

        Raises
        ------
        ParameterError
            The error is raised if there are fewer students (or groups of copies) than folds, or if
            the log has no items although you passed ``copies=True``.
        """
        unit = units_of(as_log(log), self.copies)
        return iter(list(_unit_folds(self.n_splits, unit, self.random_state, "n_splits")))


class ForwardSplit:
    """A splitter that trains on all responses before a time and tests on later responses.

    The splitter follows scikit-learn's protocol; pass it to `cross_validate` as ``cv``. The
    splitter cuts the log at `n_splits` times into blocks of about equally many responses, as
    scikit-learn's ``TimeSeriesSplit`` does. Fold k trains on the first k blocks and tests on the
    next block. Responses with the same time stay in the same block.

    Unlike folds of whole students, `ForwardSplit` shows how well a model predicts *later* answers.
    Some of the later answers are from students who are also in the training rows. With
    `ForwardSplit`, `cross_validate` predicts each test row from the student's whole history. The
    history includes the student's training rows, but only the test rows are scored.

    Parameters
    ----------
    n_splits : int, default 5
        Number of folds, at least 1.

    Notes
    -----
    The splitter uses the log's ``time``. If the log has no times, its ``id`` orders the responses.
    Times and ids must be comparable between students. If each student's times start at 0, the order
    of responses between students has no meaning.

    Examples
    --------
    >>> log = {"student": ["ann", "bob", "ann", "bob"], "skill": ["add"] * 4,
    ...        "correct": [0, 1, 1, 1], "time": [1, 2, 3, 4]}
    >>> for train, test in ForwardSplit(3).split(log):
    ...     print(train.tolist(), test.tolist())
    [0] [1]
    [0, 1] [2]
    [0, 1, 2] [3]
    """

    def __init__(self, n_splits: int = 5) -> None:
        check_parameters(
            "ForwardSplit", {"n_splits": n_splits}, {"n_splits": [Interval(1, 2**31, integer=True)]}
        )
        self.n_splits = n_splits

    def __repr__(self) -> str:
        return f"ForwardSplit({self.n_splits})"

    def get_n_splits(self, log: object = None, y: object = None, groups: object = None) -> int:  # noqa: ARG002 - the protocol's
        """The number of folds."""
        return self.n_splits

    def split(
        self,
        log: Any,
        y: object = None,  # noqa: ARG002 - the protocol's
        groups: object = None,  # noqa: ARG002 - the protocol's
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield the training rows and the test rows of each fold.

        Parameters
        ----------
        log : ResponseLog, or a frame with the standard column names

        Raises
        ------
        ParameterError
            The error is raised if the log has neither times nor ids, or if the log has too few
            different times for the number of folds.
        """
        log = as_log(log)
        if log.time is not None:
            moment = log.time
        elif log.id is not None:
            moment = log.id.codes
        else:
            raise ParameterError(
                "ForwardSplit",
                ["the log has no column time (nor id), so that nothing says what came before what"],
            )
        n, blocks = len(log), self.n_splits + 1
        in_order = np.sort(moment)
        edges = in_order[[n * block // blocks for block in range(1, blocks)]] if n else in_order
        edges = np.unique(edges[edges > in_order[:1]])
        if len(edges) < self.n_splits:
            distinct = len(np.unique(moment))
            raise ParameterError(
                "ForwardSplit",
                [
                    f"n_splits is {self.n_splits}, but the {n:,} responses, of {distinct:,} "
                    f"distinct moments, part into {len(edges) + 1} blocks only; use "
                    + (f"at most {len(edges)}" if len(edges) else "folds of students")
                ],
            )
        block = np.searchsorted(edges, moment, side="right")
        for fold in range(1, blocks):
            yield np.flatnonzero(block < fold), np.flatnonzero(block == fold)


def units_of(log: ResponseLog, copies: bool | CopiedStudents) -> Ints:
    """What a fold must not cut, as a code for each row: a student, or a group of copies."""
    if isinstance(copies, bool):
        if not copies:
            return log.student.codes
        copies = copied_students(log)
    if not isinstance(copies, CopiedStudents):
        raise ParameterError(
            "copies", [f"it must be True, False or a CopiedStudents, got {copies!r}"]
        )
    if not copies.groups:
        return log.student.codes
    unit = np.arange(log.n_students)
    code_of = {label: code for code, label in enumerate(log.student.labels.tolist())}
    for group in copies.groups:
        members = [code_of[label] for label in group if label in code_of]
        unit[members] = members[:1] * len(members)
    if code_of.keys().isdisjoint(copies.students):
        raise ParameterError("copies", ["none of these students is in the log"])
    return unit[log.student.codes]


def splits_of(cv: Any, log: ResponseLog, seed: int, copies: bool | CopiedStudents) -> list[Split]:
    """Rows to train, test and predict, fold by fold.

    Raises
    ------
    ParameterError
        A fold trains on answers of a student that do not all come before those it tests; or on
        one and tests on the other of two copies.
    """
    unit = units_of(log, copies)
    if isinstance(cv, int | np.integer):
        folds = _unit_folds(int(cv), unit, seed, "cv")
        return [Split(train, test, test) for train, test in folds]
    return checked_splits(cv, log, unit)


def checked_splits(cv: Any, log: ResponseLog, unit: Ints) -> list[Split]:
    """What a splitter gives, with the units for groups, if it cuts no student and no unit."""
    from sklearn.model_selection import check_cv

    try:
        splitter = check_cv(cv)
    except ValueError as error:
        raise ParameterError("cross_validate", [f"cv: {error}"]) from error
    if isinstance(cv, StudentSplit) and unit is not log.student.codes:
        pairs = list(_unit_folds(cv.n_splits, unit, cv.random_state, "n_splits"))
    else:
        with warnings.catch_warnings():
            # Groups are for splitters that know them; others say that they do not.
            warnings.filterwarnings("ignore", message="The groups parameter is ignored")
            pairs = list(splitter.split(log, log.correct, unit))
    every = np.arange(len(log))
    splits, cut = [], []
    place = chronological_places(log)
    for train, test in ((every[train], every[test]) for train, test in pairs):
        met, broken = _met_again(log, place, train, test)
        cut.append(broken)
        history = train[met[log.student.codes[train]]]
        shown = np.union1d(history, test) if len(history) else test
        splits.append(Split(train, test, shown))
    bad = [fold for fold, students in enumerate(cut) if len(students)]
    if bad:
        example = some(log.student.labels[cut[bad[0]]], 3)
        raise ParameterError(
            "cross_validate",
            [
                f"cv cuts students: {len(bad)} of {len(splits)} folds train on answers of students "
                f"that do not all come before those they test, fold {bad[0]} of {example}; use a "
                "splitter that keeps groups together, such as GroupKFold, or ForwardSplit, or give "
                "the number of folds"
            ],
        )
    if unit is not log.student.codes:
        _check_units(splits, unit)
    return splits


def _check_units(splits: list[Split], unit: Ints) -> None:
    bad = [
        fold
        for fold, split in enumerate(splits)
        if np.isin(unit[split.test], unit[split.train]).any()
    ]
    if bad:
        raise ParameterError(
            "cross_validate",
            [
                f"cv parts copies: {len(bad)} of {len(splits)} folds train on one and test on "
                "another of students who are copies (or on the same); use a splitter that keeps "
                "groups together, or give the number of folds"
            ],
        )


def _met_again(log: ResponseLog, place: Ints, train: Ints, test: Ints) -> tuple[Bools, Ints]:
    """Which students are in both, and the codes of those who train on what is not before."""
    last, first = np.full(log.n_students, -1), np.full(log.n_students, len(log))
    np.maximum.at(last, log.student.codes[train], place[train])
    np.minimum.at(first, log.student.codes[test], place[test])
    met = (last >= 0) & (first < len(log))
    return met, np.flatnonzero(met & (last >= first))


def _unit_folds(n_folds: int, unit: Ints, seed: int, name: str) -> Iterator[tuple[Ints, Ints]]:
    # KFold over students, not GroupKFold(shuffle=True), which only newer scikit-learns have:
    # the folds are then the same beside every version.
    from sklearn.model_selection import KFold

    units, code = np.unique(unit, return_inverse=True)
    check_parameters("cross_validate", {name: n_folds}, {name: [Interval(2, 2**31, integer=True)]})
    if len(units) < n_folds:
        raise ParameterError(
            "cross_validate",
            [f"{name} must be at most the number of students, {len(units)}, got {n_folds}"],
        )
    fold = np.empty(len(units), np.intp)
    splitter = KFold(n_folds, shuffle=True, random_state=seed)
    for place, (_, test) in enumerate(splitter.split(units)):
        fold[test] = place
    for place in range(n_folds):
        tested = fold[code] == place
        yield np.flatnonzero(~tested), np.flatnonzero(tested)
