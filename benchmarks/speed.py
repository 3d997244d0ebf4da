"""How long a fit takes, beside one sort of the same log and beside other libraries.

    python benchmarks/speed.py           all of it, peers included: 20 minutes, 4 GB of memory
    python benchmarks/speed.py --only peers    one section: sort, update or peers; writes nothing
    python benchmarks/speed.py --quick   a tenth of the students, to try the script out

Prints tables and writes results/speed.json (--quick writes nothing). Ratios compare times of
one run; what is compared takes turns. See benchmarks/README.md for the peers.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from _logs import Columns, log_likelihood, simulate, with_sparse_ids, with_text_ids
from _record import HERE, circumstances, write
from accuracy import DATA, columns_of
from numpy.typing import NDArray

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

PEERS = Path(os.environ.get("ADAPTLEARN_PEERS") or HERE / ".peers")
PYTHON = PEERS / "env" / "bin" / "python"
SOURCE = HERE.parent / "src"
SIDES = ("peer", "adaptlearn", "adaptlearn_precise")
SHAPES = {  # students, skills, answers of each pair
    "50,000 students x 20 skills x 5": (50_000, 20, 5),
    "345,000 students x 1 skill x 10": (345_000, 1, 10),
}


class Comparison(NamedTuple):
    """One peer on one log: a real one by name, or students, skills, answers of each pair."""

    peer: str
    modes: tuple[str, ...]  # of _peer.py; the fastest counts
    build: str  # of pyBKT
    log: str | tuple[int, int, int]
    starts: int = 5
    repeats: int = 1
    our_repeats: int = 3
    one_in: int = 1  # where all students would take an hour: one in so many


def comparisons() -> list[Comparison]:
    small, middle, large = (10_000, 1, 10), (5_000, 100, 8), (345_000, 1, 10)
    long = (10_000, 1, 100)
    real = ("assistments09", "statics", "assistments15")

    def pybkt(log: str | tuple[int, int, int], **how: int) -> Comparison:
        modes = ("pybkt", "pybkt-parallel")
        return Comparison("pyBKT, C++ build", modes, "pybkt-cpp", log, **how)

    def mirt(log: str | tuple[int, int, int], **how: int) -> Comparison:
        return Comparison("mirt (Rust)", ("mirt",), "pybkt-cpp", log, **how)

    def hmmlearn(log: str | tuple[int, int, int], **how: int) -> Comparison:
        return Comparison("hmmlearn", ("hmmlearn",), "pybkt-cpp", log, starts=1, **how)

    return [
        pybkt((1_000, 1, 10), repeats=5),
        Comparison("pyBKT, wheel", ("pybkt",), "pybkt-wheel", (1_000, 1, 10), starts=1),
        pybkt(small, repeats=3),
        mirt(small, repeats=3),
        hmmlearn(small),
        pybkt(middle),
        mirt(middle, starts=1),
        hmmlearn(middle, one_in=20),
        pybkt(large),
        mirt(large),
        hmmlearn(large, one_in=10),
        pybkt(long),
        mirt(long),
        hmmlearn(long, one_in=10),
        *(pybkt(log) for log in real),
        *(mirt(log, starts=1) for log in real),
        *(hmmlearn(log, one_in=10) for log in real),
    ]


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def frames(columns: Columns, seed: int) -> dict[str, Any]:
    """One log in the forms that users hold, by name."""
    import pandas as pd
    import polars as pl

    text = with_text_ids(columns)
    return {
        "NumPy, ids 0, 1, …": columns,
        "NumPy, random 64-bit ids": with_sparse_ids(columns, seed),
        "Polars, text ids": pl.DataFrame(text),
        "pandas, text ids": pd.DataFrame(text),
    }


def against_sort(columns: Columns, frame: Any, repeats: int) -> tuple[dict[str, Any], BKT]:
    """Reading and fitting a log, in turns with one sort of its integer columns."""
    keys = (columns["time"], columns["student"], columns["skill"])
    taken: dict[str, list[float]] = {"lexsort": [], "fit": []}
    for _ in range(repeats):
        taken["lexsort"].append(seconds(lambda: np.lexsort(keys))[0])
        time_of_fit, model = seconds(lambda: BKT().fit(frame))
        taken["fit"].append(time_of_fit)
    middle = {name: median(values) for name, values in taken.items()}
    return {
        "seconds": taken,
        "median": middle,
        "fit_over_lexsort": middle["fit"] / middle["lexsort"],
        "all_converged": bool(model.converged_.all()),
        "em_steps": int(model.n_iter_.max()),
    }, model


def memory(frame: Any, n_responses: int) -> dict[str, float]:
    """Peak bytes per response beyond the input, in fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(frame, Mapping):
            reader = "numpy"
            for name, column in frame.items():
                np.save(Path(folder, f"{name}.npy"), column)
        else:
            reader = "polars" if hasattr(frame, "write_parquet") else "pandas"
            write_frame = frame.write_parquet if reader == "polars" else frame.to_parquet
            write_frame(Path(folder, "log.parquet"))
        return {
            method: int(
                subprocess.run(
                    [sys.executable, HERE / "_memory.py", folder, reader, method],
                    check=True,
                    stdout=subprocess.PIPE,
                ).stdout
            )
            / n_responses
            for method in ("traced", "resident")
        }


def read_log(name: str) -> Columns:
    """The training answers of one of the real logs, skills numbered from 0."""
    table = columns_of(DATA / name / "train.csv")
    skill = table["skill_set"] if "skill_set" in table else table["skill"]
    return {
        "student": table["student"],
        "skill": np.unique(skill, return_inverse=True)[1],
        "correct": table["correct"],
    }


def log_of(comparison: Comparison, quick: bool) -> tuple[Columns, str]:
    """The log of a comparison, without times: its rows stand in the order of answering."""
    part = comparison.one_in * (10 if quick else 1)
    said = f", one student in {part}" if part > 1 else ""
    if isinstance(comparison.log, str):
        columns = read_log(comparison.log)
        kept = columns["student"] % part == 0
        columns = {name: column[kept] for name, column in columns.items()}
        columns["skill"] = np.unique(columns["skill"], return_inverse=True)[1]
        return columns, f"{comparison.log}{said}"
    students, skills, rounds = comparison.log
    columns, _ = simulate(max(students // part, 50), skills, rounds, 7)
    del columns["time"]
    shape = f"{students // part:,} x {rounds}"
    return columns, f"{skills} skills x {shape}" if skills > 1 else shape


def inverted(parameters: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Skills where a right answer speaks for not knowing; no fit of ours ends there."""
    return np.asarray(parameters["guess"]) + np.asarray(parameters["slip"]) > 1


def upright_rows(columns: Columns, parameters: Mapping[str, Any]) -> Columns:
    """The answers on skills that these parameters do not invert."""
    kept = ~inverted(parameters)[columns["skill"]]
    return {name: column[kept] for name, column in columns.items()}


def against(comparison: Comparison, quick: bool) -> dict[str, Any]:
    """Time a peer (the faster of its modes) and adaptlearn on one log from the same starts."""
    columns, name = log_of(comparison, quick)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "log.npz"), allow_pickle=False, **columns)
        numbers = (comparison.starts, comparison.repeats, comparison.our_repeats)
        for mode in comparison.modes:
            done = subprocess.run(
                [PYTHON, HERE / "_peer.py", mode, Path(folder, "log.npz"), *map(str, numbers)],
                check=True,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": f"{PEERS / comparison.build}{os.pathsep}{SOURCE}"},
            )
            found.append({"mode": mode, **json.loads(done.stdout)})
    n = len(columns["correct"])
    for result in found:
        upright = upright_rows(columns, result["peer"]["parameters"])
        for side in SIDES:
            one = result[side]
            parameters = {key: np.array(value) for key, value in one.pop("parameters").items()}
            one["log_likelihood"] = log_likelihood(columns, parameters)
            one["log_likelihood_upright"] = log_likelihood(upright, parameters)
            one["skills_inverted"] = int(inverted(parameters).sum())
            one["median"] = {part: median(taken) for part, taken in one["seconds"].items()}
            one["total"] = sum(one["median"].values())
    result = min(found, key=lambda result: result["peer"]["total"])
    peer = result["peer"]
    for side in SIDES[1:]:
        ours = result[side]
        ours["times_as_fast"] = peer["total"] / ours["total"]
        ours["times_as_fast_without_preparation"] = peer["median"]["fit"] / ours["median"]["fit"]
        ours["gain"] = ours["log_likelihood"] - peer["log_likelihood"]
        ours["gain_per_response"] = ours["gain"] / n
        ours["gain_upright"] = ours["log_likelihood_upright"] - peer["log_likelihood_upright"]
    modes = {other["mode"]: other["peer"]["total"] for other in found}
    return {
        "peer_name": comparison.peer,
        "log": name,
        "responses": n,
        "starts": comparison.starts,
        "seconds_by_mode": modes,
        **result,
    }


def sort_section(quick: bool) -> dict[str, Any]:
    section: dict[str, Any] = {}
    for seed, (shape, (students, skills, rounds)) in enumerate(SHAPES.items()):
        columns, truth = simulate(students // (10 if quick else 1), skills, rounds, seed)
        print(f"\n{shape}{' / 10' if quick else ''}: {len(columns['time']):,} responses")
        print(f"{'input':26}{'lexsort s':>11}{'fit s':>9}{'ratio':>8}{'B/response':>12}{'RSS':>7}")
        section[shape] = {}
        for form, frame in frames(columns, seed).items():
            result, model = against_sort(columns, frame, 9 if form.startswith("NumPy") else 3)
            result["peak_bytes_per_response"] = memory(frame, len(columns["time"]))
            section[shape][form] = result
            print(
                f"{form:26}{result['median']['lexsort']:11.3f}{result['median']['fit']:9.3f}"
                f"{result['fit_over_lexsort']:8.2f}"
                f"{result['peak_bytes_per_response']['traced']:12.0f}"
                f"{result['peak_bytes_per_response']['resident']:7.0f}"
            )
            if frame is columns:  # its skills are numbered as the truth is
                gain = log_likelihood(columns, model.parameters_)
                gain -= log_likelihood(columns, truth)
                result["log_likelihood_above_truth"] = gain
                print(f"{'':26}log-likelihood above that of the true parameters: {gain:.1f}")
    return section


def peer_section(quick: bool) -> list[dict[str, Any]]:
    if not PYTHON.exists():
        print("\nThe peers are not built: run benchmarks/build_peers.sh")
        return []
    print("\nTimes as fast, data preparation included; Δ: log-likelihood above the peer's.")
    print("Precise: with a tolerance that leaves nothing to gain.\n")
    print("| log | peer | starts | peer s | ours s | times | Δ | precise s | times | Δ |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for comparison in comparisons():
        row = against(comparison, quick)
        rows.append(row)
        cells = [row["log"], row["peer_name"], str(row["starts"]), f"{row['peer']['total']:.3f}"]
        for side in SIDES[1:]:
            ours = row[side]
            cells += [
                f"{ours['total']:.4f}",
                f"{ours['times_as_fast']:.1f}",
                f"{ours['gain']:+.4f}",
            ]
        n_inverted = row["peer"]["skills_inverted"]
        note = ""
        if n_inverted:
            gain = row["adaptlearn"]["gain_upright"]
            note = f" ({n_inverted} of its skills inverted; Δ on the others {gain:+.4f})"
        print(f"| {' | '.join(cells)}{note} |", flush=True)
    return rows


def update_section(quick: bool) -> dict[str, float]:
    """Microseconds per response: a batch into the live state, and one response at a time."""
    students = 345_000 // (10 if quick else 1)
    columns, _ = simulate(students, 1, 3, 5)
    batch = {
        name: column[: 1_000_000 // (10 if quick else 1)]
        for name, column in columns.items()
        if name != "time"
    }
    model = BKT().fit(batch)
    n = len(batch["correct"])
    log = ResponseLog.from_frame(batch)
    frame_times, log_times = [], []
    for _ in range(5):
        state = model.init_state(students)
        frame_times.append(seconds(partial(model.update_state, state, batch))[0])
        state, fresh = model.init_state(students), log[np.arange(n)]
        log_times.append(seconds(partial(model.update_state, state, fresh))[0])
    result = {
        "batch_from_arrays": 1e6 * median(frame_times) / n,
        "batch_from_log": 1e6 * median(log_times) / n,
        "scalar": scalar_update(model),
    }
    print(f"\nUpdate, µs per response ({n:,} of {students:,} students)")
    for name, value in result.items():
        print(f"  {name:20}{value:8.4f}")
    return result


def scalar_update(model: BKT) -> float:
    """Microseconds of one update of one student in pure Python."""
    from adaptlearn import runtime

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "model.json"))
        served = runtime.load(Path(folder, "model.json"))
    skill = served.skills[0]
    answers = [bool(answer) for answer in np.random.default_rng(0).random(20_000) < 0.6]
    student = served.student()

    def respond() -> None:
        for answer in answers:
            student.update(skill, answer)

    return 1e6 * min(seconds(respond)[0] for _ in range(5)) / len(answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    sections = {
        "sort": ("fit_against_one_sort", sort_section),
        "update": ("update_microseconds", update_section),
        "peers": ("against_peers", peer_section),
    }
    parser.add_argument("--only", choices=sections, help="one section")
    asked = parser.parse_args()
    warnings.simplefilter("error")  # a fit that warns is not the fit that is measured
    result = circumstances(["numpy", "scipy", "pandas", "polars", "narwhals"])
    for name, (key, section) in sections.items():
        if asked.only in (None, name):
            result[key] = section(asked.quick)
    if not asked.quick and asked.only is None:
        print(f"\nWritten to {write('speed.json', result)}")


if __name__ == "__main__":
    main()
