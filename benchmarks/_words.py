"""Figures in the running text of pages: the phrases that the results make, to be found there.

`page.py` fills tables, but leaves sentences to their writers. This file says which phrases with
figures a page must hold; `page.py` and the tests fail if one is missing. A phrase is as short as
it can be and still say what the figure is about.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from _default import DEFAULT, ROW, percent, two
from _default_words import between, default_policy, ends, over, whole
from _final import PRICES, SURE, bill_over_best
from _students import QUESTIONS, right
from _tables import LOGS, read, share


def price() -> list[str]:
    """The final look at prices."""
    found = read("prices_final")["found"]
    usual, tags = found["20 skills"], found["20 skills, wrong tags"]
    kinds = usual["simulators"]
    near = {price: bill_over_best(usual, price) for price in PRICES}
    count = {price: sum(ratio < 1.01 for ratio in near[price].values()) for price in PRICES}
    above = {
        kind: max(
            usual["mean"][f"bill_{p}"][f"from_log:{p}"][kinds.index(kind)]
            / usual["least"][f"bill_{p}"][kind] - 1
            for p in PRICES
        )
        for kind in ("population", "individual")
    }  # fmt: skip
    mean = usual["mean"]
    sooner, skill, minutes = (
        [x - 1 for x in over(mean[name][SURE], mean[name][DEFAULT])]
        for name in ("minutes_to_mastery", "minutes_per_skill", "minutes")
    )
    row = dict(
        zip(kinds, over(mean["minutes_to_mastery"][SURE], mean["minutes_to_mastery"][ROW]),
            strict=True)
    )  # fmt: skip
    worse = {
        p: sum(x > 1 for x in over(at[f"from_log:{p}"], at[DEFAULT]))
        for p in PRICES
        for at in [tags["mean"][f"bill_{p}"]]
    }
    most = {p: max(bill_over_best(tags, p).values()) for p in PRICES}
    fails = [bill_over_best(found["12 skills"], p)["sessions"] for p in (300, 1000)]

    def beyond(kind: str, *prices: int) -> str:
        return " and ".join(f"{whole(near[p][kind] - 1)}%" for p in prices)

    return [
        f"for {count[1000]} of the {len(kinds)} kinds of students. At a price of 300 minutes, the "
        f"same is true for {count[300]} of the {len(kinds)} kinds, and at a price of 60 minutes "
        f"for {count[60]} of the {len(kinds)} kinds",
        f"log is {beyond('stages', 300, 1000)} above the lowest bill",
        f"log is {beyond('power_law', 60, 300)} above the lowest bill",
        f"log is {beyond('fading', 60, 300)} above the lowest bill",
        f"log is {beyond('sessions', 300)} above the lowest bill",
        f"at most {100 * above['population']:.1f}% above this bound for *population*, and at most "
        f"{100 * above['individual']:.1f}% above this bound for *individual*",
        f"{fails[0]:.1f} and {fails[1]:.1f} times the lowest bill",
        f"up to {most[60]:.2f}, {most[300]:.2f} and {most[1000]:.2f} times the lowest bill",
        f"for {worse[300]} of the {len(kinds)} kinds at a price of 300 minutes, and for "
        f"{worse[1000]} kinds at a price of 1,000 minutes",
        f"{whole(-fmean(sooner))}% sooner on average",
        f"a single skill {whole(-fmean(skill))}% sooner on average",
        f"{whole(fmean(minutes))}% more minutes in all",
        f"18% fewer minutes (rounded) than three in a row for "
        f"{sum(whole(1 - x) >= 18 for x in row.values())} of the {len(kinds)} kinds",
        f"*fading* ({whole(1 - row['fading'])}%) and *misconceptions* "
        f"({whole(1 - row['misconceptions'])}%)",
    ]


def placement() -> list[str]:
    """Questions of the diagnostic."""
    found = read("placement")
    rows = {
        (graph, one["noise"] == "no noise", one["make"]): one
        for graph in ("junyi", "metacademy")
        for one in found[graph]
    }
    junyi = [one for (graph, _, _), one in rows.items() if graph == "junyi"]
    agreed = ends(one["agreement"] for one in junyi)
    times = ends(835 / one["questions"] for one in junyi)
    noisy = {
        make: one["curve"]["0.2"]
        for (graph, silent, make), one in rows.items()
        if graph == "metacademy" and not silent
    }
    lost = noisy.pop("forgetful")
    enough = rows["metacademy", False, "forgetful"]["questions_for_target"]
    slowest = min(one["students_per_second"] * one["questions"] for one in junyi)
    return [
        f"{whole(agreed[0])}% to {whole(agreed[1])}% of the skills correctly, for all types",
        f"{times[0]:.0f} to {times[1]:.0f} times as many questions",
        f"at least {percent(min(noisy.values()))} of the skills correctly for most types",
        f"{percent(lost)} of the skills correctly after 78 questions, and 95% only after {enough}",
        f"{slowest:,.0f} answers per second or more",
    ]


def real_students() -> list[str]:
    """How simulated students resemble real ones."""
    logs = read("real_students")["logs"]
    known = {
        kind: between(one["kinds"][kind]["parameters"]["known_at_start"] for one in logs.values())
        for kind in ("logistic_growth", "two_state_classes")
    }

    def figure(log: str, kind: str, name: str) -> tuple[float, float]:
        of_log = logs[log]["kinds"][kind]["figures"]
        at = of_log["figure"].index(name)
        return of_log["log"][at], of_log["simulated"][at]

    apart = [
        abs(x)
        for one in logs.values()
        for kind in one["kinds"].values()
        for x in kind["figures"]["difference"]
        if x is not None
    ]
    pairs = [(log, kind) for log in logs if log != "cloze" for kind in known]
    first, runs = (
        ends(figure(*pair, name)[0] - figure(*pair, name)[1] for pair in pairs)
        for name in ("wrong at answer 1", "runs of 3 right")
    )
    spread = [figure("assistments09", kind, "share right: standard deviation") for kind in known]
    late = figure("cloze", "logistic_growth", "wrong at answer 8")
    slips = [
        1 / one["kinds"]["two_state_classes"]["parameters"]["slip"][1]
        for log, one in logs.items()
        if log != "cloze"
    ]
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight"]
    low, high = (words[round(value)] for value in ends(slips))
    return [
        f"one wrong answer in {low} to {high} answers",
        f"`logistic_growth` know {known['logistic_growth']} of the skills at the start",
        f"`two_state_classes` know {known['two_state_classes']} of the skills at the start",
        f"{sum(x <= 0.03 for x in apart)} of the {len(apart)} simulated shares differ",
        f"{whole(first[0])} to {whole(first[1])} percentage points higher",
        f"shares of right answers is {two(spread[0][0])}. In `two_state_classes`, this standard "
        f"deviation is {two(spread[1][1])}, and in `logistic_growth`, it is {two(spread[0][1])}",
        f"{percent(late[0])} of the real answers are wrong",
        f"only {percent(late[1])} of the eighth answers",
        f"{whole(runs[0])} to {whole(runs[1])} percentage points too low",
        f"to {logs['assistments15']['responses']:,} answers, `simulators_from_log` takes about "
        f"{logs['assistments15']['fit_seconds']:.0f} seconds",
    ]


def diagnosis() -> list[str]:
    """How often diagnoses are wrong."""
    found = read("diagnoses")
    cells = {
        (kind, policy, question): right(kind, policy, question)
        for kind in found["truth"]
        for policy in ("fixed_order", "three_in_a_row")
        for question in QUESTIONS
    }
    total, wrong = (sum(map(count, cells.values())) for count in (sum, lambda cell: cell[2]))
    often = [cell for cell in cells.values() if cell[2] > 0.05 * sum(cell)]
    assert len(often) == 1
    real = [one["two_state"]["value"] for one in read("diagnoses_real")["verdicts"].values()]
    return [
        f"there are {found['logs']} logs with {found['students']} students",
        f"Of all {total:,} answers of `diagnose`, {wrong} ({100 * wrong / total:.1f}%) are wrong",
        f"{often[0][2]} of {sum(often[0])} logs",
        f"values from {two(min(real))} to {two(max(real))}",
    ]


def _copies(log: str) -> tuple[int, int, float]:
    of_all = read("accuracy")["datasets"][log]["BKT"]
    alone = of_all["without copied students"]
    lost = 1 - alone["n_responses"] / of_all["n_responses"]
    return of_all["n_students"] - alone["n_students"], of_all["n_students"], lost


def copies() -> list[str]:
    """Copied students, on two pages."""
    (n, of_n, _), (m, of_m, _) = map(_copies, LOGS[:2])
    return [f"{n} of the {of_n} test students have a copy",
            f"{m} of the {of_m} test students have a copy"]  # fmt: skip


def benchmarks() -> list[str]:
    """Copied students, and what they answered."""
    n, _, lost = _copies(LOGS[0])
    return [*copies(), f"the {n} test students with a copy gave {percent(lost)} of the test"]


def check() -> list[str]:
    """The same, in a log of the page on checks."""
    n, of_n, lost = _copies(LOGS[0])
    return [
        f"{n} of the {of_n} test students have a copy",
        f"gave {percent(lost)} of the rows in the test part",
    ]


def bkt() -> list[str]:
    """Classes of students, and several skills in a response."""
    folds = read("guides_cv")["datasets"]

    def fold(log: str, model: str) -> float:
        value: float = folds[log][model]["pooled"]["metrics"]["auc"]["value"]
        return value

    models = ("BKT()", "BKT(student_classes=3)", "BKT(ability=True)")
    parts = []
    for log in LOGS:
        plain, classes, ability = (fold(log, model) for model in models)
        parts.append(f"{whole((classes - plain) / (ability - plain))}%")
    found = read("accuracy")["datasets"]
    several = found["assistments09, several skills"]
    full, every = (_three(several[name]) for name in ("individual, full",
                                                      "individual, conjunctive"))  # fmt: skip
    joined = found["assistments09"]["forgetting, difficulty, ability, recency, lag"]
    return [
        f"by {parts[0]}, {parts[1]} and {parts[2]} of the gain",
        f'test AUC of {full} with `multi_skill="full"` and {every} with',
        f"reaches a test AUC of {_three(joined)}",
    ]


def _auc(entry: dict[str, Any]) -> float:
    value: float = entry["metrics"]["auc"]["value"]
    return value


def _three(entry: dict[str, Any]) -> str:
    return share(_auc(entry))


def recurrent() -> list[str]:
    """Test AUCs."""
    found = [read("prediction")["datasets"][log]["LinearRecurrentTracer"] for log in LOGS]
    first, second, third = map(_three, found)
    alone = [_three(entry["without copied students"]) for entry in found[:2]]
    return [
        f"an AUC of {first} on assistments09, {second} on statics and {third} on assistments15",
        f"an AUC of {alone[0]} on assistments09 and {alone[1]} on statics",
    ]


def models() -> list[str]:
    """What the boosted trees gain and cost."""
    found = read("prediction")["datasets"]
    gains = ends(
        _auc(found[log]["BoostedTracer"]) - _auc(found[log]["LinearRecurrentTracer"])
        for log in LOGS
    )
    costs = [log["models"]["BoostedTracer"] for log in read("cost")["models"].values()]
    fit, one = (ends(cost[name] for cost in costs) for name in ("fit_seconds", "update_ms"))
    return [
        f"{share(gains[0])} to {share(gains[1])} higher",
        f"{fit[0]:.0f} to {fit[1]:.0f} seconds for a fit",
        f"{one[0]:.1f} to {one[1]:.1f} milliseconds to take in an answer",
    ]


def logistic() -> list[str]:
    """What a fit takes."""
    fits = [
        cost["fit_seconds"]
        for log in LOGS[:2]
        for model, cost in read("cost")["models"][log]["models"].items()
        if model.startswith(("AFM", "PFA", "RPFA", "BestLR"))
    ]
    return ["takes less than three seconds"] if max(fits) < 3 else ["takes more than three seconds"]


def cli() -> list[str]:
    """Reading a large file."""
    found = read("reading")
    library, arrow, polars = found["seconds"].values()
    return [
        f"({found['bytes'] / 1e6:.0f} MB) took {library:.0f} seconds of processor time with the "
        f"standard library, {arrow:.0f} with pyarrow and {polars:.0f} with polars"
    ]


def simulation() -> list[str]:
    """Speed of simulations, and intervals over seeds."""
    found = read("simulation")["comparison"]
    seeds = read("coverage")["seeds"]
    few, ten, many = (percent(one["skewed"]) for one in seeds if one["seeds"] in (5, 10, 20))
    (usual,) = {percent(one["normal"]) for one in seeds}
    return [
        f"{found['answers'] / 1e6:.0f} million answers in all, and took {found['seconds']:.0f} "
        "seconds",
        f"95% intervals contain the truth in {usual} of cases",
        f"contain the truth in only {few}, {ten} and {many} of cases",
    ]


def evaluation() -> list[str]:
    """Logs for which intervals of metrics were measured."""
    found = read("coverage")
    lost = {
        one["students"]: 1 - one["held"]["defined"]["logs"]
        for one in found["metrics"]
        if one["uneven"]
    }
    assert [n for n, part in lost.items() if part] == [3, 5]
    return [
        f"in {found['logs']:,} simulated logs",
        f"{percent(lost[3])} of the logs with 3 students and {percent(lost[5])} of the logs with 5",
    ]


def off_policy() -> list[str]:
    """How often intervals of a policy's value hold it."""
    found = read("coverage")
    large = [one["held"].values() for one in found["off_policy"] if one["effective_size"] >= 40]
    return [
        f"in {found['logs_of_decisions']:,} simulated logs",
        f"was 40 or more, {between(x for held in large for x in held)} of the intervals",
    ]


def review() -> list[str]:
    """What methods of review come to."""
    memories = read("reviews")["memories"].values()
    recalled = [one["schedulers"]["ReviewSchedule"]["recalled_at_knob"][0] for one in memories]
    sm2 = [one["schedulers"]["SM-2"] for one in memories]
    low, high = (f"{whole(x)}%" for x in ends(one["against_library"][0] for one in sm2))
    knobs = [f"{one['knob']:.2g}".removeprefix("0") for one in sm2]
    return [
        f"within {100 * max(abs(x - 0.9) for x in recalled):.1f} percentage points",
        f"SM-2 needs {low} to {high} more reviews",
        f"multipliers for SM-2 ({knobs[0]}, {knobs[1]} and {knobs[2]})",
    ]


PAGES = {
    "docs/default-policy.md": default_policy,
    "docs/price.md": price,
    "docs/placement.md": placement,
    "docs/real-students.md": real_students,
    "docs/diagnosis.md": diagnosis,
    "docs/benchmarks.md": benchmarks,
    "docs/boosting.md": copies,
    "docs/check.md": check,
    "docs/bkt.md": bkt,
    "docs/recurrent.md": recurrent,
    "docs/models.md": models,
    "docs/cli.md": cli,
    "docs/logistic.md": logistic,
    "docs/simulation.md": simulation,
    "docs/review.md": review,
    "docs/evaluation.md": evaluation,
    "docs/off-policy.md": off_policy,
}


def missing(page: str, text: str) -> list[str]:
    """Phrases that the page should hold and does not."""
    words = " ".join(text.split())
    return [phrase for phrase in PAGES[page]() if phrase not in words]
