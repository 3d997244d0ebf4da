"""The live state of students under a sequential model: rows of numbers for what was touched."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import KEY_BITS, NO_ITEM, Encoded, Names
from adaptlearn.models.sequential.levels import Memory
from adaptlearn.models.state import StudentState, check_keys, rows_of, times
from adaptlearn.numerics import Floats, Ints, KeyTable
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Numbers

_FAR = 1e20  # from 0: what is remembered are counts, sums and times


class Widths(NamedTuple):
    """How many numbers a state stores for a student, a student's skill and a student's item."""

    student: int
    pair: int
    item: int = 0


class Signed(NamedTuple):
    """Which numbers of a memory may be below 0, by their columns in `Memory`."""

    student: Sequence[int] = ()
    pair: Sequence[int] = ()
    item: Sequence[int] = ()


class KeyedRows:
    """A row of numbers for each key that was touched; 0 for all others."""

    def __init__(self, width: int) -> None:
        self.table = KeyTable()
        self._values = np.zeros((0, width))

    def __len__(self) -> int:
        return len(self.table) - self.table.n_removed

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return self._values.shape[1]

    def blank(self) -> KeyedRows:
        """Of the same width, with no keys."""
        return KeyedRows(self._values.shape[1])

    def held(self) -> tuple[NDArray[np.int64], Floats]:
        """The keys, in the order they were added, and their rows, shape (n_keys, width)."""
        self.close_up()
        return self.table.keys, self._values[: len(self.table)]

    def read(self, keys: NDArray[np.int64]) -> Floats:
        """A copy of the rows of some keys, which may repeat."""
        slots = self.table.find(keys)
        found = np.zeros((len(keys), self._values.shape[1]))
        met = slots >= 0
        found[met] = self._values[slots[met]]
        return found

    def write(self, keys: NDArray[np.int64], values: Floats) -> None:
        """Store the rows of distinct keys."""
        slots = self.table.add(keys)
        n = len(self.table)
        if n > len(self._values):
            grown = np.zeros((max(n, 2 * len(self._values)), self._values.shape[1]))
            grown[: len(self._values)] = self._values
            self._values = grown
        self._values[slots] = values

    def forget(self, students: Ints, places: NDArray[np.int64]) -> None:
        """Drop the keys of students; `places` are all that a student may have one with."""
        if len(students) * len(places) < len(self.table):
            slots = self.table.find(((students[:, None] << KEY_BITS) | places).ravel())
            self.table.remove(slots[slots >= 0])
        else:
            held = self.table.slots
            self.table.remove(held[np.isin(self.table.keys[held] >> KEY_BITS, students)])
        if 2 * self.table.n_removed > len(self.table):
            self.close_up()

    def close_up(self) -> None:
        """Leave out the slots that were given up; the others keep their order."""
        if self.table.n_removed:
            held = self.table.slots
            keys, values = self.table.keys[held], self._values[held]
            self.table = KeyTable()
            self._values = np.zeros((0, self._values.shape[1]))
            self.write(keys, values)


class SequentialState(StudentState):
    """What a sequential model stores about students ``0 … n_students - 1``.

    Skills and items that a student never answered use no memory. In this class, a *pair* is a
    student and a skill or item that the student has answered.
    """

    def __init__(
        self, model: str, skills: list[Any], items: list[Any], n_students: int, widths: Widths
    ) -> None:
        super().__init__(model, skills, n_students)
        self.items = list(items)
        # Names as they were last looked up, and the lists they came from.
        self._named = self.skills, self.items, Names.of(self.skills, self.items)
        self._student = np.zeros((n_students, widths.student))
        # A pair's first number is how many answers it rests on.
        self._pair = KeyedRows(1 + widths.pair)
        self._item = KeyedRows(widths.item)

    @property
    def names(self) -> Names:
        """Skills and items by their position."""
        skills, items, names = self._named
        if skills is not self.skills or items is not self.items:
            names = Names.of(self.skills, self.items)
            self._named = self.skills, self.items, names
        return names

    def learn_names(self, names: Names) -> None:
        """Replace the list of names by a longer list: the same names, followed by new names."""
        if names is not self._named[2]:
            self.skills, self.items = list(names.skills), list(names.items)
            self._named = self.skills, self.items, names

    def __repr__(self) -> str:
        return f"SequentialState({self.n_students:,} students, {len(self._pair):,} touched pairs)"

    def grow(self, n_students: int) -> None:  # noqa: D102 - documented once, in the base
        super().grow(n_students)
        more = self.n_students - len(self._student)
        if more > 0:
            self._student = np.concatenate(
                (self._student, np.zeros((more, self._student.shape[1])))
            )

    def memory_of(self, students: Ints, skills: Ints, owner: Ints, items: Ints) -> Memory:
        """A copy of the memory that the model needs to predict some responses.

        Parameters
        ----------
        students : int array, shape (n,)
            The students' numbers in the state.
        skills, owner : int arrays, shape (n_entries,)
            The positions of the responses' skills, and for each of these skills the position of its
            response.
        items : int array, shape (n,)
            The positions of the responses' items, in the same form as in the keys of pairs.
        """
        return Memory(
            self._student[students],
            self._pair.read((students[owner] << KEY_BITS) | skills)[:, 1:],
            self._item.read((students << KEY_BITS) | items),
        )

    def pair_rows(self, keys: NDArray[np.int64]) -> Floats:
        """What is stored of pairs of student and skill, shape (n_pairs, 1 + widths.pair).

        A copy: how many answers they rest on, and then the memory. A pair's key is
        ``student << KEY_BITS | skill``, in the state's numbers.
        """
        return self._pair.read(keys)

    def put_pair_rows(self, keys: NDArray[np.int64], rows: Floats) -> None:
        """Store the rows of distinct pairs, in the form of `pair_rows`."""
        self._pair.write(keys, rows)

    def memory(self, encoded: Encoded, numbers: Ints) -> Memory:
        """A copy of the memory of an encoded log's students, who are numbered as in the log.

        Parameters
        ----------
        encoded : Encoded
        numbers : int array, shape (n_labels,)
            For each student label of the log, the student's number in the state.
        """
        mine = numbers[encoded.students]
        return Memory(
            self._student[mine],
            self._pair.read(_renumbered(encoded.pairs, mine))[:, 1:],
            self._item.read(_renumbered(encoded.item_pairs, mine)),
        )

    def take(self, encoded: Encoded, numbers: Ints, memory: Memory) -> None:
        """Store the memory that a pass through the encoded log has updated."""
        mine = numbers[encoded.students]
        self._student[mine] = memory.student
        keys = _renumbered(encoded.pairs, mine)
        answered = encoded.entries_of(encoded.correct >= 0)
        more = np.bincount(encoded.pair, weights=answered, minlength=len(keys))
        counts = self._pair.read(keys)[:, :1] + more[:, None]
        self._pair.write(keys, np.concatenate((counts, memory.pair), axis=1))
        if memory.item.shape[1]:
            self._item.write(_renumbered(encoded.item_pairs, mine), memory.item)

    @property
    def n_answers(self) -> int:  # noqa: D102 - documented once, in the base
        return int(self._pair.held()[1][:, 0].sum())

    def _practised(self) -> Ints:
        return np.unique(self._pair.held()[0] & ((1 << KEY_BITS) - 1))

    def answers(self, students: Ints, skills: Ints) -> NDArray[np.int64]:
        """The number of answers of some students on skills, shape (n_students, n_skills)."""
        keys = (students[:, None] << KEY_BITS) | skills
        return self._pair.read(keys.ravel())[:, 0].reshape(keys.shape).astype(np.int64)

    def blank(self, n_students: int) -> Self:  # noqa: D102 - documented once, in the base
        fresh: Self = copy(self)  # with the names, which are looked up in large tables
        fresh.last_time = np.full(n_students, -np.inf)
        fresh._known = None
        fresh._student = np.zeros((n_students, self._student.shape[1]))
        fresh._pair, fresh._item = self._pair.blank(), self._item.blank()
        return fresh

    def forget(self, students: Ints) -> None:  # noqa: D102 - documented once, in the base
        self._pair.forget(students, np.arange(len(self.skills)))
        self._item.forget(students, np.append(np.arange(len(self.items)), NO_ITEM))
        self._student[students] = 0
        self.last_time[students] = -np.inf
        self._known = None

    def replace(self, students: Ints, other: Self) -> None:  # noqa: D102 - as above
        super().replace(students, other)
        self._named = other._named
        self._student[students] = other._student[: len(students)]
        for mine, theirs in ((self._pair, other._pair), (self._item, other._item)):
            keys, values = theirs.held()
            mine.write(_renumbered(keys, students), values)

    def to_arrays(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - documented once, in the base
        pair_keys, pair = self._pair.held()
        item_keys, item = self._item.held()
        return {
            "last_time": self.last_time.copy(),
            "student": self._student.copy(),
            "pair_keys": pair_keys.copy(),
            "pair": pair.copy(),
            "item_keys": item_keys.copy(),
            "item": item.copy(),
        }

    def _expected(
        self, arrays: Arrays, n_students: int, n_skills: int, n_items: int
    ) -> dict[str, Numbers]:
        rows = rows_of(arrays, "student", n_students)
        expected = {
            "last_time": times(rows_of(arrays, "last_time", n_students)),
            "student": Numbers((rows, self._student.shape[1]), -_FAR, _FAR),
        }
        for name, held, n_codes in (("pair", self._pair, n_skills), ("item", self._item, n_items)):
            keys = arrays[f"{name}_keys"]
            expected[f"{name}_keys"] = Numbers((len(keys),), 0, 2**63 - 1, whole=True)
            expected[name] = Numbers((len(keys), held.width), -_FAR, _FAR)
            if keys.dtype.kind in "iu":
                check_keys(keys[keys & NO_ITEM != NO_ITEM], n_students, KEY_BITS, n_codes)
        if np.any(arrays["pair"][:, :1] < 0):
            raise ValueError("pair rests on fewer than 0 answers")
        return expected

    def touched(self) -> tuple[Floats, Floats]:
        """The stored numbers for each pair of student and skill.

        Two float arrays: the numbers for the student, shape (n_pairs, widths.student), and the
        numbers for the student on the skill, shape (n_pairs, widths.pair).
        """
        keys, rows = self._pair.held()
        return self._student[keys >> KEY_BITS], rows[:, 1:]

    def item_rows(self) -> Floats:
        """The stored numbers of each student on each item, one row per pair of student and item."""
        return self._item.held()[1]

    def check_signs(self, signed: Signed) -> None:
        """Raise `ValueError` if a number has an impossible sign, or if student 0 has data."""
        pair, item = self._pair.held()[1][:, 1:], self._item.held()[1]
        for rows, columns in zip((self._student, pair, item), signed, strict=True):
            lowest = rows.min(axis=0, initial=0)
            lowest[[*columns]] = 0
            if np.any(lowest < 0):
                raise ValueError("it remembers a number below 0 that counts")
        if np.any(self._student[0]):
            raise ValueError("it remembers something of nobody")

    def take_arrays(self, arrays: Arrays) -> None:  # noqa: D102 - as above
        self.last_time = arrays["last_time"].astype(np.float64)
        self._student = arrays["student"][: self.n_students].astype(np.float64)
        for name, rows in (("pair", self._pair), ("item", self._item)):
            rows.write(arrays[f"{name}_keys"].astype(np.int64), arrays[name].astype(np.float64))


def _renumbered(keys: NDArray[np.int64], numbers: Ints) -> NDArray[np.int64]:
    """Keys of students numbered from 0 as those of a state's."""
    code = keys & ((1 << KEY_BITS) - 1)
    return np.asarray((numbers[keys >> KEY_BITS].astype(np.int64) << KEY_BITS) | code)
