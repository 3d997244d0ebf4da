"""``adaptlearn recommend``: the next lessons of students, with the reason of each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import add_columns, add_log, natural, positive, probability
from adaptlearn.cli.output import say, show, show_json, table, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import CurriculumError, ParameterError

if TYPE_CHECKING:
    from adaptlearn.curriculum.curriculum import Curriculum
    from adaptlearn.responses.log import ResponseLog
    from adaptlearn.sequencing.decisions.decisions import Decisions
    from adaptlearn.sequencing.knowledge.context import MasteryKind
    from adaptlearn.sequencing.policies.weighted import WeightedPolicy
    from adaptlearn.tracking.tracker import MasteryTracker

SUMMARY = "choose the next lessons of students"
EXAMPLE = (
    "adaptlearn recommend demo/model.json demo/responses.csv demo"
    "/curriculum.json --students student-001"
)
_P_CORRECT = 0.95


def add_arguments(parser: ArgumentParser) -> None:
    """Model, log and curriculum; for whom, how many, and by which policy."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    add_log(parser, "what the students have answered so far")
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument(
        "--students", metavar="A,B", help="whose lessons to choose (default: all of the log)"
    )
    parser.add_argument(
        "--n", metavar="N", type=positive, default=1, help="lessons per student (default: 1)"
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        default="provisional",
        help="how to choose: a preset of the sequencer (default: provisional)",
    )
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="mastery from which a skill counts as mastered: P(known), or P(correct) with models "
        "that give that (default: that of the policy for P(known), 0.95 for P(correct))",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="mend the faults of a curriculum, and warn of each, in place of refusing it",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=natural,
        help="repeat the draws among equally good lessons (default: fresh draws)",
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Load, read, choose, show."""
    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = adaptlearn.MasteryTracker(model, practice=True).update(log)
    policy = policy_of(arguments.policy, arguments.threshold, tracker.mastery([]).kind)
    sequencer = adaptlearn.Sequencer(curriculum, tracker, policy, random_state=arguments.seed)
    students = asked_for(arguments.students, log)
    decisions = sequencer.recommend(students, n=arguments.n, now=now_of(tracker))
    if arguments.json:
        show_json(decisions.to_dicts())
    else:
        show(decision_table(decisions, terminal_width()))
        if alerted := decisions.alerted():
            show(alerted)


def now_of(tracker: MasteryTracker) -> datetime:
    """The present, by the clock of the answers: without a zone, as this machine shows it."""
    here = datetime.now(UTC).astimezone()
    return here.replace(tzinfo=None) if tracker.clock == "naive" else here


def policy_of(name: str, threshold: float | None, kind: MasteryKind) -> WeightedPolicy:
    """The preset, at a threshold for the kind of mastery that the model gives."""
    from adaptlearn.sequencing.knowledge.criteria import ProbabilityThreshold
    from adaptlearn.sequencing.policies.presets import preset

    if threshold is None and kind == "latent":
        return preset(name)
    return preset(name, criterion=ProbabilityThreshold(threshold or _P_CORRECT, kind))


def read_curriculum(path: Path, repair: bool) -> Curriculum:
    """Read JSON; say what was mended, where that is wanted.

    Raises
    ------
    CurriculumError
        Lists every fault.
    """
    try:
        if not repair:
            return adaptlearn.Curriculum.from_json(path)
        curriculum = adaptlearn.Curriculum.repaired(path)
    except CurriculumError as error:
        raise CurriculumError(str(path), error.problems) from None
    for mended in curriculum.repairs:
        say(f"warning: {path}: {mended}")
    return curriculum


def asked_for(names: str | None, log: ResponseLog) -> list[Any]:
    """The labels of the students named, or of all in the log."""
    labels: list[Any] = log.student.labels.tolist()
    if names is None:
        return labels
    label_of = {str(label): label for label in labels}
    wanted = [name for name in map(str.strip, names.split(",")) if name]
    if not wanted:
        raise ParameterError("--students", ["it names nobody; leave it out for all of the log"])
    return [label_of.get(name, name) for name in wanted]


def decision_table(decisions: Decisions, width: int | None = None) -> str:
    """A line per decision, its reason last."""
    rows = [
        [
            str(decision.student),
            decision.rank,
            "(none)" if decision.lesson is None else str(decision.lesson),
            decision.reason.text,
        ]
        for decision in decisions
    ]
    return table(["student", "rank", "lesson", "reason"], rows, width)
