"""The rooms stay liveable: no circles, short chains, few files to a folder.

Of a folder the children are looked at, its files and its folders: what a file imports from a
deeper folder is an arrow to that folder. A package's ``__init__`` only lists what is in it, so an
import of one of its names is an arrow to the file that defines the name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "adaptlearn"
FILES = 15  # in a folder, its `__init__` apart
COPYABLE = {"offline.py", "runtime.py"}  # do not count: they are programs of their own
CHAIN = 7  # files or folders of a folder, each of which imports the next

Graph = dict[str, set[str]]


def module_of(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """``(module, name)`` of everything that is imported from the package, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adaptlearn"):
            for alias in node.names:
                yield (node.module or "").removeprefix("adaptlearn").lstrip("."), alias.name


def imports(sources: Mapping[str, str]) -> Graph:
    """Which file imports which, as dotted names; the packages' lists of names are seen through."""
    trees = {module_of(path): ast.parse(text) for path, text in sources.items()}
    packages = {module_of(path) for path in sources if path.endswith("__init__.py")}

    def home(module: str, name: str) -> str:
        """The file that defines a name."""
        deeper = f"{module}.{name}".lstrip(".")
        if deeper in trees and deeper not in packages:
            return deeper
        if module in packages:
            for source, listed in taken(trees[module]):
                if listed == name and (source, name) != (module, name):
                    return home(source, name)
        return module

    return {
        module: {home(*name) for name in taken(tree)} - {module, ""}
        for module, tree in trees.items()
        if module not in packages
    }


def rooms(graph: Graph) -> dict[str, Graph]:
    """For each folder, the graph of its children; the top one, of rooms, is kept elsewhere."""
    inside: dict[str, Graph] = {}
    for module, targets in graph.items():
        parts = module.split(".")
        for depth in range(1, len(parts)):
            room = ".".join(parts[:depth])
            edges = inside.setdefault(room, {}).setdefault(parts[depth], set())
            for target in targets:
                other = target.split(".")
                if other[:depth] == parts[:depth] and len(other) > depth:
                    edges |= {other[depth]} - {parts[depth]}
    return inside


def longest(graph: Graph) -> int:
    """How many children stand on the longest chain of imports."""
    height: dict[str, int] = {}
    for node in TopologicalSorter(graph).static_order():
        height[node] = 1 + max((height[below] for below in graph.get(node, ())), default=0)
    return max(height.values(), default=0)


def faults(sources: Mapping[str, str]) -> list[str]:
    graph = imports(sources)
    found = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"files import each other: {' -> '.join(error.args[1])}")
    for room, children in rooms(graph).items():
        try:
            chain = longest(children)
        except CycleError as error:
            found.append(f"{room}: its parts import each other: {' -> '.join(error.args[1])}")
        else:
            if chain > CHAIN:
                found.append(f"{room}: a chain of {chain} imports; expected at most {CHAIN}")
    folders: dict[str, int] = {}
    for path in sources:
        if not path.endswith("__init__.py") and path not in COPYABLE:
            folder = path.rpartition("/")[0]
            folders[folder] = folders.get(folder, 0) + 1
    for folder, number in folders.items():
        if number > FILES:
            found.append(f"{folder or 'the package'}: {number} files; expected at most {FILES}")
    return found


def test_the_rooms_stay_liveable() -> None:
    sources = {
        path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
    }
    assert len(sources) > 200
    assert faults(sources) == []


SOUND = {
    "__init__.py": "if TYPE_CHECKING:\n    from adaptlearn.room import A",
    "errors.py": "",
    "room/__init__.py": "if TYPE_CHECKING:\n    from adaptlearn.room.a import A",
    "room/a.py": "from adaptlearn.errors import E\nclass A: ...",
    "room/b.py": "from adaptlearn.room import A",
    "room/part/__init__.py": "",
    "room/part/c.py": "from adaptlearn.room.a import A",
}


def test_a_sound_package_has_no_fault() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"room/a.py": "from adaptlearn.room.b import B"}, "files import each other"),
        ({"room/a.py": "def f():\n    from adaptlearn.room.b import B"}, "files import each other"),
        ({"room/a.py": "from adaptlearn.room import b"}, "files import each other"),
        (
            {"room/a.py": "from adaptlearn.room.part.d import D", "room/part/d.py": ""},
            "room: its parts import each other",
        ),
        (
            {f"long/m{n}.py": f"from adaptlearn.long.m{n + 1} import x" for n in range(CHAIN)}
            | {f"long/m{CHAIN}.py": ""},
            f"long: a chain of {CHAIN + 1} imports",
        ),
        ({f"full/m{n}.py": "" for n in range(FILES + 1)}, f"full: {FILES + 1} files"),
    ],
)
def test_each_fault_is_found(changed: dict[str, str], said: str) -> None:
    assert any(said in fault for fault in faults({**SOUND, **changed}))
