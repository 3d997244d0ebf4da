"""Places for the nodes of a layered graph, so that its edges can be followed by eye.

After K. Sugiyama, S. Tagawa, M. Toda (1981), Methods for visual understanding of hierarchical
system structures, IEEE Transactions on Systems, Man, and Cybernetics 11(2), 109-125: edges that
span several layers get a stop in each, layers are ordered by the means of their neighbours, and
each node is drawn as near to its neighbours as the order of its layer allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints

_SWEEPS = 24
_STOP = 0.45  # room for a line, in that of a node


class Layout(NamedTuple):
    """Where nodes and the stops of edges stand.

    Attributes
    ----------
    layer : int array, shape (n,)
    place : float array, shape (n,)
        Within the layer; neighbours in a layer are at least 1 apart.
    stops : list of list of (float, float)
        For each edge, (layer, place) of its two ends and of its stops between them.
    """

    layer: Ints
    place: Floats
    stops: list[list[tuple[float, float]]]


def stops_of(layer: Ints, edges: Sequence[tuple[int, int]]) -> int:
    """At how many layers between their ends the edges stop: what a layout costs goes with it."""
    ends = layer[np.array(edges, np.intp).reshape(-1, 2)]
    return int(np.maximum(np.abs(ends[:, 0] - ends[:, 1]) - 1, 0).sum())


def layered(layer: Ints, edges: Sequence[tuple[int, int]]) -> Layout:
    """Lay out a graph whose layers are given.

    Parameters
    ----------
    layer : int array, shape (n,)
    edges : sequence of (int, int)
        Their ends lie in different layers, or in the same one, where the edge gets no stops.
    """
    n = len(layer)
    layers: list[int] = layer.tolist()
    chains = []
    for first, second in edges:
        step = 1 if layers[second] > layers[first] else -1
        stops = list(range(len(layers), len(layers) + abs(layers[second] - layers[first]) - 1))
        layers.extend(layers[first] + step * (number + 1) for number in range(len(stops)))
        chains.append([first, *stops, second])
    neighbours: list[list[int]] = [[] for _ in layers]
    for chain in chains:
        for one, other in pairwise(chain):
            neighbours[one].append(other)
            neighbours[other].append(one)
    order = _ordered(layers, neighbours)
    place = _placed(order, neighbours, np.where(np.arange(len(layers)) < n, 1.0, _STOP))
    points = [[(float(layers[node]), float(place[node])) for node in chain] for chain in chains]
    return Layout(layer, place[:n], points)


def _ordered(layers: list[int], neighbours: list[list[int]]) -> list[list[int]]:
    """The nodes of each layer in an order with few crossings: that of their neighbours' means."""
    order: list[list[int]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for node, layer in enumerate(layers):
        order[layer].append(node)
    best, fewest = order, _crossings(order, layers, neighbours)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        order = [list(row) for row in order]
        for number in range(len(order)) if forward else reversed(range(len(order))):
            beside = number - 1 if forward else number + 1
            if not 0 <= beside < len(order):
                continue
            rank = {node: place for place, node in enumerate(order[beside])}
            order[number] = _by_mean(order[number], neighbours, rank)
        crossings = _crossings(order, layers, neighbours)
        if crossings < fewest:
            best, fewest = order, crossings
    return best


def _by_mean(row: list[int], neighbours: list[list[int]], rank: dict[int, int]) -> list[int]:
    keys = {}
    for place, node in enumerate(row):
        near = [rank[other] for other in neighbours[node] if other in rank]
        keys[node] = sum(near) / len(near) if near else float(place)
    return sorted(row, key=keys.__getitem__)


def _crossings(order: list[list[int]], layers: list[int], neighbours: list[list[int]]) -> int:
    rank = {node: place for row in order for place, node in enumerate(row)}
    total = 0
    for number, row in enumerate(order[:-1]):
        ends = np.array(
            [
                rank[other]
                for node in row
                for other in sorted(neighbours[node], key=rank.__getitem__)
                if layers[other] == number + 1
            ]
        )
        # Pairs of edges out of order; those that share their first node are in order.
        total += int(np.triu(ends[:, None] > ends[None, :], 1).sum())
    return total


def _placed(order: list[list[int]], neighbours: list[list[int]], room: Floats) -> Floats:
    """Nodes as near to the mean of their neighbours as order and room allow."""
    place = np.zeros(len(neighbours))
    for row in order:
        at = np.cumsum(room[row]) - room[row] / 2
        place[row] = at - at.mean() if len(row) else at
    for sweep in range(_SWEEPS):
        for row in order if sweep % 2 == 0 else reversed(order):
            wanted = np.array(
                [np.mean(place[neighbours[node]]) if neighbours[node] else place[node]
                 for node in row]
            )  # fmt: skip
            gaps = (room[row][:-1] + room[row][1:]) / 2
            shift = np.concatenate([[0.0], np.cumsum(gaps)])
            place[row] = _nondecreasing(wanted - shift) + shift
    return place


def _nondecreasing(values: Floats) -> Floats:
    """The nondecreasing sequence nearest to these values: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []  # mean and size
    for value in values.tolist():
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    return np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
