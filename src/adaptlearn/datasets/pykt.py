"""pyKT's data folders as response logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.datasets.events import Events, Joining, refuse
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table, as_seconds
from adaptlearn.errors import ResponseDataError
from adaptlearn.numerics import Ints
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.files.lines import open_csv
from adaptlearn.responses.files.texts import decimals, integers
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import OneOf, check_parameters, some

_READER = "read_pykt"
_STUDENT, _RESPONSES, _TIMES = "uid", "responses", "timestamps"
_QUESTIONS, _CONCEPTS = "questions", "concepts"
_REPEAT, _MASK, _FOLD = "is_repeat", "selectmasks", "fold"
# The lines of a student in data.txt, after the first; and what a line without values is.
_LINES = (_QUESTIONS, _CONCEPTS, _RESPONSES, _TIMES, "usetimes")
_NONE = "NA"
_PADDING = "-1"
_FOLDS = ("train_valid.csv", "test.csv")
_WHOLE = "data.txt"
_NUMBERS = "keyid2idx.json"
_COUNT = re.compile("[0-9]{1,9}")
_TOLD = 10  # faults of lines; a file of another kind has one in each
# How pyKT writes what its own separators are made of.
_ESCAPED = (("####", "_"), ("@@@@", ","))


class _Sequence(NamedTuple):
    """Answers of one student: lists of texts, one per answer."""

    student: str
    place: str
    lists: dict[str, list[str]]
    fold: str | None = None


def read_pykt(
    source: str | PathLike[str],
    *,
    skill: Literal["concepts", "questions"] = "concepts",
    extra: Sequence[str] = (),
    without_skill: Literal["drop", "refuse"] = "drop",
) -> ResponseLog:
    r"""Read a response log from a data set that pyKT has prepared.

    Parameters
    ----------
    source : path
        A folder that pyKT has prepared, or one file. From a folder such as ``data/assist2009``, the
        reader takes ``train_valid.csv`` and ``test.csv``, with pyKT's folds. If ``train_valid.csv``
        and ``test.csv`` are missing, the reader takes ``data.txt``. You can also pass one file in
        place of a folder: ``train_valid.csv``, ``test.csv``, ``data.txt``, or a file with sequences
        of a fixed length. Files with sequences of a fixed length are ``train_valid_sequences.csv``,
        ``test_window_sequences.csv``, and files whose names end in ``_quelevel.csv``.
    skill : {"concepts", "questions"}
        What a skill is. Some data sets have questions but no concepts.
    extra : sequence of str
        Further lists that the log keeps, such as ``"usetimes"`` (milliseconds). If the files have a
        ``fold``, the log always keeps the fold: 0 to 4, and -1 for test students.
    without_skill : {"drop", "refuse"}
        What to do with answers without a concept (``NA``). ``"drop"`` leaves out answers without a
        concept, and a warning says how many. ``"refuse"`` raises an error.

    Returns
    -------
    ResponseLog
        A log with one row per answer, student by student. If a question has several concepts, pyKT
        writes a row for each concept (``is_repeat`` is 1); the reader joins these rows into one
        row. It removes padding. If several windows of a file contain the same answer, the log
        contains this answer once. Times in the log are in seconds (in the files, in milliseconds).
        If ``keyid2idx.json`` is in the same folder, you get the original labels instead of pyKT's
        numbers. (Files of question level keep pyKT's numbers.)

    Raises
    ------
    ResponseDataError
        The error lists every problem, with file and line: lists of different lengths, answers other
        than 0 and 1, numbers that are not in ``keyid2idx.json``, and files whose sequences repeat a
        student's history for each question.
    ParameterError
        The error is raised if an argument is not valid.
    OSError
        The error is raised if the file or folder does not exist, or if you have no permission to
        read it.

    Warns
    -----
    DataWarning
        A warning appears if the reader joined rows or left rows out. The warning says how many rows
        it is about, and which rows. In the warning, a row is one answer in the files; rows are
        counted from 0, and the count continues from line to line.

    References
    ----------
    Z. Liu et al. (2022). pyKT: a Python library to benchmark deep learning based knowledge
    tracing models. NeurIPS.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> text = "ann,3\nq1,q2,q1\nadd,add_carry,add\n0,1,1\n1000,2500,9000\nNA"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "data.txt").write_text(text)
    ...     log = read_pykt(folder)
    >>> log
    ResponseLog(3 responses, 1 student, 2 skills, 2 items)
    >>> log.skill.values.tolist(), log.time.tolist()
    (['add', 'add', 'carry', 'add'], [1.0, 2.5, 9.0])
    """
    check_parameters(
        _READER,
        {"skill": skill, "without_skill": without_skill},
        {
            "skill": (OneOf(("concepts", "questions")),),
            "without_skill": (OneOf(("drop", "refuse")),),
        },
    )
    problems: list[str] = []
    sequences = []
    for path in _files(Path(source)):
        read = _of_text if path.suffix == ".txt" else _of_csv
        sequences += _named(list(read(path, extra, problems)), path, problems)
    refuse(_READER, problems)
    return _log(sequences, skill, extra, without_skill)


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    files = [source / name for name in _FOLDS if (source / name).exists()]
    if not files and (source / _WHOLE).exists():
        files = [source / _WHOLE]
    if not files:
        there = sorted(path.name for path in source.iterdir())
        raise ResponseDataError(
            _READER,
            [
                f"{source}: none of {some((*_FOLDS, _WHOLE))} is there, but "
                f"{some(there, 20) or 'nothing'}; give a folder that pyKT has prepared, or a file"
            ],
        )
    return files


def _of_text(path: Path, extra: Sequence[str], problems: list[str]) -> Iterator[_Sequence]:
    """Six lines for each student: who and how many, then a list to a line."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        where = f"byte {error.start:,}"
        problems.append(f"{path.name}: is not text in UTF-8 ({where}); save it as UTF-8")
        return
    while lines and not lines[-1]:
        del lines[-1]
    if len(lines) % 6:
        problems.append(f"{path.name}: {len(lines)} lines; expected six for each student")
        return
    wanted = {_QUESTIONS, _CONCEPTS, _RESPONSES, _TIMES, *extra}
    for start in range(0, len(lines), 6):
        student, _, count = lines[start].rpartition(",")
        place = f"{path.name}, line {start + 1}"
        if not (student and _COUNT.fullmatch(count)):
            problems.append(f"{place}: {lines[start][:40]!r}; expected a student and a count")
            continue
        lists = {
            name: line.split(",")
            for name, line in zip(_LINES, lines[start + 1 : start + 6], strict=True)
            if name in wanted and (line != _NONE or (count == "1" and name == _CONCEPTS))
        }
        n = len(lists.get(_RESPONSES, []))
        if n != int(count):
            problems.append(f"{place}: a count of {count}, but {n} responses")
        yield _Sequence(student, place, lists)


def _of_csv(path: Path, extra: Sequence[str], problems: list[str]) -> Iterator[_Sequence]:
    """A line for each student, or for each stretch of a student's answers."""
    table = Table(path)
    missing = [name for name in (_STUDENT, _RESPONSES, *extra) if name not in table.names]
    have = some(table.names, 30)
    faults = [f"column {name!r} is missing; the columns are {have}" for name in missing]
    refuse_header(_READER, table, faults)
    if "qidxs" in table.names:
        problems.append(
            f"{path.name}: it repeats a student's history for each question; read test.csv"
        )
        return
    used = (_STUDENT, _FOLD, _QUESTIONS, _CONCEPTS, _RESPONSES, _TIMES, _REPEAT, _MASK, *extra)
    found: list[str] = []
    with open_csv(path) as lines:
        read = lines.texts([name for name in dict.fromkeys(used) if name in lines.names], found)
    problems += [f"{path.name}: {problem}" for problem in found]
    for row, student in enumerate(read[_STUDENT]):
        lists = {
            name: column[row].split(",")
            for name, column in read.items()
            if name not in (_STUDENT, _FOLD)
        }
        fold = read[_FOLD][row] if _FOLD in read else None
        yield _Sequence(student, f"{path.name}, line {row + 2}", lists, fold)


def _named(sequences: list[_Sequence], path: Path, problems: list[str]) -> list[_Sequence]:
    """The sequences with questions and concepts as they were before pyKT numbered them."""
    numbers = path.with_name(_NUMBERS)
    if path.suffix == ".txt" or path.stem.endswith("_quelevel") or not numbers.exists():
        return sequences
    try:
        kept = dict(json.loads(numbers.read_text(encoding="utf-8")))
        name_of = {
            kind: {str(number): name for name, number in kept[kind].items()}
            for kind in (_QUESTIONS, _CONCEPTS)
            if kind in kept
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        problems.append(f"{numbers}: is no JSON of pyKT's numbers; remove it to read the numbers")
        return sequences
    strange: set[str] = set()
    for kind, names in name_of.items():
        names[_PADDING] = _PADDING
        for sequence in sequences:
            found = sequence.lists.get(kind, [])
            strange |= {number for number in found if number not in names}
            sequence.lists[kind] = [names.get(number, number) for number in found]
    if strange:
        problems.append(
            f"{path.name}: the numbers {some(sorted(strange))} are not in {_NUMBERS}; remove that "
            "file to read the numbers"
        )
    return sequences


def _check(sequences: list[_Sequence], wanted: Sequence[str], problems: list[str]) -> None:
    """Refuse lists that are missing, of another length, or hold what is no response."""
    for name in wanted:
        without = [s.place for s in sequences if not s.lists.get(name)]
        if without:
            problems.append(f"{name}: missing in {some(without)}")
    found = []
    for sequence in sequences:
        n = len(sequence.lists.get(_RESPONSES, []))
        found += [
            f"{sequence.place}: {len(values)} {name}, but {n} responses"
            for name, values in sequence.lists.items()
            if len(values) != n
        ]
        bad = set(sequence.lists.get(_RESPONSES, [])) - {"0", "1", _PADDING}
        if bad:
            found.append(f"{sequence.place}: responses {some(sorted(bad))}; expected 0 and 1")
    problems += found[:_TOLD]
    if len(found) > _TOLD:
        problems.append(f"and {len(found) - _TOLD:,} more of these")


class _Answers:
    """The answers of all sequences, one after the other, without what fills them up.

    Attributes
    ----------
    sequence : int array, shape (n_answers,)
        The sequence of each answer.
    """

    def __init__(self, sequences: list[_Sequence]) -> None:
        self._sequences = sequences
        self._kept = [
            [k for k, answer in enumerate(sequence.lists[_RESPONSES]) if answer != _PADDING]
            for sequence in sequences
        ]
        self.sequence = np.repeat(np.arange(len(sequences)), list(map(len, self._kept)))

    def column(self, name: str) -> list[str]:
        """The values of a list."""
        both = zip(self._sequences, self._kept, strict=True)
        return [sequence.lists[name][k] for sequence, kept in both for k in kept]

    def each(self, values: list[Any]) -> Column:
        """A column of labels, from one of each sequence."""
        return _labels([values[k] for k in self.sequence.tolist()])

    def where(self, rows: Ints) -> str:
        """How many answers, and where the first of them stand."""
        places = dict.fromkeys(self._sequences[k].place for k in self.sequence[rows].tolist())
        return f"{rows_text(rows)} of {', '.join(list(places)[:3])}"


def _log(
    sequences: list[_Sequence],
    skill: str,
    extra: Sequence[str],
    without_skill: Literal["drop", "refuse"],
) -> ResponseLog:
    problems: list[str] = []
    have = {name for sequence in sequences for name in sequence.lists}
    if skill not in have:
        other = f"; skill={_QUESTIONS!r} takes questions" if _QUESTIONS in have else ""
        refuse(_READER, [f"there are no {skill}{other}"])
    wanted = [skill, _RESPONSES, *(n for n in (_QUESTIONS, _TIMES) if n in have), *extra]
    _check(sequences, list(dict.fromkeys(wanted)), problems)
    refuse(_READER, problems)

    answers = _Answers(sequences)
    columns = {_STUDENT: answers.each([sequence.student for sequence in sequences])}
    columns[_RESPONSES] = np.array(answers.column(_RESPONSES)).astype(np.float64)
    names = {"student": _STUDENT, "correct": _RESPONSES, "skill": skill}
    if _QUESTIONS in have:
        names["item"] = _QUESTIONS if skill != _QUESTIONS else f"{_QUESTIONS} as items"
        columns[names["item"]] = _labels(list(map(_unescaped, answers.column(_QUESTIONS))))
    if _TIMES in have:
        names["time"] = _TIMES
        times = objects(answers.column(_TIMES))
        columns[_TIMES] = as_seconds(times, _TIMES, 1000, problems, answers.where)
    for name in extra:
        columns[name] = _values(answers.column(name))
    folds = [sequence.fold for sequence in sequences]
    if None not in folds:
        columns[_FOLD] = answers.each(folds)
        extra = [*extra, _FOLD]
    refuse(_READER, problems)

    n = len(answers.sequence)
    repeats = np.array(answers.column(_REPEAT) if _REPEAT in have else ["0"] * n) == "1"
    shown = np.array(answers.column(_MASK) if _MASK in have else ["1"] * n) == "1"
    events = _events(columns[_STUDENT].tolist(), repeats.tolist(), shown.tolist())
    joining = Joining(_READER, columns, names, events, _skills(answers.column(skill)))
    joining.agree("correct")
    joining.drop(~shown, "repeated by a window, left out")
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra)


def _events(students: list[Any], repeats: list[bool], shown: list[bool]) -> Events:
    """The answer each row belongs to: a repetition to the answer before it of its student."""
    last: dict[Any, int] = {}
    first: list[int] = []
    of_row = []
    for row, (student, again, seen) in enumerate(zip(students, repeats, shown, strict=True)):
        if not (again and seen and student in last):
            if seen:
                last[student] = len(first)
            of_row.append(len(first))
            first.append(row)
        else:
            of_row.append(last[student])
    return Events(np.array(first, np.intp), np.array(of_row, np.intp))


def _skills(texts: list[str]) -> list[tuple[Any, ...]]:
    """The concepts of each answer; none where there is ``NA``."""
    parts = {text: tuple(dict.fromkeys(text.split("_"))) for text in set(texts)}
    names = sorted(set(chain(*parts.values())) - {_NONE, ""})
    label_of = dict(zip(names, _labels([_unescaped(name) for name in names]).tolist(), strict=True))
    skills = {
        text: tuple(label_of[part] for part in found if part in label_of)
        for text, found in parts.items()
    }
    return [skills[text] for text in texts]


def _labels(texts: list[str]) -> Column:
    numbers = integers(texts)
    return objects(texts) if numbers is None else numbers


def _values(texts: list[str]) -> Column:
    """Numbers, if every text is one."""
    numbers = integers(texts)
    found = decimals(texts) if numbers is None else numbers
    return objects(texts) if found is None else found


def _unescaped(text: str) -> str:
    for written, meant in _ESCAPED:
        text = text.replace(written, meant)
    return text
