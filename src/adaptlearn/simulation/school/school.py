"""A small simulated school whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.simulation.school.schedule import answer_times, practice_order
from adaptlearn.simulation.school.topics import topics
from adaptlearn.simulation.students import dynamics
from adaptlearn.simulation.students.parameters import must_hold
from adaptlearn.validation import Constraint, Interval, OneOf, check_parameters

# What a skill's parameter is drawn from, uniformly, where it is not given.
_RANGES = {"prior": (0.1, 0.5), "learn": (0.1, 0.3), "guess": (0.1, 0.3), "slip": (0.05, 0.15)}

_COUNTS: dict[str, list[Constraint]] = {
    "n_students": [Interval(1, 10**8, integer=True)],
    "n_skills": [Interval(1, 10**5, integer=True)],
    "n_items_per_skill": [Interval(1, 10**6, integer=True)],
    "responses_per_session": [Interval(1, 100, integer=True)],
    "gated": [OneOf((True, False))],
}
_LENGTH = Interval(1, 10**5, integer=True)


@dataclass(frozen=True)
class School:
    """A simulated school: what its students answered, and what they really knew.

    Attributes
    ----------
    responses : dict of str to array, each of shape (n,)
        The simulated answers in chronological order, ready for a response log. The columns are
        ``student``, ``skill``, ``item`` (labels), ``correct`` (0 or 1) and ``time`` (seconds since
        1970).
    knew : bool array, shape (n,)
        For each answer, whether the student knew the skill when giving the answer.
    truth : dict of str to array, each of shape (n_skills,)
        The labels in ``skill``, and the true parameters that produced the answers: ``prior``,
        ``learn``, ``forget``, ``guess``, ``slip``.
    known : bool array, shape (n_students, n_skills)
        Whether each student knows each skill at the end, after all answers.
    students, skills : str arrays, shapes (n_students,) and (n_skills,)
        Labels of the rows and columns of `known`.
    prerequisites : list of (str, str)
        Pairs of skills; the first skill is a prerequisite of the second skill.
    lessons : list of dict
        One lesson per skill, as a dict with ``lesson``, ``skills`` and ``minutes``.
    items : dict of str to list of str
        For each item, the skill that it practises, as a list with one label.
    """

    responses: dict[str, NDArray[Any]]
    knew: Bools
    truth: dict[str, NDArray[Any]]
    known: Bools
    students: NDArray[np.str_]
    skills: NDArray[np.str_]
    prerequisites: list[tuple[str, str]]
    lessons: list[dict[str, Any]]
    items: dict[str, list[str]]

    @property
    def curriculum(self) -> dict[str, Any]:
        """The curriculum as plain data, for `Curriculum.from_dict` or JSON."""
        return {
            "skills": self.skills.tolist(),
            "prerequisites": [list(edge) for edge in self.prerequisites],
            "lessons": self.lessons,
            "items": self.items,
        }

    def __repr__(self) -> str:
        sizes = (self.students, "students"), (self.skills, "skills"), (self.knew, "responses")
        return f"School({', '.join(f'{len(array):,} {noun}' for array, noun in sizes)})"


def simulate_school(
    n_students: int = 200,
    n_skills: int = 6,
    n_responses_per_skill: int | tuple[int, int] = 10,
    *,
    prior: ArrayLike | None = None,
    learn: ArrayLike | None = None,
    forget: ArrayLike = 0.0,
    guess: ArrayLike | None = None,
    slip: ArrayLike | None = None,
    gated: bool = False,
    n_items_per_skill: int = 8,
    responses_per_session: int = 12,
    random_state: Randomness = 0,
) -> School:
    """Simulate students who practise the skills of a small curriculum.

    Each student knows a skill from the start with probability `prior`. An answer is correct
    with probability ``1 - slip`` if the skill is known and ``guess`` if not. After the answer, the
    student learns an unknown skill with probability `learn`, and forgets a known skill with
    probability `forget` (Corbett & Anderson 1995). Skills differ in their parameters. Students
    differ only in what they know. Practice of one skill does not change any other skill.

    Parameters
    ----------
    n_students, n_skills : int
    n_responses_per_skill : int or (int, int), default 10
        How many answers each student gives on each skill. If you pass a pair (low, high), the
        number of answers is drawn uniformly from low to high, both included. The number of answers
        does not depend on whether the answers are correct.
    prior, learn, guess, slip : float or array, shape (n_skills,), optional
        Probabilities, one for all skills or one per skill; ``guess + slip`` must be below 1. By
        default, each skill's probabilities are drawn uniformly: `prior` from .1 to .5, `learn` from
        .1 to .3, `guess` from .1 to .3, and `slip` from .05 to .15.
    forget : float or array, shape (n_skills,), default 0
    gated : bool, default False
        Whether students can learn a skill only while they know all its direct prerequisites. With
        ``gated=True``, skills depend on each other, so models that treat each skill alone (for
        example BKT) fit less well.
    n_items_per_skill : int, default 8
        How many items each skill has. All items of a skill are equally hard; each answer is to an
        item drawn at random.
    responses_per_session : int, default 12
        How many answers a student gives in one session, at most 100.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0

    Returns
    -------
    School

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    References
    ----------
    Corbett & Anderson (1995), Knowledge tracing: modeling the acquisition of procedural
    knowledge. User Modeling and User-Adapted Interaction 4.

    Examples
    --------
    >>> school = simulate_school(n_students=30, n_skills=3, random_state=1)
    >>> school
    School(30 students, 3 skills, 900 responses)
    >>> sorted(school.responses)
    ['correct', 'item', 'skill', 'student', 'time']
    >>> school.prerequisites[0]
    ('numbers: place value', 'addition: two digits')
    """
    given = {"prior": prior, "learn": learn, "forget": forget, "guess": guess, "slip": slip}
    counts = {
        "n_students": n_students,
        "n_skills": n_skills,
        "n_items_per_skill": n_items_per_skill,
        "responses_per_session": responses_per_session,
        "gated": gated,
    }
    _check(counts, n_responses_per_skill, given)
    # Independent streams: a change of the schedule leaves the parameters as they are.
    draw, plan, hidden = generator_of(random_state).spawn(3)
    parameters = _parameters(given, n_skills, draw)
    names, edges = topics(n_skills)
    skills = np.array(names)
    before = np.zeros((n_skills, n_skills), bool)
    if gated:
        for first, then in edges:
            before[then, first] = True
    low, high = _ends(n_responses_per_skill)
    lengths = plan.integers(low, high, size=(n_students, n_skills), endpoint=True)
    practised = practice_order(lengths, plan)
    start = hidden.random((n_students, n_skills)) < parameters["prior"]
    knew, correct, known = _practise(practised, start, parameters, before, hidden)
    times = answer_times(n_students, practised.shape[1], responses_per_session, plan)

    rows, columns = np.nonzero(practised >= 0)
    order = np.lexsort((rows, times[rows, columns]))
    rows, columns = rows[order], columns[order]
    skill = practised[rows, columns]
    item = skill * n_items_per_skill + plan.integers(n_items_per_skill, size=len(skill))
    width = max(3, len(str(n_students)))
    students = np.array([f"student-{number:0{width}}" for number in range(1, n_students + 1)])
    items = [f"{name} #{number + 1}" for name in names for number in range(n_items_per_skill)]
    return School(
        responses={
            "student": students[rows],
            "skill": skills[skill],
            "item": np.array(items)[item],
            "correct": correct[rows, columns].astype(np.int8),
            "time": times[rows, columns],
        },
        knew=knew[rows, columns],
        truth={"skill": skills, **parameters},
        known=known,
        students=students,
        skills=skills,
        prerequisites=[(names[first], names[then]) for first, then in edges],
        lessons=[
            {"lesson": f"{name} (lesson)", "skills": [name], "minutes": 15 + 5 * (place % 3)}
            for place, name in enumerate(names)
        ],
        items={item: [names[place // n_items_per_skill]] for place, item in enumerate(items)},
    )


def _practise(
    practised: Ints,
    start: Bools,
    parameters: Mapping[str, Floats],
    before: Bools,
    rng: np.random.Generator,
) -> tuple[Bools, Bools, Bools]:
    """Whether the skill was known and the answer correct at each place, and the end state."""
    known = start.copy()
    knew = np.zeros(practised.shape, bool)
    correct = np.zeros(practised.shape, bool)
    for place in range(practised.shape[1]):
        student = np.flatnonzero(practised[:, place] >= 0)
        skill = practised[student, place]
        now = known[student, skill]
        guess, slip, learn, forget = (
            parameters[name][skill] for name in ("guess", "slip", "learn", "forget")
        )
        knew[student, place] = now
        correct[student, place] = dynamics.answer(now, guess, slip, rng)
        can = dynamics.ready(known[student], skill, before)
        known[student, skill] = dynamics.learn(now, learn, forget, rng, ready=can)
    return knew, correct, known


def _parameters(
    given: Mapping[str, ArrayLike | None], n_skills: int, rng: np.random.Generator
) -> dict[str, Floats]:
    parameters = {}
    for name, value in given.items():
        if value is None:
            parameters[name] = rng.uniform(*_RANGES[name], size=n_skills)
        else:
            parameters[name] = np.broadcast_to(np.asarray(value, np.float64), n_skills).copy()
    above = parameters["guess"] + parameters["slip"] >= 1
    must_hold("simulate_school", "guess + slip must stay below 1", above)
    return parameters


def _ends(length: int | Sequence[int]) -> tuple[int, int]:
    return (length[0], length[1]) if isinstance(length, Sequence) else (length, length)


def _check(counts: Mapping[str, Any], length: Any, given: Mapping[str, Any]) -> None:
    problems = []
    pair = isinstance(length, Sequence) and len(length) == 2 and all(map(_LENGTH.accepts, length))
    if not (_LENGTH.accepts(length) or (pair and length[0] <= length[1])):
        problems.append(
            f"n_responses_per_skill must be {_LENGTH} or a rising pair of such, got {length!r}"
        )
    n_skills = counts["n_skills"]
    for name, value in given.items():
        if value is None and name in _RANGES:
            continue
        try:
            numbers = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            numbers = np.array(np.nan)
        shaped = numbers.shape in ((), (n_skills,))
        if not shaped or not ((numbers >= 0) & (numbers <= 1)).all():
            problems.append(
                f"{name} must be a number in [0, 1] or an array of n_skills such, got {value!r}"
            )
    check_parameters("simulate_school", counts, _COUNTS, problems)
