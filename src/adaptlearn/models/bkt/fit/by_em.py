"""Estimation by EM: of skills whose histories stand for themselves, and of student classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.cells import Classed
from adaptlearn.models.bkt.classes import Classes, ClassTable
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.em.groups import Given, GroupFit, Settings, fit_classes, fit_groups
from adaptlearn.models.bkt.em.information import information
from adaptlearn.models.bkt.em.trie import (
    Alphabet,
    PrefixTrie,
    answers_only,
    build_traced_trie,
    build_trie,
)
from adaptlearn.models.bkt.em.uncertainty import Uncertainty
from adaptlearn.models.bkt.entries import EXPOSURE, Entries
from adaptlearn.models.bkt.fit.constraints import read_constraints
from adaptlearn.models.bkt.fit.options import settings_of
from adaptlearn.models.bkt.fitted import Fitted, table_of_cells
from adaptlearn.models.bkt.latent.expectation import students_of
from adaptlearn.models.bkt.latent.search import Problem, fit_student_classes, student_classes
from adaptlearn.models.bkt.parameters import FLOOR, Parameters
from adaptlearn.numerics import Floats, Ints, distinct


def fit_by_em(
    entries: Entries, classed: Classed | None, options: Mapping[str, Any], on_step: OnStep | None
) -> Fitted:
    """The parameters that suit the entries best.

    Parameters
    ----------
    entries : Entries
    classed : Classed, optional
        Where a parameter differs by class.
    options : mapping of str to value
        The constructor arguments of `BKT`.
    on_step : callable, optional
        As for `BKT.fit`.

    Raises
    ------
    ParameterError
        A constraint names a skill that does not occur, or leaves no room.
    ImpossibleHistoryError
        A value fixed at 0 or 1 rules out an answer; it names the skill.
    """
    skills = entries.skills.tolist()
    given, settings = read_constraints(options, skills), settings_of(options, on_step)
    try:
        if options["student_classes"] > 1:
            return _fit_student_classes(entries, given, settings, options["student_classes"])
        return _fit(entries, classed, given, settings, options["uncertainty"])
    except ImpossibleHistoryError as error:
        raise ImpossibleHistoryError(
            f"skill {skills[error.group]!r}: {error}; leave them free, from {FLOOR:g} to "
            f"{1 - FLOOR:g}"
        ) from None


def _fit(
    entries: Entries, classed: Classed | None, given: Given, settings: Settings, uncertainty: bool
) -> Fitted:
    labels = entries.skills.tolist()
    whole = trie = _trie(entries, answers_only(entries.answers))
    found = fit_groups(trie, given, settings)
    climb, terms, by_skill = found.climb, found.terms, found.climb.parameters
    by_class: dict[str, Floats] = {}
    if classed is not None:
        trie = _trie(entries, alphabet_of(entries.answers, classed))
        climb, terms = fit_classes(trie, by_skill, given, settings)
        by_skill, by_class = _parted(by_skill, climb.parameters, classed.classes)
    errors = None
    if uncertainty:
        # Cells of classes come after the skills' and the common one.
        offset = dict.fromkeys(by_class, len(labels) + 1)
        errors = Uncertainty.of(information(trie, climb.parameters, terms), offset)
    return Fitted(
        skills=entries.skills,
        table=table_of_cells(by_skill, _pooled(found), by_class),
        log_likelihood=climb.log_likelihood,
        n_iter=climb.n_iter,
        converged=climb.converged,
        n_answers=_answers(whole),
        unidentified={labels[k]: why for k, why in sorted(found.reasons.items())},
        classes=None if classed is None else classed.classes,
        uncertainty=errors,
    )


def _fit_student_classes(
    entries: Entries, given: Given, settings: Settings, n_classes: int
) -> Fitted:
    """With classes of students; the log-likelihood by skill is left to who can predict."""
    labels, n = entries.skills.tolist(), len(entries.skills)
    alphabet = answers_only(entries.answers)
    trie, ends = build_traced_trie(entries.sequences, alphabet, entries.groups, n)
    plain = fit_groups(trie, given, settings)
    problem = Problem(trie, students_of(trie, ends, entries.sequences.minor), plain.terms)
    found = fit_student_classes(problem, plain.climb.parameters, settings, n_classes)
    by_skill, classes = student_classes(found.point, plain.pooled, given.pooled)
    return Fitted(
        skills=entries.skills,
        table=table_of_cells(by_skill, _pooled(plain), {}),
        log_likelihood=np.full(n, np.nan),
        n_iter=np.full(n, found.n_iter),
        converged=np.full(n, found.converged),
        n_answers=_answers(trie),
        unidentified={labels[k]: why for k, why in sorted(plain.reasons.items())},
        student_classes=classes,
    )


def _trie(entries: Entries, alphabet: Alphabet) -> PrefixTrie:
    n_skills = len(entries.skills)
    return build_trie(entries.sequences, alphabet, entries.groups, n_skills, entries.counts)


def alphabet_of(answers: NDArray[np.int8], classed: Classed) -> Alphabet:
    """The symbols that tell apart answers and the classes they were given in.

    Parameters
    ----------
    answers : int8 array, shape (n_entries,)
    classed : Classed
        Of the same entries.
    """
    codes = answers.astype(np.int64)
    numbered: dict[int, tuple[Ints, ClassTable]] = {}  # by array of cells: one may serve two fields
    for field, table in classed.classes.tables.items():
        cells = getattr(classed.cells, field)
        if table.scheme and id(cells) not in numbered:
            # An entry that no class applies to stands with the first.
            place = np.maximum(cells - (table.n_skills + 1), 0)
            numbered[id(cells)] = place, table
            # Where no sequence goes on, transitions have no classes to tell apart.
            _, codes = distinct(codes * max(len(table.keys), 1) + place)
    one = np.zeros(int(codes.max()) + 1, np.int64)
    one[codes] = np.arange(len(codes))  # an entry with each symbol
    found = {key: (place[one], table.split()[0]) for key, (place, table) in numbered.items()}
    own = [found.get(id(cells), (None, None)) for cells in classed.cells]
    return Alphabet(codes, answers[one], *zip(*own, strict=True))


def _parted(
    by_skill: Parameters, best: Parameters, classes: Classes
) -> tuple[Parameters, dict[str, Floats]]:
    """The best parameters, by skill and by class.

    Where a parameter differs by class, the skill's own, which serves classes that were not seen,
    is the one fitted without classes.
    """
    by_class = {
        field: getattr(best, field) for field, table in classes.tables.items() if table.scheme
    }
    fields = best._asdict() | {field: getattr(by_skill, field) for field in by_class}
    return Parameters(**fields), by_class


def _pooled(found: GroupFit) -> dict[str, float]:
    return {name: float(value[0]) for name, value in found.pooled._asdict().items()}


def _answers(trie: PrefixTrie) -> NDArray[np.int64]:
    """Answers of each group; exposures do not count."""
    answered = np.where(trie.answer == EXPOSURE, 0.0, trie.weight)
    return np.bincount(trie.group, answered, trie.n_groups).astype(np.int64)
