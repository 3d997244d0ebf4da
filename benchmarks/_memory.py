"""Peak memory of one fit beyond its input; run by speed.py in a fresh process.

``python _memory.py FOLDER READER METHOD`` reads the log in FOLDER and prints bytes.
"""

from __future__ import annotations

import sys
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from _record import status

from adaptlearn.models import BKT


def read(folder: Path, reader: str) -> Any:
    if reader == "numpy":  # np.load fills the array itself: nothing is freed that fit could reuse
        return {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    if reader == "polars":
        import polars as pl

        return pl.read_parquet(folder / "log.parquet")
    import pandas as pd

    return pd.read_parquet(folder / "log.parquet")


def main() -> None:
    folder, reader, method = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    tiny = {"student": np.arange(40) % 8, "skill": np.zeros(40, int), "correct": np.arange(40) % 3}
    tiny["correct"] //= 2
    warnings.simplefilter("ignore")  # of what few answers identify
    BKT(max_iter=2).fit(tiny)  # so that imports are not counted
    log = read(folder, reader)
    if method == "traced":  # what NumPy and Python allocate; a frame's own buffers are not seen
        tracemalloc.start()
        BKT().fit(log)
        print(tracemalloc.get_traced_memory()[1])
    else:
        before = status("VmRSS")
        BKT().fit(log)
        print(status("VmHWM") - before)


main()
