"""The contract of a model, for one that says what it remembers and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ProblemsError, ResponseDataError, StateError, quiet
from adaptlearn.labels import saved_labels
from adaptlearn.models.base import MODEL_KIND, KnowledgeTracer
from adaptlearn.models.estimates import Estimates, blocks_of_students, entries_of
from adaptlearn.models.mastery import When
from adaptlearn.models.sequential.encoding import NO_ITEM, Encoded, encode
from adaptlearn.models.sequential.levels import Level, Memory, narrow_from, scan
from adaptlearn.models.sequential.questions import Questioned
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.state import check_n_students
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.serialization import Arrays, array_digests, fingerprint, write_archive
from adaptlearn.validation import Numbers, array_problems

_AT_ONCE = 1 << 16  # pairs of student and skill whose mastery is asked for together
_ROWS_AT_ONCE = 1 << 17  # responses that are gone along together, with questions among them

ChanceOf = Callable[[Floats, Ints | slice, int], Floats]
"""P(correct) of what is read for some skill entries of a log, before (0) or after (1) them."""


class SequentialTracer(KnowledgeTracer):
    """A model whose state is rows of numbers; every answer changes the state in O(1).

    A subclass defines `fit`, which calls `_training_log` first and `_ready` last. It also defines

    - `_widths`: how many numbers the state stores for a student, for a student on a skill, and for
      a student on an item; all numbers are 0 before the first answer
    - `_look` reads a level's memory, `_n_read` numbers for each response
    - `_learn` updates the memory with the answers, in place
    - `_chance` computes P(correct) from the numbers that `_look` read, for any number of responses
      at once
    - `_arrays`: the results of the fit, by name; `_restore_arrays`, the inverse of `_arrays`; and
      `_expected`, the conditions that the arrays of a file must meet
    - `_signed`: which columns of the memory may be below 0
    - `_prepared`, if the model needs more of the log than one level
    - `_follow_few`, if the model can process a few students faster than response by response
    - `_advance_with_estimates`, if the model replaces `_ask`: the estimates of `_ask`, in one pass

    The position of a skill or item is its position in `skills_` or `items_`. A skill or item that
    the model does not know gets a position after the known skills or items, so that the state can
    store its history. If a response has no item, the position of the item is -1.

    Attributes
    ----------
    skills_, items_ : arrays
        Labels of the skills and items of the training log, sorted. If the training log has no
        items, `items_` is empty.
    n_answers_ : int array, shape (n_skills,)
        The number of training answers on each skill.
    """

    skills_: NDArray[Any]
    items_: NDArray[Any]
    n_answers_: NDArray[np.int64]
    _n_read: int = 1
    _needs_items: ClassVar[bool] = False
    _reads_entries: ClassVar[bool] = False
    """Whether `_look` reads each skill of a response by itself, shape (n_entries, n_read)."""
    _few: ClassVar[int] = 0
    """Levels of fewer responses are left to `_follow_few`, where they are `_many_levels`."""
    _many_levels: ClassVar[int] = 1

    @property
    def _widths(self) -> Widths:
        raise NotImplementedError

    def _look(self, level: Level, memory: Memory) -> Floats:
        raise NotImplementedError

    def _learn(self, level: Level, memory: Memory) -> None:
        raise NotImplementedError

    def _chance(self, read: Floats) -> Floats:
        raise NotImplementedError

    def _arrays(self) -> dict[str, NDArray[Any]]:
        raise NotImplementedError

    def _restore_arrays(self, arrays: Arrays) -> None:
        raise NotImplementedError

    def _expected(
        self,
        arrays: Arrays,  # noqa: ARG002 - what subclasses tell by
        n_skills: int,  # noqa: ARG002
        n_items: int,  # noqa: ARG002
    ) -> dict[str, Numbers] | None:
        """What `_arrays` gives of a model of so many skills and items; `arrays` are a file's.

        None takes them unseen.
        """
        return None

    def _signed(self) -> Signed:
        """Which columns of the memory may be below 0."""
        return Signed()

    def _prepared(self, encoded: Encoded, memory: Memory) -> Floats | None:  # noqa: ARG002
        """Columns for `Level.extra`, shape (n, n_extra), from all responses at once."""
        return None

    def init_state(self, n_students: int) -> SequentialState:
        """A new state for students who have not answered yet."""
        self._check_fitted()
        check_n_students(n_students)
        return SequentialState(
            self.fingerprint_,
            self.skills_.tolist(),
            self.items_.tolist(),
            n_students,
            self._widths,
        )

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - documented in the base
        state.check_signs(self._signed())

    def _chance_of_next(
        self, state: SequentialState, students: Ints, skills: list[Any], items: list[Any], time: Any
    ) -> Floats:
        names = state.names
        sets = [skill if isinstance(skill, (list, tuple)) else [skill] for skill in skills]
        flat = [label for skills_of_one in sets for label in skills_of_one]
        self._tell_strange(flat, state.known_skills.column)
        beyond = len(names.skills)
        skill = np.array([names.skills.get(label, beyond) for label in flat], np.int64)
        sizes = np.array([len(skills_of_one) for skills_of_one in sets], np.int64)
        if len(sizes) and sizes.min() == 0:
            raise StateError("a response without a skill; give one or more for each")
        # One that nobody has answered has no history to find; -1 stands for no item at all.
        nowhere = len(names.items)
        item = np.array(
            [-1 if label is None else names.items.get(label, nowhere) for label in items], np.int64
        )
        return self._ask(state, students, skill, item, sizes=sizes, time=time)

    def _values(
        self,
        state: SequentialState,
        students: Ints,
        skills: Ints,
        when: When,  # noqa: ARG002 - nothing is learnt between a response and the next
    ) -> Floats:
        n_skills = len(skills)
        value = np.empty((len(students), n_skills))
        step = max(1, _AT_ONCE // max(n_skills, 1))
        for lo in range(0, len(students), step):
            some_students = students[lo : lo + step]
            who = np.repeat(some_students, n_skills)
            skill = np.tile(skills, len(some_students))
            chance = self._ask(state, who, skill, np.full(len(who), -1))
            value[lo : lo + step] = chance.reshape(-1, n_skills)
        return value

    def _counts(self, state: SequentialState, students: Ints, skills: Ints) -> NDArray[np.int64]:
        return state.answers(students, skills)

    def _write(self, path: str | PathLike[str]) -> None:
        write_archive(path, MODEL_KIND, self._content(), self._all_arrays())

    def _restore(self, manifest: Mapping[str, Any], arrays: Arrays) -> None:
        self.set_params(**_settings_back(manifest["settings"]))
        self._check_parameters()
        skills = saved_labels(manifest["skills"], "skills")
        items = saved_labels(manifest["items"], "items")
        expected = self._expected(arrays, len(skills), len(items))
        if expected is not None:
            expected["n_answers"] = Numbers((len(skills),), low=0, whole=True)
            if problems := array_problems(arrays, expected):
                raise ProblemsError("arrays", problems)
        self._restore_arrays({k: v for k, v in arrays.items() if k != "n_answers"})
        self._ready(skills, items, arrays["n_answers"])

    def _training_log(self, log: Any) -> ResponseLog:
        """A log that a model can be fitted to, or the error that says why not."""
        self._check_parameters()
        responses = as_log(log)
        problems = []
        if not responses.answered.any():
            problems.append("it has no answers; expected responses")
        if self._needs_items and responses.item is None:
            problems.append(f"it has no items; {type(self).__name__} needs a column item")
        if problems:
            raise ResponseDataError("response log", problems)
        return responses

    def _ready(self, skills: list[Any], items: list[Any], n_answers: Ints) -> Self:
        """Become a fitted model, once its arrays are in their attributes."""
        self.classes_ = np.array([0, 1])
        self.skills_, self.items_ = _labels(skills), _labels(items)
        self.n_answers_ = np.asarray(n_answers, np.int64)
        # Those of the fit: arguments that are set later do not change what was fitted.
        self._fitted_settings = self._settings()
        # What tells models apart: the labels and arrays that predictions depend on.
        told = {
            "model": type(self).__name__,
            "skills": skills,
            "items": items,
            "arrays": array_digests(self._all_arrays()),
            "settings": self._fitted_settings,
        }
        self.fingerprint_ = fingerprint(told)
        return self

    def _content(self) -> dict[str, Any]:
        return {
            "model": type(self).__name__,
            "skills": self.skills_.tolist(),
            "items": self.items_.tolist(),
            "settings": self._fitted_settings,
            "fingerprint": self.fingerprint_,
        }

    def _settings(self) -> dict[str, Any]:
        """Constructor arguments as JSON holds them."""
        return _settings_out(self._kept_params())

    def _all_arrays(self) -> dict[str, NDArray[Any]]:
        return {**self._arrays(), "n_answers": self.n_answers_}

    def _one_step_ahead(
        self, log: ResponseLog, state: SequentialState | None, numbers: Ints | None
    ) -> Floats:
        read, encoded = self._read(log, state, numbers)
        return encoded.in_rows(self._chance(read))

    def _read(
        self, log: ResponseLog, state: SequentialState | None = None, numbers: Ints | None = None
    ) -> tuple[Floats, Encoded]:
        """What `_look` reads of each row before its answer, and the log in codes."""
        start = self.init_state(log.n_students) if state is None else state
        encoded = self._encoded(log, start)
        who = np.arange(log.n_students) if numbers is None else numbers
        memory = start.memory(encoded, who)
        return self._along(encoded, memory), encoded

    def _along(self, encoded: Encoded, memory: Memory) -> Floats:
        """What `_look` reads of each response; the memory takes the answers in."""
        n_wide = self._n_wide(encoded)
        found = scan(
            encoded,
            memory,
            extra=self._prepared(encoded, memory),
            look=self._look,
            learn=self._learn,
            width=self._n_read,
            by_entry=self._reads_entries,
            n_levels=n_wide,
        )
        if n_wide < len(encoded.bounds) - 1:
            rest = encoded.after(n_wide)
            size = len(rest.skill) if self._reads_entries else len(rest.rows)
            found[-size:] = self._follow_few(rest, memory)
        return found

    def _learn_along(self, encoded: Encoded, memory: Memory) -> None:
        """As `_along`, with nothing read."""
        n_wide = self._n_wide(encoded)
        extra = self._prepared(encoded, memory)
        scan(encoded, memory, extra=extra, learn=self._learn, n_levels=n_wide)
        if n_wide < len(encoded.bounds) - 1:
            self._follow_few(encoded.after(n_wide), memory)

    def _follow_few(self, encoded: Encoded, memory: Memory) -> Floats:
        """As `_along`, for many levels of few responses each."""
        raise NotImplementedError

    def _n_wide(self, encoded: Encoded) -> int:
        """How many levels are gone along one by one."""
        n_levels = len(encoded.bounds) - 1
        n_wide = narrow_from(encoded.bounds, self._few)
        return n_wide if n_levels - n_wide >= self._many_levels else n_levels

    def _encoded(self, log: ResponseLog, state: SequentialState) -> Encoded:
        names = state.names.with_those_of(log)
        self._tell_strange(list(names.skills)[len(state.skills) :])
        return encode(log, names, item_pairs=self._widths.item > 0)

    def _advance(self, state: SequentialState, log: ResponseLog, numbers: Ints) -> None:
        encoded = self._encoded(log, state)
        memory = state.memory(encoded, numbers)
        self._learn_along(encoded, memory)
        self._keep(state, log, numbers, encoded, memory)

    def _keep(
        self,
        state: SequentialState,
        log: ResponseLog,
        numbers: Ints,
        encoded: Encoded,
        memory: Memory,
    ) -> None:
        """Store what a log leaves."""
        state.learn_names(state.names.with_those_of(log))
        state.take(encoded, numbers, memory)
        state.note_times(log, numbers)

    def _advance_with_estimates(
        self, state: SequentialState, log: ResponseLog, numbers: Ints
    ) -> Estimates:
        return self._advance_asking(state, log, numbers, lambda read, *_: self._chance(read))

    def _advance_asking(
        self, state: SequentialState, log: ResponseLog, numbers: Ints, chance: ChanceOf
    ) -> Estimates:
        """As `_advance_with_estimates`; `chance` makes P(correct) of what `_look` reads."""
        blocks = blocks_of_students(log, _ROWS_AT_ONCE)
        if len(blocks) == 1:
            return self._advance_block(state, log, numbers, chance)
        self._encoded(log, state)  # refuses and warns before anything changes
        found = Estimates.empty(len(log.skill.codes))
        for rows in blocks:
            entries = entries_of(log, rows)

            def of_block(
                read: Floats, own: Ints | slice, turn: int, entries: Ints = entries
            ) -> Floats:
                return chance(read, entries[own], turn)

            with quiet():
                part = self._advance_block(state, log[rows], numbers, of_block)
            found.before[entries], found.after[entries] = part
        return found

    def _advance_block(
        self, state: SequentialState, log: ResponseLog, numbers: Ints, chance: ChanceOf
    ) -> Estimates:
        """As `_advance_asking`, of responses that are gone along together."""
        encoded = self._encoded(log, state)
        asked = Questioned.of(encoded, state.last_time[numbers[encoded.students]])
        memory = state.memory(asked.encoded, numbers)
        read = self._along(asked.encoded, memory)
        own = memory._replace(item=memory.item[: len(encoded.item_pairs)])
        self._keep(state, log, numbers, encoded, own)
        found, entries = [], entries_of(log, encoded.rows)
        for turn, questions in enumerate((asked.before, asked.after)):
            place = np.empty_like(questions)
            place[entries] = questions
            if self._reads_entries and asked.encoded.starts is not None:
                place = asked.encoded.starts[place]
            found.append(chance(read[place], slice(None), turn))
        return Estimates(*found)

    def _ask(
        self,
        state: SequentialState,
        students: Ints,
        skill: Ints,
        item: Ints,
        *,
        sizes: Ints | None = None,
        time: Any = None,
    ) -> Floats:
        """P(correct) of responses that nobody has given; `sizes` says how many skills each has."""
        asked = self._asked(state, students, skill, item, sizes=sizes, time=time)
        return self._chance(self._look(*asked))

    def _asked(
        self,
        state: SequentialState,
        students: Ints,
        skill: Ints,
        item: Ints,
        *,
        sizes: Ints | None,
        time: Any,
    ) -> tuple[Level, Memory]:
        """Responses that nobody has given as a level, and what is remembered before them."""
        n = len(students)
        starts, owner = None, np.arange(n)
        several = sizes is not None and len(skill) > n
        if several and sizes is not None:
            starts, owner = np.cumsum(sizes) - sizes, np.repeat(owner, sizes)
        memory = state.memory_of(students, skill, owner, np.where(item < 0, NO_ITEM, item))
        when = state.last_time[students] if time is None else np.broadcast_to(time, n)
        # Who has not answered has no history that a moment could make older: any will do.
        when = np.where(np.isfinite(when), when, 0.0).astype(np.float64)
        level = Level(
            skill=skill,
            item=item,
            time=None if state.clock == "none" and time is None else when,
            correct=np.full(n, -1, np.int8),
            starts=starts,
            owner=owner if several else None,
            extra=np.empty((n, 0)),
        )
        return level, memory


def training_labels(log: ResponseLog) -> tuple[list[Any], list[Any], Ints]:
    """The skills and items that occur in a log, sorted, and the number of answers on each skill."""
    counts = np.bincount(log.skill.codes, minlength=log.n_skills)
    present = np.flatnonzero(counts)
    answered = log.answered if log.skill_rows is None else log.answered[log.skill_rows]
    answers = np.bincount(log.skill.codes[answered], minlength=log.n_skills)[present]
    items: list[Any] = []
    if log.item is not None:
        used = np.flatnonzero(np.bincount(log.item.codes, minlength=len(log.item.labels)))
        items = log.item.labels[used].tolist()
    return log.skill.labels[present].tolist(), items, answers


def _labels(labels: list[Any]) -> NDArray[Any]:
    if all(isinstance(label, int) for label in labels):
        return np.array(labels, np.int64)
    array = np.empty(len(labels), object)
    array[:] = labels
    return array


def _settings_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Constructor arguments as JSON holds them."""
    plain = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in settings.items()
    }
    return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}


def _settings_back(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Constructor arguments of a saved model; sequences come back as tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
