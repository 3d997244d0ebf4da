"""Off-policy estimates: do they find the known value of policies that did not run?"""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import trials

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import LoggedDecisions, off_policy_return, off_policy_value
from adaptlearn.evaluation.off_policy.importance import (
    Linear,
    effective_size,
    ratio,
    sequence_value,
    skewed_interval,
    steps,
)

REPETITIONS = 2000

# A contextual bandit: three situations, three actions, and what each is worth in each.
MEAN = np.array([[0.32, 0.50, 0.68], [0.56, 0.50, 0.38], [0.44, 0.26, 0.74]])
UNIFORM = np.full((3, 3), 1 / 3)
GREEDY = np.array([[0.05, 0.05, 0.90], [0.90, 0.05, 0.05], [0.05, 0.05, 0.90]])
CONTRARY = np.array([[0.80, 0.15, 0.05], [0.05, 0.10, 0.85], [0.85, 0.10, 0.05]])
ROUGH_MODEL = MEAN + np.array([[0.1], [-0.1], [0.05]])  # wrong everywhere, but of some use


def drawn(probabilities, rng):
    """One action for each row of probabilities."""
    uniform = rng.random(probabilities.shape[:-1])[..., None]
    return (uniform > np.cumsum(probabilities, axis=-1)[..., :-1]).sum(axis=-1)


def bandit(logged, rng, n_repetitions, n_students):
    """Logs of students who differ in ability, so that their decisions are alike."""
    shape = (n_repetitions, n_students, 5)
    situation = rng.integers(3, size=shape)
    action = drawn(logged[situation], rng)
    ability = rng.uniform(-0.25, 0.25, size=(*shape[:2], 1))
    columns = {
        "propensity": logged[situation, action],
        "target": GREEDY[situation, action],
        "reward": rng.random(shape) < MEAN[situation, action] + ability,
        "student": np.broadcast_to(np.arange(n_students)[:, None], shape[1:]) + 0 * action,
        "unsupported": np.zeros(shape),
        "q": ROUGH_MODEL[situation, action],
        "v": (GREEDY * ROUGH_MODEL).sum(axis=1)[situation],
    }
    for repetition in range(n_repetitions):
        yield LoggedDecisions.from_arrays(
            **{name: values[repetition].ravel() for name, values in columns.items()}
        )


def coverage(results, truth):
    """By estimator: how often the interval held the truth, and the root mean squared error."""
    covered, errors = {}, {}
    for name in results[0].estimates:
        ends = np.array([(r.estimates[name].lower, r.estimates[name].upper) for r in results])
        values = np.array([r.estimates[name].value for r in results])
        covered[name] = ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean()
        errors[name] = np.sqrt(((values - truth) ** 2).mean())
    return covered, errors


@pytest.mark.slow
@pytest.mark.trials
@pytest.mark.parametrize(
    ("logged", "n_students"), [(UNIFORM, 60), (CONTRARY, 250)], ids=["uniform", "contrary"]
)
def test_intervals_of_a_bandit_cover_the_known_value(logged, n_students):
    rng = np.random.default_rng(20)
    truth = (GREEDY * MEAN).sum() / 3
    logs = (bandit(logged, rng, REPETITIONS, n_students) for _ in range(trials(10)))
    results = [off_policy_value(log) for log in itertools.chain.from_iterable(logs)]
    covered, errors = coverage(results, truth)
    for name in ("ips", "snips", "dr"):
        assert 0.93 <= covered[name] <= 0.97, (name, covered)
    assert errors["dr"] < 0.8 * errors["ips"]
    gain = truth - (logged * MEAN).sum() / 3
    held = [r.gains["snips"].lower <= gain <= r.gains["snips"].upper for r in results]
    assert 0.93 <= np.mean(held) <= 0.97


# A short sequential problem: a student knows something or not. Teaching (1) makes knowing
# likelier, testing (0) earns a point if they know; four decisions.
LEARN, POINT = 0.5, np.array([0.2, 0.9])
LOGGED_TEACH, TARGET_TEACH = np.array([0.5, 0.5]), np.array([0.8, 0.15])
N_STEPS = 4


def values_of(teach):
    """Exact value and action values, by step, of a policy that teaches with these chances."""
    action_values, after = [], np.zeros(2)
    for _ in range(N_STEPS):
        test = POINT + after
        learn = np.array([(1 - LEARN) * after[0] + LEARN * after[1], after[1]])
        action_values.append(np.stack([test, learn], axis=1))
        after = (1 - teach) * test + teach * learn
    return after, action_values[::-1]


def sequences(rng, n_repetitions, n_students):
    shape = (n_repetitions, n_students)
    known = (rng.random(shape) < 0.3).astype(int)
    _, action_values = values_of(TARGET_TEACH)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("propensity", "target", "reward", "order", "q", "v")
    }
    for step in range(N_STEPS):
        taught = (rng.random(shape) < LOGGED_TEACH[known]).astype(int)
        model = 0.8 * action_values[step] + 0.2  # a reward model that is not quite right
        reward = (taught == 0) & (rng.random(shape) < POINT[known])
        for name, values in (
            ("propensity", np.where(taught, LOGGED_TEACH[known], 1 - LOGGED_TEACH[known])),
            ("target", np.where(taught, TARGET_TEACH[known], 1 - TARGET_TEACH[known])),
            ("reward", reward.astype(float)),
            ("order", np.full(shape, step)),
            ("q", model[known, taught]),
            ("v", ((1 - TARGET_TEACH) * model[:, 0] + TARGET_TEACH * model[:, 1])[known]),
        ):
            columns[name].append(values)
        known = np.where(taught & (rng.random(shape) < LEARN), 1, known)
    stacked = {name: np.stack(values, axis=-1) for name, values in columns.items()}
    student = np.repeat(np.arange(n_students), N_STEPS)
    for repetition in range(n_repetitions):
        arrays = {name: values[repetition].ravel() for name, values in stacked.items()}
        yield LoggedDecisions.from_arrays(
            student=student, unsupported=np.zeros(len(student)), **arrays
        )


@pytest.mark.slow
@pytest.mark.trials
def test_intervals_of_sequences_cover_the_known_return():
    rng = np.random.default_rng(6)
    start = values_of(TARGET_TEACH)[0]
    truth = 0.7 * start[0] + 0.3 * start[1]
    logs = (sequences(rng, REPETITIONS, 250) for _ in range(trials(10)))
    results = [off_policy_return(log) for log in itertools.chain.from_iterable(logs)]
    covered, errors = coverage(results, truth)
    for name in ("pdis", "wpdis", "dr", "wdr"):
        assert 0.93 <= covered[name] <= 0.97, (name, covered)
    assert errors["dr"] < 0.9 * errors["pdis"]
    assert errors["wpdis"] < errors["pdis"]
    assert errors["wdr"] < errors["wpdis"]


@pytest.fixture
def ragged():
    """Sequences of one to five decisions in shuffled rows, as arrays."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 6, size=30)
    student = np.repeat(np.arange(30), lengths)
    order = np.concatenate([np.arange(length) for length in lengths])
    shuffled = rng.permutation(len(student))
    n = len(student)
    return {
        "propensity": rng.uniform(0.2, 1, n),
        "target": rng.uniform(0, 1, n),
        "reward": rng.normal(size=n),
        "student": student[shuffled],
        "order": order[shuffled] * 10.0,
        "q": rng.normal(size=n),
        "v": rng.normal(size=n),
    }


def padded(arrays):
    """The same as matrices of students and steps; what has ended goes on with weight 1."""
    shape = (30, 5)
    place = arrays["student"], (arrays["order"] / 10).astype(int)
    weight = np.ones(shape)
    weight[place] = arrays["target"] / arrays["propensity"]
    found = []
    for name in ("reward", "q", "v"):
        matrix = np.zeros(shape)
        matrix[place] = arrays[name]
        found.append(matrix)
    return np.cumprod(weight, axis=1), *found


@pytest.mark.parametrize("clip", [None, 1.5])
def test_sequence_estimates_are_those_of_their_formulas(ragged, clip):
    log = LoggedDecisions.from_arrays(**ragged)
    result = off_policy_return(log, discount=0.9, clip=clip)
    product, reward, q, v = padded(ragged)
    fading = 0.9 ** np.arange(5)
    after = np.minimum(product, clip or np.inf)
    before = np.hstack([np.ones((30, 1)), after[:, :-1]])
    share_after, share_before = after / after.mean(axis=0), before / before.mean(axis=0)
    expected = {
        "logged": (fading * reward).sum(axis=1).mean(),
        "pdis": (fading * after * reward).sum(axis=1).mean(),
        "wpdis": (fading * share_after * reward).sum(axis=1).mean(),
        "dr": (fading * (after * (reward - q) + before * v)).sum(axis=1).mean(),
        "wdr": (fading * (share_after * (reward - q) + share_before * v)).sum(axis=1).mean(),
    }
    assert {name: one.value for name, one in result.estimates.items()} == pytest.approx(expected)
    sizes = after.sum(axis=0) ** 2 / (after**2).sum(axis=0)
    assert result.effective_size == pytest.approx(sizes.min())
    assert result.mean_weight.value == pytest.approx(product[:, -1].mean())


@pytest.mark.parametrize("weighted", [False, True])
def test_influences_are_what_one_student_more_or_less_does(ragged, weighted):
    copies = 500  # so many that leaving one out is a derivative

    def estimate(arrays):
        log = LoggedDecisions.from_arrays(**arrays)
        assert log.q is not None
        assert log.v is not None
        return sequence_value(
            list(steps(log.weight, log.student, log.step)), log.student, log.reward,
            (log.q, log.v), discount=0.9, clip=np.inf, weighted=weighted,
        )  # fmt: skip

    many = {name: np.tile(values, copies) for name, values in ragged.items()}
    many["student"] = many["student"] + 30 * np.repeat(np.arange(copies), len(ragged["student"]))
    found, whole = estimate(ragged), estimate(many)
    assert whole.value == pytest.approx(found.value)
    for student in (0, 7, 12):
        rest = many["student"] != student
        value = estimate({name: values[rest] for name, values in many.items()}).value
        moved = (whole.value - value) * (30 * copies - 1)
        assert moved == pytest.approx(found.influence[student], rel=0.01, abs=0.01)


def test_decision_estimates_are_those_of_their_formulas(ragged):
    result = off_policy_value(LoggedDecisions.from_arrays(**ragged), clip=2)
    weight = np.minimum(ragged["target"] / ragged["propensity"], 2)
    reward = ragged["reward"]
    expected = {
        "logged": reward.mean(),
        "ips": (weight * reward).mean(),
        "snips": (weight * reward).sum() / weight.sum(),
        "dr": (ragged["v"] + weight * (reward - ragged["q"])).mean(),
    }
    assert {name: one.value for name, one in result.estimates.items()} == pytest.approx(expected)
    assert result.gains["ips"].value == pytest.approx(expected["ips"] - expected["logged"])
    assert result.effective_size == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


def test_a_target_that_is_the_logged_policy_gains_nothing(ragged):
    same = {**ragged, "target": ragged["propensity"]}
    for result in (
        off_policy_value(LoggedDecisions.from_arrays(**same)),
        off_policy_return(LoggedDecisions.from_arrays(**same)),
    ):
        logged = result.estimates["logged"]
        for name in set(result.estimates) - {"logged", "dr", "wdr"}:
            assert result.estimates[name] == pytest.approx(logged) or (
                result.estimates[name].value == pytest.approx(logged.value)
            )
            assert result.gains[name].value == pytest.approx(0)
            assert np.isnan(result.gains[name].lower)


def test_clipping_says_what_bias_it_brings(ragged):
    log = LoggedDecisions.from_arrays(**ragged)
    plain, clipped = off_policy_value(log), off_policy_value(log, clip=1.2)
    for name in ("ips", "snips", "dr"):
        difference = clipped.estimates[name].value - plain.estimates[name].value
        assert clipped.clip_bias[name] == pytest.approx(difference)
        assert plain.clip_bias[name] == 0
    assert clipped.clipped == (log.weight > 1.2).sum()
    assert any("cut to 1.2; estimated bias: IPS" in note for note in clipped.notes)
    assert not any("cut" in note for note in plain.notes)


def test_a_policy_without_support_is_refused():
    arrays = {"reward": [1, 0, 1], "student": [1, 1, 2]}
    with pytest.raises(ParameterError, match="propensity is 0 or unknown: 1 of 3 rows, 2"):
        LoggedDecisions.from_arrays(
            [0.5, 0.5, 1], [0.5, 0.5, 0.7], unsupported=[0, 0, 0.3], **arrays
        )
    with pytest.raises(ParameterError, match="propensity is unknown: 1 of 3 rows, 1"):
        LoggedDecisions.from_arrays([0.5, np.nan, 1], [0.5, 0.5, 1], **arrays)
    # What the target never does needs no propensity.
    log = LoggedDecisions.from_arrays([0.5, np.nan, 1], [0.5, 0, 1], **arrays)
    assert log.weight.tolist() == [1, 0, 1]
    log = LoggedDecisions.from_arrays([0.5, 0.5, 1], [0, 0, 0], **arrays)
    for estimate in (off_policy_value, off_policy_return):
        with pytest.raises(ParameterError, match="every weight is 0"):
            estimate(log)


def test_missing_support_shows_in_the_mean_weight():
    rng = np.random.default_rng(4)
    supported, missing = np.full(500, 0.5), np.where(rng.random(500) < 0.5, 0.1, 0.6)
    common = {"reward": rng.random(500), "student": np.arange(500)}
    right = off_policy_value(LoggedDecisions.from_arrays(supported, supported, **common))
    wrong = off_policy_value(LoggedDecisions.from_arrays(supported, missing * 0.9, **common))
    assert not any("average" in note for note in right.notes)
    assert any("weights average 0.6" in note for note in wrong.notes)
    assert any("support was not checked" in note for note in right.notes)
    checked = LoggedDecisions.from_arrays(supported, supported, unsupported=np.zeros(500), **common)
    assert off_policy_value(checked).notes == ()


def test_overrides_are_left_out_and_counted():
    log = LoggedDecisions.from_arrays(
        [0.5, np.nan, 0.5, 0.5], [1, np.nan, 0, 1], [1, np.nan, 5, 0], ["a", "a", "a", "b"],
        order=[3, 2, 1, 0], override=[False, True, False, False],
    )  # fmt: skip
    assert log.step.tolist() == [1, 0, 0]
    result = off_policy_value(log)
    assert result.estimates["ips"].value == pytest.approx(2 / 3)
    assert "left out: 1 made by an override" in result.notes


def test_unknown_rewards_are_counted_and_no_part_of_sequences():
    log = LoggedDecisions.from_arrays([0.5] * 3, [0.5] * 3, [1, np.nan, 0], [1, 1, 2])
    result = off_policy_value(log)
    assert result.n_decisions == 2
    assert result.estimates["ips"].value == 0.5
    assert "left out: 1 without a reward" in result.notes
    with pytest.raises(ParameterError, match="1 rewards are nan"):
        off_policy_return(log)
    nothing = LoggedDecisions.from_arrays([0.5], [0.5], [np.nan], [1])
    with pytest.raises(ParameterError, match="no decision has a reward"):
        off_policy_value(nothing)


def test_products_that_overflow_are_refused():
    n = 400
    log = LoggedDecisions.from_arrays([0.1] * n, [1.0] * n, [0.0] * n, [1] * n)
    with pytest.raises(ParameterError, match="overflow at a student's decision 309"):
        off_policy_return(log)


@pytest.mark.parametrize("tiny", [1e-100, 1e-160, 1e-300, 1e-305])
def test_a_tiny_propensity_gives_the_numbers_that_it_should(tiny):
    rng = np.random.default_rng(0)
    reward, propensity = rng.random(400), np.full(400, 0.5)
    propensity[3] = tiny
    log = LoggedDecisions.from_arrays(
        propensity,
        np.full(400, 0.5),
        reward,
        np.repeat(np.arange(40), 10),
        unsupported=np.zeros(400),
    )
    result = off_policy_value(log)
    # One decision has all the weight.
    assert result.estimates["ips"].value == pytest.approx(0.5 / tiny * reward[3] / 400)
    assert result.estimates["snips"].value == pytest.approx(reward[3])
    assert np.isfinite([result.estimates["ips"].lower, result.estimates["ips"].upper]).all()
    assert result.effective_size == pytest.approx(1)
    assert "e+" in str(result)  # not hundreds of digits
    assert max(map(len, str(result).splitlines())) < 120
    clipped = off_policy_value(log, clip=10)
    assert clipped.estimates["snips"].value == pytest.approx(
        (reward.sum() + 9 * reward[3]) / (400 + 9)
    )
    sequence = off_policy_return(log).estimates["wpdis"]
    assert np.isfinite([sequence.value, sequence.lower, sequence.upper]).all()


@pytest.mark.parametrize("weight", [1e-320, 1e-200, 1e200])
def test_self_normalised_estimates_do_not_depend_on_the_scale_of_weights(weight):
    rng = np.random.default_rng(1)
    wanted, reward, student = rng.random(200) / 2, rng.random(200), np.repeat(np.arange(50), 4)
    rewarded = {"reward": reward, "student": student, "unsupported": np.zeros(200)}
    plain = LoggedDecisions.from_arrays(np.full(200, 0.5), wanted, **rewarded)
    # Not from_arrays: policies so different have no weights between.
    scaled = replace(plain, weight=plain.weight * weight)
    found, expected = off_policy_value(scaled), off_policy_value(plain)
    close = 1e-2 if weight < 1e-308 else 1e-12  # subnormal numbers have few digits
    one, other = found.estimates["snips"], expected.estimates["snips"]
    assert (one.value, one.lower, one.upper) == pytest.approx(
        (other.value, other.lower, other.upper), rel=close
    )
    assert found.effective_size == pytest.approx(expected.effective_size, rel=close)


def test_products_that_fade_below_what_a_float_holds_still_weigh_sequences():
    rng = np.random.default_rng(2)
    n_students, length = 30, 1500
    n = n_students * length
    columns = {
        "reward": rng.random(n),
        "student": np.repeat(np.arange(n_students), length),
        "unsupported": np.zeros(n),
    }
    wanted = 0.2 + 0.001 * rng.random(n)
    faint = LoggedDecisions.from_arrays(np.full(n, 0.8), wanted, **columns)  # 4 ** -1500
    even = LoggedDecisions.from_arrays(np.full(n, 0.201), wanted, **columns)
    found, expected = (off_policy_return(log, discount=0.999) for log in (faint, even))
    for name in ("value", "lower", "upper"):
        assert getattr(found.estimates["wpdis"], name) == pytest.approx(
            getattr(expected.estimates["wpdis"], name), rel=1e-9
        )
    assert found.effective_size == pytest.approx(expected.effective_size, rel=1e-9)
    # Unweighted, what fades is 0, as it would be in exact numbers.
    truth = np.cumprod((wanted / 0.8).reshape(n_students, -1), axis=1)
    earned = 0.999 ** np.arange(length) * truth * columns["reward"].reshape(n_students, -1)
    assert found.estimates["pdis"].value == pytest.approx(earned.sum(axis=1).mean(), rel=1e-12)


def test_weights_and_rewards_beyond_floats_are_refused():
    columns = {"student": np.array([1, 2, 3]), "unsupported": np.zeros(3)}
    with pytest.raises(ParameterError, match=r"target over propensity is more .* 1 of 3 rows, 1"):
        LoggedDecisions.from_arrays([0.5, 5e-324, 0.5], [0.5, 0.5, 0.5], [1, 1, 1], **columns)
    log = LoggedDecisions.from_arrays(
        [0.5, 1e-200, 0.5], [0.5, 0.5, 0.5], [1e200, 1e200, 0], **columns
    )
    for estimate in (off_policy_value, off_policy_return):
        with pytest.raises(ParameterError, match="more than a float holds; scale the rewards"):
            estimate(log)


def test_intervals_are_student_t_where_nothing_is_skewed():
    influence = np.array([-1.0, 1.0] * 8)
    found = skewed_interval(Linear(3.0, influence), 0.9)
    reach = 1.7530503556925547 * np.sqrt(16 / 15) / 4  # t of 15 degrees of freedom at .95
    assert (found.lower, found.upper) == pytest.approx((3 - reach, 3 + reach))
    assert np.isnan(skewed_interval(Linear(3.0, np.zeros(5)), 0.9).lower)
    assert np.isnan(skewed_interval(Linear(3.0, np.zeros(1)), 0.9).lower)


def test_intervals_take_out_the_skewness_by_halls_transformation():
    influence = np.r_[[15.0], -np.ones(15)]  # a large weight, of which there may be more
    found = skewed_interval(Linear(3.0, influence), 0.9)
    assert found.upper - 3 > 1.5 * (3 - found.lower)
    spread, n = influence.std(ddof=1), 16
    skewness = (influence**3).mean() / spread**3
    for end, reach in ((found.lower, 1.7530503556925547), (found.upper, -1.7530503556925547)):
        s = (3 - end) / spread
        bent = s + skewness * s**2 / 3 + skewness**2 * s**3 / 27 + skewness / (6 * n)
        assert bent == pytest.approx(reach / np.sqrt(n))


def test_a_small_effective_size_is_noted():
    rng = np.random.default_rng(5)

    def notes(n):
        log = LoggedDecisions.from_arrays(
            np.full(n, 0.5), np.full(n, 0.5), rng.random(n), np.arange(n), unsupported=np.zeros(n)
        )
        return off_policy_value(log).notes

    assert "effective size of 39.0 decisions is little" in notes(39)[0]
    assert notes(40) == ()


def test_ratios_and_effective_sizes():
    found = ratio(np.array([1.0, 2, 3]), np.array([1.0, 1, 2]), np.array([0, 0, 1]))
    assert found.value == 1.5
    assert found.influence.tolist() == [0.0, 0.0]
    assert effective_size(np.array([2.0, 2, 0, 0])) == 2
    assert effective_size(np.zeros(3)) == 0


def test_results_print_and_serialise(ragged):
    result = off_policy_value(LoggedDecisions.from_arrays(**ragged))
    lines = str(result).splitlines()
    assert lines[0].startswith(f"{len(ragged['reward'])} decisions, 30 students; as good as")
    assert [line.split("  ")[0] for line in lines[2:6]] == [
        "logged policy", "IPS", "self-normalised IPS", "doubly robust",
    ]  # fmt: skip
    assert result._repr_html_().count("<tr>") == 5
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["estimates"]["dr"]["value"] == result.estimates["dr"].value
    table = result.table()
    assert table["estimator"].tolist() == ["logged", "ips", "snips", "dr"]
    assert table["gain"][1] == result.gains["ips"].value
    assert table["gain_upper"][1] == result.gains["ips"].upper


def test_arguments_out_of_range_are_listed():
    log = LoggedDecisions.from_arrays([0.5, 1], [1, 1], [1, 1], [1, 2])
    with pytest.raises(ParameterError, match=r"(?s)clip must.*confidence must.*discount must"):
        off_policy_return(log, clip=0.5, confidence=1, discount=2)
