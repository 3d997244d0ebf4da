"""What the sequencer's default policy comes to, on simulated students of ten kinds.

    python benchmarks/matrix.py            runs `adaptlearn simulate`, some minutes on two cores
    python benchmarks/matrix.py --read     only shows what results/matrix.json holds

Nine policies teach 20 seeds of 1,000 students of ten kinds (see `adaptlearn simulate --help` and
docs/default-policy.md). Shown is what the default was designed for, also where it misses: minutes
to mastery of all skills against the best baseline, three in a row and the oracle; under-practice;
and how far slow learners are behind fast ones.

The default was tuned on seeds from 100 on of the eight kinds that are not marked ‡. Those two,
`stages` and `power_law`, were looked at once, with the seeds shown here. The kinds that are kept
apart now (`held_out_simulators`) came later, and are not looked at.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable

import numpy as np
from _record import HERE, circumstances, write

from adaptlearn.simulation import Matrix, random_course, simulators

RESULT = HERE / "results" / "matrix.json"
DEFAULT, ORACLE, ROW, TRACING = "sequencer", "oracle", "three_in_a_row", "knowledge_tracing"
APART = ("stages", "power_law")
GAPS = ("under_practice", "over_practice", "extra_answers")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print Markdown."""
    head = list(head)
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print()


def labels(matrix: Matrix) -> list[str]:
    """Simulators, marked: the default's own kind of equations, kept apart from tuning."""
    flattered = matrix.same_family[matrix.policies.index(DEFAULT)]
    return [
        name + "†" * bool(own) + "‡" * (name in matrix.held_out)
        for name, own in zip(matrix.simulators, flattered, strict=True)
    ]


def minutes(matrix: Matrix, outcome: str) -> None:
    """The default against the best baseline, three in a row, and the oracle."""
    mean = dict(zip(matrix.policies, matrix.mean(outcome), strict=True))
    under = dict(zip(matrix.policies, matrix.mean("under_practice"), strict=True))
    rows = []
    for place, label in enumerate(labels(matrix)):
        best = min(matrix.baselines, key=lambda name: mean[name][place])
        less = matrix.difference(outcome, DEFAULT, best)
        ours = mean[DEFAULT][place]
        rows.append(
            [label, f"{ours:.0f}", f"{best} {mean[best][place]:.0f}",
             f"{less.value[place]:+.0f} [{less.lower[place]:+.0f}, {less.upper[place]:+.0f}]",
             f"{mean[ROW][place]:.0f}", f"{ours / mean[ROW][place] - 1:+.0%}",
             f"{under[DEFAULT][place]:.3f} / {under[ROW][place]:.3f}",
             f"{mean[ORACLE][place]:.0f}", f"{ours / mean[ORACLE][place]:.2f}"]
        )  # fmt: skip
    print(f"{outcome}: {len(matrix.seeds)} seeds of {matrix.n_students:,} students\n")
    table(
        ["", "default", "best baseline", "less it [95%]", ROW, "less it", "under-practice of both",
         "oracle", "times it"],
        rows,
    )  # fmt: skip


def worst(matrix: Matrix, outcome: str) -> None:
    """The worst simulator of each policy."""
    mean = matrix.mean(outcome)
    at = mean.argmax(axis=1)
    table(
        ["", "its worst simulator", outcome],
        (
            [name, labels(matrix)[place], f"{mean[row, place]:.0f}"]
            for row, (name, place) in enumerate(zip(matrix.policies, at, strict=True))
        ),
    )


def fairness(matrix: Matrix) -> None:
    """How far slow learners are behind fast ones, of the default and of knowledge tracing."""
    rows = []
    gaps = {name: matrix.gaps(name, "learning").value for name in GAPS}
    parts = matrix.parts["learning"]
    of = {name: matrix.policies.index(name) for name in (DEFAULT, TRACING)}
    total = matrix.mean("minutes")
    for place, label in enumerate(labels(matrix)):
        if np.isnan(gaps["under_practice"][of[DEFAULT], place]):
            continue
        groups = [
            " / ".join(
                f"{parts[part]['under_practice'][of[name], place].mean():.3f}"
                for part in ("slow", "fast")
            )
            for name in of
        ]
        cells = [
            " / ".join(f"{gaps[name][row, place]:.3f}" for row in of.values()) for name in GAPS
        ]
        used = total[of[DEFAULT], place] / total[of[TRACING], place] - 1
        rows.append([label, *cells, *groups, f"{used:+.0%}"])
    print("gaps between slow and fast learners, default / knowledge tracing at .95\n")
    table(
        ["", *(f"gap in {name}" for name in GAPS), "default: slow / fast",
         "tracing: slow / fast (under-practice)", "minutes of practice"],
        rows,
    )  # fmt: skip


def main() -> None:
    """Run, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", action="store_true", help="only show the result")
    parser.add_argument("--jobs", type=int, default=2, help="episodes at a time (default: 2)")
    arguments = parser.parse_args()
    if not arguments.read:
        begin = time.perf_counter()
        kinds = [
            "--simulators",
            ",".join(simulators(random_course())),
            "--held-out",
            ",".join(APART),
        ]
        command = [sys.executable, "-m", "adaptlearn", "simulate", *kinds, "-o", str(RESULT)]
        subprocess.run([*command, "--jobs", str(arguments.jobs)], check=True)
        seconds = time.perf_counter() - begin
        packages = ("numpy", "scipy", "scikit-learn")
        run = {**circumstances(packages), "jobs": arguments.jobs, "seconds": round(seconds, 1)}
        write("matrix_run.json", run)
    matrix = Matrix.load(RESULT)
    minutes(matrix, "minutes_to_mastery")
    minutes(matrix, "minutes_per_skill")
    worst(matrix, "minutes_to_mastery")
    fairness(matrix)


if __name__ == "__main__":
    main()
