"""What a log of answers says about the assumptions of a policy, and the policy it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.diagnosis.examination import diagnose as diagnose
    from adaptlearn.diagnosis.policy import Choice as Choice
    from adaptlearn.diagnosis.policy import LogPolicy as LogPolicy
    from adaptlearn.diagnosis.policy import policy_from_log as policy_from_log
    from adaptlearn.diagnosis.verdicts import Diagnosis as Diagnosis
    from adaptlearn.diagnosis.verdicts import DoubtfulTag as DoubtfulTag
    from adaptlearn.diagnosis.verdicts import EdgeVerdict as EdgeVerdict
    from adaptlearn.diagnosis.verdicts import Verdict as Verdict

_HOMES = {
    "Choice": "policy",
    "Diagnosis": "verdicts",
    "DoubtfulTag": "verdicts",
    "EdgeVerdict": "verdicts",
    "LogPolicy": "policy",
    "Verdict": "verdicts",
    "diagnose": "examination",
    "policy_from_log": "policy",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
