"""The response log: dataframes in, arrays out."""

from adaptlearn.responses.log import Labelled, ResponseLog, as_log

__all__ = ["Labelled", "ResponseLog", "as_log"]
