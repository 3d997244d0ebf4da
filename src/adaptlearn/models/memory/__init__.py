"""Memory: what is forgotten between reviews, and when a review is due.

`reviews` (with `ratings`, `firsts` and `moments`) are a log as cards that are reviewed; `answers`
tells how well a memory predicts them, `noise` what makes an answer differ from it, and `search`
finds what loses least. `tracer` fits and serves either model: `fsrs` (its `equations`, their
`recursion`) and `halflife`. `forgetting` puts a curve on top of any other model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.memory.forgetting import ForgettingCurve as ForgettingCurve
    from adaptlearn.models.memory.forgetting import lags as lags
    from adaptlearn.models.memory.fsrs import FSRS as FSRS
    from adaptlearn.models.memory.fsrs import FSRS_DEFAULTS as FSRS_DEFAULTS
    from adaptlearn.models.memory.halflife import HalfLifeRegression as HalfLifeRegression

_HOMES = {
    "FSRS": "fsrs",
    "FSRS_DEFAULTS": "fsrs",
    "ForgettingCurve": "forgetting",
    "HalfLifeRegression": "halflife",
    "lags": "forgetting",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
