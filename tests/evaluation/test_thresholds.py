"""Mastery thresholds: do they give the error rate that was wanted, and say what it costs?"""

import json

import numpy as np
import pytest
from tests.conftest import trials

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import calibrate_threshold, later_correct
from adaptlearn.evaluation.thresholds.results import ALL


def judged(rng, n_students=200, n_each=10, shape=(1, 1)):
    """Estimates that are calibrated: of those at .7, seven in ten are mastered."""
    estimate = rng.beta(*shape, n_students * n_each)
    return {
        "estimate": estimate,
        "truth": rng.random(len(estimate)) < estimate,
        "student": np.repeat(np.arange(n_students), n_each),
    }


@pytest.fixture
def districts():
    """Two districts in which students know much, and little."""
    rng = np.random.default_rng(4)
    east, west = judged(rng, 600, shape=(2, 1)), judged(rng, 600, shape=(1, 2))
    west["student"] = west["student"] + 600
    columns = {name: np.concatenate([east[name], west[name]]) for name in east}
    return {**columns, "group": np.repeat(["east", "west"], 6000)}


def rates(estimate, truth, threshold):
    """False mastery and needless practice by their definitions."""
    declared = estimate >= threshold
    return [
        found.mean() if len(found) else np.nan
        for found in (1.0 - truth[declared], truth[~declared])
    ]


@pytest.mark.slow
@pytest.mark.trials
@pytest.mark.parametrize("criterion", ["false_mastery", "needless_practice"])
def test_a_calibrated_model_needs_the_threshold_that_its_probabilities_say(criterion):
    # Of uniform estimates above t, (1 - t) / 2 are not mastered; below it t / 2 are.
    truth = 0.7 if criterion == "false_mastery" else 0.3
    rng = np.random.default_rng(2)
    held = []
    values = []
    for _ in range(trials(2000)):
        found = calibrate_threshold(
            **judged(rng),
            wanted=0.15,
            criterion=criterion,
            n_bootstrap=200,
            random_state=rng,
            thresholds=np.linspace(0, 1, 101),
        ).common
        values.append(found.threshold.value)
        held.append(found.threshold.lower <= truth <= found.threshold.upper)
    assert np.mean(values) == pytest.approx(truth, abs=0.02)
    assert 0.9 <= np.mean(held) <= 0.99


def test_the_chosen_threshold_is_the_first_that_keeps_the_rate(districts):
    found = calibrate_threshold(**districts, wanted=0.1, n_bootstrap=50)
    mild = calibrate_threshold(
        **districts, wanted=0.2, criterion="needless_practice", n_bootstrap=50
    )
    for name, part in {ALL: slice(None), "east": slice(6000), "west": slice(6000, None)}.items():
        estimate, truth = districts["estimate"][part], districts["truth"][part]
        cuts = found.common.curve.threshold
        false, needless = np.array([rates(estimate, truth, cut) for cut in cuts]).T
        strict = found.common if name == ALL else found.groups[name]
        lenient = mild.common if name == ALL else mild.groups[name]
        assert strict.threshold.value == cuts[np.flatnonzero(false <= 0.1)[0]]
        assert lenient.threshold.value == cuts[np.flatnonzero(needless <= 0.2)[-1]]
        assert strict.curve.false_mastery.value == pytest.approx(false, nan_ok=True)
        assert strict.curve.needless_practice.value == pytest.approx(needless, nan_ok=True)
        shares = [(estimate >= cut).mean() for cut in cuts]
        assert strict.curve.declared == pytest.approx(shares)
        assert strict.own is not None
        assert strict.own.false_mastery.value <= 0.1
        assert (strict.n, strict.n_students) == (len(estimate), len(estimate) // 10)


def test_what_one_threshold_and_several_cost(districts):
    found = calibrate_threshold(**districts, wanted=0.1, n_bootstrap=100)
    estimate, truth, group = (districts[name] for name in ("estimate", "truth", "group"))
    common = found.common.threshold.value
    for name, one in found.groups.items():
        mine = group == name
        false, needless = rates(estimate[mine], truth[mine], common)
        assert one.own is not None
        assert one.common.false_mastery.value == pytest.approx(false)
        assert one.common.needless_practice.value == pytest.approx(needless)
        assert one.own.false_mastery.value == pytest.approx(0.1, abs=0.02)
    # One threshold for both: too many false declarations where few know.
    assert found.groups["west"].common.false_mastery.lower > 0.1
    assert found.groups["west"].threshold.value > found.groups["east"].threshold.value
    own = np.array([found.groups[name].threshold.value for name in group])
    false, needless = rates(estimate - own, truth, 0)
    assert found.equalised is not None
    assert found.equalised.false_mastery.value == pytest.approx(false)
    assert found.equalised.needless_practice.value == pytest.approx(needless)
    assert found.equalised.declared == pytest.approx((estimate >= own).mean())
    for rate in (found.equalised.false_mastery, found.equalised.needless_practice):
        assert rate.lower < rate.value < rate.upper


def test_intervals_are_over_students_not_estimates():
    rng = np.random.default_rng(3)
    estimate, reached = rng.random(400), rng.random(400)
    one = calibrate_threshold(estimate, reached < estimate, np.arange(400), wanted=0.2)
    many, known = np.repeat(estimate, 10), np.repeat(reached < estimate, 10)
    ten = calibrate_threshold(many, known, np.repeat(np.arange(400), 10), wanted=0.2)
    free = calibrate_threshold(many, known, np.arange(4000), wanted=0.2)

    def width(found):
        rate = found.common.own.needless_practice
        return rate.upper - rate.lower

    assert width(ten) == pytest.approx(width(one), rel=0.15)
    assert width(free) < 0.5 * width(one)


def test_groups_of_too_few_students_are_refused(districts):
    few = np.where(districts["student"] < 12, "new", districts["group"])
    found = calibrate_threshold(**{**districts, "group": few}, wanted=0.1, n_bootstrap=20)
    new = found.groups["new"]
    assert new.refused.startswith("too few answers: no threshold has 50 estimates of 30 students")
    assert np.isnan(new.threshold.value)
    assert new.own is None
    assert new.common is not None
    assert "note: new: too few answers" in str(found)
    # It keeps the common threshold.
    own = {name: one.threshold.value for name, one in found.groups.items()}
    own["new"] = found.common.threshold.value
    declared = districts["estimate"] >= np.array([own[name] for name in few])
    assert found.equalised is not None
    assert found.equalised.declared == pytest.approx(declared.mean())


def test_students_count_on_the_side_of_which_the_rate_speaks():
    # All know much, and only ten also have low estimates: 100 of them, none mastered.
    estimate = np.r_[np.full(100, 0.9), np.full(100, 0.2)]
    student = np.r_[np.arange(100), np.repeat(np.arange(10), 10)]
    declared = calibrate_threshold(estimate, estimate > 0.5, student, wanted=0.1, n_bootstrap=10)
    assert declared.common.threshold.value == 0.9
    with pytest.raises(ParameterError, match="of 30 students still practised"):
        calibrate_threshold(
            estimate, estimate > 0.5, student, wanted=0.1, criterion="needless_practice"
        )


def test_resamples_that_keep_the_rate_nowhere_count_as_the_strictest_threshold():
    # One in ten is false throughout: about half of the resamples are just above that.
    estimate, truth = np.full(1000, 0.9), np.arange(1000) % 10 > 0
    found = calibrate_threshold(estimate, truth, np.arange(1000), wanted=0.1)
    assert found.common.threshold.value == 0.9
    assert (found.common.threshold.lower, found.common.threshold.upper) == (0.9, 1.0)


def test_intervals_come_from_the_given_source_of_chance(districts):
    one, same, other = (
        calibrate_threshold(**districts, wanted=0.1, n_bootstrap=50, random_state=seed)
        for seed in (1, 1, 2)
    )
    assert one.common.threshold == same.common.threshold
    assert one.equalised != other.equalised


def test_too_few_answers_are_refused_however_many_students():
    estimate = np.r_[np.full(40, 0.9), np.full(400, 0.2)]
    with pytest.raises(ParameterError, match="no threshold has 500 estimates"):
        calibrate_threshold(estimate, estimate > 0.5, np.arange(440), wanted=0.01)
    found = calibrate_threshold(estimate, estimate > 0.5, np.arange(440), wanted=0.125)
    assert found.common.threshold.value == 0.9


def test_a_rate_that_no_threshold_keeps_is_refused():
    rng = np.random.default_rng(5)
    columns = {**judged(rng), "truth": np.tile([0, 1], 1000)}
    with pytest.raises(ParameterError, match=r"no threshold keeps the share at 5\.0%: the least"):
        calibrate_threshold(**columns)


def test_thresholds_may_be_given_and_truth_may_lie_between():
    rng = np.random.default_rng(6)
    columns = judged(rng)
    given = [0.9, 0.5, 0.7]
    found = calibrate_threshold(**columns, wanted=0.2, thresholds=given, n_bootstrap=20)
    assert found.common.curve.threshold.tolist() == [0.5, 0.7, 0.9]
    assert found.common.threshold.value == 0.7
    half = {**columns, "truth": columns["truth"] / 2}
    found = calibrate_threshold(**half, wanted=0.7, thresholds=given, n_bootstrap=0)
    declared = columns["estimate"] >= 0.5
    rate = found.common.curve.false_mastery.value[0]
    assert rate == pytest.approx(1 - half["truth"][declared].mean())
    assert np.isnan(found.common.threshold.lower)


def test_rows_without_truth_are_left_out_and_counted(districts):
    truth = districts["truth"].astype(float)
    truth[::4] = np.nan
    found = calibrate_threshold(**{**districts, "truth": truth}, wanted=0.1, n_bootstrap=20)
    kept = {name: values[~np.isnan(truth)] for name, values in districts.items()}
    assert found.notes == ("3,000 rows whose truth is nan were left out",)
    same = calibrate_threshold(**kept, wanted=0.1, n_bootstrap=20)
    assert found.common.threshold == same.common.threshold


def test_every_problem_is_listed_at_once():
    with pytest.raises(ParameterError) as error:
        calibrate_threshold(
            [2, 0.5], [-1, 1], np.array([None, "a"]), group=[np.nan, 1], thresholds=[1.5]
        )
    for start in ("estimate must", "truth must", "student is missing", "group is missing",
                  "thresholds must"):  # fmt: skip
        assert f"- {start}" in str(error.value)
    with pytest.raises(ParameterError, match=r"(?s)truth must be of shape.*student must be of"):
        calibrate_threshold([0.5], [1, 0], [1, 2])
    with pytest.raises(ParameterError, match="no row has a truth"):
        calibrate_threshold([0.5], [np.nan], [1])
    with pytest.raises(ParameterError, match=r"(?s)wanted must.*criterion must.*min_students must"):
        calibrate_threshold([0.5], [1], [1], wanted=0, criterion="both", min_students=1)


def test_results_print_and_serialise(districts):
    found = calibrate_threshold(**districts, wanted=0.1, n_bootstrap=20)
    lines = str(found).splitlines()
    assert lines[0] == "thresholds for 10.0% false mastery"
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "all students", "east", "west", "own thresholds",
    ]  # fmt: skip
    assert found._repr_html_().count("<tr>") == 5
    east, together = found.groups["east"].own, found.equalised
    assert east is not None
    assert together is not None
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["groups"]["group"] == ["all students", "east", "west"]
    assert content["equalised"]["declared"] == together.declared
    assert len(found.common.curve.table()["needless_practice_upper"]) == 200
    assert found.table()["own_false_mastery"][1] == east.false_mastery.value
    alone = {name: districts[name] for name in ("estimate", "truth", "student")}
    assert calibrate_threshold(**alone, wanted=0.1, n_bootstrap=20).equalised is None


def test_later_answers_are_those_of_the_same_student_and_skill():
    rng = np.random.default_rng(7)
    n, k = 400, 3
    student, skill = rng.integers(12, size=n), np.array(["add", "halve"])[rng.integers(2, size=n)]
    correct, order = rng.integers(2, size=n), rng.integers(50, size=n)
    fraction = later_correct(student, skill, correct, k=k, order=order)
    all_right = later_correct(student, skill, correct, k=k, at_least=k, order=order)
    for row in range(n):
        mine = np.flatnonzero((student == student[row]) & (skill == skill[row]))
        mine = mine[np.argsort(order[mine], kind="stable")]
        following = correct[mine[mine.tolist().index(row) + 1 :][:k]]
        if len(following) < k:
            assert np.isnan(fraction[row])
            assert np.isnan(all_right[row])
        else:
            assert fraction[row] == pytest.approx(following.mean())
            assert all_right[row] == following.all()


def test_later_answers_need_answers():
    assert np.isnan(later_correct([1, 1], ["a", "a"], [1, 0], k=5)).all()
    with pytest.raises(ParameterError, match=r"(?s)k must.*at_least must not exceed k"):
        later_correct([1], ["a"], [1], k=0, at_least=2)
    with pytest.raises(ParameterError, match=r"(?s)correct must hold 0 and 1.*order is missing"):
        later_correct([1], ["a"], [0.5], order=[np.nan])
    with pytest.raises(ParameterError, match="skill must be of shape"):
        later_correct([1], ["a", "b"], [1])
