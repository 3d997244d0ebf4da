"""From a log's columns to the cells of its entries: in training, and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.bkt.classes import Classes, ClassTable, Scheme
from adaptlearn.models.bkt.entries import (
    Entries,
    first_entries,
    of_rows,
    previous_entries,
)
from adaptlearn.models.bkt.labels import Label, known_codes, label_problems, read_labels
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.models.bkt.records import LastResponses
from adaptlearn.numerics import Bools, Ints, distinct
from adaptlearn.responses import ResponseLog


class Classed(NamedTuple):
    """A training log's entries by class.

    Attributes
    ----------
    classes : Classes
        Those that occur.
    cells : Cells
        Of every entry; guess and slip are one array where they differ by the same columns.
    """

    classes: Classes
    cells: Cells


class Before(NamedTuple):
    """What is known of the response before each sequence's first one, for going on from a state.

    Attributes
    ----------
    met : bool array, shape (n_sequences,)
        Whether there is one.
    last : LastResponses
        Of each sequence; anything where there is none.
    """

    met: Bools
    last: LastResponses


def class_entries(
    entries: Entries, schemes: Mapping[str, Scheme], gaps: Sequence[float]
) -> Classed | None:
    """The classes that occur in a training log, and each entry's cells; None without schemes.

    Parameters
    ----------
    entries : Entries
        Of a log.
    schemes : mapping of field to Scheme
    gaps : sequence of float
        Ascending, in seconds.

    Raises
    ------
    ResponseDataError
        The log lacks what the schemes read, or has gaps in it.
    """
    if entries.log is None or not any(schemes.values()):
        return None
    columns = _Columns.of(entries.log, schemes, gaps)
    skills, n_skills = entries.skill, len(entries.skills)
    tables: dict[str, ClassTable] = {}
    cells: dict[str, Ints] = {}
    for field, scheme in schemes.items():
        if field == "slip" and scheme == schemes["guess"]:
            # One numbering, so that each pair moves on its own.
            tables[field], cells[field] = tables["guess"], cells["guess"]
            continue
        earlier, earlier_labels = columns.labels[scheme.earlier]
        later, later_labels = columns.labels[scheme.later]
        n_gaps = len(gaps) + 1 if scheme.gap else 1
        none = np.empty(0, np.int64)
        table = ClassTable(scheme, n_skills, earlier_labels, later_labels, n_gaps, none)
        cells[field] = skills
        if scheme:
            key = columns.key(field, table, skills, earlier, later)
            if field == "prior":
                key = np.where(columns.previous < 0, key, -1)
            used = np.flatnonzero(key >= 0)
            keys, place = distinct(key[used])
            cells[field] = skills.copy()
            cells[field][used] = n_skills + 1 + place
            table = table._replace(keys=keys).compact()
        tables[field] = table
    return Classed(Classes(tables, tuple(gaps)), Cells(**cells))


def find_cells(
    log: ResponseLog, classes: Classes, skills: Ints, before: Before | None = None
) -> tuple[Cells, LastResponses]:
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
    cells : Cells
        Fields of shape (n_entries,): learn and forget of the transition into the entry; prior
        of sequences that begin with it.
    taught : LastResponses
        Of every entry, what it leaves for the transition out of it.
    """
    schemes = {field: table.scheme for field, table in classes.tables.items()}
    columns = _Columns.of(log, schemes, classes.gaps, before)
    found, taught = {}, {}
    for field, table in classes.tables.items():
        earlier = known_codes(*columns.labels[table.scheme.earlier], table.earlier)
        if _on_transition(field):
            taught[field] = earlier
        if not table.scheme:
            found[field] = np.minimum(skills, table.n_skills)
            continue
        later = known_codes(*columns.labels[table.scheme.later], table.later)
        key = columns.key(field, table, skills, earlier, later)
        found[field] = table.cells(skills, key)
    time = np.zeros(len(skills)) if log.time is None else of_rows(log, log.time)
    return Cells(**found), LastResponses(time, **taught)


class _Columns(NamedTuple):
    """What the classes of a log's entries are read from, each column once.

    Attributes
    ----------
    labels : dict of columns to (int array, shape (n_entries,), list)
        The code of each entry's label, and the labels, for what the schemes read together.
    previous : int array, shape (n_entries,)
        The entry before; -1 for a sequence's first.
    gap : int array, shape (n_entries,)
        The class of the time since then; 0 where there is none, or no scheme asks.
    first : int array, shape (n_sequences,)
        The entry that each sequence begins with.
    before : Before, optional
        What came before those.
    """

    labels: dict[tuple[str, ...], tuple[Ints, list[Label]]]
    previous: NDArray[np.int64]
    gap: NDArray[np.int64]
    first: Ints
    before: Before | None

    @classmethod
    def of(
        cls,
        log: ResponseLog,
        schemes: Mapping[str, Scheme],
        gaps: Sequence[float],
        before: Before | None = None,
    ) -> _Columns:
        """Read a log, or say what it lacks."""
        _check_columns(log, schemes)
        names = {names for scheme in schemes.values() for names in (scheme.earlier, scheme.later)}
        labels = {together: read_labels(log, together) for together in names}
        previous, first = previous_entries(log.sequences), first_entries(log.sequences)
        gap = np.zeros(len(previous), np.int64)
        if any(scheme.gap for scheme in schemes.values()):
            time = of_rows(log, log.time)
            since = np.where(previous < 0, 0.0, time - time[previous])
            gap = np.searchsorted(gaps, since, side="right").astype(np.int64)
            if before is not None:
                since = time[first] - before.last.time
                gap[first] = np.where(before.met, np.searchsorted(gaps, since, side="right"), -1)
        return cls(labels, previous, gap, first, before)

    def key(
        self, field: str, table: ClassTable, skills: Ints, earlier: Ints, later: Ints
    ) -> NDArray[np.int64]:
        """Each entry's key in a field's table, from the codes of all entries' labels."""
        if _on_transition(field):
            earlier = np.where(self.previous < 0, -1, earlier[self.previous])
            if self.before is not None:
                last = getattr(self.before.last, field)
                earlier[self.first] = np.where(self.before.met, last, -1)
        gap = self.gap if table.scheme.gap else np.zeros_like(self.gap)
        return table.key(skills, earlier, later, gap)


def _on_transition(field: str) -> bool:
    return field in ("learn", "forget")


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
