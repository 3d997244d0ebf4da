"""What a decision on record must be: constraints on its fields as data, and how they agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adaptlearn.labels import as_label
from adaptlearn.validation import Constraint, Interval, OneOf, Pattern, some
from adaptlearn.wording import shown


class _Label:
    """Labels of students, lessons and skills."""

    def accepts(self, value: Any) -> bool:
        return as_label(value) is not None

    def __str__(self) -> str:
        return "a text or an integer"


_Fields = Mapping[str, tuple[Constraint | _Label, ...]]
_NONE, _LABEL, _TEXT, _ANY_TEXT = OneOf((None,)), _Label(), Pattern(".+"), Pattern(".*")
_NUMBER, _SHARE, _COUNT = Interval(-1e300, 1e300), Interval(0, 1), Interval(0, 2**53, integer=True)
_NEAR = 1e-6  # how far sums of shares may stray

DECISION: _Fields = {
    "id": (_TEXT,),
    "student": (_LABEL,),
    "lesson": (_LABEL, _NONE),
    "rank": (Interval(1, 2**53, integer=True),),
    "score": (_NUMBER, _NONE),
    "propensity": (_SHARE,),
    "propensity_method": (_TEXT,),
    "propensity_error": (Interval(0, 1e300),),
    "purpose": (_TEXT, _NONE),
    "n_candidates": (_COUNT,),
    "n_tied": (_COUNT,),
    "draw": (Interval(0, 1, "left"),),
    "model": (_TEXT,),
    "policy": (_TEXT,),
    "curriculum": (_TEXT,),
    "time": (_NUMBER, _NONE),
    "review": (_TEXT, _NONE),
    "review_target": (_SHARE, _NONE),
}
REASON: _Fields = {
    "code": (_TEXT,),
    "text": (_ANY_TEXT,),
    "threshold": (_SHARE, _NONE),
    "title": (_ANY_TEXT,),
}
SKILL: _Fields = {
    "skill": (_LABEL,),
    "mastery": (_SHARE,),
    "answers": (_COUNT,),
    "recent": (Pattern("[01]*"),),
}
ALERTS: Mapping[str, _Fields] = {
    "clock": {"ahead": (Interval(0, 1e300),)},
    "stuck": {"skill": (_LABEL,), "answers": (_COUNT,), "teacher": (OneOf((True, False)),)},
    "evidence": {"skill": (_LABEL,), "answers": (_COUNT,)},
}
CANDIDATE: _Fields = {
    "lesson": (_LABEL,),
    "score": (_NUMBER, _NONE),
    "propensity": (_SHARE,),
}


def field_problems(
    what: str, content: Any, fields: _Fields, known: Mapping[str, bool]
) -> list[str]:
    """What is wrong with a mapping of fields, each by itself.

    Parameters
    ----------
    what : str
        What errors call it.
    content : object
    fields : mapping of str to constraints
    known : mapping of str to bool
        The fields that there are, and whether they must be given.
    """
    if not isinstance(content, Mapping):
        return [f"{what} must be a mapping, got {shown(content)}"]
    problems = [
        f"{what} lacks {name!r}" for name, must in known.items() if must and name not in content
    ]
    problems += [f"{what} has no field {shown(name)}" for name in content if name not in known]
    return problems + [
        f"{what}: {name} must be {' or '.join(map(str, allowed))}, got {shown(content[name])}"
        for name, allowed in fields.items()
        if name in content and not any(one.accepts(content[name]) for one in allowed)
    ]


def alert_problems(alerts: Any) -> list[str]:
    """What keeps plain values from being a list of alerts, pairs of a code and its details."""
    if not isinstance(alerts, (list, tuple)):
        return [f"alerts must be a list, got {shown(alerts)}"]
    problems = []
    for alert in alerts:
        pair = isinstance(alert, (list, tuple)) and len(alert) == 2
        if not pair or not isinstance(alert[0], str) or alert[0] not in ALERTS:
            told = f"alert must be a pair of {some(ALERTS)} and its details"
            problems.append(f"{told}, got {shown(alert)}")
            continue
        fields = ALERTS[alert[0]]
        problems += field_problems(
            f"alert {alert[0]!r}", alert[1], fields, dict.fromkeys(fields, True)
        )
    return problems


def whole_problems(content: Mapping[str, Any], without_lesson: Collection[str]) -> list[str]:
    """What is wrong with fields that are right one by one.

    Parameters
    ----------
    content : mapping
    without_lesson : collection of str
        The codes of decisions without a lesson.
    """
    lesson, candidates = content["lesson"], content["candidates"]
    shares = {one["lesson"]: one["propensity"] for one in candidates}
    problems = []
    if (lesson is None) != (content["reason"]["code"] in without_lesson):
        problems.append(f"lesson is {lesson!r}, the code {content['reason']['code']!r}")
    if (lesson is None) != (content["purpose"] is None):
        problems.append(f"lesson is {lesson!r}, its purpose {content['purpose']!r}")
    if len(shares) < len(candidates):
        problems.append("candidates name a lesson twice")
    if len(candidates) > content["n_candidates"]:
        problems.append(f"candidates are more than n_candidates, {content['n_candidates']}")
    if content["n_tied"] > content["n_candidates"]:
        problems.append("n_tied is more than n_candidates")
    # A teacher may choose what the policy would not.
    own = 1 if content["propensity_method"] == "override" or lesson is None else shares.get(lesson)
    if own is None or abs(own - content["propensity"]) > _NEAR:
        problems.append("propensity is not that of the lesson among the candidates")
    if candidates and abs(sum(shares.values()) - 1) > _NEAR:
        problems.append(f"propensities of the candidates sum to {sum(shares.values()):g}, not 1")
    return problems
