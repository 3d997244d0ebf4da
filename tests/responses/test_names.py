"""A frame whose columns have other names: the error says how to read it."""

from __future__ import annotations

import pickle

import pandas as pd
import polars as pl
import pytest

from adaptlearn import MasteryTracker, ResponseLog, evaluate
from adaptlearn.errors import ResponseDataError
from adaptlearn.models import BKT
from adaptlearn.responses.names import suggested_call

STANDARD = {role: role for role in ("student", "skill", "correct")}
MODEL = BKT.from_parameters(
    {"skill": ["add"], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
)


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [
        ("user_id kc is_correct", "student='user_id', skill='kc', correct='is_correct'"),
        ("uid concept outcome", "student='uid', skill='concept', correct='outcome'"),
        ("pupil skill_name score", "student='pupil', skill='skill_name', correct='score'"),
        ("learner topic label", "student='learner', skill='topic', correct='label'"),
        # pyKT, Eedi, ASSISTments
        (
            "uid questions concepts responses timestamps",
            "student='uid', skill='concepts', correct='responses', item='questions', "
            "time='timestamps'",
        ),
        (
            "UserId QuestionId IsCorrect SubjectId CorrectAnswer",
            "student='UserId', skill='SubjectId', correct='IsCorrect', item='QuestionId'",
        ),
        (
            "order_id user_id correct skill_name problem_id",
            "student='user_id', skill='skill_name', item='problem_id'",
        ),
        # only what is not called as it is looked for
        ("student kc correct", "skill='kc'"),
        ("student skill correct_first_attempt time", "correct='correct_first_attempt'"),
        # misspelled
        ("studnet skil corect", "student='studnet', skill='skil', correct='corect'"),
        (
            "user_id kc_name is_correct ts",
            "student='user_id', skill='kc_name', correct='is_correct', time='ts'",
        ),
        (
            "user topic right answered_at",
            "student='user', skill='topic', correct='right', time='answered_at'",
        ),
        # nothing that fits
        ("a b correct", "student='…', skill='…'"),
    ],
)
def test_the_columns_that_are_meant_are_filled_in(columns, arguments):
    call = f"ResponseLog.from_frame(df, {arguments})"
    assert suggested_call(STANDARD, columns.split()) == call


def test_datashops_columns():
    columns = ["Row", "Sample Name", "Anon Student Id", "Session Id", "Time",
               "Student Response Type", "Level (Unit)", "Problem Name", "Step Name", "Outcome",
               "KC Category (Default)", "KC (Default)"]  # fmt: skip
    assert suggested_call(STANDARD, columns) == (
        "ResponseLog.from_frame(df, student='Anon Student Id', skill='KC (Default)', "
        "correct='Outcome', item='Problem Name', time='Time')"
    )


def test_no_column_is_meant_twice():
    assert suggested_call(STANDARD, ["user_skill"]) == (
        "ResponseLog.from_frame(df, student='user_skill', skill='…', correct='…')"
    )


def test_where_nothing_is_missing_nothing_is_suggested():
    assert suggested_call(STANDARD, ["student", "skill", "correct", "user_id"]) == ""
    assert suggested_call({**STANDARD, "time": "when"}, [*STANDARD, "date"]) == ""


def test_names_that_were_given_stay():
    names = {"student": "user_id", "skill": "knowledge", "correct": "y", "time": "at"}
    call = (
        "ResponseLog.from_frame(df, student='user_id', skill='knowledge', correct='ok', time='at')"
    )
    assert suggested_call({**names, "correct": "ok"}, ["user_id", "knowledge", "at"]) == (
        call.replace("'ok'", "'…'")
    )


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, dict])
@pytest.mark.parametrize(
    "read",
    [BKT().fit, MODEL.predict_proba, MasteryTracker(MODEL).update, lambda df: evaluate(MODEL, df)],
)
def test_whatever_reads_a_frame_says_how(frame, read):
    columns = {"user_id": ["ann"], "kc": ["add"], "is_correct": [1]}
    with pytest.raises(ResponseDataError) as caught:
        read(frame(columns))
    error = caught.value
    assert len(error.problems) == 3
    assert "column 'student' is missing" in str(error)
    call = "ResponseLog.from_frame(df, student='user_id', skill='kc', correct='is_correct')"
    assert str(error).endswith(f"\n  say which columns they are, perhaps: {call}")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    log = eval(call, {"ResponseLog": ResponseLog, "df": frame(columns)})
    assert len(log) == 1


def test_other_faults_have_no_such_line():
    with pytest.raises(ResponseDataError) as caught:
        BKT().fit({"student": ["ann"], "skill": ["add"], "correct": [0.5], "user_id": [1]})
    assert caught.value.remedy == ""
    assert "from_frame" not in str(caught.value)
