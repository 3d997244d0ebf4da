"""What lessons really practise, and what policies and trackers are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from adaptlearn.curriculum import Curriculum
from adaptlearn.errors import DataWarning, ParameterError, warn
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.validation import Interval, check_parameters, some

_UNIT = Interval(0, 1)


@dataclass(frozen=True, eq=False)
class Course:
    """Lessons with a few items each: the items' true skills, their tags, and the curriculum.

    Attributes
    ----------
    curriculum : Curriculum
        The curriculum that policies see. The curriculum has the same skills as the simulator, in
        the same order.
    practice : int array, shape (n_lessons, most_items)
        The number of the skill that each item really practises. Positions after a lesson's last
        item contain -1.
    tags : int array of the same shape
        The skill that each item is tagged with. Trackers see only this tag. The tag -1 means that
        the item has no tag; trackers do not see answers to such an item.
    minutes : float array, shape (n_lessons,)
        Minutes that each item takes.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> Course.of(school, n_items=3)
    Course(2 skills, 1 prerequisite, 2 lessons, 6 items)
    """

    curriculum: Curriculum
    practice: Ints
    tags: Ints
    minutes: Floats

    @classmethod
    def of(cls, curriculum: Curriculum, *, n_items: int = 5, minutes_per_item: float = 2.0) -> Self:
        """Make a course with correct tags and correct prerequisites.

        Parameters
        ----------
        curriculum : Curriculum
        n_items : int, default 5
            How many items each lesson has. If a lesson has several skills, its items alternate
            between them, with at least one item per skill.
        minutes_per_item : float, default 2
            The minutes per item of lessons for which the curriculum contains no minutes.

        Raises
        ------
        ParameterError
            The error is raised if an argument is out of range.

        Warns
        -----
        DataWarning
            The warning names the skills that no lesson teaches.
        """
        check_parameters(
            "Course",
            {"n_items": n_items, "minutes_per_item": minutes_per_item},
            {"n_items": [Interval(1, 1000, integer=True)],
             "minutes_per_item": [Interval(0, 1e4, "right")]},
        )  # fmt: skip
        taught = curriculum.teaches
        unpractised = np.bincount(taught.indices, minlength=len(curriculum.skills)) == 0
        if unpractised.any():
            warn(
                f"no lesson teaches {some(curriculum.skills[unpractised])}: "
                "no item practises that, and lessons that build on it may never open",
                DataWarning,
            )
        sizes = np.diff(taught.indptr)
        lengths = np.maximum(sizes, n_items)
        place = np.arange(int(lengths.max(initial=1)))
        at = taught.indptr[:-1, None] + place % np.maximum(sizes, 1)[:, None]
        practice = np.where(place < lengths[:, None], taught.indices[at], -1).astype(np.intp)
        given = curriculum.minutes / lengths
        minutes = np.where(np.isnan(given), minutes_per_item, given)
        return cls(curriculum, practice, practice, minutes)

    @property
    def n_skills(self) -> int:
        """The number of skills."""
        return len(self.curriculum.skills)

    @property
    def n_lessons(self) -> int:
        """The number of lessons."""
        return len(self.curriculum.lessons)

    @cached_property
    def place(self) -> Floats:
        """Each lesson's position in an order with prerequisites first, shape (n_lessons,)."""
        taught = self.curriculum.teaches
        depth = np.maximum.reduceat(self.curriculum.depth[taught.indices], taught.indptr[:-1])
        place = np.empty(self.n_lessons)
        place[np.lexsort((np.arange(self.n_lessons), depth))] = np.arange(self.n_lessons)
        return place

    def __repr__(self) -> str:
        n_edges = self.curriculum.prerequisites.nnz
        return (
            f"Course({self.n_skills} skills, {n_edges} prerequisite{'s' * (n_edges != 1)}, "
            f"{self.n_lessons} lessons, {int((self.practice >= 0).sum())} items)"
        )

    def with_missing_tags(self, share: float, random_state: Randomness = 0) -> Self:
        """The same course without the tags of some items.

        Students still learn from items without a tag, but trackers do not see the answers to these
        items.

        Parameters
        ----------
        share : float
            The share of items to change; these items are drawn at random.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        """
        check_parameters("Course.with_missing_tags", {"share": share}, {"share": [_UNIT]})
        tags = self.tags.copy()
        tags.flat[self._items(share, random_state)] = -1
        return replace(self, tags=tags)

    def with_wrong_tags(self, share: float, random_state: Randomness = 0) -> Self:
        """The same course, in which some items have the tag of another skill, drawn at random.

        Parameters
        ----------
        share : float
            The share of items to change; these items are drawn at random.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        """
        check_parameters("Course.with_wrong_tags", {"share": share}, {"share": [_UNIT]})
        if self.n_skills == 1 and share > 0:
            raise ParameterError("Course.with_wrong_tags", ["there is no other skill"])
        rng = generator_of(random_state)
        tags, items = self.tags.copy(), self._items(share, rng)
        moved = self.practice.flat[items] + rng.integers(1, max(self.n_skills, 2), len(items))
        tags.flat[items] = moved % self.n_skills
        return replace(self, tags=tags)

    def with_wrong_graph(
        self,
        *,
        dropped: float = 0.0,
        added: float = 0.0,
        reversed: float = 0.0,  # noqa: A002 - the field's word
        random_state: Randomness = 0,
    ) -> Self:
        """The same lessons under a wrong curriculum; see `wrong_graph`."""
        wrong = wrong_graph(
            self.curriculum,
            dropped=dropped,
            added=added,
            reversed=reversed,
            random_state=random_state,
        )
        return replace(self, curriculum=wrong)

    def _items(self, share: float, random_state: Randomness) -> Ints:
        """Places of items, drawn at random."""
        items = np.flatnonzero(self.practice.ravel() >= 0)
        rng = generator_of(random_state)
        return rng.choice(items, round(share * len(items)), replace=False)


def random_course(
    n_skills: int = 20, random_state: Randomness = 0, *, most_prerequisites: int = 2
) -> Course:
    """A random course with one lesson per skill.

    Each skill requires some of the five skills before it.

    Parameters
    ----------
    n_skills : int, default 20
        How many skills the course has. The skills are numbered from 0, and the first skill has no
        prerequisite.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
    most_prerequisites : int, default 2
        How many times a prerequisite is drawn for each skill, from 1 to 100. The same prerequisite
        may be drawn more than once, so a skill has from one to this many prerequisites, and at most
        five.

    Returns
    -------
    Course

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range.

    Examples
    --------
    >>> random_course(6)
    Course(6 skills, 7 prerequisites, 6 lessons, 30 items)
    >>> random_course(6, most_prerequisites=4)
    Course(6 skills, 10 prerequisites, 6 lessons, 30 items)
    """
    check_parameters(
        "random_course",
        {"n_skills": n_skills, "most_prerequisites": most_prerequisites},
        {"n_skills": [Interval(1, 10**6, integer=True)],
         "most_prerequisites": [Interval(1, 100, integer=True)]},
    )  # fmt: skip
    rng = generator_of(random_state)
    edges = {
        (int(rng.integers(max(0, skill - 5), skill)), skill)
        for skill in range(1, n_skills)
        for _ in range(most_prerequisites)
    }
    content = {"skills": list(range(n_skills)), "prerequisites": [list(e) for e in sorted(edges)]}
    return Course.of(Curriculum.from_dict(content))


def wrong_graph(
    curriculum: Curriculum,
    *,
    dropped: float = 0.0,
    added: float = 0.0,
    reversed: float = 0.0,  # noqa: A002 - the field's word
    random_state: Randomness = 0,
) -> Curriculum:
    """Make a copy of a curriculum with errors in its prerequisites, but without cycles.

    Parameters
    ----------
    curriculum : Curriculum
    dropped, added, reversed : float, default 0
        How many prerequisites to drop, to add and to reverse, each as a share of the number of
        prerequisites. New prerequisites connect skills that were not directly connected before.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    Curriculum

    Raises
    ------
    ParameterError
        The error is raised if the requested number of prerequisites cannot be reversed or added
        without a cycle.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"prerequisites": [["count", "add"], ["add", "multiply"]]})
    >>> wrong_graph(school, reversed=1).to_dict()["prerequisites"]
    [['add', 'count'], ['multiply', 'add']]
    """
    shares = {"dropped": dropped, "added": added, "reversed": reversed}
    others = ["dropped + reversed must be at most 1"] if not 0 <= dropped + reversed <= 1 else []
    check_parameters("wrong_graph", shares, {name: [_UNIT] for name in shares}, others)
    rng = generator_of(random_state)
    then, first = curriculum.prerequisites.nonzero()
    edges = list(zip(first.tolist(), then.tolist(), strict=True))
    wanted = {name: round(share * len(edges)) for name, share in shares.items()}
    order = rng.permutation(len(edges)).tolist()
    gone = {edges[place] for place in order[: wanted["dropped"]]}
    graph = _Reach(len(curriculum.skills), [edge for edge in edges if edge not in gone])
    turned, waiting = 0, order[wanted["dropped"] :]
    while turned < wanted["reversed"]:
        # What would have closed a cycle may not any more once another has been turned.
        found = next((place for place in waiting if graph.turn(*edges[place])), None)
        if found is None:
            break
        waiting.remove(found)
        turned += 1
    new = 0
    absent = {*edges, *((then, first) for first, then in edges)}
    for pair in rng.permutation(len(curriculum.skills) ** 2).tolist() if wanted["added"] else []:
        if new == wanted["added"]:
            break
        edge = divmod(pair, len(curriculum.skills))
        if edge not in absent:
            new += graph.add(*edge)
    problems = [
        f"asked to {verb} {wanted[name]} prerequisites, but only {done} could be without a cycle"
        for name, verb, done in (("reversed", "reverse", turned), ("added", "add", new))
        if done < wanted[name]
    ]
    if problems:
        raise ParameterError("wrong_graph", problems)
    return _with_edges(curriculum, graph.edges)


class _Reach:
    """Edges of a graph without cycles."""

    def __init__(self, n: int, edges: list[tuple[int, int]]) -> None:
        self.after: list[set[int]] = [set() for _ in range(n)]
        for first, then in edges:
            self.after[first].add(then)

    @property
    def edges(self) -> list[tuple[int, int]]:
        return [(first, then) for first, after in enumerate(self.after) for then in sorted(after)]

    def add(self, first: int, then: int) -> bool:
        """Add an edge, unless it closes a cycle."""
        if first == then or self._leads(then, first):
            return False
        self.after[first].add(then)
        return True

    def turn(self, first: int, then: int) -> bool:
        """Turn an edge round, unless that closes a cycle."""
        self.after[first].remove(then)
        if self.add(then, first):
            return True
        self.after[first].add(then)
        return False

    def _leads(self, start: int, end: int) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            found = self.after[waiting.pop()] - seen
            if end in found:
                return True
            seen |= found
            waiting.extend(found)
        return start == end


def _with_edges(curriculum: Curriculum, edges: list[tuple[int, int]]) -> Curriculum:
    content: Mapping[str, Any] = curriculum.to_dict()
    skills = curriculum.skills.tolist()
    named = [[skills[first], skills[then]] for first, then in edges]
    return Curriculum.from_dict({**content, "prerequisites": named})
