"""From raw columns to codes and numbers: each reader refuses what it cannot read exactly.

Every function takes a list to which it adds its problems, one sentence each, and returns
a column of the right shape even when there are some, so that all columns are looked at
before the one error is raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Floats, Ints, distinct
from adaptlearn.responses.frames import Column, is_aware
from adaptlearn.responses.labelled import Labelled, objects
from adaptlearn.responses.spellings import Say, reading_answers, reading_times
from adaptlearn.validation import some

_FLOAT_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Units of datetimes: so many to a microsecond, or so many seconds each.
_FINER = {"us": 1, "ns": 10**3, "ps": 10**6, "fs": 10**9, "as": 10**12}
_LONGER = {"s": 1.0, "m": 60.0, "h": 3600.0, "D": 86400.0, "W": 604800.0}
_EXACT_MONTHS = 2**31
_SHOWN = 40  # letters of a text in a message
_ENDLESS = {"us": 2**63 - 1, "D": 2**31 - 1}  # DuckDB's infinity, in its timestamps and dates


def rows_text(rows: NDArray[Any], total: int | None = None) -> str:
    """How many rows, and the first of them: ``3 rows (4, 9, 12)``, counted from 0."""
    count = len(rows) if total is None else total
    first = ", ".join(str(int(row)) for row in rows[:5])
    more = ", …" if count > 5 else ""
    return f"1 row (row {first})" if count == 1 else f"{count} rows (rows {first}{more})"


def read_labels(column: Column | Labelled, role: str, name: str, problems: list[str]) -> Labelled:
    """Integers or strings to codes; anything else, a gap or a mixture is a problem."""
    where = f"column {name!r} ({role})" if name != role else f"column {name!r}"
    if isinstance(column, Labelled):
        return _without_empty(column, where, problems)
    if column.dtype.kind in "iu":
        return _encode_integers(column, where, problems)
    if column.dtype.kind == "U":
        return _without_empty(_encode_texts(column.tolist()), where, problems)
    if column.dtype.kind == "f":
        gaps = np.flatnonzero(np.isnan(column))
        if len(gaps):
            problems.append(f"{where}: {rows_text(gaps)} missing; every response needs one")
        problems.append(
            f"{where}: holds floating-point numbers; expected integers or strings"
            + (" (gaps turn integers into floats in some dataframes)" if len(gaps) else "")
        )
        return blank(len(column))
    if column.dtype.kind != "O":
        problems.append(f"{where}: holds {column.dtype} values; expected integers or strings")
        return blank(len(column))
    return _read_object_labels(column, where, problems)


def blank(n: int) -> Labelled:
    """What stands for a column that could not be read until the error is raised: no labels."""
    return Labelled(np.zeros(n, np.int32), objects([]))


def _without_empty(column: Labelled, where: str, problems: list[str]) -> Labelled:
    # Files without a mark for a gap leave an empty text; sorted, it comes first.
    if len(column.labels) and column.labels[0] == "":
        empty = rows_text(np.flatnonzero(column.codes == 0))
        problems.append(f"{where}: empty text in {empty}; every response needs one")
    return column


def _read_object_labels(column: Column, where: str, problems: list[str]) -> Labelled:
    values = column.tolist()
    kinds = set(map(type, values))
    if kinds and all(issubclass(kind, str) for kind in kinds):
        return _without_empty(_encode_texts(values), where, problems)
    if kinds and all(_is_integer_type(kind) for kind in kinds):
        try:
            return _encode_integers(np.array(values, dtype=np.int64), where, problems)
        except OverflowError:
            problems.append(f"{where}: holds integers beyond 64 bits; use strings")
            return blank(len(values))
    by_kind: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        by_kind.setdefault(label_kind(value), []).append(row)
    problems += kind_problems(by_kind, where, lambda rows: rows_text(np.array(rows)))
    return blank(len(values))


def kind_problems(
    by_kind: dict[str, list[int]], where: str, tell: Callable[[list[int]], str]
) -> Iterable[str]:
    """One sentence per thing wrong with labels, given where each `label_kind` was found."""
    if "missing" in by_kind:
        yield f"{where}: {tell(by_kind['missing'])} missing; every response needs one"
    if {"int", "str"} <= set(by_kind):
        told = " and ".join(f"{kind} in {tell(by_kind[kind])}" for kind in ("int", "str"))
        yield f"{where}: mixes {told}; make them all strings or all integers"
    for kind, found in by_kind.items():
        if kind not in ("int", "str", "missing"):
            yield f"{where}: {kind} in {tell(found)}; expected integers or strings"


def label_kind(value: Any) -> str:
    """``"int"``, ``"str"``, ``"missing"``, or what else a value is that should be a label."""
    if is_missing(value):
        return "missing"
    if _is_integer_type(type(value)):
        return "int"
    if isinstance(value, str):
        return "str" if value else "empty text"
    return type(value).__name__


def _is_integer_type(kind: type) -> bool:
    # To Python a bool is an integer, to NumPy a duration.
    return issubclass(kind, (int, np.integer)) and not issubclass(kind, (bool, np.timedelta64))


def _encode_integers(column: Column, where: str, problems: list[str]) -> Labelled:
    if not len(column):
        return Labelled(np.zeros(0, np.int32), np.zeros(0, np.int64))
    low, high = int(column.min()), int(column.max())
    if high > np.iinfo(np.int64).max:
        problems.append(f"{where}: holds integers beyond 64 bits; use strings")
        return blank(len(column))
    span = high - low + 1
    if span <= 4 * len(column) + 1024:
        # A difference of two small integers may not fit their own type.
        offsets = column if low == 0 else np.subtract(column, low, dtype=np.int64)
        present = np.zeros(span, bool)
        present[offsets] = True
        if present.all():
            return Labelled(offsets.astype(np.int32), np.arange(span, dtype=np.int64) + low)
        found = np.flatnonzero(present)
        code_of = np.cumsum(present, dtype=np.int32) - np.int32(1)
        return Labelled(code_of[offsets], found.astype(np.int64) + low)
    labels, codes = distinct(column.astype(np.int64, copy=False))
    return Labelled(codes.astype(np.int32), labels.astype(np.int64))


def _encode_texts(values: list[Any]) -> Labelled:
    if set(map(type, values)) != {str}:
        values = [str.__str__(value) for value in values]  # an enumeration's own says its name
    # Hashing visits each value once; sorting five million strings takes several times as long.
    labels = sorted(set(values))
    code_of = {label: code for code, label in enumerate(labels)}
    codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
    return Labelled(codes, objects(labels))


def read_correct(
    column: Column, name: str, unanswered: str, problems: list[str], say: Say | None = None
) -> NDArray[np.int8]:
    """0 and 1 (or False and True); -1 for an exposure, where those are accepted."""
    where = f"column {name!r}"
    given = column
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
        problems.append(
            f"{where}: {rows_text(bad)} hold text or objects; expected 0 or 1"
            + _first_text(given[bad].tolist(), reading_answers, say)
        )
    if wrong.any():
        rows = np.flatnonzero(wrong)
        problems.append(
            f"{where}: {rows_text(rows)} neither 0 nor 1 (such as {some(column[rows[:1]])})"
        )
    if missing.any() and unanswered != "exposure":
        option = say("unanswered", "exposure") if say else 'unanswered="exposure"'
        problems.append(
            f"{where}: {rows_text(np.flatnonzero(missing))} missing; "
            f"if these are exposures (a lesson read, no answer asked), say {option}"
        )
    result = np.full(len(column), -1, np.int8)
    result[valid] = column[valid]
    return result


def _first_text(values: list[Any], remedy: Callable[[list[str], Say], str], say: Say | None) -> str:
    """The first of the texts among values that cannot be read, and which option reads them."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return ""
    shown = repr(texts[0] if len(texts[0]) <= _SHOWN else texts[0][:_SHOWN] + "…")
    return f"; the first is {shown}" + (f": {remedy(texts, say)}" if say else "")


def _is_iso(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _kind_name(column: Column) -> str:
    return {"U": "text", "S": "bytes", "M": "dates", "m": "durations"}.get(
        column.dtype.kind, str(column.dtype)
    )


def _numbers_of_objects(column: Column) -> tuple[Floats, Ints]:
    numbers = np.full(len(column), np.nan)
    bad = []
    for row, value in enumerate(column.tolist()):
        if isinstance(value, (bool, np.bool_)) or _is_real(value):
            numbers[row] = _float(value)
        elif not is_missing(value):
            bad.append(row)
    return numbers, np.array(bad, np.intp)


def _is_real(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) or _is_integer_type(type(value))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def read_time(
    column: Column, name: str, problems: list[str], say: Say | None = None
) -> tuple[Floats, str]:
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
        seconds, clock = _read_object_times(column, where, problems, say)
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


def is_datetime(value: Any) -> bool:
    """Whether a value is one date or datetime, of Python, NumPy, pandas or PyArrow."""
    held = value.as_py() if hasattr(value, "as_py") else value
    return isinstance(held, (date, np.datetime64))


def moment_of(value: Any, what: str) -> tuple[float, str]:
    """The seconds of one time, and its clock, as `read_time` tells them of a column.

    Parameters
    ----------
    value : float or datetime
    what : str
        What errors call it.

    Raises
    ------
    ParameterError
        It is no time.
    """
    problems: list[str] = []
    value = value.as_py() if hasattr(value, "as_py") else value  # of PyArrow's scalars
    if is_missing(value):
        problems.append(f"{value!r}; expected seconds or a datetime")
    seconds, clock = read_time(objects([value]), what, problems)
    if problems:
        raise ParameterError(what, problems[:1])
    return float(seconds[0]), clock


def _seconds(column: Column) -> Floats:
    """Seconds of datetimes, in their own unit's integers: conversions of NumPy's wrap around."""
    unit, step = np.datetime_data(column.dtype)
    counts = column.astype(np.int64)
    seconds: Floats
    if unit in _FINER:
        # Whole microseconds over a million round as Python's datetimes do; finer parts are apart,
        # for a nanosecond count does not fit a float exactly.
        whole = counts // _FINER[unit]
        rest = counts - whole * _FINER[unit]
        seconds = step * (whole / 1e6 + rest / (1e6 * _FINER[unit]))
    elif unit in ("Y", "M"):
        near = np.abs(counts) < _EXACT_MONTHS
        days = np.where(near, counts, 0).astype(column.dtype).astype("datetime64[D]")
        seconds = np.where(near, days.astype(np.int64) * 86400.0, np.inf)
    else:
        in_seconds = counts / 1e3 if unit == "ms" else counts * _LONGER[unit]
        seconds = np.asarray(in_seconds * step, np.float64)
    endless = np.abs(counts) == _ENDLESS.get(unit, -1)
    # Beyond it, floats do not tell seconds apart.
    seconds[endless | (np.abs(seconds) >= _FLOAT_EXACT)] = np.inf
    seconds[np.isnat(column)] = np.nan
    return seconds


def _read_object_times(
    column: Column, where: str, problems: list[str], say: Say | None
) -> tuple[Floats, str]:
    seconds = np.full(len(column), np.nan)
    found: dict[str, list[int]] = {}
    for row, value in enumerate(column.tolist()):
        if not is_missing(value):
            clock, seconds[row] = _moment(value)
            found.setdefault(clock, []).append(row)
    strange = [kind for kind in found if kind not in ("seconds", "naive", "aware")]
    problems += [
        f"{where}: {kind} in {rows_text(np.array(found[kind]))}; expected seconds or datetimes "
        "(in a file: ISO 8601, such as 2024-01-31T08:30:00Z)"
        + _first_text(column[found[kind]].tolist(), reading_times, say)
        + ": datetime.fromisoformat reads it" * (say is None and _is_iso(column[found[kind][0]]))
        for kind in strange
    ]
    if {"naive", "aware"} <= set(found):
        told = rows_text(np.array(found["naive"]))
        problems.append(
            f"{where}: datetimes without a time zone in {told} beside datetimes with one; "
            "give all of them a zone, or none"
        )
    if "seconds" in found and {"naive", "aware"} & set(found):
        told = rows_text(np.array(found["seconds"]))
        problems.append(f"{where}: seconds in {told} beside datetimes; give one of the two")
    return seconds, next((kind for kind in found if kind not in strange), "seconds")


def _moment(value: Any) -> tuple[str, float]:
    """The clock of one value, and its seconds; of anything else its type, and 0."""
    if hasattr(value, "to_datetime64"):  # pandas', whose differences may overflow
        value_in_utc = np.array([value.to_datetime64()])
        return "naive" if value.tzinfo is None else "aware", float(_seconds(value_in_utc)[0])
    if isinstance(value, datetime):
        # A time without a zone is counted as its clock shows it, as datetime64 does.
        aware = value.utcoffset() is not None
        moment = value if aware else value.replace(tzinfo=UTC)
        past = moment - _EPOCH
        micros = (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
        return "aware" if aware else "naive", micros / 1e6
    if isinstance(value, date):
        return "naive", 86400.0 * (value - _EPOCH.date()).days
    if isinstance(value, np.datetime64):
        return "naive", float(_seconds(np.array([value]))[0])
    if not _is_real(value):
        return type(value).__name__, 0.0
    if isinstance(value, (int, np.integer)) and abs(int(value)) >= _FLOAT_EXACT:
        return "an integer beyond 2**53", 0.0
    return "seconds", float(value)
