"""A fitted BKT against Corbett and Anderson's equations, one student at a time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models.students import TRUTH, answers

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.models import BKT


def step(p, values, answer):
    """P(known) after an answer (None: an exposure)."""
    if answer is None:
        return p
    right_known, right_unknown = 1 - values["slip"], values["guess"]
    known = p * (right_known if answer else 1 - right_known)
    unknown = (1 - p) * (right_unknown if answer else 1 - right_unknown)
    return known / (known + unknown)


def walk(model, rows):
    """Predictions of rows (student, time, skills, answer) in their order, and final beliefs."""
    table = {
        skill: {name: model.parameters_[name][k] for name in model.parameters_ if name != "skill"}
        for k, skill in enumerate(model.skills_)
    }
    after: dict = {}
    predictions = [0.0] * len(rows)
    for place in sorted(range(len(rows)), key=lambda n: (rows[n][1], n)):
        student, _, skills, answer = rows[place]
        each = []
        for skill in skills:
            values = table[skill]
            p = coming(after, values, student, skill)
            each.append(p * (1 - values["slip"]) + (1 - p) * values["guess"])
            after[student, skill] = step(p, values, answer)
        predictions[place] = np.mean(each)
    students = sorted({row[0] for row in rows})
    mastery = [[coming(after, table[k], s, k) for k in table] for s in students]
    return predictions, mastery


def coming(after, values, student, skill):
    if (student, skill) not in after:
        return values["prior"]
    known = after[student, skill]
    return known * (1 - values["forget"]) + (1 - known) * values["learn"]


@pytest.mark.filterwarnings("ignore:.*repeat a student, skill, item:adaptlearn.errors.DataWarning")
@pytest.mark.parametrize("seed", range(8))
def test_predictions_and_mastery_of_a_tangled_log(seed):
    rng = np.random.default_rng(seed)
    model = BKT(forgetting=True, n_init=1).fit(answers(400, 8, seed=seed, forget=0.1))
    names = list(TRUTH)
    rows = [
        (
            f"s{rng.integers(6)}",
            float(rng.integers(30)),  # many ties, and no order at all
            sorted(rng.choice(names, rng.integers(1, 4), replace=False)),
            [None, 0, 1][rng.integers(3)],
        )
        for _ in range(120)
    ]
    log = ResponseLog.from_frame(
        {
            "student": [row[0] for row in rows],
            "time": [row[1] for row in rows],
            "skill": [row[2] for row in rows],
            "correct": [np.nan if row[3] is None else float(row[3]) for row in rows],
        },
        unanswered="exposure",
    )
    predictions, mastery = walk(model, rows)
    np.testing.assert_allclose(model.predict_proba(log)[:, 1], predictions, atol=1e-12)
    found = model.mastery(log)
    assert found.skills.tolist() == model.skills_.tolist()
    np.testing.assert_allclose(found.value, mastery, atol=1e-12)

    tracker, times = MasteryTracker(model), np.array([row[1] for row in rows])
    for lo, hi in ((0, 13), (13, 14), (14, 30)):
        tracker.update(log[(times >= lo) & (times < hi)])
    np.testing.assert_allclose(tracker.mastery(found.students).value, mastery, atol=1e-12)
