"""pyBKT's parameter table: into a model, and out of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ParameterError, warn
from adaptlearn.interop.counterparts import individual_problems
from adaptlearn.models.bkt.estimator import BKT
from adaptlearn.models.bkt.parameters import MARGIN
from adaptlearn.responses.frames import columns_of
from adaptlearn.validation import Interval, some

_COLUMNS = ("skill", "param", "class", "value")
# In the order in which pyBKT writes them.
_NAMES = {
    "prior": "prior",
    "learns": "learn",
    "guesses": "guess",
    "slips": "slip",
    "forgets": "forget",
}
_THEIRS = {ours: theirs for theirs, ours in _NAMES.items()}
_NO_CLASS, _NO_RESOURCE = "default", "Default"
_PROBABILITY = Interval(0, 1)

Values = dict[Any, float]
"""Of one parameter of one skill: class to value."""
Table = dict[Any, dict[str, Values]]
"""Skill to parameter to values."""


def from_pybkt(
    params: Any,
    *,
    multigs: str | None = None,
    multilearn: str | None = None,
    multiprior: str | None = None,
    skill_type: Callable[[str], Any] | None = None,
    class_type: Callable[[str], Any] | None = None,
    pooled: Mapping[str, float] | None = None,
) -> BKT:
    """Build a model with the parameters that pyBKT estimated.

    Parameters
    ----------
    params : frame or mapping
        The parameters from pyBKT: the result of ``Model.params()``, with its index or after
        ``reset_index()``. You can also pass a frame of any dataframe library with the columns
        ``skill``, ``param``, ``class`` and ``value``. If the model has no classes, you can also
        pass ``Model.coef_`` (which does not name classes).
    multigs, multilearn, multiprior : str, optional
        `multigs`, `multilearn` and `multiprior` are the same options as in pyBKT. Each option names
        the column of a log that contains the classes: `multigs` for guess and slip, `multilearn`
        for learn and forget, `multiprior` for the prior. If the table has classes, you must pass
        the option for each kind of class.
    skill_type, class_type : callable, optional
        pyBKT turns every label into text. `skill_type` and `class_type` turn the labels of skills
        and classes back into the type that they have in your log, for example ``int``. You need
        `skill_type` and `class_type` if all labels look like numbers. If labels look like numbers
        but are text in your log, pass ``str`` as the type.
    pooled : mapping of str to float, optional
        The common parameters, for skills that are not in the table; by default the medians over the
        skills in the table. See `BKT.from_parameters`.

    Returns
    -------
    BKT
        A model with the same predictions as pyBKT. If a class is not in the table, pyBKT raises an
        error, but the model of this library uses the medians over the classes of the skill.

    Raises
    ------
    ParameterError, ResponseDataError
        The error lists every row, skill and argument that is not valid. A skill with guess + slip
        of 1 or more is not valid, because a right answer would not be evidence that the student
        knows the skill.

    Warns
    -----
    DataWarning
        A warning appears if some classes have a guess + slip of 1 or more. The model keeps these
        values.

    Notes
    -----
    The function does not accept tables of ``multipair``: in these tables, the rate of a pair of
    items applies to the step *after* the pair. Fit ``BKT(learn_by="item_pair")`` instead.

    Examples
    --------
    >>> model = from_pybkt({
    ...     "skill": ["add"] * 5, "class": ["default"] * 5,
    ...     "param": ["prior", "learns", "guesses", "slips", "forgets"],
    ...     "value": [0.4, 0.2, 0.2, 0.1, 0.0]})
    >>> model.predict_proba({"student": [1], "skill": ["add"], "correct": [1]})[0, 1].round(2)
    np.float64(0.48)
    """
    problems: list[str] = []
    table = _read(params, problems)
    columns = {
        "guess": multigs,
        "slip": multigs,
        "learn": multilearn,
        "forget": multilearn,
        "prior": multiprior,
    }
    if multilearn is not None and multiprior is not None:
        problems.append("multilearn and multiprior are both given; pyBKT has one of them at a time")
    elif multiprior is not None:
        table = {skill: _with_priors(skill, values, problems) for skill, values in table.items()}
    _check_classes(table, columns, problems)
    table = _typed(table, skill_type, class_type, problems)
    degenerate = _degenerate(table, problems)
    if problems:
        raise ParameterError("pyBKT's parameters", problems)
    if degenerate:
        warn(
            f"guess + slip is 1 or more in {len(degenerate)} class(es), where a right answer "
            f"speaks for not knowing: (skill, class) {some(degenerate)}",
            DataWarning,
        )
    return _model(table, columns, pooled)


def to_pybkt(model: BKT) -> dict[str, NDArray[Any]]:
    """Return a model's parameters in the layout of pyBKT's ``Model.params()``.

    Parameters
    ----------
    model : BKT
        A fitted model whose options all exist in pyBKT. The classes in one column may determine
        guess and slip. The classes in another column may determine either learn and forget, or the
        prior.

    Returns
    -------
    dict of columns
        ``skill``, ``param``, ``class``, ``value``. With pandas,
        ``DataFrame(table).set_index(["skill", "param", "class"])`` equals the result of
        ``params()``. The result does not contain standard errors or the common parameters for
        unseen skills, because pyBKT's layout has no place for them.

    Raises
    ------
    ParameterError
        The error lists everything in the model that pyBKT does not support.

    Warns
    -----
    DataWarning
        The warning names the parameters that differ by class. For these parameters, the result
        leaves out the values for classes that are not in the training log.

    Examples
    --------
    >>> model = BKT.from_parameters(
    ...     {"skill": ["add"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]})
    >>> table = to_pybkt(model)
    >>> dict(zip(table["param"].tolist(), table["value"].tolist()))
    {'prior': 0.4, 'learns': 0.2, 'guesses': 0.2, 'slips': 0.1, 'forgets': 0.0}
    """
    by_class = _by_class(model)
    fields = list(dict.fromkeys(field for _, field in by_class))
    problems = individual_problems(model, "pyBKT") + _misfits(model, fields)
    rows: list[tuple[str, str, str, float]] = []
    for k, skill in enumerate(model.skills_.tolist()):
        own = {field: float(model.parameters_[field][k]) for field in _THEIRS}
        classes = {field: by_class.get((skill, field), {}) for field in _THEIRS}
        for field, values in _theirs(own, classes, priors="prior" in fields).items():
            named = sorted((str(label), value) for label, value in values.items())
            if len({name for name, _ in named}) < len(named):
                problems.append(f"skill {skill!r}: classes of {field} are alike as text")
            rows += [(str(skill), _THEIRS[field], name, value) for name, value in named]
    if problems:
        raise ParameterError("to_pybkt", problems)
    if fields:
        warn(
            f"{', '.join(fields)}: what serves classes that were not seen in training has no "
            "place in pyBKT and is left out",
            DataWarning,
        )
    columns = list(zip(*rows, strict=True))
    texts = {name: np.array(columns[i], object) for i, name in enumerate(_COLUMNS[:3])}
    return {**texts, "value": np.array(columns[3], np.float64)}


def _read(params: Any, problems: list[str]) -> Table:
    """The rows by skill and parameter, labels still as pyBKT wrote them."""
    table: Table = {}
    for row, (skill, name, label, value) in enumerate(_rows(params, problems)):
        if name not in _NAMES:
            problems.append(f"row {row}: param {name!r} is not one of {', '.join(_NAMES)}")
        elif not _PROBABILITY.accepts(value):
            problems.append(f"row {row}: value must be {_PROBABILITY}, got {value!r}")
        else:
            values = table.setdefault(skill, {}).setdefault(_NAMES[name], {})
            if label in values:
                problems.append(f"row {row}: skill {skill!r}, {name}, {label!r} a second time")
            values[label] = float(value)
    if not problems:
        for skill, fields in table.items():
            fields.setdefault("forget", dict.fromkeys(fields.get("learn", {}), 0.0))
            lacking = [theirs for theirs, ours in _NAMES.items() if ours not in fields]
            if lacking:
                problems.append(f"skill {skill!r} lacks {', '.join(lacking)}")
        if not table:
            problems.append("there are no rows")
    return table if not problems else {}


def _rows(params: Any, problems: list[str]) -> Iterator[tuple[Any, Any, Any, Any]]:
    if isinstance(params, Mapping) and all(isinstance(v, Mapping) for v in params.values()):
        for skill, values in params.items():
            for name, value in values.items():
                flat = np.ravel(value).tolist()
                if len(flat) == 1:
                    yield skill, name, _NO_CLASS, flat[0]
                else:
                    problems.append(
                        f"skill {skill!r}: {name} has {len(flat)} values and no names of their "
                        "classes; give Model.params()"
                    )
        return
    if hasattr(params, "reset_index") and "skill" not in getattr(params, "columns", ()):
        params = params.reset_index()
    read = columns_of(params, _COLUMNS, "pyBKT's parameters")
    yield from zip(*(read[name].tolist() for name in _COLUMNS), strict=True)


def _with_priors(skill: Any, fields: dict[str, Values], problems: list[str]) -> dict[str, Values]:
    """One skill of a ``multiprior`` fit: each class is a way into a first state at the start."""
    learn, forget = dict(fields["learn"]), dict(fields["forget"])
    start = fields["prior"].get(_NO_CLASS)
    if _NO_RESOURCE not in learn or learn.keys() != forget.keys() or start is None:
        problems.append(
            f"skill {skill!r}: learns and forgets are not those of a multiprior fit, which have "
            f"the class {_NO_RESOURCE!r} and those of the prior"
        )
        return fields
    later = {"learn": {_NO_CLASS: learn.pop(_NO_RESOURCE)}}
    later["forget"] = {_NO_CLASS: forget.pop(_NO_RESOURCE)}
    prior = {c: start * (1 - forget[c]) + (1 - start) * learn[c] for c in learn}
    return {**fields, **later, "prior": prior}


def _check_classes(table: Table, columns: Mapping[str, str | None], problems: list[str]) -> None:
    """Every parameter with classes must be said to have them, and the other way round."""
    options = {"guess": "multigs", "learn": "multilearn", "prior": "multiprior"}
    partners = (("guess", "slip"), ("learn", "forget"))
    for field, option in options.items():
        classed = [skill for skill, fields in table.items() if set(fields[field]) != {_NO_CLASS}]
        name = _THEIRS[field]
        if columns[field] is not None and table and not classed:
            problems.append(f"{option} is given, but {name} has no classes")
        elif columns[field] is None and any(_NO_RESOURCE in table[s][field] for s in classed):
            problems.append(
                f"{name} has the class {_NO_RESOURCE!r}, as fits with multiprior have: say of "
                "which column with multiprior=…; those with multipair cannot be carried over: "
                'fit BKT(learn_by="item_pair")'
            )
        elif columns[field] is None and classed:
            problems.append(
                f"{name} has classes for skill {some(classed)}: say with {option}=… which column "
                "of a log holds them"
            )
    for field, partner in partners:
        apart = [skill for skill, f in table.items() if f[field].keys() != f[partner].keys()]
        if apart:
            problems.append(
                f"{_THEIRS[field]} and {_THEIRS[partner]} differ in classes for skill {some(apart)}"
            )


def _typed(
    table: Table,
    skill_type: Callable[[str], Any] | None,
    class_type: Callable[[str], Any] | None,
    problems: list[str],
) -> Table:
    """The table with labels as they are in the caller's logs."""
    classes = {c for fields in table.values() for values in fields.values() for c in values}
    classes -= {_NO_CLASS}
    skill = _converter("skill_type", "skills", table, skill_type, problems)
    label = _converter("class_type", "classes", classes, class_type, problems)
    label[_NO_CLASS] = _NO_CLASS
    return {
        skill[name]: {
            field: {label[c]: value for c, value in values.items()}
            for field, values in fields.items()
        }
        for name, fields in table.items()
    }


def _converter(
    option: str,
    what: str,
    labels: Any,
    kind: Callable[[str], Any] | None,
    problems: list[str],
) -> dict[Any, Any]:
    texts = [label for label in labels if isinstance(label, str)]
    made = {label: label for label in labels}
    if kind is None:
        if texts and all(map(_looks_like_a_number, texts)):
            problems.append(
                f"the {what} {some(texts)} look like numbers, but are text: say what they are in "
                f"your log with {option}=int, or {option}=str"
            )
        return made
    for text in texts:
        try:
            made[text] = kind(text)
        except (TypeError, ValueError) as error:
            problems.append(f"{option}: {text!r} cannot be converted ({error})")
    if len(set(made.values())) < len(made):
        problems.append(f"{option} makes several {what} one")
    return made


def _looks_like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("True", "False")
    return True


def _degenerate(table: Table, problems: list[str]) -> list[tuple[Any, Any]]:
    """Classes whose guess + slip reaches 1; skills where all do are problems."""
    found, hopeless = [], []
    for skill, fields in table.items():
        pairs = {c: fields["guess"][c] + fields["slip"].get(c, 0.0) for c in fields["guess"]}
        over = [c for c, total in pairs.items() if total > 1 - MARGIN]
        found += [(skill, c) for c in over]
        hopeless += [skill] if len(over) == len(pairs) else []
    if hopeless:
        problems.append(
            f"guess + slip is 1 or more for skill {some(hopeless)}, so that right answers would "
            "speak for not knowing; leave such skills out, or fit them here"
        )
    return found


def _model(
    table: Table, columns: Mapping[str, str | None], pooled: Mapping[str, float] | None
) -> BKT:
    skills: dict[str, list[Any]] = {"skill": [], **{field: [] for field in _THEIRS}}
    classes: dict[str, list[Any]] = {"parameter": [], "skill": [], "class": [], "value": []}
    forgets = any(value > 0 for fields in table.values() for value in fields["forget"].values())
    by = {field: name for field, name in columns.items() if field != "forget" or forgets}
    for skill, fields in table.items():
        # Guess and slip of classes in which they are one too many serve no other class.
        sound = [c for c in fields["guess"] if fields["guess"][c] + fields["slip"][c] <= 1 - MARGIN]
        skills["skill"].append(skill)
        for field, values in fields.items():
            serving = sound if field in ("guess", "slip") else list(values)
            skills[field].append(median(values[c] for c in serving))
            if by.get(field) is None or set(values) == {_NO_CLASS}:
                continue
            for label, value in values.items():
                row = (field, skill, label, value)
                for column, entry in zip(classes.values(), row, strict=True):
                    column.append(entry)
    by_class = {name: _objects(column) for name, column in classes.items()}
    settings = {f"{field}_by": name for field, name in by.items() if name is not None}
    return BKT.from_parameters(
        skills,
        by_class=by_class if settings else None,
        pooled=pooled,
        forgetting=forgets,
        **settings,
    )


def _objects(values: list[Any]) -> NDArray[Any]:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _by_class(model: BKT) -> dict[tuple[Any, str], Values]:
    columns = model.class_parameters_
    found: dict[tuple[Any, str], Values] = {}
    rows = zip(
        *(columns[n].tolist() for n in ("skill", "parameter", "class", "value")), strict=True
    )
    for skill, field, label, value in rows:
        found.setdefault((skill, field), {})[label] = value
    return found


def _misfits(model: BKT, fields: list[str]) -> list[str]:
    """What of a model pyBKT has no counterpart for."""
    problems = []
    columns: dict[str, tuple[str, ...]] = {}
    for field in fields:
        by = getattr(model, f"{field}_by")
        columns[field] = (by,) if isinstance(by, str) else tuple(by)
        if len(columns[field]) > 1:
            problems.append(f"{field}_by has {len(columns[field])} columns; pyBKT takes one")
        problems += [
            f"{field}_by has {name!r}, which pyBKT does not know"
            for name in columns[field]
            if name in ("gap", "item_pair") and field in ("learn", "forget")
        ]
    for one, other in (("guess", "slip"), ("learn", "forget")):
        if one in columns and other in columns and columns[one] != columns[other]:
            problems.append(f"{one}_by and {other}_by differ; pyBKT has one column for both")
    if "prior" in columns and ("learn" in columns or "forget" in columns):
        problems.append("prior_by goes with learn_by or forget_by; pyBKT has one of them at a time")
    return problems


def _theirs(
    own: Mapping[str, float], classes: Mapping[str, Values], *, priors: bool
) -> dict[str, Values]:
    """One skill's values as pyBKT arranges them."""
    found: dict[str, Values] = {}
    for one, other in (("guess", "slip"), ("learn", "forget")):
        labels = list(dict.fromkeys((*classes[one], *classes[other]))) or [_NO_CLASS]
        for field in (one, other):
            found[field] = {label: classes[field].get(label, own[field]) for label in labels}
    found["prior"] = {_NO_CLASS: own["prior"]}
    if priors:
        # A step before the first response, out of a state nobody knows, leads to the prior.
        found["prior"] = {_NO_CLASS: 0.0}
        found["learn"] = {_NO_RESOURCE: own["learn"], **classes["prior"]}
        found["forget"] = {_NO_RESOURCE: own["forget"], **dict.fromkeys(classes["prior"], 0.0)}
    return {field: found[field] for field in _NAMES.values()}
