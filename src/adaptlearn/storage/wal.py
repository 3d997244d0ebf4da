"""Whether a SQLite WAL has lost what was on disk before; SQLite itself cannot tell.

SQLite takes a WAL up to its first frame whose checksum is wrong, and drops the rest: this is how a
transaction that a loss of power cut off is undone. A damaged frame in the middle looks the same to
it, and takes all later transactions away without a word. The two can be told apart. With
``synchronous=FULL`` each transaction is synced before the next one is written. So whole
transactions behind a wrong frame say that it was right once.

The format is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools

_HEADER, _FRAME = 32, 24  # bytes
_BLOCK = 1000  # frames that are read at one time
_WORD = 0xFFFFFFFF
_LATER = 3
"""How many transactions must be there from the wrong frame on.

The first is the one that was cut off. Power may also fail right after a process was killed before
its sync: then the next process's transaction is the first that is synced, and its frames may stand
behind wrong ones.
"""


class Tail(NamedTuple):
    """What stands in a WAL behind its first wrong frame.

    Attributes
    ----------
    salts : bytes
        They are new each time that SQLite begins the WAL anew.
    start : int
        The frame, from 0.
    transactions : int
        The ends of transactions that stand from there on.
    """

    salts: bytes
    start: int
    transactions: int


def lost_transactions(path: Path) -> int:
    """How many transactions stand in a WAL that SQLite will not read, though they were synced.

    It may be called while other processes write.

    Parameters
    ----------
    path : Path
        The WAL; it need not exist.

    Returns
    -------
    int
        0 if there are none, or so few that a loss of power may have cut them off.
    """
    found = _tail_of(path)
    # Another process may be about to write the frame that looks wrong: it is right when read again.
    if found is None or found.transactions < _LATER or _tail_of(path) != found:
        return 0
    return found.transactions


def _tail_of(path: Path) -> Tail | None:
    try:
        with path.open("rb") as wal:
            return tail(wal)
    except FileNotFoundError:
        return None


def tail(wal: BinaryIO) -> Tail | None:
    """What stands in a WAL from its first wrong frame on; None if there is no such frame."""
    header, first = wal.read(_HEADER), wal.read(_FRAME)
    if len(first) < _FRAME:
        return None
    salts, page = header[16:24], int.from_bytes(header[8:12], "big")
    start = None
    if not _is_right(header):
        salts, start = first[8:16], 0
        if header[16:24] != salts and not _is_right(header[:16] + salts + header[24:]):
            return None  # SQLite was about to begin it anew; all that stood in it is in the file
        page = wal.read(1 << 18).find(salts) - 8
    order = ">u4" if header[3] & 1 else "<u4"
    sums = (int.from_bytes(header[24:28], "big"), int.from_bytes(header[28:], "big"))
    ends = number = 0
    wal.seek(_HEADER)
    for frames in _blocks(wal, page):
        is_ours = (frames[:, 8:16] == np.frombuffer(salts, np.uint8)).all(axis=1)
        is_end = is_ours & frames[:, 4:8].any(axis=1)
        at = 0
        if start is None:
            at, sums = _first_wrong(frames, is_ours, order, sums)
            if at < len(frames):
                start = number + at
        ends += int(is_end[at:].sum())
        number += len(frames)
    return None if start is None else Tail(salts, start, ends)


def _blocks(wal: BinaryIO, page: int) -> Iterator[NDArray[np.uint8]]:
    """Whole frames, some at a time, shape (n, bytes of a frame)."""
    size = _FRAME + page
    while 512 <= page <= 65536 and not page % 8 and len(data := wal.read(size * _BLOCK)) >= size:
        yield np.frombuffer(data[: len(data) // size * size], np.uint8).reshape(-1, size)


def _is_right(header: bytes) -> bool:
    """Whether a header has the checksum that it says."""
    order = ">u4" if header[3] & 1 else "<u4"
    words = np.frombuffer(header[:24], order).reshape(1, -1)
    (told,) = _added(words.astype(np.uint32))
    return bool(header[24:] == told.astype(">u4").tobytes())


def _first_wrong(
    frames: NDArray[np.uint8], is_ours: Bools, order: str, sums: tuple[int, int]
) -> tuple[int, tuple[int, int]]:
    """The first wrong frame, or their number; and the checksum that stands before the next one.

    Each checksum goes on from that of the frame before.
    """
    told = frames[:, 16:24].copy().view(">u4").tolist()
    body = np.concatenate([frames[:, :8], frames[:, _FRAME:]], axis=1)
    words = body.view(order).astype(np.uint32)
    added = _added(words).tolist()
    a, b, c = (int(one[-1]) for one in _powers(words.shape[1] // 2 + 1))
    for at, (ours, mine, (x, y)) in enumerate(zip(is_ours.tolist(), told, added, strict=True)):
        sums = (a * sums[0] + b * sums[1] + x) & _WORD, (b * sums[0] + c * sums[1] + y) & _WORD
        if not ours or [*sums] != mine:
            return at, sums
    return len(frames), sums


def _added(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """What each row of words adds to a checksum, shape (n, 2).

    With the words ``x, y`` in pairs, a checksum ``s, t`` becomes ``s + t + x, s + 2t + x + y``,
    modulo 2^32: it is multiplied by a matrix ``M``, and ``(x, x + y)`` is added. So a pair adds
    itself times the power of ``M`` of how many pairs follow.
    """
    x, y = words[:, ::2], words[:, ::2] + words[:, 1::2]
    a, b, c = (one[::-1] for one in _powers(x.shape[1]))
    return np.stack([x @ a + y @ b, x @ b + y @ c], axis=1)


def _powers(n: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """The entries of the first powers of ``M = [[a, b], [b, c]] = [[1, 1], [1, 2]]``."""
    rows = [(1, 0, 1)]
    for _ in range(n - 1):
        a, b, _ = last = rows[-1]
        rows.append(((a + b) & _WORD, (b + last[2]) & _WORD, (b + 2 * last[2]) & _WORD))
    a, b, c = np.array(rows, np.uint32).T
    return a, b, c
