"""From evidence to verdicts: the limits, and the sentences.

References
----------
R. Baker, A. Corbett, V. Aleven (2008). More accurate student modeling through contextual estimation
of slip and guess probabilities in Bayesian knowledge tracing. Intelligent Tutoring Systems 2008,
406-415, for models whose P(guess) is above .5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.diagnosis.estimates import Estimate
from adaptlearn.diagnosis.forgetting import ReturnEvidence
from adaptlearn.diagnosis.graph import COMPARED, KAPPAS, GraphEvidence
from adaptlearn.diagnosis.mastered import MASTERED, NEARLY, BoutEvidence, SpreadEvidence
from adaptlearn.diagnosis.tags import TagEvidence
from adaptlearn.diagnosis.verdicts import Answer, DoubtfulTag, EdgeVerdict, Verdict
from adaptlearn.numerics import Bools, Floats
from adaptlearn.wording import counted

FEWEST = 20
"""Students from which standard errors over students mean something."""

# The limits were chosen on simulated logs of ten kinds of students (seeds 100 to 149).
TAG_STUDENTS = 50  # fewer students make a chance gain over the best of many skills too likely
_TAG_ERRORS = 3.0
SPREAD, _SPREAD_ERROR = 0.13, 0.1  # of the squared mean error rate
_GUESS = 0.5  # beyond it, "unknown" means right more often than not (Baker and others, 2008)
BOUT = 0.1
_BY_CHANCE = 0.05  # of the prerequisites may seem to govern learning if none does
_LOST_YES, _LOST_NO = 0.02, 0.06

_GRAPH = "Does the graph govern learning?"
_SPREAD = "Does the two-state model hold after mastery?"
_BOUTS = "Do slips come in bouts?"
_FORGETTING = "Do students forget between days?"
_KEEP = "Keep the policy as it is."


def some_govern(edges: tuple[EdgeVerdict, ...]) -> bool:
    """Whether more single prerequisites seem to govern learning than would by chance."""
    return sum(edge.answer == "yes" for edge in edges) > _BY_CHANCE * len(edges)


def graph_verdict(evidence: GraphEvidence, edges: tuple[EdgeVerdict, ...]) -> Verdict:
    """Whether learning waits for the prerequisites, as a whole; and whether for some of them."""
    gain = _total(evidence.gains[COMPARED])
    totals = evidence.gains.sum(axis=1)
    unready, n_students = float(evidence.unready.sum()), evidence.gains.shape[1]
    answer = _gained(gain, n_students)
    kappa = KAPPAS[int(np.argmax(totals))]
    change = "rises" if gain.value > 0 else "falls"
    found = (
        f"The log-likelihood of the log {change} by {abs(gain.value):.1f} (standard error "
        f"{gain.error:.1f}) if each prerequisite that a student lacks multiplies P(learn) by "
        f"{KAPPAS[COMPARED]:g}. Of the factors tried, {kappa:g} fits best."
    )
    if answer == "cannot tell":
        found += _too_few(n_students) or (
            f" Only {unready:.0f} answers are by students who lacked a prerequisite and the skill."
        )
    policy = {
        "yes": "Open a skill only when its prerequisites are probably known.",
        "no": "Students need not wait for prerequisites: a policy may open skills earlier.",
        "cannot tell": _KEEP,
    }[answer]
    if answer != "yes" and some_govern(edges):
        policy = "Some prerequisites do govern learning: look at `edges`, and check the others."
    numbers = {f"gain at {factor:g}": float(total)
               for factor, total in zip(KAPPAS, totals, strict=True)}  # fmt: skip
    return Verdict(
        _GRAPH, answer, f"gain of log-likelihood at {KAPPAS[COMPARED]:g}", *gain,
        int(evidence.answers.sum()), n_students, found, policy,
        {"kappa": kappa, "unready": unready, **numbers},
    )  # fmt: skip


def no_graph(given: bool) -> Verdict:
    """The verdict without prerequisites."""
    reason = (
        "No prerequisite of the curriculum joins two skills of the log."
        if given
        else "No curriculum was given."
    )
    return _untold(_GRAPH, f"gain of log-likelihood at {KAPPAS[COMPARED]:g}", reason)


def edge_verdicts(
    evidence: GraphEvidence, before: list[Any], skill: list[Any]
) -> tuple[EdgeVerdict, ...]:
    """The verdict of each prerequisite on its own."""
    made = []
    for edge, ends in enumerate(zip(evidence.edge_gains, evidence.edge_errors, strict=True)):
        gain, students = Estimate(*map(float, ends)), int(evidence.students[edge])
        made.append(
            EdgeVerdict(
                before[edge],
                skill[edge],
                _gained(gain, students),
                *gain,
                float(evidence.unready[edge]),
                int(evidence.answers[edge]),
                students,
            )
        )
    return tuple(made)


def doubtful(evidence: TagEvidence) -> Bools:
    """Which items another skill explains so much better that it cannot be chance."""
    return evidence.gain > _TAG_ERRORS * evidence.error


def doubtful_tags(
    evidence: TagEvidence, items: NDArray[Any], skills: NDArray[Any]
) -> tuple[DoubtfulTag, ...]:
    """The doubtful ones of some tags; `items` and `skills` are the labels of the codes."""
    columns = (
        items[evidence.item], skills[evidence.skill], skills[evidence.other], evidence.gain,
        evidence.error, evidence.answers, evidence.students,
    )  # fmt: skip
    told = doubtful(evidence)
    rows = zip(*(column[told].tolist() for column in columns), strict=True)
    return tuple(DoubtfulTag(*row) for row in rows)


def spread_verdict(evidence: SpreadEvidence) -> Verdict:
    """Whether students differ in their errors after mastery."""
    spread = evidence.spread
    measure = "variance of error rates between students, over the squared mean"
    if np.isnan(spread.value):
        return _untold(_SPREAD, measure, f"No student gave answers at P(known) of {MASTERED:g}.")
    answer: Answer = "cannot tell"
    if evidence.students >= FEWEST and evidence.guess > _GUESS:
        answer = "no"
    elif evidence.students >= FEWEST and spread.error <= _SPREAD_ERROR:
        if spread.value - spread.error > SPREAD:
            answer = "no"
        elif spread.value + spread.error / 2 < SPREAD:
            answer = "yes"
    found = (
        f"At P(known) of {MASTERED:g} and more, students gave {evidence.observed:,.0f} wrong "
        f"answers; the model expects {evidence.expected:,.0f}. The variance of error rates between "
        f"students is {_short(spread.value)} of the squared mean rate (standard error "
        f"{spread.error:.2f}); the model expects 0, and {SPREAD:g} is the limit."
    )
    if answer == "cannot tell":
        found += _too_few(evidence.students) or " That is too near to the limit, or too uncertain."
    elif evidence.guess > _GUESS:
        found += (
            f" The model's P(guess) is {evidence.guess:.2f} on average: its two states are not "
            "unknown and known."
        )
    policy = {
        "yes": "P(known) can decide alone when a skill is mastered.",
        "no": "P(known) is too high for some students: also ask for a moving average of right "
              'answers, as `preset("surer")` does.',
        "cannot tell": _KEEP,
    }[answer]  # fmt: skip
    return Verdict(
        _SPREAD, answer, measure, *spread, evidence.answers, evidence.students, found, policy,
        {"dispersion": evidence.dispersion, "observed": evidence.observed,
         "expected": evidence.expected, "guess": evidence.guess},
    )  # fmt: skip


def bout_verdict(evidence: BoutEvidence) -> Verdict:
    """Whether students slip several times in a row."""
    excess = evidence.excess
    measure = "correlation of adjacent answers, less that of answers further apart"
    if np.isnan(excess.value):
        return _untold(_BOUTS, measure, "Too few answers follow each other after mastery.")
    answer: Answer = "cannot tell"
    if evidence.students >= FEWEST:
        if excess.value > max(BOUT, 3 * excess.error):
            answer = "yes"
        elif excess.value + excess.error < BOUT:
            answer = "no"
    found = (
        f"At P(known) of {NEARLY:g} and more, the correlation of a student's adjacent answers, "
        f"less that of answers further apart, is {_short(excess.value)} (standard error "
        f"{excess.error:.2f}); the limit is {BOUT:g}."
    )
    if answer == "cannot tell":
        found += _too_few(evidence.students) or " That is too near to the limit, or too uncertain."
    policy = {
        "yes": "After a run of wrong answers on a mastered skill, ask again later before you take "
               "the mastery back.",
        "no": "A wrong answer counts as much after another wrong answer as on its own.",
        "cannot tell": _KEEP,
    }[answer]  # fmt: skip
    return Verdict(
        _BOUTS, answer, measure, *excess, evidence.answers, evidence.students, found, policy
    )


def forgetting_verdict(evidence: ReturnEvidence) -> Verdict:
    """Whether something is lost overnight."""
    lost = evidence.lost
    if np.isnan(lost.value):
        return no_returns("No student came back to a skill after six hours or more.")
    answer: Answer = "cannot tell"
    if evidence.students >= FEWEST:
        if lost.value > max(3 * lost.error, _LOST_YES):
            answer = "yes"
        elif lost.value + 2 * lost.error < _LOST_NO:
            answer = "no"
    found = (
        f"The share of known skills that is lost after six hours or more, beyond what is lost "
        f"within a day, is {lost.value:.1%} (standard error {lost.error:.1%})."
    )
    if answer == "cannot tell":
        found += _too_few(evidence.students) or " The log does not tell this from chance."
    policy = {
        "yes": "Schedule reviews, and judge mastery by answers on more than one day.",
        "no": "Reviews can wait until new lessons are done.",
        "cannot tell": _KEEP,
    }[answer]
    return Verdict(
        _FORGETTING, answer, _LOST, *lost, evidence.answers, evidence.students, found, policy
    )


_LOST = "share of known skills that is lost"


def no_returns(reason: str) -> Verdict:
    """The verdict without answers on another day."""
    return _untold(_FORGETTING, _LOST, reason)


def _untold(question: str, measure: str, reason: str) -> Verdict:
    return Verdict(question, "cannot tell", measure, np.nan, np.nan, 0, 0, reason, _KEEP)


def _total(gains: Floats) -> Estimate:
    """A sum over students, and its standard error."""
    return Estimate(float(gains.sum()), float(gains.std() * np.sqrt(len(gains))))


def _gained(gain: Estimate, n_students: int) -> Answer:
    if n_students >= FEWEST:
        if gain.value > max(2.5 * gain.error, 3):
            return "yes"
        if gain.value < -max(2 * gain.error, 2):
            return "no"
    return "cannot tell"


def _short(value: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _too_few(n_students: int) -> str:
    if n_students >= FEWEST:
        return ""
    return f" {counted(n_students, 'student')} are too few for an answer: {FEWEST} are needed."
