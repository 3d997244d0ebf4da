"""The same for docs/default-policy.md: phrases with figures that the page must hold."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from _default import DEFAULT, ROW, TRACING, best, gap, grouped, matrix, of, percent, two
from _tables import read, share


def ends(values: Iterable[float]) -> tuple[float, float]:
    """The least and the greatest."""
    found = list(values)
    return min(found), max(found)


def over(one: Iterable[float], other: Iterable[float]) -> list[float]:
    """Ratios, place by place."""
    return [a / b for a, b in zip(one, other, strict=True)]


def whole(value: float) -> int:
    """Per cent."""
    return round(100 * value)


def between(values: Iterable[float]) -> str:
    """The least and the greatest, in per cent."""
    low, high = ends(values)
    return f"{whole(low)}% to {whole(high)}%"


def default_policy() -> list[str]:
    """The default policy: choices, matrix, courses."""
    return [*_choices(), *_matrix(), *_courses(), *_bounds()]


def _choices() -> list[str]:
    found, bills = read("tuning"), read("prices")
    kinds = found["simulators"]
    until, minutes, gaps, under = (
        found[name]
        for name in ("minutes_to_mastery", "minutes", "gap_in_under_practice", "under_practice")
    )
    surer = "and a moving average of .85"
    fewer = dict(zip(kinds, over(until[surer], until["default"]), strict=True))
    more = dict(zip(kinds, over(minutes[surer], minutes["default"]), strict=True))
    same = [more[kind] - 1 for kind in kinds[:4]]
    gains = [more[kind] - 1 for kind in kinds if fewer[kind] < 0.95]
    apart = [max(over(gaps[name][1:], gaps[TRACING][1:])) for name in (surer, "default")]
    wrongly = dict(zip(kinds, under["threshold .95"], strict=True))
    mean, place = bills["mean"]["bill_300"], bills["simulators"].index("additive_factors")
    return [
        f"{mean['priced:300'][place]:,.0f} minutes under the policy with only a price, and "
        f"{mean[DEFAULT][place]:,.0f} minutes under the default",
        f"{100 * wrongly['population']:.1f}% of the declared skills",
        f"{percent(wrongly['additive_factors'])} of the declared skills",
        f"{whole(1 - fewer['additive_factors'])}% fewer for additive factors, "
        f"{whole(1 - fewer['performance_factors'])}% fewer for performance factors, and "
        f"{whole(1 - fewer['fading'])}% fewer if practice fades",
        f"at most {two(apart[0])} times the gap",
        f"at most {two(apart[1])} times the gap",
        f"{whole(fmean(more.values()) - 1)}% more minutes on average",
        f"{between(same)} more minutes of practice",
        f"{between(gains)} more minutes of practice",
    ]


def _matrix() -> list[str]:
    kinds = matrix().simulators
    until, skill, minutes = "minutes_to_mastery", "minutes_per_skill", "minutes"
    less = dict(zip(kinds, (1 - x for x in over(of(DEFAULT, until), of(ROW, until))), strict=True))
    at = kinds.index("additive_factors")
    own = [kinds.index(kind) for kind in kinds[:4]]
    near = [
        ends(over(of(DEFAULT, name), of("oracle", name))[place] for place in own)
        for name in (until, skill)
    ]
    usual = [place for place, kind in enumerate(kinds) if kind != "power_law"]
    more = {
        name: [x - 1 for x in over(of(DEFAULT, minutes), of(name, minutes))]
        for name in (TRACING, ROW)
    }
    behind = {
        kind: of(DEFAULT, skill)[place] / of(name, skill)[place] - 1
        for place, (kind, name) in enumerate(zip(kinds, best(skill), strict=True))
    }
    half = sum(
        gap(DEFAULT, "under_practice")[place] < gap(TRACING, "under_practice")[place] / 2
        for place in grouped()
    )
    assert half == 6
    return [
        f"{read('matrix_run')['seconds'] / 60:.0f} minutes of one process",
        f"{of(DEFAULT, until)[at]:.0f} minutes, {whole(less['additive_factors'])}% fewer than "
        f"three in a row ({of(ROW, until)[at]:.0f} minutes)",
        f"{100 * less['stability']:.1f}% fewer minutes for the kind *stability*, "
        f"{whole(less['prerequisites'])}% fewer if learning depends on prerequisites, and "
        f"{whole(less['fading'])}% fewer if practice fades",
        f"{near[0][0]:.2f} to {near[0][1]:.2f} times as many minutes as the oracle",
        f"{near[1][0]:.2f} to {near[1][1]:.2f} times as long",
        f"{whole(behind['additive_factors'])}% ahead of the default for additive factors, and "
        f"{whole(behind['performance_factors'])}% ahead",
        *(
            f"{between(more[name][place] for place in usual)} more minutes of practice than "
            f"{words} (for the power law, {whole(more[name][kinds.index('power_law')])}% more)"
            for name, words in ((TRACING, "knowledge tracing at .95"), (ROW, "three in a row"))
        ),
    ]


def _courses() -> list[str]:
    wrong = read("courses")["ratios"]["wrong tags"]
    return [f"{between(1 - one[ROW][0] for one in wrong.values())} fewer minutes than three"]


def _bounds() -> list[str]:
    found = read("bounds")
    first = found["looking_first"].values()
    excess = between(
        (one["looking first"] - one["oracle"]) / (one["default"] - one["oracle"]) for one in first
    )
    told = [f"avoid](#what-no-policy-could-do) {excess}"]
    for kind in ("individual", "fading", "additive_factors"):
        one = found["oracle"][kind]
        told.append(
            f"{share(one['gap'])} under the sparing oracle and "
            f"{share(2 * one['half of tracing' + chr(39) + 's gap'])} under knowledge tracing"
        )
    for kind in ("additive_factors", "performance_factors", "fading"):
        one = found["oracle"][kind]
        told.append(
            f"the sparing oracle takes {one['minutes']:.0f} minutes, and knowledge tracing takes "
            f"{one['tracing' + chr(39) + 's minutes']:.0f} minutes"
        )
    smaller = [
        1 - one["own parameters, one threshold"]["gap in over-practice"]
        / one["tracing at .95"]["gap in over-practice"]
        for one in found["own_parameters"].values()
    ]  # fmt: skip
    return [*told, f"{between(smaller)} smaller than under knowledge tracing"]
