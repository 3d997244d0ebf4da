"""The one-parameter model under the name, and in the unit, that Rasch gave it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from adaptlearn.models.irt.estimator import CONSTRAINTS, IRT
from adaptlearn.numerics import Floats


class Rasch(IRT):
    """The Rasch model: IRT with one discrimination for all items, in the unit of log odds.

    The Rasch model is the same model as ``IRT(kind="1PL")``, but in another unit. In `Rasch` the
    discrimination is 1, and the fit estimates `ability_sd_`, the standard deviation of abilities.
    Difficulties and abilities are log odds: on an item that is 1 harder, the odds of a right answer
    are ``e`` times smaller.

    Parameters
    ----------
    difficulty_sd, n_points, uncertainty, max_iter, tol
        See `IRT`.

    Attributes
    ----------
    ability_sd_ : float
        The standard deviation of abilities, in log odds.
    ability_sd_se_ : float
        The standard error of `ability_sd_`. With more than 300 items, this standard error is nan,
        and the standard errors of the difficulties do not include the error of `ability_sd_`. (The
        discrimination is 1 by definition and has no error.)

    See Also
    --------
    IRT : All other attributes, the methods, and how the fit works.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models import Rasch
    >>> rng = np.random.default_rng(0)
    >>> ability, difficulty = rng.normal(0, 1.5, 400), np.linspace(-2, 2, 10)
    >>> right = rng.random((400, 10)) < 1 / (1 + np.exp(difficulty - ability[:, None]))
    >>> student, item = np.indices(right.shape).reshape(2, -1)
    >>> log = {"student": student, "item": item, "skill": item * 0, "correct": right.ravel()}
    >>> model = Rasch().fit(log)
    >>> set(model.parameters_["discrimination"].round(12).tolist())
    {1.0}
    >>> bool(abs(model.ability_sd_ - 1.5) < 0.15)
    True
    """

    _constraints: ClassVar = CONSTRAINTS

    def __init__(
        self,
        *,
        difficulty_sd: float | None = 1.0,
        n_points: int | None = None,
        uncertainty: bool = True,
        max_iter: int = 500,
        tol: float = 1e-7,
    ) -> None:
        super().__init__(
            kind="1PL",
            difficulty_sd=difficulty_sd,
            n_points=n_points,
            uncertainty=uncertainty,
            max_iter=max_iter,
            tol=tol,
        )

    def _unit(self) -> float:
        return float(self._items.slope[0])

    def _errors_in_unit(self) -> tuple[Floats, Floats, float]:
        slope, difficulty = self._items.slope, self._items.difficulty
        of_one = np.full(len(slope), np.nan)
        of_sd = float(self._errors.log_slope[0] * slope[0])
        return self._errors.of_product(slope, difficulty), of_one, of_sd
