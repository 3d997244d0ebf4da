"""What a fitted BKT tells of itself: parameters by class, intervals, what is undetermined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import StateError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.bkt.classes import Classes
from adaptlearn.models.bkt.em.uncertainty import (
    Uncertainty,
    findings,
    interval,
    spread_of,
    table_of,
)
from adaptlearn.models.bkt.entries import skill_codes
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.model import Individual
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.serve.passes import advance, mastery_of
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.mastery import Mastery
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog
from adaptlearn.validation import Interval, check_parameters

_DRAWS = 100
"""Parameter draws behind an interval of mastery: its width is then known to some 7 percent."""


class ReportingBKT(KnowledgeTracer):
    """Reports on the parameters of a BKT, whether estimated, loaded or given."""

    _fitted: Fitted

    @property
    def _classes(self) -> Classes | None:
        return self._fitted.classes

    @property
    def _by_class(self) -> dict[str, Floats]:
        return self._fitted.by_class

    @property
    def _individual(self) -> Individual | None:
        return self._fitted.individual

    @property
    def _uncertainty(self) -> Uncertainty | None:
        return self._fitted.uncertainty

    @property
    def class_parameters_(self) -> dict[str, NDArray[Any]]:
        """Parameters by class: columns ``parameter``, ``skill``, ``class``, ``value``.

        If one column defines the classes, a class is a value of this column. If several columns do,
        a class is a tuple: the values of the earlier response, the values of the later response,
        and the number of the gap (0 below the first of `gaps`).
        """
        self._check_fitted()
        rows = [
            (name, skill, label, float(value))
            for name, values in self._by_class.items()
            for (skill, label), value in zip(
                self._cell_names(name)[len(self.skills_) + 1 :], values, strict=True
            )
        ]
        return table_of(rows, ("parameter", "skill", "class", "value"))

    @property
    def class_weights_(self) -> Floats:
        """The share of students in each class of `student_classes`, shape (n_classes,)."""
        self._check_fitted()
        classes = self._fitted.student_classes
        return np.ones(1) if classes is None else classes.weights.copy()

    @property
    def class_shifts_(self) -> dict[str, NDArray[Any]]:
        """Classes of students, from the weakest to the strongest: a table with a row per class.

        Columns ``class``, ``weight``, ``prior``, ``learn``. The last two are shifts: how much the
        log odds of these two parameters differ from `parameters_`. With one class, there are no
        rows.
        """
        self._check_fitted()
        classes = self._fitted.student_classes
        if classes is None:
            return {"class": np.arange(0), **{n: np.empty(0) for n in ("weight", "prior", "learn")}}
        return {
            "class": np.arange(classes.n_classes),
            "weight": classes.weights.copy(),
            "prior": classes.prior_shift.copy(),
            "learn": classes.learn_shift.copy(),
        }

    @property
    def student_class_parameters_(self) -> dict[str, Floats]:
        """For each parameter, its values by class of students and skill.

        Arrays of shape (n_classes, n_skills), in the order of `class_weights_` and `skills_`. With
        one class, the values are those of `parameters_`.
        """
        self._check_fitted()
        each = [own.by_skill for own in self._fitted.by_student_class()]
        return {name: np.array([getattr(o, name) for o in each]) for name in Parameters._fields}

    def intervals(self, level: float = 0.95) -> dict[str, NDArray[Any]]:
        """Every estimated parameter with its standard error and interval.

        Intervals are symmetric on the logit scale, from the observed information (Louis, 1982).
        A parameter has no interval if it is fixed or if its estimate is at a limit.

        Parameters
        ----------
        level : float
            The share of intervals that contain the true value, in (0, 1).

        Returns
        -------
        dict of columns
            ``parameter``, ``skill``, ``class`` (None if the parameter does not differ by class, or
            if the row is for unseen classes), ``value``, ``standard_error`` (of `value`, which is a
            probability; by the delta method), ``standard_error_logit`` (of the log odds of `value`;
            the interval comes from it), ``lower``, ``upper``.

        Raises
        ------
        StateError
            The error is raised if the model was fitted without ``uncertainty=True``.
        """
        self._check_fitted()
        open_ends = Interval(0, 1, closed="neither")
        check_parameters("intervals", {"level": level}, {"level": [open_ends]})
        if self._uncertainty is None:
            raise StateError("no standard errors were computed; fit with uncertainty=True")
        table = self._fitted.table
        errors = self._uncertainty.standard_errors([len(field) for field in table])
        rows = []
        for name, values, error in zip(Parameters._fields, table, errors, strict=True):
            lower, upper = interval(values, error, level)
            for cell, (skill, label) in enumerate(self._cell_names(name)):
                if cell != len(self.skills_):  # the common parameters are no estimate of a skill's
                    own = values[cell] * (1 - values[cell]) * error[cell], error[cell]
                    rows.append((name, skill, label, values[cell], *own, lower[cell], upper[cell]))
        errors_of = ("standard_error", "standard_error_logit")
        names = ("parameter", "skill", "class", "value", *errors_of, "lower", "upper")
        columns = table_of(rows, names)
        return {n: c if i < 3 else c.astype(np.float64) for i, (n, c) in enumerate(columns.items())}

    def identifiability(self) -> dict[str, NDArray[Any]]:
        """Parameters that the answers do not determine, and parameters that are not plausible.

        Returns
        -------
        dict of columns
            ``skill``, ``finding`` (``unidentified``, ``degenerate``, ``at an end``; with
            ``uncertainty=True`` also ``flat direction``), ``detail``. If there is no finding, the
            table has no rows.
        """
        self._check_fitted()
        n = len(self.skills_)
        owners = []
        for name in Parameters._fields:
            own = np.arange(n + 1)
            if name in self._by_class and self._classes is not None:
                own = self._classes.tables[name].owner
            owners.append(np.delete(own, n))
        values = Parameters(*(np.delete(field, n) for field in self._fitted.table))
        labels, reasons = self.skills_.tolist(), self._fitted.unidentified
        rows = findings(values, Cells(*owners), labels, reasons, self._uncertainty)
        return table_of(rows, ("skill", "finding", "detail"))

    def _cell_names(self, parameter: str) -> list[tuple[Any, Any]]:
        """Skill and class of each cell of a parameter; None where there is no one."""
        skills = self.skills_.tolist()
        names: list[tuple[Any, Any]] = [(skill, None) for skill in [*skills, None]]
        if parameter in self._by_class and self._classes is not None:
            table = self._classes.tables[parameter]
            for skill, (earlier, later, gap) in zip(
                table.split()[0].tolist(), table.labels(), strict=True
            ):
                names.append((skills[skill], table.scheme.joined_label(earlier, later, gap)))
        return names


def mastery_interval(model: Fitted, log: ResponseLog, found: Mastery) -> tuple[Floats, Floats]:
    """What mastery might as well be, the parameters being estimates: 95% on the logit scale.

    Beliefs are computed again from parameters drawn around their estimates.
    """
    uncertainty, everyone = model.uncertainty, np.arange(len(found.students))
    assert uncertainty is not None
    codes, skills = skill_codes(log, model.skills.tolist())
    place = {label: at for at, label in enumerate(skills)}
    asked = np.array([place[label] for label in found.skills.tolist()], np.int64)

    def samples() -> Iterator[Floats]:
        for drawn in uncertainty.draws(model.table, _DRAWS, np.random.default_rng(0)):
            other, state = model._replace(table=drawn), BKTState("", skills, len(everyone))
            advance(other, state, log, students=everyone, codes=codes, skills=skills)
            yield mastery_of(other, state, everyone, asked, found.when)

    return interval(found.value, spread_of(samples(), found.value), 0.95)
