"""What every knowledge-tracing model promises, as checks to run on a model of your own.

`promises` are the checks, `subject` is the model they are made on, fitted once, with the logs
they ask it about (of `sample`, unless one is given); `suite` runs them one by one or all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.checks.promises import CHECKS as CHECKS
    from adaptlearn.models.checks.suite import Check as Check
    from adaptlearn.models.checks.suite import PromiseError as PromiseError
    from adaptlearn.models.checks.suite import check_tracer as check_tracer
    from adaptlearn.models.checks.suite import tracer_checks as tracer_checks

_HOMES = {
    "CHECKS": "promises",
    "Check": "suite",
    "PromiseError": "suite",
    "check_tracer": "suite",
    "tracer_checks": "suite",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
