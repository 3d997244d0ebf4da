"""What the room and its sub-rooms show, and that the reference shows the same."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOM = "adaptlearn.sequencing"
PARTS = ("decisions", "items", "knowledge", "placement", "policies")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "sequencing.md"


@pytest.mark.parametrize("front", [ROOM, *(f"{ROOM}.{part}" for part in PARTS)])
def test_every_name_of_a_front_resolves(front: str) -> None:
    module = import_module(front)
    for name in module.__all__:
        shown = getattr(module, name)
        assert name in dir(module)
        # A function would hide the file of its name.
        if (Path(module.__path__[0]) / f"{name}.py").exists():
            assert isinstance(shown, ModuleType)


def test_the_rooms_front_is_small_and_its_names_are_those_of_the_parts() -> None:
    room = import_module(ROOM)
    assert len(room.__all__) <= 18
    for part in PARTS:
        module = import_module(f"{ROOM}.{part}")
        for name in {*room.__all__} & {*module.__all__}:
            assert getattr(room, name) is getattr(module, name)


def test_the_reference_documents_public_addresses_only_and_all_of_them() -> None:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    addresses = [line.removeprefix("### ::: ") for line in lines if line.startswith("### ::: ")]
    mine = [address for address in addresses if address.startswith(ROOM)]
    for address in mine:
        front, _, name = address.rpartition(".")
        assert name in import_module(front).__all__, address
    shown = {address.rpartition(".")[2] for address in addresses}
    for front in (ROOM, *(f"{ROOM}.{part}" for part in PARTS)):
        assert {*import_module(front).__all__} <= shown, front
