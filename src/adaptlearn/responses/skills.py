"""The skills of a response: one label, several in a list or a text, or an item's Q-matrix row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Ints
from adaptlearn.responses.columns import (
    blank,
    kind_problems,
    label_kind,
    read_labels,
    rows_text,
)
from adaptlearn.responses.frames import Column, columns_of
from adaptlearn.responses.labelled import Labelled, objects
from adaptlearn.validation import some


class SkillColumn(NamedTuple):
    """Skill entries, and the row of each; `rows` is None where each row has exactly one."""

    entries: Labelled
    rows: NDArray[np.int32] | None

    def take(self, index: Ints, n_rows: int) -> SkillColumn:
        """The entries of some rows, renumbered to their place in `index`."""
        if self.rows is None:
            return SkillColumn(Labelled(self.entries.codes[index], self.entries.labels), None)
        return _expand(_Combinations.of_rows(self, n_rows), index)


class _Combinations(NamedTuple):
    """Sets of skills in one flat array: set ``i`` is ``codes[starts[i] : starts[i + 1]]``."""

    codes: NDArray[np.int32]
    starts: NDArray[np.int64]
    labels: NDArray[Any]

    @classmethod
    def of_rows(cls, column: SkillColumn, n_rows: int) -> _Combinations:
        assert column.rows is not None
        starts = np.zeros(n_rows + 1, np.int64)
        np.cumsum(np.bincount(column.rows, minlength=n_rows), out=starts[1:])
        return cls(column.entries.codes, starts, column.entries.labels)


def _expand(sets: _Combinations, which: Ints) -> SkillColumn:
    """One entry per row and skill, where row ``r`` has the skills of set ``which[r]``."""
    sizes = np.diff(sets.starts)[which]
    if len(sizes) and sizes.min() == 1 == sizes.max():
        codes = sets.codes[sets.starts[:-1][which]]
        return SkillColumn(Labelled(codes.astype(np.int32), sets.labels), None)
    rows = np.repeat(np.arange(len(which), dtype=np.int32), sizes)
    first = np.cumsum(sizes) - sizes
    inside = np.arange(len(rows)) - first[rows]
    codes = sets.codes[sets.starts[:-1][which[rows]] + inside]
    return SkillColumn(Labelled(codes.astype(np.int32), sets.labels), rows)


def read_skills(
    column: Column | Labelled, name: str, separator: str | None, problems: list[str]
) -> SkillColumn:
    """Read a column of skills, of lists of skills, or of separated text."""
    where = f"column {name!r}"
    if not isinstance(column, Labelled) and _holds_lists(column):
        if separator is not None:
            problems.append(f"{where}: skill_separator needs text, the column holds lists")
        return _read_lists(column, name, problems)
    before = len(problems)
    single = read_labels(column, "skill", name, problems)
    if separator is None or len(problems) > before:
        return SkillColumn(single, None)
    if single.labels.dtype.kind != "O":
        problems.append(f"{where}: skill_separator needs text, the column holds integers")
        return SkillColumn(single, None)
    parts = [[part.strip() for part in label.split(separator)] for label in single.labels]
    bad = [code for code, skills in enumerate(parts) if "" in skills]
    if bad:
        rows = rows_text(np.flatnonzero(np.isin(single.codes, bad)))
        problems.append(f"{where}: {rows} with an empty skill name, as {some(single.labels[bad])}")
        return SkillColumn(single, None)
    return _expand(_combine(parts, name, problems), single.codes)


_LISTS = (list, tuple, set, frozenset, np.ndarray)


def _holds_lists(column: Column) -> bool:
    return column.dtype.kind == "O" and any(
        issubclass(kind, _LISTS) for kind in set(map(type, column.tolist()))
    )


def _skills_in(value: Any) -> list[Any]:
    """The skills of a list-like value; a set has no order, so one is made."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    return list(value.tolist() if isinstance(value, np.ndarray) else value)


def _read_lists(column: Column, name: str, problems: list[str]) -> SkillColumn:
    where = f"column {name!r}"
    keys: list[tuple[Any, ...]] = []
    single: list[int] = []
    by_kind: dict[str, list[int]] = {}
    for row, value in enumerate(column.tolist()):
        if isinstance(value, _LISTS):
            key = tuple(_skills_in(value))
            keys.append(key)
            kinds = {label_kind(skill) for skill in key} or {"missing"}
        elif is_missing(value):
            kinds = {"missing"}
        else:
            kinds = set()
            single.append(row)
        for kind in kinds:
            by_kind.setdefault(kind, []).append(row)
    found = list(kind_problems(by_kind, where, lambda rows: rows_text(np.array(rows))))
    if single:
        found.append(
            f"{where}: {rows_text(np.array(single))} not a list, beside rows that are; "
            "give lists throughout"
        )
    problems += found
    if found:
        return SkillColumn(blank(len(column)), None)
    distinct = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    which = np.fromiter(map(distinct.__getitem__, keys), np.int64, len(keys))
    return _expand(_combine(list(distinct), name, problems), which)


def _combine(parts: Iterable[Iterable[Any]], name: str, problems: list[str]) -> _Combinations:
    """Sets of skills, each skill an integer or text; one named twice in a set is one skill."""
    unique = [list(dict.fromkeys(skills)) for skills in parts]
    flat = objects([skill for skills in unique for skill in skills])
    entries = read_labels(flat, "skill", name, problems)
    starts = np.zeros(len(unique) + 1, np.int64)
    np.cumsum([len(skills) for skills in unique], out=starts[1:])
    return _Combinations(entries.codes, starts, entries.labels)


def skills_from_q_matrix(items: Labelled, q_matrix: Any, problems: list[str]) -> SkillColumn:
    """Give each response the skills of its item."""
    table = _q_table(q_matrix, problems)
    if table is None or not len(items.labels):
        return SkillColumn(items, None)
    used = items.labels.tolist()
    parts = [_skills_in(table.get(item, [])) for item in used]
    absent = [
        item
        for item, skills in zip(used, parts, strict=True)
        if not skills or any(map(is_missing, skills))
    ]
    by_kind: dict[str, list[Any]] = {}
    for place, skills in enumerate(parts):
        for kind in {label_kind(skill) for skill in skills} - {"missing"}:
            by_kind.setdefault(kind, []).append(place)

    def tell(places: list[int]) -> str:
        return f"the skills of item {some(items.labels[places])}"

    found = list(kind_problems(by_kind, "q_matrix", tell))
    if absent:
        found.append(f"q_matrix: no skill for item {some(absent)}")
    problems += found
    if found:
        return SkillColumn(items, None)
    return _expand(_combine(parts, "q_matrix", problems), items.codes)


def _q_table(q_matrix: Any, problems: list[str]) -> dict[Any, Any] | None:
    """The skills of each item, in a list or a set."""
    if isinstance(q_matrix, Mapping) and not {"item", "skill"} <= set(q_matrix):
        return {
            item: skills if isinstance(skills, _LISTS) else [skills]
            for item, skills in q_matrix.items()
        }
    try:
        columns = columns_of(q_matrix, ["item", "skill"], "q_matrix")
    except ResponseDataError as error:
        problems += [f"q_matrix: {problem}" for problem in error.problems]
        return None
    table: dict[Any, list[Any]] = {}
    for item, skill in zip(*(columns[key].tolist() for key in ("item", "skill")), strict=True):
        table.setdefault(item, []).append(skill)
    return table
