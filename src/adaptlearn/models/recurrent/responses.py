"""The answers of a log as arrays that are fitted to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.recurrent.history import ITEM_WIDTH, PAIR_WIDTH, follow_history
from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.levels import Memory
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog


class Responses(NamedTuple):
    """Answers to fit to, in level-major order (see `sequential.Encoded`).

    Attributes
    ----------
    student : int array, shape (n,)
        Numbers from 0, such that the rows of a level ascend.
    level : int array, shape (n,)
        How many answers the student gave before.
    skills : sparse array, shape (n, n_skills)
        The share of each skill in each response; rows sum to 1.
    item : int array, shape (n,)
        All -1 where the log has no items.
    n_items : int
    history : float array, shape (n, n_history)
    correct : int array, shape (n,)
    """

    student: Ints
    level: Ints
    skills: Any
    item: Ints
    n_items: int
    history: Floats
    correct: Ints

    def of(self, kept: NDArray[Any]) -> Responses:
        """Those of some rows, in their order; whole students."""
        return self._replace(
            student=self.student[kept],
            level=self.level[kept],
            skills=self.skills[kept],
            item=self.item[kept],
            history=self.history[kept],
            correct=self.correct[kept],
        )


def responses_of(
    log: ResponseLog, skills: list[Any], items: list[Any]
) -> tuple[Responses, Encoded]:
    """The answers of a log, by the places of its skills and items; exposures are left out.

    Returns
    -------
    responses : Responses
    encoded : Encoded
        Says which of the answered rows each response is.
    """
    from scipy.sparse import csr_array

    encoded = encode(log, Names.of(skills, items), item_pairs=bool(items))
    n = len(encoded.rows)
    memory = Memory(
        np.zeros((len(encoded.students), 1)),
        np.zeros((len(encoded.pairs), PAIR_WIDTH)),
        np.zeros((len(encoded.item_pairs), ITEM_WIDTH if items else 0)),
    )
    history = follow_history(encoded, memory)
    starts = np.arange(n + 1) if encoded.starts is None else encoded.starts
    shares = np.repeat(1 / np.diff(starts), np.diff(starts))
    responses = Responses(
        student=encoded.student,
        level=np.repeat(np.arange(len(encoded.bounds) - 1), np.diff(encoded.bounds)),
        skills=csr_array((shares, encoded.skill, starts), shape=(n, len(skills))),
        item=encoded.item,
        n_items=len(items),
        history=history,
        correct=encoded.correct.astype(np.int64),
    )
    return responses, encoded
