"""What students' answers, followed one by one, say of their skills."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import quiet
from adaptlearn.numerics import Floats, Ints
from adaptlearn.planning.promotion.evidence import Entries, needed_level
from adaptlearn.reporting.statuses import Status, Steps, followed
from adaptlearn.responses.log import ResponseLog
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.policies.policy import Policy

_MASTERED, _NEARLY = 0.95, 0.8  # of policies that have no thresholds
_KEPT = 0.2  # of the odds of a threshold, those below which what it gave is taken back


class Seen(NamedTuple):
    """When students answered.

    Attributes
    ----------
    first, last : float arrays, shape (n_students, n_skills)
        Seconds; nan without answers, or without times.
    """

    first: Floats
    last: Floats

    @property
    def end(self) -> float | None:
        """The time of the last answer of all."""
        times = self.last[~np.isnan(self.last)]
        return float(times.max()) if len(times) else None


def seen(
    sequencer: Any, context: Context, part: ResponseLog, entries: Entries, kept: Ints
) -> tuple[Ints, Seen]:
    """The status of every skill, and when students answered.

    Parameters
    ----------
    sequencer : Sequencer
        Its tracker is over a model.
    context : Context
        Of some students.
    part : ResponseLog
        Their answers.
    entries : Entries
        The same on the curriculum's skills.
    kept : int array
        The places of these among the entries of the log.

    Returns
    -------
    int array, shape (n_students, n_skills)
    Seen
    """
    shape = context.mastery.shape
    with quiet():  # the tracker has told what is strange to the model
        estimates = sequencer.tracker.estimates(part)
    pair = entries.student * np.int64(shape[1]) + entries.skill
    status = followed(
        pair, estimates.before[kept], estimates.after[kept],
        up=_steps(sequencer.policy, context, entries, 1.0),
        down=_steps(sequencer.policy, context, entries, _KEPT),
        n_pairs=shape[0] * shape[1],
    ).reshape(shape)  # fmt: skip
    told = np.zeros(shape, bool)  # granted by a teacher, or placed
    if context.mastered is not None and context.counts is not None:
        told |= context.mastered & (context.counts == 0)
    if context.granted is not None:
        told |= context.granted
    status = np.where(told, np.maximum(status, Status.MASTERED), status)
    if context.urgency is not None:
        status = np.where((status == Status.MASTERED) & (context.urgency > 0), Status.DUE, status)
    return np.asarray(status), _times(pair, entries, shape)


def _steps(policy: Policy, context: Context, entries: Entries, odds: float) -> Steps:
    """The estimates, as P(correct), at which the statuses of answers change."""
    given = _MASTERED if context.threshold is None else context.threshold
    ready = None if policy.ready is None else policy.ready.needed(context)
    nearly = np.minimum(_NEARLY if ready is None else ready, given)
    return Steps(*(_per_answer(context, entries, level, odds) for level in (nearly, given)))


def _per_answer(context: Context, entries: Entries, level: Any, odds: float) -> Floats:
    level = np.asarray(level, float) * odds
    level = level / (1 - level / odds + level)  # the level at so much of its odds
    table = needed_level(np.broadcast_to(level, context.mastery.shape), context.kind, context.rates)
    return np.asarray(table[entries.student, entries.skill])


def _times(pair: Ints, entries: Entries, shape: tuple[int, int]) -> Seen:
    first, last = (np.full(shape[0] * shape[1], np.nan) for _ in range(2))
    if entries.time is not None:
        last[pair] = entries.time  # of those written to one place the last stays
        first[pair[::-1]] = entries.time[::-1]
    return Seen(first.reshape(shape), last.reshape(shape))
