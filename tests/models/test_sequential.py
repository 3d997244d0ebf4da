"""What sequential models share, shown on a small one whose figures can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models import students

import adaptlearn
from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import DataWarning, LateResponse, ResponseDataError, StateError
from adaptlearn.models import PFA
from adaptlearn.models.sequential import SequentialTracer, Widths
from adaptlearn.models.sequential.tracer import training_labels


class Counting(SequentialTracer):
    """P(correct) from right and all answers of the student, of the pair, and on the item."""

    _n_read = 3

    @property
    def _widths(self):
        return Widths(student=2, pair=2, item=2)

    def fit(self, log, y=None):
        return self._ready(*training_labels(self._training_log(log)))

    def _look(self, level, memory):
        def rate(counts):
            return (counts[:, 0] + 0.6) / (counts[:, 1] + 1)

        return np.column_stack(
            (rate(memory.student), level.mean(rate(memory.pair)), rate(memory.item))
        )

    def _learn(self, level, memory):
        seen = level.correct >= 0
        for rows, of in (
            (memory.student, level.correct),
            (memory.item, level.correct),
            (memory.pair, level.by_entry(level.correct)),
        ):
            rows[:, 0] += of == 1
            rows[:, 1] += level.by_entry(seen) if rows is memory.pair else seen

    def _chance(self, read):
        return read.mean(axis=1)

    def _arrays(self):
        return {}

    def _restore_arrays(self, arrays):
        pass


def by_hand(columns):
    """The same figures, one response after the other."""
    tables: tuple[dict, ...] = ({}, {}, {})
    found = []
    rows = zip(*(columns[name] for name in ("student", "skill", "item", "correct")), strict=True)
    for student, named, item, correct in rows:
        skills = named if isinstance(named, list) else [named]
        keys = ([student], [(student, skill) for skill in skills], [(student, item)])

        def rate(table, key):
            right, count = table.get(key, (0, 0))
            return (right + 0.6) / (count + 1)

        found.append(
            np.mean(
                [np.mean([rate(t, key) for key in k]) for t, k in zip(tables, keys, strict=True)]
            )
        )
        for table, of in zip(tables, keys, strict=True):
            for key in of:
                right, count = table.get(key, (0, 0))
                table[key] = (right + correct, count + 1)
    return np.array(found)


def a_log(seed=0, several=True):
    columns = students.answers(30, 6, seed=seed)
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.permutation(len(columns["correct"]))[: len(columns["correct"]) // 2])
    columns = {name: column[kept] for name, column in columns.items()}
    second = np.roll(columns["skill"], 1)
    if several:
        pairs = zip(columns["skill"], second, strict=True)
        columns["skill"] = [
            [a, b] if n % 3 == 0 and a != b else [a] for n, (a, b) in enumerate(pairs)
        ]
    return {**columns, "item": rng.integers(0, 5, len(kept))}


@pytest.mark.parametrize("several", [False, True])
def test_the_pass_reads_what_a_loop_over_responses_does(several):
    columns = a_log(several=several)
    p = Counting().fit(columns).predict_proba(columns)[:, 1]
    np.testing.assert_allclose(p, by_hand(columns), rtol=1e-14)


def test_rows_in_any_order_are_taken_in_order_of_time():
    columns = a_log()
    columns["time"] = np.arange(len(columns["item"]), dtype=float)
    p = Counting().fit(columns).predict_proba(columns)[:, 1]
    order = np.random.default_rng(1).permutation(len(p))
    shuffled = {name: [column[row] for row in order] for name, column in columns.items()}
    np.testing.assert_array_equal(Counting().fit(shuffled).predict_proba(shuffled)[:, 1], p[order])


def test_a_state_goes_on_where_the_batch_left_off_item_by_item():
    columns = a_log(seed=2)
    model = Counting().fit(columns)
    log = ResponseLog.from_frame(columns)
    numbered = log.with_students(np.arange(log.n_students))
    state = model.init_state(log.n_students)
    batch = model.predict_proba(log)[:, 1]
    for row in range(len(log)):
        one = numbered[row : row + 1]
        skills = [one.skill.values.tolist()]
        assert one.item is not None
        item = one.item.values.tolist()
        asked = model.predict_state(state, one.student.codes, skills, items=item)
        np.testing.assert_allclose(asked, batch[row], rtol=1e-14)
        model.update_state(state, one)


def test_what_was_never_in_training_has_a_history_of_its_own():
    columns = a_log()
    model = Counting().fit(columns)
    strange = {"student": [0] * 3, "skill": ["new"] * 3, "item": [77] * 3, "correct": [1, 1, 1]}
    with pytest.warns(DataWarning, match="'new'"):
        p = model.predict_proba(strange)[:, 1]
    np.testing.assert_allclose(p, by_hand(strange))
    state = model.init_state(1)
    with pytest.warns(DataWarning, match="'new'"):
        model.update_state(state, strange)
    known = model.predict_state(state, [0], ["new"], items=[77])
    np.testing.assert_allclose(known, (3 + 0.6) / 4)
    with pytest.warns(DataWarning, match="'newer'"):
        unknown = model.predict_state(state, [0], ["newer"], items=[78])
    assert unknown < known


def test_a_tracker_saves_and_forgets_all_that_is_remembered(tmp_path):
    columns = a_log(several=False)
    columns["item"] = columns["item"] + 100  # among them ones that training has not seen
    model = Counting().fit(a_log(several=False))
    tracker = MasteryTracker(model).update(columns)
    tracker.save(tmp_path / "state")
    again = MasteryTracker.load(tmp_path / "state", model)
    who, skills, items = [3, 4], ["add", "add"], [101, 104]
    p = tracker.predict(who, skills, items=items)
    np.testing.assert_array_equal(again.predict(who, skills, items=items), p)
    np.testing.assert_array_equal(again.counts(), tracker.counts())
    assert len(set(tracker.predict([3] * 5, ["add"] * 5, items=range(100, 105)))) > 1
    log = ResponseLog.from_frame(columns)
    rebuilt = again.rebuild(log[log.student.codes == 3])
    np.testing.assert_array_equal(rebuilt.predict(who, skills, items=items), p)


def test_a_state_that_grows_keeps_its_students_and_gives_new_ones_a_start():
    model = Counting().fit(a_log())
    tracker = MasteryTracker(model)
    for student in range(20):
        tracker.update({"student": [student], "skill": ["add"], "item": [0], "correct": [1]})
    first = tracker.predict([0, 19, 99], ["add"] * 3, items=[0] * 3)
    assert first[0] == first[1] > first[2]


def test_bad_requests_say_what_is_wrong():
    model = Counting().fit(a_log())
    state = model.init_state(2)
    with pytest.raises(StateError, match="2 students and 1 skills"):
        model.predict_state(state, [0, 1], ["add"])
    with pytest.raises(StateError, match="2 skills and 1 items"):
        model.predict_state(state, [0, 1], ["add", "add"], items=[1])
    with pytest.raises(StateError, match="without a skill"):
        model.predict_state(state, [0], [[]])
    exposure = {"student": [1], "skill": ["add"], "correct": [np.nan]}
    with pytest.raises(ResponseDataError, match="no answers"):
        Counting().fit(ResponseLog.from_frame(exposure, unanswered="exposure"))
    now = {"student": [0], "skill": ["add"], "item": [0], "correct": [1], "time": [5.0]}
    model.update_state(state, now)
    with pytest.raises(LateResponse):
        model.update_state(state, {**now, "time": [4.0]})


def test_arguments_set_after_the_fit_do_not_enter_a_saved_model(tmp_path):
    model = PFA(penalty=2.0).fit(a_log(several=False))
    model.set_params(penalty=7.0).save(tmp_path / "model")
    again = adaptlearn.load(tmp_path / "model")
    assert isinstance(again, PFA)
    assert again.penalty == 2.0
    assert again.fingerprint_ == model.fingerprint_
