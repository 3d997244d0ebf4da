"""The diagnostic: what it asks, believes and says; on random graphs and on two published ones."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Data, trials

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.curriculum.graph.routines import closure
from adaptlearn.errors import (
    ModelFileError,
    ParameterError,
    ResponseDataError,
    StateError,
    UnknownLabelError,
    quiet,
)
from adaptlearn.models import BKT, Elo, HalfLifeRegression
from adaptlearn.sequencing.placement import Placement, PlacementResult, Session
from adaptlearn.sequencing.placement import beliefs as graphs
from adaptlearn.sequencing.placement.placement import KIND
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.serialization import open_seal, seal
from adaptlearn.simulation import simulate_school

N = 7
dags = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda e: e[0] < e[1]),
    max_size=2 * N,
    unique=True,
)


def school_of(edges: list[tuple[int, int]], n: int = N) -> Curriculum:
    return Curriculum.from_dict({"skills": list(range(n)), "prerequisites": edges})


def chain(n: int) -> Curriculum:
    return school_of(list(itertools.pairwise(range(n))), n)


def downward_closed(edges: list[tuple[int, int]], known: list[bool]) -> list[bool]:
    closed = list(known)
    for before, skill in sorted(edges, key=lambda edge: edge[1]):
        closed[skill] = closed[skill] and closed[before]
    return closed


def asked_by(session: Session) -> Any:
    """The next skill, as a test knows its labels."""
    return session.next()


def walkers(school: Curriculum, n: int, seed: int) -> np.ndarray:
    """Students who learnt skills one by one, each drawn from all they were ready for."""
    rng = np.random.default_rng(seed)
    known = np.zeros((n, len(school.skills)), bool)
    for of_student in known:
        for _ in range(rng.integers(len(of_student) + 1)):
            of_student[rng.choice(np.flatnonzero(school.outer_fringe(of_student[None])[0]))] = True
    return known


def with_goals(school: Curriculum, n: int, seed: int) -> np.ndarray:
    """Students who know three skills, all that comes before these, and nothing else."""
    rng = np.random.default_rng(seed)
    needs = closure(school.prerequisites).toarray() > 0
    known = np.zeros((n, len(needs)), bool)
    for of_student in known:
        goals = rng.choice(len(needs), 3, replace=False)
        of_student[goals] = True
        of_student[needs[goals].any(axis=0)] = True
    return known


def chance_of(edges: list[tuple[int, int]], rate: float, state: tuple[bool, ...]) -> float:
    """Of a state before any answer: who lacks a prerequisite has LEAK of the skill."""
    p = 1.0
    for skill, held in enumerate(state):
        ready = all(state[a] for a, b in edges if b == skill)
        share = rate if ready else graphs.LEAK
        p *= share if held else 1 - share
    return p


def goal_chance_of(edges: list[tuple[int, int]], goal: float, state: tuple[bool, ...]) -> float:
    """Of a state before any answer: a skill is a goal, or something known builds on it."""
    p = 1.0
    for skill, mastered in enumerate(state):
        needed = any(state[b] for a, b in edges if a == skill)
        share = 1 - graphs.LEAK if needed else goal
        p *= share if mastered else 1 - share
    return p


def exact(prior: Callable[[tuple[bool, ...]], float], seen: dict[int, list[bool]]) -> np.ndarray:
    """P(mastered) of each skill by going through all states; guess .2, slip .1."""
    total = np.zeros(N + 1)
    for state in itertools.product((False, True), repeat=N):
        p = prior(state)
        for skill, mastered in enumerate(state):
            for right in seen.get(skill, ()):
                chance = 0.9 if mastered else 0.2
                p *= chance if right else 1 - chance
        total += p * np.array([*state, True])
    return total[:-1] / total[-1]


# Trees with branches, and a skill with two prerequisites that share nothing: no loop.
TREES: list[list[tuple[int, int]]] = [
    [(0, 1), (1, 2), (1, 3), (0, 4), (4, 5), (4, 6)],
    [(0, 2), (1, 2), (2, 3), (3, 4), (3, 5)],
    [(0, 1), (1, 2), (0, 2), (2, 3)],  # the edge (0, 2) is implied
]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("edges", TREES)
def test_beliefs_on_graphs_without_loops_are_those_of_enumeration(edges, turned) -> None:
    net = graphs.network(school_of(edges), np.full((N, 1), 0.7), turned=turned)
    held = graphs.before_answers((net,), np.ones(1), 1)
    seen: dict[int, list[bool]] = {}
    for skill, right in [(2, True), (3, False), (5, True), (0, False), (3, False), (4, True)]:
        said = np.array([right])
        graphs.learn_from((net,), held, np.array([skill]), said, graphs.Noise(0.2, 0.1))
        seen.setdefault(skill, []).append(right)
    for _ in range(4):  # two skills with a common child hear of each other with the next passes
        graphs._pass_up(net, held.parts[0])
        graphs._pass_down(net, held.parts[0])
    reduced = [edge for edge in edges if edge != (0, 2) or len(edges) != 4]
    prior = partial(goal_chance_of, reduced, 0.3) if turned else partial(chance_of, reduced, 0.7)
    believed = graphs.mastered((net,), held)[0]
    np.testing.assert_allclose(believed, exact(prior, seen), atol=1e-9)


def test_the_kind_of_student_is_learnt_from_answers() -> None:
    school, noise = school_of([]), graphs.Noise(0.2, 0.1)
    nets = (
        graphs.network(school, np.full((N, 1), 0.1)),
        graphs.network(school, np.full((N, 1), 0.1), turned=True),  # P(mastered) 0.9
    )
    held = graphs.before_answers(nets, np.array([0.4, 0.6]), 2)
    for skill in range(4):
        graphs.learn_from(nets, held, np.full(2, skill), np.array([True, False]), noise)
    right = 1.5 * ((0.9 * 0.9 + 0.1 * 0.2) / (0.1 * 0.9 + 0.9 * 0.2)) ** 4
    wrong = 1.5 * ((0.9 * 0.1 + 0.1 * 0.8) / (0.1 * 0.1 + 0.9 * 0.8)) ** 4
    for weight, odds in zip(held.weight, (right, wrong), strict=True):
        np.testing.assert_allclose(weight, [1 / (1 + odds), odds / (1 + odds)])
    mastered = graphs.mastered(nets, held)
    assert mastered[0, 6] > 0.8
    assert mastered[1, 6] < 0.2


def test_who_learns_towards_a_goal_knows_what_it_needs_and_little_beside() -> None:
    threads = [list(range(first, first + 8)) for first in range(0, 80, 8)]
    school = school_of([pair for thread in threads for pair in itertools.pairwise(thread)], 80)
    truth = np.arange(80)[None, :] < 8  # the first thread to its end, none of the others
    run, supposing_none = (
        Placement(school, guess=0, slip=0, goal_directed=share).run(truth, np.random.default_rng(0))
        for share in (0.1, 0)
    )
    assert run.agreement[-1, 0] == supposing_none.agreement[-1, 0] == 1
    assert run.n_questions[0] <= 14  # ten threads, and a half split of the one that is known
    assert supposing_none.n_questions[0] > 15


@settings(max_examples=trials(600), deadline=None)
@given(dags, st.lists(st.booleans(), min_size=N, max_size=N))
def test_without_noise_nothing_contradicts_an_answer(edges, drawn) -> None:
    school, truth = school_of(edges), downward_closed(edges, drawn)
    session = Placement(school, guess=0, slip=0, error=0).start("ann")
    while (skill := asked_by(session)) is not None:
        assert skill not in dict(session.answers)  # proof needs no second question
        session.answer(skill, truth[skill])
    result = session.result()
    for skill, right in session.answers:
        assert skill in (result.mastered if right else result.not_mastered)
    judged = (result.probability >= 0.5).tolist()
    assert judged == truth
    assert set(result.frontier) == {
        skill
        for skill in range(N)
        if not truth[skill] and all(truth[a] for a, b in edges if b == skill)
    }


@settings(max_examples=trials(400), deadline=None)
@given(dags, st.integers(0, 12), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_no_more_questions_than_the_limits_allow(edges, most, minutes, seed) -> None:
    rng = np.random.default_rng(seed)
    placement = Placement(
        school_of(edges), error=0, max_questions=most, max_minutes=minutes, minutes_per_question=0.7
    )
    session = placement.start("ann")
    while (skill := asked_by(session)) is not None:
        session.answer(skill, bool(rng.random() < 0.5))
        assert len(session.answers) <= most
        assert len(session.answers) * 0.7 <= minutes + 1e-9
    assert session.ended in ("questions", "minutes", "settled")
    result = session.result()
    parts = [*result.mastered, *result.not_mastered, *result.uncertain]
    assert sorted(parts) == list(range(N))
    truth = rng.random((5, N)) < 0.5
    assert placement.run(truth, rng).n_questions.max() <= min(most, minutes / 0.7 + 1e-9)


def test_questions_halve_a_chain() -> None:
    school = chain(64)
    truth = np.arange(64)[None, :] < np.arange(65)[:, None]  # every state there is
    run = Placement(school, guess=0, slip=0, error=0.01).run(truth, np.random.default_rng(0))
    assert run.agreement[-1].min() >= 62 / 64
    assert run.n_questions.mean() < 9  # of 64; the half split takes six


def test_noise_asks_a_skill_again() -> None:
    school = chain(3)
    session = Placement(school, max_questions=30, error=0.001).start("ann")
    while (skill := asked_by(session)) is not None:
        session.answer(skill, skill < 1)
    assert len(session.answers) > 3
    assert session.ended == "accurate"
    assert session.result().mastered == (0,)
    assert session.result().not_mastered == (1, 2)


def test_many_at_once_are_judged_as_one_by_one() -> None:
    edges = [(0, 1), (1, 2), (0, 3), (3, 4), (1, 5), (3, 5)]
    truth = np.array([downward_closed(edges, [i % k != 1 for i in range(N)]) for k in (2, 3, 5)])
    placement = Placement(school_of(edges), guess=0, slip=0.0)
    run = placement.run(truth, np.random.default_rng(0))
    for row, known in enumerate(truth):
        session = placement.start(row)
        while (skill := asked_by(session)) is not None:
            session.answer(skill, known[skill])
        np.testing.assert_allclose(run.probability[row], session.result().probability, atol=1e-12)
        assert run.n_questions[row] == len(session.answers)
        assert run.agreement[-1, row] == ((session.result().probability >= 0.5) == known).mean()


def test_a_session_comes_back_from_its_text_and_goes_on_alike() -> None:
    placement = Placement(chain(12), max_questions=9, error=0)
    session = placement.start("ann")
    for _ in range(4):
        skill = asked_by(session)
        session.answer(skill, skill < 5)
    again = placement.resume(session.to_json())
    while (skill := asked_by(session)) is not None:
        assert again.next() == skill
        session.answer(skill, skill < 5)
        again.answer(skill, skill < 5)
    assert again.next() is None
    assert (again.result().probability == session.result().probability).all()
    assert again.student == "ann"

    with pytest.raises(StateError, match="another curriculum"):
        Placement(chain(11)).resume(session.to_json())
    other = Placement(chain(12), guess=0.25, goal_directed=0, error=0)
    with pytest.raises(StateError, match="other settings: guess, goal_directed, max_questions"):
        other.resume(session.to_json())
    with pytest.raises(ModelFileError, match="changed or damaged"):
        placement.resume(session.to_json().replace("true", "false", 1))


def test_only_skills_that_may_be_asked_are_asked() -> None:
    session = Placement(chain(9), error=0, ask=[2, 6]).start("ann")
    asked = set()
    while (skill := asked_by(session)) is not None:
        asked.add(skill)
        session.answer(skill, skill < 4)
    assert asked == {2, 6}
    # What no question reaches stays uncertain, and is said to be.
    assert set(session.result().uncertain) & {3, 4, 5}
    assert Placement(chain(9), ask=[]).start("ann").ended == "settled"


def test_prior_by_skill() -> None:
    school = school_of([])
    low = Placement(school, prior={0: 0.05}, spread=0, goal_directed=0).start("ann").result()
    np.testing.assert_allclose(low.probability, [0.05] + [0.8] * 6)
    by_place = np.linspace(0.1, 0.7, N)
    array = Placement(school, prior=by_place, spread=0, goal_directed=0).start("ann").result()
    np.testing.assert_allclose(array.probability, by_place)


def test_it_says_what_is_known_and_what_is_not() -> None:
    school = Curriculum.from_dict(
        {
            "skills": [{"skill": "add", "title": "Adding <b>"}, {"skill": "times", "title": "x"}],
            "prerequisites": [["add", "times"]],
        }
    )
    placement = Placement(school, max_questions=2, error=0)
    before = placement.start("ann").result()
    assert "After 0 questions, ann has mastered 0 of 2 skills" in before.text
    assert "The most uncertain: " in before.text
    assert before.text.endswith("The diagnostic is not finished.")
    assert "We are not sure of 2 skills yet" in before.student_text
    assert "Well done" not in before.student_text
    session = placement.start("ann")
    while (skill := asked_by(session)) is not None:
        session.answer(skill, False)
    result = session.result()
    assert "because the number of questions is used up" in str(result)
    assert 'Ready to learn: "Adding <b>".' in result.text
    assert result.frontier == ("add",)
    table = result.table()
    assert table["skill"] == ["add", "times"]
    assert sum(table["asked"]) == 2
    assert sum(table["right"]) == 0
    assert table["frontier"] == [True, False]
    assert np.isclose(np.minimum(result.probability, 1 - result.probability).sum(),
                      result.misjudged)  # fmt: skip
    html = result._repr_html_()
    assert "Adding &lt;b&gt;" in html
    assert "<b>" not in html
    assert json.loads(json.dumps(result.to_dict()))["ended"] == "questions"
    assert "2 questions>" in repr(result)

    done = Placement(school, guess=0, slip=0, error=0).start("bo")
    while (skill := asked_by(done)) is not None:
        done.answer(skill, True)
    assert done.result().student_text.endswith("Well done!")
    assert done.result().frontier == ()


def test_bad_arguments_are_all_named() -> None:
    with pytest.raises(ParameterError) as caught:
        Placement(chain(3), guess=0.6, slip=0.5, prior=1.0, error=0.7, max_questions=-1,
                  confidence=0.4, minutes_per_question=0, max_minutes=-1, spread=-1,
                  goal_directed=1.1)  # fmt: skip
    named = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 9
    for word in ("guess + slip must be below 1", "prior must lie strictly", "error", "confidence",
                 "max_questions", "minutes_per_question", "max_minutes", "spread",
                 "goal_directed"):  # fmt: skip
        assert word in named
    for prior, said in [([0.5], r"shape \(3,\)"), ("high", "a number"), (np.nan, "strictly")]:
        with pytest.raises(ParameterError, match=said):
            Placement(chain(3), prior=prior)  # type: ignore[arg-type]
    with pytest.raises(UnknownLabelError, match="unknown skill"):
        Placement(chain(3), ask=[7])
    with pytest.raises(UnknownLabelError, match="unknown skill"):
        Placement(chain(3), prior={9: 0.5})
    with pytest.raises(ParameterError, match=r"truth must be a bool array of shape"):
        Placement(chain(3)).run(np.ones((2, 3)), np.random.default_rng(0))  # type: ignore[arg-type]


def test_answers_that_were_not_asked_for_are_refused() -> None:
    session = Placement(chain(3), max_questions=1, error=0).start("ann")
    asked = session.next()
    other = next(skill for skill in range(3) if skill != asked)
    with pytest.raises(ParameterError, match=f"{other} was not asked; the question is on {asked}"):
        session.answer(other, True)
    with pytest.raises(UnknownLabelError, match="unknown skill"):
        session.answer("add", True)
    assert asked is not None
    with pytest.raises(ParameterError, match=r"correct must be true or false, got 0\.5"):
        session.answer(asked, 0.5)  # type: ignore[arg-type]
    assert session.answers == []
    session.answer(asked, np.True_)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"has ended \(questions\)"):
        session.answer(asked, True)


@pytest.fixture(name="published", params=["junyi", "metacademy"])
def read_published(request: Any, data: Data) -> Curriculum:
    if request.param == "junyi":
        return Curriculum.from_frames(
            skills=pd.read_csv(data("curricula", "junyi_exercises.csv"), encoding="utf-8-sig"),
            prerequisites=pd.read_csv(data("curricula", "junyi_edges.csv")),
            columns={"skills": {"skill": "name"}, "prerequisites": {"skill": "exercise"}},
            repair=True,
        )
    return Curriculum.from_frames(
        skills=pd.read_csv(data("curricula", "metacademy_concepts.csv")),
        prerequisites=pd.read_csv(data("curricula", "metacademy_edges.csv")),
        columns={"skills": {"skill": "concept"}, "prerequisites": {"skill": "concept"}},
        repair=True,
    )


@pytest.mark.slow
def test_a_fifth_of_the_questions_on_published_graphs(published: Curriculum) -> None:
    """Thresholds a little below what benchmarks/placement.py reports."""
    truth = walkers(published, 12, seed=7)
    n = len(published.skills)
    clean = Placement(published, guess=0, slip=0).run(truth, np.random.default_rng(8))
    assert clean.n_questions.max() <= n // 5
    assert clean.agreement[-1].mean() >= 0.95
    noisy = Placement(published).run(truth, np.random.default_rng(8))
    assert noisy.n_questions.max() <= n // 5
    assert noisy.agreement[-1].mean() >= (0.96 if n > 800 else 0.91)
    # It knows about how good it is.
    assert abs(noisy.agreement[-1].mean() - noisy.expected[-1].mean()) < 0.03


def test_who_knows_a_few_threads_of_a_published_graph_is_found_out(published: Curriculum) -> None:
    truth = with_goals(published, 12, seed=7)
    run = Placement(published).run(truth, np.random.default_rng(8))
    assert run.n_questions.max() <= len(published.skills) // 5
    assert run.agreement[-1].mean() >= 0.96
    assert abs(run.agreement[-1].mean() - run.expected[-1].mean()) < 0.03


SUMS = Curriculum.from_dict(
    {
        "prerequisites": [
            ["count", "add"],
            ["add", "multiply"],
            ["multiply", "divide"],
            ["count", "measure"],
        ]
    }
)
KNOWN = {"count", "add", "multiply"}


def placed(student: str = "ann", school: Curriculum = SUMS) -> PlacementResult:
    session = Placement(school, guess=0.05, slip=0.05, max_questions=12, error=0).start(student)
    while (skill := asked_by(session)) is not None:
        session.answer(skill, skill in KNOWN)
    return session.result()


def test_a_result_reaches_tracker_and_sequencer_in_one_call() -> None:
    skills = sorted({*SUMS.skills.tolist(), "fly"})
    model = BKT.from_parameters(
        {"skill": skills, **{k: [v] * 6 for k, v in
         (("prior", 0.3), ("learn", 0.2), ("guess", 0.2), ("slip", 0.1))}}
    )  # fmt: skip
    tracker = MasteryTracker(model, practice=True)
    sequencer = Sequencer(SUMS, tracker, MasteryThreshold(), new_students=True, random_state=0)
    assert sequencer.recommend("ann")[0].lesson == "count"
    result = placed()
    result.apply(tracker)
    order = [skills.index(skill) for skill in SUMS.skills.tolist()]
    known = tracker.mastery(["ann"]).value[0, order]
    np.testing.assert_array_equal(known, result.probability)
    assert set(result.mastered) == KNOWN
    assert sequencer.recommend("ann")[0].lesson in result.frontier
    for place, skill in enumerate(SUMS.skills.tolist()):
        told = sequencer.explain("ann", skill)
        assert told.skills[0].mastery == result.probability[place]
    assert "has already mastered" in str(sequencer.explain("ann", "add"))
    assert tracker.counts(["ann"]).sum() == 0
    # Answers move it from there: of one who was placed too high.
    tracker.update({"student": ["ann"] * 3, "skill": ["add"] * 3, "correct": [0] * 3})
    assert sequencer.recommend("ann")[0].lesson == "add"
    with pytest.raises(StateError, match="'add' rests on responses"):
        result.apply(tracker)
    tracker.forget(["ann"])
    result.apply(tracker)
    np.testing.assert_array_equal(tracker.mastery(["ann"]).value[0, order], result.probability)


def test_a_model_that_predicts_takes_the_answers_in() -> None:
    log = simulate_school(n_students=80, random_state=1).responses
    model = Elo(alpha=1.0, beta=0.1).fit(log)
    school = Curriculum.from_dict({"skills": model.skills_.tolist()})
    session = Placement(school, max_questions=6, error=0).start("ann")
    while (skill := session.next()) is not None:
        session.answer(skill, True)
    result, tracker = session.result(), MasteryTracker(model)
    result.apply(tracker)
    assert tracker.counts(["ann"]).sum() == result.n_questions == 6
    skills, correct = zip(*result.answers, strict=True)
    other = MasteryTracker(model).update(
        {"student": ["ann"] * 6, "skill": [*skills], "correct": [*correct]}
    )
    np.testing.assert_array_equal(tracker.mastery().value, other.mastery().value)
    with pytest.raises(StateError, match="'ann' has answered before"):
        result.apply(tracker)
    times = np.arange(len(log["skill"])) * 3600.0
    with quiet():
        timed = MasteryTracker(
            HalfLifeRegression(card="skill", max_iter=5).fit({**log, "time": times})
        )
    with pytest.raises(ResponseDataError, match="no times"):
        result.apply(timed)
    result.apply(timed, time=5.0)
    assert timed.counts(["ann"]).sum() == 6
    none = Placement(school).start("ben").result()
    none.apply(tracker)
    assert tracker.unmet(["ben"]) == ["ben"]


def test_correcting_a_title_or_a_lesson_does_not_end_a_running_session() -> None:
    content: dict[str, Any] = {
        "skills": [{"skill": "add", "title": "Adding"}, "times", "divide"],
        "prerequisites": [["add", "times"], ["add", "divide"]],
        "lessons": {"sums": ["add"]},
    }
    session = Placement(Curriculum.from_dict(content)).start("ann")
    session.answer(asked_by(session), True)
    saved = session.to_json()
    better = [
        {**content, "skills": [{"skill": "add", "title": "Addition"}, "times", "divide"]},
        {**content, "lessons": {"sums": ["add"], "more": ["times"]}, "items": {"1 + 1": ["add"]}},
        {**content, "prerequisites": content["prerequisites"][::-1]},
    ]
    for changed in better:
        again = Placement(Curriculum.from_dict(changed)).resume(saved)
        assert (again.result().probability == session.result().probability).all()
        assert again.answers == session.answers
    worse = [
        {**content, "prerequisites": [["add", "times"]]},
        {**content, "skills": ["add", "times", "divide", "root"]},
        {**content, "skills": ["times", "add", "divide"]},
    ]
    for changed in worse:
        with pytest.raises(
            StateError, match="another curriculum, or to a version of it with other"
        ):
            Placement(Curriculum.from_dict(changed)).resume(saved)
    old = open_seal(saved, KIND, "placement session")
    of_before = {"curriculum": Curriculum.from_dict(content).fingerprint}
    sealed = json.dumps(
        seal(KIND, {**{k: old[k] for k in ("student", "settings", "answers")}, **of_before})
    )
    assert Placement(Curriculum.from_dict(content)).resume(sealed).answers == session.answers
