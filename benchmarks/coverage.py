"""How often 95% intervals hold the true value, on simulated logs whose true value is known.

    python benchmarks/coverage.py            some minutes of one processor
    python benchmarks/coverage.py --quick    a twentieth of the logs; writes nothing

*Metrics*: AUC, log loss, RMSE and accuracy of logs of 3 to 200 students, who differ in how well
they answer; once with 25 answers each, once with very different numbers of answers. The true value
is that of 40,000 students. Beside the intervals of `evaluate` stand the percentiles of the same
resamples. *Off-policy*: the value of a greedy policy from decisions of two others, one that
chooses uniformly and one that mostly chooses what the greedy policy does not; and the return of
four decisions in a row. Logs for which `evaluate` gives no interval are left out and counted.
*Seeds*: the t intervals of a matrix over 2 to 20 seeds, whose values are normally or exponentially
distributed. Prints tables, and writes results/coverage.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _record import circumstances, write
from numpy.typing import NDArray

from adaptlearn.evaluation import LoggedDecisions, off_policy_return, off_policy_value
from adaptlearn.evaluation.metrics import all_metrics
from adaptlearn.evaluation.scoring import summarise
from adaptlearn.simulation.matrix.statistics import with_intervals

Floats = NDArray[np.float64]
Generator = np.random.Generator

METRICS = ("auc", "log_loss", "rmse", "accuracy")
STUDENTS = (3, 5, 10, 20, 50, 200)
N_LOGS, N_RESAMPLES, CONFIDENCE = 1000, 200, 0.95
N_LOGS_OF_DECISIONS = 2000
DECIDERS = (15, 30, 60, 120, 250)
N_DECISIONS = 5
SEEDS, N_MATRICES = (2, 5, 10, 20), 100_000

# What three actions are worth in each of three situations, and how policies choose them.
WORTH = np.array([[0.32, 0.50, 0.68], [0.56, 0.50, 0.38], [0.44, 0.26, 0.74]])
GREEDY = np.where(WORTH.max(axis=1, keepdims=True) == WORTH, 0.9, 0.05)
LOGGED = {
    "uniform": np.full((3, 3), 1 / 3),
    "mostly other actions": np.where(GREEDY > 0.5, 0.1, 0.45),
}
MODEL = WORTH + np.array([[0.1], [-0.1], [0.05]])  # a reward model that is wrong everywhere

# A skill that is known or not: teaching (1) makes it known, testing (0) earns a point.
LEARN, POINT, STEPS = 0.5, np.array([0.2, 0.9]), 4
TEACH, TARGET_TEACH = np.array([0.5, 0.5]), np.array([0.8, 0.15])


def answers(rng: Generator, n_students: int, uneven: bool) -> tuple[Floats, Floats, Any]:
    """Answers, predictions and students, whose log odds of a right answer differ by chance."""
    sizes = np.full(n_students, 25)
    if uneven:
        sizes = np.maximum(2, np.exp(rng.normal(3, 1, n_students))).astype(int)
    student = np.repeat(np.arange(n_students), sizes)
    p = np.clip(rng.beta(3, 2, len(student)), 0.01, 0.99)
    odds = p / (1 - p) * np.exp(rng.normal(0, 0.8, n_students))[student]
    return (rng.random(len(student)) < odds / (1 + odds)).astype(float), p, student


def of_metrics(n_students: int, uneven: bool, n_logs: int) -> dict[str, dict[str, float]]:
    """How often both kinds of intervals hold each metric, and for how many logs there are any."""
    correct, p, _ = answers(np.random.default_rng(0), 40_000, uneven)
    truth = all_metrics(correct, p)
    rng = np.random.default_rng(n_students)
    held = {kind: dict.fromkeys(METRICS, 0) for kind in ("library", "percentile")}
    defined = 0
    for _ in range(n_logs):
        found, resampled = summarise(
            "model", *answers(rng, n_students, uneven), n_bootstrap=N_RESAMPLES,
            confidence=CONFIDENCE, rng=rng, notes=[],
        )  # fmt: skip
        estimates = found.metrics()
        if any(np.isnan(estimates[name].lower) for name in METRICS):
            continue
        defined += 1
        for name in METRICS:
            ends = np.nanquantile(resampled[name], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
            both = ((estimates[name].lower, estimates[name].upper), ends)
            for counts, (lower, upper) in zip(held.values(), both, strict=True):
                counts[name] += int(lower <= truth[name] <= upper)
    shares = {
        kind: {name: round(count / defined, 4) for name, count in counts.items()}
        for kind, counts in held.items()
    }
    return {**shares, "defined": {"logs": defined / n_logs}}


def drawn(probabilities: Floats, rng: Generator) -> NDArray[np.intp]:
    """One action for each row of probabilities."""
    below = np.cumsum(probabilities, axis=-1)[..., :-1]
    picked: NDArray[np.intp] = (rng.random((*below.shape[:-1], 1)) > below).sum(axis=-1)
    return picked


def bandit(rng: Generator, n_students: int, logged: Floats) -> LoggedDecisions:
    """Decisions in three situations, for students who differ in ability."""
    student = np.repeat(np.arange(n_students), N_DECISIONS)
    situation = rng.integers(3, size=len(student))
    action = drawn(logged[situation], rng)
    ability = rng.uniform(-0.25, 0.25, n_students)[student]
    return LoggedDecisions.from_arrays(
        logged[situation, action], GREEDY[situation, action],
        (rng.random(len(student)) < WORTH[situation, action] + ability).astype(float), student,
        unsupported=np.zeros(len(student)), q=MODEL[situation, action],
        v=(GREEDY * MODEL).sum(axis=1)[situation],
    )  # fmt: skip


def ahead() -> tuple[Floats, list[Floats]]:
    """The target's exact return by state, and that of each action by step."""
    actions, after = [], np.zeros(2)
    for _ in range(STEPS):
        taught = np.array([(1 - LEARN) * after[0] + LEARN * after[1], after[1]])
        actions.append(np.stack([POINT + after, taught], axis=1))
        after = (1 - TARGET_TEACH) * actions[-1][:, 0] + TARGET_TEACH * taught
    return after, actions[::-1]


def sequence(rng: Generator, n_students: int) -> LoggedDecisions:
    """Four decisions for each student."""
    known = (rng.random(n_students) < 0.3).astype(int)
    columns: dict[str, list[Floats]] = {}
    for step, worth in enumerate(ahead()[1]):
        taught = (rng.random(n_students) < TEACH[known]).astype(int)
        model = 0.8 * worth + 0.2  # not quite right
        chance = TARGET_TEACH[known]
        for name, values in {
            "propensity": np.where(taught, TEACH[known], 1 - TEACH[known]),
            "target": np.where(taught, chance, 1 - chance),
            "reward": ((taught == 0) & (rng.random(n_students) < POINT[known])).astype(float),
            "q": model[known, taught],
            "v": ((1 - chance) * model[known, 0] + chance * model[known, 1]),
            "order": np.full(n_students, step),
        }.items():
            columns.setdefault(name, []).append(values)
        known = np.where(taught & (rng.random(n_students) < LEARN), 1, known)
    stacked = {name: np.concatenate(values) for name, values in columns.items()}
    student = np.tile(np.arange(n_students), STEPS)
    return LoggedDecisions.from_arrays(
        student=student, unsupported=np.zeros(len(student)), **stacked
    )


def of_values(make: Callable[[Generator], Any], truth: float, n_logs: int) -> dict[str, Any]:
    """How often intervals of a policy's value hold it, and the mean effective size."""
    rng = np.random.default_rng(20)
    found = [make(rng) for _ in range(n_logs)]
    held = {}
    for name in found[0].estimates:
        if name != "logged":
            of = [one.estimates[name] for one in found]
            held[name] = float(np.mean([one.lower <= truth <= one.upper for one in of]))
    return {"effective_size": float(np.mean([o.effective_size for o in found])), "held": held}


def off_policy(n_logs: int) -> list[dict[str, Any]]:
    """Both problems, by number of students."""
    start = ahead()[0]
    problems: list[tuple[str, float, Callable[[Generator, int], Any]]] = [
        (
            f"one decision, {name}",
            float((GREEDY * WORTH).sum() / 3),
            lambda rng, n, of=of: off_policy_value(bandit(rng, n, of)),  # type: ignore[misc]
        )
        for name, of in LOGGED.items()
    ]
    problems.append(
        (
            "four decisions in a row",
            float(0.7 * start[0] + 0.3 * start[1]),
            lambda rng, n: off_policy_return(sequence(rng, n)),
        )
    )
    rows = []
    for problem, truth, make in problems:
        for n in DECIDERS:
            found = of_values(lambda rng, n=n, make=make: make(rng, n), truth, n_logs)  # type: ignore[misc]
            rows.append({"problem": problem, "students": n, **found})
            shown = ", ".join(f"{name} {value:.3f}" for name, value in found["held"].items())
            print(f"{problem}, {n} students, as good as {found['effective_size']:.0f}: {shown}",
                  flush=True)  # fmt: skip
    return rows


def of_seeds(n_matrices: int) -> list[dict[str, Any]]:
    """How often intervals over seeds hold the mean, of normal and of skewed values."""
    rng = np.random.default_rng(5)
    rows = []
    for n in SEEDS:
        row: dict[str, Any] = {"seeds": n}
        for name, values, truth in (
            ("normal", rng.normal(size=(n_matrices, n)), 0.0),
            ("skewed", rng.exponential(size=(n_matrices, n)), 1.0),
        ):
            found = with_intervals(values, CONFIDENCE)
            held = (found.lower <= truth) & (truth <= found.upper)
            row[name] = round(float(held.mean()), 4)
        rows.append(row)
        print(row)
    return rows


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the logs")
    quick: bool = parser.parse_args().quick
    n_logs, n_decided = (n // 20 if quick else n for n in (N_LOGS, N_LOGS_OF_DECISIONS))
    begin = time.process_time()
    seeds = of_seeds(N_MATRICES // 20 if quick else N_MATRICES)
    values = off_policy(n_decided)
    metrics = []
    for uneven in (False, True):
        for n in STUDENTS:
            held = of_metrics(n, uneven, n_logs)
            metrics.append({"students": n, "uneven": uneven, "held": held})
            shown = {kind: [*of.values()] for kind, of in held.items()}
            print(f"{n} students{', uneven' * uneven}: {shown}", flush=True)
    if not quick:
        result = {
            **circumstances(("numpy", "scipy")),
            "logs": n_logs,
            "logs_of_decisions": n_decided,
            "resamples": N_RESAMPLES,
            "processor_seconds": round(time.process_time() - begin),
            "metrics": metrics,
            "off_policy": values,
            "seeds": seeds,
        }
        print("written:", write("coverage.json", result))


if __name__ == "__main__":
    main()
