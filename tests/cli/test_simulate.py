"""simulate: tables, files, options, and what is refused before anything is simulated."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Run

from adaptlearn import Curriculum, simulation
from adaptlearn.cli import simulate
from adaptlearn.models import BKT
from adaptlearn.simulation import (
    Course,
    Matrix,
    baselines,
    evaluation_matrix,
    held_out_simulators,
    prior_log,
    simulators,
)

QUICK = ("--students", 30, "--seeds", 2, "--budget", 120)
FEW = ("--policies", "oracle,knowledge_tracing", "--simulators", "fading,population")


def test_tables_and_files(run: Run, curriculum: Path, tmp_path: Path) -> None:
    kept, picture = tmp_path / "made" / "matrix.json", tmp_path / "matrix.png"
    done = run("simulate", "--curriculum", curriculum, *QUICK, "--held-out", "fading",
               "-o", kept, "--picture", picture)  # fmt: skip
    assert done.code == 0
    first, worst, second, last = done.out.rstrip("\n").split("\n\n")
    assert first.startswith("minutes to mastery of all (lower is better): mean of 2 seeds of 30")
    assert second.startswith("under-practice, of declared (lower is better)")
    assert "fading‡" in first
    assert worst.startswith("worst simulator of each policy, against the best baseline: minutes")
    assert last.startswith("worst simulator of each policy, against the best baseline: under")
    matrix = Matrix.load(kept)
    assert matrix.text("minutes_to_mastery") == first
    course = Course.of(Curriculum.from_json(curriculum))
    assert matrix.simulators == (*simulators(course), *held_out_simulators(course))
    assert matrix.policies == (*baselines(course), "sequencer")
    assert matrix.baselines == tuple(name for name in baselines(course) if name != "oracle")
    assert (matrix.oracle, matrix.held_out) == ("oracle", ("fading",))
    assert (matrix.budget, matrix.n_students, matrix.seeds) == (120, 30, (0, 1))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"{kept}: every outcome" in done.err
    assert f"{picture}: a picture" in done.err


def test_json(run: Run, curriculum: Path) -> None:
    call = ("simulate", "--curriculum", curriculum, *QUICK, *FEW, "--outcome", "retention_30")
    content = json.loads(run(*call, "--json").out)
    assert content["policies"] == ["oracle", "knowledge_tracing"]
    assert content["simulators"] == ["fading", "population"]
    assert content["same_family"] == [[False, False], [False, True]]
    (found,) = content["outcomes"].values()
    assert [np.shape(found[name]) for name in ("mean", "rank")] == [(2, 2)] * 2
    assert np.shape(found["gaps"]["learning"]["value"]) == (2, 2)
    assert found["better"] == "higher"
    assert {case["policy"] for case in found["worst"]} == {"knowledge_tracing"}
    assert json.loads(run(*call, "--json", "--jobs", 2).out) == content


def test_knowledge_tracing_is_fitted_to_what_was_logged_before(run: Run, tmp_path: Path) -> None:
    course = simulate.read_course(None)
    assert (course.n_skills, course.n_lessons) == (20, 20)
    kind = simulators(course)["population"]
    model = BKT().fit(prior_log(kind, course))
    parameters = {name: model.parameters_[name] for name in simulate.PARAMETERS}
    policy = baselines(course, parameters=parameters)["knowledge_tracing"]
    expected = evaluation_matrix({"population": kind}, {"knowledge_tracing": policy}, course,
                                 n_students=30, seeds=2, budget=120)  # fmt: skip
    kept = tmp_path / "matrix.json"
    assert run("simulate", *QUICK, *FEW, "-o", kept).code == 0
    found = Matrix.load(kept)
    for name in ("minutes_to_mastery", "known_share", "under_practice"):
        np.testing.assert_allclose(found.mean(name)[1, 1], expected.mean(name)[0, 0])


def test_parameters_stand_in_the_curriculums_order() -> None:
    course = Course.of(Curriculum.from_dict({"skills": ["c", "a", "b"]}))
    rows = {"skill": ["a", "b"], "prior": [0.1, 0.3], "learn": [0.2, 0.4], "guess": [0.1, 0.2],
            "slip": [0.1, 0.1]}  # fmt: skip
    found = simulate.parameters_of(BKT.from_parameters(rows), course)
    np.testing.assert_allclose(found["prior"], [0.2, 0.1, 0.3])
    np.testing.assert_allclose(found["learn"], [0.3, 0.2, 0.4])


def test_every_name_that_is_none_is_listed_before_anything_is_simulated(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "evaluation_matrix", None)
    refused = run("simulate", "--policies", "zpdes,luck", "--simulators", "fading,real",
                  "--held-out", "stability", "--outcome", "joy")  # fmt: skip
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: simulate: 4 problems")
    for part in ("no policy is called 'luck'; there are 'random'", "no simulator is called 'real'",
                 "no simulator is called 'stability'; there are 'fading', 'real'",
                 "no outcome is called 'joy'; there are 'mastery_in_budget'"):  # fmt: skip
        assert part in refused.err


@pytest.mark.parametrize("option", ["--students", "--seeds", "--budget", "--jobs"])
def test_numbers_are_checked(run: Run, option: str) -> None:
    refused = run("simulate", option, "0")
    assert refused.code == 2
    assert f"argument {option}" in refused.err


def test_lists_name_something(run: Run) -> None:
    assert "nothing is named" in run("simulate", "--policies", " , ").err


@pytest.mark.parametrize("outcome", ["minutes_to_mastery", "retention_30"])
def test_the_oracle_alone_is_compared_with_nothing(
    run: Run, curriculum: Path, tmp_path: Path, outcome: str
) -> None:
    picture = tmp_path / "matrix.png"
    call = ("simulate", "--curriculum", curriculum, *QUICK, "--policies", "oracle",
            "--simulators", "fading", "--outcome", outcome)  # fmt: skip
    done = run(*call, "--picture", picture)
    assert done.code == 0
    assert "oracle sees the truth, and is not compared" in done.out
    assert "worst" not in done.out
    assert picture.exists()
    (found,) = json.loads(run(*call, "--json").out)["outcomes"].values()
    assert (found["rank"], found["mean_tau"], found["worst"]) == ([[None]], None, [])


def test_one_policy_without_a_baseline(run: Run, curriculum: Path) -> None:
    done = run("simulate", "--curriculum", curriculum, *QUICK, "--policies", "sequencer",
               "--simulators", "fading", "--outcome", "known_share")  # fmt: skip
    assert done.code == 0
    assert "worst simulator of each policy, by its mean: share known" in done.out


def test_a_picture_of_an_unknown_kind_is_refused_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "evaluation_matrix", None)
    refused = run("simulate", "--picture", tmp_path / "p.xyz", "--outcome", "joy")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: simulate: 2 problems")
    assert "matplotlib writes no picture as 'xyz'; it writes 'eps'" in refused.err


@pytest.mark.parametrize(("name", "start"), [("bare", b"\x89PNG"), ("p.PDF", b"%PDF")])
def test_the_suffix_says_the_kind_of_picture(
    run: Run, curriculum: Path, tmp_path: Path, name: str, start: bytes
) -> None:
    done = run("simulate", "--curriculum", curriculum, *QUICK, *FEW, "--picture", tmp_path / name)
    assert done.code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_tables_come_before_the_picture(
    run: Run, curriculum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(simulate, "draw", fail)
    call = ("simulate", "--curriculum", curriculum, *QUICK, *FEW, "--picture", tmp_path / "p.png")
    for options, start in (((), "minutes to mastery of all"), (("--json",), "{")):
        done = run(*call, *options)
        assert (done.code, "disk full" in done.err) == (1, True)
        assert done.out.startswith(start)


@pytest.mark.parametrize("option", ["--output", "--picture"])
def test_a_file_in_place_of_a_folder_is_refused_first(
    run: Run, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "evaluation_matrix", None)
    (tmp_path / "file").write_text("")
    refused = run("simulate", option, tmp_path / "file" / "x.png")
    assert refused.code == 1
    assert f"{tmp_path / 'file'}: Not a directory" in refused.err


@pytest.mark.parametrize("option", ["--output", "--picture"])
def test_a_target_that_is_a_folder_is_refused_first(
    run: Run, tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "evaluation_matrix", None)
    refused = run("simulate", option, tmp_path)
    assert refused.code == 1
    assert f"{tmp_path}: Is a directory" in refused.err


def test_without_matplotlib_there_is_no_picture(
    run: Run, curriculum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    picture = tmp_path / "made" / "matrix.xyz"
    call = ("simulate", "--curriculum", curriculum, *QUICK, *FEW, "--picture", picture)
    done = run(*call)
    assert done.code == 0
    assert done.err.startswith("no picture: a picture needs matplotlib")
    assert done.out.startswith("minutes to mastery")
    assert not picture.parent.exists()

    def stop(*_: object, **__: object) -> None:
        raise OSError("stopped")

    monkeypatch.setattr(simulation, "evaluation_matrix", stop)
    early, last = run(*call).err.splitlines()
    assert early.startswith("no picture")
    assert last == "error: stopped"
