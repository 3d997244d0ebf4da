"""What a policy is, and how a function or an object that scores becomes one.

A policy reads state and curriculum and never a model, so that any model can drive it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats
from adaptlearn.sequencing.knowledge.context import Context, MasteryKind
from adaptlearn.sequencing.knowledge.criteria import Criterion, accepted_kind
from adaptlearn.sequencing.policies.candidates import Candidates, pairs_of_table
from adaptlearn.sequencing.policies.choosers import Chooser, Greedy
from adaptlearn.sequencing.policies.reasons import SCORE_ALONE, Choices
from adaptlearn.wording import listed

Scores = tuple[Floats, Bools]
"""Scores, and which lessons may be given; both (n_students, n_lessons)."""


class Policy(Protocol):
    """A policy says which lessons each student may do, and how good each of these lessons would be.

    A policy receives the data of a block of students at a time, as arrays.
    """

    @property
    def name(self) -> str:
        """The name of the policy."""
        ...

    @property
    def fingerprint(self) -> str:
        """A digest of everything that the policy's choices depend on; each decision records it."""
        ...

    @property
    def criterion(self) -> Criterion | None:
        """The criterion for mastery; None if the policy has no criterion.

        Without a criterion, no skill counts as mastered.
        """
        ...

    @property
    def ready(self) -> Criterion | None:
        """When a skill is known well enough to go on; None means when it is mastered."""
        ...

    @property
    def chooser(self) -> Chooser:
        """The chooser, which turns scores into probabilities."""
        ...

    @property
    def sentences(self) -> Mapping[str, str]:
        """The sentences for the policy's reasons: by code, texts with fields in braces.

        The text of the empty code is used for all codes without a text of their own. The texts of
        ``"(only)"``, ``"(best)"`` and ``"(tied)"``, if there are any, are used for a second
        sentence. This sentence says how the lesson compared with the other candidates. The fields
        are ``title`` (of the lesson, in quotation marks), ``skills``, ``unmastered`` (the skills
        that were not mastered, with their mastery), ``teaches`` (the same as a sentence, or empty),
        ``known`` (what the policy requires of prerequisites), ``worth`` (the minutes that are still
        needed, and their price, as a sentence, or empty), ``score``, ``n_candidates`` and
        ``n_tied``.
        """
        ...

    def candidates(self, context: Context) -> Candidates:
        """The lessons that students may do; `context` contains the skills that are mastered."""
        ...

    def value(self, candidates: Candidates) -> Floats:
        """The score of each candidate, shape (n_candidates,); higher is better."""
        ...

    def reason(self, choices: Choices) -> Sequence[str] | NDArray[Any]:
        """The code of the reason for each choice.

        The sequencer calls this method after it has chosen the lessons.
        """
        ...


class ScoringObject(Protocol):
    """An object that scores; whatever of a `Policy` it has besides is used."""

    def score(self, context: Context) -> Scores:
        """The score of each lesson, and whether the student may do it.

        Both arrays have the shape (n_students, n_lessons).
        """
        ...


PolicyLike = Policy | ScoringObject | Callable[[Context], Scores]
"""What is taken for a policy; `as_policy` makes one of it."""

_OWN = ("candidates", "value")  # what tells a policy from an object that only scores
_PARTS = ("name", "fingerprint", "criterion", "ready", "chooser", "sentences", *_OWN, "reason")


def as_policy(given: PolicyLike) -> Policy:
    """A policy as it is; a function or an object that scores, as a policy.

    Parameters
    ----------
    given : Policy, function, or object with ``score``
        Sound by `problems_of_policy`.
    """
    made: Any = given
    return made if all(hasattr(made, part) for part in _OWN) else _Scored(made)


def problems_of_policy(given: Any) -> Iterator[str]:
    """What is wrong with what is given as a policy."""
    if isinstance(given, str):
        yield f"policy is the text {given!r}; a policy of that name is preset({given!r})"
    elif all(hasattr(given, part) for part in _OWN):
        lacking = [part for part in _PARTS if not hasattr(given, part)]
        if lacking:
            yield f"policy is a {type(given).__name__} without {listed(lacking)}: see Policy"
    elif not callable(getattr(given, "score", given)):
        yield f"policy is {given!r:.80}; expected a function, or an object with `score`"


class _Scored:
    """A function ``(context) -> (scores, eligible)``, or an object whose ``score`` is one."""

    def __init__(self, given: Any) -> None:
        own = {part: getattr(given, part) for part in _PARTS if hasattr(given, part)}
        self._given, self._own = given, own
        self._score: Callable[[Context], Scores] = getattr(given, "score", given)
        self._code = None if "fingerprint" in own else fingerprint_of(given)
        self.name = str(own.get("name") or getattr(given, "__name__", type(given).__name__))
        self.criterion: Criterion | None = own.get("criterion")
        self.ready: Criterion | None = own.get("ready")
        self.chooser: Chooser = own.get("chooser") or Greedy()
        self.sentences: Mapping[str, str] = own.get("sentences", SCORE_ALONE)

    @property
    def fingerprint(self) -> str:
        """Its own as it is now, since an object may learn; else that of its code."""
        return str(self._given.fingerprint) if self._code is None else self._code

    def candidates(self, context: Context) -> Candidates:
        """The lessons that it marks, with their scores."""
        scores, eligible = _checked(self.name, self._score(context), context)
        pairs = pairs_of_table(eligible)
        purpose = np.zeros(len(pairs.student), np.int8)
        score = scores[pairs.student, pairs.lesson].astype(np.float64)
        return Candidates(context, pairs, purpose, score)

    def value(self, candidates: Candidates) -> Floats:
        """The scores that came with them."""
        assert candidates.score is not None
        return candidates.score

    def reason(self, choices: Choices) -> Sequence[str] | NDArray[Any]:
        """Its own codes, or that the score was the highest."""
        own: Callable[[Choices], Sequence[str]] | None = self._own.get("reason")
        return ["highest_score"] * len(choices) if own is None else own(choices)


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
    if problems:
        raise ParameterError(name, problems)
    return scores, eligible


def offered(policy: Policy, context: Context, best: int | None = None) -> tuple[Candidates, Floats]:
    """What a policy lets be given, and its scores; with `best`, perhaps only so many best ones.

    Raises
    ------
    ParameterError
        A function returned something else than scores and eligibility of the right shapes;
        ``value`` gave not a number to each candidate, or one that is not finite.
    """
    shortlist = None if best is None else getattr(policy, "shortlist", None)
    candidates = policy.candidates(context) if shortlist is None else shortlist(context, best)
    value = np.asarray(policy.value(candidates))
    if value.shape != (len(candidates),):
        raise ParameterError(
            policy.name,
            [f"value gave shape {value.shape}; expected a number for each of {len(candidates)}"],
        )
    if not np.isfinite(value).all():
        raise ParameterError(policy.name, ["scores: that of an eligible lesson is not finite"])
    return candidates, value


def reasons_of(policy: Policy, choices: Choices) -> NDArray[Any]:
    """The code of each choice, shape (n,), as the policy gives it.

    Raises
    ------
    ParameterError
        It gave something else than a text for each.
    """
    code = np.asarray(policy.reason(choices), object)
    kinds = {*map(type, code.tolist())}
    if code.shape != (len(choices),) or not all(issubclass(kind, str) for kind in kinds):
        raise ParameterError(
            policy.name, [f"reason gave {code!r:.80}; expected a text for each of {len(choices)}"]
        )
    return code


def check_kind(policy: Policy, given: MasteryKind) -> None:
    """Refuse a kind of mastery that the policy is not for."""
    accepted = accepted_kind(policy.criterion, policy.ready)
    if accepted not in (None, given):
        raise ParameterError(
            policy.name,
            [
                f"it is for {accepted} mastery, the tracker's model gives {given} mastery, where "
                "the same number means another thing: choose a threshold for that, and say "
                f"kind={given!r}"
            ],
        )


def fingerprint_of(given: Any) -> str:
    """The ``fingerprint`` of a function or an object, or one of its name and code.

    The code's fingerprint does not include values from outside the function. Give a policy that
    reads such values a ``fingerprint`` of its own.
    """
    own = getattr(given, "fingerprint", None)
    if own is not None:
        return str(own)
    subject = given if inspect.isroutine(given) else type(given)
    try:
        code = inspect.getsource(subject)
    except (OSError, TypeError):  # made in a console, or not written in Python
        code = getattr(getattr(subject, "__code__", None), "co_code", b"").hex()
    name = f"{getattr(subject, '__module__', '')}.{getattr(subject, '__qualname__', '')}"
    return hashlib.sha256(f"{name}\n{code}".encode()).hexdigest()
