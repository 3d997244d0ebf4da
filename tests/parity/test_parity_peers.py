"""The same EM as pyBKT 1.4.3 and hmmlearn: equal parameters after equally many plain steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from adaptlearn.models import BKT

NAMES = ("prior", "learn", "forget", "guess", "slip")
START = {"prior": 0.35, "learn": 0.2, "forget": 0.1, "guess": 0.25, "slip": 0.15}
TRUTH = {  # of three skills
    "prior": (0.3, 0.5, 0.4),
    "learn": (0.15, 0.25, 0.1),
    "forget": (0.05, 0.1, 0.02),
    "guess": (0.2, 0.3, 0.15),
    "slip": (0.1, 0.2, 0.25),
}


class Log(NamedTuple):
    """A log in answering order, and the same answers by skill: one array per student."""

    columns: dict[str, np.ndarray]
    by_skill: list[list[np.ndarray]]


def make_log(forgetting: bool, shortest: int) -> Log:
    rng = np.random.default_rng(11)
    by_skill = []
    rows: list[tuple[float, int, int, int]] = []
    for skill in range(3):
        prior, learn, forget, guess, slip = (TRUTH[name][skill] for name in NAMES)
        answers = []
        for student in range(60):
            known, own = rng.random() < prior, []
            for _ in range(rng.integers(shortest, 13)):
                own.append(int(rng.random() < (1 - slip if known else guess)))
                if known:
                    known = not (forgetting and rng.random() < forget)
                else:
                    known = rng.random() < learn
            answers.append(np.array(own))
            moments = np.sort(rng.random(len(own)))  # skills and students interleave
            rows += [(moment, student, skill, y) for moment, y in zip(moments, own, strict=True)]
        by_skill.append(answers)
    order = sorted(rows)
    names = ("time", "student", "skill", "correct")
    columns = {
        name: np.array(column) for name, column in zip(names, zip(*order, strict=True), strict=True)
    }
    return Log(columns, by_skill)


def ours(log: Log, forgetting: bool, n_steps: int) -> BKT:
    start = START if forgetting else {k: v for k, v in START.items() if k != "forget"}
    model = BKT(forgetting=forgetting, start=start, max_iter=n_steps, tol=0, accelerate=False).fit(
        log.columns
    )
    assert model.n_iter_.tolist() == [n_steps] * 3
    return model


def assert_same(model: BKT, skill: int, theirs: dict[str, float]) -> None:
    for name in NAMES:
        assert model.parameters_[name][skill] == pytest.approx(theirs[name], abs=1e-8, rel=0), name


# What fails in pyBKT on the newest NumPy is a deprecation on the oldest.
@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
@pytest.mark.parametrize("n_steps", [1, 2, 25])
@pytest.mark.parametrize("forgetting", [False, True])
def test_steps_equal_those_of_pybkt(peer, forgetting, n_steps):
    em_fit = peer("pyBKT.fit.EM_fit")
    # pyBKT leaves the answers of one-response students out of its emission counts.
    log = make_log(forgetting, shortest=2)
    model, before_last = ours(log, forgetting, n_steps), ours(log, forgetting, n_steps - 1)
    forget = START["forget"] if forgetting else 0.0
    for skill, answers in enumerate(log.by_skill):
        lengths = np.array([len(own) for own in answers])
        data = {
            "data": np.concatenate(answers)[None].astype(np.int32) + 1,  # 0 means no answer
            "starts": np.cumsum(lengths) - lengths + 1,
            "lengths": lengths,
            "resources": np.ones(lengths.sum(), np.int64),
        }
        peer_start = {
            "prior": START["prior"],
            "learns": np.array([START["learn"]]),
            "forgets": np.array([forget]),
            "guesses": np.array([START["guess"]]),
            "slips": np.array([START["slip"]]),
            "As": np.zeros((1, 2, 2)),  # the M step writes here
        }
        found, history = em_fit.EM_fit(peer_start, data, tol=-1.0, maxiter=n_steps, parallel=False)
        theirs = {
            "prior": found["prior"],
            "learn": found["learns"][0],
            "forget": found["forgets"][0],
            "guess": found["guesses"][0],
            "slip": found["slips"][0],
        }
        assert_same(model, skill, theirs)
        # Its likelihoods are those before each step.
        assert before_last.log_likelihood_[skill] == pytest.approx(history[-1, 0], rel=1e-12)


@pytest.mark.parametrize("n_steps", [1, 2, 25])
@pytest.mark.parametrize("forgetting", [False, True])
def test_steps_equal_those_of_hmmlearn(peer, forgetting, n_steps):
    hmm = peer("hmmlearn.hmm")
    log = make_log(forgetting, shortest=1)
    assert min(len(own) for answers in log.by_skill for own in answers) == 1
    model = ours(log, forgetting, n_steps)
    forget = START["forget"] if forgetting else 0.0
    for skill, answers in enumerate(log.by_skill):
        theirs = hmm.CategoricalHMM(
            n_components=2,
            n_features=2,
            init_params="",
            n_iter=n_steps,
            tol=-np.inf,
            implementation="scaling",  # takes no logarithm of a forget of 0
        )
        theirs.startprob_ = np.array([1 - START["prior"], START["prior"]])
        theirs.transmat_ = np.array([[1 - START["learn"], START["learn"]], [forget, 1 - forget]])
        theirs.emissionprob_ = np.array(
            [[1 - START["guess"], START["guess"]], [START["slip"], 1 - START["slip"]]]
        )
        together, lengths = np.concatenate(answers)[:, None], [len(own) for own in answers]
        theirs.fit(together, lengths)
        assert_same(
            model,
            skill,
            {
                "prior": theirs.startprob_[1],
                "learn": theirs.transmat_[0, 1],
                "forget": theirs.transmat_[1, 0],
                "guess": theirs.emissionprob_[0, 1],
                "slip": theirs.emissionprob_[1, 0],
            },
        )
        assert model.log_likelihood_[skill] == pytest.approx(
            theirs.score(together, lengths), rel=1e-12
        )
