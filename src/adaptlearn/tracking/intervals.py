"""The intervals of a tracker's mastery, which need the history that a tracker does not keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adaptlearn.errors import StateError
from adaptlearn.labels import plain
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.mastery import Mastery
from adaptlearn.numerics import Bools
from adaptlearn.responses.log import as_log
from adaptlearn.validation import some

_TOLERANCE = 1e-6


def with_intervals(
    model: KnowledgeTracer, found: Mastery, history: Any, answered: Bools
) -> Mastery:
    """A tracker's mastery with the model's intervals, from all responses of the students.

    Parameters
    ----------
    model : KnowledgeTracer
    found : Mastery
        What the tracker says.
    history : ResponseLog or frame with its standard columns
    answered : bool array, shape (n_students,)
        Whether the tracker has answers of each student.

    Returns
    -------
    Mastery
        As it is, if the model gives no intervals.

    Raises
    ------
    StateError
        The history leads to another mastery than the tracker's.
    """
    log = as_log(history)
    told = model.mastery(log, when=found.when)
    row = {plain(label): at for at, label in enumerate(told.students)}
    column = {plain(label): at for at, label in enumerate(told.skills)}
    met = set(np.unique(log.student.codes).tolist())
    at = np.array([row.get(plain(label), -1) for label in found.students], np.intp)
    place = np.array([column.get(plain(label), -1) for label in found.skills], np.intp)
    told_of = np.array([code in met for code in at.tolist()], bool)
    there, cells = told_of[:, None] & (place >= 0), np.ix_(at, place)
    if not len(told.students):
        return found
    other = (there & (np.abs(told.value[cells] - found.value) > _TOLERANCE)).any(axis=1)
    other |= answered & ~told_of
    if other.any():
        whose = found.students[other]
        raise StateError(
            f"the history leads to another mastery than the tracker's for {some(whose)}; pass all "
            "responses of these students, and no others"
        )
    if told.lower is None or told.upper is None:
        return found
    lower, upper = (np.where(there, ends[cells], np.nan) for ends in (told.lower, told.upper))
    return replace(found, lower=lower, upper=upper)
