"""Labels of skills, lessons and students: their places, and near spellings of a wrong one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import UnknownLabelError

Label = int | str

# The replacement character, a spreadsheet's error text, or a question mark where a letter
# was: right before another letter.
_DAMAGE = re.compile(r"\ufffd|^#(?:NAME\?|REF!|VALUE!|N/A)|\?(?=[^\W\d_])")


def looks_damaged(title: str) -> bool:
    """Whether a text shows the marks of characters lost in an earlier conversion."""
    return _DAMAGE.search(title) is not None


def is_missing(value: Any) -> bool:
    """None, NaN, NaT, or a dataframe library's own mark for a gap."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def label_array(labels: Iterable[Any]) -> NDArray[Any]:
    """A read-only array of labels: integers, or objects such as ``str``."""
    values = list(labels)
    if values and all(isinstance(value, int) for value in values):
        array = np.array(values)
    else:
        array = np.fromiter(values, object, len(values))
    array.flags.writeable = False
    return array


def as_label(value: Any) -> Label | None:
    """A label as a plain ``int`` or ``str``, read from any scalar; None for what is no label.

    NumPy's and PyArrow's scalars count as what they hold. Gaps, empty texts, truth values,
    floats and times are no labels.

    Examples
    --------
    >>> as_label("7"), as_label(np.int8(7)), as_label(7.0), as_label(""), as_label(None)
    ('7', 7, None, None, None)
    """
    if isinstance(value, str):
        return str(value) or None
    if isinstance(value, (int, np.integer)):
        # To Python and NumPy truth values and durations are integers.
        return None if isinstance(value, (bool, np.timedelta64)) else int(value)
    held = getattr(value, "as_py", None)  # of PyArrow's scalars
    return None if held is None else as_label(held())


def label_list(labels: Any) -> list[Any]:
    """One label or several, of any list, array or column, as plain values.

    What is no label stays as it is: an unknown one.

    Examples
    --------
    >>> label_list("ann"), label_list(np.array([7, 8])), label_list(["ann", None])
    (['ann'], [7, 8], ['ann', None])
    """
    one = as_label(labels)
    if one is not None or isinstance(labels, str):
        return [labels if one is None else one]
    found = [(label, as_label(label)) for label in labels]
    return [label if read is None else read for label, read in found]


def saved_labels(labels: Any, what: str) -> list[Label]:
    """A list of labels as a file holds it; `what` is what errors call them.

    Raises
    ------
    ValueError
        It is no list, or its labels are not all texts or all integers, or one stands twice.
    """
    if not isinstance(labels, list) or any(
        type(label) is not type(labels[0]) or as_label(label) is None for label in labels
    ):
        raise ValueError(f"{what} are not a list of texts, or of integers")
    if len(set(labels)) < len(labels):
        raise ValueError(f"{what} name one of them twice")
    if any(type(label) is int and not -(2**63) <= label < 2**63 for label in labels):
        raise ValueError(f"{what} hold an integer of more than 64 bits")
    return labels


def plain(label: Any) -> Any:
    """A NumPy scalar as the Python value it holds; anything else as it is."""
    return label.item() if isinstance(label, np.generic) else label


def near_spellings(label: Any, known: Iterable[Any]) -> str:
    """A hint for an error: the known labels that look most like this one."""
    kinds = {type(plain(other)) for other in known}
    if kinds and type(plain(label)) not in kinds:
        names = " and ".join(sorted(_KINDS.get(kind, kind.__name__) for kind in kinds))
        return f" (labels are {names} here, this is a {type(plain(label)).__name__})"
    spelled = {str(other): plain(other) for other in known}
    near = get_close_matches(str(label), spelled, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(repr(spelled[name]) for name in near)}?)" if near else ""


_KINDS = {int: "integers", str: "strings", tuple: "pairs"}
# Looking for near spellings compares with every name: only done while that is cheap.
_HINTS = 50
_HINT_NAMES = 20_000


class Hints:
    """Near spellings of names that are not known, for the first of many faults."""

    def __init__(self, names: Iterable[Any]) -> None:
        self._names = [name for name in names if isinstance(name, str)]
        self._left = _HINTS if len(self._names) <= _HINT_NAMES else 0

    def __call__(self, name: Any) -> str:
        """A hint for an error, or nothing."""
        if not isinstance(name, str) or self._left == 0:
            return ""
        self._left -= 1
        near = get_close_matches(name, self._names, n=1, cutoff=0.8)
        return f" (did you mean {near[0]!r}?)" if near else ""


class LabelIndex:
    """Where labels stand in an array.

    Attributes
    ----------
    place : dict of label to int
    """

    def __init__(self, what: str, labels: Iterable[Any]) -> None:
        self._what = what
        self.place: dict[Any, int] = {plain(label): row for row, label in enumerate(labels)}

    def code(self, label: Any) -> int:
        """The place of one label; `UnknownLabelError` names near spellings."""
        return self.codes([label])[0]

    def codes(self, labels: Sequence[Any]) -> list[int]:
        """The places of several labels; one `UnknownLabelError` names all that are unknown."""
        values = [plain(label) for label in labels]
        unknown = [value for value in values if value not in self.place]
        if unknown:
            raise UnknownLabelError(
                f"unknown {self._what}",
                [f"{value!r}{near_spellings(value, self.place)}" for value in unknown[:20]]
                + ([f"… and {len(unknown) - 20} more"] if len(unknown) > 20 else []),
            )
        return [self.place[value] for value in values]


def labels_at(labels: NDArray[Any], places: NDArray[Any]) -> tuple[Any, ...]:
    """Labels as plain Python values, given a mask or their places."""
    return tuple(np.asarray(labels[places]).tolist())
