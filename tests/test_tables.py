"""Tables for papers, and the pieces that notebooks show."""

from __future__ import annotations

import re

import pytest
from tests.pages import Page

from adaptlearn.media import latex_text
from adaptlearn.tables import Parts, Printed, ends, html_bar, html_card, html_folded, latex_table

HEAD = ["model", "AUC"]


def body(table: str) -> list[str]:
    """The lines between the rules of a LaTeX table."""
    return table.partition("\\midrule\n")[2].partition("\n\\bottomrule")[0].splitlines()


@pytest.mark.parametrize("letter", "&%$#_{}")
def test_what_latex_takes_for_a_command_gets_a_backslash(letter):
    assert latex_text(f"a{letter}b") == f"a\\{letter}b"


def test_what_latex_cannot_write_so_gets_its_name():
    assert latex_text("~^\\") == r"\textasciitilde{}\textasciicircum{}\textbackslash{}"
    assert latex_text("<a|b>") == r"\textless{}a\textbar{}b\textgreater{}"


def test_numbers_below_0_get_a_minus_and_words_keep_their_hyphens():
    assert latex_text("-0.5 to -0.1") == "$-$0.5 to $-$0.1"
    assert latex_text("[-1, 2]") == "[$-$1, 2]"
    assert latex_text("grade-5 two-digit -") == "grade-5 two-digit -"


def test_a_table_for_a_paper_is_a_tabular_with_rules():
    table = latex_table("2 models", HEAD, [["a", "0.70"], ["b", "0.71"]], ["note: 5% left out"])
    assert table.splitlines() == [
        "% 2 models",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"model & AUC \\",
        r"\midrule",
        r"a & 0.70 \\",
        r"b & 0.71 \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% note: 5% left out",
    ]


def test_cells_are_in_bold_where_they_are_marked():
    table = latex_table("", HEAD, [["a_b", "0.70"]], bold=[[False, True]])
    assert body(table) == [r"a\_b & \textbf{0.70} \\"]


@pytest.mark.parametrize("name", ["[a]", "*a"])
def test_a_row_is_no_part_of_the_line_break_above_it(name):
    assert body(latex_table("", HEAD, [[name, "1"]])) == [rf"{{}}{name} & 1 \\"]


def test_no_name_leaves_its_cell_or_its_comment():
    name = "a\nb \\\\ \\input{x} & c\x1b[2J"
    table = latex_table(name, [name, name], [[name, name]], [name])
    lines = table.splitlines()
    assert len(lines) == 9
    assert (lines[0][:2], lines[-1][:2]) == ("% ", "% ")
    for line in (lines[3], lines[5]):
        assert len(re.findall(r"(?<!\\)&", line)) == 1
        assert "\\input" not in line.replace(r"\textbackslash{}", "")


def test_what_prints_as_a_table_is_written_for_papers_as_well():
    class Found(Printed):
        def _parts(self):
            return Parts("found", HEAD, [["a", "0.70"]], ["few answers"])

    assert body(Found().to_latex()) == [r"a & 0.70 \\"]
    assert Found().to_latex().endswith("% note: few answers")


def test_the_ends_of_many():
    assert ends(4, 4) == [0, 1, 2, 3]
    assert ends(100, 5) == [0, 1, 2, None, 98, 99]


def test_a_card_is_whole_and_escaped():
    name = "<script>alert(1)</script>"
    page = Page(html_card(name, [name, "b & c"], html_folded(name, "<p>inside</p>")))
    assert page.tags == ["div", "p", "b", "br", "details", "summary", "p"]
    assert page.text.count(name) == 3
    assert Page(html_card("title", [])).tags == ["div", "p", "b"]


@pytest.mark.parametrize(
    ("share", "width"), [(0.625, "62.5%"), (float("nan"), "0.0%"), (1.2, "100.0%"), (-1, "0.0%")]
)
def test_a_bar_is_as_long_as_its_share(share, width):
    bar = html_bar(share)
    assert f"width:{width}" in bar
    assert Page(bar).tags == ["div", "div"]
    assert "#" not in bar  # no colour of its own: it is read on white and on black
