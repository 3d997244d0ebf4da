"""Lessons that cannot be among the best are left out, and nothing of a decision changes by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.sequencing import Goals
from adaptlearn.sequencing.knowledge import Anything
from adaptlearn.sequencing.policies import Greedy, PricedMastery, WeightedPolicy
from adaptlearn.sequencing.policies.shortlist import counts_of

N_SKILLS, N_STUDENTS = 100, 70


class Plain(Greedy):
    """Greedy, and looks at every candidate: shortlists are for `Greedy` itself."""


def school() -> Curriculum:
    rng = np.random.default_rng(0)
    lessons = [
        {
            "lesson": f"lesson {place}",
            "skills": sorted({place % N_SKILLS, *rng.integers(N_SKILLS, size=place % 3).tolist()}),
            "minutes": float(rng.integers(2, 9)),
            "kind": "elective" if place % 17 == 0 else "instruction",
        }
        for place in range(230)
    ]
    before = [[skill - 1, skill] for skill in range(1, N_SKILLS)]
    return Curriculum.from_dict(
        {"skills": list(range(N_SKILLS)), "prerequisites": before, "lessons": lessons}
    )


SCHOOL = school()


class Answered(FakeTracker):
    """The first four students are stuck on a skill."""

    def counts(self, students: Any) -> NDArray[np.int64]:
        counts = super().counts(students)
        counts[np.asarray(students) < 4, 50] = 12
        return counts


def tracker() -> FakeTracker:
    rng = np.random.default_rng(1)
    known = rng.choice([0.05, 0.3, 0.3, 0.6, 0.9, 0.99], (N_STUDENTS, N_SKILLS))
    known[:4, 50] = 0.01
    return Answered(SCHOOL.skills.tolist(), known)


def decided(policy: WeightedPolicy, **options: Any) -> Any:
    made = Sequencer(SCHOOL, tracker(), policy, random_state=0, **options)
    return made.recommend(range(N_STUDENTS)).arrays


GOALS = Goals(SCHOOL, {0: [99], 5: {60: 3.0, 7: 0.2}, 6: [2]})
DONE = {9: ["lesson 3", "lesson 4"], 10: {"lesson 12": 2}}


@pytest.mark.parametrize(
    "options",
    [{}, {"goals": GOALS}, {"lessons_done": DONE}, {"runners_up": 0}, {"runners_up": 50}],
    ids=str,
)
@pytest.mark.parametrize(("ready", "order"), [(0, "gain"), (0, "curriculum"), (0.02, "gain")])
def test_decisions_are_those_of_all_candidates(
    ready: float, order: Any, options: dict[str, Any]
) -> None:
    mine, all_looked_at = (
        decided(PricedMastery(ready=ready, order=order, chooser=chooser), **options)
        for chooser in ("greedy", Plain())
    )
    for name, ours, theirs in zip(mine._fields, mine, all_looked_at, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_most_candidates_are_left_out_but_counted() -> None:
    policy = PricedMastery(ready=0.02)  # without any gate, nobody counts as stuck
    context = Sequencer(SCHOOL, tracker(), policy).context(range(N_STUDENTS))
    few, every = policy.shortlist(context, 4), policy.candidates(context)
    assert len(few) < len(every) / 4
    assert few.left_out is not None
    np.testing.assert_array_equal(np.diff(few.bounds) + few.left_out, np.diff(every.bounds))
    # More than scores decides about students who are stuck on something.
    assert few.left_out[:4].tolist() == [0, 0, 0, 0]


def test_equal_scores_bring_all_candidates_back() -> None:
    # A weight so small that it is lost in rounding: all lessons of a skill score the same.
    policy = PricedMastery(ready=0)
    policy.scorers["fixed_order"] = 1e-300
    plain = PricedMastery(ready=0, chooser=Plain())
    plain.scorers["fixed_order"] = 1e-300
    mine, all_looked_at = decided(policy), decided(plain)
    assert mine.n_tied.max() > 1
    for name, ours, theirs in zip(mine._fields, mine, all_looked_at, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_one_student_alone_is_decided_as_in_a_block() -> None:
    block = decided(PricedMastery(ready=0))
    made = Sequencer(SCHOOL, tracker(), PricedMastery(ready=0), random_state=0)
    for student in (0, 5, 33):
        alone = made.recommend(student).arrays
        for name in ("lesson", "score", "n_candidates", "n_tied", "propensity"):
            assert getattr(alone, name)[0] == getattr(block, name)[student]


@pytest.mark.parametrize(
    ("more", "settings"), [({"demand": 0.2}, {}), ({}, {"gain_per_minute": {"n_items": 5.0}})]
)
def test_a_scorer_without_a_bound_sees_every_candidate(more: Any, settings: Any) -> None:
    scorers = {"gain_per_minute": 1.0, "fixed_order": 0.1, **more}
    policy = WeightedPolicy(scorers, settings=settings, ready=Anything())
    context = Sequencer(SCHOOL, tracker(), policy).context(range(N_STUDENTS))
    assert policy.shortlist(context, 4).left_out is None


def test_bits_are_counted_by_student() -> None:
    marks = np.random.default_rng(2).random((700, 21)) < 0.9
    bits = np.packbits(marks, axis=1)
    np.testing.assert_array_equal(counts_of(bits, 21), marks.sum(axis=0))
