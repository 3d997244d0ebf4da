"""The log of the cloze study: students fill the gaps of 72 sentences, and are tested later."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
from accuracy import DATA
from numpy.typing import NDArray


def cloze() -> dict[str, NDArray[Any]]:
    """The answers as columns; `test` says which belong to the test after practice.

    Rows in which a student only reads a sentence are left out.
    """
    with (DATA / "cloze" / "responses.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["outcome"] != "STUDY"]
    return {
        "student": np.array([row["student"] for row in rows], object),
        "item": np.array([row["item"] for row in rows], object),
        "cluster": np.array([row["kc_cluster"] for row in rows], object),
        "time": np.array([row["time"] for row in rows], "datetime64[s]"),
        "correct": np.array([row["outcome"] == "CORRECT" for row in rows], np.int64),
        "test": np.array([row["phase"] == "posttest" for row in rows]),
    }
