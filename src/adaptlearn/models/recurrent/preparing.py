"""From a log to the arrays that are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.models.recurrent.fitting import Responses
from adaptlearn.models.recurrent.history import (
    ITEM_WIDTH,
    N_HISTORY,
    PAIR_WIDTH,
    learn_history,
    look_history,
)
from adaptlearn.models.sequential import Encoded, Memory, Names, encode, scan
from adaptlearn.responses import ResponseLog


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
    history = scan(encoded, memory, look=look_history, learn=learn_history, width=N_HISTORY)
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
