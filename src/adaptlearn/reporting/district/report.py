"""The page of a district: progress by school, course and group, without names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.labels import label_array
from adaptlearn.numerics import Bools, Ints
from adaptlearn.reporting.district.counts import (
    COURSE,
    DISTRICT,
    GROUP,
    IN_COURSE,
    IN_GROUP,
    SCHOOL,
    Lines,
    Places,
    lines_of,
    places_of,
)
from adaptlearn.reporting.district.steps import steps_of
from adaptlearn.reporting.district.suppression import hidden_groups
from adaptlearn.reporting.page import Columns, Report
from adaptlearn.reporting.statuses import Status
from adaptlearn.reporting.templates import Templates
from adaptlearn.responses.frames import columns_of

# Of each kind of line: its table, and the columns that name it.
_TABLES = (
    ("district", ()),
    ("schools", ("school",)),
    ("courses", ("course",)),
    ("groups", ("group",)),
    ("school_courses", ("school", "course")),
    ("school_groups", ("school", "group")),
)


class Line(NamedTuple):
    """A line of a page."""

    name: str
    students: int | None  # None: it is not shown
    shares: tuple[tuple[int, int], ...]  # per cents: from, below


def report_district(
    rows: Any,
    *,
    earlier: Mapping[str, Any] | None = None,
    day: date | None = None,
    language: str = "en",
    templates: Templates | None = None,
) -> Report:
    """Make the page of a district, on which nobody can be recognised.

    It shows how many students have each status, by school, course and group, and in each school by
    course and by group. Groups of fewer than ten students are not shown, shares are given in steps
    that hold ten students or more, and further groups are hidden until no hidden number can be
    worked out from the others. `docs/suppression.md` says what this protects and what it does not.

    Parameters
    ----------
    rows : frame
        One row for each student and course, with the columns ``student``, ``school``, ``course``,
        ``group`` (one of a student's, such as an age group) and ``status`` (a word or a value of
        `Status`). Several rows of one student in one course, such as one for each standard, are
        taken together, as the skills of a standard are.
    earlier : mapping of str to frame, optional
        The tables of an earlier page: its `Report.tables()` or `Report.columns`. What it hides
        stays hidden, so that the two pages together tell no more.
    day : date, optional
        The day that the page is about.
    language, templates
        As in `report_student`.

    Returns
    -------
    Report
        With the tables ``district``, ``schools``, ``courses``, ``groups``, ``school_courses`` and
        ``school_groups``. ``students`` is nan where a group is not shown; for each status, a share
        is at least ``…_from`` and below ``…_below`` per cent.

    Raises
    ------
    ResponseDataError
        The error lists all problems of the rows, or of the earlier tables.
    ParameterError

    Examples
    --------
    >>> from adaptlearn.reporting import report_district
    >>> rows = {"student": [f"s{k}" for k in range(100)], "school": ["North", "South"] * 50,
    ...         "course": ["algebra"] * 100, "group": ["grade 5"] * 60 + ["grade 6"] * 40,
    ...         "status": ["learning"] * 70 + ["mastered"] * 30}
    >>> page = report_district(rows)
    >>> schools = page.columns["schools"]
    >>> schools["school"].tolist(), schools["students"].tolist()
    (['North', 'South'], [50.0, 50.0])
    >>> schools["mastered_from"].tolist(), schools["mastered_below"].tolist()
    ([20.0, 20.0], [40.0, 40.0])
    """
    places = places_of(rows)
    lines, groups = lines_of(places)
    hidden, known = _earlier(earlier, places, lines, groups.counts.sum(axis=1))
    hidden = hidden_groups(groups, hidden, known)
    listed = _listed(lines, hidden)
    tables = dict(_tables(places, lines, groups.counts, hidden, listed))
    n_students = len(np.unique(places.student))
    view = {
        "whole": _lines(tables["district"], None)[0],
        "sections": [(name, _lines(tables[f"{name}s"], name)) for name in ("school", *_PARTS)],
        "schools": [*_schools(tables)],
        "several": n_students < len(places.student),
        "hidden": bool(hidden.any()),
        "day": day,
    }
    return Report("district.html", view, tables, language=language, templates=templates)


_PARTS = ("course", "group")


def _names(places: Places, lines: Lines, kind: int) -> tuple[Ints, dict[str, Any]]:
    """The lines of a kind, and the columns that name them."""
    here = np.flatnonzero(lines.kind == kind)
    labels = {"school": places.schools, "course": places.courses, "group": places.groups}
    code = {"school": lines.school[here], "course": lines.part[here], "group": lines.part[here]}
    return here, {name: labels[name][code[name]] for name in _TABLES[kind][1]}


def _listed(lines: Lines, hidden: Bools) -> Bools:
    """Lines that a page lists: a school, course or group that is not shown has no further lines."""
    shown = np.ones(len(hidden), bool)
    for cells, of in ((IN_COURSE, COURSE), (IN_GROUP, GROUP)):
        here = lines.kind == cells
        for kind, code in ((SCHOOL, lines.school), (of, lines.part)):
            totals = lines.kind == kind
            gone = code[totals & hidden]
            shown &= ~(here & np.isin(code, gone))
    if hidden[lines.kind == DISTRICT].any():
        shown &= lines.kind == DISTRICT
    return shown


def _tables(
    places: Places, lines: Lines, counts: Ints, hidden: Bools, listed: Bools
) -> Iterator[tuple[str, Columns]]:
    """What is shown, as columns by table."""
    steps = steps_of(counts)
    for kind, (name, _) in enumerate(_TABLES):
        here, columns = _names(places, lines, kind)
        kept = listed[here]
        rows = here[kept]
        columns = {key: values[kept] for key, values in columns.items()}
        secret = hidden[rows]
        columns["students"] = np.where(secret, np.nan, counts[rows].sum(axis=1))
        for status in Status:
            word = status.word.replace(" ", "_")
            columns[f"{word}_from"] = np.where(secret, np.nan, steps.from_[rows, status])
            columns[f"{word}_below"] = np.where(secret, np.nan, steps.below[rows, status])
        yield name, columns


def _earlier(
    earlier: Mapping[str, Any] | None, places: Places, lines: Lines, sizes: Ints
) -> tuple[Bools, Bools]:
    """Lines that an earlier page hides, and those whose numbers of students it tells."""
    hidden, known = np.zeros(len(sizes), bool), np.zeros(len(sizes), bool)
    if earlier is None:
        return hidden, known
    missing = [f"the table {name!r} is missing" for name, _ in _TABLES if name not in earlier]
    if missing:
        raise ResponseDataError("tables of an earlier page", missing)
    for kind, (table, names) in enumerate(_TABLES):
        read = columns_of(earlier[table], [*names, "students"], f"earlier table {table!r}")
        keys = zip(*(label_array(read[name].tolist()).tolist() for name in names), strict=True)
        then = dict(zip(keys if names else [()], _numbers(read["students"]), strict=True))
        here, columns = _names(places, lines, kind)
        now = zip(*(columns[name].tolist() for name in names), strict=True)
        for line, key in zip(here.tolist(), now if names else [()], strict=True):
            # A line that was not listed belonged to something hidden, or is new.
            before = then.get(key)
            hidden[line] = before is None
            known[line] = before == sizes[line]
    return hidden, known


def _numbers(column: Any) -> list[int | None]:
    """Whole numbers, and None where there is a gap."""
    values = column.tolist()
    return [None if value is None or value != value else int(value) for value in values]  # noqa: PLR0124 - nan alone differs from itself


def _lines(table: Columns, name: str | None) -> list[Line]:
    """The lines of a table as the page shows them."""
    names = [""] if name is None else map(str, table[name].tolist())
    words = [status.word.replace(" ", "_") for status in Status]
    ends = [table[f"{word}_{end}"].tolist() for word in words for end in ("from", "below")]
    found = []
    for label, students, *steps in zip(names, table["students"].tolist(), *ends, strict=True):
        if students != students:  # noqa: PLR0124 - nan alone differs from itself
            found.append(Line(label, None, ()))
            continue
        whole = [int(step) for step in steps]
        shares = tuple(zip(whole[::2], whole[1::2], strict=True))
        found.append(Line(label, int(students), shares))
    return found


def _schools(tables: Mapping[str, Columns]) -> Iterator[tuple[str, list[tuple[str, list[Line]]]]]:
    """Each school's courses and groups."""
    parts = {name: _lines(tables[f"school_{name}s"], name) for name in _PARTS}
    for school in tables["schools"]["school"].tolist():
        sections = []
        for name in _PARTS:
            own = np.flatnonzero(tables[f"school_{name}s"]["school"] == school)
            sections.append((name, [parts[name][line] for line in own]))
        if any(lines for _, lines in sections):
            yield str(school), sections
