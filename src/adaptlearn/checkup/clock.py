"""Times that cannot be: another unit's magnitude, 1970, the future."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Finding
from adaptlearn.numerics import Floats
from adaptlearn.responses.columns import rows_text
from adaptlearn.wording import share

_YEAR = 31_556_952.0
_START = 20 * _YEAR  # 1990: no platform's log is older
# Seconds since 1970 pass the first in the year 5138; in milliseconds all do since 1973.
_UNITS = ((1e11, "milliseconds", 1e3), (1e14, "microseconds", 1e6), (1e17, "nanoseconds", 1e9))


# Dates as one number, by its digits.
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def times_of_another_unit(facts: Facts) -> Iterator[Finding]:
    """Milliseconds given as seconds, and seconds read as nanoseconds."""
    log = facts.log
    if log.time is None:
        return
    middle = float(np.median(log.time))
    unit = next((unit for unit in reversed(_UNITS) if abs(middle) >= unit[0]), None)
    gaps = "The time since practice is wrong by the same factor, and so is all forgetting."
    if _form_of_dates(log.time, log.clock):
        return
    if log.clock == "seconds" and unit is not None:
        yield Finding(
            "times-in-milliseconds",
            "error",
            f"Times are about {middle:.3g}, read as seconds: the year "
            f"{1970 + middle / _YEAR:,.0f}. They are probably {unit[1]}.",
            gaps,
            f"Divide them by {unit[2]:,.0f}, or give datetimes.",
            "time",
            len(log),
        )
    elif log.clock != "seconds" and _within_a_year(log.time):
        yield Finding(
            "times-in-1970",
            "error",
            f"All {len(log):,} times lie in the year 1970: numbers were probably read as "
            "datetimes in a wrong unit.",
            gaps,
            'Say the unit where the column is made: `pd.to_datetime(…, unit="s")`.',
            "time",
            len(log),
        )


def times_like_dates(facts: Facts) -> Iterator[Finding]:
    """Dates written as one number, 20240131 or 202401310830, read as seconds."""
    log = facts.log
    if log.time is not None and (form := _form_of_dates(log.time, log.clock)):
        yield Finding(
            "times-like-dates",
            "error",
            f"All {len(log):,} times can be read as dates ({log.time[0]:.0f}, for instance), "
            "and were read as seconds.",
            "The time since practice is wrong, and so is all forgetting.",
            f'Give datetimes: `pd.to_datetime(…, format="{form}")`.',
            "time",
            len(log),
        )


def _form_of_dates(time: Floats, clock: str | None) -> str | None:
    """How numbers are dates, where all are and several differ."""
    low, high = float(time.min()), float(time.max())
    form = _COMPACT.get(len(f"{low:.0f}"))
    if clock != "seconds" or form is None or low == high or len(f"{high:.0f}") != len(f"{low:.0f}"):
        return None
    written = np.unique(time)
    return form if all(_is_date(number, form) for number in written.tolist()) else None


def _is_date(number: float, form: str) -> bool:
    try:
        moment = datetime.strptime(f"{number:.0f}", form)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return number == int(number) and 1970 <= moment.year < 2100


def _within_a_year(time: Floats) -> bool:
    return float(time.min()) >= 0 and float(time.max()) < _YEAR


def times_out_of_range(facts: Facts) -> Iterator[Finding]:
    """Single times long before the others, or in the future."""
    log = facts.log
    if log.time is None:
        return
    middle = float(np.median(log.time))
    now = datetime.now(UTC).timestamp()
    if not _START <= middle < _UNITS[0][0]:
        return  # seconds that do not count from 1970, or what `times_of_another_unit` says
    early = np.flatnonzero(log.time < _START)
    if len(early):
        yield Finding(
            "times-before-1990",
            "error",
            f"Before 1990: {rows_text(early)}, {share(len(early), len(log))} of the log. "
            "They are probably gaps that became 0.",
            "They come decades before all other answers of the student: the order and the time "
            "since practice are wrong.",
            "Find their times, or leave the rows out: "
            "`log[np.setdiff1d(np.arange(len(log)), checkup['times-before-1990'].rows)]`.",
            "time",
            len(early),
            rows=early,
        )
    late = np.flatnonzero(log.time > now + 2 * 86400)  # two days: clocks without a zone
    if len(late):
        yield Finding(
            "times-in-the-future",
            "warning",
            f"In the future: {rows_text(late)}, {share(len(late), len(log))} of the log.",
            "They count as the student's last answers, so a tracker refuses the next answers as "
            "late.",
            "Correct the clock of the device that sent them, or leave the rows out.",
            "time",
            len(late),
            rows=late,
        )
