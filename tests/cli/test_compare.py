"""compare: the table, the files, going on after an interruption, and what is refused."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run, answers, csv_text

from adaptlearn.models import BKT
from adaptlearn.models.registry import NamedModel, named_models

QUICK = ("--models", "bkt,bkt-forgetting", "--folds", "2", "--bootstrap", "30")


def fits(monkeypatch: pytest.MonkeyPatch, stop_at: int | None = None) -> list[BKT]:
    """Every fit from now on; at one of them the run is interrupted."""
    done: list[BKT] = []
    fit = BKT.fit

    def counted(self, log, y=None, **kwargs):
        if len(done) == stop_at:
            raise KeyboardInterrupt
        done.append(self)
        return fit(self, log, y, **kwargs)

    monkeypatch.setattr(BKT, "fit", counted)
    return done


def test_the_table(run: Run, log: Path) -> None:
    done = run("compare", log, *QUICK)
    assert done.code == 0
    first, second = done.out.split("\n\n")
    lines = first.splitlines()
    assert lines[0] == "2 folds by student: 720 out-of-fold predictions of 40 students"
    for title in ("AUC", "log loss", "RMSE", "accuracy", "calibration error", "fit (s)", "predict"):
        assert title in lines[1]
    names = [line.split()[0] for line in lines[2:4]]
    assert sorted(names) == ["bkt", "bkt-forgetting"]
    assert re.search(r"0\.\d{4} +0\.\d{4} to 0\.\d{4}", lines[2])
    assert second.splitlines()[0] == f"difference to {names[0]}, on the same answers"
    assert second.splitlines()[2].split()[0] == names[1]


def test_one_model_has_no_differences(run: Run, log: Path) -> None:
    done = run("compare", log, "--models", "bkt", "--folds", "2", "--bootstrap", "0")
    assert done.code == 0
    assert "difference" not in done.out


def test_json_and_files(run: Run, log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "out"
    done = run("compare", log, *QUICK, "--seed", "3", "--json", "--output", folder)
    content = json.loads(done.out)
    assert content["n_responses"] == 720
    assert content["configurations"]["bkt-forgetting"] == "BKT(forgetting=True)"
    assert set(content["models"]) == {"bkt", "bkt-forgetting"}
    assert content["best"] == content["differences"]["reference"] == next(iter(content["models"]))
    assert content["seed"] == 3
    kept = json.loads((folder / "comparison.json").read_text())
    assert kept["models"] == content["models"]
    assert len(kept["calibration"]["bkt"]["bins"]["n"]) >= 5
    assert set(content["files"]) == {"comparison.json", "comparison.png"}
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(run("compare", log, *QUICK, "--json").out)["models"] != content["models"]


def test_an_interrupted_run_goes_on(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(run("compare", log, *QUICK, "--json").out)
    call = ("compare", log, *QUICK, "--output", tmp_path / "out", "--json")
    with monkeypatch.context() as patch:
        fits(patch, stop_at=3)
        stopped = run(*call)
    assert stopped.code == 130
    assert "finished fits are kept in" in stopped.err
    done = fits(monkeypatch)
    resumed = run(*call)
    assert len(done) == 1
    assert f"3 of 4 fits were found in {tmp_path / 'out'}" in resumed.err
    content = json.loads(resumed.out)
    for name, model in content["models"].items():
        assert model["pooled"] == whole["models"][name]["pooled"]
    assert content["differences"] == whole["differences"]
    assert run(*call).code == 0
    assert len(done) == 1


def test_more_models_and_other_logs(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ("--output", tmp_path / "out", "--folds", "2", "--bootstrap", "0")
    assert run("compare", log, "--models", "bkt", *out).code == 0
    done = fits(monkeypatch)
    assert run("compare", log, "--models", "bkt,bkt-forgetting", *out).code == 0
    assert len(done) == 2
    other = tmp_path / "other.csv"
    other.write_text(csv_text(answers()[:-1]))
    assert run("compare", other, "--models", "bkt", *out).code == 0
    assert len(done) == 4


def test_missing_columns_are_refused_before_anything_is_fitted(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = named_models() | {"timed": NamedModel("bkt", "BKT", "needs both", ("item", "time"))}
    monkeypatch.setattr("adaptlearn.models.registry.named_models", lambda: named)
    done = fits(monkeypatch)
    asked = ("--models", "bkt-individual-items,timed", "--no-time")
    refused = run("compare", log, *asked)
    assert (refused.code, refused.out, done) == (1, "", [])
    assert refused.err.startswith(f"error: {log}: 2 problems")
    assert "model 'bkt-individual-items': it needs a column item" in refused.err
    assert (
        "model 'timed': it needs a column item and a column time; name it with --item COL and "
        "--time COL, or choose another model"
    ) in refused.err


def test_a_model_that_lacks_columns_is_a_skipped_row(run: Run, log: Path, tmp_path: Path) -> None:
    asked = ("--models", "rasch,bkt,elo", "--folds", "2", "--bootstrap", "20")
    lines = run("compare", log, *asked).out.splitlines()
    assert {line.split()[0] for line in lines[2:4]} == {"bkt", "elo"}
    assert lines[4].split()[:3] == ["rasch", "skipped", "-"]
    assert lines[5] == "note: rasch was skipped: it needs a column item"
    found = run("compare", log, *asked, "--json", "--output", tmp_path / "out")
    content = json.loads(found.out)
    assert content["skipped"] == {"rasch": "it needs a column item"}
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["skipped"]
    assert set(content["models"]) == {"bkt", "elo"}


def test_a_model_that_fails_on_the_log_is_a_skipped_row(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = NamedModel("bkt", "BKT", "of no use here", (), {"prior_by": "nothing"})
    named = named_models() | {"strange": strange}
    monkeypatch.setattr("adaptlearn.models.registry.named_models", lambda: named)
    asked = ("--folds", "2", "--bootstrap", "0")
    found = run("compare", log, "--models", "strange,bkt", *asked)
    assert found.code == 0
    assert "note: strange was skipped: " in found.out
    assert "nothing" in found.out
    alone = run("compare", log, "--models", "strange", *asked)
    assert (alone.code, alone.out) == (1, "")


def test_all_are_those_the_log_has_the_columns_for(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {name: named_models()[name] for name in ("bkt", "bkt-individual-items")}
    monkeypatch.setattr("adaptlearn.models.registry.named_models", lambda: named)
    done = run("compare", log, "--models", "all", "--folds", "2", "--bootstrap", "0", "--json")
    assert set(json.loads(done.out)["models"]) == {"bkt"}
    assert set(json.loads(done.out)["skipped"]) == {"bkt-individual-items"}


def test_unknown_models_list_what_there_is(run: Run, log: Path) -> None:
    refused = run("compare", log, "--models", "bkt,bkd,dkt")
    assert refused.code == 2
    assert "no model is called 'bkd', 'dkt'; there are" in refused.err
    for name, model in named_models().items():
        assert re.search(rf"^  {name} +{re.escape(model.summary)}$", refused.err, re.MULTILINE)
    assert "no model is named" in run("compare", log, "--models", " , ").err


@pytest.mark.parametrize("option", ["--folds", "--jobs", "--seed", "--bootstrap"])
def test_numbers_are_checked(run: Run, log: Path, option: str) -> None:
    refused = run("compare", log, "--models", "bkt", option, "-1")
    assert refused.code == 2
    assert f"argument {option}" in refused.err


def test_more_folds_than_students(run: Run, log: Path) -> None:
    refused = run("compare", log, "--models", "bkt", "--folds", "41")
    assert refused.code == 1
    assert "cv must be at most the number of students, 40, got 41" in refused.err


def test_without_matplotlib_there_is_no_picture(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    done = run("compare", log, *QUICK, "--output", tmp_path)
    assert done.code == 0
    assert "no picture: a picture needs matplotlib" in done.err
    assert (tmp_path / "comparison.json").exists()
    assert not (tmp_path / "comparison.png").exists()


def test_a_target_that_is_a_file_is_refused_first(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fits(monkeypatch)
    refused = run("compare", log, *QUICK, "--output", log)
    assert refused.code == 1
    assert str(log) in refused.err
    assert done == []


def test_processes(run: Run, log: Path) -> None:
    one, two = (json.loads(run("compare", log, *QUICK, "--json", "--jobs", n).out) for n in (1, 2))
    assert one["models"]["bkt"]["pooled"] == two["models"]["bkt"]["pooled"]
