"""Fitted models as JSON holds them, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.labels import saved_labels
from adaptlearn.models.bkt.classes import Classes, ClassTable, Scheme
from adaptlearn.models.bkt.em.uncertainty import Uncertainty
from adaptlearn.models.bkt.fitted import Fitted, table_of_cells
from adaptlearn.models.bkt.individual.model import Individual
from adaptlearn.models.bkt.labels import Label, in_order
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.models.bkt.student_classes import StudentClasses
from adaptlearn.numerics import Bools, Floats
from adaptlearn.validation import Numbers, number_array
from adaptlearn.wording import shown


def content(found: Fitted) -> dict[str, Any]:
    """What predictions depend on, and a model's fingerprint with them."""
    held: dict[str, Any] = {
        "model": "BKT",
        "skills": found.skills.tolist(),
        "parameters": {name: field.tolist() for name, field in found.by_skill._asdict().items()},
        "pooled": found.pooled,
    }
    if found.classes is not None:
        held["classes"] = _class_content(found.classes, found.by_class)
    if found.individual is not None:
        held["coupled"] = found.individual.to_json()
    if found.student_classes is not None:
        held["student_classes"] = found.student_classes.to_json()
    return held


def to_manifest(found: Fitted, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All of a model, and the constructor arguments it was fitted with."""
    return {
        **content(found),
        "settings": {name: _plain(value) for name, value in settings.items()},
        "fit": {
            # nan, where nothing was fitted, is no JSON.
            "log_likelihood": [
                None if np.isnan(value) else value for value in found.log_likelihood.tolist()
            ],
            "n_iter": found.n_iter.tolist(),
            "converged": found.converged.tolist(),
            "n_answers": found.n_answers.tolist(),
            "unidentified": [[label, why] for label, why in found.unidentified.items()],
        },
        "uncertainty": None if found.uncertainty is None else found.uncertainty.to_json(),
    }


def read_settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor arguments of a model that `to_manifest` wrote."""
    settings = _restored(manifest["settings"])
    if not isinstance(settings, dict):
        raise ValueError("its settings are no mapping")
    if "gaps" in settings:
        settings["gaps"] = tuple(settings["gaps"])
    return settings


def from_manifest(manifest: Mapping[str, Any]) -> Fitted:
    """What `to_manifest` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, IndexError
        A part is missing or of the wrong kind.
    """
    skills, fit = saved_labels(manifest["skills"], "skills"), manifest["fit"]
    n, fields = len(skills), Parameters._fields
    if not n:
        raise ValueError("it has no skills")
    parameters = Parameters(
        *(_probabilities(manifest["parameters"][name], name, (n,)) for name in fields)
    )
    pooled = {
        name: float(_probabilities(manifest["pooled"][name], f"pooled {name}", ()))
        for name in fields
    }
    classes, by_class = read_classes(manifest.get("classes"), n)
    sizes = {name: n + 1 + len(by_class.get(name, ())) for name in fields}
    count = Numbers((n,), low=0, whole=True)
    return Fitted(
        skills=np.array(skills, object if isinstance(skills[0], str) else np.int64),
        table=table_of_cells(parameters, pooled, by_class),
        log_likelihood=number_array(
            fit["log_likelihood"], "log_likelihood", Numbers((n,), low=-1e15, gaps=True)
        ),
        n_iter=number_array(fit["n_iter"], "n_iter", count),
        converged=_truths(fit["converged"], n),
        n_answers=number_array(fit["n_answers"], "n_answers", count),
        unidentified=_reasons(fit["unidentified"], skills),
        classes=classes,
        individual=Individual.from_json(manifest.get("coupled"), sizes),
        uncertainty=Uncertainty.from_json(manifest.get("uncertainty"), n, sizes),
        student_classes=StudentClasses.from_json(manifest.get("student_classes"), n + 1),
    )


def _truths(values: Any, n: int) -> Bools:
    if not isinstance(values, list) or [*map(type, values)] != [bool] * n:
        raise ValueError("converged does not say of each skill whether it is")
    return np.array(values, bool)


def _reasons(pairs: Any, skills: list[Any]) -> dict[Any, str]:
    reasons = dict(pairs)
    known = set(skills)
    if not all(label in known and isinstance(why, str) for label, why in reasons.items()):
        raise ValueError("unidentified holds something else than skills and reasons")
    return reasons


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    if isinstance(value, Mapping):
        pairs = [(_plain(name), _plain(entry)) for name, entry in value.items()]
        # JSON would turn skills that are integers into texts. No skill is called "".
        return dict(pairs) if all(isinstance(name, str) for name, _ in pairs) else {"": pairs}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def _restored(value: Any) -> Any:
    """The setting that `_plain` wrote; a tuple is a list."""
    if isinstance(value, Mapping):
        pairs = value[""] if set(value) == {""} else value.items()
        return {name: _restored(entry) for name, entry in pairs}
    return [_restored(entry) for entry in value] if isinstance(value, list) else value


def _class_content(classes: Classes, by_class: Mapping[str, Floats]) -> dict[str, Any]:
    """Parameters by class: per parameter its columns, and per cell skill, labels and value."""
    fields = {}
    for field, values in by_class.items():
        table = classes.tables[field]
        skill, labels = table.split()[0].tolist(), table.labels()
        # In an order that does not depend on how labels happen to be numbered.
        order = sorted(range(len(skill)), key=lambda k: (skill[k], json.dumps(labels[k])))
        fields[field] = {
            "earlier": list(table.scheme.earlier),
            "later": list(table.scheme.later),
            "gap": table.scheme.gap,
            "skill": [skill[k] for k in order],
            "class": [labels[k] for k in order],
            "value": values[order].tolist(),
        }
    return {"gaps": [float(gap) for gap in classes.gaps], "parameters": fields}


def read_classes(
    content: Mapping[str, Any] | None, n_skills: int
) -> tuple[Classes | None, dict[str, Floats]]:
    """What `_class_content` wrote; None where no parameter differs by class."""
    if content is None:
        return None, {}
    listed = number_array(
        content["gaps"], "gaps", Numbers((len(content["gaps"]),), low=0, high=np.inf)
    )
    gaps = tuple(listed.tolist())
    if any(gap <= before for gap, before in zip(gaps, (0.0, *gaps), strict=False)):
        raise ValueError("gaps do not ascend")
    tables, by_class = {}, {}
    for field in Parameters._fields:
        entry = content["parameters"].get(field)
        scheme, cells = Scheme(), []
        if entry is not None:
            scheme = _scheme(entry)
            cells = [_cell(cell, scheme, len(gaps)) for cell in entry["class"]]
        earlier = in_order({cell[0] for cell in cells}) or [()]
        later = in_order({cell[1] for cell in cells}) or [()]
        n_gaps = len(gaps) + 1 if scheme.gap else 1
        table = ClassTable(scheme, n_skills, earlier, later, n_gaps, np.empty(0, np.int64))
        if entry is not None:
            place_earlier = {label: code for code, label in enumerate(earlier)}
            place_later = {label: code for code, label in enumerate(later)}
            keys = table.key(
                number_array(
                    entry["skill"],
                    f"classes of {field}",
                    Numbers((len(cells),), 0, n_skills - 1, whole=True),
                ),
                np.array([place_earlier[cell[0]] for cell in cells], np.int64),
                np.array([place_later[cell[1]] for cell in cells], np.int64),
                np.array([cell[2] for cell in cells], np.int64),
            )
            order = np.argsort(keys)
            values = _probabilities(entry["value"], field, keys.shape)
            if np.any(np.diff(keys[order]) == 0):
                raise ValueError(f"the classes of {field} name one of a skill twice")
            table, by_class[field] = table._replace(keys=keys[order]), values[order]
        tables[field] = table
    return Classes(tables, gaps), by_class


def _probabilities(values: Any, name: str, shape: tuple[int, ...]) -> Floats:
    return number_array(values, name, Numbers(shape, 0, 1))


def _scheme(entry: Mapping[str, Any]) -> Scheme:
    """By which columns a parameter differs."""
    columns = (*entry["earlier"], *entry["later"])
    if (
        not all(isinstance(name, str) and name for name in columns)
        or type(entry["gap"]) is not bool
    ):
        raise ValueError("classes are not of columns")
    return Scheme(tuple(entry["earlier"]), tuple(entry["later"]), entry["gap"])


def _cell(cell: Any, scheme: Scheme, n_gaps: int) -> tuple[Label, Label, int]:
    """One class: earlier labels, later labels, number of the gap."""
    earlier, later, gap = cell
    whole = len(earlier) == len(scheme.earlier) and len(later) == len(scheme.later)
    plain = all(isinstance(value, (str, int, float)) for value in (*earlier, *later))
    if not whole or not plain or type(gap) is not int or not 0 <= gap <= n_gaps * scheme.gap:
        raise ValueError(f"{shown(cell)} is no class of its columns")
    return tuple(earlier), tuple(later), gap
