"""Boosted regression trees as plain arrays: grown by scikit-learn, scored without it.

Scoring follows QuickScorer (Lucchese et al., SIGIR 2015). The leaves of a tree, from left to
right, are bits of an integer. A split that a row fails rules out the leaves to its left; what
all failed splits leave has the row's leaf as its lowest bit. Which splits fail depends on the
feature alone, so for each feature and each interval between thresholds the bits left in all
trees are one row of a table, and a prediction is the bitwise *and* of one such row per feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.validation import Numbers

MAX_LEAVES = 64
_BLOCK = 1 << 10  # rows whose bits, in some hundred trees, fit in a processor's cache


@dataclass(frozen=True, eq=False)
class Trees:
    """A sum of regression trees.

    Parameters
    ----------
    baseline : float
        What the trees' values are added to.
    sizes : int array, shape (n_trees,)
        Nodes of each tree; those of all trees stand one after the other, a tree's root first
        and a node before its children.
    feature : int array, shape (n_nodes,)
        Which feature a node splits; -1 for a leaf.
    threshold : float array, shape (n_nodes,)
        What does not exceed it goes left.
    missing_left : bool array, shape (n_nodes,)
        Whether NaN goes left.
    left, right : int arrays, shape (n_nodes,)
        Children, by their place in the tree.
    value : float array, shape (n_nodes,)
        Of leaves.
    gain : float array, shape (n_nodes,)
        What a split has improved in training.
    """

    baseline: float
    sizes: Ints
    feature: Ints
    threshold: Floats
    missing_left: Bools
    left: Ints
    right: Ints
    value: Floats
    gain: Floats

    @classmethod
    def constant(cls, value: float) -> Trees:
        """No trees: the same for every row."""
        ints, floats = np.empty(0, np.int32), np.empty(0)
        return cls(value, ints, ints, floats, np.empty(0, bool), ints, ints, floats, floats)

    @classmethod
    def of_nodes(
        cls, baseline: float, nodes: list[NDArray[Any]], features: Ints, *, share: float = 1.0
    ) -> Trees:
        """From the records of each tree's nodes in scikit-learn; `features` numbers its columns.

        Each tree counts with its `share`.
        """
        every = np.concatenate(nodes)
        leaf = every["is_leaf"] > 0
        return cls(
            baseline,
            np.array([len(of_tree) for of_tree in nodes], np.int32),
            np.where(leaf, -1, features[every["feature_idx"]]).astype(np.int32),
            every["num_threshold"].astype(np.float64),
            every["missing_go_to_left"] > 0,
            every["left"].astype(np.int32),
            every["right"].astype(np.int32),
            share * every["value"].astype(np.float64),
            np.where(leaf, 0.0, every["gain"]),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, by name."""
        return {
            "tree_baseline": np.array(self.baseline),
            "tree_sizes": self.sizes,
            "tree_feature": self.feature,
            "tree_threshold": self.threshold,
            "tree_missing_left": self.missing_left,
            "tree_left": self.left,
            "tree_right": self.right,
            "tree_value": self.value,
            "tree_gain": self.gain,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        """The inverse of `to_arrays`."""
        names = ("sizes", "feature", "threshold", "missing_left", "left", "right", "value", "gain")
        parts = {name: arrays[f"tree_{name}"] for name in names}
        found = cls(float(arrays["tree_baseline"]), **parts)
        found._check_nodes()
        return found

    @staticmethod
    def expected(arrays: Mapping[str, NDArray[Any]], n_features: int) -> dict[str, Numbers]:
        """What `from_arrays` takes."""
        trees, nodes = arrays["tree_sizes"].shape, arrays["tree_feature"].shape
        place = Numbers(nodes, low=0, whole=True)
        return {
            "tree_baseline": Numbers(()),
            "tree_sizes": Numbers(trees, low=1, whole=True),
            "tree_feature": Numbers(nodes, -1, n_features - 1, whole=True),
            "tree_threshold": Numbers(nodes, -np.inf, np.inf),
            "tree_missing_left": Numbers(nodes, 0, 1, whole=True),
            "tree_left": place,
            "tree_right": place,
            "tree_value": Numbers(nodes),
            "tree_gain": Numbers(nodes, -np.inf, np.inf),
        }

    def _check_nodes(self) -> None:
        """Refuse nodes that do not form trees (`ValueError`)."""
        n, sizes = len(self.feature), self.sizes.astype(np.int64)
        if sizes.sum() != n:
            raise ValueError("trees have other sizes than their nodes")
        tree = np.repeat(np.arange(len(sizes)), sizes)
        start = (np.cumsum(sizes) - sizes)[tree]
        split = self.feature >= 0
        children = np.stack((self.left, self.right))[:, split].astype(np.int64) + start[split]
        after = children > np.flatnonzero(split)
        within = children < (start + sizes[tree])[split]
        if not (after & within).all():
            raise ValueError("trees have a node whose children are elsewhere")
        # Every node is the child of one, the roots apart.
        parents = np.bincount(children.ravel(), minlength=n)
        if np.any(parents != (np.arange(n) > start)):
            raise ValueError("trees have a node that is the child of none, or of two")
        if np.any(np.bincount(tree[~split], minlength=len(sizes)) > MAX_LEAVES):
            raise ValueError(f"trees have more than {MAX_LEAVES} leaves")

    def gains(self, n_features: int) -> Floats:
        """What the splits of each feature have improved, shape (n_features,)."""
        split = self.feature >= 0
        return np.bincount(self.feature[split], self.gain[split], n_features).astype(np.float64)

    def predict(self, matrix: Floats) -> Floats:
        """The sum of the trees for each column.

        Parameters
        ----------
        matrix : float array, shape (n_features, n)

        Returns
        -------
        array, shape (n,)
        """
        found = np.full(matrix.shape[1], self.baseline)
        if not len(self.sizes):
            return found
        tables = self._tables
        rows = np.empty((len(tables.features), matrix.shape[1]), np.intp)
        for place, (feature, first, cuts) in enumerate(tables.features):
            rows[place] = cuts.searchsorted(matrix[feature]) + first
        trees, kind = np.arange(len(self.sizes)) * MAX_LEAVES, tables.masks.dtype
        for lo in range(0, matrix.shape[1], _BLOCK):
            block = slice(lo, lo + _BLOCK)
            alive = np.full((len(found[block]), len(trees)), ~kind.type(0), kind)
            for which in rows[:, block]:
                alive &= tables.masks.take(which, axis=0)
            lowest = (alive & (~alive + np.uint8(1))).astype(np.float64)
            leaf = (lowest.view(np.int64) >> 52) - 1023  # the exponent of a power of two
            found[block] += tables.values.take(leaf + trees).sum(axis=1)
        return found

    @cached_property
    def _tables(self) -> _Tables:
        return _tables(self)


class _Tables(NamedTuple):
    """What scoring looks up.

    Attributes
    ----------
    features : list of (int, int, float array)
        A feature that splits, the first of its rows in `masks`, and its thresholds, the last of
        them infinite: NaN, sorted after it, has the row after all others.
    masks : unsigned int array, shape (n_rows, n_trees)
        Leaves that an interval of a feature leaves possible.
    values : float array, shape (n_trees * MAX_LEAVES,)
    """

    features: list[tuple[int, int, Floats]]
    masks: NDArray[Any]
    values: Floats


def _tables(trees: Trees) -> _Tables:
    n_trees = len(trees.sizes)
    tree = np.repeat(np.arange(n_trees), trees.sizes)
    first_leaf, n_leaves = _leaves(trees, tree)
    kind: Any = np.uint32 if n_leaves.max() <= 32 else np.uint64
    leaf = trees.feature < 0
    values = np.zeros(n_trees * MAX_LEAVES)
    values[tree[leaf] * MAX_LEAVES + first_leaf[leaf]] = trees.value[leaf]
    starts = np.cumsum(trees.sizes) - trees.sizes
    features, parts, n_rows = [], [], 0
    for feature in np.unique(trees.feature[~leaf]).tolist():
        nodes = np.flatnonzero(trees.feature == feature)
        cuts = np.unique(np.append(trees.threshold[nodes], np.inf))
        masks = np.full((len(cuts) + 1, n_trees), ~kind(0))
        of_left = n_leaves[starts[tree[nodes]] + trees.left[nodes]]
        one = np.uint64(1)
        ruled_out = ((one << of_left.astype(np.uint64)) - one) << first_leaf[nodes].astype(
            np.uint64
        )
        left_over = (~ruled_out).astype(kind)
        failed_from = np.searchsorted(cuts, trees.threshold[nodes]) + 1
        # A threshold of infinity separates NaN from all numbers, which never fail it.
        ordinary = failed_from < len(cuts)
        np.bitwise_and.at(
            masks, (failed_from[ordinary], tree[nodes][ordinary]), left_over[ordinary]
        )
        np.bitwise_and.accumulate(masks[:-1], axis=0, out=masks[:-1])
        right = ~trees.missing_left[nodes]
        np.bitwise_and.at(masks[-1], tree[nodes][right], left_over[right])
        features.append((feature, n_rows, cuts))
        parts.append(masks)
        n_rows += len(masks)
    everything = np.concatenate(parts) if parts else np.empty((0, n_trees), kind)
    return _Tables(features, everything, values)


def _leaves(trees: Trees, tree: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each node the number of its first leaf, from left to right, and how many it has."""
    starts = (np.cumsum(trees.sizes) - trees.sizes)[tree]
    left, right = (starts + trees.left).tolist(), (starts + trees.right).tolist()
    split = (trees.feature >= 0).tolist()
    counts, first = [1] * len(split), [0] * len(split)
    for node in range(len(split) - 1, -1, -1):
        if split[node]:
            counts[node] = counts[left[node]] + counts[right[node]]
    for node, splits in enumerate(split):
        if splits:
            first[left[node]] = first[node]
            first[right[node]] = first[node] + counts[left[node]]
    return np.array(first, np.int64), np.array(counts, np.int64)
