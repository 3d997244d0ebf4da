"""The tables of results in the guides of the models, and of due reviews over a year."""

from __future__ import annotations

from typing import Any

from _tables import LOGS, NONE, measured, read, share, table


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


PARTS = (boosted, trees_alone, windows, backlog)
