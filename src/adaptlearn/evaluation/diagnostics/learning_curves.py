"""Learning curves: how the error rate falls from one opportunity to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation.bootstrap import cell_means
from adaptlearn.evaluation.diagnostics.answers import Answers, scored_answers
from adaptlearn.evaluation.intervals import check_bootstrap, rate_interval
from adaptlearn.evaluation.results import Estimate, interval_title
from adaptlearn.media import picture_text
from adaptlearn.numerics import Floats, Ints
from adaptlearn.plotting import new_axes
from adaptlearn.randomness import Randomness
from adaptlearn.responses import ResponseLog
from adaptlearn.tables import Parts, Printed, number, plain_columns
from adaptlearn.validation import Interval, OneOf, some

_SHOWN = 30
SURVIVORSHIP = (
    "who practises on is no matter of chance (see the students of each point): a curve of all can "
    'rise although everyone learns; students="complete" keeps the same ones throughout'
)


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve(Printed):
    """Observed and predicted error rates; printing shows a table with one row per opportunity.

    Attributes
    ----------
    skill : array, shape (n_points,), or None
        The skill of each point; None for one curve of all skills.
    opportunity : integer array, shape (n_points,)
        1 for a student's first answer on a skill, 2 for the second, …
    n, n_students : integer arrays, shape (n_points,)
        The numbers of answers and of students for each point of the curve.
    observed, lower, upper : float arrays, shape (n_points,)
        The fraction of wrong answers, with its interval over students. The interval is never
        shorter than Wilson's interval for equally many answers of different students. The interval
        is nan if a point has only one student.
    predicted : float array, shape (n_points,)
        The mean of the predicted probabilities of a wrong answer.
    students : {"all", "complete"}
        Whose answers the curve contains; see `learning_curve`.
    confidence : float
        The coverage of the intervals.
    notes : tuple of str
    """

    skill: NDArray[Any] | None
    opportunity: NDArray[np.int64]
    n: NDArray[np.int64]
    n_students: NDArray[np.int64]
    observed: Floats
    lower: Floats
    upper: Floats
    predicted: Floats
    students: Literal["all", "complete"]
    confidence: float
    notes: tuple[str, ...]

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per point, as columns for any dataframe library."""
        columns: dict[str, NDArray[Any]] = {} if self.skill is None else {"skill": self.skill}
        names = ("opportunity", "n", "n_students", "observed", "lower", "upper", "predicted")
        return {**columns, **{name: getattr(self, name) for name in names}}

    def to_dict(self) -> dict[str, Any]:
        """The columns as lists and the other attributes, as a dict for JSON (None for nan)."""
        return {
            "students": self.students,
            "confidence": self.confidence,
            "points": plain_columns(self.table()),
            "notes": list(self.notes),
        }

    def plot(self, ax: Any = None, *, skill: Any = None) -> Any:
        """Draw the curve: see `adaptlearn.evaluation.diagnostics.plot_learning_curve`."""
        return plot_learning_curve(self, ax, skill=skill)

    def _parts(self) -> Parts:
        level = interval_title(self.confidence)
        head = ["opportunity", "error", level, "predicted", "answers", "students"]
        rows = [
            [
                str(self.opportunity[k]),
                number(self.observed[k]),
                Estimate(self.observed[k], self.lower[k], self.upper[k]).interval(),
                number(self.predicted[k]),
                f"{self.n[k]:,}",
                f"{self.n_students[k]:,}",
            ]
            for k in range(min(len(self.n), _SHOWN))
        ]
        if self.skill is not None:
            head = ["skill", *head]
            rows = [[str(label), *row] for label, row in zip(self.skill, rows, strict=False)]
        notes = list(self.notes)
        if (more := len(self.n) - _SHOWN) > 0:
            notes.append(f"{more:,} more points are in table()")
        return Parts(f"error rate by opportunity ({self.students} students)", head, rows, notes)

    def __repr__(self) -> str:
        curves = 1 if self.skill is None else len(np.unique(self.skill))
        return f"LearningCurve({curves} curve{'s' * (curves != 1)}, {len(self.n)} points)"


def learning_curve(
    log: Any,
    predicted: ArrayLike,
    *,
    by_skill: bool = False,
    students: Literal["all", "complete"] = "all",
    max_opportunity: int = 10,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Randomness = 0,
) -> LearningCurve:
    """Compute observed and predicted error rates at each opportunity to use a skill.

    Parameters
    ----------
    log : ResponseLog, or a frame with the standard column names
    predicted : array, shape (n_responses,)
        As in `calibration_curve`.
    by_skill : bool, default False
        Whether to compute one curve per skill, instead of one curve for all skills.
    students : {"all", "complete"}
        Whose answers count. ``"all"``: the answers of all students. ``"complete"``: only the
        answers of students who reached `max_opportunity` on the skill.
    max_opportunity : int, default 10
        The opportunity at which curves end.
    n_bootstrap, confidence, random_state
        As in `evaluate`.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if predictions do not fit the log.
    ResponseDataError
        The error is raised if the log is malformed, or if no answer has a prediction.

    Notes
    -----
    An opportunity is an *answer* of a student on a skill, counted over the whole log in order of
    time. Answers without a prediction count too; exposures do not count. An answer on several
    skills is an opportunity for each of these skills.

    *Survivorship.* Which students continue to practise does not depend on chance alone. If practice
    ends at mastery, mainly weak students continue. If mainly weak students continue, a curve of all
    students becomes flat or rises, although each student learns (Murray et al. 2013). So also look
    at ``n_students``, and at the curve with ``students="complete"``. The curve with
    ``students="complete"`` leaves out students who mastered the skill early.

    References
    ----------
    Martin, Mitrovic, Koedinger & Mathan (2011), Evaluating and improving adaptive educational
    systems with learning curves. User Modeling and User-Adapted Interaction 21. Murray, Ritter,
    Nixon, Schwiebert, Hausmann, Towle, Fancsali & Vuong (2013), Revealing the learning in
    learning curves, AIED.

    Examples
    --------
    >>> log = {"student": [1, 1, 2, 2, 3], "skill": ["add"] * 5, "correct": [0, 1, 0, 1, 1]}
    >>> curve = learning_curve(log, [.5, .6, .5, .6, .5])
    >>> curve.observed.round(3).tolist(), curve.n_students.tolist()
    ([0.667, 0.0], [3, 2])
    """
    check_bootstrap(
        "learning_curve",
        n_bootstrap,
        confidence,
        max_opportunity=(max_opportunity, Interval(1, 1_000_000, integer=True)),
        students=(students, OneOf(("all", "complete"))),
        by_skill=(by_skill, OneOf((True, False))),
    )
    answers = scored_answers(log, predicted, "learning_curve")
    place, skill, opportunity = _opportunities(answers, max_opportunity, students == "complete")
    if not len(place):
        raise ResponseDataError(
            "learning_curve",
            [
                f"no scored answer is among the first {max_opportunity} of a student who has as "
                'many on a skill; lower max_opportunity, or take students="all"'
                if students == "complete"
                else f"no scored answer is among the first {max_opportunity} on a skill"
            ],
        )
    key = opportunity - 1 + max_opportunity * skill * by_skill
    points, cell = np.unique(key, return_inverse=True)
    wrong, expected = 1 - answers.correct[place], 1 - answers.predicted[place]
    found = cell_means(
        [wrong, expected],
        cell,
        answers.student[place],
        len(points),
        n_bootstrap=n_bootstrap,
        random_state=random_state,
    )
    lower, upper = rate_interval(
        found.mean[0], found.spread[0], found.effective, found.n, confidence
    )
    return LearningCurve(
        skill=answers.log.skill.labels[points // max_opportunity] if by_skill else None,
        opportunity=points % max_opportunity + 1,
        n=found.n,
        n_students=found.n_students,
        observed=found.mean[0],
        lower=lower,
        upper=upper,
        predicted=found.mean[1],
        students=students,
        confidence=confidence,
        notes=(SURVIVORSHIP,) if students == "all" else (),
    )


def _opportunities(
    answers: Answers, most: int, complete: bool
) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64]]:
    """Per scored answer and skill: the answer's place, the skill's code, the opportunity."""
    log = answers.log
    entry_row = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
    entry, nth, length = opportunities(log)
    place_of = np.full(len(log), -1)
    place_of[answers.rows] = np.arange(len(answers.rows))
    place = place_of[entry_row[entry]]
    wanted = (place >= 0) & (nth <= most)
    if complete:
        wanted &= length >= most
    return place[wanted], log.skill.codes[entry][wanted].astype(np.int64), nth[wanted]


def opportunities(
    log: ResponseLog,
) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64]]:
    """Number the answers of each student on each skill.

    Returns
    -------
    entry : integer array, shape (n_answered_entries,)
        Entries of the log (its rows, unless a response has several skills) with an answer.
    number : integer array of the same shape
        Which answer of its student on its skill an entry is, from 1.
    length : integer array of the same shape
        How many there are of them.
    """
    sequences = log.sequences
    chain = np.repeat(np.arange(len(sequences.lengths)), sequences.lengths)
    row = sequences.order if log.skill_rows is None else log.skill_rows[sequences.order]
    answered = log.answered[row]
    entry, chain = sequences.order[answered], chain[answered]
    lengths = np.bincount(chain, minlength=len(sequences.lengths))
    starts = np.cumsum(lengths) - lengths
    return entry, np.arange(len(entry)) - starts[chain] + 1, lengths[chain]


def plot_learning_curve(result: LearningCurve, ax: Any = None, *, skill: Any = None) -> Any:
    """Draw observed and predicted error rates, and the number of answers, by opportunity.

    Parameters
    ----------
    result : LearningCurve
    ax : matplotlib axes, optional
    skill : label, optional
        The skill whose curve to draw, if the result has one curve per skill.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ParameterError
        The error is raised if the result has one curve per skill and `skill` is not one of these
        skills, or if the result has a single curve and you passed `skill`.
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    labels = [] if result.skill is None else result.skill.tolist()
    if (skill is None) != (result.skill is None) or (skill is not None and skill not in labels):
        asked = "one curve of all skills" if result.skill is None else some(dict.fromkeys(labels))
        raise ParameterError("plot_learning_curve", [f"skill is {skill!r}; the result has {asked}"])
    ax = new_axes(ax, (5.6, 4.0))
    at = np.array([label == skill for label in labels], bool) if labels else slice(None)
    x = result.opportunity[at]
    (line,) = ax.plot(x, result.observed[at], marker="o", markersize=4, label="observed")
    ax.fill_between(
        x, result.lower[at], result.upper[at], color=line.get_color(), alpha=0.2, linewidth=0
    )
    ax.plot(x, result.predicted[at], marker="s", markersize=3.5, linestyle="--", label="predicted")
    top = float(np.nanmax([result.observed[at], result.predicted[at], result.upper[at]]))
    for place, students in zip(x.tolist(), result.n_students[at].tolist(), strict=True):
        ax.annotate(
            f"{students:,}", (place, 0), (0, 3), textcoords="offset points", ha="center",
            fontsize="x-small", color="0.4",
        )  # fmt: skip
    of_skill = "" if skill is None else f", {picture_text(skill)}"
    ax.set(
        ylim=(0, min(1.0, 1.15 * top)),
        xlabel="opportunity (grey: students who had it)",
        ylabel="error rate",
        title=f"learning curve{of_skill} ({result.students} students)",
    )
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False)
    return ax
