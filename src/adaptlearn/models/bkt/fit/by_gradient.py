"""Estimation of individualised BKT, whose chains hang together, by its exact gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.bkt.cells import Classed
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.entries import EXPOSURE, Entries, likelihood_by_skill
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.filtering import filter_students
from adaptlearn.models.bkt.individual.layout import ChainVectors
from adaptlearn.models.bkt.individual.model import Individual, coupled_log
from adaptlearn.models.bkt.individual.search import Terms, fit
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.responses import ResponseLog


def fit_by_gradient(
    entries: Entries, classed: Classed | None, options: Mapping[str, Any], on_step: OnStep | None
) -> Fitted:
    """The parameters that suit the entries best.

    Parameters
    ----------
    entries : Entries
        Of a log.
    classed : Classed, optional
        Where a parameter differs by class.
    options : mapping of str to value
        The constructor arguments of `BKT`.
    on_step : callable, optional
        As for `BKT.fit`.

    Raises
    ------
    ResponseDataError
        The log names no items, and their easiness is to be estimated.
    """
    log = entries.log
    assert log is not None  # of counts, nothing is known that couples skills
    if options["difficulty"] and log.item is None:
        raise ResponseDataError("response log", ["column 'item' (difficulty) is missing"])
    n_skills, skill = len(entries.skills), entries.skill
    cells = Cells.same(skill) if classed is None else classed.cells
    parents = _parents(classed)
    items = _items(log) if options["difficulty"] else {}
    coupled = coupled_log(log, cells, items)
    found = fit(
        coupled,
        parents,
        n_skills,
        len(items),
        terms=Terms(*(options[name] for name in Terms._fields)),
        rule=options["multi_skill"],
        max_iter=options["max_iter"],
        on_step=None if on_step is None else lambda step: on_step(step, n_skills, n_skills),
    )
    individual = Individual(found.parameters, options["multi_skill"], items)
    guess_of_slip = np.arange(len(found.parameters.slip))
    if cells.guess is not cells.slip:
        guess_of_slip = np.concatenate((np.arange(n_skills + 1), parents.slip))
    students, chains = StudentVectors.new(log.n_students), ChainVectors.new(len(coupled.prior))
    ahead = filter_students(
        coupled, found.parameters, students, chains, rule=options["multi_skill"]
    ).p_correct
    return Fitted(
        skills=entries.skills,
        table=individual.typical(n_skills, guess_of_slip),
        log_likelihood=likelihood_by_skill(log, ahead, skill, n_skills),
        n_iter=np.full(n_skills, found.n_iter),
        converged=np.full(n_skills, found.converged),
        n_answers=np.bincount(skill[entries.answers != EXPOSURE], minlength=n_skills),
        unidentified={},
        classes=None if classed is None else classed.classes,
        individual=individual,
    )


def _parents(classed: Classed | None) -> Cells:
    """The skill of each cell of a class, by field."""
    if classed is None:
        return Cells.same(np.empty(0, np.int64))
    tables = classed.classes.tables
    return Cells(*(tables[field].split()[0] for field in Parameters._fields))


def _items(log: ResponseLog) -> dict[Any, int]:
    """A place for each item that occurs."""
    assert log.item is not None
    occurs = np.bincount(log.item.codes, minlength=len(log.item.labels)) > 0
    return {label: code for code, label in enumerate(log.item.labels[occurs].tolist())}
