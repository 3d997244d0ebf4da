"""What rests on what along the students' responses: the model's equations, linear around a path.

With ``d`` a small change, ``theta`` and ``r`` those before the row, and the derivatives of
`adaptlearn.models.bkt.individual.gradient`, every row adds these unknowns::

    d logit     w_answer d theta + w_residual d r
    d begun     carry d (belief after the chain's last entry) + drive d theta     per entry
    d whole     sum of share d begun                                  where a rule joins skills
    d scale     sum of known_unit d begun + logit_unit d logit                    per unit
    d after     alone d begun + cross d whole + logit_own d logit                 per entry
    d theta'    d theta - sum of gain d scale
    d r'        hold d r - sum of recent d scale

Solved forwards they tell where a path moves, solved backwards what each response did to all that
follow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.individual.layout import Layout
from adaptlearn.models.sequential.triangular import Places, Triangular, regular
from adaptlearn.numerics import Ints


class Links(NamedTuple):
    """The equations of a layout, and where their unknowns stand; the first is always 0.

    Attributes
    ----------
    system : Triangular
    logit, ability, residual : slices or int arrays, of rows
    begun, after : slices or int arrays, of entries
    scale : slice or int array, of units
    earlier : int array, shape (n_rows,)
        The row before of the same student, counted from 1; 0 for none.
    ability_before, residual_before : int arrays, of rows
        Those of the student's row before; 0 where there is none.
    last : int array, shape (n_present,)
        The last row of each student.
    """

    system: Triangular
    logit: Places
    ability: Places
    residual: Places
    begun: Places
    after: Places
    scale: Places
    earlier: Ints
    ability_before: Ints
    residual_before: Ints
    last: Ints

    @classmethod
    def of(cls, layout: Layout, n_chains: int, *, joined: bool) -> Links:
        """Those of a layout in which so many old beliefs stand before its own.

        Parameters
        ----------
        layout : Layout
        n_chains : int
        joined : bool
            Whether the skills of a row are answered with one guess and one slip.
        """
        n_rows, n_entries = len(layout.rows), len(layout.entries)
        row, size = layout.row_of_entry, layout.size.astype(np.int64)
        # Of a row: its logit, the beginnings, what joins them, scales and beliefs, the student.
        n_units = np.ones(n_rows, np.int64) if joined else size
        length = 3 + joined + 2 * size + n_units
        logit = 1 + np.cumsum(length) - length
        inner = np.arange(n_entries) - layout.starts[row]
        begun = logit[row] + 1 + inner
        whole = logit + 1 + size
        scale = whole + 1 if joined else logit[row] + 1 + size[row] + inner
        after = logit[row] + 1 + joined + size[row] + n_units[row] + inner
        ability, residual = logit + length - 2, logit + length - 1

        counts = np.diff(layout.row_levels)
        earlier = np.arange(n_rows) - np.repeat(np.append(0, counts)[:-1], counts) + 1
        earlier[: layout.row_levels[min(1, len(counts))]] = 0
        theta, r = (np.append(0, places)[earlier] for places in (ability, residual))
        before = np.append(np.zeros(n_chains, np.int64), after)[layout.before]

        parts = [
            (begun, before),
            (begun, theta[row]),
            (scale[row] if joined else scale, begun),
            (scale, logit if joined else logit[row]),
            (after, logit[row]),
            (after, begun),
        ]
        if joined:
            parts += [(whole[row], begun), (after, whole[row])]
        parts += [
            (logit, theta),
            (logit, r),
            (ability, theta),
            (residual, r),
            (ability if joined else ability[row], scale),
            (residual if joined else residual[row], scale),
        ]
        return cls(
            Triangular(int(length.sum()) + 1, parts),
            logit=regular(logit),
            ability=regular(ability),
            residual=regular(residual),
            begun=regular(begun),
            after=regular(after),
            scale=regular(scale),
            earlier=earlier,
            ability_before=theta,
            residual_before=r,
            last=layout.last_rows(),
        )
