"""``adaptlearn place``: a few questions to a new student, and where they stand then."""

from __future__ import annotations

import sys
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import adaptlearn
from adaptlearn.cli.evaluate import load_model
from adaptlearn.cli.options import add_repair, natural, positive
from adaptlearn.cli.output import heading, say, show, show_json, table, terminal_width, to_json
from adaptlearn.cli.recommend import now_of, policy_of, read_curriculum
from adaptlearn.errors import AdaptLearnError, ParameterError
from adaptlearn.files import write_text

if TYPE_CHECKING:
    from adaptlearn.curriculum.curriculum import Curriculum
    from adaptlearn.labels import Label
    from adaptlearn.models.base import KnowledgeTracer
    from adaptlearn.sequencing.decisions.decision import Decision
    from adaptlearn.sequencing.placement.placement import Session
    from adaptlearn.sequencing.placement.result import PlacementResult

SUMMARY = "ask a new student a few questions, and find what they know"
EXAMPLE = "adaptlearn place demo/curriculum.json --model demo/model.json"
_INTERRUPTED = 130
_USUAL = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}
_RIGHT = {"y", "yes", "1", "j", "ja", "right", "true"}
_WRONG = {"n", "no", "0", "nein", "wrong", "false"}
_STOP = {"q", "quit", "stop"}
_EXPECTED = "expected y or n (or 1 or 0; q stops)"


def add_arguments(parser: ArgumentParser) -> None:
    """The curriculum, who is asked, and where answers come from."""
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument(
        "--model",
        metavar="MODEL",
        type=Path,
        help="a fitted model: how often students guess and slip, and how fast they learn "
        "(default: usual values)",
    )
    parser.add_argument(
        "--student", metavar="NAME", default="student", help="who is asked (default: student)"
    )
    parser.add_argument(
        "--answers",
        metavar="FILE",
        type=Path,
        help="the answers, one a line: y or n, 1 or 0 (default: standard input)",
    )
    parser.add_argument(
        "--max-questions",
        metavar="N",
        type=positive,
        help="(default: a fifth of the skills, and at least 20)",
    )
    parser.add_argument(
        "-o", "--output", metavar="JSON", type=Path, help="where to write what was found"
    )
    add_repair(parser)
    parser.add_argument(
        "--seed",
        metavar="N",
        type=natural,
        help="repeat the draws among items, and among equally good lessons (default: fresh draws)",
    )


def run(arguments: Namespace) -> int:
    """Ask until enough is known, or the answers end; show what was found."""
    from adaptlearn.sequencing.placement.placement import Placement

    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    model = None if arguments.model is None else load_model(arguments.model)
    guess, slip = _noise(model)
    most = arguments.max_questions
    placement = Placement(curriculum, guess=guess, slip=slip, max_questions=most)
    session = placement.start(arguments.student)
    code = 0
    try:
        with _opened(arguments.answers) as lines:
            ask(session, Questions(curriculum, arguments.seed), Answers(lines))
    except KeyboardInterrupt:
        say("")  # what is typed stands on a line of its own
        code = _INTERRUPTED
    result = session.result()
    decision = next_lesson(curriculum, model, result, arguments.seed)
    content = {**result.to_dict(), "next": None if decision is None else decision.to_dict()}
    if arguments.output is not None:
        write_text(arguments.output, to_json(content))
        say(f"wrote {arguments.output}")
    if arguments.json:
        show_json(content)
    else:
        show(report(result, decision))
    return code


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdin
        return
    with path.open(encoding="utf-8-sig") as stream:
        yield stream


class Questions:
    """What is asked of a skill: an item where the curriculum has some, the one given least."""

    def __init__(self, curriculum: Curriculum, seed: int | None) -> None:
        from adaptlearn.sequencing.items.next_item import NextItem

        self._curriculum = curriculum
        self._items = None
        if len(curriculum.items):
            self._items = NextItem(curriculum, by="exposure", window=0, random_state=seed)

    def on(self, student: Label, skill: Label) -> str:
        """The skill's title, and below it the item."""
        title = self._curriculum.skill_titles[self._curriculum.skill_index.code(skill)]
        if self._items is None:
            return title
        try:
            return f"{title}\n   {self._items.next(student, skill=skill).item}"
        except ParameterError:  # no item is on this skill
            return title


class Answers:
    """Answers from a terminal, where what is typed may be corrected, or from a file or a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._typed = stream.isatty()
        self._line = 0

    def next(self) -> bool | None:
        """The next answer; None where they end."""
        while True:
            if self._typed:
                print("right? y/n ", end="", file=sys.stderr, flush=True)
            text = self._stream.readline()
            self._line += 1
            word = text.strip().lower()
            if not text or word in _STOP:
                return None
            if word in _RIGHT or word in _WRONG:
                return word in _RIGHT
            if self._typed:
                say(_EXPECTED)
            elif word:
                raise ParameterError("answers", [f"line {self._line}: {word!r}; {_EXPECTED}"])


def ask(session: Session, questions: Questions, answers: Answers) -> None:
    """Put questions to the student until enough is known, or the answers end."""
    while (skill := session.next()) is not None:
        say(f"{len(session.answers) + 1}. {questions.on(session.student, skill)}")
        right = answers.next()
        if right is None:
            return
        session.answer(skill, right)


def _noise(model: KnowledgeTracer | None) -> tuple[float, float]:
    """How often students guess and slip: in a BKT's mean answer, or else the usual."""
    import numpy as np

    from adaptlearn.models import BKT

    if not isinstance(model, BKT):
        return _USUAL["guess"], _USUAL["slip"]
    weight = model.n_answers_ + 1e-9  # a model that was made of parameters has seen none
    guess, slip = (
        np.average(model.parameters_[name], weights=weight) for name in ("guess", "slip")
    )
    return float(guess), float(slip)


def next_lesson(
    curriculum: Curriculum, model: KnowledgeTracer | None, result: PlacementResult, seed: int | None
) -> Decision | None:
    """The lesson that the default policy chooses from what was found; None if it cannot."""
    if model is None:
        model = _usual(sorted(curriculum.skills.tolist()))
    tracker = adaptlearn.MasteryTracker(model, practice=True)
    try:
        result.apply(tracker)
        policy = policy_of("provisional", None, tracker.mastery([]).kind)
        sequencer = adaptlearn.Sequencer(curriculum, tracker, policy, random_state=seed)
        return sequencer.recommend([result.student], now=now_of(tracker))[0]
    except AdaptLearnError as error:
        say(f"warning: no lesson could be chosen: {error}")
        return None


def _usual(skills: list[Any]) -> KnowledgeTracer:
    """A model for a curriculum without answers: every skill is learnt alike."""
    from adaptlearn.models import BKT

    columns = {name: [value] * len(skills) for name, value in _USUAL.items()}
    return BKT.from_parameters({"skill": skills, **columns})


def report(result: PlacementResult, decision: Decision | None) -> str:
    """What was found, as a table and in sentences, and the next lesson."""
    columns = result.table()
    answers = zip(columns["right"], columns["asked"], strict=True)
    rows = zip(
        columns["title"],
        columns["probability"],
        columns["standing"],
        ["ready to learn" if ready else "" for ready in columns["frontier"]],
        [f"{right} of {asked}" if asked else "" for right, asked in answers],
        strict=True,
    )
    parts = [
        table(["skill", "P(known)", "standing", "", "right"], [list(row) for row in rows]),
        "",
        _wrapped(result.text),
    ]
    if decision is not None:
        parts += [heading("The next lesson"), _wrapped(decision.reason.text)]
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    width = terminal_width()
    return text if width is None else textwrap.fill(text, width)
