"""What a log shows of standards: answers, days with answers, and reviews after mastery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.errors import quiet
from adaptlearn.labels import Label, label_array, plain
from adaptlearn.numerics import Bools, Floats, Ints, places_of, stable_group
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.log import ResponseLog
from adaptlearn.responses.skills import SkillColumn
from adaptlearn.tracking.clock import DAY


class Entries(NamedTuple):
    """The answers of some students on a curriculum's skills, in the order of time.

    An answer on several skills has an entry for each. All arrays have the shape (n_entries,).

    Attributes
    ----------
    response : int array
        The number of the response within this block.
    student, skill : int arrays
        Places among the students who are asked for, and in the curriculum.
    right : bool array
    time : float array, or None
        Seconds.
    """

    response: Ints
    student: Ints
    skill: Ints
    right: Bools
    time: Floats | None


class History:
    """A log of which the answers of any students are found at once.

    Parameters
    ----------
    log : ResponseLog
    skills : sequence of labels
        The curriculum's.
    """

    def __init__(self, log: ResponseLog, skills: Sequence[Label]) -> None:
        self.log = log
        place = {skill: at for at, skill in enumerate(skills)}
        known = [place.get(plain(skill), -1) for skill in log.skill.labels]
        self._skill = np.array([*known, -1], np.int64)
        self._code = {plain(label): code for code, label in enumerate(log.student.labels)}
        self._rows, self._bounds = stable_group(log.student.codes, log.n_students)

    def rows_of(self, students: Sequence[Label]) -> tuple[Ints, Ints]:
        """The log's rows of some students, one student's after the other's, and whose each is."""
        codes = np.array([self._code.get(label, -1) for label in students], np.int64)
        lengths = np.where(codes < 0, 0, self._bounds[codes + 1] - self._bounds[codes])
        rows = self._rows[places_of(self._bounds[codes], lengths)]
        return rows, np.repeat(np.arange(len(students)), lengths)

    def part(self, students: Sequence[Label]) -> tuple[ResponseLog, Ints]:
        """The log of some students alone, and whose each row is.

        What is asked of it then takes no time for all the other students of the log.
        """
        rows, whose = self.rows_of(students)
        part = self.log[rows]
        alone = ResponseLog(
            student=Labelled(whose.astype(np.int32), label_array(students)),
            skill=SkillColumn(part.skill, part.skill_rows),
            correct=part.correct,
            item=part.item,
            time=part.time,
            clock=part.clock,
            id=part.id,
            extra=part.extra,
        )
        return alone, whose

    def entries(self, part: ResponseLog, whose: Ints) -> tuple[Entries, Ints]:
        """The answers of a part on the curriculum's skills, and their places among its entries.

        Parameters
        ----------
        part : ResponseLog
        whose : int array, shape (n_rows,)
            Each row's student, as `rows_of` gives it.
        """
        owner: Ints = np.arange(len(part)) if part.skill_rows is None else part.skill_rows
        skill = self._skill[part.skill.codes]
        kept = np.flatnonzero((skill >= 0) & (part.correct[owner] >= 0))
        if part.chronological is not None:
            rank = np.empty(len(part), np.int64)
            rank[part.chronological] = np.arange(len(part))
            kept = kept[np.argsort(rank[owner[kept]], kind="stable")]
        rows = owner[kept]
        time = None if part.time is None else part.time[rows]
        return Entries(rows, whose[rows], skill[kept], part.correct[rows] == 1, time), kept


def answers_and_days(entries: Entries, n_students: int, members: csr_array) -> tuple[Ints, Ints]:
    """How many answers each student gave on each standard, and on how many days.

    Parameters
    ----------
    entries : Entries
    n_students : int
    members : sparse array, shape (n_demands, n_skills)
        Which skills belong to each standard.

    Returns
    -------
    int arrays, shape (n_students, n_demands)
        An answer on two skills of one standard counts once. Days run from midnight to
        midnight of the log's clock (for datetimes with a zone, UTC's). Without times, all answers
        are of one day.
    """
    n_demands = members.shape[0]
    demands_of = csr_array(members.T.tocsr())
    lengths = np.diff(demands_of.indptr)[entries.skill]
    demand = demands_of.indices[places_of(demands_of.indptr[:-1][entries.skill], lengths)]
    at = np.repeat(np.arange(len(entries.skill)), lengths)
    key = entries.student[at] * np.int64(n_demands) + demand
    shape, size = (n_students, n_demands), n_students * n_demands
    if not len(at):
        return np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    rows, _ = stable_group(key, size)  # each standard's answers together, in the order of time
    key, at = key[rows], at[rows]
    day = np.zeros(len(at)) if entries.time is None else np.floor(entries.time[at] / DAY)
    found = []
    for told in (entries.response[at], day):
        fresh = np.ones(len(key), bool)
        fresh[1:] = (key[1:] != key[:-1]) | (told[1:] != told[:-1])
        counts = np.bincount(key[fresh], minlength=size)
        found.append(counts.astype(np.int32).reshape(shape))
    return found[0], found[1]


def first_times(entries: Entries, mastered: Bools, n_students: int, n_skills: int) -> Floats:
    """When each skill was mastered for the first time, shape (n_students, n_skills).

    Parameters
    ----------
    entries : Entries
        With times.
    mastered : bool array, shape (n_entries,)
        Whether the skill counted as mastered before or after each answer.

    Returns
    -------
    float array
        Seconds; inf where it never was.
    """
    assert entries.time is not None
    first = np.full(n_students * n_skills, np.inf)
    at = np.flatnonzero(mastered)[::-1]  # of those written to one place the last stays: the first
    first[entries.student[at] * np.int64(n_skills) + entries.skill[at]] = entries.time[at]
    return first.reshape(n_students, n_skills)


def reviewed(entries: Entries, first: Floats, days: float) -> Bools:
    """Whether the last answer on each skill so long after first mastery was right.

    Parameters
    ----------
    entries : Entries
        With times.
    first : float array, shape (n_students, n_skills)
        See `first_times`.
    days : float

    Returns
    -------
    bool array, shape (n_students, n_skills)
        False where no answer came so late.
    """
    assert entries.time is not None
    last = np.zeros(first.size, bool)
    key = entries.student * np.int64(first.shape[1]) + entries.skill
    late = entries.time >= first.ravel()[key] + days * DAY
    last[key[late]] = entries.right[late]  # of those written to one place the last stays
    return last.reshape(first.shape)


def levels_along(model: Any, part: ResponseLog, n_students: int) -> Floats:
    """The higher of P(correct) before and after each response of a log, for each of its skills.

    Shape (n_entries,), in the order of ``part.skill``. The students begin as the model's new ones.
    """
    state, numbers = model.init_state(n_students), np.arange(n_students)
    with quiet():  # the tracker has told what is strange to the model
        estimates = model.update_with_estimates(state, part, students=numbers)
    return np.asarray(np.maximum(estimates.before, estimates.after))


def needed_level(mastery: Floats, kind: str, rates: Mapping[str, Floats] | None) -> Floats:
    """P(correct) at which mastery is so high.

    Parameters
    ----------
    mastery : float array
        Thresholds, whose last axis is the curriculum's skills.
    kind : {"latent", "predicted"}
    rates : mapping of str to float array, shape (n_skills,), or None
        ``guess`` and ``slip`` of a model with P(known).
    """
    if kind == "predicted":
        return mastery
    assert rates is not None
    guess, slip = rates["guess"], rates["slip"]
    return np.asarray(guess + mastery * (1 - slip - guess))
