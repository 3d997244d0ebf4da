"""The page of a district: what it counts, what it shows, and what it refuses."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.reporting.district_attack import STATUSES, Page, sizes_of
from tests.reporting.test_page import HOSTILE
from tests.reporting.test_suppression import Rows, a_week_later, district

from adaptlearn.cli import main
from adaptlearn.errors import ResponseDataError
from adaptlearn.reporting import report_district
from adaptlearn.reporting.district.counts import places_of
from adaptlearn.reporting.district.steps import steps_of


def even(schools: list[str], courses: list[str], groups: list[str]) -> Rows:
    """Large groups of all statuses: nothing is hidden."""
    n = 600 * len(schools)
    return {
        "student": [f"s{k}" for k in range(n)],
        "school": [schools[k % len(schools)] for k in range(n)],
        "course": [courses[k // len(schools) % len(courses)] for k in range(n)],
        "group": [groups[k // (n // len(groups))] for k in range(n)],
        "status": [STATUSES[(k * 7 // 3) % 5] for k in range(n)],
    }


def test_shares_are_what_the_rows_say() -> None:
    rows = even(["N", "S"], ["algebra", "geometry"], ["grade 5", "grade 6"])
    page = report_district(rows)
    sizes = sizes_of(rows)
    shown = 0
    for table, names in {"schools": ["school"], "school_groups": ["school", "group"]}.items():
        columns = page.columns[table]
        for line in range(len(columns["students"])):
            own = {name: columns[name][line] for name in names}
            inside = np.all([np.array(rows[name]) == one for name, one in own.items()], axis=0)
            key = tuple(f"{name}={one}" for name, one in own.items())
            assert columns["students"][line] == sizes[key] == inside.sum()
            for status in STATUSES:
                share = 100 * np.mean(np.array(rows["status"])[inside] == status)
                word = status.replace(" ", "_")
                low, high = columns[f"{word}_from"][line], columns[f"{word}_below"][line]
                assert low <= share < high
                shown += high - low < 100
    assert shown == 6 * len(STATUSES)


def test_the_page_the_tables_and_the_bars_say_the_same() -> None:
    rows = district(np.random.default_rng(2))
    page = report_district(rows, day=date(2026, 12, 1))
    html, lines = page.to_html(), Page(page.to_html()).lines
    told = 0
    for table, names in (("schools", ["school"]), ("school_courses", ["school", "course"])):
        columns = page.columns[table]
        for at, key in enumerate(zip(*(columns[name] for name in names), strict=True)):
            line = lines[tuple(f"{name}={one}" for name, one in zip(names, key, strict=True))]
            students = columns["students"][at]
            assert line.students == (None if np.isnan(students) else students)
            told += line.students is not None
    assert told
    bars = re.findall(r'data-lower="(\d+)" data-upper="(\d+)"', html)
    mastered = [
        (str(int(low)), str(int(high)))
        for table in ("schools", "courses", "groups")
        for low, high in zip(
            page.columns[table]["mastered_from"], page.columns[table]["mastered_below"], strict=True
        )
        if low == low  # noqa: PLR0124 - nan alone differs from itself
    ]
    assert bars == mastered
    assert "Made on 1 December 2026." in html
    assert not any(f">{student}<" in html for student in rows["student"])
    frames = page.tables("pandas")
    assert frames["district"]["students"].tolist() == [len(rows["student"])]


def test_small_groups_are_never_shown_and_large_ones_are() -> None:
    rows = even(["N", "S"], ["algebra", "geometry"], ["grade 5", "grade 6"])
    calm = Page(report_district(rows).to_html()).lines
    assert all(line.students is not None for line in calm.values())
    for seed in range(5):
        rows = district(np.random.default_rng(seed))
        lines = Page(report_district(rows).to_html()).lines
        for name, size in sizes_of(rows).items():
            if size < 10 and name in lines:
                assert lines[name].students is None


def test_ten_students_with_several_courses_are_not_twenty() -> None:
    few = [f"f{k}" for k in range(5)]
    rows = even(["N", "S"], ["algebra", "geometry"], ["grade 5", "grade 6"])
    for course in ("algebra", "geometry"):
        tiny = {"student": few, "school": ["Tiny"] * 5, "course": [course] * 5,
                "group": ["grade 5"] * 5, "status": ["nearly"] * 5}  # fmt: skip
        for name, values in tiny.items():
            rows[name] = [*rows[name], *values]
    page = report_district(rows)
    schools = dict(zip(page.columns["schools"]["school"], page.columns["schools"]["students"],
                       strict=True))  # fmt: skip
    assert np.isnan(schools["Tiny"])
    assert "counts in each of them" in page.to_html()


def test_rows_of_several_standards_are_one_student() -> None:
    rows: Rows = {"student": ["a", "a", "a", "b"], "school": ["N"] * 4, "course": ["x"] * 4,
            "group": ["g"] * 4, "status": [3, 4, 3, 0]}  # fmt: skip
    places = places_of(rows)
    assert places.status.tolist() == [4, 0]
    again = places_of({name: values * 2 for name, values in rows.items()})
    assert again.status.tolist() == [4, 0]


def test_what_an_earlier_page_hides_stays_hidden() -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        rows = district(random)
        first = report_district(rows)
        later = a_week_later(rows, random)
        pages = [first, report_district(later, earlier=first.tables("polars"))]
        lines = [Page(page.to_html()).lines for page in pages]
        hidden = {name for name, line in lines[0].items() if line.students is None}
        for name, line in lines[1].items():
            assert line.students is None or name not in hidden
        same = report_district(rows, earlier=first.columns)
        assert same.to_html() == first.to_html()


def test_labels_are_shown_as_text() -> None:
    plain = report_district(even([f"s{k}" for k in range(len(HOSTILE))], ["a", "b"], ["c", "d"]))
    page = report_district(even(list(HOSTILE), [HOSTILE[0], "b"], [HOSTILE[1], "d"])).to_html()
    tags = re.compile(r"<(/?[a-z0-9]+)")
    assert sorted(tags.findall(page)) == sorted(tags.findall(plain.to_html()))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not set("\u202e\u202c\u2066\u2069\x1b") & set(page)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": ["known", "nearly", "nearly"]}, "status must be one of 'not begun'"),
        ({"status": [5, 1, 1]}, "1 of 3 rows, 0"),
        ({"school": [None, "N", "N"]}, "school is missing"),
        ({"group": ["g", "h", "g"], "student": ["a", "a", "b"]}, "one group for each student"),
        ({"course": None}, "'course'"),
    ],
)
def test_wrong_rows_are_refused(change: dict[str, Any], said: str) -> None:
    rows: dict[str, Any] = {"student": ["a", "b", "c"], "school": ["N"] * 3, "course": ["x"] * 3,
                            "group": ["g"] * 3, "status": ["nearly"] * 3} | change  # fmt: skip
    with pytest.raises(ResponseDataError) as error:
        report_district({name: values for name, values in rows.items() if values is not None})
    assert said in str(error.value)


def test_no_rows_and_no_earlier_tables_are_refused() -> None:
    none: dict[str, list[Any]] = {name: [] for name in ("student", "school", "course", "group")}
    with pytest.raises(ResponseDataError, match="there are no rows"):
        report_district(none | {"status": []})
    with pytest.raises(ResponseDataError, match="the table 'school_groups' is missing"):
        report_district(even(["N"], ["x"], ["g"]), earlier={"district": {"students": [3]}})


def test_a_district_too_small_for_any_page_shows_nothing() -> None:
    rows = {"student": list("abc"), "school": ["N"] * 3, "course": ["x"] * 3, "group": ["g"] * 3,
            "status": ["nearly"] * 3}  # fmt: skip
    lines = Page(report_district(rows).to_html()).lines
    assert set(lines) == {()}
    assert lines[()].students is None


def test_steps_hold_the_share_and_at_least_ten_students() -> None:
    random = np.random.default_rng(0)
    counts = random.multinomial(random.integers(1, 3000, 500), random.dirichlet(np.ones(5), 500))
    steps = steps_of(counts)
    assert np.all((steps.low <= counts) & (counts <= steps.high))
    n = counts.sum(axis=1, keepdims=True)
    assert np.all((steps.high - steps.low + 1 >= 10) | (n < 20))
    share = counts / n * 100
    assert np.all((steps.from_ == 0) | (share >= 5))
    assert np.all((steps.below == 100) | (share < 95))
    assert np.all(steps.below - steps.from_ >= 1)
    assert np.mean(steps.below - steps.from_ == 1) > 0.2


def test_the_command_writes_the_page_and_takes_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = district(np.random.default_rng(2))
    lines = [",".join(rows), *map(",".join, zip(*rows.values(), strict=True))]
    Path("students.csv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["report", "district", "students.csv", "-o", "one.html", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    Path("one.json").write_text(json.dumps(tables), encoding="utf-8")
    assert Path("one.html").read_text(encoding="utf-8") == report_district(rows).to_html()
    again = ["report", "district", "students.csv", "-o", "two.html", "--earlier", "one.json"]
    assert main(again) == 0
    assert "not shown" in capsys.readouterr().out
    assert Path("two.html").read_bytes() == Path("one.html").read_bytes()
    Path("one.json").write_text("[]", encoding="utf-8")
    assert main(again) == 1
    assert "--json printed" in capsys.readouterr().err
    Path("students.csv").write_text("student,school\na,N\n", encoding="utf-8")
    assert main(again[:-2]) == 1
    assert "'course'" in capsys.readouterr().err
