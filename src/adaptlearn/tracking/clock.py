"""The clock of a tracker's times: one for all of them, and for every moment that is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.responses.columns import is_datetime, moment_of, read_time, rows_text
from adaptlearn.responses.frames import as_column
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import Interval, check_parameters

DAY = 86400.0
"""Seconds."""

_EAST = 14 * 3600.0  # how far the clocks of the easternmost zone are ahead of UTC


def seconds_of(time: Any, known: str | None, what: str) -> Any:
    """A moment, or an array of moments, in the seconds of a tracker's clock.

    Parameters
    ----------
    time : float, datetime, or an array of either
    known : str or None
        The clock of the tracker's times; see `check_clock`.
    what : str
        What errors call it.

    Returns
    -------
    float or array
        What is no datetime, as it is.

    Raises
    ------
    ParameterError
        A datetime of another clock.
    """
    if is_datetime(time):
        seconds, clock = moment_of(time, what)
        check_clock(clock, known, what)
        return seconds
    table = time if hasattr(time, "dtype") and not hasattr(time, "tz") else np.asarray(time)
    if table.dtype.kind not in "MO":
        return time
    problems: list[str] = []
    found, clock = read_time(as_column(table.ravel()), what, problems)
    if problems:
        raise ParameterError(what, problems)
    check_clock(clock, known, what)
    return found.reshape(table.shape)


def check_clock(clock: str, known: str | None, what: str) -> None:
    """Refuse a moment of another clock than the times that are known.

    Parameters
    ----------
    clock : {"seconds", "naive", "aware"}
        Of the moment. Seconds are of any clock.
    known : {"none", "seconds", "naive", "aware"} or None
        Of the times; None where there were no responses yet, ``"none"`` where they carry none. A
        datetime with a zone fits seconds too: they count from 1970 in UTC.
    what : str
        What errors call the moment.

    Raises
    ------
    ParameterError
    """
    if clock == "seconds" or known in (None, clock):
        return
    if clock == "naive":
        theirs = {"aware": "datetimes with one", "seconds": "seconds"}.get(known or "", "unknown")
        problem = f"it has no time zone, and the tracker's times are {theirs}; give it a zone"
    elif known == "naive":
        problem = (
            "it has a time zone, and the tracker's times are datetimes without one; give it "
            "without, as the clock shows it where the answers were given"
        )
    else:
        return
    raise ParameterError(what, [problem])


def refuse_the_future(log: ResponseLog, max_ahead: float) -> None:
    """Refuse responses that are dated after the present and some time more.

    Parameters
    ----------
    log : ResponseLog
        Of datetimes; seconds may be of any clock, and are not looked at.
    max_ahead : float
        Seconds; inf looks at nothing.

    Raises
    ------
    ParameterError
        `max_ahead` is no such number.
    ResponseDataError
        Names the rows.
    """
    allowed = {"max_ahead": [Interval(0, np.inf)]}
    check_parameters("MasteryTracker", {"max_ahead": max_ahead}, allowed)
    if log.time is None or log.clock not in ("naive", "aware") or not len(log):
        return
    present = datetime.now(UTC).timestamp() + (_EAST if log.clock == "naive" else 0.0)
    latest = float(log.time.max())
    if latest <= present + max_ahead:
        return
    rows = np.flatnonzero(log.time > present + max_ahead)
    raise ResponseDataError(
        "responses",
        [
            f"{rows_text(rows)} dated in the future, the latest at "
            f"{np.datetime64(0, 's') + np.timedelta64(int(latest), 's')}; nothing was changed. "
            "Correct the clock of the device they come from, or allow more than "
            f"max_ahead={max_ahead:g} seconds"
        ],
    )
