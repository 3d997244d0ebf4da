"""Play a pack: one student's next lessons on a device without a network, in pure Python.

`Tutor.pack` makes a pack, and `Tutor.merge` takes back what the student did. This file needs
Python's standard library and ``runtime.py``: import it as ``adaptlearn.offline``, or copy both
files side by side. It decides by the policy's own rule, so its lessons are those that the tutor
would choose.
"""

# ruff: noqa: SLF001 - the two files are one program, and are copied together

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import time as seconds_now
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING or __package__:
    from adaptlearn import runtime
else:  # a copy, beside a copy of the runtime
    import runtime

VERSION = 1
LARGEST = 2**24
"""Characters of a pack or of a file of events, at most."""

_PACK, _EVENTS = "adaptlearn-pack", "adaptlearn-events"
_SHORTEST_KEY = 16
_GETTING_ON = 0.8  # whoever probably knows a skill may finish it, however many answers it took
_ROUNDING = 1e-12  # scores that differ by less are equal
_MALFORMED = runtime._MALFORMED

Label = int | str


class PackError(runtime.ServingError):
    """The error for a pack, or a file of events, that is refused; `problems` says why."""


class Choice(NamedTuple):
    """The next lesson.

    Attributes
    ----------
    lesson : label or None
        None if the pack has no lesson for the student now.
    purpose : {"new", "remediation", "assigned"} or None
        What the lesson is for; ``"assigned"`` means that a teacher wants it.
    score : float or None
        None if a teacher wants the lesson.
    n_tied : int
        How many lessons had the best score; one of them was drawn.
    draw : float
        The number in [0, 1) that decided between them.
    """

    lesson: Label | None
    purpose: str | None
    score: float | None
    n_tied: int
    draw: float


class Pack:
    """A student's pack, with what the student did since it was made.

    Attributes
    ----------
    id : str
    student : label
    expires : float
        Seconds since 1970. From then on `next_lesson` raises an error; `record` and `events` go on.
    lessons : tuple of label
    """

    def __init__(self, body: Mapping[str, Any], key: bytes, device: str) -> None:
        self.id, self.student, self.expires = body["id"], body["student"], float(body["expires"])
        self.lessons = tuple(one["lesson"] for one in body["lessons"])
        self._body, self._key, self._device = body, key, device
        self._skills = {one["skill"]: place for place, one in enumerate(body["skills"])}
        self._done = {one["lesson"]: int(one["done"]) for one in body["lessons"]}
        model = runtime.Model(*runtime._engines(body["model"]), body["model"]["fingerprint"])
        self._learner = runtime.Student.from_dict(model, body["state"])
        self._events: list[dict[str, Any]] = []
        self._latest: float | None = body["state"]["time"]

    def __repr__(self) -> str:
        return f"Pack({len(self.lessons)} lessons, {len(self._events)} events)"

    @classmethod
    def read(
        cls, text: str | bytes, key: bytes, *, events: str | bytes | None = None, now: Any = None
    ) -> Self:
        """Read a pack that `Tutor.pack` made.

        Parameters
        ----------
        text : str or bytes
            At most 16,777,216 characters.
        key : bytes
            The key with which the pack was made.
        events : str or bytes, optional
            What `events` returned before the application was closed: the pack goes on from there.
        now : float or datetime, optional
            The present, in seconds since 1970 or with a time zone; by default the device's clock.

        Raises
        ------
        PackError
            The pack, or the file of events, is altered, truncated, too large, of another key or
            version; or the pack has expired.
        """
        told = _unsealed(text, key, _PACK)
        before = None if events is None else read_events(events, key)
        try:
            if before is not None and before["pack"] != told["id"]:
                raise PackError("events", ["they belong to another pack"])
            device = secrets.token_hex(8) if before is None else before["device"]
            made = cls(told, key, device)
            for one in before["events"] if before is not None else ():
                made._take(one)
            made.next_lesson(now)  # reads every part
        except PackError:
            raise
        except (*_MALFORMED, runtime.ServingError) as error:
            raise _damaged("pack", error) from None
        return made

    def next_lesson(self, now: Any = None) -> Choice:
        """Choose the next lesson.

        The same question has the same answer until something is recorded.

        Parameters
        ----------
        now : float or datetime, optional
            As in `read`.

        Raises
        ------
        PackError
            The pack has expired.
        """
        time = self._refuse_expired(now)
        digest = hashlib.sha256(f"{self._body['seed']}:{len(self._events)}".encode()).hexdigest()
        draw = int(digest[:13], 16) / 2**52
        return _Position(self._body, self._learner, self._done, time).choose(draw)

    def record(
        self, skill: Any, correct: bool | None, *, item: Label | None = None, time: Any = None
    ) -> Self:
        """Record an answer; with ``correct=None``, an exposure.

        Parameters
        ----------
        skill : label, or list of labels
        correct : bool or None
        item : label, optional
        time : float or datetime, optional
            Seconds since 1970, or with a time zone; by default the device's clock.

        Raises
        ------
        PackError
            A skill is not in the pack.
        runtime.ResponseError
            The arguments describe no answer. Nothing was recorded.
        """
        problems: list[str] = []
        skills = runtime._skills(skill, problems)
        right = runtime._answer(correct, problems)
        if problems:
            raise runtime.ResponseError("response", problems)
        unknown = [one for one in skills if one not in self._skills]
        if unknown:
            known = ", ".join(map(repr, [*self._skills][:5]))
            raise PackError("response", [f"skill {unknown[0]!r} is not in the pack ({known}, …)"])
        content: dict[str, Any] = {"skill": skills[0] if len(skills) == 1 else [*skills]}
        if item is not None:
            content["item"] = runtime._label(item, "item", problems)
        if right is not None:
            content["correct"] = int(right)
        return self._note("exposure" if right is None else "answer", content, time)

    def lesson_done(self, lesson: Label, *, time: Any = None) -> Self:
        """Record that the student has done a lesson.

        Raises
        ------
        PackError
            The lesson is not in the pack.
        """
        if lesson not in self._done:
            raise PackError("lesson_done", [f"lesson {lesson!r} is not in the pack"])
        return self._note("lesson_done", {"lesson": lesson}, time)

    def mastery(self, skill: Label) -> float:
        """P(known) of a skill at the next opportunity.

        Raises
        ------
        PackError
            The skill is not in the pack.
        """
        if skill not in self._skills:
            raise PackError("mastery", [f"skill {skill!r} is not in the pack"])
        return self._learner.mastery(skill)

    def events(self) -> str:
        """Everything that was recorded, as text for `Tutor.merge` and for `read`."""
        body = {"pack": self.id, "student": self.student, "device": self._device,
                "model": self._body["model"]["fingerprint"], "events": self._events}  # fmt: skip
        return seal(_EVENTS, body, self._key)

    def _refuse_expired(self, now: Any) -> float:
        time = _seconds(now, "now")
        if time >= self.expires:
            over = time - self.expires
            raise PackError("pack", [f"it expired {over:,.0f} s ago; connect and get a new one"])
        return time

    def _note(self, kind: str, content: dict[str, Any], time: Any) -> Self:
        moment = _seconds(time, "time")
        event = {"kind": kind, "student": self.student, "time": moment, "device": self._device,
                 "seq": len(self._events) + 1, "content": {**content, "pack": self.id}}  # fmt: skip
        self._take(event)
        return self

    def _take(self, event: dict[str, Any]) -> None:
        """Fold an event in, at the time that counts: a clock that is set back does not run back."""
        time, content = float(event["time"]), event["content"]
        time = time if self._latest is None else max(time, self._latest)
        if event["kind"] == "lesson_done":
            self._done[content["lesson"]] += 1
        else:
            right = bool(content["correct"]) if "correct" in content else None
            with suppress(runtime.ImpossibleHistoryError):  # which counts for nothing there, too
                self._learner.update(content["skill"], right, item=content.get("item"), time=time)
        self._latest = time
        self._events.append(event)


def _seconds(given: Any, what: str) -> float:
    """A time in seconds since 1970; by default the device's clock."""
    if given is None:
        return seconds_now()
    problems: list[str] = []
    seconds, clock = runtime._moment(given, problems)
    if problems or clock == "naive":
        raise runtime.ResponseError(
            "pack", [f"{what} is {given!r}; expected seconds since 1970, or a datetime with a zone"]
        )
    return seconds


def seal(kind: str, body: Mapping[str, Any], key: bytes) -> str:
    """JSON of a body as text, with the key's id and an HMAC of the text.

    Raises
    ------
    PackError
        The key is too short, or the text would be too large to read.
    """
    inner = json.dumps(body, separators=(",", ":"), allow_nan=False)
    outer = {"format": kind, "version": VERSION, "key": key_id(key),
             "hmac": _digest(kind, inner, key), "body": inner}  # fmt: skip
    text = json.dumps(outer)
    if len(text) > LARGEST:
        raise PackError(kind, [f"it has {len(text):,} characters; at most {LARGEST:,} are read"])
    return text


def read_events(text: str | bytes, key: bytes) -> dict[str, Any]:
    """What a pack's ``events()`` holds: the pack, the student, the device and the events.

    Raises
    ------
    PackError
        The file is altered, truncated, too large, or of another key or version.
    """
    told = _unsealed(text, key, _EVENTS)
    try:
        for one in told["events"]:
            mine = one["student"], one["device"], one["content"]["pack"]
            if mine != (told["student"], told["device"], told["pack"]):
                raise PackError("events", ["an event is of another student, device or pack"])
    except _MALFORMED as error:
        if isinstance(error, PackError):
            raise
        raise _damaged("events", error) from None
    return told


def _damaged(what: str, error: BaseException) -> PackError:
    return PackError(what, [f"a part is missing or of the wrong kind: {error!r}"])


def key_id(key: bytes) -> str:
    """The name of a key in packs; the key cannot be told from it.

    Raises
    ------
    PackError
        The key is too short.
    """
    given: Any = key
    if not isinstance(given, bytes) or len(given) < _SHORTEST_KEY:
        raise PackError("key", [f"expected at least {_SHORTEST_KEY} bytes, as token_bytes(32)"])
    return hmac.new(key, b"adaptlearn key", hashlib.sha256).hexdigest()[:16]


def _digest(kind: str, inner: str, key: bytes) -> str:
    text = f"{kind} {VERSION}\n{inner}".encode("utf-8", "surrogatepass")
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _unsealed(text: str | bytes, key: bytes, kind: str) -> dict[str, Any]:
    """The body of what `seal` made; it is parsed only once it is known to be unchanged."""
    subject, mine = kind.removeprefix("adaptlearn-"), key_id(key)
    given: Any = text
    if not isinstance(given, (str, bytes)):
        raise PackError(subject, [f"a {type(text).__name__}; expected its text"])
    if len(text) > LARGEST:
        raise PackError(subject, [f"{len(text):,} characters; at most {LARGEST:,} are read"])
    try:
        outer = json.loads(text)
        found, version, theirs = outer["format"], outer["version"], outer["key"]
        inner, signed = outer["body"], outer["hmac"]
        if not all(type(one) is str for one in (found, theirs, inner, signed)):
            raise TypeError("a part is no text")
    except _MALFORMED as error:
        told = "nested too deeply" if isinstance(error, RecursionError) else "truncated or damaged"
        raise PackError(subject, [f"it is no {kind}, or it is {told}"]) from None
    if found != kind or type(version) is not int or version != VERSION:
        told = f"it is {found!r}, version {version!r}; expected {kind!r}, version {VERSION}"
        raise PackError(subject, [told])
    if theirs != mine:
        raise PackError(subject, [f"it was made with key {theirs[:16]!r}, this key is {mine!r}"])
    if not hmac.compare_digest(signed.encode(), _digest(kind, inner, key).encode()):
        raise PackError(subject, ["it was altered: its content does not match its HMAC"])
    body: dict[str, Any] = json.loads(inner)
    return body


class _Candidate:
    """A lesson that the student may do; `want` is what it teaches for its purpose."""

    __slots__ = ("done", "left", "lesson", "place", "purpose", "taught", "value")

    def __init__(self, place: int, lesson: Mapping[str, Any], left: frozenset[int]) -> None:
        self.place, self.lesson, self.purpose = place, lesson, "new"
        self.taught, self.left = frozenset(lesson["skills"]), left  # of these, not mastered
        self.value, self.done = 0.0, 0

    @property
    def group(self) -> tuple[str, frozenset[int]]:
        """What lessons on the same skills have in common."""
        return self.purpose, self.left if self.purpose == "new" else self.taught


class _Position:
    """Where a student stands: what is mastered, and which lessons that opens."""

    def __init__(
        self, body: Mapping[str, Any], learner: runtime.Student, done: Mapping[Label, int],
        now: float,
    ) -> None:  # fmt: skip
        self._policy, self._skills, self._lessons = body["policy"], body["skills"], body["lessons"]
        self._done = done
        labels = [one["skill"] for one in self._skills]
        self._known = [learner.mastery(label) for label in labels]
        self._answers = [learner.answers(label) for label in labels]
        self._granted, self._pins, self._barred = self._overrides(body["overrides"], now)
        every = range(len(labels))
        self._mastered = [
            self._known[k] >= self._skills[k]["threshold"] or labels[k] in self._granted
            for k in every
        ]
        enough = self._policy["ready"]
        self._ready = [
            self._mastered[k] or (enough is not None and self._known[k] >= enough) for k in every
        ]

    @staticmethod
    def _overrides(given: Sequence[Mapping[str, Any]], now: float) -> tuple[Any, ...]:
        """Skills that are granted, lessons that are pinned, lessons that are barred."""
        granted, barred = set(), set()
        pins: list[Label] = []
        for one in given:
            target = one["target"]
            if one["expires"] is not None and now >= one["expires"]:
                continue
            if one["action"] == "grant":
                granted.add(target)
                continue
            pins = [pin for pin in pins if pin != target]  # of one lesson the later counts
            barred.discard(target)
            if one["action"] == "pin":
                pins.append(target)
            else:
                barred.add(target)
        return granted, pins, barred

    def choose(self, draw: float) -> Choice:
        """The lesson with the best score; one of equal ones by the draw."""
        found = self._candidates()
        left = self._detour(found) if found else []
        groups: dict[Any, int] = {}
        for one, group in left:
            groups[group] = min(one.done, groups.get(group, one.done))
        fresh = [one for one, group in left if one.done == groups[group]]
        if self._pins:
            return Choice(self._pins[0], "assigned", None, 0, draw)
        if not fresh:
            return Choice(None, None, None, 0, draw)
        best = max(one.value for one in fresh)
        tied = [one for one in fresh if one.value >= best - _ROUNDING * max(1.0, abs(best))]
        # The first of which the share of those up to it exceeds the draw.
        chosen = tied[min(int(draw * len(tied)), len(tied) - 1)]
        return Choice(chosen.lesson["lesson"], chosen.purpose, chosen.value, len(tied), draw)

    def _waits(self, skill: int, taught: frozenset[int]) -> bool:
        """Whether a lesson's skill waits for something that the lesson does not teach itself."""
        needs, ready = self._skills[skill], self._ready
        if any(not ready[k] for k in needs["needs"] if k not in taught):
            return True
        groups = (group for group in needs["alternatives"] if not taught.intersection(group))
        return any(not any(ready[k] for k in group) for group in groups)

    def _wanted(self, skill: int) -> bool:
        goal = self._skills[skill]["goal"]
        return goal is None or goal > 0

    def _candidates(self) -> list[_Candidate]:
        """New lessons that are open and wanted, with their scores; not those that are barred."""
        found = []
        for place, lesson in enumerate(self._lessons):
            left = frozenset(k for k in lesson["skills"] if not self._mastered[k])
            if lesson["extra"] or not any(map(self._wanted, left)):
                continue
            one = _Candidate(place, lesson, left)
            if not any(self._waits(k, one.taught) for k in left):
                found.append(one)
        best = max((self._gain(one) for one in found), default=0.0)
        for one in found:
            for name, weight in self._policy["scorers"]:
                one.value += weight * self._score(name, one, best)
        return [one for one in found if one.lesson["lesson"] not in self._barred]

    def _score(self, name: str, one: _Candidate, best: float) -> float:
        if name == "gain_per_minute":
            return self._gain(one) / best if best > 0 else 0.0
        if name == "fixed_order":
            return float(one.lesson["order"])
        if name == "nearest_to_mastery":
            known: list[float] = [self._known[k] for k in one.left]
            return sum(known) / len(known)
        if name == "random":
            return 0.0
        raise PackError("pack", [f"its policy has the scorer {name!r}, which is unknown here"])

    def _gain(self, one: _Candidate) -> float:
        """The expected gain of mastery per minute, weighted by the goals."""
        gain = 0.0
        for k in one.lesson["skills"]:
            if k in one.left:
                goal = self._skills[k]["goal"]
                weight: float = (1 - self._known[k]) * self._skills[k]["learn"]
                gain += weight if goal is None else weight * goal
        return gain / float(one.lesson["minutes"])

    def _detour(self, found: list[_Candidate]) -> list[tuple[_Candidate, Any]]:
        """Lessons that give way: to what comes before a skill without progress, or to a teacher.

        With each, what the lessons on the same skills have in common.
        """
        stuck, alone = self._since("bout"), self._since("teacher_after")
        halted = {k for k in stuck if self._known[k] < _GETTING_ON}
        back = self._back(halted - alone)
        offered = {one.place for one in found}
        found = sorted([*found, *self._remedies(back, offered)], key=lambda one: one.place)
        groups = [one.group for one in found]
        for one in found:
            one.done = self._done[one.lesson["lesson"]]
        most, least = _extremes(found, groups)
        on_nothing_else = [one.purpose == "new" and bool(one.left) and one.left <= halted
                           for one in found]  # fmt: skip
        unsaid = [k for k, one in enumerate(found) if on_nothing_else[k] and not most[groups[k]]]
        self._spend([found[k] for k in unsaid])
        _, least = _extremes(found, groups)
        teacher = [bool(one.left & halted & alone) for one in found]
        tried = [on_nothing_else[k] and not teacher[k] and least[groups[k]] > 0
                 for k in range(len(found))]  # fmt: skip
        for k, one in enumerate(found):
            if not tried[k]:
                continue
            before = {b for skill in one.left for b in self._before(skill)} & back
            helps = [other for j, other in enumerate(found)
                     if other.taught & before and not teacher[j] and not tried[j]]  # fmt: skip
            for other in helps:
                other.value, other.purpose = max(other.value, one.value), "remediation"
            if helps:
                one.value = float("-inf")
        pairs = zip(found, groups, teacher, strict=True)
        return [
            (one, group) for one, group, gone in pairs if not gone and one.value > float("-inf")
        ]

    def _since(self, what: str) -> set[int]:
        """Skills that are not known after so many answers; none if the policy does not count."""
        often = self._policy[what]
        if often is None:
            return set()
        return {k for k, n in enumerate(self._answers) if n >= often and not self._ready[k]}

    def _before(self, skill: int) -> set[int]:
        needs = self._skills[skill]
        return {*needs["needs"], *(k for group in needs["alternatives"] for k in group)}

    def _back(self, halted: set[int]) -> set[int]:
        """Known skills that come before one without progress, and were practised less."""
        enough: dict[int, int] = {}
        for skill in halted:
            bouts = self._answers[skill] // self._policy["bout"] * self._policy["bout"]
            for k in self._before(skill):
                enough[k] = max(enough.get(k, 0), bouts)
        return {
            k for k, n in enough.items()
            if self._answers[k] < n and self._ready[k] and self._wanted(k)
            and self._skills[k]["skill"] not in self._granted
        }  # fmt: skip

    def _remedies(self, back: set[int], offered: set[int]) -> list[_Candidate]:
        """Lessons on skills to go back to that are not offered; nothing has scored them yet."""
        found = []
        for place, lesson in enumerate(self._lessons):
            taught = frozenset(lesson["skills"])
            barred = lesson["extra"] or lesson["lesson"] in self._barred
            if place in offered or barred or not taught & back:
                continue
            if not any(self._waits(k, taught) for k in taught):
                one = _Candidate(
                    place, lesson, frozenset(k for k in taught if not self._mastered[k])
                )
                one.purpose, one.value = "remediation", float("-inf")
                found.append(one)
        return found

    def _spend(self, unsaid: list[_Candidate]) -> None:
        """Count lessons as done that the answers on their skills were spent on: a bout to each."""
        so_far: dict[Any, int] = {}
        for one in sorted(unsaid, key=lambda one: (-one.value, one.place)):
            place = so_far.get(one.group, 0)
            so_far[one.group] = place + 1
            bouts = max(self._answers[k] for k in one.left) // self._policy["bout"]
            one.done = int(place < bouts)


def _extremes(found: list[_Candidate], groups: list[Any]) -> tuple[dict[Any, int], dict[Any, int]]:
    """How often the lesson of each group was done that was done most, and least."""
    most: dict[Any, int] = {}
    least: dict[Any, int] = {}
    for one, group in zip(found, groups, strict=True):
        most[group] = max(one.done, most.get(group, one.done))
        least[group] = min(one.done, least.get(group, one.done))
    return most, least
