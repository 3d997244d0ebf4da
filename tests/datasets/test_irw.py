"""The standard of the Item Response Warehouse, in and out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn import ResponseLog
from adaptlearn.datasets import read_irw, write_irw
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

TABLE: dict[str, list] = {
    "id": [1, 1, 2, 2],
    "item": ["a", "b", "a", "b"],
    "resp": [1, 0, None, 1],
    "date": [1120903200, 1120903260, 1120903200, 1120903300],
    "rt": [2.5, 3.0, None, 1.25],
    "qmatrix1": [1, 1, 1, 1],
    "qmatrix2": [0, 1, 0, 1],
    "cov_age": [9, 9, 10, 10],
}
SILENT = "without a response, left out"


def problems_of(table, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_irw(table, **options)
    return caught.value.problems


def test_a_notebook_shows_what_became_of_each_row():
    log = read_irw({"id": [1, 2], "item": ["<b>", "a"], "resp": [1, 0]})
    assert log.account is not None
    assert repr(log.account) == "Account(read_irw, 2 rows, 2 responses)"
    html = log.account._repr_html_()
    assert "read_irw: 2 rows became 2 responses" in html
    assert "<td>student</td><td>id</td>" in html


def test_a_table_becomes_a_log(tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame(TABLE).to_csv(path, index=False)
    for source in (path, TABLE, pd.DataFrame(TABLE)):
        with pytest.warns(DataWarning, match=r"1 row \(row 2\): without a response"):
            log = read_irw(source, extra=["rt"])
        assert log.student.values.tolist() == [1, 1, 2]
        assert log.correct.tolist() == [1, 0, 1]
        assert skills_of(log) == [["qmatrix1"], ["qmatrix1", "qmatrix2"], ["qmatrix1", "qmatrix2"]]
        assert log.time is not None
        assert log.time.tolist() == [1120903200, 1120903260, 1120903300]
        assert log.extra["rt"].tolist() == [2.5, 3.0, 1.25]
        assert fates_of(log) == {SILENT: [2]}


def test_without_a_q_matrix_a_table_measures_one_thing():
    table = {"id": [1, 2], "item": ["a", "b"], "resp": [1.0, 0.0]}
    assert read_irw(table).skill.labels.tolist() == ["the whole file"]
    assert read_irw(table, skill="item").skill.labels.tolist() == ["a", "b"]
    bare = {**table, "Qmatrix__add": [1, 0]}
    with pytest.warns(DataWarning, match=r"1 row \(row 1\): without a skill"):
        log = read_irw(bare)
    assert log.skill.labels.tolist() == ["Qmatrix__add"]
    assert problems_of(bare, without_skill="refuse") == (
        "column 'Qmatrix__add': 1 row (row 1) missing",
    )


def test_scales_need_a_line_between_right_and_wrong():
    table = {"id": [1, 2, 3], "item": ["a", "a", "a"], "resp": [0, 2, 3]}
    assert problems_of(table) == (
        "column 'resp': 2 rows (rows 1, 2) neither 0 nor 1 (such as 2.0); say from which number "
        "on a response is right: right_from=3",
    )
    with pytest.warns(DataWarning, match="right from 2 on and wrong below"):
        log = read_irw(table, right_from=2)
    assert log.correct.tolist() == [0, 1, 1]
    (problem,) = problems_of({**table, "resp": ["yes", "no", "no"]})
    assert problem.startswith("column 'resp': 3 rows (rows 0, 1, 2) such as 'yes'; expected")


def test_arguments_are_checked():
    with pytest.raises(ParameterError) as caught:
        read_irw(TABLE, right_from=float("nan"), without_skill="keep")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2


def test_a_log_goes_out_and_comes_back(tmp_path):
    log = ResponseLog.from_frame(
        {
            "student": ["ann", "=1+1", "ann"],
            "item": ['7 + 5, "carry"', "x\ny", "x\ny"],
            "skill": [["carry", "add"], ["add"], ["add"]],
            "correct": [1, None, 0],
            "time": [0.125, 1e9, 1e9 + 1],
            "rt": [1.5, 2.0, np.nan],
            "class": ["4b", "4b", "4a"],
        },
        unanswered="exposure",
        extra=["rt", "class"],
    )
    path = tmp_path / "log.csv"
    write_irw(log, path)
    assert path.read_text().splitlines()[0] == ("id,item,resp,date,qmatrix1,qmatrix2,rt,cov_class")
    with pytest.warns(DataWarning, match=SILENT):
        back = read_irw(path, extra=["rt", "cov_class"])
    kept = log[log.answered]
    assert back.student.values.tolist() == kept.student.values.tolist()
    assert back.correct.tolist() == kept.correct.tolist()
    assert back.item is not None
    assert kept.item is not None
    assert back.item.values.tolist() == kept.item.values.tolist()
    assert back.time is not None
    assert kept.time is not None
    assert back.time.tolist() == kept.time.tolist()
    assert skills_of(back) == [["qmatrix1", "qmatrix2"], ["qmatrix1"]]  # add, carry
    assert back.extra["cov_class"].tolist() == ["4b", "4a"]
    write_irw(log, path, q_matrix=False)
    assert "qmatrix" not in path.read_text()


def test_what_no_table_can_hold_is_refused(tmp_path):
    table: dict[str, list] = {"student": [1, 2], "skill": ["a", "b"], "correct": [1, 0]}
    with pytest.raises(ResponseDataError, match="it has no items"):
        write_irw(ResponseLog.from_frame(table), tmp_path / "log.csv")
    log = ResponseLog.from_frame({**table, "item": ["x", "x"]})
    with pytest.raises(ResponseDataError, match=r"1 items \(such as 'x'\) have other skills"):
        write_irw(log, tmp_path / "log.csv")
    assert not (tmp_path / "log.csv").exists()
    write_irw(log, tmp_path / "log.csv", q_matrix=False)


def test_a_real_log_goes_out_and_comes_back(data, tmp_path):
    rows = pd.read_csv(data("statics", "test.csv")).head(3000)
    log = ResponseLog.from_frame(rows.assign(skill=rows.item % 7), skill="skill")
    write_irw(log, tmp_path / "statics.csv")
    back = read_irw(tmp_path / "statics.csv")
    assert back.correct.tolist() == rows.correct.tolist()
    assert back.skill.values.tolist() == [f"qmatrix{k + 1}" for k in rows.item % 7]
