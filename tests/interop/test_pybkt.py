"""pyBKT's table into a model and out of one; the same predictions as pyBKT 1.4.3."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError
from adaptlearn.interop import from_pybkt, to_pybkt
from adaptlearn.models import BKT

PLAIN = {"prior": 0.4, "learns": 0.2, "guesses": 0.25, "slips": 0.1, "forgets": 0.0}
COLUMNS = ("skill", "param", "class", "value")
SIZE = 800


def table(rows):
    return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))


def rows_of(skill="add", **changed):
    """One skill's rows; a parameter may be given as a mapping of classes."""
    return [
        (skill, name, label, value)
        for name, given in {**PLAIN, **changed}.items()
        for label, value in (given if isinstance(given, dict) else {"default": given}).items()
    ]


def log_columns(seed=3, skills=("area", "add")):
    """Interleaved skills; items, lessons and groups that matter."""
    rng = np.random.default_rng(seed)
    known = {
        (student, skill): rng.random() < 0.2 + 0.4 * (student % 2)
        for student in range(50)
        for skill in skills
    }
    columns: dict[str, list] = {
        name: [] for name in ("student", "skill", "correct", "item", "lesson", "group")
    }
    for row in range(SIZE):
        student, skill = row % 50, skills[rng.integers(len(skills))]
        item, lesson = int(rng.integers(3)), int(rng.integers(2))
        p = 0.92 - 0.05 * item if known[student, skill] else 0.12 + 0.08 * item
        values = (student, skill, int(rng.random() < p), 10 + item, f"l{lesson}", "ab"[student % 2])
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
        known[student, skill] |= rng.random() < 0.1 + 0.25 * lesson
    return columns


def as_log(columns):
    return ResponseLog.from_frame(columns, extra=["lesson", "group"])


def items_of(columns):
    order = np.lexsort((columns["class"], columns["param"], columns["skill"]))
    return [tuple(columns[name][k] for name in COLUMNS) for k in order]


# ---- without pyBKT


def test_a_plain_table_becomes_a_model():
    model = from_pybkt(table(rows_of("b", prior=0.5) + rows_of("a", forgets=0.05)))
    assert model.skills_.tolist() == ["a", "b"]
    assert model.parameters_["prior"].tolist() == [0.4, 0.5]
    assert model.parameters_["forget"].tolist() == [0.05, 0.0]
    assert model.forgetting
    assert not from_pybkt(table(rows_of())).forgetting


def test_coef_is_read_where_it_names_everything():
    coef = {"add": {"prior": 0.4, **{n: np.array([PLAIN[n]]) for n in list(PLAIN)[1:]}}}
    read, expected = from_pybkt(coef), from_pybkt(table(rows_of()))
    assert read.fingerprint_ == expected.fingerprint_
    coef["add"]["guesses"] = np.array([0.1, 0.2])
    with pytest.raises(ParameterError, match=r"guesses has 2 values.*give Model.params\(\)"):
        from_pybkt(coef)


def test_a_frame_is_read_with_its_index_and_without():
    pandas = pytest.importorskip("pandas")
    flat = pandas.DataFrame(table(rows_of()))
    indexed = flat.set_index(["skill", "param", "class"])
    prints = {from_pybkt(frame).fingerprint_ for frame in (flat, indexed, table(rows_of()))}
    assert len(prints) == 1


TABLES: dict[str, tuple[list, dict[str, Any]]] = {
    "plain": (rows_of("a") + rows_of("b", forgets=0.03), {}),
    "multigs": (rows_of(guesses={"x": 0.1, "y": 0.3}, slips={"x": 0.2, "y": 0.05}),
                {"multigs": "item"}),
    "multilearn": (rows_of(learns={"x": 0.1, "y": 0.3}, forgets={"x": 0.0, "y": 0.1}),
                   {"multilearn": "lesson"}),
    "multilearn without forgets": (
        rows_of(learns={"x": 0.1, "y": 0.3}, forgets={"x": 0.0, "y": 0.0}),
        {"multilearn": "lesson"},
    ),
    "multiprior": (
        rows_of(prior=0.0, learns={"Default": 0.2, "x": 0.3, "y": 0.6},
                forgets={"Default": 0.0, "x": 0.0, "y": 0.0}),
        {"multiprior": "group"},
    ),
    "two at once": (
        rows_of("a", guesses={"x": 0.1, "y": 0.3}, slips={"x": 0.2, "y": 0.05},
                learns={"u": 0.1}, forgets={"u": 0.2})
        + rows_of("b", learns={"u": 0.4, "v": 0.1}, forgets={"u": 0.0, "v": 0.1}),
        {"multigs": "item", "multilearn": "lesson"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.filterwarnings("ignore:.*not seen in training:adaptlearn.errors.DataWarning")
def test_a_table_comes_back_as_it_was(name):
    rows, options = TABLES[name]
    written = to_pybkt(from_pybkt(table(rows), **options))
    read = {column: np.array(values, object) for column, values in table(rows).items()}
    assert items_of(written) == items_of(read)


@pytest.mark.parametrize(
    ("settings", "options", "lost"),
    [
        ({}, {}, None),
        ({"forgetting": True}, {}, None),
        ({"guess_by": "item", "slip_by": "item"}, {"multigs": "item"}, "guess, slip"),
        ({"learn_by": "lesson"}, {"multilearn": "lesson"}, "learn"),
        ({"prior_by": "group"}, {"multiprior": "group"}, "prior"),
    ],
)
def test_a_fitted_model_comes_back_with_its_predictions(settings, options, lost):
    log = as_log(log_columns())
    model = BKT(max_iter=50, tol=0, **settings).fit(log)
    if lost is None:
        written = to_pybkt(model)
    else:
        with pytest.warns(DataWarning, match=f"^{lost}: what serves classes that were not seen"):
            written = to_pybkt(model)
    again = from_pybkt(written, class_type=lambda text: int(text) if text.isdigit() else text,
                       pooled=model.pooled_, **options)  # fmt: skip
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))


def test_one_parameter_by_class_is_written_with_its_partner():
    log = as_log(log_columns())
    model = BKT(guess_by="item", max_iter=20, tol=0).fit(log)
    with pytest.warns(DataWarning, match="^guess: what serves"):
        written = to_pybkt(model)
    slips = written["value"][(written["param"] == "slips") & (written["skill"] == "add")]
    assert slips.tolist() == [model.parameters_["slip"][0]] * 3
    again = from_pybkt(written, multigs="item", class_type=int)
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))


def test_unseen_classes_are_served_the_medians():
    guesses, slips = {"x": 0.1, "y": 0.3, "z": 0.2}, {"x": 0.2, "y": 0.05, "z": 0.1}
    model = from_pybkt(table(rows_of(guesses=guesses, slips=slips)), multigs="item")
    p = model.predict_proba(
        {"student": [1], "skill": ["add"], "correct": [1], "item": ["new"]}
    )[0, 1]  # fmt: skip
    assert p == pytest.approx(0.4 * 0.9 + 0.6 * 0.2, abs=1e-15)


def test_degenerate_classes_are_named_and_served_as_they_are():
    rows = rows_of(guesses={"x": 0.9, "y": 0.3}, slips={"x": 0.6, "y": 0.1})
    with pytest.warns(DataWarning, match=r"1 class\(es\).*\('add', 'x'\)"):
        model = from_pybkt(table(rows), multigs="item")
    p = model.predict_proba({"student": [1, 2], "skill": ["add"] * 2, "correct": [1, 1],
                             "item": ["x", "new"]})[:, 1]  # fmt: skip
    expected = [0.4 * 0.4 + 0.6 * 0.9, 0.4 * 0.9 + 0.6 * 0.3]
    np.testing.assert_allclose(p, expected, atol=1e-15)


def problems_of(rows, **options):
    with pytest.raises(ParameterError) as caught:
        from_pybkt(table(rows) if isinstance(rows, list) else rows, **options)
    return caught.value.problems


def test_every_row_that_cannot_be_meant_is_named():
    bad = [*rows_of(), ("add", "prior", "default", 0.5), ("add", "speed", "default", 0.5),
           ("add", "slips", "x", float("nan")), ("add", "slips", "y", 1.5)]  # fmt: skip
    twice, unknown, gap, outside = problems_of(bad)
    assert twice == "row 5: skill 'add', prior, 'default' a second time"
    assert unknown.startswith("row 6: param 'speed' is not one of prior, learns")
    assert gap.endswith("got nan")
    assert outside == "row 8: value must be a number in [0, 1], got 1.5"


def test_what_is_absent_is_named():
    assert problems_of(rows_of()[:2]) == ("skill 'add' lacks guesses, slips",)
    assert problems_of({}) == ("there are no rows",)
    with pytest.raises(ResponseDataError, match="column 'class' is missing"):
        from_pybkt({"skill": [], "param": [], "value": []})


def test_classes_and_options_must_agree():
    gs = rows_of(guesses={"x": 0.1, "y": 0.3}, slips={"x": 0.2, "y": 0.05})
    assert "say with multigs=…" in problems_of(gs)[0]
    assert problems_of(rows_of(), multigs="item", multilearn="lesson") == (
        "multigs is given, but guesses has no classes",
        "multilearn is given, but learns has no classes",
    )
    assert "one of them at a time" in problems_of(rows_of(), multilearn="a", multiprior="b")[0]
    uneven = rows_of(guesses={"x": 0.1, "y": 0.3}, slips={"x": 0.2})
    assert "guesses and slips differ in classes" in problems_of(uneven, multigs="item")[0]
    assert "not those of a multiprior fit" in problems_of(rows_of(), multiprior="group")[0]


def test_pairs_of_items_are_refused_with_the_reason():
    pairs = {"Default": 0.2, "['x'] ['y']": 0.4}
    (said,) = problems_of(rows_of(learns=pairs, forgets=dict.fromkeys(pairs, 0.0)))
    assert 'BKT(learn_by="item_pair")' in said


def test_labels_that_look_like_numbers_need_a_type():
    rows = rows_of("7", guesses={"1": 0.1, "2": 0.3}, slips={"1": 0.2, "2": 0.05})
    skills, classes = problems_of(rows, multigs="item")
    assert "skill_type=int" in skills
    assert "class_type=int" in classes
    model = from_pybkt(table(rows), multigs="item", skill_type=int, class_type=int)
    assert model.skills_.tolist() == [7]
    assert set(model.class_parameters_["class"]) == {1, 2}
    kept = from_pybkt(table(rows), multigs="item", skill_type=str, class_type=str)
    assert set(kept.class_parameters_["class"]) == {"1", "2"}
    assert problems_of(rows_of("add"), skill_type=int)[0].startswith("skill_type: 'add' cannot")
    same = rows_of("1") + rows_of("01")
    assert problems_of(same, skill_type=int) == ("skill_type makes several skills one",)


def test_skills_that_are_degenerate_altogether_are_refused():
    (said,) = problems_of(rows_of(guesses=0.7, slips=0.4) + rows_of("b"))
    assert "guess + slip is 1 or more for skill 'add'," in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"guess_by": "item"}, None),
        ({"guess_by": "item", "slip_by": "lesson"}, "guess_by and slip_by differ"),
        ({"guess_by": ("item", "lesson")}, "guess_by has 2 columns; pyBKT takes one"),
        ({"learn_by": "item_pair"}, "learn_by has 'item_pair', which pyBKT does not know"),
        ({"prior_by": "group", "learn_by": "lesson"}, "prior_by goes with learn_by"),
        ({"ability": True}, "ability=True has no counterpart in pyBKT"),
        ({"student_classes": 2}, "student_classes=2 has no counterpart in pyBKT"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*not seen in training:adaptlearn.errors.DataWarning")
def test_what_pybkt_does_not_have_is_refused(settings, said):
    model = BKT(max_iter=200, tol=0, **settings).fit(as_log(log_columns()))
    if said is None:
        to_pybkt(model)
    else:
        with pytest.raises(ParameterError, match=said):
            to_pybkt(model)


def test_classes_that_are_alike_as_text_are_refused():
    columns = log_columns()
    lesson = [1 if value == "l0" else "1" for value in columns["lesson"]]
    log = ResponseLog.from_frame({**columns, "lesson": np.array(lesson, object)}, extra=["lesson"])
    model = BKT(learn_by="lesson", max_iter=2, tol=0).fit(log)
    with pytest.raises(ParameterError, match="classes of learn are alike as text"):
        to_pybkt(model)


# ---- with pyBKT

VARIANTS = [
    ({}, {}),
    ({"forgets": True}, {}),
    ({"multigs": "item"}, {"multigs": "item", "class_type": int}),
    ({"multilearn": "lesson", "forgets": True}, {"multilearn": "lesson"}),
    ({"multiprior": "group"}, {"multiprior": "group"}),
    (
        {"multigs": "item", "multilearn": "lesson"},
        {"multigs": "item", "multilearn": "lesson",
         "class_type": lambda text: int(text) if text.isdigit() else text},
    ),
]  # fmt: skip


def pybkt_frame(pandas, columns):
    return pandas.DataFrame(columns).rename(columns={"student": "user_id", "skill": "skill_name"})


@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*not seen in training:adaptlearn.errors.DataWarning")
@pytest.mark.parametrize(("theirs", "ours"), VARIANTS, ids="+".join)
def test_predictions_are_those_of_pybkt(peer, theirs, ours):
    pandas, models = peer("pandas"), peer("pyBKT.models")
    columns = log_columns()
    peer_model = models.Model(seed=5, num_fits=1, parallel=False)
    peer_model.fit(data=pybkt_frame(pandas, columns), **theirs)
    predicted = peer_model.predict(data=pybkt_frame(pandas, columns)).sort_index()

    params = peer_model.params()
    model = from_pybkt(params, **ours)
    p = model.predict_proba(as_log(columns))[:, 1]
    np.testing.assert_allclose(p, predicted["correct_predictions"], rtol=0, atol=1e-12)

    written = pandas.DataFrame(to_pybkt(model)).set_index(["skill", "param", "class"])
    pandas.testing.assert_frame_equal(
        written.sort_index(), params.sort_index(), check_exact=True, check_index_type=False
    )


@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
def test_state_predictions_are_mastery_at_the_next_opportunity(peer):
    pandas, models = peer("pandas"), peer("pyBKT.models")
    columns = log_columns(skills=("add",))
    peer_model = models.Model(seed=5, num_fits=1, parallel=False)
    peer_model.fit(data=pybkt_frame(pandas, columns), forgets=True)
    # One more row of every student, whose answer nobody knows.
    more = {**{name: values[:50] for name, values in columns.items()}, "correct": [-1] * 50}
    longer = {name: columns[name] + more[name] for name in columns}
    state = peer_model.predict(data=pybkt_frame(pandas, longer)).sort_index()["state_predictions"]
    found = from_pybkt(peer_model.params()).mastery(as_log(columns))
    assert found.when == "next_opportunity"
    assert found.students.tolist() == columns["student"][:50]
    np.testing.assert_allclose(found.value[:, 0], state[-50:], rtol=0, atol=1e-12)


def put_into(peer_model, written):
    """A table as a pyBKT model holds it: `coef_` has no names of classes, so they follow."""
    for skill in dict.fromkeys(written["skill"]):
        mine = written["skill"] == skill
        fields = {
            name: written["value"][mine & (written["param"] == name)]
            for name in ("learns", "forgets", "guesses", "slips")
        }
        names = {
            name: written["class"][mine & (written["param"] == name)]
            for name in ("learns", "guesses")
        }
        prior = float(written["value"][mine & (written["param"] == "prior")][0])
        peer_model.fit_model[skill] = {
            **fields,
            "prior": prior,
            "resource_names": {c: k + 1 for k, c in enumerate(names["learns"])},
            "gs_names": {c: k for k, c in enumerate(names["guesses"])},
        }


@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*not seen in training:adaptlearn.errors.DataWarning")
@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"forgetting": True}, {}),
        ({"guess_by": "lesson", "slip_by": "lesson"}, {"multigs": "lesson"}),
        ({"learn_by": "lesson"}, {"multilearn": "lesson"}),
        ({"prior_by": "group"}, {"multiprior": "group"}),
    ],
)
def test_pybkt_predicts_from_our_table(peer, settings, theirs):
    pandas, models = peer("pandas"), peer("pyBKT.models")
    columns = log_columns()
    model = BKT(max_iter=50, tol=0, **settings).fit(as_log(columns))
    peer_model = models.Model(parallel=False)
    peer_model.fit(data=pybkt_frame(pandas, columns), num_fits=1, **theirs)
    put_into(peer_model, to_pybkt(model))
    predicted = peer_model.predict(data=pybkt_frame(pandas, columns)).sort_index()
    p = model.predict_proba(as_log(columns))[:, 1]
    np.testing.assert_allclose(p, predicted["correct_predictions"], rtol=0, atol=1e-12)
