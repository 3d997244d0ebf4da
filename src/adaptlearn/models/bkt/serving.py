"""What a fitted BKT does: predict a log, read mastery, keep a live state."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ParameterError, StateError, UnknownLabelError
from adaptlearn.models.base import KnowledgeTracer, Mastery, When
from adaptlearn.models.bkt.classes import Before, Classes, find_cells, last_classes, last_times
from adaptlearn.models.bkt.coupled import FilteredStudents
from adaptlearn.models.bkt.filtering import (
    Filtered,
    filter_sequences,
    next_opportunity,
    probability_correct,
)
from adaptlearn.models.bkt.individual import (
    Individual,
    before_next,
    chance_of_right,
    pass_along,
    store,
)
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.bkt.trie import EXPOSURE, history_symbols
from adaptlearn.models.bkt.uncertainty import (
    Uncertainty,
    findings,
    interval,
    spread_of,
    table_of,
)
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.responses.columns import read_time
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import Interval, check_parameters, some

_DRAWS = 100
"""Parameter draws behind an interval of mastery: its width is then known to some 7 percent."""


class Passed(NamedTuple):
    """What going along a log finds: P(correct) by row, P(known) after each sequence.

    `slots` are the sequences' pairs in the state; -1 for those not touched before.
    """

    p_correct: Floats
    p_known: Floats
    students: FilteredStudents | None
    slots: Ints


class FittedBKT(KnowledgeTracer):
    """Prediction and live state, from parameters that were estimated elsewhere or loaded."""

    parameters_: dict[str, NDArray[Any]]
    pooled_: dict[str, float]
    _classes: Classes | None
    _by_class: dict[str, Floats]
    _uncertainty: Uncertainty | None
    _individual: Individual | None
    _drawn: Parameters | None = None  # in place of the estimates, while intervals are computed
    unidentified_: dict[Any, str]

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
        students = None
        if state is not None:
            students = self._students_of(state, log)
            state.check_order(log, students)
        codes = self._skill_codes(log, self.skills_.tolist() if state is None else [*state.skills])
        p_correct = self._pass(log, codes, state, students).p_correct
        return np.stack((1 - p_correct, p_correct), axis=1)

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
        everyone = np.arange(len(students))
        state = self.init_state(len(students))
        if len(log):
            self._advance(state, log, everyone)
        found = self.state_mastery(state, everyone, students, when=when)
        if self._uncertainty is None or not len(log):
            return found
        lower, upper = self._mastery_interval(log, found)
        return replace(found, lower=lower, upper=upper)

    def _mastery_interval(self, log: ResponseLog, found: Mastery) -> tuple[Floats, Floats]:
        """What mastery might as well be, the parameters being estimates: 95% on the logit scale.

        Beliefs are computed again from parameters drawn around their estimates.
        """
        assert self._uncertainty is not None
        everyone = np.arange(len(found.students))

        def samples() -> Iterator[Floats]:
            table, rng = self._table, np.random.default_rng(0)
            assert self._uncertainty is not None
            for drawn in self._uncertainty.draws(table, _DRAWS, rng):
                other = copy(self)
                other._drawn = drawn
                state = other.init_state(len(everyone))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DataWarning)  # said once already
                    other._advance(state, log, everyone)
                yield other.state_mastery(state, everyone, when=found.when).value

        return interval(found.value, spread_of(samples(), found.value), 0.95)

    def intervals(self, level: float = 0.95) -> dict[str, NDArray[Any]]:
        """Every estimated parameter with its standard error and interval.

        Intervals are symmetric on the logit scale, from the observed information. A parameter
        that is fixed, or ended at a limit, has none.

        Parameters
        ----------
        level : float
            The share of intervals that cover, in (0, 1).

        Returns
        -------
        dict of columns
            ``parameter``, ``skill``, ``class`` (None where it does not differ by class, or for
            other classes), ``value``, ``standard_error`` (of the logit), ``lower``, ``upper``.

        Raises
        ------
        StateError
            The model was fitted without ``uncertainty=True``.
        """
        self._check_fitted()
        open_ends = Interval(0, 1, closed="neither")
        check_parameters("intervals", {"level": level}, {"level": [open_ends]})
        if self._uncertainty is None:
            raise StateError("no standard errors were computed; fit with uncertainty=True")
        table = self._table
        errors = self._uncertainty.standard_errors([len(field) for field in table])
        rows = []
        for name, values, error in zip(Parameters._fields, table, errors, strict=True):
            lower, upper = interval(values, error, level)
            for cell, (skill, label) in enumerate(self._cell_names(name)):
                if cell != len(self.skills_):  # the common parameters are no estimate of a skill's
                    rows.append(
                        (name, skill, label, values[cell], error[cell], lower[cell], upper[cell])
                    )
        names = ("parameter", "skill", "class", "value", "standard_error", "lower", "upper")
        columns = table_of(rows, names)
        return {n: c if i < 3 else c.astype(np.float64) for i, (n, c) in enumerate(columns.items())}

    def identifiability(self) -> dict[str, NDArray[Any]]:
        """What the answers leave undetermined, or determine implausibly.

        Returns
        -------
        dict of columns
            ``skill``, ``finding`` (``unidentified``, ``degenerate``, ``at an end``; with
            ``uncertainty=True`` also ``flat direction``), ``detail``. No rows: nothing to tell.
        """
        self._check_fitted()
        n = len(self.skills_)
        table = self._table
        owners = []
        for name in Parameters._fields:
            own = np.arange(n + 1)
            if name in self._by_class and self._classes is not None:
                own = self._classes.tables[name].owner
            owners.append(np.delete(own, n))
        values = Parameters(*(np.delete(field, n) for field in table))
        labels = self.skills_.tolist()
        rows = findings(values, Cells(*owners), labels, self.unidentified_, self._uncertainty)
        return table_of(rows, ("skill", "finding", "detail"))

    @property
    def class_parameters_(self) -> dict[str, NDArray[Any]]:
        """Parameters by class: columns ``parameter``, ``skill``, ``class``, ``value``.

        A class is the value of its column, or a tuple where there are several: those of the
        earlier response, those of the later one, and the number of the gap (0 below the first
        of `gaps`).
        """
        self._check_fitted()
        rows = [
            (name, skill, label, float(value))
            for name, values in self._by_class.items()
            for (skill, label), value in zip(
                self._cell_names(name)[len(self.skills_) + 1 :], values, strict=True
            )
        ]
        return table_of(rows, ("parameter", "skill", "class", "value"))

    def _cell_names(self, parameter: str) -> list[tuple[Any, Any]]:
        """Skill and class of each cell of a parameter; None where there is no one."""
        skills = self.skills_.tolist()
        names: list[tuple[Any, Any]] = [(skill, None) for skill in [*skills, None]]
        if parameter in self._by_class and self._classes is not None:
            table = self._classes.tables[parameter]
            for skill, (earlier, later, gap) in zip(
                table.split()[0].tolist(), table.labels(), strict=True
            ):
                names.append((skills[skill], table.scheme.joined_label(earlier, later, gap)))
        return names

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
        self,
        state: BKTState,
        students: Any,
        skills: Iterable[Any],
        *,
        items: Iterable[Any] | None = None,
    ) -> NDArray[np.float64]:
        """P(correct) of a next response by each student on the paired skill.

        Parameters
        ----------
        state : BKTState
        students : int array, shape (n,)
            The state's numbers.
        skills : sequence of n labels
            A label the model does not know is predicted from the common parameters.
        items : sequence of n labels, optional
            Where the model knows items' difficulties; without, and for one it does not know,
            the item is of average difficulty.

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
        which, table = self._which(codes), self._table
        p_known = self._before_next(state, numbers, which, state.find(numbers, codes))
        if self._individual is None:
            return probability_correct(p_known, table.guess[which], table.slip[which])
        places = self._individual.items
        named = [None] * len(labels) if items is None else list(items)
        if len(named) != len(labels):
            raise StateError(f"{len(labels)} skills and {len(named)} items; give pairs")
        item_codes = np.array([places.get(label, len(places)) for label in named], np.int64)
        return chance_of_right(
            self._individual, state, numbers, Cells.same(which), item_codes, p_known
        )

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
        rows, columns, slots = state.cells(students, n_skills)
        value = np.tile(self.parameters_["prior"], (len(students), 1))
        if when == "after_response":
            value[rows, columns] = state.p_known[slots]
        elif self._individual is None:
            value[rows, columns] = self._before_next(state, students[rows], columns, slots)
        else:  # abilities tell something of skills that were never answered too
            met = np.full(value.shape, -1)
            met[rows, columns] = slots
            who, which = np.repeat(students, n_skills), np.tile(np.arange(n_skills), len(students))
            value = self._before_next(state, who, which, met.ravel()).reshape(value.shape)
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
        """Every cell's parameters: the skills', the common ones, then those of classes."""
        if self._drawn is not None:
            return self._drawn
        none = np.empty(0)
        return Parameters(
            *(
                np.concatenate(
                    (
                        self.parameters_[name],
                        [self.pooled_[name]],
                        self._by_class.get(name, none),
                    )
                )
                for name in Parameters._fields
            )
        )

    def _before_next(self, state: BKTState, students: Ints, which: Ints, slots: Ints) -> Floats:
        """P(known) as a next response begins, of which no class is known but that it comes.

        `which` are the skills as `_table` numbers them; slots are -1 where there was none yet.
        """
        met = np.flatnonzero(slots >= 0)
        cells = Cells.same(which)
        if self._classes is not None and state.last is not None:
            moved = {}
            for field in ("learn", "forget"):
                classes = self._classes.tables[field]
                moved[field] = which
                if classes.scheme and not classes.scheme.later and not classes.scheme.gap:
                    earlier = np.full(len(which), -1)
                    earlier[met] = getattr(state.last, field)[slots[met]]
                    zero = np.zeros_like(which)
                    key = classes.key(which, earlier, zero, zero)
                    moved[field] = classes.cells(which, key)
            cells = cells._replace(**moved)
        if self._individual is not None:
            return before_next(self._individual, state, students, cells, slots)
        table = self._table
        known = table.prior[which]
        learn, forget = table.learn[cells.learn[met]], table.forget[cells.forget[met]]
        known[met] = next_opportunity(state.p_known[slots[met]], learn, forget)
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

    def _pass(
        self, log: ResponseLog, codes: Ints, state: BKTState | None, students: Ints | None
    ) -> Passed:
        """Predictions by row, and beliefs after each sequence; nothing is changed."""
        sequences, which = log.sequences, self._which(codes)
        slots = np.full(len(codes), -1)
        if state is not None and students is not None:
            slots = state.find(students[sequences.minor], codes)
        if self._individual is not None:
            cells = self._entry_cells(log, which, state, slots)
            after = pass_along(self._individual, log, cells, state, students, slots)
            return Passed(after.p_correct, after.chains.p_known, after, slots)
        found = self._filter(log, which, state, slots)
        p_correct = found.p_correct
        if log.skill_rows is not None:
            size = np.bincount(log.skill_rows, minlength=len(log))
            p_correct = np.bincount(log.skill_rows, weights=p_correct, minlength=len(log)) / size
        return Passed(p_correct, found.p_known, None, slots)

    def _filter(
        self, log: ResponseLog, which: Ints, state: BKTState | None, slots: Ints
    ) -> Filtered:
        sequences, table = log.sequences, self._table
        first = Cells.same(which)  # cells of each sequence's first response
        cells: Cells | Ints = which
        if self._classes is not None:
            cells = self._entry_cells(log, which, state, slots)
            first = cells.take(sequences.order[sequences.starts])
        known = table.prior[first.prior]
        if state is not None:
            met = np.flatnonzero(slots >= 0)
            learn, forget = table.learn[first.learn[met]], table.forget[first.forget[met]]
            known[met] = next_opportunity(state.p_known[slots[met]], learn, forget)
        return filter_sequences(
            sequences, history_symbols(log), table, cells, known, skill_rows=log.skill_rows
        )

    def _entry_cells(
        self, log: ResponseLog, which: Ints, state: BKTState | None, slots: Ints
    ) -> Cells:
        """The cells of every entry, where parameters differ by class."""
        sequences = log.sequences
        skills = np.empty(len(sequences.order), np.int64)
        skills[sequences.order] = np.repeat(which, sequences.lengths)
        if self._classes is None:
            return Cells.same(skills)
        before = None
        if state is not None and state.last is not None:
            met, place = slots >= 0, np.maximum(slots, 0)
            before = Before(met, *(field[place] for field in state.last))
        return find_cells(log, self._classes, skills, before)

    def _advance(self, state: BKTState, log: ResponseLog, students: Ints) -> None:
        """Take a checked log into a state; `students` gives each label's number."""
        sequences, skills = log.sequences, list(state.skills)
        codes = self._skill_codes(log, skills)
        passed = self._pass(log, codes, state, students)
        state.skills = skills
        if self._classes is not None and self._classes.by_transition:
            state.note_classes()
        slots = state.touch(students[sequences.minor], codes, passed.slots)
        counts = sequences.lengths
        if len(log) and log.correct.min() < 0:
            answered = (history_symbols(log) != EXPOSURE)[sequences.order]
            counts = np.add.reduceat(answered.astype(np.int64), sequences.starts)
        state.write(slots, passed.p_known, counts)
        if passed.students is not None:
            present = np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
            store(state, passed.students, students, present, slots)
        if state.last is not None and self._classes is not None:
            last = last_classes(log, self._classes)
            state.last.time[slots] = last_times(log)
            state.last.learn[slots], state.last.forget[slots] = last["learn"], last["forget"]
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
