"""What a promotion by a threshold costs: false promotions and needless holding back.

    python benchmarks/planning_promotion.py            twelve kinds of students: some minutes
    python benchmarks/planning_promotion.py --quick    three kinds, fewer students; writes nothing

Prints a table and writes results/planning_promotion.json. Simulated students of each kind practise
the twelve skills of a course on one to six days, two items a day (drawn at random for each student
and skill), and answer once more on each skill three weeks later. A BKT is fitted to other students
of the same kind. Each standard asks for all of its two skills, and it is truly met if the simulated
student knows both at the end. The report asks for nothing but `confidence` here, so that the curve
is that of the threshold; the last columns show the usual report (.9, five answers on two days,
retained). Students with slow learning and with a low start are looked at by themselves where a kind
has such groups. Seeds 0 to 4; nothing was chosen by them.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from _record import circumstances, write

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import PromotionRules, promotion_errors, promotion_report
from adaptlearn.simulation import Simulator, held_out_simulators, random_course, simulators
from adaptlearn.tables import plain_columns

DAY = 86400.0
N_SKILLS, SIZE = 12, 2  # skills, and skills of a standard
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
NOTHING: dict[str, Any] = {"answers": 0, "days": 0, "review_after": None}


def practised(
    simulator: Simulator, n_students: int, seed: int
) -> tuple[ResponseLog, Any, dict[str, Any]]:
    """Answers of some students, which skills they know at the end, and their groups."""
    rng = np.random.default_rng([seed, 18])
    students = simulator.start(n_students, rng)
    wanted = rng.integers(1, 7, (n_students, N_SKILLS))
    columns: list[tuple[Any, ...]] = []

    def day(number: float, items: int, rows_of: Any) -> None:
        for skill in range(N_SKILLS):
            rows = rows_of(skill)
            for item in range(items):
                right = students.answer(np.full(len(rows), skill), rng, rows)
                moment = DAY * number + 600.0 * skill + 60.0 * item
                columns.append((rows, np.full(len(rows), skill), right, np.full(len(rows), moment)))
        students.wait(DAY)

    for number in range(6):
        day(number, 2, lambda skill, number=number: np.flatnonzero(wanted[:, skill] > number))
    students.wait(20 * DAY)
    day(26, 1, lambda _: np.arange(n_students))
    names = ("student", "skill", "correct", "time")
    frame = {
        n: np.concatenate(one) for n, one in zip(names, zip(*columns, strict=True), strict=True)
    }
    frame["correct"] = frame["correct"].astype(int)
    return ResponseLog.from_frame(frame), students.knows(), students.groups


def looked_at(
    curriculum: Curriculum, simulator: Simulator, n_students: int, seeds: range
) -> dict[str, Any]:
    """One kind of students: the curve over the threshold, by group, and the usual report."""
    known, truth, group, usual = [], [], [], []
    rules = {"rules": {"all": {"all_of": curriculum.standards.labels.tolist()}}}
    for seed in seeds:
        earlier, _, _ = practised(simulator, n_students, 1_000_000 + seed)
        model = BKT(n_init=2).fit(earlier)
        log, knows, groups = practised(simulator, n_students, seed)
        sequencer = Sequencer(curriculum, MasteryTracker(model).update(log), random_state=0)
        students = list(range(n_students))
        free, full = (
            promotion_report(
                sequencer, students, PromotionRules(curriculum, {**rules, **own}), log=log
            )
            for own in (NOTHING, {})
        )
        met = knows.reshape(n_students, -1, SIZE).all(axis=2)
        known.append(free.known.ravel())
        truth.append(met.ravel())
        usual.append(full.met.ravel())
        names = groups.get("learning", groups.get("start", np.full(n_students, "all alike")))
        group.append(np.repeat(names, met.shape[1]))
    p, true, by = np.concatenate(known), np.concatenate(truth), np.concatenate(group)
    curve = promotion_errors(p, true, group=by, thresholds=THRESHOLDS)
    report = promotion_errors(np.concatenate(usual) * 1.0, true, group=by, thresholds=[1.0])
    return {"curve": curve, "usual": report, "truly_met": float(true.mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three kinds, fewer students")
    quick = parser.parse_args().quick
    course = random_course(N_SKILLS, 31)
    kinds = {**simulators(course, 31), **held_out_simulators(course, 31)}
    kinds = {name: kinds[name] for name in [*kinds][: 3 if quick else None]}
    labels = course.curriculum.skills.tolist()
    standards = {f"S{at // SIZE}": labels[at : at + SIZE] for at in range(0, N_SKILLS, SIZE)}
    curriculum = Curriculum.from_dict({**course.curriculum.to_dict(), "standards": standards})
    head = "".join(f"{cut:>12g}" for cut in THRESHOLDS)
    print(f"of 100 promoted, below the standard / of 100 who meet it, held back\n{'':22}{head}"
          f"{'usual':>12}{'met':>6}")  # fmt: skip
    results = {}
    for name, simulator in kinds.items():
        found = looked_at(curriculum, simulator, 100 if quick else 400, range(1 if quick else 5))
        curve, usual = found["curve"], found["usual"]
        for row, group in enumerate(curve.groups):
            if row and len(curve.groups) == 2:
                continue  # all alike
            pairs = zip((*curve.false_promotions[row], usual.false_promotions[row, 0]),
                        (*curve.needless[row], usual.needless[row, 0]), strict=True)  # fmt: skip
            cells = "".join(f"{f'{100 * a:.1f}/{100 * b:.0f}':>12}" for a, b in pairs)
            title = name if row == 0 else f"  {group}"
            print(f"{title:22}{cells}{found['truly_met'] * 100 if row == 0 else np.nan:6.0f}",
                  flush=True)  # fmt: skip
        tables = {part: plain_columns(found[part].table()) for part in ("curve", "usual")}
        results[name] = {**tables, "truly_met": found["truly_met"]}
    if not quick:
        where = circumstances(["numpy", "scipy"])
        print(f"\nWritten to {write('planning_promotion.json', {**where, 'kinds': results})}")


if __name__ == "__main__":
    main()
