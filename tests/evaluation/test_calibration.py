"""Calibration curves: bins, bands over students, and what they add up to."""

import json
from typing import Any

import numpy as np
import pytest
from tests.conftest import trials

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation import calibration_curve, calibration_error
from adaptlearn.evaluation.diagnostics import plot_calibration
from adaptlearn.models import BKT


def random_log(rng, n_students=50, per_student=40, spread=0.0, bias=0.0):
    student = np.repeat(np.arange(n_students), per_student)
    p = np.clip(rng.beta(3, 2, len(student)), 0.01, 0.99)
    shift = rng.normal(0, spread, n_students)[student] + bias
    truth = 1 / (1 + np.exp(-np.log(p / (1 - p)) - shift))
    correct = (rng.random(len(p)) < truth).astype(int)
    items = np.arange(len(p))
    columns = {"student": student, "skill": np.ones(len(p), int), "correct": correct, "item": items}
    return ResponseLog.from_frame(columns), p


def test_bins_hold_equal_mass_and_add_up_to_the_calibration_error():
    log, p = random_log(np.random.default_rng(1), bias=0.5)
    for n_bins in (1, 7, 10):
        curve = calibration_curve(log, p, n_bins=n_bins, n_bootstrap=0)
        assert curve.n.sum() == len(log)
        assert np.ptp(curve.n) <= 1
        error = np.average(np.abs(curve.observed - curve.predicted), weights=curve.n)
        assert error == pytest.approx(calibration_error(log.correct, p, n_bins=n_bins), abs=1e-12)
        assert curve.error == pytest.approx(error, abs=1e-12)
    assert (np.diff(curve.predicted) > 0).all()
    first = np.argsort(p)[:200]
    assert curve.predicted[0] == pytest.approx(p[first].mean())
    assert curve.observed[0] == pytest.approx(log.correct[first].mean())
    assert curve.n_students[0] == len(np.unique(log.student.codes[first]))
    assert np.isnan(curve.lower).all()


def test_tied_predictions_share_a_bin_and_empty_bins_are_dropped():
    log, _ = random_log(np.random.default_rng(2), 10, 10)
    p = np.where(np.arange(100) < 70, 0.3, 0.8)
    curve = calibration_curve(log, p)
    np.testing.assert_allclose(curve.predicted, [0.3, 0.8])
    assert curve.n.tolist() == [70, 30]
    assert curve.observed[0] == log.correct[:70].mean()


@pytest.mark.trials
def test_bands_cover_a_calibrated_model_as_often_as_they_say():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(trials(600)):
        log, p = random_log(rng)
        curve = calibration_curve(log, p, n_bins=5, n_bootstrap=200, confidence=0.9)
        covered.append((curve.lower <= curve.predicted) & (curve.predicted <= curve.upper))
        assert ((curve.lower <= curve.observed) & (curve.observed <= curve.upper)).all()
    assert 0.86 < np.mean(covered) < 0.97


def test_students_who_differ_make_wider_bands():
    def width(spread):
        log, p = random_log(np.random.default_rng(4), 40, 100, spread)
        curve = calibration_curve(log, p, n_bins=1, n_bootstrap=300)
        return (curve.upper - curve.lower)[0]

    assert width(1.5) > 2 * width(0.0)


def test_answers_that_are_all_alike_are_not_certain():
    columns = {"student": [1, 2, 3], "skill": [1, 1, 1], "correct": [1, 1, 1]}
    curve = calibration_curve(columns, [0.7, 0.7, 0.7])
    assert (curve.observed[0], curve.upper[0]) == (1, 1)
    assert curve.lower[0] == pytest.approx(0.4385, abs=1e-4)  # Wilson, 3 of 3
    alone = calibration_curve({**columns, "student": [1, 1, 1]}, [0.7, 0.71, 0.72], n_bins=1)
    assert np.isnan([alone.lower[0], alone.upper[0]]).all()


def test_rows_without_a_prediction_or_an_answer_are_left_out():
    columns = {"student": [1, 1, 2, 2], "skill": [1] * 4, "correct": [1.0, np.nan, 0.0, 1.0]}
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    curve = calibration_curve(log, [0.5, 0.9, 0.5, np.nan], n_bins=1, n_bootstrap=0)
    assert (curve.n.tolist(), curve.observed.tolist()) == ([2], [0.5])


@pytest.mark.parametrize(
    ("predicted", "says"),
    [
        (np.full((4, 2), 0.5), r"got \(4, 2\); of what predict_proba returns, take column 1"),
        (np.full(3, 0.5), r"must be of shape \(4,\), as the log, got \(3,\)"),
        ([0.1, 1.2, 0.3, -1], "2 are not, first 1.2 in row 1"),
    ],
)
def test_what_is_no_prediction_is_refused(predicted, says):
    columns = {"student": [1, 1, 2, 2], "skill": [1] * 4, "correct": [1, 0, 0, 1]}
    with pytest.raises(ParameterError, match=f"(?s)calibration_curve.*{says}"):
        calibration_curve(columns, predicted)


def test_a_model_or_several_models_in_place_of_predictions_is_told_what_to_give():
    log, p = random_log(np.random.default_rng(4))
    model: Any = BKT(n_init=1).fit(log)
    several: Any = {"a": p, "b": p}
    no_curves: Any = {"a": {}}
    with pytest.raises(
        ParameterError, match=r"BKT is a model; give its predict_proba\(log\)\[:, 1"
    ):
        calibration_curve(log, model)
    with pytest.raises(ParameterError, match="several models, 'a', 'b'; give those of one"):
        calibration_curve(log, several)
    with pytest.raises(ParameterError, match="the log comes first, then the predictions"):
        calibration_curve(p, log)
    with pytest.raises(ParameterError, match="a dict; give a CalibrationCurve, or a mapping"):
        plot_calibration(no_curves)


def test_nothing_predicted_and_arguments():
    columns = {"student": [1, 1], "skill": [1] * 2, "correct": [1, 0]}
    with pytest.raises(ResponseDataError, match="no answer of the log has a prediction"):
        calibration_curve(columns, [np.nan, np.nan])
    with pytest.raises(ParameterError, match="3 problems"):
        calibration_curve(columns, [0.5, 0.5], n_bins=0, confidence=1, n_bootstrap=-1)


def test_text_html_and_plain_data():
    log, p = random_log(np.random.default_rng(5))
    curve = calibration_curve(log, p, n_bins=4, n_bootstrap=20)
    lines = str(curve).splitlines()
    assert lines[0] == f"calibration error {curve.error:.4f}, of 2,000 answers"
    assert len(lines) == 6
    assert curve._repr_html_().count("<tr>") == 5
    assert repr(curve) == f"CalibrationCurve(4 bins, error {curve.error:.4f})"
    plain = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert plain["bins"]["n"] == curve.n.tolist()
    assert {len(column) for column in curve.table().values()} == {4}
    bare = calibration_curve(log, p, n_bootstrap=0).to_dict()
    assert set(bare["bins"]["lower"]) == {None}
    again = calibration_curve(log, p, n_bins=4, n_bootstrap=20)
    np.testing.assert_array_equal(again.lower, curve.lower)
