"""ASSISTments' problem logs, in the layouts of 2009, 2012, 2015 and 2017."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn.datasets import read_assistments
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

# Response 103 has two skills, 104 is there twice, 105 has no skill, 106 is scaffolding.
RAW_2009: dict[str, list] = {
    "order_id": [101, 102, 103, 103, 104, 104, 105, 106],
    "assignment_id": [1] * 8,
    "user_id": [7, 7, 7, 7, 8, 8, 8, 8],
    "assistment_id": [33] * 8,
    "problem_id": [501, 502, 503, 503, 501, 501, 504, 505],
    "original": [1, 1, 1, 1, 1, 1, 1, 0],
    "correct": [1, 0, 1, 1, 0, 0, 1, 1],
    "ms_first_response": [900, 800, 700, 700, 650, 650, 400, 300],
    "sequence_id": [9] * 8,
    "skill_id": [10, 10, 10, 13, 10, 10, None, 10],
    "skill_name": ["Mean", "Mean", "Mean", "Area", "Mean", "Mean", None, "Mean"],
}
ACCOUNT = (
    "read_assistments: 8 rows became 4 responses"
    "\n  - 1 row (row 3): a further skill, joined to its response"
    "\n  - 1 row (row 5): says a response again, left out"
    "\n  - 1 row (row 7): scaffolding, left out (scaffolding='keep' keeps it)"
    "\n  - 1 row (row 6): without a skill, left out (without_skill='refuse' refuses it)"
)
FILE_2015: dict[str, list] = {
    "user_id": [1, 1, 2, 2],
    "log_id": [900, 800, 901, 902],
    "sequence_id": [5, 5, 5, 6],
    "correct": [1.0, 0.25, 0.75, 0.0],
}


def read(frame, **options):
    """The log and the account of the warning."""
    with pytest.warns(DataWarning) as caught:
        log = read_assistments(frame, **options)
    (warning,) = caught
    assert warning.filename == __file__
    return log, str(warning.message)


def problems_of(frame, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_assistments(frame, **options)
    return caught.value.problems


def test_one_response_is_one_row_and_every_other_row_is_accounted_for():
    log, message = read(RAW_2009, extra=["ms_first_response"])
    assert message == ACCOUNT
    assert log.id is not None
    assert log.item is not None
    assert log.id.values.tolist() == [101, 102, 103, 104]
    assert log.student.values.tolist() == [7, 7, 7, 8]
    assert log.item.values.tolist() == [501, 502, 503, 501]
    assert log.correct.tolist() == [1, 0, 1, 0]
    assert skills_of(log) == [[10], [10], [10, 13], [10]]
    assert log.extra["ms_first_response"].tolist() == [900, 800, 700, 650]
    assert log.time is None
    assert read(RAW_2009, skill="skill_name")[0].skill.labels.tolist() == ["Area", "Mean"]


def test_files_and_frames_are_read_alike(tmp_path):
    path = tmp_path / "skill_builder_data.csv"
    frame = pd.DataFrame(RAW_2009).assign(answer_text="½ größe")
    path.write_bytes(frame.to_csv(index=False).encode("latin-1"))  # as this file really is
    as_polars = pl.DataFrame(RAW_2009)
    for source in (path, str(path), frame, frame.astype(str), as_polars, as_polars.lazy()):
        log, message = read(source)
        assert message == ACCOUNT
        assert skills_of(log) == [[10], [10], [10, 13], [10]]
        assert log.student.labels.tolist() == [7, 8]
        assert log.correct.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("mixed", [False, True])
def test_the_collapsed_file(mixed):
    table = {name: values[:3] for name, values in RAW_2009.items()}
    # pandas reads such a column in chunks, some of them as integers.
    table["skill_id"] = [10, 10, "10_13"] if mixed else ["10", "10", "10_13"]
    assert skills_of(read_assistments(table)) == [[10], [10], [10, 13]]
    table["skill_name"] = ["Mean", "Mean", "Mean;Area"]
    log = read_assistments(table, skill="skill_name", skill_separator=";")
    assert skills_of(log)[2] == ["Mean", "Area"]


def test_ids_order_as_numbers_even_where_a_frame_holds_texts():
    table = {**{name: values[:2] for name, values in RAW_2009.items()}, "order_id": ["10", "9"]}
    order = read_assistments(table).chronological
    assert order is not None
    assert order.tolist() == [1, 0]


def test_scaffolding_may_stay():
    log, message = read(RAW_2009, scaffolding="keep")
    assert "scaffolding" not in message
    assert log.id is not None
    assert log.id.labels.tolist() == [101, 102, 103, 104, 106]
    table = {**RAW_2009, "original": [1, 1, 1, 1, 1, 1, 1, 2]}
    assert problems_of(table) == ("column 'original': 1 row (row 7) neither 0 nor 1 (such as 2)",)


def test_responses_without_a_skill_may_be_refused():
    assert problems_of(RAW_2009, without_skill="refuse") == (
        "column 'skill_id': 1 row (row 6) missing",
    )
    # A gap beside a skill of the same response is no lack of one.
    table = {**RAW_2009, "skill_id": [10, 10, None, 13, 10, None, 11, 10]}
    log, message = read(table, without_skill="refuse")
    assert skills_of(log) == [[10], [10], [13], [10], [11]]
    assert "1 row (row 3): a further skill" in message


def test_the_layout_of_2012():
    table: dict[str, list] = {
        "problem_log_id": [12, 11],
        "skill": ["Mean", "Area"],
        "problem_id": [501, 502],
        "user_id": [7, 7],
        "start_time": ["2012-09-28 15:11:27", "2012-09-28 15:10:00"],
        "end_time": ["2012-09-28 15:12:27", "2012-09-28 15:10:30"],
        "original": [1, 1],
        "correct": [1, 0],
        "sequence_id": [4, 4],
        "skill_id": [277.0, 310.0],
    }
    log = read_assistments(table)
    assert log.skill.labels.tolist() == [277, 310]
    assert log.time is not None
    assert np.diff(log.time).tolist() == [-87.0]
    assert log.clock == "naive"
    assert log.chronological is not None
    ended = read_assistments(table, time="end_time", skill="skill").time
    assert ended is not None
    assert (ended - log.time).tolist() == [60.0, 30.0]
    assert read_assistments(table, time=False).time is None
    table["start_time"][1] = "28/9/2012 15:10"
    assert "1 row (row 1) such as '28/9/2012 15:10'" in problems_of(table)[0]


def test_the_layout_of_2017():
    table: dict[str, list] = {
        "studentId": [8, 8, 8, 9],
        "MiddleSchoolId": [2, 2, 2, 1],
        "actionId": [9950, 9951, 9952, 12],
        "skill": ["properties-of-geometric-figures", "noskill", "addition", "addition"],
        "problemId": [1041, 1042, 1043, 1043],
        "assignmentId": [20405009] * 4,
        "startTime": [1096470301, 1096470350, 1096470350, 1096470400],
        "endTime": [1096470350, 1096470353, 1096470360, 1096470410],
        "correct": [0, 1, 1, 1],
        "original": [1, 1, 0, 1],
    }
    log, message = read(table)
    assert message == (
        "read_assistments: 4 rows became 2 responses"
        "\n  - 1 row (row 2): scaffolding, left out (scaffolding='keep' keeps it)"
        "\n  - 1 row (row 1): without a skill, left out (without_skill='refuse' refuses it)"
    )
    assert log.student.values.tolist() == [8, 9]
    assert log.skill.labels.tolist() == ["addition", "properties-of-geometric-figures"]
    assert log.item is not None
    assert log.item.values.tolist() == [1041, 1043]
    assert log.time is not None
    assert log.time.tolist() == [1096470301, 1096470400]
    assert log.id is not None
    assert log.id.values.tolist() == [9950, 12]


def test_the_account_holds_every_row_and_column():
    log, message = read(RAW_2009)
    assert fates_of(log) == {
        "a further skill, joined to its response": [3],
        "says a response again, left out": [5],
        "scaffolding, left out (scaffolding='keep' keeps it)": [7],
        "without a skill, left out (without_skill='refuse' refuses it)": [6],
    }
    assert log.account is not None
    assert log.account.summary == message
    assert log.account.left_out.tolist() == [5, 6, 7]
    assert log.account.columns == {
        "student": "user_id",
        "correct": "correct",
        "skill": "skill_id",
        "id": "order_id",
        "item": "problem_id",
    }
    assert log[:2].account is None  # it is of the whole


def test_partial_credit_is_never_decided_silently():
    (problem,) = problems_of(FILE_2015)
    assert problem.startswith("column 'correct': 2 rows (rows 1, 2) with partial credit such as")
    log, message = read(FILE_2015, partial_credit="drop")
    assert "2 rows (rows 1, 2): partial credit, left out" in message
    assert log.correct.tolist() == [1, 0]
    log, message = read(FILE_2015, partial_credit=0.75)
    assert "2 rows (rows 1, 2): partial credit, right from 0.75 on and wrong below" in message
    assert log.correct.tolist() == [1, 0, 1, 0]
    assert read(FILE_2015, partial_credit=1.0)[0].correct.tolist() == [1, 0, 0, 0]
    assert log.skill.labels.tolist() == [5, 6]  # sequences stand for skills
    assert log.item is None
    assert log.chronological is not None
    assert log.chronological.tolist() == [1, 0, 2, 3]  # by log_id
    log, message = read({**FILE_2015, "original": [1, 0, 1, 1]}, partial_credit=0.5)
    assert "1 row (row 1): scaffolding" in message
    assert "1 row (row 2): partial credit" in message  # each row is accounted for once
    table = {**FILE_2015, "correct": [1, 1.5, -0.5, 0]}
    (problem,) = problems_of(table, partial_credit="drop")
    assert problem.startswith("column 'correct': 2 rows (rows 1, 2) neither 0 nor 1")


def test_missing_answers_are_exposures_if_you_say_so():
    table = {**FILE_2015, "correct": [1, None, 0, 1]}
    assert "1 row (row 1) missing" in problems_of(table)[0]
    assert read_assistments(table, unanswered="exposure").correct.tolist() == [1, -1, 0, 1]


def test_rows_that_contradict_each_other_are_refused():
    table = {name: list(values) for name, values in RAW_2009.items()}
    table["correct"][3], table["user_id"][5], table["problem_id"][5] = 0, 9, 999
    assert [problem.split(" with another value")[0] for problem in problems_of(table)] == [
        "column 'user_id': 1 row (row 5)",
        "column 'problem_id': 1 row (row 5)",
        "column 'correct': 1 row (row 3)",
    ]


def test_everything_that_is_wrong_is_said_at_once():
    table = {name: list(values) for name, values in RAW_2009.items()}
    table["user_id"][0], table["order_id"][1], table["skill_id"][2] = None, None, 1.5
    table["correct"][3], table["original"][4] = 0.5, None
    problems = problems_of(table)
    assert len(problems) == 5
    for name in ("user_id", "order_id", "skill_id", "correct", "original"):
        assert any(problem.startswith(f"column {name!r}") for problem in problems)


def test_missing_columns_are_named():
    problems = problems_of({"user_id": [1], "correct": [1]})
    assert problems[0].startswith("no column of the skill; expected one of 'skill_id'")
    assert problems[1].startswith("no column of the id; expected one of 'order_id'")
    table = {name: values for name, values in FILE_2015.items() if name != "user_id"}
    (problem,) = problems_of(table)
    assert problem.startswith("column 'user_id' is missing")
    assert "column 'nowhere' is missing" in problems_of(RAW_2009, extra=["nowhere"])[0]


def test_nothing_left_is_an_error_that_says_why():
    table = {**RAW_2009, "original": [0] * 8}
    problems = problems_of(table)
    assert problems[-1] == "no response is left"
    assert "scaffolding, left out" in problems[-2]
    empty: dict[str, list] = {name: [] for name in RAW_2009}
    assert problems_of(empty) == ("no response is left",)


def test_lists_of_skills_are_no_layout_of_these_files():
    table = {**RAW_2009, "skill_id": [[10]] * 8}
    (problem,) = problems_of(table)
    assert problem.startswith("column 'skill_id': list in 8 rows")


def test_arguments_are_checked():
    with pytest.raises(ParameterError) as caught:
        read_assistments(
            FILE_2015,
            partial_credit=0.0,
            scaffolding="no",  # type: ignore[arg-type]
            skill_separator="",
        )
    assert len(caught.value.problems) == 3


def test_a_gap_in_original_gets_advice_that_helps():
    rows = {
        "order_id": [1, 2], "user_id": [7, 7], "problem_id": [5, 6], "correct": [1, 0],
        "skill_id": [1, 1], "original": [1, np.nan],
    }  # fmt: skip
    with pytest.raises(ResponseDataError, match=r"'original': 1 row .row 1. missing") as caught:
        read_assistments(rows)
    assert "scaffolding='keep'" in str(caught.value)
    assert "unanswered" not in str(caught.value)
    assert len(read_assistments(rows, scaffolding="keep")) == 2
