"""How the sequencer's default policy was chosen: variants on simulated students of eight kinds.

    python benchmarks/tuning.py            minutes
    python benchmarks/tuning.py --quick    a tenth of the students; writes nothing

Prints a table and writes results/tuning.json: minutes to mastery of all skills, over those of
three right answers in a row in the curriculum's order, for each kind; the worst of these;
minutes of practice over those of knowledge tracing at .95; under-practice in the worst kind; and
its gap between slow and fast learners over that of knowledge tracing, in the worst kind. Each
variant departs in one thing from the default. Seeds are other ones than those of
`benchmarks/matrix.py`, and the families of students that were or are kept apart are not looked at.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from _record import circumstances, write
from sklearn.base import clone

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.cli.simulate import UNTIL_DONE, parameters_of
from adaptlearn.models import AFM, BKT, PFA, KnowledgeTracer
from adaptlearn.sequencing import ProvisionalMastery, WeightedPolicy
from adaptlearn.sequencing.knowledge import Criterion, MovingAverage, NInARow, ProbabilityThreshold
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.simulation import (
    Course,
    SequencerPolicy,
    Simulator,
    baselines,
    evaluation_matrix,
    prior_log,
    random_course,
    simulators,
)

SEEDS = (100, 101, 102)
BUDGET = 1200.0
ROW, TRACING = "three_in_a_row", "knowledge_tracing"
APART = ("stages", "power_law")  # kept apart when the default was chosen


def besides(threshold: float, further: Criterion) -> WeightedPolicy:
    """The default with another criterion: also this one."""
    return WeightedPolicy(
        {"gain_per_minute": 1.0, "fixed_order": 0.001},
        criterion=ProbabilityThreshold(threshold) & further,
        ready=ProbabilityThreshold(0.8),
    )


def ordered(scorers: dict[str, float]) -> WeightedPolicy:
    """The default with another order of what is open."""
    return WeightedPolicy(
        scorers, criterion=ProbabilityThreshold(0.999), ready=ProbabilityThreshold(0.8)
    )


PLAIN: dict[str, WeightedPolicy] = {
    "default": ProvisionalMastery(),
    "threshold .95": ProvisionalMastery(0.95),
    "threshold .98": ProvisionalMastery(0.98),
    "threshold .99": ProvisionalMastery(0.99),
    "threshold .995": ProvisionalMastery(0.995),
    "ready .6": ProvisionalMastery(ready=0.6),
    "ready .7": ProvisionalMastery(ready=0.7),
    "ready .9": ProvisionalMastery(ready=0.9),
    "ready as mastered": ProvisionalMastery(ready=0.999),
    "nearest to mastery first": ordered({"nearest_to_mastery": 1.0}),
    "the curriculum's order": ordered({"fixed_order": 1.0}),
    "least known first": ordered({"lowest_mastery": 1.0, "fixed_order": 0.001}),
    "at .98, and three right in a row": besides(0.98, NInARow(3)),
    "at .98, and four right in a row": besides(0.98, NInARow(4)),
    "and a moving average of .85": besides(0.999, MovingAverage(0.85)),
    "mastery learning at .95": MasteryThreshold(),
}
INDIVIDUAL = {
    "individualised model": ProvisionalMastery(),
    "individualised model, threshold .95": ProvisionalMastery(0.95),
}
# P(correct), not P(known): the kinds that learn by these equations know a skill from .85 on.
LOGISTIC = {
    "additive factors model, at .88": AFM(),
    "performance factors model, at .88": PFA(),
}


def variants(simulator: Simulator, course: Course) -> dict[str, Any]:
    """Policies over models of answers that were logged before."""
    log = prior_log(simulator, course, budget=UNTIL_DONE)
    plain, individual = BKT().fit(log), BKT(ability=True).fit(log)

    def over(
        model: KnowledgeTracer, policy: WeightedPolicy, name: str, family: str = "bkt"
    ) -> SequencerPolicy:
        def make(curriculum: Curriculum) -> Sequencer:
            tracker = MasteryTracker(model, practice=True)
            return Sequencer(
                curriculum, tracker, policy, new_students=True, random_state=0,
                wheel_spinning=None,  # there is no teacher here to send anyone to
            )  # fmt: skip

        return SequencerPolicy(make, name=name, family=family)

    standard = baselines(course, parameters=parameters_of(plain, course))
    predicted = ProvisionalMastery(0.88, 0.7, "predicted")
    return {
        **{name: standard[name] for name in (ROW, TRACING, "moving_average", "oracle")},
        **{name: over(plain, policy, name) for name, policy in PLAIN.items()},
        **{name: over(individual, policy, name) for name, policy in INDIVIDUAL.items()},
        **{
            name: over(clone(model).fit(log), predicted, name, "logistic")
            for name, model in LOGISTIC.items()
        },
    }


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    quick: bool = parser.parse_args().quick
    course = random_course()
    kinds = {name: kind for name, kind in simulators(course).items() if name not in APART}
    make: Callable[[str], dict[str, Any]] = lambda name: variants(kinds[name], course)  # noqa: E731
    matrix = evaluation_matrix(
        kinds, make, course, n_students=100 if quick else 1000, seeds=SEEDS, budget=BUDGET,
        baselines=[ROW, TRACING, "moving_average"],
    )  # fmt: skip
    minutes, practised = matrix.mean("minutes_to_mastery"), matrix.mean("minutes")
    under = matrix.mean("under_practice")
    gap = matrix.gaps("under_practice", "learning").value
    narrower = gap / gap[matrix.policies.index(TRACING)]
    row, tracing = (matrix.policies.index(name) for name in (ROW, TRACING))
    ratio, more = minutes / minutes[row], practised / practised[tracing]
    print(f"| | {' | '.join(matrix.simulators)} | worst | practice | under-practice, worst "
          "| its gap, worst |")  # fmt: skip
    print("| --- " * (len(kinds) + 5) + "|")
    for place, name in enumerate(matrix.policies):
        cells = [*(f"{x:.2f}" for x in (*ratio[place], ratio[place].max(), more[place].mean()))]
        print(f"| {name} | {' | '.join(cells)} | {np.nanmax(under[place]):.3f} "
              f"| {np.nanmax(narrower[place]):.2f} |")  # fmt: skip
    if not quick:
        result = {
            **circumstances(("numpy", "scipy", "scikit-learn")),
            "seeds": SEEDS,
            "n_students": 1000,
            "budget": BUDGET,
            "simulators": matrix.simulators,
            "minutes_to_mastery": dict(zip(matrix.policies, minutes.tolist(), strict=True)),
            "minutes": dict(zip(matrix.policies, practised.tolist(), strict=True)),
            "under_practice": dict(
                zip(matrix.policies, np.nan_to_num(under, nan=-1).tolist(), strict=True)
            ),
            "gap_in_under_practice": dict(
                zip(matrix.policies, np.nan_to_num(gap, nan=-1).tolist(), strict=True)
            ),
        }
        write("tuning.json", result)


if __name__ == "__main__":
    main()
