"""Episodes: nothing but seed and student decides, and the record is what happened."""

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.simulation import (
    Course,
    SequencerPolicy,
    TwoState,
    baselines,
    held_out_simulators,
    run_episode,
    simulators,
)
from adaptlearn.simulation.episodes import Answers, Steps
from adaptlearn.simulation.teachers import ArrayPolicy, in_a_row, seat_time
from adaptlearn.simulation.teachers.policies import unfinished_lessons

SKILLS = ["a", "b", "c", "d"]
COURSE = Course.of(
    Curriculum.from_dict(
        {
            "prerequisites": [["a", "b"], ["b", "c"], ["a", "d"]],
            "lessons": [
                {"lesson": 1, "skills": ["a"], "minutes": 6},
                {"lesson": 2, "skills": ["a", "b"], "minutes": 9},
                {"lesson": 3, "skills": ["c"]},
                {"lesson": 4, "skills": ["d"], "minutes": 5},
                {"lesson": 5, "skills": ["b"], "minutes": 7},
            ],
        }
    ),
    n_items=3,
)
STUDENTS = simulators(COURSE)
HELD_OUT = held_out_simulators(COURSE)
POLICIES = baselines(COURSE)


def recorded_episode(*arguments: Any, **options: Any) -> Any:
    """An episode whose decisions and answers are kept; of any type, for they are there."""
    return run_episode(*arguments, **options, record=True)


def arrays(episode):
    """All that an episode holds, flat."""
    found: dict[str, Any] = {}
    for field in fields(episode):
        value: Any = getattr(episode, field.name)
        if isinstance(value, dict):
            found |= value
        elif isinstance(value, (Steps, Answers)):
            found |= {f"{field.name}.{name}": part for name, part in value._asdict().items()}
        elif isinstance(value, np.ndarray):
            found[field.name] = value
    return found


def assert_same(one, other):
    mine, others = arrays(one), arrays(other)
    assert set(mine) == set(others)
    for name, array in mine.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


def test_a_number_of_seeds_may_come_from_numpy():
    course = Course.of(Curriculum.from_dict({"skills": ["a"]}))
    policy = baselines(course)["three_in_a_row"]
    plain, numpy = (
        run_episode(TwoState(1), policy, course, n_students=5, seeds=seeds)  # type: ignore[arg-type]
        for seeds in (3, np.int64(3))
    )
    assert numpy.seed.tolist() == plain.seed.tolist()
    assert numpy.minutes.tolist() == plain.minutes.tolist()


@pytest.mark.parametrize(
    ("simulator", "policy"),
    [
        *product(STUDENTS, ["random", "knowledge_tracing", "zpdes", "oracle"]),
        *product(HELD_OUT, ["random"]),
    ],
)
def test_blocks_and_other_seeds_change_nothing(simulator, policy):
    students = {**STUDENTS, **HELD_OUT}[simulator]

    # Few students: nobody is to see what policies come to on the simulators kept apart.
    n = 5 if simulator in HELD_OUT else 30

    def run(**options):
        return run_episode(students, POLICIES[policy], COURSE, n_students=n, budget=100, **options)

    both = run(seeds=[3, 8])
    assert_same(both, run(seeds=[3, 8], block_size=7))
    for place, seed in enumerate((3, 8)):
        alone = run(seeds=[seed])
        rows = slice(n * place, n * (place + 1))
        for name, array in arrays(alone).items():
            whole = arrays(both)[name]
            part = whole[:, rows] if name == "retention" else whole[rows]
            np.testing.assert_array_equal(part, array, err_msg=name)
    assert not np.array_equal(both.known_at[:n], both.known_at[n:])


def test_records_do_not_depend_on_blocks_but_for_their_order():
    def run(**options):
        return recorded_episode(
            STUDENTS["stability"], POLICIES["zpdes"], COURSE, n_students=25, budget=60,
            **options,
        )  # fmt: skip

    whole, parts = run(), run(block_size=4)
    for record in ("steps", "responses"):
        mine, others = getattr(whole, record), getattr(parts, record)
        order, other = (np.argsort(one.student, kind="stable") for one in (mine, others))
        for column, again in zip(mine, others, strict=True):
            np.testing.assert_array_equal(column[order], again[other])


@pytest.fixture(scope="module", params=["prerequisites", "fading", "stability"])
def recorded(request):
    return run_episode(
        STUDENTS[request.param],
        POLICIES["random_in_fringe"],
        COURSE,
        n_students=60,
        budget=120,
        record=True,
    )


def test_tables_are_those_of_the_answers(recorded):
    said, n = recorded.responses, len(recorded.seed)
    answers, known = np.zeros((n, 4), int), np.zeros((n, 4), int)
    np.add.at(answers, (said.student, said.skill), 1)
    np.add.at(known, (said.student, said.skill), said.knew)
    np.testing.assert_array_equal(recorded.answers, answers)
    np.testing.assert_array_equal(recorded.known_answers, known)
    np.testing.assert_array_equal(recorded.n_answers, answers.sum(axis=1))
    minutes = np.zeros(n)
    np.add.at(minutes, said.student, COURSE.minutes[said.lesson])
    np.testing.assert_allclose(recorded.minutes, minutes)


def test_answers_are_those_of_the_lessons_decided(recorded):
    for student in range(0, 60, 7):
        own = recorded.steps.student == student
        lessons = recorded.steps.lesson[own]
        assert (lessons[:-1] >= 0).all()
        assert lessons[-1] == -1
        planned = [
            skill for lesson in lessons[:-1] for skill in COURSE.practice[lesson] if skill >= 0
        ]
        given = recorded.responses.skill[recorded.responses.student == student].tolist()
        assert given == planned[: len(given)]
        assert len(planned) - len(given) < 3  # time may be over within the last lesson
        assert (np.diff(recorded.steps.minutes[own]) >= 0).all()


def test_the_moment_of_knowing_is_in_the_record(recorded):
    for student in range(0, 60, 7):
        own = recorded.responses.student == student
        skill, knew = recorded.responses.skill[own], recorded.responses.knew[own]
        spent = np.cumsum(COURSE.minutes[recorded.responses.lesson[own]])
        for k in range(4):
            at, after = recorded.known_at[student, k], recorded.known_after[student, k]
            assert (at == 0) == recorded.known_at_start[student, k]
            assert (after == 0) == recorded.known_at_start[student, k]
            places = np.flatnonzero(skill == k)
            if after > 0:
                assert skill[after - 1] == k
                assert not knew[after - 1]
                assert at == pytest.approx(spent[after - 1])
                assert not knew[places[places < after]].any()
            elif after < 0:
                assert np.isinf(at)
                assert not knew[places].any()


def test_declarations_are_those_of_the_policy(recorded):
    for student in range(0, 60, 7):
        own = recorded.responses.student == student
        tag, correct = recorded.responses.tag[own], recorded.responses.correct[own]
        for k in range(4):
            right = correct[tag == k].tolist()
            rows = "".join("x" if one else "." for one in right)
            # Within a lesson a row of three may come and go between two decisions.
            if np.isfinite(recorded.declared_at[student, k]):
                assert "xxx" in rows
            else:
                assert not rows.endswith("xxx")


def test_a_declaration_is_right_where_the_skill_was_known():
    # Nothing is forgotten here, so what was known once is known later.
    episode = run_episode(
        TwoState(4, guess=0.45), POLICIES["random_in_fringe"], COURSE, n_students=200
    )
    declared = np.isfinite(episode.declared_at)
    known = episode.known_at <= episode.declared_at
    np.testing.assert_array_equal(episode.declared_rightly, declared & known)
    assert 0.05 < (declared & ~known).sum() / declared.sum() < 0.95


def test_time_is_kept():
    day = 24 * 3600
    episode = recorded_episode(
        TwoState(4, prior=0, learn=0), POLICIES["fixed_order"], COURSE, n_students=3, budget=50.0,
        minutes_per_day=20,
    )  # fmt: skip
    assert (episode.minutes <= 50).all()
    own = episode.responses.student == 0
    length = COURSE.minutes[episode.responses.lesson[own]]
    clock, today, expected = 0.0, 0.0, []
    for minutes in length:
        clock, today = clock + 60 * minutes, today + minutes
        expected.append(clock)
        if today >= 20 - 1e-9:
            clock, today = clock + day - 60 * today, 0.0
    np.testing.assert_allclose(episode.responses.time[own], expected)
    assert episode.responses.time.max() > 2 * day
    # An item more would not have fitted.
    assert (episode.minutes + length[-1] > 50).all()


def test_a_student_has_the_same_luck_under_every_policy():
    plain = TwoState(4, prior=0.3, learn=0.3)
    some, other = (
        recorded_episode(plain, POLICIES[name], COURSE, n_students=200, budget=200)
        for name in ("random", "fixed_order")
    )
    np.testing.assert_array_equal(some.known_at_start, other.known_at_start)

    def fates(episode):
        said = episode.responses
        order = np.lexsort((np.arange(len(said.student)), said.skill, said.student))
        pair = said.student[order] * 4 + said.skill[order]
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        nth = np.arange(len(pair)) - np.repeat(first, np.diff([*first, len(pair)]))
        keys = zip(pair.tolist(), nth.tolist(), strict=True)
        return dict(zip(keys, said.correct[order].tolist(), strict=True))

    mine, others = fates(some), fates(other)
    shared = mine.keys() & others.keys()
    assert len(shared) > 3000
    assert all(mine[key] == others[key] for key in shared)


def test_the_oracle_wastes_nothing_and_never_errs():
    single = Course.of(COURSE.curriculum.from_dict({"prerequisites": [["a", "b"]]}), n_items=1)
    episode = run_episode(
        TwoState(2, prior=0.4, learn=0.2), baselines(single)["oracle"], single, n_students=300
    )
    assert not episode.known_answers.any()
    assert episode.declared_rightly.all()
    np.testing.assert_array_equal(episode.declared_at, episode.known_at)
    assert episode.known_at_end.all()


def test_what_has_no_tag_teaches_unseen():
    untagged = COURSE.with_missing_tags(1.0)
    episode = recorded_episode(
        TwoState(4, prior=0, learn=1), POLICIES["three_in_a_row"], untagged, n_students=20,
        budget=60,
    )  # fmt: skip
    assert (episode.responses.tag == -1).all()
    assert np.isinf(episode.declared_at).all()
    assert episode.known_at_end[:, 0].all()
    assert (episode.steps.lesson[episode.steps.lesson >= 0] == 0).all()


def test_a_wrong_tag_is_what_the_policy_sees():
    tags = np.where(COURSE.practice == 0, 3, COURSE.practice)
    wrong = replace(COURSE, tags=tags)
    policy = ArrayPolicy("six of each", seat_time(6), unfinished_lessons)
    episode = recorded_episode(TwoState(4), policy, wrong, n_students=5, budget=400)
    assert np.isinf(episode.declared_at[:, 0]).all()
    assert np.isfinite(episode.declared_at[:, 3]).all()


MODEL = BKT.from_parameters(
    {
        "skill": SKILLS,
        "prior": [0.3] * 4,
        "learn": [0.15] * 4,
        "guess": [0.2] * 4,
        "slip": [0.1] * 4,
    }
)


def sequenced(curriculum):
    return Sequencer(
        curriculum, MasteryTracker(MODEL), MasteryThreshold(), new_students=True, random_state=0,
        wheel_spinning=None,
    )  # fmt: skip


def test_the_sequencer_does_what_the_array_policy_does():
    chain = [["a", "b"], ["b", "c"], ["c", "d"]]
    single = Course.of(Curriculum.from_dict({"skills": SKILLS, "prerequisites": chain}))
    made = []

    def make(curriculum):
        made.append(sequenced(curriculum))
        return made[-1]

    def run(policy):
        return run_episode(
            TwoState(4), policy, single, n_students=80, seeds=2, block_size=5, budget=300
        )

    found = run(SequencerPolicy(make, family="bkt"))
    light = run(baselines(single)["knowledge_tracing"])
    assert len(made) == 1  # it decides about all students at once
    assert found.same_family
    assert light.same_family
    assert_same(found, light)


def test_a_tracker_serves_one_episode():
    tracker = MasteryTracker(MODEL)
    shared = SequencerPolicy(
        lambda curriculum: Sequencer(
            curriculum, tracker, MasteryThreshold(), new_students=True, random_state=0
        )
    )
    run_episode(TwoState(4), shared, COURSE, n_students=3, budget=60)
    with pytest.raises(ParameterError, match=r"SequencerPolicy.*\n.*make a new tracker"):
        run_episode(TwoState(4), shared, COURSE, n_students=3, budget=60)


def test_a_sequencer_must_say_what_is_mastered():
    def anything(context):
        shape = (len(context.students), len(context.curriculum.lessons))
        return np.zeros(shape), np.ones(shape, bool)

    silent = SequencerPolicy(
        lambda curriculum: Sequencer(
            curriculum, MasteryTracker(MODEL), anything, new_students=True, random_state=0
        )
    )
    with pytest.raises(ParameterError, match="no criterion"):
        run_episode(TwoState(4), silent, COURSE, n_students=3)


def test_the_sequencers_choices_come_with_propensities():
    episode = recorded_episode(
        STUDENTS["individual"], SequencerPolicy(sequenced), COURSE, n_students=40, budget=80,
    )  # fmt: skip
    assert not episode.same_family
    given = episode.steps.lesson >= 0
    assert ((episode.steps.propensity > 0) & (episode.steps.propensity <= 1)).all()
    assert set(episode.steps.lesson[given].tolist()) <= set(range(5))
    assert np.isfinite(episode.declared_at).any()


def test_a_policy_that_sees_the_future_is_not_there():
    # What is chosen before the first answer cannot depend on the truth.
    easy = recorded_episode(TwoState(4, prior=1), POLICIES["zpdes"], COURSE, n_students=9)
    hard = recorded_episode(TwoState(4, prior=0), POLICIES["zpdes"], COURSE, n_students=9)
    np.testing.assert_array_equal(easy.steps.lesson[:9], hard.steps.lesson[:9])


def test_arguments_are_checked_at_once():
    run: Any = run_episode  # wrong types, on purpose
    with pytest.raises(ParameterError) as caught:
        run(
            TwoState(3), POLICIES["random"], COURSE, n_students=0, seeds=0, budget=-1,
            minutes_per_day=0, record="yes", block_size=0,
        )  # fmt: skip
    assert len(caught.value.problems) == 7
    for seeds, said in [([1, 1], "twice"), ([], "seeds must be"), ("12", "seeds must be")]:
        with pytest.raises(ParameterError, match=said):
            run(TwoState(4), POLICIES["random"], COURSE, seeds=seeds)
    beyond = ArrayPolicy("beyond", in_a_row())
    object.__setattr__(beyond, "start", lambda *_: _Beyond())
    with pytest.raises(ParameterError, match="chose lesson 5"):
        run(TwoState(4), beyond, COURSE, n_students=2)


class _Beyond:
    def take(self, *_):
        pass

    def choose(self, rows, draw, now):
        from adaptlearn.simulation.teachers import Choice

        return Choice(np.full(len(rows), 5), np.ones(len(rows)), np.zeros((len(rows), 4), bool))
