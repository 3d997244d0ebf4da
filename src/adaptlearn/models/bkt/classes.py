"""Classes of responses that have parameters of their own: items, lessons, gaps, groups.

A parameter that differs by class has a *cell* per skill and class. Cell ``k`` of any parameter
is skill ``k``, for classes that were not seen in training; the next is that of skills which
were not; the cells of skills and classes follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.labels import Label
from adaptlearn.numerics import Ints

GAP, ITEM_PAIR = "gap", "item_pair"
"""Columns made from the log: time since the last practice, and the last item with this one."""


class Scheme(NamedTuple):
    """By which columns one parameter differs.

    Attributes
    ----------
    earlier, later : tuple of str
        Columns read at the response before a transition (what it may have taught), and at the
        response itself.
    gap : bool
        Whether the time between the two counts.
    """

    earlier: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    gap: bool = False

    @classmethod
    def of(cls, field: str, by: str | Sequence[str] | None) -> Scheme:
        """The scheme of a parameter's option ``…_by``."""
        names = () if by is None else ((by,) if isinstance(by, str) else tuple(by))
        plain = tuple(name for name in names if name not in (GAP, ITEM_PAIR))
        pair = ("item",) if ITEM_PAIR in names else ()
        if field in ("learn", "forget"):
            return cls((*plain, *pair), pair, GAP in names)
        return cls((), plain)

    def joined_label(self, earlier: Label, later: Label, gap: int) -> Any:
        """A class as the caller sees it: its one value, or a tuple of several."""
        values = (*earlier, *later, *((gap,) if self.gap else ()))
        return values[0] if len(values) == 1 else values

    def split_label(self, label: Any) -> tuple[Label, Label, int] | None:
        """The reverse of `joined_label`; None where the label has another shape."""
        values = tuple(label) if isinstance(label, (tuple, list)) else (label,)
        n, m = len(self.earlier), len(self.later)
        if len(values) != n + m + self.gap:
            return None
        gap = values[-1] if self.gap else 0
        return (values[:n], values[n : n + m], gap) if isinstance(gap, int) else None

    def __bool__(self) -> bool:
        return bool(self.earlier or self.later or self.gap)


class ClassTable(NamedTuple):
    """The cells of one parameter.

    Attributes
    ----------
    scheme : Scheme
    n_skills : int
    earlier, later : list of tuple
        Labels of the cells, in the order of `in_order`; without columns one empty label.
    n_gaps : int
        Classes of gaps; 1 where they do not count.
    keys : int array, shape (n_cells,)
        Sorted: the skill and the classes of every cell after the skills' own.
    """

    scheme: Scheme
    n_skills: int
    earlier: list[Label]
    later: list[Label]
    n_gaps: int
    keys: NDArray[np.int64]

    @property
    def n_cells(self) -> int:
        """The skills', the common one, and those of classes."""
        return self.n_skills + 1 + len(self.keys)

    @property
    def owner(self) -> NDArray[np.int64]:
        """The skill of each cell, shape (n_cells,); `n_skills` for the common one."""
        return np.concatenate((np.arange(self.n_skills + 1), self.split()[0]))

    def split(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Skill, earlier class, later class and gap of the cells of classes."""
        rest, gap = np.divmod(self.keys, self.n_gaps)
        rest, later = np.divmod(rest, len(self.later))
        skill, earlier = np.divmod(rest, len(self.earlier))
        return skill, earlier, later, gap

    def key(self, skill: Ints, earlier: Ints, later: Ints, gap: Ints) -> NDArray[np.int64]:
        """One integer for a skill and its classes; -1 where one of them is unknown."""
        key = (skill.astype(np.int64) * len(self.earlier) + earlier) * len(self.later) + later
        key = key * self.n_gaps + gap
        known = (skill < self.n_skills) & (earlier >= 0) & (later >= 0) & (gap >= 0)
        return np.where(known, key, -1)

    def cells(self, skill: Ints, key: NDArray[np.int64]) -> NDArray[np.int64]:
        """The cell for each key; the skill's own where the key was not seen in training."""
        own = np.minimum(skill, self.n_skills).astype(np.int64)
        if not len(self.keys):
            return own
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[place] == key, self.n_skills + 1 + place, own)

    def compact(self) -> ClassTable:
        """The same cells, without labels that none has: what a saved table is read back as."""
        skill, earlier, later, gap = self.split()
        used_earlier, earlier = np.unique(earlier, return_inverse=True)
        used_later, later = np.unique(later, return_inverse=True)
        table = self._replace(
            earlier=[self.earlier[code] for code in used_earlier.tolist()] or [()],
            later=[self.later[code] for code in used_later.tolist()] or [()],
        )
        return table._replace(keys=table.key(skill, earlier, later, gap))

    def labels(self) -> list[list[Any]]:
        """What tells each class's cell apart: earlier values, later values, number of the gap."""
        _, earlier, later, gap = self.split()
        return [
            [list(self.earlier[a]), list(self.later[b]), c]
            for a, b, c in zip(earlier.tolist(), later.tolist(), gap.tolist(), strict=True)
        ]


class Classes(NamedTuple):
    """The tables of all parameters, and where the classes of gaps part, in seconds."""

    tables: dict[str, ClassTable]
    gaps: tuple[float, ...]

    @property
    def by_transition(self) -> bool:
        """Whether it matters which response came before."""
        return bool(self.tables["learn"].scheme or self.tables["forget"].scheme)
