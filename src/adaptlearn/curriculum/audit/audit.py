"""What is allowed in a curriculum but probably not meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import bmat, csr_array
from scipy.sparse.csgraph import connected_components

from adaptlearn.checkup import Checkup, Finding
from adaptlearn.curriculum.audit.evidence import (
    EdgeEvidence,
    Marks,
    evidence_of,
    marks_of_log,
    marks_of_matrix,
)
from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.curriculum.graph.bits import has_bit
from adaptlearn.curriculum.graph.lessons import doors_of
from adaptlearn.curriculum.graph.matrices import incidence, row
from adaptlearn.curriculum.graph.requirements import Attaining, Requirements
from adaptlearn.curriculum.graph.routines import redundant
from adaptlearn.errors import ParameterError
from adaptlearn.labels import plain
from adaptlearn.responses.log import as_log
from adaptlearn.validation import Interval, check_parameters, some
from adaptlearn.wording import counted, share

Labels = Sequence[Any]
_TOLD = 5  # prerequisites that students do without, in sentences
_VERB = re.compile(r"\[(e?s)\]")


class Audit(Checkup):
    """The findings of an audit, the most severe first; an audit is a `Checkup` of a curriculum.

    `print` shows the audit as text, and a notebook shows it as a table.
    ``audit["redundant"].labels`` are the labels that the finding ``redundant`` is about.

    Attributes
    ----------
    evidence : EdgeEvidence or None
        For every prerequisite, how many students have mastered the later skill without the
        prerequisite. `evidence` is None if the audit had neither a log nor a mastery matrix.
    """

    def __init__(
        self, subject: str, findings: Iterator[Finding], evidence: EdgeEvidence | None
    ) -> None:
        super().__init__(subject, findings)
        self.evidence = evidence


def audit_curriculum(
    curriculum: Curriculum,
    log: Any = None,
    mastered: Any = None,
    *,
    streak: int = 3,
    min_students: int = 20,
    tolerance: float = 0.2,
    confidence: float = 0.95,
) -> Audit:
    """Look for parts of a curriculum that are allowed but probably not intended.

    The audit can have the following findings, listed by code. ``unreachable``: no sequence of
    lessons leads to a skill. ``untaught``: no lesson teaches a skill (reviews and assessments do
    not count). ``no items``: a skill has no items. ``lesson without items``: no skill of a lesson
    has items. ``redundant``: a prerequisite follows from the other prerequisites (the transitive
    reduction leaves this prerequisite out). ``idle alternatives``: a group of alternatives has no
    effect, because all students who meet the other prerequisites also meet the group, or because an
    alternative itself needs the skill. ``islands``: skills that no prerequisite connects to the
    largest part of the graph. ``no prerequisites``: the curriculum has no prerequisites. ``backward
    credit``: a skill A encompasses a skill B, but A is a prerequisite of B. ``outside standards``:
    a skill belongs to no standard. ``unknown to the curriculum``: a log has a skill that the
    curriculum does not have. ``never practised``: a log has no answers on a skill.
    ``contradicted``: too many students have mastered a skill without its prerequisite.

    Parameters
    ----------
    curriculum : Curriculum
    log : ResponseLog or frame, optional
        Students' answers. If you do not pass `mastered`, the answers in `log` decide which skills
        each student has mastered. If a student's last `streak` answers on a skill were all right,
        the skill counts as mastered; otherwise as not mastered. If a student has fewer than
        `streak` answers on a skill, the student's mastery of the skill is unknown.
    mastered : array, shape (n_students, n_skills), optional
        Whether each student has mastered each skill: bools, or 0 and 1, with NaN for unknown. If
        you have a model's estimates of mastery, compare the estimates with a threshold, and pass
        the result.
    streak : int, default 3
    min_students : int, default 20
        The smallest number of students for the finding ``contradicted``. A student counts if the
        student has mastered the later skill and the student's mastery of the earlier skill is
        known.
    tolerance : float, default 0.2
        The largest share of students who may have mastered the later skill without the earlier
        skill. `tolerance` is above 0 because mastery is measured with error.
    confidence : float, default 0.95
        The confidence level of the interval for the share of students without the earlier skill.
        Each prerequisite has its own confidence interval. A prerequisite is contradicted if its
        whole interval lies above `tolerance`.

    Returns
    -------
    Audit

    Raises
    ------
    ParameterError
        The error is raised if `mastered` has a wrong shape or wrong values, or if an option is out
        of range.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.curriculum import audit_curriculum
    >>> school = Curriculum.from_dict(
    ...     {"prerequisites": [["count", "add"], ["add", "multiply"], ["count", "multiply"]]})
    >>> audit = audit_curriculum(school)
    >>> audit["redundant"].labels
    (('count', 'multiply'),)
    """
    if wrong := [*curriculum_problems(curriculum)]:
        raise ParameterError("audit_curriculum", wrong)
    _check_options(streak, min_students, tolerance, confidence)
    read = None if log is None else as_log(log)
    skills = curriculum.skills
    marks: Marks | None = None
    if mastered is not None:
        marks = marks_of_matrix(mastered, len(skills))
    elif read is not None:
        marks = marks_of_log(read, skills.tolist(), streak)
    evidence = None
    if marks is not None:
        evidence = evidence_of(
            curriculum.requirements,
            skills,
            marks,
            confidence=confidence,
            tolerance=tolerance,
            min_students=min_students,
        )

    def findings() -> Iterator[Finding]:
        for check in _CHECKS:
            yield from check(curriculum)
        if read is not None:
            yield from _coverage(curriculum, read.skill.labels.tolist())
        if evidence is not None:
            yield from _contradicted(evidence, tolerance, confidence)

    return Audit(repr(curriculum).strip("<>"), findings(), evidence)


def _check_options(streak: int, min_students: int, tolerance: float, confidence: float) -> None:
    check_parameters(
        "audit_curriculum",
        {"streak": streak, "min_students": min_students, "tolerance": tolerance,
         "confidence": confidence},
        {
            "streak": [Interval(1, 1000, integer=True)],
            "min_students": [Interval(1, 10**9, integer=True)],
            "tolerance": [Interval(0, 1, closed="left")],
            "confidence": [Interval(0, 1, closed="neither")],
        },
    )  # fmt: skip


def _finding(
    code: str, severity: Any, column: str, labels: Labels, said: tuple[str, str, str]
) -> Iterator[Finding]:
    """A finding about labels, if there are any.

    What was found begins with the plural of a noun; ``follow[s]`` stands for a verb of one or many.
    """
    if len(labels):
        found, consequence, remedy = said
        nouns, _, rest = found.partition(" ")
        number = counted(len(labels), nouns.removesuffix("s"))
        rest = _VERB.sub(r"\1" if len(labels) == 1 else "", rest)
        named = some([_arrow(label) for label in labels])
        yield Finding(
            code, severity, f"{number} {rest}: {named}", consequence, remedy, column,
            len(labels), tuple(labels)
        )  # fmt: skip


def _ends(label: Any) -> tuple[Any, Any]:
    """What comes before, alternatives as ``a or b``, and what comes after."""
    before, skill = label
    return " or ".join(map(str, before)) if isinstance(before, tuple) else before, skill


def _arrow(label: Any) -> Any:
    """A pair as a text such as ``add -> multiply``, alternatives as ``a or b -> c``."""
    if not isinstance(label, tuple):
        return label
    before, skill = _ends(label)
    return f"{before} -> {skill}"


def _teaching(curriculum: Curriculum) -> csr_array:
    """What lessons teach, without reviews and assessments, which teach nothing new."""
    teaches = ~curriculum.lessons_of_kind("review", "assessment")
    return csr_array(curriculum.teaches[np.flatnonzero(teaches)])


def _untaught(curriculum: Curriculum) -> Iterator[Finding]:
    taught = np.bincount(_teaching(curriculum).indices, minlength=len(curriculum.skills)) > 0
    yield from _finding(
        "untaught", "error", "skill", curriculum.skills[~taught].tolist(),
        ("skills that no lesson teaches", "No student can learn them, nor what needs them.",
         "Add a lesson, or take the skills out."),
    )  # fmt: skip


def _unreachable(curriculum: Curriculum) -> Iterator[Finding]:
    """Skills to which no sequence of lessons leads, though a lesson teaches them."""
    teaching = _teaching(curriculum)
    n_lessons, n_skills = teaching.shape
    taught = np.bincount(teaching.indices, minlength=n_skills) > 0
    lessons = doors_of(teaching, curriculum.requirements)
    # Skills and lessons in one graph: a skill needs one of its lessons (without any, itself, which
    # is never there), a lesson what its skills need from outside it.
    lessons_of = csr_array(teaching.T.tocsr()[np.flatnonzero(taught)])
    never = incidence(np.flatnonzero(~taught), np.flatnonzero(~taught), (n_skills, n_skills))
    number = incidence(
        np.flatnonzero(taught), np.arange(int(taught.sum())), (n_skills, int(taught.sum()))
    )
    nothing = csr_array((n_skills + n_lessons, n_lessons), dtype=np.int32)
    front = Attaining(
        Requirements(
            _blocks(
                [[never, nothing[:n_skills]], [lessons.entries @ lessons.needs, nothing[n_skills:]]]
            ),
            _blocks([[None, lessons_of], [lessons.groups, None]]),
            _blocks([[number, None], [None, lessons.entries @ lessons.groups_of]]),
        )
    )
    front.advance()
    lost = np.array(front.step[:n_skills]) < 0
    yield from _finding(
        "unreachable", "error", "skill", curriculum.skills[lost & taught].tolist(),
        ("skills to which no sequence of lessons leads",
         "Their lessons never open: something that comes before is not taught, or only by "
         "lessons that wait for these.",
         "Teach what comes before, or drop a prerequisite."),
    )  # fmt: skip


def _blocks(parts: list[list[Any]]) -> csr_array:
    joined: Any = bmat(parts, format="csr")  # an array or, of old SciPy, a matrix
    return csr_array(joined)


def _items(curriculum: Curriculum) -> Iterator[Finding]:
    if not len(curriculum.items):
        return
    seen = np.bincount(curriculum.exercises.indices, minlength=len(curriculum.skills)) > 0
    yield from _finding(
        "no items", "warning", "skill", curriculum.skills[~seen].tolist(),
        ("skills without items", "Nobody can see whether they are mastered.",
         "Add items, or leave these skills to others."),
    )  # fmt: skip
    shown = curriculum.teaches @ seen > 0
    yield from _finding(
        "lesson without items", "warning", "lesson", curriculum.lessons[~shown].tolist(),
        ("lessons without items on their skills", "They are given again and again: no "
         "answer can end them.", "Add items."),
    )  # fmt: skip


def _redundant(curriculum: Curriculum) -> Iterator[Finding]:
    """What follows from the rest; see Aho, Garey & Ullman (1972), SIAM J. Comput. 1(2)."""
    requirements, skills = curriculum.requirements, curriculum.skills
    edge, group = redundant(requirements, curriculum.required_bits)
    needs = np.repeat(np.arange(len(skills)), np.diff(requirements.all_of.indptr))
    before = skills[requirements.all_of.indices[edge]].tolist()
    yield from _finding(
        "redundant", "note", "skill",
        list(zip(before, skills[needs[edge]].tolist(), strict=True)),
        ("prerequisites that follow[s] from the others",
         "They change nothing that a student may do.",
         "Drop them: what is left says the same."),
    )  # fmt: skip
    bits = curriculum.required_bits
    owner = requirements.owner
    idle = []
    for number in range(requirements.groups.shape[0]):
        members = row(requirements.groups, number)
        own = np.full(len(members), owner[number])
        if group[number] or has_bit(bits, np.array(members), own).any():
            labels = tuple(skills[members].tolist())
            idle.append((labels, plain(skills[owner[number]])))
    yield from _finding(
        "idle alternatives", "note", "skill", idle,
        ("groups of alternatives that leave[s] less choice than expected",
         "The rest of the prerequisites meets the group anyway, or one of its skills itself "
         "needs the skill that it should open.",
         "Drop the group, or that alternative."),
    )  # fmt: skip


def _islands(curriculum: Curriculum) -> Iterator[Finding]:
    if curriculum.may_need.nnz == 0:
        yield from _finding(
            "no prerequisites", "warning", "skill", curriculum.skills.tolist(),
            ("skills and no prerequisites", "All are open from the start, in no order.",
             "Say what comes before what."),
        )  # fmt: skip
        return
    n_parts, part = connected_components(curriculum.may_need, directed=False)
    sizes = np.bincount(part)
    outside = part != np.argmax(sizes)
    alone = counted(int((sizes == 1).sum()), "single skill")
    apart = f" (they form {n_parts - 1} groups, {alone} among these)" if n_parts > 2 else ""
    found = f"skills that no prerequisite joins to the largest group, of {sizes.max()}{apart}"
    yield from _finding(
        "islands", "note", "skill", curriculum.skills[outside].tolist(),
        (found, "Nothing says when they come, before or after the rest.",
         "Say what they need, if they need anything."),
    )  # fmt: skip


def _backward_credit(curriculum: Curriculum) -> Iterator[Finding]:
    weights, skills = curriculum.encompasses, curriculum.skills
    whole = np.repeat(np.arange(len(skills)), np.diff(weights.indptr))
    # The part needs the whole: bit `whole` in the row of the part.
    backward = has_bit(curriculum.required_bits, weights.indices, whole)
    pairs = zip(skills[whole[backward]].tolist(), skills[weights.indices[backward]].tolist(),
                strict=True)  # fmt: skip
    yield from _finding(
        "backward credit", "warning", "skill", list(pairs),
        ("skills that encompass[es] one that comes later",
         "Practice of the earlier skill would count for the later one.",
         "Turn the encompassing round."),
    )  # fmt: skip


def _outside_standards(curriculum: Curriculum) -> Iterator[Finding]:
    if not len(curriculum.standards):
        return
    inside = np.bincount(curriculum.standards.skills.indices, minlength=len(curriculum.skills)) > 0
    yield from _finding(
        "outside standards", "note", "skill", curriculum.skills[~inside].tolist(),
        ("skills in no standard", "They count for none that a student may finish.",
         "Add them to a standard, or let them stand."),
    )  # fmt: skip


_CHECKS: tuple[Callable[[Curriculum], Iterator[Finding]], ...] = (
    _untaught,
    _unreachable,
    _items,
    _redundant,
    _islands,
    _backward_credit,
    _outside_standards,
)


def _coverage(curriculum: Curriculum, practised: list[Any]) -> Iterator[Finding]:
    place = curriculum.skill_index.place
    yield from _finding(
        "unknown to the curriculum", "warning", "skill",
        [label for label in practised if label not in place],
        ("skills of the log that the curriculum lacks", "Answers on them count for nothing.",
         "Add them, or map their labels."),
    )  # fmt: skip
    seen = set(practised)
    yield from _finding(
        "never practised", "note", "skill", [label for label in place if label not in seen],
        ("skills on which the log has no answer", "Nothing is known of them.",
         "Look whether the labels agree."),
    )  # fmt: skip


def _contradicted(evidence: EdgeEvidence, tolerance: float, confidence: float) -> Iterator[Finding]:
    order = np.flatnonzero(evidence.contradicted)
    order = order[np.argsort(-evidence.lower[order], kind="stable")]
    labels = [
        (before[0] if len(before) == 1 else before, plain(evidence.skill[place]))
        for place in order.tolist()
        if (before := evidence.before[place])
    ]
    shown = order[:_TOLD].tolist()
    told = " ".join(
        f"Of {evidence.students[place]} students who have mastered {later!r}, "
        f"{evidence.without[place]} have not mastered {earlier!r} ({confidence:.0%} interval: "
        f"{share(evidence.lower[place], 1)} to {share(evidence.upper[place], 1)})."
        for place, (earlier, later) in zip(shown, map(_ends, labels), strict=False)
    )
    yield from _finding(
        "contradicted", "warning", "skill", labels,
        (f"prerequisites that students do without. {told} In all",
         f"An interval above {tolerance:.0%} says that students are kept from what they could "
         "learn.",
         "Drop the prerequisite, or check the items of the earlier skill; the attribute `evidence` "
         "has the counts of all."),
    )  # fmt: skip
