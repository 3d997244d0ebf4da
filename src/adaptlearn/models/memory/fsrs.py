"""FSRS-6 as a knowledge-tracing model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.memory import equations
from adaptlearn.models.memory.alone import Follower
from adaptlearn.models.memory.answers import Answers, mean_log_loss, score
from adaptlearn.models.memory.equations import DEFAULTS, HIGHEST, LOWEST, SPREAD, Card
from adaptlearn.models.memory.noise import PULL, Noise, NoisePrior
from adaptlearn.models.memory.recursion import blocks_of, derivatives, forward, recall_of
from adaptlearn.models.memory.reviews import CardKind, Reviews
from adaptlearn.models.memory.search import Slopes, search_by_curvature
from adaptlearn.models.memory.tracer import COMMON, MemoryTracer
from adaptlearn.models.sequential.chains import Chains
from adaptlearn.models.sequential.state import SequentialState
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, Numbers, OneOf

_FEW = 8  # cards whose reviews of one level are followed one by one
_LEAST = 1e-9  # days of a stability: reviews never take it there

FSRS_DEFAULTS: tuple[float, ...] = tuple(DEFAULTS.tolist())
"""The published parameters of FSRS-6."""

_DECAY = 20
_LONG = 0.1  # of the answers; with fewer after a day, nothing tells how forgetting slows down


class FSRS(MemoryTracer):
    """The free spaced repetition scheduler, FSRS-6: stability and difficulty of each card.

    A student's memory of a card has a *stability* S and a *difficulty* D from 1 to 10. After S days
    the student would recall 9 of 10 cards with this stability. t days after the last review

        P(recall) = (1 + c t / S)^-w₂₀,  with c such that it is 0.9 at t = S

    Every review changes S and D, depending on the rating of the review. A recall makes the
    stability S longer; the less expected the recall is, the longer S becomes. A lapse makes S
    shorter. For reviews within a day of the last review, S changes by another rule.

    FSRS predicts whether a student recalls a card, but a log contains right and wrong answers. Two
    parameters connect recall and answers:

        P(correct) = guess + (1 - guess - slip) P(recall)

    The fit uses the answers on cards that the student has met before. The fit minimises the log
    loss plus a penalty on the distance from the published parameters. To compute the log loss, the
    model predicts each answer before it uses the answer.

    Parameters
    ----------
    card : {"item", "skill"} or None
        What a card is: an item or a skill that a student remembers. With ``card=None``, cards are
        items if the training log has items; otherwise cards are skills.
    parameters : tuple of 21 floats, optional
        Parameters that the model uses without a fit, for example `FSRS_DEFAULTS`. The parameters
        must lie within the published bounds.
    guess, slip : float, optional
        `guess` is P(right answer | not recalled), and `slip` is P(wrong answer | recalled). If
        `guess` or `slip` is None, the fit estimates this parameter, from 0 to 0.45. If `guess` and
        `slip` are 0, P(correct) is P(recall).
    whole_days : bool
        Whether only full days since the last review count, as in flashcard schedulers. With
        ``whole_days=True``, P(recall) is 1 on the day of a review, and the fit uses only answers a
        day or more after a review. By default, parts of days since the last review count too.
    penalty : float
        How strongly the fit pulls the parameters toward the published parameters. For each
        parameter, the penalty is ``penalty / 2`` times the square of the distance from the
        published parameter. The unit of the distance from the published parameter is the
        parameter's spread among learners. ``penalty=1`` is the published prior.
    max_iter : int
        The largest number of steps of the search, which uses the expected curvature (Levenberg and
        Marquardt).
    tol : float
        The fit stops if two steps in a row change the objective by less than `tol` times the
        objective.

    Attributes
    ----------
    parameters_ : float array, shape (21,)
    guess_, slip_ : float
    card_ : {"item", "skill"}
    log_loss_ : float
        The mean log loss of the training answers that the fit used; nan if the fit used no answers.
    n_iter_, converged_ : int, bool
    skills_, items_ : arrays
        The labels of the skills and items, sorted.
    n_answers_ : int array, shape (n_skills,)

    Notes
    -----
    *Ratings.* The model rates a right answer as Good and a wrong answer as Again. If the log has an
    extra column ``rating`` with 1 (Again) to 4 (Easy), the model uses this column instead.

    *Practice within a day* does not show how much a student forgets over days. The decay is the
    last of the parameters. The fit estimates the decay only if at least a tenth of the answers come
    a day or more after the card's last review. If fewer than a tenth of the answers come a day or
    more after the card's last review, the decay keeps its published value.

    *First answers.* If a student meets a card for the first time, the student has no memory of the
    card. For a first answer, P(correct) is the share of right first answers on the card in the
    training log, shrunk toward the average. For an unknown item, the model uses the share of right
    first answers on the item's skills. For an unknown skill, the model uses the share of right
    first answers on all cards.

    *Several skills in one response.* If cards are skills, the response is a review of each of its
    skills, and P(correct) is the mean over these skills.

    *Exposures* do not count as reviews. *Times* are needed: if a log has no times, the model raises
    an error.

    *Memory, not scheduling.* With ``whole_days=True``, stability, difficulty and P(recall) equal
    the values of the reference implementation py-fsrs to the last digits. The reference
    implementation also decides when to review: learning steps, intervals in whole days and their
    random spread. `FSRS` does not schedule reviews. `FSRS` keeps stability below a billion days;
    the reference implementation overflows above this number.

    *Mastery* is of kind ``"predicted"``. If cards are items, the mastery of a skill is the mean of
    P(correct) over the skill's items in the training log.

    References
    ----------
    Open Spaced Repetition, "The Algorithm", section FSRS-6 (wiki of fsrs4anki). J. Ye, J. Su &
    Y. Cao (2022). A stochastic shortest path algorithm for optimizing spaced repetition
    scheduling. KDD.

    Examples
    --------
    >>> from adaptlearn.models.memory import FSRS
    >>> day = 86400.0
    >>> log = {"student": [0, 0, 0, 1, 1, 1], "skill": ["irregular verbs"] * 6,
    ...        "item": ["go", "go", "see", "go", "go", "see"],
    ...        "time": [0.0, 2 * day, 2 * day, 0.0, day, day], "correct": [1, 1, 0, 0, 1, 1]}
    >>> model = FSRS().fit(log)
    >>> state = model.update_state(model.init_state(2), log)
    >>> soon, late = (model.retrievability(state, [0], ["go"], time)[0, 0]
    ...               for time in (3 * day, 90 * day))
    >>> bool(soon > late)
    True
    >>> model.interval(state, [0, 1], ["go", "see", "never met"], retention=0.9).shape
    (2, 3)
    """

    _constraints: ClassVar = {"whole_days": [OneOf((True, False))], **COMMON}
    _n_kept = 2  # stability, difficulty

    def __init__(
        self,
        *,
        card: CardKind | None = None,
        parameters: tuple[float, ...] | None = None,
        guess: float | None = None,
        slip: float | None = None,
        whole_days: bool = False,
        penalty: float = 1.0,
        max_iter: int = 1000,
        tol: float = 1e-6,
    ) -> None:
        self.card: CardKind | None = card
        self.parameters = parameters
        self.guess = guess
        self.slip = slip
        self.whole_days = whole_days
        self.penalty = penalty
        self.max_iter = max_iter
        self.tol = tol

    def cards(self, state: SequentialState, students: Any, keys: Iterable[Any]) -> Card:
        """Return the stability (in days) and the difficulty of each student's card for each key.

        Parameters
        ----------
        state, students, keys
            As in `retrievability`.

        Returns
        -------
        Card
            Two arrays of shape (n_students, n_keys); nan for a card that was never reviewed.
        """
        _, kept, last = self._cards(state, students, keys)
        kept = np.where(kept[:, :1] > 0, kept, np.nan).reshape(*last.shape, 2)
        return Card(kept[..., 0], kept[..., 1])

    def _problems(self) -> list[str]:
        given: Any = self.parameters
        if given is None:
            return []
        if not isinstance(given, (tuple, list)) or len(given) != len(DEFAULTS):
            return [f"parameters must be a tuple of {len(DEFAULTS)} numbers or None, got {given!r}"]
        bounds = [Interval(low, high) for low, high in zip(LOWEST, HIGHEST, strict=True)]
        return [
            f"parameters[{place}] must be {bound}, got {value!r}"
            for place, (value, bound) in enumerate(zip(given, bounds, strict=True))
            if not bound.accepts(value)
        ]

    def _scored(self, reviews: Reviews) -> Bools:
        # The argument as it is now: a later change of it is not the fitted model's.
        self._whole_days = bool(self.whole_days)
        return reviews.days >= 1 if self._whole_days else super()._scored(reviews)

    def _counted(self, days: Floats) -> Floats:
        return np.floor(days) if self._whole_days else days

    def _estimate(self, reviews: Reviews, answers: Answers, n_codes: int) -> Noise:  # noqa: ARG002
        reviews = reviews._replace(days=self._counted(reviews.days))
        prior = NoisePrior.of(self.guess, self.slip)
        given = None if self.parameters is None else np.array(self.parameters, np.float64)
        middle = DEFAULTS if given is None else given
        strength = self.penalty * np.append(np.ones(len(middle)), [PULL, PULL])
        bounds = np.stack((LOWEST, HIGHEST) if given is None else (given, given), axis=1)
        if (reviews.days[answers.review] >= 1).sum() < _LONG * len(answers.review):
            bounds[_DECAY] = middle[_DECAY]
        bounds = (bounds - middle[:, None]) / SPREAD[:, None]
        blocks, near = blocks_of(reviews), None

        def objective(at: Floats) -> tuple[float, Callable[[], Slopes]]:
            # In units of the spread, in which a step along any of them says about as much.
            nonlocal near
            w, noise = middle + at[:-2] * SPREAD, Noise(*at[-2:])
            paths = near = forward(blocks, w, near)
            found = score(answers, recall_of(reviews, blocks, paths), noise, "log")
            total = found.loss + float(strength @ at**2) / 2

            def slopes() -> Slopes:
                gradient, curvature = strength * at, np.diag(strength)
                unit = SPREAD * (1 - noise.guess - noise.slip)
                for block, path in zip(blocks, paths, strict=True):
                    by_w = derivatives(block, path, w).T * unit[:, None]
                    by = np.concatenate((by_w, [1 - path.recall, -path.recall]))
                    gradient += np.einsum("ij,j->i", by, found.by_chance[block.review])
                    weighed = by * found.weight[block.review]
                    curvature += np.einsum("ij,kj->ik", weighed, by)
                return Slopes(gradient, curvature)

            return total, slopes

        start = np.append(np.zeros(len(middle)), prior.start)
        limits = [*map(tuple, bounds.tolist()), *prior.bounds]
        end = search_by_curvature(objective, start, limits, max_iter=self.max_iter, tol=self.tol)
        self.parameters_ = np.clip(middle + end.at[:-2] * SPREAD, LOWEST, HIGHEST)
        self.n_iter_, self.converged_ = end.n_iter, end.converged
        noise = Noise(*end.at[-2:].tolist())
        paths = forward(blocks, self.parameters_, near)
        self.log_loss_ = mean_log_loss(answers, recall_of(reviews, blocks, paths), noise)
        return noise

    def _recall(self, code: Ints, kept: Floats, days: Floats) -> Floats:  # noqa: ARG002
        return equations.retrievability(self._counted(days), kept[:, 0], self.parameters_)

    def _days_until(self, code: Ints, kept: Floats, retention: float) -> Floats:  # noqa: ARG002
        return equations.interval(retention, kept[:, 0], self.parameters_)

    def _reviewed(self, code: Ints, kept: Floats, days: Floats, rating: Ints) -> Floats:
        after = np.empty_like(kept)
        met = kept[:, 0] > 0
        after[~met] = np.stack(equations.first_review(rating[~met], self.parameters_), axis=1)
        days, recall = self._counted(days[met]), self._recall(code[met], kept[met], days[met])
        # In one piece each: NumPy may round powers of a strided column in another way.
        card = Card(*np.ascontiguousarray(kept[met].T))
        later = equations.next_review(card, days, recall, rating[met], self.parameters_)
        after[met] = np.stack(later, axis=1)
        return after

    def _review_all(
        self, kept: Floats, chains: Chains, code: Ints, days: Floats, rating: Ints
    ) -> None:
        w, whole = self.parameters_, self._counted(days)
        levels, rest = chains.passes(1, chains.n_wide(_FEW))
        for here in islice(levels, 1):
            kept[here] = self._reviewed(code[here], kept[here - 1], days[here], rating[here])
        stability, difficulty = np.ascontiguousarray(kept.T)
        for here in levels:
            card = Card(stability[here - 1], difficulty[here - 1])
            recall = equations.retrievability(whole[here], card.stability, w)
            after = equations.next_review(card, whole[here], recall, rating[here], w)
            stability[here], difficulty[here] = after
        follower = Follower(w)
        for part in rest:
            before = float(stability[part.start - 1]), float(difficulty[part.start - 1])
            course = follower.follow(*before, whole[part].tolist(), rating[part].tolist())
            stability[part], difficulty[part] = course
        kept[:] = np.stack((stability, difficulty), axis=1)

    def _own_arrays(self) -> dict[str, NDArray[Any]]:
        return {"parameters": self.parameters_, "whole_days": np.array([self._whole_days])}

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - as above
        super().check_restored(state)
        cards = state.item_rows() if self.card_ == "item" else state.touched()[1]
        stability = cards[:, 0]
        if np.any((stability > 0) & (stability < _LEAST)):
            raise ValueError(f"it remembers a stability below {_LEAST:g} days")

    def _expected_own(self, n_codes: int) -> dict[str, Numbers]:  # noqa: ARG002 - one of all cards
        return {"parameters": Numbers(LOWEST.shape), "whole_days": Numbers((1,), 0, 1)}

    def _restore_own(self, arrays: Arrays) -> None:
        self.parameters_ = arrays["parameters"]
        if np.any((self.parameters_ < LOWEST) | (self.parameters_ > HIGHEST)):
            raise ValueError("parameters are outside what they can be")
        self._whole_days = bool(arrays["whole_days"][0])
