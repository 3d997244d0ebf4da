"""What students need, as a sequencer sees it; and the groups of many classes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.planning import Needs, Slot, form_class_groups, form_groups
from adaptlearn.sequencing import Goals, Override
from adaptlearn.sequencing.policies import MasteryThreshold

SCHOOL = Curriculum.from_dict(
    {"prerequisites": [["count", "add"], ["add", "multiply"], ["count", "measure"]]}
)
KNOWN = np.array([[0.99, 0.4, 0.1, 0.2], [0.5, 0.1, 0.1, 0.1], [0.99, 0.97, 0.3, 0.96]])
RATES = {"prior": 0.1, "learn": 0.1, "guess": 0.2, "slip": 0.1}


def sequencer_of(**options: Any) -> Sequencer:
    rates = {name: [rate] * 4 for name, rate in RATES.items()}
    tracker = MasteryTracker(BKT.from_parameters({"skill": SCHOOL.skills.tolist(), **rates}))
    for student, row in zip(("ann", "ben", "cat"), KNOWN, strict=True):
        tracker.believe(student, dict(zip(SCHOOL.skills.tolist(), row.tolist(), strict=True)))
    return Sequencer(SCHOOL, tracker, MasteryThreshold(0.95), **options)


def test_a_need_is_what_is_missing_where_the_prerequisites_are_there() -> None:
    found = Needs.of(sequencer_of(), ["ann", "ben", "cat"])
    assert found.skills.tolist() == ["count", "add", "multiply", "measure"]
    expected = [[0, 0.6, 0, 0.8], [0.5, 0, 0, 0], [0, 0, 0.7, 0]]
    np.testing.assert_allclose(found.value, expected, atol=1e-6)
    assert found.mastered is not None
    np.testing.assert_array_equal(found.mastered, KNOWN >= 0.95)


def test_goals_weigh_needs_and_what_they_do_not_ask_for_is_none() -> None:
    goals = Goals(SCHOOL, {"ann": {"multiply": 2.0}, "cat": {"measure": 1.0}})
    found = Needs.of(sequencer_of(goals=goals), ["ann", "ben", "cat"])
    expected: Any = [[0, 1.2, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(found.value, expected, atol=1e-6)


def test_what_a_teacher_grants_is_no_need_and_opens_the_next() -> None:
    granted = [Override("grant", "count", student="ben", author="Ms Lee", reason="on paper")]
    found = Needs.of(sequencer_of(overrides=granted), "ben")
    np.testing.assert_allclose(found.value, [[0, 0.9, 0, 0.9]], atol=1e-6)


def test_blocks_of_students_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Needs.of(sequencer_of(), ["ann", "ben", "cat"])
    monkeypatch.setattr("adaptlearn.planning.groups.needs._CELLS", 4)
    parts = Needs.of(sequencer_of(), ["ann", "ben", "cat"])
    np.testing.assert_array_equal(whole.value, parts.value)


def test_students_and_sequencers_that_are_none() -> None:
    with pytest.raises(UnknownLabelError, match=r"'anne' \(did you mean 'ann'"):
        Needs.of(sequencer_of(), ["anne"])
    with pytest.raises(ParameterError, match="sequencer is a SimpleNamespace; expected a Seq"):
        Needs.of(SimpleNamespace(), ["ann"])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="listed more than once: 'ann'"):
        Needs.of(sequencer_of(), ["ann", "ann"])


def test_needs_print_and_become_a_frame() -> None:
    found = Needs.of(sequencer_of(), ["ann", "ben", "cat"])
    assert str(found).splitlines()[1].split() == ["student", "count", "add", "multiply", "measure"]
    assert [*found.table()] == ["student", "skill", "need"]
    assert len(found.to_frame()) == 4


def test_each_class_has_the_groups_that_it_would_have_alone() -> None:
    rng = np.random.default_rng(0)
    value = rng.random((40, 6)) * (rng.random((40, 6)) < 0.5)
    every = Needs(range(40), range(6), value)
    slots = [Slot(place) for place in range(3)]
    classes = {"a": range(14), "b": range(14, 23), "c": [39, 30, 31, 33, 32]}
    pairs: dict[str, Any] = {"together": [[0, 1], [30, 32]], "apart": [[2, 3], [14, 15], [2, 30]]}
    found = form_class_groups(every, slots, classes, fixed={2: [39, 4]}, **pairs)
    for label, students in classes.items():
        rows = [*students]
        alone = form_groups(
            Needs(rows, range(6), value[rows]), slots, search="greedy",
            together=[pair for pair in pairs["together"] if {*pair} <= {*rows}],
            apart=[pair for pair in pairs["apart"] if {*pair} <= {*rows}],
            fixed={2: [student for student in (39, 4) if student in rows]},
        )  # fmt: skip
        assert found[label].broken == ()
        assert found[label].value == pytest.approx(alone.value)
        assert found[label].students.tolist() == rows
    assert 2 in found["a"].of(4)
    assert 2 in found["c"].of(39)
