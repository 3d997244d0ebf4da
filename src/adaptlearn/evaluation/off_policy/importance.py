"""Importance weighting as array functions: estimates, how students move them, intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.results import Estimate
from adaptlearn.numerics import Bools, Floats, Ints

_PLAIN = 500  # exponents of two up to which squares are no trouble


class Linear(NamedTuple):
    """An estimate, and how much each student moves it.

    Attributes
    ----------
    value : float
    influence : float array, shape (n_students,)
        With mean 0; to first order, the estimate errs as their mean does.
    """

    value: float
    influence: Floats

    def less(self, other: Linear) -> Linear:
        """The difference of two estimates from the same students."""
        return Linear(self.value - other.value, self.influence - other.influence)


@np.errstate(over="ignore", invalid="ignore")
def ratio(above: Floats, below: Floats, student: Ints) -> Linear:
    """Sum over sum, of entries that come in students.

    Parameters
    ----------
    above, below : float arrays, shape (n,)
        Entries; those below must not add up to 0.
    student : integer array, shape (n,)
        Students as ``0 … n_students - 1``.

    Returns
    -------
    Linear
        Not finite where numbers are more than a float holds.
    """
    top, bottom = np.bincount(student, above), np.bincount(student, below)
    value = top.sum() / bottom.sum()
    return Linear(float(value), (top - value * bottom) / bottom.mean())


def effective_size(weight: Floats) -> float:
    """Kish's effective sample size, ``sum(w)**2 / sum(w**2)``; 0 where all weights are 0."""
    weight, _ = brought_near_one(weight)
    square = float((weight * weight).sum())
    return float(weight.sum()) ** 2 / square if square else 0.0


def brought_near_one(values: Floats) -> tuple[Floats, int]:
    """Numbers over the power of two that is near the largest, and its exponent.

    A power of two changes no digit of a number. Numbers that are neither very large nor very
    small stay as they are, with exponent 0.
    """
    exponent = int(np.frexp(np.abs(values).max(initial=0.0))[1])
    if abs(exponent) <= _PLAIN:
        return values, 0
    return np.ldexp(values, -exponent), exponent


def times_power(value: Any, exponent: int) -> Any:
    """A number or an array, times ``2**exponent``; infinite where a float cannot hold it."""
    with np.errstate(over="ignore"):
        return np.ldexp(value, exponent)


class Products(NamedTuple):
    """A product of weights per student; as a power of two apart, it neither overflows nor fades.

    Attributes
    ----------
    scaled : float array, shape (n_students,)
        The products over ``2**exponent``.
    exponent : int
        0 unless the largest is out of proportion.
    """

    scaled: Floats
    exponent: int

    def times(self, weight: Floats, who: Ints) -> Products:
        """With another weight for some of the students, each at most once."""
        scaled = self.scaled.copy()
        with np.errstate(over="ignore"):
            scaled[who] *= weight
        scaled, more = brought_near_one(scaled)
        return Products(scaled, self.exponent + more)

    def at_most(self, limit: float) -> Floats:
        """The scaled products, the true ones cut to a limit."""
        cut: Floats = np.minimum(self.scaled, times_power(limit, -self.exponent))
        return cut

    def beyond(self, limit: float) -> Bools:
        """Which of the true products are larger than a limit."""
        over: Bools = self.scaled > times_power(limit, -self.exponent)
        return over


class Step(NamedTuple):
    """One step of all students at once.

    Attributes
    ----------
    rows : integer array, shape (n_there,)
        Entries of the log: of the students who have a decision here.
    before, after : Products
        Of each student's weights up to the step before, and up to this one; of those whose
        decisions have ended, up to their last.
    """

    rows: Ints
    before: Products
    after: Products


def steps(weight: Floats, student: Ints, step: Ints) -> Iterator[Step]:
    """Walk through sequences, a step of all students at a time.

    Raises
    ------
    ParameterError
        If a product of weights is more than a float holds.
    """
    after = Products(np.ones(int(student.max()) + 1), 0)
    rows_of = np.split(np.argsort(step, kind="stable"), np.cumsum(np.bincount(step))[:-1])
    for number, rows in enumerate(rows_of):
        before = after
        after = before.times(weight[rows], student[rows])
        if not np.isfinite(times_power(after.scaled.max(), after.exponent)):
            raise ParameterError(
                "off_policy_return",
                [f"products of weights overflow at a student's decision {number + 1}: the "
                 "sequences are too long for policies so different"],
            )  # fmt: skip
        yield Step(rows, before, after)


@np.errstate(over="ignore", invalid="ignore")
def sequence_value(
    walk: list[Step],
    student: Ints,
    reward: Floats,
    model: tuple[Floats, Floats] | None,
    *,
    discount: float,
    clip: float,
    weighted: bool,
) -> Linear:
    """Per-decision importance sampling; doubly robust with a reward model's `q` and `v`.

    Weighted, the products of each step are divided by their mean over students, and the
    influence is that of both: of a quotient of means. Not finite where numbers are more than a
    float holds.
    """
    n_students = len(walk[0].after.scaled)
    q, v = model or (np.zeros(len(reward)), np.zeros(len(reward)))
    value, influence, fading = 0.0, np.zeros(n_students), 1.0
    for rows, before, after in walk:
        who = student[rows]
        for products, gain in ((before, v[rows]), (after, reward[rows] - q[rows])):
            product = products.at_most(clip)
            worth = np.bincount(who, product[who] * gain, n_students)
            scale = product.mean() if weighted else 1.0
            part = worth.mean() / scale
            moved = fading * (worth - part * (product if weighted else 1.0)) / scale
            # Over their mean, products say the same however small all of them are.
            exponent = 0 if weighted else products.exponent
            value += times_power(fading * part, exponent)
            influence += times_power(moved, exponent)
        fading *= discount
    return Linear(float(value), influence)


def skewed_interval(found: Linear, confidence: float) -> Estimate:
    """An interval over students that allows for skewness.

    Student's t interval, bent by Hall's cubic transformation, which takes the leading skewness
    out of the studentised mean. Both ends are nan below two students, and where every student
    moves the estimate alike, so that nothing is seen of how it varies.

    References
    ----------
    Hall (1992), On the removal of skewness by transformation. JRSS B 54(1).
    """
    from scipy.special import stdtrit

    value, (influence, exponent) = found.value, brought_near_one(found.influence)
    n = len(influence)
    spread = float(influence.std(ddof=1)) if n > 1 else 0.0
    if times_power(spread, exponent) <= 1e-12 * (1 + abs(value)):
        return Estimate(value, float("nan"), float("nan"))
    skewness = float((((influence - influence.mean()) / spread) ** 3).mean())
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) / n**0.5

    def bent(x: float) -> float:
        if abs(skewness) < 1e-6:  # the limit of what follows
            return x
        return 3 / skewness * (float(np.cbrt(1 + skewness * (x - skewness / (6 * n)))) - 1)

    lower, upper = (value - float(times_power(spread * bent(x), exponent)) for x in (reach, -reach))
    return Estimate(value, lower, upper)
