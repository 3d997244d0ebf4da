"""`evaluate`: what is scored, what the intervals say, and what the reader is told."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.conftest import trials

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError
from adaptlearn.evaluation import auc, evaluate
from adaptlearn.evaluation.results import Estimate


class Given:
    """Predicts the log's own column ``p``."""

    def predict_proba(self, log):
        return np.stack([1 - log.extra["p"], log.extra["p"]], axis=1)


def log_of(student, correct, p, **columns):
    return ResponseLog.from_frame(
        {"student": student, "skill": np.ones(len(student), int), "correct": correct, "p": p},
        extra=["p"],
        **columns,
    )


def random_log(rng, n_students=40, per_student=25, spread=0.0):
    student = np.repeat(np.arange(n_students), per_student)
    shift = rng.normal(0, spread, n_students)[student]
    p = np.clip(rng.beta(3, 2, len(student)), 0.01, 0.99)
    truth = 1 / (1 + np.exp(-np.log(p / (1 - p)) - shift))
    return log_of(student, (rng.random(len(student)) < truth).astype(int), p)


def test_values_counts_and_order_of_ends():
    log = random_log(np.random.default_rng(1))
    result = evaluate(Given(), log)
    assert result.model == "Given"
    assert result.auc.value == auc(log.correct, log.extra["p"])
    assert (result.n_responses, result.n_students, result.n_bootstrap) == (1000, 40, 1000)
    assert result.fraction_correct == log.correct.mean()
    assert result.notes == ()
    for estimate in result.metrics().values():
        assert estimate.lower < estimate.value < estimate.upper


def test_it_is_at_the_top_and_reproducible():
    log = random_log(np.random.default_rng(2))
    first, again = (adaptlearn.evaluate(Given(), log, n_bootstrap=50) for _ in range(2))
    assert first == again
    assert first != evaluate(Given(), log, n_bootstrap=50, random_state=1)
    generator = np.random.default_rng(0)
    assert first == evaluate(Given(), log, n_bootstrap=50, random_state=generator)


def test_row_order_of_a_log_does_not_matter():
    log = random_log(np.random.default_rng(3))
    shuffled = log[np.random.default_rng(4).permutation(len(log))]
    first, other = evaluate(Given(), log).to_dict(), evaluate(Given(), shuffled).to_dict()
    for name, estimate in first["metrics"].items():
        assert other["metrics"][name] == pytest.approx(estimate, abs=1e-12)


def test_a_part_of_a_log_counts_its_own_students():
    log = random_log(np.random.default_rng(5))
    result = evaluate(Given(), log[log.student.codes >= 30])
    assert (result.n_students, result.n_responses) == (10, 250)


@pytest.mark.slow
@pytest.mark.trials
def test_intervals_cover_the_truth_as_often_as_they_say():
    # 200 logs of 40 students who differ; 90 % intervals. With 200 trials a nominal .90 gives
    # .90 +- 3 * .021; small samples cost a little more.
    rng = np.random.default_rng(6)
    names = ["auc", "log_loss", "rmse", "accuracy"]
    truth = evaluate(Given(), random_log(rng, 20_000, 25, 0.8), n_bootstrap=0).metrics()
    covered = np.zeros(4)
    for _ in range(trials(2000)):
        log = random_log(rng, 40, 25, 0.8)
        found = evaluate(Given(), log, n_bootstrap=200, confidence=0.9).metrics()
        covered += [found[name].lower <= truth[name].value <= found[name].upper for name in names]
    covered /= trials(2000)
    assert ((covered >= 0.82) & (covered <= 0.97)).all(), covered


@pytest.mark.trials
def test_the_interval_of_the_calibration_error_allows_for_chance():
    # Perfectly calibrated: a plain percentile interval would lie above the value and the truth.
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(trials(500)):
        found = evaluate(Given(), random_log(rng), n_bootstrap=200).calibration_error
        assert 0 <= found.lower <= found.value <= found.upper
        covered += found.lower < 0.3 * found.value
    assert covered > 0.8 * trials(500)


def test_exposures_are_never_scored():
    student, correct = [1, 1, 2, 2], np.array([1.0, np.nan, 0.0, 1.0])
    log = log_of(student, correct, np.array([0.9, np.nan, 0.2, 0.7]), unanswered="exposure")
    result = evaluate(Given(), log, n_bootstrap=10)
    assert (result.n_responses, result.auc.value) == (3, 1.0)
    assert "1 rows without an answer were not scored" in result.notes


def test_one_class_warns_and_says_why():
    log = log_of([1, 1, 2], [1, 1, 1], np.array([0.5, 0.6, 0.7]))
    with pytest.warns(DataWarning, match="AUC is undefined, since every answer is alike"):
        result = evaluate(Given(), log, n_bootstrap=20)
    assert np.isnan([result.auc.value, result.auc.lower, result.auc.upper]).all()
    assert np.isfinite(result.log_loss.lower)
    assert "AUC is undefined, since every answer is alike" in result.notes
    assert "undefined" in str(result)
    assert result.to_dict()["metrics"]["auc"] == {"value": None, "lower": None, "upper": None}


def test_resamples_of_one_class_are_left_out_and_counted():
    log = log_of([1, 1, 2, 2, 3, 3], [0, 0, 1, 1, 0, 0], np.array([0.2, 0.6, 0.4, 0.8, 0.3, 0.5]))
    result = evaluate(Given(), log, n_bootstrap=100)  # without student 2: (2 / 3) ** 3 of them
    assert np.isnan([result.auc.lower, result.auc.upper]).all()
    assert result.notes[0].startswith("no interval of AUC: ")
    assert result.notes[0].endswith(" of 100 resamples, in which every answer is alike")
    student, correct = np.repeat(np.arange(6), 2), [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0]
    log = log_of(student, correct, np.linspace(0.2, 0.8, 12))
    result = evaluate(Given(), log, n_bootstrap=100)
    assert result.auc.lower < result.auc.value < result.auc.upper
    assert result.notes[0].startswith("the interval of AUC leaves out ")


def test_two_students_of_one_answer_each_have_no_interval_of_auc():
    log = log_of([1, 1, 2, 2], [0, 0, 1, 1], np.array([0.2, 0.6, 0.4, 0.8]))
    result = evaluate(Given(), log, n_bootstrap=100)
    # The half of the resamples that have an AUC all have this one: that is no certainty.
    assert result.auc.value == 0.75
    assert np.isnan([result.auc.lower, result.auc.upper]).all()
    assert any("in which every answer is alike" in note for note in result.notes)


def test_one_student_has_no_interval_and_the_reason():
    log = log_of([1, 1, 1], [0, 1, 1], np.array([0.2, 0.6, 0.4]))
    result = evaluate(Given(), log)
    assert result.auc.value == 1.0
    assert all(np.isnan(estimate.lower) for estimate in result.metrics().values())
    assert result.notes == ("no intervals, since one student says nothing about others",)
    assert result.n_bootstrap == 0


def test_certain_failures_are_noted():
    log = log_of([1, 2], [0, 1], np.array([1.0, 0.5]))
    result = evaluate(Given(), log, n_bootstrap=0)
    assert result.notes[0].startswith("1 predictions of exactly 0 or 1 failed")


@pytest.mark.parametrize(
    ("prediction", "says"),
    [
        (np.full(3, 0.5), r"shape \(3, 2\), got \(3,\)"),
        (np.full((2, 2), 0.5), r"shape \(3, 2\), got \(2, 2\)"),
        (np.array([[0.5, 0.5], [0.5, np.nan], [2, -1]]), "2 of 3 .* first nan in row 1"),
    ],
)
def test_what_is_no_prediction_is_refused(prediction, says):
    class Wrong:
        def predict_proba(self, log):
            return prediction

    log = log_of([1, 1, 2], [0, 1, 1], np.full(3, 0.5))
    with pytest.raises(ParameterError, match=f"(?s)predictions of Wrong.*{says}"):
        evaluate(Wrong(), log)


def test_arguments_are_checked_together():
    with pytest.raises(ParameterError) as caught:
        evaluate(Given(), None, n_bootstrap=-1, confidence=1)
    assert len(caught.value.problems) == 2


def test_nothing_to_score():
    log = log_of([1, 2], [np.nan, np.nan], np.full(2, 0.5), unanswered="exposure")
    with pytest.raises(ResponseDataError, match="holds no answer to score"):
        evaluate(Given(), log)


def test_plain_data_text_and_html():
    result = evaluate(Given(), random_log(np.random.default_rng(8)), confidence=0.9)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["metrics"]["rmse"]["value"] == result.rmse.value
    lines = str(result).splitlines()
    assert lines[0].startswith("Given: 1,000 responses, 40 students, ")
    assert lines[1].split() == ["metric", "value", "90%", "interval"]
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "AUC",
        "log loss",
        "RMSE",
        "accuracy",
        "calibration error",
    ]
    html = result._repr_html_()
    assert html.count("<tr>") == 6
    assert f"<td>{result.auc.value:.4f}</td>" in html


def test_an_evaluation_is_a_table_for_dataframes():
    log = random_log(np.random.default_rng(8))
    result = evaluate(Given(), log, metrics={"bias": lambda y, p: float((p - y).mean())})
    frame = pd.DataFrame(result.table())
    assert [*frame.columns] == ["model", "metric", "value", "lower", "upper"]
    assert [*frame.metric] == [*result.metrics()]
    assert frame.value[0] == result.auc.value
    assert set(frame.model) == {"Given"}
    assert pl.DataFrame(result.table()).height == 6
    assert f"AUC & {result.auc.value:.4f} & " in result.to_latex()


def test_a_log_in_place_of_the_model_is_told_the_order():
    with pytest.raises(
        ParameterError, match=r"ResponseLog does not predict.*evaluate\(model, log\)"
    ):
        evaluate(random_log(np.random.default_rng(8)), Given())


def test_a_short_line_stands_for_an_evaluation():
    result = evaluate(Given(), random_log(np.random.default_rng(8)))
    shown = f"AUC {result.auc.value:.4f}, log loss {result.log_loss.value:.4f}"
    assert repr(result) == f"Evaluation(Given: {shown}; 40 students)"


def test_html_is_escaped():
    result = evaluate(type("<b>", (Given,), {})(), random_log(np.random.default_rng(9)))
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<b>" not in result._repr_html_()


def test_an_estimate_reads_as_one():
    nan = float("nan")
    assert str(Estimate(0.71234, 0.7, 0.72)) == "0.7123 [0.7000, 0.7200]"
    assert str(Estimate(0.71234, nan, nan)) == "0.7123"
    assert str(Estimate(nan, nan, nan)) == "undefined"
