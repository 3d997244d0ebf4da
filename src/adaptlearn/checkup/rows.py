"""Rows that are not what they seem: repeats, parts of one response, rows without an answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Finding
from adaptlearn.numerics import Ints
from adaptlearn.responses.columns import rows_text
from adaptlearn.wording import counted, share


def repeated_events(facts: Facts) -> Iterator[Finding]:
    """Rows that come back: the same id, or without ids the same everything at the same time."""
    log = facts.log
    rows = log.repeats()
    if not len(rows):
        return
    what = "an id" if log.id is not None else "a student, skill, item, answer and time"
    yield Finding(
        "repeated-events",
        "warning",
        f"Repeats of {what} seen before: {rows_text(rows)}, "
        f"{share(len(rows), len(log))} of the log.",
        "A repeated answer counts as two opportunities and as double evidence, and the first "
        "row gives away the answer of the second.",
        "If they are one event, leave the repeats out: `log.without_duplicates()`.",
        "id" if log.id is not None else "time",
        len(rows),
        rows=rows,
    )


def histories_twice(facts: Facts) -> Iterator[Finding]:
    """Students whose second half of rows is the first half again: an export read twice."""
    log = facts.log
    order, starts, lengths, *_ = facts.by_student_in_rows
    half = lengths // 2
    # Shorter histories, or all alike, come back by chance.
    answers = log.correct[order] == 1
    right = np.add.reduceat(answers.astype(np.int64), starts)
    judged = (half >= 5) & (right > 0) & (right < lengths)
    if not judged.any():
        return
    first = np.repeat(starts, half) + _count_up(half)
    mine, again = order[first], order[first + np.repeat(half, half)]
    same = (facts.skill_sets[mine] == facts.skill_sets[again]) & (
        log.correct[mine] == log.correct[again]
    )
    if log.item is not None:
        same &= log.item.codes[mine] == log.item.codes[again]
    chain = np.repeat(np.arange(len(half)), half)
    agree = np.bincount(chain, same, len(half))
    twice = judged & (agree == half)
    if twice.sum() < 0.9 * judged.sum() or half[twice].sum() < 30:
        return
    rows = np.sort(again[twice[chain]])
    yield Finding(
        "histories-twice",
        "error",
        f"{counted(int(twice.sum()), 'student')} of {int(judged.sum()):,} with ten rows or more "
        "have a second half that repeats the first, answer by answer.",
        "The frame probably holds the log twice. Every answer would then count as two "
        "opportunities, and the first would give away the second.",
        "Read each export once; or keep the first halves: "
        "`log[np.setdiff1d(np.arange(len(log)), checkup['histories-twice'].rows)]`.",
        "student",
        len(rows),
        rows=rows,
    )


def _count_up(lengths: Ints) -> Ints:
    """``0 … length - 1`` of each length, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)


def expanded_rows(facts: Facts) -> Iterator[Finding]:
    """One response to several skills, written as a row per skill."""
    log = facts.log
    if facts.expanded is None:
        return
    rows, neighbours = facts.expanded
    shared = ["student", *(["item"] if log.item is not None else [])]
    shared += ["time"] if log.time is not None else []
    if log.item is not None:
        mend = (
            "`ResponseLog.from_frame(frame.drop(index=frame.index[checkup['expanded-rows'].rows]), "
            "q_matrix=frame[['item', 'skill']])`"
        )
    else:
        mend = "`frame.groupby(['student', 'time', 'correct'])['skill'].agg(list).reset_index()`"
    yield Finding(
        "expanded-rows",
        "error",
        f"The same {', '.join(shared)} and answer as the row before, another skill: "
        f"{rows_text(rows)}, {share(len(rows), len(log))} of the log. Of neighbours that share "
        f"all but the skill, {share(len(rows), neighbours)} agree in the answer.",
        "It seems that one response to several skills is written as one row per skill. The first "
        "row gives away the answer of the next. So metrics of models that look across skills are "
        "too good, and the response counts several times.",
        f"Keep a response in one row with all its skills. In pandas: {mend}; or export the skills "
        "in one field and give `skill_separator`.",
        "skill",
        len(rows),
        rows=rows,
    )


def exposures(facts: Facts) -> Iterator[Finding]:
    """Rows without an answer."""
    log = facts.log
    rows = np.flatnonzero(~log.answered)
    if not len(rows):
        return
    yield Finding(
        "exposures",
        "note",
        f"Without an answer: {rows_text(rows)}, {share(len(rows), len(log))} of the log.",
        "They count as lessons that may teach: opportunities that are never scored. If the answers "
        "were lost, students seem to learn from nothing.",
        "If they are not lessons, leave them out: `log[log.answered]`.",
        "correct",
        len(rows),
        rows=rows,
    )
