"""What a review would do to memory, against models that are given its answers."""

from __future__ import annotations

import numpy as np
import pytest

from adaptlearn import MasteryTracker
from adaptlearn.errors import StateError
from adaptlearn.models import BKT
from adaptlearn.models.memory import FSRS, HalfLifeRegression

DAY = 86400.0


def some_log(n_students=30):
    rng = np.random.default_rng(5)
    days = np.array([0, 1, 4, 9, 20])
    return {
        "student": np.repeat(np.arange(n_students), 10),
        "skill": np.tile(np.repeat(["add", "draw"], 5), n_students),
        "correct": (rng.random(10 * n_students) < 0.8).astype(int),
        "time": np.tile(np.tile(days, 2) * DAY, n_students) + np.tile(np.arange(10), n_students),
    }


@pytest.mark.parametrize("make", [HalfLifeRegression, FSRS])
@pytest.mark.parametrize("n_answers", [1, 3])
def test_it_is_the_mean_over_a_right_and_a_wrong_first_answer(make, n_answers):
    log = some_log()
    model = make(card="skill", guess=0.1, slip=0.05).fit(log)
    now, later = 35 * DAY, 30 * DAY
    tracker = MasteryTracker(model).update(log)
    found = tracker.recall_after_review([3], ["add"], now, later=later, n_answers=n_answers)[0, 0]
    recall = tracker.recall([3], ["add"], now)[0, 0]
    p_correct = 0.1 + 0.85 * recall
    expected = 0.0
    for first, chance in ((1, p_correct), (0, 1 - p_correct)):
        one = MasteryTracker(model).update(log)
        answers = [first, *[1] * (n_answers - 1)]
        one.update({"student": [3] * n_answers, "skill": ["add"] * n_answers,
                    "correct": answers, "time": now + 1e-3 * np.arange(n_answers)})  # fmt: skip
        expected += chance * one.recall([3], ["add"], now + later)[0, 0]
    assert found == pytest.approx(expected, abs=1e-8)
    assert tracker.recall([3], ["add"], now)[0, 0] == recall  # nothing has changed


def test_a_table_has_nan_for_what_was_never_practised():
    model = HalfLifeRegression(card="skill").fit(some_log())
    log = {name: column[:8] for name, column in some_log().items()}
    tracker = MasteryTracker(model).update(log)
    found = tracker.recall_after_review([0, 99], ["add", "draw", "new"], 40 * DAY, later=DAY)
    assert np.isnan(found).tolist() == [[False, False, True], [True] * 3]
    with pytest.raises(StateError, match="after the time"):
        tracker.recall_after_review([0], ["add"], 1.0, later=DAY)
    known = BKT.from_parameters(
        {"skill": ["add"], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    )
    with pytest.raises(StateError, match="use a model of memory"):
        MasteryTracker(known).recall_after_review([0], ["add"], DAY, later=DAY)
