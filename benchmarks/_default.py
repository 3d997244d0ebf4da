"""The tables of docs/default-policy.md: see matrix.py, tuning.py, courses.py and bounds.py."""

from __future__ import annotations

from functools import cache
from math import isfinite
from statistics import fmean

from _tables import HERE, MINUS, measured, read, share, table

from adaptlearn.simulation import Matrix

DEFAULT, ROW, TRACING, AVERAGE = (
    "sequencer",
    "three_in_a_row",
    "knowledge_tracing",
    "moving_average",
)
TITLES = {"zpdes": "ZPDES"}
# Rows of the table of choices: the words of the page, and the variant's name in the results.
CHOICES = {
    "**default**": "default",
    "threshold .99": "threshold .99",
    "threshold .95": "threshold .95",
    "ready .6": "ready .6",
    "ready .9": "ready .9",
    "ready as mastered": "ready as mastered",
    "nearest to mastery first": "nearest to mastery first",
    "least known first": "least known first",
    "the curriculum's order": "the curriculum's order",
    "at .98, and four right in a row": "at .98, and four right in a row",
    "and a moving average of .85": "and a moving average of .85",
    "individualised BKT": "individualised model",
    "AFM, P(correct) of .88": "additive factors model, at .88",
    "PFA, P(correct) of .88": "performance factors model, at .88",
    "mastery learning at .95": "mastery learning at .95",
    "oracle": "oracle",
}


@cache
def matrix() -> Matrix:
    """The kept matrix."""
    return Matrix.load(HERE / "results" / "matrix.json")


def of(policy: str, outcome: str) -> list[float]:
    """A policy's mean outcome, by kind."""
    found: list[float] = matrix().mean(outcome)[matrix().policies.index(policy)].tolist()
    return found


def of_group(policy: str, outcome: str, group: str) -> list[float]:
    """The same of slow or of fast learners alone."""
    values = matrix().parts["learning"][group][outcome][matrix().policies.index(policy)]
    found: list[float] = values.mean(axis=-1).tolist()
    return found


def gap(policy: str, outcome: str) -> list[float]:
    """How far slow learners are behind fast ones, by kind; nan where there are no such groups."""
    values = matrix().gaps(outcome, "learning").value[matrix().policies.index(policy)]
    found: list[float] = values.tolist()
    return found


def best(outcome: str = "minutes_to_mastery") -> list[str]:
    """The best baseline of each kind."""
    mean = {name: of(name, outcome) for name in matrix().baselines}
    return [
        min(mean, key=lambda name: mean[name][place]) for place in range(len(matrix().simulators))
    ]


def kinds() -> list[str]:
    """The kinds, marked: the model's own family, kept apart."""
    own = matrix().same_family[matrix().policies.index(DEFAULT)]
    return [
        name.replace("_", " ") + "†" * bool(same) + "‡" * (name in matrix().held_out)
        for name, same in zip(matrix().simulators, own, strict=True)
    ]


def grouped() -> list[int]:
    """Positions of the kinds that have slow and fast learners."""
    return [place for place, value in enumerate(gap(DEFAULT, "under_practice")) if isfinite(value)]


def percent(value: float) -> str:
    return f"{value:.0%}"


def two(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def signed(value: float, digits: str = ".0%") -> str:
    return f"{value:+{digits}}".replace("-", MINUS)


def choices() -> str:
    """Minutes until all is known under variants of the default, over three in a row."""
    found = read("tuning")
    until, minutes = found["minutes_to_mastery"], found["minutes"]
    rows = []
    for words, name in CHOICES.items():
        cells = [two(a / b) for a, b in zip(until[name], until[ROW], strict=True)]
        over = [a / b for a, b in zip(minutes[name], minutes[TRACING], strict=True)]
        rows.append([words, *cells, two(fmean(over))])
    head = ["", "popul.", "indiv.", "prereq.", "diseng.", "addit.", "perf.", "fading", "stabil.",
            "practice"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("tuning")


def until_known() -> str:
    """Minutes until all is known: the default, the best baseline, three in a row, the oracle."""
    until = "minutes_to_mastery"
    ours, row, oracle = of(DEFAULT, until), of(ROW, until), of("oracle", until)
    under = [of(name, "under_practice") for name in (DEFAULT, ROW)]
    rows = []
    for place, (kind, name) in enumerate(zip(kinds(), best(), strict=True)):
        less = matrix().difference(until, DEFAULT, name)
        ends = (less.value[place], less.lower[place], less.upper[place])
        value, low, high = (signed(end, ".0f") for end in ends)
        title = TITLES.get(name, name.replace("_", " "))
        rows.append(
            [kind, f"{ours[place]:.0f}", f"{title} {of(name, until)[place]:.0f}",
             f"{value} [{low}, {high}]", f"{row[place]:.0f}", signed(ours[place] / row[place] - 1),
             " / ".join(share(part[place]) for part in under), f"{oracle[place]:.0f}"]
        )  # fmt: skip
    head = ["minutes until all skills are known", "default", "best baseline", "difference [95%]",
            "three in a row", "default against three in a row",
            "under-practice, default / three in a row", "oracle"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("matrix_run")


def in_budget() -> str:
    """Who knows all at the end, how fast skills are finished, and minutes of practice."""
    shown = [of(name, "mastery_in_budget") for name in (DEFAULT, AVERAGE, TRACING, ROW)]
    hourly = [of(name, "finished_per_hour") for name in (DEFAULT, ROW)]
    minutes = [of(name, "minutes") for name in (DEFAULT, ROW)]
    rows = [
        [kind, *(percent(values[place]) for values in shown),
         " / ".join(f"{values[place]:.1f}" for values in hourly),
         signed(minutes[0][place] / minutes[1][place] - 1)]
        for place, kind in enumerate(kinds())
    ]  # fmt: skip
    head = [f"all known in {matrix().budget:,.0f} minutes", "default", "moving average",
            "knowledge tracing", "three in a row", "finished per hour, default / three in a row",
            "minutes of practice, default less three in a row"]  # fmt: skip
    return table(head, rows)


def _interval(found: list[float]) -> str:
    value, low, high = map(two, found)
    return f"{value} [{low}, {high}]"


FAULTS = ("as it is", "wrong tags", "wrong graph")


def other_courses() -> str:
    """The default over the best baseline, on ten courses, with faults."""
    found = read("courses")
    n, ratios = found["n_courses"], found["ratios"]
    rows = []
    for kind in ratios[FAULTS[0]]:
        cells = []
        for fault in FAULTS:
            one = ratios[fault][kind]
            cells += [_interval(one["best baseline"]), f"{one['draws ahead'][0]:.0f} of {n}"]
        rows.append([kind.replace("_", " "), *cells])
    head = ["minutes, times the best baseline's"]
    for fault in FAULTS:
        head += [fault, "ahead on"]
    return table(head, rows) + "\n\n" + measured("courses")


def other_courses_row() -> str:
    """The default over three in a row, on the same courses."""
    ratios = read("courses")["ratios"]
    rows = [
        [kind.replace("_", " "), *(_interval(ratios[fault][kind][ROW]) for fault in FAULTS)]
        for kind in ratios[FAULTS[0]]
    ]
    return table(["minutes, times three in a row's", *FAULTS], rows)


def longer() -> str:
    """The default and `preset("surer")` over the best baseline, with more minutes."""
    ratios = read("courses")["ratios"]
    budgets = [name for name in ratios if name not in FAULTS]
    rows = []
    for kind in ratios[budgets[0]]:
        pairs = [ratios[b][kind][who] for b in budgets for who in ("best baseline", "surer")]
        rows.append([kind.replace("_", " "), *map(_interval, pairs)])
    head = ["minutes, times the best baseline's"]
    for budget in budgets:
        head += [f"default, {budget}", "surer"]
    return table(head, rows)


def gaps() -> str:
    """Slow and fast learners, under the default and under knowledge tracing."""

    def both(values: list[list[float]], place: int, digits: str = "") -> str:
        cells = [value[place] for value in values]
        return " / ".join(f"{cell:{digits}}" if digits else share(cell) for cell in cells)

    pair = (DEFAULT, TRACING)
    under, over, extra = (
        [gap(name, outcome) for name in pair]
        for outcome in ("under_practice", "over_practice", "extra_answers")
    )
    slow, fast = (
        [of_group(name, "under_practice", group) for name in pair] for group in ("slow", "fast")
    )
    minutes = [of(name, "minutes") for name in pair]
    rows = [
        [kinds()[place], both(under, place), both(slow, place), both(fast, place),
         both(over, place), both(extra, place, ".2f"),
         signed(minutes[0][place] / minutes[1][place] - 1)]
        for place in grouped()
    ]  # fmt: skip
    head = ["", "under-practice: gap", "slow learners", "fast learners",
            "over-practice, share of answers: gap", "extra answers per skill: gap",
            "minutes of practice"]  # fmt: skip
    return table(head, rows)


def slow_learners() -> str:
    """What slow learners come to under three policies."""
    names = (DEFAULT, TRACING, AVERAGE)
    shown = {"mastery_in_budget": percent, "under_practice": share, "known_share": percent}
    columns = [
        ([of_group(name, outcome, "slow") for name in names], written)
        for outcome, written in shown.items()
    ]
    rows = [
        [kinds()[place],
         *(" / ".join(written(one[place]) for one in values) for values, written in columns)]
        for place in grouped()
    ]  # fmt: skip
    head = ["slow learners: default / knowledge tracing / moving average",
            f"all known in {matrix().budget:,.0f} minutes", "under-practice",
            "share known at the end"]  # fmt: skip
    return table(head, rows)


def looking_first() -> str:
    """Minutes of an oracle that must look before it knows."""
    rows = []
    for kind, one in read("bounds")["looking_first"].items():
        oracle, first, ours = one["oracle"], one["looking first"], one["default"]
        rows.append(
            [f"{kind}†", f"{oracle:.0f}", f"{first:.0f} ({first / oracle:.2f})",
             f"{ours:.0f} ({ours / oracle:.2f})", percent((first - oracle) / (ours - oracle))]
        )  # fmt: skip
    head = ["minutes until all is known", "oracle", "looking first (times the oracle)",
            "default (times the oracle)", "unavoidable share of the default's excess"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("bounds")


def distances() -> str:
    """Times over the oracle's, for students who know less or answer with less noise."""
    rows = [
        [title, *(" / ".join(f"{value:.2f}" for value in one[name])
                  for name in (DEFAULT, TRACING, "looking first"))]
        for title, one in read("bounds")["distances"].items()
    ]  # fmt: skip
    head = ["population, changed", "default", "knowledge tracing at .95", "looking first"]
    return table(head, rows)


OWN = {
    "tracing at .95": "knowledge tracing",
    "own parameters, one threshold": "own parameters, one threshold",
    "own parameters": "own parameters, two thresholds",
    "own parameters, half the gap": "own parameters, two thresholds, half the gap in "
    "under-practice",
}


def own_parameters() -> str:
    """A tracker that knows each student's own parameters."""
    rows = []
    for n_items, found in read("bounds")["own_parameters"].items():
        for name, words in OWN.items():
            one = found[name]
            limits = [one["thresholds"][group] for group in ("slow", "fast")]
            under = [one["groups"][group]["under_practice"] for group in ("slow", "fast")]
            rows.append(
                [f"lessons of {n_items}: {words}",
                 " / ".join(map(two, limits)),
                 " / ".join(map(share, under)), share(one["gap in over-practice"]),
                 f"{one['minutes']:.0f}"]
            )  # fmt: skip
    head = ["individual learners", "threshold, slow / fast", "under-practice, slow / fast",
            "gap in over-practice", "minutes"]  # fmt: skip
    return table(head, rows)


PARTS = (choices, until_known, in_budget, other_courses, other_courses_row, longer, gaps,
         slow_learners, looking_first, distances, own_parameters)  # fmt: skip
