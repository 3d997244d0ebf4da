"""Disks that are full, files that are damaged, and students who are to leave no byte."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from tests.conftest import ROOT, trials
from tests.tutor.conftest import SKILLS, a_curriculum, a_model

from adaptlearn import Tutor
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
from adaptlearn.tutor import Row


def row(name: str, content: str = "{}") -> Row:
    return Row(name, "answer", "mia", "", 0, 5.0, 6.0, content)


def run(program: str, path: Path) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# The system refuses to make any file larger than this, as a full disk does.
FILLER = """
import resource, sys
from tests.storage.test_disasters import row
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
store, kept = SQLiteStore(sys.argv[1]), 0
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    while kept < 1000:
        store.append([row(f"e{kept}", "x" * 3000)])
        kept += 1
except StoreError as error:
    assert "make room" in str(error) or "disk is full" in str(error), error
assert 10 < kept < 1000
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert [one.id for one in store.read({"mia": 0}).rows()] == [f"e{k}" for k in range(kept)]
assert store.append([row(f"e{kept}", "x" * 3000)]) == ["new"]
print(kept)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_disk_that_fills_up(tmp_path):
    path = tmp_path / "school.db"
    kept = int(run(FILLER, path))
    store = SQLiteStore(path)
    assert len(store.read({"mia": 0}).id) == kept + 1
    assert store.check() == []
    store.close()


# Somebody who may read the file, and not write to it.
READER = """
import os, sys
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
if os.geteuid() == 0:
    os.setuid(65534)
try:
    SQLiteStore(sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_a_file_of_somebody_elses(tmp_path):
    with TemporaryDirectory() as folder:  # pytest's own is closed to others
        path = Path(folder) / "school.db"
        SQLiteStore(path).close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        said = run(READER, path)
        path.parent.chmod(0o755)
    assert "let this process write to the file and its folder" in said, said


def left_by_a_killed_process(folder: Path, n: int) -> dict[str, bytes]:
    """The files of a store whose `n` events stand in the WAL, one transaction each."""
    store = SQLiteStore(folder / "school.db")
    for k in range(n):
        store.append([row(f"e{k}", f'{{"note":"{k:500}"}}')])
    found = {name: (folder / name).read_bytes() for name in ("school.db", "school.db-wal")}
    store.close()
    return found


@pytest.mark.trials
def test_a_damaged_wal_gives_no_wrong_event(tmp_path):
    """SQLite takes the WAL up to its first damaged page, and cannot tell that there was more."""
    n, luck = 12, random.Random(0)
    (tmp_path / "sound").mkdir()
    files = left_by_a_killed_process(tmp_path / "sound", n)
    short = 0
    for trial in range(trials(200)):
        folder = tmp_path / f"{trial}"
        folder.mkdir()
        bad = bytearray(files["school.db-wal"])
        bad[luck.randrange(len(bad))] ^= 1 << luck.randrange(8)
        (folder / "school.db").write_bytes(files["school.db"])
        (folder / "school.db-wal").write_bytes(bad)
        try:
            store = SQLiteStore(folder / "school.db")
            found = store.read({"mia": 0}).rows()
            assert store.check() == []
            store.close()
        except StoreError:
            continue
        assert found == [row(f"e{k}", f'{{"note":"{k:500}"}}') for k in range(len(found))]
        short += len(found) < n
    assert short


@pytest.mark.trials
def test_a_damaged_snapshot_is_folded_anew(tmp_path):
    luck, model, curriculum = random.Random(0), a_model(), a_curriculum()
    store = SQLiteStore(tmp_path / "school.db")
    tutor = Tutor(model, curriculum, store)
    tutor.record([
        {"student": f"s{k % 5}", "skill": SKILLS[k % 4], "correct": k % 3 % 2, "time": 1e9 + k}
        for k in range(60)
    ])  # fmt: skip
    tutor.snapshot()
    whole, data = tutor.mastery(), store.snapshot("states")
    assert data is not None
    for _ in range(trials(200)):
        bad = bytearray(data)
        bad[luck.randrange(len(bad))] ^= 1 << luck.randrange(8)
        store.snapshot("states", bytes(bad[: luck.choice([len(bad), len(bad) // 2])]))
        again = Tutor(model, curriculum, store)
        assert np.array_equal(again.mastery().value, whole.value)
        assert again.verify()
    store.close()


def test_of_a_thousand_students_one_leaves_no_byte(tmp_path):
    """What spills over pages, stands in the WAL, in a snapshot or in a conflict is gone, too."""
    tutor = Tutor.open(tmp_path / "school.db", model=a_model(), curriculum=a_curriculum())
    students = [f"s{k:03}" for k in range(999)]
    told = [(f"{who}-{k}", who, 7 * k % 3 % 2) for who in students for k in range(2)]
    told += [(f"miriam-{k}", "miriam", k % 2) for k in range(30)]
    tutor.record([
        {"id": name, "student": who, "skill": SKILLS[k % 4], "correct": correct, "time": 1e9 + k,
         "note": f"{who} wrote " * (3000 if who == "miriam" or not k % 200 else 1)}
        for k, (name, who, correct) in enumerate(told)
    ])  # fmt: skip
    tutor.record({"id": "miriam-3", "student": "miriam", "skill": "add", "correct": 1})
    tutor.next_lesson(["miriam", *students[:20]])
    tutor.snapshot()
    before = tutor.mastery(students).value
    assert any(b"miriam wrote" in file.read_bytes() for file in tmp_path.iterdir())
    tutor.forget("miriam")
    for file in tmp_path.iterdir():
        assert b"miriam" not in file.read_bytes(), file
    assert np.array_equal(tutor.mastery(students).value, before)
    assert tutor.verify()
    tutor.close()
    with Tutor.open(tmp_path / "school.db", model=a_model(), curriculum=a_curriculum()) as again:
        assert np.array_equal(again.mastery(students).value, before)
        assert again.store.students().students == students
