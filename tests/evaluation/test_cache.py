"""Finished folds in a folder: taken up again, and never mixed with those of another run."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.evaluation import cross_validate
from adaptlearn.evaluation.cross_validation import cache
from adaptlearn.evaluation.cross_validation.cache import computing_files, described, log_digest
from adaptlearn.models import Elo

FITS: list = []


class Counted(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Remembers that it was fitted; stops the run at the fit it is told."""

    stop_at = None

    def __init__(self, prior=1.0, inner=None):
        self.prior = prior
        self.inner = inner

    def fit(self, log, y=None):
        if len(FITS) == self.stop_at:
            raise KeyboardInterrupt
        FITS.append(self.prior)
        self.rate_ = (log.correct.sum() + self.prior) / (len(log) + 2 * self.prior)
        return self

    def predict_proba(self, log):
        p = np.clip(self.rate_ + log.skill.codes / 100, 0, 1)
        return np.stack([1 - p, p], axis=1)


@pytest.fixture(autouse=True)
def fits(monkeypatch):
    monkeypatch.setattr(Counted, "stop_at", None)
    FITS.clear()
    return FITS


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    return {
        "student": rng.integers(20, size=300),
        "skill": rng.integers(4, size=300),
        "correct": rng.integers(2, size=300),
        "item": rng.integers(50, size=300),
        "time": np.arange(300.0),
    }


def run(columns, folder, models=None, **options):
    FITS.clear()
    models = Counted() if models is None else models
    return cross_validate(models, columns, cv=3, n_bootstrap=10, folder=folder, **options)


def test_a_second_run_fits_nothing_and_finds_the_same(columns, tmp_path, fits):
    first = run(columns, tmp_path / "made" / "here")
    assert len(fits) == 3
    again = run(columns, tmp_path / "made" / "here")
    assert fits == []
    assert again.pooled == first.pooled
    np.testing.assert_array_equal(again.predictions["Counted"], first.predictions["Counted"])
    assert again.table()["fit_time"].tolist() == first.table()["fit_time"].tolist()
    assert run(columns, None).pooled == first.pooled


def test_a_run_that_was_stopped_goes_on_where_it_was(columns, tmp_path, fits, monkeypatch):
    models = {"a": Counted(), "b": Counted(5.0)}
    monkeypatch.setattr(Counted, "stop_at", 4)
    with pytest.raises(KeyboardInterrupt):
        run(columns, tmp_path, models)
    monkeypatch.setattr(Counted, "stop_at", None)
    steps = []
    result = run(columns, tmp_path, models, on_fold=lambda done, total: steps.append((done, total)))
    assert fits == [5.0, 5.0]
    assert steps == [(4, 6), (5, 6), (6, 6)]
    assert result.pooled == run(columns, None, models).pooled


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("an answer", lambda c: c["correct"].__setitem__(7, 1 - c["correct"][7])),
        ("a time", lambda c: c["time"].__setitem__(7, 7.5)),
        ("an item", lambda c: c["item"].__setitem__(7, 99)),
        ("a skill's name", lambda c: c.update(skill=c["skill"] + 1)),
        ("a column", lambda c: c.pop("item")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_log_is_never_mixed_in(columns, tmp_path, fits, what, change):
    run(columns, tmp_path)
    change(columns)
    changed = run(columns, tmp_path)
    assert len(fits) == 3
    assert changed.pooled == run(columns, None).pooled


def test_another_model_or_other_folds_are_never_mixed_in(columns, tmp_path, fits):
    run(columns, tmp_path)
    for models in ({"Counted": Counted(2.0)}, {"Counted": Counted(inner=Counted(3.0))}):
        run(columns, tmp_path, models)
        assert len(fits) == 3
    run(columns, tmp_path, random_state=1)
    assert len(fits) == 3
    run(columns, tmp_path, {"of another name": Counted()})
    assert len(fits) == 3
    run(columns, tmp_path)
    assert fits == []


def test_code_that_changed_is_another_model(columns, tmp_path, fits, monkeypatch):
    run(columns, tmp_path)
    monkeypatch.setattr(
        "adaptlearn.evaluation.cross_validation.cache._source", lambda kind: "other code"
    )
    run(columns, tmp_path)
    assert len(fits) == 3


@pytest.mark.parametrize("damage", [lambda text: text[:-40], lambda text: text.replace("A", "B")])
def test_a_damaged_file_is_computed_again(columns, tmp_path, fits, damage):
    first = run(columns, tmp_path)
    path = min(tmp_path.iterdir())
    path.write_text(damage(path.read_text()))
    with pytest.warns(DataWarning, match="a kept fold is computed again"):
        again = run(columns, tmp_path)
    assert len(fits) == 1
    assert again.pooled == first.pooled
    run(columns, tmp_path)
    assert fits == []


def test_processes_keep_what_they_finish(columns, tmp_path, fits):
    first = run(columns, tmp_path, n_jobs=2)
    again = run(columns, tmp_path)
    assert fits == []
    assert again.pooled == first.pooled


def test_predictions_of_nan_are_kept_exactly(columns, tmp_path):
    class Gaps(Counted):
        def predict_proba(self, log):
            p = super().predict_proba(log)
            p[~log.answered] = np.nan
            return p

    columns["correct"] = columns["correct"].astype(float)
    columns["correct"][5] = np.nan
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    first, again = (run(log, tmp_path, {"m": Gaps()}).predictions["m"] for _ in range(2))
    assert np.isnan(first[5])
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("value", [object(), lambda x: x, np.random.default_rng(0), Counted])
def test_a_parameter_that_cannot_be_told_from_another_is_refused(columns, tmp_path, value):
    with pytest.raises(ParameterError, match=r"mine\.inner\[1\] is .* no digest"):
        run(columns, tmp_path, {"mine": Counted(inner=[1, value])})


def test_a_class_without_source_is_refused(columns, tmp_path):
    typed: dict = {}
    code = "class Typed(Base):\n    def __init__(self):\n        pass\n"
    exec(code, {"Base": Counted, "__name__": "nowhere"}, typed)
    with pytest.raises(ParameterError, match="the source of Typed cannot be read"):
        run(columns, tmp_path, {"typed": typed["Typed"]()})


def test_parameters_are_described_by_value():
    def text(value):
        return json.dumps(described(value, "m"))

    assert text({"b": 1, "a": (1.5, None)}) == text({"a": [1.5, None], "b": 1})
    assert text(np.float64(0.1)) == text(0.1) != text(0.1 + 1e-17 + 1e-16)
    assert text(np.arange(3)) == text(np.arange(3)) != text(np.arange(3.0))
    assert text(np.array(["a", "b"], object)) == text(["a", "b"])
    assert text(1) != text(True) != text("True")
    assert text(Counted(float("inf"))) != text(Counted(float("nan")))


def test_digests_of_logs_tell_everything_apart(columns):
    log = ResponseLog.from_frame(columns)
    digests = {log_digest(log), log_digest(log[::-1]), log_digest(log[:-1])}
    named = ResponseLog.from_frame({**columns, "skill": [f"s{k}" for k in columns["skill"]]})
    pairs = [[f"s{k}", "x"] if k == 2 else [f"s{k}"] for k in columns["skill"]]
    several = ResponseLog.from_frame({**columns, "skill": pairs})
    more = ResponseLog.from_frame({**columns, "group": ["a"] * 300}, extra=["group"])
    digests |= {log_digest(other) for other in (named, several, more)}
    assert len(digests) == 6
    assert log_digest(ResponseLog.from_frame(columns)) == log_digest(log)


PACKAGE = Path(adaptlearn.__file__).parent


def test_every_file_that_computes_is_part_of_the_digest():
    below = [file.relative_to(PACKAGE) for file in computing_files(PACKAGE)]
    computing = [file.relative_to(PACKAGE) for file in PACKAGE.rglob("*.py")]
    assert below == sorted(
        file
        for file in computing
        if len(file.parts) == 1
        or file.parts[0] in {"models", "responses"}
        or file.parts[:2]
        in {
            ("evaluation", "cross_validation"),
            ("evaluation", "metrics.py"),
            ("evaluation", "order.py"),
            ("evaluation", "predictions.py"),
        }
    )
    assert {"numerics.py", "models/bkt/em/sweeps.py", "responses/log.py"} <= set(map(str, below))
    # Nor do models and logs load anything else of the library.
    code = """
import json, pkgutil, sys
import adaptlearn.models, adaptlearn.responses
for room in (adaptlearn.models, adaptlearn.responses):
    for part in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        __import__(part.name)
modules = [module for name, module in sys.modules.items() if name.startswith("adaptlearn")]
print(json.dumps([module.__file__ for module in modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert len(loaded) > 50
    assert set(map(Path, loaded)) <= set(computing_files(PACKAGE))


@pytest.fixture
def copied(tmp_path):
    """A copy of the library, to be edited."""
    skipped = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path / "src" / "adaptlearn", ignore=skipped)


def append(file, text="\n# edited\n"):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text)


def test_an_edit_anywhere_in_what_computes_changes_the_digest(copied):
    digests = [cache.library_digest(copied)]
    for name in (
        "numerics.py",
        "models/base.py",
        "models/bkt/em/sweeps.py",
        "models/of/a/folder/that/is/new.py",
        "responses/frames.py",
        "evaluation/predictions.py",
        "evaluation/cross_validation/runs.py",
    ):
        append(copied / name)
        cache.library_digest.cache_clear()
        digests.append(cache.library_digest(copied))
    (copied / "models/of/a/folder/that/is/new.py").rename(copied / "models/of/a/folder/moved.py")
    cache.library_digest.cache_clear()
    digests.append(cache.library_digest(copied))
    assert len(set(digests)) == len(digests)
    for name in ("cli/compare.py", "evaluation/plots.py", "sequencing/sequencer.py"):
        append(copied / name)
    cache.library_digest.cache_clear()
    assert cache.library_digest(copied) == digests[-1]


def test_after_an_edit_of_the_library_all_models_are_fitted_anew(
    columns, tmp_path, fits, copied, monkeypatch
):
    """Also one that is not of the library: it sees the log through it."""
    assert cache._PACKAGE == PACKAGE
    monkeypatch.setattr(cache, "_PACKAGE", copied)
    models = {"mine": Counted(), "its": Elo()}
    for name, fitted in (
        ("cli/compare.py", 3),
        ("cli/compare.py", 0),
        ("responses/log.py", 3),
    ):
        append(copied / name)
        cache.library_digest.cache_clear()
        calls: list = []
        run(columns, tmp_path, models, on_fold=lambda *counts, calls=calls: calls.append(counts))
        assert (len(fits), calls[0]) == (fitted, (6 - 2 * fitted, 6))


def test_a_model_that_inherits_is_told_by_the_files_of_all_its_classes(tmp_path, monkeypatch):
    """Also one of another file that builds on the library's."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "parent_of_mine.py").write_text(
        "from adaptlearn.models import BKT\nclass Parent(BKT):\n    pass\n"
    )
    (tmp_path / "mine.py").write_text(
        "from parent_of_mine import Parent\nclass Mine(Parent):\n    pass\n"
    )
    kind = importlib.import_module("mine").Mine
    before = described(kind(), "m")["source"]
    assert len(before) == 2
    append(tmp_path / "parent_of_mine.py")
    after = described(kind(), "m")["source"]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
