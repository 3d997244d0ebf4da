"""What a model says of what students know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats

When = Literal["after_response", "next_opportunity"]
Kind = Literal["latent", "predicted"]


@dataclass(frozen=True)
class Mastery:
    """What students know, as an estimate per student and skill.

    Attributes
    ----------
    students : array, shape (n_students,)
        Labels of the rows.
    skills : array, shape (n_skills,)
        Labels of the columns.
    value : float array, shape (n_students, n_skills)
        Probabilities; which one, `kind` and `when` say.
    lower, upper : float arrays of the same shape, or None
        An interval for each value; None where the model gives none.
    kind : {"latent", "predicted"}
        ``"latent"``: P(the skill is known). ``"predicted"``: P(correct) on its items. A
        threshold for one is not a threshold for the other.
    when : {"after_response", "next_opportunity"}
        Right after the last response, or when the next one begins (learning and forgetting
        in between included).
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
