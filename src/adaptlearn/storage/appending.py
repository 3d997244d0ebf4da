"""What an append changes, worked out before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adaptlearn.tutor.store import CONFLICT, Row, Status, came_earlier, judge


class Appending:
    """Rows on their way into a store, judged against the rows that stand there.

    Parameters
    ----------
    rows : sequence of Row
    standing : iterable of Row
        The rows in the store that have the ids of `rows`.
    erased : set of str
        Those students of `rows` who were erased.
    last : int
        The largest number that the store has given.

    Attributes
    ----------
    statuses : list of str
        What became of each row.
    put : dict of str to (int, Row)
        The rows to write with their numbers, by id.
    drop : set of str
        Ids of rows in the store that rows of `put` replace.
    aside : dict of str to Row
        Contents to keep among the conflicts, by digest.
    last : int
        The largest number now.
    """

    def __init__(
        self, rows: Sequence[Row], standing: Iterable[Row], erased: set[str], last: int
    ) -> None:
        self._standing = {row.id: row for row in standing}
        self._stored = frozenset(self._standing)
        self._erased = erased
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
            self.aside[row.digest] = row
            return "conflict"
        status = judge(standing, row)
        if status == "conflict":
            self.aside |= {standing.digest: standing, row.digest: row}
            self._put(standing._replace(kind=CONFLICT, content="{}"))
        elif came_earlier(standing, row):
            self._put(standing._replace(received=row.received))
        return status

    def _put(self, row: Row) -> None:
        self.last += 1
        self._standing[row.id] = row
        self.put[row.id] = self.last, row
        if row.id in self._stored:
            self.drop.add(row.id)
