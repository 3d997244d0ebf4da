"""Scorers, criteria, pools and presets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.sequencing import (
    EpsilonGreedy,
    PredictiveStability,
    ProvisionalMastery,
    WeightedPolicy,
    preset,
)
from adaptlearn.sequencing.knowledge import (
    Context,
    LowerBound,
    MovingAverage,
    NInARow,
    Practice,
    PredictiveSimilarity,
    ProbabilityThreshold,
    Retention,
    WheelSpinning,
)
from adaptlearn.sequencing.policies import PRESETS, SCORERS, MasteryThreshold, Purpose
from adaptlearn.sequencing.policies.candidates import find_candidates
from adaptlearn.sequencing.policies.scorers import _progress

SKILLS = ["count", "add", "multiply", "measure"]


def practice(shape, **fields):
    own = {name: np.zeros(shape) for name in Practice._fields}
    own["recent"] = np.ones(shape, np.int64)
    return Practice(**{**own, **{name: np.array(value) for name, value in fields.items()}})


def context(mastery, school=None, **more):
    mastery = np.array(mastery, float)
    school = chain() if school is None else school
    marked = {"mastered": mastery >= 0.95, "counts": np.zeros(mastery.shape, int), **more}
    return Context(school, np.arange(len(mastery)), mastery, "latent", **marked)


def values(scorers, where, **options):
    """Scores by lesson of the first student; nan where it may not be given."""
    scores, eligible = WeightedPolicy(scorers, **options).score(where)
    return np.where(eligible, scores, np.nan)[0]


def test_scores_are_weighed_and_added():
    where = context([[0.99, 0.4, 0.1, 0.6]])
    both = values({"nearest_to_mastery": 2.0, "lowest_mastery": 0.5}, where)
    np.testing.assert_allclose(both, [np.nan, 2 * 0.4 + 0.5 * 0.6, np.nan, 2 * 0.6 + 0.5 * 0.4])
    mine = values({"mine": (lambda c: c.lesson * 10.0, 0.1)}, where)
    np.testing.assert_allclose(mine, [np.nan, 1.0, np.nan, 3.0])


def test_the_scorers_formulas():
    where = context(
        [[0.99, 0.4, 0.1, 0.6]],
        time_since=np.array([[50.0, 5.0, np.nan, 9.0]]),
        practice=practice((1, 4), recent=[[1, 0b11110100, 1, 0b100001111]]),
        learn=np.array([0.1, 0.2, 0.3, 0.05]),
    )

    def one(name, **settings):
        return values({name: 1.0}, where, settings={name: settings} if settings else None)[[1, 3]]

    np.testing.assert_allclose(one("nearest_to_mastery"), [0.4, 0.6])
    np.testing.assert_allclose(one("lowest_mastery"), [0.6, 0.4])
    np.testing.assert_allclose(one("fixed_order"), [1 - 1 / 3, 0])
    np.testing.assert_allclose(one("demand"), [0.6, 0.4])
    np.testing.assert_allclose(one("readiness"), [0.99, 0.99])
    np.testing.assert_allclose(one("continuity"), [1, 0])
    p = 0.2 + 0.7 * np.array([0.4, 0.6])
    expected = np.exp(-(((p - 0.5) / 0.2) ** 2) / 2)
    np.testing.assert_allclose(one("target_success", target=0.5, width=0.2), expected)
    np.testing.assert_allclose(one("information"), [4 * 0.4 * 0.6, 4 * 0.6 * 0.4])
    gain = np.array([0.6 * 0.2, 0.4 * 0.05])
    np.testing.assert_allclose(one("gain_per_minute"), gain / gain.max())
    # Latest three of seven answers (0, 0, 1) against the four before; all of the latest four.
    np.testing.assert_allclose(one("learning_progress"), [0, 1])
    assert set(preset("balanced").scorers) <= set(SCORERS)


def test_learning_progress_compares_the_later_half_with_the_earlier():
    def of(answers):
        bits = int("1" + answers, 2)
        return _progress(np.array([bits]))[0]

    assert of("") == 1
    assert of("1") == 1  # too few to tell: it is tried
    assert of("01") == 1
    assert of("10") == 0
    assert of("0011") == 1
    assert of("00001101") == pytest.approx(0.75)
    assert of("011") == pytest.approx(1 - 0.5)  # the later one against the two before


def test_goals_weigh_the_gain_and_prune_the_rest():
    goal = np.array([[1.0, 2.0, 2.0, 0.0]])
    where = context([[0.99, 0.4, 0.1, 0.6]], goal=goal)
    found = values({"gain_per_minute": 1.0}, where)
    np.testing.assert_allclose(found, [np.nan, 1.0, np.nan, np.nan])


def test_minutes_count():
    school = Curriculum.from_dict(
        {
            "lessons": [
                {"lesson": "short", "skills": ["a"], "minutes": 10},
                {"lesson": "long", "skills": ["a"], "minutes": 40},
            ]
        }
    )
    found = values({"gain_per_minute": 1.0}, context([[0.5]], school))
    np.testing.assert_allclose(found, [1.0, 0.25])


def test_each_pool_gives_its_lessons():
    where = context(
        [[0.99, 0.97, 0.1, 0.2], [0.99, 0.97, 0.1, 0.2]],
        urgency=np.array([[0.0, 0.4, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]),
        stuck=np.array([[False] * 4, [False, False, True, False]]),
        counts=np.array([[9] * 4, [3, 4, 10, 0]]),
    )
    found = find_candidates(where, ("new", "review", "remediation"))
    given_to = [
        (int(s), SKILLS[lesson], Purpose(p).name)
        for s, lesson, p in zip(found.student, found.lesson, found.purpose, strict=True)
    ]
    assert given_to == [
        (0, "add", "REVIEW"),
        (0, "multiply", "NEW"),
        (0, "measure", "NEW"),
        (1, "add", "REMEDIATION"),
        (1, "multiply", "NEW"),
        (1, "measure", "NEW"),
    ]
    assert values({"review": 1.0}, where, pools=("review",))[1] == 0.4


@given(
    st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from(sorted({*PRESETS} - {"surer"}))
)
@settings(max_examples=trials(600), deadline=None)
def test_what_is_recommended_is_eligible_whatever_the_policy(n_students, seed, name):
    rng = np.random.default_rng(seed)
    n_skills = int(rng.integers(2, 12))
    edges = [
        [int(a), int(b)]
        for a in range(n_skills)
        for b in range(a + 1, n_skills)
        if rng.random() < 0.25
    ]
    lessons = [
        {"lesson": f"l{k}", "skills": sorted({k, int(rng.integers(n_skills))})}
        for k in range(n_skills)
    ]
    school = Curriculum.from_dict(
        {"skills": list(range(n_skills)), "prerequisites": edges, "lessons": lessons}
    )
    known = rng.choice([0.1, 0.5, 0.94, 0.95, 1.0], (n_students, n_skills))
    tracker = FakeTracker(list(range(n_skills)), known)
    tracker.practice = lambda labels: practice((len(labels), n_skills))  # type: ignore[attr-defined]
    runs = [
        Sequencer(school, tracker, preset(name), random_state=seed).recommend(
            range(n_students), n=2, now=5.0
        )
        for _ in range(2)
    ]
    assert runs[0].to_dicts() == runs[1].to_dicts()  # the same seed, the same decisions
    policy = preset(name)
    needed: Any = policy.criterion.threshold
    if needed is None:  # each skill has its own
        needed = Sequencer(school, tracker, policy).context(range(n_students)).threshold
    mastered = known >= needed
    ready = known >= (policy.ready or policy.criterion).threshold
    for decision in runs[0]:
        row = int(decision.student)
        if decision.lesson is None:
            assert decision.reason.code in ("all_mastered", "none_open")
            assert (decision.reason.code == "all_mastered") == bool(mastered[row].all())
            continue
        taught = school.skills_of(decision.lesson).tolist()
        to_learn = [skill for skill in taught if not mastered[row, skill]]
        assert to_learn
        for before, skill in edges:
            if skill in to_learn and before not in taught:
                assert ready[row, before]
        total = sum(one.propensity for one in decision.candidates)
        assert total == pytest.approx(1)
        mine = [one for one in decision.candidates if one.lesson == decision.lesson]
        assert mine[0].propensity == decision.propensity > 0


def test_criteria():
    kept = practice(
        (1, 4),
        streak=[[3, 2, 5, 0]],
        average=[[0.9, 0.91, 0.2, 0.0]],
        change=[[0.01, 0.02, 0.5, 1.0]],
    )
    where = context(
        [[0.96, 0.95, 0.5, 0.01]],
        lower=np.array([[0.9, 0.7, 0.4, 0.0]]),
        practice=kept,
        counts=np.array([[5, 2, 9, 0]]),
        retention=np.array([[0.95, 0.9, 0.2, 0.0]]),
    )

    def met(criterion):
        return criterion.met(where)[0].tolist()

    assert met(ProbabilityThreshold()) == [True, True, False, False]
    assert met(LowerBound()) == [True, False, False, False]
    assert met(NInARow(3)) == [True, False, True, False]
    assert met(MovingAverage()) == [True, True, False, False]
    assert met(PredictiveStability()) == [True, False, False, False]
    assert met(PredictiveSimilarity(0.08)) == [True, False, False, True]
    assert met(Retention()) == [True, True, False, False]
    both = ProbabilityThreshold() & NInARow(3)
    assert met(both) == [True, False, False, False]
    assert met(ProbabilityThreshold(0.4) | NInARow(2)) == [True, True, True, False]
    assert (both.threshold, both.kind) == (0.95, "latent")
    assert both.described()["second"] == {"criterion": "NInARow", "n": 3}


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (LowerBound(), "no intervals"),
        (NInARow(), r"MasteryTracker\(model, practice=True\)"),
        (Retention(), "`review`"),
    ],
)
def test_a_criterion_says_what_it_lacks(criterion, message):
    with pytest.raises(ParameterError, match=message):
        criterion.met(context([[0.5] * 4]))


def test_parts_for_different_kinds_of_mastery_do_not_combine():
    with pytest.raises(ParameterError, match="different kinds"):
        ProbabilityThreshold() & ProbabilityThreshold(0.8, "predicted")


def test_wheel_spinning_leads_elsewhere_and_then_to_a_teacher():
    tracker = FakeTracker(SKILLS, {"ann": [0.99, 0.97, 0.3, 0.99]})
    tracker.given = np.array([[5, 5, 12, 5]])
    (decision,) = Sequencer(chain(), tracker, preset("balanced")).recommend("ann")
    assert (decision.lesson, decision.purpose) == ("add", "remediation")
    assert decision.reason.code == "remediation"
    none = WeightedPolicy({"not_stuck": 1.0, "mine": (lambda c: np.zeros(len(c)), 1.0)})
    nothing = Sequencer(
        Curriculum.from_dict(
            {
                "prerequisites": [["count", "add"], ["add", "multiply"]],
                "lessons": {"m": ["measure"]},
            }
        ),
        FakeTracker(SKILLS, {"ann": [0.99, 0.3, 0.3, 0.99]}),
        none,
        wheel_spinning=WheelSpinning(2, 3),
    )
    assert nothing.recommend("ann")[0].reason.code == "ask_teacher"
    with pytest.raises(ParameterError, match="teacher_after is less"):
        WheelSpinning(5, 3)


def test_remediation_ends_once_what_comes_before_was_practised_as_much():
    tracker = FakeTracker(SKILLS, {"ann": [0.99, 0.97, 0.3, 0.99]})
    made = Sequencer(chain(), tracker, preset("balanced"))
    given = []
    counts = dict.fromkeys(SKILLS, 5) | {"multiply": 12}
    for _ in range(13):
        tracker.given = np.array([[*counts.values()]])
        (decision,) = made.recommend("ann")
        assert isinstance(decision.lesson, str)
        given.append(decision.lesson)
        counts[decision.lesson] += 1
    assert given == ["add"] * 5 + ["multiply"] * 8
    tracker.given = np.array([[*counts.values()]])
    assert made.recommend("ann")[0].reason.code == "ask_teacher"


def test_a_trackers_practice_reaches_the_criteria():
    answers = {"student": ["a", "b"] * 8, "skill": ["count"] * 16, "correct": [1, 0] * 8}
    model = BKT.from_parameters(
        {"skill": ["count"], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    )
    school = Curriculum.from_dict({"skills": ["count"]})
    tracker = MasteryTracker(model, practice=True).update(answers)
    policy = preset("mastery", criterion=NInARow(3))
    decisions = Sequencer(school, tracker, policy).recommend(["a", "b"])
    assert [decision.lesson for decision in decisions] == [None, "count"]
    assert decisions[1].reason.skills[0].recent == "0" * 8
    assert decisions[1].reason.skills[0].answers == 8
    with pytest.raises(ParameterError, match="practice=True"):
        Sequencer(school, MasteryTracker(model).update(answers), policy).recommend("a")


def test_the_surer_preset_looks_at_the_latest_answers_too():
    right, then_wrong = [1] * 30, [1] * 28 + [0, 0]
    answers = {
        "student": ["a"] * 30 + ["b"] * 30,
        "skill": ["count"] * 60,
        "correct": right + then_wrong,
    }
    model = BKT.from_parameters(
        {"skill": ["count"], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.3]}
    )
    school = Curriculum.from_dict({"skills": ["count"]})
    tracker = MasteryTracker(model, practice=True).update(answers)

    def lessons(name):
        made = Sequencer(school, tracker, preset(name))
        return [decision.lesson for decision in made.recommend(["a", "b"])]

    assert lessons("provisional") == [None, None]
    assert lessons("surer") == [None, "count"]
    assert preset("surer").ready == ProvisionalMastery().ready
    assert preset("surer", criterion=ProbabilityThreshold(0.9)).criterion.threshold == 0.9


def test_bad_policies_say_all_that_is_wrong():
    with pytest.raises(ParameterError) as caught:
        WeightedPolicy(
            {"nearest": 1.0, "demand": "much", "review": np.inf},
            chooser="best",
            pools=("new", "old"),
            settings={"target_success": {"rate": 1}},
        )
    assert len(caught.value.problems) == 6
    with pytest.raises(ParameterError, match="no preset 'best'"):
        preset("best")
    with pytest.raises(ParameterError, match="no scorers"):
        WeightedPolicy({})
    broken = WeightedPolicy({"mine": (lambda c: np.full(len(c), np.nan), 1.0)})
    made = Sequencer(chain(), FakeTracker(SKILLS, {"ann": [0.1] * 4}), broken)
    with pytest.raises(ParameterError, match="not finite"):
        made.recommend("ann")


def test_fingerprints_tell_policies_apart():
    prints = {
        preset(name, criterion=criterion).fingerprint
        for name in PRESETS
        for criterion in (None, NInARow(3), ProbabilityThreshold(0.9))
    }
    assert len(prints) == 3 * len(PRESETS)
    assert preset("zpdes").fingerprint == preset("zpdes").fingerprint


@pytest.mark.parametrize(
    ("name", "known_as"), [("provisional", ProvisionalMastery), ("mastery", MasteryThreshold)]
)
def test_a_preset_is_the_policy_that_its_class_makes(name, known_as):
    for threshold in (None, 0.85):
        criterion = None if threshold is None else ProbabilityThreshold(threshold, "predicted")
        named = preset(name, criterion=criterion)
        made = known_as() if threshold is None else known_as(threshold, kind="predicted")
        assert named.fingerprint == made.fingerprint
        assert (named.name, repr(named)) == (made.name, repr(made))
        assert (named.criterion, named.ready) == (made.criterion, made.ready)
    assert preset(name, criterion=NInARow(3)).criterion == NInARow(3)
    exploring = known_as(chooser="epsilon")
    assert exploring.fingerprint == preset(name, chooser=EpsilonGreedy()).fingerprint
    assert exploring.fingerprint != known_as().fingerprint
    with pytest.raises(ParameterError, match="no chooser 'often'"):
        preset(name, chooser="often")
