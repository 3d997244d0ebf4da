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


def printing(example: Example) -> str | None:
    """Run a block, and keep what it prints; no earlier drawing stands for its own."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    printed = io.StringIO()
    with redirect_stdout(printed):
        failed = PythonEvaluator()(example)
    example.namespace[_PRINTED] = printed.getvalue()
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
    """Whether something was drawn; where `PICTURES` is set, it becomes the page's picture."""
    from matplotlib import pyplot as plt

    if not plt.get_fignums():
        return f"{example.parsed}: the block above draws nothing"
    if os.environ.get("PICTURES"):
        plt.savefig(ROOT / "docs" / example.parsed, dpi=150, bbox_inches="tight")
    return None


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
