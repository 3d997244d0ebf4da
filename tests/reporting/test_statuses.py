"""The five words: what changes a status, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptlearn.reporting import Status
from adaptlearn.reporting.statuses import Steps, followed

LEVELS = {"low": 0.3, "near": 0.7, "high": 0.97}
NEARLY, MASTERED = 0.6, 0.9


def statuses(levels: list[float], before: float = 0.1) -> list[Status]:
    """The status after each answer; the last entry of `levels` is the last answer."""
    found = []
    for n in range(len(levels) + 1):
        after = np.array(levels[:n])
        start = np.array([before, *levels])[:n]
        up = Steps(np.full(n, NEARLY), np.full(n, MASTERED))
        down = Steps(np.full(n, 0.4), np.full(n, 0.8))
        pair = np.zeros(n, np.int64)
        found.append(Status(followed(pair, start, after, up=up, down=down, n_pairs=1)[0]))
    return found


def words(*levels: str) -> list[str]:
    return [status.word for status in statuses([LEVELS[level] for level in levels])]


def test_a_way_up_takes_two_answers_for_each_step() -> None:
    assert words("low", "low", "near", "near", "high", "high") == [
        "not begun", "not begun", "learning", "learning", "nearly", "nearly", "mastered",
    ]  # fmt: skip


def test_one_slip_takes_nothing_away() -> None:
    assert set(words("high", "high", "low", "high", "low", "high")[2:]) == {"mastered"}


def test_mastered_becomes_due_and_is_lost_only_if_the_review_fails() -> None:
    known = ["high", "high", "low", "low"]
    assert words(*known)[-1] == "due for review"
    assert words(*known, "low")[-1] == "due for review"
    assert words(*known, "low", "low")[-1] == "learning"
    assert words(*known, "high", "high")[-1] == "mastered"
    assert words(*known, "low", "high")[-1] == "due for review"


@given(st.lists(st.floats(0, 1), max_size=14), st.floats(0, 1))
def test_no_status_changes_on_a_single_answer(levels: list[float], before: float) -> None:
    found = statuses(levels, before)
    if before >= MASTERED and levels:  # placed: it counts from the first answer on
        found[0] = found[1]
    changes = [at for at in range(1, len(found)) if found[at] != found[at - 1]]
    assert all(later - earlier >= 2 for earlier, later in zip([0, *changes], changes, strict=False))
    for at in changes:  # both of the last two answers speak for it
        two = levels[at - 2 : at]
        if found[at] in (Status.NEARLY, Status.MASTERED) and found[at] > found[at - 1]:
            assert min(two) >= (MASTERED if found[at] == Status.MASTERED else NEARLY)
        elif found[at - 1] >= Status.MASTERED and found[at] != Status.MASTERED:
            assert max(two) < 0.8


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=60))
def test_pairs_do_not_touch_each_other(answers: list[tuple[int, float]]) -> None:
    pair = np.array([one for one, _ in answers])
    after = np.array([level for _, level in answers])
    n = len(after)
    steps = Steps(np.full(n, NEARLY), np.full(n, MASTERED))
    together = followed(pair, after, after, up=steps, down=steps, n_pairs=6)
    for one in range(6):
        own = after[pair == one]
        part = Steps(np.full(len(own), NEARLY), np.full(len(own), MASTERED))
        zeros = np.zeros(len(own), np.int64)
        assert together[one] == followed(zeros, own, own, up=part, down=part, n_pairs=1)[0]


@pytest.mark.parametrize("status", Status)
def test_each_status_has_a_letter_and_a_shape_of_its_own(status: Status) -> None:
    assert [one.letter for one in Status].count(status.letter) == 1
    assert [one.shape for one in Status].count(status.shape) == 1
