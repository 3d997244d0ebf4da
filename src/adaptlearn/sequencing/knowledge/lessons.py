"""Lessons as time: which ones students have done, and how many minutes a skill's lesson takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_list, refuse_other_kind
from adaptlearn.numerics import Floats, Ints
from adaptlearn.validation import Interval
from adaptlearn.wording import shown

LessonsDone = Mapping[Any, Iterable[Label] | Mapping[Label, int]]
"""By student, the lessons done, as often as they stand there, or how often each was done."""

_LESSONS = (Mapping, list, tuple, set, frozenset, np.ndarray)
_TIMES = Interval(0, 2**31, integer=True)


def times_done(
    lessons_done: LessonsDone, students: Sequence[Label], curriculum: Curriculum
) -> Ints:
    """How often each lesson was done, shape (n_students, n_lessons).

    Lessons that the curriculum does not have are not looked at.

    Raises
    ------
    ParameterError
        A number of times is none.
    UnknownLabelError
        Students or lessons are texts here and integers there: the record would count for nobody.
    """
    done = np.zeros((len(students), len(curriculum.lessons)), np.intp)
    place = curriculum.lesson_index.place
    check_students([*islice(lessons_done, 1)], students[:1])
    problems = []
    for row, student in enumerate(students):
        lessons = lessons_done.get(student, ())
        if not isinstance(lessons, _LESSONS):
            told = f"{student!r}: a list or a set of lessons, or how often each was done by lesson"
            problems.append(f"{told}, got a {type(lessons).__name__}")
            continue
        times = lessons if isinstance(lessons, Mapping) else Counter(label_list(lessons, "lesson"))
        here = place.keys() & times.keys()
        if not here:
            known = curriculum.lessons[:1].tolist()
            refuse_other_kind(label_list([*islice(times, 1)], "lesson"), known, "lesson done")
        for lesson in here:
            number = times[lesson]
            if not (type(number) is int and number >= 0) and not _TIMES.accepts(number):
                problems.append(f"{student!r}, {lesson!r}: {_TIMES}, got {shown(number)}")
            else:
                done[row, place[lesson]] = number
    if problems:
        raise ParameterError("lessons_done", problems)
    return done


def check_students(recorded: Iterable[Any], known: Sequence[Label]) -> None:
    """Refuse students of a record whose labels are of another kind: it would count for nobody."""
    students = label_list(list(recorded), "student in lessons_done")
    refuse_other_kind(students, known, "student in lessons_done")


def usual_minutes(curriculum: Curriculum, otherwise: float = 10.0) -> float:
    """The minutes of a lesson for which a curriculum names none: the mean of the others."""
    known = curriculum.minutes[~np.isnan(curriculum.minutes)]
    return float(known.mean()) if len(known) else otherwise


def minutes_of_skills(curriculum: Curriculum, usual: float | None = None) -> Floats:
    """The minutes of the shortest lesson on each skill; inf where there is none.

    A lesson without minutes takes the usual ones, by default the mean of the others, or else 1.
    """
    known = curriculum.minutes
    if usual is None:
        usual = usual_minutes(curriculum, 1.0)
    minutes = np.where(np.isnan(known), usual, known)
    shortest = np.full(len(curriculum.skills), np.inf)
    lesson = np.repeat(np.arange(len(minutes)), np.diff(curriculum.teaches.indptr))
    np.minimum.at(shortest, curriculum.teaches.indices, minutes[lesson])
    return shortest
