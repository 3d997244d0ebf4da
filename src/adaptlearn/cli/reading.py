"""Files to response logs, by the options of a command."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptlearn.cli.options import TAB
from adaptlearn.cli.progress import reading_progress
from adaptlearn.errors import ParameterError, ResponseDataError

if TYPE_CHECKING:
    from adaptlearn.responses.log import ResponseLog

ROLES = ("student", "skill", "correct", "item", "time", "id")
_UNKNOWN = {"true_values": "A,B", "false_values": "A,B", "date_format": "FORMAT"}


def read_log(source: str, options: Namespace, *, text_skills: bool | None = None) -> ResponseLog:
    """Read a log by the name of its file and the column options of a command.

    Parameters
    ----------
    source : str
        Path of a Parquet file or of a CSV file; ``-`` for CSV on standard input.
    options : argparse.Namespace
        What `adaptlearn.cli.options.add_columns` declares; values may be left out that say how
        columns and values are written.
    text_skills : bool, optional
        Whether skills are text to the model that the log is for: a CSV file's skills stay
        text then, even if all are integers, and become integers if they are not, even where
        a row names several. Without a model, those between separators are text.

    Raises
    ------
    ResponseDataError
        Lists every problem, with rows counted from 0 below the header.
    MissingDependency
        Nothing is installed that reads Parquet, or zst.
    OSError
        There is no such file, or it may not be read.
    """
    from adaptlearn.responses.files.texts import Forms
    from adaptlearn.responses.log import read_log as read

    given = vars(options)
    forms = Forms(**{each.name: given[each.name] for each in fields(Forms) if each.name in given})
    try:
        with reading_progress(source) as on_read:
            log = read(
                sys.stdin.buffer if source == "-" else source,
                {role: getattr(options, role) for role in ROLES},
                forms,
                say=_as_option,
                on_read=on_read,
                text=[options.skill] if text_skills else [],
                skill_separator=options.skill_separator,
                unanswered=options.unanswered,
            )
        return log.with_integer_skills() if text_skills is False else log
    except ResponseDataError as error:
        raise ResponseDataError(source, error.problems, error.remedy) from None
    except ParameterError as error:
        raise ParameterError("options", error.problems) from None


def read_object(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises
    ------
    ParameterError
        The file cannot be read, or holds something else than `what` says.
    """
    from adaptlearn.serialization import parse_json, read_limited

    try:
        content = parse_json(read_limited(path))
    except ValueError as error:
        raise ParameterError(str(path), [str(error)]) from None
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise ParameterError(str(path), [f"it holds a {kind}; expected {what}"])
    return content


def _as_option(option: str, value: Any) -> str:
    """An option and its value as they are typed; dots stand for what only the user knows."""
    typed = value if isinstance(value, str) else ",".join(value)
    if typed == "...":
        typed = _UNKNOWN.get(option, "COL")
    elif typed == TAB:
        typed = "tab"
    elif any(map(str.isalnum, typed)):
        typed = shlex.quote(typed)
    else:
        typed = f"'{typed}'"
    return f"--{option.replace('_', '-')} {typed}"
