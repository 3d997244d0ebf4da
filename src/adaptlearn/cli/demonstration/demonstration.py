"""What the demo shows and writes: parameters, mastery, decisions, an explanation, predictions."""

from __future__ import annotations

import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.cli.demonstration.mastery_picture import draw_mastery
from adaptlearn.cli.demonstration.plans import ASKED
from adaptlearn.cli.fit import NAMES, parameter_table
from adaptlearn.cli.output import heading, say, table, terminal_width, to_json, write_csv
from adaptlearn.cli.recommend import decision_table
from adaptlearn.errors import AdaptLearnWarning, MissingDependency
from adaptlearn.files import write_text
from adaptlearn.media import terminal_text
from adaptlearn.models import BKT
from adaptlearn.models.mastery import Mastery
from adaptlearn.sequencing.explanation import Explanation
from adaptlearn.simulation.school import School

SHOWN_STUDENTS, SHOWN_SKILLS = 5, 12
DECIDED = 1_000  # students whose decisions are written
CELLS = 2_000_000  # lines of mastery.csv, at most
QUICK = 200_000  # responses that are cross-validated without being asked


class Demonstration:
    """Everything the demo shows, computed once.

    Parameters
    ----------
    log : ResponseLog
    curriculum : Curriculum
    model : BKT
        Fitted to the log.
    school : School or None
        The truth, where the log was simulated.
    """

    def __init__(
        self, log: ResponseLog, curriculum: Curriculum, model: BKT, school: School | None
    ) -> None:
        self.log, self.curriculum, self.model, self.school = log, curriculum, model, school
        most_answers = np.argsort(-model.n_answers_, kind="stable")
        self.shown_skills = np.sort(most_answers[:SHOWN_SKILLS]).tolist()
        tracker = MasteryTracker(model).update(log)
        students = log.student.labels[: max(1, CELLS // len(model.skills_))]
        self.mastery: Mastery = tracker.mastery(students)
        self.sequencer = Sequencer(curriculum, tracker, random_state=0)
        self.decisions = self.sequencer.recommend(students[:DECIDED])
        self.few = spread(self.mastery, min(DECIDED, len(students)))
        self.few_decisions = self.sequencer.recommend(self.mastery.students[self.few])
        self.explanation = self._explain_a_blocked_lesson()
        self.validation = cross_validated(log)

    def _explain_a_blocked_lesson(self) -> Explanation:
        """The one with the longest way to it; if none waits, one that was not chosen."""
        lessons = self.curriculum.lessons[:SHOWN_SKILLS].tolist()
        explained = [
            (self.sequencer.explain(decision.student, lesson), lesson == decision.lesson)
            for decision in self.few_decisions
            for lesson in lessons
        ]
        # Of equal ones max takes the first.
        return max(explained, key=lambda pair: (len(pair[0].unlock), not pair[1]))[0]

    def parts(self) -> list[str]:
        """What is printed, in order."""
        source = "A simulated school" if self.school else "Your log"
        lessons = "each skill is a lesson, since a log names no lessons or prerequisites"
        if self.school is not None:
            curriculum = self.curriculum
            lessons = (
                f"{len(curriculum.lessons)} lessons, {curriculum.prerequisites.nnz} prerequisites"
            )
        lesson, student = map(terminal_text, (self.explanation.lesson, self.explanation.student))
        explained = f"Why (not) {lesson}, for {student}?"
        few = decision_table(self.few_decisions, terminal_width())
        parts = [
            heading(f"{source}: {self.log!r}"),
            self._parameters(),
            heading("P(known) of a few students, as their next question begins"),
            self._mastery_table(),
            heading(f"What each of them does next ({lessons})"),
            few,
            heading(explained),
            str(self.explanation),
        ]
        if self.validation is not None:
            parts += [heading("How well answers of unseen students are predicted"), self.validation]
        return parts

    def _parameters(self) -> str:
        if self.school is None:
            shown = parameter_table(self.model, self.shown_skills)
            return "\n".join([heading("Fitted parameters"), shown, *self._more("parameters.csv")])
        rows = comparison(self.model, self.school)
        names = [name for name in NAMES if name != "forget"]
        body = [
            [
                row["skill"],
                row["answers"],
                *("{:.3f} ({:.3f})".format(*row[name]) for name in names),
            ]
            for row in rows
        ]
        head = ["skill", "answers", *(f"{name} (true)" for name in names)]
        return f"{heading('Fitted parameters beside the true ones')}\n{table(head, body)}"

    def _mastery_table(self) -> str:
        known = self._known()

        def cell(student: int, skill: int) -> str:
            mark = " *" if known is not None and known[student, skill] else ""
            return f"{self.mastery.value[student, skill]:.2f}{mark}"

        rows = [
            [str(self.mastery.skills[k]), *(cell(s, k) for s in self.few)]
            for k in self.shown_skills
        ]
        lines = [table(["skill", *map(str, self.mastery.students[self.few])], rows)]
        lines += self._more("mastery.csv")
        if known is not None:
            sure = self.mastery.value >= 0.95
            lines.append(
                "* the student really knows it. Wherever P(known) is .95 or more, "
                f"{known[sure].mean():.1%} do; below, {known[~sure].mean():.1%}."
            )
        return "\n".join(lines)

    def _more(self, file: str) -> list[str]:
        left = len(self.model.skills_) - len(self.shown_skills)
        return [f"(the {SHOWN_SKILLS} skills with most answers; {left} more in {file})"] * (
            left > 0
        )

    def _known(self) -> Any:
        """The hidden truth in the order of the mastery table."""
        if self.school is None:
            return None
        rows = [self.school.students.tolist().index(name) for name in self.mastery.students]
        columns = [self.school.skills.tolist().index(name) for name in self.mastery.skills]
        return self.school.known[np.ix_(rows, columns)]

    def write(self, folder: Path) -> dict[str, str]:
        """Write the files; their names, and what each is."""
        files = {"model.json": "the fitted model: adaptlearn.load reads it"}
        self.model.save(folder / "model.json")
        write_csv(folder / "parameters.csv", self.model.parameters_)
        files["parameters.csv"] = "prior, learn, forget, guess and slip of each skill"
        write_csv(folder / "mastery.csv", self.mastery.table())
        files["mastery.csv"] = f"P(known) of {self._some_students(len(self.mastery.students))}"
        decided = self.decisions.to_dicts()
        write_text(folder / "decisions.json", to_json(decided) + "\n")
        files["decisions.json"] = f"the next lesson of {self._some_students(len(decided))}, and why"
        if self.school is not None:
            write_csv(folder / "responses.csv", self.school.responses)
            files["responses.csv"] = "the simulated log: try adaptlearn fit on it"
            write_text(folder / "curriculum.json", self.curriculum.to_json(indent=1) + "\n")
            files["curriculum.json"] = "its skills, prerequisites, lessons, items and standards"
            for name, (asked, what) in ASKED.items():
                write_text(folder / name, to_json(asked) + "\n")
                files[name] = what
        try:
            draw_mastery(self.mastery, self.decisions, folder / "mastery.png")
            files["mastery.png"] = "a picture of mastery.csv"
        except MissingDependency as error:
            say(f"no picture: {error}")
        return files

    def _some_students(self, count: int) -> str:
        total = self.log.n_students
        return (
            f"{count:,} students"
            if count == total
            else f"the first {count:,} of {total:,} students"
        )

    def to_dict(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "n_responses": len(self.log),
            "n_students": self.log.n_students,
            "parameters": {
                name: values.tolist() for name, values in self.model.parameters_.items()
            },
            "truth": None
            if self.school is None
            else {name: values.tolist() for name, values in self.school.truth.items()},
            "decisions": self.few_decisions.to_dicts(),
            "explanation": self.explanation.to_dict(),
        }


def comparison(model: BKT, school: School) -> list[dict[str, Any]]:
    """Per skill of a model: answers, and each parameter as (fitted, true)."""
    truth = {skill: k for k, skill in enumerate(school.truth["skill"].tolist())}
    return [
        {
            "skill": skill,
            "answers": int(model.n_answers_[k]),
            **{
                name: (
                    float(model.parameters_[name][k]),
                    float(school.truth[name][truth[skill]]),
                )
                for name in NAMES
            },
        }
        for k, skill in enumerate(model.skills_.tolist())
    ]


def spread(mastery: Mastery, count: int) -> Any:
    """Places of a few of the first `count` students, from least to most mastery."""
    order = np.argsort(mastery.value[:count].mean(axis=1), kind="stable")
    few = np.linspace(0, len(order) - 1, min(SHOWN_STUDENTS, len(order))).round().astype(int)
    return order[few]


def cross_validated(log: ResponseLog) -> str | None:
    """Plain and forgetting BKT on five folds of students, where that takes seconds."""
    if len(log) > QUICK or log.n_students < 10:
        return None
    begun = perf_counter()
    with warnings.catch_warnings():
        # What a fold lacks says nothing new after the fit to the whole log.
        warnings.simplefilter("ignore", AdaptLearnWarning)
        models = {"BKT": BKT(), "BKT(forgetting=True)": BKT(forgetting=True)}
        result = adaptlearn.cross_validate(models, log)
    say(f"cross-validated in {perf_counter() - begun:.1f} s")
    return str(result)
