"""On how many days students answered on skills."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, plain
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.log import ResponseLog
from adaptlearn.tracking.clock import DAY


def answers_of(
    log: ResponseLog, students: Sequence[Label], skills: Sequence[Label]
) -> tuple[Ints, Ints, Floats, Ints]:
    """The answers of some students on some skills: student, skill, seconds, and right or wrong.

    An answer on several skills counts for each of them. Exposures are left out.

    Raises
    ------
    ParameterError
        The answers have no times.
    """
    if log.time is None:
        raise ParameterError("responses", ["the answers have no times; add a column time"])
    who = {student: row for row, student in enumerate(students)}
    what = {skill: place for place, skill in enumerate(skills)}
    student = np.array([who.get(plain(one), -1) for one in log.student.labels], np.intp)
    skill = np.array([what.get(plain(one), -1) for one in log.skill.labels], np.intp)
    row = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
    of_student, of_skill = student[log.student.codes[row]], skill[log.skill.codes]
    kept = (of_student >= 0) & (of_skill >= 0) & (log.correct[row] >= 0)
    row = row[kept]
    return of_student[kept], of_skill[kept], log.time[row], log.correct[row].astype(np.intp)


def days_of(log: ResponseLog, students: Sequence[Label], skills: Sequence[Label]) -> Ints:
    """On how many days each student answered on each skill, shape (n_students, n_skills).

    Days run from midnight to midnight of the log's clock (for datetimes with a zone, UTC's).
    """
    student, skill, time, _ = answers_of(log, students, skills)
    days = np.floor(time / DAY).astype(np.int64)
    once = np.unique(np.stack([student, skill, days], axis=1), axis=0)
    found = np.bincount(
        once[:, 0] * len(skills) + once[:, 1], minlength=len(students) * len(skills)
    )
    return found.reshape(len(students), len(skills))
