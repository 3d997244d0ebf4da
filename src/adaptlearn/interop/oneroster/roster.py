"""A roster: schools, terms, courses, classes, enrollments, students and teachers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interop.oneroster.layout import COMMON, LAYOUTS
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.interop.report import ReadReport
from adaptlearn.labels import LabelIndex
from adaptlearn.responses.frames import frame_of
from adaptlearn.responses.labelled import objects
from adaptlearn.tables import Parts, Printed, ends


class RosterTable(Printed):
    """One table of a roster; its columns have the names of the standard.

    Parameters
    ----------
    name : str
    columns : mapping of str to array of str, shape (n_rows,)
        A cell that the file does not give is an empty text.
    """

    def __init__(self, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
        self.name = name
        self._columns = dict(columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __getitem__(self, column: str) -> NDArray[Any]:
        """One column."""
        return self._columns[column]

    def __repr__(self) -> str:
        return f"RosterTable({self.name}: {len(self):,} rows)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RosterTable):
            return NotImplemented
        return self.rows() == other.rows() and set(self._columns) == set(other._columns)

    __hash__ = None  # type: ignore[assignment]

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns, by name."""
        return dict(self._columns)

    def to_frame(self, library: str | None = None) -> Any:
        """The table as a dataframe of pandas, Polars or PyArrow.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.
        """
        return frame_of(self._columns, library)

    def rows(self) -> list[tuple[str, ...]]:
        """The rows, sorted by their cells; columns sorted by name."""
        held = (self._columns[name].tolist() for name in sorted(self._columns))
        return sorted(zip(*held, strict=True))

    def _parts(self) -> Parts:
        head = [name for name in self._columns if name not in COMMON[1:]]
        shown = [
            ["…"] * len(head) if row is None else [self._columns[name][row] for name in head]
            for row in ends(len(self), 10)
        ]
        return Parts(f"{self.name}: {len(self):,} rows", head, shown, [])


class Roster(Printed):
    """Who goes to which class, as a school's system exported it; `read_oneroster` makes it.

    Attributes
    ----------
    version : str
        The version of OneRoster that was read.
    report : ReadReport
        What became of each row.
    orgs, schools, terms, courses, classes, enrollments : RosterTable
    users, roles, students, teachers : RosterTable
        Who has which role is in `roles`, also if an export of version 1.1 says so elsewhere.
    tables : dict of str to RosterTable
        The tables of the standard, by the name of their file.
    """

    def __init__(self, version: str, tables: Mapping[str, Table], report: ReadReport) -> None:
        self.version = version
        self.report = report
        self.tables = {
            file: RosterTable(
                file.removesuffix(".csv"),
                {
                    name: objects(tables[file].columns[name].tolist())
                    if file in tables and name in tables[file].columns
                    else objects([""] * (len(tables[file]) if file in tables else 0))
                    for name in _names(file, tables)
                },
            )
            for file in LAYOUTS
        }

    def __repr__(self) -> str:
        parts = ("schools", "classes", "students", "teachers", "enrollments")
        sizes = ", ".join(f"{len(getattr(self, name)):,} {name}" for name in parts)
        return f"Roster({sizes})"

    def __eq__(self, other: object) -> bool:
        return self.tables == other.tables if isinstance(other, Roster) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    @property
    def orgs(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["orgs.csv"]

    @cached_property
    def schools(self) -> RosterTable:  # noqa: D102 - documented above
        return _where(self.orgs, "schools", self.orgs["type"] == "school")

    @property
    def terms(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["academicSessions.csv"]

    @property
    def courses(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["courses.csv"]

    @property
    def classes(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["classes.csv"]

    @property
    def enrollments(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["enrollments.csv"]

    @property
    def users(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["users.csv"]

    @property
    def roles(self) -> RosterTable:  # noqa: D102 - documented above
        return self.tables["roles.csv"]

    @cached_property
    def students(self) -> RosterTable:  # noqa: D102 - documented above
        return self._with_role("students", "student")

    @cached_property
    def teachers(self) -> RosterTable:  # noqa: D102 - documented above
        return self._with_role("teachers", "teacher")

    def _with_role(self, name: str, role: str) -> RosterTable:
        """The users who have a role anywhere, or who are enrolled with it."""
        who = set(self.roles["userSourcedId"][self.roles["role"] == role].tolist())
        who.update(self.enrollments["userSourcedId"][self.enrollments["role"] == role].tolist())
        ids = self.users["sourcedId"].tolist()
        return _where(self.users, name, np.fromiter((one in who for one in ids), bool, len(ids)))

    def students_of(self, class_: str) -> list[str]:
        """The students of a class, by `sourcedId`, in the order of the enrollments.

        Raises
        ------
        UnknownLabelError
            The error is raised if there is no such class.
        """
        LabelIndex("class", self.classes["sourcedId"]).code(class_)
        return self._by_class.get(class_, [])

    @cached_property
    def _by_class(self) -> dict[str, list[str]]:
        students: dict[str, dict[str, None]] = {}
        names = ("classSourcedId", "userSourcedId", "role")
        held = (self.enrollments[name].tolist() for name in names)
        for class_, user, role in zip(*held, strict=True):
            if role == "student":
                students.setdefault(class_, {})[user] = None
        return {class_: list(users) for class_, users in students.items()}

    def _parts(self) -> Parts:
        names = ("schools", "terms", "courses", "classes", "students", "teachers", "enrollments")
        rows = [[name, f"{len(getattr(self, name)):,}"] for name in names]
        found = [*self.report.skipped, *self.report.warnings]
        return Parts(f"OneRoster {self.version}", ["table", "rows"], rows, found)


def _names(file: str, tables: Mapping[str, Table]) -> list[str]:
    """The columns of a table: the standard's, and what else was kept."""
    there = list(tables[file].columns) if file in tables else []
    return list(dict.fromkeys((*LAYOUTS[file].kept, *there)))


def _where(table: RosterTable, name: str, kept: NDArray[Any]) -> RosterTable:
    return RosterTable(name, {key: column[kept] for key, column in table.columns().items()})
