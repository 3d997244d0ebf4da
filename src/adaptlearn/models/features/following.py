"""Counters along all answers of a log at once: what they count level by level, to the last bit.

A level of few answers costs what one of hundreds does; so a student who has given many more than
all others is counted like this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from adaptlearn.models.features.counters import (
    BINS,
    DECAYS,
    LIVES,
    RECENT,
    RESIDUAL_DECAYS,
    WINDOWS,
    Answers,
    bins_of,
    look_window,
    recent_code,
    step_of,
)
from adaptlearn.models.sequential.chains import Chains, faded, latest, summed
from adaptlearn.numerics import Bools, Floats, Ints, bounds_of

Follow = Callable[[Floats, Chains, Answers], Floats]
"""From a holder's rows, its chains and all responses of a log to the counter's columns before each
response, shape (n, n_columns); the rows take what the log leaves."""

_FEW = 16  # chains of which each is followed alone


def _tally(rows: Floats, chains: Chains, new: Answers) -> Floats:
    answers = summed(rows[:, 0], chains, np.ones(len(new.correct)))
    return np.stack((answers, summed(rows[:, 1], chains, new.correct)), axis=1)


def _faded(rows: Floats, chains: Chains, values: Floats, decays: Floats) -> Floats:
    """A column for each decay."""
    columns = [
        faded(rows[:, place], chains, values, decay) for place, decay in enumerate(decays.tolist())
    ]
    return np.stack(columns, axis=1)


def _decayed(rows: Floats, chains: Chains, new: Answers) -> Floats:
    return _faded(rows, chains, new.correct, DECAYS)


def _residual(rows: Floats, chains: Chains, new: Answers) -> Floats:
    return _faded(rows, chains, new.correct - new.expected, np.append(1.0, RESIDUAL_DECAYS))


def _firsts(rows: Floats, chains: Chains, new: Answers) -> Floats:
    assert new.first is not None
    surprise = new.correct - new.expected
    begun = (new.first, new.first * new.correct, new.first * surprise, ~new.first * surprise)
    # Not `summed`: sums of fractions depend on their order.
    return faded(rows, chains, np.stack(begun, axis=1).astype(np.float64), 1.0)


def _last(rows: Floats, chains: Chains, new: Answers) -> Floats:
    item = latest(rows[:, 0], chains, new.item + 1)
    return np.stack((item, latest(rows[:, 1], chains, new.skill + 1)), axis=1)


def _stretches(begins: Bools) -> tuple[Floats, Ints]:
    """Of each place how long its stretch is until there, and where the stretch begins."""
    place = np.arange(len(begins))
    start = np.maximum.accumulate(np.where(begins, place, 0))
    return (place - start + 1).astype(np.float64), start


def _of_rows(chains: Chains, values: Floats) -> Floats:
    """Values chain by chain, as values by response."""
    found = np.zeros(len(chains.chain))
    found[chains.rows] = values
    return found


def _run(rows: Floats, chains: Chains, new: Answers) -> Floats:
    at = chains.rows
    right, first = new.correct[at] > 0, chains.before[at] == 0
    begins = first.copy()
    begins[1:] |= right[1:] != right[:-1]
    length, start = _stretches(begins)
    # A chain's first run goes on from the one that is remembered, if it is of the same kind.
    held = rows[chains.chain[at], 0]
    length += np.where(right, np.maximum(held, 0), -np.minimum(held, 0)) * first[start]
    run = np.where(right, length, -length)
    return latest(rows[:, 0], chains, _of_rows(chains, run))[:, None]


def _recent(rows: Floats, chains: Chains, new: Answers) -> Floats:
    correct = chains.laid(rows[:, :1], new.correct)
    code = correct.copy()
    levels, _ = chains.passes(1, min(chains.n_wide(1), RECENT))
    for here in levels:
        code[here] = recent_code(code[here - 1], correct[here])
    places = chains.places(1)
    later = places[chains.before[chains.rows] >= RECENT]
    code[later] = 2**RECENT + sum(correct[later - back] * 2**back for back in range(RECENT))
    return latest(rows[:, 0], chains, _of_rows(chains, code[places]))[:, None]


def _series(rows: Floats, chains: Chains, new: Answers) -> Floats:
    at = chains.rows
    chain, first, place = chains.chain[at], chains.before[at] == 0, new.place[at]
    before = np.where(first, rows[chain, 1], np.append(0.0, place[:-1] + 1))
    following = (before == place) & (place > 0)
    length, start = _stretches(first | ~following)
    length += rows[chain, 0] * (first & following)[start]
    series = latest(rows[:, 0], chains, _of_rows(chains, length))
    return np.stack((series, latest(rows[:, 1], chains, new.place + 1)), axis=1)


def _rating(rows: Floats, chains: Chains, new: Answers) -> Floats:
    count = summed(rows[:, 1], chains, np.ones(len(new.correct)))
    none = np.zeros((len(rows), 1))
    odds, step, correct = (
        chains.laid(none, values)
        for values in (new.expected / (1 - new.expected), step_of(count), new.correct)
    )
    rating = chains.laid(rows[:, :1], np.zeros(len(new.correct)))
    levels, rest = chains.passes(1, chains.n_wide(_FEW))
    for here in levels:
        held = rating[here - 1]
        own = odds[here] * np.exp(held)
        rating[here] = held + step[here] * (correct[here] - own / (1 + own))
    for part in rest:
        value, found = float(rating[part.start - 1]), []
        parts = (values[part].tolist() for values in (odds, step, correct))
        for of_others, by, answer in zip(*parts, strict=True):
            # NumPy's exp, not math's: the same bits as among many.
            mine = of_others * float(np.exp(value))
            value += by * (answer - mine / (1 + mine))
            found.append(value)
        rating[part] = found
    values = _of_rows(chains, rating[chains.places(1)])
    return np.stack((latest(rows[:, 0], chains, values), count), axis=1)


def _clock(rows: Floats, chains: Chains, new: Answers) -> Floats:
    assert new.time is not None
    met = (chains.before > 0) | (rows[chains.chain, 1] > 0)
    last = latest(rows[:, 0], chains, new.time)
    rows[chains.lengths > 0, 1] = 1
    return np.where(met, new.time - last, np.nan)[:, None]


def _fading(rows: Floats, chains: Chains, new: Answers) -> Floats:
    assert new.time is not None
    last = latest(rows[:, 0], chains, new.time)
    kept = np.exp(-np.maximum(new.time - last, 0)[:, None] / LIVES)
    kept = np.repeat(kept, 2, axis=1)
    added = np.tile(np.stack((np.ones(len(last)), new.correct), axis=1), len(LIVES))
    counts = chains.laid(rows[:, None, 1:], added)
    fades = chains.laid(np.ones((len(rows), 1, kept.shape[1])), kept)
    levels, rest = chains.passes(1, chains.n_wide(_FEW))
    for here in levels:
        counts[here] += counts[here - 1] * fades[here]
    for part in rest:
        before = counts[part.start - 1]
        for now, fade in zip(counts[part], fades[part], strict=True):
            now += before * fade  # noqa: PLW2901 - a view, which is filled in
            before = now
    starts = chains.starts(1)
    rows[:, 1:] = counts[starts[1:] - 1]
    return np.asarray(counts[starts[chains.chain] + chains.before] * kept)


def _window(rows: Floats, chains: Chains, new: Answers) -> Floats:
    assert new.time is not None
    ring = rows.reshape(len(rows), len(WINDOWS), BINS, 3)
    bins, at = bins_of(new.time)[..., 0], chains.rows
    chain, first = chains.chain[at], chains.before[at] == 0
    right = bounds_of(new.correct[at].astype(np.int64))
    here = chains.starts(0)[chains.chain] + chains.before
    found = np.zeros((len(bins), len(WINDOWS), 2))
    # A state refuses answers that are older than what it has seen: none of these can have put
    # out of the ring what is still inside a window.
    held = np.flatnonzero((ring[..., 1].sum(axis=(1, 2)) > 0)[chains.chain])
    counted = look_window(rows[chains.chain[held]], new.time[held])
    found[held] = counted.reshape(len(held), len(WINDOWS), 2)
    for place in range(len(WINDOWS)):
        own = bins[:, place]
        distinct = np.unique(own)
        oldest = np.searchsorted(distinct, own - (BINS - 1))
        # Bins ascend along a chain: those of a window are the last ones before a response.
        size = len(distinct) + 1
        keys = chain * size + np.searchsorted(distinct, own[at])
        since = np.searchsorted(keys, chains.chain * size + oldest)
        found[:, place, 0] += here - since
        found[:, place, 1] += right[here] - right[since]
        _fill(ring[:, place], chain, first, own[at], right)
    return found.reshape(len(bins), -1)


def _fill(ring: Floats, chain: Ints, first: Bools, bins: Floats, right: Ints) -> None:
    """Put the last answers of each slot of a window's ring into it."""
    if not len(bins):
        return
    begins = first.copy()
    begins[1:] |= bins[1:] != bins[:-1]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(bins))
    whose, now = chain[starts], bins[starts]
    slot = (now % BINS).astype(np.int64)
    held = ring[whose, slot]
    held[held[:, 0] != now] = 0
    held[:, 0] = now
    held[:, 1] += ends - starts
    held[:, 2] += right[ends] - right[starts]
    # The last one of a slot stays: of places that repeat, NumPy keeps the last value.
    ring[whose, slot] = held


FOLLOW: Mapping[str, Follow] = {
    "tally": _tally,
    "decayed": _decayed,
    "run": _run,
    "recent": _recent,
    "series": _series,
    "residual": _residual,
    "rating": _rating,
    "last": _last,
    "firsts": _firsts,
    "clock": _clock,
    "window": _window,
    "fading": _fading,
}
"""By the name of the counter in `COUNTERS`."""
