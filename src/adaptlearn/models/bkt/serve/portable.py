"""A part of a model and one student's beliefs, as `adaptlearn.runtime` reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.serve.manifest import content
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.numerics import Ints

_FORMAT, _VERSION = "adaptlearn-student", 1  # as `runtime.Student.to_dict` writes them


def portable_model(found: Fitted, state: BKTState, student: int, skills: Ints) -> dict[str, Any]:
    """The parameters of some skills, as `content` gives those of all.

    What was told of the student's skills is the prior of these: a student has one first response.
    """
    whole, codes = content(found), skills.tolist()
    place = {code: new for new, code in enumerate(codes)}
    who = np.full(len(skills), student)
    told = {code: p for code, p in
            zip(codes, state.told.begun(who, skills, np.zeros(len(skills))).tolist(), strict=True)
            if p > 0}  # fmt: skip
    fields = {name: [values[code] for code in codes] for name, values in
              whole["parameters"].items()}  # fmt: skip
    fields["prior"] = [told.get(code, p) for code, p in zip(codes, fields["prior"], strict=True)]
    held = {"model": "BKT", "skills": [whole["skills"][code] for code in codes],
            "parameters": fields, "pooled": whole["pooled"]}  # fmt: skip
    if "classes" in whole:
        tables = {
            name: _some_cells(table, place, {*told} if name == "prior" else set())
            for name, table in whole["classes"]["parameters"].items()
        }
        held["classes"] = {"gaps": whole["classes"]["gaps"], "parameters": tables}
    if "student_classes" in whole:
        classes = whole["student_classes"]
        prior = [[told.get(code, own[code]) for code in codes] + own[-1:]
                 for own in classes["prior"]]  # fmt: skip
        learn = [[own[code] for code in codes] + own[-1:] for own in classes["learn"]]
        held["student_classes"] = {"weights": classes["weights"], "prior": prior, "learn": learn}
    return held


def _some_cells(table: dict[str, Any], place: dict[int, int], without: set[int]) -> dict[str, Any]:
    """The cells of some skills, which get new numbers."""
    kept = [k for k, code in enumerate(table["skill"]) if code in place and code not in without]
    some = {name: [table[name][k] for k in kept] for name in ("class", "value")}
    return {**table, **some, "skill": [place[table["skill"][k]] for k in kept]}


def portable_student(found: Fitted, state: BKTState, student: int, skills: Ints) -> dict[str, Any]:
    """What is believed of one student on some skills, as `runtime.Student.to_dict` gives it."""
    slots = state.find(np.full(len(skills), student), skills)
    met = np.flatnonzero(slots >= 0)
    beliefs, answers = state.beliefs(slots[met]), state.answers[slots[met]].tolist()
    last = None if state.last is None else state.last.take(slots[met])
    by_transition = found.classes is not None and found.classes.by_transition
    rows, labels = [], found.skills.tolist()
    for row, code in enumerate(skills[met].tolist()):
        kept = []
        if by_transition:
            assert last is not None
            time = float(last.time[row]) if state.clock != "none" else None
            kept = [time, *(_lesson(found, name, int(getattr(last, name)[row]))
                            for name in ("learn", "forget"))]  # fmt: skip
        known, unknown = (part[row].tolist() for part in beliefs)
        rows.append([labels[code], known, answers[row], *kept, unknown])
    latest = float(state.last_time[student])
    timed = bool(rows) and state.clock != "none"
    told = {
        "format": _FORMAT, "version": _VERSION, "clock": state.clock if rows else None,
        "time": latest if timed else None, "beliefs": rows,
    }  # fmt: skip
    if state.evidence is not None:
        told["evidence"] = state.evidence[student].tolist()
    return told


def _lesson(found: Fitted, name: str, code: int) -> list[Any] | None:
    """What a response may have taught: labels, or None where they were not seen in training."""
    assert found.classes is not None
    table = found.classes.tables[name]
    return [*table.earlier[code]] if code >= 0 and table.scheme else None
