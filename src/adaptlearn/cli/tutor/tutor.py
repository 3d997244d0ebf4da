"""``adaptlearn tutor``: the loop over a store, without code.

A store is a folder with the events, the model and the curriculum, so that a command needs nothing
but its name.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import adaptlearn
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import (
    Command,
    Verb,
    add_columns,
    add_command,
    add_log,
    add_repair,
    natural,
    positive,
)
from adaptlearn.cli.output import say, show, show_json, table, terminal_width, to_json
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import (
    AUDIENCES,
    decision_table,
    names_in,
    policy_of,
    read_curriculum,
)
from adaptlearn.errors import ResponseDataError, StateError, UnknownLabelError
from adaptlearn.files import write_text
from adaptlearn.wording import counted, shown

if TYPE_CHECKING:
    from adaptlearn.curriculum.curriculum import Curriculum
    from adaptlearn.labels import Label
    from adaptlearn.models.base import KnowledgeTracer
    from adaptlearn.responses.log import ResponseLog
    from adaptlearn.tutor.receipts import Receipt
    from adaptlearn.tutor.tutor import Tutor

SUMMARY = "record answers in a store that loses nothing, and choose next lessons from it"
EXAMPLE = "adaptlearn tutor init school demo/model.json demo/curriculum.json"
_EVENTS, _MODEL, _CURRICULUM = "events.db", "model.json", "curriculum.json"
_TOLD = 20  # refused or conflicting answers that are listed
_STATUSES = ("new", "known", "conflict", "erased", "refused")


def add_arguments(parser: ArgumentParser) -> None:
    """What to do with a store."""
    verbs = parser.add_subparsers(title="what to do with a store", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        add_command(verbs, name, verb)


def run(_: Namespace) -> int | None:
    """Nothing is done without a verb; the parser asks for one."""
    raise AssertionError("the parser lets no command through that lacks a verb")


@contextmanager
def opened(store: Path, seed: int | None = None) -> Iterator[Tutor]:
    """The tutor over a folder that `init` has made.

    Raises
    ------
    StateError
        There is no store, or another model was used with it since.
    """
    if not (store / _EVENTS).exists():
        raise StateError(f"{store} is not a store; `adaptlearn tutor init` makes one")
    model = load_model(store / _MODEL)
    curriculum = read_curriculum(store / _CURRICULUM, repair=False)
    try:
        tutor = _tutor(store, model, curriculum, random_state=seed)
    except StateError as error:
        does = f"`adaptlearn tutor init {store} MODEL CURRICULUM --replace` does so"
        raise StateError(f"{error}. On the command line, {does}") from None
    with tutor:
        yield tutor


def _tutor(store: Path, model: KnowledgeTracer, curriculum: Curriculum, **options: Any) -> Tutor:
    kind = adaptlearn.MasteryTracker(model).mastery([]).kind
    return adaptlearn.Tutor.open(
        store / _EVENTS,
        model=model,
        curriculum=curriculum,
        policy=policy_of("provisional", None, kind),
        **options,
    )


def _add_init(parser: ArgumentParser) -> None:
    _add_store(parser, "the folder to make")
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="give a store this model and this curriculum in place of its own; its events stay",
    )
    add_repair(parser)


def _init(arguments: Namespace) -> None:
    store: Path = arguments.store
    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    if (store / _EVENTS).exists() and not arguments.replace:
        remedy = "--replace gives it this model and this curriculum, and keeps its events"
        raise StateError(f"{store} is a store already; {remedy}")
    store.mkdir(mode=0o700, exist_ok=True)
    with _tutor(store, model, curriculum, new_model=True, new_curriculum=True) as tutor:
        synced = tutor.sync(curriculum=curriculum)
        model.save(store / _MODEL)
        write_text(store / _CURRICULUM, curriculum.to_json(indent=2))
        students = len(tutor.store.students().students)
    for gone in synced.lost:
        say(f"warning: the curriculum has no place for this: {gone}")
    told = {**synced._asdict(), "students": students}
    if arguments.json:
        show_json(told)
    else:
        skills = counted(len(curriculum.skills), "skill")
        show(f"{store}: {skills}, {counted(len(curriculum.lessons), 'lesson')}, "
             f"{counted(students, 'student')}")  # fmt: skip


def _add_record(parser: ArgumentParser) -> None:
    _add_store(parser)
    add_log(parser, "what the students have answered, with a column time")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="leave out answers that the store refuses, in place of recording nothing",
    )
    parser.add_argument(
        "--zone",
        metavar="NAME",
        type=_zone,
        help="the time zone of times that have none, such as Europe/Berlin or UTC",
    )
    add_columns(parser)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        told = f"{name!r} is no time zone; expected one such as Europe/Berlin or UTC"
        raise ArgumentTypeError(told) from None


def _record(arguments: Namespace) -> None:
    from adaptlearn.tutor.admission import MOST_EVENTS

    receipts: list[Receipt] = []
    with opened(arguments.store) as tutor:
        log = read_log(arguments.log, arguments, text_skills=knows_text(tutor.model))
        events = events_of(log, arguments.log, arguments.zone)
        for start in range(0, len(events), MOST_EVENTS):
            part = events[start : start + MOST_EVENTS]
            receipts += tutor.record(part, partial=arguments.partial)
    told = Counter(receipt.status for receipt in receipts)
    counts = {status: told[status] for status in _STATUSES}
    _warn(receipts)
    if arguments.json:
        show_json(counts)
    else:
        show(table([*counts], [[*counts.values()]]))


def events_of(log: ResponseLog, name: str, zone: ZoneInfo | None) -> list[dict[str, Any]]:
    """The rows of a log as events.

    Raises
    ------
    ResponseDataError
        The log has no times, or times without a zone and none is given.
    """
    if log.time is None:
        problem = "there is no column time; a store needs to know which answer came first"
        raise ResponseDataError(name, [problem], "name the column with --time COL")
    if log.clock == "naive" and zone is None:
        problem = "the times have no time zone"
        raise ResponseDataError(name, [problem], "say which it is, as with --zone Europe/Berlin")
    times = log.time.tolist()
    if log.clock == "naive":
        times = [datetime.fromtimestamp(one, UTC).replace(tzinfo=zone).timestamp() for one in times]
    skills: list[list[Any]] = [[] for _ in range(len(log))]
    rows = range(len(log)) if log.skill_rows is None else log.skill_rows.tolist()
    for row, skill in zip(rows, log.skill.values.tolist(), strict=True):
        skills[row].append(skill)
    columns: dict[str, list[Any]] = {
        "student": log.student.values.tolist(),
        "skill": skills,
        "time": times,
    }
    if log.item is not None:
        columns["item"] = log.item.values.tolist()
    if log.id is not None:
        columns["id"] = [str(one) for one in log.id.values.tolist()]
    events = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    for event, correct in zip(events, log.correct.tolist(), strict=True):
        event.update({"kind": "exposure"} if correct < 0 else {"correct": correct})
    return events


def _warn(receipts: list[Receipt]) -> None:
    """Say which answers were refused, and which are in conflict."""
    refused = [(row, one) for row, one in enumerate(receipts) if one.status == "refused"]
    for row, one in refused[:_TOLD]:
        say(f"warning: refused row {row}: {'; '.join(one.problems)}")
    if len(refused) > _TOLD:
        say(f"warning: {len(refused) - _TOLD:,} more rows were refused")
    contradicted = [shown(one.id) for one in receipts if one.status == "conflict"]
    if contradicted:
        listed = ", ".join(contradicted[:_TOLD])
        more = " and others" if len(contradicted) > _TOLD else ""
        say(f"warning: under these ids the store holds other answers; none counts: {listed}{more}")


def _add_next(parser: ArgumentParser) -> None:
    _add_store(parser)
    parser.add_argument("--students", metavar="A,B", required=True, help="whose lessons to choose")
    parser.add_argument(
        "--n", metavar="N", type=positive, default=1, help="lessons per student (default: 1)"
    )
    parser.add_argument(
        "--words",
        metavar="WHO",
        choices=AUDIENCES,
        help="say each lesson in words for a teacher, a family or a student "
        "(default: the reason on record)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=natural,
        help="repeat the draws among equally good lessons (default: fresh draws)",
    )


def _next(arguments: Namespace) -> None:
    with opened(arguments.store, arguments.seed) as tutor:
        names = names_in(arguments.students, {*tutor.store.students().students})
        decisions = tutor.next_lesson([_student(tutor, name) for name in names], arguments.n)
    if arguments.json:
        show_json([decision.to_dict() for decision in decisions])
    else:
        show(decision_table(decisions, terminal_width(), arguments.words))


def _student(tutor: Tutor, name: str) -> Label:
    """A student's label: text, or an integer where those of the store are integers."""
    try:
        tutor.mastery([name])
    except UnknownLabelError:
        if not name.isdecimal():
            raise
        return int(name)
    return name


def _add_verify(parser: ArgumentParser) -> None:
    _add_store(parser)


def _verify(arguments: Namespace) -> int:
    with opened(arguments.store) as tutor:
        found = tutor.verify()
        conflicts = len({row.id for row in tutor.store.conflicts()})
    if arguments.json:
        show_json({"ok": bool(found), **found._asdict(), "conflicts": conflicts})
    else:
        told = f"{counted(found.events, 'event')} of {counted(found.students, 'student')}"
        show(f"{told}: {'all is as recorded' if found else 'something is wrong'}")
        for damage in found.damaged:
            show(f"damaged: {damage}")
        for student in found.differ:
            show(f"the state of {shown(student)} is not what the events give")
        if conflicts:
            show(f"{counted(conflicts, 'id')} with contents that contradict each other")
    return 0 if found else 1


def _add_export(parser: ArgumentParser) -> None:
    _add_store(parser)
    parser.add_argument("student", metavar="STUDENT")
    parser.add_argument(
        "-o", "--output", metavar="JSON", type=Path, help="where to write (default: it is printed)"
    )


def _export(arguments: Namespace) -> None:
    with opened(arguments.store) as tutor:
        held = tutor.export(_student(tutor, arguments.student))
    if arguments.output is None:
        show_json(held)
        return
    write_text(arguments.output, to_json(held))
    events = len(held["events"])
    if arguments.json:
        show_json({"output": str(arguments.output), "events": events})
    say(f"wrote {arguments.output}: {counted(events, 'event')}")


def _add_forget(parser: ArgumentParser) -> None:
    _add_store(parser)
    parser.add_argument("student", metavar="STUDENT")


def _forget(arguments: Namespace) -> None:
    with opened(arguments.store) as tutor:
        gone = tutor.forget(_student(tutor, arguments.student))
    if arguments.json:
        show_json({"student": arguments.student, "erased": gone})
    else:
        show(f"erased {arguments.student}: {counted(gone, 'event')}")


def _add_store(parser: ArgumentParser, what: str = "the folder that `init` made") -> None:
    parser.add_argument("store", metavar="STORE", type=Path, help=what)


VERBS: Mapping[str, Command] = {
    "init": Verb("make a store for a model and a curriculum", EXAMPLE, _add_init, _init),
    "record": Verb(
        "record the answers of a log, each once",
        "adaptlearn tutor record school demo/responses.csv",
        _add_record,
        _record,
    ),
    "next": Verb(
        "choose the next lessons of students, and record them",
        "adaptlearn tutor next school --students student-001",
        _add_next,
        _next,
    ),
    "verify": Verb(
        "compare all states with what the events give, and look for damage",
        "adaptlearn tutor verify school",
        _add_verify,
        _verify,
    ),
    "export": Verb(
        "write everything that is held of a student",
        "adaptlearn tutor export school student-001 -o student-001.json",
        _add_export,
        _export,
    ),
    "forget": Verb(
        "erase a student, and keep out what comes later",
        "adaptlearn tutor forget school student-001",
        _add_forget,
        _forget,
    ),
}
"""What can be done with a store."""
