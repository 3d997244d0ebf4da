"""Individualised BKT on long histories: alone as in levels, and beliefs too small for a number."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from sklearn.base import clone
from tests.models.test_coupled import (
    CELLS,
    N_ITEMS,
    N_SKILLS,
    evaluate,
    flat,
    new_state,
    part,
    random_parameters,
    tangled,
    unflat,
)

from adaptlearn import MasteryTracker
from adaptlearn.models import BKT
from adaptlearn.models.bkt.individual import alone, exponential, forward, newton, search
from adaptlearn.models.bkt.individual.descent import minimise
from adaptlearn.models.bkt.individual.equations import (
    RULES,
    CoupledParameters,
    Dynamics,
    Weights,
    coefficients,
    joins,
)
from adaptlearn.models.bkt.individual.filtering import filter_students
from adaptlearn.models.bkt.individual.forward import run
from adaptlearn.models.bkt.individual.gradient import effects_of, log_likelihood
from adaptlearn.models.bkt.individual.layout import CoupledLog, dot, lay_out
from adaptlearn.models.bkt.individual.links import Links
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.sequential import triangular
from adaptlearn.numerics import bounds_of

WAYS = {"levels": 0, "usual": forward.FEW, "alone": 10**6}
"""Students left below which each is followed alone."""


def uneven(seed, *, several):
    """Forty short histories, and a long one that is right nine hundred times."""
    rng = np.random.default_rng(seed)
    log = tangled(seed, n=1600, n_students=40, several=several)
    student = np.where(np.arange(1600) < 1000, 40, log.student)
    rows = np.arange(1600) if log.entry_rows is None else log.entry_rows
    # Skills of a row differ.
    by_row, sizes = np.argsort(rows, kind="stable"), np.bincount(rows)
    skill = np.empty(len(rows), np.int64)
    skill[by_row] = np.arange(len(rows)) - np.repeat(bounds_of(sizes)[:-1], sizes)
    skill = (skill + rng.integers(0, N_SKILLS, 1600)[rows]) % N_SKILLS
    _, sequence = np.unique(student[rows] * N_SKILLS + skill, return_inverse=True)
    answer = np.where(np.arange(1600) < 900, 1, log.answer).astype(np.int8)
    prior = rng.integers(0, CELLS["prior"], sequence.max() + 1)
    return log._replace(student=student, order=None, answer=answer, sequence=sequence, prior=prior)


@pytest.mark.parametrize("forgetting", [False, True])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_a_history_alone_is_what_it_is_level_by_level(rule, several, forgetting, monkeypatch):
    log, parameters = uneven(43, several=several), random_parameters(43, forgetting=forgetting)
    found = {}
    for way, narrow in WAYS.items():
        monkeypatch.setattr(forward, "FEW", narrow)
        passed = filter_students(log, parameters, *new_state(log), rule=rule)
        slope = flat(evaluate(log, parameters, rule)[1])
        found[way] = [passed.p_correct, *passed.students, *passed.chains, slope]
    *expected, slope = found["levels"]
    for way in ("usual", "alone"):
        *own, own_slope = found[way]
        for mine, its in zip(own, expected, strict=True):
            if several:  # sums over skills may be rounded in another order
                np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-12)
            else:
                np.testing.assert_array_equal(mine, its)
        np.testing.assert_allclose(own_slope, slope, rtol=1e-7, atol=1e-8)


class Exact:
    """The equations along one history on one skill, in decimals of sixty digits."""

    def __init__(self, history, parameters):
        w, constants, one = parameters.weights, parameters.dynamics, Decimal(1)

        def s(x):
            return one / (one + (-x).exp())

        with localcontext() as context:
            context.prec = 60
            a, b, c, q = (
                Decimal(float(getattr(parameters, name)[0]))
                for name in ("prior", "learn", "guess", "slip")
            )
            theta, unknown, known = Decimal(0), one, Decimal(0)
            self.p_correct = []
            for n, y in enumerate(history):
                t = s(b + Decimal(w.learn) * theta) if n else s(a + Decimal(w.prior) * theta)
                known, unknown = known + unknown * t, unknown * (one - t)
                logit = c + Decimal(w.answer) * theta
                guess, right = s(logit), s(logit + q.exp())
                p = known * right + unknown * guess
                self.p_correct.append(float(p))
                known *= right if y else one - right
                unknown *= guess if y else one - guess
                known, unknown = known / (known + unknown), unknown / (known + unknown)
                step = Decimal(constants.alpha) / (1 + Decimal(constants.beta) * n)
                theta += (step + Decimal(constants.gamma)) * (y - p)
            self.p_known, self.log_unknown = float(known), float(unknown.ln())


def runs(*lengths):
    """Answers in runs of equal ones: so many right, so many wrong, …"""
    return [(1 + k) % 2 for k, n in enumerate(lengths) for _ in range(n)]


HISTORIES = [runs(40, 10), runs(900, 500), runs(400, 30, 600, 700), runs(1500)]
SURE = CoupledParameters(
    prior=np.array([0.2]),
    learn=np.array([-2.0]),
    forget=None,
    guess=np.array([-2.0]),
    slip=np.array([1.4]),
    item=np.zeros(0),
    weights=Weights(prior=0.3, learn=0.1, answer=0.02),
    dynamics=Dynamics(),
)


def log_of(histories):
    """Each history is a student's, on one skill."""
    lengths = [len(history) for history in histories]
    student, zero = np.repeat(np.arange(len(lengths)), lengths), np.zeros(sum(lengths), np.int64)
    same = dict.fromkeys(("learn", "forget", "guess", "slip"), zero)
    return CoupledLog(
        student=student,
        order=None,
        answer=np.concatenate(histories).astype(np.int8),
        item=None,
        entry_rows=None,
        sequence=student,
        prior=zero[: len(lengths)],
        **same,
    )


def frame_of(histories):
    """The same as columns."""
    return {
        "student": np.repeat(np.arange(len(histories)), [len(h) for h in histories]),
        "skill": ["a"] * sum(map(len, histories)),
        "correct": np.concatenate(histories),
    }


@pytest.fixture(scope="module")
def exact():
    return [Exact(history, SURE) for history in HISTORIES]


@pytest.mark.parametrize("way", ["levels", "alone"])
def test_not_knowing_comes_back_after_a_long_run_of_right_answers(way, exact, monkeypatch):
    monkeypatch.setattr(forward, "FEW", WAYS[way])
    log = log_of(HISTORIES)
    found = filter_students(log, SURE, *new_state(log))
    wanted = np.concatenate([one.p_correct for one in exact])
    np.testing.assert_allclose(found.p_correct, wanted, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.chains.known, [one.p_known for one in exact], atol=1e-10)
    unknown = found.chains.unknown
    logs = np.where(unknown < 0, unknown, np.log(np.maximum(unknown, 1e-300)))
    np.testing.assert_allclose(logs, [one.log_unknown for one in exact], rtol=1e-9, atol=1e-9)
    assert unknown[-1] < -1000


@pytest.mark.parametrize("cut", [39, 880, 1100])
def test_from_a_belief_held_by_its_logarithm_it_goes_on_the_same(cut):
    log = log_of(HISTORIES)
    whole = filter_students(log, SURE, *new_state(log))
    place = np.concatenate([np.arange(len(history)) for history in HISTORIES])
    first = filter_students(part(log, place < cut), SURE, *new_state(log))
    second = filter_students(part(log, place >= cut), SURE, first.students, first.chains)
    np.testing.assert_array_equal(first.p_correct, whole.p_correct[place < cut])
    np.testing.assert_array_equal(second.p_correct, whole.p_correct[place >= cut])
    for mine, its in zip(second.chains[:2], whole.chains[:2], strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("forgetting", [False, True])
def test_the_gradient_of_long_runs_is_that_of_finite_differences(forgetting):
    parameters = SURE._replace(forget=np.array([-6.0])) if forgetting else SURE
    log, point, step = log_of(HISTORIES[:3]), flat(parameters), 1e-5
    expected = [
        (
            evaluate(log, unflat(parameters, point + step * one), "full")[0]
            - evaluate(log, unflat(parameters, point - step * one), "full")[0]
        )
        / (2 * step)
        for one in np.eye(len(point))
    ]
    found = flat(evaluate(log, parameters, "full")[1])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_skills_that_are_known_for_long_are_fitted():
    # With P(known) alone there is no way back from where it rounds to 1: no number is found.
    log = frame_of([runs(300, 40, 200, 60)] * 4 + [runs(4, 3, 6, 2)] * 30)
    model = BKT(ability=True).fit(log)
    assert model.converged_.all()
    assert np.isfinite(model.log_likelihood_).all()


@pytest.fixture(scope="module")
def fitted():
    return BKT(ability=True).fit(frame_of([runs(30, 2, 4), runs(1, 5, 20, 1)] * 20))


def test_a_live_state_of_sure_students_is_saved_and_goes_on(fitted, tmp_path):
    log = frame_of([runs(2500, 25)])
    whole, halves = MasteryTracker(fitted), MasteryTracker(fitted)
    whole.update(log)
    halves.update({name: column[:2000] for name, column in log.items()})
    assert halves._state.to_arrays()["p_unknown"][0] < -700
    halves.save(tmp_path / "tracker.npz")
    halves = MasteryTracker.load(tmp_path / "tracker.npz", fitted)
    halves.update({name: column[2000:] for name, column in log.items()})
    for when in ("after_response", "next_opportunity"):
        found = halves.mastery(when=when).value
        np.testing.assert_array_equal(found, whole.mastery(when=when).value)
        assert 0 < found[0, 0] <= 1
    p = fitted.predict_proba(log)[:, 1]
    assert np.all((p > 0) & (p < 1))


def test_a_state_saved_without_p_not_known_is_read(fitted):
    tracker = MasteryTracker(fitted)
    tracker.update(frame_of([runs(3, 2), runs(1, 4)]))
    state = tracker._state
    arrays = state.to_arrays()
    names = {"skills": ["a"], "items": [], "clock": state.clock}
    old = {name: values for name, values in arrays.items() if name != "p_unknown"}
    again = BKTState(state.model, ["a"], 0)
    again.restore(state.n_students, names, old)
    np.testing.assert_allclose(again.to_arrays()["p_unknown"], arrays["p_unknown"], atol=1e-15)
    with pytest.raises(ValueError, match="do not sum to 1"):
        BKTState(state.model, ["a"], 0).restore(
            state.n_students, names, {**arrays, "p_known": arrays["p_known"] * 0.5}
        )


# Descent


def valley(x):
    """Rosenbrock's, which is no number where x[0] > 3."""
    if x[0] > 3:
        return 1e100, np.zeros(2)
    a, b = 1 - x[0], x[1] - x[0] ** 2
    return float(a * a + 100 * b * b), np.array([-2 * a - 400 * b * x[0], 200 * b])


def test_a_descent_follows_a_bent_valley():
    told: list[int] = []
    start = np.array([-1.2, 1.0])
    found = minimise(valley, start, max_iter=200, tol=1e-12, on_step=told.append)
    assert found.converged
    np.testing.assert_allclose(found.point, 1, atol=1e-4)
    assert told == list(range(1, found.n_iter + 1))
    assert found.n_iter < 80
    assert found.value == valley(found.point)[0]
    short = minimise(valley, start, max_iter=5, tol=1e-12)
    assert (short.n_iter, short.converged) == (5, False)
    assert short.value < valley(start)[0]


def test_a_descent_that_finds_no_way_down_says_so():
    start = np.array([1.0, 2.0])
    uphill = minimise(lambda x: (float((x**2).sum()), -2 * x), start, max_iter=9, tol=1e-9)
    assert not uphill.converged
    np.testing.assert_array_equal(uphill.point, start)
    at_rest = minimise(valley, np.array([1.0, 1.0]), max_iter=9, tol=1e-9)
    assert (at_rest.n_iter, at_rest.converged) == (0, True)


# All responses at once


def moved(parameters, by, seed=0):
    """Parameters near some."""
    rng = np.random.default_rng(seed)
    return unflat(parameters, flat(parameters) + rng.normal(0, by, len(flat(parameters))))


def passed_and_near(log, near, parameters, rule="full"):
    """The path of parameters, response by response, and all at once from that of others."""
    students, chains = new_state(log)
    layout = lay_out(log, len(students.ability), chains, students.answers, len(near.prior))
    links = Links.of(layout, len(chains.last), joined=joins(rule))
    local = coefficients(layout, parameters, rule)
    start = run(layout, coefficients(layout, near, rule), students, chains)
    expected = run(layout, local, students, chains)
    far = run(layout, coefficients(layout, moved(near, 0.1), rule), students, chains)
    newton.path_near(layout, coefficients(layout, near, rule), links, far)  # leaves its slopes
    found = newton.path_near(layout, local, links, start)
    return expected, None if found is None else found.path


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_what_a_path_leaves_open_mends_its_log_likelihood(rule, several):
    log, parameters = uneven(43, several=several), random_parameters(43)
    students, chains = new_state(log)
    layout = lay_out(log, len(students.ability), chains, students.answers, len(parameters.prior))
    links = Links.of(layout, len(chains.last), joined=joins(rule))
    local = coefficients(layout, parameters, rule)
    exact = log_likelihood(layout, run(layout, local, students, chains), rule)
    near = coefficients(layout, moved(parameters, 0.02), rule)
    start = run(layout, near, students, chains)
    found = newton.path_near(layout, local, links, start, still=0.03)
    assert found is not None
    path, left = found
    off = log_likelihood(layout, path, rule) - exact
    adjoint = effects_of(layout, local, path, links).adjoint
    mended = off + sum(dot(adjoint[places], moves) for places, moves in left)
    assert abs(off) > 1e-4
    assert abs(mended) < 0.02 * abs(off)


@pytest.mark.parametrize("forgetting", [False, True])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_a_path_found_at_once_is_that_of_one_response_after_the_other(rule, several, forgetting):
    log, parameters = uneven(43, several=several), random_parameters(43, forgetting=forgetting)
    expected, found = passed_and_near(log, moved(parameters, 0.05), parameters, rule)
    if found is None:
        # Beliefs too small for a number are joined one by one only.
        assert several
        assert joins(rule)
        assert not forgetting
        return
    for mine, its in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("forgetting", [False, True])
def test_a_path_of_sure_students_is_found_at_once(forgetting):
    parameters = SURE._replace(forget=np.array([-6.0])) if forgetting else SURE
    expected, found = passed_and_near(log_of(HISTORIES), moved(parameters, 0.05), parameters)
    assert found is not None
    assert (found.posterior < 0).any() != forgetting  # held by their logarithms
    for mine, its in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-9)


def test_a_path_that_is_too_far_is_not_found_at_once():
    with np.errstate(over="ignore"):
        expected, found = passed_and_near(log_of(HISTORIES), moved(SURE, 3.0), SURE)
    assert np.isfinite(expected.scale).all()
    assert found is None


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.ConvergenceWarning")
def test_a_fit_to_one_student_follows_responses_one_by_one_but_seldom(monkeypatch):
    rng = np.random.default_rng(0)
    n = 2000
    log = {
        "student": np.zeros(n, int),
        "skill": rng.integers(0, 4, n),
        "correct": (rng.random(n) < 0.5 + 0.2 * np.sin(np.arange(n) / 40)).astype(int),
    }
    calls: list[int] = []
    follow = alone.follow_in_range

    def counted(layout, local, rows, *rest, **named):
        calls.append(len(rows))
        return follow(layout, local, rows, *rest, **named)

    monkeypatch.setattr(forward, "follow_in_range", counted)
    model = BKT(ability=True, forgetting=True, max_iter=15)
    at_once = clone(model).fit(log).log_likelihood_
    assert sum(calls) <= 3 * n  # from no path at all, and from one that is too far
    monkeypatch.setattr(search, "pays", lambda layout: False)
    np.testing.assert_allclose(at_once, clone(model).fit(log).log_likelihood_, rtol=1e-4)
    assert sum(calls) > 15 * n


@pytest.mark.parametrize("several", [False, True])
def test_the_gradient_does_without_what_scipy_does_not_promise(several, monkeypatch):
    log, parameters = tangled(47, several=several), random_parameters(47)
    found = flat(evaluate(log, parameters, "conjunctive")[1])
    monkeypatch.setattr(triangular, "_in_place", lambda: False)
    publicly = flat(evaluate(log, parameters, "conjunctive")[1])
    np.testing.assert_allclose(publicly, found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("one_library", [True, False])
def test_the_exponential_of_a_number_is_that_of_an_array_to_the_bit(one_library, monkeypatch):
    monkeypatch.setattr(exponential, "_of_one_library", lambda: one_library)
    some = np.random.default_rng(0).uniform(-750, 709.7, 2000)
    some[::2] /= 300
    expected = exponential.exponential(some.copy())
    np.testing.assert_allclose(expected, np.exp(some), rtol=1e-15, atol=5e-324)
    exp = exponential.of_numbers()
    assert [exp(x) for x in some.tolist()] == expected.tolist()
    assert [exponential.or_infinite(x) for x in some.tolist()] == expected.tolist()
    assert exponential.or_infinite(710.0) == np.inf
    assert exponential.or_infinite(-np.inf) == 0


def test_with_numpys_exponential_too_a_history_alone_is_what_it_is_level_by_level(monkeypatch):
    monkeypatch.setattr(exponential, "_of_one_library", lambda: False)
    test_a_history_alone_is_what_it_is_level_by_level("full", False, True, monkeypatch)


@pytest.mark.parametrize("drive", [705.0, 709.7, 709.79, 800.0])
def test_a_step_out_of_the_range_of_the_exponential_is_taken_alone_as_in_levels(drive, monkeypatch):
    steep = SURE._replace(learn=np.array([-drive]), guess=np.array([-drive / 2]))
    log = log_of([runs(3, 2, 700, 3), runs(2, 90)])
    found = {}
    for way, narrow in WAYS.items():
        monkeypatch.setattr(forward, "FEW", narrow)
        passed = filter_students(log, steep, *new_state(log))
        found[way] = np.concatenate([passed.p_correct, *passed.students, *passed.chains])
    assert np.isfinite(found["levels"]).all()
    for way in ("usual", "alone"):
        np.testing.assert_array_equal(found[way], found["levels"])


@pytest.mark.parametrize("way", ["levels", "alone"])
@pytest.mark.parametrize("rule", RULES)
def test_others_with_several_skills_a_row_change_no_bit_of_a_student_with_one(
    rule, way, monkeypatch
):
    monkeypatch.setattr(forward, "FEW", WAYS[way])
    log, parameters = tangled(53, n=400, several=True), random_parameters(53)
    single = np.bincount(log.entry_rows) == 1
    log = part(log, single | (log.student != 0))
    mine = log.student == 0
    together = filter_students(log, parameters, *new_state(log), rule=rule)
    by_itself = part(log, mine)
    assert mine.sum() > 20
    assert len(log.entry_rows) > len(log.student)
    assert len(by_itself.entry_rows) == len(by_itself.student)
    apart = filter_students(by_itself, parameters, *new_state(log), rule=rule)
    np.testing.assert_array_equal(together.p_correct[mine], apart.p_correct)
    np.testing.assert_array_equal(together.ability[mine], apart.ability)


def test_a_fit_tells_the_log_likelihood_of_its_parameters_where_paths_are_found_but_nearly():
    log = uneven(61, several=False)
    n_skills = max(CELLS.values())
    parents = Cells.same(np.zeros(0, np.int64))
    found = search.fit(log, parents, n_skills, N_ITEMS, max_iter=2)
    expected, _ = evaluate(log, found.parameters, "full")
    assert found.log_likelihood == pytest.approx(expected, abs=1e-5)
