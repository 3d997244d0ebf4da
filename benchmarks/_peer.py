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
from pyBKT.util import data_helper

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

# As many as pyBKT fits by default, over the plausible region; both begin at these.
_RANGES = {"prior": (0.1, 0.9), "learn": (0.02, 0.5), "guess": (0.05, 0.45), "slip": (0.02, 0.4)}
_DRAWN = np.random.default_rng(0)
STARTS = [{name: float(_DRAWN.uniform(*ends)) for name, ends in _RANGES.items()} for _ in range(5)]
PEER_NAMES = {"prior": "prior", "learn": "learns", "guess": "guesses", "slip": "slips"}


def seconds(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - begin, result


def peer_fit(frame: pd.DataFrame, parallel: bool) -> dict[str, Any]:
    """What pyBKT's fit of one skill comes to: one preparation, then a fit from each start."""
    return peer_em(data_helper.convert_data(frame, ".*")["0"], parallel)


def peer_em(prepared: dict[str, Any], parallel: bool) -> dict[str, Any]:
    """Iterate as pyBKT does from each start: the best fit, and the steps they all took."""
    fits = []
    for start in STARTS:
        model = random_model_uni.random_model_uni(1, 1, rand=np.random.RandomState(0))
        model.update(
            {
                PEER_NAMES[name]: value if name == "prior" else np.array([value])
                for name, value in start.items()
            }
        )
        found, history = EM_fit.EM_fit(model, prepared, parallel=parallel)
        fits.append((float(history[-1][0]), len(history), found))
    best = max(fits, key=lambda fit: fit[0])[2]
    return {
        "steps": sum(steps for _, steps, _ in fits),
        "prior": best["pi_0"][1][0],
        "learn": best["As"][0, 1, 0],
        "guess": best["guesses"][0],
        "slip": best["slips"][0],
    }


def our_fit(log: ResponseLog) -> BKT:
    return BKT(start=STARTS).fit(log)


def our_log(frame: pd.DataFrame) -> ResponseLog:
    return ResponseLog.from_frame(frame, student="user_id", skill="skill_name", time="order_id")


def measure(frame: pd.DataFrame, repeats: int, our_repeats: int) -> dict[str, Any]:
    """Alternate the two; every fit gets a fresh copy, since pyBKT rewrites its input."""
    peer: dict[str, list[float]] = {
        "total": [],
        "total_serial": [],
        "prepared": [],
        "prepared_serial": [],
    }
    ours: dict[str, list[float]] = {"total": [], "prepared": []}
    for _ in range(repeats):
        taken, found = seconds(peer_fit, frame.copy(), True)
        peer["total"].append(taken)
        peer["total_serial"].append(seconds(peer_fit, frame.copy(), False)[0])
        prepared = data_helper.convert_data(frame.copy(), ".*")["0"]
        for name, parallel in (("prepared", True), ("prepared_serial", False)):
            peer[name].append(seconds(peer_em, prepared, parallel)[0])
        for _ in range(our_repeats):
            ours["total"].append(seconds(lambda: our_fit(our_log(frame)))[0])
            log = our_log(frame)
            assert len(log.sequences.order) == len(frame)  # kept by the log from here on
            taken, fitted = seconds(our_fit, log)
            ours["prepared"].append(taken)
    return {
        "peer": {
            "build": getattr(pyBKT, "version", "unknown"),
            "seconds": peer,
            "median": {name: median(values) for name, values in peer.items()},
            "likelihood_evaluations": found["steps"],
            "parameters": {name: float(found[name]) for name in PEER_NAMES},
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
