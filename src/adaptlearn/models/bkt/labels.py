"""Labels of classes: what a column may hold, and codes for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import is_missing
from adaptlearn.models.bkt.entries import of_rows
from adaptlearn.numerics import Ints, distinct
from adaptlearn.responses import ResponseLog
from adaptlearn.responses.columns import rows_text

Label = tuple[Any, ...]
"""One value per column."""

_EXPECTED = "expected texts, numbers or booleans"


def label_problems(name: str, column: NDArray[Any]) -> Iterator[str]:
    """What keeps a column from giving every row a class that a saved model can name."""
    if column.dtype.kind not in "biufUO":
        yield f"column {name!r}: holds {column.dtype} values; {_EXPECTED}"
        return
    gone = np.zeros(len(column), bool)
    if column.dtype.kind == "f":
        gone = np.isnan(column)
    elif column.dtype.kind == "O":
        values = column.tolist()
        gone = np.array([is_missing(value) for value in values], bool)
        strange = np.array(
            [not isinstance(v, (str, int, float, np.number, np.bool_)) for v in values]
        )
        strange &= ~gone
        if strange.any():
            kind = type(values[int(np.argmax(strange))]).__name__
            rows = rows_text(np.flatnonzero(strange))
            yield f"column {name!r}: holds {kind} values in {rows}; {_EXPECTED}"
            return
        numbers = [isinstance(v, (float, np.floating)) for v in values]
        column = np.where(numbers, column, 0.0).astype(float)
    if gone.any():
        yield f"column {name!r}: {rows_text(np.flatnonzero(gone))} missing; each needs a class"
    endless = np.flatnonzero(np.isinf(column)) if column.dtype.kind == "f" else np.arange(0)
    if len(endless):
        yield f"column {name!r}: {rows_text(endless)} infinite; {_EXPECTED}"


def read_labels(log: ResponseLog, columns: Sequence[str]) -> tuple[Ints, list[Label]]:
    """Each entry's label, as a code, and the labels: tuples of one value per column."""
    codes: Ints = np.zeros(len(log), np.int64)
    own: Ints
    labels: list[Label] = [()]
    for name in columns:
        if name == "item" and log.item is not None:
            values, own = log.item.labels.tolist(), log.item.codes
        else:
            column = log.extra[name]
            if column.dtype.kind == "O":
                place: dict[Any, int] = {}
                objects = [v.item() if isinstance(v, np.generic) else v for v in column.tolist()]
                own = np.array([place.setdefault(v, len(place)) for v in objects], np.int64)
                values = list(place)
            else:
                found, own = np.unique(column, return_inverse=True)
                values = found.tolist()
        keys, codes = distinct(codes.astype(np.int64) * len(values) + own)
        labels = [(*labels[key // len(values)], values[key % len(values)]) for key in keys.tolist()]
    place_of = {label: code for code, label in enumerate(in_order(labels))}
    number = np.array([place_of[label] for label in labels], np.int64)
    return of_rows(log, number[codes]), list(place_of)


def in_order(labels: Iterable[Label]) -> list[Label]:
    """Labels in an order that neither rows nor a file's can change."""
    return sorted(labels, key=lambda label: [(type(value).__name__, value) for value in label])


def known_codes(codes: Ints, labels: list[Label], training: list[Label]) -> NDArray[np.int64]:
    """Codes of a log's labels as those of training; -1 where they did not occur there."""
    place = {label: code for code, label in enumerate(training)}
    number = np.array([place.get(label, -1) for label in labels], np.int64)
    return number[codes]
