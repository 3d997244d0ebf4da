"""CSV and Parquet to logs: types, gaps, dialects, faults, whichever package reads."""

from __future__ import annotations

import builtins
import csv
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import (
    DataWarning,
    MissingDependency,
    ParameterError,
    ResponseDataError,
)
from adaptlearn.responses import engines
from adaptlearn.responses.files.lines import open_csv

ENGINES = ("polars", "pyarrow", "none")


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] in packages:
            raise ImportError(f"{name} is hidden")
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one package that reads CSV files fast, or none."""
    hide(monkeypatch, *{"polars", "pyarrow"} - {request.param})
    return str(request.param)


def read(tmp_path: Path, text: str | bytes, /, **changed: Any) -> ResponseLog:
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return ResponseLog.from_file(path, **changed)


def problems(tmp_path: Path, text: str | bytes, /, **changed: Any) -> tuple[str, ...]:
    with pytest.raises(ResponseDataError) as caught:
        read(tmp_path, text, **changed)
    assert caught.value.subject.endswith("log.csv")
    return caught.value.problems


@pytest.mark.usefixtures("engine")
class TestWhicheverPackageReads:
    def test_whole_numbers_become_integers(self, tmp_path: Path) -> None:
        log = read(tmp_path, "student,skill,correct\n12,add,1\n-3,add,0\n0,add,1\n")
        assert log.student.labels.tolist() == [-3, 0, 12]

    @pytest.mark.parametrize("odd", ["007", "+7", "7.0", "1e3", "-0", " 7", "1_0", "x", "NA"])
    def test_one_value_written_otherwise_keeps_all_as_text(self, tmp_path: Path, odd: str) -> None:
        log = read(tmp_path, f"student,skill,correct\n{odd},add,1\n12,add,0\n")
        assert sorted(log.student.labels.tolist()) == sorted([odd, "12"])

    def test_numbers_beyond_64_bits_stay_text(self, tmp_path: Path) -> None:
        log = read(tmp_path, f"student,skill,correct\n{2**63},add,1\n1,add,0\n")
        assert log.student.labels.tolist() == ["1", str(2**63)]
        log = read(tmp_path, f"student,skill,correct\n{2**63 - 1},add,1\n1,add,0\n")
        assert log.student.labels.tolist() == [1, 2**63 - 1]

    def test_answers_as_numbers_or_truth_values(self, tmp_path: Path) -> None:
        log = read(tmp_path, "student,skill,correct\na,x,1\na,x,0.0\na,x,True\na,x,false\n")
        assert log.correct.tolist() == [1, 0, 1, 0]

    def test_answers_that_are_none_of_it(self, tmp_path: Path) -> None:
        found = problems(tmp_path, "student,skill,correct\na,x,yes\na,x,1\na,x,0.7\na,x,\na,x,NA\n")
        assert len(found) == 3
        assert "row 0" in found[0]
        assert "0.7" in found[1]
        assert "2 rows (rows 3, 4) missing" in found[2]

    def test_exposures(self, tmp_path: Path) -> None:
        text = "student,skill,correct\na,x,\na,x,1\n"
        assert read(tmp_path, text, unanswered="exposure").correct.tolist() == [-1, 1]

    def test_a_missing_label_is_a_problem(self, tmp_path: Path) -> None:
        (found,) = problems(tmp_path, "student,skill,correct\n1,x,1\n,x,1\n")
        assert "'student': 1 row (row 1) missing" in found
        (found,) = problems(tmp_path, "student,skill,correct\na,x,1\n,x,1\n")
        assert "'student': 1 row (row 1) missing" in found

    def test_times(self, tmp_path: Path) -> None:
        head = "student,skill,correct,time\n"
        seconds = read(tmp_path, head + "a,x,1,10\na,x,1,12.5\n").time
        assert seconds is not None
        assert seconds.tolist() == [10, 12.5]
        log = read(tmp_path, head + "a,x,1,2024-01-01 10:00:00\na,x,1,2024-01-01T10:00:01.5\n")
        assert log.clock == "naive"
        assert log.time is not None
        assert np.diff(log.time).tolist() == [1.5]
        log = read(tmp_path, head + "a,x,1,2024-01-01T10:00:00Z\na,x,1,2024-01-01T12:00:00+01:00\n")
        assert log.clock == "aware"
        assert log.time is not None
        assert np.diff(log.time).tolist() == [3600]
        (found,) = problems(tmp_path, head + f"a,x,1,{2**53 + 1}\na,x,1,0.5\n")
        assert "an integer beyond 2**53 in 1 row (row 0)" in found
        (found,) = problems(tmp_path, head + "a,x,1,noon\n")
        assert "expected seconds or datetimes" in found
        assert read(tmp_path, head + "a,x,1,noon\n", time=False).time is None

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_dialects(self, tmp_path: Path, separator: str) -> None:
        lines = ["\ufeffstudent,junk,skill,correct", '"b ""2""",x,"two\nlines",1', "c,,NA,0", ""]
        text = "\r\n".join(lines).replace(",", separator)
        log = read(tmp_path, text)
        assert log.student.values.tolist() == ['b "2"', "c"]
        assert log.skill.values.tolist() == ["two\nlines", "NA"]

    def test_blank_lines_and_no_last_newline(self, tmp_path: Path) -> None:
        log = read(tmp_path, "student,skill,correct\na,x,1\n\nb,x,0\n\n\nc,x,1")
        assert log.student.values.tolist() == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("a,x,1\nb,x\n", "line 3 has 2 fields, the header 3"),
            ("a,x,1\nb,x,y,1\n", "line 3 has 4 fields, the header 3"),
            ('a,"x,1\nb,x,1\n', "a quotation mark is not closed"),
        ],
    )
    def test_bad_lines_are_named(self, tmp_path: Path, body: str, said: str) -> None:
        (found,) = problems(tmp_path, "student,skill,correct\n" + body)
        assert said in found

    def test_bad_lines_far_down_are_named(self, tmp_path: Path) -> None:
        rows = ["a,x,1"] * 1500
        rows[700] = '"a, b",x,1'
        rows[1200] = "a,x"
        rows[1300] = '"a\n",x,1,0'
        found = problems(tmp_path, "\n".join(["student,skill,correct", *rows]))
        assert [each.partition(" has")[0] for each in found] == ["line 1202", "line 1303"]

    def test_a_first_line_that_names_the_separator(self, tmp_path: Path) -> None:
        log = read(tmp_path, "sep=;\r\nstudent;skill;correct\r\na;x;1\r\nb;x;0\r\n")
        assert log.student.values.tolist() == ["a", "b"]

    def test_only_the_first_bad_lines_are_listed(self, tmp_path: Path) -> None:
        found = problems(tmp_path, "student,skill,correct\n" + "a,x\n" * 9)
        assert len(found) == 6
        assert "4 more lines" in found[-1]

    def test_encoding(self, tmp_path: Path) -> None:
        (found,) = problems(tmp_path, "student,skill,correct\nZoë,x,1\n".encode("latin-1"))
        assert "UTF-8 (byte 0xeb)" in found
        assert read(tmp_path, "student,skill,correct\nZoë,x,1\n").student.labels[0] == "Zoë"

    def test_several_skills(self, tmp_path: Path) -> None:
        log = read(tmp_path, "student,skill,correct\na,1~2,1\na,1,0\n", skill_separator="~")
        assert log.skill.labels.tolist() == ["1", "2"]
        log = read(tmp_path, "student,skill,correct\na,1,1\na,1,0\n", skill_separator="~")
        assert log.skill.labels.tolist() == ["1"]


def test_the_fast_packages_are_used(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("student,skill,correct\n007,add,1\n")
    expected = {"student": ["007"], "correct": ["1"]}
    assert engines._csv_by_polars(str(path), ",", ["student", "correct"]) == expected
    assert engines._csv_by_pyarrow(str(path), ",", ["student", "correct"]) == expected
    assert engines.csv_texts(str(path), ",", ["student", "correct"]) == expected


def test_columns(tmp_path: Path) -> None:
    text = "user,kc,ok,item\n1,add,1,q\n"
    log = read(tmp_path, text, student="user", skill="kc", correct="ok")
    assert log.item is not None
    assert read(tmp_path, text, student="user", skill="kc", correct="ok", item=False).item is None
    found = problems(tmp_path, text, correct="OK", time="when")
    assert len(found) == 4
    assert "'student' (student) is missing; say which one it is with student='...'" in found[0]
    assert "'OK' (correct) is missing" in found[2]
    assert "'when' (time) is missing; the columns are 'user', 'kc'" in found[3]
    (found_twice,) = problems(tmp_path, text, student="user", skill="kc", correct="ok", item="kc")
    assert "'kc' is given two roles" in found_twice
    (repeated,) = problems(tmp_path, "student,skill,skill,correct\na,b,c,1\n")
    assert "'skill' (skill) stands 2 times" in repeated


def test_no_header_no_rows(tmp_path: Path) -> None:
    assert "no header" in problems(tmp_path, "")[0]
    assert "no rows" in problems(tmp_path, "student,skill,correct\n")[0]


def test_columns_that_stay_text(tmp_path: Path) -> None:
    text = "student,skill,correct,item\n1,1,1,5\n"
    log = read(tmp_path, text, text=["skill"])
    assert log.skill.labels.tolist() == ["1"]
    assert log.student.labels.tolist() == [1]
    (found,) = problems(tmp_path, text, text=["kc"])
    assert found.startswith("column 'kc' (text) is none of those that are read; the columns are")


def test_without_a_name_a_column_has_that_of_its_role(tmp_path: Path) -> None:
    text = "student,skill,correct\n1,a+b,1\n"
    assert read(tmp_path, text, skill=None, skill_separator="+").skill.labels.tolist() == ["a", "b"]


def test_an_open_file(tmp_path: Path) -> None:
    text = "student,skill,correct\na,x,1\nb,x,0\n"
    stream = io.StringIO(text)
    assert len(ResponseLog.from_file(stream)) == 2
    assert not stream.closed
    with pytest.raises(ResponseDataError, match="the file: 1 problem"):
        ResponseLog.from_file(io.StringIO("student\n"), skill="student", correct="student")
    path = tmp_path / "odd.csv"
    path.write_text("student,skill,correct\na,x\n")
    with path.open(newline="") as opened, pytest.raises(ResponseDataError, match=r"odd\.csv: 1 p"):
        ResponseLog.from_file(opened)


def test_further_columns(tmp_path: Path) -> None:
    head = "student,skill,correct,class,hours,note,odd\n"
    text = head + "a,x,1,4,1.5,fine,007\na,x,0,,,,8\n"
    names = ["class", "hours", "note", "odd", "skill"]
    extra = read(tmp_path, text, extra=names).extra
    assert extra["class"].tolist() == [4, None]
    assert extra["hours"][0] == 1.5
    assert np.isnan(extra["hours"][1])
    assert extra["note"].tolist() == ["fine", None]
    assert extra["odd"].tolist() == ["007", "8"]
    assert extra["skill"].tolist() == ["x", "x"]
    assert read(tmp_path, text, extra=["class"], text=["class"]).extra["class"][0] == "4"
    (found,) = problems(tmp_path, text, extra=["klass"])
    told = "column 'klass' (extra) is missing (did you mean 'class'?); the columns are 'student'"
    assert found.startswith(told)


def test_the_columns_that_are_meant_are_suggested(tmp_path: Path) -> None:
    def remedy(text: str, **options: Any) -> str:
        with pytest.raises(ResponseDataError) as caught:
            read(tmp_path, text, **options)
        return caught.value.remedy

    header = "user_id;kc_name;is_correct;ts\n"
    told = "say which columns they are, perhaps: student='user_id', skill='kc_name'"
    assert remedy(header) == f"{told}, correct='is_correct', time='ts'"
    assert remedy(header, time=False) == f"{told}, correct='is_correct'"
    assert remedy("user_id;kc_name;x\n") == f"{told}, correct='...'"
    # where nothing fits, where nothing is missing, where the separator is in doubt
    assert remedy("a,b,c\n") == ""
    assert remedy("student,skill,correct\n", item="question") == ""
    assert remedy("user|kc|right\n") == ""


def test_the_skills_of_items(tmp_path: Path) -> None:
    text = "student,item,correct\n1,7,1\n1,8,0\n"
    log = read(tmp_path, text, skill=None, q_matrix={7: ["add", "carry"], 8: ["add"]})
    assert log.skill.values.tolist() == ["add", "carry", "add"]
    (found,) = problems(tmp_path, "student,kc,correct\n1,add,1\n", q_matrix={7: ["add"]})
    assert "'item' (item) is missing; say which one it is with item='...'" in found


def test_arguments_that_cannot_be_meant_are_said_before_the_file_is_opened() -> None:
    wrong: Any = {"unanswered": "maybe", "extra": "class", "text": "skill"}
    with pytest.raises(ParameterError, match=r"ResponseLog\.from_file: 3 problems"):
        ResponseLog.from_file("nowhere.csv", **wrong)
    with pytest.raises(FileNotFoundError):
        ResponseLog.from_file("nowhere.csv")
    with pytest.raises(FileNotFoundError):
        ResponseLog.from_file("nowhere.parquet")


def test_repeats_are_warned_of_where_the_file_was_read(tmp_path: Path) -> None:
    text = "student,skill,correct,time\na,x,1,5\na,x,1,5\n"
    path = tmp_path / "twice.csv"
    path.write_text(text)
    with pytest.warns(DataWarning, match="row 1") as caught:
        ResponseLog.from_file(path)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_csv_file_needs_no_dataframe_library(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("student,skill,correct\na,x,1\nb,x,0\n")
    code = (
        "import sys\n"
        "for name in ('duckdb', 'pandas', 'polars', 'pyarrow', 'narwhals', 'sklearn'):\n"
        "    sys.modules[name] = None\n"
        "import adaptlearn\n"
        "assert len(adaptlearn.ResponseLog.from_file('log.csv')) == 2\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    from pyarrow import parquet, table

    path = tmp_path / "log.parquet"
    frame = table(
        {
            "student": ["007", "8"],
            "skill": ["add", "add"],
            "correct": [True, False],
            'odd "name"': [1, 2],
        }
    )
    parquet.write_table(frame, path)
    return path


@pytest.mark.parametrize("package", ["polars", "pyarrow", "duckdb"])
def test_parquet(parquet: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, *{"polars", "pyarrow", "duckdb"} - {package})
    log = ResponseLog.from_file(parquet, item='odd "name"')
    assert log.student.labels.tolist() == ["007", "8"]
    assert log.correct.tolist() == [1, 0]
    assert log.item is not None
    assert log.item.labels.tolist() == [1, 2]
    parquet.write_bytes(parquet.read_bytes()[:100])
    with pytest.raises(ResponseDataError, match="cannot be read as Parquet"):
        ResponseLog.from_file(parquet)


def test_parquet_without_a_package(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "polars", "pyarrow", "duckdb")
    with pytest.raises(MissingDependency, match="pip install pyarrow"):
        ResponseLog.from_file(parquet)


@pytest.mark.parametrize("column", ["student", "correct", "time"])
@pytest.mark.parametrize("cell", ["1" * 50_000 + "x", "1" * 5_000], ids=["text", "digits"])
def test_a_long_cell_is_read_in_one_pass(column, cell):
    row = {"student": "a", "skill": "k", "correct": "1", "time": "1"} | {column: cell}
    file = io.StringIO("student,skill,correct,time\n" + ",".join(row.values()) + "\nb,k,0,2\n")
    begun = time.process_time()
    try:
        assert cell in ResponseLog.from_file(file).student.labels.tolist()
    except ResponseDataError as error:
        assert f"column '{column}'" in str(error)  # noqa: PT017 - only some are refused
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("kind", [str, Path, io.StringIO])
def test_an_unmatched_quotation_mark_swallows_no_row(separator, kind, tmp_path):
    lines = ["student,skill,correct,note", 'a,k,1,"x', "b,k,0,y", 'c,k,1,z"', "d,k,1,w"]
    text = "\n".join(lines).replace(",", separator) + "\n"
    (tmp_path / "log.csv").write_text(text)
    source = kind(text if kind is io.StringIO else tmp_path / "log.csv")
    with pytest.raises(ResponseDataError, match="lines 2 to 4: a quoted field runs over them"):
        ResponseLog.from_file(source)


def test_a_text_of_several_lines_and_a_long_one_are_read(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(f'student,skill,correct,note\na,k,1,"well, then\nno"\nb,k,0,{"z" * 200_000}\n')
    assert len(ResponseLog.from_file(path)) == 2


def test_files_that_are_read_together_leave_the_limit_of_fields_as_it_was() -> None:
    usual = csv.field_size_limit()
    long = "student,note\n1," + "x" * (usual + 1) + "\n"
    with open_csv(io.StringIO(long)) as one:
        with open_csv(io.StringIO(long)) as other:
            other.texts(["student"], [])
        assert one.texts(["student"], []) == {"student": ["1"]}
    assert csv.field_size_limit() == usual


@pytest.mark.parametrize("missing", ["student", "skill", "correct"])
def test_a_column_that_is_needed_is_missed_also_where_none_is_named(missing, tmp_path):
    path = tmp_path / "log.csv"
    names = [name for name in ("student", "skill", "correct", "item") if name != missing]
    path.write_text(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n")
    options: Any = {missing: None}
    with pytest.raises(ResponseDataError, match=rf"column '{missing}' \({missing}\) is missing"):
        ResponseLog.from_file(path, **options)


@pytest.mark.parametrize("missing", ["student", "skill", "correct"])
def test_none_is_the_name_of_no_column_of_a_frame(missing):
    options: Any = {missing: None}
    frame = {name: [1] for name in ("student", "skill", "correct")}
    assert len(ResponseLog.from_frame(frame, **options)) == 1
    del frame[missing]
    with pytest.raises(ResponseDataError, match=rf"column '{missing}' is missing"):
        ResponseLog.from_frame(frame, **options)
