"""When what was mastered is due again.

References
----------
- B. Settles, B. Meeder (2016). A trainable spaced repetition model for language learning. ACL.
- J. Skycak, advised by J. Roberts (2023). Optimized, individualized spaced repetition in
  hierarchical knowledge structures. In: The Math Academy Way (working draft).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.routines import best_products
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, places_of
from adaptlearn.sequencing.knowledge.context import Context, last_answers
from adaptlearn.serialization import fingerprint
from adaptlearn.tracking.clock import check_clock
from adaptlearn.validation import Interval, check_parameters

DAY = 86400.0
"""Seconds."""

FIRST, RIGHT, WRONG, LONGEST = 2.0, 2.0, 0.5, 274.0
"""Of `half_life`: days, doublings by right and by wrong answers, and days. Conventions."""

_CELLS = 1 << 20  # of a table of students and pairs of skills


class Memory(Protocol):
    """Estimates how well students remember skills; for example, a `MasteryTracker` over FSRS."""

    def recall(self, students: Any, skills: Any, time: Any) -> Floats:
        """P(recall) at a time, shape (n_students, n_skills); nan if a skill is not learnt."""
        ...


class ReviewSchedule:
    """Determines which skills are due for review: P(recall) has fallen below a target.

    The urgency of a skill is ``(target - P(recall)) / width``, cut to the range from 0 to 1.
    P(recall) is computed for the time `ahead` seconds from now. A skill that the student never
    learnt has urgency 0.

    Practice of one skill can count as part of a review of another skill. In the curriculum,
    practice of skill d may also practise skill s with a weight w (`Curriculum.encompasses`, over
    all its paths). If the student practised d after s, only ``now - last_s - w (last_d - last_s)``
    seconds count as the time since the last practice of s. If several skills encompass the skill s,
    this formula gives one time for each of these skills, and the shortest time counts.

    Parameters
    ----------
    memory : Memory, optional
        Any object with a method ``recall(students, skills, time)``. For example, a `MasteryTracker`
        over `FSRS` or `HalfLifeRegression`, with ``card="skill"``. Without a memory, `half_life`
        estimates P(recall) from the numbers of right and wrong answers. The estimate of `half_life`
        is not fitted to data.
    retention : float, default 0.9
        The target: a skill is due if P(recall) is below this number.
    width : float, default 0.05
        A review has the highest urgency, 1, if P(recall) is at least this far below the target.
    ahead : float, default 0
        Seconds to look ahead. A skill is due now if its P(recall) will be below the target after so
        many seconds. If `ahead` is half of the time between two sessions, reviews are on time on
        average. If `ahead` is 0, all reviews are a little late.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context, ReviewSchedule
    >>> school = Curriculum.from_dict({"skills": ["add", "measure", "draw"]})
    >>> memory = SimpleNamespace(  # in earnest: MasteryTracker(FSRS(card="skill").fit(log))
    ...     recall=lambda students, skills, time: np.array([[0.95, 0.88, np.nan]])
    ... )
    >>> now = Context(school, np.array(["ann"]), np.array([[0.97, 0.98, 0.1]]), "latent", now=0.0)
    >>> retention, urgency = ReviewSchedule(memory).look(now)
    >>> urgency.round(3).tolist()
    [[0.0, 0.4, 0.0]]
    """

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        retention: float = 0.9,
        width: float = 0.05,
        ahead: float = 0.0,
    ) -> None:
        lacking = memory is not None and not callable(getattr(memory, "recall", None))
        check_parameters(
            "ReviewSchedule",
            {"retention": retention, "width": width, "ahead": ahead},
            {
                "retention": [Interval(0, 1, "neither")],
                "width": [Interval(0, 1, "right")],
                "ahead": [Interval(0, math.inf, "left")],
            },
            [f"memory has no recall(students, skills, time): {memory!r:.80}"] if lacking else [],
        )
        self.memory = memory
        self.retention = retention
        self.width = width
        self.ahead = ahead

    def __repr__(self) -> str:
        return (
            f"ReviewSchedule({self.memory!r}, retention={self.retention}, width={self.width}, "
            f"ahead={self.ahead})"
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the settings and of the memory's ``fingerprint``.

        If the memory has no fingerprint, its class name is used.
        """
        return fingerprint(
            {
                "memory": named(self.memory),
                "retention": float(self.retention),
                "width": float(self.width),
                "ahead": float(self.ahead),
            }
        )

    def look(self, context: Context) -> tuple[Floats, Floats]:
        """Compute P(recall) now and the urgency of a review; both of shape (n_students, n_skills).

        Parameters
        ----------
        context : Context
            The context must have `now`. The context must also have `practice` if you passed no
            memory, or if some skills of the curriculum encompass other skills.

        Returns
        -------
        retention, urgency : float arrays
            For a skill that was never learnt, `retention` is nan and `urgency` is 0.

        Raises
        ------
        ParameterError
            The error is raised if the context lacks `now` or `practice`, or if the memory returned
            a table of a wrong shape. The error is also raised if `now` and the memory's times are
            of different kinds (seconds, datetimes with a zone, datetimes without a zone).

        Notes
        -----
        A device whose clock is ahead may date a student's last answer after `now`. P(recall) of
        this student is then computed for the time of that answer.
        """
        now = moment_of_look(context, self.memory)
        recall = recall_of(context, self.memory, now)
        then = recall_of(context, self.memory, now + self.ahead) if self.ahead else recall
        with np.errstate(invalid="ignore"):
            short = np.clip((self.retention - then) / self.width, 0.0, 1.0)
        return recall, np.nan_to_num(short, nan=0.0)


def moment_of_look(context: Context, memory: Any) -> Floats | float:
    """The time of a decision, or of a student's last answer if that is dated later.

    Raises
    ------
    ParameterError
        The context has no time, or one of another kind than the memory's.
    """
    if context.now is None or not math.isfinite(context.now):
        raise ParameterError(
            "ReviewSchedule", ["what is due depends on the time: recommend(students, now=...)"]
        )
    check_clock(context.clock or "seconds", getattr(memory, "clock", None), "now")
    last = last_answers(context, memory)
    return np.maximum(context.now, last)[:, None] if (last > context.now).any() else context.now


def recall_of(context: Context, memory: Memory | None, now: Floats | float) -> Floats:
    """P(recall) at a time, shape (n_students, n_skills), with what was practised along."""
    moment = moments(context, now)
    if memory is None:
        return _recall_from_practice(context, moment)
    skills = context.curriculum.skills.tolist()
    return checked(memory.recall(context.students.tolist(), skills, moment), context)


def checked(given: Any, context: Context) -> Floats:
    """What a memory gave, as probabilities of the context's students and skills.

    Raises
    ------
    ParameterError
        They are of another shape, or no probabilities.
    """
    found, shape = np.asarray(given), context.mastery.shape
    if found.shape != shape or found.dtype.kind not in "fiu":
        raise ParameterError(
            "ReviewSchedule",
            [f"recall gave {found.dtype} of shape {found.shape}; expected numbers of {shape}"],
        )
    outside = int(((found < 0) | (found > 1)).sum())
    if outside:
        raise ParameterError(
            "ReviewSchedule", [f"recall gave {outside} values that are no probabilities"]
        )
    return found.astype(np.float64)


def named(memory: Any) -> str:
    """A memory's fingerprint, or the name of its class."""
    kind = type(memory)
    return str(getattr(memory, "fingerprint", f"{kind.__module__}.{kind.__qualname__}"))


def half_life(right: NDArray[Any], wrong: NDArray[Any]) -> Floats:
    """Estimate the half-life of memory in days from the numbers of right and wrong answers.

    The half-life is ``2 · 2^(2 (√(1 + right) - 1) - 0.5 (√(1 + wrong) - 1))``, but at most 274. The
    formula is from half-life regression (Settles & Meeder, 2016), with rounded coefficients.
    P(recall) falls to 0.9 in 0.152 half-lives. After 4 right and 2 wrong answers, P(recall) falls
    to 0.9 in 1.3 days. After 10 right answers and no wrong answer, P(recall) falls to 0.9 in 7.5
    days. After 20 right answers and no wrong answer, P(recall) falls to 0.9 in 42 days. The formula
    does not use the times of the answers.

    Parameters
    ----------
    right, wrong : arrays that broadcast
        Numbers of answers.

    Examples
    --------
    >>> half_life(np.array([0, 4, 20]), np.array([0, 2, 2])).round(1).tolist()
    [2.0, 8.6, 222.7]
    """
    doublings = RIGHT * (np.sqrt(1 + right) - 1) - WRONG * (np.sqrt(1 + wrong) - 1)
    # Beyond what a half-life can be, the power would overflow.
    return np.asarray(np.minimum(FIRST * 2.0 ** np.clip(doublings, -50, 50), LONGEST))


def implicit(curriculum: Curriculum, last: Floats) -> Floats:
    """Seconds of each skill's elapsed time that practice of encompassing skills makes good.

    Parameters
    ----------
    curriculum : Curriculum
    last : float array, shape (n_students, n_skills)
        When each skill was last practised, in seconds; nan: never.

    Returns
    -------
    float array, shape (n_students, n_skills)
        ``max over d of w_ds (last_d - last_s)``, at least 0; nan where s was never practised.
    """
    by_skill = csr_array(curriculum.implicit_credit.T.tocsr())
    known = np.flatnonzero(np.diff(by_skill.indptr))
    starts = by_skill.indptr[known]
    skill = np.repeat(np.arange(len(curriculum.skills)), np.diff(by_skill.indptr))
    credit = np.where(np.isnan(last), np.nan, 0.0)
    step = max(1, _CELLS // max(by_skill.nnz, 1))
    for lo in range(0, len(last) if len(known) else 0, step):
        part = last[lo : lo + step]
        gained = by_skill.data * (part[:, by_skill.indices] - part[:, skill])
        best = np.fmax.reduceat(gained, starts, axis=1)  # of nan and a number, the number
        credit[lo : lo + step, known] += np.fmax(best, 0.0)
    return credit


@lru_cache(maxsize=4)
def practised_by_lessons(curriculum: Curriculum) -> csr_array:
    """How much of a review of each skill each lesson is: 1 of those it teaches.

    A sparse float array, shape (n_lessons, n_skills); for a skill that those it teaches encompass,
    the greatest weight over all paths.
    """
    # Lessons as further nodes of the graph, with edges of weight 1 to what they teach.
    n, rows = len(curriculum.lessons), [curriculum.teaches, curriculum.encompasses]
    size = n + len(curriculum.skills)
    graph = csr_array(
        (
            np.concatenate([row.data for row in rows]).astype(np.float64),
            np.concatenate([row.indices for row in rows]) + n,
            np.concatenate([rows[0].indptr, rows[0].nnz + rows[1].indptr[1:]]),
        ),
        (size, size),
    )
    return csr_array(best_products(graph)[:n, n:])


def sparing_reviews(curriculum: Curriculum, urgency: Floats) -> Bools:
    """Whether a lesson is worth more as a review than any one due skill that it practises.

    Parameters
    ----------
    curriculum : Curriculum
    urgency : float array, shape (n_students, n_skills)

    Returns
    -------
    bool array, shape (n_students, n_lessons)
        ``sum of weight urgency > max of urgency``, both over the skills that the lesson teaches or
        practises along.
    """
    by_skill = csr_array(practised_by_lessons(curriculum).T)
    shape = (len(urgency), len(curriculum.lessons))
    student, skill = np.nonzero(urgency)
    first, sizes = by_skill.indptr[skill], np.diff(by_skill.indptr)[skill]
    place = places_of(first, sizes)
    pair = np.repeat(student, sizes) * shape[1] + by_skill.indices[place]
    due = np.repeat(urgency[student, skill], sizes)
    total = np.bincount(pair, by_skill.data[place] * due, shape[0] * shape[1])
    most = np.zeros(shape[0] * shape[1])
    np.maximum.at(most, pair, due)
    return np.asarray((total > most).reshape(shape))


def moments(context: Context, now: Floats | float) -> Floats | float:
    """The time at which each skill is looked at: earlier, where others have practised it along."""
    if not context.curriculum.encompasses.nnz:
        return now
    last = _last_practised(context, "the curriculum has skills that encompass others")
    # Rounding must not lead to before the last practice.
    earlier = np.maximum(now - implicit(context.curriculum, last), last)
    return np.where(np.isnan(last), now, earlier)


def _recall_from_practice(context: Context, moment: Floats | float) -> Floats:
    """P(recall) by `half_life`; nan where a skill has no answers."""
    last = _last_practised(context, "no memory was given")
    assert context.practice is not None
    assert context.counts is not None
    answered = context.counts > 0
    elapsed = moment - last
    if np.isnan(elapsed[answered]).any():
        raise ParameterError(
            "ReviewSchedule",
            ["some answers have no times; update the tracker with a log that has a column time"],
        )
    lives = half_life(context.practice.right, context.counts - context.practice.right)
    return np.asarray(np.where(answered, 2.0 ** (-elapsed / (lives * DAY)), np.nan))


def _last_practised(context: Context, why: str) -> Floats:
    """When each skill was last practised; nan: never, or the tracker does not know the skill."""
    if context.practice is None:
        raise ParameterError(
            "ReviewSchedule",
            [
                f"{why}, so it reads what students did on each skill, and when: "
                "MasteryTracker(model, practice=True)"
            ],
        )
    return np.where(context.practice.recent > 0, context.practice.last_time, np.nan)
