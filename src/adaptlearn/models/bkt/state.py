"""The live beliefs of many students: only the pairs of student and skill that were touched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import LateResponse, StateError
from adaptlearn.numerics import Floats, Ints, KeyTable, stable_group
from adaptlearn.responses import ResponseLog
from adaptlearn.validation import some

_SKILL_BITS = 24  # a pair's key is student << 24 | skill: up to 16 million skills


class BKTState:
    """Beliefs of students ``0 … n_students - 1`` under one fitted BKT, as arrays.

    Made by ``BKT.init_state`` and changed in place by ``BKT.update_state``; one writer at a
    time. A student or skill that was never answered costs nothing.

    Attributes
    ----------
    model : str
        The fingerprint of the model it belongs to.
    n_students : int
    skills : list
        The model's skills, then any others that were answered.
    p_known : float array, shape (n_pairs,)
        P(known) right after the last response of each touched pair.
    answers : int array, shape (n_pairs,)
        How many answers it rests on.
    last_time : float array, shape (n_students,)
        The time of each student's last response, in seconds; -inf before the first.
    clock : str or None
        The clock of those times; None before the first, ``"none"`` where responses carry none.
    """

    def __init__(self, model: str, skills: list[Any], n_students: int) -> None:
        self.model = model
        self.skills = list(skills)
        self.last_time = np.full(n_students, -np.inf)
        self.clock: str | None = None
        self._pairs = KeyTable()
        self._p_known = np.empty(0)
        self._answers = np.empty(0, np.int64)

    @property
    def n_students(self) -> int:
        """Students there is room for."""
        return len(self.last_time)

    @property
    def p_known(self) -> Floats:
        """P(known) after the last response, shape (n_pairs,)."""
        return self._p_known[: len(self._pairs)]

    @property
    def answers(self) -> NDArray[np.int64]:
        """Answers behind each belief, shape (n_pairs,)."""
        return self._answers[: len(self._pairs)]

    @property
    def students(self) -> NDArray[np.int64]:
        """The student of each touched pair."""
        return self._pairs.keys >> _SKILL_BITS

    @property
    def skill_codes(self) -> NDArray[np.int64]:
        """The skill of each touched pair, by its place in `skills`."""
        return self._pairs.keys & ((1 << _SKILL_BITS) - 1)

    def __repr__(self) -> str:
        return f"BKTState({self.n_students:,} students, {len(self._pairs):,} touched pairs)"

    def grow(self, n_students: int) -> None:
        """Make room for more students; nothing happens where there is room."""
        if n_students > self.n_students:
            # By doubling, so that students who come one by one cost O(1) each.
            more = np.full(max(n_students, 2 * self.n_students) - self.n_students, -np.inf)
            self.last_time = np.concatenate((self.last_time, more))

    def find(self, students: Ints, skills: Ints) -> NDArray[np.int64]:
        """Slots of pairs in `p_known` and `answers`; -1 for those never touched."""
        return self._pairs.find(self._key(students, skills))

    def touch(self, students: Ints, skills: Ints) -> NDArray[np.int64]:
        """Slots of distinct pairs, made where needed."""
        slots = self._pairs.add(self._key(students, skills))
        n = len(self._pairs)
        if n > len(self._p_known):
            room = max(n, 2 * len(self._p_known))
            self._p_known = np.concatenate((self._p_known, np.empty(room - len(self._p_known))))
            self._answers = np.concatenate(
                (self._answers, np.zeros(room - len(self._answers), np.int64))
            )
        return slots

    def cells(self, students: Ints, n_skills: int) -> tuple[Ints, Ints, Ints]:
        """The touched pairs of some students on the first `n_skills` skills.

        Returns
        -------
        rows, columns, slots : int arrays, shape (n_cells,)
            Places in `students`, which may repeat; skill codes; slots in `p_known`.
        """
        if len(students) * n_skills <= len(self._pairs):
            # Few students of many: look their pairs up rather than visit all.
            rows = np.repeat(np.arange(len(students)), n_skills)
            columns = np.tile(np.arange(n_skills), len(students))
            slots = self.find(students[rows], columns)
            met = slots >= 0
            return rows[met], columns[met], slots[met]
        by_student, bounds = stable_group(students, self.n_students)
        copies = np.diff(bounds)[self.students] * (self.skill_codes < n_skills)
        slots = np.repeat(np.arange(len(self._pairs)), copies)
        first = np.cumsum(copies) - copies
        places = bounds[self.students[slots]] + np.arange(len(slots)) - first[slots]
        return by_student[places], self.skill_codes[slots], slots

    def write(self, slots: Ints, p_known: Floats, more_answers: Ints) -> None:
        """Store new beliefs, and count the answers they came from."""
        self._p_known[slots] = p_known
        self._answers[slots] += more_answers

    def forget(self, students: Ints) -> None:
        """Return students to where they were before their first response."""
        out = np.isin(self.students, students)
        kept = ~out
        keys, p_known, answers = self._pairs.keys[kept], self.p_known[kept], self.answers[kept]
        self._pairs = KeyTable()
        self._pairs.add(keys)
        self._p_known, self._answers = p_known.copy(), answers.copy()
        self.last_time[students] = -np.inf

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

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a saved state holds besides its names."""
        return {
            "pairs": self._pairs.keys.copy(),
            "p_known": self.p_known.copy(),
            "answers": self.answers.copy(),
            "last_time": self.last_time.copy(),
        }

    @classmethod
    def from_arrays(
        cls, model: str, skills: list[Any], clock: str | None, arrays: dict[str, NDArray[Any]]
    ) -> BKTState:
        """The inverse of `to_arrays`."""
        state = cls(model, skills, len(arrays["last_time"]))
        state.last_time[:] = arrays["last_time"]
        state.clock = clock
        state._pairs.add(arrays["pairs"].astype(np.int64))
        state._p_known = arrays["p_known"].astype(np.float64)
        state._answers = arrays["answers"].astype(np.int64)
        return state

    @staticmethod
    def _key(students: Ints, skills: Ints) -> NDArray[np.int64]:
        return (students.astype(np.int64) << _SKILL_BITS) | skills.astype(np.int64)
