"""How sharply the answers determine the parameters: observed information and what follows.

On the logit scale the gradient of the log-likelihood is exact and comes with every E step
(Fisher's identity: event - probability * opportunities, in expected counts). Its central
differences give the observed information, group by group; parameters of different skills do not
meet, so one E step serves all groups at once.

References
----------
- T. Louis (1982). Finding the observed information matrix when using the EM algorithm.
  Journal of the Royal Statistical Society B 44(2), 226-233.
- J. Beck, K. Chang (2007). Identifiability: a fundamental problem of student modeling.
  User Modeling 2007, 137-146.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from adaptlearn.models.bkt.em.climb import Terms
from adaptlearn.models.bkt.em.steps import expectations, gradient
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import MARGIN, Cells, Parameters
from adaptlearn.numerics import Bools, Floats, stable_group

_STEP = 1e-3  # of the differences, on the logit scale
_NEAR = 1e-3  # this near an end, a parameter is taken to be at it
_FLAT = 1e-4  # information along a direction, relative to each parameter's own
_NO_VARIANCE = 1e-12  # of a logit: what a million million answers would leave
_NODES_AT_ONCE = 4_000_000


class Direction(NamedTuple):
    """A combination of a group's parameters that the answers say next to nothing about.

    Attributes
    ----------
    group : int
    weights : dict of (field, cell) to float
        Of unit length, on the logit scale; small ones left out.
    """

    group: int
    weights: dict[tuple[str, int], float]


class Information(NamedTuple):
    """What the answers say about the parameters around their best values.

    Attributes
    ----------
    covariance : list of float arrays, one per group, shape (n_free, n_free)
        On the logit scale.
    free : list of lists of (field number, cell), one per group
        The parameters that each covariance is about: neither fixed nor at an end.
    standard_errors : Parameters
        On the logit scale, fields of shape (n_cells,); nan where not free.
    flat : list of Direction
    """

    covariance: list[Floats]
    free: list[list[tuple[int, int]]]
    standard_errors: Parameters
    flat: list[Direction]


def information(trie: PrefixTrie, parameters: Parameters, terms: Terms) -> Information:
    """The observed information at a maximum, and the covariance that is its inverse.

    Parameters
    ----------
    trie : PrefixTrie
    parameters : Parameters
        Fields of shape (n_cells,).
    terms : Terms
        Those of the fit: limits tell which parameters are at an end, priors count as answers.
    """
    slots = _numbered(trie.owner, _free(parameters, terms), trie.n_groups)
    hessian = _hessian(trie, parameters, terms, slots)
    covariance, flat = [], []
    errors = Parameters(*(np.full(len(field), np.nan) for field in parameters))
    for group, (own, matrix) in enumerate(zip(slots, hessian, strict=True)):
        inverse, weak = _invert(-(matrix + matrix.T) / 2)
        covariance.append(inverse)
        for weights in weak:
            named = {
                (Parameters._fields[field], cell): float(w)
                for (field, cell), w in zip(own, weights, strict=True)
                if abs(w) > 0.1
            }
            flat.append(Direction(group, named))
        for (field, cell), variance in zip(own, np.diag(inverse), strict=True):
            errors[field][cell] = np.sqrt(variance)
    return Information(covariance, slots, errors, flat)


def _hessian(
    trie: PrefixTrie, parameters: Parameters, terms: Terms, slots: list[list[tuple[int, int]]]
) -> list[Floats]:
    """The second derivatives of every group by its free parameters, shape (n_free, n_free)."""
    width = max((len(own) for own in slots), default=0)
    chunk = max(1, _NODES_AT_ONCE // (2 * trie.n_nodes))
    hessian = [np.zeros((len(own), len(own))) for own in slots]
    for begin in range(0, width, chunk):
        columns = range(begin, min(begin + chunk, width))
        shift = [np.zeros((2 * len(columns), len(field))) for field in parameters]
        places = [
            (own, matrix, row, column)
            for own, matrix in zip(slots, hessian, strict=True)
            for row, column in enumerate(columns)
            if column < len(own)
        ]
        for own, _, row, column in places:
            field, cell = own[column]
            shift[field][2 * row, cell], shift[field][2 * row + 1, cell] = _STEP, -_STEP
        moved = Parameters(*map(_shifted, parameters, shift))
        slope = gradient(expectations(trie, moved), moved, terms.pseudo)
        change = [(values[0::2] - values[1::2]) / (2 * _STEP) for values in slope]
        for own, matrix, row, column in places:
            matrix[:, column] = [change[field][row, cell] for field, cell in own]
    return hessian


def _shifted(value: Floats, shift: Floats) -> Floats:
    inside = (value > 0) & (value < 1)
    moved = expit(logit(np.where(inside, value, 0.5)) + shift)
    # Where nothing is shifted, the very value: its logit and back would round it.
    return np.where(shift == 0, value, moved)


def _free(parameters: Parameters, terms: Terms) -> list[Bools]:
    """Which cells are estimated and interior."""
    free = [
        (value > low + _NEAR) & (value < high - _NEAR)
        for value, low, high in zip(parameters, *terms.limits, strict=True)
    ]
    room = terms.room
    touching = parameters.guess[room.guess] + parameters.slip[room.slip] > 1 - MARGIN - _NEAR
    free[3][room.guess[touching]] = False
    free[4][room.slip[touching]] = False
    return free


def _numbered(owner: Cells, free: list[Bools], n_groups: int) -> list[list[tuple[int, int]]]:
    """The free cells of every group."""
    slots: list[list[tuple[int, int]]] = [[] for _ in range(n_groups)]
    for field, (group, mask) in enumerate(zip(owner, free, strict=True)):
        order, bounds = stable_group(group, n_groups)
        for number in range(n_groups):
            cells = order[bounds[number] : bounds[number + 1]]
            slots[number] += [(field, int(cell)) for cell in cells[mask[cells]]]
    return slots


def _invert(matrix: Floats) -> tuple[Floats, list[Floats]]:
    """The inverse of an information matrix, and directions in which it is all but zero.

    Along those the inverse is infinite; the parameters they move get infinite variances.
    """
    n = len(matrix)
    if n == 0:
        return matrix, []
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    weak = values < _FLAT
    inverse = (vectors[:, ~weak] / values[~weak]) @ vectors[:, ~weak].T / np.outer(scale, scale)
    directions = []
    for vector in vectors[:, weak].T:
        along = vector / scale
        along /= np.linalg.norm(along)
        directions.append(along)
        moved = np.abs(along) > 0.1
        inverse[moved, moved] = np.inf
    # What had all its information in such a direction is left with a variance of nothing.
    bare = np.diag(inverse) <= _NO_VARIANCE
    inverse[bare, bare] = np.inf
    return inverse, directions


def spread_over_groups(
    parameters: Parameters, errors: Parameters, use: Bools
) -> tuple[Parameters, Parameters]:
    """The Beta distribution of each parameter over groups, by marginal likelihood's moments.

    On the logit scale the estimates scatter by the groups' own spread plus their standard
    errors; the spread left after those (DerSimonian & Laird, 1986) tells how strongly a group
    should be pulled to the mean.

    Parameters
    ----------
    parameters, errors : Parameters
        Fields of shape (n_groups,); errors on the logit scale, nan where there is none.
    use : bool array, shape (n_groups,)
        Groups whose answers identify their parameters.

    Returns
    -------
    centre, strength : Parameters
        Fields of shape (1,): the mean, and the observations' worth of it. Strength is 0 where
        fewer than three groups tell.
    """
    centres, strengths = [], []
    for value, error in zip(parameters, errors, strict=True):
        good = use & np.isfinite(error) & (value > 0) & (value < 1)
        if good.sum() < 3:
            inner = value[use & (value > 0) & (value < 1)]
            centres.append(np.array([inner.mean() if len(inner) else 0.5]))
            strengths.append(np.zeros(1))
            continue
        point, weight = logit(value[good]), error[good] ** -2
        mean = np.average(point, weights=weight)
        excess = np.sum(weight * (point - mean) ** 2) - (len(point) - 1)
        spread = max(excess / (weight.sum() - (weight**2).sum() / weight.sum()), 1e-3)
        weight = 1 / (error[good] ** 2 + spread)
        centre = float(expit(np.average(point, weights=weight)))
        centres.append(np.array([centre]))
        strengths.append(np.array([_strength(centre, spread)]))
    return Parameters(*centres), Parameters(*strengths)


def _strength(mean: float, variance: float) -> float:
    """The sum of a Beta distribution's parameters, from its mean and its logit's variance."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    def excess(log_strength: float) -> float:
        total = np.exp(log_strength)
        return float(polygamma(1, mean * total) + polygamma(1, (1 - mean) * total) - variance)

    low, high = np.log(0.1), np.log(1e6)
    if excess(low) < 0:
        return 0.1
    return float(np.exp(brentq(excess, low, high))) if excess(high) < 0 else 1e6
