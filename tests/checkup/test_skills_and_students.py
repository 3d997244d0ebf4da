"""What skills and students cannot tell: a log that has each finding, and one close by."""

from __future__ import annotations

from typing import Any

import pytest
from tests.checkup.sound import START, checked, codes, more, read, sound

from adaptlearn import check
from adaptlearn.errors import IdentificationWarning
from adaptlearn.models import BKT


def test_nothing_is_found_in_a_sound_log() -> None:
    assert codes(sound()) == []


# ---- skills ---------------------------------------------------------------------------------


def skill_rows(n_students: int, answers: list[int | None]) -> dict[str, list[Any]]:
    """The same answers of each of some students on a skill 'odd'."""
    return {
        "student": [f"s{k}" for k in range(n_students) for _ in answers],
        "skill": ["odd"] * (n_students * len(answers)),
        "correct": answers * n_students,
        "item": [f"odd {k}" for k in range(len(answers))] * n_students,
    }


SKILLS: dict[str, tuple[int, list[int | None]]] = {
    "skill-only-exposures": (20, [None, None]),
    "skill-one-response": (1, [1]),
    "skill-all-right": (20, [1, 1, 1, 1]),
    "skill-all-wrong": (20, [0, 0, 0, 0]),
    "skill-few-students": (9, [0, 0, 1, 1]),
}


@pytest.mark.parametrize("code", SKILLS)
def test_a_skill_that_cannot_be_identified(code: str) -> None:
    columns = more(sound(), **skill_rows(*SKILLS[code]))
    checkup = checked(columns, unanswered="exposure")
    finding = checkup[code]
    assert (finding.severity, finding.count, finding.labels) == ("warning", 1, ("odd",))
    assert sum(found.startswith("skill-") for found in checkup.codes) == 1


@pytest.mark.parametrize(
    ("code", "n_answers"), [("skill-answered-once", 1), ("skill-answered-twice", 2)]
)
def test_a_skill_that_no_student_answers_often(code: str, n_answers: int) -> None:
    rows = skill_rows(24, [0] * n_answers)
    rows["correct"] = [k % 2 for k in range(24 * n_answers)]
    rows["item"] = ["odd 0"] * (24 * n_answers)
    assert codes(more(sound(), **rows)) == [code]


def test_a_skill_just_beyond_is_identified() -> None:
    assert codes(more(sound(), **skill_rows(10, [0, 1, 1]))) == []


def test_the_reasons_are_those_of_bkt() -> None:
    columns = sound()
    cases: dict[str, tuple[int, list[int | None]]] = {
        **SKILLS,
        "skill-answered-once": (12, [1]),
        "skill-answered-twice": (12, [0, 1]),
    }
    for code, (n_students, answers) in cases.items():
        rows = skill_rows(n_students, answers)
        rows["skill"] = [code] * len(rows["skill"])
        if code == "skill-answered-once":
            rows["correct"] = [0, 1] * 6
        columns = more(columns, **rows)
    log = read(columns, unanswered="exposure")
    checkup = check(log)
    assert {code: checkup[code].labels for code in cases} == {code: (code,) for code in cases}
    with pytest.warns(IdentificationWarning):
        model = BKT().fit(log)
    told = {code: checkup[code].found.partition(":")[0].lower() for code in cases}
    assert {code: model.unidentified_[code] for code in cases} == told


def test_no_skill_identified_is_an_error() -> None:
    columns = {
        "student": [f"s{k}" for k in range(30) for _ in "ab"],
        "skill": ["a", "b"] * 30,
        "correct": [k // 2 % 2 for k in range(60)],
        "time": [START + k for k in range(60)],
    }
    checkup = checked(columns)
    assert checkup.codes == ("no-skill-identified", "skill-answered-once")
    assert checkup["no-skill-identified"].labels == ("a", "b")


@pytest.mark.parametrize(("code", "most"), [("skill-few-wrong", 1), ("skill-few-right", 0)])
def test_few_answers_of_one_kind(code: str, most: int) -> None:
    rows = skill_rows(20, [most, most, most])
    for row in range(9):
        rows["correct"][5 * row] = 1 - most
    assert codes(more(sound(), **rows)) == [code]
    rows["correct"][5 * 9] = 1 - most
    assert codes(more(sound(), **rows)) == []


def test_skills_that_always_come_together() -> None:
    columns = sound()
    columns["skill"] = [["add", "sum"] if s == "add" else [s] for s in columns["skill"]]
    checkup = checked(columns)
    assert checkup.codes == ("skills-inseparable",)
    assert checkup["skills-inseparable"].labels == ("add", "sum")
    assert "'add' and 'sum'" in checkup["skills-inseparable"].found
    columns["skill"][0] = ["add"]
    columns["item"][0] = "another"
    assert "skills-inseparable" not in codes(columns)


def test_skills_without_a_row_in_a_part_are_not_together() -> None:
    columns = sound()
    sets = {"add": ["add", "sum"], "carry": ["carry"], "borrow": ["borrow", "carry"]}
    columns["skill"] = [sets[skill] for skill in columns["skill"]]
    part = read(columns)[[row for row, skill in enumerate(columns["skill"]) if "add" not in skill]]
    assert part.skill_rows is not None
    assert check(part).codes == ()


# ---- students -------------------------------------------------------------------------------


def test_students_with_one_answer() -> None:
    rows: dict[str, list[Any]] = {"student": ["new"], "skill": ["add"], "correct": [1]}
    checkup = checked(more(sound(), **rows))
    assert checkup.codes == ("one-answer-students",)
    assert checkup["one-answer-students"].labels == ("new",)
    assert checkup["one-answer-students"].severity == "note"
    rows = {name: column * 2 for name, column in rows.items()}
    assert codes(more(sound(), **rows)) == []


def test_many_students_with_one_answer_are_a_warning() -> None:
    new: dict[str, list[Any]] = {
        "student": [f"n{k}" for k in range(5)],
        "skill": ["add"] * 5,
        "correct": [1] * 5,
    }
    assert checked(more(sound(), **new))["one-answer-students"].severity == "warning"


@pytest.mark.parametrize(("code", "answer"), [("students-all-right", 1), ("students-all-wrong", 0)])
def test_students_whose_answers_are_unlikely(code: str, answer: int) -> None:
    def with_answers(n: int) -> dict[str, Any]:
        rows: dict[str, list[Any]] = {
            "student": ["x"] * n,
            "skill": ["add", "carry"] * (n // 2),
            "correct": [answer] * n,
        }
        return more(sound(), **rows)

    assert codes(with_answers(100)) == [code]
    assert checked(with_answers(100))[code].labels == ("x",)
    assert codes(with_answers(20)) == []
