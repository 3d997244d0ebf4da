"""The wheel that users install, rather than the source tree beside the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.sdist import SdistBuilder
from packaging.requirements import Requirement
from packaging.version import Version

import adaptlearn

ROOT = Path(__file__).resolve().parents[1]

FIT = """
import sys
from pathlib import Path
import numpy as np
import adaptlearn
from adaptlearn.models import BKT
assert Path(adaptlearn.__file__).is_relative_to(sys.argv[1]), adaptlearn.__file__
rng = np.random.default_rng(0)
log = {
    "student": np.repeat(np.arange(200), 5),
    "skill": np.full(1000, "fractions"),
    # Most students turn from guessing to knowing at one of the five answers.
    "correct": rng.random(1000) < np.where(
        np.tile(np.arange(5), 200) >= np.repeat(rng.integers(0, 7, 200), 5), 0.9, 0.2
    ),
}
probability = BKT(random_state=0).fit(log).predict_proba(log)
assert probability.shape == (1000, 2)
assert np.allclose(probability.sum(axis=1), 1)
from adaptlearn.datasets import load_school
assert len(load_school().log) == 4892
print("fitted", adaptlearn.__version__)
"""
DATA = {"school.csv.gz", "school.json"}  # what `load_school` reads
PAGES = {path.name for path in ROOT.joinpath("src/adaptlearn/reporting/pages").iterdir()}


def run(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    run("-m", "pip", "wheel", *options, "--wheel-dir", str(built), str(ROOT))
    (path,) = built.iterdir()
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_wheel_is_pure_and_carries_the_package_version(wheel: Path) -> None:
    assert wheel.name == f"adaptlearn-{adaptlearn.__version__}-py3-none-any.whl"


def test_wheel_holds_the_typed_package_and_one_small_log(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        size = sum(entry.file_size for entry in archive.infolist())
        largest = max(entry.file_size for entry in archive.infolist())
    package = {name for name in names if ".dist-info/" not in name}
    source = ROOT / "src"
    expected = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    data = {f"adaptlearn/datasets/{name}" for name in DATA}
    data |= {f"adaptlearn/reporting/pages/{name}" for name in PAGES}
    assert package == expected | data | {"adaptlearn/py.typed"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert size < 4_500_000
    assert largest < 60_000  # source and its records: nothing of the size of a real log


def test_wheel_works_installed(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    options = ["--quiet", "--no-deps", "--no-index"]
    run("-m", "pip", "install", *options, "--target", str(site), str(wheel))
    # -P: not the directory the tests run in; PYTHONPATH precedes the editable install.
    output = run("-P", "-W", "error", "-c", FIT, str(site), PYTHONPATH=str(site))
    assert output == f"fitted {adaptlearn.__version__}\n"


def test_the_source_distribution_holds_the_log_too(tmp_path: Path) -> None:
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    with tarfile.open(path) as archive:
        names = {Path(name).name for name in archive.getnames() if "/src/" in name}
    assert names >= DATA | {"school.py", "py.typed"}


def packages(metadata: Message) -> dict[str, list[Requirement]]:
    """Requirements by extra; those of every installation under ``""``."""
    declared = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    return {
        extra: [
            r
            for r in declared
            if (r.marker is None) != bool(extra)
            and (r.marker is None or r.marker.evaluate({"extra": extra}))
        ]
        for extra in ["", *metadata.get_all("Provides-Extra", [])]
    }


def test_lower_bounds_are_the_oldest_tested_versions(metadata: Message) -> None:
    pinned = re.findall(
        r"^(\S+)==(\S+)$", (ROOT / "constraints-oldest.txt").read_text(), re.MULTILINE
    )
    oldest = {name: Version(version) for name, version in pinned}
    for requirement in {r for wanted in packages(metadata).values() for r in wanted}:
        (bound,) = requirement.specifier
        assert bound.operator == ">=", requirement
        assert Version(bound.version) == oldest[requirement.name], requirement


def test_extra_all_is_every_other_extra(metadata: Message) -> None:
    by_extra = {extra: {r.name for r in wanted} for extra, wanted in packages(metadata).items()}
    assert by_extra.pop("")
    by_extra.pop("spark")  # half a gigabyte, and Java: only where it is asked for
    assert by_extra.pop("all") == set().union(*by_extra.values())


def test_citation_names_the_package_version() -> None:
    (version,) = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert version == adaptlearn.__version__
