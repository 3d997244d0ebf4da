"""A linear recurrent model of what a student's answers say about every skill.

`responses` are a log as it is fitted to, with the student's `history` on skill and item;
`recurrence` is the bank of decays and its gradient, `descent` the fit, `server` the fitted model
one answer at a time. `tracer` is the model, `transfer` what it says of one skill from another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.recurrent.tracer import LinearRecurrentTracer as LinearRecurrentTracer
    from adaptlearn.models.recurrent.transfer import Transfer as Transfer
    from adaptlearn.models.recurrent.transfer import plot_transfer as plot_transfer

_HOMES = {
    "LinearRecurrentTracer": "tracer",
    "Transfer": "transfer",
    "plot_transfer": "transfer",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
