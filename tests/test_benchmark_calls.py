"""Scripts of benchmarks run rarely: a test looks whether what they call is there."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The name in the script, the module, and the name there, of what comes from the library."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adaptlearn"):
            for alias in node.names:
                yield alias.asname or alias.name, node.module or "", alias.name


def found(module: str, name: str) -> Any:
    there = importlib.import_module(module)
    return (
        getattr(there, name)
        if hasattr(there, name)
        else importlib.import_module(f"{module}.{name}")
    )


def faults(source: str) -> list[str]:
    """The calls that would not bind."""
    tree = ast.parse(source)
    known = {name: found(module, own) for name, module, own in imported(tree)}
    wrong = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        called = known.get(node.func.id)
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        if not callable(called) or starred or any(one.arg is None for one in node.keywords):
            continue
        try:
            inspect.signature(called).bind(*node.args, **{str(k.arg): k for k in node.keywords})
        except TypeError as error:
            wrong.append(f"line {node.lineno}: {node.func.id}: {error}")
    return wrong


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_call_what_is_there(script: Path) -> None:
    assert faults(script.read_text(encoding="utf-8")) == []


def test_a_call_that_does_not_bind_is_found() -> None:
    head = "from adaptlearn.simulation import random_course as made\n"
    assert faults(head + "made(6, random_state=1)") == []
    assert "line 2: made: got an unexpected keyword" in faults(head + "made(6, seed=1)")[0]
    with pytest.raises(ModuleNotFoundError):
        faults("from adaptlearn.simulation import no_course")
