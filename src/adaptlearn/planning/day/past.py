"""A day that was planned before, as it is read back from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_list, saved_labels
from adaptlearn.numerics import Floats, Ints
from adaptlearn.serialization import part_of, read_manifest, reading
from adaptlearn.validation import Numbers, number_array, some

FORMAT = "adaptlearn-day-plan"
_COLUMNS = ("student", "lesson", "minutes", "share")
_SUBJECT = "a plan of a day"


@dataclass(frozen=True, eq=False)
class PastDay:
    """The lessons of a day that was planned before: `DayPlan.save` writes them.

    `plan_day` takes them as `yesterday`, and `DayPlan.changed_from` compares a plan with it.

    Attributes
    ----------
    students : tuple of label
    titles : sequence of label
        The lessons.
    student, lesson : int arrays, shape (n,)
        Places among the students and the lessons; a lesson that goes on after a break has two.
    minutes : int array, shape (n,)
    share : float array, shape (n,)
        The share of the lesson's minutes that fitted into the day.
    """

    students: tuple[Label, ...]
    titles: NDArray[Any]
    student: Ints
    lesson: Ints
    minutes: Ints
    share: Floats

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read what `DayPlan.save` wrote.

        Raises
        ------
        ModelFileError
            The file is not whole, was changed, or is not a plan of a day.
        FileNotFoundError
            The error is raised if the file does not exist.
        """
        content = read_manifest(path, FORMAT)
        with reading(fspath(path)):
            return cls.from_dict(content)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `DayPlan.to_dict` gave.

        Raises
        ------
        ParameterError
            The error lists everything that is missing or of the wrong kind.
        """
        rows: Any = content.get("lessons")
        if problems := [*_missing(content, rows)]:
            raise ParameterError(_SUBJECT, problems)
        students, owners, lessons, minutes, share = (
            part_of(problems, read, *arguments)
            for read, *arguments in (
                (saved_labels, content["students"], "students"),
                (label_list, rows["student"], "student"),
                (label_list, rows["lesson"], "lesson"),
                (number_array, rows["minutes"], "minutes", _minutes(len(rows["minutes"]))),
                (number_array, rows["share"], "share", Numbers((len(rows["share"]),), 1e-9, 1)),
            )
        )
        place = {student: at for at, student in enumerate(students or ())}
        strangers = dict.fromkeys(owner for owner in owners or () if owner not in place)
        if strangers and students is not None:
            problems.append(f"lessons of students who are not in the plan: {some(strangers)}")
        if problems:
            raise ParameterError(_SUBJECT, problems)
        titles = {title: at for at, title in enumerate(dict.fromkeys(lessons))}
        return cls(
            tuple(students),
            np.fromiter(titles, object, len(titles)),
            np.array([place[owner] for owner in owners], np.intp),
            np.array([titles[lesson] for lesson in lessons], np.intp),
            minutes,
            share,
        )

    def by_lesson(self) -> dict[tuple[Label, Label], int]:
        """The minutes of each student and lesson."""
        found: dict[tuple[Label, Label], int] = {}
        titles = self.titles.tolist()
        for student, lesson, minutes in zip(
            self.student.tolist(), self.lesson.tolist(), self.minutes.tolist(), strict=True
        ):
            pair = self.students[student], titles[lesson]
            found[pair] = found.get(pair, 0) + minutes
        return found


def _minutes(n: int) -> Numbers:
    return Numbers((n,), 1, 24 * 60, whole=True)


def _missing(content: Mapping[str, Any], rows: Any) -> Iterator[str]:
    """Parts that are not there, or no lists of one length."""
    if not isinstance(content.get("students"), list):
        yield "students is not a list of students"
    if not isinstance(rows, Mapping):
        yield "lessons is not a table"
        return
    lengths = {name: len(rows[name]) for name in _COLUMNS if isinstance(rows.get(name), list)}
    yield from (f"lessons: {name} is not a list" for name in _COLUMNS if name not in lengths)
    if len({*lengths.values()}) > 1:
        yield f"lessons: the columns are of different lengths: {lengths}"
