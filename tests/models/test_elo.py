"""Elo ratings: the pass of training, the frozen items, the choice of the uncertainty function."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score
from tests.models import item_responses

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.models import Elo
from adaptlearn.models.elo import estimator, rating


def a_log(n=600, seed=0, several=True):
    """Rows of 12 students in order of time, on 3 skills and 6 items."""
    rng = np.random.default_rng(seed)
    student, item = rng.integers(0, 12, n), rng.integers(0, 6, n)
    skill = [[i // 2] if not several or i % 2 else [i // 2, (i // 2 + 1) % 3] for i in item]
    right = rng.random(n) < 1 / (1 + np.exp(0.5 * item - 0.2 * student))
    return {
        "student": student,
        "skill": skill,
        "item": item,
        "correct": right.astype(int),
        "time": np.arange(n, dtype=float),
    }


def by_hand(columns, alpha, beta, *, offsets=True, frozen=None):
    """Ratings and predictions, from dictionaries; items stand still where they are given."""
    share = (np.sum(columns["correct"]) + 1) / (len(columns["correct"]) + 2)
    skills = {k for row in columns["skill"] for k in row}
    start = {("skill", k): np.log((1 - share) / share) for k in skills}
    ratings: dict[tuple, float] = dict(start if frozen is None else frozen)
    counts: dict[tuple, int] = {}
    predicted = []
    names = ("student", "skill", "item", "correct")
    for student, row, item, right in zip(*(columns[name] for name in names), strict=True):
        up = [("student", student), *([("pair", student, k) for k in row] if offsets else [])]
        down = [("item", item), *[("skill", k) for k in row]]
        log_odds = ratings.get(("student", student), 0) - ratings.get(("item", item), 0)
        for k in row:
            log_odds += ratings.get(("pair", student, k), 0) / len(row)
            log_odds -= ratings[("skill", k)] / len(row)
        p = 1 / (1 + np.exp(-log_odds))
        predicted.append(p)
        for sign, keys in ((1, up), (-1, down if frozen is None else [])):
            for key in keys:
                n = counts.get(key, 0)
                ratings[key] = ratings.get(key, 0) + sign * alpha / (1 + beta * n) * (right - p)
                counts[key] = n + 1
    return ratings, np.array(predicted)


@pytest.mark.parametrize("offsets", [True, False])
@pytest.mark.parametrize("several", [True, False])
def test_training_is_one_pass_in_order_of_time(several, offsets):
    columns = a_log(several=several)
    ratings, predicted = by_hand(columns, 0.7, 0.1, offsets=offsets)
    order = np.random.default_rng(1).permutation(len(predicted))
    shuffled = {name: [column[row] for row in order] for name, column in columns.items()}
    model = Elo(alpha=0.7, beta=0.1, skill_offsets=offsets).fit(shuffled)
    np.testing.assert_allclose(
        model.skill_parameters_["difficulty"], [ratings["skill", k] for k in range(3)]
    )
    np.testing.assert_allclose(model.parameters_["offset"], [ratings["item", i] for i in range(6)])
    assert model.log_loss_ == pytest.approx(log_loss(columns["correct"], predicted))
    np.testing.assert_array_equal(model.parameters_["n_answers"], np.bincount(columns["item"]))


@pytest.mark.parametrize("offsets", [True, False])
def test_serving_moves_students_and_no_item(offsets):
    columns = a_log()
    model = Elo(alpha=0.7, beta=0.1, skill_offsets=offsets).fit(columns)
    frozen = {("skill", k): v for k, v in enumerate(model.skill_parameters_["difficulty"])}
    frozen |= {("item", i): v for i, v in enumerate(model.parameters_["offset"])}
    new = a_log(seed=5)
    ratings, predicted = by_hand(new, 0.7, 0.1, offsets=offsets, frozen=frozen)
    before = model.fingerprint_, model.parameters_["offset"].copy()
    np.testing.assert_allclose(model.predict_proba(new)[:, 1], predicted, rtol=1e-12)
    found = model.abilities(new)
    np.testing.assert_allclose(found["ability"], [ratings["student", s] for s in range(12)])
    np.testing.assert_array_equal(found["n_answers"], np.bincount(new["student"]))
    assert before[0] == model.fingerprint_
    np.testing.assert_array_equal(before[1], model.parameters_["offset"])


def test_without_times_rows_of_students_may_interleave_as_they_like():
    columns = {name: column for name, column in a_log().items() if name != "time"}
    by_student = np.argsort(columns["student"], kind="stable")
    sorted_log = {name: [column[row] for row in by_student] for name, column in columns.items()}
    a, b = Elo(alpha=0.7, beta=0.1).fit(columns), Elo(alpha=0.7, beta=0.1).fit(sorted_log)
    np.testing.assert_array_equal(a.parameters_["offset"], b.parameters_["offset"])
    timed = Elo(alpha=0.7, beta=0.1).fit(a_log())
    assert np.abs(timed.parameters_["offset"] - a.parameters_["offset"]).max() > 1e-3


def test_the_uncertainty_function_has_the_lowest_log_loss_around():
    columns = a_log(2000)
    model = Elo().fit(columns)
    for by in ((2**0.5, 1), (2**-0.5, 1), (1, 2**0.5), (1, 2**-0.5)):
        near = Elo(alpha=model.alpha_ * by[0], beta=model.beta_ * by[1]).fit(columns)
        assert near.log_loss_ >= model.log_loss_
    one = Elo(beta=0.3).fit(columns)
    assert one.beta_ == 0.3
    assert one.log_loss_ <= Elo(alpha=0.5, beta=0.3).fit(columns).log_loss_
    both = Elo(alpha=0.2, beta=0.0).fit(columns)
    assert (both.alpha_, both.beta_) == (0.2, 0.0)


def test_with_many_answers_the_choice_rests_on_every_so_many_students(monkeypatch):
    columns = a_log(2000)
    monkeypatch.setattr(estimator, "_ENOUGH", 1000)
    seen = []

    def choose_and_tell(contest, *rest, **more):
        seen.append(contest)
        return rating.choose(contest, *rest, **more)

    monkeypatch.setattr(estimator, "choose", choose_and_tell)
    model = Elo().fit(columns)
    (contest,) = seen
    assert 600 < len(contest.correct) < 1400
    assert {student % 2 for student in contest.student} == {0}
    assert model.parameters_["n_answers"].sum() == 2000  # all answers are rated


def test_difficulties_of_a_test_are_recovered():
    truth = item_responses.planted(n_students=1500, n_items=12, seed=6)
    model = Elo(skill_offsets=False).fit(truth.log)
    found = model.parameters_["offset"]
    assert np.corrcoef(found, truth.difficulty * truth.discrimination)[0, 1] > 0.97
    # 1,500 students, 12 answers each: what each says of an ability.
    assert np.corrcoef(model.abilities(truth.log)["ability"], truth.ability)[0, 1] > 0.75


def test_what_is_unseen_stands_where_an_average_one_does():
    model = Elo(alpha=0.7, beta=0.1).fit(a_log())
    state = model.init_state(1)
    difficulty = model.skill_parameters_["difficulty"]
    p = model.predict_state(state, [0, 0], [1, 1], items=[99, None])
    np.testing.assert_allclose(p, 1 / (1 + np.exp(difficulty[1])))
    mastery = model.state_mastery(state, np.arange(1))
    assert mastery.kind == "predicted"
    np.testing.assert_allclose(mastery.value[0], 1 / (1 + np.exp(difficulty)))
    with pytest.warns(DataWarning, match="'9'|9 was not"):
        p = model.predict_state(state, [0], [9])
    np.testing.assert_allclose(p, 1 / (1 + np.exp(difficulty.mean())))


def test_a_log_needs_no_items():
    columns = a_log(several=False)
    columns["skill"] = [skill for (skill,) in columns["skill"]]
    del columns["item"]
    model = Elo(alpha=0.7, beta=0.1).fit(columns)
    assert len(model.parameters_["offset"]) == 0
    p = model.predict_proba(columns)[:, 1]
    assert roc_auc_score(columns["correct"], p) > 0.6


@pytest.mark.parametrize("answer", [0, 1])
def test_answers_that_are_all_alike_give_bounded_ratings(answer):
    columns = {**a_log(), "correct": np.full(600, answer)}
    model = Elo().fit(columns)
    p = model.predict_proba(columns)
    assert np.all((p > 0) & (p < 1))
    assert np.abs(model.skill_parameters_["difficulty"]).max() < 20
    assert (p[:, 1] > 0.5).all() == (answer == 1)
    one = Elo().fit({"student": ["a"], "skill": ["s"], "correct": [answer]})
    assert np.isfinite(one.skill_parameters_["difficulty"]).all()


def test_exposures_rate_nobody():
    columns = a_log(several=False)
    columns["correct"] = columns["correct"].astype(float)
    columns["correct"][::5] = np.nan
    shown = ResponseLog.from_frame(columns, unanswered="exposure")
    a, b = Elo().fit(shown), Elo().fit(shown[shown.answered])
    np.testing.assert_array_equal(a.parameters_["offset"], b.parameters_["offset"])
    p = a.predict_proba(shown)[shown.answered]
    np.testing.assert_array_equal(p, a.predict_proba(shown[shown.answered]))


def test_everything_wrong_with_the_arguments_is_said_at_once():
    with pytest.raises(ParameterError) as caught:
        Elo(alpha=0, beta=-1, skill_offsets="yes").fit(a_log())  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3


@pytest.mark.slow
def test_ratings_beat_the_published_irt_on_real_students(data):
    # Gervet et al. (2020) report .79 for IRT on another split of these students.
    student, item, skill, correct = np.loadtxt(
        data("statics", "train.csv"), delimiter=",", skiprows=1, dtype=np.int64
    ).T
    log = ResponseLog.from_frame(
        {"student": student, "item": item, "skill": skill, "correct": correct}
    )
    held_out = student % 3 == 0
    p = Elo(alpha=0.5, beta=0.05).fit(log[~held_out]).predict_proba(log[held_out])[:, 1]
    assert roc_auc_score(correct[held_out], p) > 0.805
