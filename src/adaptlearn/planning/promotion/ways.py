"""Rules over many students at once: who meets them, and the shortest way for who does not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.promotion.rules import Leaf, Node


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


class _Look(NamedTuple):
    """A node from below: whether it is met, and the minutes of its shortest way."""

    met: Bools
    cost: Floats
    taken: Bools  # shape (n_parts, n_students): the parts of the shortest way


def way_of(node: Node, met: Bools, minutes: NDArray[np.floating[Any]]) -> Way:
    """Whether a rule is met, and what is missing on the shortest way to it.

    Of `any_of` and `at_least`, the parts that are met are taken, and then those with the fewest
    minutes; of equal ones the first. The minutes of a part are the sum over its standards, each
    counted alone.

    Parameters
    ----------
    node : Node
    met : bool array, shape (n_students, n_demands)
        Whether each standard is met.
    minutes : float array, shape (n_students, n_demands)
        How many minutes each standard still takes; inf where there is no way.
    """
    looks: dict[int, _Look] = {}
    missing = np.zeros(met.shape, bool, order="F")
    asked = np.ones(len(met), bool)

    def look(node: Node) -> _Look:
        if id(node) not in looks:  # a rule that several refer to is looked at once
            looks[id(node)] = _seen(node)
        return looks[id(node)]

    def _seen(node: Node) -> _Look:
        if isinstance(node, Leaf):
            own = met[:, node.demand]
            return _Look(own, np.where(own, 0.0, minutes[:, node.demand]), own[None])
        parts = [look(part) for part in node.parts]
        of_parts, cost = np.stack([one.met for one in parts]), np.stack([one.cost for one in parts])
        enough = of_parts.sum(axis=0) >= node.least
        if node.least < len(parts):
            # Parts that are met come first, even before others that take no minutes.
            order = np.argsort(np.where(of_parts, -1.0, cost), axis=0, kind="stable")
            taken = np.zeros(of_parts.shape, bool)
            np.put_along_axis(taken, order[: node.least], values=True, axis=0)
        else:
            taken = np.ones(of_parts.shape, bool)
        left = np.where(taken, cost, 0.0).sum(axis=0)
        return _Look(enough, np.where(enough, 0.0, left), taken)

    def mark(node: Node, asked: Bools) -> None:
        seen = look(node)
        asked = asked & ~seen.met
        if isinstance(node, Leaf):
            missing[:, node.demand] |= asked
        elif asked.any():
            for part, taken in zip(node.parts, seen.taken, strict=True):
                mark(part, asked & taken)

    mark(node, asked)
    return Way(look(node).met, missing)
