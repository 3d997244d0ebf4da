"""Whether due reviews pile up over a year, with and without the scorer `backlog`.

    python benchmarks/backlog.py      two minutes; into results/backlog.json

Students take six lessons a day, which the preset "balanced" chooses, with and without `backlog`. A
lesson teaches one skill, which then counts as mastered; from then on the memories of reviews.py
(`_memories.py`) say how well it is recalled. The schedule knows P(recall) exactly, so only the
policies differ. Prints the table of docs/review.md.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
import page
from _memories import MEMORIES, Deck
from _record import circumstances, write
from numpy.typing import NDArray

from adaptlearn import Curriculum, Sequencer
from adaptlearn.sequencing import ReviewSchedule, WeightedPolicy, preset

SKILLS, STUDENTS, DAYS, LESSONS_A_DAY, SEED = 2200, 10, 360, 6, 0
DAY = 86400.0

Floats = NDArray[np.float64]


class Mastery(NamedTuple):
    """P(known) of students."""

    skills: NDArray[np.int64]
    value: Floats
    kind: str


class Class:
    """Students as the sequencer sees them: it knows what they were taught and what they recall."""

    fingerprint = "simulated"

    def __init__(self, memory: str) -> None:
        self.skills, self.students = np.arange(SKILLS), np.arange(STUDENTS)
        deck = Deck.drawn(SKILLS, np.random.default_rng([SEED, 0]))
        self._rng = np.random.default_rng([SEED, 1])
        self._memory = MEMORIES[memory](deck, STUDENTS, self._rng)
        self._taught = np.zeros((STUDENTS, SKILLS), bool)
        self._recall = np.ones((STUDENTS, SKILLS))

    def mastery(self, students: Any) -> Mastery:
        """What was taught is known."""
        return Mastery(self.skills, np.where(self._taught[list(students)], 0.97, 0.1), "latent")

    def counts(self, students: Any) -> NDArray[np.int64]:
        """One answer on each skill that was taught."""
        return self._taught[list(students)].astype(np.int64)

    def recall(self, students: Any, *_: Any) -> Floats:
        """P(recall) of this morning, of all skills."""
        rows = list(students)
        return np.where(self._taught[rows], self._recall[rows], np.nan)

    def wake(self, day: int) -> None:
        """P(recall) of this morning; it holds all day."""
        self._recall = self._memory.recall(day)

    def practise(self, given: NDArray[np.bool_], day: int) -> NDArray[np.int64]:
        """Lessons on skills; how many of each student's were new."""
        new, asked = given & ~self._taught, given & self._taught
        chance = np.where(new, self._memory.at_first, self._recall)
        self._memory.practise(new, asked, self._rng.random(given.shape) < chance, day)
        self._taught |= given
        return new.sum(axis=1)


def a_year(memory: str, policy: WeightedPolicy) -> dict[str, Any]:
    """Skills due in the morning and new lessons a day, by 60 days; the most due of one student."""
    here = Class(memory)
    curriculum = Curriculum.from_dict({"skills": here.skills.tolist()})
    sequencer = Sequencer(curriculum, here, policy, review=ReviewSchedule(here), random_state=SEED)
    everyone = here.students.tolist()
    due, new = np.zeros((2, DAYS, STUDENTS))
    for day in range(DAYS):
        here.wake(day)
        now = day * DAY
        due[day] = (sequencer.context(everyone, now=now).urgency > 0).sum(axis=1)
        given = np.zeros((STUDENTS, SKILLS), bool)
        for decision in sequencer.recommend(everyone, n=LESSONS_A_DAY, now=now):
            given[decision.student, decision.lesson] = True
        new[day] = here.practise(given, day)
    return {
        "due": due.reshape(-1, 60 * STUDENTS).mean(axis=1).tolist(),
        "new_lessons_a_day": new.reshape(-1, 60 * STUDENTS).mean(axis=1).tolist(),
        "most_due": int(due.max()),
        "most_taught": int(new.sum(axis=0).max()),
    }


def main() -> None:
    """Run, keep, print."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    begin = time.process_time()
    balanced = preset("balanced")
    scorers = {name: weight for name, weight in balanced.scorers.items() if name != "backlog"}
    policies = {
        '"balanced"': balanced,
        "without `backlog`": WeightedPolicy(scorers, pools=balanced.pools),
    }
    years = {
        memory: {name: a_year(memory, policy) for name, policy in policies.items()}
        for memory in MEMORIES
    }
    result = {
        "students": STUDENTS,
        "skills": SKILLS,
        "lessons_a_day": LESSONS_A_DAY,
        "seed": SEED,
        "cpu_seconds": time.process_time() - begin,
        "years": years,
    }
    print(write("backlog.json", {**circumstances(["numpy", "scipy"]), **result}))
    print(f"\n{page.PARTS['backlog']()}")


if __name__ == "__main__":
    main()
