"""What a response log can and cannot tell, found before a model is fitted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.checkup.copies import CopiedStudents as CopiedStudents
    from adaptlearn.checkup.copies import copied_students as copied_students
    from adaptlearn.checkup.findings import Checkup as Checkup
    from adaptlearn.checkup.findings import Finding as Finding
    from adaptlearn.checkup.rules import check as check

_HOMES = {
    "Checkup": "findings",
    "CopiedStudents": "copies",
    "Finding": "findings",
    "check": "rules",
    "copied_students": "copies",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
