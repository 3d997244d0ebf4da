"""What a sequencer asks of whatever keeps the students' state."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray


class MasteryTable(Protocol):
    """What students know: a row each, a column per skill."""

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the columns, shape (n_skills,)."""
        ...

    @property
    def value(self) -> NDArray[np.float64]:
        """Probabilities, shape (n_students, n_skills)."""
        ...

    @property
    def kind(self) -> Literal["latent", "predicted"]:
        """Whether these are P(known) or P(correct)."""
        ...


class Tracker(Protocol):
    """The state of many students, by label."""

    @property
    def students(self) -> NDArray[Any]:
        """Labels of the students met so far."""
        ...

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the skills: the columns of both tables below."""
        ...

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint."""
        ...

    def mastery(self, students: Any) -> MasteryTable:
        """What these students know now."""
        ...

    def counts(self, students: Any) -> NDArray[np.integer]:
        """Answers given so far, shape (n_students, n_skills)."""
        ...
