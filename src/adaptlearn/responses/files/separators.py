"""What separates the columns of a CSV file, as its header shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adaptlearn.responses.spellings import Say, in_python

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_RARE = "|:~^"
_QUOTED = re.compile('"[^"]*"')
_DECLARED = re.compile("sep=(.)[\r\n]*", re.IGNORECASE)


def declared_separator(line: str) -> str | None:
    """What a first line such as ``sep=;``, as Excel reads it, says; None for any other line."""
    found = _DECLARED.fullmatch(line.replace('"', ""))
    return None if found is None else found[1]


def separator_of(header: str, say: Say = in_python) -> str:
    """Comma, semicolon or tab, whichever a header has most of.

    Raises
    ------
    ValueError
        It has as many of two of them.
    """
    bare = _QUOTED.sub("", header)
    count = {mark: bare.count(mark) for mark in SEPARATORS}
    best = max(count, key=count.__getitem__)
    equal = [mark for mark in SEPARATORS if count[mark] == count[best] > 0]
    if len(equal) > 1:
        found = " and ".join(SEPARATORS[mark] for mark in equal)
        raise ValueError(
            f"the header has {found}, as many of each; say which of them separate columns: "
            + " or ".join(say("separator", mark) for mark in equal)
        )
    return best


def doubt_of_separator(names: Sequence[str], separator: str | None, say: Say) -> str:
    """What may be wrong with the separator of a header that lacks columns, or nothing."""
    others = [mark for mark in (*SEPARATORS, *_RARE) if mark != separator]
    found = [mark for mark in others if any(mark in name for name in names)]
    if separator is None or not found or (found[0] in _RARE and len(names) > 1):
        return ""
    cut = SEPARATORS.get(separator, repr(separator))
    return f"; they were taken apart at {cut}: {say('separator', found[0])} takes another mark"
