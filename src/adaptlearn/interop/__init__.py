"""What other programs have: their models and courses, read and written.

Their logs are read by `adaptlearn.datasets`; `read_assistments` and `read_datashop` can be had here
too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.datasets.assistments import read_assistments as read_assistments
    from adaptlearn.datasets.datashop import read_datashop as read_datashop
    from adaptlearn.interop.oatutor import from_oatutor as from_oatutor
    from adaptlearn.interop.oatutor import to_oatutor as to_oatutor
    from adaptlearn.interop.oatutor_course import from_oatutor_courses as from_oatutor_courses
    from adaptlearn.interop.pybkt import from_pybkt as from_pybkt
    from adaptlearn.interop.pybkt import to_pybkt as to_pybkt

_HOMES = {
    "from_oatutor": "oatutor",
    "from_oatutor_courses": "oatutor_course",
    "from_pybkt": "pybkt",
    "read_assistments": "adaptlearn.datasets.assistments",
    "read_datashop": "adaptlearn.datasets.datashop",
    "to_oatutor": "oatutor",
    "to_pybkt": "pybkt",
}

__all__ = [
    "from_oatutor",
    "from_oatutor_courses",
    "from_pybkt",
    "read_assistments",
    "read_datashop",
    "to_oatutor",
    "to_pybkt",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
