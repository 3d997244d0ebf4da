"""Elo ratings as a knowledge-tracing model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from adaptlearn.models.elo.alone import Answered, follow
from adaptlearn.models.elo.rating import Contest, choose, rate
from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.levels import NARROW, Level, Memory, level_of, rest_of_each
from adaptlearn.models.sequential.state import Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.numerics import Floats, Ints, distinct
from adaptlearn.responses import as_log
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, Numbers, OneOf

_SURE = 1e-12  # predictions keep this distance from 0 and 1
_ENOUGH = 100_000  # answers that alpha and beta are chosen on


class Elo(SequentialTracer):
    """Elo ratings: every answer is a game between a student and an item (Pelánek, 2016).

    A student has an ability and, on every skill, an offset from this ability. A skill has a
    difficulty, and an item has an offset from the difficulty of its skill. With the logistic
    function ``S``::

        P(correct) = S(ability + offset on the skill - difficulty of the skill - offset of the item)

    After an answer, each rating of the student, the skill and the item changes by ``U(n) (correct -
    P)``. A right answer raises the student's ratings and lowers the ratings of the skill and the
    item. In ``U(n)``, ``n`` is the number of earlier answers that changed the rating. The step
    ``U(n) = alpha / (1 + beta n)`` becomes smaller as the rating becomes more certain.

    The fit goes through the training log once, in order of time. After the fit, the difficulties of
    skills and items are *frozen*: a later answer changes only the ratings of the student who gave
    it. So the predictions for a student depend on the student's own answers, and not on later
    answers of other students.

    Parameters
    ----------
    alpha, beta : float, optional
        `alpha` is the size of the first step, and `beta` says how fast the steps become smaller. By
        default the fit tries several values of `alpha` and `beta`, and takes the values with the
        lowest log loss. To compute the log loss, the model predicts each training answer before the
        answer changes the ratings. With more than 100,000 answers, the fit tries values of `alpha`
        and `beta` on only a part of the students.
    skill_offsets : bool, default True
        Whether a student has an offset on every skill. With ``skill_offsets=False``, a student has
        one ability for all skills.

    Attributes
    ----------
    alpha_, beta_ : float
        The values of alpha and beta that you gave or that the fit chose.
    parameters_ : dict of str to array, each of shape (n_items,)
        Columns ``item``, ``offset`` (how much harder the item is than its skill, in log odds) and
        ``n_answers``. If the log has no items, `parameters_` has no rows.
    skill_parameters_ : dict of str to array, each of shape (n_skills,)
        Columns ``skill``, ``difficulty``, ``n_answers``.
    log_loss_ : float
        The log loss of the training answers. The model predicts each training answer before the
        answer changes the ratings.
    skills_, items_ : arrays
        The labels of the skills and items, sorted.
    n_answers_ : int array, shape (n_skills,)
    classes_ : array
        ``[0, 1]``, because the columns of `predict_proba` are P(wrong) and P(correct).
    fingerprint_ : str

    Notes
    -----
    *Order.* If the log has times, the model rates the answers in the order of time. If the log has
    no times, it rates them in rounds: the first answer of every student, then the second answer of
    every student, ….

    *Several skills in one response.* The model averages the difficulties and offsets of the skills.
    After the answer, the model updates each skill as if the response had only this skill.

    *Unseen.* A new student has the ability 0. If an item is not in the training log, or if you name
    no item, the item is as hard as its skill. An unknown skill is as hard as the average skill.

    *Mastery* is of kind ``"predicted"``: P(correct) on an item as hard as the skill.

    References
    ----------
    - R. Pelánek (2016). Applications of the Elo rating system in adaptive educational systems.
      Computers & Education 98, 169-179.
    - A. Elo (1978). The rating of chessplayers, past and present.

    Examples
    --------
    >>> from adaptlearn.models import Elo
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school(n_students=100, random_state=1)
    >>> model = Elo(alpha=0.8, beta=0.05).fit(school.responses)
    >>> state = model.init_state(2)
    >>> one = {"student": [0], "skill": model.skills_[:1], "correct": [1]}
    >>> state = model.update_state(state, one)
    >>> right, unseen = model.predict_state(state, [0, 1], model.skills_[[0, 0]])
    >>> bool(right > unseen)
    True
    """

    _constraints: ClassVar = {
        "alpha": [Interval(0, 10, closed="right"), OneOf((None,))],
        "beta": [Interval(0, 10), OneOf((None,))],
        "skill_offsets": [OneOf((True, False))],
    }
    _few, _many_levels = NARROW, 8

    def __init__(
        self,
        *,
        alpha: float | None = None,
        beta: float | None = None,
        skill_offsets: bool = True,
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.skill_offsets = skill_offsets

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes the answers again
        """Rate the skills and items of a log, and choose `alpha_` and `beta_`.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
            `fit` takes the answers from the log. The argument `y` exists because scikit-learn
            passes the answers a second time.

        Raises
        ------
        ParameterError, ResponseDataError
        """
        log = self._training_log(log)
        skills, items, n_answers = training_labels(log)
        encoded = encode(log, Names.of(skills, items), item_pairs=False)
        contest = Contest.of(encoded, len(skills), len(items))
        some = contest.of_every(-(-len(contest.correct) // _ENOUGH))
        alpha, beta = choose(some, self.alpha, self.beta, offsets=self.skill_offsets)
        found = rate(contest, alpha, beta, offsets=self.skill_offsets)
        self._step = np.array([alpha, beta])
        self._skill, self._item = np.append(found.skill, found.skill.mean()), found.item
        self._item_answers, self.log_loss_ = found.item_answers, found.log_loss
        return self._ready(skills, items, n_answers)

    def abilities(self, log: Any) -> dict[str, NDArray[Any]]:
        """The ratings of a log's students after their last answers.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns

        Returns
        -------
        dict of str to array, each of shape (n_students,)
            Columns ``student``, ``ability`` (over all skills, in log odds) and ``n_answers``.
        """
        self._check_fitted()
        log = as_log(log)
        everyone = np.arange(log.n_students)
        state = self.update_state(self.init_state(len(everyone)), log.with_students(everyone))
        none = np.empty(0, np.int64)
        rows = state.memory_of(everyone, none, none, everyone * 0).student
        return {
            "student": log.student.labels,
            "ability": rows[:, 0],
            "n_answers": rows[:, 1].astype(np.int64),
        }

    @property
    def _widths(self) -> Widths:
        # A rating, and the answers it rests on.
        return Widths(student=2, pair=2 if self.skill_offsets else 0)

    def _signed(self) -> Signed:
        return Signed(student=[0], pair=[0] if self.skill_offsets else [])

    def _look(self, level: Level, memory: Memory) -> Floats:
        balance = self._easiness(level)
        if self.skill_offsets:
            balance = memory.pair[:, 0] + balance
        log_odds = memory.student[:, 0] + level.mean(balance) - self._of_items(level)
        return np.asarray(log_odds)[:, None]

    def _easiness(self, level: Level) -> Floats:
        """Of each entry's skill."""
        return -self._skill[np.minimum(level.skill, len(self._skill) - 1)]

    def _of_items(self, level: Level) -> Floats:
        """How much harder than its skill each response's item is."""
        known = (level.item >= 0) & (level.item < len(self._item))
        return np.where(known, np.append(self._item, 0)[np.where(known, level.item, -1)], 0)

    def _follow_few(self, encoded: Encoded, memory: Memory) -> Floats:
        found = np.empty((len(encoded.rows), 1))
        for student, places in enumerate(rest_of_each(encoded.bounds, 0)):
            level, entries = level_of(encoded, places)
            own, pair = np.zeros(1, np.int64), np.zeros(len(entries), np.int64)
            if self.skill_offsets:
                own, pair = distinct(encoded.pair[entries].astype(np.int64))
            offsets = memory.pair[own] if self.skill_offsets else np.zeros((1, 2))
            answered = _in_order(level, self._easiness(level), self._of_items(level), pair)
            known = memory.student[student]
            found[places, 0] = follow(
                answered, known, offsets, self._step, moving=self.skill_offsets
            )
            if self.skill_offsets:
                memory.pair[own] = offsets
        return found

    def _learn(self, level: Level, memory: Memory) -> None:
        answered = (level.correct >= 0).astype(np.float64)
        surprise = answered * (level.correct - expit(self._look(level, memory)[:, 0]))
        self._rate(memory.student, surprise, answered)
        if self.skill_offsets:
            self._rate(memory.pair, level.by_entry(surprise), level.by_entry(answered))

    def _rate(self, rows: Floats, surprise: Any, answered: Any) -> None:
        """Move ratings (the first column) and count (the second)."""
        alpha, beta = self._step.tolist()
        rows[:, 0] += alpha / (1 + beta * rows[:, 1]) * surprise
        rows[:, 1] += answered

    def _chance(self, read: Floats) -> Floats:
        return np.clip(expit(read[:, 0]), _SURE, 1 - _SURE)

    def _ready(self, skills: list[Any], items: list[Any], n_answers: Ints) -> Self:
        super()._ready(skills, items, n_answers)
        self.alpha_, self.beta_ = self._step.tolist()
        self.parameters_ = {
            "item": self.items_,
            "offset": self._item,
            "n_answers": self._item_answers,
        }
        self.skill_parameters_ = {
            "skill": self.skills_,
            "difficulty": self._skill[:-1],
            "n_answers": self.n_answers_,
        }
        return self

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "step": self._step,
            "skill": self._skill,
            "item": self._item,
            "item_answers": self._item_answers,
            "log_loss": np.array([self.log_loss_]),
        }

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:  # noqa: ARG002
        return {
            "step": Numbers((2,), low=0),
            "skill": Numbers((n_skills + 1,)),
            "item": Numbers((n_items,)),
            "item_answers": Numbers((n_items,), low=0, whole=True),
            "log_loss": Numbers((1,), low=0, gaps=True),
        }

    def _restore_arrays(self, arrays: Arrays) -> None:
        self._step, self._skill = arrays["step"], arrays["skill"]
        self._item, self._item_answers = arrays["item"], arrays["item_answers"]
        self.log_loss_ = float(arrays["log_loss"][0])


def _in_order(level: Level, easiness: Floats, of_items: Floats, pair: Ints) -> Answered:
    """One student's responses in plain numbers."""
    easy, pairs, others = easiness.tolist(), pair.tolist(), None
    if level.starts is not None:
        begins = level.starts.tolist()
        bounds = pairwise([*begins, len(easy)])
        entries = list(zip(pairs, easy, strict=True))
        others = [entries[lo + 1 : hi] for lo, hi in bounds]
        easy, pairs = [easy[lo] for lo in begins], [pairs[lo] for lo in begins]
    return Answered(level.correct.tolist(), of_items.tolist(), easy, pairs, others)
