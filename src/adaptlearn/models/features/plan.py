"""Chosen features: what must be remembered for them, and how they are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.models.features.counters import COUNTER_OF, COUNTERS, Answers, Counter
from adaptlearn.models.features.difficulty import Outlook, Rates, outlook
from adaptlearn.models.features.encodings import ENCODINGS, Encoding, SituationRates
from adaptlearn.models.features.following import FOLLOW
from adaptlearn.models.features.table import FEATURES, HOLDERS, Feature
from adaptlearn.models.sequential.chains import Chains
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level, Memory, level_of
from adaptlearn.models.sequential.state import Signed, Widths
from adaptlearn.numerics import Bools, Floats

_TABLE: dict[str, Feature | Encoding] = {**FEATURES, **ENCODINGS}

GROUPS = tuple(dict.fromkeys(part.group for part in _TABLE.values()))
"""The names of the groups of features. A `Plan` accepts each of them."""

_NOW = (
    "now.skill",
    "now.item",
    "now.skill_rate",
    "now.skill_answers",
    "now.item_rate",
    "now.item_answers",
    "now.expected",
)
RateOf = Callable[[Encoding, NDArray[np.int64], Floats], Floats]
FEW, MANY_LEVELS = 64, 16
"""So many levels of fewer responses are followed at once sooner than level by level."""

_BLOCK = 1 << 13  # responses whose columns fit in a processor's cache


class Kept(NamedTuple):
    """A counter in a holder's memory, and where it stands there and in what is read."""

    name: str
    counter: Counter
    memory: slice
    read: slice


class Plan:
    """A selection of features by name or group, and the memory that these features need.

    Parameters
    ----------
    wanted : "all" or sequence of str
        Names of features, encodings and groups (`GROUPS`).
    items, times : bool
        Whether responses have items, and whether responses have times. If responses have no items
        or no times, the plan leaves out the features that need them.

    Attributes
    ----------
    items, times : bool
    features : tuple of Feature
    encodings : tuple of Encoding
    names : list of str
        Names of the rows of `matrix`: first the features, then the encodings.
    groups : list of str
        The group of each feature and encoding in `names`.
    widths : Widths
        How many numbers the memory stores for a student, for a student on a skill, and for a
        student on an item.
    signed : Signed
        Which numbers of the memory may be below 0.
    n_read : int
        How many numbers `look` reads for each skill of a response.

    Examples
    --------
    >>> from adaptlearn.models.features import Plan
    >>> plan = Plan(["skill_answers", "skill_right"], items=False, times=False)
    >>> plan.names, plan.widths.pair
    (['skill_answers', 'skill_right'], 2)
    """

    def __init__(self, wanted: str | Sequence[str], *, items: bool, times: bool) -> None:
        names = _chosen(wanted)
        self.items, self.times = items, times
        self.features = tuple(
            f for name, f in FEATURES.items() if name in names and _possible(f.inputs, items, times)
        )
        self.encodings = tuple(
            e
            for name, e in ENCODINGS.items()
            if name in names and _possible((*e.inputs, e.prior), items, times)
        )
        parts: list[Feature | Encoding] = [*self.features, *self.encodings]
        self.names = [part.name for part in parts]
        self.groups = [part.group for part in parts]
        needed = {column for part in parts for column in part.inputs}
        needed |= {encoding.prior for encoding in self.encodings}
        # Everything that follows an answer counts from the student's last.
        needed |= {"student.answers", "skill.answers"}
        self._kept: dict[str, list[Kept]] = {}
        self._place: dict[str, int] = {}
        widths = []
        for holder in HOLDERS:
            kept, width = self._lay_out(holder, needed)
            self._kept[holder] = kept
            widths.append(width)
        self.widths = Widths(*widths)
        self.signed = Signed(*(_signed(self._kept[holder]) for holder in HOLDERS))
        for name in _NOW:
            self._place[name] = len(self._place)
        self.n_read = len(self._place)

    def look(self, level: Level, memory: Memory, rates: Rates) -> Floats:
        """The numbers that are known before each answer, one row per response and skill.

        If there are no times, the columns that need times are NaN.

        Parameters
        ----------
        level : Level
        memory : Memory
        rates : Rates

        Returns
        -------
        float array, shape (n_entries, n_read)
        """
        now = outlook(level, rates)
        read = np.empty((len(now.skill), self.n_read))
        for holder, rows in zip(HOLDERS, (memory.student, memory.pair, memory.item), strict=True):
            by_entry = holder == "skill" or level.owner is None
            time = level.time if holder != "skill" else _by_entry(level, level.time)
            for kept in self._kept[holder]:
                seen = rows[:, kept.memory]
                if kept.counter.timed and time is None:
                    seen = np.full((len(rows), len(kept.counter.columns)), np.nan)
                elif kept.counter.look is not None:
                    seen = kept.counter.look(seen, time)
                read[:, kept.read] = seen if by_entry else seen[level.owner]
        self._read_now(read, now)
        return read

    def learn(self, level: Level, memory: Memory, rates: Rates) -> None:
        """Update the memory with answers, in place. An exposure does not change the memory."""
        answered = level.correct >= 0
        if not answered.all():
            self._learn_answered(level, memory, rates, answered)
            return
        now = outlook(level, rates)
        place = memory.student[:, self._answers("student")].copy()
        of_rows = _answers(level, now, place, memory.pair[:, self._answers("skill")])
        of_entries = of_rows
        if level.owner is not None:
            of_entries = of_rows.take(level.owner)
        for holder, rows in zip(HOLDERS, memory, strict=True):
            new = of_entries if holder == "skill" else of_rows
            for kept in self._kept[holder]:
                if kept.counter.timed and new.time is None:
                    continue
                kept.counter.learn(rows[:, kept.memory], new)

    def follow(
        self, encoded: Encoded, memory: Memory, rates: Rates, extra: Floats | None = None
    ) -> Floats:
        """Call `look` and then `learn` for all responses of a log, in order.

        The result is the same as from `look` and `learn` with one response of each student at a
        time, but `follow` is faster for few students.

        Parameters
        ----------
        encoded : Encoded
        memory : Memory
        rates : Rates
        extra : float array, shape (n, n_extra), optional
            The values of `Level.extra`.

        Returns
        -------
        float array, shape (n_entries, n_read)
        """
        level, _ = level_of(encoded)
        level = level if extra is None else level._replace(extra=extra)
        now = outlook(level, rates)
        answered = level.correct >= 0
        chains = (
            Chains.of(encoded.student, len(memory.student), answered),
            Chains.of(encoded.pair, len(memory.pair), encoded.entries_of(answered)),
            Chains.of(encoded.item_pair, max(1, len(memory.item)), answered),
        )
        place, of_pair = (
            rows[of.chain, self._answers(holder)] + of.before
            for holder, rows, of in zip(HOLDERS[:2], memory[:2], chains[:2], strict=True)
        )
        of_rows = _answers(level, now, place, of_pair)
        of_entries = of_rows if level.owner is None else of_rows.take(level.owner)
        read = np.empty((len(now.skill), self.n_read))
        for holder, rows, of in zip(HOLDERS, memory, chains, strict=True):
            new = of_entries if holder == "skill" else of_rows
            for kept in self._kept[holder]:
                if kept.counter.timed and new.time is None:
                    read[:, kept.read] = np.nan
                    continue
                seen = FOLLOW[kept.name](rows[:, kept.memory], of, new)
                by_entry = holder == "skill" or level.owner is None
                read[:, kept.read] = seen if by_entry else seen[level.owner]
        self._read_now(read, now)
        return read

    def matrix(self, read: Floats, rate_of: RateOf) -> Floats:
        """The features, computed from what `look` or `follow` read.

        Parameters
        ----------
        read : float array, shape (n_entries, n_read)
        rate_of : callable
            A function with three arguments: an encoding, the keys of situations, and the rates
            toward which to shrink. `rate_of` returns the rates of the situations. For predictions,
            `rates_in` returns a function for `rate_of`. In training, use a function whose rates for
            a row leave out the students in the row's fold.

        Returns
        -------
        float array, shape (n_features, n_entries)
        """
        n, n_plain = len(read), len(self.features)
        found = np.empty((len(self.names), n))
        keys = np.empty((len(self.encodings), n), np.int64)
        for lo in range(0, n, _BLOCK):
            block = slice(lo, lo + _BLOCK)
            columns = np.ascontiguousarray(read[block].T)
            for row, feature in enumerate(self.features):
                found[row, block] = feature.compute(*self._columns(columns, feature.inputs))
            for row, encoding in enumerate(self.encodings):
                keys[row, block] = encoding.key(*self._columns(columns, encoding.inputs))
                found[n_plain + row, block] = columns[self._place[encoding.prior]]
        for row, encoding in enumerate(self.encodings):
            found[n_plain + row] = rate_of(encoding, keys[row], found[n_plain + row])
        return found

    def _read_now(self, read: Floats, now: Outlook) -> None:
        first = self._place["now.skill"]
        for place, column in enumerate((*now, now.item_rate), first):
            read[:, place] = column

    def _answers(self, holder: str) -> int:
        """Where a holder's memory counts all answers."""
        start: int = self._kept[holder][0].memory.start
        return start

    def _columns(self, columns: Floats, names: Iterable[str]) -> list[Floats]:
        return [columns[self._place[name]] for name in names]

    def _learn_answered(self, level: Level, memory: Memory, rates: Rates, answered: Bools) -> None:
        entries = answered if level.owner is None else answered[level.owner]
        owner = starts = None
        if level.owner is not None:
            sizes = np.bincount(level.owner)[answered]
            owner, starts = np.repeat(np.arange(len(sizes)), sizes), np.cumsum(sizes) - sizes
        part = Level(
            level.skill[entries],
            level.item[answered],
            None if level.time is None else level.time[answered],
            level.correct[answered],
            starts,
            owner,
            level.extra[answered],
        )
        masks = (answered, entries, answered[: len(memory.item)])
        own = Memory(*(rows[mask] for rows, mask in zip(memory, masks, strict=True)))
        self.learn(part, own, rates)
        for rows, mask, changed in zip(memory, masks, own, strict=True):
            rows[mask] = changed

    def _lay_out(self, holder: str, needed: set[str]) -> tuple[list[Kept], int]:
        """A holder's counters one after the other, and the memory they fill."""
        asked = {c.partition(".")[2] for c in needed if c.startswith(f"{holder}.")}
        names = {COUNTER_OF[column] for column in asked}
        kept, width = [], 0
        for name, counter in COUNTERS.items():
            if name in names:
                memory = slice(width, width + counter.width)
                width += counter.width
                first = len(self._place)
                kept.append(Kept(name, counter, memory, slice(first, first + len(counter.columns))))
                self._place |= {
                    f"{holder}.{column}": place
                    for place, column in enumerate(counter.columns, first)
                }
        return kept, width


def _answers(level: Level, now: Outlook, place: Floats, of_pair: Floats) -> Answers:
    """A level's answers, from those before: the student's, and by entry those on the skill."""
    first = slice(None) if level.starts is None else level.starts
    return Answers(
        level.correct.astype(np.float64),
        now.item_rate[first],
        place,
        now.skill[first].astype(np.float64),
        now.item[first].astype(np.float64),
        level.time,
        of_pair[first] == 0,
    )


def rates_in(tables: Mapping[str, SituationRates]) -> RateOf:
    """Return a function for `Plan.matrix` that looks up the rates of situations in `tables`."""

    def rate_of(encoding: Encoding, keys: NDArray[np.int64], prior: Floats) -> Floats:
        return tables[encoding.name].rate(keys, prior, encoding.weight)

    return rate_of


def _by_entry(level: Level, values: Floats | None) -> Floats | None:
    return values if values is None or level.owner is None else values[level.owner]


def _possible(inputs: Iterable[str], items: bool, times: bool) -> bool:
    for column in inputs:
        holder, _, name = column.partition(".")
        if not items and (holder == "item" or name.startswith("item")):
            return False
        if not times and holder != "now" and COUNTERS[COUNTER_OF[name]].timed:
            return False
    return True


def _chosen(wanted: str | Sequence[str]) -> set[str]:
    if isinstance(wanted, str):
        if wanted != "all":
            raise ParameterError("features", [f'{wanted!r} is neither "all" nor a sequence'])
        return set(_TABLE)
    unknown = [name for name in wanted if name not in _TABLE and name not in GROUPS]
    if unknown:
        raise ParameterError(
            "features",
            [f"no feature or group {name!r}; groups are {', '.join(GROUPS)}" for name in unknown],
        )
    return {name for name, part in _TABLE.items() if name in wanted or part.group in wanted}


def _signed(kept: Iterable[Kept]) -> list[int]:
    """The columns of the counters that may be below 0."""
    return [
        column
        for one in kept
        if one.counter.signed
        for column in range(one.memory.start, one.memory.stop)
    ]
