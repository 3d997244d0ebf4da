"""Answers, times and separators as people write them: told with the option that reads them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError
from adaptlearn.responses.spellings import formats_of

HEAD = "student,skill,correct"


def read(text: str, **options: Any) -> ResponseLog:
    return ResponseLog.from_file(io.StringIO(text), **options)


def problems(text: str, **options: Any) -> list[str]:
    with pytest.raises(ResponseDataError) as caught:
        read(text, **options)
    return list(caught.value.problems)


def with_answers(*answers: str) -> str:
    return "\n".join([HEAD.replace(",", ";"), *(f"a;x;{answer}" for answer in answers)])


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["1", "ja", "nein", "Ja"], "3 rows (rows 1, 2, 3) hold text or objects; expected 0 or 1; "
         "the first is 'ja': true_values=['ja'] and false_values=['nein'] read them"),
        (["yes", "1"], "the first is 'yes': true_values=['yes'] reads them"),
        (["N", "richtig"], "true_values=['richtig'] and false_values=['n'] read them"),
        (["1,0", "0"], "the first is '1,0': decimal=',' reads decimal commas"),
        (["1,0", "ja"], "true_values=['...'] and false_values=['...'] say which words"),
        (["hint", "1"], "true_values=['...'] and false_values=['...'] say which words stand for"),
        (["jaa", "nien"], "the first is 'jaa': all of them are 'jaa', 'nien'; true_values"),
    ],
)  # fmt: skip
def test_words_for_answers_are_told_with_the_option_that_reads_them(
    answers: list[str], said: str
) -> None:
    (found,) = problems(with_answers(*answers))
    assert said in found


def test_words_for_answers_are_read_in_any_case() -> None:
    text = with_answers("Ja", "NEIN", " ja", "1", "true", "0")
    log = read(text, true_values=["ja"], false_values=["nein"])
    assert log.correct.tolist() == [1, 0, 1, 1, 1, 0]
    (found,) = problems(with_answers("ja", "jein"), true_values=["ja"])
    assert "1 row (row 1) hold text" in found
    # A word that you name counts before all that it might mean.
    assert read(with_answers("1", "NA"), true_values=["1"], false_values=["NA"]).correct[1] == 0
    assert read(with_answers("1,0", "0"), decimal=",").correct.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (["31.12.2024 13:05"], "the first is '31.12.2024 13:05': date_format='%d.%m.%Y %H:%M' re"),
        (["5", "1.2.24"], "date_format='%d.%m.%y' reads them"),
        (["12/31/2024 1:05 PM"], "date_format='%m/%d/%Y %I:%M %p' reads them"),
        (["1/2/2024"], "date_format='%d/%m/%Y' or date_format='%m/%d/%Y' reads them, whichever is"),
        (["0,5", "1,5"], "decimal=',' reads decimal commas"),
        (["31.2.2024"], "if that day exists, date_format='...' says how dates are written"),
        (["noon"], "date_format='...' says how dates are written, as strptime takes it"),
    ],
)
def test_times_are_told_with_the_option_that_reads_them(times: list[str], said: str) -> None:
    rows = "".join(f"a;x;1;{time}\n" for time in times)
    (found,) = problems("student;skill;correct;time\n" + rows)
    assert said in found
    assert "expected seconds or datetimes" in found


def test_dates_by_a_format() -> None:
    head = "student;skill;correct;time\n"
    text = head + "a;x;1;31.12.2024 13:05\na;x;0;1.1.2025 8:00\n"
    log = read(text, date_format="%d.%m.%Y %H:%M")
    same = read(head + "a;x;1;2024-12-31 13:05:00\na;x;0;2025-01-01 08:00\n")
    assert log.clock == same.clock == "naive"
    assert log.time is not None
    assert same.time is not None
    assert log.time.tolist() == same.time.tolist()
    zoned = read(head + "a;x;1;1.1.2024 8:00 +0100\n", date_format="%d.%m.%Y %H:%M %z")
    assert zoned.clock == "aware"
    # With a format, nothing else is a time.
    (found,) = problems(text + "a;x;1;2024-01-01 08:00\n", date_format="%d.%m.%Y %H:%M")
    assert "1 row (row 2)" in found
    (found,) = problems(text + "a;x;1;\n", date_format="%d.%m.%Y %H:%M")
    assert "1 row (row 2) missing" in found


def test_formats_need_all_texts() -> None:
    assert formats_of(["1/2/2024", "31/1/2024"]) == ["%d/%m/%Y"]
    assert formats_of(["1.2.2024", "noon"]) == []


@pytest.mark.parametrize("times", [
    ["2024-02-28 23:59:59", "2024-02-29T00:00:01"], ["0001-01-01 00:00:00"],
    ["9999-12-31 23:59:59"], ["2024-02-29 00:00:00", "2024-02-29"], ["2024-02-28T08:00:00.25"],
    ["0001-01-01T00:00:00+14:00"], ["2024-02-29T08:00:00Z", "2024-02-29T08:00:00+01:00"],
])  # fmt: skip
def test_times_are_the_same_in_bulk_and_one_by_one(times: list[str]) -> None:
    from datetime import datetime

    log = read(
        "student,skill,correct,time\n"
        + "".join(f"a,x,{n % 2},{time}\n" for n, time in enumerate(times))
    )
    moments = [datetime.fromisoformat(time) for time in times]
    columns = {"student": ["a"] * len(times), "skill": ["x"] * len(times), "time": moments}
    expected = ResponseLog.from_frame({**columns, "correct": [n % 2 for n in range(len(times))]})
    assert log.clock == expected.clock
    assert log.time is not None
    assert expected.time is not None
    assert log.time.tolist() == expected.time.tolist()


@pytest.mark.parametrize(
    "time", ["2023-02-29 00:00:00", "0000-01-01 00:00:00", "2024-01-01 24:00:01"]
)
def test_days_that_are_none_are_refused(time: str) -> None:
    (found,) = problems(f"student,skill,correct,time\na,x,1,{time}\n")
    assert f"the first is {time!r}" in found


def test_decimal_commas() -> None:
    text = "student;skill;correct;time;hours\na;x;1;0,5;1,25\na;x;0;1;2\n"
    log = read(text, decimal=",", extra=["hours"])
    assert log.time is not None
    assert log.time.tolist() == [0.5, 1]
    assert log.extra["hours"].tolist() == [1.25, 2]
    (found,) = problems(text.replace("0,5", "0.5"), decimal=",")
    assert "the first is '0.5'" in found
    told = r"'hours' stays text: it holds decimal commas, such as '1,25'; decimal=',' reads them"
    with pytest.warns(DataWarning, match=told):
        log = read(text, time=False, extra=["hours"])
    assert log.extra["hours"].tolist() == ["1,25", "2"]


def test_separators() -> None:
    for mark in (";", "\t", ","):
        rows = f"sep={mark}\r\n{HEAD}\r\na,x,1\r\n".replace(",", mark)
        assert len(read(rows)) == 1
    assert len(read("SEP=|\nstudent|skill|correct\na|x|1\n")) == 1
    assert len(read("student|skill|correct\na|x|1\n", separator="|")) == 1
    assert len(read('student;skill;correct;"a,b,c,d"\na;x;1;\n')) == 1
    (found,) = problems("sep=;\nstudent;skill;correct\na;x\n")
    assert found == "line 3 has 2 fields, the header 3"


def test_a_separator_that_is_in_doubt_is_told() -> None:
    (found,) = problems("student,skill;correct\na,x;1\n")
    assert found == (
        "the header has commas and semicolons, as many of each; say which of them separate "
        "columns: separator=',' or separator=';'"
    )
    found = problems("student;skill;correct, or not, or hint, or none\na;x;1\n")[-1]
    assert found.endswith("taken apart at commas: separator=';' takes another mark")
    assert problems("student|skill|correct\na|x|1\n")[-1].endswith(
        "separator='|' takes another mark"
    )


def test_a_mistyped_column_is_told_with_the_nearest() -> None:
    found = problems("Studnt,skill,CORRECT\na,x,1\n", time="correc")
    assert [problem.partition("; the columns")[0] for problem in found] == [
        "column 'student' (student) is missing; say which one it is with student='...' "
        "(did you mean 'Studnt'?)",
        "column 'correct' (correct) is missing; say which one it is with correct='...' "
        "(did you mean 'CORRECT'?)",
        "column 'correc' (time) is missing (did you mean 'CORRECT'?)",
    ]
    with pytest.raises(ResponseDataError, match=r"'SKIL' is missing \(did you mean 'skill'\?\)"):
        ResponseLog.from_frame({"student": [1], "skill": [1], "correct": [1]}, skill="SKIL")


def test_frames_name_the_first_text_too() -> None:
    columns = {"student": [1, 2], "skill": [1, 1], "correct": [1, "ja"], "time": [1, "1.1.2024"]}
    with pytest.raises(ResponseDataError) as caught:
        ResponseLog.from_frame(columns)
    assert caught.value.problems[0].endswith("expected 0 or 1; the first is 'ja'")
    assert caught.value.problems[1].endswith("; the first is '1.1.2024'")
    with pytest.raises(ResponseDataError) as caught:
        ResponseLog.from_frame({**columns, "correct": [1, 0], "time": ["2024-01-31T08:30:00Z"] * 2})
    told = "; the first is '2024-01-31T08:30:00Z': datetime.fromisoformat reads it"
    assert caught.value.problems[0].endswith(told)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"separator": ";;"}, "separator must be one character"),
        ({"separator": '"'}, "separator must be one character"),
        ({"true_values": "ja"}, "true_values must be a list of words, got 'ja'"),
        ({"true_values": ["ja"], "false_values": ["Ja "]}, "['ja'] cannot stand for both 1 and 0"),
        ({"date_format": "%H:%M"}, "date_format must give day, month and year"),
        ({"date_format": "%d.%m.%Y %"}, "date_format must give day, month and year"),
        ({"decimal": ";"}, "decimal must be '.' or ','"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read("nothing", **options)
    assert said in str(caught.value)
