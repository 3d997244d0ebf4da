"""Knowledge-tracing models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer as KnowledgeTracer
    from adaptlearn.models.base import Mastery as Mastery
    from adaptlearn.models.bkt import BKT as BKT
    from adaptlearn.models.loading import load as load

_HOMES = {"BKT": "bkt", "KnowledgeTracer": "base", "Mastery": "base", "load": "loading"}

__all__ = ["BKT", "KnowledgeTracer", "Mastery", "load"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
