"""Many students' state, by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.models.students import answers
from tests.pages import Page

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import (
    DataWarning,
    LateResponse,
    ModelFileError,
    ResponseDataError,
    StateError,
    UnknownLabelError,
)
from adaptlearn.models import BKT
from adaptlearn.models.bkt.state import BKTState


@pytest.fixture(scope="module")
def model():
    return BKT(forgetting=True).fit(answers(1000, 8, seed=1, forget=0.05))


@pytest.fixture
def log():
    columns = answers(40, 6, seed=2)
    columns["student"] = [f"s{s}" for s in columns["student"]]
    columns["time"] = np.arange(len(columns["correct"]), dtype=float)
    return ResponseLog.from_frame(columns)


def test_batches_of_any_size_end_where_the_whole_log_does(model, log):
    whole = MasteryTracker(model).update(log)
    one_by_one = MasteryTracker(model)
    expected = model.predict_proba(log)[:, 1]
    for row in range(len(log)):
        now = log[row : row + 1]
        p = one_by_one.predict(now.student.values, now.skill.values)[0]
        assert p == pytest.approx(expected[row], abs=1e-14)
        one_by_one.update(now)
    everyone = log.student.labels.tolist()
    np.testing.assert_allclose(
        one_by_one.mastery(everyone).value, whole.mastery(everyone).value, atol=1e-14
    )
    np.testing.assert_allclose(whole.mastery(everyone).value, model.mastery(log).value, atol=1e-14)
    assert whole.counts().sum() == len(log)
    assert set(whole.students) == set(everyone)


def test_a_notebook_shows_what_it_holds(model, log):
    tracker = MasteryTracker(model, practice=True)
    assert "over BKT(forgetting=True) · 0 students · 0 answers · 3 skills" in tracker._repr_html_()
    page = Page(tracker.update(log)._repr_html_())
    assert f"40 students · {len(log)} answers · 3 skills · times: seconds · keeps" in page.text


def test_a_new_student_costs_nothing_and_stands_at_the_priors(model):
    tracker = MasteryTracker(model)
    mastery = tracker.mastery(["nobody", "noone"])
    np.testing.assert_array_equal(mastery.value, [model.parameters_["prior"]] * 2)
    assert mastery.students.tolist() == ["nobody", "noone"]
    assert len(tracker) == 0
    assert not tracker.counts(["nobody"]).any()


def test_students_asked_for_come_in_the_order_asked_even_twice(model, log):
    tracker = MasteryTracker(model).update(log)
    names = ["s7", "stranger", "s3", "s7"]
    rows = tracker.mastery(names).value
    alone = [tracker.mastery([name]).value[0] for name in names]
    np.testing.assert_array_equal(rows, alone)


def test_students_are_known_by_the_labels_of_any_column(model, log):
    tracker = MasteryTracker(model).update(log)
    expected = tracker.predict(["s3", "s7"], ["add", "halve"])
    for column in (np.array, pa.array, pd.Series, pl.Series):
        students, skills = column(["s3", "s7"]), column(["add", "halve"])
        np.testing.assert_array_equal(tracker.predict(students, skills), expected)
        np.testing.assert_array_equal(tracker.counts(students), tracker.counts(["s3", "s7"]))
        assert tracker.unmet(students) == []
    assert tracker.mastery("s3").students.tolist() == ["s3"]
    assert tracker.unmet(pa.scalar("s3")) == []


def test_a_late_answer_is_refused_by_name_and_changes_nothing(model, log):
    tracker = MasteryTracker(model).update(log)
    before = tracker.mastery().value
    late = {
        "student": ["s3", "new", "s5"],
        "skill": ["add"] * 3,
        "correct": [1, 1, 1],
        "time": [0.5, 0.5, 1e6],
    }
    with pytest.raises(LateResponse, match=r"1 responses .* student 's3' \(first: row 0\)"):
        tracker.update(late)
    assert len(tracker) == 40
    np.testing.assert_array_equal(tracker.mastery().value, before)


def test_rebuild_replays_in_the_right_order(model, log):
    late = ResponseLog.from_frame(
        {"student": ["s3"], "skill": ["add"], "correct": [1], "time": [0.5]}
    )
    columns = {
        "student": [*log.student.values, *late.student.values],
        "skill": [*log.skill.values, *late.skill.values],
        "correct": [*log.correct, *late.correct],
        "time": [*log.time.tolist(), 0.5],
    }
    whole = ResponseLog.from_frame(columns)
    tracker = MasteryTracker(model).update(log)
    tracker.rebuild(whole[whole.student.values == "s3"])
    names = log.student.labels.tolist()
    np.testing.assert_array_equal(
        tracker.mastery(names).value, MasteryTracker(model).update(whole).mastery(names).value
    )
    assert tracker.counts(["s3"]).sum() == np.sum(whole.student.values == "s3")


def test_several_students_are_rebuilt_at_once(model, log):
    tracker = MasteryTracker(model).update(log)
    whole = tracker.mastery().value
    again = log[np.isin(log.student.values, ["s3", "s8"])]
    np.testing.assert_array_equal(tracker.rebuild(again).mastery().value, whole)
    assert tracker.counts().sum() == len(log)


def test_students_who_are_rebuilt_again_and_again_take_no_more_room(model, log):
    names = log.student.labels.tolist()
    trackers = [MasteryTracker(model).update(log) for _ in range(2)]
    for turn in range(60):
        who = names[turn % 3]
        trackers[0].rebuild(log[log.student.values == who])
    states: list[Any] = [tracker._state for tracker in trackers]
    assert len(states[0].p_known) <= 2 * len(states[1].p_known)
    again = trackers[1].rebuild(log[np.isin(log.student.values, names[:3])])
    np.testing.assert_array_equal(trackers[0].mastery().value, again.mastery().value)
    assert {name: array.shape for name, array in states[0].to_arrays().items()} == {
        name: array.shape for name, array in states[1].to_arrays().items()
    }


def test_the_order_is_checked_once_and_a_history_is_replayed_once(model, log, monkeypatch):
    calls = {"check_order": 0, "_advance": 0}
    for owner, name in ((BKTState, "check_order"), (BKT, "_advance")):
        original = getattr(owner, name)

        def counting(self, *given, name=name, original=original):
            calls[name] += 1
            return original(self, *given)

        monkeypatch.setattr(owner, name, counting)
    tracker = MasteryTracker(model).update(log)
    assert calls == {"check_order": 1, "_advance": 1}
    tracker.rebuild(log[log.student.values == "s3"])
    assert calls == {"check_order": 2, "_advance": 2}


def test_a_rebuild_moves_nobody_else(model, log):
    tracker: Any = MasteryTracker(model, practice=True).update(log)
    tables = [tracker._state._pairs, tracker._practice._state._pair.table]
    before = [table.keys.copy() for table in tables]
    tracker.rebuild(log[log.student.values == "s3"])
    now = [tracker._state._pairs, tracker._practice._state._pair.table]
    assert all(table is other for table, other in zip(tables, now, strict=True))
    for table, keys in zip(tables, before, strict=True):
        assert table.keys[: len(keys)].tolist() == keys.tolist()


def test_a_rebuild_may_bring_new_students_and_new_skills(model, log):
    tracker = MasteryTracker(model).update(log)
    history = {"student": ["s3", "new"], "skill": ["odd", "add"], "correct": [1, 1]}
    with pytest.warns(DataWarning, match="'odd'") as caught:
        tracker.rebuild({**history, "time": [1.0, 2.0]})
    assert len(caught) == 1
    assert tracker.students[-1] == "new"
    assert tracker.counts(["s3"]).tolist() == [[0, 0, 0, 1]]  # the last is no skill of the model's
    assert tracker.predict(["s3"], ["odd"])[0] > tracker.predict(["s5"], ["odd"])[0]
    with pytest.raises(
        UnknownLabelError,
        match=r"unknown student.*\n.*3 .labels are strings here, this is an integer",
    ):
        tracker.rebuild({"student": [3], "skill": ["add"], "correct": [1], "time": [1.0]})


def test_an_empty_batch_changes_nothing(model, log):
    tracker = MasteryTracker(model).update(log[:0])
    assert len(tracker) == 0
    untimed = {"student": ["s3"], "skill": ["add"], "correct": [1]}
    assert len(tracker.update(untimed)) == 1


def test_a_rebuild_that_fails_forgets_nobody(model, log):
    tracker = MasteryTracker(model).update(log)
    before = tracker.mastery().value
    with pytest.raises(ResponseDataError):
        tracker.rebuild({"student": ["s3"], "skill": ["add"], "correct": [7], "time": [1.0]})
    with pytest.raises(
        StateError, match="plain seconds"
    ):  # no times, where the state has seen some
        tracker.rebuild({"student": ["s3"], "skill": ["add"], "correct": [1]})
    np.testing.assert_array_equal(tracker.mastery().value, before)


def test_clocks_are_not_mixed(model):
    naive = np.array(["2026-01-01T10:00"], "datetime64[s]")
    tracker = MasteryTracker(model).update(
        {"student": ["a"], "skill": ["add"], "correct": [1], "time": naive}
    )
    from datetime import UTC, datetime

    aware = [datetime(2026, 1, 2, tzinfo=UTC)]
    with pytest.raises(StateError) as caught:
        tracker.update({"student": ["a"], "skill": ["add"], "correct": [1], "time": aware})
    assert str(caught.value) == (
        "this state has seen datetimes without a zone, such as datetime.now(); these responses "
        "carry datetimes with a zone, such as datetime.now(UTC). Give all of them one kind"
    )
    with pytest.raises(StateError, match=r"these responses carry no times\. Give all"):
        tracker.update({"student": ["a"], "skill": ["add"], "correct": [1]})


def test_one_and_its_text_are_not_two_students(model):
    tracker = MasteryTracker(model).update({"student": [1], "skill": ["add"], "correct": [1]})
    with pytest.raises(
        UnknownLabelError,
        match=r"(?s)unknown student.*'1' .labels are integers here.*did you mean 1",
    ):
        tracker.update({"student": ["1"], "skill": ["add"], "correct": [1]})


def test_predict_needs_pairs(model):
    with pytest.raises(StateError, match="2 students and 1 skills"):
        MasteryTracker(model).predict(["a", "b"], ["add"])


def test_an_unknown_skill_is_said_and_kept(model):
    tracker = MasteryTracker(model)
    with pytest.warns(DataWarning, match="'new'"):
        tracker.update({"student": ["a"], "skill": ["new"], "correct": [1]})
    with pytest.warns(DataWarning, match="'newer'"):
        tracker.predict(["a"], ["newer"])
    p = tracker.predict(["a", "b"], ["new", "new"])
    assert p[0] > p[1]


def test_saved_and_loaded_it_goes_on_as_before(model, log, tmp_path):
    tracker = MasteryTracker(model).update(log[:300])
    path = tmp_path / "tracker.npz"
    tracker.save(path)
    again = MasteryTracker.load(path, model)
    assert again.students.tolist() == tracker.students.tolist()
    for each in (tracker, again):
        each.update(log[300:])
    np.testing.assert_array_equal(again.mastery().value, tracker.mastery().value)
    np.testing.assert_array_equal(again.counts(), tracker.counts())
    with pytest.raises(LateResponse):
        again.update({"student": ["s3"], "skill": ["add"], "correct": [1], "time": [0.0]})


def test_an_empty_tracker_is_saved_too(model, tmp_path):
    MasteryTracker(model).save(tmp_path / "t")
    assert len(MasteryTracker.load(tmp_path / "t", model)) == 0


def test_a_tracker_of_another_model_or_a_damaged_one_is_refused(model, log, tmp_path):
    path = tmp_path / "tracker.npz"
    tracker = MasteryTracker(model).update(log)
    tracker.save(path)
    other = BKT().fit(answers(100, 5, seed=9))
    with pytest.raises(StateError, match="made with model"):
        MasteryTracker.load(path, other)
    whole = path.read_bytes()
    for other_file in (b"", b"PK", b"text", whole.replace(b"PK", b"KP", 1)):
        path.write_bytes(other_file)
        with pytest.raises(ModelFileError):
            MasteryTracker.load(path, model)
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(ModelFileError):
        MasteryTracker.load(tmp_path / "a.npy", model)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFileError, match="not a whole saved tracker"):
        MasteryTracker.load(path, model)

    with np.load(_written(path, whole), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **{**arrays, "p_known": arrays["p_known"] + 0.01})
    with pytest.raises(ModelFileError, match="do not match the manifest"):
        MasteryTracker.load(path, model)
    manifest = json.loads(arrays["manifest"].tobytes())
    manifest["students"][0] = "somebody"
    text = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    np.savez(path, **{**arrays, "manifest": text})
    with pytest.raises(ModelFileError, match="does not match its digest"):
        MasteryTracker.load(path, model)
    np.savez(path, **{name: a for name, a in arrays.items() if name != "manifest"})
    with pytest.raises(ModelFileError, match="no manifest"):
        MasteryTracker.load(path, model)


def _written(path, content):
    path.write_bytes(content)
    return path


def test_a_state_is_refused_by_another_model(model):
    other = BKT().fit(answers(100, 5, seed=9))
    state = model.init_state(3)
    with pytest.raises(StateError, match="belongs to model"):
        other.update_state(state, {"student": [0], "skill": ["add"], "correct": [1]})
    with pytest.raises(UnknownLabelError, match="student 3 is outside its 3 students"):
        model.update_state(state, {"student": [3], "skill": ["add"], "correct": [1]})
    with pytest.raises(StateError, match="numbers its students"):
        model.update_state(state, {"student": ["a"], "skill": ["add"], "correct": [1]})


def test_the_students_of_a_log_with_names_are_numbered_by_the_caller(model, log):
    numbers = np.arange(log.n_students)[::-1] + 3
    states = [model.init_state(log.n_students + 3) for _ in range(2)]
    model.update_state(states[0], log, students=numbers)
    model.update_state(states[1], log.with_students(numbers))
    for name, array in states[0].to_arrays().items():
        np.testing.assert_array_equal(array, states[1].to_arrays()[name])
    with pytest.raises(LateResponse, match="student 's3'"):
        model.update_state(states[0], log[log.student.values == "s3"][:1], students=numbers)
    with pytest.raises(UnknownLabelError, match="outside its 43 students"):
        model.update_state(states[0], log, students=numbers + 1)


def test_a_large_batch_touches_only_what_was_answered(model):
    rng = np.random.default_rng(0)
    n = 20_000
    log = {
        "student": rng.permutation(n),
        "skill": np.array(["add", "halve"])[rng.integers(0, 2, n)],
        "correct": rng.integers(0, 2, n),
    }
    state = model.init_state(10 * n)
    model.update_state(state, log)
    assert len(state.p_known) == n


def test_what_was_asked_before_is_not_what_is_told_after_more_answers(model):
    tracker = MasteryTracker(model)
    skills = model.skills_[:2].tolist()
    tracker.update({"student": ["ann"], "skill": skills[:1], "correct": [1]})
    assert tracker.counts(["ann"]).sum() == 1
    before = tracker.mastery(["ann"]).value
    tracker.update({"student": ["ann", "ben"], "skill": skills[::-1], "correct": [1, 1]})
    assert tracker.counts(["ann", "ben"])[:, :2].tolist() == [[1, 1], [1, 0]]
    assert (tracker.mastery(["ann"]).value[0, :2] != before[0, :2]).tolist() == [False, True]
    tracker.forget(["ann"]).update({"student": ["ann"], "skill": skills[1:], "correct": [0]})
    assert tracker.counts(["ann"])[0, :2].tolist() == [0, 1]
    tracker.update({"student": ["ann"], "skill": skills[1:], "correct": [0]})  # no new pair
    assert tracker.counts(["ann"])[0, :2].tolist() == [0, 2]


def test_bytes_are_what_a_file_holds(model, log, tmp_path):
    tracker = MasteryTracker(model, practice=True).update(log)
    tracker.save(tmp_path / "tracker.npz")
    data = tracker.to_bytes()
    assert data == (tmp_path / "tracker.npz").read_bytes()
    again = MasteryTracker.from_bytes(data, model)
    assert np.array_equal(again.mastery().value, tracker.mastery().value)
    assert again.to_bytes() == data
    with pytest.raises(ModelFileError, match="saved tracker"):
        MasteryTracker.from_bytes(data[:-50], model)
