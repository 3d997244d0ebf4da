"""The BKT estimator as its users meet it."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from tests.models.students import TRUTH, answers

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import (
    ConvergenceWarning,
    DataWarning,
    IdentificationWarning,
    ImpossibleHistoryError,
    NotFittedError,
    ParameterError,
    ResponseDataError,
    StateError,
)
from adaptlearn.models import BKT


@pytest.fixture(scope="module")
def log():
    return ResponseLog.from_frame(answers(3000, 8, seed=1))


@pytest.fixture(scope="module")
def model(log):
    return BKT().fit(log)


def test_recovers_the_parameters_that_made_the_answers(model):
    assert model.skills_.tolist() == list(TRUTH)
    assert model.converged_.all()
    for place, name in enumerate(("prior", "learn", "guess", "slip")):
        truth = [values[place] for values in TRUTH.values()]
        np.testing.assert_allclose(model.parameters_[name], truth, atol=0.06)
    assert not model.parameters_["forget"].any()


def test_forgetting_is_found_where_it_is():
    log = answers(6000, 10, seed=2, forget=0.15)
    plain, forgetting = BKT().fit(log), BKT(forgetting=True).fit(log)
    np.testing.assert_allclose(forgetting.parameters_["forget"], 0.15, atol=0.05)
    assert np.all(forgetting.log_likelihood_ > plain.log_likelihood_)


def test_log_likelihood_is_that_of_its_own_predictions(model, log):
    p = model.predict_proba(log)[:, 1]
    each = np.where(log.correct == 1, np.log(p), np.log(1 - p))
    by_skill = np.bincount(log.skill.codes, weights=each)
    np.testing.assert_allclose(by_skill, model.log_likelihood_, rtol=1e-10)


def test_more_starts_are_never_worse(log):
    one, many = BKT(n_init=1).fit(log), BKT(n_init=10).fit(log)
    assert np.all(many.log_likelihood_ >= one.log_likelihood_ - 1e-3 * log.n_students)
    assert many.log_likelihood_.sum() >= one.log_likelihood_.sum() - 0.5


def test_parameters_are_a_table(model):
    pl, pd = pytest.importorskip("polars"), pytest.importorskip("pandas")
    names = ["skill", "prior", "learn", "forget", "guess", "slip"]
    assert pl.DataFrame(model.parameters_).columns == names
    assert pd.DataFrame(model.parameters_).shape == (3, 6)


def test_two_skills_give_full_credit_to_each_and_one_prediction(model):
    both = {"student": [1, 1], "skill": [["add", "halve"], ["add", "halve"]], "correct": [1, 0]}
    apart = {
        "student": [1, 1, 1, 1],
        "skill": ["add", "halve", "add", "halve"],
        "correct": [1, 1, 0, 0],
    }
    p = model.predict_proba(apart)[:, 1]
    np.testing.assert_allclose(
        model.predict_proba(both)[:, 1], [p[:2].mean(), p[2:].mean()], atol=1e-15
    )


def test_an_exposure_teaches_and_says_nothing(model):
    log = ResponseLog.from_frame(
        {"student": [1, 1], "skill": ["add", "add"], "correct": [np.nan, 1.0]},
        unanswered="exposure",
    )
    prior, learn, guess, slip = (
        model.parameters_[name][0] for name in ("prior", "learn", "guess", "slip")
    )
    known = prior + (1 - prior) * learn
    np.testing.assert_allclose(
        model.predict_proba(log)[:, 1],
        [p * (1 - slip) + (1 - p) * guess for p in (prior, known)],
    )


def test_mastery_before_and_after_the_step_to_the_next_opportunity(model):
    log = {"student": ["a", "a", "b"], "skill": ["add", "add", "halve"], "correct": [1, 1, 0]}
    after = model.mastery(log, when="after_response")
    coming = model.mastery(log)
    assert (after.kind, after.when, coming.when) == (
        "latent",
        "after_response",
        "next_opportunity",
    )
    assert after.students.tolist() == ["a", "b"]
    learn = model.parameters_["learn"]
    np.testing.assert_allclose(
        coming.value[0, 0], after.value[0, 0] + (1 - after.value[0, 0]) * learn[0]
    )
    assert coming.value[0, 1] == model.parameters_["prior"][1]  # never answered
    assert set(coming.table()) == {"student", "skill", "mastery"}


def test_mastery_at_a_time_counts_only_what_came_before(model):
    log: dict[str, list] = {
        "student": [1, 1, 1],
        "skill": ["add"] * 3,
        "correct": [1, 1, 0],
        "time": [10.0, 20.0, 30.0],
    }
    earlier = {name: column[:2] for name, column in log.items()}
    np.testing.assert_array_equal(model.mastery(log, at=20).value, model.mastery(earlier).value)
    assert model.mastery(log, at=5).value.tolist() == [model.parameters_["prior"].tolist()]
    dated = {**log, "time": np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[s]")}
    for at in (np.datetime64("2026-01-02"), datetime(2026, 1, 2, 12)):  # noqa: DTZ001 - naive
        np.testing.assert_array_equal(
            model.mastery(dated, at=at).value, model.mastery(earlier).value
        )
    with pytest.raises(ParameterError, match="'aware', the log's times are 'naive'"):
        model.mastery(dated, at=datetime(2026, 1, 2, tzinfo=UTC))
    for nonsense in (float("nan"), "2026"):
        with pytest.raises(ParameterError, match="at"):
            model.mastery(dated, at=nonsense)
    with pytest.raises(StateError, match="needs a log with times"):
        model.mastery({"student": [1], "skill": ["add"], "correct": [1]}, at=5)


def test_a_skill_never_seen_is_predicted_from_the_common_parameters(model):
    log = {"student": [1, 1], "skill": ["new", "new"], "correct": [1, 1]}
    with pytest.warns(DataWarning, match="skill 'new' was not in the training log"):
        p = model.predict_proba(log)[:, 1]
    prior, guess, slip = (model.pooled_[name] for name in ("prior", "guess", "slip"))
    expected = prior * (1 - slip) + (1 - prior) * guess
    assert p[0] == pytest.approx(expected)
    assert p[0] != 0.5
    state = model.init_state(2)
    with pytest.warns(DataWarning, match="'new'"):
        model.update_state(state, {"student": [1], "skill": ["new"], "correct": [1]})
    with pytest.warns(DataWarning, match="'newer'"):
        q = model.predict_state(state, [1, 1, 0], ["new", "newer", "add"])
    assert q[0] == pytest.approx(p[1])
    assert q[1] == pytest.approx(p[0])


def test_a_student_never_seen_stands_at_the_start(model, log):
    first = model.predict_proba({"student": ["nobody"], "skill": ["add"], "correct": [1]})[0, 1]
    p = model.parameters_
    assert first == pytest.approx(
        p["prior"][0] * (1 - p["slip"][0]) + (1 - p["prior"][0]) * p["guess"][0]
    )


IDENTIFICATION = {
    "one response": [[1]],
    "all answers are right": [[1] * 5] * 30,
    "all answers are wrong": [[0] * 5] * 30,
    "no student answered twice": [[0], [1], [1]],
    "no student answered more than twice": [[0, 1], [1, 1], [1, 0]],
    "fewer than ten students": [[0, 1, 1, 1]] * 9,
}


@pytest.mark.parametrize("why", IDENTIFICATION)
def test_a_skill_that_cannot_be_identified_is_named_and_helped(why):
    columns = answers(400, 6, seed=6)
    weak = [(f"x{s}", "weak", c) for s, history in enumerate(IDENTIFICATION[why]) for c in history]
    students, skills, correct = (list(c) for c in zip(*weak, strict=True))
    log = {
        "student": [f"s{s}" for s in columns["student"]] + students,
        "skill": columns["skill"].tolist() + skills,
        "correct": columns["correct"].tolist() + correct,
    }
    with pytest.warns(IdentificationWarning, match=f"'weak': {why}.*ten observations"):
        model = BKT().fit(log)
    assert model.unidentified_ == {"weak": why}
    fitted = {name: model.parameters_[name][-1] for name in ("prior", "learn", "guess", "slip")}
    assert all(0.001 < value < 0.999 for value in fitted.values())
    assert fitted["guess"] + fitted["slip"] < 1
    if why == "all answers are right":  # the evidence still counts
        assert fitted["slip"] < model.pooled_["slip"]


def test_exposures_are_no_answers_for_identification():
    rng = np.random.default_rng(0)
    answer = (rng.random(200) < 0.6).astype(float)
    log = ResponseLog.from_frame(
        {
            "student": np.tile(np.arange(200), 3),
            "skill": np.array(["read"] * 600),
            "correct": np.concatenate([np.full(400, np.nan), answer]),
        },
        unanswered="exposure",
    )
    with pytest.warns(IdentificationWarning, match="'read': no student answered twice"):
        model = BKT().fit(log)
    assert model.n_answers_.tolist() == [200]


def test_guess_plus_slip_stays_below_one_where_the_data_push_past_it():
    # Right answers turn wrong with practice: the best unconstrained fit swaps the states.
    rng = np.random.default_rng(0)
    histories = [(rng.random(6) < np.linspace(0.95, 0.1, 6)).astype(int) for _ in range(500)]
    log = {
        "student": np.repeat(np.arange(500), 6),
        "skill": np.array(["fading"] * 3000),
        "correct": np.concatenate(histories),
    }
    with pytest.warns(IdentificationWarning, match=r"'fading': guess \+ slip reached 1"):
        model = BKT().fit(log)
    assert model.parameters_["guess"][0] + model.parameters_["slip"][0] < 1


def test_not_converging_is_said(log):
    with pytest.warns(ConvergenceWarning, match="did not converge within 3 steps"):
        model = BKT(max_iter=3, tol=1e-12).fit(log)
    assert not model.converged_.any()
    assert model.n_iter_.tolist() == [3, 3, 3]


def test_wrong_parameters_are_all_named_at_fit(log):
    wrong: dict[str, Any] = {"n_init": 0, "tol": -1, "max_iter": 2.5, "forgetting": "yes"}
    model = BKT(**wrong)
    with pytest.raises(ParameterError) as caught:
        model.fit(log)
    for name in ("n_init", "tol", "max_iter", "forgetting"):
        assert name in str(caught.value)
    with pytest.raises(ParameterError, match=r"start lacks 'slip'"):
        BKT(start={"prior": 0.5, "learn": 0.1, "guess": 0.2}).fit(log)
    with pytest.raises(ParameterError, match=r"guess \+ slip must be below 1"):
        BKT(start={"prior": 0.5, "learn": 0.1, "guess": 0.6, "slip": 0.5}).fit(log)
    with pytest.raises(ParameterError, match=r"start\['prior'\] must be 0 or 1 .* got 1.5"):
        BKT(start={"prior": 1.5, "learn": 0.1, "guess": 0.2, "slip": 0.1}).fit(log)


def test_a_start_that_is_no_start_is_said(log):
    wrong: Any = 3
    with pytest.raises(ParameterError, match="start must be a mapping"):
        BKT(start=wrong).fit(log)
    tiny = {"prior": 1e-8, "learn": 0.1, "guess": 0.2, "slip": 0.1}
    with pytest.raises(ParameterError, match=r"start\['prior'\] .*1e-08"):
        BKT(start=tiny).fit(log)
    fixed = BKT(start={"prior": 0, "learn": 0.1, "guess": 0.2, "slip": 0.1}).fit(log)
    assert fixed.parameters_["prior"].tolist() == [0, 0, 0]


def test_a_fit_that_fails_leaves_the_model_as_it_was(log):
    model = BKT(n_init=1).fit(log)
    before = model.predict_proba(log)
    model.set_params(start={"prior": 0, "learn": 0, "guess": 0, "slip": 0.1})
    with pytest.raises(ImpossibleHistoryError, match=r"skill 'x': .*\(right\).*leave them free"):
        model.fit({"student": [1, 1], "skill": ["x", "y"], "correct": [1, 1]})
    np.testing.assert_array_equal(model.predict_proba(log), before)
    with pytest.raises(ResponseDataError, match="no rows"):
        model.set_params(start=None).fit(log[:0])


def test_the_seed_chooses_the_starts(log):
    part = log[log.student.codes < 300]
    fits = [BKT(random_state=seed, max_iter=0, tol=0).fit(part) for seed in (0, 0, 1)]
    assert fits[0].fingerprint_ == fits[1].fingerprint_ != fits[2].fingerprint_


def test_of_many_starts_the_best_goes_on(log):
    one = BKT(n_init=1, max_iter=0, tol=0).fit(log)
    many = BKT(n_init=20, max_iter=0, tol=0).fit(log)
    assert np.all(many.log_likelihood_ >= one.log_likelihood_)


def test_settings_from_a_numpy_grid_are_saved(log, tmp_path):
    grid: dict[str, Any] = {"n_init": np.int64(2), "forgetting": np.True_, "tol": np.float64(1e-5)}
    BKT(**grid).fit(log).save(tmp_path / "m")
    assert adaptlearn.load(tmp_path / "m").get_params()["n_init"] == 2


def test_unfitted_is_said():
    for call in (lambda m: m.predict_proba({}), lambda m: m.mastery({}), lambda m: m.save("x")):
        with pytest.raises(NotFittedError, match="call fit"):
            call(BKT())


def test_scikit_learn_takes_it(log):
    model = BKT(n_init=2, forgetting=True)
    assert clone(model).get_params() == model.get_params()
    assert repr(model) == "BKT(forgetting=True, n_init=2)"
    assert model.set_params(n_init=3).n_init == 3
    with pytest.raises(ParameterError, match="no parameter 'depth'"):
        model.set_params(depth=1)
    with pytest.raises(ParameterError, match="did you mean 'forget_by' or 'forgetting'"):
        model.set_params(forgets=True)
    part = log[np.isin(log.student.codes, np.arange(300))]
    search = GridSearchCV(
        BKT(tol=1e-5), {"forgetting": [False, True]}, cv=GroupKFold(3), scoring="roc_auc"
    )
    search.fit(part, part.correct, groups=part.student.codes)
    assert 0.6 < search.best_score_ < 1
    assert search.best_estimator_.classes_.tolist() == [0, 1]


def test_plain_em_from_a_start_takes_just_those_steps(log):
    start = {"prior": 0.3, "learn": 0.1, "guess": 0.25, "slip": 0.15}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        at_start = BKT(start=start, max_iter=0, tol=0).fit(log)
        one, two = (BKT(start=start, max_iter=n, tol=0, accelerate=False).fit(log) for n in (1, 2))
    for name, value in start.items():
        assert at_start.parameters_[name].tolist() == [value] * 3
    assert one.n_iter_.tolist() == [1, 1, 1]
    assert np.all(np.diff([m.log_likelihood_ for m in (at_start, one, two)], axis=0) > 0)


@pytest.mark.parametrize(
    ("dataset", "skill", "forgetting", "floor"),
    [
        ("assistments09", "skill_set", False, 0.715),
        ("assistments09", "skill_set", True, 0.72),
        ("statics", "skill_set", True, 0.70),
        ("assistments15", "skill", False, 0.70),
    ],
)
@pytest.mark.filterwarnings("ignore::adaptlearn.errors.AdaptLearnWarning")
def test_accuracy_on_held_out_training_students(data, dataset, skill, forgetting, floor):
    """A fall of accuracy on real answers shows here; test splits are left to the benchmarks."""
    pl = pytest.importorskip("polars")
    from sklearn.metrics import roc_auc_score

    log = ResponseLog.from_frame(pl.read_csv(data(dataset, "train.csv")), skill=skill)
    held_out = log.student.codes % 5 == 0
    model = BKT(forgetting=forgetting, n_init=2, tol=1e-5).fit(log[~held_out])
    test = log[held_out]
    assert roc_auc_score(test.correct, model.predict_proba(test)[:, 1]) >= floor


def test_one_response_gives_customary_parameters_not_degenerate_ones():
    with pytest.warns(IdentificationWarning, match="'add': one response"):
        model = BKT().fit({"student": [1], "skill": ["add"], "correct": [1]})
    for table in (model.pooled_, {k: v[0] for k, v in model.parameters_.items()}):
        assert 0.05 < table["guess"] < 0.5
        assert 0.02 < table["slip"] < 0.5
        assert table["guess"] + table["slip"] < 0.7


def test_of_several_given_starts_the_best_goes_on(log, tmp_path):
    near = {"prior": 0.3, "learn": 0.1, "guess": 0.2, "slip": 0.1}
    stuck = {"prior": 0, "learn": 1e-5, "guess": 0.2, "slip": 0.1}
    alone, both = BKT(start=near).fit(log), BKT(start=[stuck, near]).fit(log)
    np.testing.assert_allclose(both.log_likelihood_, alone.log_likelihood_, atol=0.05)
    assert np.all(BKT(start=stuck).fit(log).log_likelihood_ < both.log_likelihood_ - 1)
    both.save(tmp_path / "m.json")
    assert adaptlearn.load(tmp_path / "m.json").get_params()["start"] == [stuck, near]
    with pytest.raises(ParameterError, match="start is empty"):
        BKT(start=[]).fit(log)


@pytest.mark.parametrize(
    ("pooled", "said"),
    [
        ({"gues": 0.2}, "unknown 'gues'"),
        ({"guess": 1.5}, r"pooled\['guess'\] must be in \[0, 1\], got 1.5"),
        ({"guess": float("nan"), "slip": "x"}, "got nan.*got 'x'"),
        ({"guess": 0.6, "slip": 0.6}, "guess . slip must be below 1"),
        ([0.2], "pooled must be a mapping"),
    ],
)
def test_common_parameters_that_cannot_be_meant_are_refused(pooled, said):
    table = {"skill": ["a"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    with pytest.raises(ParameterError, match=f"(?s){said}"):
        BKT.from_parameters(table, pooled=pooled)
    model = BKT.from_parameters(table, pooled={"guess": 0.3})
    assert model.pooled_ == {"prior": 0.4, "learn": 0.2, "forget": 0, "guess": 0.3, "slip": 0.1}
