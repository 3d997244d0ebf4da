"""What a model says of what students know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats
from adaptlearn.tables import Parts, Printed, ends
from adaptlearn.wording import counted

When = Literal["after_response", "next_opportunity"]
Kind = Literal["latent", "predicted"]

_ROWS, _COLUMNS = 10, 8  # that are shown
_TITLES = {"latent": "P(known)", "predicted": "P(correct)"}
_MOMENTS = {
    "after_response": "after the last response",
    "next_opportunity": "at the next opportunity",
}


@dataclass(frozen=True, repr=False)
class Mastery(Printed):
    """Estimates of what students know, one per student and skill; `print` shows a table.

    Attributes
    ----------
    students : array, shape (n_students,)
        The labels of the students, in the order of the rows.
    skills : array, shape (n_skills,)
        The labels of the skills, in the order of the columns.
    value : float array, shape (n_students, n_skills)
        The probability for each student and skill. `kind` says which probability a value is, and
        `when` says for which time.
    lower, upper : float arrays of the same shape, or None
        The interval of each value; None if the model computes no intervals.
    kind : {"latent", "predicted"}
        ``"latent"``: P(the student knows the skill). ``"predicted"``: P(correct) on the skill's
        items. Latent mastery and predicted mastery need different thresholds.
    when : {"after_response", "next_opportunity"}
        The time of the estimate: right after the last response, or just before the next response.
        The estimate just before the next response includes learning and forgetting since the last
        response.
    """

    students: NDArray[Any]
    skills: NDArray[Any]
    value: Floats
    lower: Floats | None
    upper: Floats | None
    kind: Kind
    when: When

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per student and skill, as columns for any dataframe library."""
        n_students, n_skills = self.value.shape
        columns = {
            "student": np.repeat(self.students, n_skills),
            "skill": np.tile(self.skills, n_students),
            "mastery": self.value.ravel(),
        }
        if self.lower is not None and self.upper is not None:
            columns["lower"], columns["upper"] = self.lower.ravel(), self.upper.ravel()
        return columns

    def _parts(self) -> Parts:
        n_students, n_skills = self.value.shape
        rows, columns = ends(n_students, _ROWS), ends(n_skills, _COLUMNS)
        caption = (
            f"{_TITLES[self.kind]} {_MOMENTS[self.when]}: {counted(n_students, 'student')}, "
            f"{counted(n_skills, 'skill')}"
        )
        head = ["student", *("…" if k is None else str(self.skills[k]) for k in columns)]
        cells = [
            ["…"] * len(head)
            if i is None
            else [
                str(self.students[i]),
                *("…" if k is None else f"{self.value[i, k]:.2f}" for k in columns),
            ]
            for i in rows
        ]
        return Parts(caption, head, cells, [])

    def __repr__(self) -> str:
        return str(self)
