"""pyBKT 1.4.3's variants and their counterparts: equal parameters after equally many EM steps.

pyBKT reads the log itself here, so that what a variant's column means is compared too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

START = {"prior": 0.35, "learn": 0.2, "forget": 0.1, "guess": 0.25, "slip": 0.15}
LESSONS, ITEMS = ("algebra", "chess", "drill"), (7, 8, 12, 30)
TRUTH: dict[str, dict[Any, float]] = {
    "learn": dict(zip(LESSONS, (0.1, 0.25, 0.4), strict=True)),
    "forget": dict(zip(LESSONS, (0.15, 0.05, 0.02), strict=True)),
    "guess": dict(zip(ITEMS, (0.1, 0.2, 0.3, 0.35), strict=True)),
    "slip": dict(zip(ITEMS, (0.2, 0.1, 0.05, 0.15), strict=True)),
    "prior": {"x": 0.2, "y": 0.6},
}
# pyBKT 1.4.3 beside its own era's pandas and NumPy.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyBKT.*"),
]


def make_columns(forgetting: bool) -> dict[str, np.ndarray]:
    """A log of one skill in answering order; nobody answers only once.

    pyBKT leaves the answers of one-response students out of its emission counts.
    """
    rng = np.random.default_rng(5)
    rows = []
    for student in range(160):
        group = "xy"[rng.integers(2)]
        known = rng.random() < TRUTH["prior"][group]
        for moment in np.sort(rng.random(rng.integers(2, 13))):
            item, lesson = ITEMS[rng.integers(4)], LESSONS[rng.integers(3)]
            slip, guess = TRUTH["slip"][item], TRUTH["guess"][item]
            right = rng.random() < (1 - slip if known else guess)
            rows.append((moment, student, item, lesson, group, int(right)))
            if known:
                known = not (forgetting and rng.random() < TRUTH["forget"][lesson])
            else:
                known = rng.random() < TRUTH["learn"][lesson]
    names = ("time", "student", "item", "lesson", "group", "correct")
    columns = {
        name: np.array(column)
        for name, column in zip(names, zip(*sorted(rows), strict=True), strict=True)
    }
    columns["skill"] = np.array(["one"] * len(rows))
    columns["pair"] = pybkt_pairs(columns["student"], columns["lesson"])
    return columns


def pybkt_pairs(students, items):
    """pyBKT's class of a response for `multipair`: its own item after the one before.

    It teaches with the step *out of* the response, not with the step into it; the column is
    therefore one for `learn_by`, which reads the earlier response. `item_pair` is that of the
    step's own two ends.
    """
    last: dict[int, Any] = {}
    pairs = []
    for student, item in zip(students.tolist(), items.tolist(), strict=True):
        pairs.append(f"[{item!r}] [{last[student]!r}]" if student in last else "Default")
        last[student] = item
    return np.array(pairs)


def pybkt_fit(peer, columns, n_steps, column, *, forgetting):
    """pyBKT's EM from our start, on the data as its own reader prepares them."""
    pd = pytest.importorskip("pandas")
    helper, em_fit = peer("pyBKT.util.data_helper"), peer("pyBKT.fit.EM_fit")
    kinds = ("multilearn", "multiprior", "multipair", "multigs")
    frame = pd.DataFrame({**columns, "order": np.arange(len(columns["correct"]))})
    defaults = {
        "user_id": "student",
        "skill_name": "skill",
        "correct": "correct",
        "order_id": "order",
        **column,
    }
    with pd.option_context("mode.chained_assignment", None):  # its reader sets it for good
        prepared = helper.convert_data(frame, "one", defaults, [name in column for name in kinds])
    data = prepared["one"]
    resources, classes = data["resource_names"], data["gs_names"]
    start = {
        "prior": START["prior"],
        "learns": np.full(len(resources), START["learn"]),
        "forgets": np.full(len(resources), START["forget"] if forgetting else 0.0),
        "guesses": np.full(len(classes), START["guess"]),
        "slips": np.full(len(classes), START["slip"]),
        "As": np.zeros((len(resources), 2, 2)),  # the M step writes here
    }
    if "multiprior" in column:
        # A first, empty response that nobody knows: what it teaches is the prior by class.
        start["prior"] = 0
        start["learns"] = np.array(
            [START["learn" if name == "Default" else "prior"] for name in resources]
        )
    found, history = em_fit.EM_fit(start, data, tol=-1.0, maxiter=n_steps, parallel=False)
    by_resource, by_class = list(resources), list(classes)
    theirs = {
        "prior": found["prior"],
        "learn": dict(zip(by_resource, found["learns"], strict=True)),
        "forget": dict(zip(by_resource, found["forgets"], strict=True)),
        "guess": dict(zip(by_class, found["guesses"], strict=True)),
        "slip": dict(zip(by_class, found["slips"], strict=True)),
    }
    return theirs, float(history[-1, 0])


def ours(columns, n_steps, forgetting, **by):
    start = {k: v for k, v in START.items() if forgetting or k != "forget"}
    model = BKT(
        forgetting=forgetting, start=start, max_iter=n_steps, tol=0, accelerate=False, borrow=0,
        **by,
    )  # fmt: skip
    extra = ["lesson", "group", "pair"]
    return model.fit(ResponseLog.from_frame(columns, extra=extra))


def by_class(model, field):
    """A parameter by class, or its one value."""
    table = model.class_parameters_
    rows = zip(table["parameter"], table["class"], table["value"], strict=True)
    found = {label: value for name, label, value in rows if name == field}
    return found or model.parameters_[field][0]


def plain(values):
    """pyBKT's one class is no class."""
    return values["default"] if isinstance(values, dict) and set(values) == {"default"} else values


VARIANTS: dict[str, tuple[dict[str, str], bool, dict[str, str]]] = {
    # What pyBKT is asked for, whether it forgets, and the same for us.
    "multigs": ({"multigs": "item"}, False, {"guess_by": "item", "slip_by": "item"}),
    "multilearn": ({"multilearn": "lesson"}, False, {"learn_by": "lesson"}),
    "forgets": ({}, True, {}),
    "forgets, multilearn": (
        {"multilearn": "lesson"},
        True,
        {"learn_by": "lesson", "forget_by": "lesson"},
    ),
    "forgets, multigs, multilearn": (
        {"multigs": "item", "multilearn": "lesson"},
        True,
        {"guess_by": "item", "slip_by": "item", "learn_by": "lesson", "forget_by": "lesson"},
    ),
    "multipair": ({"multipair": "lesson"}, False, {"learn_by": "pair"}),
}


@pytest.mark.parametrize("n_steps", [1, 2, 25])
@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_equal_those_of_pybkt(peer, variant, n_steps):
    column, forgetting, by = VARIANTS[variant]
    columns = make_columns(forgetting)
    theirs, before_last = pybkt_fit(peer, columns, n_steps, column, forgetting=forgetting)
    model = ours(columns, n_steps, forgetting, **by)
    assert model.n_iter_.tolist() == [n_steps]
    for field in START:
        if field == "forget" and not forgetting:
            assert model.parameters_["forget"].tolist() == [0]
            continue
        found, wanted = by_class(model, field), plain(theirs[field])
        if f"{field}_by" in by:
            assert set(found) <= set(wanted)
            # A class that no transition leaves has nothing to say; pyBKT sets it to 1.
            assert all(wanted[label] == 1 for label in set(wanted) - set(found))
            wanted = {label: wanted[label] for label in found}
        assert found == pytest.approx(wanted, abs=1e-8, rel=0), field
    before = ours(columns, n_steps - 1, forgetting, **by)
    assert before.log_likelihood_[0] == pytest.approx(before_last, rel=1e-12)


@pytest.mark.parametrize(
    ("column", "n_steps"), [("group", 1), ("group", 2), ("group", 25), ("first", 1), ("first", 2)]
)
def test_multiprior_is_a_prior_by_the_class_of_the_first_response(peer, n_steps, column):
    """pyBKT puts an empty response before each student's first, which nobody knows.

    Its learn rate, by class, is then what we call the prior, and its own prior stays 0. By
    default its class is whether the first answer was right: the answer itself. Then the prior of
    those who were wrong runs to 0, where pyBKT divides by 0; ours stops at 1e-5.
    """
    columns = make_columns(forgetting=False)
    columns["first"] = np.where(columns["correct"] == 1, "right", "wrong")
    theirs, before_last = pybkt_fit(
        peer, columns, n_steps, {"multiprior": column}, forgetting=False
    )
    columns["group"] = columns[column]
    model = ours(columns, n_steps, False, prior_by="group")
    assert theirs["prior"] == 0
    learn = theirs["learn"].pop("Default")
    assert by_class(model, "prior") == pytest.approx(theirs["learn"], abs=1e-8, rel=0)
    assert model.parameters_["learn"][0] == pytest.approx(learn, abs=1e-8, rel=0)
    for field in ("guess", "slip"):
        value = model.parameters_[field][0]
        assert value == pytest.approx(plain(theirs[field]), abs=1e-8, rel=0)
    before = ours(columns, n_steps - 1, False, prior_by="group")
    assert before.log_likelihood_[0] == pytest.approx(before_last, rel=1e-12)
