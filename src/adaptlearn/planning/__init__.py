"""Tomorrow's day: minutes, small groups, learning plans and promotion, many students at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.planning.day.day import plan_day as plan_day
    from adaptlearn.planning.day.demands import Block as Block
    from adaptlearn.planning.day.menu import minutes_worth as minutes_worth
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

_HOMES: dict[str, str] = {
    "Block": "day.demands",
    "Calendar": "learning.calendar",
    "Groups": "groups.groups",
    "DayPlan": "day.plan",
    "LearningPlan": "learning.plan",
    "Needs": "groups.needs",
    "Pace": "learning.pace",
    "Slot": "groups.slots",
    "form_class_groups": "groups.forming",
    "form_groups": "groups.forming",
    "learn_pace": "learning.learn_pace",
    "learning_plan": "learning.learning_plan",
    "minutes_worth": "day.menu",
    "plan_day": "day.day",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
