"""Tomorrow's day: minutes, small groups, learning plans and promotion, many students at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.planning.day.day import plan_day as plan_day
    from adaptlearn.planning.day.demands import Block as Block
    from adaptlearn.planning.day.menu import minutes_worth as minutes_worth
    from adaptlearn.planning.day.past import PastDay as PastDay
    from adaptlearn.planning.day.plan import DayPlan as DayPlan
    from adaptlearn.planning.groups.forming import form_class_groups as form_class_groups
    from adaptlearn.planning.groups.forming import form_groups as form_groups
    from adaptlearn.planning.groups.groups import Groups as Groups
    from adaptlearn.planning.groups.needs import Needs as Needs
    from adaptlearn.planning.groups.slots import Slot as Slot
    from adaptlearn.planning.learning.calendar import Calendar as Calendar
    from adaptlearn.planning.learning.learn_pace import learn_pace as learn_pace
    from adaptlearn.planning.learning.learning_plan import learning_plan as learning_plan
    from adaptlearn.planning.learning.pace import Pace as Pace
    from adaptlearn.planning.learning.plan import LearningPlan as LearningPlan
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
    "Block": "day.demands",
    "Calendar": "learning.calendar",
    "CourseOpening": "promotion.opening",
    "DayPlan": "day.plan",
    "Groups": "groups.groups",
    "LearningPlan": "learning.plan",
    "Needs": "groups.needs",
    "PastDay": "day.past",
    "Pace": "learning.pace",
    "PromotionDecision": "promotion.report",
    "PromotionErrors": "promotion.errors",
    "PromotionReport": "promotion.report",
    "PromotionRules": "promotion.rules",
    "Slot": "groups.slots",
    "course_opening": "promotion.opening",
    "form_class_groups": "groups.forming",
    "form_groups": "groups.forming",
    "learn_pace": "learning.learn_pace",
    "learning_plan": "learning.learning_plan",
    "minutes_worth": "day.menu",
    "plan_day": "day.day",
    "promotion_errors": "promotion.errors",
    "promotion_report": "promotion.promotion",
    "ready_to_accelerate": "promotion.promotion",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
