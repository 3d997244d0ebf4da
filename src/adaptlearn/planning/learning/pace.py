"""How fast a student comes on, measured against what the model expects of everybody.

The pace of a student is a factor on the minutes that the model expects: at a pace of 1.5 a student
takes half as long again. The log of the pace is normal. What a student has done so far tells it:
the minutes spent, over the minutes by which the expected way has become shorter.

References
----------
- V. Vovk, A. Gammerman, G. Shafer (2005). Algorithmic learning in a random world. Springer
  (intervals from the errors of earlier predictions).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints
from adaptlearn.sequencing.knowledge.lessons_left import LessonsLeft
from adaptlearn.validation import Interval, check_parameters


class OwnPace(NamedTuple):
    """The log of each student's pace; arrays of shape (n_students,).

    Attributes
    ----------
    middle, spread : float arrays
        The median and the standard deviation.
    """

    middle: Floats
    spread: Floats


@dataclass(frozen=True)
class Pace:
    """How much students differ in pace, and how far earlier plans were off.

    `learn_pace` measures both on earlier students.

    Parameters
    ----------
    spread : float, default 0.3
        The standard deviation of the log of the pace between students of whom nothing is known.
    edges : tuple of float, default ()
        Minutes still expected, in rising order: they part near targets from far ones.
    errors : tuple of triples of float, optional
        One for each part: how many standard deviations the lower end, the median and the upper end
        of an interval are from the expected log of the minutes. By default those of a normal
        distribution at 10%, 50% and 90%.

    Examples
    --------
    >>> from adaptlearn.planning import Pace
    >>> Pace(spread=0.2)
    Pace(spread=0.2, edges=(), errors=((-1.282, 0.0, 1.282),))
    """

    spread: float = 0.3
    edges: tuple[float, ...] = ()
    errors: tuple[tuple[float, float, float], ...] = ((-1.282, 0.0, 1.282),)

    def __post_init__(self) -> None:
        edges = tuple(map(float, self.edges))
        errors = tuple(tuple(map(float, triple)) for triple in self.errors)
        problems = []
        if [*edges] != sorted({*edges}):
            problems.append(f"edges must rise, got {edges}")
        if len(errors) != len(edges) + 1:
            problems.append(
                f"{len(edges)} edges part {len(edges) + 1} ranges; errors has {len(errors)}"
            )
        problems += [
            f"errors must hold triples that rise, got {triple}"
            for triple in errors
            if len(triple) != 3 or [*triple] != sorted(triple)
        ]
        check_parameters(
            "Pace", {"spread": self.spread}, {"spread": [Interval(0, 3, "right")]}, problems
        )
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "errors", errors)

    def to_dict(self) -> dict[str, Any]:
        """The arguments, as values that JSON can store; ``Pace(**given)`` reads them."""
        return asdict(self)

    def quantiles(self, minutes: Floats, variance: Floats, own: OwnPace) -> Floats:
        """The lower end, the median and the upper end of the minutes until a target.

        Parameters
        ----------
        minutes, variance : float arrays, shape (n_students, n_targets)
            The expected minutes at the student's median pace, and the variance at a known pace.
        own : OwnPace

        Returns
        -------
        float array, shape (3, n_students, n_targets)
        """
        middle, spread = log_minutes(minutes, variance, own)
        part = np.searchsorted(np.array(self.edges), np.where(minutes > 0, minutes, 0.0))
        errors = np.array(self.errors)[part]
        with np.errstate(invalid="ignore", over="ignore"):
            found = np.exp(middle[..., None] + errors * spread[..., None])
        found[minutes <= 0] = 0.0
        found[np.isinf(minutes)] = np.inf
        return np.moveaxis(found, -1, 0)


def log_minutes(minutes: Floats, variance: Floats, own: OwnPace) -> tuple[Floats, Floats]:
    """Median and standard deviation of the log of minutes, as of a log-normal distribution."""
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.log1p(np.where(minutes > 0, variance / minutes**2, 0.0))
        middle = np.log(minutes) - noise / 2
    return middle, np.sqrt(noise + own.spread[:, None] ** 2)


def own_pace(
    pace: Pace,
    answers: Ints,
    begun: LessonsLeft,
    left: LessonsLeft,
    *,
    minutes: Floats,
    n_items: int,
) -> OwnPace:
    """Each student's pace, from what the answers so far have brought.

    Parameters
    ----------
    pace : Pace
    answers : int array, shape (n_students, n_skills)
    begun, left : LessonsLeft
        How many lessons the model expected before the first answer, and expects now.
    minutes : float array, shape (n_skills,)
        Minutes of a lesson on each skill.
    n_items : int
        Answers in a lesson.

    Returns
    -------
    OwnPace

    Notes
    -----
    Minutes vary by ``noise`` for each minute expected, so ``spent / done`` has a relative variance
    of ``noise / spent``. With the variance between students, ``spread²``, that gives the weight of
    ``usual = noise / spread²`` minutes to the pace of 1.
    """
    tried = (answers > 0) & np.isfinite(begun.mean) & np.isfinite(left.mean) & np.isfinite(minutes)
    minutes = np.where(np.isfinite(minutes), minutes, 0.0)

    def total(table: Floats) -> Floats:
        return np.asarray(np.where(tried, table, 0.0).sum(axis=1))

    spent = total(answers / n_items * minutes)
    done = total((begun.mean - left.mean) * minutes)
    noise = total(begun.variance * minutes**2) / np.maximum(total(begun.mean * minutes), 1e-9)
    usual = np.maximum(noise / pace.spread**2, 1e-9)
    ratio = (spent + usual) / (np.maximum(done, -usual / 2) + usual)
    return OwnPace(np.log(ratio), pace.spread * np.sqrt(usual / (usual + spent)))
