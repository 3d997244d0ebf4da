"""A matrix that is killed half-way goes on where it stopped, with the same result."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import Course, baselines, evaluation_matrix, run_episode, simulators
from adaptlearn.simulation.matrix import evaluate

SETTING: dict[str, Any] = {"n_students": 30, "seeds": 3, "budget": 60}


@pytest.fixture(scope="module")
def course():
    return Course.of(Curriculum.from_dict({"skills": [*"abc"], "prerequisites": [["a", "b"]]}))


@pytest.fixture(scope="module")
def kinds(course):
    return {name: simulators(course)[name] for name in ("population", "individual")}


@pytest.fixture(scope="module")
def policies(course):
    return {name: baselines(course)[name] for name in ("random", "three_in_a_row", "oracle")}


@pytest.fixture(scope="module")
def made(kinds, policies, course):
    """Make the matrix, or one that differs a little."""

    def make(**changes):
        given = {"simulators": kinds, "policies": policies, "course": course, **SETTING, **changes}
        return evaluation_matrix(**given)

    return make


@pytest.fixture(scope="module")
def whole(made):
    return made().to_json()


@pytest.fixture
def run(monkeypatch):
    """A list with an entry for each episode that is run."""
    found: list[int] = []

    def counting(*arguments, **options):
        found.append(1)
        return run_episode(*arguments, **options)

    monkeypatch.setattr(evaluate, "run_episode", counting)
    return found


class Stopped(Exception):
    pass


@pytest.mark.parametrize("broken", [b"", b'{"piece": ["oracle", "indiv', b"{}"])
def test_it_goes_on_where_it_stopped(made, whole, tmp_path, run, broken):
    """Four of six pieces are done; what was being written when the run was killed is dropped."""
    path = tmp_path / "kept"

    def stop(done, _total):
        if done == 4:
            raise Stopped

    with pytest.raises(Stopped):
        made(on_run=stop, checkpoint=path)
    with path.open("ab") as stream:
        stream.write(broken)
    seen: list[tuple[int, int]] = []
    found = made(checkpoint=path, on_run=lambda *of: seen.append(of))
    assert found.to_json() == whole
    assert len(run) == 4 + 2
    assert seen == [(done, 6) for done in range(1, 7)]
    assert len(path.read_bytes().splitlines()) == 7
    again = made(checkpoint=path)
    assert again.to_json() == whole
    assert len(run) == 4 + 2


@pytest.mark.parametrize("damage", ["garbage", "3", "{}", "shape", "texts"])
def test_what_a_damaged_line_held_is_run_again(made, whole, tmp_path, run, damage):
    path = tmp_path / "kept"
    made(checkpoint=path)
    head, *lines = path.read_text().splitlines()
    content = json.loads(lines[2])
    for name, values in (("shape", [[1.0]]), ("texts", [["x"]])):
        if damage == name:
            damage = json.dumps({**content, "everybody": values})
    path.write_text("\n".join([head, *lines[:2], damage, *lines[3:], ""]))
    assert made(checkpoint=path).to_json() == whole
    assert len(run) == 6 + 1
    path.write_text("3\n")
    with pytest.raises(ParameterError, match="begun by another run"):
        made(checkpoint=path)


def test_what_is_new_is_run(made, policies, whole, tmp_path, run):
    few = {name: policies[name] for name in ("random", "oracle")}
    made(policies=few, checkpoint=tmp_path / "kept")
    found = made(checkpoint=tmp_path / "kept")
    assert found.to_json() == whole
    assert len(run) == 4 + 2
    made(policies=few, seeds=[0, 1, 5], checkpoint=tmp_path / "kept")
    assert len(run) == 4 + 2 + 4


def test_another_setting_is_refused(made, course, tmp_path):
    path = tmp_path / "kept"
    made(checkpoint=path)
    other = Course.of(course.curriculum, n_items=4)
    with pytest.raises(ParameterError, match=r"(?s)begun by another run; delete.*4 problems") as e:
        made(course=other, checkpoint=path, n_students=20, budget=50, outcomes=["minutes"])
    assert "n_students is 20, there it is 30" in str(e.value)
    path.write_text("something else\n")
    with pytest.raises(ParameterError, match="begun by another run"):
        made(checkpoint=path)
    assert path.read_text() == "something else\n"


PROGRAM = """
import sys
from adaptlearn import Curriculum
from adaptlearn.simulation import Course, baselines, evaluation_matrix, simulators
course = Course.of(Curriculum.from_dict({"skills": [*"abc"], "prerequisites": [["a", "b"]]}))
kinds = {name: simulators(course)[name] for name in ("population", "individual")}
policies = {name: baselines(course)[name] for name in ("random", "three_in_a_row", "oracle")}
def wait(done, total):
    if done == 3:
        print("three", flush=True)
        sys.stdin.read()
evaluation_matrix(kinds, policies, course, n_students=30, seeds=3, budget=60, on_run=wait,
                  checkpoint=sys.argv[1])
"""


def test_a_killed_process_leaves_what_it_finished(made, whole, tmp_path, run):
    path = tmp_path / "kept"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"three\n"
        process.kill()
    found = made(checkpoint=path)
    assert len(run) == 3
    assert found.to_json() == whole


def test_gaps_and_numbers_come_back_as_they_were(kinds, course, tmp_path):
    """Nobody declares by chance: under-practice has no mean; others have all their digits."""
    policies = {"random": baselines(course)["random"]}
    given: dict[str, Any] = {**SETTING, "outcomes": ["under_practice", "extra_answers"]}
    path = tmp_path / "kept"
    first = evaluation_matrix(kinds, policies, course, checkpoint=path, **given)
    again = evaluation_matrix(kinds, policies, course, checkpoint=path, **given)
    assert np.isnan(first.values["under_practice"]).all()
    for name, values in first.values.items():
        np.testing.assert_array_equal(again.values[name], values)
    assert json.loads(path.read_text().splitlines()[0])["outcomes"] == given["outcomes"]
