"""What every knowledge-tracing model shares: the estimator protocol and its results."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    LateResponse,
    NotFittedError,
    ParameterError,
    StateError,
    UnknownLabelError,
)
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.responses.columns import read_time
from adaptlearn.responses.labelled import objects
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Constraint, Interval, check_parameters, some

When = Literal["after_response", "next_opportunity"]

MODEL_KIND = "adaptlearn-model"
"""The format of a saved model's file."""


@dataclass(frozen=True)
class Mastery:
    """What students know, as an estimate per student and skill.

    Attributes
    ----------
    students : array, shape (n_students,)
        Labels of the rows.
    skills : array, shape (n_skills,)
        Labels of the columns.
    value : float array, shape (n_students, n_skills)
        Probabilities; which one, `kind` and `when` say.
    lower, upper : float arrays of the same shape, or None
        An interval for each value; None where the model gives none.
    kind : {"latent", "predicted"}
        ``"latent"``: P(the skill is known). ``"predicted"``: P(correct) on its items. A
        threshold for one is not a threshold for the other.
    when : {"after_response", "next_opportunity"}
        Right after the last response, or when the next one begins (learning and forgetting
        in between included).
    """

    students: NDArray[Any]
    skills: NDArray[Any]
    value: Floats
    lower: Floats | None
    upper: Floats | None
    kind: Literal["latent", "predicted"]
    when: When

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per student and skill, as columns any dataframe library takes."""
        n_students, n_skills = self.value.shape
        columns = {
            "student": np.repeat(self.students, n_skills),
            "skill": np.tile(self.skills, n_students),
            "mastery": self.value.ravel(),
        }
        if self.lower is not None and self.upper is not None:
            columns["lower"], columns["upper"] = self.lower.ravel(), self.upper.ravel()
        return columns


class StudentState:
    """What a model keeps of students ``0 … n_students - 1``, as arrays.

    Made by a model's ``init_state`` and changed in place by its ``update_state``; one writer at
    a time.

    Attributes
    ----------
    model : str
        The fingerprint of the model it belongs to.
    skills : list
        The model's skills, then any others that were answered.
    items : list
        Likewise of items, where the model keeps what was answered of each.
    last_time : float array, shape (n_students,)
        The time of each student's last response, in seconds; -inf before the first.
    clock : str or None
        The clock of those times; None before the first, ``"none"`` where responses carry none.
    """

    def __init__(self, model: str, skills: list[Any], n_students: int) -> None:
        self.model = model
        self.skills = list(skills)
        self.items: list[Any] = []
        self.last_time = np.full(n_students, -np.inf)
        self.clock: str | None = None

    @property
    def n_students(self) -> int:
        """Students there is room for."""
        return len(self.last_time)

    def grow(self, n_students: int) -> None:
        """Make room for more students; nothing happens where there is room."""
        if n_students > self.n_students:
            # By doubling, so that students who come one by one cost O(1) each.
            more = np.full(max(n_students, 2 * self.n_students) - self.n_students, -np.inf)
            self.last_time = np.concatenate((self.last_time, more))

    def checked(self, students: Any) -> Ints:
        """Numbers of students, refused where they are no numbers or not this state's."""
        numbers = np.asarray(students)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise StateError(f"a state numbers its students 0, 1, …; got {numbers.dtype} values")
        outside = numbers[(numbers < 0) | (numbers >= self.n_students)]
        if len(outside):
            raise UnknownLabelError(
                "state", [f"student {some(outside)} is outside its {self.n_students} students"]
            )
        return numbers.astype(np.int64)

    def numbers_of(self, log: ResponseLog) -> Ints:
        """The number of each of a log's student labels; 0 for one that has no rows."""
        labels = log.student.labels
        if labels.dtype.kind not in "iu":
            raise StateError(
                "a state numbers its students 0, 1, …; a MasteryTracker keeps their names"
            )
        present = np.bincount(log.student.codes, minlength=len(labels)) > 0
        self.checked(labels[present])
        return np.where(present, labels, 0).astype(np.int64)

    def blank(self, n_students: int) -> Self:
        """A state of students who have not answered yet, with the same skills, items and clock."""
        raise NotImplementedError

    def forget(self, students: Ints) -> None:
        """Return students to where they were before their first response."""
        raise NotImplementedError

    def replace(self, students: Ints, other: Self) -> None:
        """Put what another state knows in place of what is known of some students.

        Parameters
        ----------
        students : int array, shape (n,)
            Distinct. The other state's student ``k`` is ``students[k]`` here.
        other : StudentState
            Made by `blank`, and moved on since; this one was not.
        """
        self.forget(students)
        self.skills, self.items = other.skills, other.items
        self.last_time[students] = other.last_time[: len(students)]
        self.clock = other.clock

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a saved state holds besides its names; `last_time` is among it."""
        raise NotImplementedError

    def take_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `to_arrays` gave."""
        raise NotImplementedError

    def check_order(self, log: ResponseLog, students: Ints) -> None:
        """Refuse responses older than what their students' state has seen.

        Parameters
        ----------
        log : ResponseLog
        students : integer array, shape (n_labels,)
            The state's student for each of the log's student labels.

        Raises
        ------
        LateResponse
            Names the students; nothing has been changed.
        StateError
            The times are of another clock than those seen so far.
        """
        self.check_clock(log)
        if log.time is None:
            return
        late = log.time < self.last_time[students[log.student.codes]]
        if late.any():
            who = log.student.labels[np.unique(log.student.codes[late])]
            row = int(np.flatnonzero(late)[0])
            raise LateResponse(
                f"{int(late.sum())} responses are older than what was already seen of student "
                f"{some(who)} (first: row {row}); nothing was changed. Give these "
                "students' whole history to rebuild"
            )

    def check_clock(self, log: ResponseLog) -> None:
        """Refuse times of another clock than those seen so far (`StateError`)."""
        clock = log.clock or "none"
        if self.clock is not None and clock != self.clock:
            raise StateError(
                f"this state has seen times of the kind {self.clock!r}, these responses carry "
                f"{clock!r}; give all of them one kind (datetimes all with a zone, or none)"
            )

    def note_times(self, log: ResponseLog, students: Ints) -> None:
        """Remember the clock and each student's latest time."""
        self.clock = log.clock or "none"
        if log.time is not None:
            np.maximum.at(self.last_time, students[log.student.codes], log.time)


class KnowledgeTracer:
    """The protocol of scikit-learn's estimators, kept without importing it.

    Serving a saved model then needs no scikit-learn, while its searches, splitters and
    ``clone`` take these models as their own. Constructors only store their arguments; `fit`
    checks them; what fitting finds ends in an underscore.
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    _estimator_type = "classifier"

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

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name."""
        unknown = sorted(set(params) - set(self._parameter_names()))
        if unknown:
            names = some(self._parameter_names(), 20)
            raise ParameterError(
                type(self).__name__,
                [f"no parameter {name!r}; there are {names}" for name in unknown],
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
        """One step ahead: each row's probabilities before its own answer is seen."""
        raise NotImplementedError

    def mastery(self, log: Any, at: Any = None, *, when: When = "next_opportunity") -> Mastery:
        """What every student of a log knows of every fitted skill.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        at : float or datetime, optional
            Only responses up to this time count: in the log's seconds, or a datetime where the
            log has datetimes.
        when : {"next_opportunity", "after_response"}
            Whether the learning that follows the last response is counted; the same figure for
            models in which nothing is learnt between a response and the next opportunity.

        Returns
        -------
        Mastery
            Over the log's students and the model's skills; its `kind` says which probability it
            is: P(known), or P(correct) on an item that is as hard as the skill's are. A skill
            that a student never answered stands where the student begins.
        """
        self._check_fitted()
        log = as_log(log)
        students = log.student.labels
        log = log_until(log, at)
        everyone = np.arange(len(students))
        state = self.init_state(len(students))
        if len(log):
            self._advance(state, log, everyone)
        found = self.state_mastery(state, everyone, students, when=when)
        return self._with_interval(found, log) if len(log) else found

    def _with_interval(self, found: Mastery, log: ResponseLog) -> Mastery:  # noqa: ARG002
        """Mastery with an interval, of a model that has one; `log` is what it rests on."""
        return found

    def init_state(self, n_students: int) -> StudentState:
        """The state of students who have not answered yet."""
        raise NotImplementedError

    def update_state(self, state: Any, responses: Any, *, students: Ints | None = None) -> Any:
        """Take in responses; `state` is changed in place and returned. O(1) per response.

        Parameters
        ----------
        state : StudentState
            Of this model.
        responses : ResponseLog or frame with its standard columns
            Several answers of one student may come in one batch.
        students : int array, shape (n_labels,), optional
            The state's number, ``0 … n_students - 1``, of each of the log's student labels; any
            for a label that has no rows. By default the labels are these numbers.

        Raises
        ------
        LateResponse
            An answer is older than what the state has seen of its student. Nothing is changed.
        StateError
            The state is of another model, or the times are of another clock.
        """
        self._check_state(state)
        log = as_log(responses)
        numbers = state.numbers_of(log) if students is None else state.checked(students)
        if len(log):
            state.check_order(log, numbers)
            self._advance(state, log, numbers)
        return state

    def _advance(self, state: Any, log: ResponseLog, numbers: Ints) -> None:
        """Take a checked log into a state; `numbers` gives each student label's number."""
        raise NotImplementedError

    def predict_state(self, state: Any, students: Any, skills: Any, *, items: Any = None) -> Floats:
        """P(correct) of a next response of each student on the paired skill, and item."""
        raise NotImplementedError

    def state_mastery(
        self,
        state: Any,
        students: Ints,
        labels: NDArray[Any] | None = None,
        *,
        when: When = "next_opportunity",
    ) -> Mastery:
        """What some of a state's students know."""
        raise NotImplementedError

    def learning_rates(self) -> Floats | None:
        """P(learning a skill from one opportunity), shape (n_skills,); None where there is none."""
        return None

    def state_counts(self, state: Any, students: Ints) -> NDArray[np.int64]:
        """Answers per student and skill, shape (n_students, n_skills)."""
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to a file that `adaptlearn.load` reads."""
        raise NotImplementedError

    @classmethod
    def from_saved(cls, manifest: Mapping[str, Any], arrays: Arrays, name: str) -> Self:
        """Rebuild a model from what `save` wrote; `name` is what errors call it."""
        raise NotImplementedError

    def predict(self, log: Any) -> NDArray[np.int64]:
        """Whether each row's answer is more likely right (1) than wrong (0), shape (n,)."""
        return (self.predict_proba(log)[:, 1] >= 0.5).astype(np.int64)

    def _check_parameters(self) -> None:
        check_parameters(type(self).__name__, self.get_params(), self._constraints)

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


def check_n_students(n_students: int) -> None:
    """Refuse what is no number of students (`ParameterError`)."""
    allowed = {"n_students": [Interval(0, 2**39, integer=True)]}
    check_parameters("init_state", {"n_students": n_students}, allowed)


def log_until(log: ResponseLog, at: Any) -> ResponseLog:
    """The responses of a log up to a point in time.

    Parameters
    ----------
    log : ResponseLog
    at : float or datetime, or None
        In the log's seconds, or a datetime where the log has datetimes; None: all responses.

    Raises
    ------
    StateError
        The log has no times.
    ParameterError
        `at` is no time, or of another clock.
    """
    if at is None:
        return log
    if log.time is None:
        raise StateError("mastery(at=…) needs a log with times")
    problems: list[str] = []
    seconds, kind = read_time(objects([at]), "at", problems)
    if not problems and kind not in ("seconds", log.clock):
        problems.append(f"it is a datetime of the kind {kind!r}, the log's times are {log.clock!r}")
    if problems:
        raise ParameterError("mastery(at=…)", problems)
    return log[log.time <= float(seconds[0])]
