"""What was saved is read back exactly, or refused with the reason."""

from __future__ import annotations

import json
from errno import ENOSPC

import numpy as np
import pytest
from tests.models.students import answers

import adaptlearn
from adaptlearn.errors import ModelFileError
from adaptlearn.models import BKT
from adaptlearn.serialization import fingerprint


@pytest.fixture(scope="module")
def model():
    return BKT(forgetting=True, n_init=2).fit(answers(300, 7, seed=1, forget=0.05))


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.json")
    return tmp_path / "model.json"


def resealed(path, change):
    """Change a saved model and sign it again, as a careful forger would."""
    manifest = json.loads(path.read_text())
    change(manifest)
    del manifest["digest"]
    manifest["digest"] = fingerprint(manifest)
    path.write_text(json.dumps(manifest))


def test_round_trip_is_exact(model, path):
    again = adaptlearn.load(path)
    assert isinstance(again, BKT)
    assert again.get_params() == model.get_params()
    assert again.fingerprint_ == model.fingerprint_
    for name, column in model.parameters_.items():
        assert again.parameters_[name].tolist() == column.tolist()
    log = answers(20, 5, seed=2)
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))
    for name in ("log_likelihood_", "n_iter_", "converged_", "n_answers_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))


def test_integer_skills_stay_integers(tmp_path):
    columns = answers(100, 5, seed=1)
    columns["skill"] = np.unique(columns["skill"], return_inverse=True)[1] * 10
    BKT(n_init=1).fit(columns).save(tmp_path / "m.json")
    assert adaptlearn.load(tmp_path / "m.json").skills_.tolist() == [0, 10, 20]


def test_the_file_is_plain_json_of_version_1(path):
    manifest = json.loads(path.read_text())
    assert (manifest["format"], manifest["version"]) == ("adaptlearn-model", 1)
    assert list(manifest["parameters"]) == ["prior", "learn", "forget", "guess", "slip"]


VERSION_1 = """{"format": "adaptlearn-model", "version": 1, "model": "BKT",
"settings": {"forgetting": false, "n_init": 5, "max_iter": 1000, "tol": 1e-07, "start": null,
"random_state": 0}, "skills": ["add", "halve"],
"parameters": {"prior": [0.25, 0.5], "learn": [0.125, 0.25], "forget": [0.0, 0.0],
"guess": [0.25, 0.125], "slip": [0.125, 0.0625]},
"pooled": {"prior": 0.375, "learn": 0.1875, "forget": 0.0, "guess": 0.1875, "slip": 0.09375},
"fit": {"log_likelihood": [-10.5, -8.25], "n_iter": [12, 9], "converged": [true, true],
"n_answers": [20, 18], "unidentified": [["halve", "one response"]]},
"fingerprint": "8adfd60eed9e64081b50824e78c76b4f7ef82bceb6836604929bde66008f45ef",
"digest": "dba39f124e99eb16772a2e492869a926b1423c73062c0f5327e53fe4ce1b79af"}"""


def test_a_file_of_version_1_stays_readable(tmp_path):
    # Written out by hand, so that a change of the writer cannot change it along.
    path = tmp_path / "old.json"
    path.write_text(VERSION_1)
    model = adaptlearn.load(path)
    assert isinstance(model, BKT)
    p = model.predict_proba({"student": [1, 1], "skill": ["add"] * 2, "correct": [1, 1]})
    assert p[0, 1] == 0.25 * 0.875 + 0.75 * 0.25
    assert model.unidentified_ == {"halve": "one response"}


@pytest.mark.parametrize("keep", [0, 1, 200, -5])
def test_truncated(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelFileError, match="not whole JSON"):
        adaptlearn.load(path)


def test_of_a_newer_version(path):
    resealed(path, lambda m: m.update(version=2))
    with pytest.raises(ModelFileError, match=r"version 2 is newer .* upgrade"):
        adaptlearn.load(path)


def test_tampered_with(path):
    text = path.read_text()
    manifest = json.loads(text)
    manifest["parameters"]["guess"][0] = 0.5
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelFileError, match="does not match its digest"):
        adaptlearn.load(path)
    path.write_text(text.replace('"version": 1', '"version": 1, "extra": NaN'))
    with pytest.raises(ModelFileError, match="does not match its digest"):
        adaptlearn.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["parameters"]["guess"].__setitem__(0, 1.5), r"guess holds values outside"),
        (lambda m: m["parameters"]["slip"].pop(), r"slip has shape"),
        (lambda m: m.pop("pooled"), r"pooled"),
        (lambda m: m["parameters"]["guess"].__setitem__(0, 0.4), r"fingerprint is not"),
        (lambda m: m.update(model="DKT"), r"'DKT', which is not known"),
        (lambda m: m.update(format="something"), r"its format is 'something'"),
        (lambda m: m.update(version="one"), r"version is 'one'"),
        (lambda m: m["settings"].update(n_init=-1), r"n_init"),
    ],
)
def test_signed_again_but_wrong(path, change, message):
    resealed(path, change)
    with pytest.raises(ModelFileError, match=message):
        adaptlearn.load(path)


def test_a_failed_write_leaves_the_old_file(model, path, monkeypatch):
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("adaptlearn.serialization.os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_written_is_named_by_its_own_path(model, path, tmp_path, monkeypatch):
    folder, missing, below = tmp_path / "folder", tmp_path / "none" / "m.json", path / "m.json"
    folder.mkdir()
    for target, kind in (
        (folder, IsADirectoryError),
        (missing, FileNotFoundError),
        (below, NotADirectoryError),
    ):
        with pytest.raises(kind) as caught:
            model.save(target)
        assert (caught.value.filename, caught.value.filename2) == (str(target), None)
        assert str(caught.value).endswith(f": {str(target)!r}")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", path.name]

    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("adaptlearn.serialization.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*model\.json'"):
        model.save(path)
