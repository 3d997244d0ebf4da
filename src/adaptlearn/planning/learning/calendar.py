"""On which days students learn, and for how many minutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.labels import near_spellings
from adaptlearn.numerics import Floats
from adaptlearn.validation import Interval
from adaptlearn.wording import counted

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SCHOOL = WEEKDAYS[:5]
_MINUTES = Interval(0, 1440, "right")
_MOST_DAYS = 10_000

Dates = NDArray[np.datetime64]
Day = date | str
Days = Day | tuple[Day, Day]


class Calendar:
    """The days on which students learn, with the free minutes of each day.

    A learning plan spends these minutes and no others: not a holiday, not a day without minutes.

    Parameters
    ----------
    first, last : date or str
        The first and the last day, as dates or as texts like ``"2026-09-01"``.
    minutes : float or mapping of str to float
        Minutes per day, above 0: one number for Monday to Friday, or a mapping of weekdays
        (``"Mon"`` to ``"Sun"``) to minutes. Weekdays that the mapping does not name are free.
    holidays : iterable of day or pair of days
        Days without minutes. A pair is a break, from its first to its last day.
    other : mapping of day to float
        Minutes of single days, in place of those of their weekday; 0 for none. They count even in
        a break.

    Attributes
    ----------
    days : datetime64 array, shape (n_days,)
        The days with minutes, in order.
    free : float array, shape (n_days,)
        The minutes of each of these days.

    Raises
    ------
    ParameterError
        The error lists every day that is not a date or is outside the calendar, every number of
        minutes that is out of range, and every unknown weekday. The error is also raised if no day
        has minutes.

    Examples
    --------
    >>> from adaptlearn.planning import Calendar
    >>> year = Calendar("2026-09-01", "2026-09-14", minutes=40, holidays=["2026-09-07"])
    >>> year
    Calendar(2026-09-01 to 2026-09-14: 9 days with 360 minutes)
    >>> print(*year.date_after([10, 160, 170, 400]))
    2026-09-01 2026-09-04 2026-09-08 NaT
    """

    def __init__(
        self,
        first: Day,
        last: Day,
        minutes: float | Mapping[str, float],
        holidays: Iterable[Days] = (),
        other: Mapping[Day, float] | None = None,
    ) -> None:
        problems: list[str] = []
        ends = _day(first, "first", problems), _day(last, "last", problems)
        usual = _by_weekday(minutes, problems)
        breaks = [_break(given, problems) for given in holidays]
        others = {_day(day, "other", problems): own for day, own in (other or {}).items()}
        problems += [
            f"other, {day}: {own!r} minutes; expected 0 or {_MINUTES}"
            for day, own in others.items()
            if own != 0 and not _MINUTES.accepts(own)
        ]
        if not problems:
            problems += _outside(*ends, breaks, others)
        if problems:
            raise ParameterError("Calendar", problems)
        span = np.arange(np.datetime64(ends[0]), np.datetime64(ends[1]) + 1)
        # 1970 began on a Thursday.
        free = np.array([usual.get(name, 0.0) for name in WEEKDAYS])[(span.astype(int) + 3) % 7]
        for start, end in breaks:
            free[(span >= np.datetime64(start)) & (span <= np.datetime64(end))] = 0.0
        for day, own in others.items():
            free[span == np.datetime64(day)] = own
        if not free.any():
            raise ParameterError("Calendar", [f"no day from {ends[0]} to {ends[1]} has minutes"])
        self.first, self.last = ends
        self.days, self.free = _kept(span[free > 0]), _kept(free[free > 0])
        self._until = np.cumsum(self.free)
        self._given: dict[str, Any] = {
            "first": ends[0].isoformat(),
            "last": ends[1].isoformat(),
            "minutes": usual,
            "holidays": [[start.isoformat(), end.isoformat()] for start, end in breaks],
            "other": {day.isoformat(): float(own) for day, own in others.items()},
        }

    @property
    def total(self) -> float:
        """All minutes of the calendar."""
        return float(self._until[-1])

    def since(self, day: Day) -> Self:
        """The rest of the calendar, from a day on.

        Raises
        ------
        ParameterError
            The error is raised if no day with minutes is left.
        """
        problems: list[str] = []
        start = _day(day, "day", problems)
        if not problems and start > self.last:
            problems.append(f"day {start} is after the calendar's last day, {self.last}")
        if problems:
            raise ParameterError("Calendar.since", problems)
        if start <= self.first:
            return self
        given = dict(self._given, first=start.isoformat())
        given["holidays"] = [pair for pair in given["holidays"] if pair[1] >= given["first"]]
        given["holidays"] = [[max(pair[0], given["first"]), pair[1]] for pair in given["holidays"]]
        given["other"] = {day: own for day, own in given["other"].items() if day >= given["first"]}
        return type(self)(**given)

    def date_after(self, minutes: Any) -> Dates:
        """The day on which so many minutes have been spent, since the first day.

        Parameters
        ----------
        minutes : array of float

        Returns
        -------
        datetime64 array of the same shape
            NaT where the calendar has fewer minutes.
        """
        asked = np.asarray(minutes, np.float64)
        # What adds up to the end of a day, up to rounding, is done on that day.
        place = np.searchsorted(self._until, asked - 1e-6)
        dates = np.append(self.days, np.datetime64("NaT", "D"))
        return np.asarray(dates[np.where(np.isnan(asked), len(self.days), place)])

    def minutes_before(self, days: Any) -> Floats:
        """The minutes of all earlier days; inf after the last day.

        Parameters
        ----------
        days : datetime64 array
        """
        place = np.searchsorted(self.days, days)
        before = np.where(place < len(self.days), np.append(0.0, self._until)[place], np.inf)
        return np.asarray(before, np.float64)

    def week_starts(self) -> tuple[Dates, Floats]:
        """The weeks that have minutes, and how many minutes the calendar has before each.

        Returns
        -------
        weeks : datetime64[D] array, shape (n_weeks,)
            The Monday of each week.
        minutes : float array, shape (n_weeks + 1,)
            The minutes before each week; the last number is the calendar's total.
        """
        monday = self.days - ((self.days.astype(np.int64) + 3) % 7)
        starts, first = np.unique(monday, return_index=True)
        return starts, np.append((self._until - self.free)[first], self._until[-1])

    def to_dict(self) -> dict[str, Any]:
        """The arguments, as values that JSON can store; ``Calendar(**given)`` reads them."""
        return dict(self._given)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self._given == other._given

    def __hash__(self) -> int:
        return hash((self._given["first"], self._given["last"], self.total))

    def __repr__(self) -> str:
        days = counted(len(self.days), "day")
        return f"Calendar({self.first} to {self.last}: {days} with {self.total:,g} minutes)"


def day_of(given: Any, what: str) -> date:
    """A day, given as a date or as a text.

    Raises
    ------
    ParameterError
    """
    problems: list[str] = []
    found = _day(given, what, problems)
    if problems:
        raise ParameterError(what, problems)
    return found


def _day(given: Any, what: str, problems: list[str]) -> date:
    if isinstance(given, np.datetime64) and not np.isnat(given):
        given = given.astype("datetime64[D]").item()
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        problems.append(f'{what} is {given!r:.60}; expected a day such as "2026-09-01"')
        return date.min


def _break(given: Any, problems: list[str]) -> tuple[date, date]:
    if isinstance(given, (tuple, list)):
        if len(given) == 2:
            start, end = (_day(day, "holidays", problems) for day in given)
            if end < start:
                problems.append(f"holidays: the break from {start} to {end} ends before it starts")
            return start, end
        problems.append(f"holidays: {given!r:.60}; expected a day, or a pair of first and last day")
        return date.min, date.min
    day = _day(given, "holidays", problems)
    return day, day


def _by_weekday(given: Any, problems: list[str]) -> dict[str, float]:
    found = dict(given) if isinstance(given, Mapping) else dict.fromkeys(_SCHOOL, given)
    if not found:
        problems.append("minutes is empty; name a weekday with its minutes")
    wrong = {repr(own) for own in found.values() if not _MINUTES.accepts(own)}
    problems += [f"minutes must be {_MINUTES}, got {own}" for own in sorted(wrong)]
    problems += [
        f"minutes: no weekday {name!r}{near_spellings(name, WEEKDAYS)}"
        for name in found
        if name not in WEEKDAYS
    ]
    return {name: float(own) for name, own in found.items()} if not problems else {}


def _outside(
    first: date,
    last: date,
    breaks: list[tuple[date, date]],
    others: Mapping[date, float],
) -> Iterator[str]:
    """What does not fit between the first and the last day."""
    if last < first:
        yield f"last ({last}) is before first ({first})"
    elif (last - first).days > _MOST_DAYS:
        yield f"{first} to {last} is more than {_MOST_DAYS:,} days"
    else:
        days = [*(day for pair in breaks for day in pair), *others]
        for day in sorted({day for day in days if not first <= day <= last}):
            yield f"{day} is not between the first day ({first}) and the last ({last})"


def _kept(array: Any) -> Any:
    array.flags.writeable = False
    return array
