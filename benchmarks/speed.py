"""How long a fit takes, beside one sort of the same log and beside pyBKT.

    python benchmarks/speed.py           all of it, peers included: ten minutes, 4 GB of memory
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
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _logs import Columns, log_likelihood, simulate, with_sparse_ids, with_text_ids
from _record import HERE, circumstances, write
from numpy.typing import NDArray

from adaptlearn.models import BKT

PEERS = Path(os.environ.get("ADAPTLEARN_PEERS") or HERE / ".peers")
SHAPES = {  # students, skills, answers of each pair
    "50,000 students x 20 skills x 5": (50_000, 20, 5),
    "345,000 students x 1 skill x 10": (345_000, 1, 10),
}


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


def against_pybkt(
    build: str, students: int, repeats: int, our_repeats: int, seed: int
) -> dict[str, Any] | None:
    """Time pyBKT and adaptlearn from the same starts on one skill of ten answers each."""
    python = PEERS / "env" / "bin" / "python"
    if not python.exists():
        return None
    columns, _ = simulate(students, 1, 10, seed)
    source = HERE.parent / "src"
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "log.npz"), **columns)
        done = subprocess.run(
            [python, HERE / "_peer.py", Path(folder, "log.npz"), str(repeats), str(our_repeats)],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{PEERS / build}{os.pathsep}{source}"},
        )
    result: dict[str, Any] = json.loads(done.stdout)
    for side in ("peer", "adaptlearn"):
        found: dict[str, NDArray[np.float64]] = {
            name: np.array([value]) for name, value in result[side]["parameters"].items()
        }
        result[side]["log_likelihood"] = log_likelihood(columns, found, 10)
    peer, ours = result["peer"]["median"], result["adaptlearn"]["median"]
    return {
        "log": f"{students:,} students x 1 skill x 10",
        "times_as_fast": {
            "with_preparation": min(peer["total"], peer["total_serial"]) / ours["total"],
            "without_preparation": min(peer["prepared"], peer["prepared_serial"])
            / ours["prepared"],
        },
        "log_likelihood_gain": result["adaptlearn"]["log_likelihood"]
        - result["peer"]["log_likelihood"],
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
                gain = log_likelihood(columns, model.parameters_, rounds)
                gain -= log_likelihood(columns, truth, rounds)
                result["log_likelihood_above_truth"] = gain
                print(f"{'':26}log-likelihood above that of the true parameters: {gain:.1f}")
    return section


def peer_section(quick: bool) -> dict[str, Any]:
    section: dict[str, Any] = {}
    for name, build, students, repeats, our_repeats in (
        ("pyBKT, C++ build", "pybkt-cpp", 345_000, 2, 3),
        ("pyBKT, C++ build, small log", "pybkt-cpp", 1_000, 9, 3),
        ("pyBKT, as pip installs it", "pybkt-wheel", 1_000, 1, 15),
    ):
        result = against_pybkt(build, students // (10 if quick else 1), repeats, our_repeats, 7)
        if result is None:
            print("\nThe peers are not built: run benchmarks/build_peers.sh")
            return {}
        section[name] = result
        peer, ours = result["peer"], result["adaptlearn"]
        print(f"\n{name} [{peer['build']}], {result['log']}")
        best = min(peer["median"]["total"], peer["median"]["total_serial"])
        ratios = result["times_as_fast"]
        for label, theirs, mine, ratio in (
            ("with preparation", best, ours["median"]["total"], ratios["with_preparation"]),
            (
                "without",
                peer["median"]["prepared"],
                ours["median"]["prepared"],
                ratios["without_preparation"],
            ),
        ):
            print(f"  {label:18}{theirs:10.4f} s  adaptlearn{mine:9.4f} s  {ratio:8.1f}x as fast")
        print(
            f"  log-likelihood    {peer['log_likelihood']:14.4f}  adaptlearn"
            f"{ours['log_likelihood']:14.4f}  ({result['log_likelihood_gain']:+.6f})"
        )
    return section


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    quick = parser.parse_args().quick
    warnings.simplefilter("error")  # a fit that warns is not the fit that is measured
    result = {
        **circumstances(["numpy", "scipy", "pandas", "polars", "narwhals"]),
        "fit_against_one_sort": sort_section(quick),
        "against_pybkt": peer_section(quick),
    }
    if not quick:
        print(f"\nWritten to {write('speed.json', result)}")


if __name__ == "__main__":
    main()
