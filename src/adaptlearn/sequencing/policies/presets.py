"""Policies that people know by name, and the sequencer's default."""

from __future__ import annotations

from typing import NamedTuple

from adaptlearn.errors import ParameterError
from adaptlearn.sequencing.knowledge.context import MasteryKind
from adaptlearn.sequencing.knowledge.criteria import Criterion, MovingAverage, ProbabilityThreshold
from adaptlearn.sequencing.policies.choosers import Chooser, Softmax
from adaptlearn.sequencing.policies.weighted import POOLS, WeightedPolicy
from adaptlearn.validation import Interval, OneOf, check_parameters, some

# The best new lesson gains 1: a full backlog of reviews takes more, so that any of them wins.
_REVIEWS = {"review": 1.5, "backlog": 1.2}
# The curriculum's order only parts equal gains.
_PROVISIONAL = {"gain_per_minute": 1.0, "fixed_order": 0.001}


class ProvisionalMastery(WeightedPolicy):
    """Go on as soon as a skill is probably known, and make sure of it later.

    A lesson may be given when all that its unmastered skills need is at `ready`, or taught by the
    lesson itself. First comes the lesson from which most is gained per minute, toward the
    student's goals: the sum of (1 - mastery) P(learn) over its skills that are not mastered. So
    what is unknown is learnt first, and what is nearly certain is made sure of when little else
    is left to learn, with other practice in between. A skill counts as mastered only once it is
    all but certain. Where gains are equal, the curriculum's order decides.

    Parameters
    ----------
    threshold : float, default 0.999
        From which mastery on a skill counts as mastered.
    ready : float, default 0.8
        The mastery from which a skill is enough for what comes after; at most `threshold`.
    kind : {"latent", "predicted"}, default "latent"
        The kind of mastery that these values are for. For P(correct) choose other values for both:
        slips keep P(correct) below .999.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"
        Greedily, every decision has propensity 1 but for ties, and its log answers for no other
        policy: let it explore a little where you want to learn from the log.
    reviews : bool, default False
        Whether reviews of mastered skills come in between. The more of them are due, the sooner
        they come. The sequencer's `review` says what is due. With a `review`, the sequencer's
        own policy gives reviews.

    Raises
    ------
    ParameterError
        Arguments outside these.

    References
    ----------
    Chosen by simulation, for the reasons in ``docs/default-policy.md``. For the worst case over
    several kinds of simulated students: S. Doroudi, V. Aleven, E. Brunskill (2017). Robust
    evaluation matrix: towards a more principled offline exploration of instructional policies.
    Learning at Scale 2017, 3-12.

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


class MasteryThreshold(WeightedPolicy):
    """Mastery learning: finish what has begun, and go on when a skill is at the threshold.

    A lesson may be given when it is open (`Curriculum.open_lessons`): it teaches a skill below
    the threshold, and every prerequisite of its unmastered skills is at the threshold or taught
    by the lesson itself. Its score is the mean mastery of its unmastered skills, so the lesson
    nearest to done comes first. Scores that differ by no more than rounding are a tie, and the
    sequencer draws from a tie uniformly.

    Parameters
    ----------
    threshold : float, default 0.95
        From which mastery on a skill counts as mastered.
    kind : {"latent", "predicted"}, default "latent"
        The kind of mastery the threshold is for. The other kind is refused: .95 of P(known) is
        not .95 of P(correct), which guesses and slips keep away from 0 and 1.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"

    Raises
    ------
    ParameterError
        Arguments outside these.

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
    """A ready-made policy, and what it does."""

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
"""Policies by the names people know; `preset` makes one."""


def preset(
    name: str, *, criterion: Criterion | None = None, chooser: str | Chooser | None = None
) -> WeightedPolicy:
    """A ready-made policy, by name.

    Parameters
    ----------
    name : str
        One of `PRESETS`. ``"provisional"`` is a `ProvisionalMastery`, the sequencer's default,
        ``"mastery"`` a `MasteryThreshold`; ``"surer"`` needs
        ``MasteryTracker(model, practice=True)``.
    criterion : Criterion, optional
        What counts as mastered; by default the preset's own: P(known) of .95, of .999 for
        ``"provisional"``, and with a moving average of .85 besides for ``"surer"``.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, optional
        How scores become probabilities; by default the preset's own.

    Raises
    ------
    ParameterError
        There is no such preset.
    """
    if name not in PRESETS:
        raise ParameterError("preset", [f"no preset {name!r}; there are {some(PRESETS, 20)}"])
    return PRESETS[name].policy.with_parts(criterion=criterion, chooser=chooser)
