"""The terms that logistic models are made of: a number known before the answer, and its weight.

A model adds its terms up to the log odds of a right answer. A response with several skills adds
up a term of skills over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.models.features.counters import Counter
from adaptlearn.models.logistic.history import TALLY, Columns, windows
from adaptlearn.numerics import Floats

By = Literal["all", "skill", "item"]
"""Whose weight: one for all, one for each skill, one for each item."""


class Term(NamedTuple):
    """One term.

    Attributes
    ----------
    name : str
    inputs : tuple of str
        Columns of the history, which `value` takes in this order; none for an intercept.
    by : {"all", "skill", "item"}
    value : callable
        Arrays of shape (n,) to one array of shape (n,).
    shrunk : bool
        Whether a weight that all share is penalised, too: that of a term which hardly differs from
        another, so that huge weights of opposite signs would fit as well.
    """

    name: str
    inputs: tuple[str, ...]
    by: By
    value: Callable[..., Floats]
    shrunk: bool = False

    @property
    def is_intercept(self) -> bool:
        """Whether it is there before any history is."""
        return not self.inputs

    @property
    def of_entries(self) -> bool:
        """Whether each skill of a response has its own value or weight."""
        return self.by == "skill" or any(column.startswith("skill.") for column in self.inputs)

    def of(self, columns: Columns, n: int) -> Floats:
        """The term's values, shape (n,), n being the number of responses or of entries."""
        if self.is_intercept:
            return np.ones(n)
        return self.value(*(columns[name] for name in self.inputs))


class Recipe(NamedTuple):
    """A model: its terms, and the counters they read, by holder (see `History`)."""

    terms: tuple[Term, ...]
    counters: Mapping[str, tuple[Counter, ...]]


def _itself(column: Floats) -> Floats:
    return column


def _wrong(answers: Floats, right: Floats) -> Floats:
    return answers - right


def _log_wrong(answers: Floats, right: Floats) -> Floats:
    return np.log1p(answers - right)


def intercepts(by: By) -> Term:
    """How easy each skill, or each item, is."""
    return Term(by, (), by, _itself)


def opportunities(by: By, *, logarithm: bool) -> Term:
    """Earlier responses on the skill, exposures too."""
    value = np.log1p if logarithm else _itself
    return Term("opportunities", ("skill.opportunities",), by, value)


def successes(holder: str, by: By, *, logarithm: bool) -> Term:
    """Earlier right answers, on the skill or of the student at all."""
    value = np.log1p if logarithm else _itself
    return Term(_named(holder, "successes"), (f"{holder}.right",), by, value)


def failures(holder: str, by: By, *, logarithm: bool) -> Term:
    """Earlier wrong answers, on the skill or of the student at all."""
    inputs = (f"{holder}.answers", f"{holder}.right")
    return Term(_named(holder, "failures"), inputs, by, _log_wrong if logarithm else _wrong)


def recency(by: By, decay: float, ghosts: int) -> Term:
    """The recency-weighted proportion of right answers (Galyardt & Goldin, 2015).

    R = Σ d^age y / Σ d^age over the earlier answers on the skill, the latest of age 0, the sum
    below going on over `ghosts` wrong answers that were never given before the first.
    """
    inputs = ("skill.right_decayed", "skill.answers")
    return Term("recency", inputs, by, partial(_proportion, decay, ghosts))


def _proportion(decay: float, ghosts: int, right: Floats, answers: Floats) -> Floats:
    # A geometric series, by expm1: stable for a decay close to 1.
    weight = np.expm1((answers + ghosts) * np.log(decay)) / (decay - 1)
    return np.asarray(right / weight)


def window_terms(holder: str, by: By, lengths: Sequence[float]) -> tuple[Term, ...]:
    """ln(1 + n) of right answers and of answers, within each window and ever."""
    spans = [*(f"within_{length:.15g}" for length in lengths), ""]
    return tuple(
        Term(
            "_".join(filter(None, (name, span))),
            ("_".join(filter(None, (f"{holder}.{kind}", span))),),
            by,
            np.log1p,
            shrunk=bool(span),  # windows are alike where nobody practised in between
        )
        for span in spans
        for name, kind in (("successes", "right"), ("attempts", "answers"))
    )


def window_counters(lengths: Sequence[float], remember: int) -> tuple[Counter, ...]:
    """The counters that `window_terms` reads."""
    return (TALLY, windows(lengths, remember)) if lengths else (TALLY,)


def _named(holder: str, what: str) -> str:
    return f"total_{what}" if holder == "student" else what
