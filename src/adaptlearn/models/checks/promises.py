"""What every knowledge-tracing model promises: a check for each, by name.

A check takes a `Subject` and raises an `AssertionError` that says what it has found.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import (
    DataWarning,
    LateResponse,
    NotFittedError,
    ParameterError,
    StateError,
    UnknownLabelError,
    quiet,
)
from adaptlearn.models.base import read_saved
from adaptlearn.models.checks.sample import Columns
from adaptlearn.models.checks.subject import Subject
from adaptlearn.numerics import Floats
from adaptlearn.validation import some

_NEAR = 1e-14  # how far one figure may come out by two ways


def probabilities(subject: Subject) -> None:
    """Predictions are probabilities, row by row in the caller's order."""
    model, log = subject.fitted, subject.log(subject.probe)
    p = model.predict_proba(log)
    _expect(p.shape == (len(log), 2), f"predict_proba has shape {p.shape}, not {(len(log), 2)}")
    _expect(bool(np.all((p > 0) & (p < 1))), "a prediction is not between 0 and 1")
    _near("P(wrong) + P(correct)", p.sum(axis=1), np.ones(len(p)), 1e-7)
    _expect(model.classes_.tolist() == [0, 1], f"classes_ is {model.classes_!r}, not [0, 1]")
    one = log.student.codes == len(log.student.labels) // 2
    _same("predictions of one student alone", model.predict_proba(log[one]), p[one])


def own_answer(subject: Subject) -> None:
    """An answer never moves its own prediction; it does move later ones of its student."""
    model, columns = subject.fitted, subject.probe
    student, correct = np.asarray(columns["student"]), np.asarray(columns["correct"])
    p = _p_correct(model, subject, columns)
    followed = moved = 0
    for row in range(0, len(p), 7):
        if np.isnan(correct[row]):
            continue
        flipped = correct.copy()
        flipped[row] = 1 - flipped[row]
        q = _p_correct(model, subject, {**columns, "correct": flipped})
        changed = np.flatnonzero(q != p)
        leaks = changed[(changed <= row) | (student[changed] != student[row])]
        _expect(
            not len(leaks), f"the answer of row {row} moves the prediction of row {some(leaks)}"
        )
        if _follows(columns, row):
            followed += 1
            moved += len(changed) > 0
    _expect(
        moved >= 0.8 * followed,
        f"{followed - moved} of {followed} answers move nothing that follows on the same skill "
        "and item",
    )


def other_students(subject: Subject) -> None:
    """It does not matter how rows of different students are mixed, for predictions and fits."""
    model = subject.fitted
    columns = subject.answers_of(200, 18)
    log, student = subject.log(columns), np.asarray(columns["student"])
    rng = np.random.default_rng(0)
    # A random interleaving of students that keeps each student's own order.
    turn = np.empty(len(log))
    by_student = np.argsort(student, kind="stable")
    turn[by_student] = np.concatenate([np.sort(rng.random(n)) for n in np.bincount(student)])
    order = np.argsort(turn, kind="stable")
    _same("predictions", model.predict_proba(log[order]), model.predict_proba(log)[order])
    fits = [subject.fresh().fit(part).predict_proba(log) for part in (log, log[order])]
    _near("predictions of a fit", fits[1], fits[0], 1e-9)


def batch_equals_online(subject: Subject) -> None:
    """A log gives the same predictions at once as when a state takes it in bit by bit."""
    model, log = subject.fitted, subject.log(subject.probe)
    batch = model.predict_proba(log)[:, 1]
    state = model.init_state(log.n_students)
    online = np.empty(len(log))
    rng = np.random.default_rng(0)
    bounds = np.unique(np.concatenate(([0, len(log)], rng.integers(0, len(log), 25))))
    for lo, hi in pairwise(bounds.tolist()):
        part = log[lo:hi]  # several answers of one student in most of them
        before = _copied(state)
        online[lo:hi] = model.predict_proba(part, state=state)[:, 1]
        _unchanged("predict_proba", state, before)
        _expect(model.update_state(state, part) is state, "update_state returns another state")
    _near("predictions online", online, batch)
    everyone = np.arange(log.n_students)
    online_mastery, mastery = model.state_mastery(state, everyone), model.mastery(log)
    _near("mastery of the state", online_mastery.value, mastery.value)
    _expect(mastery.kind in ("latent", "predicted"), f"mastery is of the kind {mastery.kind!r}")


def counts(subject: Subject) -> None:
    """A state counts the answers of each student and skill, and no exposures."""
    model, log = subject.fitted, subject.log(subject.probe)
    state = model.update_state(model.init_state(log.n_students), log)
    found = model.state_counts(state, np.arange(log.n_students)).sum()
    answered = log.answered if log.skill_rows is None else log.answered[log.skill_rows]
    _expect(found == answered.sum(), f"{found} answers are counted of {answered.sum()}")
    with_exposures = subject.few([0, 0, 1], [1.0, np.nan, np.nan])
    state = model.update_state(model.init_state(2), subject.log(with_exposures))
    skill = model.skills_.tolist().index(with_exposures["skill"][0][0])
    found = model.state_counts(state, np.arange(2))[:, skill].tolist()
    _expect(found == [1, 0], f"an answer and two exposures are counted as {found}, not [1, 0]")


def part_of_a_log(subject: Subject) -> None:
    """A part of a log moves only its own students; a state refuses students it has no room for."""
    model, log = subject.fitted, subject.log(subject.answers_of(40, 9))
    state, part = model.init_state(5), log[log.student.codes < 5]
    model.update_state(state, part)
    found = model.state_counts(state, np.arange(5)).sum()
    entries = part.answered if part.skill_rows is None else part.answered[part.skill_rows]
    _expect(found == entries.sum(), f"{found} answers are counted of {entries.sum()}")
    _refused(
        "students beyond the state's", UnknownLabelError, lambda: model.update_state(state, log)
    )
    before, clock = _copied(state), state.clock
    model.update_state(state, log[:0])
    _unchanged("an update without rows", state, before)
    _expect(state.clock == clock, "an update without rows changes the state's clock")


def asked_times(subject: Subject) -> None:
    """A prediction is for a moment; something that is not a time is refused."""
    model = subject.fitted
    skill, state = model.skills_[:1].tolist(), model.init_state(1)
    for time in (np.nan, [np.inf], "noon", True):
        ask = partial(model.predict_state, state, [0], skill, time=time)
        _refused(f"time={time!r}", ParameterError, ask)
    model.update_state(state, subject.log(subject.few([0], [1.0], time=np.array([50.0]))))
    ask = partial(model.predict_state, state, [0], skill, time=49.0)
    _refused("a time before the last answer", StateError, ask, said="the past")


def student_numbers(subject: Subject) -> None:
    """A state takes integers for students, and is made for a number of students."""
    model = subject.fitted
    skill = model.skills_[:1].tolist()
    state = model.init_state(2)
    _refused("student 0.7", StateError, lambda: model.predict_state(state, [0.7], skill))
    _refused("a state of -1 students", ParameterError, lambda: model.init_state(-1))


def named_students(subject: Subject) -> None:
    """A log that names its students goes into a state under the caller's numbers."""
    model, log = subject.fitted, subject.log(subject.answers_of(20, 9))
    numbers = np.arange(log.n_students)[::-1] + 3
    named = log.with_students(np.array([f"student {n}" for n in numbers], object))
    state, expected = (model.init_state(log.n_students + 3) for _ in range(2))
    model.update_state(state, named, students=numbers)
    model.update_state(expected, log.with_students(numbers))
    _unchanged("naming the students", state, _copied(expected))


def rebuilt_student(subject: Subject) -> None:
    """A student can be forgotten, and replaced by a state into which the answers were replayed."""
    model, log = subject.fitted, subject.log(subject.answers_of(10, 9))
    everyone, one, new = np.arange(log.n_students), np.array([3]), np.array([log.n_students])
    state = model.update_state(model.init_state(log.n_students + 1), log)
    before = model.state_mastery(state, everyone).value
    own = log[log.student.codes == one[0]]
    replayed = model.update_state(state.blank(1), own, students=np.zeros_like(everyone))
    state.forget(one)
    forgotten, unknown = (model.state_mastery(state, who).value for who in (one, new))
    _near("mastery of who is forgotten", forgotten, unknown)
    _expect(model.state_counts(state, one).sum() == 0, "answers of who is forgotten are counted")
    state.replace(one, replayed)
    _near("mastery after a replay", model.state_mastery(state, everyone).value, before)


def last_time(subject: Subject) -> None:
    """A state remembers each student's latest time, not the time of the last row."""
    model = subject.fitted
    unsorted = subject.few([0, 0], [1.0, 0.0], time=np.array([9.0, 3.0]))
    state = model.update_state(model.init_state(1), subject.log(unsorted))
    late = subject.log({**unsorted, "time": np.array([5.0, 5.0])})
    _refused("an older answer", LateResponse, lambda: model.predict_proba(late, state=state))


def late_answer(subject: Subject) -> None:
    """An answer older than the state is refused, with the student's name, and changes nothing."""
    model = subject.fitted
    now = subject.few([0, 1], [1.0, 0.0], time=np.array([50.0, 60.0]))
    state = model.update_state(model.init_state(2), subject.log(now))
    before = _copied(state)
    late = subject.log({**now, "time": np.array([55.0, 59.0])})
    _refused(
        "an older answer", LateResponse, lambda: model.update_state(state, late), said="student 1"
    )
    _unchanged("a refused update", state, before)
    # The same moment is not late.
    model.update_state(state, subject.log({**now, "time": np.array([50.0, 61.0])}))


def next_response(subject: Subject) -> None:
    """predict_state gives what a log predicts for the next response."""
    model, columns = subject.fitted, subject.answers_of(30, 15)
    log = subject.log(columns)
    everyone = np.arange(log.n_students)
    state = model.update_state(model.init_state(log.n_students), log)
    n = log.n_students
    more: Columns = {
        "student": np.append(columns["student"], everyone),
        "correct": np.append(columns["correct"], np.ones(n)),
    }
    # Of items and further columns predict_state is told nothing: those of the row are new ones.
    for name in columns.keys() - {"student", "skill", "correct", "time"}:
        new = np.array([subject.new_label(columns[name])] * n)
        kept = columns[name] if new.dtype.kind in "if" else columns[name].astype(object)
        more[name] = np.append(kept, new)
    asked = {}
    if log.time is not None:
        moment = float(log.time.max())
        more["time"] = np.append(columns["time"], np.full(n, moment))
        asked = {"time": moment} if "time" in signature(model.predict_state).parameters else {}
    for skill in model.skills_[:5].tolist():
        following = {**more, "skill": [*columns["skill"], *[[skill]] * n]}
        _near(
            f"predict_state on {skill!r}",
            model.predict_state(state, everyone, [skill] * n, **asked),
            _p_correct(model, subject, following)[-n:],
        )


def inputs(subject: Subject) -> None:
    """The caller's data are not changed."""
    columns = subject.answers_of(50, 15)
    columns["correct"] = np.nan_to_num(columns["correct"], nan=0.0)
    kept = deepcopy(columns)
    # A log's further columns have to be named when it is read.
    given: Any = subject.log(columns) if subject.training.extra else columns
    model = subject.fresh().fit(given)
    model.predict_proba(given)
    model.mastery(given)
    model.update_state(model.init_state(50), given)
    for name, column in kept.items():
        _expect(_equal(columns[name], column), f"column {name!r} of the caller's is changed")
        locked = isinstance(columns[name], np.ndarray) and not columns[name].flags.writeable
        _expect(not locked, f"column {name!r} of the caller's is locked")


def clone(subject: Subject) -> None:
    """A clone is not fitted; fitted, it is the same model."""
    again, log = subject.fresh(), subject.log(subject.probe)
    _refused("to predict unfitted", NotFittedError, lambda: again.predict_proba(log))
    found = again.fit(subject.training).fingerprint_
    _expect(found == subject.fitted.fingerprint_, "fitted again, it has another fingerprint")


def saved(subject: Subject) -> None:
    """A model that was saved and read back is the same model."""
    model, log = subject.fitted, subject.log(subject.probe)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        model.save(path)
        again = type(model).from_saved(*read_saved(path), str(path))
    _same("predictions read back", again.predict_proba(log), model.predict_proba(log))
    _expect(again.fingerprint_ == model.fingerprint_, "read back, it has another fingerprint")


def state_of_another_model(subject: Subject) -> None:
    """A state belongs to its model; another one refuses it."""
    model = subject.fitted
    other = subject.fresh().fit(subject.log(subject.answers_of(50, 15)))
    skill = model.skills_[:1].tolist()
    state = model.init_state(1)
    _refused(
        "the state of another model",
        StateError,
        lambda: other.predict_state(state, [0], skill),
        said="belongs to model",
    )


def unseen(subject: Subject) -> None:
    """A new student begins as all do; an unknown skill gives a warning, never a silent 0.5."""
    model = subject.fitted
    new = subject.few(["zoe"], [1.0])
    _same(
        "the prediction of a new student",
        model.predict_proba(subject.log(new)),
        model.predict_proba(subject.log({**new, "student": ["ann"], "correct": [0.0]})),
    )
    skill = subject.new_label(model.skills_)
    strange = subject.few(["zoe"] * 2, [1.0] * 2, skill=[skill] * 2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        p = _p_correct(model, subject, strange)
    told = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    _expect(any(repr(skill) in one for one in told), f"skill {skill!r} is unknown: no DataWarning")
    _expect(bool(np.all((p > 0) & (p < 1))), f"an unknown skill is predicted as {p.tolist()}")
    _expect(p[0] != 0.5, "an unknown skill is predicted as 0.5, as if nothing had been learnt")


def practised(subject: Subject) -> None:
    """A skill that was not in training has mastery and a count of answers once it is practised."""
    model, skill = subject.fitted, subject.new_label(subject.fitted.skills_)
    first = subject.log(subject.few([0, 0, 0], [1.0] * 3, skill=[skill] * 3))
    state = model.init_state(2)
    with quiet():
        model.update_state(state, first)
        of_log = model.mastery(first)
    table = model.state_mastery(state, np.arange(2))
    labels = [*model.skills_.tolist(), skill]
    for what, found in (("the state", table), ("a log", of_log)):
        _expect(
            found.skills.tolist() == labels,
            f"mastery of {what} has the skills {some(found.skills)}; {skill!r} was practised",
        )
    counts = model.state_counts(state, np.arange(2))
    _expect(counts.shape == table.value.shape, f"counts have shape {counts.shape}")
    _expect(counts[:, -1].tolist() == [3, 0], f"3 answers are counted as {counts[0, -1]}")
    moved = table.value[0, -1] > table.value[1, -1]
    _expect(bool(moved), f"right answers on {skill!r} do not raise its mastery")
    _near("mastery of a log", of_log.value, table.value[:1])
    state.forget(np.array([0]))
    _expect(
        len(model.state_mastery(state, np.arange(2)).skills) == len(labels) - 1,
        f"{skill!r} is known though who practised it is forgotten",
    )


def one_row(subject: Subject) -> None:
    """A log of one row is enough to predict."""
    p = subject.fitted.predict_proba(subject.log(subject.few([1], [1.0])))
    _expect(p.shape == (1, 2), f"predict_proba has shape {p.shape}, not (1, 2)")


CHECKS: Mapping[str, Callable[[Subject], None]] = {
    check.__name__: check
    for check in (
        probabilities,
        own_answer,
        other_students,
        batch_equals_online,
        counts,
        part_of_a_log,
        student_numbers,
        asked_times,
        named_students,
        rebuilt_student,
        last_time,
        late_answer,
        next_response,
        inputs,
        clone,
        saved,
        state_of_another_model,
        unseen,
        practised,
        one_row,
    )
}
"""The checks by name. The first line of a check's docstring is the promise it checks."""


def _follows(columns: Columns, row: int) -> bool:
    """Whether a later response of the same student is on one of the row's skills, and its item."""
    later = slice(row + 1, None)
    same = np.asarray(columns["student"][later]) == columns["student"][row]
    if "item" in columns:
        same &= columns["item"][later] == columns["item"][row]
    own = set(columns["skill"][row])
    return any(own & set(columns["skill"][row + 1 + at]) for at in np.flatnonzero(same).tolist())


def _p_correct(model: Any, subject: Subject, columns: Columns) -> Floats:
    found: Floats = model.predict_proba(subject.log(columns))[:, 1]
    return found


def _expect(kept: bool, why: str) -> None:
    if not kept:
        raise AssertionError(why)


def _same(what: str, found: NDArray[Any], expected: NDArray[Any]) -> None:
    _near(what, found, expected, 0.0)


def _near(what: str, found: NDArray[Any], expected: NDArray[Any], atol: float = _NEAR) -> None:
    _expect(found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}")
    off = np.abs(found - expected) > atol
    off |= np.isnan(found) != np.isnan(expected)
    if off.any():
        place = tuple(int(index) for index in np.argwhere(off)[0])
        raise AssertionError(
            f"{what}: {found[place]:.6g} at {place}, expected {expected[place]:.6g} "
            f"({int(off.sum())} of {off.size} differ)"
        )


def _refused(
    what: str, error: type[Exception], asked: Callable[[], object], said: str = ""
) -> None:
    try:
        asked()
    except error as refusal:
        _expect(said in str(refusal), f"{what} is refused without {said!r}: {refusal}")
    else:
        raise AssertionError(f"{what} is not refused; expected {error.__name__}")


def _copied(state: Any) -> dict[str, NDArray[Any]]:
    return {name: array.copy() for name, array in state.to_arrays().items()}


def _unchanged(what: str, state: Any, before: Mapping[str, NDArray[Any]]) -> None:
    after = state.to_arrays()
    _expect(after.keys() == before.keys(), f"{what} changes what the state holds")
    for name, array in before.items():
        _expect(_equal(after[name], array), f"{what} changes {name!r} of the state")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(one == other)
