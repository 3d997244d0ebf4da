"""The mastery of many students, by name, over one fitted model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, count
from os import PathLike
from threading import RLock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError, StateError
from adaptlearn.labels import (
    LabelIndex,
    label_array,
    label_list,
    label_of,
    plain,
    refuse_other_kind,
    saved_labels,
)
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.estimates import Estimates
from adaptlearn.models.mastery import Mastery, When
from adaptlearn.models.state import StudentState
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.log import ResponseLog, as_log
from adaptlearn.serialization import (
    Arrays,
    archive_bytes,
    read_archive,
    read_archive_bytes,
    reading,
    write_archive,
)
from adaptlearn.tables import html_card
from adaptlearn.tracking.clock import DAY, refuse_the_future, seconds_of
from adaptlearn.tracking.intervals import with_intervals
from adaptlearn.tracking.practice import Practice
from adaptlearn.tracking.record import PracticeRecord
from adaptlearn.wording import counted

_KIND = "adaptlearn-tracker"


class MasteryTracker:
    """Tracks what each of many students knows now, according to a fitted model.

    An update with an answer takes O(1) time, because the tracker stores beliefs and no history. A
    student who has not answered uses no memory and has the model's prior for every skill.

    Parameters
    ----------
    model : KnowledgeTracer
        Fitted.
    practice : bool, default False
        Whether the tracker also stores what students did on each skill: streaks, moving averages,
        the times of the last answers. Some mastery criteria and some policies need the practice
        data. With ``practice=True``, an update takes longer, because the tracker also needs the
        model's estimates before and after each answer. The time still grows in proportion to the
        number of answers, even if one student gave all of them.

    Attributes
    ----------
    students : array, shape (n_students,)
        Labels of the students who have answered so far, in the order of their first answers.
    skills : array, shape (n_skills,)
        Labels of the model's skills, and of other skills that students have practised.
    fingerprint : str
        The model's fingerprint.

    Notes
    -----
    Threads may share a tracker. A lock lets only one call run at a time, so no call sees a
    half-finished update. Between two of your calls, another thread may update the tracker. `update`
    takes in a whole batch or, if it raises, none of it.

    You may pass answers one by one or all at once: the beliefs and the practice data are the same,
    bit for bit. All models of the library pass over a batch once, with ``practice=True`` too. There
    is one exception: an individualised BKT whose batch has responses with several skills. With this
    exception, and with a model of your own, the tracker passes over the batch several times: as
    often as the student with the most answers has answers in the batch.

    A student may practise a skill that was not in the model's training log. For a new skill, the
    first prediction is the model's prediction for unknown skills, and answers change the
    prediction. Tables of mastery, counts and practice get a column for each new skill. The columns
    of new skills come after the columns of the model's skills, sorted by label. At the first
    response on a new skill, a warning lists known skills with similar names, because the name of
    the new skill may be misspelled.

    The tracker recognises late answers by their times. Ids decide the order of responses only
    within one batch. The tracker does not store ids, so an event that is delivered twice counts
    twice.

    Examples
    --------
    >>> from adaptlearn import MasteryTracker
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.simulation import simulate_school
    >>> model = BKT().fit(simulate_school(n_students=200, random_state=3).responses)
    >>> tracker = MasteryTracker(model)
    >>> skill = model.skills_[0]
    >>> before = tracker.predict(["mia"], [skill])[0]
    >>> tracker.update({"student": ["mia"] * 3, "skill": [skill] * 3, "correct": [1, 1, 1]})
    MasteryTracker(1 student over BKT())
    >>> bool(tracker.predict(["mia"], [skill])[0] > before)
    True
    """

    def __init__(self, model: KnowledgeTracer, *, practice: bool = False) -> None:
        if not hasattr(model, "init_state"):
            raise ParameterError(
                "MasteryTracker",
                [f"model is a {type(model).__name__}; expected a fitted model, as BKT().fit(log)"],
            )
        self.model = model
        self._lock = RLock()
        self._practice = PracticeRecord(model.skills_.tolist()) if practice else None
        # Number 0 is nobody, and stays as it began: it stands for all who were never met.
        self._state = model.init_state(1)
        self._number: dict[Any, int] = {}
        self._free: list[int] = []  # numbers of students who were forgotten

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = RLock()

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint; a saved tracker can be loaded only with this very model."""
        return self.model.fingerprint_

    @property
    def students(self) -> NDArray[Any]:
        """Labels of the students who have answered so far, in the order in which they came."""
        with self._lock:
            return label_array(self._number)

    @property
    def skills(self) -> NDArray[Any]:
        """Labels of the model's skills, then of other practised skills; read-only."""
        with self._lock:
            return self._state.known_skills.labels

    def __len__(self) -> int:
        return len(self._number)

    def __repr__(self) -> str:
        n = len(self)
        return f"MasteryTracker({n:,} student{'' if n == 1 else 's'} over {self.model!r})"

    def _repr_html_(self) -> str:
        with self._lock:
            facts = [
                f"over {self.model!r}",
                counted(len(self), "student"),
                counted(self._state.n_answers, "answer"),
                counted(len(self.skills), "skill"),
            ]
            facts += [f"times: {self.clock}"] if self.clock not in (None, "none") else []
            facts += ["keeps practice"] if self._practice is not None else []
        return html_card("MasteryTracker", facts)

    @property
    def clock(self) -> str | None:
        """The kind of the answers' times; every time that you pass must be of this kind.

        It is ``"seconds"``, ``"naive"`` or ``"aware"`` (datetimes without or with a zone), or
        ``"none"`` if answers have no times. Before the first answer it is None.
        """
        return self._state.clock

    def update(self, responses: Any, *, max_ahead: float = DAY) -> Self:
        """Take in new responses.

        Parameters
        ----------
        responses : ResponseLog or frame with its standard columns
            Responses of any students, known or new. The tracker takes several answers of one
            student in the order of time, id and row.
        max_ahead : float
            How many seconds in the future the date of an answer may be; by default a day. If an
            answer had a date in 2099, every further answer of the student would count as late. The
            tracker compares datetimes with the clock of the machine. For datetimes without a zone,
            the tracker uses the time in the easternmost zone. Plain seconds may count from any
            moment, so the tracker does not compare plain seconds with the clock. With
            ``max_ahead=inf``, the tracker accepts any date.

        Raises
        ------
        ResponseDataError
            The error is raised if the date of an answer is too far in the future; the tracker then
            does not change.
        LateResponse
            The error is raised if an answer is older than the last known answer of the same
            student; the tracker then does not change. Use `rebuild` to replay the student's whole
            history.
        ResponseDataError, StateError
        """
        log = as_log(responses)
        refuse_the_future(log, max_ahead)
        used = _used(log)
        students = np.zeros(log.n_students, np.int64)
        with self._lock:
            self._refuse_other_kinds(log)
            if not len(log):
                return self
            number = self._numbered(log.student.labels[used].tolist())
            students[used] = list(number.values())
            self._state.grow(int(students.max()) + 1)
            _take(self.model, self._state, self._practice, log, students)
            self._meet(number)
        return self

    def rebuild(self, history: Any, *, max_ahead: float = DAY) -> Self:
        """Replay the whole history of some students, and replace what the tracker knows about them.

        If you set a student's first beliefs with `believe`, the replay begins with these beliefs.

        Parameters
        ----------
        history : ResponseLog or frame with its standard columns
            All responses of the students to rebuild, including the late responses. Your platform
            must store the history, because the tracker stores only beliefs.
        max_ahead : float
            As in `update`.

        Raises
        ------
        ResponseDataError, StateError
            Nothing is changed.
        """
        log = as_log(history)
        refuse_the_future(log, max_ahead)
        used = _used(log)
        place = np.zeros(log.n_students, np.int64)
        place[used] = np.arange(len(used))
        with self._lock:
            self._refuse_other_kinds(log)
            self._state.check_clock(log)
            if not len(log):
                return self
            number = self._numbered(log.student.labels[used].tolist())
            # Beside the others' state: a replay that fails must not leave its students forgotten.
            state = self._state.blank(len(used))
            state.keep_told(self._state, np.array(list(number.values())))
            practice = None if self._practice is None else self._practice.blank()
            _take(self.model, state, practice, log, place)
            students = np.array(list(number.values()))
            self._state.grow(int(students.max()) + 1)
            self._state.replace(students, state)
            if self._practice is not None and practice is not None:
                self._practice.replace(students, practice)
            self._meet(number)
        return self

    def believe(self, student: Any, known: Mapping[Any, float]) -> Self:
        """Set what a student knows at the start, from a placement or another source.

        After a placement, the method ``apply`` of the placement's result calls `believe` for you.
        The values that you set replace the model's priors for the student, and answers update the
        values as usual. The values that you set are not answers, so `counts` and `practice` do not
        change. `save` stores the values that you set, and `rebuild` begins with these values.

        Parameters
        ----------
        student : label
            A student who is new to the tracker, or known.
        known : mapping of skill to probability
            For each skill, P(known): a probability above 0 and below 1. The tracker accepts a skill
            that was not in the training log, with a warning. If you set the value of a skill twice,
            the later value counts.

        Raises
        ------
        StateError
            The error is raised if the model has no P(known); only some models, such as BKT, have
            P(known). The error is also raised if the student has already answered on some of the
            skills in `known`, because `believe` sets only first beliefs.
        ParameterError, UnknownLabelError
            Nothing is changed.

        Examples
        --------
        >>> from adaptlearn import MasteryTracker
        >>> from adaptlearn.models import BKT
        >>> model = BKT.from_parameters({"skill": ["add"], "prior": [.3], "learn": [.2],
        ...                              "guess": [.2], "slip": [.1]})
        >>> tracker = MasteryTracker(model).believe("mia", {"add": 0.9})
        >>> tracker.mastery(["mia", "ben"]).value.tolist()
        [[0.9], [0.3]]
        """
        labels = self._skills([*known])
        told = dict(zip(labels, known.values(), strict=True))
        name = label_of(student, "student")
        with self._lock:
            number = self._numbered([name])
            self._state.grow(number[name] + 1)
            self.model.tell(self._state, number[name], told)
            self._meet(number)
        return self

    def forget(self, students: Iterable[Any]) -> Self:
        """Remove students and everything that the tracker stores about them.

        The time that `forget` takes depends on how much the tracker stores about the removed
        students, not about all students.

        Parameters
        ----------
        students : sequence of labels
            Students that the tracker has met.

        Raises
        ------
        UnknownLabelError
            The error is raised if the tracker has not met some of the students; the method then
            removes no student.

        Examples
        --------
        >>> from adaptlearn import MasteryTracker
        >>> from adaptlearn.models import BKT
        >>> model = BKT.from_parameters({"skill": ["add"], "prior": [.3], "learn": [.2],
        ...                              "guess": [.2], "slip": [.1]})
        >>> tracker = MasteryTracker(model)
        >>> tracker.update({"student": ["mia", "ben"], "skill": ["add"] * 2, "correct": [1, 0]})
        MasteryTracker(2 students over BKT())
        >>> tracker.forget(["mia"]).students.tolist()
        ['ben']
        """
        labels = list(dict.fromkeys(label_list(students, "student")))
        with self._lock:
            LabelIndex("student", self._number).codes(labels)
            if not labels:
                return self
            numbers = np.array([self._number[label] for label in labels])
            self._state.forget(numbers)
            if self._practice is not None:
                self._practice.forget(numbers)
            for label in labels:
                self._free.append(self._number.pop(label))
        return self

    def _refuse_other_kinds(self, log: ResponseLog) -> None:
        """Refuse skills and items that are texts where integers are known, or the reverse."""
        refuse_other_kind(log.skill.labels[:1].tolist(), self.skills, "skill")
        if log.item is not None:
            refuse_other_kind(log.item.labels[:1].tolist(), self._state.items, "item")

    def _numbered(self, labels: list[Any]) -> dict[Any, int]:
        """The numbers of students; those never met get free ones, and then the next."""
        self._refuse_mixture(labels)
        fresh = chain(self._free, count(len(self._number) + len(self._free) + 1))
        return {k: self._number[k] if k in self._number else next(fresh) for k in labels}

    def _meet(self, number: dict[Any, int]) -> None:
        """Remember what `_numbered` gave."""
        n_fresh = sum(label not in self._number for label in number)
        self._number.update(number)
        del self._free[:n_fresh]

    def mastery(
        self,
        students: Iterable[Any] | None = None,
        *,
        when: When = "next_opportunity",
        history: Any = None,
    ) -> Mastery:
        """How well students know each of `skills`: P(known), or P(correct).

        Parameters
        ----------
        students : sequence of labels, optional
            The students whose mastery the method returns, one row per student. By default all
            students whom the tracker has met. A student whom the tracker has never met has the
            prior of each skill.
        when : {"next_opportunity", "after_response"}
        history : ResponseLog or frame with its standard columns, optional
            All responses of these students so far. With them, the result has the intervals of a
            model that computes intervals, such as ``BKT(uncertainty=True)``; nan for students
            without responses. The tracker stores no responses, and the model needs them all.

        Raises
        ------
        StateError
            The error is raised if the history does not lead to what the tracker knows.
        """
        with self._lock:
            labels = self._everyone_or(students)
            numbers = self._numbers(labels)
            found = self.model.state_mastery(self._state, numbers, label_array(labels), when=when)
            if history is None:
                return found
            answered = self.model.state_counts(self._state, numbers).sum(axis=1) > 0
        return with_intervals(self.model, found, history, answered)

    def predict(
        self,
        students: Iterable[Any],
        skills: Iterable[Any],
        *,
        items: Iterable[Any] | None = None,
    ) -> Floats:
        """P(correct) of the next response, for pairs of student and skill or item, shape (n,)."""
        named, pair = None if items is None else label_list(items, "item"), self._skills(skills)
        labels = label_list(students, "student")
        with self._lock:
            refuse_other_kind(named or (), self._state.items, "item")
            numbers = self._numbers(labels)
            return self.model.predict_state(self._state, numbers, pair, items=named)

    def recall(self, students: Iterable[Any], skills: Iterable[Any], time: Any) -> Floats:
        """P(recall) of each skill for each student, at a given time.

        Parameters
        ----------
        students, skills : sequences of labels
            The students (one row for each) and the skills (one column for each) of the result.
            Students and skills may be unknown to the tracker.
        time : float or datetime, or array that broadcasts to (n_students, n_skills)
            The time to predict for: in seconds if the answers have seconds, otherwise as datetimes.

        Returns
        -------
        float array, shape (n_students, n_skills)
            P(recall) for each student and skill; nan if the student never had a question about the
            skill.

        Raises
        ------
        StateError
            The error is raised if the model does not predict the recall of skills, or if a time is
            before the student's last answer.
        """
        return self._recall("retrievability", students, skills, time)

    def recall_after_review(
        self,
        students: Iterable[Any],
        skills: Iterable[Any],
        time: Any,
        *,
        later: float,
        n_answers: int = 1,
    ) -> Floats:
        """P(recall) of each skill some time after a review that has not taken place yet.

        Parameters
        ----------
        students, skills, time
            As in `recall`. The review takes place at `time`.
        later : float
            The seconds from the review until P(recall) is asked for.
        n_answers : int, default 1
            The number of answers in the review. The first answer may be right or wrong, and both
            cases count with their probabilities. Further answers follow at once, and count as
            right.

        Returns
        -------
        float array, shape (n_students, n_skills)
            nan if the student never had a question about the skill.

        Raises
        ------
        StateError
            As in `recall`.

        Examples
        --------
        >>> from adaptlearn import MasteryTracker
        >>> from adaptlearn.models import HalfLifeRegression
        >>> day = 86400.0
        >>> log = {"student": [0, 0, 0, 1, 1, 1], "skill": ["add"] * 6,
        ...        "time": [0, day, 30 * day] * 2, "correct": [1, 1, 1, 0, 1, 0]}
        >>> memory = MasteryTracker(HalfLifeRegression(card="skill").fit(log)).update(log)
        >>> now, month = 40 * day, 30 * day
        >>> without = memory.recall([0], ["add"], now + month)
        >>> after = memory.recall_after_review([0], ["add"], now, later=month)
        >>> bool(after[0, 0] > without[0, 0])
        True
        """
        how = {"later": later, "n_answers": n_answers}
        return self._recall("retrievability_after_review", students, skills, time, **how)

    def _recall(
        self, name: str, students: Iterable[Any], skills: Iterable[Any], time: Any, **how: Any
    ) -> Floats:
        """What a method of a model of memory says of skills at a time."""
        ask = getattr(self.model, name, None)
        if ask is None:
            raise StateError(
                f"{type(self.model).__name__} does not say what is recalled after a time; use a "
                "model of memory, such as FSRS or HalfLifeRegression"
            )
        if self.model.card_ != "skill":  # type: ignore[attr-defined]
            raise StateError(
                f"this {type(self.model).__name__} remembers items, not skills; fit it with "
                "card='skill'"
            )
        labels, named = label_list(students, "student"), self._skills(skills)
        with self._lock:
            seconds = seconds_of(time, self.clock, "recall: time")
            recall: Floats = ask(self._state, self._numbers(labels), named, seconds, **how)
        return recall

    def counts(self, students: Iterable[Any] | None = None) -> NDArray[np.int64]:
        """How many answers each student gave on each of `skills`, shape (n_students, n_skills)."""
        with self._lock:
            numbers = self._numbers(self._everyone_or(students))
            return self.model.state_counts(self._state, numbers)

    def practice(self, students: Iterable[Any] | None = None) -> Practice | None:
        """What students did on each of `skills`; None if the tracker does not store practice.

        Parameters
        ----------
        students : sequence of labels, optional
            The students whose practice the method returns; by default all students who have
            answered so far.
        """
        if self._practice is None:
            return None
        with self._lock:
            numbers = self._numbers(self._everyone_or(students))
            return self._practice.table(numbers, self.skills.tolist())

    def estimates(self, history: Any) -> Estimates:
        """P(correct) before and after each response of some students' histories.

        The histories are replayed beside the tracker, which does not change. They begin with what
        `believe` set.

        Parameters
        ----------
        history : ResponseLog or frame with its standard columns
            All responses of some students whom the tracker has met, from the first one on.

        Returns
        -------
        Estimates
            The arrays ``before`` and ``after``, shape (n_entries,): for each response and each of
            its skills, P(correct) of the student's next response on the skill.

        Raises
        ------
        ResponseDataError, StateError

        Examples
        --------
        >>> from adaptlearn import MasteryTracker
        >>> from adaptlearn.models import BKT
        >>> model = BKT.from_parameters({"skill": ["add"], "prior": [.5], "learn": [0],
        ...                              "guess": [.2], "slip": [.2]})
        >>> log = {"student": ["ann"] * 2, "skill": ["add"] * 2, "correct": [1, 1]}
        >>> MasteryTracker(model).update(log).estimates(log).after.round(2).tolist()
        [0.68, 0.76]
        """
        log = as_log(history)
        with self._lock:
            numbers = self._numbers(log.student.labels.tolist())
            state = self._state.blank(len(numbers))
            state.keep_told(self._state, numbers)
            return self.model.update_with_estimates(state, log, students=np.arange(len(numbers)))

    def unmet(self, students: Iterable[Any]) -> list[Any]:
        """The students among `students` who have not answered yet."""
        labels = label_list(students, "student")
        with self._lock:
            return [label for label in labels if label not in self._number]

    def last_times(self, students: Iterable[Any]) -> Floats:
        """The time of each student's last answer, in seconds; -inf without answers."""
        labels = label_list(students, "student")
        with self._lock:
            return self._state.last_time[self._numbers(labels)]

    def portable(
        self, student: Any, skills: Iterable[Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """A part of the model and one student's beliefs, for a device without this library.

        Parameters
        ----------
        student : label
            A student, new or known.
        skills : sequence of labels
            Skills of the model.

        Returns
        -------
        model, student : dicts that JSON can hold, or None
            As `adaptlearn.runtime` reads a model and a student; None if the runtime cannot serve
            the model.
        """
        ask = getattr(self.model, "portable", None)
        if ask is None:
            return None
        codes = np.array(LabelIndex("skill", self.model.skills_).codes(label_list(skills, "skill")))
        with self._lock:
            (number,) = self._numbers([label_of(student, "student")])
            found: tuple[dict[str, Any], dict[str, Any]] | None = ask(self._state, number, codes)
        return found

    def learning_rates(self) -> Floats | None:
        """P(learning) of each skill from one opportunity; None if the model has no learning."""
        with self._lock:
            return self.model.learning_rates(self._state)

    def skill_rates(self) -> dict[str, Floats] | None:
        """P(learn), P(forget), P(guess) and P(slip) of each skill; None if the model lacks them.

        The arrays have the shape (n_skills,) and the order of `skills`.
        """
        with self._lock:
            return self.model.skill_rates(self._state)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to one file: arrays, and a JSON manifest that describes the arrays."""
        with self._lock:
            content, arrays = self._content()
        write_archive(path, _KIND, content, arrays)

    def to_bytes(self) -> bytes:
        """What `save` writes, for a database that keeps it."""
        with self._lock:
            content, arrays = self._content()
        return archive_bytes(_KIND, content, arrays)

    @classmethod
    def from_bytes(cls, data: bytes, model: KnowledgeTracer) -> MasteryTracker:
        """Make a tracker of what `to_bytes` gave; pass the same model that it was made with.

        Raises
        ------
        ModelFileError, StateError
            As `load` raises them.
        """
        name = "saved tracker"
        manifest, arrays = read_archive_bytes(data, _KIND, name)
        return cls._of(manifest, arrays, model, name)

    def _content(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What a file holds."""
        arrays = self._state.to_arrays()
        arrays["last_time"] = arrays["last_time"][: len(self) + len(self._free) + 1]
        content = {
            "model": self.fingerprint,
            "students": [plain(label) for label in self._number],
            "skills": [plain(label) for label in self._state.skills],
            "items": [plain(label) for label in self._state.items],
            "clock": self._state.clock,
        }
        numbers = list(self._number.values())
        if numbers != list(range(1, len(numbers) + 1)):  # some were forgotten
            content["numbers"], content["free"] = numbers, list(self._free)
        if self._practice is not None:
            arrays |= self._practice.to_arrays()
            content["practice_skills"] = [plain(label) for label in self._practice.skills]
        return content, arrays

    @classmethod
    def load(cls, path: str | PathLike[str], model: KnowledgeTracer) -> MasteryTracker:
        """Load a saved tracker; pass the same model that it was made with.

        Raises
        ------
        ModelFileError
            The error is raised if the file is damaged or was changed, or if its format is newer
            than this version can read.
        StateError The error is raised if the file belongs to another model.
        """
        manifest, arrays = read_archive(path, _KIND, "saved tracker")
        return cls._of(manifest, arrays, model, str(path))

    @classmethod
    def _of(
        cls, manifest: dict[str, Any], arrays: Arrays, model: KnowledgeTracer, name: str
    ) -> MasteryTracker:
        """The tracker that a file or bytes hold."""
        tracker = cls(model)
        made_with = manifest.get("model")
        if isinstance(made_with, str) and made_with != model.fingerprint_:
            raise StateError(
                f"{name}: made with model {made_with[:12]}…, this model is "
                f"{model.fingerprint_[:12]}…; replay the responses over the new model"
            )
        with reading(name):
            tracker._restore(manifest, arrays)
        return tracker

    def _restore(self, manifest: dict[str, Any], arrays: Arrays) -> None:
        """Become the tracker that a file holds; this one is new."""
        if not isinstance(manifest["model"], str):
            raise TypeError("model is no text")
        students = saved_labels(manifest["students"], "students")
        practice = {key: arrays[key] for key in arrays if key.startswith("practice_")}
        own = {key: array for key, array in arrays.items() if key not in practice}
        names = {"items": [], **manifest}
        numbers, self._free = _numbers_of(manifest, len(students))
        n = len(students) + len(self._free) + 1
        self._state = self.model.restore_state(n, names, own)
        if practice or "practice_skills" in manifest:
            self._practice = PracticeRecord(self.model.skills_.tolist())
            self._practice.restore(n, manifest["practice_skills"], practice)
        self._number = dict(zip(students, numbers, strict=True))

    def _everyone_or(self, students: Iterable[Any] | None) -> list[Any]:
        return list(self._number) if students is None else label_list(students, "student")

    def _numbers(self, labels: list[Any]) -> Ints:
        """The numbers of students who are asked for; the never met share number 0."""
        numbers = [*map(self._number.get, labels)]
        if None in numbers:
            self._refuse_mixture([label for label in labels if label not in self._number])
            numbers = [number or 0 for number in numbers]
        return np.array(numbers, np.int64)

    def _skills(self, skills: Iterable[Any]) -> list[Any]:
        """Skills that are asked for: of the model's kind, met or not."""
        labels = label_list(skills, "skill")
        refuse_other_kind(labels, self.skills, "skill")
        return labels

    def _refuse_mixture(self, labels: list[Any]) -> None:
        """1 and "1" are two students; a caller who mixes them would lose one's answers."""
        refuse_other_kind(labels, self._number, "student")


def _take(
    model: KnowledgeTracer,
    state: StudentState,
    practice: PracticeRecord | None,
    log: ResponseLog,
    students: Ints,
) -> None:
    """Take responses into a state and a record; `students` numbers the log's student labels."""
    if practice is None:
        model.update_state(state, log, students=students)
        return
    before, after = model.update_with_estimates(state, log, students=students)
    practice.note(log, students, np.abs(after - before))


def _numbers_of(manifest: dict[str, Any], n_students: int) -> tuple[list[int], list[int]]:
    """The numbers of a file's students, and those that are free."""
    if "numbers" not in manifest:
        return list(range(1, n_students + 1)), []
    numbers, free = manifest["numbers"], manifest["free"]
    if sorted([*numbers, *free]) != list(range(1, n_students + len(free) + 1)):
        raise ValueError("the numbers of its students are not distinct, or out of range")
    return numbers, free


def _used(log: ResponseLog) -> Ints:
    return np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
