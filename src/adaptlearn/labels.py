"""Labels of skills, lessons and students: their places, and near spellings of a wrong one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from itertools import chain
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
    kinds = {*map(type, values)}
    if kinds == {int} or (kinds and all(issubclass(kind, int) for kind in kinds)):
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


def label_list(labels: Any, what: str = "label") -> list[Label]:
    """One label or several, of any list, array or column, as plain values.

    Parameters
    ----------
    labels : label, or sequence of labels of one dimension
    what : str
        What errors call one of them.

    Raises
    ------
    UnknownLabelError
        Lists what is no label: gaps, truth values, floats, bytes, integers of more than 64 bits,
        tables.

    Examples
    --------
    >>> label_list("ann"), label_list(np.array([7, 8]))
    (['ann'], [7, 8])
    """
    if type(labels) is list:  # mostly
        given = [*labels]
    else:
        given = [labels] if as_label(labels) is not None else _several(labels, what)
    kinds = {*map(type, given)}
    # Most lists are of one kind and sound: then nothing is asked of each label alone.
    if (kinds == {str} and "" not in given) or (
        kinds == {int} and _usable(min(given)) and _usable(max(given))
    ):
        return given
    read: list[Any] = [as_label(one) for one in given]
    wrong = [place for place, one in enumerate(read) if not _usable(one)]
    problems = [f"{given[place]!r:.80} (place {place}): {_EXPECTED}" for place in wrong[:_TOLD]]
    problems += [f"… and {len(wrong) - _TOLD} more"] if len(wrong) > _TOLD else []
    if problems:
        raise UnknownLabelError(f"unknown {what}", problems)
    return read


def label_of(value: Any, what: str = "label") -> Label:
    """One label as a plain value; `UnknownLabelError` where it is none."""
    label = as_label(value)
    if label is None or not _usable(label):
        raise UnknownLabelError(f"unknown {what}", [label_problem(value)])
    return label


def label_problem(value: Any) -> str:
    """What keeps a value from being one label; nothing where it is one."""
    return "" if _usable(as_label(value)) else f"{value!r:.80}: {_EXPECTED}"


def refuse_other_kind(labels: Sequence[Label], known: Iterable[Label], what: str) -> None:
    """Refuse integers where the labels that are known are texts, and the reverse.

    Where none are known, all must be of the kind of the first.

    Raises
    ------
    UnknownLabelError
        With near spellings.
    """
    kinds = (type(plain(label)) for label in chain(known, labels))
    kind = next(kinds, None)
    other = [label for label in labels if type(label) is not kind]
    if other:
        names = [*known] or [label for label in labels if type(label) is kind]
        raise UnknownLabelError(
            f"unknown {what}",
            [f"{label!r}{near_spellings(label, names)}" for label in other[:_TOLD]]
            + ([f"… and {len(other) - _TOLD} more"] if len(other) > _TOLD else []),
        )


_EXPECTED = "expected a text or an integer of at most 64 bits"
_TOLD = 20


def _usable(label: Label | None) -> bool:
    return label not in (None, "") and (type(label) is not int or -(2**63) <= label < 2**63)


def _several(labels: Any, what: str) -> list[Any]:
    # A text has letters, bytes have numbers and tables the names of their columns: none are meant.
    table = isinstance(labels, (str, bytes, bytearray, memoryview, Mapping))
    table = table or getattr(labels, "ndim", 1) != 1
    if table or not hasattr(labels, "__iter__"):
        shape = getattr(labels, "shape", None)
        found = f"{type(labels).__name__} of shape {shape}" if shape else f"{labels!r:.80}"
        expected = "expected a label, or a list or column of them"
        raise UnknownLabelError(f"unknown {what}", [f"{found}: {expected}"])
    listed = getattr(labels, "to_pylist", None)  # of PyArrow's columns
    if type(labels) is np.ndarray and labels.dtype.kind in "iu":
        listed = labels.tolist
    return [*labels] if listed is None else listed()


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
    spelled = {str(other): plain(other) for other in known}
    kinds = {type(other) for other in spelled.values()}
    if kinds and type(plain(label)) not in kinds:
        names = " and ".join(sorted(_KINDS.get(kind, kind.__name__) for kind in kinds))
        same = spelled.get(str(label))
        meant = "" if same is None else f"; did you mean {same!r}?"
        kind = _KIND.get(type(plain(label)), type(plain(label)).__name__)
        return f" (labels are {names} here, this is {kind}{meant})"
    folded: dict[str, list[Any]] = {}  # upper and lower case are near
    for name, other in spelled.items():
        folded.setdefault(name.casefold(), []).append(other)
    wanted = str(label).casefold()
    near = [wanted] if wanted in folded else get_close_matches(wanted, folded, n=3, cutoff=0.6)
    found = [other for name in near for other in folded[name]][:3]
    return f" (did you mean {' or '.join(map(repr, found))}?)" if found else ""


_KINDS = {int: "integers", str: "strings", tuple: "pairs"}
_KIND = {int: "an integer", str: "a string", tuple: "a pair"}
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
        # Units of a course are named by pairs.
        return self._places([label if type(label) is tuple else label_of(label, self._what)])[0]

    def codes(self, labels: Any) -> list[int]:
        """The places of several labels; one `UnknownLabelError` names all that are unknown."""
        return self._places(label_list(labels, self._what))

    def _places(self, labels: list[Any]) -> list[int]:
        unknown = [label for label in labels if label not in self.place]
        if unknown:
            raise UnknownLabelError(
                f"unknown {self._what}",
                [f"{label!r}{near_spellings(label, self.place)}" for label in unknown[:_TOLD]]
                + ([f"… and {len(unknown) - _TOLD} more"] if len(unknown) > _TOLD else []),
            )
        return [self.place[label] for label in labels]


def labels_at(labels: NDArray[Any], places: NDArray[Any]) -> tuple[Any, ...]:
    """Labels as plain Python values, given a mask or their places."""
    return tuple(np.asarray(labels[places]).tolist())
