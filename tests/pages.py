"""HTML as a notebook reads it."""

from __future__ import annotations

from html.parser import HTMLParser

_EMPTY = frozenset({"br"})


class Page(HTMLParser):
    """A piece of HTML whose tags are closed in order; anything else fails the test.

    Attributes
    ----------
    tags : list of str
        Every element, in order.
    text : str
        What is read, a line for each piece.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"closed and never opened: {tag}"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"
