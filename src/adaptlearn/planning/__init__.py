"""Tomorrow's day: minutes, small groups, learning plans and promotion, many students at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.planning.promotion.errors import PromotionErrors as PromotionErrors
    from adaptlearn.planning.promotion.errors import promotion_errors as promotion_errors
    from adaptlearn.planning.promotion.opening import CourseOpening as CourseOpening
    from adaptlearn.planning.promotion.opening import course_opening as course_opening
    from adaptlearn.planning.promotion.promotion import promotion_report as promotion_report
    from adaptlearn.planning.promotion.promotion import ready_to_accelerate as ready_to_accelerate
    from adaptlearn.planning.promotion.report import PromotionDecision as PromotionDecision
    from adaptlearn.planning.promotion.report import PromotionReport as PromotionReport
    from adaptlearn.planning.promotion.rules import PromotionRules as PromotionRules

_HOMES: dict[str, str] = {
    "CourseOpening": "promotion.opening",
    "PromotionDecision": "promotion.report",
    "PromotionErrors": "promotion.errors",
    "PromotionReport": "promotion.report",
    "PromotionRules": "promotion.rules",
    "course_opening": "promotion.opening",
    "promotion_errors": "promotion.errors",
    "promotion_report": "promotion.promotion",
    "ready_to_accelerate": "promotion.promotion",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
