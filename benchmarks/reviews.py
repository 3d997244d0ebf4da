"""How many reviews schedulers need to keep what was learnt.

    python benchmarks/reviews.py            three simulated memories, six classes: 20 minutes
    python benchmarks/reviews.py --quick    a few students and two classes; writes nothing

Prints a table for each memory and writes results/reviews.json. Students learn so many new cards a
day for 60 days; every card is followed for 180 days from then. They review on whole days, all that
is due, and an answer is right with P(recall). Memories have equations of their own
(`_memories.py`).

A class is a deck of cards and three groups of students. The first answers under a Leitner box whose
intervals are multiplied by random factors. On that log, models of memory are compared by the log
loss of students held out, and the better one is fitted. The second group reviews when
`ReviewSchedule` over it says so. Then the models are fitted to the answers of both, and the third
group is what schedulers are compared on: the same students for all, with the same luck.

Each scheduler has one knob. But for the library's own, which is asked for 0.9 and gets no tuning,
it is set on a class that is looked at for nothing else, so that the share of reviews that are
recalled comes as near to 0.9 as it can. Because that share differs on other classes, every
scheduler also runs at eight knobs around it, and reviews per card are read off at exactly 0.9,
from the means over the classes. Intervals are of the jackknife over classes: they take in decks,
fits and students. The classes reported are the first that this design was run on to its end: it was
tried out on classes 3 to 5 and 31 to 38.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from _memories import MEMORIES, Deck, Remembering
from _record import circumstances, write
from _schedulers import LIBRARY, SCHEDULERS, Boxes, Scheduler, responses
from numpy.typing import NDArray
from scipy.stats import t as student_t

from adaptlearn.evaluation import cross_validate
from adaptlearn.models.memory import FSRS, HalfLifeRegression

NEW_A_DAY, DAYS_OF_NEW, FOLLOWED = 4, 60, 180
TARGET = 0.9
TUNE, QUICK, FRESH = 2, range(3, 5), range(51, 57)  # seeds of classes
FITTED_TO, COMPARED_ON = 40, 100  # students: in each of the first two groups, and in the third
AROUND = 1.12 ** np.arange(-4, 5)  # knobs, as multiples of the one that was set

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Log = dict[str, NDArray[Any]]


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


def simulate(
    memory: Remembering,
    scheduler: Scheduler,
    rng: np.random.Generator,
    note: Callable[[Bools, Bools, int], None] = lambda *_: None,
) -> Outcome:
    """Let students learn and review."""
    shape = memory.shape
    begin = np.arange(shape[1]) // NEW_A_DAY
    n_reviews = n_right = n_days = 0
    recall_sum = off_sum = 0.0
    for day in range(DAYS_OF_NEW + FOLLOWED):
        followed = np.broadcast_to((begin < day) & (day <= begin + FOLLOWED), shape)
        recall = memory.recall(day)
        recall_sum += recall[followed].sum()
        n_days += int(followed.sum())
        new = np.broadcast_to(begin == day, shape)
        asked = followed & scheduler.due(day)
        # A first answer is given at once after the lesson: what it tells is how well that went.
        right = rng.random(shape) < np.where(new, memory.at_first, recall)
        n_reviews += int(asked.sum())
        n_right += int(right[asked].sum())
        off_sum += float(np.abs(recall[asked] - TARGET).sum())
        memory.practise(new, asked, right, day)
        answered = new | asked
        note(answered, right, day)
        scheduler.note(new, answered, right, day)
    return Outcome(
        n_right / n_reviews,
        float(recall_sum / n_days),
        n_reviews / (shape[0] * shape[1]),
        off_sum / n_reviews,
    )


class Class:
    """A deck, and models of memory fitted to what its first two groups answered."""

    def __init__(self, memory: str, seed: int, students: int) -> None:
        self._make, self._seed = MEMORIES[memory], seed
        self._deck = Deck.drawn(NEW_A_DAY * DAYS_OF_NEW, np.random.default_rng([seed, 0]))
        models = {
            "half-life": HalfLifeRegression(card="skill", guess=0, slip=0),
            "FSRS-6": FSRS(card="skill", guess=0, slip=0),
        }
        first = self._log(1, students, lambda shape, rng: Boxes(1.5, shape, None, _spread(rng)))
        pooled = cross_validate(models, first, cv=2, n_bootstrap=0).pooled
        self.held_out = {name: float(found.log_loss.value) for name, found in pooled.items()}
        self.chosen = min(self.held_out, key=lambda name: self.held_out[name])
        begun = models[self.chosen].fit(first)
        make = SCHEDULERS[LIBRARY].make
        second = self._log(2, students, lambda shape, _: make(1 - TARGET, shape, begun))
        second["student"] += students
        self.log = {name: np.concatenate((first[name], second[name])) for name in first}
        self.models = {name: model.fit(self.log) for name, model in models.items()}
        self.models[LIBRARY] = self.models[self.chosen]

    def run(self, scheduler: str, knob: float, students: int) -> Outcome:
        """What a scheduler comes to with the third group."""
        rng = np.random.default_rng([self._seed, 3])
        memory = self._make(self._deck, students, rng)
        own = SCHEDULERS[scheduler].make(knob, memory.shape, self.models.get(scheduler))
        return simulate(memory, own, rng)

    def _log(self, group: int, students: int, make: Callable[..., Scheduler]) -> Log:
        rng = np.random.default_rng([self._seed, group])
        memory = self._make(self._deck, students, rng)
        days: list[Log] = []
        simulate(memory, make(memory.shape, rng), rng, lambda *day: days.append(responses(*day)))
        return {name: np.concatenate([day[name] for day in days]) for name in days[0]}


def _spread(rng: np.random.Generator) -> Callable[[tuple[int, ...]], Floats]:
    return lambda shape: rng.lognormal(0, 0.7, shape)


def tuned(run: Callable[[float], Outcome], low: float, high: float) -> float:
    """The knob, between two, at which the share of recalled reviews is nearest to the target."""
    tried: dict[float, float] = {}
    for _ in range(9):
        middle = float(np.sqrt(low * high))
        tried[middle] = run(middle).recalled
        low, high = (middle, high) if tried[middle] > TARGET else (low, middle)
    return min(tried, key=lambda knob: abs(tried[knob] - TARGET))


def at_target(recalled: Floats, reviews: Floats) -> float:
    """The logarithm of reviews per card at exactly the target.

    Both arrays are of shape (n_classes, n_knobs). Days are whole, so that at some knobs many
    intervals change at once: the logarithm is a parabola of recall through all knobs, whichever
    side of such a step the one that was set fell on.
    """
    share, number = recalled.mean(axis=0) - TARGET, np.log(reviews.mean(axis=0))
    assert share.min() < 0 < share.max(), share
    return float(np.polyfit(share, number, 2)[-1])


def jackknife(statistic: Callable[[NDArray[np.intp]], float], n: int) -> tuple[float, float, float]:
    """A statistic of n classes, and its 95% interval from leaving each of them out."""
    every = np.arange(n)
    without = np.array([statistic(np.delete(every, k)) for k in every])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    found, wide = statistic(every), student_t.ppf(0.975, n - 1) * error
    return found, float(found - wide), float(found + wide)


def compare(name: str, seeds: range, students: tuple[int, int]) -> dict[str, Any]:
    """All schedulers on one simulated memory."""
    begin = time.perf_counter()
    to_tune = Class(name, TUNE, students[0])
    classes = [Class(name, seed, students[0]) for seed in seeds]
    print(f"  fitted in {time.perf_counter() - begin:.0f} s", flush=True)
    rows: dict[str, Any] = {}
    for scheduler, row in SCHEDULERS.items():
        knob = 1 - TARGET
        if scheduler != LIBRARY:
            run = lambda knob, s=scheduler: to_tune.run(s, knob, students[1])  # noqa: E731
            knob = tuned(run, row.low, row.high)
        found = [[one.run(scheduler, k, students[1]) for k in knob * AROUND] for one in classes]
        rows[scheduler] = {
            "knob": knob,
            **{
                field: np.array([[getattr(outcome, field) for outcome in some] for some in found])
                for field in Outcome._fields
            },
        }
        print_row(scheduler, row.knob, rows[scheduler])
    for scheduler, outcome in rows.items():
        outcome.update(in_comparison(outcome, rows[LIBRARY]))
        few, low, high = (100 * value for value in outcome["against_library"])
        print(
            f"  {scheduler:15} at the target {outcome['reviews_at_target'][0]:6.2f} reviews per "
            f"card, {few:+5.1f}% [{low:+.1f}, {high:+.1f}] against the library's",
            flush=True,
        )
    for outcome in rows.values():
        outcome.update({field: outcome[field].tolist() for field in Outcome._fields})
    return {
        "training_answers": [len(one.log["correct"]) for one in classes],
        "held_out_log_loss": [one.held_out for one in classes],
        "chosen": [one.chosen for one in classes],
        "seconds": time.perf_counter() - begin,
        "schedulers": rows,
    }


def in_comparison(row: dict[str, Any], library: dict[str, Any]) -> dict[str, Any]:
    """Reviews at the target, the difference from the library's as a share, and the recalled."""
    n, middle = len(row["recalled"]), len(AROUND) // 2

    def reviews(rows: NDArray[np.intp], of: dict[str, Any] = row) -> float:
        return at_target(of["recalled"][rows], of["reviews"][rows])

    return {
        "recalled_at_knob": jackknife(lambda rows: row["recalled"][rows, middle].mean(), n),
        "reviews_at_target": np.exp(jackknife(reviews, n)).tolist(),
        "against_library": np.expm1(
            jackknife(lambda rows: reviews(rows) - reviews(rows, library), n)
        ).tolist(),
    }


def print_row(name: str, knob: str, row: dict[str, Any]) -> None:
    middle = len(AROUND) // 2
    recalled, recall, reviews, off = (row[field][:, middle] for field in Outcome._fields)
    print(
        f"  {name:15} {knob:>10} {row['knob']:6.3g}   recalled {recalled.mean():.3f} "
        f"({recalled.min():.3f} to {recalled.max():.3f})   mean recall {recall.mean():.3f}   "
        f"off target {off.mean():.3f}   reviews per card {reviews.mean():5.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=MEMORIES)
    options = parser.parse_args()
    seeds, students = (QUICK, (8, 20)) if options.quick else (FRESH, (FITTED_TO, COMPARED_ON))
    result: dict[str, Any] = {
        "students": students,
        "classes": list(seeds),
        "cards": NEW_A_DAY * DAYS_OF_NEW,
        "new_a_day": NEW_A_DAY,
        "days": FOLLOWED,
        "target": TARGET,
        "knobs_as_multiples": AROUND.tolist(),
        "memories": {},
    }
    for name in [options.only] if options.only else MEMORIES:
        print(name, flush=True)
        result["memories"][name] = compare(name, seeds, students)
    if not options.quick and not options.only:
        print(write("reviews.json", {**circumstances(["numpy", "scipy"]), **result}))


if __name__ == "__main__":
    main()
