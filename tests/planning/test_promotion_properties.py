"""Promotion against plain loops: rules, evidence and the shortest way, drawn at random."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import PromotionRules, promotion_errors, promotion_report
from adaptlearn.planning.promotion.known import least_of_enough, probability_of_enough
from adaptlearn.planning.promotion.rules import Group, Leaf, Node
from adaptlearn.planning.promotion.ways import way_of

DAY = 86400.0
SKILLS = ["a", "b", "c", "d"]
STANDARDS = {"S1": ["a", "b"], "S2": ["b", "c", "d"], "S3": ["d"]}
SCHOOL = Curriculum.from_dict(
    {
        "skills": SKILLS,
        "prerequisites": [["a", "b"], ["b", "c"]],
        "lessons": [
            {"lesson": skill, "skills": [skill], "minutes": 5 + 5 * at}
            for at, skill in enumerate(SKILLS)
        ],
        "standards": STANDARDS,
    }
)
RATES = {"prior": [0.4] * 5, "learn": [0.3] * 5, "guess": [0.15] * 5, "slip": [0.1] * 5}
MODEL = BKT.from_parameters({"skill": [*SKILLS, "other"], **RATES})


def trees(leaves: Any) -> Any:
    def groups(parts: Any) -> Any:
        several = st.lists(parts, min_size=1, max_size=4)
        return several.flatmap(
            lambda held: st.integers(1, len(held)).map(lambda k: Group(k, tuple(held)))
        )

    return st.recursive(leaves, groups, max_leaves=8)


def holds(node: Node, met: set[int]) -> bool:
    if isinstance(node, Leaf):
        return node.demand in met
    return sum(holds(part, met) for part in node.parts) >= node.least


def numbered(node: Node, numbers: Any) -> Node:
    """The same tree with every leaf another demand."""
    if isinstance(node, Leaf):
        return Leaf(next(numbers))
    return Group(node.least, tuple(numbered(part, numbers) for part in node.parts))


@settings(max_examples=trials(2000))
@given(trees(st.integers(0, 4).map(Leaf)), st.integers(0, 2**32 - 1))
def test_a_rule_is_met_as_it_says_and_what_is_missing_is_enough(node: Node, seed: int) -> None:
    rng = np.random.default_rng(seed)
    met, minutes = rng.random((6, 5)) < 0.5, rng.random((6, 5))
    way = way_of(node, met, np.where(met, 0.0, minutes))
    order = rng.permutation(6)
    again = way_of(node, met[order], np.where(met, 0.0, minutes)[order])
    assert (again.missing == way.missing[order]).all()
    for row in range(6):
        own, lacks = (set(np.flatnonzero(one[row]).tolist()) for one in (met, way.missing))
        assert way.met[row] == holds(node, own) == (not lacks)
        assert not own & lacks
        assert holds(node, own | lacks)


@settings(max_examples=trials(2000))
@given(trees(st.just(Leaf(0))), st.integers(0, 2**32 - 1))
def test_the_way_is_the_shortest_where_no_standard_stands_twice(node: Node, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counter = iter(range(100))
    tree = numbered(node, counter)
    n = next(counter)
    met, minutes = rng.random((1, n)) < 0.3, rng.integers(1, 9, (1, n)).astype(float)
    way = way_of(tree, met, np.where(met, 0.0, minutes))
    own = set(np.flatnonzero(met[0]).tolist())
    others = [at for at in range(n) if at not in own]
    subsets = chain.from_iterable(combinations(others, k) for k in range(len(others) + 1))
    best = min(minutes[0, list(s)].sum() for s in subsets if holds(tree, own | set(s)))
    assert minutes[way.missing].sum() == best


@settings(max_examples=trials(2000))
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_the_tail_is_that_of_a_product_of_polynomials(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, need = rng.random((n, 3)), int(rng.integers(0, n + 1))
    expected = []
    for own in p.T:
        generating = np.ones(1)
        for one in own:
            generating = np.convolve(generating, [1 - one, one])
        expected.append(generating[need:].sum())
    np.testing.assert_allclose(probability_of_enough(p, need), expected, atol=1e-12)
    if need:
        levels = least_of_enough(p, need)
        assert ((p >= levels).sum(axis=0) == need).all()


answers = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ben", "cem"]),
        st.sets(st.sampled_from([*SKILLS, "other"]), min_size=1, max_size=3),
        st.booleans(),
        st.floats(0, 40 * DAY).map(round),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: (row[0], row[3]),
)


def shown(log: list[Any], student: str, rules: dict[str, Any]) -> dict[str, Any]:
    """Evidence of one student, answer by answer."""
    mine = sorted((row for row in log if row[0] == student), key=lambda row: row[3])
    first: dict[str, float] = {}
    last: dict[str, bool] = {}
    p = dict.fromkeys(SKILLS, 0.4)
    target = dict.fromkeys(SKILLS, 0.0)
    for skills in STANDARDS.values():
        for skill in skills:
            target[skill] = max(target[skill], rules["confidence"] ** (1 / len(skills)))
    for _, skills, right, time in mine:
        for skill in skills & {*SKILLS}:
            before = p[skill]
            like = (0.9, 0.15) if right else (0.1, 0.85)
            after = before * like[0] / (before * like[0] + (1 - before) * like[1])
            p[skill] = after + (1 - after) * 0.3
            if max(before, p[skill]) >= target[skill]:
                first.setdefault(skill, time)
            if time >= first.get(skill, np.inf) + rules["review_after"] * DAY:
                last[skill] = right
    found = {}
    for label, skills in STANDARDS.items():
        theirs = [row for row in mine if row[1] & {*skills}]
        found[label] = (
            len(theirs),
            len({int(row[3] // DAY) for row in theirs}),
            all(last.get(skill, False) for skill in skills),
            float(np.prod([p[skill] for skill in skills])),
        )
    return found


@settings(max_examples=trials(2000))
@given(
    answers,
    st.fixed_dictionaries(
        {
            "confidence": st.floats(0.5, 0.97),
            "answers": st.integers(0, 4),
            "days": st.integers(0, 3),
            "review_after": st.integers(0, 20),
        }
    ),
)
def test_a_report_is_what_a_loop_over_answers_finds(log: list[Any], rules: dict[str, Any]) -> None:
    student, skill, correct, time = map(list, zip(*log, strict=True))
    frame = {
        "student": student,
        "skill": [sorted(skills) for skills in skill],
        "correct": [int(right) for right in correct],
        "time": [float(moment) for moment in time],
    }
    read = ResponseLog.from_frame(frame)
    sequencer = Sequencer(SCHOOL, MasteryTracker(MODEL).update(read), random_state=0)
    content = {"rules": {"all": {"all_of": [*STANDARDS]}}, **rules}
    students = sorted({*student})
    report = promotion_report(sequencer, students, PromotionRules(SCHOOL, content), log=read)
    for row, name in enumerate(students):
        for column, found in enumerate(shown(log, name, rules).values()):
            n, days, retained, known = found
            assert (report.answers[row, column], report.days[row, column]) == (n, days)
            assert report.retained[row, column] == retained
            np.testing.assert_allclose(report.known[row, column], known, rtol=1e-9)
            met = report.known[row, column] >= rules["confidence"]
            assert report.met[row, column] == (
                met and n >= rules["answers"] and days >= rules["days"] and retained
            )
    assert (report.recommended == report.met.all(axis=1)).all()
    assert ((report.minutes > 0) == ~report.recommended).all()
    backwards = promotion_report(
        sequencer, students[::-1], PromotionRules(SCHOOL, content), log=read
    )
    assert (backwards.met == report.met[::-1]).all()
    np.testing.assert_allclose(backwards.minutes, report.minutes[::-1])


@settings(max_examples=trials(2000))
@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_errors_are_counted_as_in_a_loop(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, truth, group = rng.random(n).round(1), rng.random(n) < 0.5, rng.integers(0, 2, n)
    found = promotion_errors(p, truth, group=group, thresholds=[0.3, 0.5])
    for row, label in enumerate(found.groups):
        mine = [at for at in range(n) if row == 0 or group[at] == label]
        for column, cut in enumerate((0.3, 0.5)):
            up = [at for at in mine if p[at] >= cut]
            false = sum(not truth[at] for at in up)
            able = [at for at in mine if truth[at]]
            back = sum(p[at] < cut for at in able)
            wanted = [false / len(up) if up else np.nan, back / len(able) if able else np.nan]
            np.testing.assert_allclose(
                [found.false_promotions[row, column], found.needless[row, column]], wanted
            )
            assert found.promoted[row, column] == len(up) / len(mine)
