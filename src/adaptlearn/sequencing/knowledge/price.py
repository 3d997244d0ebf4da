"""A threshold from a price: how many minutes it is worth that a skill does not stay unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.labels import Label, LabelIndex, plain, refuse_other_kind
from adaptlearn.numerics import Bools, Floats
from adaptlearn.sequencing.knowledge.context import Context, MasteryKind
from adaptlearn.sequencing.knowledge.criteria import Criterion
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills
from adaptlearn.sequencing.knowledge.stopping import Rates, Worth, thresholds
from adaptlearn.validation import Constraint, Interval

USUAL = {"learn": 0.15, "forget": 0.0, "guess": 0.2, "slip": 0.1}
"""The rates of a skill for which the model has none."""

_PRICE = Interval(0, 1e9, "neither")
_KEPT = 256  # multiples of the prices of a model's skills that are not solved for again
_MOST = 16  # students' prices that are all solved for; of more, those between are interpolated
_STEPS = 4  # prices that are then solved for, from one price to twice the price


@dataclass(frozen=True)
class PriceThreshold(Criterion):
    """A skill counts as mastered when more practice is no longer worth its minutes.

    The price is the number of minutes that a student would spend so that one skill does not stay
    unknown. The threshold of a skill for P(known) is computed from the price and from the model's
    P(learn), P(guess), P(slip) and P(forget) of the skill. As long as P(known) is below the
    threshold, more lessons are worth their minutes.

    Parameters
    ----------
    price : float, default 300
        The price of one skill, in minutes of practice.
    skills, students : mapping of label to float, optional
        Other prices for some skills and for some students, by label. If a student and a skill both
        have a price, the ratio of the student's price to `price` multiplies the skill's price. If
        the sequencer has goals, the weight of the skill for the student's goals also multiplies the
        price.
    n_items : int, default 5
        The number of answers in a lesson.
    minutes : float, default 10
        The minutes of a lesson, if the curriculum does not contain the minutes of this lesson.
    least : float, default 0.5
        The lowest threshold that a skill can have. If the price is low, it can be cheapest to give
        up a skill, but a skill that students give up must not count as mastered.

    Notes
    -----
    The threshold is the solution of an optimal stopping problem, which the module
    `adaptlearn.sequencing.knowledge.stopping` describes. Let ``b`` be P(known), and let a lesson
    have ``n`` items. If only one more lesson were possible, stopping would be best if ``price (1 -
    b) (1 - (1 - learn)^n) <= minutes``. With more lessons, the threshold is higher, because a
    lesson also shows who does not know the skill.

    If `students` contains over 16 different prices, thresholds are computed for four prices per
    doubling and interpolated between them. What is left from a threshold to 1 is then within 1% of
    the solution.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context, PriceThreshold
    >>> school = Curriculum.from_dict({"skills": ["add", "draw"]})
    >>> context = Context(school, np.array(["ann"]), np.array([[0.97, 0.97]]), "latent")
    >>> PriceThreshold(300).met(context).tolist(), PriceThreshold(3000).met(context).tolist()
    ([[True, True]], [[False, False]])
    """

    price: float = 300.0
    skills: Mapping[Label, float] = field(default_factory=dict)
    students: Mapping[Label, float] = field(default_factory=dict)
    n_items: int = 5
    minutes: float = 10.0
    least: float = 0.5
    kind: MasteryKind = "latent"
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "price": [_PRICE],
        "n_items": [Interval(1, 12, integer=True)],
        "minutes": [Interval(0, 1e6, "neither")],
        "least": [Interval(0, 1)],
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        # What NumPy hands out has no place in JSON, and is no label of a student.
        object.__setattr__(self, "n_items", int(self.n_items))
        for name in ("skills", "students"):
            prices = {plain(label): float(p) for label, p in getattr(self, name).items()}
            object.__setattr__(self, name, prices)

    def _problems(self) -> list[str]:
        problems = []
        for name in ("skills", "students"):
            prices = getattr(self, name)
            if not isinstance(prices, Mapping):
                kind = type(prices).__name__
                problems.append(f"{name} must be a mapping of labels to prices, got a {kind}")
                continue
            problems += [
                f"the price of {label!r} is {price!r}; expected {_PRICE}, in minutes"
                for label, price in prices.items()
                if not _PRICE.accepts(price)
            ]
        return problems

    def __hash__(self) -> int:
        return hash(json.dumps(self.described(), sort_keys=True))

    def settings(self) -> dict[str, Any]:  # noqa: D102 - the base's
        found = super().settings()
        for name in ("skills", "students"):
            # Pairs, since JSON would turn the label 1 into "1".
            pairs = [[who, price] for who, price in found[name].items()]
            found[name] = sorted(pairs, key=repr)
        # The same number as 300 and as 300.0.
        return {**found, **{name: float(found[name]) for name in ("price", "minutes", "least")}}

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return np.asarray(context.mastery >= self.needed(context))

    def needed(self, context: Context) -> Floats:
        """The threshold of each skill, shape (n_skills,) or (n_students, n_skills)."""
        solve = partial(_kept, self._posed(context).of, self.n_items)
        times = self._times(context)
        if times is None:
            return np.maximum(solve(1.0), self.least)
        distinct, which = np.unique(times, return_inverse=True)
        # What decides is in the settings, not in the students who happen to be asked for.
        if len({*self.students.values()}) > _MOST:
            found = _between(distinct, solve)
        else:
            found = np.stack([solve(each) for each in distinct.tolist()])
        skills = np.arange(times.shape[1])
        return np.maximum(found[which.reshape(times.shape), skills], self.least)

    def _posed(self, context: Context) -> _Posed:
        """The skills' problem; that of the last call, if curriculum and rates are the same."""
        last: _Posed | None = vars(self).get("_last")
        if last is not None and last.curriculum is not context.curriculum:
            last = None
        # Within one call of a sequencer the rates are one object; between calls they are equal.
        if last is None or last.asked is not context.rates:
            given = {} if context.rates is None else context.rates
            key = {name: rate.tobytes() for name, rate in given.items()}
            if last is None or last.key != key:
                last = _Posed.of_skills(self, context, key)
            last = last._replace(asked=context.rates)
            object.__setattr__(self, "_last", last)
        return last

    def _times(self, context: Context) -> Floats | None:
        """What multiplies the skills' prices, shape (n_students, n_skills), if anything does."""
        if not self.students and context.goal is None:
            return None
        times = np.ones((len(context.students), len(context.curriculum.skills)))
        if self.students:
            refuse_other_kind(
                [*self.students], context.students[:1].tolist(), "student with a price"
            )
            own = [self.students.get(plain(who), self.price) for who in context.students]
            times *= np.array(own)[:, None] / self.price
        if context.goal is not None:
            times *= np.where(context.goal > 0, context.goal, 1.0)
        return times

    def worth(self, context: Context) -> Worth:
        """The numbers that an explanation of a decision needs."""
        posed = self._posed(context)
        own = {who: price / self.price for who, price in self.students.items()}
        return Worth(
            posed.rates, posed.minutes, self.n_items, posed.prices, own,
            context.goal is not None, float(self.least),
        )  # fmt: skip

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_last"}


class _Posed(NamedTuple):
    """What the thresholds of a curriculum's skills are computed from.

    `asked` and `key`: the context's rates, and their bytes. `of`: what `_kept` takes.
    """

    curriculum: Curriculum
    asked: Mapping[str, Floats] | None
    key: Mapping[str, bytes]
    rates: Rates
    minutes: Floats
    prices: Floats
    of: bytes

    @classmethod
    def of_skills(
        cls, criterion: PriceThreshold, context: Context, key: Mapping[str, bytes]
    ) -> _Posed:
        curriculum, rates = context.curriculum, rates_of(context)
        minutes = minutes_of_skills(curriculum, criterion.minutes)
        prices = _placed(criterion.skills, curriculum.skills, criterion.price)
        # A threshold hangs on the minutes of a lesson as a share of the price alone.
        of = np.column_stack([*rates, minutes / prices]).tobytes()
        return cls(curriculum, context.rates, key, rates, minutes, prices, of)


def rates_of(context: Context) -> Rates:
    """The model's rates; where it has none, the usual ones."""
    n = len(context.curriculum.skills)
    found = {} if context.rates is None else context.rates
    rates = {name: np.array(found.get(name, np.full(n, np.nan))) for name in Rates._fields}
    # A skill that the model does not know has no rates, and none of it can be used in part.
    absent = np.isnan(np.stack([*rates.values()])).any(axis=0)
    return Rates(*(np.where(absent, USUAL[name], rate) for name, rate in rates.items()))


def _placed(given: Mapping[Label, float], skills: NDArray[Any], usual: float) -> Floats:
    prices = np.full(len(skills), float(usual))
    if given:
        prices[LabelIndex("skill with a price", skills).codes([*given])] = [*given.values()]
    return prices


def _between(times: Floats, solve: Callable[[float], Floats]) -> Floats:
    """Thresholds at many multiples of the prices, shape (n, n_skills), from those at a few.

    What is left to 1 falls about as fast as the price rises: both are interpolated as logarithms.
    """
    step = np.log2(times) * _STEPS
    below = np.floor(step)
    solved, which = np.unique(np.concatenate((below, below + 1)), return_inverse=True)
    left = 1 - np.stack([solve(2.0 ** (each / _STEPS)) for each in solved.tolist()])
    low, high = left[which[: len(times)]], left[which[len(times) :]]
    part = (step - below)[:, None]
    return np.asarray(1 - low ** (1 - part) * high**part)


@lru_cache(maxsize=_KEPT)
def _kept(of: bytes, n_items: int, times: float) -> Floats:
    """The threshold of each skill, from its four rates and its minutes as a share of its price."""
    # Skills that are alike are computed once.
    rows, which = np.unique(np.frombuffer(of).reshape(-1, 5), axis=0, return_inverse=True)
    left = 1 - thresholds(Rates(*rows[:, :4].T), times, rows[:, 4], n_items)
    # Three digits of what is left to 1: more would only be noise in a sentence.
    digit = 10.0 ** (np.floor(np.log10(np.maximum(left, 1e-12))) - 2)
    return np.asarray((1 - np.round(left / digit) * digit)[which.ravel()])
