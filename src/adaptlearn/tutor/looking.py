"""What a tutor says of its students: states, events, stories, and whether all of it is sound."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from adaptlearn.labels import Label, label_array, label_list
from adaptlearn.models.mastery import Mastery, When
from adaptlearn.responses.log import ResponseLog
from adaptlearn.sequencing.decisions.decision import Decision
from adaptlearn.sequencing.decisions.replay import Replay, replay
from adaptlearn.tutor.fold.history import Entry, plain_entry
from adaptlearn.tutor.fold.log import answers_log
from adaptlearn.tutor.fold.verification import Verification, verify
from adaptlearn.tutor.service import Service, call, moment


class Looking(Service):
    """The calls of a tutor that record nothing."""

    @call
    def mastery(self, students: Any = None, *, when: When = "next_opportunity") -> Mastery:
        """How well students know each skill; see `MasteryTracker.mastery`.

        Parameters
        ----------
        students : label, or sequence of labels, optional
            By default all students of the store; the first such call folds all events.
        when : {"next_opportunity", "after_response"}
        """
        states = self._states
        if students is None:
            keys = {key: self._names.label(key) for key in states.refresh_all()}
        else:
            keys = self._names.keys(students)
            states.refresh(keys)
        inside = {label: self._names.label(key) for key, label in keys.items()}
        listed = [*inside] if students is None else label_list(students)
        with self._lock:
            found = states.fold.tracker.mastery([inside[one] for one in listed], when=when)
        return replace(found, students=label_array(listed))

    @call
    def students(self) -> list[Label]:
        """The students of whom the store holds events; no state is folded.

        With a `key`, the store knows only their digests.
        """
        return [*map(self._names.label, self.store.students().students)]

    @call
    def log(self, students: Any = None, *, since: Any = None) -> ResponseLog:
        """The answers and exposures of the store as a response log; no state is folded.

        The rows stand by student, and within a student in the order in which the states take them.
        The times are those that count; see `Entry`. An answer is in the log, too, if the model in
        use cannot take it. Answers of placements are not: see `place`.

        Parameters
        ----------
        students : label, or sequence of labels, optional
            By default all students of the store.
        since : float or datetime, optional
            The earliest time that counts: seconds since 1970, or a datetime with a time zone.

        Returns
        -------
        ResponseLog
            It has items if all rows name one; if only some do, a `DataWarning` says how many.
        """
        earliest = -math.inf if since is None else moment(since, "since")
        if students is None:
            keys = {key: self._names.label(key) for key in self.store.students().students}
        else:
            keys = self._names.keys(students)
        return answers_log(self.store, keys, earliest)

    @call
    def history(self, student: Label) -> list[Entry]:
        """All events of a student in canonical order."""
        with self._serving() as (states, _):
            states.refresh(self._names.keys([student]))
        return self._entries(student, None)

    def _entries(self, student: Label, kinds: tuple[str, ...] | None) -> list[Entry]:
        return self._ledger.entries(student, kinds, self._states.fold.refused)

    @call
    def replay(self, student: Label, *, audience: str = "teacher") -> Replay:
        """A student's decisions step by step, with reasons; see `adaptlearn.sequencing.replay`.

        If the student has no decisions, the replay has no steps.
        """
        told = [entry.event.content for entry in self._entries(student, ("decision",))]
        if not told:
            return Replay(student, ())
        made = [Decision.from_dict(content).renamed(student) for content in told]
        return replay(made, student, audience=audience)

    @call
    def export(self, student: Label) -> dict[str, Any]:
        """Everything that the store holds about a student, as values that JSON can hold."""
        (key,) = self._names.keys([student])
        found = self.mastery([student])
        aside = [row._asdict() | {"content": json.loads(row.content)}
                 for row in self.store.conflicts() if row.student == key]  # fmt: skip
        skills = map(str, found.skills.tolist())
        return {
            "student": student,
            "key": key,
            "events": [plain_entry(entry) for entry in self.history(student)],
            "conflicts": aside,
            "model": self.model.fingerprint_,
            "mastery": dict(zip(skills, found.value[0].tolist(), strict=True)),
        }

    @call
    def verify(self) -> Verification:
        """Fold all events anew, and compare every student's state with the one in use."""
        return verify(self.store, self._states, self._lock)
