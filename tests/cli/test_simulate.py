"""simulate: tables, files, options, and what is refused before anything is simulated."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.conftest import Run

from adaptlearn import Curriculum, simulation
from adaptlearn.cli import simulate
from adaptlearn.models import BKT
from adaptlearn.sequencing import ProvisionalMastery
from adaptlearn.simulation import (
    Course,
    Matrix,
    baselines,
    evaluation_matrix,
    held_out_simulators,
    prior_log,
    run_episode,
    simulators,
)
from adaptlearn.simulation.episodes import tuned_constants
from adaptlearn.simulation.matrix import evaluate
from adaptlearn.simulation.teachers import baseline, least_bill

QUICK = ("--students", 30, "--seeds", 2, "--budget", 120)
FEW = ("--policies", "oracle,knowledge_tracing", "--simulators", "fading,population")


def test_tables_and_files(run: Run, curriculum: Path, tmp_path: Path) -> None:
    kept, picture = tmp_path / "made" / "matrix.json", tmp_path / "matrix.png"
    # Few students: nobody is to see what policies come to on the simulators kept apart.
    done = run("simulate", "--curriculum", curriculum, *QUICK, "--students", 5,
               "--held-out", "fading", "-o", kept, "--picture", picture)  # fmt: skip
    assert done.code == 0
    first, worst, bill, _, second, last = done.out.rstrip("\n").split("\n\n")
    assert first.startswith("minutes to mastery of all (lower is better): mean of 2 seeds of 5 ")
    assert second.startswith("under-practice, of declared (lower is better)")
    assert "fading‡" in first
    assert bill.startswith("minutes + 300 x skills unknown at the end (lower is better)")
    *_, least = bill.splitlines()
    assert least.startswith("least possible mean of all such students: population ")
    assert [word for word in least.split() if word in matrix_kinds()] == [
        "population",
        "individual",
    ]
    assert worst.startswith("worst simulator of each policy, against the best baseline: minutes")
    assert last.startswith("worst simulator of each policy, against the best baseline: under")
    matrix = Matrix.load(kept)
    assert matrix.text("minutes_to_mastery") == first
    course = Course.of(Curriculum.from_json(curriculum))
    assert matrix.simulators == (*simulators(course), *held_out_simulators(course))
    assert matrix.policies == (*baselines(course), "sequencer")
    assert matrix.baselines == tuple(name for name in baselines(course) if name != "oracle")
    assert (matrix.oracle, matrix.held_out) == ("oracle", ("fading",))
    assert (matrix.budget, matrix.n_students, matrix.seeds) == (120, 5, (0, 1))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"{kept}: every outcome" in done.err
    assert f"{picture}: a picture" in done.err


def matrix_kinds() -> list[str]:
    return [*simulators(simulate.read_course(None))]


def test_the_least_bill_is_that_of_the_simulators_own_parameters(run: Run) -> None:
    call = ("simulate", *QUICK, "--policies", "oracle", "--outcome", "bill_60,bill_300,minutes",
            "--simulators", "population,fading")  # fmt: skip
    found = json.loads(run(*call, "--json").out)["outcomes"]
    course = simulate.read_course(None)
    for name, price in (("bill_60", 60), ("bill_300", 300)):
        expected = least_bill(simulators(course)["population"], course, price)
        assert found[name]["least_possible"] == {"population": pytest.approx(expected)}
    assert found["minutes"]["least_possible"] is None


def test_policies_with_a_constant(run: Run, tmp_path: Path) -> None:
    """A number is taken, for an outcome it is tuned on seeds 100 to 104."""
    named = ["in_a_row:2", "in_a_row:bill_60", "stopping:300", "sequencer:0.9", "oracle"]
    kept = tmp_path / "matrix.json"
    call = ("simulate", *QUICK, "--simulators", "fading", "--policies", ",".join(named))
    done = run(*call, "-o", kept)
    assert done.code == 0
    assert "tuning baselines on other students of the kind fading" in done.err
    found = Matrix.load(kept)
    assert found.policies == tuple(named)
    assert found.baselines == ("in_a_row:2", "in_a_row:bill_60", "stopping:300")
    course = simulate.read_course(None)
    kind = simulators(course)["fading"]
    tuned = tuned_constants(kind, course, names=["in_a_row"], outcomes=["bill_60"], budget=120)
    model = simulate.fitted_model(simulate.earlier_log(kind, course, []))
    parameters = simulate.parameters_of(model, course)
    expected = evaluation_matrix(
        {"fading": kind},
        {
            "two": baseline("in_a_row", 2, course),
            "tuned": baseline("in_a_row", tuned["in_a_row"]["bill_60"], course),
            "stopping": baseline("stopping", 300, course, parameters=parameters),
            "sequencer": simulate.sequencer_policy(model, ProvisionalMastery(0.9)),
        },
        course, n_students=30, seeds=2, budget=120,
    )  # fmt: skip
    for name, values in expected.values.items():
        np.testing.assert_allclose(found.values[name][:4], values, err_msg=name)


def test_the_sequencer_takes_a_threshold_or_a_price(run: Run, curriculum: Path) -> None:
    call = ("simulate", "--curriculum", curriculum, *QUICK[:4], "--simulators", "population",
            "--policies", "sequencer,sequencer:0.999,sequencer:0.6,priced,priced:300,priced:60",
            "--outcome", "minutes")  # fmt: skip
    found = json.loads(run(*call, "--json").out)["outcomes"]["minutes"]["mean"]
    (usual,), (same,), (less,), (priced,), (same_price,), (lower,) = found
    assert usual == same > less
    assert usual > priced == same_price > lower


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("luck:3", "no policy with a constant is called 'luck'; there are 'in_a_row'"),
        ("zpdes:3", "no policy with a constant is called 'zpdes'"),
        ("in_a_row:many", "'in_a_row:many': expected a number, or the name of an outcome after"),
        ("sequencer:bill_60", "'sequencer:bill_60': expected a number after the colon"),
        ("priced:bill_60", "'priced:bill_60': expected a number after the colon"),
        ("in_a_row:", "'in_a_row:': expected a number"),
    ],
)
def test_constants_are_checked_before_anything_is_simulated(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(simulation, "evaluation_matrix", None)
    refused = run("simulate", "--policies", name)
    assert refused.code == 1
    assert said in refused.err


@pytest.mark.parametrize(
    ("options", "size"),
    [((), (1000, 20)), (("--quick",), (100, 3)), (("--full",), (1000, 20)),
     (("--quick", "--seeds", 7), (100, 7)), (("--full", "--students", 50), (50, 20))],
)  # fmt: skip
def test_presets(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[Any, ...], size: tuple[int, int]
) -> None:
    asked: dict[str, Any] = {}

    def stop(*_: object, **given: Any) -> None:
        asked.update(given)
        raise OSError("stopped")

    monkeypatch.setattr(simulation, "evaluation_matrix", stop)
    assert run("simulate", *options).err.endswith("stopped\n")
    assert (asked["n_students"], asked["seeds"]) == size
    tuned = {f"knowledge_tracing:bill_{price}" for price in (60, 300, 1000)}
    assert (set(asked["baselines"]) >= {*tuned, "stopping:300", "random_stopping:1000"}) == (
        "--full" in options
    )
    assert set(asked["baselines"]) >= {"three_in_a_row", "zpdes"}
    assert run("simulate", "--quick", "--full").code == 2


def test_a_killed_run_goes_on_with_the_same_file(
    run: Run, curriculum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = ("--curriculum", curriculum, "--policies", "random,three_in_a_row,oracle",
             "--simulators", "fading,population")  # fmt: skip
    call = ("simulate", *which, *QUICK)
    whole, kept = tmp_path / "whole.json", tmp_path / "kept.json"
    part = tmp_path / "kept.json.part"
    assert run(*call, "-o", whole).code == 0
    episodes: list[int] = []

    def dying(*arguments: Any, **options: Any) -> Any:
        if len(episodes) == 4:
            raise OSError("killed")
        episodes.append(1)
        return run_episode(*arguments, **options)

    monkeypatch.setattr(evaluate, "run_episode", dying)
    assert run(*call, "-o", kept).code == 1
    assert len(part.read_text().splitlines()) == 5
    monkeypatch.undo()
    other = run("simulate", *which, "--students", 31, *QUICK[2:], "-o", kept)
    assert "n_students is 31, there it is 30" in other.err
    done = run(*call, "-o", kept)
    assert f"{part}: goes on where the last run stopped" in done.err
    assert kept.read_bytes() == whole.read_bytes()
    assert not part.exists()
    assert "goes on" not in run(*call, "-o", kept).err


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


def test_a_policy_from_the_log_sees_students_who_come_back() -> None:
    course = simulate.read_course(None)
    kind = simulators(course)["stability"]
    log = simulate.earlier_log(kind, course, ["sequencer", "from_log:60"])
    assert len(np.unique(log["student"])) == 1000
    policy = simulate.own_policy("from_log", 60, log, simulate.fitted_model(log), course.curriculum)
    assert policy is not None
    assert policy.criterion is not None
    # Students of this kind forget, so the answers must stay right for a while.
    assert policy.criterion.described()["second"] == {"criterion": "MovingAverage", "average": 0.8}
    episode = run_episode(kind, simulate.sequencer_policy(simulate.fitted_model(log), policy),
                          course, n_students=20, seeds=[100], budget=100)  # fmt: skip
    assert (episode.minutes > 0).all()


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
