"""Simulated memories for reviews.py and backlog.py, with equations of their own. Time is in days.

Students and cards differ in how well lessons stick and in how much practice adds.

References
----------
- P. Pavlik, J. Anderson (2005). Practice and forgetting effects on vocabulary memory: an
  activation-based model of the spacing effect. Cognitive Science 29, 559-586.
- J. Wixted, S. Carpenter (2007). The Wickelgren power law and the Ebbinghaus savings function.
  Psychological Science 18, 133-134.
- R. Bjork, E. Bjork (1992). A new theory of disuse and an old theory of stimulus fluctuation.
  In: From learning processes to cognitive processes 2, 35-67.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Deck(NamedTuple):
    """How cards differ, in standard deviations: how easy, and what practice adds."""

    ease: Floats
    gain: Floats

    @classmethod
    def drawn(cls, n: int, rng: np.random.Generator) -> Deck:
        return cls(rng.standard_normal(n), rng.standard_normal(n))


class Remembering(Protocol):
    """Memory of students for cards; arrays of `shape`."""

    shape: tuple[int, int]
    at_first: Floats

    def recall(self, day: float) -> Floats:
        """P(recall) of all cards, also of those that were not met."""
        ...

    def practise(self, new: Bools, asked: Bools, right: Bools, day: float) -> None:
        """Lessons on new cards, and reviews with their answers."""
        ...


class _Differing:
    """What all of them share: the differences, and when cards were practised last."""

    def __init__(self, deck: Deck, students: int, rng: np.random.Generator) -> None:
        self.shape = (students, len(deck.ease))
        own = rng.standard_normal((2, students, 1))
        luck = rng.standard_normal(self.shape)
        # How easy a card is for a student is mostly the card, partly the student, and partly luck.
        self.ease = 0.6 * deck.ease + 0.5 * own[0] + 0.6 * luck
        self.gain = 0.7 * deck.gain + 0.7 * own[1]
        self.at_first = 1 / (1 + np.exp(-(1.2 + self.ease)))
        self.last = np.zeros(self.shape)


class PowerLaw(_Differing):
    """Power-law forgetting, (1 + t / s)^-d; s grows by recall, more after longer gaps.

    A recall multiplies s by ``1 + g x``, x = t / (t + s): practice at once adds nothing. A lapse
    and the lesson after it leave ``0.4 s0 + 0.1 s``.
    """

    def __init__(self, deck: Deck, students: int, rng: np.random.Generator) -> None:
        super().__init__(deck, students, rng)
        self.decay = 0.5 * np.exp(0.2 * rng.standard_normal((students, 1)))
        self.first = 8 * np.exp(0.8 * self.ease)
        self.factor = 8 * np.exp(0.35 * self.gain)
        self.strength = self.first.copy()

    def recall(self, day: float) -> Floats:
        return np.asarray((1 + (day - self.last) / self.strength) ** -self.decay)

    def practise(self, new: Bools, asked: Bools, right: Bools, day: float) -> None:
        gap = day - self.last
        grown = self.strength * (1 + self.factor * gap / (gap + self.strength))
        fallen = np.minimum(0.4 * self.first + 0.1 * self.strength, self.strength)
        self.strength = np.where(asked, np.where(right, grown, fallen), self.strength)
        # A lesson that failed at once leaves less.
        self.strength = np.where(new & ~right, 0.4 * self.first, self.strength)
        self.last = np.where(new | asked, day, self.last)


class Activation(_Differing):
    """ACT-R with spacing: ``m = ln sum t_i^-d_i``, P = logistic((m + b - threshold) / s).

    Every practice leaves a trace, right or wrong (the answer is shown), which decays the faster
    the more active the memory was: d_i = a + c e^m. b differs by student and card. Figures of
    time and threshold are chosen so that first intervals are of some days.
    """

    most = 120  # traces of a card

    def __init__(self, deck: Deck, students: int, rng: np.random.Generator) -> None:
        super().__init__(deck, students, rng)
        self.base = 0.35 * self.ease
        self.slowest = 0.16 * np.exp(-0.15 * self.gain)
        self.when = np.zeros((*self.shape, self.most))
        self.decay = np.zeros((*self.shape, self.most))
        self.count = np.zeros(self.shape, np.int64)

    def _activation(self, day: float) -> Floats:
        total = np.zeros(self.shape)
        for k in range(int(self.count.max())):
            since = np.maximum(day - self.when[..., k], 0) + 0.01  # a quarter of an hour
            total += np.where(k < self.count, since ** -self.decay[..., k], 0)
        return np.asarray(np.log(np.maximum(total, 1e-9)))

    def recall(self, day: float) -> Floats:
        self._now = self._activation(day)
        return np.asarray(1 / (1 + np.exp(-(self._now + self.base + 0.62) / 0.255)))

    def practise(self, new: Bools, asked: Bools, right: Bools, day: float) -> None:
        # A lesson that went well is worth two traces.
        for practised in (new | asked, new & right):
            at = np.nonzero(practised & (self.count < self.most))
            active = np.where(self.count[at] > 0, np.exp(self._now[at]), 0)
            place = (*at, self.count[at])
            self.when[place] = day
            self.decay[place] = np.minimum(self.slowest[at] + 0.217 * active, 1.0)
            self.count[at] += 1


class TwoStores(_Differing):
    """A fast store and a slow one: u e^(-t / slow) + (1 - u) e^(-t / fast).

    Recall moves a part of what is not in the slow store into it, and makes that store last
    longer, by how long ago the last practice was in days, not by how much has faded:
    ``u += k (1 - u) f``, ``slow *= 1 + g f``, f = 1 - e^(-t / 2). A lapse halves `u` and takes a
    third of `slow`.
    """

    def __init__(self, deck: Deck, students: int, rng: np.random.Generator) -> None:
        super().__init__(deck, students, rng)
        self.fast = 15 * np.exp(0.5 * self.ease)
        self.moved = 1 / (1 + np.exp(-(0.8 + 0.5 * self.gain)))
        self.growth = 0.9 * np.exp(0.3 * self.gain)
        self.share = np.full(self.shape, 0.3)
        self.slow = 40 * np.exp(0.4 * self.ease)

    def recall(self, day: float) -> Floats:
        gap = day - self.last
        slow, fast = np.exp(-gap / self.slow), np.exp(-gap / self.fast)
        return np.asarray(self.share * slow + (1 - self.share) * fast)

    def practise(self, new: Bools, asked: Bools, right: Bools, day: float) -> None:
        spaced = 1 - np.exp(-(day - self.last) / 2)
        recalled, lapsed = asked & right, asked & ~right
        share = self.share + self.moved * (1 - self.share) * spaced
        self.share = np.where(
            recalled,
            share,
            np.where(lapsed, self.share / 2, np.where(new & ~right, 0.1, self.share)),
        )
        self.slow *= np.where(recalled, 1 + self.growth * spaced, np.where(lapsed, 2 / 3, 1.0))
        self.last = np.where(new | asked, day, self.last)


MEMORIES: dict[str, Callable[[Deck, int, np.random.Generator], Any]] = {
    "power law": PowerLaw,
    "activation": Activation,
    "two stores": TwoStores,
}
