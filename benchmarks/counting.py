"""Counting answer sequences in each engine: the same counts, and what they cost.

    python benchmarks/counting.py           5 million rows; 3 GB of memory, Java for Spark
    python benchmarks/counting.py --quick   a hundredth of the rows, to try the script out

Stops if any engine's counts differ from those of the log. Prints a table and writes
results/counting.json (not with --quick). Every engine reads one Parquet file; pandas and
eager Polars hold it in memory before the clock starts, the others read it as they count.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from _record import circumstances, write

from adaptlearn import ResponseLog, SequenceCounts, count_sequences

ROWS, LONGEST, SKILLS = 5_000_000, 300, 20


def simulate(n_rows: int, seed: int) -> pl.DataFrame:
    """Sequences that are mostly short, one in a hundred of 61 to 300 answers; rows shuffled."""
    rng = np.random.default_rng(seed)
    n_pairs = n_rows // 8  # some more than are needed: a pair has ten answers on average
    share = rng.random(n_pairs)
    lengths = rng.integers(1, 11, n_pairs)
    lengths[share < 0.1] = rng.integers(11, 61, int((share < 0.1).sum()))
    lengths[share < 0.01] = rng.integers(61, LONGEST + 1, int((share < 0.01).sum()))
    lengths[0] = LONGEST
    pair = np.repeat(np.arange(n_pairs), lengths)[:n_rows]
    place = np.arange(n_rows) - (np.cumsum(lengths) - lengths)[pair]
    learned = place > rng.exponential(5, n_pairs)[pair]
    moment = place + rng.integers(0, 2**40, n_pairs)[pair]
    shuffled = rng.permutation(n_rows)
    return pl.DataFrame(
        {
            "student": pair // SKILLS,
            "skill": pl.Series([f"skill {code:02d}" for code in range(SKILLS)]).gather(
                pair % SKILLS
            ),
            "correct": (rng.random(n_rows) < np.where(learned, 0.9, 0.2)).astype(np.int8),
            "time": moment,
        }
    )[shuffled]


def spark_reader() -> Callable[[str], Any] | None:
    """What reads Parquet in a session of two threads; None where Spark cannot start."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions of pandas that it does not know yet
            from pyspark.sql import SparkSession

            session = (
                SparkSession.builder.master("local[2]")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.memory", "2g")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .getOrCreate()
            )
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting
        print(f"Spark is left out: {error}")
        return None
    session.sparkContext.setLogLevel("ERROR")
    return session.read.parquet


def count_log(frame: Any) -> SequenceCounts:
    return SequenceCounts.from_log(ResponseLog.from_frame(frame))


def count_here(frame: Any) -> SequenceCounts:
    return count_sequences(frame, order="time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a hundredth of the rows")
    quick = parser.parse_args().quick
    ways: dict[str, tuple[Callable[[str], Any], Callable[[Any], SequenceCounts]]] = {
        "log, from Polars": (pl.read_parquet, count_log),
        "DuckDB": (duckdb.read_parquet, count_here),
        "Polars, eager": (pl.read_parquet, count_here),
        "Polars, lazy": (pl.scan_parquet, count_here),
        "pandas": (pd.read_parquet, count_here),
    }
    if (spark := spark_reader()) is not None:
        ways["Spark, local[2]"] = (spark, count_here)
    engines: dict[str, Any] = {}
    reference: SequenceCounts | None = None
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "log.parquet"))
        simulate(ROWS // (100 if quick else 1), 0).write_parquet(path)
        for name, (read, count) in ways.items():
            frame = read(path)
            taken = []
            for _ in range(2):  # the first time, engines and caches warm up
                begin = time.perf_counter()
                counts = count(frame)
                taken.append(time.perf_counter() - begin)
                reference = reference or counts
                if counts != reference:
                    raise SystemExit(f"{name}: {counts} differ from {reference}")
            engines[name] = {"seconds": taken}
            del frame
            print(f"{name:20}{taken[0]:8.2f} s, again {taken[1]:7.2f} s", flush=True)
    assert reference is not None
    fastest = min(min(engine["seconds"]) for engine in engines.values())
    for engine in engines.values():
        engine["times_the_fastest"] = min(engine["seconds"]) / fastest
    print(f"All agree: {reference}, the longest of {int(reference.lengths.max())} answers")
    if not quick and spark is not None:
        packages = ["narwhals", "numpy", "duckdb", "polars", "pandas", "pyarrow", "pyspark"]
        result = {
            **circumstances(packages),
            "log": {
                "rows": reference.n_responses,
                "sequences": int(reference.counts.sum()),
                "distinct_sequences": len(reference),
                "longest": int(reference.lengths.max()),
            },
            "engines_agree": True,
            "engines": engines,
        }
        print(f"Written to {write('counting.json', result)}")


if __name__ == "__main__":
    main()
