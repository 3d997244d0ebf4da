"""Pictures: what is drawn is what was computed; without matplotlib one is told what to install."""

import sys

import matplotlib as mpl
import numpy as np
import pytest

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.evaluation import (
    calibration_curve,
    cross_validate,
    group_errors,
    learning_curve,
)
from adaptlearn.evaluation.diagnostics import plot_calibration
from adaptlearn.evaluation.plots import comparison_figure
from adaptlearn.models import BKT
from adaptlearn.plotting import new_figure
from adaptlearn.simulation import simulate_school


@pytest.fixture(scope="module")
def log():
    return simulate_school(n_students=60, n_skills=5, random_state=1).responses


@pytest.fixture(scope="module")
def result(log):
    models = {"plain": BKT(n_init=1), "forgetting": BKT(n_init=1, forgetting=True)}
    return cross_validate(models, log, cv=2, n_bootstrap=20)


@pytest.fixture(scope="module")
def predicted(result):
    return result.predictions["plain"]


@pytest.fixture(autouse=True)
def no_windows():
    from matplotlib import pyplot as plt

    backend = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


def drawn(ax):
    """It can be drawn, without a warning."""
    ax.figure.canvas.draw()
    return ax


def test_calibration(log, predicted):
    curve = calibration_curve(log, predicted, n_bootstrap=20)
    ax = drawn(curve.plot())
    _diagonal, line = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), curve.predicted)
    np.testing.assert_array_equal(line.get_ydata(), curve.observed)
    assert len(ax.collections) == 1
    several = drawn(plot_calibration({"a": curve, "b": curve}))
    labels = [text.get_text() for text in several.get_legend().get_texts()]
    assert labels == [f"{name} ({curve.error:.3f})" for name in "ab"]


def test_gaps(log, predicted):
    result = group_errors(log, predicted, n_bootstrap=20)
    ax = drawn(result.plot(most=3))
    assert len(ax.get_yticks()) == 3
    assert "3 of 5 groups" in ax.get_title()
    shown = ax.collections[-1].get_offsets()[:, 0]
    assert np.isin(shown, result.gap.value).all()
    assert (np.diff(shown) >= 0).all()
    bare = group_errors(log, predicted, n_bootstrap=0)
    drawn(bare.plot())


def test_learning_curves(log, predicted):
    curve = learning_curve(log, predicted, n_bootstrap=20, max_opportunity=6)
    ax = drawn(curve.plot())
    observed, expected = ax.lines
    np.testing.assert_array_equal(observed.get_ydata(), curve.observed)
    np.testing.assert_array_equal(expected.get_ydata(), curve.predicted)
    assert [text.get_text() for text in ax.texts] == [f"{n}" for n in curve.n_students]
    single = learning_curve(log, predicted, by_skill=True, n_bootstrap=0, max_opportunity=4)
    assert single.skill is not None
    ax = drawn(single.plot(skill=single.skill[5]))
    mine = single.skill == single.skill[5]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), single.observed[mine])
    for bad, skill in ((curve, "add"), (single, None), (single, "no such skill")):
        with pytest.raises(ParameterError, match=f"skill is {skill!r}; the result has"):
            bad.plot(skill=skill)


def test_comparison(log, result, tmp_path):
    ax = drawn(result.plot(metric="log_loss"))
    assert [text.get_text() for text in ax.get_yticklabels()] == list(result.ranked().pooled)[::-1]
    with pytest.raises(ParameterError, match="no metric 'f1'"):
        result.plot(metric="f1")
    curves = {
        name: calibration_curve(log, p, n_bootstrap=20) for name, p in result.predictions.items()
    }
    figure = comparison_figure(result, curves)
    figure.savefig(tmp_path / "comparison.png")
    assert (tmp_path / "comparison.png").stat().st_size > 10_000


def test_axes_that_are_given_are_drawn_into(log, result, predicted):
    figure = new_figure((4, 4))
    ax = figure.add_subplot()
    assert calibration_curve(log, predicted, n_bootstrap=0).plot(ax) is ax
    assert result.plot(ax) is ax


def test_without_matplotlib(log, result, predicted, monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    curve = calibration_curve(log, predicted, n_bootstrap=0)
    with pytest.raises(MissingDependency, match="python -m pip install matplotlib"):
        curve.plot()
    with pytest.raises(MissingDependency, match="a picture needs matplotlib"):
        comparison_figure(result, {"plain": curve})
    monkeypatch.undo()
