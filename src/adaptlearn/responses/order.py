"""In which order the rows of a log happened: by time, then id, then row."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Floats, Ints, Sequences, group_pairs
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.skills import SkillColumn


def chronological_rows(student: Labelled, time: Floats | None, ids: Labelled | None) -> Ints | None:
    """Rows by time, then id, then row; None where every student's rows stand so already."""
    if time is None:
        return None if ids is None else np.argsort(ids.codes, kind="stable")
    later = time[1:] > time[:-1] if ids is not None else time[1:] >= time[:-1]
    if later.all():
        return None
    change = student.codes[1:] != student.codes[:-1]
    blocks = int(np.count_nonzero(change)) + 1
    if bool((later | change).all()) and blocks == np.count_nonzero(np.bincount(student.codes)):
        return None  # one block of rows per student, each in order
    if ids is None:
        return np.argsort(time, kind="stable")
    return np.lexsort((ids.codes, time))


def entry_sequences(skill: SkillColumn, student: Labelled, order: Ints | None) -> Sequences:
    """Entries per skill and student, each sequence in the order of its rows.

    Parameters
    ----------
    skill : SkillColumn
    student : Labelled
        Of each row.
    order : int array, or None
        What `chronological_rows` gave.
    """
    codes, n_rows = student.codes, len(student.codes)
    if skill.rows is not None:
        codes = codes[skill.rows]
        if order is not None:
            place = np.empty(n_rows, np.int64)
            place[order] = np.arange(n_rows)
            order = np.argsort(place[skill.rows], kind="stable")
    n_skills, n_students = len(skill.entries.labels), len(student.labels)
    return group_pairs(skill.entries.codes, n_skills, codes, n_students, order)
