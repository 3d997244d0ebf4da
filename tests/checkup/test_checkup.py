"""The checkup as an object: text, table, notebook, JSON; and what it leaves alone."""

from __future__ import annotations

import copy
import json
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.checkup.sound import codes, read, sound, without

from adaptlearn import check
from adaptlearn.checkup import Checkup, Finding
from adaptlearn.errors import ResponseDataError


def finding(code: str, severity: Any, **more: Any) -> Finding:
    texts = {"found": "Found it.", "consequence": "It hurts.", "remedy": "Call `mend()`."}
    return Finding(code, severity, column="skill", count=2, **{**texts, **more})


@pytest.fixture
def three() -> Checkup:
    return Checkup(
        "a log",
        [finding("c", "note"), finding("a", "error", labels=("x", "y")), finding("b", "warning")],
    )


def test_errors_come_first(three: Checkup) -> None:
    assert three.codes == ("a", "b", "c")
    assert [found.severity for found in three] == ["error", "warning", "note"]
    assert len(three) == 3
    assert repr(three) == "Checkup(1 error, 1 warning, 1 note)"


def test_findings_are_looked_up_by_code(three: Checkup) -> None:
    assert "b" in three
    assert "d" not in three
    assert three["b"].severity == "warning"
    with pytest.raises(KeyError, match="'d' was not found; found were a, b, c"):
        three["d"]


def test_ok_is_the_absence_of_errors(three: Checkup) -> None:
    assert not three.ok
    assert Checkup("a log", [found for found in three if found.severity != "error"]).ok
    assert Checkup("a log", []).ok


def test_text_is_wrapped_and_aligned() -> None:
    long = "word " * 60 + "'a label that has-hyphens'"
    text = str(Checkup("a log", [finding("a-code", "note", found=long)]))
    lines = text.splitlines()
    assert lines[:4] == ["a log", "1 note", "", "note     a-code"]
    assert max(map(len, lines)) <= 80
    assert all(line.startswith(" " * 9) for line in lines[4:])
    assert lines[-2:] == ["         so: It hurts.", "         do: Call `mend()`."]
    assert " ".join(lines[4:-2]).split() == long.split()


def test_text_of_a_width() -> None:
    text = check(without(sound(), "time")).to_text(50)
    assert max(map(len, text.splitlines()[2:])) <= 50


def test_nothing_found_is_said() -> None:
    checkup = check(sound())
    assert str(checkup).splitlines()[1] == "nothing found"
    assert checkup._repr_html_().count("<table") == 0
    assert "nothing found" in checkup._repr_html_()
    assert checkup.table()["code"].tolist() == []
    assert bool(checkup)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_table_is_one_for_any_library(three: Checkup, library: str) -> None:
    frame = pytest.importorskip(library).DataFrame(three.table())
    assert list(frame.columns) == [
        "severity",
        "code",
        "column",
        "count",
        "found",
        "consequence",
        "remedy",
    ]
    assert frame["code"].to_list() == ["a", "b", "c"]
    assert frame["count"].sum() == 6


def test_json_holds_the_first_rows_and_labels(three: Checkup) -> None:
    content = json.loads(json.dumps(three.to_dict()))
    assert content["ok"] is False
    assert content["findings"][0]["first_labels"] == ["x", "y"]
    many = Checkup("a log", [finding("a", "note", rows=np.arange(1000))])
    assert many.to_dict()["findings"][0]["first_rows"] == list(range(20))


class Cells(HTMLParser):
    """The texts of a table's cells, and the tags that stand open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "br":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.cells[-1] += data


def test_html_is_escaped_and_whole() -> None:
    found = "<script>alert('&')</script> & `<b>`"
    html = Checkup("a <log>", [finding("a", "error", found=found)])._repr_html_()
    parser = Cells()
    parser.feed(html)
    assert parser.open == []
    assert parser.cells == [
        "errora",
        "<script>alert('&')</script> & <b>",
        "It hurts.",
        "Call mend().",
    ]
    assert "<script" not in html
    assert "<code>mend()</code>" in html


def test_sentences_stand_to_the_left_and_at_the_top(three: Checkup) -> None:
    html = three._repr_html_()
    cells = re.findall(r"<t[dh](?: style=\"([^\"]*)\")?>", html)
    assert cells == ["text-align:left;vertical-align:top"] * 4 * (1 + len(three))
    assert len(re.findall("border-left:4px solid #", html)) == len(three)


def test_labels_of_a_log_are_escaped() -> None:
    columns = sound()
    columns["skill"] = [s.replace("add", "<img src=x>") for s in columns["skill"]]
    columns["correct"] = [
        1 if "<" in skill else correct
        for skill, correct in zip(columns["skill"], columns["correct"], strict=True)
    ]
    html = check(columns)._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


# ---- check ----------------------------------------------------------------------------------


def test_a_frame_is_read_as_it_is_and_not_changed() -> None:
    columns = sound()
    columns["time"][3] = columns["time"][2]
    for name in ("skill", "item", "correct"):
        columns[name][3] = columns[name][2]
    before = copy.deepcopy(columns)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the repeat is a finding, not a warning too
        checkup = check(columns)
    assert checkup.codes == ("repeated-events",)
    assert columns == before


def test_a_log_is_not_changed() -> None:
    log = read({**sound(), "school": ["north"] * 960}, extra=["school"])
    fields = copy.deepcopy(log._fields())
    order = np.array(log.sequences.order)
    check(log)
    for name, value in fields.items():
        np.testing.assert_equal(log._fields()[name], value)
    np.testing.assert_array_equal(log.sequences.order, order)


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="neither 0 nor 1"):
        check({"student": [1], "skill": [1], "correct": [2]})


@pytest.mark.parametrize("rows", [1, 2, 3, 30])
@pytest.mark.parametrize("left_out", [(), ("time",), ("item",), ("time", "item")])
def test_small_logs_and_parts(rows: int, left_out: tuple[str, ...]) -> None:
    log = read(without(sound(), *left_out))
    part = check(log[:rows])
    alone = check(
        read({name: column[:rows] for name, column in without(sound(), *left_out).items()})
    )
    # A part keeps the labels of the whole: those without a row are not spoken of.
    assert [(f.code, f.found) for f in part] == [(f.code, f.found) for f in alone]


def test_only_exposures() -> None:
    columns = {"student": ["a", "b"], "skill": ["x", "x"], "correct": [None, None]}
    assert codes(columns, unanswered="exposure") == [
        "no-skill-identified",
        "skill-only-exposures",
        "order-from-rows",
        "exposures",
    ]


def test_the_order_of_students_does_not_matter() -> None:
    columns = without(sound(), "time")
    rows = np.argsort(np.array(columns["student"]), kind="stable")
    sorted_by_student = {name: [column[row] for row in rows] for name, column in columns.items()}
    assert str(check(sorted_by_student)) == str(check(columns))


def test_the_guide_names_every_code() -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "check.md").read_text(encoding="utf-8")
    room = root / "src" / "adaptlearn" / "checkup"
    source = "".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    given = set(re.findall(r'^\s+"((?:[a-z]+-)+[a-z0-9]+)",?(?::|$)', source, re.MULTILINE))
    assert len(given) > 25
    assert sorted(code for code in given if f"`{code}`" not in page) == []
