"""Which skills an answer tells about, as a table and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.media import picture_text
from adaptlearn.numerics import Floats
from adaptlearn.plotting import new_axes
from adaptlearn.validation import Interval, OneOf, check_parameters

_LABELS = {
    "specific": "log odds, right minus wrong,\nless row and column",
    "contrast": "log odds, right minus wrong answer",
    "right": "log odds after a right answer",
    "wrong": "log odds after a wrong answer",
}


@dataclass(frozen=True)
class Transfer:
    """How much a new student's first answer changes the prediction on every skill.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        The labels of the skills, in the order of the rows and columns.
    right, wrong : float arrays, shape (n_skills, n_skills)
        ``right[a, b]``: how much the log odds of a right answer on skill b change if the student's
        first answer is a right answer on skill a. ``wrong[a, b]``: how much the log odds of a right
        answer on skill b change if the student's first answer is a wrong answer on skill a.
    """

    skills: NDArray[Any]
    right: Floats
    wrong: Floats

    @property
    def contrast(self) -> Floats:
        """``right - wrong``: the difference between the effects of a right and a wrong answer."""
        return self.right - self.wrong

    @property
    def specific(self) -> Floats:
        """The part of `contrast` that is specific to a pair of skills.

        Answers on some skills change the predictions on all skills more than other answers do. And
        the predictions on some skills change more than others, after answers on any skill. This
        table is `contrast` without these two effects, which are estimated as ``row + column`` by
        least squares. If an entry is positive, an answer on a changes the prediction on b more than
        the two effects explain. The diagonal is not used and is 0.
        """
        off = self.contrast.copy()
        np.fill_diagonal(off, 0)
        n = len(off)
        if n < 3:
            return np.zeros_like(off)
        mean = off.sum() / (n * (n - 1))
        # Sums over the other skills; each lacks its own diagonal.
        row, column = (off.sum(axis=axis) - (n - 1) * mean for axis in (1, 0))
        scale = (n - 1) ** 2 - 1
        by_row, by_column = ((n - 1) * row + column) / scale, ((n - 1) * column + row) / scale
        found = np.asarray(off - mean - by_row[:, None] - by_column)
        np.fill_diagonal(found, 0)
        return found

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per pair of skills, as columns for any dataframe library."""
        n = len(self.skills)
        return {
            "answered": np.repeat(self.skills, n),
            "skill": np.tile(self.skills, n),
            "right": self.right.ravel(),
            "wrong": self.wrong.ravel(),
        }

    def ordered(self) -> NDArray[np.int64]:
        """An order of the skills in which similar skills are next to each other.

        Returns
        -------
        int array, shape (n_skills,)
            The order of the leaves of an average-linkage tree. Two skills are close in the tree if
            answers on them have similar effects on other skills, and if answers on other skills
            have similar effects on them.
        """
        from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
        from scipy.spatial.distance import squareform

        n = len(self.skills)
        if n < 3:
            return np.arange(n)
        mutual = self.specific + self.specific.T
        apart = mutual.max() - mutual
        np.fill_diagonal(apart, 0)
        distances = squareform(apart, checks=False)
        tree = optimal_leaf_ordering(linkage(distances, "average"), distances)
        return np.asarray(leaves_list(tree), np.int64)


def plot_transfer(
    effects: Transfer,
    what: Literal["specific", "contrast", "right", "wrong"] = "specific",
    ax: Any = None,
    *,
    most: int = 40,
) -> Any:
    """Draw how much an answer on each skill changes the prediction on each other skill.

    Similar skills are next to each other; see `Transfer.ordered`. The diagonal is left blank,
    because its values are much larger than all other values.

    Parameters
    ----------
    effects : Transfer
    what : {"specific", "contrast", "right", "wrong"}
    ax : matplotlib axes, optional
    most : int
        The largest number of skills to draw. If the model has more than `most` skills, the picture
        shows the skills with the strongest specific effects on other skills.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    check_parameters(
        "plot_transfer",
        {"what": what, "most": most},
        {"what": [OneOf(tuple(_LABELS))], "most": [Interval(1, 1e6, integer=True)]},
    )
    shown = _shown(effects, most)
    values = getattr(effects, what)[np.ix_(shown, shown)].copy()
    np.fill_diagonal(values, np.nan)
    top = float(np.nanmax(np.abs(values))) if len(shown) > 1 else 0.0
    top = top or 1.0
    side = max(4.2, 2.6 + 0.18 * len(shown))
    ax = new_axes(ax, (side + 0.9, side))
    picture = ax.imshow(values, cmap="RdBu", vmin=-top, vmax=top)
    names = [picture_text(skill, 24) for skill in effects.skills[shown].tolist()]
    ax.set_xticks(range(len(shown)), names, rotation=90, fontsize=7)
    ax.set_yticks(range(len(shown)), names, fontsize=7)
    ax.set_xlabel("tells about skill")
    ax.set_ylabel("first answer on skill")
    ax.figure.colorbar(picture, ax=ax, label=_LABELS[what], shrink=0.8)
    return ax


def _shown(effects: Transfer, most: int) -> NDArray[np.int64]:
    away = np.abs(effects.specific).sum(axis=1)
    chosen = np.argsort(-away, kind="stable")[:most]
    order = effects.ordered()
    return order[np.isin(order, chosen)]
