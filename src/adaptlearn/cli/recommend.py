"""``adaptlearn recommend``: the next lessons of students, with the reason of each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn import diagnosis
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import add_columns, add_log, add_repair, natural, positive, probability
from adaptlearn.cli.output import say, show, show_json, table, terminal_width, write_csv
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import CurriculumError, ParameterError
from adaptlearn.wording import counted, duration, listed, quoted

if TYPE_CHECKING:
    from adaptlearn.curriculum.curriculum import Curriculum
    from adaptlearn.diagnosis.policy import LogPolicy
    from adaptlearn.responses.log import ResponseLog
    from adaptlearn.sequencing.decisions.decision import Decision
    from adaptlearn.sequencing.decisions.decisions import Decisions
    from adaptlearn.sequencing.knowledge.context import MasteryKind
    from adaptlearn.sequencing.policies.weighted import WeightedPolicy
    from adaptlearn.tracking.tracker import MasteryTracker

SUMMARY = "choose the next lessons of students"
EXAMPLE = (
    "adaptlearn recommend demo/model.json demo/responses.csv demo"
    "/curriculum.json --students student-001"
)
AUDIENCES = ("teacher", "family", "student")
PRICE = 300
_P_CORRECT = 0.95
_MOST = 10  # students named below the table
_COMMAS = 3  # in a name, at most


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
        "--words",
        metavar="WHO",
        choices=AUDIENCES,
        help="say each lesson in words for a teacher, a family or a student, with all that a "
        "teacher should know (default: the reason on record)",
    )
    parser.add_argument(
        "-o", "--output", metavar="CSV", type=Path, help="where to write the whole table"
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        help="how to choose: a preset of the sequencer (default: the policy that the log asks for; "
        "provisional if the log cannot tell whether the model holds, or with --threshold)",
    )
    parser.add_argument(
        "--price",
        metavar="MINUTES",
        type=positive,
        help="choose by the policy that the log asks for, if it is worth this many minutes of "
        "practice that one skill does not stay unknown; for models that give P(known) "
        f"(default: {PRICE}, which is five hours)",
    )
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="mastery from which a skill counts as mastered: P(known), or P(correct) with models "
        "that give that (default: that of the policy for P(known), 0.95 for P(correct))",
    )
    add_repair(parser)
    parser.add_argument(
        "--seed",
        metavar="N",
        type=natural,
        help="repeat the draws among equally good lessons (default: fresh draws)",
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Load, read, choose, show."""
    if problems := clashes(arguments):
        raise ParameterError("--price", problems)
    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = adaptlearn.MasteryTracker(model, practice=True).update(log)
    kind = tracker.mastery([]).kind
    if arguments.price is not None and kind != "latent":
        raise ParameterError("--price", [f"{arguments.model} gives P(correct), not P(known)"])
    found = policy_found(arguments, log, curriculum) if kind == "latent" else None
    name = arguments.policy or "provisional"
    policy = policy_of(name, arguments.threshold, kind) if found is None else found.policy
    sequencer = adaptlearn.Sequencer(curriculum, tracker, policy, random_state=arguments.seed)
    students = asked_for(arguments.students, log)
    decisions = sequencer.recommend(students, n=arguments.n, now=now_of(tracker))
    if found is not None and not arguments.json:
        say(words_of(found))
    if arguments.output is not None:
        write_csv(arguments.output, decision_columns(decisions, arguments.words))
        say(f"wrote {arguments.output}: {counted(len(decisions), 'row')}")
    if arguments.json:
        show_json(decisions.to_dicts())
        return
    if arguments.output is None:
        show(decision_table(decisions, terminal_width(), arguments.words))
    if alerted := decisions.alerted():
        show(alerted)
    if stuck := for_a_teacher(decisions):
        show(f"a teacher should look at {stuck}")


def clashes(arguments: Namespace) -> list[str]:
    """A sentence for each option that says something else than the price does."""
    given = {"--policy": arguments.policy, "--threshold": arguments.threshold}
    if arguments.price is None:
        return []
    return [
        f"{name} does not go together with it: the log and the price choose the policy"
        for name, value in given.items()
        if value is not None
    ]


def policy_found(
    arguments: Namespace, log: ResponseLog, curriculum: Curriculum
) -> LogPolicy | None:
    """The policy that the log asks for, if another is not asked for by name.

    Without a stated price, a log that cannot tell whether the model holds after mastery asks for
    no policy: a threshold that saves minutes is right only if the model is.
    """
    if arguments.policy is not None or arguments.threshold is not None:
        return None
    found = diagnosis.policy_from_log(log, curriculum, price=arguments.price or PRICE)
    unsure = arguments.price is None and found.diagnosis.two_state.answer == "cannot tell"
    return None if unsure else found


def now_of(tracker: MasteryTracker) -> datetime:
    """The present, by the clock of the answers: without a zone, as this machine shows it."""
    here = datetime.now(UTC).astimezone()
    return here.replace(tzinfo=None) if tracker.clock == "naive" else here


def words_of(found: LogPolicy) -> str:
    """Which policy the log asks for, in a line."""
    rows = found.table()
    named = zip(rows["setting"][1:4].tolist(), rows["value"][1:4].tolist(), strict=True)
    said = ", ".join(f"{setting} {value}" for setting, value in named)
    return f"policy from the log: a price of {duration(found.price)} per skill, {said}"


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
    wanted = names_in(names, label_of)
    if not wanted:
        raise ParameterError("--students", ["it names nobody; leave it out for all of the log"])
    return [label_of.get(name, name) for name in wanted]


def names_in(text: str, known: Container[str]) -> list[str]:
    """Names between commas; a known name may have commas of its own.

    Examples
    --------
    >>> names_in("Doe, Ann, Bob", {"Doe, Ann", "Bob"})
    ['Doe, Ann', 'Bob']
    """
    parts, found = text.split(","), []
    while parts:
        ends = range(min(len(parts), _COMMAS + 1), 0, -1)
        joined = ((end, ",".join(parts[:end]).strip()) for end in ends)
        end, name = next((one for one in joined if one[1] in known), (1, parts[0].strip()))
        found += [name] * bool(name)
        parts = parts[end:]
    return found


def decision_table(
    decisions: Iterable[Decision], width: int | None = None, words: str | None = None
) -> str:
    """A line per decision, its reason last."""
    columns = decision_columns(decisions, words)
    return table([*columns], [*zip(*columns.values(), strict=True)], width)


def decision_columns(
    decisions: Iterable[Decision], words: str | None = None
) -> dict[str, list[Any]]:
    """The columns of a table of decisions: the reasons on record, or the words for somebody."""
    said = "reason" if words is None else f"for the {words}"
    columns: dict[str, list[Any]] = {name: [] for name in ("student", "rank", "lesson", said)}
    for decision in decisions:
        columns["student"].append(str(decision.student))
        columns["rank"].append(decision.rank)
        columns["lesson"].append("(none)" if decision.lesson is None else str(decision.lesson))
        columns[said].append(decision.reason.text if words is None else decision.sentence(words))
    return columns


def for_a_teacher(decisions: Decisions) -> str:
    """The students at whom a teacher should look, and on which skills; empty if there are none."""
    skills: dict[str, list[str]] = {}
    for decision in decisions:
        for alert in decision.alerts if decision.rank == 1 else ():
            if alert.code == "stuck" and alert.details["teacher"]:
                skills.setdefault(str(decision.student), []).append(quoted(alert.details["skill"]))
    named = [f"{student} ({listed(on)})" for student, on in skills.items()]
    more = [f"{len(named) - _MOST} more"] if len(named) > _MOST else []
    return listed([*named[:_MOST], *more])
