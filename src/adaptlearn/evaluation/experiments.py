"""Planning an experiment: how many students it needs, or how likely it shows a difference."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.validation import Constraint, Interval, OneOf, check_parameters

_MOST = 10**10  # units, at which a search gives up
_CONSTRAINTS: dict[str, list[Constraint]] = {
    "difference": [Interval(-float("inf"), float("inf"), closed="neither")],
    "sd": [Interval(0, float("inf"), closed="neither"), OneOf((None,))],
    "baseline": [Interval(0, 1, closed="neither"), OneOf((None,))],
    "power": [Interval(0, 1, closed="neither")],
    "n_students": [Interval(3, float("inf"), closed="left")],
    "class_size": [Interval(1, float("inf"), closed="left")],
    "class_size_cv": [Interval(0, float("inf"), closed="left")],
    "icc": [Interval(0, 1, closed="left")],
    "randomised": [OneOf(("student", "class"))],
    "alpha": [Interval(0, 1, closed="neither")],
}


class ExperimentDesign(TypedDict, total=False):
    """Keywords of `power` that say how the two arms of an experiment are formed."""

    sd: float | None
    baseline: float | None
    propensity: ArrayLike
    randomised: str
    class_size: float
    class_size_cv: float
    icc: float
    alpha: float


_DEFAULTS: ExperimentDesign = {
    "sd": None,
    "baseline": None,
    "propensity": 0.5,
    "randomised": "student",
    "class_size": 1,
    "class_size_cv": 0.0,
    "icc": 0.0,
    "alpha": 0.05,
}


class SampleSize(NamedTuple):
    """How many students and classes an experiment needs.

    Attributes
    ----------
    n_students, n_classes : int
        The numbers of students and of classes in the two arms together. If classes are randomised,
        each class stays whole.
    design_effect : float
        `n_students`, divided by the number of students that the experiment would need with
        independent students and two arms of equal size.
    power : float
        The power of an experiment with `n_students` students.
    """

    n_students: int
    n_classes: int
    design_effect: float
    power: float


class _Comparison(NamedTuple):
    """A comparison of two arms, except for its size.

    Attributes
    ----------
    difference : float
    variance : float
        Of the estimated difference, times the number of students.
    effect : float
        How many times that of independent students in equal arms.
    class_size : float
    by_class : bool
    alpha : float
    """

    difference: float
    variance: float
    effect: float
    class_size: float
    by_class: bool
    alpha: float

    def power(self, n_students: float) -> float:
        """How often the two-sided t test sees the difference."""
        n_classes = n_students / self.class_size
        if self.by_class:
            freedom = n_classes - 2
        else:  # students of one class are compared with each other
            freedom = n_students - 1 - (n_classes if self.class_size > 1 else 1)
        if freedom < 1:
            return 0.0
        moved = abs(self.difference) / (self.variance / n_students) ** 0.5
        return _t_power(moved, freedom, self.alpha)


def _t_power(moved: float, freedom: float, alpha: float) -> float:
    """Power of the two-sided t test, the true difference being so many standard errors.

    The normal probability of passing the critical value, averaged over the estimated standard
    error; the noncentral t of SciPy is the same, but at places nan.
    """
    from scipy.special import gammaincinv, ndtr, stdtrit

    nodes, weights = np.polynomial.legendre.leggauss(200)
    estimated = np.sqrt(gammaincinv(freedom / 2, (1 + nodes) / 2) * 2 / freedom)
    critical = float(stdtrit(freedom, 1 - alpha / 2)) * estimated
    return float(weights @ (ndtr(moved - critical) + ndtr(-moved - critical)) / 2)


def power(n_students: float, difference: float, **design: Unpack[ExperimentDesign]) -> float:
    """The probability that an experiment shows a difference between its two arms (the *power*).

    Parameters
    ----------
    n_students : float
        The number of students in both arms together.
    difference : float
        The difference that the experiment should show between the means (or the proportions) of the
        two arms.
    **design
        Keywords that say how the arms are formed; see *Other Parameters*.

    Returns
    -------
    float
        The power of the two-sided t test.

    Other Parameters
    ----------------
    sd : float, optional
        The standard deviation of the outcome within an arm. Pass either `sd` or `baseline`.
    baseline : float, optional
        If the outcome is a proportion, the proportion in the first arm. The proportion in the
        second arm is ``baseline + difference``.
    propensity : float or array, default 0.5
        The probability that a student is in the second arm. If the probability differs between
        students, pass an array with one probability per student. With an array, the result is the
        power of an analysis that weights each student by the inverse of the student's probability.
    randomised : {"student", "class"}, default "student"
        ``"student"``: the students of each class are divided among the arms, and are compared
        within their class. ``"class"``: each class is assigned to an arm as a whole.
    class_size : float, default 1
        The mean number of students per class; 1 for students without classes.
    class_size_cv : float, default 0.0
        The standard deviation of class sizes, divided by the mean class size.
    icc : float, default 0.0
        The intraclass correlation, which is the share of the outcome's variance that is between
        classes.
    alpha : float, default 0.05
        The probability that the experiment shows a difference although there is no difference.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Notes
    -----
    If whole classes are assigned, the variance of independent students is multiplied by ``1 + ((1 +
    cv**2) * class_size - 1) * icc`` (Kish 1965; Eldridge et al. 2006 for unequal classes). The
    degrees of freedom are then only the number of classes minus two. If students are assigned,
    differences between classes cancel, so the variance is multiplied by ``1 - icc``. Each arm's
    variance is multiplied by the mean of ``1 / propensity``, so propensities other than one half
    increase the variance.

    References
    ----------
    Kish (1965), Survey sampling. Eldridge, Ashby & Kerry (2006), Sample size for cluster
    randomized trials: effect of coefficient of variation of cluster size. International
    Journal of Epidemiology 35.

    Examples
    --------
    >>> round(power(128, 0.5, sd=1), 3)
    0.801
    >>> round(power(128, 0.5, sd=1, randomised="class", class_size=16, icc=0.1), 3)
    0.326
    """
    own = {"n_students": n_students, "difference": difference}
    return _comparison("power", own, design).power(n_students)


def sample_size(
    difference: float, *, power: float = 0.8, **design: Unpack[ExperimentDesign]
) -> SampleSize:
    """How many students an experiment needs to show a difference between two arms.

    Parameters
    ----------
    difference : float
        The difference between the two arms, as in `power`; it must not be 0.
    power : float, default 0.8
        The probability with which the experiment should show the difference.
    **design
        The keywords ``sd``, ``baseline``, ``propensity``, ``randomised``, ``class_size``,
        ``class_size_cv``, ``icc`` and ``alpha`` have the same meaning as in `power`.

    Returns
    -------
    SampleSize
        The smallest numbers of students and classes that reach the power. If whole classes are
        assigned to an arm, the size is a number of whole classes.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range. The error is also raised if no number
        of students reaches the power.

    Examples
    --------
    >>> sample_size(0.5, sd=1).n_students
    128
    >>> sample_size(0.05, baseline=0.6, randomised="class", class_size=25, icc=0.1).n_classes
    402
    """
    compared = _comparison("sample_size", {"difference": difference, "power": power}, design)
    unit = compared.class_size if compared.by_class else 1.0
    # Power rises with size: double until it is enough, then halve the gap.
    low, high = 0, 4
    while compared.power(high * unit) < power:
        low, high = high, 2 * high
        if high > _MOST:
            raise ParameterError(
                "sample_size", [f"no size up to {_MOST:,} shows a difference of {difference!r}"]
            )
    while high - low > 1:
        middle = (low + high) // 2
        reached = compared.power(middle * unit) >= power
        low, high = (low, middle) if reached else (middle, high)
    n_students = high * unit
    return SampleSize(
        n_students=int(np.ceil(n_students)),
        n_classes=int(np.ceil(n_students / compared.class_size)),
        design_effect=compared.effect,
        power=compared.power(n_students),
    )


def _comparison(subject: str, own: dict[str, Any], design: ExperimentDesign) -> _Comparison:
    """Check all arguments, and put together what they say; `own` are the subject's own."""
    if unknown := design.keys() - _DEFAULTS.keys():
        raise TypeError(f"{subject}() got an unexpected keyword argument {min(unknown)!r}")
    given: dict[str, Any] = {**own, **_DEFAULTS, **design}
    constraints = {name: _CONSTRAINTS[name] for name in given if name in _CONSTRAINTS}
    sd, baseline, difference = given["sd"], given["baseline"], given["difference"]
    problems = []
    if (sd is None) == (baseline is None):
        problems.append("give sd, for means, or baseline, for proportions")
    chance = np.asarray(given["propensity"], np.float64)
    if not chance.size or not ((chance > 0) & (chance < 1)).all():
        problems.append("propensity must lie in (0, 1)")
    check_parameters(subject, given, constraints, problems)
    if baseline is not None and not 0 < baseline + difference < 1:
        both = f"{baseline!r} and {difference!r}"
        raise ParameterError(subject, [f"baseline + difference must lie in (0, 1), got {both}"])
    rates = [] if baseline is None else [baseline, baseline + difference]
    first, second = [rate * (1 - rate) for rate in rates] or [sd**2, sd**2]
    spread = second * (1 / chance).mean() + first * (1 / (1 - chance)).mean()
    size, icc, by_class = given["class_size"], given["icc"], given["randomised"] == "class"
    classes = 1 + ((1 + given["class_size_cv"] ** 2) * size - 1) * icc if by_class else 1 - icc
    return _Comparison(
        difference=float(difference),
        variance=float(spread * classes),
        effect=float(spread * classes / (2 * (first + second))),
        class_size=float(size),
        by_class=by_class,
        alpha=float(given["alpha"]),
    )
