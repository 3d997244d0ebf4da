"""The logistic models that count answers within windows of time."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from adaptlearn.models.logistic.terms import Recipe, intercepts, window_counters, window_terms
from adaptlearn.models.logistic.tracer import COMMON, LogisticTracer, Student
from adaptlearn.validation import Interval

HOUR, DAY = 3600.0, 86400.0
WINDOWS = (HOUR, DAY, 7 * DAY, 30 * DAY)
"""The windows of Lindsey et al. (2014) and Choffin et al. (2019), in seconds."""


class _Windowed(LogisticTracer):
    """A model that counts answers within windows of time."""

    _needs_items = True
    _constraints: ClassVar = {"remember": [Interval(1, 10_000, integer=True)], **COMMON}

    def __init__(
        self,
        *,
        windows: tuple[float, ...] = WINDOWS,
        remember: int = 50,
        student: Student | None = "online",
        penalty: float = 1.0,
        student_penalty: float = 2.0,
        max_iter: int = 2000,
        tol: float = 1e-9,
    ) -> None:
        self.windows = windows
        self.remember = remember
        super().__init__(
            student=student,
            penalty=penalty,
            student_penalty=student_penalty,
            max_iter=max_iter,
            tol=tol,
        )

    def _problems(self) -> list[str]:
        problems = super()._problems()
        lengths: Any = self.windows
        seconds = Interval(0, 1e12, closed="neither")
        sound = isinstance(lengths, (tuple, list)) and all(map(seconds.accepts, lengths))
        if not sound or np.any(np.diff(lengths) <= 0):
            expected = "a tuple of increasing positive numbers of seconds"
            problems.append(f"windows must be {expected}, got {lengths!r}")
        return problems


class DASH(_Windowed):
    """DASH (difficulty, ability, student history) counts practice of an item in windows of time.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student + δ_item
                           + Σ over windows (φ_w ln(1 + s_w) + ψ_w ln(1 + n_w))

    In the formula, n_w counts the student's earlier answers on the item within the window w, and
    s_w counts the right answers among them. The last window is the student's whole past. The model
    ignores skills: students learn items. An exposure (a row without an answer) does not count as an
    answer.

    Parameters
    ----------
    windows : tuple of float
        The lengths of the windows in seconds, increasing; by default an hour, a day, a week and 30
        days. The model always adds a last window: the student's whole past. With ``()``, the whole
        past is the only window, and responses need no times.
    remember : int
        For each student and item, the number of last answers whose times the model stores. If a
        window contains more than `remember` answers, the model counts only `remember` of them. The
        longest window covers the student's whole past. The count of this window is always exact.
    student, penalty, student_penalty, max_iter, tol : see `AFM`

    Attributes
    ----------
    coefficients_, item_intercepts_, student_intercepts_, log_likelihood_, … : see `AFM`

    References
    ----------
    Lindsey, Shroyer, Pashler & Mozer (2014). Improving students' long-term knowledge retention
    through personalized review. Psychological Science 25(3).

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models import DASH
    >>> rng = np.random.default_rng(0)
    >>> student, item = np.repeat(np.arange(50), 20), rng.integers(0, 5, 1000)
    >>> log = {"student": student, "skill": item // 3, "item": item,
    ...        "time": np.arange(1000) * 3600.0, "correct": rng.integers(0, 2, 1000)}
    >>> DASH().fit(log).coefficients_["term"][:3].tolist()
    ['intercept', 'successes_within_3600', 'attempts_within_3600']
    """

    def _recipe(self) -> Recipe:
        return Recipe(
            (intercepts("item"), *window_terms("item", "all", self.windows)),
            {"item": window_counters(self.windows, self.remember)},
        )


class DAS3H(_Windowed):
    """DAS3H is like `DASH`, but it counts practice of skills instead of practice of items.

    The log odds of a right answer are

        logit P(correct) = β₀ + θ_student + δ_item + Σ over the response's skills (β_skill
                           + Σ over windows (φ_skill,w ln(1 + s_w) + ψ_skill,w ln(1 + n_w)))

    In the formula, n_w counts the student's earlier answers on the skill within the window w, and
    s_w counts the right answers among them. The last window is the student's whole past. An
    exposure (a row without an answer) does not count as an answer.

    Parameters
    ----------
    windows, remember : see `DASH`
        `windows` and `remember` mean the same as in `DASH`, but for a student's answers on a skill.
    student, penalty, student_penalty, max_iter, tol : see `AFM`

    Attributes
    ----------
    coefficients_, item_intercepts_, student_intercepts_, log_likelihood_, … : see `AFM`

    References
    ----------
    Choffin, Popineau, Bourda & Vie (2019). DAS3H: modeling student learning and forgetting for
    optimally scheduling distributed practice of skills. EDM.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.models import DAS3H
    >>> rng = np.random.default_rng(0)
    >>> student, item = np.repeat(np.arange(50), 20), rng.integers(0, 5, 1000)
    >>> log = {"student": student, "skill": item // 3, "item": item,
    ...        "time": np.arange(1000) * 3600.0, "correct": rng.integers(0, 2, 1000)}
    >>> model = DAS3H(windows=(86400.0,)).fit(log)
    >>> state = model.update_state(model.init_state(50), log)
    >>> soon, late = (model.predict_state(state, [49], [1], time=time)
    ...               for time in (3.6e6, 3.6e7))
    >>> bool(soon != late)
    True
    """

    def _recipe(self) -> Recipe:
        return Recipe(
            (
                intercepts("skill"),
                intercepts("item"),
                *window_terms("skill", "skill", self.windows),
            ),
            {"skill": window_counters(self.windows, self.remember)},
        )
