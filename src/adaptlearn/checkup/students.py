"""Students who say little, and answers no student is likely to give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Finding
from adaptlearn.labels import labels_at
from adaptlearn.numerics import Floats
from adaptlearn.wording import counted, named, share

_UNLIKELY = 20  # answers of the other kind that an average student would have given


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
        "They say where students begin, nothing of learning; their own predictions come "
        "before any evidence, so a metric that counts them measures averages.",
        "Keep them to fit. If they are many, see that `student` names a person, not a session "
        "or a device.",
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
            f"Everything {did}: {named(found, 'student')}, "
            f"{counted(int(answers[concerned].sum()), 'answer')} in all, where an average student "
            f"would have had {_UNLIKELY} or more {said}.",
            "Possible, but so are teachers' and test accounts, copied answers or an answer key "
            f"that failed; such histories pull `{'prior' if did == 'right' else 'learn'}`.",
            "Look at them; to fit without them: `log[~np.isin(log.student.values, "
            f"checkup['{code}'].labels)]`.",
            "student",
            len(found),
            found,
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
