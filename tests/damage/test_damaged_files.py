"""A damaged or forged file is refused with the library's own error, or says nothing wrong.

``make trials`` damages 50,000 files, the other runs a tenth of it.
"""

from __future__ import annotations

import os
import random
import traceback
import warnings
from collections import Counter
from pathlib import Path

import pytest
from tests.conftest import trials
from tests.damage.mutations import of_bytes
from tests.damage.subjects import SUBJECTS, Unsound

from adaptlearn import runtime
from adaptlearn.errors import AdaptLearnError, AdaptLearnWarning

FILES = 50_000
SEED = int(os.environ.get("SEED", "1"))
OWN = (AdaptLearnError, runtime.ServingError)


def outcome(read, path, whole, exact):
    """What became of a file: refused, read, wrong or a foreign error, and where."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AdaptLearnWarning)
            warnings.simplefilter("ignore", runtime.UnseenSkillWarning)
            said = read(path)
        found = "wrong: it says something else" if exact and said != whole else "read"
    except OWN as error:
        found = "refused" if str(error).isprintable() or "\n" in str(error) else "raw text"
    except Unsound as error:
        found = f"wrong: {error}"
    except Exception as error:  # noqa: BLE001 - of any kind: that is what is looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        found = f"foreign: {error!r:.200} at {Path(last.filename).name}:{last.lineno}"
    return found


@pytest.mark.trials
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_damaged_file_is_refused_or_says_nothing_wrong(name, tmp_path):
    path, luck = tmp_path / "file", random.Random(f"{SEED} {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdaptLearnWarning)
        warnings.simplefilter("ignore", runtime.UnseenSkillWarning)
        whole, read, sealed, forged = SUBJECTS[name]()
        path.write_bytes(whole)
        said = read(path)
    kinds = [(of_bytes, sealed), *((damage, False) for damage in forged * 2)]
    found = Counter[str]()
    for k in range(-(-trials(FILES) // len(SUBJECTS))):
        damage, exact = kinds[k % len(kinds)]
        data = damage(whole, luck)
        path.write_bytes(data)
        what = outcome(read, path, said, exact)
        found[what] += 1
        if "KEEP" in os.environ and what not in ("refused", "read"):
            place = Path(os.environ["KEEP"], f"{name}-{k}".replace(" ", "_"))
            place.write_bytes(data)
    assert not [what for what in found if what not in ("refused", "read")], dict(found)
    assert found["refused"] > 0
