"""What a model keeps of students, from one answer to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    LateResponse,
    ParameterError,
    ProblemsError,
    StateError,
    UnknownLabelError,
)
from adaptlearn.labels import label_array, saved_labels
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, Numbers, array_problems, check_parameters, some
from adaptlearn.wording import shown

CLOCKS = (None, "none", "seconds", "naive", "aware")
"""What a state's times may be; see `StudentState.clock`."""

_CLOCKS = {
    "none": "no times",
    "seconds": "plain seconds",
    "naive": "datetimes without a zone, such as datetime.now()",
    "aware": "datetimes with a zone, such as datetime.now(UTC)",
}
_LATEST = 1e20  # seconds, or the nanoseconds that some count in


class KnownSkills(NamedTuple):
    """The columns of a table of mastery or counts.

    Attributes
    ----------
    places : int array, shape (n_skills,)
        In the state's `skills`.
    labels : array, shape (n_skills,)
        Read-only.
    column : dict of label to int
    """

    places: NDArray[np.int64]
    labels: NDArray[Any]
    column: dict[Any, int]


class StudentState:
    """What a model stores about students ``0 … n_students - 1``, as arrays.

    A model's ``init_state`` makes a state, and the model's ``update_state`` changes the state in
    place. Only one thread may change a state at a time.

    Attributes
    ----------
    model : str
        The fingerprint of the model to which the state belongs.
    skills : list
        The labels of the model's skills, then of other skills that students have answered.
    items : list
        The labels of the model's items, then of other items that students have answered. Only
        models that store answers per item use `items`.
    last_time : float array, shape (n_students,)
        The time of each student's last response, in seconds; -inf before the first response.
    clock : str or None
        The kind of the times in `last_time`, as in `ResponseLog.clock`. `clock` is None before the
        first response, and ``"none"`` if responses have no times.
    """

    def __init__(self, model: str, skills: list[Any], n_students: int) -> None:
        self.model = model
        self.skills = list(skills)
        self._n_fitted = len(self.skills)
        self._known: KnownSkills | None = None
        self.items: list[Any] = []
        self.last_time = np.full(n_students, -np.inf)
        self.clock: str | None = None

    @property
    def n_students(self) -> int:
        """The number of students for whom the state has room."""
        return len(self.last_time)

    @property
    def n_answers(self) -> int:
        """The number of answers so far. An answer on several skills counts once for each skill."""
        raise NotImplementedError

    @property
    def known_skills(self) -> KnownSkills:
        """The model's skills, then other skills that students here have practised, sorted by label.

        The order of these other skills does not depend on which skill was practised first. If you
        `forget` all students who have practised one of these other skills, the skill is no longer
        in the list.
        """
        if self._known is None:
            others: list[int] = []
            if len(self.skills) > self._n_fitted:
                others = [at for at in self._practised().tolist() if at >= self._n_fitted]
                others.sort(key=lambda at: (isinstance(self.skills[at], str), self.skills[at]))
            places = np.append(np.arange(self._n_fitted), np.array(others, np.int64))
            labels = label_array(self.skills[at] for at in places.tolist())
            column = {label: at for at, label in enumerate(labels.tolist())}
            self._known = KnownSkills(places, labels, column)
        return self._known

    def _practised(self) -> Ints:
        """Places of the skills that somebody practised, or more of them; distinct."""
        return np.arange(len(self.skills))

    def note_skills(self, log: ResponseLog) -> None:
        """Update `known_skills` after an update with a log that has a new skill."""
        if self._known is None or len(self.skills) == self._n_fitted:
            return
        used = np.flatnonzero(np.bincount(log.skill.codes, minlength=len(log.skill.labels)))
        if not self._known.column.keys() >= set(log.skill.labels[used].tolist()):
            self._known = None

    def grow(self, n_students: int) -> None:
        """Make room for more students; if there is enough room, do nothing."""
        if n_students > self.n_students:
            # By doubling, so that students who come one by one cost O(1) each.
            more = np.full(max(n_students, 2 * self.n_students) - self.n_students, -np.inf)
            self.last_time = np.concatenate((self.last_time, more))

    def checked(self, students: Any) -> Ints:
        """Check that student numbers are integers and belong to students of the state."""
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
        """The student number for each student label of a log; 0 for a label without rows."""
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
        """Reset students to the state before their first response."""
        raise NotImplementedError

    def replace(self, students: Ints, other: Self) -> None:
        """For some students, replace their data by the data from another state.

        Parameters
        ----------
        students : int array, shape (n,)
            The students' numbers in this state, without repeats. The student with number ``k`` in
            the other state has number ``students[k]`` in this state.
        other : StudentState
            A state that the method `blank` of this state made, and that was updated afterwards.
            This state must not have changed since the call of `blank`.
        """
        self.forget(students)
        self.skills, self.items, self._known = other.skills, other.items, None
        self.last_time[students] = other.last_time[: len(students)]
        self.clock = other.clock

    def keep_told(self, other: Self, students: Ints) -> None:
        """Copy to this state the P(known) that `KnowledgeTracer.tell` set in another state.

        The method copies the P(known) of the given students only. The student with number
        ``students[k]`` in the other state has number ``k`` in this state.
        """

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays that a saved state contains, including `last_time`; names are not included."""
        raise NotImplementedError

    def restore(self, n_students: int, names: Mapping[str, Any], arrays: Arrays) -> None:
        """Fill this new state with the contents of a file.

        Parameters
        ----------
        n_students : int
            The number of students in the file. In a file, the number 0 does not belong to a
            student.
        names : mapping
            The attributes ``skills``, ``items`` and ``clock`` of the saved state.
        arrays : mapping of str to array
            The result of `to_arrays`.

        Raises
        ------
        KeyError, TypeError, ValueError
            The error is raised if `names` and `arrays` do not describe a state, or if the state
            cannot belong to this model.
        """
        skills, items = (
            saved_labels(names["skills"], "skills"),
            saved_labels(names["items"], "items"),
        )
        for what, mine, theirs in (("skills", self.skills, skills), ("items", self.items, items)):
            if theirs[: len(mine)] != mine:
                raise ValueError(f"{what} do not begin with those of the model")
        if names["clock"] not in CLOCKS:
            raise ValueError(f"its clock is {shown(names['clock'])}; expected one of {CLOCKS}")
        expected = self._expected(arrays, n_students, len(skills), len(items))
        if expected is not None and (problems := array_problems(arrays, expected)):
            raise ProblemsError("state", problems)
        self.skills, self.items, self.clock = skills, items, names["clock"]
        self._known = None
        self.take_arrays(arrays)

    def _expected(
        self,
        arrays: Arrays,  # noqa: ARG002 - what subclasses tell by
        n_students: int,  # noqa: ARG002
        n_skills: int,  # noqa: ARG002
        n_items: int,  # noqa: ARG002
    ) -> dict[str, Numbers] | None:
        """What `to_arrays` gives of so many students, skills and items; `arrays` are a file's.

        None takes them unseen.

        Raises
        ------
        KeyError, ValueError
            They are not even enough to tell.
        """
        return None

    def take_arrays(self, arrays: Arrays) -> None:
        """Fill the state with the arrays from `to_arrays`."""
        raise NotImplementedError

    def check_order(self, log: ResponseLog, students: Ints) -> None:
        """Raise an error if responses are older than their students' last responses in the state.

        Parameters
        ----------
        log : ResponseLog
        students : integer array, shape (n_labels,)
            For each student label of the log, the student's number in the state.

        Raises
        ------
        LateResponse
            Names the students. The state is not changed.
        StateError
            The error is raised if the times of the log and the times in the state are of different
            kinds (seconds, datetimes, none).
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
        """Raise `StateError` if the log's times are of another kind than the times in the state."""
        clock = log.clock or "none"
        if self.clock is not None and clock != self.clock:
            raise StateError(
                f"this state has seen {_CLOCKS[self.clock]}; these responses carry "
                f"{_CLOCKS[clock]}. Give all of them one kind"
            )

    def note_times(self, log: ResponseLog, students: Ints) -> None:
        """Store the kind of times and each student's latest time."""
        self.clock = log.clock or "none"
        if log.time is not None:
            np.maximum.at(self.last_time, students[log.student.codes], log.time)


def asked_seconds(time: Any, shape: tuple[int, ...]) -> Floats:
    """Times that are asked for, in the log's seconds: finite numbers that broadcast to a shape.

    Raises
    ------
    ParameterError
        They are not.
    """
    values = np.asarray(time)
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ParameterError("time", [f"expected finite numbers of seconds, got {time!r}"])
    try:
        return np.broadcast_to(values.astype(np.float64), shape)
    except ValueError:
        problem = f"expected one number of seconds, or an array of shape {shape}"
        raise ParameterError("time", [f"{problem}, got shape {values.shape}"]) from None


def times(n: int) -> Numbers:
    """So many times in seconds; -inf stands for none."""
    return Numbers((n,), -np.inf, _LATEST)


def rows_of(arrays: Arrays, name: str, n_students: int) -> int:
    """The rows of an array by student, which may have room for more of them."""
    return max(n_students, len(arrays[name]))


def check_keys(keys: NDArray[Any], n_students: int, bits: int, n_codes: int) -> None:
    """Refuse keys that are not distinct pairs of a student and a code (`ValueError`)."""
    student, code = keys >> bits, keys & ((1 << bits) - 1)
    outside = (student < 1) | (student >= n_students) | (code >= n_codes)
    if np.any(outside) or len(np.unique(keys)) < len(keys):
        raise ValueError("its pairs are not distinct, or of students or skills that it has not")


def check_n_students(n_students: int) -> None:
    """Refuse what is no number of students (`ParameterError`)."""
    allowed = {"n_students": [Interval(0, 2**39, integer=True)]}
    check_parameters("init_state", {"n_students": n_students}, allowed)
