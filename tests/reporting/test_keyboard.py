"""Pages without a mouse, without scripts, without colours and on paper."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.conftest import PAGES

STOPS = """() => {
  window.stops = [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(one => one.checkVisibility());
  return window.stops.length;
}"""
HERE = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  return {
    stop: window.stops.indexOf(one),
    seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
  };
}"""
TILES = """() => [0, 1, 2, 3, 4].map(status => {
  const style = getComputedStyle(document.querySelector(`.legend dl .s${status}`));
  return {
    back: style.backgroundColor, ink: style.color,
    shape: [style.borderTopStyle, style.borderRadius, style.clipPath].join(" "),
  };
})"""
LETTERS = """() => [...document.querySelectorAll("b.s, td[class^=s]")]
  .map(one => one.className.slice(-1) + one.textContent.trim())"""
CARD = "() => getComputedStyle(document.querySelector('section.legend')).backgroundColor"


@pytest.fixture
def opened(pages: Path, browser: Any) -> Iterator[Any]:
    """``opened("class", color_scheme="dark")``: a page of its own."""
    contexts = []

    def open_(name: str, **options: Any) -> Any:
        contexts.append(browser.new_context(offline=True, reduced_motion="reduce", **options))
        page = contexts[-1].new_page()
        page.goto((pages / f"{name}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_all_is_reached_by_tab_in_order(opened: Any, name: str, width: int) -> None:
    page = opened(name, viewport={"width": width, "height": 844})
    n = page.evaluate(STOPS)
    assert n == page.locator("summary:visible, input:visible, select:visible").count()
    order = []
    for way in ["Tab"] * n + ["Shift+Tab"] * (n - 1):  # and back: nothing keeps the focus
        page.keyboard.press(way)
        at = page.evaluate(HERE)
        order.append(at["stop"])
        assert at["seen"], at
        assert at["outline"] >= 2, at
    assert order == [*range(n), *reversed(range(n - 1))]


@pytest.mark.slow
def test_the_keyboard_opens_lists_finds_and_sorts(opened: Any) -> None:
    page = opened("class")
    first = page.locator(".spread summary").first
    first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".spread details[open]").count() == 1
    page.locator("input[type=search]").focus()
    page.keyboard.type("student-007")
    for grid in page.locator("table.grid").all():
        assert grid.locator("tbody tr:visible th").all_text_contents() == ["student-007"]
    page.locator("input[type=search]").fill("")
    page.locator("select").focus()
    page.keyboard.press("ArrowDown")
    grid = page.locator("table.grid").first
    letters = "".join(grid.locator("tbody td:nth-child(2)").all_text_contents())
    assert re.fullmatch("B*L*N*M*R*", letters)
    assert len(set(letters)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_without_scripts_all_content_is_there(opened: Any, name: str) -> None:
    texts = []
    for scripts in (True, False):
        page = opened(name, java_script_enabled=scripts)
        closed = page.locator("details:not([open]) > summary")
        while closed.count():
            closed.first.press("Enter")
        if scripts:
            page.evaluate("document.querySelectorAll('.controls').forEach(one => one.remove())")
        texts.append(page.locator("body").inner_text())
    assert texts[0] == texts[1]
    assert len(texts[0]) > 1000


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it, of a colour ``rgb(...)``."""
    parts = [float(one) / 255 for one in re.findall(r"[\d.]+", colour)]
    assert len(parts) == 3, colour  # opaque
    lit = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * lit[0] + 0.7152 * lit[1] + 0.0722 * lit[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_without_colours_the_statuses_are_five(
    opened: Any, name: str, scheme: str, media: str
) -> None:
    page = opened(name, color_scheme=scheme)
    page.emulate_media(media=media, color_scheme=scheme)
    tiles, card = page.evaluate(TILES), page.evaluate(CARD)
    assert len({tile["shape"] for tile in tiles}) == len(tiles)
    assert tiles[0]["back"] == "rgba(0, 0, 0, 0)"  # what has not begun has no colour
    grey = [luminance(card), *(luminance(tile["back"]) for tile in tiles[1:])]
    for one, other in combinations(grey[1:], 2):
        assert contrast(one, other) >= 1.3
    for tile, back in zip(tiles, grey, strict=True):
        assert contrast(luminance(tile["ink"]), back) >= 4.5, tile
    letters = page.evaluate(LETTERS)
    assert {*letters} <= {"0B", "1L", "2N", "3M", "4R"}
    assert len(letters) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_lost_on_paper(opened: Any, tmp_path: Path, name: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    page = opened(name)
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    pdf = pypdf.PdfReader(tmp_path / "page.pdf")
    printed = Counter("".join("".join(sheet.extract_text().split()) for sheet in pdf.pages))
    page.evaluate("document.querySelectorAll('.controls').forEach(one => one.remove())")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    shown = Counter("".join(page.locator("body").inner_text().split()))
    lost = {letter: n - printed[letter] for letter, n in shown.items() if n > printed[letter]}
    assert not lost
