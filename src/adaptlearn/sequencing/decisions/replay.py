"""A student's way, step by step: from answers to beliefs to decisions, from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adaptlearn.errors import UnknownLabelError
from adaptlearn.labels import Label, label_of, near_spellings
from adaptlearn.media import Markup, html_text, terminal_text
from adaptlearn.sequencing.decisions.decision import Decision, sentence
from adaptlearn.sequencing.decisions.templates import TEMPLATES, Templates
from adaptlearn.tables import html_table
from adaptlearn.wording import level


@dataclass(frozen=True)
class Step:
    """What the tracker knew about a student at one moment, and what was decided.

    Attributes
    ----------
    time : float or None
    beliefs : dict of skill to (before, now)
        For each skill of the lesson, the skill's earlier mastery and its mastery now. The earlier
        mastery is from the last earlier decision that recorded the skill; None if no earlier
        decision recorded the skill.
    answers : dict of skill to (new, recent)
        For each skill of the lesson, the number of new answers and the latest answers as text. New
        answers are answers since the last earlier decision that recorded the skill. In the text of
        the latest answers, ``1`` is right, ``0`` is wrong, and the last answer is at the end. The
        text of the latest answers is empty if the tracker does not keep the answers.
    decision : Decision
    says : str
        The decision in words.
    """

    time: float | None
    beliefs: dict[Label, tuple[float | None, float]]
    answers: dict[Label, tuple[int, str]]
    decision: Decision
    says: str


class Replay:
    """The decisions of one student, step by step, in order of time.

    Attributes
    ----------
    student : label
    steps : tuple of Step
    """

    def __init__(self, student: Label, steps: Iterable[Step]) -> None:
        self.student, self.steps = student, tuple(steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"Replay({self.student!r}, {len(self)} steps)"

    def table(self) -> dict[str, list[Any]]:
        """A table for any dataframe library: one row per step and skill of the step's lesson."""
        columns: dict[str, list[Any]] = {
            name: []
            for name in ("step", "time", "skill", "new_answers", "recent", "before", "mastery",
                         "lesson", "purpose", "code", "propensity")
        }  # fmt: skip
        for number, step in enumerate(self.steps, 1):
            for skill, (before, now) in step.beliefs.items() or [(None, (None, None))]:
                new, recent = step.answers.get(skill, (0, "")) if skill is not None else (0, "")
                row = (number, step.time, skill, new, recent, before, now, step.decision.lesson,
                       step.decision.purpose, step.decision.reason.code,
                       step.decision.propensity)  # fmt: skip
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
        return columns

    def __str__(self) -> str:
        lines = [f"{terminal_text(self.student)}: {len(self)} decisions"]
        for number, step in enumerate(self.steps, 1):
            when = "" if step.time is None else f" ({step.time:.15g} s)"
            lines.append(f"{number}.{when} {step.says}")
            lines += [f"   {told}" for told in _told(step)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = ["", "time", "answers and beliefs", "decision"]
        rows = [
            [
                str(number),
                "" if step.time is None else f"{step.time:.15g} s",
                Markup("<br>".join(map(html_text, _told(step)))),
                step.says,
            ]
            for number, step in enumerate(self.steps, 1)
        ]
        return html_table(str(self.student), head, rows)


def replay(
    decisions: Iterable[Decision | Mapping[str, Any]],
    student: Label,
    *,
    audience: str = "teacher",
    templates: Templates = TEMPLATES,
) -> Replay:
    """Step through one student's decisions in order of time.

    Parameters
    ----------
    decisions : iterable of Decision, or of what ``to_dict`` made of them
        The decisions may be about any students, and in any order. A decision that occurs twice
        counts once.
    student : label
    audience, templates : see `adaptlearn.sequencing.decisions.sentence`

    Returns
    -------
    Replay

    Raises
    ------
    UnknownLabelError
        The error is raised if there is no decision about this student.
    """
    student = label_of(student, "student")
    made = [one if isinstance(one, Decision) else Decision.from_dict(one) for one in decisions]
    mine = {one.id: one for one in made if one.student == student}
    if not mine:
        near = near_spellings(student, dict.fromkeys(one.student for one in made))
        raise UnknownLabelError("replay", [f"no decision is about {student!r}{near}"])
    # Without times the record's own order counts.
    order = sorted(mine.values(), key=lambda one: (one.time is not None, one.time or 0.0))
    held: dict[Label, tuple[float, int]] = {}
    steps = []
    for decision in order:
        beliefs, answers = {}, {}
        for skill in decision.reason.skills:
            before, count = held.get(skill.skill, (None, 0))
            beliefs[skill.skill] = (before, skill.mastery)
            answers[skill.skill] = (max(skill.answers - count, 0), skill.recent)
            held[skill.skill] = (skill.mastery, skill.answers)
        says = sentence(decision, audience, templates)
        steps.append(Step(decision.time, beliefs, answers, decision, says))
    return Replay(student, steps)


def _told(step: Step) -> list[str]:
    """What is known of each skill of a step's lesson, in words."""
    told = []
    for skill, (before, now) in step.beliefs.items():
        new, recent = step.answers[skill]
        answers = f"{new} new answer{'' if new == 1 else 's'}"
        if recent:
            answers += f" ({recent})"
        threshold = step.decision.reason.threshold
        was = "" if before is None else f"{level(before, threshold)} -> "
        told.append(f"{terminal_text(skill)}: {answers}, mastery {was}{level(now, threshold)}")
    return told
