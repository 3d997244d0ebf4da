"""The one table of figures: what every page says of students is drawn from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.outline import SkillGroups
from adaptlearn.labels import Label, LabelIndex, label_array
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.blocks import blocks_of
from adaptlearn.planning.frames import Tabled
from adaptlearn.planning.promotion.evidence import History, answers_and_days
from adaptlearn.planning.promotion.known import probability_of_enough
from adaptlearn.reporting.histories import Seen, seen
from adaptlearn.reporting.sources import checked_sources
from adaptlearn.reporting.statuses import Status, of_groups
from adaptlearn.responses.log import ResponseLog
from adaptlearn.sequencing.decisions.decision import Decision
from adaptlearn.sequencing.goals import TimeToGoal, time_to_goal
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tables import Parts, ends
from adaptlearn.wording import counted

_ROWS = 12
_COVERAGE = 0.8  # of the ranges


@dataclass(frozen=True, eq=False, repr=False)
class Figures(Tabled):
    """What pages say of some students; `figures_of` makes it.

    Nothing is computed a second time for a page, so that all pages say the same. `print` shows a
    line for each student.

    Attributes
    ----------
    students : array, shape (n_students,)
    names : tuple of str
        What pages call the students.
    standards : SkillGroups
        The standards that pages show; the skills themselves if the curriculum has no standards.
    mastery : float array, shape (n_students, n_standards)
        The expected share of each standard's skills that the student knows: the mean of their
        mastery, in hundredths. If the model gives P(correct), it is the expected share of right
        answers.
    lower, upper : int arrays, shape (n_students, n_standards)
        Of the standard's skills, the number that the student knows lies between these with a
        probability of at least 80%, if the skills are independent.
    status : int array, shape (n_students, n_standards)
        Values of `Status`.
    answers : int array, shape (n_students, n_standards)
    skill_mastery : float array, shape (n_students, n_skills)
    skill_status, skill_answers : int arrays, shape (n_students, n_skills)
    decisions : tuple of Decision
        What comes next for each student.
    log : ResponseLog
        The answers.
    """

    sequencer: Sequencer
    students: NDArray[Any]
    names: tuple[str, ...]
    standards: SkillGroups
    mastery: Floats
    lower: Ints
    upper: Ints
    status: Ints
    answers: Ints
    skill_mastery: Floats
    skill_status: Ints
    skill_answers: Ints
    decisions: tuple[Decision, ...]
    log: ResponseLog
    _seen: Seen
    _stuck: Bools
    _contexts: tuple[Context, ...]

    def __len__(self) -> int:
        return len(self.students)

    @cached_property
    def index(self) -> LabelIndex:
        """The row of each student."""
        return LabelIndex("student of the figures", self.students)

    @property
    def now(self) -> float | None:
        """The time of the figures in seconds. By default, the time of the last answer."""
        now = self._contexts[0].now
        return self._seen.end if now is None else now

    @property
    def day(self) -> date | None:
        """The day of the figures, in UTC or on the caller's clock; None if times are no dates."""
        dated = self._contexts[0].clock in ("naive", "aware")
        return datetime.fromtimestamp(self.now, UTC).date() if dated and self.now else None

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """What pages call the standards: their labels, and their titles if they have any."""
        pairs = zip(map(str, self.standards.labels.tolist()), self.standards.titles, strict=True)
        return tuple(title if title == label else f"{label} {title}" for label, title in pairs)

    @property
    def knows(self) -> bool:
        """Whether mastery is P(known), and not P(correct)."""
        return self._contexts[0].kind == "latent"

    @cached_property
    def goal(self) -> TimeToGoal:
        """Minutes until each student reaches the goal, with 80% intervals."""
        criterion = self.sequencer.policy.criterion
        threshold = None if criterion is None else criterion.threshold
        found = [
            time_to_goal(one, threshold=threshold, confidence=_COVERAGE) for one in self._contexts
        ]
        return TimeToGoal(*(np.concatenate(part) for part in zip(*found, strict=True)))

    def stuck(self) -> dict[str, NDArray[Any]]:
        """The skills on which practice no longer helps: one row per student and skill.

        The columns are ``student``, ``skill``, ``answers`` and ``days`` (since the first of these
        answers; nan without times). Who has waited longest comes first.
        """
        row, skill = np.nonzero(self._stuck)
        answers = self.skill_answers[row, skill]
        first = self._seen.first[row, skill]
        days = (np.nan if self.now is None else self.now - first) / 86400.0 + np.zeros(len(row))
        order = np.lexsort((row, -answers))
        return {
            "student": self.students[row][order],
            "skill": self.sequencer.curriculum.skills[skill][order],
            "answers": answers[order],
            "days": np.floor(days)[order],
        }

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per student and standard, as columns for any dataframe library.

        The columns are ``student``, ``standard``, ``title``, ``status`` (a word), ``mastery``,
        ``skills``, ``lower`` and ``upper`` (of these skills, how many are known) and ``answers``.
        """
        n_students, n_standards = self.status.shape
        return {
            "student": np.repeat(self.students, n_standards),
            "standard": np.tile(self.standards.labels, n_students),
            "title": np.tile(np.array(self.standards.titles, object), n_students),
            "status": words_of(self.status.ravel()),
            "mastery": self.mastery.ravel(),
            "skills": np.tile(self.sizes, n_students),
            "lower": self.lower.ravel(),
            "upper": self.upper.ravel(),
            "answers": self.answers.ravel(),
        }

    def skills_table(self) -> dict[str, NDArray[Any]]:
        """One row per student and skill, as columns for any dataframe library.

        The columns are ``student``, ``skill``, ``status``, ``mastery`` and ``answers``.
        """
        n_students, n_skills = self.skill_status.shape
        return {
            "student": np.repeat(self.students, n_skills),
            "skill": np.tile(self.sequencer.curriculum.skills, n_students),
            "status": words_of(self.skill_status.ravel()),
            "mastery": self.skill_mastery.ravel(),
            "answers": self.skill_answers.ravel(),
        }

    @property
    def sizes(self) -> Ints:
        """How many skills each standard has."""
        return np.diff(self.standards.skills.indptr).astype(np.int64)

    def _parts(self) -> Parts:
        head = ["student", *(status.word for status in Status)]
        rows = []
        for row in ends(len(self), _ROWS):
            if row is None:
                rows.append(["…"] * len(head))
                continue
            counts = np.bincount(self.status[row], minlength=len(Status))
            rows.append([self.names[row], *map(str, counts.tolist())])
        n = counted(len(self.standards), "standard")
        return Parts(f"{counted(len(self), 'student')}, {n}", head, rows, [])

    def __repr__(self) -> str:
        return str(self)


def words_of(status: Ints) -> NDArray[Any]:
    """The words of statuses."""
    return np.array([one.word for one in Status], object)[status]


def figures_of(
    sequencer: Sequencer,
    log: Any,
    students: Iterable[Label] | Label | None = None,
    *,
    standards: Iterable[Label] | Label | None = None,
    names: Mapping[Label, str] | None = None,
    now: float | datetime | None = None,
) -> Figures:
    """Compute all figures that pages show of some students.

    Parameters
    ----------
    sequencer : Sequencer
        Its tracker says what students know, its policy what counts as mastered and what comes next,
        and its review schedule, if there is one, what is due.
    log : ResponseLog or frame with its standard columns
        The answers that the tracker has taken in. The statuses follow from these answers, see
        `Status`.
    students : sequence of labels, or one label, optional
        By default all students of the tracker.
    standards : sequence of labels, optional
        The standards that pages show; by default all of the curriculum. If it has none, pages show
        its skills.
    names : mapping of student to str, optional
        What pages call students; by default, their labels.
    now : float or datetime, optional
        The time of the figures: for reviews, and for overrides that expire.

    Returns
    -------
    Figures

    Raises
    ------
    ParameterError
        The error lists all problems: unknown students or standards, a log that is not what the
        tracker has taken in, a policy without a criterion of mastery.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.reporting import figures_of
    >>> school = Curriculum.from_dict({
    ...     "skills": ["add", "multiply"], "standards": {"3.OA": ["add", "multiply"]}})
    >>> model = BKT.from_parameters({"skill": ["add", "multiply"], "prior": [.3, .1],
    ...                              "learn": [.2] * 2, "guess": [.2] * 2, "slip": [.1] * 2})
    >>> log = {"student": ["ann"] * 8, "skill": ["add"] * 8, "correct": [1] * 8}
    >>> tracker = MasteryTracker(model).update(log)
    >>> figures = figures_of(Sequencer(school, tracker, random_state=0), log)
    >>> print(figures)
    1 student, 1 standard
    student  not begun  learning  nearly  mastered  due for review
    ann              0         1       0         0               0
    >>> figures.skills_table()["status"].tolist()
    ['mastered', 'not begun']
    """
    sources = checked_sources(sequencer, log, students, standards, names)
    parts = [*blocks_of(sources.students, len(sequencer.curriculum.skills))]
    contexts = tuple(sequencer.context(part, now) for part in parts)
    blocks = [_block(sequencer, one, sources.history, sources.standards) for one in contexts]
    found = {name: np.concatenate([one[name] for one in blocks]) for name in blocks[0]}
    times = Seen(*(found.pop(f"seen_{name}") for name in ("first", "last")))
    return Figures(
        sequencer=sequencer,
        students=label_array(sources.students),
        names=tuple(sources.names),
        standards=sources.standards,
        log=sources.history.log,
        decisions=tuple(sequencer.recommend(sources.students, now=now)),
        _seen=times,
        _stuck=found.pop("stuck"),
        _contexts=contexts,
        **found,
    )


def _block(
    sequencer: Sequencer, context: Context, history: History, standards: SkillGroups
) -> dict[str, Any]:
    """The arrays of some students."""
    part, whose = history.part(context.students.tolist())
    entries, kept = history.entries(part, whose)
    status, times = seen(sequencer, context, part, entries, kept)
    n_students = len(context.students)
    assert context.counts is not None
    assert context.mastered is not None
    stuck = np.zeros(status.shape, bool) if context.stuck is None else context.stuck
    members = standards.skills
    sizes = np.diff(members.indptr)
    lower, upper = _range(context.mastery, members)
    return {
        "mastery": _hundredths((members @ context.mastery.T).T / sizes),
        "lower": lower,
        "upper": upper,
        "status": of_groups(status, members),
        "answers": answers_and_days(entries, n_students, members)[0].astype(np.int64),
        "skill_mastery": _hundredths(context.mastery),
        "skill_status": status,
        "skill_answers": context.counts,
        "stuck": stuck & (status < Status.MASTERED),
        "seen_first": times.first,
        "seen_last": times.last,
    }


def _hundredths(share: Any) -> Floats:
    """Shares as pages, tables and gradebooks show them: nearly all is not all."""
    share = np.asarray(share)
    rounded = np.clip(share.round(2), 0.01, 0.99)
    return np.asarray(np.where((share == 0) | (share == 1), share, rounded))


def _range(known: Floats, members: Any) -> tuple[Ints, Ints]:
    """Between which numbers of each standard's skills the number of known ones lies."""
    outside = (1 - _COVERAGE) / 2
    lower = np.zeros((len(known), members.shape[0]), np.int64)
    upper = np.zeros_like(lower)
    for place in range(members.shape[0]):
        skills = members.indices[members.indptr[place] : members.indptr[place + 1]]
        for need in range(1, len(skills) + 1):
            enough = probability_of_enough(known[:, skills].T, need)
            lower[:, place] += enough >= 1 - outside
            upper[:, place] += enough > outside
    return lower, upper
