"""Policies of an episode: which lesson comes next, for many simulated students at once.

References
----------
- B. Clement, D. Roy, P.-Y. Oudeyer, M. Lopes (2015). Multi-armed bandits for intelligent tutoring
  systems. Journal of Educational Data Mining 7(2), 20-48 (ZPDES).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.graph.bits import pack, unpack
from adaptlearn.curriculum.graph.lessons import Standing
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Students
from adaptlearn.simulation.teachers.estimators import Belief, Estimator
from adaptlearn.simulation.teachers.tracked import AnswerBuffer
from adaptlearn.validation import Interval, check_parameters

REST = -2
"""In place of a lesson: the policy has no more lessons today."""


class Choice(NamedTuple):
    """What a policy decides for some students.

    Attributes
    ----------
    lesson : int array, shape (n,)
        The position of the lesson; -1 if the policy has no more lessons to give; -2 if it has no
        more lessons today. The day ends when this holds for all students who are asked.
    propensity : float array, shape (n,)
        The probability with which the policy chose the lesson.
    mastered : bool array, shape (n, n_skills)
        Which skills the policy declares mastered.
    """

    lesson: Ints
    propensity: Floats
    mastered: Bools


class Teaching(Protocol):
    """A policy at work on one block of students."""

    def take(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        """See one answer of each of some students."""
        ...

    def choose(self, rows: Ints, draw: Floats, now: float) -> Choice:
        """Decide about some students; `draw` is a uniform number of each."""
        ...


class EpisodePolicy(Protocol):
    """The attributes and methods that a policy needs so that an episode can run it.

    Attributes
    ----------
    name : str
    family : str or None
        The kind of equations of the policy's estimator.
    in_blocks : bool
        Whether the decisions for a student do not depend on other students. If the decisions do not
        depend on other students, blocks of students may have any size.
    """

    @property
    def name(self) -> str:
        """The name of the policy."""
        ...

    @property
    def family(self) -> str | None:
        """The kind of equations of the policy's estimator."""
        ...

    @property
    def in_blocks(self) -> bool:
        """Whether the decisions for a student do not depend on other students."""
        ...

    def start(self, course: Course, students: Students) -> Teaching:
        """Start teaching the students of an episode; they have not answered yet."""
        ...


@dataclass(frozen=True, eq=False)
class View:
    """The data of some students from which an array policy decides.

    Attributes
    ----------
    course : Course
    value : float array, shape (n, n_skills)
        The estimator's values, from 0 to 1.
    mastered : bool array, shape (n, n_skills)
    """

    course: Course
    value: Floats
    mastered: Bools

    @cached_property
    def missing(self) -> Bools:
        """Which skills are not declared mastered."""
        return ~self.mastered

    def lesson_mean(self, table: NDArray[Any]) -> Floats:
        """For each lesson, the mean of a table over its unmastered skills, shape (n, n_lessons)."""
        teaches = self.course.curriculum.teaches
        if _one_each(teaches):
            return np.asarray(table * self.missing)[:, teaches.indices]
        number = self.missing.astype(np.float64) @ teaches.T
        return np.asarray((table * self.missing) @ teaches.T / np.maximum(number, 1))


def _one_each(teaches: Any) -> bool:
    return bool(teaches.nnz == teaches.shape[0] and (np.diff(teaches.indptr) == 1).all())


def any_lesson(view: View) -> Bools:
    """Every lesson, always."""
    return np.ones((len(view.value), view.course.n_lessons), bool)


def unfinished_lessons(view: View) -> Bools:
    """Lessons with an unmastered skill, even if the student lacks prerequisites."""
    return unpack(_standing(view).unfinished, len(view.value))


def open_lessons(view: View) -> Bools:
    """Lessons on the student's outer fringe, as in `Curriculum.open_lessons`."""
    return unpack(_standing(view).open, len(view.value))


def _standing(view: View) -> Standing:
    return view.course.curriculum.standing(pack(view.missing))


def equally(view: View) -> Floats:
    """The same score for every lesson."""
    return np.zeros((1, view.course.n_lessons))


def in_order(view: View) -> Floats:
    """Scores that rank lessons in the curriculum's order, in which prerequisites come first."""
    return -view.course.place[None]


def highest(view: View) -> Floats:
    """Score a lesson by the mean value of its unmastered skills."""
    return view.lesson_mean(view.value)


@dataclass(frozen=True)
class ArrayPolicy:
    """A policy made of functions over arrays, fast enough for hundreds of thousands of students.

    Parameters
    ----------
    name : str
    estimator : Estimator
        The estimator estimates what students know, and decides which skills are mastered.
    eligible : callable, default `open_lessons`
        A function that takes a `View` and returns which lessons each student may do, as a bool
        array of shape (n, n_lessons).
    score : callable, default `highest`
        A function that takes a `View` and returns scores, shape (n, n_lessons) or (1, n_lessons).
        The student gets the lesson with the highest score. Lessons with equal best scores are
        equally probable.
    temperature : float, default 0
        If the temperature is above 0, lessons are drawn with probabilities proportional to
        ``exp(score / temperature)``.

    Examples
    --------
    >>> from adaptlearn.simulation.teachers import ArrayPolicy, in_a_row
    >>> ArrayPolicy("two in a row, nearest first", in_a_row(2)).name
    'two in a row, nearest first'
    """

    name: str
    estimator: Estimator
    eligible: Callable[[View], Bools] = open_lessons
    score: Callable[[View], Floats] = highest
    temperature: float = 0.0

    def __post_init__(self) -> None:
        check_parameters(
            "ArrayPolicy", {"temperature": self.temperature}, {"temperature": [Interval(0, 1e6)]}
        )

    @property
    def family(self) -> str | None:
        """The kind of the estimator's equations."""
        return self.estimator.family

    @property
    def in_blocks(self) -> bool:
        """Array policies treat each student alone."""
        return True

    def start(self, course: Course, students: Students) -> _ArrayTeaching:
        """Start teaching the students of an episode; they have not answered yet."""
        return _ArrayTeaching(self, course, self.estimator.start(course, students))


class _ArrayTeaching:
    def __init__(self, policy: ArrayPolicy, course: Course, belief: Belief) -> None:
        self._policy, self._course, self._belief = policy, course, belief

    def take(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        self._belief.update(rows, skills, correct, time)

    def choose(self, rows: Ints, draw: Floats, now: float) -> Choice:  # noqa: ARG002 - the protocol's
        policy = self._policy
        view = View(self._course, *self._belief.estimate(rows))
        eligible, score = policy.eligible(view), policy.score(view)
        wanted = (len(rows), self._course.n_lessons)
        if eligible.shape != wanted or score.shape not in (wanted, (1, wanted[1])):
            raise ParameterError(
                policy.name,
                [
                    f"eligible and score gave shapes {eligible.shape} and {score.shape}; "
                    f"expected {wanted}"
                ],
            )
        lesson, propensity = drawn(score, eligible, draw, policy.temperature)
        return Choice(lesson, propensity, view.mastered)


def drawn(
    score: Floats, eligible: Bools, draw: Floats, temperature: float = 0.0
) -> tuple[Ints, Floats]:
    """The lesson that each student's uniform number draws, and its probability.

    Parameters
    ----------
    score : float array, shape (n, n_lessons) or (1, n_lessons)
    eligible : bool array, shape (n, n_lessons)
    draw : float array, shape (n,)
    temperature : float, default 0
        Of a softmax; 0: the best, equal ones equally probable.

    Returns
    -------
    lesson : int array, shape (n,)
        -1 where none is eligible; its propensity is 1.
    propensity : float array, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> score, may = np.array([[0.2, 0.9, 0.9]]), np.array([[True, True, True]])
    >>> [found.tolist() for found in drawn(score, may, np.array([0.6]))]
    [[2], [0.5]]
    """
    masked = np.where(eligible, score, -np.inf)
    best = masked.max(axis=1, keepdims=True)
    some = np.isfinite(best[:, 0])
    best[~some] = 0.0
    if temperature > 0:
        weight = np.exp((masked - best) / temperature)
    else:
        weight = (masked >= best).astype(np.float64)
    running = weight.cumsum(axis=1)
    whole = running[:, -1]
    # A draw below 1 times a sum from 1 on rounds to less than the sum: some lesson always wins.
    lesson = (running > (draw * whole)[:, None]).argmax(axis=1)
    chosen = weight[np.arange(len(lesson)), lesson]
    propensity = np.where(some, chosen / np.where(some, whole, 1.0), 1.0)
    return np.where(some, lesson, -1), propensity


class SequencerPolicy:
    """Use the library's sequencer, with any model and any policy, as the policy of an episode.

    The sequencer decides for all students at once, and draws its own random numbers.

    Parameters
    ----------
    make : callable
        A function that takes the curriculum and returns a new `Sequencer` with a new tracker and
        ``new_students=True``. For example, ``lambda curriculum: Sequencer(curriculum,
        MasteryTracker(model), new_students=True, random_state=0, wheel_spinning=None)``. The
        function must return a sequencer whose tracker has no students. Set ``wheel_spinning=None``;
        otherwise, the sequencer sends students who are stuck to a teacher. An episode has no
        teacher, so these students would get no more lessons.
    name : str, default "sequencer"
    family : str, optional
        The kind of the model's equations: ``"bkt"``, ``"logistic"`` or ``"memory"``.
    """

    in_blocks = False

    def __init__(
        self,
        make: Callable[[Any], Sequencer],
        *,
        name: str = "sequencer",
        family: str | None = None,
    ) -> None:
        self._make = make
        self.name, self.family = name, family

    def start(self, course: Course, students: Students) -> SequencerTeaching:  # noqa: ARG002
        """Start teaching the students of an episode; they have not answered yet."""
        return SequencerTeaching(self._make(course.curriculum), course)


class SequencerTeaching:
    """A sequencer at work on the students of an episode, who are labelled by their rows."""

    def __init__(self, sequencer: Sequencer, course: Course) -> None:
        self.sequencer = sequencer
        self._log = AnswerBuffer(sequencer.tracker, course, "SequencerPolicy")

    def take(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        """See one answer of each of some students."""
        self._log.add(rows, skills, correct, time)

    def choose(self, rows: Ints, draw: Floats, now: float) -> Choice:
        """Decide about some students."""
        self._log.flush()
        labels = rows.tolist()
        lesson, propensity = self._lessons(rows, draw, now)
        mastered = self.sequencer.context(labels, now=now).mastered
        if mastered is None:
            raise ParameterError(
                "SequencerPolicy", ["its policy has no criterion: it declares nothing mastered"]
            )
        return Choice(lesson, propensity, mastered)

    def _lessons(self, rows: Ints, draw: Floats, now: float) -> tuple[Ints, Floats]:  # noqa: ARG002
        """The lesson of each student and its propensity; the sequencer draws for itself."""
        found = self.sequencer.recommend(rows.tolist(), now=now).arrays
        return found.lesson.astype(np.intp), found.propensity
