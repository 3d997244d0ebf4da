"""Mastery thresholds from a wanted error rate, by group of students, with intervals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.intervals import check_bootstrap, tail
from adaptlearn.evaluation.results import Estimate, Estimates
from adaptlearn.evaluation.thresholds.rates import (
    CRITERIA,
    SIDES,
    Rows,
    Sides,
    chosen,
    enough,
    observed_sides,
    rate_estimates,
    resampled_sides,
    students_at_sides,
)
from adaptlearn.evaluation.thresholds.results import (
    ErrorRates,
    GroupThreshold,
    ThresholdCalibration,
    ThresholdCurve,
)
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.validation import Interval, OneOf, label_problems, shape_problems, value_problems

_MOST_THRESHOLDS = 200
_SUBJECT = "calibrate_threshold"


def calibrate_threshold(
    estimate: ArrayLike,
    truth: ArrayLike,
    student: ArrayLike,
    *,
    wanted: float = 0.05,
    criterion: str = "false_mastery",
    group: ArrayLike | None = None,
    thresholds: ArrayLike | None = None,
    min_students: int = 30,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Randomness = 0,
) -> ThresholdCalibration:
    """Find a mastery threshold that keeps an error rate at or below a chosen value.

    Parameters
    ----------
    estimate : array, shape (n,)
        A model's estimates of mastery, each for one student, one skill and one time. All estimates
        must be from one model, of one kind (see ``Mastery.kind``) and for one time (see ``when``).
        The estimates must be for students whose answers were not used to fit the model.
    truth : array, shape (n,)
        1 if the student had mastered the skill at the time of the estimate, 0 if not. For simulated
        students, pass whether they really know the skill. For real students, pass a substitute,
        such as the result of `later_correct`; its values may lie between 0 and 1. Rows with nan are
        left out, and the result shows how many rows were left out.
    student : array, shape (n,)
        The student of each estimate.
    wanted : float, default 0.05
        The highest error rate that you accept.
    criterion : {"false_mastery", "needless_practice"}, default "false_mastery"
        The error rate to keep low. ``"false_mastery"``: of the skills declared mastered, the share
        that is not mastered. A high threshold keeps false mastery low. ``"needless_practice"``: of
        the skills still practised, the share that is already mastered. A low threshold keeps
        needless practice low.
    group : array, shape (n,), optional
        The group of each row's student. Each group gets its own threshold.
    thresholds : array, optional
        The thresholds to choose from; by default at most 200 quantiles of the estimates.
    min_students : int, default 30
        False mastery is computed from the estimates above the threshold, and needless practice is
        computed from the estimates below the threshold. A threshold is used only if the estimates
        for its error rate are from at least `min_students` students. If a group has too few
        students at every threshold, the group gets no threshold of its own.
    n_bootstrap, confidence, random_state
        As in `evaluate`. In each resample of students, the threshold is chosen again.

    Returns
    -------
    ThresholdCalibration
        The chosen thresholds with their error rates. For false mastery, the lowest threshold with a
        rate of at most `wanted` is chosen, because a higher threshold would increase needless
        practice. For needless practice, the highest threshold with a rate of at most `wanted` is
        chosen.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, if arrays have different lengths, if
        there are too few students in total, or if no threshold keeps the error rate at or below
        `wanted`.

    Notes
    -----
    The two rates are shares of what a teacher sees: of the skills declared mastered, or of the
    skills still practised. The rates depend on how many students know the skill. So the rates are
    different for other students if fewer of these students know the skill. Intervals are computed
    over students, as in `evaluate`. Intervals of rates are never shorter than Wilson's interval.
    The threshold is chosen by its rate, so the rate of the chosen threshold is a little too
    optimistic. If there are few students, check how far the rate's interval reaches above the
    wanted rate.

    If groups differ in how many students know the skill, equal rates need different thresholds, and
    one threshold gives different rates (Kleinberg et al. 2017). Statistics cannot decide whether
    equal rates or equal thresholds are better. The result shows the error rates with one threshold
    for everybody, and with one threshold per group.

    References
    ----------
    Field & Welsh (2007), Bootstrapping clustered data. JRSS B 69(3). Kleinberg, Mullainathan &
    Raghavan (2017), Inherent trade-offs in the fair determination of risk scores. ITCS.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> estimate = rng.random(4000)
    >>> known = rng.random(4000) < estimate  # a calibrated model
    >>> found = calibrate_threshold(estimate, known, np.repeat(np.arange(400), 10), wanted=.1)
    >>> print(found.common.threshold)
    0.8218 [0.7726, 0.8584]
    """
    check_bootstrap(
        _SUBJECT,
        n_bootstrap,
        confidence,
        wanted=(wanted, Interval(0, 1, closed="neither")),
        criterion=(criterion, OneOf(CRITERIA)),
        min_students=(min_students, Interval(2, 10_000_000, integer=True)),
    )
    rows, cuts, labels, left_out = _read(estimate, truth, student, group, thresholds)
    found = observed_sides(rows)
    drawn = resampled_sides(rows, n_bootstrap, generator_of(random_state))
    students = students_at_sides(rows)
    counts = enough(found, students, criterion, wanted, min_students)
    best = chosen(found, counts, criterion, wanted)
    if best[0] < 0:
        raise ParameterError(
            _SUBJECT, [_refusal(found.of(0), counts[0], criterion, wanted, min_students)]
        )
    again = chosen(drawn, counts, criterion, wanted)
    values = np.where(again < 0, SIDES[criterion].beyond, cuts[again])
    rates = [rate_estimates(one, found, drawn, students, confidence) for one in CRITERIA]
    n = found.declared[:, 0] + found.practised[:, 0]
    everyone = []
    for row, place in enumerate(best.tolist()):
        curve = ThresholdCurve(
            cuts,
            found.declared[row] / n[row],
            *(Estimates(*(ends[row] for ends in rate)) for rate in rates),
        )
        refused = place < 0
        reason = _refusal(found.of(row), counts[row], criterion, wanted, min_students)
        n_students = rows.n_students(row)
        everyone.append(
            GroupThreshold(
                n=int(n[row]),
                n_students=n_students,
                threshold=_threshold(cuts, place, values[:, row], tail(n_students, confidence)),
                refused=reason if refused else "",
                own=None if refused else curve.at(place),
                common=curve.at(int(best[0])),
                curve=curve,
            )
        )
    return ThresholdCalibration(
        criterion=criterion,
        wanted=wanted,
        common=everyone[0],
        groups={} if group is None else dict(zip(labels, everyone[1:], strict=True)),
        equalised=None if group is None else _equalised(found, drawn, best, rows, confidence),
        confidence=confidence,
        notes=(f"{left_out:,} rows whose truth is nan were left out",) if left_out else (),
    )


def _threshold(cuts: Floats, place: int, resampled: Floats, tail: float) -> Estimate:
    """The threshold of a place with percentiles of those chosen in resamples."""
    if place < 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    value = float(cuts[place])
    if not len(resampled):
        return Estimate(value, float("nan"), float("nan"))
    lower, upper = np.quantile(resampled, [tail, 1 - tail]).tolist()
    return Estimate(value, min(lower, value), max(upper, value))


def _equalised(found: Sides, drawn: Sides, best: Ints, rows: Rows, confidence: float) -> ErrorRates:
    """All students together, each group at its own threshold, or else at the common one."""
    own = np.where(best < 0, best[0], best)[1:]
    total, resampled = (each.of(slice(1, None)).at(own) for each in (found, drawn))
    declared = rows.place > own[rows.group]
    above, below = (np.array(len(np.unique(rows.student[at]))) for at in (declared, ~declared))
    rates = [rate_estimates(one, total, resampled, (above, below), confidence) for one in CRITERIA]
    share = float(total.declared / (total.declared + total.practised))
    return ErrorRates(share, *(Estimate(*(float(end) for end in rate)) for rate in rates))


def _refusal(found: Sides, counts: Bools, criterion: str, wanted: float, min_students: int) -> str:
    """Why no threshold can be named."""
    side = SIDES[criterion]
    if not counts.any():
        return (
            f"too few answers: no threshold has {side.least(wanted):,.0f} estimates of "
            f"{min_students:,} students {side.words}"
        )
    least = side.rate(found)[counts].min()
    return (
        f"no threshold keeps the share at {wanted:.1%}: the least that enough answers show is "
        f"{least:.1%} of what is {side.words}"
    )


class _Read(NamedTuple):
    rows: Rows
    cuts: Floats
    labels: list[Any]
    left_out: int


def _read(
    estimate: ArrayLike,
    truth: ArrayLike,
    student: ArrayLike,
    group: ArrayLike | None,
    thresholds: ArrayLike | None,
) -> _Read:
    """Check the columns, and put estimates in their places among the thresholds."""
    values, known = np.asarray(estimate, np.float64), np.asarray(truth, np.float64)
    whose = np.asarray(student)
    parts = np.zeros(whose.shape, int) if group is None else np.asarray(group)
    columns = {"estimate": values, "truth": known, "student": whose, "group": parts}
    problems = shape_problems(columns)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    wrong = {
        "estimate must lie in [0, 1]": ~((values >= 0) & (values <= 1)),
        "truth must lie in [0, 1], or be nan": (known < 0) | (known > 1),
    }
    every = np.arange(len(values))
    problems = value_problems(wrong, every)
    problems += label_problems({"student": whose, "group": parts}, every)
    kept = np.flatnonzero(~np.isnan(known))
    if not len(kept):
        problems.append("no row has a truth")
    cuts = _cuts(values[kept], thresholds, problems)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    labels, code = np.unique(parts[kept], return_inverse=True)
    _, number = np.unique(whose[kept], return_inverse=True)
    place = np.searchsorted(cuts, values[kept], side="right")
    rows = Rows(place, known[kept], number, code, len(labels), len(cuts))
    return _Read(rows, cuts, labels.tolist(), len(values) - len(kept))


def _cuts(values: Floats, thresholds: ArrayLike | None, problems: list[str]) -> Floats:
    """The thresholds to choose among, rising."""
    if thresholds is not None:
        cuts = np.unique(np.asarray(thresholds, np.float64))
        if not cuts.size or not ((cuts >= 0) & (cuts <= 1)).all():
            problems.append("thresholds must be numbers in [0, 1], at least one")
        return cuts
    cuts = np.unique(values)
    if len(cuts) > _MOST_THRESHOLDS:
        steps = np.linspace(0, 1, _MOST_THRESHOLDS)
        cuts = np.unique(np.quantile(values, steps, method="inverted_cdf"))
    return cuts
