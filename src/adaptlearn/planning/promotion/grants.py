"""What teachers granted: skills by the sequencer's overrides, and whole standards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from adaptlearn.errors import ProblemsError
from adaptlearn.labels import Label, near_spellings, refuse_other_kind
from adaptlearn.numerics import Bools
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.sequencing.overrides import Override, Overrides, as_overrides

Notes = dict[tuple[int, int], tuple[Override, ...]]
"""By row and column, the overrides behind a grant."""


class Grants:
    """Grants of whole standards.

    Parameters
    ----------
    given : iterable of Override or mapping
        The action is ``"grant"``, the target is the label of a standard.
    demands : sequence of Demand
    students : sequence of labels
        Some students of the tracker.
    problems : list of str
        Gets what is wrong.
    """

    def __init__(
        self,
        given: Iterable[Override | Mapping[str, Any]],
        demands: Sequence[Demand],
        students: Sequence[Label],
        problems: list[str],
    ) -> None:
        try:
            made = as_overrides(given)
            theirs = [one.student for one in made if one.student is not None]
            refuse_other_kind(theirs, students[:1], "student of a grant")
        except ProblemsError as error:
            problems += [f"grants: {problem}" for problem in error.problems]
            made = []
        self._columns: dict[Any, list[int]] = {}
        for column, demand in enumerate(demands):
            self._columns.setdefault(demand.label, []).append(column)
        self._held: dict[Label | None, list[Override]] = {}
        for one in made:
            if one.action != "grant":
                problems.append(f"grants: {one.action} {one.target!r} is not a grant")
            elif one.target not in self._columns:
                near = near_spellings(one.target, self._columns)
                problems.append(f"grants: no standard {one.target!r} in the rule{near}")
            else:
                self._held.setdefault(one.student, []).append(one)

    def of(self, students: Sequence[Label], now: float | None) -> Notes:
        """The grants that count for some students now."""
        found: dict[tuple[int, int], list[Override]] = {}
        everyone = self._held.get(None, [])
        for row, student in enumerate(students if self._held else ()):
            for one in (*everyone, *self._held.get(student, ())):
                for column in self._columns[one.target] if one.active(now) else ():
                    found.setdefault((row, column), []).append(one)
        return {place: tuple(held) for place, held in found.items()}


def marked(notes: Notes, shape: tuple[int, int]) -> Bools:
    """Where something was granted."""
    table = np.zeros(shape, bool)
    for place in notes:
        table[place] = True
    return table


def of_skills(
    overrides: Overrides,
    students: Sequence[Label],
    now: float | None,
    granted: Bools,
    demands: Sequence[Demand],
) -> Notes:
    """The overrides that granted skills of the standards that count as granted.

    Parameters
    ----------
    overrides : Overrides
        The sequencer's.
    students : sequence of labels
    now : float or None
    granted : bool array, shape (n_students, n_demands)
    demands : sequence of Demand
    """
    found: Notes = {}
    skills = overrides.curriculum.skills.tolist()
    for row in np.flatnonzero(granted.any(axis=1)).tolist():
        active = [overrides[place] for place in overrides.active(students[row], now)]
        for column in np.flatnonzero(granted[row]).tolist():
            theirs = {skills[at] for at in demands[column].skills}
            own = tuple(one for one in active if one.action == "grant" and one.target in theirs)
            if own:
                found[row, column] = own
    return found
