"""EM against enumeration of every hidden path, and the promises of its iteration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.models.students import answers

from adaptlearn import ResponseLog
from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.belief import Beliefs
from adaptlearn.models.bkt.em import trie as trie_module
from adaptlearn.models.bkt.em.climb import Terms
from adaptlearn.models.bkt.em.climb import climb as climb_on
from adaptlearn.models.bkt.em.room import room_of
from adaptlearn.models.bkt.em.steps import Expectations, Pseudocounts, expectations
from adaptlearn.models.bkt.em.steps import maximise as maximise_in
from adaptlearn.models.bkt.em.trie import answers_only, build_trie
from adaptlearn.models.bkt.entries import EXPOSURE, entry_answers
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Limits, Parameters
from adaptlearn.models.bkt.serve.beliefs import filter_sequences

LAYOUTS: dict[str, dict[str, float]] = {
    "shared": {"_FEW": 0, "_SHARED": 2.0},
    "alone": {"_FEW": 0, "_SHARED": 0.0},
    "stretches": {"_FEW": 10**6, "_STRETCH": 256},
    "short stretches": {"_FEW": 10**6, "_STRETCH": 2, "_WORTH": 0},
    "mixed": {"_FEW": 2, "_SHARED": 0.6, "_STRETCH": 2, "_WORTH": 0},
}
"""How the nodes of a trie may be laid out; each must give the same."""


def enumerate_paths(history, values):
    """Likelihood and expected counts of one history, summed over all 2**T hidden paths."""
    prior, learn, forget, guess, slip = values
    start = (1 - prior, prior)
    move = ((1 - learn, learn), (forget, 1 - forget))
    emit = ((1 - guess, guess, 1.0), (slip, 1 - slip, 1.0))
    names = [name for name in Expectations._fields if name != "log_likelihood"]
    total, counts = 0.0, dict.fromkeys(names, 0.0)
    for path in itertools.product((0, 1), repeat=len(history)):
        p = start[path[0]] * emit[path[0]][history[0]]
        for t in range(1, len(history)):
            p *= move[path[t - 1]][path[t]] * emit[path[t]][history[t]]
        total += p
        counts["first"] += p
        counts["first_known"] += p * path[0]
        for known, symbol in zip(path, history, strict=True):
            if symbol != EXPOSURE:
                counts[f"{('wrong', 'right')[symbol]}_{('unknown', 'known')[known]}"] += p
        for step in itertools.pairwise(path):
            name = {(0, 0): "stay_unknown", (0, 1): "learned", (1, 0): "forgot"}.get(
                step, "stay_known"
            )
            counts[name] += p
    return np.log(total), {name: value / total for name, value in counts.items()}


def log_of(histories_by_skill):
    """A log of histories, its students interleaved so that nothing comes sorted."""
    rows = [
        (t, f"s{number:03}", skill, symbol)
        for skill, histories in histories_by_skill.items()
        for number, history in enumerate(histories)
        for t, symbol in enumerate(history)
    ]
    rows.sort(key=lambda row: (row[0], row[2], row[1][::-1]))
    _, student, skill, symbol = zip(*rows, strict=True)
    correct = np.array([np.nan if s == EXPOSURE else s for s in symbol])
    return ResponseLog.from_frame(
        {"student": list(student), "skill": list(skill), "correct": correct},
        unanswered="exposure",
    )


def trie_of(log, layout="mixed"):
    sequences, alphabet = log.sequences, answers_only(entry_answers(log))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LAYOUTS[layout].items():
            patch.setattr(trie_module, name, value)
        return build_trie(sequences, alphabet, sequences.major, log.n_skills)


def terms_of(trie, pseudo=None):
    return Terms(room_of(trie), Limits.widest(trie.owner), pseudo)


def maximise(trie, counts, old, pseudo=None):
    return maximise_in(counts, old, *terms_of(trie, pseudo))


def climb(trie, start, **how):
    return climb_on(trie, start, terms_of(trie), **how)


histories = st.lists(
    st.lists(st.sampled_from([0, 1, 1, EXPOSURE]), min_size=1, max_size=6), min_size=1, max_size=8
)
skills = st.dictionaries(st.sampled_from("abc"), histories, min_size=1)
probability = st.floats(0.02, 0.98)


@st.composite
def parameter_sets(draw, forgetting):
    guess, slip = draw(st.floats(0.02, 0.48)), draw(st.floats(0.02, 0.48))
    forget = draw(probability) if forgetting else 0.0
    return draw(probability), draw(probability), forget, guess, slip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("forgetting", [False, True])
@settings(deadline=None, max_examples=trials(250))
@given(data=st.data())
def test_e_step_and_em_step_equal_enumeration(data, forgetting, layout):
    by_skill = data.draw(skills)
    log = log_of(by_skill)
    restarts = data.draw(st.lists(parameter_sets(forgetting), min_size=1, max_size=3))
    parameters = Parameters(*(np.repeat([[value]], log.n_skills, axis=1) for value in restarts[0]))
    if len(restarts) > 1:
        parameters = Parameters(
            *(
                np.repeat(np.array(field)[:, None], log.n_skills, axis=1)
                for field in zip(*restarts, strict=True)
            )
        )
    trie = trie_of(log, layout)
    found = expectations(trie, parameters)
    after = maximise(trie, found, parameters)

    for restart, values in enumerate(restarts):
        for code, label in enumerate(log.skill.labels):
            sums = [enumerate_paths(history, values) for history in by_skill[label]]
            assert found.log_likelihood[restart, code] == pytest.approx(
                sum(ll for ll, _ in sums), abs=1e-9
            )
            expected = {name: sum(counts[name] for _, counts in sums) for name in sums[0][1]}
            got = {name: getattr(found, name)[restart, code] for name in expected}
            # Without forgetting what stays known is not counted.
            assert got == pytest.approx(
                {**expected, "stay_known": expected["stay_known"] * forgetting}, abs=1e-9
            )
            wanted = expected["first_known"] / expected["first"]
            prior = after.prior[restart, code]
            assert prior == pytest.approx(np.clip(wanted, FLOOR, 1 - FLOOR), abs=1e-9)
            out_of_unknown = expected["learned"] + expected["stay_unknown"]
            if out_of_unknown > 0:
                wanted = np.clip(expected["learned"] / out_of_unknown, FLOOR, 1 - FLOOR)
                assert after.learn[restart, code] == pytest.approx(wanted, abs=1e-9)
            out_of_known = expected["forgot"] + expected["stay_known"]
            if forgetting and out_of_known > 0:
                wanted = np.clip(expected["forgot"] / out_of_known, FLOOR, 1 - FLOOR)
                assert after.forget[restart, code] == pytest.approx(wanted, abs=1e-9)
            if not forgetting:
                assert after.forget[restart, code] == 0
            guess, slip = after.guess[restart, code], after.slip[restart, code]
            assert guess + slip <= 1 - MARGIN + 1e-12
            answers = {
                s: expected[f"right_{s}"] + expected[f"wrong_{s}"] for s in ("unknown", "known")
            }
            if min(answers.values()) > 0:
                g = np.clip(expected["right_unknown"] / answers["unknown"], FLOOR, 1 - FLOOR)
                s = np.clip(expected["wrong_known"] / answers["known"], FLOOR, 1 - FLOOR)
                if g + s < 1 - MARGIN:
                    assert (guess, slip) == (pytest.approx(g, abs=1e-9), pytest.approx(s, abs=1e-9))


@settings(deadline=None, max_examples=trials(400))
@given(by_skill=skills, values=parameter_sets(True))
def test_filter_predicts_what_enumeration_predicts(by_skill, values):
    log = log_of(by_skill)
    sequences = log.sequences
    table = Parameters(*(np.array([0.5, value]) for value in values))
    ones = np.ones(len(sequences.starts), int)
    known = Beliefs.of(table.prior[ones])
    p_correct = filter_sequences(sequences, entry_answers(log), table, ones, known).p_correct
    for start, length in zip(sequences.starts, sequences.lengths, strict=True):
        rows = sequences.order[start : start + length]
        history = entry_answers(log)[rows].tolist()
        for t, row in enumerate(rows):
            before = enumerate_paths(history[:t], values)[0] if t else 0.0
            right = enumerate_paths([*history[:t], 1], values)[0]
            assert p_correct[row] == pytest.approx(np.exp(right - before), abs=1e-9)


@pytest.mark.parametrize("forgetting", [False, True])
@pytest.mark.parametrize("penalised", [False, True])
@settings(deadline=None, max_examples=trials(250))
@given(data=st.data())
def test_objective_never_falls(data, forgetting, penalised):
    log = log_of(data.draw(skills))
    trie = trie_of(log)
    n = log.n_skills
    current = Parameters(
        *(np.full((1, n), value) for value in data.draw(parameter_sets(forgetting)))
    )
    centre = Parameters(*(np.full(n, value) for value in (0.3, 0.2, 0.1, 0.2, 0.1)))
    pseudo = (
        Pseudocounts.centred(centre, Parameters(*(np.full(n, 5.0),) * 5)) if penalised else None
    )
    before = -np.inf
    for _ in range(30):
        counts = expectations(trie, current)
        objective = counts.log_likelihood[0]
        if pseudo is not None:
            free = current if forgetting else current._replace(forget=np.full((1, n), 0.5))
            objective = objective + pseudo.log_density(free, trie.owner, n)[0]
        assert np.all(objective >= before - 1e-9)
        before = objective
        current = maximise(trie, counts, current, pseudo)
        assert np.all(current.guess + current.slip < 1)


def test_numbers_that_underflow_in_a_stretch_are_found_all_the_same():
    # Each answer contradicts the one before, against odds of a hundred thousand to one.
    log = log_of({"a": [[0, 1] * 120, [1, 0, 0] * 60]})
    parameters = Parameters(*(np.full((2, 1), value) for value in (0.5, 1e-5, 1e-5, 1e-5, 1e-5)))
    expected = expectations(trie_of(log, "shared"), parameters)
    found = expectations(trie_of(log, "stretches"), parameters)
    for name in Expectations._fields:
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-12
        )


def test_trie_is_the_set_of_distinct_prefixes():
    log = log_of({"a": [[1, 0], [1, 0], [1, 1], [0]], "b": [[1, 0]]})
    trie = trie_of(log, "shared")
    weights = sorted(
        zip(trie.group.tolist(), trie.answer.tolist(), trie.weight.tolist(), strict=True)
    )
    assert weights == [(0, 0, 1.0), (0, 0, 2.0), (0, 1, 1.0), (0, 1, 3.0), (1, 0, 1.0), (1, 1, 1.0)]
    assert trie.end.sum() == 5


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_part_of_the_trie_gives_the_same_counts(layout):
    rng = np.random.default_rng(0)
    log = log_of({k: [rng.integers(0, 2, rng.integers(1, 9)) for _ in range(20)] for k in "abcd"})
    trie = trie_of(log, layout)
    parameters = Parameters(*(rng.uniform(0.05, 0.45, (2, 4)) for _ in range(5)))
    whole = expectations(trie, parameters)
    chosen = np.array([1, 3])
    part = expectations(trie.restrict(chosen), parameters.take(chosen))
    for name in Expectations._fields:
        np.testing.assert_allclose(
            getattr(part, name), getattr(whole, name)[:, chosen], rtol=0, atol=1e-12
        )


def test_an_impossible_history_is_named():
    trie = trie_of(log_of({"a": [[1, 1], [1, 0, 1]]}))
    certain = Parameters(*(np.full((1, 1), value) for value in (1.0, 0.2, 0.0, 0.3, 0.0)))
    with pytest.raises(ImpossibleHistoryError, match=r"\(right, wrong\) has probability 0"):
        expectations(trie, certain)


def test_climb_freezes_each_skill_where_it_rests():
    rng = np.random.default_rng(5)
    log = log_of({k: [rng.integers(0, 2, 5) for _ in range(30)] for k in "abcde"})
    trie = trie_of(log)
    start = Parameters(*(np.full(5, value) for value in (0.4, 0.15, 0.05, 0.2, 0.1)))
    together = climb(trie, start, max_iter=2000, tol=1e-5)
    assert together.converged.all()
    assert len(set(together.n_iter)) > 2
    for skill in range(5):
        one = np.array([skill])
        alone = climb(trie.restrict(one), start.take(one), max_iter=2000, tol=1e-5)
        assert alone.n_iter[0] == together.n_iter[skill]
        np.testing.assert_allclose(
            np.array(alone.parameters)[:, 0], np.array(together.parameters)[:, skill], atol=1e-12
        )


def test_longer_steps_reach_the_same_top_in_fewer_steps():
    trie = trie_of(ResponseLog.from_frame(answers(400, 7, seed=3, forget=0.1)))
    start = Parameters(*(np.full(3, value) for value in (0.4, 0.15, 0.05, 0.2, 0.1)))
    plain = climb(trie, start, max_iter=5000, tol=1e-9, accelerate=False)
    faster = climb(trie, start, max_iter=5000, tol=1e-9)
    assert plain.converged.all()
    assert faster.converged.all()
    assert np.all(faster.log_likelihood >= plain.log_likelihood - 1e-3)
    assert faster.n_iter.sum() < plain.n_iter.sum() / 2


@settings(deadline=None, max_examples=trials(200))
@given(data=st.data(), steps=st.integers(0, 12))
def test_where_a_climb_is_stopped_it_is_never_below_where_it_began(data, steps):
    log = log_of(data.draw(skills))
    start = Parameters(*(np.full(log.n_skills, value) for value in data.draw(parameter_sets(True))))
    trie = trie_of(log)
    ends = [climb(trie, start, max_iter=n, tol=0).log_likelihood for n in (steps, steps + 3)]
    first = expectations(trie, Parameters(*(field[None] for field in start))).log_likelihood[0]
    assert np.all(ends[0] >= first - 1e-9)
    assert np.all(ends[1] >= ends[0] - 1e-9)
