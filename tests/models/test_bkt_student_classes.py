"""BKT with latent classes of students: exact against enumeration, and what the fit promises."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from tests.models.student_class_oracle import Enumerated
from tests.pages import Page

import adaptlearn
from adaptlearn import MasteryTracker, ResponseLog, SequenceCounts
from adaptlearn.errors import ConvergenceWarning, ModelFileError, ParameterError
from adaptlearn.models import BKT
from adaptlearn.models.bkt.em.climb import Terms
from adaptlearn.models.bkt.em.room import room_of
from adaptlearn.models.bkt.em.steps import Pseudocounts
from adaptlearn.models.bkt.em.trie import answers_only, build_traced_trie
from adaptlearn.models.bkt.entries import Entries
from adaptlearn.models.bkt.latent.expectation import expect, students_of
from adaptlearn.models.bkt.latent.maximisation import Shifted
from adaptlearn.models.bkt.latent.search import Point, Problem, student_classes
from adaptlearn.models.bkt.parameters import Cells, Limits, Parameters
from adaptlearn.serialization import fingerprint

WEIGHTS, SHIFTS = (0.4, 0.6), ((-1.2, -1.0), (0.8, 0.7))


def school(n=600, n_skills=12, n_answers=6, *, forget=0.0, seed=0):
    """Answers of two classes of students; and each student's class."""
    rng = np.random.default_rng(seed)
    prior, learn = rng.normal(-0.5, 0.6, n_skills), rng.normal(-1.3, 0.4, n_skills)
    guess, slip = rng.uniform(0.1, 0.25, n_skills), rng.uniform(0.05, 0.12, n_skills)
    own, shift = rng.choice(2, n, p=WEIGHTS), np.array(SHIFTS)
    known = rng.random((n, n_skills)) < expit(prior + shift[own, 0][:, None])
    correct = np.empty((n, n_answers, n_skills), np.int64)
    for step in range(n_answers):
        chance = np.where(known, 1 - slip, guess)
        correct[:, step] = rng.random(known.shape) < chance
        learns = rng.random(known.shape) < expit(learn + shift[own, 1][:, None])
        known = np.where(known, rng.random(known.shape) >= forget, learns)
    student, _, skill = np.indices(correct.shape)
    columns: dict[str, Any] = {"student": student, "skill": skill, "correct": correct}
    return {name: np.ravel(column) for name, column in columns.items()}, own


@pytest.fixture(scope="module")
def fitted():
    """A fitted model of two classes, and of three with forgetting."""
    return {
        "two": BKT(student_classes=2, n_init=1).fit(school(150, 3, 5)[0]),
        "three": BKT(student_classes=3, forgetting=True, n_init=1).fit(
            school(200, 3, 6, forget=0.1, seed=1)[0]
        ),
    }


def tangled(rng, n_students=4, n_rows=34):
    """Rows of some students on three skills in any order, some of them exposures."""
    return {
        "student": rng.integers(0, n_students, n_rows),
        "skill": rng.integers(0, 3, n_rows),
        "correct": rng.choice([0.0, 1.0, np.nan], n_rows, p=[0.4, 0.5, 0.1]),
    }


def histories(columns):
    """Each student's rows, and answers as the oracle takes them."""
    for student in np.unique(columns["student"]).tolist():
        rows = np.flatnonzero(columns["student"] == student)
        answers = columns["correct"][rows].tolist()
        told = [None if np.isnan(answer) else int(answer) for answer in answers]
        yield student, rows, list(zip(columns["skill"][rows].tolist(), told, strict=True))


@pytest.mark.parametrize("name", ["two", "three"])
def test_predictions_mastery_and_classes_are_those_of_all_paths(fitted, name):
    model, columns = fitted[name], tangled(np.random.default_rng(3))
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    found = model.predict_proba(log)[:, 1]
    coming = model.mastery(log).value
    state = model.update_state(model.init_state(4), log)
    ahead = model.predict_state(state, np.repeat(np.arange(4), 3), [0, 1, 2] * 4).reshape(4, 3)
    for student, rows, answers in histories(columns):
        one = Enumerated(model.class_weights_, model.student_class_parameters_, answers)
        expected = [one.p_correct(n) for n in range(len(rows))]
        np.testing.assert_allclose(found[rows], expected, rtol=0, atol=1e-12)
        share, known, _, _ = one.at(len(rows))
        np.testing.assert_allclose(coming[student], known, rtol=0, atol=1e-12)
        np.testing.assert_allclose(state.class_shares(np.array([student]))[:, 0], share, atol=1e-12)
        for skill in range(3):
            asked = Enumerated(one.weights, one.tables, [*answers, (skill, 1)])
            assert ahead[student, skill] == pytest.approx(asked.p_correct(len(rows)), abs=1e-12)


def test_parts_of_a_log_give_the_same_bits(fitted):
    model, columns = fitted["three"], tangled(np.random.default_rng(4), 3, 120)
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    state, whole = model.init_state(3), model.predict_proba(log)
    for row in range(len(log)):
        one = log[row : row + 1]
        assert np.array_equal(model.predict_proba(one, state=state)[0], whole[row])
        model.update_state(state, one)
    again = model.update_state(model.init_state(3), log)
    one, other = state.to_arrays(), again.to_arrays()
    order, others = np.argsort(one["pairs"]), np.argsort(other["pairs"])
    for name in ("pairs", "p_known", "p_unknown", "answers"):
        np.testing.assert_array_equal(one[name][order], other[name][others], err_msg=name)
    np.testing.assert_array_equal(one["student_evidence"], other["student_evidence"])


def problem_of(columns, terms=None):
    entries = Entries.of_log(ResponseLog.from_frame(columns, unanswered="exposure"))
    n = len(entries.skills)
    alphabet = answers_only(entries.answers)
    trie, ends = build_traced_trie(entries.sequences, alphabet, entries.groups, n)
    free = Terms(room_of(trie), Limits.widest(Cells.same(np.arange(n))))
    return Problem(
        trie,
        students_of(trie, ends, entries.sequences.minor),
        free if terms is None else terms(free),
    )


def a_point(rng, n_classes, n_skills, limits, *, forget=0.1):
    def shifted(name):
        low, high = getattr(limits.low, name), getattr(limits.high, name)
        return Shifted(rng.normal(-1, 1, n_skills), rng.normal(0, 1, n_classes), low, high)

    rest = rng.uniform(0.05, 0.3, (3, n_skills))
    common = Parameters(rest[0], rest[0], np.full(n_skills, forget), rest[1], rest[2]).stacked()
    weights = rng.dirichlet(np.ones(n_classes))
    return Point(weights, shifted("prior"), shifted("learn"), common)


def test_the_e_step_counts_what_all_paths_count():
    rng = np.random.default_rng(5)
    columns = tangled(rng, 5, 40)
    problem = problem_of(columns)
    at = a_point(rng, 3, 3, problem.terms.limits)
    found = expect(problem.trie, problem.histories, at.by_class, at.weights)
    tables = at.by_class._asdict()
    total, first, first_known = 0.0, np.zeros((3, 3)), np.zeros((3, 3))
    for student, rows, answers in histories(columns):
        one = Enumerated(at.weights, tables, answers)
        share, _, whole, _ = one.at(len(rows))
        np.testing.assert_allclose(found.share[:, student], share, rtol=0, atol=1e-12)
        total += np.log(whole)
        surely = {**tables, "prior": np.ones((3, 3))}
        for skill in {skill for skill, _ in answers}:
            own = [answer for answer in answers if answer[0] == skill]
            one, had = (Enumerated(at.weights, each, own) for each in (tables, surely))
            for c in range(3):
                # By Bayes, from the chance of the answers had the skill been known at first.
                known = tables["prior"][c, skill] * had.of_class(c, len(own))[0]
                first[c, skill] += share[c]
                first_known[c, skill] += share[c] * known / one.of_class(c, len(own))[0]
    assert found.log_likelihood == pytest.approx(total, abs=1e-11)
    np.testing.assert_allclose(found.counts.first, first, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.counts.first_known, first_known, rtol=0, atol=1e-12)


@pytest.mark.parametrize("copies", [1, 300])
def test_beliefs_too_small_for_a_number_count_all_the_same(copies):
    answers = np.repeat([1, 0, 1], [560, 470, 5])
    n = len(answers)
    columns = {"student": np.repeat(np.arange(copies), n), "skill": np.zeros(copies * n, np.int64)}
    problem = problem_of({**columns, "correct": np.tile(answers, copies)})
    rest = (np.array([value]) for value in (0.0, 0.2, 0.1))
    prior, learn = (
        Shifted(np.array([at]), np.array([-0.5, 0.5]), *[np.array([e]) for e in (0, 1)])
        for at in (0.0, -9.0)
    )
    common = Parameters(np.zeros(1), np.zeros(1), *rest).stacked()
    at = Point(np.array([0.3, 0.7]), prior, learn, common)
    logs = []
    for start, step in zip(prior.value[:, 0], learn.value[:, 0], strict=True):
        known, unknown = np.log(start), np.log1p(-start)
        for place, answer in enumerate(answers.tolist()):
            if place:
                known = np.logaddexp(known, unknown + np.log(step))
                unknown += np.log1p(-step)
            known += np.log(0.9 if answer else 0.1)
            unknown += np.log(0.2 if answer else 0.8)
        logs.append(np.logaddexp(known, unknown))
    joint = np.log(at.weights) + logs
    found = expect(problem.trie, problem.histories, at.by_class, at.weights)
    whole = np.logaddexp(*joint)
    assert found.log_likelihood == pytest.approx(copies * whole, rel=1e-11)
    np.testing.assert_allclose(found.share[:, 0], np.exp(joint - whole), rtol=1e-9)


def held(terms):
    """Bounds on learning, a fixed prior, and Beta priors."""
    low, high = (Parameters(*(field.copy() for field in one)) for one in terms.limits)
    low.learn[:], high.learn[:] = 0.1, 0.35
    low.prior[0], high.prior[0] = 0.3, 0.3
    n = len(low.learn)
    pseudo = Pseudocounts(*(np.full((n, 2), each) for each in (2.0, 1.0, 0.5, 3.0, 1.5)))
    return terms._replace(limits=Limits(low, high), pseudo=pseudo)


@pytest.mark.parametrize("terms", [None, held])
@pytest.mark.parametrize("seed", range(6))
def test_no_step_lowers_the_penalised_likelihood(terms, seed):
    rng = np.random.default_rng(seed)
    columns, _ = school(12 if seed < 3 else 60, 4, 5, forget=0.1, seed=seed)
    problem = problem_of(columns, terms)
    at, objectives = a_point(rng, 2 + seed % 2, 4, problem.terms.limits), []
    for _ in range(40):
        at, objective = problem.step(at)
        objectives.append(objective)
    rises = np.diff(objectives)
    assert rises.min() > -1e-9
    assert rises[0] > 1
    assert np.all(at.common.guess + at.common.slip < 1)
    if terms is held:
        learn = at.learn.value
        assert learn.min() >= 0.1
        assert learn.max() <= 0.35
        np.testing.assert_allclose(at.prior.value[:, 0], 0.3, atol=1e-15)


def test_simulated_classes_are_found():
    columns, own = school()
    plain, model = BKT(n_init=1).fit(columns), BKT(student_classes=2, n_init=1).fit(columns)
    assert model.converged_.all()
    assert model.log_likelihood_.sum() > plain.log_likelihood_.sum() + 500
    truth, found = np.array(SHIFTS), model.class_shifts_
    np.testing.assert_allclose(found["weight"], [np.mean(own == 0), np.mean(own == 1)], atol=0.05)
    for at, name in enumerate(("prior", "learn")):
        apart = found[name][1] - found[name][0]
        assert apart == pytest.approx(truth[1, at] - truth[0, at], abs=0.3)
    state = model.update_state(model.init_state(len(own)), columns)
    stronger = state.class_shares(np.arange(len(own)))[1] > 0.5
    assert np.mean(stronger == own) > 0.9


def test_the_log_likelihood_is_of_all_answers_of_a_student(fitted):
    columns, _ = school(150, 3, 5)
    model = fitted["two"]
    total = 0.0
    for _, rows, answers in histories({**columns, "correct": columns["correct"].astype(float)}):
        one = Enumerated(model.class_weights_, model.student_class_parameters_, answers)
        total += np.log(one.at(len(rows))[2])
    assert model.log_likelihood_.sum() == pytest.approx(total, abs=1e-9)


def test_one_class_is_plain_bkt():
    columns, _ = school(60, 3, 4)
    plain, one = BKT(n_init=1).fit(columns), BKT(student_classes=1, n_init=1).fit(columns)
    assert one.fingerprint_ == plain.fingerprint_
    assert one.class_weights_.tolist() == [1.0]
    assert [len(column) for column in one.class_shifts_.values()] == [0, 0, 0, 0]
    for name, table in one.student_class_parameters_.items():
        np.testing.assert_array_equal(table, one.parameters_[name][None])


@pytest.mark.parametrize("name", ["two", "three"])
def test_tables_are_the_parameters_shifted(fitted, name):
    model = fitted[name]
    weights, shifts = model.class_weights_, model.class_shifts_
    tables = model.student_class_parameters_
    assert weights.sum() == pytest.approx(1)
    assert shifts["class"].tolist() == list(range(len(weights)))
    assert np.all(np.diff(shifts["prior"] + shifts["learn"]) >= 0)
    for field in ("prior", "learn"):
        assert weights @ shifts[field] == pytest.approx(0, abs=1e-12)
        expected = expit(logit(model.parameters_[field]) + shifts[field][:, None])
        np.testing.assert_allclose(tables[field], expected, rtol=1e-9)
    for field in ("forget", "guess", "slip"):
        np.testing.assert_array_equal(tables[field], [model.parameters_[field]] * len(weights))


def test_what_is_held_holds_for_every_class():
    columns, _ = school(80, 3, 5)
    fixed, bounds = {"prior": {0: 0.3, 1: 1.0}}, {"learn": (0.1, 0.3)}
    model = BKT(student_classes=2, n_init=1, fixed=fixed, bounds=bounds).fit(columns)
    tables = model.student_class_parameters_
    np.testing.assert_allclose(tables["prior"][:, :2], [[0.3, 1.0]] * 2, rtol=1e-15)
    assert np.ptp(tables["prior"][:, 2]) > 0.1
    assert tables["learn"].min() >= 0.1
    assert tables["learn"].max() <= 0.3
    assert model.mastery(columns).value.max() == 1


@pytest.mark.filterwarnings("ignore:skill 7 was not in the training log")
def test_what_is_held_for_all_skills_holds_for_a_new_one():
    model = BKT(student_classes=2, n_init=1, fixed={"prior": 0.3}).fit(school(80, 3, 5)[0])
    right, guess = 1 - model.pooled_["slip"], model.pooled_["guess"]
    found = model.predict_proba({"student": [1], "skill": [7], "correct": [1]})[0, 1]
    assert found == pytest.approx(0.3 * right + 0.7 * guess, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"guess_by": "item"}, "guess_by"),
        ({"ability": True, "lag": True}, "ability"),
        ({"multi_skill": "conjunctive"}, "multi_skill"),
        ({"uncertainty": True}, "uncertainty"),
    ],
)
def test_what_does_not_combine_is_refused_by_name(options, name):
    with pytest.raises(ParameterError, match=f"student_classes does not go together with {name}"):
        BKT(student_classes=2, **options).fit(school(20, 2, 3)[0])


def test_counts_and_tables_are_refused_by_name():
    columns, _ = school(20, 2, 3)
    with pytest.raises(ParameterError, match="student_classes needs more than counts"):
        BKT(student_classes=2).fit_counts(SequenceCounts.from_log(ResponseLog.from_frame(columns)))
    table = {"skill": ["a"], **{name: [0.2] for name in ("prior", "learn", "guess", "slip")}}
    with pytest.raises(ParameterError, match="student_classes needs a fit"):
        BKT.from_parameters(table, student_classes=2)
    with pytest.raises(ParameterError, match="student_classes must be"):
        BKT(student_classes=0).fit(columns)


def test_a_fit_that_is_cut_short_says_so():
    columns, _ = school(60, 3, 5)
    with pytest.warns(ConvergenceWarning, match="raise max_iter"):
        model = BKT(student_classes=2, n_init=1, max_iter=1, tol=1e-15).fit(columns)
    assert not model.converged_.any()
    assert model.n_iter_.tolist() == [1, 1, 1]


def test_few_students_do_not_fly_apart():
    columns, _ = school(4, 2, 3)
    with pytest.warns(adaptlearn.errors.IdentificationWarning):
        model = BKT(student_classes=3, n_init=1).fit(columns)
    assert model.class_weights_.min() > 0.05
    assert max(np.abs(model.class_shifts_[name]).max() for name in ("prior", "learn")) < 2


@pytest.mark.filterwarnings("ignore:skill 7 was not in the training log")
def test_a_skill_that_is_new_has_the_common_parameters_of_each_class(fitted):
    model = fitted["two"]
    weights, shifts = model.class_weights_, model.class_shifts_
    priors = expit(logit(model.pooled_["prior"]) + shifts["prior"])
    guess, slip = model.pooled_["guess"], model.pooled_["slip"]
    expected = weights @ (priors * (1 - slip) + (1 - priors) * guess)
    found = model.predict_proba({"student": [1], "skill": [7], "correct": [1]})[0, 1]
    assert found == pytest.approx(expected, abs=1e-12)


def test_answers_on_one_skill_move_another(fitted):
    model = fitted["two"]
    tracker = MasteryTracker(model)
    tracker.update({"student": ["ann"] * 5, "skill": [0] * 5, "correct": [1] * 5})
    tracker.update({"student": ["bob"] * 5, "skill": [0] * 5, "correct": [0] * 5})
    ann, bob = tracker.mastery(["ann", "bob"]).value[:, 2]
    new = model.mastery({"student": ["x"], "skill": [0], "correct": [1]}, when="after_response")
    assert bob < new.value[0, 2] < ann


def test_saved_and_read_back(fitted, tmp_path):
    model, path = fitted["three"], tmp_path / "model.json"
    model.save(path)
    again: Any = adaptlearn.load(path)
    assert again.fingerprint_ == model.fingerprint_
    assert again.student_classes == 3
    for name, column in model.class_shifts_.items():
        np.testing.assert_array_equal(again.class_shifts_[name], column)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": [0.5, 0.4]}, "do not sum to 1"),
        ({"weights": [1.0]}, "1 classes of students"),
        ({"learn": [[0.1, 0.2]]}, "learn"),
        ({"prior": [[0.1, 0.2, 0.3, 1.4]] * 2}, "prior"),
    ],
)
def test_a_file_with_other_classes_is_refused(fitted, tmp_path, change, said):
    path = tmp_path / "model.json"
    fitted["two"].save(path)
    manifest = json.loads(path.read_text())
    manifest["student_classes"] |= change
    del manifest["digest"]
    path.write_text(json.dumps({**manifest, "digest": fingerprint(manifest)}))
    with pytest.raises(ModelFileError, match=said):
        adaptlearn.load(path)


def test_a_notebook_shows_the_classes(fitted):
    text = Page(fitted["three"]._repr_html_()).text
    assert "class_shifts_ (3 rows)" in text
    assert "student_class_parameters_" not in text


def test_classes_are_ordered_from_the_weakest_and_centred():
    low, high = (Parameters(*np.full((5, 1), p)) for p in (0.0, 1.0))
    prior, learn = (
        Shifted(np.zeros(1), np.array(shift), low.prior, high.prior)
        for shift in ([1.0, -1.0, 0.0], [0.5, 0.0, -3.0])
    )
    common = Parameters(*np.full((5, 1, 1), 0.1))
    point = Point(np.array([0.2, 0.3, 0.5]), prior, learn, common)
    pooled = Parameters(*np.full((5, 1), 0.2))
    by_skill, found = student_classes(point, pooled, Limits(low, high))
    assert found.weights.tolist() == [0.5, 0.3, 0.2]  # by the sums -3, -1 and 1.5
    np.testing.assert_allclose(found.prior_shift, np.array([0.0, -1.0, 1.0]) + 0.1)
    np.testing.assert_allclose(found.learn_shift, np.array([-3.0, 0.0, 0.5]) + 1.4)
    np.testing.assert_allclose(found.prior[:, 0], expit([0.0, -1.0, 1.0]))
    np.testing.assert_allclose(by_skill.prior, expit(-0.1))
