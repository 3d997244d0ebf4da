"""A training log as the columns of a logistic regression, and its weights back as a model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from adaptlearn.models.logistic.history import Columns
from adaptlearn.models.logistic.solution import Coupling
from adaptlearn.models.logistic.terms import By, Term
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.numerics import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Block(NamedTuple):
    """Columns of a design that belong together.

    Attributes
    ----------
    rows, places : int arrays, shape (n_values,)
        The response and the column of each value.
    values : float array, shape (n_values,)
    width : int
        How many columns.
    penalty : float
        On the square of each weight, halved.
    by : {"all", "skill", "item", "student"}
        Whose weights.
    """

    rows: Ints
    places: Ints
    values: Floats
    width: int
    penalty: float
    by: By | Literal["student"] = "all"


class Design(NamedTuple):
    """A logistic regression.

    Attributes
    ----------
    matrix : sparse array, shape (n_answers, n_weights)
    penalty : float array, shape (n_weights,)
    correct : float array, shape (n_answers,)
    widths : list of int
        Columns of each block, in their order.
    coupling : Coupling
        Of what is common to all and what is each skill's own.
    """

    matrix: csr_array
    penalty: Floats
    correct: Floats
    widths: list[int]
    coupling: Coupling


class Weights(NamedTuple):
    """What a fit has found.

    Attributes
    ----------
    intercept : float
        Of the average skill, item and student.
    terms : list of float arrays
        Of each term: shape (1,) of one for all, (n_items,) of one by item, (n_skills + 1,) of
        one by skill, the last being that of a skill the training log does not have.
    students : float array, shape (n_students,)
        In the order of the encoded log; all 0 for a model without students.
    """

    intercept: float
    terms: list[Floats]
    students: Floats


def design_of(
    encoded: Encoded,
    columns: Columns,
    terms: tuple[Term, ...],
    *,
    n_skills: int,
    n_items: int,
    penalty: float,
    student_penalty: float | None,
) -> Design:
    """The regression of the answers of a log.

    Its blocks are the intercept; of each term, what is common to all, then what each skill or
    item has of its own; the students. A skill's own part is penalised in units of the column's
    root mean square, so that counts of any size are treated alike; what is common is free, but
    for terms that are `shrunk`.

    Parameters
    ----------
    encoded : Encoded
    columns : mapping of str to array
        The history's.
    terms : tuple of Term
    n_skills, n_items : int
    penalty : float
        On what a skill or item has of its own; 0 for none.
    student_penalty : float or None
        On the students' intercepts, 0 for none; None leaves students out.
    """
    from scipy.sparse import csr_array

    n = len(encoded.rows)
    every, zeros = np.arange(n), np.zeros(n, np.int64)
    owner = encoded.entries_of(every)
    blocks = [Block(every, zeros, np.ones(n), 1, 0.0)]
    for term in terms:
        rows = owner if term.of_entries else every
        values = term.of(columns, len(rows))
        unit = 1.0 if term.is_intercept else float(np.mean(values**2))
        if _has_common(term, penalty):
            shrunk = penalty * unit if term.shrunk else 0.0
            blocks.append(Block(rows, np.zeros(len(rows), np.int64), values, 1, shrunk))
        if term.by != "all":
            places, width = (
                (encoded.skill, n_skills) if term.by == "skill" else (encoded.item, n_items)
            )
            blocks.append(Block(rows, places, values, width, penalty * unit, term.by))
    if student_penalty is not None:
        n_students = len(encoded.students)
        ability = Block(every, encoded.student, np.ones(n), n_students, student_penalty, "student")
        blocks.append(ability)
    widths = [block.width for block in blocks]
    first = np.cumsum([0, *widths])
    places = np.concatenate([b.places + lo for b, lo in zip(blocks, first[:-1], strict=True)])
    rows = np.concatenate([block.rows for block in blocks])
    values = np.concatenate([block.values for block in blocks])
    # An item that is not named is an average one; what is 0 needs no place.
    told = (values != 0) & (np.concatenate([block.places for block in blocks]) >= 0)
    matrix = csr_array((values[told], (rows[told], places[told])), shape=(n, int(first[-1])))
    answered = encoded.correct >= 0
    return Design(
        matrix if answered.all() else matrix[np.flatnonzero(answered)],
        np.repeat([block.penalty for block in blocks], widths),
        encoded.correct[answered].astype(np.float64),
        widths,
        _coupling_of(blocks, encoded),
    )


def _coupling_of(blocks: list[Block], encoded: Encoded) -> Coupling:
    """What is common to all, and what each skill has of its own.

    Two skills know of each other only by what is common. Where a response has several, each is
    a row here that counts as often as there are skills, which is never less than they count
    together: (Σ x)² ≤ m Σ x². So the cost goes with the skills of responses, not with their pairs.
    """
    from scipy.sparse import csr_array, hstack

    n = len(encoded.rows)
    owner = encoded.entries_of(np.arange(n))
    n_skills = np.bincount(owner, minlength=n)[owner]
    told = encoded.correct[owner] >= 0
    last = np.cumsum([block.width for block in blocks])
    columns: list[Ints] = []
    parts: list[csr_array] = []
    # Skills first: nothing is filled in where what is common is eliminated last.
    for by in ("skill", "all"):
        for block, end in zip(blocks, last.tolist(), strict=True):
            if block.by != by:
                continue
            of_entries = len(block.rows) == len(owner)
            values = block.values if of_entries else block.values[owner] / n_skills
            places = block.places if of_entries else block.places[owner]
            kept = told & (values != 0)
            entries = (np.flatnonzero(kept), places[kept])
            weighed = (values * np.sqrt(n_skills))[kept]
            parts.append(csr_array((weighed, entries), shape=(len(owner), block.width)))
            columns.append(np.arange(end - block.width, end))
    rows = hstack(parts, format="csr")
    return Coupling(np.concatenate(columns), rows.T @ rows)


def weights_of(
    found: Floats, design: Design, terms: tuple[Term, ...], penalty: float, *, students: bool
) -> Weights:
    """Read a solution as a model's weights: `found` has one number for each column."""
    parts = iter(np.split(found, np.cumsum(design.widths)[:-1]))
    information = iter(
        np.split(np.asarray(design.matrix.power(2).sum(axis=0)), np.cumsum(design.widths)[:-1])
    )
    intercept = float(next(parts)[0])
    next(information)
    of_terms = []
    for term in terms:
        common = 0.0
        if _has_common(term, penalty):
            common = float(next(parts)[0])
            next(information)
        if term.by == "all":
            of_terms.append(np.array([common]))
            continue
        own, told = next(parts), next(information)
        if penalty == 0:
            # Nothing is common: a skill without information stands where the others do.
            common = float(own @ told / told.sum()) if told.any() else 0.0
            own = np.where(told > 0, own - common, 0)
        total = common + own
        of_terms.append(np.append(total, common) if term.by == "skill" else total)
    of_students = np.zeros(0)
    if students:
        of_students = next(parts)
        # Unpenalised, only differences of students mean something; 0 is their average.
        intercept += float(of_students.mean())
        of_students = of_students - of_students.mean()
    return Weights(intercept, of_terms, of_students)


def _has_common(term: Term, penalty: float) -> bool:
    """Whether a column of its own holds what is common to all skills.

    The intercept is that of all skills and items; without a penalty nothing is common.
    """
    return term.by == "all" or (penalty > 0 and not term.is_intercept)
