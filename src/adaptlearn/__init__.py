"""Adaptive learning: estimate what each student knows, choose what each does next.

Importing the package is light: a name's module, and what that module needs, is
imported the first time the name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import OPENERS, lazy_names

if TYPE_CHECKING:
    from adaptlearn.checkup import check as check
    from adaptlearn.curriculum import Curriculum as Curriculum
    from adaptlearn.evaluation import cross_validate as cross_validate
    from adaptlearn.evaluation import evaluate as evaluate
    from adaptlearn.models import load as load
    from adaptlearn.progress import show_progress as show_progress
    from adaptlearn.responses import ResponseLog as ResponseLog
    from adaptlearn.responses import SequenceCounts as SequenceCounts
    from adaptlearn.responses import count_sequences as count_sequences
    from adaptlearn.sequencing import Sequencer as Sequencer
    from adaptlearn.tracking import MasteryTracker as MasteryTracker
    from adaptlearn.tutor import Tutor as Tutor

__version__ = "0.1.0"

# The rooms that are public as such come last.
_HOMES = {
    "Curriculum": "curriculum",
    "MasteryTracker": "tracking",
    "ResponseLog": "responses",
    "SequenceCounts": "responses",
    "Sequencer": "sequencing",
    "Tutor": "tutor",
    "check": "checkup",
    "count_sequences": "responses",
    "cross_validate": "evaluation",
    "evaluate": "evaluation",
    "load": "models",
    "show_progress": "progress",
    **dict.fromkeys(
        (
            "checkup",
            "curriculum",
            "datasets",
            "diagnosis",
            "errors",
            "evaluation",
            "interop",
            "models",
            "offline",
            "reporting",
            "responses",
            "runtime",
            "sequencing",
            "simulation",
            "storage",
            "tracking",
            "tutor",
        ),
        "",
    ),
}
# Where a tutor's events are kept, by the address that is given to `Tutor.open`.
OPENERS |= {
    "file": "adaptlearn.storage.sqlite.SQLiteStore",
    "postgresql": "adaptlearn.storage.postgres.PostgresStore",
    "postgres": "adaptlearn.storage.postgres.PostgresStore",
}
__all__ = [
    "Curriculum",
    "MasteryTracker",
    "ResponseLog",
    "SequenceCounts",
    "Sequencer",
    "Tutor",
    "__version__",
    "check",
    "count_sequences",
    "cross_validate",
    "evaluate",
    "load",
    "show_progress",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
