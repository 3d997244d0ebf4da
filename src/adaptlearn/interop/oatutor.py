"""OATutor's BKT parameters: into a model, and out of one."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.interop.counterparts import individual_problems
from adaptlearn.models.bkt.estimator import BKT
from adaptlearn.serialization import parse_json, read_limited
from adaptlearn.validation import Interval, some

_NAMES = {
    "probMastery": "prior",
    "probTransit": "learn",
    "probSlip": "slip",
    "probGuess": "guess",
}
_PROBABILITY = Interval(0, 1)


def from_oatutor(
    source: Mapping[str, Any] | str | PathLike[str], *, pooled: Mapping[str, float] | None = None
) -> BKT:
    """A model with OATutor's parameters.

    Parameters
    ----------
    source : mapping, or path of a JSON file
        The contents of OATutor's ``bkt-params``: for each skill ``probMastery`` (before the first
        answer), ``probTransit``, ``probSlip`` and ``probGuess``.
    pooled : mapping of str to float, optional
        The common parameters, for skills that are not in the file; by default the medians over the
        skills in the file. See `BKT.from_parameters`.

    Raises
    ------
    ParameterError
        The error lists every skill and value that is not valid.

    References
    ----------
    Z. Pardos, M. Tang, I. Anastasopoulos, S. Sheel, E. Zhang (2023). OATutor: an open-source
    adaptive tutoring system and curated content library for learning sciences research. CHI.

    Examples
    --------
    >>> model = from_oatutor({"rate": {
    ...     "probMastery": 0.1, "probTransit": 0.1, "probSlip": 0.1, "probGuess": 0.1}})
    >>> tracked = model.mastery({"student": ["ann"], "skill": ["rate"], "correct": [1]})
    >>> tracked.value.round(2)  # what OATutor shows after a right answer
    array([[0.55]])
    """
    problems: list[str] = []
    name = "OATutor's parameters"
    if isinstance(source, (str, PathLike)):
        name = str(source)
        source = read_json(Path(source), problems)
    if not isinstance(source, Mapping):
        raise ParameterError(
            name, problems or [f"expected a mapping of skills, got a {type(source).__name__}"]
        )
    table: dict[str, list[Any]] = {"skill": [], **{field: [] for field in _NAMES.values()}}
    for skill, values in source.items():
        faults = _faults(skill, values)
        problems += faults
        if not faults:
            table["skill"].append(skill)
            for theirs, ours in _NAMES.items():
                table[ours].append(float(values[theirs]))
    if not source:
        problems.append("there are no skills")
    if problems:
        raise ParameterError(name, problems)
    return BKT.from_parameters(table, pooled=pooled)


def to_oatutor(model: BKT) -> dict[str, dict[str, float]]:
    """Return a model's parameters in the format of OATutor, ready for ``json.dump``.

    Parameters
    ----------
    model : BKT
        A fitted model without forgetting and without parameters by class, because OATutor supports
        neither.

    Returns
    -------
    dict of str to dict
        For each skill, the values of ``probMastery``, ``probTransit``, ``probSlip`` and
        ``probGuess``. Skills are text in OATutor, so integers become text. The result does not
        contain standard errors or the common parameters for unseen skills, because OATutor's format
        has no place for them.

    Raises
    ------
    ParameterError
        The error is raised if the model has forgetting, has parameters by class, or is
        individualised.

    Examples
    --------
    >>> model = BKT.from_parameters(
    ...     {"skill": ["add"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]})
    >>> to_oatutor(model)
    {'add': {'probMastery': 0.4, 'probTransit': 0.2, 'probSlip': 0.1, 'probGuess': 0.2}}
    """
    classes = dict.fromkeys(model.class_parameters_["parameter"].tolist())
    problems = individual_problems(model, "OATutor")
    problems += [f"{field} differs by class; OATutor has one value per skill" for field in classes]
    table = model.parameters_
    forgotten = table["skill"][table["forget"] > 0].tolist()
    if forgotten:
        problems.append(
            f"forget is above 0 for skill {some(forgotten)}; OATutor knows no forgetting"
        )
    if problems:
        raise ParameterError("to_oatutor", problems)
    return {
        str(skill): {theirs: float(table[ours][k]) for theirs, ours in _NAMES.items()}
        for k, skill in enumerate(table["skill"].tolist())
    }


def read_json(path: Path, problems: list[str]) -> Any:
    """The file's JSON; names that occur twice, of which the first is kept, are problems."""
    repeated: list[str] = []
    try:
        content = parse_json(read_limited(path), repeated=repeated)
    except ValueError as error:
        raise ParameterError(str(path), [str(error)]) from None
    if repeated:
        twice = some(sorted(set(repeated)))
        problems.append(f"{twice} stands there more than once")
    return content


def _faults(skill: Any, values: Any) -> list[str]:
    if not isinstance(skill, str):
        return [f"skill {skill!r}: expected text"]
    if not isinstance(values, Mapping):
        return [f"skill {skill!r}: expected a mapping, got {values!r}"]
    faults = [f"skill {skill!r} lacks {name!r}" for name in _NAMES if name not in values]
    faults += [f"skill {skill!r} has an unknown {name!r}" for name in values if name not in _NAMES]
    return faults + [
        f"skill {skill!r}: {name} must be {_PROBABILITY}, got {values[name]!r}"
        for name in _NAMES
        if name in values and not _PROBABILITY.accepts(values[name])
    ]
