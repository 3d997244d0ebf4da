"""What a tutor serves from: a model, its states, a curriculum; they are replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from time import time as seconds_now
from typing import Any, Concatenate, ParamSpec, TypeVar

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import AdaptLearnError, ParameterError, StateError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.responses.columns import moment_of
from adaptlearn.sequencing.items.next_item import NextItem
from adaptlearn.sequencing.knowledge.tracker import Review
from adaptlearn.sequencing.policies.policy import PolicyLike
from adaptlearn.tutor.admission import Admission
from adaptlearn.tutor.advice import Advice
from adaptlearn.tutor.events import LATEST
from adaptlearn.tutor.fold.states import States, Superseded
from adaptlearn.tutor.items import Items
from adaptlearn.tutor.ledger import Ledger
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.store import Store

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_Any = TypeVar("_Any", bound="Service")


def call(
    method: Callable[Concatenate[_Any, _Given], _Found],
) -> Callable[Concatenate[_Any, _Given], _Found]:
    """A public call of a tutor: an error after `close`, and made with the model on record.

    If another process has let another model take over, the tutor follows it, and the call is made
    anew. A call reads states before it records anything, so nothing is recorded twice.
    """

    @wraps(method)
    def made(self: _Any, /, *args: _Given.args, **options: _Given.kwargs) -> _Found:
        while True:
            self._check_open(method.__name__.lstrip("_"))
            try:
                return method(self, *args, **options)
            except Superseded as error:
                self._follow(error)

    return made


class Service:
    """The inner side of a tutor, which sets these attributes when it is made."""

    store: Store
    curriculum: Curriculum
    _policy: PolicyLike | None
    _review: Review | None
    _random: Any
    _make_items: Callable[..., NextItem]
    _practice: bool
    _unknown: str
    _load: Callable[[], KnowledgeTracer] | None
    _closed: bool
    _lock: Any  # an RLock, whose type has no name
    _following: Lock
    _names: StudentNames
    _ledger: Ledger

    @property
    def model(self) -> KnowledgeTracer:
        """The model whose states count now."""
        return self._states.fold.tracker.model

    def _use(self, states: States, curriculum: Curriculum) -> None:
        """Serve from these states and this curriculum from now on."""
        model = states.fold.tracker.model
        advice = Advice(curriculum, states.fold, self._policy, self._review, self._random)
        self._admission = Admission(model, curriculum, self._unknown == "accept", self.store.claim)
        self._items = Items(curriculum, self._make_items)
        self._advice, self._states, self.curriculum = advice, states, curriculum

    @contextmanager
    def _serving(self) -> Iterator[tuple[States, Advice]]:
        """The states and the advice in use, for one thread at a time."""
        with self._lock:
            yield self._states, self._advice

    def _introduce(self, new_model: bool) -> None:
        """Put model and curriculum on record, and notice from now on who replaces the model."""
        states = self._states
        mine = {
            "model": states.fold.tracker.fingerprint, "curriculum": self.curriculum.fingerprint
        }  # fmt: skip
        number, last = self._ledger.introduce(mine, new_model)
        states.watch(number if last == mine["model"] else number - 1)

    def _check_open(self, what: str) -> None:
        if self._closed:
            problem = f"{what} was called, but the tutor is closed"
            raise StateError(f"{problem}; open the store again, with Tutor.open")

    def _follow(self, superseded: Superseded) -> None:
        """Take over the model that another process let take over, if this tutor can load it."""
        with self._following:
            if self._states is not superseded.states:  # another thread followed
                return
            if self._load is None:
                raise superseded
            try:
                model = self._load()
            except (OSError, AdaptLearnError) as error:
                said = f"the tutor's file cannot be loaded: {error}"
                raise StateError(f"{superseded}; {said}") from error
            if model.fingerprint_ == self.model.fingerprint_:
                raise StateError(f"{superseded}; the tutor's file holds the old one") from None
            # The file may hold a later model yet, which is about to take over, too. Students are
            # folded when they are asked for, as after a start.
            states = States(self.store, self._names.label, model, self._practice, self._lock)
            states.watch(superseded.number)
            with self._lock:
                self._use(states, self.curriculum)


def moment(given: Any, what: str = "now") -> float:
    """A time that is asked for, in seconds since 1970; by default the present."""
    if given is None:
        return seconds_now()
    seconds, clock = moment_of(given, what)
    if clock == "naive":
        raise ParameterError(what, [f"{given} has no time zone; give it one"])
    if abs(seconds) > LATEST:
        problem = f"{seconds:g} is too far from now; at most {LATEST:g} seconds from 1970 are kept"
        raise ParameterError(what, [problem])
    return seconds
