"""What every knowledge-tracing model promises, checked on each of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from tests.models.students import answers, with_items, with_times
from tests.pages import Page

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning
from adaptlearn.models import (
    AFM,
    BKT,
    DAS3H,
    DASH,
    FSRS,
    IRT,
    PFA,
    RPFA,
    BestLR,
    BoostedTracer,
    Elo,
    HalfLifeRegression,
    LinearRecurrentTracer,
    Rasch,
)
from adaptlearn.models.checks import CHECKS, tracer_checks
from adaptlearn.models.memory import FSRS_DEFAULTS
from adaptlearn.models.registry import model_homes

MODELS = [
    BKT(n_init=2),
    BKT(forgetting=True, n_init=2),
    BKT(
        forgetting=True,
        n_init=2,
        learn_by="item",
        forget_by="item_pair",
        guess_by="item",
        slip_by="item",
    ),
    BKT(student_classes=2, n_init=2),
    BKT(student_classes=3, forgetting=True, n_init=2),
    BKT(forgetting=True, ability=True, recency=True, difficulty=True, lag=True),
    BKT(forgetting=True, ability=True, learn_by="item", multi_skill="conjunctive"),
    AFM(),
    PFA(counts="log"),
    RPFA(slopes="shared"),
    DASH(windows=()),
    DAS3H(windows=()),
    BestLR(),
    IRT(),
    Rasch(),
    Elo(),
    Elo(alpha=1.0, beta=0.05, skill_offsets=False),
    LinearRecurrentTracer(n_epochs=5),
    BoostedTracer(features=["counts", "recency", "ratings"], inputs=(), max_iter=20),
    BoostedTracer(inputs=(Elo(), BKT(forgetting=True, n_init=2)), n_folds=2, max_iter=20),
]
TIMED = [  # what these are asked for depends on times
    FSRS(),
    FSRS(card="skill"),
    FSRS(parameters=FSRS_DEFAULTS, whole_days=True, guess=0.2, slip=0.1),
    HalfLifeRegression(),
    HalfLifeRegression(card="skill", loss="squared", guess=0),
    BKT(n_init=1, forgetting=True, learn_by="gap", forget_by=("item", "gap")),
    DASH(windows=(4e4, 1e6), max_iter=30, tol=1e-3),
    BoostedTracer(
        features=["counts", "skill_lag"], inputs=(BKT(learn_by="gap", n_init=1),), max_iter=10
    ),
]

LOG = with_items(answers(500, 8, seed=1, forget=0.05))
WHOLE = ResponseLog.from_frame(LOG)
CASES = [
    pytest.param(check, id=f"{check}-{model!r}")
    for models, log in ((MODELS, WHOLE), (TIMED, ResponseLog.from_frame(with_times(LOG))))
    for model in models
    for check in tracer_checks(model, log)
]


@pytest.mark.parametrize("check", CASES)
def test_the_promise_is_kept(check):
    check()


def test_every_model_there_is_is_checked():
    assert {type(model).__name__ for model in MODELS + TIMED} == set(model_homes())
    assert len(CASES) == len(MODELS + TIMED) * len(CHECKS)
    assert len(CHECKS) >= 18


@pytest.fixture(scope="module", params=MODELS, ids=repr)
def model(request):
    """Each model, fitted to the same answers."""
    return clone(request.param).fit(LOG)


def test_a_notebook_shows_it(model):
    page = Page(model._repr_html_())
    assert page.text.startswith(repr(model))
    assert "3 skills · 12,000 answers" in page.text


def test_its_state_counts_answers(model):
    state = model.update_state(model.init_state(WHOLE.n_students), WHOLE)
    numbers = np.arange(WHOLE.n_students)
    assert state.n_answers == model.state_counts(state, numbers).sum() > 0
    state.forget(numbers[:5])
    assert state.n_answers == model.state_counts(state, numbers).sum()


def test_saved_and_loaded_it_predicts_the_same(model, tmp_path):
    model.save(tmp_path / "model.json")
    again = adaptlearn.load(tmp_path / "model.json")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict_proba(LOG), model.predict_proba(LOG))
    assert again.fingerprint_ == model.fingerprint_


def test_right_answers_raise_what_is_predicted_of_the_unseen(model):
    with pytest.warns(DataWarning, match="'juggling'"):
        p = model.predict_proba(
            {"student": ["a"] * 2, "skill": ["juggling"] * 2, "item": [0] * 2, "correct": [1] * 2}
        )
    assert 0.5 != p[0, 1] < p[1, 1]
