"""How long a framework of standards takes to become a curriculum: 480 standards, 757 `precedes`.

    python benchmarks/standards.py           the Coherence Map; writes results/standards.json
    python benchmarks/standards.py --quick   twice; writes nothing

The package is read from the shared data, as tests do. The first reading also compiles and imports.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median

from _record import HERE, circumstances, write

from adaptlearn.interop import read_case

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or HERE.parents[1] / "shared" / "data")
PACKAGE = DATA / "standards" / "case" / "coherence_map_math_case.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    taken = []
    for _ in range(2 if quick else 25):
        begin, worked = time.perf_counter(), time.process_time()
        framework = read_case(PACKAGE)
        taken.append((time.perf_counter() - begin, time.process_time() - worked))
    seconds, processor = zip(*taken, strict=True)
    found = {
        "items": len(framework.items),
        "associations": len(framework.associations),
        "skills": len(framework.curriculum.skills),
        "prerequisites": int(framework.curriculum.prerequisites.nnz),
        "seconds_first": seconds[0],
        "seconds_median": median(seconds),
        "processor_seconds_median": median(processor),
    }
    for name, value in found.items():
        print(f"{name:<26}{value:10,.3f}" if isinstance(value, float) else f"{name:<26}{value:10,}")
    if not quick:
        write("standards.json", {**circumstances(["numpy"]), **found})


if __name__ == "__main__":
    main()
