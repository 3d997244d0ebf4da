"""A progress bar for long work, where there is a terminal and tqdm to show it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    bar = tqdm(
        desc="fitting",
        bar_format="{desc} {bar} {n_fmt}/{total_fmt} skills {elapsed}{postfix}",
        file=sys.stderr,
        disable=None,
        leave=False,
        delay=DELAY,
    )

    def move(steps: int, still_moving: int, n_skills: int) -> None:
        bar.total = n_skills
        bar.set_postfix(steps=steps, refresh=False)
        bar.update(n_skills - still_moving - bar.n)

    with bar:
        yield move
