"""How large pages are, and how long a browser takes until they can be used.

    python benchmarks/pages.py             a class of 35 and a grade of 1,000; writes pages.json
    python benchmarks/pages.py --quick     the class alone; writes nothing

Each page is opened from disk five times, by a Chromium of its own, without a network. It can be
used once two frames have been drawn after its scripts have run. Then one letter is typed into the
field that finds students, until the next frame is drawn.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _record import circumstances, write
from playwright.sync_api import sync_playwright

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.reporting import Figures, figures_of, report_class
from adaptlearn.simulation import simulate_school

STANDARDS = 60
ROUNDS = 5
DRAWN = """() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(
    () => drawn(performance.now()))))"""


def figures(n_students: int) -> Figures:
    """A simulated class or grade, with one skill in each standard."""
    school = simulate_school(
        n_students=n_students, n_skills=STANDARDS, n_responses_per_skill=6, random_state=1
    )
    standards = {f"4.{place}": [skill] for place, skill in enumerate(school.skills.tolist())}
    tracker = MasteryTracker(BKT(random_state=0).fit(school.responses)).update(school.responses)
    content = Curriculum.from_dict(school.curriculum | {"standards": standards})
    return figures_of(Sequencer(content, tracker, random_state=0), school.responses)


def opened(path: Path) -> dict[str, float]:
    """One opening, in a browser of its own."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = browser.new_context(viewport={"width": 390, "height": 844}, offline=True)
        page = context.new_page()
        page.goto(path.as_uri())
        ready = page.evaluate(DRAWN)  # since the page was asked for
        for closed in page.locator("details:has(.grid):not([open]) > summary").all():
            closed.click()
        page.locator("input[type=search]").focus()
        begin = page.evaluate(DRAWN)
        page.keyboard.type("7")
        found = page.evaluate(DRAWN) - begin
        browser.close()
    return {"ready_seconds": ready / 1e3, "find_seconds": found / 1e3}


def measure(n_students: int) -> dict[str, Any]:
    """One size: how long the page takes to make, how large it is, how fast it opens."""
    shown = figures(n_students)
    begin = time.perf_counter()
    page = report_class(shown, "grade 4")
    with TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        page.save(path)
        made = time.perf_counter() - begin
        rounds = [opened(path) for _ in range(ROUNDS)]
        size = path.stat().st_size
    return {
        "students": n_students,
        "standards": STANDARDS,
        "bytes": size,
        "make_seconds": made,
        **{name: statistics.median(one[name] for one in rounds) for name in rounds[0]},
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    results = []
    print(f"{'students':>9}{'kB':>8}{'made, s':>9}{'ready, s':>10}{'find, s':>9}")
    for n_students in (35,) if given.quick else (35, 1000):
        one = measure(n_students)
        results.append(one)
        print(
            f"{n_students:9,}{one['bytes'] / 1e3:8.0f}{one['make_seconds']:9.2f}"
            f"{one['ready_seconds']:10.2f}{one['find_seconds']:9.2f}"
        )
    if not given.quick:
        write("pages.json", {**circumstances(["jinja2", "playwright"]), "sizes": results})


if __name__ == "__main__":
    main()
