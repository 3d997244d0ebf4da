"""Scorers: small pure functions that say how good a lesson would be now, with their sources.

A scorer takes `Candidates` and the scorer's settings. The scorer returns a number for each
candidate; a higher number is better. Most scores lie between 0 and 1, so that the weights of
several scorers can be compared.

References
----------
- J.-P. Doignon, J.-C. Falmagne (1985). Spaces for the assessment of knowledge. International
  Journal of Man-Machine Studies 23, 175-196.
- Y. Rosen et al. (2018). The effects of adaptive learning in a massive open online course on
  learners' skill development. Learning at Scale 2018 (ALOSI).
- B. Clement, D. Roy, P.-Y. Oudeyer, M. Lopes (2015). Multi-armed bandits for intelligent tutoring
  systems. Journal of Educational Data Mining 7(2), 20-48 (ZPDES).
- Z. Pardos et al. (2023). OATutor: an open-source adaptive tutoring system and curated content
  library for learning sciences research. CHI 2023.
- J. Skycak, advised by J. Roberts (2023). Optimized, individualized spaced repetition in
  hierarchical knowledge structures. In: The Math Academy Way (working draft).
- R. Wilson et al. (2019). The eighty five percent rule for optimal learning. Nature
  Communications 10, 4646.
- D. Weiss (1982). Improving measurement quality and efficiency with adaptive testing. Applied
  Psychological Measurement 6, 473-492.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.sequencing.knowledge.review_schedule import practised_by_lessons
from adaptlearn.sequencing.policies.candidates import Candidates, Purpose


class Scorer(NamedTuple):
    """A scorer, with its formula and the source of the formula.

    Attributes
    ----------
    score : callable
        A function that takes candidates and settings and returns scores, shape (n,).
    formula, source : str
    settings : dict of str to float
        The scorer's settings, with their defaults.
    """

    score: Callable[..., Floats]
    formula: str
    source: str
    settings: dict[str, float] = {}  # noqa: RUF012 - never changed


def nearest_to_mastery(candidates: Candidates) -> Floats:
    """The mean mastery of the lesson's skills that are not mastered."""
    return candidates.mean_missing(candidates.context.mastery)


def lowest_mastery(candidates: Candidates) -> Floats:
    """How far the mean mastery of the lesson's skills is from 1."""
    return 1 - candidates.mean(candidates.context.mastery)


def fixed_order(candidates: Candidates) -> Floats:
    """The curriculum's order: 1 for its first lesson, falling to 0."""
    n = max(len(candidates.context.curriculum.lessons) - 1, 1)
    return 1 - candidates.lesson / n


def random(candidates: Candidates) -> Floats:
    """The same score for all lessons, so all are equally probable."""
    return np.zeros(len(candidates))


def target_success(candidates: Candidates, *, target: float, width: float) -> Floats:
    """How near the expected success is to the target: a bell curve with this width."""
    away = (expected_success(candidates) - target) / width
    return np.asarray(np.exp(-0.5 * away**2))


def readiness(candidates: Candidates) -> Floats:
    """ALOSI's readiness: the mean mastery of all direct prerequisites, alternatives included."""
    curriculum = candidates.context.curriculum
    before = curriculum.may_need
    sizes = np.diff(before.indptr)
    mean = (before @ candidates.context.mastery.T).T / np.maximum(sizes, 1)
    return candidates.mean(np.where(sizes > 0, mean, 1.0))


def demand(candidates: Candidates) -> Floats:
    """ALOSI's demand: what is left to learn (1 - mastery) of the lesson's unmastered skills."""
    left = 1 - candidates.context.mastery
    return candidates.mean_missing(left)


def continuity(candidates: Candidates) -> Floats:
    """ALOSI's continuity: 1 if a skill of the lesson is the skill that was practised last."""
    context = candidates.context
    if context.time_since is None:
        return np.zeros(len(candidates))
    since = np.where(np.isnan(context.time_since), np.inf, context.time_since)
    last = (since <= since.min(axis=1, keepdims=True)) & np.isfinite(since)
    return candidates.mean(last)


def learning_progress(candidates: Candidates) -> Floats:
    """ZPDES: success in the latest answers minus success in the answers before, at least 0.

    Of the last eight answers on each skill, the later half is compared with the earlier half. A
    skill with fewer than two answers has the highest progress, so that students try it.
    """
    practice = candidates.context.practice
    if practice is None:
        raise ParameterError(
            "learning_progress",
            ["it reads the latest answers: MasteryTracker(model, practice=True)"],
        )
    return candidates.mean_missing(_progress(practice.recent))


def _progress(recent: Any) -> Floats:
    bits = recent[..., None] >> np.arange(8) & 1
    number = np.minimum(np.floor(np.log2(np.maximum(recent, 1))), 8)[..., None]
    half = np.floor(number / 2)
    place = np.arange(8)
    late, early = place < half, (place >= half) & (place < number)
    share_late = (bits * late).sum(axis=-1) / np.maximum(late.sum(axis=-1), 1)
    share_early = (bits * early).sum(axis=-1) / np.maximum(early.sum(axis=-1), 1)
    return np.where(number[..., 0] < 2, 1.0, np.maximum(share_late - share_early, 0.0))


def gain_per_minute(candidates: Candidates, *, n_items: float = 0) -> Floats:
    """Expected gain of mastery per minute, weighted by the student's goals.

    ``sum of goal (1 - mastery) P(learn)`` over the lesson's unmastered skills, divided by its
    minutes. The best of a student's candidates scores 1. Electives and enrichment score 0: they are
    extras, and do not come before instruction.

    If `n_items` is above 0, P(learn) is the probability of learning the skill in a lesson with so
    many answers, and the gains of due reviews (`PricedReviews`) are added.
    """
    context = candidates.context
    learn = _learn(candidates)
    chance = 1 - (1 - learn) ** n_items if n_items else learn
    weight = (1 - candidates.of_skills(context.mastery)) * chance
    if context.goal is not None:
        weight = weight * candidates.of_skills(context.goal)
    gain = candidates.total(weight * candidates.missing)
    if n_items and context.urgency is not None:
        if context.reviewed is None:
            raise ParameterError(
                "gain_per_minute",
                ['reviews="gain" needs the gains of reviews: Sequencer(..., '
                 "review=PricedReviews(memory, price))"],
            )  # fmt: skip
        goal = 1.0 if context.goal is None else context.goal
        gain += _practised(candidates, goal * context.urgency)
    if candidates.purpose.any():  # mostly all are new lessons
        gain = np.where(candidates.purpose == Purpose.ENRICHMENT, 0.0, gain)
    return _share_of_best(candidates, gain / candidates.minutes)


def information(candidates: Candidates) -> Floats:
    """The information of an answer, 4 p (1 - p); highest if P(correct) is one half."""
    context = candidates.context
    p = context.mastery if context.p_correct is None else context.p_correct
    return candidates.mean(4 * p * (1 - p))


def review(candidates: Candidates) -> Floats:
    """The urgency of review, summed over the skills that the lesson teaches or also practises.

    Skills that the lesson teaches count in full. Skills that these encompass count by their weight
    (`Curriculum.encompasses`), so a new lesson can replace reviews.
    """
    urgency = candidates.context.urgency
    return np.zeros(len(candidates)) if urgency is None else _practised(candidates, urgency)


def backlog(candidates: Candidates, *, limit: float) -> Floats:
    """What new lessons lose while reviews wait: 1 if many skills are due, less if few are."""
    if not limit > 0:
        raise ParameterError("backlog", [f"limit must be above 0, got {limit}"])
    urgency = candidates.context.urgency
    if urgency is None:
        return np.zeros(len(candidates))
    full = np.minimum((urgency > 0).sum(axis=1) / limit, 1.0)
    adds_to_it = np.isin(candidates.purpose, (Purpose.NEW, Purpose.ENRICHMENT))
    return np.asarray(np.where(adds_to_it, -full[candidates.student], 0.0))


def remediation(candidates: Candidates) -> Floats:
    """1 for a lesson that may help a student who is stuck."""
    return np.asarray(candidates.purpose == Purpose.REMEDIATION, np.float64)


def enrichment(candidates: Candidates) -> Floats:
    """1 for electives and enrichment."""
    return np.asarray(candidates.purpose == Purpose.ENRICHMENT, np.float64)


def not_stuck(candidates: Candidates) -> Floats:
    """The share of the lesson's unmastered skills on which the student is not stuck."""
    stuck = candidates.context.stuck
    if stuck is None:
        return np.ones(len(candidates))
    return 1 - candidates.mean_missing(stuck)


def expected_success(candidates: Candidates) -> Floats:
    """P(correct) on the lesson, the mean over its skills.

    If mastery is P(known), usual rates of guesses and slips turn it into P(correct).
    """
    context = candidates.context
    if context.p_correct is not None:
        return candidates.mean(context.p_correct)
    # Latent mastery says P(known); a guess of .2 and a slip of .1 are the customary ones.
    return candidates.mean(0.2 + 0.7 * context.mastery)


def _practised(candidates: Candidates, urgency: Floats) -> Floats:
    """The urgency of what each candidate teaches or practises along, summed with its weights."""
    # Few skills are due: sparse, it costs little.
    total = csr_array(urgency) @ practised_by_lessons(candidates.context.curriculum).T
    return np.asarray(total.toarray()[candidates.student, candidates.lesson])


def _learn(candidates: Candidates) -> Any:
    learn = candidates.context.learn
    return 0.15 if learn is None else candidates.of_every_skill(learn)


def _share_of_best(candidates: Candidates, value: Floats) -> Floats:
    """Values over the highest of the same student's; 0 where that is 0."""
    best = np.zeros(len(candidates.context.students))
    np.maximum.at(best, candidates.student, value)
    top = best[candidates.student]
    return np.divide(value, top, out=np.zeros_like(value), where=top > 0)


SCORERS: dict[str, Scorer] = {
    "nearest_to_mastery": Scorer(
        nearest_to_mastery, "mean of m over skills that are not mastered", "mastery learning"
    ),
    "lowest_mastery": Scorer(lowest_mastery, "1 - mean m", "Pardos et al. (2023)"),
    "fixed_order": Scorer(fixed_order, "1 - place / (n - 1)", "a textbook"),
    "random": Scorer(random, "0", "uniform"),
    "target_success": Scorer(
        target_success,
        "exp(-((P(correct) - target) / width)^2 / 2)",
        "Wilson et al. (2019)",
        {"target": 0.85, "width": 0.1},
    ),
    "readiness": Scorer(readiness, "mean m of the prerequisites", "Rosen et al. (2018)"),
    "demand": Scorer(demand, "mean of 1 - m over skills not mastered", "Rosen et al. (2018)"),
    "continuity": Scorer(continuity, "1 if practised last", "Rosen et al. (2018)"),
    "learning_progress": Scorer(
        learning_progress, "max(0, late success - early success)", "Clement et al. (2015)"
    ),
    "gain_per_minute": Scorer(
        gain_per_minute,
        "sum of goal (1 - m) P(learn) / minutes, over the best",
        "this library",
        {"n_items": 0.0},
    ),
    "information": Scorer(information, "4 p (1 - p)", "Weiss (1982)"),
    "review": Scorer(
        review, "sum of weight urgency over the skills taught and encompassed", "Skycak (2023)"
    ),
    "backlog": Scorer(
        backlog, "-min(due skills / limit, 1) for new lessons", "this library", {"limit": 10.0}
    ),
    "remediation": Scorer(remediation, "1 for remediation", "this library"),
    "enrichment": Scorer(enrichment, "1 for enrichment", "this library"),
    "not_stuck": Scorer(not_stuck, "1 - share of stuck skills", "Beck & Gong (2013)"),
}
"""Scorers by name, for a `WeightedPolicy`."""
