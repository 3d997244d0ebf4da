"""How the site reads docstrings: numpydoc's conventions, kept where griffe does not know them.

mkdocs.yml names this extension of griffe, which parses the docstrings for mkdocstrings.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import griffe


class Numpydoc(griffe.Extension):
    """Mends the parsed sections, which the site's templates show."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:  # noqa: ARG002
        """Once the package is read, and dataclasses have their parameters."""
        for owner, docstring in _docstrings(pkg):
            docstring.value = re.sub("::$", ":", docstring.value, flags=re.MULTILINE)
            docstring.parsed[:] = map(_with_defaults, docstring.parsed)
            for section in docstring.parsed:
                if isinstance(section, griffe.DocstringSectionAdmonition):
                    _list_related(section)
                elif isinstance(section, griffe.DocstringSectionParameters):
                    section.value = _as_lines(section.value, owner)
                for entry in section.value if isinstance(section.value, list) else ():
                    if isinstance(entry, griffe.DocstringElement):
                        entry.annotation = _without_ticks(_without_brackets(entry.annotation))


def _docstrings(
    parent: griffe.Module | griffe.Class,
) -> Iterator[tuple[griffe.Object, griffe.Docstring]]:
    if parent.docstring:
        yield parent, parent.docstring
    for member in parent.members.values():
        if isinstance(member, griffe.Module | griffe.Class):
            yield from _docstrings(member)
        elif isinstance(member, griffe.Object) and member.docstring:
            yield member, member.docstring


def _list_related(section: griffe.DocstringSectionAdmonition) -> None:
    """Of *See Also*, a line per name; as Markdown it would be one paragraph."""
    if section.value.kind == "see-also":
        section.value.contents = re.sub(
            r"^(\S+) :", r"- `\1`:", section.value.contents, flags=re.MULTILINE
        )


def _with_defaults(section: griffe.DocstringSection) -> griffe.DocstringSection:
    """*Other Parameters* as a second table of parameters: that of their own has no defaults."""
    if isinstance(section, griffe.DocstringSectionOtherParameters):
        return griffe.DocstringSectionParameters(section.value, title="Keyword")
    return section


def _as_lines(
    entries: list[griffe.DocstringParameter], owner: griffe.Object
) -> list[griffe.DocstringParameter]:
    """``a, b : float`` as one entry again; griffe makes two, with the default of `a`."""
    signature: griffe.Parameters = getattr(owner, "parameters", griffe.Parameters())
    lines = []
    for _, line in groupby(entries, key=lambda entry: (id(entry.annotation), entry.description)):
        first, *others = line
        if first.name.startswith("*"):
            first.value = None  # any number of arguments, none of them by default
        if first.name in signature and signature[first.name].default is None:
            first.value = None  # of {"a", "b"}, griffe takes the first for the default
        if others and first.name in signature:
            own = [signature[entry.name] for entry in (first, *others)]
            if first.value is own[0].default:
                first.value = _defaults(own)
            if first.annotation is own[0].annotation and len({str(p.annotation) for p in own}) > 1:
                first.annotation = None
        first.name = ", ".join(entry.name for entry in (first, *others))
        first.value = _without_ticks(first.value)
        lines.append(first)
    return lines


def _defaults(parameters: list[griffe.Parameter]) -> str | griffe.Expr | None:
    """One for all, or those there are, by name."""
    if len({str(each.default) for each in parameters}) == 1:
        return parameters[0].default
    return ", ".join(f"{each.name}={each.default}" for each in parameters if each.default)


def _without_brackets(annotation: str | griffe.Expr | None) -> str | griffe.Expr | None:
    """``array, shape (n,)`` and ``{"a", "b"}`` are Python's tuples to griffe."""
    if not isinstance(annotation, griffe.ExprTuple):
        return annotation
    return griffe.ExprTuple([_shape(part) for part in annotation.elements], implicit=True)


def _shape(part: str | griffe.Expr) -> str | griffe.Expr:
    """``shape (n,)`` is a call of one argument to griffe."""
    if not (isinstance(part, griffe.ExprCall) and str(part.function) == "shape"):
        return part
    lengths = ", ".join(map(str, part.arguments))
    return f"shape ({lengths},)" if len(part.arguments) == 1 else f"shape ({lengths})"


def _without_ticks(text: str | griffe.Expr | None) -> str | griffe.Expr | None:
    """Types and defaults are shown as code already."""
    return text.replace("`", "") if isinstance(text, str) else text
