"""What opens on promotion, and promotion by the lower ends of intervals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.errors import StateError
from adaptlearn.models import BKT
from adaptlearn.planning import PromotionRules, course_opening, promotion_report
from adaptlearn.sequencing import Override
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.simulation import simulate_school

SKILLS = ["count", "add", "multiply", "divide", "draw"]
SCHOOL = Curriculum.from_dict(
    {
        "skills": SKILLS,
        "prerequisites": [["count", "add"], ["add", "multiply"], ["multiply", "divide"]],
        "standards": {"5.M": ["multiply", "divide"], "4.A": ["add"]},
        "courses": [
            {"course": "math 5", "units": [{"unit": "1", "standards": ["5.M"]}]},
            {
                "course": "math 4",
                "units": [{"unit": "1", "standards": ["4.A"], "skills": ["draw"]}],
            },
        ],
    }
)
RATES = {"prior": [0.97, 0.5, 0.3, 0.05, 0.02], "learn": [0.2] * 5, "guess": [0.2] * 5}
MODEL = BKT.from_parameters({"skill": SKILLS, **RATES, "slip": [0.1] * 5})


def sequencer_of(**options: Any) -> Sequencer:
    log = {"student": ["ann"] * 6, "skill": ["add"] * 6, "correct": [1] * 6}
    tracker = MasteryTracker(MODEL).update(log)
    options = {"random_state": 0, "new_students": True, **options}
    return Sequencer(SCHOOL, tracker, MasteryThreshold(), **options)


def test_a_course_opens_where_a_student_stands() -> None:
    found = course_opening(sequencer_of(), ["ann", "ben"], "math 5")
    assert found.skills.tolist() == ["count", "add", "multiply", "divide"]
    assert found.own.tolist() == [False, False, True, True]
    assert json.loads(json.dumps(found.to_dict()))["students"] == [
        {
            "student": "ann",
            "carries_over": ["count", "add"],
            "frontier": ["multiply"],
            "to_ask": ["multiply"],
        },
        {
            "student": "ben",
            "carries_over": ["count"],
            "frontier": ["add"],
            "to_ask": ["add", "multiply"],
        },
    ]
    assert "begins with" in str(found)
    assert found.to_frame().shape == (8, 6)
    granted = [Override("grant", "multiply", student="ben", author="Ms Lee", reason="a test")]
    ben = course_opening(sequencer_of(overrides=granted), "ben", "math 5").to_dict()["students"][0]
    assert ben["carries_over"] == ["count", "multiply"]
    assert ben["frontier"] == ["add", "divide"]
    assert ben["to_ask"] == ["add"]


def test_a_course_asks_for_its_standards_and_for_the_other_skills_of_its_units() -> None:
    rules = PromotionRules(SCHOOL, {"rules": {"grade 4": {"course": "math 4"}}})
    assert [one.label for one in rules.demands] == ["4.A", ("math 4", "1")]
    assert [one.skills.tolist() for one in rules.demands] == [[1], [4]]


@pytest.fixture(scope="module")
def unsure() -> tuple[BKT, ResponseLog, Curriculum]:
    made = simulate_school(n_students=60, n_skills=3, n_responses_per_skill=6, random_state=1)
    log = ResponseLog.from_frame(made.responses)
    standards = {"S": log.skill.labels[:2].tolist()}
    curriculum = Curriculum.from_dict({**made.curriculum, "standards": standards})
    return BKT(uncertainty=True, n_init=1).fit(log), log, curriculum


def test_a_tracker_passes_on_the_intervals_of_its_model(
    unsure: tuple[BKT, ResponseLog, Curriculum],
) -> None:
    model, log, curriculum = unsure
    tracker = MasteryTracker(model).update(log)
    whole = model.mastery(log)
    assert whole.lower is not None
    assert whole.upper is not None
    assert tracker.mastery().lower is None
    students = [*log.student.labels[[7, 3]].tolist(), "nobody"]
    mine = log[np.isin(log.student.codes, [3, 7])]
    found = tracker.mastery(students, history=mine)
    assert found.lower is not None
    assert found.upper is not None
    np.testing.assert_allclose(found.lower[:2], whole.lower[[7, 3]])
    np.testing.assert_allclose(found.upper[:2], whole.upper[[7, 3]])
    assert np.isnan(found.lower[2]).all()
    assert (found.value == tracker.mastery(students).value).all()
    with pytest.raises(StateError, match="the history leads to another mastery"):
        tracker.mastery(students, history=mine[:-1])
    with pytest.raises(StateError, match="the history leads to another mastery"):
        tracker.mastery(history=mine)

    rules = {"rules": {"one": "S"}, "answers": 0, "days": 0, "review_after": None}
    sequencer = Sequencer(curriculum, tracker, random_state=0)
    by_value, by_lower = (
        promotion_report(
            sequencer, students[:2], PromotionRules(curriculum, {**rules, "bound": bound}), log=log
        )
        for bound in ("value", "lower")
    )
    column = {skill: at for at, skill in enumerate(whole.skills.tolist())}
    asked = [column[curriculum.skills[at]] for at in by_lower.demands[0].skills]
    wanted = whole.lower[np.ix_([7, 3], asked)].prod(axis=1)
    np.testing.assert_allclose(by_lower.known[:, 0], wanted)
    assert (by_lower.known < by_value.known).all()


def test_a_model_without_intervals_stays_as_it_is() -> None:
    log = {"student": ["ann"] * 6, "skill": ["add"] * 6, "correct": [1] * 6}
    tracker = MasteryTracker(MODEL).update(log)
    assert tracker.mastery(["ann"], history=log).lower is None
