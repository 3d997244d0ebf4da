"""DataShop's exports: student steps and transactions, several skills, clocks that are none."""

from __future__ import annotations

import csv
from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn.datasets import read_datashop
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

EXPORT: dict[str, list] = {
    "Row": [1, 2, 3, 4, 5],
    "Sample": ["All Data"] * 5,
    "Anon Student Id": ["Stu_a", "Stu_a", "Stu_a", "Stu_b", "Stu_b"],
    "Problem Hierarchy": ["Unit 1"] * 5,
    "Problem Name": ["P1", "P1", "P2", "P1", "P1"],
    "Problem View": [1, 1, 1, 1, 1],
    "Step Name": ["s1", "s2", "s1", "s1", "s2"],
    "First Transaction Time": [
        "2005-09-09 12:24:07.0",
        "2005-09-09 12:24:30.5",
        "2005-09-09 12:26:00.0",
        "2005-09-08 09:00:00.0",
        "2005-09-08 09:01:00.0",
    ],
    "Step Duration (sec)": [7.0, 5.5, None, 3.0, 9.0],
    "First Attempt": ["incorrect", "correct", "hint", "correct", "correct"],
    "KC (Default)": ["add", "add~~carry", "carry~~carry", "add", "add ~~ carry"],
    "Opportunity (Default)": ["1", "2~~1", "2~~3", "1", "2~~1"],
    "KC (Single-KC)": ["one"] * 5,
}


def problems_of(frame, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_datashop(frame, **options)
    return caught.value.problems


def with_rows(*rows, **changes):
    """EXPORT's columns with further rows: copies of a row, with changes."""
    table = {name: list(values) for name, values in EXPORT.items()}
    for row in rows:
        for name, values in table.items():
            values.append(changes.get(name, values[row]))
    return table


def test_an_export_becomes_a_log():
    log = read_datashop(EXPORT, extra=["Step Duration (sec)"])
    assert log.student.values.tolist() == EXPORT["Anon Student Id"]
    assert log.correct.tolist() == [0, 1, 0, 1, 1]  # a hint is a wrong first attempt
    assert skills_of(log) == [["add"], ["add", "carry"], ["carry"], ["add"], ["add", "carry"]]
    assert log.item is not None
    assert log.item.values.tolist() == ["P1 / s1", "P1 / s2", "P2 / s1", "P1 / s1", "P1 / s2"]
    assert log.id is not None
    assert log.id.values.tolist() == [1, 2, 3, 4, 5]
    assert log.clock == "naive"
    assert log.time is not None
    assert np.diff(log.time).tolist() == [23.5, 89.5, -98760.0, 60.0]
    assert log.extra["Step Duration (sec)"].tolist()[:2] == [7.0, 5.5]


def same(one, other):
    return (
        one.student.values.tolist() == other.student.values.tolist()
        and skills_of(one) == skills_of(other)
        and one.correct.tolist() == other.correct.tolist()
        and one.item.values.tolist() == other.item.values.tolist()
        and one.id.values.tolist() == other.id.values.tolist()
        and (one.time is None) == (other.time is None)
        and (one.time is None or one.time.tolist() == other.time.tolist())
    )


@pytest.mark.parametrize("separator", [",", "\t"])
def test_files_and_frames_are_read_alike(tmp_path, separator):
    path = tmp_path / "export.txt"
    frame = pd.DataFrame(EXPORT)
    text = frame.to_csv(index=False, sep=separator)
    path.write_text("\ufeff" + text, encoding="utf-8")
    expected = read_datashop(EXPORT)
    assert same(read_datashop(path), expected)
    assert same(read_datashop(str(path)), expected)
    assert same(read_datashop(frame), expected)
    assert same(read_datashop(frame.astype(str)), expected)
    assert same(read_datashop(pl.read_csv(path, separator=separator).lazy()), expected)
    dated = frame.assign(**{"First Transaction Time": pd.to_datetime(frame.iloc[:, 7])})
    assert same(read_datashop(dated), expected)


def test_the_layout_of_the_kdd_cup():
    table = {name: values for name, values in EXPORT.items() if "First Attempt" not in name}
    table["KC(SubSkills)"] = table.pop("KC (Default)")
    table["Correct First Attempt"] = [0, 1, 0, 1, None]
    assert problems_of(table, kc_model="SubSkills") == (
        "column 'Correct First Attempt': 1 row (row 4) missing; if these are exposures (a lesson "
        'read, no answer asked), say unanswered="exposure"',
    )
    log = read_datashop(table, kc_model="SubSkills", unanswered="exposure")
    assert log.correct.tolist() == [0, 1, 0, 1, -1]
    assert skills_of(log)[1] == ["add", "carry"]


def test_items_and_models_can_be_chosen():
    log = read_datashop(EXPORT, kc_model="Single-KC", item="problem", time=False, id=False)
    assert log.item is not None
    assert log.item.labels.tolist() == ["P1", "P2"]
    assert log.skill.labels.tolist() == ["one"]
    assert log.time is None
    assert log.id is None
    assert read_datashop(EXPORT, item=False).item is None
    (problem,) = problems_of(EXPORT, kc_model="Other")
    assert problem == "no column 'KC (Other)'; kc_model may be: 'Default', 'Single-KC'"


def test_a_row_per_skill_and_a_row_per_sample_are_one_response():
    table = with_rows(0, 0, Sample="Half")
    table["KC (Default)"][5] = "units"
    with pytest.warns(DataWarning) as caught:
        log = read_datashop(table)
    assert str(caught[0].message) == (
        "read_datashop: 7 rows became 5 responses"
        "\n  - 1 row (row 5): a further skill, joined to its response"
        "\n  - 1 row (row 6): says a response again, left out"
    )
    assert caught[0].filename == __file__
    assert skills_of(log)[0] == ["add", "units"]


@pytest.mark.parametrize("column", ["Problem View", "First Transaction Time", "Problem Hierarchy"])
def test_a_step_practised_again_is_another_response(column):
    other = {"Problem View": 2, "First Transaction Time": "2005-09-09 13:00:00.0"}
    table = with_rows(0, **{"Row": 6, column: other.get(column, "Unit 2")})
    assert len(read_datashop(table)) == 6


def test_without_view_and_time_nothing_is_taken_for_a_repetition():
    table = with_rows(0, Row=6)
    del table["Problem View"], table["First Transaction Time"]
    assert len(read_datashop(table)) == 6


def test_steps_without_a_skill_are_counted():
    table = with_rows()
    table["KC (Default)"][1], table["KC (Default)"][4] = "", None
    with pytest.warns(DataWarning, match=r"2 rows \(rows 1, 4\): without a skill, left out"):
        log = read_datashop(table)
    assert len(log) == 3
    assert log.id is not None
    assert log.id.values.tolist() == [1, 3, 4]
    assert problems_of(table, without_skill="refuse") == (
        "column 'KC (Default)': 2 rows (rows 1, 4) missing",
    )
    table["KC (Default)"] = [None] * 5
    assert problems_of(table)[-1] == "no response is left"


def test_times_without_a_date_are_no_clock():
    table = with_rows()
    table["First Transaction Time"] = ["18:05.0", "18:17.0", "01:02:03", "50:57.0", "51:14.0"]
    with pytest.warns(DataWarning, match=r"has no date \('18:05.0'\) and is not used; the numbers"):
        log = read_datashop(table)
    assert log.time is None
    with pytest.warns(DataWarning, match="the place of the rows gives the order"):
        read_datashop(table, id=False)
    assert read_datashop(table, time=False).time is None  # asked for: nothing to warn of
    (problem,) = problems_of(table, time="First Transaction Time")
    assert problem.startswith("column 'First Transaction Time': 5 rows (rows 0, 1, 2, 3, 4) such")
    table["First Transaction Time"][0] = "2005-09-09 12:24:07.0"
    (problem,) = problems_of(table)  # some have a date: a damaged column, not another kind
    assert "4 rows (rows 1, 2, 3, 4) such as '18:17.0'; expected" in problem


def test_everything_that_is_wrong_is_said_at_once():
    table = with_rows()
    table["Anon Student Id"][0] = ""
    table["Step Name"][1] = None
    table["First Attempt"][2] = "unknown"
    table["First Transaction Time"][3] = "9/8/2005 9:00"
    table["KC (Default)"][4] = "add~~~~carry"
    problems = problems_of(table)
    assert problems == (
        "column 'Step Name' (item): 1 row (row 1) missing; every response needs one",
        "column 'Anon Student Id' (student): 1 row (row 0) missing; every response needs one",
        "column 'First Transaction Time': 1 row (row 3) such as '9/8/2005 9:00'; expected date "
        "and time as in '2012-09-28 15:11:27'; time=False leaves the times out",
        "column 'KC (Default)': empty text in 1 row (row 4); expected integers or strings",
        "column 'First Attempt': 1 row (row 2) such as 'unknown'; expected 'correct', "
        "'incorrect', 'hint', or 1 and 0",
    )
    del table["Step Name"], table["First Attempt"]
    assert len(problems_of(table)) == 2


def test_rows_that_contradict_each_other_are_refused():
    table = with_rows(0, **{"First Attempt": "correct"})
    assert problems_of(table) == (
        "column 'First Attempt': 1 row (row 5) with another value than an earlier row of the "
        "same response",
    )
    table = with_rows(0, **{"Problem View": 2})
    (problem,) = problems_of(table)
    assert problem.startswith("column 'Row': 1 row (row 5) with the number of another response")
    assert len(read_datashop(table, id=False, time=False)) == 6


def test_steps_that_would_share_a_label_are_refused():
    table = with_rows()
    table["Problem Name"][:2], table["Step Name"][:2] = ["a / b", "a"], ["c", "b / c"]
    (problem,) = problems_of(table)
    assert "different pairs make the same" in problem


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "export.txt"
    path.write_text("")
    assert "no header" in problems_of(path)[0]
    rows = [list(EXPORT), *map(list, zip(*EXPORT.values(), strict=True))]
    rows[2] = rows[2][:-1]
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerows(rows)
    assert problems_of(path) == ("line 3 has 12 fields, the header 13",)
    path.write_text(path.read_text() + '"never closed')
    assert problems_of(path)[0].startswith("line ")
    with pytest.raises(FileNotFoundError):
        read_datashop(tmp_path / "absent.txt")
    path.write_text("Anon Student Id\tProblem Name\tProblem Name\nx\ty\tz\n")
    problems = problems_of(path)
    assert len(problems) == 4
    assert "column 'Problem Name' is there 2 times" in problems[2]
    assert "column 'Step Name' is there 0 times" in problems[3]


def test_whole_numbers_of_up_to_64_bits_are_integers():
    students = ["9007199254740993", "9223372036854775807"]
    table = {name: column[:2] for name, column in EXPORT.items()}
    log = read_datashop({**table, "Anon Student Id": students})
    assert log.student.labels.tolist() == [2**53 + 1, 2**63 - 1]


def test_only_columns_in_use_must_be_utf8(tmp_path):
    path = tmp_path / "export.txt"
    frame = pd.DataFrame(EXPORT).assign(Input="größe")
    path.write_bytes(frame.to_csv(index=False, sep="\t").encode("latin-1"))
    assert same(read_datashop(path), read_datashop(EXPORT))
    assert problems_of(path, extra=["Input"]) == (
        "column 'Input': 5 rows (rows 0, 1, 2, 3, 4) not in UTF-8; read the file into a frame, "
        "with its encoding",
    )


def test_arguments_are_checked():
    with pytest.raises(ParameterError) as caught:
        read_datashop(EXPORT, item="skill", without_skill="keep", unanswered="wrong")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3


def test_the_frame_is_not_changed():
    frame = pd.DataFrame(EXPORT)
    before = frame.copy(deep=True)
    read_datashop(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_real_export(data):
    path = data("cognitive_tutor", "student_step.csv")
    with pytest.warns(DataWarning) as caught:
        log = read_datashop(path, extra=["Opportunity(Default)"])
    message = str(caught[0].message)
    assert message.startswith("read_datashop: 16,858 rows became 16,857 responses")
    assert "1 row (row 7): says a response again, left out" in message
    assert "'First Transaction Time' has no date ('18:05.0') and is not used" in message
    assert repr(log) == "ResponseLog(16,857 responses, 587 students, 12 skills, 750 items)"
    assert log.time is None
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    del rows[7]
    assert log.correct.tolist() == [int(row["Correct First Attempt"]) for row in rows]
    assert log.skill.values.tolist() == [row["KC(Default)"] for row in rows]
    assert log.student.values.tolist() == [row["Anon Student Id"] for row in rows]
    # Their count of opportunities rises with the log's order, for every student and skill.
    counts = log.extra["Opportunity(Default)"][log.sequences.order]
    inside = np.ones(len(log), bool)
    inside[log.sequences.starts] = False
    assert (np.diff(counts, prepend=0)[inside] > 0).all()


def test_datetimes_are_those_of_the_file():
    log = read_datashop(EXPORT)
    assert log.time is not None
    moment = datetime.fromisoformat("2005-09-09 12:24:07+00:00")
    assert log.time[0] == moment.timestamp()


HEAD = "Row\tAnon Student Id\tProblem Name\tStep Name\tFirst Attempt\tKC (Default)\tInput\n"


def test_an_unmatched_quotation_mark_swallows_no_row(tmp_path):
    row = "{}\ts\tp\tx{}\tcorrect\ta\t{}\n"
    notes = ['"2 + 2', "4", '5"', "6"]
    text = HEAD + "".join(row.format(n, n, note) for n, note in enumerate(notes))
    (tmp_path / "steps.txt").write_text(text)
    with pytest.raises(ResponseDataError, match="lines 2 to 4: a quoted field runs over them"):
        read_datashop(tmp_path / "steps.txt")


def test_a_long_field_that_is_not_used_is_read(tmp_path):
    (tmp_path / "steps.txt").write_text(HEAD + f"1\ts\tp\tx\tcorrect\ta\t{'z' * 140_000}\n")
    assert len(read_datashop(tmp_path / "steps.txt")) == 1


# What the first two answers of EXPORT are made of: a hint, messages of the tutor, a later attempt.
TRANSACTIONS = (
    "Row\tSample Name\tTransaction Id\tAnon Student Id\tSession Id\tTime\tTime Zone\t"
    "Duration (sec)\tStudent Response Type\tTutor Response Type\tProblem Name\tProblem View\t"
    "Step Name\tAttempt At Step\tIs Last Attempt\tOutcome\tInput\t"
    "KC (Default)\tKC Category (Default)\tKC (Default)\tKC Category (Default)\tKC (Single-KC)\n"
    "1\tAll Data\tt1\tStu_a\tS\t2005-09-09 12:24:07.0\tUS/Eastern\t7\tATTEMPT\tRESULT\tP1\t1\t"
    "s1\t1\t0\tINCORRECT\t7\tadd\t\t\t\tone\n"
    "2\tAll Data\tt2\tStu_a\tS\t2005-09-09 12:24:20.0\tUS/Eastern\t13\tATTEMPT\tRESULT\tP1\t1\t"
    "s1\t2\t1\tCORRECT\t8\tadd\t\t\t\tone\n"
    "3\tAll Data\tt3\tStu_a\tS\t2005-09-09 12:24:21.0\tUS/Eastern\t1\t\tMESSAGE\tP1\t1\t"
    "\t\t\t\t\t\t\t\t\tone\n"
    "4\tAll Data\tt4\tStu_a\tS\t2005-09-09 12:24:30.5\tUS/Eastern\t9\tHINT_REQUEST\tHINT_MSG\t"
    "P1\t1\ts2\t1\t1\tHINT\t\tadd\t\tcarry\t\tone\n"
    "5\tHalf\tt4\tStu_a\tS\t2005-09-09 12:24:30.5\tUS/Eastern\t9\tHINT_REQUEST\tHINT_MSG\t"
    "P1\t1\ts2\t1\t1\tHINT\t\tadd\t\tcarry\t\tone\n"
    "6\tAll Data\tt6\tStu_a\tS\t2005-09-09 12:25:00.0\tUS/Eastern\t9\tATTEMPT\tRESULT\t"
    "P1\t1\t\t\t\tCORRECT\t\t\t\t\t\tone\n"
)
NO_OUTCOME = "without an outcome, left out"
NO_COUNT = "at no step that counts its attempts, left out"
LATER = "a later attempt at its step, left out"
AGAIN = "says a response again, left out"


def test_transactions_give_first_attempts(tmp_path):
    path = tmp_path / "transactions.txt"
    path.write_text(TRANSACTIONS)
    for source in (
        path,
        pd.read_csv(path, sep="\t"),
        pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False),
        pl.read_csv(path, separator="\t"),
    ):
        with pytest.warns(DataWarning, match="6 rows became 2 responses"):
            log = read_datashop(source, extra=["Input"])
        assert log.student.labels.tolist() == ["Stu_a"]
        assert log.correct.tolist() == [0, 0]
        assert skills_of(log) == [["add"], ["add", "carry"]]
        assert log.item is not None
        assert log.item.values.tolist() == ["P1 / s1", "P1 / s2"]
        assert log.time is not None
        assert np.diff(log.time).tolist() == [23.5]
        assert log.id is not None
        assert log.id.values.tolist() == [1, 4]
        assert fates_of(log) == {NO_OUTCOME: [2], NO_COUNT: [5], LATER: [1], AGAIN: [4]}
    with pytest.warns(DataWarning):
        assert read_datashop(path, kc_model="Single-KC").skill.labels.tolist() == ["one"]


def test_transactions_that_count_no_attempts_are_responses_each(tmp_path):
    path = tmp_path / "transactions.txt"
    path.write_text(TRANSACTIONS.replace("Attempt At Step", "Attempts"))
    (problem,) = problems_of(path)
    assert problem == "column 'Step Name' (item): 1 row (row 5) missing; every response needs one"
    with pytest.warns(DataWarning, match="6 rows became 3 responses"):
        log = read_datashop(path, item="problem")
    assert fates_of(log)[NO_OUTCOME] == [2]
    assert log.correct.tolist() == [0, 1, 0]


def test_an_outcome_that_is_none_is_told(tmp_path):
    path = tmp_path / "transactions.txt"
    path.write_text(TRANSACTIONS.replace("INCORRECT", "JIT"))
    assert problems_of(path) == (
        "column 'Outcome': 1 row (row 0) such as 'JIT'; expected 'correct', 'incorrect', 'hint', "
        "or 1 and 0",
    )
