"""pyKT's data folders: six lines for each student, folds, stretches, windows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.datasets.skills import fates_of, skills_of

from adaptlearn.datasets import read_pykt
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError

# Ann's second question has two concepts; Bob's first has none.
DATA = """ann,4
q1,q2,q1,q####3
add,add_carry,add,sub@@@@2
0,1,1,0
1000,2500,9000,9500
10,20,30,40
bob,2
q1,q2
NA,carry
1,1
500,700
5,6
"""
# The same as pyKT splits it: numbered, a row per concept, repeated rows marked.
NUMBERS = {
    "questions": {"q1": 0, "q2": 1, "q####3": 2},
    "concepts": {"add": 0, "carry": 1, "sub@@@@2": 2, "NA": 3},
    "max_concepts": 2,
}
HEADER = "fold,uid,questions,concepts,responses,timestamps,usetimes,is_repeat"
ANN = '"0,1,1,0,2","0,0,1,0,2","0,1,1,1,0","1000,2500,2500,9000,9500","10,20,20,30,40","0,0,1,0,0"'
BOB = '"0,1","3,1","1,1","500,700","5,6","0,0"'
FURTHER = "a further skill, joined to its response"
BARE = "without a skill, left out (without_skill='refuse' refuses it)"
WINDOW = "repeated by a window, left out"


def stretch(text, first, last, length):
    """A part of each list, filled with -1 up to a length."""
    lists = [values.split(",")[first:last] for values in text.strip('"').split('","')]
    return ",".join(f'"{",".join([*part, *["-1"] * (length - len(part))])}"' for part in lists)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data.txt").write_text(DATA)
    (tmp_path / "keyid2idx.json").write_text(json.dumps(NUMBERS))
    (tmp_path / "train_valid.csv").write_text(f"{HEADER}\n1,ann,{ANN}\n")
    (tmp_path / "test.csv").write_text(f'{HEADER},cidxs\n-1,bob,{BOB},"0,1"\n')
    return tmp_path


def read(path, **options):
    with pytest.warns(DataWarning, match="read_pykt"):
        return read_pykt(path, **options)


def problems_of(path, **options):
    with pytest.raises(ResponseDataError) as caught:
        read_pykt(path, **options)
    return caught.value.problems


def parts(log):
    """What a log holds, with each row's skills."""
    return (
        log.student.values.tolist(),
        log.item.values.tolist(),
        skills_of(log),
        log.correct.tolist(),
        log.time.tolist(),
    )


WHOLE: tuple[list, ...] = (
    ["ann", "ann", "ann", "ann", "bob"],
    ["q1", "q2", "q1", "q_3", "q2"],
    [["add"], ["add", "carry"], ["add"], ["sub,2"], ["carry"]],
    [0, 1, 1, 0, 1],
    [1.0, 2.5, 9.0, 9.5, 0.7],
)


def test_the_file_of_all_students(folder):
    log = read(folder / "data.txt", extra=["usetimes"])
    assert parts(log) == WHOLE
    assert log.extra["usetimes"].tolist() == [10, 20, 30, 40, 6]
    assert fates_of(log) == {BARE: [4]}
    assert problems_of(folder / "data.txt", without_skill="refuse") == (
        "column 'concepts': 1 row (row 4) missing",
    )


def test_a_folder_gives_the_folds(folder):
    log = read(folder)
    assert parts(log) == WHOLE  # labels and responses as in data.txt
    assert log.extra["fold"].tolist() == [1, 1, 1, 1, -1]
    assert fates_of(log) == {FURTHER: [2], BARE: [5]}
    (folder / "keyid2idx.json").unlink()
    with pytest.warns(DataWarning):
        assert read_pykt(folder).skill.labels.tolist() == [0, 1, 2, 3]
    (folder / "train_valid.csv").unlink()
    (folder / "test.csv").unlink()
    assert parts(read(folder)) == WHOLE  # from data.txt
    (folder / "data.txt").unlink()
    (problem,) = problems_of(folder)
    assert "none of 'train_valid.csv', 'test.csv', 'data.txt' is there, but nothing" in problem


def test_stretches_are_put_together_and_padding_is_no_row(folder):
    path = folder / "train_valid_sequences.csv"
    path.write_text(
        f'{HEADER},selectmasks\n1,ann,{stretch(ANN, 0, 2, 4)},"1,1,-1,-1"\n'
        f'1,ann,{stretch(ANN, 2, 5, 4)},"1,1,1,-1"\n'
    )
    log = read(path)
    # The second stretch begins with the second concept of the answer that ends the first one.
    assert parts(log) == tuple(part[:4] for part in WHOLE)
    assert fates_of(log) == {FURTHER: [2]}


def test_answers_that_windows_repeat_are_there_once(folder):
    rows = []
    for end in range(3, 6):
        mask = "1,1,1" if end == 3 else "-1,-1,1"
        rows.append(f'-1,ann,{stretch(ANN, end - 3, end, 3)},"{mask}"\n')
    path = folder / "test_window_sequences.csv"
    path.write_text(f"{HEADER},selectmasks\n{''.join(rows)}")
    log = read(path)
    assert parts(log) == tuple(part[:4] for part in WHOLE)
    assert fates_of(log) == {FURTHER: [2], WINDOW: [3, 4, 6, 7]}


def test_files_of_question_level_keep_their_labels(folder):
    path = folder / "train_valid_quelevel.csv"
    path.write_text('fold,uid,questions,concepts,responses\n0,7,"4,5","1_2,1","0,1"\n')
    log = read_pykt(path)
    assert skills_of(log) == [[1, 2], [1]]
    assert log.student.labels.tolist() == [7]
    assert log.time is None


def test_questions_may_be_the_skills(folder):
    lines = DATA.splitlines()
    lines[2] = lines[8] = "NA"
    (folder / "data.txt").write_text("\n".join(lines))
    assert problems_of(folder / "data.txt") == (
        "there are no concepts; skill='questions' takes questions",
    )
    log = read_pykt(folder / "data.txt", skill="questions")
    assert log.skill.labels.tolist() == ["q1", "q2", "q_3"]
    assert log.item is not None
    assert log.item.values.tolist() == log.skill.values.tolist()


def test_files_that_repeat_histories_are_refused(folder):
    path = folder / "test_question_sequences.csv"
    path.write_text('uid,concepts,responses,qidxs\nann,"1,2","0,1","0,1"\n')
    assert problems_of(path) == (
        "test_question_sequences.csv: it repeats a student's history for each question; read "
        "test.csv",
    )


def test_damage_is_told_with_file_and_line(folder):
    text = folder / "data.txt"
    text.write_text(DATA.replace("bob,2", "bob"))
    assert problems_of(text) == ("data.txt, line 7: 'bob'; expected a student and a count",)
    text.write_text(DATA.replace("0,1,1,0", "0,1,2"))
    assert problems_of(text) == ("data.txt, line 1: a count of 4, but 3 responses",)
    text.write_text(DATA.replace("0,1,1,0", "0,1,2").replace("ann,4", "ann,3"))
    assert problems_of(text) == (
        "data.txt, line 1: 4 questions, but 3 responses",
        "data.txt, line 1: 4 concepts, but 3 responses",
        "data.txt, line 1: 4 timestamps, but 3 responses",
        "data.txt, line 1: responses '2'; expected 0 and 1",
    )
    text.write_text(DATA.replace("0,1,1,0", "7,1,1").replace("ann,4", "ann,3") * 9)
    assert problems_of(text)[-1] == "and 26 more of these"
    text.write_text(DATA + "eve,1\n")
    assert problems_of(text) == ("data.txt: 13 lines; expected six for each student",)
    text.write_text(DATA.replace("2500", "soon").replace("500,700", "NA"))
    assert problems_of(text) == ("timestamps: missing in 'data.txt, line 7'",)
    text.write_text(DATA.replace("2500", "soon"))
    (problem,) = problems_of(text)
    assert problem.startswith(
        "column 'timestamps': 1 row (row 1) of data.txt, line 1 such as 'soon'; expected whole"
    )
    text.write_bytes(DATA.encode() + b"\xff")
    assert problems_of(text) == ("data.txt: is not text in UTF-8 (byte 126); save it as UTF-8",)
    train = folder / "train_valid.csv"
    train.write_text(train.read_text().replace('"0,0,1,0,2"', '"0,0,1,0,9"'))
    assert problems_of(train) == (
        "train_valid.csv: the numbers '9' are not in keyid2idx.json; remove that file to read the "
        "numbers",
    )
    (folder / "keyid2idx.json").write_text("[1, 2]")
    assert "is no JSON of pyKT's numbers" in problems_of(train)[0]
    train.write_text("fold,uid\n0,ann\n")
    assert problems_of(train) == ("column 'responses' is missing; the columns are 'fold', 'uid'",)


def test_arguments_are_checked(folder):
    with pytest.raises(ParameterError) as caught:
        read_pykt(folder, skill="tags", without_skill="keep")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2


def test_a_real_log_in_both_layouts(data, tmp_path):
    rows = np.loadtxt(data("assistments15", "test.csv"), int, delimiter=",", skiprows=1)[:2000]
    text, table = [], ["fold,uid,concepts,responses"]
    students = rows[np.sort(np.unique(rows[:, 0], return_index=True)[1]), 0]
    expected = []
    for student in students:
        own = rows[rows[:, 0] == student]
        expected += own.tolist()
        skills, answers = (",".join(map(str, own[:, k])) for k in (1, 2))
        text += [f"{student},{len(own)}", "NA", skills, answers, "NA", "NA"]
        table.append(f'0,{student},"{skills}","{answers}"')
    (tmp_path / "data.txt").write_text("\n".join(text))
    (tmp_path / "train_valid.csv").write_text("\n".join(table))
    for path in (tmp_path / "data.txt", tmp_path / "train_valid.csv"):
        log = read_pykt(path)
        columns = (log.student.values, log.skill.values, log.correct)
        found = zip(*(column.tolist() for column in columns), strict=True)
        assert [list(row) for row in found] == expected
