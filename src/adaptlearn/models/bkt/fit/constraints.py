"""What the caller holds parameters to: bounds, fixed values, Beta priors; by skill or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.models.bkt.em.groups import Given
from adaptlearn.models.bkt.em.steps import Pseudocounts
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Cells, Limits, Parameters
from adaptlearn.validation import Interval, some

Problems = list[str]


def read_constraints(options: Mapping[str, Any], skills: list[Any]) -> Given:
    """The constraints as arrays over `skills`.

    The options ``bounds``, ``fixed`` and ``beta_priors`` each map names of parameters to one
    value for all skills, or to a mapping of skills to values: a pair (low, high), a probability,
    a pair of Beta parameters of at least 1.

    Raises
    ------
    ParameterError
        Lists everything that is wrong with them.
    """
    problems: Problems = []
    place = {label: code for code, label in enumerate(skills)}
    reader = _Reader(place, options["forgetting"], problems)
    limits = Limits.widest(Cells.same(np.arange(len(skills))))
    pooled = Limits.widest(Cells.same(np.zeros(1, np.int64)))
    for entry in reader.entries("bounds", options["bounds"], _bound_problem):
        low, high = entry.value
        entry.hold(limits, pooled, max(low, FLOOR), min(high, 1 - FLOOR))
    for entry in reader.entries("fixed", options["fixed"], _fixed_problem):
        value = entry.value
        low, high = entry.of(limits.low), entry.of(limits.high)
        if 0 < value < 1 and np.any((value < low) | (value > high)):
            problems.append(f"fixed[{entry.name!r}]: {value!r} lies outside the bounds")
        entry.hold(limits, pooled, value, value)
    pseudo = Pseudocounts(*(np.zeros((len(skills), 2)) for _ in Parameters._fields))
    for entry in reader.entries("beta_priors", options["beta_priors"], _prior_problem):
        getattr(pseudo, entry.name)[entry.cells] = np.subtract(entry.value, 1)
    problems += _room_problems(limits, pooled, skills)
    if problems:
        raise ParameterError("BKT", problems)
    return Given(limits, pseudo if options["beta_priors"] else None, pooled)


class _Entry(NamedTuple):
    """A valid value of one parameter: for one skill, or (None) for all of them."""

    name: str
    skill: int | None
    value: Any

    @property
    def cells(self) -> Any:
        """Which cells of a field it is about."""
        return slice(None) if self.skill is None else [self.skill]

    def of(self, ends: Parameters) -> Any:
        """The values that are in its place."""
        return getattr(ends, self.name)[self.cells]

    def hold(self, limits: Limits, pooled: Limits, low: float, high: float) -> None:
        """Set limits, in place: the common parameters' too where it is for all skills."""
        for target in (limits, pooled) if self.skill is None else (limits,):
            getattr(target.low, self.name)[self.cells] = low
            getattr(target.high, self.name)[self.cells] = high


class _Reader(NamedTuple):
    """Reads arguments; what is wrong goes to `problems`. `place` numbers the skills."""

    place: dict[Any, int]
    forgetting: bool
    problems: Problems

    def entries(
        self, argument: str, given: Any, problem: Callable[[Any], str | None]
    ) -> Iterator[_Entry]:
        """The valid entries of one argument; `problem` says what a value must be."""
        if given is None:
            return
        if not isinstance(given, Mapping):
            self.problems.append(
                f"{argument} must map names of parameters to values, got {given!r}"
            )
            return
        for name, values in given.items():
            if name not in Parameters._fields:
                names = some(Parameters._fields, 5)
                self.problems.append(f"{argument} has an unknown {name!r}; there are {names}")
            elif name == "forget" and not self.forgetting:
                self.problems.append(f"{argument}['forget'] needs forgetting=True")
            else:
                yield from self._by_skill(argument, name, values, problem)

    def _by_skill(
        self, argument: str, name: str, values: Any, problem: Callable[[Any], str | None]
    ) -> Iterator[_Entry]:
        by_skill = values if isinstance(values, Mapping) else {None: values}
        what = f"{argument}[{name!r}]"
        strange = [skill for skill in by_skill if skill is not None and skill not in self.place]
        if strange:
            self.problems.append(f"{what}: skill {some(strange)} is not in the log")
        for skill, value in by_skill.items():
            wrong = problem(value)
            if wrong:
                which = "" if skill is None else f"[{skill!r}]"
                self.problems.append(f"{what}{which} must be {wrong}, got {value!r}")
            elif skill is None or skill in self.place:
                yield _Entry(name, self.place.get(skill), value)


def _room_problems(limits: Limits, pooled: Limits, skills: list[Any]) -> Iterator[str]:
    """Limits that leave no guess and slip whose sum is below 1."""
    crossed = np.flatnonzero(limits.low.guess + limits.low.slip > 1 - MARGIN).tolist()
    rule = "guess + slip must be able to stay below 1; not so for"
    if crossed:
        yield f"{rule} skill {some([skills[code] for code in crossed])}"
    elif pooled.low.guess[0] + pooled.low.slip[0] > 1 - MARGIN:
        yield f"{rule} all skills together"


def _is_pair(value: Any, of: Interval) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(of.accepts, value))


def _bound_problem(value: Any) -> str | None:
    if _is_pair(value, Interval(0, 1)):
        low, high = value
        if max(low, FLOOR) < min(high, 1 - FLOOR):
            return None
    return f"a pair (low, high) of probabilities with low < high, and {FLOOR:g} < high"


def _fixed_problem(value: Any) -> str | None:
    if Interval(0, 1).accepts(value) and (value in (0, 1) or FLOOR <= value <= 1 - FLOOR):
        return None
    return f"0, 1 or a probability from {FLOOR:g} to {1 - FLOOR:g}"


def _prior_problem(value: Any) -> str | None:
    if _is_pair(value, Interval(1, np.inf, closed="left")):
        return None
    return "a pair of Beta parameters of at least 1 (below, there is no highest point)"
