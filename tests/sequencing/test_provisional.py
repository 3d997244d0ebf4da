"""The default policy: go on when a skill is probably known, make sure of it later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.conftest import CURRICULUM, answers, csv_text
from tests.sequencing.fakes import FakeTracker, chain, default, open_to

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.cli import main
from adaptlearn.errors import ParameterError
from adaptlearn.responses import ResponseLog
from adaptlearn.sequencing import Goals, Override, ProvisionalMastery, WeightedPolicy, preset
from adaptlearn.sequencing.knowledge import Context, LowerBound, NInARow, ProbabilityThreshold

SKILLS = ["count", "add", "multiply", "measure"]
DEFAULT = ProvisionalMastery()


def context(school: Curriculum, known: Any) -> Context:
    table = np.atleast_2d(np.array(known, float))
    return Context(school, np.arange(len(table)), table, "latent")


# Which lessons may be given


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([0.79, 0.1, 0.1, 0.1], ["count"]),
        ([0.8, 0.1, 0.1, 0.1], ["count", "add", "measure"]),  # known enough, not yet mastered
        ([0.999, 0.1, 0.1, 0.1], ["add", "measure"]),
        ([0.9, 0.85, 0.1, 0.9990001], ["count", "add", "multiply"]),
        ([0.2, 0.85, 0.1, 0.1], ["count", "multiply"]),  # add itself waits: count is not known
        ([1, 1, 1, 1], []),
    ],
)
def test_a_lesson_opens_when_what_comes_before_is_probably_known(
    known: list[float], expected: list[str]
) -> None:
    assert open_to(chain(), known) == expected


@pytest.mark.parametrize(("decimals", "opens"), [(0.8, True), (0.79, False)])
def test_of_alternatives_one_is_enough(decimals: float, opens: bool) -> None:
    school = Curriculum.from_dict(
        {
            "skills": ["fractions", "decimals", "percent"],
            "prerequisites": [[["fractions", "decimals"], "percent"]],
        }
    )
    assert ("percent" in open_to(school, [0.3, decimals, 0.1])) == opens


def test_a_lesson_may_teach_its_own_prerequisites() -> None:
    school = Curriculum.from_dict(
        {
            "prerequisites": [["x", "a"], ["a", "b"]],
            "lessons": {"X": ["x"], "AB": ["a", "b"], "B": ["b"]},
        }
    )  # skills: x, a, b
    assert open_to(school, [0.1, 0.1, 0.1]) == ["X"]
    assert open_to(school, [0.8, 0.1, 0.1]) == ["X", "AB"]
    assert open_to(school, [0.8, 0.8, 0.1]) == ["X", "AB", "B"]
    # What is mastered needs nothing any more, what is only probably known does.
    assert open_to(school, [0.1, 0.9, 0.1]) == ["X", "B"]
    assert open_to(school, [0.1, 0.999, 0.1]) == ["X", "AB", "B"]


def test_a_teachers_grant_is_enough_to_go_on() -> None:
    grant = Override("grant", "count", author="Lee", reason="oral exam")
    made = default(chain(), [0.1] * 4, overrides=[grant])
    assert [one.lesson for one in made.recommend(0, n=9)] == ["add", "measure"]
    assert made.context([0]).ready.tolist() == [[True, False, False, False]]  # type: ignore[union-attr]
    assert made.explain(0, "multiply").unlock == ("add",)


def test_what_is_mastered_is_enough_whatever_else_is_asked() -> None:
    policy = WeightedPolicy(
        {"fixed_order": 1.0}, criterion=LowerBound(0.3), ready=ProbabilityThreshold(0.8)
    )
    lower = np.array([[0.4, 0.2, 0.1, 0.1]])
    where = Context(chain(), np.arange(1), lower + 0.1, "latent", lower=lower)
    assert policy.score(where)[1].tolist() == [[False, True, False, True]]


def test_overrides_win() -> None:
    ban = Override("ban", "add", author="Lee", reason="not yet")
    pin = Override("pin", "multiply", author="Lee", reason="a project")
    known = [0.85, 0.1, 0.1, 0.6]
    assert default(chain(), known).recommend(0)[0].lesson == "add"
    assert default(chain(), known, overrides=[ban]).recommend(0)[0].lesson == "measure"
    first, second = default(chain(), known, overrides=[pin]).recommend(0, n=2)
    assert (first.lesson, first.reason.code) == ("multiply", "pinned")
    assert (second.lesson, second.reason.code) == ("add", "gain_per_minute")


# Which of them comes first


def first_of(school: Curriculum, known: Any, learn: Any = None, **options: Any) -> Any:
    made = default(school, known, **options)
    if learn is not None:
        made.tracker.learning_rates = lambda: np.array(learn)  # type: ignore[attr-defined]
    return made.recommend(0)[0].lesson


def lessons(*rows: tuple[str, list[str], float]) -> Curriculum:
    return Curriculum.from_dict(
        {"lessons": [dict(zip(("lesson", "skills", "minutes"), row, strict=True)) for row in rows]}
    )


def test_the_largest_gain_per_minute_comes_first() -> None:
    school = lessons(("A", ["a"], 10), ("B", ["b"], 10), ("BC", ["b", "c"], 20))
    assert first_of(school, [0.5, 0.4, 0.9]) == "B"
    assert first_of(school, [0.3, 0.4, 0.9]) == "A"
    assert first_of(school, [0.7, 0.4, 0.1]) == "BC"  # (0.6 + 0.9) / 20 is more than 0.6 / 10
    assert first_of(school, [0.5, 0.4, 0.9], learn=[0.3, 0.1, 0.1]) == "A"
    # What is mastered adds nothing.
    assert first_of(school, [0.5, 0.9991, 0.1]) == "A"


def test_minutes_matter() -> None:
    known = [0.4, 0.5]
    assert first_of(lessons(("A", ["a"], 10), ("B", ["b"], 10)), known) == "A"
    assert first_of(lessons(("A", ["a"], 13), ("B", ["b"], 10)), known) == "B"


def test_goals_matter() -> None:
    school = lessons(("A", ["a"], 10), ("B", ["b"], 10), ("C", ["c"], 10))
    known = [0.4, 0.5, 0.1]
    assert first_of(school, known) == "C"
    assert first_of(school, known, goals=Goals(school, {0: ["a", "b"]})) == "A"
    assert first_of(school, known, goals=Goals(school, {0: {"a": 1.0, "b": 1.5}})) == "B"


def test_equal_gains_go_by_the_curriculums_order() -> None:
    school = Curriculum.from_dict(
        {"skills": ["late", "early"], "lessons": {"L": ["early"], "M": ["late"]}}
    )
    tracker = FakeTracker(["late", "early"], np.full((1, 2), 0.4))
    for seed in range(5):
        (decision,) = Sequencer(school, tracker, random_state=seed).recommend(0)
        assert (decision.lesson, decision.n_tied, decision.propensity) == ("L", 1, 1.0)


def test_the_score() -> None:
    school = lessons(("A", ["a"], 10), ("AB", ["a", "b"], 15), ("C", ["c"], 10))
    scores, eligible = DEFAULT.score(context(school, [0.5, 0.9, 0.9995]))
    assert eligible.tolist() == [[True, True, False]]
    gain = np.array([0.5 / 10, (0.5 + 0.1) / 15])
    assert scores[0, :2] == pytest.approx(gain / gain.max() + 0.001 * np.array([1, 0.5]))


def test_new_things_come_before_certainty_and_certainty_comes_in_the_end() -> None:
    made = default(chain(), [0.1] * 4)
    given = []
    for _ in range(20):
        (decision,) = made.recommend(0)
        if decision.lesson is None:
            break
        given.append((decision.lesson, decision.reason.code == "confirm"))
        place = SKILLS.index(str(decision.lesson))
        known = made.tracker.known  # type: ignore[attr-defined]
        known[0, place] = {0.1: 0.9, 0.9: 0.9999}[known[0, place]]
    assert given == [
        *((skill, False) for skill in SKILLS),
        *((skill, True) for skill in SKILLS),
    ]
    assert decision.reason.code == "all_mastered"


def test_who_has_finished_is_told_so() -> None:
    made = default(chain(), [0.999] * 4)
    (decision,) = made.recommend(0, n=3)
    assert (decision.lesson, decision.candidates, decision.n_candidates) == (None, (), 0)
    assert decision.reason.code == "all_mastered"
    assert (
        decision.reason.text == "Every skill of the curriculum is mastered, and no review is due."
    )
    (nearly,) = default(chain(), [0.999, 0.999, 0.9989, 0.999]).recommend(0)
    assert nearly.lesson == "multiply"
    aim = Goals(chain(), {0: "add"})
    assert default(chain(), [0.999, 0.999, 0, 0], goals=aim).recommend(0)[0].reason.code == (
        "goal_reached"
    )


# What it is made of


def test_the_fingerprint_changes_with_what_is_enough() -> None:
    prints = {
        ProvisionalMastery().fingerprint,
        ProvisionalMastery(ready=0.85).fingerprint,
        ProvisionalMastery(threshold=0.99).fingerprint,
        WeightedPolicy({"fixed_order": 1.0}).fingerprint,
        WeightedPolicy({"fixed_order": 1.0}, ready=ProbabilityThreshold(0.8)).fingerprint,
        WeightedPolicy({"fixed_order": 1.0}, ready=NInARow(3)).fingerprint,
    }
    assert len(prints) == 6
    assert ProvisionalMastery(0.999, 0.8).fingerprint == DEFAULT.fingerprint
    made = default(chain(), [0.1] * 4)
    assert made.recommend(0)[0].policy == DEFAULT.fingerprint


@pytest.mark.parametrize(
    ("make", "problems"),
    [
        (lambda: ProvisionalMastery(0.7), ["ready (0.8) is above threshold (0.7)"]),
        (
            lambda: ProvisionalMastery(1.1, 0.0, "guess"),  # type: ignore[arg-type]
            ["threshold must be", "ready must be", "kind must be"],
        ),
        (
            lambda: WeightedPolicy(
                {"nearest": 1.0},
                criterion=ProbabilityThreshold(0.7),
                ready=ProbabilityThreshold(0.8, "predicted"),
            ),
            ["no scorer 'nearest'", "criterion is for latent mastery, ready for predicted",
             "ready (0.8) is above"],
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make: Any, problems: list[str]) -> None:
    with pytest.raises(ParameterError) as caught:
        make()
    assert len(caught.value.problems) == len(problems)
    for told, expected in zip(caught.value.problems, problems, strict=True):
        assert expected in told


def test_the_kind_of_mastery_is_that_of_either_part() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.9] * 4}, kind="predicted")
    for policy in (None, preset("provisional", criterion=NInARow(3))):
        with pytest.raises(ParameterError, match=r"is for latent mastery, .* gives predicted"):
            Sequencer(chain(), tracker, policy).recommend("ann")
    made = Sequencer(chain(), tracker, ProvisionalMastery(0.95, 0.85, "predicted"))
    assert made.recommend("ann")[0].reason.code == "confirm"


def test_the_presets_ready_is_never_above_its_criterion() -> None:
    lower = preset("provisional", criterion=ProbabilityThreshold(0.7))
    assert lower.ready == ProbabilityThreshold(0.7)
    assert preset("provisional", criterion=LowerBound(0.7)).ready == ProbabilityThreshold(0.8)


def test_the_command_line_recommends_what_the_sequencer_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, model, school = (tmp_path / name for name in ("a.csv", "m.json", "c.json"))
    log.write_text(csv_text(answers()))
    school.write_text(json.dumps(CURRICULUM))
    assert main(["fit", str(log), "-o", str(model)]) == 0
    capsys.readouterr()
    call = ["recommend", str(model), str(log), str(school), "--seed", "3", "--json"]
    assert main([*call, "--policy", "provisional"]) == 0
    said = json.loads(capsys.readouterr().out)

    columns = dict(zip(("student", "skill", "correct", "time"), zip(*answers(), strict=True),
                       strict=True))  # fmt: skip
    found = {name: np.array(values) for name, values in columns.items()}
    found |= {name: found[name].astype(int) for name in ("correct", "time")}
    responses = ResponseLog.from_frame(found)
    tracker = MasteryTracker(adaptlearn.load(model)).update(responses)
    expected = Sequencer(Curriculum.from_dict(CURRICULUM), tracker, random_state=3).recommend(
        tracker.students
    )
    assert len(said) == len(expected) == 40
    codes = set()
    for one, other in zip(said, expected, strict=True):
        assert (one["student"], one["lesson"]) == (other.student, other.lesson)
        assert one["score"] == pytest.approx(other.score)
        assert one["reason"]["text"] == other.reason.text
        assert one["reason"]["threshold"] == 0.999
        codes.add(one["reason"]["code"])
    assert len(codes) > 1
