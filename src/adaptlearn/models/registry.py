"""Models by name: ready-made configurations, for comparisons and command lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

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
        made = getattr(import_module(f"adaptlearn.models.{self.home}"), self.kind)
        model: KnowledgeTracer = made(**self.parameters)
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
