"""Parameters of simulators: numbers by skill, rules that they keep, what comes before what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.validation import Constraint, Interval, check_parameters, some

Limits = dict[str, list[Constraint]]

# Of settings that several simulators have.
_SHARED: Limits = {
    "chance": [Interval(0, 10)],
    "level": [Interval(0, 1, "neither")],
    "unready": [Interval(0, 1)],
}


def by_skill(
    subject: str,
    n_skills: int,
    values: Mapping[str, tuple[ArrayLike, float, float]],
    settings: Mapping[str, Any] | None = None,
    *,
    own: Limits | None = None,
    others: Sequence[str] = (),
) -> dict[str, Floats]:
    """Check all arguments at once, and take parameters as arrays of shape (n_skills,).

    Parameters
    ----------
    subject : str
        Whose they are, for the message.
    n_skills : int
    values : mapping of str to (value, low, high)
        A number or one per skill, and the bounds, both allowed.
    settings : mapping of str to value, optional
        Arguments that are no matter of skills.
    own : mapping of str to list of constraint, optional
        What settings may be that only this one has.
    others : sequence of str, optional
        Problems found before.

    Raises
    ------
    ParameterError
        Lists every one that is no number, out of bounds, or of another length.
    """
    allowed = {**_SHARED, **(own or {})}
    settings = settings or {}
    if Interval(1, 10**6, integer=True).accepts(n_skills):
        found, problems = _arrays(n_skills, values)
    else:
        found, problems = {}, [f"n_skills must be a positive integer, got {n_skills!r}"]
    constraints = {name: allowed[name] for name in settings}
    check_parameters(subject, settings, constraints, [*others, *problems])
    return found


def _arrays(
    n_skills: int, values: Mapping[str, tuple[ArrayLike, float, float]]
) -> tuple[dict[str, Floats], list[str]]:
    """What `by_skill` gives, and what is wrong with the others."""
    found: dict[str, Floats] = {}
    problems: list[str] = []
    for name, (value, low, high) in values.items():
        try:
            numbers = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            numbers = np.array(np.nan)
        if numbers.shape not in ((), (n_skills,)) or not _within(numbers, low, high):
            problems.append(
                f"{name} must be a number in [{low:g}, {high:g}] or one for each of "
                f"{n_skills} skills, got {value!r:.80}"
            )
        else:
            found[name] = np.broadcast_to(numbers, n_skills).copy()
    return found, problems


def _within(numbers: Floats, low: float, high: float) -> bool:
    return bool(((numbers >= low) & (numbers <= high)).all())


def probabilities(**values: ArrayLike) -> dict[str, tuple[ArrayLike, float, float]]:
    """Parameters from 0 to 1, for `by_skill`."""
    return {name: (value, 0.0, 1.0) for name, value in values.items()}


def skill_numbers(subject: str, skills: ArrayLike, n_skills: int) -> Ints:
    """Numbers of skills, shape (n,); the same may come several times.

    Raises
    ------
    ParameterError
        They are no numbers of skills.
    """
    chosen = np.asarray(skills)
    if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu":
        raise ParameterError(subject, ["skills must be a list of at least one skill number"])
    outside = (chosen < 0) | (chosen >= n_skills)
    if outside.any():
        raise ParameterError(
            subject,
            [f"skills are numbered from 0 to {n_skills - 1}, got {some(chosen[outside].tolist())}"],
        )
    return chosen


def must_hold(subject: str, rule: str, broken: Bools) -> None:
    """Raise if skills break a rule, and name them.

    Parameters
    ----------
    subject, rule : str
        For the message.
    broken : bool array, shape (..., n_skills)

    Raises
    ------
    ParameterError
        A skill breaks the rule.
    """
    skills = np.flatnonzero(broken.reshape(-1, broken.shape[-1]).any(axis=0))
    if len(skills):
        raise ParameterError(subject, [f"{rule}; not so for skills {some(skills)}"])


def parents_of(prerequisites: Sequence[tuple[int, int]] | ArrayLike | None, n_skills: int) -> Ints:
    """Direct prerequisites of each skill, shape (n_skills, most), ``n_skills`` where there is none.

    Parameters
    ----------
    prerequisites : sequence of (int, int), or bool array of shape (n_skills, n_skills), or None
        Edges (first, then); or row k marks what comes directly before skill k.

    Raises
    ------
    ParameterError
        They name skills there are not.
    """
    if prerequisites is None:
        return np.full((n_skills, 0), n_skills)
    given = np.asarray(prerequisites)
    if given.dtype == np.bool_ and given.shape == (n_skills, n_skills):
        then, first = np.nonzero(given)
    elif given.size == 0:
        first, then = np.zeros((2, 0), np.intp)
    elif given.ndim == 2 and given.shape[1] == 2 and given.dtype.kind in "iu":
        first, then = given.T
    else:
        raise ParameterError(
            "prerequisites",
            [f"expected pairs of skill numbers or a bool table of {n_skills} x {n_skills}"],
        )
    ends = np.concatenate([first, then])
    if ((ends < 0) | (ends >= n_skills)).any():
        raise ParameterError("prerequisites", [f"skills are numbered from 0 to {n_skills - 1}"])
    order = np.argsort(then, kind="stable")
    first, then = first[order], then[order]
    counts = np.bincount(then, minlength=n_skills)
    table = np.full((n_skills, int(counts.max(initial=0))), n_skills)
    table[then, np.arange(len(then)) - np.repeat(np.cumsum(counts) - counts, counts)] = first
    return table
