"""Response logs at hand: a small simulated one, and readers of published data sets.

The readers take files as they were published and make a log in which one response is one row;
what became of every other row is in its `account`, and in a warning. Nothing is downloaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.datasets.assistments import read_assistments as read_assistments
    from adaptlearn.datasets.datashop import read_datashop as read_datashop
    from adaptlearn.datasets.ednet import read_ednet as read_ednet
    from adaptlearn.datasets.eedi import read_eedi as read_eedi
    from adaptlearn.datasets.irw import read_irw as read_irw
    from adaptlearn.datasets.irw import write_irw as write_irw
    from adaptlearn.datasets.junyi import read_junyi as read_junyi
    from adaptlearn.datasets.pykt import read_pykt as read_pykt
    from adaptlearn.datasets.school import Dataset as Dataset
    from adaptlearn.datasets.school import load_school as load_school

_HOMES = {
    "Dataset": "school",
    "load_school": "school",
    "read_assistments": "assistments",
    "read_datashop": "datashop",
    "read_ednet": "ednet",
    "read_eedi": "eedi",
    "read_irw": "irw",
    "read_junyi": "junyi",
    "read_pykt": "pykt",
    "write_irw": "irw",
}

__all__ = [
    "Dataset",
    "load_school",
    "read_assistments",
    "read_datashop",
    "read_ednet",
    "read_eedi",
    "read_irw",
    "read_junyi",
    "read_pykt",
    "write_irw",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
