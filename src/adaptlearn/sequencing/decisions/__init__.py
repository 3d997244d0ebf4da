"""What was decided, for whom and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.arrays import AlertKind as AlertKind
    from adaptlearn.sequencing.decisions.arrays import Columns as Columns
    from adaptlearn.sequencing.decisions.decision import Alert as Alert
    from adaptlearn.sequencing.decisions.decision import Decision as Decision
    from adaptlearn.sequencing.decisions.decision import NoLesson as NoLesson
    from adaptlearn.sequencing.decisions.decision import Reason as Reason
    from adaptlearn.sequencing.decisions.decision import ScoredLesson as ScoredLesson
    from adaptlearn.sequencing.decisions.decision import SkillMastery as SkillMastery
    from adaptlearn.sequencing.decisions.decision import fields_of as fields_of
    from adaptlearn.sequencing.decisions.decision import sentence as sentence
    from adaptlearn.sequencing.decisions.decisions import Decisions as Decisions
    from adaptlearn.sequencing.decisions.replay import Replay as Replay
    from adaptlearn.sequencing.decisions.replay import Step as Step
    from adaptlearn.sequencing.decisions.templates import TEMPLATES as TEMPLATES

_HOMES = {
    "Alert": "decision",
    "AlertKind": "arrays",
    "Columns": "arrays",
    "Decision": "decision",
    "Decisions": "decisions",
    "NoLesson": "decision",
    "Reason": "decision",
    "Replay": "replay",
    "ScoredLesson": "decision",
    "SkillMastery": "decision",
    "Step": "replay",
    "TEMPLATES": "templates",
    "fields_of": "decision",
    "sentence": "decision",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
