"""How far students fitted to real logs resemble the students of these logs.

    python benchmarks/real_students.py            four logs; some two minutes
    python benchmarks/real_students.py cloze      one of them; writes nothing

Both kinds of `simulators_from_log` are fitted to the training students of each log and simulated
again, ten times. Of `cloze` it is the practice, not the test some days later. Prints a table for
the page "Students from a real log", writes results/real_students.json and the page's picture of
the four logs. ``ADAPTLEARN_DATA`` names the folder of the logs, as for ``accuracy.py``.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from _cloze import cloze
from _record import HERE, circumstances, write
from accuracy import DATA

from adaptlearn import ResponseLog
from adaptlearn.media import picture_text
from adaptlearn.plotting import new_figure, write_picture
from adaptlearn.simulation import TwoState
from adaptlearn.simulation.fitted import Resemblance, resemblance, simulators_from_log
from adaptlearn.simulation.students import PracticeFactors, StudentClasses
from adaptlearn.tables import plain_columns

FILES = {
    "assistments09": ("assistments09/train.csv", "skill_set"),
    "assistments15": ("assistments15/train.csv", "skill"),
    "assist12_skills": ("assist12_skills/train.csv.gz", "skill"),
    "cloze": ("cloze/responses.csv", "item"),
}
PICTURE = HERE.parent / "docs" / "images" / "real_students_logs.png"
N_REPEATS = 10
SHARES = (0.1, 0.5, 0.9)


def read(name: str) -> ResponseLog:
    """The training students of a log."""
    path, skill = FILES[name]
    if name != "cloze":
        return ResponseLog.from_file(DATA / path, skill=skill, item=False)
    columns = cloze()
    practice = ~columns["test"]
    return ResponseLog.from_frame(
        {
            "student": columns["student"][practice],
            "skill": columns[skill][practice],
            "correct": columns["correct"][practice],
            "time": columns["time"][practice],
        }
    )


def parameters(simulator: TwoState | PracticeFactors) -> dict[str, Any]:
    """What was fitted: of skills the deciles and the median, of students all."""
    by_skill = (
        {name: table[0] for name, table in simulator.draws.items()}
        if isinstance(simulator, TwoState)
        else simulator.parameters
    )
    students = simulator.differences
    assert isinstance(students, StudentClasses)
    found: dict[str, Any] = {
        name: np.quantile(values, SHARES).round(4).tolist() for name, values in by_skill.items()
    }
    found["students"] = {
        name: np.round(getattr(students, name), 4).tolist()
        for name in ("share", "start", "pace", "spread")
    }
    if isinstance(simulator, PracticeFactors):
        found["chance"] = simulator.chance
    known = simulator.start(2000, np.random.default_rng(0)).knows()
    found["known_at_start"] = round(float(known.mean()), 3)
    return found


def measure(name: str) -> tuple[dict[str, Any], dict[str, Resemblance]]:
    """Both kinds on one log."""
    log = read(name)
    begin = time.process_time()
    fitted = simulators_from_log(log)
    result: dict[str, Any] = {
        "responses": len(log),
        "students": log.n_students,
        "skills": log.n_skills,
        "fit_seconds": time.process_time() - begin,
        "kinds": {},
    }
    found = {}
    for kind, simulator in fitted.items():
        found[kind] = one = resemblance(simulator, log, n_repeats=N_REPEATS)
        figures = {
            title: column.round(5) if column.dtype.kind == "f" else column
            for title, column in one.table().items()
        }
        result["kinds"][kind] = {
            "distances": {aspect: round(value, 5) for aspect, value in one.distances.items()},
            "parameters": parameters(simulator),
            "figures": plain_columns(figures),
        }
        print(f"\n{name}, {kind}\n{one}")
    return result, found


def table(logs: dict[str, dict[str, Any]]) -> str:
    """The distances as Markdown: what the page shows."""
    first = next(iter(logs.values()))["kinds"]
    aspects = [*next(iter(first.values()))["distances"]]
    lines = [f"| log | kind | {' | '.join(aspects)} |", "| --- | --- |" + " --- |" * len(aspects)]
    for name, result in logs.items():
        for kind, found in result["kinds"].items():
            cells = [f"{value:.3f}" for value in found["distances"].values()]
            lines.append(f"| `{name}` | `{kind}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found: dict[str, dict[str, Resemblance]]) -> None:
    """Error rates by answer: of each log, and of the students fitted to it."""
    figure = new_figure((7.6, 5.2))
    places = figure.subplots(2, 2, sharex=True).ravel()
    for ax, (name, kinds) in zip(places, found.items(), strict=True):
        for kind, (marker, color) in {
            "two_state_classes": ("s", "tab:orange"),
            "logistic_growth": ("^", "tab:blue"),
        }.items():
            one = kinds[kind]
            errors = np.array(one.aspects) == "errors"
            answer = np.arange(1, errors.sum() + 1)
            ax.plot(
                answer, one.simulated[errors], marker + "--", color=color, markersize=4,
                label=kind.replace("_", " "),
            )  # fmt: skip
        ax.plot(answer, one.log[errors], "o-", color="0.15", markersize=5, label="log")
        ax.set(ylim=(0, 1.1 * ax.get_ylim()[1]), title=picture_text(name))
        ax.grid(color="0.92")
        ax.spines[["top", "right"]].set_visible(False)
    places[0].legend(fontsize="small", frameon=False)
    figure.supxlabel("answer on a skill", fontsize="medium")
    figure.supylabel("share of wrong answers", fontsize="medium")
    write_picture(figure, PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="*", choices=[[], *FILES], help="all of them by default")
    asked = parser.parse_args().logs
    logs, found = {}, {}
    for name in asked or FILES:
        logs[name], found[name] = measure(name)
    print("\n" + table(logs))
    if not asked:
        draw(found)
        result = {**circumstances(("numpy", "scipy")), "repeats": N_REPEATS, "logs": logs}
        print("written:", write("real_students.json", result))


if __name__ == "__main__":
    main()
