"""A tracker under several threads, answers that come in any batches, students who are forgotten."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.models import students
from tests.models.test_contract import MODELS, TIMED

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import DataWarning, LateResponse, UnknownLabelError, quiet, warn
from adaptlearn.models import BKT, Elo

SKILLS = sorted(set(students.answers(1, 1, seed=0)["skill"]))


@pytest.fixture(scope="module")
def model() -> BKT:
    return BKT(n_init=1).fit(students.answers(200, 6, seed=1))


@pytest.fixture
def hasty() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(*works: Callable[[], object]) -> list[Exception]:
    """Errors of what was done at the same time."""
    errors: list[Exception] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - any is a fault
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("practice", [False, True])
def test_every_answer_of_every_thread_counts(model: BKT, practice: bool, hasty: None) -> None:
    tracker = MasteryTracker(model, practice=practice)

    def writer(k: int) -> Callable[[], None]:
        def write() -> None:
            for n in range(60):
                name, skill = f"s{k} {n % 10}", SKILLS[n % 3]
                tracker.update({"student": [name], "skill": [skill], "correct": [n % 2]})

        return write

    assert together(*(writer(k) for k in range(6))) == []
    assert len(tracker) == 60
    assert tracker.counts().sum() == 360
    alone = MasteryTracker(model, practice=practice)
    for name in tracker.students.tolist():
        n = np.arange(int(name.split()[1]), 60, 10)
        skill = [SKILLS[k % 3] for k in n]
        alone.update({"student": [name] * len(n), "skill": skill, "correct": n % 2})
    np.testing.assert_array_equal(tracker.mastery().value, alone.mastery().value)


def test_whoever_reads_meanwhile_sees_what_was_or_what_is(model: BKT, hasty: None) -> None:
    tracker = MasteryTracker(model).update({"student": ["x"], "skill": ["add"], "correct": [1]})
    expected = tracker.mastery(["x", "nobody"]).value.tobytes()
    done, seen = threading.Event(), set()

    def write() -> None:
        try:
            for n in range(150):
                tracker.update({"student": [f"n{n}"], "skill": [SKILLS[n % 3]], "correct": [1]})
                if n % 3 == 0:
                    tracker.forget([f"n{n}"])
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            seen.add(tracker.mastery(["x", "nobody"]).value.tobytes() == expected)
            seen.add(tracker.counts(["x"]).sum() == 1)
            tracker.predict(["x"] * 3, SKILLS)
            tracker.students.tolist()

    assert together(write, read, read) == []
    assert seen == {True}
    assert len(tracker) == 101


def test_a_file_holds_one_moment(model: BKT, tmp_path: Any, hasty: None) -> None:
    tracker = MasteryTracker(model)
    done, seen = threading.Event(), set()

    def write() -> None:
        try:
            for n in range(100):
                tracker.update({"student": [f"n{n}"], "skill": [SKILLS[n % 3]], "correct": [1]})
        finally:
            done.set()

    def save() -> None:
        while not done.is_set():
            tracker.save(tmp_path / "tracker.npz")
            again = MasteryTracker.load(tmp_path / "tracker.npz", model)
            seen.add(again.counts().sum() == len(again))

    assert together(write, save) == []
    assert seen == {True}


def test_quiet_is_a_threads_own(model: BKT) -> None:
    before = list(warnings.filters)
    entered, told = threading.Event(), threading.Event()

    def silent() -> None:
        with quiet():
            entered.set()
            told.wait(10)

    thread = threading.Thread(target=silent)
    thread.start()
    entered.wait(10)
    with pytest.warns(DataWarning, match="heard"):
        warn("heard", DataWarning)
    told.set()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet():
            warn("unheard", DataWarning)
    assert list(warnings.filters) == before


def test_a_warning_names_the_line_outside_the_library(model: BKT) -> None:
    with pytest.warns(DataWarning, match="'odd'") as caught:
        MasteryTracker(model, practice=True).predict(["mia"], ["odd"])
    assert [one.filename for one in caught] == [__file__]


def test_a_copy_has_a_lock_of_its_own(model: BKT) -> None:
    tracker = MasteryTracker(model).update({"student": ["x"], "skill": ["add"], "correct": [1]})
    for again in (pickle.loads(pickle.dumps(tracker)), copy.deepcopy(tracker)):
        again.update({"student": ["y"], "skill": ["add"], "correct": [1]})
        assert (len(tracker), len(again)) == (1, 2)
        assert again._lock is not tracker._lock


TIMELESS = students.with_items(students.answers(120, 4, seed=1, forget=0.05))


@pytest.mark.parametrize(
    ("subject", "timed"),
    [(one, False) for one in MODELS] + [(one, True) for one in TIMED],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore")
def test_what_policies_read_does_not_depend_on_batches(subject: Any, timed: bool) -> None:
    columns = students.with_times(TIMELESS) if timed else TIMELESS
    subject = type(subject)(**subject.get_params()).fit(columns)
    log = ResponseLog.from_frame(columns)[:90]
    order = np.arange(90) if log.chronological is None else log.chronological
    found = []
    for size in (1, 7, 90):
        tracker = MasteryTracker(subject, practice=True)
        for lo in range(0, 90, size):
            tracker.update(log[order[lo : lo + size]])
        names = sorted(tracker.students.tolist())
        practice = tracker.practice(names)
        assert practice is not None
        found.append([tracker.mastery(names).value, tracker.counts(names), *practice])
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_the_same_skills_count_as_stable_however_answers_came(model: BKT) -> None:
    log = ResponseLog.from_frame(students.answers(60, 8, seed=4))
    stable = []
    for size in (1, 100, len(log)):
        tracker = MasteryTracker(model, practice=True)
        for lo in range(0, len(log), size):
            tracker.update(log[lo : lo + size])
        practice = tracker.practice(range(60))
        assert practice is not None
        stable.append(practice.change < 0.05)
    assert 0 < stable[0].mean() < 1
    for other in stable[1:]:
        np.testing.assert_array_equal(stable[0], other)


def test_a_batch_that_is_refused_leaves_nothing_behind(model: BKT) -> None:
    first = {"student": ["x"] * 2, "skill": ["add"] * 2, "correct": [1, 0], "time": [5.0, 6.0]}
    tracker = MasteryTracker(model, practice=True).update(first)
    before = tracker.practice()
    assert before is not None
    with pytest.raises(LateResponse, match="'x'"):
        tracker.update(
            {
                "student": ["y", "y", "x"],
                "skill": ["add"] * 3,
                "correct": [1, 1, 1],
                "time": [9.0, 10.0, 1.0],
            }
        )
    after = tracker.practice()
    assert after is not None
    assert tracker.students.tolist() == ["x"]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("practice", [False, True])
@pytest.mark.parametrize(
    "kind",
    [BKT(n_init=1), BKT(n_init=1, ability=True), BKT(n_init=1, student_classes=2), Elo()],
    ids=repr,
)
def test_who_is_forgotten_was_never_met(kind: Any, practice: bool, tmp_path: Any) -> None:
    columns = students.answers(9, 6, seed=3)
    kind = type(kind)(**kind.get_params()).fit(students.answers(100, 5, seed=1))
    log = ResponseLog.from_frame(
        {**columns, "time": np.arange(len(columns["correct"]), dtype=float)}
    )
    tracker = MasteryTracker(kind, practice=practice).update(log).forget([2, 8, 5])
    rest = log[~np.isin(log.student.values, [2, 5, 8])]
    alone = MasteryTracker(kind, practice=practice).update(rest)
    tracker.save(tmp_path / "tracker.npz")
    again = MasteryTracker.load(tmp_path / "tracker.npz", kind)
    for one in (tracker, again):
        assert one.students.tolist() == alone.students.tolist()
        assert one.unmet([2, 3]) == [2]
        names = [*range(9), 77]
        np.testing.assert_array_equal(one.mastery(names).value, alone.mastery(names).value)
        np.testing.assert_array_equal(one.counts(names), alone.counts(names))
        if practice:
            found, expected = one.practice(names), alone.practice(names)
            assert found is not None
            assert expected is not None
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)
    # Those who come afterwards begin as strangers do, the forgotten ones among them.
    later = log[np.isin(log.student.values, [2, 5])]
    for one in (tracker, again, alone):
        one.update(later).update({"student": [50], "skill": ["add"], "correct": [1], "time": [1e9]})
    for one in (tracker, again):
        assert set(one.students.tolist()) == {0, 1, 2, 3, 4, 5, 6, 7, 50}
        np.testing.assert_array_equal(
            one.mastery([*range(8), 50]).value, alone.mastery([*range(8), 50]).value
        )


def test_only_those_who_were_met_can_be_forgotten(model: BKT) -> None:
    tracker = MasteryTracker(model).update({"student": ["mia"], "skill": ["add"], "correct": [1]})
    with pytest.raises(UnknownLabelError, match=r"'Mia'.*mia"):
        tracker.forget(["mia", "Mia"])
    assert len(tracker) == 1
    assert len(tracker.forget([])) == 1
    assert len(tracker.forget(["mia", "mia"])) == 0


def test_a_file_whose_numbers_are_wrong_is_refused(model: BKT) -> None:
    tracker = MasteryTracker(model).update(students.answers(4, 2, seed=1)).forget([1])
    content, arrays = tracker._content()
    for numbers in ([1, 2, 2], [1, 3, 9], [0, 3, 4], [1, 3]):
        fresh = MasteryTracker(model)
        with pytest.raises((ValueError, KeyError)):
            fresh._restore({**content, "numbers": numbers}, arrays)
