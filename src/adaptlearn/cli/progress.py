"""A progress bar for long work, where there is a terminal and tqdm to show it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def fitting_progress() -> Iterator[Callable[[int, int, int], None] | None]:
    """A callback for ``BKT.fit(on_step=…)`` that moves a bar of converged skills.

    None without tqdm. The bar appears after half a second, and only on a terminal.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    bar = tqdm(
        desc="fitting", unit="skill", file=sys.stderr, disable=None, leave=False, delay=0.5, total=0
    )

    def move(steps: int, still_moving: int, n_skills: int) -> None:
        bar.total = n_skills
        bar.set_postfix(steps=steps, refresh=False)
        bar.update(n_skills - still_moving - bar.n)

    with bar:
        yield move
