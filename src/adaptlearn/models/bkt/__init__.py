"""Bayesian Knowledge Tracing.

`estimator` is the model that users see. A fit reads a log's `entries`, their `classes` (whose
`labels` and `cells` stand beside), and goes by way of `fit` to what `fitted` holds; `em` and
`individual` are the two ways to estimate `parameters`, and `latent` adds classes of students to
`em`. `serve` predicts, reports and saves; `state` is what is kept of students.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.bkt.estimator import BKT as BKT
    from adaptlearn.models.bkt.state import BKTState as BKTState

_HOMES = {
    "BKT": "estimator",
    "BKTState": "state",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
