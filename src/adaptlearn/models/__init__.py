"""Knowledge-tracing models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer as KnowledgeTracer
    from adaptlearn.models.base import Mastery as Mastery
    from adaptlearn.models.bkt import BKT as BKT
    from adaptlearn.models.loading import load as load

_HOMES = {"BKT": "bkt", "KnowledgeTracer": "base", "Mastery": "base", "load": "loading"}

__all__ = ["BKT", "KnowledgeTracer", "Mastery", "load"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
