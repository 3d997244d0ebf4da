"""Options of commands that write a page: where to, and in which language."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from adaptlearn.cli.reading import read_object


def add_page(parser: ArgumentParser) -> None:
    """Where to write a page, and its words."""
    parser.add_argument(
        "-o", "--output", metavar="HTML", type=Path, required=True, help="where to write the page"
    )
    parser.add_argument(
        "--language", metavar="TAG", default="en", help="of the page, such as es (default: en)"
    )
    parser.add_argument(
        "--templates",
        metavar="JSON",
        type=Path,
        help="translated sentences: an object with keys of adaptlearn.reporting.TEMPLATES",
    )


def words_of(arguments: Namespace) -> dict[str, Any]:
    """The language of a page, and its sentences."""
    words: dict[str, Any] = {"language": arguments.language}
    if arguments.templates is not None:
        words["templates"] = read_object(arguments.templates, "an object of keys and sentences")
    return words
