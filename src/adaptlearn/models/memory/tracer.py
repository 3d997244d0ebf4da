"""The shell of the memory models: cards that are reviewed, forgotten, and asked for in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import IdentificationWarning, ResponseDataError, warn
from adaptlearn.models.mastery import Mastery, When
from adaptlearn.models.memory.answers import SURE, Answers, answers_of
from adaptlearn.models.memory.equations import AGAIN, GOOD
from adaptlearn.models.memory.firsts import Firsts, check_links, firsts_of, links_of
from adaptlearn.models.memory.moments import days_since, refuse_the_past
from adaptlearn.models.memory.noise import Noise
from adaptlearn.models.memory.ratings import ratings_of
from adaptlearn.models.memory.reviews import DAY, CardKind, Reviews, reviews_of
from adaptlearn.models.sequential.chains import Chains, latest
from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.levels import NARROW, Level, Memory, level_of
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.models.state import asked_seconds
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Constraint, Interval, Numbers, OneOf, check_parameters

_PAIRS_AT_ONCE = 1 << 18

COMMON: Mapping[str, Sequence[Constraint]] = {
    "card": [OneOf(("item", "skill", None))],
    "guess": [Interval(0, 0.5, closed="left"), OneOf((None,))],
    "slip": [Interval(0, 0.5, closed="left"), OneOf((None,))],
    "penalty": [Interval(0, 1e9)],
    "max_iter": [Interval(1, 10**6, integer=True)],
    "tol": [Interval(0, 1, closed="neither")],
}
"""What the arguments may be that all of these models have."""


class MemoryTracer(SequentialTracer):
    """A model of memory: every student has a card for each item or for each skill.

    A subclass defines which numbers the state stores for a card. There are `_n_kept` numbers; the
    first is positive after the card's first review. The subclass defines

    - `_recall`: P(recall) of cards a number of days after their last review;
    - `_days_until`: the days after which P(recall) falls to a wanted value;
    - `_reviewed`: the numbers of a card after a review;
    - `_review_all`: the numbers of cards after each of many reviews;
    - `_estimate`: fits the model's own parameters, and returns guess and slip;
    - `_own_arrays`, `_restore_own`: save and restore the results of `_estimate`.

    Attributes
    ----------
    card_ : {"item", "skill"}
    guess_, slip_ : float
    log_loss_ : float
        The mean log loss of the training answers that the fit used; nan if the fit used no answers.
    n_iter_ : int
    converged_ : bool
    """

    _constraints: ClassVar = COMMON
    _fades = True
    _few, _many_levels = NARROW, 4
    _n_kept: ClassVar[int]

    card: CardKind | None
    guess: float | None
    slip: float | None
    card_: CardKind
    log_loss_: float
    n_iter_: int
    converged_: bool

    def _recall(self, code: Ints, kept: Floats, days: Floats) -> Floats:
        raise NotImplementedError

    def _days_until(self, code: Ints, kept: Floats, retention: float) -> Floats:
        raise NotImplementedError

    def _reviewed(self, code: Ints, kept: Floats, days: Floats, rating: Ints) -> Floats:
        raise NotImplementedError

    def _review_all(
        self, kept: Floats, chains: Chains, code: Ints, days: Floats, rating: Ints
    ) -> None:
        """Fill in what is kept of cards after each review.

        Parameters
        ----------
        kept : float array, shape (n_places, n_kept)
            Laid out by `chains` with one place before each card's reviews: that of what is kept
            so far, the only one that is filled in yet.
        chains : Chains
        code, days, rating : arrays, shape (n_places,)
            Of each review, in the same places.
        """
        raise NotImplementedError

    def _scored(self, reviews: Reviews) -> Bools:
        return np.ones(len(reviews.row), bool)

    def _estimate(self, reviews: Reviews, answers: Answers, n_codes: int) -> Noise:
        raise NotImplementedError

    def _own_arrays(self) -> dict[str, NDArray[Any]]:
        raise NotImplementedError

    def _expected_own(self, n_codes: int) -> dict[str, Numbers]:
        """What `_own_arrays` gives of a model of so many cards."""
        raise NotImplementedError

    def _restore_own(self, arrays: Arrays) -> None:
        raise NotImplementedError

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's
        """Estimate the parameters from a log.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
            A log with times. An extra column ``rating`` (1 Again, 2 Hard, 3 Good, 4 Easy; 1 if the
            answer is wrong) gives more information than ``correct``. Without this column, the model
            rates a right answer as Good.
        y : ignored

        Raises
        ------
        ParameterError, ResponseDataError

        Warns
        -----
        IdentificationWarning
            A warning appears if no student has met a card twice, because the log then contains no
            information about forgetting.
        ConvergenceWarning
            A warning appears if the fit did not converge within `max_iter` steps.
        """
        responses = self._training_log(log)
        items_are_cards = self.card == "item" or (self.card is None and responses.item is not None)
        self.card_ = "item" if items_are_cards else "skill"
        self._check_cards(responses)
        skills, items, n_answers = training_labels(responses)
        encoded = encode(responses, Names.of(skills, items), item_pairs=items_are_cards)
        encoded = _rated(encoded, responses)
        reviews = reviews_of(encoded, self.card_)
        self._firsts = firsts_of(encoded, reviews, self.card_, len(skills), len(items))
        self._links = links_of(encoded) if items_are_cards else np.zeros((0, 2), np.int64)
        first = self._firsts.of_reviews(reviews, self.card_)
        answers = answers_of(reviews, first, self._scored(reviews))
        if not len(answers.correct):
            warn(
                f"no student has answered on one {self.card_} twice, so nothing is known of "
                "forgetting; the parameters are those that the model begins with",
                IdentificationWarning,
            )
        self._noise = self._estimate(reviews, answers, len(items if items_are_cards else skills))
        return self._ready(skills, items, n_answers)

    def retrievability(
        self, state: SequentialState, students: Any, keys: Iterable[Any], time: Any
    ) -> Floats:
        """P(recall) of each student's card for each key.

        P(recall) is about memory only. `predict_state` combines P(recall) with guess and slip to
        P(correct).

        Parameters
        ----------
        state : SequentialState
        students : int array, shape (n_students,)
            The students' numbers in the state.
        keys : sequence of n_keys labels
            Items if cards are items, otherwise skills.
        time : float, or float array that broadcasts to (n_students, n_keys)
            The time to predict for, in the log's seconds.

        Returns
        -------
        float array, shape (n_students, n_keys)
            nan for a card that the student has never reviewed, and for a key that nobody has met.

        Raises
        ------
        StateError
            The error is raised if a time is before the card's last review.
        """
        code, kept, last = self._cards(state, students, keys)
        days = days_since(last, time)
        met = kept[:, 0] > 0
        found = np.full(len(code), np.nan)
        found[met] = self._recall(code[met], kept[met], days.ravel()[met])
        return found.reshape(last.shape)

    def retrievability_after_review(
        self,
        state: SequentialState,
        students: Any,
        keys: Iterable[Any],
        time: Any,
        *,
        later: float,
        n_answers: int = 1,
    ) -> Floats:
        """P(recall) of each card some time after a review that has not taken place yet.

        The first answer of the review may be right or wrong, and both cases count with their
        probabilities. Further answers follow at once, and count as right. The state does not
        change.

        Parameters
        ----------
        state, students, keys, time
            As in `retrievability`. The review takes place at `time`.
        later : float
            The seconds from the review until P(recall) is asked for.
        n_answers : int, default 1
            The number of answers in the review.

        Returns
        -------
        float array, shape (n_students, n_keys)
            nan for a card that the student has never reviewed.

        Raises
        ------
        StateError
            The error is raised if a time is before the card's last review.
        """
        code, kept, last = self._cards(state, students, keys)
        days = days_since(last, time).ravel()
        met = kept[:, 0] > 0
        code, kept, days = code[met], kept[met], days[met]
        right = self._noise.chance(self._recall(code, kept, days))
        at_once, then = np.zeros(len(code)), np.full(len(code), later / DAY)
        recall = np.zeros(len(code))
        for rating, chance in ((GOOD, right), (AGAIN, 1 - right)):
            after = self._reviewed(code, kept, days, np.full(len(code), rating))
            for _ in range(n_answers - 1):
                after = self._reviewed(code, after, at_once, np.full(len(code), GOOD))
            recall += chance * self._recall(code, after, then)
        found = np.full(len(met), np.nan)
        found[met] = recall
        return found.reshape(last.shape)

    def interval(
        self,
        state: SequentialState,
        students: Any,
        keys: Iterable[Any],
        *,
        retention: float = 0.9,
        time: Any = None,
    ) -> Floats:
        """Seconds until P(recall) falls to a wanted value.

        Parameters
        ----------
        state, students, keys
            As in `retrievability`.
        retention : float
            The wanted P(recall), between 0 and 1, both excluded.
        time : float, or float array that broadcasts to (n_students, n_keys), optional
            The time from which the seconds count; by default, each card's last review. If P(recall)
            is already below `retention` at this time, the seconds are negative.

        Returns
        -------
        float array, shape (n_students, n_keys)
            nan for a card that the student has never reviewed.
        """
        allowed = {"retention": [Interval(0, 1, closed="neither")]}
        check_parameters("interval", {"retention": retention}, allowed)
        code, kept, last = self._cards(state, students, keys)
        met = kept[:, 0] > 0
        found = np.full(len(code), np.nan)
        found[met] = DAY * self._days_until(code[met], kept[met], float(retention))
        passed = 0.0 if time is None else DAY * days_since(last, time)
        return np.asarray(found.reshape(last.shape) - passed)

    def state_mastery(
        self,
        state: SequentialState,
        students: Ints,
        labels: NDArray[Any] | None = None,
        *,
        when: When = "next_opportunity",
        time: Any = None,
    ) -> Mastery:
        """P(correct) of some students of a state on every fitted skill.

        Parameters
        ----------
        state : SequentialState
        students : int array, shape (n,)
        labels : array, shape (n,), optional
            The students' labels in the result.
        when : {"next_opportunity", "after_response"}
            Both options give the same result.
        time : float, or float array, shape (n,), optional
            The time to predict for, in the log's seconds; by default, the time of each student's
            last response.
        """
        return self._mastery(state, students, labels, when, time=time)

    def _values(
        self,
        state: SequentialState,
        students: Ints,
        skills: Ints,
        when: When,  # noqa: ARG002 - nothing is learnt between a response and the next
        *,
        time: Any = None,
    ) -> Floats:
        moment = state.last_time[students] if time is None else asked_seconds(time, students.shape)
        per_student = len(skills) + (len(self._links) if self.card_ == "item" else 0)
        step = max(1, _PAIRS_AT_ONCE // max(per_student, 1))
        value = np.empty((len(students), len(skills)))
        for lo in range(0, len(students), step):
            part = slice(lo, lo + step)
            value[part] = self._known(state, students[part], skills, moment[part])
        return value

    def _known(
        self, state: SequentialState, students: Ints, skills: Ints, moment: Floats
    ) -> Floats:
        """As `_values`, of a block of students."""
        if self.card_ == "skill":
            return self._chances(state, students, skills, np.full(len(skills), -1), moment)
        skill, item = self._links.T
        of_links = self._chances(state, students, skill, item, moment)
        starts = np.searchsorted(skill, np.arange(len(self.skills_)))
        of_skills = np.add.reduceat(of_links, starts, axis=1) / np.diff(
            np.append(starts, len(skill))
        )
        # Of a skill that was not in training, the item that a student answered last has to do.
        others = skills[len(self.skills_) :]
        if not len(others):
            return np.asarray(of_skills)
        who, skill = np.repeat(students, len(others)), np.tile(others, len(students))
        last = state.memory_of(who, skill, np.arange(len(who)), who * 0).pair[:, 0]
        item = last.astype(np.int64) - 1
        chance = self._ask(state, who, skill, item, time=np.repeat(moment, len(others)))
        return np.concatenate((of_skills, chance.reshape(len(students), -1)), axis=1)

    def _chances(
        self, state: SequentialState, students: Ints, skill: Ints, item: Ints, moment: Floats
    ) -> Floats:
        """P(correct) of every student on every one of some skills and their items."""
        n = len(skill)
        chance = self._ask(
            state,
            np.repeat(students, n),
            np.tile(skill, len(students)),
            np.tile(item, len(students)),
            time=np.repeat(moment, n),
        )
        return chance.reshape(len(students), n)

    @property
    def _widths(self) -> Widths:
        # Beside what a model keeps of a card, the time of its last review; where cards are items,
        # the item that a student answered last on each skill: its place, counted from 1.
        width = self._n_kept + 1
        return Widths(0, 1, width) if self.card_ == "item" else Widths(0, width)

    def restore_state(  # noqa: D102 - documented in the base
        self, n_students: int, names: Mapping[str, Any], arrays: Arrays
    ) -> SequentialState:
        pair = arrays["pair"]
        if self.card_ == "item" and pair.ndim == 2 and pair.shape[1] == 1:
            # Of a file that was written before the last items were kept.
            arrays = {**arrays, "pair": np.append(pair, np.zeros_like(pair), axis=1)}
        state = super().restore_state(n_students, names, arrays)
        assert isinstance(state, SequentialState)
        return state

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - as above
        super().check_restored(state)
        last = state.touched()[1][:, 0]
        if self.card_ == "item" and np.any((last > len(state.items)) | (last != np.floor(last))):
            raise ValueError("it remembers last items that it has not")

    def _signed(self) -> Signed:
        time = [self._n_kept]
        return Signed(item=time) if self.card_ == "item" else Signed(pair=time)

    def _asked(
        self,
        state: SequentialState,
        students: Ints,
        skill: Ints,
        item: Ints,
        **how: Any,
    ) -> tuple[Level, Memory]:
        level, memory = super()._asked(state, students, skill, item, **how)
        rows, _, moments = self._cards_of(level, memory)
        if moments is not None:
            refuse_the_past(np.where(rows[:, 0] > 0, moments - rows[:, -1], 0))
        return level, memory

    def _look(self, level: Level, memory: Memory) -> Floats:
        rows, code, time = self._cards_of(level, memory)
        met = np.flatnonzero(rows[:, 0] > 0)
        return self._seen(level, code, met, rows[met, :-1], self._days(rows[met], time, met))

    def _seen(self, level: Level, code: Ints, met: Ints, kept: Floats, days: Floats) -> Floats:
        """P(correct) of a level whose cards are new, but for some: what is kept, and since when."""
        chance = self._firsts.of_codes(code, level, self.card_)
        chance[met] = self._noise.chance(self._recall(code[met], kept, days))
        return np.asarray(chance if self.card_ == "item" else level.mean(chance))[:, None]

    def _follow_few(self, encoded: Encoded, memory: Memory) -> Floats:
        # Cards know nothing of each other: one student's go along beside each other.
        level, _ = level_of(encoded)
        rows, code, time = self._cards_of(level, memory)
        assert time is not None
        of_items = self.card_ == "item"
        card = encoded.item_pair if of_items else encoded.pair
        rating = level.correct if of_items else np.asarray(level.by_entry(level.correct))
        chains = Chains.of(card, len(rows), rating >= 0)
        met = (chains.before > 0) | (rows[card, 0] > 0)
        days = np.where(met, (time - latest(rows[:, -1], chains, time)) / DAY, 0)
        starts, none = chains.starts(1), np.zeros((len(rows), 1))
        kept = np.zeros((int(starts[-1]), self._n_kept))
        kept[starts[:-1]] = rows[:, :-1]
        codes, ratings = (chains.laid(none, v.astype(np.float64)) for v in (code, rating))
        laid_days = chains.laid(none, days)
        self._review_all(kept, chains, codes.astype(np.int64), laid_days, ratings.astype(np.int64))
        rows[:, :-1] = kept[starts[1:] - 1]
        if of_items:
            last = np.asarray(level.by_entry(np.where(rating >= 0, level.item + 1, 0)))
            chains_of_skills = Chains.of(encoded.pair, len(memory.pair), last > 0)
            latest(memory.pair[:, 0], chains_of_skills, last.astype(np.float64))
        at = np.flatnonzero(met)
        before = kept[starts[card[at]] + chains.before[at]]
        return self._seen(level, code, at, before, days[at])

    def _learn(self, level: Level, memory: Memory) -> None:
        rows, code, time = self._cards_of(level, memory)
        rating = level.correct if self.card_ == "item" else level.by_entry(level.correct)
        at = np.flatnonzero(np.asarray(rating) >= 0)
        days = self._days(rows[at], time, at)
        rated = np.asarray(rating)[at].astype(np.int64)
        rows[at, :-1] = self._reviewed(code[at], rows[at, :-1], days, rated)
        if time is not None:
            rows[at, -1] = time[at]
        if self.card_ == "item":
            place = np.where(level.correct >= 0, level.item + 1, 0)
            last: NDArray[Any] = level.by_entry(place)
            memory.pair[:, 0] = np.where(last > 0, last, memory.pair[:, 0])

    def _chance(self, read: Floats) -> Floats:
        return np.clip(read[:, 0], SURE, 1 - SURE)

    def _cards_of(self, level: Level, memory: Memory) -> tuple[Floats, Ints, Floats | None]:
        """Rows, items or skills, and times of the cards that a level's responses are about."""
        if self.card_ == "item":
            return memory.item, level.item, level.time
        time = None if level.time is None else np.asarray(level.by_entry(level.time), np.float64)
        return memory.pair, level.skill, time

    def _days(self, rows: Floats, time: Floats | None, at: Ints) -> Floats:
        """Days since the last review; 0 of a card without one."""
        if time is None:
            return np.zeros(len(at))
        return np.where(rows[:, 0] > 0, (time[at] - rows[:, -1]) / DAY, 0)

    def _cards(
        self, state: SequentialState, students: Any, keys: Iterable[Any]
    ) -> tuple[Ints, Floats, Floats]:
        """Codes and what is kept of all pairs, flat, and when reviewed last, as a table."""
        self._check_state(state)
        numbers = state.checked(np.atleast_1d(students))
        known = state.names.items if self.card_ == "item" else state.names.skills
        places = np.array([known.get(key, len(known)) for key in keys], np.int64)
        who, code = np.repeat(numbers, len(places)), np.tile(places, len(numbers))
        none = np.empty(0, np.int64)
        if self.card_ == "item":
            rows = state.memory_of(who, none, none, code).item
        else:
            rows = state.memory_of(who, code, np.arange(len(who)), who * 0).pair
        last = np.where(rows[:, 0] > 0, rows[:, -1], np.nan)
        return code, rows[:, :-1], last.reshape(len(numbers), len(places))

    def _training_log(self, log: Any) -> ResponseLog:
        responses = super()._training_log(log)
        ratings_of(responses)
        if responses.time is None:
            self._refuse(["it has no times; {model} needs a column time"])
        return responses

    def _encoded(self, log: ResponseLog, state: SequentialState) -> Encoded:
        self._check_cards(log)
        return _rated(super()._encoded(log, state), log)

    def _check_cards(self, log: ResponseLog) -> None:
        problems = []
        if log.time is None:
            problems.append("it has no times; {model} needs a column time")
        if self.card_ == "item" and log.item is None:
            problems.append("it has no items, and the cards of this {model} are items")
        if problems:
            self._refuse(problems)

    def _refuse(self, problems: list[str]) -> None:
        name = type(self).__name__
        raise ResponseDataError("response log", [one.format(model=name) for one in problems])

    def _ready(self, skills: list[Any], items: list[Any], n_answers: Ints) -> Self:
        self.guess_, self.slip_ = self._noise
        super()._ready(skills, items, n_answers)
        return self

    def _arrays(self) -> dict[str, NDArray[Any]]:
        fitted = [*self._noise, self.log_loss_, self.n_iter_, self.converged_]
        return {
            "fitted": np.array(fitted, np.float64),
            "items_are_cards": np.array([self.card_ == "item"]),
            "links": self._links,
            "first_item": self._firsts.item,
            "first_skill": self._firsts.skill,
            **self._own_arrays(),
        }

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:
        of_items = bool(arrays["items_are_cards"].ravel()[0])
        return {
            "fitted": Numbers((5,), low=0, gaps=True),
            "items_are_cards": Numbers((1,), 0, 1),
            "links": Numbers((len(arrays["links"]), 2), 0, max(n_skills, n_items) - 1, whole=True),
            "first_item": Numbers((n_items if of_items else 0,), 0, 1),
            "first_skill": Numbers((n_skills + 1,), 0, 1),
            **self._expected_own(n_items if of_items else n_skills),
        }

    def _restore_arrays(self, arrays: Arrays) -> None:
        guess, slip, self.log_loss_, n_iter, converged = arrays["fitted"].tolist()
        self._noise, self.n_iter_, self.converged_ = (
            Noise(guess, slip),
            int(n_iter),
            bool(converged),
        )
        if not (guess <= 1 and slip <= 1):
            raise ValueError("guess and slip are not both probabilities")
        self.card_ = "item" if arrays["items_are_cards"][0] else "skill"
        self._links = arrays["links"]
        self._firsts = Firsts(arrays["first_item"], arrays["first_skill"])
        if self.card_ == "item":
            check_links(self._links, len(self._firsts.skill) - 1, len(self._firsts.item))
        self._restore_own(arrays)


def _rated(encoded: Encoded, log: ResponseLog) -> Encoded:
    """With ratings in place of answers."""
    return encoded._replace(correct=ratings_of(log)[encoded.rows])
