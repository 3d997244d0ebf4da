"""What a platform would have logged before an adaptive policy came."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.episodes.episode import run_episode
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.simulation.teachers.baselines import baselines
from adaptlearn.simulation.teachers.policies import EpisodePolicy

_OTHER_STUDENTS = 1_000_000  # a seed apart from those that replicates are numbered with


def prior_log(
    simulator: Simulator,
    course: Course,
    *,
    policy: EpisodePolicy | None = None,
    n_students: int = 1000,
    budget: float = 600.0,
    minutes_per_day: float = 40.0,
    seed: int = _OTHER_STUDENTS,
) -> dict[str, NDArray[Any]]:
    """Answers of earlier students, to which you can fit an estimator.

    The earlier students come from the same simulator, but from another seed (1,000,000 by default).
    An estimator that is fitted to this log therefore has not seen the students whom its policy will
    teach.

    Parameters
    ----------
    simulator : Simulator
    course : Course
        The course. The skills in the log are the tags of the course's items. Answers to items
        without a tag are not in the log.
    policy : EpisodePolicy, optional
        The policy that taught the earlier students. By default, each student gives ten answers on
        each skill, in the curriculum's order.
    n_students : int, default 1000
    budget, minutes_per_day : float
        As in `run_episode`.
    seed : int, default 1,000,000

    Returns
    -------
    dict of str to array, shape (n_answers,)
        The columns ``student``, ``skill`` (labels of the curriculum), ``item`` (numbers: five items
        per lesson are 0 to 4, 5 to 9, ...), ``correct`` and ``time`` (seconds). Each student's
        answers are sorted by time.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range. The error is also raised if no answer
        fits into the budget.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState, prior_log
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> log = prior_log(TwoState(2), course, n_students=50)
    >>> {name: len(column) for name, column in log.items()}
    {'student': 1000, 'skill': 1000, 'item': 1000, 'correct': 1000, 'time': 1000}
    """
    taught = baselines(course)["fixed_order"] if policy is None else policy
    episode = run_episode(
        simulator, taught, course, n_students=n_students, seeds=[seed], budget=budget,
        minutes_per_day=minutes_per_day, record=True,
    )  # fmt: skip
    answers = episode.responses
    if answers is None:
        raise ParameterError(
            "prior_log",
            [f"no answer fits into the budget of {budget:g} minutes: an item takes "
             f"{course.minutes.min():g} or more, or {taught.name!r} gave no lesson that fits"],
        )  # fmt: skip
    seen = answers.tag >= 0
    return {
        "student": answers.student[seen],
        "skill": course.curriculum.skills[answers.tag[seen]],
        "item": answers.item[seen],
        "correct": answers.correct[seen].astype(np.int8),
        "time": answers.time[seen],
    }
