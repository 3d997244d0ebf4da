"""The spreadsheet form of CASE, as the content of a package."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from adaptlearn.interop.case.fields import made_identifier
from adaptlearn.interop.case.sources import read_rows
from adaptlearn.interop.report import Note

_FIELDS = {
    "Identifier": "identifier", "fullStatement": "fullStatement",
    "Human Coding Scheme": "humanCodingScheme", "Abbreviated Statement": "abbreviatedStatement",
    "ConceptKeywords": "conceptKeywords", "Notes": "notes", "Education Level": "educationLevel",
    "CFItemType": "CFItemType", "Language": "language", "List Enumeration": "listEnumeration",
}  # fmt: skip
_LINKS = {
    "Is Child Of": "isChildOf", "IsPartOf": "isPartOf", "replacedBy": "replacedBy",
    "Exemplar": "exemplar", "hasSkillLevel": "hasSkillLevel", "IsRelatedTo": "isRelatedTo",
    "Precedes": "precedes", "IsPeerOf": "isPeerOf", "ExactMatchOf": "exactMatchOf",
}  # fmt: skip
_ORDER = "sequenceNumber"


def read_spreadsheet(raw: bytes, name: str, notes: list[Note]) -> dict[str, Any]:
    """The content of a package, from a row for each item.

    A cell that links to another item holds the identifier or the code of that item. ``Is Child Of``
    leads to an item of the same table; the others may lead elsewhere.
    """
    known = (*_FIELDS, *_LINKS, _ORDER)
    rows = list(read_rows(raw, name, known, ("Identifier", "fullStatement"), notes))
    place: dict[str, str] = {}
    for row in rows:
        for column in ("Identifier", "Human Coding Scheme"):
            if row.get(column, "").strip():
                place.setdefault(row[column].strip(), row["Identifier"])
    items, links = [], []
    for row in rows:
        items.append({field: row[column] for column, field in _FIELDS.items() if row.get(column)})
        for column, kind in _LINKS.items():
            for target in filter(None, map(str.strip, row.get(column, "").split(","))):
                end = {"identifier": place.get(target, target)}
                if kind != "isChildOf":
                    end["uri"] = target
                link: dict[str, Any] = {
                    "associationType": kind,
                    "originNodeURI": {"identifier": row["Identifier"]},
                    "destinationNodeURI": end,
                }
                if kind == "isChildOf" and row.get(_ORDER):
                    link["sequenceNumber"] = row[_ORDER]
                links.append(link)
    title = PurePath(name).stem
    document = {"identifier": made_identifier(f"table {title}"), "title": title}
    return {"CFDocument": document, "CFItems": items, "CFAssociations": links}
