"""``adaptlearn recommend``: the next lessons of students, with the reason of each."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.output import say, show, show_json, table, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import CurriculumError
from adaptlearn.responses.log import ResponseLog
from adaptlearn.sequencing import Decisions, ProbabilityThreshold, WeightedPolicy, preset
from adaptlearn.sequencing.knowledge.context import MasteryKind

_P_CORRECT = 0.95


def run(arguments: Namespace) -> None:
    """Load, read, choose, show."""
    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = MasteryTracker(model, practice=True).update(log)
    policy = policy_of(arguments.policy, arguments.threshold, tracker.mastery([]).kind)
    sequencer = Sequencer(curriculum, tracker, policy, random_state=arguments.seed)
    students = asked_for(arguments.students, log)
    decisions = sequencer.recommend(students, n=arguments.n, now=datetime.now(UTC))
    if arguments.json:
        show_json(decisions.to_dicts())
    else:
        show(decision_table(decisions, terminal_width()))


def policy_of(name: str, threshold: float | None, kind: MasteryKind) -> WeightedPolicy:
    """The preset, at a threshold for the kind of mastery that the model gives."""
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
            return Curriculum.from_json(path)
        curriculum = Curriculum.repaired(path)
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
    wanted = [name.strip() for name in names.split(",")]
    return [label_of.get(name, name) for name in wanted if name]


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
