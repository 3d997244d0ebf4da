"""Models, trackers and results go through copy and pickle, bit for bit."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import pytest
from tests.models.students import answers, with_items, with_times

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.evaluation import cross_validate, evaluate
from adaptlearn.models import BKT
from adaptlearn.models.registry import named_models

pytestmark = pytest.mark.filterwarnings("ignore")


def by_joblib(thing: Any, folder: Path) -> Any:
    joblib.dump(thing, folder / "thing")
    return joblib.load(folder / "thing")


COPIES: dict[str, Callable[[Any, Path], Any]] = {
    "deepcopy": lambda thing, folder: copy.deepcopy(thing),
    "pickle": lambda thing, folder: pickle.loads(pickle.dumps(thing)),
    "joblib": by_joblib,
}


def few_rounds(model: Any) -> Any:
    few = {"max_iter": 5, "n_seeds": 1, "n_epochs": 3, "n_folds": 2, "n_init": 1}
    return model.set_params(**{k: v for k, v in few.items() if k in model.get_params()})


@pytest.fixture(scope="module")
def log() -> Any:
    return ResponseLog.from_frame(with_times(with_items(answers(30, 6, seed=3))))


@pytest.fixture(scope="module", params=named_models())
def fitted(request: pytest.FixtureRequest, log: Any) -> Any:
    return few_rounds(named_models()[request.param]()).fit(log)


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_model_and_its_tracker_come_back_bit_for_bit(
    fitted: Any, log: Any, duplicate: Callable[[Any, Path], Any], tmp_path: Path
) -> None:
    again = duplicate(fitted, tmp_path)
    assert again.predict_proba(log).tobytes() == fitted.predict_proba(log).tobytes()
    assert again.fingerprint_ == fitted.fingerprint_
    tracker = MasteryTracker(fitted).update(log)
    same = duplicate(tracker, tmp_path)
    assert list(same.students) == list(tracker.students)
    assert same.mastery().value.tobytes() == tracker.mastery().value.tobytes()


RESULTS: dict[str, Callable[[Any, Any], Any]] = {
    "log": lambda model, log: log,
    "mastery": lambda model, log: model.mastery(log),
    "evaluation": lambda model, log: evaluate(model, log, n_bootstrap=0),
    "cross-validation": lambda model, log: cross_validate({"bkt": BKT(n_init=1)}, log, cv=2),
    "curriculum": lambda model, log: school(log),
    "decisions": lambda model, log: sequencer(model, log).recommend(log.student.labels[:2]),
    "explanation": lambda model, log: sequencer(model, log).explain(
        log.student.labels[0], log.skill.labels[0]
    ),
    "state": lambda model, log: model.init_state(3),
}


def school(log: Any) -> Curriculum:
    return Curriculum.from_dict({"skills": log.skill.labels.tolist()})


def sequencer(model: Any, log: Any) -> Sequencer:
    return Sequencer(school(log), MasteryTracker(model).update(log), random_state=0)


def settled(thing: Any) -> bytes:
    """To the last bit, wherever equal texts are one object and whichever arrays are read-only."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=4)  # later ones tell whether an array is read-only
    pickler.fast = True  # no memo
    pickler.dump(thing)
    return stream.getvalue()


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_a_result_comes_back_bit_for_bit(
    make: Callable[[Any, Any], Any], duplicate: Callable[[Any, Path], Any], log: Any, tmp_path: Path
) -> None:
    result = make(BKT(n_init=1).fit(log), log)
    again = duplicate(result, tmp_path)
    assert type(again) is type(result)
    assert repr(again) == repr(result)
    if duplicate is not by_joblib:  # its arrays are of another layout in a pickle
        assert settled(again) == settled(result)
