"""Classes of responses that have parameters of their own: items, lessons, gaps, groups.

A parameter that differs by class has a *cell* per skill and class. Cell ``k`` of any parameter
is skill ``k``, for classes that were not seen in training; the next is that of skills which
were not; the cells of skills and classes follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.bkt.em.trie import Alphabet
from adaptlearn.models.bkt.labels import (
    Label,
    entries_of,
    known_codes,
    label_problems,
    read_labels,
)
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.numerics import Bools, Floats, Ints, distinct
from adaptlearn.responses import ResponseLog

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


class Before(NamedTuple):
    """What is known of the response before each sequence's first one, for going on from a state.

    Attributes
    ----------
    met : bool array, shape (n_sequences,)
        Whether there is one.
    time : float array, shape (n_sequences,)
    learn, forget : int arrays, shape (n_sequences,)
        Codes of its classes, as the tables number their `earlier` labels; -1 for unseen.
    """

    met: Bools
    time: Floats
    learn: Ints
    forget: Ints


class Classes(NamedTuple):
    """The tables of all parameters, and where the classes of gaps part, in seconds."""

    tables: dict[str, ClassTable]
    gaps: tuple[float, ...]

    @property
    def any(self) -> bool:
        """Whether any parameter differs by class."""
        return any(table.scheme for table in self.tables.values())

    @property
    def by_transition(self) -> bool:
        """Whether it matters which response came before."""
        return bool(self.tables["learn"].scheme or self.tables["forget"].scheme)


class EntryClasses(NamedTuple):
    """The classes of every entry of a log, as one parameter's scheme reads them.

    `earlier` is -1 where there is no response before.
    """

    skill: Ints
    earlier: Ints
    later: Ints
    gap: Ints

    def key(self, table: ClassTable) -> NDArray[np.int64]:
        """Each entry's key in a table; see `ClassTable.key`."""
        return table.key(*self)


def train_classes(
    log: ResponseLog, schemes: Mapping[str, Scheme], gaps: Sequence[float], skills: Ints
) -> tuple[Classes, dict[str, NDArray[np.int64]]]:
    """The classes that occur in a training log, and each entry's place among a field's cells.

    Parameters
    ----------
    log : ResponseLog
    schemes : mapping of field to Scheme
    gaps : sequence of float
        Ascending, in seconds.
    skills : int array, shape (n_entries,)
        Each entry's skill, ``0 … n_skills - 1``, each of which occurs.

    Returns
    -------
    classes : Classes
    places : dict of field to int array, shape (n_entries,)
        Per field with a scheme: which of its cells of classes applies; 0 where none does.
    """
    _check_columns(log, schemes)
    n_skills = int(skills.max()) + 1
    previous = _previous(log)
    tables, places = {}, {}
    for field, scheme in schemes.items():
        earlier, earlier_labels = read_labels(log, scheme.earlier)
        later, later_labels = read_labels(log, scheme.later)
        n_gaps = len(gaps) + 1 if scheme.gap else 1
        none = np.empty(0, np.int64)
        table = ClassTable(scheme, n_skills, earlier_labels, later_labels, n_gaps, none)
        if scheme:
            key = EntryClasses(
                skills,
                _before(earlier, previous) if _on_transition(field) else earlier,
                later,
                _gap_classes(log, previous, gaps) if scheme.gap else np.zeros_like(later),
            ).key(table)
            if field == "prior":
                key = np.where(previous < 0, key, -1)
            used = np.flatnonzero(key >= 0)
            keys, place = distinct(key[used])
            places[field] = np.zeros(len(key), np.int64)
            places[field][used] = place
            table = table._replace(keys=keys).compact()
        tables[field] = table
    if schemes["guess"] == schemes["slip"] and "guess" in places:
        places["slip"] = places["guess"]  # one numbering, so that each pair moves on its own
    return Classes(tables, tuple(gaps)), places


def alphabet_of(
    answers: NDArray[np.int8], classes: Classes, places: Mapping[str, NDArray[np.int64]]
) -> Alphabet:
    """The symbols that tell apart answers and the classes they were given in.

    Parameters
    ----------
    answers : int8 array, shape (n_entries,)
    classes, places
        What `train_classes` found.
    """
    codes = answers.astype(np.int64)
    for field, place in places.items():
        # Where no sequence goes on, transitions have no classes to tell apart.
        key = codes * max(len(classes.tables[field].keys), 1) + place
        _, codes = distinct(key)
    one = np.zeros(int(codes.max()) + 1, np.int64)
    one[codes] = np.arange(len(codes))  # an entry with each symbol
    cells: list[Ints | None] = []
    owner: list[Ints | None] = []
    done: dict[int, tuple[Ints, Ints]] = {}
    for field in Parameters._fields:
        if field not in places:
            cells.append(None)
            owner.append(None)
            continue
        place = places[field]
        if id(place) not in done:
            done[id(place)] = place[one], classes.tables[field].split()[0]
        cells.append(done[id(place)][0])
        owner.append(done[id(place)][1])
    return Alphabet(codes, answers[one], tuple(cells), tuple(owner))


def find_cells(
    log: ResponseLog, classes: Classes, skills: Ints, before: Before | None = None
) -> Cells:
    """The cell of every entry of any log, in each parameter's table.

    Parameters
    ----------
    log : ResponseLog
    classes : Classes
    skills : int array, shape (n_entries,)
        Each entry's skill as the tables number them; `n_skills` and above for unseen ones.
    before : Before, optional
        What came before each sequence of the log.

    Returns
    -------
    Cells
        Fields of shape (n_entries,): learn and forget of the transition into the entry; prior
        of sequences that begin with it.
    """
    _check_columns(log, {field: table.scheme for field, table in classes.tables.items()})
    previous = _previous(log)
    first = log.sequences.order[log.sequences.starts]
    found = {}
    for field, table in classes.tables.items():
        scheme = table.scheme
        if not scheme:
            found[field] = np.minimum(skills, table.n_skills)
            continue
        earlier = known_codes(*read_labels(log, scheme.earlier), table.earlier)
        later = known_codes(*read_labels(log, scheme.later), table.later)
        gap = np.zeros_like(later)
        if _on_transition(field):
            earlier = _before(earlier, previous)
            if before is not None:
                earlier[first] = np.where(before.met, getattr(before, field), -1)
        if scheme.gap:
            gap = _gap_classes(log, previous, classes.gaps)
            if before is not None:
                since = _times(log)[first] - before.time
                gap[first] = np.where(
                    before.met, np.searchsorted(classes.gaps, since, side="right"), -1
                )
        key = EntryClasses(skills, earlier, later, gap).key(table)
        found[field] = table.cells(skills, key)
    return Cells(**found)


def last_classes(log: ResponseLog, classes: Classes) -> dict[str, NDArray[np.int64]]:
    """Codes of what the last entry of each sequence may have taught, by learn and forget."""
    ends = log.sequences.order[log.sequences.starts + log.sequences.lengths - 1]
    return {
        field: known_codes(
            *read_labels(log, classes.tables[field].scheme.earlier), classes.tables[field].earlier
        )[ends]
        for field in ("learn", "forget")
    }


def last_times(log: ResponseLog) -> Floats:
    """The time of the last entry of each sequence; 0 where the log has none."""
    ends = log.sequences.order[log.sequences.starts + log.sequences.lengths - 1]
    return np.zeros(len(ends)) if log.time is None else _times(log)[ends]


def _on_transition(field: str) -> bool:
    return field in ("learn", "forget")


def _times(log: ResponseLog) -> Floats:
    return np.asarray(entries_of(log, log.time))


def _previous(log: ResponseLog) -> NDArray[np.int64]:
    """The entry before each, of the same student and skill; -1 for a first one."""
    order = log.sequences.order
    previous = np.empty(len(order), np.int64)
    previous[order[1:]] = order[:-1]
    previous[order[log.sequences.starts]] = -1
    return previous


def _before(codes: Ints, previous: Ints) -> NDArray[np.int64]:
    return np.where(previous < 0, -1, codes[previous])


def _gap_classes(log: ResponseLog, previous: Ints, gaps: Sequence[float]) -> NDArray[np.int64]:
    """The class of the time since the entry before; 0 where there is none."""
    time = _times(log)
    since = np.where(previous < 0, 0.0, time - time[previous])
    return np.searchsorted(gaps, since, side="right").astype(np.int64)


def _check_columns(log: ResponseLog, schemes: Mapping[str, Scheme]) -> None:
    """Refuse a log that lacks what the schemes read, or has gaps in it."""
    problems = []
    readers: dict[str, list[str]] = {}
    for field, scheme in schemes.items():
        for name in dict.fromkeys((*scheme.earlier, *scheme.later)):
            readers.setdefault(name, []).append(f"{field}_by")
        if scheme.gap and log.time is None:
            problems.append(f"{field}_by uses the time between responses, but the log has no times")
    for name, options in readers.items():
        if name == "item":
            if log.item is None:
                problems.append(f"column 'item' ({', '.join(options)}) is missing")
            continue
        if name not in log.extra:
            problems.append(
                f"column {name!r} ({', '.join(options)}) is missing; name it in extra=[…] when "
                "the log is read"
            )
            continue
        column = log.extra[name]
        problems += label_problems(name, column)
    if problems:
        raise ResponseDataError("classes of responses", problems)
