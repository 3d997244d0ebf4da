"""Students who say little, and answers no student is likely to give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from adaptlearn.checkup.copies import comparisons, copied_students
from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Finding
from adaptlearn.labels import labels_at
from adaptlearn.numerics import Floats
from adaptlearn.wording import counted, named, share, shown

_UNLIKELY = 20  # answers of the other kind that an average student would have given
_MOST_COMPARISONS = 500_000_000  # a second or two


def one_answer_students(facts: Facts) -> Iterator[Finding]:
    """Students with a single answer."""
    wrong, right = facts.students
    answers = wrong + right
    concerned = answers == 1
    if not concerned.any():
        return
    found = labels_at(facts.log.student.labels, concerned)
    everyone = int(np.count_nonzero(answers))
    yield Finding(
        "one-answer-students",
        "warning" if len(found) > 0.1 * everyone else "note",
        f"{counted(len(found), 'student')} of {everyone:,} "
        f"({share(len(found), everyone)}) gave a single answer.",
        "They say where students begin, but nothing about learning. They are predicted before any "
        "evidence, so a metric that counts them measures averages.",
        "Keep them for the fit. If they are many, make sure that `student` names a person, not a "
        "session or a device.",
        "student",
        len(found),
        found,
    )


def unlikely_students(facts: Facts) -> Iterator[Finding]:
    """Students all right, or all wrong, where average ones would often have been otherwise."""
    log = facts.log
    wrong, right = facts.students
    expected_right = _expected_right(facts)
    answers = wrong + right
    for code, none_of, expected, did, said in (
        ("students-all-right", wrong, answers - expected_right, "right", "wrong"),
        ("students-all-wrong", right, expected_right, "wrong", "right"),
    ):
        concerned = (none_of == 0) & (expected >= _UNLIKELY)
        if not concerned.any():
            continue
        found = labels_at(log.student.labels, concerned)
        yield Finding(
            code,
            "note",
            f"All answers {did}: {named(found, 'student')}, "
            f"{counted(int(answers[concerned].sum()), 'answer')} in all, where an average student "
            f"would have had {_UNLIKELY} or more {said}.",
            "This may be real. It may also be a teacher's or a test account, copied answers or a "
            f"wrong answer key. Such histories distort `{'prior' if did == 'right' else 'learn'}`.",
            "Look at them; to fit without them: `log[~np.isin(log.student.values, "
            f"checkup['{code}'].labels)]`.",
            "student",
            len(found),
            found,
        )


def copied_answers(facts: Facts) -> Iterator[Finding]:
    """Students whose answers are nearly those of another."""
    log = facts.log
    if log.item is None:
        return
    steps = comparisons(log)
    if steps > _MOST_COMPARISONS:
        yield Finding(
            "copied-students-not-sought",
            "note",
            f"Students with nearly the same answers were not looked for: it takes {steps:.1e} "
            f"comparisons, and a check makes {_MOST_COMPARISONS:.0e} at most.",
            "If one person is in the log under two names, a split by student does not notice.",
            "`adaptlearn.checkup.copied_students(log)` looks for them, however long it takes. Or "
            "check a part of the log.",
            "student",
            log.n_students,
        )
        return
    found = copied_students(log)
    if not len(found):
        return
    pairs = zip(found.first.tolist(), found.second.tolist(), found.shared, found.equal, strict=True)
    told = "; ".join(
        f"{shown(one)} and {shown(other)} ({equal:.1%} of {shared:,} items)"
        for one, other, shared, equal in islice(pairs, 3)
    )
    concerned = log.codes_of("student", found.students)
    rows = int(np.isin(log.student.codes, concerned).sum())
    yield Finding(
        "copied-students",
        "warning",
        f"Nearly the same answers to shared items, far more than by chance: "
        f"{counted(len(found), 'pair')} of students, {told}{'; …' if len(found) > 3 else ''}. The "
        f"{counted(len(concerned), 'student')} hold {share(rows, len(log))} of the log.",
        "Probably one person has two names, or answers were copied. If a split by student trains "
        "on one and tests on the other, a model that remembers items has seen the answers, so its "
        "metrics are too good.",
        "Keep them in one fold: `cross_validate(…, copies=True)`, `StudentSplit(copies=True)`; "
        "`adaptlearn.checkup.copied_students(log)` lists them. Without them: "
        "`log[~np.isin(log.student.values, checkup['copied-students'].labels)]`.",
        "student",
        len(concerned),
        found.students,
    )


def _expected_right(facts: Facts) -> Floats:
    """Per student: the right answers that the skills' averages would give, shape (n_students,)."""
    log, counts = facts.log, facts.skills
    rate = counts.right / np.maximum(counts.answers, 1)
    expected = rate[log.skill.codes]
    if log.skill_rows is not None:
        n_skills = np.bincount(log.skill_rows, minlength=len(log))
        expected = np.bincount(log.skill_rows, expected, len(log)) / np.maximum(n_skills, 1)
    expected = np.where(log.answered, expected, 0.0)
    per_student = np.bincount(log.student.codes, expected, log.n_students)
    return np.asarray(per_student, np.float64)
