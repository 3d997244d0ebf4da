"""The same marginal maximum likelihood as mirt 1.2.0, on a real test."""

from __future__ import annotations

import numpy as np
import pytest

from adaptlearn.models import IRT


@pytest.fixture(scope="module")
def right(data):
    """Of each test taker (rows) and item, whether the answer is right."""
    return np.loadtxt(
        data("fraction_subtraction", "responses.csv"), delimiter=",", skiprows=1, dtype=np.int64
    )


@pytest.mark.parametrize("kind", ["1PL", "2PL"])
def test_items_errors_and_abilities_equal_those_of_mirt(peer, right, kind):
    mirt = peer("mirt")
    n_items = right.shape[1]
    one_slope = {"constraints": [("discrimination", list(range(n_items)))]}
    # Gauss-Hermite points lie far apart where abilities are: it takes 201 of them.
    theirs = mirt.fit_mirt(
        right,
        model="2PL",
        n_quadpts=201,
        max_iter=5000,
        tol=1e-7,
        se_method="oakes",
        use_rust=False,
        **(one_slope if kind == "1PL" else {}),
    )
    assert theirs.converged
    scores = mirt.fscores(theirs, right, method="EAP", n_quadpts=201)

    student, item = np.indices(right.shape).reshape(2, -1)
    log = {"student": student, "item": item, "skill": item * 0, "correct": right.ravel()}
    model = IRT(kind=kind, difficulty_sd=None, discrimination_sd=None, n_points=121, tol=1e-12).fit(
        log
    )
    abilities = model.abilities(log)

    assert model.log_likelihood_ >= theirs.log_likelihood - 1e-4
    for name in ("difficulty", "discrimination"):
        np.testing.assert_allclose(
            model.parameters_[name], np.ravel(theirs.model.parameters[name]), atol=1e-3
        )
        np.testing.assert_allclose(
            model.parameters_[f"{name}_se"], np.ravel(theirs.standard_errors[name]), rtol=1e-3
        )
    np.testing.assert_allclose(abilities["ability"], np.ravel(scores.theta), atol=1e-3)
    np.testing.assert_allclose(
        abilities["standard_error"], np.ravel(scores.standard_error), atol=1e-3
    )
