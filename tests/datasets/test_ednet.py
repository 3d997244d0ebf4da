"""EdNet KT1: a file per student, answers without a verdict, times in milliseconds."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn.datasets import read_ednet
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

HEADER = "timestamp,solving_id,question_id,user_answer,elapsed_time\n"
QUESTIONS = (
    "question_id,bundle_id,explanation_id,correct_answer,part,tags,deployed_at\n"
    "q1,b1,e1,b,1,7;182;7,1558093217098\n"
    "q2,b2,e2,d,5,7,1558093219720\n"
    "q3,b3,e3,a,5,-1,-1\n"
)
FILES = {
    "u10": "1565332057449,1,q2,d,19000\n1565332027449,1,q1,b,24000\n",
    "u2": "1565400000000,3,q1,c,30000\n1565400000000,3,q2,,1000\n1565400060000,4,q3,a,500\n",
}
SILENT = "without an answer, left out"
BARE = "without a skill, left out (without_skill='refuse' refuses it)"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "KT1").mkdir()
    for student, rows in FILES.items():
        (tmp_path / "KT1" / f"{student}.csv").write_text(HEADER + rows)
    (tmp_path / "questions.csv").write_text(QUESTIONS)
    return tmp_path


def read(folder, source="KT1", **options):
    with pytest.warns(DataWarning, match="read_ednet"):
        return read_ednet(folder / source, folder / "questions.csv", **options)


def problems_of(*arguments, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_ednet(*arguments, **options)
    return caught.value.problems


def test_a_folder_becomes_a_log(folder):
    log = read(folder, extra=["elapsed_time"])
    assert log.student.values.tolist() == ["u2", "u10", "u10"]  # in the order of the numbers
    assert log.correct.tolist() == [0, 1, 1]
    assert skills_of(log) == [[7, 182], [7], [7, 182]]
    assert log.item is not None
    assert log.item.values.tolist() == ["q1", "q2", "q1"]
    assert log.time is not None
    assert log.time.tolist() == [1565400000.0, 1565332057.449, 1565332027.449]
    assert log.extra["elapsed_time"].tolist() == [30000, 19000, 24000]
    assert fates_of(log) == {SILENT: [1], BARE: [2]}
    assert log.account is not None
    assert str(log.account) == (
        "read_ednet: 5 rows became 3 responses"
        f"\n  - 1 row (u2.csv row 1): {SILENT}"
        f"\n  - 1 row (u2.csv row 2): {BARE}"
        "\nstudent is \"the file's name\", skill is 'tags of the question', "
        "correct is 'user_answer', item is 'question_id', time is 'timestamp'"
    )


def test_some_files_and_one_frame_of_many_students(folder):
    files = [folder / "KT1" / "u10.csv"]
    log = read_ednet(files, folder / "questions.csv")
    assert log.student.labels.tolist() == ["u10"]
    frame = pd.concat(
        pd.read_csv(folder / "KT1" / f"{student}.csv").assign(user_id=int(student[1:]))
        for student in FILES
    )
    with pytest.warns(DataWarning, match=r"1 row \(row 3\): without an answer"):
        log = read_ednet(frame, pd.read_csv(folder / "questions.csv"))
    assert log.student.values.tolist() == [10, 10, 2]
    assert log.correct.tolist() == [1, 1, 0]


def test_the_part_of_the_test_may_be_the_skill(folder):
    log = read(folder, skill="part")
    assert log.skill.values.tolist() == [1, 5, 5, 1]
    assert fates_of(log) == {SILENT: [1]}


def test_answers_without_a_skill_may_be_refused(folder):
    (problem,) = problems_of(folder / "KT1", folder / "questions.csv", without_skill="refuse")
    assert problem == "column 'tags of the question': 1 row (u2.csv row 2) missing"


def test_what_is_wrong_is_said_with_the_file(folder):
    (folder / "KT1" / "u2.csv").write_text(HEADER + "1.5,3,q9,e,30000\n")
    problems = problems_of(folder / "KT1", folder / "questions.csv")
    assert problems == (
        "column 'question_id': 1 row (u2.csv row 0) such as 'q9', not among the 3 of `questions`; "
        "give the questions.csv that belongs to these files",
        "column 'timestamp': 1 row (u2.csv row 0) such as 1.5; expected whole numbers, 1,000 of "
        "them to a second",
        "column 'user_answer': 1 row (u2.csv row 0) such as 'e'; expected one of 'a', 'b', 'c', "
        "'d'",
    )
    (folder / "KT1" / "u2.csv").write_text("timestamp,action_type,item_id\n1,enter,b1\n")
    problems = problems_of(folder / "KT1", folder / "questions.csv")
    assert problems[0].startswith("u2.csv: column 'question_id' is there 0 times")
    (folder / "KT1" / "u2.csv").write_text(HEADER + "1,2,q1\n")
    problems = problems_of(folder / "KT1", folder / "questions.csv")
    assert problems == ("u2.csv: line 2 has 3 fields, the header 5",)
    (folder / "empty").mkdir()
    assert "there is no file u*.csv" in problems_of(folder / "empty", folder / "questions.csv")[0]
    with pytest.raises(FileNotFoundError):
        read_ednet(folder / "absent.csv", folder / "questions.csv")


def test_what_is_wrong_with_the_questions_is_said(folder):
    source = folder / "KT1"
    (folder / "questions.csv").write_text(QUESTIONS + "q1,b,e,x,1,one,0\n")
    with pytest.raises(ResponseDataError) as caught:
        read_ednet(source, folder / "questions.csv")
    assert caught.value.subject == "read_ednet, questions, questions.csv"
    assert caught.value.problems == (
        "column 'question_id': 1 row (row 3) repeat a question",
        "column 'correct_answer': 1 row (row 3) such as 'x'; expected one of 'a', 'b', 'c', 'd'",
        "column 'tags': 1 row (row 3) such as 'one'; expected whole numbers with ';' between them",
    )
    with pytest.raises(ResponseDataError, match="'tags' is there 0 times"):
        read_ednet(source, source / "u10.csv")


def test_arguments_are_checked(folder):
    with pytest.raises(ParameterError) as caught:
        read_ednet(folder, folder, skill="tag", without_skill="keep")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2


def test_real_answers_as_files_of_students(data, tmp_path):
    sample = pd.read_csv(data("ednet_sample", "train.csv.gz"))
    letters = dict(enumerate("abcd", 1))
    right = sample[sample.correct == 1].groupby("item").answer.first().map(letters)
    sample = sample[sample.item.isin(right.index) & sample.answer.isin(letters)]
    sample = sample[sample.student.isin(sample.student.unique()[:5])].reset_index(drop=True)
    for student, rows in sample.groupby("student"):
        table = pd.DataFrame(
            {
                "timestamp": rows.index * 1000,
                "question_id": "q" + rows["item"].astype(str),
                "user_answer": rows.answer.map(letters),
            }
        )
        table.to_csv(tmp_path / f"u{student}.csv", index=False)
    questions = pd.DataFrame(
        {
            "question_id": "q" + right.index.astype(str),
            "correct_answer": right.to_numpy(),
            "tags": sample.groupby("item").skills.first().reindex(right.index, fill_value="-1"),
        }
    )
    questions["tags"] = questions.tags.str.replace("-", ";").replace(";1", "-1")
    log = read_ednet(tmp_path, questions)
    assert log.correct.tolist() == sample.correct.tolist()
    assert skills_of(log) == [list(map(int, text.split("-"))) for text in sample.skills]
