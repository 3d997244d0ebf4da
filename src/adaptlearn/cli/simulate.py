"""``adaptlearn simulate``: policies teach simulated students of many kinds."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from errno import EISDIR, ENOTDIR
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn import diagnosis, models, simulation
from adaptlearn.cli.compare import quiet_fits
from adaptlearn.cli.options import names, positive
from adaptlearn.cli.output import say, show, show_json
from adaptlearn.cli.progress import task_progress
from adaptlearn.cli.recommend import read_curriculum
from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.plotting import new_figure, write_picture
from adaptlearn.sequencing import policies
from adaptlearn.simulation import episodes, teachers
from adaptlearn.validation import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adaptlearn import Curriculum, Sequencer
    from adaptlearn.models.bkt.estimator import BKT
    from adaptlearn.sequencing.policies.policy import Policy
    from adaptlearn.simulation.course import Course
    from adaptlearn.simulation.matrix.matrix import Matrix
    from adaptlearn.simulation.students.base import Simulator
    from adaptlearn.simulation.teachers.policies import EpisodePolicy

SUMMARY = "compare policies on simulated students of many kinds"
EXAMPLE = "adaptlearn simulate --curriculum demo/curriculum.json --students 20 --seeds 2"
UNTIL_DONE = 1e9  # minutes: the teaching that was logged before ends by itself
PARAMETERS = ("prior", "learn", "guess", "slip")
OWN = ("sequencer", "priced", "from_log")
"""The library's sequencer: its default policy, one at a price, and one that the log asks for."""
SHOWN = ["minutes_to_mastery", "bill_300", "under_practice"]
BILLS = {"bill_60": 60, "bill_300": 300, "bill_1000": 1000}
SIZES = {"quick": (100, 3), "full": (1000, 20), None: (1000, 20)}
"""How many students and seeds each preset has."""


def add_arguments(parser: ArgumentParser) -> None:
    """The course, what is compared, how large, and where it is written."""
    parser.add_argument(
        "--curriculum", metavar="FILE", type=Path, help="JSON file (default: one of 20 skills)"
    )
    parser.add_argument(
        "--policies",
        metavar="A,B",
        type=names,
        help="names of policies (default: the textbook ones, and sequencer); a name that is none "
        "lists them. A constant may follow: knowledge_tracing:0.98, in_a_row:4, stopping:300, "
        "sequencer:0.98, priced:300, from_log:300; or the outcome that it is tuned for: "
        "in_a_row:bill_300",
    )
    parser.add_argument(
        "--simulators",
        metavar="A,B",
        type=names,
        help="names of simulators of students (default: all); a name that is none lists them",
    )
    parser.add_argument(
        "--held-out",
        metavar="A,B",
        type=names,
        help="simulators that were kept apart from tuning, to mark them (default: "
        "misconceptions and sessions, which the library's policies were not tuned on)",
    )
    parser.add_argument(
        "--outcome",
        metavar="A,B",
        type=names,
        default=SHOWN,
        help=f"outcomes to show (default: {','.join(SHOWN)}); a name that is none lists them",
    )
    preset = parser.add_mutually_exclusive_group()
    for name, what in (
        ("quick", "a first look: 3 seeds of 100 students"),
        ("full", "more policies: with a constant, tuned for each bill and kind of students"),
    ):
        preset.add_argument(f"--{name}", dest="preset", action="store_const", const=name, help=what)
    for option, default, what in (
        ("students", None, "students of each seed (default: 1000)"),
        ("seeds", None, "replicates of all students (default: 20)"),
        ("budget", 1200, "minutes of each student (default: 1200)"),
        ("jobs", 1, "episodes at a time (default: 1)"),
    ):
        parser.add_argument(f"--{option}", metavar="N", type=positive, default=default, help=what)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="where to write every number, as JSON; until then FILE.part keeps what is finished, "
        "and the same command goes on from there",
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
    named = arguments.policies or usual_policies(list(standard), arguments.preset)
    n_students, n_seeds = SIZES[arguments.preset]
    held_out = arguments.held_out or [name for name in apart if name in chosen]
    shown = arguments.outcome
    picture = blank_picture(arguments.picture, len(named), len(chosen), len(shown))
    problems = [
        *absent("simulator", chosen, kinds),
        *policy_problems(named, standard),
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
        if any(name.partition(":")[2] in episodes.OUTCOMES for name in named):
            say(f"tuning baselines on other students of the kind {simulator}")
        log = earlier_log(kinds[simulator], course, named)
        return named_policies(named, log, kinds[simulator], course, arguments.budget)

    part = part_of(arguments.output)
    if part is not None and part.exists():
        say(f"{part}: goes on where the last run stopped")
    with task_progress("simulating", "episodes") as move:
        matrix = simulation.evaluation_matrix(
            {name: kinds[name] for name in chosen},
            taught,
            course,
            n_students=arguments.students or n_students,
            seeds=arguments.seeds or n_seeds,
            budget=arguments.budget,
            baselines=[name for name in named if base_of(name) not in ("oracle", *OWN)],
            held_out=held_out,
            n_jobs=arguments.jobs,
            on_run=move,
            checkpoint=part,
        )
    least = {
        name: least_bills({kind: kinds[kind] for kind in chosen}, course, BILLS[name])
        for name in shown
        if name in BILLS
    }
    if arguments.output is not None:
        matrix.save(arguments.output)
        if part is not None:
            part.unlink(missing_ok=True)
        say(f"{arguments.output}: every outcome, by seed and by group")
    if arguments.json:
        show_json(report(matrix, shown, least, arguments.curriculum))
    else:
        show_tables(matrix, shown, least)
    if picture is not None:
        draw(picture, matrix, shown, arguments.picture)


def usual_policies(standard: list[str], preset: str | None) -> list[str]:
    """The policies that are compared if none are named."""
    if preset != "full":
        return [*standard, "sequencer"]
    tuned = [
        f"{name}:{price if 'stopping' in name else bill}"
        for name in teachers.CONSTANTS
        for bill, price in BILLS.items()
    ]
    own = [f"{name}:{price}" for name in OWN[1:] for price in BILLS.values()]
    return [*standard, *tuned, "sequencer", *own]


def base_of(name: str) -> str:
    """The name of a policy without its constant."""
    return name.partition(":")[0]


def policy_problems(named: Iterable[str], standard: Iterable[str]) -> list[str]:
    """A sentence for each name that is no policy, and each constant that is none."""
    plain = [name for name in named if ":" not in name]
    problems = absent("policy", plain, [*standard, *OWN])
    for name in named:
        base, colon, constant = name.partition(":")
        if not colon:
            continue
        problems += absent("policy with a constant", [base], [*teachers.CONSTANTS, *OWN])
        if number_of(constant) is None and (base in OWN or constant not in episodes.OUTCOMES):
            what = "a number" if base in OWN else "a number, or the name of an outcome"
            problems.append(f"policy {name!r}: expected {what} after the colon")
    return problems


def number_of(text: str) -> float | None:
    """The number that a text is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None


def part_of(output: Path | None) -> Path | None:
    """Where finished pieces are kept: beside the file, unless that is a device or a pipe."""
    if output is None or (output.exists() and not output.is_file()):
        return None
    return output.with_name(f"{output.name}.part")


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


def earlier_log(
    simulator: Simulator, course: Course, named: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """What 1,000 other students of the same simulator answered before the policies teach.

    They answered ten items on each skill, in the curriculum's order. If a policy is made from the
    log, half of them got lessons drawn at random instead: these come back to skills on later days,
    so that the log can show forgetting.
    """
    import numpy as np

    if "from_log" not in map(base_of, named):
        return simulation.prior_log(simulator, course, budget=UNTIL_DONE)
    taught = simulation.baselines(course)
    logs = [
        simulation.prior_log(
            simulator, course, policy=taught[name], n_students=500, seed=10**6 + half,
            budget=UNTIL_DONE,
        )
        for half, name in enumerate(("fixed_order", "random_in_fringe"))
    ]  # fmt: skip
    logs[1]["student"] = logs[1]["student"] + 500
    return {name: np.concatenate([log[name] for log in logs]) for name in logs[0]}


def fitted_model(log: Mapping[str, NDArray[Any]]) -> BKT:
    """Knowledge tracing, fitted to a log."""
    with quiet_fits():
        return models.BKT().fit(log)


def named_policies(
    named: Sequence[str],
    log: Mapping[str, NDArray[Any]],
    simulator: Simulator,
    course: Course,
    budget: float,
) -> dict[str, EpisodePolicy]:
    """Policies over a model of the log: none is told the simulator's own parameters."""
    model = fitted_model(log)
    parameters = parameters_of(model, course)
    parts = [name.partition(":")[::2] for name in named]
    tuned = {
        base: episodes.tuned_constants(
            simulator, course, names=[base], outcomes=wanted, parameters=parameters, budget=budget
        )[base]
        for base in dict(parts)
        if (wanted := [text for of, text in parts if of == base and text in episodes.OUTCOMES])
    }
    found: dict[str, EpisodePolicy] = {**simulation.baselines(course, parameters=parameters)}
    for name, (base, text) in zip(named, parts, strict=True):
        if base in OWN:
            policy = own_policy(base, number_of(text), log, model, course.curriculum)
            found[name] = sequencer_policy(model, policy)
        elif text:
            constant = tuned[base][text] if text in episodes.OUTCOMES else float(text)
            found[name] = teachers.baseline(base, constant, course, parameters=parameters)
    return {name: found[name] for name in named}


def own_policy(
    name: str,
    constant: float | None,
    log: Mapping[str, NDArray[Any]],
    model: BKT,
    curriculum: Curriculum,
) -> Policy | None:
    """One of the library's policies, at a threshold or a price; None: the sequencer's default."""
    price = 300 if constant is None else constant
    if name == "from_log":
        return diagnosis.policy_from_log(log, curriculum, price=price, model=model).policy
    if name == "priced":
        return policies.PricedMastery(price)
    if constant is not None:
        return policies.ProvisionalMastery(constant, ready=min(0.8, constant))
    return None


def sequencer_policy(model: BKT, policy: Policy | None) -> EpisodePolicy:
    """The library's sequencer over a model."""

    def sequencer(curriculum: Curriculum) -> Sequencer:
        return adaptlearn.Sequencer(
            curriculum, adaptlearn.MasteryTracker(model, practice=True), policy, new_students=True,
            random_state=0, wheel_spinning=None,  # there is no teacher here to send anyone to
        )  # fmt: skip

    return simulation.SequencerPolicy(sequencer, family="bkt")


def least_bills(kinds: Mapping[str, Simulator], course: Course, price: float) -> dict[str, float]:
    """The least bill that is possible, of each simulator for which it can be computed."""
    found = {name: teachers.least_bill(kind, course, price) for name, kind in kinds.items()}
    return {name: least for name, least in found.items() if isfinite(least)}


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


def report(
    matrix: Matrix,
    shown: list[str],
    least: Mapping[str, Mapping[str, float]],
    curriculum: Path | None,
) -> dict[str, Any]:
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
            "least_possible": least.get(name),
            "within_noise_of_best": matrix.within_noise_of_best(name),
            "worst_group": matrix.worst_group(name)._asdict(),
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


def show_tables(matrix: Matrix, shown: list[str], least: Mapping[str, Mapping[str, float]]) -> None:
    """Print a table of each outcome, and one of the worst cases if policies are compared."""
    for name in shown:
        bounds = [f"{kind} {value:.1f}" for kind, value in least.get(name, {}).items()]
        note = f"least possible mean of all such students: {', '.join(bounds)}\n" if bounds else ""
        show(f"{matrix.text(name)}\n{note}")
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
