"""How far plans would have been off for earlier students, from their answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, plain
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.learning.expectation import expectation_of
from adaptlearn.planning.learning.pace import Errors, Pace, log_minutes
from adaptlearn.planning.learning.targets import Targets, spans_of, targets_of, whole_of
from adaptlearn.planning.learning.walk import Task, walk
from adaptlearn.responses.log import ResponseLog, as_log
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills, usual_minutes
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tracking.tracker import MasteryTracker
from adaptlearn.validation import Interval, check_parameters
from adaptlearn.wording import counted

SHARES = (0.0, 0.25, 0.5, 0.75)
"""Of the usual number of lessons: the moments at which plans are made."""

_FEW, _MANY, _PARTS = 20, 100, 4
_SHARE = 0.8


def learn_pace(
    sequencer: Sequencer,
    responses: Any,
    *,
    course: Any = None,
    n_items: int = 5,
    share: float = _SHARE,
) -> Pace:
    """Measure how much earlier students differed in pace, and how far plans would have been off.

    The function plans for earlier students at four moments of their learning, and compares each
    plan with the minutes that they then needed. Pass answers of students who were taught with the
    same sequencer. If the new students are like the earlier students, `share` of the intervals
    hold, also if the model is wrong.

    Parameters
    ----------
    sequencer : Sequencer
        Its tracker must be a `MasteryTracker`; only its model is used.
    responses : ResponseLog or frame
        All answers of earlier students, with times.
    course : label, sequence of labels, or mapping of student to either, optional
        As in `learning_plan`.
    n_items : int, default 5
        The number of answers in a lesson.
    share : float, default 0.8
        The share of the intervals that hold.

    Returns
    -------
    Pace

    Raises
    ------
    ParameterError
        The error is raised if there are fewer than 20 students with answers on the curriculum's
        skills, or if none of them reached anything.
    """
    check_parameters(
        "learn_pace",
        {"n_items": n_items, "share": share},
        {"n_items": [Interval(1, 12, integer=True)], "share": [Interval(0, 1, "neither")]},
        [*_problems(sequencer)],
    )
    log = as_log(responses)
    students = [plain(label) for label in log.student.labels]
    if len(students) < _FEW:
        told = f"{counted(len(students), 'student')} in responses; expected {_FEW} or more"
        raise ParameterError("learn_pace", [told])
    spans = spans_of(sequencer.curriculum, students, course)
    found = _compared_plans(sequencer, log, students, spans, n_items)
    if not found.seen.any():
        raise ParameterError("learn_pace", ["no student reached a target; pass longer histories"])
    levels = ((1 - share) / 2, 0.5, (1 + share) / 2)
    return Pace(
        Pace().spread,
        errors_of(found.of(found.whole), levels),
        errors_of(found.of(~found.whole), levels),
    )


class Found(NamedTuple):
    """Targets of earlier students, one after the other; arrays of shape (n,).

    Attributes
    ----------
    expected : float array
        Minutes, from the moment of the plan on.
    error : float array
        How far the log of the true minutes was from the expected, in standard deviations.
    seen : bool array
        Whether the target was reached; else the error is at least so large.
    whole : bool array
        Whether the target is all that the student aimed at.
    """

    expected: Floats
    error: Floats
    seen: Bools
    whole: Bools

    def of(self, kept: Bools) -> Found:
        """Some of the targets."""
        return Found(self.expected[kept], self.error[kept], self.seen[kept], self.whole[kept])


def errors_of(found: Found, levels: tuple[float, float, float], n_parts: int = _PARTS) -> Errors:
    """The errors at some levels, for as many parts as there are targets for."""
    if not len(found.error):
        return Errors()
    n_parts = min(max(len(found.error) // _MANY, 1), n_parts)
    shares = np.arange(1, n_parts) / n_parts
    edges = np.unique(np.quantile(found.expected, shares, method="inverted_cdf"))
    edges = edges[edges < found.expected.max()]  # no part is empty
    part = np.searchsorted(edges, found.expected)
    return Errors(
        tuple(edges.tolist()),
        tuple(
            quantiles_with_losses(found.error[part == at], found.seen[part == at], levels)
            for at in range(len(edges) + 1)
        ),
    )


def quantiles_with_losses(
    values: Floats, seen: Bools, levels: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Quantiles of values of which some are only known to be at least so large.

    The share of larger values is estimated as by Kaplan & Meier (1958), "Nonparametric estimation
    from incomplete observations". A quantile beyond all values is the largest of them.

    Parameters
    ----------
    values : float array, shape (n,)
    seen : bool array, shape (n,)
        False where the value is a lower bound.
    levels : triple of float

    Examples
    --------
    >>> values, seen = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, True])
    >>> quantiles_with_losses(values, seen, (0.1, 0.5, 0.9))
    (1.0, 3.0, 4.0)
    """
    order = np.lexsort((~seen, values))
    values, seen = values[order], seen[order]
    at_risk = len(values) - np.arange(len(values))
    reached = 1 - np.cumprod(1 - seen / at_risk)
    places = np.searchsorted(reached, np.array(levels) - 1e-12)
    low, middle, high = values[np.minimum(places, len(values) - 1)].tolist()
    return low, middle, high


class _Snapshot(NamedTuple):
    """What would have been expected at one moment; arrays of shape (n_students, n_targets).

    Attributes
    ----------
    spent : float array, shape (n_students,)
        Minutes until then.
    wanted : bool array, shape (n_students, n_skills)
    expected : float array
        Minutes from then on.
    middle, spread : float arrays
        Of the log of the minutes.
    """

    spent: Floats
    wanted: Bools
    expected: Floats
    middle: Floats
    spread: Floats


def _compared_plans(
    sequencer: Sequencer, log: ResponseLog, students: list[Label], spans: Bools | None, n_items: int
) -> Found:
    """What plans of earlier students expected, and what became of it."""
    made, targets = _fresh(sequencer), targets_of(sequencer.curriculum)
    order, student, lesson = _lessons_of(log, n_items)
    minutes = np.zeros((len(students), int(lesson.max(initial=-1)) + 2))
    np.add.at(minutes, (student, lesson + 1), _minutes_of(sequencer, log, n_items)[order])
    minutes = minutes.cumsum(axis=1)
    usual = np.median(np.bincount(student, minlength=len(students)) / n_items)
    moments = {int(share * usual) for share in SHARES}
    mastered_at = np.full((len(students), len(sequencer.curriculum.skills)), np.inf)
    snapshots = []
    for step in range(minutes.shape[1]):
        if step:
            made.tracker.update(log[np.sort(order[lesson == step - 1])])  # type: ignore[attr-defined]
        mastered = made.context(students).mastered
        assert mastered is not None
        fresh = mastered & np.isinf(mastered_at)
        mastered_at[fresh] = np.broadcast_to(minutes[:, [step]], fresh.shape)[fresh]
        if step in moments:
            snapshots.append(_snapshot(made, students, spans, minutes[:, step], n_items))
    found = [_compared(one, targets, mastered_at, minutes[:, -1]) for one in snapshots]
    return Found(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _snapshot(
    made: Sequencer, students: list[Label], spans: Bools | None, spent: Floats, n_items: int
) -> _Snapshot:
    found = expectation_of(made, students, spans, now=None, pace=Pace(), n_items=n_items)
    members = targets_of(made.curriculum).members
    way = walk(
        Task(
            found.context, found.applied, found.left, found.wanted, members, found.minutes, np.inf
        ),
        made.policy,
        None,
    )
    return _Snapshot(
        spent, found.wanted, way.reached, *log_minutes(way.reached, way.variance, found.own)
    )


def _compared(then: _Snapshot, targets: Targets, mastered_at: Floats, last: Floats) -> Found:
    """What one plan of each student expected, and what became of it.

    What was already reached, and who stopped by then, is left out.
    """
    needed = np.where(then.wanted, mastered_at, 0.0)
    reached = np.stack([needed[:, own].max(axis=1, initial=0.0) for own in targets.members], axis=1)
    seen = np.isfinite(reached)
    after = np.where(seen, reached, last[:, None]) - then.spent[:, None]
    asked = (then.expected > 0) & np.isfinite(then.expected) & (after > 0)
    error = (np.log(after[asked]) - then.middle[asked]) / then.spread[asked]
    return Found(then.expected[asked], error, seen[asked], whole_of(targets, then.wanted)[asked])


def _fresh(sequencer: Sequencer) -> Sequencer:
    """The same sequencer before anyone has answered; nobody is sent to a teacher."""
    tracker = MasteryTracker(sequencer.tracker.model, practice=True)  # type: ignore[attr-defined]
    return Sequencer(
        sequencer.curriculum,
        tracker,
        sequencer.policy,
        goals=sequencer.goals,
        wheel_spinning=None,
        new_students=True,
    )


def _lessons_of(log: ResponseLog, n_items: int) -> tuple[Ints, Ints, Ints]:
    """Rows by student and time, the student of each, and the number of its lesson."""
    rows = np.arange(len(log)) if log.chronological is None else log.chronological
    order = rows[np.argsort(log.student.codes[rows], kind="stable")]
    student = log.student.codes[order]
    first = np.searchsorted(student, np.arange(len(log.student.labels)))
    return order, student, (np.arange(len(order)) - first[student]) // n_items


def _minutes_of(sequencer: Sequencer, log: ResponseLog, n_items: int) -> Floats:
    """The minutes of each response: its share of the shortest lesson on its skill."""
    of_skill = minutes_of_skills(sequencer.curriculum, usual_minutes(sequencer.curriculum))
    of_skill = np.append(np.where(np.isfinite(of_skill), of_skill, 0.0), 0.0)
    place = sequencer.curriculum.skill_index.place
    codes = np.array([place.get(plain(label), -1) for label in log.skill.labels], np.intp)
    each = of_skill[codes[log.skill.codes]] / n_items
    if log.skill_rows is None:
        return np.asarray(each)
    # An answer on several skills is one answer.
    count = np.maximum(np.bincount(log.skill_rows, minlength=len(log)), 1)
    return np.asarray(np.bincount(log.skill_rows, each, len(log)) / count)


def _problems(sequencer: Any) -> Iterator[str]:
    if not isinstance(sequencer, Sequencer):
        yield f"sequencer is a {type(sequencer).__name__}; expected a Sequencer"
    elif not isinstance(sequencer.tracker, MasteryTracker):
        yield f"its tracker is a {type(sequencer.tracker).__name__}; expected a MasteryTracker"
