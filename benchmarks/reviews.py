"""How many reviews schedulers need to keep what was learnt.

    python benchmarks/reviews.py            three simulated memories, three seeds: some ten minutes
    python benchmarks/reviews.py --quick    a few students and one seed; writes nothing

Prints a table for each memory and writes results/reviews.json. Students learn so many new cards a
day for 60 days; every card is followed for 180 days from then. Each scheduler has one knob (an
interval, a base interval, a multiplier, a target), which is set on a seed of its own so that the
share of reviews that are recalled comes as near to 0.9 as it can. Half-life regression and FSRS-6
are fitted to answers of yet another seed, whose intervals are partly random. Memories have
equations of their own (`_memories.py`); students, and so the answers, differ between seeds, and
the cards are the same deck.

Students review on whole days, all that is due, and an answer is right with P(recall).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from _memories import MEMORIES, Deck, Remembering
from _record import circumstances, write
from _schedulers import SCHEDULERS, Scheduler
from numpy.typing import NDArray

from adaptlearn.models.memory import FSRS, HalfLifeRegression

NEW_A_DAY, DAYS_OF_NEW, FOLLOWED = 4, 60, 180
TARGET = 0.9
FIT, TUNE, FRESH = 1, 2, (3, 4, 5)  # seeds
STUDENTS = 30

Bools = NDArray[np.bool_]


class Outcome(NamedTuple):
    """What a schedule came to.

    Attributes
    ----------
    recalled : float
        The share of reviews whose answer was right.
    mean_recall : float
        P(recall) over all cards and days.
    reviews : float
        Per card, within the days it is followed.
    off_target : float
        How far P(recall) at reviews is from the target, on average: even a perfect mean can
        come from cards that are seen too soon and cards that are seen too late.
    """

    recalled: float
    mean_recall: float
    reviews: float
    off_target: float


class Answers(NamedTuple):
    """A log under way: columns by day."""

    student: list[NDArray[Any]]
    skill: list[NDArray[Any]]
    correct: list[NDArray[Any]]
    time: list[NDArray[Any]]

    def note(self, who: Bools, right: Bools, day: int) -> None:
        """Take in the day's answers of the pairs of student and card that are marked."""
        student, card = np.nonzero(who)
        self.student.append(student)
        self.skill.append(card)
        self.correct.append(right[who].astype(np.int64))
        self.time.append(np.full(len(student), day * 86400.0))

    def log(self) -> dict[str, NDArray[Any]]:
        """All of it."""
        return {name: np.concatenate(parts) for name, parts in self._asdict().items()}


def simulate(
    memory: Remembering,
    scheduler: Scheduler,
    rng: np.random.Generator,
    note: Callable[[Bools, Bools, int], None] = lambda *_: None,
) -> Outcome:
    """Let students learn and review."""
    shape = memory.shape
    begin = np.arange(shape[1]) // NEW_A_DAY
    due = np.full(shape, np.inf)
    n_reviews = n_right = n_days = 0
    recall_sum = off_sum = 0.0
    for day in range(DAYS_OF_NEW + FOLLOWED):
        followed = np.broadcast_to((begin < day) & (day <= begin + FOLLOWED), shape)
        recall = memory.recall(day)
        recall_sum += recall[followed].sum()
        n_days += int(followed.sum())
        new = np.broadcast_to(begin == day, shape)
        asked = followed & (due <= day)
        # A first answer is given at once after the lesson: what it tells is how well that went.
        right = rng.random(shape) < np.where(new, memory.at_first, recall)
        n_reviews += int(asked.sum())
        n_right += int(right[asked].sum())
        off_sum += float(np.abs(recall[asked] - TARGET).sum())
        memory.practise(new, asked, right, day)
        answered = new | asked
        note(answered, right, day)
        days = scheduler.next_days(new, answered, right, day)
        due[answered] = day + np.maximum(np.round(days[answered]), 1)
    return Outcome(
        n_right / n_reviews, recall_sum / n_days, n_reviews / due.size, off_sum / n_reviews
    )


def training_log(make: Callable[..., Remembering], deck: Deck, students: int) -> Any:
    """Answers under a Leitner box whose intervals are multiplied by random factors."""
    rng = np.random.default_rng(FIT)
    memory, answers = make(deck, students, rng), Answers([], [], [], [])
    boxes = SCHEDULERS["Leitner"].make(1.5, memory.shape, None)

    class Loose:
        def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Any:
            days = boxes.next_days(new, answered, right, day)
            return days * rng.lognormal(0, 0.7, days.shape)

    simulate(memory, Loose(), rng, answers.note)
    return answers.log()


def tuned(run: Callable[[float], Outcome], low: float, high: float, falls: bool) -> float:
    """The knob, between two, at which the share of recalled reviews is nearest to the target."""
    tried: dict[float, Outcome] = {}
    for _ in range(8):
        middle = float(np.sqrt(low * high))
        tried[middle] = run(middle)
        # `falls`: a larger knob means later reviews.
        if (tried[middle].recalled > TARGET) == falls:
            low = middle
        else:
            high = middle
    return min(tried, key=lambda knob: abs(tried[knob].recalled - TARGET))


def at_target(found: list[Outcome], beside: list[Outcome]) -> float:
    """Reviews per card at exactly the target, from outcomes at two knobs, in logarithms."""
    ends = [
        (np.mean([one.recalled for one in some]), np.log(np.mean([one.reviews for one in some])))
        for some in (found, beside)
    ]
    (x, y), (other, end) = ends
    return float(np.exp(y + (TARGET - x) * (end - y) / (other - x)))


def compare(name: str, students: int, seeds: tuple[int, ...]) -> dict[str, Any]:
    """All schedulers on one simulated memory."""
    make = MEMORIES[name]
    deck = Deck.drawn(NEW_A_DAY * DAYS_OF_NEW, np.random.default_rng(0))
    log = training_log(make, deck, students)
    fitted = {
        "half-life": HalfLifeRegression(card="skill", guess=0, slip=0).fit(log),
        "FSRS-6": FSRS(card="skill", guess=0, slip=0).fit(log),
    }

    def run(scheduler: str, knob: float, seed: int) -> Outcome:
        rng = np.random.default_rng(seed)
        memory = make(deck, students, rng)
        own = SCHEDULERS[scheduler].make(knob, memory.shape, fitted.get(scheduler))
        return simulate(memory, own, rng)

    rows = {}
    for scheduler, row in SCHEDULERS.items():
        begin = time.perf_counter()
        knob = tuned(lambda k, s=scheduler: run(s, k, TUNE), row.low, row.high, row.falls)  # type: ignore[misc]
        found = [run(scheduler, knob, seed) for seed in seeds]
        # Another knob, at which some more is recalled, to tell what a point of recall costs.
        other = knob * 0.8 if row.falls else 1 - (1 - knob) * 0.8
        beside = [run(scheduler, other, seed) for seed in seeds]
        rows[scheduler] = {
            "knob": knob,
            "reviews_at_target": at_target(found, beside),
            **{field: [getattr(outcome, field) for outcome in found] for field in Outcome._fields},
        }
        print_row(scheduler, row.knob, rows[scheduler], time.perf_counter() - begin)
    n = len(log["correct"])
    return {"training_answers": n, "training_recalled": log["correct"].mean(), "schedulers": rows}


def print_row(name: str, knob: str, row: dict[str, Any], seconds: float) -> None:
    recalled, recall, reviews, off = (np.mean(row[field]) for field in Outcome._fields)
    print(
        f"  {name:15} {knob:>10} {row['knob']:6.3g}   recalled {recalled:.3f}   "
        f"mean recall {recall:.3f}   off target {off:.3f}   reviews per card {reviews:5.2f}, "
        f"at the target {row['reviews_at_target']:5.2f}   {seconds:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=MEMORIES)
    options = parser.parse_args()
    students, seeds = (8, FRESH[:1]) if options.quick else (STUDENTS, FRESH)
    result: dict[str, Any] = {
        "students": students,
        "cards": NEW_A_DAY * DAYS_OF_NEW,
        "new_a_day": NEW_A_DAY,
        "days": FOLLOWED,
        "target": TARGET,
        "memories": {},
    }
    for name in [options.only] if options.only else MEMORIES:
        print(name, flush=True)
        result["memories"][name] = compare(name, students, seeds)
    if not options.quick and not options.only:
        print(write("reviews.json", {**circumstances(["numpy", "scipy"]), **result}))


if __name__ == "__main__":
    main()
