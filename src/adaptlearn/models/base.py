"""What every knowledge-tracing model shares: the estimator protocol and its results."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import NotFittedError, ParameterError
from adaptlearn.validation import Constraint, check_parameters, some

When = Literal["after_response", "next_opportunity"]


@dataclass(frozen=True)
class Mastery:
    """What students know, as an estimate per student and skill.

    Attributes
    ----------
    students : array, shape (n_students,)
        Labels of the rows.
    skills : array, shape (n_skills,)
        Labels of the columns.
    value : float array, shape (n_students, n_skills)
        Probabilities; which one, `kind` and `when` say.
    lower, upper : float arrays of the same shape, or None
        An interval for each value; None where the model gives none.
    kind : {"latent", "predicted"}
        ``"latent"``: P(the skill is known). ``"predicted"``: P(correct) on its items. A
        threshold for one is not a threshold for the other.
    when : {"after_response", "next_opportunity"}
        Right after the last response, or when the next one begins (learning and forgetting
        in between included).
    """

    students: NDArray[Any]
    skills: NDArray[Any]
    value: NDArray[np.float64]
    lower: NDArray[np.float64] | None
    upper: NDArray[np.float64] | None
    kind: Literal["latent", "predicted"]
    when: When

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per student and skill, as columns any dataframe library takes."""
        n_students, n_skills = self.value.shape
        columns = {
            "student": np.repeat(self.students, n_skills),
            "skill": np.tile(self.skills, n_students),
            "mastery": self.value.ravel(),
        }
        if self.lower is not None and self.upper is not None:
            columns["lower"], columns["upper"] = self.lower.ravel(), self.upper.ravel()
        return columns


class KnowledgeTracer:
    """The protocol of scikit-learn's estimators, kept without importing it.

    Serving a saved model then needs no scikit-learn, while its searches, splitters and
    ``clone`` take these models as their own. Constructors only store their arguments; `fit`
    checks them; what fitting finds ends in an underscore.
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}
    _estimator_type = "classifier"

    classes_: NDArray[np.int64]
    fingerprint_: str

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - the protocol's; nothing is nested
        """Name and value of each constructor argument."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name."""
        unknown = sorted(set(params) - set(self._parameter_names()))
        if unknown:
            names = some(self._parameter_names(), 20)
            raise ParameterError(
                type(self).__name__,
                [f"no parameter {name!r}; there are {names}" for name in unknown],
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(two_d_array=False),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fingerprint_")

    def predict_proba(self, log: Any) -> NDArray[np.float64]:
        """One step ahead: each row's probabilities before its own answer is seen."""
        raise NotImplementedError

    def predict(self, log: Any) -> NDArray[np.int64]:
        """Whether each row's answer is more likely right (1) than wrong (0), shape (n,)."""
        return (self.predict_proba(log)[:, 1] >= 0.5).astype(np.int64)

    def _check_parameters(self) -> None:
        check_parameters(type(self).__name__, self.get_params(), self._constraints)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted; call fit(log) first")
