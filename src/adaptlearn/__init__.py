"""Adaptive learning: estimate what each student knows, choose what each does next.

Importing the package is light: a name's module, and what that module needs, is
imported the first time the name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adaptlearn.evaluation import cross_validate as cross_validate
    from adaptlearn.evaluation import evaluate as evaluate
    from adaptlearn.models import load as load
    from adaptlearn.responses import ResponseLog as ResponseLog
    from adaptlearn.sequencing import Curriculum as Curriculum
    from adaptlearn.sequencing import Sequencer as Sequencer
    from adaptlearn.tracking import MasteryTracker as MasteryTracker

__version__ = "0.1.0"

_HOMES = {
    "Curriculum": "sequencing",
    "MasteryTracker": "tracking",
    "ResponseLog": "responses",
    "Sequencer": "sequencing",
    "cross_validate": "evaluation",
    "evaluate": "evaluation",
    "load": "models",
}
_ROOMS = ("errors", "evaluation", "models", "responses", "sequencing", "simulation", "tracking")

__all__ = [
    "Curriculum",
    "MasteryTracker",
    "ResponseLog",
    "Sequencer",
    "__version__",
    "cross_validate",
    "evaluate",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _ROOMS:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
