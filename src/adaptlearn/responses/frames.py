"""The one place that knows dataframes: columns of any frame, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ResponseDataError

Column = NDArray[Any]


def column_names(frame: Any) -> list[str]:
    """The names of a frame's columns, in order."""
    if isinstance(frame, Mapping):
        return [str(name) for name in frame]
    return list(_narwhals(frame).collect_schema().names())


def columns_of(frame: Any, names: Sequence[str], subject: str = "frame") -> dict[str, Column]:
    """Read named columns as NumPy arrays; missing values stay visible.

    Numbers and booleans keep their type where nothing is missing; integers and booleans
    with gaps become objects with ``None``, text becomes objects, times become
    ``datetime64`` (a time zone is resolved to UTC and marked: see `is_aware`). The frame is
    never changed.

    Parameters
    ----------
    frame : pandas, Polars, PyArrow or DuckDB frame, or a mapping of arrays
        Lazy frames are collected, with only the columns asked for.
    names : sequence of str
    subject : str
        What the error calls the frame.

    Raises
    ------
    ResponseDataError
        A column is missing, is not one-dimensional, or has another length than the rest.
    """
    available = column_names(frame)
    missing = [name for name in names if name not in available]
    if missing:
        have = ", ".join(map(repr, available[:20])) or "none"
        raise ResponseDataError(
            subject, [f"column {name!r} is missing; the columns are {have}" for name in missing]
        )
    wanted = list(dict.fromkeys(names))
    if isinstance(frame, Mapping):
        return _from_mapping(frame, wanted, subject)
    eager = _narwhals(frame).select(wanted)
    if hasattr(eager, "collect"):
        eager = eager.collect()
    return {name: _series_to_numpy(eager[name]) for name in wanted}


def is_aware(column: Column) -> bool:
    """Whether a ``datetime64`` column came from times with a zone."""
    metadata = column.dtype.metadata
    return bool(metadata and metadata.get("zone") == "UTC")


def mark_aware(column: Column) -> Column:
    """A ``datetime64`` column marked as UTC, so that it is not mixed with local clocks."""
    return column.astype(np.dtype(column.dtype.str, metadata={"zone": "UTC"}))


def _from_mapping(frame: Mapping[str, Any], names: list[str], subject: str) -> dict[str, Column]:
    columns = {name: _as_column(frame[name]) for name in names}
    problems = [
        f"column {name!r} has {column.ndim} dimensions; one is expected"
        for name, column in columns.items()
        if column.ndim != 1
    ]
    lengths = {name: len(column) for name, column in columns.items() if column.ndim == 1}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        problems.append(f"columns differ in length: {told}")
    if problems:
        raise ResponseDataError(subject, problems)
    return columns


def _as_column(values: Any) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(object), None))
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "__array__"):
        return np.asarray(values)
    values = list(values)
    kinds = set(map(type, values))
    if len(kinds) == 1 and issubclass(next(iter(kinds)), (bool, int, float, np.generic)):
        return np.asarray(values)
    # NumPy would turn [1, "a"] into two strings and ragged lists into an error.
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _narwhals(frame: Any) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(frame)
    except TypeError:
        raise ResponseDataError(
            "frame",
            [
                f"a {type(frame).__module__}.{type(frame).__qualname__} is not a dataframe; "
                "give a pandas, Polars, PyArrow or DuckDB frame, or a dict of arrays"
            ],
        ) from None
    except ModuleNotFoundError as error:  # a lazy engine that needs another package to collect
        raise MissingDependency(f"reading this frame needs {error.name!r}: install it") from error


def _series_to_numpy(series: Any) -> Column:
    import narwhals as nw

    dtype = series.dtype
    if dtype in (nw.Datetime, nw.Date):
        zone = getattr(dtype, "time_zone", None)
        if zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        column = series.cast(nw.Datetime("us") if dtype == nw.Date else series.dtype).to_numpy()
        column = np.asarray(column, dtype="datetime64[ns]" if column.dtype == object else None)
        return mark_aware(column) if zone is not None else column
    if dtype.is_integer() or dtype == nw.Boolean:
        if series.is_null().any():
            return np.array([None if v is None else v for v in series.to_list()], dtype=object)
        return np.asarray(series.to_numpy())
    if dtype.is_float():
        return np.asarray(series.to_numpy(), dtype=np.float64)
    if dtype in (nw.Categorical, nw.Enum):
        series = series.cast(nw.String)
    values = series.to_list() if dtype in (nw.List, nw.Array) else series.to_numpy()
    column = np.empty(len(values), object)
    column[:] = values
    return column
