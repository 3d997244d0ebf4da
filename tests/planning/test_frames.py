"""What results of plans share; which values a frame may hold is tested with the frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency
from adaptlearn.planning.frames import Tabled


class Two(Tabled):
    def table(self) -> dict[str, NDArray[Any]]:
        return {"student": np.array(["ann", None], object), "minutes": np.array([5.0, 10.0])}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_result_becomes_a_frame_of_each_library(library: str) -> None:
    frame = Two().to_frame(library)
    assert type(frame).__module__.split(".")[0] == library
    assert [float(str(one)) for one in frame["minutes"]] == [5.0, 10.0]


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingDependency, match="a dataframe needs polars"):
        Two().to_frame("polars")
