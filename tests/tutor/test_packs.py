"""Packs: a device decides as the tutor does, and what it sends home counts once."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from importlib import import_module
from itertools import count
from time import time as seconds_now
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.tutor.conftest import SKILLS, a_model
from tests.tutor.test_sets import emptied
from tests.tutor.trips import (
    DAY,
    KEY,
    NOON,
    OTHER,
    POLICIES,
    VECTORS,
    a_pack,
    a_tutor,
    assert_alike,
    do,
    on_server,
    trip,
)

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, offline, runtime
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.models import BKT, Elo
from adaptlearn.reporting import report_district
from adaptlearn.sequencing.knowledge import MovingAverage, ProbabilityThreshold
from adaptlearn.sequencing.policies import (
    MasteryThreshold,
    ProvisionalMastery,
    WeightedPolicy,
    preset,
)
from adaptlearn.simulation import simulate_school
from adaptlearn.storage import MemoryStore, PostgresStore, SQLiteStore
from adaptlearn.tutor import all_rows

WHOLE = trials(10) == 10  # what is a tenth elsewhere would take too long here
BOTH = ("mia", "ben")
PACKS = {who: a_tutor().pack(who, until=NOON + 9 * DAY, key=KEY, now=NOON) for who in BOTH}


def test_device_and_server_decide_alike():
    """Lessons, purposes and beliefs, over random courses, teachers' decisions and policies."""
    seen: list = []
    seeds, most = count(), 10_000 if WHOLE else 500
    while len(seen) < most:
        seed = next(seeds)
        for pack, step in trip(seed, POLICIES[seed % len(POLICIES)]):
            assert_alike(pack, step, (seed, step))
            seen.append(step.choice)
    purposes = {one.purpose for one in seen}
    assert purposes == {"new", "remediation", "assigned", None}
    assert sum(one.n_tied > 1 for one in seen) > len(seen) / 20


def choices(tutor):
    """The lessons of some draws, on a device and by the tutor."""
    pack = a_pack(tutor)
    position = offline._Position(pack._body, pack._learner, pack._done, NOON)
    draws = (0.05, 0.3, 0.55, 0.8, 0.99)
    device = [position.choose(draw)[:2] for draw in draws]
    assert device == [on_server(tutor, draw, NOON) for draw in draws]
    return {lesson for lesson, _ in device}


def told(tutor, *answers):
    tutor.record([{"student": "mia", "skill": skill, "correct": correct, "time": NOON - 100 + k}
                  for k, (skill, correct) in enumerate(answers)])  # fmt: skip
    return dict(zip(tutor.mastery("mia").skills, tutor.mastery("mia").value[0], strict=True))


def test_of_a_pin_and_a_ban_the_later_counts():
    for first, second, lessons in (("pin", "ban", {"add 2"}), ("ban", "pin", {"add 1"})):
        tutor = a_tutor()
        tutor.set_goals("mia", ["add"])
        for action in (first, second):
            tutor.override(action, "add 1", student="mia", author="Ms Lee", reason="why not")
        assert choices(tutor) == lessons


def test_who_probably_knows_a_skill_may_finish_it():
    tutor = a_tutor(policy=MasteryThreshold())
    tutor.set_goals("mia", ["add"])
    known = told(tutor, *[("add", k % 2) for k in range(11)], ("add", 1))
    assert 0.8 < known["add"] < 0.95
    assert choices(tutor) == {"add 1", "add 2"}
    known = told(tutor, *[("add", 0)] * 12)
    assert known["add"] < 0.8
    assert choices(tutor) == {"add 2"}  # a bout of answers has been spent on the other


def test_a_skill_that_is_mastered_waits_for_nothing():
    skills = ["z", "y", "x"]
    curriculum = Curriculum.from_dict({
        "skills": skills, "prerequisites": [["z", "y"]],
        "lessons": {"first": ["z"], "both": ["x", "y"]},
    })  # fmt: skip
    tutor = a_tutor(BKT.from_parameters({"skill": skills, "prior": [0.1] * 3, "learn": [0.3] * 3,
                                         "guess": [0.2] * 3, "slip": [0.1] * 3}), curriculum,
                    policy=preset("random"))  # fmt: skip
    assert choices(tutor) == {"first"}
    told(tutor, *[("y", 1)] * 9)
    assert choices(tutor) == {"first", "both"}


MODELS = {
    "forgetting": {"forgetting": True},
    "items": {"guess_by": "item", "slip_by": "item", "prior_by": "item"},
    "gaps": {"learn_by": "gap", "forgetting": True, "gaps": (30, 3600)},
    "item pairs": {"learn_by": "item_pair"},
    "classes of students": {"student_classes": 2},
}


@pytest.mark.parametrize("options", MODELS.values(), ids=[*MODELS])
def test_all_models_that_the_runtime_serves_go_with_a_pack(options):
    rng, skills = np.random.default_rng(5), ["a", "b", "c"]
    n = 1500
    columns: dict[str, Any] = {
        "student": rng.integers(0, 60, n), "skill": rng.choice(skills, n),
        "correct": rng.integers(0, 2, n), "item": rng.choice(["x", "y"], n),
        "time": np.cumsum(rng.choice([1.0, 100.0], n)),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BKT(n_init=1, max_iter=20, random_state=0, **options).fit(
            ResponseLog.from_frame(columns)
        )
    items = {f"{skill} {item}": [skill] for skill in skills for item in "xy"}
    tutor = a_tutor(model, Curriculum.from_dict({"skills": skills, "items": items}),
                    unknown="accept")  # fmt: skip

    def answers(start):
        told = [(str(rng.choice(skills)), int(rng.integers(2)), str(rng.choice(["x", "y", "z"])))
                for _ in range(12)]  # fmt: skip
        times = start + np.cumsum(rng.choice([1.0, 60.0, 9000.0], 12))
        return [*zip(told, times.tolist(), strict=True)]

    tutor.record([{"student": "mia", "skill": skill, "correct": right, "item": item, "time": time}
                  for (skill, right, item), time in answers(NOON - 2 * DAY)])  # fmt: skip
    pack = a_pack(tutor)
    for (skill, right, item), time in answers(NOON):
        pack.record(skill, right, item=item, time=time)
        assert {one.status for one in tutor.merge(pack.events(), key=KEY)} <= {"new", "known"}
        found = tutor.mastery("mia").value[0].tolist()
        assert [*map(pack.mastery, skills)] == pytest.approx(found, abs=1e-12)


def test_a_placement_is_where_the_device_begins_too():
    tracker = MasteryTracker(a_model()).believe("mia", {"add": 0.7})
    found = tracker.portable("mia", ["multiply", "add"])
    assert found is not None
    model, student = found
    assert model["parameters"]["prior"] == [0.3, 0.7]
    assert student["beliefs"] == []


def test_what_a_placement_told_outweighs_the_priors_of_classes():
    rng, n = np.random.default_rng(3), 400
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BKT(prior_by="item", n_init=1, max_iter=10, random_state=0).fit({
            "student": np.repeat(np.arange(n // 4), 4), "skill": rng.choice(["a", "b"], n),
            "correct": rng.integers(0, 2, n), "item": rng.choice(["x", "y"], n),
        })  # fmt: skip
    tracker = MasteryTracker(model).believe("mia", {"a": 0.7})
    found = tracker.portable("mia", ["a", "b"])
    assert found is not None
    held, student = found
    kept = runtime.Model(*runtime._engines(held), held["fingerprint"])
    played = runtime.Student.from_dict(kept, student)
    for skill, right in (("a", 1), ("b", 0), ("a", 0)):
        tracker.update({"student": ["mia"], "skill": [skill], "correct": [right], "item": ["x"]})
        played.update(skill, bool(right), item="x")
        theirs = tracker.mastery(["mia"]).value[0].tolist()
        assert [played.mastery("a"), played.mastery("b")] == pytest.approx(theirs, abs=1e-12)


def test_what_counts_again_when_an_override_ends_is_in_the_pack():
    tutor = a_tutor()
    told(tutor, *[(skill, 1) for skill in SKILLS for _ in range(9)][:-9])
    who: dict[str, Any] = {"student": "mia", "author": "Ms Lee", "reason": "why not"}
    tutor.override("grant", "divide", expires=NOON + 50, **who)
    tutor.override("pin", "add 1", **who)
    tutor.override("defer", "add 1", expires=NOON + 90, **who)
    pack = a_pack(tutor, minutes=1)
    for now, lesson in ((NOON, None), (NOON + 60, "divide 1"), (NOON + 99, "add 1")):
        draw = pack.next_lesson(now).draw
        assert on_server(tutor, draw, now) == pack.next_lesson(now)[:2]
        assert pack.next_lesson(now).lesson == lesson


def no_rule_of_ours(context):
    return np.zeros((1, 8)), np.ones((1, 8), bool)


def test_what_a_pack_cannot_play_is_refused_with_what_it_can():
    sure = ProbabilityThreshold() & MovingAverage()
    for policy, said in (
        (ProvisionalMastery(chooser="softmax"), "the chooser is Softmax"),
        (ProvisionalMastery(reviews=True), "more than new lessons: new, review"),
        (preset("target_success"), "the scorer 'target_success'"),
        (MasteryThreshold().with_parts(criterion=sure), "the criterion of mastery is Both"),
        (WeightedPolicy({"gain_per_minute": 1.0}, settings={"gain_per_minute": {"n_items": 3.0}}),
         "settings of 'gain_per_minute'"),
        (no_rule_of_ours, "whose rule is not"),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match=said) as caught:
            a_pack(a_tutor(policy=policy))
        assert "under ProvisionalMastery, PricedMastery, MasteryThreshold" in str(caught.value)
    school = simulate_school(n_students=40, n_skills=2, random_state=0)
    curriculum = Curriculum.from_dict(school.curriculum)
    for model, said in ((BKT(ability=True), "which no pack can play"), (Elo(), "predicted")):
        with pytest.raises(ParameterError, match=said):
            a_pack(a_tutor(model.fit(school.responses), curriculum))
    graph = Curriculum.from_dict({"prerequisites": [["add", "roots"]]})
    with pytest.warns(DataWarning, match="'roots'"):
        tutor = a_tutor(curriculum=graph)
    with pytest.raises(ParameterError, match="no parameters of skill 'roots'"):
        a_pack(tutor)
    wrong: dict[str, Any]
    for wrong in ({"until": NOON}, {"minutes": 0}, {"minutes": float("nan")}, {"minutes": "1"}):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            a_pack(a_tutor(), **wrong)


def test_a_pack_has_what_is_within_reach_and_no_names():
    tutor = a_tutor()
    tutor.override("ban", "add 1", student="mia", author="Ms Lee", reason="on paper")
    text = tutor.pack("mia", until=NOON + DAY, key=KEY, now=NOON, minutes=1)
    assert "Lee" not in text
    assert "paper" not in text
    assert offline.Pack.read(text, KEY, now=NOON).lessons == (
        "add 1", "add 2", "subtract 1", "subtract 2"
    )  # fmt: skip
    assert "multiply 1" in a_pack(tutor, minutes=2).lessons
    assert "divide 1" not in a_pack(tutor, minutes=2).lessons
    assert len(a_pack(tutor).lessons) == 8
    big = {f"a skill with a long name, number {k}": 1 for k in range(40)}
    model = BKT.from_parameters({"skill": [*big], **{name: [0.123456789012345] * 40 for name in
                                 ("prior", "learn", "guess", "slip", "forget")}})  # fmt: skip
    chain = [[a, b] for a, b in zip([*big], [*big][1:], strict=False)]
    tutor = a_tutor(model, Curriculum.from_dict({"prerequisites": chain}))
    tutor.record([{"student": "mia", "skill": one, "correct": 1, "time": NOON} for one in big])
    text = tutor.pack("mia", until=NOON + DAY, key=KEY, now=NOON)
    assert len(offline.Pack.read(text, KEY, now=NOON).lessons) == 40
    assert len(text) < 200_000 / 5


def test_a_pack_ends_with_the_goals():
    tutor = a_tutor()
    tutor.set_goals("mia", ["multiply"], expires=NOON + 60)
    pack = a_pack(tutor)
    assert pack.expires == NOON + 60
    assert {lesson.split()[0] for lesson in pack.lessons} == {"add", "multiply"}
    with pytest.raises(offline.PackError, match="it expired 40 s ago"):
        pack.next_lesson(NOON + 100)
    pack.record("add", True, time=NOON + 100)  # what the student did is never lost
    assert [one.status for one in tutor.merge(pack.events(), key=KEY)] == ["new"]


def a_trip(pack, answers, start=NOON):
    for k, correct in enumerate(answers):
        pack.record("add", correct, time=start + k)
    return pack.events()


def online(answers, start=NOON, **options):
    """The mastery of a student who answered the same with a network."""
    tutor = a_tutor(**options)
    tutor.record([{"student": "mia", "skill": "add", "correct": int(one), "time": start + k}
                  for k, one in enumerate(answers)])  # fmt: skip
    return tutor.mastery("mia").value.tolist()


@pytest.mark.parametrize(("who", "options"), [(7, {}), ("mia", {"key": KEY}), (7, {"key": OTHER})])
def test_labels_that_are_integers_and_stores_without_labels(who, options):
    tutor = a_tutor(**options)
    tutor.record({"student": who, "skill": "add", "correct": 1, "time": NOON - 5})
    tutor.override("ban", "add 1", student=who, author="Ms Lee", reason="on paper")
    tutor.set_goals(who, ["add"])
    pack = a_pack(tutor, who)
    assert (pack.student, pack.next_lesson(NOON).lesson) == (who, "add 2")
    assert [one.status for one in tutor.merge(a_trip(pack, [True, False]), key=KEY)] == ["new"] * 2
    assert tutor.mastery(who).value[0, 0] == pytest.approx(pack.mastery("add"), abs=1e-12)


def test_an_application_that_was_closed_goes_on():
    tutor = a_tutor()
    text = tutor.pack("mia", until=NOON + DAY, key=KEY, now=NOON)
    first = offline.Pack.read(text, KEY, now=NOON)
    a_trip(first, [True, False])
    first.lesson_done("add 1", time=NOON + 5)
    again = offline.Pack.read(text, KEY, events=first.events(), now=NOON)
    assert again.events() == first.events()
    assert again.next_lesson(NOON + 9) == first.next_lesson(NOON + 9)
    again.record("add", True, time=NOON + 9)
    tutor.merge([again.events(), first.events()], key=KEY)
    assert tutor.mastery("mia").value[0, 0] == again.mastery("add")
    other = a_pack(tutor)
    with pytest.raises(offline.PackError, match="they belong to another pack"):
        offline.Pack.read(text, KEY, events=other.events(), now=NOON)


def test_two_students_swap_devices():
    """Each event names its pack, and each pack its student: what counts is whose pack it was."""
    tutor = a_tutor()
    packs = {who: tutor.pack(who, until=NOON + DAY, key=KEY, now=NOON) for who in ("mia", "ben")}
    files = []
    for first, second in (("mia", "ben"), ("ben", "mia")):  # of each device
        for who, start in ((first, NOON), (second, NOON + 100)):
            pack = offline.Pack.read(packs[who], KEY, now=NOON)
            files.append(a_trip(pack, [who == "mia"] * 3, start))
    tutor.merge(files, key=KEY)
    tutor.merge(files[::-1], key=KEY)
    direct = a_tutor()
    direct.record([{"student": who, "skill": "add", "correct": int(who == "mia"),
                    "time": NOON + start + k}
                   for who in packs for start in (0, 100) for k in range(3)])  # fmt: skip
    both = ["mia", "ben"]
    assert tutor.mastery(both).value.tolist() == direct.mastery(both).value.tolist()
    told = json.loads(json.loads(files[0])["body"])
    told["events"][0]["student"] = "ben"
    with pytest.raises(offline.PackError, match="of another student, device or pack"):
        tutor.merge(offline.seal("adaptlearn-events", told, KEY), key=KEY)


def test_a_student_changes_school_between_pack_and_merge():
    old, new = MemoryStore(), MemoryStore()
    before = a_tutor(store=old)
    before.record({"student": "mia", "skill": "add", "correct": 1, "time": NOON - 9})
    events = a_trip(a_pack(before), [True, False])
    new.append(all_rows(old))
    after = a_tutor(store=new)
    assert [one.status for one in after.merge(events, key=KEY)] == ["new", "new"]
    before.merge(events, key=KEY)
    assert after.mastery("mia").value.tolist() == before.mastery("mia").value.tolist()
    assert {*new.append(all_rows(old))} == {"known"}


def test_the_model_is_replaced_between_pack_and_merge():
    tutor = a_tutor()
    events = a_trip(a_pack(tutor), [True, False, True])
    tutor.sync(model=a_model(learn=0.4))
    assert {one.status for one in tutor.merge(events, key=KEY)} == {"new"}
    assert tutor.mastery("mia").value.tolist() == online(
        [True, False, True], model=a_model(learn=0.4)
    )
    gone = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    other = a_tutor(BKT.from_parameters({"skill": ["add", "multiply"], **{
        name: [0.1, 0.1] for name in ("prior", "learn", "guess", "slip")}}), gone)  # fmt: skip
    pack = a_pack(tutor)
    pack.record("divide", True, time=NOON)
    pack.record("add", True, time=NOON + 1)
    first, second = other.merge(pack.events(), key=KEY)
    assert (first.status, second.status) == ("refused", "new")
    assert first.problems == ("unknown skill 'divide'",)


def test_a_student_is_erased_between_pack_and_merge():
    tutor = a_tutor()
    tutor.record({"student": "mia", "skill": "add", "correct": 1, "time": NOON - 9})
    events = a_trip(a_pack(tutor), [True, False])
    tutor.forget("mia")
    assert [one.status for one in tutor.merge(events, key=KEY)] == ["erased", "erased"]
    assert tutor.students() == []


def test_a_clock_that_is_wrong_is_marked_and_loses_nothing():
    tutor = a_tutor()
    now = seconds_now()
    pack = a_pack(tutor, now=now, until=now + 9 * DAY)
    pack.record("add", True, time=now + 3 * DAY).record("add", False, time=now - DAY)
    pack.record("add", True, time=0)
    assert {one.status for one in tutor.merge(pack.events(), key=KEY)} == {"new"}
    listed = tutor.history("mia")
    assert [one.raised for one in listed] == [False, True, True]
    assert [round(one.ahead / DAY, 2) for one in listed] == [3, 0, 0]
    assert [one["ahead"] > 0 for one in tutor.export("mia")["events"]] == [True, False, False]
    assert tutor.mastery("mia").value[0, 0] == pytest.approx(pack.mastery("add"), abs=1e-12)
    (decision,) = tutor.next_lesson("mia", now=now)
    assert [one.code for one in decision.alerts][:1] == ["clock"]
    pack.record("add", True, time=now + 40 * DAY)
    assert (
        "40.0 days ahead, and at most 30 days"
        in tutor.merge(pack.events(), key=KEY)[-1].problems[0]
    )


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgres"])
def fresh(request, tmp_path_factory):
    """Makes a store empty; one store serves all, for making one takes longer than a history."""
    if request.param == "memory":
        yield MemoryStore
        return
    kept: Any
    if request.param == "sqlite":
        kept = SQLiteStore(tmp_path_factory.mktemp("stores") / "school.db")
    else:
        kept = PostgresStore(request.getfixturevalue("postgres").new())

    def empty():
        if request.param == "sqlite":
            with kept._write() as on:
                emptied(on)
        else:
            kept._run(lambda on: emptied(on, "adaptlearn_"))
        return kept

    yield empty
    kept.close()


def state_of(tutor, batches):
    """What a tutor makes of files that come in batches: order, marks, beliefs, lessons done."""
    for batch in batches:
        tutor.merge(batch, key=KEY)
    who = [*BOTH]
    history = [[(one.event.id, one.time, one.raised) for one in tutor.history(one)]
               for one in who]  # fmt: skip
    done = {k: dict(v) for k, v in tutor._states.fold.lessons_done.items()}
    return tutor.mastery(who).value.tobytes(), history, done


@settings(max_examples=2000 if WHOLE else 25, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_merging_is_commutative_associative_and_idempotent(fresh, data):
    """Up to five devices, whose clocks are set back or 3 days ahead, in any files and any order."""
    files = []
    for _ in range(data.draw(st.integers(1, 5))):
        pack = offline.Pack.read(PACKS[data.draw(st.sampled_from(BOTH))], KEY, now=NOON)
        ahead = data.draw(st.sampled_from([0.0, 0.0, -DAY, 3 * DAY]))
        for k in range(data.draw(st.integers(1, 4))):
            time = NOON + ahead + data.draw(st.integers(0, 6))
            if data.draw(st.integers(0, 3)):
                pack.record(data.draw(st.sampled_from(SKILLS)), data.draw(st.booleans()), time=time)
            else:
                pack.lesson_done("add 1", time=time)
            if k % 2 or data.draw(st.booleans()):
                files.append(pack.events())
        files.append(pack.events())
    plain = state_of(a_tutor(), [files])
    order = data.draw(st.permutations([*files, *files[:3]]))
    cut = data.draw(st.integers(0, len(order)))
    assert state_of(a_tutor(store=fresh()), [order[:cut], order[cut:]]) == plain
    assert state_of(a_tutor(store=fresh()), [[one] for one in order]) == plain


def test_a_month_of_a_bus():
    """Devices that merge at random moments leave what a run online leaves."""
    n_devices, n_days = (60, 30) if WHOLE else (8, 10)
    rng = np.random.default_rng(7)
    home, online = a_tutor(), a_tutor()
    packs: dict[str, offline.Pack] = {}
    waiting: list[str] = []
    for day in range(n_days):
        start = NOON + day * DAY
        for number in range(n_devices):
            who, now = f"student {number}", start + 60.0 * number
            if who not in packs or rng.random() < 0.3:
                with suppress(ParameterError):  # no lesson is within reach: the old one goes on
                    packs[who] = a_pack(home, who, now=now, until=now + 40 * DAY)
            pack = packs[who]
            for ride in range(2):
                lesson = pack.next_lesson(now).lesson
                if lesson is None:
                    break
                skill = str(lesson).split()[0]
                for k in range(3):
                    time, right = now + 1000 * ride + k, bool(rng.random() < 0.7)
                    pack.record(skill, right, time=time)
                    online.record({"student": who, "skill": skill, "correct": int(right),
                                   "time": time})  # fmt: skip
            waiting.append(pack.events())
            if rng.random() < 0.3:
                rng.shuffle(waiting)
                home.merge(waiting, key=KEY)
                waiting = waiting[: len(waiting) // 4]  # the network fails: some come again
    home.merge([pack.events() for pack in packs.values()] + waiting, key=KEY)
    everyone = [f"student {number}" for number in range(n_devices)]
    assert home.mastery(everyone).value.tobytes() == online.mastery(everyone).value.tobytes()
    logs = [tutor.log(everyone) for tutor in (home, online)]
    assert len(logs[0]) > n_devices * n_days
    for name in ("correct", "time"):
        assert (getattr(logs[0], name) == getattr(logs[1], name)).all()
    pages = []
    for tutor in (home, online):
        known = tutor.mastery(everyone).value.mean(axis=1)
        pages.append(report_district({
            "student": everyone, "school": ["North", "South"] * (n_devices // 2),
            "course": ["sums"] * n_devices, "group": ["grade 3"] * n_devices,
            "status": ["mastered" if one > 0.9 else "learning" for one in known.tolist()],
        }).to_html())  # fmt: skip
    assert pages[0] == pages[1]
    assert home.verify()


def test_the_conformance_vectors_hold():
    """The file of vectors was made by the tutor; the device file follows it."""
    made = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert [one["policy"] for one in made] == [policy.name for policy in POLICIES]
    for vector in made:
        pack = offline.Pack.read(vector["pack"], bytes.fromhex(vector["key"]), now=NOON)
        for step in vector["steps"]:
            choice = pack.next_lesson(step["now"])
            assert choice[:2] == (step["lesson"], step["purpose"])
            assert choice.draw == step["draw"]
            do(pack, step["done"])
            for skill, p_known in step["beliefs"].items():
                assert pack.mastery(skill) == pytest.approx(p_known, abs=1e-12)


def test_packs_keep_the_published_schema():
    jsonschema: Any = import_module("jsonschema")  # it has no types
    schema = json.loads(VECTORS.with_name("pack.schema.json").read_text(encoding="utf-8"))
    of_body = {"$ref": "#/$defs/body", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    texts = [one["pack"] for one in json.loads(VECTORS.read_text(encoding="utf-8"))]
    for text in [*texts, a_tutor().pack("mia", until=NOON + 9, key=KEY, now=NOON)]:
        jsonschema.validate(json.loads(text), schema)
        body = json.loads(json.loads(text)["body"])
        jsonschema.validate(body, of_body)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**body, "name": "Mia"}, of_body)
