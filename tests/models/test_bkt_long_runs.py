"""BKT on histories whose beliefs leave the range of numbers, against decimals that have no end."""

from __future__ import annotations

import json
from decimal import Decimal, DecimalException, localcontext
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.models.students import answers

from adaptlearn import MasteryTracker, ResponseLog, runtime
from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models import BKT
from adaptlearn.models.bkt.belief import Beliefs, answered
from adaptlearn.models.bkt.em import groups, sweeps
from adaptlearn.models.bkt.em import trie as trie_module
from adaptlearn.models.bkt.em.climb import climb as climb_on
from adaptlearn.models.bkt.em.steps import expectations
from adaptlearn.models.bkt.em.trie import answers_only, build_trie
from adaptlearn.models.bkt.entries import EXPOSURE, entry_answers
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.serve import alone
from adaptlearn.models.bkt.serve import beliefs as beliefs_module
from adaptlearn.models.bkt.serve.beliefs import filter_sequences
from adaptlearn.models.bkt.state import BKTState


class Values(NamedTuple):
    prior: float
    learn: float
    forget: float
    guess: float
    slip: float


KINDS = {
    "without forgetting": Values(0.3, 0.02, 0.0, 0.001, 0.1),
    "with forgetting": Values(0.3, 0.1, 1e-4, 0.001, 0.1),
    "nothing is learned": Values(0.5, 0.0, 0.0, 0.2, 0.01),
    "no slips": Values(0.5, 0.1, 0.0, 0.2, 0.0),
    "no guesses, nothing is learned": Values(0.5, 0.0, 0.1, 0.0, 0.3),
}


def log_of(histories, skill="long"):
    """One student per history, all on one skill."""
    return ResponseLog.from_frame(
        {
            "student": np.repeat(np.arange(len(histories)), [len(h) for h in histories]),
            "skill": [skill] * sum(map(len, histories)),
            "correct": np.concatenate([np.array(h, np.int64) for h in histories]),
        }
    )


def runs(*lengths, first=1):
    """Answers in runs of equal ones: so many right, so many wrong, …"""
    return [(first + k) % 2 for k, n in enumerate(lengths) for _ in range(n)]


class Exact:
    """Forward and backward along one history, in decimals of sixty digits."""

    def __init__(self, history, values):
        with localcontext() as context:
            context.prec = 60
            prior, learn, forget, guess, slip = (Decimal(float(v)) for v in values)
            step = ((1 - learn, learn), (forget, 1 - forget))
            by = [((1 - guess, slip), (guess, 1 - slip))[answer] for answer in history]
            ahead: list[Any] = [(1 - prior, prior)]  # joint with the answers before
            after: list[Any] = []
            for answered in by:
                after.append(tuple(ahead[-1][i] * answered[i] for i in (0, 1)))
                ahead.append(tuple(sum(after[-1][i] * step[i][j] for i in (0, 1)) for j in (0, 1)))
            back: list[Any] = [(Decimal(1), Decimal(1))]
            for answered in reversed(by[1:]):
                back.append(
                    tuple(
                        sum(step[i][j] * answered[j] * back[-1][j] for j in (0, 1)) for i in (0, 1)
                    )
                )
            back.reverse()
            whole = after[-1][0] + after[-1][1]
            self.p_correct = [
                float((a[0] * guess + a[1] * (1 - slip)) / sum(a)) for a in ahead[:-1]
            ]
            self.p_known = float(after[-1][1] / whole)
            self.next_known = float(ahead[-1][1] / sum(ahead[-1]))
            self.log_likelihood = float(whole.ln())
            visits = [
                [a[i] * b[i] / whole for i in (0, 1)] for a, b in zip(after, back, strict=True)
            ]
            moves = [
                [[a[i] * step[i][j] * y[j] * b[j] / whole for j in (0, 1)] for i in (0, 1)]
                for a, y, b in zip(after[:-1], by[1:], back[1:], strict=True)
            ]
            self.counts = {
                "first": 1.0,
                "first_known": float(visits[0][1]),
                "learned": float(sum(m[0][1] for m in moves)),
                "stay_unknown": float(sum(m[0][0] for m in moves)),
                "forgot": float(sum(m[1][0] for m in moves)),
                "stay_known": float(sum(m[1][1] for m in moves)),
            }
            for name, answer in (("right", 1), ("wrong", 0)):
                for i, state in enumerate(("unknown", "known")):
                    self.counts[f"{name}_{state}"] = float(
                        sum(v[i] for v, y in zip(visits, history, strict=True) if y == answer)
                    )


def histories_of(values):
    """Long runs that the parameters allow."""
    some = [runs(100, 1000), runs(400, 30, 300), runs(400, 700, first=0), runs(120, 1, 60)]
    if values.slip == 0:
        some = [h for h in some if not values.forget] and [runs(400, 40), runs(500), runs(40, 1)]
    if values.guess == 0:
        some = [runs(30, 400), runs(300, first=0), runs(60, 800)]
    return some


@pytest.mark.parametrize("layout", ["levels", "stretches"])
@pytest.mark.parametrize("kind", KINDS)
def test_expected_counts_of_long_runs(kind, layout, monkeypatch):
    values = KINDS[kind]
    monkeypatch.setattr(trie_module, "_FEW", 0 if layout == "levels" else 192)
    histories = histories_of(values)
    log = log_of(histories)
    trie = build_trie(log.sequences, answers_only(entry_answers(log)), log.sequences.major, 1)
    assert (len(trie.stretches) > 0) == (layout == "stretches")
    found = expectations(trie, Parameters(*(np.full((2, 1), v) for v in values)))
    exact = [Exact(history, values) for history in histories]
    wanted = sum(one.log_likelihood for one in exact)
    np.testing.assert_allclose(found.log_likelihood, wanted, rtol=1e-12)
    for name in exact[0].counts:
        if name in ("forgot", "stay_known") and not values.forget:
            continue
        total = sum(one.counts[name] for one in exact)
        np.testing.assert_allclose(getattr(found, name), total, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_skill_of_long_runs_is_fitted_beside_the_others():
    rng = np.random.default_rng(0)
    log = ResponseLog.from_frame(
        {
            "student": np.concatenate(
                (np.repeat(np.arange(20), 1100), np.repeat(np.arange(90), 5))
            ),
            "skill": np.repeat(["long", "short"], [22_000, 450]),
            "correct": np.concatenate((runs(100, 1000) * 20, rng.integers(0, 2, 450))),
        }
    )
    model = BKT(bounds={"guess": (0, 1e-3)}).fit(log)
    assert model.converged_.all()
    assert np.isfinite(model.log_likelihood_).all()


LIVE = [runs(40, 1), runs(500, 30, 900), runs(900, 400, first=0), runs(1500, 1, 30)]


def brought(values):
    return BKT.from_parameters({"skill": ["a"], **{k: [v] for k, v in values._asdict().items()}})


def possible(histories, values):
    """Those that the parameters do not rule out."""
    found = []
    for history in histories:
        try:
            found.append((history, Exact(history, values)))
        except DecimalException:
            continue
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_a_live_state_a_saved_one_and_the_runtime_agree_on_long_runs(kind, tmp_path):
    model = brought(KINDS[kind])
    model.save(tmp_path / "model.json")
    served = runtime.load(tmp_path / "model.json")
    allowed = possible([*LIVE, *histories_of(KINDS[kind])], KINDS[kind])
    assert len(allowed) > 3
    histories, exact = zip(*allowed, strict=True)
    log = log_of(histories, "a")
    wanted = np.concatenate([one.p_correct for one in exact])
    np.testing.assert_allclose(model.predict_proba(log)[:, 1], wanted, rtol=0, atol=1e-10)

    tracker = MasteryTracker(model)
    places = np.concatenate([np.arange(len(h)) for h in histories])
    lengths = np.repeat([len(h) for h in histories], [len(h) for h in histories])
    first = places < lengths // 3
    tracker.update(log[first])
    tracker.save(tmp_path / "tracker.npz")
    tracker = MasteryTracker.load(tmp_path / "tracker.npz", model)
    tracker.update(log[~first])
    known = [one.p_known for one in exact]
    found = tracker.mastery(when="after_response").value[:, 0]
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-10)
    whole = MasteryTracker(model)
    whole.update(log)
    np.testing.assert_array_equal(whole.mastery(when="after_response").value[:, 0], found)

    for history, one in allowed:
        student = served.student()
        for n, answer in enumerate(history):
            assert student.p_correct("a") == pytest.approx(one.p_correct[n], abs=1e-10)
            student.update("a", answer)
            if n == len(history) // 3:
                student = runtime.Student.from_dict(
                    served, json.loads(json.dumps(student.to_dict()))
                )
        assert student.mastery("a", "after_response") == pytest.approx(one.p_known, abs=1e-10)
        assert student.mastery("a") == pytest.approx(one.next_known, abs=1e-10)


def test_what_fixed_zeros_rule_out_is_an_error_all_the_same():
    certain = Values(1.0, 0.1, 0.0, 0.2, 0.0)
    log = log_of([runs(500, 1)], "a")
    with pytest.raises(ImpossibleHistoryError, match=r"row 500.*fixed at exactly 0 or 1"):
        brought(certain).predict_proba(log)
    with pytest.raises(ImpossibleHistoryError, match="fixed at exactly 0 or 1"):
        BKT(fixed={"slip": 0, "prior": 1}).fit(log_of([runs(500, 1)] * 20, "a"))
    fitted = BKT(fixed={"slip": 0}).fit(log_of([runs(500, 1), runs(2, 3, 4)] * 20, "a"))
    assert np.isfinite(fitted.log_likelihood_).all()


def test_a_student_saved_without_p_not_known_is_read(tmp_path):
    model = brought(KINDS["with forgetting"])
    tracker = MasteryTracker(model)
    tracker.update(log_of([runs(2, 3)], "a"))
    state = tracker._state
    arrays = state.to_arrays()
    again = BKTState(state.model, ["a"], 0)
    names = {"skills": ["a"], "items": [], "clock": state.clock}
    old = {name: values for name, values in arrays.items() if name != "p_unknown"}
    again.restore(state.n_students, names, old)
    np.testing.assert_allclose(again.beliefs(slice(None)).unknown, arrays["p_unknown"], atol=1e-15)
    for known in (arrays["p_known"] * 0.5, arrays["p_known"] - 2):
        with pytest.raises(ValueError, match="do not sum to 1"):
            BKTState(state.model, ["a"], 0).restore(
                state.n_students, names, {**arrays, "p_known": known}
            )

    model.save(tmp_path / "model.json")
    served = runtime.load(tmp_path / "model.json")
    student = served.student().update("a", True)
    saved = student.to_dict()
    saved["beliefs"] = [row[:-1] for row in saved["beliefs"]]
    found = runtime.Student.from_dict(served, saved)
    assert found.mastery("a") == pytest.approx(student.mastery("a"), abs=1e-15)
    saved["beliefs"] = [[*row, 0.9] for row in saved["beliefs"]]
    with pytest.raises(runtime.StateError, match="do not sum to 1"):
        runtime.Student.from_dict(served, saved)


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning")
def test_a_skill_whose_fit_fails_is_named_and_helped(monkeypatch):
    def failing(trie, *terms, **how):
        found = climb_on(trie, *terms, **how)
        if trie.n_groups > 1:
            for field in (*found.parameters, found.log_likelihood):
                field[1] = np.nan
        return found

    log = answers(300, 6, seed=1)
    whole = BKT().fit(log)
    monkeypatch.setattr(groups, "climb", failing)
    model = BKT().fit(log)
    assert model.unidentified_ == {model.skills_[1]: "the fit ended in no number"}
    for name, values in whole.parameters_.items():
        if name != "skill":
            np.testing.assert_array_equal(
                np.delete(model.parameters_[name], 1), np.delete(values, 1)
            )
            assert model.parameters_[name][1] == pytest.approx(values[1], abs=0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_piechs_split_of_assistments_is_fitted_at_defaults(data):
    logs = []
    for part in ("train", "test"):
        table = np.loadtxt(
            data("assistments09_piech", f"{part}.csv.gz"), delimiter=",", skiprows=1, dtype=int
        )
        logs.append(
            ResponseLog.from_frame(dict(zip(("student", "skill", "correct"), table.T, strict=True)))
        )
    model = BKT().fit(logs[0])
    assert model.converged_.all()
    found = roc_auc_score(logs[1].correct, model.predict_proba(logs[1])[:, 1])
    assert found == pytest.approx(0.7578, abs=2e-3)


def awkward_log(seed):
    """Two long histories and twenty short ones, with exposures and items."""
    rng = np.random.default_rng(seed)
    lengths = [2000, 700, *rng.integers(1, 25, 20).tolist()]
    n = sum(lengths)
    correct = np.where(np.arange(n) % 700 < 450, 1.0, rng.integers(0, 2, n))
    correct[rng.random(n) < 0.05] = np.nan
    return ResponseLog.from_frame(
        {
            "student": np.repeat(np.arange(22), lengths),
            "skill": ["a"] * n,
            "item": rng.integers(0, 3, n),
            "correct": correct,
        },
        unanswered="exposure",
    )


@pytest.mark.filterwarnings("ignore:.*repeat a student, skill, item:adaptlearn.errors.DataWarning")
@pytest.mark.parametrize("kind", [*KINDS, "certain to learn"])
@pytest.mark.parametrize("by_row", [False, True])
def test_a_history_alone_is_what_it_is_level_by_level(kind, by_row, monkeypatch):
    values = KINDS.get(kind, Values(0.3, 1.0, 0.0, 0.2, 0.1))
    if not (values.slip and values.guess):
        values = values._replace(slip=max(values.slip, 1e-5), guess=max(values.guess, 1e-5))
    log, table = awkward_log(5), Parameters(*(np.array([v, v * 0.9]) for v in values))
    assert log.item is not None
    of_rows = log.item.codes % 2
    cells = Cells.same(of_rows) if by_row else np.zeros(22, np.int64)
    before = Beliefs.of(np.full(22, values.prior))
    found = []
    for of_level in (0, 150, 10**6):
        monkeypatch.setattr(beliefs_module, "_OF_LEVEL", of_level)
        passed = filter_sequences(log.sequences, entry_answers(log), table, cells, before)
        found.append([passed.p_correct, *passed.beliefs])
    for way in found[1:]:
        for mine, its in zip(way, found[0], strict=True):
            np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("of_level", [0, 10**6])
def test_an_impossible_answer_is_named_whichever_way(of_level, monkeypatch):
    monkeypatch.setattr(beliefs_module, "_OF_LEVEL", of_level)
    log = log_of([[1] * 30, runs(500, 1)], "a")
    with pytest.raises(ImpossibleHistoryError, match=r"row 530.*fixed at exactly 0 or 1"):
        brought(Values(1.0, 0.1, 0.0, 0.2, 0.0)).predict_proba(log)


def test_a_stretch_that_leaves_the_range_begins_anew_and_goes_no_steps(monkeypatch):
    rng = np.random.default_rng(2)
    histories = [runs(300, 900, 40), rng.integers(0, 2, 6000).tolist()]
    log = log_of([runs(2, 1), *histories])
    values = Values(0.3, 0.05, 0.02, 0.02, 0.01)
    table = Parameters(*(np.full((2, 1), v) for v in values))
    found = {}
    for few in (0, 192):
        monkeypatch.setattr(trie_module, "_FEW", few)
        trie = build_trie(log.sequences, answers_only(entry_answers(log)), log.sequences.major, 1)
        found[few] = expectations(trie, table)

        def steps(*_):
            raise AssertionError("a stretch went step by step")

        monkeypatch.setattr(sweeps, "_forward_steps", steps)
    assert np.diff(trie.stretches).max() > 4000
    for name, values_of in found[192]._asdict().items():
        np.testing.assert_allclose(values_of, getattr(found[0], name), rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_history_looked_after_seldom_or_often_is_that_level_by_level(kind, monkeypatch):
    values, rng = KINDS[kind], np.random.default_rng(3)
    if not (values.slip and values.guess):
        values = values._replace(slip=max(values.slip, 1e-9), guess=max(values.guess, 1e-9))
    history = runs(700, 300, 40, 900, 3, 20, 1, 600) + rng.integers(0, 2, 900).tolist()
    log, table = log_of([history]), Parameters(*(np.array([v]) for v in values))
    cells, before = np.zeros(1, np.int64), Beliefs.of(np.array([values.prior]))
    found = []
    for of_level, sizes in ((0, (1024, 8192, 32)), (10**6, (1024, 8192, 32)), (10**6, (5, 7, 2))):
        monkeypatch.setattr(beliefs_module, "_OF_LEVEL", of_level)
        for name, size in zip(("_FIRST", "_MOST", "_AGAIN"), sizes, strict=True):
            monkeypatch.setattr(alone, name, size)
        passed = filter_sequences(log.sequences, entry_answers(log), table, cells, before)
        found.append([passed.p_correct, *passed.beliefs])
    for way in found[1:]:
        for mine, its in zip(way, found[0], strict=True):
            np.testing.assert_array_equal(mine, its)


def test_a_small_belief_after_an_exposure_is_that_level_by_level(monkeypatch):
    log, values = log_of([runs(1, 1, 40)]), Values(0.3, 0.4, 0.0, 0.2, 0.1)
    answers, table = entry_answers(log), Parameters(*(np.array([v]) for v in values))
    answers[:2] = EXPOSURE  # the second takes P(not known) below 1e-280
    before, cells = Beliefs(np.array([1.0]), np.array([1.2e-280])), np.zeros(1, np.int64)
    found = []
    for of_level in (0, 10**6):
        monkeypatch.setattr(beliefs_module, "_OF_LEVEL", of_level)
        passed = filter_sequences(log.sequences, answers, table, cells, before, trail=True)
        assert passed.trail is not None
        found.append([passed.p_correct, *passed.beliefs, *passed.trail])
    for mine, its in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_one_student_costs_no_level_for_each_answer(monkeypatch):
    rng = np.random.default_rng(0)
    n = 4000
    log = {
        "student": np.zeros(n, int),
        "skill": rng.integers(0, 30, n),
        "correct": rng.integers(0, 2, n),
    }
    calls: list[int] = []

    def counted(begun, *rest, **how):
        calls.append(len(begun.known))
        return answered(begun, *rest, **how)

    monkeypatch.setattr(beliefs_module, "answered", counted)
    BKT.from_parameters(
        {"skill": range(30), **{k: [v] * 30 for k, v in KINDS["with forgetting"]._asdict().items()}}
    ).predict_proba(log)
    assert len(calls) < 10
