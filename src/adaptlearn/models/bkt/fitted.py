"""What a fitted model holds, whichever way it was estimated."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.classes import Classes
from adaptlearn.models.bkt.em.uncertainty import Uncertainty
from adaptlearn.models.bkt.individual.model import Individual
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.models.bkt.student_classes import StudentClasses
from adaptlearn.numerics import Bools, Floats


class Fitted(NamedTuple):
    """A fitted model as arrays.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        Their labels, sorted.
    table : Parameters
        Every cell: the skills', then the common one, then those of classes.
    log_likelihood : float array, shape (n_skills,)
    n_iter, converged, n_answers : int, bool and int arrays, shape (n_skills,)
    unidentified : dict of label to str
    classes : Classes, optional
        Where a parameter differs by class.
    individual : Individual, optional
        Where chains are coupled. `table` then holds a typical student's probabilities.
    uncertainty : Uncertainty, optional
        Where standard errors were computed.
    student_classes : StudentClasses, optional
        Where students are of several classes. `table` then holds the probabilities at shifts of 0.
    place : int, optional
        Of one class's model: which column of a state's beliefs is its own.
    """

    skills: NDArray[Any]
    table: Parameters
    log_likelihood: Floats
    n_iter: NDArray[np.int64]
    converged: Bools
    n_answers: NDArray[np.int64]
    unidentified: dict[Any, str]
    classes: Classes | None = None
    individual: Individual | None = None
    uncertainty: Uncertainty | None = None
    student_classes: StudentClasses | None = None
    place: int | None = None

    def by_student_class(self) -> list[Fitted]:
        """The model of each class's students; without classes, itself."""
        classes = self.student_classes
        if classes is None:
            return [self]
        return [
            self._replace(table=classes.table(k, self.table), student_classes=None, place=k)
            for k in range(classes.n_classes)
        ]

    @property
    def by_skill(self) -> Parameters:
        """The skills' own parameters, fields of shape (n_skills,)."""
        return self.table.take(slice(len(self.skills)))

    @property
    def pooled(self) -> dict[str, float]:
        """The parameters common to all skills."""
        place = len(self.skills)
        return {name: float(field[place]) for name, field in self.table._asdict().items()}

    @property
    def by_class(self) -> dict[str, Floats]:
        """Of every parameter that differs by class, the values of its classes' cells."""
        if self.classes is None:
            return {}
        return {
            name: getattr(self.table, name)[len(self.skills) + 1 :]
            for name, table in self.classes.tables.items()
            if table.scheme
        }


def table_of_cells(
    by_skill: Parameters, pooled: dict[str, float], by_class: dict[str, Floats]
) -> Parameters:
    """The table of all cells, from its three parts as `Fitted` gives them."""
    none = np.empty(0)
    return Parameters(
        *(
            np.concatenate((field, [pooled[name]], by_class.get(name, none)))
            for name, field in by_skill._asdict().items()
        )
    )
