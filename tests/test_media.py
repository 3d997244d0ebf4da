"""Names that a medium would obey are shown as they are, letter by letter."""

from __future__ import annotations

import csv
import io
import unicodedata
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptlearn.errors import AdaptLearnWarning, ProblemsError, StateError, UnknownLabelError
from adaptlearn.media import Markup, html_text, picture_text, spreadsheet_cell, terminal_text
from adaptlearn.tables import html_table, text_table
from adaptlearn.wording import quoted

HOSTILE = [
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0=\x07",
    "\x9b31mred",
    "back\x08\x08space",
    "carriage\rreturn",
    "null\x00",
    "delete\x7f",
    "right\u202eleft",
    "isolate\u2066\u2069",
    "line\u2028\u2029separators",
    "next\x85line",
    "\ud800half",
    "two\nlines",
    "tab\tstop",
]
HARMLESS = [
    "Ann",
    "naïve café",
    "分数の足し算",
    "جمع الكسور",
    "שברים",
    "नमस्ते",
    "👩\u200d🔬 tested",  # a joiner makes one picture of two
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
    "non\u00a0breaking",
    r"a\x1b",
    "$x_{$",
    "<b>",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_is_told_nothing(text):
    shown = terminal_text(text)
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()


@pytest.mark.parametrize("text", HARMLESS)
def test_other_names_stay_as_they_are(text):
    assert terminal_text(text) == text
    assert terminal_text(text, lines=True) == text
    assert unescape(html_text(text)) == text
    assert picture_text(text).replace(r"\$", "$") == text


def test_what_is_written_out_is_written_as_python_does():
    assert terminal_text("a\x1bb\x9b\u202e\ud800\n") == r"a\x1bb\x9b\u202e\ud800\n"
    assert terminal_text("a\n\tb\r", lines=True) == "a\n\tb\\r"
    assert terminal_text(7) == "7"


@given(st.text(st.characters()))
def test_any_text_is_safe_and_what_is_safe_stays(text):
    shown = terminal_text(text)
    assert terminal_text(shown) == shown
    shown.encode()
    assert all(letter.isprintable() or unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp")
               for letter in shown)  # fmt: skip


@given(st.text(st.characters()))
def test_html_is_read_back_as_the_text(text):
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.text = [], ""

        def handle_starttag(self, tag, attrs):
            self.tags.append((tag, attrs))

        def handle_data(self, data):
            self.text += data

    reader = Reader()
    reader.feed(f"<p title='{html_text(text)}'>{html_text(text)}</p>")
    reader.close()
    assert reader.tags == [("p", [("title", terminal_text(text, lines=True))])]
    assert reader.text == terminal_text(text, lines=True)


def test_html_is_not_escaped_twice():
    assert html_text(html_text("<b>")) == "&lt;b&gt;"
    assert html_text(Markup("<b>")) == "<b>"


@pytest.mark.parametrize(
    "name",
    [
        "$x_{$",
        "$",
        "$$",
        "$$$",
        r"\$x$",
        r"$\frac{$",
        "$a$b$",
        "50 $",
        r"\\$\$$",
        "_hidden$\x1b",
        "",
    ],
)
def test_a_picture_shows_a_name_letter_by_letter(name):
    text = pytest.importorskip("matplotlib.text")
    figure = pytest.importorskip("matplotlib.figure").Figure()
    drawn = text.Text(0, 0, picture_text(name), figure=figure)
    shown = drawn._preprocess_math(drawn.get_text())
    assert shown == (" " * name.startswith("_") + terminal_text(name), False)


def test_a_picture_cuts_long_names():
    assert picture_text("a" * 100, 10) == "a" * 9 + "…"
    assert picture_text("$" * 100, 3) == r"\$\$…"


RUN = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+cmd",
    "-2+3+cmd",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    "-",
    "--1",
    "+",
    "-1e",
    "-inf",
]


@pytest.mark.parametrize("text", RUN)
def test_a_spreadsheet_runs_no_name(text):
    cell = spreadsheet_cell(text)
    assert cell[0] in "'\\"
    stream = io.StringIO()
    csv.writer(stream).writerow([cell, 1])
    assert next(csv.reader(io.StringIO(stream.getvalue()))) == [cell, "1"]


@pytest.mark.parametrize(
    "value", ["a=1", "x-1", "-3", "+4.5", "-1e-5", "'quoted", "", 3, -0.5, None, True]
)
def test_other_cells_stay(value):
    assert spreadsheet_cell(value) is value or spreadsheet_cell(value) == value


def test_a_cell_can_be_written_as_utf_8():
    spreadsheet_cell("\ud800").encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_quotes_names_is_safe(text):
    def safe(shown):
        return terminal_text(shown, lines=True) == shown

    assert safe(text_table(["name", text], [[text, "1"], ["a", text]]))
    assert len(text_table(["name"], [[text]]).splitlines()) == 2
    assert safe(html_table(text, [text], [[text]], [text]))
    assert safe(quoted(text))
    for kind in (ProblemsError, UnknownLabelError):
        assert safe(str(kind(text, [text])))
    assert safe(str(StateError(text)))
    assert safe(str(AdaptLearnWarning(text)))
    assert safe(repr(StateError(text)))
