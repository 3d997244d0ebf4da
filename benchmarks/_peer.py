"""Time another library and adaptlearn on one log, in the peers' environment; run by speed.py.

``python _peer.py PEER LOG.npz STARTS REPEATS OUR_REPEATS`` prints JSON. Both run in this process,
on the same NumPy, in turns, from the same starts. ``PYTHONPATH`` holds the build of pyBKT to
measure and the source of adaptlearn.

Each library gets the columns in the form it takes (pyBKT: a pandas frame, whose making is not
timed), rows in the order of answering, skills numbered 0, 1, ... What it makes of them before it
iterates is its preparation.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _record import versions
from numpy.typing import NDArray

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

# As many as pyBKT fits by default, over the plausible region; everyone begins at these.
_RANGES = {"prior": (0.1, 0.9), "learn": (0.02, 0.5), "guess": (0.05, 0.45), "slip": (0.02, 0.4)}
_DRAWN = np.random.default_rng(0)
STARTS = [{name: float(_DRAWN.uniform(*ends)) for name, ends in _RANGES.items()} for _ in range(5)]

STEPS = 100  # the most steps from one start, for every peer: pyBKT's default

PRECISE = 1e-11  # per answer: for the last figures of the likelihood, beside our default 1e-7

Columns = Mapping[str, NDArray[np.int64]]
Start = Mapping[str, float]
Fit = tuple[dict[str, list[float]], int]  # parameters by skill, steps taken in all


class Library(NamedTuple):
    """How one library is run, in three parts; the last two are timed."""

    given: Callable[[Columns], Any]
    prepare: Callable[[Any], Any]
    fit: Callable[[Any, list[Start]], Fit]


class Sequences(NamedTuple):
    """The answers of one skill, those of one student together."""

    correct: NDArray[np.int64]
    lengths: NDArray[np.int64]


def by_skill(columns: Columns) -> list[Sequences]:
    """What a user of a library for one skill writes first."""
    order = np.lexsort((columns["student"], columns["skill"]))  # stable: keeps the order
    student, skill = columns["student"][order], columns["skill"][order]
    found = []
    for rows in np.split(np.arange(len(order)), np.flatnonzero(np.diff(skill)) + 1):
        begin = np.flatnonzero(np.diff(student[rows], prepend=-1))
        lengths = np.diff(begin, append=len(rows))
        found.append(Sequences(columns["correct"][order[rows]], lengths))
    return found


def as_columns(parameters: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [float(of_skill[name]) for of_skill in parameters] for name in _RANGES}


def pybkt_frame(columns: Columns) -> Any:
    import pandas as pd

    names = {"student": "user_id", "skill": "skill_name", "correct": "correct"}
    return pd.DataFrame({new: columns[old].copy() for old, new in names.items()})


def pybkt_prepare(frame: Any) -> dict[str, Any]:
    from pyBKT.util import data_helper

    return dict(data_helper.convert_data(frame, ".*"))


def pybkt_fit(parallel: bool) -> Callable[[dict[str, Any], list[Start]], Fit]:
    """Iterate as pyBKT's `Model.fit` does from each start, skill by skill; the best."""

    def fit(prepared: dict[str, Any], starts: list[Start]) -> Fit:
        from pyBKT.fit import EM_fit
        from pyBKT.generate import random_model_uni

        chosen, steps = [], 0
        for k in range(len(prepared)):
            best, top = None, -np.inf
            for start in starts:
                model = random_model_uni.random_model_uni(1, 1, rand=np.random.RandomState(0))
                model["prior"] = start["prior"]
                for ours, theirs in (("learn", "learns"), ("guess", "guesses"), ("slip", "slips")):
                    model[theirs] = np.array([start[ours]])
                model, history = EM_fit.EM_fit(
                    model, prepared[str(k)], parallel=parallel, maxiter=STEPS
                )
                steps += len(history)
                if best is None or history[-1][0] > top:
                    best, top = model, history[-1][0]
            assert best is not None
            chosen.append(
                {
                    "prior": best["pi_0"][1][0],
                    "learn": best["As"][0, 1, 0],
                    "guess": best["guesses"][0],
                    "slip": best["slips"][0],
                }
            )
        return as_columns(chosen), steps

    return fit


def mirt_prepare(columns: Columns) -> list[NDArray[np.int64]]:
    """Per skill a matrix of sequences by opportunities, -1 where a sequence has ended.

    Of the layouts that mirt takes (students by answers with skills of their own, one fit for all
    skills; the same by sequences; skill by skill, what is missing as a skill of its own; or as
    missing answers) this is the fastest by far: its compiled kernel wants one layout for all.
    """
    matrices = []
    for correct, lengths in by_skill(columns):
        matrix = np.full((len(lengths), lengths.max()), -1)
        matrix[np.arange(lengths.max()) < lengths[:, None]] = correct
        matrices.append(matrix)
    return matrices


def mirt_fit(matrices: list[NDArray[np.int64]], starts: list[Start]) -> Fit:
    from mirt.estimation import bkt_em
    from mirt.models import BKTModel

    def start_model(_: BKTModel, start: int, *__: object) -> BKTModel:
        given = {f"p_{name}": np.array([value]) for name, value in starts[start].items()}
        given["p_init"] = given.pop("p_prior")
        return BKTModel(1, p_forget=np.zeros(1), allow_forgetting=False, **given)

    # `fit_bkt_em` takes no starts; it calls this for each.
    bkt_em._start_model = start_model  # noqa: SLF001
    free = (1e-5, 1 - 1e-5)
    chosen, steps = [], 0
    for matrix in matrices:
        result = bkt_em.fit_bkt_em(
            matrix,
            np.zeros(matrix.shape[1], np.int64),
            max_iter=STEPS,
            n_starts=len(starts),
            slip_bounds=free,
            guess_bounds=free,
        )
        model = result.model
        chosen.append(
            {
                "prior": model.p_init[0],
                "learn": model.p_learn[0],
                "guess": model.p_guess[0],
                "slip": model.p_slip[0],
            }
        )
        steps += result.n_iterations * len(starts)  # of the others it does not tell
    return as_columns(chosen), steps


def hmmlearn_fit(skills: list[Sequences], starts: list[Start]) -> Fit:
    from hmmlearn.hmm import CategoricalHMM

    chosen, steps = [], 0
    for correct, lengths in skills:
        fits = []
        for start in starts:
            model = CategoricalHMM(
                2, n_features=2, n_iter=STEPS, tol=1e-3, init_params="", implementation="scaling"
            )
            model.startprob_ = np.array([1 - start["prior"], start["prior"]])
            # What is 0 stays 0: no forgetting.
            model.transmat_ = np.array([[1 - start["learn"], start["learn"]], [0, 1]])
            model.emissionprob_ = np.array(
                [[1 - start["guess"], start["guess"]], [start["slip"], 1 - start["slip"]]]
            )
            if (lengths == 1).all():  # without a transition its own M step makes rows of zeros
                model.params = "se"
            model.fit(correct[:, None], lengths)
            steps += model.monitor_.iter
            fits.append((model.monitor_.history[-1], len(fits), model))
        best = max(fits)[2]
        chosen.append(
            {
                "prior": best.startprob_[1],
                "learn": best.transmat_[0, 1],
                "guess": best.emissionprob_[0, 1],
                "slip": best.emissionprob_[1, 0],
            }
        )
    return as_columns(chosen), steps


def our_prepare(columns: Columns) -> ResponseLog:
    log = ResponseLog.from_frame(columns)
    assert len(log.sequences.order) == len(log)  # kept by the log from here on
    return log


def our_fit(**options: float) -> Callable[[ResponseLog, list[Start]], Fit]:
    def fit(log: ResponseLog, starts: list[Start]) -> Fit:
        model = BKT(start=starts, **options).fit(log)
        found = {name: model.parameters_[name].tolist() for name in _RANGES}
        return found, int(model.n_iter_.sum())

    return fit


PEERS = {
    "pybkt": Library(pybkt_frame, pybkt_prepare, pybkt_fit(parallel=False)),
    "pybkt-parallel": Library(pybkt_frame, pybkt_prepare, pybkt_fit(parallel=True)),
    "mirt": Library(dict, mirt_prepare, mirt_fit),
    "hmmlearn": Library(dict, by_skill, hmmlearn_fit),
}
OURS = {
    "adaptlearn": Library(dict, our_prepare, our_fit()),
    "adaptlearn_precise": Library(dict, our_prepare, our_fit(tol=PRECISE)),
}


def timed(library: Library, columns: Columns, starts: list[Start]) -> tuple[float, float, Fit]:
    given = library.given(columns)
    begin = time.perf_counter()
    prepared = library.prepare(given)
    middle = time.perf_counter()
    found = library.fit(prepared, starts)
    return middle - begin, time.perf_counter() - middle, found


def measure(
    peer: str, columns: Columns, n_starts: int, repeats: int, our_repeats: int
) -> dict[str, Any]:
    """They take turns; the parameters are of the last fit (all are alike)."""
    sides = {"peer": (PEERS[peer], 1), **{name: (ours, our_repeats) for name, ours in OURS.items()}}
    result: dict[str, Any] = {
        side: {"seconds": {"preparation": [], "fit": []}, "steps": 0, "parameters": {}}
        for side in sides
    }
    few = {name: column[:100] for name, column in columns.items()}
    few["skill"] = np.zeros(len(few["skill"]), np.int64)
    for library, _ in sides.values():  # so that imports are not counted
        timed(library, few, STARTS[:1])
    for _ in range(repeats):
        for side, (library, times) in sides.items():
            for _ in range(times):
                prepared, fitted, found = timed(library, columns, STARTS[:n_starts])
                result[side]["seconds"]["preparation"].append(prepared)
                result[side]["seconds"]["fit"].append(fitted)
                result[side]["parameters"], result[side]["steps"] = found
    names = ("pyBKT", "mirt", "hmmlearn", "numpy", "scipy", "pandas", "scikit-learn", "narwhals")
    return {**result, "versions": versions(*names)}


def main() -> None:
    peer, path, *numbers = sys.argv[1:]
    columns = dict(np.load(path))
    warnings.simplefilter("ignore")  # of peers, about their own dependencies and convergence
    logging.disable(logging.WARNING)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        result = measure(peer, columns, *map(int, numbers))
    json.dump(result, sys.stdout)


if __name__ == "__main__":  # pyBKT starts processes that import this file
    main()
