"""Policies: how good each lesson would be for each student, and which may be given at all.

A policy is a function ``(context) -> (scores, eligible)``, or an object whose ``score`` is one.
It reads state and curriculum and never a model, so that any model can drive it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from adaptlearn.sequencing.curriculum import Curriculum
from adaptlearn.sequencing.reading import Label
from adaptlearn.sequencing.wording import level, listed, quoted
from adaptlearn.serialization import fingerprint
from adaptlearn.validation import Interval, OneOf, check_parameters

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scores = tuple[Floats, Bools]
MasteryKind = Literal["latent", "predicted"]


@dataclass(frozen=True)
class Context:
    """What a policy may read about a block of students.

    Attributes
    ----------
    curriculum : Curriculum
        Its skills are the columns below, in its order.
    students : array, shape (n_students,)
        Labels of the rows.
    mastery : float array, shape (n_students, n_skills)
        Probabilities; 0 for skills the model does not know.
    kind : {"latent", "predicted"}
        Which probability `mastery` is: P(known) or P(correct).
    p_correct : float array of the same shape, or None
        P(correct) on the skill's items, where `kind` is ``"predicted"``; 0 for unknown skills.
    counts : integer array of the same shape
        Answers given so far.
    time_since : float array of the same shape, or None
        Seconds since the skill was last practised; None where the tracker keeps no times.
    """

    curriculum: Curriculum
    students: NDArray[Any]
    mastery: Floats
    kind: MasteryKind
    p_correct: Floats | None = None
    counts: NDArray[np.int64] | None = None
    time_since: Floats | None = None


class Choice(NamedTuple):
    """A lesson that was chosen, as the policy is asked to give its reason.

    Attributes
    ----------
    lesson, title : label, str
    skills : tuple of label
        The skills the lesson teaches.
    mastery : tuple of float
        Theirs, when the choice was made.
    score : float
    n_eligible, n_tied : int
        Lessons that could have been chosen, and those of them that scored as high.
    """

    lesson: Label
    title: str
    skills: tuple[Label, ...]
    mastery: tuple[float, ...]
    score: float
    n_eligible: int
    n_tied: int


class ScoringPolicy(Protocol):
    """A policy as an object.

    It may also have: ``kind``, the kind of mastery it accepts; ``threshold`` and
    ``mastered(context)``, what counts as mastered, shape (n_students, n_skills), for
    explanations; ``reason(choice)``, a code and a sentence; and ``fingerprint``.
    """

    def score(self, context: Context) -> Scores:
        """Scores, and which lessons may be given; both (n_students, n_lessons)."""
        ...


@runtime_checkable
class Thresholded(Protocol):
    """A policy that knows what counts as mastered."""

    @property
    def threshold(self) -> float:
        """From which mastery on a skill counts as mastered."""
        ...

    def mastered(self, context: Context) -> Bools:
        """Which skills count as mastered, shape (n_students, n_skills)."""
        ...


Policy = ScoringPolicy | Callable[[Context], Scores]


@dataclass(frozen=True)
class MasteryThreshold:
    """Mastery learning on the outer fringe: finish what has begun, move on at the threshold.

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
    >>> from adaptlearn.sequencing import Context, MasteryThreshold
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> known = np.array([[0.3, 0.1], [0.99, 0.1]])
    >>> scores, eligible = MasteryThreshold().score(
    ...     Context(school, np.array(["ann", "ben"]), known, "latent")
    ... )
    >>> eligible.tolist()
    [[True, False], [False, True]]
    """

    threshold: float = 0.95
    kind: MasteryKind = "latent"

    def __post_init__(self) -> None:
        check_parameters(
            "MasteryThreshold",
            asdict(self),
            {
                "threshold": [Interval(0.0, 1.0, closed="right")],
                "kind": [OneOf(("latent", "predicted"))],
            },
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the policy's name and parameters."""
        return fingerprint({"policy": type(self).__name__, **asdict(self)})

    def mastered(self, context: Context) -> Bools:
        """Which skills are at the threshold, shape (n_students, n_skills)."""
        return context.mastery >= self.threshold

    def score(self, context: Context) -> Scores:
        """Mean mastery of each lesson's unmastered skills, and which lessons are open."""
        mastered = self.mastered(context)
        teaches = context.curriculum.teaches
        n_new = (teaches @ (~mastered).T.astype(np.float64)).T
        total = (teaches @ np.where(mastered, 0.0, context.mastery).T).T
        scores = np.divide(total, n_new, out=np.zeros_like(total), where=n_new > 0)
        return scores, context.curriculum.open_lessons(mastered)

    def reason(self, choice: Choice) -> tuple[str, str]:
        """A code (``"nearest_to_mastery"`` or ``"ready"``) and a sentence."""
        still = [
            f"{quoted(skill)} (mastery {level(mastery, self.threshold)})"
            for skill, mastery in zip(choice.skills, choice.mastery, strict=True)
            if mastery < self.threshold
        ]
        text = (
            f"Ready for {quoted(choice.title)}: all that comes before it is mastered, and it "
            f"teaches {listed(still)}, below {self.threshold:g}."
        )
        if choice.n_tied > 1:
            return "ready", f"{text} Drawn from {choice.n_tied} lessons equally near to mastery."
        if choice.n_eligible > 1:
            return "nearest_to_mastery", (
                f"{text} Of {choice.n_eligible} lessons that are open, its skills are nearest to "
                "mastery."
            )
        return "ready", f"{text} It is the only lesson that is open."


def scorer(policy: Policy) -> Callable[[Context], Scores]:
    """The function that scores: a policy's ``score``, or the policy itself."""
    score: Callable[[Context], Scores] = getattr(policy, "score", policy)  # type: ignore[arg-type]
    return score


def threshold_policy(policy: object) -> Thresholded | None:
    """The policy, if it knows what counts as mastered."""
    return policy if isinstance(policy, Thresholded) else None


def policy_name(policy: Policy) -> str:
    """What to call a policy in messages."""
    return str(getattr(policy, "__name__", type(policy).__name__))


def policy_fingerprint(policy: Policy) -> str:
    """A policy's own ``fingerprint``, or one of its name and code.

    The code's fingerprint does not see the values a function takes from around it: give such
    a policy a ``fingerprint`` of its own.
    """
    own = getattr(policy, "fingerprint", None)
    if own is not None:
        return str(own)
    subject = policy if inspect.isroutine(policy) else type(policy)
    try:
        code = inspect.getsource(subject)
    except (OSError, TypeError):  # made in a console, or not written in Python
        code = getattr(getattr(subject, "__code__", None), "co_code", b"").hex()
    name = f"{getattr(subject, '__module__', '')}.{getattr(subject, '__qualname__', '')}"
    return hashlib.sha256(f"{name}\n{code}".encode()).hexdigest()


def plain_reason(choice: Choice) -> tuple[str, str]:
    """The reason for a policy that gives none: its score."""
    if choice.n_eligible == 1:
        return "highest_score", f"{quoted(choice.title)} is the only lesson that may be given."
    text = (
        f"{quoted(choice.title)} has the highest score ({choice.score:.4g}) of "
        f"{choice.n_eligible} lessons that may be given."
    )
    if choice.n_tied > 1:
        text += f" Drawn from {choice.n_tied} with that score."
    return "highest_score", text
