"""What an append changes, worked out before anything is written: all stores decide alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from adaptlearn.errors import StoreError
from adaptlearn.tutor.store import CONFLICT, Row, Status, came_earlier, judge, tombstone

Find = Callable[[Sequence[str]], Iterable[Row]]
"""Gives the rows in a store that have some ids."""


class Appending:
    """Rows on their way into a store, judged against the rows that stand there.

    Parameters
    ----------
    rows : sequence of Row
    find : callable
        Gives the rows in the store that have some ids; it is called once.
    salt : str
        That of the store's tombstones.
    last : int
        The largest number that the store has given.

    Attributes
    ----------
    statuses : list of str
        What became of each row.
    put : dict of str to (int, Row)
        The rows to write with their numbers, by id, in the order of numbers.
    drop : set of str
        Ids of rows in the store that rows of `put` replace.
    aside : dict of str to Row
        Contents to keep among the conflicts, by digest; those that are there stay as they are.
    last : int
        The largest number now.
    """

    def __init__(self, rows: Sequence[Row], find: Find, salt: str, last: int) -> None:
        students = {row.student for row in rows if row.student}
        tombs = {student: tombstone(salt, student) for student in students}
        names = [*{row.id for row in rows}, *tombs.values()]
        self._standing = {row.id: row for row in find(names)}
        self._stored = frozenset(self._standing)
        self._erased = {student for student, name in tombs.items() if name in self._stored}
        self.put: dict[str, tuple[int, Row]] = {}
        self.drop: set[str] = set()
        self.aside: dict[str, Row] = {}
        self.last = last
        self.statuses = [self._one(row) for row in rows]

    def _one(self, row: Row) -> Status:
        if row.student in self._erased:
            return "erased"
        standing = self._standing.get(row.id)
        if standing is None:
            self._put(row)
            return "new"
        if standing.kind == CONFLICT:
            self._set_aside(row)
            return "conflict"
        status = judge(standing, row)
        if status == "conflict":
            self._set_aside(standing)
            self._set_aside(row)
            self._put(standing._replace(kind=CONFLICT, content="{}"))
        elif came_earlier(standing, row):
            self._put(standing._replace(received=row.received))
        return status

    def _set_aside(self, row: Row) -> None:
        self.aside.setdefault(row.digest, row)

    def _put(self, row: Row) -> None:
        self.last += 1
        self._standing[row.id] = row
        self.put.pop(row.id, None)
        self.put[row.id] = self.last, row
        if row.id in self._stored:
            self.drop.add(row.id)


def erasure(salt: str, student: str) -> Row:
    """The row that keeps an erased student's events out."""
    return Row(tombstone(salt, student), "erasure", "", "", 0, None, time.time(), "{}")


def number_problems(last: int, most: int, acknowledged: int) -> list[str]:
    """What is wrong with a store's numbers, a sentence each.

    Parameters
    ----------
    last : int
        The last number given, as the store has it.
    most : int
        The largest number of an event in the store.
    acknowledged : int
        The largest number of which this process was told that it is durable.
    """
    problems = []
    if most > last:
        problems.append(f"an event has number {most}, but the last one given is {last}")
    if acknowledged > last:
        problems.append(
            f"events up to number {acknowledged} were acknowledged, but the last number given is "
            f"{last}: the newest events are lost, or an older copy stands in the store's place"
        )
    return problems


def refuse_older(where: object, last: int, acknowledged: int) -> None:
    """Refuse to give numbers anew that were given before: who has seen them reads none of these.

    Raises
    ------
    StoreError
        The last number given is smaller than one that this process was told is durable.
    """
    for problem in number_problems(last, 0, acknowledged):
        remedy = "Look which copy is right, and open the store again. Nothing of this call was kept"
        raise StoreError(f"{where}: {problem}. {remedy}")
