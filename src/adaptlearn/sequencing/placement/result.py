"""What a placement diagnostic found: where a student stands, and what is still open."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError, StateError
from adaptlearn.labels import Label
from adaptlearn.media import html_text, terminal_text
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.tables import html_table
from adaptlearn.tracking.tracker import MasteryTracker
from adaptlearn.wording import listed, quoted

_ENDED = {
    "accurate": "it is accurate enough",
    "questions": "the number of questions is used up",
    "minutes": "the minutes are used up",
    "settled": "no question that may be asked would tell more",
}


class PlacementResult:
    """What a student knows and does not know, and which skills are still uncertain.

    Attributes
    ----------
    student : label
    probability : float array, shape (n_skills,)
        P(mastered), in the curriculum's order.
    mastered, not_mastered, uncertain : tuples of labels
        Each skill is in exactly one of the tuples `mastered`, `not_mastered` and `uncertain`. The
        labels in each of the three tuples are in the curriculum's order.
    frontier : tuple of labels
        The outer fringe: the skills that the student is ready to learn. For `frontier`, a skill
        counts as mastered if it is more likely mastered than not mastered.
    misjudged : float
        The expected number of misjudged skills, if each skill is judged as mastered or not by its
        P(mastered).
    answers : tuple of (label, bool)
    n_questions : int
    ended : str or None
        Why the diagnostic ended: ``"accurate"``, ``"questions"``, ``"minutes"`` or ``"settled"``.
        `ended` is None if the diagnostic has not ended.
    """

    def __init__(
        self,
        student: Label,
        *,
        curriculum: Curriculum,
        probability: Floats,
        confidence: float,
        answers: tuple[tuple[Label, bool], ...],
        ended: str | None,
    ) -> None:
        self.student, self.answers, self.ended = student, answers, ended
        self.n_questions = len(answers)
        self.probability = probability
        self.confidence = confidence
        self.misjudged = float(np.minimum(probability, 1 - probability).sum())
        self._skills = curriculum.skills
        self._titles = curriculum.skill_titles
        self._sure = probability >= confidence
        self._sure_not = probability <= 1 - confidence
        self._fringe = curriculum.outer_fringe((probability >= 0.5)[None])[0]
        self.mastered = self._labels(self._sure)
        self.not_mastered = self._labels(self._sure_not)
        self.uncertain = self._labels(~(self._sure | self._sure_not))
        self.frontier = self._labels(self._fringe)

    def _labels(self, chosen: Bools) -> tuple[Label, ...]:
        return tuple(self._skills[chosen].tolist())

    def _named(self, places: Ints, *, odds: bool = False, limit: int = 5) -> str:
        names = [
            quoted(self._titles[place]) + (f" ({self.probability[place]:.2f})" if odds else "")
            for place in places[:limit].tolist()
        ]
        more = len(places) - limit
        return listed([*names, f"{more} more"] if more > 0 else names)

    @property
    def text(self) -> str:
        """Sentences for a teacher."""
        n = len(self._skills)
        number = f"{self.n_questions} question{'' if self.n_questions == 1 else 's'}"
        says = [
            f"After {number}, {terminal_text(self.student)} has mastered {len(self.mastered)} of "
            f"{n} skills and has not mastered {len(self.not_mastered)}; uncertain: "
            f"{len(self.uncertain)} (at {self.confidence:.0%} confidence)."
        ]
        doubt = np.argsort(np.abs(self.probability - 0.5), kind="stable")
        doubt = doubt[: len(self.uncertain)]
        if len(doubt):
            says.append(f"The most uncertain: {self._named(doubt, odds=True)}.")
        fringe = np.flatnonzero(self._fringe)
        if len(fringe):
            says.append(f"Ready to learn: {self._named(fringe)}.")
        says.append(f"Expect about {self.misjudged:.1f} of the {n} skills to be judged wrongly.")
        says.append(
            f"The diagnostic ended because {_ENDED[self.ended]}."
            if self.ended
            else "The diagnostic is not finished."
        )
        return " ".join(says)

    @property
    def student_text(self) -> str:
        """Sentences for the student."""
        fringe = np.flatnonzero(self._fringe)
        known = f"You know {len(self.mastered)} of {len(self._skills)} skills here."
        if len(self.mastered) == len(self._skills):
            return f"{known} There is nothing left for you to learn here. Well done!"
        says = [known]
        if len(fringe):
            says.append(f"You can go on with {self._named(fringe, limit=3)}.")
        if self.uncertain:
            count = len(self.uncertain)
            skills = "one skill" if count == 1 else f"{count} skills"
            says.append(f"We are not sure of {skills} yet; your next answers will show.")
        return " ".join(says)

    def apply(self, tracker: MasteryTracker, *, time: Any = None) -> None:
        """Store the result in a tracker, so that lessons start from what the student knows.

        After `apply`, the tracker's mastery and the sequencer's explanations and decisions agree
        with the result. The student's later answers update the stored result.

        Parameters
        ----------
        tracker : MasteryTracker
            If the model has P(known), as a BKT has, the tracker stores the `probability` of every
            skill (see `MasteryTracker.believe`). A tracker that stores the `probability` does not
            count the answers of the diagnostic. If the model only predicts answers, the tracker
            uses the `answers` of the diagnostic as the student's first answers, without items. From
            the answers of the diagnostic, the model infers what the student knows of other skills.
        time : float or datetime, optional
            The time of the diagnostic's answers; needed if the tracker's answers have times. A BKT
            does not need `time`.

        Raises
        ------
        ParameterError
            The error is raised if `tracker` is not a `MasteryTracker`.
        StateError
            The error is raised if the student has answered before. Call
            ``tracker.forget([student])`` to start again.
        """
        given: Any = tracker
        if not isinstance(given, MasteryTracker):
            kind = type(given).__name__
            raise ParameterError("apply", [f"tracker is a {kind}; expected MasteryTracker(model)"])
        if tracker.mastery([]).kind == "latent":
            skills = self._skills.tolist()
            tracker.believe(self.student, dict(zip(skills, self.probability.tolist(), strict=True)))
            return
        if not tracker.unmet([self.student]):
            raise StateError(
                f"student {self.student!r} has answered before, and would answer the diagnostic's "
                "questions twice if it was applied again; forget the student first"
            )
        n = self.n_questions
        if n:
            skill, correct = zip(*self.answers, strict=True)
            columns = {"student": [self.student] * n, "skill": [*skill], "correct": [*correct]}
            tracker.update(columns if time is None else {**columns, "time": [time] * n})

    def table(self) -> dict[str, list[Any]]:
        """A table with one row per skill, as columns that any dataframe library accepts."""
        standing = np.select([self._sure, self._sure_not], ["mastered", "not mastered"],
                             "uncertain")  # fmt: skip
        asked: dict[Label, list[bool]] = {}
        for skill, correct in self.answers:
            asked.setdefault(skill, []).append(correct)
        skills = self._skills.tolist()
        return {
            "skill": skills,
            "title": list(self._titles),
            "probability": self.probability.tolist(),
            "standing": standing.tolist(),
            "frontier": self._fringe.tolist(),
            "asked": [len(asked.get(skill, ())) for skill in skills],
            "right": [sum(asked.get(skill, ())) for skill in skills],
        }

    def to_dict(self) -> dict[str, Any]:
        """Convert to a dict of plain values that JSON can store."""
        return {
            "student": self.student,
            "n_questions": self.n_questions,
            "ended": self.ended,
            "misjudged": self.misjudged,
            "answers": [list(pair) for pair in self.answers],
            "skills": self.table(),
        }

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return (
            f"<PlacementResult of {terminal_text(self.student)}: {len(self.mastered)} mastered, "
            f"{len(self.not_mastered)} not, {len(self.uncertain)} uncertain, "
            f"{self.n_questions} questions>"
        )

    def _repr_html_(self) -> str:
        columns = self.table()
        answers = zip(columns["asked"], columns["right"], strict=True)
        rows = zip(
            columns["title"],
            [f"{p:.2f}" for p in columns["probability"]],
            columns["standing"],
            ["ready" if ready else "" for ready in columns["frontier"]],
            [f"{right} of {asked}" if asked else "" for asked, right in answers],
            strict=True,
        )
        head = ["skill", "P(mastered)", "standing", "frontier", "right"]
        return f"<p>{html_text(self.text)}</p>{html_table('', head, rows)}"
