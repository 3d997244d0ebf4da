"""Promotion: a class of eight whose report follows by hand."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.planning import (
    Calendar,
    PromotionRules,
    learning_plan,
    promotion_report,
    ready_to_accelerate,
)
from adaptlearn.sequencing import Override, preset
from adaptlearn.sequencing.knowledge.criteria import ProbabilityThreshold

DAY = 86400.0
SKILLS = ["add", "subtract", "measure"]
LESSONS = [{"lesson": skill, "skills": [skill], "minutes": 10} for skill in SKILLS]
SCHOOL = Curriculum.from_dict(
    {
        "skills": SKILLS,
        "prerequisites": [["add", "subtract"]],
        "lessons": LESSONS,
        "standards": [
            {"standard": "4.A", "skills": ["add", "subtract"], "grade": 4},
            {"standard": "4.M", "skills": ["measure"], "grade": 4},
        ],
        "courses": [{"course": "math 4", "units": [{"unit": "all", "standards": ["4.A", "4.M"]}]}],
    }
)
MODEL = BKT.from_parameters(
    {"skill": SKILLS, "prior": [0.3] * 3, "learn": [0.2] * 3, "guess": [0.2] * 3, "slip": [0.1] * 3}
)
ALL = {"rules": {"grade 4": {"all_of": ["4.A", "4.M"]}}}

# Six answers on each skill: on three days, the last of them after 20 days.
TIMES = [0.0, 60.0, 120.0, DAY, DAY + 60, 20 * DAY]
CLASS = {
    "ann": dict.fromkeys(SKILLS, (TIMES, "111111")),
    "ben": dict.fromkeys(SKILLS, (TIMES, "000000")),
    # Too few answers on measuring, all of them on one day.
    "cem": {**dict.fromkeys(SKILLS[:2], (TIMES, "111111")), "measure": (TIMES[:3], "111")},
    # Five answers, but on one day.
    "dee": {
        **dict.fromkeys(SKILLS[:2], (TIMES, "111111")),
        "measure": ([*TIMES[:3], 180.0, 240.0], "11111"),
    },
    # No answer after 14 days.
    "eva": dict.fromkeys(SKILLS, (TIMES[:5], "11111")),
    # The review of measuring went wrong, and P(known) is high again after two more answers at once.
    "fay": {
        **dict.fromkeys(SKILLS[:2], (TIMES, "111111")),
        "measure": ([*TIMES, 20 * DAY + 60, 20 * DAY + 120], "11111110"),
    },
    "gus": {"add": (TIMES, "111111")},
}


def log_of(students: dict[str, Any]) -> dict[str, list[Any]]:
    rows = [
        (student, skill, int(right), time)
        for student, skills in students.items()
        for skill, (times, answers) in skills.items()
        for time, right in zip(times, answers, strict=True)
    ]
    rows.sort(key=lambda row: row[3])
    columns = zip(*rows, strict=True)
    return dict(zip(["student", "skill", "correct", "time"], map(list, columns), strict=True))


LOG = log_of(CLASS)


def sequencer_of(log: Any = LOG, model: Any = MODEL, **options: Any) -> Sequencer:
    options = {"random_state": 0, "new_students": True, **options}
    return Sequencer(SCHOOL, MasteryTracker(model).update(log), **options)


STUDENTS = [*CLASS, "hal"]  # hal never answered


def report_of(content: Any = ALL, **options: Any) -> Any:
    return promotion_report(
        sequencer_of(), STUDENTS, PromotionRules(SCHOOL, content), **{"log": LOG, **options}
    )


def known(answers: str) -> float:
    """P(known) after some answers, by hand: Bayes' rule, then learning."""
    p = 0.3
    for answer in answers:
        right, wrong = (0.9, 0.2) if answer == "1" else (0.1, 0.8)
        p = p * right / (p * right + (1 - p) * wrong)
        p += (1 - p) * 0.2
    return p


def test_the_class_of_eight_is_reported_as_it_follows_by_hand() -> None:
    report = report_of()
    assert report.students.tolist() == STUDENTS
    assert report.standards == ("4.A", "4.M")
    six, three, five = known("111111"), known("111"), known("11111")
    assert report.known[0].tolist() == pytest.approx([six**2, six])
    assert report.known[2].tolist() == pytest.approx([six**2, three])
    assert report.known[4].tolist() == pytest.approx([five**2, five])
    assert report.known[6].tolist() == pytest.approx([six * 0.3, 0.3])
    assert report.answers.tolist() == [
        [12, 6], [12, 6], [12, 3], [12, 5], [10, 5], [12, 8], [6, 0], [0, 0]
    ]  # fmt: skip
    assert report.days.tolist() == [
        [3, 3], [3, 3], [3, 1], [3, 1], [2, 2], [3, 3], [3, 0], [0, 0]
    ]  # fmt: skip
    assert report.retained.tolist() == [
        [True, True], [False, False], [True, False], [True, False],
        [False, False], [True, False], [False, False], [False, False],
    ]  # fmt: skip
    assert report.met.tolist() == [
        [True, True], [False, False], [True, False], [True, False],
        [False, False], [True, False], [False, False], [False, False],
    ]  # fmt: skip
    assert report.recommended.tolist() == [True, *[False] * 7]
    assert report.missing.tolist() == (~report.met).tolist()
    assert not report.granted.any()
    assert ((report.minutes == 0) == report.recommended).all()


def test_the_lowest_evidence_alone_makes_a_standard_wait() -> None:
    settings: dict[str, Any] = {"answers": 0, "days": 0, "review_after": None}
    assert report_of(ALL | settings).recommended.tolist() == [
        True, False, True, True, True, True, False, False
    ]  # fmt: skip
    assert report_of(ALL | settings | {"answers": 5}).met[:, 1].tolist() == [
        True, False, False, True, True, True, False, False
    ]  # fmt: skip
    assert report_of(ALL | settings | {"days": 2}).met[:, 1].tolist() == [
        True, False, False, False, True, True, False, False
    ]  # fmt: skip
    assert report_of(ALL | settings | {"review_after": 14}).met[:, 1].tolist() == [
        True, *[False] * 7
    ]  # fmt: skip
    assert report_of(ALL | settings | {"review_after": 30}).met.sum() == 0


def test_rules_are_joined_as_they_say() -> None:
    met = report_of().met
    rules = {
        "any": {"any_of": ["4.A", "4.M"]},
        "two": {"at_least": 2, "of": ["4.A", "4.M", {"rule": "any"}]},
        "course": {"course": "math 4"},
    }
    for name, expected in {
        "any": met.any(axis=1),
        "two": met.sum(axis=1) >= 1,  # one of the two makes `any` the second
        "course": met.all(axis=1),
    }.items():
        rules_read = PromotionRules(SCHOOL, {"rules": rules})
        found = promotion_report(sequencer_of(), STUDENTS, rules_read, name, log=LOG)
        assert found.recommended.tolist() == expected.tolist(), name
        assert not found.missing[found.recommended].any()


def test_a_grant_of_a_teacher_counts_and_is_named() -> None:
    theirs = Override("grant", "4.M", student="cem", author="Ms Lee", reason="a test on paper")
    report = report_of(grants=[theirs.to_dict()])
    assert report.recommended.tolist() == [True, False, True, *[False] * 5]
    assert report.granted.nonzero()[0].tolist() == [2]
    assert '"4.M" was granted by Ms Lee (a test on paper).' in report.why("cem")
    of_skill = [Override("grant", "measure", author="Mr Ode", reason="seen in class", expires=50.0)]
    rules = PromotionRules(SCHOOL, ALL)
    for now, expected in ((49.0, [True, False, True, True, False, True, False, False]),
                          (51.0, [True, *[False] * 7])):  # fmt: skip
        sequencer = sequencer_of(overrides=of_skill)
        found = promotion_report(sequencer, STUDENTS, rules, log=LOG, now=now)
        assert found.recommended.tolist() == expected
    until = Override("grant", "4.M", author="Ms Lee", reason="for a month", expires=50.0)
    for now, n in ((49.0, 4), (51.0, 1)):  # four meet 4.A
        found = promotion_report(sequencer_of(), STUDENTS, rules, log=LOG, grants=[until], now=now)
        assert found.recommended.sum() == n
    # A granted skill counts as known beside others that are not granted.
    one = [Override("grant", "subtract", author="Mr Ode", reason="seen in class")]
    found = promotion_report(sequencer_of(overrides=one), ["gus"], rules, log=LOG)
    assert found.known[0, 0] == pytest.approx(known("111111"))
    assert (found.met[0, 0], found.granted[0, 0]) == (True, False)
    assert report.to_dict()["students"][2]["granted"] == [
        {"standard": "4.M", "author": "Ms Lee", "reason": "a test on paper"}
    ]


def test_a_person_decides_and_the_record_says_so() -> None:
    report = report_of()
    kept = report.decide("cem", True, author="Ms Lee", reason="she showed it on paper")
    assert json.loads(json.dumps(kept.to_dict())) == {
        "student": "cem",
        "rule": "grade 4",
        "promoted": True,
        "recommended": False,
        "author": "Ms Lee",
        "reason": "she showed it on paper",
        "missing": ["4.M"],
        "time": None,
        "rules": PromotionRules(SCHOOL, ALL).fingerprint,
        "model": MODEL.fingerprint_,
    }
    assert report.decide("ann", True, author="Ms Lee").reason == ""
    with pytest.raises(ParameterError, match=r"author is empty(.|\n)*recommends promotion; say"):
        report.decide("ann", False, author="")
    with pytest.raises(UnknownLabelError, match="'Ann'"):
        report.decide("Ann", True, author="Ms Lee")


def test_who_meets_next_years_standards_is_listed() -> None:
    next_year = PromotionRules.of_grade(SCHOOL, 4)
    report = ready_to_accelerate(sequencer_of(), STUDENTS, next_year, log=LOG)
    assert (report.rule, report.students.tolist()) == ("grade 4", ["ann"])
    assert len(ready_to_accelerate(sequencer_of(), ["ben"], next_year, log=LOG)) == 0


def lessons_of(start: float, target: float, n_students: int = 20_000) -> float:
    """The mean number of lessons of five answers until P(known) reaches a target, simulated."""
    rng = np.random.default_rng(0)
    knows, belief = rng.random(n_students) < start, np.full(n_students, start)
    lessons = np.zeros(n_students)
    while (going := belief < target).any():
        lessons += going
        for _ in range(5):
            right = rng.random(n_students) < np.where(knows, 0.9, 0.2)
            if_known, if_not = np.where(right, 0.9, 0.1), np.where(right, 0.2, 0.8)
            seen = belief * if_known / (belief * if_known + (1 - belief) * if_not)
            belief = np.where(going, seen + (1 - seen) * 0.2, belief)
            knows |= going & (rng.random(n_students) < 0.2)
    return float(lessons.mean())


def test_minutes_are_those_of_whole_lessons() -> None:
    # Hal knows nothing yet. A lesson is ten minutes. Each of the two skills of 4.A must reach the
    # root of .9, the one of 4.M must reach .9.
    expected = 10 * (2 * lessons_of(0.3, 0.9**0.5) + lessons_of(0.3, 0.9))
    assert report_of().minutes[7] == pytest.approx(expected, rel=0.03)
    # Cem has three answers on measuring of five, and one day of two: his P(known) is enough.
    assert known("111") > 0.9
    assert report_of().minutes[2] == pytest.approx(10 * 2 / 5)


def test_minutes_are_those_of_the_learning_plan() -> None:
    each = {**SCHOOL.to_dict(), "standards": {skill: [skill] for skill in SKILLS}, "courses": []}
    course = Curriculum.from_dict(each)
    policy = preset("provisional", criterion=ProbabilityThreshold(0.9, "latent"))
    tracker = MasteryTracker(MODEL).update(LOG)
    sequencer = Sequencer(course, tracker, policy, new_students=True, random_state=0)
    rules = PromotionRules(
        course,
        {"rules": {"all": {"all_of": SKILLS}}, "answers": 0, "days": 0, "review_after": None},
    )
    year = Calendar("2026-09-01", "2027-06-11", 10)
    for n_items in (1, 5):
        plan = learning_plan(sequencer, ["new"], year, n_items=n_items)
        report = promotion_report(sequencer, ["new"], rules, n_items=n_items)
        assert report.minutes[0] == pytest.approx(plan.table()["minutes"].sum(), rel=1e-5)


@pytest.mark.parametrize(("n", "need"), [(1, 1), (3, 1), (3, 2), (4, 4), (5, 0), (6, 3)])
def test_the_tail_is_the_sum_over_all_cases(n: int, need: int) -> None:
    from adaptlearn.planning.promotion.known import probability_of_enough

    p = np.random.default_rng(n).random((4, n))
    expected = sum(
        np.prod(np.where(case, p, 1 - p), axis=1)
        for case in product([True, False], repeat=n)
        if sum(case) >= need
    )
    assert probability_of_enough(p.T, need) == pytest.approx(expected)


def test_one_slip_takes_nothing_away_and_two_answers_do() -> None:
    rules = PromotionRules(SCHOOL, ALL)
    first = report_of()
    days = [30.0, 31.0]
    slips = [("ann", "measure", 0, DAY * day) for day in days]
    found = []
    for n in (0, 1, 2):
        log = {name: [*column, *(slip[at] for slip in slips[:n])]
               for at, (name, column) in enumerate(LOG.items())}  # fmt: skip
        sequencer = sequencer_of(log)
        alone = promotion_report(sequencer, STUDENTS, rules, log=log)
        after = promotion_report(sequencer, STUDENTS[::-1], rules, log=log, before=first)
        found.append((alone.met[0, 1], after.met[-1, 1], after.held[-1, 1], after.recommended[-1]))
        assert after.met[:-1].tolist() == alone.met[:0:-1].tolist()
    assert found == [
        (True, True, False, True), (False, True, True, True), (False, False, False, False)
    ]  # fmt: skip
    log = {name: [*column, slips[0][at]] for at, (name, column) in enumerate(LOG.items())}
    told = promotion_report(sequencer_of(log), ["ann", "new"], rules, log=log, before=first)
    assert told.why("ann").endswith("It was met before, and is lost only after two more answers.")
    assert told.minutes[0] == 0
    assert not told.met[1].any()


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = report_of(grants=[Override("grant", "4.M", student="hal", author="a", reason="b")])
    monkeypatch.setattr("adaptlearn.planning.blocks._CELLS", 6)  # two students at a time
    grants = [Override("grant", "4.M", student="hal", author="a", reason="b")]
    for n_jobs in (1, 2):
        parts = promotion_report(
            sequencer_of(n_jobs=n_jobs), STUDENTS, PromotionRules(SCHOOL, ALL), log=LOG,
            grants=grants, before=whole,
        )  # fmt: skip
        assert parts.to_dict() == whole.to_dict()
        assert parts.grants == whole.grants == {(7, 1): tuple(grants)}


class Recalled:
    """A review schedule whose P(recall) of each skill is given."""

    def __init__(self, *recall: float) -> None:
        self.recall = recall

    def look(self, context: Any) -> tuple[Any, Any]:
        table = np.tile(np.array(self.recall), (len(context.students), 1))
        return table, np.zeros(table.shape)


@pytest.mark.filterwarnings("ignore:the policy .* gives no reviews")
def test_what_is_recalled_now_is_retained_without_a_review() -> None:
    rules = PromotionRules(SCHOOL, ALL)
    for recall, expected in (((0.9, 0.8, 0.79), [True, False]), ((0.9, 0.79, 0.8), [False, True])):
        sequencer = sequencer_of(review=Recalled(*recall))
        report = promotion_report(sequencer, ["eva"], rules, log=LOG, now=30 * DAY)
        assert report.retained.tolist() == [expected]
        assert report.met.tolist() == [expected]
    # Without a log, the tracker says how many answers there are, and nothing of days.
    free = PromotionRules(SCHOOL, {**ALL, "days": 1})
    report = promotion_report(sequencer_of(review=Recalled(1, 1, 1)), STUDENTS, free, now=30 * DAY)
    assert report.answers.tolist() == report_of().answers.tolist()
    assert report.days.tolist() == (report.answers > 0).tolist()
    assert report.met[:, 1].tolist() == [True, False, False, True, True, True, False, False]


def test_a_skill_without_a_lesson_takes_for_ever() -> None:
    content = SCHOOL.to_dict()
    content["lessons"] = content["lessons"][1:]  # none on adding
    course = Curriculum.from_dict(content)
    held = {"A": "4.A", "M": "4.M", "one": {"any_of": ["4.A", "4.M"]}}
    rules = PromotionRules(course, {"rules": held})
    sequencer = Sequencer(course, MasteryTracker(MODEL).update(LOG), random_state=0)
    found = {
        name: promotion_report(sequencer, ["ben", "gus"], rules, name, log=LOG) for name in held
    }
    # Gus can add already; subtracting and measuring have lessons.
    assert np.isinf(found["A"].minutes).tolist() == [True, False]
    assert found["M"].minutes[1] == pytest.approx(10 * lessons_of(0.3, 0.9), rel=0.03)
    # Gus knows nothing of subtracting and of measuring; for measuring alone, .9 is enough.
    assert found["A"].minutes[1] > found["M"].minutes[1]
    assert found["one"].missing.tolist() == [[False, True], [False, True]]
    assert "no lesson leads there" in found["A"].why("ben")
    assert found["A"].to_dict()["students"][0]["minutes"] is None
    assert "no way" in str(found["A"])


def test_a_lesson_that_was_only_read_is_no_answer() -> None:
    read = {"student": "cem", "skill": "measure", "correct": None, "time": 5 * DAY}
    log = ResponseLog.from_frame(
        {name: [*column, read[name]] for name, column in LOG.items()}, unanswered="exposure"
    )
    rules = PromotionRules(SCHOOL, ALL)
    report = promotion_report(sequencer_of(log), ["cem"], rules, log=log)
    assert (report.answers.tolist(), report.days.tolist()) == ([[12, 3]], [[3, 1]])


def test_the_shortest_way_counts_what_comes_before() -> None:
    course = Curriculum.from_dict(
        {
            "prerequisites": [["add", "subtract"]],
            "lessons": [
                {"lesson": skill, "skills": [skill], "minutes": minutes}
                for skill, minutes in (("add", 10), ("subtract", 10), ("measure", 15))
            ],
            "skills": SKILLS,
            "standards": {"S": ["subtract"], "M": ["measure"]},
        }
    )
    rules = PromotionRules(course, {"rules": {"one": {"any_of": ["S", "M"]}}})
    tracker = MasteryTracker(MODEL).update(LOG)
    lessons = lessons_of(0.3, 0.9)
    for granted, missing, minutes in (([], "M", 15 * lessons), (["add"], "S", 10 * lessons)):
        theirs = [Override("grant", skill, author="a", reason="b") for skill in granted]
        sequencer = Sequencer(course, tracker, overrides=theirs, random_state=0, new_students=True)
        report = promotion_report(sequencer, ["hal"], rules, log=LOG)
        assert [report.standards[at] for at in np.flatnonzero(report.missing[0])] == [missing]
        assert report.minutes[0] == pytest.approx(minutes, rel=0.03)
