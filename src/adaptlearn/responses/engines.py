"""Packages that read files fast, whichever of them is installed.

For CSV they are a convenience: they hand over text and may decline a file, which is then read
with the standard library. (pandas is not among them: of a line with too many fields it quietly
drops some.) Parquet needs one of them. Arrow's newer layouts of text are read here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, BinaryIO

from adaptlearn.errors import MissingDependency, ResponseDataError

Texts = dict[str, list[str]]


def csv_texts(source: str | BinaryIO, separator: str, names: Sequence[str]) -> Texts | None:
    """Columns of a CSV file as text, or None where the standard library has to read it.

    Raises
    ------
    MissingDependency
        Neither polars nor pyarrow is installed.
    """
    for read in (_csv_by_polars, _csv_by_pyarrow):
        try:
            texts = read(source, separator, list(names))
        except ImportError:
            continue
        # A field without text may be a gap, a blank line or a line cut short; these packages
        # do not say which.
        if texts is None or any("" in column or None in column for column in texts.values()):
            return None
        return texts
    raise MissingDependency("reading CSV fast", "polars")


def _csv_by_polars(source: str | BinaryIO, separator: str, names: list[str]) -> Texts | None:
    import polars as pl

    try:
        frame = pl.read_csv(
            source,
            separator=separator,
            columns=names,
            infer_schema=False,
            glob=False,
        )
    except (pl.exceptions.PolarsError, OSError):
        return None
    return {name: frame[name].to_list() for name in names}


def _csv_by_pyarrow(source: str | BinaryIO, separator: str, names: list[str]) -> Texts | None:
    import pyarrow as pa
    from pyarrow import csv

    try:
        table = csv.read_csv(
            source,
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, OSError):
        return None
    return {name: table[name].to_pylist() for name in names}


def zstd_stream(file: BinaryIO) -> Any:
    """What is packed in an open zst file; one that is cut short is an error when it is read.

    (The package zstandard is not asked: of a file that is cut short it gives what there is,
    without a word.)

    Raises
    ------
    MissingDependency
        PyArrow is not installed; Python itself unpacks zst from 3.14 on.
    """
    try:
        return import_module("compression.zstd").ZstdFile(file)
    except ImportError:
        pass
    try:
        return import_module("pyarrow").input_stream(file, compression="zstd")
    except ImportError:
        raise MissingDependency("reading a zst file", "pyarrow") from None


def parquet_names(path: str) -> list[str]:
    """The names of a Parquet file's columns."""
    return list(_parquet(path, None))


def parquet_frame(path: str, names: Sequence[str]) -> Any:
    """Named columns of a Parquet file, as whatever frame the package at hand makes.

    Raises
    ------
    ResponseDataError
        It is no Parquet file, or a damaged one.
    MissingDependency
        Nothing is installed that reads Parquet.
    """
    return _parquet(path, list(names))


def _parquet(path: str, names: list[str] | None) -> Any:
    for read in (_parquet_by_polars, _parquet_by_pyarrow, _parquet_by_duckdb):
        try:
            return read(path, names)
        except ImportError:
            continue
    raise MissingDependency(f"{path}: reading Parquet (without polars and duckdb)", "pyarrow")


def _parquet_by_polars(path: str, names: list[str] | None) -> Any:
    import polars as pl

    try:
        if names is None:
            return list(pl.read_parquet_schema(path))
        return pl.read_parquet(path, columns=names, glob=False)
    except pl.exceptions.PolarsError as error:
        raise _damaged(path, error) from None


def _parquet_by_pyarrow(path: str, names: list[str] | None) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if names is None:
            return parquet.read_schema(path).names
        return parquet.read_table(path, columns=names)
    except pa.ArrowException as error:
        raise _damaged(path, error) from None


def _parquet_by_duckdb(path: str, names: list[str] | None) -> Any:
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.read_parquet(path)
            if names is None:
                return found.columns
            quoted = (f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
            return found.project(", ".join(quoted)).fetchnumpy()
    except duckdb.Error as error:
        raise _damaged(path, error) from None


def _damaged(path: str, error: Exception) -> ResponseDataError:
    why = " ".join(str(error).split())
    return ResponseDataError(path, [f"cannot be read as Parquet ({why})"])


def text_out_of_views(array: Any) -> Any:
    """An Arrow array of text, or of a dictionary, in chunks of the layout that all kernels know."""
    import pyarrow as pa

    def plain(chunk: Any) -> Any:
        if str(chunk.type) != "string_view":
            return chunk
        try:
            return chunk.cast(pa.string())
        except pa.ArrowNotImplementedError:  # by PyArrow's first versions with views
            return pa.array(chunk.to_pylist(), pa.string())

    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    if pa.types.is_dictionary(array.type):
        from_parts = pa.DictionaryArray.from_arrays
        found = [from_parts(chunk.indices, plain(chunk.dictionary)) for chunk in chunks]
    else:
        found = [plain(chunk) for chunk in chunks]
    return pa.chunked_array(found or [pa.array([], pa.string())])
