"""Files to response logs, by the options of a command."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn.errors import ResponseDataError

if TYPE_CHECKING:
    from adaptlearn.responses.files import Source
    from adaptlearn.responses.log import ResponseLog

ROLES = ("student", "skill", "correct", "item", "time", "id")


def read_log(source: str, options: Namespace, *, text_skills: bool | None = None) -> ResponseLog:
    """Read a log by the name of its file and the column options of a command.

    Parameters
    ----------
    source : str
        Path of a ``.parquet`` file or of a CSV file; ``-`` for CSV on standard input.
    options : argparse.Namespace
        With ``student``, ``skill``, ``correct``, ``item``, ``time``, ``id``,
        ``skill_separator`` and ``unanswered``.
    text_skills : bool, optional
        Whether skills are text to the model that the log is for: a CSV file's skills stay
        text then, even if all are integers, and become integers if they are not, even where
        a row names several. Without a model, those between separators are text.

    Raises
    ------
    ResponseDataError
        Lists every problem, with rows counted from 0 below the header.
    MissingDependency
        Nothing is installed that reads Parquet.
    OSError
        There is no such file, or it may not be read.
    """
    from adaptlearn.responses.files import read_file

    text = [options.skill] if text_skills or options.skill_separator is not None else []
    try:
        with _opened(source) as opened:
            frame, columns = read_file(
                opened,
                {role: getattr(options, role) for role in ROLES},
                text=text,
                remedy="--{role} COL",
            )
        roles: dict[str, Any] = {role: columns.get(role, False) for role in ROLES}
        log = adaptlearn.ResponseLog.from_frame(
            frame,
            **roles,
            skill_separator=options.skill_separator,
            unanswered=options.unanswered,
        )
        return log.with_integer_skills() if text_skills is False else log
    except ResponseDataError as error:
        raise ResponseDataError(source, error.problems) from None


@contextmanager
def _opened(source: str) -> Iterator[Source]:
    if source != "-":
        yield source
        return
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    try:
        yield stream
    finally:
        stream.detach()  # standard input stays open
