"""What only this library's models have, which no other program's format can hold."""

from __future__ import annotations

from adaptlearn.models.bkt.estimator import BKT


def individual_problems(model: BKT, program: str) -> list[str]:
    """Names the options of a fitted model that make its predictions more than those of BKT."""
    options = ("ability", "recency", "difficulty", "lag")
    problems = [
        f"{option}=True has no counterpart in {program}"
        for option in options
        if getattr(model, option)
    ]
    if model.multi_skill != "full":
        problems.append(f"multi_skill={model.multi_skill!r} has no counterpart in {program}")
    if model.student_classes != 1:
        problems.append(f"student_classes={model.student_classes} has no counterpart in {program}")
    return problems
