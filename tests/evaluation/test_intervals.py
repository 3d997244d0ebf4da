"""Intervals over students cover what they say, also where students are few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.conftest import trials

from adaptlearn import ResponseLog
from adaptlearn.evaluation import evaluate, group_errors
from adaptlearn.evaluation.cross_validation import CrossValidation
from adaptlearn.evaluation.intervals import (
    effective_students,
    rate_interval,
    student_interval,
    tail,
)
from adaptlearn.evaluation.metrics import all_metrics
from adaptlearn.evaluation.scoring import summarise

METRICS = ("auc", "log_loss", "rmse", "accuracy")


def school(rng: np.random.Generator, n_students: int, uneven: bool = False) -> Any:
    """Answers, predictions and students, who differ; uneven, in how much they answered too."""
    if uneven:
        sizes = np.maximum(2, np.exp(rng.normal(3, 1, n_students))).astype(int)
    else:
        sizes = np.full(n_students, 25)
    student = np.repeat(np.arange(n_students), sizes)
    shift = rng.normal(0, 0.8, n_students)[student]
    p = np.clip(rng.beta(3, 2, len(student)), 0.01, 0.99)
    truth = 1 / (1 + np.exp(-np.log(p / (1 - p)) - shift))
    return (rng.random(len(student)) < truth).astype(float), p, student


def found(rng: np.random.Generator, answers: Any, n_bootstrap: int = 100) -> Any:
    summary: dict[str, Any] = {"n_bootstrap": n_bootstrap, "confidence": 0.95, "notes": []}
    return summarise("model", *answers, rng=rng, **summary)


@pytest.mark.slow
@pytest.mark.trials
@pytest.mark.parametrize(
    ("n_students", "n_logs", "uneven"),
    [(3, 2500, False), (10, 2500, False), (20, 2000, False), (50, 1200, False),
     (200, 600, False), (10, 2500, True)],
)  # fmt: skip
def test_intervals_of_few_students_cover_as_often_as_they_say(n_students, n_logs, uneven):
    # Percentiles of the same resamples cover .73 with 3 students, .87 with 10, .92 with 20, and
    # .85 with 10 uneven ones.
    rng = np.random.default_rng(n_students)
    truth = all_metrics(*school(np.random.default_rng(0), 40_000, uneven)[:2])
    covered = np.zeros(4)
    for _ in range(trials(n_logs)):
        result, _ = found(rng, school(rng, n_students, uneven))
        ends = [result.metrics()[name] for name in METRICS]
        covered += [
            one.lower <= truth[name] <= one.upper for name, one in zip(METRICS, ends, strict=True)
        ]
    covered /= trials(n_logs)
    assert (covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / trials(n_logs))).all(), covered


@pytest.mark.slow
@pytest.mark.trials
def test_differences_of_two_models_cover_as_often_as_they_say():
    rng = np.random.default_rng(8)

    def other(p: Any) -> Any:
        return np.clip(p + 0.1 * np.sin(50 * p), 0.01, 0.99)

    correct, p, _ = school(np.random.default_rng(0), 40_000)
    one, two = all_metrics(correct, p), all_metrics(correct, other(p))
    covered = np.zeros(4)
    for _ in range(trials(1500)):
        correct, p, student = school(rng, 10)
        seed = int(rng.integers(2**31))
        models = {
            name: found(np.random.default_rng(seed), (correct, predicted, student))
            for name, predicted in (("one", p), ("two", other(p)))
        }
        compared = CrossValidation(
            {name: result for name, (result, _) in models.items()},
            {},
            {},
            (),
            resampled={name: drawn for name, (_, drawn) in models.items()},
        )
        (differences,) = compared.differences("one").estimates.values()
        covered += [
            differences[name].lower <= two[name] - one[name] <= differences[name].upper
            for name in METRICS
        ]
    covered /= trials(1500)
    assert (covered >= 0.91).all(), covered


def test_gaps_of_groups_of_few_students_cover_as_often_as_they_say():
    rng = np.random.default_rng(9)
    n_groups, covered = 60, []
    for _ in range(10):
        student = np.repeat(np.arange(5 * n_groups), 30)
        shift = rng.normal(0, 1, 5 * n_groups)[student]
        p = np.full(len(student), 0.6)
        correct = (rng.random(len(student)) < 1 / (1 + np.exp(-shift))).astype(int)  # .5 in all
        log = ResponseLog.from_frame(
            {"student": student, "skill": np.ones(len(student), int), "correct": correct}
        )
        gap = group_errors(log, p, by=student // 5, n_bootstrap=300, random_state=1).gap
        covered += [*((gap.lower <= 0.1) & (gap.upper >= 0.1))]
    assert np.mean(covered) >= 0.93, np.mean(covered)  # percentiles: .83


def test_an_interval_is_student_t_on_its_scale():
    effective, spread = 10.0, 0.02
    reach = stats.t(9).ppf(0.975) * spread * np.sqrt(10 / 9)
    plain = student_interval(0.3, spread, effective, 0.95)
    assert (plain.lower, plain.upper) == pytest.approx((0.3 - reach, 0.3 + reach))
    share = student_interval(0.3, spread, effective, 0.95, "share")
    odds = [np.log(end / (1 - end)) - np.log(0.3 / 0.7) for end in share]
    assert odds == pytest.approx([-reach / 0.21, reach / 0.21])
    positive = student_interval(0.3, spread, effective, 0.95, "positive")
    assert np.log([end / 0.3 for end in positive]) == pytest.approx([-reach / 0.3, reach / 0.3])


def test_with_many_students_it_is_that_of_the_normal_distribution():
    found = student_interval(0.3, 0.002, 1e5, 0.95, "share")
    assert (found.lower, found.upper) == pytest.approx((0.29609, 0.30393), abs=1e-5)
    assert tail(1e6, 0.95) == pytest.approx(0.025, abs=1e-5)
    assert tail(10, 0.95) == pytest.approx(stats.norm.cdf(-stats.t(9).ppf(0.975) * (10 / 9) ** 0.5))


def test_ends_that_cannot_be_moved_stay_and_others_are_missing():
    ends = student_interval(
        [0.0, 1.0, 0.5, 0.5], [0.0, 0.0, 0.1, 0.1], [5, 5, 1.2, 5], 0.9, "share"
    )
    assert ends.lower[:2].tolist() == ends.upper[:2].tolist() == [0.0, 1.0]
    assert np.isnan([ends.lower[2], ends.upper[2]]).all()
    assert 0 < ends.lower[3] < 0.5 < ends.upper[3] < 1
    assert np.isnan(tail(1.2, 0.9))
    wide = student_interval(0.01, 0.5, 1.6, 0.999, "positive")
    assert (float(wide.lower), float(wide.upper)) == (
        0.0,
        np.inf,
    )  # the caller knows what it is at most
    nothing = rate_interval(
        np.array([0.5]), np.array([np.nan]), np.array([4.0]), np.array([9.0]), 0.95
    )
    assert np.isnan(nothing).all()


def test_students_count_by_how_much_they_answered():
    assert effective_students([5, 5, 5, 5]) == 4
    assert effective_students([100, 0, 0]) == 1
    assert effective_students([30, 10]) == pytest.approx(1.6)
    assert np.isnan(effective_students([0, 0]))
    assert effective_students([[1, 2], [1, 2], [1, 0]]).tolist() == [3, 2]


class Given:
    """Predicts the log's own column ``p``."""

    def predict_proba(self, log: ResponseLog) -> Any:
        return np.stack([1 - log.extra["p"], log.extra["p"]], axis=1)


def log_of(sizes: list[int]) -> ResponseLog:
    rng = np.random.default_rng(3)
    n = sum(sizes)
    return ResponseLog.from_frame(
        {
            "student": np.repeat(np.arange(len(sizes)), sizes),
            "skill": np.ones(n, int),
            "correct": rng.integers(2, size=n),
            "p": rng.random(n),
        },
        extra=["p"],
    )


def test_one_student_among_many_who_gave_nearly_all_answers_says_nothing_of_others():
    result = evaluate(Given(), log_of([1000, *[1] * 50]))
    assert np.isnan([one.lower for one in result.metrics().values()]).all()
    assert result.notes == ("no intervals, since one of 51 students gave nearly all the answers",)
    assert result.effective_students == pytest.approx(1.1, abs=0.01)
    assert result.n_bootstrap == 0
    even = evaluate(Given(), log_of([20, 20]))
    assert np.isfinite([one.lower for one in even.metrics().values()]).all()
    assert all(0 <= one.lower <= one.value <= one.upper for one in even.metrics().values())
