"""The skills of a response: one label, several in a list or a text, or an item's Q-matrix row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.responses.columns import Labelled, is_missing, read_labels, rows_text
from adaptlearn.responses.frames import Column, columns_of
from adaptlearn.validation import some


class SkillColumn(NamedTuple):
    """Skill entries, and the row of each; `rows` is None where each row has exactly one."""

    entries: Labelled
    rows: NDArray[np.int32] | None

    def take(self, index: NDArray[np.integer], n_rows: int) -> SkillColumn:
        """The entries of some rows, renumbered to their place in `index`."""
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


def _expand(sets: _Combinations, which: NDArray[np.integer]) -> SkillColumn:
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
    column: Column, name: str, separator: str | None, problems: list[str]
) -> SkillColumn:
    """Read a column of skills, of lists of skills, or of separated text."""
    where = f"column {name!r}"
    if column.dtype.kind == "O" and _holds_lists(column):
        return _read_lists(column, where, name, problems)
    single = read_labels(column, "skill", name, problems)
    if separator is None:
        return SkillColumn(single, None)
    if separator == "" or single.labels.dtype.kind != "O":
        problems.append(
            f"{where}: skill_separator is empty"
            if separator == ""
            else f"{where}: skill_separator needs text, the column holds integers"
        )
        return SkillColumn(single, None)
    parts = [[part.strip() for part in label.split(separator)] for label in single.labels]
    empty = [label for label, skills in zip(single.labels, parts, strict=True) if "" in skills]
    if empty:
        problems.append(f"{where}: an empty skill name in {some(empty)}")
        return SkillColumn(single, None)
    return _expand(_combine(parts, name, problems), single.codes)


def _holds_lists(column: Column) -> bool:
    return any(isinstance(value, (list, tuple, set, frozenset, np.ndarray)) for value in column)


def _read_lists(column: Column, where: str, name: str, problems: list[str]) -> SkillColumn:
    keys: list[tuple[Any, ...]] = []
    missing: list[int] = []
    single: list[int] = []
    for row, value in enumerate(column.tolist()):
        if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
            key = tuple(value.tolist() if isinstance(value, np.ndarray) else value)
            keys.append(key)
            if not key or any(is_missing(skill) for skill in key):
                missing.append(row)
        else:
            (missing if is_missing(value) else single).append(row)
            keys.append(())
    if missing:
        problems.append(
            f"{where}: {rows_text(np.array(missing))} missing a skill; every response needs one"
        )
    if single:
        problems.append(
            f"{where}: {rows_text(np.array(single))} not a list, beside rows that are; "
            "give lists throughout"
        )
    if missing or single:
        return SkillColumn(Labelled(np.zeros(len(keys), np.int32), np.array(["?"], object)), None)
    distinct = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    which = np.fromiter(map(distinct.__getitem__, keys), np.int64, len(keys))
    return _expand(_combine(list(distinct), name, problems), which)


def _combine(parts: list[Any], name: str, problems: list[str]) -> _Combinations:
    # A skill named twice in one response is one skill.
    unique = [list(dict.fromkeys(skills)) for skills in parts]
    flat = np.empty(sum(map(len, unique)), object)
    flat[:] = [skill for skills in unique for skill in skills]
    entries = read_labels(flat, "skill", name, problems)
    starts = np.zeros(len(unique) + 1, np.int64)
    np.cumsum([len(skills) for skills in unique], out=starts[1:])
    return _Combinations(entries.codes, starts, entries.labels)


def skills_from_q_matrix(items: Labelled, q_matrix: Any, problems: list[str]) -> SkillColumn:
    """Give each response the skills of its item."""
    if isinstance(q_matrix, Mapping) and not {"item", "skill"} <= set(q_matrix):
        table = {
            item: [skills] if isinstance(skills, (str, int, np.integer)) else list(skills)
            for item, skills in q_matrix.items()
        }
    else:
        columns = columns_of(q_matrix, ["item", "skill"], "q_matrix")
        table = {}
        for item, skill in zip(*(columns[key].tolist() for key in ("item", "skill")), strict=True):
            table.setdefault(item, []).append(skill)
    used = items.labels.tolist()
    absent = [item for item in used if not table.get(item)]
    if absent:
        problems.append(f"q_matrix: no skill for item {some(absent)}")
        return SkillColumn(Labelled(items.codes, items.labels), None)
    return _expand(_combine([table[item] for item in used], "q_matrix", problems), items.codes)
