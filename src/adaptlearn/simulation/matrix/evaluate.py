"""Every policy on every simulator: the robust evaluation matrix.

A policy that is best in one simulator may owe that to the simulator. What holds in all of them, or
in most, is better founded; where the order turns round, a single simulation would have misled.

References
----------
- S. Doroudi, V. Aleven, E. Brunskill (2017). Robust evaluation matrix: towards a more principled
  offline exploration of instructional policies. Learning at Scale 2017, 3-12.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats
from adaptlearn.progress import report
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.episodes.arguments import LIMITS, seed_problems, skill_problems
from adaptlearn.simulation.episodes.episode import Episode, run_episode
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.matrix.checkpoint import Checkpoint, Means
from adaptlearn.simulation.matrix.matrix import Matrix
from adaptlearn.simulation.matrix.statistics import seed_means
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.simulation.teachers.policies import EpisodePolicy
from adaptlearn.validation import Interval, OneOf, check_parameters, some

_TOGETHER = 8192  # students of several seeds that are simulated at once
_POLICIES = "a mapping from names to policies"

Policies = Mapping[str, EpisodePolicy]
OnRun = Callable[[int, int], None]


def evaluation_matrix(
    simulators: Mapping[str, Simulator],
    policies: Policies | Callable[[str], Policies],
    course: Course,
    *,
    n_students: int = 1000,
    seeds: int | Sequence[int] = 20,
    budget: float = 600.0,
    minutes_per_day: float = 40.0,
    outcomes: Sequence[str] | None = None,
    baselines: Sequence[str] | None = None,
    oracle: str | None = None,
    held_out: Sequence[str] = (),
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    n_jobs: int | None = None,
    on_run: OnRun | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Matrix:
    """Let every policy teach the students of every simulator.

    Parameters
    ----------
    simulators : mapping of str to Simulator
    policies : mapping of str to EpisodePolicy, or callable
        The policies by name, or a function that takes a simulator's name and returns the policies
        by name. The function must return the same names of policies for every simulator. With a
        function, you can fit the estimators to earlier answers from each simulator (see
        `prior_log`).
    course : Course
    n_students : int, default 1000
        The number of students for each seed.
    seeds : int or sequence of int, default 20
        The seeds of the replicates, or the number of replicates; every policy and simulator uses
        the same seeds.
    budget, minutes_per_day : float
        As in `run_episode`.
    outcomes : sequence of str, optional
        Names from `OUTCOMES`; by default all outcomes. The printed matrix shows the first outcome.
    baselines : sequence of str, optional
        Names of policies. Each policy is compared with the best of the baselines. By default, all
        policies except the oracle are baselines.
    oracle : str, optional
        The name of the policy that sees what students really know. `worst` does not compare the
        oracle with other policies. By default, the policy with the name ``"oracle"`` is used, if
        there is one.
    held_out : sequence of str, optional
        Names of simulators that were not used to tune the policies; results mark these simulators.
    confidence : float, default 0.95
        The coverage of the intervals.
    n_bootstrap : int, default 1000
        How many times seeds are resampled to compute the shares in `Matrix.rank_stability`.
    n_jobs : int, optional
        The number of processes, as in joblib: 1 by default, -1 for all processors. Results do not
        depend on the number of processes.
    on_run : callable, optional
        A function that is called after each episode. The arguments of `on_run` are two numbers: the
        finished episodes and all episodes.
    checkpoint : path, optional
        A file in which the function saves finished episodes. If a run is killed, call the function
        again with the same arguments: the run continues from the saved episodes, with the same
        result. The checkpoint file contains only the names of policies and simulators, not their
        settings. So delete the checkpoint file if you change a policy or a simulator, and when the
        matrix is complete.

    Returns
    -------
    Matrix

    Raises
    ------
    ParameterError
        The error lists every argument with a wrong type or out of range, every unknown name, and
        every simulator whose skills differ from the skills of the course. The error is also raised
        if the checkpoint was begun with another course, outcomes, minutes or number of students.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, baselines, evaluation_matrix, simulators
    >>> course = Course.of(Curriculum.from_dict({"prerequisites": [["add", "multiply"]]}))
    >>> matrix = evaluation_matrix(
    ...     simulators(course), baselines(course), course, n_students=50, seeds=3, budget=120
    ... )
    >>> matrix
    Matrix(8 policies on 10 simulators, 3 seeds of 50 students)
    >>> matrix.mean("known_share").shape
    (8, 10)
    """
    _check_kinds(simulators, policies, course, outcomes=outcomes, baselines=baselines,
                 held_out=held_out)  # fmt: skip
    tables = _tables(simulators, policies)
    names = list(OUTCOMES) if outcomes is None else list(outcomes)
    first = next(iter(tables.values()), {})
    if oracle is None and "oracle" in first:
        oracle = "oracle"
    check_parameters(
        "evaluation_matrix",
        {"n_students": n_students, "budget": budget, "minutes_per_day": minutes_per_day,
         "confidence": confidence, "n_bootstrap": n_bootstrap, "n_jobs": n_jobs},
        {
            **LIMITS,
            "confidence": [Interval(0, 1, "neither")],
            "n_bootstrap": [Interval(1, 10**6, integer=True)],
            "n_jobs": [OneOf((None,)), Interval(1, 1e6, integer=True),
                       Interval(-1e6, -1, integer=True)],
        },
        [
            *_problems(simulators, tables, course, seeds),
            *([] if names else ["outcomes: there are none"]),
            *_absent("outcomes", names, OUTCOMES),
            *_absent("baselines", baselines or (), [name for name in first if name != oracle]),
            *_absent("oracle", [] if oracle is None else [oracle], first),
            *_absent("held_out", held_out, simulators),
        ],
    )  # fmt: skip
    replicates = tuple(map(int, seeds if isinstance(seeds, Iterable) else range(seeds)))
    tasks = list(_tasks(simulators, tables, replicates, n_students))
    run = partial(_run, course=course, outcomes=names, n_students=n_students, budget=budget,
                  minutes_per_day=minutes_per_day)  # fmt: skip
    setting = {"n_students": n_students, "budget": float(budget),
               "minutes_per_day": float(minutes_per_day), "outcomes": names}  # fmt: skip
    kept = None if checkpoint is None else Checkpoint(checkpoint, course, setting)
    runs = _runs(tasks, run, n_jobs, on_run, kept)
    shape = (len(first), len(simulators), len(replicates))
    values, parts, same_family = _gathered(tasks, runs, shape, names)
    return Matrix(
        policies=tuple(first),
        simulators=tuple(simulators),
        values=values,
        parts=parts,
        same_family=same_family,
        held_out=tuple(held_out),
        oracle=oracle,
        baselines=tuple(name for name in first if name != oracle)
        if baselines is None
        else tuple(baselines),
        seeds=replicates,
        n_students=n_students,
        budget=float(budget),
        minutes_per_day=float(minutes_per_day),
        confidence=confidence,
        n_bootstrap=n_bootstrap,
    )


class _Task(NamedTuple):
    """Some seeds of one cell, and their place in the matrix."""

    simulator: Simulator
    policy: EpisodePolicy
    cell: tuple[str, str]
    seeds: tuple[int, ...]
    row: int
    column: int
    start: int


def _tasks(
    simulators: Mapping[str, Simulator],
    tables: Mapping[str, Policies],
    seeds: tuple[int, ...],
    n_students: int,
) -> Iterator[_Task]:
    """Cells in pieces; the pieces hang on the policy alone, so that results hang on nothing else.

    A policy that decides about all students at once, by random numbers of its own, has a run for
    each seed: the seeds are then replicates of each other.
    """
    together = max(1, _TOGETHER // n_students)
    for column, (simulator, table) in enumerate(tables.items()):
        for row, (name, policy) in enumerate(table.items()):
            size = together if policy.in_blocks else 1
            for start in range(0, len(seeds), size):
                part = seeds[start : start + size]
                cell = name, simulator
                yield _Task(simulators[simulator], policy, cell, part, row, column, start)


def _runs(
    tasks: Sequence[_Task],
    run: Callable[[_Task], Means],
    n_jobs: int | None,
    on_run: OnRun | None,
    kept: Checkpoint | None,
) -> Iterator[Means]:
    """What each task came to, in order; what is kept is not run again."""
    from sklearn.utils.parallel import Parallel, delayed

    old = [None if kept is None else kept.get(*task.cell, task.seeds) for task in tasks]
    missing = [task for task, means in zip(tasks, old, strict=True) if means is None]
    found = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(run)(task) for task in missing)
    for done, (task, known) in enumerate(zip(tasks, old, strict=True), 1):
        means = next(found) if known is None else known
        if known is None and kept is not None:
            kept.add(*task.cell, task.seeds, means)
        yield means
        report("simulating", "episodes", done, len(tasks))
        if on_run is not None:
            on_run(done, len(tasks))


def _run(task: _Task, *, outcomes: Sequence[str], **setting: Any) -> Means:
    """Run an episode, and keep its means alone: what is kept of a student need not outlive it."""
    try:
        episode = run_episode(task.simulator, task.policy, seeds=task.seeds, **setting)
    except Exception as error:
        error.add_note("in {} on {}".format(*task.cell))
        raise
    return _reduced(episode, outcomes, task.seeds)


def _reduced(episode: Episode, outcomes: Sequence[str], seeds: tuple[int, ...]) -> Means:
    values = np.stack([OUTCOMES[name].of(episode) for name in outcomes])
    values = values.reshape(len(outcomes), len(seeds), -1)
    parts = {}
    for group, labels in episode.groups.items():
        for part in np.unique(labels).tolist():
            inside = (labels == part).reshape(len(seeds), -1)
            parts[group, part] = seed_means(np.where(inside, values, np.nan))
    return Means(episode.same_family, seed_means(values), parts)


def _gathered(
    tasks: Sequence[_Task],
    runs: Iterable[Means],
    shape: tuple[int, int, int],
    outcomes: Sequence[str],
) -> tuple[dict[str, Floats], dict[str, dict[str, dict[str, Floats]]], Bools]:
    """Means at their places: of all students, by group and part, and which cells are flattered."""
    empty = np.full((len(outcomes), *shape), np.nan)
    same_family = np.zeros(shape[:2], bool)
    everybody = empty.copy()
    parts: dict[tuple[str, str], Floats] = {}
    for task, means in zip(tasks, runs, strict=True):
        place = np.s_[:, task.row, task.column, task.start : task.start + len(task.seeds)]
        same_family[task.row, task.column] = means.same_family
        everybody[place] = means.everybody
        for key, values in means.parts.items():
            parts.setdefault(key, empty.copy())[place] = values
    nested: dict[str, dict[str, dict[str, Floats]]] = {}
    for (group, part), values in sorted(parts.items()):
        nested.setdefault(group, {})[part] = dict(zip(outcomes, values, strict=True))
    return dict(zip(outcomes, everybody, strict=True)), nested, same_family


def _check_kinds(
    simulators: Any, policies: Any, course: Any, **lists: Sequence[str] | None
) -> None:
    """Refuse arguments that are of another type than they should be."""
    problems = [
        *_unlike("course", course, Course, "a Course (Course.of makes one of a Curriculum)"),
        *_unlike("simulators", simulators, Mapping, "a mapping from names to simulators"),
    ]
    if not callable(policies):
        problems += _unlike("policies", policies, Mapping, _POLICIES)
    problems += [
        f"{name} must be a list of names, got the string {values!r}"
        for name, values in lists.items()
        if isinstance(values, str)
    ]
    check_parameters("evaluation_matrix", {}, {}, problems)


def _tables(
    simulators: Mapping[str, Simulator], policies: Policies | Callable[[str], Policies]
) -> dict[str, Policies]:
    """The policies of each simulator."""
    if not callable(policies):
        return {name: dict(policies) for name in simulators}
    tables = {name: policies(name) for name in simulators}
    problems = [
        problem
        for name, table in tables.items()
        for problem in _unlike(f"policies, for simulator {name!r},", table, Mapping, _POLICIES)
    ]
    check_parameters("evaluation_matrix", {}, {}, problems)
    return {name: dict(table) for name, table in tables.items()}


def _unlike(what: str, value: Any, kind: type, wanted: str) -> list[str]:
    given = type(value).__name__
    return [] if isinstance(value, kind) else [f"{what} must be {wanted}, got a {given}"]


def _problems(
    simulators: Mapping[str, Simulator],
    tables: Mapping[str, Policies],
    course: Course,
    seeds: Any,
) -> list[str]:
    problems = seed_problems(seeds)
    problems += [] if simulators else ["simulators: there are none"]
    problems += [
        problem
        for name, simulator in simulators.items()
        for problem in skill_problems(simulator, course, f"simulator {name!r}")
    ]
    first = list(next(iter(tables.values()), {}))
    problems += ["policies: there are none"] if simulators and not first else []
    problems += [
        f"policies: for simulator {name!r} they are {some(table, 20)}, for others {some(first, 20)}"
        for name, table in tables.items()
        if list(table) != first
    ]
    return problems


def _absent(what: str, names: Iterable[str], there: Iterable[str]) -> list[str]:
    listed, known = list(names), list(there)
    problems = [
        f"{what}: no {name!r}; there are {some(known, 30)}" for name in listed if name not in known
    ]
    return problems + [f"{what}: some occur twice"] * (len(set(listed)) < len(listed))
