"""Files to response logs.

A CSV file is text; what its columns are is decided here, in one way whichever package read
it. polars, pandas and pyarrow only read faster: whatever one of them refuses is read again
with the standard library, whose reader also says in which line the trouble is.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ResponseDataError
from adaptlearn.responses import ResponseLog
from adaptlearn.validation import some

Texts = dict[str, Sequence[str]]

REQUIRED = ("student", "skill", "correct")
OPTIONAL = ("item", "time", "id")
GAPS = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_TRUTH = {"true": True, "false": False}


def read_log(source: str, options: Namespace, *, text_skills: bool = False) -> ResponseLog:
    """Read a log by the name of its file and the column options of a command.

    Parameters
    ----------
    source : str
        Path of a ``.parquet`` file or of a CSV file; ``-`` for CSV on standard input.
    options : argparse.Namespace
        With ``student``, ``skill``, ``correct``, ``item``, ``time``, ``id``,
        ``skill_separator`` and ``unanswered``.
    text_skills : bool
        Keep a CSV file's skills as text, even if all are integers: for a model that knows
        its skills by text.

    Raises
    ------
    ResponseDataError
        Lists every problem, with rows counted from 0 below the header.
    MissingDependency
        Nothing is installed that reads Parquet.
    OSError
    """
    parquet = Path(source).suffix.lower() in (".parquet", ".pq")
    names = _parquet_names(source) if parquet else None
    if parquet:
        assert names is not None
        columns = _chosen(names, options, source)
        frame = _read_parquet(source, list(columns.values()))
    else:
        frame, columns = _read_csv(source, options, text_skills)
    try:
        return ResponseLog.from_frame(
            frame,
            **{role: columns.get(role, False) for role in (*REQUIRED, *OPTIONAL)},
            skill_separator=options.skill_separator,
            unanswered=options.unanswered,
        )
    except ResponseDataError as error:
        raise ResponseDataError(source, error.problems) from None
