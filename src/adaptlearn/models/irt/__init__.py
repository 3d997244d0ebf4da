"""Item response theory: one ability per student, a difficulty and a discrimination per item.

`training` reads a log, `mml` estimates items by marginal maximum likelihood with the `prior`,
`errors` says how sure they are; `estimator` and `rasch` are the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.irt.estimator import IRT as IRT
    from adaptlearn.models.irt.rasch import Rasch as Rasch

_HOMES = {
    "IRT": "estimator",
    "Rasch": "rasch",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
