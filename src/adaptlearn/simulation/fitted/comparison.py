"""How far the answers of simulated students resemble those of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.simulation.fitted.figures import figures_of
from adaptlearn.simulation.fitted.histories import chains_of
from adaptlearn.simulation.fitted.picture import draw_resemblance
from adaptlearn.simulation.fitted.replay import replay
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.tables import Parts, Printed, number
from adaptlearn.validation import Interval, OneOf, check_parameters


@dataclass(frozen=True, eq=False, repr=False)
class Resemblance(Printed):
    """A comparison of the answers of simulated students with the answers in a log.

    `print` shows the comparison as a table. A figure is one number that describes the answers, for
    example the share of wrong first answers.

    Attributes
    ----------
    aspects, names : tuple of str
        For each figure, the part of the table that it belongs to (``"errors"``, ``"students"``,
        ``"runs"`` or ``"stopping"``), and its name.
    log, simulated : float array, shape (n_figures,)
        The figures of the log, and the means of the simulated figures over the repeats; nan if a
        figure cannot be computed because there are no answers for it.
    chance : float array, shape (n_figures,)
        The standard deviation of each simulated figure over the repeats. If a difference is smaller
        than three times this standard deviation, the difference may be due to chance.
    n_students : int
        The number of students in the log.
    n_repeats : int
        How often all students were simulated.
    same_lengths : bool
        Whether each simulated student answered exactly as often as the student of the log.
    """

    aspects: tuple[str, ...]
    names: tuple[str, ...]
    log: Floats
    simulated: Floats
    chance: Floats
    n_students: int
    n_repeats: int
    same_lengths: bool

    @property
    def difference(self) -> Floats:
        """The simulated figures minus the figures of the log, shape (n_figures,)."""
        return self.simulated - self.log

    @property
    def distances(self) -> dict[str, float]:
        """The root mean squared difference of the figures of each aspect; nan without figures."""
        found = {}
        for aspect in dict.fromkeys(self.aspects):
            off = self.difference[np.array(self.aspects) == aspect]
            off = off[~np.isnan(off)]
            found[aspect] = float(np.sqrt((off**2).mean())) if len(off) else np.nan
        return found

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per figure, as columns for any dataframe library."""
        return {
            "aspect": np.array(self.aspects),
            "figure": np.array(self.names),
            "log": self.log,
            "simulated": self.simulated,
            "difference": self.difference,
            "chance": self.chance,
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw each figure as two points in one line: the log's figure and the simulated figure.

        The picture leaves out figures that are nan in the log.

        Parameters
        ----------
        ax : matplotlib axes, optional

        Returns
        -------
        matplotlib axes

        Raises
        ------
        MissingDependency
            The error is raised if matplotlib is not installed.
        """
        return draw_resemblance(self.aspects, self.names, self.log, self.simulated, ax)

    def _parts(self) -> Parts:
        columns = (self.log, self.simulated)
        rows = [
            [name, *(number(column[k]) for column in columns),
             number(self.difference[k], signed=True), number(self.chance[k])]
            for k, name in enumerate(self.names)
        ]  # fmt: skip
        said = ", ".join(f"{aspect} {number(value)}" for aspect, value in self.distances.items())
        stop = "as often as" if self.same_lengths else "by the stopping rates of"
        notes = [
            f"distance (root mean squared difference): {said}",
            f"simulated: the mean of {self.n_repeats} repeats, and chance their standard deviation",
            f"simulated students answer {stop} those of the log",
        ]
        caption = f"simulated students beside those of the log ({self.n_students:,} students)"
        return Parts(caption, ["figure", "log", "simulated", "difference", "chance"], rows, notes)

    def __repr__(self) -> str:
        said = ", ".join(f"{aspect} {number(value)}" for aspect, value in self.distances.items())
        return f"Resemblance({said})"


def resemblance(
    simulator: Simulator,
    log: Any,
    *,
    same_lengths: bool = False,
    n_repeats: int = 5,
    random_state: Randomness = 0,
) -> Resemblance:
    """Compare the answers of simulated students with the answers in a log.

    Each simulated student replaces one student of the log, and practises the same skills in the
    order in which the student of the log began these skills.

    In many programs, students stop practising a skill when they have mastered it. So the students
    who answer often are students who find the skill hard. Therefore, simulated students stop as
    often as the students of the log: after each answer, a simulated student stops practising the
    skill with a certain probability. The probability of stopping is the share of the log's students
    who stopped after the same number of answers on a skill and with the same number of right
    answers in a row at the end.

    In all figures, every student counts the same, however many answers the student gave. So the
    shares of wrong answers differ a little from a usual learning curve, in which every answer
    counts the same.

    Parameters
    ----------
    simulator : Simulator
        A simulator with the skills of the log, in the order of ``log.skill.labels``.
        The simulators from `simulators_from_log` have their skills in the order of the log.
    log : ResponseLog or frame with columns student, skill, correct
        A log with one skill per response. Rows without an answer are left out.
    same_lengths : bool, default False
        If True, each simulated student answers on each skill exactly as often as the student of the
        log, whatever the answers are.
    n_repeats : int, default 5
        How often to simulate all students.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    Resemblance

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if the simulator has another number
        of skills than the log.
    ResponseDataError
        The error is raised if the log cannot be read, has no answer, or has responses with several
        skills.

    Notes
    -----
    All figures are shares:

    - ``"errors"``: the share of wrong answers, at the first to the tenth answer on a skill.
    - ``"students"``: how much the share of right answers differs between students, for students
      with at least ten answers.
    - ``"runs"``: how often a right answer follows a right and a wrong answer on the same skill, and
      how long runs of right answers are.
    - ``"stopping"``: how the practice of a skill ends, for example with a wrong answer.

    Examples
    --------
    >>> from adaptlearn.simulation import TwoState, simulate_school
    >>> from adaptlearn.simulation.fitted import simulators_from_log
    >>> log = simulate_school(n_students=300, random_state=1).responses
    >>> far = resemblance(TwoState(6, learn=0), log)
    >>> near = resemblance(simulators_from_log(log)["two_state_classes"], log)
    >>> near.distances["errors"] < 0.1 * far.distances["errors"]
    True
    """
    answered, chains = chains_of(log)
    asked = {"same_lengths": same_lengths, "n_repeats": n_repeats}
    problems = []
    if simulator.n_skills != answered.n_skills:
        problems.append(
            f"simulator has {simulator.n_skills} skills, the log has {answered.n_skills}"
        )
    check_parameters(
        "resemblance",
        asked,
        {"same_lengths": [OneOf((True, False))],
         "n_repeats": [Interval(1, 10_000, integer=True)]},
        problems,
    )  # fmt: skip
    real = figures_of(chains)
    rng = generator_of(random_state)
    drawn = np.array(
        [
            [*figures_of(replay(simulator, chains, rng, same_lengths=same_lengths)).values()]
            for _ in range(n_repeats)
        ]
    )
    aspects, names = zip(*real, strict=True)
    return Resemblance(
        aspects=aspects,
        names=names,
        log=np.array([*real.values()]),
        simulated=drawn.mean(axis=0),
        chance=drawn.std(axis=0, ddof=1) if n_repeats > 1 else np.full(len(names), np.nan),
        n_students=len(np.unique(chains.student)),
        n_repeats=n_repeats,
        same_lengths=same_lengths,
    )
