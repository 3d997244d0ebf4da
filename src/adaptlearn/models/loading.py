"""Load any saved model: the file says which one it is."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import Any

from numpy.typing import NDArray

from adaptlearn.errors import ModelFileError
from adaptlearn.models.base import MODEL_KIND, KnowledgeTracer
from adaptlearn.serialization import is_archive, read_archive, read_manifest

_HOMES = {
    "AFM": "adaptlearn.models.logistic",
    "BKT": "adaptlearn.models.bkt",
    "BestLR": "adaptlearn.models.logistic",
    "BoostedTracer": "adaptlearn.models.wiring",
    "DAS3H": "adaptlearn.models.logistic",
    "DASH": "adaptlearn.models.logistic",
    "Elo": "adaptlearn.models.elo",
    "FSRS": "adaptlearn.models.memory",
    "HalfLifeRegression": "adaptlearn.models.memory",
    "IRT": "adaptlearn.models.irt",
    "LinearRecurrentTracer": "adaptlearn.models.recurrent",
    "PFA": "adaptlearn.models.logistic",
    "RPFA": "adaptlearn.models.logistic",
    "Rasch": "adaptlearn.models.irt",
}


def load(path: str | PathLike[str]) -> KnowledgeTracer:
    """Load a model that was saved with its ``save``.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ModelFileError
        The file is damaged, was changed since it was saved, is of a newer format version, or
        is no saved model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import adaptlearn
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.simulation import simulate_school
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     BKT(forgetting=True).fit(simulate_school().responses).save(Path(folder) / "model.json")
    ...     adaptlearn.load(Path(folder) / "model.json")
    BKT(forgetting=True)
    """
    arrays: dict[str, NDArray[Any]] = {}
    if is_archive(path):
        manifest, arrays = read_archive(path, MODEL_KIND, "saved model")
    else:
        manifest = read_manifest(path, MODEL_KIND)
    name = manifest.get("model")
    if name not in _HOMES:
        raise ModelFileError(str(path), [f"holds a model named {name!r}, which is not known here"])
    model: KnowledgeTracer = getattr(import_module(_HOMES[name]), name).from_saved(
        manifest, arrays, str(path)
    )
    return model
