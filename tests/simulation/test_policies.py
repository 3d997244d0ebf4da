"""Array policies: what may be given, what is drawn, and how probable it was."""

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import Course, TwoState, baselines
from adaptlearn.simulation.teachers import ArrayPolicy, View, in_a_row
from adaptlearn.simulation.teachers.policies import (
    any_lesson,
    drawn,
    equally,
    highest,
    in_order,
    open_lessons,
    unfinished_lessons,
)


@pytest.fixture
def course():
    return Course.of(
        Curriculum.from_dict(
            {
                "prerequisites": [["a", "b"], ["b", "c"]],
                "lessons": {"bc": ["b", "c"], "a": ["a"], "b": ["b"], "c": ["c"]},
            }
        )
    )


@pytest.fixture
def view(course):
    mastered = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
    value = np.array([[0.1, 0.2, 0.3], [1, 0.4, 0.8], [1, 1, 0.5], [1, 1, 1]])
    return View(course, value, mastered)


def test_what_may_be_given(view, course):
    np.testing.assert_array_equal(open_lessons(view), course.curriculum.open_lessons(view.mastered))
    assert open_lessons(view).astype(int).tolist() == [
        [0, 1, 0, 0],
        [1, 0, 1, 0],
        [1, 0, 0, 1],
        [0, 0, 0, 0],
    ]
    assert unfinished_lessons(view).astype(int).tolist() == [
        [1, 1, 1, 1],
        [1, 0, 1, 1],
        [1, 0, 0, 1],
        [0, 0, 0, 0],
    ]
    assert any_lesson(view).all()


def test_scores(view):
    np.testing.assert_allclose(
        highest(view),
        [[0.25, 0.1, 0.2, 0.3], [0.6, 0.0, 0.4, 0.8], [0.5, 0.0, 0.0, 0.5], [0.0] * 4],
    )
    assert np.argsort(-in_order(view)[0]).tolist() == [1, 2, 0, 3]
    assert not equally(view).any()


def test_scores_where_each_lesson_has_one_skill():
    course = Course.of(
        Curriculum.from_dict({"skills": ["x", "y"], "lessons": {"2": ["y"], "1": ["x"]}})
    )
    view = View(course, np.array([[0.2, 0.7], [0.2, 0.7]]), np.array([[0, 0], [0, 1]], bool))
    assert highest(view).tolist() == [[0.7, 0.2], [0, 0.2]]


@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_lessons_are_drawn_with_their_propensity(temperature):
    n = 40_000
    score = np.tile([0.9, 0.2, 0.9, 0.95], (n, 1))
    eligible = np.tile([True, True, True, False], (n, 1))
    rng = np.random.default_rng(0)
    lesson, propensity = drawn(score, eligible, rng.random(n), temperature)
    weight = np.array([1, 0, 1, 0]) if not temperature else np.exp(np.array([3, 2 / 3, 3, -99]))
    share = weight / weight.sum()
    for one in range(4):
        assert (lesson == one).mean() == pytest.approx(share[one], abs=2.25 / np.sqrt(n))
    np.testing.assert_allclose(propensity, share[lesson])


@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_the_ends_of_the_draw_and_nothing_to_give(temperature):
    score = np.zeros((3, 3))
    eligible = np.array([[0, 1, 1], [0, 1, 1], [0, 0, 0]], bool)
    draw = np.array([0.0, np.nextafter(1, 0), 0.5])
    lesson, propensity = drawn(score, eligible, draw, temperature)
    assert lesson.tolist() == [1, 2, -1]
    assert propensity.tolist() == [0.5, 0.5, 1]


def test_a_wrong_shape_is_named(course):
    policy = ArrayPolicy("mine", in_a_row(), score=lambda view: view.value)
    teaching = policy.start(course, TwoState(3).start(5, np.random.default_rng(0)))
    with pytest.raises(ParameterError, match=r"mine.*\n.*\(5, 3\)"):
        teaching.choose(np.arange(5), np.zeros(5), 0.0)
    with pytest.raises(ParameterError, match="temperature must be"):
        ArrayPolicy("mine", in_a_row(), temperature=-1)


def test_baselines_are_these(course):
    made = baselines(course, parameters={"prior": [0.5, 0.5, 0.5], "skill": ["a", "b", "c"]})
    assert [*made] == [
        "random",
        "fixed_order",
        "random_in_fringe",
        "three_in_a_row",
        "moving_average",
        "knowledge_tracing",
        "zpdes",
        "oracle",
    ]
    assert all(name == policy.name for name, policy in made.items())
    assert {name for name, policy in made.items() if policy.family} == {"knowledge_tracing"}
    students = TwoState(3).start(2, np.random.default_rng(0))
    belief = made["knowledge_tracing"].estimator.start(course, students)
    assert belief.estimate(np.arange(2)).value.tolist() == [[0.5] * 3] * 2
