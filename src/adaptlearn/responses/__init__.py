"""The response log: dataframes in, arrays out."""

from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.log import ResponseLog, as_log

__all__ = ["Labelled", "ResponseLog", "as_log"]
