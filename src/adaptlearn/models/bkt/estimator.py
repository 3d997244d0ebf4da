"""The Bayesian Knowledge Tracing estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    ConvergenceWarning,
    IdentificationWarning,
    ImpossibleHistoryError,
    ModelFileError,
    ParameterError,
    ResponseDataError,
)
from adaptlearn.models.bkt.classes import (
    GAP,
    ITEM_PAIR,
    Classes,
    Scheme,
    alphabet_of,
    find_cells,
    train_classes,
)
from adaptlearn.models.bkt.climbing import Climb, OnStep
from adaptlearn.models.bkt.constraints import read_constraints
from adaptlearn.models.bkt.coupled import RULES
from adaptlearn.models.bkt.coupled_fitting import Terms as CoupledTerms
from adaptlearn.models.bkt.coupled_fitting import fit as fit_coupled
from adaptlearn.models.bkt.fitting import Settings, fit_classes, fit_groups
from adaptlearn.models.bkt.individual import Individual, coupled_log
from adaptlearn.models.bkt.information import information
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Cells, Parameters
from adaptlearn.models.bkt.saving import (
    class_content,
    plain,
    read_classes,
    read_parameters,
    restored,
)
from adaptlearn.models.bkt.serving import FittedBKT
from adaptlearn.models.bkt.tables import read_class_table, read_pooled, read_skill_table
from adaptlearn.models.bkt.trie import (
    EXPOSURE,
    PrefixTrie,
    answers_only,
    build_trie,
    history_symbols,
)
from adaptlearn.models.bkt.uncertainty import Uncertainty
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import SequenceCounts, as_log
from adaptlearn.serialization import fingerprint, write_manifest
from adaptlearn.validation import Interval, OneOf, check_parameters, some


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
        "ability": [OneOf((True, False))],
        "recency": [OneOf((True, False))],
        "difficulty": [OneOf((True, False))],
        "lag": [OneOf((True, False))],
        "multi_skill": [OneOf(RULES)],
        "borrow": [Interval(0, 1e9), OneOf(("empirical",))],
        "uncertainty": [OneOf((True, False))],
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
        prior_by: str | Sequence[str] | None = None,
        learn_by: str | Sequence[str] | None = None,
        forget_by: str | Sequence[str] | None = None,
        guess_by: str | Sequence[str] | None = None,
        slip_by: str | Sequence[str] | None = None,
        gaps: Sequence[float] = (3600, 86400, 604800),
        ability: bool = False,
        recency: bool = False,
        difficulty: bool = False,
        lag: bool = False,
        multi_skill: Literal["full", "shared", "conjunctive", "compensatory"] = "full",
        bounds: Mapping[str, Any] | None = None,
        fixed: Mapping[str, Any] | None = None,
        beta_priors: Mapping[str, Any] | None = None,
        borrow: float | Literal["empirical"] = 10.0,
        uncertainty: bool = False,
        n_init: int = 5,
        max_iter: int = 1000,
        tol: float = 1e-7,
        accelerate: bool = True,
        start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        random_state: int = 0,
    ) -> None:
        self.forgetting = forgetting
        self.prior_by = prior_by
        self.learn_by = learn_by
        self.forget_by = forget_by
        self.guess_by = guess_by
        self.slip_by = slip_by
        self.gaps = gaps
        self.ability = ability
        self.recency = recency
        self.difficulty = difficulty
        self.lag = lag
        self.multi_skill = multi_skill
        self.bounds = bounds
        self.fixed = fixed
        self.beta_priors = beta_priors
        self.borrow = borrow
        self.uncertainty = uncertainty
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
        on_step: OnStep | None = None,
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
            A `start` or `fixed` value of 0 or 1 rules out an answer that was given.

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
        if self._is_coupled():
            return self._fit_coupled(log, on_step)
        sequences = log.sequences
        present, groups = _dense(sequences.major)
        answers = history_symbols(log)
        trie = build_trie(sequences, answers_only(answers), groups, len(present))
        classes, class_trie = None, None
        schemes = self._schemes()
        if any(schemes.values()):
            skills = np.empty(len(answers), np.int64)
            skills[sequences.order] = np.repeat(groups, sequences.lengths)
            classes, places = train_classes(log, schemes, self.gaps, skills)
            alphabet = alphabet_of(answers, classes, places)
            class_trie = build_trie(sequences, alphabet, groups, len(present))
        return self._estimate(log.skill.labels[present], trie, classes, class_trie, on_step)

    def fit_counts(self, counts: Any, *, on_step: OnStep | None = None) -> Self:
        """Estimate from distinct answer sequences and how many students have each.

        The result is that of `fit` on the log the counts were made from. Counts know answers
        only: options that read further columns (``…_by``) need the log.

        Parameters
        ----------
        counts : SequenceCounts
            See `adaptlearn.count_sequences`.
        on_step : callable, optional
            As for `fit`.

        Raises
        ------
        ParameterError, ResponseDataError
        """
        self._check_parameters()
        needed = [f"{field}_by" for field, scheme in self._schemes().items() if scheme]
        needed += self._coupling()
        if needed:
            raise ParameterError(
                "fit_counts",
                [f"{name} reads columns that counts do not hold; fit the log" for name in needed],
            )
        if not isinstance(counts, SequenceCounts):
            raise ResponseDataError(
                "counts",
                [f"got {type(counts).__name__}; expected what adaptlearn.count_sequences gives"],
            )
        if not len(counts):
            raise ResponseDataError("counts", ["there are no sequences; expected some"])
        sequences = counts.sequences()
        present, groups = _dense(sequences.major)
        alphabet = answers_only(counts.answers)
        trie = build_trie(sequences, alphabet, groups, len(present), counts.counts)
        return self._estimate(counts.skills[present], trie, None, None, on_step)

    def _estimate(
        self,
        labels: NDArray[Any],
        trie: PrefixTrie,
        classes: Classes | None,
        class_trie: PrefixTrie | None,
        on_step: OnStep | None,
    ) -> Self:
        """The parameters that suit the histories best."""
        given, problems = read_constraints(
            self.bounds,
            self.fixed,
            self.beta_priors,
            forgetting=self.forgetting,
            skills=labels.tolist(),
        )
        if problems:
            raise ParameterError(type(self).__name__, problems)
        settings = Settings(
            forgetting=self.forgetting,
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=self.tol,
            accelerate=self.accelerate,
            start=self._starts(),
            borrow=self.borrow,
            rng=np.random.default_rng(self.random_state),
            on_step=on_step,
        )
        by_class: dict[str, Floats] = {}
        uncertainty = None
        try:
            found = fit_groups(trie, given, settings)
            climb, parameters = found.climb, found.climb.parameters
            where, best, terms = trie, parameters, found.terms
            if class_trie is not None and classes is not None:
                climb, terms = fit_classes(class_trie, parameters, given, settings)
                where, best = class_trie, climb.parameters
                by_class = {
                    field: getattr(best, field)
                    for field, table in classes.tables.items()
                    if table.scheme
                }
                # By skill: where a parameter differs by class, what serves other classes.
                parameters = Parameters(
                    *(
                        by_skill if field in by_class else getattr(best, field)
                        for field, by_skill in parameters._asdict().items()
                    )
                )
            if self.uncertainty:
                offset = dict.fromkeys(by_class, len(labels) + 1)
                uncertainty = Uncertainty.of(information(where, best, terms), offset)
        except ImpossibleHistoryError as error:
            raise ImpossibleHistoryError(
                f"skill {labels.tolist()[error.group]!r}: {error}; leave them free, from "
                f"{FLOOR:g} to {1 - FLOOR:g}"
            ) from None
        # From here on nothing fails: a fit that does leaves the model as it was.
        self.skills_ = labels
        answered = np.where(trie.answer == EXPOSURE, 0.0, trie.weight)
        self.n_answers_ = np.bincount(trie.group, answered, len(labels)).astype(np.int64)
        self.pooled_ = {name: float(value[0]) for name, value in found.pooled._asdict().items()}
        self._uncertainty, self._individual = uncertainty, None
        self._set_result(climb._replace(parameters=parameters), classes, by_class)
        names = self.skills_.tolist()
        self.unidentified_ = {names[k]: why for k, why in sorted(found.reasons.items())}
        self._warn(climb)
        return self

    def _coupling(self) -> list[str]:
        """The options that couple a student's skills, or the skills of a response."""
        names = [
            name for name in ("ability", "recency", "difficulty", "lag") if getattr(self, name)
        ]
        return names if self.multi_skill == "full" else [*names, "multi_skill"]

    def _is_coupled(self) -> bool:
        return bool(self._coupling())

    def _fit_coupled(self, log: ResponseLog, on_step: OnStep | None) -> Self:
        """Estimate the model whose chains hang together, by its exact gradient."""
        if self.difficulty and log.item is None:
            raise ResponseDataError("response log", ["column 'item' (difficulty) is missing"])
        sequences = log.sequences
        present, groups = _dense(sequences.major)
        labels, n_skills = log.skill.labels[present], len(present)
        skills = np.empty(len(sequences.order), np.int64)
        skills[sequences.order] = np.repeat(groups, sequences.lengths)
        classes, by_field = None, {}
        if any(self._schemes().values()):
            classes, _ = train_classes(log, self._schemes(), self.gaps, skills)
            by_field = classes.tables
        cells = Cells.same(skills) if classes is None else find_cells(log, classes, skills)
        none = np.empty(0, np.int64)
        parents = Cells(
            *(
                by_field[field].split()[0] if field in by_field else none
                for field in Parameters._fields
            )
        )
        items = {}
        if self.difficulty and log.item is not None:
            answered = np.bincount(log.item.codes, minlength=len(log.item.labels)) > 0
            items = {label: code for code, label in enumerate(log.item.labels[answered].tolist())}
        found = fit_coupled(
            coupled_log(log, cells, items),
            parents,
            n_skills,
            len(items),
            terms=CoupledTerms(self.ability, self.recency, self.lag, self.forgetting),
            rule=self.multi_skill,
            on_step=None if on_step is None else lambda step: on_step(step, n_skills, n_skills),
        )
        individual = Individual(found.parameters, self.multi_skill, items)
        guess_of_slip = np.arange(len(found.parameters.slip))
        if self._schemes()["guess"] != self._schemes()["slip"]:
            guess_of_slip = np.concatenate((np.arange(n_skills + 1), parents.slip))
        typical = individual.typical(guess_of_slip)
        self.skills_ = labels
        answers = history_symbols(log)
        self.n_answers_ = np.bincount(skills[answers != EXPOSURE], minlength=n_skills)
        self.pooled_ = {name: float(v[n_skills]) for name, v in typical._asdict().items()}
        self._uncertainty, self._individual, self.unidentified_ = None, individual, {}
        by_class = {
            field: getattr(typical, field)[n_skills + 1 :]
            for field, table in by_field.items()
            if table.scheme
        }
        result = Climb(
            Parameters(*(field[:n_skills] for field in typical)),
            np.full(n_skills, np.nan),
            np.full(n_skills, found.n_iter),
            np.full(n_skills, found.converged),
        )
        self._set_result(result, classes, by_class)
        self.log_likelihood_ = self._likelihood_by_skill(log)
        return self

    def _likelihood_by_skill(self, log: ResponseLog) -> Floats:
        """Of the answers, by skill; a response's is parted evenly among its skills."""
        right = self.predict_proba(log)[:, 1]
        chance = np.log(np.where(log.correct == 1, right, 1 - right))
        entries: Any = slice(None) if log.skill_rows is None else log.skill_rows
        share = np.where(log.correct >= 0, chance, 0.0)
        if log.skill_rows is not None:
            share = share / np.bincount(log.skill_rows, minlength=len(log))
        total = np.bincount(log.skill.codes, share[entries], log.n_skills)
        return np.asarray(total[log.codes_of("skill", self.skills_.tolist())])

    def _schemes(self) -> dict[str, Scheme]:
        return {
            field: Scheme.of(field, getattr(self, f"{field}_by")) for field in Parameters._fields
        }

    def _check_parameters(self) -> None:
        problems = [
            f"{field}_by must be a column's name or several, got {getattr(self, f'{field}_by')!r}"
            for field in Parameters._fields
            if not _names_columns(getattr(self, f"{field}_by"))
        ]
        problems += [
            f"{field}_by cannot be {name!r}, which belongs to a transition (learn, forget)"
            for field in ("prior", "guess", "slip")
            for name in (GAP, ITEM_PAIR)
            if _names(getattr(self, f"{field}_by"), name)
        ]
        if self.forget_by is not None and not self.forgetting:
            problems.append("forget_by needs forgetting=True")
        if not _ascending(self.gaps):
            problems.append(f"gaps must be ascending positive seconds, got {self.gaps!r}")
        coupling = self._coupling()
        if coupling:
            problems += [
                f"{name} does not go together with {', '.join(coupling)}, which are fitted by "
                "penalised likelihood"
                for name in ("bounds", "fixed", "beta_priors", "start")
                if getattr(self, name) is not None
            ]
            if self.uncertainty or isinstance(self.borrow, str):
                problems.append(f"uncertainty and borrow need EM, without {', '.join(coupling)}")
        if self.start is not None:
            starts = self._starts()
            problems += [] if starts else ["start is empty; give a mapping, or several"]
            for point in starts:
                problems += _start_problems(point, self.forgetting)
        check_parameters(type(self).__name__, self.get_params(), self._constraints, problems)

    def _starts(self) -> list[Any]:
        if self.start is None:
            return []
        return list(self.start) if isinstance(self.start, (list, tuple)) else [self.start]

    def _set_result(
        self, climb: Climb, classes: Classes | None, by_class: dict[str, Floats]
    ) -> None:
        self.classes_ = np.array([0, 1])
        self.parameters_ = {"skill": self.skills_, **climb.parameters._asdict()}
        self._classes, self._by_class = classes, by_class
        self.log_likelihood_ = climb.log_likelihood
        self.n_iter_ = climb.n_iter
        self.converged_ = climb.converged
        self.fingerprint_ = fingerprint(self._content())

    def _warn(self, climb: Climb) -> None:
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
        content = {
            "model": "BKT",
            "skills": self.skills_.tolist(),
            "parameters": {name: self.parameters_[name].tolist() for name in Parameters._fields},
            "pooled": self.pooled_,
        }
        if self._classes is not None:
            content["classes"] = class_content(self._classes, self._by_class)
        if self._individual is not None:
            content["coupled"] = self._individual.to_json()
        return content

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model as one JSON file; `adaptlearn.load` reads it back."""
        self._check_fitted()
        settings = {name: plain(value) for name, value in self.get_params().items()}
        fit = {
            "log_likelihood": [v if v == v else None for v in self.log_likelihood_.tolist()],
            "n_iter": self.n_iter_.tolist(),
            "converged": self.converged_.tolist(),
            "n_answers": self.n_answers_.tolist(),
            "unidentified": [[label, why] for label, why in self.unidentified_.items()],
        }
        write_manifest(
            path,
            "adaptlearn-model",
            {
                **self._content(),
                "settings": settings,
                "fit": fit,
                "uncertainty": None if self._uncertainty is None else self._uncertainty.to_json(),
                "fingerprint": self.fingerprint_,
            },
        )

    @classmethod
    def from_parameters(
        cls,
        table: Any,
        *,
        by_class: Any = None,
        pooled: Mapping[str, float] | None = None,
        **settings: Any,
    ) -> BKT:
        """A model that serves parameters estimated elsewhere.

        Parameters
        ----------
        table : mapping of columns, or frame
            ``skill``, ``prior``, ``learn``, ``guess``, ``slip`` and, optionally, ``forget``:
            one row per skill. What `parameters_` gives is one.
        by_class : mapping of columns, or frame, optional
            ``parameter``, ``skill``, ``class``, ``value``: one row per skill and class of each
            parameter that `settings` say differs by class (`guess_by` and so on). What
            `class_parameters_` gives is one.
        pooled : mapping of str to float, optional
            The common parameters, for skills that are not in the table; by default the medians
            of the table's.
        **settings
            Arguments of `BKT`.

        Raises
        ------
        ParameterError
            Lists every skill and value that cannot be meant.

        Examples
        --------
        >>> model = BKT.from_parameters(
        ...     {"skill": ["add"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]})
        >>> model.predict_proba({"student": [1], "skill": ["add"], "correct": [1]}).round(2)
        array([[0.52, 0.48]])
        """
        skills, parameters = read_skill_table(table)
        model = cls(**{"forgetting": bool(parameters.forget.any()), **settings})
        model._check_parameters()
        schemes = {field: scheme for field, scheme in model._schemes().items() if scheme}
        classes, values = read_class_table(by_class, schemes, skills.tolist(), model.gaps)
        if parameters.forget.any() and not model.forgetting:
            raise ParameterError(
                "BKT.from_parameters", ["the table forgets, but forgetting is False"]
            )
        model.skills_, model.pooled_ = skills, read_pooled(pooled, parameters)
        model.unidentified_, model._uncertainty, model._individual = {}, None, None
        model.n_answers_ = np.zeros(len(skills), np.int64)
        none = np.full(len(skills), np.nan)
        never = np.zeros(len(skills), bool)
        result = Climb(parameters, none, np.zeros(len(skills), np.int64), never)
        model._set_result(result, classes, values)
        return model

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], name: str) -> BKT:
        """Rebuild a model from what `save` wrote; `name` is what errors call it."""
        model = cls()
        try:
            model._restore(manifest)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(
                name, [f"a part is missing or of the wrong kind: {error!r}"]
            ) from None
        return model

    def _restore(self, manifest: Mapping[str, Any]) -> None:
        self.set_params(**restored(manifest["settings"]))
        self.gaps = tuple(self.gaps)
        self._check_parameters()
        skills, fit = manifest["skills"], manifest["fit"]
        self.skills_ = np.array(skills, object if isinstance(skills[0], str) else np.int64)
        parameters = read_parameters(manifest["parameters"], self.skills_.shape)
        self.pooled_ = {field: float(manifest["pooled"][field]) for field in Parameters._fields}
        self.n_answers_ = np.array(fit["n_answers"], np.int64)
        self.unidentified_ = dict(fit["unidentified"])
        classes, by_class = read_classes(manifest.get("classes"), len(skills))
        self._individual = Individual.from_json(manifest.get("coupled"))
        self._uncertainty = Uncertainty.from_json(manifest.get("uncertainty"))
        self._set_result(
            Climb(
                parameters,
                np.array(fit["log_likelihood"], np.float64),
                np.array(fit["n_iter"], np.int64),
                np.array(fit["converged"], bool),
            ),
            classes,
            by_class,
        )
        if self.fingerprint_ != manifest["fingerprint"]:
            raise ValueError("the fingerprint is not that of the parameters")


def _names_columns(by: Any) -> bool:
    if by is None or isinstance(by, str):
        return True
    return isinstance(by, (list, tuple)) and bool(by) and all(isinstance(n, str) for n in by)


def _names(by: Any, name: str) -> bool:
    return by == name or (isinstance(by, (list, tuple)) and name in by)


def _ascending(gaps: Any) -> bool:
    if not isinstance(gaps, (list, tuple)) or not gaps:
        return False
    positive = Interval(0, np.inf, closed="neither")
    return all(positive.accepts(gap) for gap in gaps) and list(gaps) == sorted(set(gaps))


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


def _dense(codes: Ints) -> tuple[Ints, Ints]:
    """The codes that occur, and each code's place among them."""
    present = np.flatnonzero(np.bincount(codes))
    number = np.zeros(int(present[-1]) + 1, np.int64)
    number[present] = np.arange(len(present))
    return present, number[codes]
