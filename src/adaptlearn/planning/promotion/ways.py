"""Rules over many students at once: who meets them, and the shortest way for who does not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.promotion.rules import Group, Leaf, Node


class Way(NamedTuple):
    """What a rule still asks of each student.

    Attributes
    ----------
    met : bool array, shape (n_students,)
        Whether the rule is met.
    missing : bool array, shape (n_students, n_demands)
        The standards that are missing on the shortest way; none where the rule is met.
    """

    met: Bools
    missing: Bools


def way_of(node: Node, met: Bools, minutes: Floats) -> Way:
    """Whether a rule is met, and what is missing on the shortest way to it.

    Of `any_of` and `at_least`, the parts with the fewest minutes are taken. A part's minutes are
    those of its missing standards, each counted alone; of equal ones the first is taken.

    Parameters
    ----------
    node : Node
    met : bool array, shape (n_students, n_demands)
        Whether each standard is met.
    minutes : float array, shape (n_students, n_demands)
        How many minutes each standard still takes; inf where there is no way.
    """
    done: dict[int, Way] = {}

    def walk(node: Node) -> Way:
        if id(node) not in done:  # rules that others refer to are walked once
            done[id(node)] = _leaf(node) if isinstance(node, Leaf) else _group(node)
        return done[id(node)]

    def _leaf(node: Leaf) -> Way:
        missing = np.zeros(met.shape, bool)
        missing[:, node.demand] = ~met[:, node.demand]
        return Way(met[:, node.demand], missing)

    def _group(node: Group) -> Way:
        ways = [walk(part) for part in node.parts]
        of_parts = np.stack([way.met for way in ways], axis=1)
        enough = of_parts.sum(axis=1) >= node.least
        if node.least < len(ways):
            cost = np.stack([_cost(way) for way in ways], axis=1)
            # Parts that are met come first, even before others that take no minutes.
            order = np.lexsort((cost, ~of_parts), axis=1)
            taken = np.zeros(of_parts.shape, bool)
            np.put_along_axis(taken, order[:, : node.least], values=True, axis=1)
        else:
            taken = np.ones(of_parts.shape, bool)
        missing = np.zeros(met.shape, bool)
        for part, way in enumerate(ways):
            missing |= way.missing & taken[:, [part]]
        return Way(enough, missing & ~enough[:, None])

    def _cost(way: Way) -> Floats:
        return np.asarray(np.where(way.missing, minutes, 0.0).sum(axis=1))

    return walk(node)
