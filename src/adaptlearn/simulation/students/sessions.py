"""Students with good and bad days, who confuse similar skills that they practise on one day.

References
----------
- R. Bush, F. Mosteller (1955). Stochastic Models for Learning. Wiley, for gains that are a share of
  what is left to learn.
- B. Underwood (1957). Interference and forgetting. Psychological Review 64, 49-60.
- J. Wixted (2004). The psychology and neuroscience of forgetting. Annual Review of Psychology 55,
  235-269, for interference with what is not yet consolidated.
- J. Dirk, F. Schmiedek (2016). Fluctuations in elementary school children's working memory
  performance in the school context. Journal of Educational Psychology 108, 722-739.
- H. Sievertsen, F. Gino, M. Piovesan (2016). Cognitive fatigue influences students' performance on
  standardized tests. PNAS 113, 2621-2624.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    DAY,
    Family,
    StudentDifferences,
    TimedStudents,
    differing,
    more_likely,
    normal,
)
from adaptlearn.simulation.students.parameters import by_skill, must_hold, parents_of, probabilities
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval

_UNIT = Interval(0, 1)
_REST = DAY / 4  # a pause this long ends a session


class SessionLearners:
    """Skills grow stronger with practice; similar skills interfere; students have good days.

    A session ends with a pause of six hours or more. A student's strength on a skill is a number
    from 0 to 1: the strength at the start of the session, and what this session added. An answer
    adds ``gain (1 - strength)``. The same answer multiplies what this session added to each similar
    skill by ``1 - interference``. After a session, the student keeps what the session added.

    ``P(right) = guess + (1 - guess - slip) expit(steep (strength - 1/2) + form - fatigue done)``.
    Here ``done`` is the number of answers that the student already gave in this session. The
    student's ``form`` is normally distributed with the standard deviation `form`, and is the same
    for a whole session. Between two sessions, the correlation of the form is ``form_kept`` to the
    power of the days between them. `Students.knowledge` is ``expit(steep (strength - 1/2))``: how
    well the student knows the skill on an average day, when rested. A skill counts as known if its
    knowledge is at least `level`. Time without practice does not change the knowledge.

    Parameters
    ----------
    n_skills : int
    strength : float or array, shape (n_skills,), default 0.4
        The median over students of the strength at the start.
    gain : float or array, shape (n_skills,), default 0.14
    guess, slip : float or array, shape (n_skills,), default 0.2 and 0.05
        Probabilities; their sum must be at most 1.
    chance : float, default 0.6
        The standard deviation of the log-odds of ``strength`` over the skills of one student.
    steep : float, default 8
    interference : float, default 0.08
    form : float, default 0.5
        The standard deviation of a student's form, in log-odds.
    form_kept : float, default 0.5
        From 0 to less than 1.
    fatigue : float, default 0.01
        The log-odds that one answer takes away from the later answers of the session.
    similar : pairs of skill numbers, optional
        Each pair of different skills interferes in both directions.
    differences : StudentDifferences or None
        How students differ. A student's start factor (from `StudentDifferences`) multiplies the
        odds ``strength / (1 - strength)``. A student's learning factor multiplies the odds of
        ``gain``. None: all students are alike.
    level : float, default 0.85

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> simulator = SessionLearners(
    ...     2, strength=0, gain=0.5, interference=0.4, similar=[(0, 1)], differences=None
    ... )
    >>> students = simulator.start(1, rng)
    >>> for skill in (0, 0, 1):
    ...     _ = students.answer(np.array([skill]), rng)
    >>> students.strength()  # (1 - 0.5 * 0.5) * (1 - 0.4), and 0.5
    array([[0.45, 0.5 ]])
    """

    family: ClassVar[Family] = "sessions"

    def __init__(
        self,
        n_skills: int,
        *,
        strength: ArrayLike = 0.4,
        gain: ArrayLike = 0.14,
        guess: ArrayLike = 0.2,
        slip: ArrayLike = 0.05,
        chance: float = 0.6,
        steep: float = 8.0,
        interference: float = 0.08,
        form: float = 0.5,
        form_kept: float = 0.5,
        fatigue: float = 0.01,
        similar: Sequence[tuple[int, int]] | ArrayLike | None = None,
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        level: float = 0.85,
    ) -> None:
        self.parameters = by_skill(
            "SessionLearners",
            n_skills,
            probabilities(strength=strength, gain=gain, guess=guess, slip=slip),
            {"chance": chance, "steep": steep, "interference": interference, "form": form,
             "form_kept": form_kept, "fatigue": fatigue, "level": level},
            own={"steep": [Interval(0, 100, "right")], "interference": [_UNIT],
                 "form": [Interval(0, 10)], "form_kept": [Interval(0, 1, "left")],
                 "fatigue": [Interval(0, 10)]},
        )  # fmt: skip
        above = self.parameters["guess"] + self.parameters["slip"] > 1
        must_hold("SessionLearners", "guess + slip must be at most 1", above)
        self.n_skills = n_skills
        self.chance, self.steep, self.interference = chance, steep, interference
        self.form, self.form_kept, self.fatigue = form, form_kept, fatigue
        self.similar = _both_ways(similar, n_skills)
        self.differences, self.level = differences, level

    def start(self, n: int, rng: Draws) -> StudentsInSessions:
        """Make `n` students who have not practised yet."""
        begin, pace, groups = differing(self.differences, n, rng)
        luck = rng.random((n, self.n_skills + 1))
        odds = np.exp(begin[:, None] + self.chance * normal(luck[:, 1:]))
        strength = more_likely(self.parameters["strength"], odds)
        return StudentsInSessions(self, strength, np.exp(pace), luck[:, 0], groups)


def _both_ways(pairs: Sequence[tuple[int, int]] | ArrayLike | None, n_skills: int) -> Ints:
    """The similar skills of each skill, as `parents_of` lays them out."""
    known = parents_of(pairs, n_skills)
    then, place = np.nonzero(known < n_skills)
    one = np.stack([then, known[then, place]], axis=1)
    one = one[one[:, 0] != one[:, 1]]
    return parents_of(np.unique(np.concatenate([one, one[:, ::-1]]), axis=0), n_skills)


class StudentsInSessions(TimedStudents):
    """Students of `SessionLearners`."""

    def __init__(
        self,
        simulator: SessionLearners,
        strength: Floats,
        pace: Floats,
        luck: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(strength.shape[0], strength.shape[1], groups)
        self.level = simulator.level
        # One column more stands for the similar skill that is not there.
        self._width = self.n_skills + 1
        self._kept = np.zeros((self.n, self._width))
        self._kept[:, :-1] = strength
        self._added = np.zeros((self.n, self._width))
        self._done, self._last = np.zeros(self.n), np.full(self.n, -np.inf)
        self._form, self._luck = np.zeros(self.n), luck
        self._simulator, self._pace = simulator, pace

    def strength(self) -> Floats:
        """The strength of each skill, from 0 to 1, shape (n, n_skills)."""
        return (self._kept + self._added)[:, :-1]

    def _begins(self, rows: Ints) -> Bools:
        """Whether the next answer begins a session."""
        return np.asarray(self._clock[rows] - self._last[rows] >= _REST)

    def _next_form(self, rows: Ints) -> Floats:
        """The form of the session that begins now."""
        days = (self._clock[rows] - self._last[rows]) / DAY
        kept = self._simulator.form_kept**days
        new = self._simulator.form * np.sqrt(1 - kept**2) * normal(self._luck[rows])
        return np.asarray(kept * self._form[rows] + new)

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        made = self._simulator
        begins = self._begins(rows)
        form = np.where(begins, self._next_form(rows), self._form[rows])
        tired = made.fatigue * np.where(begins, 0.0, self._done[rows])
        guess, slip = (made.parameters[name][skills] for name in ("guess", "slip"))
        odds = self._odds(rows * self._width + skills)
        return np.asarray(guess + (1 - guess - slip) * expit(odds + form - tired))

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: ARG002, D102
        made, first = self._simulator, rows * self._width
        new = rows[self._begins(rows)]
        self._form[new] = self._next_form(new)
        self._done[new] = 0.0
        self._kept[new] += self._added[new]
        self._added[new] = 0.0
        cell = first + skills
        gain = more_likely(made.parameters["gain"][skills], self._pace[rows])
        added = self._added.take(cell)
        self._added.put(cell, added + gain * (1 - self._kept.take(cell) - added))
        for other in made.similar[skills].T:
            beside = first + other
            self._added.put(beside, self._added.take(beside) * (1 - made.interference))
        self._done[rows] += 1
        self._last[rows] = self._clock[rows]
        # Learning needs no luck here, so it is free for the form of the next session.
        self._luck[rows] = luck

    def _odds(self, cell: Ints) -> Floats:
        strength = self._kept.take(cell) + self._added.take(cell)
        return np.asarray(self._simulator.steep * (strength - 0.5))

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        return np.asarray(expit(self._simulator.steep * (self.strength() - 0.5)))

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return np.asarray(expit(self._odds(rows * self._width + skills)))
