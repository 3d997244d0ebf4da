"""The gradient that the E step yields, against differences of the log-likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from tests.models.class_oracle import VARIANTS, log_of_rows, make, tangled_rows
from tests.models.test_bkt_classes import EVENTS, class_trie, drawn
from tests.models.test_bkt_em import LAYOUTS

from adaptlearn.models import BKT
from adaptlearn.models.bkt.em.steps import expectations
from adaptlearn.models.bkt.parameters import Parameters

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*repeat a student, skill, item:adaptlearn.errors.DataWarning"
)
STEP = 1e-5


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("variant", [*VARIANTS, "no classes"])
def test_fishers_identity_equals_central_differences(variant, layout):
    """Per cell, d log-likelihood / d logit(p) = events - p (events + opposites), expected."""
    rng = np.random.default_rng(0)
    model = BKT(forgetting=True) if variant == "no classes" else make(variant)
    # Some histories are long, so that no layout is trivial.
    log = log_of_rows(tangled_rows(3, 400, n_students=9))
    assert log.sequences.lengths.max() > 30
    trie, labels = class_trie(model, log, layout)
    _, parameters = drawn(rng, labels, model.forgetting)
    found = expectations(trie, parameters)
    for name, (event, opposite) in EVENTS.items():
        if name == "forget" and not model.forgetting:
            continue  # held at 0
        value, happened = getattr(parameters, name)[0], getattr(found, event)[0]
        whole = found.first[0] if opposite is None else happened + getattr(found, opposite)[0]
        moves = STEP * np.eye(len(value))
        moved = expit(logit(value) + np.concatenate((moves, -moves)))  # one restart per cell
        many = [np.repeat(field, len(moved), axis=0) for field in parameters]
        many[Parameters._fields.index(name)] = moved
        up, down = np.split(expectations(trie, Parameters(*many)).log_likelihood.sum(axis=1), 2)
        gradient = happened - value * whole
        assert np.abs(gradient).max() > 0.1
        np.testing.assert_allclose((up - down) / (2 * STEP), gradient, rtol=1e-6, atol=2e-6)
