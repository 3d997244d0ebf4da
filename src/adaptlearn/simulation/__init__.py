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
    from adaptlearn.simulation.advancing import StageLearners as StageLearners
    from adaptlearn.simulation.course import Course as Course
    from adaptlearn.simulation.course import random_course as random_course
    from adaptlearn.simulation.course import wrong_graph as wrong_graph
    from adaptlearn.simulation.dynamics import answer as answer
    from adaptlearn.simulation.dynamics import learn as learn
    from adaptlearn.simulation.dynamics import probability_correct as probability_correct
    from adaptlearn.simulation.dynamics import ready as ready
    from adaptlearn.simulation.engagement import Disengaging as Disengaging
    from adaptlearn.simulation.episodes import Answers as Answers
    from adaptlearn.simulation.episodes import Episode as Episode
    from adaptlearn.simulation.episodes import Steps as Steps
    from adaptlearn.simulation.episodes import run_episode as run_episode
    from adaptlearn.simulation.estimating import Belief as Belief
    from adaptlearn.simulation.estimating import Estimate as Estimate
    from adaptlearn.simulation.estimating import Estimator as Estimator
    from adaptlearn.simulation.estimating import Oracle as Oracle
    from adaptlearn.simulation.estimating import Rule as Rule
    from adaptlearn.simulation.estimating import in_a_row as in_a_row
    from adaptlearn.simulation.estimating import knowledge_tracing as knowledge_tracing
    from adaptlearn.simulation.estimating import learning_progress as learning_progress
    from adaptlearn.simulation.estimating import moving_average as moving_average
    from adaptlearn.simulation.estimating import seat_time as seat_time
    from adaptlearn.simulation.forgetting import FadingPractice as FadingPractice
    from adaptlearn.simulation.forgetting import StabilityMemory as StabilityMemory
    from adaptlearn.simulation.history import prior_log as prior_log
    from adaptlearn.simulation.improving import PowerLawLearners as PowerLawLearners
    from adaptlearn.simulation.knowing import TwoState as TwoState
    from adaptlearn.simulation.knowing import parameter_draws as parameter_draws
    from adaptlearn.simulation.matrix import evaluation_matrix as evaluation_matrix
    from adaptlearn.simulation.matrix_results import Matrix as Matrix
    from adaptlearn.simulation.matrix_statistics import Intervals as Intervals
    from adaptlearn.simulation.matrix_statistics import RankStability as RankStability
    from adaptlearn.simulation.matrix_statistics import WorstCase as WorstCase
    from adaptlearn.simulation.measuring import OUTCOMES as OUTCOMES
    from adaptlearn.simulation.measuring import Outcome as Outcome
    from adaptlearn.simulation.measuring import Outcomes as Outcomes
    from adaptlearn.simulation.measuring import outcomes as outcomes
    from adaptlearn.simulation.practising import PracticeFactors as PracticeFactors
    from adaptlearn.simulation.school import School as School
    from adaptlearn.simulation.school import simulate_school as simulate_school
    from adaptlearn.simulation.standard import baselines as baselines
    from adaptlearn.simulation.standard import held_out_simulators as held_out_simulators
    from adaptlearn.simulation.standard import simulators as simulators
    from adaptlearn.simulation.students import Differences as Differences
    from adaptlearn.simulation.students import Simulator as Simulator
    from adaptlearn.simulation.students import Students as Students
    from adaptlearn.simulation.teaching import ArrayPolicy as ArrayPolicy
    from adaptlearn.simulation.teaching import Choice as Choice
    from adaptlearn.simulation.teaching import EpisodePolicy as EpisodePolicy
    from adaptlearn.simulation.teaching import SequencerPolicy as SequencerPolicy
    from adaptlearn.simulation.teaching import View as View
    from adaptlearn.simulation.teaching import any_lesson as any_lesson
    from adaptlearn.simulation.teaching import equally as equally
    from adaptlearn.simulation.teaching import highest as highest
    from adaptlearn.simulation.teaching import in_order as in_order
    from adaptlearn.simulation.teaching import open_lessons as open_lessons
    from adaptlearn.simulation.teaching import unfinished_lessons as unfinished_lessons
    from adaptlearn.simulation.tracked import Tracked as Tracked

_HOMES = {
    "Answers": "episodes",
    "ArrayPolicy": "teaching",
    "Belief": "estimating",
    "Choice": "teaching",
    "Course": "course",
    "Differences": "students",
    "Disengaging": "engagement",
    "Episode": "episodes",
    "EpisodePolicy": "teaching",
    "Estimate": "estimating",
    "Estimator": "estimating",
    "FadingPractice": "forgetting",
    "Intervals": "matrix_statistics",
    "Matrix": "matrix_results",
    "OUTCOMES": "measuring",
    "Oracle": "estimating",
    "Outcome": "measuring",
    "Outcomes": "measuring",
    "PowerLawLearners": "improving",
    "PracticeFactors": "practising",
    "RankStability": "matrix_statistics",
    "Rule": "estimating",
    "School": "school",
    "SequencerPolicy": "teaching",
    "Simulator": "students",
    "StabilityMemory": "forgetting",
    "StageLearners": "advancing",
    "Steps": "episodes",
    "Students": "students",
    "Tracked": "tracked",
    "TwoState": "knowing",
    "View": "teaching",
    "WorstCase": "matrix_statistics",
    "answer": "dynamics",
    "any_lesson": "teaching",
    "baselines": "standard",
    "equally": "teaching",
    "evaluation_matrix": "matrix",
    "gym": "",
    "held_out_simulators": "standard",
    "highest": "teaching",
    "in_a_row": "estimating",
    "in_order": "teaching",
    "knowledge_tracing": "estimating",
    "learn": "dynamics",
    "learning_progress": "estimating",
    "moving_average": "estimating",
    "open_lessons": "teaching",
    "outcomes": "measuring",
    "parameter_draws": "knowing",
    "prior_log": "history",
    "probability_correct": "dynamics",
    "random_course": "course",
    "ready": "dynamics",
    "run_episode": "episodes",
    "seat_time": "estimating",
    "simulate_school": "school",
    "simulators": "standard",
    "unfinished_lessons": "teaching",
    "wrong_graph": "course",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *(name for name in _HOMES if name != "gym"),
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
