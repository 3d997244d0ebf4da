"""Classes of students, by enumeration: every class and every hidden path of a student's answers."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np


class Enumerated:
    """One student's answers under a mixture of BKTs; nothing is shared with the library.

    Parameters
    ----------
    weights : sequence of float
    tables : dict of str to array, shape (n_classes, n_skills)
        ``prior``, ``learn``, ``forget``, ``guess``, ``slip``.
    answers : list of (skill, answer)
        In their order; skills as places, an exposure's answer is None.
    """

    def __init__(self, weights, tables, answers):
        self.weights, self.tables, self.answers = weights, tables, answers
        self.n_skills = tables["prior"].shape[1]

    def of_class(self, c, n):
        """P(the first n answers | class), and P(those, and known at the next opportunity)."""
        joint, known = 1.0, []
        for skill in range(self.n_skills):
            own = {name: table[c, skill] for name, table in self.tables.items()}
            seen = [a for k, a in self.answers[:n] if k == skill]
            total = np.zeros(2)
            for path in product((0, 1), repeat=len(seen) + 1):  # the last: before the next answer
                p = own["prior"] if path[0] else 1 - own["prior"]
                for here, there in pairwise(path):
                    move = own["forget"] if here else own["learn"]
                    p *= move if here != there else 1 - move
                for state, answer in zip(path, seen, strict=False):
                    right = 1 - own["slip"] if state else own["guess"]
                    p *= 1.0 if answer is None else right if answer else 1 - right
                total[path[-1]] += p
            joint *= total.sum()
            known.append(total[1] / total.sum())
        return joint, np.array(known)

    def at(self, n):
        """Before answer n: P(class), P(known) of each skill, P(the answers so far)."""
        each = [self.of_class(c, n) for c in range(len(self.weights))]
        joint = np.array([w * p for w, (p, _) in zip(self.weights, each, strict=True)])
        known = np.array([known for _, known in each])
        share = joint / joint.sum()
        return share, share @ known, joint.sum(), known

    def p_correct(self, n):
        """P(answer n is right), given those before it."""
        share, _, _, known = self.at(n)
        skill = self.answers[n][0]
        slip, guess = self.tables["slip"][:, skill], self.tables["guess"][:, skill]
        return share @ (known[:, skill] * (1 - slip) + (1 - known[:, skill]) * guess)
