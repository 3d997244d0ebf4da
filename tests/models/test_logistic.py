"""The logistic models: reference values, their equations by hand, and what is at the edges."""

from __future__ import annotations

import csv
import pickle
from time import process_time
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from tests.models import logistic_oracle

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import (
    ConvergenceWarning,
    DataWarning,
    ParameterError,
    ResponseDataError,
)
from adaptlearn.models import AFM, DAS3H, DASH, PFA, RPFA, BestLR
from adaptlearn.models.logistic import solution
from adaptlearn.models.logistic.solution import Coupling, solve

FREE: dict[str, Any] = {"penalty": 0, "student_penalty": 0, "student": "average"}
EVERY = [
    AFM(),
    AFM(slopes="shared", counts="log", student="average"),
    PFA(),
    PFA(counts="log", slopes="shared", student=None),
    RPFA(decay=0.7, ghosts=2),
    RPFA(slopes="shared", student=None),
    DASH(windows=(50.0, 400.0), remember=3),
    DASH(windows=(), student=None),
    DAS3H(windows=(50.0, 400.0), remember=3),
    DAS3H(windows=(100.0,), student="average"),
    BestLR(),
    BestLR(student=None),
]


def rows_of(n_students=20, n_each=30, seed=0, exposures=True):
    """Rows of (student, skills, item, correct or None, time), in time's order."""
    rng = np.random.default_rng(seed)
    able = rng.normal(size=n_students)
    rows = []
    for place in range(n_students * n_each):
        student, item = int(rng.integers(n_students)), int(rng.integers(8))
        skills = [item % 3, 3] if item == 5 else [item % 3]
        correct = int(rng.random() < 1 / (1 + np.exp(-able[student] + item / 4 - 1)))
        shown = exposures and rng.random() < 0.1
        rows.append((student, skills, item, None if shown else correct, 10.0 * place))
    return rows


def log_of(rows):
    student, skill, item, correct, time = zip(*rows, strict=True)
    columns = {
        "student": list(student),
        "skill": list(skill),
        "item": list(item),
        "correct": [np.nan if c is None else c for c in correct],
        "time": list(time),
    }
    return ResponseLog.from_frame(columns, unanswered="exposure")


@pytest.fixture(scope="module")
def cloze(data):
    """The answers of the practice of statistics sentences; the skill is the item."""
    with data("cloze", "responses.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] != "STUDY"]
    return ResponseLog.from_frame(
        {
            "student": [row["student"] for row in rows],
            "skill": [row["item"] for row in rows],
            "time": np.array([row["time"] for row in rows], "datetime64[s]"),
            "correct": [int(row["outcome"] == "CORRECT") for row in rows],
        }
    )


@pytest.mark.parametrize(
    ("model", "log_likelihood"),
    [
        (AFM(slopes="shared", **FREE), -27346.70),
        (PFA(**FREE), -26769.69),
        (RPFA(decay=0.9, slopes="shared", **FREE), -26461.64),
    ],
    ids=["AFM", "PFA", "RPFA"],
)
def test_log_likelihoods_are_those_of_the_reference(cloze, model, log_likelihood):
    assert len(cloze) == 55_122
    assert model.fit(cloze).log_likelihood_ == pytest.approx(log_likelihood, abs=0.1)


@pytest.mark.parametrize("model", EVERY, ids=repr)
def test_predictions_are_the_equations_over_the_tables(model):
    rows = rows_of()
    log = log_of(rows)
    p = clone(model).fit(log).predict_proba(log)[:, 1]
    np.testing.assert_allclose(
        p, logistic_oracle.probabilities(clone(model).fit(log), rows), rtol=1e-10
    )


@pytest.mark.parametrize("model", EVERY, ids=repr)
def test_a_state_goes_on_where_the_batch_left_off(model):
    rows = rows_of(n_students=5, n_each=20, exposures=False)
    log = log_of(rows)
    model = clone(model).fit(log)
    batch = model.predict_proba(log)[:, 1]
    state = model.init_state(5)
    for row, (student, skills, item, _, time) in enumerate(rows):
        asked = model.predict_state(state, [student], [skills], items=[item], time=time)
        np.testing.assert_allclose(asked, batch[row], rtol=1e-13)
        model.update_state(state, log[row : row + 1])


@pytest.mark.parametrize("model", EVERY, ids=repr)
def test_a_saved_model_has_its_tables_but_names_no_students(model, tmp_path):
    log = log_of(rows_of())
    model = clone(model).fit(log)
    model.save(tmp_path / "model")
    again: Any = adaptlearn.load(tmp_path / "model")
    for table in ("coefficients_", "item_intercepts_"):
        for name, column in getattr(model, table).items():
            np.testing.assert_array_equal(getattr(again, table)[name], column)
    assert again.log_likelihood_ == model.log_likelihood_
    assert again.converged_ is True
    assert len(again.student_intercepts_["student"]) == 0
    n_named = 0 if model.student is None else 20
    assert len(model.student_intercepts_["student"]) == n_named
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(log), model.predict_proba(log))


def test_arguments_changed_after_the_fit_change_nothing_yet():
    log = log_of(rows_of())
    model = RPFA().fit(log)
    p = model.predict_proba(log)
    model.set_params(decay=0.1, student=None, slopes="shared")
    np.testing.assert_array_equal(model.predict_proba(log), p)


def test_the_solver_finds_what_scikit_learn_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * [1, 10, 0.1, 1]
    y = (rng.random(300) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1] / 10))).astype(float)
    theirs = LogisticRegression(C=1 / 3, tol=1e-10, max_iter=10_000).fit(x, y)
    design = csr_array(np.column_stack((np.ones(300), x)))
    exact, poor = (
        Coupling(np.arange(gram.shape[0]), csr_array(gram))
        for gram in (design.T @ design, np.eye(2))
    )
    for coupling in (exact, poor):
        ours = solve(design, y, np.array([0, 3, 3, 3, 3.0]), coupling, max_iter=1000, tol=1e-14)
        np.testing.assert_allclose(ours.weights[1:], theirs.coef_[0], atol=1e-5)
        np.testing.assert_allclose(ours.weights[0], theirs.intercept_[0], atol=1e-5)
        p = theirs.predict_proba(x)
        log_likelihood = np.log(np.where(y, p[:, 1], p[:, 0])).sum()
        np.testing.assert_allclose(ours.log_likelihood, log_likelihood)


def answers_of(n_students, n_each, skills_each=1):
    """As many answers, of how many students we like: 20 skills of 10 items, times in between."""
    rng = np.random.default_rng(0)
    n = n_students * n_each
    skill, place = rng.integers(0, 20, n), np.tile(np.arange(n_each), n_students)
    item = skill * 10 + rng.integers(0, 10, n)
    able, easy = rng.normal(0, 0.7, n_students), rng.normal(size=200)
    student = np.repeat(np.arange(n_students), n_each)
    logit = able[student] + easy[item] + 0.3 * np.log1p(place / 20) - 0.5
    several = [[k, (k + 1) % 20, 20][:skills_each] for k in skill.tolist()]
    return {
        "student": student,
        "skill": skill if skills_each == 1 else several,
        "item": item,
        "time": place * 600.0,
        "correct": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int),
    }


@pytest.mark.parametrize("model", [BestLR(), DAS3H()], ids=repr)
@pytest.mark.parametrize("skills_each", [1, 3])
def test_a_fit_ends_at_the_optimum_though_columns_are_nearly_multiples(model, skills_each):
    log = answers_of(1, 2000, skills_each)
    usual, exact = clone(model).fit(log), clone(model).set_params(tol=1e-15).fit(log)
    p, best = (fitted.predict_proba(log)[:, 1] for fitted in (usual, exact))
    np.testing.assert_allclose(p, best, atol=2e-6)


@pytest.mark.parametrize("skills_each", [1, 3])
def test_one_long_history_costs_as_many_products_as_short_ones(monkeypatch, skills_each):
    products: list[int] = []

    def counted(coupling, unit, strength):
        divided = divider(coupling, unit, strength)
        products.append(0)

        def count(values):
            products[-1] += 1
            return divided(values)

        return count

    divider = solution._divider
    monkeypatch.setattr(solution, "_divider", counted)
    for model in (AFM(), PFA(), RPFA(), BestLR(), DASH(), DAS3H()):
        for n_students in (1, 40):
            clone(model).fit(answers_of(n_students, 2000 // n_students, skills_each))
    one, many = np.array(products).reshape(-1, 2).T
    assert np.all(one <= 3 * many), (one, many)
    assert max(products) <= 500


@pytest.mark.slow
@pytest.mark.parametrize("model", [AFM(), PFA(), RPFA(), BestLR(), DASH(), DAS3H()], ids=repr)
def test_one_long_history_costs_what_many_short_ones_do(model):
    def seconds(log):
        begin = process_time()
        clone(model).fit(log)
        return process_time() - begin

    one, many = answers_of(1, 20_000), answers_of(400, 50)
    assert min(seconds(one) for _ in range(3)) < 3 * min(seconds(many) for _ in range(3))


@pytest.mark.slow
def test_a_log_of_more_items_than_most_have_is_fitted():
    rng = np.random.default_rng(0)
    item = np.concatenate((np.arange(48_000), rng.integers(0, 48_000, 56_000)))
    log = {
        "student": rng.integers(0, 1000, len(item)),
        "skill": rng.integers(0, 400, 48_000)[item],
        "item": item,
        "time": np.sort(rng.uniform(0, 1e7, len(item))),
        "correct": rng.integers(0, 2, len(item)),
    }
    begin = process_time()
    assert DAS3H().fit(log).converged_
    assert process_time() - begin < 30


def in_sample(model, rows):
    """P(correct) of the training answers with the students' intercepts, and those."""
    of_students = dict(zip(*model.student_intercepts_.values(), strict=True))
    p = model.predict_proba(log_of(rows))[:, 1]
    logit = np.log(p / (1 - p)) + [of_students[student] for student, *_ in rows]
    return 1 / (1 + np.exp(-logit)), of_students


@pytest.mark.parametrize("how", [{"student": "average"}, FREE], ids=str)
def test_the_log_likelihood_is_of_the_fitted_students(how):
    rows = rows_of(exposures=False)
    log = log_of(rows)
    model = AFM(**how).fit(log)
    p, of_students = in_sample(model, rows)
    expected = np.log(np.where(log.correct, p, 1 - p)).sum()
    assert model.log_likelihood_ == pytest.approx(expected)
    assert abs(np.mean(list(of_students.values()))) < 1e-12


@pytest.mark.parametrize(("penalty", "student_penalty"), [(0, 0), (0.5, 3.0)])
def test_weights_are_where_the_penalised_likelihood_is_stationary(penalty, student_penalty):
    rows = rows_of(exposures=False)
    model = AFM(student="average", penalty=penalty, student_penalty=student_penalty, tol=1e-14).fit(
        log_of(rows)
    )
    p, of_students = in_sample(model, rows)
    surprise = np.array([row[3] for row in rows]) - p
    counts = np.zeros((len(rows), 4))  # of earlier responses, where the row has the skill
    has = np.array([[skill in row[1] for skill in range(4)] for row in rows])
    for place, (student, skills, *_) in enumerate(rows):
        earlier = [row[1] for row in rows[:place] if row[0] == student]
        counts[place, skills] = [sum(s in those for those in earlier) for s in skills]
    table = {
        term: model.coefficients_["value"][model.coefficients_["term"] == term]
        for term in ("skill", "opportunities")
    }
    unit = (counts[has] ** 2).mean()
    for term, columns, strength in (("skill", has, 1.0), ("opportunities", counts, unit)):
        *own, average = table[term]
        cost = penalty * strength * (np.array(own) - (0 if term == "skill" else average))
        np.testing.assert_allclose(surprise @ columns, cost, atol=1e-3)
        if term == "opportunities" and penalty:
            assert average == pytest.approx(np.mean(own), abs=1e-5)  # what is common is free
            assert abs(average) > 0.01
    pull = [surprise[[row[0] == student for row in rows]].sum() for student in of_students]
    np.testing.assert_allclose(
        pull, student_penalty * np.array(list(of_students.values())), atol=1e-3
    )
    assert abs(surprise.sum()) < 1e-3


def test_penalties_pull_skills_to_the_average_and_students_to_zero():
    log = log_of(rows_of(exposures=False))
    for weak, strong in ((1.0, 100.0), (0.0, 1.0)):
        spread = [
            PFA(penalty=penalty, student="average", student_penalty=penalty).fit(log)
            for penalty in (weak, strong)
        ]
        for term in ("skill", "successes", "failures"):
            of = [m.coefficients_["value"][m.coefficients_["term"] == term] for m in spread]
            assert np.std(of[1]) < np.std(of[0])
        assert np.std(spread[1].student_intercepts_["value"]) < np.std(
            spread[0].student_intercepts_["value"]
        )


def test_who_differs_is_predicted_better_from_their_own_answers():
    train, test = log_of(rows_of(seed=1)), log_of(rows_of(seed=2, exposures=False))

    def log_loss(student):
        p = AFM(student=student).fit(train).predict_proba(test)[:, 1]
        return -np.log(np.where(test.correct, p, 1 - p)).mean()

    assert log_loss("online") < min(log_loss("average"), log_loss(None)) - 0.02


def test_an_exposure_is_an_opportunity_but_no_answer():
    read = {"student": [0, 0], "skill": [1, 1], "correct": [np.nan, 1], "item": [0, 0]}
    log = log_of(rows_of())
    for model, moves in ((AFM(), True), (PFA(), False), (RPFA(), False), (BestLR(), False)):
        model.fit(log)
        p = model.predict_proba(ResponseLog.from_frame(read, unanswered="exposure"))[:, 1]
        assert (p[0] != p[1]) == moves


def test_the_unknown_is_average():
    log = log_of(rows_of(exposures=False))
    model = BestLR(student=None).fit(log)
    table, items = model.coefficients_, model.item_intercepts_
    state = model.init_state(1)
    with pytest.warns(DataWarning, match="'juggling'"):
        p = model.predict_state(state, [0], ["juggling"])
    overall = np.average(
        items["value"], weights=np.bincount(log.item.codes, np.where(log.item.codes == 5, 2, 1))
    )
    assert np.log(p / (1 - p)) == pytest.approx(table["value"][0] + overall)
    # An item that nobody knows is as easy as those its skill was practised on.
    asked = [model.predict_state(state, [0], [0], items=[item])[0] for item in (0, 3, 6)]
    unknown = model.predict_state(state, [0], [0], items=[99])[0]
    assert min(asked) < unknown < max(asked)
    assert unknown == model.predict_state(state, [0], [0])[0]


def test_without_a_penalty_a_skill_without_history_has_the_average_slope():
    rows = rows_of(exposures=False)
    rows.append((0, [77], 0, 1, 1e6))
    table = AFM(**FREE).fit(log_of(rows)).coefficients_
    slopes = table["value"][table["term"] == "opportunities"]
    of = table["skill"][table["term"] == "opportunities"].tolist()
    assert slopes[of.index(77)] == slopes[of.index(None)]
    squares = np.zeros(len(of) - 1)
    for student in range(20):
        practised = [skill for row in rows if row[0] == student for skill in row[1]]
        for skill, n in zip(*np.unique(practised, return_counts=True), strict=True):
            squares[of.index(skill)] += (np.arange(n) ** 2).sum()
    assert slopes[of.index(None)] == pytest.approx(np.average(slopes[:-1], weights=squares))


def test_no_history_is_so_long_that_the_next_answer_is_certain():
    rows = [(s, [0], 0, int(n > s % 5), 5.0 * n) for s in range(30) for n in range(10)]
    model = AFM(student=None).fit(log_of(rows))
    practised = {"student": [0] * 3000, "skill": [0] * 3000, "correct": [1] * 3000}
    p = model.predict_proba(practised)[-1]
    assert 0 < p[0] < 1e-9
    assert p[1] < 1


ODD = {
    "one answer": [(0, [0], 0, 1, 0.0)],
    "one answer a student": [(s, [s % 2], s % 3, s % 2, float(s)) for s in range(6)],
    "all right": [(s % 2, [s % 3], s % 3, 1, float(s)) for s in range(12)],
    "one exposure more": [(0, [0], 0, 1, 0.0), (0, [1], 1, None, 1.0)],
}


@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("model", EVERY, ids=repr)
def test_the_oddest_logs_are_fitted_and_nothing_warns(model, penalty, rows):
    log = log_of(rows)
    model = clone(model).set_params(penalty=penalty).fit(log)
    p = model.predict_proba(log)[:, 1]
    assert np.all((p > 0) & (p < 1))
    assert np.isfinite(model.coefficients_["value"]).all()


def test_too_few_steps_are_said():
    with pytest.warns(ConvergenceWarning, match="within 1 steps"):
        model = BestLR(max_iter=1).fit(log_of(rows_of()))
    assert (model.converged_, model.n_iter_) == (False, 1)


def test_bad_arguments_are_listed_at_once():
    log = log_of(rows_of())
    wrong = {"slopes": "item", "counts": "sqrt", "student": "kind", "penalty": -1, "tol": 0}
    with pytest.raises(ParameterError) as error:
        AFM().set_params(**wrong).fit(log)
    for name in wrong:
        assert name in str(error.value)
    with pytest.raises(ParameterError, match="student_penalty must be positive"):
        PFA(student_penalty=0).fit(log)
    with pytest.raises(ParameterError, match=r"decay(.|\n)*ghosts"):
        RPFA(decay=1.0, ghosts=0).fit(log)
    for windows in ((5.0, 5.0), (0.0,), "day", (1.0, "2")):
        with pytest.raises(ParameterError, match="increasing positive numbers of seconds"):
            DASH().set_params(windows=windows).fit(log)


def test_models_of_items_or_times_ask_for_them():
    bare = {"student": [0, 1], "skill": [0, 0], "correct": [0, 1]}
    with_items = {**bare, "item": [0, 1]}
    for model in (DASH(), DAS3H(), BestLR()):
        with pytest.raises(ResponseDataError, match="needs a column item"):
            model.fit(bare)
    for model in (DASH(), DAS3H()):
        with pytest.raises(ResponseDataError, match="need a column time"):
            model.fit(with_items)
        model.fit(log_of(rows_of()))
        for ask in (model.predict_proba, model.mastery):
            with pytest.raises(ResponseDataError, match="need a column time"):
                ask(with_items)
        with pytest.raises(ResponseDataError, match="need a column time"):
            model.update_state(model.init_state(2), with_items)


@pytest.mark.parametrize("make", [DASH, DAS3H])
def test_windows_that_hardly_differ_do_not_cancel_each_other(make: type[DASH | DAS3H]) -> None:
    """Two of 2,000 answers tell a day's window from a week's: they decide nothing."""
    rng = np.random.default_rng(0)
    n, each = 100, 20
    student, place = np.repeat(np.arange(n), each), np.tile(np.arange(each), n)
    late = [each - 1, 2 * each - 1]
    time, correct = place * 60.0, (rng.random(n * each) < 0.6).astype(int)
    time[late] += 2 * 86_400.0
    correct[late] = 0
    same = np.zeros(n * each, int)
    log = {"student": student, "skill": same, "item": same, "time": time, "correct": correct}

    def largest(penalty: float) -> float:
        table = make(penalty=penalty).fit(log).coefficients_
        within = ["within" in term for term in table["term"].tolist()]
        return float(np.abs(table["value"][within]).max())

    assert largest(1.0) < 0.5
    assert largest(0.0) > 2
