"""A `random_state` means the same wherever one is taken."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from sklearn.base import clone
from tests.models.students import answers, with_items
from tests.sequencing.fakes import FakeTracker, chain

import adaptlearn
from adaptlearn import ResponseLog, Sequencer, cross_validate, evaluate
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import StudentSplit
from adaptlearn.models import BKT, BoostedTracer, Elo, LinearRecurrentTracer
from adaptlearn.randomness import generator_of, seed_of
from adaptlearn.sequencing import Placement
from adaptlearn.simulation import TwoState, baselines, random_course, run_episode, simulate_school

LOG = ResponseLog.from_frame(with_items(answers(40, 4, seed=1)))
COURSE = random_course(2)
MODELS = [
    BKT(n_init=2),
    LinearRecurrentTracer(n_epochs=1, decays=(0.5,), rank=1),
    BoostedTracer(
        features=["counts"],
        inputs=(),
        lean_on=(),
        n_folds=2,
        n_seeds=1,
        max_iter=2,
        max_features=0.5,
        min_samples_leaf=5,
    ),
]


def drawn(random_state):
    return generator_of(random_state).integers(1 << 40)


def test_an_int_draws_the_same_in_every_call():
    assert drawn(3) == drawn(3) == drawn(np.int64(3)) != drawn(4)
    assert drawn(3) == np.random.default_rng(3).integers(1 << 40)


def test_none_draws_something_else_in_every_call():
    assert len({drawn(None) for _ in range(5)}) == 5


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_source_of_numpys_goes_on_from_where_it_stands(make):
    source, again = make(3), make(3)
    first = drawn(source)
    assert first == drawn(again)
    assert drawn(source) == drawn(again) != first


def test_what_a_legacy_source_gives_can_be_divided():
    assert len(generator_of(np.random.RandomState(3)).spawn(3)) == 3


@pytest.mark.parametrize("wrong", [True, -1, 0.5, "3", [1, 2], np.random])
def test_what_is_no_source_is_refused(wrong):
    with pytest.raises(ParameterError, match="random_state must be None, an integer in"):
        generator_of(wrong)


def test_a_seed_repeats_what_was_drawn():
    assert seed_of(7) == 7
    assert type(seed_of(np.int32(7))) is int
    assert seed_of(None) != seed_of(None)
    source = np.random.default_rng(3)
    assert seed_of(source) == seed_of(np.random.default_rng(3)) != seed_of(source)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
class TestModels:
    def test_a_fit_with_none_can_be_repeated_by_its_seed(self, model, tmp_path):
        fitted = clone(model).set_params(random_state=None).fit(LOG)
        again = clone(model).set_params(random_state=fitted.seed_).fit(LOG)
        assert again.fingerprint_ == fitted.fingerprint_
        assert again.seed_ == fitted.seed_
        assert fitted.random_state is None  # the constructor's arguments stay as they were given
        assert clone(fitted).fit(LOG).seed_ != fitted.seed_
        fitted.save(tmp_path / "model")
        loaded = adaptlearn.load(tmp_path / "model")
        assert loaded.get_params()["random_state"] == fitted.seed_
        assert loaded.fingerprint_ == fitted.fingerprint_

    def test_a_generator_gives_the_seed(self, model):
        seeds = [
            clone(model).set_params(random_state=np.random.default_rng(3)).fit(LOG).seed_
            for _ in range(2)
        ]
        assert seeds[0] == seeds[1]

    def test_an_int_is_the_seed(self, model):
        assert clone(model).set_params(random_state=5).fit(LOG).seed_ == 5

    def test_what_is_no_source_is_refused(self, model):
        for wrong in (-1, "3", True):
            with pytest.raises(ParameterError, match="random_state must be None, an integer in"):
                clone(model).set_params(random_state=wrong).fit(LOG)


def test_a_model_that_was_not_fitted_is_saved_with_any_source(tmp_path):
    table = {"skill": ["add"], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    model = BKT.from_parameters(table, random_state=np.random.default_rng(1))
    model.save(tmp_path / "model.json")
    assert adaptlearn.load(tmp_path / "model.json").get_params()["random_state"] is None


def test_a_splitter_keeps_the_seed_that_it_drew():
    split = StudentSplit(2, random_state=None)
    again = StudentSplit(2, random_state=split.random_state)
    assert split.random_state != StudentSplit(2, random_state=None).random_state
    for one, other, third in zip(split.split(LOG), split.split(LOG), again.split(LOG), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        np.testing.assert_array_equal(one[1], third[1])


def test_folds_that_are_kept_are_not_drawn_anew(tmp_path):
    with pytest.raises(ParameterError, match="none would be found again; give an integer"):
        cross_validate(Elo(alpha=1.0, beta=0.1), LOG, cv=2, folder=tmp_path, random_state=None)
    split = StudentSplit(2, random_state=None)
    result = cross_validate(
        Elo(alpha=1.0, beta=0.1), LOG, cv=split, folder=tmp_path, random_state=None, n_bootstrap=2
    )
    assert len(result.test_rows) == 2


def test_fresh_folds_and_resamples():
    model = Elo(alpha=1.0, beta=0.1).fit(LOG)
    lowers = {evaluate(model, LOG, n_bootstrap=20, random_state=None).auc.lower for _ in range(3)}
    assert len(lowers) > 1
    same = {
        evaluate(model, LOG, n_bootstrap=20, random_state=np.random.RandomState(1)).auc.lower
        for _ in range(2)
    }
    assert len(same) == 1


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_schools_courses_and_sequencers_take_numpys_sources(make):
    one, other = (simulate_school(n_students=5, random_state=make(2)) for _ in range(2))
    assert one.responses["correct"].tolist() == other.responses["correct"].tolist()
    assert random_course(5, random_state=make(2)) is not None
    sequencer = Sequencer(
        chain(),
        FakeTracker(["count", "add", "multiply", "measure"], {"ann": [0.1] * 4}),
        random_state=make(2),
    )
    assert len(sequencer.recommend("ann")) == 1
    truth = np.ones((20, 4), bool)
    asked = [Placement(chain()).run(truth, make(2)).n_questions.tolist() for _ in range(2)]
    assert asked[0] == asked[1]


def test_fresh_schools_differ():
    one, other = (simulate_school(n_students=5, random_state=None) for _ in range(2))
    assert one.responses["correct"].tolist() != other.responses["correct"].tolist()


def test_replicates_have_seeds_and_the_error_says_why():
    oracle, none = baselines(COURSE)["oracle"], cast("int", None)
    with pytest.raises(ParameterError, match="by a seed every policy meets the same students"):
        run_episode(TwoState(2), oracle, COURSE, n_students=2, seeds=none)


def test_one_place_says_what_a_random_state_is():
    """No function makes a generator of an argument by itself."""
    source = Path(inspect.getfile(adaptlearn)).parent
    own = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "default_rng(random_state" in path.read_text(encoding="utf-8")
        or "default_rng(self.random_state" in path.read_text(encoding="utf-8")
    ]
    assert own == ["randomness.py"]
