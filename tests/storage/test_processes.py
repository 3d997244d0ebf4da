"""Several processes on one file: killed at any moment, nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import ROOT, trials
from tests.tutor.conftest import SKILLS, a_curriculum, a_model

from adaptlearn import MasteryTracker, Tutor

# Records answers of its own students, and says which ones were acknowledged.
RECORDER = """
import sys
from tests.tutor.conftest import SKILLS, a_curriculum, a_model
from adaptlearn import Tutor
path, name, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
tutor = Tutor.open(path, model=a_model(), curriculum=a_curriculum())
print("ready", flush=True)
for k in range(first, 10**9):
    one = {"id": f"{name}-{k}", "student": f"s{k % 7}", "skill": SKILLS[k % 4],
           "correct": (k * 7 + len(name)) % 3 % 2, "time": 1e9 + k, "device": name, "seq": k}
    (receipt,) = tutor.record(one)
    print(receipt.id, receipt.status, flush=True)
"""


def started(path: Path | str, name: str, first: int) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(path), name, str(first)],
        stdout=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip


def acknowledged(process: subprocess.Popen[str]) -> list[str]:
    """What a killed process has said, without a line that was cut."""
    assert process.stdout is not None
    text = process.stdout.read()
    process.stdout.close()
    lines = text[: text.rfind("\n") + 1].splitlines()
    assert {line.split()[1] for line in lines} <= {"new", "known"}
    return [line.split()[0] for line in lines]


@pytest.mark.slow
@pytest.mark.trials
def test_killed_processes_lose_nothing(tmp_path):
    path, rng = tmp_path / "school.db", random.Random(0)
    kept: Counter[str] = Counter()
    for _ in range(trials(50)):
        number = {name: sum(one.startswith(f"{name}-") for one in kept) for name in "abcd"}
        going = [started(path, name, first) for name, first in number.items()]
        for process in going:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in rng.sample(going, 4):
            time.sleep(rng.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
        for process in going:
            process.wait()
            kept.update(acknowledged(process))
    with Tutor.open(path, model=a_model(), curriculum=a_curriculum()) as tutor:
        students = tutor.store.students().students
        there = Counter(tutor.store.read(dict.fromkeys(students, 0)).id)
        assert set(there.values()) == {1}
        assert kept.keys() <= there.keys()
        assert len(there) - len(kept) <= 4 * trials(50)  # written, and killed before it said so
        assert tutor.verify()


# Threads of one process record their share, some of it twice and some of it late.
WORKER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from tests.tutor.conftest import a_curriculum, a_model
from adaptlearn import Tutor
path, share, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
events = json.load(open(share))
tutor = Tutor.open(path, model=a_model(), curriculum=a_curriculum(), random_state=0)
def work(k):
    mine, counts = events[k::threads], {}
    for start in range(0, len(mine), 5):
        for receipt in tutor.record(mine[start : start + 5]):
            counts[receipt.status] = counts.get(receipt.status, 0) + 1
        if start % 500 == 0:
            tutor.next_lesson(mine[start]["student"])
    return counts
with ThreadPoolExecutor(threads) as pool:
    print(json.dumps(list(pool.map(work, range(threads)))))
assert tutor.verify()
"""


@pytest.mark.slow
@pytest.mark.trials
def test_threads_of_processes_count_exactly(tmp_path):
    """16 threads in 4 processes; a tenth is sent twice and a twentieth comes late."""
    n, path, rng = trials(500_000), tmp_path / "school.db", np.random.default_rng(0)
    events: list[dict[str, Any]] = [
        {"id": f"e{k}", "student": f"s{k % 97}", "skill": SKILLS[int(rng.integers(4))],
         "correct": int(rng.integers(2)), "time": 1e9 + k}
        for k in range(n)
    ]  # fmt: skip
    late = [events[k] for k in range(0, n, 20)]
    sent = [one for k, one in enumerate(events) if k % 20] + late
    sent += [events[k] for k in rng.choice(n, n // 10, replace=False).tolist()]
    workers = []
    for k in range(4):
        share = tmp_path / f"{k}.json"
        share.write_text(json.dumps(sent[k::4]))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        command = [sys.executable, "-c", WORKER, str(path), str(share), "16"]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env))
    found: Counter[str] = Counter()
    for worker in workers:
        text, _ = worker.communicate()
        assert worker.returncode == 0
        for counts in json.loads(text):
            found.update(counts)
    assert found == {"new": n, "known": n // 10}
    log = {name: [one[name] for one in events] for name in ("student", "skill", "correct", "time")}
    tracker = MasteryTracker(a_model()).update(log)
    with Tutor.open(path, model=a_model(), curriculum=a_curriculum()) as tutor:
        students = sorted(set(log["student"]))
        assert np.array_equal(
            tutor.mastery(students).value, tracker.mastery(students).value
        )  # fmt: skip
        assert tutor.verify()
        made = {
            student: sum(entry.event.kind == "decision" for entry in tutor.history(student))
            for student in students
        }
        assert any(made.values())
        for student, decisions in made.items():
            if decisions:
                assert len(tutor.replay(student)) == decisions
