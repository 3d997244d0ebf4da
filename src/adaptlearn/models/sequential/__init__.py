"""What models share whose state advances with every response of a student."""

from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.scanning import Level, Memory, scan
from adaptlearn.models.sequential.state import SequentialState, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer

__all__ = [
    "Encoded",
    "Level",
    "Memory",
    "Names",
    "SequentialState",
    "SequentialTracer",
    "Widths",
    "encode",
    "scan",
]
