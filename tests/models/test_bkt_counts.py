"""Fitting from counts of distinct sequences is fitting from the log."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.models.students import answers

from adaptlearn import ResponseLog, SequenceCounts
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.models import BKT
from adaptlearn.models.bkt.parameters import Parameters


@pytest.mark.parametrize("forgetting", [False, True])
@pytest.mark.parametrize("length", [4, 40])
def test_fitting_from_counts_is_fitting_from_rows(forgetting, length):
    log = ResponseLog.from_frame(answers(600, length, seed=3, forget=0.05))
    model, same = BKT(forgetting=forgetting), BKT(forgetting=forgetting)
    model.fit(log)
    same.fit_counts(SequenceCounts.from_log(log))
    assert same.skills_.tolist() == model.skills_.tolist()
    assert same.n_answers_.tolist() == model.n_answers_.tolist()
    np.testing.assert_allclose(same.log_likelihood_, model.log_likelihood_, rtol=1e-12)
    for name in Parameters._fields:
        np.testing.assert_allclose(
            same.parameters_[name], model.parameters_[name], rtol=0, atol=1e-12
        )


def test_every_step_from_counts_is_that_from_rows():
    log = ResponseLog.from_frame(answers(500, 12, seed=4, forget=0.05))
    counts = SequenceCounts.from_log(log)
    for steps in (1, 7, 50):
        model = BKT(forgetting=True, max_iter=steps, tol=0).fit(log)
        same = BKT(forgetting=True, max_iter=steps, tol=0).fit_counts(counts)
        for name in Parameters._fields:
            np.testing.assert_allclose(
                same.parameters_[name], model.parameters_[name], rtol=0, atol=1e-12
            )


def test_counts_of_two_files_add_up_to_those_of_both():
    log = ResponseLog.from_frame(answers(400, 6, seed=5))
    first = log.student.codes < 150
    parts = SequenceCounts.from_log(log[first]) + SequenceCounts.from_log(log[~first])
    whole, merged = BKT().fit(log), BKT().fit_counts(parts)
    np.testing.assert_allclose(merged.parameters_["learn"], whole.parameters_["learn"], atol=1e-12)


def test_options_that_need_columns_are_refused_by_name():
    counts = SequenceCounts.from_log(ResponseLog.from_frame(answers(50, 4, seed=1)))
    with pytest.raises(ParameterError) as caught:
        BKT(guess_by="item", ability=True).fit_counts(counts)
    assert "guess_by" in str(caught.value)
    assert "ability" in str(caught.value)


def test_a_frame_is_not_taken_for_counts():
    frame: Any = {"student": [1], "skill": [1], "correct": [1]}
    with pytest.raises(ResponseDataError, match="count_sequences"):
        BKT().fit_counts(frame)
