"""The record of what students did on each skill, kept up to date in O(1) per answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.estimates import entries_of
from adaptlearn.models.sequential.chains import Chains, faded
from adaptlearn.models.sequential.encoding import KEY_BITS
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.numerics import Bools, Floats, Ints, distinct
from adaptlearn.responses.log import ResponseLog
from adaptlearn.serialization import Arrays
from adaptlearn.tracking.practice import Practice

DECAY = 0.8
"""Of the moving average of answers: what one more answer leaves of the earlier ones."""

_SETTLING = 0.5
"""Likewise of how far answers move the model's estimate."""

_OUTCOMES = 8
_FULL = 1 << _OUTCOMES
"""The latest answers whose outcomes are kept one by one; and what these look like if all are wrong.
"""

_FEW = 64
"""Responses below this are followed one by one in plain numbers, which is sooner done."""

_RIGHT, _STREAK, _AVERAGE, _CHANGE, _RECENT, _TIME, _TIMED = range(7)
_WIDTHS = Widths(student=0, pair=7)


class PracticeRecord:
    """The practice of students ``0 … n_students - 1`` on a model's skills, in O(1) per answer."""

    def __init__(self, skills: list[Any]) -> None:
        self._state = SequentialState("", skills, [], 1, _WIDTHS)

    @property
    def skills(self) -> list[Any]:
        """The model's skills, and any others that were answered."""
        return self._state.skills

    def note(self, log: ResponseLog, numbers: Ints, moved: Floats) -> None:
        """Take in a checked log.

        Parameters
        ----------
        log : ResponseLog
        numbers : int array, shape (n_labels,)
            The record's number for each of the log's student labels.
        moved : float array, shape (n_entries,)
            How far each response moved the model's estimate on each of its skills, in the order
            of the log's skills.
        """
        entries, row = _in_order(log)
        skill, labels = self._skills_of(log)
        student = numbers[log.student.codes[row]]
        state = self._state
        state.grow(int(student.max()) + 1)
        pairs, pair = distinct((student.astype(np.int64) << KEY_BITS) | skill[entries])
        rows, correct = state.pair_rows(pairs), log.correct[row]
        learn = _learn_few if len(pair) < _FEW else _learn
        learn(rows[:, 1:], pair, correct, moved[entries])
        rows[:, 0] += np.bincount(pair, correct >= 0, len(pairs))
        if log.time is not None:
            rows[pair, 1 + _TIME] = log.time[row]  # of a pair that repeats, the last stays
            rows[:, 1 + _TIMED] = 1.0
        state.skills = labels
        state.put_pair_rows(pairs, rows)

    def _skills_of(self, log: ResponseLog) -> tuple[Ints, list[Any]]:
        """The place of each of the log's skill entries, and the skills with the new ones."""
        used = np.flatnonzero(np.bincount(log.skill.codes, minlength=len(log.skill.labels)))
        known, labels = self._state.names.skills, log.skill.labels[used].tolist()
        fresh = [label for label in labels if label not in known]
        if fresh:
            known = known | {label: place for place, label in enumerate(fresh, len(known))}
        of_code = np.zeros(len(log.skill.labels), np.int64)
        of_code[used] = [known[label] for label in labels]
        return of_code[log.skill.codes], [*known] if fresh else self._state.skills

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
        columns = memory.pair.T.reshape(_WIDTHS.pair, n, n_skills)
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
        if np.any(self._state.to_arrays()["pair"][:, 1 + _RECENT] >= 2 << _OUTCOMES):
            raise ValueError("practice remembers more than the last outcomes")


def _in_order(log: ResponseLog) -> tuple[Ints, Ints]:
    """A log's skill entries in the order of the responses, and the row of each."""
    rows = np.arange(len(log)) if log.chronological is None else log.chronological
    entries = entries_of(log, rows)
    return entries, rows if log.skill_rows is None else log.skill_rows[entries]


def _learn_few(rows: Floats, pair: Ints, correct: NDArray[np.int8], moved: Floats) -> None:
    """Take responses in, in order; `rows` are those of their pairs. Exposures change nothing."""
    held = rows.tolist()
    for at, answer, by in zip(pair.tolist(), correct.tolist(), moved.tolist(), strict=True):
        right, streak, average, change, recent, *_ = held[at]
        change = change if recent else 1.0
        if answer >= 0:
            right, streak = right + answer, (streak + 1) * answer
            average = DECAY * average + (1 - DECAY) * answer
            change = _SETTLING * change + (1 - _SETTLING) * by
            recent = 2 * max(recent, 1) + answer
            if recent >= 2 * _FULL:  # the leading 1 stays where it is
                recent = _FULL + recent % _FULL
        held[at][: _RECENT + 1] = right, streak, average, change, recent
    rows[:] = held


def _learn(rows: Floats, pair: Ints, correct: NDArray[np.int8], moved: Floats) -> None:
    """As `_learn_few`, whichever way the responses are spread over pairs."""
    right, chains = correct == 1, Chains.of(pair, len(rows), correct >= 0)
    begun = rows[:, _RECENT] > 0
    rows[:, _RIGHT] += np.bincount(pair, right, len(rows))
    rows[:, _STREAK] = _streaks(rows[:, _STREAK], right, chains)
    faded(rows[:, _AVERAGE], chains, (1 - DECAY) * right, DECAY)
    rows[:, _CHANGE] = np.where(begun, rows[:, _CHANGE], 1.0)
    faded(rows[:, _CHANGE], chains, (1 - _SETTLING) * moved, _SETTLING)
    rows[:, _RECENT] = _latest_outcomes(rows[:, _RECENT], right, chains)


def _streaks(streak: Floats, right: Bools, chains: Chains) -> Floats:
    """Right answers in a row at the end of each chain."""
    wrong = chains.rows[~right[chains.rows]]
    last = np.full(len(streak), -1)
    last[chains.chain[wrong]] = chains.before[wrong]  # of a chain that repeats, the last stays
    return np.where(last < 0, streak + chains.lengths, chains.lengths - 1.0 - last)


def _latest_outcomes(codes: Floats, right: Bools, chains: Chains) -> Floats:
    """The outcomes that `Practice.recent` has after each chain."""
    ends, codes = np.cumsum(chains.lengths), codes.copy()
    for back in range(_OUTCOMES, 0, -1):
        some = np.flatnonzero(chains.lengths >= back)
        longer = 2 * np.maximum(codes[some], 1) + right[chains.rows[ends[some] - back]]
        codes[some] = np.where(longer >= 2 * _FULL, _FULL + longer % _FULL, longer)
    return codes
