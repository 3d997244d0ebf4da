"""``adaptlearn demo``: the whole loop, on a simulated school or on a log of one's own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import adaptlearn
from adaptlearn import models, simulation
from adaptlearn.cli.fit import fit
from adaptlearn.cli.options import add_columns
from adaptlearn.cli.output import heading, show, show_json
from adaptlearn.cli.reading import read_log

if TYPE_CHECKING:
    from adaptlearn.cli.demonstration.demonstration import Demonstration

SUMMARY = "the whole loop on a small simulated school, or on your log"
EXAMPLE = "adaptlearn demo --log demo/responses.csv --output mine"


def add_arguments(parser: ArgumentParser) -> None:
    """A log of one's own, and where to write."""
    parser.add_argument("--log", metavar="LOG", help="your own response log, CSV or Parquet")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("adaptlearn-demo"),
        help="where to write what it makes (default: ./adaptlearn-demo)",
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Get a log, fit, estimate, choose, and write it all to a folder."""
    folder: Path = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    demonstration = demonstrated(arguments)
    files = demonstration.write(folder)
    if arguments.json:
        show_json({**demonstration.to_dict(), "folder": str(folder.resolve()), "files": files})
        return
    for part in demonstration.parts():
        show(part)
    show(heading(f"Its output is in {folder.resolve()}"))
    show("\n".join(f"{name:<15} {what}" for name, what in files.items()))


def demonstrated(arguments: Namespace) -> Demonstration:
    """Everything computed, on a simulated school or on the log that is named."""
    from adaptlearn.cli.demonstration.demonstration import Demonstration
    from adaptlearn.cli.demonstration.plans import with_standards

    school = None
    if arguments.log is None:
        school = simulation.simulate_school(
            n_students=400, n_skills=8, n_responses_per_skill=(2, 10), random_state=1
        )
        log = adaptlearn.ResponseLog.from_frame(school.responses)
        curriculum = adaptlearn.Curriculum.from_dict(with_standards(school.curriculum))
    else:
        log = read_log(arguments.log, arguments)
        curriculum = adaptlearn.Curriculum.from_dict({"skills": log.skill.labels.tolist()})
    return Demonstration(log, curriculum, fit(models.BKT(), log), school)
