"""The models of memory: what they find, what is asked of their states, what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from tests.models import students
from tests.models.reviewed import DAY, rated_log

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import (
    ConvergenceWarning,
    IdentificationWarning,
    ParameterError,
    ResponseDataError,
    StateError,
)
from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS, HalfLifeRegression
from adaptlearn.models.memory.equations import (
    DEFAULTS,
    HIGHEST,
    LOWEST,
    first_review,
    next_review,
    retrievability,
)


def test_planted_half_lives_are_recovered():
    rng = np.random.default_rng(0)
    bias = np.array([0.6, -0.6, 0.3, -0.3])
    n = 12_000  # cards
    student, item = np.divmod(np.arange(n), 4)
    right, wrong, time, rows = np.zeros(n), np.zeros(n), np.zeros(n), []
    for review in range(6):
        days = rng.choice([0.02, 0.5, 2.0, 8.0], n) * rng.uniform(0.5, 1.5, n)
        octaves = -2.0 + 1.5 * np.sqrt(1 + right) - 0.5 * np.sqrt(1 + wrong) + bias[item]
        p = 2 ** (-days / 2**octaves) if review else 0.5
        correct = rng.random(n) < 0.2 + 0.7 * p  # a guess of .2, a slip of .1
        time = time + days * DAY
        rows.append((time, correct.astype(int)))
        right, wrong = right + correct, wrong + ~correct
    model = HalfLifeRegression(penalty=0.01).fit(
        {
            "student": np.tile(student, 6),
            "skill": np.tile(item // 2, 6),
            "item": np.tile(item, 6),
            "time": np.concatenate([time for time, _ in rows]),
            "correct": np.concatenate([correct for _, correct in rows]),
        }
    )
    assert model.weights_["right"] == pytest.approx(1.5, abs=0.1)
    assert model.weights_["wrong"] == pytest.approx(-0.5, abs=0.1)
    value = model.card_weights_["value"]
    np.testing.assert_allclose(value - value.mean(), bias, atol=0.1)
    assert model.card_weights_["item"].tolist() == [0, 1, 2, 3]
    assert model.guess_ == pytest.approx(0.2, abs=0.02)
    assert model.slip_ == pytest.approx(0.1, abs=0.02)
    assert model.converged_


def fsrs_answers(parameters, n_students=500, n_items=3, n_each=8, seed=0):
    """Answers of students whose memory is FSRS with these parameters."""
    rng = np.random.default_rng(seed)
    w = np.array(parameters)
    n = n_students * n_items
    time, card, rows = np.zeros(n), None, []
    for _ in range(n_each):
        days = rng.choice([0.1, 2.0, 20.0, 200.0], n) * rng.uniform(0.7, 1.3, n)
        time = time + days * DAY
        p = np.full(n, 0.5) if card is None else retrievability(days, card.stability, w)
        correct = rng.random(n) < p
        rating = np.where(correct, 3, 1)
        card = first_review(rating, w) if card is None else next_review(card, days, p, rating, w)
        rows.append((time, correct.astype(int)))
    student, item = np.divmod(np.tile(np.arange(n), n_each), n_items)
    return {
        "student": student,
        "skill": item,
        "time": np.concatenate([time for time, _ in rows]),
        "correct": np.concatenate([correct for _, correct in rows]),
    }


def test_planted_parameters_of_fsrs_are_recovered_where_the_answers_tell():
    truth = np.array(FSRS_DEFAULTS)
    truth[[0, 2, 20]] = 1.5, 6.0, 0.4
    log = fsrs_answers(truth)
    fit = FSRS(guess=0, slip=0).fit(log)
    assert fit.parameters_[0] == pytest.approx(1.5, abs=0.4)
    assert fit.parameters_[2] == pytest.approx(6.0, abs=1.5)
    # The answers are told at least as well as by the truth, and better than by the defaults.
    losses = [
        FSRS(guess=0, slip=0, parameters=tuple(map(float, w))).fit(log).log_loss_
        for w in (truth, FSRS_DEFAULTS)
    ]
    assert fit.log_loss_ < losses[0] + 1e-4
    assert fit.log_loss_ < losses[1] - 0.01
    held_out = fsrs_answers(truth, n_students=200, seed=1)
    new = [
        one.predict_proba(held_out)[:, 1]
        for one in (fit, FSRS(guess=0, slip=0, penalty=1e9).fit(log))
    ]
    right = held_out["correct"]
    loss = [-np.log(np.where(right == 1, p, 1 - p)).mean() for p in new]
    assert loss[0] < loss[1] - 0.01


def test_a_strong_penalty_leaves_the_published_parameters():
    log = fsrs_answers(FSRS_DEFAULTS, n_students=50)
    strict = FSRS(penalty=1e9).fit(log)
    np.testing.assert_allclose(strict.parameters_, DEFAULTS, atol=1e-4)
    assert (strict.guess_, strict.slip_) == pytest.approx((0, 0), abs=1e-4)
    given = tuple((DEFAULTS + 0.1).clip(LOWEST, HIGHEST).tolist())
    np.testing.assert_array_equal(FSRS(parameters=given).fit(log).parameters_, given)


def a_log(**more):
    columns = students.answers(40, 8, seed=0)
    n = len(columns["correct"])
    return {**columns, "item": np.arange(n) % 5, "time": np.arange(n) * 500.0, **more}


@pytest.mark.parametrize("model", [FSRS(), HalfLifeRegression(guess=0.1)], ids=repr)
def test_an_interval_ends_where_recall_has_fallen_to_the_wanted_retention(model):
    model.fit(a_log())
    state = model.update_state(model.init_state(45), a_log())
    who, keys = np.arange(45), [0, 4, 3]
    last = np.where(np.isnan(model.interval(state, who, keys)), np.nan, 0)
    for retention in (0.95, 0.7, 0.3):
        wait = model.interval(state, who, keys, retention=retention)
        assert np.isnan(wait[40:]).all()  # these have not answered yet
        assert not np.isnan(wait[:40]).all()
        moment = 500.0 * 960
        until = model.interval(state, who, keys, retention=retention, time=moment)
        at = np.where(np.isnan(until), moment, moment + np.maximum(until, 0))
        recall = model.retrievability(state, who, keys, at)
        ahead = until >= 0
        np.testing.assert_allclose(recall[ahead], retention, rtol=1e-9)
        assert (recall[until < 0] < retention).all()
        assert (wait[~np.isnan(wait)] > 0).all()
    np.testing.assert_array_equal(np.isnan(last), np.isnan(wait))


@pytest.mark.parametrize("model", [FSRS(), HalfLifeRegression()], ids=repr)
def test_the_past_is_refused(model):
    model.fit(a_log())
    state = model.update_state(model.init_state(40), a_log())
    for ask in (
        lambda: model.retrievability(state, [0], [0, 1, 2, 3, 4], 5.0),
        lambda: model.interval(state, [0], [0, 1, 2, 3, 4], time=5.0),
        lambda: model.predict_state(state, [0] * 5, ["add"] * 5, items=range(5), time=5.0),
        lambda: model.state_mastery(state, np.arange(3), time=5.0),
    ):
        with pytest.raises(StateError, match="the present, not the past"):
            ask()
    with pytest.raises(ParameterError, match="finite numbers of seconds"):
        model.retrievability(state, [0], [0], np.nan)
    with pytest.raises(ParameterError, match="retention"):
        model.interval(state, [0], [0], retention=1.0)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    "model",
    [FSRS(), FSRS(whole_days=True), HalfLifeRegression(half_life_weight=0.1)],
    ids=repr,
)
def test_what_was_fitted_is_what_is_predicted(model, several):
    log: Any = rated_log(several=several)
    model = clone(model).set_params(card="skill" if several else "item").fit(log)
    p = model.predict_proba(log)[:, 1]
    by_row: list[list[int]] = [[] for _ in range(len(log))]
    rows = log.skill_rows if several else np.arange(len(log))
    for row, card in zip(rows, (log.skill if several else log.item).codes, strict=True):
        by_row[row].append(int(card))
    seen: dict[tuple[int, int], float] = {}
    losses = []
    for row, cards in enumerate(by_row):
        keys = [(int(log.student.codes[row]), card) for card in cards]
        days = [(log.time[row] - seen[key]) / DAY for key in keys if key in seen]
        soonest = 1 if getattr(model, "whole_days", False) else 0
        if any(passed >= soonest for passed in days):
            losses.append(-np.log(p[row] if log.correct[row] else 1 - p[row]))
        seen.update(dict.fromkeys(keys, log.time[row]))
    assert model.log_loss_ == pytest.approx(np.mean(losses), rel=1e-9)


def test_first_answers_are_told_by_shares_drawn_toward_the_average():
    log = {
        "student": [1, 2, 3, 4, 4, 4],
        "skill": ["a", "a", "b", "b", "a", "b"],
        "item": [0, 0, 1, 1, 2, 1],
        "time": np.arange(6.0),
        "correct": [1, 1, 0, 1, 0, 1],
    }
    overall = (3 + 4 / 2) / (5 + 4)
    of_a, of_b = ((2 + 4 * overall) / (3 + 4), (1 + 4 * overall) / (2 + 4))
    of_items = [(2 + 4 * of_a) / (2 + 4), (1 + 4 * of_b) / (2 + 4), (0 + 4 * of_a) / (1 + 4)]
    model = FSRS().fit(log)
    state = model.init_state(1)
    asked = model.predict_state(state, [0] * 5, [*"aba", "b", "a"], items=[0, 1, 2, 9, None])
    np.testing.assert_allclose(asked, [*of_items, of_b, of_a])
    both = model.predict_state(state, [0], [["a", "b"]], items=[9])
    np.testing.assert_allclose(both, (of_a + of_b) / 2)


@pytest.mark.parametrize("card", ["item", "skill"])
def test_mastery_is_the_mean_over_the_skills_items_and_fades(card):
    log: Any = ResponseLog.from_frame(a_log())
    model = FSRS(card=card).fit(log)
    when = log.time.max() + 9 * DAY
    found = model.mastery(log, at=when)
    state = model.update_state(model.init_state(40), log.with_students(np.arange(40)))
    for place, skill in enumerate(model.skills_.tolist()):
        items = np.unique(log.item.values[log.skill.values == skill]).tolist()
        asked = [
            model.predict_state(state, np.arange(40), [skill] * 40, items=[item] * 40, time=when)
            for item in (items if card == "item" else items[:1])
        ]
        np.testing.assert_allclose(found.value[:, place], np.mean(asked, axis=0))
    assert found.value.mean() < model.mastery(log).value.mean() - 0.01
    early = model.mastery(log, at=log.time.min())
    assert len(np.unique(early.value[:, 0])) <= 2  # one has answered once, the others not yet


def test_a_response_with_several_skills_is_the_mean_of_its_cards():
    log = rated_log(several=True)
    model = FSRS(card="skill", slip=0.05).fit(log)
    p = model.predict_proba(log)[:, 1]
    state = model.init_state(12)
    checked = 0
    for row in range(len(log)):
        one = log[row : row + 1]
        skills = one.skill.values.tolist()
        who = one.student.codes
        apart = [model.predict_state(state, who, [skill], time=one.time)[0] for skill in skills]
        assert p[row] == pytest.approx(np.mean(apart), abs=1e-4)
        checked += len(skills) > 1 and abs(apart[0] - apart[-1]) > 0.05
        model.update_state(state, one.with_students(np.arange(12)))
    assert checked > 20


@pytest.mark.parametrize("model", [FSRS(), HalfLifeRegression()], ids=repr)
def test_exposures_are_no_reviews(model):
    columns = a_log()
    plain = ResponseLog.from_frame(columns)
    seen = {name: np.concatenate((column, column)) for name, column in columns.items()}
    seen["correct"] = np.append(columns["correct"], np.full(len(columns["correct"]), np.nan))
    seen["time"] = np.append(columns["time"], columns["time"] + 1)
    both = ResponseLog.from_frame(seen, unanswered="exposure")
    p = model.fit(plain).predict_proba(plain)
    np.testing.assert_array_equal(model.fit(both).predict_proba(both)[: len(plain)], p)
    tracker = MasteryTracker(model).update(both)
    np.testing.assert_array_equal(tracker.counts().sum(), len(plain))


def test_ratings_say_more_than_answers():
    log = rated_log()
    easy = np.where(log.correct == 1, 4, 1)
    columns = {
        "student": log.student.codes,
        "skill": log.item.codes,
        "time": log.time,
        "correct": log.correct,
    }
    plain = ResponseLog.from_frame(columns)
    good = ResponseLog.from_frame(
        {**columns, "rating": np.where(log.correct == 1, 3, 1)}, extra=["rating"]
    )
    fast = ResponseLog.from_frame({**columns, "rating": easy}, extra=["rating"])
    model = FSRS(parameters=FSRS_DEFAULTS, guess=0, slip=0).fit(plain)
    np.testing.assert_array_equal(model.predict_proba(plain), model.predict_proba(good))
    assert (model.predict_proba(fast)[:, 1] - model.predict_proba(plain)[:, 1]).max() > 0.01


@pytest.mark.parametrize(
    ("rating", "said"),
    [
        ([1, 3, 5, 1], "row 2\\) hold none of 1, 2, 3, 4"),
        ([1, 3, 3, 3], "row 3\\) contradict 'correct'"),
        (
            [2, 1, 0, 1.5],
            "2 rows \\(rows 2, 3\\) hold none(.|\n)*2 rows \\(rows 0, 1\\) contradict",
        ),
        (["a", "b", "c", "d"], "expected 1 to 4"),
    ],
)
def test_bad_ratings_are_refused(rating, said):
    columns = {
        "student": [1, 1, 1, 2],
        "skill": ["a"] * 4,
        "time": [0.0, 1.0, 2.0, 3.0],
        "correct": [0, 1, 1, 0],
        "rating": np.array(rating),
    }
    with pytest.raises(ResponseDataError, match=said):
        FSRS().fit(ResponseLog.from_frame(columns, extra=["rating"]))


def test_what_a_log_lacks_is_said():
    columns = a_log()
    without_items = {name: column for name, column in columns.items() if name != "item"}
    assert FSRS().fit(without_items).card_ == "skill"
    with pytest.raises(ResponseDataError, match="no items, and the cards of this FSRS"):
        FSRS(card="item").fit(without_items)
    model = HalfLifeRegression().fit(columns)
    assert model.card_ == "item"
    with pytest.raises(ResponseDataError, match="no items"):
        model.predict_proba(without_items)
    once = {"student": [1, 2], "skill": ["a", "a"], "correct": [1, 0], "time": [0.0, 1.0]}
    with pytest.warns(IdentificationWarning, match="one skill twice"):
        unfitted = FSRS().fit(once)
    np.testing.assert_array_equal(unfitted.parameters_, DEFAULTS)
    with pytest.warns(ConvergenceWarning, match="within 1 steps"):
        FSRS(max_iter=1).fit(columns)


def test_arguments_outside_their_bounds_are_listed():
    with pytest.raises(ParameterError, match="21 numbers or None"):
        FSRS(parameters=(1.0, 2.0)).fit(a_log())
    deck: Any = "deck"
    bad = (500.0, *FSRS_DEFAULTS[1:20], 0.05)
    with pytest.raises(ParameterError) as caught:
        FSRS(parameters=bad, slip=0.7, card=deck).fit(a_log())
    assert [problem.split(" ")[0] for problem in caught.value.problems] == [
        "card",
        "slip",
        "parameters[0]",
        "parameters[20]",
    ]
    with pytest.raises(ParameterError, match="min_half_life must not exceed"):
        HalfLifeRegression(min_half_life=60.0, max_half_life=1.0).fit(a_log())
