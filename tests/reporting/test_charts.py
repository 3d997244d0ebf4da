"""What a bar shows is what the text or the table beside it says."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from tests.reporting.conftest import class_figures
from tests.reporting.test_suppression import district

from adaptlearn.reporting import (
    Figures,
    Status,
    report_class,
    report_district,
    report_family,
    report_student,
)
from adaptlearn.reporting.page import Report

STACK = re.compile(
    r'data-counts="(\d+) (\d+) (\d+)">'
    r'<rect class="low" width="([\d.]+)" height="10"/>'
    r'<rect class="middle" x="([\d.]+)" width="([\d.]+)" height="10"/>'
    r'<rect class="high" x="([\d.]+)" width="([\d.]+)" height="10"/></svg>\s*</th>'
    r'<td class="number">(\d+)</td><td class="number">(\d+)</td><td class="number">(\d+)</td>'
)
BAR = re.compile(
    r'data-lower="(\d+)" data-upper="(\d+)" data-total="(\d+)">'
    r'<rect class="track"[^>]*/>'
    r'<rect class="from-to(?: unsure)?" x="([\d.]+)" y="1" width="([\d.]+)"'
)


@pytest.fixture(scope="module")
def figures() -> Figures:
    return class_figures(12, 10, skills=3)


def bars(page: Report) -> list[tuple[int, int, int]]:
    """From, to, and of how much: what each bar says of itself, and is as long as."""
    html, found = page.to_html(), []
    drawn = BAR.findall(html)
    assert len(drawn) == html.count('<svg class="range"')
    for lower, upper, total, x, width in drawn:
        start, length = 100 * int(lower) / int(total), 100 * (int(upper) - int(lower)) / int(total)
        # A bar without a length is drawn 3 wide, so that it can be seen.
        assert float(x) == pytest.approx(min(start, 97), abs=0.06)
        assert float(width) == pytest.approx(max(length, 3), abs=0.06)
        assert float(x) + float(width) <= 100.1
        found.append((int(lower), int(upper), int(total)))
    return found


def test_the_stacks_of_a_class_are_the_rows_they_stand_in(figures: Figures) -> None:
    page = report_class(figures, "4b")
    html = page.to_html()
    drawn = STACK.findall(html)
    assert len(drawn) == html.count('<svg class="stack"') == len(page.columns["spread"]["standard"])
    for place, row in enumerate(drawn):
        told = [int(one) for one in row[:3]]
        low, low_end, middle, high_start, high = map(float, row[3:8])
        assert told == [int(one) for one in row[8:]]
        assert told == [page.columns["spread"][name][place] for name in ("low", "middle", "high")]
        assert [low, middle, high] == pytest.approx([100 * n / sum(told) for n in told], abs=0.06)
        assert [low_end, high_start] == pytest.approx([low, low + middle], abs=0.11)


@pytest.mark.parametrize("make", [report_student, report_family])
def test_the_bars_of_a_student_are_the_sentences_below_them(
    figures: Figures, make: Callable[..., Report]
) -> None:
    several = 0
    for student in figures.students:
        page = make(figures, student)
        topics = re.findall(r'<li class="topic">(.*?)</li>', page.to_html(), re.DOTALL)
        assert len(topics) == len(page.columns["standards"]["standard"])
        row = figures.index.code(student)
        drawn = [topic for topic in topics if '<svg class="range"' in topic]
        shown = bars(page)
        for (lower, upper, total), topic in zip(shown, drawn, strict=True):
            title = re.findall(r"<strong><bdi>(.*?)</bdi>", topic)[0]
            place = figures.titles.index(title)
            ends = figures.lower[row, place], figures.upper[row, place], figures.sizes[place]
            assert (lower, upper, total) == ends
            if said := re.search(r"(?:knows?|answer) (?:(\d+) to )?(\d+) of (?:its )?(\d+)", topic):
                assert (int(said[1] or said[2]), *map(int, said.groups()[1:])) == ends
                several += 1
        open_ = np.isin(figures.status[row], [Status.LEARNING, Status.NEARLY]).sum()
        assert len(shown) == (len(topics) if make is report_family else open_)
    assert several > len(figures.students)


@pytest.mark.parametrize("make", [report_student, report_family])
def test_the_steps_of_a_student_are_the_statuses_of_the_table(
    figures: Figures, make: Callable[..., Report]
) -> None:
    for student in figures.students:
        page = make(figures, student)
        steps = re.findall(r'<p class="steps"[^>]*>(.*?)</p>', page.to_html())
        assert len(steps) == 1
        drawn = re.findall(r'<i class="s(\d)"></i>', steps[0])
        assert [Status(int(one)).word for one in drawn] == [*page.columns["standards"]["status"]]


@pytest.mark.parametrize("seed", range(5))
def test_the_bars_of_a_district_are_the_shares_of_mastered_beside_them(seed: int) -> None:
    page = report_district(district(np.random.default_rng(seed)))
    expected = []
    for name in ("schools", "courses", "groups"):
        table = page.columns[name]
        seen = ~np.isnan(table["students"])
        ends = zip(table["mastered_from"][seen], table["mastered_below"][seen], strict=True)
        # Up to 100 per cent is written as below 101.
        expected += [(int(low), min(int(high), 100), 100) for low, high in ends]
    assert expected
    assert bars(page) == expected
    told = re.findall(
        r'data-lower="(\d+)" data-upper="(\d+)"[^\n]*</svg>\s*</td>'
        r"(?:<td>[^<]*</td>){3}<td>([^<]*)</td>",
        page.to_html(),
    )
    assert len(told) == len(expected)
    for lower, upper, share in told:
        numbers = re.findall(r"\d+", share)
        assert numbers == [one for one in (lower, upper) if one not in ("0", "100")]
