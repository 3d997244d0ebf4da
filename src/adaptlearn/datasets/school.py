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
    """A response log, and the curriculum that it belongs to."""

    log: ResponseLog
    curriculum: Curriculum


def load_school() -> Dataset:
    """A small school to try things out on: simulated students, in a file of the library.

    120 students practise eight skills of arithmetic, one to nine times each, over some weeks; a
    skill is learnt only after what comes before it, and a little is forgotten. It is the same
    everywhere, so that examples and figures can be compared.

    Returns
    -------
    Dataset
        ``log``: the answers, with items and times. ``curriculum``: the skills, what comes before
        what, and a lesson for each skill.

    See Also
    --------
    adaptlearn.simulation.simulate_school : Makes schools of any size, whose truth is known.

    Notes
    -----
    ``python tests/datasets/school_data.py``, in a clone of the repository, makes the files anew.

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
