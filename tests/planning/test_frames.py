from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.planning.frames import Tabled


class Two(Tabled):
    def table(self) -> dict[str, NDArray[Any]]:
        return {
            "student": np.array(["ann", None], object),
            "minutes": np.array([5.0, 10.0]),
        }


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_result_becomes_a_frame_of_each_library(library: str) -> None:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    for given in (library, module):
        frame = Two().to_frame(given)
        assert type(frame).__module__.split(".")[0] == library
        assert [*frame["minutes"]][1] == (
            10 if library != "pyarrow" else import_module("pyarrow").scalar(10.0)
        )


def test_another_library_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ParameterError, match=r"'pandas', 'polars', 'pyarrow', got 'modin'"):
        Two().to_frame("modin")


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingDependency, match="to_frame needs polars"):
        Two().to_frame("polars")
