"""A curriculum's content, from the items of a framework and their links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from adaptlearn.curriculum.graph.cycles import closing_edges
from adaptlearn.errors import CurriculumError
from adaptlearn.interop.case.fields import grade_of, made_identifier
from adaptlearn.interop.case.framework import FrameworkItem, FrameworkLink
from adaptlearn.interop.case.package import ITEMS, LINKS
from adaptlearn.interop.report import Note, note
from adaptlearn.responses.columns import rows_text
from adaptlearn.validation import some
from adaptlearn.wording import counted

_MOST = 2_000_000  # memberships of standards, and prerequisites: more than any school teaches
_LONGEST = 20  # items of a cycle that a message names
Edge = tuple[int, int]


class Tree:
    """Which items are below which, and what comes before what.

    Parameters
    ----------
    items : sequence of FrameworkItem
    links : sequence of FrameworkLink
    rows : sequence of int
        The rows of the links in their file.
    notes : list of Note
    problems : list of str
        Get what is found.
    repair : bool
        Whether links that close a cycle are left out, with a note, instead of being problems.

    Attributes
    ----------
    dropped : set of int
        The places of the links that `repair` left out.
    """

    def __init__(
        self,
        items: Sequence[FrameworkItem],
        links: Sequence[FrameworkLink],
        rows: Sequence[int],
        *,
        notes: list[Note],
        problems: list[str],
        repair: bool,
    ) -> None:
        self._items = items
        self._links = links
        self._rows = np.array(rows, np.intp)
        self._notes = notes
        self._problems = problems
        self._repair = repair
        self._number = {item.identifier: place for place, item in enumerate(items)}
        self.dropped: set[int] = set()
        parents = self._edges("isChildOf")
        edges = self._without_cycles("isChildOf", parents, [edge for _, edge in parents])
        self.children: list[list[int]] = [[] for _ in items]
        below: set[int] = set()
        listed = sorted(edges, key=lambda one: (self._sequence(one[0]), one[0]))
        for child, parent in dict.fromkeys(edge for _, edge in listed):
            self.children[parent].append(child)
            below.add(child)
        self.tops = self._tops(below)
        self.leaves = self._leaves()
        self._tell_outside()

    def _sequence(self, place: int) -> float:
        return float(self._links[place].more.get("sequenceNumber", np.inf))

    def _edges(self, kind: str) -> list[tuple[int, Edge]]:
        """The links of a type between two items, with their places."""
        number = self._number
        return [
            (place, (number[link.origin], number[link.destination]))
            for place, link in enumerate(self._links)
            if link.type == kind
            and not link.external
            and link.origin in number
            and link.destination in number
        ]

    def _without_cycles(
        self, kind: str, links: list[tuple[int, Edge]], edges: list[Edge]
    ) -> list[tuple[int, Edge]]:
        """Edges of links, without the links that close a cycle with those before them."""
        closing: dict[int, tuple[int, ...]] = {}
        for cycle in closing_edges(len(self._items), edges):
            closing.setdefault(links[cycle.edge][0], cycle.path)
        for place, path in closing.items():
            rows = self._rows[[place]]
            told = f"{kind!r} goes in a circle: {self._path(path)}; {rows_text(rows)} closes it"
            if self._repair:
                self._notes.append(note(LINKS, "skipped", f"{told}, and is left out", rows))
            else:
                self._problems.append(told)
        self.dropped |= set(closing)
        return [one for one in links if one[0] not in closing]

    def _path(self, path: Sequence[int]) -> str:
        names = [self._items[place].code or self._items[place].identifier for place in path]
        if len(names) > _LONGEST:
            names = [*names[: _LONGEST - 2], f"… ({len(path) - 1} items)", *names[-2:]]
        return " -> ".join(names)

    def _tops(self, below: set[int]) -> list[int]:
        """The items below none, in the order that the links to the document give."""
        order = {
            self._number[link.origin]: self._sequence(place)
            for place, link in reversed(list(enumerate(self._links)))
            if link.type == "isChildOf" and link.origin in self._number
        }
        tops = [place for place in range(len(self._items)) if place not in below]
        return sorted(tops, key=lambda place: (order.get(place, np.inf), place))

    def _leaves(self) -> list[tuple[int, ...]]:
        """For each item, the items below it that have none below them; a leaf has itself."""
        waiting = [len(children) for children in self.children]
        parents: list[list[int]] = [[] for _ in self._items]
        for parent, children in enumerate(self.children):
            for child in children:
                parents[child].append(parent)
        found: list[tuple[int, ...]] = [()] * len(self._items)
        ready = [place for place, n in enumerate(waiting) if n == 0]
        total = 0
        while ready:
            place = ready.pop()
            below = [leaf for child in self.children[place] for leaf in found[child]]
            found[place] = tuple(sorted(set(below))) or (place,)
            total += len(found[place])
            if total > _MOST:
                problem = f"its groups hold more than {_MOST:,} items in all, level by level"
                raise CurriculumError("CASE package", [problem])
            for parent in parents[place]:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)
        return found

    def _tell_outside(self) -> None:
        outside = [
            place
            for place, link in enumerate(self._links)
            if link.type == "isChildOf" and link.external and link.origin in self._number
        ]
        if outside:
            text = (
                f"'isChildOf' leads out of the file in {rows_text(self._rows[outside])}; an item "
            )
            text += "without another parent stands at the top"
            self._notes.append(note(LINKS, "warning", text, self._rows[outside]))

    def prerequisites(self) -> list[Edge]:
        """Pairs of leaves, the first before the second: all of a group before all of another."""
        links: list[tuple[int, Edge]] = []
        within: list[int] = []
        for place, (first, then) in self._edges("precedes"):
            before, after = self.leaves[first], self.leaves[then]
            if len(links) + len(before) * len(after) > _MOST:
                problem = f"'precedes' comes to more than {_MOST:,} prerequisites"
                raise CurriculumError("CASE package", [problem])
            pairs = [(place, (one, other)) for one in before for other in after]
            if first != then and set(before) & set(after):
                within.append(place)
            else:
                links += pairs
        if within:
            text = (
                f"'precedes' between groups that share items in {rows_text(self._rows[within])}; "
            )
            text += "the curriculum has no prerequisites of these"
            self._notes.append(note(LINKS, "warning", text, self._rows[within]))
        sound = self._without_cycles("precedes", links, [edge for _, edge in links])
        return list(dict.fromkeys(edge for _, edge in sound))

    def content(
        self, document: Mapping[str, Any], label: Callable[[FrameworkItem], str]
    ) -> dict[str, Any]:
        """What `Curriculum.from_dict` reads.

        Leaves are skills. Every item is a standard: a group requires the leaves below it. An item
        at the top with items below it is a course, and the groups directly below it are its units.
        """
        labels = [label(item) for item in self._items]
        titles = [title_of(item) for item in self._items]
        grades = [grade_of(item.grades) for item in self._items]
        skills = [place for place, children in enumerate(self.children) if not children]
        return {
            "skills": [{"skill": labels[one], "title": titles[one]} for one in skills],
            "prerequisites": [(labels[one], labels[other]) for one, other in self.prerequisites()],
            "standards": [
                {
                    "standard": labels[place],
                    "skills": [labels[leaf] for leaf in self.leaves[place]],
                    "title": titles[place],
                    "grade": grades[place],
                }
                for place in range(len(self._items))
            ],
            "courses": self._courses(document, labels, titles, grades),
        }

    def _courses(
        self,
        document: Mapping[str, Any],
        labels: Sequence[str],
        titles: Sequence[str],
        grades: Sequence[int | str | None],
    ) -> list[dict[str, Any]]:
        def unit(label: str, title: str, places: Iterable[int]) -> dict[str, Any]:
            return {"unit": label, "title": title, "standards": [labels[one] for one in places]}

        courses = []
        for top in self.tops:
            children = self.children[top]
            if not children:
                continue
            units = [unit(labels[one], titles[one], [one]) for one in children
                     if self.children[one]]  # fmt: skip
            own = [one for one in children if not self.children[one]]
            if own:
                units.append(unit(labels[top], titles[top], own))
            courses.append({"course": labels[top], "title": titles[top], "grade": grades[top],
                            "units": units})  # fmt: skip
        loose = [top for top in self.tops if not self.children[top]]
        if loose:
            name = document["identifier"]
            title = document["title"] or name
            if name in labels:  # the document is an item too
                name = made_identifier(f"what is outside of {name}")
            courses.append({"course": name, "title": title, "units": [unit(name, title, loose)]})
        return courses


def title_of(item: FrameworkItem) -> str:
    """The code and the shortest statement of an item."""
    short = item.more.get("abbreviatedStatement", item.statement)
    if not item.code or item.code == short:
        return str(short) or item.identifier
    return f"{item.code} {short}".strip()


def code_problems(items: Sequence[FrameworkItem]) -> list[str]:
    """What keeps codes from being labels."""
    codes = Counter(item.code for item in items)
    without = [item.identifier for item in items if not item.code]
    twice = [code for code, n in codes.items() if code and n > 1]
    remedy = "with labels='identifier' the labels are identifiers"
    problems = []
    if without:
        problems.append(
            f"{ITEMS}: {counted(len(without), 'item')} without a code ({some(without)}); {remedy}"
        )
    if twice:
        problems.append(f"{ITEMS}: several items have code {some(twice)}; {remedy}")
    return problems
