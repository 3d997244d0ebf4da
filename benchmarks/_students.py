"""The tables of the pages on placement, students from a real log, diagnoses, and intervals."""

from __future__ import annotations

import re
from typing import Any

from _tables import MINUS, NONE, measured, read, share, table

GRAPHS = {"junyi": "Junyi Academy", "metacademy": "Metacademy"}
QUESTIONS = {"graph": "graph", "two_state": "two states", "bouts": "bouts",
             "forgetting": "forgetting"}  # fmt: skip


def _placed(noise: str) -> str:
    rows = [
        [f"{title}, {one['make']}", f"{one['questions']:.0f}", share(one["agreement"]),
         share(one["expected_agreement"]), share(one["curve"]["0.2"]),
         str(one["questions_for_target"])]
        for graph, title in GRAPHS.items()
        for one in read("placement")[graph]
        if one["noise"] == noise
    ]  # fmt: skip
    head = [noise, "asked", "agreement", "expected", "at a fifth", "for .95"]
    return table(head, rows)


def placed_with_noise() -> str:
    """Questions and agreement of the diagnostic, where students guess and slip."""
    return _placed("guess .2, slip .1") + "\n\n" + measured("placement")


def placed_without_noise() -> str:
    """The same where answers show what is known."""
    return _placed("no noise")


def resembling() -> str:
    """How far simulated students are from those of real logs."""
    logs = read("real_students")["logs"]
    aspects = ("errors", "students", "runs", "stopping")
    rows = [
        [f"`{log}`", f"`{kind}`", *(share(one["distances"][aspect]) for aspect in aspects)]
        for log, found in logs.items()
        for kind, one in found["kinds"].items()
    ]
    return table(["log", "kind", *aspects], rows) + "\n\n" + measured("real_students")


def edges() -> str:
    """Answers about single prerequisites."""
    told = read("diagnoses_edges")["answers"]
    rows = []
    for kind in ("true", "added"):
        for n in (300, 3000):
            counts = told[f"{n} students, {kind}"]
            answers = [str(counts.get(answer, 0)) for answer in ("yes", "no", "cannot tell")]
            rows.append([kind, f"{n:,}", *answers])
    head = ["prerequisites", "students", "yes", "no", "cannot tell"]
    return table(head, rows) + "\n\n" + measured("diagnoses_edges")


def right(kind: str, policy: str, question: str) -> list[int]:
    """How many logs got the right answer, none, and the wrong answer."""
    found = read("diagnoses")
    counts: dict[str, int] = found["answers"][f"{kind}/{policy}/{question}"]
    good, unsure = counts.get(found["truth"][kind][question], 0), counts.get("cannot tell", 0)
    return [good, unsure, sum(counts.values()) - good - unsure]


def _diagnosed(policy: str) -> str:
    rows = []
    for kind in read("diagnoses")["truth"]:
        cells = [right(kind, policy, question) for question in QUESTIONS]
        shares = [[f"{100 * n / sum(cell):.0f}" for n in cell] for cell in cells]
        rows.append([f"`{kind}`", *(" / ".join(cell) for cell in shares)])
    return table(["students", *QUESTIONS.values()], rows)


def diagnosed_in_order() -> str:
    """How often diagnoses are right, for logs in a fixed order."""
    return _diagnosed("fixed_order") + "\n\n" + measured("diagnoses")


def diagnosed_three_in_a_row() -> str:
    """How often diagnoses are right, for logs that stop after three right answers."""
    return _diagnosed("three_in_a_row")


def _verdict(found: dict[str, Any]) -> str:
    value, error = (f"{found[name]:.2f}".replace("0.", ".", 1) for name in ("value", "error"))
    value = value.replace("-.00", ".00").replace("-", MINUS)
    return f"{found['answer']}, {value} ± {error}"


def tags() -> str:
    """How many wrong tags are found, and how many right ones are doubted."""
    rows = []
    for logs in read("diagnoses_tags")["items"].values():
        for name, found in logs.items():
            kind, _, policy = name.partition("/")
            rows.append(
                [f"`{kind}`", policy.replace("_", " ") or "real log",
                 *(f"{found[part]:,} of {found[whole]:,}" for part, whole in (
                    ("found", "wrong"), ("true skill named", "wrong"),
                    ("doubted though right", "right")))]
            )  # fmt: skip
    head = ["students", "policy", "wrong tags found", "true skill named", "right tags doubted"]
    return table(head, rows) + "\n\n" + measured("diagnoses_tags")


def diagnosed_real() -> str:
    """What diagnoses say of real logs."""
    rows = []
    for log, found in read("diagnoses_real")["verdicts"].items():
        students = re.search(r"([\d,]+) students", found["subject"])
        assert students
        back = found["forgetting"]["students"]
        why = f"{back} students came back" if back else "no times"
        rows.append(
            [f"`{log}`" + ", practice" * (log == "cloze"), students[1],
             _verdict(found["two_state"]), _verdict(found["bouts"]),
             f"{found['forgetting']['answer']}: {why}"]
        )  # fmt: skip
    head = ["log", "students", "two states hold", "bouts", "forgetting"]
    return table(head, rows) + "\n\n" + measured("diagnoses_real")


def coverage() -> str:
    """How often intervals of metrics hold the true value."""
    kinds = {"library": "intervals of the library", "percentile": "percentile bootstrap"}
    answered = {False: "equally many answers", True: "very different numbers of answers"}
    found = read("coverage")["metrics"]
    rows = []
    for kind, words in kinds.items():
        for uneven, how in answered.items():
            held = [one["held"][kind].values() for one in found if one["uneven"] == uneven]
            cells = [f"{100 * min(v):.0f}{NONE}{100 * max(v):.0f}%" for v in held]
            rows.append([f"{words}, {how}", *cells])
    head = ["students", *(str(one["students"]) for one in found if not one["uneven"])]
    return table(head, rows) + "\n\n" + measured("coverage")


def coverage_of_values() -> str:
    """How often intervals of a policy's value hold it."""
    estimators = (("ips", "pdis"), ("snips", "wpdis"), ("dr",), ("wdr",))
    rows = []
    for one in read("coverage")["off_policy"]:
        held = [
            [one["held"][name] for name in names if name in one["held"]] for names in estimators
        ]
        cells = [f"{100 * found[0]:.0f}%" if found else NONE for found in held]
        rows.append([one["problem"], str(one["students"]), f"{one['effective_size']:.0f}", *cells])
    titles = [" or ".join(f"`{name}`" for name in names) for names in estimators]
    head = ["log", "students", "effective size, mean", *titles]
    return table(head, rows) + "\n\n" + measured("coverage")


PARTS = (placed_with_noise, placed_without_noise, resembling, edges, tags, diagnosed_in_order,
         diagnosed_three_in_a_row, diagnosed_real, coverage, coverage_of_values)  # fmt: skip
