"""The pages that show figures of benchmarks say what the results say."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = 17


@pytest.fixture(scope="module")
def page() -> Any:
    """benchmarks/page.py, which imports what lies beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        return importlib.import_module("page")


@pytest.mark.parametrize("number", range(PAGES))
def test_figures_are_those_of_the_results(page: Any, number: int) -> None:
    text = page.PAGES[number].read_text(encoding="utf-8")
    assert page.filled(text) == text, "benchmarks/page.py writes it anew"


def test_every_table_stands_on_a_page(page: Any) -> None:
    assert len(page.PAGES) == PAGES
    text = "".join(one.read_text(encoding="utf-8") for one in page.PAGES)
    assert [text.count(f"<!-- {name} -->") for name in page.PARTS] == [1] * len(page.PARTS)
    assert text.count("<!-- end -->") == len(page.PARTS)


def test_a_changed_figure_is_found(page: Any) -> None:
    text = page.PAGES[0].read_text(encoding="utf-8")
    assert page.filled(text.replace("0.7160", "0.9160", 1)) == text


def test_figures_in_sentences_are_those_of_the_results(page: Any) -> None:
    words = importlib.import_module("_words")
    lost = {name: words.missing(name, (ROOT / name).read_text("utf-8")) for name in words.PAGES}
    assert {name: phrases for name, phrases in lost.items() if phrases} == {}
    text = (ROOT / "docs/review.md").read_text("utf-8")
    assert words.missing("docs/review.md", text.replace("1.3 percentage", "1.2 percentage"))
