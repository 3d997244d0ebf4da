"""Names of simulated skills, and which builds on which."""

from __future__ import annotations

# In an order in which they can be taught; the numbers are the topics directly before.
_TOPICS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("numbers: place value", ()),
    ("addition: two digits", (0,)),
    ("subtraction: two digits", (1,)),
    ("multiplication: tables", (1,)),
    ("division: equal shares", (2, 3)),
    ("fractions: naming parts", (4,)),
    ("fractions: equivalent", (3, 5)),
    ("fractions: adding", (1, 6)),
    ("fractions: multiplying", (6,)),
    ("decimals: place value", (0, 5)),
    ("decimals: adding", (1, 9)),
    ("percentages: of a number", (8, 9)),
    ("ratios: comparing", (6,)),
    ("integers: negative numbers", (2,)),
    ("integers: multiplying", (3, 13)),
    ("expressions: evaluating", (14,)),
    ("equations: one step", (4, 15)),
    ("equations: two steps", (16,)),
    ("coordinates: plotting", (13,)),
    ("functions: tables of values", (15, 18)),
    ("functions: slope", (12, 19)),
    ("geometry: area", (3,)),
    ("geometry: volume", (21,)),
    ("statistics: mean", (4,)),
)


def topics(n_skills: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Names of skills, and their prerequisite edges as (first, then) numbers.

    Beyond the topics there are, they start again on a second level, each topic building on
    itself one level below.
    """
    names, edges = [], []
    for number in range(n_skills):
        level, topic = divmod(number, len(_TOPICS))
        name, before = _TOPICS[topic]
        names.append(name if level == 0 else f"{name} (level {level + 1})")
        if level:
            edges.append((number - len(_TOPICS), number))
        edges.extend((level * len(_TOPICS) + first, number) for first in before)
    return names, edges
