"""Decisions in sentences, for students and for teachers: templates that a platform can translate.

A template is a text with fields in braces, by audience and by the code of a reason. The fields are
the numbers and names of the decision; see `fields_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adaptlearn.errors import ParameterError
from adaptlearn.validation import some
from adaptlearn.wording import level, listed, quoted

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.decision import Decision

Templates = Mapping[str, Mapping[str, str]]

TEMPLATES: Templates = {
    "student": {
        "ready": "Next: {title}. You are ready for it.",
        "nearest_to_mastery": "Next: {title}. You have nearly got it.",
        "gain_per_minute": "Next: {title}. It brings you on most for the time it takes.",
        "target_success": "Next: {title}. It is neither too hard nor too easy for you now.",
        "learning_progress": "Next: {title}. You have been getting better at it.",
        "lowest_mastery": "Next: {title}. There is most to learn here.",
        "information": "Next: {title}. Your answers will show where you stand.",
        "fixed_order": "Next: {title}. It comes next in the course.",
        "review_due": "Time to look at {title} again, so that it stays with you.",
        "confirm": "Next: {title}. You probably know this; a little more makes sure.",
        "remediation": "Let us go back to {title}: it will help with what was hard.",
        "enrichment": "If you like: {title}.",
        "pinned": "{author} has chosen {title} for you.",
        "all_mastered": "You have mastered everything here. Well done!",
        "goal_reached": "You have reached your goal. Well done!",
        "ask_teacher": "Please ask your teacher: let us look at this together.",
        "barred": "There is nothing for you right now; please ask your teacher.",
        "none_open": "There is nothing you can start now; please ask your teacher.",
        "none_eligible": "There is nothing for you now.",
        "": "Next: {title}.",
    },
    "teacher": {
        "pinned": "{student}: {title}, chosen by {author} ({why}).",
        "review_due": "{student}: review of {title}, which keeps {skills} fresh.",
        "confirm": (
            "{student}: {title}, to make sure of {skills} (mastery {mastery}; mastered from "
            "{threshold}); chosen with probability {propensity} among {n_candidates}.{runner_up}"
        ),
        "remediation": "{student}: back to {title}, since practice of what builds on it stalls.",
        "all_mastered": "{student} has mastered the curriculum.",
        "goal_reached": "{student} has reached the goal.",
        "ask_teacher": "{student} does not get on, and no lesson helps: please look.",
        "barred": "{student} has no lesson: all that could be given are banned or deferred.",
        "none_open": "{student} has no open lesson: the curriculum has none that fits.",
        "none_eligible": "{student} has no lesson that the policy allows.",
        "": (
            "{student}: {title}, for {skills} (mastery {mastery}); chosen with probability "
            "{propensity} among {n_candidates}.{runner_up}"
        ),
    },
}
"""English. The empty code stands for all that have no template of their own."""


def fields_of(decision: Decision) -> dict[str, Any]:
    """What templates may name.

    ``student``, ``title`` (the lesson, in quotation marks), ``skills``, ``mastery``,
    ``threshold``, ``score``, ``propensity``, ``n_candidates``, ``n_tied``, ``purpose``,
    ``code``, ``author`` and ``why`` (of the override that chose), and ``runner_up``, a sentence
    on the next best lesson and how far behind it is, or nothing.
    """
    reason = decision.reason
    pin = next((one for one in decision.overrides if one.action == "pin"), None)
    levels = (level(skill.mastery, reason.threshold) for skill in reason.skills)
    return {
        "student": decision.student,
        "title": quoted(reason.title),
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
        "runner_up": _runner_up(decision),
    }


def sentence(
    decision: Decision, audience: str = "student", templates: Templates = TEMPLATES
) -> str:
    """A decision in words.

    Parameters
    ----------
    decision : Decision
    audience : str
        ``"student"`` or ``"teacher"``, or another that `templates` has.
    templates : mapping of audience to mapping of code to text

    Raises
    ------
    ParameterError
        There is no such audience, no template for the code, or one names a field that does not
        exist.
    """
    if audience not in templates:
        raise ParameterError(
            "sentence", [f"no templates for the audience {audience!r}; there are {some(templates)}"]
        )
    mine = templates[audience]
    template = mine.get(decision.reason.code, mine.get(""))
    if template is None:
        raise ParameterError(
            "sentence", [f"no template for the code {decision.reason.code!r}, and none for ''"]
        )
    fields = fields_of(decision)
    try:
        return template.format(**fields)
    except (KeyError, IndexError) as error:
        raise ParameterError(
            "sentence",
            [f"the template {template!r} names {error}; there are {some(fields, 20)}"],
        ) from None


def _runner_up(decision: Decision) -> str:
    """The next best lesson, and what would change the choice."""
    others = [one for one in decision.candidates if one.lesson != decision.lesson]
    if not others or decision.score is None:
        return ""
    best = max(others, key=lambda one: one.score)
    behind = decision.score - best.score
    if behind <= 0:
        return f" {quoted(best.lesson)} was as good."
    return f" {quoted(best.lesson)} would be next: it scores {behind:.3g} less."
