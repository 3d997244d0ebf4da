"""Skills whose answers cannot say what their parameters are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Finding
from adaptlearn.labels import labels_at
from adaptlearn.numerics import Bools
from adaptlearn.wording import counted, named, share, shown

_FEW = 10  # students, wrong or right answers

_POOLED = "BKT pulls it toward the parameters common to all skills."

# What keeps a skill from being identified: code, in words, consequence, remedy.
_REASONS = {
    "skill-only-exposures": (
        "no answers, only exposures",
        f"Nothing says how well it is known. {_POOLED}",
        "Ask questions on it, or leave its rows out.",
    ),
    "skill-one-response": (
        "one response",
        f"One answer says nothing about learning, guessing or slipping. {_POOLED}",
        "Merge it with a skill it belongs to, or collect more answers.",
    ),
    "skill-all-right": (
        "all answers are right",
        "Students know it from the start, or guess it easily: the answers cannot tell prior, learn "
        f"and guess apart. {_POOLED}",
        "Ask harder questions, or merge it with a skill it belongs to.",
    ),
    "skill-all-wrong": (
        "all answers are wrong",
        "Nobody learns it, or it is scored wrongly: the answers cannot tell which, and say nothing "
        f"about slips. {_POOLED}",
        "Check how these questions are scored, or merge it with a skill it belongs to.",
    ),
    "skill-answered-once": (
        "no student answered twice",
        "Learning shows only from one answer of a student to the next. The answers also cannot "
        f"tell a prior from guessing. {_POOLED}",
        "Merge it with skills it belongs to, until students meet it several times.",
    ),
    "skill-answered-twice": (
        "no student answered more than twice",
        "Two answers give three free proportions, but BKT has four parameters. So many values fit "
        f"equally well. {_POOLED}",
        "Merge it with a skill it belongs to, or hold a parameter with `fixed`.",
    ),
    "skill-few-students": (
        "fewer than ten students",
        f"Estimates would depend on single students, and may end at a limit. {_POOLED}",
        "Merge it with a skill it belongs to, or collect answers of more students.",
    ),
}


def unidentified_skills(facts: Facts) -> Iterator[Finding]:
    """Skills that no BKT can be identified from, by the first reason that applies."""
    counts, labels = facts.skills, facts.log.skill.labels
    held = counts.entries > 0
    left = held.copy()
    for (code, (words, consequence, remedy)), applies in zip(
        _REASONS.items(), _unidentified(facts), strict=True
    ):
        concerned, left = left & applies, left & ~applies
        if not concerned.any():
            continue
        found = labels_at(labels, concerned)
        entries = int(counts.entries[concerned].sum())
        yield Finding(
            code,
            "warning",
            f"{words[0].upper()}{words[1:]}: {named(found, 'skill')}, "
            f"{share(entries, int(counts.entries.sum()))} of the responses.",
            consequence,
            remedy,
            "skill",
            len(found),
            found,
        )
    if not left.any():
        yield Finding(
            "no-skill-identified",
            "error",
            f"None of the {counted(int(held.sum()), 'skill')} has answers that identify it.",
            "A BKT of this log says what was assumed, not what the answers show. Its mastery "
            "estimates are not evidence.",
            "See the findings on skills; check that `student` and `skill` are the right columns. "
            "If students answer each skill once, item response theory needs less data.",
            "skill",
            int(held.sum()),
            labels_at(labels, held),
        )


def _unidentified(facts: Facts) -> tuple[Bools, ...]:
    counts = facts.skills
    return (
        counts.answers == 0,
        counts.answers == 1,
        counts.wrong == 0,
        counts.right == 0,
        counts.longest <= 1,
        counts.longest <= 2,
        counts.students < _FEW,
    )


def lopsided_skills(facts: Facts) -> Iterator[Finding]:
    """Skills with a few wrong answers, or a few right ones, among many."""
    counts, log = facts.skills, facts.log
    identified = ~np.logical_or.reduce(_unidentified(facts))
    for code, number, word, consequence, remedy in (
        (
            "skill-few-wrong",
            counts.wrong,
            "wrong",
            "Only these few answers show how often it is guessed and how fast it is learned, so "
            "the intervals are wide.",
            "Read its `learn` and `guess` with their intervals. Harder questions would tell more.",
        ),
        (
            "skill-few-right",
            counts.right,
            "right",
            "Only these few answers show how fast it is learned and how often students slip, so "
            "the intervals are wide.",
            "Check how its questions are scored. Read its `learn` and `slip` with their intervals.",
        ),
    ):
        concerned = identified & (number < _FEW)
        if concerned.any():
            found = labels_at(log.skill.labels, concerned)
            yield Finding(
                code,
                "note",
                f"Fewer than ten {word} answers: {named(found, 'skill')}.",
                consequence,
                remedy,
                "skill",
                len(found),
                found,
            )


def inseparable_skills(facts: Facts) -> Iterator[Finding]:
    """Skills that always come together in one response."""
    log = facts.log
    if log.skill_rows is None:
        return
    # Skills in the very same rows have equal sums over them of a random number per row.
    rng = np.random.default_rng(0)
    signs = rng.integers(0, 2**63, len(log), np.int64).astype(np.uint64)
    sums = np.zeros(log.n_skills, np.uint64)
    np.add.at(sums, log.skill.codes, signs[log.skill_rows])
    _, group, size = np.unique(sums, return_inverse=True, return_counts=True)
    concerned = (facts.skills.entries > 0) & (size[group] > 1)
    if not concerned.any():
        return
    places = np.flatnonzero(concerned)
    groups = [
        " and ".join(map(shown, labels_at(log.skill.labels, places[group[places] == number])))
        for number in np.unique(group[places])[:5]
    ]
    found = labels_at(log.skill.labels, concerned)
    yield Finding(
        "skills-inseparable",
        "warning",
        f"{counted(len(found), 'skill')} always come together with another in the same "
        f"responses: {'; '.join(groups)}.",
        "No answer tells one from the other, so their parameters and mastery are the same.",
        "Merge them into one skill, or ask questions that need only one of them.",
        "skill",
        len(found),
        found,
    )
