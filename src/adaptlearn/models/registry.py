"""The models there are: by name, as ready-made configurations, and from their saved files.

Reading the table imports no model, and nothing that a model needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from adaptlearn.errors import ModelFileError

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer


@dataclass(frozen=True)
class NamedModel:
    """A configuration of a model; called, it makes one that is not fitted yet.

    Attributes
    ----------
    home : str
        The module of `adaptlearn.models` that holds the class; imported when one is made.
    kind : str
        The name of the class.
    summary : str
        What it is, in a few words.
    needs : tuple of str
        Columns that a log must have for it beside student, skill and correct: of ``"item"``
        and ``"time"``.
    parameters : mapping of str to value
        Constructor arguments.
    """

    home: str
    kind: str
    summary: str
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> KnowledgeTracer:
        """Make the model."""
        model: KnowledgeTracer = _class_of(self.home, self.kind)(**self.parameters)
        return model


_INDIVIDUAL = {"forgetting": True, "ability": True, "recency": True, "lag": True}

_NAMED = {
    "bkt": NamedModel("bkt", "BKT", "Bayesian knowledge tracing"),
    "bkt-forgetting": NamedModel(
        "bkt", "BKT", "BKT in which known skills can be lost", (), {"forgetting": True}
    ),
    "bkt-individual": NamedModel(
        "bkt", "BKT", "BKT with forgetting, of students who differ", (), _INDIVIDUAL
    ),
    "bkt-individual-items": NamedModel(
        "bkt",
        "BKT",
        "BKT with forgetting, of students and items that differ",
        ("item",),
        _INDIVIDUAL | {"difficulty": True},
    ),
    "rasch": NamedModel("irt", "Rasch", "item response theory with difficulties", ("item",)),
    "irt": NamedModel(
        "irt", "IRT", "item response theory with difficulties and discriminations", ("item",)
    ),
    "elo": NamedModel("elo", "Elo", "ratings of students and items"),
    "afm": NamedModel("logistic", "AFM", "additive factors: opportunities"),
    "pfa": NamedModel(
        "logistic", "PFA", "performance factors: successes and failures", (), {"counts": "log"}
    ),
    "rpfa": NamedModel("logistic", "RPFA", "performance factors, the recent weighing more"),
    "dash": NamedModel(
        "logistic", "DASH", "difficulty, ability and practice in time windows", ("item", "time")
    ),
    "das3h": NamedModel(
        "logistic", "DAS3H", "DASH with skills and their difficulty", ("item", "time")
    ),
    "bestlr": NamedModel(
        "logistic", "BestLR", "logistic regression on counts and items", ("item",)
    ),
    "fsrs": NamedModel("memory", "FSRS", "FSRS-6: what is remembered after a delay", ("time",)),
    "half-life": NamedModel(
        "memory", "HalfLifeRegression", "half-lives of memory, from counts", ("time",)
    ),
    "recurrent": NamedModel(
        "recurrent", "LinearRecurrentTracer", "decaying traces that transfer between skills"
    ),
    "boosted": NamedModel(
        "wiring", "BoostedTracer", "boosted trees over the history, and the recurrent model"
    ),
}


def named_models() -> dict[str, NamedModel]:
    """The models that have a name; each value, called, makes an unfitted one.

    Examples
    --------
    >>> named_models()["bkt-forgetting"]()
    BKT(forgetting=True)
    """
    return dict(_NAMED)


def model_homes() -> dict[str, str]:
    """For the name of each model's class, the module of `adaptlearn.models` that holds it."""
    return {named.kind: named.home for named in _NAMED.values()}


def load(path: str | PathLike[str]) -> KnowledgeTracer:
    """Load a model that its method ``save`` has saved.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ModelFileError
        The error is raised if the file is damaged, was changed since it was saved, is of a newer
        format version, or is not a saved model.

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
    from adaptlearn.models.base import read_saved

    manifest, arrays = read_saved(path)
    kind, homes = manifest.get("model"), model_homes()
    if not isinstance(kind, str) or kind not in homes:
        raise ModelFileError(str(path), [f"holds a model named {kind!r}, which is not known here"])
    model: KnowledgeTracer = _class_of(homes[kind], kind).from_saved(manifest, arrays, str(path))
    return model


def _class_of(home: str, kind: str) -> Any:
    return getattr(import_module(f"adaptlearn.models.{home}"), kind)
