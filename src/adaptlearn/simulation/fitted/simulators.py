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

    In the kind ``two_state_classes``, a student knows a skill or does not know it. Each student
    belongs to one of a few classes. The classes differ in the odds of knowing a skill at the start,
    and in the odds of learning a skill. In the kind ``logistic_growth``, the log-odds of a right
    answer grow with the logarithm of practice. Students differ in ability, which is normally
    distributed.

    In the log, students may practise only some of the skills. A student's class or ability is the
    same for all skills. So the fits can compare two skills that different students practised, if
    enough students practised both skills. If able students choose other skills than weak students,
    the fits attribute a part of the difference between the students to the skills. If a skill has
    few answers, its parameters are near the parameters of the average skill. A skill without
    answers has the parameters of the average skill.

    Parameters
    ----------
    log : ResponseLog or frame with columns student, skill, correct
        A log with one skill per response. Rows without an answer are left out. The times only
        determine the order of the answers, because the simulated students do not forget.
    n_classes : int, default 3
        The number of classes of students in ``two_state_classes``.
    level : float, default 0.65
        In ``logistic_growth``, a skill counts as known if the probability of a right answer is at
        least `level`. In many real logs, students who know a skill give one wrong answer in five
        answers, so students rarely reach a high level.

    Returns
    -------
    dict of str to Simulator
        The simulators ``two_state_classes`` (a `TwoState`) and ``logistic_growth`` (a
        `PracticeFactors`). Skills are numbered in the order of ``log.skill.labels``. Both
        simulators have a method ``with_skills``, with which you choose the skills for a course.

    Raises
    ------
    ParameterError
        The error is raised if `n_classes` or `level` is out of range.
    ResponseDataError
        The error is raised if the log cannot be read, has no answer, or has responses with several
        skills.

    Warns
    -----
    ConvergenceWarning
        The warning is given if a fit stopped before it converged.

    See Also
    --------
    resemblance : Compare the answers of simulated students with the answers in a log.

    Notes
    -----
    Both fits maximise a penalised marginal likelihood of the answers. The class, the ability and
    the knowledge of the students are integrated out, and the log-odds of the skills' parameters
    have quadratic penalties. Students who stop do not bias the fits, if stopping depends only on
    answers that are in the log (for example, on three right answers in a row). In
    ``two_state_classes``, P(guess) and P(slip) are both below .5, so a right answer always makes it
    more likely that the skill is known.

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
