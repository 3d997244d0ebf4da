"""Models side by side: what cross-validation hands back, and how sure their order is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.diagnostics.groups import GroupErrors
from adaptlearn.evaluation.intervals import student_interval
from adaptlearn.evaluation.metrics import METRICS
from adaptlearn.evaluation.results import TITLES, Estimate, Evaluation, interval_title
from adaptlearn.media import picture_text, terminal_text
from adaptlearn.numerics import Floats, Ints
from adaptlearn.plotting import new_axes
from adaptlearn.tables import Parts, Printed, number, plain_columns
from adaptlearn.validation import some
from adaptlearn.wording import counted

COMPARED = ("auc", "log_loss", "rmse", "accuracy")
"""Metrics whose paired differences are given; the bootstrap is biased for calibration error."""


@dataclass(frozen=True)
class PairedDifferences(Printed):
    """How other models differ from a reference model; printing shows one row per model.

    All models are compared on the same answers.

    Attributes
    ----------
    reference : str
        The model with which the other models are compared.
    estimates : dict of str to dict of str to Estimate
        For each model and metric, the model's metric minus the metric of the reference, with an
        interval of the difference. The metrics of the two models use the same resamples of
        students. If the interval does not contain 0, the model that is better on this log would
        rarely be worse with other students of the same kind.
    confidence : float
        The coverage of the intervals.
    """

    reference: str
    estimates: dict[str, dict[str, Estimate]]
    confidence: float

    def __repr__(self) -> str:
        names = ", ".join(map(terminal_text, self.estimates))
        return f"PairedDifferences({names}; to {terminal_text(self.reference)})"

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per model and metric, as columns for any dataframe library."""
        rows = [
            (model, metric, estimate.value, estimate.lower, estimate.upper)
            for model, metrics in self.estimates.items()
            for metric, estimate in metrics.items()
        ]
        columns = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        types = (str, str, float, float, float)
        names = ("model", "metric", "difference", "lower", "upper")
        return {
            name: np.array(column, kind)
            for name, kind, column in zip(names, types, columns, strict=True)
        }

    def to_dict(self) -> dict[str, Any]:
        """The result as a dict that can be stored as JSON, with None in place of nan."""
        return {
            "reference": self.reference,
            "confidence": self.confidence,
            "models": {
                model: {metric: estimate.to_dict() for metric, estimate in metrics.items()}
                for model, metrics in self.estimates.items()
            },
        }

    def _parts(self) -> Parts:
        every = next(iter(self.estimates.values()), {})
        shown = [*COMPARED[:3], *(metric for metric in every if metric not in COMPARED)]
        level = interval_title(self.confidence)
        titles = [TITLES.get(metric, metric) for metric in shown]
        head = ["model"] + [cell for title in titles for cell in (title, level)]
        rows = [
            [model, *(cell for metric in shown for cell in _cells(metrics[metric]))]
            for model, metrics in self.estimates.items()
        ]
        return Parts(f"difference to {self.reference}, on the same answers", head, rows, [])


def _cells(difference: Estimate) -> list[str]:
    value = "-" if np.isnan(difference.value) else number(difference.value, signed=True)
    return [value, difference.interval(signed=True)]


@dataclass(frozen=True, repr=False)
class CrossValidation(Printed):
    """Models that were compared on the same folds; printing shows one row per model.

    Attributes
    ----------
    pooled : dict of str to Evaluation
        For each model, the metrics of all out-of-fold predictions together, with intervals over
        students. The resamples of students are the same for every model.
    folds : dict of str to dict of str to float array, shape (n_folds,)
        For each model, each metric within each fold, and ``fit_time`` and ``predict_time`` in
        seconds. A metric that is undefined in a fold is nan.
    predictions : dict of str to float array, shape (n,)
        For each model, the out-of-fold P(correct) of each row (exposures too), in the order of the
        rows that you passed. P(correct) is nan if no fold tests the row, and the mean over folds if
        several folds test the row.
    test_rows : tuple of integer arrays
        The rows that each fold tested.
    scheme : str
        How the folds were made: ``"by student"`` or ``"forward in time"``.
    resampled : dict of str to dict of str to float array, shape (n_bootstrap,)
        For each model and metric, the values of the metric in the resamples of students.
        `differences` uses these values.
    groups : dict of str to GroupErrors
        For each model, the errors by skill, or by the grouping that you passed as ``by``.
    skipped : dict of str to str
        The models that could not be compared on this log, each with the reason.
    """

    pooled: dict[str, Evaluation]
    folds: dict[str, dict[str, Floats]]
    predictions: dict[str, Floats]
    test_rows: tuple[Ints, ...]
    scheme: str = "by student"
    resampled: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    groups: Mapping[str, GroupErrors] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The model with the highest AUC, or the lowest log loss if AUC is undefined."""
        return max(self.pooled, key=self._rank)

    def ranked(self) -> CrossValidation:
        """The same comparison with the models sorted from best to worst, by the rule of `best`."""
        order = sorted(self.pooled, key=self._rank, reverse=True)
        return replace(
            self,
            pooled={name: self.pooled[name] for name in order},
            folds={name: self.folds[name] for name in order},
            predictions={name: self.predictions[name] for name in order},
            groups={name: self.groups[name] for name in order if name in self.groups},
        )

    def _rank(self, name: str) -> tuple[float, float]:
        pooled = self.pooled[name]
        return float(np.nan_to_num(pooled.auc.value, nan=-1.0)), -pooled.log_loss.value

    def differences(self, to: str | None = None) -> PairedDifferences:
        """Compute how much the other models differ from a reference model, on the same answers.

        All models predicted the same rows, and their metrics use the same resamples of students.
        Effects that are the same for all models (for example, the effect of an easy class) cancel
        out in the differences. The interval of a difference is much shorter than the intervals of
        the two models suggest.

        Parameters
        ----------
        to : str, optional
            The model with which the other models are compared; by default the best model.

        Returns
        -------
        PairedDifferences
            The differences in AUC, log loss, RMSE, accuracy and your own metrics. Like the
            intervals of `pooled`, the intervals of the differences do not include the variation
            between training sets.

        Raises
        ------
        ParameterError
            The error is raised if there is no model with the name `to`.
        """
        reference = self.best if to is None else to
        if reference not in self.pooled:
            raise ParameterError(
                "differences", [f"no model {reference!r}; there are {some(self.pooled, 30)}"]
            )
        confidence = self.pooled[reference].confidence
        compared = (*COMPARED, *self.pooled[reference].custom)
        return PairedDifferences(
            reference,
            {
                name: {metric: self._difference(name, reference, metric) for metric in compared}
                for name in self.pooled
                if name != reference
            },
            confidence,
        )

    def _difference(self, name: str, reference: str, metric: str) -> Estimate:
        one, other = self.pooled[name], self.pooled[reference]
        value = one.metrics()[metric].value - other.metrics()[metric].value
        none: Mapping[str, Floats] = {metric: np.empty(0)}
        mine, others = (self.resampled.get(which) or none for which in (name, reference))
        drawn = mine[metric] - others[metric]
        drawn = drawn[~np.isnan(drawn)]
        if np.isnan(value) or len(drawn) < 2:
            return Estimate(value, float("nan"), float("nan"))
        ends = student_interval(value, drawn.std(), one.effective_students, one.confidence)
        return Estimate(value, float(ends.lower), float(ends.upper))

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per model and fold, as columns for any dataframe library."""
        names, n_folds = list(self.folds), len(self.test_rows)
        columns: dict[str, NDArray[Any]] = {
            "model": np.repeat(np.array(names, dtype=str), n_folds),
            "fold": np.tile(np.arange(n_folds), len(names)),
        }
        for column in next(iter(self.folds.values())):
            columns[column] = np.concatenate([self.folds[name][column] for name in names])
        return columns

    def group_table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per model and group (for example, a skill), if you passed ``by``.

        Raises
        ------
        ParameterError
            The error is raised if the comparison has no groups, because you passed no ``by``.
        """
        if not self.groups:
            raise ParameterError("group_table", ["no groups; give cross_validate(…, by=…)"])
        tables = {name: errors.table() for name, errors in self.groups.items()}
        sizes = [len(table["group"]) for table in tables.values()]
        columns: dict[str, NDArray[Any]] = {"model": np.repeat(np.array(list(tables), str), sizes)}
        for column in next(iter(tables.values())):
            columns[column] = np.concatenate([table[column] for table in tables.values()])
        return columns

    def to_dict(self) -> dict[str, Any]:
        """The result, without the predictions, as a dict for JSON, with None in place of nan."""
        groups = {name: errors.to_dict() for name, errors in self.groups.items()}
        return {
            "n_folds": len(self.test_rows),
            "scheme": self.scheme,
            "models": {
                name: {
                    "pooled": self.pooled[name].to_dict(),
                    "folds": plain_columns(self.folds[name]),
                }
                for name in self.folds
            },
            "best": self.best,
            "differences": self.differences().to_dict(),
            "skipped": dict(self.skipped),
            **({"groups": groups} if groups else {}),
        }

    def plot(self, ax: Any = None, *, metric: str = "auc") -> Any:
        """Draw it: see `adaptlearn.evaluation.cross_validation.plot_comparison`."""
        return plot_comparison(self, ax, metric=metric)

    def _parts(self) -> Parts:
        first = next(iter(self.pooled.values()))
        n_folds = len(self.test_rows)
        caption = (
            f"{counted(n_folds, 'fold')} {self.scheme}: "
            f"{first.n_responses:,} out-of-fold predictions of {first.n_students:,} students"
        )
        head = ["model", "AUC", interval_title(first.confidence)]
        others = [*METRICS[1:], *first.custom]
        head += [TITLES.get(metric, metric) for metric in others] + ["fit (s)", "predict (s)"]
        rows = [
            [
                name,
                number(pooled.auc.value),
                pooled.auc.interval(),
                *(number(pooled.metrics()[metric].value) for metric in others),
                *(f"{self.folds[name][what].mean():.2f}" for what in ("fit_time", "predict_time")),
            ]
            for name, pooled in self.pooled.items()
        ]
        rows += [[name, "skipped", *["-"] * (len(head) - 2)] for name in self.skipped]
        # What was left out is the same for every model, and said once.
        common = set.intersection(*(set(result.notes) for result in self.pooled.values()))
        notes = [note for note in first.notes if note in common]
        notes += [
            f"{name}: {note}"
            for name, result in self.pooled.items()
            for note in result.notes
            if note not in common
        ]
        notes += [f"{name} was skipped: {why}" for name, why in self.skipped.items()]
        return Parts(caption, head, rows, notes)

    def __repr__(self) -> str:
        names = ", ".join(map(terminal_text, self.pooled))
        return f"CrossValidation({names}; {len(self.test_rows)} folds)"


def plot_comparison(result: CrossValidation, ax: Any = None, *, metric: str = "auc") -> Any:
    """Draw a metric of each model, with interval and folds; the best model is at the top.

    Parameters
    ----------
    result : CrossValidation
    ax : matplotlib axes, optional
    metric : {"auc", "log_loss", "rmse", "accuracy", "calibration_error"}, or one of your own

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    known = next(iter(result.pooled.values())).metrics()
    if metric not in known:
        raise ParameterError(
            "plot_comparison", [f"no metric {metric!r}; there are {some(known, 30)}"]
        )
    names = list(result.ranked().pooled)[::-1]
    ax = new_axes(ax, (5.6, 1.4 + 0.35 * len(names)))
    for down, name in enumerate(names):
        estimate = result.pooled[name].metrics()[metric]
        by_fold = result.folds[name][metric]
        color = f"C{(len(names) - 1 - down) % 10}"  # as its calibration curve's
        ax.scatter(by_fold, np.full(len(by_fold), down - 0.22), s=10, color="0.7")
        ax.hlines(down, estimate.lower, estimate.upper, linewidth=2, color=color)
        ax.scatter([estimate.value], [down], s=28, color=color)
    ax.set_yticks(range(len(names)), [*map(picture_text, names)])
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.set(
        xlabel=f"{TITLES.get(metric, metric)} (grey: single folds)",
        title=f"{len(result.test_rows)} folds {result.scheme}",
    )
    return ax
