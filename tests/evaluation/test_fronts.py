"""What the rooms show: a name has one public address, which the reference documents."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import adaptlearn

FRONTS = (
    "checkup",
    "evaluation",
    "evaluation.cross_validation",
    "evaluation.diagnostics",
    "evaluation.off_policy",
    "evaluation.thresholds",
)
# Files whose names are public in them, rather than in the front of their room.
FILES = ("evaluation.experiments", "evaluation.plots", "evaluation.results")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def module(part: str) -> ModuleType:
    return import_module(f"adaptlearn.{part}")


@pytest.mark.parametrize("front", FRONTS)
def test_every_name_is_there_and_hides_no_file(front: str) -> None:
    package = module(front)
    inside = {path.stem for path in Path(package.__path__[0]).iterdir()}
    for name in package.__all__:
        assert not isinstance(getattr(package, name), ModuleType)
        assert name in dir(package)
    assert inside.isdisjoint(package.__all__)


def test_the_front_is_read_at_a_glance() -> None:
    assert len(adaptlearn.evaluation.__all__) <= 20
    for part in (*FRONTS, *FILES):
        room, _, name = part.rpartition(".")
        assert getattr(module(room) if room else adaptlearn, name) is module(part)


def documented() -> list[tuple[str, str]]:
    """Module and name of each entry of the two pages."""
    pages = [REFERENCE / name for name in ("evaluation.md", "checkup.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    addresses = re.findall(r"^#* ?::: adaptlearn\.(\S+)$", text, re.MULTILINE)
    return [(room, name) for room, _, name in (each.rpartition(".") for each in addresses)]


def test_the_reference_documents_public_addresses_and_all_of_them() -> None:
    entries = documented()
    assert len(set(entries)) == len(entries) > 30
    for room, name in entries:
        if room in FILES:
            assert getattr(module(room), name).__module__ == f"adaptlearn.{room}"
        else:
            assert name in (module(room) if room else adaptlearn).__all__
    at_the_top = {name for room, name in entries if not room}
    for front in FRONTS:
        own = {name for room, name in entries if room == front}
        assert own | at_the_top >= set(module(front).__all__)
    assert len({name for _, name in entries}) == len(entries)
