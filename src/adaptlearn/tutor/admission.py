"""What may be recorded: events that the model and the curriculum can use.

A store keeps what it is given, so what nobody could use must not get in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import Any, NamedTuple

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import AdaptLearnError, ParameterError, quiet
from adaptlearn.labels import Label, near_spellings
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.tracking.clock import DAY
from adaptlearn.tutor.events import KINDS as EVENT_KINDS
from adaptlearn.tutor.events import RECORDED, Event
from adaptlearn.tutor.names import FORMS, KINDS
from adaptlearn.wording import counted, shown

MOST_EVENTS = 100_000
"""Events of one call, at most."""


class Refused(NamedTuple):
    """An event that was not recorded: its place in the call, its id if it has one, and why."""

    place: int
    id: str | None
    problems: tuple[str, ...]

    def __str__(self) -> str:
        name = "" if self.id is None else f" (id {shown(self.id)})"
        return f"event {self.place}{name}: {'; '.join(self.problems)}"


class Admission:
    """Checks events before they are recorded.

    Parameters
    ----------
    model : KnowledgeTracer
    curriculum : Curriculum
    accept_unknown : bool
        Whether answers may be of skills and items that neither the model nor the curriculum has.
    claim : callable
        As `Store.claim`.
    """

    def __init__(
        self, model: KnowledgeTracer, curriculum: Curriculum, accept_unknown: bool,
        claim: Callable[[str, str], str],
    ) -> None:  # fmt: skip
        trained = model.skills_.tolist()
        self._model = model
        self._skills = {*trained, *curriculum.skills.tolist()}
        self._items = {*curriculum.items.tolist()}
        self._lessons = {*curriculum.lessons.tolist()}
        self._kind = {"skill": type(trained[0])} if trained else {}
        fitted = getattr(model, "items_", None)
        if fitted is not None:
            self._items |= {*fitted.tolist()}
        if self._items:
            self._kind["item"] = type(next(iter(self._items)))
        self._accept_unknown, self._claim = accept_unknown, claim
        self._item_form: Label | None = None
        self._combined: dict[tuple[Label, ...], str] = {}

    def read(
        self, given: Sequence[Any], now: float, students: Sequence[Label] = (), ahead: float = DAY
    ) -> tuple[list[tuple[int, Event]], list[Refused]]:
        """The events of a call by place, and everything that was wrong with the others.

        Parameters
        ----------
        given : sequence
            As `listed_events` returns it.
        now : float
        students : sequence of label
            Labels of the kind that the store's students have; the first event decides if it is
            empty.
        ahead : float
            By how many seconds an event's time may be after now.
        """
        taken, refused = [], []
        for place, one in enumerate(given):
            event, problems = Event.draft(one)
            if event is not None:
                problems = [*problems, *self._problems(event, now, ahead)]
                if not students and event.student is not None:
                    students = [event.student]
                problems += _other_kind("student", event.student, students)
                problems += [] if problems else self._other_item(event)
            if event is None or problems:
                name = one.get("id") if isinstance(one, Mapping) else getattr(event, "id", None)
                refused.append(Refused(place, name, tuple(problems)))
            else:
                taken.append((place, event))
        return taken, refused

    def _problems(self, event: Event, now: float, ahead: float) -> list[str]:
        """What the model, the curriculum and the clock say; of wrong fields nothing more."""
        if event.kind not in EVENT_KINDS:
            return []
        if event.kind not in RECORDED:
            told = "a tutor's own methods make events of this kind"
            return [f"kind is {event.kind!r}; {told}; record one of {', '.join(RECORDED)}"]
        problems = []
        if event.time is not None and event.time > now + ahead:
            found, most = (event.time - now) / DAY, counted(round(ahead / DAY), "day")
            problems.append(
                f"time {event.time:.15g} is {found:.1f} days ahead, and at most {most} is taken; "
                "correct the device's clock"
            )
        content = event.content
        if event.kind == "lesson_done":
            lesson = content.get("lesson")
            if lesson is not None and lesson not in self._lessons:
                problems.append(_unknown("lesson", lesson, self._lessons))
            return problems
        skill = content.get("skill")
        skills: list[Any] = skill if isinstance(skill, list) else [skill]
        named = [("skill", one, self._skills) for one in skills if one is not None]
        if content.get("item") is not None:
            named.append(("item", content["item"], self._items))
        unknown = [
            _unknown(what, label, known) for what, label, known in named
            if label not in known and not self._accepted(what, label)
        ]  # fmt: skip
        if len(skills) > 1 and not unknown and None not in skills:
            unknown += filter(None, [self._refusal(tuple(skills))])
        return problems + unknown

    def _accepted(self, what: str, label: Label) -> bool:
        """Whether a label may be one that nobody knows."""
        if what == "item" and not self._items:
            return True
        return self._accept_unknown and type(label) is self._kind[what]

    def _other_item(self, event: Event) -> list[str]:
        """If nobody knows items, the first that is recorded decides whether they are texts."""
        item = event.content.get("item")
        if item is None or self._items:
            return []
        if self._item_form is None:
            self._item_form = FORMS[self._claim("items", KINDS[type(item)])]
        return _other_kind("item", item, [self._item_form])

    def _refusal(self, skills: tuple[Label, ...]) -> str:
        """Why the model takes no answers on several skills, if it does not."""
        if skills not in self._combined:
            try:
                with quiet():
                    one = {"student": ["?"], "skill": [[*skills]], "correct": [1]}
                    self._model.predict_proba(one)
                self._combined[skills] = ""
            except AdaptLearnError as error:
                self._combined[skills] = f"the model takes no answer on these skills: {error}"
        return self._combined[skills]


def _unknown(what: str, label: Label, known: Iterable[Label]) -> str:
    return f"unknown {what} {label!r}{near_spellings(label, known)}"


def _other_kind(what: str, label: Label | None, known: Sequence[Label]) -> list[str]:
    """What is wrong with a text where labels are integers, or with an integer where texts are."""
    if label is None or not known or type(label) is type(known[0]):
        return []
    return [f"{what} {label!r}{near_spellings(label, known[:1])}"]


def listed_events(given: Any) -> list[Any]:
    """The events of a call, of which there may be one.

    Raises
    ------
    ParameterError
        The call holds too many events, or none that could be.
    """
    if isinstance(given, (Event, Mapping)):
        return [given]
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        problem = f"a {type(given).__name__}; expected an event, or a list of events"
        raise ParameterError("record", [problem])
    listed = []
    for one in given:
        listed.append(one)
        if len(listed) > MOST_EVENTS:
            number = f"more than {MOST_EVENTS:,}"
            number = f"{len(given):,}" if isinstance(given, Sized) else number
            problem = f"{number} events in one call; at most {MOST_EVENTS:,}. Record them in parts"
            raise ParameterError("record", [problem])
    return listed
