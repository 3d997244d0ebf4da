"""Run the code blocks of README.md and of docs/, top to bottom, as tests; slow files first.

A block of ``text`` right below one of ``python`` shows what that prints, and is compared: ``...``
stands for whatever is there. A picture right below shows what the block draws; `make pictures`
draws it anew.

Docstrings are pytest's own doctests; see `addopts` in pyproject.toml.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from itertools import pairwise
from pathlib import Path

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

ROOT = Path(__file__).parent

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTED = "what the block above printed"
_REPORT = "what the block above called `page`"


def printing(example: Example) -> str | None:
    """Run a block, and keep what it prints; no earlier drawing stands for its own."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    printed, before = io.StringIO(), example.namespace.get("page")
    with redirect_stdout(printed):
        failed = PythonEvaluator()(example)
    after = example.namespace.get("page")
    example.namespace[_PRINTED] = printed.getvalue()
    example.namespace[_REPORT] = None if after is before else after
    return failed


def printed(document: Document) -> Iterable[Region]:
    """The blocks of a page that show what the code above them prints."""
    for code, block in pairwise(_FENCED.finditer(document.text)):
        between = document.text[code.end() : block.start()]
        if (code[1], block[1]) == ("python", "text") and not between.strip():
            yield Region(block.start(), block.end(), block[2], compared)


def compared(example: Example) -> str | None:
    """What is wrong with a block of output."""
    expected, found = example.parsed, example.namespace[_PRINTED]
    if OutputChecker().check_output(expected, found, ELLIPSIS | NORMALIZE_WHITESPACE):
        return None
    return f"the page shows\n{expected}\nbut this is printed:\n{found}"


_DRAWN = re.compile(r"^```\n\s*!\[[^\]]*\]\((images/\w+\.png)\)", re.MULTILINE)


def drawn(document: Document) -> Iterable[Region]:
    """The pictures of a page that show what the code above them draws."""
    for picture in _DRAWN.finditer(document.text):
        yield Region(picture.start(1), picture.end(1), picture[1], pictured)


def pictured(example: Example) -> str | None:
    """Whether something was drawn; where `PICTURES` is set, it becomes the page's picture.

    A report that the block calls ``page`` is a drawing, too.
    """
    from matplotlib import pyplot as plt

    path, wanted = ROOT / "docs" / example.parsed, os.environ.get("PICTURES")
    report = example.namespace[_REPORT]
    if plt.get_fignums():
        if wanted:
            plt.savefig(path, dpi=150, bbox_inches="tight")
    elif not hasattr(report, "to_html"):
        return f"{example.parsed}: the block above draws nothing"
    elif wanted:
        photograph(report.to_html(), path)
    return None


def photograph(html: str, path: Path) -> None:
    """The first screen of a page, as Chromium shows it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        program = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 880, "height": 680}, device_scale_factor=1.5)
        tab.set_content(html)
        tab.screenshot(path=path)
        browser.close()


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", printing), printed, drawn, SkipParser()],
    patterns=["README.md", "docs/*.md"],
    path=str(ROOT),
    fixtures=["page_directory"],
).pytest()


@pytest.fixture(scope="module")
def page_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in an empty directory: a page's code may write files, as a reader's would.

    Its drawings open no window.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        patch.chdir(tmp_path_factory.mktemp("page"))
        yield Path.cwd()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
