"""A file given to the wrong reader names the right one; a reader has one address."""

from __future__ import annotations

import pytest

from adaptlearn import datasets, interop
from adaptlearn.errors import ResponseDataError

HEADERS = {
    "read_assistments": "order_id,user_id,problem_id,correct,skill_id",
    "read_datashop": "Row,Anon Student Id,Problem Name,Step Name,First Attempt,KC (Default)",
    "read_ednet": "timestamp,solving_id,question_id,user_answer,elapsed_time",
    "read_eedi": "QuestionId,UserId,AnswerId,IsCorrect,CorrectAnswer,AnswerValue",
    "read_irw": "id,item,resp",
    "read_junyi": "timestamp_TW,uuid,ucid,upid,is_correct",
    "read_pykt": "fold,uid,concepts,responses",
    "ResponseLog.from_file": "student,skill,correct",
}


@pytest.mark.parametrize("given", HEADERS)
@pytest.mark.parametrize("reader", ["read_assistments", "read_datashop", "read_irw", "read_junyi"])
def test_a_reader_names_the_one_that_knows_the_columns(tmp_path, reader, given):
    if given == reader:
        return
    path = tmp_path / "log.csv"
    path.write_text(HEADERS[given] + "\n")
    with pytest.raises(ResponseDataError) as caught:
        getattr(datasets, reader)(path)
    assert caught.value.problems[-1] == f"{given} reads these columns"
    assert caught.value.subject == f"{reader}, log.csv"


def test_columns_that_nobody_knows_are_only_listed(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("pupil,task,points\n")
    with pytest.raises(ResponseDataError) as caught:
        datasets.read_irw(path)
    assert caught.value.problems[-1] == (
        "column 'item' is there 0 times; the columns are 'pupil', 'task', 'points'"
    )


def test_readers_of_interop_are_those_of_datasets():
    assert interop.read_assistments is datasets.read_assistments
    assert interop.read_datashop is datasets.read_datashop


def test_every_name_resolves():
    for name in datasets.__all__:
        assert callable(getattr(datasets, name))
        assert name in dir(datasets)
