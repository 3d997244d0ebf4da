"""All states of a fold as bytes: a cache, from which another fold starts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import StateError
from adaptlearn.serialization import archive_bytes, read_archive_bytes, reading
from adaptlearn.tracking.tracker import MasteryTracker
from adaptlearn.tutor.fold.fold import Fold, Goal, Learner, Reached, Told

_KIND, _WHAT = "adaptlearn-states", "snapshot of states"


def snapshot(fold: Fold, loaded: int) -> bytes:
    """The states of a fold, with the number up to which all students' rows are in them."""
    learners = [
        [key, one.number, [*one.reached.values()], [*one.done.items()], one.overrides, one.goal]
        for key, one in fold.learners.items()
    ]
    parts = {
        "tracker": np.frombuffer(fold.tracker.to_bytes(), np.uint8),
        "learners": _packed([learners, fold.refused]),
    }
    content = {"model": fold.tracker.fingerprint, "practice": fold.practice, "loaded": loaded}
    return archive_bytes(_KIND, content, parts)


def _packed(content: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(content, allow_nan=False).encode(), np.uint8)


def restore(fold: Fold, data: bytes) -> int:
    """Put the states of a snapshot into an empty fold; return the number they are loaded up to.

    Raises
    ------
    ModelFileError
        The snapshot is damaged.
    StateError
        It is of another model, or keeps practice where this fold does not, or the reverse.
    """
    content, parts = read_archive_bytes(data, _KIND, _WHAT)
    with reading(_WHAT):
        if [content["model"], content["practice"]] != [fold.tracker.fingerprint, fold.practice]:
            raise StateError("the snapshot is of another model, or of other states")
        listed, refused = json.loads(parts["learners"].tobytes())
        tracker = MasteryTracker.from_bytes(parts["tracker"].tobytes(), fold.tracker.model)
        learners = {key: _learner(*fields) for key, *fields in listed}
        loaded = int(content["loaded"])
    fold.start(tracker, learners, refused)
    return loaded


def _learner(number: int, reached: Any, done: Any, overrides: Any, goal: Any) -> Learner:
    made = Learner(number, {one[1]: Reached(*one) for one in reached})
    if done:
        made.done = dict(done)
    made.overrides = tuple(Told(*one) for one in overrides)
    if goal is not None:
        made.goal = Goal([(label, weight) for label, weight in goal[0]], goal[1])
    return made
