from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.curriculum import plot_curriculum
from adaptlearn.errors import MissingDependency, ParameterError, UnknownLabelError

SCHOOL = {
    "skills": {"count": "Counting to 20", "add": "Addition", "mul": "Products", "div": "Quotients",
               "money": "Money $1 to $2", "alone": "Telling the time"},
    "prerequisites": [["count", "add"], ["add", "mul"], ["mul", "div"], ["count", "div"],
                      [["add", "mul"], "money"]],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def boxes(ax: Any) -> list[Any]:
    return [patch for patch in ax.patches if type(patch).__name__ == "FancyBboxPatch"]


def lines(ax: Any) -> list[Any]:
    return [patch for patch in ax.patches if type(patch).__name__ == "PathPatch"]


def test_every_skill_has_a_box_and_every_edge_a_line() -> None:
    ax = plot_curriculum(Curriculum.from_dict(SCHOOL))
    assert texts(ax) == [
        "Counting to 20", "Addition", "Products", "Quotients", "Money $1 to $2",
        "Telling the time",
    ]  # fmt: skip
    assert len(lines(ax)) == 6
    assert sum(line.get_linestyle() != "solid" for line in lines(ax)) == 2
    ax.figure.canvas.draw()


def test_boxes_do_not_overlap_and_lines_lead_to_the_right() -> None:
    ax = plot_curriculum(Curriculum.from_dict(SCHOOL))
    extents = [box.get_extents() for box in boxes(ax)]
    for number, one in enumerate(extents):
        for other in extents[number + 1 :]:
            assert not one.overlaps(other)
    for line in lines(ax):
        vertices = line.get_path().vertices
        assert vertices[0, 0] < vertices[-1, 0]


def test_texts_fit_into_their_boxes() -> None:
    titles = {f"s{n}": "Wondrously long and winding names of skills " * (n % 3 + 1)
              for n in range(12)}  # fmt: skip
    ax = plot_curriculum(Curriculum.from_dict({"skills": titles, "prerequisites": [["s0", "s1"]]}))
    ax.figure.canvas.draw()
    for box, text in zip(boxes(ax), ax.texts, strict=True):
        inner, outer = text.get_window_extent(), box.get_window_extent()
        assert outer.x0 <= inner.x0
        assert inner.x1 <= outer.x1
        assert outer.y0 <= inner.y0
        assert inner.y1 <= outer.y1


def test_mastery_gives_colours_and_ready_skills_a_rim() -> None:
    school = Curriculum.from_dict(SCHOOL)
    ax = plot_curriculum(school, [1.0, 0.96, 0.4, 0.0, 0.1, np.nan])
    faces = [box.get_facecolor() for box in boxes(ax)]
    brightness = [sum(face[:3]) for face in faces]
    assert brightness[0] < brightness[2] < brightness[3]
    assert faces[5][0] == pytest.approx(faces[5][1], abs=0.01)  # unknown: grey
    wide = [box.get_linewidth() > 2 for box in boxes(ax)]
    assert wide == [False, False, True, False, True, True]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["mastery 0", "mastery 0.5", "mastery 1", "unknown", "ready to learn"]
    known = plot_curriculum(school, [1.0, 0.96, 0.4, 0.0, 0.1, 0.1])
    assert "unknown" not in {text.get_text() for text in known.get_legend().get_texts()}
    strict = plot_curriculum(school, [1.0, 0.96, 0.4, 0.0, 0.1, np.nan], threshold=0.99)
    assert [box.get_linewidth() > 2 for box in boxes(strict)] == [False, True] + [False] * 3 + [
        True
    ]


def test_a_skills_own_threshold_counts() -> None:
    content = {"skills": [{"skill": "a", "threshold": 0.5}, "b"], "prerequisites": [["a", "b"]]}
    ax = plot_curriculum(Curriculum.from_dict(content), [0.6, 0.6])
    assert [box.get_linewidth() > 2 for box in boxes(ax)] == [False, True]


def test_a_large_curriculum_is_drawn_around_a_skill() -> None:
    n = 200
    school = Curriculum.from_dict(
        {"skills": list(range(n)), "prerequisites": [[k, k + 1] for k in range(n - 1)]}
    )
    with pytest.raises(ParameterError, match=r"200 skills do not fit.*name a skill"):
        plot_curriculum(school)
    assert texts(plot_curriculum(school, skill=100, steps=3)) == [str(k) for k in range(97, 104)]
    assert texts(plot_curriculum(school, skill=0, steps=1)) == ["0", "1"]
    assert texts(plot_curriculum(school, skill=5, steps=0)) == ["5"]
    with pytest.raises(ParameterError, match="take fewer steps"):
        plot_curriculum(school, skill=100, steps=80)
    with pytest.raises(UnknownLabelError):
        plot_curriculum(school, skill=1000)


def test_a_hundred_skills_keep_apart() -> None:
    rng = np.random.default_rng(1)
    edges = {(int(rng.integers(max(0, k - 15), k)), k) for k in range(1, 100) for _ in range(2)}
    school = Curriculum.from_dict(
        {"skills": list(range(100)), "prerequisites": [list(edge) for edge in edges]}
    )
    extents = [box.get_extents() for box in boxes(plot_curriculum(school, rng.random(100)))]
    assert len(extents) == 100
    assert not any(
        one.overlaps(other) for number, one in enumerate(extents) for other in extents[number + 1 :]
    )


def test_alternatives_on_a_cycle_are_drawn_too() -> None:
    ways = [[["a", "c"], "b"], [["b", "d"], "c"]]
    ax = plot_curriculum(Curriculum.from_dict({"prerequisites": ways}))
    assert len(lines(ax)) == 4
    ax.figure.canvas.draw()


def test_it_draws_into_axes_that_are_given() -> None:
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert plot_curriculum(Curriculum.from_dict(SCHOOL), ax=ax) is ax


@pytest.mark.parametrize(
    ("mastery", "options", "said"),
    [
        ([0.5], {}, r"of shape \(6,\), one student's"),
        ([2.0] * 6, {}, "numbers from 0 to 1"),
        (None, {"steps": -1}, "steps must be"),
        (None, {"threshold": 0}, "threshold must be"),
    ],
)
def test_wrong_arguments(mastery: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        plot_curriculum(Curriculum.from_dict(SCHOOL), mastery, **options)


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependency, match="pip install matplotlib"):
        plot_curriculum(Curriculum.from_dict(SCHOOL))


def test_lines_that_nobody_could_follow_are_refused() -> None:
    n = 60  # each needs all before it: a line past every skill between
    school = Curriculum.from_dict({"prerequisites": [(i, j) for j in range(n) for i in range(j)]})
    with pytest.raises(ParameterError, match=r"1,770 lines pass 34,220 times .* name a skill"):
        plot_curriculum(school)
    with pytest.raises(ParameterError, match="take fewer steps"):
        plot_curriculum(school, skill=3)
