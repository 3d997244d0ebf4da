"""A CASE package, read into a framework."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import CurriculumError
from adaptlearn.interop.case.content import Tree, code_problems
from adaptlearn.interop.case.framework import Framework, digest
from adaptlearn.interop.case.package import ITEMS, LINKS, Package, read_package
from adaptlearn.interop.case.sources import (
    Source,
    check_package,
    is_json,
    parsed,
    plain,
    read_bytes,
)
from adaptlearn.interop.case.spreadsheet import read_spreadsheet
from adaptlearn.interop.report import Note, ReadReport, note
from adaptlearn.validation import Interval, OneOf, check_parameters

LABELS = ("identifier", "code")
OWN = "adaptlearn"
"""The extension of a package that holds what CASE cannot say of a curriculum."""


def read_case(
    source: Source,
    *,
    labels: str = "identifier",
    repair: bool = False,
    strict: bool = False,
    max_bytes: int = 1 << 28,
) -> Framework:
    """Read a CASE package, version 1.0 or 1.1, as a framework of standards and as a curriculum.

    The curriculum's skills are the items without items below them. Every item is a standard of the
    curriculum; the standard of a group requires the skills below the group. An item at the top,
    with items below it, is a course. The groups directly below a course are its units. ``precedes``
    gives prerequisites: if a group precedes an item, all skills of the group precede it. The other
    associations are in ``framework.links``.

    Parameters
    ----------
    source : path or mapping
        A JSON file, or its content. A table in CSV is read too, if it has the columns of CASE's
        spreadsheet form (``Identifier``, ``fullStatement``, ``Human Coding Scheme``,
        ``Is Child Of``).
    labels : {"identifier", "code"}
        What skills and standards of the curriculum are called: by their identifier, which never
        changes, or by their code. Codes can be labels if every item has a code of its own. A
        package that `write_case` made of a curriculum gives that curriculum, with its own labels.
    repair : bool, default False
        Whether to leave out associations that close a cycle, or that have a dangling end, and items
        and associations whose identifier is taken. Without `repair`, these are errors.
    strict : bool, default False
        Whether warnings are errors. The error then lists all of them.
    max_bytes : int, default 256 MiB
        The largest size of a file.

    Returns
    -------
    Framework
        ``framework.report`` says what became of each item and association.

    Raises
    ------
    CurriculumError
        The error is raised if the source is not a CASE package, if two items with one identifier
        differ, if an end is dangling, or if ``isChildOf`` or ``precedes`` goes in a circle. It
        lists every problem; a circle comes with its path.

    Notes
    -----
    An association has two ends. An end is *inside* if its identifier or its address belongs to an
    item of the file, or to the document. An end is *dangling* if it is not inside, but has no
    address, or an address that begins with the address of the document. Every other end belongs to
    another framework: it is *external*, and not an error.

    References
    ----------
    1EdTech (2024). Competencies and Academic Standards Exchange (CASE) 1.1. 1EdTech Consortium,
    final release.

    Examples
    --------
    >>> framework = read_case({
    ...     "CFDocument": {"title": "Numbers"},
    ...     "CFItems": [
    ...         {"identifier": "a", "humanCodingScheme": "N.1", "fullStatement": "Count."},
    ...         {"identifier": "b", "humanCodingScheme": "N.2", "fullStatement": "Add."},
    ...     ],
    ...     "CFAssociations": [{"associationType": "precedes",
    ...         "originNodeURI": {"identifier": "a"}, "destinationNodeURI": {"identifier": "b"}}],
    ... }, labels="code")
    >>> framework.curriculum.ancestors("N.2").tolist()
    ['N.1']
    """
    check_options("read_case", labels, max_bytes)
    notes: list[Note] = []
    if isinstance(source, Mapping):
        name = "CASE package"
        content = check_package(plain(source, name), name)
    else:
        name = str(source)
        raw = read_bytes(source, max_bytes)
        if is_json(raw):
            content = check_package(parsed(raw, name, notes), name)
        else:
            content = read_spreadsheet(raw, name, notes)
    return framework_of(content, name, "read_case", notes, labels, repair=repair, strict=strict)


def check_options(function: str, labels: str, max_bytes: int) -> None:
    """What both readers may be asked for."""
    check_parameters(
        function,
        {"labels": labels, "max_bytes": max_bytes},
        {"labels": [OneOf(LABELS)], "max_bytes": [Interval(1, 2**63, integer=True)]},
    )


def framework_of(
    content: Mapping[str, Any],
    name: str | PathLike[str],
    reader: str,
    notes: list[Note],
    labels: str,
    *,
    repair: bool,
    strict: bool,
) -> Framework:
    """The framework of a package's content."""
    problems: list[str] = []
    package = read_package(content, notes, problems, repair=repair)
    if not package.items:
        problems.append(f"{ITEMS}: holds no item that can be read")
    if labels == "code":
        problems += code_problems(package.items)
    try:
        curriculum, dropped = _curriculum(package, labels, notes, problems, repair=repair)
    except CurriculumError as error:
        raise CurriculumError(str(name), error.problems) from None
    links = [link for place, link in enumerate(package.links) if place not in dropped]
    n_kept = {ITEMS: len(package.items), LINKS: len(links)}
    report = ReadReport(reader, package.n_rows, n_kept, tuple(notes))
    if strict and report.warnings:
        raise CurriculumError(
            str(name), list(report.warnings), "strict=False reads it with a report"
        )
    return Framework(
        package.document,
        package.items,
        links,
        curriculum=curriculum,
        report=report,
        extensions=package.extensions,
    )


def _curriculum(
    package: Package, labels: str, notes: list[Note], problems: list[str], *, repair: bool
) -> tuple[Curriculum, set[int]]:
    """The curriculum, and the places of the links that had to go for it."""
    items, links, rows = package.items, package.links, package.rows
    tree = Tree(items, links, rows, notes=notes, problems=problems, repair=repair)
    made = tree.content(
        package.document, lambda item: item.code if labels == "code" else item.identifier
    )
    if problems:
        raise CurriculumError("CASE package", problems)
    own = _own(package, notes)
    return Curriculum.from_dict(made) if own is None else own, tree.dropped


def _own(package: Package, notes: list[Note]) -> Curriculum | None:
    """The curriculum that `write_case` put beside its items, if these are as they were."""
    held = package.extensions.get(OWN)
    if not isinstance(held, Mapping) or not isinstance(held.get("curriculum"), Mapping):
        return None
    if held.get("digest") != digest(package.items, package.links):
        text = "items or associations have changed since this library wrote the package; the "
        text += "curriculum is read from them"
        notes.append(note("extensions", "warning", text))
        return None
    try:
        return Curriculum.from_dict(held["curriculum"])
    except CurriculumError as error:
        text = f"the curriculum in extension {OWN!r} cannot be read ({error.problems[0]}); the "
        text += "curriculum is read from items and associations"
        notes.append(note("extensions", "warning", text))
        return None
