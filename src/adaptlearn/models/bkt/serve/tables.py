"""Parameter tables that the caller brings, read with every problem named at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.models.bkt.classes import Classes, Scheme
from adaptlearn.models.bkt.fitted import Fitted, table_of_cells
from adaptlearn.models.bkt.parameters import MARGIN, Parameters
from adaptlearn.models.bkt.serve.manifest import read_classes
from adaptlearn.numerics import Floats
from adaptlearn.responses.frames import column_names, columns_of
from adaptlearn.validation import Interval, some

_SUBJECT = "BKT.from_parameters"


def read_skill_table(table: Any) -> tuple[NDArray[Any], Parameters]:
    """Skills and their parameters, sorted by skill; without a column ``forget`` it is 0."""
    names = column_names(table)
    columns = ["skill", *(n for n in Parameters._fields if n != "forget" or "forget" in names)]
    read = columns_of(table, columns, "parameter table")
    labels = read["skill"].tolist()
    problems = []
    if not labels:
        problems.append("the table has no rows; expected one per skill")
    kinds = {str if isinstance(label, str) else type(label) for label in labels}
    if not kinds <= {str} and not kinds <= {int}:
        problems.append("column 'skill': expected integers or strings, without gaps or mixture")
    elif len(set(labels)) < len(labels):
        twice = sorted({label for label in labels if labels.count(label) > 1})
        problems.append(f"column 'skill': {some(twice)} more than once")
    values: dict[str, Floats] = {"forget": np.zeros(len(labels))}
    for name in columns[1:]:
        values[name] = _probabilities(read[name], labels, name, problems)
    if not problems:
        over = np.flatnonzero(values["guess"] + values["slip"] > 1 - MARGIN)
        if len(over):
            problems.append(
                f"guess + slip must be below 1; not so for skill {some([labels[k] for k in over])}"
            )
    if problems:
        raise ParameterError(_SUBJECT, problems)
    order = sorted(range(len(labels)), key=labels.__getitem__)
    skills = np.array([labels[k] for k in order], object if kinds == {str} else np.int64)
    return skills, Parameters(**{name: values[name][order] for name in Parameters._fields})


def read_pooled(pooled: Mapping[str, Any] | None, table: Parameters) -> dict[str, float]:
    """The common parameters: the medians of the table's, unless they are given."""
    common = {name: float(np.median(field)) for name, field in table._asdict().items()}
    given = {} if pooled is None else pooled
    if not isinstance(given, Mapping):
        raise ParameterError(_SUBJECT, [f"pooled must be a mapping or None, got {given!r}"])
    problems = [
        f"pooled has an unknown {name!r}; there are {some(Parameters._fields)}"
        for name in given
        if name not in common
    ]
    problems += [
        f"pooled[{name!r}] must be in [0, 1], got {value!r}"
        for name, value in given.items()
        if not Interval(0, 1).accepts(value)
    ]
    if not problems:
        common |= {name: float(value) for name, value in given.items()}
        if common["guess"] + common["slip"] > 1 - MARGIN:
            problems.append("pooled: guess + slip must be below 1")
    if problems:
        raise ParameterError(_SUBJECT, problems)
    return common


def read_class_table(
    table: Any, schemes: Mapping[str, Scheme], skills: Sequence[Any], gaps: Sequence[float]
) -> tuple[Classes | None, dict[str, Floats]]:
    """Parameters by class, as `BKT.class_parameters_` gives them."""
    schemes = {field: scheme for field, scheme in schemes.items() if scheme}
    problems = []
    if table is None:
        if schemes:
            options = ", ".join(f"{field}_by" for field in schemes)
            raise ParameterError(_SUBJECT, [f"{options} needs the table by_class"])
        return None, {}
    read = columns_of(table, ["parameter", "skill", "class", "value"], "table by_class")
    place = {label: code for code, label in enumerate(skills)}
    content: dict[str, dict[str, Any]] = {
        field: {
            "earlier": scheme.earlier,
            "later": scheme.later,
            "gap": scheme.gap,
            "skill": [],
            "class": [],
            "value": [],
        }
        for field, scheme in schemes.items()
    }
    rows = zip(*(read[n].tolist() for n in ("parameter", "skill", "class", "value")), strict=True)
    for row, (field, skill, label, value) in enumerate(rows):
        if field not in schemes:
            problems.append(f"row {row}: parameter {field!r} does not differ by class here")
            continue
        split = schemes[field].split_label(label)
        if skill not in place:
            problems.append(f"row {row}: skill {skill!r} is not in the table of skills")
        elif split is None:
            problems.append(f"row {row}: class {label!r} does not fit {field}_by")
        elif not (isinstance(value, (int, float)) and 0 <= value <= 1):
            problems.append(f"row {row}: value must be in [0, 1], got {value!r}")
        else:
            entry = content[field]
            entry["skill"].append(place[skill])
            entry["class"].append(split)
            entry["value"].append(value)
    if problems:
        more = [f"and {len(problems) - 20} more"] if len(problems) > 20 else []
        raise ParameterError(_SUBJECT, [*problems[:20], *more])
    return read_classes({"gaps": list(gaps), "parameters": content}, len(skills))


def brought(
    skills: NDArray[Any],
    parameters: Parameters,
    pooled: dict[str, float],
    classes: Classes | None,
    by_class: dict[str, Floats],
) -> Fitted:
    """A model of parameters that were read: nothing was fitted."""
    n = len(skills)
    return Fitted(
        skills=skills,
        table=table_of_cells(parameters, pooled, by_class),
        log_likelihood=np.full(n, np.nan),
        n_iter=np.zeros(n, np.int64),
        converged=np.zeros(n, bool),
        n_answers=np.zeros(n, np.int64),
        unidentified={},
        classes=classes,
    )


def _probabilities(
    column: NDArray[Any], labels: Sequence[Any], name: str, problems: list[str]
) -> Floats:
    try:
        values = np.asarray(column, np.float64)
    except (TypeError, ValueError):
        problems.append(f"column {name!r}: expected numbers, got {column.dtype} values")
        return np.zeros(len(labels))
    outside = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(outside):
        problems.append(
            f"column {name!r}: must be in [0, 1]; not so for skill "
            f"{some([labels[k] for k in outside.tolist()])}"
        )
    return values
