"""The tables of the final look at `policy_from_log`: see prices_final.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from _tables import measured, read, table

SETTINGS = ("20 skills", "12 skills", "35 skills, dense", "20 skills, wrong tags")
PRICES = (60, 300, 1000)
SURE = "from_log:15000"  # about the price that the default's threshold of .999 stands for
DEFAULT, ROW = "sequencer", "three_in_a_row"
APART = ("misconceptions", "sessions")


def _label(kind: str) -> str:
    return kind.replace("_", " ") + "‡" * (kind in APART)


def of_price(price: int, policies: Iterable[str]) -> list[str]:
    """The policies that are for one price, and those that are for none."""
    there = ("", f"bill_{price}", str(price))
    return [name for name in policies if name.partition(":")[2] in there]


def _signed(minutes: float) -> str:
    """Whole minutes; zero has no minus."""
    return f"{round(minutes):+,d}"


def _best(found: Mapping[str, Any], price: int, place: int) -> str:
    mean = found["mean"][f"bill_{price}"]
    return min(of_price(price, mean), key=lambda name: float(mean[name][place]))


def bill_over_best(found: Mapping[str, Any], price: int) -> dict[str, float]:
    """The bill of the policy from a log over that of the best policy, by kind."""
    mean = found["mean"][f"bill_{price}"]
    return {
        kind: mean[f"from_log:{price}"][place] / mean[_best(found, price, place)][place]
        for place, kind in enumerate(found["simulators"])
    }


def final_bills() -> str:
    """The default, the policy from a log, and the best policy of all, on the usual course."""
    found = read("prices_final")["found"]["20 skills"]
    rows = []
    for place, kind in enumerate(found["simulators"]):
        row = [_label(kind)]
        for price in PRICES:
            mean, best = found["mean"][f"bill_{price}"], _best(found, price, place)
            numbers = [mean[name][place] for name in (DEFAULT, f"from_log:{price}", best)]
            row.append(" / ".join(f"{value:,.0f}" for value in numbers))
        rows.append(row)
    head = ["students", *(f"price {price} minutes" for price in PRICES)]
    return table(head, rows) + "\n\n" + measured("prices_final")


def final_ratios() -> str:
    """The bill of the policy from a log over that of the best policy, on every course."""
    found = read("prices_final")["found"]
    settings = {name: found[name] for name in SETTINGS if name in found}
    kinds = settings["20 skills"]["simulators"]
    rows = []
    for kind in kinds:
        row = [_label(kind)]
        for one in settings.values():
            over = [bill_over_best(one, price)[kind] for price in PRICES]
            row.append(" / ".join(f"{ratio:.2f}" for ratio in over))
        rows.append(row)
    return table(["students", *settings], rows)


def final_times() -> str:
    """Minutes of the policy at 15,000 minutes, over those of the default and of three in a row."""
    found = read("prices_final")["found"]["20 skills"]
    mean, rows = found["mean"], []
    pairs = [("minutes_to_mastery", DEFAULT), ("minutes_per_skill", DEFAULT), ("minutes", DEFAULT),
             ("minutes_to_mastery", ROW)]  # fmt: skip
    for place, kind in enumerate(found["simulators"]):
        ratios = [mean[name][SURE][place] / mean[name][other][place] for name, other in pairs]
        rows.append([_label(kind), *(f"{ratio:.2f}" for ratio in ratios)])
    columns = [[float(row[k]) for row in rows] for k in range(1, 5)]
    rows.append(["mean", *(f"{sum(column) / len(column):.2f}" for column in columns)])
    head = ["students", "until all is known", "until a skill is known, mean", "practice in all",
            "until all is known, over three in a row"]  # fmt: skip
    return table(head, rows)


def final_equity() -> str:
    """The worst group's bill, less that of the best baseline that takes as many minutes."""
    found = read("prices_final")["found"]["20 skills"]
    rows = []
    for place, kind in enumerate(found["simulators"]):
        row = [_label(kind)]
        for price in PRICES:
            equity = found["equity"][f"bill_{price}"]
            less, lower, upper = (equity["less"][end][place] for end in range(3))
            known = isfinite(less)
            row.append(f"{_signed(less)} [{_signed(lower)}, {_signed(upper)}]" if known else "-")
        rows.append(row)
    return table(["students", *(f"price {price} minutes" for price in PRICES)], rows)


PARTS = (final_bills, final_ratios, final_times, final_equity)
