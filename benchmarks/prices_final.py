"""The final look at `policy_from_log`: twelve kinds of students, two courses, and wrong tags.

    python benchmarks/prices_final.py                 hours; goes on where it was stopped
    python benchmarks/prices_final.py --only "12 skills"   one setting
    python benchmarks/prices_final.py --log-only   only the policies from a log; keeps the baselines
    python benchmarks/prices_final.py --read          only shows results/prices_final.json
    python benchmarks/prices_final.py --quick         20 students, 2 tuning seeds; writes nothing

The settings of `policy_from_log` were chosen on seeds from 100 on, of one course and of the ten
kinds of `simulators` (`benchmarks/prices.py`). Here are seeds 0 to 19 of 1,000 students, and 0 to 4
for the other settings. The kinds `misconceptions` and `sessions` were looked at for the first time
here. Nothing was changed after, with one exception: `diagnose` now finds wrong tags, and with
--log-only, the policies from a log had a second look at the course with wrong tags. What finds them
was chosen on other wrong tags (seeds 100 and 101).

The baselines have their constants tuned for each bill on the same kind of students (seeds 100 to
104), which no platform could do. In each price's table the policy from a log stands beside the best
of all policies of this price, whatever its kind.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from _final import APART, DEFAULT, ROW, SURE, of_price
from _record import RESULTS, circumstances, write
from prices import table

from adaptlearn.cli.simulate import (
    BILLS,
    earlier_log,
    least_bills,
    named_policies,
    usual_policies,
)
from adaptlearn.simulation import (
    Course,
    Matrix,
    evaluation_matrix,
    held_out_simulators,
    random_course,
    simulators,
)

RESULT = RESULTS / "prices_final.json"
MINUTES_PER_SKILL = 60.0
OUTCOMES = [*BILLS, "minutes", "minutes_to_mastery", "minutes_per_skill", "known_share",
            "under_practice"]  # fmt: skip
AGAINST = ("minutes_to_mastery", "minutes_per_skill", "minutes")


def courses() -> dict[str, tuple[Course, int, int]]:
    """What is taught, by setting; the seed of the students' parameters; and how many seeds."""
    usual = random_course()
    return {
        "20 skills": (usual, 0, 20),
        "12 skills": (random_course(12, 31), 31, 20),
        "35 skills, dense": (random_course(35, 32, most_prerequisites=4), 32, 5),
        "20 skills, wrong tags": (usual.with_wrong_tags(0.1, random_state=33), 0, 5),
    }


def compared(log_only: bool) -> list[str]:
    """Our policies, and baselines with a constant tuned for each bill."""
    if log_only:
        return [f"from_log:{price}" for price in BILLS.values()]
    tuned = [name for name in usual_policies([], "full") if name.split(":")[0] != "priced"]
    return [ROW, *tuned, SURE]


def simulated(
    title: str, *, quick: bool, log_only: bool, n_jobs: int
) -> tuple[Matrix, dict[str, dict[str, float]]]:
    """The matrix of one setting, and the least bills that are possible there."""
    course, draw, n_seeds = courses()[title]
    kinds = {**simulators(course, draw), **({} if quick else held_out_simulators(course, draw))}
    named, budget = compared(log_only), MINUTES_PER_SKILL * course.n_skills

    def policies(kind: str) -> dict[str, Any]:
        log = earlier_log(kinds[kind], course, named)
        return {**named_policies(named, log, kinds[kind], course, budget)}

    part = RESULTS / f"prices_final {title}{' log' * log_only}.part"
    matrix = evaluation_matrix(
        kinds, policies, course, n_students=20 if quick else 1000,
        seeds=(100, 101) if quick else n_seeds, budget=budget, outcomes=OUTCOMES,
        held_out=[name for name in APART if name in kinds], checkpoint=None if quick else part,
        n_jobs=n_jobs,
    )  # fmt: skip
    least = {bill: least_bills(kinds, course, price) for bill, price in BILLS.items()}
    return matrix, least


def summary(matrix: Matrix, least: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What is kept of a matrix."""
    paired, equity = {}, {}
    for outcome in AGAINST:
        found = matrix.difference(outcome, SURE, DEFAULT)
        paired[outcome] = [end.tolist() for end in (found.value, found.lower, found.upper)]
    for bill, price in BILLS.items():
        own = f"from_log:{price}"
        others = [
            name for name in matrix.policies if name.split(":")[0] not in (DEFAULT, "from_log")
        ]
        found = matrix.at_equal_minutes(bill, own, others, group="worst")
        worst = matrix.worst_group(bill)
        equity[bill] = {
            "less": [end.tolist() for end in (found.value, found.lower, found.upper)],
            "part": worst.part[matrix.policies.index(own)].tolist(),
            "value": worst.value[matrix.policies.index(own)].tolist(),
        }
    mean = {name: dict(zip(matrix.policies, matrix.mean(name).tolist(), strict=True))
            for name in matrix.outcomes}  # fmt: skip
    return {
        "simulators": list(matrix.simulators), "seeds": list(matrix.seeds),
        "n_students": matrix.n_students, "budget": matrix.budget, "mean": mean,
        "less than the default": paired, "equity": equity, "least": least,
    }  # fmt: skip


def anew(matrix: Matrix, before: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a setting, with other outcomes of the policies in a matrix.

    Comparisons by seed are left out: the seeds of the other policies are not kept.
    """
    mean = {
        name: {**before["mean"][name], **dict(zip(matrix.policies, found.tolist(), strict=True))}
        for name in matrix.outcomes
        for found in [matrix.mean(name)]
    }
    for values in mean.values():
        values.pop(SURE, None)  # it was not run again
    kept_too = ("simulators", "seeds", "n_students", "budget", "least")
    return {**{name: before[name] for name in kept_too}, "mean": mean}


def show(title: str, found: Mapping[str, Any]) -> None:
    """Print Markdown."""
    kinds, mean = found["simulators"], found["mean"]
    marked = [kind + "‡" * (kind in APART) for kind in kinds]
    head = f"{len(found['seeds'])} seeds of {found['n_students']:,} students"
    for bill, price in BILLS.items():
        names = of_price(price, mean[bill])
        of = {name: np.array(mean[bill][name]) for name in names}
        own = of[f"from_log:{price}"]
        best = [min(names, key=lambda name: of[name][k]) for k in range(len(kinds))]
        least = np.array([of[name][k] for k, name in enumerate(best)])
        print(f"\n{title}, {head}: minutes, plus {price} for each skill left unknown\n")
        rows = {
            "default": of[DEFAULT], "three in a row": of[ROW], "from the log": own,
            "best of all": least,
        }  # fmt: skip
        table(marked, rows, "{:,.0f}".format)
        bound = [found["least"][bill].get(kind, np.nan) for kind in kinds]
        table(marked, {"over the best of all": own / least, "over the least possible": own / bound},
              "{:.3f}".format)  # fmt: skip
        print("best:", ", ".join(best))
        print(f"within 3%: {int((own <= 1.03 * least).sum())}; best or within 1%: "
              f"{int((own <= 1.01 * least).sum())} of {len(kinds)}")  # fmt: skip
        if "equity" not in found:
            continue
        equity = found["equity"][bill]
        print("worst group at equal minutes, less that of the best baseline or mixture:\n")
        for kind, less, low, high, part in zip(
            marked, *equity["less"], equity["part"], strict=True
        ):
            print(f"- {kind} ({part}): {less:+.0f} [{low:+.0f}, {high:+.0f}]")
    if SURE not in mean["minutes"]:
        return
    print(f"\n{title}: {SURE} over the default, and over three in a row\n")
    rows = {name: np.divide(mean[name][SURE], mean[name][DEFAULT]) for name in AGAINST}
    rows["minutes_to_mastery, over three in a row"] = np.divide(
        mean["minutes_to_mastery"][SURE], mean["minutes_to_mastery"][ROW]
    )
    rows = {f"{name} (mean {ratio.mean():.3f})": ratio for name, ratio in rows.items()}
    table(marked, rows, "{:.3f}".format)


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 students, tuning seeds")
    parser.add_argument("--only", metavar="SETTING", choices=[*courses()], help="one setting")
    parser.add_argument("--log-only", action="store_true", help="only the policies from a log")
    parser.add_argument("--jobs", type=int, default=1, help="episodes at a time")
    parser.add_argument("--read", action="store_true", help="only show the result")
    arguments = parser.parse_args()
    for title in [arguments.only] if arguments.only else courses():
        if not arguments.read:
            begin = time.process_time()
            matrix, least = simulated(
                title, quick=arguments.quick, log_only=arguments.log_only, n_jobs=arguments.jobs
            )
            found = anew(matrix, kept()[title]) if arguments.log_only else summary(matrix, least)
            print(f"{title}: {time.process_time() - begin:,.0f} s of processor time")
            show(title, found)
            if not arguments.quick:  # read anew: another setting may have been written meanwhile
                run = circumstances(("numpy", "scipy", "scikit-learn"))
                write(RESULT.name, {**run, "found": {**kept(), title: found}})
        elif title in kept():
            show(title, kept()[title])


def kept() -> dict[str, Any]:
    """What is known by setting."""
    return dict(json.loads(RESULT.read_text())["found"]) if RESULT.exists() else {}


if __name__ == "__main__":
    main()
