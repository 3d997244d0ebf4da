"""Students like those of a real log: simulators fitted to it, and how far they resemble it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.fitted.comparison import Resemblance as Resemblance
    from adaptlearn.simulation.fitted.comparison import resemblance as resemblance
    from adaptlearn.simulation.fitted.simulators import simulators_from_log as simulators_from_log

_HOMES = {
    "Resemblance": "comparison",
    "resemblance": "comparison",
    "simulators_from_log": "simulators",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
