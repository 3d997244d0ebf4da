"""How people write answers and times, and which option of the reader takes them so.

Nothing is guessed here: an error names the option, and whoever reads it decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import product
from typing import Any

from adaptlearn.validation import some

Say = Callable[[str, Any], str]
"""An option and its value, as whoever is told would write them."""

_TRUE = {"true", "t", "yes", "y", "ja", "j", "wahr", "w", "richtig", "right", "correct"}
_FALSE = {"false", "f", "no", "n", "nein", "falsch", "wrong", "incorrect"}
_DECIMAL_COMMA = re.compile(r"\s*[-+]?[0-9]*,[0-9]+\s*")
_DATES = ("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y",
          "%Y/%m/%d", "%Y.%m.%d")  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", ", %H:%M", ", %H:%M:%S", " %I:%M %p",
           " %I:%M:%S %p")  # fmt: skip
_LOOKED_AT = 1000  # texts of a column that a format is tried on


def in_python(option: str, value: Any) -> str:
    """As an argument of Python: ``decimal=','``."""
    return f"{option}={value!r}"


def reading_answers(texts: Iterable[str], say: Say) -> str:
    """What to say of answers that are neither 0 nor 1: which options read them."""
    distinct = list(dict.fromkeys(texts))
    if all(map(_DECIMAL_COMMA.fullmatch, distinct)):
        return f"{say('decimal', ',')} reads decimal commas"
    right = [text for text in distinct if text.strip().lower() in _TRUE]
    wrong = [text for text in distinct if text.strip().lower() in _FALSE]
    if len(right) + len(wrong) < len(distinct):
        options = f"{say('true_values', ['...'])} and {say('false_values', ['...'])}"
        every = f"all of them are {some(distinct)}; " if len(distinct) > 1 else ""
        return f"{every}{options} say which words stand for 1 and 0"
    found = {"true_values": right, "false_values": wrong}
    named = [say(option, _once(words)) for option, words in found.items() if words]
    return f"{' and '.join(named)} read{'s' * (len(named) == 1)} them"


def _once(words: Iterable[str]) -> list[str]:
    """Each word once: upper and lower case count as one."""
    return list(dict.fromkeys(word.strip().lower() for word in words))


def reading_times(texts: Iterable[str], say: Say) -> str:
    """What to say of times that are neither seconds nor ISO 8601: which option reads them."""
    distinct = list(dict.fromkeys(texts))
    if all(map(_DECIMAL_COMMA.fullmatch, distinct)):
        return f"{say('decimal', ',')} reads decimal commas"
    formats = [say("date_format", each) for each in formats_of(distinct[:_LOOKED_AT])]
    if not formats:
        option = say("date_format", "...")
        return f"if that day exists, {option} says how dates are written, as strptime takes it"
    if len(formats) == 1:
        return f"{formats[0]} reads them"
    return f"{' or '.join(formats)} reads them, whichever is meant"


def formats_of(texts: Iterable[str]) -> list[str]:
    """The formats, of those in common use, in which all of the texts are dates.

    Examples
    --------
    >>> formats_of(["31.12.2024 13:05"]), formats_of(["1/2/2024"])
    (['%d.%m.%Y %H:%M'], ['%d/%m/%Y', '%m/%d/%Y'])
    """
    left = ["".join(parts) for parts in product(_DATES, _CLOCKS)]
    for text in texts:
        left = [each for each in left if moment(text, each) is not None]
        if not left:
            break
    return left


def moment(text: str, date_format: str) -> datetime | None:
    """A text as date and time in a format of ``strptime``; None if it is not written so."""
    try:
        return datetime.strptime(text.strip(), date_format)  # noqa: DTZ007 - as the clock shows
    except ValueError:
        return None


def has_decimal_commas(texts: Iterable[str | None]) -> bool:
    """Whether texts are numbers, one of them at least with a decimal comma."""
    given = [text for text in texts if text is not None]
    commas = [text for text in given if _DECIMAL_COMMA.fullmatch(text)]
    plain = re.compile(r"\s*[-+]?[0-9]+\s*")
    return bool(commas) and len(commas) + sum(map(bool, map(plain.fullmatch, given))) == len(given)
