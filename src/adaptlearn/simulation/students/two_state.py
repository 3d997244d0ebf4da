"""Students who know a skill or do not: one population, individuals, prerequisites, fitted draws.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- M. Yudelson, K. Koedinger, G. Gordon (2013). Individualized Bayesian knowledge tracing models.
  Artificial Intelligence in Education 2013, 171-180.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.simulation.students.base import (
    Family,
    StudentClasses,
    StudentDifferences,
    Students,
    differing,
    more_likely,
    normal,
)
from adaptlearn.simulation.students.dynamics import probability_correct
from adaptlearn.simulation.students.parameters import (
    by_skill,
    must_hold,
    parents_of,
    probabilities,
    skill_numbers,
)
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval, check_parameters, some

_NAMES = ("prior", "learn", "forget", "guess", "slip")


class TwoState:
    """A student knows a skill or not; practice may change this state.

    P(right answer) is ``1 - slip`` if the student knows the skill, and ``guess`` if not. After each
    answer, the student learns an unknown skill with probability ``learn``, and forgets a known
    skill with probability ``forget``.

    Parameters
    ----------
    n_skills : int
    prior, learn, guess, slip, forget : float or array, shape (n_skills,)
        Probabilities; the sum of ``guess`` and ``slip`` must be below 1.
    differences : StudentDifferences or StudentClasses, optional
        How students differ in the odds of ``prior`` and ``learn``; by default all students are
        alike.
    prerequisites : pairs (first, then) of skill numbers, or bool array (n_skills, n_skills)
        Row k of the array marks the direct prerequisites of skill k.
    unready : float, default 0.2
        Each direct prerequisite that is not known multiplies ``learn`` by this factor. Students can
        therefore learn a skill without its prerequisites, but more slowly.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> students = TwoState(3, prior=0, learn=1, guess=0, slip=0).start(4, rng)
    >>> students.answer(np.array([0, 0, 1, 2]), rng).tolist()
    [False, False, False, False]
    >>> students.knows().astype(int).tolist()
    [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """

    family: ClassVar[Family] = "bkt"

    def __init__(
        self,
        n_skills: int,
        *,
        prior: ArrayLike = 0.3,
        learn: ArrayLike = 0.15,
        guess: ArrayLike = 0.2,
        slip: ArrayLike = 0.1,
        forget: ArrayLike = 0.0,
        differences: StudentDifferences | StudentClasses | None = None,
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
        unready: float = 0.2,
    ) -> None:
        checked = by_skill(
            "TwoState",
            n_skills,
            probabilities(prior=prior, learn=learn, forget=forget, guess=guess, slip=slip),
            {"unready": unready},
        )
        self._set({name: values[None] for name, values in checked.items()})
        self.differences = differences
        self.parents = parents_of(prerequisites, n_skills)
        self.unready = unready

    def _set(self, draws: dict[str, Floats]) -> None:
        above = draws["guess"] + draws["slip"] >= 1
        must_hold("TwoState", "guess + slip must stay below 1", above)
        self.draws = draws
        self.n_skills: int = draws["prior"].shape[1]

    @classmethod
    def from_draws(
        cls,
        draws: Mapping[str, ArrayLike],
        *,
        differences: StudentDifferences | StudentClasses | None = None,
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
        unready: float = 0.2,
    ) -> Self:
        """Make a simulator with parameters that were fitted to a real log.

        Parameters
        ----------
        draws : mapping of str to array, shape (n_draws, n_skills) or (n_skills,)
            The parameters ``prior``, ``learn``, ``guess``, ``slip`` and optionally ``forget``. Pass
            one estimate of each parameter, or many draws that show how uncertain the estimates are
            (`parameter_draws` makes draws from intervals). Each student uses one of the draws.
            Other entries of the mapping (for example, labels) are ignored.
        differences, prerequisites, unready
            As in `TwoState`.

        Raises
        ------
        ParameterError
            The error is raised if a parameter is missing, is not a probability, or has another
            shape than the other parameters.
        """
        missing = [name for name in _NAMES if name not in draws and name != "forget"]
        if missing:
            raise ParameterError("TwoState.from_draws", [f"no {name}" for name in missing])
        found = {name: np.atleast_2d(np.asarray(draws[name], np.float64)) for name in _NAMES
                 if name in draws}  # fmt: skip
        shapes = {table.shape for table in found.values()}
        problems = [
            f"{name}: not all are probabilities"
            for name, table in found.items()
            if not ((table >= 0) & (table <= 1)).all()
        ]
        if len(shapes) > 1 or any(table.ndim != 2 for table in found.values()):
            problems.append(f"shapes differ: {some(sorted(shapes))}")
        if problems:
            raise ParameterError("TwoState.from_draws", problems)
        found.setdefault("forget", np.zeros_like(found["prior"]))
        made = cls(
            found["prior"].shape[1],
            differences=differences,
            prerequisites=prerequisites,
            unready=unready,
        )
        made._set(found)
        return made

    def with_skills(
        self,
        skills: ArrayLike,
        *,
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
    ) -> Self:
        """Make a simulator of the same students, with new skills.

        Each new skill takes its parameters from one of this simulator's skills.

        Parameters
        ----------
        skills : int array, shape (n,)
            For each new skill, the number of the skill in this simulator whose parameters the new
            skill gets. The same number may occur several times.
        prerequisites
            The prerequisites of the new skills, as in `TwoState`; by default, the new skills have
            no prerequisites.

        Raises
        ------
        ParameterError
            The error is raised if a number in `skills` is out of range.

        Examples
        --------
        >>> TwoState(3, prior=[0.1, 0.2, 0.3]).with_skills([2, 2, 0, 1]).draws["prior"].tolist()
        [[0.3, 0.3, 0.1, 0.2]]
        """
        chosen = skill_numbers("TwoState.with_skills", skills, self.n_skills)
        return self.from_draws(
            {name: table[:, chosen] for name, table in self.draws.items()},
            differences=self.differences,
            prerequisites=prerequisites,
            unready=self.unready,
        )

    def start(self, n: int, rng: Draws) -> KnowingStudents:
        """Make `n` students who have not practised yet."""
        tables = dict(self.draws)
        which = rng.random(n)
        if len(tables["prior"]) > 1:
            chosen = (which * len(tables["prior"])).astype(np.intp)
            tables = {name: table[chosen] for name, table in tables.items()}
        begin, pace, groups = differing(self.differences, n, rng)
        if self.differences is not None:
            tables["prior"] = more_likely(tables["prior"], np.exp(begin)[:, None])
            tables["learn"] = more_likely(tables["learn"], np.exp(pace)[:, None])
        known = rng.random((n, self.n_skills)) < tables["prior"]
        return KnowingStudents(known, tables, self.parents, self.unready, groups)


class KnowingStudents(Students):
    """Students of `TwoState`."""

    def __init__(
        self,
        known: Bools,
        tables: Mapping[str, Floats],
        parents: Ints,
        unready: float,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(known.shape[0], known.shape[1], groups)
        # One column more that is always known stands for the prerequisite that is not there.
        self._width = self.n_skills + 1
        self._known = np.ones((self.n, self._width), bool)
        self._known[:, :-1] = known
        self._tables = {name: table.ravel() for name, table in tables.items()}
        self._parents, self._unready = parents, unready

    @property
    def parameters(self) -> dict[str, Floats]:
        """Each student's own ``prior``, ``learn``, ``forget``, ``guess`` and ``slip`` by skill.

        All of shape (n, n_skills).
        """
        shape = (self.n, self.n_skills)
        return {
            name: np.broadcast_to(table.reshape(-1, self.n_skills), shape)
            for name, table in self._tables.items()
        }

    def _at(self, name: str, skills: Ints, rows: Ints) -> Floats:
        table = self._tables[name]
        shared = len(table) == self.n_skills
        return table.take(skills if shared else rows * self.n_skills + skills)

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        known = self._known.take(rows * self._width + skills)
        guess, slip = self._at("guess", skills, rows), self._at("slip", skills, rows)
        return probability_correct(known, guess, slip)

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: ARG002, D102
        cell = rows * self._width + skills
        learn = self._at("learn", skills, rows)
        if self._parents.shape[1]:
            before = (rows * self._width)[:, None] + self._parents[skills]
            missing = self._parents.shape[1] - self._known.take(before).sum(axis=1)
            learn = learn * self._unready**missing
        stays = luck >= self._at("forget", skills, rows)
        self._known.put(cell, np.where(self._known.take(cell), stays, luck < learn))

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        return self._known[:, :-1].astype(np.float64)

    def knows(self) -> Bools:  # noqa: D102 - the base's
        return self._known[:, :-1].copy()

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return self._known.take(rows * self._width + skills).astype(np.float64)


def parameter_draws(
    intervals: Mapping[str, ArrayLike],
    skills: Sequence[Any],
    *,
    n_draws: int = 200,
    confidence: float = 0.95,
    random_state: Randomness = 0,
) -> dict[str, Floats]:
    """Draw parameters from their confidence intervals, for `TwoState.from_draws`.

    The intervals are symmetric on the scale of log-odds. On the scale of log-odds, each parameter
    is drawn from a normal distribution around its estimate. The standard deviation of the normal
    distribution follows from the width of the interval. All parameters are independent. If a drawn
    guess and a drawn slip add up to 1 or more, their estimates are used instead.

    Parameters
    ----------
    intervals : mapping of str to array, shape (n,)
        A table with one row per parameter and skill, as
        ``BKT(uncertainty=True).fit(…).intervals()`` returns it. The columns are ``parameter``,
        ``skill``, ``value``, ``lower`` and ``upper``; nan in ``lower`` and ``upper`` means that the
        value is certain.
    skills : sequence of labels
        The skills, in the order of the columns of the result.
    n_draws : int, default 200
    confidence : float, default 0.95
        The coverage of the intervals.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    dict of str to float array, shape (n_draws, n_skills)

    Raises
    ------
    ParameterError
        The error is raised if a column is missing, or if a skill has no row or several rows for a
        parameter.
    """
    needed = ("parameter", "skill", "value", "lower", "upper")
    missing = [f"no column {name!r}" for name in needed if name not in intervals]
    if missing:
        raise ParameterError("parameter_draws", missing)
    check_parameters(
        "parameter_draws",
        {"n_draws": n_draws, "confidence": confidence},
        {"n_draws": [Interval(1, 10**6, integer=True)],
         "confidence": [Interval(0, 1, "neither")]},
    )  # fmt: skip
    columns = {name: np.asarray(intervals[name]) for name in needed}
    width = 2 * normal(np.array((1 + confidence) / 2))
    rng = generator_of(random_state)
    draws, estimates, problems = {}, {}, []
    for name in dict.fromkeys(columns["parameter"].tolist()):
        rows = np.flatnonzero(columns["parameter"] == name)
        labels = columns["skill"][rows].tolist()
        place = dict(zip(labels, rows.tolist(), strict=True))
        absent = [label for label in skills if label not in place]
        if absent or len(place) < len(rows):
            twice = [label for label in place if labels.count(label) > 1]
            wrong = some([*absent, *twice])
            problems.append(f"{name}: expected one row of each skill, not so of {wrong}")
            continue
        at = [place[label] for label in skills]
        value, lower, upper = (columns[end][at].astype(np.float64) for end in needed[2:])
        certain = np.isnan(lower) | np.isnan(upper) | (value <= 0) | (value >= 1)
        ends = np.where(certain, 0.5, np.stack([value, lower, upper]))
        centre, low, high = logit(np.clip(ends, 1e-12, 1 - 1e-12))
        drawn = expit(centre + rng.standard_normal((n_draws, len(at))) * (high - low) / width)
        estimates[name], draws[name] = value, np.where(certain, value, drawn)
    if problems:
        raise ParameterError("parameter_draws", problems)
    if {"guess", "slip"} <= draws.keys():
        overlap = draws["guess"] + draws["slip"] >= 1
        for name in ("guess", "slip"):
            draws[name] = np.where(overlap, estimates[name], draws[name])
    return draws
