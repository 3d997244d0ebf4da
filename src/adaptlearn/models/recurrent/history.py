"""What a student did on this skill and this item before, as numbers the logit is linear in."""

from __future__ import annotations

import numpy as np

from adaptlearn.models.sequential.chains import Chains, faded, latest
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level, Memory, level_of
from adaptlearn.numerics import Floats

SKILL_DECAYS = np.array([0.5, 0.8, 0.95, 1.0])
"""Per answer on the skill. The last counts all of them."""
ITEM_DECAY = 0.7
"""Per answer on the item."""

_N = len(SKILL_DECAYS)
PAIR_WIDTH = 2 * _N + 1  # wins and losses by decay; the student's answers up to the last one
ITEM_WIDTH = 2  # wins and losses
HISTORY_NAMES = (
    *(f"wins, decay {decay:g}" for decay in SKILL_DECAYS[:-1]),
    *(f"losses, decay {decay:g}" for decay in SKILL_DECAYS[:-1]),
    "log wins",
    "log losses",
    "first on the skill",
    "log answers since the skill",
    "log answers",
    "wins on the item",
    "losses on the item",
)
N_HISTORY = len(HISTORY_NAMES)


def look_history(level: Level, memory: Memory) -> Floats:
    """The numbers of a level's responses before their answers, shape (n, N_HISTORY).

    Those of the skill are averaged over a response's skills. `memory.student` begins with the
    student's answers so far.
    """
    found = np.zeros((len(level.item), N_HISTORY))
    # Columns that logarithms are taken of are copied: NumPy may round strided ones in another way.
    answers, pair = memory.student[:, 0].copy(), memory.pair
    wins, losses = pair[:, :_N], pair[:, _N : 2 * _N]
    last = pair[:, -1]
    of_skill = np.empty((len(pair), 2 * _N + 2))
    weight = wins[:, :-1] + losses[:, :-1] + 1
    of_skill[:, : _N - 1] = wins[:, :-1] / weight
    of_skill[:, _N - 1 : 2 * _N - 2] = losses[:, :-1] / weight
    of_skill[:, -4] = np.log1p(wins[:, -1].copy())
    of_skill[:, -3] = np.log1p(losses[:, -1].copy())
    of_skill[:, -2] = last == 0
    since = answers if level.owner is None else answers[level.owner]
    of_skill[:, -1] = np.log(np.where(last > 0, since - last + 1, 1.0))
    found[:, : 2 * _N + 2] = level.mean(of_skill)
    found[:, -3] = np.log1p(answers)
    if memory.item.shape[1]:
        found[:, -2:] = memory.item / (memory.item.sum(axis=1, keepdims=True) + 0.3)
    return found


def learn_history(level: Level, memory: Memory) -> None:
    """Take the answers in, in place; an exposure, or an item that is not named, changes nothing."""
    answered = level.correct >= 0
    memory.student[:, 0] += answered
    right = level.correct == 1
    counts, win = answered, right
    place = memory.student[:, 0]
    if level.owner is not None:
        counts, win, place = answered[level.owner], right[level.owner], place[level.owner]
    decay = np.where(counts[:, None], SKILL_DECAYS, 1.0)
    memory.pair[:, :_N] *= decay
    memory.pair[:, :_N] += win[:, None]
    memory.pair[:, _N : 2 * _N] *= decay
    memory.pair[:, _N : 2 * _N] += (counts & ~win)[:, None]
    memory.pair[counts, -1] = place[counts]
    if memory.item.shape[1]:
        named = answered & (level.item >= 0)
        memory.item[named] *= ITEM_DECAY
        memory.item[:, 0] += named & right
        memory.item[:, 1] += named & ~right


def follow_history(encoded: Encoded, memory: Memory) -> Floats:
    """`look_history` of all responses of a log, shape (n, N_HISTORY); the memory takes them in.

    What `look_history` and `learn_history` give level by level, however few students there are.
    """
    level, _ = level_of(encoded)
    answered, right = level.correct >= 0, (level.correct == 1).astype(np.float64)
    n, n_entries = len(encoded.rows), len(encoded.skill)
    seen = Memory(
        np.empty((n, 1)),
        np.empty((n_entries, PAIR_WIDTH)),
        np.empty((n, memory.item.shape[1])),
    )
    chains = Chains.of(encoded.student, len(memory.student), answered)
    seen.student[:, 0] = memory.student[encoded.student, 0] + chains.before
    memory.student[:, 0] += chains.lengths
    place = encoded.entries_of(seen.student[:, 0] + answered)
    chains = Chains.of(encoded.pair, len(memory.pair), encoded.entries_of(answered))
    outcome = np.stack((right, 1 - right), axis=1)
    won = encoded.entries_of(outcome)
    for column, decay in enumerate(SKILL_DECAYS.tolist()):
        both = slice(column, column + _N + 1, _N)
        seen.pair[:, both] = faded(memory.pair[:, both], chains, won, decay)
    seen.pair[:, -1] = latest(memory.pair[:, -1], chains, place)
    if memory.item.shape[1]:
        chains = Chains.of(encoded.item_pair, len(memory.item), answered & (level.item >= 0))
        seen.item[:] = faded(memory.item, chains, outcome, ITEM_DECAY)
    return look_history(level, seen)
