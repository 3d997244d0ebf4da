"""Pages in a browser: offline, from disk, on a phone and on a desk, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Require

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.reporting import figures_of, report_class, report_family, report_student
from adaptlearn.simulation import simulate_school


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    school = simulate_school(n_students=35, n_skills=60, n_responses_per_skill=6, random_state=1)
    content = school.curriculum | {"standards": {f"4.{k}": [one] for k, one in
                                                 enumerate(school.skills.tolist())}}  # fmt: skip
    model = BKT(random_state=0).fit(school.responses)
    tracker = MasteryTracker(model).update(school.responses)
    sequencer = Sequencer(Curriculum.from_dict(content), tracker, random_state=0)
    figures = figures_of(sequencer, school.responses)
    report_class(figures, "4b").save(folder / "class.html")
    for name, make in (("student", report_student), ("family", report_family)):
        make(figures, figures.students[0]).save(folder / f"{name}.html")
    return folder


@pytest.fixture(scope="module")
def browser(require: Require) -> Iterator[Any]:
    chromium = shutil.which("chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    require("chromium", chromium is not None, "Chromium is not on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["class", "family", "student"])
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
    for closed in page.locator("details:not([open]) > summary").all()[:5]:
        closed.click()
    spilled = page.evaluate("document.documentElement.scrollWidth - innerWidth") if scripts else 0
    page.pdf()
    context.close()
    assert (spilled, said, len(asked)) == (0, [], 1)


def test_a_class_page_stays_small(pages: Path) -> None:
    assert (pages / "class.html").stat().st_size <= 300_000


@pytest.mark.slow
def test_the_first_screen_of_a_phone_shows_who_is_stuck_and_the_groups(
    pages: Path, browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((pages / "class.html").as_uri())
    tops = [page.locator(one).bounding_box()["y"] for one in ("#stuck", "#groups")]
    page.close()
    assert tops[0] < tops[1] < 700
