"""The response log: dataframes and files in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.responses.account import Account as Account
    from adaptlearn.responses.account import Fate as Fate
    from adaptlearn.responses.labelled import Labelled as Labelled
    from adaptlearn.responses.log import ResponseLog as ResponseLog
    from adaptlearn.responses.log import as_log as as_log
    from adaptlearn.responses.sequence_counts import SequenceCounts as SequenceCounts
    from adaptlearn.responses.sequence_counts import count_sequences as count_sequences

_HOMES = {
    "Account": "account",
    "Fate": "account",
    "Labelled": "labelled",
    "ResponseLog": "log",
    "SequenceCounts": "sequence_counts",
    "as_log": "log",
    "count_sequences": "sequence_counts",
}

__all__ = [
    "Account",
    "Fate",
    "Labelled",
    "ResponseLog",
    "SequenceCounts",
    "as_log",
    "count_sequences",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
