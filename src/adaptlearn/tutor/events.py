"""Events: what happened to one student, once, with an id that is the same wherever it is kept."""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, as_label, label_problem, plain
from adaptlearn.responses.columns import is_datetime, moment_of
from adaptlearn.tutor.store import Row
from adaptlearn.wording import shown

KINDS = (
    "answer", "exposure", "lesson_done", "decision", "item", "override", "goal", "placement",
    "model", "curriculum", "erasure",
)  # fmt: skip
"""What an event may be about."""

RECORDED = ("answer", "exposure", "lesson_done")
"""The kinds that applications record themselves; a tutor's methods make the others."""

LONGEST_TEXT = 200
"""Characters of an id, a device or a label, at most."""
LARGEST_BODY = 65_536
"""Bytes of an event's content as JSON, at most, if applications or teachers write it."""
LATEST = 1e12
"""Seconds from 1970, before or after, at most."""

# Texts that not every database takes: a zero character, and halves of characters.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SEQ = 2**63 - 1


@dataclass(frozen=True)
class Event:
    """Something that happened: an answer, a lesson done, a decision, a teacher's override.

    Two events with one id and equal content are one event, however often they arrive.

    Parameters
    ----------
    kind : str
        One of `KINDS`. Applications record the kinds in `RECORDED`; the methods of a `Tutor` make
        the others.
    student : label or None
        None if the event concerns all students.
    content : mapping of str to value
        Values that JSON can hold, at most 65,536 bytes of it. An answer has ``"skill"`` (a label,
        or a list of labels) and ``"correct"`` (0 or 1), and may have ``"item"``. An exposure, such
        as a text that was read, has no ``"correct"``. A lesson that was done has ``"lesson"``. All
        may have further values.
    time : float or datetime, optional
        The time of the event by the device's clock: seconds since 1970 in UTC, or a datetime with a
        time zone. Without `time`, the time at which the event was first received counts.
    device : str
        The device on which it happened. If you pass no device, the order of the events is that of
        their times.
    seq : int
        The event's number on its device, which grows by one with each event. `seq` keeps the order
        if the device's clock is set back. A device that starts counting anew needs a new name.
    id : str, optional
        The event's id. If you pass a time but no id, the id is a digest of the event, so that the
        same event sent twice counts once. If you pass neither, each event gets an id of its own.
    received : float or None
        When the event was first received, in seconds since 1970; the store sets it.

    Raises
    ------
    ParameterError
        The error lists everything that is wrong.

    Examples
    --------
    >>> one = Event("answer", "mia", {"skill": "add", "correct": 1}, time=1_800_000_000)
    >>> one.content["correct"], one.device
    (1, '')
    """

    kind: str
    student: Label | None
    content: Mapping[str, Any] = field(default_factory=dict)
    time: Any = None
    device: str = ""
    seq: int = 0
    id: str | None = None
    received: float | None = None

    def __post_init__(self) -> None:
        if problems := self._settle():
            raise ParameterError("event", problems)

    def _settle(self) -> list[str]:
        """Read all fields, and say what is wrong with them; a wrong one may become None."""
        problems: list[str] = []
        if self.kind not in KINDS:
            problems.append(f"kind is {shown(self.kind)}; expected one of {', '.join(KINDS)}")
        if self.student is not None:
            self._set("student", _label(self.student, "student", problems))
        elif self.kind in RECORDED:
            problems.append("student is missing")
        self._set("time", _time(self.time, problems))
        check_text(self.device, "device", problems)
        self._set("seq", plain(self.seq))
        if type(self.seq) is not int or not 0 <= self.seq <= _SEQ:
            problems.append(f"seq is {shown(self.seq)}; expected an integer from 0 to 2**63 - 1")
        elif self.seq and not self.device:
            problems.append(f"seq is {self.seq}, without a device; name the device that counts")
        if self.id is not None:
            check_text(self.id, "id", problems)
            if not self.id:
                problems.append(
                    "id is empty; leave it out, or give each event its own, of up to "
                    f"{LONGEST_TEXT} characters"
                )
        content = _content(self.kind, self.content, problems)
        self._set("content", content)
        self._set("_body", _body(self.kind, content, problems))
        return problems

    def __hash__(self) -> int:
        return hash((self.kind, self.student, self.id, self.body))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # frozen for all others

    @property
    def body(self) -> str:
        """The content as canonical JSON: equal contents are equal texts."""
        text: str = vars(self)["_body"]
        return text

    @classmethod
    def of(cls, given: Any) -> Self:
        """An event from a mapping of its fields; every other name belongs to the content.

        Examples
        --------
        >>> Event.of({"student": "mia", "skill": "add", "correct": True, "seconds": 4.5}).content
        {'skill': 'add', 'correct': 1, 'seconds': 4.5}
        """
        event, problems = cls.draft(given)
        if event is None or problems:
            raise ParameterError("event", problems)
        return event

    @classmethod
    def draft(cls, given: Any) -> tuple[Self | None, list[str]]:
        """An event as `of` reads it, right or not, with everything that is wrong with it."""
        if isinstance(given, cls):
            return given, []
        if not isinstance(given, Mapping):
            return None, [
                f"a {type(given).__name__}; expected an Event, or a mapping of its fields"
            ]
        more = {name: value for name, value in given.items() if name not in _FIELDS}
        content = given.get("content", {})
        event = object.__new__(cls)
        for one in fields(cls):
            event._set(one.name, given.get(one.name, one.default))
        event._set("kind", given.get("kind", "answer"))
        event._set("student", given.get("student"))
        event._set("content", {**content, **more} if isinstance(content, Mapping) else content)
        return event, event._settle()

    def row(self, student: str, received: float) -> Row:
        """The event as a store keeps it, under the student's key; it gets its id here."""
        row = Row("", self.kind, student, self.device, self.seq, self.time, received, self.body)
        return named(row, self.id)


_FIELDS = tuple(one.name for one in fields(Event))


def named(row: Row, name: str | None) -> Row:
    """The row with its id: the one given, a digest of what was told, or a random one."""
    if name is None:
        told = json.dumps(row.told)
        name = hashlib.sha256(told.encode()).hexdigest()[:32]
        name = uuid.uuid4().hex if row.time is None else name
    return row._replace(id=name)


def canonical_json(content: Any) -> str:
    """JSON of which equal contents have equal texts; ASCII, so that every database takes it."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _body(kind: str, content: Any, problems: list[str]) -> str:
    try:
        text = canonical_json(content)
    except (TypeError, ValueError, RecursionError) as error:
        problems.append(f"content cannot be written as JSON: {error}")
        return ""
    if kind in (*RECORDED, "override", "goal") and len(text) > LARGEST_BODY:
        problems.append(
            f"content is {len(text):,} bytes of JSON; at most {LARGEST_BODY:,} are kept"
        )
    return text


def _label(value: Any, what: str, problems: list[str]) -> Label | None:
    if problem := label_problem(value):
        problems.append(f"{what} is {problem}")
        return None
    label, before = as_label(value), len(problems)
    if isinstance(label, str):
        check_text(label, what, problems)
    return label if len(problems) == before else None


def check_text(text: Any, what: str, problems: list[str]) -> None:
    """Note what keeps a value from being a text that every store keeps as it is."""
    if not isinstance(text, str):
        problems.append(f"{what} is {shown(text)}; expected a text")
    elif len(text) > LONGEST_TEXT:
        problems.append(f"{what} has {len(text):,} characters; at most {LONGEST_TEXT} are kept")
    elif _UNSTORABLE.search(text):
        problems.append(f"{what} {shown(text)} holds a zero character, or half of one")


def _time(time: Any, problems: list[str]) -> float | None:
    if type(time) in (int, float) and abs(time) <= LATEST:
        return float(time)
    if time is None:
        return None
    if not is_datetime(time) and type(time) not in (int, float) and not hasattr(time, "dtype"):
        problems.append(f"time is {shown(time)}; expected seconds, or a datetime with a zone")
        return None
    try:
        seconds, clock = moment_of(time, "time")
    except ParameterError as error:
        problems += [f"time: {problem}" for problem in error.problems]
        return None
    if clock == "naive":
        problems.append(f"time {time} has no time zone; give it one, as datetime.now(UTC) has")
        return None
    if not math.isfinite(seconds) or abs(seconds) > LATEST:
        problems.append(f"time is {seconds:g}; expected seconds since 1970")
        return None
    return seconds


def _answer(content: dict[str, Any], problems: list[str]) -> None:
    _exposure(content, problems, {"correct"})
    if "correct" not in content:
        problems.append("correct is missing; give 0 or 1, or record an exposure")
        return
    given = content["correct"]
    value = given.item() if hasattr(given, "item") else given
    # 1.0 is taken, as of a column with gaps; .7 is no answer, and nobody knows what is meant.
    if not isinstance(value, (int, float)) or value not in (0, 1):
        problems.append(f"correct is {shown(given)}; expected 0 or 1")
        return
    content["correct"] = int(value)


def _exposure(
    content: dict[str, Any], problems: list[str], more: frozenset[str] | set[str] = frozenset()
) -> None:
    skill: Any = content.get("skill")
    if getattr(skill, "ndim", 0) == 1:  # an array
        skill = skill.tolist()
    if isinstance(skill, (list, tuple)):
        labels = [_label(one, "skill", problems) for one in skill]
        if not labels:
            problems.append("skill is an empty list; name a skill")
        elif len(set(labels)) < len(labels):
            problems.append(f"skill {shown(skill)} names one twice")
        content["skill"] = labels[0] if len(labels) == 1 else labels
    elif skill is None:
        problems.append("skill is missing")
    else:
        content["skill"] = _label(skill, "skill", problems)
    if content.get("item") is not None:
        content["item"] = _label(content["item"], "item", problems)
    else:
        content.pop("item", None)
    if "correct" in content and "correct" not in more:
        problems.append("an exposure has no answer; record an answer, or leave correct out")


def _lesson_done(content: dict[str, Any], problems: list[str]) -> None:
    if "lesson" not in content:
        problems.append("lesson is missing")
        return
    content["lesson"] = _label(content["lesson"], "lesson", problems)


_READERS: Mapping[str, Callable[[dict[str, Any], list[str]], None]] = {
    "answer": _answer,
    "exposure": _exposure,
    "lesson_done": _lesson_done,
}


def _content(kind: str, given: Any, problems: list[str]) -> dict[str, Any]:
    """A copy of the content with plain labels, and what is wrong with it."""
    if not isinstance(given, Mapping):
        problems.append(f"content is {shown(given)}; expected a mapping")
        return {}
    if wrong := [name for name in given if not isinstance(name, str)]:
        problems.append(f"content has a name that is not a text: {shown(wrong[0])}")
        return {}
    content = dict(given)
    if kind in RECORDED:
        _READERS[kind](content, problems)
    return content
