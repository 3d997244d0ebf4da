"""The figures of the page on promotion are those of the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/promotion.md").read_text()
RESULTS = ROOT / "benchmarks/results/planning_promotion.json"
KINDS: dict[str, Any] = json.loads(RESULTS.read_text())["errors"]["kinds"]
SHOWN = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
WRONG = ("additive_factors", "performance_factors", "fading", "power_law", "sessions")
RIGHT = ("population", "individual", "prerequisites", "disengaging", "stability")


def share(kind: str, what: str, group: str = "all students", at: float = 0.9) -> float:
    """In percent, as the page rounds."""
    curve = KINDS[kind]["usual" if at == 1 else "curve"]
    rows = zip(curve["group"], curve["threshold"], curve[what], strict=True)
    return next(100 * value for name, cut, value in rows if (name, cut) == (group, at))


def spread(values: Any) -> tuple[str, str]:
    values = list(values)
    return f"{min(values):.0f}%", f"{max(values):.0f}%"


def test_the_table_of_the_page_is_that_of_the_results() -> None:
    rows = []
    for kind, found in KINDS.items():
        for group in ("all students", "slow"):
            if group not in found["curve"]["group"]:
                continue
            cells = [
                f"{share(kind, 'false_promotions', group, at):.0f} / "
                f"{share(kind, 'needless', group, at):.0f}"
                for at in (*SHOWN, 1)
            ]
            whole = group == "all students"
            name = f"`{kind}`" if whole else "- slow learners"
            met = f"{100 * found['truly_met']:.0f}" if whole else ""
            rows.append(f"| {name} | {' | '.join(cells)} | {met} |")
    assert "\n".join(rows) in PAGE


def test_the_sentences_of_the_page_are_true_of_the_results() -> None:
    text = " ".join(PAGE.split())
    low, high = spread(share(kind, "false_promotions") for kind in RIGHT)
    assert f"{low} to {high} of the promotions are wrong at a confidence of .9" in text
    low, high = spread(share(kind, "needless") for kind in RIGHT)
    assert f"holds back {low} to {high} of the students who meet" in text
    low, high = spread(share(kind, "false_promotions") for kind in WRONG[:3])
    law, sessions = (f"{share(kind, 'false_promotions'):.0f}%" for kind in WRONG[3:])
    assert f"At .9, {low} to {high} of the promotions are wrong" in text
    assert f"{law} for `power_law`, and {sessions} for `sessions`" in text
    low, high = spread(share(kind, "false_promotions", at=0.99) for kind in WRONG)
    assert f"At .99, {low} to {high} are still wrong" in text
    slow = {kind: share(kind, "false_promotions", "slow") for kind in KINDS if kind != RIGHT[0]}
    assert all(value > share(kind, "false_promotions") for kind, value in slow.items())
    low, high = spread(value for kind, value in slow.items() if kind not in WRONG)
    lowest, highest = spread(slow[kind] for kind in WRONG)
    theirs = f"At .9, {lowest} to {highest} of their promotions are wrong for the five kinds"
    assert f"{theirs} of the previous point, and {low} to {high} for the other kinds" in text
    for kind in KINDS:
        usual = (share(kind, "false_promotions", at=1), share(kind, "needless", at=1))
        at = (share(kind, "false_promotions", at=0.95), share(kind, "needless", at=0.95))
        assert usual[0] < at[0]
        assert usual[1] > at[1]
