"""The logistic models of the literature, each a choice of terms."""

from __future__ import annotations

from typing import ClassVar, Literal

from adaptlearn.models.logistic.history import OPPORTUNITIES, TALLY, decayed
from adaptlearn.models.logistic.terms import (
    By,
    Recipe,
    failures,
    intercepts,
    opportunities,
    recency,
    successes,
)
from adaptlearn.models.logistic.tracer import COMMON, LogisticTracer, Student
from adaptlearn.validation import Interval, OneOf

Slopes = Literal["skill", "shared"]
Counts = Literal["linear", "log"]


def _by(slopes: Slopes) -> By:
    """Whose slopes."""
    return "skill" if slopes == "skill" else "all"


class _Counting(LogisticTracer):
    """A model of counts of earlier responses on the skill."""

    _constraints: ClassVar = {
        "slopes": [OneOf(("skill", "shared"))],
        "counts": [OneOf(("linear", "log"))],
        **COMMON,
    }

    def __init__(
        self,
        *,
        slopes: Slopes = "skill",
        counts: Counts = "linear",
        student: Student | None = "online",
        penalty: float = 1.0,
        student_penalty: float = 2.0,
        max_iter: int = 2000,
        tol: float = 1e-9,
    ) -> None:
        self.slopes: Slopes = slopes
        self.counts: Counts = counts
        super().__init__(
            student=student,
            penalty=penalty,
            student_penalty=student_penalty,
            max_iter=max_iter,
            tol=tol,
        )


class AFM(_Counting):
    """Additive factors model: practice makes every skill easier, each skill at its own rate.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student + Σ over the response's skills (β_skill + φ_skill T)

    In the formula, T counts the student's earlier responses on the skill. An exposure (a row
    without an answer) counts as a response.

    Parameters
    ----------
    slopes : {"skill", "shared"}
        ``"skill"``: each skill has its own φ. ``"shared"``: all skills have the same φ.
    counts : {"linear", "log"}
        What φ multiplies in the formula: the count T, or ln(1 + T).
    student : {"online", "average"} or None
        How the model finds θ for a prediction. ``"online"``: θ starts at 0, and each earlier answer
        of the student changes θ by one step of Newton's method. ``"average"``: θ is 0 for every
        student. With ``"online"`` and ``"average"``, the fit estimates an intercept for each
        training student. With ``student=None``, the model has no θ.
    penalty : float
        How strongly the fit shrinks the weights of skills and items. Each weight is the sum of two
        parts: a part that all skills (or items) share, and a part of the single skill or item. The
        penalty on the part of a single skill or item is ``penalty / 2`` times the square of this
        part. Before the fit computes the penalty, the fit multiplies each slope by the root mean
        square of the slope's count. In `DASH` and `DAS3H`, the fit also shrinks the shared weights
        of the windows of time, but not the weights of the whole past. With ``penalty=0``, the fit
        maximises the likelihood.
    student_penalty : float
        The penalty on θ: the precision of its normal prior. With ``student="online"``,
        `student_penalty` must be positive.
    max_iter : int
        The largest number of steps of Newton's method.
    tol : float
        The fit stops if a step changes the objective by less than `tol` times the objective.

    Attributes
    ----------
    coefficients_, item_intercepts_, student_intercepts_ : dict of arrays
        The fitted weights, as columns for any dataframe library.
    log_likelihood_ : float
        The log-likelihood of the training answers, with the fitted weights and students'
        intercepts.
    skills_, items_ : arrays
        Labels of the skills and items in the training log, sorted.
    n_answers_ : int array, shape (n_skills,)
    n_iter_, converged_ : int, bool

    References
    ----------
    Cen, Koedinger & Junker (2006). Learning factors analysis: a general method for cognitive
    model evaluation and improvement. ITS.

    Examples
    --------
    >>> from adaptlearn.models import AFM
    >>> from adaptlearn.simulation import simulate_school
    >>> model = AFM(slopes="shared").fit(simulate_school().responses)
    >>> table = model.coefficients_
    >>> slope = table["value"][table["term"] == "opportunities"]
    >>> bool(slope > 0)
    True
    """

    def _recipe(self) -> Recipe:
        slope = opportunities(_by(self.slopes), logarithm=self.counts == "log")
        return Recipe((intercepts("skill"), slope), {"skill": (OPPORTUNITIES,)})


class PFA(_Counting):
    """Performance factors analysis: right and wrong answers have different effects.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student
                           + Σ over the response's skills (β_skill + φ_skill s + ψ_skill f)

    In the formula, s counts the student's earlier right answers on the skill, and f counts the
    wrong answers. An exposure (a row without an answer) counts as neither right nor wrong. The
    model of the paper has no θ; to use the model of the paper, set ``student=None``.

    Parameters
    ----------
    slopes, student, penalty, student_penalty, max_iter, tol : see `AFM`
    counts : {"linear", "log"}
        What φ and ψ multiply in the formula: the counts s and f, or ln(1 + s) and ln(1 + f).

    Attributes
    ----------
    coefficients_, student_intercepts_, log_likelihood_, … : see `AFM`

    References
    ----------
    Pavlik, Cen & Koedinger (2009). Performance factors analysis: a new alternative to knowledge
    tracing. AIED. Logarithmic counts: Gervet, Koedinger, Schneider & Mitchell (2020). When is
    deep learning the best approach to knowledge tracing? JEDM 12(3).

    Examples
    --------
    >>> from adaptlearn.models import PFA
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school()
    >>> model = PFA(counts="log").fit(school.responses)
    >>> skill = school.skills[0]
    >>> log = {"student": ["ann", "ann"], "skill": [skill] * 2, "correct": [1, 0]}
    >>> first, second = model.predict_proba(log)[:, 1]
    >>> bool(second > first)
    True
    """

    def _recipe(self) -> Recipe:
        logarithm = self.counts == "log"
        of_skill = [
            term("skill", _by(self.slopes), logarithm=logarithm) for term in (successes, failures)
        ]
        return Recipe((intercepts("skill"), *of_skill), {"skill": (TALLY,)})


class RPFA(LogisticTracer):
    """Recent performance factors analysis: recent answers count more than older answers.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student
                           + Σ over the response's skills (β_skill + φ_skill R + ψ_skill f)

    In the formula, f counts the student's earlier wrong answers on the skill, and R is the
    proportion of right answers. In R, each answer has `decay` times the weight of the next answer.
    R also counts `ghosts` invented wrong answers before the first real answer. So R is defined
    before the student's first answer, and R changes little at the start. An exposure (a row without
    an answer) does not count as an answer.

    Parameters
    ----------
    decay : float
        The weight of an answer relative to the next answer, between 0 and 1, both excluded.
    ghosts : int
        The number of invented wrong answers, at least 1; the paper uses 3.
    slopes, student, penalty, student_penalty, max_iter, tol : see `AFM`
        With ``slopes="shared"`` all skills have the same φ and the same ψ.

    Attributes
    ----------
    coefficients_, student_intercepts_, log_likelihood_, … : see `AFM`

    References
    ----------
    Galyardt & Goldin (2015). Move your lamp post: recent data reflects learner knowledge better
    than older data. JEDM 7(2). The form with a plain count of failures, and the proportion's
    name ``propdec2``: Pavlik, Eglington & Harrell-Williams (2021). Logistic knowledge tracing:
    a constrained framework for learner modeling. IEEE TLT 14(5).

    Examples
    --------
    >>> from adaptlearn.models import RPFA
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school()
    >>> model = RPFA(decay=0.8, slopes="shared").fit(school.responses)
    >>> table = model.coefficients_
    >>> bool(table["value"][table["term"] == "recency"] > 0)
    True
    """

    _constraints: ClassVar = {
        "decay": [Interval(0, 1, closed="neither")],
        "ghosts": [Interval(1, 1000, integer=True)],
        "slopes": [OneOf(("skill", "shared"))],
        **COMMON,
    }

    def __init__(
        self,
        *,
        decay: float = 0.9,
        ghosts: int = 3,
        slopes: Slopes = "skill",
        student: Student | None = "online",
        penalty: float = 1.0,
        student_penalty: float = 2.0,
        max_iter: int = 2000,
        tol: float = 1e-9,
    ) -> None:
        self.decay = decay
        self.ghosts = ghosts
        self.slopes: Slopes = slopes
        super().__init__(
            student=student,
            penalty=penalty,
            student_penalty=student_penalty,
            max_iter=max_iter,
            tol=tol,
        )

    def _recipe(self) -> Recipe:
        terms = (
            intercepts("skill"),
            recency(_by(self.slopes), self.decay, self.ghosts),
            failures("skill", _by(self.slopes), logarithm=False),
        )
        return Recipe(terms, {"skill": (TALLY, decayed(self.decay))})


class BestLR(LogisticTracer):
    """The best logistic regression of Gervet et al.: PFA with items and overall counts.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student + δ_item + φ ln(1 + S) + ψ ln(1 + F)
                           + Σ over the response's skills (β_skill + φ_skill ln(1 + s)
                                                           + ψ_skill ln(1 + f))

    In the formula, S counts all earlier right answers of the student, and F counts all earlier
    wrong answers. In the formula, s and f count the right and the wrong answers on the skill alone.
    An exposure (a row without an answer) counts as neither right nor wrong. The model of the paper
    has no θ for students who are not in the training log. To use the model of the paper, set
    ``student=None``.

    Parameters
    ----------
    student, penalty, student_penalty, max_iter, tol : see `AFM`

    Attributes
    ----------
    coefficients_, item_intercepts_, student_intercepts_, log_likelihood_, … : see `AFM`

    References
    ----------
    Gervet, Koedinger, Schneider & Mitchell (2020). When is deep learning the best approach to
    knowledge tracing? JEDM 12(3).

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models import BestLR
    >>> from adaptlearn.simulation import simulate_school
    >>> school = simulate_school()
    >>> item = np.arange(len(school.responses["student"])) % 7
    >>> BestLR().fit({**school.responses, "item": item}).item_intercepts_["item"].tolist()
    [0, 1, 2, 3, 4, 5, 6]
    """

    _needs_items = True

    def _recipe(self) -> Recipe:
        of_skill = [term("skill", "skill", logarithm=True) for term in (successes, failures)]
        overall = [term("student", "all", logarithm=True) for term in (successes, failures)]
        return Recipe(
            (intercepts("skill"), intercepts("item"), *of_skill, *overall),
            {"skill": (TALLY,), "student": (TALLY,)},
        )
