"""Eedi's diagnostic questions, as in the NeurIPS 2020 challenge, as response logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from adaptlearn.datasets.events import Events, Joining, Skills, answers_in, events_of, refuse, tidy
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table
from adaptlearn.errors import ResponseDataError
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import Interval, OneOf, check_parameters, some

_READER = "read_eedi"
_STUDENT, _QUESTION, _ANSWER, _CORRECT = "UserId", "QuestionId", "AnswerId", "IsCorrect"
_TIME, _SUBJECT, _PARENT, _LEVEL = "DateAnswered", "SubjectId", "ParentId", "Level"
_LIST = re.compile(r"\[\s*[0-9]{1,9}(\s*,\s*[0-9]{1,9})*\s*\]")


def read_eedi(
    folder: str | PathLike[str],
    task: Literal["1_2", "3_4"] = "3_4",
    *,
    level: int | None = None,
    without_skill: Literal["drop", "refuse"] = "drop",
) -> ResponseLog:
    r"""Read a response log from Eedi's data of the NeurIPS 2020 education challenge.

    Parameters
    ----------
    folder : path
        The folder of the challenge. The folder, or one of its subfolders, contains four files:
        ``train_task_3_4.csv`` (the answers), ``answer_metadata_task_3_4.csv`` (the times of the
        answers), ``question_metadata_task_3_4.csv`` (the subjects of each question) and
        ``subject_metadata.csv`` (the tree of subjects). For tasks 1 and 2, the names of the first
        three files contain ``1_2`` instead of ``3_4``.
    task : {"3_4", "1_2"}
        ``"3_4"``: tasks 3 and 4, with 1.4 million answers to 948 questions. Papers on knowledge
        tracing call the data of tasks 3 and 4 NIPS34. ``"1_2"``: tasks 1 and 2, with 15.9 million
        answers to 27,613 questions.
    level : int, optional
        Which subjects are skills. The subjects form a tree; "Maths" is at the top, at level 0. For
        each question, the data names the question's subjects and all subjects above them in the
        tree. By default the skills of a question are its lowest subjects: the subjects with no
        other subject of the question below them. If `level` is a number, the skills are the
        subjects at this level of the tree. Papers use level 3.
    without_skill : {"drop", "refuse"}
        What to do with answers to questions that have no subject of `level`. ``"drop"`` leaves out
        answers to questions without a subject of `level`, and a warning says how many. ``"refuse"``
        raises an error.

    Returns
    -------
    ResponseLog
        A log with one row per answer, in the order of the file of answers. The answers in the file
        are in random order, so the times decide the order of a student's answers. The labels of
        skills and items are the numbers of subjects and questions.

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing files and columns, missing values, answers without a
        time, questions whose subjects are not in the files, lists of subjects that cannot be read.
    ParameterError
        The error is raised if an argument is not valid.
    OSError
        The error is raised if the folder does not exist, or if you have no permission to read it.

    Warns
    -----
    DataWarning
        A warning appears if the reader left rows out. The warning says how many rows were left out,
        and which rows (counted from 0 below the header).

    References
    ----------
    Z. Wang et al. (2020). Instructions and guide for diagnostic questions: the NeurIPS 2020
    education challenge. arXiv:2007.12061.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> files = {
    ...     "train_task_3_4": "QuestionId,UserId,AnswerId,IsCorrect\n5,7,90,1\n6,7,91,0",
    ...     "answer_metadata_task_3_4": "AnswerId,DateAnswered\n91,2020-02-01\n90,2020-01-31",
    ...     "question_metadata_task_3_4": 'QuestionId,SubjectId\n5,"[3, 32]"\n6,"[3, 33]"',
    ...     "subject_metadata": "SubjectId,ParentId,Level\n3,NULL,0\n32,3,1\n33,3,1",
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in files.items():
    ...         _ = Path(folder, f"{name}.csv").write_text(text)
    ...     log = read_eedi(folder)
    >>> log, log.skill.labels.tolist()
    (ResponseLog(2 responses, 1 student, 2 skills, 2 items), [32, 33])
    """
    check_parameters(
        _READER,
        {"task": task, "level": level, "without_skill": without_skill},
        {
            "task": (OneOf(("1_2", "3_4")),),
            "level": (OneOf((None,)), Interval(0, 100, integer=True)),
            "without_skill": (OneOf(("drop", "refuse")),),
        },
    )
    answers, times, questions, subjects = _files(Path(folder), task)
    problems: list[str] = []
    table = Table(answers)
    columns = table.columns([_STUDENT, _QUESTION, _ANSWER, _CORRECT], problems)
    refuse_header(_READER, table, problems)
    names = {"student": _STUDENT, "correct": _CORRECT, "item": _QUESTION, "time": _TIME}
    moment_of = _by_label(times, _ANSWER, _TIME)
    columns[_TIME] = _looked_up(columns[_ANSWER], _ANSWER, moment_of, times.name, problems)
    listed = _skills_of(_by_label(questions, _QUESTION, _SUBJECT), questions.name, subjects, level)
    skills = _looked_up(columns[_QUESTION], _QUESTION, listed, questions.name, problems).tolist()
    tidy(columns, names, problems, remedy="")
    columns[_CORRECT] = answers_in(columns[_CORRECT], _CORRECT, {}, "refuse", problems)
    refuse(table.called(_READER), problems)

    rows = np.arange(len(skills))
    names["skill"] = f"{_SUBJECT} of the question"
    joining = Joining(_READER, columns, names, Events(rows, rows), skills, table=table)
    joining.drop_without_skill(without_skill)
    return joining.log()


def _files(folder: Path, task: str) -> list[Path]:
    names = [
        f"train_task_{task}.csv",
        f"answer_metadata_task_{task}.csv",
        f"question_metadata_task_{task}.csv",
        "subject_metadata.csv",
    ]
    list(folder.iterdir())  # an error of the system says best what is wrong
    found = {name: sorted(folder.rglob(name)) for name in names}
    problems = [
        f"{folder}: there is no file {name!r}, neither there nor in a folder below"
        for name, paths in found.items()
        if not paths
    ]
    problems += [
        f"{folder}: {name!r} is there {len(paths)} times: {some(map(str, paths))}; "
        "give a folder with one of them"
        for name, paths in found.items()
        if len(paths) > 1
    ]
    refuse(_READER, problems)
    return [paths[0] for paths in found.values()]


def _by_label(path: Path, key: str, value: str) -> dict[Any, Any]:
    """One column of a file by another, whose values stand once each."""
    problems: list[str] = []
    columns = Table(path).columns([key, value], problems)
    refuse(f"{_READER}, {path.name}", problems)
    keys = columns[key].tolist()
    of = dict(zip(keys, columns[value].tolist(), strict=True))
    if len(of) < len(keys):
        again = np.delete(np.arange(len(keys)), events_of([columns[key]]).first)
        problems.append(f"column {key!r}: {rows_text(again)} with a value that is there before")
    refuse(f"{_READER}, {path.name}", problems)
    return of


def _looked_up(
    column: Column, name: str, of: Mapping[Any, Any], file: str, problems: list[str]
) -> Column:
    """The value of each row's label; labels without one are a problem."""
    labels = column.tolist()
    strange = [row for row, label in enumerate(labels) if label not in of]
    if strange:
        problems.append(
            f"column {name!r}: {rows_text(np.array(strange))} such as {labels[strange[0]]!r}, "
            f"which is not in {file}; give the files of one task"
        )
    value = next(iter(of.values()), None)
    return objects([of.get(label, value) for label in labels])


def _skills_of(
    lists: Mapping[Any, Any], file: str, subjects: Path, level: int | None
) -> dict[Any, Skills]:
    """The skills of each question."""
    bad = np.array(
        [
            row
            for row, text in enumerate(lists.values())
            if not (isinstance(text, str) and _LIST.fullmatch(text.strip()))
        ],
        np.intp,
    )
    if len(bad):
        example = list(lists.values())[bad[0]]
        problem = (
            f"column {_SUBJECT!r}: {rows_text(bad)} such as {example!r}; expected a list of "
            "numbers, as '[3, 32, 144]'"
        )
        raise ResponseDataError(f"{_READER}, {file}", [problem])
    listed = {
        question: tuple(dict.fromkeys(map(int, re.findall("[0-9]+", text))))
        for question, text in lists.items()
    }
    of_subject = _by_label(subjects, _SUBJECT, _PARENT if level is None else _LEVEL)
    unknown = sorted(set().union(*listed.values()) - set(of_subject))
    if unknown:
        raise ResponseDataError(
            f"{_READER}, {file}",
            [f"column {_SUBJECT!r}: {some(unknown)}, not in {subjects.name}; give its file"],
        )
    if level is not None:
        return {
            question: tuple(subject for subject in found if of_subject[subject] == level)
            for question, found in listed.items()
        }
    return {question: _lowest(found, of_subject) for question, found in listed.items()}


def _lowest(listed: Skills, parent_of: Mapping[Any, Any]) -> Skills:
    """Those subjects of a list that stand above no other of it."""
    above: set[Any] = set()
    for subject in listed:
        parent = parent_of.get(subject)
        while parent is not None and parent not in above:
            above.add(parent)
            parent = parent_of.get(parent)
    return tuple(subject for subject in listed if subject not in above)
