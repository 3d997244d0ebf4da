"""From raw columns to codes and numbers: each reader refuses what it cannot read exactly.

Every function takes a list to which it adds its problems, one sentence each, and returns
a column of the right shape even when there are some, so that all columns are looked at
before the one error is raised.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.responses.frames import Column, is_aware
from adaptlearn.validation import some

_FLOAT_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Labelled(NamedTuple):
    """A column of labels, stored once each.

    Attributes
    ----------
    codes : int32 array, shape (n,)
        Each row's place in `labels`.
    labels : array, shape (n_labels,)
        The distinct labels, sorted: integers, or objects that are all ``str``.
    """

    codes: NDArray[np.int32]
    labels: NDArray[Any]

    @property
    def values(self) -> NDArray[Any]:
        """The column as it was: one label per row."""
        return self.labels[self.codes]


def rows_text(rows: NDArray[Any], total: int | None = None) -> str:
    """How many rows, and the first of them: ``3 rows (4, 9, 12)``, counted from 0."""
    count = len(rows) if total is None else total
    first = ", ".join(str(int(row)) for row in rows[:5])
    more = ", …" if count > 5 else ""
    return f"1 row (row {first})" if count == 1 else f"{count} rows (rows {first}{more})"


def read_labels(column: Column, role: str, name: str, problems: list[str]) -> Labelled:
    """Integers or strings to codes; anything else, a gap or a mixture is a problem."""
    where = f"column {name!r} ({role})" if name != role else f"column {name!r}"
    if column.dtype.kind in "iu":
        return _encode_integers(column, where, problems)
    if column.dtype.kind == "U":
        return _encode_hashable(column.tolist())
    if column.dtype.kind == "f":
        gaps = np.flatnonzero(np.isnan(column))
        if len(gaps):
            problems.append(f"{where}: {rows_text(gaps)} missing; every response needs one")
        problems.append(
            f"{where}: holds floating-point numbers; expected integers or strings"
            + (" (gaps turn integers into floats in some dataframes)" if len(gaps) else "")
        )
        return _blank(len(column))
    if column.dtype.kind != "O":
        problems.append(f"{where}: holds {column.dtype} values; expected integers or strings")
        return _blank(len(column))
    return _read_object_labels(column, where, problems)


def _blank(n: int) -> Labelled:
    return Labelled(np.zeros(n, np.int32), np.array(["?"], object))


def _read_object_labels(column: Column, where: str, problems: list[str]) -> Labelled:
    values = column.tolist()
    kinds = set(map(type, values))
    if kinds and all(issubclass(kind, str) for kind in kinds):
        return _encode_hashable(values)
    if kinds and all(issubclass(kind, (int, np.integer)) and kind is not bool for kind in kinds):
        try:
            return _encode_integers(np.array(values, dtype=np.int64), where, problems)
        except OverflowError:
            problems.append(f"{where}: holds integers beyond 64 bits; use strings")
            return _blank(len(values))
    by_kind: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        by_kind.setdefault(_label_kind(value), []).append(row)
    gaps = by_kind.pop("missing", [])
    if gaps:
        problems.append(f"{where}: {rows_text(np.array(gaps))} missing; every response needs one")
    if set(by_kind) == {"int", "str"}:
        told = " and ".join(f"{kind} in {rows_text(np.array(by_kind[kind]))}" for kind in by_kind)
        problems.append(f"{where}: mixes {told}; make them all strings or all integers")
    elif set(by_kind) - {"int", "str"}:
        bad = {kind: rows for kind, rows in by_kind.items() if kind not in ("int", "str")}
        for kind, rows in bad.items():
            found = rows_text(np.array(rows))
            problems.append(f"{where}: {kind} in {found}; expected integers or strings")
    return _blank(len(values))


def _label_kind(value: Any) -> str:
    if is_missing(value):
        return "missing"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return "int"
    return "str" if isinstance(value, str) else type(value).__name__


def is_missing(value: Any) -> bool:
    """None, NaN, NaT, or a dataframe library's own mark for a gap."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _encode_integers(column: Column, where: str, problems: list[str]) -> Labelled:
    if not len(column):
        return Labelled(np.zeros(0, np.int32), np.zeros(0, np.int64))
    low, high = int(column.min()), int(column.max())
    if high > np.iinfo(np.int64).max:
        problems.append(f"{where}: holds integers beyond 64 bits; use strings")
        return _blank(len(column))
    span = high - low + 1
    if span <= 4 * len(column) + 1024:
        offsets = column if low == 0 else column - low
        present = np.zeros(span, bool)
        present[offsets] = True
        if present.all():
            return Labelled(offsets.astype(np.int32), np.arange(low, high + 1, dtype=np.int64))
        found = np.flatnonzero(present)
        code_of = np.cumsum(present, dtype=np.int32) - np.int32(1)
        return Labelled(code_of[offsets], found.astype(np.int64) + low)
    labels, codes = np.unique(column, return_inverse=True)
    return Labelled(codes.astype(np.int32), labels.astype(np.int64))


def _encode_hashable(values: list[Any]) -> Labelled:
    # Hashing visits each value once; sorting five million strings takes several times as long.
    labels = sorted(set(values))
    code_of = {label: code for code, label in enumerate(labels)}
    codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
    array = np.empty(len(labels), object)
    array[:] = [str(label) for label in labels]
    return Labelled(codes, array)


def read_correct(
    column: Column, name: str, unanswered: str, problems: list[str]
) -> NDArray[np.int8]:
    """0 and 1 (or False and True); -1 for an exposure, where those are accepted."""
    where = f"column {name!r}"
    if column.dtype.kind == "O":
        column, bad = _numbers_of_objects(column)
    elif column.dtype.kind in "biuf":
        bad = np.zeros(0, np.intp)
    else:
        bad = np.arange(len(column))
        problems.append(
            f"{where}: holds {_kind_name(column)} such as {some(column[:1])} in "
            f"{rows_text(bad)}; expected 0 or 1"
        )
        return np.zeros(len(column), np.int8)
    if column.dtype.kind == "b" or (
        column.dtype.kind in "iu" and len(column) and column.min() >= 0 and column.max() <= 1
    ):
        return column.astype(np.int8)
    missing = np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)
    missing[bad] = False
    valid = (column == 0) | (column == 1)
    wrong = ~valid & ~missing
    wrong[bad] = False
    if len(bad):
        problems.append(f"{where}: {rows_text(bad)} hold text or objects; expected 0 or 1")
    if wrong.any():
        rows = np.flatnonzero(wrong)
        problems.append(
            f"{where}: {rows_text(rows)} neither 0 nor 1 (such as {some(column[rows[:1]])})"
        )
    if missing.any() and unanswered != "exposure":
        problems.append(
            f"{where}: {rows_text(np.flatnonzero(missing))} missing; "
            'if these are exposures (a lesson read, no answer asked), say unanswered="exposure"'
        )
    result = np.full(len(column), -1, np.int8)
    result[valid] = column[valid]
    return result


def _kind_name(column: Column) -> str:
    return {"U": "text", "S": "bytes", "M": "dates", "m": "durations"}.get(
        column.dtype.kind, str(column.dtype)
    )


def _numbers_of_objects(column: Column) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    numbers = np.full(len(column), np.nan)
    bad = []
    for row, value in enumerate(column.tolist()):
        if isinstance(value, (bool, int, float, np.bool_, np.number)):
            numbers[row] = float(value)
        elif not is_missing(value):
            bad.append(row)
    return numbers, np.array(bad, np.intp)


def read_time(column: Column, name: str, problems: list[str]) -> tuple[NDArray[np.float64], str]:
    """Seconds, and by which clock: ``"seconds"``, ``"naive"`` or ``"aware"`` datetimes."""
    where = f"column {name!r}"
    if column.dtype.kind in "iu":
        if len(column) and max(abs(int(column.min())), abs(int(column.max()))) >= _FLOAT_EXACT:
            problems.append(
                f"{where}: integers beyond 2**53 cannot be held exactly as seconds; "
                "give seconds or datetimes"
            )
        return column.astype(np.float64), "seconds"
    if column.dtype.kind == "f":
        seconds, clock = column.astype(np.float64), "seconds"
    elif column.dtype.kind == "M":
        seconds, clock = _seconds(column), "aware" if is_aware(column) else "naive"
    elif column.dtype.kind == "O":
        seconds, clock = _read_object_times(column, where, problems)
    else:
        problems.append(
            f"{where}: holds {_kind_name(column)} such as {some(column[:1])}; "
            "expected seconds or datetimes"
        )
        return np.zeros(len(column)), "seconds"
    missing = np.flatnonzero(np.isnan(seconds))
    if len(missing):
        problems.append(
            f"{where}: {rows_text(missing)} missing; with a time column every row has one"
        )
    endless = np.flatnonzero(np.isinf(seconds))
    if len(endless):
        problems.append(f"{where}: {rows_text(endless)} infinite; expected finite seconds")
    return seconds, clock


def _seconds(column: Column) -> NDArray[np.float64]:
    # Whole seconds and the rest apart: a nanosecond count does not fit a float exactly.
    whole = column.astype("datetime64[s]")
    rest = (column - whole) / np.timedelta64(1, "s")
    seconds = whole.astype(np.int64) + rest
    seconds[np.isnat(column)] = np.nan
    return np.asarray(seconds, np.float64)


def _read_object_times(
    column: Column, where: str, problems: list[str]
) -> tuple[NDArray[np.float64], str]:
    seconds = np.full(len(column), np.nan)
    found: dict[str, list[int]] = {}
    for row, value in enumerate(column.tolist()):
        if is_missing(value):
            continue
        if isinstance(value, datetime):
            clock = "naive" if value.tzinfo is None else "aware"
            # A time without a zone is counted as its clock shows it, as datetime64 does.
            moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value
            seconds[row] = (moment - _EPOCH).total_seconds()
        elif isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            clock, seconds[row] = "seconds", float(value)
        else:
            clock, seconds[row] = type(value).__name__, 0.0
        found.setdefault(clock, []).append(row)
    strange = [kind for kind in found if kind not in ("seconds", "naive", "aware")]
    problems += [
        f"{where}: {kind} in {rows_text(np.array(found[kind]))}; expected seconds or datetimes"
        for kind in strange
    ]
    if {"naive", "aware"} <= set(found):
        told = rows_text(np.array(found["naive"]))
        problems.append(
            f"{where}: datetimes without a time zone in {told} beside datetimes with one; "
            "give all of them a zone, or none"
        )
    elif len(found) > 1 and not strange:
        problems.append(f"{where}: mixes seconds and datetimes; give one of the two")
    return seconds, next((kind for kind in found if kind not in strange), "seconds")
