"""Constraints of arguments: what they accept, and every violation in one message."""

import fractions

import numpy as np
import pytest

from adaptlearn.errors import ParameterError
from adaptlearn.validation import Constraint, Interval, OneOf, check_parameters, some


@pytest.mark.parametrize(
    ("closed", "accepted", "text"),
    [
        ("both", [0, 0.5, 1], "a number in [0, 1]"),
        ("left", [0, 0.5], "a number in [0, 1)"),
        ("right", [0.5, 1], "a number in (0, 1]"),
        ("neither", [0.5], "a number in (0, 1)"),
    ],
)
def test_the_ends_of_an_interval(closed, accepted, text):
    interval = Interval(0, 1, closed)
    assert [value for value in (-0.1, 0, 0.5, 1, 1.1) if interval.accepts(value)] == accepted
    assert str(interval) == text


@pytest.mark.parametrize(
    "value", [True, np.True_, "0.5", None, np.nan, 1j, [0.5], np.array([0.5]), float("inf")]
)
def test_what_no_interval_accepts(value):
    assert not Interval(0, 1).accepts(value)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), np.int8(1), fractions.Fraction(1, 3)])
def test_numbers_of_every_kind(value):
    assert Interval(0, 1).accepts(value)


def test_integers_are_asked_for():
    interval = Interval(1, float("inf"), "left", integer=True)
    assert [v for v in (0, 1, np.int64(5), 1.0, 2.5, True) if interval.accepts(v)] == [1, 5]
    assert str(interval) == "an integer in [1, inf)"


def test_one_of_a_few():
    choice = OneOf((None, "a", 1))
    values: list[object] = [None, "a", "b", 1, True, 1.0, []]
    assert [v for v in values if choice.accepts(v)] == [None, "a", 1]
    assert str(choice) == "one of None, 'a', 1"


def test_every_argument_outside_its_constraints_is_told():
    constraints: dict[str, list[Constraint]] = {
        "n": [Interval(1, 9, integer=True)],
        "tol": [Interval(0, 1, "neither"), OneOf((None,))],
        "kind": [OneOf(("x", "y"))],
    }
    check_parameters("Model", {"n": 1, "tol": None, "kind": "x", "other": 0}, constraints)
    check_parameters("Model", {"n": 9, "tol": 0.1, "kind": "y"}, constraints)
    with pytest.raises(ParameterError) as caught:
        check_parameters("Model", {"n": 0, "tol": 0, "kind": "x"}, constraints)
    assert str(caught.value) == (
        "Model: 2 problems\n"
        "  - n must be an integer in [1, 9], got 0\n"
        "  - tol must be a number in (0, 1) or one of None, got 0"
    )


def test_the_first_few_of_many():
    assert some([]) == ""
    assert some(["a", np.str_("b"), np.int64(3), np.float64(0.5)]) == "'a', 'b', 3, 0.5"
    assert some(range(7)) == "0, 1, 2, 3, 4, … (7 in all)"
    assert some(range(3), limit=2) == "0, 1, … (3 in all)"
