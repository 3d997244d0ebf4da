"""All responses at once, from a path that is near: Newton's steps on the whole of it.

Each response takes what is believed before it from a path that was found for other parameters.
Where what it leaves differs from what the path says, the equations around the path tell how
everything behind it moves, and so on until nothing moves. A student's many answers are then work
for arrays. What is found is the path of `adaptlearn.models.bkt.individual.forward` but for
rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY
from adaptlearn.models.bkt.individual.equations import Coefficients, joins
from adaptlearn.models.bkt.individual.forward import FEW, Path, Span, respond, student_steps
from adaptlearn.models.bkt.individual.gradient import logarithms, slopes_of, terms_of
from adaptlearn.models.bkt.individual.layout import Layout
from adaptlearn.models.bkt.individual.links import Links
from adaptlearn.models.sequential.levels import narrow_from
from adaptlearn.models.sequential.triangular import Given
from adaptlearn.numerics import Floats

_LOG_TINY = float(np.log(TINY))

_ROUNDS, _WILD = 12, 100.0
"""Steps after which the path is called too far, and a move after which it is; five are usual."""

_STILL = 1e-9
"""A path that moves by no more has been found, but for rounding."""

_FASTER = 0.02
"""Where a step leaves no more than this of what was wrong, the same slopes do for the next; so they
do where as good a step again leaves little enough."""

# What following costs, in units that a response costs here, with all its steps.
_OF_LEVEL, _ALONE = 200, 10


class Near(NamedTuple):
    """A path, and how far it is from its own equations.

    Attributes
    ----------
    path : Path
    left : list of (places, float array)
        What the equations would still change, and of which unknowns of `Links`.
    """

    path: Path
    left: list[Given]


def pays(layout: Layout) -> bool:
    """Whether all at once is cheaper than level by level, and few students one by one."""
    bounds = layout.row_levels
    narrow = narrow_from(bounds, FEW)
    n_rows = int(bounds[-1])
    return _OF_LEVEL * narrow + _ALONE * (n_rows - int(bounds[narrow])) > n_rows


def path_near(
    layout: Layout, local: Coefficients, links: Links, near: Path, *, still: float = _STILL
) -> Near | None:
    """The path of new parameters, from one of others; None where that is too far.

    Parameters
    ----------
    layout, local : Layout, Coefficients
    links : Links
    near : Path
        Of the same layout and the same beginning. Its arrays become those of the new one.
    still : float
        A path that would move by no more will do.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return _path_near(layout, local, links, near, still)


def _path_near(
    layout: Layout, local: Coefficients, links: Links, path: Path, still: float
) -> Near | None:
    span = Span(
        slice(0, len(layout.rows)),
        slice(0, len(layout.entries)),
        slice(0, len(path.scale)),
        layout.row_of_entry,
        layout.starts,
    )
    system, own = links.system.forth, path.posterior[:, path.n_chains :]
    places = links.after, links.ability, links.residual
    # What the path says of beliefs, by their log odds, and of students after each row.
    said = [
        _log_odds(own),
        _after(links, path.ability, path.last_ability),
        _after(links, path.residual, path.last_residual),
    ]
    most, stale = 0.0, True
    for _ in range(_ROUNDS):
        here = path._replace(posterior=path.posterior.copy())
        respond(layout, local, path, span)
        odds = _log_odds(own)
        if not _mended(layout, local, path, here.posterior, odds):
            return None
        steps = student_steps(layout, local, path, span)
        found = odds, path.ability + steps[0], path.residual + steps[1]
        changes = [new - before for new, before in zip(found, said, strict=True)]
        ratio = changes[0] / (1 + np.abs(odds))
        before, most = most, float(np.max([np.max(np.abs(c)) for c in (ratio, *changes[1:])]))
        if not most <= _WILD:
            return None
        left = [*zip(places, changes, strict=True)]
        if most <= still:
            path.last_ability[:], path.last_residual[:] = (
                values[links.last] for values in found[1:]
            )
            return Near(path, left)
        # The first step does with the slopes around the last path that was looked for.
        slow = most > _FASTER * before and most * most > still * before
        if not system.given or (before > 0 and slow):
            terms = slopes_of(layout, local, here).terms
            system.put([*terms, *terms_of(layout, local)] if stale else terms)
            stale = False
        moves = system.solve(left)
        for place, what in zip(places, said, strict=True):
            np.add(what, moves[place], out=what)
        own[:] = _beliefs(said[0])
        path.ability[:] += moves.take(links.ability_before)
        path.residual[:] += moves.take(links.residual_before)
    return None


def _after(links: Links, before: Floats, last: Floats) -> Floats:
    """What each row leaves of a student, from what is there before each, and after the last."""
    after = np.empty(len(before) + 1)
    after[links.earlier] = before
    after[1:][links.last] = last
    return after[1:]


def _mended(layout: Layout, local: Coefficients, path: Path, old: Floats, odds: Floats) -> bool:
    """Put right what numbers are too small for, from `old` beliefs, by logarithms; False if not.

    `odds` are the log odds of the beliefs after each entry.
    """
    own = path.posterior[:, path.n_chains :]
    if min(old.min(), path.begun.min(), own.min()) >= 0 and (
        min(path.begun.min(), own.min()) >= TINY
    ):
        return True
    if joins(local.rule) and not layout.single:
        return False
    at = np.flatnonzero(
        ~((path.begun >= TINY) & (own >= TINY) & (old.take(layout.before, axis=1) >= 0)).all(axis=0)
    )
    unknown, known = logarithms(old[:, layout.before[at]])
    stay, rise = np.log(path.moves[:, at])
    begun = np.stack((unknown + stay, unknown + rise))
    if local.forget is None or local.keep is None:
        begun[1] = np.logaddexp(begun[1], known)
    else:
        begun[0] = np.logaddexp(begun[0], known + np.log(local.forget[at]))
        begun[1] = np.logaddexp(begun[1], known + np.log(local.keep[at]))
    path.begun[:, at] = np.where(begun < _LOG_TINY, begun, np.exp(begun))
    by = path.likelihood[:, at]
    path.scale[at] = (np.maximum(path.begun[:, at], 0) * by).sum(axis=0)
    power = 1 / layout.to_entries(layout.size)[at] if local.rule == "shared" else 1.0
    odds[at] = begun[1] - begun[0] + power * np.log(by[1] / by[0])
    own[:, at] = _beliefs(odds[at])
    return True


def _log_odds(beliefs: Floats) -> Floats:
    unknown, known = beliefs
    odds: Floats = np.log(known / unknown)
    far = np.flatnonzero((unknown < 0) | (known < 0))
    if len(far):
        odds[far] = np.subtract(*logarithms(beliefs[::-1, far]))
    return odds


def _beliefs(odds: Floats) -> Floats:
    """Not known and known, held by the logarithm where that is too small for a number."""
    against = np.stack((odds, -odds))
    beliefs = 1 / (1 + np.exp(against))
    if np.max(np.abs(odds), initial=0.0) > -_LOG_TINY:
        beliefs = np.where(against > -_LOG_TINY, -against, beliefs)
    return beliefs
