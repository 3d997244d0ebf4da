"""What is to be learnt: skills, what comes before what, lessons, items, standards.

`Curriculum` answers for many students at once. Below it, `content` reads, checks and writes its
parts, and `graph` holds what it computes, as functions of arrays. `audit` and `picture` take a
curriculum: what in it is doubtful, and how it looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.audit.audit import Audit as Audit
    from adaptlearn.curriculum.audit.audit import audit_curriculum as audit_curriculum
    from adaptlearn.curriculum.audit.evidence import EdgeEvidence as EdgeEvidence
    from adaptlearn.curriculum.content.draft import Repair as Repair
    from adaptlearn.curriculum.curriculum import Curriculum as Curriculum
    from adaptlearn.curriculum.outline import Outline as Outline
    from adaptlearn.curriculum.outline import SkillGroups as SkillGroups
    from adaptlearn.curriculum.picture.picture import plot_curriculum as plot_curriculum

_HOMES = {
    "Audit": "audit.audit",
    "Curriculum": "curriculum",
    "EdgeEvidence": "audit.evidence",
    "Outline": "outline",
    "Repair": "content.draft",
    "SkillGroups": "outline",
    "audit_curriculum": "audit.audit",
    "plot_curriculum": "picture.picture",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
