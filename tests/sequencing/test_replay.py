"""Decisions in words, and a student's way from the record."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.sequencing import Override, replay
from adaptlearn.sequencing.policies import MasteryThreshold

SKILLS = ["count", "add", "multiply", "measure"]


@pytest.fixture(scope="module")
def record():
    """Decisions about two students, with answers between them, as JSON holds them."""
    model = BKT.from_parameters(
        {
            "skill": SKILLS,
            "prior": [0.3] * 4,
            "learn": [0.2] * 4,
            "guess": [0.2] * 4,
            "slip": [0.1] * 4,
        }
    )
    tracker = MasteryTracker(model, practice=True)
    policy = MasteryThreshold()
    made = Sequencer(chain(), tracker, policy, random_state=0, new_students=True)
    held = []
    for day in range(6):
        (decision,) = made.recommend("ann", now=float(day))
        held.append(decision.to_dict())
        if decision.lesson is not None:
            answers = {"student": ["ann"] * 2, "skill": [decision.lesson] * 2, "correct": [1, 1]}
            tracker.update(answers)
    held.append(made.recommend("bob", now=3.0)[0].to_dict())
    return json.loads(json.dumps(held))


def test_a_replay_steps_from_answers_to_beliefs_to_decisions(record):
    shuffled = [record[place] for place in np.random.default_rng(0).permutation(len(record))]
    found = replay([*shuffled, record[0]], "ann")
    assert len(found) == 6
    assert [step.time for step in found.steps] == [0, 1, 2, 3, 4, 5]
    first, second = found.steps[:2]
    assert first.answers == {"count": (0, "")}
    assert first.beliefs["count"][0] is None
    assert first.beliefs["count"][1] == pytest.approx(0.3)
    assert second.answers == {"count": (2, "11")}
    before, now = second.beliefs["count"]
    assert before == pytest.approx(0.3)
    assert now > 0.8
    table = found.table()
    assert len({len(column) for column in table.values()}) == 1
    assert table["new_answers"][:2] == [0, 2]
    text = str(found)
    assert text.startswith('ann: 6 decisions\n1. (0 s) ann: "count"')
    assert "count: 2 new answers (11), mastery 0.30 -> 0.9" in text
    assert found._repr_html_().count("<tr>") == 7


def test_decisions_replay_a_student():
    made = Sequencer(chain(), FakeTracker(SKILLS, {"ann": [0.1] * 4, "ben": [0.99] * 4}))
    assert [
        step.decision.lesson for step in made.recommend(["ann", "ben"]).replay("ann").steps
    ] == ["count"]


def test_a_replay_tells_a_belief_from_the_threshold():
    tracker = FakeTracker(SKILLS, {"ann": [0.9986, 0.9995, 0.9995, 0.9995]})
    made = Sequencer(chain(), tracker, random_state=0)
    held = [made.recommend("ann", now=1.0)[0]]
    tracker.known[0, 0] = 0.9989
    held.append(made.recommend("ann", now=2.0)[0])
    assert "mastery 0.9986 -> 0.9989" in str(replay(held, "ann"))


def test_a_replay_of_nobody_names_near_spellings(record):
    with pytest.raises(UnknownLabelError, match="did you mean 'ann'"):
        replay(record, "anna")


def decision_of(known, **options):
    options = {"policy": MasteryThreshold(), "random_state": 0, **options}
    made = Sequencer(chain(), FakeTracker(SKILLS, {"ann": known}), **options)
    return made.recommend("ann")[0]


def test_sentences_for_students_and_teachers():
    begun = decision_of([0.99, 0.3, 0.1, 0.6])
    assert begun.sentence() == "Next: measure. You almost know it."
    assert begun.sentence("teacher") == (
        'ann: "measure", for "measure" (mastery 0.60). Lessons to choose from: 2. Next best: "add".'
    )
    done = decision_of([0.99] * 4)
    assert done.sentence() == "You know everything here. Well done!"
    pin = Override("pin", "add", "ann", author="Lee", reason="for Monday")
    pinned = decision_of([0.99, 0.3, 0.1, 0.6], overrides=[pin])
    assert pinned.sentence("teacher") == 'ann: "add", chosen by Lee (for Monday).'
    tied = decision_of([0.99, 0.5, 0.1, 0.5])
    assert tied.sentence("teacher").endswith(
        'Drawn by chance, with probability 0.50. As good: "add".'
    )


def test_templates_can_be_translated_and_are_checked():
    begun = decision_of([0.99, 0.3, 0.1, 0.6])
    german = {"student": {"": "Als nächstes: {title}."}, "broken": {"": "{nothing}"}, "bare": {}}
    assert begun.sentence("student", german) == 'Als nächstes: "measure".'
    with pytest.raises(ParameterError, match="no templates for the audience 'parent'"):
        begun.sentence("parent")
    with pytest.raises(ParameterError, match="names 'nothing'"):
        begun.sentence("broken", german)
    with pytest.raises(ParameterError, match="no template for the code"):
        begun.sentence("bare", german)
