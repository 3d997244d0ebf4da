"""Students fitted to a log: what was planted is found again, and the fits against enumeration."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import norm

from adaptlearn import ResponseLog
from adaptlearn.errors import ConvergenceWarning, ParameterError, ResponseDataError
from adaptlearn.simulation import (
    TwoState,
    baselines,
    evaluation_matrix,
    random_course,
)
from adaptlearn.simulation.fitted import growth, resemblance, simulators_from_log, two_state
from adaptlearn.simulation.fitted.growth import _design, _objective, marginal
from adaptlearn.simulation.fitted.histories import chains_of, histories_of
from adaptlearn.simulation.fitted.two_state import TwoStateFit, expected_counts
from adaptlearn.simulation.students import PracticeFactors, StudentClasses

Columns = dict[str, NDArray[Any]]

N, K = 1500, 5
TWO = TwoState(
    K,
    prior=[0.2, 0.3, 0.4, 0.5, 0.6],
    learn=[0.3, 0.1, 0.2, 0.15, 0.25],
    guess=[0.2, 0.1, 0.15, 0.25, 0.2],
    slip=[0.05, 0.1, 0.15, 0.1, 0.05],
    differences=StudentClasses((0.4, 0.6), (-1.5, 1.0), (-0.9, 0.6)),
)
GROWTH = PracticeFactors(
    K,
    ease=[-1.0, -0.5, 0.0, 0.5, 1.0],
    right=[0.3, 0.8, 0.5, 0.4, 0.6],
    wrong=[0.3, 0.8, 0.5, 0.4, 0.6],
    chance=0.7,
    counts="log",
    differences=StudentClasses((1.0,), (0.0,), (0.0,), spread=1.1),
)


def simulated(simulator: Any, *, mastery: int = 0, share: float = 0.7, seed: int = 0) -> Columns:
    """A log in which each student practises only some skills, up to ten answers each.

    With `mastery`, practice of a skill stops after so many right answers in a row.
    """
    rng = np.random.default_rng(seed)
    students, practises = simulator.start(N, rng), rng.random((N, K)) < share
    row = np.zeros((N, K), int)
    parts = []
    for k, _ in product(range(K), range(10)):
        who = np.flatnonzero(practises[:, k] & ((row[:, k] < mastery) | (mastery == 0)))
        right = students.answer(np.full(len(who), k), rng, who)
        row[who, k] = np.where(right, row[who, k] + 1, 0)
        parts.append((who, np.full(len(who), k), right.astype(int)))
    student, skill, correct = map(np.concatenate, zip(*parts, strict=True))
    return {"student": student, "skill": skill, "correct": correct}


def small_log(seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)
    return {
        "student": rng.integers(4, size=40),
        "skill": rng.integers(2, size=40),
        "correct": rng.integers(2, size=40),
    }


@pytest.mark.parametrize("mastery", [0, 3])
def test_two_state_classes_are_found_again(mastery: int) -> None:
    found = simulators_from_log(simulated(TWO, mastery=mastery), n_classes=2)["two_state_classes"]
    assert isinstance(found, TwoState)
    for name, margin in (("prior", 0.06), ("learn", 0.06), ("guess", 0.04), ("slip", 0.03)):
        np.testing.assert_allclose(found.draws[name], TWO.draws[name], atol=margin)
    classes, planted = found.differences, TWO.differences
    assert isinstance(classes, StudentClasses)
    assert isinstance(planted, StudentClasses)
    np.testing.assert_allclose(classes.share, planted.share, atol=0.08)
    np.testing.assert_allclose(classes.start, planted.start, atol=0.35)
    np.testing.assert_allclose(classes.pace, planted.pace, atol=0.35)


@pytest.mark.parametrize("mastery", [0, 3])
def test_growth_and_ability_are_found_again(mastery: int) -> None:
    found = simulators_from_log(simulated(GROWTH, mastery=mastery))["logistic_growth"]
    assert isinstance(found, PracticeFactors)
    assert isinstance(found.differences, StudentClasses)
    np.testing.assert_allclose(found.parameters["ease"], GROWTH.parameters["ease"], atol=0.2)
    np.testing.assert_allclose(found.parameters["right"], GROWTH.parameters["right"], atol=0.15)
    np.testing.assert_array_equal(found.parameters["right"], found.parameters["wrong"])
    assert found.differences.spread == pytest.approx(1.1, abs=0.12)
    assert found.chance == pytest.approx(0.7, abs=0.12)


def test_a_skill_that_all_practised_links_those_that_only_some_did() -> None:
    # The weak practise skills 0 and 1, the strong 1 and 2. All are equally hard, whatever the
    # shares of right answers say; ability is not normal here, so a part of the difference is left.
    rng = np.random.default_rng(5)
    ability = np.repeat([-1.2, 1.2], 1500) + 0.3 * rng.standard_normal(3000)
    skills = np.where(ability < 0, 0, 2)
    parts = [
        (np.arange(3000), skill, rng.random(3000) < expit(ability))
        for skill in (skills, np.ones(3000, int))
        for _ in range(8)
    ]
    student, skill, correct = map(np.concatenate, zip(*parts, strict=True))
    log = {"student": student, "skill": skill, "correct": correct.astype(int)}
    raw = logit([correct[skill == k].mean() for k in range(3)])
    found = simulators_from_log(log)["logistic_growth"]
    assert isinstance(found, PracticeFactors)
    assert np.ptp(found.parameters["ease"]) < 0.6 * (raw[2] - raw[0])


def test_expected_counts_are_those_of_all_hidden_paths() -> None:
    fit = TwoStateFit(
        np.array([0.3, 0.6]), np.array([0.2, 0.4]), np.array([0.25, 0.1]), np.array([0.05, 0.2]),
        np.array([0.5, 0.5]), np.array([-1.0, 0.7]), np.array([0.4, -0.6]),
    )  # fmt: skip
    _, chains = chains_of(small_log())
    histories = histories_of(chains, 4)
    found, counts = expected_counts(histories, fit)
    for h, (skill, length) in enumerate(zip(histories.skill, histories.lengths, strict=True)):
        answers = [bool(histories.levels[t][h]) for t in range(length)]
        for c in range(2):
            prior = expit(logit(fit.prior[skill]) + fit.start[c])
            learn = expit(logit(fit.learn[skill]) + fit.pace[c])
            total, sums = 0.0, np.zeros(7)
            for begins in range(length + 1):  # the first answer at which the skill is known
                weight = prior if begins == 0 else (1 - prior)
                for t in range(1, length):
                    if t <= begins:
                        weight *= learn if t == begins else 1 - learn
                known = np.arange(length) >= begins
                right = np.where(known, 1 - fit.slip[skill], fit.guess[skill])
                weight *= np.where(answers, right, 1 - right).prod()
                total += weight
                sums += weight * np.array([
                    begins == 0, 0 < begins < length, min(begins, length - 1), known.sum(),
                    (known & ~np.array(answers)).sum(), (~known).sum(), (~known & answers).sum(),
                ])  # fmt: skip
            assert found[h, c] == pytest.approx(np.log(total))
            got = [table[h, c] for table in counts]
            np.testing.assert_allclose(got, sums / total, atol=1e-12)


def test_the_marginal_likelihood_is_the_integral() -> None:
    log = {"student": [0, 0, 0, 1], "skill": [0, 0, 1, 1], "correct": [0, 1, 1, 0]}
    _, chains = chains_of(log)
    design = _design(histories_of(chains, 2), 2)
    odds = np.array([-0.3, 0.4, 0.2])  # skill 0 at both its answers, skill 1 at its first
    ability, chance = 0.9, 0.6

    def of_skill(theta: float, answers: list[tuple[float, int]]) -> float:
        x = np.linspace(-6, 6, 2001)
        right = expit(theta + chance * x[:, None] + np.array([place for place, _ in answers]))
        said = np.array([answer for _, answer in answers])
        likelihood = np.where(said == 1, right, 1 - right).prod(axis=1)
        return float(np.sum(likelihood * norm.pdf(x)) * (x[1] - x[0]))

    first = [[(-0.3, 0), (0.4, 1)], [(0.2, 1)]]
    total = 0.0
    for answers in (first, [[(0.2, 0)]]):

        def of_student(theta: float, answers: Any = answers) -> float:
            return float(np.prod([of_skill(theta, a) for a in answers]) * norm.pdf(theta / ability))

        total += np.log(quad(of_student, -6, 6)[0] / ability)
    found, *_ = marginal(odds, design.answers, design.whose, np.array([ability, chance]))
    assert found == pytest.approx(total, abs=1e-5)


def test_the_gradient_is_that_of_the_objective() -> None:
    _, chains = chains_of(small_log(1))
    design = _design(histories_of(chains, 4), 2)
    at = np.array([0.2, -0.4, -1.0, -0.3, -0.1, -0.5])
    _, slope = _objective(at, design, 2)
    for k, step in enumerate(1e-5 * np.eye(len(at))):
        rise = _objective(at + step, design, 2)[0] - _objective(at - step, design, 2)[0]
        assert rise / 2e-5 == pytest.approx(slope[k], abs=1e-8)


def test_histories_are_distinct_and_keep_every_answer() -> None:
    log = ResponseLog.from_frame(small_log(2))
    _, chains = chains_of(log)
    histories = histories_of(chains, log.n_students)
    said = {
        (int(skill), *(bool(histories.levels[t][h]) for t in range(length)))
        for h, (skill, length) in enumerate(zip(histories.skill, histories.lengths, strict=True))
    }
    assert len(said) == len(histories.skill)
    assert histories.whose.sum() == len(chains.skill)
    assert histories.whose @ histories.lengths == pytest.approx(np.bincount(log.student.codes))


def test_rows_without_an_answer_and_the_order_of_rows_do_not_matter() -> None:
    log = simulated(TWO, share=0.4)
    time = np.arange(len(log["student"]))
    shuffled = np.random.default_rng(0).permutation(len(time))
    timed = ResponseLog.from_frame({**log, "time": time}, unanswered="exposure")
    lessons: Columns = {name: column[:50] for name, column in log.items()}
    lessons["correct"] = np.full(50, np.nan)
    mixed: Columns = {
        name: np.concatenate([column[shuffled], lessons[name]]) for name, column in log.items()
    }
    mixed["time"] = np.append(time[shuffled], np.full(50, -1))
    again = ResponseLog.from_frame(mixed, unanswered="exposure")
    for one, other in zip(chains_of(timed)[1], chains_of(again)[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_skill_without_answers_takes_the_average_parameters() -> None:
    log = ResponseLog.from_frame(simulated(TWO, share=0.4))
    found = simulators_from_log(log[log.skill.values != 2])
    for name in ("prior", "learn"):
        tables = found["two_state_classes"]
        assert isinstance(tables, TwoState)
        odds = logit(tables.draws[name][0])
        assert odds[2] == pytest.approx(np.delete(odds, 2).mean(), abs=0.02)
    logistic = found["logistic_growth"]
    assert isinstance(logistic, PracticeFactors)
    ease = logistic.parameters["ease"]
    assert ease[2] == pytest.approx(np.delete(ease, 2).mean(), abs=0.02)


def test_what_cannot_be_fitted_is_said() -> None:
    with pytest.raises(ParameterError, match="n_classes must be an integer"):
        simulators_from_log(small_log(), n_classes=0)
    several = ResponseLog.from_frame(
        {"student": ["a"], "skill": ["x+y"], "correct": [1]}, skill_separator="+"
    )
    with pytest.raises(ResponseDataError, match="give each set of skills a name"):
        simulators_from_log(several)
    nothing = ResponseLog.from_frame(
        {"student": ["a"], "skill": ["x"], "correct": [np.nan]}, unanswered="exposure"
    )
    with pytest.raises(ResponseDataError, match="no row holds an answer"):
        resemblance(TWO, nothing)


@pytest.mark.parametrize("correct", [[1], [0], [1, 1, 1], [0, 0, 0]])
def test_the_smallest_logs_can_be_fitted(correct: list[int]) -> None:
    log = {"student": ["a"] * len(correct), "skill": ["x"] * len(correct), "correct": correct}
    fitted = simulators_from_log(log, level=0.8)
    two, logistic = fitted["two_state_classes"], fitted["logistic_growth"]
    assert isinstance(two, TwoState)
    assert isinstance(logistic, PracticeFactors)
    for name, values in {**two.draws, **logistic.parameters}.items():
        assert np.isfinite(values).all(), name
    assert (two.draws["guess"] + two.draws["slip"] < 1).all()
    assert logistic.level == 0.8


def test_a_fit_that_stops_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (two_state, growth):
        monkeypatch.setattr(module, "_STEPS", 2)
    with pytest.warns(ConvergenceWarning) as caught:
        simulators_from_log(simulated(TWO, share=0.2))
    said = sorted(str(warning.message) for warning in caught)
    assert [text.split(" did")[0] for text in said] == [
        "the classes of students",
        "the growth of skills",
    ]


@pytest.mark.parametrize("simulator", [TWO, GROWTH])
def test_skills_can_be_chosen(simulator: Any) -> None:
    chosen = simulator.with_skills([4, 0, 4])
    of = {TWO: "draws", GROWTH: "parameters"}[simulator]
    for name, values in getattr(chosen, of).items():
        np.testing.assert_array_equal(values, getattr(simulator, of)[name][..., [4, 0, 4]])
    assert chosen.differences is simulator.differences
    assert (chosen.n_skills, chosen.family) == (3, simulator.family)
    for wrong in ([5], [-1], [], [0.5], 1):
        with pytest.raises(ParameterError, match="skill"):
            simulator.with_skills(wrong)
    if simulator is GROWTH:
        assert (chosen.chance, chosen.counts, chosen.level) == (0.7, "log", 0.85)
    else:
        assert simulator.with_skills([1, 2], prerequisites=[(0, 1)]).parents.tolist() == [[2], [0]]


def test_the_matrix_runs_on_students_of_a_log() -> None:
    course = random_course(4)
    fitted = simulators_from_log(simulated(TWO, share=0.3))
    kinds = {name: students.with_skills([0, 1, 2, 2]) for name, students in fitted.items()}
    policies = {name: baselines(course)[name] for name in ("oracle", "three_in_a_row", "random")}
    matrix = evaluation_matrix(kinds, policies, course, n_students=40, seeds=2, budget=100)
    assert matrix.simulators == ("two_state_classes", "logistic_growth")
    assert {"class", "start"} == set(matrix.parts)


def test_classes_are_drawn_by_their_shares() -> None:
    n = 40_000
    three = StudentClasses((0.2, 0.5, 0.3), (-1, 0, 1), (0.5, 0, -0.5), spread=0.4)
    start, pace, groups = three.draw(n, np.random.default_rng(3))
    for k, share in enumerate(three.share):
        own = groups["class"] == str(k + 1)
        assert own.mean() == pytest.approx(share, abs=0.012)
        assert start[own].mean() == pytest.approx(three.start[k], abs=0.03)
        assert start[own].std() == pytest.approx(0.4, abs=0.02)
        assert set(pace[own]) == {three.pace[k]}
    low = groups["start"] == "low"
    assert low.mean() == pytest.approx(0.3, abs=0.012)
    assert start[low].mean() < start[~low].mean()
    assert StudentClasses((1,), (0,), (0,)).draw(3, np.random.default_rng(0))[2] == {}


def test_wrong_classes_are_listed() -> None:
    with pytest.raises(ParameterError) as caught:
        StudentClasses((0.2, 0.5), (0.0,), (0.0, np.nan), spread=-1)
    assert len(caught.value.problems) == 4


def test_log_counts_have_diminishing_returns() -> None:
    students = PracticeFactors(
        2, ease=[-0.5, 0.2], right=0.8, wrong=0.8, chance=0, differences=None, counts="log"
    ).start(3, np.random.default_rng(0))
    for n in range(5):
        p = students.p_correct(np.array([0, 1, 0]), np.array([0, 1, 0]))
        expected = expit(np.array([-0.5, 0.2, -0.5]) + 0.8 * np.log1p(n))
        np.testing.assert_allclose(p, expected)
        students.answer(np.array([0, 1]), np.random.default_rng(n), np.array([0, 1]))
    assert students.p_correct(np.array([1]), np.array([0])) == pytest.approx(expit(0.2))
    with pytest.raises(ParameterError, match="counts must be one of 'linear', 'log'"):
        PracticeFactors(1, counts="square")  # type: ignore[arg-type]
