"""The one place that knows dataframes: columns of any frame, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ResponseDataError
from adaptlearn.labels import is_missing, near_spellings
from adaptlearn.responses.engines import text_out_of_views
from adaptlearn.responses.labelled import Labelled, objects
from adaptlearn.validation import OneOf, check_parameters, some

Column = NDArray[Any]


class Frame:
    """A dataframe or a mapping of columns, opened once for its names and its columns.

    Parameters
    ----------
    given : pandas, Polars, PyArrow or DuckDB frame, or a mapping of arrays
        It is never changed. Lazy frames are collected, with only the columns asked for.

    Attributes
    ----------
    names : list of str
        Of its columns, in order; a name that is no text, such as pandas' numbers of columns,
        as text.
    """

    def __init__(self, given: Any) -> None:
        self._mapping = given if isinstance(given, Mapping) else None
        if self._mapping is None:
            self._frame = narwhals_frame(given)
            names = list(self._frame.collect_schema().names())
            if not all(isinstance(name, str) for name in names):  # pandas allows anything
                self._mapping = {name: given.iloc[:, place] for place, name in enumerate(names)}
        self.names = names if self._mapping is None else list(map(str, self._mapping))

    @classmethod
    def of(cls, given: Any) -> Frame:
        """An open frame as it is; anything else, opened."""
        return given if isinstance(given, Frame) else cls(given)

    def read(
        self, names: Sequence[str], problems: list[str], coded: Collection[str] = ()
    ) -> dict[str, Column | Labelled]:
        """Read as `columns_of` does, but collect the problems and leave out what has one.

        Text without gaps in the columns named in `coded` may come as labels with codes, where
        the dataframe's own library finds them faster than Python does.
        """
        have = ", ".join(map(repr, self.names[:20])) or "none"
        wanted = list(dict.fromkeys(names))
        problems += [
            f"column {name!r} is missing{near_spellings(name, self.names)}; the columns are {have}"
            for name in wanted
            if name not in self.names
        ]
        problems += [
            f"column {name!r} is there {self.names.count(name)} times, as text and otherwise; "
            "rename one of them"
            for name in wanted
            if self.names.count(name) > 1
        ]
        wanted = [name for name in wanted if self.names.count(name) == 1]
        if not wanted:
            return {}
        if self._mapping is not None:
            return _from_mapping(self._mapping, wanted, problems, coded)
        eager = self._frame.select(wanted)
        if hasattr(eager, "collect"):
            eager = _collected(eager, wanted)
        return {name: _series_to_numpy(eager[name], name in coded) for name in wanted}


def column_names(frame: Any) -> list[str]:
    """The names of a frame's columns, in order."""
    return Frame.of(frame).names


def columns_of(frame: Any, names: Sequence[str], subject: str = "frame") -> dict[str, Column]:
    """Read named columns as NumPy arrays; missing values stay visible.

    Numbers and booleans keep their type where nothing is missing; integers and booleans
    with gaps become objects, text becomes objects, times become ``datetime64`` (a time zone is
    resolved to UTC and marked: see `is_aware`). Whatever a library's mark for a gap is, among
    objects it becomes None. Decimals, and integers of 128 bits, become integers if all of them
    are whole, else floats.

    Parameters
    ----------
    frame : Frame, or what `Frame` opens
    names : sequence of str
    subject : str
        What the error calls the frame.

    Raises
    ------
    ResponseDataError
        A column is missing, is not one-dimensional, or has another length than the rest.
    """
    problems: list[str] = []
    read = Frame.of(frame).read(names, problems)
    if problems:
        raise ResponseDataError(subject, problems)
    return cast("dict[str, Column]", read)


def is_aware(column: Column) -> bool:
    """Whether a ``datetime64`` column came from times with a zone."""
    metadata = column.dtype.metadata
    return bool(metadata and metadata.get("zone") == "UTC")


def mark_aware(column: Column) -> Column:
    """A ``datetime64`` column marked as UTC, so that it is not mixed with local clocks."""
    return column.astype(np.dtype(column.dtype.str, metadata={"zone": "UTC"}))


def _from_mapping(
    frame: Mapping[str, Any], names: list[str], problems: list[str], coded: Collection[str]
) -> dict[str, Column | Labelled]:
    by_name = {str(name): values for name, values in frame.items()}
    columns: dict[str, Column | Labelled] = {}
    for name in names:
        values = by_name[name]
        if isinstance(values, Labelled):
            columns[name] = values if name in coded else values.values
            continue
        # A text has as many letters as it has, a set no order: neither is a column.
        if isinstance(values, (str, bytes, set, frozenset, Mapping)) or not (
            hasattr(values, "__array__") or hasattr(values, "__iter__")
        ):
            problems.append(
                f"column {name!r} is of type {type(values).__name__}; expected a list or an array"
            )
            continue
        column = as_column(values)
        if column.ndim == 1:
            columns[name] = column
        else:
            problems.append(f"column {name!r} has {column.ndim} dimensions; one is expected")
    lengths = {
        name: len(column.codes if isinstance(column, Labelled) else column)
        for name, column in columns.items()
    }
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        problems.append(f"columns differ in length: {told}")
    return columns


def as_column(values: Any) -> Column:
    """An array, a dataframe library's series or a list as an array, nothing coerced."""
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values)
    if isinstance(values, np.ndarray):
        # NumPy's text of any length is read as objects are.
        boxed = values.dtype.kind in "OT" and values.ndim == 1
        return _settled(values.tolist()) if boxed else values
    if isinstance(values, (list, tuple)):
        kinds = set(map(type, values))
        kind = next(iter(kinds)) if len(kinds) == 1 else object
        # NumPy would turn [1, "a"] into two strings, cut a text's trailing NUL characters,
        # and call ragged lists an error.
        if issubclass(kind, (bool, int, float, np.generic)) and not issubclass(kind, str):
            column = np.asarray(values)
            if kind is not int or column.dtype.kind in "iu":  # some large integers become floats
                return column
        return _settled(list(values))
    import narwhals as nw

    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return cast("Column", _series_to_numpy(series, coded=False))
    if hasattr(values, "to_pylist"):  # an Arrow array
        times = _arrow_times(values)
        return as_column(values.to_pylist()) if times is None else times
    return as_column(np.asarray(values) if hasattr(values, "__array__") else list(values))


def _settled(values: list[Any]) -> Column:
    """Objects as they are, but gaps as None, and decimals and PyArrow's scalars as they count."""
    kinds = set(map(type, values))
    if kinds <= {str, int}:
        return objects(values)
    if any(hasattr(kind, "as_py") for kind in kinds):
        return as_column([value.as_py() if hasattr(value, "as_py") else value for value in values])
    if not kinds <= {str, int, bool, type(None)}:
        values = [None if is_missing(value) else value for value in values]
        kinds = set(map(type, values))
    if Decimal in kinds and kinds <= {Decimal, type(None)}:
        return _numbers(values)
    return objects(values)


# More digits than an integer of 128 bits has; 1E+999999 would fill the memory.
_DIGITS = 40


def _numbers(values: list[Any]) -> Column:
    """Decimals as integers if all are whole, else as floats."""
    found = {value for value in values if isinstance(value, Decimal)}
    whole = all(
        value.is_finite() and value.adjusted() < _DIGITS and value == value.to_integral_value()
        for value in found
    )
    if whole:
        return as_column([None if value is None else int(value) for value in values])
    return np.array([np.nan if value is None else float(value) for value in values])


def _unmasked(values: Any) -> Column:
    mask = np.ma.getmaskarray(values)
    column: Column = np.array(values.data)
    if column.dtype.kind in "fmM":
        column[mask] = np.nan if column.dtype.kind == "f" else "NaT"
    elif mask.any():
        column = column.astype(object)
        column[mask] = None
    return column


def narwhals_frame(frame: Any) -> Any:
    """The frame, eager or lazy, as Narwhals presents it."""
    import narwhals as nw

    try:
        return nw.from_native(frame)
    except TypeError:
        problem = (
            f"a {type(frame).__module__}.{type(frame).__qualname__} is not a dataframe; "
            "give a pandas, Polars, PyArrow or DuckDB frame, or a dict of arrays"
        )
    except nw.exceptions.DuplicateError as error:
        problem = " ".join(str(error).split())
    raise ResponseDataError("frame", [problem])


def frame_of(columns: Mapping[str, Column], library: str | None = None) -> Any:
    """Columns of one length as a dataframe.

    Parameters
    ----------
    columns : mapping of str to array, shape (n_rows,)
    library : {"pandas", "polars", "pyarrow"}, optional
        Whose frame it is; by default of the first that is installed, in this order.

    Raises
    ------
    ParameterError
        It is none of these libraries.
    MissingDependency
        It is not installed, or none of them is.
    """
    import narwhals as nw

    libraries = ("pandas", "polars", "pyarrow")
    check_parameters("to_frame", {"library": library}, {"library": [OneOf((*libraries, None))]})
    chosen: list[Any] = [library] if library else [name for name in libraries if find_spec(name)]
    if not chosen or find_spec(chosen[0]) is None:
        raise MissingDependency("a dataframe", library or libraries[0])
    taken = {name: _as_taken(column) for name, column in columns.items()}
    return nw.from_dict(taken, backend=chosen[0]).to_native()


def _as_taken(column: Column) -> Any:
    """A column as every library takes it."""
    if column.dtype.kind == "M":  # Polars knows no seconds
        return column.astype("datetime64[us]")
    return column.tolist() if column.dtype.kind == "O" else column


def _collected(lazy: Any, names: list[str]) -> Any:
    """DuckDB, say, hands its columns over as Arrow: that may be missing, or too old for a type."""
    try:
        return lazy.collect()
    except ModuleNotFoundError as error:
        raise MissingDependency("reading this frame", str(error.name)) from error
    except Exception as error:  # Arrow's own, without importing it
        if type(error).__module__.partition(".")[0] != "pyarrow":
            raise
        told = " ".join(str(error).split())
        problem = f"columns {some(names)} cannot be read by way of PyArrow: {told}; "
        problem += "cast decimals to DOUBLE or BIGINT, or install a newer PyArrow"
        raise ResponseDataError("frame", [problem]) from error


def _series_to_numpy(series: Any, coded: bool) -> Column | Labelled:
    import narwhals as nw

    dtype = series.dtype
    if dtype in (nw.Datetime, nw.Date):
        return _datetimes(series)
    if dtype in (nw.Int128, nw.UInt128, nw.Decimal):
        return as_column(series.to_list())
    if dtype.is_integer() or dtype == nw.Boolean:
        if series.is_null().any():
            return _settled(series.to_list())
        return np.asarray(series.to_numpy())
    if dtype.is_float():
        return np.asarray(series.to_numpy(), dtype=np.float64)
    if dtype == nw.Duration:
        column = np.asarray(series.to_numpy())
        return column if column.dtype.kind == "m" else objects(series.to_list())
    if dtype in (nw.List, nw.Array):
        return objects(series.to_list())
    return _texts(_plain_layout(series), coded)


def _plain_layout(series: Any) -> Any:
    """Arrow's text in views, or in a dictionary of views, in the layout that all kernels know."""
    import narwhals as nw

    arrow = series.implementation.is_pyarrow()
    if series.dtype not in (nw.String, nw.Categorical):
        return series
    if not arrow and not hasattr(getattr(series.to_native(), "dtype", None), "pyarrow_dtype"):
        return series
    native = series.to_arrow()
    if arrow and "string_view" not in str(native.type):
        return series
    return nw.from_native(text_out_of_views(native), series_only=True)


def _texts(series: Any, coded: bool) -> Column | Labelled:
    import narwhals as nw

    pandas_like = series.implementation.is_pandas_like()
    if series.dtype == nw.Unknown and series.implementation.is_pyarrow():
        times = _arrow_times(series.to_arrow())  # dates in milliseconds
        if times is not None:
            return times
    if series.dtype in (nw.Categorical, nw.Enum):
        if not all(isinstance(value, str) for value in series.drop_nulls().unique().to_list()):
            return as_column(series.to_list())  # categories may be integers, or times
        if pandas_like and coded and not series.is_null().any():
            return _coded_categories(series.to_native().cat)
        series = series if pandas_like else series.cast(nw.String)
    if coded and series.dtype == nw.String:
        native = _hashing_natively(series)
        if native is not None and not native.is_null().any():
            return _coded_text(native)
    # As NumPy arrays Polars' texts would lose their trailing NUL characters.
    return _settled(objects(series.to_numpy()).tolist() if pandas_like else series.to_list())


def _coded_categories(accessor: Any) -> Labelled:
    categories, codes = accessor.categories.tolist(), accessor.codes.to_numpy()
    used = np.flatnonzero(np.bincount(codes, minlength=len(categories)))
    order = sorted(used.tolist(), key=categories.__getitem__)
    place = np.zeros(len(categories), np.int32)
    place[order] = np.arange(len(order))
    return Labelled(place[codes], objects([categories[code] for code in order]))


def _datetimes(series: Any) -> Column:
    import narwhals as nw

    zone = getattr(series.dtype, "time_zone", None)
    if zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if series.dtype == nw.Date and not series.implementation.is_polars():
        column = _arrow_times(series.to_arrow())
        if column is not None:
            return column
    column = np.asarray(series.to_numpy())
    if column.dtype == object:
        column = column.astype("datetime64[us]")
    return mark_aware(column) if zone is not None else column


def _arrow_times(array: Any) -> Column | None:
    """An Arrow array of times in its own unit; None if it holds something else."""
    kind = str(array.type)
    if not kind.startswith(("timestamp", "date")):
        return None
    # Python's datetimes, which `to_pylist` gives, end with the year 9999.
    column = np.asarray(array.to_numpy(zero_copy_only=False))
    return column if getattr(array.type, "tz", None) is None else mark_aware(column)


def _hashing_natively(series: Any) -> Any:
    """The series in a library that hashes its text in compiled code and to the last byte.

    None for pandas' own storage: its hash takes a NUL character for the end of a text, and
    its text is Python objects already.
    """
    import narwhals as nw

    if series.implementation.is_polars() or series.implementation.is_pyarrow():
        return series
    if getattr(series.to_native().dtype, "storage", None) == "pyarrow":
        return nw.from_native(series.alias("text").to_frame().to_arrow())["text"]
    return None


def _coded_text(series: Any) -> Labelled:
    import narwhals as nw

    labels = sorted(series.unique().to_list())
    if not labels:
        return Labelled(np.zeros(0, np.int32), objects([]))
    codes = series.replace_strict(labels, range(len(labels)), return_dtype=nw.Int32)
    return Labelled(np.array(codes.to_numpy(), np.int32), objects(labels))
