from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.conftest import trials
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, Sequencer
from adaptlearn.curriculum.graph.bits import pack, unpack
from adaptlearn.errors import UnknownLabelError
from adaptlearn.sequencing import Override, explanation, preset
from adaptlearn.sequencing.policies import MasteryThreshold

SKILLS = ["count", "add", "multiply", "measure"]


def explain(known: list[float], lesson: Any, **options: Any) -> Any:
    options = {"policy": MasteryThreshold(), **options}
    made = Sequencer(chain(), FakeTracker(SKILLS, {"ann": known}), **options)
    return made.explain("ann", lesson)


def test_a_blocked_lesson_names_what_is_missing_and_the_way_there() -> None:
    found = explain([0.6, 0.2, 0.1, 0.1], "multiply")
    assert found.status == "blocked"
    assert [(m.skill, m.mastery, m.needed_by) for m in found.missing] == [("add", 0.2, "multiply")]
    assert found.unlock == ("count", "add")
    assert found.score is None
    assert str(found) == (
        '"multiply" is not open to ann yet. "multiply" needs "add" first. Mastery of "add" is 0.20 '
        '(threshold 0.95). To get there, master in this order: "count", then "add".'
    )


def test_the_way_there_keeps_the_curriculums_order() -> None:
    school = Curriculum.from_dict({"skills": [3, 1, 2], "prerequisites": [[1, 2], [3, 2]]})
    made = Sequencer(school, FakeTracker([1, 2, 3], {"ann": [0.1, 0.1, 0.1]}))
    assert made.explain("ann", 2).unlock == (3, 1)
    assert [missing.skill for missing in made.explain("ann", 2).missing] == [3, 1]


def test_an_open_lesson_says_where_it_stands() -> None:
    best = explain([0.99, 0.2, 0.1, 0.4], "measure")
    assert (best.status, best.n_eligible, best.n_better, best.n_tied) == ("eligible", 2, 0, 1)
    assert "It has the best score of the 2 lessons" in str(best)
    behind = explain([0.99, 0.2, 0.1, 0.4], "add")
    assert (behind.n_better, behind.score) == (1, 0.2)
    assert "Of 2 lessons that may be given, 1 other scores higher." in str(behind)
    tied = explain([0.99, 0.4, 0.1, 0.4], "add")
    assert "one of 2 with the best score" in str(tied)
    assert "the only lesson" in str(explain([0.1] * 4, "count"))


def test_a_mastered_lesson_says_so() -> None:
    found = explain([0.99, 0.2, 0.1, 0.1], "count")
    assert found.status == "mastered"
    assert found.unlock == ()
    assert (
        str(found)
        == 'ann has already mastered what "count" teaches: "count" 0.99 (threshold 0.95).'
    )


def test_what_no_lesson_teaches_is_out_of_reach() -> None:
    school = Curriculum.from_dict(
        {"prerequisites": [["a", "b"], ["b", "c"]], "lessons": {"A": ["a"], "C": ["c"]}}
    )
    made = Sequencer(school, FakeTracker(["a", "b", "c"], {"ann": [0.1, 0.1, 0.1]}))
    found = made.explain("ann", "C")
    assert (found.status, found.unlock, found.unreachable) == ("blocked", (), ("b",))
    assert 'No lesson leads there: no lesson that can open teaches "b".' in str(found)


def test_what_the_lesson_teaches_itself_is_not_missing() -> None:
    school = Curriculum.from_dict(
        {"prerequisites": [["a", "b"], ["x", "b"]], "lessons": {"AB": ["a", "b"], "X": ["x"]}}
    )
    made = Sequencer(school, FakeTracker(["a", "b", "x"], {"ann": [0.1, 0.1, 0.1]}))
    found = made.explain("ann", "AB")
    assert [(m.skill, m.needed_by) for m in found.missing] == [("x", "b")]
    assert found.unlock == ("X",)


def test_a_policys_own_refusal() -> None:
    def never(context: Any) -> Any:
        shape = (len(context.students), 4)
        return np.zeros(shape), np.zeros(shape, bool)

    found = explain([0.99, 0.2, 0.1, 0.1], "add", policy=never)
    assert (found.status, found.threshold, found.skills[0].mastered) == ("refused", None, None)
    assert str(found).startswith('The policy never does not allow "add" for ann now.')


def test_near_spellings() -> None:
    with pytest.raises(UnknownLabelError, match=r"unknown lesson.*\n.*did you mean 'multiply'"):
        explain([0.1] * 4, "multiplly")
    made = Sequencer(chain(), FakeTracker(SKILLS, {"ann": [0.1] * 4}))
    with pytest.raises(UnknownLabelError, match=r"unknown student.*\n.*did you mean 'ann'"):
        made.explain("anne", "count")


def test_it_survives_json() -> None:
    content = json.loads(json.dumps(explain([0.6, 0.2, 0.1, 0.1], "multiply").to_dict()))
    assert content["unlock"] == ["count", "add"]
    assert content["skills"] == [{"skill": "multiply", "mastery": 0.1, "mastered": False}]


def test_following_the_way_there_opens_the_lesson() -> None:
    rng = np.random.default_rng(7)
    for trial in range(60):
        n = 8
        school = Curriculum.repaired(
            {
                "skills": list(range(n)),
                "prerequisites": rng.integers(0, n, (12, 2)).tolist(),
                "lessons": [
                    {"lesson": k, "skills": sorted(set(rng.integers(0, n, 2).tolist()))}
                    for k in range(7)
                ],
            }
        )
        known = np.where(rng.random((1, n)) < 0.3, 0.99, 0.2)
        tracker = FakeTracker(list(range(n)), known)
        made = Sequencer(school, tracker, MasteryThreshold(), random_state=trial)
        goal = int(rng.integers(7))
        found = made.explain(0, goal)
        for step in found.unlock:
            assert made.explain(0, step).status == "eligible"
            tracker.known[0, school.skills_of(step)] = 0.99
        if found.status == "blocked":
            assert bool(found.unlock) != bool(found.unreachable)
        if found.unlock:
            assert made.explain(0, goal).status in {"eligible", "mastered"}


def test_a_lesson_shut_by_alternatives_names_the_ways():
    school = Curriculum.from_dict(
        {
            "skills": ["multiply", "fractions", "decimals", "percent"],
            "prerequisites": [["multiply", "percent"], [["fractions", "decimals"], "percent"]],
        }
    )
    skills = ["multiply", "fractions", "decimals", "percent"]
    shut = Sequencer(school, FakeTracker(skills, {"ann": [0.99, 0.3, 0.2, 0.1]}))
    found = shut.explain("ann", "percent")
    assert found.status == "blocked"
    assert [(one.skill, one.instead) for one in found.missing] == [("fractions", ("decimals",))]
    assert '"percent" needs "fractions" or "decimals" first.' in found.text
    assert found.unlock[0] in ("fractions", "decimals")
    one_way = Sequencer(school, FakeTracker(skills, {"ann": [0.99, 0.3, 0.99, 0.1]}))
    assert one_way.explain("ann", "percent").status == "eligible"


def by_rounds(school: Curriculum, goal: int, needed: Any, mastered: Any, known: Any) -> list[int]:
    """The way there as it is meant: every round looks at all lessons anew."""
    known = known.copy()
    route: list[int] = []
    while (wanted := needed & ~known).any():
        opened = unpack(school.standing(pack(~mastered[None]), pack(~known[None])).open, 1)[0]
        steps = np.flatnonzero(opened & (school.teaches @ wanted > 0)).tolist()
        if opened[goal] or not steps:
            return route if opened[goal] else []
        for step in steps:
            taught = school.teaches[[step]].indices
            if wanted[taught].any():
                route.append(step)
                known[taught], wanted[taught] = True, False
    return route


def test_the_way_there_is_that_of_whole_rounds() -> None:
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(trials(60)):
        n = 10
        skills = list(range(n))
        before = [rng.choice(k, min(k, int(rng.integers(1, 4))), replace=False).tolist()
                  for k in range(1, n)]  # fmt: skip
        school = Curriculum.repaired(
            {
                "skills": skills,
                "prerequisites": [
                    [ways if len(ways) > 1 else ways[0], k + 1] for k, ways in enumerate(before)
                ],
                "lessons": [
                    {"lesson": k, "skills": rng.choice(n, 2, replace=False).tolist()}
                    for k in range(n)
                ],
            }
        )
        mastered = rng.random(n) < 0.2
        made = Sequencer(
            school, FakeTracker(skills, np.where(mastered, 0.99, 0.2)[None]), MasteryThreshold()
        )
        for goal in range(n):
            told = made.explain(0, goal)
            if told.status != "blocked":
                continue
            needed = np.zeros(n, bool)
            for missing in told.missing:
                for skill in (missing.skill, *missing.instead):
                    needed[[skill, *school.ancestors(skill).tolist()]] = True
            way = by_rounds(school, goal, needed, mastered, mastered)
            assert told.unlock == tuple(way)
            found += len(way) > 1
    assert found


def test_a_long_way_costs_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 300
    looked: list[int] = []
    is_open = explanation._is_open

    def counted(school: Curriculum, lesson: int, mastered: Any, known: Any) -> bool:
        looked.append(lesson)
        return is_open(school, lesson, mastered, known)

    monkeypatch.setattr(explanation, "_is_open", counted)
    school = Curriculum.from_dict({"prerequisites": [[k, k + 1] for k in range(n)]})
    made = Sequencer(school, FakeTracker(list(range(n + 1)), {"ann": [0.1] * (n + 1)}))
    assert made.explain("ann", n).unlock == tuple(range(n))
    assert len(looked) <= n


def test_a_review_that_a_teacher_does_not_want_is_barred():
    class Due:
        fingerprint = "due"

        def look(self, context):
            return np.zeros(context.mastery.shape), np.ones(context.mastery.shape)

    ban = Override("ban", "count", author="Ms Lee", reason="enough of it")
    tracker = FakeTracker(SKILLS, {"ann": [0.99] * 4})
    made = Sequencer(chain(), tracker, preset("balanced"), overrides=[ban], review=Due())
    assert made.explain("ann", "count").status == "barred"
    assert "Ms Lee" in str(made.explain("ann", "count"))
    assert made.explain("ann", "add").status == "eligible"
