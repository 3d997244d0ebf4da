"""What a policy may know of students, and what counts as mastered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.knowledge.context import Context as Context
    from adaptlearn.sequencing.knowledge.criteria import Anything as Anything
    from adaptlearn.sequencing.knowledge.criteria import Both as Both
    from adaptlearn.sequencing.knowledge.criteria import Criterion as Criterion
    from adaptlearn.sequencing.knowledge.criteria import Either as Either
    from adaptlearn.sequencing.knowledge.criteria import LowerBound as LowerBound
    from adaptlearn.sequencing.knowledge.criteria import MovingAverage as MovingAverage
    from adaptlearn.sequencing.knowledge.criteria import NInARow as NInARow
    from adaptlearn.sequencing.knowledge.criteria import (
        PredictiveSimilarity as PredictiveSimilarity,
    )
    from adaptlearn.sequencing.knowledge.criteria import PredictiveStability as PredictiveStability
    from adaptlearn.sequencing.knowledge.criteria import (
        ProbabilityThreshold as ProbabilityThreshold,
    )
    from adaptlearn.sequencing.knowledge.criteria import Retention as Retention
    from adaptlearn.sequencing.knowledge.criteria import WheelSpinning as WheelSpinning
    from adaptlearn.sequencing.knowledge.price import PriceThreshold as PriceThreshold
    from adaptlearn.sequencing.knowledge.priced_reviews import PricedReviews as PricedReviews
    from adaptlearn.sequencing.knowledge.review_schedule import Memory as Memory
    from adaptlearn.sequencing.knowledge.review_schedule import ReviewSchedule as ReviewSchedule
    from adaptlearn.sequencing.knowledge.review_schedule import half_life as half_life
    from adaptlearn.sequencing.knowledge.tracker import Review as Review
    from adaptlearn.sequencing.knowledge.tracker import Tracker as Tracker
    from adaptlearn.tracking.practice import Practice as Practice

_HOMES = {
    "Anything": "criteria",
    "Both": "criteria",
    "Context": "context",
    "Criterion": "criteria",
    "Either": "criteria",
    "LowerBound": "criteria",
    "Memory": "review_schedule",
    "MovingAverage": "criteria",
    "NInARow": "criteria",
    "Practice": "context",
    "PredictiveSimilarity": "criteria",
    "PredictiveStability": "criteria",
    "PriceThreshold": "price",
    "PricedReviews": "priced_reviews",
    "ProbabilityThreshold": "criteria",
    "Retention": "criteria",
    "Review": "tracker",
    "ReviewSchedule": "review_schedule",
    "Tracker": "tracker",
    "WheelSpinning": "criteria",
    "half_life": "review_schedule",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
