"""What a logistic model remembers of past answers, and how it is read before the next one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.features.counters import COUNTERS, Answers, Counter
from adaptlearn.models.features.table import HOLDERS
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level, Memory, scan
from adaptlearn.models.sequential.state import Signed, Widths
from adaptlearn.numerics import Bools, Floats

Columns = Mapping[str, Floats]
"""Columns by name, ``skill.answers`` say: those of ``skill`` by entry, the others by response."""

TALLY = COUNTERS["tally"]
"""Answers and right answers."""


def _one_more(rows: Floats, new: Answers) -> None:  # noqa: ARG001 - a counter's arguments
    rows[:, 0] += 1


OPPORTUNITIES = Counter(("opportunities",), _one_more, 1)
"""Responses of any kind: the only counter that an exposure changes."""


def decayed(decay: float) -> Counter:
    """Right answers, each worth `decay` times the next one."""
    return Counter(("right_decayed",), partial(_decay, decay), 1)


def _decay(decay: float, rows: Floats, new: Answers) -> None:
    rows *= decay
    rows[:, 0] += new.correct


def windows(lengths: Sequence[float], remember: int) -> Counter:
    """Answers, and right answers, younger than each of some lengths of time.

    Outcomes and times of the last `remember` answers are kept, so the counts are exact up to
    that many; a busier window counts the last `remember` alone.

    Parameters
    ----------
    lengths : sequence of float
        Seconds.
    remember : int

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models.features.counters import Answers
    >>> counter = windows([60.0, 3600.0], remember=5)
    >>> counter.columns
    ('answers_within_60', 'right_within_60', 'answers_within_3600', 'right_within_3600')
    >>> rows, one = np.zeros((1, counter.width)), np.zeros(1)
    >>> for time in (0.0, 100.0):
    ...     counter.learn(rows, Answers(one + 1, one, one, one, one, one + time))
    >>> counter.look(rows, one + 130).tolist()
    [[1.0, 1.0, 2.0, 2.0]]
    """
    columns = [
        f"{kind}_within_{length:.15g}" for length in lengths for kind in ("answers", "right")
    ]
    look = partial(_count_recent, tuple(lengths))
    return Counter(tuple(columns), _remember, 1 + 2 * remember, look, timed=True, signed=True)


def _parts(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The count of all answers, and the last ones' outcomes and times, the latest first."""
    remember = (rows.shape[1] - 1) // 2
    return rows[:, :1], rows[:, 1 : 1 + remember], rows[:, 1 + remember :]


def _remember(rows: Floats, new: Answers) -> None:
    assert new.time is not None
    n_answers, outcomes, times = _parts(rows)
    n_answers += 1
    for kept, values in ((outcomes, new.correct), (times, new.time)):
        kept[:, 1:] = kept[:, :-1].copy()
        kept[:, 0] = values


def _count_recent(lengths: tuple[float, ...], rows: Floats, time: Floats | None) -> Floats:
    assert time is not None
    n_answers, outcomes, times = _parts(rows)
    age = np.where(np.arange(outcomes.shape[1]) < n_answers, time[:, None] - times, np.inf)
    counts = np.empty((len(rows), len(lengths), 2))
    for place, length in enumerate(lengths):
        inside = age < length
        counts[:, place, 0] = inside.sum(axis=1)
        counts[:, place, 1] = (inside * outcomes).sum(axis=1)
    return counts.reshape(len(rows), -1)


class History:
    """The counters of a model, laid out in the memory of a student, of a skill and of an item.

    Parameters
    ----------
    counters : mapping of str to sequence of Counter
        By holder: ``"student"``, ``"skill"``, ``"item"``, the last two of the student on them.
    reserved : int
        Numbers of a student's memory that come before and are not counters'.

    Attributes
    ----------
    widths : Widths
        Numbers remembered of each.
    signed : Signed
        Which of them may be below 0.
    """

    def __init__(self, counters: Mapping[str, Iterable[Counter]], reserved: int = 0) -> None:
        self._kept: dict[str, list[tuple[Counter, slice]]] = {}
        widths = []
        signed: list[list[int]] = []
        for holder in HOLDERS:
            width = reserved if holder == "student" else 0
            self._kept[holder] = []
            signed.append([])
            for counter in counters.get(holder, ()):
                place = slice(width, width + counter.width)
                self._kept[holder].append((counter, place))
                if counter.signed:
                    signed[-1] += range(place.start, place.stop)
                width += counter.width
            widths.append(width)
        self.widths, self.signed = Widths(*widths), Signed(*signed)

    def read(self, level: Level, memory: Memory) -> dict[str, Floats]:
        """The counters' columns before the level's answers."""
        columns: dict[str, Floats] = {}
        # Whoever has no time yet has no history either: any moment is right.
        now = np.zeros(len(level.item)) if level.time is None else level.time
        for holder, rows in zip(HOLDERS, memory, strict=True):
            time = now if holder != "skill" or level.owner is None else now[level.owner]
            for counter, place in self._kept[holder]:
                seen = (
                    rows[:, place] if counter.look is None else counter.look(rows[:, place], time)
                )
                for column, values in zip(counter.columns, seen.T, strict=True):
                    # A copy: the memory changes under what was read.
                    columns[f"{holder}.{column}"] = values.copy()
        return columns

    def learn(self, level: Level, memory: Memory) -> None:
        """Count the level's answers, in place."""
        for holder, rows in zip(HOLDERS, memory, strict=True):
            if not self._kept[holder]:
                continue
            answered = level.correct >= 0
            if holder == "skill" and level.owner is not None:
                answered = answered[level.owner]
            new = _answers(level, by_entry=holder == "skill")
            for counter, place in self._kept[holder]:
                if counter == OPPORTUNITIES or answered.all():
                    counter.learn(rows[:, place], new)
                else:
                    some = rows[answered, place]
                    counter.learn(some, _only(new, answered))
                    rows[answered, place] = some

    def along(self, encoded: Encoded) -> Columns:
        """The columns of all responses of a log whose students are new, in its encoded order."""
        memory = Memory(
            np.zeros((len(encoded.students), self.widths.student)),
            np.zeros((len(encoded.pairs), self.widths.pair)),
            np.zeros((len(encoded.item_pairs), self.widths.item)),
        )
        levels: list[dict[str, Floats]] = []

        def look(level: Level, memory: Memory) -> Floats:
            levels.append(self.read(level, memory))
            return np.empty((len(level.item), 0))

        scan(encoded, memory, look=look, learn=self.learn)
        return {name: np.concatenate([found[name] for found in levels]) for name in levels[0]}


def _answers(level: Level, *, by_entry: bool) -> Answers:
    """The level's responses, or their entries, as counters take them."""

    def rows(values: NDArray[np.generic]) -> Floats:
        return (level.by_entry(values) if by_entry else values).astype(np.float64)

    time = None if level.time is None else rows(level.time)
    return _of(rows(level.correct), time)


def _only(new: Answers, which: Bools) -> Answers:
    return _of(new.correct[which], None if new.time is None else new.time[which])


def _of(correct: Floats, time: Floats | None) -> Answers:
    unused = np.zeros(len(correct))  # these counters look at outcomes and times alone
    return Answers(correct, unused, unused, unused, unused, time)
