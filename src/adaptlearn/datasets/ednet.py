"""EdNet's answers to questions (KT1) as response logs."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from adaptlearn.datasets.events import Events, Joining, Skills, refuse, tidy
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table, as_seconds
from adaptlearn.errors import ResponseDataError
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Bools, Floats
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import OneOf, check_parameters, some

_READER = "read_ednet"
_STUDENT, _TIME, _QUESTION, _ANSWER = "user_id", "timestamp", "question_id", "user_answer"
_KEY = "correct_answer"
_CHOICES = ("a", "b", "c", "d")
_NO_TAG = "-1"


def read_ednet(
    source: Any | str | PathLike[str] | Sequence[str | PathLike[str]],
    questions: Any | str | PathLike[str],
    *,
    skill: Literal["tags", "part"] = "tags",
    extra: Sequence[str] = (),
    without_skill: Literal["drop", "refuse"] = "drop",
) -> ResponseLog:
    """Read a response log from EdNet's level KT1: one file per student, and a file of questions.

    Parameters
    ----------
    source : path, list of paths, or frame
        The folder ``KT1`` with its files ``u1.csv``, ``u2.csv`` and so on. The source can also be a
        list of some of the 784,309 files, such as ``sorted(Path("KT1").glob("u*.csv"))[:5000]``.
        One file or frame of many students is possible too, if it has a column ``user_id``. The
        columns ``timestamp``, ``question_id`` and ``user_answer`` are required.
    questions : path, or frame
        The file ``contents/questions.csv``, with the columns ``question_id``, ``correct_answer``,
        ``tags`` and ``part``.
    skill : {"tags", "part"}
        What a skill is. With ``"tags"``, each tag is a skill, and a question may have several tags.
        With ``"part"``, each part of the TOEIC test (1 to 7) is a skill.
    extra : sequence of str
        Further columns that the log keeps, such as ``"elapsed_time"`` (milliseconds) or
        ``"solving_id"``.
    without_skill : {"drop", "refuse"}
        What to do with answers to questions whose tag is -1. ``"drop"`` leaves out answers to
        questions without a tag, and a warning says how many. ``"refuse"`` raises an error.

    Returns
    -------
    ResponseLog
        A log with one row per answer, in the order of the files. The label of a student is the name
        of the file, such as ``"u1"``, or the ``user_id``. An answer is right if it equals the
        question's ``correct_answer``. Times in the log are in seconds; times in the files are in
        milliseconds. The reader leaves out rows without an answer (the student ran out of time).

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing columns, questions that are not in `questions`,
        answers other than a to d, times that are not milliseconds. If you read several files, the
        error names the file of each problem.
    ParameterError
        The error is raised if an argument is not valid.
    OSError
        The error is raised if the file or folder does not exist, or if you have no permission to
        read it.

    Warns
    -----
    DataWarning
        A warning appears if the reader left rows out. The warning says how many rows were left out,
        and which rows.

    References
    ----------
    Y. Choi et al. (2020). EdNet: a large-scale hierarchical dataset in education. AIED.

    Examples
    --------
    >>> questions = {"question_id": ["q1", "q2"], "correct_answer": ["b", "d"],
    ...              "tags": ["7;182", "7"], "part": [1, 5]}
    >>> log = read_ednet({
    ...     "user_id": ["u1", "u1", "u2"], "question_id": ["q1", "q2", "q1"],
    ...     "timestamp": [1565332027449, 1565332057449, 1565400000000],
    ...     "user_answer": ["b", "a", "b"],
    ... }, questions)
    >>> log
    ResponseLog(3 responses, 2 students, 2 skills, 2 items)
    >>> log.correct.tolist(), log.skill.labels.tolist()
    ([1, 0, 1], [7, 182])
    """
    check_parameters(
        _READER,
        {"skill": skill, "without_skill": without_skill},
        {"skill": (OneOf(("tags", "part")),), "without_skill": (OneOf(("drop", "refuse")),)},
    )
    problems: list[str] = []
    files = _files(source)
    table = Table(source if files is None else files)
    named = files is not None and _STUDENT not in table.names  # students, by their files
    used = [_TIME, _QUESTION, _ANSWER, *([] if named else [_STUDENT])]
    columns = table.columns([*used, *extra], problems)
    refuse_header(_READER, table, problems)
    key_of, skills_of = _questions(questions, skill)

    asked = columns[_QUESTION].tolist()
    strange = [row for row, question in enumerate(asked) if question not in key_of]
    if strange:
        problems.append(
            f"column {_QUESTION!r}: {table.where(np.array(strange))} such as "
            f"{asked[strange[0]]!r}, not among the {len(key_of):,} of `questions`; give the "
            "questions.csv that belongs to these files"
        )
    names = {"student": _STUDENT, "correct": _ANSWER, "item": _QUESTION, "time": _TIME}
    columns[_TIME] = as_seconds(columns[_TIME], _TIME, 1000, problems, table.where)
    columns[_ANSWER], silent = _marked(columns[_ANSWER], asked, key_of, table, problems)
    if named and files is not None:
        names["student"] = "the file's name"
        stems = [Path(file).stem for file in files]
        columns[names["student"]] = objects([stems[k] for k in table.file_of(len(asked)).tolist()])
    refuse(table.called(_READER), problems)
    tidy(columns, names, problems)
    refuse(table.called(_READER), problems)

    rows = np.arange(len(asked))
    names["skill"] = f"{skill} of the question"
    skills = [skills_of[question] for question in asked]
    joining = Joining(_READER, columns, names, Events(rows, rows), skills, table=table)
    joining.drop(silent, "without an answer, left out")
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra)


def _files(source: Any) -> list[str | PathLike[str]] | None:
    """The files of a folder, or those that were given; None for a frame."""
    if isinstance(source, (list, tuple)):
        files = list(source)
    elif not isinstance(source, (str, PathLike)):
        return None
    elif Path(source).is_dir():
        files = sorted(Path(source).glob("u*.csv"), key=lambda path: (len(path.stem), path.stem))
    else:
        files = [source]
    if not files:
        problem = f"{source}: there is no file u*.csv; give the folder KT1, with a file per student"
        raise ResponseDataError(_READER, [problem])
    return files


def _questions(
    questions: Any, skill: Literal["tags", "part"]
) -> tuple[dict[Any, str], dict[Any, Skills]]:
    """The right answer and the skills of each question."""
    problems: list[str] = []
    table = Table(questions)
    columns = table.columns([_QUESTION, _KEY, skill], problems)
    if problems:
        raise ResponseDataError(table.called(f"{_READER}, questions"), problems)
    asked, keys = columns[_QUESTION].tolist(), columns[_KEY].tolist()
    first: dict[Any, int] = {}
    again = [row for row, question in enumerate(asked) if first.setdefault(question, row) != row]
    if again:
        problems.append(f"column {_QUESTION!r}: {rows_text(np.array(again))} repeat a question")
    bad = [row for row, answer in enumerate(keys) if answer not in _CHOICES]
    if bad:
        problems.append(
            f"column {_KEY!r}: {rows_text(np.array(bad))} such as {keys[bad[0]]!r}; expected one "
            f"of {some(_CHOICES)}"
        )
    parts = [
        () if is_missing(tags) else tuple(part.strip() for part in str(tags).split(";"))
        for tags in columns[skill].tolist()
    ]
    wrong = [row for row, tags in enumerate(parts) if not all(map(_is_tag, tags))]
    if wrong:
        problems.append(
            f"column {skill!r}: {rows_text(np.array(wrong))} such as "
            f"{';'.join(parts[wrong[0]])!r}; expected whole numbers with ';' between them"
        )
    refuse(table.called(f"{_READER}, questions"), problems)
    skills = [tuple(dict.fromkeys(int(part) for part in tags if part != _NO_TAG)) for tags in parts]
    return dict(zip(asked, keys, strict=True)), dict(zip(asked, skills, strict=True))


def _is_tag(part: str) -> bool:
    return part == _NO_TAG or (part.isdecimal() and part.isascii() and len(part) < 18)


def _marked(
    column: Column, asked: Sequence[Any], key_of: dict[Any, str], table: Table, problems: list[str]
) -> tuple[Floats, Bools]:
    """Answers as right or wrong, and where there is none."""
    answers = column.tolist()
    silent = np.array([is_missing(answer) for answer in answers], bool)
    bad = [row for row, answer in enumerate(answers) if answer not in _CHOICES and not silent[row]]
    if bad:
        problems.append(
            f"column {_ANSWER!r}: {table.where(np.array(bad))} such as {answers[bad[0]]!r}; "
            f"expected one of {some(_CHOICES)}"
        )
    right = [
        key_of.get(question) == answer for question, answer in zip(asked, answers, strict=True)
    ]
    return np.array(right, np.float64), silent
