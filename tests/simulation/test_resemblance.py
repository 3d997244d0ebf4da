"""How far simulated students resemble a log: figures by hand, stopping as in the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.pages import Page

from adaptlearn.errors import ParameterError
from adaptlearn.simulation import TwoState, simulate_school
from adaptlearn.simulation.fitted import resemblance
from adaptlearn.simulation.fitted.figures import figures_of
from adaptlearn.simulation.fitted.histories import Chains, chains_of
from adaptlearn.simulation.fitted.replay import replay, right_in_a_row, stopping_rates

SCHOOL = simulate_school(n_students=400, n_skills=4, n_responses_per_skill=(4, 12), random_state=3)
TRUE = TwoState.from_draws(SCHOOL.truth)


def chains(said: list[tuple[int, int, str]]) -> Chains:
    """Chains of (student, skill, answers), these a text of 0 and 1."""
    lengths = np.array([len(answers) for *_, answers in said])
    return Chains(
        np.array([student for student, *_ in said]),
        np.array([skill for _, skill, _ in said]),
        np.cumsum(lengths) - lengths,
        lengths,
        np.array([letter == "1" for *_, answers in said for letter in answers]),
    )


def test_right_answers_in_a_row_are_counted_within_chains() -> None:
    row = right_in_a_row(chains([(0, 0, "1101"), (0, 1, "111"), (1, 0, "01")]))
    assert row.tolist() == [1, 2, 0, 1, 1, 2, 3, 0, 1]


def test_figures_by_hand() -> None:
    found = figures_of(chains([(0, 0, "0111"), (0, 1, "11"), (2, 0, "01" * 6), (2, 1, "1")]))
    # Every student counts the same; student 1 is not there.
    assert found["errors", "wrong at answer 1"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert found["errors", "wrong at answer 2"] == pytest.approx(0)
    assert found["errors", "wrong at answer 3"] == pytest.approx((0 + 1) / 2)
    # Only student 2 has ten answers.
    assert found["students", "share right: median"] == pytest.approx(7 / 13)
    assert found["students", "share right: standard deviation"] == 0
    assert found["runs", "right after a right answer"] == pytest.approx((3 / 3 + 0 / 5) / 2)
    assert found["runs", "right after a wrong answer"] == pytest.approx(1)
    assert found["runs", "runs of 1 right"] == pytest.approx((0 + 1) / 2)
    assert found["runs", "runs of 3 right"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["stopping", "wrong at the last answer"] == 0
    assert found["stopping", "the last 3 right"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["stopping", "more than 5 answers"] == pytest.approx((0 + 1 / 2) / 2)
    empty = figures_of(chains([(0, 0, "0")]))
    assert np.isnan(empty["students", "share right: median"])
    assert np.isnan(empty["runs", "right after a right answer"])


def test_stopping_rates_are_the_shares_that_stop() -> None:
    rates = stopping_rates(chains([(k, 0, "11") for k in range(50)] + [(50, 0, "1")]))
    assert rates.shape == (2, 6)
    # 1 of 51 stops after one right answer; drawn a little to the 51 of 102 who stop after any.
    assert rates[0, 1] == pytest.approx((1 + 1 / 51) / 52)
    assert (rates[1] == 1).all()
    # Student 0 has two skills and student 1 one: both count the same.
    rates = stopping_rates(chains([(0, 0, "1"), (0, 1, "1"), (1, 0, "11")]))
    assert rates[0, 1] == pytest.approx((1.5 + 1 / 2) / (3 + 1))


def test_students_stop_as_those_of_the_log() -> None:
    rng = np.random.default_rng(0)
    simulator = TwoState(3, prior=0.3, learn=0.3)
    said = []
    for k in range(600):
        for skill in range(3):
            answers = ""
            while not answers.endswith("111") and len(answers) < 12:
                answers += "01"[int(rng.random() < 0.5)]
            said.append((k, skill, answers))
    log = chains(said)
    again = replay(simulator, log, rng, same_lengths=False)
    last = right_in_a_row(again)[again.starts + again.lengths - 1]
    early = again.lengths < 12
    assert (last[early] == 3).mean() > 0.98
    assert (right_in_a_row(again) > 3).mean() < 0.01
    assert again.student.tolist() == log.student.tolist()
    assert again.skill.tolist() == log.skill.tolist()


def test_with_the_same_lengths_each_chain_is_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adaptlearn.simulation.fitted.replay._BLOCK", 150)
    _, log = chains_of(SCHOOL.responses)
    again = replay(TRUE, log, np.random.default_rng(0), same_lengths=True)
    for one, other in zip(again[:4], log[:4], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("same_lengths", [False, True])
def test_the_simulator_of_a_log_resembles_it(same_lengths: bool) -> None:
    skills = SCHOOL.truth["skill"]
    numbers = np.argsort(np.argsort(skills))  # a log sorts its labels
    true = TRUE.with_skills(np.argsort(numbers))
    found = resemblance(true, SCHOOL.responses, same_lengths=same_lengths)
    assert max(found.distances.values()) < 0.025
    other = resemblance(TwoState(4, prior=0.8), SCHOOL.responses, same_lengths=same_lengths)
    assert other.distances["errors"] > 0.05
    if same_lengths:
        stops = [k for k, name in enumerate(found.names) if name.startswith("more than")]
        assert found.difference[stops].tolist() == [0, 0]


def test_it_is_shown_as_a_table_and_a_picture() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    found = resemblance(TRUE, SCHOOL.responses, n_repeats=2)
    table: Any = found.table()
    assert [*table] == ["aspect", "figure", "log", "simulated", "difference", "chance"]
    assert {len(column) for column in table.values()} == {25}
    lines = str(found).splitlines()
    assert lines[0] == "simulated students beside those of the log (400 students)"
    assert lines[2].startswith("wrong at answer 1 ")
    assert "note: distance (root mean squared difference): errors 0.0" in str(found)
    page = Page(found._repr_html_())
    assert page.tags.count("tr") == 1 + len(found.names)
    ax = found.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == [*found.names]
    assert repr(found).startswith("Resemblance(errors 0.0")
    short = {name: column[:9] for name, column in SCHOOL.responses.items()}
    few = resemblance(TwoState(len(set(short["skill"]))), short)
    assert "students undefined" in str(few)
    ax = few.plot()
    assert "share right: median" not in {text.get_text() for text in ax.get_yticklabels()}


def test_what_does_not_fit_the_log_is_listed() -> None:
    with pytest.raises(ParameterError) as caught:
        resemblance(TwoState(3), SCHOOL.responses, n_repeats=0, same_lengths="no")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    assert "simulator has 3 skills, the log has 4" in str(caught.value)


def test_the_page_shows_the_results_of_the_benchmark() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "real-students.md").read_text(encoding="utf-8")
    results = json.loads((root / "benchmarks" / "results" / "real_students.json").read_text())
    for name, result in results["logs"].items():
        for kind, found in result["kinds"].items():
            cells = [f"{value:.3f}".removeprefix("0") for value in found["distances"].values()]
            assert f"| `{name}` | `{kind}` | {' | '.join(cells)} |\n" in page
