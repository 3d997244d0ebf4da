"""Everything the library raises or warns with, under one root."""

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
    """Root of every error the library raises on purpose."""

    def __str__(self) -> str:
        # It quotes names and paths, and is shown in terminals. Not super's: KeyError, from which
        # one of these inherits, shows its message quoted and escaped.
        return terminal_text(Exception.__str__(self), lines=True)


class ProblemsError(AdaptLearnError, ValueError):
    """An error that lists every problem found, so that one round of mending is enough.

    Parameters
    ----------
    subject : str
        What was being read or checked.
    problems : sequence of str
        One sentence per problem: what, where, how many, what was expected.
    remedy : str, optional
        What would mend all of them.

    Attributes
    ----------
    problems : tuple of str
        The sentences, for programs that want them apart.
    remedy : str
        Empty where none is known.
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
    """A response log that cannot be read as one."""


class CurriculumError(ProblemsError):
    """A curriculum whose parts contradict each other."""


class ParameterError(ProblemsError):
    """Constructor or method arguments outside what they allow."""


class ModelFileError(ProblemsError):
    """A saved model or state that is damaged, altered, or of a newer format."""


class UnknownLabelError(ProblemsError, KeyError):
    """A student, skill, item or lesson that nothing is known about."""


class NotFittedError(AdaptLearnError, ValueError, AttributeError):
    """A model was asked for something before ``fit``."""


class StateError(AdaptLearnError, ValueError):
    """A student state that belongs to another model, or does not fit the call."""


class LateResponse(AdaptLearnError, ValueError):
    """An answer older than what the state has already seen of its student."""


class ImpossibleHistoryError(AdaptLearnError, ValueError):
    """An answer that the parameters, with their exact zeros and ones, rule out.

    Attributes
    ----------
    group : int or None
        The parameter set concerned, where it is known.
    """

    group: int | None = None


class MissingDependency(AdaptLearnError, ImportError):
    """An optional package is needed; the message says how to install it.

    Parameters
    ----------
    what : str
        What needs it, as the subject of the message.
    package : str
        As pip knows it. The package itself is named, not an extra of this library: so the command
        works wherever the library came from.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what, self.package = what, package
        super().__init__(f"{what} needs {package}; install it: python -m pip install {package}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.what, self.package)


class AdaptLearnWarning(UserWarning):
    """Root of the library's warnings."""

    def __str__(self) -> str:
        return terminal_text(super().__str__(), lines=True)


class DataWarning(AdaptLearnWarning):
    """Data that can be used, but is probably not what was meant."""


class IdentificationWarning(AdaptLearnWarning):
    """Parameters that the data cannot identify, and what was done instead."""


class ConvergenceWarning(AdaptLearnWarning):
    """An iteration that ended before it converged."""


def warn(message: str | Callable[[], str], category: type[AdaptLearnWarning]) -> None:
    """Warn at the first line outside the library; nothing where it is `quiet`.

    A message that takes time to find is given as a function.
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
    """Without what `warn` says, in this thread only.

    ``warnings.catch_warnings`` changes the filters of the whole process: under another thread,
    they stay as they are found.
    """
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)
