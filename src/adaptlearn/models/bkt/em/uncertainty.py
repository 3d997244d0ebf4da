"""Intervals for parameters and mastery, and what the answers leave undetermined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from adaptlearn.models.bkt.em.information import Information
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Cells, Parameters
from adaptlearn.numerics import Floats
from adaptlearn.validation import Numbers, number_array

_LARGE = 25.0  # variance of a logit beyond which a draw says "anywhere"


class Uncertainty(NamedTuple):
    """Errors of estimation, on the logit scale.

    Attributes
    ----------
    free : list, one per skill, of lists of (field number, cell)
        What was estimated and lies inside its limits.
    covariance : list of float arrays, one per skill, shape (n_free, n_free)
    flat : list of (skill, weights)
        Directions without information: per parameter and cell its share.
    """

    free: list[list[tuple[int, int]]]
    covariance: list[Floats]
    flat: list[tuple[int, list[tuple[str, int, float]]]]

    @classmethod
    def of(cls, found: Information, offset: dict[str, int]) -> Uncertainty:
        """With cells numbered as in the model's table: those of classes come after the skills'."""
        shift = [offset.get(field, 0) for field in Parameters._fields]
        names = Parameters._fields
        return cls(
            [[(field, cell + shift[field]) for field, cell in own] for own in found.free],
            found.covariance,
            [
                (
                    direction.group,
                    [
                        (field, cell + shift[names.index(field)], weight)
                        for (field, cell), weight in direction.weights.items()
                    ],
                )
                for direction in found.flat
            ],
        )

    def standard_errors(self, sizes: Sequence[int]) -> Parameters:
        """Of every cell's logit; nan where it was not estimated or is at an end."""
        errors = Parameters(*(np.full(size, np.nan) for size in sizes))
        for own, matrix in zip(self.free, self.covariance, strict=True):
            for (field, cell), variance in zip(own, np.diag(matrix), strict=True):
                errors[field][cell] = np.sqrt(variance)
        return errors

    def draws(self, table: Parameters, n: int, rng: np.random.Generator) -> Iterator[Parameters]:
        """Parameter tables as they might as well be, from the estimates' normal approximation."""
        roots = []
        for matrix in self.covariance:
            finite = np.where(np.isfinite(matrix), matrix, 0.0)
            finite[np.diag_indices(len(matrix))] = np.minimum(np.diag(matrix), _LARGE)
            values, vectors = np.linalg.eigh(finite)
            roots.append(vectors * np.sqrt(np.clip(values, 0, _LARGE)))
        places = np.array([pair for own in self.free for pair in own], np.int64).reshape(-1, 2)
        for _ in range(n):
            drawn = Parameters(*(field.copy() for field in table))
            parts = [root @ rng.standard_normal(len(root)) for root in roots]
            moves = np.concatenate([np.empty(0), *parts])
            for number, field in enumerate(drawn):
                of_field = places[:, 0] == number
                cells = places[of_field, 1]
                moved = expit(logit(field[cells]) + moves[of_field])
                field[cells] = np.clip(moved, FLOOR, 1 - FLOOR)
            yield _below_one(drawn)

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it; an infinite variance is null."""
        return {
            "free": [[list(pair) for pair in own] for own in self.free],
            "covariance": [
                [[entry if np.isfinite(entry) else None for entry in row] for row in m.tolist()]
                for m in self.covariance
            ],
            "flat": [[skill, [list(part) for part in parts]] for skill, parts in self.flat],
        }

    @classmethod
    def from_json(cls, content: Any, n_skills: int, sizes: Mapping[str, int]) -> Uncertainty | None:
        """What `to_json` wrote; None from None.

        Parameters
        ----------
        content : mapping, optional
        n_skills : int
        sizes : mapping of str to int
            How many cells each parameter has.
        """
        if content is None:
            return None
        names = Parameters._fields
        free = [[(field, cell) for field, cell in own] for own in content["free"]]
        flat = [
            (skill, [(name, cell, weight) for name, cell, weight in parts])
            for skill, parts in content["flat"]
        ]
        everywhere = [(names[field], cell, 0.0) for own in free for field, cell in own]
        of_flat = [part for _, parts in flat for part in parts]
        number_array([skill for skill, _ in flat], "flat", _whole(len(flat), n_skills))
        number_array([part[2] for part in of_flat], "flat", Numbers((len(of_flat),)))
        for name, size in sizes.items():
            cells = [part[1] for part in (*everywhere, *of_flat) if part[0] == name]
            number_array(cells, f"cells of {name}", _whole(len(cells), size))
        if {part[0] for part in of_flat} - {*names} or len(set(everywhere)) < len(everywhere):
            raise ValueError("uncertainty names a parameter that is none, or a cell twice")
        if len(free) != n_skills or len(content["covariance"]) != n_skills:
            raise ValueError("uncertainty is not of every skill")
        return cls(free, [*map(_covariance, content["covariance"], map(len, free))], flat)


def _whole(n: int, end: int) -> Numbers:
    return Numbers((n,), 0, end - 1, whole=True)


def _covariance(matrix: Any, n: int) -> Floats:
    """A matrix in which null is an infinite variance."""
    limit = 1e100
    found = number_array(matrix, "covariance", Numbers((n, n), -limit, limit, gaps=True))
    found = found.reshape(n, n)
    found = np.where(np.isnan(found), np.inf, found)
    if np.any(np.diag(found) < 0):
        raise ValueError("covariance has a variance below 0")
    return found


def _below_one(drawn: Parameters) -> Parameters:
    """Draws whose guess and slip leave the region, moved back into it."""
    if drawn.guess.shape != drawn.slip.shape:
        return drawn
    over = drawn.guess + drawn.slip
    shrink = np.where(over > 1 - MARGIN, (1 - MARGIN) / np.maximum(over, FLOOR), 1.0)
    return drawn._replace(guess=drawn.guess * shrink, slip=drawn.slip * shrink)


def interval(value: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
    """An interval that is symmetric on the logit scale; nan where there is no error."""
    reach = ndtri((1 + level) / 2) * error
    inside = (value > 0) & (value < 1)
    centre = logit(np.where(inside, value, 0.5))
    lower, upper = expit(centre - reach), expit(centre + reach)
    return np.where(inside, lower, np.nan), np.where(inside, upper, np.nan)


def spread_of(samples: Iterator[Floats], value: Floats) -> Floats:
    """The standard deviation of probabilities' logits around given ones, one array at a time."""
    total, n = np.zeros_like(value), 0
    tiny = np.finfo(float).tiny
    centre = logit(np.clip(value, tiny, 1 - 1e-16))
    for sample in samples:
        total += (logit(np.clip(sample, tiny, 1 - 1e-16)) - centre) ** 2
        n += 1
    return np.asarray(np.sqrt(total / n))


def findings(
    parameters: Parameters,
    owner: Cells,
    labels: list[Any],
    reasons: dict[Any, str],
    uncertainty: Uncertainty | None,
) -> list[tuple[Any, str, str]]:
    """What is undetermined or implausible: skill, short name, explanation.

    Parameters
    ----------
    parameters : Parameters
        Every cell of the skills and their classes.
    owner : Cells
        The skill of each cell.
    labels : list
        The skills'.
    reasons : dict of label to str
        Why a skill's answers cannot identify its parameters.
    uncertainty : Uncertainty, optional
    """
    found = [(label, "unidentified", why) for label, why in reasons.items()]
    told = (
        ("guess", parameters.guess, "without knowing, right is likelier than wrong"),
        ("slip", parameters.slip, "with knowing, wrong is likelier than right"),
    )
    for name, values, meaning in told:
        group = getattr(owner, name)
        for skill in np.unique(group[values > 0.5]).tolist():
            top = values[group == skill].max()
            found.append((labels[skill], "degenerate", f"{name} reaches {top:.2f}: {meaning}"))
    for name, values in parameters._asdict().items():
        group = getattr(owner, name)
        for end, at in (
            (0, (values > 0) & (values <= 2 * FLOOR)),
            (1, (values < 1) & (values >= 1 - 2 * FLOOR)),
        ):
            detail = f"{name} ended at {end}: it has no standard error"
            skills = np.unique(group[at]).tolist()
            found += [(labels[skill], "at an end", detail) for skill in skills]
    for skill, parts in [] if uncertainty is None else uncertainty.flat:
        told_parts = ", ".join(f"{field} {weight:+.2f}" for field, _, weight in parts[:4])
        found.append(
            (
                labels[skill],
                "flat direction",
                f"the answers do not tell these apart: {told_parts} (shares on the logit scale)",
            )
        )
    return found


def table_of(rows: list[tuple[Any, ...]], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Rows as columns that any dataframe library takes."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    table = {}
    for name, column in zip(names, columns, strict=True):
        values = np.empty(len(column), object)
        values[:] = column
        table[name] = values
    return table
