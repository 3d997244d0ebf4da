"""The items of a curriculum and the links between them, as CASE has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adaptlearn.curriculum.outline import as_grades
from adaptlearn.interop.case.fields import EPOCH, is_uuid, made_identifier
from adaptlearn.interop.case.framework import FrameworkItem, FrameworkLink


def items_and_links(
    content: Mapping[str, Any], document: str
) -> tuple[tuple[FrameworkItem, ...], tuple[FrameworkLink, ...]]:
    """What a package says of a curriculum.

    Parameters
    ----------
    content : mapping
        What `Curriculum.to_dict` gives.
    document : str
        The identifier of the package's document.
    """
    maker = _Maker(document)
    maker.add(content)
    return tuple(maker.items.values()), tuple(maker.links.values())


class _Maker:
    """Makes items one by one; a link is made once."""

    def __init__(self, document: str) -> None:
        self._document = document
        self.items: dict[str, FrameworkItem] = {}
        self.links: dict[str, FrameworkLink] = {}
        self._below: set[str] = set()  # items that have something above them

    def add(self, content: Mapping[str, Any]) -> None:
        """Skills, then what holds them."""
        skills: dict[Any, str] = {}
        for raw in content["skills"]:
            record = raw if isinstance(raw, Mapping) else {"skill": raw}
            skills[record["skill"]] = self._item("Skill", record["skill"], record)
        standards: dict[Any, str] = {}
        for record in content.get("standards", ()):
            label = record["standard"]
            if record["skills"] == [label]:  # the skill is the standard
                standards[label] = self._graded(skills[label], record)
            else:
                standards[label] = self._item("Standard", label, record)
                self._hold(standards[label], (skills[one] for one in record["skills"]))
        for course in content.get("courses", ()):
            self._course(course, standards, skills)
        for one in self.items:
            if one not in self._below:
                self._link("isChildOf", one, self._document)
        for before, skill in content["prerequisites"]:
            if not isinstance(before, list):  # CASE has no alternatives
                self._link("precedes", skills[before], skills[skill])

    def _course(
        self, course: Mapping[str, Any], standards: Mapping[Any, str], skills: Mapping[Any, str]
    ) -> None:
        above = self._item("Course", course["course"], course)
        for unit in course["units"]:
            label, asked = unit["unit"], unit.get("standards", [])
            if asked == [label] and not unit.get("skills"):  # the standard is the unit
                self._hold(above, [standards[label]])
                continue
            part = self._item("Unit", label, unit, within=course["course"])
            self._hold(above, [part])
            self._hold(part, (standards[one] for one in asked))
            self._hold(part, (skills[one] for one in unit.get("skills", ())))

    def _item(self, kind: str, label: Any, record: Mapping[str, Any], within: Any = None) -> str:
        named = label if within is None else (within, label)
        identifier = str(label)
        if not is_uuid(identifier) or identifier in self.items:
            identifier = made_identifier(f"{kind} {named!r}")
        code = "" if is_uuid(str(label)) else str(label).strip()
        statement = str(record.get("title", label))
        more = {"uri": f"urn:uuid:{identifier}", "lastChangeDateTime": EPOCH}
        self.items[identifier] = FrameworkItem(
            identifier, code, statement, kind, _levels(record.get("grade")), more
        )
        return identifier

    def _graded(self, identifier: str, record: Mapping[str, Any]) -> str:
        item = self.items[identifier]
        self.items[identifier] = item._replace(grades=_levels(record.get("grade")))
        return identifier

    def _hold(self, above: str, items: Iterable[str]) -> None:
        for one in items:
            self._link("isChildOf", one, above)
            self._below.add(one)

    def _link(self, kind: str, origin: str, destination: str) -> None:
        identifier = made_identifier(f"{self._document}\n{kind}\n{origin}\n{destination}")
        more = {"uri": f"urn:uuid:{identifier}", "lastChangeDateTime": EPOCH}
        self.links[identifier] = FrameworkLink(identifier, kind, origin, destination, False, more)


def _levels(grade: Any) -> tuple[str, ...]:
    """Grades as CASE has them."""
    ends: Sequence[float] | None = as_grades(grade)
    if ends is None:
        return ()
    low, high = (int(end) for end in ends)
    return tuple(
        "PK" if one < 0 else "KG" if one == 0 else f"{one:02d}" for one in range(low, high + 1)
    )
