"""What is to be learnt: skills, what comes before what, lessons, standards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.audit.audit import Audit as Audit
    from adaptlearn.curriculum.content.rows import Repair as Repair
    from adaptlearn.curriculum.curriculum import Curriculum as Curriculum

_HOMES = {
    "Audit": "audit.audit",
    "Curriculum": "curriculum",
    "Repair": "content.rows",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
