"""Placement: a short adaptive diagnostic that finds where a new student stands.

Every question goes to the skill of which the answers so far, through the prerequisite graph, say
least. Its answer moves what is believed of the skill, of what comes before it and of what builds
on it (see `adaptlearn.sequencing.placement.beliefs`), and the diagnostic ends as soon as few
enough skills are expected to be misjudged.

References
----------
- J.-P. Doignon, J.-C. Falmagne (1999). Knowledge Spaces. Springer.
- M. Desmarais, X. Pu (2005). A Bayesian student model without hidden nodes and its comparison
  with item response theory. International Journal of Artificial Intelligence in Education 15,
  291-323.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.errors import ParameterError, StateError
from adaptlearn.labels import Label, as_label, label_of, plain
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.sequencing.placement import beliefs as graphs
from adaptlearn.sequencing.placement.result import PlacementResult
from adaptlearn.serialization import fingerprint, open_seal, reading, seal
from adaptlearn.validation import Interval, OneOf, check_parameters
from adaptlearn.wording import shown

KIND = "adaptlearn placement session"
_SETTLED = 1e-4  # the variance of a belief that no question can move any more
_OPEN = Interval(0, 1, closed="neither")


class Placement:
    """A short adaptive test that finds out which skills of a curriculum a student has mastered.

    Parameters
    ----------
    curriculum : Curriculum
    guess, slip : float, default 0.2 and 0.1
        P(correct | not mastered) and P(wrong | mastered); their sum must be below 1. With
        ``guess=0``, a right answer proves that the skill is mastered. With ``slip=0``, a wrong
        answer proves that the skill is not mastered.
    prior : float, mapping or array, default 0.8
        For an average student, P(mastered) of a skill whose prerequisites are all mastered. Pass
        one value, a mapping of skill labels to values, or an array of shape (n_skills,).
    spread : float, default 3.5
        A student's skills are related not only through prerequisites, but also through the
        student's general strength. The diagnostic assumes eight kinds of students, from weak to
        strong. The eight kinds of students are evenly spaced, and equally probable before the first
        answer. The argument `spread` is the distance of the weakest and of the strongest kind from
        the middle, in log odds.
    goal_directed : float, default 0.1
        The probability, before the first answer, that the student has learnt only for certain
        goals. A student who has learnt only for goals knows some goal skills and their
        prerequisites, but few other skills. The diagnostic assumes four kinds of students who learn
        for goals, with 1, 3, 10 and 30 goals on average.
    error : float, default 0.02
        The diagnostic stops as soon as the expected share of misjudged skills is at most `error`.
        With ``error=0``, the diagnostic stops only for other reasons.
    max_questions : int, optional
        The largest number of questions. By default, the largest number of questions is a fifth of
        the number of skills, but never less than 20.
    max_minutes : float, optional
    minutes_per_question : float, default 1.0
    confidence : float, default 0.9
        A skill counts as mastered if P(mastered) is at least `confidence`, and as not mastered if
        P(mastered) is at most ``1 - confidence``. Otherwise it is uncertain.
    ask : iterable of labels, optional
        The skills that the diagnostic may ask about, for example the skills that have items; by
        default all.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.
    UnknownLabelError
        The error is raised if a skill in `prior` or `ask` is not in the curriculum.

    Notes
    -----
    The computing time per answer is linear in the number of skills and prerequisites (times
    twelve). Because students guess and slip, the diagnostic may ask about the same skill again.
    Choose a different item each time.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.placement import Placement
    >>> school = Curriculum.from_dict(
    ...     {"prerequisites": [["count", "add"], ["add", "multiply"], ["multiply", "divide"]]}
    ... )
    >>> session = Placement(school, guess=0, slip=0).start("ann")
    >>> while (skill := session.next()) is not None:
    ...     session.answer(skill, skill in {"count", "add"})
    >>> result = session.result()
    >>> result.mastered, result.frontier, result.n_questions
    (('count', 'add'), ('multiply',), 3)
    """

    def __init__(
        self,
        curriculum: Curriculum,
        *,
        guess: float = 0.2,
        slip: float = 0.1,
        prior: float | Mapping[Label, float] | Floats = 0.8,
        spread: float = 3.5,
        goal_directed: float = 0.1,
        error: float = 0.02,
        max_questions: int | None = None,
        max_minutes: float | None = None,
        minutes_per_question: float = 1.0,
        confidence: float = 0.9,
        ask: Iterable[Label] | None = None,
    ) -> None:
        if wrong := [*curriculum_problems(curriculum)]:
            raise ParameterError("Placement", wrong)
        self.curriculum = curriculum
        n = len(curriculum.skills)
        rate, problems = _rates(curriculum, prior)
        if _OPEN.accepts(guess) and _OPEN.accepts(slip) and guess + slip >= 1:
            problems.append(f"guess + slip must be below 1, got {guess} + {slip}")
        check_parameters(
            "Placement",
            {"guess": guess, "slip": slip, "spread": spread,
             "goal_directed": goal_directed, "error": error,
             "max_questions": max_questions, "max_minutes": max_minutes,
             "minutes_per_question": minutes_per_question, "confidence": confidence},
            {
                "guess": [Interval(0, 1, closed="left")],
                "slip": [Interval(0, 1, closed="left")],
                "spread": [Interval(0, 10)],
                "goal_directed": [Interval(0, 1)],
                "error": [Interval(0, 0.5)],
                "max_questions": [Interval(0, math.inf, integer=True), OneOf((None,))],
                "max_minutes": [Interval(0, math.inf), OneOf((None,))],
                "minutes_per_question": [Interval(0, math.inf, closed="neither")],
                "confidence": [Interval(0.5, 1, closed="neither")],
            },
            problems,
        )  # fmt: skip
        self.guess, self.slip = guess, slip
        self.max_questions = max(20, n // 5) if max_questions is None else max_questions
        nets, weight = graphs.of_students(curriculum, rate, spread, goal_directed)
        may_ask = np.ones(n, bool)
        if ask is not None:
            may_ask[:] = False
            may_ask[curriculum.skill_index.codes(ask)] = True
        self._rules = _Rules(
            curriculum, _graph_of(curriculum), nets, weight, may_ask, graphs.Noise(guess, slip),
            error, confidence, self.max_questions, max_minutes, minutes_per_question,
        )  # fmt: skip
        self._settings = {
            "guess": guess, "slip": slip, "prior": rate.tolist(), "spread": spread,
            "goal_directed": goal_directed, "error": error,
            "max_questions": self.max_questions, "max_minutes": max_minutes,
            "minutes_per_question": minutes_per_question, "confidence": confidence,
            "ask": curriculum.skills[may_ask].tolist(),
        }  # fmt: skip

    def start(self, student: Label) -> Session:
        """Start the diagnostic of a new student."""
        return Session(self._rules, self._settings, student)

    def resume(self, text: str) -> Session:
        """Resume a session that `Session.to_json` saved.

        Raises
        ------
        ModelFileError
            The error is raised if the text is damaged or is not a saved session.
        StateError
            The error is raised if the saved session belongs to a diagnostic with other settings, or
            to a curriculum with other skills or prerequisites. Titles, lessons and items of the
            curriculum may have changed since the session was saved.
        """
        saved = open_seal(text, KIND, "placement session")
        # Sessions of earlier versions name the whole curriculum.
        if saved.get("curriculum") not in (self._rules.graph, self.curriculum.fingerprint):
            raise StateError(
                "the session belongs to another curriculum, or to a version of it with other "
                "skills or prerequisites"
            )
        settings = saved.get("settings")
        if settings != self._settings:
            names = [name for name, value in self._settings.items()
                     if not isinstance(settings, dict) or settings.get(name) != value]  # fmt: skip
            raise StateError(f"the session was started with other settings: {', '.join(names)}")
        with reading("placement session"):
            student, answers = _checked(saved, self.max_questions)
            return Session(self._rules, self._settings, student, answers)

    def run(
        self,
        truth: Bools,
        random_state: Randomness = 0,
        *,
        guess: float | None = None,
        slip: float | None = None,
    ) -> Simulated:
        """Let many simulated students take the diagnostic at the same time.

        Parameters
        ----------
        truth : bool array, shape (n_students, n_skills)
            Which skills each student has mastered, in the curriculum's order.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
            The source of the random guesses and slips.
        guess, slip : float, optional
            The true guess and slip rates of the simulated students; by default the rates that the
            diagnostic assumes.

        Returns
        -------
        Simulated
        """
        n = len(self.curriculum.skills)
        if truth.dtype != np.bool_ or truth.ndim != 2 or truth.shape[1] != n:
            raise ParameterError(
                "Placement.run",
                [f"truth must be a bool array of shape (n_students, {n}), got {truth.dtype} of "
                 f"shape {truth.shape}"],
            )  # fmt: skip
        p_right = np.where(
            truth, 1 - (self.slip if slip is None else slip),
            self.guess if guess is None else guess,
        )  # fmt: skip
        return _simulate(self._rules, truth, p_right, generator_of(random_state))


def _checked(
    saved: Mapping[str, Any], max_questions: int
) -> tuple[Label, list[tuple[Label, bool]]]:
    """The student and the answers of a saved session (`ValueError` if they are none)."""
    student, answers = (
        as_label(saved["student"]),
        [(skill, right) for skill, right in saved["answers"]],
    )
    if student is None:
        raise ValueError(f"student is {shown(saved['student'])}; expected a text or an integer")
    if not all(isinstance(right, bool) and as_label(skill) is not None for skill, right in answers):
        raise ValueError("answers are not pairs of a skill and whether it was right")
    if len(answers) > max_questions:
        raise ValueError(f"it has {len(answers)} answers, to {max_questions} questions at most")
    return student, answers


class _Rules(NamedTuple):
    """What a diagnostic goes by."""

    curriculum: Curriculum
    graph: str
    nets: graphs.Networks
    weight: Floats
    may_ask: Bools
    noise: graphs.Noise
    error: float
    confidence: float
    max_questions: int
    max_minutes: float | None
    minutes_per_question: float

    def choose(self, p: Floats) -> tuple[Ints, Floats]:
        """The skill to ask each student, and how uncertain it is (0: none is left to ask)."""
        # Rounded, so that equals stay equal whatever the order of sums; the first of them wins.
        variance = np.round(p * (1 - p), 9) * self.may_ask
        skill = variance.argmax(axis=1)
        return skill, variance[np.arange(len(p)), skill]

    def spent(self, n_asked: int) -> str | None:
        """Which limit so many questions have reached."""
        if n_asked >= self.max_questions:
            return "questions"
        minutes = (n_asked + 1) * self.minutes_per_question
        if self.max_minutes is not None and minutes > self.max_minutes * (1 + 1e-12):
            return "minutes"
        return None


def _simulate(rules: _Rules, truth: Bools, p_right: Floats, rng: np.random.Generator) -> Simulated:
    n_students = len(truth)
    held = graphs.before_answers(rules.nets, rules.weight, n_students)
    going = np.arange(n_students)
    final = np.empty(truth.shape)
    asked = np.zeros(n_students, np.intp)
    agreement, expected = [np.empty(n_students)], [np.empty(n_students)]
    for n_asked in range(rules.max_questions + 1):
        p = graphs.mastered(rules.nets, held)
        final[going], asked[going] = p, n_asked
        agreement[-1][going] = ((p >= 0.5) == truth[going]).mean(axis=1)
        expected[-1][going] = 1 - _misjudged(p)
        skill, left = rules.choose(p)
        keep = (left > _SETTLED) & (_misjudged(p) > rules.error)
        if rules.spent(n_asked) or not keep.any():
            break
        if not keep.all():
            held, going, skill = held.of(keep), going[keep], skill[keep]
        correct = rng.random(len(going)) < p_right[going, skill]
        graphs.learn_from(rules.nets, held, skill, correct, rules.noise)
        agreement.append(agreement[-1].copy())
        expected.append(expected[-1].copy())
    return Simulated(final, asked, np.array(agreement), np.array(expected))


def _graph_of(curriculum: Curriculum) -> str:
    """SHA-256 of what a diagnostic reads of a curriculum: skills, and what comes before what."""
    before = curriculum.prerequisites.sorted_indices()
    return fingerprint(
        {
            "skills": curriculum.skills.tolist(),
            "prerequisites": [before.indptr.tolist(), before.indices.tolist()],
        }
    )


def _rates(curriculum: Curriculum, prior: Any) -> tuple[Floats, list[str]]:
    """`prior` by skill, and what is wrong with it."""
    n = len(curriculum.skills)
    rate = np.full(n, 0.8)
    if isinstance(prior, Mapping):
        rate[curriculum.skill_index.codes([*prior])] = [*prior.values()]
    else:
        given = np.asarray(prior)
        if given.dtype.kind not in "fiu":
            return rate, [
                f"prior must be a number, a mapping or an array of numbers, got {prior!r}"
            ]
        if given.shape not in ((), (n,)):
            return rate, [f"prior must be a number or of shape ({n},), got shape {given.shape}"]
        rate[:] = given
    wrong = rate[~((rate > 0) & (rate < 1))]
    if len(wrong):
        return np.full(n, 0.8), [f"prior must lie strictly between 0 and 1, got {wrong[0]:g}"]
    return rate, []


def _misjudged(p: Floats) -> Floats:
    """The expected share of skills whose likelier state is not the true one, (n_students,)."""
    share: Floats = np.minimum(p, 1 - p).mean(axis=1)
    return share


class Simulated(NamedTuple):
    """Simulated students after the diagnostic.

    Attributes
    ----------
    probability : float array, shape (n_students, n_skills)
        P(mastered), in the curriculum's order.
    n_questions : int array, shape (n_students,)
    agreement : float array, shape (most questions + 1, n_students)
        The share of skills that the diagnostic judges correctly, after each question. A skill is
        judged as mastered if its probability is at least 0.5. After the end of a student's
        diagnostic, the student's last value is repeated.
    expected : float array of the same shape
        The share of correctly judged skills that the diagnostic itself expects, after each
        question.
    """

    probability: Floats
    n_questions: Ints
    agreement: Floats
    expected: Floats


class Session:
    """The diagnostic of one student, question by question; `Placement.start` creates it.

    Attributes
    ----------
    student : label
    answers : list of (label, bool)
        The skills that were asked so far, in order, each with whether the answer was right.
    """

    def __init__(
        self,
        rules: _Rules,
        settings: Mapping[str, Any],
        student: Label,
        answers: Iterable[tuple[Label, bool]] = (),
    ) -> None:
        self._rules, self._settings = rules, settings
        self.student: Label = label_of(student, "student")
        self.answers: list[tuple[Label, bool]] = []
        self._held = graphs.before_answers(rules.nets, rules.weight, 1)
        self._p = graphs.mastered(rules.nets, self._held)
        for skill, correct in answers:
            self._take(skill, correct)

    @property
    def ended(self) -> str | None:
        """Why the diagnostic ended (see `PlacementResult.ended`); None if it has not ended."""
        if _misjudged(self._p)[0] <= self._rules.error:
            return "accurate"
        if self._rules.choose(self._p)[1][0] <= _SETTLED:
            return "settled"
        return self._rules.spent(len(self.answers))

    def next(self) -> Label | None:
        """The skill of the next question; None if the diagnostic has ended.

        The skill stays the same until the student answers.
        """
        if self.ended is not None:
            return None
        place = self._rules.choose(self._p)[0][0]
        label: Label = plain(self._rules.curriculum.skills[place])
        return label

    def answer(self, skill: Label, correct: bool) -> None:
        """Record the student's answer to a question about the skill that `next` returned.

        Raises
        ------
        UnknownLabelError
            The error is raised if the curriculum does not have the skill.
        ParameterError
            The error is raised if `skill` is not the skill that `next` returns, if the diagnostic
            has ended, or if `correct` is neither true nor false.
        """
        skill = label_of(skill, "skill")
        self._rules.curriculum.skill_index.code(skill)
        asked, problems = self.next(), []
        if asked is None:
            problems.append(f"no skill is being asked: the diagnostic has ended ({self.ended})")
        elif skill != asked:
            problems.append(f"{skill!r} was not asked; the question is on {asked!r}")
        if plain(correct) not in (0, 1):
            problems.append(f"correct must be true or false, got {correct!r}")
        if problems:
            raise ParameterError(f"answer of {self.student}", problems)
        self._take(skill, bool(correct))

    def _take(self, skill: Label, correct: bool) -> None:
        rules = self._rules
        place = np.array([rules.curriculum.skill_index.code(skill)])
        graphs.learn_from(rules.nets, self._held, place, np.array([correct]), rules.noise)
        self._p = graphs.mastered(rules.nets, self._held)
        self.answers.append((skill, correct))

    def result(self) -> PlacementResult:
        """The result of the answers so far; you can call `result` before the diagnostic ends."""
        return PlacementResult(
            self.student,
            curriculum=self._rules.curriculum,
            probability=self._p[0],
            confidence=self._rules.confidence,
            answers=tuple(self.answers),
            ended=self.ended,
        )

    def to_json(self) -> str:
        """A text from which `Placement.resume` continues the session."""
        saved = {
            "student": self.student,
            "curriculum": self._rules.graph,
            "settings": self._settings,
            "answers": self.answers,
        }
        return json.dumps(seal(KIND, saved), allow_nan=False)
