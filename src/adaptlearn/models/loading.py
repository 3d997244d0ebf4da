"""Load any saved model: the file says which one it is."""

from __future__ import annotations

from os import PathLike
from typing import Any

from adaptlearn.errors import ModelFileError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.serialization import read_manifest


def load(path: str | PathLike[str]) -> KnowledgeTracer:
    """Load a model that was saved with its ``save``.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    ModelFileError
        The file is damaged, was changed since it was saved, is of a newer format version, or
        is no saved model.

    Examples
    --------
    >>> import adaptlearn
    >>> from adaptlearn.models import BKT
    >>> log = {"student": [1, 1, 1, 2, 2, 2], "skill": ["add"] * 6, "correct": [0, 1, 1, 0, 0, 1]}
    >>> path = tmp_path / "model.json"
    >>> BKT().fit(log).save(path)
    >>> adaptlearn.load(path)
    BKT()
    """
    manifest = read_manifest(path, "adaptlearn-model")
    models: dict[str, Any] = {}
    if manifest.get("model") == "BKT":
        from adaptlearn.models.bkt import BKT

        models["BKT"] = BKT
    name = manifest.get("model")
    if name not in models:
        raise ModelFileError(str(path), [f"holds a model named {name!r}, which is not known here"])
    model: KnowledgeTracer = models[name]._from_manifest(manifest, str(path))
    return model
