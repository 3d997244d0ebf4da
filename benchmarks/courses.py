"""How far the default policy's lead holds on other courses, with wrong tags, and with more time.

    python benchmarks/courses.py            some minutes
    python benchmarks/courses.py --quick    two courses; writes nothing
    python benchmarks/courses.py --only "2,000 minutes"     one setting; writes nothing

The matrix of `adaptlearn simulate` has one course and one set of skills: its intervals say what
other students would give there. Here courses, parameters of skills and students are all drawn anew,
ten times; intervals are Student's t over these draws. Shown are minutes until every skill was first
known, of the default over those of the best baseline and of three in a row:

- as it is; with a tenth of the items tagged with a wrong skill; and with a wrong graph (a fifth of
  the prerequisites missing, a fifth turned round);
- with 1,500 and 2,000 minutes in place of 1,200, for the kinds of students who need long; here
  also ``preset("surer")``.

Writes results/courses.json. The two families of students that are kept apart are not looked at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _record import circumstances, write
from scipy.stats import t

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.cli.simulate import earlier_log, fitted_model, named_policies
from adaptlearn.models import BKT
from adaptlearn.sequencing import preset
from adaptlearn.simulation import (
    Course,
    SequencerPolicy,
    evaluation_matrix,
    random_course,
    simulators,
)

DEFAULT, ROW, SURER = "sequencer", "three_in_a_row", "surer"
BASELINES = ("fixed_order", ROW, "moving_average", "knowledge_tracing", "zpdes")
N_STUDENTS = 1000
LONG = ("additive_factors", "performance_factors")
BUDGET = 1200.0
FAULTS: dict[str, Callable[[Course, int], Course]] = {
    "as it is": lambda course, _: course,
    "wrong tags": lambda course, draw: course.with_wrong_tags(0.1, random_state=draw),
    "wrong graph": lambda course, draw: course.with_wrong_graph(
        dropped=0.2, reversed=0.2, random_state=draw
    ),
}


def surer(model: BKT) -> SequencerPolicy:
    """The preset over the default's model."""

    def make(curriculum: Curriculum) -> Sequencer:
        tracker = MasteryTracker(model, practice=True)
        return Sequencer(
            curriculum, tracker, preset(SURER), new_students=True, random_state=0,
            wheel_spinning=None,  # there is no teacher here to send anyone to
        )  # fmt: skip

    return SequencerPolicy(make, name=SURER, family="bkt")


def minutes(
    course: Course, told: Course, draw: int, names: tuple[str, ...] | None, budget: float
) -> dict[str, dict[str, float]]:
    """Minutes by kind of students and policy, of one draw; policies are `told` of a course."""
    kinds = simulators(course, draw)
    chosen = {name: kind for name, kind in kinds.items() if names is None or name in names}

    def policies(kind: str) -> dict[str, Any]:
        named = (*BASELINES, DEFAULT)
        log = earlier_log(kinds[kind], told, named)
        compared = {**named_policies(named, log, kinds[kind], told, budget)}
        return compared if names is None else {**compared, SURER: surer(fitted_model(log))}

    matrix = evaluation_matrix(
        chosen, policies, told, n_students=N_STUDENTS, seeds=[200 + draw], budget=budget,
        outcomes=["minutes_to_mastery"],
    )  # fmt: skip
    mean = matrix.mean("minutes_to_mastery")
    return {
        kind: dict(zip(matrix.policies, mean[:, place].tolist(), strict=True))
        for place, kind in enumerate(matrix.simulators)
    }


def ratios(by_draw: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """The default over the best baseline and over three in a row: mean, and 95% interval."""
    result: dict[str, dict[str, list[float]]] = {}
    for kind in by_draw[0]:
        rows = [found[kind] for found in by_draw]
        # The best over all draws, not that of each: a baseline is chosen before the course is.
        best = min(BASELINES, key=lambda name: sum(row[name] for row in rows))
        result[kind] = {}
        pairs = [("best baseline", DEFAULT, best), (ROW, DEFAULT, ROW)]
        pairs += [(SURER, SURER, best)] if SURER in rows[0] else []
        for title, one, other in pairs:
            values = np.array([row[one] / row[other] for row in rows])
            half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
            mean = values.mean()
            result[kind][title] = [float(x) for x in (mean, mean - half, mean + half)]
        result[kind]["draws ahead"] = [float(sum(row[DEFAULT] < row[best] for row in rows))]
    return result


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two courses")
    parser.add_argument("--only", metavar="SETTING", help="one setting")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    draws = range(1, 3 if quick else 11)
    begin = time.perf_counter()
    settings: dict[str, tuple[str, tuple[str, ...] | None, float]] = {
        **{fault: (fault, None, BUDGET) for fault in FAULTS},
        "1,500 minutes": ("as it is", LONG, 1500.0),
        "2,000 minutes": ("as it is", LONG, 2000.0),
    }
    found = {}
    for title, (fault, names, budget) in settings.items():
        if arguments.only not in (None, title):
            continue
        by_draw = []
        for draw in draws:
            course = random_course(random_state=draw)
            told = FAULTS[fault](course, draw)
            by_draw.append(minutes(course, told, draw, names, budget))
        found[title] = ratios(by_draw)
        print(f"\n{title}: the default over others, mean of {len(draws)} courses [95%]\n")
        print("| | over the best baseline | courses on which it is ahead | over three in a row "
              "| surer over the best baseline |")  # fmt: skip
        print("| --- " * 5 + "|")
        for kind, row in found[title].items():
            shown = [row[name] for name in ("best baseline", ROW, SURER) if name in row]
            cells = [f"{mean:.2f} [{low:.2f}, {high:.2f}]" for mean, low, high in shown]
            ahead = f"{row['draws ahead'][0]:.0f}"
            print(f"| {kind} | {cells[0]} | {ahead} | {' | '.join(cells[1:])} |", flush=True)
    if not quick and arguments.only is None:
        result = {
            **circumstances(("numpy", "scipy", "scikit-learn")),
            "n_courses": len(draws),
            "n_students": N_STUDENTS,
            "seconds": round(time.perf_counter() - begin),
            "ratios": found,
        }
        write("courses.json", result)


if __name__ == "__main__":
    main()
