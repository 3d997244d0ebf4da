"""When a review is worth its minutes: by how much it raises P(recall) some weeks later.

References
----------
- J. Ye, J. Su, Y. Cao (2022). A stochastic shortest path algorithm for optimizing spaced
  repetition scheduling. KDD 2022, for a review as a cost and recall as its return.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from adaptlearn.numerics import Floats
from adaptlearn.sequencing.knowledge.context import Context, mark
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills
from adaptlearn.sequencing.knowledge.review_schedule import (
    DAY,
    Memory,
    checked,
    moment_of_look,
    moments,
    named,
    recall_of,
)
from adaptlearn.serialization import fingerprint
from adaptlearn.validation import Interval, check_parameters


class ForecastingMemory(Memory, Protocol):
    """A memory that also says what a review would do; for example, a `MasteryTracker` over FSRS."""

    def recall_after_review(
        self, students: Any, skills: Any, time: Any, *, later: float, n_answers: int
    ) -> Floats:
        """P(recall) `later` seconds after a review, shape (n_students, n_skills)."""
        ...


class PricedReviews:
    """Determines which skills are due for review: a review is worth its minutes, at your price.

    A review raises P(recall) at a later time, 30 days from now by default. The *gain* of the review
    is P(recall) at this time with the review, minus P(recall) without it. A skill is due if the
    price of the skill, times the gain of a review, is more than the minutes of the review.

    The urgency of a due skill is the gain. The gain of a review and the gain of a new lesson have
    the same unit: both are probabilities that a skill is known. So with
    ``PricedMastery(reviews="gain")``, reviews and new lessons compete by their gain per minute.

    Parameters
    ----------
    memory : MasteryTracker
        A `MasteryTracker` over `HalfLifeRegression` or `FSRS` with ``card="skill"``, or any object
        with the two methods ``recall(students, skills, time)`` and ``recall_after_review(students,
        skills, time, later=seconds, n_answers=number)``.
    price : float, default 300
        How many minutes of practice a student would spend so that one skill is not forgotten.
    horizon : float, default 30 days
        The seconds from now until the time at which the student should still recall the skill.
    n_items : int, default 5
        The number of answers in a review.
    minutes : float, default 10
        The minutes of a review, if the curriculum does not contain the minutes of a lesson.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range. It lists every such argument.

    Notes
    -----
    A skill that is due only if the student waits is not due. The rule compares a review now with no
    review at all, as if the practice might end today.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context, PricedReviews
    >>> school = Curriculum.from_dict({"skills": ["add", "measure", "draw"]})
    >>> memory = SimpleNamespace(  # in earnest: MasteryTracker(FSRS(card="skill").fit(log))
    ...     recall=lambda students, skills, time: np.array([[0.6, 0.9, np.nan]]),
    ...     recall_after_review=lambda students, skills, time, *, later, n_answers: np.array(
    ...         [[0.8, 0.92, np.nan]]
    ...     ),
    ... )
    >>> now = Context(school, np.array(["ann"]), np.array([[0.97, 0.98, 0.1]]), "latent", now=0.0)
    >>> for price in (300, 1000):
    ...     print(PricedReviews(memory, price).look(now)[1].round(3).tolist())
    [[0.2, 0.0, 0.0]]
    [[0.2, 0.02, 0.0]]
    """

    def __init__(
        self,
        memory: ForecastingMemory,
        price: float = 300.0,
        *,
        horizon: float = 30 * DAY,
        n_items: int = 5,
        minutes: float = 10.0,
    ) -> None:
        lacking = [
            name
            for name in ("recall", "recall_after_review")
            if not callable(getattr(memory, name, None))
        ]
        check_parameters(
            "PricedReviews",
            {"price": price, "horizon": horizon, "n_items": n_items, "minutes": minutes},
            {
                "price": [Interval(0, 1e9, "neither")],
                "horizon": [Interval(0, math.inf, "neither")],
                "n_items": [Interval(1, 12, integer=True)],
                "minutes": [Interval(0, 1e6, "neither")],
            },
            [f"memory has no method {name}: {memory!r:.80}" for name in lacking],
        )
        self.memory = memory
        self.price = price
        self.horizon = horizon
        self.n_items = n_items
        self.minutes = minutes

    def __repr__(self) -> str:
        return (
            f"PricedReviews({self.memory!r}, {self.price}, horizon={self.horizon}, "
            f"n_items={self.n_items}, minutes={self.minutes})"
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the settings and of the memory's ``fingerprint``.

        If the memory has no fingerprint, its class name is used.
        """
        return fingerprint(
            {
                "memory": named(self.memory),
                "price": float(self.price),
                "horizon": float(self.horizon),
                "n_items": int(self.n_items),
                "minutes": float(self.minutes),
            }
        )

    def look(self, context: Context) -> tuple[Floats, Floats]:
        """Compute P(recall) now and the gain of due reviews; both of shape (n_students, n_skills).

        Parameters
        ----------
        context : Context
            The context must have `now`. The context must also have `practice` if some skills of the
            curriculum encompass other skills. `look` fills in `unreviewed` and `reviewed`.

        Returns
        -------
        retention, urgency : float arrays
            For a skill that was never learnt, `retention` is nan and `urgency` is 0. The urgency is
            also 0 if a review is not worth its minutes.

        Raises
        ------
        ParameterError
            As in `ReviewSchedule.look`.
        """
        now = moment_of_look(context, self.memory)
        without = recall_of(context, self.memory, now + self.horizon)
        then = self.memory.recall_after_review(
            context.students.tolist(), context.curriculum.skills.tolist(), moments(context, now),
            later=self.horizon, n_answers=int(self.n_items),
        )  # fmt: skip
        reviewed = checked(then, context)
        mark(context, unreviewed=without, reviewed=reviewed)
        gain = np.nan_to_num(reviewed - without, nan=0.0)
        # Skills without a lesson take inf minutes: nobody can review them.
        worth = self.price * gain > minutes_of_skills(context.curriculum, self.minutes)
        return recall_of(context, self.memory, now), np.where(worth, gain, 0.0)
