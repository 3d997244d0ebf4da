"""What the columns of logs are commonly called: to suggest, never to read by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

# By role, words of a column's name; of two columns that fit alike, the earlier word's counts.
_WORDS: Mapping[str, Sequence[str]] = {
    "student": ("student", "user", "learner", "pupil", "uid", "sid", "child", "participant"),
    "skill": ("skill", "kc", "concept", "component", "topic", "tag", "standard", "subject"),
    "correct": (
        *("correct", "correctly", "correctness", "outcome", "right", "success", "passed"),
        *("result", "score", "label", "target", "response", "answer"),
    ),
    "item": ("item", "question", "problem", "exercise", "task", "step"),
    "time": (
        *("time", "timestamp", "ts", "datetime", "date", "when"),
        *("created", "submitted", "start", "at"),
    ),
}
# Words that say nothing of the role.
_NEUTRAL = frozenset(
    (
        *("id", "name", "anon", "anonymous", "is", "was", "default", "code", "key", "no", "number"),
        *("first", "attempt", "answered", "start", "created", "submitted", "at", "utc"),
    )
)
UNKNOWN = "…"
"""Stands for a column that only the user knows."""

_REQUIRED = ("student", "skill", "correct")
_NEAR = 0.8
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def suggested_call(names: Mapping[str, str], available: Sequence[str]) -> str:
    """A line that reads a frame whose columns have other names.

    Parameters
    ----------
    names : mapping of role to str
        The columns that were looked for.
    available : sequence of str
        The columns that there are.

    Returns
    -------
    str
        With the columns that most probably are meant, and an ellipsis where none is; empty where
        no column of student, skill or correct is missing.

    Examples
    --------
    >>> names = {"student": "student", "skill": "skill", "correct": "correct"}
    >>> suggested_call(names, ["Anon Student Id", "kc", "correct"])
    "ResponseLog.from_frame(df, student='Anon Student Id', skill='kc')"
    """
    chosen = suggested_columns(names, available)
    told = [f"{role}={name!r}" for role, name in chosen.items()]
    return f"ResponseLog.from_frame({', '.join(['df', *told])})" if told else ""


def suggested_columns(names: Mapping[str, str], available: Sequence[str]) -> dict[str, str]:
    """The column of each role that is not called as its role, as `suggested_call` fills them in."""
    missing = [role for role in _REQUIRED if role in names and names[role] not in available]
    if not missing:
        return {}
    chosen = {role: name for role, name in names.items() if name in available}
    for role in _WORDS:
        if role in missing or (role not in chosen and role not in _REQUIRED):
            free = [name for name in available if name not in chosen.values()]
            found = _best(role, free, near=role in missing)
            if found or role in missing:
                chosen[role] = found or UNKNOWN
    return {role: chosen[role] for role in _WORDS if chosen.get(role, role) != role}


def _best(role: str, columns: Iterable[str], *, near: bool) -> str | None:
    """The column that fits a role best; with `near`, one that is misspelled fits too."""
    words = _WORDS[role]
    ranked = []
    for place, column in enumerate(columns):
        mine = _words_of(column)
        fits = [words.index(word) for word in mine if word in words]
        beside = sum(word not in _NEUTRAL for word in mine) - 1
        if fits:
            ranked.append((beside, min(fits), place, column))
        elif near and any(_near(word, words) for word in mine):
            ranked.append((beside + len(words), 0, place, column))
    return min(ranked)[-1] if ranked else None


def _words_of(column: str) -> list[str]:
    """A name's words in lower case and in the singular: ``userID`` is user and id."""
    words = []
    for word in map(str.lower, _WORD.findall(column)):
        stem = word.removesuffix("s") if len(word) > 2 else word  # not of "is" and "ts"
        whole = stem.removesuffix("id") if len(stem) > 4 else stem
        words += [whole, "id"] if whole != stem else [stem]
    return words


def _near(word: str, words: Collection[str]) -> bool:
    return word not in _NEUTRAL and bool(get_close_matches(word, words, n=1, cutoff=_NEAR))
