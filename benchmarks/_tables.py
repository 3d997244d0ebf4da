"""What the tables of results share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import floor, log10
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOGS = ("assistments09", "statics", "assistments15")
NONE, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


def read(name: str) -> dict[str, Any]:
    """A kept result."""
    result: dict[str, Any] = json.loads((HERE / "results" / f"{name}.json").read_text())
    return result


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def two_digits(value: float) -> str:
    """A number with two digits, never as a power of ten."""
    return f"{float(f'{value:.2g}'):,.{max(0, 1 - floor(log10(value)))}f}"


def measured(name: str) -> str:
    """When, with what and on what machine a result was measured."""
    of = read(name)
    machine, versions = of["machine"], of["versions"]
    return (
        f"*Measured on {of['date'][:10]}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, Python {versions['python']}, NumPy {versions['numpy']} "
        f"(`benchmarks/results/{name}.json`).*"
    )


def auc(entry: dict[str, Any] | None, *, alone: bool = False) -> str:
    """The test AUC of one model on one log, or of the rows without copied students."""
    if entry is not None and alone:
        entry = entry.get("without copied students")
    return NONE if entry is None else f"{entry['metrics']['auc']['value']:.4f}"


def share(value: float) -> str:
    """A number with three decimals, and no zero before the point."""
    return f"{value:.3f}".removeprefix("0")
