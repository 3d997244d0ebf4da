"""The answers of a store as a response log, for fits, groups and plans."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from adaptlearn.errors import DataWarning, warn
from adaptlearn.labels import Label, label_array
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.log import ResponseLog
from adaptlearn.tutor.fold.answers import Answer, log_of, read_answer
from adaptlearn.tutor.fold.damage import undamaged
from adaptlearn.tutor.fold.fold import FOLDED
from adaptlearn.tutor.fold.order import canonical
from adaptlearn.tutor.store import CONFLICT, Columns, Store

_CHUNK = 1000  # students that are read at one time
_Part = tuple[Ints, Floats, Ints]


def answers_log(store: Store, students: Mapping[str, Label], since: float) -> ResponseLog:
    """The answers and exposures of some students, by student and in canonical order.

    Parameters
    ----------
    store : Store
    students : mapping of key to label
    since : float
        The earliest time that counts, in seconds since 1970.

    Raises
    ------
    StoreError
        An event is damaged.
    """
    labels = sorted(students.values(), key=lambda label: (str(type(label)), label))
    code = {label: place for place, label in enumerate(labels)}
    place = {key: code[label] for key, label in students.items()}
    made: dict[Answer, int] = {}  # each distinct answer once, whatever else its content holds
    keys = [*students]
    parts: list[_Part] = [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))]
    for start in range(0, len(keys), _CHUNK):
        columns = store.read(dict.fromkeys(keys[start : start + _CHUNK], 0), FOLDED)
        with undamaged(columns, lambda key: students[key]):
            parts.append(_part(columns, place, since, made))
    whose, time, answer = map(np.concatenate, zip(*parts, strict=True))
    _warn(np.array([one.item is None for one in made], bool)[answer])
    used, who = np.unique(whose, return_inverse=True)
    student = Labelled(
        who.reshape(-1).astype(np.int32), label_array(labels[one] for one in used.tolist())
    )
    told_of, row = np.unique(answer, return_inverse=True)
    distinct = [*made]
    return log_of(student, time, row.reshape(-1), [distinct[one] for one in told_of.tolist()])


def _part(
    columns: Columns, place: Mapping[str, int], since: float, made: dict[Answer, int]
) -> _Part:
    """Of some rows, the answers: the place of each one's student, its time, and its place."""
    columns = columns.of_rows([k for k, kind in enumerate(columns.kind) if kind != CONFLICT])
    student = np.fromiter((place[key] for key in columns.student), np.int64)
    time = np.array(
        [received if told is None else told
         for told, received in zip(columns.time, columns.received, strict=True)], np.float64
    )  # fmt: skip
    # Whatever a device told counts for its clock, so that times are those of the states.
    found = canonical(student, columns.device, columns.seq, time, columns.id)
    late = found.moment >= since
    rows = [row for row in found.order.tolist()
            if late[row] and columns.kind[row] in ("answer", "exposure")]  # fmt: skip
    texts = [columns.content[row] for row in rows]
    code = {text: made.setdefault(read_answer(text), len(made)) for text in dict.fromkeys(texts)}
    answer = np.fromiter((code[text] for text in texts), np.int64, len(texts))
    return student[rows], found.moment[rows], answer


def _warn(without: np.ndarray) -> None:
    if without.any() and not without.all():
        told = f"{without.sum():,} of {len(without):,} answers name no item"
        warn(f"{told}, so the log has no items", DataWarning)
