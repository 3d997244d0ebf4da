"""The numbers behind a diagnosis, beside the same numbers counted answer by answer."""

from __future__ import annotations

import math
import tracemalloc
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.diagnosis.answers import Answers, Emissions, Skills, filtered, log_likelihoods
from adaptlearn.diagnosis.estimates import difference_of_ratios, ratio_of_sums
from adaptlearn.diagnosis.forgetting import return_evidence
from adaptlearn.diagnosis.graph import CLASSES, COMPARED, KAPPAS, Edges, graph_evidence
from adaptlearn.diagnosis.mastered import MASTERED, NEARLY, bout_evidence, spread_evidence
from adaptlearn.numerics import Floats

SKILLS = Skills(
    prior=np.array([0.3, 0.5, 0.2]),
    learn=np.array([0.2, 0.3, 0.4]),
    guess=np.array([0.2, 0.1, 0.15]),
    slip=np.array([0.1, 0.05, 0.12]),
)


def random_log(n_students: int = 6, n: int = 240, right: float = 0.7) -> ResponseLog:
    rng = np.random.default_rng(1)
    return ResponseLog.from_frame(
        {
            "student": rng.integers(0, n_students, n),
            "skill": np.r_[0, 1, 2, rng.integers(0, 3, n - 3)],
            "correct": (rng.random(n) < right).astype(int),
            "time": rng.permutation(n) * 1000.0,
        }
    )


def known_before(answers: Answers) -> Floats:
    of = SKILLS.take(answers.skill)
    emissions = Emissions.of(answers.chains, answers.right, of)
    return filtered(answers.chains, emissions, of.learn[answers.chains.chain]).before


def histories(log: ResponseLog) -> dict[tuple[int, int], list[tuple[int, bool]]]:
    """Rank in time and answer, per student and skill, read from the log's own columns."""
    time = log.time
    assert time is not None
    found = defaultdict(list)
    for rank, row in enumerate(np.argsort(time).tolist()):
        key = int(log.student.codes[row]), int(log.skill.codes[row])
        found[key].append((rank, bool(log.correct[row])))
    return found


def forward(
    answers: list[tuple[int, bool]], skill: int, pace: float = 0, ease: float = 0,
    slowed: dict[int, float] | None = None,
) -> tuple[list[float], list[float], float]:  # fmt: skip
    """P(known) before and after each answer, and the log-likelihood, one answer after another."""

    def shifted(p: float, by: float) -> float:
        return 1 / (1 + math.exp(-(math.log(p / (1 - p)) + by)))

    known = shifted(SKILLS.prior[skill], pace)
    learn = shifted(SKILLS.learn[skill], pace)
    guess, slip = shifted(SKILLS.guess[skill], ease), shifted(SKILLS.slip[skill], -ease)
    before, after, total = [], [], 0.0
    for rank, right in answers:
        before.append(known)
        hit = known * (1 - slip if right else slip)
        miss = (1 - known) * (guess if right else 1 - guess)
        total += math.log(hit + miss)
        known = hit / (hit + miss)
        known += (1 - known) * learn * (slowed or {}).get(rank, 1.0)
        after.append(known)
    return before, after, total


def test_the_filter_is_that_of_the_textbook() -> None:
    log = random_log()
    answers = Answers.of(log)
    of = SKILLS.take(answers.skill)
    emissions = Emissions.of(answers.chains, answers.right, of)
    learn = of.learn[answers.chains.chain]
    found = filtered(answers.chains, emissions, learn)
    told = histories(log)
    starts = answers.chains.starts
    assert len(answers.skill) == len(told)
    for chain, (skill, student) in enumerate(
        zip(answers.skill.tolist(), answers.student.tolist(), strict=True)
    ):
        before, after, total = forward(told[student, skill], skill)
        rows = slice(starts[chain], starts[chain + 1])
        np.testing.assert_allclose(found.before[rows], before)
        np.testing.assert_allclose(found.after[rows], after)
        assert found.log_likelihood[chain] == pytest.approx(total)
    np.testing.assert_array_equal(
        log_likelihoods(answers.chains, emissions, learn), found.log_likelihood
    )


def mixed(log_likelihood: Any) -> tuple[Any, Any]:
    """Shares of classes by 200 rounds of EM, and each student's mixed likelihood."""
    likelihood = np.exp(np.array(log_likelihood))
    shares = np.full(len(likelihood), 1 / len(likelihood))
    for _ in range(200):
        member = shares[:, None] * likelihood
        shares = (member / member.sum(axis=0)).mean(axis=1)
    return shares, shares @ likelihood


def test_the_graph_slows_learning_by_what_is_not_known() -> None:
    log = random_log()
    told = histories(log)
    edges = [(0, 2), (1, 2), (0, 1)]
    found = graph_evidence(
        Answers.of(log), SKILLS, Edges(*(np.array(end) for end in zip(*edges, strict=True)))
    )

    def likelihoods(kappa: float, used: list[tuple[int, int]]) -> Any:
        """Of shape (n_classes, n_students)."""
        table = np.zeros((len(CLASSES), log.n_students))
        for row, (ease, pace) in enumerate(CLASSES):
            for (student, skill), own in told.items():
                slowed = {rank: 1.0 for rank, _ in own}
                for before, after in used:
                    if after != skill:
                        continue
                    earlier = told.get((student, before), [])
                    start = 1 / (1 + math.exp(-(math.log(
                        SKILLS.prior[before] / (1 - SKILLS.prior[before])) + pace)))  # fmt: skip
                    beliefs = [start, *forward(earlier, before, pace, ease)[1]]
                    for rank, _ in own:
                        known = beliefs[sum(r < rank for r, _ in earlier)]
                        slowed[rank] *= known + (1 - known) * kappa
                table[row, student] += forward(own, skill, pace, ease, slowed)[2]
        return table

    shares, plain = mixed(likelihoods(1.0, []))
    for k, kappa in enumerate(KAPPAS):
        whole = shares @ np.exp(likelihoods(kappa, edges))
        np.testing.assert_allclose(found.gains[k], np.log(whole / plain), atol=1e-6)
    for edge, pair in enumerate(edges):
        one = shares @ np.exp(likelihoods(KAPPAS[COMPARED], [pair]))
        gains = np.log(one / plain)
        np.testing.assert_allclose(found.edge_gains[edge], gains.sum(), atol=1e-5)
        error = gains.std() * np.sqrt(log.n_students)
        np.testing.assert_allclose(found.edge_errors[edge], error, atol=1e-5)
    counts = np.bincount(log.skill.codes)
    assert found.answers.tolist() == [counts[2], counts[2], counts[1]]


def test_memory_goes_with_the_answers_not_with_skills_times_students() -> None:
    n_skills, n_students = 3000, 1000
    skill = np.arange(n_skills).repeat(2)
    log = ResponseLog.from_frame(
        {"student": np.arange(len(skill)) % n_students, "skill": skill, "correct": skill % 2}
    )
    of = Skills(*(np.full(n_skills, p) for p in (0.3, 0.2, 0.2, 0.1)))
    edges = Edges(np.arange(n_skills - 1), np.arange(1, n_skills))
    tracemalloc.start()
    try:
        found = graph_evidence(Answers.of(log), of, edges)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.edge_gains.shape == (n_skills - 1,)
    assert peak < 20e6  # one number per prerequisite and student would be 24 MB


def late_answers(log: ResponseLog, *, held: bool) -> dict[int, list[tuple[int, int, bool, float]]]:
    """Per student: place among all the student's answers, skill, wrong, expected."""
    ranks: dict[int, list[int]] = defaultdict(list)
    late = defaultdict(list)
    told = histories(log)
    for (student, _), own in told.items():
        ranks[student] += [rank for rank, _ in own]
    for (student, skill), own in told.items():
        before = forward(own, skill)[0]
        foreseen = 0.0
        for (rank, right), known in zip(own, before, strict=True):
            p = foreseen if held and foreseen else known
            if p >= (NEARLY if held else MASTERED):
                wrong = p * SKILLS.slip[skill] + (1 - p) * (1 - SKILLS.guess[skill])
                late[student].append((sorted(ranks[student]).index(rank), skill, not right, wrong))
                foreseen = p + (1 - p) * SKILLS.learn[skill]
    return {student: sorted(answers) for student, answers in late.items()}


def test_spread_is_counted_from_pairs_of_answers_that_are_apart() -> None:
    log = random_log(n=900, right=0.85)
    answers = Answers.of(log)
    found = spread_evidence(answers, SKILLS, known_before(answers))
    late = late_answers(log, held=False)
    everything = [answer for own in late.values() for answer in own]
    observed = sum(wrong for _, _, wrong, _ in everything)
    expected = sum(p for _, _, _, p in everything)
    part = whole = 0.0
    scores = []
    for own in late.values():
        for (i, a), (j, b) in combinations(enumerate(own), 2):
            if j - i > 5:
                p, q = a[3] * observed / expected, b[3] * observed / expected
                part += 2 * (a[2] - p) * (b[2] - q)
                whole += 2 * p * q
        surplus = sum(a[2] - a[3] for a in own)
        scores.append(surplus**2 / sum(a[3] * (1 - a[3]) for a in own))
    assert (found.answers, found.students) == (len(everything), len(late))
    assert (found.observed, found.expected) == pytest.approx((observed, expected))
    assert found.spread.value == pytest.approx(part / whole)
    assert found.dispersion == pytest.approx(np.mean(scores))


def test_bouts_are_counted_from_adjacent_answers() -> None:
    log = random_log(n=900, right=0.85)
    answers = Answers.of(log)
    found = bout_evidence(answers, SKILLS, known_before(answers))
    late = late_answers(log, held=True)
    everything = [answer for own in late.values() for answer in own]
    usual = sum(a[2] for a in everything) / sum(a[3] for a in everything)
    scale = np.mean([(a[2] - a[3] * usual) ** 2 for a in everything])
    products = defaultdict(list)
    for own in late.values():
        for a, b in combinations(own, 2):
            apart = b[0] - a[0]
            if apart == 1 or 3 <= apart <= 12:
                value = (a[2] - a[3] * usual) * (b[2] - b[3] * usual) / scale
                products[apart == 1, a[1] == b[1]].append(value)
    near = products[True, True] + products[True, False]
    far = sum(
        np.mean(products[False, same]) * len(products[True, same]) for same in (True, False)
    ) / len(near)
    assert found.answers == len(near)
    assert found.excess.value == pytest.approx(np.mean(near) - far)


# A slip that is twice the model's is there on all days: nothing of it is lost overnight.
@pytest.mark.parametrize(("lost", "slip"), [(0.0, 0.1), (0.3, 0.1), (0.0, 0.2)])
def test_what_is_lost_overnight_is_found(lost: float, slip: float) -> None:
    rng = np.random.default_rng(0)
    n_students, per_day, days = 400, 6, 4
    known = rng.random(n_students) < SKILLS.prior[0]
    rows = []
    for day in range(days):
        if day:
            known &= rng.random(n_students) >= lost
        for step in range(per_day):
            right = rng.random(n_students) < np.where(known, 1 - slip, SKILLS.guess[0])
            rows.append((np.full(n_students, day * 86_400.0 + step * 60), right))
            known |= rng.random(n_students) < SKILLS.learn[0]
    log = ResponseLog.from_frame(
        {
            "student": np.tile(np.arange(n_students), len(rows)),
            "skill": np.zeros(n_students * len(rows), int),
            "correct": np.concatenate([right for _, right in rows]).astype(int),
            "time": np.concatenate([time for time, _ in rows]),
        }
    )
    answers = Answers.of(log)
    found = return_evidence(answers, SKILLS, known_before(answers))
    assert (found.answers, found.students) == (n_students * (days - 1), n_students)
    assert found.lost.error < 0.03
    # Later nights find P(known) too high, because the filter knows no loss: a little more is found.
    assert abs(found.lost.value - lost) < 3 * found.lost.error + 0.2 * lost


def test_errors_of_ratios_are_those_of_a_bootstrap() -> None:
    rng = np.random.default_rng(0)
    whole, other = rng.gamma(2, size=400), rng.gamma(3, size=400)
    part, second = whole * rng.normal(1, 0.5, 400), other * rng.normal(2, 0.5, 400)
    draws = rng.integers(0, 400, (2000, 400))
    ratios = part[draws].sum(axis=1) / whole[draws].sum(axis=1)
    others = second[draws].sum(axis=1) / other[draws].sum(axis=1)
    assert ratio_of_sums(part, whole).error == pytest.approx(ratios.std(), rel=0.1)
    found = difference_of_ratios(part, whole, second, other)
    assert found.value == pytest.approx(part.sum() / whole.sum() - second.sum() / other.sum())
    assert found.error == pytest.approx((ratios - others).std(), rel=0.1)


def test_days_that_end_with_errors_are_no_forgetting() -> None:
    # Students differ in slips, stop after errors, and lose nothing overnight.
    rng = np.random.default_rng(0)
    n_students, n_answers = 400, 30
    slip = np.where(np.arange(n_students) % 2, 0.02, 0.3)
    known = rng.random(n_students) < SKILLS.prior[0]
    time, rows = np.zeros(n_students), []
    for _ in range(n_answers):
        right = rng.random(n_students) < np.where(known, 1 - slip, SKILLS.guess[0])
        rows.append((time, right))
        known |= rng.random(n_students) < SKILLS.learn[0]
        stops = rng.random(n_students) < np.where(right, 0.02, 0.4)
        time = time + np.where(stops, 86_400.0, 60.0)
    log = ResponseLog.from_frame(
        {
            "student": np.tile(np.arange(n_students), n_answers),
            "skill": np.zeros(n_students * n_answers, int),
            "correct": np.concatenate([right for _, right in rows]).astype(int),
            "time": np.concatenate([time for time, _ in rows]),
        }
    )
    answers = Answers.of(log)
    found = return_evidence(answers, SKILLS, known_before(answers)).lost
    assert abs(found.value) < 2 * found.error  # by P(known) alone it would be .12, or 5 errors
