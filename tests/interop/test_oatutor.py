"""OATutor's JSON into a model and out of one."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from adaptlearn.errors import ParameterError
from adaptlearn.interop import from_oatutor, to_oatutor
from adaptlearn.models import BKT, load

USUAL = {"probMastery": 0.1, "probTransit": 0.1, "probSlip": 0.1, "probGuess": 0.1}
FILE = {
    "simplify:_expressions_with_absolute_value": USUAL,
    "the_slope_of_a_größe": {
        "probMastery": 0.3,
        "probTransit": 0.05,
        "probSlip": 0.2,
        "probGuess": 0,
    },
}


def problems_of(source):
    with pytest.raises(ParameterError) as caught:
        from_oatutor(source)
    return caught.value.problems


def test_a_file_comes_back_as_it_was(tmp_path):
    path = tmp_path / "defaultBKTParams.json"
    path.write_text(json.dumps(FILE, indent=4))
    model = from_oatutor(path)
    assert to_oatutor(model) == FILE
    assert from_oatutor(str(path)).fingerprint_ == from_oatutor(FILE).fingerprint_
    model.save(tmp_path / "model.json")
    assert to_oatutor(load(tmp_path / "model.json")) == FILE  # type: ignore[arg-type]


def test_each_value_stands_in_its_place():
    values = {"probMastery": 0.3, "probTransit": 0.05, "probSlip": 0.2, "probGuess": 0.15}
    model = from_oatutor({"a": values})
    found = {name: column.tolist() for name, column in model.parameters_.items()}
    assert found == {"skill": ["a"], "prior": [0.3], "learn": [0.05], "forget": [0.0],
                     "guess": [0.15], "slip": [0.2]}  # fmt: skip


def test_mastery_moves_as_in_oatutor():
    answers = [1, 0, 0, 1, 1]
    own = {"probMastery": 0.3, "probTransit": 0.05, "probSlip": 0.2, "probGuess": 0.15}
    p = own["probMastery"]
    for right in answers:
        known = p * (1 - own["probSlip"] if right else own["probSlip"])
        unknown = (1 - p) * (own["probGuess"] if right else 1 - own["probGuess"])
        p = known / (known + unknown)
        p += (1 - p) * own["probTransit"]
    log = {"student": ["ann"] * 5, "skill": ["a"] * 5, "correct": answers}
    assert from_oatutor({"a": own}).mastery(log).value[0, 0] == pytest.approx(p, abs=1e-15)


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    bad = {
        "a": {**USUAL, "probSlip": 1.2, "probForget": 0.1},
        "b": {"probMastery": "0.1", "probTransit": 0.1, "probSlip": True},
        "c": [0.1, 0.1],
        7: USUAL,
    }
    assert problems_of(bad) == (
        "skill 'a' has an unknown 'probForget'",
        "skill 'a': probSlip must be a number in [0, 1], got 1.2",
        "skill 'b' lacks 'probGuess'",
        "skill 'b': probMastery must be a number in [0, 1], got '0.1'",
        "skill 'b': probSlip must be a number in [0, 1], got True",
        "skill 'c': expected a mapping, got [0.1, 0.1]",
        "skill 7: expected text",
    )
    assert problems_of({}) == ("there are no skills",)
    assert "expected a mapping" in problems_of([])[0]
    assert "below 1" in problems_of({"a": {**USUAL, "probSlip": 0.95}})[0]


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "params.json"
    path.write_text('{"a": ')
    with pytest.raises(ParameterError, match=r"params.json.*\n.*is not whole JSON"):
        from_oatutor(path)
    path.write_text(json.dumps(FILE)[:-1] + ', "the_slope_of_a_größe": ' + json.dumps(USUAL) + "}")
    assert problems_of(path) == ("'the_slope_of_a_größe' stands there more than once",)


def test_what_oatutor_does_not_have_is_refused():
    table = {"skill": ["a"], "prior": [0.4], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    by_class = {
        "parameter": ["guess"] * 2, "skill": ["a"] * 2, "class": ["x", "y"], "value": [0.1, 0.3],
    }  # fmt: skip
    model = BKT.from_parameters({**table, "forget": [0.1]}, by_class=by_class, guess_by="item")
    with pytest.raises(ParameterError) as caught:
        to_oatutor(model)
    assert caught.value.problems == (
        "guess differs by class; OATutor has one value per skill",
        "forget is above 0 for skill 'a'; OATutor knows no forgetting",
    )


def test_individual_options_are_refused_by_name():
    log = {"student": [1, 1, 2, 2], "skill": ["a"] * 4, "correct": [0, 1, 1, 0]}
    model = BKT(lag=True, multi_skill="shared", max_iter=2, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few answers identify nothing
        model.fit({**log, "time": [0, 1, 2, 3]})
    with pytest.raises(ParameterError) as caught:
        to_oatutor(model)
    assert caught.value.problems[:2] == (
        "lag=True has no counterpart in OATutor",
        "multi_skill='shared' has no counterpart in OATutor",
    )


def test_the_skills_of_oatutor_itself(data):
    model_of_steps = json.loads(data("curricula", "oatutor_skill_model.json").read_text())
    skills = sorted({skill for found in model_of_steps.values() for skill in found})
    assert len(skills) > 1000
    rng = np.random.default_rng(0)
    values = dict(zip(skills, rng.uniform(0, 0.45, (len(skills), 4)).tolist(), strict=True))
    given = {skill: dict(zip(USUAL, own, strict=True)) for skill, own in values.items()}
    assert to_oatutor(from_oatutor(given)) == given
