"""Item response theory as a knowledge-tracing model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from adaptlearn.errors import ConvergenceWarning, IdentificationWarning, UnknownLabelError, warn
from adaptlearn.models.irt.errors import Errors, standard_errors
from adaptlearn.models.irt.mml import DIFFICULTY, SLOPES, Grid, Items, fit_items
from adaptlearn.models.irt.posterior import expected, follow, posterior, said
from adaptlearn.models.irt.prior import ItemPrior
from adaptlearn.models.irt.training import (
    doubts,
    points_for,
    training_of,
    typical_items,
)
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import (
    NARROW,
    Level,
    Memory,
    level_of,
    narrow_from,
    rest_of_each,
    scan,
)
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import as_log
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Constraint, Interval, Numbers, OneOf, some

_SURE = 1e-12  # predictions keep this distance from 0 and 1
_FAR = 1e50  # no standard error of a saved model is larger
_SD = Interval(0, 100, closed="neither")
CONSTRAINTS: dict[str, Sequence[Constraint]] = {
    "difficulty_sd": [_SD, OneOf((None,))],
    "n_points": [Interval(11, 1001, integer=True), OneOf((None,))],
    "uncertainty": [OneOf((True, False))],
    "max_iter": [Interval(1, 10**6, integer=True)],
    "tol": [Interval(0, 1)],
}


class IRT(SequentialTracer):
    """Item response theory, with one or two parameters per item (1PL, 2PL).

    Let ``S`` be the logistic function. A student has an ability ``t``; an item has a difficulty
    ``b`` and a discrimination ``a``. The probability of a right answer is ``S(a (t - b))``.
    Abilities are standard normal. The fit estimates the parameters of the items by marginal maximum
    likelihood (Bock & Aitkin, 1981). The fit runs expectation-maximisation (EM) over a grid of
    abilities, and takes longer steps between the EM steps. For each student the model stores the
    posterior of the ability on the grid. An answer updates the posterior in O(1).

    The ability does not change with practice. So the model suits tests; for practice data, use the
    model as a baseline.

    Parameters
    ----------
    kind : {"2PL", "1PL"}
        With ``"2PL"`` each item has its own discrimination. With ``"1PL"`` all items have the same
        discrimination.
    difficulty_sd : float or None, default 1
        The standard deviation of the difficulties of items around the mean of their skill, and of
        the difficulties of skills around the mean of all skills. The unit of `difficulty_sd` is the
        log odds of an item of average discrimination. The normal prior with standard deviation
        `difficulty_sd` keeps an item's difficulty finite, even if all answers to the item are
        right. None: no prior.
    discrimination_sd : float or None, default 0.5
        The standard deviation of the logarithms of the discriminations around their mean.
        `discrimination_sd` defines the lognormal prior of the 2PL. None: no prior.
    n_points : int, optional
        The number of points of the grid of abilities, equally spaced from -6 to 6. For each
        student, the model stores one number per point. By default the grid has 61 points, or up to
        241 points if many answers make the abilities precise.
    uncertainty : bool, default True
        Whether to compute standard errors of the items.
    max_iter : int, default 500
        The largest number of EM steps.
    tol : float, default 1e-7
        The fit has converged if a step raises the log-likelihood *per answer* by less than `tol`.

    Attributes
    ----------
    parameters_ : dict of str to array, each of shape (n_items,)
        Columns ``item``, ``difficulty``, ``discrimination``, ``difficulty_se``,
        ``discrimination_se`` (standard errors; nan if there are none), ``n_answers`` and
        ``p_correct``, the share of right answers. If the log has no items, its skills serve as
        items.
    skill_parameters_ : dict of str to array, each of shape (n_skills,)
        Columns ``skill``, ``difficulty``, ``discrimination``: the parameters of a typical item of
        the skill.
    ability_sd_ : float
        The standard deviation of abilities, in the unit of difficulties: 1.
    ability_sd_se_ : float
        The standard error of `ability_sd_`: nan, because `ability_sd_` is 1 by definition.
    skills_, items_ : arrays
        The labels of the skills and items, sorted. If the log has no items, `items_` is empty.
    n_answers_ : int array, shape (n_skills,)
    log_likelihood_ : float
        The marginal log-likelihood of the training answers, without the prior.
    n_iter_, converged_ : int and bool
    unidentified_ : dict of label to str
        The items with a parameter that comes only from the prior, or is at a limit, each with the
        reason.
    classes_ : array
        ``[0, 1]``, because the columns of `predict_proba` are P(wrong) and P(correct).
    fingerprint_ : str

    See Also
    --------
    Rasch : The same model in the unit of log odds.

    Notes
    -----
    *Predictions* are one step ahead: the probability of a right answer, averaged over the posterior
    after the student's earlier answers. For a new student the posterior is the prior.

    *Unseen.* An item that is not in the training log gets the mean difficulty of its skill. The
    mean difficulty of a skill includes the skill's items and one additional item, which is as hard
    as the average skill. An unknown skill gets the mean difficulty of all skills. Unknown items and
    skills get the mean discrimination.

    *Several skills in one response.* If the log has no items, a response with several skills gets
    the mean of its skills' parameters. The fit counts a response with several skills once.

    *Mastery* is of kind ``"predicted"``: P(correct) on a typical item of the skill.

    *Standard errors* come from the observed information (Louis, 1982), including the prior. With
    more than 300 items, the standard errors of an item treat all other items as known. With more
    than 300 items, a discrimination that all items share has no standard error.

    *Limits.* Discriminations lie within [0.02, 20], difficulties within [-15, 15]. An estimate may
    reach a limit if you use no priors, or if the answers do not depend on ability at all.
    `unidentified_` then says so.

    References
    ----------
    - G. Rasch (1960). Probabilistic models for some intelligence and attainment tests.
    - A. Birnbaum (1968). Some latent trait models. In Lord & Novick, Statistical theories of
      mental test scores, 397-479.
    - R. Bock, M. Aitkin (1981). Marginal maximum likelihood estimation of item parameters:
      application of an EM algorithm. Psychometrika 46, 443-459.
    - R. Mislevy (1986). Bayes modal estimation in item response models. Psychometrika 51, 177-195.
    - T. Louis (1982). Finding the observed information matrix when using the EM algorithm.
      Journal of the Royal Statistical Society B 44(2), 226-233.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models import IRT
    >>> rng = np.random.default_rng(0)
    >>> ability, difficulty = rng.normal(size=300), np.linspace(-2, 2, 10)
    >>> right = rng.random((300, 10)) < 1 / (1 + np.exp(difficulty - ability[:, None]))
    >>> student, item = np.indices(right.shape).reshape(2, -1)
    >>> log = {"student": student, "item": item, "skill": item * 0, "correct": right.ravel()}
    >>> model = IRT(kind="1PL").fit(log)
    >>> bool(np.abs(model.parameters_["difficulty"] - difficulty).max() < 0.4)
    True

    Abilities with their uncertainty, and the item that tells most about an able student:

    >>> found = model.abilities(log)
    >>> bool(np.corrcoef(found["ability"], ability)[0, 1] > 0.8)
    True
    >>> int(model.items_[model.item_information([2.0]).argmax()])
    9
    """

    _constraints: ClassVar = {
        **CONSTRAINTS,
        "kind": [OneOf(("1PL", "2PL"))],
        "discrimination_sd": [_SD, OneOf((None,))],
    }
    _few = NARROW

    def __init__(
        self,
        *,
        kind: Literal["1PL", "2PL"] = "2PL",
        difficulty_sd: float | None = 1.0,
        discrimination_sd: float | None = 0.5,
        n_points: int | None = None,
        uncertainty: bool = True,
        max_iter: int = 500,
        tol: float = 1e-7,
    ) -> None:
        self.kind = kind
        self.difficulty_sd = difficulty_sd
        self.discrimination_sd = discrimination_sd
        self.n_points = n_points
        self.uncertainty = uncertainty
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes the answers again
        """Estimate the parameters of the items; each student has one ability for all answers.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
            `fit` takes the answers from the log. The argument `y` exists because scikit-learn
            passes the answers a second time.

        Raises
        ------
        ParameterError, ResponseDataError

        Warns
        -----
        IdentificationWarning
            The warning lists the items with a parameter that comes only from the prior, or is at a
            limit.
        ConvergenceWarning
            A warning appears if the fit did not converge within `max_iter` steps.
        """
        training = training_of(self._training_log(log))
        n_units = len(training.labels)
        group = np.arange(n_units) * (self.kind == "2PL")
        slope_sd = self.discrimination_sd if self.kind == "2PL" else None
        prior = ItemPrior(training.groups, self.difficulty_sd, slope_sd)
        n_points = points_for(training.answers) if self.n_points is None else self.n_points
        grid = Grid.of(n_points)
        found = fit_items(
            training.answers,
            grid,
            group=group,
            prior=prior,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        errors = Errors.none(n_units)
        if self.uncertainty:
            errors = standard_errors(training.answers, found.items, grid, group, prior)
        self._grid, self._items, self._errors = grid, found.items, errors
        self._count, self._right = training.all_answers, training.right_answers
        self._alone = training.alone
        self._skills = typical_items(training, found.items, prior)
        self.log_likelihood_ = found.log_likelihood
        self.n_iter_, self.converged_ = len(found.objective) - 1, found.converged
        self._ready(training.skills, training.items, training.n_answers)
        self._say_doubts()
        return self

    def abilities(self, log: Any) -> dict[str, NDArray[Any]]:
        """The abilities of a log's students after their last answers (EAP estimates).

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns

        Returns
        -------
        dict of str to array, each of shape (n_students,)
            Columns ``student``, ``ability`` (the mean of the posterior) and ``standard_error`` (the
            standard deviation of the posterior).
        """
        self._check_fitted()
        log = as_log(log)
        everyone = np.arange(log.n_students)
        state = self.update_state(self.init_state(len(everyone)), log.with_students(everyone))
        ability, error = self.state_abilities(state, everyone)
        return {"student": log.student.labels, "ability": ability, "standard_error": error}

    def state_abilities(self, state: SequentialState, students: Any) -> tuple[Floats, Floats]:
        """The posterior ability of some students of a state: mean and standard deviation.

        Parameters
        ----------
        state : SequentialState
        students : int array, shape (n,)
            The students' numbers in the state.

        Returns
        -------
        ability, standard_error : float arrays, shape (n,)
        """
        self._check_state(state)
        numbers = state.checked(np.atleast_1d(students))
        none = np.empty(0, np.int64)
        weight = posterior(state.memory_of(numbers, none, none, numbers * 0).student, self._grid)
        mean = np.sum(weight * self._grid.points, axis=1)
        square = np.sum(weight * (self._grid.points - mean[:, None]) ** 2, axis=1)
        return mean * self.ability_sd_, np.sqrt(square) * self.ability_sd_

    def item_information(self, abilities: Any, items: Iterable[Any] | None = None) -> Floats:
        """Fisher's information of items about abilities: ``a**2 P (1 - P)``.

        To learn most about a student, ask the items with the largest information.

        Parameters
        ----------
        abilities : array-like, shape (n,), or float
        items : sequence of labels, optional
            Labels of items; by default all, in the order of `parameters_`.

        Returns
        -------
        float array, shape (n, n_items)

        Raises
        ------
        UnknownLabelError
            The error lists the items that the model does not know.
        """
        self._check_fitted()
        places = self._places_of(items)
        ability = np.atleast_1d(np.asarray(abilities, np.float64)) / self.ability_sd_
        slope = self._items.slope[places]
        chance = expit(slope * (ability[:, None] - self._items.difficulty[places]))
        return np.asarray((slope / self.ability_sd_) ** 2 * chance * (1 - chance))

    def test_information(self, abilities: Any, items: Iterable[Any] | None = None) -> Floats:
        """Fisher's information of a test: the sum of the information of its items.

        If you estimate an ability from the test alone, the standard error of the ability is one
        divided by the square root of the test's information.

        Parameters
        ----------
        abilities : array-like, shape (n,), or float
        items : sequence of labels, optional
            Labels of the items in the test; by default all items of the model.

        Returns
        -------
        float array, shape (n,)
        """
        return np.asarray(self.item_information(abilities, items).sum(axis=1))

    @property
    def _widths(self) -> Widths:
        # Of a student, the log-likelihood of the answers at each point of the grid.
        return Widths(student=len(self._grid.points), pair=0)

    def _signed(self) -> Signed:
        return Signed(student=range(len(self._grid.points)))

    def _look(self, level: Level, memory: Memory) -> Floats:
        chance = expit(self._items_of(level).logits(self._grid.points))
        return expected(memory.student, chance, self._grid)[:, None]

    def _learn(self, level: Level, memory: Memory) -> None:
        memory.student[:] += said(self._items_of(level), level.correct, self._grid)

    def _along(self, encoded: Encoded, memory: Memory) -> Floats:
        return self._pass(encoded, memory, look=True)

    def _learn_along(self, encoded: Encoded, memory: Memory) -> None:
        self._pass(encoded, memory, look=False)

    def _pass(self, encoded: Encoded, memory: Memory, *, look: bool) -> Floats:
        narrow = narrow_from(encoded.bounds, self._few)
        found = scan(
            encoded,
            memory,
            look=self._look if look else None,
            learn=self._learn,
            width=1,
            n_levels=narrow,
        )
        for student, places in enumerate(rest_of_each(encoded.bounds, narrow)):
            level, _ = level_of(encoded, places)
            items, known = self._items_of(level), memory.student[student]
            ahead = follow(items, level.correct, known, self._grid, look=look)
            if ahead is not None:
                found[places, 0] = ahead
        return found

    def _chance(self, read: Floats) -> Floats:
        return np.clip(read[:, 0], _SURE, 1 - _SURE)

    def _items_of(self, level: Level) -> Items:
        """The parameters of each response: its item's, or those of a typical item."""
        skill = np.minimum(level.skill, len(self._skills.difficulty) - 1)
        found = Items(*(level.mean(field[skill]) for field in self._skills))
        if not len(self.items_):
            return found
        known = (level.item >= 0) & (level.item < len(self.items_))
        item = np.where(known, level.item, 0)
        fields = zip(self._items, found, strict=True)
        return Items(*(np.where(known, own[item], typical) for own, typical in fields))

    def _places_of(self, items: Iterable[Any] | None) -> Ints:
        labels = self.parameters_["item"].tolist()
        if items is None:
            return np.arange(len(labels))
        known = {label: place for place, label in enumerate(labels)}
        wanted = [items] if isinstance(items, str) else list(items)
        unknown = [label for label in wanted if label not in known]
        if unknown:
            raise UnknownLabelError("items", [f"{some(unknown)} not among those that were fitted"])
        return np.array([known[label] for label in wanted], np.int64)

    def _unit(self) -> float:
        """What one standard deviation of abilities counts."""
        return 1.0

    def _errors_in_unit(self) -> tuple[Floats, Floats, float]:
        """Standard errors of difficulties, discriminations, and `ability_sd_`."""
        return self._errors.difficulty, self._errors.log_slope * self._items.slope, np.nan

    def _ready(self, skills: list[Any], items: list[Any], n_answers: Ints) -> Self:
        super()._ready(skills, items, n_answers)
        unit = self.ability_sd_ = self._unit()
        labels = self.items_ if items else self.skills_
        slope, typical = self._items.slope, self._skills
        difficulty_error, discrimination_error, self.ability_sd_se_ = self._errors_in_unit()
        share = np.full(len(labels), np.nan)
        np.divide(self._right, self._count, out=share, where=self._count > 0)
        self.parameters_ = {
            "item": labels,
            "difficulty": self._items.difficulty * unit,
            "discrimination": slope / unit,
            "difficulty_se": difficulty_error,
            "discrimination_se": discrimination_error,
            "n_answers": self._count,
            "p_correct": share,
        }
        self.skill_parameters_ = {
            "skill": self.skills_,
            "difficulty": typical.difficulty[:-1] * unit,
            "discrimination": typical.slope[:-1] / unit,
        }
        reasons = doubts(self._items, self._count, self._right, self._alone)
        named = labels[list(reasons)].tolist() if reasons else []
        self.unidentified_ = dict(zip(named, reasons.values(), strict=True))
        return self

    def _say_doubts(self) -> None:
        if self.unidentified_:
            named = list(self.unidentified_)
            warn(
                f"items {some(named)} are held by the prior or a limit alone in some parameter "
                "(all answers alike, for instance); see unidentified_",
                IdentificationWarning,
            )
        if not self.converged_:
            warn(
                f"the fit did not converge within {self.max_iter} steps; raise max_iter",
                ConvergenceWarning,
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        # Earlier versions had none: a file of theirs has the same fingerprint still.
        covariance = {"error_covariance": self._errors.covariance}
        if np.isnan(self._errors.covariance).all():
            covariance = {}
        return {
            "points": self._grid.points,
            "log_slope": self._items.log_slope,
            "difficulty": self._items.difficulty,
            "skill_log_slope": self._skills.log_slope,
            "skill_difficulty": self._skills.difficulty,
            "log_slope_error": self._errors.log_slope,
            "difficulty_error": self._errors.difficulty,
            **covariance,
            "count": self._count,
            "right": self._right,
            "fit": np.array(
                [self.log_likelihood_, self.n_iter_, self.converged_, self._alone], np.float64
            ),
        }

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:
        n = n_items or n_skills  # without items, a skill is one
        slope, difficulty = np.log(SLOPES), DIFFICULTY
        error = Numbers((n,), low=0, high=_FAR, gaps=True)
        # Files of earlier versions have no covariance.
        covariance = Numbers((n,), -(_FAR**2), _FAR**2, gaps=True)
        more = {"error_covariance": covariance} if "error_covariance" in arrays else {}
        return more | {
            "points": Numbers((max(len(arrays["points"]), 1),)),
            "log_slope": Numbers((n,), *slope),
            "difficulty": Numbers((n,), -difficulty, difficulty),
            "skill_log_slope": Numbers((n_skills + 1,), *slope),
            "skill_difficulty": Numbers((n_skills + 1,), -difficulty, difficulty),
            "log_slope_error": error,
            "difficulty_error": error,
            "count": Numbers((n,), low=0),
            "right": Numbers((n,), low=0),
            "fit": Numbers((4,), low=-np.inf),
        }

    def _restore_arrays(self, arrays: Arrays) -> None:
        self._grid = Grid.of(len(arrays["points"]))
        self._items = Items(arrays["log_slope"], arrays["difficulty"])
        self._skills = Items(arrays["skill_log_slope"], arrays["skill_difficulty"])
        n = len(arrays["difficulty"])
        covariance = arrays.get("error_covariance", np.full(n, np.nan))
        self._errors = Errors(arrays["log_slope_error"], arrays["difficulty_error"], covariance)
        self._count, self._right = arrays["count"], arrays["right"]
        if np.any(self._right > self._count):
            raise ValueError("right answers are more than all")
        most = self._errors.log_slope * self._errors.difficulty
        if np.any(np.abs(covariance) > most * (1 + 1e-9)):
            raise ValueError("errors vary together more than each of them varies")
        log_likelihood, n_iter, converged, alone = arrays["fit"].tolist()
        self.log_likelihood_, self.n_iter_ = log_likelihood, int(n_iter)
        self.converged_, self._alone = bool(converged), bool(alone)
