"""The live beliefs of many students: only the pairs of student and skill that were touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.base import StudentState
from adaptlearn.numerics import Floats, Ints, KeyTable, stable_group

_SKILL_BITS = 24  # a pair's key is student << 24 | skill: up to 16 million skills


class BKTState(StudentState):
    """Beliefs of students ``0 … n_students - 1`` under one fitted BKT, as arrays.

    A student or skill that was never answered costs nothing.

    Attributes
    ----------
    p_known : float array, shape (n_pairs,)
        P(known) right after the last response of each touched pair.
    answers : int array, shape (n_pairs,)
        How many answers it rests on.
    students, skill_codes : int arrays, shape (n_pairs,)
        The pairs: numbers of students, and places in `skills`.
    """

    def __init__(self, model: str, skills: list[Any], n_students: int) -> None:
        super().__init__(model, skills, n_students)
        self._pairs = KeyTable()
        self._p_known = np.empty(0)
        self._answers = np.empty(0, np.int64)

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

    def forget(self, students: Ints) -> None:  # noqa: D102 - documented once, above
        out = np.isin(self.students, students)
        kept = ~out
        keys, p_known, answers = self._pairs.keys[kept], self.p_known[kept], self.answers[kept]
        self._pairs = KeyTable()
        self._pairs.add(keys)
        self._p_known, self._answers = p_known.copy(), answers.copy()
        self.last_time[students] = -np.inf

    def to_arrays(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - documented once, above
        return {
            "pairs": self._pairs.keys.copy(),
            "p_known": self.p_known.copy(),
            "answers": self.answers.copy(),
            "last_time": self.last_time.copy(),
        }

    def take_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:  # noqa: D102 - as above
        self.last_time = arrays["last_time"].astype(np.float64)
        self._pairs = KeyTable()
        self._pairs.add(arrays["pairs"].astype(np.int64))
        self._p_known = arrays["p_known"].astype(np.float64)
        self._answers = arrays["answers"].astype(np.int64)

    @staticmethod
    def _key(students: Ints, skills: Ints) -> NDArray[np.int64]:
        return (students.astype(np.int64) << _SKILL_BITS) | skills.astype(np.int64)
