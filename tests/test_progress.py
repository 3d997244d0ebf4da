"""Long work tells how far it is, and costs nothing where nobody listens."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from tests.models.students import answers, with_items, with_times

from adaptlearn import ResponseLog, cross_validate, show_progress
from adaptlearn.cli.fit import fit
from adaptlearn.errors import MissingDependency
from adaptlearn.models import (
    AFM,
    BKT,
    FSRS,
    IRT,
    BoostedTracer,
    Elo,
    HalfLifeRegression,
    LinearRecurrentTracer,
)
from adaptlearn.progress import report
from adaptlearn.simulation import TwoState, baselines, evaluation_matrix, random_course

LOG = ResponseLog.from_frame(with_times(with_items(answers(40, 4, seed=1))))


class Bars(list[dict[str, Any]]):
    """In place of tqdm: what each bar was told."""

    def __call__(self, **how: Any) -> Any:
        bar = {**how, "told": [], "open": True}
        self.append(bar)

        class Bar:
            n = 0
            total = how["total"]

            def update(self, more: int) -> None:
                self.n += more
                bar["told"].append((self.n, self.total))

            def close(self) -> None:
                bar["open"] = False

        return Bar()


@pytest.fixture
def bars(monkeypatch):
    import tqdm.auto

    made = Bars()
    monkeypatch.setattr(tqdm.auto, "tqdm", made)
    return made


def told(run):
    """All that a function's work reports."""
    found: list[tuple[str, str, int, int | None]] = []
    with show_progress(lambda *what: found.append(what)):
        run()
    return found


def test_em_says_how_many_skills_are_at_rest():
    found = told(lambda: BKT(n_init=2).fit(LOG))
    assert {what[:2] for what in found} == {("fitting BKT", "skills")}
    done = [what[2] for what in found]
    assert found[-1][2:] == (3, 3)
    assert done[0] == 0
    assert len(found) > 3


@pytest.mark.parametrize(
    ("model", "work"),
    [
        (BKT(ability=True, max_iter=5), ("fitting BKT", "steps")),
        (AFM(), ("fitting weights", "steps")),
        (IRT(), ("fitting items", "steps")),
        (FSRS(card="skill"), ("fitting memory", "steps")),
        (HalfLifeRegression(card="skill"), ("fitting memory", "steps")),
    ],
    ids=lambda given: type(given).__name__,
)
@pytest.mark.filterwarnings("ignore::adaptlearn.errors.ConvergenceWarning")
def test_searches_count_their_steps(model, work):
    found = told(lambda: model.fit(LOG))
    assert found == [(*work, step + 1, None) for step in range(len(found))]
    assert len(found) == np.max(model.n_iter_)


def test_a_fit_that_is_a_part_of_another_tells_too():
    model = BoostedTracer(
        features=["counts"],
        inputs=[LinearRecurrentTracer(n_epochs=2, decays=(0.5,), rank=1)],
        lean_on=[Elo(alpha=1.0, beta=0.1)],
        n_folds=2,
        n_seeds=2,
        max_iter=1,
        min_samples_leaf=5,
    )
    found = told(lambda: model.fit(LOG))
    assert [what[2:] for what in found if what[0] == "growing trees"] == [
        *[(1, 2), (2, 2)],
        *[(1, 1)] * 2,
    ]
    assert [what[2:] for what in found if what[1] == "folds"] == [(1, 2), (2, 2)] * 2
    assert ("fitting LinearRecurrentTracer", "epochs", 2, 2) in found


def test_cross_validation_counts_its_fits():
    model = Elo(alpha=1.0, beta=0.1)
    found = told(lambda: cross_validate(model, LOG, cv=2, n_bootstrap=2))
    assert found == [("cross-validating", "fits", done, 2) for done in range(3)]


def test_a_matrix_counts_its_episodes():
    course = random_course(2)
    policies = {"oracle": baselines(course)["oracle"]}
    found = told(
        lambda: evaluation_matrix({"a": TwoState(2)}, policies, course, n_students=2, seeds=2)
    )
    assert found[-1] == ("simulating", "episodes", len(found), len(found))


def test_outside_the_block_nobody_listens():
    found = []
    with show_progress(lambda *what: found.append(what)):
        report("work", "steps", 1)
        with show_progress(lambda *what: found.append(("inner", *what))):
            report("work", "steps", 2)
        report("work", "steps", 3)
    report("work", "steps", 4)
    assert found == [
        ("work", "steps", 1, None),
        ("inner", "work", "steps", 2, None),
        ("work", "steps", 3, None),
    ]


def test_an_error_ends_the_block():
    with pytest.raises(ZeroDivisionError), show_progress(print):
        1 / 0  # noqa: B018
    report("work", "steps", 1)


def test_bars_follow_what_is_told(bars):
    with show_progress():
        for fold in (1, 2):
            for step in (1, 2, 3):
                report("fitting", "steps", step)
            report("comparing", "fits", fold, 2)
    assert [bar["desc"] for bar in bars] == ["fitting", "comparing", "fitting"]
    assert bars[0]["told"] == bars[2]["told"] == [(1, None), (2, None), (3, None)]
    assert bars[1]["told"] == [(1, 2), (2, 2)]
    assert not any(bar["open"] for bar in bars)


def test_a_bar_is_closed_when_its_work_is_done(bars):
    with show_progress():
        report("fitting", "epochs", 2, 2)
        assert not bars[0]["open"]
        report("fitting", "epochs", 1, 2)
        assert bars[1]["open"]
    assert not bars[1]["open"]


def test_real_bars_write_to_standard_error(capsys):
    with show_progress():
        report("fitting", "steps", 1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_the_command_shows_bars_on_a_terminal(bars, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    fit(AFM(), LOG)
    assert [bar["desc"] for bar in bars] == ["fitting weights"] * terminal


def test_bars_need_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingDependency, match="python -m pip install tqdm"), show_progress():
        pass
