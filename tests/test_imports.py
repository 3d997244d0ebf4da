"""What importing and serving load: each claim in a fresh interpreter."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

import adaptlearn
from adaptlearn.models import BKT

HEAVY = ("duckdb", "matplotlib", "narwhals", "numpy", "pandas", "polars", "scipy", "sklearn")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after ``code``."""
    report = "\nimport sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + report, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_is_light() -> None:
    loaded = loaded_after("import adaptlearn; adaptlearn.__version__; dir(adaptlearn)")
    assert "adaptlearn" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_errors_are_light() -> None:
    assert loaded_after("import adaptlearn.errors").isdisjoint(HEAVY)


def test_the_table_of_models_is_light() -> None:
    code = (
        "import adaptlearn.models as m, adaptlearn.models.registry as r; dir(m), r.named_models()"
    )
    assert loaded_after(code).isdisjoint(HEAVY)


def test_every_public_name_resolves() -> None:
    for name in adaptlearn.__all__:
        assert getattr(adaptlearn, name) is not None
        assert name in dir(adaptlearn)


def test_no_public_name_is_that_of_a_module_beside_it() -> None:
    """Importing the module would put it in the place of the name."""
    for found in pkgutil.walk_packages(adaptlearn.__path__, "adaptlearn."):
        if found.ispkg:
            package = import_module(found.name)
            beside = {module.name for module in pkgutil.iter_modules(package.__path__)}
            homes = getattr(package, "_HOMES", {})
            # A submodule that is public itself has the empty home.
            assert not beside & {name for name, home in homes.items() if home}, found.name


def test_serving_a_saved_model_needs_no_sklearn(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    turned = np.tile(np.arange(3), 80) >= np.repeat(rng.integers(0, 4, 80), 3)
    log = {
        "student": np.repeat(np.arange(40), 6),
        "skill": np.tile(np.repeat(["add", "subtract"], 3), 40),
        # Most students turn from guessing to knowing at one of the three answers.
        "correct": rng.random(240) < np.where(turned, 0.9, 0.2),
    }
    model = BKT(random_state=0).fit(log)
    model.save(tmp_path / "model.json")
    few = {name: column[:12].tolist() for name, column in log.items()}
    (tmp_path / "log.json").write_text(json.dumps(few))

    serve = """
import json, pathlib, sys
import numpy as np
import adaptlearn
here = pathlib.Path(sys.argv[1])
model = adaptlearn.load(here / "model.json")
log = {k: np.array(v) for k, v in json.loads((here / "log.json").read_text()).items()}
np.save(here / "served.npy", model.predict_proba(log))
tracker = adaptlearn.MasteryTracker(model)
tracker.update(log)
tracker.mastery()
"""
    loaded = loaded_after(serve, str(tmp_path))
    assert loaded.isdisjoint({"duckdb", "matplotlib", "pandas", "polars", "sklearn"})
    served = np.load(tmp_path / "served.npy")
    np.testing.assert_array_equal(served, model.predict_proba(log)[:12])
