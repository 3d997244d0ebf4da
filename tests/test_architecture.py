"""The layers: a room imports only from the rooms below it.

The imports are read from the source (wherever they stand: in functions, under
``TYPE_CHECKING``, relative, through ``import_module``, or named by a text), so a
forbidden one is found even if no test runs the line.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "adaptlearn"

# From the top down. Rooms on one line do not import each other ...
LAYERS = (
    ("cli", "__main__"),
    ("reporting", "interop", "storage"),
    ("tutor",),
    ("simulation", "evaluation", "diagnosis"),
    ("planning",),
    ("sequencing", "datasets"),
    ("tracking", "curriculum"),
    ("models", "checkup"),
    ("responses",),
    (
        "serialization",
        "files",
        "media",
        "progress",
        "randomness",
        "validation",
        "numerics",
        "labels",
        "tables",
        "plotting",
        "wording",
        "errors",
        "lazy",
    ),
    ("offline", "runtime"),
)
RANK = {room: -depth for depth, rooms in enumerate(LAYERS) for room in rooms}
# ... except that the command line has its `__main__`, and the ground is shared.
COMMON = (frozenset({"cli", "__main__"}), frozenset(LAYERS[-2]))
# Files of pure Python to copy, and what is copied with each.
COPYABLE: Mapping[str, frozenset[str]] = {
    "offline": frozenset({"runtime"}),
    "runtime": frozenset(),
}

# Below the layers, what must not reach what: (importer, imported, exceptions, why).
APART = (
    ("simulation", "models", (), "a simulator that shares an estimator's equations flatters it"),
    ("sequencing", "models", ("models.mastery",), "any model can drive any policy"),
    ("sequencing.policies", "models", (), "policies read state and curriculum only"),
    ("sequencing.policies", "tracking", (), "policies read state and curriculum only"),
    ("evaluation", "sequencing.policies", (), "logged propensities come as arrays"),
)

# Each child of `models` is a family, except what the families share and what joins them.
MODELS_SHARED = frozenset(
    {"base", "display", "estimates", "mastery", "state", "sequential", "features"}
)
MODELS_WIRING = frozenset({"", "registry", "wiring"})

DATAFRAMES = frozenset({"duckdb", "narwhals", "pandas", "polars", "pyarrow", "pyspark"})
# Rooms beside the reader of frames that may use a dataframe package, and which.
DATAFRAME_USERS: Mapping[str, frozenset[str]] = {
    "responses.engines": frozenset({"duckdb", "polars", "pyarrow"}),
    "responses.engine_counts": frozenset({"narwhals"}),
    "responses.frames": frozenset({"narwhals"}),
}
# Slow to import or not always installed: imported in the function that needs them.
HEAVY = DATAFRAMES | {"matplotlib", "sklearn", "tqdm"}


class Import(NamedTuple):
    target: str  # dotted; relative to the package for our own modules, "" for its root
    ours: bool
    line: int
    deferred: bool  # inside a function
    typing: bool  # under `if TYPE_CHECKING`


def module_name(path: str) -> str:
    """``"models/bkt/__init__.py"`` -> ``"models.bkt"``; the root package is ``""``."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def named_by(node: ast.AST, package: str) -> list[tuple[str, str | None]]:
    """``(module, name taken from it or None)`` for each import that ``node`` makes."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            stem = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*stem, *filter(None, [node.module])])
        return [(base, alias.name) for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        function = ast.unparse(node.func).rpartition(".")[2]
        name = str(node.args[0].value)
        if function in {"import_module", "__import__"} and not name.startswith("adaptlearn."):
            return [(name, None)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # A module of ours that a text names is imported sooner or later.
        parts = node.value.split(".")
        if parts[0] == "adaptlearn" and parts[1:] and all(map(str.isidentifier, parts)):
            return [(node.value, None)]
    return []


def imports(path: str, tree: ast.Module, modules: frozenset[str]) -> Iterator[Import]:
    name = module_name(path)
    is_package = path.endswith("__init__.py")
    package = ".".join(
        filter(None, ["adaptlearn", name if is_package else name.rpartition(".")[0]])
    )

    def walk(node: ast.AST, deferred: bool, typing: bool) -> Iterator[Import]:
        for module, taken in named_by(node, package):
            ours = within(module, "adaptlearn")
            target = module.removeprefix("adaptlearn").lstrip(".") if ours else module
            deeper = f"{target}.{taken}".lstrip(".")
            if ours and taken and (deeper in modules or deeper == "__version__"):
                target = deeper
            yield Import(target, ours, getattr(node, "lineno", 0), deferred, typing)
        deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if is_typing_block(node):
            assert isinstance(node, ast.If)
            for guarded in node.body:
                yield from walk(guarded, deferred, True)
            for other in node.orelse:
                yield from walk(other, deferred, typing)
        else:
            for child in ast.iter_child_nodes(node):
                yield from walk(child, deferred, typing)

    yield from walk(tree, False, False)


def family(module: str) -> str:
    """Child of ``models`` that ``module`` belongs to; ``""`` for ``models`` itself."""
    return module.split(".")[1] if "." in module else ""


def fault_of_layers(importer: str, target: str) -> str | None:
    room, other = importer.partition(".")[0], target.partition(".")[0]
    if target == "__version__" or importer == "":
        return None  # the root package only passes names on, lazily
    if room not in RANK:
        return f"{room} has no layer"
    if room in COPYABLE:
        return None if other in COPYABLE[room] else f"{room} stands alone"
    if target == "":
        return None if room in LAYERS[0] else "only the command line uses the package's own surface"
    if other not in RANK:
        return f"{other} has no layer"
    joined = any({room, other} <= common for common in COMMON)
    if room != other and RANK[other] >= RANK[room] and not joined:
        return f"{room} is not above {other}"
    for source, forbidden, exceptions, why in APART:
        excepted = any(within(target, exception) for exception in exceptions)
        if within(importer, source) and within(target, forbidden) and not excepted:
            return why
    return fault_of_families(importer, target)


def fault_of_families(importer: str, target: str) -> str | None:
    if not (within(importer, "models") and within(target, "models")):
        return None
    mine, other = family(importer), family(target)
    if mine in MODELS_WIRING or other in MODELS_SHARED or mine == other:
        return None
    if mine in MODELS_SHARED:
        return "what model families share builds on none of them"
    return "a model family imports no other; they meet in models/base.py"


def fault_of_packages(importer: str, found: Import) -> str | None:
    package = found.target.partition(".")[0]
    if importer in COPYABLE and package not in sys.stdlib_module_names | COPYABLE[importer]:
        return f"{importer} is pure Python"
    if found.typing:
        return None
    if package in DATAFRAMES and not any(
        within(importer, user) and package in allowed for user, allowed in DATAFRAME_USERS.items()
    ):
        return "dataframes are known to responses/frames.py alone"
    if package in HEAVY and not found.deferred:
        return f"{package} is imported in the function that needs it"
    return None


def violations(sources: Mapping[str, str]) -> list[str]:
    """Faults of a package, given its files: path below the package -> source text."""
    modules = frozenset(map(module_name, sources))
    faults = []
    for path, text in sorted(sources.items()):
        importer = module_name(path)
        for found in imports(path, ast.parse(text), modules):
            if found.ours:
                fault = fault_of_layers(importer, found.target)
            else:
                fault = fault_of_packages(importer, found)
            if fault:
                target = ".".join(filter(None, ["adaptlearn" * found.ours, found.target]))
                faults.append(f"{path}:{found.line} imports {target}: {fault}")
    return faults


def test_the_package_keeps_its_layers() -> None:
    sources = {
        path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
    }
    assert {"__init__.py", "errors.py"} <= set(sources)
    assert violations(sources) == []


# A small package that keeps the rules; each case below breaks one.
SOUND = {
    "__init__.py": "if TYPE_CHECKING:\n    from adaptlearn.models import BKT",
    "__main__.py": "from adaptlearn.cli import main",
    "cli/__init__.py": "import adaptlearn\nfrom adaptlearn.cli.demo import run",
    "cli/demo.py": "from adaptlearn import simulation",
    "errors.py": "",
    "serialization.py": "from adaptlearn import __version__\nfrom adaptlearn.errors import E",
    "responses/__init__.py": "from adaptlearn.responses.frames import read",
    "responses/frames.py": "def read():\n    import narwhals",
    "models/__init__.py": "def __getattr__(name):\n    from adaptlearn.models.bkt import BKT",
    "models/base.py": "from adaptlearn.responses import as_log",
    "models/registry.py": "def load():\n    from adaptlearn.models.bkt import BKT",
    "models/bkt/__init__.py": "from .em import step\nfrom ..base import KnowledgeTracer",
    "models/bkt/em.py": "import numpy\nfrom adaptlearn import errors",
    "models/elo.py": "from adaptlearn.models.base import KnowledgeTracer",
    "tracking/__init__.py": "from adaptlearn.models import load",
    "sequencing/sequencer.py": "from adaptlearn.models.mastery import Mastery",
    "sequencing/policies.py": "import numpy",
    "simulation/__init__.py": "from adaptlearn.sequencing import sequencer",
    "evaluation/__init__.py": "def auc():\n    import sklearn.metrics",
    "offline.py": "from adaptlearn import runtime\nimport runtime",
    "runtime.py": "import json, math",
}


def test_a_sound_package_has_no_fault() -> None:
    assert violations(SOUND) == []


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("models/base.py", "import adaptlearn.tracking", "models is not above tracking"),
        ("models/base.py", "from adaptlearn import tracking", "models is not above tracking"),
        ("models/base.py", "from .. import tracking", "models is not above tracking"),
        ("models/base.py", "from ..tracking import x", "models is not above tracking"),
        ("models/base.py", "def f():\n    import adaptlearn.cli", "models is not above cli"),
        ("models/base.py", "class A:\n  def f(self):\n    from ..cli import x", "not above cli"),
        ("models/base.py", "import_module('adaptlearn.cli')", "models is not above cli"),
        ("models/base.py", "importlib.import_module('adaptlearn.cli')", "not above cli"),
        ("models/base.py", "if TYPE_CHECKING:\n    import adaptlearn.cli", "not above cli"),
        ("errors.py", "from adaptlearn.responses import as_log", "errors is not above responses"),
        ("evaluation/curves.py", "import adaptlearn.simulation", "not above simulation"),
        ("simulation/school.py", "import adaptlearn.evaluation", "not above evaluation"),
        ("tutor/tutor.py", "from adaptlearn.storage import S", "tutor is not above storage"),
        ("tutor/wiring.py", "import adaptlearn.storage.sqlite", "tutor is not above storage"),
        ("tutor/wiring.py", "A = 'adaptlearn.storage.sqlite.S'", "tutor is not above storage"),
        ("utils.py", "from adaptlearn.errors import E", "utils has no layer"),
        ("utils.py", "import adaptlearn.errors", "utils has no layer"),
        ("cli/demo.py", "import adaptlearn.nowhere", "nowhere has no layer"),
        ("models/elo.py", "from adaptlearn import BKT", "only the command line"),
        ("models/elo.py", "from adaptlearn.models.bkt import BKT", "imports no other"),
        ("models/elo.py", "from .bkt.em import step", "imports no other"),
        ("models/elo.py", "from adaptlearn.models import BKT", "imports no other"),
        ("models/bkt/em.py", "from adaptlearn.models import elo", "imports no other"),
        ("models/bkt/em.py", "from .. import elo", "imports no other"),
        ("models/base.py", "from adaptlearn.models.bkt import BKT", "builds on none of them"),
        ("models/base.py", "from adaptlearn.models.registry import load", "builds on none of them"),
        ("simulation/school.py", "from adaptlearn.models.mastery import Mastery", "flatters it"),
        ("sequencing/sequencer.py", "from adaptlearn.models import BKT", "any model can drive"),
        ("sequencing/sequencer.py", "import adaptlearn.models.bkt", "any model can drive"),
        (
            "sequencing/policies.py",
            "from adaptlearn.models.mastery import x",
            "policies read state",
        ),
        ("sequencing/policies/fringe.py", "import adaptlearn.tracking", "policies read state"),
        ("evaluation/off_policy.py", "from adaptlearn.sequencing import policies", "as arrays"),
        ("runtime.py", "from adaptlearn.errors import E", "runtime stands alone"),
        ("runtime.py", "def f():\n    import numpy", "runtime is pure Python"),
        ("runtime.py", "from adaptlearn import offline", "runtime stands alone"),
        ("offline.py", "from adaptlearn.errors import E", "offline stands alone"),
        ("offline.py", "import numpy", "offline is pure Python"),
        ("responses/log.py", "def f():\n    import narwhals", "responses/frames.py alone"),
        ("evaluation/tables.py", "def f():\n    from pandas import x", "responses/frames.py alone"),
        ("responses/frames.py", "def f():\n    import polars", "responses/frames.py alone"),
        ("responses/frames.py", "import narwhals as nw", "in the function that needs it"),
        ("evaluation/splits.py", "from sklearn import metrics", "in the function that needs it"),
        ("evaluation/splits.py", "try:\n    import tqdm\nfinally: 1", "in the function that needs"),
    ],
)
def test_each_fault_is_found_and_named(path: str, text: str, said: str) -> None:
    (fault,) = violations({**SOUND, path: text})
    assert fault.startswith(f"{path}:")
    assert said in fault


def test_annotations_may_name_a_dataframe_type() -> None:
    text = "if TYPE_CHECKING:\n    from narwhals.typing import IntoFrame"
    assert violations({**SOUND, "responses/log.py": text}) == []
