"""Errors tell everything at once, are caught as what they are, and travel between processes."""

import pickle
import warnings

import pytest

from adaptlearn import errors

PROBLEMS = [
    errors.ResponseDataError,
    errors.CurriculumError,
    errors.ParameterError,
    errors.ModelFileError,
    errors.UnknownLabelError,
]
ALL = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", PROBLEMS)
def test_an_error_lists_its_problems(kind):
    error = kind("the log", ["one is missing", "two is wrong"])
    assert error.problems == ("one is missing", "two is wrong")
    assert error.subject == "the log"
    assert str(error) == "the log: 2 problems\n  - one is missing\n  - two is wrong"
    assert str(kind("the log", ["only this"])) == "the log: 1 problem\n  - only this"
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_an_error_comes_home_from_a_worker(kind):
    error = kind("the log", ["one", "two"])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.subject, again.problems, str(again)) == ("the log", ("one", "two"), str(error))


def test_every_error_and_warning_has_the_librarys_root():
    roots = (errors.AdaptLearnError, errors.AdaptLearnWarning)
    own = [kind for kind in ALL if kind.__module__ == errors.__name__]
    assert len(own) >= 15
    assert all(issubclass(kind, roots) for kind in own)
    assert all(kind.__doc__ for kind in own)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.UnknownLabelError, KeyError),
        (errors.MissingDependency, ImportError),
        (errors.NotFittedError, AttributeError),
        (errors.NotFittedError, ValueError),
        (errors.StateError, ValueError),
        (errors.LateResponse, ValueError),
        (errors.DataWarning, UserWarning),
    ],
)
def test_errors_are_caught_as_what_python_calls_them(kind, builtin):
    assert issubclass(kind, builtin)


def test_warnings_can_be_silenced_by_their_root():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.AdaptLearnWarning)
        for kind in (errors.DataWarning, errors.IdentificationWarning, errors.ConvergenceWarning):
            warnings.warn("quiet", kind, stacklevel=1)
