"""What was saved is read back exactly, or refused with the reason."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import tracemalloc
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
from tests.models.students import answers

import adaptlearn
from adaptlearn.errors import ModelFileError, ParameterError
from adaptlearn.models import BKT
from adaptlearn.serialization import (
    array_digests,
    fingerprint,
    parse_json,
    read_archive,
    read_limited,
    read_manifest,
    reading,
    seal,
    write_archive,
    write_manifest,
)


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
    with pytest.raises(ModelFileError, match="NaN is no number of JSON"):
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


DEEP = "[" * 101 + "]" * 101


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not whole JSON"),
        ('{"a": [1, 2,\n]}', "drop the comma before that ]"),
        ('{"a": 1, }', "drop the comma before that }"),
        ("{", "not whole JSON"),
        ('{"a": NaN}', "NaN is no number of JSON"),
        ('{"a": -Infinity}', "-Infinity is no number of JSON"),
        ('{"a": 1e400}', "'1e400' is beyond what a float holds"),
        ('{"a": -1e400}', "beyond what a float holds"),
        ('{"a": 1' + "0" * 309 + "}", "beyond what a float holds"),
        ('{"a": 1' + "0" * 5000 + "}", "beyond what a float holds"),
        ('{"a": 1, "b": 2, "a": 1}', "key 'a' stands twice"),
        (r'{"a": "\ud800"}', "half a character"),
        (r'{"\uDFFF": 1}', "half a character"),
        (DEEP, "more than 100 lists"),
        ('{"a":' * 101 + "1" + "}" * 101, "more than 100 lists"),
        ("[" * 100_000, "more than 100 lists"),
        ("[" * 100_000 + "]" * 100_000, "more than 100 lists"),
        (b"\xff{}", "not whole JSON in UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not whole JSON in UTF-8"),
        (b"\0" * 100, "not whole JSON"),
    ],
)
def test_json_that_is_none_or_that_loses_something_is_refused(text, message):
    for given in (text, text.encode() if isinstance(text, str) else text):
        with pytest.raises(ValueError, match=message) as caught:
            parse_json(given)
        assert type(caught.value) is ValueError
        assert len(str(caught.value)) < 300


def test_json_as_it_is_read():
    text = '{"a": [1, -0.5, 1e300, true, null, "\\ud83d\\ude00\\u00fc"], "b": {}}'
    content = {"a": [1, -0.5, 1e300, True, None, "😀ü"], "b": {}}
    for given in (text, text.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert parse_json(given) == content
    assert parse_json("1" + "0" * 308) == 10**308
    assert parse_json(DEEP[1:-1])
    repeated: list[str] = []
    assert parse_json('{"a": 1, "a": 2, "b": {"c": 3, "c": 3}}', repeated=repeated) == {
        "a": 1,
        "b": {"c": 3},
    }
    assert repeated == ["c", "a"]
    assert parse_json(r'{"a": "\ud800"}', halves=True) == {"a": "\ud800"}


def test_what_was_saved_of_any_label_is_read_back(tmp_path):
    # A log may hold what UTF-8 cannot; its digest is of JSON's own spelling.
    write_manifest(tmp_path / "a", "kind", {"label": "\ud800", "seed": 2**128})
    read = read_manifest(tmp_path / "a", "kind")
    assert (read["label"], read["seed"]) == ("\ud800", 2**128)


def test_a_file_that_is_larger_than_can_be_meant_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as stream:
        stream.truncate(2**40)  # of holes: it takes no room on the disk
    with pytest.raises(ModelFileError, match="larger than the 1,073,741,824 bytes"):
        adaptlearn.load(path)
    path.write_bytes(b"123")
    assert read_limited(path, 3) == b"123"
    with pytest.raises(ValueError, match="larger than the 2 bytes"):
        read_limited(path, 2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="of pipes")
def test_of_a_pipe_no_more_is_read_either(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for largest, within in ((3, True), (2, False)):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(path.write_bytes, b"123")
            if within:
                assert read_limited(path, largest) == b"123"
            else:
                with pytest.raises(ValueError, match="larger than the 2 bytes"):
                    read_limited(path, largest)


ARRAYS = {
    "floats": np.linspace(0, 1, 7),
    "whole": np.arange(6, dtype=np.int64).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "flags": np.array([True, False]),
    "bytes": np.frombuffer(b"abc", np.uint8),
    "text": np.array(["ab", "c"]),
    "none": np.zeros((0, 4)),
    "one": np.array(2.5),
    "swapped": np.arange(3, dtype=">i4"),
}


def test_an_archive_is_read_back_as_numpy_reads_it(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, "kind", {"x": 1}, ARRAYS)
    manifest, arrays = read_archive(path, "kind", "thing")
    assert manifest["x"] == 1
    assert list(arrays) == list(ARRAYS)
    with np.load(path) as file:
        for name, array in arrays.items():
            assert array.dtype == file[name].dtype
            assert array.flags.f_contiguous == file[name].flags.f_contiguous
            assert array.flags.writeable
            np.testing.assert_array_equal(array, file[name])


def npy(header, body=b""):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def shaped(shape, descr="<f8"):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


class Harm:
    def __reduce__(self):
        return (os.mkdir, ("harm",))


def pickled():
    stream = io.BytesIO()
    np.save(stream, np.array([Harm()], object))
    return stream.getvalue()


@pytest.mark.parametrize(
    "member",
    [
        npy(shaped("(140737488355328,)"), b"\0" * 64),
        npy(shaped("(1,)", "|V1099511627776"), b"\0" * 64),
        npy(shaped("(1,)", "<U268435456"), b"\0" * 64),
        npy(shaped("(-5,)"), b"\0" * 64),
        npy(shaped("(9**9**9,)")),
        npy(shaped("(" * 40 + ")" * 40)),
        npy(shaped("(" + "3000000, " * 10 + ")"), b"\0" * 64),
        npy(shaped("(8,)"), b"\0" * 63),
        npy(shaped("(8,)"), b"\0" * 65),
        npy(shaped("(1,)", "|O"), b"\0" * 8),
        npy("__import__('os').mkdir('harm')"),
        npy("{}"),
        pickled(),
        pickle.dumps(Harm()),
        b"",
        b"\x93NUMPY",
    ],
)
def test_an_array_is_not_read_that_is_not_as_its_header_says(tmp_path, monkeypatch, member):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.npz"
    write_archive(path, "kind", {}, {})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x.npy", member)
    with pytest.raises(ModelFileError, match=r"is not a whole thing \(x\.npy: its "):
        read_archive(path, "kind", "thing")
    assert not Path("harm").exists()


def test_what_is_packed_is_not_unpacked(tmp_path):
    # A megabyte of file that would become a gigabyte of zeros.
    path, zeros = tmp_path / "a.npz", bytes(2**20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("x.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy(shaped(f"({2**27},)")))
        for _ in range(64):
            member.write(zeros)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="its parts are packed"):
        read_archive(path, "kind", "thing")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_the_rest_of_an_archive_that_holds_another_is_not_read_as_the_other(tmp_path):
    inner, outer = tmp_path / "inner.npz", tmp_path / "outer.npz"
    write_archive(inner, "kind", {"which": "inner"}, {"x": np.zeros(3)})
    held = np.frombuffer(inner.read_bytes(), np.uint8)
    write_archive(outer, "kind", {"which": "outer"}, {"held": held, "y": np.zeros(3)})
    assert read_archive(outer, "kind", "thing")[0]["which"] == "outer"
    whole = outer.read_bytes()
    end = whole.index(inner.read_bytes()) + len(held)
    for rest in (whole[:end], whole[: end + 30], b"x" + inner.read_bytes()):
        outer.write_bytes(rest)
        with pytest.raises(ModelFileError, match="is not a whole thing"):
            read_archive(outer, "kind", "thing")


def test_parts_that_lie_over_each_other_or_share_a_name_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, "kind", {}, {"x": np.zeros(1000)})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as file:
        warnings.simplefilter("ignore")
        file.writestr("x.npy", npy(shaped("(0,)")))
    with pytest.raises(ModelFileError, match="two of its parts have one name"):
        read_archive(path, "kind", "thing")
    write_archive(path, "kind", {}, {"x": np.zeros(1000)})
    with zipfile.ZipFile(path, "a") as file:
        (first,) = [info for info in file.infolist() if info.filename == "x.npy"]
        for k in range(100):  # all of them the same bytes
            again = copy.copy(first)
            again.filename = f"{k}.npy"
            file.filelist.append(again)
            file.NameToInfo[again.filename] = again
        file.comment = b"."  # so that it is written anew
    with pytest.raises(ModelFileError, match="its parts are larger than the file"):
        read_archive(path, "kind", "thing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("arrays"), "do not match the manifest"),
        (lambda m: m.update(arrays=5), "do not match the manifest"),
        (lambda m: m["arrays"].pop("x"), "do not match the manifest"),
        (lambda m: m["arrays"].update(y="z"), "do not match the manifest"),
        (lambda m: m.update(format="other"), "its format is 'other'"),
        (lambda m: m.update(format="x" * 1000), "its format is 'xxx"),
        (lambda m: m.update(format=[]), r"its format is \[\]"),
        (lambda m: m.update(version=True), "version is True"),
        (lambda m: m.update(version=1.0), r"version is 1\.0"),
    ],
)
def test_a_manifest_that_was_signed_again(tmp_path, change, message):
    path, arrays = tmp_path / "a.npz", {"x": np.zeros(3)}
    manifest = seal("kind", {"arrays": array_digests(arrays)})
    del manifest["digest"]
    change(manifest)
    manifest["digest"] = fingerprint(manifest)
    text = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    np.savez(path, manifest=text, x=arrays["x"])
    with pytest.raises(ModelFileError, match=message):
        read_archive(path, "kind", "thing")


def test_an_archive_without_a_manifest(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(ModelFileError, match="it has no manifest"):
        read_archive(tmp_path / "a.npz", "kind", "thing")


def test_what_a_reader_meets_is_told_with_the_name_of_the_file():
    with (
        pytest.raises(ModelFileError, match=r"^m\.json: 1 problem\n.*guess is 7"),
        reading("m.json"),
    ):
        raise ValueError("guess is 7")
    with pytest.raises(ModelFileError, match="KeyError"), reading("m.json"):
        raise KeyError("guess")
    with pytest.raises(ModelFileError, match="2 problems"), reading("m.json"):
        raise ParameterError("BKT", ["one", "two"])
    with pytest.raises(ModelFileError, match=r"^other: ") as caught, reading("m.json"):
        raise ModelFileError("other", ["one"])
    assert caught.value.problems == ("one",)
