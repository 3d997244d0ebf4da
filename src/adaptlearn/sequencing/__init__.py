"""What to do next: curricula, policies, the sequencer and its decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.curriculum import Curriculum as Curriculum
    from adaptlearn.sequencing.decisions import Candidate as Candidate
    from adaptlearn.sequencing.decisions import Decision as Decision
    from adaptlearn.sequencing.decisions import Decisions as Decisions
    from adaptlearn.sequencing.decisions import Reason as Reason
    from adaptlearn.sequencing.explaining import Explanation as Explanation
    from adaptlearn.sequencing.policies import Context as Context
    from adaptlearn.sequencing.policies import MasteryThreshold as MasteryThreshold
    from adaptlearn.sequencing.reading import Repair as Repair
    from adaptlearn.sequencing.sequencer import Sequencer as Sequencer

_HOMES = {
    "Candidate": "decisions",
    "Context": "policies",
    "Curriculum": "curriculum",
    "Decision": "decisions",
    "Decisions": "decisions",
    "Explanation": "explaining",
    "MasteryThreshold": "policies",
    "Reason": "decisions",
    "Repair": "reading",
    "Sequencer": "sequencer",
}

__all__ = [
    "Candidate",
    "Context",
    "Curriculum",
    "Decision",
    "Decisions",
    "Explanation",
    "MasteryThreshold",
    "Reason",
    "Repair",
    "Sequencer",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
