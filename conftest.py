"""Run the code blocks of README.md and of docs/, top to bottom, as tests; slow files first.

Docstrings are pytest's own doctests; see `addopts` in pyproject.toml.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parent


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md"],
    path=str(ROOT),
    fixtures=["page_directory"],
).pytest()


@pytest.fixture(scope="module")
def page_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in an empty directory: a page's code may write files, as a reader's would."""
    before = Path.cwd()
    directory = tmp_path_factory.mktemp("page")
    os.chdir(directory)
    yield directory
    os.chdir(before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
