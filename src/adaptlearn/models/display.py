"""What a notebook shows of a model: its options, and what was fitted, folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adaptlearn.tables import html_card, html_folded, html_table
from adaptlearn.wording import counted

_ROWS = 20  # of a table
_FACTS = (bool, int, float, str, np.bool_, np.integer, np.floating)


def model_card(model: Any, *, fitted: bool) -> str:
    """A model as HTML.

    Every fitted attribute that is a number or a text is a fact, every one that holds columns (or
    numbers by name) a folded table.

    Parameters
    ----------
    model : KnowledgeTracer
    fitted : bool
    """
    if not fitted:
        return html_card(repr(model), ["not fitted"])
    found = {name: getattr(model, name) for name in _fitted_names(model)}
    facts = [counted(len(model.skills_), "skill")]
    if "n_answers_" in found:
        facts.append(counted(int(found["n_answers_"].sum()), "answer"))
    facts += [
        f"{name} = {_cell(value)}"
        for name, value in found.items()
        if isinstance(value, _FACTS) and name != "fingerprint_"
    ]
    folded = (
        html_folded(f"{name} ({counted(n, 'row')})", html_table("", head, rows, more))
        for name, value in found.items()
        for n, head, rows, more in _tables(name, value)
    )
    return html_card(repr(model), facts, *folded)


def _fitted_names(model: Any) -> list[str]:
    """Public names that end in an underscore, the parameters first."""
    names = [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]
    return sorted(names, key=lambda name: (name != "parameters_", name))


def _tables(name: str, value: Any) -> Iterator[tuple[int, list[str], list[list[str]], list[str]]]:
    """Columns, or numbers by name, as rows of text: how many there are, head, rows, what is cut."""
    if name == "parameters_" and isinstance(value, np.ndarray):
        value = {"": [f"w{place}" for place in range(len(value))], "value": value}
    if not isinstance(value, Mapping) or not value:
        return
    columns = [*value.values()]
    if any(np.ndim(column) > 1 for column in columns):
        return
    head = [*map(str, value)]
    if all(np.ndim(column) == 0 for column in columns):
        head, columns = ["", "value"], [head, columns]
    n = len(columns[0])
    if n:
        rows = [[*map(_cell, row)] for row in zip(*(c[:_ROWS] for c in columns), strict=True)]
        yield n, head, rows, [f"… and {n - _ROWS:,} more"] if n > _ROWS else []


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
