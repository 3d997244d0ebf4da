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
    """Two kinds of students, each fitted to the answers of a log, by name.

    ``two_state_classes``: a skill is known or not. Students belong to a few classes, which differ
    in the odds of knowing a skill at the start and in the odds of learning it.
    ``logistic_growth``: the log-odds of a right answer grow with the logarithm of practice.
    Students differ in ability; its distribution is normal.

    Students may practise only some of the skills. What a student brings (the class, the ability) is
    the same for all skills. So skills that different students practised can be compared, if enough
    students practised both kinds of skills. If able students practise other skills than the rest,
    a part of the difference is taken for a difference of skills. Parameters of skills with few
    answers are drawn towards those of the average skill; a skill without answers gets exactly
    those.

    Parameters
    ----------
    log : ResponseLog or frame with columns student, skill, correct
        One skill per response. Rows without an answer are left out. Of times, only the order
        counts: these students do not forget.
    n_classes : int, default 3
        How many classes of students ``two_state_classes`` has.
    level : float, default 0.65
        P(right) from which a skill counts as known in ``logistic_growth``. In many logs even those
        who know a skill slip in one answer of five, and a high level is then out of reach. At the
        default, students of both kinds know about as many skills at the start, on several real
        logs.

    Returns
    -------
    dict of str to Simulator
        A `TwoState` and a `PracticeFactors`. Skills are numbered in the order of
        ``log.skill.labels``; `with_skills` of either chooses some.

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
    Both fits maximise the likelihood of the answers, with what is unknown of students integrated
    out, less a quadratic penalty on the log-odds of skills. Students who stop because of their
    answers, say after three right ones in a row, do not bias such a fit. In ``two_state_classes``,
    guess and slip are at most .5 each, so that right answers always speak for knowing.

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
