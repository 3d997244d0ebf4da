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
from adaptlearn.sequencing import (
    TEMPLATES,
    Context,
    Goals,
    LowerBound,
    MasteryThreshold,
    NInARow,
    Override,
    ProbabilityThreshold,
    ProvisionalMastery,
    WeightedPolicy,
    preset,
    replay,
)
from adaptlearn.sequencing.candidates import Candidates
from adaptlearn.sequencing.eligibility import pairs_of_table

SKILLS = ["count", "add", "multiply", "measure"]
LEVELS = [0.0, 0.3, 0.79, 0.8, 0.95, 0.998, 0.999, 1.0]
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


# Why, and why not


def test_a_blocked_lesson_names_what_is_enough_and_the_way_there() -> None:
    found = default(chain(), [0.6, 0.2, 0.1, 0.1]).explain(0, "multiply")
    assert (found.status, found.threshold, found.enough) == ("blocked", 0.999, 0.8)
    assert found.unlock == ("count", "add")
    assert str(found) == (
        '"multiply" is not open to 0 yet. "multiply" needs "add" first, whose mastery is 0.20 '
        '(threshold 0.8). To get there, learn in this order: "count", then "add".'
    )
    near = default(chain(), [0.9, 0.7999, 0.1, 0.1]).explain(0, "multiply")
    assert "whose mastery is 0.7999 (threshold 0.8)" in near.text
    assert near.unlock == ("add",)


def test_the_way_does_not_pass_through_lessons_that_are_shut() -> None:
    """A skill that is probably known, while what comes before it is not, shuts its lesson."""
    school = Curriculum.from_dict(
        {
            "prerequisites": [["p", "s"], ["t", "g"]],
            "lessons": {"P": ["p"], "ST": ["s", "t"], "G": ["g"]},
        }
    )
    found = default(school, dict_values(school, p=0.1, s=0.9, t=0.1, g=0.1)).explain(0, "G")
    assert found.unreachable == ("t",)  # no lesson that is open teaches t, and G does not need p
    assert found.unlock == ()


def test_what_the_lesson_teaches_and_is_probably_known_lies_on_the_way() -> None:
    school = Curriculum.from_dict(
        {
            "prerequisites": [["a", "b"], ["b", "c"]],
            "lessons": {"A": ["a"], "B": ["b"], "AC": ["a", "c"]},
        }
    )
    found = default(school, dict_values(school, a=0.9, b=0.1, c=0.1)).explain(0, "AC")
    assert (found.status, found.unlock) == ("blocked", ("B",))


def test_the_way_ends_where_the_lesson_opens() -> None:
    """Of two ways in, the first that is open is enough, however many skills lie on the other."""
    school = Curriculum.from_dict(
        {"skills": ["a", "b", "c", "goal"], "prerequisites": [["b", "c"], [["a", "c"], "goal"]]}
    )
    assert default(school, [0.1] * 4).explain(0, "goal").unlock == ("a", "b")
    nearer = default(school, [0.1, 0.9, 0.1, 0.1]).explain(0, "goal")
    assert nearer.unlock == ("a", "c")


def dict_values(school: Curriculum, **known: float) -> list[float]:
    return [known[skill] for skill in school.skills.tolist()]


# Making sure


def test_a_lesson_on_what_is_probably_known_makes_sure_of_it() -> None:
    (decision,) = default(chain(), [0.9, 0.9991, 0.9991, 0.9992]).recommend(0)
    assert decision.reason.code == "confirm"
    assert decision.reason.text == (
        '"count" makes sure of what is probably known: "count" (mastery 0.90), below 0.999. It '
        "is the only lesson that is open."
    )
    assert decision.sentence() == 'Next: "count". You probably know this; a little more makes sure.'
    assert decision.sentence("teacher") == (
        '0: "count", to make sure of "count" (mastery 0.90; mastered from 0.999); chosen with '
        "probability 1.00 among 1."
    )
    told = replay([decision.to_dict()], 0)
    assert 'to make sure of "count"' in str(told)
    assert told.table()["code"] == ["confirm"]


def test_a_lesson_with_something_new_is_for_that() -> None:
    school = Curriculum.from_dict({"lessons": {"AB": ["a", "b"]}})
    codes = {}
    for a, b in ((0.1, 0.9), (0.9, 0.9), (0.9, 0.9995), (0.1, 0.9995), (0.79, 0.8)):
        decision = default(school, [a, b]).recommend(0)[0]
        codes[a, b] = decision.reason.code
    assert codes == {
        (0.1, 0.9): "ready",
        (0.9, 0.9): "confirm",
        (0.9, 0.9995): "confirm",
        (0.1, 0.9995): "ready",
        (0.79, 0.8): "ready",
    }
    new = default(school, [0.1, 0.9]).recommend(0)[0]
    assert new.reason.text == (
        'Ready for "AB": all that comes before it is known well enough (0.8), and it teaches "a" '
        '(mastery 0.10) and "b" (mastery 0.90), below 0.999. It is the only lesson that is open.'
    )


def test_codes_of_many_are_those_of_each() -> None:
    known = np.random.default_rng(5).choice(LEVELS, (300, 4))
    known[0] = 1.0
    grants = [Override("grant", "add", 7, author="Lee", reason="seen")]
    bans = [Override("ban", skill, 8, author="Lee", reason="ill") for skill in SKILLS]
    tracker = FakeTracker(SKILLS, known)
    made = Sequencer(chain(), tracker, overrides=[*grants, *bans], random_state=0)
    decisions = made.recommend(range(300))
    codes = [one.reason.code for one in decisions]
    assert decisions.codes().tolist() == codes
    assert set(codes) == {"confirm", "gain_per_minute", "ready", "all_mastered", "barred"}
    strict = Sequencer(chain(), tracker, MasteryThreshold(), random_state=0)
    assert "confirm" not in set(strict.recommend(range(300)).codes())


def test_what_is_mastered_needs_no_confirming() -> None:
    class Anything(WeightedPolicy):
        def candidates(self, context: Context) -> Candidates:
            pairs = pairs_of_table(np.ones((len(context.students), 4), bool))
            return Candidates(context, pairs, np.zeros(len(pairs.student), np.int8))

    policy = Anything({"fixed_order": 1.0}, ready=ProbabilityThreshold(0.8))
    decisions = default(chain(), [0.99] * 4, policy=policy).recommend(0)
    assert decisions[0].reason.code == decisions.codes()[0] == "fixed_order"


def test_only_new_lessons_confirm() -> None:
    policy = WeightedPolicy(
        {"review": 1.0}, ready=ProbabilityThreshold(0.8), pools=("review",),
    )  # fmt: skip

    class Due:
        def look(self, where: Context) -> tuple[Any, Any]:
            return np.ones(where.mastery.shape), np.ones(where.mastery.shape)

    made = default(chain(), [0.96] * 4, policy=policy, review=Due())
    decisions = made.recommend(0, n=2)
    assert [one.reason.code for one in decisions] == ["review_due"] * 2
    assert decisions.codes().tolist() == ["review_due"] * 2


def test_what_is_enough_need_not_be_a_threshold() -> None:
    policy = WeightedPolicy({"fixed_order": 1.0}, ready=NInARow(2))
    made = default(chain(), [0.5] * 4, policy=policy)
    with pytest.raises(ParameterError, match="practice=True"):
        made.recommend(0)
    model = adaptlearn.models.BKT.from_parameters(
        {"skill": SKILLS, "prior": [0.2] * 4, "learn": [0.2] * 4, "guess": [0.2] * 4,
         "slip": [0.1] * 4}
    )  # fmt: skip
    tracker = MasteryTracker(model, practice=True)
    tracker.update({"student": ["a"] * 3, "skill": ["count"] * 3, "correct": [0, 1, 1]})
    kept = Sequencer(chain(), tracker, policy, random_state=0)
    first, second, third = kept.recommend("a", n=3)
    assert [first.lesson, second.lesson, third.lesson] == ["count", "add", "measure"]
    assert first.reason.code == "confirm"
    assert "all that comes before it is known well enough, and it teaches" in second.reason.text
    shut = kept.explain("a", "multiply")
    assert (shut.enough, shut.unlock) == (None, ("add",))
    assert "To get there, learn" in shut.text


def test_every_code_of_the_default_has_words_for_students() -> None:
    codes = {"confirm", "gain_per_minute", "ready", "all_mastered", "none_open", "barred"}
    assert codes <= set(TEMPLATES["student"])
    decision = default(chain(), [0.9] * 4).recommend(0)[0]
    german = {"student": {"confirm": "Zur Sicherheit: {title}."}}
    assert decision.sentence("student", german) == 'Zur Sicherheit: "count".'
    with pytest.raises(ParameterError, match="names 'titel'"):
        decision.sentence("student", {"student": {"confirm": "{titel}"}})


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


def test_the_preset_is_the_default() -> None:
    known = np.random.default_rng(2).choice(LEVELS, (60, 4))
    where = context(chain(), known)
    for mine, other in zip(DEFAULT.score(where), preset("provisional").score(where), strict=True):
        np.testing.assert_array_equal(mine, other)
    named = preset("provisional")
    assert (named.criterion, named.ready) == (DEFAULT.criterion, DEFAULT.ready)
    # At a lower threshold what is mastered is enough, and the reasons say so.
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
    assert main(call) == 0
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
