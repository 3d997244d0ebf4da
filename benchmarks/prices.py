"""What the policies at a price come to, on simulated students of ten kinds: the tuning seeds.

    python benchmarks/prices.py            some minutes on two cores
    python benchmarks/prices.py --quick    a tenth of the students; writes nothing

The bill of a student is the minutes of practice, plus a price for each skill that is unknown at the
end. Shown is the mean bill at three prices, for the default policy, for `PricedMastery` at the
price, for the policy that an earlier log asks for (`policy_from_log`), and for baselines whose
constant is tuned for the bill on the same kind of students. Seeds are 100 to 104, on which the
settings of `policy_from_log` were chosen: this is no test of them. The final seeds and the kinds of
students that are kept apart are not looked at.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

import numpy as np
from _record import circumstances, write

from adaptlearn.cli.simulate import BILLS, earlier_log, named_policies
from adaptlearn.simulation import evaluation_matrix, random_course, simulators

SEEDS = (100, 101, 102, 103, 104)
BUDGET = 1200.0
TUNED = ("in_a_row", "moving_average", "knowledge_tracing")
OWN = ("priced", "from_log")
ROW = "three_in_a_row"


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    quick: bool = parser.parse_args().quick
    course = random_course()
    kinds = simulators(course)
    named = [
        "sequencer",
        ROW,
        *(f"{name}:{price}" for name in OWN for price in BILLS.values()),
        *(f"{name}:{bill}" for name in TUNED for bill in BILLS),
    ]

    def policies(kind: str) -> dict[str, object]:
        log = earlier_log(kinds[kind], course, named)
        return {**named_policies(named, log, kinds[kind], course, BUDGET)}

    n_students = 40 if quick else 400
    matrix = evaluation_matrix(
        kinds, policies, course, n_students=n_students, seeds=SEEDS, budget=BUDGET, n_jobs=2,
        outcomes=[*BILLS, "minutes", "minutes_to_mastery", "minutes_per_skill"],
    )  # fmt: skip
    mean = {name: dict(zip(matrix.policies, matrix.mean(name), strict=True))
            for name in matrix.outcomes}  # fmt: skip
    for bill, price in BILLS.items():
        rows = {
            "the default": mean[bill]["sequencer"],
            "priced": mean[bill][f"priced:{price}"],
            "from the log": mean[bill][f"from_log:{price}"],
            "three in a row": mean[bill][ROW],
            "best tuned baseline": np.min([mean[bill][f"{name}:{bill}"] for name in TUNED], axis=0),
        }
        print(f"\n{bill}: minutes, plus {price} for each skill left unknown\n")
        table(list(kinds), rows, "{:,.0f}".format)
    for outcome in ("minutes_to_mastery", "minutes_per_skill", "minutes"):
        print(f"\n{outcome}, times the default's\n")
        other = {name: mean[outcome][name] / mean[outcome]["sequencer"] for name in named[2:8]}
        table(list(kinds), other, "{:.2f}".format)
    if not quick:
        result = {
            **circumstances(("numpy", "scipy", "scikit-learn")),
            "seeds": SEEDS,
            "n_students": n_students,
            "budget": BUDGET,
            "simulators": matrix.simulators,
            "mean": {name: {policy: values.tolist() for policy, values in of.items()}
                     for name, of in mean.items()},
        }  # fmt: skip
        write("prices.json", result)


def table(kinds: list[str], rows: Mapping[str, np.ndarray], shown: Callable[[float], str]) -> None:
    """Print Markdown."""
    print(f"| | {' | '.join(kinds)} |\n|{' --- |' * (len(kinds) + 1)}")
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(map(shown, values))} |")


if __name__ == "__main__":
    main()
