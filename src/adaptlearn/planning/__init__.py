"""Tomorrow's day: minutes, small groups, learning plans and promotion, many students at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.planning.day.day import plan_day as plan_day
    from adaptlearn.planning.day.demands import Block as Block
    from adaptlearn.planning.day.menu import minutes_worth as minutes_worth
    from adaptlearn.planning.day.plan import DayPlan as DayPlan
    from adaptlearn.planning.learning.calendar import Calendar as Calendar
    from adaptlearn.planning.learning.learn_pace import learn_pace as learn_pace
    from adaptlearn.planning.learning.learning_plan import learning_plan as learning_plan
    from adaptlearn.planning.learning.pace import Pace as Pace
    from adaptlearn.planning.learning.plan import LearningPlan as LearningPlan

_HOMES: dict[str, str] = {
    "Block": "day.demands",
    "Calendar": "learning.calendar",
    "DayPlan": "day.plan",
    "LearningPlan": "learning.plan",
    "Pace": "learning.pace",
    "learn_pace": "learning.learn_pace",
    "learning_plan": "learning.learning_plan",
    "minutes_worth": "day.menu",
    "plan_day": "day.day",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
