"""What is read from files: a sound one of each kind, and what a reader must make of it.

A reader here reads and uses: it gives a digest of all that the thing says, and raises `Unsound`
where that cannot be meant.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tests.damage.mutations import Damage, of_archive, of_json, of_sealed_json

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer, models, runtime
from adaptlearn.datasets import (
    read_assistments,
    read_datashop,
    read_ednet,
    read_eedi,
    read_irw,
    read_junyi,
    read_pykt,
)
from adaptlearn.errors import quiet
from adaptlearn.evaluation.cross_validation.cache import FoldRun, read_run, write_run
from adaptlearn.interop import (
    from_oatutor,
    from_oatutor_courses,
    to_oatutor,
)
from adaptlearn.models import BKT
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.sequencing import Decision, Override, Placement, replay
from adaptlearn.serialization import array_digests, fingerprint
from adaptlearn.simulation import Course, Matrix, baselines, evaluation_matrix, simulators

Arrays = Mapping[str, NDArray[Any]]


class Unsound(AssertionError):
    """What was read cannot be meant."""


class Subject(NamedTuple):
    """One kind of file.

    Attributes
    ----------
    whole : bytes
        A sound file.
    read : callable
        Reads the file at a path; what it says.
    sealed : bool
        Whether the file has a digest: an accident must then be found, or change nothing.
    forged : tuple of Damage
        What is done to it by those who know its format.
    """

    whole: bytes
    read: Callable[[Path], str]
    sealed: bool
    forged: tuple[Damage, ...]


def sound(condition: Any, what: str) -> None:
    if not condition:
        raise Unsound(what)


def probabilities(values: Any, what: str) -> list[float]:
    array = np.asarray(values, np.float64)
    sound(np.all((array >= 0) & (array <= 1)), f"{what}: {array[~((array >= 0) & (array <= 1))]}")
    return [round(value, 12) for value in array.ravel().tolist()]


def responses(n_students: int = 40, n_answers: int = 12) -> dict[str, Any]:
    """A small log with items, times and a lesson, in which something is learnt."""
    luck = np.random.default_rng(7)
    n = n_students * n_answers
    skill = luck.integers(3, size=n)
    place = np.tile(np.arange(n_answers), n_students)
    return {
        "student": np.repeat(np.arange(n_students), n_answers),
        "skill": np.array(["add", "halve", "solve"], object)[skill],
        "correct": (luck.random(n) < 0.35 + 0.04 * place).astype(int),
        "item": np.array([f"i{k}" for k in 2 * skill + luck.integers(2, size=n)], object),
        "time": 1e9 + 3e4 * place + luck.random(n),
        "lesson": np.array(["read", "watch"], object)[luck.integers(2, size=n)],
    }


def log_of(columns: Mapping[str, Any]) -> ResponseLog:
    return ResponseLog.from_frame(columns, extra=["lesson"])


COLUMNS = responses()
LOG = log_of(COLUMNS)
FIRST = {name: column[:36] for name, column in COLUMNS.items()}
ASKED = log_of(FIRST)
SKILLS = ["add", "halve", "solve"]
CURRICULUM = Curriculum.from_dict(
    {
        "skills": [*SKILLS, {"skill": "prove", "threshold": 0.9, "title": "Prove it"}],
        "prerequisites": [("add", "halve"), (["add", "halve"], "solve"), ("solve", "prove")],
        "encompasses": [("halve", "add", 0.5)],
        "lessons": [
            {"lesson": "L", "skills": ["add", "halve"], "minutes": 20, "kind": "practice",
             "difficulty": 0.3, "tags": ["x"]},
            {"lesson": "M", "skills": ["solve"], "title": "Equations"},
        ],
        "items": {"i0": ["add"], "i1": ["halve", "add"]},
        "standards": [{"standard": "S", "grade": "K", "skills": ["add"]},
                      {"standard": "T", "grade": "9-12", "skills": ["halve"]}],
        "courses": [{"course": "C", "grade": 3,
                     "units": [{"unit": "U", "standards": ["S"], "skills": ["solve"]}]}],
    }
)  # fmt: skip


# Models


def says_model(model: KnowledgeTracer) -> str:
    """All that a model predicts of some answers, and of a student who comes later."""
    ahead = probabilities(model.predict_proba(ASKED)[:, 1], "predict_proba")
    found = model.mastery(ASKED)
    known = probabilities(found.value, "mastery")
    if found.lower is not None:
        probabilities(found.lower, "lower")
        probabilities(found.upper, "upper")
    state = model.init_state(2)
    later = {name: column[:5] for name, column in COLUMNS.items()}
    state = model.update_state(state, log_of({**later, "student": np.ones(5, np.int64)}))
    chances = probabilities(
        model.predict_state(state, np.array([0, 1, 1]), ["add", "add", "new"]), "predict_state"
    )
    sound(np.all(model.state_counts(state, np.array([0, 1])) >= 0), "counts")
    return fingerprint({"of": model.fingerprint_, "is": [ahead, known, chances]})


def read_model(path: Path) -> str:
    model = adaptlearn.load(path)
    says = says_model(model)
    with TemporaryDirectory() as folder:
        model.save(Path(folder) / "again")
        again = adaptlearn.load(Path(folder) / "again")
    sound(again.fingerprint_ == model.fingerprint_, "saved again, it is another model")
    return says


def read_runtime(path: Path) -> str:
    model = runtime.load(path)
    student = model.student()
    given: dict[str, Any] = {"item": "i0", "lesson": "read", "time": 1e9}
    student.update("add", True, **{name: given[name] for name in model.columns if name in given})
    chances = [student.p_correct(skill) for skill in (*model.skills[:9], "new")]
    known = [*student.masteries().values(), *student.masteries("after_response").values()]
    says = [probabilities(chances, "p_correct"), probabilities(known, "masteries")]
    return fingerprint({"of": model.fingerprint, "is": says})


def sign_bkt(manifest: dict[str, Any], _: Arrays) -> None:
    parts = ("model", "skills", "parameters", "pooled", "classes", "coupled", "student_classes")
    told = {name: manifest[name] for name in parts if name in manifest}
    manifest["fingerprint"] = fingerprint(told)


def sign_sequential(manifest: dict[str, Any], arrays: Arrays) -> None:
    own = {name: array for name, array in arrays.items() if not name.startswith("input")}
    told = {name: manifest[name] for name in ("model", "skills", "items", "settings")}
    manifest["fingerprint"] = fingerprint({**told, "arrays": array_digests(own)})


def unsigned(*_: Any) -> None:
    """Of what has no fingerprint beside its digest."""


def saved(thing: Any) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "thing"
        thing.save(path)
        return path.read_bytes()


BKTS: dict[str, Callable[[], BKT]] = {
    "BKT": lambda: BKT(n_init=1, forgetting=True),
    "BKT by class": lambda: BKT(
        n_init=1, learn_by=("lesson", "gap"), guess_by="item", prior_by="lesson", gaps=(1e4, 1e5)
    ),
    "BKT with errors": lambda: BKT(n_init=1, uncertainty=True),
    "BKT of student classes": lambda: BKT(n_init=1, student_classes=2),
    "BKT individual": lambda: BKT(
        n_init=1, forgetting=True, ability=True, recency=True, difficulty=True, lag=True
    ),
}
OTHERS: dict[str, Callable[[], KnowledgeTracer]] = {
    "Elo": models.Elo,
    "Rasch": models.Rasch,
    "IRT": models.IRT,
    "AFM": models.AFM,
    "PFA": models.PFA,
    "RPFA": models.RPFA,
    "DASH": models.DASH,
    "DAS3H": models.DAS3H,
    "BestLR": models.BestLR,
    "FSRS": lambda: models.FSRS(card="skill"),
    "FSRS of items": lambda: models.FSRS(card="item", whole_days=True),
    "HalfLifeRegression": models.HalfLifeRegression,
    "LinearRecurrentTracer": lambda: models.LinearRecurrentTracer(n_epochs=3),
    "BoostedTracer": lambda: models.BoostedTracer(
        inputs=[models.Elo()], max_iter=5, n_seeds=1, min_samples_leaf=5
    ),
}
_fitted: dict[str, KnowledgeTracer] = {}


def fitted(name: str) -> KnowledgeTracer:
    if name not in _fitted:
        _fitted[name] = {**BKTS, **OTHERS}[name]().fit(LOG)
    return _fitted[name]


def model_subjects() -> Iterator[tuple[str, Callable[[], Subject]]]:
    def subject(name: str, read: Callable[[Path], str], *forged: Damage) -> Subject:
        return Subject(saved(fitted(name)), read, True, forged)

    for name in BKTS:
        yield f"model, {name}", partial(subject, name, read_model, of_sealed_json(sign_bkt))
        if name != "BKT individual":  # of which `runtime` knows nothing
            yield f"runtime, {name}", partial(subject, name, read_runtime, of_sealed_json(sign_bkt))
    for name in OTHERS:
        yield f"model, {name}", partial(subject, name, read_model, of_archive(sign_sequential))


# States


def says_tracker(tracker: MasteryTracker) -> str:
    found, counts = tracker.mastery(), tracker.counts()
    known = probabilities(found.value, "mastery")
    sound(len(tracker) == len(tracker.students) == len(set(tracker.students.tolist())), "students")
    sound(np.all(counts >= 0), "counts")
    practice = tracker.practice()
    if practice is not None:
        sound(all(len(part) == len(tracker) for part in practice), "practice")
    asked = [*tracker.students.tolist()[:3], "nobody"]
    chances = probabilities(tracker.predict(asked, ["add"] * len(asked)), "predict")
    clock = tracker._state.clock
    return fingerprint(
        {"known": known, "chances": chances, "counts": counts.tolist(), "clock": clock,
         "students": tracker.students.tolist()}
    )  # fmt: skip


def tracker_subject(name: str) -> Subject:
    model = fitted(name)
    named = np.array(["ann", "bob", "cid"], object)[FIRST["student"] % 3]
    tracker = MasteryTracker(model, practice=True).update(log_of({**FIRST, "student": named}))
    with quiet():  # a skill that was not in training
        more = {name: column[:3] for name, column in FIRST.items()}
        tracker.update(log_of({**more, "student": ["dot"] * 3, "skill": ["new"] * 3}))
    if name in BKTS:
        tracker.believe("eve", {"add": 0.9, "solve": 0.25})

    def read(path: Path) -> str:
        again = MasteryTracker.load(path, model)
        says = says_tracker(again)
        more = {name: column[:3] for name, column in FIRST.items()}
        more |= {"student": np.array(["dan", "ann", "eve"], object), "time": np.full(3, 2e9)}
        again.update(log_of(more))
        says_tracker(again)
        with TemporaryDirectory() as folder:
            again.save(Path(folder) / "again")
            MasteryTracker.load(Path(folder) / "again", model)
        return says

    return Subject(saved(tracker), read, True, (of_archive(unsigned),))


def student_subject(name: str) -> Subject:
    with TemporaryDirectory() as folder:
        fitted(name).save(Path(folder) / "model")
        model = runtime.load(Path(folder) / "model")
    student, lessons = model.student(), {"item": "i0", "lesson": "read"}
    given = {column: lessons[column] for column in model.columns if column in lessons}
    for time, skill in enumerate(("add", "halve", "add", "new")):
        student.update(skill, True, time=1e9 + time, **given)

    def read(path: Path) -> str:
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return "no JSON"
        again = runtime.Student.from_dict(model, content)
        known = probabilities(list(again.masteries().values()), "masteries")
        chances = probabilities([again.p_correct("add"), again.p_correct("new")], "p_correct")
        json.dumps(again.to_dict(), allow_nan=False)
        again.update("add", False, time=2e9, **given)
        return fingerprint({"is": [known, chances]})

    return Subject(json.dumps(student.to_dict()).encode(), read, False, (of_json,))


# Curricula, decisions, sessions


def read_curriculum(path: Path) -> str:
    return says_curriculum(Curriculum.from_json(path))


def read_repaired(path: Path) -> str:
    return says_curriculum(Curriculum.repaired(path))


def says_curriculum(curriculum: Curriculum) -> str:
    text = curriculum.to_json()
    sound(Curriculum.from_json(text).fingerprint == curriculum.fingerprint, "written and read")
    text.encode()
    json.dumps(json.loads(text), allow_nan=False)
    for numbers, high in ((curriculum.thresholds, 1), (curriculum.minutes, np.finfo(float).max)):
        known = numbers[~np.isnan(numbers)]
        sound(np.all((known > 0) & (known <= high)), "thresholds or minutes")
    return curriculum.fingerprint


def decisions() -> bytes:
    tracker = MasteryTracker(fitted("BKT"), practice=True).update(
        {"student": ["x", "y"], "skill": ["add", "halve"], "correct": [1, 0]}
    )
    pinned = Override("pin", "L", "y", author="Ms Lee", reason="she asked")
    made = Sequencer(CURRICULUM, tracker, random_state=0, overrides=[pinned]).recommend(
        ["x", "y"], n=2, now=1.9e9
    )
    return made.to_json().encode()


def read_decisions(path: Path) -> str:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(content, list):
        return "no list"
    made = [Decision.from_dict(one) for one in content]
    for decision in made:
        json.dumps(decision.to_dict(), allow_nan=False)
        sound(decision.to_dict() == Decision.from_dict(decision.to_dict()).to_dict(), "again")
        decision.sentence("student")
        decision.sentence("teacher")
        possible_decision(decision)
        said = replay(content, decision.student)
        str(said)
        said.table()
        said._repr_html_()
    return fingerprint({"is": [decision.id for decision in made]})


def possible_decision(decision: Decision) -> None:
    numbers = [decision.propensity, decision.draw, *(one.mastery for one in decision.reason.skills)]
    probabilities(numbers, "decision")
    probabilities([one.propensity for one in decision.candidates], "candidates")
    sound(decision.rank >= 1, "rank")
    sound(decision.n_candidates >= len(decision.candidates), "n_candidates")
    sound(0 <= decision.n_tied <= max(decision.n_candidates, 1), "n_tied")
    sound(all(one.answers >= 0 for one in decision.reason.skills), "answers")
    sound(decision.score is None or math.isfinite(decision.score), "score")
    sound(decision.propensity_error >= 0, "propensity_error")


def placement_subject() -> Subject:
    diagnostic = Placement(CURRICULUM, guess=0.2, slip=0.1, max_questions=8)
    session = diagnostic.start("ann")
    for right in (True, False, True):
        asked = session.next()
        assert asked is not None
        session.answer(asked, right)

    def read(path: Path) -> str:
        again = diagnostic.resume(path.read_text("utf-8", "surrogateescape"))
        asked = again.next()
        if asked is not None:
            again.answer(asked, True)
        result = again.result()
        str(result)
        result._repr_html_()
        sound({skill for skill, _ in again.answers} <= set(CURRICULUM.skills.tolist()), "skills")
        sound(all(isinstance(right, bool) for _, right in again.answers), "answers")
        return fingerprint({"is": json.loads(again.to_json())})

    return Subject(session.to_json().encode(), read, True, (of_sealed_json(unsigned),))


# Results


def matrix_subject() -> Subject:
    course = Course.of(CURRICULUM, n_items=2)
    kinds, policies = simulators(course), baselines(course)
    matrix = evaluation_matrix(
        {name: kinds[name] for name in list(kinds)[:2]},
        {name: policies[name] for name in list(policies)[:2]},
        course,
        n_students=10,
        seeds=2,
        budget=30,
    )

    def read(path: Path) -> str:
        again = Matrix.load(path)
        for outcome in again.outcomes:
            again.text(outcome)
            again.worst_text(outcome)
            again.ranks(outcome)
            again.rank_stability(outcome)
            for group in again.parts:
                again.gaps(outcome, group)
        again._repr_html_()
        return fingerprint({"is": json.loads(again.to_json())})

    return Subject(saved(matrix), read, True, (of_sealed_json(unsigned),))


def fold_subject() -> Subject:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fold.json"
        write_run(path, FoldRun(np.linspace(0.1, 0.9, 20), 1.0, 2.0))
        whole = path.read_bytes()

    def read(path: Path) -> str:
        run = read_run(path, 20)  # warns of what it does not take
        if run is None:
            raise adaptlearn.errors.ModelFileError("fold", ["is none"])
        probabilities(run.predicted, "predicted")
        sound(len(run.predicted) == 20, "predictions")
        for seconds in (run.fit_time, run.predict_time):
            sound(math.isfinite(seconds) and seconds >= 0, "seconds")
        return fingerprint({"is": [run.predicted.tolist(), run.fit_time, run.predict_time]})

    return Subject(whole, read, True, (of_sealed_json(unsigned),))


# Other programs' files


PLANS = [
    {"courseName": "Algebra", "lessons": [
        {"id": "a1", "name": "One", "topics": "T", "learningObjectives": {"terms": 0.85}},
        {"id": "a2", "name": "Two", "topics": "E",
         "learningObjectives": {"solving": 0.85, "checking": 0.9}}]},
]  # fmt: skip
DATASHOP = (
    "Row\tAnon Student Id\tProblem Hierarchy\tProblem Name\tProblem View\tStep Name\t"
    "Step Start Time\tFirst Transaction Time\tStep End Time\tFirst Attempt\tIncorrects\tHints\t"
    "Corrects\tKC (Default)\tOpportunity (Default)\n"
) + "".join(
    f"{k}\ts{k % 3}\tU\tp{k}\t1\tst{k}\t2012-09-28 15:11:{k:02d}\t2012-09-28 15:11:{k:02d}\t"
    f"2012-09-28 15:12:{k:02d}\t{'correct' if k % 2 else 'incorrect'}\t0\t0\t1\t"
    f"kc{k % 2}~~kcx\t1~~2\n"
    for k in range(12)
)
ASSISTMENTS = "order_id,user_id,skill_id,skill_name,correct,problem_id,original\n" + "".join(
    f"{k},{k % 3},{k % 2},s{k % 2},{k % 2},{k},1\n" for k in range(12)
)
CSV = "student,skill,correct,item,time,id\n" + "".join(
    f"s{k % 3},k{k % 2},{k % 2},i{k},2012-09-28T15:11:{k:02d},{k}\n" for k in range(12)
)


TRANSACTIONS = (
    "Row\tTransaction Id\tAnon Student Id\tTime\tProblem Name\tStep Name\tAttempt At Step\t"
    "Outcome\tKC (Default)\tKC (Default)\n"
) + "".join(
    f"{k}\tt{k}\ts{k % 3}\t2012-09-28 15:11:{k:02d}\tp{k}\tst\t{1 + k % 4 // 3}\t"
    f"{'CORRECT' if k % 2 else 'HINT'}\tkc{k % 2}\tkcx\n"
    for k in range(12)
)
EDNET = "timestamp,solving_id,question_id,user_answer,elapsed_time\n" + "".join(
    f"15653320274{k:02d},{k},q{k % 3},{'abcd'[k % 4]},900\n" for k in range(12)
)
QUESTIONS = "question_id,bundle_id,correct_answer,part,tags\n" + "".join(
    f"q{k},b{k},{'abcd'[k % 4]},{k + 1},{k};7\n" for k in range(3)
)
QUESTION_TABLE = {
    "question_id": ["q0", "q1", "q2"],
    "correct_answer": ["a", "b", "c"],
    "tags": ["0;7", "1;7", "2;7"],
    "part": [1, 2, 3],
}
JUNYI_2015 = "user_id,exercise,problem_type,time_done,correct,hint_used\n" + "".join(
    f"{k % 3},e{k % 2},{k % 4},14207148103246{k:02d},{'true' if k % 2 else 'false'},false\n"
    for k in range(12)
)
JUNYI_2020 = "timestamp_TW,uuid,ucid,upid,is_correct,is_hint_used\n" + "".join(
    f"2018-09-01 08:{k:02d}:00 UTC,u{k % 3},c{k % 2},p{k},{k % 2 == 0},False\n" for k in range(12)
)
IRW = "id,item,resp,date,rt,qmatrix1,qmatrix2\n" + "".join(
    f"{k % 3},i{k % 4},{k % 2},{1120903200 + k},1.5,1,{k % 2}\n" for k in range(12)
)
PYKT = "".join(
    f"s{k},3\nq1,q2,q3\nc1,c1_c2,c2\n0,1,{k % 2}\n1000,2500,{k}9000\nNA\n" for k in range(4)
)
PYKT_SPLIT = "fold,uid,concepts,responses,timestamps,is_repeat\n" + "".join(
    f'{k},{k},"0,0,1","0,1,1","1000,2500,2500","0,0,1"\n' for k in range(4)
)
EEDI = {
    "train_task_3_4.csv": "QuestionId,UserId,AnswerId,IsCorrect\n"
    + "".join(f"{k % 3},{k % 4},{k},{k % 2}\n" for k in range(12)),
    "answer_metadata_task_3_4.csv": "AnswerId,DateAnswered\n"
    + "".join(f"{k},2020-01-08 14:{k:02d}:00.000\n" for k in range(12)),
    "question_metadata_task_3_4.csv": 'QuestionId,SubjectId\n0,"[3, 4]"\n1,"[3, 5]"\n2,"[3]"\n',
    "subject_metadata.csv": "SubjectId,Name,ParentId,Level\n3,M,NULL,0\n4,N,3,1\n5,O,3,1\n",
}


def read_ednet_questions(path: Path) -> str:
    (path.parent / "u1.csv").write_text(EDNET)
    return says_log(read_ednet(path.parent / "u1.csv", path))


def read_pykt_text(path: Path) -> str:
    path.with_suffix(".txt").write_bytes(path.read_bytes())
    return says_log(read_pykt(path.with_suffix(".txt")))


def read_pykt_numbers(path: Path) -> str:
    (path.parent / "train_valid.csv").write_text(PYKT_SPLIT)
    (path.parent / "keyid2idx.json").write_bytes(path.read_bytes())
    return says_log(read_pykt(path.parent))


def eedi_subject(name: str) -> Subject:
    def read(path: Path) -> str:
        for other, content in EEDI.items():
            (path.parent / other).write_text(content)
        (path.parent / name).write_bytes(path.read_bytes())
        return says_log(read_eedi(path.parent))

    return text(EEDI[name], read)


def says_log(log: ResponseLog) -> str:
    repr(log)
    sound(log.time is None or np.all(np.isfinite(log.time)), "times")
    return fingerprint({"is": [len(log), log.n_students, log.n_skills]})


def read_plans(path: Path) -> str:
    return says_curriculum(from_oatutor_courses(path, {"s1": ["terms"]}))


def read_skill_model(path: Path) -> str:
    return says_curriculum(from_oatutor_courses(PLANS, path))


def text(whole: str, read: Callable[[Path], str], *forged: Damage) -> Subject:
    return Subject(whole.encode(), read, False, forged)


def parameters_subject() -> Subject:
    whole = json.dumps(to_oatutor(BKT(n_init=1).fit(LOG)))
    return text(whole, lambda path: says_model(from_oatutor(path)), of_json)


def skill_model_subject() -> Subject:
    whole = json.dumps({"s1": ["terms"], "s2": ["terms", "solving"]})
    return text(whole, read_skill_model, of_json)


TRACKED = (
    "BKT",
    "BKT by class",
    "BKT of student classes",
    "BKT individual",
    "Elo",
    "IRT",
    "PFA",
    "DAS3H",
    "RPFA",
    "FSRS",
    "HalfLifeRegression",
    "LinearRecurrentTracer",
    "BoostedTracer",
)
SERVED = ("BKT", "BKT by class", "BKT of student classes")
SUBJECTS: dict[str, Callable[[], Subject]] = {
    **dict(model_subjects()),
    **{f"tracker, {name}": partial(tracker_subject, name) for name in TRACKED},
    **{f"student, {name}": partial(student_subject, name) for name in SERVED},
    "curriculum": lambda: text(CURRICULUM.to_json(), read_curriculum, of_json),
    "curriculum, repaired": lambda: text(CURRICULUM.to_json(), read_repaired, of_json),
    "decisions": lambda: Subject(decisions(), read_decisions, False, (of_json,)),
    "placement": placement_subject,
    "matrix": matrix_subject,
    "kept fold": fold_subject,
    "OATutor parameters": parameters_subject,
    "OATutor plans": lambda: text(json.dumps(PLANS), read_plans, of_json),
    "OATutor skill model": skill_model_subject,
    "DataShop": lambda: text(DATASHOP, lambda path: says_log(read_datashop(path))),
    "ASSISTments": lambda: text(ASSISTMENTS, lambda path: says_log(read_assistments(path))),
    "DataShop transactions": lambda: text(TRANSACTIONS, lambda path: says_log(read_datashop(path))),
    "EdNet": lambda: text(EDNET, lambda path: says_log(read_ednet(path, QUESTION_TABLE))),
    "EdNet questions": lambda: text(QUESTIONS, read_ednet_questions),
    "Junyi 2015": lambda: text(JUNYI_2015, lambda path: says_log(read_junyi(path, hinted="drop"))),
    "Junyi 2020": lambda: text(JUNYI_2020, lambda path: says_log(read_junyi(path))),
    "IRW": lambda: text(IRW, lambda path: says_log(read_irw(path, extra=["rt"]))),
    "pyKT": lambda: text(PYKT, read_pykt_text),
    "pyKT, split": lambda: text(PYKT_SPLIT, lambda path: says_log(read_pykt(path))),
    "pyKT, numbers": lambda: text('{"concepts": {"a": 0, "b": 1}}', read_pykt_numbers, of_json),
    **{f"Eedi, {name}": partial(eedi_subject, name) for name in EEDI},
    "CSV": lambda: text(CSV, lambda path: says_log(ResponseLog.from_file(path))),
}
