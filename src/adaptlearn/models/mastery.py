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
    """What students know, as an estimate per student and skill; prints as a table.

    Attributes
    ----------
    students : array, shape (n_students,)
        Labels of the rows.
    skills : array, shape (n_skills,)
        Labels of the columns.
    value : float array, shape (n_students, n_skills)
        Probabilities. `kind` and `when` say which probabilities.
    lower, upper : float arrays of the same shape, or None
        An interval for each value; None if the model gives none.
    kind : {"latent", "predicted"}
        ``"latent"``: P(the student knows the skill). ``"predicted"``: P(correct) on the skill's
        items. A threshold for one kind does not fit the other kind.
    when : {"after_response", "next_opportunity"}
        The time of the estimate: right after the last response, or just before the next response,
        which includes learning and forgetting between the two.
    """

    students: NDArray[Any]
    skills: NDArray[Any]
    value: Floats
    lower: Floats | None
    upper: Floats | None
    kind: Kind
    when: When

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per student and skill, as columns any dataframe library takes."""
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
