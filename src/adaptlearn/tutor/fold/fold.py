"""The fold: events in canonical order become the state of each student."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.numerics import Ints
from adaptlearn.tracking.tracker import MasteryTracker
from adaptlearn.tutor.fold.feed import Feed
from adaptlearn.tutor.fold.order import Ordered, canonical, ranks
from adaptlearn.tutor.store import CONFLICT, Columns

REPLACED = ("model", "curriculum")
"""The kinds that tell of what a tutor serves from, and what is replaced as a whole."""

FOLDED = (
    "answer", "exposure", "placement", "lesson_done", "override", "goal", *REPLACED, "erasure",
    CONFLICT,
)  # fmt: skip
"""The kinds that are read for a state; the others are the record of what was done with it."""


class Reached(NamedTuple):
    """How far one device of one student has come; compared field by field, in this order."""

    moment: float
    device: str
    seq: int
    time: float
    id: str


class Told(NamedTuple):
    """An override as its event tells it, without its student."""

    moment: float
    id: str
    content: dict[str, Any]


_NOTHING: Mapping[Label, int] = MappingProxyType({})


class Goal(NamedTuple):
    """What a goal event tells: pairs of a skill or lesson and its weight; until when it counts."""

    targets: list[tuple[Label, float]]
    expires: float | None


@dataclass(slots=True)
class Learner:
    """What is folded of one student beside the answers.

    Attributes
    ----------
    number : int
        The largest number among the rows that are folded in.
    reached : dict of device to Reached
        The last row of each device.
    done : mapping of lesson to int
    overrides : tuple of Told
        In canonical order; those that were withdrawn are gone.
    goal : Goal or None
        As the last goal event tells it.
    """

    number: int = 0
    reached: dict[str, Reached] = field(default_factory=dict)
    # Most students have neither; an object of each would slow the collector of garbage down.
    done: Mapping[Label, int] = field(default_factory=lambda: _NOTHING)
    overrides: tuple[Told, ...] = ()
    goal: Goal | None = None


class Fold:
    """The states of students under one model; one thread at a time may use it.

    Parameters
    ----------
    model : KnowledgeTracer
    practice : bool
        As in `MasteryTracker`.
    label : callable
        Gives the label of a student's key.

    Attributes
    ----------
    practice, label
        As above.
    tracker : MasteryTracker
    learners : dict of key to Learner
        The students who were folded; the empty key stands for what concerns all.
    lessons_done : dict of label to mapping of lesson to int
    """

    def __init__(
        self, model: KnowledgeTracer, practice: bool, label: Callable[[str], Label]
    ) -> None:
        self.practice = practice
        self.tracker = MasteryTracker(model, practice=practice)
        self.learners: dict[str, Learner] = {}
        self.lessons_done: dict[Label, Mapping[Label, int]] = {}
        self.label = label
        self._latent = self.tracker.mastery([]).kind == "latent"
        self._feed = Feed(self.tracker, label)

    @property
    def refused(self) -> dict[str, str]:
        """Ids of answers that the model cannot take, and why; they count for nothing."""
        return self._feed.refused

    def start(
        self, tracker: MasteryTracker, learners: dict[str, Learner], refused: dict[str, str]
    ) -> None:
        """Become the fold that a snapshot holds; this one is new."""
        self.tracker, self.learners = tracker, learners
        self._feed = Feed(tracker, self.label, refused)
        for key, learner in learners.items():
            if learner.done:
                self.lessons_done[self.label(key)] = learner.done

    def after(self, keys: Iterable[str]) -> dict[str, int]:
        """For each student, the number after which rows are not folded yet."""
        return {key: self._of(key).number for key in keys}

    def _of(self, key: str) -> Learner:
        return self.learners.get(key) or Learner()

    def take(self, columns: Columns) -> list[str]:
        """Fold rows in that were read after what is folded.

        Returns
        -------
        list of str
            Students with rows that belong before what is folded, sorted. Nothing of them was
            taken: forget them, read all their rows, and take those.
        """
        late = self._late(columns)
        if late:
            kept = [row for row, key in enumerate(columns.student) if key not in late]
            columns = columns.of_rows(kept)
        if columns.number:
            self._take(columns)
        return sorted(late)

    def forget(self, keys: Iterable[str]) -> None:
        """Return students to where they were before their first event."""
        gone = [key for key in keys if self.learners.pop(key, None) is not None]
        labels = [self.label(key) for key in gone if key]
        for label in labels:
            self.lessons_done.pop(label, None)
        unmet = {*self.tracker.unmet(labels)}
        self.tracker.forget([label for label in labels if label not in unmet])

    def _late(self, columns: Columns) -> set[str]:
        """Students with a row that belongs before one that is folded, or that is in conflict."""
        late = {key for key, kind in zip(columns.student, columns.kind, strict=True)
                if kind == CONFLICT and self._of(key).number}  # fmt: skip
        firsts: dict[str, Reached] = {}
        for key, device, seq, time, received, name in zip(
            columns.student, columns.device, columns.seq, columns.time, columns.received,
            columns.id, strict=True,
        ):  # fmt: skip
            learner = self.learners.get(key)
            if learner is None or not learner.reached or key in late:
                continue
            told = received if time is None else time
            before = learner.reached.get(device)
            moment = told if before is None else max(told, before.moment)
            mine = Reached(moment, device, seq, told, name)
            if before is not None and (seq, told, name) < (before.seq, before.time, before.id):
                late.add(key)
            elif key not in firsts or mine < firsts[key]:
                firsts[key] = mine
        late |= {
            key for key, first in firsts.items()
            if first < max(self.learners[key].reached.values())
        }  # fmt: skip
        return late

    def _take(self, columns: Columns) -> None:
        largest: dict[str, int] = {}
        for key, number in zip(columns.student, columns.number, strict=True):
            if number > largest.get(key, 0):
                largest[key] = number
        for key, number in largest.items():
            learner = self.learners.setdefault(key, Learner())
            learner.number = max(learner.number, number)
        if CONFLICT in columns.kind:  # which of its contents stands there depends on who came first
            columns = columns.of_rows(
                [k for k, kind in enumerate(columns.kind) if kind != CONFLICT]
            )
        if not columns.number:
            return
        keys = sorted(set(columns.student))
        place = {key: code for code, key in enumerate(keys)}
        student = np.fromiter((place[key] for key in columns.student), np.int64)
        time = np.array(
            [received if told is None else told
             for told, received in zip(columns.time, columns.received, strict=True)], np.float64
        )  # fmt: skip
        learners = [self.learners[key] for key in keys]
        floor = None
        if any(learner.reached for learner in learners):
            floor = np.array([
                learners[code].reached[device].moment
                if device in learners[code].reached else -np.inf
                for code, device in zip(student.tolist(), columns.device, strict=True)
            ])  # fmt: skip
        found = canonical(student, columns.device, columns.seq, time, columns.id, floor)
        self._note(columns, learners, student, time, found)
        self._state(columns, learners, student, found)

    def _note(
        self, columns: Columns, learners: list[Learner], student: Ints, time: Any, found: Ordered
    ) -> None:
        """Remember how far each student's devices have come."""
        order = found.order
        device = ranks(columns.device)[order]
        who = student[order]
        # Of rows that follow each other on one device, the last; of a device's, the last stands.
        last = np.append((who[1:] != who[:-1]) | (device[1:] != device[:-1]), True)
        for row in order[last].tolist():
            name = columns.device[row]
            learners[student[row]].reached[name] = Reached(
                float(found.moment[row]), name, columns.seq[row], float(time[row]), columns.id[row]
            )

    def _state(
        self, columns: Columns, learners: list[Learner], student: Ints, found: Ordered
    ) -> None:
        """Take answers into the tracker, and all else into the learners."""
        kind = columns.kind
        answers: list[int] = []
        told: dict[int, dict[Label, float]] = {}
        for row in found.order.tolist():
            if kind[row] in ("answer", "exposure"):
                answers.append(row)
            elif kind[row] == "placement":
                content = json.loads(columns.content[row])
                if "known" in content and self._latent:
                    told[row] = dict(content["known"])
                    answers.append(row)
                elif "skill" in content and not self._latent:
                    answers.append(row)
            else:
                self._fact(columns, row, learners[student[row]], float(found.moment[row]))
        if answers:
            self._feed.take(columns, np.array(answers), found.moment, told)

    def _fact(self, columns: Columns, row: int, learner: Learner, moment: float) -> None:
        kind, content = columns.kind[row], json.loads(columns.content[row])
        if kind == "lesson_done":
            lesson = content["lesson"]
            learner.done = {**learner.done, lesson: learner.done.get(lesson, 0) + 1}
            self.lessons_done[self.label(columns.student[row])] = learner.done
        elif kind == "override":
            if "withdraws" in content:
                gone = content["withdraws"]
                kept = (one for one in learner.overrides if one.id != gone)
                learner.overrides = tuple(kept)
            else:
                learner.overrides = (*learner.overrides, Told(moment, columns.id[row], content))
        elif kind == "goal":
            targets = [(label, weight) for label, weight in content["targets"]]
            learner.goal = Goal(targets, content["expires"]) if targets else None
