"""All errors and warnings of the library."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from adaptlearn.media import terminal_text

_PACKAGE = str(Path(__file__).parent) + os.sep
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


class AdaptLearnError(Exception):
    """The base class of every error that the library raises on purpose."""

    def __str__(self) -> str:
        # It quotes names and paths, and is shown in terminals. Not super's: KeyError, from which
        # one of these inherits, shows its message quoted and escaped.
        return terminal_text(Exception.__str__(self), lines=True)


class ProblemsError(AdaptLearnError, ValueError):
    """An error that lists every problem found, so that you can fix all of them at once.

    Parameters
    ----------
    subject : str
        What the library was reading or checking.
    problems : sequence of str
        One sentence per problem. It says what was found, where, how often, and what was expected.
    remedy : str, optional
        What you can do to fix all problems.

    Attributes
    ----------
    problems : tuple of str
        The sentences, for programs that need each sentence separately.
    remedy : str
        What you can do to fix all problems; empty if the library cannot say it.
    """

    def __init__(self, subject: str, problems: Sequence[str], remedy: str = "") -> None:
        self.subject = subject
        self.problems = tuple(problems)
        self.remedy = remedy
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        end = f"\n  {remedy}" if remedy else ""
        super().__init__(f"{subject}: {count}{lines}{end}")

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...], str]]:
        # Parallel workers send errors home by pickling; the default would pass one argument.
        return type(self), (self.subject, self.problems, self.remedy)


class ResponseDataError(ProblemsError):
    """Data cannot be read as a response log."""


class CurriculumError(ProblemsError):
    """The parts of a curriculum contradict each other."""


class RosterError(ProblemsError):
    """Files of a school's roster that cannot be read as one, or contradict themselves."""


class ParameterError(ProblemsError):
    """An argument of a constructor, a function or a method is not valid."""


class ModelFileError(ProblemsError):
    """A saved model or state is damaged, was changed, or has a newer format."""


class UnknownLabelError(ProblemsError, KeyError):
    """A student, skill, item or lesson is unknown."""


class NotFittedError(AdaptLearnError, ValueError, AttributeError):
    """A method needs a fitted model, but the model is not fitted yet."""


class StateError(AdaptLearnError, ValueError):
    """A student state belongs to another model, or does not fit the arguments."""


class StoreError(AdaptLearnError):
    """A store of events cannot be read or written; the message says what to do."""


class LateResponse(AdaptLearnError, ValueError):
    """An answer is older than the student's last response in the state."""


class ImpossibleHistoryError(AdaptLearnError, ValueError):
    """An answer is impossible, because parameters are exactly 0 or 1.

    Attributes
    ----------
    group : int or None
        The number of the parameter set that makes the answer impossible, or None if it is unknown.
    """

    group: int | None = None


class MissingDependency(AdaptLearnError, ImportError):
    """An optional package is missing; the message says how to install it.

    Parameters
    ----------
    what : str
        What needs the package, as the subject of the message.
    package : str
        The name of the package for pip. It is the name of the package itself, not of an extra of
        this library. So the command works wherever you installed the library from.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what, self.package = what, package
        super().__init__(f"{what} needs {package}; install it: python -m pip install {package}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.what, self.package)


class AdaptLearnWarning(UserWarning):
    """The base class of the library's warnings."""

    def __str__(self) -> str:
        return terminal_text(super().__str__(), lines=True)


class DataWarning(AdaptLearnWarning):
    """The library can use the data, but the data is probably not what you meant."""


class IdentificationWarning(AdaptLearnWarning):
    """The data cannot identify some parameters; the message says what the library did instead."""


class ConvergenceWarning(AdaptLearnWarning):
    """An iteration ended before it converged."""


def warn(message: str | Callable[[], str], category: type[AdaptLearnWarning]) -> None:
    """Warn at the first line outside the library; inside `quiet`, do not warn.

    If a message takes time to compute, pass a function that returns the message.
    """
    if _quiet.get():
        return
    level, frame = 1, sys._getframe()  # noqa: SLF001 - what warnings itself counts by
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    text = message if isinstance(message, str) else message()
    warnings.warn(text, category, stacklevel=level)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the warnings of `warn`, in this thread only.

    ``warnings.catch_warnings`` would change the filters of the whole process, and so of other
    threads; `quiet` does not change them.
    """
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)
