"""How long a CSV log takes to read: with the standard library, with pyarrow, with polars.

A simulated log of students, skills, items, answers and times is read in processes of their own that
take turns; what counts is their processor time, imports included. `--rows` gives another size, and
writes nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from _record import circumstances, write

ROWS = 5_000_000
HIDDEN = {"standard library": ("polars", "pyarrow"), "pyarrow": ("polars",), "polars": ("pyarrow",)}
READ = """
import sys, time, warnings
path, *hidden = sys.argv[1:]
sys.modules.update(dict.fromkeys(hidden))
warnings.simplefilter("ignore")
from adaptlearn import ResponseLog
ResponseLog.from_file(path)
print(time.process_time())
"""


def write_log(path: Path, rows: int) -> None:
    """Forty answers a student, in order of time."""
    rng = np.random.default_rng(0)
    start = np.datetime64("2024-01-01T08:00:00")
    columns = (
        rng.integers(0, max(rows // 40, 1), rows),
        rng.integers(0, 200, rows),
        rng.integers(0, 5000, rows),
        rng.integers(0, 2, rows),
        start + np.sort(rng.integers(0, 10**8, rows)).astype("timedelta64[s]"),
    )
    with path.open("w", encoding="utf-8") as file:
        file.write("student,skill,item,correct,time\n")
        for student, skill, item, correct, time in zip(*columns, strict=True):
            file.write(f"student-{student},skill-{skill},item-{item},{correct},{time}\n")


def seconds(path: Path, hidden: tuple[str, ...]) -> float:
    """Processor time of a process that reads the file."""
    command = [sys.executable, "-c", READ, str(path), *hidden]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        write_log(path, rows)
        size = path.stat().st_size
        taken: dict[str, list[float]] = {name: [] for name in HIDDEN}
        for _ in range(3):
            for name, hidden in HIDDEN.items():
                taken[name].append(seconds(path, hidden))
    medians = {name: median(times) for name, times in taken.items()}
    print(f"{rows:,} rows, {size / 1e6:,.0f} MB")
    for name, value in medians.items():
        print(f"{name:20} {value:6.1f} s")
    if rows == ROWS:
        result = circumstances(("numpy", "polars", "pyarrow"))
        print(write("reading.json", {**result, "rows": rows, "bytes": size, "seconds": medians}))


if __name__ == "__main__":
    main()
