"""What is doubtful in a sound curriculum, by itself and in the light of students' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.audit.audit import Audit as Audit
    from adaptlearn.curriculum.audit.audit import audit_curriculum as audit_curriculum
    from adaptlearn.curriculum.audit.evidence import EdgeEvidence as EdgeEvidence

_HOMES = {
    "Audit": "audit",
    "EdgeEvidence": "evidence",
    "audit_curriculum": "audit",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
