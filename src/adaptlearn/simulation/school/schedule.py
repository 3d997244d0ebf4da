"""When simulated students practise what: lessons on school days, answer after answer."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Floats, Ints

_DAY, _HOUR = 86_400, 3_600
_FIRST_DAY = 1_725_235_200  # Monday 2 September 2024, midnight UTC, in seconds since 1970


def practice_order(lengths: Ints, rng: np.random.Generator) -> Ints:
    """The skill of each student's answers, one after the other.

    A student works through the skills in order and starts the next one about half way
    through the present one, so neighbouring skills interleave.

    Parameters
    ----------
    lengths : integer array, shape (n_students, n_skills)
        How often each student practises each skill.
    rng : numpy.random.Generator

    Returns
    -------
    integer array, shape (n_students, most answers of a student)
        Skill numbers; -1 after a student's last answer.
    """
    n_students, n_skills = lengths.shape
    longest = int(lengths.max())
    opportunity = np.arange(longest)
    # Sorting by these keys keeps a skill's opportunities in order: the noise is below 1.
    key = opportunity + rng.random((n_students, n_skills, longest))
    key += max(1.0, lengths.mean() / 2) * np.arange(n_skills)[:, None]
    key[opportunity >= lengths[:, :, None]] = np.inf
    order = np.argsort(key.reshape(n_students, -1), axis=1, kind="stable")
    totals = lengths.sum(axis=1)
    skill = order[:, : totals.max()] // longest
    skill[np.arange(skill.shape[1]) >= totals[:, None]] = -1
    return skill


def answer_times(
    n_students: int, n_answers: int, per_session: int, rng: np.random.Generator
) -> Floats:
    """Times of answers, in whole seconds since 1970, rising strictly for each student.

    Every student has a fixed hour; sessions lie one to three school days apart, and answers
    within one a median of 25 seconds (2 to 300).

    Parameters
    ----------
    n_students, n_answers : int
        Answers per student.
    per_session : int
        Answers in one session, at most 100: a session then ends on the day it began.
    rng : numpy.random.Generator

    Returns
    -------
    float array, shape (n_students, n_answers)
    """
    n_sessions = -(-n_answers // per_session)
    apart = rng.choice([1, 2, 3], size=(n_students, n_sessions), p=[0.7, 0.2, 0.1])
    school_day = np.cumsum(apart, axis=1) - 1
    day = school_day + 2 * (school_day // 5)  # weekends
    hour = rng.integers(8, 15, size=(n_students, 1))
    late = rng.integers(0, 300, size=day.shape)
    begin = _FIRST_DAY + day * _DAY + hour * _HOUR + late
    taken = rng.lognormal(np.log(25), 0.6, size=(n_students, n_sessions, per_session))
    within = np.cumsum(np.clip(taken, 2, 300).round(), axis=2)
    times: Floats = (begin[:, :, None] + within).reshape(n_students, -1)[:, :n_answers]
    return times
