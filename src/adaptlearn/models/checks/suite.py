"""The checks of one model, one by one or all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adaptlearn.errors import ProblemsError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.checks.promises import CHECKS
from adaptlearn.models.checks.subject import Subject


class PromiseError(ProblemsError, AssertionError):
    """The error for a model that breaks rules (*promises*); it lists all broken rules."""


@dataclass(frozen=True)
class Check:
    """A check of one rule (*promise*); the call raises an error if the model breaks the rule.

    Attributes
    ----------
    name : str
        A name in `CHECKS`. `print` shows a check as its name.
    subject : Subject
        The model, which is fitted once for all of its checks.
    """

    name: str
    subject: Subject = field(repr=False)

    @property
    def promise(self) -> str:
        """The promise, in one sentence."""
        return (CHECKS[self.name].__doc__ or "").split("\n")[0]

    def __call__(self) -> None:
        """Check it.

        Raises
        ------
        PromiseError
            The model answers, but not as promised; or it fails with an error of its own.
        """
        try:
            CHECKS[self.name](self.subject)
        except Exception as error:  # a model of the caller's may fail in any way
            said = str(error) if isinstance(error, AssertionError) else repr(error)
            raise PromiseError(repr(self.subject.model), [f"{self.name}: {said}"]) from error

    def __str__(self) -> str:
        return self.name


def tracer_checks(model: KnowledgeTracer, log: Any = None) -> Iterator[Check]:
    """The checks of a model. Call the checks one by one; the first call fits the model.

    Parameters
    ----------
    model : KnowledgeTracer
        The checks do not change the model. It need not be fitted.
    log : ResponseLog or frame with its standard columns, optional
        The log to fit the model to. The log needs all columns that the model needs, and 20 students
        or more. The checks change single answers, so no other column may repeat the answers. By
        default the log has simulated answers with items and times.

    Examples
    --------
    As tests of pytest, one for each promise::

        @pytest.mark.parametrize("check", tracer_checks(MyTracer()), ids=str)
        def test_my_model_keeps_its_promises(check):
            check()
    """
    subject = Subject(model, log)
    for name in CHECKS:
        yield Check(name, subject)


def check_tracer(model: KnowledgeTracer, log: Any = None) -> None:
    """Check that a model follows the rules (*promises*) that every model of the library follows.

    Parameters
    ----------
    model, log
        As in `tracer_checks`.

    Raises
    ------
    PromiseError
        The error lists every rule (*promise*) that the model breaks: the name of the check, and
        what the check found.
    ResponseDataError
        The error is raised if the log cannot be read, or if the log has too few students.

    Examples
    --------
    >>> from adaptlearn.models import Elo
    >>> from adaptlearn.models.checks import check_tracer
    >>> check_tracer(Elo(alpha=1.0, beta=0.05))
    """
    problems: list[str] = []
    for check in tracer_checks(model, log):
        try:
            check()
        except PromiseError as error:
            problems += error.problems
    if problems:
        raise PromiseError(repr(model), problems)
