"""What a fitted BKT does: predict a log, read mastery, keep a live state."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ParameterError, StateError, UnknownLabelError
from adaptlearn.models.base import KnowledgeTracer, Mastery, When
from adaptlearn.models.bkt.em import Parameters
from adaptlearn.models.bkt.filtering import (
    Filtered,
    filter_sequences,
    next_opportunity,
    probability_correct,
)
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.bkt.trie import EXPOSURE, history_symbols
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.responses.columns import read_time
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import Interval, check_parameters, some


class FittedBKT(KnowledgeTracer):
    """Prediction and live state, from parameters that were estimated elsewhere or loaded."""

    parameters_: dict[str, NDArray[Any]]
    pooled_: dict[str, float]

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
            codes = self._skill_codes(log, self.skills_.tolist())
            p_entry = self._filter(log, codes, None, None).p_correct
        else:
            students = self._students_of(state, log)
            state.check_order(log, students)
            codes = self._skill_codes(log, list(state.skills))
            p_entry = self._filter(log, codes, state, students).p_correct
        if log.skill_rows is not None:
            size = np.bincount(log.skill_rows, minlength=len(log))
            p_entry = np.bincount(log.skill_rows, weights=p_entry, minlength=len(log)) / size
        return np.stack((1 - p_entry, p_entry), axis=1)

    def mastery(self, log: Any, at: Any = None, *, when: When = "next_opportunity") -> Mastery:
        """P(known) of every student of a log on every fitted skill.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        at : float or datetime, optional
            Only responses up to this time count: in the log's seconds, or a datetime where the
            log has datetimes.
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
            log = log[log.time <= _moment(at, log.clock)]
        state = self.init_state(len(students))
        if len(log):
            self._advance(state, log, np.arange(len(students)))
        return self.state_mastery(state, np.arange(len(students)), students, when=when)

    def init_state(self, n_students: int) -> BKTState:
        """The state of students who have not answered yet."""
        self._check_fitted()
        check_parameters(
            "init_state",
            {"n_students": n_students},
            {"n_students": [Interval(0, 2**39, integer=True)]},
        )
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
        if len(log):
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
        numbers = self._checked_numbers(state, np.atleast_1d(students))
        labels = [skills] if isinstance(skills, (str, int)) else list(skills)
        if len(labels) != len(numbers):
            raise StateError(f"{len(numbers)} students and {len(labels)} skills; give pairs")
        known = {label: code for code, label in enumerate(state.skills)}
        strange = [label for label in dict.fromkeys(labels) if label not in known]
        self._warn_unknown(strange)
        codes = np.array([known.get(label, len(state.skills)) for label in labels], np.int64)
        p_known = self._before_next(state, numbers, codes)
        return probability_correct(p_known, self._table.take(self._which(codes)))

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
        students = self._checked_numbers(state, students)
        n_skills = len(self.skills_)
        value = np.tile(self.parameters_["prior"], (len(students), 1))
        rows, columns, slots = state.cells(students, n_skills)
        after = state.p_known[slots]
        if when == "next_opportunity":
            after = next_opportunity(after, self._table.take(columns))
        value[rows, columns] = after
        names = students if labels is None else labels
        return Mastery(names, self.skills_.copy(), value, None, None, "latent", when)

    def state_counts(self, state: BKTState, students: Ints) -> NDArray[np.int64]:
        """Answers per student and fitted skill, shape (n_students, n_skills)."""
        self._check_state(state)
        students = self._checked_numbers(state, students)
        counts = np.zeros((len(students), len(self.skills_)), np.int64)
        rows, columns, slots = state.cells(students, counts.shape[1])
        counts[rows, columns] = state.answers[slots]
        return counts

    @property
    def _table(self) -> Parameters:
        """The fitted skills' parameters, then the common ones, which serve every other skill."""
        return Parameters(
            *(np.append(self.parameters_[name], self.pooled_[name]) for name in Parameters._fields)
        )

    def _before_next(self, state: BKTState | None, students: Ints, codes: Ints) -> Floats:
        """P(known) as the next response of each pair of student and skill begins."""
        which, table = self._which(codes), self._table
        known = table.prior[which]
        if state is not None:
            slots = state.find(students, codes)
            met = np.flatnonzero(slots >= 0)
            known[met] = next_opportunity(state.p_known[slots[met]], table.take(which[met]))
        return known

    def _which(self, codes: Ints) -> Ints:
        """Skill codes of a state as rows of `_table`."""
        return np.minimum(codes, len(self.skills_))

    def _skill_codes(self, log: ResponseLog, skills: list[Any]) -> Ints:
        """The place in `skills`, which grows as needed, of each sequence's skill."""
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
        return codes[log.sequences.major]

    def _warn_unknown(self, labels: list[Any]) -> None:
        if labels:
            warnings.warn(
                f"skill {some(labels)} was not in the training log; predicted from the "
                "parameters common to all skills",
                DataWarning,
                stacklevel=4,
            )

    def _filter(
        self, log: ResponseLog, codes: Ints, state: BKTState | None, students: Ints | None
    ) -> Filtered:
        sequences = log.sequences
        who = sequences.minor if students is None else students[sequences.minor]
        known = self._before_next(state, who, codes)
        return filter_sequences(
            sequences,
            history_symbols(log),
            self._table,
            self._which(codes),
            known,
            skill_rows=log.skill_rows,
        )

    def _advance(self, state: BKTState, log: ResponseLog, students: Ints) -> None:
        """Take a checked log into a state; `students` gives each label's number."""
        sequences, skills = log.sequences, list(state.skills)
        codes = self._skill_codes(log, skills)
        filtered = self._filter(log, codes, state, students)
        state.skills = skills
        slots = state.touch(students[sequences.minor], codes)
        answered = (history_symbols(log) != EXPOSURE)[sequences.order]
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
        present = np.bincount(log.student.codes, minlength=len(labels)) > 0
        self._checked_numbers(state, labels[present])
        return np.where(present, labels, 0).astype(np.int64)

    @staticmethod
    def _checked_numbers(state: BKTState, students: Any) -> Ints:
        numbers = np.asarray(students)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise StateError(f"a state numbers its students 0, 1, …; got {numbers.dtype} values")
        outside = numbers[(numbers < 0) | (numbers >= state.n_students)]
        if len(outside):
            raise UnknownLabelError(
                "state",
                [f"student {some(outside)} is outside its {state.n_students} students"],
            )
        return numbers.astype(np.int64)


def _moment(at: Any, clock: str | None) -> float:
    """A point in time in a log's seconds."""
    problems: list[str] = []
    seconds, kind = read_time(objects([at]), "at", problems)
    if not problems and kind not in ("seconds", clock):
        problems.append(f"it is a datetime of the kind {kind!r}, the log's times are {clock!r}")
    if problems:
        raise ParameterError("mastery(at=…)", problems)
    return float(seconds[0])
