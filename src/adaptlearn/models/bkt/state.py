"""The live beliefs of many students: only the pairs of student and skill that were touched."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.belief import Beliefs
from adaptlearn.models.bkt.records import LastResponses, StudentVectors
from adaptlearn.models.bkt.student_classes import mixed, shares
from adaptlearn.models.bkt.told import ToldPairs
from adaptlearn.models.state import StudentState, check_keys, rows_of, times
from adaptlearn.numerics import (
    Floats,
    Ints,
    KeyTable,
    stable_group,
)
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Numbers

_LOOKED_UP = 1 << 14
"""Pairs that are looked up one by one; for more, all pairs are grouped by student once."""

_REMEMBERED = 1 << 18
"""Pairs at most that are kept until they are asked for again."""

_FARTHEST = 1e300  # of a belief's logarithm from 0
_ABLEST = 700.0  # log odds whose exponential is finite

_SKILL_BITS = 24  # a pair's key is student << 24 | skill: up to 16 million skills
_SKILL_MASK = (1 << _SKILL_BITS) - 1


class BKTState(StudentState):
    """What one fitted BKT believes about students ``0`` to ``n_students - 1``, as arrays.

    A *pair* is a student and a skill on which the student has a response. Arrays of shape
    (n_pairs,) have one entry for each pair of a student and a skill. If a student has no response
    on a skill, the student uses no memory for this skill.

    Attributes
    ----------
    p_known : float array, shape (n_pairs,)
        The P(known) of each pair of student and skill, right after the pair's last response.
    answers : int array, shape (n_pairs,)
        The number of answers from which the P(known) of each pair is computed.
    students, skill_codes : int arrays, shape (n_pairs,)
        For each pair, the number of the student, and the position of the skill in `skills`.
    told : ToldPairs
        The P(known) that `tell` set for some pairs of student and skill, in place of the model's
        prior.
    class_weights : float array, shape (n_classes,), or None
        The share of students in each class of students; None if the model has only one class.
    evidence : float array, shape (n_students, n_classes), or None
        For each student and class, the log-likelihood of the student's answers in this class, minus
        the log-likelihood in the first class; None if the model has only one class.

    Notes
    -----
    A pair's position in these arrays is its *slot*. If you `forget` a student, the student's slots
    stay in the arrays, but no method finds them. The state removes such slots when they are half of
    all slots, or when you save the state.
    """

    def __init__(
        self, model: str, skills: list[Any], n_students: int, class_weights: Floats | None = None
    ) -> None:
        super().__init__(model, skills, n_students)
        self._pairs = KeyTable()
        self.class_weights = class_weights
        by_class = () if class_weights is None else class_weights.shape
        self._beliefs = Beliefs(np.empty((0, *by_class)), np.empty((0, *by_class)))
        self.evidence = None if class_weights is None else np.zeros((n_students, *by_class))
        self._answers = np.empty(0, np.int64)
        self.told = ToldPairs()
        self.last: LastResponses | None = None
        self.vectors: StudentVectors | None = None
        self._last_clock = np.empty(0, np.int64)
        self._groups: tuple[tuple[int, int], Ints, Ints] | None = None
        self._cells: tuple[Any, Ints, tuple[Ints, Ints, Ints]] | None = None

    def note_individuals(self) -> None:
        """Start to store what an individualised model knows about each student."""
        if self.vectors is None:
            self.vectors = StudentVectors.new(self.n_students)
            self._fit_clock()

    @property
    def last_clock(self) -> NDArray[np.int64]:
        """The number of the student's answers before the pair's last response, shape (n_pairs,)."""
        return self._last_clock[: len(self._pairs)]

    def _fit_clock(self) -> None:
        more = self._room - len(self._last_clock)
        if self.vectors is not None and more > 0:
            self._last_clock = np.concatenate((self._last_clock, np.full(more, -1)))

    def grow(self, n_students: int) -> None:  # noqa: D102 - documented once, above
        super().grow(n_students)
        if self.vectors is not None and self.n_students > len(self.vectors.ability):
            vectors = StudentVectors.new(self.n_students)
            for field, old in zip(vectors, self.vectors, strict=True):
                field[: len(old)] = old
            self.vectors = vectors
        if self.evidence is not None and self.n_students > len(self.evidence):
            more = np.zeros((self.n_students - len(self.evidence), self.evidence.shape[1]))
            self.evidence = np.concatenate((self.evidence, more))

    @property
    def _room(self) -> int:
        return len(self._beliefs.known)

    def note_classes(self) -> None:
        """Start to store the time and the classes of each pair's last response."""
        if self.last is None:
            self.last = LastResponses.new(self._room)

    @property
    def p_known(self) -> Floats:
        """P(known) after the last response, shape (n_pairs,)."""
        known = self.beliefs(slice(len(self._pairs))).p_known
        return known if known.ndim == 1 else mixed(self.class_shares(self.students), known.T)

    def beliefs(self, slots: Ints | slice, place: int | None = None) -> Beliefs:
        """Return the beliefs about the pairs in the given slots, after the last responses.

        If the model has several classes of students, `place` is the position of a class. With
        ``place=None``, the beliefs have one column for each class.
        """
        found = self._beliefs.take(slots)
        return found if place is None else Beliefs(found.known[:, place], found.unknown[:, place])

    def class_shares(self, students: Ints) -> Floats:
        """P(class) of some students, shape (n_classes, n)."""
        assert self.class_weights is not None
        assert self.evidence is not None
        evidence = np.ascontiguousarray(self.evidence[students].T)
        return shares(evidence, self.class_weights)

    @property
    def answers(self) -> NDArray[np.int64]:
        """The number of answers from which each belief is computed, shape (n_pairs,)."""
        return self._answers[: len(self._pairs)]

    @property
    def students(self) -> NDArray[np.int64]:
        """The number of each pair's student, shape (n_pairs,)."""
        return self._pairs.keys >> _SKILL_BITS

    @property
    def skill_codes(self) -> NDArray[np.int64]:
        """The position of each pair's skill in `skills`, shape (n_pairs,)."""
        return self._pairs.keys & _SKILL_MASK

    def __repr__(self) -> str:
        touched = len(self._pairs) - self._pairs.n_removed
        return f"BKTState({self.n_students:,} students, {touched:,} touched pairs)"

    def find(self, students: Ints, skills: Ints) -> NDArray[np.int64]:
        """Return the positions of pairs in `p_known` and `answers`; -1 for a pair without one."""
        return self._pairs.find(self._key(students, skills))

    def touch(
        self, students: Ints, skills: Ints, slots: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return the slots (array positions) of distinct pairs; a pair without a slot gets one.

        You can pass the result of `find` as `slots`.
        """
        slots = self._pairs.add(self._key(students, skills), slots)
        n = len(self._pairs)
        if n > self._room:
            room = max(n, 2 * self._room)
            more = np.empty((room - self._room, *self._beliefs.known.shape[1:]))
            self._beliefs = Beliefs(*(np.concatenate((b, more)) for b in self._beliefs))
            self._answers = np.concatenate(
                (self._answers, np.zeros(room - len(self._answers), np.int64))
            )
        self._fit_clock()
        if self.last is not None and len(self.last.time) < self._room:
            self.last = self.last.grown(self._room)
        return slots

    def cells(self, students: Ints, n_skills: int) -> tuple[Ints, Ints, Ints]:
        """Find the pairs of the given students with the first `n_skills` skills.

        Returns
        -------
        rows, columns, slots : int arrays, shape (n_cells,)
            For each pair: the position of the student in `students`, the code of the skill, and the
            slot of the pair in `p_known`. A student may occur several times in `students`.
        """
        asked, last = (self._pairs, len(self._pairs), self._pairs.n_removed, n_skills), self._cells
        if last is not None and last[0] == asked and np.array_equal(last[1], students):
            return last[2]
        found = self._found_cells(students, n_skills)
        if len(found[0]) <= _REMEMBERED:  # mastery and counts are asked of the same students
            self._cells = asked, students.copy(), found
        return found

    def _found_cells(self, students: Ints, n_skills: int) -> tuple[Ints, Ints, Ints]:
        grouped = self._groups is not None and self._groups[0] == self._size
        if not grouped and len(students) * n_skills <= _LOOKED_UP:
            # Few students: look their pairs up rather than go through all.
            keys = self._key(students[:, None], np.arange(n_skills)).reshape(-1)
            slots = self._pairs.find(keys)
            met = (slots >= 0).nonzero()[0]
            rows, columns = np.divmod(met, n_skills)
            return rows, columns, slots[met]
        by_student, bounds = self._grouped()
        counts = np.diff(bounds)[students]
        rows = np.repeat(np.arange(len(students)), counts)
        first = np.cumsum(counts) - counts
        slots = by_student[np.arange(len(rows)) + np.repeat(bounds[students] - first, counts)]
        columns = self._pairs.keys[slots] & _SKILL_MASK
        known = columns < n_skills
        return rows[known], columns[known], slots[known]

    @property
    def n_answers(self) -> int:  # noqa: D102 - documented once, above
        self._close_up()
        return int(self.answers.sum())

    def _practised(self) -> Ints:
        self._close_up()
        return np.unique(np.concatenate((self.skill_codes, self.told.pairs()[1])))

    def tell(self, students: Ints, skills: Ints, p_known: Floats) -> None:
        """Set P(known), in place of the prior, for pairs of student and skill without responses.

        Each pair may occur only once.
        """
        self.told.tell(students, skills, p_known)
        if self._known is not None and not np.isin(skills, self._known.places).all():
            self._known = None

    def keep_told(self, other: Self, students: Ints) -> None:  # noqa: D102 - as above
        if len(other.told):
            self.tell(*other.told.of(students, len(other.skills)))

    def _grouped(self) -> tuple[Ints, Ints]:
        """Slots by student; kept until there are more pairs, or room for more students."""
        self._close_up()
        if self._groups is None or self._groups[0] != self._size:
            self._groups = (self._size, *stable_group(self.students, self.n_students))
        return self._groups[1], self._groups[2]

    @property
    def _size(self) -> tuple[int, int]:
        return len(self._pairs), self.n_students

    def write(self, slots: Ints, beliefs: Beliefs, more_answers: Ints) -> None:
        """Store new beliefs in the given slots, and add `more_answers` to the answer counts."""
        self._beliefs.put(slots, beliefs)
        self._answers[slots] += more_answers

    def blank(self, n_students: int) -> BKTState:  # noqa: D102 - documented once, above
        fresh = BKTState(self.model, self.skills, n_students, self.class_weights)
        fresh.clock, fresh._n_fitted = self.clock, self._n_fitted
        return fresh

    def forget(self, students: Ints) -> None:  # noqa: D102 - documented once, above
        _, _, slots = self.cells(students, len(self.skills))
        self._pairs.remove(slots)
        self.told.forget(students, len(self.skills))
        self._groups = self._cells = self._known = None
        if self.vectors is not None:
            for field in self.vectors:
                field[students] = 0
        if self.evidence is not None:
            self.evidence[students] = 0
        self.last_time[students] = -np.inf
        if 2 * self._pairs.n_removed > len(self._pairs):
            self._close_up()

    def replace(self, students: Ints, other: Self) -> None:  # noqa: D102 - as above
        super().replace(students, other)
        if other.last is not None:
            self.note_classes()
        who, skills, p_known = other.told.pairs()
        self.tell(students[who], skills, p_known)
        slots = self.touch(students[other.students], other.skill_codes)
        self.write(slots, other.beliefs(slice(len(slots))), other.answers)
        if self.last is not None and other.last is not None:
            for mine, theirs in zip(self.last, other.last, strict=True):
                mine[slots] = theirs[: len(slots)]
        if self.evidence is not None and other.evidence is not None:
            self.evidence[students] = other.evidence[: len(students)]
        if other.vectors is not None:
            self.note_individuals()
            assert self.vectors is not None
            for mine, theirs in zip(self.vectors, other.vectors, strict=True):
                mine[students] = theirs[: len(students)]
            self.last_clock[slots] = other.last_clock

    def _close_up(self) -> None:
        """Leave out the slots of pairs that were forgotten; the others keep their order."""
        if not self._pairs.n_removed:
            return
        held = self._pairs.slots
        keys, self._pairs = self._pairs.keys[held], KeyTable()
        self._pairs.add(keys)
        self._beliefs, self._answers = self._beliefs.take(held), self._answers[held]
        if self.last is not None:
            self.last = self.last.take(held)
        if self.vectors is not None:
            self._last_clock = self._last_clock[held]

    def to_arrays(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - documented once, above
        self._close_up()
        n = len(self._pairs)
        arrays = {
            "pairs": self._pairs.keys.copy(),
            "p_known": self._beliefs.known[:n].copy(),
            "p_unknown": self._beliefs.unknown[:n].copy(),
            "answers": self.answers.copy(),
            "last_time": self.last_time.copy(),
            **self.told.to_arrays(),
        }
        if self.last is not None:
            for name, field in self.last._asdict().items():
                arrays[f"pair_{name}"] = field[: len(self._pairs)].copy()
        if self.evidence is not None:
            arrays["student_evidence"] = self.evidence.copy()
        if self.vectors is not None:
            arrays["last_clock"] = self.last_clock.copy()
            for name, field in self.vectors._asdict().items():
                arrays[f"student_{name}"] = field.copy()
        return arrays

    def _expected(
        self,
        arrays: Arrays,
        n_students: int,
        n_skills: int,
        n_items: int,  # noqa: ARG002 - of items nothing is kept
    ) -> dict[str, Numbers]:
        pairs, by_class = arrays["pairs"], self._beliefs.known.shape[1:]
        n = (len(pairs),)
        expected = {
            "pairs": Numbers(n, 0, 2**63 - 1, whole=True),
            "p_known": Numbers(n + by_class, -_FARTHEST, 1),
            "answers": Numbers(n, low=0, whole=True),
            "last_time": times(rows_of(arrays, "last_time", n_students)),
            **ToldPairs.expected(arrays, n_students, n_skills),
        }
        if "p_unknown" in arrays:
            expected["p_unknown"] = Numbers(n + by_class, -_FARTHEST, 1)
        if by_class:
            size = (rows_of(arrays, "student_evidence", n_students), *by_class)
            expected["student_evidence"] = Numbers(size, -_FARTHEST, _FARTHEST)
        if "pair_time" in arrays:
            expected["pair_time"] = times(len(pairs))
            expected |= {f"pair_{name}": Numbers(n, -1, whole=True) for name in ("learn", "forget")}
        if "last_clock" in arrays:
            rows = (rows_of(arrays, "student_ability", n_students),)
            expected["last_clock"] = Numbers(n, -1, whole=True)
            expected["student_ability"] = Numbers(rows, -_ABLEST, _ABLEST)
            expected["student_residual"] = Numbers(rows, -1, 1)
            expected["student_answers"] = Numbers(rows, 0, whole=True)
        if pairs.dtype.kind in "iu":
            check_keys(pairs, n_students, _SKILL_BITS, n_skills)
        return expected

    def take_arrays(self, arrays: Arrays) -> None:  # noqa: D102 - as above
        self.last_time = arrays["last_time"].astype(np.float64)
        self._pairs = KeyTable()
        self._pairs.add(arrays["pairs"].astype(np.int64))
        self._beliefs = Beliefs.restored(arrays["p_known"], arrays.get("p_unknown"))
        self._answers = arrays["answers"].astype(np.int64)
        self.told.take_arrays(arrays)
        if self.evidence is not None:
            self.evidence = arrays["student_evidence"].astype(np.float64)
        if "pair_learn" in arrays:
            self.last = LastResponses(
                arrays["pair_time"].astype(np.float64),
                arrays["pair_learn"].astype(np.int64),
                arrays["pair_forget"].astype(np.int64),
            )
        if "last_clock" in arrays:
            self.vectors = StudentVectors(
                arrays["student_ability"].astype(np.float64),
                arrays["student_residual"].astype(np.float64),
                arrays["student_answers"].astype(np.int64),
            )
            self._last_clock = arrays["last_clock"].astype(np.int64)

    @staticmethod
    def _key(students: Ints, skills: Ints) -> NDArray[np.int64]:
        return (students.astype(np.int64) << _SKILL_BITS) | skills.astype(np.int64)
