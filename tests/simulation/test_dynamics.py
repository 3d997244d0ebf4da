"""One step of answering and learning."""

import numpy as np
import pytest

from adaptlearn.simulation.students import answer, learn, probability_correct, ready

N = 40_000
# A rate of N draws lies within 4.5 standard errors of its probability but once in 10^5 tests.
MARGIN = 4.5 * 0.5 / np.sqrt(N)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_probability_correct_broadcasts():
    known = np.array([[True, False], [False, True]])
    p = probability_correct(known, guess=np.array([0.1, 0.2]), slip=np.array([0.3, 0.4]))
    np.testing.assert_allclose(p, [[0.7, 0.2], [0.1, 0.6]])


def test_answers_have_their_probability(rng):
    known = np.arange(N) % 2 == 0
    correct = answer(known, np.full(N, 0.2), np.full(N, 0.1), rng)
    assert correct[known].mean() == pytest.approx(0.9, abs=2 * MARGIN)
    assert correct[~known].mean() == pytest.approx(0.2, abs=2 * MARGIN)


def test_learning_and_forgetting_have_theirs(rng):
    known = np.arange(N) % 2 == 0
    later = learn(known, np.full(N, 0.3), np.full(N, 0.05), rng)
    assert later[~known].mean() == pytest.approx(0.3, abs=2 * MARGIN)
    assert later[known].mean() == pytest.approx(0.95, abs=2 * MARGIN)


def test_who_is_not_ready_forgets_but_does_not_learn(rng):
    later = learn([True, False], 1.0, 0.0, rng, ready=False)
    assert later.tolist() == [True, False]
    assert not learn(np.ones(5, bool), 1.0, 1.0, rng, ready=False).any()


def test_certainties_are_certain(rng):
    known = np.array([True, False] * 500)
    np.testing.assert_array_equal(answer(known, 0.0, 0.0, rng), known)
    np.testing.assert_array_equal(learn(known, 0.0, 0.0, rng), known)
    np.testing.assert_array_equal(learn(known, 1.0, 1.0, rng), ~known)


def test_inputs_are_not_changed(rng):
    known = np.zeros(10, bool)
    learn(known, 1.0, 0.0, rng)
    assert not known.any()


def test_ready_asks_for_every_direct_prerequisite():
    before = np.zeros((3, 3), bool)
    before[2, [0, 1]] = True
    known = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    assert ready(known, np.array([2, 2, 2]), before).tolist() == [True, False, False]
    assert ready(known, np.array([0, 1, 0]), before).all()
