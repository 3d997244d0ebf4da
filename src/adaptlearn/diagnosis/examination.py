"""From a log to a diagnosis."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.diagnosis.answers import Answers, Emissions, Skills, filtered
from adaptlearn.diagnosis.forgetting import return_evidence
from adaptlearn.diagnosis.graph import Edges, graph_evidence
from adaptlearn.diagnosis.mastered import bout_evidence, spread_evidence
from adaptlearn.diagnosis.tags import TagEvidence, tag_evidence
from adaptlearn.diagnosis.verdicts import Diagnosis, EdgeVerdict
from adaptlearn.diagnosis.words import (
    TAG_STUDENTS,
    bout_verdict,
    doubtful,
    doubtful_tags,
    edge_verdicts,
    forgetting_verdict,
    graph_verdict,
    no_graph,
    no_returns,
    spread_verdict,
)
from adaptlearn.errors import ParameterError, ResponseDataError, quiet
from adaptlearn.labels import refuse_other_kind
from adaptlearn.models.bkt.estimator import BKT
from adaptlearn.numerics import Floats
from adaptlearn.responses.log import ResponseLog, as_log
from adaptlearn.validation import some

_ROUNDS = 4  # a wrong tag that others hide is found when these are left out
_EDGE = 1e-4  # parameters of 0 and 1 would make answers impossible


def diagnose(
    log: Any, curriculum: Curriculum | None = None, *, model: BKT | None = None
) -> Diagnosis:
    """Check in a log whether the students meet four assumptions of a policy.

    If the log has items, `diagnose` also finds items that look as if they test another skill than
    the one they are tagged with. It leaves out the answers to these items.

    A diagnosis answers four questions. Do students learn a skill more slowly if they lack its
    prerequisites? Does the two-state model of BKT hold after mastery? Do students make several
    slips in a row? Do students forget between days? Each answer of the diagnosis is "yes", "no" or
    "cannot tell", with numbers from the log and with advice for a policy.

    Parameters
    ----------
    log : ResponseLog or frame with its standard columns
        The answers of students. If the log has fewer than 20 students, every answer of the
        diagnosis is "cannot tell"; to get "yes" or "no", you usually need hundreds of students.
        `diagnose` leaves out exposures (rows without an answer).
    curriculum : Curriculum, optional
        The curriculum that contains the prerequisites; `diagnose` ignores prerequisites with
        alternatives. Without a curriculum, the diagnosis does not answer the question about
        prerequisites.
    model : BKT, optional
        A fitted BKT without forgetting; `diagnose` uses only the parameters of each skill. By
        default, `diagnose` fits a plain `BKT` to the log.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ParameterError
        The error is raised if the curriculum is not a `Curriculum`, or if the model is not a fitted
        BKT, has forgetting, or does not contain all skills of the log.
    UnknownLabelError
        The error is raised if the skills of the log are integers and the skills of the curriculum
        are text, or the reverse.
    ResponseDataError
        The error is raised if the log has no answers, or if its columns are wrong.

    Notes
    -----
    *Items.* P(right answer) to an item is a line in P(known) of its skill. A tag is doubtful if a
    line in P(known) of another skill has smaller squared errors, by more than 3 standard errors
    over students (compare Barnes, 2005). Only items with at least 50 students are judged.

    *Graph.* The value of the answer is the log-likelihood if each unknown prerequisite multiplies
    P(learn) by 0.4, minus the log-likelihood without this effect (Vuong, 1989). The students are a
    mixture of 16 classes, so that slow learning is not taken for an effect of the prerequisites.

    *Two states.* The value of the answer is the variance of error rates between students at a
    P(known) of .98 or more, divided by the square of the mean error rate. If the two-state model
    holds, the value of the two-state answer is 0.

    *Bouts.* The value of the answer is the correlation of adjacent answers after mastery, minus the
    correlation of answers that are 3 to 12 answers apart.

    *Forgetting.* The value of the answer is the share of known skills that is lost after six hours
    or more, minus the share that is lost within a day after similar answers.

    References
    ----------
    - A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
      knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
    - Q. Vuong (1989). Likelihood ratio tests for model selection and non-nested hypotheses.
      Econometrica 57, 307-333.
    - T. Barnes (2005). The Q-matrix method: mining student response data for knowledge. AAAI 2005
      Workshop on Educational Data Mining, 39-46.
    - J. Beck (2005). Engagement tracing: using response times to model student disengagement. AIED
      2005, 88-95.
    - Y. Qiu, Y. Qi, H. Lu, Z. Pardos, N. Heffernan (2011). Does time matter? Modeling the effect of
      time with Bayesian knowledge tracing. EDM 2011, 139-148.

    Examples
    --------
    >>> from adaptlearn.simulation import prior_log, random_course, simulators
    >>> course = random_course(12)
    >>> log = prior_log(simulators(course)["disengaging"], course, n_students=300)
    >>> found = diagnose(log, course.curriculum)
    >>> found.graph.answer, found.bouts.answer
    ('no', 'yes')
    """
    if curriculum is not None and (problems := [*curriculum_problems(curriculum)]):
        raise ParameterError("diagnose", problems)
    read = as_log(log)
    if not read.answered.all():
        read = read[read.answered]
    if not len(read):
        raise ResponseDataError("response log", ["it has no answers; expected responses"])
    everything = Answers.of(read)
    skills = _skills(read, fitted_to(read) if model is None else model)
    answers, tags = _well_tagged(everything, skills)
    of = skills.take(answers.skill)
    learn = of.learn[answers.chains.chain]
    emissions = Emissions.of(answers.chains, answers.right, of)
    known = filtered(answers.chains, emissions, learn).before
    each: tuple[EdgeVerdict, ...] = ()
    edges = _edges(read, answers, curriculum)
    if edges is None or not len(edges.skill):
        graph = no_graph(curriculum is not None)
    else:
        evidence = graph_evidence(answers, skills, edges)
        labels = read.skill.labels
        each = edge_verdicts(evidence, labels[edges.before].tolist(), labels[edges.skill].tolist())
        graph = graph_verdict(evidence, each)
    return Diagnosis(
        repr(read),
        graph,
        spread_verdict(spread_evidence(answers, skills, known)),
        bout_verdict(bout_evidence(answers, skills, known)),
        no_returns("The log has no times.")
        if answers.seconds is None
        else forgetting_verdict(return_evidence(answers, skills, known)),
        each,
        ()
        if tags is None or read.item is None
        else doubtful_tags(tags, read.item.labels, read.skill.labels),
    )


def _well_tagged(answers: Answers, skills: Skills) -> tuple[Answers, TagEvidence | None]:
    """The answers to items without a doubtful tag; what is found depends on what is left out."""
    tags, trusted = None, np.ones(len(answers.right), bool)
    for _ in range(_ROUNDS if answers.item is not None else 0):
        tags = tag_evidence(answers, skills, trusted, TAG_STUDENTS)
        told = np.append(doubtful(tags), False)  # the last is of the answers without a tag to judge
        before, trusted = trusted, ~told[tags.tag]
        if not trusted.any():  # of skills that are mixed up throughout, no tag is worse than others
            return answers, None
        if (trusted == before).all():
            break
    return (answers if trusted.all() else answers.only(trusted)), tags


def fitted_to(log: ResponseLog) -> BKT:
    """A plain BKT of a log."""
    with quiet():  # a parameter that the log does not determine does no harm here
        return BKT().fit(log)


def _skills(log: ResponseLog, model: BKT) -> Skills:
    """The parameters of the log's skills."""
    if not isinstance(model, BKT):
        raise ParameterError("diagnose", [f"model is a {type(model).__name__}; expected a BKT"])
    table = getattr(model, "parameters_", None)
    if table is None:
        raise ParameterError("diagnose", ["the model is not fitted; call its fit first"])
    problems = []
    if np.any(table["forget"] > 0):
        problems.append("the model knows forgetting; expected a BKT without it")
    place = {label: row for row, label in enumerate(table["skill"].tolist())}
    used = np.unique(log.skill.codes)
    labels = log.skill.labels[used].tolist()
    if lacking := [label for label in labels if label not in place]:
        problems.append(f"the model has no parameters for skills of the log: {some(lacking)}")
    if problems:
        raise ParameterError("diagnose", problems)
    rows = [place[label] for label in labels]

    def column(name: str) -> Floats:
        values = np.full(log.n_skills, 0.5)
        values[used] = np.clip(np.asarray(table[name], np.float64)[rows], _EDGE, 1 - _EDGE)
        return values

    return Skills(column("prior"), column("learn"), column("guess"), column("slip"))


def _edges(log: ResponseLog, answers: Answers, curriculum: Curriculum | None) -> Edges | None:
    """The prerequisites between skills that have answers, by the log's codes."""
    if curriculum is None:
        return None
    labels = log.skill.labels.tolist()
    # 1 and "1" are two skills: no prerequisite would join any of the log's.
    refuse_other_kind(curriculum.skills.tolist(), labels, "skill of the curriculum")
    code = {label: code for code, label in enumerate(labels)}
    seen = np.isin(np.arange(log.n_skills), answers.skill)
    later, earlier = (curriculum.skills[end].tolist() for end in curriculum.prerequisites.nonzero())
    pairs = [
        (code[before], code[skill])
        for before, skill in zip(earlier, later, strict=True)
        if before in code and skill in code and seen[code[before]] and seen[code[skill]]
    ]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Edges(table[:, 0], table[:, 1])
