"""The linear recurrent tracer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.models.recurrent.descent import (
    Parameters,
    Rates,
    Settings,
    fit,
    out_of_fold,
)
from adaptlearn.models.recurrent.history import HISTORY_NAMES, ITEM_WIDTH, PAIR_WIDTH
from adaptlearn.models.recurrent.recurrence import N_WRITTEN, Bank, Tables
from adaptlearn.models.recurrent.responses import responses_of
from adaptlearn.models.recurrent.server import Server
from adaptlearn.models.recurrent.transfer import Transfer
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import NARROW, Level, Memory
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, seed_of
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, Numbers, RandomSource, check_parameters, some

_FARTHEST = 30.0  # log odds beyond which a probability is no longer told from 0 or 1


class LinearRecurrentTracer(SequentialTracer):
    """A linear recurrent model: each answer adds a vector to the student's memory.

    A response has a reading vector q and a writing vector x. Each of the two vectors is the sum of
    three vectors: the average vector of the response's skills, the vector of the item, and a vector
    that all responses share.

    The prediction is logit P(correct) = q · (1, u, f).

    The vector u is the student's memory: u = Σ d^age x / (Σ d^age + prior), summed over the
    student's earlier answers, for each of a few decays d. The size of a student's memory is fixed.

    The writing vector is x = E[skill, right or wrong] + R[skill] · (y - rate). The first term of x
    depends on the answer y, and the second term depends on how surprising y is. The rate is the
    share of right answers on the item (without items, on the skill).

    The vector f contains counts of the student's earlier answers. Some counts in f are of right and
    wrong answers on the skill and on the item, and give recent answers more weight. The other
    counts in f are the number of answers since the student last practised the skill, and the number
    of all answers.

    The model is a recurrent network whose recurrence is linear and fixed. So an update of the state
    takes O(1), and the fit computes the gradient by the same recursion in reverse order. `transfer`
    shows how much an answer on one skill changes the prediction on another skill.

    Parameters
    ----------
    decays : sequence of float
        The decays d, each in [0, 1]. A decay applies once for each answer of the student.
    rank : int
        The number of coordinates of the vectors for each decay.
    prior : float
        The value ``prior`` in the formula of u. A larger prior makes early answers count less.
    skill_penalty : float
        The penalty on the vectors of single skills: ``skill_penalty / 2`` times the squared length
        of each skill's vectors.
    item_penalty : float
        The penalty on the vectors of single items: ``item_penalty / 2`` times the squared length of
        each item's vectors, times ``1 + scarcity / answers``.
    history_penalty : float
        The penalty on the weights that single skills and single items give to the counts in f. The
        penalty on the weights of f is ``history_penalty / 2`` times the squared length of the
        weights, in units of the spread of f.
    scarcity : float
        Items with few training answers get a larger penalty: with as many answers as `scarcity`,
        the penalty is twice as large as with very many answers. With ``scarcity=0``, all items get
        the same penalty.
    n_epochs : int
        The number of passes over the training answers. The step size decreases and reaches zero at
        the end of the last pass.
    learning_rate : float
        The largest step size of the optimiser (Adam).
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The seed for the random starting values of the vectors, and for the random assignment of
        students to batches.

    Attributes
    ----------
    losses_ : float array, shape (n_epochs,)
        The mean log loss of the training answers in each epoch, computed during the epoch. If the
        loss still falls in the last epochs, try more epochs.
    seed_ : int
        The seed of the fit. A new fit with ``random_state=seed_`` produces the same model.
    skills_, items_ : arrays
        Labels of the skills and items in the training log, sorted.
    n_answers_ : int array, shape (n_skills,)

    Notes
    -----
    If a response has several skills, q and x contain the mean of the skills' vectors, and f is
    averaged over the skills. Exposures do not change the state, and the model does not score them.
    A skill that is not in the training log has only the vectors that all skills share. If an item
    is not in the training log, or if you name no item, the model uses the average reading vector of
    the skill's items. The model uses items if the training log has items.

    The fit minimises a penalised log loss. The penalised log loss has many minima of nearly the
    same value. The fit is reproducible for a given ``random_state``, and does not depend on the
    order of students.

    References
    ----------
    The design follows linear state-space layers with a bank of fixed decays: Gu, Dao, Ermon,
    Rudra & Ré (2020). HiPPO: recurrent memory with optimal polynomial projections. NeurIPS;
    Orvieto et al. (2023). Resurrecting recurrent neural networks for long sequences. ICML. Its
    terms f are those of performance factors analysis with recency: Galyardt & Goldin (2015).
    Move your lamp post: recent data reflects learner knowledge better than older data. JEDM
    7(2). Kingma & Ba (2015). Adam: a method for stochastic optimization. ICLR.

    Examples
    --------
    >>> from adaptlearn import ResponseLog
    >>> from adaptlearn.models import LinearRecurrentTracer
    >>> from adaptlearn.simulation import simulate_school
    >>> log = ResponseLog.from_frame(simulate_school().responses)
    >>> model = LinearRecurrentTracer(n_epochs=5).fit(log)
    >>> model.predict_proba(log).shape == (len(log), 2)
    True
    >>> effects = model.transfer()
    >>> bool((effects.right.diagonal() > effects.wrong.diagonal()).all())
    True
    """

    _constraints: ClassVar = {
        "rank": [Interval(1, 256, integer=True)],
        "prior": [Interval(0, 1e6, closed="right")],
        "skill_penalty": [Interval(0, 1e9)],
        "item_penalty": [Interval(0, 1e9)],
        "history_penalty": [Interval(0, 1e9)],
        "scarcity": [Interval(0, 1e9)],
        "n_epochs": [Interval(1, 10**5, integer=True)],
        "learning_rate": [Interval(0, 1, closed="right")],
        "random_state": [RandomSource(2**63)],
    }

    losses_: Floats
    _few, _many_levels = NARROW, 8

    def __init__(
        self,
        *,
        decays: Sequence[float] = (0.3, 0.7, 0.9, 0.97, 1.0),
        rank: int = 8,
        prior: float = 6.0,
        skill_penalty: float = 4.0,
        item_penalty: float = 8.0,
        history_penalty: float = 50.0,
        scarcity: float = 10.0,
        n_epochs: int = 20,
        learning_rate: float = 0.03,
        random_state: Randomness = 0,
    ) -> None:
        self.decays = decays
        self.rank = rank
        self.prior = prior
        self.skill_penalty = skill_penalty
        self.item_penalty = item_penalty
        self.history_penalty = history_penalty
        self.scarcity = scarcity
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's
        """Estimate the vectors from a log.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored

        Raises
        ------
        ParameterError, ResponseDataError
        """
        training = self._training_log(log)
        skills, items, n_answers = training_labels(training)
        responses, _ = responses_of(training[training.answered], skills, items)
        settings = self._how_to_fit(seed_of(self.random_state))
        self.seed_ = settings.seed
        self._take(fit(responses, settings), settings.bank)
        return self._ready(skills, items, n_answers)

    def decision_function(self, log: Any) -> Floats:
        """The log odds of a right answer in each row, one step ahead, shape (n_responses,)."""
        self._check_fitted()
        read, encoded = self._read(as_log(log))
        return encoded.in_rows(read[:, 0])

    def out_of_fold(self, log: Any, fold: Any = 5) -> Floats:
        """The log odds of a right answer in each row, from a fit to other students only.

        Use out-of-fold log odds to train a second model that takes the predictions of the first
        model as input. `out_of_fold` does not change the model, and also works if the model is not
        fitted.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        fold : int, or int array of shape (n_responses,)
            The number of folds into which the method divides the students at random. You can also
            pass an array with the fold of each row's student.

        Returns
        -------
        float array, shape (n_responses,)
            The log odds one step ahead, in the row order of `log`. The log odds are NaN for an
            exposure, and if no other fold has answers.

        Raises
        ------
        ParameterError
            The error is raised if a student is in several folds, or if the log cannot be divided
            into the required number of folds.
        """
        training = self._training_log(log)
        answered = np.flatnonzero(training.answered)
        seed = seed_of(self.random_state)
        fold = self._folds(training, fold, seed)[answered]
        skills, items, _ = training_labels(training)
        responses, encoded = responses_of(training[answered], skills, items)
        found = np.full(len(training), np.nan)
        found[answered[encoded.rows]] = out_of_fold(
            responses, self._how_to_fit(seed), fold[encoded.rows]
        )
        return found

    def _folds(self, log: ResponseLog, fold: Any, seed: int) -> Ints:
        """The fold of each row."""
        student = log.student.codes
        if np.ndim(fold) == 0:
            used = np.unique(student)
            allowed = {"fold": [Interval(2, len(used), integer=True)]}
            check_parameters("out_of_fold", {"fold": fold}, allowed)
            of_student = np.zeros(log.n_students, np.int64)
            rng = np.random.default_rng(seed)
            of_student[used] = rng.permutation(len(used)) % fold
            return of_student[student]
        given = np.asarray(fold)
        if given.shape != log.shape or given.dtype.kind not in "iu":
            raise ParameterError(
                "out_of_fold",
                [
                    f"fold must be a whole number for each of the {len(log)} rows, got "
                    f"{given.dtype} of shape {given.shape}"
                ],
            )
        pairs = np.unique(np.stack((student, given), axis=1), axis=0)[:, 0]
        torn = np.unique(pairs[1:][pairs[1:] == pairs[:-1]])
        if len(torn):
            who = some(log.student.labels[torn])
            raise ParameterError("out_of_fold", [f"student {who} is in more than one fold"])
        return given

    def transfer(self) -> Transfer:
        """How much a new student's first answer changes the prediction on every skill, in log odds.

        Returns
        -------
        Transfer
            A table. `plot_transfer` draws this table.
        """
        self._check_fitted()
        n_skills = len(self.skills_)
        fresh = self._log_odds(self.init_state(1))
        after = []
        for answer in (1, 0):
            first = ResponseLog.from_frame(
                {
                    "student": np.arange(n_skills),
                    "skill": self.skills_,
                    "correct": np.full(n_skills, answer),
                }
            )
            after.append(self._log_odds(self.update_state(self.init_state(n_skills), first)))
        return Transfer(self.skills_.copy(), after[0] - fresh, after[1] - fresh)

    def _log_odds(self, state: Any) -> Floats:
        value = self.state_mastery(state, np.arange(state.n_students)).value
        return np.asarray(np.log(value / (1 - value)))

    def _problems(self) -> list[str]:
        allowed, given = Interval(0, 1), self.decays
        if (
            isinstance(given, (tuple, list))
            and given
            and all(isinstance(g, (int, float)) and allowed.accepts(g) for g in given)
        ):
            return []
        return [f"decays must be a tuple of one or more numbers in [0, 1], got {given!r}"]

    def _bank(self) -> Bank:
        return Bank(np.array(self.decays, np.float64), int(self.rank), float(self.prior))

    def _how_to_fit(self, seed: int) -> Settings:
        return Settings(
            bank=self._bank(),
            skill_penalty=float(self.skill_penalty),
            item_penalty=float(self.item_penalty),
            history_penalty=float(self.history_penalty),
            scarcity=float(self.scarcity),
            n_epochs=int(self.n_epochs),
            learning_rate=float(self.learning_rate),
            seed=seed,
        )

    def _take(self, parameters: Parameters, bank: Bank) -> None:
        self._parameters, self._server = parameters, Server(parameters, bank)
        self.losses_ = parameters.losses

    @property
    def _widths(self) -> Widths:
        items = ITEM_WIDTH if self._server.n_items else 0
        return Widths(1 + self._server.bank.width, PAIR_WIDTH, items)

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - documented in the base
        super().check_restored(state)
        of_student, of_pair = state.touched()
        if np.any(of_pair[:, -1] > of_student[:, 0]):
            raise ValueError("it remembers a skill that was practised after the last answer")

    def _signed(self) -> Signed:
        return Signed(student=range(1, self._widths.student))

    def _look(self, level: Level, memory: Memory) -> Floats:
        return self._server.look(level, memory)

    def _learn(self, level: Level, memory: Memory) -> None:
        self._server.learn(level, memory)

    def _follow_few(self, encoded: Encoded, memory: Memory) -> Floats:
        return self._server.follow(encoded, memory)

    def _chance(self, read: Floats) -> Floats:
        log_odds = np.clip(read[:, 0], -_FARTHEST, _FARTHEST)
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        fitted = self._parameters
        return {
            "read": fitted.tables.read,
            "write": fitted.tables.write,
            "unnamed": fitted.unnamed,
            "rate": np.array([fitted.rates.overall]),
            "skill_rates": fitted.rates.skill,
            "item_rates": fitted.rates.item,
            "item_answers": fitted.answers,
            "losses": fitted.losses,
        }

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:
        bank = self._bank()
        columns = 1 + bank.width + len(HISTORY_NAMES)
        return {
            "read": Numbers((n_skills + n_items + 1, columns)),
            "write": Numbers((N_WRITTEN * (n_skills + 1), bank.width)),
            "unnamed": Numbers((n_skills, columns)),
            "rate": Numbers((1,), 0, 1),
            "skill_rates": Numbers((n_skills,), 0, 1),
            "item_rates": Numbers((n_items,), 0, 1),
            "item_answers": Numbers((n_items,), low=0),
            "losses": Numbers(arrays["losses"].shape, low=0, gaps=True),
        }

    def _restore_arrays(self, arrays: Arrays) -> None:
        bank = self._bank()
        rates = Rates(float(arrays["rate"][0]), arrays["skill_rates"], arrays["item_rates"])
        tables = Tables(arrays["read"], arrays["write"])
        self._take(
            Parameters(tables, arrays["unnamed"], rates, arrays["item_answers"], arrays["losses"]),
            bank,
        )
