"""What may be recorded: events that the model and the curriculum can use.

A store keeps what it is given, so what nobody could use must not get in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any, NamedTuple

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import AdaptLearnError, ParameterError, ProblemsError, quiet
from adaptlearn.labels import Label, near_spellings
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.tracking.clock import DAY
from adaptlearn.tutor.events import RECORDED, Event
from adaptlearn.wording import shown

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
    """

    def __init__(
        self, model: KnowledgeTracer, curriculum: Curriculum, accept_unknown: bool
    ) -> None:
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
        self._accept_unknown = accept_unknown
        self._combined: dict[tuple[Label, ...], str] = {}

    def read(self, given: Any, now: float) -> tuple[list[tuple[int, Event]], list[Refused]]:
        """The events of a call by place, and what was wrong with the others.

        Raises
        ------
        ParameterError
            The call holds too many events, or none that could be.
        """
        listed = _listed(given)
        taken, refused = [], []
        for place, one in enumerate(listed):
            try:
                event = Event.of(one)
            except ProblemsError as error:
                name = one.get("id") if isinstance(one, Mapping) else None
                refused.append(Refused(place, name, error.problems))
                continue
            if problems := self._problems(event, now):
                refused.append(Refused(place, event.id, tuple(problems)))
            else:
                taken.append((place, event))
        return taken, refused

    def _problems(self, event: Event, now: float) -> list[str]:
        if event.kind not in RECORDED:
            told = "a tutor's own methods make events of this kind"
            return [f"kind is {event.kind!r}; {told}; record one of {', '.join(RECORDED)}"]
        problems = []
        if event.time is not None and event.time > now + DAY:
            ahead = (event.time - now) / DAY
            problems.append(
                f"time {event.time:.15g} is {ahead:.1f} days ahead; correct the device's clock"
            )
        content = event.content
        if event.kind == "lesson_done":
            if content["lesson"] not in self._lessons:
                problems.append(_unknown("lesson", content["lesson"], self._lessons))
            return problems
        skills = content["skill"] if isinstance(content["skill"], list) else [content["skill"]]
        named = [("skill", one, self._skills) for one in skills]
        if "item" in content:
            named.append(("item", content["item"], self._items))
        for what, label, known in named:
            other = type(label) is not self._kind.get(what, type(label))
            if known and label not in known and (other or not self._accept_unknown):
                problems.append(_unknown(what, label, known))
        if len(skills) > 1 and not problems:
            problems += filter(None, [self._refusal(tuple(skills))])
        return problems

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


def _listed(given: Any) -> list[Any]:
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
