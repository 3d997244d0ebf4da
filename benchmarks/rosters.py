"""How long a district's roster takes to read: 345,000 students, 2.4 million enrollments.

    python benchmarks/rosters.py             one school to the district; writes results/rosters.json
    python benchmarks/rosters.py --quick     a hundredth of the district; writes nothing

The exports are made here, as OneRoster 1.2, in a temporary folder. Each size is read by a process
of its own, for its peak of memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _record import circumstances, status, write

from adaptlearn.interop import read_oneroster
from adaptlearn.interop.oneroster.layout import LAYOUTS

SCHOOLS = (1, 10, 100, 500)
STUDENTS = 690  # of a school
CLASSES = 7  # of a student: 2.4 million enrollments in 500 schools
SIZE = 25  # of a class
DAY = "2026-08-15"


def _rows(n_schools: int) -> dict[str, Iterable[Sequence[object]]]:
    schools = range(n_schools)
    per_school = -(-STUDENTS // SIZE) * CLASSES
    return {
        "orgs.csv": [("d", "District", "district", "", "")]
        + [(f"s{one}", f"School {one}", "school", "", "d") for one in schools],
        "academicSessions.csv": [("fall", "Fall", "term", DAY, "2026-12-20", "2027", "")],
        "courses.csv": [(f"c{one}", f"Course {one}", "d") for one in range(CLASSES)],
        "classes.csv": (
            (f"k{s}-{k}", f"Class {k}", f"c{k % CLASSES}", "scheduled", f"s{s}", "fall")
            for s in schools
            for k in range(per_school)
        ),
        "users.csv": (
            (f"u{s}-{u}", "true", f"user{s}.{u}", "Given", "Family")
            for s in schools
            for u in range(STUDENTS)
        ),
        "roles.csv": (
            (f"u{s}-{u}", "primary", "student", f"s{s}") for s in schools for u in range(STUDENTS)
        ),
        "enrollments.csv": (
            (f"e{s}-{u}-{k}", f"k{s}-{u // SIZE * CLASSES + k}", f"s{s}", f"u{s}-{u}", "student")
            for s in schools
            for u in range(STUDENTS)
            for k in range(CLASSES)
        ),
    }


HEADERS = {
    file: layout.required + (("username", "givenName", "familyName") if file == "users.csv" else ())
    for file, layout in LAYOUTS.items()
} | {
    "orgs.csv": ("sourcedId", "name", "type", "identifier", "parentSourcedId"),
    "academicSessions.csv": (*LAYOUTS["academicSessions.csv"].required, "parentSourcedId"),
}


def make(folder: Path, n_schools: int) -> None:
    """An export of so many schools."""
    files = {"manifest.csv": [("oneroster.version", "1.2")], **_rows(n_schools)}
    for file, rows in files.items():
        with (folder / file).open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADERS.get(file, ("propertyName", "value")))
            writer.writerows(rows)


def measure(folder: str) -> dict[str, Any]:
    """One export, in this process."""
    before, begin, worked = status("VmRSS"), time.perf_counter(), time.process_time()
    roster = read_oneroster(folder)
    took = {
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked,
        "students": len(roster.students),
        "enrollments": len(roster.enrollments),
        "peak_bytes_of_process": status("VmHWM"),
        "peak_bytes_beyond_start": status("VmHWM") - before,
    }
    assert not roster.report.warnings, roster.report
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return
    results = []
    print(f"{'students':>9}{'enrollments':>13}{'seconds':>9}{'processor':>11}{'peak MB':>9}")
    for n_schools in (1, 5) if given.quick else SCHOOLS:
        with TemporaryDirectory() as folder:
            make(Path(folder), n_schools)
            command = [sys.executable, __file__, "--measure", folder]
            one = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        results.append(one)
        print(
            f"{one['students']:9,}{one['enrollments']:13,}{one['seconds']:9.2f}"
            f"{one['processor_seconds']:11.2f}{one['peak_bytes_of_process'] / 1e6:9.0f}"
        )
    if not given.quick:
        write("rosters.json", {**circumstances(["numpy"]), "sizes": results})


if __name__ == "__main__":
    main()
