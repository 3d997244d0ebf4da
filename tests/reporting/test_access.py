"""Pages for everybody: axe-core's rules, the keyboard, no scripts, no colours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Require
from tests.reporting.conftest import PAGES

AXE = "4.14.1"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
BROKEN = """async (tags) => (await axe.run(document, {runOnly: tags})).violations
    .flatMap(rule => rule.nodes.slice(0, 3).map(node => `${rule.id}: ${node.html.slice(0, 160)}`
        + ` (${rule.nodes.length}x) ${node.failureSummary}`))"""


@pytest.fixture(scope="module")
def axe(require: Require) -> str:
    """The source of axe-core, which npm installs into the user's cache once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "adaptlearn-tests" / f"axe-core-{AXE}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    said = "npm is not on this machine"
    if not script.exists() and (npm := shutil.which("npm")):
        folder.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--prefix", str(folder), "--ignore-scripts", f"axe-core@{AXE}"]
        done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=120)
        said = f"npm installs no axe-core: {done.stderr.strip()[-200:]}"
    require("axe", script.exists(), said)
    return script.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_wcag(
    pages: Path, browser: Any, axe: str, *, name: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.goto((pages / f"{name}.html").as_uri())
    page.evaluate(OPEN)
    page.evaluate(axe)
    found = page.evaluate(BROKEN, WCAG)
    context.close()
    assert not found
