"""Names whose homes are imported when they are first used: a package's (PEP 562), and openers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

OPENERS: dict[str, str] = {}
"""For each scheme of addresses, the module and the name of what opens one.

The root package fills it: it stands above all rooms. A room looks up here what stands above it.
"""


def opener(scheme: str) -> Any:
    """What opens addresses of a scheme; its module is imported now."""
    module, _, name = OPENERS[scheme].rpartition(".")
    return getattr(import_module(module), name)


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        For each name, the submodule it lives in; a submodule itself has the empty home. A home
        in another room is given whole, as ``"adaptlearn.datasets.datashop"``.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        if home.startswith("adaptlearn."):
            value = getattr(import_module(home), name)
        elif home:
            value = getattr(import_module(f"{package}.{home}"), name)
        else:
            value = import_module(f"{package}.{name}")
        setattr(sys.modules[package], name, value)
        return value

    def listing() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, listing
