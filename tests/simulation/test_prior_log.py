"""What was logged before, and the course that is made up."""

from collections import Counter

import numpy as np
import pytest

from adaptlearn import Curriculum, ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.simulation import Course, TwoState, baselines, prior_log, random_course, run_episode

COURSE = Course.of(Curriculum.from_dict({"skills": ["add", "draw", "spell"]}))


def test_ten_answers_on_each_skill():
    log = prior_log(TwoState(3), COURSE, n_students=20)
    table = ResponseLog.from_frame(log)
    assert (len(table), table.n_students) == (600, 20)
    counts = Counter(zip(log["student"].tolist(), log["skill"].tolist(), strict=True))
    assert len(counts) == 60
    assert set(counts.values()) == {10}
    for student in range(20):
        assert (np.diff(log["time"][log["student"] == student]) > 0).all()


def test_they_are_other_students_than_those_of_small_seeds():
    policy = baselines(COURSE)["fixed_order"]
    log = prior_log(TwoState(3), COURSE, n_students=20)
    again = prior_log(TwoState(3), COURSE, n_students=20, seed=1)
    episode = run_episode(TwoState(3), policy, COURSE, n_students=20, seeds=[1], record=True)
    assert episode.responses is not None
    np.testing.assert_array_equal(again["correct"], episode.responses.correct)
    assert (log["correct"] != again["correct"]).any()


def test_answers_without_a_tag_are_not_in_it():
    whole = prior_log(TwoState(3), COURSE, n_students=20)
    log = prior_log(TwoState(3), COURSE.with_missing_tags(0.4), n_students=20)
    assert 0 < len(log["skill"]) < len(whole["skill"]) * 1.5
    assert set(log["skill"].tolist()) <= {"add", "draw", "spell"}
    policy = baselines(COURSE)["three_in_a_row"]
    taught = prior_log(TwoState(3), COURSE, n_students=20, policy=policy)
    assert len(taught["skill"]) != len(whole["skill"])


def test_an_estimator_finds_the_parameters_in_it():
    model = BKT().fit(prior_log(TwoState(3, learn=[0.1, 0.2, 0.3]), COURSE, n_students=3000))
    assert model.skills_.tolist() == ["add", "draw", "spell"]
    np.testing.assert_allclose(model.parameters_["learn"], [0.1, 0.2, 0.3], atol=0.03)


def test_a_course_is_made_up():
    course = random_course(30, random_state=1)
    first, then = np.array(course.curriculum.to_dict()["prerequisites"]).T
    assert ((then - first >= 1) & (then - first <= 5)).all()
    assert set(np.bincount(then, minlength=30)[1:]) == {1, 2}
    assert random_course(1).n_lessons == 1
    same, other = random_course(30, 1).curriculum, random_course(30, 2).curriculum
    assert same.to_dict() == course.curriculum.to_dict() != other.to_dict()
    with pytest.raises(ParameterError) as caught:
        random_course(0, most_prerequisites=0)
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "n_skills", "most_prerequisites"
    ]  # fmt: skip


def test_a_course_may_have_more_prerequisites():
    usual, dense = (random_course(40, 1, most_prerequisites=most) for most in (2, 4))
    assert usual.curriculum.to_dict() == random_course(40, 1).curriculum.to_dict()
    first, then = np.array(dense.curriculum.to_dict()["prerequisites"]).T
    assert ((then - first >= 1) & (then - first <= 5)).all()
    assert set(np.bincount(then, minlength=40)[5:]) == {1, 2, 3, 4}
    # Of five skills, four draws hit 5 (1 - 0.8^4) different ones on average.
    expected = 5 * (1 - 0.8**4)
    many = random_course(2000, 1, most_prerequisites=4).curriculum.prerequisites.nnz
    assert many / 2000 == pytest.approx(expected, abs=0.1)


def test_a_budget_without_answers_is_refused():
    with pytest.raises(ParameterError, match="no answer fits into the budget of 1 minutes"):
        prior_log(TwoState(3), COURSE, n_students=5, budget=1)
