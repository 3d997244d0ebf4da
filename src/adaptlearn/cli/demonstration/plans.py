"""What the demo asks of plans: files for ``adaptlearn plan``, and standards to plan for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SLOTS = [
    {"label": f"{day} {hour}", "leader": "Ms Park", "smallest": 3, "largest": 6}
    for day in ("Monday", "Wednesday")
    for hour in ("9:00", "9:30")
]
_CLASS = [f"student-{number:03d}" for number in range(1, 17)]
ASKED: Mapping[str, tuple[dict[str, Any], str]] = {
    "day.json": (
        {
            "day": [
                {"name": "flex", "start": "9:00", "minutes": 60},
                {"name": "interests", "start": "13:00", "minutes": 30},
            ],
            "skill": 45,
        },
        "the blocks of a day, for adaptlearn plan day",
    ),
    "groups.json": (
        {"slots": _SLOTS, "at_most": 2, "classes": {"4a": _CLASS}},
        "the slots of a week and a class, for adaptlearn plan groups",
    ),
    "learning.json": (
        {
            "calendar": {
                "first": "2026-09-01",
                "last": "2026-12-18",
                "minutes": {"Tue": 20, "Thu": 20},
                "holidays": [["2026-10-12", "2026-10-23"]],
            }
        },
        "the calendar of an autumn, for adaptlearn plan learning",
    ),
    "rules.json": (
        {
            "rules": {"fractions": "fractions", "all": {"all_of": ["whole numbers", "fractions"]}},
            "review_after": None,
        },
        "rules of promotion, for adaptlearn plan promotion",
    ),
}
"""The files with their contents, and what each is."""


def with_standards(curriculum: Mapping[str, Any]) -> dict[str, Any]:
    """A curriculum of the simulated school with two standards: whole numbers and fractions."""
    fractions = [skill for skill in curriculum["skills"] if skill.startswith("fractions")]
    others = [skill for skill in curriculum["skills"] if skill not in fractions]
    return {**curriculum, "standards": {"whole numbers": others, "fractions": fractions}}
