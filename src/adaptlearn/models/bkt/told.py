"""P(known) that something else has found: what some pairs of student and skill begin with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import KEY_BITS
from adaptlearn.models.sequential.state import KeyedRows
from adaptlearn.models.state import check_keys
from adaptlearn.numerics import Floats, Ints, places_of
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Numbers

_FEW = 1 << 14  # pairs that are looked up one by one
_LEAST, _MOST = 1e-15, 1 - 1e-15  # so sure that answers can still say otherwise


class ToldPairs:
    """Beliefs in place of the model's prior, for pairs of student and skill.

    They stay when the student answers, so that a replay begins from them too.
    """

    def __init__(self) -> None:
        self._rows = KeyedRows(1)

    def __len__(self) -> int:
        return len(self._rows)

    def tell(self, students: Ints, skills: Ints, p_known: Floats) -> None:
        """Keep the P(known) of distinct pairs, at least 1e-15 from 0 and 1."""
        self._rows.write(_keys(students, skills), np.clip(p_known, _LEAST, _MOST)[:, None])

    def forget(self, students: Ints, n_skills: int) -> None:
        """Drop what was told of students; no skill has a place from `n_skills` on."""
        self._rows.forget(students, np.arange(n_skills))

    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """All of them: students, skills, P(known)."""
        keys, told = self._rows.held()
        return keys >> KEY_BITS, keys & ((1 << KEY_BITS) - 1), told[:, 0]

    def begun(self, students: Ints, skills: Ints, prior: Floats) -> Floats:
        """P(known) as the first response of pairs begins: what was told of them, or the prior."""
        if not len(self):
            return prior
        told = self._rows.read(_keys(students, skills))[:, 0]
        return np.where(told > 0, told, prior)

    def of(self, students: Ints, n_skills: int) -> tuple[Ints, Ints, Floats]:
        """What was told of some students and the first skills.

        Returns
        -------
        rows, skills : int arrays, shape (n_told,)
            Places in `students`, which may repeat; places of skills.
        p_known : float array, shape (n_told,)
        """
        rows: Ints
        skills: Ints
        if len(students) * n_skills <= max(len(self), _FEW):
            rows = np.repeat(np.arange(len(students)), n_skills)
            skills = np.tile(np.arange(n_skills), len(students))
            p_known = self.begun(students[rows], skills, np.zeros(len(rows)))
        else:  # from the pairs that were told, which are few, to the students' rows
            who, skills, p_known = self.pairs()
            order = np.argsort(students, kind="stable")
            first = np.searchsorted(students[order], who, "left")
            times = np.searchsorted(students[order], who, "right") - first
            rows = order[places_of(first, times)]
            skills, p_known = np.repeat(skills, times), np.repeat(p_known, times)
        found = (p_known > 0) & (skills < n_skills)
        return rows[found], skills[found], p_known[found]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What a saved state holds; nothing where nothing was told."""
        keys, told = self._rows.held()
        return {"told_pairs": keys.copy(), "told": told[:, 0].copy()} if len(self) else {}

    @staticmethod
    def expected(arrays: Arrays, n_students: int, n_skills: int) -> dict[str, Numbers]:
        """What `to_arrays` gives of so many students and skills; `arrays` are a file's."""
        if "told" not in arrays:
            return {}
        keys = arrays["told_pairs"]
        if keys.dtype.kind in "iu":
            check_keys(keys, n_students, KEY_BITS, n_skills)
        size = (len(keys),)
        return {
            "told_pairs": Numbers(size, 0, 2**63 - 1, whole=True),
            "told": Numbers(size, _LEAST, _MOST),
        }

    def take_arrays(self, arrays: Arrays) -> None:
        """Take back what `to_arrays` gave; this one is new."""
        if "told" in arrays:
            keys = arrays["told_pairs"].astype(np.int64)
            self._rows.write(keys, arrays["told"].astype(np.float64)[:, None])


def _keys(students: Ints, skills: Ints) -> NDArray[np.int64]:
    return (students.astype(np.int64) << KEY_BITS) | skills.astype(np.int64)
