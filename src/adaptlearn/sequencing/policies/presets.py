"""Policies that people know by name, and the sequencer's default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.sequencing.knowledge.context import MasteryKind
from adaptlearn.sequencing.knowledge.criteria import (
    Anything,
    Criterion,
    MovingAverage,
    ProbabilityThreshold,
)
from adaptlearn.sequencing.knowledge.price import PriceThreshold
from adaptlearn.sequencing.policies.choosers import Chooser, Softmax
from adaptlearn.sequencing.policies.reasons import SENTENCES
from adaptlearn.sequencing.policies.weighted import POOLS, WeightedPolicy
from adaptlearn.validation import Constraint, Interval, OneOf, check_parameters, some

# The best new lesson gains 1: a full backlog of reviews takes more, so that any of them wins.
_REVIEWS = {"review": 1.5, "backlog": 1.2}
# The curriculum's order only parts equal gains.
_UNIT: Sequence[Constraint] = [OneOf((None,)), Interval(0, 1)]
_PROVISIONAL = {"gain_per_minute": 1.0, "fixed_order": 0.001}
_ORDERS = {"gain": _PROVISIONAL, "curriculum": {"fixed_order": 1.0}}


class ProvisionalMastery(WeightedPolicy):
    """Go on to new skills as soon as a skill is probably known, and confirm the skill later.

    A student may do a lesson if all prerequisites of the lesson's unmastered skills have a mastery
    of at least `ready`. Prerequisites that the lesson itself teaches may have any mastery. The
    lesson with the highest gain per minute toward the student's goals comes first. The gain is the
    sum of (1 - mastery) P(learn) over the lesson's unmastered skills. Because unknown skills have a
    higher gain, students learn unknown skills first. Students come back to nearly certain skills
    later, when little else is left to learn. A skill counts as mastered only if it is almost
    certain. If gains are equal, the curriculum's order decides.

    Parameters
    ----------
    threshold : float, default 0.999
        A skill counts as mastered if its mastery is at least this number.
    ready : float, default 0.8
        The mastery of a skill from which a student may learn the skills that build on this skill.
        At most `threshold`.
    kind : {"latent", "predicted"}, default "latent"
        The kind of mastery that `threshold` and `ready` are for. For P(correct), choose other
        values of `threshold` and `ready`, because slips keep P(correct) below .999.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"
        The chooser turns the scores of lessons into probabilities. A greedy policy chooses each
        lesson with probability 1, except among equal scores. From the log of a greedy policy you
        cannot evaluate other policies. If you want to evaluate other policies, use a chooser that
        explores a little.
    reviews : bool, default False
        Whether the policy also gives reviews of mastered skills. The more reviews are due, the
        sooner the policy gives them. The argument `review` of the sequencer determines which skills
        are due. If you pass `review` to the sequencer, its default policy also gives reviews.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range.

    References
    ----------
    The values were chosen by simulation, for the reasons in ``docs/default-policy.md``. The method,
    the worst case over several kinds of simulated students, is from: S. Doroudi, V. Aleven, E.
    Brunskill (2017). Robust evaluation matrix: towards a more principled offline exploration of
    instructional policies. Learning at Scale 2017, 3-12.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context
    >>> from adaptlearn.sequencing.policies import ProvisionalMastery
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> known = np.array([[0.3, 0.1], [0.9, 0.1]])
    >>> scores, eligible = ProvisionalMastery().score(
    ...     Context(school, np.array(["ann", "ben"]), known, "latent")
    ... )
    >>> eligible.tolist()
    [[True, False], [True, True]]
    >>> int(scores[1].argmax())
    1
    """

    def __init__(
        self,
        threshold: float = 0.999,
        ready: float = 0.8,
        kind: MasteryKind = "latent",
        *,
        chooser: str | Chooser = "greedy",
        reviews: bool = False,
    ) -> None:
        probability = [Interval(0, 1, closed="right")]
        check_parameters(
            "ProvisionalMastery",
            {"threshold": threshold, "ready": ready, "kind": kind, "reviews": reviews},
            {"threshold": probability, "ready": probability,
             "kind": [OneOf(("latent", "predicted"))], "reviews": [OneOf((True, False))]},
        )  # fmt: skip
        super().__init__(
            {**_PROVISIONAL, **_REVIEWS} if reviews else _PROVISIONAL,
            criterion=ProbabilityThreshold(threshold, kind),
            ready=ProbabilityThreshold(ready, kind),
            chooser=chooser,
            pools=("new", "review") if reviews else ("new",),
        )


class PricedMastery(WeightedPolicy):
    """Practise a skill until more practice is no longer worth its minutes, at your price.

    The lesson with the highest gain per minute comes first, as under `ProvisionalMastery`. A skill
    counts as mastered when more lessons on it are no longer worth their minutes (see
    `PriceThreshold`).

    Parameters
    ----------
    price : float, default 300
        How many minutes of practice a student would spend so that one skill does not stay unknown.
    ready : float or None, default 0.8
        If the mastery of a skill is at least `ready`, the student may start the skills that build
        on this skill. With 0, students may start a skill before they know its prerequisites. With
        None, prerequisites must be mastered.
    order : {"gain", "curriculum"}, default "gain"
        Which open lesson comes first: the lesson with the highest gain per minute, or the first
        lesson in the curriculum's order. The gain is computed from the model. The curriculum's
        order is safer if the model is wrong.
    average : float, optional
        If given, a skill counts as mastered only if the moving average of the student's answers on
        the skill is also at least `average` (see `MovingAverage`). The moving average protects
        against a model that is wrong after mastery. To use `average`, create the tracker as
        ``MasteryTracker(model, practice=True)``.
    skills, students : mapping of label to float, optional
        Other prices for some skills and for some students, by label.
    n_items : int, default 5
        The number of answers in a lesson.
    minutes : float, default 10
        The minutes of a lesson, if the curriculum does not contain the minutes of this lesson.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"
    reviews : bool or "gain", default False
        Whether the policy also gives reviews of mastered skills. With True, reviews come before new
        lessons if they are urgent (see `ReviewSchedule`). With ``"gain"``, the lesson or review
        with the highest gain per minute comes first. The gain of a review is the retention that it
        buys; pass ``review=PricedReviews(memory, price)`` to the sequencer.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range. It lists every such argument. The error
        is also raised if `reviews` is ``"gain"`` and `order` is not.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.sequencing.policies import PricedMastery
    >>> model = BKT.from_parameters({"skill": ["add"], "prior": [0.3], "learn": [0.2],
    ...                              "guess": [0.2], "slip": [0.1]})
    >>> tracker = MasteryTracker(model).update(
    ...     {"student": ["ann"] * 2, "skill": ["add"] * 2, "correct": [1, 1]}
    ... )
    >>> school = Curriculum.from_dict({"skills": ["add"]})
    >>> for price in (60, 300):  # doctest: +NORMALIZE_WHITESPACE
    ...     print(Sequencer(school, tracker, PricedMastery(price)).recommend("ann")[0].reason)
    Every skill of the curriculum is mastered, and no review is due.
    "add" checks what is probably known but not yet mastered: "add" (mastery 0.94, below 0.9645).
    About 11 minutes of practice are needed. They are worth it at the price of 5 hours. It is the
    only open lesson.
    """

    def __init__(
        self,
        price: float = 300.0,
        *,
        ready: float | None = 0.8,
        order: Literal["gain", "curriculum"] = "gain",
        average: float | None = None,
        skills: Mapping[Label, float] | None = None,
        students: Mapping[Label, float] | None = None,
        n_items: int = 5,
        minutes: float = 10.0,
        chooser: str | Chooser = "greedy",
        reviews: bool | Literal["gain"] = False,
    ) -> None:
        by_gain = reviews == "gain"
        check_parameters(
            "PricedMastery",
            {"ready": ready, "order": order, "average": average, "reviews": reviews},
            {
                "ready": _UNIT,
                "order": [OneOf((*_ORDERS,))],
                "average": _UNIT,
                "reviews": [OneOf((True, False, "gain"))],
            },
            ['reviews="gain" needs order="gain"'] if by_gain and order == "curriculum" else [],
        )
        criterion: Criterion = PriceThreshold(price, skills or {}, students or {}, n_items, minutes)
        if average is not None:
            criterion = criterion & MovingAverage(average)
        super().__init__(
            {**_ORDERS[order], **_REVIEWS} if reviews and not by_gain else _ORDERS[order],
            criterion=criterion,
            ready=ProbabilityThreshold(ready) if ready else None if ready is None else Anything(),
            chooser=chooser,
            pools=("new", "review") if reviews else ("new",),
            settings={"gain_per_minute": {"n_items": float(n_items)}} if by_gain else None,
        )
        if ready == 0:  # nothing was asked of what comes before
            self.sentences = {**SENTENCES, "": "{title} comes next.{teaches}{worth}"}


class MasteryThreshold(WeightedPolicy):
    """Mastery learning: students finish the skills they have begun before they start new skills.

    A student may do a lesson if the lesson is open (`Curriculum.open_lessons`). An open lesson
    teaches at least one skill below the threshold. Each prerequisite of the lesson's unmastered
    skills has reached the threshold or is taught by the lesson itself. The score of a lesson is the
    mean mastery of its unmastered skills, so the lesson nearest to mastery comes first. Scores that
    differ only by rounding count as equal. If several lessons have equal scores, the sequencer
    draws one of these lessons at random.

    Parameters
    ----------
    threshold : float, default 0.95
        A skill counts as mastered if its mastery is at least this number.
    kind : {"latent", "predicted"}, default "latent"
        The kind of mastery that the threshold is for: ``"latent"`` means P(known), ``"predicted"``
        means P(correct). The policy raises an error if the tracker's mastery is of another kind
        than `kind`. A threshold for P(known) does not fit P(correct), because guesses and slips
        keep P(correct) away from 0 and 1.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range.

    References
    ----------
    Corbett & Anderson (1995), "Knowledge tracing: modeling the acquisition of procedural
    knowledge", for the threshold of .95.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context
    >>> from adaptlearn.sequencing.policies import MasteryThreshold
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> known = np.array([[0.3, 0.1], [0.99, 0.1]])
    >>> scores, eligible = MasteryThreshold().score(
    ...     Context(school, np.array(["ann", "ben"]), known, "latent")
    ... )
    >>> eligible.tolist()
    [[True, False], [False, True]]
    """

    def __init__(
        self,
        threshold: float = 0.95,
        kind: MasteryKind = "latent",
        *,
        chooser: str | Chooser = "greedy",
    ) -> None:
        super().__init__(
            {"nearest_to_mastery": 1.0},
            criterion=ProbabilityThreshold(threshold, kind),
            chooser=chooser,
        )


class Preset(NamedTuple):
    """A ready-made policy, and a short description of the policy."""

    policy: WeightedPolicy
    says: str


PRESETS: dict[str, Preset] = {
    "provisional": Preset(
        ProvisionalMastery(),
        "the default: go on when a skill is probably known, make sure of it later",
    ),
    "surer": Preset(
        WeightedPolicy(
            _PROVISIONAL,
            criterion=ProbabilityThreshold(0.999) & MovingAverage(0.85),
            ready=ProbabilityThreshold(0.8),
            name="surer",
        ),
        "the default, and more sure of it: the latest answers must be right, too",
    ),
    "priced": Preset(
        PricedMastery(), "the default's order; practise while it is worth its minutes, at a price"
    ),
    "balanced": Preset(
        WeightedPolicy(
            {"gain_per_minute": 1.0, **_REVIEWS, "remediation": 0.7, "not_stuck": 0.5,
             "enrichment": 0.05},
            pools=POOLS,
            name="balanced",
        ),
        "learning per minute toward the goals, reviews before they pile up, help when stuck",
    ),
    "mastery": Preset(MasteryThreshold(), "finish what has begun, then move on"),
    "outer_fringe": Preset(
        WeightedPolicy(
            {"random": 1.0, "review": 0.5}, pools=("new", "review"), name="outer_fringe"
        ),
        "knowledge spaces: any lesson the student is ready for, and reviews when due",
    ),
    "target_success": Preset(
        WeightedPolicy({"target_success": 1.0}, name="target_success"),
        "neither too hard nor too easy",
    ),
    "zpdes": Preset(
        WeightedPolicy({"learning_progress": 1.0}, chooser=Softmax(0.2), name="zpdes"),
        "lessons on which the student is making progress, with some exploration",
    ),
    "oatutor": Preset(
        WeightedPolicy({"lowest_mastery": 1.0}, name="oatutor"), "the least mastered first"
    ),
    "alosi": Preset(
        WeightedPolicy(
            {"readiness": 1.0, "demand": 1.0, "continuity": 0.5, "target_success": 0.5},
            name="alosi",
        ),
        "readiness, demand, continuity and difficulty, weighed",
    ),
    "fixed_order": Preset(
        WeightedPolicy({"fixed_order": 1.0}, name="fixed_order"), "the curriculum's order"
    ),
    "random": Preset(
        WeightedPolicy({"random": 1.0}, name="random"), "any lesson the student is ready for"
    ),
    "placement": Preset(
        WeightedPolicy({"information": 1.0}, name="placement"),
        "the lesson whose answers tell most about the student",
    ),
}  # fmt: skip
"""The ready-made policies by name; `preset` makes one of them."""


def preset(
    name: str, *, criterion: Criterion | None = None, chooser: str | Chooser | None = None
) -> WeightedPolicy:
    """A ready-made policy, by name.

    Parameters
    ----------
    name : str
        One of `PRESETS`. ``"provisional"`` is a `ProvisionalMastery`, the sequencer's default.
        ``"mastery"`` is a `MasteryThreshold`. ``"surer"`` needs ``MasteryTracker(model,
        practice=True)``.
    criterion : Criterion, optional
        The rule that decides whether a skill counts as mastered. By default, a skill is mastered if
        P(known) is at least .95. For ``"provisional"`` and ``"surer"``, P(known) must be at least
        .999. For ``"surer"``, the moving average of the answers must also be at least .85.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, optional
        The chooser turns the scores of lessons into probabilities. By default, the preset's own
        chooser is used.

    Raises
    ------
    ParameterError
        The error is raised if there is no preset with this name.
    """
    if name not in PRESETS:
        raise ParameterError("preset", [f"no preset {name!r}; there are {some(PRESETS, 20)}"])
    return PRESETS[name].policy.with_parts(criterion=criterion, chooser=chooser)
