"""A framework, or a curriculum, written as a CASE 1.1 package."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.files import write_text
from adaptlearn.interop.case.fields import EPOCH, made_identifier
from adaptlearn.interop.case.framework import Framework, FrameworkItem, FrameworkLink, digest
from adaptlearn.interop.case.from_curriculum import items_and_links
from adaptlearn.interop.case.reading import OWN


def write_case(
    framework: Framework | Curriculum, path: str | PathLike[str], *, title: str = "Curriculum"
) -> None:
    """Write a framework, or a curriculum, as a CASE 1.1 package.

    `read_case` reads back what was written: the same framework, or a framework with the same
    curriculum. The same content always gives the same file.

    Parameters
    ----------
    framework : Framework or Curriculum
        Of a curriculum, skills, standards, units and courses become items. Links of type
        ``isChildOf`` say which contains which, and ``precedes`` says which skill is a prerequisite
        of which. CASE has no place for lessons, thresholds and alternatives: the file contains the
        whole curriculum as an extension too.
    path : path
        A JSON file. A file that is there already is replaced.
    title : str, default "Curriculum"
        The title of the package of a curriculum; a framework has its own.

    Raises
    ------
    ParameterError
        The error is raised if `framework` is neither a framework nor a curriculum.

    Notes
    -----
    If the label of a skill or of a standard is a UUID, it is the identifier of its item. Otherwise
    the identifier is a UUID that is made of the label (version 5).
    """
    given: object = framework
    if isinstance(given, Curriculum):
        content = _of_curriculum(given, title)
    elif isinstance(given, Framework):
        content = _content(given.document, given.items, given.associations, given.extensions)
    else:
        told = f"framework must be a Framework or a Curriculum, got a {type(given).__name__}"
        raise ParameterError("write_case", [told])
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _content(
    document: dict[str, Any],
    items: tuple[FrameworkItem, ...],
    links: tuple[FrameworkLink, ...],
    extensions: dict[str, Any],
) -> dict[str, Any]:
    ends = {document["identifier"]: _end(document["title"], document)}
    ends |= {
        one.identifier: _end(one.code or one.statement, {"identifier": one.identifier, **one.more})
        for one in items
    }
    content: dict[str, Any] = {
        "CFDocument": {**document, "caseVersion": "1.1"},
        "CFItems": [_item(one) for one in items],
        "CFAssociations": [
            {
                "identifier": one.identifier,
                "associationType": one.type,
                "originNodeURI": ends.get(one.origin),
                "destinationNodeURI": ends.get(one.destination),
                **one.more,
            }
            for one in links
        ],
    }
    return content | ({"extensions": extensions} if extensions else {})


def _end(title: str, record: dict[str, Any]) -> dict[str, str]:
    return {"title": title, "identifier": record["identifier"], "uri": record["uri"]}


def _item(one: FrameworkItem) -> dict[str, Any]:
    content: dict[str, Any] = {"identifier": one.identifier, "fullStatement": one.statement}
    if one.code:
        content["humanCodingScheme"] = one.code
    if one.type:
        content["CFItemType"] = one.type
    if one.grades:
        content["educationLevel"] = list(one.grades)
    return content | dict(one.more)


def _of_curriculum(curriculum: Curriculum, title: str) -> dict[str, Any]:
    own = made_identifier(f"curriculum {curriculum.fingerprint}")
    document = {"identifier": own, "title": title, "creator": OWN, "uri": f"urn:uuid:{own}",
                "lastChangeDateTime": EPOCH}  # fmt: skip
    held = curriculum.to_dict()
    items, links = items_and_links(held, own)
    extension = {OWN: {"curriculum": held, "digest": digest(items, links)}}
    return _content(document, items, links, extension)
