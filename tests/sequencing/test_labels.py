"""Labels of students, lessons, skills and items: of any library's kind, never of the wrong one."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.curriculum import audit_curriculum, plot_curriculum
from adaptlearn.curriculum.curriculum import curriculum_problems
from adaptlearn.errors import AdaptLearnError, ParameterError, UnknownLabelError
from adaptlearn.sequencing import Goals, Override, Overrides, replay
from adaptlearn.sequencing.items import NextItem
from adaptlearn.sequencing.parts import serve_alike, tracker_problems
from adaptlearn.sequencing.placement import Placement

SKILLS = ["count", "add", "multiply", "measure"]
NO_LABELS = [None, float("nan"), pd.NA, 1.0, True, b"ann", 2**63, "", ["ann"], np.array(["ann"])]


def override(action: Any, target: Any, student: Any = None, **more: Any) -> Override:
    return Override(action, target, student, **{"author": "Lee", "reason": "as seen", **more})


def sequencer(students: Any, **options: Any) -> Sequencer:
    tracker = FakeTracker(SKILLS, {who: [0.1] * 4 for who in students})
    return Sequencer(chain(), tracker, random_state=0, **options)


@pytest.mark.parametrize(
    ("students", "rule_for", "near"), [([1, 2], "1", "mean 1"), (["1", "2"], 1, "mean '1'")]
)
@pytest.mark.parametrize("action", ["pin", "ban", "grant", "defer"])
def test_a_rule_for_the_other_kind_of_label_is_refused(
    students: Any, rule_for: Any, near: str, action: str
) -> None:
    made = sequencer(students, overrides=[override(action, "count", rule_for, expires=9.0)])
    for ask in (made.recommend, made.context, lambda who: made.explain(who[0], "count")):
        with pytest.raises(UnknownLabelError, match=near):
            ask(students)
    assert len(made.recommend(students, now=10.0)) == 2  # once it has expired nothing is lost


def test_a_rule_of_the_other_kind_is_found_before_anyone_is_asked_for() -> None:
    held = Overrides(chain(), [override("ban", "count", "1"), override("ban", "add")])
    held.check_kind([])
    held.check_kind(["7"])
    with pytest.raises(UnknownLabelError, match="mean 1"):
        held.check_kind([1, 2])
    held.withdraw(held[0])
    held.add(override("ban", "count", "1", expires=9.0))  # looked at when it counts
    held.check_kind([1, 2])


def test_rules_for_both_kinds_of_label_are_refused() -> None:
    held = Overrides(chain(), [override("ban", "count", "1")])
    with pytest.raises(UnknownLabelError, match="mean '1'"):
        held.add(override("ban", "count", 1))
    assert len(held) == 1
    held.add(override("ban", "add"))  # everyone's
    held.withdraw(held[0])
    held.add(override("ban", "count", 1))
    assert held.apply([1], None).barred is not None
    assert held.active(np.int64(1), None) == [1, 2]  # type: ignore[arg-type]
    with pytest.raises(UnknownLabelError, match="mean '1'"):
        held.active("1", None)
    with pytest.raises(UnknownLabelError):
        Goals(chain(), {1: "add", "2": "add"})


def test_goals_from_json_are_refused_where_students_are_integers() -> None:
    goals = Goals(chain(), json.loads(json.dumps({1: "add", 2: {"measure": 2}})))
    with pytest.raises(UnknownLabelError, match="mean 1"):
        sequencer([1, 2], goals=goals).recommend([1])
    with pytest.raises(UnknownLabelError, match="mean 1"):
        goals.reached([1], np.ones((1, 4), bool))
    assert len(sequencer(["1", "2"], goals=goals).recommend(["1"])) == 1


@pytest.mark.parametrize("one", [np.int64(7), pa.scalar(7), pd.Series([7], dtype="Int64")[0]])
def test_labels_of_other_libraries_are_read(one: Any) -> None:
    goals = Goals(chain(), {one: "add"})
    assert goals.weights([7]).tolist() == goals.weights(pa.array([7])).tolist()
    assert goals.weights([7]).tolist() == [[1.0, 1.0, 0.0, 0.0]]
    ban = override("ban", pa.scalar("count"), one)
    assert (ban.target, ban.student, type(ban.student)) == ("count", 7, int)
    made = sequencer([7, 8], overrides=[ban], goals=goals)
    (decision,) = made.recommend(one)
    assert (decision.student, decision.lesson) == (7, None)
    assert [found.lesson for found in made.recommend(pa.array([7, 8]))] == [None, "count"]
    assert made.explain(one, pa.scalar("count")).status == "barred"
    assert len(replay([decision], one)) == 1


@pytest.mark.parametrize("value", NO_LABELS, ids=lambda given: type(given).__name__)
def test_what_is_no_label_is_refused_where_it_is_given(value: Any) -> None:
    if value is not None:
        with pytest.raises(ParameterError, match="student is"):
            override("ban", "count", value)
    with pytest.raises(ParameterError, match="target is"):
        override("ban", value)
    with pytest.raises(AdaptLearnError):
        Placement(chain()).start(value)
    made = sequencer(["ann"], new_students=True)
    for call in (
        lambda: made.explain(value, "count"),
        lambda: made.explain("ann", value),
        lambda: made.recommend([value]),
        lambda: made.recommend(np.array([["ann"]])),
        lambda: replay(made.recommend("ann"), value),
        lambda: Goals(chain(), {"ann": [value]}),
        lambda: Placement(chain(), ask=[value]),
    ):
        with pytest.raises(AdaptLearnError):
            call()


def test_goals_of_what_is_no_label() -> None:
    for key in (None, 1.0, True, b"1", 2**63, (1, 2)):
        with pytest.raises(UnknownLabelError):
            Goals(chain(), {key: "add"})  # type: ignore[dict-item]


def test_a_new_student_is_of_the_same_kind() -> None:
    with pytest.raises(UnknownLabelError, match="mean 1"):
        sequencer([1], new_students=True).recommend("1")


def test_next_items_of_the_other_kind_are_refused() -> None:
    school = Curriculum.from_dict(
        {"lessons": {"sums": ["add"]}, "items": {"1": ["add"], "2": ["add"]}}
    )
    choose = NextItem(school, by="exposure", window=1, random_state=0)
    one: Any = np.int64(7)
    choose.saw(one, pa.array(["1"]))
    with pytest.raises(UnknownLabelError, match="mean 7"):
        choose.saw("7", ["2"])
    with pytest.raises(UnknownLabelError, match="mean 7"):
        choose.next("7", "sums")
    with pytest.raises(UnknownLabelError, match="mean '1'"):
        choose.saw(7, [1])
    assert choose.next(pa.scalar(7), pa.scalar("sums")).item == "2"
    choose.saw(7, "2")
    assert choose.next(7, skill="add").item == "1"


def test_placement_takes_labels_of_any_library() -> None:
    session = Placement(chain(), ask=pa.array(["add", "count"])).start(pa.scalar("ann"))
    session.answer(pa.scalar(session.next()), True)
    assert session.student == "ann"
    assert {*map(type, session.answers[0])} == {str, bool}


def test_an_expired_rule_on_what_was_removed_is_no_fault() -> None:
    gone = override("pin", "gone", expires=5.0), override("grant", "juggling", "ann", expires=5.0)
    made = sequencer(["ann"], overrides=gone)
    assert made.recommend("ann", now=5.0)[0].lesson == "count"
    assert made.recommend("ann")[0].lesson == "count"
    with pytest.raises(ParameterError, match=r"no such lesson(.|\n)*no such skill"):
        made.recommend("ann", now=4.0)


def test_an_override_expires_at_a_datetime() -> None:
    aware = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    there = aware.astimezone(dt.timezone(dt.timedelta(hours=5)))
    for moment in (aware, there, pd.Timestamp(aware)):
        one = override("defer", "count", expires=moment)
        assert (one.expires, one.clock) == (aware.timestamp(), "aware")
        assert Override(**json.loads(json.dumps(one.to_dict()))) == one
        assert one.active(aware.timestamp() - 1)
        assert not one.active(aware.timestamp())
    naive = aware.replace(tzinfo=None)
    assert override("ban", "count", expires=np.datetime64(naive)).clock == "naive"
    assert override("ban", "count", expires=naive).expires == aware.timestamp()
    assert "clock" not in override("ban", "count", expires=5.0).to_dict()
    for wrong in (pd.NaT, np.datetime64("NaT", "s"), "2030-01-02", True):
        with pytest.raises(ParameterError, match="expires"):
            override("ban", "count", expires=wrong)


def test_an_expiry_is_a_time_of_any_library() -> None:
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    kept = {
        (made.expires, made.clock)
        for given in (moment, pd.Timestamp(moment), pa.scalar(moment))
        for made in [override("ban", "count", expires=given)]
    }
    assert kept == {(moment.timestamp(), "aware")}


def test_what_is_no_curriculum_or_tracker_is_refused_by_name() -> None:
    parts: tuple[Any, ...] = (
        Overrides,
        Placement,
        NextItem,
        Goals,
        audit_curriculum,
        plot_curriculum,
    )
    for part in parts:
        no_curricula: list[Any] = [{}, None, "school.json"]
        for nothing in no_curricula:
            with pytest.raises(ParameterError, match=r"curriculum is a .*expected a Curriculum"):
                part(nothing)
    assert not [*curriculum_problems(chain()), *tracker_problems(FakeTracker(SKILLS, {}))]
    (told,) = tracker_problems({})
    assert told.startswith("tracker is a dict without students, skills, fingerprint, mastery, cou")
    with pytest.raises(ParameterError, match=r"tracker is a dict; expected MasteryTracker"):
        Placement(chain()).start("ann").result().apply({})  # type: ignore[arg-type]
    for nothing in no_curricula:
        with pytest.raises(ParameterError, match=r"model is a .*expected a fitted model"):
            MasteryTracker(nothing)


def test_goals_and_overrides_outlive_the_correction_of_a_title() -> None:
    content: dict[str, Any] = {
        "skills": [{"skill": "a", "title": "Ading"}, "b", "c"],
        "prerequisites": [["a", "c"], ["b", "c"]],
        "lessons": [{"lesson": "L", "skills": ["a"], "minutes": 10}],
    }
    school = Curriculum.from_dict(content)
    better = [
        {**content, "skills": [{"skill": "a", "title": "Adding"}, "b", "c"]},
        {**content, "prerequisites": [["b", "c"], ["a", "c"]]},
        {**content, "lessons": [{"lesson": "L", "skills": ["a"], "title": "Sums"}]},
        {**content, "items": {"1 + 1": ["a"]}},
    ]
    worse = [
        {**content, "skills": ["b", "a", "c"]},
        {**content, "prerequisites": [["a", "c"]]},
        {**content, "prerequisites": [[["a", "b"], "c"]]},  # one of both
        {**content, "lessons": {"L": ["a", "b"]}},
        {**content, "lessons": {"L": ["a"], "M": ["b"]}},
    ]
    assert serve_alike(school, school)
    assert all(serve_alike(school, Curriculum.from_dict(one)) for one in better)
    assert not any(serve_alike(school, Curriculum.from_dict(one)) for one in worse)
