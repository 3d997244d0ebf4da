"""What is public: a small front, the parts at the sub-rooms, each name at one address."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import adaptlearn.simulation

ROOT = "adaptlearn.simulation"
SUB_ROOMS = ("students", "teachers", "episodes", "matrix", "school", "fitted")
FRONTS = (ROOT, *(f"{ROOT}.{room}" for room in SUB_ROOMS))
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "simulation.md"


def public(front):
    """Names by the front's own list; `gym` is a module, which a star must not import."""
    return [*import_module(front).__all__]


def test_the_front_can_be_taken_in_at_a_glance():
    assert len(public(ROOT)) + len(["gym"]) <= 17
    assert "gym" in dir(adaptlearn.simulation)


@pytest.mark.parametrize("front", FRONTS)
def test_every_name_is_there_and_shadows_no_file(front):
    module = import_module(front)
    (folder,) = module.__path__
    beside = {path.stem for path in Path(folder).iterdir()}
    for name in public(front):
        assert getattr(module, name) is not None
        assert name in dir(module)
        assert name not in beside


def test_a_name_has_one_address_and_the_reference_shows_it():
    addresses = [f"{front}.{name}" for front in FRONTS for name in public(front)]
    names = [address.rpartition(".")[2] for address in addresses]
    assert len(set(names)) == len(names)
    shown = re.findall(r"^### ::: (\S+)$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted([*addresses, f"{ROOT}.gym.TutoringEnv"])
