"""Eedi's data of the NeurIPS 2020 challenge: answers, their times, a tree of subjects."""

from __future__ import annotations

import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn.datasets import read_eedi
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

FILES = {
    "train_data/train_task_3_4.csv": (
        "QuestionId,UserId,AnswerId,IsCorrect,CorrectAnswer,AnswerValue\n"
        "5,70,900,1,2,2\n6,70,901,0,4,1\n7,71,902,1,3,3\n"
    ),
    "metadata/answer_metadata_task_3_4.csv": (
        "AnswerId,DateAnswered,Confidence,GroupId,QuizId,SchemeOfWorkId\n"
        "902,2020-01-08 14:07:00.000,,1,2,\n"
        "901,2020-01-08 14:08:00.000,75.0,1,2,3.0\n"
        "900,2020-01-08 14:09:30.000,,1,2,\n"
    ),
    "metadata/question_metadata_task_3_4.csv": (
        'QuestionId,SubjectId\n5,"[3, 32, 33]"\n6,"[3, 32, 141, 34, 144, 33]"\n7,"[3, 32]"\n'
    ),
    "metadata/subject_metadata.csv": (
        "SubjectId,Name,ParentId,Level\n3,Maths,NULL,0\n32,Number,3,1\n144,Basics,32,2\n"
        "141,Rounding,32,2\n33,BIDMAS,144,3\n34,Upper and Lower Bounds,141,3\n"
    ),
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def problems_of(folder, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_eedi(folder, **options)
    return caught.value.problems


def change(folder, name, old, new):
    (path,) = folder.rglob(f"{name}*.csv")
    path.write_text(path.read_text().replace(old, new))


def test_a_folder_becomes_a_log(folder):
    log = read_eedi(folder)
    assert log.student.values.tolist() == [70, 70, 71]
    assert log.correct.tolist() == [1, 0, 1]
    assert log.item is not None
    assert log.item.values.tolist() == [5, 6, 7]
    # The lowest subjects of each question, wherever in the tree they stand.
    assert skills_of(log) == [[33], [34, 33], [32]]
    assert log.chronological is not None
    assert log.chronological.tolist() == [2, 1, 0]
    assert fates_of(log) == {}


def test_a_level_of_the_tree_may_be_the_skill(folder):
    with pytest.warns(DataWarning, match=r"1 row \(row 2\): without a skill"):
        log = read_eedi(folder, level=3)
    assert skills_of(log) == [[33], [34, 33]]
    assert skills_of(read_eedi(folder, level=1)) == [[32]] * 3
    assert problems_of(folder, level=3, without_skill="refuse") == (
        "column 'SubjectId of the question': 1 row (row 2) missing",
    )


def test_missing_and_repeated_files_are_named(folder):
    assert problems_of(folder, task="1_2") == tuple(
        f"{folder}: there is no file '{name}_task_1_2.csv', neither there nor in a folder below"
        for name in ("train", "answer_metadata", "question_metadata")
    )
    (folder / "subject_metadata.csv").write_text("")
    (problem,) = problems_of(folder)
    assert "'subject_metadata.csv' is there 2 times" in problem
    with pytest.raises(FileNotFoundError):
        read_eedi(folder / "absent")


def test_what_is_wrong_is_said(folder):
    change(folder, "train", "5,70,900,1", "8,70,909,2")
    assert problems_of(folder) == (
        "column 'AnswerId': 1 row (row 0) such as 909, which is not in "
        "answer_metadata_task_3_4.csv; give the files of one task",
        "column 'QuestionId': 1 row (row 0) such as 8, which is not in "
        "question_metadata_task_3_4.csv; give the files of one task",
        "column 'IsCorrect': 1 row (row 0) neither 0 nor 1 (such as 2)",
    )
    change(folder, "question", "[3, 32]", "[3, 99]")
    (problem,) = problems_of(folder)
    assert problem == "column 'SubjectId': 99, not in subject_metadata.csv; give its file"
    change(folder, "question", "[3, 99]", "__import__('os')")
    (problem,) = problems_of(folder)
    assert problem.startswith("column 'SubjectId': 1 row (row 2) such as \"__import__('os')\"")
    change(folder, "answer", "901,", "902,")
    (problem,) = problems_of(folder)
    assert problem == "column 'AnswerId': 1 row (row 1) with a value that is there before"


def test_arguments_are_checked(folder):
    with pytest.raises(ParameterError) as caught:
        read_eedi(folder, "3", level=-1, without_skill="keep")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
