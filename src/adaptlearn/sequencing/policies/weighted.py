"""Policies: how good each lesson would be for each student, and which may be given at all.

A policy is a function ``(context) -> (scores, eligible)``, or an object whose ``score`` is one.
It reads state and curriculum and never a model, so that any model can drive it. The library's own
are weights on a table of scorers (`SCORERS`), wrapped by a chooser.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats
from adaptlearn.sequencing.knowledge.context import Context, MasteryKind
from adaptlearn.sequencing.knowledge.criteria import Criterion, ProbabilityThreshold
from adaptlearn.sequencing.policies.candidates import Candidates, find_candidates, pairs_of_table
from adaptlearn.sequencing.policies.choosers import CHOOSERS, Chooser, Greedy
from adaptlearn.sequencing.policies.reasons import Choice, reason_of
from adaptlearn.sequencing.policies.scorers import SCORERS
from adaptlearn.serialization import fingerprint
from adaptlearn.validation import some

Scores = tuple[Floats, Bools]
POOLS = ("new", "review", "remediation", "enrichment")


class ScoringPolicy(Protocol):
    """A policy as an object.

    It may also have: ``criterion``, what counts as mastered; ``chooser``, how scores become
    probabilities; ``reason(choice)``, a code and a sentence; and ``fingerprint``.
    """

    def score(self, context: Context) -> Scores:
        """Scores, and which lessons may be given; both (n_students, n_lessons)."""
        ...


Policy = ScoringPolicy | Callable[[Context], Scores]


class WeightedPolicy:
    """Scorers, weighed and added up, over the lessons that may be given.

    Parameters
    ----------
    scorers : mapping of str to float
        The weight of each scorer: names of `SCORERS`, or functions of `Candidates` by a name of
        your own (then ``(function, weight)``).
    criterion : Criterion, default ``ProbabilityThreshold()``
        What counts as mastered.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"
    ready : Criterion, optional
        What is enough of a skill to go on to what comes after it; what is mastered always is.
        By default only that.
    pools : sequence of str, default ``("new",)``
        Which lessons may be given: ``"new"`` (on the outer fringe), ``"review"`` (mastered and
        due), ``"remediation"`` (before a skill on which the student is stuck), ``"enrichment"``.
    settings : mapping of str to mapping, optional
        Settings of scorers: ``{"target_success": {"target": 0.7}}``.
    name : str, optional
        What to call it.

    Raises
    ------
    ParameterError
        Lists every name that is not known, and every weight that is no number; or `ready` is
        for another kind of mastery than `criterion`, or a higher threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing import Context, WeightedPolicy
    >>> school = Curriculum.from_dict({"skills": ["add", "measure", "draw"]})
    >>> half = {"target_success": {"target": 0.5}}
    >>> policy = WeightedPolicy({"target_success": 1.0}, settings=half)
    >>> scores, eligible = policy.score(
    ...     Context(school, np.array(["ann"]), np.array([[0.1, 0.45, 0.8]]), "latent")
    ... )
    >>> int(scores.argmax())
    1
    """

    def __init__(
        self,
        scorers: Mapping[str, Any],
        *,
        criterion: Criterion | None = None,
        ready: Criterion | None = None,
        chooser: str | Chooser = "greedy",
        pools: Sequence[str] = ("new",),
        settings: Mapping[str, Mapping[str, float]] | None = None,
        name: str | None = None,
    ) -> None:
        self.scorers = dict(scorers)
        self.criterion = ProbabilityThreshold() if criterion is None else criterion
        self.ready = ready
        self.pools = tuple(pools)
        self.settings = {key: dict(value) for key, value in (settings or {}).items()}
        self.name = type(self).__name__ if name is None else name
        problems = [*self._problems(chooser)]
        if problems:
            raise ParameterError(self.name, problems)
        self.chooser: Chooser = CHOOSERS[chooser]() if isinstance(chooser, str) else chooser

    def _problems(self, chooser: str | Chooser) -> list[str]:
        problems = [] if self.scorers else ["no scorers; give at least one with its weight"]
        for name, given in self.scorers.items():
            own = isinstance(given, tuple) and len(given) == 2 and callable(given[0])
            weight = given[1] if own else given
            if not own and name not in SCORERS:
                problems.append(f"no scorer {name!r}; there are {some(SCORERS, 30)}")
            if isinstance(weight, bool) or not isinstance(weight, (int, float)):
                problems.append(f"the weight of {name} is {weight!r}; expected a number")
            elif not np.isfinite(weight):
                problems.append(f"the weight of {name} is {weight}; expected a finite number")
        for name, values in self.settings.items():
            known = SCORERS[name].settings if name in SCORERS else {}
            problems += [
                f"scorer {name!r} has no setting {key!r}" for key in values if key not in known
            ]
        if isinstance(chooser, str) and chooser not in CHOOSERS:
            problems.append(f"no chooser {chooser!r}; there are {some(CHOOSERS)}")
        problems += [
            f"no pool {pool!r}; there are {some(POOLS)}" for pool in self.pools if pool not in POOLS
        ]
        return [*problems, *self._problems_of_ready()]

    def _problems_of_ready(self) -> Iterator[str]:
        if self.ready is None:
            return
        kinds = (self.criterion.kind, self.ready.kind)
        if None not in kinds and len(set(kinds)) > 1:
            yield f"criterion is for {kinds[0]} mastery, ready for {kinds[1]}"
        both = (self.criterion, self.ready)
        if all(isinstance(one, ProbabilityThreshold) for one in both):
            threshold, ready = self.criterion.threshold, self.ready.threshold
            if threshold is not None and ready is not None and ready > threshold:
                yield f"ready ({ready:g}) is above threshold ({threshold:g})"

    def __repr__(self) -> str:
        ready = "" if self.ready is None else f", ready={self.ready}"
        return f"{self.name}({self.scorers}, criterion={self.criterion}{ready}, pools={self.pools})"

    @property
    def kind(self) -> MasteryKind | None:
        """The kind of mastery it is for."""
        return self.criterion.kind or (None if self.ready is None else self.ready.kind)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that its choices depend on."""
        plain = {
            name: [policy_fingerprint(given[0]), given[1]] if isinstance(given, tuple) else given
            for name, given in self.scorers.items()
        }
        return fingerprint(
            {
                "policy": self.name,
                "scorers": plain,
                "settings": self.settings,
                "criterion": self.criterion.described(),
                "ready": None if self.ready is None else self.ready.described(),
                "pools": list(self.pools),
                "chooser": self.chooser.described(),
            }
        )

    def candidates(self, context: Context) -> Candidates:
        """The lessons that may be given; `context` says what is mastered."""
        return find_candidates(context, self.pools)

    def value(self, candidates: Candidates) -> Floats:
        """The score of each candidate, shape (n,)."""
        total = np.zeros(len(candidates))
        for name, given in self.scorers.items():
            if isinstance(given, tuple):
                function, weight = given
                total += weight * np.asarray(function(candidates), np.float64)
            else:
                settings = {**SCORERS[name].settings, **self.settings.get(name, {})}
                total += given * SCORERS[name].score(candidates, **settings)
        return total

    def score(self, context: Context) -> Scores:
        """Scores, and which lessons may be given; both (n_students, n_lessons)."""
        if context.mastered is None:
            context = replace(context, mastered=self.criterion.met(context))
        if context.ready is None and self.ready is not None:
            context = replace(context, ready=self.ready.met(context))
        candidates = self.candidates(context)
        shape = (len(context.students), len(context.curriculum.lessons))
        scores, eligible = np.zeros(shape), np.zeros(shape, bool)
        at = candidates.student, candidates.lesson
        scores[at], eligible[at] = self.value(candidates), True
        return scores, eligible

    def reason(self, choice: Choice) -> tuple[str, str]:
        """A code and a sentence."""
        return reason_of(choice, self.criterion.threshold, self.leading, self.ready)

    @property
    def leading(self) -> str:
        """The heaviest scorer: the code of a new lesson that stands out."""
        weights = {
            name: given[1] if isinstance(given, tuple) else given
            for name, given in self.scorers.items()
        }
        return max(weights, key=weights.__getitem__)


def candidates_of(policy: Policy, context: Context) -> tuple[Candidates, Floats]:
    """What a policy lets be given, and its scores, whichever way it is written.

    Raises
    ------
    ParameterError
        It returned something else than scores and eligibility of the right shapes.
    """
    if isinstance(policy, WeightedPolicy):
        candidates = policy.candidates(context)
        value = policy.value(candidates)
        if not np.isfinite(value).all():
            raise ParameterError(policy.name, ["scores: that of an eligible lesson is not finite"])
        return candidates, value
    scores, eligible = _checked(policy_name(policy), scorer(policy)(context), context)
    pairs = pairs_of_table(eligible)
    candidates = Candidates(context, pairs, np.zeros(len(pairs.student), np.int8))
    return candidates, scores[pairs.student, pairs.lesson].astype(np.float64)


def _checked(name: str, result: Any, context: Context) -> Scores:
    shape = (len(context.students), len(context.curriculum.lessons))
    if not isinstance(result, tuple) or len(result) != 2:
        raise ParameterError(name, [f"returned {result!r:.80}; expected (scores, eligible)"])
    scores, eligible = np.asarray(result[0]), np.asarray(result[1])
    problems = [
        f"{what}: {array.dtype} of shape {array.shape}; expected {kind} of shape {shape}"
        for what, array, kind, codes in (
            ("scores", scores, "numbers", "fiu"),
            ("eligible", eligible, "bool", "b"),
        )
        if array.shape != shape or array.dtype.kind not in codes
    ]
    if not problems and not np.isfinite(scores[eligible]).all():
        problems.append("scores: that of an eligible lesson is not finite")
    if problems:
        raise ParameterError(name, problems)
    return scores, eligible


def criterion_of(policy: Policy) -> Criterion | None:
    """What counts as mastered to a policy; None where it does not say."""
    found: Criterion | None = getattr(policy, "criterion", None)
    return found


def ready_of(policy: Policy) -> Criterion | None:
    """What a policy takes for enough to go on; None where only what is mastered is."""
    found: Criterion | None = getattr(policy, "ready", None)
    return found


def chooser_of(policy: Policy) -> Chooser:
    """How a policy's scores become probabilities; greedily where it does not say."""
    found: Chooser | None = getattr(policy, "chooser", None)
    return Greedy() if found is None else found


def scorer(policy: Policy) -> Callable[[Context], Scores]:
    """The function that scores: a policy's ``score``, or the policy itself."""
    score: Callable[[Context], Scores] = getattr(policy, "score", policy)  # type: ignore[arg-type]
    return score


def policy_name(policy: Policy) -> str:
    """What to call a policy in messages."""
    named = getattr(policy, "name", None) or getattr(policy, "__name__", None)
    return str(named or type(policy).__name__)


def policy_fingerprint(policy: Any) -> str:
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
