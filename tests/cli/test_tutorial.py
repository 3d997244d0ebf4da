"""The commands of the first tutorial, on the files that its blocks write."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from adaptlearn.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "tutorial-own-log.md"


def test_its_commands_give_what_its_python_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if "open(" in block:
            exec(block, names)
    (commands,) = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    for command in commands.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(command)
        assert (program, main(arguments)) == ("adaptlearn", 0), command
    said = capsys.readouterr().out
    assert "nothing found" in said
    for student, lesson in (("p000", "mixed numbers"), ("p003", "equivalent fractions")):
        assert f"{student}: Next: {lesson}." in text
        assert re.search(rf"^{student} +1  {lesson} ", said, re.MULTILINE)
    assert len((tmp_path / "mastery.csv").read_text().splitlines()) == 1 + 120 * 4
