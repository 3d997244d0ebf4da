"""What can be wrong with the edges between skills, and what mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from adaptlearn.curriculum.content.draft import RawEdge, RawEncompassing, Repair
from adaptlearn.curriculum.graph.cycles import blocking_groups, closing_edges
from adaptlearn.curriculum.graph.edges import Edge, Group, SoundEdges, requirements_of
from adaptlearn.labels import Hints, Label
from adaptlearn.validation import Interval

_WEIGHT = Interval(0, 1, closed="right")


def check_edges(
    given: Sequence[RawEdge], skills: Sequence[Label], repairs: list[Repair]
) -> SoundEdges:
    """Prerequisites without their faults, which are added to `repairs`."""
    checker = _Checker(skills, repairs)
    listed: Counter[tuple[Sequence[Label] | frozenset[Label], Label]] = Counter()
    edges: list[Edge] = []
    groups: list[Group] = []
    for raw in given:
        key = frozenset(raw.before) if raw.alternatives else raw.before, raw.skill
        listed[key] += 1
        if listed[key] > 1:
            continue
        members = checker.members(raw)
        if len(members) == 1:
            edges.append((members[0], checker.place[raw.skill]))
        elif members:
            groups.append(Group(tuple(sorted(members)), checker.place[raw.skill]))
    repairs.extend(
        _repeated(_named(sorted(before, key=str), skill), count, "kept one")
        for (before, skill), count in listed.items()
        if count > 1
    )
    edges = _acyclic(list(dict.fromkeys(edges)), skills, "prerequisites", repairs)
    sound = SoundEdges(edges, list(dict.fromkeys(groups)))
    return SoundEdges(edges, _with_ways_in(sound, skills, repairs))


def check_encompasses(
    given: Sequence[RawEncompassing], skills: Sequence[Label], repairs: list[Repair]
) -> dict[Edge, float]:
    """The weights of encompassings without faults, by the places of both skills."""
    checker = _Checker(skills, repairs)
    listed: Counter[tuple[Label, Label]] = Counter()
    found: dict[Edge, float] = {}
    for raw in given:
        ends = raw.skill, raw.encompassed
        what = f"encompassing {raw.skill!r} -> {raw.encompassed!r}"
        listed[ends] += 1
        if listed[ends] > 1:
            continue
        if not _WEIGHT.accepts(raw.weight):
            problem = f"{what} has weight {raw.weight!r}; expected {_WEIGHT}"
            repairs.append(Repair("weight", problem, "dropped it"))
        elif raw.skill == raw.encompassed:
            problem = f"skill {raw.skill!r} encompasses itself"
            repairs.append(Repair("self-loop", problem, "dropped that"))
        elif not checker.dangling(what, list(ends)):
            found[checker.place[raw.skill], checker.place[raw.encompassed]] = float(raw.weight)
    repairs.extend(
        _repeated(f"encompassing {skill!r} -> {part!r}", count, "kept the first")
        for (skill, part), count in listed.items()
        if count > 1
    )
    kept = _acyclic(list(found), skills, "encompassings", repairs)
    return {edge: found[edge] for edge in kept}


class _Checker:
    """Looks ends of edges up, and reports those that are no skills."""

    def __init__(self, skills: Sequence[Label], repairs: list[Repair]) -> None:
        self.place = {skill: code for code, skill in enumerate(skills)}
        self._hint = Hints(skills)
        self._repairs = repairs

    def dangling(self, what: str, ends: list[Label], remedy: str = "dropped it") -> bool:
        """Whether some ends are no skill, which is reported."""
        unknown = [end for end in dict.fromkeys(ends) if end not in self.place]
        if unknown:
            names = " and ".join(f"{end!r}{self._hint(end)}" for end in unknown)
            problem = f"{what} has an end that is no skill: {names}"
            self._repairs.append(Repair("dangling", problem, remedy))
        return bool(unknown)

    def members(self, raw: RawEdge) -> list[int]:
        """The places of the skills of which one is needed; none where the edge must go."""
        if raw.alternatives:
            return self._alternatives(raw, _named(raw.before, raw.skill))
        before = raw.before[0]
        known = before in self.place and raw.skill in self.place
        if not known and self.dangling(_named(raw.before, raw.skill), [before, raw.skill]):
            return []
        if before == raw.skill:
            self._repairs.append(
                Repair("self-loop", f"skill {raw.skill!r} is its own prerequisite", "dropped that")
            )
            return []
        return [self.place[before]]

    def _alternatives(self, raw: RawEdge, what: str) -> list[int]:
        distinct = list(dict.fromkeys(raw.before))
        if self.dangling(what, [raw.skill]):
            return []
        if len(distinct) < len(raw.before):
            self._repairs.append(Repair("duplicate", f"{what} names a skill twice", "kept it once"))
        if len(distinct) == 1:
            problem = f"{what} has one alternative; expected two or more"
            self._repairs.append(Repair("alternatives", problem, "took it as a prerequisite"))
        self.dangling(what, distinct, "took it off the list")
        if raw.skill in distinct:
            problem = f"skill {raw.skill!r} is among its own alternatives"
            self._repairs.append(Repair("self-loop", problem, "took it off the list"))
        return [self.place[one] for one in distinct if one in self.place and one != raw.skill]


def _named(before: Sequence[Label], skill: Label) -> str:
    return f"prerequisite {' or '.join(map(repr, before))} -> {skill!r}"


def _repeated(what: str, count: int, remedy: str) -> Repair:
    return Repair("duplicate", f"{what} is listed {count} times", remedy)


def _acyclic(
    edges: list[Edge], skills: Sequence[Label], what: str, repairs: list[Repair]
) -> list[Edge]:
    dropped = set()
    for edge, path in closing_edges(len(skills), edges):
        dropped.add(edge)
        first, second = (skills[end] for end in edges[edge])
        repairs.append(
            Repair(
                "cycle",
                f"{what} form a cycle: {_route(path, skills)}",
                f"dropped {first!r} -> {second!r}, the last of them to be listed",
            )
        )
    return [edge for number, edge in enumerate(edges) if number not in dropped]


def _with_ways_in(sound: SoundEdges, skills: Sequence[Label], repairs: list[Repair]) -> list[Group]:
    dropped = set()
    for number, path in blocking_groups(requirements_of(len(skills), sound)):
        dropped.add(number)
        members, skill = sound.groups[number]
        ways = " or ".join(repr(skills[member]) for member in members)
        repairs.append(
            Repair(
                "cycle",
                f"prerequisites form a cycle that leaves no other way: {_route(path, skills)}",
                f"dropped {ways} -> {skills[skill]!r}",
            )
        )
    return [group for number, group in enumerate(sound.groups) if number not in dropped]


def _route(path: Sequence[int], skills: Sequence[Label]) -> str:
    return " -> ".join(str(skills[node]) for node in path)
