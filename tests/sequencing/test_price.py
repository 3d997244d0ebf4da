"""The threshold that a price pays: against other solutions, and as users see it."""

from __future__ import annotations

import json
import pickle
from itertools import product

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.models import BKT, PFA
from adaptlearn.sequencing import Goals
from adaptlearn.sequencing.knowledge import (
    Context,
    MovingAverage,
    PriceThreshold,
    ProbabilityThreshold,
)
from adaptlearn.sequencing.knowledge.price import _kept
from adaptlearn.sequencing.knowledge.stopping import (
    GRID,
    Rates,
    _minutes_kept,
    lesson_table,
    minutes_left,
    thresholds,
)
from adaptlearn.sequencing.policies import PricedMastery, WeightedPolicy
from adaptlearn.simulation.teachers.estimators import traced

SCHOOL = Curriculum.from_dict({"skills": ["add", "draw", "sing"]})
OWN = {"learn": [0.2, 0.1, 0.3], "guess": [0.2, 0.3, 0.1], "slip": [0.1, 0.05, 0.15]}


def rates(**given: list[float]) -> Rates:
    n = len(given["learn"])
    return Rates(*(np.array(given.get(name, [0.0] * n)) for name in Rates._fields))


def context(mastery: float = 0.97, **parts: object) -> Context:
    known = np.full((2, 3), mastery)
    return Context(SCHOOL, np.array(["ann", "ben"]), known, "latent", **parts)  # type: ignore[arg-type]


def bill(belief: float, lessons: int, price: float, minutes: float, own: dict[str, float]) -> float:
    """The least bill with a number of lessons at most: all patterns of answers, without a grid."""
    stop, arrays = price * (1 - belief), {name: np.array(p) for name, p in own.items()}
    if lessons == 0 or stop < minutes:
        return stop
    total = minutes
    for pattern in product((True, False), repeat=2):
        known, chance = belief, 1.0
        for right in pattern:
            correct = known * (1 - own["slip"]) + (1 - known) * own["guess"]
            chance *= correct if right else 1 - correct
            known = float(traced(np.array(known), np.array(right), **arrays))
        total += chance * bill(known, lessons - 1, price, minutes, own)
    return min(stop, total)


def test_a_threshold_is_where_one_more_lesson_is_worth_as_much_as_it_costs() -> None:
    own = {"learn": 0.3, "guess": 0.2, "slip": 0.1, "forget": 0.0}
    price, minutes = 100.0, 25.0
    found = thresholds(
        rates(**{name: [p] for name, p in own.items()}), price, np.array([minutes]), 2
    )[0]
    below, above = found - 2e-3, found + 2e-3
    assert bill(below, 5, price, minutes, own) < price * (1 - below) - 1e-6
    assert bill(above, 5, price, minutes, own) == pytest.approx(price * (1 - above))


def test_a_higher_price_asks_for_more_and_a_longer_lesson_for_less() -> None:
    prices = np.array([30.0, 60, 300, 3000, 3e5])
    one = rates(learn=[0.2], guess=[0.2], slip=[0.1])
    short, long = (
        np.array([thresholds(one, price, np.array([minutes]), 5)[0] for price in prices.tolist()])
        for minutes in (10.0, 20.0)
    )
    assert (np.diff(short) > 0).all()
    assert (long < short).all()
    # One step ahead is worth less than all that may follow.
    assert (short > 1 - 10 / (prices * (1 - 0.8**5))).all()


def test_what_cannot_be_learned_is_never_worth_a_lesson() -> None:
    none = rates(learn=[0.0], guess=[0.2], slip=[0.1])
    assert thresholds(none, 1e6, np.array([10.0]), 5).tolist() == [0.0]
    assert thresholds(rates(**OWN), 1e6, np.full(3, np.inf), 5).tolist() == [0.0] * 3
    assert np.isinf(minutes_left(lesson_table(none, 5)[0], 0.9, 10.0)[0])


def test_minutes_left_are_those_of_a_simulation() -> None:
    rng = np.random.default_rng(0)
    own = {"learn": np.array(0.2), "guess": np.array(0.2), "slip": np.array(0.1),
           "forget": np.array(0.0)}  # fmt: skip
    table = lesson_table(rates(learn=[0.2], guess=[0.2], slip=[0.1]), 5)[0]
    expected = np.interp(0.3, GRID, minutes_left(table, 0.95, 10.0))
    n = 20_000
    belief, known, minutes = np.full(n, 0.3), rng.random(n) < 0.3, np.zeros(n)
    while (going := belief < 0.95).any():
        minutes[going] += 10.0
        for _ in range(5):
            right = rng.random(n) < np.where(known, 0.9, 0.2)
            new = traced(belief, right, **own)
            belief = np.where(going, new, belief)
            known |= going & (rng.random(n) < 0.2)
    error = minutes.std() / np.sqrt(n)
    assert expected == pytest.approx(minutes.mean(), abs=5 * error + 0.05)


def test_a_lesson_s_table_keeps_probabilities_and_the_mean_belief() -> None:
    table = lesson_table(rates(**OWN), 3)
    np.testing.assert_allclose(table.sum(axis=2), 1.0)
    learn = np.array(OWN["learn"])[:, None]
    # Answers do not move the mean belief; three chances to learn do.
    expected = 1 - (1 - GRID) * (1 - learn) ** 3
    np.testing.assert_allclose(table @ GRID, expected, atol=1e-7)


def test_prices_of_skills_students_and_goals_multiply() -> None:
    table = {name: np.array(values) for name, values in OWN.items()}
    table["forget"] = np.zeros(3)
    base = PriceThreshold(300).needed(context(rates=table))
    assert base.shape == (3,)
    doubled = PriceThreshold(600).needed(context(rates=table))
    skill = PriceThreshold(300, skills={"draw": 600}).needed(context(rates=table))
    assert skill.tolist() == [base[0], doubled[1], base[2]]
    student = PriceThreshold(300, students={"ben": 600}).needed(context(rates=table))
    assert student.tolist() == [base.tolist(), doubled.tolist()]
    goal = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])
    aimed = PriceThreshold(300).needed(context(rates=table, goal=goal))
    assert aimed.tolist() == [base.tolist(), doubled.tolist()]
    usual = PriceThreshold(300).needed(context())
    unknown = {name: np.array([np.nan, *values[1:]]) for name, values in table.items()}
    partly = PriceThreshold(300).needed(context(rates=unknown))
    assert partly.tolist() == [usual[0], *base[1:].tolist()]


def test_bad_prices_are_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(ParameterError) as raised:
        PriceThreshold(0, skills={"add": -1}, students={"ann": float("nan")}, n_items=0)
    text = str(raised.value)
    for said in ("price must be", "n_items must be", "the price of 'add' is -1", "'ann' is nan"):
        assert said in text
    with pytest.raises(ParameterError, match="ready"):
        PricedMastery(ready=1.5)
    with pytest.raises(UnknownLabelError, match="'add'"):
        PriceThreshold(skills={"ad": 3}).met(context())
    with pytest.raises(UnknownLabelError):
        PriceThreshold(students={1: 3}).met(context())


def sequencer(policy: WeightedPolicy, answers: tuple[int, ...] = (1, 1, 0, 0)) -> Sequencer:
    model = BKT.from_parameters({"skill": ["add", "draw", "sing"], "prior": [0.3] * 3, **OWN})
    tracker = MasteryTracker(model, practice=True)
    n = len(answers)
    tracker.update({"student": ["ann"] * n, "skill": ["add"] * n, "correct": [*answers]})
    school = Curriculum.from_dict({"prerequisites": [["add", "draw"], ["draw", "sing"]]})
    return Sequencer(school, tracker, policy)


def test_reasons_and_explanations_say_what_the_price_comes_to() -> None:
    made = sequencer(PricedMastery(300))
    needed = made.context("ann").threshold
    decision = made.recommend("ann")[0]
    text = str(decision.reason)
    assert "of practice are needed. They are worth it at the price of 5 hours." in text
    place = ["add", "draw", "sing"].index(str(decision.reason.skills[0].skill))
    assert decision.reason.threshold is not None
    assert decision.reason.threshold == np.asarray(needed)[place]
    assert decision.to_dict()["reason"]["threshold"] == decision.reason.threshold
    assert made.explain("ann", "sing").threshold == np.asarray(needed)[2]
    # The numbers in the sentence are the table's.
    table = lesson_table(Rates(*(rate[[place]] for rate in rates(**OWN))), 5)[0]
    left = np.interp(
        decision.reason.skills[0].mastery, GRID, minutes_left(table, decision.reason.threshold, 10)
    )
    assert f"About {round(left)} minutes" in text


def test_without_a_gate_prerequisites_hold_nobody_back() -> None:
    gated, free = sequencer(PricedMastery()), sequencer(PricedMastery(ready=0))
    assert gated.recommend("ann", 3).table()["lesson"].tolist() == ["add"]
    given = free.recommend("ann", 3)
    assert {*given.table()["lesson"].tolist()} == {"add", "draw", "sing"}
    assert "everything before it" not in str(given[0].reason)
    assert sequencer(PricedMastery(ready=None)).recommend("ann", 3).table()["lesson"][0] == "add"


def test_without_a_gate_only_what_is_probably_known_is_checked() -> None:
    each = {"learn": [0.2] * 2, "guess": [0.2] * 2, "slip": [0.1] * 2}
    model = BKT.from_parameters({"skill": ["a", "b"], "prior": [0.1, 0.6], **each})
    school = Curriculum.from_dict({"skills": ["a", "b"]})
    made = Sequencer(school, MasteryTracker(model), PricedMastery(ready=0), new_students=True)
    codes = {one.lesson: one.reason.code for one in made.recommend("ann", n=2)}
    assert codes["a"] != "confirm"
    assert codes["b"] == "confirm"


def test_an_average_is_asked_for_besides() -> None:
    policy = PricedMastery(60, average=0.9)
    both = sequencer(policy).context("ann")
    assert policy.criterion is not None
    assert both.mastered is not None
    alone = PriceThreshold(60).met(both)
    assert (both.mastered == (alone & MovingAverage(0.9).met(both))).all()
    np.testing.assert_array_equal(both.threshold, PriceThreshold(60).needed(both))


def test_goals_with_weights_ask_for_more() -> None:
    made = sequencer(PricedMastery())
    aimed = Sequencer(made.curriculum, made.tracker, PricedMastery(),
                      goals=Goals(made.curriculum, {"ann": {"add": 10.0}}))  # fmt: skip
    plain, weighted = (np.broadcast_to(one.context("ann").threshold, (1, 3))  # type: ignore[arg-type]
                       for one in (made, aimed))  # fmt: skip
    assert weighted[0, 0] > plain[0, 0]
    assert weighted[0, 1] == plain[0, 1]


def test_a_fingerprint_is_of_prices_too_and_p_correct_is_refused() -> None:
    prints = {
        PricedMastery(*given, **named).fingerprint
        for given, named in (
            ((300,), {}),
            ((301,), {}),
            ((300,), {"skills": {"add": 5}}),
            ((300,), {"students": {1: 5}}),
            ((300,), {"students": {"1": 5}}),
            ((300,), {"ready": 0}),
        )
    }
    assert len(prints) == 6
    log = {"student": [1, 1, 2, 2], "skill": ["add"] * 4, "correct": [1, 0, 1, 1]}
    predicted = MasteryTracker(PFA().fit(log)).update(log)
    with pytest.raises(ParameterError, match="latent"):
        Sequencer(Curriculum.from_dict({"skills": ["add"]}), predicted, PricedMastery()).recommend(
            1
        )


def test_the_reason_says_the_price_of_this_student_and_this_skill() -> None:
    policy = PricedMastery(60, skills={"add": 600}, students={"ann": 120})
    made = sequencer(policy)
    text = str(made.recommend("ann")[0].reason)
    assert "at the price of 20 hours." in text  # 600 minutes, twice


def test_the_reason_says_that_a_goals_weight_counts() -> None:
    made = sequencer(PricedMastery())
    aimed = Sequencer(made.curriculum, made.tracker, PricedMastery(),
                      goals=Goals(made.curriculum, {"ann": {"add": 10.0}}))  # fmt: skip
    text = str(aimed.recommend("ann")[0].reason)
    assert "the price of 5 hours, times the weight of the skill for the goals." in text


def test_nothing_is_said_of_a_price_that_does_not_ask_for_more() -> None:
    # The probability is enough at this price; only the moving average is not.
    made = sequencer(PricedMastery(12, average=0.9, ready=None), (1, 1, 0, 1, 1))
    found = made.context("ann")
    assert found.mastery[0, 0] >= np.asarray(found.threshold).ravel()[0]
    assert found.mastered is not None
    assert not found.mastered[0, 0]
    assert made.recommend("ann")[0].lesson == "add"
    assert "worth" not in str(made.recommend("ann")[0].reason)
    # The threshold that is said is the first one: the price alone would not ask for so much.
    both = WeightedPolicy(
        {"gain_per_minute": 1.0}, criterion=ProbabilityThreshold(0.999) & PriceThreshold(60)
    )
    assert "worth" not in str(sequencer(both).recommend("ann")[0].reason)


def test_what_no_price_pays_is_not_said_to_be_worth_it() -> None:
    # A lesson takes longer than the skill is worth: the lowest threshold alone asks for it.
    text = str(sequencer(PricedMastery(5)).recommend("ann")[0].reason)
    assert "A skill below 0.5 does not count as mastered at any price." in text
    assert "worth" not in text


def test_what_is_never_reached_takes_forever() -> None:
    own = rates(learn=[0.2], forget=[1.0], guess=[1.0], slip=[0.0])
    left = minutes_left(lesson_table(own, 3)[0], 0.95, 10)
    assert np.isinf(left[GRID < 0.95]).all()
    assert (left[GRID >= 0.95] == 0).all()


def test_minutes_left_are_computed_once_for_all_students_of_a_skill() -> None:
    made = sequencer(PricedMastery())
    students = [f"s{number}" for number in range(40)]
    learning = Sequencer(made.curriculum, made.tracker, PricedMastery(), new_students=True)
    before = _minutes_kept.cache_info().misses
    texts = {str(decision.reason) for decision in learning.recommend(students)}
    assert "of practice are needed" in next(iter(texts))
    assert _minutes_kept.cache_info().misses - before <= 3


def test_many_prices_cost_little_and_are_near_the_solution() -> None:
    own = rates(**OWN)
    given = dict(zip(Rates._fields, own, strict=True))
    labels = np.array([f"s{number}" for number in range(400)])
    prices = np.geomspace(20, 20_000, 400)
    many = Context(SCHOOL, labels, np.full((400, 3), 0.9), "latent", rates=given)
    priced = PriceThreshold(students=dict(zip(labels.tolist(), prices.tolist(), strict=True)))
    before = _kept.cache_info().misses
    found = priced.needed(many)
    assert _kept.cache_info().misses - before < 50
    for row in range(0, 400, 57):
        right = PriceThreshold(float(prices[row])).needed(many)
        np.testing.assert_allclose(1 - found[row], 1 - right, rtol=0.01)
    # Who is asked for besides changes nothing.
    alone = Context(SCHOOL, labels[7:8], np.full((1, 3), 0.9), "latent", rates=given)
    np.testing.assert_array_equal(priced.needed(alone)[0], found[7])


def test_each_skill_is_solved_for_at_its_own_price_alone() -> None:
    labels = [f"s{number}" for number in range(300)]
    school = Curriculum.from_dict({"skills": labels})
    many = Context(school, np.array(["ann"]), np.full((1, 300), 0.9), "latent")
    prices: dict[str | int, float] = {label: 100.0 + number for number, label in enumerate(labels)}
    before = _kept.cache_info().misses
    found = PriceThreshold(skills=prices).needed(many)
    assert _kept.cache_info().misses - before == 1
    for place in (0, 150, 299):
        assert found[place] == PriceThreshold(100.0 + place).needed(many)[place]


def test_prices_from_numpy_are_prices() -> None:
    skill, student = np.str_("add"), np.str_("ann")
    of = {"n_items": np.int64(3), "minutes": np.float32(8)}
    made = PriceThreshold(np.float32(60), {skill: np.float32(30)}, {student: np.int64(20)}, **of)  # type: ignore[arg-type, dict-item]
    same = PriceThreshold(60, {"add": 30}, {"ann": 20}, 3, 8)
    assert made == same
    assert hash(made) == hash(same)
    np.testing.assert_array_equal(made.needed(context()), same.needed(context()))
    json.dumps(made.described())
    with pytest.raises(ParameterError, match=r"2000000000.0; expected a number in \(0, 1e\+09\)"):
        PriceThreshold(skills={"add": 2e9})
    with pytest.raises(ParameterError, match="skills must be a mapping of labels to prices"):
        PriceThreshold(skills=["add"])  # type: ignore[arg-type]


def test_a_skill_with_only_some_rates_has_the_usual_ones() -> None:
    nan = float("nan")
    some = dict(zip(Rates._fields, rates(**{**OWN, "slip": [nan, 0.05, 0.15]}), strict=True))
    all_of_them = dict(zip(Rates._fields, rates(**OWN), strict=True))
    found = PriceThreshold().needed(context(rates=some))
    usual = PriceThreshold().needed(context())
    own = PriceThreshold().needed(context(rates=all_of_them))
    assert found.tolist() == [usual[0], *own[1:].tolist()]
    assert usual[0] != own[0]


def test_one_criterion_serves_other_models_and_courses_in_turn() -> None:
    price = PriceThreshold(300.0, skills={"add": 900.0})
    own = {name: np.array(rate) for name, rate in OWN.items()} | {"forget": np.zeros(3)}
    slower = {**own, "learn": own["learn"] / 2}
    other = Curriculum.from_dict({"skills": ["draw", "add"]})
    asked = [
        context(rates=own),
        context(rates=slower),
        context(),
        Context(other, np.array(["ann"]), np.full((1, 2), 0.9), "latent"),
    ]
    fresh = [PriceThreshold(300.0, skills={"add": 900.0}).needed(one) for one in asked]
    assert len({array.tobytes() for array in fresh}) == len(asked)
    for one, expected in [*zip(asked, fresh, strict=True)] * 2:
        np.testing.assert_array_equal(price.needed(one), expected)
        assert price.worth(one).minutes.shape == expected.shape
    assert pickle.loads(pickle.dumps(price)) == price
