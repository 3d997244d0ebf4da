"""Time pyBKT and adaptlearn on one log, in the environment where pyBKT works; run by speed.py.

``python _peer.py LOG.npz REPEATS OUR_REPEATS`` prints JSON. ``PYTHONPATH`` holds the build of
pyBKT to measure and the source of adaptlearn, so both run on the same NumPy and pandas.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pyBKT
from _record import versions
from pyBKT.fit import EM_fit
from pyBKT.generate import random_model_uni
from pyBKT.models import Model
from pyBKT.util import data_helper

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

START = {"prior": 0.4, "learn": 0.15, "guess": 0.2, "slip": 0.1}
PEER_NAMES = {"prior": "prior", "learn": "learns", "guess": "guesses", "slip": "slips"}
PEER_START = {
    PEER_NAMES[name]: value if name == "prior" else np.array([value])
    for name, value in START.items()
}


def seconds(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - begin, result


def peer_fit(frame: pd.DataFrame, parallel: bool) -> Model:
    model = Model(num_fits=1, seed=0, parallel=parallel)
    model.coef_ = {"0": dict(PEER_START)}
    model.fit(data=frame)
    return model


def peer_em(prepared: dict[str, Any], parallel: bool) -> int:
    """The iteration of pyBKT alone; how many times it evaluated the likelihood."""
    model = random_model_uni.random_model_uni(1, 1, rand=np.random.RandomState(0))
    model.update(PEER_START)
    _, history = EM_fit.EM_fit(model, prepared, parallel=parallel)
    return len(history)


def our_fit(log: ResponseLog) -> BKT:
    return BKT(start=START).fit(log)


def our_log(frame: pd.DataFrame) -> ResponseLog:
    return ResponseLog.from_frame(frame, student="user_id", skill="skill_name", time="order_id")


def measure(frame: pd.DataFrame, repeats: int, our_repeats: int) -> dict[str, Any]:
    """Alternate the two; every fit gets a fresh copy, since pyBKT rewrites its input."""
    peer: dict[str, list[float]] = {"total": [], "total_serial": [], "prepared": []}
    ours: dict[str, list[float]] = {"total": [], "prepared": []}
    for _ in range(repeats):
        taken, model = seconds(peer_fit, frame.copy(), True)
        peer["total"].append(taken)
        peer["total_serial"].append(seconds(peer_fit, frame.copy(), False)[0])
        prepared = data_helper.convert_data(frame.copy(), ".*")["0"]
        taken, steps = seconds(peer_em, prepared, True)
        peer["prepared"].append(taken)
        for _ in range(our_repeats):
            ours["total"].append(seconds(lambda: our_fit(our_log(frame)))[0])
            log = our_log(frame)
            assert len(log.sequences.order) == len(frame)  # kept by the log from here on
            taken, fitted = seconds(our_fit, log)
            ours["prepared"].append(taken)
    found = model.coef_["0"]
    return {
        "peer": {
            "build": getattr(pyBKT, "version", "unknown"),
            "seconds": peer,
            "median": {name: median(values) for name, values in peer.items()},
            "likelihood_evaluations": steps,
            "parameters": {
                name: float(np.ravel(found[theirs])[0]) for name, theirs in PEER_NAMES.items()
            },
        },
        "adaptlearn": {
            "seconds": ours,
            "median": {name: median(values) for name, values in ours.items()},
            "em_steps": int(fitted.n_iter_[0]),
            "converged": bool(fitted.converged_[0]),
            "parameters": {name: float(fitted.parameters_[name][0]) for name in PEER_NAMES},
        },
        "versions": versions("pyBKT", "numpy", "scipy", "pandas", "scikit-learn", "narwhals"),
    }


def main() -> None:
    columns = np.load(sys.argv[1])
    frame = pd.DataFrame(
        {
            "user_id": columns["student"],
            "skill_name": columns["skill"],
            "correct": columns["correct"],
            "order_id": columns["time"],
        }
    )
    json.dump(measure(frame, int(sys.argv[2]), int(sys.argv[3])), sys.stdout)


if __name__ == "__main__":  # pyBKT starts processes that import this file
    main()
