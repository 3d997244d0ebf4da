"""A progress bar for long work, where there is a terminal and tqdm to show it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DELAY = 0.5
"""Seconds before the bar appears: what is done sooner needs none."""


@contextmanager
def fitting_progress() -> Iterator[Callable[[int, int, int], None] | None]:
    """A callback for ``BKT.fit(on_step=…)`` that moves a bar of converged skills.

    None without tqdm. The bar appears after a moment, and only on a terminal.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    bar = tqdm(desc="fitting", **_look("skills"))

    def move(steps: int, still_moving: int, n_skills: int) -> None:
        bar.total = n_skills
        bar.set_postfix(steps=steps, refresh=False)
        bar.update(n_skills - still_moving - bar.n)

    with bar:
        yield move


@contextmanager
def task_progress(doing: str, units: str) -> Iterator[Callable[[int, int], None]]:
    """A callback that is told how many of how many tasks are done, and moves a bar.

    Such as ``cross_validate(on_fold=…)`` takes. It does nothing without tqdm. The bar appears
    after a moment, and only on a terminal.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda done, n_tasks: None  # noqa: ARG005 - the callback's
        return
    bar = tqdm(desc=doing, **_look(units))

    def move(done: int, n_tasks: int) -> None:
        bar.total = n_tasks
        bar.update(done - bar.n)

    with bar:
        yield move


def _look(units: str) -> dict[str, Any]:
    return {
        "bar_format": f"{{desc}} {{bar}} {{n_fmt}}/{{total_fmt}} {units} {{elapsed}}{{postfix}}",
        "file": sys.stderr,
        "disable": None,
        "leave": False,
        "delay": DELAY,
    }
