"""Promotion: which standards students meet, what is missing, and what opens then.

`rules` reads rules and `demands` what they ask of skills. `known` and `evidence` say what students
show, `standing` and `ways` what follows from it, for a block of students at a time. `report` is
what a person reads and decides on. `opening` looks at the next course, `errors` at the cost of a
wrong recommendation.
"""

from __future__ import annotations

__all__: list[str] = []
