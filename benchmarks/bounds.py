"""How near the default policy is to what any policy could reach, on the matrix's own students.

    python benchmarks/bounds.py          some minutes
    python benchmarks/bounds.py --quick  two seeds; writes nothing

Prints four tables and writes results/bounds.json (see docs/default-policy.md):

1. *Looking first*: an oracle that sees the truth of a skill only from the student's first lesson
   on it. It takes what is known to be missing first, then what is least often known. Where skills
   are independent, no policy that learns from answers alone is faster on average; for disengaging
   students, who show besides when they try, one may be by minutes.
2. *The oracle's own figures*: the gap in over-practice between slow and fast learners, and minutes,
   where nothing is ever declared wrongly. It never goes back to what was known once, which is what
   minutes to mastery count.
3. *Each student's own parameters*: knowledge tracing that is told how fast this student learns and
   what chance of knowing each skill they began with. Once with one threshold for all, the lowest
   that declares no more wrongly among slow learners than knowledge tracing at .95; then with
   thresholds for slow and for fast learners apart, so that in neither more is declared wrongly.
   They are chosen on the students that are shown.
4. *What the distance hangs on*: the default, the oracle and looking first where less is known at
   the start, and where answers tell more (seeds from 100 on).

Students and seeds are those of results/matrix.json, from which the default's figures come.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from _record import HERE, circumstances, write

from adaptlearn.cli.simulate import earlier_log, fitted_model, named_policies, parameters_of
from adaptlearn.simulation import (
    Course,
    Matrix,
    TwoState,
    baselines,
    evaluation_matrix,
    random_course,
    simulators,
)
from adaptlearn.simulation.teachers import (
    ArrayPolicy,
    Judgement,
    Oracle,
    highest,
    in_order,
    open_lessons,
    unfinished_lessons,
)
from adaptlearn.simulation.teachers.estimators import traced

INDEPENDENT = ("population", "individual", "disengaging")  # no skill hangs on another there
DEFAULT, TRACING, ROW = "sequencer", "knowledge_tracing", "three_in_a_row"
THRESHOLDS = (0.8, 0.85, 0.88, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
BUDGET = 1200.0
GROUPS = ("slow", "fast")
OTHER_STUDENTS = {  # by what P(known at the start), and guesses and slips, are multiplied
    "as in the matrix": (1.0, 1.0),
    "a quarter as often known before": (0.25, 1.0),
    "nothing known before": (0.0, 1.0),
    "half the guesses and slips": (1.0, 0.5),
    "a quarter as often known, half the guesses and slips": (0.25, 0.5),
}


def least_known(view: Any) -> Any:
    """What is known to be missing first, then what is least often known."""
    return -view.lesson_mean(view.value)


class NeverBack:
    """An oracle for which a skill is done once it has been known."""

    name = "never back"
    family: str | None = None

    def start(self, course: Course, students: Any) -> _Once:
        """The belief about these students: the truth."""
        return _Once(Oracle().start(course, students), students.knows())


class _Once:
    def __init__(self, seeing: Any, done: Any) -> None:
        self.seeing, self.done = seeing, done

    def update(self, rows: Any, skills: Any, correct: Any, time: Any) -> None:  # noqa: ARG002
        """Note what has become known."""
        at = np.arange(len(rows))
        self.done[rows, skills] |= self.seeing.estimate(rows).mastered[at, skills]

    def estimate(self, rows: Any) -> Judgement:
        """The truth, and what was known once."""
        truth = self.seeing.estimate(rows)
        self.done[rows] |= truth.mastered
        return Judgement(truth.value, self.done[rows])


@dataclass(frozen=True)
class OwnParameters:
    """Knowledge tracing with the parameters that each student really has."""

    threshold: float
    name: str = "own parameters"
    family: str | None = "bkt"

    def start(self, course: Course, students: Any) -> _Own:  # noqa: ARG002 - the protocol's
        """The belief about these students."""
        return _Own(students.parameters, self.threshold)


class _Own:
    def __init__(self, of: dict[str, Any], threshold: float) -> None:
        self.of, self.known, self.threshold = of, of["prior"].copy(), threshold

    def update(self, rows: Any, skills: Any, correct: Any, time: Any) -> None:  # noqa: ARG002
        """Bayes, then learning."""
        own = {name: self.of[name][rows, skills] for name in ("learn", "guess", "slip", "forget")}
        self.known[rows, skills] = traced(self.known[rows, skills], correct, **own)

    def estimate(self, rows: Any) -> Judgement:
        """P(known)."""
        return Judgement(self.known[rows], self.known[rows] >= self.threshold)


def looking(usual: Any) -> ArrayPolicy:
    """The oracle that sees only what has been practised; `usual` is how often skills are known."""
    return ArrayPolicy("looking first", Oracle(unpractised=usual), unfinished_lessons, least_known)


def looking_first(seeds: range, matrix: Matrix) -> dict[str, dict[str, float]]:
    """Minutes until all is known, of both oracles and of the default."""
    course = random_course()
    kinds = simulators(course)
    usual = kinds["population"].draws["prior"][0]
    policies = {
        "oracle": baselines(course)["oracle"],
        "looking first": looking(usual),
    }
    found = evaluation_matrix(
        {name: kinds[name] for name in INDEPENDENT}, policies, course, seeds=seeds, budget=BUDGET,
        outcomes=["minutes_to_mastery"],
    )  # fmt: skip
    mean = found.mean("minutes_to_mastery")
    default = matrix.mean("minutes_to_mastery")[matrix.policies.index(DEFAULT)]
    return {
        name: {
            "oracle": float(mean[0, place]),
            "looking first": float(mean[1, place]),
            "default": float(default[matrix.simulators.index(name)]),
        }
        for place, name in enumerate(INDEPENDENT)
    }


def distances(seeds: range) -> dict[str, dict[str, list[float]]]:
    """Minutes over the oracle's, until all is known and by the mean over skills."""
    course = random_course()
    usual = {name: draws[0] for name, draws in simulators(course)["population"].draws.items()}
    outcomes = ["minutes_to_mastery", "minutes_per_skill"]
    result = {}
    for title, (known, noise) in OTHER_STUDENTS.items():
        changed = {"prior": usual["prior"] * known, "guess": usual["guess"] * noise,
                   "slip": usual["slip"] * noise}  # fmt: skip
        students = TwoState(course.n_skills, **{**usual, **changed})
        named = ("oracle", DEFAULT, TRACING)
        log = earlier_log(students, course, named)
        policies = {**named_policies(named, log, students, course, BUDGET)}
        policies["looking first"] = looking(changed["prior"])
        found = evaluation_matrix(
            {"population": students}, policies, course, seeds=seeds, budget=BUDGET,
            outcomes=outcomes,
        )  # fmt: skip
        means = [found.mean(outcome)[:, 0] for outcome in outcomes]
        result[title] = {
            name: [float(mean[row] / mean[0]) for mean in means]
            for row, name in enumerate(found.policies)
        }
    return result


def figures_of_oracle(seeds: range, matrix: Matrix) -> dict[str, dict[str, float | None]]:
    """What the oracle's gap in over-practice and its minutes are, beside those of others."""
    course = random_course()
    kinds = simulators(course)
    oracle = {"never back": ArrayPolicy("never back", NeverBack(), open_lessons, in_order)}
    names = ["over_practice", "minutes", "minutes_to_mastery"]
    found = evaluation_matrix(
        kinds, oracle, course, seeds=seeds, budget=BUDGET, outcomes=names
    )  # fmt: skip
    gap = found.gaps("over_practice", "learning").value[0]
    minutes, until = found.mean("minutes")[0], found.mean("minutes_to_mastery")[0]
    tracing, row = matrix.policies.index(TRACING), matrix.policies.index(ROW)
    half = matrix.gaps("over_practice", "learning").value[tracing] / 2
    result = {}
    for place, name in enumerate(found.simulators):
        there = matrix.simulators.index(name)
        of_row = matrix.mean("minutes_to_mastery")[row, there]
        result[name] = {
            "gap": _number(gap[place]),
            "half of tracing's gap": _number(half[there]),
            "minutes": float(minutes[place]),
            "tracing's minutes": float(matrix.mean("minutes")[tracing, there]),
            "minutes to mastery": float(until[place]),
            "less than three in a row": float(1 - until[place] / of_row),
        }
    return result


def _number(value: float) -> float | None:
    """JSON has no nan."""
    return None if np.isnan(value) else float(value)


def own_parameters(seeds: range, n_items: int) -> dict[str, Any]:
    """Knowledge tracing at .95, and the lowest thresholds that err no more in either group."""
    usual = random_course()
    course = Course.of(usual.curriculum, n_items=n_items)
    individual = simulators(course)["individual"]
    model = fitted_model(earlier_log(individual, usual, []))
    policies = {TRACING: baselines(course, parameters=parameters_of(model, course))[TRACING]}
    for threshold in THRESHOLDS:
        policies[str(threshold)] = ArrayPolicy(
            "own parameters", OwnParameters(threshold), open_lessons, highest
        )
    names = ["under_practice", "over_practice", "minutes"]
    matrix = evaluation_matrix(
        {"individual": individual}, policies, course, seeds=seeds, budget=BUDGET, outcomes=names
    )
    parts = {
        part: {name: matrix.parts["learning"][part][name][:, 0].mean(axis=-1) for name in names}
        for part in GROUPS
    }
    # Shares of students: minutes of all are a mean of those of the groups.
    all_minutes = matrix.mean("minutes")[0, 0]
    slow, fast = (parts[part]["minutes"][0] for part in GROUPS)
    share = {"slow": (all_minutes - fast) / (slow - fast)}
    share["fast"] = 1 - share["slow"]

    def cheapest(part: str, most: float) -> int:
        enough = parts[part]["under_practice"][1:] <= most
        if not enough.any():
            raise ValueError(f"no threshold up to {THRESHOLDS[-1]} is strict enough for {part}")
        return 1 + int(np.argmax(enough))

    def described(rows: dict[str, int]) -> dict[str, Any]:
        of = {part: {name: float(parts[part][name][rows[part]]) for name in names}
              for part in GROUPS}  # fmt: skip
        return {
            "thresholds": {part: (0.95, *THRESHOLDS)[rows[part]] for part in GROUPS},
            "groups": of,
            "gap in under-practice": of["slow"]["under_practice"] - of["fast"]["under_practice"],
            "gap in over-practice": of["fast"]["over_practice"] - of["slow"]["over_practice"],
            "minutes": float(sum(share[part] * of[part]["minutes"] for part in GROUPS)),
        }

    tracing = {part: parts[part]["under_practice"][0] for part in GROUPS}
    as_good = {part: cheapest(part, tracing[part]) for part in GROUPS}
    halfway = tracing["fast"] + (tracing["slow"] - tracing["fast"]) / 2
    return {
        "tracing at .95": described(dict.fromkeys(GROUPS, 0)),
        "own parameters, one threshold": described(dict.fromkeys(GROUPS, as_good["slow"])),
        "own parameters": described(as_good),
        "own parameters, half the gap": described({**as_good, "slow": cheapest("slow", halfway)}),
    }


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two seeds")
    quick: bool = parser.parse_args().quick
    matrix = Matrix.load(HERE / "results" / "matrix.json")
    seeds = range(2 if quick else len(matrix.seeds))
    looked, figures = looking_first(seeds, matrix), figures_of_oracle(seeds, matrix)
    print("| minutes until all is known | oracle | looking first | default "
          "| of its excess, unavoidable |")  # fmt: skip
    print("| --- " * 5 + "|")
    for name, row in looked.items():
        least = row["looking first"]
        print(f"| {name} | {row['oracle']:.0f} | {least:.0f} = {least / row['oracle']:.2f} oracles "
              f"| {row['default']:.0f} = {row['default'] / row['oracle']:.2f} oracles, "
              f"{row['default'] / least:.2f} looking first "
              f"| {(least - row['oracle']) / (row['default'] - row['oracle']):.0%} |")  # fmt: skip
    print("\n| the oracle | gap in over-practice | half of tracing's | minutes | tracing's | "
          "minutes to mastery | less than three in a row |")  # fmt: skip
    print("| --- " * 7 + "|")
    for name, row in figures.items():
        gap, half, minutes, tracing, until, less = row.values()
        gaps = " | ".join("" if value is None else f"{value:.3f}" for value in (gap, half))
        print(f"| {name} | {gaps} | {minutes:.0f} | {tracing:.0f} | {until:.0f} | {less:.0%} |")
    own = {str(n_items): own_parameters(seeds, n_items) for n_items in (5, 1)}
    print("\n| | thresholds | under-practice, slow / fast | its gap | gap in over-practice | "
          "minutes |")  # fmt: skip
    print("| --- " * 6 + "|")
    for n_items, rows in own.items():
        for name, row in rows.items():
            thresholds = " / ".join(str(value) for value in row["thresholds"].values())
            under = " / ".join(f"{row['groups'][part]['under_practice']:.4f}" for part in GROUPS)
            print(f"| lessons of {n_items}: {name} | {thresholds} | {under} "
                  f"| {row['gap in under-practice']:.4f} | {row['gap in over-practice']:.3f} "
                  f"| {row['minutes']:.0f} |")  # fmt: skip
    other = distances(range(100, 102 if quick else 110))
    print("\n| minutes over the oracle's: until all is known / mean over skills | default "
          "| knowledge tracing | looking first |")  # fmt: skip
    print("| --- " * 4 + "|")
    for title, row in other.items():
        cells = (" / ".join(f"{value:.2f}" for value in row[name])
                 for name in (DEFAULT, TRACING, "looking first"))  # fmt: skip
        print(f"| {title} | {' | '.join(cells)} |")
    if not quick:
        result = {
            **circumstances(("numpy", "scipy", "scikit-learn")),
            "n_seeds": len(seeds),
            "n_students": 1000,
            "looking_first": looked,
            "oracle": figures,
            "own_parameters": own,
            "distances": other,
        }
        write("bounds.json", result)


if __name__ == "__main__":
    main()
