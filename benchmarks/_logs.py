"""Simulated response logs, and a log-likelihood that no compared library computes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[np.int64]]
Parameters = Mapping[str, NDArray[np.float64]]

RANGES = {
    "prior": (0.15, 0.6),
    "learn": (0.05, 0.3),
    "guess": (0.1, 0.3),
    "slip": (0.03, 0.2),
}


def simulate(
    n_students: int, n_skills: int, n_rounds: int, seed: int
) -> tuple[Columns, dict[str, NDArray[np.float64]]]:
    """Answers of a real BKT without forgetting, and its parameters per skill.

    In each round every student answers once on every skill, in an order that is drawn anew;
    ``time`` counts the answers, so rows are in chronological order.
    """
    rng = np.random.default_rng(seed)
    truth = {name: rng.uniform(low, high, n_skills) for name, (low, high) in RANGES.items()}
    n_pairs = n_students * n_skills
    known = rng.random(n_pairs) < np.repeat(truth["prior"], n_students)
    pairs, answers = [], []
    for _ in range(n_rounds):
        pair = rng.permutation(n_pairs)
        skill = pair // n_students
        knows = known[pair]
        right = np.where(knows, 1 - truth["slip"][skill], truth["guess"][skill])
        answers.append(rng.random(n_pairs) < right)
        known[pair] = knows | (rng.random(n_pairs) < truth["learn"][skill])
        pairs.append(pair)
    pair = np.concatenate(pairs)
    return {
        "student": pair % n_students,
        "skill": pair // n_students,
        "correct": np.concatenate(answers).astype(np.int64),
        "time": np.arange(len(pair)),
    }, truth


def with_sparse_ids(columns: Columns, seed: int) -> Columns:
    """The same log, its students and skills named by 64-bit integers drawn at random."""
    rng = np.random.default_rng(seed)
    renamed = dict(columns)
    for name in ("student", "skill"):
        labels = rng.integers(0, 2**62, int(columns[name].max()) + 1)
        renamed[name] = labels[columns[name]]
    return renamed


def with_text_ids(columns: Columns) -> dict[str, NDArray[np.object_] | NDArray[np.int64]]:
    """The same log, its students and skills named by text."""
    named: dict[str, NDArray[np.object_] | NDArray[np.int64]] = dict(columns)
    for name in ("student", "skill"):
        codes = columns[name]
        labels = np.array([f"{name}-{code:06d}" for code in range(int(codes.max()) + 1)], object)
        named[name] = labels[codes]
    return named


def log_likelihood(columns: Columns, parameters: Parameters) -> float:
    """The answers' log-likelihood, by the textbook forward pass over all sequences at once.

    Rows stand in the order of answering; skills are numbered as the parameters are.
    """
    order = np.lexsort((columns["student"], columns["skill"]))  # stable: keeps the order
    skill, student = columns["skill"][order], columns["student"][order]
    correct = columns["correct"][order] == 1
    begin = np.flatnonzero((np.diff(skill, prepend=-1) != 0) | (np.diff(student, prepend=-1) != 0))
    lengths = np.diff(begin, append=len(order))
    longest_first = np.argsort(-lengths, kind="stable")
    begin, lengths = begin[longest_first], lengths[longest_first]
    of = {name: np.asarray(values, np.float64)[skill[begin]] for name, values in parameters.items()}
    forget = of.get("forget", np.zeros(len(begin)))
    known, total = of["prior"], 0.0
    for t in range(int(lengths[0])):
        n = int(np.searchsorted(-lengths, -t))  # sequences of more than t answers
        answer, guess, slip = correct[begin[:n] + t], of["guess"][:n], of["slip"][:n]
        if_known = known[:n] * np.where(answer, 1 - slip, slip)
        if_unknown = (1 - known[:n]) * np.where(answer, guess, 1 - guess)
        total += float(np.log(if_known + if_unknown).sum())
        after = if_known / (if_known + if_unknown)
        known = after * (1 - forget[:n]) + (1 - after) * of["learn"][:n]
    return total
