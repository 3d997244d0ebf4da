"""place: questions, answers from a terminal, a file or a pipe, and what is found."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from adaptlearn import Curriculum
from adaptlearn.cli.place import Questions
from adaptlearn.sequencing.placement import Placement

KNOWN = {"count", "add"}


@pytest.fixture
def school(tmp_path: Path) -> Path:
    path = tmp_path / "school.json"
    content = {
        "skills": [
            {"skill": "count", "title": "counting"},
            {"skill": "add"},
            {"skill": "multiply"},
            {"skill": "divide"},
        ],
        "prerequisites": [["count", "add"], ["add", "multiply"], ["multiply", "divide"]],
        "items": {"7 + 5": ["add"], "1 + 1": ["add"], "3 x 4": ["multiply"]},
    }
    path.write_text(json.dumps(content))
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str, terminal: bool = False) -> None:
    stream = io.StringIO("".join(f"{line}\n" for line in lines))
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", stream)


def answers(school: Path) -> list[bool]:
    """What a student answers who knows `KNOWN`."""
    session = Placement(Curriculum.from_json(school)).start("mia")
    while (skill := session.next()) is not None:
        session.answer(skill, skill in KNOWN)
    return [right for _, right in session.answers]


def test_a_file_of_answers_and_what_is_found(run: Run, school: Path, tmp_path: Path) -> None:
    given = answers(school)
    path, output = tmp_path / "answers.txt", tmp_path / "found.json"
    words = [["n", "y"], ["0", "1"], ["Nein", "ja"]]
    lines = [words[n % 3][right] for n, right in enumerate(given)]
    path.write_text("\n\n".join(lines) + "\n")
    done = run("place", school, "--answers", path, "--student", "mia", "-o", output, "--seed", "0")
    assert done.code == 0
    found = json.loads(output.read_text())
    assert (found["student"], found["n_questions"]) == ("mia", len(given))
    assert found["ended"] == "accurate"
    standing = dict(zip(found["skills"]["skill"], found["skills"]["standing"], strict=True))
    assert {skill for skill, each in standing.items() if each == "mastered"} == KNOWN
    assert [right for _, right in found["answers"]] == given
    assert found["next"]["lesson"] == "multiply"
    assert "ready to learn" in done.out
    assert 'Ready to learn: "multiply"' in done.out
    assert "== The next lesson" in done.out
    assert json.loads(run("place", school, "--answers", path, "--json", "--student", "mia",
                          "--seed", "0").out)["skills"] == found["skills"]  # fmt: skip


def test_a_question_shows_the_title_and_each_item_in_turn(school: Path) -> None:
    questions = Questions(Curriculum.from_json(school), 0)
    first, second = (questions.on("mia", "add").split("\n   ") for _ in range(2))
    assert first[0] == second[0] == "add"
    assert {first[1], second[1]} == {"7 + 5", "1 + 1"}
    assert questions.on("mia", "count") == "counting"  # without items


def test_questions_are_shown(run: Run, school: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, *"yyyyyyyyy")
    done = run("place", school, "--max-questions", "2")
    assert [line[:2] for line in done.err.splitlines() if line[:1].isdecimal()] == ["1.", "2."]
    assert "multiply\n   3 x 4\n" in done.err


@pytest.mark.parametrize("stop", ["q", None])
def test_answers_that_end_leave_what_was_found(
    stop: str | None, run: Run, school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "y", *filter(None, [stop]))
    done = run("place", school, "-o", tmp_path / "found.json")
    assert done.code == 0
    assert "After 1 question, student has mastered" in done.out
    assert "The diagnostic is not finished." in done.out
    assert json.loads((tmp_path / "found.json").read_text())["n_questions"] == 1


def test_an_interruption_leaves_what_was_found(
    run: Run, school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = iter(["y\n", "n\n"])

    def readline() -> str:
        for line in lines:
            return line
        raise KeyboardInterrupt

    typed(monkeypatch)
    monkeypatch.setattr(sys.stdin, "readline", readline)
    done = run("place", school, "-o", tmp_path / "found.json")
    assert done.code == 130
    assert "After 2 questions" in done.out
    assert json.loads((tmp_path / "found.json").read_text())["n_questions"] == 2


def test_what_is_typed_may_be_corrected(
    run: Run, school: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "perhaps", "", "y", "q", terminal=True)
    done = run("place", school)
    assert done.code == 0
    assert done.err.count("right? y/n ") == 4
    assert done.err.count("expected y or n") == 2
    assert "After 1 question" in done.out


def test_a_file_with_another_word_is_refused_by_its_line(
    run: Run, school: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "y", "", "perhaps")
    done = run("place", school)
    assert done.code == 1
    assert "line 3: 'perhaps'; expected y or n (or 1 or 0; q stops)" in done.err


def test_a_fitted_model_gives_guess_slip_and_the_next_lesson(
    run: Run, model: Path, curriculum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "y", "q")
    plain = json.loads(run("place", curriculum, "--json").out)
    typed(monkeypatch, "y", "q")
    fitted = json.loads(run("place", curriculum, "--json", "--model", model).out)
    assert fitted["skills"]["probability"] != plain["skills"]["probability"]
    assert fitted["next"]["lesson"] in {"adding up", "taking away", "times tables"}


def test_a_model_that_gives_p_correct_takes_in_the_answers(
    run: Run, log: Path, curriculum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "elo.json"
    assert run("fit", log, "-o", path, "--model", "elo", "--no-time").code == 0
    typed(monkeypatch, "y", "q")
    assert json.loads(run("place", curriculum, "--json", "--model", path).out)["next"]["lesson"]


def test_without_a_lesson_there_is_still_what_was_found(
    run: Run, school: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("fit", log, "-o", tmp_path / "m.json", "--model", "fsrs").code == 0
    typed(monkeypatch, "y", "q")
    done = run("place", school, "--model", tmp_path / "m.json")
    assert done.code == 0
    assert "warning: no lesson could be chosen" in done.err
    assert "After 1 question" in done.out
