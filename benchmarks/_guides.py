"""Tables of the guides: windows of time, and reviews over a year."""

from __future__ import annotations

from _tables import NONE, measured, read, share, table


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


PARTS = (windows, backlog)
