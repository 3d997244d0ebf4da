"""The features: each a formula over what is remembered, with the group it is chosen by.

Columns are named by what holds them: ``student.answers`` counts all answers of the student,
``skill.answers`` those on the response's skill, ``item.answers`` those on its item. ``now.…``
describes the response that is about to be answered: its skill and item and how others fare on
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from adaptlearn.models.features.counters import DECAYS, RESIDUAL_DECAYS, TIME_SCALES, WINDOWS
from adaptlearn.models.features.encodings import unbroken
from adaptlearn.numerics import Floats

HOLDERS = ("student", "skill", "item")


class Feature(NamedTuple):
    """A feature: one number for each response, computed from what is known before the answer.

    Attributes
    ----------
    name, group : str
    inputs : tuple of str
        The names of the columns that are the arguments of `compute`, in the order of the arguments.
    compute : callable
        A function that can be pickled. The function takes arrays of shape (n,) and returns an array
        of shape (n,).
    formula : str
    """

    name: str
    group: str
    inputs: tuple[str, ...]
    compute: Callable[..., Floats]
    formula: str


def logit(p: Floats) -> Floats:
    """The log odds of probabilities."""
    return np.log(p / (1 - p))


def _itself(column: Floats) -> Floats:
    return column


def _lag(place: Floats, last: Floats) -> Floats:
    """Answers in between and the next one; NaN where there is nothing to count from."""
    return np.where(last > 0, place + 1 - last, np.nan)


def _share(right: Floats, answers: Floats) -> Floats:
    return (right + 1) / (answers + 2)


def _recency_share(right: Floats, answers: Floats, *, decay: float) -> Floats:
    # One wrong answer before the first, as if it were the latest then (Galyardt & Goldin, 2015).
    faded = decay**answers
    return right / ((1 - faded) / (1 - decay) + faded)


def _mean_residual(residual: Floats, answers: Floats) -> Floats:
    return residual / (answers + 3)


def _mean_later_residual(residual: Floats, answers: Floats, begun: Floats) -> Floats:
    return residual / (answers - begun + 3)


def _expected(rating: Floats, rate: Floats) -> Floats:
    return logit(rate) + rating


def _counts(holder: str) -> Iterator[Feature]:
    answers, right = f"{holder}.answers", f"{holder}.right"
    yield Feature(f"{holder}_answers", "counts", (answers,), _itself, "n")
    yield Feature(f"{holder}_right", "counts", (right,), _itself, "r")
    yield Feature(f"{holder}_share", "counts", (right, answers), _share, "(r + 1) / (n + 2)")


def _recency(holder: str) -> Iterator[Feature]:
    for decay in DECAYS:
        yield Feature(
            f"{holder}_share_{decay:g}",
            "recency",
            (f"{holder}.right_{decay:g}", f"{holder}.answers"),
            partial(_recency_share, decay=float(decay)),
            "Σ d^age y / (Σ d^age + d^n): R-PFA (Galyardt & Goldin, 2015)",
        )


def _streaks(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_run", "streaks", (f"{holder}.run",), _itself, "equal outcomes in a row; wrong: -"
    )


def _residuals(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_residual",
        "residuals",
        (f"{holder}.residual", f"{holder}.answers"),
        _mean_residual,
        "Σ (y - rate) / (n + 3)",
    )
    for decay in RESIDUAL_DECAYS:
        yield Feature(
            f"{holder}_residual_{decay:g}",
            "residuals",
            (f"{holder}.residual_{decay:g}",),
            _itself,
            "Σ d^age (y - rate)",
        )


def _ratings(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_rating",
        "ratings",
        (f"{holder}.rating",),
        _itself,
        "θ ← θ + K(n) (y - logistic(logit rate + θ)): Elo (Pelánek, 2016)",
    )


def _spacing(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_lag",
        "spacing",
        ("student.answers", f"{holder}.place"),
        _lag,
        "answers since the last one; NaN: none yet",
    )
    yield Feature(
        f"{holder}_series",
        "spacing",
        ("student.answers", f"{holder}.place", f"{holder}.series"),
        unbroken,
        "answers in an unbroken series until now",
    )


def _age(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_age", "ages", (f"{holder}.age",), _itself, "seconds since the last answer"
    )


def _timed(holder: str) -> Iterator[Feature]:
    for group, word, names in (
        ("windows", "within", WINDOWS),
        ("fading", "fading", TIME_SCALES),
    ):
        for name in names:
            for kind in ("answers", "right"):
                yield Feature(
                    f"{holder}_{kind}_{word}_{name}",
                    group,
                    (f"{holder}.{kind}_{word}_{name}",),
                    _itself,
                    "counts of DAS3H (Choffin et al., 2019)"
                    if group == "windows"
                    else "Σ exp(-age / life) of DASH[MCM] (Lindsey et al., 2014)",
                )


def _difficulty() -> Iterator[Feature]:
    for thing in ("skill", "item"):
        yield Feature(
            f"{thing}_rate",
            "difficulty",
            (f"now.{thing}_rate",),
            _itself,
            "share right among other students, shrunk",
        )
        yield Feature(
            f"{thing}_popularity",
            "difficulty",
            (f"now.{thing}_answers",),
            np.log1p,
            "ln(1 + answers of other students)",
        )


def _firsts() -> Iterator[Feature]:
    begun = "student.begun"
    yield Feature("student_begun", "firsts", (begun,), _itself, "skills met so far")
    yield Feature(
        "student_begun_share",
        "firsts",
        ("student.begun_right", begun),
        _share,
        "share of right answers where a skill was met first",
    )
    yield Feature(
        "student_begun_residual",
        "firsts",
        ("student.begun_residual", begun),
        _mean_residual,
        "Σ (y - rate) / (n + 3) of answers that were the first on their skill",
    )
    yield Feature(
        "student_later_residual",
        "firsts",
        ("student.later_residual", "student.answers", begun),
        _mean_later_residual,
        "Σ (y - rate) / (n + 3) of the others",
    )


def _expectations(holder: str) -> Iterator[Feature]:
    yield Feature(
        f"{holder}_expectation",
        "ratings",
        (f"{holder}.rating", "now.expected"),
        _expected,
        "logit rate + θ",
    )


def _table() -> Iterator[Feature]:
    yield from _difficulty()
    yield from _firsts()
    for holder in HOLDERS:
        for part in (_counts, _recency, _streaks, _residuals, _ratings, _expectations):
            yield from part(holder)
        if holder != "student":
            yield from _spacing(holder)
        for part in (_age, _timed):
            yield from part(holder)


FEATURES: dict[str, Feature] = {feature.name: feature for feature in _table()}
"""The features by name."""
