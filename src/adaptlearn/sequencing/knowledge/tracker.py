"""What a sequencer asks of whatever keeps the students' state."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints
from adaptlearn.sequencing.knowledge.context import Context


class MasteryTable(Protocol):
    """What students know: a row each, a column per skill."""

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the columns, shape (n_skills,)."""
        ...

    @property
    def value(self) -> Floats:
        """Probabilities, shape (n_students, n_skills)."""
        ...

    @property
    def kind(self) -> Literal["latent", "predicted"]:
        """Whether these are P(known) or P(correct)."""
        ...


class Tracker(Protocol):
    """The state of many students, by label.

    It may also have ``practice(students)``, the fields of `Practice` over its own skills, or None;
    ``learning_rates()``, P(learning) of each of its skills from one opportunity, or None;
    ``unmet(students)``, those it has not met; ``last_times(students)``, the seconds of their last
    answers, -inf if there is none; and ``clock``, the kind of these times (see
    `MasteryTracker.clock`).
    """

    @property
    def students(self) -> NDArray[Any]:
        """Labels of the students met so far."""
        ...

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the skills: the columns of both tables below. They may change with answers."""
        ...

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint."""
        ...

    def mastery(self, students: Any) -> MasteryTable:
        """What these students know now."""
        ...

    def counts(self, students: Any) -> Ints:
        """Answers given so far, shape (n_students, n_skills)."""
        ...


class Review(Protocol):
    """What tells how much students still recall, and what is due for review.

    It may also have a ``fingerprint``, and ``retention``, the P(recall) it aims at: decisions
    record both.
    """

    def look(self, context: Context) -> tuple[Floats, Floats]:
        """P(recall) now, and how urgent review is (0: not due); both (n_students, n_skills)."""
        ...
