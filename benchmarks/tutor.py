"""What a tutor's loop takes: recording, deciding, and folding a whole district anew.

*Recording*: answers a second of 1 and of 64 threads, how many answers share a sync of the disk,
and how long `record` takes, beside one sync of the same disk. *Deciding*: processor time of
`next_lesson` after one new answer, among 1,000 and 100,000 students who were folded before.
*Folding*: 345,000 students of 40 answers each, from the file. *Replacing*: a new model is folded
and takes over while four clients send answers and ask what is next; how long `next_lesson` takes
before and meanwhile, by the clock. `--quick` takes a hundredth of the students and writes nothing;
`--folder` says where the file is made; `--only` names parts.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import numpy as np
from _record import circumstances, status, write

from adaptlearn import Curriculum, Tutor
from adaptlearn.models import BKT
from adaptlearn.storage import SQLiteStore
from adaptlearn.tutor import Row, Status

N_SKILLS, N_ANSWERS = 40, 40
SKILLS = [f"skill {k}" for k in range(N_SKILLS)]
CONTENTS = [
    f'{{"correct":{c},"item":"{skill} #{k}","skill":"{skill}"}}'
    for skill in SKILLS for k in range(4) for c in (0, 1)
]  # fmt: skip
MODEL, NEXT_MODEL = (
    BKT.from_parameters({
        "skill": SKILLS, "prior": [0.3] * N_SKILLS, "learn": [learn] * N_SKILLS,
        "guess": [0.2] * N_SKILLS, "slip": [0.1] * N_SKILLS,
    })
    for learn in (0.2, 0.25)
)  # fmt: skip
PARTS = ("recording", "deciding", "replacing")
CLIENTS, PAUSE = 4, 0.05  # seconds between a client's answers
CURRICULUM = Curriculum.from_dict({
    "prerequisites": [[*pair] for pair in pairwise(SKILLS)],
    "lessons": {f"{skill} {k}": [skill] for skill in SKILLS for k in (1, 2)},
    "items": {f"{skill} #{k}": [skill] for skill in SKILLS for k in range(4)},
})  # fmt: skip


class Counting(SQLiteStore):
    """Counts the transactions that append rows; each is one sync."""

    syncs = 0

    def _append(self, rows: list[Row]) -> list[Status]:
        self.syncs += 1
        return super()._append(rows)


def percentiles(taken: list[float]) -> dict[str, float]:
    """Milliseconds."""
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": round(float(1e3 * p50), 3), "p99_ms": round(float(1e3 * p99), 3)}


def timed(call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    call()
    return clock() - began


def one_sync(folder: Path) -> dict[str, float]:
    """One page that is written and synced."""
    with (folder / "page").open("wb", buffering=0) as file:

        def sync() -> None:
            file.write(bytes(4096))
            os.fdatasync(file.fileno())

        return percentiles([timed(sync) for _ in range(500)])


def recording(folder: Path, threads: int, each: int) -> dict[str, Any]:
    store = Counting(folder / f"record-{threads}.db")
    tutor = Tutor(MODEL, CURRICULUM, store)

    def work(thread: int) -> list[float]:
        taken = []
        for k in range(each):
            one = {"student": f"s{thread}-{k % 20}", "skill": SKILLS[k % N_SKILLS],
                   "correct": k % 2, "time": 1e9 + k, "device": f"d{thread}", "seq": k}  # fmt: skip
            taken.append(timed(partial(tutor.record, one)))
        return taken

    began, store.syncs = time.perf_counter(), 0
    with ThreadPoolExecutor(threads) as pool:
        taken = [one for part in pool.map(work, range(threads)) for one in part]
    seconds = time.perf_counter() - began
    tutor.close()
    return {"answers_per_second": round(threads * each / seconds),
            "answers_per_sync": round(threads * each / store.syncs, 1),
            **percentiles(taken)}  # fmt: skip


def filled(path: Path, n_students: int) -> Tutor:
    """A tutor over a file of so many students' answers."""
    tutor = Tutor.open(path, model=MODEL, curriculum=CURRICULUM, random_state=0)
    tutor.record({"student": "student-0", "skill": SKILLS[0], "correct": 1, "time": 9e8})
    for start in range(0, n_students, 500):
        tutor.store.append([
            Row(f"{s}-{k}", "answer", f"student-{s}", f"tablet-{s % 97}", s * 64 + k,
                1e9 + 60.0 * k, 1e9, CONTENTS[(s * 31 + k * 7) % len(CONTENTS)])
            for s in range(start, min(start + 500, n_students)) for k in range(N_ANSWERS)
        ])  # fmt: skip
    return tutor


def deciding(tutor: Tutor, n_students: int, calls: int) -> dict[str, float]:
    taken = []
    for k in range(calls):
        student = f"student-{k * 7919 % n_students}"
        tutor.record({"student": student, "skill": SKILLS[k % 3], "correct": 1})
        taken.append(timed(partial(tutor.next_lesson, student), time.process_time))
    return percentiles(taken)


def served(tutor: Tutor, n_students: int, done: Event, client: int) -> tuple[list[float], int]:
    """What a client waits for its next lessons until all is done, and its answers not taken."""
    taken, refused = [], 0
    for k in count():
        if done.is_set() and k:
            return taken, refused
        student = f"student-{(k * CLIENTS + client) * 7919 % n_students}"
        answer = {"student": student, "skill": SKILLS[k % 3], "correct": 1}
        refused += tutor.record(answer)[0].status != "new"
        taken.append(timed(partial(tutor.next_lesson, student)))
        time.sleep(PAUSE)
    raise AssertionError


def replacing(tutor: Tutor, n_students: int) -> dict[str, float]:
    """A new model takes over while clients are served."""
    tutor.mastery()
    figures: dict[str, float] = {}
    seconds: dict[str, float] = {}
    with ThreadPoolExecutor(CLIENTS) as pool:
        for name, work in (
            ("before", partial(time.sleep, 15.0)),
            ("meanwhile", partial(tutor.sync, model=NEXT_MODEL)),
        ):
            done = Event()
            clients = [pool.submit(served, tutor, n_students, done, k) for k in range(CLIENTS)]
            seconds[name] = timed(work)
            done.set()
            parts = [client.result() for client in clients]
            told = percentiles([one for taken, _ in parts for one in taken])
            figures |= {f"{name}_{unit}": value for unit, value in told.items()}
            figures[f"{name}_calls"] = sum(len(taken) for taken, _ in parts)
            figures[f"{name}_refused"] = sum(refused for _, refused in parts)
    assert tutor.model.fingerprint_ == NEXT_MODEL.fingerprint_
    figures["seconds"] = round(seconds["meanwhile"], 2)
    figures["p99_ratio"] = round(figures["meanwhile_p99_ms"] / figures["before_p99_ms"], 2)
    return figures


def folding(tutor: Tutor) -> dict[str, float]:
    gc.collect()
    processor = time.process_time()
    seconds = timed(tutor.mastery)
    processor = time.process_time() - processor
    return {"seconds": round(seconds, 1), "processor_seconds": round(processor, 1),
            "peak_mib": round(status("VmHWM") / 2**20)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    share = 100 if options.quick else 1
    found: dict[str, Any] = {}

    def keep(what: str, values: dict[str, Any]) -> None:
        found[what] = values
        told = ", ".join(f"{name} {value:,}" for name, value in values.items())
        print(f"{what:32} {told}", flush=True)

    with TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if "recording" in options.only:
            keep("one sync", one_sync(folder))
            for threads, each in ((1, 1000), (64, 200)):
                keep(f"record, {threads} threads", recording(folder, threads, each))
        if "deciding" in options.only:
            for n_students in (1000, 100_000 // share, 345_000 // share):
                with filled(folder / f"{n_students}.db", n_students) as tutor:
                    keep(f"fold {n_students:,} students", folding(tutor))
                    keep(f"next_lesson, {n_students:,} students", deciding(tutor, n_students, 300))
                (folder / f"{n_students}.db").unlink()
        if "replacing" in options.only:
            n_students = 20_000 // share
            with filled(folder / "replaced.db", n_students) as tutor:
                keep(f"a new model, {n_students:,} students", replacing(tutor, n_students))
    if not options.quick and [*options.only] == [*PARTS]:
        print(write("tutor.json", {**circumstances(("numpy", "scipy")), "found": found}))


if __name__ == "__main__":
    main()
