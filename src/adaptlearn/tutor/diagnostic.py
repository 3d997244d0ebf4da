"""A placement whose answers are recorded as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adaptlearn.labels import Label
from adaptlearn.sequencing.placement.placement import Session
from adaptlearn.sequencing.placement.result import PlacementResult


class Diagnostic:
    """The placement of one student, question by question; `Tutor.place` makes it.

    It survives a restart: ``place`` goes on after the last answer that was recorded.

    Parameters
    ----------
    session : Session
    note : callable
        Records contents of placement events.
    """

    def __init__(
        self, session: Session, note: Callable[[Sequence[Mapping[str, Any]]], object]
    ) -> None:
        self._session, self._note = session, note

    @property
    def ended(self) -> str | None:
        """Why the placement has ended; None if it has not. See `PlacementResult.ended`."""
        return self._session.ended

    def next(self) -> Label | None:
        """The skill of the next question; None if the placement has ended."""
        return self._session.next()

    def answer(self, skill: Label, correct: bool) -> None:
        """Record the answer to a question about the skill that `next` returned.

        With the last answer, the result becomes what the student knew before all later answers.

        Raises
        ------
        UnknownLabelError, ParameterError
            As `adaptlearn.sequencing.placement.Session.answer` raises them.
        """
        session = self._session
        session.answer(skill, correct)
        told: list[Mapping[str, Any]] = [
            {"skill": skill, "correct": int(correct), "session": session.to_json()}
        ]
        if session.ended is not None:
            found = session.result().table()
            pairs = zip(found["skill"], found["probability"], strict=True)
            told.append({"known": [*map(list, pairs)]})
        self._note(told)

    def result(self) -> PlacementResult:
        """The result of the answers so far."""
        return self._session.result()
