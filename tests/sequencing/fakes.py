"""A tracker whose mastery is whatever a test says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn import Curriculum, Sequencer
from adaptlearn.labels import label_array
from adaptlearn.sequencing import ProvisionalMastery
from adaptlearn.sequencing.knowledge import Context


@dataclass
class FakeMastery:
    skills: NDArray[Any]
    value: NDArray[np.float64]
    kind: Literal["latent", "predicted"]


class FakeTracker:
    """Knows what it was told; a student it was not told about has mastery 0.1 everywhere."""

    fingerprint = "model-0"

    def __init__(
        self,
        skills: Any,
        known: dict[Any, list[float]] | NDArray[np.float64],
        kind: Literal["latent", "predicted"] = "latent",
    ) -> None:
        self.skills = label_array(skills)
        self.kind: Literal["latent", "predicted"] = kind
        if isinstance(known, dict):
            self.students = label_array(known)
            self.known = np.array(list(known.values()), float)
        else:
            self.students = np.arange(len(known))
            self.known = known
        self._row = {student: row for row, student in enumerate(self.students.tolist())}
        self.asked: list[int] = []  # sizes of the blocks that were asked for
        self.given: NDArray[np.int64] | None = None  # answers, where 3 of each will not do

    def mastery(self, students: Any) -> FakeMastery:
        rows = [self._row.get(student, -1) for student in students]
        table = np.vstack([self.known, np.full(len(self.skills), 0.1)])
        self.asked.append(len(rows))
        return FakeMastery(self.skills, table[rows], self.kind)

    def counts(self, students: Any) -> NDArray[np.int64]:
        if self.given is not None:
            return self.given
        return np.full((len(students), len(self.skills)), 3)


def chain() -> Curriculum:
    """Count before add before multiply; count before measure."""
    return Curriculum.from_dict(
        {"prerequisites": [["count", "add"], ["add", "multiply"], ["count", "measure"]]}
    )


def default(school: Curriculum, known: Any, **options: Any) -> Sequencer:
    """The sequencer as it comes, for one student called 0; its tracker keeps `known`."""
    table = np.array([known], float)
    made = FakeTracker(school.skills.tolist(), table)
    return Sequencer(school, made, random_state=0, **options)


def open_to(school: Curriculum, known: Any) -> list[Any]:
    """Lessons that the default policy allows a student."""
    table = np.array([known], float)
    eligible = ProvisionalMastery().score(Context(school, np.arange(1), table, "latent"))[1]
    found: list[Any] = school.lessons[eligible[0]].tolist()
    return found
