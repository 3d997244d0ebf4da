"""Students by label outside, and by key in the store."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from adaptlearn.errors import ParameterError, StateError, UnknownLabelError
from adaptlearn.labels import Label, label_list, refuse_other_kind
from adaptlearn.tutor.events import check_text
from adaptlearn.tutor.store import Store

KINDS = {str: "texts", int: "integers"}
"""What the labels of one store are, all of them."""
FORMS: dict[str, Label] = {"texts": "", "integers": 0}
"""A label of each kind."""


class StudentNames:
    """Which key a student has in a store.

    The key is the label itself, or a keyed digest of it. The labels of one store are all texts or
    all integers; the first that is recorded decides.

    Parameters
    ----------
    store : Store
    key : bytes, optional
        Makes digests of labels; it is not stored.

    Raises
    ------
    ParameterError
        `key` is no key.
    StateError
        The store was made with another key, or without one.
    """

    def __init__(self, store: Store, key: bytes | None) -> None:
        given: Any = key
        if given is not None and (not isinstance(given, bytes) or len(given) < 16):
            raise ParameterError(
                "Tutor", ["key must be at least 16 bytes, as secrets.token_bytes(32)"]
            )
        self._store, self._secret = store, key
        mine = "none" if key is None else self._digest("this store's key")
        standing = store.claim("key", mine)
        if standing != mine:
            made = "without a key" if standing == "none" else "with another key"
            raise StateError(
                f"the store was made {made}; student ids cannot be found with this one"
            )
        self._kind = ""

    def _digest(self, text: str) -> str:
        assert self._secret is not None
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def keys(self, students: Any, *, record: bool = False) -> dict[str, Label]:
        """The key of each student, with the label that was given, in the order given.

        With `record`, the labels are about to be recorded, and their kind is the store's from now
        on.

        Raises
        ------
        UnknownLabelError
            The labels are texts, and those of the store are integers, or the reverse; or no store
            keeps such texts.
        """
        labels = label_list(students, "student")
        problems: list[str] = []
        for label in labels:
            if isinstance(label, str):  # databases cut some texts, and take them for others
                check_text(label, "student", problems)
        if problems:
            raise UnknownLabelError("unknown student", problems)
        refuse_other_kind(labels, self.forms(), "student")
        if labels and record and not self._kind:
            self._kind = self._store.claim("students", KINDS[type(labels[0])])
            refuse_other_kind(labels, self.forms(), "student")
        return {self._key(label): label for label in labels}

    def _key(self, label: Label) -> str:
        return str(label) if self._secret is None else self._digest(f"student {label}")

    def forms(self) -> list[Label]:
        """A label of the kind that the store's students have; nothing before the first."""
        if not self._kind:  # another process may have recorded the first
            self._kind = self._store.claim("students", "")
        return [FORMS[self._kind]] if self._kind else []

    def label(self, key: str) -> Label:
        """What stands for a student inside: the label, or the digest where there is a key."""
        return int(key) if self._secret is None and self.forms() == [0] else key
