"""What a log of answers says about the assumptions of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.diagnosis.diagnose import diagnose as diagnose
    from adaptlearn.diagnosis.verdicts import Diagnosis as Diagnosis
    from adaptlearn.diagnosis.verdicts import EdgeVerdict as EdgeVerdict
    from adaptlearn.diagnosis.verdicts import Verdict as Verdict

_HOMES = {
    "Diagnosis": "verdicts",
    "EdgeVerdict": "verdicts",
    "Verdict": "verdicts",
    "diagnose": "diagnose",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
