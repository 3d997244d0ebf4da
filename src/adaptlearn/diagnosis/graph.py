"""Whether students learn a skill more slowly while they lack its prerequisites.

References
----------
- Q. Vuong (1989). Likelihood ratio tests for model selection and non-nested hypotheses.
  Econometrica 57, 307-333, for the standard error of a difference of log-likelihoods.
- Z. Pardos, N. Heffernan (2010). Modeling individualization in a Bayesian networks implementation
  of knowledge tracing. UMAP 2010, 255-266, for students who differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, logsumexp

from adaptlearn.diagnosis.answers import (
    Answers,
    Chains,
    Emissions,
    Skills,
    filtered,
    log_likelihoods,
)
from adaptlearn.diagnosis.estimates import sums_by
from adaptlearn.numerics import Floats, Ints, places_of

KAPPAS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
COMPARED = KAPPAS.index(0.4)
"""The factor that is compared with no effect: with it, learning takes 2.5 times as long."""

# Log-odds that a class of students adds to those of a right answer, and to those of knowing at the
# start and of learning. Without classes, slow students would look like a graph: they lack more
# prerequisites, and learn all else more slowly too.
CLASSES = [(answer, pace) for answer in (-1.0, -0.5, 0.0, 0.5) for pace in (-2.0, -1.0, 0.0, 1.0)]


class Edges(NamedTuple):
    """Prerequisites between skills of the log: codes of the earlier and of the later skill."""

    before: Ints
    skill: Ints


class GraphEvidence(NamedTuple):
    """Log-likelihoods by student.

    Attributes
    ----------
    gains : float array, shape (len(KAPPAS), n_students)
        By how much the log-likelihood of each student rises if every prerequisite that is not known
        multiplies P(learn) by a factor.
    edge_gains, edge_errors : float arrays, shape (n_edges,)
        By how much the log-likelihood of all students together rises for one prerequisite alone, at
        the compared factor, and the standard error over students.
    unready : float array, shape (n_edges,)
        The expected number of answers on the later skill by students who knew neither that skill
        nor the earlier one.
    answers, students : int array, shape (n_edges,)
        Those on the later skill.
    """

    gains: Floats
    edge_gains: Floats
    edge_errors: Floats
    unready: Floats
    answers: Ints
    students: Ints


class _Copies(NamedTuple):
    """Of each prerequisite, the chains of its later skill.

    Attributes
    ----------
    chains : Chains
    entry : int array, shape (n,)
        The answer of the log that each answer is a copy of.
    edge, source : int array, shape (n_chains,)
        The prerequisite, and the chain of the log.
    last : int array, shape (n,)
        The student's latest answer on the earlier skill before this one; -1 without one.
    n_edges : int
    """

    chains: Chains
    entry: Ints
    edge: Ints
    source: Ints
    last: Ints
    n_edges: int

    @classmethod
    def of(cls, answers: Answers, edges: Edges) -> _Copies:
        first = np.searchsorted(answers.skill, edges.skill, "left")
        number = np.searchsorted(answers.skill, edges.skill, "right") - first
        edge = np.repeat(np.arange(len(edges.skill)), number)
        source = places_of(first, number)
        starts = answers.chains.starts
        lengths = np.diff(starts)[source]
        chains = Chains.of(lengths)
        shift = np.repeat(chains.starts[:-1] - starts[source], lengths)
        entry = np.arange(len(chains.chain)) - shift
        before = answers.chain_of(edges.before[edge], answers.student[source])
        last = answers.latest(before[chains.chain], answers.moment[entry])
        return cls(chains, entry, edge, source, last, len(edges.skill))


def graph_evidence(answers: Answers, skills: Skills, edges: Edges) -> GraphEvidence:
    """Compare how likely the log is with and without an effect of the prerequisites.

    The students are a mixture of classes, which differ in how much they know at the start, in how
    fast they learn, and in how they answer. The shares of the classes are fitted without the graph.

    Parameters
    ----------
    answers : Answers
    skills : Skills
    edges : Edges
        At least one; both skills of each have answers.
    """
    copies = _Copies.of(answers, edges)
    n_students = answers.n_students
    whole = np.zeros((len(KAPPAS), len(CLASSES), n_students))
    # By chain: most students have no answers on most skills.
    single = np.zeros((len(CLASSES), len(copies.edge)))
    missing = np.zeros_like(single)
    for number, (answer, pace) in enumerate(CLASSES):
        if pace == CLASSES[0][1]:  # the likelihood of an answer is shared by all paces
            own, copied = _emissions(answers, copies, skills, answer)
        prior, rate = (expit(logit(p) + pace) for p in (skills.prior, skills.learn))
        by_chain = prior[answers.skill]
        own = own._replace(prior=by_chain[answers.chains.longest_first])
        copied = copied._replace(prior=by_chain[copies.source][copies.chains.longest_first])
        learn = rate[answers.skill][answers.chains.chain]
        plain = filtered(answers.chains, own, learn)
        start = prior[edges.before[copies.edge]][copies.chains.chain]
        lacks = 1 - np.where(copies.last >= 0, plain.after[copies.last], start)
        unready = lacks * (1 - plain.before[copies.entry])
        missing[number] = sums_by(copies.chains.chain, unready, len(copies.edge))
        for k, kappa in enumerate(KAPPAS[:-1]):
            slowed = learn.copy()
            np.multiply.at(slowed, copies.entry, 1 - (1 - kappa) * lacks)
            found = log_likelihoods(answers.chains, own, slowed)
            whole[k, number] = sums_by(answers.student, found, n_students)
        whole[-1, number] = sums_by(answers.student, plain.log_likelihood, n_students)
        slowed = learn[copies.entry] * (1 - (1 - KAPPAS[COMPARED]) * lacks)
        found = log_likelihoods(copies.chains, copied, slowed)
        single[number] = found - plain.log_likelihood[copies.source]
    return _weighed(answers, copies, whole, single, missing)


def _emissions(
    answers: Answers, copies: _Copies, skills: Skills, answer: float
) -> tuple[Emissions, Emissions]:
    """Of the log's answers and of the copies, for students who answer so much better."""
    guess, slip = expit(logit(skills.guess) + answer), expit(logit(skills.slip) - answer)
    of = skills._replace(guess=guess, slip=slip).take(answers.skill)
    copied = of.take(copies.source)
    return (
        Emissions.of(answers.chains, answers.right, of),
        Emissions.of(copies.chains, answers.right[copies.entry], copied),
    )


def _weighed(
    answers: Answers, copies: _Copies, whole: Floats, single: Floats, missing: Floats
) -> GraphEvidence:
    """Mix the classes."""
    plain, edge, n_edges = whole[-1], copies.edge, copies.n_edges
    shares = np.log(_shares(plain))[:, None]
    base = logsumexp(shares + plain, axis=0)
    gains = logsumexp(shares + whole, axis=1) - base
    owner = answers.student[copies.source]
    own, unready = np.full(len(edge), -np.inf), np.zeros(len(edge))
    for of_class, gained, lacking in zip(shares + plain - base, single, missing, strict=True):
        member = of_class[owner]
        own = np.logaddexp(own, member + gained)
        unready += np.exp(member) * lacking
    total = sums_by(edge, own, n_edges)
    # All other students gain 0, which counts in the variance.
    spread = sums_by(edge, own**2, n_edges) - total**2 / answers.n_students
    return GraphEvidence(
        gains,
        total,
        np.sqrt(np.maximum(spread, 0.0)),
        sums_by(edge, unready, n_edges),
        np.bincount(edge[copies.chains.chain], minlength=n_edges),
        np.bincount(edge, minlength=n_edges),
    )


def _shares(log_likelihood: Floats, rounds: int = 200) -> Floats:
    """Shares of classes by EM, from log-likelihoods of shape (n_classes, n_students)."""
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=0))
    shares = np.full(len(likelihood), 1 / len(likelihood))
    for _ in range(rounds):
        joint = shares[:, None] * likelihood
        shares = (joint / joint.sum(axis=0)).mean(axis=1)
        shares = np.maximum(shares, 1e-12)
    return np.asarray(shares / shares.sum())
