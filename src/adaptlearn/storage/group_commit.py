"""Group commit: what several threads write at one time becomes one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class _Waiting(Generic[_In, _Out]):
    """What one thread asked for, and what became of it."""

    def __init__(self, items: Sequence[_In]) -> None:
        self.items = items
        self.done: list[_Out] | None = None
        self.error: BaseException | None = None


class GroupCommit(Generic[_In, _Out]):
    """Lets one thread write for all that wait: each sync of the disk serves all of them.

    Parameters
    ----------
    write : callable
        Writes items durably, all or none, and returns what became of each.
    """

    def __init__(self, write: Callable[[list[_In]], list[_Out]]) -> None:
        self._write = write
        self._queue: list[_Waiting[_In, _Out]] = []
        self._of_queue, self._of_leader = Lock(), Lock()

    def __call__(self, items: Sequence[_In]) -> list[_Out]:
        """Write items together with those of other threads; return when they are durable."""
        mine: _Waiting[_In, _Out] = _Waiting(items)
        with self._of_queue:
            self._queue.append(mine)
        with self._of_leader:  # whoever gets here first writes for all who queued meanwhile
            if mine.done is None and mine.error is None:
                with self._of_queue:
                    group, self._queue = self._queue, []
                self._lead(group)
        if mine.error is not None:
            raise mine.error
        assert mine.done is not None
        return mine.done

    def _lead(self, group: list[_Waiting[_In, _Out]]) -> None:
        try:
            found = self._write([item for waiting in group for item in waiting.items])
        except BaseException as error:
            for waiting in group:
                waiting.error = error
            raise
        start = 0
        for waiting in group:
            waiting.done = found[start : start + len(waiting.items)]
            start += len(waiting.items)
