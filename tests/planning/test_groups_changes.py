"""What a teacher changes stays, and everything else changes as little as possible."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.planning import Groups, Needs, Slot, form_groups

NEEDS = Needs(
    ["ann", "ben", "cat", "dan", "eva", "fay"],
    ["add", "divide"],
    [[0.9, 0], [0.8, 0], [0.7, 0], [0, 0.9], [0, 0.8], [0, 0.7]],
    np.array([[0, 1], [0, 0], [0, 0], [1, 0], [0, 0], [0, 0]], bool),
)
WEEK = [Slot("mon", smallest=2, largest=3), Slot("tue", smallest=2, largest=3)]


def week_of(**options: Any) -> Groups:
    return form_groups(NEEDS, WEEK, **{"at_most": 1, **options})


def test_shared_groups_put_those_who_need_a_skill_together() -> None:
    groups = week_of()
    found = dict(zip(groups.skills, map(groups.members, ("mon", "tue")), strict=True))
    assert found == {"add": ("ann", "ben", "cat"), "divide": ("dan", "eva", "fay")}
    assert groups.value == pytest.approx(0.9 + 0.8 + 0.7 + 0.9 + 0.8 + 0.7)
    assert groups.left_out == ()


def test_complementary_groups_have_a_tutor() -> None:
    groups = week_of(by="complement")
    roles = {
        (student, role): skill
        for student, role, skill in zip(
            *(groups.table()[name].tolist() for name in ("student", "role", "skill")), strict=True
        )
    }
    # dan tutors ann's class in adding, or ann dan's in dividing: each group has one who can.
    assert {"add", "divide"} == {*groups.skills}
    assert roles["dan", "tutor"] == "add"
    assert roles["ann", "tutor"] == "divide"
    assert groups.value == pytest.approx(0.8 + 0.7 + 0.8 + 0.7)


def test_a_move_is_kept_and_costs_one_more_move_where_a_seat_is_missing() -> None:
    groups = week_of()
    add, divide = (groups.slots[groups.skills.index(one)].label for one in ("add", "divide"))
    moved = groups.move("ann", divide)
    assert moved.broken == (f"{divide!r} holds 4 students; at most 3 may sit there",)
    assert moved.members(add) == ("ben", "cat")
    again = moved.solve_again()
    assert again.broken == ()
    assert again.moves == 1
    assert again.members(divide) == ("ann", "dan", "eva")  # fay loses least
    assert again.skills == groups.skills
    assert groups.of("ann") == (add,)  # the old ones are as they were
    assert not groups.seat.flags.writeable


def test_a_move_within_the_limits_needs_no_others() -> None:
    wide = [Slot("mon", smallest=2, largest=6), Slot("tue", smallest=2, largest=6)]
    groups = form_groups(NEEDS, wide, at_most=1)
    other = next(slot.label for slot in wide if slot.label not in groups.of("ann"))
    again = groups.move("ann", other).solve_again()
    assert again.moves == 0
    assert again.of("ann") == (other,)


def test_whoever_stays_together_follows_a_move() -> None:
    wide = [Slot("mon", smallest=1, largest=6), Slot("tue", smallest=1, largest=6)]
    groups = form_groups(NEEDS, wide, at_most=1, together=[["ann", "ben"]])
    other = next(slot.label for slot in wide if slot.label not in groups.of("ann"))
    moved = groups.move("ann", other)
    assert moved.broken == ("not together in all slots: 'ann' and 'ben'",)
    again = moved.solve_again()
    assert again.of("ben") == (other,)
    assert again.moves == 1


def test_a_fixed_group_keeps_its_students_and_its_skill() -> None:
    groups = week_of()
    slot = groups.slots[groups.skills.index("add")].label
    other = next(one.label for one in WEEK if one.label != slot)
    fixed = groups.fix(slot)
    with pytest.raises(ParameterError, match="'cat' and 'fay' are fixed in"):
        fixed.fix(slot, "fay").solve_again()
    again = groups.fix(slot, ["fay"], skill="divide").solve_again()
    assert "fay" in again.members(slot)
    assert again.skills[[one.label for one in WEEK].index(slot)] == "divide"
    assert again.moves == 2  # fay comes, and one of the three makes room
    assert again.members(other)


def test_a_move_that_is_not_clear_is_refused() -> None:
    slots = [Slot(name, smallest=1, largest=6) for name in ("mon", "tue", "wed")]
    groups = form_groups(NEEDS, slots, at_least=2, at_most=2)
    free = next(slot.label for slot in slots if slot.label not in groups.of("ann"))
    one, other = groups.of("ann")
    with pytest.raises(ParameterError, match="say which slot to leave: out_of="):
        groups.move("ann", free)
    with pytest.raises(ParameterError, match=f"'ann' cannot leave {free!r}; sits in {one!r} and"):
        groups.move("ann", other, out_of=free)
    again = groups.move("ann", free, out_of=one).solve_again()
    assert {*again.of("ann")} == {free, other}
    with pytest.raises(UnknownLabelError, match=r"'anne' \(did you mean 'ann'"):
        groups.move("anne", "mon")
    with pytest.raises(UnknownLabelError, match=r"unknown slot: .*\n.*'monday' \(did you mean"):
        groups.move("ann", "monday")
    with pytest.raises(UnknownLabelError, match="unknown skill that is needed"):
        groups.fix("mon", skill="multiply")


def test_at_one_time_the_slot_of_that_time_is_left() -> None:
    slots = [
        Slot("a", time="mon", smallest=1, largest=3),
        Slot("b", time="mon", smallest=1, largest=4),
        Slot("c", time="tue", smallest=1, largest=6),
    ]
    groups = form_groups(NEEDS, slots, at_least=2, at_most=2)
    here = next(name for name in groups.of("ann") if name != "c")
    there = "b" if here == "a" else "a"
    assert {*groups.move("ann", there).of("ann")} == {there, "c"}


def test_groups_become_tables_and_json() -> None:
    groups = week_of()
    columns = groups.table()
    assert [*columns] == ["slot", "time", "leader", "skill", "student", "role", "need"]
    assert len(groups.to_frame()) == 6
    assert columns["need"].sum() == pytest.approx(groups.value)
    read = json.loads(json.dumps(groups.to_dict()))
    assert [slot["students"] for slot in read["slots"]] == [
        [*groups.members(slot.label)] for slot in WEEK
    ]
    assert str(groups).splitlines()[0] == "6 students in 2 slots: need met 4.80"
    assert "ann, ben, cat" in groups._repr_html_()


@settings(max_examples=trials(500))
@given(st.data())
def test_solving_again_makes_the_fewest_moves(data: Any) -> None:
    n, m = data.draw(st.integers(2, 4)), data.draw(st.integers(2, 3))
    need = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    slots = [
        Slot(slot, smallest=data.draw(st.integers(0, 2)), largest=data.draw(st.integers(2, 4)))
        for slot in range(m)
    ]
    try:
        groups = form_groups(Needs(range(n), ["add"], np.array(need)[:, None]), slots)
    except ParameterError:
        return
    student, slot = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, m - 1))
    mine = groups.of(student)
    left = None if slot in mine else data.draw(st.sampled_from(mine))
    moved = groups.move(student, slot, left)
    one = np.array([row for row in product((False, True), repeat=m) if 1 <= sum(row) <= 2])
    every = one[np.array([*product(range(len(one)), repeat=n)])]
    size = every.sum(axis=1)
    small, large = (np.array([getattr(s, k) for s in slots]) for k in ("smallest", "largest"))
    fine = ((size == 0) | ((size >= small) & (size <= large))).all(axis=1)
    fine &= every[:, student, slot]
    if left is not None:
        fine &= ~every[:, student, left]
    every = every[fine]
    if not len(every):
        with pytest.raises(ParameterError, match="these limits conflict"):
            moved.solve_again()
        return
    gained, lost = (every & ~moved.seat).sum(axis=2), (~every & moved.seat).sum(axis=2)
    again = moved.solve_again()
    assert again.broken == ()
    assert again.moves == np.maximum(gained, lost).sum(axis=1).min()
    change = [(again.seat & ~moved.seat).sum(axis=1), (~again.seat & moved.seat).sum(axis=1)]
    assert again.moves == np.maximum(*change).sum()


def test_a_second_group_on_a_skill_meets_nothing_and_is_not_sought() -> None:
    needs = Needs(["ann"], ["add", "divide"], [[0.9, 0.5]])
    slots = [
        Slot(name, smallest=1, largest=1, skills=[skill])
        for name, skill in (("mon", "add"), ("tue", "add"), ("wed", "divide"))
    ]
    groups = form_groups(needs, slots)
    assert groups.value == pytest.approx(0.9 + 0.5)
    twice = form_groups(needs, slots[:2], at_least=2)
    assert twice.need.tolist() == [[0.9, 0.0]]


def test_exchange_mends_what_greedy_opens_first() -> None:
    # Adding looks best, and takes both who could share another skill with someone else.
    value = [[0.6, 0.59, 0.0], [0.6, 0.0, 0.59], [0.0, 0.59, 0.0], [0.0, 0.0, 0.59]]
    needs = Needs(range(4), ["add", "divide", "area"], value)
    slots = [Slot(day, smallest=2, largest=2) for day in ("mon", "tue")]
    greedy = form_groups(needs, slots, at_most=1, search="greedy")
    assert greedy.value == pytest.approx(0.6 + 0.6 + 0.59)
    exchanged = form_groups(needs, slots, at_most=1)
    assert exchanged.value == pytest.approx(4 * 0.59)
    assert {*exchanged.skills} == {"divide", "area"}
