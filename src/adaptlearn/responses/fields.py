"""From a frame to the fields of a log: which column plays which role, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.responses.columns import read_correct, read_labels, read_time
from adaptlearn.responses.frames import Column, Frame
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.names import suggested_call
from adaptlearn.responses.skills import read_skills, skills_from_q_matrix
from adaptlearn.responses.spellings import Say


def checked_options(
    reader: str,
    *,
    item: Any,
    extra: Any,
    skill_separator: Any,
    q_matrix: Any,
    unanswered: Any,
    text: Any = (),
    others: Sequence[str] = (),
) -> dict[str, Any]:
    """The options of `read_fields`; what is wrong with `others` is told with them.

    Raises
    ------
    ParameterError
        Lists what cannot be meant, whatever the frame.
    """
    problems = []
    if unanswered not in ("refuse", "exposure"):
        problems.append(f"unanswered must be one of 'refuse', 'exposure', got {unanswered!r}")
    if skill_separator is not None and not (isinstance(skill_separator, str) and skill_separator):
        problems.append(f"skill_separator must be a text, not empty, got {skill_separator!r}")
    if q_matrix is not None and skill_separator is not None:
        problems.append("skill_separator is for a skill column; q_matrix takes its place")
    if q_matrix is not None and item is False:
        problems.append("q_matrix needs items; item=False leaves them out")
    problems += [
        f"{name} must be a list of names, got the text {names!r}"
        for name, names in (("extra", extra), ("text", text))
        if isinstance(names, str)
    ]
    if problems or others:
        raise ParameterError(reader, [*problems, *others])
    return {
        "extra": list(map(str, extra)),
        "skill_separator": skill_separator,
        "q_matrix": q_matrix,
        "unanswered": unanswered,
    }


def own_names(
    roles: Mapping[str, str | Literal[False] | None],
) -> dict[str, str | Literal[False]]:
    """The column of each role that must be there: the one named, or one that has its name."""
    return {role: role if name is None else name for role, name in roles.items()}


def names_of_roles(
    available: Sequence[str],
    required: Mapping[str, str | None],
    optional: Mapping[str, str | Literal[False] | None],
) -> dict[str, str]:
    """The column of each role: the one named, or one that has the role's name and no other."""
    chosen = {role: name for role, name in optional.items() if name is not None}
    given = own_names(required) | {role: name for role, name in chosen.items() if name is not False}
    names = {role: str(name) for role, name in given.items()}  # pandas' may be numbers
    free = set(available) - set(names.values())
    return names | {role: role for role, name in optional.items() if name is None and role in free}


def read_fields(
    frame: Frame,
    names: Mapping[str, str],
    *,
    extra: Sequence[str],
    skill_separator: str | None,
    q_matrix: Any,
    unanswered: str,
    say: Say | None = None,
) -> dict[str, Any]:
    """The fields of a log by their names; raises all problems of all columns in one error.

    `say` writes the options that a file's reader has, for messages; a frame's has none.
    """
    problems: list[str] = []
    as_arrays = {names["correct"], names.get("time"), *extra}
    coded = set(names.values()) - as_arrays
    raw = frame.read([*names.values(), *extra], problems, coded)
    if any(_length(column) == 0 for column in raw.values()):
        raise ResponseDataError(
            "response log", [*problems, "it has no rows; expected at least one response"]
        )
    fields: dict[str, Any] = {
        role: read_labels(raw[names[role]], role, names[role], problems)
        for role in ("student", "item", "id")
        if names.get(role) in raw
    }
    arrays = cast("dict[str, Column]", raw)
    if (name := names["correct"]) in raw:
        fields["correct"] = read_correct(arrays[name], name, unanswered, problems, say)
    if (name := names.get("time", "")) in raw:
        fields["time"], fields["clock"] = read_time(arrays[name], name, problems, say)
    if q_matrix is not None:
        if "item" in fields:
            fields["skill"] = skills_from_q_matrix(fields["item"], q_matrix, problems)
    elif (name := names["skill"]) in raw:
        fields["skill"] = read_skills(raw[name], name, skill_separator, problems)
    if problems:
        call = suggested_call(names, frame.names)
        remedy = f"say which columns they are, perhaps: {call}" if call else ""
        raise ResponseDataError("response log", problems, remedy)
    fields["extra"] = {name: np.array(arrays[name]) for name in extra}
    return fields


def _length(column: Column | Labelled) -> int:
    return len(column.codes if isinstance(column, Labelled) else column)
