"""The next item: how it is scored, drawn and said; exact propensities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.sequencing.items import (
    NextItem,
    acceptance,
    draw_items,
    information,
    item_propensities,
    nearness,
    rarity,
)

SCHOOL = Curriculum.from_dict(
    {
        "prerequisites": [["count", "add"], ["add", "multiply"], ["count", "measure"]],
        "lessons": {"numbers": ["count"], "sums": ["add"], "products": ["multiply"],
                    "rulers": ["measure"]},
        "items": {"1, 2, …": ["count"], "1 + 1": ["add"], "7 + 5": ["add", "count"],
                  "8 + 9": ["add"], "3 x 4": ["multiply", "add"], "30 cm + 4": ["add", "measure"]},
    }
)  # fmt: skip
SUMS = ["1 + 1", "7 + 5", "8 + 9"]


def by_enumeration(score: list[float], accept: list[float]) -> np.ndarray:
    """Propensities from all orders of ties."""
    total, n_orders = np.zeros(len(score)), 0
    for order in itertools.permutations(range(len(score))):
        if any(score[a] < score[b] for a, b in itertools.pairwise(order)):
            continue
        n_orders, left = n_orders + 1, 1.0
        for item in order:
            total[item] += left * accept[item]
            left *= 1 - accept[item]
    return total / total.sum()


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.floats(0.05, 1)), min_size=1,
             max_size=6)
)  # fmt: skip
def test_propensities_are_those_of_all_orders(items) -> None:
    score, accept = map(list, zip(*items, strict=True))
    found = item_propensities(np.array([score]), np.ones((1, len(score)), bool), np.array(accept))
    np.testing.assert_allclose(found[0], by_enumeration(score, accept), atol=1e-12)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=4, max_size=4),
             min_size=1, max_size=5),
    st.none() | st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_propensities_sum_to_one_and_the_draw_obeys_them(table, accept, seed) -> None:
    score, eligible = np.moveaxis(np.array(table), 2, 0)
    eligible = eligible.astype(bool)
    found = item_propensities(
        score.astype(float), eligible, None if accept is None else np.array(accept)
    )
    np.testing.assert_allclose(found.sum(axis=1), eligible.any(axis=1), atol=1e-12)
    assert (found[~eligible] == 0).all()
    assert (found >= 0).all()
    drawn = draw_items(found, np.random.default_rng(seed))
    for row, item in enumerate(drawn.item):
        assert (item >= 0) == eligible[row].any()
        if item >= 0:
            assert drawn.propensity[row] == found[row, item] > 0


def test_draws_come_as_often_as_their_propensity() -> None:
    propensity = np.tile([0.5, 0.0, 0.2, 0.3], (20_000, 1))
    drawn = draw_items(propensity, np.random.default_rng(3))
    share = np.bincount(drawn.item, minlength=4) / 20_000
    np.testing.assert_allclose(share, propensity[0], atol=0.012)


def test_many_ties_of_unequal_acceptance() -> None:
    accept = np.tile([1.0, 0.5], 200)
    found = item_propensities(np.zeros((1, 400)), np.ones((1, 400), bool), accept)[0]
    assert np.isclose(found.sum(), 1)
    np.testing.assert_allclose(found[0] / found[1], 2, rtol=0.02)


def test_scores() -> None:
    p = np.array([0.5, 0.8, 1.0])
    np.testing.assert_allclose(information(p), [0.25, 0.16, 0])
    np.testing.assert_allclose(information(p, np.array([1, 2, 3])), [0.25, 0.64, 0])
    assert nearness(p, 0.8).argmax() == 1
    assert nearness(p, 0.8, width=0.3)[0] == pytest.approx(np.exp(-0.5))
    assert rarity(np.array([0, 3])).tolist() == [1, 0.25]
    np.testing.assert_allclose(acceptance(np.array([0, 2, 8]), 10, 0.2), [1, 1, 0.25])


def test_items_of_a_lesson_exercise_it_and_nothing_ahead() -> None:
    choose = NextItem(SCHOOL)
    assert choose.items_of("sums") == SUMS
    assert choose.items_of("products") == ["3 x 4"]
    assert choose.items_of(skill="count") == ["1, 2, …"]


@pytest.mark.parametrize(
    ("by", "wanted", "said"),
    [
        ("information", "8 + 9", "tells most about what ann knows (P(correct) 0.55)"),
        ("target", "7 + 5", "comes nearest to 80% success for ann (P(correct) 0.75)"),
    ],
)
def test_by_information_and_by_target(by, wanted, said) -> None:
    choice = NextItem(SCHOOL, by=by).next("ann", "sums", p_correct=[0.95, 0.75, 0.55])
    assert choice.item == wanted
    assert choice.propensity == 1
    assert choice.candidates == {wanted: 1.0}
    assert choice.reason == f'"{wanted}" {said}. It is the best of 3 items.'


def test_discrimination_weighs_information() -> None:
    slope = np.array([1, 3, 1, 1, 1, 1.0])
    choice = NextItem(SCHOOL, discrimination=slope).next("a", "sums", p_correct=[0.9, 0.6, 0.5])
    assert choice.item == "1 + 1"
    assert choice.score == pytest.approx(9 * 0.09)


def test_by_exposure_the_rarest_comes_and_ties_are_drawn() -> None:
    choose = NextItem(SCHOOL, by="exposure", random_state=0)
    choose.saw("bo", ["1 + 1"])
    first = choose.next("ann", "sums")
    assert first.item in SUMS[1:]
    assert first.propensity == 0.5
    assert first.p_correct is None
    assert first.candidates == {"7 + 5": 0.5, "8 + 9": 0.5}
    assert "It was drawn from 2 of 3 items that are equally good" in first.reason
    second = choose.next("ann", "sums")
    assert {first.item, second.item} == set(SUMS[1:])
    assert choose.given.sum() == 3


@settings(max_examples=trials(400))
@given(st.integers(0, 4), st.integers(0, 2**32 - 1), st.sampled_from(["information", "exposure"]))
def test_an_item_just_seen_never_comes(window, seed, by) -> None:
    many = Curriculum.from_dict(
        {"lessons": {"sums": ["add"]}, "items": {f"i{k}": ["add"] for k in range(5)}}
    )
    rng = np.random.default_rng(seed)
    choose = NextItem(many, by=by, window=window, random_state=rng,
                      p_correct=lambda student, items: rng.random(len(items)))  # fmt: skip
    seen: list = []
    for _ in range(12):
        item = choose.next("ann", "sums").item
        assert item not in (seen[-window:] if window else [])
        seen.append(item)


def test_the_cap_spreads_items_over_students() -> None:
    most = {}
    for cap in (None, 0.4):
        choose = NextItem(SCHOOL, cap=cap, random_state=1)
        for student in range(300):
            choice = choose.next(student, "sums", p_correct=[0.5, 0.6, 0.7])
            assert sum(choice.candidates.values()) == pytest.approx(1)
        most[cap] = choose.given.max() / 300
    assert most[None] == 1
    assert most[0.4] < 0.47
    assert "so that none comes too often" in choice.reason


def test_one_seed_one_run() -> None:
    runs = [
        [NextItem(SCHOOL, by="exposure", random_state=5).next(s, "sums").item for s in range(9)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_a_callable_gives_the_chances_of_the_items_asked() -> None:
    asked = []

    def chances(student, items):
        asked.append((student, items))
        return np.full(len(items), 0.7)

    choice = NextItem(SCHOOL, p_correct=chances).next(np.int64(4), "sums")  # type: ignore[arg-type]
    assert asked == [(4, SUMS)]
    assert choice.propensity == pytest.approx(1 / 3)
    assert choice.p_correct == 0.7


def test_bad_input_is_named() -> None:
    choose = NextItem(SCHOOL, window=3)
    with pytest.raises(ParameterError, match="no items for lesson 'rulers'"):
        choose.next("ann", "rulers", p_correct=[])
    with pytest.raises(UnknownLabelError, match=r"unknown lesson.*\n.*did you mean 'sums'"):
        choose.next("ann", "sum")
    with pytest.raises(UnknownLabelError, match="unknown skill"):
        choose.next("ann", skill="divide")
    with pytest.raises(UnknownLabelError, match="unknown item"):
        choose.saw("ann", ["1 + 2"])
    with pytest.raises(ParameterError, match="either a lesson or a skill"):
        choose.next("ann")
    with pytest.raises(ParameterError, match="by information needs P"):
        choose.next("ann", "sums")
    with pytest.raises(ParameterError, match=r"one number per item, shape \(3,\), got \(2,\)"):
        choose.next("ann", "sums", p_correct=[0.1, 0.2])
    with pytest.raises(ParameterError, match=r"\[0, 1\]; it is 1.2, nan for '1 \+ 1', '8 \+ 9'"):
        choose.next("ann", "sums", p_correct=[1.2, 0.2, np.nan])
    assert choose.given.sum() == 0  # nothing refused counts as seen
    choose.saw("ann", SUMS)
    with pytest.raises(ParameterError, match="all 3 items of lesson 'sums' are among the last 3"):
        choose.next("ann", "sums", p_correct=[0.1, 0.2, 0.3])
    with pytest.raises(ParameterError) as caught:
        NextItem(Curriculum.from_dict({"skills": ["a"]}), by="luck", target=2, window=-1, cap=0,
                 discrimination=[1.0])  # fmt: skip
    assert len(caught.value.problems) == 6
