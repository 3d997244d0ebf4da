"""Trips of a student with a pack; a tutor over a store decides beside it at every step.

``python -m tests.tutor.trips`` writes docs/pack-vectors.json, the conformance vectors.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.tutor.conftest import a_curriculum, a_model

from adaptlearn import Curriculum, Tutor, offline
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.sequencing.policies import (
    MasteryThreshold,
    PricedMastery,
    ProvisionalMastery,
    preset,
)
from adaptlearn.storage import MemoryStore

VECTORS = Path(__file__).parents[2] / "docs" / "pack-vectors.json"
KEY, OTHER = b"a key of the district, 32 bytes.", b"a key of another one, 32 bytes.."
NOON, DAY = 1_700_000_000.0, 86_400.0
POLICIES = (
    ProvisionalMastery(),
    MasteryThreshold(),
    PricedMastery(),
    PricedMastery(1000, order="curriculum", ready=0),
    PricedMastery(60, ready=None),
    preset("random"),
)


def a_tutor(model=None, curriculum=None, store=None, **options):
    return Tutor(
        model or a_model(), curriculum or a_curriculum(), store or MemoryStore(),
        random_state=0, **options,
    )  # fmt: skip


def a_pack(tutor, student="mia", now=NOON, until=NOON + 5 * DAY, **options):
    text = tutor.pack(student, until=until, key=KEY, now=now, **options)
    return offline.Pack.read(text, KEY, now=now)


def a_course(rng, n_skills):
    """Skills with prerequisites and alternatives; lessons on one or two skills, some extra."""
    skills = [f"s{k}" for k in range(n_skills)]
    edges: list = []
    for k in range(1, n_skills):
        before = rng.permutation(k)[: rng.integers(0, 3)].tolist()
        if len(before) == 2 and rng.random() < 0.4:
            edges.append([[skills[b] for b in before], skills[k]])
        else:
            edges += [[skills[b], skills[k]] for b in before]
    lessons = []
    for k, skill in enumerate(skills):
        for n in range(rng.integers(1, 4)):
            both = [skill, skills[rng.integers(k)]] if k and rng.random() < 0.25 else [skill]
            lesson: dict[str, Any] = {"lesson": f"{skill}.{n}", "skills": both}
            if rng.random() < 0.7:
                lesson["minutes"] = int(rng.integers(5, 30))
            if rng.random() < 0.1:
                lesson["kind"] = "enrichment"
            lessons.append(lesson)
    return Curriculum.from_dict({"skills": skills, "prerequisites": edges, "lessons": lessons})


def a_bkt(rng, curriculum):
    n, forgets = len(curriculum.skills), rng.random() < 0.5
    return BKT.from_parameters({
        "skill": curriculum.skills.tolist(), "prior": rng.uniform(0.05, 0.9, n).tolist(),
        "learn": rng.choice([0.02, 0.1, 0.3], n).tolist(),
        "guess": rng.choice([0.1, 0.2], n).tolist(), "slip": rng.choice([0.1, 0.2], n).tolist(),
        **({"forget": [0.02] * n} if forgets else {}),
    })  # fmt: skip


def teach(tutor, rng, curriculum):
    """Answers before the pack, goals and overrides, some of which end meanwhile."""
    skills, lessons = curriculum.skills.tolist(), curriculum.lessons.tolist()
    tutor.record([
        {"student": "mia", "skill": skills[rng.integers(len(skills))], "time": NOON - 1000 + k,
         "correct": int(rng.random() < 0.4)}
        for k in range(rng.integers(0, 60))
    ])  # fmt: skip
    if rng.random() < 0.4:
        tutor.set_goals("mia", {skills[rng.integers(len(skills))]: 2.0, skills[0]: 1.0})
    for _ in range(rng.choice([0, 1, 6])):
        action = rng.choice(["pin", "ban", "defer", "grant"])
        target = skills if action == "grant" else lessons
        ends = NOON + int(rng.integers(60, 4000))
        tutor.override(
            str(action), target[rng.integers(min(len(target), 6))],
            author="Ms Lee", reason="why not",
            expires=ends if action == "defer" or rng.random() < 0.5 else None,
            student="mia" if rng.random() < 0.7 else None,
        )  # fmt: skip


def on_server(tutor, draw, now, student="mia"):
    """What the tutor decides if it draws this number."""
    tutor._advice.sequencer._random = SimpleNamespace(random=lambda shape: np.full(shape, draw))
    (decision,) = tutor.next_lesson(student, now=now)
    return decision.lesson, decision.purpose


class Step(NamedTuple):
    """What the device chose, what the tutor decided, and what the student then did."""

    now: float
    choice: offline.Choice
    decided: tuple[Any, Any]
    done: list[dict[str, Any]]
    beliefs: dict[Any, float]  # the tutor's


def trip(seed, policy, most=25) -> Iterator[tuple[offline.Pack, Step]]:
    """A student's steps on a device; the events come home after each."""
    rng = np.random.default_rng(seed)
    curriculum = a_course(rng, int(rng.integers(3, 10)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tutor = a_tutor(a_bkt(rng, curriculum), curriculum, policy=policy)
    teach(tutor, rng, curriculum)
    minutes = [None, 30.0, 120.0][rng.integers(3)]
    try:
        pack = a_pack(tutor, minutes=minutes)
    except ParameterError as error:
        assert "no lesson is within reach of 'mia'" in str(error)  # noqa: PT017 - some cases only
        assert on_server(tutor, 0.5, NOON)[0] is None
        return
    lessons = {one["lesson"]: one for one in pack._body["lessons"]}
    skills, able, left = [*pack._skills], rng.choice([0.1, 0.5, 0.9]), minutes or 1e9
    for number in range(most):
        now = NOON + 200.0 * number
        choice = pack.next_lesson(now)
        decided, done = on_server(tutor, choice.draw, now), []
        if choice.lesson is not None:
            taught = [skills[k] for k in lessons[choice.lesson]["skills"]]
            left -= lessons[choice.lesson]["minutes"]
            for k in range(rng.integers(1, 7)):
                skill = taught if rng.random() < 0.3 else str(rng.choice(taught))
                correct = None if rng.random() < 0.05 else bool(rng.random() < able)
                done.append({"skill": skill, "correct": correct, "time": now + k})
            if rng.random() < 0.5:
                done.append({"lesson": choice.lesson, "time": now + 9})
        do(pack, done)
        assert {one.status for one in tutor.merge(pack.events(), key=KEY)} <= {"new", "known"}
        found = tutor.mastery("mia")
        known = dict(zip(found.skills.tolist(), found.value[0].tolist(), strict=True))
        yield pack, Step(now, choice, decided, done, {one: known[one] for one in skills})
        if choice.lesson is None or left <= 0:
            return


def do(pack, done):
    for one in done:
        if "lesson" in one:
            pack.lesson_done(**one)
        else:
            pack.record(**one)


def assert_alike(pack, step, what):
    """A pack after a step, beside what the tutor decided and believes."""
    assert step.decided == (step.choice.lesson, step.choice.purpose), what
    for skill, p_known in step.beliefs.items():
        assert pack.mastery(skill) == pytest.approx(p_known, abs=1e-12), what


def vectors() -> list[dict[str, Any]]:
    """For each policy a trip in which much happens, as JSON holds it."""
    found = []
    for place, policy in enumerate(POLICIES):
        for seed in range(place, 600, len(POLICIES)):
            steps, pack = [], None
            for pack, step in trip(seed, policy, most=8):  # noqa: B007 - the last
                steps.append({
                    "now": step.now, "draw": step.choice.draw, "lesson": step.decided[0],
                    "purpose": step.decided[1], "done": step.done, "beliefs": step.beliefs,
                })  # fmt: skip
            if pack is not None and len({one["purpose"] for one in steps}) > 1 and len(steps) > 5:
                text = offline.seal("adaptlearn-pack", pack._body, KEY)
                found.append({"policy": policy.name, "key": KEY.hex(), "pack": text,
                              "steps": steps})  # fmt: skip
                break
    return found


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
