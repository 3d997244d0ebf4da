"""The sequencer: scores become choices, and choices become decisions on record."""

from __future__ import annotations

import math
import uuid
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import CurriculumError, DataWarning, ParameterError, StateError
from adaptlearn.sequencing.choosing import Picks, pick
from adaptlearn.sequencing.curriculum import Curriculum
from adaptlearn.sequencing.decisions import Columns, Decisions, Provenance
from adaptlearn.sequencing.explaining import Explanation, explain
from adaptlearn.sequencing.labels import LabelIndex, label_array, near_spellings, plain
from adaptlearn.sequencing.policies import (
    Context,
    MasteryThreshold,
    Policy,
    plain_reason,
    policy_fingerprint,
    policy_name,
    scorer,
    threshold_policy,
)
from adaptlearn.sequencing.reading import Label
from adaptlearn.sequencing.tracker import Tracker
from adaptlearn.validation import Interval, OneOf, check_parameters, some

# A block's dense tables stay below this many cells (at eight bytes each: 32 MB).
_CELLS = 1 << 22


class Sequencer:
    """Chooses each student's next lesson, and can say why, and why not another.

    The best score wins; equal scores are drawn from uniformly, so the probability of every
    choice (its *propensity*) is known exactly and recorded.

    Parameters
    ----------
    curriculum : Curriculum
    tracker : MasteryTracker
        Or anything with its ``students``, ``skills``, ``fingerprint``, ``mastery(students)`` and
        ``counts(students)``. Its skills are matched with the curriculum's by label. A skill of
        the curriculum that the tracker does not know counts as not mastered, with mastery 0; a
        warning names these once. Skills the curriculum does not have are not looked at.
    policy : policy, optional
        `MasteryThreshold()` by default. A function ``(context) -> (scores, eligible)``, or an
        object whose ``score`` is one.
    random_state : int or numpy.random.Generator, optional
        What ties are broken with. By default fresh in each process; give an int to repeat a run.
    block_size : int, optional
        How many students are scored at a time. By default as many as keep the tables small.
        The results do not depend on it, as long as the policy treats each student alone.
    runners_up : int, default 3
        How many of the best lessons that were not tied for best each decision keeps.
    new_students : bool, default False
        Whether students the tracker has not met are taken as new ones. By default they are
        refused, because a misspelled name would quietly start from nothing.
    ids : {"content", "random"}, default "content"
        Whether a decision's id is a digest of its content, or random.

    Attributes
    ----------
    unknown_skills : tuple of label
        Skills of the curriculum that the tracker does not know.

    Raises
    ------
    CurriculumError
        No skill of the curriculum is known to the tracker.
    ParameterError
        An argument is outside what is allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from adaptlearn import Curriculum, Sequencer
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> known = SimpleNamespace(
    ...     skills=school.skills, value=np.array([[0.97, 0.4]]), kind="latent"
    ... )
    >>> tracker = SimpleNamespace(  # in earnest: MasteryTracker(model)
    ...     students=["ann"], skills=school.skills, fingerprint="a model's",
    ...     mastery=lambda students: known, counts=lambda students: np.array([[6, 1]]),
    ... )
    >>> sequencer = Sequencer(school, tracker, random_state=0)
    >>> sequencer.recommend(["ann"])[0].lesson
    'multiply'
    >>> print(sequencer.explain("ann", "add"))
    ann has already mastered what "add" teaches: "add" 0.97 (threshold 0.95).
    """

    def __init__(
        self,
        curriculum: Curriculum,
        tracker: Tracker,
        policy: Policy | None = None,
        *,
        random_state: int | np.random.Generator | None = None,
        block_size: int | None = None,
        runners_up: int = 3,
        new_students: bool = False,
        ids: Literal["content", "random"] = "content",
    ) -> None:
        check_parameters(
            "Sequencer",
            {"block_size": block_size, "runners_up": runners_up, "new_students": new_students,
             "ids": ids},
            {
                "block_size": [Interval(1, math.inf, integer=True), OneOf((None,))],
                "runners_up": [Interval(0, math.inf, integer=True)],
                "new_students": [OneOf((True, False))],
                "ids": [OneOf(("content", "random"))],
            },
        )  # fmt: skip
        self.curriculum = curriculum
        self.tracker = tracker
        self.policy = MasteryThreshold() if policy is None else policy
        self._random = np.random.default_rng(random_state)
        widest = max(len(curriculum.lessons), len(curriculum.skills), curriculum.teaches.nnz, 1)
        self._block_size = block_size or max(1, _CELLS // widest)
        self._runners_up = runners_up
        self._new_students = new_students
        self._ids = ids
        self._match_skills()

    def _match_skills(self) -> None:
        known = {plain(skill): column for column, skill in enumerate(self.tracker.skills)}
        columns = [known.get(skill, -1) for skill in self.curriculum.skills.tolist()]
        self._source = np.array(columns, np.intp)
        unknown = self.curriculum.skills[self._source < 0]
        self.unknown_skills: tuple[Label, ...] = tuple(unknown.tolist())
        if len(unknown) == len(columns):
            raise CurriculumError(
                "curriculum and tracker",
                [
                    f"no skill of the curriculum ({some(unknown)}) is known to the tracker"
                    f"{near_spellings(unknown[0], known)}; its skills are {some(known)}"
                ],
            )
        if len(unknown):
            warnings.warn(
                f"{len(unknown)} of {len(columns)} skills of the curriculum are unknown to the "
                f"tracker and count as not mastered: {some(unknown)}",
                DataWarning,
                stacklevel=3,
            )

    def recommend(
        self, students: Iterable[Label] | Label, n: int = 1, now: float | datetime | None = None
    ) -> Decisions:
        """Choose the next lessons of some students.

        Parameters
        ----------
        students : sequence of labels, or one label
        n : int, default 1
            Lessons per student. Rank 2 is drawn from what rank 1 left over, and so on; a
            student with fewer eligible lessons gets fewer. One with none gets one decision
            that says so.
        now : float or aware datetime, optional
            Recorded as the decisions' time. No clock is read here.

        Returns
        -------
        Decisions

        Raises
        ------
        UnknownLabelError
            Students the tracker has not met, unless `new_students` allows them.
        ParameterError
            The tracker's kind of mastery is not what the policy is for; the policy returned
            something else than two tables of (n_students, n_lessons); a bad argument.
        """
        check_parameters(
            "Sequencer.recommend", {"n": n}, {"n": [Interval(1, math.inf, integer=True)]}
        )
        time = _seconds(now)
        labels = self._checked_students(students)
        # All draws at once, so that the choice does not depend on the size of the blocks.
        draws = self._random.random((len(labels), n))
        parts = [
            part
            for start in range(0, max(len(labels), 1), self._block_size)
            for part in self._choose(
                labels[start : start + self._block_size],
                draws[start : start + self._block_size],
                start,
            )
        ]
        columns = Columns.joined(parts)
        ids = None
        if self._ids == "random":
            ids = [uuid.uuid4().hex for _ in range(len(columns.student))]
        by_threshold = threshold_policy(self.policy)
        provenance = Provenance(
            self.curriculum,
            str(self.tracker.fingerprint),
            policy_fingerprint(self.policy),
            None if by_threshold is None else by_threshold.threshold,
            getattr(self.policy, "reason", plain_reason),
            time,
        )
        return Decisions(columns, label_array(labels), provenance, ids)

    def explain(self, student: Label, lesson: Label) -> Explanation:
        """Say why a student may or may not be given a lesson now.

        Parameters
        ----------
        student, lesson : label

        Returns
        -------
        Explanation
            Its text is ``str(explanation)``; its fields hold the same as numbers: mastery of
            each skill beside the threshold, what is missing, and which lessons, in which
            order, would unlock this one.

        Raises
        ------
        UnknownLabelError
            With near spellings.
        """
        code = self.curriculum.lesson_index.code(lesson)
        labels = self._checked_students([student])
        context = self._context(labels)
        scores, eligible = self._scored(context)
        return explain(context, self.policy, code, scores[0], eligible[0])

    def _checked_students(self, students: Iterable[Label] | Label) -> list[Label]:
        if isinstance(students, (str, int)):
            students = [students]
        labels = [plain(student) for student in students]
        if len(set(labels)) < len(labels):
            twice = [label for label, times in Counter(labels).items() if times > 1]
            raise ParameterError("students", [f"listed more than once: {some(twice)}"])
        if not self._new_students:
            LabelIndex("student", self.tracker.students).codes(labels)
        return labels

    def _context(self, labels: list[Label]) -> Context:
        table = self.tracker.mastery(labels)
        accepted = getattr(self.policy, "kind", None)
        if accepted is not None and accepted != table.kind:
            raise ParameterError(
                policy_name(self.policy),
                [
                    f"it is for {accepted} mastery, the tracker's model gives {table.kind} "
                    "mastery, where the same number means another thing: choose a threshold for "
                    f"that, and say kind={table.kind!r}"
                ],
            )
        if not np.array_equal(table.skills, self.tracker.skills):
            raise StateError("the tracker's mastery has other skills than the tracker says")
        mastery = np.nan_to_num(self._by_curriculum(table.value), nan=0.0)
        return Context(
            curriculum=self.curriculum,
            students=label_array(labels),
            mastery=mastery,
            kind=table.kind,
            p_correct=mastery if table.kind == "predicted" else None,
            counts=self._by_curriculum(self.tracker.counts(labels)),
        )

    def _by_curriculum(self, table: NDArray[Any]) -> NDArray[Any]:
        """The tracker's columns in the curriculum's order; 0 where it has none."""
        columns: NDArray[Any] = np.asarray(table)[:, self._source]
        columns[:, self._source < 0] = 0
        return columns

    def _scored(self, context: Context) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        name = policy_name(self.policy)
        shape = (len(context.students), len(self.curriculum.lessons))
        result: Any = scorer(self.policy)(context)
        if not isinstance(result, tuple) or len(result) != 2:
            raise ParameterError(name, [f"returned {result!r:.80}; expected (scores, eligible)"])
        scores, eligible = np.asarray(result[0]), np.asarray(result[1])
        problems = [
            f"{what}: {array.dtype} of shape {array.shape}; expected {kind} of shape {shape}"
            for what, array, kind, codes in (
                ("scores", scores, "numbers", "fiu"), ("eligible", eligible, "bool", "b")
            )
            if array.shape != shape or array.dtype.kind not in codes
        ]  # fmt: skip
        if not problems and not np.isfinite(scores[eligible]).all():
            problems.append("scores: that of an eligible lesson is not finite")
        if problems:
            raise ParameterError(name, problems)
        return scores.astype(np.float64, copy=False), eligible

    def _choose(
        self, labels: list[Label], draws: NDArray[np.float64], first: int
    ) -> Iterator[Columns]:
        """Decide about one block of students, rank by rank."""
        if not labels:
            yield Columns.empty()
            return
        context = self._context(labels)
        scores, eligible = self._scored(context)
        value = np.where(eligible, scores, -np.inf)
        for rank in range(draws.shape[1]):
            # Who has nothing left gets no further rank; who never had anything is told so.
            rows = np.flatnonzero(np.isfinite(value).any(axis=1) | (rank == 0))
            if not len(rows):
                return
            picks = pick(value[rows], draws[rows, rank], self._runners_up)
            yield self._columns(context, value, rows, picks)._replace(
                student=rows + first, rank=np.full(len(rows), rank + 1), draw=draws[rows, rank]
            )
            some_lesson = picks.lesson >= 0
            value[rows[some_lesson], picks.lesson[some_lesson]] = -np.inf

    def _columns(
        self, context: Context, value: NDArray[np.float64], rows: NDArray[np.intp], picks: Picks
    ) -> Columns:
        """A block's choices at one rank, with what their reasons will need."""
        none = picks.lesson < 0
        n_unmastered = np.full(len(rows), -1)
        by_threshold = threshold_policy(self.policy)
        if by_threshold is not None and none.any():
            n_unmastered[none] = (~by_threshold.mastered(context)[rows[none]]).sum(axis=1)
        kept_row, kept_lesson = np.nonzero(picks.kept)
        taught = self.curriculum.teaches[picks.lesson[~none]]
        n_taught = np.zeros(len(rows), np.intp)
        n_taught[~none] = np.diff(taught.indptr)
        return Columns.empty()._replace(
            lesson=picks.lesson,
            score=picks.score,
            n_candidates=picks.n_candidates,
            n_tied=picks.n_tied,
            n_unmastered=n_unmastered,
            candidate_bounds=_bounds(picks.kept.sum(axis=1)),
            candidate=kept_lesson,
            candidate_score=value[rows[kept_row], kept_lesson],
            candidate_tied=picks.tied[kept_row, kept_lesson],
            skill_bounds=_bounds(n_taught),
            skill_mastery=context.mastery[np.repeat(rows, n_taught), taught.indices],
        )


def _bounds(lengths: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(lengths)])


def _seconds(now: float | datetime | None) -> float | None:
    if now is None:
        return None
    if isinstance(now, datetime):
        if now.tzinfo is None:
            raise ParameterError("now", [f"{now} has no time zone; give an aware datetime"])
        return now.timestamp()
    check_parameters(
        "Sequencer.recommend", {"now": now}, {"now": [Interval(-math.inf, math.inf, "neither")]}
    )
    return float(now)
