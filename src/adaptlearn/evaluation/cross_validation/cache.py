"""Finished folds in a folder, so that a comparison that was stopped goes on where it was.

Each fit of a model to a fold is a file. Its name holds a digest of everything the numbers depend
on: the model's parameters and source, the library's, the log's content, the rows of the fold, and
the versions of the packages that compute. What has changed is therefore never found, and computed
again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import DataWarning, ModelFileError, ParameterError, warn
from adaptlearn.evaluation.cross_validation.splits import Split
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import fingerprint, read_manifest, reading, write_manifest
from adaptlearn.validation import Interval
from adaptlearn.wording import shown

_KIND = "adaptlearn-fold"
_PACKAGE = Path(inspect.getfile(sys.modules["adaptlearn"])).parent
_VERSIONED = {
    "adaptlearn": "adaptlearn",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
}
"""Packages that compute, and under which name they are installed."""

_COMPUTING = (
    "*.py",  # the ground
    "models/**/*.py",
    "responses/**/*.py",
    "evaluation/metrics.py",
    "evaluation/order.py",
    "evaluation/predictions.py",
    "evaluation/cross_validation/*.py",
)
"""Where the library's files are on which predictions depend."""


class FoldRun(NamedTuple):
    """What one fit gave.

    Attributes
    ----------
    predicted : float array, shape (n_test,)
        P(correct) of the fold's test rows.
    fit_time, predict_time : float
        Seconds.
    """

    predicted: Floats
    fit_time: float
    predict_time: float


class KeptFolds:
    """A folder of finished folds.

    Parameters
    ----------
    folder : path
        Made where it is missing. Several processes may use it at a time.
    log : ResponseLog
        What is cross-validated.
    copies : CopiedStudents or False
        Whom folds keep together, those inside a search too.
    """

    def __init__(self, folder: Path, log: ResponseLog, copies: Any = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._common = {
            "log": log_digest(log),
            "copies": described(copies, "copies"),
            "library": library_digest(_PACKAGE),
            "versions": {name: version(name) for name in _VERSIONED.values()},
        }

    def place(self, name: str, fold: int, model: Any, split: Split) -> Path:
        """The file of a fit, whether or not it is there.

        Raises
        ------
        ParameterError
            The model's parameters or source cannot be written down, so that a change of them
            would go unnoticed.
        """
        rows = hashlib.sha256()
        for part in split:
            rows.update(part.astype(np.int64).tobytes())
            rows.update(b";")
        key = {**self._common, "model": described(model, name), "rows": rows.hexdigest()}
        label = re.sub(r"[^A-Za-z0-9-]+", "-", name)[:40]
        return self.folder / f"{label}-{fold}-{fingerprint(key)[:32]}.json"


def read_run(path: Path, n_test: int) -> FoldRun | None:
    """A finished fit, or None; a damaged file is warned of and counts as none."""
    try:
        content = read_manifest(path, _KIND)
        with reading(str(path)):
            return _checked_run(content, n_test)
    except FileNotFoundError:
        return None
    except ModelFileError as error:
        why = "; ".join(error.problems)
    warn(f"a kept fold is computed again: {path}: {why}", DataWarning)
    return None


def _checked_run(content: Mapping[str, Any], n_test: int) -> FoldRun:
    """A run of so many predictions (`ValueError` if it is none)."""
    predicted = np.frombuffer(b64decode(content["predicted"], validate=True), "<f8")
    if len(predicted) != n_test:
        raise ValueError(f"it holds {len(predicted)} predictions, the fold has {n_test} rows")
    if np.any((predicted < 0) | (predicted > 1)):  # nan is what a model may say
        raise ValueError("its predictions are no probabilities")
    seconds = Interval(0, 1e15)
    times = (content["fit_time"], content["predict_time"])
    if not all(map(seconds.accepts, times)):
        raise ValueError(f"it took {shown(times)} seconds")
    return FoldRun(predicted, *times)


def write_run(path: Path, run: FoldRun) -> None:
    """Keep a finished fit, whole or not at all."""
    content = {
        "predicted": b64encode(run.predicted.astype("<f8").tobytes()).decode(),
        "fit_time": run.fit_time,
        "predict_time": run.predict_time,
    }
    write_manifest(path, _KIND, content)


def log_digest(log: ResponseLog) -> str:
    """SHA-256 of all that a log holds, row by row."""
    digest = hashlib.sha256()

    def add(name: str, values: Any) -> None:
        array = np.asarray(values)
        if array.dtype.kind == "O":
            text = json.dumps(array.tolist(), default=repr)
            digest.update(f"{name}:{text};".encode())
        else:
            digest.update(f"{name}:{array.dtype.str}{array.shape};".encode())
            digest.update(array.tobytes())

    for name in ("student", "skill", "item", "id"):
        column = getattr(log, name)
        if column is not None:
            add(f"{name} labels", column.labels)
            add(name, column.codes.astype(np.int64))
    for name in ("correct", "skill_rows", "time"):
        if getattr(log, name) is not None:
            add(name, getattr(log, name))
    add("clock", np.array([log.clock or ""], object))
    for name, values in sorted(log.extra.items()):
        add(f"extra {name}", values)
    return digest.hexdigest()


def described(value: Any, where: str) -> Any:
    """A parameter, or a model with all of its own, as what JSON can hold.

    Raises
    ------
    ParameterError
        Names the parameter of which equality cannot be told.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, np.generic):
        return described(value.item(), where)
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        data = hashlib.sha256(value.tobytes()).hexdigest()
        return ["array", value.dtype.str, list(value.shape), data]
    if isinstance(value, list | tuple | np.ndarray):
        return [described(item, f"{where}[{k}]") for k, item in enumerate(value)]
    if isinstance(value, Mapping):
        pairs = [[described(k, where), described(v, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"mapping": sorted(pairs, key=json.dumps)}
    if hasattr(value, "get_params") and not isinstance(value, type):
        parameters = value.get_params(deep=False)
        return {
            "class": f"{type(value).__module__}.{type(value).__qualname__}",
            "source": _source(type(value)),
            "parameters": {
                name: described(parameter, f"{where}.{name}")
                for name, parameter in sorted(parameters.items())
            },
        }
    if is_dataclass(value) and not isinstance(value, type):
        return _parts(value, where)
    if hasattr(value, "split") and hasattr(value, "get_n_splits"):
        return _parts(value, where)
    raise ParameterError(
        "cross_validate",
        [
            f"{where} is {value!r}, of which no digest can be made, so that a kept fold of another "
            "value would be taken for this one's; leave out `folder`"
        ],
    )


def _parts(value: Any, where: str) -> Any:
    """A splitter, or another plain object, by its class and what it holds."""
    return {
        "class": f"{type(value).__module__}.{type(value).__qualname__}",
        "source": _source(type(value)),
        "parts": described(vars(value), where),
    }


def _source(kind: type) -> list[str]:
    """Digests of the files that define a class and those it inherits from.

    Left out is what another part of the key speaks for: the library, and packages by version.

    Raises
    ------
    ParameterError
        One of them cannot be read.
    """
    digests = []
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] in {*_VERSIONED, *sys.builtin_module_names}:
            continue
        try:
            file = getattr(sys.modules.get(base.__module__), "__file__", None)
            text = Path(file).read_bytes() if file else inspect.getsource(base).encode()
        except (OSError, TypeError):
            raise ParameterError(
                "cross_validate",
                [
                    f"the source of {base.__qualname__} cannot be read, so that a change of it "
                    "would go unnoticed; define it in a file, or leave out `folder`"
                ],
            ) from None
        digests.append(hashlib.sha256(text).hexdigest())
    return digests


@cache
def library_digest(package: Path) -> str:
    """SHA-256 of the library's files on which predictions depend, by name and content."""
    digest = hashlib.sha256()
    for file in computing_files(package):
        digest.update(f"{file.relative_to(package).as_posix()}:".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def computing_files(package: Path) -> list[Path]:
    """The library's files on which predictions depend, in a fixed order."""
    return sorted({file for pattern in _COMPUTING for file in package.glob(pattern)})
