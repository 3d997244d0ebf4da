"""What teachers tell a tutor: goals, overrides, and their end."""

from __future__ import annotations

from typing import Any

from adaptlearn.errors import UnknownLabelError
from adaptlearn.labels import Label, near_spellings
from adaptlearn.sequencing.overrides import Action, Override
from adaptlearn.tutor.advice import check_note, checked_override, goal_pairs
from adaptlearn.tutor.receipts import Receipt
from adaptlearn.tutor.service import Service, call, moment

_NEAR = 20_000  # students, up to which near spellings are looked for


class Teaching(Service):
    """The calls of a tutor by which people decide."""

    @call
    def set_goals(
        self, student: Label | None, targets: Any, *, author: str = "", reason: str = "",
        expires: Any = None,
    ) -> Receipt:  # fmt: skip
        """Set what a student aims at, in place of earlier goals.

        Parameters
        ----------
        student : label or None
            None sets the goals of all students who have none of their own.
        targets : target or None
            As in `Goals`; None takes the goals away.
        author, reason : str
            Who set the goals, and why.
        expires : float or datetime, optional
            The time at which the goals stop counting.

        Raises
        ------
        ParameterError, UnknownLabelError
            As `Goals` raises them; and if goals are taken away from a student of whom the store
            holds nothing.
        """
        check_note("set_goals", author, reason, needed=False)
        if targets is None and student is not None:
            self._check_known(student)
        self._catch_up()
        content = {"targets": goal_pairs(self.curriculum, targets), "author": author,
                   "reason": reason,
                   "expires": None if expires is None else moment(expires, "expires")}  # fmt: skip
        return self._ledger.note(student, "goal", [content])[0]

    def _check_known(self, student: Label) -> None:
        """Refuse a student without events: the name is probably misspelled."""
        (key,) = self._names.keys([student])
        if not self.store.read({key: 0}).number:
            known = [*map(self._names.label, self.store.students().students)]
            hint = near_spellings(student, known) if len(known) < _NEAR else ""
            raise UnknownLabelError("unknown student", [f"{student!r}{hint}"])

    @call
    def override(
        self, action: Action, target: Label, *, student: Label | None = None, author: str,
        reason: str, expires: Any = None,
    ) -> Receipt:  # fmt: skip
        """Record a teacher's decision, which always has priority over the policy.

        Parameters
        ----------
        action, target, student, author, reason, expires
            As in `Override`. Without a student, the override is for all students.

        Returns
        -------
        Receipt
            Its `id` is what `withdraw` takes.
        """
        made = Override(action, target, author=author, reason=reason, expires=expires)
        self._catch_up()
        content = checked_override(self.curriculum, made)
        return self._ledger.note(student, "override", [content])[0]

    @call
    def withdraw(
        self, override: str, *, student: Label | None = None, author: str, reason: str
    ) -> Receipt:
        """Take an override back.

        Parameters
        ----------
        override : str
            The id from the override's receipt.
        student : label or None
            The student of the override.
        author, reason : str

        Raises
        ------
        UnknownLabelError
            There is no such override of the student.
        """
        check_note("withdraw", author, reason)
        self._ledger.check_override(override, student)
        content = {"withdraws": override, "author": author, "reason": reason}
        return self._ledger.note(student, "override", [content])[0]
