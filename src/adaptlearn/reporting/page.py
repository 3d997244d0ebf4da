"""A page: one HTML file that asks nothing of a network, and its figures as frames."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from numpy.typing import NDArray

from adaptlearn.errors import MissingDependency
from adaptlearn.files import write_text
from adaptlearn.media import Markup
from adaptlearn.reporting.templates import Templates, Words, name_html, names_html, short
from adaptlearn.responses.frames import frame_of

Columns = Mapping[str, NDArray[Any]]

_ROOM = "adaptlearn.reporting"


class Report:
    """A page, ready to be shown or written.

    Parameters
    ----------
    template : str
        The name of a template of this room, such as ``"student.html"``.
    view : mapping of str to object
        What the template shows. A text in it is shown as a text, whatever it holds.
    tables : mapping of str to columns
        The same figures.
    language, templates
        See `Words`.

    Attributes
    ----------
    columns : mapping of str to mapping of str to array
        The figures of the page, by table and column.
    """

    def __init__(
        self,
        template: str,
        view: Mapping[str, Any],
        tables: Mapping[str, Columns],
        *,
        language: str = "en",
        templates: Templates | None = None,
    ) -> None:
        self._words = Words(templates, language)
        self._template, self._view = template, view
        self.columns = tables

    def __repr__(self) -> str:
        return f"<Report: {self._template.removesuffix('.html')}, tables {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        # In a frame of its own, so that neither the page's style nor the notebook's leaks out.
        return (
            f'<iframe srcdoc="{escape(self.to_html())}" sandbox="allow-scripts" '
            f'title="{escape(repr(self))}" width="100%" height="600"></iframe>'
        )

    def tables(self, library: str | None = None) -> dict[str, Any]:
        """The figures of the page as dataframes, by name.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.
        """
        return {name: frame_of(columns, library) for name, columns in self.columns.items()}

    def to_html(self) -> str:
        """The page as one HTML document, with its style and its script inside.

        Raises
        ------
        MissingDependency
            Jinja2 is not installed.
        """
        style, script = _part("page.css"), _part("page.js")
        policy = (
            f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "base-uri 'none'; form-action 'none'"
        )
        page = _environment().get_template(self._template).render(
            **self._view,
            t=self._words,
            language=self._words.language,
            direction=self._words.direction,
            style=Markup(style),
            script=Markup(script),
            policy=Markup(policy),
        )  # fmt: skip
        return str(page)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page as one file.

        Parameters
        ----------
        path : path

        Raises
        ------
        MissingDependency
            Jinja2 is not installed.
        OSError
        """
        write_text(path, self.to_html())


@cache
def _environment() -> Any:
    """What fills in templates; every text that they show is escaped."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingDependency("a page", "jinja2") from error
    environment = Environment(
        loader=PackageLoader(_ROOM, "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "name": name_html, "names": names_html, "cut": short, "cells": _cells,
    }  # fmt: skip
    return environment


def _shown(value: Any) -> Any:
    """What a template shows: of a text, nothing that turns or hides what stands around it."""
    return short(value) if type(value) is str else value


def _cells(statuses: Sequence[int], words: Words) -> Markup:
    """The cells of a row of a grid; thousands of rows are too many for a loop of a template."""
    cells = [f"<td class=s{status}>{words(f'letter.{status}')}" for status in range(5)]
    return Markup("".join(cells[status] for status in statuses))


@cache
def _part(name: str) -> str:
    """The style or the script of all pages."""
    return files(_ROOM).joinpath("pages", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
