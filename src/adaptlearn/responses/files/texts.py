"""What the texts of a CSV file's columns are as values, in one way whichever package read them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, warn
from adaptlearn.numerics import Floats
from adaptlearn.responses.frames import Column, as_column, mark_aware
from adaptlearn.responses.labelled import Labelled, objects
from adaptlearn.responses.spellings import Say, has_decimal_commas, moment

GAPS = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
"""What stands for a missing answer or time."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)?\.[0-9]+|-?(0|[1-9][0-9]*)\.?")
# No two parts of a pattern match the same letters: else a long cell is tried in all its splits.
_NUMBER = re.compile(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
# Nothing that a log takes has as many digits; Python itself refuses integers of 4,300.
_DIGITS = 400
_TRUTH = {"true": True, "false": False}
_SWAPPED = str.maketrans(",.", ".,")
_PATTERN = "0000-00-00 00:00:00"
_NAT = -(2**63)  # as NumPy marks a gap among times
_DAY = 86_400_000_000  # microseconds
_WHOLE = 2**53  # beyond it, floats do not tell integers apart


@dataclass(frozen=True)
class Forms:
    """How values are written in a CSV file, where that differs from the usual.

    Attributes
    ----------
    separator : str or None
        Between fields; None: as the header shows.
    true_values, false_values : sequence of str
        Words for 1 and 0 in answers, in upper or lower case.
    date_format : str or None
        Of dates, as ``strptime`` takes it; None: ISO 8601.
    decimal : str
        The decimal mark of numbers, a point or a comma.
    """

    separator: str | None = None
    true_values: Sequence[str] = ()
    false_values: Sequence[str] = ()
    date_format: str | None = None
    decimal: str = "."

    def given(self) -> list[str]:
        """The names of the options that differ from the usual."""
        usual = Forms()
        return [name for name in usual.__dict__ if getattr(self, name) != getattr(usual, name)]

    def problems(self) -> list[str]:
        """Options that cannot be meant, whatever the file."""
        wrong = []
        mark: Any = self.separator
        if mark is not None and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n'):
            wrong.append(f"separator must be one character, no quotation mark, got {mark!r}")
        for name in ("true_values", "false_values"):
            words = getattr(self, name)
            if isinstance(words, str) or not all(isinstance(word, str) for word in words):
                wrong.append(f"{name} must be a list of words, got {words!r}")
        if not wrong and (both := _folded(self.true_values) & _folded(self.false_values)):
            wrong.append(f"{sorted(both)} cannot stand for both 1 and 0")
        if self.decimal not in (".", ","):
            wrong.append(f"decimal must be '.' or ',', got {self.decimal!r}")
        if self.date_format is not None and not _is_date_format(self.date_format):
            wrong.append(
                f"date_format must give day, month and year as strptime takes them, such as "
                f"'%d.%m.%Y %H:%M', got {self.date_format!r}"
            )
        return wrong


def _folded(words: Iterable[str]) -> set[str]:
    return {word.strip().casefold() for word in words}


def _is_date_format(given: Any) -> bool:
    """Whether a day written in it is read as that day."""
    day = datetime(2024, 12, 31, 13, 5, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(given), given).date() == day.date()  # noqa: DTZ007
    except (ValueError, TypeError):
        return False


class Texts(NamedTuple):
    """A column of texts, stored once each, in the order they came.

    Attributes
    ----------
    codes : int32 array, shape (n,)
        Each row's place in `distinct`.
    distinct : list of str
    """

    codes: NDArray[np.int32]
    distinct: list[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """A list of them."""
        store = TextStore()
        store.add(texts)
        return store.column()

    def tolist(self) -> list[str]:
        """One text per row."""
        return list(map(self.distinct.__getitem__, self.codes.tolist()))


class TextStore:
    """Texts of a column as they come in, each stored once: files repeat themselves."""

    def __init__(self) -> None:
        self._code_of: defaultdict[str, int] = defaultdict()
        self._code_of.default_factory = self._code_of.__len__
        self._codes: list[NDArray[np.int32]] = []

    def add(self, texts: Sequence[str]) -> None:
        """The next rows."""
        self._codes.append(np.fromiter(map(self._code_of.__getitem__, texts), np.int32, len(texts)))

    def column(self) -> Texts:
        """All of them."""
        codes = np.concatenate([np.zeros(0, np.int32), *self._codes])
        return Texts(codes, list(self._code_of))


def values_of(
    name: str, role: str | None, column: Texts, forms: Forms, *, as_text: bool, say: Say
) -> Column | Labelled:
    """The values of a column that plays a role, or none."""
    if role == "correct":
        return _column(column, _answers(forms))
    if role == "time":
        plain = None if forms.date_format else _plain_datetimes(column.distinct)
        return _column(column, _times(forms)) if plain is None else plain[column.codes]
    # Only an empty field is missing: a student may be called NA.
    values = [text or None for text in column.distinct]
    numbers = None if as_text else integers(values)
    if numbers is None and role is None and not as_text:
        numbers = _further_numbers(name, values, forms, say)
    if numbers is not None:
        return numbers[column.codes]
    if role is None or None in values:
        return objects(values)[column.codes]
    return _labelled(column)


def _labelled(column: Texts) -> Labelled:
    order = sorted(range(len(column.distinct)), key=column.distinct.__getitem__)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return Labelled(place[column.codes], objects([column.distinct[code] for code in order]))


def _further_numbers(
    name: str, values: Sequence[str | None], forms: Forms, say: Say
) -> Floats | None:
    numbers = decimals([text and _pointed(text, forms.decimal) for text in values])
    if numbers is None and has_decimal_commas(values):
        first = next(text for text in values if text and "," in text)
        warn(
            f"column {name!r} stays text: it holds decimal commas, such as {first!r}; "
            f"{say('decimal', ',')} reads them as numbers",
            DataWarning,
        )
    return numbers


def integers(texts: Sequence[str | None]) -> Column | None:
    """Integers if every text is written as one, ``007`` and ``+7`` are not; else None."""
    distinct = cast("set[str]", set(texts) - {None})
    if not all(len(text) <= _DIGITS and _INTEGER.fullmatch(text) for text in distinct):
        return None
    number_of: dict[str | None, int] = {text: int(text) for text in distinct}
    if not all(-(2**63) <= number < 2**63 for number in number_of.values()):
        return None
    if None in texts:
        return objects([number_of.get(text) for text in texts])
    return np.fromiter(map(number_of.__getitem__, texts), np.int64, len(texts))


def decimals(texts: Sequence[str | None]) -> Floats | None:
    """Floats if every text is a plain decimal number, nan for None; else None."""
    if not all(map(_DECIMAL.fullmatch, cast("set[str]", set(texts) - {None}))):
        return None
    return np.array([np.nan if text is None else float(text) for text in texts])


def _column(column: Texts, read: Callable[[str], Any]) -> Column:
    """The value of each row's text, None for a gap, in an array as plain as they allow."""
    values = list(map(read, column.distinct))
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {datetime}:
        plain = _datetimes(values)
    elif kinds <= {bool, int, float} and not (kinds == {int} and None not in values):
        plain = _floats(values)
    else:
        plain = as_column(values)
    return plain[column.codes]


def _floats(values: Sequence[Any]) -> Column:
    if any(type(value) is int and abs(value) >= _WHOLE for value in values):
        return objects(list(values))
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _datetimes(moments: Sequence[datetime | None]) -> Column:
    """All by the clock that they show, or all with a zone; else objects as they are."""
    aware = {one.utcoffset() is not None for one in moments if one is not None}
    if len(aware) > 1:
        return objects(list(moments))
    zoned = aware.pop()
    start = datetime(1970, 1, 1, tzinfo=UTC if zoned else None)
    # Made of integers: NumPy takes six times as long to make it of datetimes.
    micros = (_NAT if one is None else _micros(one - start) for one in moments)
    column = np.fromiter(micros, np.int64, len(moments)).view("datetime64[us]")
    return mark_aware(column) if zoned else column


def _micros(past: timedelta) -> int:
    return past.days * _DAY + past.seconds * 1_000_000 + past.microseconds


def _answers(forms: Forms) -> Callable[[str], bool | float | str | None]:
    meant = dict.fromkeys(_folded(forms.true_values), True)
    meant |= dict.fromkeys(_folded(forms.false_values), False)

    def read(text: str) -> bool | float | str | None:
        known = meant.get(text.strip().casefold()) if meant else None
        if known is not None:
            return known
        return None if text in GAPS else answer(text, forms.decimal)

    return read


def answer(text: str, decimal: str = ".") -> bool | float | str:
    """What a text is as an answer; the text itself if it is none."""
    return _TRUTH.get(text.lower(), _number(text, decimal))


def is_no_answer(text: str) -> bool:
    """Whether it is no answer, and no gap."""
    return text not in GAPS and isinstance(answer(text), str)


def _number(text: str, decimal: str) -> float | str:
    """A number, or the text itself: what a log does not take is refused where it is checked."""
    if len(text) <= _DIGITS and _INTEGER.fullmatch(text):
        return int(text)
    written = _pointed(text, decimal)
    return float(written) if _NUMBER.fullmatch(written) else text


def _pointed(text: str, decimal: str) -> str:
    """With a decimal point in place of another mark; what held a point is then no number."""
    return text if decimal == "." else text.translate(_SWAPPED)


def _times(forms: Forms) -> Callable[[str], datetime | float | str | None]:
    written = forms.date_format
    if written is not None:
        return lambda text: None if text in GAPS else moment(text, written) or text

    def read(text: str) -> datetime | float | str | None:
        """Seconds, or a date and time of ISO 8601."""
        if text in GAPS:
            return None
        if text[4:5] == "-" and (found := _iso(text)):  # most are; reading numbers takes longer
            return found
        number = _number(text, forms.decimal)
        return number if not isinstance(number, str) else _iso(text) or text

    return read


def _plain_datetimes(texts: list[str]) -> Column | None:
    """Datetimes if every text is like ``2024-05-17 08:30:00``, as most are; else None.

    It takes a tenth of the time that they take one by one.
    """
    if set(map(len, texts)) != {len(_PATTERN)}:
        return None
    letters = np.array(texts).view(np.uint32).reshape(len(texts), len(_PATTERN))
    for letter, expected in zip(letters.T, _PATTERN, strict=True):
        if expected == "0":
            fits = (letter >= ord("0")) & (letter <= ord("9"))
        else:
            fits = np.isin(letter, [ord(each) for each in (" T" if expected == " " else expected)])
        if not fits.all():
            return None
    try:
        column = np.array(texts, "datetime64[us]")
    except ValueError:  # a 30th of February
        return None
    return column if column.min() >= np.datetime64("0001", "us") else None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
