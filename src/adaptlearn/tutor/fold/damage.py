"""What is wrong with rows as a store gives them: a store without checksums finds nothing itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adaptlearn.errors import ProblemsError, StoreError
from adaptlearn.labels import Label, as_label
from adaptlearn.sequencing.decisions.decision import Decision
from adaptlearn.sequencing.overrides import Override
from adaptlearn.sequencing.placement.placement import KIND
from adaptlearn.serialization import open_seal
from adaptlearn.tutor.events import Event
from adaptlearn.tutor.store import CONFLICT, Columns, Store
from adaptlearn.wording import shown

_TOLD = 20  # damaged events that an error lists


def damage_of(columns: Columns, label: Callable[[str], Label]) -> list[tuple[str, str]]:
    """Rows that no tutor can have written: the student's key and a sentence for each.

    Parameters
    ----------
    columns : Columns
    label : callable
        Gives the label of a student's key.

    Examples
    --------
    >>> row = (7, "e1", "answer", "mia", "", 0, 5.0, 6.0, '{"correct":2,"skill":"add"}')
    >>> damage_of(Columns.of([row]), str)
    [('mia', "event 'e1' of 'mia' is damaged: correct is 2; expected 0 or 1")]
    """
    contents: dict[tuple[str, str], str] = {}  # most contents are there many times
    told = []
    for _, name, kind, student, _, seq, time, received, content in zip(*columns, strict=True):
        if (kind, content) not in contents:
            contents[kind, content] = _problem(kind, content)
        problem = contents[kind, content] or _header(seq, time, received)
        if not problem and kind == "decision" and _student_of(content) != label(student):
            problem = "the decision is about another student"
        if problem:
            said = f"event {shown(name)} {whose(student, label)} is damaged: {problem}"
            told.append((student, said))
    return told


@contextmanager
def undamaged(columns: Columns, label: Callable[[str], Label]) -> Iterator[None]:
    """Look into rows; an error that comes of damage becomes one that names the events.

    Raises
    ------
    StoreError
    """
    try:
        yield
    except Exception as error:
        damaged = [told for _, told in damage_of(columns, label)]
        if not damaged:
            raise
        remedy = "bring the store back from a backup"
        raise StoreError(f"{'; '.join(damaged[:_TOLD])}; {remedy}") from error


def whose(key: str, label: Callable[[str], Label]) -> str:
    """Of which student an event is, or that it is for all."""
    return f"of {label(key)!r}" if key else "for all students"


def unreadable(store: Store, keys: list[str]) -> dict[str, StoreError]:
    """Those of some students whose rows a store refuses to read, with what it says."""
    try:
        store.read(dict.fromkeys(keys, 0))
    except StoreError as error:
        if len(keys) == 1:
            return {keys[0]: error}
        half = len(keys) // 2
        return unreadable(store, keys[:half]) | unreadable(store, keys[half:])
    return {}


def _header(seq: Any, time: Any, received: Any) -> str:
    if type(seq) is not int or seq < 0:
        return f"seq is {shown(seq)}"
    for what, value in (("time", 0.0 if time is None else time), ("received", received)):
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            return f"{what} is {shown(value)}"
    return ""


def _student_of(content: str) -> Label | None:
    return as_label(json.loads(content)["student"])


def _problem(kind: str, text: str) -> str:
    """What is wrong with a content; nothing if a tutor can have written it."""
    if kind not in _READERS:
        return f"kind is {shown(kind)}"
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            return f"content is {shown(text)}; expected a JSON object"
        _READERS[kind](content)
    except ProblemsError as error:
        return "; ".join(error.problems)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return f"content cannot be read ({type(error).__name__}: {error})"
    return ""


def _recorded(kind: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: Event(kind, "?", content)


def _override(content: dict[str, Any]) -> None:
    if "withdraws" not in content:
        Override(**content)
    elif not isinstance(content["withdraws"], str):
        raise ValueError("withdraws is not an id")


def _goal(content: dict[str, Any]) -> None:
    for label, weight in content["targets"]:
        if as_label(label) is None:
            raise ValueError(f"{shown(label)} is no target")
        float(weight)
    if content["expires"] is not None:
        float(content["expires"])


def _placement(content: dict[str, Any]) -> None:
    for label, value in content.get("known", ()):
        if as_label(label) is None or not 0 <= value <= 1:
            raise ValueError(f"{shown(label)} is known with {shown(value)}")
    if "known" not in content:
        open_seal(content["session"], KIND, "placement session")
        Event("answer", "?", {"skill": content["skill"], "correct": content["correct"]})


def _named(name: str) -> Callable[[dict[str, Any]], None]:
    def read(content: dict[str, Any]) -> None:
        if as_label(content[name]) is None:
            raise ValueError(f"{name} is {shown(content[name])}")

    return read


_READERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "answer": _recorded("answer"),
    "exposure": _recorded("exposure"),
    "lesson_done": _recorded("lesson_done"),
    "decision": Decision.from_dict,
    "item": _named("item"),
    "override": _override,
    "goal": _goal,
    "placement": _placement,
    "model": _named("fingerprint"),
    "curriculum": _named("fingerprint"),
    "erasure": lambda _: None,
    CONFLICT: lambda _: None,
}
