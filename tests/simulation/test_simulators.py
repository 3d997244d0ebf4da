"""Every simulator: against students one at a time, against closed forms, and its contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from tests.simulation import student_oracle as oracle

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import Course, TwoState, held_out_simulators, simulators
from adaptlearn.simulation.students import (
    Disengaging,
    FadingPractice,
    MisconceptionLearners,
    PowerLawLearners,
    PracticeFactors,
    SessionLearners,
    StabilityMemory,
    StageLearners,
    StudentDifferences,
)

K = 3
STATE: dict[str, Any] = {"prior": [0.1, 0.4, 0.7], "learn": [0.3, 0.1, 0.2],
                         "guess": [0.2, 0.1, 0.3], "slip": [0.1, 0.25, 0.05]}  # fmt: skip
STAGES: dict[str, Any] = {"prior": [0.1, 0.3, 0.2], "prior_shaky": [0.5, 0.2, 0.4],
                          "grasp": [0.6, 0.3, 0.4], "settle": [0.3, 0.5, 0.2],
                          "fall_back": [0.4, 0.2, 0.6], "guess": [0.2, 0.1, 0.3],
                          "shaky": [0.5, 0.6, 0.4], "slip": [0.1, 0.3, 0.05]}  # fmt: skip
POWER: dict[str, Any] = {"error": [0.9, 0.6, 0.8], "slip": [0.1, 0.05, 0.2],
                         "rate": [0.5, 1.0, 1.4], "experience": [0.3, 1.0, 0.5],
                         "chance": 0.6, "transfer": 0.4}  # fmt: skip
MISLED: dict[str, Any] = {"prior": [0.1, 0.3, 0.2], "held": [0.5, 0.4, 0.7],
                          "learn": [0.4, 0.2, 0.3], "acquire": [0.2, 0.5, 0.3],
                          "unlearn": [0.2, 0.5, 0.3], "relapse": [0.02, 0.2, 0.05],
                          "guess": [0.2, 0.3, 0.25], "misled_guess": [0.05, 0.1, 0.02],
                          "slip": [0.1, 0.3, 0.05]}  # fmt: skip
SESSIONS: dict[str, Any] = {"strength": [0.2, 0.6, 0.4], "gain": [0.3, 0.1, 0.2],
                            "guess": [0.2, 0.1, 0.3], "slip": [0.1, 0.05, 0.2],
                            "chance": 0.7, "steep": 6.0, "interference": 0.3, "form": 0.8,
                            "form_kept": 0.6, "fatigue": 0.05}  # fmt: skip
BASIS = {2: [0, 1], 1: [0]}
EDGES = [(0, 2), (1, 2), (0, 1)]
USUAL = StudentDifferences()
SETTINGS = asdict(USUAL)
N = 40_000


def margin(n: int) -> float:
    """A rate of n draws lies within it of its probability but once in 10^5 tests."""
    return 4.5 * 0.5 / np.sqrt(n)


def two_state(luck: Any) -> oracle.TwoState:
    return oracle.TwoState({**STATE, "forget": [0.1] * K}, SETTINGS, {2: [0, 1]}, 0.3, luck)


def practice_factors(luck: Any) -> oracle.PracticeFactors:
    parameters = {"ease": [-1, 0, 0.5], "right": [0.4] * K, "wrong": [0.1, 0.2, 0.3]}
    return oracle.PracticeFactors(parameters, SETTINGS, 0.6, luck)


def fading(luck: Any) -> oracle.FadingPractice:
    parameters = {"ease": [-1, 0, 0.5], "gain": [0.3, 0.5], "windows": [0.5, 20], "wrong": 0.4}
    return oracle.FadingPractice(parameters, SETTINGS, 0.6, luck)


def stability(luck: Any) -> oracle.StabilityMemory:
    parameters = {**STATE, "first": 2.0, "growth": 6.0, "saturation": 0.2, "spacing": 2.5,
                  "lapse": 0.4}  # fmt: skip
    return oracle.StabilityMemory(parameters, SETTINGS, luck)


def stages(luck: Any) -> oracle.StageLearners:
    return oracle.StageLearners(STAGES, SETTINGS, BASIS, 0.3, luck)


def power_law(luck: Any) -> oracle.PowerLawLearners:
    return oracle.PowerLawLearners({**POWER, "shape": "power"}, SETTINGS, BASIS, luck)


def exponential(luck: Any) -> oracle.PowerLawLearners:
    return oracle.PowerLawLearners({**POWER, "shape": "exponential"}, SETTINGS, BASIS, luck)


def misconceptions(luck: Any) -> oracle.MisconceptionLearners:
    return oracle.MisconceptionLearners(MISLED, SETTINGS, BASIS, 0.3, luck)


def sessions(luck: Any) -> oracle.SessionLearners:
    return oracle.SessionLearners(SESSIONS, SETTINGS, [{0, 1}, {1, 2}], luck)


PAIRS: dict[str, tuple[Any, Any]] = {
    "two_state": (
        TwoState(K, **STATE, forget=0.1, differences=USUAL, prerequisites=[(0, 2), (1, 2)],
                 unready=0.3),
        two_state,
    ),
    "practice_factors": (
        PracticeFactors(K, ease=[-1, 0, 0.5], right=0.4, wrong=[0.1, 0.2, 0.3], chance=0.6),
        practice_factors,
    ),
    "fading": (
        FadingPractice(K, ease=[-1, 0, 0.5], gain=(0.3, 0.5), windows=(0.5, 20), wrong=0.4,
                       chance=0.6),
        fading,
    ),
    "stability": (
        StabilityMemory(K, **STATE, first=2, growth=6, saturation=0.2, spacing=2.5, lapse=0.4),
        stability,
    ),
    "stages": (StageLearners(K, **STAGES, prerequisites=EDGES, unready=0.3), stages),
    "power_law": (PowerLawLearners(K, **POWER, prerequisites=EDGES), power_law),
    "exponential": (
        PowerLawLearners(K, **POWER, prerequisites=EDGES, shape="exponential"),
        exponential,
    ),
    "misconceptions": (
        MisconceptionLearners(K, **MISLED, prerequisites=EDGES, unready=0.3),
        misconceptions,
    ),
    "sessions": (
        SessionLearners(K, **SESSIONS, similar=[(0, 1), (1, 0), (2, 1), (2, 2)]),
        sessions,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_it_equals_students_one_at_a_time(name):
    simulator, alone = PAIRS[name]
    n, steps = 30, 40
    plan = np.random.default_rng(1)
    skills = plan.integers(K, size=(steps, n))
    waits = plan.choice([0.0, 600.0, 86_400.0, 2e6], size=(steps, n))
    rng = oracle.Recorder(2)
    students = simulator.start(n, rng)
    answers, chances, known = [], [], []
    for skill, wait in zip(skills, waits, strict=True):
        chances.append(students.p_correct(skill))
        answers.append(students.answer(skill, rng))
        students.wait(wait)
        known.append(students.knowledge())
    for student in range(n):
        luck = rng.of(student)
        one = alone(luck)
        for step in range(steps):
            skill = int(skills[step, student])
            p = one.right(skill)
            assert chances[step][student] == pytest.approx(p, abs=1e-12)
            correct = next(luck) < p
            assert answers[step][student] == correct
            one.practise(skill, correct, next(luck))
            one.wait(waits[step, student])
            np.testing.assert_allclose(known[step][student], one.knowledge(), atol=1e-12)


@pytest.fixture
def course():
    return Course.of(Curriculum.from_dict({"prerequisites": [["a", "b"], ["b", "c"], ["a", "d"]]}))


def drawn(course: Course, random_state: int = 0) -> dict[str, Any]:
    return {**simulators(course, random_state), **held_out_simulators(course, random_state)}


def everyone(course: Course) -> dict[str, Any]:
    draws = {name: np.tile([values, values], 2)[:, :4] for name, values in STATE.items()}
    return {**drawn(course), "fitted": TwoState.from_draws(draws)}


NAMES = (
    "population", "individual", "prerequisites", "disengaging", "additive_factors",
    "performance_factors", "fading", "stability", "stages", "power_law",
    "misconceptions", "sessions", "fitted",
)  # fmt: skip


def test_there_are_these(course):
    assert set(everyone(course)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_skills_differ(name, course):
    simulator, again = (drawn(course, random_state=1)[name] for _ in range(2))
    other = drawn(course, random_state=2)[name]

    def rates(made):
        students = made.start(20_000, np.random.default_rng(0))
        return [students.p_correct(np.full(20_000, skill)).mean() for skill in range(4)]

    assert np.std(rates(simulator)) > 0.02
    assert rates(simulator) == rates(again)
    assert rates(simulator) != rates(other)


def test_parameters_are_drawn_in_a_fixed_order(course):
    made: Any = drawn(course, random_state=3)
    for name, parameter, low, high in (
        ("stages", "prior", 0.05, 0.3),
        ("power_law", "error", 0.5, 0.8),
        ("misconceptions", "prior", 0.1, 0.35),
        ("stability", "prior", 0.05, 0.25),
    ):
        rng = np.random.default_rng(3)
        if name == "power_law":
            rng.random((8, 4))  # what the stages take
        expected = rng.uniform(low, high, 4)
        np.testing.assert_allclose(made[name].parameters[parameter], expected)


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    def test_answers_come_with_their_probability(self, name, course):
        rng = np.random.default_rng(3)
        students = everyone(course)[name].start(N, rng)
        skills = rng.integers(4, size=N)
        for _ in range(6):
            p = students.p_correct(skills)
            correct = students.answer(skills, rng)
            students.wait(86_400)
            assert correct.mean() == pytest.approx(p.mean(), abs=margin(N))
            # Also within those to whom it says little or much.
            high = p > np.median(p)
            if high.any():
                assert correct[high].mean() == pytest.approx(p[high].mean(), abs=margin(high.sum()))

    def test_some_rows_answer_as_they_would_among_all(self, name, course):
        simulator = everyone(course)[name]
        first, second = (simulator.start(50, np.random.default_rng(4)) for _ in range(2))
        skills = np.arange(50) % 4
        before = second.knowledge()
        rows = np.arange(0, 50, 3)
        numbers = oracle.Recorder(5)
        everything = first.answer(skills, numbers)
        few = second.answer(skills[rows], _Some(numbers.drawn, rows), rows)
        np.testing.assert_array_equal(few, everything[rows])
        now = second.knowledge()
        np.testing.assert_array_equal(now[rows], first.knowledge()[rows])
        rest = np.setdiff1d(np.arange(50), rows)
        np.testing.assert_array_equal(now[rest], before[rest])

    def test_one_skill_is_read_as_in_the_table(self, name, course):
        rng = np.random.default_rng(6)
        students = everyone(course)[name].start(20, rng)
        skills = np.arange(20) % 4
        for _ in range(5):
            students.answer(skills, rng)
            students.wait(3600)
        rows = np.arange(20)
        table = students.knowledge()
        np.testing.assert_array_equal(students.knowledge_of(skills, rows), table[rows, skills])
        assert table.shape == (20, 4)
        assert ((table >= 0) & (table <= 1)).all()
        np.testing.assert_array_equal(students.knows(), table >= students.level)

    def test_practice_helps_and_later_is_a_copy(self, name, course):
        rng = np.random.default_rng(7)
        students = everyone(course)[name].start(500, rng)
        start = students.knowledge()
        for _ in range(15):
            for skill in range(4):
                students.answer(np.full(500, skill), rng)
        end = students.knowledge()
        assert end.mean() > start.mean() + 0.1
        later = students.later(90 * 86_400)
        np.testing.assert_array_equal(students.knowledge(), end)
        forgets = everyone(course)[name].family in ("memory", "misconceptions")
        assert (later.knowledge().mean() < end.mean() - 0.01) == forgets

    def test_seeds_reproduce(self, name, course):
        simulator = everyone(course)[name]

        def run(seed: int) -> Any:
            rng = np.random.default_rng(seed)
            students = simulator.start(200, rng)
            return [students.answer(np.full(200, skill), rng) for skill in (0, 1, 2, 3, 0, 0)]

        np.testing.assert_array_equal(run(8), run(8))
        assert not np.array_equal(run(8), run(9))


class _Some:
    """What was drawn before, of some students."""

    def __init__(self, drawn: list[Any], rows: Any) -> None:
        self._parts = iter(drawn)
        self._rows = rows

    def random(self, size: Any, /) -> Any:
        part = next(self._parts)[self._rows]
        assert np.shape(part) == ((size,) if isinstance(size, int) else size)
        return part


def test_one_population_follows_the_two_state_chain():
    rng = np.random.default_rng(10)
    students = TwoState(1, prior=0.2, learn=0.15, forget=0.05, guess=0.25, slip=0.1).start(N, rng)
    skills = np.zeros(N, int)
    limit = 0.15 / 0.2
    for step in range(8):
        p_known = limit + (0.2 - limit) * 0.8**step
        assert students.knows().mean() == pytest.approx(p_known, abs=margin(N))
        right = students.answer(skills, rng).mean()
        assert right == pytest.approx(p_known * 0.9 + (1 - p_known) * 0.25, abs=margin(N))


def test_learning_without_the_basis_is_slow_not_impossible():
    simulator = TwoState(2, prior=[0.5, 0], learn=[0, 0.4], prerequisites=[(0, 1)], unready=0.25)
    rng = np.random.default_rng(11)
    students = simulator.start(N, rng)
    basis = students.knows()[:, 0]
    students.answer(np.ones(N, int), rng)
    learned = students.knows()[:, 1]
    assert learned[basis].mean() == pytest.approx(0.4, abs=2 * margin(N))
    assert learned[~basis].mean() == pytest.approx(0.1, abs=2 * margin(N))


def test_prerequisites_may_be_a_table():
    table = np.zeros((3, 3), bool)
    table[2, [0, 1]] = True
    given = TwoState(3, prerequisites=table).parents
    np.testing.assert_array_equal(given, TwoState(3, prerequisites=[(0, 2), (1, 2)]).parents)
    assert given.tolist() == [[3, 3], [3, 3], [0, 1]]


def test_groups_differ_as_they_say():
    odds = StudentDifferences(slow=0.25, slow_pace=0.5, low=0.4, low_start=0.25, spread=0)
    rng = np.random.default_rng(12)
    students = TwoState(1, prior=0.5, learn=0.5, differences=odds).start(N, rng)
    learning, start = students.groups["learning"], students.groups["start"]
    assert (learning == "slow").mean() == pytest.approx(0.25, abs=margin(N))
    assert (start == "low").mean() == pytest.approx(0.4, abs=margin(N))
    knew = students.knows()[:, 0]
    assert knew[start == "low"].mean() == pytest.approx(0.2, abs=2 * margin(N))
    assert knew[start == "high"].mean() == pytest.approx(0.5, abs=2 * margin(N))
    students.answer(np.zeros(N, int), rng)
    learned = students.knows()[:, 0]
    for group, rate in (("slow", 1 / 3), ("fast", 0.5)):
        among = ~knew & (learning == group)
        assert learned[among].mean() == pytest.approx(rate, abs=margin(among.sum()))


def test_individuals_within_a_group_differ():
    odds = StudentDifferences(slow=0, low=0, spread=1)
    start, pace, _ = odds.draw(N, np.random.default_rng(13))
    for drawn in (start, pace):
        assert drawn.std() == pytest.approx(1, abs=0.03)
        assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert abs(np.asarray(np.corrcoef(start, pace))[0, 1]) < 4.5 / np.sqrt(N)


def test_each_student_lives_by_one_draw():
    draws: Any = {"prior": [[0, 0], [1, 1]], "learn": [[0, 0], [0, 0]], "guess": np.zeros((2, 2)),
             "slip": np.zeros((2, 2))}  # fmt: skip
    students = TwoState.from_draws(draws).start(N, np.random.default_rng(14))
    knows = students.knows()
    np.testing.assert_array_equal(knows[:, 0], knows[:, 1])
    assert knows[:, 0].mean() == pytest.approx(0.5, abs=margin(N))


def test_students_show_their_own_parameters():
    draws: Any = {"prior": [[0, 0.1], [1, 0.9]], "learn": [[0.2, 0.3], [0.4, 0.5]],
             "guess": np.zeros((2, 2)), "slip": np.full((2, 2), 0.1)}  # fmt: skip
    students = TwoState.from_draws(draws).start(50, np.random.default_rng(14))
    of, first = students.parameters, students.knows()[:, 0]
    assert {values.shape for values in of.values()} == {(50, 2)}
    np.testing.assert_array_equal(of["prior"][:, 1], np.where(first, 0.9, 0.1))
    np.testing.assert_array_equal(of["learn"][:, 0], np.where(first, 0.4, 0.2))
    alike = TwoState(2, learn=[0.1, 0.2]).start(3, np.random.default_rng(0)).parameters
    np.testing.assert_array_equal(alike["learn"], [[0.1, 0.2]] * 3)


def test_who_does_not_try_guesses_and_learns_nothing():
    inner = TwoState(1, prior=0, learn=1, guess=0, slip=0)
    rng = np.random.default_rng(15)
    students: Any = Disengaging(inner, leave=0.25, back=0.5, guess=0.4).start(N, rng)
    zero = np.zeros(N, int)
    assert students.p_correct(zero).tolist() == [0.25 * 0.4] * N
    first = students.answer(zero, rng)
    np.testing.assert_array_equal(students.knows()[:, 0], students.tries)
    assert (~students.tries).mean() == pytest.approx(0.25, abs=margin(N))
    assert first[~students.tries].mean() == pytest.approx(0.4, abs=2 * margin(N))
    assert not first[students.tries].any()
    for _ in range(30):
        students.answer(zero, rng)
    # The chain of trying and not trying is in its stationary state.
    assert students.tries.mean() == pytest.approx(0.5 / 0.75, abs=margin(N))


def test_spaced_practice_lasts_longer_than_massed():
    simulator = StabilityMemory(1, prior=0, learn=1, guess=0, slip=0, differences=None)
    month = {}
    for name, wait in (("massed", 60.0), ("spaced", 4 * 86_400.0)):
        rng = np.random.default_rng(16)
        students = simulator.start(5000, rng)
        for _ in range(6):
            students.answer(np.zeros(5000, int), rng)
            students.wait(wait)
        month[name] = students.later(30 * 86_400 - wait).knowledge().mean()
    assert month["spaced"] > month["massed"] + 0.2


def test_memory_fades_as_a_power_of_time():
    students = StabilityMemory(1, prior=0, learn=1, first=4, differences=None)
    rng = np.random.default_rng(17)
    one = students.start(1, rng)
    one.answer(np.array([0]), rng)
    for days in (0, 4, 36, 360):
        assert one.later(days * 86_400).knowledge()[0, 0] == pytest.approx(1 / (1 + days / 36))


def test_arguments_are_checked_at_once():
    make: Any = TwoState
    with pytest.raises(ParameterError) as caught:
        make(2, prior=1.5, learn=[0.1], guess="low")
    assert [problem.split()[0] for problem in caught.value.problems] == ["prior", "learn", "guess"]
    with pytest.raises(ParameterError) as caught:
        FadingPractice(0, ease=99, gain=(1,), windows=(0, 1), wrong=2, level=1)
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "wrong", "level", "gain", "windows", "n_skills"
    ]  # fmt: skip
    with pytest.raises(ParameterError) as caught:
        StabilityMemory(2, learn=[0.1, 2], first=0, level=0)
    assert [problem.split()[0] for problem in caught.value.problems] == ["first", "level", "learn"]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"guess": [0.2, 0.6], "slip": 0.4}, "not so for skills 1"),
        ({"prerequisites": [(0, 2)]}, "numbered from 0 to 1"),
        ({"prerequisites": ["ab"]}, "pairs of skill numbers"),
        ({"unready": 2}, "unready must be"),
    ]
    for wrong, said in cases:
        with pytest.raises(ParameterError, match=said):
            make(2, **wrong)
    with pytest.raises(ParameterError, match="n_skills must be a positive integer"):
        make(0)
    with pytest.raises(ParameterError, match="low_start must be"):
        StudentDifferences(low_start=0)
    with pytest.raises(ParameterError, match="chance must be"):
        PracticeFactors(2, chance=-1)
    with pytest.raises(ParameterError, match="lapse must be"):
        StabilityMemory(2, lapse=2)
    with pytest.raises(ParameterError, match=r"guess \+ slip must .* not so for skills 1$"):
        StabilityMemory(2, guess=[0.2, 0.6], slip=0.5)
    with pytest.raises(ParameterError, match="leave must be"):
        Disengaging(make(2), leave=-1)


def test_draws_are_checked_at_once():
    with pytest.raises(ParameterError) as caught:
        TwoState.from_draws({"prior": 0.1, "slip": 0.1})
    assert caught.value.problems == ("no learn", "no guess")
    draws: dict[str, Any] = {name: [0.1, 0.2] for name in STATE}
    with pytest.raises(ParameterError, match="learn: not all are probabilities"):
        TwoState.from_draws({**draws, "learn": [0.1, np.nan]})
    with pytest.raises(ParameterError, match="shapes differ"):
        TwoState.from_draws({**draws, "learn": [0.1]})
    tables = {name: [[0.1, 0.2]] * 2 for name in STATE} | {"guess": [[0.2, 0.2], [0.2, 0.9]]}
    with pytest.raises(ParameterError, match=r"guess \+ slip must .* not so for skills 1$"):
        TwoState.from_draws(tables)
