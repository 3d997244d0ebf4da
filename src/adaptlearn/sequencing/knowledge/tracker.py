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

    A tracker may also have the following methods. ``practice(students)`` returns the fields of
    `Practice` over the tracker's own skills, or None. ``learning_rates()`` returns P(learning) of
    each skill from one opportunity, or None. ``skill_rates()`` returns P(learn), P(forget),
    P(guess) and P(slip) of each skill, as a mapping of these names (``"learn"``, …) to arrays, or
    None. ``unmet(students)`` returns the students who have not answered yet.
    ``last_times(students)`` returns the time of each student's last answer in seconds, or -inf if
    the student has not answered. The attribute ``clock`` is the kind of the answers' times (see
    `MasteryTracker.clock`).
    """

    @property
    def students(self) -> NDArray[Any]:
        """Labels of the students who have answered so far."""
        ...

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the skills: the columns of `mastery` and `counts`. Answers may add skills."""
        ...

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint."""
        ...

    def mastery(self, students: Any) -> MasteryTable:
        """What these students know now."""
        ...

    def counts(self, students: Any) -> Ints:
        """How many answers each student has given on each skill, shape (n_students, n_skills)."""
        ...


class Review(Protocol):
    """Any object that estimates P(recall) and determines which skills are due for review.

    The object may also have the attributes ``fingerprint`` and ``retention`` (the target for
    P(recall)). Decisions record these two attributes.
    """

    def look(self, context: Context) -> tuple[Floats, Floats]:
        """P(recall) now, and the urgency of a review (0 if not due).

        Both arrays have the shape (n_students, n_skills).
        """
        ...
