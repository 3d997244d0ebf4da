"""What another policy would have achieved, from logged decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.off_policy.results import OffPolicyValue as OffPolicyValue

_HOMES = {
    "OffPolicyValue": "results",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
