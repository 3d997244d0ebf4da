"""History features: numbers about a response, known before its answer, each updated in O(1).

Ask for features by name or by group with `Plan`; a log without items or times leaves out what
needs them::

    plan = Plan(["counts", "skill_lag"], items=True, times=False)
    plan.names                        # columns of the matrix
    plan.widths                       # numbers to remember, for a SequentialTracer's `_widths`
    plan.look(level, memory, rates)   # for `_look`: raw columns, one row per response and skill
    plan.learn(level, memory, rates)  # for `_learn`
    plan.matrix(read, rates_in(tables))  # all features at once, from what `look` gave

The formulas are in `FEATURES` and `ENCODINGS`. A response with several skills has a row for
each; its features are the mean over them. `training_features` goes along a training log so that
rates and encodings of a row rest on other folds of students than its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.features.difficulty import Rates as Rates
    from adaptlearn.models.features.encodings import ENCODINGS as ENCODINGS
    from adaptlearn.models.features.encodings import Encoding as Encoding
    from adaptlearn.models.features.encodings import SituationRates as SituationRates
    from adaptlearn.models.features.plan import GROUPS as GROUPS
    from adaptlearn.models.features.plan import Plan as Plan
    from adaptlearn.models.features.plan import rates_in as rates_in
    from adaptlearn.models.features.table import FEATURES as FEATURES
    from adaptlearn.models.features.table import Feature as Feature
    from adaptlearn.models.features.training import Training as Training
    from adaptlearn.models.features.training import training_features as training_features

_HOMES = {
    "ENCODINGS": "encodings",
    "Encoding": "encodings",
    "FEATURES": "table",
    "Feature": "table",
    "GROUPS": "plan",
    "Plan": "plan",
    "Rates": "difficulty",
    "SituationRates": "encodings",
    "Training": "training",
    "rates_in": "plan",
    "training_features": "training",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
