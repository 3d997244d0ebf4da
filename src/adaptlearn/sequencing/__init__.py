"""What to do next: policies, the sequencer and its decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.candidates import Candidates as Candidates
    from adaptlearn.sequencing.candidates import Purpose as Purpose
    from adaptlearn.sequencing.choosing import EpsilonGreedy as EpsilonGreedy
    from adaptlearn.sequencing.choosing import Greedy as Greedy
    from adaptlearn.sequencing.choosing import Softmax as Softmax
    from adaptlearn.sequencing.choosing import Thompson as Thompson
    from adaptlearn.sequencing.context import Context as Context
    from adaptlearn.sequencing.criteria import Criterion as Criterion
    from adaptlearn.sequencing.criteria import LowerBound as LowerBound
    from adaptlearn.sequencing.criteria import MovingAverage as MovingAverage
    from adaptlearn.sequencing.criteria import NInARow as NInARow
    from adaptlearn.sequencing.criteria import PredictiveSimilarity as PredictiveSimilarity
    from adaptlearn.sequencing.criteria import PredictiveStability as PredictiveStability
    from adaptlearn.sequencing.criteria import ProbabilityThreshold as ProbabilityThreshold
    from adaptlearn.sequencing.criteria import Retention as Retention
    from adaptlearn.sequencing.criteria import WheelSpinning as WheelSpinning
    from adaptlearn.sequencing.decisions import Candidate as Candidate
    from adaptlearn.sequencing.decisions import Decision as Decision
    from adaptlearn.sequencing.decisions import Decisions as Decisions
    from adaptlearn.sequencing.decisions import Reason as Reason
    from adaptlearn.sequencing.diagnosis import PlacementResult as PlacementResult
    from adaptlearn.sequencing.explaining import Explanation as Explanation
    from adaptlearn.sequencing.goals import Goals as Goals
    from adaptlearn.sequencing.goals import TimeToGoal as TimeToGoal
    from adaptlearn.sequencing.items import ItemChoice as ItemChoice
    from adaptlearn.sequencing.items import NextItem as NextItem
    from adaptlearn.sequencing.overrides import Override as Override
    from adaptlearn.sequencing.overrides import Overrides as Overrides
    from adaptlearn.sequencing.placement import Placement as Placement
    from adaptlearn.sequencing.placement import Session as Session
    from adaptlearn.sequencing.policies import WeightedPolicy as WeightedPolicy
    from adaptlearn.sequencing.presets import PRESETS as PRESETS
    from adaptlearn.sequencing.presets import MasteryThreshold as MasteryThreshold
    from adaptlearn.sequencing.presets import ProvisionalMastery as ProvisionalMastery
    from adaptlearn.sequencing.presets import preset as preset
    from adaptlearn.sequencing.replaying import Replay as Replay
    from adaptlearn.sequencing.replaying import replay as replay
    from adaptlearn.sequencing.reviewing import ReviewSchedule as ReviewSchedule
    from adaptlearn.sequencing.scorers import SCORERS as SCORERS
    from adaptlearn.sequencing.sentences import TEMPLATES as TEMPLATES
    from adaptlearn.sequencing.sequencer import Sequencer as Sequencer
    from adaptlearn.tracking.practice import Practice as Practice

_HOMES = {
    "Candidate": "decisions",
    "Candidates": "candidates",
    "Context": "context",
    "Criterion": "criteria",
    "Decision": "decisions",
    "Decisions": "decisions",
    "EpsilonGreedy": "choosing",
    "Explanation": "explaining",
    "Goals": "goals",
    "Greedy": "choosing",
    "ItemChoice": "items",
    "LowerBound": "criteria",
    "MasteryThreshold": "presets",
    "MovingAverage": "criteria",
    "NInARow": "criteria",
    "NextItem": "items",
    "Override": "overrides",
    "Overrides": "overrides",
    "PRESETS": "presets",
    "Placement": "placement",
    "PlacementResult": "diagnosis",
    "Practice": "context",
    "PredictiveSimilarity": "criteria",
    "PredictiveStability": "criteria",
    "ProbabilityThreshold": "criteria",
    "ProvisionalMastery": "presets",
    "Purpose": "candidates",
    "Reason": "decisions",
    "Replay": "replaying",
    "Retention": "criteria",
    "ReviewSchedule": "reviewing",
    "SCORERS": "scorers",
    "Sequencer": "sequencer",
    "Session": "placement",
    "Softmax": "choosing",
    "TEMPLATES": "sentences",
    "Thompson": "choosing",
    "TimeToGoal": "goals",
    "WeightedPolicy": "policies",
    "WheelSpinning": "criteria",
    "preset": "presets",
    "replay": "replaying",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
