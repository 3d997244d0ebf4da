"""What a curriculum writes, and its fingerprint, stay as they are.

Saved decisions name their curriculum by its fingerprint, which digests what `to_dict` writes.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum

GIVEN: dict[str, Any] = {
    "skills": [
        {"skill": "count", "title": "Counting to 20", "threshold": 0.9},
        "add",
        {"skill": "multiply", "title": "Products"},
        {"skill": "divide", "threshold": 1.0},
        "fractions",
        "décimales",
        {"skill": "percent", "title": "percent"},
    ],
    "prerequisites": {
        "percent": [["décimales", "fractions"], "multiply", ["divide", "count"]],
        "add": ["count"],
        "multiply": ["add"],
        "fractions": [["décimales", "divide"]],
        "décimales": [["fractions", "count"]],
    },
    "encompasses": {"multiply": {"add": 0.5}, "divide": {"multiply": 0.8, "count": 1 / 3}},
    "lessons": [
        {"lesson": "numbers", "skills": ["count"], "title": "Numbers", "minutes": 20},
        {"lesson": "sums", "skills": ["add"], "kind": "practice", "difficulty": 0.25},
        {"lesson": "both", "skills": ["multiply", "add"], "kind": "review", "tags": "video"},
        {"lesson": "quiz", "skills": "add", "kind": "assessment", "minutes": 7.5},
        {"lesson": "squares", "skills": ["divide"], "kind": "enrichment", "tags": ["a", "b"]},
        {"lesson": "chess", "skills": ["fractions", "count"], "kind": "elective", "title": "chess"},
        {"lesson": "shares", "skills": ["percent", "décimales"], "kind": "instruction"},
    ],
    "items": {12: ["add", "count"], 3: "percent"},
    "standards": [
        {"standard": "K.CC.1", "title": "Count", "grade": "K", "skills": ["count"]},
        {"standard": "PK.1", "grade": "PK", "skills": ["add", "count"]},
        {"standard": "3.OA", "grade": 3, "skills": ["multiply"]},
        {"standard": "HS.N", "grade": "9-12", "skills": ["percent", "fractions"]},
        {"standard": "any", "skills": ["divide"]},
    ],
    "courses": [
        {
            "course": "maths",
            "title": "Mathematics",
            "grade": "k - 3",
            "units": [
                {"unit": "first", "title": "To begin", "standards": ["PK.1", "K.CC.1"]},
                {"unit": "then", "standards": ["3.OA"], "skills": ["divide"]},
            ],
        },
        {"course": "more", "units": [{"unit": "first", "skills": ["percent", "décimales"]}]},
    ],
}
WRITTEN: dict[str, Any] = {
    "format": "adaptlearn-curriculum",
    "version": 1,
    "skills": [
        {"skill": "count", "title": "Counting to 20", "threshold": 0.9},
        "add",
        {"skill": "multiply", "title": "Products"},
        {"skill": "divide", "threshold": 1.0},
        "fractions",
        "décimales",
        "percent",
    ],
    "prerequisites": [
        ["count", "add"],
        ["add", "multiply"],
        ["multiply", "percent"],
        [["divide", "décimales"], "fractions"],
        [["count", "fractions"], "décimales"],
        [["count", "divide"], "percent"],
        [["fractions", "décimales"], "percent"],
    ],
    "encompasses": [
        ["multiply", "add", 0.5],
        ["divide", "count", 0.3333333333333333],
        ["divide", "multiply", 0.8],
    ],
    "lessons": [
        {"lesson": "numbers", "skills": ["count"], "title": "Numbers", "minutes": 20.0},
        {"lesson": "sums", "skills": ["add"], "kind": "practice", "difficulty": 0.25},
        {"lesson": "both", "skills": ["add", "multiply"], "kind": "review", "tags": ["video"]},
        {"lesson": "quiz", "skills": ["add"], "minutes": 7.5, "kind": "assessment"},
        {"lesson": "squares", "skills": ["divide"], "kind": "enrichment", "tags": ["a", "b"]},
        {"lesson": "chess", "skills": ["count", "fractions"], "kind": "elective"},
        {"lesson": "shares", "skills": ["décimales", "percent"]},
    ],
    "items": [{"item": 12, "skills": ["count", "add"]}, {"item": 3, "skills": ["percent"]}],
    "standards": [
        {"standard": "K.CC.1", "skills": ["count"], "title": "Count", "grade": 0},
        {"standard": "PK.1", "skills": ["count", "add"], "grade": -1},
        {"standard": "3.OA", "skills": ["multiply"], "grade": 3},
        {"standard": "HS.N", "skills": ["fractions", "percent"], "grade": "9-12"},
        {"standard": "any", "skills": ["divide"]},
    ],
    "courses": [
        {
            "course": "maths",
            "title": "Mathematics",
            "grade": "K-3",
            "units": [
                {"unit": "first", "title": "To begin", "standards": ["K.CC.1", "PK.1"]},
                {"unit": "then", "standards": ["3.OA"], "skills": ["divide"]},
            ],
        },
        {
            "course": "more",
            "units": [{"unit": "first", "skills": ["décimales", "percent"]}],
        },
    ],
}
NUMBERED = {
    "format": "adaptlearn-curriculum",
    "version": 1,
    "skills": [3, 1, 2],
    "prerequisites": [[3, 1], [[3, 1], 2]],
    "lessons": [
        {"lesson": 3, "skills": [3]},
        {"lesson": 1, "skills": [1]},
        {"lesson": 2, "skills": [2]},
    ],
    "items": [],
}


@pytest.mark.parametrize(
    ("given", "written", "fingerprint"),
    [
        (GIVEN, WRITTEN, "93619d4dbccae1bc0cf0528678b6d14df15a0ab851cf6bda05c3af58d2735be9"),
        (
            {"skills": [3, 1, 2], "prerequisites": [[3, 1], [[1, 3], 2]]},
            NUMBERED,
            "a7ee424f220df06461fd3d1f00e2d59e8b64b56959546d4282641f65131b09fe",
        ),
    ],
    ids=["all", "numbers"],
)
def test_the_content_and_its_fingerprint_are_frozen(
    given: dict[str, Any], written: dict[str, Any], fingerprint: str
) -> None:
    school = Curriculum.from_dict(given)
    assert school.to_json() == json.dumps(written, ensure_ascii=False)  # with the order of keys
    assert school.fingerprint == fingerprint
    assert Curriculum.from_dict(school.to_dict()).fingerprint == fingerprint


def test_the_order_in_which_edges_and_members_are_listed_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    pairs = [[before, skill] for skill, needs in GIVEN["prerequisites"].items() for before in needs]
    parts = [
        [skill, part, weight]
        for skill, weights in GIVEN["encompasses"].items()
        for part, weight in weights.items()
    ]
    for _ in range(5):
        other = GIVEN | {
            "prerequisites": [pairs[place] for place in rng.permutation(len(pairs))],
            "encompasses": [parts[place] for place in rng.permutation(len(parts))],
            "standards": [one | {"skills": one["skills"][::-1]} for one in GIVEN["standards"]],
        }
        assert Curriculum.from_dict(other).to_dict() == WRITTEN


def test_a_mode_is_kept_and_the_usual_one_changes_no_fingerprint() -> None:
    plain = [{"lesson": "sums", "skills": ["add"]}, {"lesson": "talk", "skills": ["add"]}]
    said = [{**plain[0], "mode": "device"}, plain[1]]
    old = Curriculum.from_dict({"lessons": plain})
    assert old.lesson_modes == ("device", "device")
    assert Curriculum.from_dict({"lessons": said}).fingerprint == old.fingerprint
    talk = Curriculum.from_dict({"lessons": [plain[0], {**plain[1], "mode": "teacher"}]})
    assert talk.lesson_modes == ("device", "teacher")
    assert talk.fingerprint != old.fingerprint
    assert Curriculum.from_json(talk.to_json()).lesson_modes == talk.lesson_modes
    frames = Curriculum.from_frames(
        lessons={"lesson": ["sums", "talk"], "skill": ["add", "add"], "mode": [None, "teacher"]}
    )
    assert frames.lesson_modes == ("device", "teacher")
    assert frames == talk
