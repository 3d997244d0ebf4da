"""The report of a promotion: what each student meets and misses, and a person's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import Label, LabelIndex, label_of, plain
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.frames import Rows, Tabled
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.standing import Standing
from adaptlearn.planning.promotion.words import sentence
from adaptlearn.sequencing.overrides import Override
from adaptlearn.tables import Parts, ends
from adaptlearn.validation import OneOf, Pattern, check_parameters
from adaptlearn.wording import counted, duration, listed, quoted

_ROWS = 12  # that are shown
_HELD = " It was met before, and is lost only after two more answers."


@dataclass(frozen=True)
class PromotionDecision:
    """What a person decided about a student's promotion, beside what the library recommended.

    Attributes
    ----------
    student : label
    rule : str
        The name of the rule.
    promoted : bool
        What the person decided.
    recommended : bool
        What the report recommended.
    author, reason : str
    missing : tuple
        The labels of the standards that were missing.
    time : float or None
        The moment of the report, in seconds.
    rules, model : str
        The fingerprints of the rules and of the model.
    """

    student: Label
    rule: str
    promoted: bool
    recommended: bool
    author: str
    reason: str
    missing: tuple[Any, ...]
    time: float | None
    rules: str
    model: str

    def to_dict(self) -> dict[str, Any]:
        """Convert to a dict of plain values that JSON can store."""
        return {**asdict(self), "missing": [*self.missing]}


@dataclass(frozen=True, eq=False, repr=False)
class PromotionReport(Tabled):
    """Which students meet a rule, what the others miss, and why; `print` shows a table.

    The report recommends. A person decides, and `decide` makes a record of the decision.

    Attributes
    ----------
    rule : str
        The name of the rule.
    students : array, shape (n_students,)
    standards : tuple
        The labels of the standards of the rule, in the order of the columns. Skills that a unit
        lists besides its standards have the label (course, unit).
    recommended : bool array, shape (n_students,)
        Whether the student meets the rule.
    known : float array, shape (n_students, n_standards)
        P(the required share of the standard's skills is known). If the rules are for P(correct),
        the P(correct) that the required share of the skills reaches.
    answers, days : int arrays, shape (n_students, n_standards)
        Answers on the standard's skills, and days with such answers.
    retained, granted, met : bool arrays, shape (n_students, n_standards)
        Whether the standard is retained, was granted by a teacher, and is met.
    held : bool array, shape (n_students, n_standards)
        Whether the standard is met only because it was met in the report before, and fewer than two
        answers came since.
    missing : bool array, shape (n_students, n_standards)
        The standards that the student must still meet. If the rule offers a choice, these are the
        ones that take the fewest minutes.
    minutes : float array, shape (n_students,)
        The expected minutes until the missing standards are met, with what comes before them; 0 if
        the student meets the rule, inf if a skill has no lesson.
    demands : tuple of Demand
        The skills and the settings of each standard.
    grants : mapping of (row, column) to tuple of Override
        The overrides behind `granted`.
    now : float or None
    rules_fingerprint, model : str
    """

    rule: str
    students: NDArray[Any]
    recommended: Bools
    known: Floats
    answers: Ints
    days: Ints
    retained: Bools
    granted: Bools
    met: Bools
    held: Bools
    missing: Bools
    minutes: Floats
    demands: tuple[Demand, ...]
    grants: Mapping[tuple[int, int], tuple[Override, ...]]
    now: float | None
    rules_fingerprint: str
    model: str

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def standards(self) -> tuple[Any, ...]:
        """The labels of the standards."""
        return tuple(one.label for one in self.demands)

    def __len__(self) -> int:
        return len(self.students)

    def part(self, rows: Ints) -> Self:
        """The report of some rows, by their places."""
        place = {int(row): at for at, row in enumerate(rows)}
        parts: dict[str, Any] = {
            name: one[rows] for name, one in vars(self).items() if isinstance(one, np.ndarray)
        }
        parts["grants"] = {
            (place[row], column): held
            for (row, column), held in self.grants.items()
            if row in place
        }
        return replace(self, **parts)

    def row(self, student: Label) -> int:
        """The row of a student.

        Raises
        ------
        UnknownLabelError
            The student is not in the report.
        """
        return LabelIndex("student of the report", self.students).code(student)

    def why(self, student: Label) -> str:
        """One sentence or more for each standard: met, granted by whom, or what is missing.

        Raises
        ------
        UnknownLabelError
            The student is not in the report.
        """
        row = self.row(student)
        minutes = float(self.minutes[row])
        if self.recommended[row]:
            lines = [f"{student}: promotion is recommended by the rule {quoted(self.rule)}."]
        else:
            left = f"about {duration(minutes)}" if np.isfinite(minutes) else "no lesson leads there"
            lines = [f"{student}: not yet by the rule {quoted(self.rule)}; {left}."]
        own = self._standing(row)
        for column, demand in enumerate(self.demands):
            if self.met[row, column] or self.missing[row, column]:
                grants = self.grants.get((row, column), ())
                note = "" if not self.held[row, column] else _HELD
                lines.append(f"- {sentence(demand, own, column, grants)}{note}")
        return "\n".join(lines)

    def _standing(self, row: int) -> Standing:
        return Standing(*(getattr(self, name)[row] for name in Standing._fields))

    def decide(
        self, student: Label, promoted: bool, *, author: str, reason: str = ""
    ) -> PromotionDecision:
        """Record what a person decided about a student.

        The report does not change. Store the record, for example as ``decision.to_dict()``.

        Parameters
        ----------
        student : label
        promoted : bool
        author : str
            Who decided.
        reason : str
            Required if the decision differs from the recommendation.

        Raises
        ------
        ParameterError
            The author is empty, or the reason is empty although it is required.
        UnknownLabelError
            The student is not in the report.
        """
        row, problems = self.row(student), []
        recommended = bool(self.recommended[row])
        if not author:
            problems.append("author is empty; say who decides")
        if not reason and bool(promoted) != recommended:
            told = "recommends promotion" if recommended else "does not recommend promotion"
            problems.append(f"reason is empty, and the report {told}; say why you decide otherwise")
        check_parameters(
            f"decision about {student!r}",
            {"promoted": promoted, "author": author, "reason": reason},
            {
                "promoted": [OneOf((True, False))],
                "author": [Pattern(".*")],
                "reason": [Pattern(".*")],
            },
            problems,
        )
        return PromotionDecision(
            student=label_of(student, "student"),
            rule=self.rule,
            promoted=bool(promoted),
            recommended=recommended,
            author=author,
            reason=reason,
            missing=self._missing(row),
            time=self.now,
            rules=self.rules_fingerprint,
            model=self.model,
        )

    def _missing(self, row: int) -> tuple[Any, ...]:
        return tuple(self.standards[at] for at in np.flatnonzero(self.missing[row]))

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per student, as columns for any dataframe library."""
        return {
            "student": self.students,
            "recommended": self.recommended,
            "met": self.met.sum(axis=1),
            "missing": self.missing.sum(axis=1),
            "minutes": self.minutes,
        }

    def by_standard(self) -> Rows:
        """The report with one row per student and standard."""
        n_students, n_standards = self.met.shape
        names = (*Standing._fields, "held", "missing")
        labels = np.fromiter(self.standards, object, n_standards)
        return Rows(
            f"the rule {quoted(self.rule)}, standard by standard",
            {
                "student": np.repeat(self.students, n_standards),
                "standard": np.tile(labels, n_students),
                **{name: getattr(self, name).ravel() for name in names},
            },
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values that JSON can store: one entry per student."""
        minutes = [m if np.isfinite(m) else None for m in self.minutes.tolist()]
        return {
            "rule": self.rule,
            "rules": self.rules_fingerprint,
            "model": self.model,
            "time": self.now,
            "students": [
                {
                    "student": plain(student),
                    "recommended": bool(self.recommended[row]),
                    "met": [self.standards[at] for at in np.flatnonzero(self.met[row])],
                    "missing": [*self._missing(row)],
                    "granted": [
                        {"standard": self.standards[at], "author": one.author, "reason": one.reason}
                        for at in np.flatnonzero(self.granted[row])
                        for one in self.grants.get((row, int(at)), ())
                    ],
                    "minutes": minutes[row],
                }
                for row, student in enumerate(self.students)
            ],
        }

    def _parts(self) -> Parts:
        n, n_met = len(self), int(self.recommended.sum())
        caption = (
            f"promotion by the rule {quoted(self.rule)}: recommended for {n_met:,} of "
            f"{counted(n, 'student')}"
        )
        head = ["student", "recommended", "met", "missing", "minutes"]
        rows = []
        for row in ends(n, _ROWS):
            if row is None:
                rows.append(["…"] * len(head))
                continue
            labels = [str(one) for one in self._missing(row)]
            missing = listed(labels) if len(labels) <= 3 else f"{len(labels)} standards"
            minutes = float(self.minutes[row])
            left = "no way" if np.isinf(minutes) else f"{minutes:,.0f}"
            met = f"{int(self.met[row].sum())} of {len(self.demands)}"
            recommended = "yes" if self.recommended[row] else "no"
            rows.append([str(self.students[row]), recommended, met, missing or "-", left])
        return Parts(caption, head, rows, ["this is a recommendation; a person decides"])

    def __repr__(self) -> str:
        return str(self)
