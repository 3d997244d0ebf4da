"""Episodes: policies teach simulated students."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.episodes.episode import Answers as Answers
    from adaptlearn.simulation.episodes.episode import Episode as Episode
    from adaptlearn.simulation.episodes.episode import Steps as Steps
    from adaptlearn.simulation.episodes.outcomes import OUTCOMES as OUTCOMES
    from adaptlearn.simulation.episodes.outcomes import OutcomeKind as OutcomeKind
    from adaptlearn.simulation.episodes.tuning import tuned_constants as tuned_constants

_HOMES = {
    "Answers": "episode",
    "Episode": "episode",
    "OUTCOMES": "outcomes",
    "OutcomeKind": "outcomes",
    "Steps": "episode",
    "tuned_constants": "tuning",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
