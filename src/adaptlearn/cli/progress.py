"""How far long work is, where there is a terminal to show it; bars need tqdm."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from adaptlearn.media import terminal_text
from adaptlearn.progress import Listener, show_progress

DELAY = 0.5
"""Seconds before the bar appears: what is done sooner needs none."""


_EVERY = 0.2  # seconds between two lines
_lines: list[int] = []  # how many letters of a line stand on the terminal, to be written over


@contextmanager
def reading_progress(source: str) -> Iterator[Callable[[int, int], None] | None]:
    """A callback that is told how much of a file is read, and says so, and for how long still.

    None where standard error is no terminal. It says so from the beginning, without tqdm, in one
    line that is written over and disappears.
    """
    if not sys.stderr.isatty():
        yield None
        return
    name = terminal_text(Path(source).name)
    begun = shown = monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = monotonic()
        if done in (0, total) or now - shown >= _EVERY:
            shown = now
            clear_line()
            line = _line(name, done, total, now - begun)
            _lines.append(len(line))
            print(line, end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        clear_line()


def clear_line() -> None:
    """Take the line away, before anything else is said."""
    if _lines:
        print(f"\r{' ' * _lines.pop()}\r", end="", file=sys.stderr, flush=True)


def _line(name: str, done: int, total: int, seconds: float) -> str:
    """How far it is: ``reading log.csv: 12 of 219 MB, about 40 s left``."""
    unit, size = ("MB", 1e6) if total >= 1e6 else ("kB", 1e3)
    line = f"reading {name}: {done / size:,.0f} of {total / size:,.0f} {unit}"
    if done == total:
        return f"reading {name}: {total / size:,.0f} {unit} in {seconds:.0f} s; now its columns"
    if not done or seconds < 1:
        return line
    return f"{line}, about {seconds * (total - done) / done:,.0f} s left"


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


@contextmanager
def work_progress() -> Iterator[None]:
    """Show bars for what the library tells of its work within a ``with`` block.

    Nothing without tqdm. The bars appear after a moment, and only on a terminal.
    """
    bars: dict[str, Any] = {}
    try:
        with show_progress(work_bars(bars)):
            yield
    finally:
        for bar in bars.values():
            bar.close()


def work_bars(bars: dict[str, Any]) -> Listener:
    """What is told of how far work is, and keeps a bar for each kind of work among `bars`."""
    try:
        from tqdm import tqdm
    except ImportError:
        return lambda doing, units, done, total: None  # noqa: ARG005 - the listener's

    def move(doing: str, units: str, done: int, total: int | None) -> None:
        if doing not in bars:
            bars[doing] = tqdm(desc=doing, **_look(units))
        bar = bars[doing]
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bars.pop(doing).close()

    return move


def _look(units: str) -> dict[str, Any]:
    return {
        "bar_format": f"{{desc}} {{bar}} {{n_fmt}}/{{total_fmt}} {units} {{elapsed}}{{postfix}}",
        "file": sys.stderr,
        "disable": None,
        "leave": False,
        "delay": DELAY,
    }
