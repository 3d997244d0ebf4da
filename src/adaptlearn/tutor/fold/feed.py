"""Answers on their way into a tracker, in canonical order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ImpossibleHistoryError, ProblemsError, quiet
from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.responses.log import ResponseLog
from adaptlearn.tracking.tracker import MasteryTracker
from adaptlearn.tutor.fold.answers import Answers
from adaptlearn.tutor.store import Columns

_TOLD = 2  # beside answers without items (0) and with items (1)


class Feed:
    """Gives answers to a tracker, and beliefs that placements told between them.

    Parameters
    ----------
    tracker : MasteryTracker
    label : callable
        Gives the label of a student's key.
    refused : dict of str to str, optional
        Ids of answers that the model could not take before, and why.
    """

    def __init__(
        self,
        tracker: MasteryTracker,
        label: Callable[[str], Label],
        refused: dict[str, str] | None = None,
    ) -> None:
        self.refused: dict[str, str] = refused or {}
        self._tracker, self._label = tracker, label
        self._answers = Answers()

    def take(
        self,
        columns: Columns,
        rows: Ints,
        moment: Floats,
        told: Mapping[int, Mapping[Label, float]],
    ) -> None:
        """Take rows in, which stand by student and in canonical order.

        Parameters
        ----------
        columns : Columns
        rows : int array, shape (n,)
            Places of answers, and of placements' results, in the columns.
        moment : float array
            The time that counts for each row of the columns.
        told : dict of int to mapping of skill to probability
            The results, by place.
        """
        places = rows.tolist()
        student = [columns.student[row] for row in places]
        is_told = np.array([row in told for row in places], bool)
        codes = np.full(len(rows), -1, np.int64)
        codes[~is_told] = self._answers.codes(
            [columns.content[row] for row in places if row not in told]
        )
        sort = np.full(len(rows), _TOLD, np.int64)
        sort[~is_told] = self._answers.have_items(codes[~is_told])
        turn = _turns(student, sort)
        labels = {key: self._label(key) for key in set(student)}
        # A log has items in all rows or in none, so a student's answers come in turns of one sort.
        # States do not depend on batches: all students take a turn at one time.
        for now in range(int(turn.max()) + 1):
            for at in np.flatnonzero((turn == now) & is_told).tolist():
                self._tell(labels[student[at]], told[places[at]])
            for with_items in (0, 1):
                chosen = np.flatnonzero((turn == now) & (sort == with_items))
                if len(chosen):
                    who = [labels[student[at]] for at in chosen.tolist()]
                    log = self._answers.log(who, moment[rows[chosen]], codes[chosen])
                    self._update(log, [columns.id[row] for row in rows[chosen].tolist()])

    def _tell(self, label: Label, known: Mapping[Label, float]) -> None:
        """First beliefs from a placement, of the skills that were not answered before it."""
        skills = self._tracker.skills.tolist()
        counts = dict(zip(skills, self._tracker.counts([label])[0].tolist(), strict=True))
        fresh = {skill: value for skill, value in known.items() if not counts.get(skill)}
        if fresh:
            with quiet():
                self._tracker.believe(label, fresh)

    def _update(self, log: ResponseLog, ids: Sequence[str]) -> None:
        """Take answers in; those that the model cannot take are left out, and noted."""
        try:
            with quiet():
                self._tracker.update(log, max_ahead=np.inf)
        except (ImpossibleHistoryError, ProblemsError) as error:
            if len(ids) == 1:
                self.refused[ids[0]] = str(error)
                return
            # States do not depend on batches, so halves give what the whole would give.
            half = len(ids) // 2
            self._update(log[:half], ids[:half])
            self._update(log[half:], ids[half:])


def _turns(student: Sequence[str], sort: NDArray[np.int64]) -> Ints:
    """The turn of each row: from 0 for each student, and one more where the sort changes.

    What placements told is a turn of its own each time.
    """
    starts: Bools = np.array([a != b for a, b in zip(student[1:], student, strict=False)], bool)
    starts = np.append(True, starts)
    changes = starts | np.append(True, (sort[1:] != sort[:-1]) | (sort[1:] == _TOLD))
    turn = np.cumsum(changes)
    return turn - np.maximum.accumulate(np.where(starts, turn, 0))
