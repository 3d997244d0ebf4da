"""Mastery by standard, as a gradebook takes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date
from os import PathLike
from typing import NamedTuple

from adaptlearn.errors import RosterError
from adaptlearn.interop.oneroster.cells import unquoted
from adaptlearn.interop.oneroster.roster import Roster
from adaptlearn.interop.oneroster.rows import read_table
from adaptlearn.interop.oneroster.sources import Source
from adaptlearn.validation import some

_CATEGORY = "mastery"
_TITLE = "Mastery: "


_COLUMNS = {
    "lineItems.csv": ("sourcedId", "title"),
    "results.csv": (
        "sourcedId", "lineItemSourcedId", "studentSourcedId", "classSourcedId", "score",
        "scoreDate",
    ),
    "resultLearningObjectiveIds.csv": ("resultSourcedId", "learningObjectiveId"),
}  # fmt: skip


class Result(NamedTuple):
    """How much of a standard a student has mastered.

    Attributes
    ----------
    student, class_ : str
        Their `sourcedId`.
    standard : str
        The identifier of the standard: of a CASE package, the identifier of its item.
    title : str
        What people call the standard.
    mastery : float
        From 0 to 1.
    day : datetime.date
    """

    student: str
    class_: str
    standard: str
    title: str
    mastery: float
    day: date


def result_tables(
    results: Sequence[Result], roster: Roster | None
) -> dict[str, Iterable[Sequence[str]]]:
    """The files of a gradebook, each as its header and its rows."""
    problems = _problems(results, roster)
    if problems:
        raise RosterError("results", problems)
    school_of, term_of = {}, {}
    if roster is not None:
        held = (
            roster.classes[name].tolist()
            for name in ("sourcedId", "schoolSourcedId", "termSourcedIds")
        )
        for class_, school, terms in zip(*held, strict=True):
            school_of[class_], term_of[class_] = school, terms.partition(",")[0]
    first: dict[tuple[str, str], Result] = {}
    last: dict[tuple[str, str], date] = {}
    for one in results:
        key = (one.class_, one.standard)
        first.setdefault(key, one)
        last[key] = max(last.get(key, one.day), one.day)
    items = [
        (
            f"{class_}:{standard}", "active", "", f"{_TITLE}{one.title}", "",
            last[class_, standard].isoformat(), last[class_, standard].isoformat(), class_,
            _CATEGORY, term_of.get(class_, ""), "0", "1", school_of.get(class_, ""),
        )
        for (class_, standard), one in first.items()
    ]  # fmt: skip
    scores = [
        (
            _id(one), "active", "", f"{one.class_}:{one.standard}", one.student, "fully graded",
            repr(float(one.mastery)), one.day.isoformat(), "", one.class_,
        )
        for one in results
    ]  # fmt: skip
    objectives = [
        (f"{_id(one)}:objective", "active", "", _id(one), "case", one.standard,
         repr(float(one.mastery)))
        for one in results
    ]  # fmt: skip
    common = ("sourcedId", "status", "dateLastModified")
    return {
        "categories.csv": [(*common, "title", "weight"), (_CATEGORY, "active", "", "Mastery", "")],
        "lineItems.csv": [
            (*common, "title", "description", "assignDate", "dueDate", "classSourcedId",
             "categorySourcedId", "academicSessionSourcedId", "resultValueMin", "resultValueMax",
             "schoolSourcedId"),
            *items,
        ],
        "results.csv": [
            (*common, "lineItemSourcedId", "studentSourcedId", "scoreStatus", "score",
             "scoreDate", "comment", "classSourcedId"),
            *scores,
        ],
        "resultLearningObjectiveIds.csv": [
            (*common, "resultSourcedId", "source", "learningObjectiveId", "score"),
            *objectives,
        ],
    }  # fmt: skip


def read_results(path: str | PathLike[str], *, max_bytes: int = 2 << 30) -> list[Result]:
    """Read the results that `write_oneroster` wrote, in their order.

    Parameters
    ----------
    path : path
        A folder, or a zip archive.
    max_bytes : int, default 2 GiB
        The largest number of bytes that the unpacked files may have.

    Raises
    ------
    RosterError
        The error is raised if a file or a column is missing, or if a row is not a result by
        standard. It lists every problem.
    """
    with closing(Source(path, max_bytes)) as source:
        problems = [
            f"{file} is missing" for file in _COLUMNS if file.casefold() not in source.files
        ]
        if problems:
            raise RosterError(source.name, problems)
        items, scores, objectives = (
            _columns(source, file, names, problems) for file, names in _COLUMNS.items()
        )
    if problems:
        raise RosterError(source.name, problems)
    title_of = dict(zip(items["sourcedId"], items["title"], strict=True))
    standard_of = dict(
        zip(objectives["resultSourcedId"], objectives["learningObjectiveId"], strict=True)
    )
    results = []
    for row, (name, item, student, class_, score, day) in enumerate(
        zip(*(scores[name] for name in _COLUMNS["results.csv"]), strict=True)
    ):
        try:
            title = title_of[item].removeprefix(_TITLE)
            found = Result(
                student, class_, standard_of[name], title, float(score), date.fromisoformat(day)
            )
        except KeyError as error:
            problems.append(f"results.csv: row {row}: the other files have no row for {error}")
        except ValueError as error:
            problems.append(f"results.csv: row {row}: {error}")
        else:
            results.append(found)
    if problems:
        raise RosterError(source.name, problems)
    return results


def _columns(
    source: Source, file: str, names: Sequence[str], problems: list[str]
) -> dict[str, list[str]]:
    """Some columns of a file; what is missing is a problem."""
    with source.opened(file.casefold()) as stream:
        table = read_table(stream, file, names, extensions=False, undo=unquoted, notes=[])
    missing = [name for name in names if name not in table.columns]
    problems += [f"{file}: column {name!r} is missing" for name in missing]
    return {name: column.tolist() for name, column in table.columns.items()}


def _id(one: Result) -> str:
    return f"{one.class_}:{one.standard}:{one.student}"


def _problems(results: Sequence[Result], roster: Roster | None) -> list[str]:
    outside = [
        place
        for place, one in enumerate(results)
        if not (math.isfinite(one.mastery) and 0 <= one.mastery <= 1)
    ]
    problems = []
    if outside:
        values = some(results[place].mastery for place in outside)
        problems.append(f"mastery must be from 0 to 1: {values} in results {some(outside)}")
    ids = [_id(one) for one in results]
    if len(set(ids)) < len(ids):
        twice = [one for one, times in Counter(ids).items() if times > 1]
        problems.append(f"two results have the same class, standard and student: {some(twice)}")
    if roster is not None:
        for what, known, given in (
            ("students", roster.users, {one.student for one in results}),
            ("classes", roster.classes, {one.class_ for one in results}),
        ):
            unknown = sorted(given.difference(known["sourcedId"].tolist()))
            if unknown:
                problems.append(f"{what} that the roster does not contain: {some(unknown)}")
    return problems
