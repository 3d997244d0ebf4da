"""The site in a browser: each page on a phone and on a desk, light and dark.

Pictures of all pages are left in the folder that ``SITE_PICTURES`` names.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.conftest import ROOT, trials

WIDTHS = {"phone": 390, "desk": 1280}
SCHEMES = ("light", "dark")
TOP = {"x": 0, "y": 0, "height": 3000}

# What is wider than its page, unless something around it scrolls or cuts it on purpose.
SPILLED = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  return [...document.querySelectorAll("article *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
    .map((element) => element.outerHTML.slice(0, 100));
}"""
BROKEN = """() => [...document.images]
  .filter((image) => !image.naturalWidth).map((image) => image.src)"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Requests are not news."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
@pytest.mark.trials
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_its_screen(
    site: Path, address: str, browser: Any, width: str, scheme: str
) -> None:
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("index.html"))
    some = pages[:: max(1, len(pages) // trials(len(pages)))]
    kept = os.environ.get("SITE_PICTURES")
    wrong = {}
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 900}, color_scheme=scheme
    )
    for page in some:
        opened = context.new_page()
        said: list[str] = []
        opened.on("console", lambda message, said=said: said.append(message.text))
        opened.goto(f"{address}/{page}", wait_until="load")
        if found := [*opened.evaluate(SPILLED), *opened.evaluate(BROKEN), *said]:
            wrong[page] = found
        if kept:
            name = page.removesuffix("/index.html").replace("/", "-")
            path = Path(kept, f"{name}-{width}-{scheme}.png")
            opened.screenshot(path=path, clip=TOP | {"width": WIDTHS[width]}, full_page=True)
        opened.close()
    context.close()
    assert not wrong
