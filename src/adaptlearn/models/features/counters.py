"""What is remembered of past answers, of whichever holder: student, student on a skill, on an item.

Each counter is a few numbers and the rule by which an answer changes them in O(1). All are 0
before anything was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints

DECAYS = np.array([0.5, 0.8, 0.95])
"""Weights of an answer relative to the next one, for recency-weighted proportions."""

RESIDUAL_DECAYS = np.array([0.7, 0.9, 0.98])

RECENT = 5
"""How many of the last outcomes are remembered one by one."""

HOUR, DAY = 3600.0, 86400.0
WINDOWS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
BINS = 6
"""A window is this many bins of equal length, the last of them not yet full."""

TIME_SCALES = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
"""Mean lives of exponentially forgotten answers."""


class Answers(NamedTuple):
    """Answers that are taken in together, one for each row of a holder's memory.

    Attributes
    ----------
    correct : float array, shape (n,)
        1 and 0.
    expected : float array, shape (n,)
        The share of other students that answers the item (without items, the skill) correctly.
    place : float array, shape (n,)
        How many answers the student had given before.
    skill, item : float arrays, shape (n,)
        Places; of several skills the first.
    time : float array, shape (n,), or None
        Seconds.
    first : bool array, shape (n,)
        Whether the student meets the skill for the first time; of several skills the first.
    """

    correct: Floats
    expected: Floats
    place: Floats
    skill: Floats
    item: Floats
    time: Floats | None
    first: Bools | None = None

    def take(self, rows: Ints) -> Answers:
        """Some of the rows, which may repeat."""
        columns: Any = (None if column is None else column[rows] for column in self)
        return Answers(*columns)


class Counter(NamedTuple):
    """A few numbers that are remembered together.

    Attributes
    ----------
    columns : tuple of str
        What a feature may ask for.
    learn : callable
        Takes answers into rows of `width` numbers, in place.
    width : int
    look : callable, optional
        From rows and the moment of the next answer to the columns; by default they are the rows.
    timed : bool
        Whether it needs a log with times.
    signed : bool
        Whether one of its numbers may be below 0.
    along : callable, optional
        From the rows of all holders, a log's chains, outcomes and times to the columns before
        each response; the rows take what the log leaves. As `look` and `learn` one by one.
    """

    columns: tuple[str, ...]
    learn: Callable[[Floats, Answers], None]
    width: int
    look: Callable[[Floats, Floats | None], Floats] | None = None
    timed: bool = False
    signed: bool = False
    along: Callable[[Floats, Any, Floats, Floats | None], Floats] | None = None


def _tally(rows: Floats, new: Answers) -> None:
    rows[:, 0] += 1
    rows[:, 1] += new.correct


def _decayed(rows: Floats, new: Answers) -> None:
    rows *= DECAYS
    rows += new.correct[:, None]


def _run(rows: Floats, new: Answers) -> None:
    run = rows[:, 0]
    run[:] = np.where(new.correct > 0, np.maximum(run, 0) + 1, np.minimum(run, 0) - 1)


def _recent(rows: Floats, new: Answers) -> None:
    rows[:, 0] = recent_code(rows[:, 0], new.correct)


def recent_code(code: Floats, correct: Floats) -> Floats:
    """The last outcomes with one more: bits, the latest last, behind a 1 that tells how many."""
    code = 2 * np.maximum(code, 1) + correct
    full = 2**RECENT
    return np.where(code >= 2 * full, full + code % full, code)


def _series(rows: Floats, new: Answers) -> None:
    following = (rows[:, 1] == new.place) & (new.place > 0)
    rows[:, 0] = np.where(following, rows[:, 0] + 1, 1)
    rows[:, 1] = new.place + 1


def _residual(rows: Floats, new: Answers) -> None:
    surprise = (new.correct - new.expected)[:, None]
    rows[:, 1:] *= RESIDUAL_DECAYS
    rows += surprise


def step_of(count: Floats) -> Floats:
    """How far a rating moves: the more, the less it rests on."""
    return 0.8 / (1 + 0.15 * count) + 0.08


def _rating(rows: Floats, new: Answers) -> None:
    rating, count = rows[:, 0], rows[:, 1]
    # A copy: NumPy may round the exponential of a strided column in one way or another. No answers
    # take a rating as far as the bound, but a forged state may hold anything.
    odds = new.expected / (1 - new.expected) * np.exp(np.minimum(rating, 600.0))
    rating += step_of(count) * (new.correct - odds / (1 + odds))
    count += 1


def _last(rows: Floats, new: Answers) -> None:
    rows[:, 0] = new.item + 1
    rows[:, 1] = new.skill + 1


def _firsts(rows: Floats, new: Answers) -> None:
    assert new.first is not None
    rows[:, 0] += new.first
    rows[:, 1] += new.first * new.correct
    rows[:, 2] += new.first * (new.correct - new.expected)
    rows[:, 3] += ~new.first * (new.correct - new.expected)


def _clock(rows: Floats, new: Answers) -> None:
    assert new.time is not None
    rows[:, 0] = new.time
    rows[:, 1] = 1


def _look_clock(rows: Floats, time: Floats | None) -> Floats:
    assert time is not None
    age: Floats = np.where(rows[:, 1] > 0, time - rows[:, 0], np.nan)
    return age[:, None]


_BIN_LENGTHS = np.array(list(WINDOWS.values()))[:, None] / BINS


def bins_of(time: Floats) -> Floats:
    """The bin of each window that a moment lies in, shape (n, n_windows, 1)."""
    return np.floor(time[:, None, None] / _BIN_LENGTHS)


def _window(rows: Floats, new: Answers) -> None:
    # A ring of bins for each window; each says which stretch of time it counts.
    assert new.time is not None
    ring = rows.reshape(len(rows), len(WINDOWS), BINS, 3)
    now = bins_of(new.time)
    slot = np.broadcast_to((now % BINS).astype(np.int64)[..., None], (*now.shape, 3))
    held = np.take_along_axis(ring, slot, axis=2)
    held[held[..., 0] != now] = 0
    held[..., 0] = now
    held[..., 1] += 1
    held[..., 2] += new.correct[:, None, None]
    np.put_along_axis(ring, slot, held, axis=2)


def look_window(rows: Floats, time: Floats | None) -> Floats:
    """The counts of each window before the next answer, shape (n, 2 * n_windows)."""
    assert time is not None
    ring = rows.reshape(len(rows), len(WINDOWS), BINS, 3)
    age = bins_of(time) - ring[..., 0]
    inside = (age >= 0) & (age < BINS)
    counts = np.einsum("nwb,nwbk->nwk", inside, ring[..., 1:])
    return np.asarray(counts.reshape(len(rows), 2 * len(WINDOWS)), np.float64)


LIVES = np.array(list(TIME_SCALES.values()))


def _fading(rows: Floats, new: Answers) -> None:
    assert new.time is not None
    rows[:, 1:] = _look_fading(rows, new.time)
    rows[:, 1::2] += 1
    rows[:, 2::2] += new.correct[:, None]
    rows[:, 0] = new.time


def _look_fading(rows: Floats, time: Floats | None) -> Floats:
    assert time is not None
    # Before the first answer the counts are 0, and what they fade by is no matter.
    kept = np.exp(-np.maximum(time - rows[:, 0], 0)[:, None] / LIVES)
    return np.asarray(rows[:, 1:] * np.repeat(kept, 2, axis=1))


def _pairs(prefix: str, names: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{kind}_{prefix}_{name}" for name in names for kind in ("answers", "right"))


# The order is that of the memory, and of learning.
COUNTERS: dict[str, Counter] = {
    "tally": Counter(("answers", "right"), _tally, 2),
    "decayed": Counter(tuple(f"right_{d:g}" for d in DECAYS), _decayed, len(DECAYS)),
    "run": Counter(("run",), _run, 1, signed=True),
    "recent": Counter(("recent",), _recent, 1),
    "series": Counter(("series", "place"), _series, 2),
    "residual": Counter(
        ("residual", *(f"residual_{d:g}" for d in RESIDUAL_DECAYS)),
        _residual,
        1 + len(RESIDUAL_DECAYS),
        signed=True,
    ),
    "rating": Counter(("rating", "rated"), _rating, 2, signed=True),
    "last": Counter(("last_item", "last_skill"), _last, 2),
    "firsts": Counter(
        ("begun", "begun_right", "begun_residual", "later_residual"), _firsts, 4, signed=True
    ),
    "clock": Counter(("age",), _clock, 2, _look_clock, timed=True, signed=True),
    "window": Counter(
        _pairs("within", WINDOWS),
        _window,
        3 * BINS * len(WINDOWS),
        look_window,
        timed=True,
        signed=True,
    ),
    "fading": Counter(
        _pairs("fading", TIME_SCALES),
        _fading,
        1 + 2 * len(TIME_SCALES),
        _look_fading,
        timed=True,
        signed=True,
    ),
}
COUNTER_OF = {column: name for name, one in COUNTERS.items() for column in one.columns}
