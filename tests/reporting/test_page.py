"""What all pages have in common: one file, escaped, in any language."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.reporting import Figures, figures_of, report_family, report_student

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "a & b < c",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 10_000,
    "👩🏽‍🚀 emoji",
    "\u202eevil\u202c\u2066x\u2069",
    "tab\tline\nbreak\x1b[2J",
    "&lt;b&gt;",
    "</style><style>*{display:none}",
)


def figures(names: tuple[str, ...] = ("add", "multiply"), student: str = "ann") -> Figures:
    n = len(names)
    school = Curriculum.from_dict(
        {"skills": list(names), "prerequisites": [[names[0], one] for one in names[1:2]]}
    )
    model = BKT.from_parameters(
        {"skill": list(names), "prior": [0.3] * n, "learn": [0.2] * n, "guess": [0.2] * n,
         "slip": [0.1] * n}
    )  # fmt: skip
    log = {
        "student": [student] * (3 * n + 5),
        "skill": [names[0]] * 5 + [one for one in names for _ in range(3)],
        "correct": [1] * 5 + [1, 0, 1] * n,
    }
    tracker = MasteryTracker(model).update(log)
    return figures_of(Sequencer(school, tracker, random_state=0), log)


@pytest.mark.parametrize("make", [report_student, report_family])
def test_names_are_shown_as_text(make: object) -> None:
    plain = make(figures(tuple(f"s{k}" for k in range(len(HOSTILE)))), "ann").to_html()  # type: ignore[operator]
    page = make(figures(HOSTILE, HOSTILE[0]), HOSTILE[0]).to_html()  # type: ignore[operator]
    # No name makes an element or an attribute: the same tags, whatever the names are.
    tags = re.compile(r"<(/?(?!bdi)[a-z0-9]+)")
    assert tags.findall(page) == tags.findall(plain)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}{% raw %}" in page
    assert not set("\u202e\u202c\u2066\u2069\x1b") & set(page)
    assert "👩🏽‍🚀" in page
    assert len(page) < 60_000


def test_a_policy_lets_nothing_in_but_the_pages_own_style_and_script() -> None:
    page = report_student(figures(), "ann").to_html()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        inner = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(inner) == 1
        digest = b64encode(sha256(inner[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r"https?://|url\(|@import|\son[a-z]+=|\sstyle=", page)


def test_a_page_speaks_the_language_it_is_given(tmp_path: Path) -> None:
    words = {"student.hello": "مرحبا {name}!", "letter.3": "ت"}
    page = report_student(figures(), "ann", language="ar", templates=words)
    page.save(tmp_path / "page.html")
    written = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert written == page.to_html()
    assert '<html lang="ar" dir="rtl">' in written
    assert "مرحبا <bdi>ann</bdi>!" in written
    assert 'dir="ltr"' in report_student(figures(), "ann", language="es").to_html()


def test_words_that_no_page_has_are_refused_all_at_once() -> None:
    words = {"student.helo": "Hi", "student.goal": "{nme}", "made": "{day"}
    with pytest.raises(ParameterError) as error:
        report_student(figures(), "ann", language="e n", templates=words)
    said = str(error.value)
    assert "did you mean 'student.hello'" in said
    assert "student.goal" in said
    assert "made" in said
    assert "'e n'" in said


def test_a_notebook_shows_the_page_in_a_frame_of_its_own() -> None:
    page = report_family(figures(("a<b", "c")), "ann")
    shown = page._repr_html_()
    assert unescape(re.fullmatch(r'<iframe srcdoc="([^"]*)" [^<>]*></iframe>', shown)[1]) == (  # type: ignore[index]
        page.to_html()
    )
    assert 'sandbox="allow-scripts"' in shown
