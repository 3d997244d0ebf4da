"""Models of other programs: read into this library's, and written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.interop.oatutor import from_oatutor as from_oatutor
    from adaptlearn.interop.oatutor import to_oatutor as to_oatutor
    from adaptlearn.interop.pybkt import from_pybkt as from_pybkt
    from adaptlearn.interop.pybkt import to_pybkt as to_pybkt

_HOMES = {
    "from_oatutor": "oatutor",
    "from_pybkt": "pybkt",
    "to_oatutor": "oatutor",
    "to_pybkt": "pybkt",
}

__all__ = ["from_oatutor", "from_pybkt", "to_oatutor", "to_pybkt"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
