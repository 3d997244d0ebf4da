"""Rows whose order cannot be, or may not be, the order of answering."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.checkup.facts import Facts, steps_within
from adaptlearn.checkup.findings import Finding
from adaptlearn.numerics import Floats
from adaptlearn.responses.columns import rows_text
from adaptlearn.wording import counted, share

_NEARLY_ALL = 0.9
_ORDER = (
    "Knowledge tracing reads learning from the order of answers. In a wrong order its parameters "
    "and predictions mean nothing."
)


def order_unknown(facts: Facts) -> Iterator[Finding]:
    """Neither times nor ids."""
    log = facts.log
    if log.time is not None or log.id is not None or len(log) < 2:
        return
    yield Finding(
        "order-from-rows",
        "note",
        "There are neither times nor ids, so each student's rows count as the order of answering.",
        f"{_ORDER} Forgetting between sessions cannot be seen.",
        "Give `time` if there is one; otherwise make sure that nothing has sorted the rows.",
        "time",
        1,
    )


def numbers_as_text(facts: Facts) -> Iterator[Finding]:
    """Ids that order the rows, as text, and would order them otherwise as numbers."""
    log = facts.log
    if log.time is not None or log.id is None or log.id.labels.dtype.kind != "O":
        return
    texts = log.id.labels.tolist()
    if not all(map(str.isdecimal, texts)) or len(set(map(len, texts))) == 1:
        return
    yield Finding(
        "ids-order-as-text",
        "error",
        "The ids order the rows, and they are numbers written as text, of different lengths. As "
        "text, '10' comes before '9'.",
        _ORDER,
        "Make the ids integers; or give `time`; or leave the ids out with `id=False`, so that "
        "the order of the rows counts.",
        "id",
        1,
    )


def sorted_by_answer(facts: Facts) -> Iterator[Finding]:
    """Histories in which all wrong answers come first, or all right ones."""
    chains = facts.log.sequences
    answers = facts.entry_answers[chains.order]
    chain = np.repeat(np.arange(len(chains.starts)), chains.lengths)
    answers, chain = answers[answers >= 0], chain[answers >= 0]
    n = len(chains.starts)
    right = np.bincount(chain, answers, n)
    wrong = np.bincount(chain, n * [0] if not len(chain) else 1 - answers, n)
    # Two of each kind, in any order but by chance (1 in 15 or less) or by learning.
    judged = (right >= 2) & (wrong >= 2) & (right + wrong >= 6)
    step = (chain[1:] == chain[:-1]) * np.diff(answers)
    rises = np.bincount(chain[1:], step > 0, n)
    falls = np.bincount(chain[1:], step < 0, n)
    n_judged = int(judged.sum())
    for way, sorted_so in (
        ("wrong before right", (rises == 1) & (falls == 0)),
        ("right before wrong", (falls == 1) & (rises == 0)),
    ):
        found = int((judged & sorted_so).sum())
        if n_judged < 10 or found < _NEARLY_ALL * n_judged:
            continue
        yield Finding(
            "sorted-by-answer",
            "error",
            f"All answers stand {way} in {found:,} of {n_judged:,} histories of a student on a "
            "skill. (Only histories of six answers or more count, with two right and two wrong or "
            "more.)",
            f"Real histories mix right and wrong answers. These were sorted by `correct`. {_ORDER}",
            "Read the rows in their original order, or give `time`.",
            "correct",
            found,
        )


def sorted_by_label(facts: Facts) -> Iterator[Finding]:
    """Rows of each student in the order of item or skill names."""
    log = facts.log
    if log.time is not None:
        return
    before, after = steps_within(facts.by_student)
    student = log.student.codes[after]
    columns = {"skill": facts.skill_sets} if log.skill_rows is None else {}
    columns |= {} if log.item is None else {"item": log.item.codes}
    for role, codes in columns.items():
        step = codes[after].astype(np.int64) - codes[before]
        changes = np.bincount(student, step != 0, log.n_students)
        backward = np.bincount(student, step < 0, log.n_students)
        judged = changes >= 4  # five labels are in order by chance in 1 of 120 cases
        found, n_judged = int((judged & (backward == 0)).sum()), int(judged.sum())
        if n_judged < 3 or found < _NEARLY_ALL * n_judged:
            continue
        yield Finding(
            f"sorted-by-{role}",
            "warning",
            f"The rows of {found:,} of the {n_judged:,} students with five {role}s or more stand "
            f"in the order of the {role}s' names.",
            f"Either everyone had the same sequence, or the rows were sorted by {role}. {_ORDER}",
            f"Unless the {role}s' names follow the order in which students met them, read the rows "
            "in their original order, or give `time`.",
            role,
            found,
        )


def backward_rows(facts: Facts) -> Iterator[Finding]:
    """Times that fall back where the rows (or integer ids) otherwise follow them."""
    log = facts.log
    if log.time is None:
        return
    before, after = steps_within(facts.by_student_in_rows)
    step = log.time[after] - log.time[before]
    forward, back = int((step > 0).sum()), step < 0
    n_back = int(back.sum())
    if not n_back or forward <= n_back:
        return  # in order; or in no order at all, which times are there to mend
    rows = np.sort(after[back])
    where = (
        f"Earlier than the student's row above: {rows_text(rows)}; "
        f"{share(forward, forward + n_back)} of the steps from row to row go forward"
    )
    lost = _lost_unit(log.time)
    if lost is not None:
        yield Finding(
            "times-without-date",
            "error",
            f"All times lie within one {lost}, and fill it. {where}.",
            f"The times have probably lost their {'date' if lost == 'day' else 'date and hour'}. "
            f"Responses are ordered by time, so sessions are shuffled into each other. {_ORDER}",
            "Give times with their date; or read the rows as they stand: `time=False`.",
            "time",
            n_back,
            rows=rows,
        )
    elif n_back <= 0.05 * (forward + n_back):
        yield Finding(
            "times-go-back",
            "note",
            f"{where}.",
            "Responses are ordered by time. That is right if answers arrived late. If a device's "
            "clock was wrong, answers come before the practice that taught them.",
            "Look at these rows. If the rows are right and the times are wrong: `time=False`.",
            "time",
            n_back,
            rows=rows,
        )


def _lost_unit(time: Floats) -> str | None:
    """The hour or the day that all times lie in and fill."""
    for unit, seconds in (("hour", 3600), ("day", 86400)):
        low, high = float(time.min()), float(time.max())
        begin = low - low % seconds
        if high < begin + seconds:
            filled = high - low > 0.95 * seconds
            return unit if filled else None
    return None


def tied_times(facts: Facts) -> Iterator[Finding]:
    """Students whose times are all the same, and times that are dates."""
    log = facts.log
    if log.time is None:
        return
    if len(log) > 2 and log.time.min() == log.time.max():
        yield Finding(
            "times-constant",
            "warning",
            f"All {len(log):,} rows have the same time.",
            f"It orders nothing: the order of the rows (or of the ids) counts. {_ORDER}",
            "Give the time of each answer; or leave it out with `time=False`, and make sure that "
            "the rows stand in the order of answering.",
            "time",
            len(log),
        )
        return
    order, starts, lengths, student, _ = facts.by_student
    time = log.time[order]
    tied = (time[starts] == time[starts + lengths - 1]) & (lengths >= 3)
    judged = int((lengths >= 3).sum())
    if tied.any():
        found = tuple(log.student.labels[student[tied]].tolist())
        yield Finding(
            "students-at-one-time",
            "warning" if len(found) > 0.1 * judged else "note",
            f"{counted(len(found), 'student')} of {judged:,} with three rows or more have the same "
            "time in all of them.",
            "They were probably saved in one go. The order of the rows (or of the ids) counts, and "
            "the time since practice is always 0.",
            "Give the time of each answer, not that of the upload. If you cannot, make sure that "
            "their rows stand in the order of answering.",
            "student",
            len(found),
            found,
        )
    if not (log.time % 86400).any():
        yield Finding(
            "times-are-dates",
            "note",
            "All times are at midnight: they are dates.",
            "Within a day, the order of the rows (or of the ids) counts. Gaps of less than a day "
            "cannot be seen.",
            "Give the time of day too, or make sure that rows stand in the order of answering.",
            "time",
            len(log),
        )
