"""Decisions in sentences: templates over the code of the reason, which a platform can translate.

A template is a text with fields in braces. The fields are the numbers and names of the decision;
see `adaptlearn.sequencing.decisions.fields_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.media import terminal_text
from adaptlearn.validation import some
from adaptlearn.wording import shown

Templates = Mapping[str, Mapping[str, str]]

# A brace that is shown, a field, text between, or a brace that has no other.
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]")

TEMPLATES: Templates = {
    "student": {
        "ready": "Next: {name}. You are ready for it.",
        "ready_because": "Next: {name}. You are ready for it, because you know {known}.",
        "nearest_to_mastery": "Next: {name}. You almost know it.",
        "gain_per_minute": "Next: {name}. You can learn a lot from it now.",
        "gain_per_minute_because": "Next: {name}. You are ready for it, because you know {known}.",
        "target_success": "Next: {name}. It is not too easy and not too hard for you.",
        "learning_progress": "Next: {name}. You are getting better at it.",
        "lowest_mastery": "Next: {name}. You can still learn a lot here.",
        "information": "Next: {name}. Your answers will show what you know.",
        "fixed_order": "Next: {name}. It is the next lesson of the course.",
        "review_due": "Time to review {name}, so that you do not forget it.",
        "confirm": "Next: {name}. You probably know it. A few more questions will make sure.",
        "remediation": "Let us go back to {name}. It will help you with what was hard.",
        "enrichment": "If you like, try {name}.",
        "pinned": "{author} chose {name} for you.",
        "all_mastered": "You know everything here. Well done!",
        "goal_reached": "You have reached your goal. Well done!",
        "ask_teacher": "Please ask your teacher. You can look at this together.",
        "barred": "There is no lesson for you right now. Please ask your teacher.",
        "none_open": "There is no lesson that you can start now. Please ask your teacher.",
        "none_eligible": "There is no lesson for you now.",
        "": "Next: {name}.",
    },
    "family": {
        "ready_because": (
            "The next lesson for {student} is {name}. {student} knows {known} and is ready for it."
        ),
        "gain_per_minute_because": (
            "The next lesson for {student} is {name}. {student} knows {known} and is ready for it."
        ),
        "review_due": "{student} reviews {name} next, so that it is not forgotten.",
        "confirm": (
            "The next lesson for {student} is {name}. {student} probably knows it, and a few more "
            "questions will make sure."
        ),
        "remediation": ("{student} goes back to {name} next. It will help with what was hard."),
        "enrichment": "{student} can try {name} next. It is an extra.",
        "pinned": "The next lesson for {student} is {name}. {author} chose it.",
        "all_mastered": "{student} knows everything in this course.",
        "goal_reached": "{student} has reached the goal.",
        "ask_teacher": "{student} needs help with something. A teacher will look at it.",
        "barred": "{student} has no lesson right now. Please ask the teacher.",
        "none_open": "{student} has no lesson right now. Please ask the teacher.",
        "none_eligible": "{student} has no lesson right now.",
        "": "The next lesson for {student} is {name}.",
    },
    "teacher": {
        "pinned": "{student}: {title}, chosen by {author} ({why}).",
        "review_due": "{student}: review {title}, so as not to forget {skills}.",
        "confirm": (
            "{student}: {title}, to make sure of {skills} (mastery {mastery}, mastered from "
            "{threshold}). Lessons to choose from: {n_candidates}.{chance}{runner_up}"
        ),
        "remediation": "{student}: back to {title}, to help with what builds on it.",
        "all_mastered": "{student} has mastered the curriculum.",
        "goal_reached": "{student} has reached the goal.",
        "ask_teacher": "{student} is stuck, and no lesson is left that helps. Please look.",
        "barred": "{student} has no lesson: teachers have banned or deferred all that fit.",
        "none_open": "{student} has no lesson: the curriculum has none that {student} can start.",
        "none_eligible": "{student} has no lesson that the policy allows.",
        "alert_stuck": "{student} is making no progress with {skill} ({answers} answers).",
        "alert_teacher": "Please look: {student} is stuck on {skill} ({answers} answers).",
        "alert_evidence": (
            "There is little evidence that {student} knows {skill} (answers: {answers})."
        ),
        "alert_clock": (
            "The last answer of {student} is dated in the future. The device's clock may be wrong."
        ),
        "": (
            "{student}: {title}, for {skills} (mastery {mastery}). Lessons to choose from: "
            "{n_candidates}.{chance}{runner_up}"
        ),
    },
}
"""The English templates, by audience and code; the empty code is for all other codes.

If the decision records what the lesson builds on (the field ``known``), the template of the code
with ``_because`` at its end is used instead.

Templates whose code begins with ``alert_`` are for alerts. Their sentences come after the
decision's sentence. Their fields are ``student`` and the alert's details. ``alert_teacher`` is for
a student who is stuck for so long that a teacher should look. If an audience has no template for an
alert, its text leaves the alert out.
"""

ON_RECORD: Mapping[str, str] = {
    "pinned": "{author} chose {title}: {why}.",
    "none_eligible": "The policy allows no lesson.",
    "all_mastered": "Every skill of the curriculum is mastered, and no review is due.",
    "goal_reached": "All that the goal asks for is mastered, and no review is due.",
    "ask_teacher": (
        "A teacher should look: {number} not mastered, and practising the open lessons does not "
        "help."
    ),
    "none_open": (
        "No lesson is open: {number} not mastered, but what comes before {them} is not known well "
        "enough, or no lesson teaches {them}."
    ),
    "barred": "Teachers have banned or deferred every lesson that could be given now.",
    "remediation": "Back to {title}: the student has trouble with what builds on {skills}.",
}
"""The words of a `Reason` that are not its policy's (`Policy.sentences`)."""


def filled(template: str, fields: Mapping[str, Any]) -> str:
    """A template with its fields.

    A field is its name in braces, and nothing more: a template comes from a translator, and a
    part of a field or a width would be obeyed. What a field says is safe in a terminal.

    Raises
    ------
    ParameterError
        It is no text, has a brace alone, or names a field that does not exist.
    """
    if not isinstance(template, str):
        raise ParameterError("sentence", [f"a template must be a text, got {shown(template)}"])
    texts, names = _parts(template)
    alone = "has a brace alone; one that is shown stands there twice"
    wrong = [
        alone if name in ("{", "}") else f"names {shown(name)}; there are {some(fields, 20)}"
        for name in names
        if name not in fields
    ]
    if wrong:
        where = f"the template {shown(template)}"
        raise ParameterError("sentence", [f"{where} {problem}" for problem in wrong])
    said = [terminal_text(fields[name]) for name in names]
    return "".join(part for pair in zip_longest(texts, said, fillvalue="") for part in pair)


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[list[str], list[str]]:
    """The texts around the fields of a template, one more than these, and what is in the braces."""
    texts, names = [""], []
    for found in _PIECE.finditer(template):
        piece, name = found[0], found[1]
        if name is not None or piece in "{}":
            names.append(piece if name is None else name)
            texts.append("")
        else:
            texts[-1] += piece[0] if piece in ("{{", "}}") else piece
    return texts, names
