"""What a notebook shows of a log: its columns, and the answers on each skill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adaptlearn.numerics import Ints, ratio
from adaptlearn.responses.labelled import Labelled
from adaptlearn.tables import html_bar, html_card, html_table
from adaptlearn.wording import counted, share, shown

_SKILLS = 12  # that are shown
_CLOCKS = {"naive": "as their clock shows", "aware": "UTC"}


def log_card(log: Any) -> str:
    """A log as HTML; it costs one pass over each column.

    Parameters
    ----------
    log : ResponseLog
    """
    columns = html_table("", ["column", "what it holds"], _columns(log), prose=True)
    return html_card(f"{len(log):,} responses", [], columns, _skills(log))


def _columns(log: Any) -> Iterator[list[str]]:
    yield ["student", _labels(log.student, log.student.codes)]
    entries = len(log.skill.codes)
    several = f", {entries / len(log):.2g} in each response" if entries != len(log) else ""
    yield ["skill", _labels(log.skill, log.skill.codes) + several]
    if log.item is not None:
        yield ["item", _labels(log.item, log.item.codes)]
    answered = int(log.answered.sum())
    told = f"{share(int((log.correct == 1).sum()), answered)} right" if answered else ""
    exposures = len(log) - answered
    both = [told, counted(exposures, "exposure") if exposures else ""]
    yield ["correct", ", ".join(filter(None, both))]
    if log.time is not None:
        yield ["time", _time_range(log)]
    if log.id is not None:
        yield ["id", "the identity of each response"]
    for name, column in log.extra.items():
        yield [name, "text" if column.dtype.kind == "O" else str(column.dtype)]


def _labels(column: Labelled, codes: Ints) -> str:
    """How many labels occur, and the first few of them."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(column.labels)))
    first = ", ".join(map(shown, column.labels[used[:3]].tolist()))
    return f"{len(used):,}: {first}{', …' if len(used) > 3 else ''}"


def _time_range(log: Any) -> str:
    if not len(log):
        return ""
    ends = log.time.min(), log.time.max()
    if log.clock not in _CLOCKS:
        days = (ends[1] - ends[0]) / 86_400
        return f"{ends[0]:,.0f} to {ends[1]:,.0f} seconds ({days:,.1f} days)"
    dates = (str(np.datetime64(int(end), "s")).replace("T", " ") for end in ends)
    return f"{' to '.join(dates)} ({_CLOCKS[log.clock]})"


def _skills(log: Any) -> str:
    """The skills with the most answers."""
    n_skills = len(log.skill.labels)
    correct = log.correct if log.skill_rows is None else log.correct[log.skill_rows]
    # One pass: an exposure, a wrong and a right answer of each skill.
    by_outcome = np.bincount(log.skill.codes * np.int64(3) + (correct + 1), minlength=3 * n_skills)
    _, wrong, right = by_outcome.reshape(n_skills, 3).T
    answers = wrong + right
    order = np.argsort(-answers, kind="stable")[: np.count_nonzero(answers)]
    if not len(order):
        return ""
    rates = ratio(right, answers)
    rows = [
        [
            str(log.skill.labels[k]),
            html_bar(answers[k] / answers[order[0]]),
            f"{answers[k]:,}",
            html_bar(rates[k]),
            f"{rates[k]:.0%}",
        ]
        for k in order[:_SKILLS].tolist()
    ]
    more = len(order) - _SKILLS
    notes = [f"… and {counted(more, 'skill')} more"] if more > 0 else []
    return html_table("", ["skill", "answers", "", "right", ""], rows, notes)
