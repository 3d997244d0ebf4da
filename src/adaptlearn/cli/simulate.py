"""``adaptlearn simulate``: policies teach simulated students of many kinds."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from errno import EISDIR, ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn import models, simulation
from adaptlearn.cli.compare import quiet_fits
from adaptlearn.cli.options import names, positive
from adaptlearn.cli.output import say, show, show_json
from adaptlearn.cli.progress import task_progress
from adaptlearn.cli.recommend import read_curriculum
from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.plotting import new_figure, write_picture
from adaptlearn.simulation import episodes
from adaptlearn.validation import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adaptlearn import Curriculum, Sequencer
    from adaptlearn.models.bkt.estimator import BKT
    from adaptlearn.simulation.course import Course
    from adaptlearn.simulation.matrix.matrix import Matrix
    from adaptlearn.simulation.students.base import Simulator
    from adaptlearn.simulation.teachers.policies import EpisodePolicy

SUMMARY = "compare policies on simulated students of many kinds"
EXAMPLE = "adaptlearn simulate --curriculum demo/curriculum.json --students 20 --seeds 2"
UNTIL_DONE = 1e9  # minutes: the teaching that was logged before ends by itself
PARAMETERS = ("prior", "learn", "guess", "slip")


def add_arguments(parser: ArgumentParser) -> None:
    """The course, what is compared, how large, and where it is written."""
    parser.add_argument(
        "--curriculum", metavar="FILE", type=Path, help="JSON file (default: one of 20 skills)"
    )
    for option, what in (("policies", "policies"), ("simulators", "simulators of students")):
        parser.add_argument(
            f"--{option}",
            metavar="A,B",
            type=names,
            help=f"names of {what} (default: all); a name that is none lists them",
        )
    parser.add_argument(
        "--held-out",
        metavar="A,B",
        type=names,
        help="simulators that were kept apart from tuning, to mark them (default: stages and "
        "power_law, which the library's default policy was not tuned on)",
    )
    parser.add_argument(
        "--outcome",
        metavar="A,B",
        type=names,
        default=["minutes_to_mastery", "under_practice"],
        help="outcomes to show (default: minutes_to_mastery,under_practice); a name that is none "
        "lists them",
    )
    for option, default, what in (
        ("students", 1000, "students of each seed (default: 1000)"),
        ("seeds", 20, "replicates of all students (default: 20)"),
        ("budget", 1200, "minutes of each student (default: 1200)"),
        ("jobs", 1, "episodes at a time (default: 1)"),
    ):
        parser.add_argument(f"--{option}", metavar="N", type=positive, default=default, help=what)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to write every number, as JSON"
    )
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, help="where to draw: .png, .svg, .pdf …"
    )


def run(arguments: Namespace) -> None:
    """Simulate, write, show."""
    course = read_course(arguments.curriculum)
    apart = simulation.held_out_simulators(course)
    kinds = {**simulation.simulators(course), **apart}
    standard = simulation.baselines(course)
    chosen = arguments.simulators or list(kinds)
    named = arguments.policies or [*standard, "sequencer"]
    held_out = arguments.held_out or [name for name in apart if name in chosen]
    shown = arguments.outcome
    picture = blank_picture(arguments.picture, len(named), len(chosen), len(shown))
    problems = [
        *absent("simulator", chosen, kinds),
        *absent("policy", named, [*standard, "sequencer"]),
        *absent("simulator", held_out, chosen),
        *absent("outcome", shown, episodes.OUTCOMES),
        *unwritable(picture, arguments.picture),
    ]
    if problems:
        raise ParameterError("simulate", problems)
    make_room(arguments.output)
    if picture is not None:
        make_room(arguments.picture)

    def taught(simulator: str) -> dict[str, EpisodePolicy]:
        policies = fitted_policies(fitted_model(kinds[simulator], course), course)
        return {name: policies[name] for name in named}

    with task_progress("simulating", "episodes") as move:
        matrix = simulation.evaluation_matrix(
            {name: kinds[name] for name in chosen},
            taught,
            course,
            n_students=arguments.students,
            seeds=arguments.seeds,
            budget=arguments.budget,
            baselines=[name for name in named if name in standard and name != "oracle"],
            held_out=held_out,
            n_jobs=arguments.jobs,
            on_run=move,
        )
    if arguments.output is not None:
        matrix.save(arguments.output)
        say(f"{arguments.output}: every outcome, by seed and by group")
    if arguments.json:
        show_json(report(matrix, shown, arguments.curriculum))
    else:
        show_tables(matrix, shown)
    if picture is not None:
        draw(picture, matrix, shown, arguments.picture)


def make_room(path: Path | None) -> None:
    """Make the folder of a file that is written at the end: what fails should fail before."""
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:  # a file is where the folder should be
            name = os.fspath(error.filename)
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), name) from None
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))


def read_course(path: Path | None) -> Course:
    """Lessons of five items each, of a curriculum or of a generated one."""
    if path is None:
        return simulation.random_course()
    return simulation.Course.of(read_curriculum(path, repair=False))


def absent(kind: str, names: Iterable[str], there: Iterable[str]) -> list[str]:
    """A sentence for each name that is not there."""
    known = list(there)
    return [
        f"no {kind} is called {name!r}; there are {some(known, 30)}"
        for name in names
        if name not in known
    ]


def fitted_model(simulator: Simulator, course: Course) -> BKT:
    """Knowledge tracing, fitted to what other students of the same simulator answered before."""
    model = models.BKT()
    with quiet_fits():
        model.fit(simulation.prior_log(simulator, course, budget=UNTIL_DONE))
    return model


def fitted_policies(model: BKT, course: Course) -> dict[str, EpisodePolicy]:
    """The baselines and the library's sequencer, over a model: none is told the simulator's own."""

    def sequencer(curriculum: Curriculum) -> Sequencer:
        tracker = adaptlearn.MasteryTracker(model)
        return adaptlearn.Sequencer(
            curriculum, tracker, new_students=True, random_state=0,
            wheel_spinning=None,  # there is no teacher here to send anyone to
        )  # fmt: skip

    return {
        **simulation.baselines(course, parameters=parameters_of(model, course)),
        "sequencer": simulation.SequencerPolicy(sequencer, family="bkt"),
    }


def parameters_of(model: BKT, course: Course) -> Mapping[str, NDArray[Any]]:
    """Parameters in the order of the curriculum's skills; of a skill without answers, the mean."""
    import numpy as np

    place = {skill: k for k, skill in enumerate(model.skills_.tolist())}
    rows = np.array([place.get(skill, -1) for skill in course.curriculum.skills.tolist()])
    return {
        name: np.where(rows >= 0, values[rows], values.mean())
        for name in PARAMETERS
        for values in [model.parameters_[name]]
    }


def report(matrix: Matrix, shown: list[str], curriculum: Path | None) -> dict[str, Any]:
    """The same for a program."""
    found = {}
    for name in shown:
        mean, lower, upper = matrix.interval(name)
        found[name] = {
            "better": episodes.OUTCOMES[name].better,
            "mean": mean,
            "lower": lower,
            "upper": upper,
            "rank": matrix.ranks(name),
            "within_noise_of_best": matrix.within_noise_of_best(name),
            "gaps": {group: matrix.gaps(name, group)._asdict() for group in matrix.parts},
            "mean_tau": matrix.rank_stability(name).mean_tau,
            "worst": [
                {**case._asdict(), "to_baseline": case.to_baseline._asdict(),
                 "to_oracle": case.to_oracle._asdict()}
                for case in matrix.worst(name, "difference")
            ],
        }  # fmt: skip
    return {
        "version": adaptlearn.__version__,
        "curriculum": None if curriculum is None else str(curriculum),
        "policies": list(matrix.policies),
        "simulators": list(matrix.simulators),
        "held_out": list(matrix.held_out),
        "same_family": matrix.same_family,
        "n_students": matrix.n_students,
        "n_seeds": len(matrix.seeds),
        "budget": matrix.budget,
        "confidence": matrix.confidence,
        "outcomes": found,
    }


def show_tables(matrix: Matrix, shown: list[str]) -> None:
    """Print a table of each outcome, and one of the worst cases if policies are compared."""
    for name in shown:
        show(f"{matrix.text(name)}\n")
        if matrix.ranked:
            show(f"{matrix.worst_text(name)}\n")


def blank_picture(
    path: Path | None, n_policies: int, n_simulators: int, n_outcomes: int
) -> Any | None:
    """A figure for a heat map of each outcome; None if none is wanted, or matplotlib is missing."""
    if path is None:
        return None
    try:
        return new_figure((3.2 + 1.1 * n_simulators, (2.4 + 0.4 * n_policies) * n_outcomes))
    except MissingDependency as error:
        say(f"no picture: {error}")
        return None


def unwritable(picture: Any | None, path: Path) -> list[str]:
    """A sentence if matplotlib writes no files with such a suffix."""
    if picture is None:
        return []
    kind, known = format_of(path), picture.canvas.get_supported_filetypes()
    if kind in known:
        return []
    return [f"matplotlib writes no picture as {kind!r}; it writes {some(known, 30)}"]


def format_of(path: Path) -> str:
    """What a file's suffix says; without one, PNG."""
    return path.suffix[1:].lower() or "png"


def draw(picture: Any, matrix: Matrix, shown: list[str], path: Path) -> None:
    """Write a picture with a heat map of each outcome."""
    for name, ax in zip(shown, picture.subplots(len(shown), squeeze=False)[:, 0], strict=True):
        matrix.heat_map(name, ax)
    write_picture(picture, path, format_of(path))
    say(f"{path}: a picture of the tables")
