"""Make the log and the curriculum that `adaptlearn.datasets.load_school` reads.

``python tests/datasets/school_data.py`` writes them where they stand.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

from adaptlearn import Curriculum
from adaptlearn.datasets.school import ANSWERS, CURRICULUM
from adaptlearn.simulation import simulate_school


def school_data() -> tuple[str, str]:
    """The log as CSV, and the curriculum as JSON."""
    school = simulate_school(
        n_students=120,
        n_skills=8,
        n_responses_per_skill=(1, 9),
        forget=0.01,
        gated=True,
        random_state=2026,
    )
    columns = {name: column.tolist() for name, column in school.responses.items()}
    columns["time"] = [round(time) for time in columns["time"]]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue(), Curriculum.from_dict(school.curriculum).to_json() + "\n"


def write(path: Path, data: bytes) -> None:
    """Write a file, and say how large it is."""
    path.write_bytes(data)
    print(f"{path}: {len(data):,} bytes")  # noqa: T201


if __name__ == "__main__":
    answers, curriculum = school_data()
    write(Path(str(ANSWERS)), gzip.compress(answers.encode(), mtime=0))
    write(Path(str(CURRICULUM)), curriculum.encode())
