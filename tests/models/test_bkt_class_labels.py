"""Columns that say the classes: what they may hold, what is refused, what a file keeps of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.models.class_oracle import log_of_rows, make, tangled_rows

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.models import BKT

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:.*repeat a student, skill, item:adaptlearn.errors.DataWarning"
    ),
    pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning"),
    pytest.mark.filterwarnings("ignore::adaptlearn.errors.ConvergenceWarning"),
]


def frame(n=40, **more):
    rng = np.random.default_rng(0)
    return {
        "student": np.repeat(np.arange(n // 4), 4),
        "skill": np.array(["a", "b"] * (n // 2)),
        "correct": rng.integers(0, 2, n),
        **more,
    }


def test_what_the_log_lacks_is_all_said_at_once():
    model = BKT(
        forgetting=True, prior_by="group", learn_by=("lesson", "gap"), forget_by="lesson",
        guess_by="item", slip_by="mood",
    )  # fmt: skip
    mood: Any = ["calm"] * 38 + [None, float("nan")]
    log = ResponseLog.from_frame(frame(mood=mood, when=np.arange(40)), extra=["mood"])
    with pytest.raises(ResponseDataError) as caught:
        model.fit(log)
    for told in (
        "column 'group' (prior_by) is missing; name it in extra=",
        "column 'lesson' (learn_by, forget_by) is missing",
        "column 'item' (guess_by) is missing",
        "column 'mood': 2 rows (rows 38, 39) missing",
        "learn_by uses the time between responses, but the log has no times",
    ):
        assert told in str(caught.value), told
    fitted = make("all at once", n_init=1, max_iter=2).fit(log_of_rows(tangled_rows(0)))
    for call in (fitted.predict_proba, fitted.mastery):
        with pytest.raises(ResponseDataError, match=r"column 'lesson' .* is missing"):
            call(frame())


@pytest.mark.parametrize(
    "column",
    [
        np.r_[np.zeros(39), np.nan],
        np.array([0] * 39 + [None], object),
        np.array(["x"] * 39 + [float("nan")], object),
    ],
)
def test_a_gap_in_a_class_column_is_refused(column):
    log = ResponseLog.from_frame(frame(lesson=column), extra=["lesson"])
    with pytest.raises(ResponseDataError, match=r"column 'lesson': 1 row \(row 39\) missing"):
        BKT(learn_by="lesson").fit(log)


def test_pandas_own_gap_is_refused():
    pd = pytest.importorskip("pandas")
    column = np.array([1] * 39 + [pd.NA], object)
    log = ResponseLog.from_frame(frame(lesson=column), extra=["lesson"])
    with pytest.raises(ResponseDataError, match=r"column 'lesson': 1 row \(row 39\) missing"):
        BKT(learn_by="lesson").fit(log)


def test_what_is_no_label_is_refused():
    lists: Any = np.empty(40, object)
    lists[:] = [[1]] * 40
    days = np.array(["2026-01-01"] * 40, "datetime64[D]")
    for column, told in ((lists, "list"), (days, "datetime64")):
        log = ResponseLog.from_frame(frame(lesson=column), extra=["lesson"])
        with pytest.raises(ResponseDataError, match=f"column 'lesson': .*{told}.*expected"):
            BKT(learn_by="lesson").fit(log)


def test_wrong_options_are_all_said_at_once():
    wrong: dict[str, Any] = {
        "prior_by": 3,
        "learn_by": (),
        "forget_by": "gap",
        "guess_by": ["item", None],
        "slip_by": "gap",
        "gaps": (60, 10),
    }
    with pytest.raises(ParameterError) as caught:
        BKT(**wrong).fit(frame())
    for told in (
        "prior_by must be a column's name or several, got 3",
        "learn_by must be a column's name or several, got ()",
        "guess_by must be a column's name or several",
        "forget_by needs forgetting=True",
        "slip_by cannot be 'gap'",
        "gaps must be ascending positive seconds, got (60, 10)",
    ):
        assert told in str(caught.value), told
    strange: list[Any] = [(), (0, 5), (5, 5), (5, float("inf")), 5, "day", (True,), None]
    for gaps in strange:
        with pytest.raises(ParameterError, match="gaps must be ascending positive seconds"):
            BKT(learn_by="gap", gaps=gaps).fit(frame())
    with pytest.raises(ParameterError, match="prior_by cannot be 'item_pair'"):
        BKT(prior_by=("item", "item_pair")).fit(frame())


LABELS: dict[str, list[Any]] = {
    "strings": ["x", "y", "é"],
    "integers": [3, -1, 2**40],
    "booleans": [True, False, True],
    "floats": [0.5, 1.0, -2.25],
    "mixed": ["1", 1, 2.5],
    "numpy's": [np.int64(3), np.str_("x"), np.float32(0.5)],
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind_survive_saving(kind, tmp_path):
    rng = np.random.default_rng(0)
    pick: Any = [LABELS[kind][n] for n in rng.integers(0, 3, 40)]
    log = ResponseLog.from_frame(frame(lesson=pick), extra=["lesson"])
    model = BKT(learn_by="lesson", guess_by="lesson", prior_by="lesson", n_init=1, max_iter=30)
    p = model.fit(log).predict_proba(log)
    model.save(tmp_path / "m.json")
    again = adaptlearn.load(tmp_path / "m.json")
    np.testing.assert_array_equal(again.predict_proba(log), p)
    assert again.fingerprint_ == model.fingerprint_
    assert len(model._by_class["guess"]) == 2 * len(set(LABELS[kind]))


def test_the_order_of_rows_changes_no_cell():
    rng = np.random.default_rng(0)
    lesson: Any = np.empty(40, object)
    lesson[:] = [("x", 2, "a")[n] for n in rng.integers(0, 3, 40)]
    columns = frame(lesson=lesson, time=np.arange(40.0))
    tables = []
    for order in (np.arange(40), rng.permutation(40)):
        part = {name: column[order] for name, column in columns.items()}
        log = ResponseLog.from_frame(part, extra=["lesson"])
        model = BKT(learn_by="lesson", guess_by="lesson", n_init=1, max_iter=5).fit(log)
        tables.append(model.class_parameters_)
    for name in ("parameter", "skill", "class"):
        assert tables[0][name].tolist() == tables[1][name].tolist()
    values = [table["value"].astype(float) for table in tables]
    np.testing.assert_allclose(values[0], values[1], atol=1e-9)
