"""The main job on real answers and on a real curriculum: log, model, mastery, next lesson."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.models import BKT
from adaptlearn.simulation.students import dynamics


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning")
def test_the_students_of_assistments_get_their_next_lessons(data):
    pl = pytest.importorskip("polars")
    train = ResponseLog.from_frame(
        pl.read_csv(data("assistments09", "train.csv")), skill="skill_set"
    )
    model = BKT(n_init=2, tol=1e-5).fit(train)
    tracker = MasteryTracker(model).update(train)
    curriculum = Curriculum.from_dict({"skills": model.skills_.tolist()})
    students = train.student.labels
    sequencer = Sequencer(curriculum, tracker, random_state=0)

    decisions = sequencer.recommend(students, n=2)

    mastery = tracker.mastery(students).value
    skill_place = {skill: place for place, skill in enumerate(model.skills_.tolist())}
    row = {student: place for place, student in enumerate(students.tolist())}
    first = [decision for decision in decisions if decision.rank == 1]
    assert [decision.student for decision in first] == students.tolist()
    chosen = 0
    for decision in decisions:
        value = mastery[row[decision.student]]
        if decision.lesson is None:
            assert np.all(value >= 0.999)
            continue
        chosen += 1
        assert value[skill_place[decision.lesson]] < 0.999
        assert 0 < decision.propensity <= 1
        assert decision.reason.text
    assert chosen > len(students)
    # Nothing stands before anything here, so the best lesson is the one that brings most; of
    # equal ones the first in the curriculum.
    missing, n = mastery < 0.999, len(skill_place)
    alone = (tracker.counts(students) >= 20) & (mastery < 0.8)  # for a teacher
    learn = tracker.learning_rates()
    assert learn is not None
    gain = np.where(missing, (1 - mastery) * learn, 0)
    share = gain / np.maximum(gain.max(axis=1, keepdims=True), 1e-300)
    score = np.where(missing & ~alone, share + 0.001 * (1 - np.arange(n) / (n - 1)), -1)
    for decision in first[:200]:
        if decision.lesson is not None:
            own = score[row[decision.student]]
            assert decision.lesson == model.skills_[own.argmax()]
            assert decision.score == pytest.approx(own.max())
            assert decision.n_candidates == (missing & ~alone)[row[decision.student]].sum()


def read_junyi(data):
    """The exercises and edges as they were published, marks of a broken encoding included."""
    with data("curricula", "junyi_exercises.csv").open(encoding="utf-8-sig") as file:
        exercises = [line["name"] for line in csv.DictReader(file)]
    with data("curricula", "junyi_edges.csv").open(encoding="utf-8-sig") as file:
        edges = [(line["prerequisite"], line["exercise"]) for line in csv.DictReader(file)]
    return exercises, edges


def simulated_answers(skills, n_students, n_each, rng):
    """Students who each work on `n_each` skills, by the simulator's own equations."""
    n_skills = len(skills)
    prior, learn = rng.uniform(0.1, 0.5, n_skills), rng.uniform(0.1, 0.4, n_skills)
    guess, slip = rng.uniform(0.1, 0.3, n_skills), rng.uniform(0.03, 0.1, n_skills)
    chosen = np.argsort(rng.random((n_students, n_skills)), axis=1)[:, :n_each]
    known = rng.random(chosen.shape) < prior[chosen]
    rounds = []
    for _ in range(8):
        right = rng.random(chosen.shape) < dynamics.probability_correct(
            known, guess[chosen], slip[chosen]
        )
        rounds.append(right)
        known |= rng.random(chosen.shape) < learn[chosen]
    student = np.repeat(np.arange(n_students), n_each)
    return {
        "student": np.tile(student, len(rounds)),
        "skill": np.tile(np.array(skills)[chosen].ravel(), len(rounds)),
        "correct": np.concatenate([right.ravel() for right in rounds]).astype(int),
    }


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning")
def test_junyis_dirty_graph_is_reported_repaired_and_walked(data):
    exercises, edges = read_junyi(data)
    with pytest.raises(adaptlearn.errors.CurriculumError) as caught:
        Curriculum.from_dict({"skills": exercises, "prerequisites": edges})
    told = "\n".join(caught.value.problems)
    loops = {a for a, b in edges if a == b}
    assert len(loops) == 2
    assert all(f"{name}" in told for name in loops)
    assert (
        "adding_and_subtracting_radicals -> radical_multiplication_and_division -> "
        "simplifying_radicals -> adding_and_subtracting_radicals"
    ) in told
    doubled = {edge for edge in edges if edges.count(edge) > 1}
    assert all(f"{a!r} -> {b!r} is listed" in told for a, b in doubled)
    repeated = {name for name in exercises if exercises.count(name) > 1}
    assert len(repeated) == 2
    assert all(name in told for name in repeated)

    curriculum = Curriculum.from_frames(skills=exercises, prerequisites=edges, repair=True)
    assert len(curriculum.repairs) == len(caught.value.problems)
    assert len(curriculum.skills) == len(set(exercises))

    skills = curriculum.skills.tolist()
    answers = simulated_answers(skills, 2000, 40, np.random.default_rng(0))
    model = BKT(n_init=2, tol=1e-5).fit(answers)
    tracker = MasteryTracker(model).update(answers)
    sequencer = Sequencer(curriculum, tracker, random_state=0)
    students = tracker.students[:300]
    decisions = sequencer.recommend(students)

    mastery = tracker.mastery(students).value
    mastered, ready = mastery >= 0.999, mastery >= 0.8
    place = {skill: k for k, skill in enumerate(model.skills_.tolist())}
    before: dict[int | str, list[int | str]] = {skill: [] for skill in skills}
    for first, then in curriculum.to_dict()["prerequisites"]:
        before[then].append(first)
    assert len(decisions) == len(students)
    for row, decision in enumerate(decisions):
        assert decision.lesson is not None
        assert not mastered[row, place[decision.lesson]]
        assert all(ready[row, place[skill]] for skill in before[decision.lesson])
    missing = {s: [x for x in before[s] if not ready[0, place[x]]] for s in skills}
    blocked = next(s for s in skills if missing[s] and not mastered[0, place[s]])
    explanation = str(sequencer.explain(students[0], blocked))
    assert all(str(skill) in explanation for skill in missing[blocked])
