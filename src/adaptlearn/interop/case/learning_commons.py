"""The export of the Learning Commons Knowledge Graph, read into a framework."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from adaptlearn.errors import CurriculumError
from adaptlearn.interop.case.fields import made_identifier
from adaptlearn.interop.case.framework import Framework
from adaptlearn.interop.case.reading import check_options, framework_of
from adaptlearn.interop.case.sources import is_json, read_bytes, read_lines, read_rows
from adaptlearn.interop.report import Note, note
from adaptlearn.wording import counted

_ITEM = "StandardsFrameworkItem"
_WHOLE = "StandardsFramework"
_STANDARD = (
    "identifier", "caseIdentifierURI", "caseIdentifierUUID", "statementCode", "description",
    "statementType", "jurisdiction", "academicSubject", "gradeLevel", "inLanguage", "notes",
    "dateModified",
)  # fmt: skip
_RELATION = (
    "identifier", "relationshipType", "sourceEntity", "sourceEntityValue", "targetEntity",
    "targetEntityValue", "dateModified",
)  # fmt: skip
_TYPES = {"hasChild": "isChildOf", "buildsTowards": "precedes", "relatesTo": "isRelatedTo"}
Record = Mapping[str, Any]


def read_learning_commons(
    standards: str | PathLike[str],
    relationships: str | PathLike[str],
    *,
    where: Mapping[str, str] | None = None,
    labels: str = "identifier",
    repair: bool = False,
    strict: bool = False,
    max_bytes: int = 1 << 30,
) -> Framework:
    """Read standards of the Learning Commons Knowledge Graph, as `read_case` reads a package.

    ``hasChild`` gives the tree, ``buildsTowards`` gives prerequisites, ``relatesTo`` becomes
    ``isRelatedTo``. Every other relationship of a standard becomes a link of the type ``ext:…``.

    Parameters
    ----------
    standards : path
        ``StandardsFrameworkItem.csv``, or ``nodes.jsonl`` with a node on each line. Nodes that
        are not items of frameworks are left out.
    relationships : path
        ``Relationships.csv`` or ``relationships.jsonl``. A relationship is left out if
        neither end is a chosen standard.
    where : mapping of str to str, optional
        Values that columns of `standards` must have, for example ``{"jurisdiction": "California",
        "academicSubject": "Mathematics"}``. By default, all standards are read.
    labels, repair, strict, max_bytes
        As for `read_case`; a file may have 1 GiB by default.

    Returns
    -------
    Framework

    Raises
    ------
    CurriculumError
        The error is raised if a file cannot be read or has no standard that fits `where`, or for
        the reasons that `read_case` has. It lists every problem.

    References
    ----------
    Learning Commons (2025). Knowledge Graph: academic standards and learning progressions.

    Examples
    --------
    >>> framework = read_learning_commons(
    ...     "StandardsFrameworkItem.csv", "Relationships.csv",
    ...     where={"jurisdiction": "California", "academicSubject": "Mathematics"},
    ... )  # doctest: +SKIP
    """
    check_options("read_learning_commons", labels, max_bytes)
    notes: list[Note] = []
    chosen = dict(where or {})
    known = tuple(dict.fromkeys((*_STANDARD, *chosen)))
    needed = ("identifier", "description", *chosen)
    nodes = _records(standards, known, needed, max_bytes, notes)
    fits = [one for one in nodes if _is_chosen(one, chosen)]
    _tell(
        notes,
        str(standards),
        len(nodes) - len(fits),
        "node",
        "of something else than these standards",
    )
    if not fits:
        raise CurriculumError(str(standards), [f"holds no standard with {chosen or 'a statement'}"])
    needed = ("relationshipType", "sourceEntityValue", "targetEntityValue")
    relations = _records(relationships, _RELATION, needed, max_bytes, notes)
    content = _package(fits, relations, chosen, str(relationships), notes)
    return framework_of(
        content, str(standards), "read_learning_commons", notes, labels,
        repair=repair, strict=strict,
    )  # fmt: skip


def _records(
    path: str | PathLike[str],
    known: tuple[str, ...],
    needed: tuple[str, ...],
    max_bytes: int,
    notes: list[Note],
) -> list[Record]:
    raw = read_bytes(path, max_bytes)
    if is_json(raw):
        return list(read_lines(raw, str(path), notes))
    found: list[Note] = []  # columns that are not needed are no warning here
    rows = list(read_rows(raw, str(path), known, needed, found))
    notes += [one for one in found if "not kept" not in one.text]
    return list(rows)


def _tell(notes: list[Note], file: str, n: int, noun: str, which: str) -> None:
    if n:
        notes.append(note(file, "skipped", f"{counted(n, noun)} {which}"))


def _is_chosen(node: Record, chosen: Mapping[str, str]) -> bool:
    labels = node.get("labels")
    is_item = not isinstance(labels, list) or _ITEM in labels
    return is_item and all(node.get(name) == value for name, value in chosen.items())


def _package(
    nodes: Iterable[Record],
    relations: Iterable[Record],
    chosen: Mapping[str, str],
    file: str,
    notes: list[Note],
) -> dict[str, Any]:
    """The content of a CASE package."""
    place: dict[str, str] = {}
    items = []
    for node in nodes:
        identifier = str(node.get("caseIdentifierUUID") or node.get("identifier") or "")
        for name in ("caseIdentifierUUID", "identifier"):
            if node.get(name):
                place[str(node[name])] = identifier
        items.append(_item(node, identifier))
    title = ", ".join(chosen.values()) or "Learning Commons"
    wholes = {end[0] for one in relations for end in _ends(one) if end[1] == _WHOLE}
    document = {"identifier": made_identifier(f"Learning Commons {title}"), "title": title}
    place |= dict.fromkeys(wholes, document["identifier"])
    links, outside = [], 0
    for one in relations:
        ends = [end for end, _ in _ends(one)]
        if not any(end in place and end not in wholes for end in ends):
            outside += 1
            continue
        kind = str(one.get("relationshipType") or one.get("label") or "")
        nodes_of = [
            {"identifier": place.get(end, end), "uri": f"urn:uuid:{place.get(end, end)}"}
            if end
            else None
            for end in ends
        ]
        if kind == "hasChild":
            nodes_of.reverse()
        links.append({
            "identifier": one.get("identifier"),
            "associationType": _TYPES.get(kind, f"ext:{kind}"),
            "lastChangeDateTime": one.get("dateModified"),
            "originNodeURI": nodes_of[0],
            "destinationNodeURI": nodes_of[1],
        })  # fmt: skip
    _tell(notes, file, outside, "relationship", "between others than these standards")
    return {"CFDocument": document, "CFItems": items, "CFAssociations": links}


def _ends(relation: Record) -> list[tuple[str, str]]:
    """The key and the kind of both ends."""
    found = []
    for name, plain in (("source", "start"), ("target", "end")):
        within = relation.get(plain)
        end = within if isinstance(within, Mapping) else {}
        key = (relation.get(f"{name}EntityValue") or relation.get(f"{name}_identifier")
               or end.get("identifier") or end.get("id"))  # fmt: skip
        kind = relation.get(f"{name}Entity")
        labels = relation.get(f"{name}_labels") or end.get("labels")
        if not kind and isinstance(labels, list):
            kind = _WHOLE if _WHOLE in labels else ""
        found.append((str(key or ""), str(kind or "")))
    return found


def _item(node: Record, identifier: str) -> dict[str, Any]:
    grades = node.get("gradeLevel")
    if isinstance(grades, str) and grades.startswith("["):
        try:
            grades = json.loads(grades)
        except (ValueError, RecursionError):
            grades = grades.strip("[]")
    return {
        "identifier": identifier,
        "uri": node.get("caseIdentifierURI"),
        "fullStatement": node.get("description"),
        "humanCodingScheme": node.get("statementCode"),
        "CFItemType": node.get("statementType"),
        "educationLevel": grades or None,
        "language": node.get("inLanguage"),
        "notes": node.get("notes"),
        "lastChangeDateTime": node.get("dateModified"),
    }
