"""What every knowledge-tracing model shares: the estimator protocol."""

from __future__ import annotations

import inspect
from collections.abc import Container, Iterable, Mapping, Sequence
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    DataWarning,
    NotFittedError,
    ParameterError,
    ResponseDataError,
    StateError,
    warn,
)
from adaptlearn.labels import near_spellings
from adaptlearn.models.display import model_card
from adaptlearn.models.estimates import Estimates, in_rounds
from adaptlearn.models.mastery import Kind, Mastery, When
from adaptlearn.models.state import StudentState, asked_seconds
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.responses.columns import moment_of
from adaptlearn.serialization import Arrays, is_archive, read_archive, read_manifest, reading
from adaptlearn.validation import Constraint, OneOf, check_parameters, some

MODEL_KIND = "adaptlearn-model"
"""The format of a saved model's file."""

_SPELLED = 3  # skills that are not known whose near spellings are looked for


def read_saved(path: str | PathLike[str]) -> tuple[Mapping[str, Any], Arrays]:
    """What a saved model's file holds, as `KnowledgeTracer.from_saved` takes it."""
    if is_archive(path):
        return read_archive(path, MODEL_KIND, "saved model")
    return read_manifest(path, MODEL_KIND), {}


class KnowledgeTracer:
    """The base class of every model; it follows scikit-learn's protocol.

    The base class does not import scikit-learn, so you can serve a saved model without
    scikit-learn. If scikit-learn is installed, its searches, its splitters and ``clone`` accept the
    models of this library. Constructors only store their arguments. `fit` checks them. The names of
    fitted attributes end in an underscore.

    A model class must define `fit`, `init_state` and the methods in the following list. The public
    methods check their arguments. Then the public methods call the methods in the list with a
    `ResponseLog` and a state of this model:

    - `_one_step_ahead`: P(correct) of each row, in the caller's order
    - `_advance`: update a state with the responses of a log, in place
    - `_chance_of_next`: P(correct) of responses that nobody has given yet
    - `_values`: the mastery of students on skills; `_mastery_kind`: the kind of mastery
    - `_counts`: how many answers each mastery is estimated from
    - `_write` and `_restore`: write a fitted model to a file, and read the model back

    A model class may define `_advance_with_estimates`, if it can find P(correct) before and after
    each response of a log in one pass.

    `adaptlearn.models.checks` tests whether a model follows the rules (*promises*) that every model
    of the library follows.

    Attributes
    ----------
    classes_ : array
        ``[0, 1]``, because the columns of `predict_proba` are P(wrong) and P(correct).
    skills_ : array, shape (n_skills,)
        Labels of the skills that were fitted, sorted.
    fingerprint_ : str
        A text that identifies the fitted model: models with equal parameters have equal
        fingerprints.
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    _estimator_type = "classifier"
    _mastery_kind: ClassVar[Kind] = "predicted"
    _fades: ClassVar[bool] = False
    """Whether mastery depends on the time that is asked for: `_values` then takes ``time``."""
    _strangers: ClassVar[str] = "as an average skill"
    """How a skill is predicted that was not in the training log."""

    classes_: NDArray[np.int64]
    fingerprint_: str
    skills_: NDArray[Any]

    @classmethod
    def _parameter_names(cls) -> list[str]:
        arguments = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return [
            one.name for one in arguments if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        ]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - the protocol's; nothing is nested
        """Name and value of each constructor argument."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def _kept_params(self) -> dict[str, Any]:
        """The constructor arguments for a file: a seed in place of what has drawn it."""
        params = self.get_params()
        if not isinstance(params.get("random_state", 0), Integral):
            params["random_state"] = getattr(self, "seed_", None)
        return params

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name."""
        unknown = sorted(set(params) - set(self._parameter_names()))
        if unknown:
            known = self._parameter_names()
            names = some(known, 20)
            raise ParameterError(
                type(self).__name__,
                [
                    f"no parameter {name!r}{near_spellings(name, known)}; there are {names}"
                    for name in unknown
                ],
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        return model_card(self, fitted=self.__sklearn_is_fitted__())

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(two_d_array=False),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fingerprint_")

    def fit(self, log: Any, y: object = None) -> Self:
        """Estimate the model from a log."""
        raise NotImplementedError

    def predict_proba(self, log: Any, *, state: Any = None) -> Floats:
        """P(wrong) and P(correct) of each row, one step ahead.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        state : StudentState, optional
            What the model knew about the students before the log. With a state, the log's
            ``student`` column contains the students' numbers in the state. The state is not
            changed. By default every student is new.

        Returns
        -------
        array, shape (n_responses, 2)
            P(wrong) and P(correct) of each row, in the row order of `log`. The prediction of a row
            uses only earlier rows of the same student.
        """
        self._check_fitted()
        log, numbers = as_log(log), None
        if state is not None:
            self._check_state(state)
            numbers = state.numbers_of(log)
            state.check_order(log, numbers)
        p_correct = self._one_step_ahead(log, state, numbers)
        return np.stack((1 - p_correct, p_correct), axis=1)

    def _one_step_ahead(self, log: ResponseLog, state: Any, numbers: Ints | None) -> Floats:
        """P(correct) of each row; `numbers` gives each student label's number in a state."""
        raise NotImplementedError

    def mastery(self, log: Any, at: Any = None, *, when: When = "next_opportunity") -> Mastery:
        """The mastery of each student of a log on each skill of the model and of the log.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        at : float or datetime, optional
            Only responses up to the time `at` count. `at` is a number of seconds if the log has
            seconds, and a datetime if the log has datetimes. A model of memory predicts what the
            student still remembers at the time `at`; by default, at the time of the student's last
            response.
        when : {"next_opportunity", "after_response"}
            Whether to include the learning after the last response. Some models have no learning
            between a response and the next opportunity; for these models, the two options of `when`
            have the same result.

        Returns
        -------
        Mastery
            One row per student of the log. The columns are the model's skills, followed by the
            log's other skills, sorted by label. `kind` says which probability a value is: P(known),
            or P(correct) on an item of the skill's usual difficulty. If a student never answered a
            skill, the value is the model's prediction before the first answer.
        """
        self._check_fitted()
        log = as_log(log)
        students, how = log.student.labels, {}
        if at is not None:
            moment = seconds_at(log, at)
            log = log[log.time <= moment]
            how = {"time": moment} if self._fades else {}
        everyone = np.arange(len(students))
        state = self.init_state(len(students))
        if len(log):
            self._advance(state, log, everyone)
        found = self._mastery(state, everyone, students, when, **how)
        return self._with_interval(found, log) if len(log) else found

    def _with_interval(self, found: Mastery, log: ResponseLog) -> Mastery:  # noqa: ARG002
        """Mastery with an interval, of a model that has one; `log` is what it rests on."""
        return found

    def init_state(self, n_students: int) -> StudentState:
        """A new state for students who have not answered yet."""
        raise NotImplementedError

    def restore_state(
        self, n_students: int, names: Mapping[str, Any], arrays: Arrays
    ) -> StudentState:
        """Rebuild a state from the contents of a file; see `StudentState.restore`."""
        state = self.init_state(1)
        state.restore(n_students, names, arrays)
        self.check_restored(state)
        return state

    def check_restored(self, state: Any) -> None:
        """Raise `ValueError` if this model cannot have saved the state."""

    def update_state(self, state: Any, responses: Any, *, students: Ints | None = None) -> Any:
        """Update `state` with responses, in place, and return it. O(1) per response.

        Parameters
        ----------
        state : StudentState
            A state of this model, which the method changes.
        responses : ResponseLog or frame with its standard columns
            One batch may contain several answers of the same student.
        students : int array, shape (n_labels,), optional
            For each student label of the log, the student's number in the state,
            ``0 … n_students - 1``. If a label has no rows, the model does not use its number. By
            default the labels themselves are the numbers.

        Raises
        ------
        LateResponse
            The error is raised if an answer is older than the last answer of the same student in
            the state. After a `LateResponse`, the state is unchanged.
        StateError
            The error is raised if the state belongs to another model, or if the times of the
            responses and the times in the state are of different kinds (seconds, datetimes, none).
        """
        self._check_state(state)
        log = as_log(responses)
        numbers = state.numbers_of(log) if students is None else state.checked(students)
        if len(log):
            state.check_order(log, numbers)
            self._advance(state, log, numbers)
            state.note_skills(log)
        return state

    def update_with_estimates(
        self, state: Any, responses: Any, *, students: Ints | None = None
    ) -> Estimates:
        """Update `state` as `update_state` does; say what the model expected along the way.

        Parameters
        ----------
        state, responses, students
            As in `update_state`.

        Returns
        -------
        Estimates
            For each response and each of its skills, P(correct) of the student's next response on
            the skill: before the response, and after it. These are the results of `predict_state`
            without an item and without a time, bit for bit.

        Raises
        ------
        LateResponse, StateError
            As in `update_state`. After any error, the state is unchanged.
        """
        self._check_state(state)
        log = as_log(responses)
        numbers = state.numbers_of(log) if students is None else state.checked(students)
        if not len(log):
            return Estimates(np.empty(0), np.empty(0))
        state.check_order(log, numbers)
        found = self._advance_with_estimates(state, log, numbers)
        state.note_skills(log)
        return found

    def _advance_with_estimates(self, state: Any, log: ResponseLog, numbers: Ints) -> Estimates:
        """As `_advance`, with the estimates before and after each response.

        The default asks and updates in rounds of one response of each student. A model that can
        find the same numbers in one pass does so here.
        """
        return in_rounds(self, state, log, numbers)

    def tell(self, state: Any, student: int, known: Mapping[Any, float]) -> Any:  # noqa: ARG002
        """Set P(known) of a student before the first response, for example after a placement.

        The method changes `state` in place and returns it. The P(known) that you set replaces the
        model's prior. Later responses update the P(known) as usual.

        Parameters
        ----------
        state : StudentState
        student : int
            The student's number in the state.
        known : mapping of skill to probability
            For each skill, the P(known) to set: a probability above 0 and below 1.

        Raises
        ------
        StateError
            The error is raised if the model has no P(known), or if the student already has
            responses on some of the skills.
        ParameterError
            The error is raised if a value is not a probability above 0 and below 1.
        """
        self._check_state(state)
        raise StateError(
            f"{type(self).__name__} predicts answers and keeps no P(known) that could be told; "
            "a BKT does. Give it the answers instead: update"
        )

    def _advance(self, state: Any, log: ResponseLog, numbers: Ints) -> None:
        """Take a checked log into a state; `numbers` gives each student label's number."""
        raise NotImplementedError

    def predict_state(
        self,
        state: Any,
        students: Any,
        skills: Iterable[Any],
        *,
        items: Iterable[Any] | None = None,
        time: Any = None,
    ) -> Floats:
        """For each i, P(correct) of the next response of student ``students[i]`` on ``skills[i]``.

        Parameters
        ----------
        state : StudentState
            The state is not changed.
        students : int array, shape (n,)
            The students' numbers in the state.
        skills : sequence of n labels
            If a skill is unknown to the model, the model warns and treats the skill as an average
            skill. For a response with several skills, pass a list of labels; every model except BKT
            accepts lists of labels.
        items : sequence of n labels, optional
            If you pass no items, or if an item is unknown to the model, the model predicts for an
            average item.
        time : float array, shape (n,), or float, optional
            The time to predict for, in the log's seconds. Only models that use the time since
            practice need `time`. The time must not be before the student's last response on any
            skill. By default `time` is the time of each student's last response; for a BKT, the
            default is an unknown time.

        Returns
        -------
        array, shape (n,)

        Raises
        ------
        StateError
            The error is raised if a student is not in the state, if the lists differ in length, or
            if a time is before the student's last response.
        ParameterError
            The error is raised if a time is not a finite number.
        """
        self._check_state(state)
        numbers = state.checked(np.atleast_1d(students))
        labels, named = paired(numbers, skills, items)
        if time is not None:
            time = asked_seconds(time, numbers.shape)
            past = time < state.last_time[numbers]
            if past.any():
                raise StateError(
                    f"student {some(np.unique(numbers[past]))} has answered after the time that is "
                    "asked for; a state knows the present, not the past"
                )
        return self._chance_of_next(state, numbers, labels, named, time)

    def _chance_of_next(
        self, state: Any, students: Ints, skills: list[Any], items: list[Any], time: Any
    ) -> Floats:
        """What `predict_state` promises, of pairs; None for an item that is not named."""
        raise NotImplementedError

    def state_mastery(
        self,
        state: Any,
        students: Ints,
        labels: NDArray[Any] | None = None,
        *,
        when: When = "next_opportunity",
    ) -> Mastery:
        """The mastery of some students of a state on each skill of `StudentState.known_skills`.

        Parameters
        ----------
        state : StudentState
        students : int array, shape (n,)
            The students' numbers in the state.
        labels : array, shape (n,), optional
            The labels of the students in the result.
        when : {"next_opportunity", "after_response"}
            As in `mastery`.
        """
        return self._mastery(state, students, labels, when)

    def _mastery(
        self, state: Any, students: Ints, labels: NDArray[Any] | None, when: When, **how: Any
    ) -> Mastery:
        check_parameters("mastery", {"when": when}, {"when": [OneOf(get_args(When))]})
        self._check_state(state)
        students, known = state.checked(students), state.known_skills
        value = self._values(state, students, known.places, when, **how)
        names = students if labels is None else labels
        return Mastery(names, known.labels, value, None, None, self._mastery_kind, when)

    def _values(self, state: Any, students: Ints, skills: Ints, when: When) -> Floats:
        """What students know of skills, shape (n_students, n_skills).

        `skills` are places in the state's: all of the model's, and then perhaps others.
        """
        raise NotImplementedError

    def learning_rates(self, state: Any = None) -> Floats | None:  # noqa: ARG002 - of those that have some
        """P(learning) of each skill from one opportunity; None if the model has no learning.

        Without a state, there is one probability for each fitted skill. With a state, there is one
        probability for each of the state's `known_skills`.
        """
        return None

    def skill_rates(self, state: Any = None) -> dict[str, Floats] | None:  # noqa: ARG002 - as above
        """P(learn), P(forget), P(guess) and P(slip) of each skill; None if the model lacks them.

        The keys of the dict are ``"learn"``, ``"forget"``, ``"guess"`` and ``"slip"``. The arrays
        contain the same skills as the result of `learning_rates`.
        """
        return None

    def state_counts(self, state: Any, students: Ints) -> NDArray[np.int64]:
        """The number of answers of each student on each of the state's `known_skills`."""
        self._check_state(state)
        return self._counts(state, state.checked(students), state.known_skills.places)

    def _counts(self, state: Any, students: Ints, skills: Ints) -> NDArray[np.int64]:
        """Answers of students on skills, by their places; shape (n_students, n_skills)."""
        raise NotImplementedError

    def _tell_strange(self, skills: Iterable[Any], known: Container[Any] = ()) -> None:
        """Warn of skills that are not known, with near spellings: they may be misspelled."""
        strange = [label for label in dict.fromkeys(skills) if label not in known]
        if not strange:
            return

        def told() -> str:
            mine = self.skills_.tolist()
            near = [f"{label!r}{near_spellings(label, mine)}" for label in strange[:_SPELLED]]
            more = len(strange) - _SPELLED
            named = ", ".join(near) + (f" and {more} more" if more > 0 else "")
            verb = "was" if len(strange) == 1 else "were"
            return f"skill {named} {verb} not in the training log; predicted {self._strangers}"

        warn(told, DataWarning)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to one file. `adaptlearn.load` reads this file."""
        self._check_fitted()
        self._write(path)

    def _write(self, path: str | PathLike[str]) -> None:
        raise NotImplementedError

    @classmethod
    def from_saved(cls, manifest: Mapping[str, Any], arrays: Arrays, name: str) -> Self:
        """Rebuild a model from what `save` wrote; error messages call the model `name`."""
        with reading(name):
            model = cls()
            model._restore(manifest, arrays)
            if model.fingerprint_ != manifest["fingerprint"]:
                raise ValueError("the fingerprint is not that of what it holds")
        return model

    def _restore(self, manifest: Mapping[str, Any], arrays: Arrays) -> None:
        """Become the model that was written; an error says what cannot be meant."""
        raise NotImplementedError

    def predict(self, log: Any) -> NDArray[np.int64]:
        """The more likely answer of each row: right (1) or wrong (0), shape (n,)."""
        return (self.predict_proba(log)[:, 1] >= 0.5).astype(np.int64)

    def score(self, log: Any, y: object = None) -> float:  # noqa: ARG002 - the protocol's
        """The mean log-likelihood of a log's answers (minus the log loss); higher is better.

        scikit-learn's searches use `score` if you pass no ``scoring`` to them.
        """
        log = as_log(log)
        rows = np.flatnonzero(log.answered)
        if not len(rows):
            raise ResponseDataError("score", ["the log holds no answer to score"])
        likely = self.predict_proba(log)[rows, log.correct[rows]]
        return float(np.log(np.maximum(likely, np.finfo(np.float64).eps)).mean())

    def _check_parameters(self) -> None:
        name, values = type(self).__name__, self.get_params()
        check_parameters(name, values, self._constraints, self._problems())

    def _problems(self) -> list[str]:
        """What is wrong with the arguments beside their constraints."""
        return []

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted; call fit(log) first")

    def _check_state(self, state: StudentState) -> None:
        self._check_fitted()
        if state.model != self.fingerprint_:
            raise StateError(
                f"this state belongs to model {state.model[:12]}…, this model is "
                f"{self.fingerprint_[:12]}…; replay the responses into a new state"
            )


def paired(
    students: Ints, skills: Iterable[Any], items: Iterable[Any] | None
) -> tuple[list[Any], list[Any]]:
    """The skill and the item (or None) of each student's response, as lists.

    Raises
    ------
    StateError
        There are not as many as students.
    """
    labels = [skills] if isinstance(skills, (str, int)) else list(skills)
    if len(labels) != len(students):
        raise StateError(f"{len(students)} students and {len(labels)} skills; give pairs")
    named = [None] * len(labels) if items is None else list(items)
    if len(named) != len(labels):
        raise StateError(f"{len(labels)} skills and {len(named)} items; give pairs")
    return labels, named


def seconds_at(log: ResponseLog, at: Any) -> float:
    """A point in time as a log has it.

    Parameters
    ----------
    log : ResponseLog
    at : float or datetime
        In the log's seconds, or a datetime if the log has datetimes.

    Raises
    ------
    StateError
        The log has no times.
    ParameterError
        `at` is no time, or of another clock.
    """
    if log.time is None:
        raise StateError("mastery(at=…) needs a log with times")
    seconds, kind = moment_of(at, "mastery(at=…)")
    if kind not in ("seconds", log.clock):
        problem = f"it is a datetime of the kind {kind!r}, the log's times are {log.clock!r}"
        raise ParameterError("mastery(at=…)", [problem])
    return seconds
