"""Saved things: a JSON manifest that names its format and proves it is whole.

What is read may be damaged, or made to do harm. Sizes are therefore looked at before anything is
read, and an error says what is wrong. The digest finds damage; who forges a file signs it anew,
so a reader checks what it makes of the content as well.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ModelFileError, ProblemsError
from adaptlearn.files import write_bytes
from adaptlearn.wording import shown

FORMAT_VERSION = 1
Arrays = Mapping[str, NDArray[Any]]

LARGEST_JSON = 2**30
"""Bytes of JSON that are read, at most: parsed, it takes a multiple of them."""

_DEEPEST = 100  # lists and objects within each other
_TOO_DEEP = f"holds more than {_DEEPEST} lists and objects within each other"
_LAST_COMMA = re.compile(r",\s*([\]}])")
_LONGEST_NUMBER = 400  # digits and signs; the longest float has 309 before its point
# The header of an array that NumPy wrote: of plain numbers, so that reading one runs nothing.
_HEADER = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|[\x02\x03]\x00....)"
    rb"{'descr': '([<>|][biufUS]\d{1,9})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), } *\n",
    re.DOTALL,
)
_LONGEST_HEADER = 4096

MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What Python and NumPy raise where content is not of the kind that a reader expects."""

_DAMAGED = (EOFError, OSError, RuntimeError, struct.error, zipfile.BadZipFile)


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content's canonical JSON: equal content, equal fingerprint."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its format, version and digest."""
    body = {"format": kind, "version": FORMAT_VERSION, **content}
    return {**body, "digest": fingerprint(body)}


def write_manifest(path: str | os.PathLike[str], kind: str, content: Mapping[str, Any]) -> None:
    """Write content as sealed JSON."""
    text = json.dumps(seal(kind, content), indent=1, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_manifest(path: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """Read sealed JSON back.

    Raises
    ------
    ModelFileError
        It is not whole, was changed, or is of another kind or a newer version.
    FileNotFoundError
        The error is raised if the file does not exist.
    """
    name = os.fspath(path)
    try:
        data = read_limited(path)
    except ValueError as error:
        raise ModelFileError(name, [str(error)]) from None
    return open_seal(data, kind, name)


def open_seal(data: bytes | str, kind: str, name: str) -> dict[str, Any]:
    """Check sealed JSON and return it with its seal."""
    try:
        manifest = parse_json(data, halves=True)
    except ValueError as error:
        raise ModelFileError(
            name, [f"{error}: it is truncated, or not a saved file of this library"]
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != kind:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise ModelFileError(name, [f"its format is {shown(found)}; expected {kind!r}"])
    version = manifest.get("version")
    if type(version) is not int or version < 1:
        raise ModelFileError(name, [f"its format version is {shown(version)}; expected an integer"])
    if version > FORMAT_VERSION:
        raise ModelFileError(
            name,
            [
                f"format version {version} is newer than this library reads (up to "
                f"{FORMAT_VERSION}); upgrade adaptlearn"
            ],
        )
    body = {key: value for key, value in manifest.items() if key != "digest"}
    if manifest.get("digest") != fingerprint(body):
        raise ModelFileError(
            name, ["its content does not match its digest: it was changed or damaged after saving"]
        )
    return manifest


def parse_json(
    text: bytes | str, *, repeated: list[str] | None = None, halves: bool = False
) -> Any:
    """JSON as every reader of this library takes it: nothing in it is lost, or beyond a float.

    Parameters
    ----------
    text : bytes or str
        In UTF-8, with or without a byte-order mark.
    repeated : list of str, optional
        Gets the keys that stand twice in one object, of which the first is kept. Without the
        list they are an error.
    halves : bool
        Whether texts may hold halves of a character (lone surrogates), which JSON can write and
        UTF-8 cannot.

    Raises
    ------
    ValueError
        Says what is wrong.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        content = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_first_of_each(repeated),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_bounded,
        )
        if not halves and ("\\ud" in text or "\\uD" in text):
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except UnicodeEncodeError:
        raise ValueError("is no JSON in UTF-8: a text has half a character in it") from None
    except ValueError as error:  # of the text, its encoding, or from those above
        raise ValueError(f"is not whole JSON in UTF-8 ({error}){_comma(error)}") from None
    if _is_deep(content):
        raise ValueError(_TOO_DEEP)
    return content


def _first_of_each(repeated: list[str] | None) -> Callable[[list[tuple[str, Any]]], Any]:
    """What makes an object of its keys and values; see `parse_json`."""

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in pairs:
            if key not in content:
                content[key] = value
            elif repeated is None:
                raise ValueError(f"key {shown(key)} stands twice in one object")
            else:
                repeated.append(key)
        return content

    return made


def _comma(error: ValueError) -> str:
    """What to do, where a comma before a closing bracket is what is wrong."""
    if not isinstance(error, json.JSONDecodeError):
        return ""
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    if before.endswith(","):
        before, after = before[:-1], "," + after
    last = _LAST_COMMA.match(after)
    return f"; drop the comma before that {last[1]}" if last else ""


def _is_deep(content: Any) -> bool:
    level = [content] if isinstance(content, (dict, list)) else []
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    return bool(level)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {shown(text)} is beyond what a float holds")
    return value


def _bounded(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or math.isinf(float(text)):
        raise ValueError(f"the number {shown(text)} is beyond what a float holds")
    return int(text)


def read_limited(path: str | os.PathLike[str], largest: int = LARGEST_JSON) -> bytes:
    """The bytes of a file that are at most so many.

    Raises
    ------
    ValueError
        There are more.
    """
    with Path(path).open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        # A pipe or a device says nothing of its size before it is read.
        if size > largest or len(data := stream.read(largest + 1)) > largest:
            raise ValueError(f"is larger than the {largest:,} bytes that are read")
        return data


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Report what wrong content makes a reader raise as a `ModelFileError` of a file's name."""
    try:
        yield
    except ModelFileError:
        raise
    except ProblemsError as error:
        raise ModelFileError(name, error.problems) from None
    except MALFORMED as error:
        # A problem that a reader of this library found itself is a sentence.
        told = str(error) if type(error) is ValueError else repr(error)
        raise ModelFileError(name, [f"a part is missing or of the wrong kind: {told}"]) from None


def part_of(problems: list[str], read: Callable[..., Any], *arguments: Any) -> Any:
    """What a reader makes of a part of the content; None if it is wrong, as the problems then say.

    Reading goes on with the next part, so that one error lists what is wrong with all of them.
    """
    try:
        return read(*arguments)
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    except ValueError as error:
        problems.append(str(error))
    return None


def array_digests(arrays: Arrays) -> dict[str, str]:
    """SHA-256 of each array's type, shape and content."""
    return {name: _digest(array) for name, array in arrays.items()}


def write_archive(
    path: str | os.PathLike[str], kind: str, content: Mapping[str, Any], arrays: Arrays
) -> None:
    """Write content as sealed JSON beside arrays, in one file that NumPy reads without pickle."""
    write_bytes(path, archive_bytes(kind, content, arrays))


def archive_bytes(kind: str, content: Mapping[str, Any], arrays: Arrays) -> bytes:
    """What `write_archive` writes."""
    manifest = seal(kind, {**content, "arrays": array_digests(arrays)})
    text = np.frombuffer(json.dumps(manifest, allow_nan=False).encode(), np.uint8)
    buffer = io.BytesIO()
    everything: dict[str, Any] = {"manifest": text, **arrays}
    np.savez(buffer, **everything)
    return buffer.getvalue()


def read_archive(
    path: str | os.PathLike[str], kind: str, what: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read back what `write_archive` wrote; `what` is what errors call it.

    No array is read that is not in the file as it says: nothing is unpacked.

    Raises
    ------
    ModelFileError
        It is not whole, was changed, or is of another kind or a newer version.
    FileNotFoundError
        The error is raised if the file does not exist.
    """
    name = os.fspath(path)
    with Path(path).open("rb") as stream:
        return _open_archive(stream, os.fstat(stream.fileno()).st_size, kind, what, name)


def read_archive_bytes(
    data: bytes, kind: str, what: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read back what `archive_bytes` made; see `read_archive`.

    Raises
    ------
    ModelFileError
    """
    return _open_archive(io.BytesIO(data), len(data), kind, what, what)


def _open_archive(
    stream: IO[bytes], size: int, kind: str, what: str, name: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with zipfile.ZipFile(stream) as file:
            members = _members(file, size)
            if "manifest" not in members:
                raise ModelFileError(name, [f"is not a {what}: it has no manifest"])
            text = _array(file, members.pop("manifest")).tobytes()
            manifest = open_seal(text, kind, name)
            arrays = {key: _array(file, member) for key, member in members.items()}
    except ModelFileError:
        raise
    except (*MALFORMED, *_DAMAGED) as error:
        raise ModelFileError(name, [f"is not a whole {what} ({error})"]) from None
    if array_digests(arrays) != manifest.get("arrays"):
        raise ModelFileError(name, ["its arrays do not match the manifest: it was changed"])
    return manifest, arrays


def _members(file: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members of an archive by name, none of which takes more than it does in the file."""
    members = {member.filename.removesuffix(".npy"): member for member in file.infolist()}
    if len(members) < len(file.infolist()):
        raise ValueError("two of its parts have one name")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise ValueError("its parts are packed; this library does not pack them")
    if sum(member.file_size for member in members.values()) > size:
        raise ValueError("its parts are larger than the file")
    # An archive that holds another and has lost its own end would be read as the other.
    if min((member.header_offset for member in members.values()), default=0) > 0:
        raise ValueError("it begins with something else than its parts")
    return members


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """An array as NumPy writes it, if its header says the size that it has."""
    with file.open(member) as stream:
        header = _HEADER.match(stream.read(_LONGEST_HEADER))
    if header is None:
        raise ValueError(f"{member.filename}: its header is none of an array of numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(length) for length in header[3].split(b",") if length.strip())
    if header.end() + math.prod(shape) * dtype.itemsize != member.file_size:
        raise ValueError(f"{member.filename}: its size is not the one in its header")
    data = file.read(member)
    flat = np.frombuffer(data, dtype, offset=header.end()).copy()
    return flat.reshape(shape, order="F" if header[2] == b"True" else "C")


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as those of `write_archive` do."""
    with Path(path).open("rb") as stream:
        return stream.read(2) == b"PK"


def _digest(array: NDArray[Any]) -> str:
    header = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(array).tobytes()).hexdigest()
