"""Files written whole or not at all: who reads one finds all of the old content or all of the new.

The new content takes the old one's place in one step, by a rename. Until then it stands in a file
that on Linux has no name, so that a process that is killed leaves nothing; elsewhere, and for the
moment of the rename, its name is one of a few that follow from the target's. A writer holds a lock
on the name that it uses. The next writer of the same target removes those that nobody holds.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EBUSY, EISDIR, ENXIO
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from adaptlearn.errors import AdaptLearnWarning, warn

if sys.platform != "win32":
    import fcntl

_PLACES = 16  # names for writers of one file at the same time; more of them wait
_TRIES = 500
_PAUSE = 0.01  # seconds
_PATIENCE = 5.0  # seconds that a pipe may take to find its reader
_Made = TypeVar("_Made")
_BINARY: int = getattr(os, "O_BINARY", 0)
_UNNAMED: int = getattr(os, "O_TMPFILE", 0)
_OPEN = "/proc/self/fd"  # where Linux shows a process its open files


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all: a crash half-way leaves the old one.

    A file that is replaced passes its permissions on, and its owner and group as far as the
    system lets the writer give files away; a new one gets those that `open` would give it. A
    symbolic link stays, and what it leads to is replaced; of several hard links only this one
    gets the new content. A device or a pipe is written to. A pipe that nobody opens for reading
    within a few seconds gets nothing, which is warned of.

    Parameters
    ----------
    path : str or path
    data : bytes

    Raises
    ------
    OSError
        It cannot be written; the error names the path, as that of `open` would.
    """
    try:
        old = _status(Path(path))
        if old is None or stat.S_ISREG(old.st_mode):
            _replace(Path(os.path.realpath(path)), data, old)
        else:
            _pour(Path(path), data, old)
    except OSError as error:
        if error.errno is None:
            raise
        # The system's own error may name the file beside it.
        raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode())


def _status(path: Path) -> os.stat_result | None:
    """What is at the end of a path; None if nothing is, as with a link to nowhere."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _pour(path: Path, data: bytes, old: os.stat_result) -> None:
    """Write to a device or a pipe."""
    if stat.S_ISDIR(old.st_mode):
        raise OSError(EISDIR, os.strerror(EISDIR))
    flags = os.O_WRONLY | _BINARY
    descriptor = _reader(path, flags) if stat.S_ISFIFO(old.st_mode) else os.open(path, flags)
    if descriptor is None:
        warn(
            f"{path}: this is a pipe, and nobody reads it: nothing was written",
            AdaptLearnWarning,
        )
        return
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _reader(path: Path, flags: int) -> int | None:
    """A pipe, once somebody has opened it for reading; None if nobody does."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != ENXIO:
                raise
            if time.monotonic() > end:
                return None
            time.sleep(_PAUSE)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def _replace(target: Path, data: bytes, old: os.stat_result | None) -> None:
    """Put a new file in the place of one, or of none."""
    if old is not None:  # a rename would not ask whether the file may be written to
        os.close(os.open(target, os.O_WRONLY))
    places = _places(target)
    for place in places:
        _clear(place)
    for _ in range(_TRIES):
        if _replaced(target, places, data, old):
            _sync(target.parent)
            return
    raise OSError(EBUSY, os.strerror(EBUSY))


def _places(target: Path) -> list[Path]:
    """Where the writers of a file write, until what they wrote takes its place."""
    # Short, so that there is room for it where a name takes all that a folder allows.
    digest = sha256(os.fsencode(target.name)).hexdigest()[:16]
    return [target.with_name(f".adaptlearn-{digest}-{k}") for k in range(_PLACES)]


def _replaced(
    target: Path, places: Sequence[Path], data: bytes, old: os.stat_result | None
) -> bool:
    """Write beside the target, then take its place; False if another took what was beside it."""
    # The process's umask takes its part of a new file's permissions; one that replaces another
    # is private until it has the permissions of the old one.
    mode = 0o666 if old is None else 0o600
    place: Path | None = None
    unnamed = _unnamed(target.parent, mode)
    if unnamed is None:
        descriptor, place = _claim(places, lambda place: _named(place, mode))
    else:
        descriptor = unnamed
    try:
        with os.fdopen(descriptor, "wb", closefd=os.name == "nt") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if place is None:
            place = _link(descriptor, places)
        if old is not None:
            _take_after(descriptor, target, old)
        try:
            _rename(place, target)
        except FileNotFoundError:
            return False  # a lock that the file system does not keep
        place = None
        return True
    finally:
        if place is not None:
            place.unlink(missing_ok=True)
        if os.name != "nt":  # there, what is open cannot be renamed
            os.close(descriptor)


def _unnamed(folder: Path, mode: int) -> int | None:
    """A locked new file without a name; None where the system has no such files."""
    if not _UNNAMED:
        return None
    try:
        descriptor = os.open(folder, _UNNAMED | os.O_WRONLY, mode)
    except OSError:
        return None  # the file system has none, or the folder is at fault: then a name is, too
    if not Path(_OPEN, str(descriptor)).exists():  # by which it will get its name
        os.close(descriptor)
        return None
    _lock(descriptor)
    return descriptor


def _link(descriptor: int, places: Sequence[Path]) -> Path:
    """Give a file that has no name the first one that is free."""

    def link(place: Path) -> None:
        # Given a folder, Python follows the source, which is itself a link; which one is no matter.
        os.link(Path(_OPEN, str(descriptor)), place, src_dir_fd=descriptor)

    return _claim(places, link)[1]


def _named(place: Path, mode: int) -> int:
    """A locked new file of a name; `FileExistsError` where there is one."""
    descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, mode)
    _lock(descriptor)
    if os.name != "nt" and not _is_at(place, descriptor):
        os.close(descriptor)  # removed before it was locked, as one whose writer is dead
        raise FileExistsError
    return descriptor


def _claim(places: Sequence[Path], make: Callable[[Path], _Made]) -> tuple[_Made, Path]:
    """Make a file at the first place that no writer holds; what was made, and where."""
    for _ in range(_TRIES):
        for place in places:
            try:
                return make(place), place
            except FileExistsError:
                _clear(place)
        time.sleep(_PAUSE)
    raise OSError(EBUSY, os.strerror(EBUSY))


def _clear(place: Path) -> None:
    """Remove what a writer left who is dead; nothing happens if there is none, or one who lives."""
    with suppress(OSError):
        if sys.platform == "win32":
            place.unlink()  # refused while it is open
            return
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(place, descriptor):
                place.unlink()
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Mark a file as one whose writer lives; the system takes the mark off when it ends."""
    if sys.platform != "win32":
        with suppress(OSError):  # a file system without locks: then `_clear` gets none, either
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_at(place: Path, descriptor: int) -> bool:
    """Whether an open file still stands at a place."""
    there = _status(place)
    return there is not None and os.path.samestat(there, os.fstat(descriptor))


def _take_after(descriptor: int, target: Path, old: os.stat_result) -> None:
    """Give a file the owner, group, permissions and further attributes of the one it replaces."""
    if sys.platform == "win32":
        return
    mode, new = stat.S_IMODE(old.st_mode), os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError:  # only the superuser gives files away
            mode &= 0o777
            try:
                os.fchown(descriptor, -1, old.st_gid)
            except OSError:  # another group then: it may do no more than all others may
                mode &= 0o707 | (mode & 0o007) << 3
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(target):  # access lists, for one
                with suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(target, name))
    os.fchmod(descriptor, mode)


def _rename(place: Path, target: Path) -> None:
    for _ in range(_TRIES):
        try:
            place.replace(target)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(_PAUSE)  # somebody reads the old one, and will not for long
        else:
            return
    place.replace(target)


def _sync(folder: Path) -> None:
    """Have the new name outlast a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
