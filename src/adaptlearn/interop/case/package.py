"""A CASE package, version 1.0 or 1.1, as items and links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.interop.case.fields import (
    ADDRESSES,
    DOCUMENT,
    EPOCH,
    ITEM,
    LINK,
    TYPES,
    as_kind,
    as_levels,
    is_uuid,
    made_identifier,
)
from adaptlearn.interop.case.framework import FrameworkItem, FrameworkLink
from adaptlearn.interop.report import Note, note
from adaptlearn.responses.columns import rows_text
from adaptlearn.validation import some

ITEMS, LINKS, WHOLE = "CFItems", "CFAssociations", "CFDocument"
_NAMED = frozenset({"identifier", "sourcedId", "caseVersion", "CFItemType", "humanCodingScheme",
                    "fullStatement", "educationLevel", "educationalLevel", "associationType",
                    "originNodeURI", "destinationNodeURI"})  # fmt: skip
_ENDS = ("originNodeURI", "destinationNodeURI")
_EXTENSION = re.compile(r"ext:[A-Za-z0-9._-]+")
_TARGET = re.compile(rf"CASE|{_EXTENSION.pattern}")
_SPELLED = {name.casefold(): name for name in TYPES}


class Package(NamedTuple):
    """What a package holds, with what was decided on the way; `rows` are those of the links."""

    document: dict[str, Any]
    items: list[FrameworkItem]
    links: list[FrameworkLink]
    rows: list[int]
    extensions: dict[str, Any]
    n_rows: dict[str, int]


class _Found:
    """What is found in the rows of a list, one sentence for each kind of finding."""

    def __init__(self, file: str, notes: list[Note]) -> None:
        self._file = file
        self._notes = notes
        self._rows: dict[tuple[str, str], list[int]] = {}

    def add(self, row: int, text: str, *, skipped: bool = False) -> None:
        self._rows.setdefault(("skipped" if skipped else "warning", text), []).append(row)

    def tell(self) -> None:
        for (outcome, text), numbers in self._rows.items():
            rows = np.array(numbers)
            told = f"{text} in {rows_text(rows)}"
            self._notes.append(
                note(self._file, "skipped" if outcome == "skipped" else "warning", told, rows)
            )


def read_package(
    content: Mapping[str, Any], notes: list[Note], problems: list[str], *, repair: bool
) -> Package:
    """Items and links of a package; what contradicts itself is a problem.

    With `repair`, of two different rows with one identifier the first is kept, and an association
    with a dangling end is left out; both with a note.
    """
    raw = content.get("CFDocument", content.get("document"))
    raw_items = _listed(content, "CFItems", "items", problems)
    raw_links = _listed(content, "CFAssociations", "associations", problems)
    document = _document(raw, raw_items, notes)
    reader = _Reader(document, notes, problems, repair)
    items = reader.items(raw_items)
    links = reader.links(raw_links)
    extensions = content.get("extensions")
    left = [name for name in ("CFDefinitions", "definitions", "CFRubrics", "rubrics")
            if content.get(name)]  # fmt: skip
    notes += [note(name, "skipped", "definitions and rubrics are not kept") for name in left]
    return Package(
        document,
        items,
        [link for _, link in links],
        [row for row, _ in links],
        dict(extensions) if isinstance(extensions, Mapping) else {},
        {ITEMS: len(raw_items), LINKS: len(raw_links)},
    )


def _listed(content: Mapping[str, Any], name: str, other: str, problems: list[str]) -> list[Any]:
    raw = content.get(name, content.get(other))
    if raw is None:
        return []
    if not isinstance(raw, list):
        problems.append(f"{name}: expected a list, got a {type(raw).__name__}")
        return []
    return raw


def _document(raw: Any, raw_items: list[Any], notes: list[Note]) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        notes.append(note(WHOLE, "warning", "the package does not say what it is of"))
        raw = {}
    found = _Found(WHOLE, notes)
    version = raw.get("caseVersion")
    if version not in (None, "1.0", "1.1"):
        text = f"version {version!r} of CASE is not known; read as 1.1"
        notes.append(note(WHOLE, "warning", text))
    first = raw_items[0] if raw_items and isinstance(raw_items[0], Mapping) else {}
    identifier = identifier_of(raw) or made_identifier(f"document of {identifier_of(first)}")
    document = {"identifier": identifier, **_more(raw, DOCUMENT, 0, found)}
    found.tell()
    return {"title": "", "creator": "", "uri": f"urn:uuid:{identifier}",
            "lastChangeDateTime": EPOCH, **document}  # fmt: skip


def identifier_of(raw: Any) -> str | None:
    """The identifier of a record, as a UUID; None if it gives neither identifier nor address."""
    if not isinstance(raw, Mapping):
        return None
    for name in ("identifier", "sourcedId", "uri"):
        text = str(raw.get(name) or "").strip()
        if name == "uri" and is_uuid(text[-36:]):
            text = text[-36:]
        if text:
            return text if is_uuid(text) else made_identifier(text)
    return None


def _more(
    raw: Mapping[str, Any], kinds: Mapping[str, str], row: int, found: _Found
) -> dict[str, Any]:
    """The fields that CASE 1.1 knows, as it has them; the others are told."""
    kept: dict[str, Any] = {}
    for name, value in raw.items():
        if name in _NAMED or name in ADDRESSES or value in (None, "", [], {}):
            continue
        made = as_kind(kinds[name], value) if name in kinds else None
        if made is not None:
            kept[name] = made
        elif name in kinds:
            found.add(row, f"{name!r} is not as CASE has it, and not kept")
        else:
            found.add(row, f"{name!r} is not a field of CASE 1.1, and not kept")
    return kept


class _Reader:
    """Reads items, then the links between them."""

    def __init__(
        self, document: dict[str, Any], notes: list[Note], problems: list[str], repair: bool
    ) -> None:
        self._document = document
        self._notes = notes
        self._problems = problems
        self._repair = repair
        own = document["identifier"]
        self._place = {own.casefold(): own, document["uri"]: own}

    def items(self, raw_items: list[Any]) -> list[FrameworkItem]:
        found = _Found(ITEMS, self._notes)
        kept: dict[str, tuple[int, FrameworkItem]] = {}
        for row, raw in enumerate(raw_items):
            identifier = identifier_of(raw)
            if identifier is None:
                found.add(row, "no identifier", skipped=True)
                continue
            item = _item(raw, identifier, row, found)
            given = str(raw.get("identifier") or raw.get("sourcedId") or "").strip()
            if given and not is_uuid(given):
                found.add(row, "'identifier' is not a UUID; it is read as a UUID made of it")
            for key in (identifier, given, item.more["uri"]):
                self._place.setdefault(key.casefold(), identifier)
                self._place.setdefault(key, identifier)
            self._add(kept, identifier.casefold(), row, item, found)
        found.tell()
        return [item for _, item in kept.values()]

    def _add(
        self, kept: dict[str, tuple[int, Any]], key: str, row: int, made: Any, found: _Found
    ) -> None:
        """Keep a row, unless one with its identifier is there."""
        before, known = kept.setdefault(key, (row, made))
        if before == row:
            return
        if known == made:
            found.add(row, "an earlier one is repeated", skipped=True)
        elif self._repair:
            found.add(row, "identifier of an earlier one that differs", skipped=True)
        else:
            file = ITEMS if isinstance(made, FrameworkItem) else LINKS
            self._problems.append(
                f"{file}: rows {before} and {row} have identifier {made.identifier!r} and differ"
            )

    def links(self, raw_links: list[Any]) -> list[tuple[int, FrameworkLink]]:
        found = _Found(LINKS, self._notes)
        kept: dict[str, tuple[int, FrameworkLink]] = {}
        dangling: dict[str, list[int]] = {}
        for row, raw in enumerate(raw_links):
            ends = self._ends(raw)
            kind = raw.get("associationType") if isinstance(raw, Mapping) else None
            if len(ends) < len(_ENDS) or not isinstance(kind, str) or not kind:
                found.add(row, "no type, or not two ends", skipped=True)
                continue
            lost = [end for end in ends if end.dangling]
            if lost:
                for end in lost:
                    dangling.setdefault(end.label, []).append(row)
                continue
            link = self._link(raw, _type(kind, row, found), ends, row, found)
            self._add(kept, link.identifier.casefold(), row, link, found)
        self._tell_dangling(dangling, found)
        found.tell()
        return list(kept.values())

    def _tell_dangling(self, dangling: dict[str, list[int]], found: _Found) -> None:
        if not dangling:
            return
        rows = sorted({row for rows in dangling.values() for row in rows})
        if self._repair:
            for row in rows:
                found.add(row, "an end is an item of this file, which does not hold it",
                          skipped=True)  # fmt: skip
            return
        self._problems.append(
            f"{LINKS}: {rows_text(np.array(rows))} lead to items of this framework that the file "
            f"does not hold: {some(dangling)}"
        )

    def _ends(self, raw: Any) -> list[_End]:
        if not isinstance(raw, Mapping):
            return []
        return [end for name in _ENDS if (end := self._end(raw.get(name))) is not None]

    def _end(self, raw: Any) -> _End | None:
        if isinstance(raw, str):
            raw = {"uri": raw}
        if not isinstance(raw, Mapping):
            return None
        said = {name: str(raw[name]) for name in ("title", "identifier", "uri", "targetType")
                if raw.get(name) not in (None, "")}  # fmt: skip
        label, address = said.get("identifier", "").strip(), said.get("uri", "").strip()
        for key in (label.casefold(), address, address.casefold()):
            if key and key in self._place:
                return _End(self._place[key], None, False)
        if not label and not address:
            return None
        own = self._document["uri"].rstrip("/")
        claims = not address or address.startswith((f"{own}/", f"{own}#", f"{own}?"))
        if not _TARGET.fullmatch(said.get("targetType", "CASE")):
            del said["targetType"]
        return _End(label or address, {"title": "", "identifier": label or address,
                                       "uri": address, **said}, claims)  # fmt: skip

    def _link(
        self, raw: Mapping[str, Any], kind: str, ends: list[_End], row: int, found: _Found
    ) -> FrameworkLink:
        origin, destination = ends
        identifier = identifier_of(raw) or made_identifier(
            "\n".join((self._document["identifier"], kind, origin.label, destination.label))
        )
        more = {"uri": f"urn:uuid:{identifier}", "lastChangeDateTime":
                self._document["lastChangeDateTime"], **_more(raw, LINK, row, found)}  # fmt: skip
        more |= {name: end.said for name, end in zip(_ENDS, ends, strict=True) if end.said}
        external = origin.said is not None or destination.said is not None
        return FrameworkLink(identifier, kind, origin.label, destination.label, external, more)


class _End(NamedTuple):
    """One end of an association: where it leads, and what is said of it if it is outside."""

    label: str
    said: dict[str, str] | None
    dangling: bool


def _item(raw: Mapping[str, Any], identifier: str, row: int, found: _Found) -> FrameworkItem:
    more = {"uri": f"urn:uuid:{identifier}", "lastChangeDateTime": EPOCH,
            **_more(raw, ITEM, row, found)}  # fmt: skip
    kind = raw.get("CFItemType")
    if isinstance(kind, Mapping):
        kind = kind.get("title")
    given = {"humanCodingScheme": raw.get("humanCodingScheme"), "CFItemType": kind,
             "fullStatement": raw.get("fullStatement")}  # fmt: skip
    texts = {name: value if isinstance(value, str) else "" for name, value in given.items()}
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            found.add(row, f"{name!r} is not as CASE has it, and not kept")
    code = texts["humanCodingScheme"].strip()
    statement = texts["fullStatement"]
    if not statement.strip():
        found.add(row, "no 'fullStatement'")
        statement = more.get("abbreviatedStatement", code)
    grades = as_levels(raw.get("educationLevel", raw.get("educationalLevel")))
    if grades is None:
        found.add(row, "'educationLevel' is not as CASE has it, and not kept")
    return FrameworkItem(identifier, code, statement, texts["CFItemType"], grades or (), more)


def _type(given: str, row: int, found: _Found) -> str:
    """A type of association as the standard spells it, or as an extension."""
    if given in TYPES or _EXTENSION.fullmatch(given):
        return given
    known = _SPELLED.get(given.strip().casefold())
    made = known or f"ext:{re.sub(r'[^A-Za-z0-9._-]', '_', given.removeprefix('ext:')) or '_'}"
    found.add(row, f"type {given!r} is not a type of CASE; it is read as {made!r}")
    return made
