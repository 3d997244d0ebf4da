"""What a logistic model remembers of past answers, and how it is read before the next one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from adaptlearn.models.features.counters import COUNTERS, Answers, Counter
from adaptlearn.models.features.table import HOLDERS
from adaptlearn.models.sequential.chains import Chains, faded, summed
from adaptlearn.models.sequential.encoding import QUESTION, Encoded
from adaptlearn.models.sequential.levels import Level, Memory
from adaptlearn.models.sequential.state import Signed, Widths
from adaptlearn.numerics import Floats

Columns = Mapping[str, Floats]
"""Columns by name, ``skill.answers`` say: those of ``skill`` by entry, the others by response."""

_AT_ONCE = 1 << 20  # remembered answers that are compared with windows together


def _tally_along(rows: Floats, chains: Chains, correct: Floats, time: Floats | None) -> Floats:  # noqa: ARG001
    answers = summed(rows[:, 0], chains, np.ones(len(correct)))
    return np.stack((answers, summed(rows[:, 1], chains, correct)), axis=1)


TALLY = COUNTERS["tally"]._replace(along=_tally_along)
"""Answers and right answers."""


def _one_more(rows: Floats, new: Answers) -> None:  # noqa: ARG001 - a counter's arguments
    rows[:, 0] += 1


def _more_along(rows: Floats, chains: Chains, correct: Floats, time: Floats | None) -> Floats:  # noqa: ARG001
    return summed(rows[:, 0], chains, np.ones(len(correct)))[:, None]


OPPORTUNITIES = Counter(("opportunities",), _one_more, 1, along=_more_along)
"""Responses of any kind: the only counter that an exposure changes."""


def decayed(decay: float) -> Counter:
    """Right answers, each worth `decay` times the next one."""
    along = partial(_decay_along, decay)
    return Counter(("right_decayed",), partial(_decay, decay), 1, along=along)


def _decay(decay: float, rows: Floats, new: Answers) -> None:
    rows *= decay
    rows[:, 0] += new.correct


def _decay_along(
    decay: float,
    rows: Floats,
    chains: Chains,
    correct: Floats,
    time: Floats | None,  # noqa: ARG001
) -> Floats:
    return faded(rows[:, 0], chains, correct, decay)[:, None]


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
    along = partial(_recent_along, tuple(lengths))
    width = 1 + 2 * remember
    return Counter(tuple(columns), _remember, width, look, timed=True, signed=True, along=along)


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
    return _younger(lengths, age, outcomes)


def _recent_along(
    lengths: tuple[float, ...], rows: Floats, chains: Chains, correct: Floats, time: Floats | None
) -> Floats:
    assert time is not None
    n_answers, outcomes, times = _parts(rows)
    remember = outcomes.shape[1]
    known = np.arange(remember) < n_answers
    # The oldest first, and then the log's: what a row remembers is a stretch of its chain.
    all_outcomes = chains.laid(outcomes[:, ::-1], correct)
    all_times = chains.laid(np.where(known, times, -np.inf)[:, ::-1], time)
    starts = chains.starts(remember)
    at = starts[chains.chain] + chains.before
    found = np.empty((len(at), 2 * len(lengths)))
    step = max(1, _AT_ONCE // remember)
    for lo in range(0, len(at), step):
        part = slice(lo, lo + step)
        kept = at[part, None] + np.arange(remember)
        age = time[part, None] - all_times[kept]
        found[part] = _younger(lengths, age, all_outcomes[kept])
    last = starts[1:, None] - 1 - np.arange(remember)
    n_answers += chains.lengths[:, None]
    outcomes[:] = all_outcomes[last]
    times[:] = np.where(np.arange(remember) < n_answers, all_times[last], 0)
    return found


def _younger(lengths: tuple[float, ...], age: Floats, outcomes: Floats) -> Floats:
    """Answers, and right ones, below each age: shape (n, 2 * n_lengths)."""
    counts = np.empty((len(age), len(lengths), 2))
    for place, length in enumerate(lengths):
        inside = age < length
        counts[:, place, 0] = inside.sum(axis=1)
        counts[:, place, 1] = (inside * outcomes).sum(axis=1)
    return counts.reshape(len(age), -1)


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

    def along(self, encoded: Encoded, memory: Memory) -> Columns:
        """The columns of all responses of a log, in its encoded order; `memory` takes them in.

        The same as `read` by levels, each counter learning one answer after the other; the cost
        goes with the responses, however few students gave them.
        """
        columns: dict[str, Floats] = {}
        of = (encoded.student, encoded.pair, encoded.item_pair)
        for holder, rows, chain in zip(HOLDERS, memory, of, strict=True):
            if not self._kept[holder]:
                continue
            by_entry = holder == "skill"
            correct = encoded.entries_of(encoded.correct) if by_entry else encoded.correct
            time = encoded.time
            if time is not None and by_entry:
                time = encoded.entries_of(time)
            answered = Chains.of(chain, len(rows), correct >= 0)
            told = answered
            if np.any(correct < 0):
                told = Chains.of(chain, len(rows), correct > QUESTION)
            for counter, place in self._kept[holder]:
                assert counter.along is not None
                chains = told if counter == OPPORTUNITIES else answered
                seen = counter.along(rows[:, place], chains, correct.astype(np.float64), time)
                for column, values in zip(counter.columns, seen.T, strict=True):
                    columns[f"{holder}.{column}"] = np.ascontiguousarray(values)
        return columns

    def blank(self, encoded: Encoded) -> Memory:
        """What is remembered of the students of an encoded log who are new."""
        return Memory(
            np.zeros((len(encoded.students), self.widths.student)),
            np.zeros((len(encoded.pairs), self.widths.pair)),
            np.zeros((len(encoded.item_pairs), self.widths.item)),
        )
