"""Parameters by class: EM against enumeration, prediction against the equations, odd labels."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.models.class_oracle import (
    FIELDS,
    GAPS,
    QUIET,
    VARIANTS,
    Row,
    class_of,
    class_values,
    enumerate_paths,
    histories,
    log_of_rows,
    make,
    steps_of,
    tangled_rows,
    walk,
)
from tests.models.test_bkt_em import LAYOUTS

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import AdaptLearnWarning, DataWarning
from adaptlearn.models import BKT
from adaptlearn.models.bkt.cells import class_entries
from adaptlearn.models.bkt.em import trie as trie_module
from adaptlearn.models.bkt.em.room import room_of
from adaptlearn.models.bkt.em.steps import expectations, maximise
from adaptlearn.models.bkt.em.trie import answers_only, build_trie
from adaptlearn.models.bkt.entries import Entries
from adaptlearn.models.bkt.fit.by_em import alphabet_of
from adaptlearn.models.bkt.fit.options import schemes_of
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Limits, Parameters

pytestmark = QUIET
EVENTS = {  # the expected counts of each parameter's event and of its opposite
    "prior": ("first_known", None),
    "learn": ("learned", "stay_unknown"),
    "forget": ("forgot", "stay_known"),
    "guess": ("right_unknown", "wrong_unknown"),
    "slip": ("wrong_known", "right_known"),
}


def class_trie(model, log, layout="mixed"):
    """The trie a fit builds, and the labels of every field's cells."""
    entries = Entries.of_log(log)
    classed = class_entries(entries, schemes_of(model.get_params()), model.gaps)
    if classed is None:
        alphabet, tables = answers_only(entries.answers), {}
    else:
        alphabet, tables = alphabet_of(entries.answers, classed), classed.classes.tables
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LAYOUTS[layout].items():
            patch.setattr(trie_module, name, value)
        trie = build_trie(log.sequences, alphabet, log.sequences.major, log.n_skills)
    names = log.skill.labels.tolist()
    labels = {field: list(names) for field in FIELDS}
    for field, table in tables.items():
        if not table.scheme:
            continue
        labels[field] = [
            (names[k], tuple(a), tuple(b), c)
            for k, (a, b, c) in zip(table.split()[0].tolist(), table.labels(), strict=True)
        ]
    return trie, labels


def drawn(rng, labels, forgetting):
    """Random values by label, and the same as arrays of cells."""
    top = {"prior": 0.95, "learn": 0.6, "forget": 0.4, "guess": 0.48, "slip": 0.48}
    values = {f: {label: rng.uniform(0.02, top[f]) for label in labels[f]} for f in FIELDS}
    if not forgetting:
        values["forget"] = dict.fromkeys(values["forget"], 0.0)
    arrays = [np.array([[values[f][label] for label in labels[f]]]) for f in FIELDS]
    return values, Parameters(*arrays)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_e_and_m_step_equal_enumeration(variant, layout):
    for seed in range(4):
        rows, model = tangled_rows(seed), make(variant)
        rng = np.random.default_rng(seed)
        trie, labels = class_trie(model, log_of_rows(rows), layout)
        values, parameters = drawn(rng, labels, model.forgetting)
        found = expectations(trie, parameters)

        likelihood = dict.fromkeys("ab", 0.0)
        counts: dict[Any, np.ndarray] = {}
        for (_, skill), places in histories(rows).items():
            own = [rows[place] for place in places]
            answers = [row.answer for row in own]
            ll, more = enumerate_paths(steps_of(model, skill, own), answers, values)
            likelihood[skill] += ll
            for key, count in more.items():
                counts[key] = counts.get(key, 0) + count
        np.testing.assert_allclose(found.log_likelihood[0], [*likelihood.values()], atol=1e-9)
        limits = Limits.widest(trie.owner)
        after = maximise(found, parameters, room_of(trie), limits)
        pairs = room_of(trie)
        wanted = {}
        for field, (event, opposite) in EVENTS.items():
            if field == "forget" and not model.forgetting:
                continue  # not counted
            expected = np.array(
                [counts.get((field, label), np.zeros(2)) for label in labels[field]]
            )
            assert len(expected) == len(labels[field])
            happened = getattr(found, event)[0]
            other = found.first[0] - happened if opposite is None else getattr(found, opposite)[0]
            np.testing.assert_allclose(np.transpose([happened, other]), expected, atol=1e-9)
            whole = expected.sum(axis=1)
            share = np.clip(expected[:, 0] / np.where(whole > 0, whole, 1), FLOOR, 1 - FLOOR)
            wanted[field] = np.where(whole > 0, share, getattr(parameters, field)[0])
        # All labels that the equations use are cells, and no others.
        assert {label for field, label in counts if field == "learn"} <= set(labels["learn"])
        total = wanted["guess"][pairs.guess] + wanted["slip"][pairs.slip]
        assert np.all(after.guess[0, pairs.guess] + after.slip[0, pairs.slip] <= 1 - MARGIN + 1e-12)
        for field, value in wanted.items():
            if field in ("prior", "learn", "forget") or np.all(total <= 1 - MARGIN):
                np.testing.assert_allclose(getattr(after, field)[0], value, atol=1e-9)


@pytest.mark.parametrize("accelerate", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_likelihood_never_falls(variant, accelerate):
    log = log_of_rows(tangled_rows(7, 150, n_students=12))
    start = {"prior": 0.5, "learn": 0.2, "forget": 0.1, "guess": 0.3, "slip": 0.3}
    if "forget_by" not in VARIANTS[variant]:
        del start["forget"]
    found = [
        make(variant, start=start, tol=0, max_iter=n, accelerate=accelerate).fit(log)
        for n in (0, 1, 2, 3, 4, 5, 9, 10, 20, 40)
    ]
    rises = np.diff([model.log_likelihood_ for model in found], axis=0)
    assert np.all(rises >= -1e-9)
    assert np.all(rises[0] > 0)
    # A model's likelihood is that of its own predictions (of one skill: rows of two share them).
    for model in found[::3]:
        one = log_of_rows([row._replace(skills=["a"]) for row in tangled_rows(7, 150)])
        found_again = model.fit(one).log_likelihood_[0]
        assert found_again == pytest.approx(log_likelihood(model, one), abs=1e-9)


def log_likelihood(model, log):
    """Of a log's answers, from their predictions."""
    p = model.predict_proba(log)[:, 1]
    return np.log(np.select([log.correct == 1, log.correct == 0], [p, 1 - p], 1.0)).sum()


def test_guess_and_slip_by_different_columns_stay_below_one_wherever_they_meet():
    # Right answers turn wrong with practice: each pair is pushed past 1.
    rng = np.random.default_rng(0)
    n = 400
    columns = {
        "student": np.repeat(np.arange(n), 6),
        "skill": np.array(["fading"] * 6 * n),
        "item": rng.integers(0, 5, 6 * n),
        "lesson": rng.integers(0, 3, 6 * n),
        "correct": (rng.random((n, 6)) < np.linspace(0.95, 0.1, 6)).astype(int).ravel(),
    }
    log = ResponseLog.from_frame(columns, extra=["lesson"])
    for borrow in (0.0, 10.0):
        model = BKT(guess_by="item", slip_by="lesson", borrow=borrow, max_iter=200).fit(log)
        table = class_values(model)
        sums = [
            table["guess"]["fading", (), (item,), 0] + table["slip"]["fading", (), (lesson,), 0]
            for item, lesson in set(zip(columns["item"], columns["lesson"], strict=True))
        ]
        assert 0.9 < max(sums) < 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_predictions_follow_the_equations(variant, tmp_path):
    model = make(variant, n_init=1, max_iter=30).fit(log_of_rows(tangled_rows(0, 300)))
    rows = tangled_rows(1, 120, skills=2)
    # Items, lessons and groups of which some are new.
    rows[::7] = [row._replace(item="new", lesson=9, group="z") for row in rows[::7]]
    log = log_of_rows(rows)
    expected, after = walk(model, rows)
    p = model.predict_proba(log)
    np.testing.assert_allclose(p[:, 1], expected, atol=1e-12)
    mastery = model.mastery(log, when="after_response")
    for (student, skill), known in after.items():
        place = mastery.students.tolist().index(student), mastery.skills.tolist().index(skill)
        assert mastery.value[place] == pytest.approx(known, abs=1e-12)

    model.save(tmp_path / "model.json")
    again = adaptlearn.load(tmp_path / "model.json")
    assert again.fingerprint_ == model.fingerprint_
    np.testing.assert_array_equal(again.predict_proba(log), p)
    state = again.init_state(log.n_students)
    numbered = log.with_students(np.arange(log.n_students))
    again.update_state(state, numbered)
    found = again.state_mastery(state, np.arange(log.n_students), when="after_response")
    np.testing.assert_allclose(found.value, mastery.value, atol=1e-14)


def test_a_new_class_is_as_its_skill_and_a_new_skill_as_the_common_one():
    model = make("all at once", n_init=1, max_iter=30).fit(log_of_rows(tangled_rows(0, 300)))
    new = Row("s", 0.0, ["a"], "new", 9, "z", 1)
    rows = [new, new._replace(time=1.0), new._replace(time=999.0, answer=0)]
    p = model.predict_proba(log_of_rows(rows))[:, 1]
    own = {name: model.parameters_[name][0] for name in FIELDS}
    assert p[0] == pytest.approx(by_hand(own["prior"], own))
    assert p[1:] == pytest.approx(forward_by_hand(own, [1, 1, 0])[1:])
    with pytest.warns(DataWarning, match="skill 'z'"):
        p = model.predict_proba(
            log_of_rows([row._replace(skills=["z"], item="i0") for row in rows])
        )
    assert p[:, 1] == pytest.approx(forward_by_hand(model.pooled_, [1, 1, 0]))


def by_hand(known, own):
    return known * (1 - own["slip"]) + (1 - known) * own["guess"]


def forward_by_hand(own, answers):
    known, found = own["prior"], []
    for answer in answers:
        found.append(by_hand(known, own))
        hit = known * (1 - own["slip"])
        known = hit / found[-1] if answer else (known - hit) / (1 - found[-1])
        known = known * (1 - own["forget"]) + (1 - known) * own["learn"]
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_batch_equals_online_wherever_the_log_is_cut(variant):
    model = make(variant, n_init=1, max_iter=20).fit(log_of_rows(tangled_rows(0, 300)))
    rows = sorted(tangled_rows(2, 60), key=lambda row: row.time)
    rows[::9] = [row._replace(item="new", lesson=9, group="z") for row in rows[::9]]
    log = log_of_rows(rows)
    log = log.with_students(np.arange(log.n_students))
    batch, everyone = model.predict_proba(log)[:, 1], np.arange(log.n_students)
    final = model.mastery(log).value
    for cut in range(len(log) + 1):
        state = model.init_state(log.n_students)
        model.update_state(state, log[:cut])
        kept = state.to_arrays()
        if cut < len(log):
            p = model.predict_proba(log[cut:], state=state)[:, 1]
            np.testing.assert_allclose(p, batch[cut:], atol=1e-14)
        back = model.init_state(log.n_students)  # a state that was stored and read again
        back.take_arrays(kept)
        back.skills, back.clock = list(state.skills), state.clock
        model.update_state(back, log[cut:])
        np.testing.assert_allclose(model.state_mastery(back, everyone).value, final, atol=1e-14)
    state = model.init_state(log.n_students)
    for row in range(len(log)):
        p = model.predict_proba(log[row : row + 1], state=state)[:, 1]
        np.testing.assert_allclose(p, batch[row], atol=1e-14)
        model.update_state(state, log[row : row + 1])
    np.testing.assert_allclose(model.state_mastery(state, everyone).value, final, atol=1e-14)


def test_a_student_who_is_forgotten_leaves_the_others_classes_in_place():
    model = make("all at once", n_init=1, max_iter=20).fit(log_of_rows(tangled_rows(0, 300)))
    log = log_of_rows(sorted(tangled_rows(3, 60), key=lambda row: row.time))
    log = log.with_students(np.arange(log.n_students))
    batch = model.predict_proba(log)[:, 1]
    state = model.update_state(model.init_state(log.n_students), log[:30])
    state.forget(np.array([1]))
    rest = log[30:]
    rest = rest[rest.student.codes != 1]
    others = np.flatnonzero(log.student.codes[30:] != 1) + 30
    p = model.predict_proba(rest, state=state)[:, 1]
    np.testing.assert_allclose(p, batch[others], atol=1e-14)


def test_a_state_whose_students_are_all_forgotten_begins_anew():
    model = make("all at once", n_init=1, max_iter=20).fit(log_of_rows(tangled_rows(0, 300)))
    log = log_of_rows(sorted(tangled_rows(3, 60), key=lambda row: row.time))
    log = log.with_students(np.arange(log.n_students))
    state = model.update_state(model.init_state(log.n_students), log)
    state.forget(np.arange(log.n_students))
    np.testing.assert_array_equal(
        model.predict_proba(log, state=state), model.predict_proba(log, state=None)
    )


def test_a_saved_model_goes_on_from_the_states_and_errors_of_the_one_it_was(tmp_path):
    # Lessons that only ever end a history have no cell, and so no place in the file.
    rows = tangled_rows(8, 200, n_students=20)
    for places in list(histories(rows).values())[::2]:
        rows[places[-1]] = rows[places[-1]]._replace(lesson=-places[-1])
    model = make("all at once", gaps=(10, 100), n_init=1, max_iter=40, uncertainty=True)
    log = log_of_rows(sorted(rows, key=lambda row: row.time))
    model.fit(log).save(tmp_path / "m.json")
    again: Any = adaptlearn.load(tmp_path / "m.json")
    for table in ("class_parameters_", "parameters_"):
        for name, column in getattr(model, table).items():
            assert getattr(again, table)[name].tolist() == column.tolist()
    for name, column in model.intervals().items():
        np.testing.assert_array_equal(again.intervals()[name], column)

    later = log_of_rows([row._replace(time=row.time + 501) for row in tangled_rows(9, 100)])
    batches = [part.with_students(np.arange(part.n_students)) for part in (log, later)]
    states = [model.update_state(model.init_state(20), batches[0]) for _ in range(2)]
    p = [m.predict_proba(batches[1], state=s) for m, s in zip((model, again), states, strict=True)]
    np.testing.assert_array_equal(p[0], p[1])
    usual = BKT(**VARIANTS["all at once"], forgetting=True, n_init=1, max_iter=2).fit(log)
    assert list(usual.gaps) == [3600, 86400, 604800]
    usual.save(tmp_path / "m.json")
    assert adaptlearn.load(tmp_path / "m.json").fingerprint_ == usual.fingerprint_


def test_a_class_with_one_response_and_a_skill_with_one_history():
    rows = [row._replace(skills=["a"]) for row in tangled_rows(4, 200, n_students=30)]
    rows[11] = rows[11]._replace(item="rare", answer=1)
    log = log_of_rows(rows)
    for borrow in (0.0, 10.0):
        model = make("guess and slip by item", borrow=borrow).fit(log)
        table = class_values(model)
        own = table["guess"]["a"], table["slip"]["a"]
        rare = tuple(table[f]["a", (), ("rare",), 0] for f in ("guess", "slip"))
        moved = np.abs(np.subtract(rare, own)).max()
        # Left to itself, one right answer says that wrong ones do not occur.
        assert moved < 0.1 if borrow else moved > 0.2
        assert model.converged_.all()
    p = make("all at once").fit(log_of_rows(rows[:1])).predict_proba(log_of_rows(rows[:1]))
    assert np.all((p > 0) & (p < 1))


@pytest.mark.parametrize("variant", VARIANTS)
@settings(deadline=None, max_examples=trials(150))
@given(data=st.data())
def test_whatever_is_fitted_gives_probabilities(variant, data):
    row = st.builds(
        Row,
        student=st.sampled_from(["s1", "s2", "s3"]),
        time=st.sampled_from([0.0, 5.0, 10.0, 100.0, 1e9]),
        skills=st.sampled_from([["a"], ["b"], ["a", "b"]]),
        item=st.sampled_from(["i", "j"]),
        lesson=st.integers(0, 1),
        group=st.sampled_from(["x", "y"]),
        answer=st.sampled_from(data.draw(st.sampled_from([(None,), (1,), (0, 1), (0, 1, None)]))),
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=12))
    borrow = data.draw(st.sampled_from([0.0, 10.0]))
    log = log_of_rows(rows)
    model = make(variant, n_init=2, max_iter=20, borrow=borrow).fit(log)
    np.testing.assert_allclose(model.predict_proba(log)[:, 1], walk(model, rows)[0], atol=1e-9)
    for table in class_values(model).values():
        assert all(0 <= value <= 1 for value in table.values())
    if all(len(row.skills) == 1 for row in rows):
        likelihood = log_likelihood(model, log)
        assert model.log_likelihood_.sum() == pytest.approx(likelihood, abs=1e-9)


def test_a_skill_without_transitions_beside_one_with_many():
    # Where the others have come to rest, the batch holds no class of learning at all.
    single = [Row(f"t{n}", 0.0, ["b"], "i0", 0, "x", n % 2) for n in range(30)]
    rows = [row._replace(skills=["a"]) for row in tangled_rows(5, 80)] + single
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdaptLearnWarning)
        log = log_of_rows(single)
        for variant in VARIANTS:
            model = make(variant, borrow=0.0).fit(log)
            assert model.log_likelihood_[0] == pytest.approx(log_likelihood(model, log), abs=1e-9)
            assert model.log_likelihood_[0] == pytest.approx(30 * np.log(0.5), abs=1e-3)
        for variant in ("learn by lesson", "learn and forget by lesson"):
            for options in ({}, {"borrow": 0.0}, {"tol": 1e-3}):
                model = make(variant, **options).fit(log_of_rows(rows))
                expected = walk(model, rows)[0]
                np.testing.assert_allclose(
                    model.predict_proba(log_of_rows(rows))[:, 1], expected, atol=1e-12
                )


def test_a_history_of_two_thousand_answers():
    rng = np.random.default_rng(0)
    rows = [
        Row("s0", 7.0 * t, ["a"], f"i{rng.integers(3)}", int(rng.integers(2)), "x", int(answer))
        for t, answer in enumerate(rng.random(2000) < 0.6)
    ]
    log = log_of_rows(rows)
    for variant in ("all at once", "guess and slip by item"):
        model = make(variant, n_init=1, max_iter=10, gaps=GAPS).fit(log)
        expected = walk(model, rows)[0]
        np.testing.assert_allclose(model.predict_proba(log)[:, 1], expected, atol=1e-9)
        right = log.correct == 1
        total = np.log(np.where(right, expected, 1 - expected)).sum()
        assert model.log_likelihood_[0] == pytest.approx(total, rel=1e-9)


def test_each_class_of_the_log_has_a_cell_and_no_other():
    rows = tangled_rows(6, 100)
    for variant in VARIANTS:
        model = make(variant, n_init=1, max_iter=1).fit(log_of_rows(rows))
        table = class_values(model)
        for field in (f for f in FIELDS if getattr(model, f"{f}_by") is not None):
            used = set()
            for (_, skill), places in histories(rows).items():
                own: list[Row | None] = [None, *(rows[place] for place in places)]
                for before, row in itertools.pairwise(own):
                    assert row is not None
                    if field == "prior" and before is not None:
                        continue
                    if field in ("learn", "forget") and before is None:
                        continue
                    used.add(class_of(model, field, skill, row, before))
            assert {label for label in table[field] if isinstance(label, tuple)} == used
