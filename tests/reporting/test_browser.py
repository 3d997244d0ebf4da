"""Pages in a browser: offline, from disk, on a phone and on a desk, light and dark.

Pictures of them are left in the folder that ``PAGE_PICTURES`` names, else in a temporary one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.conftest import PAGES, class_figures

from adaptlearn.reporting import report_class


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_says_nothing_and_asks_for_nothing(
    pages: Path, browser: Any, *, name: str, width: int, scheme: str, scripts: bool
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
        offline=True,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((pages / f"{name}.html").as_uri())
    pictures = Path(os.environ.get("PAGE_PICTURES") or pages)
    kind = f"{width}-{scheme}" + ("" if scripts else "-without-scripts")
    page.screenshot(path=pictures / f"{name}-{kind}.png", full_page=True)
    closed = page.locator("details:not([open]) > summary")
    for _ in range(min(5, closed.count())):
        closed.first.click()
    spilled = page.evaluate("document.documentElement.scrollWidth - innerWidth") if scripts else 0
    page.pdf()
    context.close()
    assert (spilled, said, len(asked)) == (0, [], 1)


def test_a_class_page_stays_small(pages: Path) -> None:
    assert (pages / "class.html").stat().st_size <= 300_000


def test_a_page_of_a_thousand_students_stays_small() -> None:
    page = report_class(class_figures(1000), "grade 4").to_html()
    assert len(page.encode()) <= 2_000_000


@pytest.mark.slow
def test_the_first_screen_of_a_phone_shows_who_is_stuck_and_the_groups(
    pages: Path, browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((pages / "class.html").as_uri())
    tops = [page.locator(one).bounding_box()["y"] for one in ("#stuck", "#groups")]
    page.close()
    assert tops[0] < tops[1] < 700
