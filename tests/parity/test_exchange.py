"""Models saved beside the newest dependencies serve the same beside the oldest, and back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.models.students import log_with
from tests.models.test_contract import MODELS

import adaptlearn

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [ROOT / ".venv" / "bin" / "python", ROOT / ".venv-oldest" / "bin" / "python"]

SCRIPT = """
import sys
import numpy as np
from pathlib import Path
from sklearn.base import clone
from tests.models.students import log_with
from tests.models.test_contract import LOG, MODELS
folder = Path(sys.argv[1])
for number, model in enumerate(MODELS):
    fitted = clone(model).fit(LOG)
    fitted.save(folder / f"{number}.model")
    np.save(folder / f"{number}.npy", fitted.predict_proba(log_with()))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory, require):
    """A folder of all models, fitted in the other environment."""
    here = Path(sys.executable)
    others = [path for path in OTHERS if path.exists() and path.parents[1] != here.parents[1]]
    require("peers", len(others) == 1, "the other environment is not beside this one")
    folder = tmp_path_factory.mktemp("saved")
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "src")))
    subprocess.run(
        [others[0], "-c", SCRIPT, folder], check=True, env={**os.environ, "PYTHONPATH": paths}
    )
    return folder


@pytest.mark.parametrize("number", range(len(MODELS)), ids=lambda number: repr(MODELS[number]))
def test_a_model_of_the_other_environment_predicts_the_same(saved, number):
    model = adaptlearn.load(saved / f"{number}.model")
    expected = np.load(saved / f"{number}.npy")
    np.testing.assert_allclose(model.predict_proba(log_with()), expected, rtol=0, atol=1e-12)
