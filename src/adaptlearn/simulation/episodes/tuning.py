"""The constants of baselines, tuned: each one as good as its one number can make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.episodes.episode import run_episode
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.simulation.teachers.baselines import CONSTANTS, baseline
from adaptlearn.validation import some

TUNING_SEEDS = tuple(range(100, 105))


def tuned_constants(
    simulator: Simulator,
    course: Course,
    *,
    names: Sequence[str] = tuple(CONSTANTS),
    outcomes: Sequence[str] = ("bill_60", "bill_300", "bill_1000"),
    parameters: Mapping[str, ArrayLike] | None = None,
    n_students: int = 400,
    seeds: Sequence[int] = TUNING_SEEDS,
    budget: float = 1200.0,
    minutes_per_day: float = 40.0,
) -> dict[str, dict[str, float]]:
    """Find the best constant of each baseline for each outcome, on students kept for tuning.

    Parameters
    ----------
    simulator : Simulator
    course : Course
    names : sequence of str, optional
        Names of baselines from `CONSTANTS`; by default all. All constants that `CONSTANTS` lists
        for a baseline are tried.
    outcomes : sequence of str, optional
        Names of `OUTCOMES`.
    parameters : mapping of str to float or array, shape (n_skills,), optional
        As in `baselines`.
    n_students : int, default 400
        The number of students for each seed.
    seeds : sequence of int, default 100 to 104
        The seeds of the tuning students. Do not use these seeds again for the results that you
        report.
    budget, minutes_per_day : float
        As in `run_episode`.

    Returns
    -------
    dict of str to dict of str to float
        The best constant by baseline and outcome. If several constants are equally good, the first
        of these constants is used.

    Raises
    ------
    ParameterError
        The error is raised if a name is unknown, or if an argument of `run_episode` is out of
        range.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState
    >>> from adaptlearn.simulation.episodes import tuned_constants
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> tuned_constants(TwoState(2), course, names=["in_a_row"])["in_a_row"]
    {'bill_60': 2, 'bill_300': 3, 'bill_1000': 3}
    """
    unknown = [
        f"{what}: no {name!r}; there are {some(there, 30)}"
        for what, listed, there in (("names", names, CONSTANTS), ("outcomes", outcomes, OUTCOMES))
        for name in listed
        if name not in there
    ]
    if unknown:
        raise ParameterError("tuned_constants", unknown)
    found: dict[str, dict[str, float]] = {}
    for name in names:
        means = []
        for constant in CONSTANTS[name]:
            policy = baseline(name, constant, course, parameters=parameters)
            episode = run_episode(
                simulator, policy, course, n_students=n_students, seeds=seeds, budget=budget,
                minutes_per_day=minutes_per_day,
            )  # fmt: skip
            means.append([np.nanmean(OUTCOMES[outcome].of(episode)) for outcome in outcomes])
        found[name] = {}
        for outcome, of in zip(outcomes, np.transpose(means), strict=True):
            best = np.argmax(of) if OUTCOMES[outcome].better == "higher" else np.argmin(of)
            found[name][outcome] = CONSTANTS[name][int(best)]
    return found
