"""Simulated students as a Gymnasium environment; needs the package gymnasium."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.episodes.arguments import LIMITS, skill_problems
from adaptlearn.simulation.episodes.clock import ROUNDING, Clock
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.simulation.teachers.estimators import Estimator, in_a_row
from adaptlearn.validation import check_parameters

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise MissingDependency("the environment", "gymnasium") from error

Observation = NDArray[np.float32]


class TutoringEnv(gymnasium.Env[Observation, np.int64]):
    """A Gymnasium environment with one simulated student; each action gives the student a lesson.

    An observation contains the estimator's value of each skill, followed by the share of the time
    that is left. All numbers in an observation are from 0 to 1. The reward of a lesson is the
    number of skills that the student really knows after the lesson minus the number before. If the
    student forgets skills during the lesson or overnight, the reward is lower. An episode
    terminates when the student knows all skills, and is truncated when the time is over. ``info``
    contains ``knows`` (which skills the student really knows), ``minutes`` (of practice) and
    ``action_mask``. The action mask marks a lesson as allowed if the lesson is open to a student
    who has mastered the skills that the estimator declares mastered. The action mask is an int8
    array, as ``Discrete.sample`` needs it. If no lesson is open, the action mask marks every lesson
    as allowed. No lesson is open if the estimator declares all skills mastered although the student
    does not know some of them.

    Parameters
    ----------
    simulator : Simulator
    course : Course
    estimator : Estimator, optional
        The estimator that computes the observations; by default `in_a_row` with three right
        answers. `Oracle` shows the truth.
    budget : float, default 600
        Minutes of practice.
    minutes_per_day : float, default 40
        A student who has practised for so many minutes on one day continues on the next day, as in
        `run_episode`.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range. The error is also raised if the skills
        of the simulator and of the course differ.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState
    >>> from adaptlearn.simulation.gym import TutoringEnv
    >>> course = Course.of(Curriculum.from_dict({"prerequisites": [["add", "multiply"]]}))
    >>> env = TutoringEnv(TwoState(2, prior=0, learn=1), course)
    >>> observation, info = env.reset(seed=0)
    >>> info["action_mask"].tolist()
    [1, 0]
    >>> env.step(0)[1]
    1.0
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        simulator: Simulator,
        course: Course,
        *,
        estimator: Estimator | None = None,
        budget: float = 600.0,
        minutes_per_day: float = 40.0,
    ) -> None:
        given = {"budget": budget, "minutes_per_day": minutes_per_day}
        limits = {name: LIMITS[name] for name in given}
        check_parameters("TutoringEnv", given, limits, skill_problems(simulator, course))
        self.simulator, self.course = simulator, course
        self.budget, self.minutes_per_day = float(budget), float(minutes_per_day)
        self.estimator = in_a_row(3) if estimator is None else estimator
        self.observation_space = spaces.Box(0.0, 1.0, (course.n_skills + 1,), np.float32)
        self.action_space = spaces.Discrete(course.n_lessons)
        self._one = np.zeros(1, np.intp)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin with a new student.

        Parameters
        ----------
        seed : int, optional
        options : dict, optional
            The method ignores `options`.

        Returns
        -------
        observation, info
        """
        super().reset(seed=seed, options=options)
        self.students = self.simulator.start(1, self.np_random)
        self._belief = self.estimator.start(self.course, self.students)
        self._clock = Clock(self.students, self.minutes_per_day)
        self.minutes = 0.0
        return self._observed()

    def step(self, action: np.int64 | int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Give the student the items of a lesson, as many as there is time for.

        Returns
        -------
        observation, reward, terminated, truncated, info
        """
        lesson = int(action)
        if not self.action_space.contains(lesson):
            raise ParameterError("TutoringEnv.step", [f"no lesson {action!r}: {self.action_space}"])
        before = int(self.students.knows().sum())
        length = float(self.course.minutes[lesson])
        items = zip(self.course.practice[lesson], self.course.tags[lesson], strict=True)
        for skill, tag in items:
            if skill < 0 or self.minutes + length > self.budget + ROUNDING:
                break
            correct = self.students.answer(np.array([skill]), self.np_random)
            self.minutes += length
            time = self._clock.practise(self._one, np.array([length]))
            if tag >= 0:
                self._belief.update(self._one, np.array([tag]), correct, time)
            self._clock.sleep(self._one)
        knows = self.students.knows()
        observation, info = self._observed()
        done = bool(knows.all())
        over = self.minutes + self.course.minutes.min() > self.budget + ROUNDING
        return observation, float(knows.sum() - before), done, bool(over and not done), info

    def _observed(self) -> tuple[Observation, dict[str, Any]]:
        value, mastered = self._belief.estimate(self._one)
        left = 1 - self.minutes / self.budget
        lessons = self.course.curriculum.open_lessons(mastered)[0]
        observation = np.append(value[0], left).clip(0, 1).astype(np.float32)
        info = {
            "knows": self.students.knows()[0],
            "minutes": self.minutes,
            # Of an empty mask, Discrete.sample would silently make lesson 0.
            "action_mask": (lessons | ~lessons.any()).astype(np.int8),
        }
        return observation, info
