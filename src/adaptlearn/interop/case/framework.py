"""A framework of standards: its items, how they are linked, and the curriculum of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import UnknownLabelError
from adaptlearn.interop.report import ReadReport
from adaptlearn.labels import near_spellings
from adaptlearn.serialization import fingerprint
from adaptlearn.tables import Parts, Printed

IN_CURRICULUM = ("isChildOf", "precedes")
"""The types of associations that a curriculum has in its own way."""


class FrameworkItem(NamedTuple):
    """A standard, or a group of standards.

    Attributes
    ----------
    identifier : str
        A UUID. If the file gives another text, the identifier is a UUID made of this text.
    code : str
        The code that people use, such as ``"3.NF.A.1"``; empty if the file gives none.
    statement : str
    type : str
        For example ``"Standard"`` or ``"Cluster"``; empty if the file gives none.
    grades : tuple of str
        The levels of education as the file has them: ``"KG"``, ``"01"``, ….
    more : mapping
        Its other fields of CASE 1.1, by name.
    """

    identifier: str
    code: str
    statement: str
    type: str
    grades: tuple[str, ...]
    more: Mapping[str, Any]


class FrameworkLink(NamedTuple):
    """An association between two items, or between an item and something outside the file.

    Attributes
    ----------
    identifier : str
    type : str
        A type of CASE, such as ``"precedes"``, or an extension that begins with ``ext:``.
    origin, destination : str
        The identifiers of its two ends. If an end has no identifier, its address.
    external : bool
        Whether an end is not in the file.
    more : mapping
        Its other fields of CASE 1.1, by name. They include what the file says about ends outside
        the file.
    """

    identifier: str
    type: str
    origin: str
    destination: str
    external: bool
    more: Mapping[str, Any]


class Framework(Printed):
    """A framework of standards; `read_case` and `read_learning_commons` make it.

    Attributes
    ----------
    document : mapping
        What CASE 1.1 says about the whole, by name: ``identifier``, ``title``, ``creator``, ….
    items : tuple of FrameworkItem
    associations : tuple of FrameworkLink
    links : tuple of FrameworkLink
        The associations that the curriculum does not have: those of other types than ``isChildOf``
        and ``precedes``, and those with an end outside the items of the file.
    curriculum : Curriculum
    report : ReadReport
        What became of each item and each association.
    extensions : mapping
        What other programs added to the package.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        items: Sequence[FrameworkItem],
        associations: Sequence[FrameworkLink],
        *,
        curriculum: Curriculum,
        report: ReadReport,
        extensions: Mapping[str, Any],
    ) -> None:
        self.document = dict(document)
        self.items = tuple(items)
        self.associations = tuple(associations)
        self.links = tuple(one for one in self.associations if self._is_beside(one))
        self.curriculum = curriculum
        self.report = report
        self.extensions = dict(extensions)

    def _is_beside(self, link: FrameworkLink) -> bool:
        """Whether the curriculum does not have a link."""
        if link.external or link.type not in IN_CURRICULUM:
            return True
        ends = (link.origin,) if link.type == "isChildOf" else (link.origin, link.destination)
        return self.document["identifier"] in ends

    def __repr__(self) -> str:
        return (
            f"Framework({self.document['title']!r}: {len(self.items):,} items, "
            f"{len(self.associations):,} associations)"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Framework):
            return NotImplemented
        return (
            self.document == other.document
            and self.items == other.items
            and self.associations == other.associations
            and self.curriculum == other.curriculum
            and self.extensions == other.extensions
        )

    __hash__ = None  # type: ignore[assignment]

    def item(self, label: str) -> FrameworkItem:
        """The item with an identifier or a code; of several with one code, the first.

        Raises
        ------
        UnknownLabelError
            The error is raised if there is no such item.
        """
        found = self._by_label.get(label)
        if found is None:
            near = near_spellings(label, list(self._by_label))
            raise UnknownLabelError("unknown item of the framework", [f"{label!r}{near}"])
        return found

    @cached_property
    def _by_label(self) -> dict[str, FrameworkItem]:
        by_code = {one.code: one for one in reversed(self.items) if one.code}
        return by_code | {one.identifier: one for one in self.items}

    def _parts(self) -> Parts:
        inside = Counter(one.type for one in self.associations if not one.external)
        outside = Counter(one.type for one in self.associations if one.external)
        rows = [
            [name, f"{inside[name]:,}", f"{outside[name]:,}"] for name in sorted(inside | outside)
        ]
        title = f"{self.document['title'] or 'standards'}: {len(self.items):,} items"
        found = [*self.report.skipped, *self.report.warnings]
        return Parts(title, ["association", "inside", "to other frameworks"], rows, found)


def digest(items: Sequence[FrameworkItem], links: Sequence[FrameworkLink]) -> str:
    """What changes if somebody changes an item or a link; the order does not matter."""
    return fingerprint(
        {
            "items": sorted(
                [one.identifier, one.code, one.statement, *one.grades] for one in items
            ),
            "links": sorted([one.type, one.origin, one.destination] for one in links),
        }
    )
