"""The Bayesian Knowledge Tracing estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np

from adaptlearn.errors import (
    ConvergenceWarning,
    IdentificationWarning,
    ImpossibleHistoryError,
    ModelFileError,
    ParameterError,
    ResponseDataError,
)
from adaptlearn.models.bkt import fitting
from adaptlearn.models.bkt.em import FLOOR, MARGIN, Parameters
from adaptlearn.models.bkt.serving import FittedBKT
from adaptlearn.models.bkt.trie import EXPOSURE, build_trie, history_symbols
from adaptlearn.numerics import Ints
from adaptlearn.responses import as_log
from adaptlearn.serialization import fingerprint, write_manifest
from adaptlearn.validation import Interval, OneOf, some


class BKT(FittedBKT):
    """Bayesian Knowledge Tracing, fitted for all skills at once.

    Each student either knows a skill or does not, and moves between the two from one
    opportunity to the next. With the state ``x`` (0 not known, 1 known) and the answer ``y``::

        P(x[1] = 1) = prior
        P(x[t + 1] = 1 | x[t] = 0) = learn        P(y[t] = 1 | x[t] = 0) = guess
        P(x[t + 1] = 0 | x[t] = 1) = forget       P(y[t] = 0 | x[t] = 1) = slip

    Expectation-maximisation runs on the distinct answer histories of each skill, each weighted
    by the students who share it: exact, and often hundreds of times less work than the rows.

    Parameters
    ----------
    forgetting : bool, default False
        Whether known skills can be lost; otherwise ``forget`` is 0.
    n_init : int, default 5
        Starting points per skill. One is the best common fit of all skills, the others are
        random; after a few steps the best of each skill goes on.
    max_iter : int, default 1000
        The most steps after that.
    tol : float, default 1e-7
        A skill has converged when a step gains less than this log-likelihood *per response*.
        With 0, `max_iter` steps are taken and not converging is not warned of.
    accelerate : bool, default True
        Whether, after every two EM steps, a longer one is tried (Varadhan & Roland, 2008). Where
        it does not raise the likelihood, EM goes on from before it. Without, the steps are
        those of plain EM: as many as another program takes from the same start lead to the same
        parameters.
    start : mapping of str to float, or sequence of them, optional
        Starting points for every skill, in place of `n_init` of the library's own: each with
        prior, learn, guess, slip (and forget). A parameter that starts at 0 or 1 stays there.
    random_state : int, default 0
        Seed of the random starts.

    Attributes
    ----------
    skills_ : array, shape (n_skills,)
        Labels of the skills that were fitted, sorted.
    parameters_ : dict of str to array, each of shape (n_skills,)
        Columns ``skill``, ``prior``, ``learn``, ``forget``, ``guess``, ``slip``: a table that
        any dataframe library takes.
    pooled_ : dict of str to float
        The common parameters, fitted to all skills at once. They serve skills that were never
        seen.
    log_likelihood_ : float array, shape (n_skills,)
        Of the training answers.
    n_iter_, converged_ : int and bool arrays, shape (n_skills,)
        Steps taken, and whether they came to rest.
    n_answers_ : int array, shape (n_skills,)
        Answers each skill's parameters rest on.
    unidentified_ : dict of label to str
        Skills whose answers cannot tell the parameters apart, and why. They are fitted with
        a Beta prior worth ten observations of the common parameters.
    fingerprint_ : str
        Names the fitted model: equal parameters, equal fingerprint.

    Notes
    -----
    guess + slip stays below 1: above it, right answers would speak for *not* knowing.

    A response with several skills gives full credit to each, and is predicted once, by the
    mean of their predictions. An exposure (a row without an answer) is an opportunity to learn
    and says nothing about what is known.

    A skill that was not in the training log is predicted from the common parameters, with a
    warning that names it. A student who was not is at the start of each skill.

    References
    ----------
    - A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
      procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
    - B. van de Sande (2013). Properties of the Bayesian knowledge tracing model. Journal
      of Educational Data Mining 5(2).
    - R. Varadhan, C. Roland (2008). Simple and globally convergent methods for
      accelerating the convergence of any EM algorithm. Scandinavian Journal of Statistics
      35(2), 335-353.

    Examples
    --------
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school(n_students=300, random_state=1)
    >>> model = BKT().fit(school.responses)
    >>> bool(model.converged_.all())
    True
    >>> model.predict_proba(school.responses)[:, 1].shape == school.responses["correct"].shape
    True
    """

    _constraints: ClassVar = {
        "forgetting": [OneOf((True, False))],
        "n_init": [Interval(1, 1000, integer=True)],
        "max_iter": [Interval(0, 10**6, integer=True)],
        "tol": [Interval(0, 1)],
        "accelerate": [OneOf((True, False))],
        "random_state": [Interval(0, 2**63, integer=True)],
    }

    def __init__(
        self,
        *,
        forgetting: bool = False,
        n_init: int = 5,
        max_iter: int = 1000,
        tol: float = 1e-7,
        accelerate: bool = True,
        start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        random_state: int = 0,
    ) -> None:
        self.forgetting = forgetting
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.accelerate = accelerate
        self.start = start
        self.random_state = random_state

    def fit(
        self,
        log: Any,
        y: object = None,  # noqa: ARG002 - scikit-learn passes the answers again
        *,
        on_step: fitting.OnStep | None = None,
    ) -> Self:
        """Estimate every skill's parameters.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
            Answers are in the log; scikit-learn passes them again.
        on_step : callable, optional
            Called after each EM step with (steps so far, skills still moving, skills).

        Raises
        ------
        ParameterError, ResponseDataError
        ImpossibleHistoryError
            A `start` that fixes parameters at 0 or 1 rules out an answer that was given.

        Warns
        -----
        IdentificationWarning
            Names skills whose answers cannot identify their parameters.
        ConvergenceWarning
            Names skills that did not converge within `max_iter`.
        """
        self._check_parameters()
        log = as_log(log)
        if not len(log):
            raise ResponseDataError("response log", ["it has no rows; expected responses"])
        sequences = log.sequences
        present, groups = _dense(sequences.major)
        trie = build_trie(sequences, history_symbols(log), groups, len(present))
        try:
            found = fitting.fit_groups(
                trie,
                forgetting=self.forgetting,
                n_init=self.n_init,
                max_iter=self.max_iter,
                tol=self.tol,
                accelerate=self.accelerate,
                start=self._starts(),
                rng=np.random.default_rng(self.random_state),
                on_step=on_step,
            )
        except ImpossibleHistoryError as error:
            skill = log.skill.labels[present].tolist()[error.group]
            raise ImpossibleHistoryError(
                f"skill {skill!r}: {error}; let start leave them free, from {FLOOR:g} to "
                f"{1 - FLOOR:g}"
            ) from None
        climb, reasons = found.climb, found.reasons
        # From here on nothing fails: a fit that does leaves the model as it was.
        self.skills_ = log.skill.labels[present]
        answered = np.where(trie.symbol == EXPOSURE, 0.0, trie.weight)
        self.n_answers_ = np.bincount(trie.group, answered, len(present)).astype(np.int64)
        self.pooled_ = {name: float(value[0]) for name, value in found.pooled._asdict().items()}
        self._set_result(climb)
        labels = self.skills_.tolist()
        self.unidentified_ = {labels[k]: why for k, why in sorted(reasons.items())}
        self._warn(climb)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.start is None:
            return
        starts = self._starts()
        problems = [] if starts else ["start is empty; give a mapping, or several"]
        for point in starts:
            problems += _start_problems(point, self.forgetting)
        if problems:
            raise ParameterError(type(self).__name__, problems)

    def _starts(self) -> list[Any]:
        if self.start is None:
            return []
        return list(self.start) if isinstance(self.start, (list, tuple)) else [self.start]

    def _set_result(self, climb: fitting.Climb) -> None:
        self.classes_ = np.array([0, 1])
        self.parameters_ = {"skill": self.skills_, **climb.parameters._asdict()}
        self.log_likelihood_ = climb.log_likelihood
        self.n_iter_ = climb.n_iter
        self.converged_ = climb.converged
        self.fingerprint_ = fingerprint(self._content())

    def _warn(self, climb: fitting.Climb) -> None:
        if self.unidentified_:
            told = "; ".join(
                f"{label!r}: {why}" for label, why in list(self.unidentified_.items())[:5]
            )
            more = len(self.unidentified_) - 5
            done = (
                "their parameters are as the start and EM left them"
                if self.start is not None
                else "they were fitted with a prior worth ten observations of the parameters "
                "common to all skills"
            )
            warnings.warn(
                f"the answers of {len(self.unidentified_)} skill(s) cannot identify their "
                f"parameters: {told}{f'; and {more} more' if more > 0 else ''}; {done} "
                "(see unidentified_)",
                IdentificationWarning,
                stacklevel=3,
            )
        if not climb.converged.all() and self.tol > 0:
            names = some(self.skills_[~climb.converged])
            warnings.warn(
                f"EM did not converge within {self.max_iter} steps for skill {names}; "
                "raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _content(self) -> dict[str, Any]:
        """What predictions depend on, and the fingerprint with them."""
        return {
            "model": "BKT",
            "skills": self.skills_.tolist(),
            "parameters": {name: self.parameters_[name].tolist() for name in Parameters._fields},
            "pooled": self.pooled_,
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model as one JSON file; `adaptlearn.load` reads it back."""
        self._check_fitted()
        settings = {name: _plain(value) for name, value in self.get_params().items()}
        fit = {
            "log_likelihood": self.log_likelihood_.tolist(),
            "n_iter": self.n_iter_.tolist(),
            "converged": self.converged_.tolist(),
            "n_answers": self.n_answers_.tolist(),
            "unidentified": [[label, why] for label, why in self.unidentified_.items()],
        }
        write_manifest(
            path,
            "adaptlearn-model",
            {**self._content(), "settings": settings, "fit": fit, "fingerprint": self.fingerprint_},
        )

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], name: str) -> BKT:
        """Rebuild a model from what `save` wrote; `name` is what errors call it."""
        model = cls()
        try:
            model._restore(manifest)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                name, [f"a part is missing or of the wrong kind: {error!r}"]
            ) from None
        return model

    def _restore(self, manifest: Mapping[str, Any]) -> None:
        self.set_params(**manifest["settings"])
        self._check_parameters()
        skills, fit = manifest["skills"], manifest["fit"]
        self.skills_ = np.array(skills, object if isinstance(skills[0], str) else np.int64)
        parameters = _read_parameters(manifest["parameters"], self.skills_.shape)
        self.pooled_ = {field: float(manifest["pooled"][field]) for field in Parameters._fields}
        self.n_answers_ = np.array(fit["n_answers"], np.int64)
        self.unidentified_ = dict(fit["unidentified"])
        self._set_result(
            fitting.Climb(
                parameters,
                np.array(fit["log_likelihood"], np.float64),
                np.array(fit["n_iter"], np.int64),
                np.array(fit["converged"], bool),
            )
        )
        if self.fingerprint_ != manifest["fingerprint"]:
            raise ValueError("the fingerprint is not that of the parameters")


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def _start_problems(start: Any, forgetting: bool) -> list[str]:
    if not isinstance(start, Mapping):
        return [f"start must be a mapping of names to probabilities, got {start!r}"]
    names = set(Parameters._fields) - (set() if forgetting else {"forget"})
    problems = [f"start lacks {name!r}" for name in sorted(names - set(start))]
    problems += [f"start has an unknown {name!r}" for name in sorted(set(start) - names)]
    free = Interval(FLOOR, 1 - FLOOR)
    problems += [
        f"start[{name!r}] must be 0 or 1 (which fixes it) or {free}, got {value!r}"
        for name, value in start.items()
        if not (free.accepts(value) or OneOf((0, 1, 0.0, 1.0)).accepts(value))
    ]
    if not problems and start["guess"] + start["slip"] > 1 - MARGIN:
        problems.append("start: guess + slip must be below 1")
    return problems


def _read_parameters(table: Mapping[str, Any], shape: tuple[int, ...]) -> Parameters:
    parameters = Parameters(*(np.array(table[name], np.float64) for name in Parameters._fields))
    for name, values in parameters._asdict().items():
        if values.shape != shape:
            raise ValueError(f"{name} has shape {values.shape}, the skills have {shape}")
        if not np.all((values >= 0) & (values <= 1)):
            raise ValueError(f"{name} holds values outside [0, 1]")
    return parameters


def _dense(codes: Ints) -> tuple[Ints, Ints]:
    """The codes that occur, and each code's place among them."""
    present = np.flatnonzero(np.bincount(codes))
    number = np.zeros(int(present[-1]) + 1, np.int64)
    number[present] = np.arange(len(present))
    return present, number[codes]
