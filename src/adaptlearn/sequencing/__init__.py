"""What to do next: policies, the sequencer and its decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.decision import Decision as Decision
    from adaptlearn.sequencing.decisions.replay import replay as replay
    from adaptlearn.sequencing.decisions.templates import TEMPLATES as TEMPLATES
    from adaptlearn.sequencing.explanation import Explanation as Explanation
    from adaptlearn.sequencing.goals import Goals as Goals
    from adaptlearn.sequencing.items.next_item import NextItem as NextItem
    from adaptlearn.sequencing.knowledge.criteria import PredictiveStability as PredictiveStability
    from adaptlearn.sequencing.knowledge.review_schedule import ReviewSchedule as ReviewSchedule
    from adaptlearn.sequencing.overrides import Override as Override
    from adaptlearn.sequencing.overrides import Overrides as Overrides
    from adaptlearn.sequencing.placement.placement import Placement as Placement
    from adaptlearn.sequencing.policies.choosers import EpsilonGreedy as EpsilonGreedy
    from adaptlearn.sequencing.policies.choosers import Softmax as Softmax
    from adaptlearn.sequencing.policies.choosers import Thompson as Thompson
    from adaptlearn.sequencing.policies.presets import ProvisionalMastery as ProvisionalMastery
    from adaptlearn.sequencing.policies.presets import preset as preset
    from adaptlearn.sequencing.policies.weighted import WeightedPolicy as WeightedPolicy
    from adaptlearn.sequencing.sequencer import Sequencer as Sequencer

_HOMES = {
    "Decision": "decisions.decision",
    "EpsilonGreedy": "policies.choosers",
    "Explanation": "explanation",
    "Goals": "goals",
    "NextItem": "items.next_item",
    "Override": "overrides",
    "Overrides": "overrides",
    "Placement": "placement.placement",
    "PredictiveStability": "knowledge.criteria",
    "ProvisionalMastery": "policies.presets",
    "ReviewSchedule": "knowledge.review_schedule",
    "Sequencer": "sequencer",
    "Softmax": "policies.choosers",
    "TEMPLATES": "decisions.templates",
    "Thompson": "policies.choosers",
    "WeightedPolicy": "policies.weighted",
    "preset": "policies.presets",
    "replay": "decisions.replay",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
