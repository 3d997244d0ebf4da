"""How time and memory of a fit grow with responses, and with distinct answer histories.

    python benchmarks/growth.py           up to 50 million responses: minutes, 6 GB of memory
    python benchmarks/growth.py --quick   a hundredth of the students; writes nothing

Prints tables and writes results/growth.json. *Prefixes* are the distinct beginnings of answer
histories, per skill: what the estimation loop works on. They are counted here, not asked of the
library. An EM step is the time from one call of ``on_step`` to the next.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from _logs import RANGES
from _record import HERE, circumstances, write
from numpy.typing import NDArray

from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.models import BKT

Columns = dict[str, NDArray[Any]]  # of the narrowest kinds: 50 million rows in 450 MB

START = {"prior": 0.4, "learn": 0.15, "guess": 0.2, "slip": 0.1}


class Shape(NamedTuple):
    """Students, skills, and answers of each student on each skill."""

    students: int
    skills: int
    rounds: int

    def __str__(self) -> str:
        return f"{self.students:,} x {self.skills} x {self.rounds}"


BY_RESPONSES = [Shape(n, 1, 10) for n in (5_000, 50_000, 500_000, 5_000_000)] + [
    Shape(n, 100, 10) for n in (500, 5_000, 50_000)
]
BY_PREFIXES = [Shape(1_000_000 // n, 1, n) for n in (5, 10, 15, 20, 30, 50, 100)]


def answers(shape: Shape, seed: int) -> tuple[Columns, int]:
    """A log of a real BKT in order of rounds, its columns narrow, and its distinct prefixes."""
    rng = np.random.default_rng(seed)
    truth = {name: rng.uniform(low, high, shape.skills) for name, (low, high) in RANGES.items()}
    n_pairs = shape.students * shape.skills
    skill = np.arange(n_pairs) % shape.skills  # each student's skills take turns
    known = rng.random(n_pairs) < truth["prior"][skill]
    history = skill
    correct = np.empty((shape.rounds, n_pairs), np.int8)
    prefixes = 0
    for of_round in correct:
        p = np.where(known, 1 - truth["slip"][skill], truth["guess"][skill])
        of_round[:] = rng.random(n_pairs) < p
        known |= rng.random(n_pairs) < truth["learn"][skill]
        found, history = np.unique(2 * history + of_round, return_inverse=True)
        prefixes += len(found)
    pair = np.arange(n_pairs)
    return {
        "student": np.tile((pair // shape.skills).astype(np.int32), shape.rounds),
        "skill": np.tile(skill.astype(np.int32), shape.rounds),
        "correct": correct.ravel(),
    }, prefixes


def fit_seconds(columns: Columns) -> float:
    gc.collect()
    begin = time.perf_counter()
    BKT().fit(columns)
    return time.perf_counter() - begin


def step_seconds(columns: Columns, n_steps: int) -> float:
    """The median time of a plain EM step from one start."""
    moments: list[float] = []
    model = BKT(start=START, max_iter=n_steps, tol=0, accelerate=False)
    model.fit(columns, on_step=lambda *_: moments.append(time.perf_counter()))
    return float(np.median(np.diff(moments)))


def peak(columns: Columns) -> int:
    """Bytes a fit's process grows by at most beyond the columns."""
    with tempfile.TemporaryDirectory() as folder:
        for name, column in columns.items():
            np.save(Path(folder, f"{name}.npy"), column)
        done = subprocess.run(
            [sys.executable, HERE / "_memory.py", folder, "numpy", "resident"],
            check=True,
            stdout=subprocess.PIPE,
        )
    return int(done.stdout)


def measure(shape: Shape, repeats: int, seed: int) -> dict[str, Any]:
    columns, prefixes = answers(shape, seed)
    keys: tuple[NDArray[Any], ...] = (columns["student"], columns["skill"])
    taken: dict[str, list[float]] = {"fit": [], "em_step": [], "lexsort": []}
    for _ in range(repeats):
        begin = time.perf_counter()
        np.lexsort(keys)
        taken["lexsort"].append(time.perf_counter() - begin)
        taken["fit"].append(fit_seconds(columns))
        taken["em_step"].append(step_seconds(columns, 20))
    n = len(columns["correct"])
    bytes_ = peak(columns)
    return {
        "shape": str(shape),
        "responses": n,
        "prefixes": prefixes,
        "seconds": taken,
        "median": {name: median(values) for name, values in taken.items()},
        "peak_bytes": bytes_,
        "peak_bytes_per_response": bytes_ / n,
    }


def section(title: str, shapes: list[Shape], quick: bool) -> list[dict[str, Any]]:
    print(f"\n{title}")
    print(
        f"{'students x skills x answers':29}{'responses':>12}{'prefixes':>10}{'fit s':>9}"
        f"{'µs/resp.':>9}{'EM step ms':>11}{'ns/prefix':>10}{'peak MB':>9}{'B/resp.':>8}"
    )
    rows = []
    for seed, full in enumerate(shapes):
        shape = full._replace(students=max(full.students // 100, 2)) if quick else full
        row = measure(shape, 1 if shape.students * shape.rounds > 10_000_000 else 3, seed)
        fit, step = row["median"]["fit"], row["median"]["em_step"]
        print(
            f"{row['shape']:29}{row['responses']:12,}{row['prefixes']:10,}{fit:9.3f}"
            f"{1e6 * fit / row['responses']:9.3f}{1e3 * step:11.3f}"
            f"{1e9 * step / row['prefixes']:10.1f}{row['peak_bytes'] / 1e6:9.0f}"
            f"{row['peak_bytes_per_response']:8.0f}",
            flush=True,
        )
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a hundredth of the students")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", AdaptLearnWarning)  # twenty steps do not converge
    result = {
        **circumstances(["numpy", "scipy"]),
        "by_responses": section("More responses, the same histories", BY_RESPONSES, quick),
        "by_prefixes": section("A million responses, longer histories", BY_PREFIXES, quick),
    }
    if not quick:
        print(f"\nWritten to {write('growth.json', result)}")


if __name__ == "__main__":
    main()
