"""The copyable file that plays packs: what it refuses, and that it needs nothing else."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.tutor.trips import KEY, NOON, OTHER, a_tutor

from adaptlearn import offline, runtime

PACK = a_tutor().pack("mia", until=NOON + 100, key=KEY, now=NOON)
EVENTS = offline.Pack.read(PACK, KEY, now=NOON).record("add", True, time=NOON).events()


def read_pack(text, key=KEY, now=NOON):
    return offline.Pack.read(text, key, now=now)


def changed(text, **parts):
    return json.dumps({**json.loads(text), **parts})


@pytest.mark.parametrize(
    ("text", "read"),
    [(PACK, read_pack), (EVENTS, offline.read_events)],
    ids=["pack", "events"],
)
def test_a_file_that_was_touched_is_refused_with_the_reason(text, read):
    body = json.loads(text)["body"]
    read(text, KEY)
    read(text.encode(), KEY)
    for wrong, key, said in (
        (text.replace("mia", "mio"), KEY, "altered"),
        (changed(text, body=body.replace("0.3", "0.4").replace('"seq":1', '"seq":3')), KEY,
         "altered"),
        (changed(text, hmac="0" * 64), KEY, "altered"),
        (changed(text, hmac="é"), KEY, "altered"),
        (text[: len(text) // 2], KEY, "truncated or damaged"),
        (text[:-1], KEY, "truncated or damaged"),
        ("", KEY, "truncated or damaged"),
        ("null", KEY, "truncated or damaged"),
        (b"\xff\xfe\x00", KEY, "truncated or damaged"),
        ("[" * 100_000, KEY, "nested too deeply"),
        ('{"a":' * 100_000, KEY, "nested too deeply"),
        (changed(text, body=5), KEY, "truncated or damaged"),
        (changed(text, version=2), KEY, "version 2; expected"),
        (changed(text, version=True), KEY, "version True; expected"),
        (changed(text, format="adaptlearn-model"), KEY, "it is 'adaptlearn-model'"),
        (text, OTHER, f"made with key '{offline.key_id(KEY)}', this key is"),
        (" " * (offline.LARGEST + 1), KEY, "16,777,217 characters; at most 16,777,216"),
        (None, KEY, "a NoneType; expected its text"),
        (text, b"short", "at least 16 bytes"),
        (text, "a text of 16 or more", "at least 16 bytes"),
    ):  # fmt: skip
        with pytest.raises(offline.PackError, match=said):
            read(wrong, key)
    with pytest.raises(offline.PackError, match="it is 'adaptlearn-"):
        read(EVENTS if text is PACK else PACK, KEY)


def test_an_expired_pack_is_refused():
    with pytest.raises(offline.PackError, match="it expired 20 s ago"):
        read_pack(PACK, now=NOON + 120)


@pytest.mark.parametrize("part", json.loads(json.loads(PACK)["body"]))
def test_a_pack_without_a_part_is_refused_though_it_was_signed(part):
    """Whoever holds the key may still write nonsense; it stays an error of this file."""
    body = json.loads(json.loads(PACK)["body"])
    wrong: Any
    for wrong in (None, [[]]):
        lame = offline.seal("adaptlearn-pack", {**body, part: wrong}, KEY)
        if part in ("id", "student", "made", "minutes", "seed"):  # on which no lesson depends
            read_pack(lame)
        else:
            with pytest.raises(offline.PackError, match="missing or of the wrong kind"):
                read_pack(lame)


def test_what_is_too_large_is_not_written():
    with pytest.raises(offline.PackError, match=r"at most 16,777,216 are read"):
        offline.seal("adaptlearn-pack", {"seed": "x" * offline.LARGEST}, KEY)


def test_what_describes_no_answer_is_refused_and_nothing_is_recorded():
    pack = read_pack(PACK)
    for wrong, said in (
        (("roots", True), "skill 'roots' is not in the pack"),
        (("add", 0.7), "correct is 0.7"),
        (([], True), "expected one or several"),
    ):
        with pytest.raises(runtime.ServingError, match=said):
            pack.record(*wrong, time=NOON)
    for time in ("noon", float("nan"), datetime(2026, 1, 1)):  # noqa: DTZ001 - without a zone
        with pytest.raises(runtime.ResponseError, match=r"time is .*; expected seconds since 1970"):
            pack.record("add", True, time=time)
        with pytest.raises(runtime.ResponseError, match=r"now is .*; expected seconds since 1970"):
            pack.next_lesson(time)
    assert pack.next_lesson(datetime.fromtimestamp(NOON, UTC)) == pack.next_lesson(NOON)
    with pytest.raises(offline.PackError, match="lesson 'roots 1' is not in the pack"):
        pack.lesson_done("roots 1")
    with pytest.raises(offline.PackError, match="skill 'roots' is not in the pack"):
        pack.mastery("roots")
    assert json.loads(json.loads(pack.events())["body"])["events"] == []


def test_it_imports_the_standard_library_and_the_runtime_alone():
    tree = ast.parse(Path(offline.__file__).read_text())
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = (node.module or "").split(".")
            named |= {one.name for one in node.names} if names == ["adaptlearn"] else {names[0]}
    assert named - {"runtime"} <= sys.stdlib_module_names


PLAY = """
import sys
import offline
key = bytes.fromhex(sys.argv[1])
pack = offline.Pack.read(sys.stdin.read(), key, now=1700000000.0)
first = pack.next_lesson(1700000000.0).lesson
pack.record("add", True, time=1700000001.0)
print(first, pack.mastery("add"))
print(pack.events())
assert not any("-packages" in path for path in sys.path), sys.path
assert not {"numpy", "adaptlearn"} & {*sys.modules}
"""


def test_copies_play_without_any_package(tmp_path):
    for module in (offline, runtime):
        shutil.copy(str(module.__file__), tmp_path)
    (tmp_path / "play.py").write_text(PLAY)
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-W", "error", "play.py", KEY.hex()],
        cwd=tmp_path, input=PACK, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told, events = done.stdout.splitlines()
    tutor = a_tutor()
    assert [one.status for one in tutor.merge(events, key=KEY)] == ["new"]
    first, mastery = told.rsplit(" ", 1)
    assert float(mastery) == pytest.approx(tutor.mastery("mia").value[0, 0], abs=1e-12)
    assert first == read_pack(PACK).next_lesson(NOON).lesson
