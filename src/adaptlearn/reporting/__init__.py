"""Pages that a student, a family, a teacher and a superintendent can read.

All pages draw from one table of figures, which `figures_of` computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.reporting.class_ import report_class as report_class
    from adaptlearn.reporting.district.report import report_district as report_district
    from adaptlearn.reporting.figures import Figures as Figures
    from adaptlearn.reporting.figures import figures_of as figures_of
    from adaptlearn.reporting.page import Report as Report
    from adaptlearn.reporting.statuses import Status as Status
    from adaptlearn.reporting.student import report_family as report_family
    from adaptlearn.reporting.student import report_student as report_student
    from adaptlearn.reporting.templates import TEMPLATES as TEMPLATES

_HOMES = {
    "Figures": "figures",
    "Report": "page",
    "Status": "statuses",
    "TEMPLATES": "templates",
    "figures_of": "figures",
    "report_district": "district.report",
    "report_class": "class_",
    "report_family": "student",
    "report_student": "student",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
