"""Simulation: students with known hidden states, by equations of their own.

Nothing here calls an estimator, so a wrong estimator cannot be confirmed by a copy of itself.
`simulate_school` makes a log to try things out on; `run_episode` lets policies teach, and
`outcomes` says what that came to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation import gym as gym
    from adaptlearn.simulation.course import Course as Course
    from adaptlearn.simulation.course import random_course as random_course
    from adaptlearn.simulation.course import wrong_graph as wrong_graph
    from adaptlearn.simulation.episodes.episode import Answers as Answers
    from adaptlearn.simulation.episodes.episode import Episode as Episode
    from adaptlearn.simulation.episodes.episode import Steps as Steps
    from adaptlearn.simulation.episodes.episode import run_episode as run_episode
    from adaptlearn.simulation.episodes.outcomes import OUTCOMES as OUTCOMES
    from adaptlearn.simulation.episodes.outcomes import Outcome as Outcome
    from adaptlearn.simulation.episodes.outcomes import Outcomes as Outcomes
    from adaptlearn.simulation.episodes.outcomes import outcomes as outcomes
    from adaptlearn.simulation.episodes.prior_log import prior_log as prior_log
    from adaptlearn.simulation.matrix.evaluate import evaluation_matrix as evaluation_matrix
    from adaptlearn.simulation.matrix.statistics import Intervals as Intervals
    from adaptlearn.simulation.matrix.statistics import RankStability as RankStability
    from adaptlearn.simulation.matrix.statistics import WorstCase as WorstCase
    from adaptlearn.simulation.matrix.matrix import Matrix as Matrix
    from adaptlearn.simulation.school.school import School as School
    from adaptlearn.simulation.school.school import simulate_school as simulate_school
    from adaptlearn.simulation.students.base import Differences as Differences
    from adaptlearn.simulation.students.base import Simulator as Simulator
    from adaptlearn.simulation.students.base import Students as Students
    from adaptlearn.simulation.students.disengaging import Disengaging as Disengaging
    from adaptlearn.simulation.students.dynamics import answer as answer
    from adaptlearn.simulation.students.dynamics import learn as learn
    from adaptlearn.simulation.students.dynamics import probability_correct as probability_correct
    from adaptlearn.simulation.students.dynamics import ready as ready
    from adaptlearn.simulation.students.forgetting import FadingPractice as FadingPractice
    from adaptlearn.simulation.students.forgetting import StabilityMemory as StabilityMemory
    from adaptlearn.simulation.students.named import held_out_simulators as held_out_simulators
    from adaptlearn.simulation.students.named import simulators as simulators
    from adaptlearn.simulation.students.power_law import PowerLawLearners as PowerLawLearners
    from adaptlearn.simulation.students.practice_factors import PracticeFactors as PracticeFactors
    from adaptlearn.simulation.students.stages import StageLearners as StageLearners
    from adaptlearn.simulation.students.two_state import TwoState as TwoState
    from adaptlearn.simulation.students.two_state import parameter_draws as parameter_draws
    from adaptlearn.simulation.teachers.baselines import baselines as baselines
    from adaptlearn.simulation.teachers.estimators import Belief as Belief
    from adaptlearn.simulation.teachers.estimators import Estimate as Estimate
    from adaptlearn.simulation.teachers.estimators import Estimator as Estimator
    from adaptlearn.simulation.teachers.estimators import Oracle as Oracle
    from adaptlearn.simulation.teachers.estimators import Rule as Rule
    from adaptlearn.simulation.teachers.estimators import in_a_row as in_a_row
    from adaptlearn.simulation.teachers.estimators import knowledge_tracing as knowledge_tracing
    from adaptlearn.simulation.teachers.estimators import learning_progress as learning_progress
    from adaptlearn.simulation.teachers.estimators import moving_average as moving_average
    from adaptlearn.simulation.teachers.estimators import seat_time as seat_time
    from adaptlearn.simulation.teachers.policies import ArrayPolicy as ArrayPolicy
    from adaptlearn.simulation.teachers.policies import Choice as Choice
    from adaptlearn.simulation.teachers.policies import EpisodePolicy as EpisodePolicy
    from adaptlearn.simulation.teachers.policies import SequencerPolicy as SequencerPolicy
    from adaptlearn.simulation.teachers.policies import View as View
    from adaptlearn.simulation.teachers.policies import any_lesson as any_lesson
    from adaptlearn.simulation.teachers.policies import equally as equally
    from adaptlearn.simulation.teachers.policies import highest as highest
    from adaptlearn.simulation.teachers.policies import in_order as in_order
    from adaptlearn.simulation.teachers.policies import open_lessons as open_lessons
    from adaptlearn.simulation.teachers.policies import unfinished_lessons as unfinished_lessons
    from adaptlearn.simulation.teachers.tracked import Tracked as Tracked

_HOMES = {
    "Answers": "episodes.episode",
    "ArrayPolicy": "teachers.policies",
    "Belief": "teachers.estimators",
    "Choice": "teachers.policies",
    "Course": "course",
    "Differences": "students.base",
    "Disengaging": "students.disengaging",
    "Episode": "episodes.episode",
    "EpisodePolicy": "teachers.policies",
    "Estimate": "teachers.estimators",
    "Estimator": "teachers.estimators",
    "FadingPractice": "students.forgetting",
    "Intervals": "matrix.statistics",
    "Matrix": "matrix.matrix",
    "OUTCOMES": "episodes.outcomes",
    "Oracle": "teachers.estimators",
    "Outcome": "episodes.outcomes",
    "Outcomes": "episodes.outcomes",
    "PowerLawLearners": "students.power_law",
    "PracticeFactors": "students.practice_factors",
    "RankStability": "matrix.statistics",
    "Rule": "teachers.estimators",
    "School": "school.school",
    "SequencerPolicy": "teachers.policies",
    "Simulator": "students.base",
    "StabilityMemory": "students.forgetting",
    "StageLearners": "students.stages",
    "Steps": "episodes.episode",
    "Students": "students.base",
    "Tracked": "teachers.tracked",
    "TwoState": "students.two_state",
    "View": "teachers.policies",
    "WorstCase": "matrix.statistics",
    "answer": "students.dynamics",
    "any_lesson": "teachers.policies",
    "baselines": "teachers.baselines",
    "equally": "teachers.policies",
    "evaluation_matrix": "matrix.evaluate",
    "gym": "",
    "held_out_simulators": "students.named",
    "highest": "teachers.policies",
    "in_a_row": "teachers.estimators",
    "in_order": "teachers.policies",
    "knowledge_tracing": "teachers.estimators",
    "learn": "students.dynamics",
    "learning_progress": "teachers.estimators",
    "moving_average": "teachers.estimators",
    "open_lessons": "teachers.policies",
    "outcomes": "episodes.outcomes",
    "parameter_draws": "students.two_state",
    "prior_log": "episodes.prior_log",
    "probability_correct": "students.dynamics",
    "random_course": "course",
    "ready": "students.dynamics",
    "run_episode": "episodes.episode",
    "seat_time": "teachers.estimators",
    "simulate_school": "school.school",
    "simulators": "students.named",
    "unfinished_lessons": "teachers.policies",
    "wrong_graph": "course",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *(name for name in _HOMES if name != "gym"),
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
