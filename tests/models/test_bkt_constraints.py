"""Bounds, fixed values and Beta priors: they hold exactly, and the best under them is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from tests.conftest import trials
from tests.models.class_oracle import (
    FIELDS,
    QUIET,
    class_values,
    enumerate_paths,
    histories,
    log_of_rows,
    make,
    steps_of,
    tangled_rows,
)
from tests.models.students import answers

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT

pytestmark = QUIET
CONSTRAINED: dict[str, dict[str, Any]] = {
    "bounds for all": {"bounds": {"guess": (0, 0.1), "slip": (0.3, 0.4), "prior": [0.7, 1]}},
    "bounds by skill": {"bounds": {"guess": {"a": (0.05, 0.1)}, "learn": {"b": (0.3, 0.35)}}},
    "fixed for all": {"fixed": {"guess": 0.25, "learn": 0.1}},
    "fixed by skill": {"fixed": {"guess": {"a": 0.4, "b": 0.1}, "slip": {"a": 0.5}}},
    "fixed at the ends": {"fixed": {"learn": 0, "slip": {"b": 0.0}, "prior": {"a": 1}}},
    "bounds and fixed": {
        "bounds": {"guess": (0.2, 0.6), "slip": (0.1, 0.6)},
        "fixed": {"slip": {"b": 0.45}},
    },
    "little room": {"bounds": {"guess": (0.5, 0.9), "slip": (0.45, 0.9)}},
}


def allowed(options, field, skill):
    """The interval of a parameter: of a skill's, or (skill None) of the common one."""
    for argument, both in (("fixed", True), ("bounds", False)):
        entry = options.get(argument, {}).get(field)
        if isinstance(entry, dict):
            entry = entry.get(skill)
        if entry is not None:
            return (entry, entry) if both else tuple(entry)
    return 0.0, 1.0


@pytest.mark.parametrize("borrow", [0.0, 10.0, "empirical"])
@pytest.mark.parametrize("variant", ["guess and slip by item", "all at once", "learn by lesson"])
@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints_hold_exactly(name, variant, borrow):
    options = CONSTRAINED[name]
    log = log_of_rows(tangled_rows(1, 200, n_students=20))
    seen = []
    for n in (0, 1, 5, 60):
        model = make(variant, **options, borrow=borrow, n_init=2, max_iter=n).fit(log)
        for field, table in class_values(model).items():
            for label, value in table.items():
                skill = label[0] if isinstance(label, tuple) else label
                low, high = allowed(options, field, skill)
                if field == "forget" and not model.forgetting:
                    low = high = 0.0
                assert low <= value <= high, (field, label, value)
                seen.append(value)
    assert len(set(seen)) > 8  # what is free did move


@settings(deadline=None, max_examples=trials(600))
@given(data=st.data())
def test_any_bounds_hold(data):
    ends = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)).filter(lambda p: p[0] + 1e-3 < p[1])
    names = st.sampled_from(["prior", "learn", "guess", "slip"])
    bounds = data.draw(st.dictionaries(names, ends, min_size=1))
    log = log_of_rows(tangled_rows(data.draw(st.integers(0, 5)), 60, n_students=8))
    model = make("guess by item, slip by lesson", bounds=bounds, n_init=2, max_iter=8).fit(log)
    for field, (low, high) in bounds.items():
        for value in class_values(model)[field].values():
            assert low <= value <= high


def test_a_start_outside_the_bounds_is_moved_inside():
    start = {"prior": 0.4, "learn": 0.2, "guess": 0.6, "slip": 0.3}
    log = answers(50, 5, seed=0)
    model = BKT(start=start, bounds={"guess": (0.0, 0.2)}, max_iter=0, tol=0).fit(log)
    assert model.parameters_["guess"].tolist() == [0.2] * 3
    assert model.parameters_["slip"].tolist() == [0.3] * 3


def test_bounds_that_do_not_bind_change_nothing():
    log = answers(300, 6, seed=0)
    wide = BKT(n_init=1, bounds=dict.fromkeys(("prior", "learn", "guess", "slip"), (0, 1)))
    free = BKT(n_init=1).fit(log)
    assert wide.fit(log).fingerprint_ == free.fingerprint_


def penalty(values, priors):
    """The log density, up to a constant, of parameters by class under Beta priors by field."""
    total = 0.0
    for field, (a, b) in priors.items():
        for value in values[field].values():
            total += (a - 1) * np.log(value) + (b - 1) * np.log(1 - value)
    return total


PRIORS = {"prior": (3, 4), "learn": (2, 8), "forget": (2, 15), "guess": (3, 9), "slip": (2, 10)}


@pytest.mark.parametrize(
    "variant", ["learn and forget by lesson", "guess and slip by item", "prior by group"]
)
def test_the_highest_point_under_beta_priors_is_the_best_of_a_brute_force_search(variant):
    rows = [row._replace(skills=["a"]) for row in tangled_rows(2, 24, n_students=6)]
    priors = {f: p for f, p in PRIORS.items() if f != "forget" or "forget" in variant}
    model = make(variant, beta_priors=priors, borrow=0, tol=0, max_iter=3000, n_init=8)
    model.fit(log_of_rows(rows))
    own = histories(rows)
    sequences = [[rows[place] for place in places] for places in own.values()]
    steps = [steps_of(model, "a", sequence) for sequence in sequences]
    used = {f: sorted({s[f] for own in steps for s in own if f in s}, key=str) for f in priors}
    assert sum(map(len, used.values())) > 4

    def objective(x):
        point, values = iter(expit(x)), {}
        for field in FIELDS:
            values[field] = {label: next(point) for label in used.get(field, ())}
        values["forget"] = values["forget"] or dict.fromkeys(["a"], 0.0)
        total = penalty({f: values[f] for f in priors}, priors)
        for step, sequence in zip(steps, sequences, strict=True):
            total += enumerate_paths(step, [row.answer for row in sequence], values)[0]
        return -total

    rng = np.random.default_rng(0)
    n = sum(map(len, used.values()))
    starts = [logit(rng.uniform(0.05, 0.4, n)) for _ in range(2)]
    best = min((minimize(objective, start, method="BFGS") for start in starts), key=lambda r: r.fun)
    table = class_values(model)
    ours = logit([table[field][label] for field in FIELDS for label in used.get(field, ())])
    assert objective(ours) <= best.fun + 1e-6
    np.testing.assert_allclose(expit(ours), expit(best.x), atol=2e-3)


@pytest.mark.parametrize("accelerate", [False, True])
@pytest.mark.parametrize("variant", ["all at once", "guess by item, slip by lesson"])
def test_the_penalised_objective_never_falls(variant, accelerate):
    log = log_of_rows(tangled_rows(3, 150, n_students=12))
    start = {"prior": 0.5, "learn": 0.2, "guess": 0.45, "slip": 0.4}
    priors = dict(PRIORS)
    if variant == "all at once":
        start["forget"] = 0.1
    else:
        del priors["forget"]
    objectives = []
    for n in (0, 1, 2, 3, 4, 5, 8, 13, 30):
        model = make(
            variant, start=start, beta_priors=priors, bounds={"guess": (0.0, 0.5)}, tol=0,
            max_iter=n, accelerate=accelerate,
        )  # fmt: skip
        table = class_values(model.fit(log))
        by = {f for f in FIELDS if getattr(model, f"{f}_by") is not None}
        cells = {
            f: {k: v for k, v in table[f].items() if k and isinstance(k, tuple) == (f in by)}
            for f in priors
        }
        objectives.append(model.log_likelihood_.sum() + penalty(cells, priors))
    assert np.all(np.diff(objectives) >= -1e-9)
    assert objectives[-1] > objectives[0] + 1


def test_a_prior_and_borrowing_beside_a_value_fixed_at_an_end():
    log = ResponseLog.from_frame(answers(8, 5, seed=0))  # too few students to stand alone
    for options in (
        {"fixed": {"guess": {"add": 0.0}}},
        {"fixed": {"slip": 0.0}, "beta_priors": {"slip": (2, 9)}},
        {"fixed": {"prior": {"halve": 1}}, "beta_priors": {"prior": {"halve": (3, 3)}}},
    ):
        model = BKT(**options, n_init=2).fit(log)
        assert model.converged_.all()
        assert np.all(np.isfinite(model.log_likelihood_))


def test_a_strong_prior_wins_and_only_for_its_skill():
    log = answers(300, 6, seed=1)
    model = BKT(n_init=2, beta_priors={"slip": {"halve": (3e5, 7e5)}}).fit(log)
    assert model.parameters_["slip"][1] == pytest.approx(0.3, abs=1e-3)
    free = BKT(n_init=2).fit(log)
    for skill in (0, 2):
        assert model.parameters_["slip"][skill] == pytest.approx(free.parameters_["slip"][skill])
    assert BKT(n_init=2, beta_priors={"slip": (1, 1)}).fit(log).log_likelihood_ == pytest.approx(
        free.log_likelihood_
    )


def test_what_is_wrong_with_constraints_is_all_said_at_once():
    model = BKT(
        bounds={"guess": (0.3, 0.2), "slep": (0, 1), "prior": {"nowhere": (0, 1)}, "learn": 0.5},
        fixed={"forget": 0.1, "slip": {"add": 1.5}, "learn": True},
        beta_priors={"slip": (0.5, 2), "guess": {"add": (float("nan"), 2)}},
    )
    with pytest.raises(ParameterError) as caught:
        model.fit(answers(20, 3, seed=0))
    for told in (
        "bounds['guess'] must be a pair (low, high) of probabilities with low < high",
        "bounds has an unknown 'slep'",
        "bounds['prior']: skill 'nowhere' is not in the log",
        "bounds['learn'] must be a pair",
        "fixed['forget'] needs forgetting=True",
        "fixed['slip']['add'] must be 0, 1 or a probability from 1e-05 to 0.99999, got 1.5",
        "fixed['learn'] must be 0, 1 or a probability from 1e-05 to 0.99999, got True",
        "beta_priors['slip'] must be a pair of Beta parameters of at least 1",
        "beta_priors['guess']['add'] must be a pair of Beta parameters",
    ):
        assert told in str(caught.value), told
    assert str(caught.value).startswith("BKT: 9 problems")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"bounds": [("guess", (0, 1))]}, "bounds must map names of parameters to values"),
        ({"bounds": {"guess": (0, float("nan"))}}, r"bounds\['guess'\] must be a pair"),
        ({"bounds": {"guess": (0, 1, 1)}}, r"bounds\['guess'\] must be a pair"),
        ({"bounds": {"guess": (0, 1e-9)}}, "1e-05 < high"),
        ({"fixed": {"guess": 1e-9}}, r"fixed\['guess'\] must be 0, 1 or"),
        ({"fixed": {"guess": "0.2"}}, r"fixed\['guess'\] must be 0, 1 or"),
        ({"fixed": {"guess": {1: 0.2}}}, r"fixed\['guess'\]: skill 1 is not in the log"),
        ({"beta_priors": {"guess": (2, float("inf"))}}, r"beta_priors\['guess'\] must be a pair"),
        (
            {"bounds": {"guess": (0.6, 0.9)}, "fixed": {"slip": {"add": 0.4, "times": 0.3}}},
            r"guess \+ slip must be able to stay below 1; not so for skill 'add'",
        ),
        ({"fixed": {"guess": 1}}, "not so for skill 'add', 'halve', 'times'"),
        (
            {"fixed": {"guess": 0.5}, "bounds": {"guess": (0.1, 0.3)}},
            r"fixed\['guess'\]: 0.5 lies outside the bounds",
        ),
        (
            {"fixed": {"guess": {"halve": 0.5}}, "bounds": {"guess": (0.1, 0.3)}},
            r"fixed\['guess'\]: 0.5 lies outside the bounds",
        ),
        (
            {
                "bounds": {"guess": (0.6, 0.9), "slip": (0.5, 0.9)},
                "fixed": {"slip": {"add": 0, "halve": 0, "times": 0}},
            },
            "not so for all skills together",
        ),
    ],
)
def test_a_constraint_that_cannot_be_meant_is_refused(options, told):
    with pytest.raises(ParameterError, match=told):
        BKT(**options).fit(answers(20, 3, seed=0))


def test_constraints_of_skills_that_are_integers_are_saved_as_such(tmp_path):
    rng = np.random.default_rng(0)
    log = {
        "student": np.repeat(np.arange(40), 12),
        "skill": np.tile(np.arange(12), 40),
        "correct": rng.integers(0, 2, 480),
    }
    by_skill: dict[Any, Any] = {2: (0.1, 0.2), np.int64(10): (0.2, 0.3)}
    options: dict[str, Any] = {"n_init": 1, "max_iter": 20, "bounds": {"guess": by_skill}}
    model = BKT(**options, fixed={"slip": {3: 0.125, 11: 0.25}}).fit(log)
    model.save(tmp_path / "m.json")
    again: Any = adaptlearn.load(tmp_path / "m.json")
    assert again.get_params()["bounds"] == {"guess": {2: [0.1, 0.2], 10: [0.2, 0.3]}}
    assert again.fingerprint_ == model.fingerprint_
    assert again.fit(log).fingerprint_ == model.fingerprint_
    assert again.parameters_["slip"][[3, 11]].tolist() == [0.125, 0.25]
