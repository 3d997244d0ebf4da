"""The E step for classes of students: who belongs to which class, and each class's counts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.bkt.em.steps import Expectations, expectations
from adaptlearn.models.bkt.em.sweeps import binned
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats, Ints


class Expected(NamedTuple):
    """What the E step finds.

    Attributes
    ----------
    counts : Expectations
        By class, shape (n_classes, n_groups). Their log-likelihood is not of the mixture.
    share : float array, shape (n_classes, n_students)
        P(class) of each student, given all of the student's answers.
    log_likelihood : float
        Of the mixture.
    """

    counts: Expectations
    share: Floats
    log_likelihood: float


def students_of(trie: PrefixTrie, ends: Ints, students: Ints) -> Any:
    """Which histories are whose: a sparse array of shape (n_students, n_nodes).

    It is 1 at each node of the trie with which one of the student's histories ends. Students
    without responses have no row.

    Parameters
    ----------
    trie : PrefixTrie
    ends, students : int arrays, shape (n_sequences,)
        The last node and the student of each sequence.
    """
    from scipy.sparse import csr_array

    found, who = np.unique(students, return_inverse=True)
    return csr_array((np.ones(len(who)), (who, ends)), shape=(len(found), trie.n_nodes))


def expect(trie: PrefixTrie, histories: Any, by_class: Parameters, weights: Floats) -> Expected:
    """One E step: as without classes, each class for itself, students counting by their share.

    A student's likelihood under a class is the product over the skills; ``log z`` summed along
    a history gives each factor. What a class's pass backward counts is linear in the students, so
    that each history's end counts by the sum of its students' shares. The first class has what the
    others leave of each, so that students are gone through for one class less.

    Parameters
    ----------
    trie : PrefixTrie
    histories : sparse array, shape (n_students, n_nodes)
        See `students_of`.
    by_class : Parameters
        Fields of shape (n_classes, n_groups).
    weights : float array, shape (n_classes,)
    """
    share = ends = np.empty(0)
    total = 0.0

    def weigh(log_scale: Floats) -> Floats:
        nonlocal share, ends, total
        along = trie.along(log_scale)
        joint = np.zeros((len(weights), histories.shape[0]))
        joint[1:] = (histories @ (along[1:] - along[0]).T).T
        joint += np.log(weights)[:, None]
        top = joint.max(axis=0)
        share = np.exp(joint - top)
        whole = share.sum(axis=0)
        share /= whole
        total = float(np.sum(top + np.log(whole)) + trie.end @ along[0])
        ends = np.empty(along.shape)
        ends[1:] = (histories.T @ share[1:].T).T
        ends[0] = np.maximum(trie.end - ends[1:].sum(axis=0), 0.0)
        return ends

    counts = expectations(trie, by_class, weigh)
    first = binned(ends, trie.group, trie.n_groups)  # each history ends once
    return Expected(counts._replace(first=first), share, total)
