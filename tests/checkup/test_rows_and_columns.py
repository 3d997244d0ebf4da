"""Rows and columns that are not what they seem: a log with each finding, and one close by."""

from __future__ import annotations

from typing import Any

import pytest
from tests.checkup.sound import checked, codes, sound, without

from adaptlearn import ResponseLog, check

# ---- rows -----------------------------------------------------------------------------------


def doubled(columns: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """Each of some rows stands twice in a row."""
    order = sorted([*range(len(columns["student"])), *rows])
    return {name: [column[row] for row in order] for name, column in columns.items()}


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.DataWarning")
def test_repeated_events() -> None:
    checkup = checked(doubled(sound(), [3, 50]))
    assert checkup.codes == ("repeated-events",)
    assert checkup["repeated-events"].rows.tolist() == [4, 52]
    columns = doubled(sound(), [3])
    columns["time"][4] += 0.5
    assert codes(columns) == []


def expanded(columns: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    columns = doubled(columns, rows)
    for place, row in enumerate(rows):
        columns["skill"][row + place + 1] = "sum"
    return columns


@pytest.mark.parametrize("left_out", [(), ("item",), ("time",)])
def test_one_response_as_several_rows(left_out: tuple[str, ...]) -> None:
    rows = [row for row, skill in enumerate(sound()["skill"]) if skill == "add"]
    columns = without(expanded(sound(), rows), *left_out)
    checkup = checked(columns)
    finding = checkup["expanded-rows"]
    assert finding.severity == "error"
    assert finding.rows.tolist() == [row + place + 1 for place, row in enumerate(rows)]
    assert "item-changes-skill" not in checkup


def test_neighbours_that_disagree_are_responses_of_their_own() -> None:
    rows = [row for row, skill in enumerate(sound()["skill"]) if skill == "add"]
    columns = expanded(sound(), rows)
    for place, row in enumerate(rows[::10]):
        columns["correct"][row + 10 * place + 1] ^= 1
    checkup = checked(columns)
    assert "expanded-rows" not in checkup
    assert "item-changes-skill" in checkup


def test_easy_questions_are_no_parts_of_one_response() -> None:
    columns = without(sound(), "time")
    columns["item"] = ["a problem of two steps"] * 960
    columns["skill"] = ["add", "carry"] * 480
    columns["correct"] = [int(k % 97 != 0) for k in range(960)]  # neighbours agree in 98 %
    assert "expanded-rows" not in codes(columns)


def test_a_few_neighbours_without_times_may_agree_by_chance() -> None:
    columns = without(sound(), "time")
    rows = [row for row, skill in enumerate(columns["skill"]) if skill == "add"]
    assert "expanded-rows" not in codes(expanded(columns, rows[:4]))
    assert "expanded-rows" in codes(expanded(columns, rows[:20]))
    columns["correct"] = [1] * 960
    assert "expanded-rows" not in codes(expanded(columns, rows[:20]))


def test_lessons_on_several_skills_give_no_answer_away() -> None:
    rows = [row for row, skill in enumerate(sound()["skill"]) if skill == "add"]
    columns = expanded(sound(), rows)
    columns["correct"][0] = columns["correct"][1] = None
    found = checked(columns, unanswered="exposure")["expanded-rows"].rows.tolist()
    assert found == [row + place + 1 for place, row in enumerate(rows)][1:]


def test_nothing_is_expanded_where_neither_item_nor_time_would_show_it() -> None:
    rows = [row for row, skill in enumerate(sound()["skill"]) if skill == "add"]
    assert codes(without(expanded(sound(), rows), "item", "time")) == ["order-from-rows"]


def test_the_remedy_of_expanded_rows_gives_back_the_responses() -> None:
    pandas = pytest.importorskip("pandas")
    columns = sound()
    rows = [row for row, skill in enumerate(columns["skill"]) if skill == "add"]
    frame = pandas.DataFrame(expanded(columns, rows))
    checkup = check(frame)
    remedy = checkup["expanded-rows"].remedy.split("`")[1]
    names = {"ResponseLog": ResponseLog, "frame": frame, "checkup": checkup}
    log = eval(remedy, names)
    assert log.time.tolist() == columns["time"]
    assert len(log.skill.codes) == len(log) + len(rows)

    frame = frame.drop(columns="item")
    remedy = check(frame)["expanded-rows"].remedy.split("`")[1]
    merged = eval(remedy, {"frame": frame})
    assert sorted(map(sorted, merged["skill"])) == sorted(
        ["add", "sum"] if skill == "add" else [skill] for skill in columns["skill"]
    )


def test_an_export_read_twice() -> None:
    columns = without(sound(), "time")
    twice = {name: column * 2 for name, column in columns.items()}
    checkup = checked(twice)
    assert checkup["histories-twice"].rows.tolist() == list(range(960, 1920))
    assert checkup["histories-twice"].severity == "error"
    twice["correct"] = [*columns["correct"], *columns["correct"][::-1]]
    assert "histories-twice" not in codes(twice)


def test_exposures() -> None:
    columns = sound()
    columns["correct"][7] = None
    checkup = checked(columns, unanswered="exposure")
    assert checkup.codes == ("exposures",)
    assert checkup["exposures"].rows.tolist() == [7]


# ---- columns --------------------------------------------------------------------------------


def test_constant_columns() -> None:
    columns = {**sound(), "school": ["north"] * 960, "class": ["4a", "4b"] * 480}
    checkup = checked(columns, extra=["school", "class"])
    assert checkup.codes == ("constant-columns",)
    assert checkup["constant-columns"].labels == ("school",)
    columns["item"] = ["quiz"] * 960
    checkup = checked(columns, extra=["school", "class"])
    assert checkup["constant-columns"].labels == ("item", "school")


def test_columns_that_tell_the_answer() -> None:
    columns = sound()
    outcome = ["ok" if correct else "error" for correct in columns["correct"]]
    columns |= {"outcome": outcome, "row": list(range(960)), "part": [k % 7 for k in range(960)]}
    checkup = checked(columns, extra=["outcome", "row", "part"])
    assert checkup.codes == ("columns-tell-answer",)
    assert checkup["columns-tell-answer"].labels == ("outcome",)
    columns["outcome"][:40] = ["ok"] * 40
    assert codes(columns, extra=["outcome"]) == []


def test_missing_and_unhashable_values_of_further_columns() -> None:
    columns = {**sound(), "hints": [None, float("nan")] * 480, "tags": [[1]] * 960}
    columns["seconds"] = [float("nan")] * 960
    checkup = checked(columns, extra=["hints", "tags", "seconds"])
    assert checkup["constant-columns"].labels == ("hints", "tags", "seconds")  # a gap is a gap


def test_items_that_are_the_skills() -> None:
    columns = sound()
    columns["item"] = [f"item of {skill}" for skill in columns["skill"]]
    assert codes(columns) == ["item-is-skill"]
    columns["item"][0] = "another"
    assert "item-is-skill" not in codes(columns)


def test_items_that_change_their_skill() -> None:
    columns = sound()
    place = columns["skill"].index("carry")
    columns["item"][place] = columns["item"][0]
    checkup = checked(columns)
    assert checkup.codes == ("item-changes-skill",)
    finding = checkup["item-changes-skill"]
    assert finding.labels == (columns["item"][0],)
    assert "with 'add', 'carry'" in finding.found
    assert finding.rows.tolist() == [
        row for row, item in enumerate(columns["item"]) if item == columns["item"][0]
    ]


def test_items_with_few_answers() -> None:
    columns = sound()
    columns["item"][:4] = [f"{skill} rare {k}" for k, skill in enumerate(columns["skill"][:4])]
    checkup = checked(columns)
    assert checkup.codes == ("items-with-few-answers",)
    assert checkup["items-with-few-answers"].count == 4
    columns = sound()
    columns["item"][0] = "add rare"
    assert codes(columns) == []


@pytest.mark.parametrize("role", ["student", "skill", "item"])
@pytest.mark.parametrize("change", [str.upper, "{} ".format, " {}".format])
def test_names_that_differ_by_case_or_space(role: str, change: Any) -> None:
    columns = sound()
    name = columns[role][0]
    for row in range(0, 960, 2):
        if columns[role][row] == name:
            columns[role][row] = change(name)
    checkup = checked(columns)
    finding = checkup[f"{role}s-alike"]
    assert set(finding.labels) == {name, change(name)}
    assert finding.severity == "warning"


@pytest.mark.parametrize("name", ["nan", "NULL", "N/A", "None"])
def test_names_that_stand_for_a_gap(name: str) -> None:
    columns = sound()
    columns["skill"] = [name if skill == "add" else skill for skill in columns["skill"]]
    checkup = checked(columns)
    assert checkup.codes == ("skill-names-a-gap",)
    assert checkup["skill-names-a-gap"].labels == (name,)


def test_minus_one_stands_for_a_gap() -> None:
    columns = sound()
    number = {"add": 0, "carry": 1, "borrow": -1}
    columns["skill"] = [number[skill] for skill in columns["skill"]]
    assert codes(columns) == ["skill-names-a-gap"]
    columns["skill"] = [skill + 1 for skill in columns["skill"]]
    assert codes(columns) == []
