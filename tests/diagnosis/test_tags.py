"""Items that are tagged with another skill than the one they test."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.pages import Page

from adaptlearn import ResponseLog
from adaptlearn.diagnosis import Diagnosis, DoubtfulTag, diagnose, policy_from_log
from adaptlearn.diagnosis.answers import Answers, Emissions, Skills, filtered
from adaptlearn.diagnosis.tags import tag_evidence
from adaptlearn.errors import ModelFileError
from adaptlearn.simulation import prior_log, random_course, simulators

COURSE = random_course(12, random_state=3)
WRONG = COURSE.with_wrong_tags(0.1, random_state=1)
KINDS = simulators(COURSE, random_state=3)
SKILLS = Skills(
    prior=np.array([0.3, 0.5, 0.2]),
    learn=np.array([0.2, 0.3, 0.4]),
    guess=np.array([0.2, 0.1, 0.15]),
    slip=np.array([0.1, 0.05, 0.12]),
)


def log_of(kind: str = "individual", course: Any = WRONG, n_students: int = 300) -> dict[str, Any]:
    return prior_log(KINDS[kind], course, n_students=n_students, seed=5)


def without_items(log: dict[str, Any]) -> dict[str, Any]:
    return {name: column for name, column in log.items() if name != "item"}


@pytest.fixture(scope="module")
def found() -> Diagnosis:
    return diagnose(log_of())


def random_log(n_students: int = 8, n: int = 400) -> ResponseLog:
    rng = np.random.default_rng(1)
    return ResponseLog.from_frame(
        {
            "student": rng.integers(0, n_students, n),
            "skill": np.r_[0, 1, 2, rng.integers(0, 3, n - 3)],
            "item": rng.integers(0, 5, n),
            "correct": (rng.random(n) < 0.7).astype(int),
            "time": rng.permutation(n) * 1000.0,
        }
    )


def known_when(log: ResponseLog, trusted: Any, row: int, skill: int) -> float:
    """P(known) of a skill when an answer was given, from trusted answers before it."""
    assert log.time is not None
    known = SKILLS.prior[skill]
    for before in np.argsort(log.time).tolist():
        same = log.student.codes[before] == log.student.codes[row]
        if same and log.skill.codes[before] == skill and trusted[before]:
            if log.time[before] >= log.time[row]:
                break
            right = log.correct[before] == 1
            hit = known * (1 - SKILLS.slip[skill] if right else SKILLS.slip[skill])
            miss = (1 - known) * (SKILLS.guess[skill] if right else 1 - SKILLS.guess[skill])
            known = hit / (hit + miss)
            known += (1 - known) * SKILLS.learn[skill]
    return known


def test_evidence_is_that_of_lines_fitted_to_each_item() -> None:
    log = random_log()
    answers = Answers.of(log)
    trusted = np.random.default_rng(2).random(len(log)) < 0.8  # by row
    evidence = tag_evidence(answers, SKILLS, trusted[answers.row], fewest=6)
    assert log.item is not None
    seen = set()
    for tag, (item, skill) in enumerate(zip(evidence.item, evidence.skill, strict=True)):
        rows = np.flatnonzero((log.item.codes == item) & (log.skill.codes == skill))
        seen.add((item, skill))
        assert evidence.answers[tag] == len(rows)
        assert evidence.students[tag] == len(np.unique(log.student.codes[rows])) >= 6
        both = {int(k) for k in log.skill.codes[log.item.codes == item]}
        assert len(both) == 3  # every item has every tag here, so no other skill is left
        assert evidence.other[tag] == -1
    assert len(seen) > 5
    assert (evidence.gain <= 0).all()


def test_the_gain_over_the_tag_is_that_of_the_best_other_skill() -> None:
    log = random_log()
    item = log.skill.codes * 2 + (np.arange(len(log)) % 2)  # two items of each skill
    answers = Answers.of(log)
    answers = answers._replace(item=item[answers.row].astype(np.int64))
    trusted = np.random.default_rng(2).random(len(log)) < 0.8
    evidence = tag_evidence(answers, SKILLS, trusted[answers.row], fewest=3)
    assert len(evidence.item) == 6
    for tag in range(6):
        rows = np.flatnonzero(item == evidence.item[tag])
        right = log.correct[rows]
        errors = {}
        for skill in range(3):
            known = np.array([known_when(log, trusted, row, skill) for row in rows.tolist()])
            slope, level = np.polyfit(known, right, 1)
            line = slope * known + level if slope > 0 else right.mean()
            errors[skill] = (right - line) ** 2
        own = errors.pop(int(evidence.skill[tag]))
        best = min(errors, key=lambda skill: float(errors[skill].sum()))
        fewer = own - errors[best]
        each = np.bincount(log.student.codes[rows], fewer)
        if evidence.other[tag] != best:  # no other skill has a rising line
            assert errors[best].sum() == pytest.approx(errors[int(evidence.other[tag])].sum())
        assert evidence.gain[tag] == pytest.approx(fewer.sum() / own.sum())
        assert evidence.error[tag] == pytest.approx(np.sqrt(np.sum(each**2)) / own.sum())
        assert (evidence.tag[np.isin(answers.row, rows)] == tag).all()


def test_some_answers_are_as_if_the_others_had_not_been_given() -> None:
    log = random_log()
    kept = np.random.default_rng(3).random(len(log)) < 0.3
    answers = Answers.of(log)
    some, alone = answers.only(kept[answers.row]), Answers.of(log[kept])
    np.testing.assert_array_equal(some.chains.starts, alone.chains.starts)
    for name in ("right", "skill", "student", "item", "seconds"):
        np.testing.assert_array_equal(getattr(some, name), getattr(alone, name))
    passes = []
    for one in (some, alone):
        of = SKILLS.take(one.skill)
        emissions = Emissions.of(one.chains, one.right, of)
        passes.append(filtered(one.chains, emissions, of.learn[one.chains.chain]).before)
    np.testing.assert_array_equal(passes[0], passes[1])


def test_wrong_tags_are_found_and_the_true_skill_named(found: Diagnosis) -> None:
    wrong = np.flatnonzero(WRONG.tags.ravel() != WRONG.practice.ravel())
    assert sorted(tag.item for tag in found.doubtful_tags) == wrong.tolist()
    for tag in found.doubtful_tags:
        assert tag.skill == WRONG.tags.ravel()[tag.item]
        assert tag.other == WRONG.practice.ravel()[tag.item]
        assert tag.gain > 3 * tag.error
        assert tag.students == 300


@pytest.mark.parametrize("kind", ["individual", "additive_factors", "stages"])
def test_right_tags_are_not_doubted(kind: str) -> None:
    log = log_of(kind, COURSE)
    found = diagnose(log)
    assert found.doubtful_tags == ()
    assert [*found][:-1] == [*diagnose(without_items(log))][:-1]


def test_a_hard_item_is_no_wrong_tag() -> None:
    log = log_of(course=COURSE)
    hard = (log["item"] % 5 == 2) & (np.random.default_rng(0).random(len(log["item"])) < 0.5)
    log["correct"] = np.where(hard, 0, log["correct"])
    assert diagnose(log).doubtful_tags == ()


def test_wrong_tags_do_not_look_like_forgetting_where_the_log_has_items() -> None:
    log = log_of()
    with_items = policy_from_log(log, WRONG.curriculum)
    without = policy_from_log(without_items(log), WRONG.curriculum)
    assert with_items.diagnosis.forgetting.answer != "yes"
    assert without.diagnosis.forgetting.answer == "yes"
    settings = [{one.setting: one.value for one in way.choices} for way in (with_items, without)]
    assert settings[0]["average"] is None
    assert settings[1]["average"] == 0.9


def test_items_of_few_students_are_not_judged() -> None:
    log = log_of()
    assert diagnose({k: v[log["student"] < 49] for k, v in log.items()}).doubtful_tags == ()
    assert diagnose({k: v[log["student"] < 60] for k, v in log.items()}).doubtful_tags != ()


def test_if_every_tag_is_doubtful_all_answers_are_kept() -> None:
    # Each answer is like the one before it, which was on the other skill.
    rng = np.random.default_rng(0)
    changes = np.where(np.arange(20) == 0, rng.random((60, 20)) < 0.5, rng.random((60, 20)) < 0.1)
    skill = np.tile([0, 1], 600)
    log = {
        "student": np.repeat(np.arange(60), 20),
        "skill": skill,
        "item": skill,
        "correct": changes.cumsum(axis=1).ravel() % 2,
    }
    assert diagnose(log) == replace(diagnose(without_items(log)), subject=diagnose(log).subject)


def test_it_prints_and_survives_json(found: Diagnosis) -> None:
    text = str(found)
    worst = max(found.doubtful_tags, key=lambda tag: tag.gain / tag.error)
    assert f"\n{len(found.doubtful_tags)} items look as if they test another skill\n" in text
    assert f"  Item {worst.item} is tagged {worst.skill}, but P(known) of {worst.other}" in text
    assert "Check the tags" in Page(found._repr_html_()).text
    assert found.tag_table()["item"].tolist() == [tag.item for tag in found.doubtful_tags]
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    again = Diagnosis.from_dict(content)
    assert again.doubtful_tags == found.doubtful_tags
    assert str(again) == text
    for name in ("gain", "students", "other"):
        column = [[1], *content["doubtful_tags"][name][1:]]
        tags = {**content["doubtful_tags"], name: column}
        with pytest.raises(ModelFileError):
            Diagnosis.from_dict({**content, "doubtful_tags": tags})


def test_of_many_doubtful_tags_a_text_shows_the_worst(found: Diagnosis) -> None:
    many = tuple(
        DoubtfulTag(f"item {k}", "add", "carry", 0.1 + k / 100, 0.02, 90, 60) for k in range(13)
    )
    text = str(replace(found, doubtful_tags=many))
    assert "Item 'item 12'" in text
    assert "Item 'item 2'" not in text
    assert "For 3 more items, see `doubtful_tags`." in text
