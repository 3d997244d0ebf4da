"""Policies: candidates, scores, choices, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.policies import scorers as scorers
    from adaptlearn.sequencing.policies.candidates import Candidates as Candidates
    from adaptlearn.sequencing.policies.candidates import Purpose as Purpose
    from adaptlearn.sequencing.policies.candidates import find_candidates as find_candidates
    from adaptlearn.sequencing.policies.choosers import Chooser as Chooser
    from adaptlearn.sequencing.policies.choosers import EpsilonGreedy as EpsilonGreedy
    from adaptlearn.sequencing.policies.choosers import Greedy as Greedy
    from adaptlearn.sequencing.policies.choosers import Odds as Odds
    from adaptlearn.sequencing.policies.choosers import Ragged as Ragged
    from adaptlearn.sequencing.policies.choosers import Softmax as Softmax
    from adaptlearn.sequencing.policies.choosers import Thompson as Thompson
    from adaptlearn.sequencing.policies.policy import Policy as Policy
    from adaptlearn.sequencing.policies.presets import PRESETS as PRESETS
    from adaptlearn.sequencing.policies.presets import MasteryThreshold as MasteryThreshold
    from adaptlearn.sequencing.policies.presets import Preset as Preset
    from adaptlearn.sequencing.policies.presets import PricedMastery as PricedMastery
    from adaptlearn.sequencing.policies.presets import ProvisionalMastery as ProvisionalMastery
    from adaptlearn.sequencing.policies.presets import preset as preset
    from adaptlearn.sequencing.policies.reasons import Choices as Choices
    from adaptlearn.sequencing.policies.scorers import SCORERS as SCORERS
    from adaptlearn.sequencing.policies.scorers import Scorer as Scorer
    from adaptlearn.sequencing.policies.weighted import WeightedPolicy as WeightedPolicy

_HOMES = {
    "Candidates": "candidates",
    "Choices": "reasons",
    "Chooser": "choosers",
    "EpsilonGreedy": "choosers",
    "Greedy": "choosers",
    "MasteryThreshold": "presets",
    "Odds": "choosers",
    "PRESETS": "presets",
    "Policy": "policy",
    "Preset": "presets",
    "PricedMastery": "presets",
    "ProvisionalMastery": "presets",
    "Purpose": "candidates",
    "Ragged": "choosers",
    "SCORERS": "scorers",
    "Scorer": "scorers",
    "Softmax": "choosers",
    "Thompson": "choosers",
    "WeightedPolicy": "weighted",
    "find_candidates": "candidates",
    "preset": "presets",
    "scorers": "",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
