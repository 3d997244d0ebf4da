"""History features against loops over the raw answers, and against peeking at them."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from tests.models import students

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.models.boosting.tracer import FeatureBoosting
from adaptlearn.models.features import (
    ENCODINGS,
    FEATURES,
    GROUPS,
    Plan,
    rates_in,
    training_features,
)
from adaptlearn.models.features.counters import BINS, DAY, HOUR
from adaptlearn.models.features.training import mean_by_response
from adaptlearn.models.sequential import Names, encode
from adaptlearn.models.sequential.tracer import training_labels


def a_log(n_students=12, n_rounds=4, seed=0, *, several=False, times=True, items=True):
    columns = students.answers(n_students, n_rounds, seed=seed)
    n, rng = len(columns["correct"]), np.random.default_rng(seed)
    if several:
        second = np.roll(columns["skill"], 1)
        columns["skill"] = [
            [a, b] if row % 3 == 0 and a != b else [a]
            for row, (a, b) in enumerate(zip(columns["skill"], second, strict=True))
        ]
    if items:
        columns["item"] = rng.integers(0, 4, n)
    if times:
        columns["time"] = np.cumsum(rng.exponential(3000.0, n))
    return columns


def fitted(columns, **how):
    """A model of hardly any trees: its features are what is looked at."""
    return FeatureBoosting(max_iter=1, **how).fit(columns)


def features_of(model, log, state=None):
    """Features by name, in the log's row order."""
    read, encoded = model._read(ResponseLog.from_frame(log) if state is None else log, state)
    matrix = mean_by_response(model._plan.matrix(read, rates_in(model._situations)), encoded.starts)
    return dict(zip(model._plan.names, map(encoded.in_rows, matrix), strict=True))


def in_training(columns, plan, n_folds=3, fold_of=lambda student: student % 3):
    log = ResponseLog.from_frame(columns)
    skills, items, _ = training_labels(log)
    encoded = encode(log, Names.of(skills, items))
    fold = np.array([fold_of(k) for k in log.student.values.tolist()])[encoded.rows]
    found = training_features(
        plan, encoded, fold, n_folds=n_folds, n_skills=len(skills), n_items=len(items)
    )
    return dict(zip(plan.names, map(encoded.in_rows, found.matrix), strict=True))


def past_of(columns, row, same):
    """The student's earlier outcomes that agree in a column, and how many answers ago each."""
    rows = [r for r in range(row) if columns["student"][r] == columns["student"][row]]
    ages = [len(rows) - place for place in range(len(rows))]
    kept = [
        (columns["correct"][r], age)
        for r, age in zip(rows, ages, strict=True)
        if same is None or columns[same][r] == columns[same][row]
    ]
    return [y for y, _ in kept], [age for _, age in kept]


@pytest.mark.parametrize(
    ("holder", "same"), [("student", None), ("skill", "skill"), ("item", "item")]
)
def test_counts_are_those_of_a_loop_over_the_answers(holder, same):
    columns = a_log()
    found = features_of(fitted(columns), columns)
    for row in range(0, len(columns["correct"]), 5):
        ys, ages = past_of(columns, row, same)
        n = len(ys)
        assert found[f"{holder}_answers"][row] == n
        assert found[f"{holder}_right"][row] == sum(ys)
        run = next((k for k in range(n) if ys[n - 1 - k] != ys[-1]), n)
        assert found[f"{holder}_run"][row] == (run if n and ys[-1] else -run)
        for decay in (0.5, 0.95):
            weights = [decay ** (n - 1 - k) for k in range(n)]
            share = sum(w * y for w, y in zip(weights, ys, strict=True)) / (sum(weights) + decay**n)
            np.testing.assert_allclose(found[f"{holder}_share_{decay:g}"][row], share)
        if holder != "student":
            np.testing.assert_equal(found[f"{holder}_lag"][row], ages[-1] if n else math.nan)
            unbroken = next((k for k in range(n) if ages[n - 1 - k] != k + 1), n)
            assert found[f"{holder}_series"][row] == unbroken


def test_residuals_and_ratings_measure_against_how_others_fare():
    columns = a_log(items=False)
    found = features_of(fitted(columns), columns)
    skills, right = np.asarray(columns["skill"]), columns["correct"]
    base = (right.sum() + 1) / (len(right) + 2)
    rate = {
        skill: (right[skills == skill].sum() + 5 * base) / ((skills == skill).sum() + 5)
        for skill in students.TRUTH
    }
    total: dict = defaultdict(float)
    rating: dict = defaultdict(float)
    count: dict = defaultdict(int)
    first: dict = {}
    for row, (student, skill, y) in enumerate(
        zip(columns["student"].tolist(), skills.tolist(), right.tolist(), strict=True)
    ):
        key = student, skill
        np.testing.assert_allclose(found["skill_rate"][row], rate[skill])
        n = count.get(key, 0)
        np.testing.assert_allclose(found["skill_residual"][row], total[key] / (n + 3))
        np.testing.assert_allclose(found["skill_rating"][row], rating[key], atol=1e-14)
        odds = math.log(rate[skill] / (1 - rate[skill])) + rating[key]
        np.testing.assert_allclose(found["skill_expectation"][row], odds)
        begun = [k for who, k in count if who == student]
        assert found["student_begun"][row] == len(begun)
        firsts = sum(first[student, k] for k in begun)
        np.testing.assert_allclose(
            found["student_begun_share"][row], (firsts + 1) / (len(begun) + 2)
        )
        expected = firsts - sum(rate[k] for k in begun)
        np.testing.assert_allclose(
            found["student_begun_residual"][row], expected / (len(begun) + 3), atol=1e-14
        )
        later = sum(total[student, k] for k in begun) - expected
        n_later = sum(count[student, k] for k in begun) - len(begun)
        np.testing.assert_allclose(
            found["student_later_residual"][row], later / (n_later + 3), atol=1e-14
        )
        first.setdefault(key, y)
        step = 0.8 / (1 + 0.15 * n) + 0.08
        rating[key] += step * (y - 1 / (1 + math.exp(-odds)))
        total[key] += y - rate[skill]
        count[key] += 1


def test_windows_and_fading_counts_are_sums_over_the_past():
    columns = a_log(n_students=5, n_rounds=12)
    found = features_of(fitted(columns), columns)
    time, student = columns["time"], columns["student"]
    for row in range(0, len(time), 3):
        past = [r for r in range(row) if student[r] == student[row]]
        for name, length in (("hour", HOUR), ("day", DAY)):
            width = length / BINS
            inside = [r for r in past if time[row] // width - time[r] // width < BINS]
            assert found[f"student_answers_within_{name}"][row] == len(inside)
            assert found[f"student_right_within_{name}"][row] == sum(
                columns["correct"][r] for r in inside
            )
            fading = sum(math.exp(-(time[row] - time[r]) / length) for r in past)
            np.testing.assert_allclose(found[f"student_answers_fading_{name}"][row], fading)
        age = time[row] - time[past[-1]] if past else math.nan
        np.testing.assert_allclose(found["student_age"][row], age)
    assert len(set(found["student_answers_within_hour"])) > 2


@pytest.mark.parametrize("several", [False, True])
def test_every_feature_online_is_that_of_the_batch(several):
    columns = a_log(several=several, seed=3)
    model = fitted(columns)
    log = ResponseLog.from_frame(columns)
    batch = features_of(model, columns)
    assert set(batch) == set(FEATURES) | set(ENCODINGS)
    numbered, state = log.with_students(np.arange(log.n_students)), model.init_state(log.n_students)
    rng = np.random.default_rng(0)
    bounds = np.unique(np.append([0, len(log)], rng.integers(0, len(log), 30)))
    for lo, hi in pairwise(bounds):
        online = features_of(model, numbered[lo:hi], state)
        for name, column in batch.items():
            np.testing.assert_allclose(online[name], column[lo:hi], rtol=1e-12, err_msg=name)
        model.update_state(state, numbered[lo:hi])


def test_a_situations_rate_is_counted_over_the_other_folds():
    columns = a_log(n_students=15, n_rounds=11, times=False)
    plan = Plan(["skill_recent_5", "item_transition", "difficulty"], items=True, times=False)
    found = in_training(columns, plan)
    situations = []
    for row in range(len(columns["correct"])):
        ys, _ = past_of(columns, row, "skill")
        everything, _ = past_of(columns, row, None)
        mine = [r for r in range(row) if columns["student"][r] == columns["student"][row]]
        before = (columns["item"][mine[-1]], everything[-1]) if mine else None
        situations.append(
            {
                "skill_recent_5": (columns["skill"][row], *ys[-5:]),
                "item_transition": (before, columns["item"][row]),
            }
        )
    fold = columns["student"] % 3
    for row in range(0, len(fold), 7):
        for name, prior in (("skill_recent_5", "skill_rate"), ("item_transition", "item_rate")):
            same = [
                columns["correct"][r]
                for r in range(len(fold))
                if fold[r] != fold[row] and situations[r][name] == situations[row][name]
            ]
            expected = (sum(same) + 2 * found[prior][row]) / (len(same) + 2)
            np.testing.assert_allclose(found[name][row], expected, err_msg=name)


def test_nothing_of_a_training_row_rests_on_its_own_fold():
    columns = a_log(n_students=30, n_rounds=6)
    plan = Plan("all", items=True, times=True)
    before = in_training(columns, plan)
    flipped = np.where(columns["student"] == 4, 1 - columns["correct"], columns["correct"])
    after = in_training({**columns, "correct": flipped}, plan)
    fold = columns["student"] % 3
    fellows, others = (fold == 1) & (columns["student"] != 4), fold != 1
    for name in plan.names:
        np.testing.assert_array_equal(after[name][fellows], before[name][fellows], err_msg=name)
    for name in ("skill_rate", "item_rate", "skill_popularity", "item_popularity"):
        own = columns["student"] == 4
        np.testing.assert_array_equal(after[name][own], before[name][own], err_msg=name)
    moved = {name for name in plan.names if np.any(after[name][others] != before[name][others])}
    assert {"skill_rate", "item_rate", "skill_residual", *ENCODINGS} <= moved


def test_an_exposure_changes_no_feature():
    columns = a_log(times=False)
    model = fitted(columns)
    shown = np.arange(0, len(columns["correct"]), 4)
    kept = np.setdiff1d(np.arange(len(columns["correct"])), shown)
    correct = columns["correct"].astype(float)
    correct[shown] = np.nan
    log = ResponseLog.from_frame({**columns, "correct": correct}, unanswered="exposure")
    read, encoded = model._read(log)
    with_them = encoded.in_rows(model._plan.matrix(read, rates_in(model._situations)).T)[kept]
    without = features_of(model, {name: column[kept] for name, column in columns.items()})
    np.testing.assert_array_equal(with_them, np.stack(list(without.values()), axis=1))


def test_a_response_with_several_skills_has_their_mean():
    columns = a_log(times=False)
    model = fitted(columns)
    head = {name: column[:60] for name, column in columns.items()}
    asked = {"student": 3, "item": 1, "correct": 1}

    def last_row(skill):
        skills = [[k] for k in head["skill"].tolist()]
        log = {name: np.append(head[name], asked[name]) for name in asked}
        return {k: v[-1] for k, v in features_of(model, {**log, "skill": [*skills, skill]}).items()}

    one, two, both = last_row(["add"]), last_row(["times"]), last_row(["add", "times"])
    for name, value in both.items():
        # The rate of an item leans on the mean of all its skills' rates.
        if not name.startswith("item_") and "expectation" not in name:
            np.testing.assert_allclose(value, (one[name] + two[name]) / 2, err_msg=name)


def test_what_training_has_not_seen_has_the_rate_of_all():
    columns = a_log(times=False)
    model = fitted(columns)
    strange = {"student": [0], "skill": ["new"], "item": [99], "correct": [1]}
    with pytest.warns(Warning, match="'new'"):
        found = features_of(model, strange)
    base = (columns["correct"].sum() + 1) / (len(columns["correct"]) + 2)
    for name in ("skill_rate", "item_rate", *ENCODINGS):
        np.testing.assert_allclose(found[name], base, err_msg=name)
    known = features_of(model, {**strange, "skill": ["add"]})
    np.testing.assert_array_equal(known["item_rate"], known["skill_rate"])
    unnamed = {name: value for name, value in strange.items() if name != "item"}
    np.testing.assert_array_equal(
        features_of(model, {**unnamed, "skill": ["add"]})["item_rate"], known["item_rate"]
    )


def test_features_are_asked_for_by_name_and_by_group():
    plan = Plan(["recency", "skill_lag"], items=False, times=False)
    assert plan.names[:3] == ["student_share_0.5", "student_share_0.8", "student_share_0.95"]
    assert plan.names[-1] == "skill_lag"
    assert set(plan.groups) == {"recency", "spacing"}
    assert set(GROUPS) >= {"counts", "patterns", "transitions", "windows"}
    everything = Plan("all", items=True, times=True)
    assert everything.names == [*FEATURES, *ENCODINGS]
    without = Plan("all", items=False, times=False)
    assert not [name for name in without.names if "item" in name or "hour" in name or "age" in name]
    assert without.widths.item == 0
    with pytest.raises(ParameterError, match=r"(?s)'luck'.*'charm'"):
        Plan(["luck", "counts", "charm"], items=True, times=True)
    with pytest.raises(ParameterError, match="neither"):
        Plan("counts", items=True, times=True)


def test_what_rests_on_times_is_missing_without_them():
    columns = a_log()
    model = fitted(columns)
    state = model.init_state(1)
    head = {name: column[:5] for name, column in columns.items()}
    without = features_of(model, {k: v for k, v in head.items() if k != "time"})
    given = features_of(model, head)
    for name, column in without.items():
        timed = FEATURES[name].group in ("ages", "windows", "fading") if name in FEATURES else False
        assert np.isnan(column).all() == (timed or np.isnan(given[name]).all()), name
    assert 0 < model.predict_state(state, [0], ["add"]) < 1
