"""The simulated school: its rates are those its truth implies, and its log reads as real."""

import json
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import simulate_school

TRUTH: dict[str, Any] = {
    "prior": [0.1, 0.4, 0.7],
    "learn": [0.3, 0.1, 0.2],
    "forget": [0.0, 0.05, 0.2],
    "guess": [0.2, 0.1, 0.3],
    "slip": [0.1, 0.25, 0.05],
}


def by_opportunity(school, column):
    """A column as (students, skills, opportunities); every student has the same number."""
    student = np.searchsorted(school.students, school.responses["student"])
    place = {name: number for number, name in enumerate(school.skills)}
    skill = np.array([place[name] for name in school.responses["skill"]])
    order = np.lexsort((school.responses["time"], skill, student))
    return column[order].reshape(len(school.students), len(school.skills), -1)


def chain(prior, learn, forget, n):
    """P(known) at each opportunity, in closed form: geometric to the stationary state."""
    rate = 1 - learn - forget
    limit = learn / (learn + forget)
    return limit + (prior - limit) * rate ** np.arange(n)


def test_rates_are_those_of_the_two_state_chain():
    n_students, n = 20_000, 8
    school = simulate_school(n_students, 3, n, **TRUTH, random_state=5)
    knew, correct = (
        by_opportunity(school, column).mean(axis=0)
        for column in (school.knew, school.responses["correct"])
    )
    # 48 rates: each within 4.5 standard errors of its probability, but once in 3,000 runs.
    margin = 4.5 * 0.5 / np.sqrt(n_students)
    for k in range(3):
        prior, learn, forget, guess, slip = [TRUTH[name][k] for name in TRUTH]
        p_known = chain(prior, learn, forget, n)
        np.testing.assert_allclose(knew[k], p_known, atol=margin)
        np.testing.assert_allclose(
            correct[k], p_known * (1 - slip) + (1 - p_known) * guess, atol=margin
        )
    moves = zip(TRUTH["prior"], TRUTH["learn"], TRUTH["forget"], strict=True)
    p_end = [chain(*move, n + 1)[-1] for move in moves]
    np.testing.assert_allclose(school.known.mean(axis=0), p_end, atol=margin)


def test_steps_are_those_of_the_truth():
    school = simulate_school(20_000, 3, 4, **TRUTH, random_state=6)
    knew = by_opportunity(school, school.knew)
    correct = by_opportunity(school, school.responses["correct"]) == 1
    for k in range(3):
        now, then = knew[:, k, :-1], knew[:, k, 1:]
        expected = [
            (TRUTH["learn"][k], then[~now]),
            (1 - TRUTH["forget"][k], then[now]),
            (TRUTH["guess"][k], correct[:, k][~knew[:, k]]),
            (1 - TRUTH["slip"][k], correct[:, k][knew[:, k]]),
        ]
        for probability, drawn in expected:
            assert drawn.mean() == pytest.approx(probability, abs=4.5 * 0.5 / np.sqrt(drawn.size))


def test_neighbouring_answers_depend_on_the_state_alone():
    # Given that the skill is known at both, one slip says nothing about the next.
    school = simulate_school(40_000, 1, 2, prior=1, learn=0, slip=0.4, random_state=7)
    answers = by_opportunity(school, school.responses["correct"])[:, 0]
    assert abs(np.asarray(np.corrcoef(answers.T))[0, 1]) < 4.5 / np.sqrt(40_000)


def test_skills_do_not_touch_each_other():
    school = simulate_school(20_000, 3, 3, random_state=8)
    correlation = np.asarray(np.corrcoef(school.known.T))
    assert np.abs(correlation[np.triu_indices(3, 1)]).max() < 4.5 / np.sqrt(20_000)


def test_the_truth_recorded_is_the_truth_given():
    school = simulate_school(10, 3, **TRUTH)
    assert school.truth["skill"] is school.skills
    for name, values in TRUTH.items():
        np.testing.assert_array_equal(school.truth[name], values)
    everyone = simulate_school(10, 2, slip=0.25, forget=0.5)
    assert everyone.truth["slip"].tolist() == [0.25, 0.25]
    assert everyone.truth["forget"].tolist() == [0.5, 0.5]


def test_the_truth_drawn_drives_the_answers():
    school = simulate_school(20_000, 2, 1, random_state=9)
    truth = school.truth
    p = truth["prior"] * (1 - truth["slip"]) + (1 - truth["prior"]) * truth["guess"]
    correct = by_opportunity(school, school.responses["correct"])[:, :, 0].mean(axis=0)
    np.testing.assert_allclose(correct, p, atol=4.5 * 0.5 / np.sqrt(20_000))


def test_drawn_parameters_lie_in_their_ranges():
    truth = simulate_school(1, 500, 1).truth
    ranges = {"prior": (0.1, 0.5), "learn": (0.1, 0.3), "guess": (0.1, 0.3), "slip": (0.05, 0.15)}
    for name, (low, high) in ranges.items():
        assert low <= truth[name].min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < truth[name].max() <= high
    assert not truth["forget"].any()


def test_gated_learning_waits_for_prerequisites():
    arguments: dict[str, Any] = {"prior": [0.5, 0.0], "learn": [0.0, 1.0], "random_state": 10}
    gated = simulate_school(2000, 2, 5, gated=True, **arguments)
    # The first skill is never learned, so it alone decides who learns the second.
    np.testing.assert_array_equal(gated.known[:, 1], gated.known[:, 0])
    assert 0.4 < gated.known[:, 1].mean() < 0.6
    assert simulate_school(2000, 2, 5, **arguments).known[:, 1].all()


def test_it_is_reproducible_and_leaves_global_randomness_alone():
    np.random.seed(1)  # noqa: NPY002 - the global state is what must not move
    before = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    first, again, other = (simulate_school(20, 3, random_state=seed) for seed in (1, 1, 2))
    assert np.random.random() == before  # noqa: NPY002
    for name, column in first.responses.items():
        np.testing.assert_array_equal(column, again.responses[name])
    np.testing.assert_array_equal(first.known, again.known)
    assert not np.array_equal(first.truth["prior"], other.truth["prior"])
    given = simulate_school(20, 3, random_state=np.random.default_rng(1))
    np.testing.assert_array_equal(given.responses["correct"], first.responses["correct"])


def test_the_timetable_does_not_move_the_truth():
    short, long = (simulate_school(20, 3, responses_per_session=n) for n in (5, 50))
    np.testing.assert_array_equal(short.truth["prior"], long.truth["prior"])
    assert short.responses["time"][-1] > long.responses["time"][-1]
    few, many = (simulate_school(20, 3, n, learn=0) for n in (2, 9))
    np.testing.assert_array_equal(few.known, many.known)


def test_times_look_like_school():
    school = simulate_school(300, responses_per_session=12, random_state=3)
    time = school.responses["time"]
    assert (np.diff(time) >= 0).all()
    waits = []
    for name in school.students[:20]:
        own = time[school.responses["student"] == name]
        gaps = np.diff(own)
        assert gaps.min() >= 2
        waits.extend(gaps[gaps <= 3600])
        sessions = np.split(own, np.flatnonzero(gaps > 3600) + 1)
        assert [len(part) for part in sessions] == [12] * 5
    moments = time.astype("datetime64[s]")
    weekday = (moments.astype("datetime64[D]").astype(int) + 3) % 7  # 1970 began on a Thursday
    assert set(weekday.tolist()) == {0, 1, 2, 3, 4}
    hour = (time % 86_400) // 3600
    assert (hour.min(), hour.max()) == (8, 14)
    assert np.median(waits) == pytest.approx(25, abs=2)


def test_numbers_of_answers_may_vary():
    school = simulate_school(400, 4, (2, 6), random_state=4)
    student, skill = (school.responses[name] for name in ("student", "skill"))
    counts = np.array(
        [[np.sum((student == s) & (skill == k)) for k in school.skills] for s in school.students]
    )
    assert (counts.min(), counts.max()) == (2, 6)
    assert counts.mean() == pytest.approx(4, abs=4.5 * np.sqrt(2 / 1600))


def test_skills_are_practised_in_order_and_interleave():
    school = simulate_school(100, 3, 10)
    own = [school.responses["skill"][school.responses["student"] == s] for s in school.students]
    starts = [np.mean([np.argmax(skill == name) for skill in own]) for name in school.skills]
    assert starts[0] < 1 < starts[1] < 10 < starts[2] < 20


def test_names_labels_and_items():
    school = simulate_school(5, 30, 3, n_items_per_skill=2)
    assert school.students[0] == "student-001"
    assert school.skills[7] == "fractions: adding"
    assert school.skills[24] == "numbers: place value (level 2)"
    assert len(set(school.skills)) == 30
    assert ("numbers: place value", "numbers: place value (level 2)") in school.prerequisites
    assert len(school.items) == 60
    for item, skill in zip(school.responses["item"], school.responses["skill"], strict=True):
        assert school.items[item] == [skill]
    assert simulate_school(1500, 1, 1).students[-1] == "student-1500"


def test_it_goes_straight_into_a_log_and_a_curriculum():
    school = simulate_school(30, 30, (1, 3))
    log = ResponseLog.from_frame(school.responses)
    assert len(log) == len(school.knew)
    assert (log.n_students, log.n_skills) == (30, 30)
    curriculum = Curriculum.from_dict(school.curriculum)
    assert curriculum.skills.tolist() == school.skills.tolist()
    assert curriculum.repairs == ()
    assert json.loads(json.dumps(school.curriculum)) == school.curriculum


def test_all_arguments_are_checked_at_once():
    simulate: Any = simulate_school  # wrong types, on purpose
    with pytest.raises(ParameterError) as caught:
        simulate(
            0,
            2.5,
            (5, 2),
            prior=1.2,
            learn=[0.1],
            forget=None,
            guess="low",
            slip=np.nan,
            gated="yes",
            n_items_per_skill=0,
            responses_per_session=101,
        )
    names = [problem.split()[0] for problem in caught.value.problems]
    assert names == [
        "n_students",
        "n_skills",
        "n_items_per_skill",
        "responses_per_session",
        "gated",
        "n_responses_per_skill",
        "prior",
        "learn",
        "forget",
        "guess",
        "slip",
    ]


@pytest.mark.parametrize("length", [0, 2.0, (1, 2, 3), (0, 3), "10", None])
def test_lengths_are_counts(length):
    with pytest.raises(ParameterError, match="n_responses_per_skill must be an integer in"):
        simulate_school(5, 2, length)


def test_guess_and_slip_stay_below_one():
    with pytest.raises(ParameterError, match=r"guess \+ slip must stay below 1; not so for skill"):
        simulate_school(5, 2, guess=[0.2, 0.5], slip=0.5)
