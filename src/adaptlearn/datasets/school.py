"""A small simulated school that comes with the library."""

from __future__ import annotations

import gzip
from importlib.resources import files
from io import StringIO
from typing import NamedTuple

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.responses.log import ResponseLog

ANSWERS = files("adaptlearn.datasets") / "school.csv.gz"
CURRICULUM = files("adaptlearn.datasets") / "school.json"


class Dataset(NamedTuple):
    """A response log and its curriculum."""

    log: ResponseLog
    curriculum: Curriculum


def load_school() -> Dataset:
    """Load a small data set to try the library with: answers of simulated students.

    120 students practise eight skills of arithmetic, one to nine times each, over some weeks. A
    student learns a skill only after its prerequisites, and forgets a little. The data is always
    the same, so you can compare your results with the examples.

    Returns
    -------
    Dataset
        ``log``: the answers, with items and times. ``curriculum``: the skills, their prerequisites,
        and a lesson for each skill.

    See Also
    --------
    adaptlearn.simulation.simulate_school : Simulates schools of any size, with known parameters.

    Notes
    -----
    ``python tests/datasets/school_data.py``, in a clone of the repository, makes the files again.

    Examples
    --------
    >>> log, curriculum = load_school()
    >>> log
    ResponseLog(4,892 responses, 120 students, 8 skills, 64 items)
    >>> len(curriculum.lessons)
    8
    """
    log = ResponseLog.from_file(StringIO(gzip.decompress(ANSWERS.read_bytes()).decode()))
    return Dataset(log, Curriculum.from_json(CURRICULUM.read_text(encoding="utf-8")))
