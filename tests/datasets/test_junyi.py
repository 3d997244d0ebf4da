"""Junyi Academy's problem logs of 2015 and of 2020."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.datasets.skills import fates_of

from adaptlearn.datasets import read_junyi
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

OF_2015 = (
    "user_id,exercise,problem_type,problem_number,topic_mode,suggested,review_mode,time_done,"
    "time_taken,time_taken_attempts,correct,count_attempts,hint_used,count_hints,"
    "hint_time_taken_list,earned_proficiency,points_earned\n"
    "12884,telling_time,0,1,false,false,false,1420714810324670,10,10,true,1,false,0,,false,75\n"
    "12884,telling_time,2,2,false,false,false,1420714820000000,4,2&2,false,2,true,1,3,false,0\n"
    "7,adding_1,,1,false,false,false,1420714000000000,3,3,true,1,false,0,,false,75\n"
)
OF_2020 = (
    "timestamp_TW,uuid,ucid,upid,problem_number,exercise_problem_repeat_session,is_correct,"
    "total_sec_taken,total_attempt_cnt,used_hint_cnt,is_hint_used,is_downgrade,is_upgrade,level\n"
    "2018-09-01 08:15:00 UTC,Kpq2,+6FJ=,upid1,1,1,True,25,1,0,False,,,0\n"
    "2018-09-01 08:15:00 UTC,Kpq2,+6FJ=,upid2,2,1,False,9,2,1,True,,False,0\n"
)
CONTENT = (
    "ucid,content_pretty_name,content_kind,difficulty,subject,learning_stage,level1_id,level2_id,"
    "level3_id,level4_id\n+6FJ=,Adding,Exercise,easy,math,elementary,L1,L2,L3,L4\n"
)
HINTED = "with a hint, left out (hinted='wrong' counts it as wrong)"
BARE = "without a skill, left out (without_skill='refuse' refuses it)"


@pytest.fixture
def write(tmp_path):
    def write(text, name="log.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def problems_of(source, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_junyi(source, **options)
    return caught.value.problems


def test_the_log_of_2015(write):
    log = read_junyi(write(OF_2015), extra=["time_taken"])
    assert log.student.values.tolist() == [12884, 12884, 7]
    assert log.skill.values.tolist() == ["telling_time", "telling_time", "adding_1"]
    assert log.item is not None
    assert log.item.values.tolist() == ["telling_time / 0", "telling_time / 2", "adding_1"]
    assert log.correct.tolist() == [1, 0, 1]
    assert log.time is not None
    assert log.time.tolist() == [1420714810.32467, 1420714820.0, 1420714000.0]
    assert log.extra["time_taken"].tolist() == [10, 4, 3]
    assert fates_of(log) == {}


def test_the_log_of_2020(write):
    log = read_junyi(write(OF_2020))
    assert log.student.labels.tolist() == ["Kpq2"]
    assert log.skill.labels.tolist() == ["+6FJ="]
    assert log.item is not None
    assert log.item.values.tolist() == ["upid1", "upid2"]
    assert log.correct.tolist() == [1, 0]
    assert log.clock == "naive"  # the column says that it is the clock of Taiwan
    skills = read_junyi(write(OF_2020), skill="level3_id", exercises=write(CONTENT, "info.csv"))
    assert skills.skill.labels.tolist() == ["L3"]


def test_files_and_frames_are_read_alike(write):
    for text in (OF_2015, OF_2020):
        path = write(text)
        file, frame = read_junyi(path), read_junyi(pd.read_csv(path))
        assert file.correct.tolist() == frame.correct.tolist()
        assert file.time is not None
        assert frame.time is not None
        assert file.time.tolist() == frame.time.tolist()
        assert file.item is not None
        assert frame.item is not None
        assert file.item.values.tolist() == frame.item.values.tolist()


@pytest.mark.parametrize("text", [OF_2015, OF_2020])
def test_answers_with_a_hint_may_be_left_out(write, text):
    with pytest.warns(DataWarning, match=r"1 row \(row 1\): with a hint"):
        log = read_junyi(write(text), hinted="drop")
    assert log.correct.all()
    assert fates_of(log) == {HINTED: [1]}


def test_topics_come_from_the_table_of_exercises(write, data):
    table = data("curricula", "junyi_exercises.csv")
    with pytest.warns(DataWarning, match=r"1 row \(row 2\): without a skill"):
        log = read_junyi(write(OF_2015), skill="topic", exercises=table)
    assert log.skill.labels.tolist() == ["telling-time"]
    assert fates_of(log) == {BARE: [2]}
    assert read_junyi(write(OF_2015), skill="problem_number").skill.values.tolist() == [1, 2, 1]


def test_what_is_wrong_is_said_at_once(write):
    bad = OF_2015.replace("1420714820000000", "later").replace(",true,", ",yes,", 1)
    assert problems_of(write(bad)) == (
        "column 'time_done': 1 row (row 1) such as 'later'; expected whole numbers, 1,000,000 of "
        "them to a second",
        "column 'correct': 1 row (row 0) such as 'yes'; expected 'true', 'false', or 1 and 0",
    )
    (problem,) = problems_of(write(OF_2020.replace("2018-09-01 08:15:00 UTC", "1/9/2018", 1)))
    assert problem.startswith("column 'timestamp_TW': 1 row (row 0) such as '1/9/2018'; expected")
    (problem,) = problems_of(write(OF_2015), skill="topic")
    assert problem == (
        "no column 'topic'; give the table that has it, as exercises='junyi_Exercise_table.csv'"
    )
    twice = write(CONTENT + "+6FJ=,Adding,Exercise,easy,math,elementary,L1,L2,L9,L4\n", "info.csv")
    (problem,) = problems_of(write(OF_2020), skill="level3_id", exercises=twice)
    assert problem.startswith("column 'level3_id': 1 row (row 1) with another value")
    problems = problems_of(write(OF_2020), skill="level9_id", exercises=twice)
    assert problems[-1].startswith("the columns of `exercises` are 'ucid'")


def test_arguments_are_checked():
    with pytest.raises(ParameterError) as caught:
        read_junyi({}, hinted="keep", without_skill="keep")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2
