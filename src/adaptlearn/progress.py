"""How far long work is: what does it tells, and a bar or a function of the caller's listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from adaptlearn.errors import MissingDependency

Listener = Callable[[str, str, int, int | None], None]
"""Called with what is being done, in which units, how many are done, and of how many."""

_DELAY = 0.5  # seconds before a bar appears: what is done sooner needs none
_listener: ContextVar[Listener | None] = ContextVar("progress", default=None)


def report(doing: str, units: str, done: int, total: int | None = None) -> None:
    """Tell how far work is, where somebody listens.

    Parameters
    ----------
    doing : str
        What to call the work.
    units : str
        What is counted: ``"steps"``.
    done : int
    total : int, optional
        Leave it out if the total is unknown.
    """
    listener = _listener.get()
    if listener is not None:
        listener(doing, units, done, total)


@contextmanager
def show_progress(on_progress: Listener | None = None) -> Iterator[None]:
    """Show the progress of fits, comparisons, simulations and plans within a ``with`` block.

    A bar shows how many skills have converged, how many steps or epochs are done, how many folds
    are fitted, how many episodes are simulated, or how many students are planned. The bar appears
    after half a second, in a notebook or a terminal, and disappears when the work is done. A bar
    does not show the work of other threads or processes.

    Parameters
    ----------
    on_progress : callable, optional
        A function to call as ``on_progress(doing, units, done, total)``, instead of drawing a bar.
        If the number of all units is unknown, `total` is None.

    Raises
    ------
    MissingDependency
        The error is raised if tqdm, which draws the bars, is not installed.

    Examples
    --------
    >>> from adaptlearn import show_progress
    >>> from adaptlearn.models import LinearRecurrentTracer
    >>> from adaptlearn.simulation import simulate_school
    >>> log = simulate_school(n_students=20).responses
    >>> with show_progress(lambda *told: print(*told)):  # or show_progress(), for a bar
    ...     model = LinearRecurrentTracer(n_epochs=2).fit(log)
    fitting LinearRecurrentTracer epochs 1 2
    fitting LinearRecurrentTracer epochs 2 2
    """
    with _bars() if on_progress is None else _as_it_is(on_progress) as listener:
        before = _listener.set(listener)
        try:
            yield
        finally:
            _listener.reset(before)


@contextmanager
def _as_it_is(listener: Listener) -> Iterator[Listener]:
    yield listener


@contextmanager
def _bars() -> Iterator[Listener]:
    """A bar for each kind of work that is going on: a fit may be a part of another."""
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise MissingDependency("a progress bar", "tqdm") from error
    bars: dict[tuple[str, str], Any] = {}

    def show(doing: str, units: str, done: int, total: int | None) -> None:
        key = doing, units
        if key in bars and done < bars[key].n:  # the same work once more
            bars.pop(key).close()
        if key not in bars:
            bars[key] = tqdm(desc=doing, unit=f" {units}", total=total, delay=_DELAY, leave=False)
        bar = bars[key]
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bars.pop(key).close()

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
