"""How many students have each status: in a district, its schools, courses and groups."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.errors import ResponseDataError
from adaptlearn.numerics import Bools, Ints
from adaptlearn.reporting.district.steps import FEWEST
from adaptlearn.reporting.district.suppression import Groups
from adaptlearn.reporting.statuses import Status, of_groups
from adaptlearn.responses.frames import columns_of
from adaptlearn.validation import label_problems, value_problems

COLUMNS = ("student", "school", "course", "group", "status")
KINDS = DISTRICT, SCHOOL, COURSE, GROUP, IN_COURSE, IN_GROUP = range(6)
_WORDS = {status.word: int(status) for status in Status}


class Places(NamedTuple):
    """Students in courses: one entry for each student and course.

    Attributes
    ----------
    schools, courses, groups : array
        Labels, sorted.
    student, school, course, group, status : int arrays, shape (n_places,)
        Places of the labels, and values of `Status`.
    """

    schools: NDArray[Any]
    courses: NDArray[Any]
    groups: NDArray[Any]
    student: Ints
    school: Ints
    course: Ints
    group: Ints
    status: Ints


class Lines(NamedTuple):
    """The lines of a district's page: groups of students, and what they are called.

    Attributes
    ----------
    kind : int array, shape (n_lines,)
        Values of `KINDS`.
    school, part : int arrays, shape (n_lines,)
        The school, and the course or group; -1 where the line is of all of them.
    """

    kind: Ints
    school: Ints
    part: Ints


def places_of(rows: Any) -> Places:
    """Read students with their school, course, group and status.

    A student can have several rows in one course, one for each standard. The status in the course
    then follows from them as that of a standard follows from its skills.

    Raises
    ------
    ResponseDataError
        The error lists all problems.
    """
    columns = columns_of(rows, COLUMNS, "rows of a district")
    number = np.arange(len(columns["student"]))
    status, unknown = _statuses(columns["status"])
    problems = label_problems({name: columns[name] for name in COLUMNS[:4]}, number)
    problems += value_problems({_EXPECTED: unknown}, number)
    problems += [] if number.size else ["there are no rows; expected one per student and course"]
    if problems:
        raise ResponseDataError("rows of a district", problems)
    found = [np.unique(columns[name], return_inverse=True) for name in COLUMNS[:4]]
    labels, (student, school, course, group) = zip(*found, strict=True)
    key = (student * len(labels[1]) + school) * len(labels[2]) + course
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    other = group != group[first][place]
    if other.any():
        wrong = value_problems({"one group for each student and course": other}, number)
        raise ResponseDataError("rows of a district", wrong)
    if len(first) < len(key):
        members = incidence(place, number, (len(first), len(key)))
        status = of_groups(status[None], members)[0]
    else:
        status = status[first]
    _, schools, courses, groups = labels
    codes = (student[first], school[first], course[first], group[first])
    return Places(schools, courses, groups, *codes, status)


_EXPECTED = "status must be one of " + ", ".join(map(repr, _WORDS))


def _statuses(column: NDArray[Any]) -> tuple[Ints, Bools]:
    """Statuses by their words or numbers, and where there is none."""
    if column.dtype.kind in "iu":
        unknown = (column < 0) | (column >= len(Status))
        return np.where(unknown, 0, column).astype(np.int64), unknown
    codes = np.array([_WORDS.get(str(word), -1) for word in column.tolist()], np.int64)
    return codes, codes < 0


def lines_of(places: Places) -> tuple[Lines, Groups]:
    """The lines of a page, and their counts."""
    n = len(places.student)
    school, nothing = places.school, np.full(n, -1)
    keys = [
        (DISTRICT, nothing, nothing),
        (SCHOOL, school, nothing),
        (COURSE, nothing, places.course),
        (GROUP, nothing, places.group),
        (IN_COURSE, school, places.course),
        (IN_GROUP, school, places.group),
    ]
    parts = 1 + max(len(places.courses), len(places.groups))
    schools = 1 + len(places.schools)
    coded = [(kind * schools + of + 1) * parts + part + 1 for kind, of, part in keys]
    found, line = np.unique(np.concatenate(coded), return_inverse=True)
    line = line.reshape(len(KINDS), n)
    rest, part = np.divmod(found, parts)
    kind, of = np.divmod(rest, schools)
    lines = Lines(kind, of - 1, part - 1)
    return lines, _groups(places, lines, line)


def _groups(places: Places, lines: Lines, line: Ints) -> Groups:
    """The counts of lines; `line`: those of each place, by kind."""
    n_lines = len(lines.kind)
    flat, status = line.ravel(), np.tile(places.status, len(KINDS))
    n_statuses = len(Status)
    counts = np.bincount(flat * n_statuses + status, minlength=n_lines * n_statuses)
    n_students = int(places.student.max()) + 1
    each = np.unique(flat.astype(np.int64) * n_students + np.tile(places.student, len(KINDS)))
    students = np.bincount(each // n_students, minlength=n_lines)
    cell_groups = np.flatnonzero(lines.kind >= IN_COURSE)
    cell_of = np.full(n_lines, -1)
    cell_of[cell_groups] = np.arange(len(cell_groups))
    shape = (n_lines, len(cell_groups))
    by_course, by_group = cell_of[line[IN_COURSE]], cell_of[line[IN_GROUP]]
    pairs = [(line[kind], by_course) for kind in (DISTRICT, SCHOOL, COURSE, IN_COURSE)]
    pairs += [(line[kind], by_group) for kind in (GROUP, IN_GROUP)]
    rows, cells = (np.concatenate(part) for part in zip(*pairs, strict=True))
    of_school = _once(line[SCHOOL], by_course, shape) - _once(line[SCHOOL], by_group, shape)
    return Groups(
        counts=counts.reshape(n_lines, n_statuses),
        small=students < FEWEST,
        cells=_once(rows, cells, shape),
        cell_groups=cell_groups,
        equal=csr_array(of_school[np.flatnonzero(lines.kind == SCHOOL)]),
        table=lines.kind[cell_groups],
        row=lines.school[cell_groups],
        column=lines.part[cell_groups],
    )


def _once(rows: Ints, columns: Ints, shape: tuple[int, int]) -> csr_array:
    """A sparse 0/1 matrix; a pair may be given several times."""
    found = np.unique(rows.astype(np.int64) * shape[1] + columns)
    return incidence(*np.divmod(found, shape[1]), shape)
