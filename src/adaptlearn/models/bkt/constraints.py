"""What the caller holds parameters to: bounds, fixed values and Beta priors, per skill or for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from adaptlearn.models.bkt.em import Pseudocounts
from adaptlearn.models.bkt.fitting import Given
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Cells, Limits, Parameters
from adaptlearn.validation import some

Problems = list[str]


def read_constraints(
    bounds: Mapping[str, Any] | None,
    fixed: Mapping[str, Any] | None,
    beta_priors: Mapping[str, Any] | None,
    *,
    forgetting: bool,
    skills: list[Any],
) -> tuple[Given, Problems]:
    """The constraints as arrays over `skills`, and everything that is wrong with them.

    Each argument maps names of parameters to one value for all skills, or to a mapping of skills
    to values: a pair (low, high) for `bounds`, a probability for `fixed`, a pair of Beta
    parameters of at least 1 for `beta_priors`.
    """
    problems: Problems = []
    owner = Cells.same(np.arange(len(skills)))
    limits, pooled = Limits.widest(owner), Limits.widest(Cells.same(np.zeros(1, np.int64)))
    place = {label: code for code, label in enumerate(skills)}

    def each(argument: str, given: Any, problem: Callable[[Any], str | None]) -> Any:
        """Valid entries as (parameter, skill codes, value); whether it is for all skills."""
        if given is None:
            return
        if not isinstance(given, Mapping):
            problems.append(f"{argument} must map names of parameters to values, got {given!r}")
            return
        for name, entry in given.items():
            if name not in Parameters._fields:
                problems.append(
                    f"{argument} has an unknown {name!r}; there are {some(Parameters._fields, 5)}"
                )
                continue
            if name == "forget" and not forgetting:
                problems.append(f"{argument}['forget'] needs forgetting=True")
                continue
            by_skill = entry if isinstance(entry, Mapping) else {None: entry}
            strange = [skill for skill in by_skill if skill is not None and skill not in place]
            if strange:
                problems.append(f"{argument}[{name!r}]: skill {some(strange)} is not in the log")
            for skill, value in by_skill.items():
                what = f"{argument}[{name!r}]" + ("" if skill is None else f"[{skill!r}]")
                wrong = problem(value)
                if wrong:
                    problems.append(f"{what} must be {wrong}, got {value!r}")
                elif skill is None:
                    yield name, slice(None), value, True
                elif skill in place:
                    yield name, [place[skill]], value, False

    for name, codes, (low, high), everywhere in each("bounds", bounds, _bound_problem):
        for target in (limits, pooled) if everywhere else (limits,):
            where = codes if target is limits else slice(None)
            getattr(target.low, name)[where] = max(low, FLOOR)
            getattr(target.high, name)[where] = min(high, 1 - FLOOR)
    for name, codes, value, everywhere in each("fixed", fixed, _fixed_problem):
        low, high = getattr(limits.low, name)[codes], getattr(limits.high, name)[codes]
        if 0 < value < 1 and np.any((value < low) | (value > high)):
            problems.append(f"fixed[{name!r}]: {value!r} lies outside the bounds")
        for target in (limits, pooled) if everywhere else (limits,):
            where = codes if target is limits else slice(None)
            getattr(target.low, name)[where] = value
            getattr(target.high, name)[where] = value
    pseudo = Pseudocounts(*(np.zeros((len(skills), 2)) for _ in Parameters._fields))
    for name, codes, value, _ in each("beta_priors", beta_priors, _prior_problem):
        getattr(pseudo, name)[codes] = np.subtract(value, 1)
    crossed = np.flatnonzero(limits.low.guess + limits.low.slip > 1 - MARGIN)
    if len(crossed):
        told = some([skills[code] for code in crossed])
        problems.append(f"guess + slip must be able to stay below 1; not so for skill {told}")
    if pooled.low.guess[0] + pooled.low.slip[0] > 1 - MARGIN and not len(crossed):
        problems.append("guess + slip must be able to stay below 1; not so for all skills together")
    return Given(limits, pseudo if beta_priors else None, pooled), problems


def _is_probability(value: Any) -> bool:
    return (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and bool(0 <= value <= 1)
    )


def _pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def _bound_problem(value: Any) -> str | None:
    if _pair(value) and all(map(_is_probability, value)):
        low, high = value
        if max(low, FLOOR) < min(high, 1 - FLOOR):
            return None
    return f"a pair (low, high) of probabilities with low < high, and {FLOOR:g} < high"


def _fixed_problem(value: Any) -> str | None:
    if _is_probability(value) and (value in (0, 1) or FLOOR <= value <= 1 - FLOOR):
        return None
    return f"0, 1 or a probability from {FLOOR:g} to {1 - FLOOR:g}"


def _prior_problem(value: Any) -> str | None:
    numbers = (int, float, np.integer, np.floating)
    if _pair(value) and all(
        isinstance(v, numbers) and not isinstance(v, bool) and 1 <= v < np.inf for v in value
    ):
        return None
    return "a pair of Beta parameters of at least 1 (below, there is no highest point)"
