"""What students need a teacher for: the skills that they are ready to learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.graph.bits import pack, unpack
from adaptlearn.curriculum.graph.requirements import unmet
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_array, label_list
from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.frames import Tabled
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tables import Parts, ends
from adaptlearn.validation import some
from adaptlearn.wording import counted

_ROWS, _COLUMNS = 10, 8  # that are shown
_CELLS = 1 << 21  # of a block of students


@dataclass(frozen=True, repr=False, eq=False)
class Needs(Tabled):
    """How much each student needs each skill next; `print` shows a table.

    Parameters
    ----------
    students : sequence of labels, shape (n_students,)
    skills : sequence of labels, shape (n_skills,)
    value : float array, shape (n_students, n_skills)
        How much the student needs the skill; 0 where the student does not need it.
    mastered : bool array of the same shape, optional
        Which skills the students have mastered. Groups of ``by="complement"`` need it.

    Raises
    ------
    ParameterError
        The error lists tables of another shape, and values that are negative or not finite.
    UnknownLabelError
        The error is raised if something among the students or skills is not a label.

    Examples
    --------
    >>> print(Needs(["ann", "ben"], ["add", "divide"], [[0.0, 0.7], [0.9, 0.0]]))
    what 2 students need next: 2 skills
    student   add  divide
    ann         ·    0.70
    ben      0.90       ·
    """

    students: NDArray[Any]
    skills: NDArray[Any]
    value: Floats
    mastered: Bools | None = None
    student_index: LabelIndex = field(init=False)

    def __init__(
        self,
        students: Iterable[Label],
        skills: Iterable[Label],
        value: Any,
        mastered: Any = None,
    ) -> None:
        rows, columns = label_list(students, "student"), label_list(skills, "skill")
        table = np.asarray(value)
        if mastered is not None:
            mastered = np.asarray(mastered)
        if problems := [*_faults(rows, columns, table, mastered)]:
            raise ParameterError("Needs", problems)
        if table.dtype.kind != "f":
            table = table.astype(np.float64)
        parts = (label_array(rows), label_array(columns), table, mastered)
        for name, part in zip(("students", "skills", "value", "mastered"), parts, strict=True):
            object.__setattr__(self, name, part)
        object.__setattr__(self, "student_index", LabelIndex("student", rows))

    @classmethod
    def of(
        cls,
        sequencer: Sequencer,
        students: Iterable[Label] | Label,
        now: float | datetime | None = None,
    ) -> Self:
        """Read the needs of some students from a sequencer.

        A need is (1 - mastery) times the weight of the skill for the student's goals. It is 0 if
        the student has mastered the skill, or if a prerequisite is not ready. A review of a
        mastered skill needs no teacher, so it is not a need.

        Parameters
        ----------
        sequencer : Sequencer
        students : sequence of labels, or one label
        now : float or datetime, optional
            The time, as in `Sequencer.recommend`.

        Raises
        ------
        ParameterError
            The error is raised if the sequencer's policy has no criterion of mastery.
        UnknownLabelError
            The error is raised if the tracker does not know a student, and lists similar labels.
        """
        if not isinstance(sequencer, Sequencer):
            raise ParameterError(
                "Needs.of", [f"sequencer is a {type(sequencer).__name__}; expected a Sequencer"]
            )
        labels, skills = label_list(students, "student"), sequencer.curriculum.skills
        value = np.zeros((len(labels), len(skills)), np.float32)
        mastered = np.zeros(value.shape, bool)
        step = max(1, _CELLS // max(1, len(skills)))
        for start in range(0, len(labels), step):
            block = slice(start, start + step)
            context = sequencer.context(labels[block], now)
            value[block], mastered[block] = _needed(context)
        return cls(labels, skills.tolist(), value, mastered)

    def __len__(self) -> int:
        return len(self.students)

    def __repr__(self) -> str:
        return str(self)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per need, as columns for any dataframe library."""
        row, column = np.nonzero(self.value)
        return {
            "student": self.students[row],
            "skill": self.skills[column],
            "need": self.value[row, column],
        }

    def _parts(self) -> Parts:
        wanted = np.flatnonzero(self.value.any(axis=0))
        rows, columns = ends(len(self), _ROWS), ends(len(wanted), _COLUMNS)
        caption = f"what {counted(len(self), 'student')} need next: {counted(len(wanted), 'skill')}"
        head = ["student", *("…" if at is None else str(self.skills[wanted[at]]) for at in columns)]
        cells = [
            ["…"] * len(head)
            if row is None
            else [
                str(self.students[row]),
                *("…" if at is None else _shown(self.value[row, wanted[at]]) for at in columns),
            ]
            for row in rows
        ]
        return Parts(caption, head, cells, [])


def _faults(
    students: list[Label], skills: list[Label], value: NDArray[Any], mastered: Any
) -> Iterator[str]:
    """What is wrong with tables of needs."""
    shape = (len(students), len(skills))
    for name, labels in (("students", students), ("skills", skills)):
        if len({*labels}) < len(labels):
            twice = [label for label, times in Counter(labels).items() if times > 1]
            yield f"{name} are listed more than once: {some(twice)}"
    if value.dtype.kind not in "biuf":
        yield f"value holds {value.dtype} values; expected numbers"
    elif value.shape != shape:
        yield f"value has shape {value.shape}; expected {shape}"
    elif (bad := ~(np.isfinite(value) & (value >= 0))).any():
        who = [students[row] for row in np.flatnonzero(bad.any(axis=1))]
        yield f"value is negative or not finite for {some(who)}"
    if mastered is not None and (mastered.dtype != np.bool_ or mastered.shape != shape):
        yield (
            f"mastered holds {mastered.dtype} values of shape {mastered.shape}; "
            f"expected bool of shape {shape}"
        )


def _shown(value: float) -> str:
    return f"{value:.2f}" if value else "·"


def _needed(context: Context) -> tuple[Floats, Bools]:
    """The needs of a block of students, and what they have mastered."""
    if context.mastered is None:
        raise ParameterError(
            "Needs.of",
            ["the policy does not say what counts as mastered; pass a policy with a criterion"],
        )
    mastered = context.mastered
    ready = mastered if context.ready is None else context.ready | mastered
    waits = unmet(context.curriculum.requirements, pack(~ready))
    open_now = unpack(~waits, len(mastered)) & ~mastered
    value = np.where(open_now, 1 - context.mastery, 0.0)
    return value if context.goal is None else value * context.goal, mastered
