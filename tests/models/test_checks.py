"""The public suite of promises: a model that breaks one is caught, by the name of the check."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import ClassVar

import numpy as np
import pytest
from tests.models.students import answers, with_items

from adaptlearn import ResponseLog
from adaptlearn.errors import ResponseDataError
from adaptlearn.models import BKT, Elo
from adaptlearn.models.checks import CHECKS, PromiseError, check_tracer, tracer_checks
from adaptlearn.models.checks.subject import Subject


class Sound(Elo):
    """Elo without a choice of its constants, to be broken below."""

    _constraints: ClassVar = {}

    def __init__(self, *, alpha=1.0):
        super().__init__(alpha=alpha, beta=0.05)


class KnowsItsOwnAnswer(Sound):
    def _one_step_ahead(self, log, state, numbers):
        return super()._one_step_ahead(log, state, numbers) * (1 - 0.01 * (log.correct == 1))


class KnowsTheNextAnswer(Sound):
    def _one_step_ahead(self, log, state, numbers):
        p = super()._one_step_ahead(log, state, numbers)
        return p * np.where(np.roll(log.correct, -1) == 1, 0.99, 1)


class RemembersOthers(Sound):
    """What it predicts rests on how many rows came before, of whomever."""

    def _one_step_ahead(self, log, state, numbers):
        return super()._one_step_ahead(log, state, numbers) * (1 - 1e-4 * (np.arange(len(log)) % 2))


class LearnsNothing(Sound):
    def _learn(self, level, memory):
        pass


class ForgetsRowsOnline(Sound):
    def _advance(self, state, log, numbers):
        super()._advance(state, log[: max(len(log) - 1, 1)], numbers)


class ChangesTheStateItPredictsFrom(Sound):
    def _one_step_ahead(self, log, state, numbers):
        p = super()._one_step_ahead(log, state, numbers)
        if state is not None:
            self._advance(state, log, numbers)
        return p


class CountsExposures(Sound):
    def _counts(self, state, students, skills):
        return super()._counts(state, students, skills) + 1


class KnowsTheTrainedOnly(Sound):
    def update_state(self, state, responses, *, students=None):
        super().update_state(state, responses, students=students)
        del state.skills[len(self.skills_) :]
        state._known = None
        return state


class TakesLateAnswers(Sound):
    def update_state(self, state, responses, *, students=None):
        state.last_time[:] = -np.inf
        return super().update_state(state, responses, students=students)


class KnowsNumbersOnly(Sound):
    def update_state(self, state, responses, *, students=None):
        return super().update_state(state, responses)


class NeverForgets(Sound):
    def init_state(self, n_students):
        state = super().init_state(n_students)
        vars(state)["forget"] = lambda students: None
        return state


class IsSilentlyHalf(Sound):
    def _one_step_ahead(self, log, state, numbers):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            p = super()._one_step_ahead(log, state, numbers)
        known = np.isin(log.skill.labels, self.skills_)[log.skill.codes]
        rows = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
        return np.where(np.bincount(rows, known, len(log)) == 0, 0.5, p)


class ChangesItsInput(Sound):
    def mastery(self, log, at=None, *, when="next_opportunity"):
        if isinstance(log, dict):
            log["correct"][0] = 1 - log["correct"][0]
        return super().mastery(log, at, when=when)


class FitsDifferently(Sound):
    fits = 0

    def fit(self, log, y=None):
        type(self).fits += 1
        self.alpha = 1 + 1e-3 * self.fits
        return super().fit(log)


class LosesItsSkillsInTheFile(Sound):
    def _restore_arrays(self, arrays):
        super()._restore_arrays({**arrays, "skill": arrays["skill"] * 0})


class TakesAnyState(Sound):
    def _check_state(self, state):
        pass


class CannotTakeOneRow(Sound):
    def _one_step_ahead(self, log, state, numbers):
        if len(log) == 1:
            raise IndexError("too few")
        return super()._one_step_ahead(log, state, numbers)


BROKEN = {  # what breaks, with all that rests on it
    KnowsItsOwnAnswer: {"own_answer", "next_response", "unseen"},
    KnowsTheNextAnswer: {
        "own_answer",
        "probabilities",
        "other_students",
        "batch_equals_online",
        "next_response",
        "unseen",
    },
    RemembersOthers: {"other_students", "probabilities", "batch_equals_online", "next_response"},
    LearnsNothing: {"own_answer", "practised", "probabilities"},  # alone a student still learns
    ForgetsRowsOnline: {
        "batch_equals_online",
        "next_response",
        "counts",
        "part_of_a_log",
        "rebuilt_student",
        "late_answer",
        "practised",
    },
    ChangesTheStateItPredictsFrom: {"batch_equals_online"},
    CountsExposures: {"counts", "part_of_a_log", "rebuilt_student", "practised"},
    KnowsTheTrainedOnly: {"practised"},
    TakesLateAnswers: {"late_answer"},
    KnowsNumbersOnly: {"named_students", "rebuilt_student"},
    NeverForgets: {"rebuilt_student", "practised"},
    IsSilentlyHalf: {"unseen"},
    ChangesItsInput: {"inputs"},
    FitsDifferently: {"clone", "other_students"},
    LosesItsSkillsInTheFile: {"saved"},
    TakesAnyState: {"state_of_another_model"},
    CannotTakeOneRow: {"one_row", "batch_equals_online", "unseen"},
}


def broken_by(model, log=None):
    with pytest.raises(PromiseError) as caught:
        check_tracer(model, log)
    return {problem.split(":")[0]: problem for problem in caught.value.problems}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_promise_is_named(kind):
    assert set(broken_by(kind())) == BROKEN[kind]


def test_a_model_that_keeps_them_passes():
    check_tracer(Sound())


def test_every_check_can_fail():
    caught = set().union(*BROKEN.values()) | {"student_numbers", "asked_times", "last_time"}
    assert caught == set(CHECKS)


def test_a_broken_promise_says_what_was_found():
    assert (
        "the answer of row 0 moves the prediction of row 0"
        in broken_by(KnowsItsOwnAnswer())["own_answer"]
    )
    assert "column 'correct' of the caller's is changed" in broken_by(ChangesItsInput())["inputs"]
    assert "predictions online: 0." in broken_by(ForgetsRowsOnline())["batch_equals_online"]
    assert "an older answer is not refused" in broken_by(TakesLateAnswers())["late_answer"]
    assert "IndexError('too few')" in broken_by(CannotTakeOneRow())["one_row"]


def test_a_model_that_cannot_be_fitted_breaks_all_of_them():
    broken = broken_by(BKT(guess_by="lesson"))  # the simulated answers have no such column
    assert set(broken) == set(CHECKS)
    assert all("'lesson'" in problem for problem in broken.values())


def test_the_checks_are_named_and_come_one_by_one():
    checks = list(tracer_checks(Sound()))
    assert [str(check) for check in checks] == [check.name for check in checks] == list(CHECKS)
    for check in checks:
        assert check.promise.endswith(".")
        check()
    broken = {str(check): check for check in tracer_checks(LearnsNothing())}
    broken["one_row"]()
    with pytest.raises(AssertionError, match="own_answer"):
        broken["own_answer"]()


def test_the_model_that_is_given_stays_as_it_is():
    model = Sound()
    check_tracer(model)
    assert not model.__sklearn_is_fitted__()


def test_a_log_of_the_callers_own_is_what_it_is_checked_on():
    columns = with_items(answers(60, 6, seed=2))
    rng = np.random.default_rng(0)
    columns |= {
        "student": np.array([f"s{n}" for n in columns["student"]]),
        "lesson": rng.integers(0, 3, len(columns["correct"])),
        "correct": np.where(rng.random(len(columns["correct"])) < 0.05, np.nan, columns["correct"]),
        "skill": [[s, "zip"] if n % 4 == 0 else [s] for n, s in enumerate(columns["skill"])],
        "time": rng.permutation(len(columns["correct"])) * 60.0,
    }
    log = ResponseLog.from_frame(columns, extra=["lesson"], unanswered="exposure")
    check_tracer(BKT(n_init=1, guess_by="lesson", slip_by="lesson"), log)
    subject = Subject(BKT(), log)
    assert subject.probe["lesson"].shape == subject.probe["time"].shape
    assert max(map(len, subject.probe["skill"])) == 2
    integers = {**with_items(answers(60, 6, seed=2)), "skill": np.tile([3, 5, 8], 360)}
    check_tracer(Sound(), integers)


def test_a_log_of_few_students_is_refused():
    with pytest.raises(ResponseDataError, match="it has 19 students; the checks need 20"):
        check_tracer(Sound(), answers(19, 5, seed=0))


def test_it_needs_no_pytest():
    code = """
import sys
from adaptlearn.models import Elo
from adaptlearn.models.checks import check_tracer
check_tracer(Elo(alpha=1.0, beta=0.05))
assert "pytest" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
