"""The logistic models' equations, one response after the other, over dicts."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log1p

from adaptlearn.models import AFM, DAS3H, DASH, PFA, RPFA, BestLR


def features(model, past):
    """Name and value of each term from a list of (correct or None, time): the earlier ones."""
    given = [(correct, time) for correct, time in past if correct is not None]
    right = sum(correct for correct, _ in given)
    wrong = len(given) - right
    if isinstance(model, AFM):
        return {"opportunities": len(past) if model.counts == "linear" else log1p(len(past))}
    if isinstance(model, RPFA):
        ages = range(len(given) - 1, -1, -1)
        above = sum(model.decay**age * y for age, (y, _) in zip(ages, given, strict=True))
        below = sum(model.decay**age for age in range(len(given) + model.ghosts))
        return {"recency": above / below, "failures": wrong}
    if isinstance(model, PFA) and model.counts == "linear":
        return {"successes": right, "failures": wrong}
    return {"successes": log1p(right), "failures": log1p(wrong)}


def windowed(model, past, now):
    """The same of DASH and DAS3H."""
    given = [(correct, time) for correct, time in past if correct is not None]
    found = {}
    for length in (*model.windows, None):
        inside = given
        name = ""
        if length is not None:
            inside = [one for one in given[-model.remember :] if now - one[1] < length]
            name = f"_within_{length:.15g}"
        found[f"attempts{name}"] = log1p(len(inside))
        found[f"successes{name}"] = log1p(sum(correct for correct, _ in inside))
    return found


def probabilities(model, rows):
    """P(correct) of rows of (student, skills, item, correct or None, time), in time's order."""
    table = model.coefficients_
    weights = {
        (term, skill): value
        for term, skill, value in zip(table["term"], table["skill"], table["value"], strict=True)
    }
    of_items = dict(zip(*model.item_intercepts_.values(), strict=True))
    past: dict = defaultdict(list)
    ability: dict = defaultdict(float)
    information: dict = defaultdict(float)
    found = []
    for student, skills, item, correct, time in rows:
        logit = weights["intercept", None] + ability[student]
        if not isinstance(model, DASH):
            logit += sum(weights["skill", skill] for skill in skills)
        if isinstance(model, (DASH, DAS3H, BestLR)):
            logit += of_items[item]
        if isinstance(model, BestLR):
            of_student = features(model, past[student])
            logit += sum(weights[f"total_{name}", None] * x for name, x in of_student.items())
        if isinstance(model, DASH):
            seen = windowed(model, past[student, "item", item], time)
            logit += sum(weights[name, None] * x for name, x in seen.items())
        else:
            for skill in skills:
                earlier = past[student, "skill", skill]
                seen = (
                    windowed(model, earlier, time)
                    if isinstance(model, DAS3H)
                    else features(model, earlier)
                )
                shared = getattr(model, "slopes", "skill") == "shared"
                logit += sum(
                    weights[name, None if shared else skill] * x for name, x in seen.items()
                )
        p = 1 / (1 + exp(-logit))
        found.append(p)
        if model.student == "online" and correct is not None:
            information[student] += p * (1 - p)
            ability[student] += (correct - p) / (model.student_penalty + information[student])
        for key in (student, (student, "item", item), *((student, "skill", s) for s in skills)):
            past[key].append((correct, time))
    return found
