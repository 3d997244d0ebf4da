"""Simulation: students with known hidden states, by equations of their own.

Nothing here calls an estimator, so a wrong estimator cannot be confirmed by a copy of itself.
`simulate_school` makes a log to try things out on; `run_episode` lets a policy teach, and
`measure_outcomes` says what that came to; `evaluation_matrix` does both for many policies and many
kinds of students. The parts are in `simulation.students`, `simulation.teachers`,
`simulation.episodes`, `simulation.matrix` and `simulation.school`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation import gym as gym
    from adaptlearn.simulation.course import Course as Course
    from adaptlearn.simulation.course import random_course as random_course
    from adaptlearn.simulation.course import wrong_graph as wrong_graph
    from adaptlearn.simulation.episodes.episode import run_episode as run_episode
    from adaptlearn.simulation.episodes.outcomes import EpisodeOutcomes as EpisodeOutcomes
    from adaptlearn.simulation.episodes.outcomes import measure_outcomes as measure_outcomes
    from adaptlearn.simulation.episodes.prior_log import prior_log as prior_log
    from adaptlearn.simulation.matrix.evaluate import evaluation_matrix as evaluation_matrix
    from adaptlearn.simulation.matrix.matrix import Matrix as Matrix
    from adaptlearn.simulation.school.school import simulate_school as simulate_school
    from adaptlearn.simulation.students.base import Simulator as Simulator
    from adaptlearn.simulation.students.named import held_out_simulators as held_out_simulators
    from adaptlearn.simulation.students.named import simulators as simulators
    from adaptlearn.simulation.students.two_state import TwoState as TwoState
    from adaptlearn.simulation.teachers.baselines import baselines as baselines
    from adaptlearn.simulation.teachers.policies import SequencerPolicy as SequencerPolicy

_HOMES = {
    "Course": "course",
    "EpisodeOutcomes": "episodes.outcomes",
    "Matrix": "matrix.matrix",
    "SequencerPolicy": "teachers.policies",
    "Simulator": "students.base",
    "TwoState": "students.two_state",
    "baselines": "teachers.baselines",
    "evaluation_matrix": "matrix.evaluate",
    "gym": "",
    "held_out_simulators": "students.named",
    "measure_outcomes": "episodes.outcomes",
    "prior_log": "episodes.prior_log",
    "random_course": "course",
    "run_episode": "episodes.episode",
    "simulate_school": "school.school",
    "simulators": "students.named",
    "wrong_graph": "course",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *(name for name in _HOMES if name != "gym"),
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
