"""What a plan of a day refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from tests.planning.test_day import DAY, small
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.planning import Block, plan_day

PIN = {"student": "ann", "lesson": "clocks", "block": "first"}


def refused(students: Any = ("ann", "ben"), day: Any = DAY, **asked: Any) -> tuple[str, ...]:
    with pytest.raises(ParameterError) as caught:
        plan_day(small(), students, day, **asked)
    return caught.value.problems


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"students": []}, "students is empty; pass at least one student"),
        ({"day": []}, "day is empty; pass at least one Block"),
        ({"students": ["anne"]}, "unknown student: 'anne' (did you mean 'ann'?)"),
        ({"step": 0}, "step must be an integer in [1, 60], got 0"),
        ({"day": [Block("a", "9:00", 0)]}, "block 'a': minutes must be a number above 0, got 0"),
        ({"day": [Block("a", "9:00", -5)]}, "block 'a': minutes must be a number above 0, got -5"),
        ({"day": [Block("a", "9:00", float("nan"))]},  # type: ignore[arg-type]
         "block 'a': minutes must be a number above 0, got nan"),
        ({"day": [Block("a", "9:00", 32)]},
         "block 'a': minutes 32 is not a multiple of 5; pass 30 or 35"),
        ({"day": [Block("a", "9h", 30)]}, "block 'a': start '9h'; expected a time such as '9:05'"),
        ({"day": [Block("a", "9:00", 30, kinds=["electives"])]},
         "block 'a': 'electives' is not a kind (did you mean 'elective'?); there are instruction, "
         "practice, review, remediation, enrichment, elective, assessment"),
        ({"day": [Block("a", "9:00", 60), Block("b", "9:55", 30)]},
         "blocks 'a' (9:00, 60 minutes) and 'b' (9:55) overlap"),
        ({"day": [Block("a", "9:00", 30), Block("a", "10:00", 30)]},
         "block 'a' is there twice; each block needs a name of its own"),
        ({"day": [7]}, "day: 7 is not a Block; expected Block(name, start, minutes)"),
        ({"floors": {"practise": 10}},
         "floors: 'practise' is not a kind (did you mean 'practice'?); there are instruction, "
         "practice, review, remediation, enrichment, elective, assessment"),
        ({"floors": {"practice": 40}, "caps": {"practice": 30}},
         "the floor of practice is 40 minutes, but its cap is 30"),
        ({"floors": {"practice": 110}},
         "the floor of practice is 110 minutes, but the blocks that allow it have 105"),
        ({"floors": {"practice": 70, "instruction": 70}},
         "the floors are 140 minutes together, but the day has 135"),
        ({"caps": {"practice": 12}},
         "caps: practice 12 is not a multiple of 5; pass 10 or 15"),
        ({"device": -5}, "device must be a number above 0, got -5"),
        ({"extra_time": {"ann": 0.5}}, "extra_time of 'ann' must be a number in [1, 5], got 0.5"),
        ({"extra_time": {"bem": 2}}, "extra_time: no student 'bem' (did you mean 'ben'?)"),
        ({"levels": {"ann": (6, 4)}},
         "levels of 'ann': (6, 4); expected two grades, such as (4, 6)"),
        ({"electives": {"ann": ["ches"]}},
         "electives of 'ann': nobody offers 'ches' (did you mean 'chess'?)"),
        ({"electives": {"ann": ["sums"]}}, "electives of 'ann': nobody offers 'sums'"),
        ({"requests": [{"student": "ann", "lesson": "sum", "priority": 1}]},
         "request: no lesson 'sum' (did you mean 'sums'?)"),
        ({"requests": [{"student": "ann", "lesson": "sums", "priority": 0}]},
         "request 'sums': priority must be above 0, got 0"),
        ({"requests": [{"student": "ann"}]},
         "request {'student': 'ann'} must have student, lesson, priority"),
        ({"seats": {"lab": {"lessons": ["sumz"], "seats": 2}}},
         "seats of 'lab': no lesson 'sumz' (did you mean 'sums'?)"),
        ({"seats": {"lab": {"lessons": ["sums"], "seats": -1}}, "day": [Block("a", "9:00", 60)]},
         "seats of 'lab' in 'a' must be an integer in [0, 1e+06], got -1"),
        ({"seats": {"lab": {"lessons": ["sums"], "seats": {"frist": 1}}}},
         "seats of 'lab': no block 'frist' (did you mean 'first'?)"),
        ({"seats": {"lab": {"lessons": ["sums"], "seats": 1},
                    "hall": {"lessons": ["sums"], "seats": 1}}},
         "lesson 'sums' needs a seat of both 'lab' and 'hall'; pass one"),
        ({"seats": {"lab": 3}}, "seats: 'lab' must have 'lessons' and 'seats', got 3"),
        ({"pins": [{**PIN, "block": "frist"}]}, "pin: no block 'frist' (did you mean 'first'?)"),
        ({"pins": [PIN, PIN]}, "pins of 'ann' hold 'clocks' 2 times; once is allowed"),
        ({"pins": [PIN], "day": [Block("first", "9:00", 20)]},
         "pins of 'ann' take 25 minutes of block 'first', which has 20"),
        ({"pins": [{**PIN, "block": "interests"}]},
         "pin of 'clocks': block 'interests' does not allow instruction"),
        ({"pins": [PIN], "caps": {"instruction": 20}},
         "pins of 'ann' take 25 minutes of instruction, whose cap is 20"),
        ({"pins": [{**PIN, "lesson": "sums"}], "device": 15},
         "pins of 'ann' take 20 minutes of device time, whose cap is 15"),
        ({"pins": [PIN], "skill": 20},
         "pins of 'ann' take 25 minutes of the skill 'time', whose cap is 20"),
        ({"pins": [PIN, {**PIN, "student": "ben"}],
          "seats": {"desk": {"lessons": ["clocks"], "seats": 1}}},
         "2 pins need a seat of 'desk' in block 'first', which has 1"),
        ({"candidates": 0}, "candidates must be an integer in [1, 200], got 0"),
    ],
)  # fmt: skip
def test_a_problem_is_told(asked: dict[str, Any], problem: str) -> None:
    assert problem in refused(**asked)


def test_all_problems_are_told_at_once() -> None:
    problems = refused(
        students=["ann", "bob"],
        floors={"practice": 40},
        caps={"practice": 30},
        electives={"ann": ["ches"]},
        extra_time={"ann": 9},
    )
    assert len(problems) >= 4


def test_a_pin_outside_the_levels_of_the_student() -> None:
    school = {"standards": [{"standard": "HS", "skills": ["time"], "grade": "9-12"}]}
    with pytest.raises(ParameterError) as caught:
        plan_day(small(school=school), "ann", DAY, pins=[PIN], levels=(4, 6))
    assert caught.value.problems == (
        "pin of 'clocks': it has levels 9 to 12, and 'ann' has levels 4 to 6",
    )  # fmt: skip
    plan = plan_day(small(school=school), "ann", DAY, levels=(4, 6))
    assert "clocks" not in plan.table()["lesson"].tolist()
    assert plan.why_not("ann", "clocks") == (
        '"clocks" is not in the day: it has level 9, and the student has levels 4 to 6.'
    )


def test_lessons_without_minutes_and_a_plan_without_a_sequencer() -> None:
    school = Curriculum.from_dict({"lessons": [{"lesson": "sums", "skills": ["add"]}]})
    sequencer = Sequencer(school, FakeTracker(["add"], {"ann": [0.3]}), random_state=0)
    with pytest.raises(ParameterError, match="1 lessons have no minutes: 'sums'"):
        plan_day(sequencer, "ann", DAY)
    with pytest.raises(ParameterError, match="sequencer is a Curriculum; expected a Sequencer"):
        plan_day(school, "ann", DAY)  # type: ignore[arg-type]
