"""The protocol of a policy, and what is taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.sequencing import EpsilonGreedy, Override, ProvisionalMastery, preset
from adaptlearn.sequencing.knowledge import Context, Criterion, NInARow, ProbabilityThreshold
from adaptlearn.sequencing.policies import (
    PRESETS,
    Candidates,
    Choices,
    Chooser,
    Greedy,
    MasteryThreshold,
    Policy,
    find_candidates,
)

SKILLS = ["count", "add", "multiply", "measure"]
KNOWN = {"ann": [0.97, 0.3, 0.1, 0.6], "ben": [0.99, 0.97, 0.95, 0.96]}


class LastFirst:
    """The open lesson that comes last in the curriculum."""

    name = "LastFirst"
    fingerprint = "last first"
    criterion: Criterion | None = ProbabilityThreshold(0.95)
    ready: Criterion | None = None
    chooser: Chooser = Greedy()
    sentences: Mapping[str, str] = {
        "last": "{title} comes last: {score}.",
        "(best)": "Of {n_candidates}.",
    }

    def candidates(self, context: Context) -> Candidates:
        return find_candidates(context, ("new",))

    def value(self, candidates: Candidates) -> Floats:
        return candidates.lesson.astype(np.float64)

    def reason(self, choices: Choices) -> list[str]:
        assert choices.lessons.lesson.tolist() == choices.score.tolist()
        return ["last"] * len(choices)


def sequencer(policy: Any, **options: Any) -> Sequencer:
    return Sequencer(chain(), FakeTracker(SKILLS, KNOWN), policy, random_state=0, **options)


def test_a_policy_of_ones_own() -> None:
    policy: Policy = LastFirst()
    made = sequencer(policy)
    assert made.policy is policy  # as it is
    first, second, done = made.recommend(["ann", "ben"], n=2)
    assert [first.lesson, second.lesson, done.lesson] == ["measure", "add", None]
    assert (first.reason.code, second.reason.code) == ("last", "last")
    assert first.reason.text == '"measure" comes last: 3. Of 2.'
    assert second.reason.text == '"add" comes last: 1.'
    assert first.reason.threshold == 0.95
    assert (first.policy, first.purpose) == ("last first", "new")
    assert done.reason.code == "all_mastered"
    grant = Override("grant", "measure", author="Lee", reason="seen")
    assert sequencer(policy, overrides=[grant]).recommend("ann")[0].lesson == "add"
    shut = made.explain("ann", "multiply")
    assert (shut.status, shut.unlock, shut.enough) == ("blocked", ("add",), 0.95)


def test_what_is_no_whole_policy_says_what_it_lacks() -> None:
    class Half:
        name = "Half"
        criterion = None

        def candidates(self, context: Context) -> Any: ...
        def value(self, candidates: Candidates) -> Any: ...

    with pytest.raises(ParameterError) as caught:
        sequencer(Half())
    assert caught.value.problems == (
        "policy is a Half without fingerprint, ready, chooser, sentences and reason: see Policy",
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"value": lambda self, candidates: np.zeros(len(candidates) + 1)},
         r"value gave shape \(3,\); expected a number for each of 2"),
        ({"value": lambda self, candidates: np.full(len(candidates), np.inf)},
         "not finite"),
        ({"reason": lambda self, choices: ["last", "first"]},
         "expected a text for each of 1"),
        ({"reason": lambda self, choices: [3] * len(choices)}, "expected a text for each"),
        ({"criterion": ProbabilityThreshold(0.9, "predicted")}, "is for predicted mastery"),
        ({"criterion": NInARow(3), "ready": ProbabilityThreshold(0.9, "predicted")},
         "is for predicted mastery"),
    ],
)  # fmt: skip
def test_what_a_policy_gives_is_checked(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        sequencer(type("LastFirst", (LastFirst,), broken)()).recommend("ann")


class Scores:
    """An object that scores, and has some parts of a policy besides."""

    name = "Scores"
    criterion = ProbabilityThreshold(0.9)
    chooser = EpsilonGreedy(0.2)
    learnt = 0

    @property
    def fingerprint(self) -> str:
        return f"scores {self.learnt}"

    def score(self, context: Context) -> Any:
        shape = context.mastery.shape
        assert context.mastered is not None
        return np.tile([0.0, 1.0, 2.0, 3.0], (shape[0], 1)), ~context.mastered


def test_what_an_object_that_scores_has_besides_is_used() -> None:
    scores = Scores()
    made = sequencer(scores)
    (decision,) = made.recommend("ann")
    assert {one.lesson for one in decision.candidates} == {"add", "multiply", "measure"}
    assert max(one.propensity for one in decision.candidates) == pytest.approx(0.8 + 0.2 / 3)
    assert decision.reason.code == "highest_score"
    assert decision.reason.threshold == 0.9
    assert decision.policy == "scores 0"
    scores.learnt = 1
    assert made.recommend("ann")[0].policy == "scores 1"
    assert made.explain("ann", "count").status == "mastered"

    class Telling(Scores):
        sentences = {"": "Why not {title}?"}  # noqa: RUF012

        def reason(self, choices: Choices) -> list[str]:
            return [f"score {score:g}" for score in choices.score]

    told = sequencer(Telling()).recommend("ann", n=3)
    assert told.codes().tolist() == [f"score {one.score:g}" for one in told]
    assert told[0].reason.text == f'Why not "{told[0].lesson}"?'


def test_a_function_may_have_a_name_and_a_fingerprint() -> None:
    def anything(context: Context) -> Any:
        return np.zeros(context.mastery.shape), np.ones(context.mastery.shape, bool)

    named = sequencer(anything).policy
    assert (named.name, named.criterion, named.ready) == ("anything", None, None)
    assert len(named.fingerprint) == 64
    anything.fingerprint = "mine"  # type: ignore[attr-defined]
    assert sequencer(anything).recommend("ann")[0].policy == "mine"


def test_ranks_keep_the_scores_that_came_with_the_candidates() -> None:
    scores = np.array([[0.5, 0.1, 0.9, 0.9], [0.2, 0.4, 0.1, 0.3]])
    made = sequencer(lambda context: (scores, np.ones((2, 4), bool)))
    found = made.recommend(["ann", "ben"], n=4)
    assert [one.score for one in found] == [0.9, 0.9, 0.5, 0.1, 0.4, 0.3, 0.2, 0.1]


def test_candidates_that_are_taken_keep_all_that_is_theirs() -> None:
    made = sequencer(lambda context: (context.mastery + 1, context.mastery > 0.5))
    context = made.context(["ann", "ben"])
    candidates = made.policy.candidates(context)
    some = candidates.take(np.array([0, 3, 5]))
    assert some.student.tolist() == [0, 1, 1]
    assert some.lesson.tolist() == [0, 1, 3]
    assert some.bounds.tolist() == [0, 1, 3]
    assert made.policy.value(some).tolist() == [1.97, 1.97, 1.96]


def test_without_a_criterion_nothing_tells_which_lessons_are_open() -> None:
    with pytest.raises(ParameterError, match="give the policy a criterion"):
        sequencer(type("LastFirst", (LastFirst,), {"criterion": None})()).recommend("ann")


# Presets


@pytest.mark.parametrize(
    ("name", "known_as"), [("provisional", ProvisionalMastery), ("mastery", MasteryThreshold)]
)
def test_presets_that_have_a_class_are_of_it(name: str, known_as: Any) -> None:
    usual = known_as().criterion
    for criterion in (None, NInARow(2), ProbabilityThreshold(0.6)):
        made = preset(name, criterion=criterion)
        assert isinstance(made, known_as)
        assert made.criterion == (usual if criterion is None else criterion)
    assert preset(name, chooser="thompson").criterion == usual


def test_a_preset_is_made_anew() -> None:
    first = preset("balanced")
    first.scorers["random"] = 3.0
    first.settings["backlog"] = {"limit": 1.0}
    assert "random" not in preset("balanced").scorers
    assert preset("balanced").settings == {}
    for name, (policy, says) in PRESETS.items():
        assert policy.name in (name, type(policy).__name__)
        assert says
        assert preset(name).fingerprint == policy.fingerprint


def test_the_defaults_fingerprint_stays() -> None:
    assert ProvisionalMastery().fingerprint == preset("provisional").fingerprint
    assert preset("provisional").fingerprint == (
        "84b36187c91ca0e05a8cdb1a89ff4274bd0bc4694024ff15dd9136827948a600"
    )


def test_the_page_says_of_every_preset_what_it_is_good_for() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sequencing.md").read_text(encoding="utf-8")
    table = page.partition("| preset |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith('| `"')]
    listed = [name.strip(' `"') for row in rows for name in row.split(",")]
    assert sorted(listed) == sorted(PRESETS)
