"""Forgetting on top of any model: how its P(correct) falls with the time since practice."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from scipy.special import expit

from adaptlearn.errors import NotFittedError, ParameterError, ResponseDataError
from adaptlearn.models.memory.search import search
from adaptlearn.numerics import Floats, Ints, group_pairs
from adaptlearn.responses import as_log
from adaptlearn.validation import Constraint, Interval, check_parameters

_OFFSET, _SCALE, _RATE, _TIME = range(4)


def lags(log: Any, by: Literal["item", "skill"] = "skill") -> Floats:
    """For each response, the seconds since the student last answered or saw the item or skill.

    Parameters
    ----------
    log : ResponseLog or frame with its standard columns
        A log with times.
    by : {"item", "skill"}

    Returns
    -------
    float array, shape (n_responses,)
        The lag of each row, in the row order of `log`; nan if the student meets the item or skill
        for the first time. If a response has several skills, its lag is the lag of the most
        recently practised skill.

    Examples
    --------
    >>> lags({"student": [1, 1, 1], "skill": ["a", "b", "a"], "correct": [1, 0, 1],
    ...       "time": [0.0, 60.0, 90.0]}).tolist()
    [nan, nan, 90.0]
    """
    log = as_log(log)
    problems = ["it has no times"] if log.time is None else []
    if by == "item" and log.item is None:
        problems.append("it has no items")
    if by not in ("item", "skill"):
        raise ParameterError("lags", [f"by must be 'item' or 'skill', got {by!r}"])
    if log.time is None or problems:
        raise ResponseDataError("response log", problems)
    row_of: Ints = np.arange(len(log)) if by == "item" or log.skill_rows is None else log.skill_rows
    chains = log.sequences
    if by == "item" and log.item is not None:
        students, items = log.student, log.item
        chains = group_pairs(
            items.codes,
            len(items.labels),
            students.codes,
            len(students.labels),
            log.chronological,
        )
    row = row_of[chains.order]
    since = np.full(len(row), np.nan)
    since[1:] = np.diff(log.time[row])
    since[chains.starts] = np.nan
    found = np.full(len(log), np.nan)
    np.fmin.at(found, row, since)
    return found


class ForgettingCurve:
    """Adds forgetting to a model: the odds of a right answer fall with time since practice.

    Let x be the log odds from a model that ignores time, and t the seconds since the last practice:

        logit P(correct) = offset + scale x - rate ln(1 + t / time)

    The odds of a right answer fall as a power of time, as in DASH and the power laws of forgetting.
    `fit` estimates the parameters offset, scale, rate and time from answers. A quadratic penalty
    pulls the parameters toward no forgetting (offset 0, scale 1, rate 0). The methods take arrays,
    so they work with any model.

    Parameters
    ----------
    penalty : float
        How strongly the fit pulls the parameters toward no forgetting. The penalty is ``penalty /
        2`` times the sum of the squares of offset, scale - 1, rate, and log(time / one hour).
    max_iter : int
        The largest number of steps of L-BFGS.
    tol : float
        The fit stops if a step changes the objective by less than `tol` times the objective.

    Attributes
    ----------
    offset_, scale_ : float
    rate_ : float
        How fast the log odds fall with the logarithm of time; 0 or more.
    time_ : float
        Seconds.
    n_iter_, converged_ : int, bool

    References
    ----------
    R. Lindsey, J. Shroyer, H. Pashler & M. Mozer (2014). Improving students' long-term knowledge
    retention through personalized review. Psychological Science 25(3). J. Wixted & E. Ebbesen
    (1991). On the form of forgetting. Psychological Science 2(6).

    Examples
    --------
    Answers of students who forget, below a model that knows nothing of time:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> log_odds, lag = rng.normal(size=4000), rng.exponential(1e5, 4000)
    >>> p = 1 / (1 + np.exp(-log_odds + 0.5 * np.log(1 + lag / 3600)))
    >>> curve = ForgettingCurve().fit(log_odds, lag, rng.random(4000) < p)
    >>> bool(0.4 < curve.rate_ < 0.6)
    True
    >>> soon, late = curve.predict([1.0, 1.0], [60.0, 864000.0])
    >>> bool(soon > late)
    True
    """

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        "penalty": [Interval(0, 1e9)],
        "max_iter": [Interval(1, 10**6, integer=True)],
        "tol": [Interval(0, 1, closed="neither")],
    }

    def __init__(self, *, penalty: float = 1.0, max_iter: int = 1000, tol: float = 1e-9) -> None:
        self.penalty = penalty
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, log_odds: Any, lag: Any, correct: Any) -> Self:
        """Fit the curve to answers.

        Parameters
        ----------
        log_odds : array, shape (n,)
            The log odds that the model predicts for each answer. The model must not have seen an
            answer before it predicts the answer.
        lag : array, shape (n,)
            For each answer, the seconds since the last practice, or nan if there was no practice.
            The fit ignores answers whose lag is nan.
        correct : array, shape (n,)
            0 for wrong and 1 for right answers.

        Raises
        ------
        ParameterError
            The error is raised if an argument is not an array of the required form.
        """
        values = {name: getattr(self, name) for name in self._constraints}
        base, since, problems = _read(log_odds, lag)
        right = np.asarray(correct)
        if right.shape != base.shape or not np.isin(right, (0, 1)).all():
            problems.append(f"correct must hold 0 and 1, one for each of {len(base)} answers")
        check_parameters("ForgettingCurve", values, self._constraints, problems)
        practised = ~np.isnan(since)
        base, since, right = base[practised], since[practised], right[practised].astype(np.float64)

        def objective(at: Floats) -> tuple[float, Floats]:
            loss, gradient = curve_loss(at, base, since, right)
            distance = at - _START
            return (
                loss + self.penalty / 2 * float(distance @ distance),
                gradient + self.penalty * distance,
            )

        bounds = [(None, None), (None, None), (0.0, None), (-20.0, 40.0)]
        end = search(objective, _START, bounds, max_iter=self.max_iter, tol=self.tol)
        self.offset_, self.scale_, self.rate_ = end.at[:_TIME].tolist()
        self.time_ = float(np.exp(end.at[_TIME]))
        self.n_iter_, self.converged_ = end.n_iter, end.converged
        return self

    def predict(self, log_odds: Any, lag: Any) -> Floats:
        """P(correct), shape (n,). If the lag is nan, P(correct) comes from `log_odds` alone.

        Parameters
        ----------
        log_odds, lag : arrays, shape (n,)
            As in `fit`.
        """
        if not hasattr(self, "rate_"):
            raise NotFittedError("this ForgettingCurve is not fitted; call fit first")
        base, since, problems = _read(log_odds, lag)
        if problems:
            raise ParameterError("ForgettingCurve", problems)
        new = np.isnan(since)
        faded = self.rate_ * np.log1p(np.where(new, 0, since) / self.time_)
        return np.asarray(expit(np.where(new, base, self.offset_ + self.scale_ * base - faded)))


_START = np.array([0.0, 1.0, 0.0, np.log(3600.0)])


def curve_loss(at: Floats, base: Floats, lag: Floats, correct: Floats) -> tuple[float, Floats]:
    """The log loss of answers, summed, and its gradient.

    Parameters
    ----------
    at : float array, shape (4,)
        Offset, scale, rate, and the logarithm of time.
    base, lag, correct : float arrays, shape (n,)
    """
    ratio = lag * np.exp(-at[_TIME])
    faded = np.log1p(ratio)
    logit = at[_OFFSET] + at[_SCALE] * base - at[_RATE] * faded
    loss = float(np.logaddexp(0, np.where(correct == 1, -logit, logit)).sum())
    slope = expit(logit) - correct
    by_time = at[_RATE] * ratio / (1 + ratio)
    return loss, np.array([slope.sum(), slope @ base, -(slope @ faded), slope @ by_time])


def _read(log_odds: Any, lag: Any) -> tuple[Floats, Floats, list[str]]:
    base, since = np.asarray(log_odds, np.float64), np.asarray(lag, np.float64)
    problems = []
    if base.ndim != 1 or since.shape != base.shape:
        problems.append(
            f"log_odds and lag must be flat and as long, got {base.shape}, {since.shape}"
        )
    if not np.isfinite(base).all():
        problems.append("log_odds must be finite")
    if (since < 0).any() or np.isinf(since).any():
        problems.append("lag must be 0 or more seconds, or nan")
    return base, since, problems
