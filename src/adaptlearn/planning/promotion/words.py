"""How a standard is put into words: met, granted, or what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.standing import Standing
from adaptlearn.sequencing.overrides import Override
from adaptlearn.wording import counted, level, listed, quoted


def sentence(demand: Demand, own: Standing, column: int, grants: Sequence[Override]) -> str:
    """What a report says of one student and one standard.

    Parameters
    ----------
    demand : Demand
    own : Standing
        The student's, with arrays of shape (n_demands,).
    column : int
        The place of the standard.
    grants : sequence of Override
        The teachers' grants for it.
    """
    name = _name(demand)
    if own.granted[column]:
        authors = (f"{one.author} ({one.reason})" for one in grants)
        return f"{name} was granted by {listed(dict.fromkeys(authors))}."
    if own.met[column]:
        return f"{name} is met."
    return f"{name} is missing: {'; '.join(_gaps(demand, own, column))}."


def _name(demand: Demand) -> str:
    if isinstance(demand.label, tuple):
        course, unit = demand.label
        return f"the unit {quoted(unit)} of {quoted(course)}"
    return quoted(demand.label)


def _gaps(demand: Demand, own: Standing, column: int) -> list[str]:
    """What is missing, one phrase for each."""
    settings, found = demand.settings, []
    known = float(own.known[column])
    if known < settings.confidence:
        n = len(demand.skills)
        which = "its skill is" if n == 1 else f"all {n} skills are"
        skills = which if demand.need == n else f"{demand.need} of {n} skills are"
        found.append(
            f"the probability that {skills} known is {level(known, settings.confidence)}, "
            f"and must be {settings.confidence:g}"
        )
    for what, noun in (("answers", "answer"), ("days", "day")):
        have, needed = int(getattr(own, what)[column]), getattr(settings, what)
        if have < needed:
            on = " with answers" if what == "days" else ""
            found.append(f"{counted(have, noun)}{on}, and there must be {needed:,}")
    if not own.retained[column]:
        found.append(
            f"it is not retained yet: the last answer {settings.review_after:g} days or more after "
            f"mastery must be right, or P(recall) at least {settings.recall:g}"
        )
    return found
