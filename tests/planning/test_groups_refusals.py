"""Bad input and conflicting limits are refused, all at once and in words."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.conftest import trials
from tests.planning.test_groups import Case, cases

from adaptlearn.errors import ParameterError
from adaptlearn.planning import Needs, Slot, form_class_groups, form_groups
from adaptlearn.planning.groups.conflicts import limits_of, smallest_conflict, with_limits
from adaptlearn.planning.groups.demands import read_demands, week_of
from adaptlearn.planning.groups.seating import feasible


def needs_of(n: int) -> Needs:
    return Needs(range(n), ["add"], np.full((n, 1), 0.5))


def refused(n: int, slots: Any, **options: Any) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        form_groups(needs_of(n), slots, **options)
    return [*caught.value.problems]


def slots_of(m: int, smallest: int, largest: int) -> list[Slot]:
    return [Slot(f"slot {place}", smallest=smallest, largest=largest) for place in range(m)]


def test_what_is_empty_is_said() -> None:
    assert refused(0, []) == [
        "there are no students; the needs are empty",
        "there are no slots; give at least one Slot",
    ]
    with pytest.raises(ParameterError, match="there are no classes"):
        form_class_groups(needs_of(2), slots_of(1, 1, 2), {})
    with pytest.raises(ParameterError, match="class '1b' is empty"):
        form_class_groups(needs_of(2), slots_of(1, 1, 2), {"1a": [0, 1], "1b": []})


@pytest.mark.parametrize(
    ("n", "slots", "options", "said"),
    [
        (23, slots_of(3, 0, 6), {}, "3 slots × 6 seats hold 18"),  # noqa: RUF001
        (30, slots_of(5, 2, 3), {}, "5 slots × 3 seats hold 15"),  # noqa: RUF001
        (6, [Slot("a", largest=3), Slot("b", smallest=1, largest=2)], {},
         "2 slots of 2 to 3 seats hold 5"),
        (2, slots_of(1, 3, 6), {}, "'slot 0' needs at least 3 students"),
        (4, slots_of(2, 1, 4), {"at_least": 3, "at_most": 3}, "the week has 2 slots"),
        (4, slots_of(2, 1, 2), {"together": [[0, 1, 2]]}, "0, 1 and 2 stay together"),
        (3, slots_of(1, 1, 4), {"apart": [[1, 2]]}, "1 and 2 stay apart"),
        (4, slots_of(2, 1, 3), {"fixed": {"slot 1": [0, 1, 2, 3]}}, "'slot 1' holds at most 3"),
        (4, slots_of(2, 1, 4), {"fixed": {"slot 0": [3], "slot 1": 3}, "at_most": 1},
         "3 is fixed in 'slot 0'; 3 is fixed in 'slot 1'"),
        (2, [Slot("a", time=1, smallest=1), Slot("b", time=1, smallest=1)],
         {"at_least": 2}, "a student is in one place at a time (2 slots at 1 time)"),
    ],
)  # fmt: skip
def test_limits_that_conflict_are_named(
    n: int, slots: list[Slot], options: dict[str, Any], said: str
) -> None:
    (problem,) = refused(n, slots, **options)
    assert problem.startswith("these limits conflict: ")
    assert said in problem


def test_a_smallest_set_has_no_more_than_it_must() -> None:
    (problem,) = refused(23, slots_of(3, 0, 6), apart=[[0, 1]], together=[[2, 3]])
    assert problem == (
        "these limits conflict: 23 students need at least one slot; 3 slots × 6 seats hold 18"  # noqa: RUF001
    )
    (problem,) = refused(8, slots_of(4, 1, 3), fixed={"slot 2": [0, 1, 2, 3]})
    assert problem == (
        "these limits conflict: 'slot 2' holds at most 3 students; "
        "0, 1, 2 and 3 are fixed in 'slot 2'"
    )


def test_a_group_without_anyone_who_could_tutor() -> None:
    needs = Needs(range(3), ["add"], np.full((3, 1), 0.5), np.zeros((3, 1), bool))
    with pytest.raises(ParameterError, match="each group needs a student who has mastered its"):
        form_groups(needs, slots_of(1, 1, 3), by="complement")
    with pytest.raises(ParameterError, match='by="complement" needs to know what is mastered'):
        form_groups(needs_of(3), slots_of(1, 1, 3), by="complement")


def test_keeping_the_same_two_together_and_apart() -> None:
    said = "these limits conflict: 0 and 1 stay together; 1 and 2 stay together; 0 and 2 stay apart"
    assert refused(4, slots_of(2, 1, 4), together=[[0, 1], [1, 2]], apart=[[0, 2]]) == [said]


def test_all_problems_come_at_once_with_near_spellings() -> None:
    needs = Needs(["ann", "ben"], ["add"], [[0.5], [0.5]])
    options: dict[str, Any] = {"by": "both", "at_most": 0, "at_least": True, "apart": "ann"}
    slots: list[Any] = [
        Slot("mon", smallest=7, largest=4),
        Slot("mon", time="9:00", leader="Park", largest=0),
        {"label": "tue", "time": "9:00", "leader": "Park", "skills": ["ad"]},
        {"label": "wed", "seats": 4},
        "thu",
    ]
    together = [["ann"], ["ann", "bn"]]
    with pytest.raises(ParameterError) as caught:
        form_groups(needs, slots, together=together, fixed={"mo": ["eva"]}, **options)
    assert [*caught.value.problems] == [
        "slot 'wed': unknown seats; known are label, largest, leader, skills, smallest, time",
        "slots (place 4): expected a Slot, got 'thu'",
        "slot 'mon': sizes from 7 to 4; the smallest size is above the largest",
        "slot 'mon': largest must be an integer in [1, inf], got 0",
        "slot 'mon': sizes from 3 to 0; the smallest size is above the largest",
        "2 slots are called 'mon'",
        "slots 'mon' and 'tue': 'Park' has both at '9:00'",
        "by must be one of 'shared', 'complement', got 'both'",
        "at_least must be an integer in [0, inf], got True",
        "at_most must be an integer in [1, inf], got 0",
        "slot 'tue': unknown skill 'ad' (did you mean 'add'?)",
        "together (place 0): ['ann'] is not two or more students",
        "together (place 1): unknown student 'bn' (did you mean 'ben'?)",
        "apart is 'ann'; expected a list of lists of students",
        "fixed in 'mo': unknown student 'eva'",
        "fixed: unknown slot 'mo' (did you mean 'mon'?)",
    ]


def test_labels_that_are_none() -> None:
    slots: Any = [
        {"label": ["mon"], "skills": [["add"]]},
        {"label": "tue", "time": 9.5, "leader": "", "skills": "add", "smallest": np.int64(5),
         "largest": np.int64(4)},
    ]  # fmt: skip
    assert refused(4, slots) == [
        "slot ['mon']: label ['mon']: expected a text or an integer of at most 64 bits",
        "slot ['mon']: skill ['add']: expected a text or an integer of at most 64 bits",
        "slot 'tue': time 9.5: expected a text or an integer of at most 64 bits",
        "slot 'tue': leader '': expected a text or an integer of at most 64 bits",
        "slot 'tue': skills is 'add'; expected a list of skills",
        "slot 'tue': sizes from 5 to 4; the smallest size is above the largest",
    ]


def test_at_least_above_at_most() -> None:
    assert refused(4, slots_of(2, 1, 4), at_least=3, at_most=2) == [
        "at_least is 3 and at_most is 2; at_least must not be the larger one"
    ]


def test_a_district_names_each_class_that_conflicts() -> None:
    classes = {"1a": range(5), "1b": range(5, 7), "1c": range(7, 12)}
    with pytest.raises(ParameterError) as caught:
        form_class_groups(needs_of(12), slots_of(2, 1, 2), classes)
    assert [problem[:36] for problem in caught.value.problems] == [
        "class '1a': these limits conflict: 5", "class '1c': these limits conflict: 5"
    ]  # fmt: skip
    with pytest.raises(ParameterError) as caught:
        form_class_groups(
            needs_of(4),
            slots_of(2, 1, 2),
            {"a": [0, 1, 9], "b": [1, 3]},
            together=[[0, 3]],
            fixed={"slot 0": [2]},
        )
    assert [*caught.value.problems] == [
        "class 'a': unknown student 9",
        "student 1 is in the classes 'a' and 'b'",
        "0 and 3 stay together, and are of 2 classes",
        "fixed, and in no class: 2",
    ]


def test_tables_of_needs_that_are_wrong() -> None:
    with pytest.raises(ParameterError) as caught:
        Needs(["ann", "ann"], ["add"], [[0.5], [np.nan]], np.ones((1, 1)))
    assert [*caught.value.problems] == [
        "students are listed more than once: 'ann'",
        "value is negative or not finite for 'ann'",
        "mastered holds float64 values of shape (1, 1); expected bool of shape (2, 1)",
    ]
    with pytest.raises(ParameterError, match=r"value has shape \(1,\); expected \(1, 1\)"):
        Needs(["ann"], ["add"], [0.5])


@settings(max_examples=trials(100))
@given(cases(least=(1, 2)))
def test_the_conflict_is_a_smallest_one(case: Case) -> None:
    options = {"search": "greedy", **case.options}
    try:
        demands = read_demands("groups", case.needs, case.slots, **options)
    except ParameterError:
        return
    week, _ = week_of(case.needs, np.arange(len(case.need)), demands)
    if feasible(week) is not None:
        return
    limits, found = limits_of(week), smallest_conflict(week)
    assert feasible(with_limits(week, found)) is None
    for fewer in combinations(limits, len(found) - 1):
        assert feasible(with_limits(week, fewer)) is not None
