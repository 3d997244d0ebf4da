"""Results of plans as columns, and as a frame of any dataframe library."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.tables import Printed

_MAKERS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}


class Tabled(Printed):
    """A result that prints as a small table, and whose rows any dataframe library can take."""

    def table(self) -> dict[str, NDArray[Any]]:
        """The rows as columns, for any dataframe library."""
        raise NotImplementedError

    def to_frame(self, library: str | ModuleType = "pandas") -> Any:
        """The rows as a frame.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"} or module
            The dataframe library, by name or as the imported module.

        Raises
        ------
        MissingDependency
            The library is not installed.
        ParameterError
            The library is another one. Pass ``table()`` to its own constructor.
        """
        name = library.__name__ if isinstance(library, ModuleType) else library
        if name not in _MAKERS:
            known = ", ".join(map(repr, _MAKERS))
            raise ParameterError(
                "to_frame",
                [f"library must be one of {known}, got {library!r}; any other can read table()"],
            )
        try:
            module = import_module(name)
        except ImportError as error:
            raise MissingDependency("to_frame", name) from error
        return getattr(module, _MAKERS[name])(self.table())
