"""Coupled BKT against its equations, one response at a time; its gradient against differences."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pytest

from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.models import BKT
from adaptlearn.models.bkt.belief import Beliefs
from adaptlearn.models.bkt.individual import forward
from adaptlearn.models.bkt.individual.equations import (
    RULES,
    CoupledParameters,
    Dynamics,
    Weights,
    coefficients,
)
from adaptlearn.models.bkt.individual.filtering import filter_students
from adaptlearn.models.bkt.individual.forward import run
from adaptlearn.models.bkt.individual.gradient import gradient, log_likelihood
from adaptlearn.models.bkt.individual.layout import ChainVectors, CoupledLog, lay_out
from adaptlearn.models.bkt.individual.search import Penalties, Terms, fit
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.models.bkt.serve.beliefs import filter_sequences
from adaptlearn.numerics import group_pairs

N_ITEMS, N_SKILLS = 5, 3
CELLS = {"prior": 4, "learn": 5, "forget": 6, "guess": 7, "slip": 8}
UNWEIGHTED = Weights()


def tangled(seed, *, n=80, n_students=4, several=True, exposures=True, items=True, ordered=False):
    """A log in any order, of random cells; with several skills, entries in any order too."""
    rng = np.random.default_rng(seed)
    student = rng.integers(0, n_students, n)
    skills = [
        rng.permutation(N_SKILLS)[: rng.integers(1, N_SKILLS + 1) if several else 1]
        for _ in range(n)
    ]
    entry_rows = np.repeat(np.arange(n), [len(one) for one in skills])
    skill = np.concatenate(skills)
    if several:
        mixed = rng.permutation(len(skill))
        entry_rows, skill = entry_rows[mixed], skill[mixed]
    pair = student[entry_rows] * N_SKILLS + skill
    _, sequence = np.unique(pair, return_inverse=True)
    cells = {name: rng.integers(0, count, len(skill)) for name, count in CELLS.items()}
    cells["prior"] = cells["prior"][: sequence.max() + 1]
    return CoupledLog(
        student=student,
        order=None if ordered else rng.permutation(n),
        answer=rng.integers(0, 3 if exposures else 2, n).astype(np.int8),
        item=rng.integers(0, N_ITEMS + 1, n) if items else None,
        entry_rows=entry_rows if several else None,
        sequence=sequence,
        **cells,
    )


def random_parameters(seed, *, forgetting=True, n_items=N_ITEMS, weights=None):
    rng = np.random.default_rng([seed, 1])
    shift = {"prior": 0, "learn": -1, "forget": -1, "guess": 0, "slip": 0}
    values: dict[str, Any] = {
        name: rng.normal(shift[name], 0.8, count) for name, count in CELLS.items()
    }
    if not forgetting:
        values["forget"] = None
    return CoupledParameters(
        **values,
        item=rng.normal(size=n_items),
        weights=Weights(*rng.normal(0, 0.5, 6).tolist()) if weights is None else weights,
        dynamics=Dynamics(0.8, 0.1, 0.05, 0.7),
    )


def new_state(log):
    return StudentVectors.new(int(log.student.max()) + 1), ChainVectors.new(len(log.prior))


def s(x):
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def oracle(log, parameters, rule):
    """Predictions per row, their logs as the rule counts them, and the last states, in scalars."""
    a, b, f, c, q, d, w, constants = parameters
    n = len(log.student)
    order = range(n) if log.order is None else log.order
    entries: dict[int, list[int]] = {row: [] for row in range(n)}
    for entry, row in enumerate(range(n) if log.entry_rows is None else log.entry_rows):
        entries[int(row)].append(entry)
    theta: dict[int, float] = {}
    r: dict[int, float] = {}
    answers: dict[int, int] = {}
    q_known: dict[int, float] = {}
    last: dict[int, int] = {}
    predictions, known_before, counted = [0.0] * n, [0.0] * len(log.sequence), 0.0
    for row in order:
        who, y, mine = int(log.student[row]), int(log.answer[row]), entries[int(row)]
        ability, recent, count = theta.get(who, 0.0), r.get(who, 0.0), answers.get(who, 0)
        ease = w.answer * ability + w.residual * recent
        if log.item is not None and log.item[row] < len(d):
            ease += d[log.item[row]]
        known = []
        for e in mine:
            chain = int(log.sequence[e])
            if chain not in last:
                p = s(a[log.prior[chain]] + w.prior * ability)
            else:
                lag = math.log(max(count - last[chain], 1))
                t = s(b[log.learn[e]] + w.learn * ability + w.learn_lag * lag)
                gone = 0.0 if f is None else s(f[log.forget[e]] + w.forget_lag * lag)
                p = q_known[chain] * (1 - gone) + (1 - q_known[chain]) * t
            known.append(p)
            known_before[e] = p
            last[chain] = count
        logits = [c[log.guess[e]] + ease for e in mine]
        lifts = [math.exp(q[log.slip[e]]) for e in mine]
        answer = apart if rule in ("full", "shared") else together
        ps, after = answer(known, logits, lifts, y, rule)
        predictions[row] = sum(ps) / len(ps)
        for e, p, new in zip(mine, known, after, strict=True):
            q_known[int(log.sequence[e])] = p if y == 2 else new
        if y < 2:
            counted += sum(math.log(p if y == 1 else 1 - p) for p in ps)
            missed = y - predictions[row]
            step = constants.alpha / (1 + constants.beta * count) + constants.gamma
            theta[who] = ability + step * missed
            r[who] = constants.rho * recent + (1 - constants.rho) * missed
            answers[who] = count + 1
    return predictions, known_before, counted, (theta, r, answers, q_known, last)


def apart(known, logits, lifts, y, rule):
    """P(correct) and the belief after the answer, of each skill by itself."""
    ps, after = [], []
    for p, logit, lift in zip(known, logits, lifts, strict=True):
        guess, right = s(logit), s(logit + lift)
        ps.append(p * right + (1 - p) * guess)
        by_known, by_unknown = (right, guess) if y == 1 else (1 - right, 1 - guess)
        power = 1 if rule == "full" else 1 / len(known)
        one, other = p * by_known**power, (1 - p) * by_unknown**power
        after.append(one / (one + other))
    return ps, after


def together(known, logits, lifts, y, rule):
    """P(correct), and the beliefs after the answer, over all combinations of known skills."""
    m = len(known)
    guess, right = s(sum(logits) / m), s(sum(logits) / m + sum(lifts) / m)
    prediction, total, after = 0.0, 0.0, [0.0] * m
    for combination in range(2**m):
        have = [combination >> j & 1 for j in range(m)]
        weight = math.prod(p if h else 1 - p for p, h in zip(known, have, strict=True))
        correct = right if (all(have) if rule == "conjunctive" else any(have)) else guess
        prediction += weight * correct
        joint = weight * (correct if y == 1 else 1 - correct)
        total += joint
        after = [x + joint * h for x, h in zip(after, have, strict=True)]
    return [prediction], [x / total for x in after]


def evaluate(log, parameters, rule):
    students, chains = new_state(log)
    layout = lay_out(log, len(students.ability), chains, students.answers, len(parameters.prior))
    local = coefficients(layout, parameters, rule)
    path = run(layout, local, students, chains)
    value = log_likelihood(layout, path, rule)
    return value, gradient(layout, local, path)


@pytest.fixture(params=["levels", "alone"])
def way(request, monkeypatch):
    """All students at once, response by response; or each alone, in plain numbers."""
    monkeypatch.setattr(forward, "FEW", 0 if request.param == "levels" else 10**6)
    return request.param


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("several", [False, True])
def test_a_tangled_log_by_hand(rule, seed, several):
    log = tangled(seed, several=several)
    parameters = random_parameters(seed)
    predictions, known, counted, (theta, r, answers, q_known, last) = oracle(log, parameters, rule)
    found = filter_students(log, parameters, *new_state(log), rule=rule)
    np.testing.assert_allclose(found.p_correct, predictions, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.p_known, known, rtol=0, atol=1e-12)
    assert evaluate(log, parameters, rule)[0] == pytest.approx(counted, abs=1e-10)
    for vector, values in zip(found.students, (theta, r, answers), strict=True):
        np.testing.assert_allclose(vector, [values.get(k, 0) for k in range(4)], atol=1e-12)
    q_unknown = {chain: 1 - known for chain, known in q_known.items()}
    for vector, values in zip(found.chains, (q_known, q_unknown, last), strict=True):
        np.testing.assert_allclose(vector, [values[k] for k in range(len(vector))], atol=1e-12)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "options",
    [{"forgetting": False}, {"n_items": 0}, {"weights": UNWEIGHTED}],
    ids=["no forgetting", "no items", "no weights"],
)
def test_each_term_can_be_left_out(rule, options):
    log, parameters = tangled(7), random_parameters(7, **options)
    found = filter_students(log, parameters, *new_state(log), rule=rule)
    np.testing.assert_allclose(
        found.p_correct, oracle(log, parameters, rule)[0], rtol=0, atol=1e-12
    )


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", ["conjunctive", "compensatory"])
@pytest.mark.parametrize("prior", [40.0, -800.0])  # P(known) rounds to exactly 1, to exactly 0
def test_with_certain_beliefs_the_joint_rules_stay_exact(rule, prior):
    log = tangled(3)
    parameters = random_parameters(3, forgetting=False)
    parameters.prior[:] = prior
    found = filter_students(log, parameters, *new_state(log), rule=rule)
    np.testing.assert_allclose(found.p_correct, oracle(log, parameters, rule)[0], atol=1e-12)
    slope = evaluate(log, parameters, rule)[1]
    assert np.isfinite(flat(slope)).all()


def test_without_the_terms_it_is_plain_bkt():
    log = tangled(5, several=False, items=False, ordered=True)
    rng = np.random.default_rng(5)
    skill = rng.integers(0, N_SKILLS, len(log.student))
    sequences = group_pairs(skill, N_SKILLS, log.student, 4)
    sequence = np.empty(len(skill), np.int64)
    sequence[sequences.order] = np.repeat(np.arange(len(sequences.starts)), sequences.lengths)
    log = log._replace(sequence=sequence, prior=sequences.major)
    log = log._replace(learn=skill, forget=skill, guess=skill, slip=skill)
    prior, learn, forget, guess, lift = rng.normal(size=(5, N_SKILLS))
    parameters = CoupledParameters(
        prior, learn, forget, guess, lift, np.zeros(0), UNWEIGHTED, Dynamics()
    )
    found = filter_students(log, parameters, *new_state(log))

    logits = np.stack((prior, learn, forget, guess, -(guess + np.exp(lift))))
    plain = Parameters(*(1 / (1 + np.exp(-logits))))
    before = Beliefs.of(plain.prior[sequences.major])
    expected = filter_sequences(sequences, log.answer, plain, sequences.major, before)
    np.testing.assert_allclose(found.p_correct, expected.p_correct, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        found.chains.beliefs.p_known, expected.beliefs.p_known, rtol=0, atol=1e-12
    )


def flat(parameters):
    return np.concatenate([np.ravel(part) for part in parameters if part is not None])


def unflat(like, vector):
    parts: list[Any] = []
    at = 0
    for part in like:
        if part is None:
            parts.append(None)
            continue
        piece = vector[at : at + np.size(np.ravel(part))]
        at += len(piece)
        parts.append(type(part)(*piece) if isinstance(part, tuple) else piece)
    return CoupledParameters(*parts)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("several", "options"),
    [
        (False, {}),
        (True, {}),
        (True, {"forgetting": False}),
        (True, {"n_items": 0}),
        (True, {"weights": UNWEIGHTED}),
        (True, {"weights": Weights(0.4, 0.3, 0.5)}),
        (True, {"weights": Weights(residual=0.8)}),
        (True, {"weights": Weights(learn_lag=0.3, forget_lag=-0.3)}),
    ],
    ids=["single", "all", "no forgetting", "no items", "none", "ability", "recency", "lag"],
)
def test_the_gradient_is_that_of_finite_differences(rule, several, options):
    log, parameters = tangled(11, several=several), random_parameters(11, **options)
    point, step = flat(parameters), 1e-5
    expected = [
        (
            evaluate(log, unflat(parameters, point + step * one), rule)[0]
            - evaluate(log, unflat(parameters, point - step * one), rule)[0]
        )
        / (2 * step)
        for one in np.eye(len(point))
    ]
    np.testing.assert_allclose(flat(evaluate(log, parameters, rule)[1]), expected, atol=1e-7)


def test_a_probability_below_nothing_is_unlikely_and_no_warning():
    log, parameters = tangled(3, several=False), random_parameters(3)
    students, chains = new_state(log)
    layout = lay_out(log, len(students.ability), chains, students.answers, len(parameters.prior))
    path = run(layout, coefficients(layout, parameters, "full"), students, chains)
    below = path._replace(scale=np.full_like(path.scale, -1e-12))
    assert -1e6 < log_likelihood(layout, below, "full") < log_likelihood(layout, path, "full") - 1e3


def part(log, keep):
    """Some rows of a log, chains and students numbered as in the whole."""
    entries = keep if log.entry_rows is None else keep[log.entry_rows]
    number = np.cumsum(keep) - 1
    own = {
        name: getattr(log, name)[entries]
        for name in ("sequence", "learn", "forget", "guess", "slip")
    }
    return CoupledLog(
        student=log.student[keep],
        order=None if log.order is None else number[log.order[keep[log.order]]],
        answer=log.answer[keep],
        item=None if log.item is None else log.item[keep],
        entry_rows=None if log.entry_rows is None else number[log.entry_rows[entries]],
        prior=log.prior,
        **own,
    )


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
def test_going_on_from_a_live_state_equals_one_pass(rule):
    log, parameters = tangled(13), random_parameters(13)
    whole = filter_students(log, parameters, *new_state(log), rule=rule)
    place = np.empty(len(log.student), np.int64)
    place[log.order] = np.arange(len(place))
    for cut in (0, 1, 17, 40, 79, 80):
        early = place < cut
        students, chains = new_state(log)
        kept = [np.array(vector) for vector in (*students, *chains)]
        first = filter_students(part(log, early), parameters, students, chains, rule=rule)
        for vector, old in zip((*students, *chains), kept, strict=True):
            np.testing.assert_array_equal(vector, old)  # the state given is not changed
        second = filter_students(
            part(log, ~early), parameters, first.students, first.chains, rule=rule
        )
        joined = np.empty(len(place))
        joined[early], joined[~early] = first.p_correct, second.p_correct
        np.testing.assert_allclose(joined, whole.p_correct, rtol=0, atol=1e-12)
        for mine, its in zip(
            (*second.students, *second.chains), (*whole.students, *whole.chains), strict=True
        ):
            np.testing.assert_allclose(mine, its, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_other_students_do_not_matter(rule):
    log, parameters = tangled(17, n_students=6), random_parameters(17)
    whole = filter_students(log, parameters, *new_state(log), rule=rule)
    keep = np.isin(log.student, (1, 4))
    students, chains = new_state(log)
    alone = filter_students(part(log, keep), parameters, students, chains, rule=rule)
    np.testing.assert_allclose(alone.p_correct, whole.p_correct[keep], rtol=0, atol=1e-13)
    # Another order of all students' rows, each student's own kept.
    again = np.argsort(log.student[log.order], kind="stable")
    moved = filter_students(
        log._replace(order=log.order[again]), parameters, *new_state(log), rule=rule
    )
    np.testing.assert_array_equal(moved.p_correct, whole.p_correct)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", RULES)
def test_a_rows_own_answer_does_not_reach_its_prediction(rule):
    log, parameters = tangled(19, exposures=False), random_parameters(19)
    whole = filter_students(log, parameters, *new_state(log), rule=rule)
    for row in (3, 40, 71):
        answer = log.answer.copy()
        answer[row] = 1 - answer[row]
        flipped = filter_students(
            log._replace(answer=answer), parameters, *new_state(log), rule=rule
        )
        assert flipped.p_correct[row] == pytest.approx(whole.p_correct[row], abs=1e-12)
        assert not np.allclose(flipped.p_correct, whole.p_correct)


def test_a_belief_left_in_a_chain_that_never_began_is_not_read():
    log, parameters = tangled(23), random_parameters(23)
    students, chains = new_state(log)
    whole = filter_students(log, parameters, students, chains)
    chains.known[:] = 0.7
    again = filter_students(log, parameters, students, chains)
    np.testing.assert_array_equal(again.p_correct, whole.p_correct)


def test_a_row_without_a_skill_is_refused():
    log = tangled(29)
    log = part(log, np.ones(len(log.student), bool))
    rows = np.where(log.entry_rows == 5, 6, log.entry_rows)
    with pytest.raises(ValueError, match="row 5 has no entry"):
        filter_students(log._replace(entry_rows=rows), random_parameters(29), *new_state(log))


@pytest.mark.parametrize("rule", RULES)
def test_an_empty_log_changes_nothing(rule):
    log = tangled(31)
    students, chains = new_state(log)
    empty = part(log, np.zeros(len(log.student), bool))
    found = filter_students(empty, random_parameters(31), students, chains, rule=rule)
    assert len(found.p_correct) == 0
    np.testing.assert_array_equal(found.chains.last, -1)


# Fitting


def answered_log(seed, *, n_students=150, n=40, n_items=12):
    """Answers drawn from the model itself: skills, classes of guessing, items, abilities."""
    rng = np.random.default_rng(seed)
    student = np.repeat(np.arange(n_students), n)
    skill = rng.integers(0, N_SKILLS, len(student))
    pair = student * N_SKILLS + skill
    pairs, sequence = np.unique(pair, return_inverse=True)
    some_class = N_SKILLS + 1 + skill  # a class of each skill
    guess = np.where(rng.random(len(skill)) < 0.5, skill, some_class)
    item = rng.integers(0, n_items, len(student))
    log = CoupledLog(
        student=student,
        order=None,
        answer=np.zeros(len(student), np.int8),
        item=item,
        entry_rows=None,
        sequence=sequence,
        prior=pairs % N_SKILLS,
        learn=skill,
        forget=skill,
        guess=guess,
        slip=skill,
    )
    ease = rng.normal(size=n_items)[item] + rng.normal(size=n_students)[student]
    known = np.zeros(len(pairs), bool)
    for row in range(len(student)):
        known[sequence[row]] |= rng.random() < 0.15
        logit = -1.2 + 2.2 * known[sequence[row]] + ease[row] + 1.5 * (guess[row] > N_SKILLS)
        log.answer[row] = rng.random() < s(logit)
    none = np.zeros(0, np.int64)
    return log, Cells(none, none, none, np.arange(N_SKILLS), none)


def objective(log, parameters, parents, penalties, rule="full"):
    """The penalised log-likelihood, from the parameters as they are documented."""
    total = evaluate(log, parameters, rule)[0]
    trace = list(parameters.weights)
    for name in ("prior", "learn", "forget", "guess", "slip"):
        cells, strength = getattr(parameters, name), getattr(penalties, name)
        if cells is None:
            continue
        total -= strength * np.square(cells[:N_SKILLS] - cells[N_SKILLS]).sum()
        classes = cells[N_SKILLS + 1 :] - cells[getattr(parents, name)]
        total -= strength * np.square(classes).sum()
        trace.append(cells[N_SKILLS])
    total -= 0.001 * np.square(trace).sum()
    here, default = parameters.dynamics, Dynamics()
    total -= math.log(here.beta / default.beta) ** 2 + math.log(here.gamma / default.gamma) ** 2
    odds, default_odds = here.rho / (1 - here.rho), default.rho / (1 - default.rho)
    total -= math.log(odds / default_odds) ** 2
    return total - penalties.item * np.square(parameters.item).sum()


@pytest.fixture(scope="module")
def fitted():
    log, parents = answered_log(1)
    return log, parents, fit(log, parents, N_SKILLS, 12, tol=1e-10, max_iter=2000)


def test_a_fit_is_a_maximum_of_its_objective(fitted):
    log, parents, found = fitted
    assert found.converged
    best = objective(log, found.parameters, parents, Penalties())
    assert found.objective == pytest.approx(best, abs=1e-6)
    assert found.log_likelihood == pytest.approx(
        evaluate(log, found.parameters, "full")[0], abs=1e-8
    )
    rng = np.random.default_rng(0)
    point = flat(found.parameters)[:-4]
    for _ in range(40):
        moved = point + rng.normal(0, 0.02, len(point))
        near = unflat(found.parameters, np.append(moved, found.parameters.dynamics))
        assert objective(log, near, parents, Penalties()) < best


def test_what_was_never_seen_has_what_is_common(fitted):
    parameters = fitted[2].parameters
    for name in ("prior", "learn", "forget", "guess", "slip"):
        cells = getattr(parameters, name)
        # Free, the common value is the mean; the trace of penalty on it is felt a little.
        assert cells[N_SKILLS] == pytest.approx(cells[:N_SKILLS].mean(), abs=0.02)


def test_a_fit_finds_what_made_the_answers(fitted):
    log, _, found = fitted
    parameters = found.parameters
    easier = parameters.guess[N_SKILLS + 1 :] - parameters.guess[:N_SKILLS]
    assert (easier > 0.7).all()  # 1.5, shrunk
    assert parameters.weights.answer > 0.1
    right = np.bincount(log.item, log.answer) / np.bincount(log.item)
    assert np.corrcoef(right, parameters.item)[0, 1] > 0.95


@pytest.mark.parametrize("rule", RULES)
def test_terms_left_out_are_not_fitted(rule):
    log = tangled(37, n=300)
    log = log._replace(prior=log.prior % 3, learn=log.learn % 3, forget=log.forget % 3)
    log = log._replace(guess=log.guess % 3, slip=log.slip % 3)
    none = Cells.same(np.zeros(0, np.int64))
    bare = Terms(ability=False, recency=False, lag=False, forgetting=False)
    small = fit(log, none, N_SKILLS, terms=bare, rule=rule).parameters
    assert small.forget is None
    assert small.weights == Weights()
    assert len(small.item) == 0
    fixed = fit(log, none, N_SKILLS, N_ITEMS, dynamics=Dynamics(0.5, 0.3, 0.1, 0.6), rule=rule)
    assert fixed.parameters.dynamics == Dynamics(0.5, 0.3, 0.1, 0.6)
    assert fixed.objective > fit(log, none, N_SKILLS, terms=bare, rule=rule).objective


@pytest.mark.parametrize("answer", [0, 1, 2])
def test_answers_all_alike_leave_it_finite(answer):
    log = tangled(41, several=False)
    log = log._replace(answer=np.full_like(log.answer, answer), prior=log.prior % 3)
    log = log._replace(**{name: getattr(log, name) % 3 for name in ("learn", "forget", "slip")})
    log = log._replace(guess=log.guess % 3)
    found = fit(log, Cells.same(np.zeros(0, np.int64)), N_SKILLS, N_ITEMS)
    assert np.isfinite(flat(found.parameters)).all()
    assert np.isfinite(found.objective)


def test_steps_are_told_and_bounded(fitted):
    log, parents, _ = fitted
    steps: list[int] = []
    found = fit(log, parents, N_SKILLS, 12, max_iter=3, on_step=steps.append)
    assert steps == [1, 2, 3]
    assert found.n_iter == 3
    assert not found.converged


def test_parameters_are_plain_enough_for_json(fitted):
    parameters = fitted[2].parameters
    text = json.dumps(
        {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in parameters._asdict().items()
        }
    )
    read = json.loads(text)
    assert read["weights"] == list(parameters.weights)
    np.testing.assert_array_equal(read["guess"], parameters.guess)


@pytest.mark.parametrize("seed", range(3))
def test_one_student_may_be_all_there_is(seed):
    # The search tries points so far out that their logits are no floats.
    rng = np.random.default_rng(seed)
    log = {
        "student": np.zeros(300, int),
        "skill": rng.integers(0, 3, 300),
        "correct": (rng.random(300) < 0.6).astype(int),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", AdaptLearnWarning)
        model = BKT(ability=True, max_iter=15).fit(log)
    p = model.predict_proba(log)
    assert np.isfinite(p).all()
    rate = np.mean(log["correct"])
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert -model.score(log) < entropy + 0.01
