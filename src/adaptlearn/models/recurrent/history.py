"""What a student did on this skill and this item before, as numbers the logit is linear in."""

from __future__ import annotations

import numpy as np

from adaptlearn.models.sequential.levels import Level, Memory
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
    answers, pair = memory.student[:, 0], memory.pair
    wins, losses = pair[:, :_N], pair[:, _N : 2 * _N]
    last = pair[:, -1]
    of_skill = np.empty((len(pair), 2 * _N + 2))
    weight = wins[:, :-1] + losses[:, :-1] + 1
    of_skill[:, : _N - 1] = wins[:, :-1] / weight
    of_skill[:, _N - 1 : 2 * _N - 2] = losses[:, :-1] / weight
    of_skill[:, -4] = np.log1p(wins[:, -1])
    of_skill[:, -3] = np.log1p(losses[:, -1])
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
