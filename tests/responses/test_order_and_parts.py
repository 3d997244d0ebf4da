"""The order of responses, and the parts of a log that splitters and searches ask for."""

import copy
import datetime as dt
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.utils import _safe_indexing

from adaptlearn import ResponseLog
from adaptlearn.errors import UnknownLabelError

rows_of_logs = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.frozensets(st.integers(0, 2), min_size=1),
        st.integers(0, 3),
        st.integers(-5, 40),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[3],
)

read: Any = ResponseLog.from_frame  # also given what its types forbid
layouts = st.sampled_from(["given", "by student", "chronological", "backwards"])


def arranged(rows, layout, with_time, with_id):
    sort: dict[str, Any] = {
        "given": lambda row: 0,
        "by student": lambda row: (row[0], row[2]),
        "chronological": lambda row: row[2],
        "backwards": lambda row: (-row[2], -row[3]),
    }
    student, skill, time, ids = zip(*sorted(rows, key=sort[layout]), strict=True)
    several = any(len(skills) > 1 for skills in skill)
    columns = {
        "student": list(student),
        "skill": list(skill) if several else [next(iter(skills)) for skills in skill],
        "correct": [1, 0] * (len(rows) // 2) + [1] * (len(rows) % 2),
        "row": range(len(rows)),
    }
    if with_time:
        columns["time"] = list(time)
    if with_id:
        columns["id"] = list(ids)
    return columns


def brute_force(columns):
    """Each pair of skill and student to its rows, in order of time, then id, then row."""
    n = len(columns["student"])
    keys = [columns[name] for name in ("time", "id", "row") if name in columns]
    chains: dict[Any, list[int]] = {}
    for row in sorted(range(n), key=lambda row: [key[row] for key in keys]):
        skills = columns["skill"][row]
        for skill in skills if isinstance(skills, frozenset) else [skills]:
            chains.setdefault((skill, columns["student"][row]), []).append(row)
    return dict(sorted(chains.items()))


@given(rows_of_logs, layouts, st.booleans(), st.booleans())
@pytest.mark.filterwarnings("ignore::adaptlearn.errors.DataWarning")
def test_sequences_are_those_of_a_plain_loop(rows, layout, with_time, with_id):
    columns = arranged(rows, layout, with_time, with_id)
    log = read(columns)
    found = {}
    sequences = log.sequences
    for start, length, skill, student in zip(*sequences[1:], strict=True):
        entries = sequences.order[start : start + length]
        chain = entries if log.skill_rows is None else log.skill_rows[entries]
        assert (log.skill.codes[entries] == skill).all()
        assert (log.student.codes[chain] == student).all()
        found[log.skill.labels[skill], log.student.labels[student]] = chain.tolist()
    expected = brute_force(columns)
    assert found == expected
    assert list(found) == list(expected)
    if log.chronological is not None:
        keys = [np.array(columns[name]) for name in ("row", "id", "time") if name in columns]
        np.testing.assert_array_equal(log.chronological, np.lexsort(keys))


def test_rows_that_stand_in_order_are_not_sorted():
    columns = {"student": [1, 2, 1], "skill": [0, 0, 0], "correct": [1, 1, 1]}
    assert read(columns).chronological is None
    assert read({**columns, "time": [1, 1, 2]}).chronological is None
    by_student = {**columns, "student": [1, 1, 2], "time": [5, 6, 1]}
    assert read(by_student).chronological is None
    in_two_blocks = {**columns, "student": [1, 2, 1], "time": [5, 6, 1]}
    assert read(in_two_blocks).chronological.tolist() == [2, 0, 1]


def test_an_id_alone_orders_and_text_ids_order_as_text():
    columns = {"student": [1, 1, 1], "skill": [0, 0, 0], "correct": [1, 1, 1]}
    assert read({**columns, "id": [30, 4, 5]}).sequences.order.tolist() == [
        1,
        2,
        0,
    ]
    texts = read({**columns, "id": ["30", "4", "05"]})
    assert texts.sequences.order.tolist() == [2, 0, 1]


@pytest.fixture
def columns():
    rng = np.random.default_rng(3)
    n = 60
    return {
        "student": [f"s{k}" for k in rng.integers(12, size=n)],
        "skill": [["a"], ["b"], ["a", "b"]] * (n // 3),
        "correct": rng.integers(0, 2, n),
        "item": rng.integers(5, size=n),
        "time": rng.permutation(n),
        "id": rng.permutation(n),
        "class": rng.random(n),
    }


@pytest.fixture
def log(columns):
    return read(columns, extra=["class"])


def table(log):
    """A log as a list of rows."""
    rows = log.skill_rows if log.skill_rows is not None else np.arange(len(log))
    skills = [log.skill.values[rows == row].tolist() for row in range(len(log))]
    columns = [log.student.values, log.correct, log.item.values, log.time, log.id.values]
    columns += [log.extra["class"]]
    return list(zip(*(column.tolist() for column in columns), skills, strict=True))


MASK = np.arange(60) % 7 == 2


@pytest.mark.parametrize(
    "rows",
    [
        slice(None),
        slice(5, 50, 3),
        slice(None, None, -1),
        slice(7, 7),
        MASK,
        ~MASK,
        MASK.tolist(),
        np.zeros(60, bool),
        np.array([3, 3, -1, 0]),
        [59, 0, 0],
        [],
        (np.array([4, 2]), Ellipsis),
        (MASK, ...),
        (slice(1, 9), ...),
    ],
)
def test_a_part_has_the_rows_asked_for(log, rows):
    part = log[rows]
    index = np.arange(60)[rows]
    whole = table(log)
    assert table(part) == [whole[row] for row in index]
    assert part.shape == (len(part),) == index.shape
    for name in ("student", "skill", "item", "id"):
        assert getattr(part, name).labels is getattr(log, name).labels
    assert part.clock == log.clock
    assert table(part[::-1]) == table(part)[::-1]


@pytest.mark.parametrize("rows", [0, np.int64(3), None, np.zeros((2, 2), int)])
def test_what_is_not_rows_is_refused(log, rows):
    with pytest.raises(
        IndexError,
        match=r"a slice, a mask or an array of rows, such as log\[log.skill.values == 'add'\]",
    ):
        log[rows]


def test_rows_that_are_not_there(log):
    with pytest.raises(IndexError):
        log[[60]]
    with pytest.raises(IndexError):
        log[np.ones(59, bool)]


def test_a_log_is_not_gone_through_row_by_row(log):
    with pytest.raises(TypeError):
        iter(log)


def test_scikit_learns_indexing(log):
    for rows in (np.array([5, 1]), [5, 1], MASK, slice(2, 9), MASK.tolist()):
        assert table(_safe_indexing(log, rows)) == table(log[rows])


@pytest.mark.parametrize("splitter", [GroupKFold(3), StratifiedGroupKFold(3), KFold(3)])
def test_scikit_learns_splitters(log, splitter):
    groups = None if isinstance(splitter, KFold) else log.student.codes
    for train, test in splitter.split(log, log.correct, groups=groups):
        assert len(log[train]) + len(log[test]) == len(log)
        if groups is not None:
            assert not set(log[train].student.values) & set(log[test].student.values)
    train, test = train_test_split(log, test_size=0.25, random_state=0)
    assert sorted(table(train) + table(test)) == sorted(table(log))


class Rate(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Predicts the training log's rate, shrunk."""

    def __init__(self, shrink=1.0):
        self.shrink = shrink

    def fit(self, log, y=None):
        self.classes_ = np.array([0, 1])
        self.rate_ = (log.correct.sum() + self.shrink) / (len(log) + 2 * self.shrink)
        return self

    def predict_proba(self, log):
        return np.tile([1 - self.rate_, self.rate_], (len(log), 1))

    def predict(self, log):
        return self.classes_[np.argmax(self.predict_proba(log), axis=1)]

    def score(self, log, y=None):
        return float(np.log(self.predict_proba(log)[np.arange(len(log)), log.correct]).mean())


def test_scikit_learns_searches_here_and_in_workers(log):
    found = []
    for jobs in (1, 2):
        search = GridSearchCV(Rate(), {"shrink": [0.5, 50.0]}, cv=GroupKFold(3), n_jobs=jobs)
        search.fit(log, groups=log.student.codes)
        found.append(search.cv_results_["mean_test_score"].tolist())
    assert found[0] == found[1]
    p = cross_val_predict(
        Rate(),
        log,
        log.correct,
        groups=log.student.codes,
        cv=GroupKFold(3),
        method="predict_proba",
    )
    assert p.shape == (60, 2)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_of_a_log_is_the_same_and_read_only_too(log, duplicate):
    assert len(log.sequences.order) == 80  # and is made anew in the copy
    other = duplicate(log)
    assert table(other) == table(log)
    assert other.extra.keys() == log.extra.keys()
    for array in (other.correct, other.time, other.skill_rows, *other.student, *other.id):
        assert not array.flags.writeable
    with pytest.raises(TypeError):
        other.extra["x"] = None


def test_zones_survive_a_copy():
    now = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]
    log = read({"student": [1], "skill": [1], "correct": [1], "time": now})
    assert pickle.loads(pickle.dumps(log)).clock == "aware"


def test_other_names_for_the_students(log):
    names = np.arange(100, 100 + log.n_students)
    other = log.with_students(names)
    assert names.flags.writeable
    names[:] = 0
    assert other.student.values.tolist() == (log.student.codes + 100).tolist()
    assert other.item is not None
    assert other.skill_rows is log.skill_rows
    assert table(other) == [
        (code + 100, *row[1:]) for code, row in zip(log.student.codes, table(log), strict=True)
    ]


def test_codes_of_labels(log):
    assert log.codes_of("skill", ["b", "a", "b"]).tolist() == [1, 0, 1]
    assert log.codes_of("student", []).tolist() == []
    with pytest.raises(UnknownLabelError) as caught:
        log.codes_of("student", ["s1", "nobody", "no one"])
    assert caught.value.problems == (
        "student 'nobody' is not in the log",
        "student 'no one' is not in the log",
    )
