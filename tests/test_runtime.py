"""The pure-Python runtime: the numbers of the array path, and nothing but the standard library."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.models.students import answers

from adaptlearn import ResponseLog, runtime
from adaptlearn.models import BKT, PFA, Elo
from adaptlearn.serialization import fingerprint
from adaptlearn.simulation import simulate_school

MODELS: dict[str, dict] = {
    "plain": {},
    "forgetting": {"forgetting": True},
    "item": {"guess_by": "item", "slip_by": "item"},
    "two columns": {"guess_by": ("item", "lesson"), "slip_by": "lesson", "prior_by": "group"},
    "resource": {"learn_by": "lesson"},
    "gap": {"forgetting": True, "learn_by": "gap", "forget_by": "gap", "gaps": (60, 3600)},
    "item pair": {"learn_by": "item_pair"},
    "classes of students": {"student_classes": 3, "forgetting": True},
    "everything": {
        "forgetting": True,
        "prior_by": ("group", "item"),
        "learn_by": ("lesson", "gap", "item_pair"),
        "forget_by": "lesson",
        "guess_by": "item",
        "slip_by": "group",
        "gaps": (60, 3600),
    },
}
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
COLUMNS = ("item", "lesson", "group", "time")


def training(*, apart=False):
    """A log; with `apart`, one of two kinds of students, of whom the second know much more."""
    columns = answers(120, 5, seed=1, forget=0.05)
    n, rng = len(columns["correct"]), np.random.default_rng(2)
    if apart:
        knows = (columns["student"] % 2 == 1) & (rng.random(n) < 0.7)
        columns["correct"] = np.where(knows, 1, columns["correct"])
    columns["item"] = rng.integers(0, 4, n)
    columns["lesson"] = rng.choice(["film", "text"], n)
    columns["group"] = rng.integers(0, 2, n) == 1
    columns["time"] = np.cumsum(rng.choice([0.2, 3, 30], n))
    return ResponseLog.from_frame(columns, extra=["lesson", "group"])


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Every model by name, fitted and read back by the runtime."""
    folder, models = tmp_path_factory.mktemp("models"), {}
    logs = {apart: training(apart=apart) for apart in (False, True)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few steps
        for name, options in MODELS.items():
            log = logs["student_classes" in options]
            model = BKT(n_init=1, max_iter=15, **options).fit(log)
            model.save(folder / f"{name}.json")
            models[name] = model, runtime.load(folder / f"{name}.json")
    return models


@pytest.fixture
def path(fitted, tmp_path):
    fitted["everything"][0].save(tmp_path / "model.json")
    return tmp_path / "model.json"


RESPONSE = st.fixed_dictionaries(
    {
        "skill": st.lists(st.sampled_from(["add", "halve", "times", "unseen"]), min_size=1),
        "correct": st.sampled_from([True, False, None]),
        "item": st.integers(0, 5),  # training had 0 to 3
        "lesson": st.sampled_from(["film", "text", "game"]),
        "group": st.booleans(),
        "wait": st.sampled_from([0.0, 5.5, 60.0, 600.0, 3600.0, 1e6]),
    }
)


def as_columns(rows):
    columns = {name: [row[name] for row in rows] for name in ("skill", *COLUMNS)}
    correct = [np.nan if row["correct"] is None else float(row["correct"]) for row in rows]
    return {**columns, "student": [0] * len(rows), "correct": correct, "id": [*range(len(rows))]}


def as_log(rows):
    return ResponseLog.from_frame(
        as_columns(rows), extra=["lesson", "group"], unanswered="exposure"
    )


def read_by(model, row):
    """The arguments of a response that a model reads."""
    return {name: row[name] for name in ("item", "time", *model.columns)}


@pytest.mark.filterwarnings("ignore:skill 'unseen' was not")
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=trials(250), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(RESPONSE, min_size=1, max_size=12), cut=st.integers(0, 12))
def test_numbers_equal_those_of_the_arrays(fitted, name, rows, cut):
    model, served = fitted[name]
    rows = [dict(row) for row in rows]
    for row, time in zip(rows, np.cumsum([row["wait"] for row in rows]).tolist(), strict=True):
        row["time"] = time
    log = as_log(rows)
    state = model.update_state(model.init_state(1), log[:cut]) if cut else model.init_state(1)
    expected = np.concatenate(
        (model.predict_proba(log)[:cut, 1], model.predict_proba(log[cut:], state=state)[:, 1])
        if cut < len(rows)
        else (model.predict_proba(log)[:, 1],)
    )
    student, found = served.student(), []
    for place, row in enumerate(rows):
        if place == cut:  # what an application stores between two visits
            kept = json.loads(json.dumps(student.to_dict()))
            student = runtime.Student.from_dict(served, kept)
        arguments = read_by(served, row)
        found.append(student.p_correct(row["skill"], **arguments))
        student.update(row["skill"], row["correct"], **arguments)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)

    state = model.update_state(model.init_state(1), log)
    for when in ("next_opportunity", "after_response"):
        table = model.state_mastery(state, np.array([0]), when=when)
        own = student.masteries(when)
        assert list(own) == table.skills.tolist()
        np.testing.assert_allclose(list(own.values()), table.value[0], rtol=0, atol=1e-12)
    skills = [*served.skills, "unseen"]
    expected = model.predict_state(state, np.zeros(len(skills), int), skills)
    found = [student.p_correct(skill) for skill in skills]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    counts = model.state_counts(state, np.array([0]))[0]
    assert [student.answers(skill) for skill in table.skills.tolist()] == counts.tolist()


def test_the_classes_of_every_kind_are_exercised(fitted):
    """The parameters of classes differ from the skill's own, so that mistakes would show."""
    for name in list(MODELS)[2:]:
        model, served = fitted[name]
        assert served.columns == tuple(
            column for column in dict.fromkeys(served.columns) if column in COLUMNS
        )
        for field, values in model._by_class.items():
            assert np.ptp(values) > 1e-3, (name, field)


def test_a_response_of_several_skills(fitted):
    _, served = fitted["plain"]
    student = served.student()
    alone = [student.p_correct(skill) for skill in ("add", "times")]
    assert student.p_correct(["add", "times"]) == pytest.approx(np.mean(alone), abs=1e-15)
    student.update(["times", "add", "times"], True)
    apart = served.student().update("add", True).update("times", True)
    assert student.masteries() == apart.masteries()
    assert student.answers("times") == 1


def test_an_unseen_skill_has_the_common_parameters_and_a_warning(fitted):
    model, served = fitted["plain"]
    student = served.student()
    with pytest.warns(runtime.UnseenSkillWarning, match="'unseen' was not in training") as told:
        assert student.mastery("unseen") == model.pooled_["prior"]
    assert told[0].filename == __file__
    with pytest.warns(runtime.UnseenSkillWarning) as told:
        student.p_correct("unseen")
    assert told[0].filename == __file__
    with pytest.warns(runtime.UnseenSkillWarning) as told:
        student.update("unseen", True)
    assert told[0].filename == __file__
    # From then on it is known, and warnings are errors here.
    assert list(student.masteries()) == ["add", "halve", "times", "unseen"]
    assert student.masteries()["unseen"] == student.mastery("unseen") > model.pooled_["prior"]
    again = runtime.Student.from_dict(served, json.loads(json.dumps(student.to_dict())))
    assert again.masteries() == student.masteries()
    assert list(served.student().masteries()) == ["add", "halve", "times"]


@pytest.mark.parametrize(
    "first",
    [5, 5.25, NOON.replace(tzinfo=None), NOON, NOON.date()],
    ids=["int", "float", "naive", "aware", "date"],
)
def test_times_are_read_as_a_log_reads_them(fitted, first):
    model, served = fitted["gap"]
    step = 61 if isinstance(first, (int, float)) else timedelta(days=1)
    times = [first, first + step]
    if isinstance(first, datetime) and first.tzinfo:
        times[1] = times[1].astimezone(timezone(timedelta(hours=5)))
    frame = {"student": [0, 0], "skill": ["add"] * 2, "correct": [1, 0], "time": times}
    student = served.student()
    for correct, time in zip([1, 0], times, strict=True):
        found = student.p_correct("add", time=time)
        student.update("add", correct, time=time)
    assert found == pytest.approx(model.predict_proba(frame)[1, 1], abs=1e-12)


def test_values_of_numpy_and_pandas_are_understood(fitted):
    _, served = fitted["item"]
    plain = served.student().update("add", True, item=2, time=NOON)
    numpy = served.student().update(
        np.str_("add"),
        np.True_,
        item=np.int64(2),
        time=pd.Timestamp("2024-03-01 12:00", tz="UTC"),
    )
    assert json.dumps(numpy.to_dict()) == json.dumps(plain.to_dict())
    for nothing in (pd.NaT, pd.NA):
        with pytest.raises(runtime.ResponseError, match=r"time is <?Na?[TA]>?;"):
            served.student().update("add", True, item=2, time=nothing)
    assert served.student().update("add", np.int8(0), item=2, time=np.int64(3)).answers("add") == 1


def test_late_responses_and_other_clocks_change_nothing(fitted):
    _, served = fitted["plain"]
    student = served.student().update("add", True, time=10).update("add", True, time=10)
    before = student.to_dict()
    with pytest.raises(runtime.LateResponse, match=r"0\.5 s older"):
        student.update("times", True, time=9.5)
    with pytest.raises(runtime.LateResponse):
        student.p_correct("times", time=9.5)
    with pytest.raises(runtime.StateError, match="'seconds', this one is 'none'"):
        student.update("add", True)
    with pytest.raises(runtime.StateError, match="'seconds', this one is 'aware'"):
        student.update("add", True, time=NOON)
    assert student.to_dict() == before
    assert 0 < student.p_correct("add") < 1


def test_every_problem_of_a_response_is_told_at_once(fitted):
    _, served = fitted["everything"]
    student = served.student()
    with pytest.raises(runtime.ResponseError) as caught:
        student.update(1.5, "yes", item=True, time=float("nan"), lesson=[], leson="film")
    assert [problem.split()[:3] for problem in caught.value.problems] == [
        ["skill", "is", "1.5;"],
        ["correct", "is", "'yes';"],
        ["item", "is", "True;"],
        ["lesson", "is", "[];"],
        ["the", "model", "reads"],
        ["time", "is", "nan;"],
        ["group", "is", "missing"],
    ]
    assert student.to_dict() == served.student().to_dict()
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"skill": ""}, "skill is ''"),
        ({"skill": True}, "skill is True"),
        ({"skill": None}, "skill is None"),
        ({"skill": []}, r"skill is \[\]; expected one or several"),
        ({"skill": ["add", 3]}, "all texts or all integers"),
        ({"correct": 2}, "correct is 2"),
        ({"correct": np.nan}, "correct is nan"),
        ({"correct": np.array([1, 0])}, "correct is array"),
        ({"time": True}, "time is True"),
        ({"time": "noon"}, "time is 'noon'"),
        ({"time": np.inf}, "time is inf"),
        ({"time": 2**53}, "expected finite seconds"),
        ({"time": np.datetime64("2024-01-01")}, "expected finite seconds or a datetime"),
        ({"group": np.nan}, "group is nan"),
        ({"group": None}, "group is missing"),
        ({"item": None}, "item is missing"),
        ({"time": None}, "time is missing"),
    ],
)
def test_what_is_no_response_is_refused(fitted, arguments, said):
    student = fitted["everything"][1].student()
    sound = {"skill": "add", "correct": True, "item": 1, "lesson": "film", "group": True, "time": 1}
    assert student.update(**sound).answers("add") == 1
    with pytest.raises(runtime.ResponseError, match=said):
        student.update(**{**sound, **arguments})
    with pytest.raises(runtime.ResponseError, match="when is"):
        student.mastery("add", "before")


def test_an_answer_that_cannot_be_is_refused_whole(tmp_path):
    log = answers(60, 4, seed=1)
    log["correct"] = np.ones_like(log["correct"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BKT(fixed={"prior": 1.0, "slip": 0.0, "learn": 0.0}, n_init=1).fit(log)
    model.save(tmp_path / "model.json")
    student = runtime.load(tmp_path / "model.json").student()
    before = student.to_dict()
    with pytest.raises(runtime.ImpossibleHistoryError, match="skill 'halve' has probability 0"):
        student.update(["halve", "add"], False, time=1)
    assert student.to_dict() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": [0.0, 1.0]}, "evidence"),
        ({"evidence": [0.0, "1", 2.0]}, "evidence"),
        ({"beliefs": [["add", [0.5, 0.5], 1, [0.5, 0.5]]]}, "not of 3 classes"),
        ({"beliefs": [["add", 0.5, 1, 0.5]]}, "is damaged"),
        ({"beliefs": [["add", [0.5, 0.5, 0.9], 1, [0.5] * 3]]}, "do not sum to 1"),
    ],
)
def test_a_damaged_student_of_a_class_is_refused(fitted, change, said):
    _, served = fitted["classes of students"]
    student = served.student().update("add", True).update(["add", "times"], False)
    state = student.to_dict()
    assert runtime.Student.from_dict(served, state).masteries() == student.masteries()
    with pytest.raises(runtime.StateError, match=said):
        runtime.Student.from_dict(served, {**state, **change})


def test_answers_on_one_skill_tell_of_the_class_and_so_of_another(fitted):
    _, served = fitted["classes of students"]
    worse, better = (
        served.student().update("add", right).update("add", right) for right in (False, True)
    )
    assert worse.mastery("times") < served.student().mastery("times") < better.mastery("times")


def test_a_saved_student_belongs_to_one_model(fitted):
    state = fitted["plain"][1].student().update("add", True).to_dict()
    with pytest.raises(runtime.StateError, match="belongs to model"):
        runtime.Student.from_dict(fitted["forgetting"][1], state)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "adaptlearn-model"}, "another format"),
        ({"version": 2}, "another format or version"),
        ({"clock": "moon"}, "'moon'"),
        ({"clock": None}, "None"),
        ({"time": None}, "has a time None"),
        ({"time": "noon"}, "has a time 'noon'"),
        ({"time": float("inf")}, "has a time inf"),
        ({"beliefs": [["add", 0.5, 1]]}, "a belief that is none"),
        ({"beliefs": [["add", 1.5, 1, 3.0, ["film"], []]]}, r"\[0, 1\]"),
        ({"beliefs": [["add", 0.5, -1, 3.0, ["film"], []]]}, "a belief that is none"),
        ({"beliefs": [["add", 0.5, 1, None, ["film"], []]]}, "has a time None"),
        ({"beliefs": [["add", 0.5, 1, 3.0, [["film"]], []]]}, "is damaged"),
        ({"beliefs": [["add", 0.5, 1, 3.0, ["film"], []]] * 2}, "a skill twice"),
        ({"beliefs": None}, "is damaged|has times"),
    ],
)
def test_a_damaged_student_is_refused(fitted, change, said):
    _, served = fitted["everything"]
    student = served.student().update("add", True, item=1, lesson="film", group=True, time=3)
    state = student.to_dict()
    assert runtime.Student.from_dict(served, state).masteries() == student.masteries()
    with pytest.raises(runtime.StateError, match=said):
        runtime.Student.from_dict(served, {**state, **change})
    for name in state:
        with pytest.raises(runtime.StateError, match=name):
            runtime.Student.from_dict(served, {k: v for k, v in state.items() if k != name})


@pytest.mark.parametrize("at", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_refused(path, at):
    data = path.read_bytes()
    path.write_bytes(data[: int(at * len(data))])
    with pytest.raises(runtime.ModelFileError, match=r"model\.json: cannot be read"):
        runtime.load(path)
    place = data.index(b"0.", int(at * len(data) * 0.9)) + 2
    path.write_bytes(
        data[:place] + (b"1" if data[place : place + 1] != b"1" else b"2") + data[place + 1 :]
    )
    with pytest.raises(runtime.ModelFileError, match="does not match its digest"):
        runtime.load(path)


def drop(part):
    return lambda manifest: manifest.pop(part)


def put(value, *where):
    def change(manifest):
        for key in where[:-1]:
            manifest = manifest[key]
        manifest[where[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put({}, "coupled"), "individualised BKT or one of several skills"),
        (put("IRT", "model"), "a model named 'IRT'"),
        (put("adaptlearn-tracker", "format"), "no saved model"),
        (put(2, "version"), "version 2 is newer"),
        (put(0.5, "parameters", "learn", 0), "fingerprint"),
        (drop("pooled"), "fingerprint"),
        (drop("skills"), "fingerprint"),
        (drop("fingerprint"), "fingerprint"),
    ],
)
def test_a_file_of_another_kind_is_refused(path, change, said):
    manifest = json.loads(path.read_text())
    change(manifest)
    del manifest["digest"]
    path.write_text(json.dumps({**manifest, "digest": fingerprint(manifest)}))
    with pytest.raises(runtime.ModelFileError, match=said):
        runtime.load(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put(1.5, "parameters", "learn", 0), "outside"),
        (put([0.5], "parameters", "learn"), "zip"),
        (put([0.5], "parameters", "power"), "power"),
        (put(0.5, "pooled", "power"), "power"),
        (put("times", "skills", 0), "not distinct"),
        (put(1.5, "skills", 0), "not distinct"),
        (put([], "classes", "parameters", "learn", "power"), "classes of learn"),
        (put(["time"], "classes", "parameters", "learn", "later"), "classes by .'time'"),
        (put([0.5], "classes", "parameters", "learn", "value"), "zip"),
        (put({}, "classes", "parameters", "power"), "power"),
        (drop("pooled"), "'pooled'"),
    ],
)
def test_a_file_signed_by_another_hand_is_read_with_care(path, change, said):
    manifest = json.loads(path.read_text())
    change(manifest)
    parts = ("model", "skills", "parameters", "pooled", "classes")
    content = {name: manifest[name] for name in parts if name in manifest}
    body = {name: part for name, part in manifest.items() if name != "digest"}
    body["fingerprint"] = fingerprint(content)
    path.write_text(json.dumps({**body, "digest": fingerprint(body)}))
    with pytest.raises(runtime.ModelFileError, match=said):
        runtime.load(path)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        runtime.load(tmp_path / "none.json")


SERVE = """
import sys
served = runtime.load(sys.argv[1])
student = served.student()
for n in range(6):
    student.update("add", n % 3 > 0, item=n % 4, lesson="film", group=False, time=50.0 * n)
print(student.mastery("add"))
assert not {"numpy", "scipy", "narwhals"} & set(sys.modules), sorted(sys.modules)
"""


def expected_of_serving(model):
    rows = [
        {
            "skill": "add",
            "correct": n % 3 > 0,
            "item": n % 4,
            "lesson": "film",
            "group": False,
            "time": 50.0 * n,
        }
        for n in range(6)
    ]
    state = model.update_state(model.init_state(1), as_log(rows))
    return model.state_mastery(state, np.array([0])).value[0][0]


def test_the_package_serves_without_numpy(fitted, path):
    code = "from adaptlearn import runtime\n" + SERVE
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = expected_of_serving(fitted["everything"][0])
    assert float(done.stdout) == pytest.approx(expected, abs=1e-12)


def test_a_lone_copy_serves_without_any_package(fitted, path, tmp_path):
    (tmp_path / "copied.py").write_text(Path(runtime.__file__).read_text())
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport copied as runtime\n" + SERVE
    code += "assert 'adaptlearn' not in sys.modules and not any('-packages' in p for p in sys.path)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = expected_of_serving(fitted["everything"][0])
    assert float(done.stdout) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "model", [Elo(), PFA(), BKT(ability=True), BKT(multi_skill="conjunctive")], ids=repr
)
def test_a_model_that_is_not_served_is_named_as_such(model, tmp_path: Path) -> None:
    school = simulate_school(n_students=30, n_skills=2, random_state=0)
    model.fit(school.responses).save(tmp_path / "model")
    with pytest.raises(
        runtime.ModelFileError, match="cannot serve: it serves BKT, with forgetting"
    ):
        runtime.load(tmp_path / "model")
