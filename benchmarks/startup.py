"""How long it takes to start: the import, and the first fit after it, bytecode compiled.

Each number is the median of fresh processes that take turns: the import alone, NumPy's beside it,
and the first fit of a small log with all the imports that it brings. `--quick` starts fewer and
writes nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

from _record import circumstances, write

FIT = """
from adaptlearn.models import BKT
rows = 2000
log = {"student": [row // 10 for row in range(rows)], "skill": ["add"] * rows,
       "correct": [int(row * 7 % 10 < 3 + row % 10 // 2) for row in range(rows)]}
BKT(random_state=0).fit(log)
"""
WORK = {
    "import adaptlearn": "import adaptlearn",
    "import numpy": "import numpy",
    "first BKT().fit": FIT,
}
TIMED = "import time; began = time.perf_counter()\n{}\nprint(time.perf_counter() - began)"


def seconds(code: str, bytecode: str) -> float:
    """Seconds of a piece of code in a process of its own, as it takes them itself."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="3 processes each; writes nothing")
    quick = parser.parse_args().quick
    times: dict[str, list[float]] = {name: [] for name in WORK}
    with tempfile.TemporaryDirectory() as bytecode:
        for code in WORK.values():
            seconds(code, bytecode)  # compiles
        for _ in range(3 if quick else 25):
            for name, code in WORK.items():
                times[name].append(seconds(code, bytecode))
    medians = {name: median(taken) for name, taken in times.items()}
    for name, taken in medians.items():
        print(f"{name:28} {1000 * taken:7.0f} ms")
    if not quick:
        result = circumstances(("numpy", "scipy", "scikit-learn"))
        print(write("startup.json", {**result, "seconds": medians}))


if __name__ == "__main__":
    main()
