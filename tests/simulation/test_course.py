"""Courses: which items practise what, wrong tags and wrong graphs."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptlearn import Curriculum
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.simulation import Course, wrong_graph


@pytest.fixture
def school():
    return Curriculum.from_dict(
        {
            "prerequisites": [["count", "add"], ["add", "multiply"]],
            "lessons": [
                {"lesson": "numbers", "skills": ["count"], "minutes": 12},
                {"lesson": "sums", "skills": ["count", "add"]},
                {"lesson": "all", "skills": ["count", "add", "multiply"], "minutes": 6},
            ],
        }
    )


def edges(curriculum):
    return {tuple(edge) for edge in curriculum.to_dict()["prerequisites"]}


def test_items_go_round_the_lessons_skills(school):
    course = Course.of(school, n_items=2, minutes_per_item=1.5)
    assert course.practice.tolist() == [[0, 0, -1], [0, 1, -1], [0, 1, 2]]
    assert course.tags is course.practice
    assert course.minutes.tolist() == [6, 1.5, 2]
    assert repr(course) == "Course(3 skills, 2 prerequisites, 3 lessons, 7 items)"
    longer = Course.of(school, n_items=4)
    assert longer.practice[1].tolist() == [0, 1, 0, 1]


def test_order_puts_what_comes_before_first():
    backwards = Curriculum.from_dict(
        {"skills": ["c", "b", "a", "x"], "prerequisites": [["a", "b"], ["b", "c"]]}
    )
    assert Course.of(backwards).place.tolist() == [3, 2, 0, 1]


def test_missing_tags_are_a_share_of_the_items(school):
    course = Course.of(school, n_items=10)
    part = course.with_missing_tags(0.3)
    assert (part.tags < 0).sum() == 9
    np.testing.assert_array_equal(part.tags[part.tags >= 0], part.practice[part.tags >= 0])
    assert (course.with_missing_tags(1.0).tags == -1).all()
    np.testing.assert_array_equal(part.tags, course.with_missing_tags(0.3).tags)
    assert not np.array_equal(part.tags, course.with_missing_tags(0.3, random_state=1).tags)
    np.testing.assert_array_equal(course.tags, course.practice)


def test_wrong_tags_name_another_skill(school):
    course = Course.of(school, n_items=10)
    wrong = course.with_wrong_tags(0.5)
    differs = wrong.tags != wrong.practice
    assert differs.sum() == 15
    assert set(wrong.tags[differs].tolist()) == {0, 1, 2}
    np.testing.assert_array_equal(wrong.practice, course.practice)


def test_padding_is_no_item(school):
    course = Course.of(school, n_items=1).with_wrong_tags(1.0)
    assert (course.tags >= 0).tolist() == (course.practice >= 0).tolist()


def test_a_wrong_graph_keeps_the_lessons(school):
    course = Course.of(school)
    wrong = course.with_wrong_graph(reversed=1)
    assert edges(wrong.curriculum) == {("add", "count"), ("multiply", "add")}
    assert wrong.practice is course.practice
    assert wrong.curriculum.lessons.tolist() == school.lessons.tolist()
    assert edges(school) == {("count", "add"), ("add", "multiply")}


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, 0.5]), st.sampled_from([0.0, 0.25, 0.5]))
def test_errors_are_as_many_as_asked_for_and_close_no_cycle(seed, dropped, added):
    rng = np.random.default_rng(seed)
    right = [(a, b) for a in range(8) for b in range(a) if rng.random() < 0.3]
    right = [(int(a), int(b)) for a, b in right] or [(1, 0)]
    curriculum = Curriculum.from_dict({"skills": list(range(8)), "prerequisites": right})
    wrong = edges(wrong_graph(curriculum, dropped=dropped, added=added, random_state=rng))
    gone, new = set(right) - wrong, wrong - set(right)
    assert len(gone) == round(dropped * len(right))
    assert len(new) == round(added * len(right))
    assert not {(b, a) for a, b in new} & set(right)
    assert nx.is_directed_acyclic_graph(nx.DiGraph(list(wrong)))


def test_turning_round_stops_at_cycles():
    triangle = Curriculum.from_dict({"prerequisites": [["a", "b"], ["b", "c"], ["a", "c"]]})
    for seed in range(10):
        wrong = edges(wrong_graph(triangle, reversed=2 / 3, random_state=seed))
        turned = wrong - edges(triangle)
        assert len(turned) == 2
        assert nx.is_directed_acyclic_graph(nx.DiGraph(list(wrong)))


def test_a_skill_that_no_lesson_teaches_is_named():
    content = {"prerequisites": [["a", "b"], ["b", "c"]], "lessons": {"1": ["a"], "2": ["c"]}}
    with pytest.warns(DataWarning, match="no lesson teaches 'b': ") as caught:
        course = Course.of(Curriculum.from_dict(content))
    assert caught[0].filename == __file__
    assert course.practice.max(axis=1).tolist() == [0, 2]


def test_arguments_are_checked(school):
    with pytest.raises(ParameterError) as caught:
        wrong_graph(school, dropped=0.7, added=2, reversed=0.5)
    assert len(caught.value.problems) == 2
    with pytest.raises(ParameterError, match="asked to add 2 prerequisites, but only 1"):
        wrong_graph(school, added=1)
    with pytest.raises(ParameterError, match="n_items must be"):
        Course.of(school, n_items=0)
    with pytest.raises(ParameterError, match="no other skill"):
        Course.of(Curriculum.from_dict({"skills": ["a"]})).with_wrong_tags(0.5)
    with pytest.raises(ParameterError, match="share must be"):
        Course.of(school).with_missing_tags(-0.1)
