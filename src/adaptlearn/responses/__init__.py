"""The response log: dataframes in, arrays out."""

from adaptlearn.responses.counting import SequenceCounts, count_sequences
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.log import ResponseLog, as_log

__all__ = ["Labelled", "ResponseLog", "SequenceCounts", "as_log", "count_sequences"]
