"""Why a student may have a lesson now, or why not, and what would unlock it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.bits import pack, unpack
from adaptlearn.curriculum.graph.routines import reachable
from adaptlearn.labels import Label, plain
from adaptlearn.media import terminal_text
from adaptlearn.numerics import Bools, Floats
from adaptlearn.sequencing.detours import Left, Way
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.overrides import Override
from adaptlearn.sequencing.policies.policy import Policy
from adaptlearn.wording import level, listed, quoted

Status = Literal["eligible", "blocked", "mastered", "barred", "waiting", "refused"]
_ROUNDING = 1e-12
_WAITS = {
    "fresher": "another lesson on the same skills was done less often and comes first",
    "before": "the student is making no progress, so earlier skills come first",
    "teacher": "the student is making no progress, so a teacher should look first",
}


@dataclass(frozen=True)
class SkillStatus:
    """A skill of the lesson.

    Attributes
    ----------
    skill : label
    mastery : float
    mastered : bool or None
        `mastered` is None if the policy has no threshold.
    """

    skill: Label
    mastery: float
    mastered: bool | None


@dataclass(frozen=True)
class MissingPrerequisite:
    """A prerequisite of the lesson that is not mastered (or not known well enough).

    Attributes
    ----------
    skill : label
    mastery : float
    needed_by : label
    instead : tuple of label
        Alternatives: the student needs only one of them or `skill`.
    """

    skill: Label
    mastery: float
    needed_by: Label
    instead: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a student may or may not do a lesson now; ``str()`` returns the explanation as text.

    Attributes
    ----------
    student, lesson : label
    status : {"eligible", "blocked", "mastered", "barred", "waiting", "refused"}
        ``"barred"``: a teacher banned or deferred the lesson. ``"waiting"``: the lesson must wait
        for something else, which `waits_for` names. ``"refused"``: the policy does not allow the
        lesson.
    skills : tuple of SkillStatus
        The skills the lesson teaches.
    threshold : float or None
        A skill counts as mastered if its mastery is at least this number. The threshold is None if
        the policy has no threshold.
    enough : float or None
        If the mastery of a skill is at least this number, the student may learn the skills that
        build on it. If the policy's `ready` is None, this number is the threshold.
    missing : tuple of MissingPrerequisite
        The direct prerequisites that the student lacks.
    unlock : tuple of label
        The lessons that the student must do before this lesson, in order. With each lesson in
        `unlock`, the student learns the lesson's skills up to a mastery of `enough`. The student
        may do the first lesson in `unlock` now. `unlock` is empty if no other lesson is needed, or
        if no lesson helps.
    unreachable : tuple of label
        Missing skills that no sequence of lessons teaches.
    score : float or None
        The policy's score of the lesson; None if the lesson is not eligible.
    n_eligible, n_better, n_tied : int
        How many lessons are eligible, how many of these lessons have a higher score than this
        lesson, and how many have the same score (including this lesson).
    barred_by : tuple of Override
        The overrides that ban or defer the lesson.
    waits_for : {"fresher", "before", "teacher"} or None
        What the lesson must wait for. ``"fresher"``: another lesson teaches the same skills, and
        the student did it less often. ``"before"``: lessons on prerequisites come first, because
        the student is stuck on a skill. ``"teacher"``: a teacher should look.
    text : str
    """

    student: Label
    lesson: Label
    status: Status
    skills: tuple[SkillStatus, ...]
    threshold: float | None
    enough: float | None
    missing: tuple[MissingPrerequisite, ...]
    unlock: tuple[Label, ...]
    unreachable: tuple[Label, ...]
    score: float | None
    n_eligible: int
    n_better: int
    n_tied: int
    barred_by: tuple[Override, ...]
    waits_for: str | None
    text: str

    def __str__(self) -> str:
        return terminal_text(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Convert to a dict of plain values that JSON can store."""
        return asdict(self)


class _Standing(NamedTuple):
    """The lesson among those that may be given."""

    score: float | None
    n_eligible: int
    n_better: int
    n_tied: int


def explain(
    context: Context,
    policy: Policy,
    lesson: int,
    left: Left,
    *,
    barring: Sequence[Override] = (),
) -> Explanation:
    """Explain one lesson to one student.

    Parameters
    ----------
    context : Context
        Of this student alone.
    policy : Policy
    lesson : int
        The lesson's place in the curriculum.
    left : Left
        What may be given, and what is held back.
    barring : sequence of Override
        What teachers decided against the lesson.
    """
    curriculum = context.curriculum
    scores, eligible = np.zeros(len(curriculum.lessons)), np.zeros(len(curriculum.lessons), bool)
    now = left.fresh()
    scores[now.candidates.lesson], eligible[now.candidates.lesson] = now.value, True
    waits = left.to[left.held.lesson == lesson].tolist()
    if not eligible[lesson] and lesson in left.candidates.lesson:
        waits = [int(Way.FRESHER)]
    taught = _row(curriculum.teaches, lesson)
    mastery = context.mastery[0]
    threshold = _threshold(context, taught)
    mastered = None if context.mastered is None else context.mastered[0]
    skills = tuple(
        SkillStatus(plain(curriculum.skills[skill]), float(mastery[skill]),
                    None if mastered is None else bool(mastered[skill]))
        for skill in taught
    )  # fmt: skip
    missing: list[tuple[list[int], int]] = []
    route: list[int] = []
    lost: list[int] = []
    status: Status = "eligible" if eligible[lesson] else "refused"
    if waits:
        status = "barred" if waits[0] == Way.BARRED else "waiting"
    if mastered is not None and status == "refused":
        known = mastered if context.ready is None else context.ready[0] | mastered
        missing = _missing(curriculum, taught, mastered, known)
        if mastered[taught].all():
            status = "mastered"
        elif missing:
            status = "blocked"
            needed = {skill for ways, _ in missing for skill in ways}
            route, lost = _route(curriculum, lesson, needed, mastered, known)
    fields: dict[str, Any] = {
        "student": plain(context.students[0]),
        "lesson": plain(curriculum.lessons[lesson]),
        "status": status,
        "skills": skills,
        "threshold": threshold,
        "enough": threshold if policy.ready is None else policy.ready.threshold,
        "barred_by": tuple(barring),
        "waits_for": Way(waits[0]).name.lower() if status == "waiting" else None,
        "missing": tuple(
            MissingPrerequisite(plain(curriculum.skills[ways[0]]), float(mastery[ways[0]]),
                                plain(curriculum.skills[by]),
                                tuple(plain(curriculum.skills[way]) for way in ways[1:]))
            for ways, by in missing
        ),
        "unlock": tuple(plain(curriculum.lessons[step]) for step in route),
        "unreachable": tuple(plain(curriculum.skills[skill]) for skill in lost),
        **_standing(lesson, scores, eligible)._asdict(),
    }  # fmt: skip
    title = curriculum.lesson_titles[lesson]
    titles = [curriculum.lesson_titles[step] for step in route]
    explanation = Explanation(**fields, text="")
    return Explanation(**fields, text=_text(explanation, title, titles, policy.name))


def _threshold(context: Context, taught: list[int]) -> float | None:
    """The threshold of a lesson's skills, the highest if they differ."""
    if context.threshold is None:
        return None
    return float(np.broadcast_to(context.threshold, context.mastery.shape)[0, taught].max())


def _standing(lesson: int, scores: Floats, eligible: Bools) -> _Standing:
    n_eligible = int(eligible.sum())
    if not eligible[lesson]:
        return _Standing(None, n_eligible, 0, 0)
    margin = _ROUNDING * max(1.0, abs(float(scores[lesson])))
    gap = scores[eligible] - scores[lesson]
    n_better = int((gap > margin).sum())
    return _Standing(float(scores[lesson]), n_eligible, n_better, int((abs(gap) <= margin).sum()))


def _row(matrix: Any, row: int, among: Bools | None = None) -> list[int]:
    found = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return list((found if among is None else found[among[found]]).tolist())


def _missing(
    curriculum: Curriculum,
    taught: list[int],
    mastered: Bools,
    known: Bools,
) -> list[tuple[list[int], int]]:
    """Prerequisites from outside the lesson not known enough, each with a skill that needs it.

    A prerequisite is a list of skills, of which one is enough.
    """
    found: dict[tuple[int, ...], int] = {}
    for skill in taught:
        if mastered[skill]:
            continue
        needs = [[before] for before in _row(curriculum.prerequisites, skill, ~known)]
        groups = _row(curriculum.alternatives_of, skill)
        ways_of = (_row(curriculum.alternatives, group) for group in groups)
        needs += [ways for ways in ways_of if not known[ways].any()]
        for ways in needs:
            if not set(ways) & set(taught):
                found.setdefault(tuple(ways), skill)
    return [(list(ways), skill) for ways, skill in found.items()]


def _route(
    curriculum: Curriculum,
    goal: int,
    missing: set[int],
    mastered: Bools,
    known: Bools,
) -> tuple[list[int], list[int]]:
    """Lessons that open the goal one after the other; skills that stay out of reach.

    Open lessons that teach a skill on the way are taken in the curriculum's order, as if then
    known well enough, until the goal is open, all that is needed is known, or none is left.
    """
    needed = np.zeros(len(known), bool)
    needed[[*missing]] = True
    needed[reachable(curriculum.may_need, *missing)] = True
    standing = curriculum.standing(pack(~mastered[None]), pack(~known[None]))
    opened = np.flatnonzero(unpack(standing.open, 1)[0]).tolist()
    known = known.copy()
    needed_by, taught_by = curriculum.may_need.T.tocsr(), curriculum.teaches.T.tocsr()
    route: list[int] = []
    while (wanted := needed & ~known).any() and goal not in opened:
        learnt: list[int] = []
        for step in opened:
            taught = _row(curriculum.teaches, step)
            if wanted[taught].any():
                route.append(step)
                learnt += [skill for skill in taught if not known[skill]]
                known[taught] = True
                wanted[taught] = False
        if not learnt:
            return [], np.flatnonzero(wanted).tolist()
        # Only what needs a skill just learnt can open now: a long way costs its length.
        nearer = {lesson for skill in learnt for after in _row(needed_by, skill)
                  for lesson in _row(taught_by, after)}  # fmt: skip
        opened = [one for one in sorted(nearer) if _is_open(curriculum, one, mastered, known)]
    return route, []


def _is_open(curriculum: Curriculum, lesson: int, mastered: Bools, known: Bools) -> bool:
    """Whether a lesson is unfinished and misses nothing: `Standing.open`, of one lesson."""
    taught = _row(curriculum.teaches, lesson)
    return not mastered[taught].all() and not _missing(curriculum, taught, mastered, known)


def _text(found: Explanation, title: str, unlock: list[str], policy: str) -> str:
    who, sentences = found.student, []
    title = quoted(title)
    levels = listed(
        f"{quoted(skill.skill)} {level(skill.mastery, found.threshold)}" for skill in found.skills
    )
    limit = _limit(found.threshold)
    if found.status == "mastered":
        sentences.append(f"{who} has already mastered what {title} teaches: {levels}{limit}.")
    elif found.status == "barred":
        sentences.extend(
            f"{one.author} does not want {title} for {who} now: {one.reason}."
            for one in found.barred_by
        )
    elif found.status == "waiting":
        sentences.append(f"{title} is open to {who}, but waits: {_WAITS[str(found.waits_for)]}.")
        sentences.append(f"Mastery of what it teaches: {levels}{limit}.")
    elif found.status == "refused":
        sentences.append(f"The policy {policy} does not allow {title} for {who} now.")
        sentences.append(f"Mastery of what it teaches: {levels}{limit}.")
    elif found.status == "eligible":
        sentences.append(f"{title} is open to {who}. Mastery of what it teaches: {levels}{limit}.")
        sentences.append(_place(found))
    else:
        sentences.append(f"{title} is not open to {who} yet.")
        sentences.extend(
            f"{quoted(missing.needed_by)} needs {quoted(missing.skill)}{_instead(missing)} first. "
            f"Mastery of {quoted(missing.skill)} is {level(missing.mastery, found.enough)}"
            f"{_limit(found.enough)}."
            for missing in found.missing
        )
        if unlock:
            order = "" if len(unlock) == 1 else "in this order: "
            verb = "master" if found.enough == found.threshold else "learn"
            sentences.append(f"To get there, {verb} {order}{', then '.join(map(quoted, unlock))}.")
        else:
            out_of_reach = listed(map(quoted, found.unreachable))
            sentences.append(
                f"No lesson leads there: no lesson that can open teaches {out_of_reach}."
            )
    return terminal_text(" ".join(sentences))


def _limit(threshold: float | None) -> str:
    return "" if threshold is None else f" (threshold {threshold:g})"


def _instead(missing: MissingPrerequisite) -> str:
    return f" or {' or '.join(map(quoted, missing.instead))}" if missing.instead else ""


def _place(found: Explanation) -> str:
    if found.n_eligible == 1:
        return "It is the only lesson that may be given."
    if found.n_better:
        others = "1 other scores" if found.n_better == 1 else f"{found.n_better} others score"
        return f"Of {found.n_eligible} lessons that may be given, {others} higher."
    if found.n_tied > 1:
        return f"It is one of {found.n_tied} with the best score of {found.n_eligible}."
    return f"It has the best score of the {found.n_eligible} lessons that may be given."
