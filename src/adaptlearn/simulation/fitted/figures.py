"""Figures of a log's answers that show what kind of students gave them."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.fitted.histories import Chains
from adaptlearn.simulation.fitted.replay import right_in_a_row

N_ANSWERS = 10  # of a skill, whose errors are counted
_ENOUGH = 10  # answers of a student whose share of right answers counts
_LONGEST = 5  # runs of right answers; longer ones count as this long
_IN_A_ROW = 3


def figures_of(chains: Chains) -> dict[tuple[str, str], float]:
    """Figures by aspect and name, all of them shares; nan where no answer tells.

    Every student counts the same, however much the student practised: a share is the mean of the
    students' own shares.
    """
    aspects = {"errors": _errors, "students": _students, "runs": _runs, "stopping": _stopping}
    return {
        (aspect, name): value
        for aspect, figures in aspects.items()
        for name, value in figures(chains).items()
    }


def _errors(chains: Chains) -> dict[str, float]:
    found = {}
    for number in range(1, N_ANSWERS + 1):
        came = chains.lengths >= number
        wrong = ~chains.correct[chains.starts[came] + number - 1]
        found[f"wrong at answer {number}"] = _share(wrong, chains.student[came])
    return found


def _students(chains: Chains) -> dict[str, float]:
    of_answer = np.repeat(chains.student, chains.lengths)
    answers, right = np.bincount(of_answer), np.bincount(of_answer, chains.correct)
    enough = answers >= _ENOUGH
    shares: Floats = right[enough] / answers[enough]
    names = ("standard deviation", "lowest tenth below", "median", "highest tenth above")
    values = [np.nan] * 4
    if len(shares):
        values = [float(shares.std()), *np.quantile(shares, [0.1, 0.5, 0.9]).tolist()]
    return {f"share right: {name}": value for name, value in zip(names, values, strict=True)}


def _runs(chains: Chains) -> dict[str, float]:
    correct = chains.correct
    student = np.repeat(chains.student, chains.lengths)
    last = np.zeros(len(correct), bool)
    last[chains.starts + chains.lengths - 1] = True
    then, now = np.append(correct[1:], False), correct
    # A run of right answers ends where the next answer is wrong, or is not given.
    ends = correct & (last | ~then)
    runs = np.minimum(right_in_a_row(chains)[ends], _LONGEST)
    names = [*(f"runs of {length} right" for length in range(1, _LONGEST))]
    names.append(f"runs of {_LONGEST} or more right")
    return {
        "right after a right answer": _share(then[~last & now], student[~last & now]),
        "right after a wrong answer": _share(then[~last & ~now], student[~last & ~now]),
        **{name: _share(runs == length, student[ends]) for length, name in enumerate(names, 1)},
    }


def _stopping(chains: Chains) -> dict[str, float]:
    last = chains.starts + chains.lengths - 1
    in_a_row = right_in_a_row(chains)[last] >= _IN_A_ROW
    return {
        "wrong at the last answer": _share(~chains.correct[last], chains.student),
        f"the last {_IN_A_ROW} right": _share(in_a_row, chains.student),
        "more than 5 answers": _share(chains.lengths > 5, chains.student),
        "more than 10 answers": _share(chains.lengths > 10, chains.student),
    }


def _share(which: Bools, student: Ints) -> float:
    """The mean over students of the share that is true."""
    n = np.bincount(student)
    shares = np.bincount(student, which)[n > 0] / n[n > 0]
    return float(shares.mean()) if len(shares) else np.nan
