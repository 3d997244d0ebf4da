"""What a file is, by its content: its name may say something else."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal, cast

from adaptlearn.errors import ResponseDataError
from adaptlearn.responses.engines import zstd_stream

Kind = Literal["text", "Parquet", "gzip", "zst"]

HEAD = 1 << 16
"""Bytes from the beginning that tell what a file is."""

SAVE = 'save it as "CSV UTF-8"'
"""What to do with a file of Excel's."""

_FIRST: dict[bytes, Kind] = {
    b"PAR1": "Parquet",
    b"PARE": "Parquet",  # encrypted
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zst",
}
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # the marks that UTF-16 begins with
_PAGE = re.compile(rb"\s*<(!doctype|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_JSON = re.compile(rb"\s*(\{\s*[\"}]|\[\s*[{\[\]])")
_FROM_FRAME = "and give that to ResponseLog.from_frame"


def kind_of(head: bytes, name: str) -> Kind:
    """What a file is that begins so.

    Raises
    ------
    ResponseDataError
        It is something else than a log: says what, and the remedy.
    """
    for first, kind in _FIRST.items():
        if head.startswith(first):
            return kind
    if told := _foreign(head):
        raise ResponseDataError(name, [told])
    return "text"


def _foreign(head: bytes) -> str | None:
    """What is known of a file that is no log, and what to do; None for text."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(_ZIP):
        if b"xl/" in head or b"[Content_Types].xml" in head:
            return f"is an Excel workbook (.xlsx), not CSV; in Excel, {SAVE}"
        if b"opendocument.spreadsheet" in head:
            return "is an OpenDocument spreadsheet, not CSV; save it as CSV, in UTF-8"
        return "is a zip archive; unpack it and give the CSV file in it"
    if head.startswith(_OLD_EXCEL):
        return f"is an old Excel workbook (.xls), not CSV; in Excel, {SAVE}"
    if head.startswith(_WIDE) or _in_pairs(head):
        return f'is text in UTF-16, as Excel\'s "Unicode Text" is; {SAVE}'
    if b"\0" in text.partition(b"\n")[0]:
        return "is not text (it holds NUL bytes); give a CSV or a Parquet file"
    if _PAGE.match(text):
        return (
            "is a web page (HTML or XML), not CSV: a login page perhaps, saved in place of the "
            "file; download it again, or save its table as CSV"
        )
    if _JSON.match(text):
        return f"is JSON, not CSV; read it into a frame, as pandas.read_json does, {_FROM_FRAME}"
    return None


def _in_pairs(head: bytes) -> bool:
    """Whether every other byte is NUL, as in Latin letters of UTF-16."""
    pairs = len(head) // 2
    return pairs > 1 and any(head[at::2].count(0) > 0.9 * pairs for at in (0, 1))


@contextmanager
def unpacked(file: BinaryIO, kind: Kind, name: str) -> Iterator[BinaryIO]:
    """The bytes of a file without its compression.

    Raises
    ------
    ResponseDataError
        It is damaged, even if that shows later.
    MissingDependency
        Nothing is installed that unpacks it.
    """
    if kind not in ("gzip", "zst"):
        yield file
        return
    try:
        packed: Any = gzip.GzipFile(fileobj=file) if kind == "gzip" else zstd_stream(file)
        with io.BufferedReader(packed, HEAD) as stream:
            inside = kind_of(stream.peek(HEAD), name)
            if inside != "text":
                raise ResponseDataError(name, [f"is {inside} within {kind}; unpack it first"])
            yield cast("BinaryIO", stream)
    except Exception as error:
        # What compression.zstd raises is known by its name, for it is new in Python.
        damaged = isinstance(error, (EOFError, OSError, zlib.error))
        if not damaged and type(error).__name__ != "ZstdError":
            raise
        problem = f"cannot be unpacked ({error}): it is damaged, or cut short"
        raise ResponseDataError(name, [problem]) from None
