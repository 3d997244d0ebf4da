"""What a diagnosis hands back: verdicts with their evidence, as text, tables and JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import label_of, plain
from adaptlearn.media import html_text, terminal_text
from adaptlearn.serialization import reading
from adaptlearn.tables import html_table, plain_columns
from adaptlearn.validation import Numbers, number_array
from adaptlearn.wording import counted

Answer = Literal["yes", "no", "cannot tell"]
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
        lines = [f"{self.question} {self.answer}"]
        for name, said in (("", self.found), ("so: ", self.policy)):
            lines += textwrap.wrap(
                terminal_text(name + said, lines=True),
                width,
                initial_indent="  ",
                subsequent_indent=" " * (2 + len(name)),
                break_long_words=False,
                break_on_hyphens=False,
            )
        return lines


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
    """

    subject: str
    graph: Verdict
    two_state: Verdict
    bouts: Verdict
    forgetting: Verdict
    edges: tuple[EdgeVerdict, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        yield from (self.graph, self.two_state, self.bouts, self.forgetting)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per question, as columns for any dataframe library."""
        names = ("question", "answer", "measure", "value", "error", "answers", "students",
                 "found", "policy")  # fmt: skip
        return {name: np.array([getattr(verdict, name) for verdict in self]) for name in names}

    def edge_table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per prerequisite, as columns for any dataframe library."""
        columns: dict[str, NDArray[Any]] = {}
        for name in EdgeVerdict.__dataclass_fields__:
            values = [getattr(edge, name) for edge in self.edges]
            labels = name in ("before", "skill")
            columns[name] = np.array(values, object if labels else None)
        return columns

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as a dict for JSON, with None in place of nan."""
        content = {name: _plain(asdict(getattr(self, name))) for name in _VERDICTS}
        return {"subject": self.subject, **content, "edges": plain_columns(self.edge_table())}

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
            columns = {name: content["edges"][name] for name in EdgeVerdict.__dataclass_fields__}
            rows = zip(*columns.values(), strict=True)
            edges = tuple(_restored_edge(dict(zip(columns, row, strict=True))) for row in rows)
            return cls(text(content["subject"], "subject"), **verdicts, edges=edges)

    def to_text(self, width: int = 80) -> str:
        """The diagnosis as text, in lines of at most `width` characters."""
        blocks = ["\n".join(verdict.lines(max(width, 40))) for verdict in self]
        if self.edges:
            blocks.insert(1, self._edge_counts())
        return "\n\n".join([terminal_text(self.subject), *blocks])

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
        return f"<p><b>{html_text(self.subject)}</b></p>" + html_table(
            "", head, rows, below, prose=True
        )


_VERDICTS = ("graph", "two_state", "bouts", "forgetting")


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


def _restored_edge(edge: Mapping[str, Any]) -> EdgeVerdict:
    ends = {name: label_of(edge[name], name) for name in ("before", "skill")}
    return EdgeVerdict(**{**edge, **ends, **_numbers(edge, "gain", "error", "unready")})


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
