"""The state of a model over features and other models: its own memory, and theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.state import SequentialState, Widths
from adaptlearn.models.state import StudentState
from adaptlearn.numerics import Ints
from adaptlearn.serialization import Arrays


class CombinedState(SequentialState):
    """What is remembered for the features, and the states of the models they stand beside.

    Attributes
    ----------
    parts : tuple of StudentState
        One for each model, over the same students.
    """

    def __init__(
        self,
        model: str,
        skills: list[Any],
        items: list[Any],
        n_students: int,
        widths: Widths,
        *,
        parts: Sequence[StudentState],
    ) -> None:
        super().__init__(model, skills, items, n_students, widths)
        self.parts = tuple(parts)

    def grow(self, n_students: int) -> None:  # noqa: D102 - documented once, in the base
        super().grow(n_students)
        for part in self.parts:
            part.grow(self.n_students)

    def blank(self, n_students: int) -> Self:  # noqa: D102 - documented once, in the base
        fresh = super().blank(n_students)
        fresh.parts = tuple(part.blank(n_students) for part in self.parts)
        return fresh

    def forget(self, students: Ints) -> None:  # noqa: D102 - documented once, in the base
        super().forget(students)
        for part in self.parts:
            part.forget(students)

    def replace(self, students: Ints, other: Self) -> None:  # noqa: D102 - as above
        super().replace(students, other)
        for mine, theirs in zip(self.parts, other.parts, strict=True):
            mine.replace(students, theirs)

    def to_arrays(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - documented once, in the base
        arrays = super().to_arrays()
        for place, part in enumerate(self.parts):
            names = {
                "skills": np.array(part.skills),
                "items": np.array(part.items),
                "clock": np.array(part.clock or ""),
            }
            arrays |= {
                f"part{place}.{name}": array
                for name, array in {**names, **part.to_arrays()}.items()
            }
        return arrays

    def restore(self, n_students: int, names: Mapping[str, Any], arrays: Arrays) -> None:  # noqa: D102 - as above
        rest = dict(arrays)
        for place, part in enumerate(self.parts):
            prefix = f"part{place}."
            own = {k.removeprefix(prefix): rest.pop(k) for k in arrays if k.startswith(prefix)}
            told = {
                "skills": own.pop("skills").tolist(),
                "items": own.pop("items").tolist(),
                "clock": own.pop("clock").tolist() or None,
            }
            part.restore(n_students, told, own)
        super().restore(n_students, names, rest)
