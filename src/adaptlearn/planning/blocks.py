"""Students in blocks, so that tables of students and skills stay small."""

from __future__ import annotations

from collections.abc import Iterator

from adaptlearn.labels import Label

_CELLS = 1 << 20  # at eight bytes each, the tables fit the processor's cache or nearly so


def blocks_of(students: list[Label], n_skills: int) -> Iterator[list[Label]]:
    """The students in order, so many at a time that a block's table stays below 2 ** 20 cells."""
    size = max(1, _CELLS // max(1, n_skills))
    for start in range(0, len(students), size):
        yield students[start : start + size]
