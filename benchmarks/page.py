"""Puts the figures of results/ into the tables of the pages that `PAGES` names.

    python benchmarks/page.py            writes the pages
    python benchmarks/page.py --check    only says whether they are what the results say

Between ``<!-- name -->`` and ``<!-- end -->`` a page holds what the function of that name here
makes of the results; the words around it are written by hand. Figures in these words are compared
with the results, too: see _words.py.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from statistics import fmean

import _default
import _final
import _guides
import _students
import _words
from _tables import HERE, LOGS, MINUS, auc, measured, read, share, table, two_digits

from adaptlearn.simulation import Matrix

PAGES = tuple(
    HERE.parent / page
    for page in (
        "docs/benchmarks.md",
        "docs/price.md",
        "docs/memory.md",
        "docs/review.md",
        "docs/logistic.md",
        "docs/boosting.md",
        "docs/elo.md",
        "docs/irt.md",
        "docs/bkt.md",
        "docs/recurrent.md",
        "docs/default-policy.md",
        "docs/placement.md",
        "docs/real-students.md",
        "docs/diagnosis.md",
        "docs/evaluation.md",
        "docs/off-policy.md",
        "README.md",
    )
)
_PART = re.compile(r"(<!-- (?P<name>[a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def by_log(name: str) -> str:
    """Test AUC by model and log."""
    found = read(name)["datasets"]
    models = dict.fromkeys(model for log in LOGS for model in found[log])
    rows = [[model, *(auc(found[log].get(model)) for log in LOGS)] for model in models]
    return table(["model", *LOGS], rows) + "\n\n" + measured(name)


def bkt_accuracy() -> str:
    """BKT and its variants."""
    return by_log("accuracy")


def several_skills() -> str:
    """What an answer says of several skills."""
    found = read("accuracy")["datasets"]["assistments09, several skills"]
    return table(["BKT with", "AUC"], [[model, auc(entry)] for model, entry in found.items()])


def prediction() -> str:
    """The other models."""
    return by_log("prediction")


def copies() -> str:
    """With and without copied students."""
    bkt, others = (read(name)["datasets"] for name in ("accuracy", "prediction"))
    models = ["BKT", "BKT, forgetting", "forgetting, difficulty, ability, recency, lag",
              "Elo", "BestLR", "LinearRecurrentTracer", "BoostedTracer"]  # fmt: skip
    rows = []
    for model in models:
        cells = []
        for log in LOGS[:2]:
            entry = bkt[log].get(model) or others[log][model]
            cells += [auc(entry), auc(entry, alone=True)]
        rows.append([model, *cells])
    return table(["", LOGS[0], "without copies", LOGS[1], "without copies"], rows)


def one_sort() -> str:
    """A fit against one sort of the log."""
    rows = []
    for log, kinds in read("speed")["fit_against_one_sort"].items():
        for ids, entry in kinds.items():
            peak = entry["peak_bytes_per_response"]["traced"]
            rows.append([log, ids, f"{entry['fit_over_lexsort']:.2f}", f"{peak:.0f}"])
    head = ["log", "ids", "fit ÷ one sort", "peak bytes per response"]
    return table(head, rows) + "\n\n" + measured("speed")


def updates() -> str:
    """What an answer costs."""
    took = read("speed")["update_microseconds"]
    names = {"batch_from_log": "of a million, in a `ResponseLog`",
             "batch_from_arrays": "of a million, in plain arrays, checks included",
             "scalar": "alone, through `adaptlearn.runtime` in pure Python"}  # fmt: skip
    rows = [[f"one answer {words}", f"{took[name]:.3g}"] for name, words in names.items()]
    return table(["", "microseconds"], rows)


def peers() -> str:
    """A fit against those of other libraries."""
    rows = []
    for entry in read("speed")["against_peers"]:
        ours, exact, n = entry["adaptlearn"], entry["adaptlearn_precise"], entry["responses"]
        inverted = entry["peer"]["skills_inverted"]
        rows.append(
            [entry["log"], entry["peer_name"], str(entry["starts"]),
             f"{ours['times_as_fast']:.1f}", f"{ours['gain_per_response']:+.1e}",
             f"{exact['times_as_fast']:.1f}", f"{exact['gain_per_response']:+.1e}",
             f"{ours['gain_upright'] / n:+.1e}" if inverted else ""]
        )  # fmt: skip
    head = ["log", "peer", "starts", "times as fast", "log-likelihood per answer above the peer's",
            "to the last digit: times as fast", "above the peer's",
            "without the skills that the peer inverts"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("speed")


def costs() -> str:
    """What the models cost on each log."""
    parts = []
    for log, entry in read("cost")["models"].items():
        rows = [
            [model, two_digits(one["fit_seconds"]), two_digits(one["candidates_ms"]),
             two_digits(one["update_ms"]), f"{one['saved_bytes'] / 1e3:,.0f}"]
            for model, one in entry["models"].items()
        ]  # fmt: skip
        head = [f"{log}, {entry['responses']:,} answers", "fit, s", "100 candidates, ms",
                "one answer, ms", "saved, kB"]  # fmt: skip
        parts.append(table(head, rows))
    return "\n\n".join([*parts, measured("cost")])


def district() -> str:
    """The next lessons of a district."""
    rows = []
    for size in read("sequencer")["sizes"].values():
        for policy, took in size.items():
            if not isinstance(took, dict):
                continue
            rows.append(
                [f"{size['students']:,}", f"{size['skills']:,}", f"{size['lessons']:,}", policy,
                 f"{took['seconds']:.1f}", f"{took['milliseconds_one_student']:.2f}",
                 f"{size['peak_bytes_beyond_tracker'] / 1e9:.1f}"]
            )  # fmt: skip
    head = ["students", "skills", "lessons", "policy", "all, s", "one student, ms",
            "memory without the tracker, GB"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("sequencer")


def policies() -> str:
    """Minutes until all is known, on simulated students."""
    matrix = Matrix.load(HERE / "results" / "matrix.json")
    mean = dict(zip(matrix.policies, matrix.mean("minutes_to_mastery"), strict=True))
    own = matrix.same_family[matrix.policies.index("sequencer")]
    rows = []
    for place, kind in enumerate(matrix.simulators):
        best = min(matrix.baselines, key=lambda name: mean[name][place])
        name = kind.replace("_", " ") + "†" * bool(own[place]) + "‡" * (kind in matrix.held_out)
        cells = [mean[policy][place] for policy in
                 ("sequencer", best, "three_in_a_row", "knowledge_tracing", "oracle")]  # fmt: skip
        rows.append([name, *(f"{cell:.0f}" for cell in cells)])
    head = ["simulated students", "default", "best baseline", "three in a row, in order",
            "knowledge tracing at .95", "oracle"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("matrix_run")


def bills() -> str:
    """The bills of simulated students at three prices, on the seeds used to choose the settings."""
    result = read("prices")
    rows = [[kind.replace("_", " ")] for kind in result["simulators"]]
    for price in (60, 300, 1000):
        mean = result["mean"][f"bill_{price}"]
        tuned = [policy for policy in mean if policy.endswith(f":bill_{price}")]
        for place, row in enumerate(rows):
            ours = [mean[name][place] for name in ("sequencer", f"priced:{price}",
                                                   f"from_log:{price}")]  # fmt: skip
            best = min(mean[name][place] for name in tuned)
            row.append(" / ".join(f"{value:,.0f}" for value in (*ours, best)))
    head = ["students", *(f"price {price} minutes" for price in (60, 300, 1000))]
    return table(head, rows) + "\n\n" + measured("prices")


def few_students() -> str:
    """Log loss of the boosted trees beside the best simple model."""
    rows = []
    for log, entry in read("few_students")["logs"].items():
        loss = {model: one["log_loss"] for model, one in entry["models"].items()}
        ours = loss.pop("BoostedTracer")
        del loss["trees alone"]  # a part of it
        best = min(loss, key=loss.__getitem__)
        rows.append([log, f"{entry['answers']:,}", f"{ours:.4f}", f"{loss[best]:.4f}", best])
    head = ["log", "answers", "BoostedTracer", "best other", ""]
    return table(head, rows) + "\n\n" + measured("few_students")


def losses(result: str) -> str:
    """Log loss (and mean squared error) of test answers, from one part of the memory tests."""
    found = read("memory_tests")
    n = found["test_answers"]
    best = {name: min(row[name]["log_loss"] for row in found[result].values()) for name in n}
    rows = []
    for model, row in found[result].items():
        cells = []
        for name, at in row.items():
            loss = share(at["log_loss"])
            loss = f"**{loss}**" if at["log_loss"] == best[name] else loss
            cells.append(f"{loss} ({share(at['squared_error'])})")
        rows.append([model, *cells])
    head = ["", f"all {n['all']:,} test answers",
            f"on items that the student saw before ({n['met']:,})",
            f"first test answer on a practised item ({n['first']:,})"]  # fmt: skip
    return table(head, rows)


def memory_tests() -> str:
    """Memory models fitted to practice."""
    return losses("fitted_to_practice") + "\n\n" + measured("memory_tests")


def memory_after_tests() -> str:
    """Memory models fitted to practice and tests."""
    return losses("fitted_to_practice_and_tests")


def forgetting_curves() -> str:
    """Log loss of other models, with and without a forgetting curve."""
    rows = [
        [model, *(share(one["log_loss"]) for one in row.values())]
        for model, row in read("memory_tests")["with_a_curve"].items()
    ]
    head = ["", "the model alone", "with offset and scale only", "with the whole curve"]
    return table(head, rows)


_METHODS = {
    "fixed interval": "fixed interval",
    "Leitner": "Leitner, doubling",
    "SM-2": "SM-2, intervals multiplied",
    "half-life": "half-life regression",
    "FSRS-6": "FSRS-6, target tuned",
    "ReviewSchedule": "**`ReviewSchedule`, as it is**",
}


def review_counts() -> str:
    """Reviews per card, and the share recalled."""
    found = read("reviews")
    at = found["knobs_as_multiples"].index(1.0)
    rows = []
    for method, words in _METHODS.items():
        cells = []
        for memory in found["memories"].values():
            of = memory["schedulers"][method]
            reviews = f"{fmean(row[at] for row in of['reviews']):#.3g}"
            reviews = f"**{reviews}**" if words.startswith("**") else reviews
            cells.append(f"{reviews} ({share(of['recalled_at_knob'][0])})")
        rows.append([words, *cells])
    return table(["", *found["memories"]], rows) + "\n\n" + measured("reviews")


def review_differences() -> str:
    """How many more reviews other methods need, in per cent."""
    memories = read("reviews")["memories"]
    rows = []
    for method, words in _METHODS.items():
        if method == "ReviewSchedule":
            continue
        cells = []
        for memory in memories.values():
            more = [100 * value for value in memory["schedulers"][method]["against_library"]]
            digits = 1 if abs(more[0]) < 10 else 0
            few, low, high = (f"{value:+.{digits}f}".replace("-", MINUS) for value in more)
            cells.append(f"{few}% [{low}, {high}]")
        rows.append([words, *cells])
    return table(["", *memories], rows)


def headlines() -> str:
    """Five figures for a first look."""
    alone = {
        model: f"{float(auc(found['datasets']['assistments09'][model], alone=True)):.3f}"[1:]
        for found, models in (
            (read("accuracy"), ["BKT"]),
            (read("prediction"), ["BoostedTracer", "BestLR"]),
        )
        for model in models
    }
    times = {
        entry["log"]: entry["adaptlearn"]["times_as_fast"]
        for entry in read("speed")["against_peers"]
        if entry["peer_name"] == "pyBKT, C++ build"
    }
    real = [times[log] for log in LOGS]
    district = read("sequencer")["sizes"]["district"]
    took = district["provisional"]
    matrix = Matrix.load(HERE / "results" / "matrix.json")
    mean = dict(zip(matrix.policies, matrix.mean("minutes_to_mastery"), strict=True))
    best = [min(mean[name][place] for name in matrix.baselines)
            for place in range(len(matrix.simulators))]  # fmt: skip
    fewer = [100 * (1 - ours / other) for ours, other in zip(mean["sequencer"], best, strict=True)]
    rows = [
        ["AUC of the next answer on assistments09, without copied students",
         f"**{alone['BoostedTracer']}**; Best-LR {alone['BestLR']}, BKT {alone['BKT']}",
         "accuracy.py --final --family prediction"],
        ["a BKT fit against pyBKT's C++ build",
         f"**{times['345,000 x 10']:.0f} times** as fast with 345,000 students who share "
         f"histories, {min(real):.1f} to {max(real):.1f} times on three real logs", "speed.py"],
        [f"next lessons of {district['students']:,} students, {district['lessons']:,} lessons",
         f"**{took['seconds']:.1f} s** on two cores", "sequencer.py"],
        ["next lesson of one student",
         f"**{took['milliseconds_one_student']:.1f} ms**", "sequencer.py"],
        [f"minutes until simulated students know all skills, {len(fewer)} kinds of students",
         f"**{min(fewer):.0f} to {max(fewer):.0f}% fewer** than the best baseline of each kind",
         "matrix.py"],
    ]  # fmt: skip
    return table(
        ["what", "figure", "command"],
        [[what, figure, f"`benchmarks/{command}`"] for what, figure, command in rows],
    )


PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part
    for part in (bkt_accuracy, several_skills, prediction, copies, few_students, one_sort,
                 updates, peers, costs, district, policies, bills, memory_tests,
                 memory_after_tests, forgetting_curves, review_counts, review_differences,
                 headlines, *_guides.PARTS, *_final.PARTS, *_default.PARTS,
                 *_students.PARTS)
}  # fmt: skip


def filled(page: str) -> str:
    """A page whose parts say what the results say."""

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n{PARTS[found['name']]()}\n\n{found[3]}"

    return _PART.sub(part, page)


def main() -> None:
    """Write the pages, or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    check: bool = parser.parse_args().check
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = filled(before)
        if check and before != after:
            raise SystemExit(f"{page} is not what the results say")
        page.write_text(after, encoding="utf-8")
    for name in _words.PAGES:
        if lost := _words.missing(name, (HERE.parent / name).read_text(encoding="utf-8")):
            raise SystemExit(f"{name} does not say what the results say: {lost}")


if __name__ == "__main__":
    main()
