"""Days that share seats: prices by dual ascent, a bound that they prove, and a plan that fits.

Without seats, students do not interact. Each seat of a resource gets a price; students choose their
best day at these prices, and prices rise where more want a seat than there are. For any prices, the
sum of the best days at these prices plus the price of all seats is at least the value of every
plan that keeps to the seats (Lagrangian relaxation; Held & Karp, 1971, Mathematical Programming 1;
Fisher, 1981, Management Science 27). Then seats are given out, first to those who would lose most
at these prices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.branching import Best, Problem, exact_days, relaxed_days
from adaptlearn.planning.day.limits import shared_blocks
from adaptlearn.progress import report

_SHORTER = 0.9  # each step of prices, of the one before
_REPAIRS = 50  # rounds of giving out seats, at most
_GAIN = 1e-9  # what is less is rounding


class Seats(NamedTuple):
    """Which lessons need a seat, and how many there are.

    Attributes
    ----------
    resource : int array, shape (n, n_offers)
        The resource that each offer needs; -1 for none.
    free : int array, shape (n_resources, n_blocks)
        How many seats are free in each block.
    """

    resource: Ints
    free: Ints


class Shared(NamedTuple):
    """Days that keep to the seats.

    Attributes
    ----------
    chosen : bool array, shape (n, n_offers)
    seated : int array of the same shape
        The block of each chosen lesson that needs a seat; -1 for all others.
    bound : float
        No plan has more worth, over all students.
    needy : int
        How many students lack minutes to a floor which other seats could give them.
    """

    chosen: Bools
    seated: Ints
    bound: float
    needy: int = 0


def shared_days(problem: Problem, seats: Seats, open_: Bools, rounds: int) -> Shared:
    """Days that share seats, near the best, with a bound.

    Parameters
    ----------
    problem : Problem
    seats : Seats
    open_ : bool array, shape (n, n_offers)
        Which of the offers may be chosen.
    rounds : int
        How often prices change.
    """
    needs = seats.resource >= 0
    market = _market(problem, seats)
    open_ = open_ & ~(needs & ~np.isfinite(market.cost(np.zeros(market.capacity.shape))))
    price = _prices(problem, market, open_, rounds)
    cost = market.cost(price)
    wanted = exact_days(_priced(problem, cost), open_)
    bound = float(wanted.bound.sum() + (price * market.capacity).sum())
    desk = _Desk(problem, seats, open_)
    # Who lacks minutes to a floor is served first, by whatever seat is left.
    needy = desk.needy(wanted)
    while len(needy) and desk.go_on(needy):
        needy = desk.needy(wanted)
    desk.give(np.arange(len(open_)), wanted, np.where(np.isfinite(cost), cost, 0.0))
    for _ in range(_REPAIRS):
        if not desk.go_on():
            break
    return Shared(desk.chosen, desk.seated, bound, len(desk.needy(wanted)))


class _Market(NamedTuple):
    """Seats as they are priced: blocks that allow the same kinds have one price.

    Attributes
    ----------
    resource : int array, shape (n, n_offers)
    open : bool array, shape (n, n_offers, n_types)
        In which types of block each offer that needs a seat may stand.
    capacity : int array, shape (n_resources, n_types)
    """

    resource: Ints
    open: Bools
    capacity: Ints

    def cost(self, price: Floats) -> Floats:
        """The price of the cheapest seat for each offer; 0 without need, inf without a seat."""
        padded = np.append(price, np.zeros((1, price.shape[1])), axis=0)
        return np.asarray(np.where(self.open, padded[self.resource], np.inf).min(axis=2))

    def wanted(self, price: Floats, chosen: Bools) -> Ints:
        """How many ask for each seat: for the cheapest, and of these the one there is most of."""
        at = np.nonzero(chosen & (self.resource >= 0))
        resource, open_ = self.resource[at], self.open[at]
        asked = np.where(open_, price[resource], np.inf)
        cheap = asked <= asked.min(axis=1, keepdims=True)
        kind = np.where(cheap, self.capacity[resource], -1).argmax(axis=1)
        n_types = price.shape[1]
        counts = np.bincount(resource * n_types + kind, minlength=price.size)
        return np.asarray(counts.reshape(price.shape))

    def take(self, rows: Ints) -> _Market:
        """Some of the students."""
        return self._replace(resource=self.resource[rows], open=self.open[rows])


def _market(problem: Problem, seats: Seats) -> _Market:
    offers = problem.offers
    rooms = np.array([limits.rooms for limits in problem.days])
    allowed, kind_of = np.unique(problem.days[0].allowed, axis=1, return_inverse=True)
    n_types = allowed.shape[1]
    in_type = kind_of.ravel()[:, None] == np.arange(n_types)
    # A lesson that needs a seat stands in one block, and must fit it.
    longest = np.where(in_type, rooms[:, :, None], 0).max(axis=1)[problem.day]
    capacity = seats.free @ in_type
    padded = np.append(capacity, np.ones((1, n_types), np.intp), axis=0)
    fits = allowed[offers.kind] & (offers.steps[:, :, None] <= longest[:, None])
    open_ = fits & (padded[seats.resource] > 0)
    return _Market(seats.resource, open_ | (seats.resource < 0)[:, :, None], capacity)


def _priced(problem: Problem, cost: Floats) -> Problem:
    """The same with values less the prices of seats."""
    return problem._replace(offers=problem.offers._replace(value=problem.offers.value - cost))


def _prices(problem: Problem, market: _Market, open_: Bools, rounds: int) -> Floats:
    """Prices with a low bound, shape (n_resources, n_types)."""
    price = np.zeros(market.capacity.shape)
    needs = (market.resource >= 0) & open_
    rows = np.flatnonzero(needs.any(axis=1))
    if not len(rows):
        return price
    part, market, open_, needs = problem.take(rows), market.take(rows), open_[rows], needs[rows]
    n_resources, resource = len(price), market.resource[needs]
    summed = np.bincount(resource, part.offers.value[needs], n_resources)
    scale = summed / np.maximum(np.bincount(resource, minlength=n_resources), 1)
    found, lowest, length = price, np.inf, 1.0
    for done in range(rounds):
        report("pricing seats", "rounds", done, rounds)
        priced = _priced(part, market.cost(price))
        days = relaxed_days(priced, open_)
        bound = days.worth.sum() + (price * market.capacity).sum()
        if bound < lowest:
            lowest, found = bound, price
        wanted = market.wanted(price, days.chosen)
        excess = (wanted - market.capacity) / np.maximum(wanted + market.capacity, 1)
        if not excess[(price > 0) | (excess > 0)].any():
            break
        price = np.maximum(price + length * scale[:, None] * excess, 0.0)
        length *= _SHORTER
    return found


class _Desk:
    """Gives out seats; what it has given keeps all limits at any time.

    Attributes
    ----------
    chosen : bool array, shape (n, n_offers)
    seated : int array of the same shape
    """

    def __init__(self, problem: Problem, seats: Seats, open_: Bools) -> None:
        self._problem, self._open = problem, open_.copy()
        self._needs = seats.resource >= 0
        self._resource, self._left = seats.resource, seats.free.copy()
        alone = exact_days(problem, open_ & ~self._needs)
        self.chosen, self._worth = alone.chosen, alone.worth
        self.seated = np.full(open_.shape, -1)

    def needy(self, wanted: Best) -> Ints:
        """Students whose day lacks minutes to a floor which seats could give them."""
        return np.flatnonzero(wanted.worth - self._worth > self._problem.penalty / 2)

    def go_on(self, some: Ints | None = None) -> bool:
        """Let all or some who can gain by seats that are left ask; whether any got one."""
        spare = (self._left.sum(axis=1) > 0)[self._resource] & self._needs
        may = self._open & (~self._needs | spare | (self.seated >= 0))
        can = (may & spare & ~self.chosen).any(axis=1)
        rows = np.flatnonzero(can) if some is None else some[can[some]]
        if not len(rows):
            return False
        found = exact_days(self._problem.take(rows), may[rows])
        return self.give(rows, found, np.zeros(self._open.shape))

    def give(self, rows: Ints, wanted: Best, cost: Floats) -> bool:
        """Give students the days that they want if there are seats; whether anyone got one.

        Parameters
        ----------
        rows : int array
        wanted : Best
            Their days, with the worth at the prices of seats.
        cost : float array, shape (n, n_offers)
            The price of the seat of each offer.
        """
        now = self._worth[rows] - (self.chosen[rows] * cost[rows]).sum(axis=1)
        gain = wanted.worth - now
        order = np.argsort(-gain, kind="stable")
        order = order[gain[order] > _GAIN * (1 + np.abs(now[order]))]
        rows, chosen = rows[order], wanted.chosen[order]
        if not len(rows):
            return False
        seated = np.where(chosen, self.seated[rows], -1)
        ask = chosen & self._needs[rows] & (seated < 0)
        got = self._assign(rows, chosen, seated, ask)
        # What was given to those who did not get all they need goes back.
        rows, chosen, seated = rows[got], chosen[got], seated[got]
        self._hand_back(rows, (self.seated[rows] >= 0) & ~chosen)
        self.chosen[rows], self.seated[rows] = chosen, seated
        worth = wanted.worth[order][got] + (chosen * cost[rows]).sum(axis=1)
        self._worth[rows] = worth
        return bool(got.any())

    def _hand_back(self, rows: Ints, given: Bools) -> None:
        who, place = np.nonzero(given)
        at = self._resource[rows[who], place], self.seated[rows[who], place]
        np.add.at(self._left, at, 1)

    def _assign(self, rows: Ints, chosen: Bools, seated: Ints, ask: Bools) -> Bools:
        """Find blocks for lessons that need seats, longest lessons first; who got all.

        Earlier rows come first. `seated` is filled in; what a row that did not get all had been
        given is free again. A lesson that fits no block of its student is closed to the student.
        """
        room = _Room(self._problem.take(rows), chosen, seated)
        waiting = np.where(ask, self._problem.offers.steps[rows], 0).astype(np.intp)
        got = np.ones(len(rows), bool)
        while waiting.any():
            who = np.flatnonzero(waiting.any(axis=1))
            place = waiting[who].argmax(axis=1)
            resource = self._resource[rows[who], place]
            fits = room.fits(who, place)
            self._open[rows[who[~fits.any(axis=1)]], place[~fits.any(axis=1)]] = False
            free = np.where(fits, self._left[resource], 0)
            block = free.argmax(axis=1)
            there = free[np.arange(len(who)), block] > 0
            got[who[~there]] = False
            waiting[who[~there]] = 0
            who, place, block = who[there], place[there], block[there]
            at = resource[there], block
            first = _ranks(at[0] * self._left.shape[1] + at[1]) < self._left[at]
            who, place, block = who[first], place[first], block[first]
            seated[who, place] = block
            np.subtract.at(self._left, (at[0][first], block), 1)
            room.take(who, place, block)
            waiting[who, place] = 0
        fresh = ask & (seated >= 0) & ~got[:, None]
        who, place = np.nonzero(fresh)
        np.add.at(self._left, (self._resource[rows[who], place], seated[who, place]), 1)
        return got


class _Room:
    """What room students' other lessons leave in each block for a lesson with a seat."""

    def __init__(self, problem: Problem, chosen: Bools, seated: Ints) -> None:
        self._steps, self._kind = problem.offers.steps.astype(np.intp), problem.offers.kind
        self._allowed = problem.days[0].allowed
        self._kinds, self._blocks = shared_blocks(problem.days)
        self._left = np.array([limits.rooms for limits in problem.days])[problem.day]
        taken = np.zeros((len(chosen), len(self._allowed)), np.intp)
        row, place = np.nonzero(chosen)
        np.add.at(taken, (row, self._kind[row, place]), self._steps[row, place])
        self._slack = self._left @ self._blocks.T - taken @ self._kinds.T
        row, place = np.nonzero(chosen & (seated >= 0))
        self.take(row, place, seated[row, place])

    def _foreign(self, row: Ints, place: Ints) -> Bools:
        """Sets of kinds and blocks that lose room, by lesson, set and block."""
        other = ~self._kinds[:, self._kind[row, place]].T
        return np.asarray(other[:, :, None] & self._blocks[None])

    def fits(self, row: Ints, place: Ints) -> Bools:
        """In which blocks a lesson fits beside the student's other lessons."""
        steps = self._steps[row, place]
        fine = self._allowed[self._kind[row, place]] & (self._left[row] >= steps[:, None])
        tight = self._slack[row] < steps[:, None]
        return np.asarray(fine & ~(self._foreign(row, place) & tight[:, :, None]).any(axis=1))

    def take(self, row: Ints, place: Ints, block: Ints) -> None:
        """Put lessons into blocks."""
        steps = self._steps[row, place]
        np.subtract.at(self._left, (row, block), steps)
        loses = self._foreign(row, place)[np.arange(len(row)), :, block]
        np.subtract.at(self._slack, row, loses * steps[:, None])


def _ranks(keys: Ints) -> Ints:
    """The place of each entry among those of the same key, in order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered)
    ranks = np.empty(len(keys), np.intp)
    ranks[order] = np.arange(len(keys)) - first
    return ranks
