"""The loop as one object for applications, and what a store of its events must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.tutor.diagnostic import Diagnostic as Diagnostic
    from adaptlearn.tutor.events import Event as Event
    from adaptlearn.tutor.fold.history import Entry as Entry
    from adaptlearn.tutor.fold.verification import Verification as Verification
    from adaptlearn.tutor.receipts import Receipt as Receipt
    from adaptlearn.tutor.receipts import Synced as Synced
    from adaptlearn.tutor.store import Changed as Changed
    from adaptlearn.tutor.store import Columns as Columns
    from adaptlearn.tutor.store import Row as Row
    from adaptlearn.tutor.store import Status as Status
    from adaptlearn.tutor.store import Store as Store
    from adaptlearn.tutor.store import all_rows as all_rows
    from adaptlearn.tutor.tutor import Tutor as Tutor

_HOMES = {
    "Changed": "store",
    "Columns": "store",
    "Diagnostic": "diagnostic",
    "Entry": "fold.history",
    "Event": "events",
    "Receipt": "receipts",
    "Row": "store",
    "Status": "store",
    "Store": "store",
    "Synced": "receipts",
    "Tutor": "tutor",
    "Verification": "fold.verification",
    "all_rows": "store",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
