"""Nothing that a district's page hides can be worked out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.conftest import trials
from tests.reporting.district_attack import STATUSES, Attack, Page, sizes_of

from adaptlearn.reporting import report_district
from adaptlearn.reporting.district import report as made

Rows = dict[str, list[Any]]


def district(random: np.random.Generator) -> Rows:
    """A small district: schools of all sizes, where all are as far as each other or none is."""
    n_schools, n_courses, n_groups = random.integers([2, 1, 1], [5, 4, 4])
    rows: Rows = {name: [] for name in ("student", "school", "course", "group", "status")}
    groups = random.dirichlet(np.full(n_groups, 0.8))
    for school in range(n_schools):
        n = int(random.lognormal(np.log(random.choice([15, 50, 150])), 0.6)) + 3
        taught = random.permutation(n_courses)[: random.integers(1, n_courses + 1)]
        courses = random.dirichlet(np.ones(len(taught)))
        levels = random.dirichlet(np.full(len(STATUSES), random.choice([0.1, 1, 5])))
        rows["student"] += [f"{school}-{k}" for k in range(n)]
        rows["school"] += [f"S{school}"] * n
        rows["course"] += [f"C{c}" for c in random.choice(taught, n, p=courses)]
        rows["group"] += [f"G{g}" for g in random.choice(n_groups, n, p=groups)]
        rows["status"] += [STATUSES[k] for k in random.choice(len(STATUSES), n, p=levels)]
    return rows


def a_week_later(rows: Rows, random: np.random.Generator) -> Rows:
    """The same students; some have moved on."""
    moved = random.random(len(rows["status"])) < random.choice([0.01, 0.1, 0.4])
    later = [STATUSES[k] for k in random.integers(1, len(STATUSES), len(moved))]
    status = [new if to else old for new, old, to in zip(later, rows["status"], moved, strict=True)]
    return rows | {"status": status}


def worked_out(seed: int) -> list[str]:
    """What the page of a random district gives away."""
    rows = district(np.random.default_rng(seed))
    return Attack([Page(report_district(rows).to_html())], sizes_of(rows)).worked_out()


def worked_out_of_two(seed: int) -> list[str]:
    """What two pages of a random district give away, made a week apart."""
    random = np.random.default_rng(10_000 + seed)
    rows = district(random)
    first = report_district(rows)
    second = report_district(a_week_later(rows, random), earlier=first.columns)
    pages = [Page(one.to_html()) for one in (first, second)]
    return Attack(pages, sizes_of(rows), same_roll=True).worked_out()


def test_nothing_hidden_can_be_worked_out_in_a_few_districts() -> None:
    assert [worked_out(seed) for seed in range(4)] == [[]] * 4
    assert worked_out_of_two(0) == []


@pytest.mark.slow
@pytest.mark.trials
def test_no_hidden_number_can_be_worked_out() -> None:
    for seed in range(trials(500)):
        assert worked_out(seed) == [], seed


@pytest.mark.slow
@pytest.mark.trials
def test_two_pages_together_tell_no_more() -> None:
    for seed in range(trials(200)):
        assert worked_out_of_two(seed) == [], seed


def test_hiding_small_groups_alone_gives_them_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "hidden_groups", lambda groups, hidden, known: groups.small)
    found = []
    for seed in range(8):
        rows = district(np.random.default_rng(seed))
        if min(sizes_of(rows).values()) < 10:
            found.append(bool(worked_out(seed)))
    assert len(found) >= 5
    assert np.mean(found) > 0.8
