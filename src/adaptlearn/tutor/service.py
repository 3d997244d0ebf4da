"""What a tutor serves from: a model, its states, a curriculum; they are replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from threading import Lock
from time import time as seconds_now
from typing import Any, Concatenate, ParamSpec, TypeVar

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import AdaptLearnError, ParameterError, StateError, StoreError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.responses.columns import moment_of
from adaptlearn.sequencing.items.next_item import NextItem
from adaptlearn.sequencing.knowledge.tracker import Review
from adaptlearn.sequencing.policies.policy import PolicyLike
from adaptlearn.tracking.clock import DAY
from adaptlearn.tutor.admission import Admission, listed_events
from adaptlearn.tutor.advice import Advice
from adaptlearn.tutor.events import LATEST
from adaptlearn.tutor.fold.fold import REPLACED
from adaptlearn.tutor.fold.states import States, Superseded
from adaptlearn.tutor.items import Items
from adaptlearn.tutor.ledger import Ledger
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.receipts import Receipt
from adaptlearn.tutor.store import Store

_TOLD = 20  # wrong events that an error lists
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_Any = TypeVar("_Any", bound="Service")


def call(
    method: Callable[Concatenate[_Any, _Given], _Found],
) -> Callable[Concatenate[_Any, _Given], _Found]:
    """A public call of a tutor: an error after `close`, and made with the model on record.

    If another process has let another model or curriculum take over, the tutor follows it, and the
    call is made anew. A call reads states before it records anything, so nothing is recorded twice.
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
    _load: dict[str, Callable[[], Any]]
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
        states.expect("curriculum", curriculum.fingerprint)
        self._advice, self._states, self.curriculum = advice, states, curriculum

    @contextmanager
    def _serving(self) -> Iterator[tuple[States, Advice]]:
        """The states and the advice in use, for one thread at a time."""
        with self._lock:
            yield self._states, self._advice

    def _record(self, events: Any, *, partial: bool, ahead: float = DAY) -> list[Receipt]:
        """Record events that are at most so many seconds ahead; see `Tutor.record`."""
        now = seconds_now()
        events = listed_events(events)
        taken, refused = self._admission.read(events, now, self._names.forms(), ahead)
        if refused and self._catch_up():  # another process has let a curriculum take over
            taken, refused = self._admission.read(events, now, self._names.forms(), ahead)
        if refused and not partial:
            told = [str(one) for one in refused[:_TOLD]]
            if len(refused) > _TOLD:
                told.append(f"… and {len(refused) - _TOLD:,} more events")
            remedy = "Nothing was recorded; partial=True records the other events."
            raise ParameterError("record", told, remedy)
        kept = self._ledger.keep([event for _, event in taken], now)
        receipts = dict(zip((place for place, _ in taken), kept, strict=True))
        for place, name, problems in refused:
            receipts[place] = Receipt(name, "refused", problems)
        return [receipts[place] for place in sorted(receipts)]

    def _introduce(self, kinds: Collection[str], may_replace: Collection[str]) -> None:
        """Put model or curriculum on record, and notice from now on who replaces them."""
        states, mine = self._states, _fingerprints(self.model, self.curriculum)
        last = self._ledger.introduce({kind: mine[kind] for kind in kinds}, may_replace)
        for kind, (number, standing) in last.items():
            states.watch(kind, number if standing == mine[kind] else number - 1)

    def _check_open(self, what: str) -> None:
        if self._closed:
            problem = f"{what} was called, but the tutor is closed"
            raise StateError(f"{problem}; open the store again, with Tutor.open")

    def _catch_up(self) -> bool:
        """Follow other processes where labels are checked, if that can be; whether it did.

        It raises nothing: the call needs no states.
        """
        with suppress(StateError, StoreError):
            try:
                self._states.refresh(())
            except Superseded as error:
                self._follow(error)
                return True
        return False

    def _follow(self, superseded: Superseded) -> None:
        """Take over what another process let take over, if this tutor can load it."""
        with self._following:
            replaced = self._states.replaced()
            if not replaced:  # another thread followed
                return
            if not replaced.keys() <= self._load.keys():
                raise superseded
            loaded = {kind: self._loaded(kind, superseded) for kind in replaced}
            # The file may hold a later one yet, which is about to take over, too. Students are
            # folded when they are asked for, as after a start.
            with self._lock:
                states = self._states
                if "model" in loaded:
                    model = loaded["model"]
                    states = States(
                        self.store, self._names.label, model, self._practice, self._lock
                    )
                    states.inherit(self._states, {*REPLACED} - {"model"})
                self._use(states, loaded.get("curriculum", self.curriculum))
                for kind, number in replaced.items():
                    states.watch(kind, number)

    def _loaded(self, kind: str, superseded: Superseded) -> Any:
        """What the tutor's file holds now, if that is another than the one in use."""
        try:
            found = self._load[kind]()
        except (OSError, AdaptLearnError) as error:
            said = f"the tutor's {kind} file cannot be loaded: {error}"
            raise StateError(f"{superseded}; {said}") from error
        held: dict[str, Any] = {"model": self.model, "curriculum": self.curriculum}
        if _fingerprints(**{**held, kind: found}) == _fingerprints(**held):
            raise StateError(f"{superseded}; the tutor's {kind} file holds the old one")
        return found


def _fingerprints(model: KnowledgeTracer, curriculum: Curriculum) -> dict[str, str]:
    return {"model": model.fingerprint_, "curriculum": curriculum.fingerprint}


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
