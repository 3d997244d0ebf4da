"""Group commit: what several threads write at one time becomes one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class _Waiting(Generic[_In, _Out]):
    """What one thread asked for, and what became of it."""

    def __init__(self, items: Sequence[_In]) -> None:
        self.items = items
        self.done: list[_Out] | None = None
        self.error: BaseException | None = None
        self.called = Event()  # its items are written, or it is its turn to write

    @property
    def settled(self) -> bool:
        return self.done is not None or self.error is not None


class GroupCommit(Generic[_In, _Out]):
    """Lets one thread write for all that wait: each sync of the disk serves all of them.

    While a thread writes, the others queue. Then the first of the queue writes for all that is in
    it.

    Parameters
    ----------
    write : callable
        Writes items durably, all or none, and returns what became of each.
    """

    def __init__(self, write: Callable[[list[_In]], list[_Out]]) -> None:
        self._write = write
        self._queue: list[_Waiting[_In, _Out]] = []
        self._lock = Lock()
        self._writing = False

    def __call__(self, items: Sequence[_In]) -> list[_Out]:
        """Write items together with those of other threads; return when they are durable.

        Raises
        ------
        Exception
            What `write` raised; then nothing of the group was written.
        """
        mine: _Waiting[_In, _Out] = _Waiting(items)
        with self._lock:
            self._queue.append(mine)
            waits, self._writing = self._writing, True
        if waits:
            self._wait(mine)
        if not mine.settled:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        assert mine.done is not None
        return mine.done

    def _wait(self, mine: _Waiting[_In, _Out]) -> None:
        try:
            mine.called.wait()
        except BaseException:  # as of Ctrl-C: others must not wait for a thread that has gone
            with self._lock:
                if mine in self._queue:
                    self._queue.remove(mine)
                leads = mine.called.is_set() and not mine.settled
            if leads:
                self._hand_over()
            raise

    def _lead(self, mine: _Waiting[_In, _Out]) -> None:
        """Write what is in the queue, and call those whose it is."""
        with self._lock:
            group, self._queue = self._queue, []
        try:
            found = self._write([item for waiting in group for item in waiting.items])
            start = 0
            for waiting in group:
                waiting.done = found[start : start + len(waiting.items)]
                start += len(waiting.items)
        except BaseException as error:  # noqa: BLE001 - each thread of the group raises it itself
            for waiting in group:
                waiting.error = error
        finally:
            self._hand_over()
            for waiting in group:
                if waiting is not mine:
                    waiting.called.set()

    def _hand_over(self) -> None:
        """Call the first of the queue to write, if there is one."""
        with self._lock:
            self._writing = bool(self._queue)
            if self._queue:
                self._queue[0].called.set()
