"""The loop as one object: answers in, decisions out, over a store that loses nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock, RLock
from time import time as seconds_now
from typing import Any, Self

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.registry import load as load_model
from adaptlearn.sequencing.decisions.decisions import Decisions
from adaptlearn.sequencing.items.next_item import ItemChoice, NextItem
from adaptlearn.sequencing.knowledge.tracker import Review
from adaptlearn.sequencing.placement.placement import Placement
from adaptlearn.sequencing.policies.policy import PolicyLike
from adaptlearn.tutor.advice import (
    check_fit,
    lost,
    problems_of,
)
from adaptlearn.tutor.diagnostic import Diagnostic
from adaptlearn.tutor.events import Event
from adaptlearn.tutor.fold.fold import REPLACED
from adaptlearn.tutor.fold.states import States
from adaptlearn.tutor.items import Items
from adaptlearn.tutor.ledger import Ledger
from adaptlearn.tutor.looking import Looking
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.packing import Packing
from adaptlearn.tutor.receipts import Receipt, Synced
from adaptlearn.tutor.service import call, moment
from adaptlearn.tutor.store import Store
from adaptlearn.tutor.teaching import Teaching
from adaptlearn.tutor.wiring import open_store
from adaptlearn.validation import OneOf, check_parameters

_ITEM_KINDS = ("answer", "exposure", "item")


class Tutor(Teaching, Looking, Packing):
    """Records what students do, and chooses their next lessons; everything survives a restart.

    The store of events is the truth. The tutor folds a student's events into a state when it is
    asked about the student, so it needs no time to start. Any number of threads and processes may
    use tutors on one store: each call reads everything that was acknowledged anywhere before the
    call. In asynchronous code, call the methods through `asyncio.to_thread`.

    Parameters
    ----------
    model : KnowledgeTracer
        Fitted.
    curriculum : Curriculum
    store : Store
        Where events are kept; see `open` for a file.
    policy : Policy, optional
        As in `Sequencer`.
    review : Review, optional
        As in `Sequencer`.
    placement : Placement, optional
        The diagnostic of `place`; by default ``Placement(curriculum)``.
    items : callable, optional
        Makes the chooser of `next_item` from a curriculum, for example
        ``functools.partial(NextItem, by="target")``. By default `NextItem`.
    practice : bool, default True
        Whether states keep what students did on each skill; see `MasteryTracker`. Without it,
        reasons do not show the latest answers, and policies that look at them raise an error.
    key : bytes, optional
        A secret of at least 16 bytes. With a key, the store holds a keyed digest in place of each
        student's label. Keep the key: without it nobody can find a student in the store.
    unknown : {"refuse", "accept"}
        Whether `record` refuses answers on skills and items that neither the model nor the
        curriculum has.
    new_model : bool, default False
        Whether `model` may differ from the model with which the store was last used. The tutor then
        computes all states with the new model. Recorded decisions keep their model's fingerprint.
    new_curriculum : bool, default False
        Whether `curriculum` may differ from the curriculum with which the store was last used.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The source of random draws of the policy and of items.

    Attributes
    ----------
    store : Store
    model : KnowledgeTracer
    curriculum : Curriculum

    Raises
    ------
    ParameterError, CurriculumError
        The error is raised if an argument is out of range, or if the model knows no skill of the
        curriculum.
    StateError
        The error is raised if the store was used with another model, another curriculum, or another
        key. Calls that read states raise it, too, if another process has let another model or
        curriculum take over, and any call raises it after `close`.

    Examples
    --------
    >>> from adaptlearn import Curriculum, Tutor
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.storage import MemoryStore
    >>> model = BKT.from_parameters({"skill": ["add", "multiply"], "prior": [0.3, 0.1],
    ...     "learn": [0.2, 0.2], "guess": [0.2, 0.2], "slip": [0.1, 0.1]})
    >>> curriculum = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> tutor = Tutor(model, curriculum, MemoryStore(), random_state=0)
    >>> tutor.record([{"student": "mia", "skill": "add", "correct": 1}])[0].status
    'new'
    >>> tutor.next_lesson("mia")[0].lesson
    'add'
    """

    def __init__(
        self,
        model: KnowledgeTracer,
        curriculum: Curriculum,
        store: Store,
        *,
        policy: PolicyLike | None = None,
        review: Review | None = None,
        placement: Placement | None = None,
        items: Callable[..., NextItem] = NextItem,
        practice: bool = True,
        key: bytes | None = None,
        unknown: str = "refuse",
        new_model: bool = False,
        new_curriculum: bool = False,
        random_state: Any = None,
    ) -> None:
        given: Any = store
        problems = [*problems_of(model, curriculum)]
        if not isinstance(given, Store):
            problems.append(f"store is a {type(store).__name__}; expected a Store; see Tutor.open")
        check_parameters(
            "Tutor",
            {
                "unknown": unknown,
                **(
                    switches := {
                        "practice": practice,
                        "new_model": new_model,
                        "new_curriculum": new_curriculum,
                    }
                ),
            },
            {"unknown": [OneOf(("refuse", "accept"))]}
            | {name: [OneOf((True, False))] for name in switches},
            problems,
        )
        self.store = store
        self.curriculum = curriculum
        self._policy, self._review, self._random = policy, review, random_state
        self._placement, self._make_items = placement, items
        self._practice, self._unknown = practice, unknown
        self._load: dict[str, Callable[[], Any]] = {}
        self._closed = False
        self._lock, self._following = RLock(), Lock()
        self._names = StudentNames(store, key)
        self._ledger = Ledger(store, self._names)
        self._use(States(store, self._names.label, model, practice, self._lock), curriculum)
        new = {"model": new_model, "curriculum": new_curriculum}
        self._introduce(new, [kind for kind, may in new.items() if may])

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        model: KnowledgeTracer | str | os.PathLike[str],
        curriculum: Curriculum | str | os.PathLike[str],
        **options: Any,
    ) -> Self:
        """Open a tutor over a SQLite file or a PostgreSQL database.

        Parameters
        ----------
        path : str or path
            A file, which is made if it does not exist; or the address of a database, such as
            ``"postgresql://localhost/school"``, in which the tables are made if they do not exist.
        model : KnowledgeTracer, str or path
            As above; or the file of a model. When another process lets another model take over (see
            `sync`), a tutor with a file loads it anew, and the next call is made with what it
            holds. A tutor without a file raises an error at the next call that reads states.
        curriculum : Curriculum, str or path
            As above; or a JSON file, as `Curriculum.to_json` writes it. What was said of a model's
            file holds for it, too.
        **options
            Further arguments of `Tutor`.

        Raises
        ------
        StoreError
            The error is raised if the file is not a store, or cannot be opened.

        Examples
        --------
        >>> tutor = Tutor.open("school.db", model=model, curriculum=curriculum)  # doctest: +SKIP
        """
        used: dict[str, Any] = {"model": model, "curriculum": curriculum}
        load: dict[str, Callable[[], Any]] = {}
        if isinstance(model, (str, os.PathLike)):
            load["model"] = partial(load_model, model)
        if isinstance(curriculum, (str, os.PathLike)):
            load["curriculum"] = partial(Curriculum.from_json, Path(curriculum))
        used |= {kind: read() for kind, read in load.items()}
        made = cls(store=open_store(path), **used, **options)
        made._load = load
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Tutor({self.model!r}, {self.curriculum!r}, {self.store!r})"

    def close(self) -> None:
        """Close the store; every later call raises an error."""
        self._closed = True
        self.store.close()

    @call
    def record(self, events: Any, *, partial: bool = False) -> list[Receipt]:
        """Record events; return when all of them are durable.

        Parameters
        ----------
        events : Event, mapping, or list of either
            A mapping has the fields of an `Event`. Every other name belongs to the content, as in
            ``{"student": "mia", "skill": "add", "correct": 1}``. At most 100,000 events.
        partial : bool, default False
            Whether the valid events are recorded if other events are wrong.

        Returns
        -------
        list of Receipt
            One for each event, in their order.

        Raises
        ------
        ParameterError
            The error lists the wrong events; no event was recorded.
        StoreError
            The store could not write; no event was recorded.
        """
        return self._record(events, partial=partial)

    @call
    def next_lesson(self, students: Any, n: int = 1, now: Any = None) -> Decisions:
        """Choose the next lessons of students, and record the decisions.

        Parameters
        ----------
        students : label, or sequence of labels
            A student without events is a new student. A student who is named twice gets one choice.
        n : int, default 1
            Lessons per student; see `Sequencer.recommend`.
        now : float or datetime, optional
            The time of the decisions, in seconds since 1970 or as a datetime with a time zone; by
            default the present.

        Returns
        -------
        Decisions
            As `Sequencer.recommend` returns them: they print as a table, and you can index them.

        Raises
        ------
        ParameterError, UnknownLabelError
            As `Sequencer.recommend` raises them.
        """
        time = moment(now)
        keys = self._names.keys(students, record=True)
        inside = {self._names.label(key): key for key in keys}
        with self._serving() as (states, advice):
            states.refresh(keys)
            learners = {label: states.learner(key) for label, key in inside.items()}
            decisions = advice.decide(learners, states.learner(""), n, time)
        told = [(inside[one.student], one.id, one.to_dict()) for one in decisions]
        self._ledger.write("decision", told, time)
        return decisions.renamed({label: keys[key] for label, key in inside.items()})

    @call
    def next_item(self, student: Label, lesson: Label) -> ItemChoice:
        """Choose an item of a lesson, and record the choice; never one that was just seen.

        Items that the student answered or was given count as seen, also before a restart. In a
        lesson of few items, the one seen longest ago comes again.

        Raises
        ------
        UnknownLabelError
            The lesson is unknown.
        ParameterError
            The lesson has no items.
        """
        (key,) = self._names.keys([student], record=True)
        with self._serving() as (states, _):
            states.refresh([key])
            told = (entry.event.content for entry in self._entries(student, _ITEM_KINDS))
            seen = [content["item"] for content in told if "item" in content]
            tracker = states.fold.tracker
            choice = self._items.choose(self._names.label(key), lesson, seen, tracker)
        content = {"item": choice.item, "lesson": lesson, "propensity": choice.propensity,
                   "score": choice.score, "p_correct": choice.p_correct}  # fmt: skip
        self._ledger.write("item", [(key, None, content)], seconds_now())
        return choice

    @call
    def place(self, student: Label) -> Diagnostic:
        """Start a student's placement, or go on with it; it ends in the student's state.

        Raises
        ------
        StateError
            The placement was begun with other settings, or with another curriculum.
        """
        self._catch_up()
        (key,) = self._names.keys([student], record=True)
        placement = self._placement or Placement(self.curriculum)
        told = [entry.event.content for entry in self._entries(student, ("placement",))]
        sessions = [content["session"] for content in told if "session" in content]
        label = self._names.label(key)
        session = placement.resume(sessions[-1]) if sessions else placement.start(label)
        return Diagnostic(session, partial(self._placed, student))

    @call
    def _placed(self, student: Label, contents: Sequence[Mapping[str, Any]]) -> list[Receipt]:
        return self._ledger.note(student, "placement", contents)

    @call
    def lesson_done(self, student: Label, lesson: Label, *, time: Any = None) -> Receipt:
        """Record that a student has done a lesson, whether or not it was recommended."""
        return self.record(Event("lesson_done", student, {"lesson": lesson}, time))[0]

    @call
    def sync(
        self, *, model: KnowledgeTracer | None = None, curriculum: Curriculum | None = None
    ) -> Synced:
        """Take over a new model, an edited curriculum, or both, while others go on.

        The states of the new model are folded from the store beside the old ones, which serve until
        the new ones are complete. The fold rests as long as it works, so that other threads go on.
        If it raises an error, nothing has changed. Tutors in other processes notice at their next
        call that reads states: those that were opened with the file of a model load it anew (see
        `open`), the others raise an error until they `sync`, too. All of them go on recording.

        Raises
        ------
        CurriculumError
            The model knows no skill of the curriculum; nothing was changed.
        """
        graph = self.curriculum if curriculum is None else curriculum
        if problems := problems_of(self.model if model is None else model, graph):
            raise ParameterError("sync", problems)
        check_fit(self.model if model is None else model, graph)
        new = {"model": model, "curriculum": curriculum}
        given = [kind for kind, one in new.items() if one is not None]
        states = self._states
        if model is not None:
            states = States(self.store, self._names.label, model, self._practice, RLock())
        with states.unwatched(given):
            states.refresh_all(gently=True)
            learners = {self._names.label(key) if key else None: learner
                        for key, learner in [*states.fold.learners.items()]}  # fmt: skip
            gone = lost(graph, learners)
            with self._lock:
                states.refresh_all()
                states.guard(self._lock)
                if states is not self._states:
                    states.inherit(self._states, {*REPLACED} - {*given})
                self._use(states, graph)
        self._introduce(given, given)
        return Synced(self.model.fingerprint_, graph.fingerprint, tuple(gone))

    @call
    def snapshot(self) -> None:
        """Keep all states in the store, from which the next tutor over it starts.

        A snapshot is a cache: without one, or with a damaged one, states are folded from events
        when they are asked for. A snapshot saves time if a process asks for the mastery of all
        students.
        """
        self._states.keep()

    @call
    def forget(self, student: Label) -> int:
        """Erase a student: events, decisions, states; return the number of erased events.

        Later events of the student are not kept. The file of a `SQLiteStore` is written anew, which
        takes about as long as copying it.
        """
        (key,) = self._names.keys([student])
        gone = self.store.forget(key)
        with self._serving() as (states, _):
            states.refresh(())
            self._items = Items(self.curriculum, self._make_items)
        return gone
