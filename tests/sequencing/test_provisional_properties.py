"""The default policy on any curriculum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.sequencing.fakes import default, open_to

from adaptlearn import Curriculum

LEVELS = [0.0, 0.3, 0.79, 0.8, 0.95, 0.998, 0.999, 1.0]


@st.composite
def schools(draw: st.DrawFn, spare: bool = False) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """A curriculum's content, and with `spare` an edge that may be added."""
    n = draw(st.integers(3, 6))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    few = min(3, len(pairs))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=few, max_size=8))
    skill = st.integers(0, n - 1)
    either: list[Any] = []
    if draw(st.booleans()):
        ways = draw(st.lists(st.integers(0, n - 2), unique=True, min_size=2, max_size=3))
        if not any((way, n - 1) in edges for way in ways):
            either = [[ways, n - 1]]
    some_skills = st.lists(skill, min_size=1, max_size=3, unique=True)
    taught = draw(st.lists(some_skills, min_size=2, max_size=6))
    unused = [pair for pair in pairs if pair not in edges and not either]
    extra = draw(st.sampled_from(unused)) if spare and unused else None
    content = {
        "skills": list(range(n)),
        "prerequisites": [*map(list, edges), *either],
        "lessons": [{"lesson": f"l{k}", "skills": skills} for k, skills in enumerate(taught)],
    }
    return content, extra


def mastery_of(content: dict[str, Any]) -> st.SearchStrategy[list[float]]:
    n = len(content["skills"])
    return st.lists(st.sampled_from(LEVELS), min_size=n, max_size=n)


def may_have(content: dict[str, Any], known: list[float]) -> list[str]:
    """The rule in other words than the library's."""
    found = []
    for lesson in content["lessons"]:
        taught = lesson["skills"]
        left = [skill for skill in taught if known[skill] < 0.999]
        blocked = False
        for before, skill in content["prerequisites"]:
            ways = before if isinstance(before, list) else [before]
            if skill in left and not any(known[way] >= 0.8 or way in taught for way in ways):
                blocked = True
        if left and not blocked:
            found.append(lesson["lesson"])
    return found


@given(st.data())
@settings(max_examples=trials(2500), deadline=None)
def test_what_is_recommended_may_be_given(data: st.DataObject) -> None:
    content, _ = data.draw(schools())
    known = data.draw(mastery_of(content))
    made = default(Curriculum.from_dict(content), known)
    allowed = may_have(content, known)
    assert open_to(made.curriculum, known) == allowed
    chosen = [one.lesson for one in made.recommend(0, n=9)]
    assert sorted(map(str, chosen)) == (allowed or ["None"])
    for lesson in content["lessons"]:
        found = made.explain(0, lesson["lesson"])
        assert (found.status == "eligible") == (lesson["lesson"] in allowed)


@given(st.data())
@settings(max_examples=trials(1000), deadline=None)
def test_one_more_prerequisite_opens_nothing(data: st.DataObject) -> None:
    content, extra = data.draw(schools(spare=True))
    known = data.draw(mastery_of(content))
    before = open_to(Curriculum.from_dict(content), known)
    if extra is not None:
        content = {**content, "prerequisites": [*content["prerequisites"], list(extra)]}
    assert set(open_to(Curriculum.from_dict(content), known)) <= set(before)


@given(st.data())
@settings(max_examples=trials(1000), deadline=None)
def test_to_know_more_closes_no_lesson_on_other_skills(data: st.DataObject) -> None:
    content, _ = data.draw(schools())
    school = Curriculum.from_dict(content)
    known = data.draw(mastery_of(content))
    raised = data.draw(st.sampled_from(range(len(known))))
    more = [*known]
    more[raised] = data.draw(st.sampled_from([one for one in LEVELS if one >= known[raised]]))
    closed = set(open_to(school, known)) - set(open_to(school, more))
    for lesson in closed:  # only because nothing is left in it
        taught = school.skills_of(lesson).tolist()
        assert raised in taught
        assert all(more[skill] >= 0.999 for skill in taught)


@pytest.mark.parametrize("reached", [0.8, 0.999])
@given(data=st.data())
@settings(max_examples=trials(1000), deadline=None)
def test_following_the_way_there_opens_the_lesson(data: st.DataObject, reached: float) -> None:
    content, _ = data.draw(schools())
    made = default(Curriculum.from_dict(content), data.draw(mastery_of(content)))
    known = made.tracker.known  # type: ignore[attr-defined]
    goal = data.draw(st.sampled_from(content["lessons"]))["lesson"]
    found = made.explain(0, goal)
    for step in found.unlock:
        assert made.explain(0, step).status == "eligible"
        taught = made.curriculum.skills_of(step)
        known[0, taught] = np.maximum(known[0, taught], reached)
    if found.status == "blocked":
        assert bool(found.unlock) != bool(found.unreachable)
    if found.unlock:
        assert made.explain(0, goal).status in {"eligible", "mastered"}
