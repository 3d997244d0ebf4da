"""What a skill's answers cannot say about its parameters."""

from __future__ import annotations

import numpy as np

from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.entries import RIGHT, WRONG
from adaptlearn.models.bkt.parameters import Parameters

_NEAR_ONE = 1 - 1e-3
_FEW = 10


def data_reasons(trie: PrefixTrie) -> dict[int, str]:
    """Groups that no BKT can be identified from, and why.

    Four numbers need at least four free proportions, and histories of two answers have three;
    they also need more than a handful of students, or they follow each answer to the edge.
    """
    n = trie.n_groups
    by_symbol = [
        np.bincount(trie.group, weights=trie.weight * (trie.answer == symbol), minlength=n)
        for symbol in (WRONG, RIGHT)
    ]
    answers = by_symbol[0] + by_symbol[1]
    longest = np.zeros(n, np.int64)
    np.maximum.at(longest, trie.group, trie.opportunities())
    top = trie.top
    students = np.bincount(trie.group[:top], weights=trie.weight[:top], minlength=n)
    reasons = (
        (answers == 0, "no answers, only exposures"),
        (answers == 1, "one response"),
        (by_symbol[WRONG] == 0, "all answers are right"),
        (by_symbol[RIGHT] == 0, "all answers are wrong"),
        (longest <= 1, "no student answered twice"),
        (longest <= 2, "no student answered more than twice"),
        (students < _FEW, "fewer than ten students"),
    )
    found: dict[int, str] = {}
    for applies, why in reasons:
        for group in np.flatnonzero(applies).tolist():
            found.setdefault(group, why)
    return found


def boundary_reasons(parameters: Parameters) -> dict[int, str]:
    """Groups whose fit ended where knowing makes no difference to the answers."""
    at_bound = np.flatnonzero(parameters.guess + parameters.slip >= _NEAR_ONE)
    return {
        int(group): "guess + slip reached 1: the answers do not tell known from unknown"
        for group in at_bound
    }
