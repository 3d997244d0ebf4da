"""What `BKT`'s constructor arguments mean, and what may be wrong with them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.models.bkt.classes import GAP, ITEM_PAIR, Scheme
from adaptlearn.models.bkt.em.climb import OnStep
from adaptlearn.models.bkt.em.groups import Settings
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Parameters
from adaptlearn.progress import report
from adaptlearn.validation import Interval, OneOf


def schemes_of(options: Mapping[str, Any]) -> dict[str, Scheme]:
    """By which columns each parameter differs."""
    return {field: Scheme.of(field, options[f"{field}_by"]) for field in Parameters._fields}


def starts_of(options: Mapping[str, Any]) -> list[Any]:
    """The starting points that were given."""
    start = options["start"]
    if start is None:
        return []
    return list(start) if isinstance(start, (list, tuple)) else [start]


def coupling_of(options: Mapping[str, Any]) -> list[str]:
    """The options in use that couple a student's skills, or the skills of a response."""
    names = [name for name in ("ability", "recency", "difficulty", "lag") if options[name]]
    return names if options["multi_skill"] == "full" else [*names, "multi_skill"]


def settings_of(options: Mapping[str, Any], on_step: OnStep | None) -> Settings:
    """How EM looks for the parameters."""
    own = ("forgetting", "n_init", "max_iter", "tol", "accelerate", "borrow")
    return Settings(
        **{name: options[name] for name in own},
        start=starts_of(options),
        rng=np.random.default_rng(options["random_state"]),
        on_step=_told(on_step),
    )


def _told(on_step: OnStep | None) -> OnStep:
    """What is called after each step: it tells whoever listens, and the caller's function."""

    def tell(steps: int, still_moving: int, n_skills: int) -> None:
        report("fitting BKT", "skills", n_skills - still_moving, n_skills)
        if on_step is not None:
            on_step(steps, still_moving, n_skills)

    return tell


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """What is wrong with the arguments, beyond single values out of their range."""
    problems = _class_problems(options)
    coupling = coupling_of(options)
    if coupling:
        problems += _coupling_problems(options, ", ".join(coupling))
    if options["student_classes"] != 1:
        problems += _student_class_problems(options)
    if options["start"] is not None:
        starts = starts_of(options)
        problems += [] if starts else ["start is empty; give a mapping, or several"]
        for point in starts:
            problems += _start_problems(point, options["forgetting"])
    return problems


def _class_problems(options: Mapping[str, Any]) -> list[str]:
    by = {field: options[f"{field}_by"] for field in Parameters._fields}
    problems = [
        f"{field}_by must be a column's name or several, got {names!r}"
        for field, names in by.items()
        if not _names_columns(names)
    ]
    problems += [
        f"{field}_by cannot be {name!r}, which belongs to a transition (learn, forget)"
        for field in ("prior", "guess", "slip")
        for name in (GAP, ITEM_PAIR)
        if by[field] == name or (isinstance(by[field], (list, tuple)) and name in by[field])
    ]
    if by["forget"] is not None and not options["forgetting"]:
        problems.append("forget_by needs forgetting=True")
    if not _ascending(options["gaps"]):
        problems.append(f"gaps must be ascending positive seconds, got {options['gaps']!r}")
    return problems


def _coupling_problems(options: Mapping[str, Any], coupling: str) -> list[str]:
    problems = [
        f"{name} does not go together with {coupling}, which are fitted by penalised likelihood"
        for name in ("bounds", "fixed", "beta_priors", "start")
        if options[name] is not None
    ]
    if options["uncertainty"] or isinstance(options["borrow"], str):
        problems.append(f"uncertainty and borrow need EM, without {coupling}")
    return problems


def _student_class_problems(options: Mapping[str, Any]) -> list[str]:
    others = [f"{field}_by" for field in Parameters._fields if options[f"{field}_by"] is not None]
    others += [*coupling_of(options), *(["uncertainty"] if options["uncertainty"] else [])]
    return [f"student_classes does not go together with {name}" for name in others]


def _names_columns(by: Any) -> bool:
    if by is None or isinstance(by, str):
        return True
    return isinstance(by, (list, tuple)) and bool(by) and all(isinstance(n, str) for n in by)


def _ascending(gaps: Any) -> bool:
    if not isinstance(gaps, (list, tuple)) or not gaps:
        return False
    positive = Interval(0, np.inf, closed="neither")
    return all(positive.accepts(gap) for gap in gaps) and list(gaps) == sorted(set(gaps))


def _start_problems(start: Any, forgetting: bool) -> list[str]:
    if not isinstance(start, Mapping):
        return [f"start must be a mapping of names to probabilities, got {start!r}"]
    names = set(Parameters._fields) - (set() if forgetting else {"forget"})
    problems = [f"start lacks {name!r}" for name in sorted(names - set(start))]
    problems += [f"start has an unknown {name!r}" for name in sorted(set(start) - names)]
    free = Interval(FLOOR, 1 - FLOOR)
    problems += [
        f"start[{name!r}] must be 0 or 1 (which fixes it) or {free}, got {value!r}"
        for name, value in start.items()
        if not (free.accepts(value) or OneOf((0, 1, 0.0, 1.0)).accepts(value))
    ]
    if not problems and start["guess"] + start["slip"] > 1 - MARGIN:
        problems.append("start: guess + slip must be below 1")
    return problems
