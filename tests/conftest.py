"""What a machine may lack (shared data, peer packages); how much is drawn at random.

A test that lacks something is skipped and says why. Naming the resource in the
environment variable ``REQUIRE`` (``REQUIRE=data,peers``) turns that skip into a
failure, so that a run which should have everything cannot pass by skipping.

Tests that draw at random draw a tenth of what they could; with ``TRIALS=1`` (``make
trials``) all of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.postgres_server import Server

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = frozenset({"axe", "chromium", "data", "java", "peers", "postgres"})


def trials(full: int) -> int:
    """How often to draw at random: ``full`` times with ``TRIALS=1``, else a tenth as often."""
    return full if os.environ.get("TRIALS") == "1" else max(1, full // 10)


# What a property without `max_examples` of its own gets: 100 examples, as is usual.
# No deadline: how long an example takes says how busy the machine is.
settings.register_profile("trials", max_examples=trials(1000), deadline=None)
settings.load_profile("trials")


def required() -> frozenset[str]:
    """Resources named in ``REQUIRE``."""
    return frozenset(filter(None, os.environ.get("REQUIRE", "").replace(" ", "").split(",")))


def pytest_configure() -> None:
    unknown = required() - RESOURCES
    if unknown:
        raise pytest.UsageError(
            f"REQUIRE names {', '.join(sorted(unknown))}; known are {', '.join(sorted(RESOURCES))}"
        )


class Require(Protocol):
    def __call__(self, resource: str, present: bool, reason: str) -> None: ...


class Data(Protocol):
    def __call__(self, *parts: str) -> Path: ...


class Peer(Protocol):
    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture(scope="session")
def require() -> Require:
    """``require("java", shutil.which("java") is not None, "needs java")``."""

    def check(resource: str, present: bool, reason: str) -> None:
        assert resource in RESOURCES, f"unknown resource {resource!r}"
        if present:
            return
        if resource in required():
            pytest.fail(f"REQUIRE={resource}, but {reason}", pytrace=False)
        pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def data(require: Require) -> Data:
    """``data("statics", "train.csv")``: the path of a file of the shared response logs.

    They stand in ``ADAPTLEARN_DATA``, by default ``../shared/data`` beside the repository.
    """
    root = Path(os.environ.get("ADAPTLEARN_DATA") or ROOT.parent / "shared" / "data")

    def locate(*parts: str) -> Path:
        path = root.joinpath(*parts)
        require("data", path.exists(), f"{path} is absent (set ADAPTLEARN_DATA)")
        return path

    return locate


@pytest.fixture(scope="session")
def peer(require: Require) -> Peer:
    """``peer("pyBKT.models")``: a package to compare with, from the environment of peers."""

    def load(name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            require("peers", False, f"{name} does not import here ({error}); see `make test-all`")
            raise

    return load


@pytest.fixture(scope="session")
def postgres(require: Require) -> Iterator[Server]:
    """A PostgreSQL server that the tests started; ``postgres.new()`` is an empty schema of it."""
    from tests.postgres_server import PROGRAMS, Server

    there = shutil.which("initdb", path=PROGRAMS) is not None
    require("postgres", there, "PostgreSQL is not installed (Debian's package postgresql)")
    driver = all(importlib.util.find_spec(name) for name in ("psycopg", "psycopg_pool"))
    require("postgres", driver, "psycopg is not installed (the extra `postgres`)")
    server = Server()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def browser(require: Require) -> Iterator[Any]:
    chromium = shutil.which("chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    require("chromium", chromium is not None, "Chromium is not on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
