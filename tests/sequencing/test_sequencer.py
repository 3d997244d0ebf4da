from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.conftest import trials
from tests.pages import Page
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import CurriculumError, DataWarning, ParameterError, UnknownLabelError
from adaptlearn.sequencing import Decision, Goals, Override
from adaptlearn.sequencing.knowledge import Context
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.sequencing.policies.choosers import Greedy, Ragged, draw_one

SKILLS = ["count", "add", "multiply", "measure"]
KNOWN = {
    "new": [0.1, 0.1, 0.1, 0.1],
    "tied": [0.99, 0.5, 0.1, 0.5],
    "begun": [0.99, 0.3, 0.1, 0.6],
    "done": [0.99, 0.97, 0.95, 0.96],
}


def sequencer(**options: Any) -> Sequencer:
    options = {"policy": MasteryThreshold(), "random_state": 0, **options}
    return Sequencer(chain(), FakeTracker(SKILLS, KNOWN), **options)


def given_scores(
    scores: NDArray[np.float64], eligible: NDArray[np.bool_], **options: Any
) -> Sequencer:
    """A sequencer whose policy returns fixed tables, for students 0, 1, ...; labels select."""

    def fixed(context: Context) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return scores[context.students], eligible[context.students]

    n_students, n_lessons = scores.shape
    school = Curriculum.from_dict({"skills": list(range(n_lessons))})
    tracker = FakeTracker(list(range(n_lessons)), np.zeros((n_students, n_lessons)))
    return Sequencer(school, tracker, fixed, **options)


def test_a_notebook_shows_what_it_is_made_of() -> None:
    ban = Override("ban", "add", "new", author="Ms Fox", reason="later")
    made = sequencer(overrides=[ban], goals=Goals(chain(), {"new": "add"}, default="measure"))
    lines = Page(made._repr_html_()).text.splitlines()
    told = dict(pairwise(lines))
    assert told["policy"] == made.policy.name
    assert told["goals"] == "Goals(1 student, and a default for all others)"
    assert told["overrides"] == "1 override"
    assert "review" not in told
    assert repr(made) == f"Sequencer({made.policy.name} over 4 lessons)"


def test_what_begun_is_finished_first() -> None:
    new, begun, done = sequencer().recommend(["new", "begun", "done"])
    assert (new.lesson, new.rank, new.propensity, new.n_candidates) == ("count", 1, 1.0, 1)
    assert begun.lesson == "measure"
    assert begun.score == pytest.approx(0.6)
    assert [(c.lesson, c.propensity) for c in begun.candidates] == [("measure", 1.0), ("add", 0.0)]
    assert begun.reason.code == "nearest_to_mastery"
    assert '"measure" (mastery 0.60, below 0.95)' in begun.reason.text
    assert [(s.skill, s.mastery) for s in begun.reason.skills] == [("measure", 0.6)]
    assert begun.reason.threshold == 0.95
    assert (done.lesson, done.score, done.propensity) == (None, None, 1.0)
    assert done.candidates == ()
    assert done.reason.code == "all_mastered"


def test_a_tie_is_drawn_and_recorded() -> None:
    (decision,) = sequencer().recommend("tied")
    assert decision.n_tied == 2
    assert {(c.lesson, c.propensity) for c in decision.candidates} == {
        ("add", 0.5),
        ("measure", 0.5),
    }
    assert decision.lesson == ["add", "measure"][int(decision.draw * 2)]
    assert decision.propensity == 0.5
    assert "It was drawn from 2 lessons" in decision.reason.text


def test_rounding_does_not_break_a_tie() -> None:
    scores = np.array([[0.1 + 0.2, 0.3, 0.29]])
    (decision,) = given_scores(scores, np.ones((1, 3), bool)).recommend([0])
    assert decision.n_tied == 2


def test_ranks_are_distinct_and_end_when_nothing_is_left() -> None:
    decisions = sequencer().recommend(["new", "tied", "done"], n=3)
    assert [(d.student, d.rank) for d in decisions] == [
        ("new", 1),
        ("tied", 1),
        ("tied", 2),
        ("done", 1),
    ]
    first, second = decisions[1], decisions[2]
    assert {first.lesson, second.lesson} == {"add", "measure"}
    assert (first.propensity, second.propensity) == (0.5, 1.0)
    assert second.n_candidates == 1


def test_blocked_with_nothing_open_says_so() -> None:
    school = Curriculum.from_dict({"prerequisites": [["count", "add"]], "lessons": {"L": ["add"]}})
    tracker = FakeTracker(["count", "add"], {"ann": [0.2, 0.2]})
    (decision,) = Sequencer(school, tracker).recommend("ann")
    assert decision.reason.code == "none_open"
    assert "2 skills are not mastered" in decision.reason.text


@given(
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=trials(800), deadline=None)
def test_propensities_of_the_candidates_sum_to_one(
    n_students: int, n_lessons: int, n: int, runners_up: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (n_students, n_lessons)).astype(float)
    eligible = rng.random(scores.shape) < 0.7
    made = given_scores(scores, eligible, random_state=seed, runners_up=runners_up)
    taken: dict[Any, set[Any]] = {}
    for decision in made.recommend(range(n_students), n=n):
        student = int(decision.student)
        earlier = taken.setdefault(student, set())
        left = [x for x in np.flatnonzero(eligible[student]) if x not in earlier]
        assert decision.n_candidates == len(left)
        if decision.lesson is None:
            assert not left
            assert decision.rank == 1
            continue
        assert decision.lesson in left
        best = max(scores[student, left])
        tied = [x for x in left if scores[student, x] == best]
        assert decision.lesson in tied
        assert decision.propensity == 1 / len(tied)
        assert sum(c.propensity for c in decision.candidates) == pytest.approx(1.0)
        assert [c.lesson for c in decision.candidates if c.propensity > 0] == tied
        others = sorted((scores[student, x] for x in left if x not in tied), reverse=True)
        assert [c.score for c in decision.candidates if not c.propensity] == others[:runners_up]
        earlier.add(decision.lesson)
    for student, lessons in taken.items():
        assert len(lessons) == min(n, eligible[student].sum())


def test_logged_propensities_are_the_frequencies() -> None:
    # The same student 20,000 times: ties of three, then of two and three.
    n = 20_000
    scores = np.tile([0.9, 0.9, 0.4, 0.9, 0.4, 0.4, 0.4], (n, 1))
    eligible = np.tile([True, True, True, True, True, True, False], (n, 1))
    table = given_scores(scores, eligible, random_state=5).recommend(range(n), n=4).table()
    picks = table["lesson"].reshape(n, 4)
    logged = table["propensity"].reshape(n, 4)
    assert (logged == [1 / 3, 1 / 2, 1, 1 / 3]).all()
    for rank, lessons in ((0, [0, 1, 3]), (3, [2, 4, 5])):
        share = np.array([(picks[:, rank] == lesson).mean() for lesson in lessons])
        assert share == pytest.approx(np.full(3, 1 / 3), abs=5 * np.sqrt(2 / 9 / n))
    second_of_first = (picks[picks[:, 0] == 0, 1] == 1).mean()
    assert second_of_first == pytest.approx(0.5, abs=5 * np.sqrt(0.75 / n))


def test_the_draw_never_runs_past_the_last_tied_lesson() -> None:
    nearly_one = np.nextafter(1.0, 0.0)
    for n_tied in (1, 2, 3, 5, 127, 1000):
        ragged = Ragged(np.array([0, n_tied]), np.zeros(n_tied, int))
        odds = Greedy().odds(np.zeros(n_tied), ragged, np.random.default_rng(0))
        assert draw_one(odds, ragged, np.array([nearly_one])).tolist() == [n_tied - 1]


def test_results_do_not_depend_on_the_block_size() -> None:
    rng = np.random.default_rng(3)
    known = rng.choice([0.1, 0.5, 0.99], (101, 4))
    runs = []
    for block_size in (None, 1, 7, 101):
        tracker = FakeTracker(SKILLS, known)
        made = Sequencer(chain(), tracker, random_state=4, block_size=block_size)
        runs.append(made.recommend(range(101), n=2).to_dicts())
        assert max(tracker.asked) == (block_size or 101)
    assert runs[0] == runs[1] == runs[2] == runs[3]


def test_ids_are_of_the_content_unless_asked_otherwise() -> None:
    students = ["new", "tied", "begun"]
    first, again = (sequencer().recommend(students, n=2, now=60.0) for _ in range(2))
    assert [d.id for d in first] == [d.id for d in again]
    assert len({d.id for d in first}) == len(first)
    later = sequencer().recommend(students, n=2, now=61.0)
    assert not {d.id for d in later} & {d.id for d in first}
    random = sequencer(ids="random").recommend(students)
    assert random[0].id == random[0].id
    assert random[0].id != sequencer(ids="random").recommend(students)[0].id


def test_a_generator_is_used_and_moves_on() -> None:
    generator = np.random.default_rng(0)
    made = sequencer(random_state=generator)
    draws = [made.recommend("tied")[0].draw for _ in range(3)]
    assert draws == np.random.default_rng(0).random(3).tolist()


def test_decisions_survive_json() -> None:
    decisions = sequencer().recommend(["new", "tied", "done"], n=2, now=1.5)
    read = [Decision.from_dict(content) for content in json.loads(decisions.to_json())]
    assert read == list(decisions)
    assert [Decision.from_dict(d.to_dict()) for d in decisions] == read
    numbered = given_scores(np.zeros((1, 2)), np.ones((1, 2), bool)).recommend(np.array([0]))
    assert Decision.from_dict(json.loads(numbered.to_json())[0]) == numbered[0]


def test_decisions_are_a_sequence_and_a_table() -> None:
    decisions = sequencer().recommend([*KNOWN], n=2)
    assert len(decisions) == 6
    assert decisions[-1].student == "done"
    assert decisions[1:3] == (decisions[1], decisions[2])
    with pytest.raises(IndexError):
        decisions[6]
    table = decisions.table()
    assert table["lesson"].tolist() == [d.lesson for d in decisions]
    assert table["propensity"].tolist() == [d.propensity for d in decisions]
    assert np.isnan(table["score"][-1])
    lines = repr(decisions).splitlines()
    assert lines[0].split() == ["student", "rank", "lesson", "score", "propensity", "reason"]
    assert lines[1].startswith("new      1     count")
    assert "(none)" in lines[-1]
    many = given_scores(np.zeros((12, 2)), np.ones((12, 2), bool)).recommend(range(12))
    assert repr(many).endswith("… and 2 more")
    assert len(sequencer().recommend([])) == 0


@pytest.mark.parametrize(
    ("now", "seconds"),
    [(None, None), (12, 12.0), (datetime(2030, 1, 1, tzinfo=UTC), 1893456000.0)],
)
def test_time_is_recorded(now: Any, seconds: float | None) -> None:
    assert sequencer().recommend("new", now=now)[0].time == seconds


def test_provenance_is_recorded() -> None:
    (decision,) = sequencer().recommend("new")
    assert decision.model == "model-0"
    assert decision.curriculum == chain().fingerprint
    assert decision.policy == MasteryThreshold().fingerprint
    assert decision.policy != MasteryThreshold(threshold=0.9).fingerprint
    assert decision.propensity_method == "exact"


def by_count(context: Context) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Least practised first, whatever is mastered."""
    assert context.counts is not None
    counts = context.counts @ context.curriculum.teaches.T
    return -counts.astype(float), np.ones(counts.shape, bool)


def test_a_plain_function_is_a_policy() -> None:
    made = sequencer(policy=by_count)
    (decision,) = made.recommend("new")
    assert decision.n_tied == 4
    assert decision.reason.code == "highest_score"
    assert decision.reason.threshold is None
    assert len(decision.policy) == 64
    assert decision.reason.text == (
        f'"{decision.lesson}" has the highest score (-3) of 4 lessons that may be given. '
        "It was drawn from 4 with that score."
    )
    nothing = sequencer(policy=lambda c: (np.zeros((1, 4)), np.zeros((1, 4), bool)))
    assert nothing.recommend("new")[0].reason.code == "none_eligible"
    assert nothing.recommend("new")[0].policy != decision.policy


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.zeros((1, 4)), r"expected \(scores, eligible\)"),
        ((np.zeros((1, 3)), np.ones((1, 4), bool)), r"scores: float64 of shape \(1, 3\)"),
        ((np.zeros((1, 4)), np.ones((1, 4))), r"eligible: float64 of shape \(1, 4\)"),
        ((np.full((1, 4), np.nan), np.ones((1, 4), bool)), "not finite"),
        ((np.full((1, 4), "x"), np.ones((1, 4), bool)), "expected numbers"),
    ],
)
def test_what_a_policy_returns_is_checked(result: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        sequencer(policy=lambda context: result).recommend("new")


def test_a_policys_own_error_comes_through() -> None:
    def broken(context: Context) -> Any:
        raise ValueError("my own bug")

    with pytest.raises(ValueError, match=r"^my own bug$"):
        sequencer(policy=broken).recommend("new")


def test_the_wrong_kind_of_mastery_is_refused() -> None:
    tracker = FakeTracker(SKILLS, KNOWN, kind="predicted")
    with pytest.raises(ParameterError, match=r"is for latent mastery, .* gives predicted"):
        Sequencer(chain(), tracker).recommend("new")
    policy = MasteryThreshold(threshold=0.8, kind="predicted")
    assert Sequencer(chain(), tracker, policy).recommend("new")[0].lesson == "count"


def test_skills_are_matched_by_label() -> None:
    known = {"ann": [0.0, 0.4, 0.99, 0.2]}
    tracker = FakeTracker(["other", "measure", "count", "add"], known)
    with pytest.warns(
        DataWarning, match=r"1 of 4 skills .* unknown to the tracker .*'multiply'"
    ) as caught:
        made = Sequencer(chain(), tracker, MasteryThreshold())
    assert caught[0].filename == __file__
    assert made.unknown_skills == ("multiply",)
    (decision,) = made.recommend("ann")
    assert decision.lesson == "measure"
    assert [c.score for c in decision.candidates] == [0.4, 0.2]
    assert made.explain("ann", "multiply").skills[0].mastery == 0.0


def test_no_common_skill_is_an_error() -> None:
    with pytest.raises(CurriculumError, match="labels are integers here, this is a string"):
        Sequencer(chain(), FakeTracker([1, 2], {"ann": [0.1, 0.2]}))
    with pytest.raises(CurriculumError, match="no skill of the curriculum"):
        Sequencer(chain(), FakeTracker(["x"], {"ann": [0.1]}))
    with pytest.raises(CurriculumError, match="its skills are none"):
        Sequencer(chain(), FakeTracker([], np.zeros((1, 0))))


def test_nan_mastery_counts_as_none() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [np.nan, 0.1, 0.1, 0.1]})
    (decision,) = Sequencer(chain(), tracker, MasteryThreshold()).recommend("ann")
    assert (decision.lesson, decision.score) == ("count", 0.0)


def test_unknown_students_are_refused_or_new() -> None:
    with pytest.raises(UnknownLabelError) as caught:
        sequencer().recommend(["beguun", "new", 7])
    assert "did you mean 'begun'" in str(caught.value)
    assert len(caught.value.problems) == 2
    made = sequencer(new_students=True)
    assert made.recommend(["stranger"])[0].lesson == "count"
    assert made.explain("stranger", "count").status == "eligible"


def test_one_student_may_be_a_label_of_numpys() -> None:
    tracker = FakeTracker(SKILLS, np.full((3, 4), 0.1))
    assert Sequencer(chain(), tracker).recommend(tracker.students[2])[0].student == 2


def test_more_lessons_than_there_are_cost_nothing() -> None:
    decisions = sequencer().recommend(["new", "tied"], n=10**12)
    assert [(d.student, d.rank) for d in decisions] == [("new", 1), ("tied", 1), ("tied", 2)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequencer(block_size=0), "block_size must be"),
        (lambda: sequencer(ids="mine"), "ids must be"),
        (lambda: sequencer(policy="balanced"), r"of that name is preset\('balanced'\)"),
        (lambda: sequencer(policy=3), "policy is 3; expected a function"),
        (lambda: sequencer().recommend("new", n=0), "n must be an integer"),
        (lambda: sequencer().recommend(["new", "new"]), "listed more than once: 'new'"),
        (lambda: sequencer().recommend("new", now=datetime(2030, 1, 1)), "has no time zone"),  # noqa: DTZ001
        (lambda: sequencer().recommend("new", now="today"), "now must be"),  # type: ignore[arg-type]
        (lambda: sequencer().recommend("new", now=float("nan")), "now must be"),
        (lambda: MasteryThreshold(threshold=1.2), "threshold must be"),
        (lambda: MasteryThreshold(threshold=0), "threshold must be"),
        (lambda: MasteryThreshold(kind="guess"), "kind must be"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        call()


def test_the_policys_formula() -> None:
    school = Curriculum.from_dict(
        {"prerequisites": [["a", "b"]], "lessons": {"ab": ["a", "b"], "ac": ["a", "c"], "b": ["b"]}}
    )  # skills: a, b, c
    mastery = np.array([[0.2, 0.4, 0.9], [0.95, 0.4, 0.6], [1.0, 1.0, 0.5]])
    context = Context(school, np.arange(3), mastery, "latent")
    scores, eligible = MasteryThreshold().score(context)
    assert eligible.tolist() == [[True, True, False], [True, True, True], [False, True, False]]
    assert scores[eligible] == pytest.approx([0.3, 0.55, 0.4, 0.6, 0.4, 0.5])


def test_a_context_is_made_once_for_each_block_and_is_frozen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Context] = []
    own = Context.__init__

    def noted(context: Context, *given: Any, **parts: Any) -> None:
        made.append(context)
        own(context, *given, **parts)

    monkeypatch.setattr(Context, "__init__", noted)
    grant = Override("grant", "count", author="Lee", reason="seen")
    options = {"policy": None, "overrides": [grant], "goals": Goals(chain(), {"new": "add"})}
    blocks = sequencer(**options, block_size=1)
    blocks.recommend(["new", "tied", "begun"])
    assert len(made) == 3
    context = blocks.context("new")
    assert len(made) == 4
    for marked in (context.mastered, context.ready, context.goal, context.stuck):
        assert marked is not None
    with pytest.raises(FrozenInstanceError):
        context.mastered = None  # type: ignore[misc]


def test_inputs_are_not_changed() -> None:
    known = np.random.default_rng(0).random((5, 4))
    tracker = FakeTracker(SKILLS, known.copy())
    Sequencer(chain(), tracker).recommend(range(5), n=3)
    assert (tracker.known == known).all()
