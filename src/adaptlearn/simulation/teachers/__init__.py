"""Who teaches in an episode: policies, and what they believe of students."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.teachers.baselines import CONSTANTS as CONSTANTS
    from adaptlearn.simulation.teachers.baselines import baseline as baseline
    from adaptlearn.simulation.teachers.estimators import Belief as Belief
    from adaptlearn.simulation.teachers.estimators import Estimator as Estimator
    from adaptlearn.simulation.teachers.estimators import Judgement as Judgement
    from adaptlearn.simulation.teachers.estimators import Oracle as Oracle
    from adaptlearn.simulation.teachers.estimators import Rule as Rule
    from adaptlearn.simulation.teachers.estimators import empirical_success as empirical_success
    from adaptlearn.simulation.teachers.estimators import in_a_row as in_a_row
    from adaptlearn.simulation.teachers.estimators import knowledge_tracing as knowledge_tracing
    from adaptlearn.simulation.teachers.estimators import learning_progress as learning_progress
    from adaptlearn.simulation.teachers.estimators import moving_average as moving_average
    from adaptlearn.simulation.teachers.estimators import seat_time as seat_time
    from adaptlearn.simulation.teachers.planned import PlannedDays as PlannedDays
    from adaptlearn.simulation.teachers.policies import ArrayPolicy as ArrayPolicy
    from adaptlearn.simulation.teachers.policies import Choice as Choice
    from adaptlearn.simulation.teachers.policies import EpisodePolicy as EpisodePolicy
    from adaptlearn.simulation.teachers.policies import View as View
    from adaptlearn.simulation.teachers.policies import any_lesson as any_lesson
    from adaptlearn.simulation.teachers.policies import equally as equally
    from adaptlearn.simulation.teachers.policies import highest as highest
    from adaptlearn.simulation.teachers.policies import in_order as in_order
    from adaptlearn.simulation.teachers.policies import open_lessons as open_lessons
    from adaptlearn.simulation.teachers.policies import unfinished_lessons as unfinished_lessons
    from adaptlearn.simulation.teachers.price import least_bill as least_bill
    from adaptlearn.simulation.teachers.price import stopping as stopping
    from adaptlearn.simulation.teachers.tracked import Tracked as Tracked

_HOMES = {
    "ArrayPolicy": "policies",
    "Belief": "estimators",
    "CONSTANTS": "baselines",
    "Choice": "policies",
    "EpisodePolicy": "policies",
    "Estimator": "estimators",
    "Judgement": "estimators",
    "Oracle": "estimators",
    "PlannedDays": "planned",
    "Rule": "estimators",
    "Tracked": "tracked",
    "View": "policies",
    "any_lesson": "policies",
    "baseline": "baselines",
    "empirical_success": "estimators",
    "equally": "policies",
    "highest": "policies",
    "in_a_row": "estimators",
    "in_order": "policies",
    "knowledge_tracing": "estimators",
    "learning_progress": "estimators",
    "least_bill": "price",
    "moving_average": "estimators",
    "open_lessons": "policies",
    "seat_time": "estimators",
    "stopping": "price",
    "unfinished_lessons": "policies",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
