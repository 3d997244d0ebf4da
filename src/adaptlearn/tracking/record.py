"""The record of what students did on each skill, kept up to date in O(1) per answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import KEY_BITS, Encoded, Names, encode
from adaptlearn.models.sequential.levels import Level, Memory, scan
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.log import ResponseLog
from adaptlearn.serialization import Arrays
from adaptlearn.tracking.practice import Practice

DECAY = 0.8
"""Of the moving average of answers: what one more answer leaves of the earlier ones."""

_SETTLING = 0.5
"""Likewise of how far answers move the model's estimate."""

_RIGHT, _STREAK, _AVERAGE, _CHANGE, _RECENT, _TIME, _TIMED = range(7)
_WIDTHS = Widths(student=0, pair=7)


class Batch(NamedTuple):
    """New responses in the record's codes.

    Attributes
    ----------
    encoded : Encoded
    numbers : int array, shape (n_labels,)
        The number of each of the log's student labels.
    skills : list
        The record's skills, and then those that are new.
    student, skill : int array and list of labels, shape (n_pairs,)
        The pairs that were answered.
    """

    encoded: Encoded
    numbers: Ints
    skills: list[Any]
    student: Ints
    skill: list[Any]


class PracticeRecord:
    """The practice of students ``0 … n_students - 1`` on a model's skills, in O(1) per answer."""

    def __init__(self, skills: list[Any]) -> None:
        self._state = SequentialState("", skills, [], 1, _WIDTHS)

    @property
    def skills(self) -> list[Any]:
        """The model's skills, and any others that were answered."""
        return self._state.skills

    def batch(self, log: ResponseLog, numbers: Ints) -> Batch:
        """A checked log as the record takes it; `numbers` gives each student label's number."""
        names = Names.of(self._state.skills, []).with_those_of(log)
        encoded = encode(log, names, item_pairs=False)
        skills = list(names.skills)
        return Batch(
            encoded,
            numbers,
            skills,
            numbers[encoded.students[encoded.pairs >> KEY_BITS]],
            [skills[place] for place in (encoded.pairs & ((1 << KEY_BITS) - 1)).tolist()],
        )

    def note(self, batch: Batch, moved: Floats) -> None:
        """Take in a batch that holds one response of a student at most.

        `moved` says how far it moved the model's estimate of each of its pairs.
        """
        state = self._state
        state.grow(int(batch.student.max()) + 1)
        memory = state.memory(batch.encoded, batch.numbers)
        scan(batch.encoded, memory, learn=_learn)
        _settle(batch.encoded, memory, moved)
        state.skills = batch.skills
        state.take(batch.encoded, batch.numbers, memory)

    def blank(self) -> PracticeRecord:
        """A record of nobody on the same skills."""
        return PracticeRecord(self.skills)

    def forget(self, students: Ints) -> None:
        """Return students to where they were before their first response."""
        self._state.forget(students[students < self._state.n_students])

    def replace(self, students: Ints, other: PracticeRecord) -> None:
        """Put what another record holds in place of what is known of some students.

        The other record's student ``k`` is ``students[k]`` here.
        """
        self._state.grow(int(students.max()) + 1)
        self._state.replace(students, other._state)

    def table(self, students: Ints, skills: list[Any]) -> Practice:
        """The practice of some students on skills; nothing on those that nobody answered."""
        n, n_skills = len(students), len(skills)
        owner = np.repeat(np.arange(n), n_skills)
        place = self._state.names.skills
        asked = np.tile(np.array([place.get(s, len(place)) for s in skills], np.int64), n)
        known = np.minimum(students, self._state.n_students - 1)
        memory = self._state.memory_of(known, asked, owner, np.zeros(n, np.int64))
        columns = memory.pair.T.reshape(-1, n, n_skills)
        met = columns[_RECENT] > 0
        return Practice(
            right=columns[_RIGHT],
            streak=columns[_STREAK],
            average=columns[_AVERAGE],
            change=np.where(met, columns[_CHANGE], 1.0),
            recent=np.where(met, columns[_RECENT], 1).astype(np.int64),
            last_time=np.where(columns[_TIMED] > 0, columns[_TIME], np.nan),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a saved record holds."""
        return {f"practice_{name}": array for name, array in self._state.to_arrays().items()}

    def restore(self, n_students: int, skills: Any, arrays: Arrays) -> None:
        """Become the record that a file holds (see `StudentState.restore`); this one is new."""
        own = {name.removeprefix("practice_"): array for name, array in arrays.items()}
        self._state.restore(n_students, {"skills": skills, "items": [], "clock": None}, own)
        self._state.check_signs(Signed(pair=[_TIME]))
        if np.any(self._state.to_arrays()["pair"][:, 1 + _RECENT] >= 1 << 9):
            raise ValueError("practice remembers more than the last outcomes")


def _learn(level: Level, memory: Memory) -> None:
    """One answer of every student; exposures only leave their time."""
    pair = memory.pair
    correct: NDArray[Any] = level.by_entry(level.correct)
    answered, right = correct >= 0, (correct == 1).astype(np.float64)
    pair[:, _RIGHT] += right
    pair[:, _STREAK] = np.where(answered, (pair[:, _STREAK] + 1) * right, pair[:, _STREAK])
    average = DECAY * pair[:, _AVERAGE] + (1 - DECAY) * right
    pair[:, _AVERAGE] = np.where(answered, average, pair[:, _AVERAGE])
    recent = pair[:, _RECENT].astype(np.int64)
    longer = (np.maximum(recent, 1) << 1) | (correct == 1)
    # Beyond eight answers the leading 1 stays where it is.
    longer = np.where(longer >= 1 << 9, (longer & 0xFF) | 1 << 8, longer)
    pair[:, _RECENT] = np.where(answered, longer, recent)
    if level.time is not None:
        pair[:, _TIME] = level.by_entry(level.time)
        pair[:, _TIMED] = 1.0


def _settle(encoded: Encoded, memory: Memory, moved: Floats) -> None:
    """Move the average of how far answers move the estimate."""
    right_or_wrong = encoded.entries_of(encoded.correct >= 0)
    answered = np.bincount(encoded.pair, right_or_wrong, len(memory.pair)) > 0
    before = np.where(memory.pair[:, _CHANGE] > 0, memory.pair[:, _CHANGE], 1.0)
    after = _SETTLING * before + (1 - _SETTLING) * moved
    memory.pair[:, _CHANGE] = np.where(answered, after, before)
