"""Fitted models as JSON holds them, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.models.bkt.classes import Classes, ClassTable, Scheme
from adaptlearn.models.bkt.em.uncertainty import Uncertainty
from adaptlearn.models.bkt.fitted import Fitted, table_of_cells
from adaptlearn.models.bkt.individual.model import Individual
from adaptlearn.models.bkt.labels import in_order
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats


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
    settings: dict[str, Any] = _restored(manifest["settings"])
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
    skills, fit = manifest["skills"], manifest["fit"]
    parameters = Parameters(
        *(
            _probabilities(manifest["parameters"][name], name, (len(skills),))
            for name in Parameters._fields
        )
    )
    pooled = {field: float(manifest["pooled"][field]) for field in Parameters._fields}
    classes, by_class = read_classes(manifest.get("classes"), len(skills))
    return Fitted(
        skills=np.array(skills, object if isinstance(skills[0], str) else np.int64),
        table=table_of_cells(parameters, pooled, by_class),
        log_likelihood=np.array(fit["log_likelihood"], np.float64),
        n_iter=np.array(fit["n_iter"], np.int64),
        converged=np.array(fit["converged"], bool),
        n_answers=np.array(fit["n_answers"], np.int64),
        unidentified=dict(fit["unidentified"]),
        classes=classes,
        individual=Individual.from_json(manifest.get("coupled")),
        uncertainty=Uncertainty.from_json(manifest.get("uncertainty")),
    )


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
    gaps = tuple(float(gap) for gap in content["gaps"])
    tables, by_class = {}, {}
    for field in Parameters._fields:
        entry = content["parameters"].get(field)
        scheme, cells = Scheme(), []
        if entry is not None:
            scheme = Scheme(tuple(entry["earlier"]), tuple(entry["later"]), bool(entry["gap"]))
            cells = [(tuple(a), tuple(b), int(c)) for a, b, c in entry["class"]]
        earlier = in_order({cell[0] for cell in cells}) or [()]
        later = in_order({cell[1] for cell in cells}) or [()]
        n_gaps = len(gaps) + 1 if scheme.gap else 1
        table = ClassTable(scheme, n_skills, earlier, later, n_gaps, np.empty(0, np.int64))
        if entry is not None:
            place_earlier = {label: code for code, label in enumerate(earlier)}
            place_later = {label: code for code, label in enumerate(later)}
            keys = table.key(
                np.array(entry["skill"], np.int64),
                np.array([place_earlier[cell[0]] for cell in cells], np.int64),
                np.array([place_later[cell[1]] for cell in cells], np.int64),
                np.array([cell[2] for cell in cells], np.int64),
            )
            order = np.argsort(keys)
            values = _probabilities(entry["value"], field, keys.shape)
            if np.any(keys < 0) or np.any(np.diff(keys[order]) == 0):
                raise ValueError(f"the classes of {field} name a skill or class twice, or none")
            table, by_class[field] = table._replace(keys=keys[order]), values[order]
        tables[field] = table
    return Classes(tables, gaps), by_class


def _probabilities(values: Any, name: str, shape: tuple[int, ...]) -> Floats:
    array = np.array(values, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    if not np.all((array >= 0) & (array <= 1)):
        raise ValueError(f"{name} holds values outside [0, 1]")
    return array
