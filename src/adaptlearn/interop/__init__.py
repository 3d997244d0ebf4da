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
    from adaptlearn.interop.case.framework import Framework as Framework
    from adaptlearn.interop.case.framework import FrameworkItem as FrameworkItem
    from adaptlearn.interop.case.framework import FrameworkLink as FrameworkLink
    from adaptlearn.interop.case.learning_commons import (
        read_learning_commons as read_learning_commons,
    )
    from adaptlearn.interop.case.reading import read_case as read_case
    from adaptlearn.interop.case.writing import write_case as write_case
    from adaptlearn.interop.oatutor import from_oatutor as from_oatutor
    from adaptlearn.interop.oatutor import to_oatutor as to_oatutor
    from adaptlearn.interop.oatutor_course import from_oatutor_courses as from_oatutor_courses
    from adaptlearn.interop.oneroster.reading import read_oneroster as read_oneroster
    from adaptlearn.interop.oneroster.results import Result as Result
    from adaptlearn.interop.oneroster.results import read_results as read_results
    from adaptlearn.interop.oneroster.roster import Roster as Roster
    from adaptlearn.interop.oneroster.roster import RosterTable as RosterTable
    from adaptlearn.interop.oneroster.writing import write_oneroster as write_oneroster
    from adaptlearn.interop.pybkt import from_pybkt as from_pybkt
    from adaptlearn.interop.pybkt import to_pybkt as to_pybkt
    from adaptlearn.interop.report import Note as Note
    from adaptlearn.interop.report import ReadReport as ReadReport

_HOMES = {
    "Framework": "case.framework",
    "FrameworkItem": "case.framework",
    "FrameworkLink": "case.framework",
    "Note": "report",
    "ReadReport": "report",
    "Result": "oneroster.results",
    "Roster": "oneroster.roster",
    "RosterTable": "oneroster.roster",
    "from_oatutor": "oatutor",
    "from_oatutor_courses": "oatutor_course",
    "from_pybkt": "pybkt",
    "read_assistments": "adaptlearn.datasets.assistments",
    "read_case": "case.reading",
    "read_datashop": "adaptlearn.datasets.datashop",
    "read_learning_commons": "case.learning_commons",
    "read_oneroster": "oneroster.reading",
    "read_results": "oneroster.results",
    "to_oatutor": "oatutor",
    "to_pybkt": "pybkt",
    "write_case": "case.writing",
    "write_oneroster": "oneroster.writing",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
