"""Searches for parameters inside a fold: scikit-learn's, made to keep students whole."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.cross_validation.splits import (
    StudentSplit,
    checked_splits,
    units_of,
)
from adaptlearn.evaluation.metrics import log_loss
from adaptlearn.evaluation.predictions import predictions
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.responses import as_log

_FOLDS = 5
_PARAMETERS = frozenset({"cv", "estimator", "refit", "scoring"})


def searches_in(model: Any) -> Iterator[Any]:
    """The model, where it is a search for parameters, and searches among what it is made of."""
    parameters = model.get_params(deep=False) if hasattr(model, "get_params") else {}
    if parameters.keys() >= _PARAMETERS:
        yield model
    for value in parameters.values():
        steps = [step for _, step, *_ in value] if _named_steps(value) else [value]
        for step in steps:
            if hasattr(step, "get_params") and not isinstance(step, type):
                yield from searches_in(step)


def _named_steps(value: Any) -> bool:
    """Whether a parameter is a list of steps with names, as a pipeline has."""
    return isinstance(value, list) and all(
        isinstance(step, tuple) and len(step) >= 2 for step in value
    )


def search_problems(name: str, model: Any) -> list[str]:
    """Why a model's searches cannot be cross-validated."""
    return [
        f"model {name!r} searches with refit=False, so that it cannot predict; leave refit out"
        for search in searches_in(model)
        if search.refit is False
    ]


def fit_whole(model: Any, log: Any, copies: Any) -> None:
    """Fit a clone that nobody else holds; its searches score on students they do not train on.

    Of each search, a number of folds (or none) becomes folds of students, a splitter is given
    the students for groups and is refused if it cuts them; scorers score the answered rows.

    Raises
    ------
    ParameterError
        A search cuts students, or scored nothing.
    """
    searches = list(searches_in(model))
    for search in searches:
        cv = _FOLDS if search.cv is None else search.cv
        whole = (
            StudentSplit(int(cv), copies=copies)
            if isinstance(cv, int | np.integer)
            else WholeStudents(cv, copies)
        )
        search.set_params(cv=whole, scoring=_scoring(search))
    if "y" in inspect.signature(model.fit).parameters:
        model.fit(log, y=log.correct)
    else:
        model.fit(log)
    for search in searches_in(model):
        if hasattr(search, "cv_results_"):
            _check_scored(search)


def _check_scored(search: Any) -> None:
    """Refuse a search of which no candidate was scored: its best one is the first by default."""
    scores = [
        values[search.best_index_]
        for name, values in search.cv_results_.items()
        if name.startswith("mean_test_")
    ]
    if np.isnan(scores).all():
        raise ParameterError(
            type(search).__name__,
            ["every inner score is nan, so that nothing was chosen; error_score='raise' says why"],
        )


class WholeStudents:
    """A splitter that is given students for groups, and refused if it cuts them.

    Parameters
    ----------
    cv : splitter or iterable of (train rows, test rows)
    copies : bool or CopiedStudents
        As in `StudentSplit`.
    """

    def __init__(self, cv: Any, copies: Any) -> None:
        self.cv = cv
        self.copies = copies
        # By these, searches that halve see whether splits come out alike every time.
        self.shuffle = getattr(cv, "shuffle", True)
        self.random_state = getattr(cv, "random_state", 0)

    def get_n_splits(self, log: Any, y: object = None, groups: object = None) -> int:  # noqa: ARG002 - the protocol's
        """The number of folds."""
        from sklearn.model_selection import check_cv

        log = as_log(log)
        return int(check_cv(self.cv).get_n_splits(log, log.correct, units_of(log, self.copies)))

    def split(
        self,
        log: Any,
        y: object = None,  # noqa: ARG002 - the protocol's
        groups: object = None,  # noqa: ARG002 - the protocol's
    ) -> Iterator[tuple[Ints, Ints]]:
        """Training and test rows of each fold."""
        log = as_log(log)
        for split in checked_splits(self.cv, log, units_of(log, self.copies)):
            yield split.train, split.test


def _scoring(search: Any) -> Any:
    """A search's scoring, for logs and for every model that predicts probabilities."""
    scoring = search.scoring
    if scoring is None:
        return None if hasattr(search.estimator, "score") else likelihood
    if isinstance(scoring, str):
        return _Scorer(scoring)
    if callable(scoring):
        return _of_three(scoring)
    if isinstance(scoring, Mapping):
        return {
            name: _Scorer(one) if isinstance(one, str) else _of_three(one)
            for name, one in scoring.items()
        }
    return {name: _Scorer(name) for name in scoring}


def likelihood(model: Any, log: Any, y: object = None) -> float:  # noqa: ARG001 - the protocol's
    """Mean log-likelihood of a log's answers: minus the log loss."""
    log = as_log(log)
    answered = log.answered
    predicted = predictions(model, log, type(model).__name__)
    return -log_loss(log.correct[answered], predicted[answered])


class _Scorer:
    """One of scikit-learn's scorers by name, of the answered rows of a log."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, model: Any, log: Any, y: object = None) -> float:  # noqa: ARG002 - it is the log's
        from sklearn.metrics import get_scorer

        log = as_log(log)
        answered = log.answered
        asked = _Answered(model, log, answered)
        return float(get_scorer(self.name)(asked, log[answered], log.correct[answered]))


class _Answered(KnowledgeTracer):
    """A fitted model as scorers want a classifier, of the answered rows of one log."""

    classes_ = np.array([0, 1])

    def __init__(self, model: Any, log: Any, answered: Bools) -> None:
        self._p = predictions(model, log, type(model).__name__)[answered]

    def predict_proba(self, log: object, *, state: object = None) -> Floats:  # noqa: ARG002 - these rows
        """P(wrong) and P(correct) of the answered rows."""
        return np.stack([1 - self._p, self._p], axis=1)


def _of_three(scorer: Any) -> Any:
    """A caller's scorer, that it may be called with answers too."""
    try:
        inspect.signature(scorer).bind(None, None, None)
    except TypeError:
        return _Two(scorer)
    except ValueError:  # it has no signature
        return scorer
    return scorer


class _Two:
    """A scorer of model and log alone."""

    def __init__(self, scorer: Any) -> None:
        self.scorer = scorer

    def __call__(self, model: Any, log: Any, y: object = None) -> Any:  # noqa: ARG002 - not asked for
        return self.scorer(model, log)
