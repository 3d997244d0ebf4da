"""What models share if their state advances with every response of a student.

`encoding` brings a log into a model's codes and into level order; `levels` is the pass along it
that predicts and updates, `chains` what can be counted of a whole log at once; `state` keeps what
is remembered between logs; `tracer` is the model that does all this around a few functions of its
own: the ground of a model of yours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.sequential.encoding import Encoded as Encoded
    from adaptlearn.models.sequential.encoding import Names as Names
    from adaptlearn.models.sequential.encoding import encode as encode
    from adaptlearn.models.sequential.levels import Level as Level
    from adaptlearn.models.sequential.levels import Memory as Memory
    from adaptlearn.models.sequential.state import SequentialState as SequentialState
    from adaptlearn.models.sequential.state import Widths as Widths
    from adaptlearn.models.sequential.tracer import SequentialTracer as SequentialTracer
    from adaptlearn.models.sequential.tracer import training_labels as training_labels

_HOMES = {
    "Encoded": "encoding",
    "Level": "levels",
    "Memory": "levels",
    "Names": "encoding",
    "SequentialState": "state",
    "SequentialTracer": "tracer",
    "Widths": "state",
    "encode": "encoding",
    "training_labels": "tracer",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
