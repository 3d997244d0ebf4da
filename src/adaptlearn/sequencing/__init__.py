"""What to do next: policies, the sequencer and its decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.decision import Decision as Decision
    from adaptlearn.sequencing.decisions.decision import Reason as Reason
    from adaptlearn.sequencing.decisions.decisions import Decisions as Decisions
    from adaptlearn.sequencing.decisions.replay import Replay as Replay
    from adaptlearn.sequencing.decisions.replay import replay as replay
    from adaptlearn.sequencing.decisions.templates import TEMPLATES as TEMPLATES
    from adaptlearn.sequencing.explanation import Explanation as Explanation
    from adaptlearn.sequencing.goals import Goals as Goals
    from adaptlearn.sequencing.goals import TimeToGoal as TimeToGoal
    from adaptlearn.sequencing.items import ItemChoice as ItemChoice
    from adaptlearn.sequencing.items import NextItem as NextItem
    from adaptlearn.sequencing.knowledge.context import Context as Context
    from adaptlearn.sequencing.knowledge.criteria import Criterion as Criterion
    from adaptlearn.sequencing.knowledge.criteria import LowerBound as LowerBound
    from adaptlearn.sequencing.knowledge.criteria import MovingAverage as MovingAverage
    from adaptlearn.sequencing.knowledge.criteria import NInARow as NInARow
    from adaptlearn.sequencing.knowledge.criteria import (
        PredictiveSimilarity as PredictiveSimilarity,
    )
    from adaptlearn.sequencing.knowledge.criteria import PredictiveStability as PredictiveStability
    from adaptlearn.sequencing.knowledge.criteria import (
        ProbabilityThreshold as ProbabilityThreshold,
    )
    from adaptlearn.sequencing.knowledge.criteria import Retention as Retention
    from adaptlearn.sequencing.knowledge.criteria import WheelSpinning as WheelSpinning
    from adaptlearn.sequencing.knowledge.review_schedule import ReviewSchedule as ReviewSchedule
    from adaptlearn.sequencing.overrides import Override as Override
    from adaptlearn.sequencing.overrides import Overrides as Overrides
    from adaptlearn.sequencing.placement.placement import Placement as Placement
    from adaptlearn.sequencing.placement.placement import Session as Session
    from adaptlearn.sequencing.placement.result import PlacementResult as PlacementResult
    from adaptlearn.sequencing.policies.candidates import Candidates as Candidates
    from adaptlearn.sequencing.policies.candidates import Purpose as Purpose
    from adaptlearn.sequencing.policies.choosers import EpsilonGreedy as EpsilonGreedy
    from adaptlearn.sequencing.policies.choosers import Greedy as Greedy
    from adaptlearn.sequencing.policies.choosers import Softmax as Softmax
    from adaptlearn.sequencing.policies.choosers import Thompson as Thompson
    from adaptlearn.sequencing.policies.presets import PRESETS as PRESETS
    from adaptlearn.sequencing.policies.presets import MasteryThreshold as MasteryThreshold
    from adaptlearn.sequencing.policies.presets import ProvisionalMastery as ProvisionalMastery
    from adaptlearn.sequencing.policies.presets import preset as preset
    from adaptlearn.sequencing.policies.scorers import SCORERS as SCORERS
    from adaptlearn.sequencing.policies.weighted import WeightedPolicy as WeightedPolicy
    from adaptlearn.sequencing.sequencer import Sequencer as Sequencer
    from adaptlearn.tracking.practice import Practice as Practice

_HOMES = {
    "Candidates": "policies.candidates",
    "Context": "knowledge.context",
    "Criterion": "knowledge.criteria",
    "Decision": "decisions.decision",
    "Decisions": "decisions.decisions",
    "EpsilonGreedy": "policies.choosers",
    "Explanation": "explanation",
    "Goals": "goals",
    "Greedy": "policies.choosers",
    "ItemChoice": "items",
    "LowerBound": "knowledge.criteria",
    "MasteryThreshold": "policies.presets",
    "MovingAverage": "knowledge.criteria",
    "NInARow": "knowledge.criteria",
    "NextItem": "items",
    "Override": "overrides",
    "Overrides": "overrides",
    "PRESETS": "policies.presets",
    "Placement": "placement.placement",
    "PlacementResult": "placement.result",
    "Practice": "knowledge.context",
    "PredictiveSimilarity": "knowledge.criteria",
    "PredictiveStability": "knowledge.criteria",
    "ProbabilityThreshold": "knowledge.criteria",
    "ProvisionalMastery": "policies.presets",
    "Purpose": "policies.candidates",
    "Reason": "decisions.decision",
    "Replay": "decisions.replay",
    "Retention": "knowledge.criteria",
    "ReviewSchedule": "knowledge.review_schedule",
    "SCORERS": "policies.scorers",
    "Sequencer": "sequencer",
    "Session": "placement.placement",
    "Softmax": "policies.choosers",
    "TEMPLATES": "decisions.templates",
    "Thompson": "policies.choosers",
    "TimeToGoal": "goals",
    "WeightedPolicy": "policies.weighted",
    "WheelSpinning": "knowledge.criteria",
    "preset": "policies.presets",
    "replay": "decisions.replay",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
