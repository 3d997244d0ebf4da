"""Episodes: any policy teaches any simulated students, in lockstep, and the truth is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.episodes.arguments import LIMITS, seed_problems, skill_problems
from adaptlearn.simulation.episodes.clock import ROUNDING, Clock
from adaptlearn.simulation.students.base import DAY, Simulator, Students
from adaptlearn.simulation.students.streams import StudentStreams
from adaptlearn.simulation.teachers.policies import REST, Choice, EpisodePolicy, Teaching
from adaptlearn.validation import Interval, OneOf, check_parameters

RETENTION_DAYS = (30, 90)
_EVER = np.inf


class Steps(NamedTuple):
    """Decisions of an episode, in the order they were made; all of shape (n_decisions,).

    Attributes
    ----------
    student : int array
        For each decision, the row of the student in the episode.
    lesson : int array
        The position of the lesson; -1 if the policy gave no more lessons.
    minutes : float array
        How many minutes the student had practised before the decision.
    propensity : float array
    known : int array
        How many skills the student really knew at the time of the decision.
    """

    student: Ints
    lesson: Ints
    minutes: Floats
    propensity: Floats
    known: Ints


class Answers(NamedTuple):
    """Answers of an episode, in the order they were given; all of shape (n_answers,).

    Attributes
    ----------
    student, lesson, skill : int arrays
        The student's row in the episode, the position of the lesson, and the skill that the item
        really practised.
    tag : int array
        The skill with which the item was tagged; -1 if it had no tag.
    item : int array
        The number of the item: its place in the course's `practice`, row after row.
    correct, knew : bool arrays
        Whether the answer was right, and whether the student knew the skill before the answer.
    time : float array
        Seconds since the episode began, including the nights between days of practice.
    """

    student: Ints
    lesson: Ints
    skill: Ints
    tag: Ints
    item: Ints
    correct: Bools
    knew: Bools
    time: Floats


@dataclass(frozen=True, eq=False)
class Episode:
    """What simulated students learnt under a policy.

    Times are in minutes of practice since the start; ``inf`` means never.

    Attributes
    ----------
    policy, simulator : str
    same_family : bool
        Whether the policy's estimator has the same kind of equations as the simulator, which gives
        the policy an advantage.
    budget : float
        Minutes each student had.
    seed, student : int arrays, shape (n,)
        The seed of each row's replicate, and the number of the student in this replicate.
    groups : dict of str to str array, shape (n,)
    minutes : float array, shape (n,)
        How many minutes the student practised in total.
    n_answers : int array, shape (n,)
    answers, known_answers : int arrays, shape (n, n_skills)
        How many answers the student gave on each skill, and how many of these answers the student
        gave when already knowing the skill.
    known_at : float array, shape (n, n_skills)
        The time at which the student first knew the skill.
    known_after : int array, shape (n, n_skills)
        After how many answers (on all skills together) the student first knew the skill; -1 means
        never.
    declared_at : float array, shape (n, n_skills)
        The time at which the policy first declared the skill mastered.
    declared_rightly : bool array, shape (n, n_skills)
        Whether the student knew the skill when the policy first declared it mastered.
    known_at_start, known_at_end : bool arrays, shape (n, n_skills)
    retention : float array, shape (2, n, n_skills)
        How well the student knows the skill 30 and 90 days after the last practice.
    level : float
        A skill counts as known if its `retention` is at least `level`.
    steps : Steps or None
    responses : Answers or None
        The answers of the episode, if they were recorded.
    """

    policy: str
    simulator: str
    same_family: bool
    budget: float
    seed: Ints
    student: Ints
    groups: dict[str, NDArray[Any]]
    minutes: Floats
    n_answers: Ints
    answers: NDArray[np.int32]
    known_answers: NDArray[np.int32]
    known_at: Floats
    known_after: NDArray[np.int32]
    declared_at: Floats
    declared_rightly: Bools
    known_at_start: Bools
    known_at_end: Bools
    retention: NDArray[np.float32]
    level: float = 0.5
    steps: Steps | None = None
    responses: Answers | None = None

    def __repr__(self) -> str:
        return (
            f"Episode({self.policy!r} on {self.simulator!r}: {len(self.seed):,} students, "
            f"{int(self.n_answers.sum()):,} answers)"
        )


def run_episode(
    simulator: Simulator,
    policy: EpisodePolicy,
    course: Course,
    *,
    n_students: int = 1000,
    seeds: int | Sequence[int] = 1,
    budget: float = 600.0,
    minutes_per_day: float = 40.0,
    record: bool = False,
    block_size: int = 8192,
    name: str | None = None,
) -> Episode:
    """Let a policy teach simulated students until time is up or no lesson is left.

    At each step, the policy chooses a lesson for each student who is still learning. The students
    answer the items of their lesson one after the other, and may learn. The policy sees the
    students' answers with the items' tags. A student who has practised for ``minutes_per_day``
    continues on the next day.

    Parameters
    ----------
    simulator : Simulator
    policy : EpisodePolicy
        An `ArrayPolicy` (see `baselines`), a `SequencerPolicy`, or `PlannedDays`.
    course : Course
    n_students : int, default 1000
        The number of students for each seed.
    seeds : int or sequence of int, default 1
        The seeds of the replicates, or the number of replicates (then the seeds are 0, 1, …). A
        student's random numbers depend only on the seed, the student's number and the occasion (for
        example, the fourth practice of a skill). Every policy therefore teaches the same students
        with the same random numbers.
    budget : float, default 600
        How many minutes each student may practise. An item starts only if its minutes fit into the
        rest of the budget.
    minutes_per_day : float, default 40
        With `PlannedDays`, at least the minutes of a planned day.
    record : bool, default False
        Whether to store every decision and every answer.
    block_size : int, default 8192
        How many students are simulated at a time; the results do not depend on this number.
    name : str, optional
        The simulator's name in results; by default the name of its class.

    Returns
    -------
    Episode

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range. The error is also raised if the skills
        of the simulator and of the course differ, if the policy chooses a lesson that does not
        exist, or if planned lessons take longer than the day.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState, baselines, run_episode
    >>> course = Course.of(Curriculum.from_dict({"prerequisites": [["add", "multiply"]]}))
    >>> policies = baselines(course)
    >>> run_episode(TwoState(2), policies["three_in_a_row"], course, n_students=50)
    Episode('three_in_a_row' on 'TwoState': 50 students, 1,140 answers)
    """
    check_parameters(
        "run_episode",
        {"n_students": n_students, "budget": budget, "minutes_per_day": minutes_per_day,
         "record": record, "block_size": block_size},
        {
            **LIMITS,
            "record": [OneOf((True, False))],
            "block_size": [Interval(1, 10**8, integer=True)],
        },
        [*seed_problems(seeds), *skill_problems(simulator, course)],
    )  # fmt: skip
    replicates = seeds if isinstance(seeds, Iterable) else range(seeds)
    seed = np.repeat(np.array(replicates, np.intp), n_students)
    student = np.tile(np.arange(n_students), len(replicates))
    size = block_size if policy.in_blocks else len(seed)
    blocks = []
    for start in range(0, len(seed), size):
        part = slice(start, start + size)
        streams = StudentStreams(seed[part], student[part])
        run = _Run(
            simulator, policy, course, streams, minutes_per_day=minutes_per_day, record=record
        )
        blocks.append(run.go(budget, start))
        level = run.students.level
    same = policy.family is not None and policy.family == simulator.family
    return Episode(
        policy=policy.name,
        simulator=type(simulator).__name__ if name is None else name,
        same_family=same,
        budget=float(budget),
        seed=seed,
        student=student,
        level=level,
        **_joined(blocks),
    )


class _Run:
    """One block of students under a policy."""

    def __init__(
        self,
        simulator: Simulator,
        policy: EpisodePolicy,
        course: Course,
        streams: StudentStreams,
        *,
        minutes_per_day: float,
        record: bool,
    ) -> None:
        self.course, self.streams, self.policy = course, streams, policy
        n = len(streams)
        self.students: Students = simulator.start(n, streams.start())
        self.teaching: Teaching = policy.start(course, self.students)
        shape = (n, course.n_skills)
        self.clock = Clock(self.students, minutes_per_day)
        self.minutes = np.zeros(n)
        self.n_answers = np.zeros(n, np.intp)
        self.answers, self.known_answers = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        self.known_at_start = self.students.knows()
        self.known_at = np.where(self.known_at_start, 0.0, _EVER)
        self.known_after = np.where(self.known_at_start, 0, -1).astype(np.int32)
        self.declared_at = np.full(shape, _EVER)
        self.declared_rightly = np.zeros(shape, bool)
        self.steps: list[Steps] | None = [] if record else None
        self.responses: list[Answers] | None = [] if record else None

    def go(self, budget: float, first: int) -> dict[str, Any]:
        """Until nobody is left; then what is known, as columns of an `Episode`."""
        rows = np.arange(self.students.n)
        number = 0
        while len(rows):
            draw = self.streams.choice(rows, number).random(len(rows))
            choice = self.teaching.choose(rows, draw, self.clock.latest(rows))
            self._declare(rows, choice)
            number += 1
            goes_on, resting = choice.lesson >= 0, rows[choice.lesson == REST]
            rows, lesson = rows[goes_on], choice.lesson[goes_on]
            if len(lesson) and lesson.max() >= self.course.n_lessons:
                raise ParameterError(self.policy.name, [f"chose lesson {lesson.max()}"])
            for place in range(self.course.practice.shape[1]):
                self._item(rows, lesson, place, budget)
            fits = self.minutes[rows] + self.course.minutes[lesson] <= budget + ROUNDING
            # Who has no time for another item of the last lesson is at the end of theirs.
            over = rows[~fits]
            if len(over):
                self._declare(over, self._last_word(over))
            rows = rows[fits]
            if len(resting):
                if not len(lesson):
                    self._end_day(resting)
                rows = np.union1d(rows, resting)
        later = [self.students.later(days * DAY).knowledge() for days in RETENTION_DAYS]
        return {
            "groups": self.students.groups,
            "minutes": self.minutes,
            "n_answers": self.n_answers,
            "answers": self.answers,
            "known_answers": self.known_answers,
            "known_at": self.known_at,
            "known_after": self.known_after,
            "declared_at": self.declared_at,
            "declared_rightly": self.declared_rightly,
            "known_at_start": self.known_at_start,
            "known_at_end": self.students.knows(),
            "retention": np.stack(later).astype(np.float32),
            "steps": _stacked(Steps, self.steps, first),
            "responses": _stacked(Answers, self.responses, first),
        }

    def _end_day(self, rows: Ints) -> None:
        if not self.clock.end_day(rows):
            raise ParameterError(
                "run_episode",
                [f"the lessons that {self.policy.name!r} planned for a day take longer than "
                 "minutes_per_day; pass the minutes of the planned day"],
            )  # fmt: skip

    def _last_word(self, rows: Ints) -> Choice:
        choice = self.teaching.choose(rows, np.zeros(len(rows)), self.clock.latest(rows))
        return choice._replace(lesson=np.full(len(rows), -1), propensity=np.ones(len(rows)))

    def _declare(self, rows: Ints, choice: Choice) -> None:
        """Note a decision, and what is declared mastered for the first time."""
        place, skills = np.nonzero(choice.mastered & (self.declared_at[rows] == _EVER))
        fresh = rows[place]
        self.declared_at[fresh, skills] = self.minutes[fresh]
        self.declared_rightly[fresh, skills] = self._knows(fresh, skills)
        if self.steps is not None:
            decided = choice.lesson != REST
            rows, lesson, propensity = (
                column[decided] for column in (rows, choice.lesson, choice.propensity)
            )
            known = self.students.knows()[rows].sum(axis=1)
            self.steps.append(Steps(rows, lesson, self.minutes[rows], propensity, known))

    def _knows(self, rows: Ints, skills: Ints) -> Bools:
        return self.students.knowledge_of(skills, rows) >= self.students.level

    def _item(self, rows: Ints, lesson: Ints, place: int, budget: float) -> None:
        """One item of each student's lesson, where there is one and time is left for it."""
        skills, minutes = self.course.practice[lesson, place], self.course.minutes[lesson]
        here = (skills >= 0) & (self.minutes[rows] + minutes <= budget + ROUNDING)
        if not here.all():
            rows, lesson, skills, minutes = rows[here], lesson[here], skills[here], minutes[here]
        if not len(rows):
            return
        cell = rows * self.course.n_skills + skills
        knew = self._knows(rows, skills)
        occasion = self.streams.practice(rows, skills, self.answers.take(cell))
        correct = self.students.answer(skills, occasion, rows)
        self.minutes[rows] += minutes
        self.n_answers[rows] += 1
        self.answers.reshape(-1)[cell] += 1
        self.known_answers.reshape(-1)[cell[knew]] += 1
        self._first_known(rows[~knew], skills[~knew])
        self._first_known_beside(rows, skills)
        tags = self.course.tags[lesson, place]
        time = self.clock.practise(rows, minutes)
        if self.course.tags is self.course.practice:
            self.teaching.take(rows, tags, correct, time)
        else:
            seen = tags >= 0
            self.teaching.take(rows[seen], tags[seen], correct[seen], time[seen])
        if self.responses is not None:
            item = lesson * self.course.practice.shape[1] + place
            self.responses.append(Answers(rows, lesson, skills, tags, item, correct, knew, time))
        self.clock.sleep(rows)

    def _first_known(self, rows: Ints, skills: Ints) -> None:
        """Note the moment for those who know the skill now, and never did before."""
        now = self._knows(rows, skills) & (self.known_at[rows, skills] == _EVER)
        rows, skills = rows[now], skills[now]
        self.known_at[rows, skills] = self.minutes[rows]
        self.known_after[rows, skills] = self.n_answers[rows]

    def _first_known_beside(self, rows: Ints, skills: Ints) -> None:
        """The same for other skills that the answers may have made known."""
        if self.students.reach is None:
            return
        for beside in self.students.reach[skills].T:
            there = beside < self.course.n_skills
            self._first_known(rows[there], beside[there])


def _stacked(kind: Any, parts: list[Any] | None, first: int) -> Any:
    """Records of one block as one, with rows of the whole episode."""
    if parts is None:
        return None
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return kind(*columns)._replace(student=columns[0] + first) if columns else None


def _joined(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns of blocks, one after the other; students along the first axis."""
    if len(blocks) == 1:
        return blocks[0]

    def join(parts: list[Any], axis: int = 0) -> Any:
        if isinstance(parts[0], dict):
            return {key: join([part[key] for part in parts]) for key in parts[0]}
        if isinstance(parts[0], tuple):
            return type(parts[0])(*map(np.concatenate, zip(*parts, strict=True)))
        return None if parts[0] is None else np.concatenate(parts, axis=axis)

    return {
        name: join([block[name] for block in blocks], axis=1 if name == "retention" else 0)
        for name in blocks[0]
    }
