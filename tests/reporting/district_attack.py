"""What can be worked out from the page of a district: everything that fits what is written on it.

This knows nothing of how a page is made. It reads the HTML, and it asks a linear programme over
numbers of students by school, course, group and status for the smallest and the largest value of
each number that the page does not tell. It even knows which of the hidden groups have fewer than
ten students.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

STATUSES = ("not begun", "learning", "nearly", "mastered", "due for review")
Name = tuple[str, ...]  # "school=North", "course=algebra"; none for the district


class Line(NamedTuple):
    """A line of a page: how many students, and at least and at most how many by status."""

    students: int | None
    shares: tuple[tuple[int, int], ...]


class Page(HTMLParser):
    """What a reader sees: the lines of all tables, by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: dict[Name, Line] = {}
        self._school: str | None = None
        self._cells: list[str] = []
        self._kind, self._into = "", ""
        self.feed(html)
        whole = re.search(r'class="big">(.*?)</p>.*?</header>(.*?)</section', html, re.DOTALL)
        assert whole
        shares = re.findall(r"<dd>(.*?)</dd>", whole[2], re.DOTALL)
        self._add((), [whole[1].replace(" students", ""), *shares])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("summary", "tr"):
            self._cells = []
        if tag in ("summary", "th", "td"):
            self._cells.append("")
            self._into = dict(attrs).get("scope") or tag

    def handle_data(self, data: str) -> None:
        if self._cells:
            self._cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "summary":
            self._school = self._cells[0]
        elif tag == "details":
            self._school = None
        elif tag == "tr" and self._into == "col":
            self._kind = self._cells[0]
        elif tag == "tr":
            above = () if self._school is None else (f"school={self._school}",)
            cells = [cell for place, cell in enumerate(self._cells) if place != 2 or above]
            self._add((*above, f"{self._kind}={cells[0]}"), cells[1:])
        if tag in ("summary", "tr", "details"):
            self._cells = []

    def _add(self, name: Name, cells: list[str]) -> None:
        if cells[0].strip() == "not shown":
            self.lines[name] = Line(None, ())
            return
        n = int(cells[0].replace(",", ""))
        assert len(cells) == 1 + len(STATUSES), cells
        self.lines[name] = Line(n, tuple(_counts(cell.strip(), n) for cell in cells[1:]))


def _counts(share: str, n: int) -> tuple[int, int]:
    """How many of `n` students a share stands for."""
    if share == "\N{EN DASH}":
        return 0, n
    if share.startswith("under"):
        low, high = 0, int(share.split()[1].rstrip("%"))
    elif share.endswith("or more"):
        low, high = int(share.split("%", maxsplit=1)[0]), 100
    else:
        low, high = map(int, share.rstrip("%").split("\N{EN DASH}"))
    fits = [k for k in range(n + 1) if low * n <= 100 * k and (100 * k < high * n or high == 100)]
    return fits[0], fits[-1]


class Attack:
    """All that fits some pages of one district, from the first to the last.

    `sizes`: the true numbers of students of all groups, of which the attacker knows only whether
    they are below ten. `same_roll`: nobody has joined or left between the pages.
    """

    def __init__(
        self, pages: list[Page], sizes: Mapping[Name, int], same_roll: bool = False
    ) -> None:
        self._sizes, self._pages, self._same_roll = sizes, pages, same_roll
        axes = [sorted({part for name in sizes for part in name if part.startswith(f"{axis}=")})
                for axis in ("school", "course", "group")]  # fmt: skip
        self._axes = axes
        self._shape = (*map(len, axes), len(STATUSES))
        self._n = int(np.prod(self._shape))
        rows: list[Any] = []
        low: list[float] = []
        high: list[float] = []
        for week, page in enumerate(pages):
            for _, least, most, where in self._rules(page):
                rows.append(self._row(week, where))
                low.append(least)
                high.append(most)
        if same_roll:
            for place in range(self._n // len(STATUSES)):
                cells = place * len(STATUSES) + np.arange(len(STATUSES))
                rows.append((np.concatenate([cells, cells + self._n]), [1.0] * 5 + [-1.0] * 5))
                low.append(0)
                high.append(0)
        self._constrain(rows, np.array(low), np.array(high))

    def _cells(self, name: Name, status: int | None = None) -> np.ndarray:
        """The unknowns of a group."""
        chosen: list[Any] = [slice(None)] * 4
        for part in name:
            axis = ("school", "course", "group").index(part.split("=")[0])
            chosen[axis] = self._axes[axis].index(part)
        if status is not None:
            chosen[3] = status
        return np.arange(self._n).reshape(self._shape)[tuple(chosen)].ravel()

    def _row(self, week: int, cells: np.ndarray) -> tuple[np.ndarray, list[float]]:
        return cells + week * self._n, [1.0] * len(cells)

    def _rules(self, page: Page) -> Iterator[tuple[Name, float, float, np.ndarray]]:
        """What a page says of sums of unknowns."""
        for name, line in page.lines.items():
            if line.students is None:
                small = self._sizes[name] < 10
                yield name, 1 if small else 10, 9 if small else np.inf, self._cells(name)
                continue
            yield name, line.students, line.students, self._cells(name)
            for status, (least, most) in enumerate(line.shares):
                yield name, least, most, self._cells(name, status)
        if page.lines[()].students is None:  # nothing else is listed
            return
        for school in self._axes[0]:
            for part in (*self._axes[1], *self._axes[2]):
                # A school that is shown lists all its courses and groups that are shown.
                shown = all(page.lines[one,].students is not None for one in (school, part))
                if shown and (school, part) not in page.lines:
                    yield (school, part), 0, 0, self._cells((school, part))

    def _constrain(self, rows: list[Any], low: np.ndarray, high: np.ndarray) -> None:
        owner = np.repeat(np.arange(len(rows)), [len(cells) for cells, _ in rows])
        cells = np.concatenate([cells for cells, _ in rows])
        values = np.concatenate([values for _, values in rows])
        shape = (len(rows), self._n * len(self._pages))
        matrix = coo_array((values, (owner, cells)), shape).tocsr()
        equal = low == high
        above = ~equal & np.isfinite(high)
        self._rules_of_page = {
            "A_eq": matrix[np.flatnonzero(equal)],
            "b_eq": low[equal],
            "A_ub": vstack([matrix[np.flatnonzero(above)], -matrix[np.flatnonzero(~equal)]]),
            "b_ub": np.concatenate([high[above], -low[~equal]]),
        }

    def _furthest(self, goal: np.ndarray) -> np.ndarray:
        found = linprog(-goal, bounds=(0, 10_000), method="highs", **self._rules_of_page)
        assert found.x is not None, found.message
        return np.asarray(found.x)

    def hidden(self) -> Iterator[tuple[int, Name, int | None, np.ndarray]]:
        """Week, group, status and unknowns of each number that is not on the page."""
        for week, page in enumerate(self._pages):
            for name in self._sizes:
                if not any(self._told(one, name) for one in self._telling(page)):
                    yield week, name, None, self._cells(name) + week * self._n
                for status in range(len(STATUSES)):
                    yield week, name, status, self._cells(name, status) + week * self._n

    def _telling(self, page: Page) -> list[Page]:
        """Pages whose numbers of students hold for a page as well."""
        return self._pages if self._same_roll else [page]

    @staticmethod
    def _told(page: Page, name: Name) -> bool:
        return name in page.lines and page.lines[name].students is not None

    def worked_out(self) -> list[str]:
        """Numbers that the pages give away: the smallest and the largest value lie too close."""
        targets = [*self.hidden()]
        sums = coo_array(
            (
                np.ones(sum(len(cells) for *_, cells in targets)),
                (
                    np.repeat(np.arange(len(targets)), [len(cells) for *_, cells in targets]),
                    np.concatenate([cells for *_, cells in targets]),
                ),
            ),
            (len(targets), self._n * len(self._pages)),
        ).tocsr()
        need = np.array([5 if self._sizes[name] < 10 else 1 for _, name, _, _ in targets])
        least, most = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)
        random, problems = np.random.default_rng(1), []

        def narrow() -> np.ndarray:
            width = np.floor(most + 1e-6) - np.ceil(least - 1e-6)
            return np.flatnonzero(~(width >= need))

        def look(goal: np.ndarray) -> None:
            for sign in (1, -1):
                values = sums @ self._furthest(sign * goal)
                np.minimum(least, values, out=least)
                np.maximum(most, values, out=most)

        # A range that is wide enough for two of these is wide; the others are looked at one by one.
        for _ in range(4):
            open_ = narrow()
            weights = np.zeros(len(targets))
            weights[open_] = random.normal(size=len(open_))
            look(sums.T @ weights)
        for place in range(len(targets)):
            if place in narrow():
                look(sums[[place]].toarray().ravel())
                if place in narrow():
                    week, name, status, _ = targets[place]
                    what = "students" if status is None else STATUSES[status]
                    problems.append(f"week {week}, {name}, {what}: {least[place]} to {most[place]}")
        return problems


def sizes_of(rows: Mapping[str, Iterable[Any]]) -> dict[Name, int]:
    """How many students each group has in truth."""
    found: dict[Name, int] = {}
    for school, course, group in zip(rows["school"], rows["course"], rows["group"], strict=True):
        s, c, g = f"school={school}", f"course={course}", f"group={group}"
        for name in ((), (s,), (c,), (g,), (s, c), (s, g)):
            found[name] = found.get(name, 0) + 1
    return found
