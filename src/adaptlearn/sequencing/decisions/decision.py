"""One decision: what was chosen, of what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple

from adaptlearn.errors import ModelFileError, ParameterError
from adaptlearn.labels import Label, as_label
from adaptlearn.media import terminal_text
from adaptlearn.sequencing.decisions.checks import (
    CANDIDATE,
    DECISION,
    REASON,
    SKILL,
    alert_problems,
    field_problems,
    whole_problems,
)
from adaptlearn.sequencing.decisions.templates import TEMPLATES, Templates, filled
from adaptlearn.sequencing.overrides import Override
from adaptlearn.validation import some
from adaptlearn.wording import level, listed, quoted, shown

PINNED = "pinned"
"""The reason's code if a teacher chose the lesson."""


class NoLesson(StrEnum):
    """The codes of the reasons for decisions without a lesson.

    ``NONE_ELIGIBLE``: the policy has no criterion for mastery, and allows no lesson.
    ``ALL_MASTERED``, ``GOAL_REACHED``: nothing is left to learn, and no review is due.
    ``ASK_TEACHER``: practice no longer helps, so a teacher should help the student. ``NONE_OPEN``:
    skills are left to learn, but the student is not ready for any lesson on them. ``BARRED``:
    teachers banned or deferred every lesson that the student could have been given.
    """

    NONE_ELIGIBLE = "none_eligible"
    ALL_MASTERED = "all_mastered"
    GOAL_REACHED = "goal_reached"
    ASK_TEACHER = "ask_teacher"
    NONE_OPEN = "none_open"
    BARRED = "barred"


class ScoredLesson(NamedTuple):
    """A lesson that the sequencer could have chosen.

    Attributes
    ----------
    lesson : label
    score : float
    propensity : float
        The probability of choosing this lesson at this rank, given the lessons of the earlier
        ranks.
    """

    lesson: Label
    score: float
    propensity: float


class SkillMastery(NamedTuple):
    """What was known about a skill at the time of a decision.

    Attributes
    ----------
    skill : label
    mastery : float
    answers : int
        How many answers the student gave on the skill.
    recent : str
        The latest answers as text, with ``1`` for right and ``0`` for wrong. The last answer is at
        the end of `recent`. `recent` is empty if the tracker does not keep the answers.
    """

    skill: Label
    mastery: float
    answers: int = 0
    recent: str = ""


@dataclass(frozen=True)
class Reason:
    """Why this lesson was chosen, or why no lesson was chosen.

    Attributes
    ----------
    code : str
        A short name for the reason, stored at the time of the choice. ``"confirm"``: the lesson
        confirms skills that the student already knows well enough. ``"pinned"``: a teacher chose.
        If there is no lesson, the code is a value of `NoLesson`. All other codes are names that the
        policy defines.
    text : str
        One or more sentences.
    skills : tuple of SkillMastery
        The skills the lesson teaches.
    threshold : float or None
        The mastery from which a skill counted as mastered; None if the policy has no threshold.
    title : str
        The lesson's title.
    builds_on : tuple of label
        The direct prerequisites of the lesson's unmastered skills that the student already knows.
        `builds_on` is empty if the policy ignores prerequisites.
    """

    code: str
    text: str
    skills: tuple[SkillMastery, ...] = ()
    threshold: float | None = None
    title: str = ""
    builds_on: tuple[Label, ...] = field(default=(), compare=False)  # older records have none

    def __str__(self) -> str:
        return terminal_text(self.text)


class Alert(NamedTuple):
    """Something that a teacher should know about the student of a decision.

    Attributes
    ----------
    code : str
        ``"clock"``: the time of the student's last answer is later than the time of the decision.
        With the alert ``"clock"``, P(recall) is computed for the time of the student's last answer.
        ``"stuck"``: practice of a skill no longer helps. ``"evidence"``: the lesson builds on a
        skill that counts as known after few answers.
    details : dict of str to number, text or bool
        For the code ``"clock"``, the details contain ``ahead``: how many seconds the answer is
        later than the decision. For the other codes, the details contain ``skill``, and
        ``answers``, the number of answers on this skill. For the code ``"stuck"``, the details also
        contain ``teacher``: whether a teacher should help the student.
    """

    code: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """One recommendation; the student may have followed it or not.

    Attributes
    ----------
    id : str
        By default, the id is a digest of the decision's content, including the draw and the time.
        The same decision in the same state always has the same id, so you can merge logs.
    student : label
    lesson : label or None
        The chosen lesson; None if the student may not do any lesson now.
    rank : int
        The rank of the lesson among the lessons of one call: 1 for the first choice. The lesson of
        each later rank is drawn from the remaining lessons.
    score : float or None
    propensity : float
        The probability of choosing this lesson at this rank, given the lessons of the earlier
        ranks.
    propensity_method : str
        ``"exact"``: the propensity was computed. ``"monte_carlo"``: the propensity was estimated by
        sampling. ``"override"``: a teacher chose, so the propensity says nothing about the policy.
    propensity_error : float
        The standard error of the propensity if it was sampled; otherwise 0.
    purpose : str or None
        The purpose of the lesson: ``"new"``, ``"review"``, ``"remediation"``, ``"enrichment"`` or
        ``"assigned"``; None if there is no lesson.
    candidates : tuple of ScoredLesson
        All lessons with a propensity above 0; their propensities sum to 1. The candidates also
        include the lessons with the best scores among the lessons with propensity 0.
    n_candidates, n_tied : int
        How many lessons were eligible at this rank, and how many of these lessons had the best
        score.
    draw : float
        The uniform random number in [0, 1) that determined the choice. To repeat the choice, add up
        the candidates' propensities in the curriculum's order. The chosen lesson is the first
        candidate at which the sum exceeds the draw.
    reason : Reason
    overrides : tuple of Override
        The overrides that applied to this student at the time of the decision.
    model, policy, curriculum : str
        The fingerprints of the model, the policy and the curriculum.
    time : float or None
        The time of the decision in seconds: since 1970 in UTC, or since the start of the caller's
        own clock. The time is None if no time was passed to the sequencer.
    review : str or None
        The fingerprint of the review schedule; None if the sequencer had no review schedule.
    review_target : float or None
        A skill was due for review if its P(recall) was below this target; None if the schedule has
        no target.
    alerts : tuple of Alert
        Other facts that a teacher should know about the student.
    """

    id: str
    student: Label
    lesson: Label | None
    rank: int
    score: float | None
    propensity: float
    propensity_method: str
    propensity_error: float
    purpose: str | None
    candidates: tuple[ScoredLesson, ...]
    n_candidates: int
    n_tied: int
    draw: float
    reason: Reason
    overrides: tuple[Override, ...]
    model: str
    policy: str
    curriculum: str
    time: float | None
    review: str | None = None
    review_target: float | None = None
    alerts: tuple[Alert, ...] = field(default=(), hash=False)

    @property
    def by_policy(self) -> bool:
        """Whether the policy made the choice; only the policy's own choices show how good it is."""
        return self.propensity_method != "override"

    def sentence(self, audience: str = "student", templates: Templates = TEMPLATES) -> str:
        """The decision in words: see `adaptlearn.sequencing.decisions.sentence`."""
        return sentence(self, audience, templates)

    def to_dict(self) -> dict[str, Any]:
        """Convert to a dict of plain values that JSON can store."""
        content = vars(self).copy()
        content["candidates"] = [candidate._asdict() for candidate in self.candidates]
        content["overrides"] = [override.to_dict() for override in self.overrides]
        content["alerts"] = [[alert.code, dict(alert.details)] for alert in self.alerts]
        content["reason"] = vars(self.reason).copy()
        content["reason"]["skills"] = [skill._asdict() for skill in self.reason.skills]
        content["reason"]["builds_on"] = [*self.reason.builds_on]
        for part, name in ((content, "alerts"), (content["reason"], "builds_on")):
            if not part[name]:  # as decisions without any have always been written
                del part[name]
        return content

    def renamed(self, student: Label) -> Decision:
        """The same decision, under its id, with another label for the student.

        A store may keep students under keys, which their readers do not know.
        """
        if student == self.student:
            return self
        mine = [replace(one, student=None if one.student is None else student)
                for one in self.overrides]  # fmt: skip
        return replace(self, student=student, overrides=tuple(mine))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Decision:
        """Build a decision from the output of `to_dict`.

        Raises
        ------
        ModelFileError
            The error lists every field that is missing, or whose value a decision cannot have.
        """
        given: Any = content
        if problems := _problems(given):
            name = shown(given.get("id")) if isinstance(given, Mapping) else "of no id"
            raise ModelFileError(f"saved decision {name}", problems)
        reason = dict(content["reason"])
        reason["skills"] = tuple(SkillMastery(**skill) for skill in reason.get("skills", ()))
        reason["builds_on"] = tuple(reason.get("builds_on", ()))
        candidates = tuple(ScoredLesson(**candidate) for candidate in content["candidates"])
        overrides = tuple(Override(**override) for override in content["overrides"])
        alerts = tuple(Alert(code, dict(told)) for code, told in content.get("alerts", ()))
        parts = {"candidates": candidates, "overrides": overrides, "reason": Reason(**reason)}
        return cls(**{**content, **parts, "alerts": alerts})


def _problems(content: Any) -> list[str]:
    """What keeps plain values from being a decision."""
    problems = field_problems("decision", content, DECISION, _given(Decision))
    if problems:
        return problems
    problems = field_problems("reason", content["reason"], REASON, _given(Reason))
    lists = {
        "candidates": content["candidates"],
        "overrides": content["overrides"],
        "skills of the reason": () if problems else content["reason"].get("skills", ()),
        "skills that it builds on": () if problems else content["reason"].get("builds_on", ()),
    }
    problems += [
        f"{name} must be a list, got {shown(listed)}"
        for name, listed in lists.items()
        if not isinstance(listed, (list, tuple))
    ]
    if problems:
        return problems
    candidates, overrides, skills, before = lists.values()
    problems += [
        f"the reason builds on {shown(one)}; expected a label"
        for one in before
        if as_label(one) is None
    ]
    for one in candidates:
        problems += field_problems("candidate", one, CANDIDATE, _given(ScoredLesson))
    for one in skills:
        problems += field_problems("skill", one, SKILL, _given(SkillMastery))
    for one in overrides:
        problems += _override_problems(one)
    problems += alert_problems(content.get("alerts", ()))
    return problems or whole_problems(content, {*NoLesson})


def _override_problems(content: Any) -> list[str]:
    problems = field_problems("override", content, {}, _given(Override))
    if not problems:
        try:
            Override(**content)
        except ParameterError as error:
            return [*error.problems]
    return problems


def _given(kind: Any) -> dict[str, bool]:
    """The fields of a dataclass or named tuple, and whether they have no default."""
    if hasattr(kind, "_field_defaults"):
        return {name: name not in kind._field_defaults for name in kind._fields}
    return {one.name: one.default is MISSING for one in fields(kind)}


def fields_of(decision: Decision) -> dict[str, Any]:
    """The fields that templates may use, with their values for one decision.

    The fields are ``student``, ``name`` (the lesson's title), ``title`` (the same title in
    quotation marks), ``known`` (what the lesson builds on), ``skills``, ``mastery``, ``threshold``,
    ``score``, ``propensity``, ``n_candidates``, ``n_tied``, ``purpose``, ``code``, and ``author``
    and ``why`` (of the override that chose the lesson, if there is one). Two more fields,
    ``chance`` and ``runner_up``, are a whole sentence or empty. The sentence in ``chance`` says how
    probable this choice was, if other choices were possible. The sentence in ``runner_up`` names
    the next best lesson.
    """
    reason = decision.reason
    pin = next((one for one in decision.overrides if one.action == "pin"), None)
    levels = (level(skill.mastery, reason.threshold) for skill in reason.skills)
    return {
        "student": decision.student,
        "name": reason.title,
        "title": quoted(reason.title),
        "known": listed(map(str, reason.builds_on)),
        "skills": listed(quoted(skill.skill) for skill in reason.skills),
        "mastery": listed(levels),
        "threshold": "" if reason.threshold is None else f"{reason.threshold:g}",
        "score": "" if decision.score is None else f"{decision.score:.3g}",
        "propensity": f"{decision.propensity:.2f}",
        "n_candidates": decision.n_candidates,
        "n_tied": decision.n_tied,
        "purpose": decision.purpose or "",
        "code": reason.code,
        "author": "" if pin is None else pin.author,
        "why": "" if pin is None else pin.reason,
        "chance": _chance(decision),
        "runner_up": _runner_up(decision),
    }


def sentence(
    decision: Decision, audience: str = "student", templates: Templates = TEMPLATES
) -> str:
    """Describe a decision and its alerts in words; an alert without a template is left out.

    Parameters
    ----------
    decision : Decision
    audience : str
        The reader of the text: ``"student"``, ``"family"``, ``"teacher"``, or another audience for
        which `templates` has texts.
    templates : mapping of audience to mapping of code to text

    Raises
    ------
    ParameterError
        The error is raised if `templates` has no text for the audience or for the reason's code, or
        if a template contains an unknown field.
    """
    given: Any = templates  # by a platform
    if not isinstance(given, Mapping) or audience not in given:
        there = some(given) if isinstance(given, Mapping) else shown(given)
        raise ParameterError(
            "sentence", [f"no templates for the audience {audience!r}; there are {there}"]
        )
    mine = given[audience]
    code = decision.reason.code
    if decision.reason.builds_on and isinstance(mine, Mapping) and f"{code}_because" in mine:
        code = f"{code}_because"
    template = mine.get(code, mine.get("")) if isinstance(mine, Mapping) else None
    if template is None:
        raise ParameterError(
            "sentence", [f"no template for the code {decision.reason.code!r}, and none for ''"]
        )
    told = [filled(template, fields_of(decision))]
    for code, details in decision.alerts:
        words = "alert_teacher" if details.get("teacher") else f"alert_{code}"
        if words in mine:  # an audience without words for it is not told
            fields = {"student": decision.student, **details}
            if "skill" in details:
                fields["skill"] = quoted(details["skill"])
            told.append(filled(mine[words], fields))
    return " ".join(told)


def _chance(decision: Decision) -> str:
    """How likely the choice was, where it could have been another."""
    if decision.propensity >= 1 or decision.propensity_method == "override":
        return ""
    return f" Drawn by chance, with probability {level(decision.propensity, 1.0)}."


def _runner_up(decision: Decision) -> str:
    """The next best lesson."""
    others = [one for one in decision.candidates if one.lesson != decision.lesson]
    if not others or decision.score is None:
        return ""
    best = max(others, key=lambda one: one.score)
    if decision.score <= best.score:
        return f" As good: {quoted(best.lesson)}."
    return f" Next best: {quoted(best.lesson)}."
