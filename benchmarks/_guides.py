"""The tables of results in the guides of the models, and of due reviews over a year."""

from __future__ import annotations

from typing import Any

from _tables import LOGS, NONE, measured, read, share, table


def _fold(log: str, model: str, metric: str = "auc") -> float:
    value: float = _folds(log)[model]["pooled"]["metrics"][metric]["value"]
    return value


def _folds(log: str) -> dict[str, Any]:
    found: dict[str, Any] = read("guides_cv")["datasets"][log]
    return found


def _four(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def _compared(models: dict[str, str], logs: tuple[str, ...]) -> str:
    rows = [[name, *(_four(_fold(log, model)) for log in logs)] for name, model in models.items()]
    return table(["", *logs], rows) + "\n\n" + measured("guides_cv")


def abilities() -> str:
    """AUC of logistic models by what they know of the student, beside published ones."""
    published = {
        ("assistments09", "PFA, logs"): ".72",
        ("assistments09", "BestLR"): ".77",
        ("statics", "PFA, logs"): ".69",
        ("statics", "BestLR"): ".82",
    }
    written = {"AFM": "AFM({})", "PFA": "PFA({})", "PFA, logs": "PFA(counts='log'{})",
               "BestLR": "BestLR({})"}  # fmt: skip
    rows = []
    for log in LOGS[:2]:
        for name, call in written.items():
            comma = ", " if "=" in call else ""
            options = (f"{comma}student='average'", f"{comma}student=None", "")
            cells = [share(_fold(log, call.format(option))) for option in options]
            shown = call.format("").replace("'", '"')
            rows.append([f"{log}, `{shown}`", *cells, published.get((log, name), "")])
    head = ["", '`"average"`', "`None`", '`"online"`', "published"]
    return table(head, rows) + "\n\n" + measured("guides_cv")


def elo_items() -> str:
    """AUC of Elo with and without skills' offsets."""
    models = ("Elo()", "Elo(skill_offsets=False)")
    return _compared({f"`{model}`": model for model in models}, LOGS[:2])


def irt_items() -> str:
    """AUC of the two IRT models."""
    return _compared({"1PL": "Rasch()", "2PL": "IRT()"}, LOGS[:2])


def classes() -> str:
    """AUC of BKT with classes of students, and with abilities."""
    models = ("BKT()", "BKT(student_classes=2)", "BKT(student_classes=3)", "BKT(ability=True)")
    return _compared({f"`{model}`": model for model in models}, LOGS)


def recurrent() -> str:
    """AUC and log loss of the recurrent model."""
    rows = []
    for log in LOGS:
        answers = _folds(log)["LinearRecurrentTracer()"]["pooled"]["n_responses"]
        values = [_fold(log, "LinearRecurrentTracer()", name) for name in ("auc", "log_loss")]
        rows.append([log, f"{answers:,}", *map(share, values)])
    return table(["log", "answers", "AUC", "log loss"], rows) + "\n\n" + measured("guides_cv")


def boosted() -> str:
    """Test AUC of the boosted trees and the recurrent model, with intervals."""
    found = read("prediction")["datasets"]
    rows = []
    for model in ("BoostedTracer", "LinearRecurrentTracer"):
        entries = [found[log][model] for log in LOGS]
        rows.append([f"`{model}()`", *map(_interval, entries)])
        alone = [entry.get("without copied students") for entry in entries]
        rows.append(["the same, without copied students", *map(_interval, alone)])
    return table(["", *LOGS], rows) + "\n\n" + measured("prediction")


def _interval(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return NONE
    of = entry["metrics"]["auc"]
    return f"{of['value']:.4f} ({of['lower']:.3f} to {of['upper']:.3f})"


def trees_alone() -> str:
    """Log loss of the boosted trees and of their parts, where students are few."""
    rows = []
    for log, entry in read("few_students")["logs"].items():
        loss = {model: f"{one['log_loss']:.4f}" for model, one in entry["models"].items()}
        by_counts = loss.get("BestLR") or loss["PFA"]
        rows.append(
            [log, f"{entry['answers']:,}", loss["trees alone"], loss["LinearRecurrentTracer"],
             loss["Elo"], by_counts, loss["BoostedTracer"]]
        )  # fmt: skip
    head = ["log", "answers", "trees alone", "`LinearRecurrentTracer`", "`Elo`",
            "`BestLR` or `PFA`", "`BoostedTracer`"]  # fmt: skip
    return table(head, rows) + "\n\n" + measured("few_students")


def windows() -> str:
    """AUC of models with and without windows of time."""
    found = read("memory_tests")["windows"]
    rows = [[f"`{model}`", share(auc)] for model, auc in found.items()]
    return table(["", "AUC"], rows) + "\n\n" + measured("memory_tests")


def backlog() -> str:
    """Due skills and new lessons over a year."""
    rows = []
    for memory, policies in read("backlog")["years"].items():
        for policy, year in policies.items():
            due, new = year["due"], year["new_lessons_a_day"]
            rows.append(
                [f"{memory}, {policy}", f"{due[0]:.0f}", f"{due[-1]:.0f}", str(year["most_due"]),
                 f"{new[-1]:.1f}"]
            )  # fmt: skip
    last = f"days 301{NONE}360"
    head = ["", f"skills due, days 1{NONE}60", last, "at most", f"new lessons per day, {last}"]
    return table(head, rows) + "\n\n" + measured("backlog")


def priced_reviews() -> str:
    """Bills of reviews at a price, beside new lessons alone and schedules with a target."""
    found = read("priced_reviews")["kinds"]
    titles = {"new lessons alone": "new lessons alone", "target 0.9": "schedule, target .9",
              "target 0.95": "target .95", "at the price": "reviews at the price"}  # fmt: skip
    rows = []
    for kind, runs in found.items():
        come = [one for one in runs if one["calendar"] is not None]
        for one in sorted(come, key=lambda one: (-one["calendar"][0], one["price"])):
            days, minutes = one["calendar"]
            bills = [f"{one['policies'][name]['bill']:,.0f}" for name in titles]
            rows.append([f"`{kind}`", f"{days}, {minutes}", f"{one['price']:,}", *bills])
    head = ["students", "days, minutes a day", "price", *titles.values()]
    return table(head, rows) + "\n\n" + measured("priced_reviews")


PARTS = (abilities, elo_items, irt_items, classes, recurrent, boosted, trees_alone, windows,
         backlog, priced_reviews)  # fmt: skip
