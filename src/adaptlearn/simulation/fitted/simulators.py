"""Students like those of a real log: simulators whose parameters are fitted to it."""

from __future__ import annotations

from typing import Any

from adaptlearn.simulation.fitted.growth import fit_growth
from adaptlearn.simulation.fitted.histories import chains_of, histories_of
from adaptlearn.simulation.fitted.two_state import fit_two_state
from adaptlearn.simulation.students.base import StudentClasses
from adaptlearn.simulation.students.practice_factors import PracticeFactors
from adaptlearn.simulation.students.two_state import TwoState
from adaptlearn.validation import Interval, check_parameters


def simulators_from_log(
    log: Any, *, n_classes: int = 3, level: float = 0.65
) -> dict[str, TwoState | PracticeFactors]:
    """Fit two kinds of simulated students to the answers of a log.

    ``two_state_classes``: a skill is known or not. Each student belongs to one of a few classes.
    The classes differ in the odds of knowing a skill at the start, and in the odds of learning it.
    ``logistic_growth``: the log-odds of a right answer grow with the logarithm of practice.
    Students differ in ability, which is normally distributed.

    Students may practise only some of the skills. A student's class or ability is the same for all
    skills. So the fits can compare skills that different students practised, if enough students
    practised both. If able students choose other skills than weak students, the fits take a part of
    the difference between the students for a difference between the skills. If a skill has few
    answers, its parameters are near those of the average skill; if it has none, they are equal.

    Parameters
    ----------
    log : ResponseLog or frame with columns student, skill, correct
        One skill per response. Rows without an answer are left out. Times only give the order of
        the answers, because these students do not forget.
    n_classes : int, default 3
        How many classes of students ``two_state_classes`` has.
    level : float, default 0.65
        In ``logistic_growth``, a skill counts as known if P(right) is at least this. In many real
        logs, students who know a skill give one wrong answer in five, so a high level is out of
        reach.

    Returns
    -------
    dict of str to Simulator
        A `TwoState` and a `PracticeFactors`. Skills are numbered in the order of
        ``log.skill.labels``. With the method ``with_skills`` of both, you choose skills for a
        course.

    Raises
    ------
    ParameterError
        `n_classes` or `level` is out of range.
    ResponseDataError
        The log cannot be read, has no answer, or has responses with several skills.

    Warns
    -----
    ConvergenceWarning
        A fit stopped before it converged.

    See Also
    --------
    resemblance : How far the simulated students resemble those of the log.

    Notes
    -----
    Both fits maximise a penalised marginal likelihood of the answers: class, ability and knowledge
    of the students are integrated out, and the log-odds of skills have quadratic penalties. When
    students stop does not bias the fits, if it depends only on answers that are in the log (for
    example, three right answers in a row). In ``two_state_classes``, guess and slip are both below
    .5, so a right answer always makes it more likely that the skill is known.

    References
    ----------
    - Z. Pardos, N. Heffernan (2010). Modeling individualization in a Bayesian networks
      implementation of knowledge tracing. UMAP 2010, 255-266.
    - H. Cen, K. Koedinger, B. Junker (2006). Learning factors analysis. ITS 2006, 164-175.
    - R. D. Bock, M. Aitkin (1981). Marginal maximum likelihood estimation of item parameters.
      Psychometrika 46, 443-459.

    Examples
    --------
    >>> from adaptlearn.datasets import load_school
    >>> fitted = simulators_from_log(load_school().log)
    >>> {name: students.n_skills for name, students in fitted.items()}
    {'two_state_classes': 8, 'logistic_growth': 8}
    """
    check_parameters(
        "simulators_from_log",
        {"n_classes": n_classes, "level": level},
        {"n_classes": [Interval(1, 20, integer=True)], "level": [Interval(0, 1, "neither")]},
    )
    answered, chains = chains_of(log)
    n_skills = answered.n_skills
    histories = histories_of(chains, answered.n_students)
    state = fit_two_state(histories, n_skills, n_classes)
    growth = fit_growth(histories, n_skills)
    return {
        "two_state_classes": TwoState(
            n_skills,
            prior=state.prior,
            learn=state.learn,
            guess=state.guess,
            slip=state.slip,
            differences=StudentClasses(
                share=tuple(state.share.tolist()),
                start=tuple(state.start.tolist()),
                pace=tuple(state.pace.tolist()),
            ),
        ),
        "logistic_growth": PracticeFactors(
            n_skills,
            ease=growth.ease,
            right=growth.growth,
            wrong=growth.growth,
            chance=growth.chance,
            counts="log",
            level=level,
            differences=StudentClasses((1.0,), (0.0,), (0.0,), spread=growth.ability),
        ),
    }
