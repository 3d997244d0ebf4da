"""Saved things: a JSON manifest that names its format and proves it is whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from errno import EISDIR
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ModelFileError

FORMAT_VERSION = 1
Arrays = Mapping[str, NDArray[Any]]

# What NumPy and zipfile raise for a file that is no archive, or a damaged one.
_UNREADABLE = (
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content's canonical JSON: equal content, equal fingerprint."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its format, version and digest."""
    body = {"format": kind, "version": FORMAT_VERSION, **content}
    return {**body, "digest": fingerprint(body)}


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all: a crash half-way leaves the old one.

    Raises
    ------
    OSError
        It cannot be written; the error names the path, as that of `open` would.
    """
    target = Path(path)
    if target.is_dir():
        raise _unwritten(EISDIR, target)
    try:
        _write_aside(target, data)
    except OSError as error:
        if error.errno is None:
            raise
        raise _unwritten(error.errno, target) from None


def _write_aside(target: Path, data: bytes) -> None:
    """Write beside the target, then take its place."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp's files are private, saved ones are not
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _unwritten(code: int, target: Path) -> OSError:
    """What the system says, of the file meant: its own errors name the one beside it."""
    return OSError(code, os.strerror(code), str(target))


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
        There is no such file.
    """
    return open_seal(Path(path).read_bytes(), kind, str(path))


def open_seal(data: bytes, kind: str, name: str) -> dict[str, Any]:
    """Check sealed JSON and return it with its seal."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:  # of the text, its encoding, its nesting
        raise ModelFileError(
            name, [f"is not whole JSON ({error}): truncated, or not a saved file of this library"]
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != kind:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise ModelFileError(name, [f"its format is {found!r}; expected {kind!r}"])
    version = manifest.get("version")
    if not isinstance(version, int) or version < 1:
        raise ModelFileError(name, [f"its format version is {version!r}; expected an integer"])
    if version > FORMAT_VERSION:
        raise ModelFileError(
            name,
            [
                f"format version {version} is newer than this library reads (up to "
                f"{FORMAT_VERSION}); upgrade adaptlearn"
            ],
        )
    body = {key: value for key, value in manifest.items() if key != "digest"}
    try:
        whole = manifest.get("digest") == fingerprint(body)
    except ValueError:  # NaN or infinity, which no saved file holds
        whole = False
    if not whole:
        raise ModelFileError(
            name, ["its content does not match its digest: it was changed or damaged after saving"]
        )
    return manifest


def array_digests(arrays: Arrays) -> dict[str, str]:
    """SHA-256 of each array's type, shape and content."""
    return {name: _digest(array) for name, array in arrays.items()}


def write_archive(
    path: str | os.PathLike[str], kind: str, content: Mapping[str, Any], arrays: Arrays
) -> None:
    """Write content as sealed JSON beside arrays, in one file that NumPy reads without pickle."""
    manifest = seal(kind, {**content, "arrays": array_digests(arrays)})
    text = np.frombuffer(json.dumps(manifest, allow_nan=False).encode(), np.uint8)
    buffer = io.BytesIO()
    everything: dict[str, Any] = {"manifest": text, **arrays}
    np.savez(buffer, **everything)
    write_bytes(path, buffer.getvalue())


def read_archive(
    path: str | os.PathLike[str], kind: str, what: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read back what `write_archive` wrote; `what` is what errors call it.

    Raises
    ------
    ModelFileError
        It is not whole, was changed, or is of another kind or a newer version.
    FileNotFoundError
        There is no such file.
    """
    name, data = str(path), Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except _UNREADABLE as error:
        raise ModelFileError(name, [f"is not a whole {what} ({error})"]) from None
    if "manifest" not in arrays:
        raise ModelFileError(name, [f"is not a {what}: it has no manifest"])
    manifest = open_seal(arrays.pop("manifest").tobytes(), kind, name)
    if array_digests(arrays) != manifest["arrays"]:
        raise ModelFileError(name, ["its arrays do not match the manifest: it was changed"])
    return manifest, arrays


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as those of `write_archive` do."""
    with Path(path).open("rb") as stream:
        return stream.read(2) == b"PK"


def _digest(array: NDArray[Any]) -> str:
    header = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(array).tobytes()).hexdigest()
