"""What is asked of a plan: a JSON file, whose lists may stand in CSV files beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from adaptlearn.cli.reading import read_object
from adaptlearn.errors import ParameterError, ProblemsError

if TYPE_CHECKING:
    from adaptlearn.labels import Label

Made = TypeVar("Made")


class Form(NamedTuple):
    """How a list looks: its columns in CSV, and what it is in JSON.

    ``rows``: a list of objects with the columns as keys. ``pairs``: an object from the first column
    to the others. ``lists``: an object from the first column to a list of the second. ``groups``:
    a list of lists of the second column.
    """

    kind: str
    columns: tuple[str, ...]


FORMS: Mapping[str, Form] = {
    "pins": Form("rows", ("student", "lesson", "block")),
    "requests": Form("rows", ("student", "lesson", "priority")),
    "electives": Form("lists", ("student", "lesson")),
    "extra_time": Form("pairs", ("student", "factor")),
    "levels": Form("pairs", ("student", "lowest", "highest")),
    "classes": Form("lists", ("class", "student")),
    "fixed": Form("lists", ("slot", "student")),
    "together": Form("groups", ("group", "student")),
    "apart": Form("groups", ("group", "student")),
    "course": Form("lists", ("student", "course")),
}
_NUMBERS = ("priority", "factor", "lowest", "highest")
Labels = Mapping[str, "Mapping[str, Label]"]
"""By the name of a column, the label of each text."""


def read_demands(path: Path, fields: Iterable[str], needed: str) -> dict[str, Any]:
    """Read an object of JSON with some of these fields; lists that it names are read from CSV.

    Raises
    ------
    ParameterError
        Lists everything that is wrong with the file, and with the files that it names.
    """
    from adaptlearn.labels import near_spellings

    content = read_object(path, f"an object with {needed!r}")
    known, problems = [*fields], []
    for name in content:
        if name not in known:
            listed = ", ".join(known)
            problems.append(f"no field {name!r}{near_spellings(name, known)}; there are {listed}")
    if needed not in content:
        problems.append(f"{needed} is missing")
    for name, value in content.items():
        if name in FORMS and isinstance(value, str) and value.lower().endswith(".csv"):
            content[name] = _noted(problems, read_list, path.parent / value, FORMS[name])
    if problems:
        raise ParameterError(str(path), problems)
    return content


def _noted(problems: list[str], read: Callable[..., Any], path: Path, form: Form) -> Any:
    try:
        return read(path, form)
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
    except ProblemsError as error:
        problems += [f"{path}: {problem}" for problem in error.problems]
    return None


def read_list(path: Path, form: Form) -> Any:
    """Read a list from CSV, as it would be in JSON; all labels are texts.

    Raises
    ------
    ParameterError
        Lists the columns that are missing, and the rows that are wrong.
    """
    from adaptlearn.responses.files.lines import open_csv

    problems: list[str] = []
    with open_csv(path) as lines:
        there = lines.names
        problems += [
            f"no column {name!r}; there are {', '.join(map(repr, there))}"
            for name in form.columns
            if name not in there
        ]
        texts = {} if problems else lines.texts(form.columns, problems)
    columns: dict[str, list[Any]] = {}
    for name, column in texts.items():
        values = [text.strip() for text in column]
        problems += _empty(name, values)
        columns[name] = _numbers(name, values, problems) if name in _NUMBERS else values
    if problems:
        raise ParameterError(str(path), problems)
    return _built(path, form, [*zip(*columns.values(), strict=True)])


def _empty(name: str, values: Sequence[str]) -> Iterator[str]:
    rows = [row for row, value in enumerate(values) if not value]
    if rows:
        yield f"column {name!r}: {_rows(rows)} without a value"


def _numbers(name: str, texts: Sequence[str], problems: list[str]) -> list[float]:
    numbers, wrong = [], []
    for row, text in enumerate(texts):
        try:
            numbers.append(float(text))
        except ValueError:
            wrong += [row] if text else []
    if wrong:
        first = texts[wrong[0]]
        problems.append(f"column {name!r}: {_rows(wrong)} hold no number; the first is {first!r}")
    return numbers


def _rows(rows: Sequence[int]) -> str:
    told = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
    return f"{len(rows):,} row{'s' * (len(rows) > 1)} ({'rows' if len(rows) > 1 else 'row'} {told})"


def _built(path: Path, form: Form, rows: Sequence[tuple[Any, ...]]) -> Any:
    if form.kind == "rows":
        return [dict(zip(form.columns, row, strict=True)) for row in rows]
    if form.kind == "pairs":
        found = {first: rest[0] if len(rest) == 1 else list(rest) for first, *rest in rows}
        if len(found) < len(rows):
            keys = [row[0] for row in rows]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            told = f"{form.columns[0]} stands in more than one row: {', '.join(map(repr, twice))}"
            raise ParameterError(str(path), [told])
        return found
    lists: dict[str, list[Any]] = {}
    for first, second in rows:
        lists.setdefault(first, []).append(second)
    return [*lists.values()] if form.kind == "groups" else lists


def labelled(demands: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """The same with the labels that are meant by texts: a file holds ``"7"`` for a student 7."""
    return {
        name: _labelled(value, FORMS[name], labels) if name in FORMS else value
        for name, value in demands.items()
    }


def _labelled(value: Any, form: Form, labels: Labels) -> Any:
    def one(column: str, text: Any) -> Any:
        return labels.get(column, {}).get(text, text) if isinstance(text, str) else text

    def several(given: Any) -> Any:
        if isinstance(given, list):
            return [one(form.columns[1], text) for text in given]
        return one(form.columns[1], given)

    if form.kind == "rows" and isinstance(value, list):
        return [
            {column: one(column, text) for column, text in row.items()}
            if isinstance(row, dict)
            else row
            for row in value
        ]
    if form.kind == "groups" and isinstance(value, list):
        return [several(group) for group in value]
    if isinstance(value, dict):
        own = several if form.kind == "lists" else lambda given: given
        return {one(form.columns[0], key): own(given) for key, given in value.items()}
    return several(value) if form.kind == "lists" else value


def made_of(kind: type[Made], given: Any, name: str, problems: list[str]) -> Made | None:
    """An object of its arguments, as JSON holds them; what is wrong goes to the problems."""
    from adaptlearn.labels import near_spellings

    parameters = inspect.signature(kind).parameters
    needed = [key for key, one in parameters.items() if one.default is inspect.Parameter.empty]
    if not isinstance(given, dict):
        listed = ", ".join(parameters)
        problems.append(f"{name} is {given!r:.60}; expected an object with {listed}")
        return None
    wrong = [
        f"{name}: no field {key!r}{near_spellings(key, parameters)}"
        for key in given
        if key not in parameters
    ]
    wrong += [f"{name}: {key} is missing" for key in needed if key not in given]
    try:
        return None if wrong else kind(**given)
    except ProblemsError as error:
        wrong += [f"{name}: {problem}" for problem in error.problems]
    except (TypeError, ValueError) as error:
        wrong.append(f"{name}: {error}")
    finally:
        problems += wrong
    return None
