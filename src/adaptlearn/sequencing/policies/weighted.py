"""The library's own policies: weights on a table of scorers (`SCORERS`), wrapped by a chooser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.media import terminal_text
from adaptlearn.numerics import Floats
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.criteria import Criterion, ProbabilityThreshold
from adaptlearn.sequencing.policies.candidates import Candidates, find_candidates
from adaptlearn.sequencing.policies.choosers import CHOOSERS, Chooser
from adaptlearn.sequencing.policies.policy import Scores, fingerprint_of
from adaptlearn.sequencing.policies.reasons import OF_OTHERS, SENTENCES, Choices, codes_of
from adaptlearn.sequencing.policies.scorers import SCORERS
from adaptlearn.sequencing.policies.shortlist import near_best
from adaptlearn.serialization import fingerprint
from adaptlearn.validation import some

POOLS = ("new", "review", "remediation", "enrichment")


class WeightedPolicy:
    """A policy whose score of a lesson is a weighted sum of scorers.

    Parameters
    ----------
    scorers : mapping of str to float
        The weight of each scorer in `SCORERS`, by its name. You can also add your own scorer, a
        function of `Candidates`. To add your own scorer, pass ``(function, weight)`` under a name
        that you choose.
    criterion : Criterion, default ``ProbabilityThreshold()``
        The rule that decides whether a skill counts as mastered.
    chooser : {"greedy", "softmax", "epsilon", "thompson"} or Chooser, default "greedy"
    ready : Criterion, optional
        When a student knows a skill well enough to learn the skills that build on this skill. A
        mastered skill is always known well enough. By default, only mastered skills are known well
        enough.
    pools : sequence of str, default ``("new",)``
        The kinds of lessons that students may do. ``"new"``: lessons on the outer fringe.
        ``"review"``: lessons on mastered skills whose review is due. ``"remediation"``: lessons on
        prerequisites of a skill on which the student is stuck. ``"enrichment"``: elective and
        enrichment lessons.
    settings : mapping of str to mapping, optional
        The settings of the scorers, for example ``{"target_success": {"target": 0.7}}``.
    name : str, optional
        The policy's name.

    Raises
    ------
    ParameterError
        The error lists every unknown name and every weight that is not a number. The error is also
        raised if `ready` is for a different kind of mastery than `criterion`, or if `ready` has a
        higher threshold than `criterion`.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.sequencing.knowledge import Context
    >>> from adaptlearn.sequencing.policies import WeightedPolicy
    >>> school = Curriculum.from_dict({"skills": ["add", "measure", "draw"]})
    >>> half = {"target_success": {"target": 0.5}}
    >>> policy = WeightedPolicy({"target_success": 1.0}, settings=half)
    >>> scores, eligible = policy.score(
    ...     Context(school, np.array(["ann"]), np.array([[0.1, 0.45, 0.8]]), "latent")
    ... )
    >>> int(scores.argmax())
    1
    """

    sentences: Mapping[str, str] = SENTENCES

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
        parts = f"{self.scorers}, criterion={self.criterion}{ready}, pools={self.pools}"
        return f"{terminal_text(self.name)}({parts})"

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 digest of everything that the policy's choices depend on."""
        plain = {
            name: [fingerprint_of(given[0]), given[1]] if isinstance(given, tuple) else given
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

    def with_parts(
        self, *, criterion: Criterion | None = None, chooser: str | Chooser | None = None
    ) -> Self:
        """The same policy with another criterion or another chooser.

        The new policy keeps `ready`. If the threshold of `ready` is higher than the threshold of
        the new criterion, the threshold of `ready` is lowered to the threshold of the new
        criterion.
        """
        ready = self.ready
        if criterion is not None and isinstance(ready, ProbabilityThreshold):
            enough = ready.threshold
            if isinstance(criterion, ProbabilityThreshold):
                enough = min(enough, criterion.threshold)
            ready = ProbabilityThreshold(enough, criterion.kind or "latent")
        made = type(self).__new__(type(self))
        WeightedPolicy.__init__(  # a class of its own is made from other arguments
            made,
            self.scorers,
            criterion=self.criterion if criterion is None else criterion,
            ready=ready,
            chooser=self.chooser if chooser is None else chooser,
            pools=self.pools,
            settings=self.settings,
            name=self.name,
        )
        made.sentences = self.sentences
        return made

    def candidates(self, context: Context) -> Candidates:
        """The lessons that students may do; `context` contains the skills that are mastered."""
        return find_candidates(context, self.pools)

    def shortlist(self, context: Context, n: int) -> Candidates:
        """The candidates, without lessons that are certainly not a student's `n` best."""
        own = (type(self).candidates, type(self).value)
        gain = self.scorers.get("gain_per_minute", 0.0)
        order = self.scorers.get("fixed_order", 0.0)  # without it, many lessons score the same
        if (
            own != (WeightedPolicy.candidates, WeightedPolicy.value)
            or self.pools != ("new",)
            or self.settings  # the bound is for the scorers as they come
            or not self.scorers.keys() <= {"gain_per_minute", "fixed_order"}
            or not (type(gain) is type(order) is float and gain >= 0 and order > 0)
        ):
            return self.candidates(context)
        keep = partial(near_best, context, n=n, order=order / gain if gain else None)
        return find_candidates(context, self.pools, keep)

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
        """The score of each lesson, and whether the student may do it.

        Both arrays have the shape (n_students, n_lessons).
        """
        marks: dict[str, Any] = {}
        if context.mastered is None:
            marks["mastered"] = self.criterion.met(context)
        if context.ready is None and self.ready is not None:
            marks["ready"] = self.ready.met(context)
        if marks:
            context = replace(context, **marks)
        candidates = self.candidates(context)
        shape = (len(context.students), len(context.curriculum.lessons))
        scores, eligible = np.zeros(shape), np.zeros(shape, bool)
        at = candidates.student, candidates.lesson
        scores[at], eligible[at] = self.value(candidates), True
        return scores, eligible

    def reason(self, choices: Choices) -> NDArray[Any]:
        """The code of the reason for each choice.

        Often the code is the name of the scorer with the highest weight.
        """
        return codes_of(choices, self.leading)

    @property
    def leading(self) -> str:
        """The scorer of new lessons with the highest weight; its name is the code of reasons."""
        weights = {
            name: given[1] if isinstance(given, tuple) else given
            for name, given in self.scorers.items()
            if name not in OF_OTHERS
        }
        return max(weights, key=weights.__getitem__, default="ready")
