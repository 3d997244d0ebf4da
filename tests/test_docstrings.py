"""The site's reading of docstrings: defaults and types as they are in the code."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

griffe = pytest.importorskip("griffe", reason="the site's builder is not installed")

DOCS = Path(__file__).parents[1] / "docs"
MODULE = '''
def f(e, a=1, b=2, *, c=True, d=True):
    """Sum.

    Parameters
    ----------
    e : {"yes", "no"}
        A word.
    a, b : int
        Numbers.
    c, d : bool
        Switches.

    Returns
    -------
    float array, shape (n,)
        See the example::

    See Also
    --------
    g : Another.
    h : One more.
    """


def g(**options):
    """Do.

    Parameters
    ----------
    **options
        The keywords below.

    Other Parameters
    ----------------
    k : int, default 3
        A number.
    """
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "sample.py").write_text(MODULE)
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    extensions = griffe.load_extensions(import_module("docstrings").Numpydoc)
    return griffe.load(
        "sample", search_paths=[tmp_path], extensions=extensions, docstring_parser="numpy"
    )


@pytest.fixture
def sections(package):
    return {section.kind.value: section.value for section in package["f"].docstring.parsed}


def test_each_parameter_of_a_line_keeps_its_default(sections):
    found = [(entry.name, entry.value and str(entry.value)) for entry in sections["parameters"]]
    assert found == [("e", None), ("a, b", "a=1, b=2"), ("c, d", "True")]


def test_types_and_related_names_read_as_they_are_written(sections):
    assert str(sections["returns"][0].annotation) == "float array, shape (n,)"
    assert sections["admonition"].contents == "- `g`: Another.\n- `h`: One more."


def test_other_parameters_are_a_table_with_defaults(package):
    first, second = (
        section for section in package["g"].docstring.parsed if section.kind.value == "parameters"
    )
    assert [(entry.name, entry.value) for entry in first.value] == [("**options", None)]
    assert second.title == "Keyword"
    assert [(entry.name, entry.value) for entry in second.value] == [("k", "3")]
