"""Why a lesson was chosen, or none: a code, and sentences a teacher can read."""

from __future__ import annotations

from typing import NamedTuple

from adaptlearn.labels import Label
from adaptlearn.sequencing.knowledge.criteria import Criterion
from adaptlearn.sequencing.overrides import Override
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.wording import level, listed, quoted

CODES = {
    Purpose.REVIEW: "review_due",
    Purpose.REMEDIATION: "remediation",
    Purpose.ENRICHMENT: "enrichment",
    Purpose.ASSIGNED: "pinned",
}
"""Codes of reasons that follow from what a lesson is for."""

NO_LESSON = ("none_eligible", "all_mastered", "goal_reached", "ask_teacher", "none_open", "barred")
"""Codes of decisions without a lesson."""


class Choice(NamedTuple):
    """A lesson that was chosen, as the policy is asked to give its reason.

    Attributes
    ----------
    lesson, title : label, str
    skills : tuple of label
        The skills the lesson teaches.
    mastery : tuple of float
        Theirs, when the choice was made.
    mastered : tuple of bool
        Whether they counted as mastered.
    ready : tuple of bool
        Whether they were known well enough for what comes after; what is mastered is.
    score : float
    n_eligible, n_tied : int
        Lessons that could have been chosen, and those of them that scored as high.
    purpose : Purpose
    """

    lesson: Label
    title: str
    skills: tuple[Label, ...]
    mastery: tuple[float, ...]
    mastered: tuple[bool, ...]
    ready: tuple[bool, ...]
    score: float
    n_eligible: int
    n_tied: int
    purpose: Purpose


def reason_of(
    choice: Choice, threshold: float | None, leading: str, ready: Criterion | None = None
) -> tuple[str, str]:
    """A code and sentences for a choice of the library's own policies.

    The code of a new lesson that stands out is the name of the heaviest scorer, `leading`; of
    one whose skills are all mastered or `ready`, what is enough to go on, it is ``"confirm"``.
    """
    title = quoted(choice.title)
    below = "" if threshold is None else f", below {threshold:g}"
    still = listed(
        f"{quoted(skill)} (mastery {level(value, threshold)})"
        for skill, value, done in zip(choice.skills, choice.mastery, choice.mastered, strict=True)
        if not done
    )
    code = CODES.get(choice.purpose, "")
    skills = listed(map(quoted, choice.skills))
    if choice.purpose == Purpose.REVIEW:
        text = f"Time to review {title}: it keeps {skills} fresh."
    elif choice.purpose == Purpose.REMEDIATION:
        text = f"Back to {title}: {skills} comes before what does not get on now."
    elif choice.purpose == Purpose.ENRICHMENT:
        text = f"{title} is open as an extra."
    elif still and all(choice.ready):
        code = "confirm"
        text = f"{title} makes sure of what is probably known: {still}{below}."
    else:
        code = leading if choice.n_tied == 1 < choice.n_eligible else "ready"
        text = f"Ready for {title}: all that comes before it is {_known(ready)}"
        text += f", and it teaches {still}{below}." if still else "."
    if choice.n_tied > 1:
        return code, f"{text} Drawn from {choice.n_tied} lessons that score the same."
    if choice.n_eligible > 1:
        return code, f"{text} It has the best score of {choice.n_eligible} lessons that are open."
    return code, f"{text} It is the only lesson that is open."


def _known(ready: Criterion | None) -> str:
    if ready is None:
        return "mastered"
    return "known well enough" + ("" if ready.threshold is None else f" ({ready.threshold:g})")


def plain_reason(choice: Choice) -> tuple[str, str]:
    """The reason for a policy that gives none: its score."""
    if choice.n_eligible == 1:
        return "highest_score", f"{quoted(choice.title)} is the only lesson that may be given."
    text = (
        f"{quoted(choice.title)} has the highest score ({choice.score:.4g}) of "
        f"{choice.n_eligible} lessons that may be given."
    )
    if choice.n_tied > 1:
        text += f" Drawn from {choice.n_tied} with that score."
    return "highest_score", text


def no_lesson(code: str, n_unmastered: int) -> str:
    """The sentence for one of `NO_LESSON`."""
    skills = "1 skill is" if n_unmastered == 1 else f"{n_unmastered} skills are"
    them = "it" if n_unmastered == 1 else "them"
    return {
        "none_eligible": "The policy allows no lesson.",
        "all_mastered": "Every skill of the curriculum is mastered, and no review is due.",
        "goal_reached": "All that the goal asks for is mastered, and no review is due.",
        "ask_teacher": (
            f"A teacher should look: {skills} not mastered, and practice of what is open leads "
            "nowhere."
        ),
        "none_open": (
            f"No lesson is open: {skills} not mastered, but what comes before {them} is not known "
            f"well enough, or no lesson teaches {them}."
        ),
        "barred": "Teachers have banned or deferred every lesson that could be given now.",
    }[code]


def pinned(choice: Choice, override: Override) -> tuple[str, str]:
    """A code and a sentence for a lesson that a teacher chose."""
    return "pinned", f"{override.author} chose {quoted(choice.title)}: {override.reason}."
