"""The log that comes with the library."""

from __future__ import annotations

import gzip

from tests.datasets.school_data import school_data

from adaptlearn import Sequencer
from adaptlearn.datasets import load_school
from adaptlearn.datasets.school import ANSWERS, CURRICULUM
from adaptlearn.models import BKT
from adaptlearn.tracking import MasteryTracker


def test_the_script_makes_the_files_again():
    answers, curriculum = school_data()
    assert gzip.decompress(ANSWERS.read_bytes()).decode() == answers
    assert CURRICULUM.read_text() == curriculum


def test_it_is_small():
    assert len(ANSWERS.read_bytes()) + len(CURRICULUM.read_bytes()) < 60_000


def test_it_goes_all_the_way_to_a_next_lesson():
    log, curriculum = load_school()
    assert sorted(log.skill.labels) == sorted(curriculum.skills)
    assert log.item is not None
    assert set(log.item.labels) == set(curriculum.items)
    assert log.chronological is None  # as it happened
    students = log.student.labels[:2]
    few = log[log.student.codes < 2]
    tracker = MasteryTracker(BKT(random_state=0).fit(log)).update(few)
    decisions = Sequencer(curriculum, tracker, random_state=0).recommend(students)
    assert [decision.student for decision in decisions] == students.tolist()
