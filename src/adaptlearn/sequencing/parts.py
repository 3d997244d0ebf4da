"""What a sequencer and its parts are made of, refused where it is of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adaptlearn.curriculum.curriculum import Curriculum

_ASKED = ("students", "skills", "fingerprint", "mastery", "counts")


def tracker_problems(given: Any) -> Iterator[str]:
    """What keeps something from being asked as a `Tracker`."""
    missing = [name for name in _ASKED if not hasattr(given, name)]
    if missing:
        yield (
            f"tracker is a {type(given).__name__} without {', '.join(missing)}; expected "
            "MasteryTracker(model), or what has these"
        )


def serve_alike(one: Curriculum, other: Curriculum) -> bool:
    """Whether goals and overrides of one curriculum fit another.

    Skills, lessons, what these teach and what comes before what are the same. Titles, minutes,
    items and standards may differ: who corrects a title need not make all of these again.
    """
    return one is other or _read(one) == _read(other)


def _read(curriculum: Curriculum) -> list[Any]:
    tables = [
        curriculum.prerequisites,
        curriculum.alternatives,
        curriculum.alternatives_of,
        curriculum.teaches,
    ]
    edges = [(one.indptr.tolist(), one.sorted_indices().indices.tolist()) for one in tables]
    return [curriculum.skills.tolist(), curriculum.lessons.tolist(), edges]
