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

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
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


class Errors(NamedTuple):
    """How far the ends of an interval are from what is expected, by how far away a target is.

    Attributes
    ----------
    edges : tuple of float
        Minutes still expected, in rising order: they part near targets from far ones.
    errors : tuple of triples of float
        One for each part: how many standard deviations the lower end, the median and the upper end
        are from the expected log of the minutes.
    """

    edges: tuple[float, ...] = ()
    errors: tuple[tuple[float, float, float], ...] = ((-1.282, 0.0, 1.282),)

    def problems(self, name: str) -> Iterator[str]:
        """What is wrong with the numbers."""
        edges, errors = [*self.edges], self.errors
        if edges != sorted({*edges}):
            yield f"{name}: edges must rise, got {self.edges}"
        if len(errors) != len(edges) + 1:
            told = f"{len(edges)} edges part {len(edges) + 1} ranges"
            yield f"{name}: {told}; errors has {len(errors)}"
        for triple in errors:
            if len([*triple]) != 3 or [*triple] != sorted(triple):
                yield f"{name}: errors must hold triples that rise, got {triple}"

    def of(self, minutes: Floats) -> Floats:
        """The triples for targets that are so far away, shape (..., 3)."""
        return np.asarray(np.array(self.errors)[np.searchsorted(np.array(self.edges), minutes)])


# Of the ten kinds of simulated students together, half of them from each of two seeds for tuning.
_EDGES = (300.0, 540.0)
_WHOLE = Errors(_EDGES, ((-0.55, 0.67, 1.83), (-1.05, -0.06, 1.49), (-1.47, -0.29, 1.38)))
_PART = Errors(_EDGES, ((-2.32, 0.24, 1.58), (-1.72, -0.33, 1.31), (-1.82, -0.46, 1.25)))


@dataclass(frozen=True)
class Pace:
    """How much students differ in pace, and how far earlier plans were off.

    `learn_pace` measures the errors on earlier students.

    Parameters
    ----------
    spread : float, default 0.3
        The standard deviation of the log of the pace among students who have not answered yet.
    whole : Errors, or pair of edges and errors, optional
        For whole goals. The default was measured on the ten kinds of simulated students.
    parts : Errors, or pair of edges and errors, optional
        For targets that are only a part of a goal, such as a standard.

    Examples
    --------
    >>> from adaptlearn.planning import Pace
    >>> normal = ((), ((-1.282, 0.0, 1.282),))  # the ends at 10% and 90%
    >>> Pace(0.2, normal, normal).to_dict()["parts"]
    [[], [[-1.282, 0.0, 1.282]]]
    """

    spread: float = 0.3
    whole: Errors = _WHOLE
    parts: Errors = _PART

    def __post_init__(self) -> None:
        problems: list[str] = []
        for name in ("whole", "parts"):
            edges, errors = getattr(self, name)
            made = Errors(
                tuple(map(float, edges)),
                tuple(tuple(map(float, one)) for one in errors),  # type: ignore[misc]
            )
            problems += made.problems(name)
            object.__setattr__(self, name, made)
        check_parameters(
            "Pace", {"spread": self.spread}, {"spread": [Interval(0, 3, "right")]}, problems
        )

    def to_dict(self) -> dict[str, Any]:
        """The arguments, as values that JSON can store; ``Pace(**given)`` reads them."""
        lists = {
            name: [[*errors.edges], [[*triple] for triple in errors.errors]]
            for name, errors in (("whole", self.whole), ("parts", self.parts))
        }
        return {"spread": self.spread, **lists}

    def quantiles(self, minutes: Floats, variance: Floats, own: OwnPace, whole: Bools) -> Floats:
        """The lower end, the median and the upper end of the minutes until a target.

        Parameters
        ----------
        minutes, variance : float arrays, shape (n_students, n_targets)
            The expected minutes at the student's median pace, and the variance at a known pace.
        own : OwnPace
        whole : bool array, shape (n_students, n_targets)
            Whether the target is all that the student aims at.

        Returns
        -------
        float array, shape (3, n_students, n_targets)
        """
        middle, spread = log_minutes(minutes, variance, own)
        errors = np.where(whole[..., None], self.whole.of(minutes), self.parts.of(minutes))
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
