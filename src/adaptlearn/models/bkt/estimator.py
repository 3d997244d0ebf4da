"""The Bayesian Knowledge Tracing estimator."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    ConvergenceWarning,
    DataWarning,
    IdentificationWarning,
    ModelFileError,
    ParameterError,
    StateError,
    UnknownLabelError,
)
from adaptlearn.models.base import KnowledgeTracer, Mastery
from adaptlearn.models.bkt import fitting
from adaptlearn.models.bkt.em import Parameters
from adaptlearn.models.bkt.filtering import (
    Filtered,
    filter_sequences,
    next_opportunity,
    probability_correct,
)
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.bkt.trie import EXPOSURE, build_trie
from adaptlearn.numerics import Floats, Ints, group_pairs
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.serialization import fingerprint, write_manifest
from adaptlearn.validation import Interval, OneOf, some

When = Literal["after_response", "next_opportunity"]


class BKT(KnowledgeTracer):
    r"""Bayesian Knowledge Tracing, fitted for all skills at once.

    Each student either knows a skill or does not, and moves between the two from one
    opportunity to the next. With the state :math:`x_t \in \{0, 1\}` and the answer
    :math:`y_t`,

    .. math::
        P(x_1 = 1) = \text{prior}, \quad
        P(x_{t+1} = 1 \mid x_t = 0) = \text{learn}, \quad
        P(x_{t+1} = 0 \mid x_t = 1) = \text{forget},

    .. math::
        P(y_t = 1 \mid x_t = 0) = \text{guess}, \quad
        P(y_t = 0 \mid x_t = 1) = \text{slip}.

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
        The most EM steps after that.
    tol : float, default 1e-7
        A skill has converged when a step gains less than this log-likelihood *per response*.
    start : mapping of str to float, optional
        The one starting point for every skill: prior, learn, guess, slip (and forget). Then
        `n_init` is not used.
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
    n_answers_ : int array, shape (n_skills,)
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
    .. [1] A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
       procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
    .. [2] B. van de Sande (2013). Properties of the Bayesian knowledge tracing model. Journal
       of Educational Data Mining 5(2).

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
        "random_state": [Interval(0, 2**63, integer=True)],
    }

    def __init__(
        self,
        *,
        forgetting: bool = False,
        n_init: int = 5,
        max_iter: int = 1000,
        tol: float = 1e-7,
        start: Mapping[str, float] | None = None,
        random_state: int = 0,
    ) -> None:
        self.forgetting = forgetting
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.start = start
        self.random_state = random_state

    # ---- fitting -------------------------------------------------------------------------

    def fit(self, log: Any, y: Any = None, *, on_step: fitting.OnStep | None = None) -> Self:
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

        Warns
        -----
        IdentificationWarning
            Names skills whose answers cannot identify their parameters.
        ConvergenceWarning
            Names skills that did not converge within `max_iter`.
        """
        self._check_parameters()
        log = as_log(log)
        sequences = log.sequences
        present, groups = _dense(sequences.major)
        trie = build_trie(sequences, self._symbols(log), groups, len(present))
        answered = np.where(trie.symbol == EXPOSURE, 0.0, trie.weight)
        self.skills_ = log.skill.labels[present]
        self.n_answers_ = np.bincount(trie.group, answered, len(present)).astype(np.int64)

        found = fitting.fit_groups(
            trie,
            forgetting=self.forgetting,
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=self.tol,
            start=self.start,
            rng=np.random.default_rng(self.random_state),
            on_step=on_step,
        )
        climb, reasons = found.climb, found.reasons
        self.pooled_ = {name: float(value[0]) for name, value in found.pooled._asdict().items()}
        self._set_result(climb)
        labels = self.skills_.tolist()
        self.unidentified_ = {labels[k]: why for k, why in sorted(reasons.items())}
        self._warn(climb)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.start is not None:
            names = set(Parameters._fields) - (set() if self.forgetting else {"forget"})
            problems = [f"start lacks {name!r}" for name in sorted(names - set(self.start))]
            problems += [f"start has an unknown {name!r}" for name in set(self.start) - names]
            probability = Interval(0, 1)
            problems += [
                f"start[{name!r}] must be {probability}, got {value!r}"
                for name, value in self.start.items()
                if not probability.accepts(value)
            ]
            if not problems and self.start["guess"] + self.start["slip"] >= 1:
                problems.append("start: guess + slip must be below 1")
            if problems:
                raise ParameterError("BKT", problems)

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
                f"the answers of {len(self.unidentified_)} skills cannot identify their "
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

    # ---- prediction ----------------------------------------------------------------------

    def predict_proba(self, log: Any, *, state: BKTState | None = None) -> NDArray[np.float64]:
        """P(wrong) and P(correct) of each row, one step ahead.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        state : BKTState, optional
            Where the students begin; the log's students are then its numbers. It is not
            changed. By default every student is new.

        Returns
        -------
        array, shape (n_responses, 2)
            In the caller's row order. Each row rests on the same student's earlier rows only.
        """
        self._check_fitted()
        log = as_log(log)
        if state is None:
            p_entry = self._filter(log).p_correct
        else:
            students = self._students_of(state, log)
            state.check_order(log, students)
            p_entry = self._filter(log, state, students).p_correct
        if log.skill_rows is not None:
            size = np.bincount(log.skill_rows, minlength=len(log))
            p_entry = np.bincount(log.skill_rows, weights=p_entry, minlength=len(log)) / size
        return np.stack((1 - p_entry, p_entry), axis=1)

    def mastery(self, log: Any, at: float | None = None, *,
                when: When = "next_opportunity") -> Mastery:
        """P(known) of every student of a log on every fitted skill.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        at : float, optional
            Only responses up to this time (in the log's seconds) count.
        when : {"next_opportunity", "after_response"}
            Whether the learning that follows the last response is counted.

        Returns
        -------
        Mastery
            Of kind ``"latent"``, over the log's students and the model's skills. A skill that
            a student never answered stands at its prior.
        """
        self._check_fitted()
        log = as_log(log)
        students = log.student.labels
        if at is not None:
            if log.time is None:
                raise StateError("mastery(at=…) needs a log with times")
            log = log[log.time <= at]
        state = self.init_state(len(students))
        if len(log):
            self._advance(state, log, np.arange(len(students)))
        return self.state_mastery(state, np.arange(len(students)), students, when=when)

    # ---- online --------------------------------------------------------------------------

    def init_state(self, n_students: int) -> BKTState:
        """The state of students who have not answered yet."""
        self._check_fitted()
        return BKTState(self.fingerprint_, self.skills_.tolist(), n_students)

    def update_state(self, state: BKTState, responses: Any) -> BKTState:
        """Take in responses; `state` is changed in place and returned. O(1) per response.

        Parameters
        ----------
        state : BKTState
        responses : ResponseLog or frame with its standard columns
            The students are the state's numbers, ``0 … n_students - 1``. Several answers of
            one student may come in one batch.

        Raises
        ------
        LateResponse
            An answer is older than what the state has seen of its student. Nothing is changed.
        StateError
            The state is of another model, or the times are of another clock.
        """
        self._check_state(state)
        log = as_log(responses)
        students = self._students_of(state, log)
        state.check_order(log, students)
        self._advance(state, log, students)
        return state

    def predict_state(
        self, state: BKTState, students: Any, skills: Iterable[Any]
    ) -> NDArray[np.float64]:
        """P(correct) of a next response by each student on the paired skill.

        Parameters
        ----------
        state : BKTState
        students : int array, shape (n,)
            The state's numbers.
        skills : sequence of n labels
            A label the model does not know is predicted from the common parameters.

        Returns
        -------
        array, shape (n,)
        """
        self._check_state(state)
        numbers = np.atleast_1d(np.asarray(students))
        labels = [skills] if isinstance(skills, (str, int)) else list(skills)
        if len(labels) != len(numbers):
            raise StateError(f"{len(numbers)} students and {len(labels)} skills; give pairs")
        self._check_numbers(state, numbers)
        known = {label: code for code, label in enumerate(state.skills)}
        strange = [label for label in dict.fromkeys(labels) if label not in known]
        self._warn_unknown(strange)
        codes = np.array([known.get(label, len(state.skills)) for label in labels], np.int64)
        p_known, parameters = self._before_next(state, numbers, codes)
        return probability_correct(p_known, parameters)

    def state_mastery(
        self,
        state: BKTState,
        students: Ints,
        labels: NDArray[Any] | None = None,
        *,
        when: When = "next_opportunity",
    ) -> Mastery:
        """P(known) of some of a state's students on every fitted skill.

        Parameters
        ----------
        state : BKTState
        students : int array, shape (n,)
        labels : array, shape (n,), optional
            What to call them in the result.
        when : {"next_opportunity", "after_response"}
        """
        self._check_state(state)
        self._check_numbers(state, students)
        n_skills = len(self.skills_)
        value = np.tile(self.parameters_["prior"], (len(students), 1))
        rows, columns, slots = state.cells(students, n_skills)
        after = state.p_known[slots]
        if when == "next_opportunity":
            after = next_opportunity(after, self._parameters_of(columns))
        value[rows, columns] = after
        names = students if labels is None else labels
        return Mastery(names, self.skills_, value, None, None, "latent", when)

    def state_counts(self, state: BKTState, students: Ints) -> NDArray[np.int64]:
        """Answers per student and fitted skill, shape (n_students, n_skills)."""
        self._check_state(state)
        self._check_numbers(state, students)
        counts = np.zeros((len(students), len(self.skills_)), np.int64)
        rows, columns, slots = state.cells(students, counts.shape[1])
        counts[rows, columns] = state.answers[slots]
        return counts

    # ---- inside --------------------------------------------------------------------------

    @staticmethod
    def _symbols(log: ResponseLog) -> NDArray[np.int8]:
        symbols = log.correct
        if log.skill_rows is not None:
            symbols = symbols[log.skill_rows]
        return np.where(symbols < 0, np.int8(EXPOSURE), symbols)

    def _parameters_of(self, codes: Ints) -> Parameters:
        """Parameters by skill code; codes beyond the fitted skills get the common ones."""
        codes = np.minimum(codes, len(self.skills_))
        return Parameters(
            *(
                np.append(self.parameters_[name], self.pooled_[name])[codes]
                for name in Parameters._fields
            )
        )

    def _before_next(
        self, state: BKTState | None, students: Ints, codes: Ints
    ) -> tuple[Floats, Parameters]:
        """P(known) as each pair's next response begins, and the pair's parameters."""
        parameters = self._parameters_of(codes)
        known = parameters.prior.copy()
        if state is not None:
            slots = state.find(students, codes)
            met = slots >= 0
            following = next_opportunity(state.p_known[slots[met]], parameters.take(met))
            known[met] = following
        return known, parameters

    def _skill_codes(self, log: ResponseLog, skills: list[Any]) -> Ints:
        """The place of each of the log's skill labels in `skills`, which grows as needed."""
        known = {label: code for code, label in enumerate(skills)}
        used = np.zeros(log.n_skills, bool)
        used[log.sequences.major] = True
        strange = []
        codes = np.zeros(log.n_skills, np.int64)
        for place, label in enumerate(log.skill.labels.tolist()):
            if not used[place]:
                continue
            if label not in known:
                known[label] = len(skills)
                skills.append(label)
            codes[place] = known[label]
            if codes[place] >= len(self.skills_):
                strange.append(label)
        self._warn_unknown(strange)
        return codes

    def _warn_unknown(self, labels: list[Any]) -> None:
        if labels:
            warnings.warn(
                f"skill {some(labels)} was not in the training log; predicted from the "
                "parameters common to all skills",
                DataWarning,
                stacklevel=4,
            )

    def _filter(
        self, log: ResponseLog, state: BKTState | None = None, students: Ints | None = None
    ) -> Filtered:
        sequences = log.sequences
        skills = self.skills_.tolist() if state is None else list(state.skills)
        codes = self._skill_codes(log, skills)[sequences.major]
        who = sequences.minor if students is None else students[sequences.minor]
        known, parameters = self._before_next(state, who, codes)
        return filter_sequences(sequences, self._symbols(log), parameters, known)

    def _advance(
        self, state: BKTState, log: ResponseLog, students: Ints
    ) -> None:
        """Take a checked log into a state; `students` gives each label's number."""
        sequences = log.sequences
        filtered = self._filter(log, state, students)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # already said by the line above
            codes = self._skill_codes(log, state.skills)[sequences.major]
        slots = state.touch(students[sequences.minor], codes)
        answered = (self._symbols(log) != EXPOSURE)[sequences.order]
        counts = np.add.reduceat(answered.astype(np.int64), sequences.starts)
        state.write(slots, filtered.p_known, counts)
        state.note_times(log, students)

    def _check_state(self, state: BKTState) -> None:
        self._check_fitted()
        if state.model != self.fingerprint_:
            raise StateError(
                f"this state belongs to model {state.model[:12]}…, this model is "
                f"{self.fingerprint_[:12]}…; replay the responses into a new state"
            )

    def _students_of(self, state: BKTState, log: ResponseLog) -> Ints:
        self._check_state(state)
        labels = log.student.labels
        if labels.dtype.kind not in "iu":
            raise StateError(
                "a state numbers its students 0, 1, …; a MasteryTracker keeps their names"
            )
        self._check_numbers(state, labels)
        return np.asarray(labels, np.int64)

    @staticmethod
    def _check_numbers(state: BKTState, numbers: NDArray[Any]) -> None:
        outside = numbers[(numbers < 0) | (numbers >= state.n_students)]
        if len(outside):
            raise UnknownLabelError(
                "state",
                [f"student {some(outside)} is outside its {state.n_students} students"],
            )

    # ---- saving --------------------------------------------------------------------------

    def _content(self) -> dict[str, Any]:
        return {
            "model": "BKT",
            "settings": {**self.get_params(), "start": dict(self.start) if self.start else None},
            "skills": self.skills_.tolist(),
            "parameters": {
                name: self.parameters_[name].tolist() for name in Parameters._fields
            },
            "pooled": self.pooled_,
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model as one JSON file; `adaptlearn.load` reads it back."""
        self._check_fitted()
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
            {**self._content(), "fit": fit, "fingerprint": self.fingerprint_},
        )

    @classmethod
    def _from_manifest(cls, manifest: Mapping[str, Any], name: str) -> BKT:
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
        self.unidentified_ = {label: why for label, why in fit["unidentified"]}
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
