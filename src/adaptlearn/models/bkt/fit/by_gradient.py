"""Estimation of individualised BKT, whose chains hang together, by its exact gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.bkt.classes import Classes, Scheme, find_cells, train_classes
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.em.trie import EXPOSURE, history_symbols
from adaptlearn.models.bkt.entries import dense, of_entries
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.equations import Rule
from adaptlearn.models.bkt.individual.model import Individual, coupled_log
from adaptlearn.models.bkt.individual.search import Terms, fit
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.serve.passes import pass_log
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog


class Coupling(NamedTuple):
    """What couples a student's skills.

    Attributes
    ----------
    terms : Terms
    difficulty : bool
        Whether items have an easiness.
    rule : {"full", "shared", "conjunctive", "compensatory"}
    max_iter : int
        The most steps of the search.
    """

    terms: Terms
    difficulty: bool
    rule: Rule
    max_iter: int


def fit_individual(
    log: ResponseLog,
    coupling: Coupling,
    schemes: Mapping[str, Scheme],
    gaps: Sequence[float],
    on_step: OnStep | None,
) -> Fitted:
    """The parameters that suit a log best.

    Raises
    ------
    ResponseDataError
        The log lacks a column that the model reads.
    """
    if coupling.difficulty and log.item is None:
        raise ResponseDataError("response log", ["column 'item' (difficulty) is missing"])
    present, groups = dense(log.sequences.major)
    n_skills, skills = len(present), of_entries(log.sequences, groups)
    classes, cells = None, Cells.same(skills)
    if any(schemes.values()):
        classes, _ = train_classes(log, schemes, gaps, skills)
        cells = find_cells(log, classes, skills)
    parents = _parents(classes)
    items = _items(log) if coupling.difficulty else {}
    found = fit(
        coupled_log(log, cells, items),
        parents,
        n_skills,
        len(items),
        terms=coupling.terms,
        rule=coupling.rule,
        max_iter=coupling.max_iter,
        on_step=None if on_step is None else lambda step: on_step(step, n_skills, n_skills),
    )
    individual = Individual(found.parameters, coupling.rule, items)
    guess_of_slip = np.arange(len(found.parameters.slip))
    if schemes["guess"] != schemes["slip"]:
        guess_of_slip = np.concatenate((np.arange(n_skills + 1), parents.slip))
    answered = skills[history_symbols(log) != EXPOSURE]
    fitted = Fitted(
        skills=log.skill.labels[present],
        table=individual.typical(n_skills, guess_of_slip),
        log_likelihood=np.full(n_skills, np.nan),
        n_iter=np.full(n_skills, found.n_iter),
        converged=np.full(n_skills, found.converged),
        n_answers=np.bincount(answered, minlength=n_skills),
        unidentified={},
        classes=classes,
        individual=individual,
    )
    return fitted._replace(log_likelihood=_likelihood_by_skill(fitted, log, groups, skills))


def _parents(classes: Classes | None) -> Cells:
    """The skill of each cell of a class, by field."""
    if classes is None:
        return Cells.same(np.empty(0, np.int64))
    return Cells(*(classes.tables[field].split()[0] for field in Parameters._fields))


def _items(log: ResponseLog) -> dict[Any, int]:
    """A place for each item that occurs."""
    assert log.item is not None
    occurs = np.bincount(log.item.codes, minlength=len(log.item.labels)) > 0
    return {label: code for code, label in enumerate(log.item.labels[occurs].tolist())}


def _likelihood_by_skill(fitted: Fitted, log: ResponseLog, groups: Ints, skills: Ints) -> Floats:
    """Of the answers, by skill; a response's is parted evenly among its skills."""
    right = pass_log(fitted, log, groups).p_correct
    chance = np.log(np.where(log.correct == 1, right, 1 - right))
    share = np.where(log.correct >= 0, chance, 0.0)
    if log.skill_rows is not None:
        share = (share / np.bincount(log.skill_rows, minlength=len(log)))[log.skill_rows]
    return np.asarray(np.bincount(skills, share, len(fitted.skills)), np.float64)
