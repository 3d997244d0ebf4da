"""The notebooks run from top to bottom."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from tests.conftest import Data

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("[0-9]*.py"))
QUICK = {"01_quickstart", "04_sequencing"}  # the others take ten seconds to two minutes


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.slow)
        for path in NOTEBOOKS
    ],
)
def test_notebook_runs_shows_pictures_and_no_warning(
    path: Path, tmp_path: Path, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "ADAPTLEARN_DATA" in path.read_text():
        monkeypatch.setenv(
            "ADAPTLEARN_DATA", str(data("statics", "train.csv").resolve().parents[1])
        )
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    nbformat.validate(notebook)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    # Warnings go there.
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
