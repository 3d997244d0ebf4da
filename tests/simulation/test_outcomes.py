"""Outcomes on traces made by hand."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import Course, baselines, measure_outcomes, run_episode, simulators
from adaptlearn.simulation.episodes import OUTCOMES, Episode

INF = np.inf


@pytest.fixture
def episode():
    """Four students, two skills, an hour each at most."""
    return Episode(
        policy="p",
        simulator="s",
        same_family=False,
        budget=60.0,
        seed=np.array([0, 0, 0, 0]),
        student=np.arange(4),
        groups={"learning": np.array(["fast", "slow", "fast", "slow"])},
        minutes=np.array([30.0, 60.0, 40.0, 0.0]),
        n_answers=np.array([15, 30, 20, 0]),
        answers=np.array([[10, 5], [12, 18], [20, 0], [0, 0]], np.int32),
        known_answers=np.array([[4, 5], [2, 9], [0, 0], [0, 0]], np.int32),
        known_at=np.array([[12.0, 0.0], [20.0, 44.0], [INF, 0.0], [0.0, 0.0]]),
        known_after=np.array([[6, 0], [10, 22], [-1, 0], [0, 0]], np.int32),
        declared_at=np.array([[14.0, 4.0], [10.0, INF], [INF, INF], [0.0, 0.0]]),
        declared_rightly=np.array([[1, 1], [0, 0], [0, 0], [1, 1]], bool),
        known_at_start=np.array([[0, 1], [0, 0], [0, 1], [1, 1]], bool),
        known_at_end=np.array([[1, 1], [1, 0], [0, 1], [1, 1]], bool),
        retention=np.array(
            [[[1, 0.5], [0.8, 0.2], [0.9, 0.4], [1, 1]], [[1, 0], [0.5, 0.1], [0, 0.3], [1, 1]]],
            np.float32,
        ),
    )


EXPECTED: dict[str, Any] = {
    "mastery_in_budget": [1, 1, 0, 1],
    "minutes_to_mastery": [12, 44, 60, 0],
    "minutes_per_skill": [6, 32, 30, 0],
    "minutes": [30, 60, 40, 0],
    "bill_60": [30, 120, 100, 0],
    "bill_300": [30, 360, 340, 0],
    "bill_1000": [30, 1060, 1040, 0],
    "bill_60_later": [30, 120, 100, 0],
    "bill_300_later": [30, 360, 340, 0],
    "bill_1000_later": [30, 1060, 1040, 0],
    "answers_to_mastery": [6, 22, 30, 0],
    "known_share": [1, 0.5, 0.5, 1],
    "over_practice": [9 / 15, 11 / 30, 0, np.nan],
    "extra_answers": [4.5, 5.5, 0, 0],
    "under_practice": [0, 1, np.nan, 0],
    "wheel_spinning": [0, 0.5, 1, np.nan],
    "retention_30": [0.75, 0.5, 0.4, 1],
    "retention_90": [0.5, 0.3, 0.3, 1],
    "finished_per_hour": [4, 0, 0, np.nan],
    "learnt_per_hour": [2, 1, 0, np.nan],
}


def test_every_outcome_has_a_case():
    assert set(EXPECTED) == set(OUTCOMES)


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_what_its_name_says(name, episode):
    np.testing.assert_allclose(OUTCOMES[name].of(episode), EXPECTED[name], rtol=1e-6)


def test_the_later_bill_counts_what_falls_below_the_level_in_thirty_days(episode):
    """Of the first student's skills (1 and .5), one falls below .6; of the second's, one does."""
    stricter = replace(episode, level=0.6)
    found = OUTCOMES["bill_300_later"].of(stricter)
    np.testing.assert_allclose(found, [30 + 300, 60 + 300, 40 + 300, 0])
    np.testing.assert_allclose(OUTCOMES["bill_300"].of(stricter), EXPECTED["bill_300"])


@pytest.mark.parametrize("kind", ["population", "fading", "stability"])
def test_both_bills_of_a_real_episode_follow_from_the_students(kind):
    """One skill is known or not by what the students themselves say, now and 30 days later."""
    course = Course.of(Curriculum.from_dict({"skills": ["a", "b", "c"]}))
    simulator = simulators(course)[kind]
    found = run_episode(simulator, baselines(course)["three_in_a_row"], course, n_students=60,
                        budget=100)  # fmt: skip
    level = simulator.start(1, np.random.default_rng(0)).level
    assert found.level == level
    now = found.minutes + 300 * (~found.known_at_end).sum(axis=1)
    later = found.minutes + 300 * (found.retention[0] < level).sum(axis=1)
    np.testing.assert_allclose(OUTCOMES["bill_300"].of(found), now)
    np.testing.assert_allclose(OUTCOMES["bill_300_later"].of(found), later)
    if kind == "population":
        np.testing.assert_array_equal(now, later)
    else:
        assert (later >= now).all()
        assert later.mean() > now.mean() + 30


def test_means_groups_and_gaps(episode):
    found = measure_outcomes(episode, smallest=1)
    assert found.mean("minutes_to_mastery") == 29
    assert found.mean("under_practice") == pytest.approx(1 / 3)
    assert found.group_means("minutes_to_mastery", "learning") == {"fast": 36, "slow": 22}
    assert found.gap("minutes_to_mastery", "learning") == 14
    assert found.worst("minutes_to_mastery") == ("learning: fast", 36)
    assert found.worst("known_share") == ("learning: fast", 0.75)
    assert found.worst("finished_per_hour") == ("learning: slow", 0)
    values = np.array(EXPECTED["minutes_to_mastery"])
    assert found.error("minutes_to_mastery") == pytest.approx(values.std(ddof=1) / 2)


def test_small_groups_are_not_shown(episode):
    found = measure_outcomes(episode, groups={"class": np.array(["x", "x", "x", "y"])}, smallest=2)
    assert [*found.group_means("known_share", "class")] == ["x"]
    assert np.isnan(found.gap("known_share", "class"))
    part, mean = measure_outcomes(episode).worst("known_share")
    assert part == ""
    assert np.isnan(mean)


def test_the_error_is_between_seeds_where_there_are_some(episode):
    seeded = replace(episode, seed=np.array([0, 0, 1, 2]))
    means = np.array([28, 60, 0])
    expected = means.std(ddof=1) / np.sqrt(3)
    assert measure_outcomes(seeded).error("minutes_to_mastery") == pytest.approx(expected)


def test_it_is_shown_as_table_text_page_and_data(episode):
    found = measure_outcomes(replace(episode, same_family=True, policy="<p>"), smallest=1)
    table = found.table()
    assert {len(column) for column in table.values()} == {len(OUTCOMES) * 3}
    row = np.flatnonzero((table["outcome"] == "under_practice") & (table["part"] == "slow"))
    assert [float(table[name][row][0]) for name in ("mean", "students", "gap")] == [0.5, 2, 0.5]
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["outcomes"]["minutes_to_mastery"]["groups"]["learning"]["gap"] == 14
    assert data["outcomes"]["minutes_to_mastery"]["worst_group"] == "learning: fast"
    assert data["same_family"] is True
    text = str(found).splitlines()
    assert "flattered" in text[0]
    assert len(text) == len(OUTCOMES) + 2
    assert "29.000" in text[3]
    assert "learning: fast" in text[3]
    page = found._repr_html_()
    assert page.count("<tr>") == len(OUTCOMES) + 1
    assert "</caption><thead><tr><th>outcome</th>" in page
    assert "&lt;p&gt;" in page
    assert "<p>" not in page


def test_arguments_are_checked(episode):
    with pytest.raises(ParameterError, match=r"'class' has shape \(1,\)"):
        measure_outcomes(episode, groups={"class": np.array(["x"])})
    with pytest.raises(ParameterError, match="no outcome 'luck'"):
        measure_outcomes(episode).mean("luck")
    with pytest.raises(ParameterError, match="no group 'class'"):
        measure_outcomes(episode).gap("known_share", "class")
    with pytest.raises(ParameterError, match="smallest must be"):
        measure_outcomes(episode, smallest=0)


def test_a_wrong_graph_costs_time_where_prerequisites_matter():
    chain = {
        "skills": [*"abcdef"],
        "prerequisites": [[*pair] for pair in ("ab", "bc", "cd", "de", "ef")],
    }
    right = Course.of(Curriculum.from_dict(chain))
    student = simulators(right)["prerequisites"]
    minutes = {
        name: measure_outcomes(
            run_episode(student, baselines(course)["three_in_a_row"], course, n_students=400)
        ).mean("minutes_to_mastery")
        for name, course in (("right", right), ("wrong", right.with_wrong_graph(reversed=1)))
    }
    assert minutes["wrong"] > 1.2 * minutes["right"]


def test_slow_learners_are_the_worst_off():
    course = Course.of(Curriculum.from_dict({"skills": [*"abcdef"]}))
    episode = run_episode(
        simulators(course)["individual"], baselines(course)["fixed_order"], course, n_students=400
    )
    found = measure_outcomes(episode)
    assert found.worst("known_share")[0] == "learning: slow"
    assert found.gap("known_share", "learning") > 0.1
