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

from adaptlearn.models.features.difficulty import Rates
from adaptlearn.models.features.encodings import ENCODINGS, Encoding, SituationRates
from adaptlearn.models.features.plan import GROUPS, Plan, rates_in
from adaptlearn.models.features.table import FEATURES, Feature
from adaptlearn.models.features.training import Training, training_features

__all__ = [
    "ENCODINGS",
    "FEATURES",
    "GROUPS",
    "Encoding",
    "Feature",
    "Plan",
    "Rates",
    "SituationRates",
    "Training",
    "rates_in",
    "training_features",
]
