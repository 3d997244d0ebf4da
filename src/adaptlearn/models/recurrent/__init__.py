"""A linear recurrent model of what a student's answers say about every skill."""

from adaptlearn.models.recurrent.tracer import LinearRecurrentTracer
from adaptlearn.models.recurrent.transfer import Transfer, plot_transfer

__all__ = ["LinearRecurrentTracer", "Transfer", "plot_transfer"]
