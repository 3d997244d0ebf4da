"""The files of a folder or of a zip archive, opened one by one."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import IO

from adaptlearn.errors import RosterError

_NOT_READABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
    RuntimeError, EOFError, OSError,
)  # fmt: skip


class Source:
    """A folder or a zip archive of CSV files.

    Parameters
    ----------
    path : path
    limit : int
        The largest number of bytes that all files may have, unpacked.

    Attributes
    ----------
    name : str
    files : dict of str to str
        The name of each file without its folder, in small letters, and its place.

    Raises
    ------
    RosterError
        It is neither, or holds too much, or names a file outside itself, or two files of one name.
    """

    def __init__(self, path: str | PathLike[str], limit: int) -> None:
        self.name = str(path)
        self._path = Path(path)
        if self._path.is_dir():
            self._zip = None
            sizes = {
                file.name: file.stat().st_size for file in self._path.iterdir() if file.is_file()
            }
        elif not self._path.exists():
            raise RosterError(self.name, ["there is no such folder or zip archive"])
        else:
            self._zip = self._archive()
            sizes = {one.filename: one.file_size for one in self._zip.infolist()}
        problems = list(_outside(sizes)) if self._zip else []
        total = sum(sizes.values())
        if total > limit:
            problems.append(
                f"its files have {total:,} bytes unpacked, the limit is {limit:,}; "
                "a larger max_bytes allows them"
            )
        self.files: dict[str, str] = {}
        for place in sorted(sizes):
            key = PurePosixPath(place).name.casefold()
            if place.endswith("/") or not key.endswith(".csv") or "__MACOSX" in place:
                continue
            if key in self.files:
                problems.append(f"{place!r} and {self.files[key]!r} have one name")
            self.files[key] = place
        if problems:
            raise RosterError(self.name, problems)

    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            problem = f"is neither a folder nor a zip archive that can be read: {error}"
            raise RosterError(self.name, [problem]) from None

    def close(self) -> None:
        """Close the archive."""
        if self._zip is not None:
            self._zip.close()

    @contextmanager
    def opened(self, file: str) -> Iterator[IO[bytes]]:
        """The bytes of one of `files`, by its name in small letters."""
        place = self.files[file]
        if self._zip is None:
            with (self._path / place).open("rb") as stream:
                yield stream
            return
        try:
            with self._zip.open(place) as stream:
                yield stream
        except _NOT_READABLE as error:
            raise RosterError(self.name, [f"{place}: cannot be unpacked: {error}"]) from None


def _outside(names: dict[str, int]) -> Iterator[str]:
    """Names that lead out of an archive."""
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name.partition("/")[0]:
            yield f"{name!r} is a path out of the archive"
