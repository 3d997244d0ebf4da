"""What a notebook shows of a log."""

from __future__ import annotations

import datetime as dt

import numpy as np
from tests.pages import Page

from adaptlearn import ResponseLog

SCRIPT = "<script>alert(1)</script>"


def page_of(**columns):
    return Page(ResponseLog.from_frame(columns, unanswered="exposure")._repr_html_())


def rows_of(page):
    """What stands in each row, after the heads."""
    return page.text.split("\n")


def test_columns_and_skills_at_a_glance():
    log = ResponseLog.from_frame(
        {
            "student": ["ann", "ann", "bob", "bob"],
            "skill": ["add~draw", "add", "add", "draw"],
            "correct": [1.0, 1.0, 0.0, np.nan],
            "item": [1, 2, 3, 4],
            "time": [np.datetime64(f"2024-05-17T08:0{minute}") for minute in range(4)],
            "id": ["a", "b", "c", "d"],
            "room": ["1a", "1a", "1b", "1b"],
        },
        skill_separator="~",
        extra=["room"],
        unanswered="exposure",
    )
    page = Page(log._repr_html_())
    lines = rows_of(page)
    told = dict(zip(lines[3:17:2], lines[4:17:2], strict=True))
    assert lines[0] == "4 responses"
    assert told["student"] == "2: 'ann', 'bob'"
    assert told["skill"] == "2: 'add', 'draw', 1.2 in each response"
    assert told["item"] == "4: 1, 2, 3, …"
    assert told["correct"] == "66.7% right, 1 exposure"
    assert told["time"] == "2024-05-17 08:00:00 to 2024-05-17 08:03:00 (as their clock shows)"
    assert told["room"] == "text"
    assert lines[lines.index("add") :][:3] == ["add", "3", "67%"]
    assert lines[lines.index("draw") :][:3] == ["draw", "1", "100%"]
    assert page.tags.count("table") == 2


def test_the_skills_with_the_most_answers_come_first():
    skill = np.repeat(np.arange(30), np.arange(30) + 1)
    page = page_of(student=np.ones(len(skill), int), skill=skill, correct=skill % 2)
    lines = rows_of(page)
    assert lines.index("29") < lines.index("18")
    assert "… and 18 skills more" in lines


def test_seconds_and_zones_are_told():
    columns = {"student": [1, 1], "skill": ["a", "a"], "correct": [0, 1]}
    assert "0 to 172,800 seconds (2.0 days)" in page_of(**columns, time=[0.0, 172_800.0]).text
    moment = dt.datetime(2024, 5, 17, 8, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert "2024-05-17 06:00:00 (UTC)" in page_of(**columns, time=[moment, moment]).text


def test_what_a_part_holds_is_counted():
    log = ResponseLog.from_frame(
        {"student": [1, 2, 3], "skill": ["a", "b", "c"], "correct": [0, 1, 1]}
    )
    lines = rows_of(Page(log[1:2]._repr_html_()))
    assert lines[lines.index("student") + 1] == "1: 2"
    assert lines[lines.index("skill") + 1] == "1: 'b'"
    assert Page(log[:0]._repr_html_()).text.startswith("0 responses")


def test_exposures_alone_have_no_bars():
    page = page_of(student=[1], skill=["a"], correct=[np.nan])
    assert "1 exposure" in page.text
    assert page.tags.count("table") == 1


def test_names_are_escaped():
    page = page_of(student=[SCRIPT], skill=[SCRIPT], correct=[1], item=[SCRIPT])
    assert "script" not in page.tags
    assert page.text.count(SCRIPT) == 4
