"""The E step for classes of students: who belongs to which class, and each class's counts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.bkt.em.steps import Expectations, expectations
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats, Ints


class Link(NamedTuple):
    """Which histories are whose.

    Attributes
    ----------
    ends : sparse array, shape (n_students, n_nodes)
        1 at each node of the trie with which one of the student's histories ends.
    groups : sparse array, shape (n_students, n_groups)
        1 at each skill of the student.
    """

    ends: Any
    groups: Any

    @classmethod
    def of(cls, trie: PrefixTrie, ends: Ints, students: Ints, groups: Ints) -> Link:
        """From the last node, the student and the skill of each sequence."""
        from scipy.sparse import csr_array

        _, who = np.unique(students, return_inverse=True)
        n, ones = int(who.max()) + 1, np.ones(len(who))
        return cls(
            csr_array((ones, (who, ends)), shape=(n, trie.n_nodes)),
            csr_array((ones, (who, groups)), shape=(n, trie.n_groups)),
        )

    @property
    def n_students(self) -> int:
        """Students who have responses."""
        return int(self.ends.shape[0])


class Expected(NamedTuple):
    """What the E step finds.

    Attributes
    ----------
    counts : Expectations
        By class, shape (n_classes, n_groups). Their log-likelihood is not of the mixture.
    share : float array, shape (n_students, n_classes)
        P(class) of each student, given all of the student's answers.
    log_likelihood : float
        Of the mixture.
    """

    counts: Expectations
    share: Floats
    log_likelihood: float


def expect(trie: PrefixTrie, link: Link, by_class: Parameters, weights: Floats) -> Expected:
    """One E step: as without classes, each class for itself, students counting by their share.

    A student's likelihood under a class is the product over the skills; ``log z`` summed along
    a history gives each factor. What a class's pass backward counts is linear in the students, so
    that each history's end counts by the sum of its students' shares.

    Parameters
    ----------
    by_class : Parameters
        Fields of shape (n_classes, n_groups).
    weights : float array, shape (n_classes,)
    """
    share = np.empty(0)
    total = 0.0

    def weigh(log_scale: Floats) -> Floats:
        nonlocal share, total
        joint = link.ends @ trie.along(log_scale).T + np.log(weights)
        top = joint.max(axis=1, keepdims=True)
        share = np.exp(joint - top)
        whole = share.sum(axis=1, keepdims=True)
        share /= whole
        total = float(np.sum(top + np.log(whole)))
        return np.ascontiguousarray((link.ends.T @ share).T)

    counts = expectations(trie, by_class, weigh)
    counts = counts._replace(first=np.ascontiguousarray((link.groups.T @ share).T))
    return Expected(counts, share, total)
