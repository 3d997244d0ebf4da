"""What a diagnosis hands back: verdicts with their evidence, as text, tables and JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import label_of, plain
from adaptlearn.media import html_text, terminal_text
from adaptlearn.serialization import reading
from adaptlearn.tables import html_table, plain_columns
from adaptlearn.validation import Numbers, number_array
from adaptlearn.wording import counted

Answer = Literal["yes", "no", "cannot tell"]
_Row = TypeVar("_Row", bound="EdgeVerdict | DoubtfulTag")
ANSWERS: tuple[Answer, ...] = ("yes", "no", "cannot tell")


@dataclass(frozen=True)
class Verdict:
    """The answer to one question about a log.

    Attributes
    ----------
    question : str
    answer : {"yes", "no", "cannot tell"}
    measure : str
        What the number in `value` measures.
    value, error : float
        The number that decides the answer, and its standard error over students; nan if the log
        contains no data for this number.
    answers, students : int
        The number of answers and the number of students from which `value` is computed.
    found : str
        A sentence that says what the diagnosis found, or why the log does not answer the question.
    policy : str
        What the answer means for a policy.
    evidence : mapping of str to float
        More numbers that the diagnosis computed from the log, by name.
    """

    question: str
    answer: Answer
    measure: str
    value: float
    error: float
    answers: int
    students: int
    found: str
    policy: str
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_answer(self.answer)

    def __str__(self) -> str:
        return "\n".join(self.lines(80))

    def lines(self, width: int) -> list[str]:
        """The question and its answer as wrapped lines of text."""
        return _told([f"{self.question} {self.answer}", self.found, f"so: {self.policy}"], width)


@dataclass(frozen=True)
class EdgeVerdict:
    """Whether students learn a skill more slowly if they lack one of its prerequisites.

    Attributes
    ----------
    before, skill : label
        The prerequisite, and the skill that needs it.
    answer : {"yes", "no", "cannot tell"}
    gain, error : float
        How much the log-likelihood of the log rises if the model multiplies P(learn) by 0.4 for
        students who lack the prerequisite, and the standard error of this gain over students.
    unready : float
        The expected number of answers on the skill by students who knew neither the skill nor its
        prerequisite. Only answers by students who lack the prerequisite show whether the
        prerequisite matters.
    answers, students : int
        The number of all answers on the skill, and the number of students who gave these answers.
    """

    before: Any
    skill: Any
    answer: Answer
    gain: float
    error: float
    unready: float
    answers: int
    students: int

    def __post_init__(self) -> None:
        _check_answer(self.answer)


@dataclass(frozen=True)
class DoubtfulTag:
    """An item that looks as if it tests another skill than the one it is tagged with.

    Attributes
    ----------
    item, skill : label
        The item, and the skill that it is tagged with.
    other : label
        The skill whose P(known) predicts the answers to the item best.
    gain, error : float
        How much the squared errors of the predicted answers fall if P(known) of the other skill
        predicts them, as a share of the squared errors under the tag; and the standard error of
        this gain over students.
    answers, students : int
        The number of answers to the item, and the number of students who gave these answers.
    """

    item: Any
    skill: Any
    other: Any
    gain: float
    error: float
    answers: int
    students: int


def _told(said: Sequence[str], width: int) -> list[str]:
    """A heading, and sentences that are wrapped below it."""
    lines = [terminal_text(said[0], lines=True)]
    for sentence in said[1:]:
        lines += textwrap.wrap(
            terminal_text(sentence, lines=True),
            width,
            initial_indent="  ",
            subsequent_indent=" " * (6 if sentence.startswith("so: ") else 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def _check_answer(answer: str) -> None:
    if answer not in ANSWERS:
        raise ValueError(f"answer {answer!r} is none of {', '.join(map(repr, ANSWERS))}")


@dataclass(frozen=True)
class Diagnosis:
    """Whether the students of a log meet four assumptions of a policy.

    `print` shows the diagnosis as text, and a notebook shows it as a table. A loop over the
    diagnosis yields the answers to the four questions, each as a `Verdict`.

    Attributes
    ----------
    subject : str
        A short text that says which log was diagnosed.
    graph : Verdict
        Do students learn a skill more slowly if they lack its prerequisites? In the model that fits
        the log best, each unknown prerequisite multiplies P(learn) by ``evidence["kappa"]``.
    two_state : Verdict
        Does the two-state model hold after mastery?
    bouts : Verdict
        Do slips come in bouts (several slips in a row)?
    forgetting : Verdict
        Do students forget between days? The value of the verdict is the share of known skills that
        students forget between days.
    edges : tuple of EdgeVerdict
        One verdict for each prerequisite that connects two skills of the log.
    doubtful_tags : tuple of DoubtfulTag
        The items that look as if they test another skill than the one they are tagged with. The
        verdicts leave out the answers to these items.
    """

    subject: str
    graph: Verdict
    two_state: Verdict
    bouts: Verdict
    forgetting: Verdict
    edges: tuple[EdgeVerdict, ...] = ()
    doubtful_tags: tuple[DoubtfulTag, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        yield from (self.graph, self.two_state, self.bouts, self.forgetting)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per question, as columns for any dataframe library."""
        names = ("question", "answer", "measure", "value", "error", "answers", "students",
                 "found", "policy")  # fmt: skip
        return {name: np.array([getattr(verdict, name) for verdict in self]) for name in names}

    def edge_table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per prerequisite, as columns for any dataframe library."""
        return _columns(EdgeVerdict, self.edges)

    def tag_table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per doubtful tag, as columns for any dataframe library."""
        return _columns(DoubtfulTag, self.doubtful_tags)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as a dict for JSON, with None in place of nan."""
        content = {name: _plain(asdict(getattr(self, name))) for name in _VERDICTS}
        tables = {"edges": self.edge_table(), "doubtful_tags": self.tag_table()}
        rows = {name: plain_columns(table) for name, table in tables.items()}
        return {"subject": self.subject, **content, **rows}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Diagnosis:
        """Build a diagnosis from the output of `to_dict`.

        Raises
        ------
        ModelFileError
            The error is raised if the content cannot be an output of `to_dict`.
        """
        with reading("diagnosis"):
            verdicts = {name: Verdict(**_restored(content[name])) for name in _VERDICTS}
            return cls(
                text(content["subject"], "subject"),
                **verdicts,
                edges=_rows(EdgeVerdict, content["edges"]),
                doubtful_tags=_rows(DoubtfulTag, content["doubtful_tags"]),
            )

    def to_text(self, width: int = 80) -> str:
        """The diagnosis as text, in lines of at most `width` characters."""
        blocks = ["\n".join(verdict.lines(max(width, 40))) for verdict in self]
        if self.edges:
            blocks.insert(1, self._edge_counts())
        if self.doubtful_tags:
            blocks.append("\n".join(_told(self._tag_lines(), max(width, 40))))
        return "\n\n".join([terminal_text(self.subject), *blocks])

    def _tag_lines(self) -> list[str]:
        """How many tags are doubtful, the worst of them, and what to do."""
        n = len(self.doubtful_tags)
        worst = sorted(self.doubtful_tags, key=lambda tag: -tag.gain / tag.error)[:_SHOWN]
        looks = "looks as if it tests" if n == 1 else "look as if they test"
        more = [f"For {counted(n - _SHOWN, 'more item')}, see `doubtful_tags`."] * (n > _SHOWN)
        return [
            f"{counted(n, 'item')} {looks} another skill",
            *(f"Item {tag.item!r} is tagged {tag.skill!r}, but P(known) of {tag.other!r} predicts "
              f"its answers better: with {tag.gain:.0%} less squared error (standard error "
              f"{tag.error:.0%})." for tag in worst),
            *more,
            "so: Check the tags of these items. The diagnosis leaves out the answers to them.",
        ]  # fmt: skip

    def _edge_counts(self) -> str:
        n = {answer: sum(edge.answer == answer for edge in self.edges) for answer in ANSWERS}
        told = ", ".join(f"{answer} {n[answer]}" for answer in ANSWERS)
        return f"Each of {counted(len(self.edges), 'prerequisite')} alone: {told}"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        head = ("question", "answer", "what was found", "what it means for the policy")
        rows = [[v.question, v.answer, v.found, v.policy] for v in self]
        below = [self._edge_counts()] if self.edges else []
        below += self._tag_lines() if self.doubtful_tags else []
        return f"<p><b>{html_text(self.subject)}</b></p>" + html_table(
            "", head, rows, below, prose=True
        )


_VERDICTS = ("graph", "two_state", "bouts", "forgetting")
_SHOWN = 10  # doubtful tags in a text
_LABELS = ("before", "skill", "item", "other")


def _columns(kind: type[_Row], rows: Sequence[Any]) -> dict[str, NDArray[Any]]:
    """The fields of some dataclass as columns."""
    columns: dict[str, NDArray[Any]] = {}
    for name in (one.name for one in fields(kind)):
        values = [getattr(row, name) for row in rows]
        columns[name] = np.array(values, object if name in _LABELS else None)
    return columns


def _rows(kind: type[_Row], content: Mapping[str, Any]) -> tuple[_Row, ...]:
    """What `_columns` was made of, from JSON."""
    names = [one.name for one in fields(kind)]
    made = []
    for values in zip(*(content[name] for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        labels = {name: label_of(row[name], name) for name in names if name in _LABELS}
        numbers = [name for name in ("gain", "error", "unready") if name in names]
        made.append(kind(**{**row, **labels, **_numbers(row, *numbers)}))
    return tuple(made)


def _plain(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict for JSON: None in place of nan."""
    numbers = {name: _none(value) for name, value in verdict["evidence"].items()}
    told = {name: _none(value) for name, value in verdict.items() if name != "evidence"}
    return {**told, "evidence": numbers}


def _none(value: Any) -> Any:
    value = plain(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _restored(verdict: Mapping[str, Any]) -> dict[str, Any]:
    evidence = {text(name, "evidence"): _number(x, name) for name, x in verdict["evidence"].items()}
    texts = {name: text(verdict[name], name) for name in ("question", "measure", "found", "policy")}
    return {**verdict, **texts, **_numbers(verdict, "value", "error"), "evidence": evidence}


def _numbers(part: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """These numbers, and the counts that all verdicts have."""
    counts = {name: _number(part[name], name, whole=True) for name in ("answers", "students")}
    return {**{name: _number(part[name], name) for name in names}, **counts}


def _number(value: Any, name: str, *, whole: bool = False) -> Any:
    """A number as JSON holds it; None stands for nan."""
    return number_array(value, name, Numbers((), -1e300, 1e300, not whole, whole)).item()


def text(value: Any, name: str) -> str:
    """A text as it is; `ValueError` if it is something else."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is a {type(value).__name__}, expected a text")
    return value
