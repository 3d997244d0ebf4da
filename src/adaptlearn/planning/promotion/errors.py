"""The cost of an error: false promotions and needless holding back, over the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, ratio
from adaptlearn.planning.frames import Tabled
from adaptlearn.tables import Parts, number
from adaptlearn.validation import label_problems, shape_problems, value_problems

_SUBJECT = "promotion_errors"
_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
ALL = "all students"


@dataclass(frozen=True, eq=False, repr=False)
class PromotionErrors(Tabled):
    """How often a threshold promotes wrongly and holds back needlessly; `print` shows a table.

    The rows of the arrays are the groups, the first of them all students; the columns are the
    thresholds.

    Attributes
    ----------
    groups : tuple
    threshold : float array, shape (n_thresholds,)
    n : int array, shape (n_groups,)
        How many standards of students there are.
    promoted : float array, shape (n_groups, n_thresholds)
        The share whose probability is at least the threshold.
    false_promotions : float array, shape (n_groups, n_thresholds)
        The share of the promoted who are truly below the standard; nan if nobody is promoted.
    needless : float array, shape (n_groups, n_thresholds)
        The share that is held back among those who truly meet the standard; nan if nobody does.
    """

    groups: tuple[Any, ...]
    threshold: Floats
    n: NDArray[np.int64]
    promoted: Floats
    false_promotions: Floats
    needless: Floats

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per group and threshold, as columns for any dataframe library."""
        n_groups, n_thresholds = self.promoted.shape
        return {
            "group": np.repeat(
                np.array([str(group) for group in self.groups], object), n_thresholds
            ),
            "threshold": np.tile(self.threshold, n_groups),
            "n": np.repeat(self.n, n_thresholds),
            "promoted": self.promoted.ravel(),
            "false_promotions": self.false_promotions.ravel(),
            "needless": self.needless.ravel(),
        }

    def _parts(self) -> Parts:
        head = ["group", "threshold", "promoted", "false promotions", "needlessly held back"]
        rows = [
            [str(group), f"{threshold:g}", *(number(float(one[row, at])) for one in
             (self.promoted, self.false_promotions, self.needless))]
            for row, group in enumerate(self.groups)
            for at, threshold in enumerate(self.threshold)
        ]  # fmt: skip
        return Parts("errors of promotion over the threshold", head, rows, [])

    def __repr__(self) -> str:
        return str(self)


def promotion_errors(
    probability: ArrayLike,
    truth: ArrayLike,
    *,
    group: ArrayLike | None = None,
    thresholds: ArrayLike = _THRESHOLDS,
) -> PromotionErrors:
    """Count false promotions and needless holding back at each threshold.

    Parameters
    ----------
    probability : float array, shape (n,)
        For example the column ``known`` of `PromotionReport.by_standard`: one row for each
        student and standard.
    truth : bool array, shape (n,)
        Whether the student truly meets the standard. For simulated students, the simulation knows
        it. For real students, an examination may tell it.
    group : array, shape (n,), optional
        The group of each row's student.
    thresholds : array, shape (n_thresholds,)

    Returns
    -------
    PromotionErrors

    Raises
    ------
    ParameterError
        Arrays have different lengths or are empty, probabilities or thresholds lie outside [0, 1],
        or truths are not 0 or 1.

    Examples
    --------
    >>> from adaptlearn.planning import promotion_errors
    >>> found = promotion_errors([0.95, 0.92, 0.7, 0.4], [1, 0, 1, 0], thresholds=[0.5, 0.9])
    >>> found.false_promotions.round(2).tolist(), found.needless.tolist()
    ([[0.33, 0.5]], [[0.0, 0.5]])
    """
    values, known = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    cuts = np.asarray(thresholds, np.float64)
    parts = np.zeros(values.shape, int) if group is None else np.asarray(group)
    problems = shape_problems({"probability": values, "truth": known, "group": parts})
    if not problems:
        rows = np.arange(len(values))
        problems += value_problems(
            {
                "probability must lie in [0, 1]": ~((values >= 0) & (values <= 1)),
                "truth must be 0 or 1": ~np.isin(known, (0, 1)),
            },
            rows,
        )
        problems += label_problems({"group": parts}, rows)
        problems += [] if len(values) else ["there are no rows"]
    if cuts.ndim != 1 or not cuts.size or not ((cuts >= 0) & (cuts <= 1)).all():
        problems.append("thresholds must be numbers in [0, 1], at least one")
    if problems:
        raise ParameterError(_SUBJECT, problems)
    labels, code = np.unique(parts, return_inverse=True)
    masks = [np.ones(len(values), bool)]
    if group is not None:
        masks += [code == place for place in range(len(labels))]
    counted = [_counts(values[rows], known[rows] == 1, cuts) for rows in masks]
    promoted, false, needless = (np.stack(one) for one in zip(*counted, strict=True))
    names = (ALL,) if group is None else (ALL, *labels.tolist())
    sizes = np.array([int(rows.sum()) for rows in masks])
    return PromotionErrors(names, cuts, sizes, promoted, false, needless)


def _counts(values: Floats, meets: Bools, cuts: Floats) -> tuple[Floats, Floats, Floats]:
    """Share promoted, share of these below the standard, share held back of those who meet it."""
    n = np.full(cuts.shape, len(values))
    ready, others = np.sort(values[meets]), np.sort(values[~meets])
    right = len(ready) - np.searchsorted(ready, cuts)
    wrong = len(others) - np.searchsorted(others, cuts)
    back = ratio(len(ready) - right, np.full(cuts.shape, len(ready)))
    return ratio(right + wrong, n), ratio(wrong, right + wrong), back
