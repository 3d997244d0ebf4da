"""The page of benchmarks says what the results say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def page() -> Any:
    spec = importlib.util.spec_from_file_location("page", ROOT / "benchmarks" / "page.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_its_figures_are_those_of_the_results(page: Any) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text) == text, "benchmarks/page.py writes it anew"


def test_every_table_stands_on_it(page: Any) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert [text.count(f"<!-- {name} -->") for name in page.PARTS] == [1] * len(page.PARTS)
    assert text.count("<!-- end -->") == len(page.PARTS)


def test_a_changed_figure_is_found(page: Any) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text.replace("0.7160", "0.9160", 1)) == text
