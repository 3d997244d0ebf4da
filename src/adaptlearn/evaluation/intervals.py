"""Intervals over students, also over a few: Student's t with the spread of resamples."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.numerics import Floats
from adaptlearn.validation import Constraint, Interval, check_parameters

_RESAMPLES, _CONFIDENCE = Interval(0, 10_000_000, integer=True), Interval(0, 1, closed="neither")
_LEAST = 1.5
"""Effective students below which there is no interval: one of them has nearly all the answers."""

MOST_LOSS = -float(np.log(np.finfo(np.float64).eps))
"""The log loss of a certain prediction that fails."""

Scale = Literal["share", "positive", "plain"]


class Ends(NamedTuple):
    """Both ends of intervals, arrays of one shape; nan where there is none."""

    lower: Floats
    upper: Floats


def check_bootstrap(
    subject: str, n_bootstrap: Any, confidence: Any, **own: tuple[Any, Constraint]
) -> None:
    """Check what all that has intervals over students takes, and other arguments beside it.

    Parameters
    ----------
    subject : str
        Who asks, for error messages.
    n_bootstrap, confidence
    **own : tuple of (value, constraint)
        By name, what only this one takes.

    Raises
    ------
    ParameterError
        Lists every argument out of range.
    """
    arguments = {
        **own,
        "n_bootstrap": (n_bootstrap, _RESAMPLES),
        "confidence": (confidence, _CONFIDENCE),
    }
    check_parameters(
        subject,
        {name: value for name, (value, _) in arguments.items()},
        {name: [constraint] for name, (_, constraint) in arguments.items()},
    )


def effective_students(sizes: ArrayLike, axis: int = 0) -> Any:
    """How many students of one size would tell as much as these (Kish 1965).

    Parameters
    ----------
    sizes : array
        Answers of each student, along an axis.
    axis : int

    Returns
    -------
    float or float array
        ``sum(sizes)**2 / sum(sizes**2)``: the number of students where all are of one size, 1
        where one of them has all the answers, nan where there are none.
    """
    n = np.asarray(sizes, np.float64)
    total, squares = n.sum(axis), (n * n).sum(axis)
    return np.divide(total * total, squares, out=np.full(np.shape(total), np.nan), where=total > 0)


def student_interval(
    value: ArrayLike,
    spread: ArrayLike,
    effective: ArrayLike,
    confidence: float,
    scale: Scale = "plain",
) -> Ends:
    """Intervals from how much numbers move in resamples of students.

    Percentiles of resamples are too short where students are few: resamples vary less than
    samples do, by a factor of (n - 1) / n in variance, and what is estimated from few students
    follows Student's t. Both are mended here, with the effective number of students for n, on
    a scale on which errors to both sides are about alike.

    Parameters
    ----------
    value : float array
        Numbers as the log shows them.
    spread : float array
        Their standard deviations over resamples of students.
    effective : float array
        See `effective_students`.
    confidence : float
        The coverage of the intervals.
    scale : {"share", "positive", "plain"}
        Of a number in [0, 1], the interval is even in log-odds; of a number that is 0 or more
        and no share, in its logarithm; otherwise in the number itself. A number at the end of
        its range, which no resample leaves, is its own interval.

    References
    ----------
    Hesterberg (2015), What teachers should know about the bootstrap. The American
    Statistician 69, for both corrections. Kish (1965), Survey sampling.
    """
    from scipy.special import expit, logit

    number, moved, n = np.broadcast_arrays(
        *(np.asarray(one, np.float64) for one in (value, spread, effective))
    )
    reach = np.full(number.shape, np.nan)
    known = n >= _LEAST
    reach[known] = t_reach(n[known], confidence) * moved[known]
    if scale == "plain":
        return Ends(number - reach, number + reach)
    slope = number * (1 - number) if scale == "share" else number
    ends = np.stack([number, number])
    ends[:, np.isnan(reach)] = np.nan
    inside = (slope > 0) & (reach > 0)
    step = reach[inside] / slope[inside] * np.array([[-1.0], [1.0]])
    with np.errstate(over="ignore"):
        if scale == "share":
            ends[:, inside] = expit(logit(number[inside]) + step)
        else:
            ends[:, inside] = number[inside] * np.exp(step)
    return Ends(*ends)


def rate_interval(
    rate: Floats, spread: Floats, effective: ArrayLike, n: ArrayLike, confidence: float
) -> Ends:
    """The interval of a mean of zeros and ones, nowhere shorter than the binomial one.

    Where a cell's few answers are all alike, resampling shows no variation at all. Wilson's
    interval, which takes answers to be independent, is then the least that can be said.

    Parameters
    ----------
    rate, spread, effective
        As `value` and the others of `student_interval`.
    n : array
        Answers behind each rate.
    confidence : float

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22.
    """
    found = student_interval(rate, spread, effective, confidence, "share")
    z = normal_quantile(confidence)
    count = np.asarray(n, np.float64)
    n = np.where(count > 0, count, np.nan)
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    # Rounding must not carry an end past the rate itself: 0 stays within, 1 too.
    lower = np.maximum(0, np.minimum(found.lower, middle - half))
    return Ends(lower, np.minimum(1, np.maximum(found.upper, middle + half)))


def normal_quantile(confidence: float) -> float:
    """Standard errors to either side that hold a share of a normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def t_reach(effective: Floats, confidence: float) -> Floats:
    """How many standard deviations of resamples an interval reaches to either side."""
    from scipy.special import stdtrit

    quantile = np.asarray(stdtrit(effective - 1, (1 + confidence) / 2), np.float64)
    return quantile * np.sqrt(effective / (effective - 1))


def tail(effective: float, confidence: float) -> float:
    """Which share of resamples to leave out at either end, for percentiles that reach as far.

    References
    ----------
    Hesterberg (2015), What teachers should know about the bootstrap, for these "expanded
    percentiles". The American Statistician 69.
    """
    from scipy.special import ndtr

    if not effective >= _LEAST:
        return float("nan")
    return float(ndtr(-t_reach(np.asarray(effective), confidence)))
