"""The sequencer: scores become choices, and choices become decisions on record."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.errors import DataWarning, ParameterError, warn
from adaptlearn.labels import (
    Label,
    LabelIndex,
    label_array,
    label_list,
    label_of,
    refuse_other_kind,
)
from adaptlearn.media import terminal_text
from adaptlearn.numerics import Floats
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.responses.columns import is_datetime, moment_of
from adaptlearn.sequencing.decisions.arrays import Columns
from adaptlearn.sequencing.decisions.decisions import Decisions, Provenance
from adaptlearn.sequencing.detours import Left
from adaptlearn.sequencing.explanation import Explanation, explain
from adaptlearn.sequencing.goals import Goals, TimeToGoal, lessons_to_goal, time_to_goal
from adaptlearn.sequencing.knowledge.context import Context, last_answers, mark
from adaptlearn.sequencing.knowledge.criteria import ProbabilityThreshold, WheelSpinning
from adaptlearn.sequencing.knowledge.lessons import LessonsDone, check_students, times_done
from adaptlearn.sequencing.knowledge.matched import MatchedTracker
from adaptlearn.sequencing.knowledge.stopping import Worth
from adaptlearn.sequencing.knowledge.tracker import Review, Tracker
from adaptlearn.sequencing.overrides import Applied, Override, Overrides
from adaptlearn.sequencing.parts import serve_alike, tracker_problems
from adaptlearn.sequencing.policies.policy import (
    Policy,
    PolicyLike,
    as_policy,
    check_kind,
    fingerprint_of,
    problems_of_policy,
)
from adaptlearn.sequencing.policies.presets import ProvisionalMastery
from adaptlearn.sequencing.policies.weighted import WeightedPolicy
from adaptlearn.sequencing.ranks import Rules, available, decide
from adaptlearn.tables import html_card, html_table
from adaptlearn.tracking.clock import check_clock
from adaptlearn.validation import Interval, OneOf, check_parameters, some
from adaptlearn.wording import counted

# A block's tables stay below this many cells, so that they fit the processor's cache.
_CELLS = 1 << 21


class Sequencer:
    """Chooses each student's next lesson, and explains why a student gets or does not get a lesson.

    The purpose of a lesson is new learning, review, remediation or enrichment. The policy decides
    which purposes it uses, and how important each purpose is. Each decision records the probability
    with which the lesson was chosen (its *propensity*).

    Parameters
    ----------
    curriculum : Curriculum
    tracker : MasteryTracker
        A tracker, or any object that has ``students``, ``skills``, ``fingerprint``,
        ``mastery(students)`` and ``counts(students)``. The sequencer matches the tracker's skills
        with the curriculum's skills by label. A skill of the curriculum that the tracker does not
        know has mastery 0, and a warning names all skills of this kind. The sequencer ignores
        skills of the tracker that are not in the curriculum.
    policy : Policy, optional
        The policy that chooses lessons: a policy from `preset`, a `WeightedPolicy` or any other
        `Policy`. You can also pass a function ``(context) -> (scores, eligible)``, or an object
        whose method ``score`` is a function of this kind. By default `ProvisionalMastery()`, which
        gives reviews if you pass a `review`.
    goals : Goals, optional
        What students aim at. The sequencer leaves out lessons that a student's goals do not need.
    overrides : Overrides or iterable of Override, optional
        Decisions of teachers. Overrides always have priority over the policy.
    review : Review, optional
        The review schedule determines when mastered skills are due for review. You get a warning if
        you pass a review schedule together with a policy of this library that gives no reviews.
    lessons_done : mapping of student to lessons, optional
        The lessons that each student has done. For each student, pass a list of lessons (a lesson
        done twice occurs twice), or a mapping of each lesson to the number of times the student did
        it. The sequencer reads this argument at each call, so you can keep adding lessons to it. If
        several lessons teach the same skills, lessons that the student did less often come first.
        The sequencer ignores lessons that are not in the curriculum.
    wheel_spinning : WheelSpinning or None
        The rule that decides when a student is stuck, which means that practice no longer helps the
        student. With ``wheel_spinning=None``, no student is ever stuck.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The source of random draws. By default, each run draws different numbers; pass an int if you
        want to repeat a run exactly.
    block_size : int, optional
        How many students are scored at a time. The default block size limits the memory that the
        score tables need. The results do not depend on the block size if the policy treats each
        student alone and its propensities are not sampled.
    runners_up : int, default 3
        The number of lessons with propensity 0 that each decision also records. Of the lessons with
        propensity 0, the lessons with the best scores are recorded.
    new_students : bool, default False
        Whether a student whom the tracker does not know counts as a new student. By default, the
        sequencer raises an error for an unknown student. Without this error, a misspelled name
        would be treated as a new student without any warning.
    ids : {"content", "random"}, default "content"
        Whether a decision's id is a digest of its content, or random.
    n_jobs : int, default 1
        How many blocks of students are processed at the same time, in threads; -1 means one block
        per processor.

    Attributes
    ----------
    unknown_skills : tuple of label
        Skills of the curriculum that the tracker does not know.
    n_jobs : int

    Raises
    ------
    CurriculumError
        The error is raised if the tracker knows no skill of the curriculum.
    ParameterError
        The error is raised if an argument is out of range, or if goals or overrides belong to
        another curriculum.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from adaptlearn import Curriculum, Sequencer
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> known = SimpleNamespace(
    ...     skills=school.skills, value=np.array([[0.9995, 0.4]]), kind="latent"
    ... )
    >>> tracker = SimpleNamespace(  # in earnest: MasteryTracker(model)
    ...     students=["ann"], skills=school.skills, fingerprint="a model's",
    ...     mastery=lambda students: known, counts=lambda students: np.array([[6, 1]]),
    ... )
    >>> sequencer = Sequencer(school, tracker, random_state=0)
    >>> sequencer.recommend(["ann"])[0].lesson
    'multiply'
    >>> print(sequencer.explain("ann", "add"))
    ann has already mastered what "add" teaches: "add" 1.00 (threshold 0.999).
    """

    def __init__(
        self,
        curriculum: Curriculum,
        tracker: Tracker,
        policy: PolicyLike | None = None,
        *,
        goals: Goals | None = None,
        overrides: Overrides | Iterable[Override | Mapping[str, Any]] = (),
        review: Review | None = None,
        lessons_done: LessonsDone | None = None,
        wheel_spinning: WheelSpinning | None = WheelSpinning(),  # noqa: B008 - it is frozen
        random_state: Randomness = None,
        block_size: int | None = None,
        runners_up: int = 3,
        new_students: bool = False,
        ids: Literal["content", "random"] = "content",
        n_jobs: int = 1,
    ) -> None:
        check_parameters(
            "Sequencer",
            {"block_size": block_size, "runners_up": runners_up, "new_students": new_students,
             "ids": ids, "n_jobs": n_jobs},
            {
                "block_size": [Interval(1, math.inf, integer=True), OneOf((None,))],
                "runners_up": [Interval(0, math.inf, integer=True)],
                "new_students": [OneOf((True, False))],
                "ids": [OneOf(("content", "random"))],
                "n_jobs": [Interval(-64, 1024, integer=True)],
            },
            [
                *curriculum_problems(curriculum),
                *tracker_problems(tracker),
                *_unfit(curriculum, policy, goals, overrides, lessons_done),
            ],
        )  # fmt: skip
        self.curriculum = curriculum
        self.tracker = tracker
        self.policy = (
            ProvisionalMastery(reviews=review is not None) if policy is None else as_policy(policy)
        )
        self.goals = goals
        self.overrides = (
            overrides if isinstance(overrides, Overrides) else Overrides(curriculum, overrides)
        )
        self.review = review
        if review is not None and not _reads_reviews(self.policy):
            warn(
                f"the policy {self.policy.name} gives no reviews, so what `review` calls due is "
                'not looked at; ProvisionalMastery(reviews=True) and preset("balanced") give them',
                DataWarning,
            )
        self.lessons_done = lessons_done
        if lessons_done is not None:
            check_students(lessons_done, tracker.students[:1].tolist())
        self.wheel_spinning = wheel_spinning
        self._random = generator_of(random_state)
        widest = max(len(curriculum.lessons), len(curriculum.skills), curriculum.teaches.nnz, 1)
        self._block_size = block_size or max(1, _CELLS // widest)
        self._runners_up = runners_up
        self._new_students = new_students
        self._ids = ids
        self.n_jobs = n_jobs
        self._matched = MatchedTracker(curriculum, tracker)
        self.overrides.check_kind(tracker.students[:1])

    def __repr__(self) -> str:
        policy = terminal_text(self.policy.name)
        return f"Sequencer({policy} over {counted(len(self.curriculum.lessons), 'lesson')})"

    def _repr_html_(self) -> str:
        criterion = self.policy.criterion
        parts = {
            "curriculum": self.curriculum,
            "tracker": self.tracker,
            "policy": self.policy.name,
            "mastered": "nothing" if criterion is None else criterion,
            "goals": self.goals,
            "overrides": counted(len(self.overrides), "override") if self.overrides else None,
            "review": self.review,
            "wheel_spinning": self.wheel_spinning,
        }
        rows = [[name, str(part)] for name, part in parts.items() if part is not None]
        return html_card("Sequencer", [], html_table("", ["part", "what it is"], rows, prose=True))

    @property
    def unknown_skills(self) -> tuple[Label, ...]:
        """Skills of the curriculum that the tracker does not know at this moment."""
        return self._matched.unknown

    def recommend(
        self, students: Iterable[Label] | Label, n: int = 1, now: float | datetime | None = None
    ) -> Decisions:
        """Choose the next lessons of some students.

        Parameters
        ----------
        students : sequence of labels, or one label
        n : int, default 1
            Lessons per student. The lesson of rank 1 is drawn first; the lesson of rank 2 is drawn
            from the remaining lessons, and so on. A student with fewer than `n` eligible lessons
            gets all of these lessons. A student without any eligible lesson gets one decision,
            whose reason says that there is no lesson.
        now : float or datetime, optional
            The time of the decisions. `now` determines which reviews are due and which overrides
            apply. The sequencer does not read the computer's clock; without `now`, every override
            applies. Pass seconds if the answers' times are seconds, and a datetime if they are
            datetimes, with a time zone if the answers' times have a zone. If a student's last
            answer is later than `now`, the sequencer uses the time of this answer instead of `now`
            for the student. The decision's `alerts` then report the later answer.

        Returns
        -------
        Decisions

        Raises
        ------
        UnknownLabelError
            The error is raised if the tracker does not know a student and `new_students` is False.
        ParameterError
            The error is raised if the policy needs another kind of mastery than the tracker has.
            The error is also raised if the policy did not return two tables of shape (n_students,
            n_lessons), or if an argument is out of range. The error is also raised if `now` and the
            answers' times are of different kinds (seconds, datetimes with a zone, datetimes without
            a zone).
        """
        check_parameters(
            "Sequencer.recommend", {"n": n}, {"n": [Interval(1, math.inf, integer=True)]}
        )
        time, clock = self._moment(now)
        labels = self.checked_students(students)
        n = min(n, len(self.curriculum.lessons))  # no lesson comes twice
        # All draws at once, so that the choice does not depend on the size of the blocks.
        draws = self._random.random((len(labels), n))
        blocks = range(0, max(len(labels), 1), self._block_size)
        sampled = self.policy.chooser.method != "exact"  # else nothing is drawn from these
        sources = self._random.spawn(len(blocks)) if sampled else [self._random] * len(blocks)

        rules = Rules(self.policy, self.goals, self._runners_up)
        worths: list[Worth | None] = []  # the same for every block

        def decided(start: int, rng: np.random.Generator) -> Columns:
            block = slice(start, start + self._block_size)
            if not labels[block]:
                return Columns.empty()
            context, applied = self._context(labels[block], time, clock)
            if self.policy.criterion is not None and not worths:
                worths.append(self.policy.criterion.worth(context))
            ranks = decide(
                context, applied, rules, ahead=self._ahead(context), draws=draws[block],
                first=start, rng=rng,
            )  # fmt: skip
            return Columns.joined([*ranks]).by_student()

        tasks = zip(blocks, sources, strict=True)
        if self.n_jobs == 1 or len(blocks) == 1:
            found = [decided(*task) for task in tasks]
        else:
            from sklearn.utils.parallel import Parallel, delayed

            workers = Parallel(n_jobs=self.n_jobs, require="sharedmem")
            found = workers(delayed(decided)(*task) for task in tasks)
        columns = Columns.joined([*found])
        ids = None
        if self._ids == "random":
            ids = [uuid.uuid4().hex for _ in range(len(columns.student))]
        provenance = Provenance(
            curriculum=self.curriculum,
            model=str(self.tracker.fingerprint),
            policy=self.policy.fingerprint,
            threshold=self._threshold,
            ready=self.policy.ready,
            sentences=self.policy.sentences,
            method=self.policy.chooser.method,
            overrides=self.overrides,
            time=time,
            review=None if self.review is None else fingerprint_of(self.review),
            review_target=getattr(self.review, "retention", None),
            in_order=isinstance(self.policy, WeightedPolicy),
            worth=next(iter(worths), None),
            horizon=getattr(self.review, "horizon", None),
        )
        return Decisions(columns, label_array(labels), provenance, ids)

    def _ahead(self, context: Context) -> Floats | None:
        """By how many seconds last answers are dated after now."""
        if context.now is None:
            return None
        return last_answers(context, self.tracker, self._memory) - context.now

    @property
    def _memory(self) -> Any:
        """What the reviews go by, where it is another than the tracker."""
        memory = getattr(self.review, "memory", None)
        return None if memory is self.tracker else memory

    def _moment(self, now: Any) -> tuple[float | None, str | None]:
        """The seconds of a time, and its clock, which must be that of the answers' times."""
        if now is None:
            return None, None
        if not is_datetime(now):
            allowed = [Interval(-math.inf, math.inf, "neither")]
            check_parameters("Sequencer.recommend", {"now": now}, {"now": allowed})
        seconds, clock = moment_of(now, "now")
        kept = [getattr(one, "clock", "none") for one in (self.tracker, self._memory)]
        known = [one for one in kept if one != "none"] or ["none"]
        for one in known:
            check_clock(clock, one, f"now, {now}")
        theirs = [one for one in known if one in ("naive", "aware")]
        return seconds, theirs[0] if clock == "seconds" and theirs else clock

    def explain(
        self, student: Label, lesson: Label, now: float | datetime | None = None
    ) -> Explanation:
        """Explain why a student may or may not do a lesson now.

        Parameters
        ----------
        student, lesson : label
        now : float or datetime, optional

        Returns
        -------
        Explanation
            ``str(explanation)`` is its text. The fields of the explanation contain the same facts
            as values: the mastery of each skill, the threshold, the missing prerequisites, and the
            lessons (in order) that would unlock this lesson.

        Raises
        ------
        UnknownLabelError
            The error is raised if the student or the lesson is unknown, and lists similar labels.
        """
        lesson = label_of(lesson, "lesson")
        code = self.curriculum.lesson_index.code(lesson)
        labels = self.checked_students([label_of(student, "student")])
        context, applied = self._context(labels, *self._moment(now))
        left, _ = available(self.policy, context, applied)
        barring = [
            self.overrides[place]
            for place in applied.by_row.get(0, [])
            if applied.barred is not None
            and applied.barred[0, code]
            and self.overrides[place].action in ("ban", "defer")
            and self.overrides[place].target == lesson
        ]
        return explain(context, self.policy, code, left, barring=barring)

    def time_to_goal(
        self,
        students: Iterable[Label] | Label,
        *,
        confidence: float = 0.9,
        now: float | datetime | None = None,
        n_items: int | None = None,
    ) -> TimeToGoal:
        """Estimate the minutes until students reach their goals (without goals, all skills).

        Parameters
        ----------
        students : sequence of labels, or one label
        confidence : float, default 0.9
            The probability that the interval contains the true time.
        now : float or datetime, optional
        n_items : int, optional
            The number of answers in a lesson. If you pass it, students do whole lessons. By
            default, an opportunity takes the minutes of a whole lesson.

        Returns
        -------
        TimeToGoal
            The `median`, and the ends `lower` and `upper` of the interval, as float arrays of shape
            (n_students,). The median and both ends of the interval are inf if no sequence of
            lessons leads to the goal.

        Notes
        -----
        It assumes that every opportunity teaches as the model says. A skill that the goal needs and
        that is not mastered takes two numbers of opportunities: one drawn from a geometric
        distribution with P(learn), and then as many right answers as lift the belief to the
        threshold. An opportunity takes the minutes of the shortest lesson on the skill.

        With `n_items`, the number of lessons on a skill is the time to absorption of a Markov chain
        over P(known), if the model has P(learn), P(forget), P(guess) and P(slip), as BKT has. The
        minutes of all skills together are log-normal. A learning plan (`learning_plan`) begins with
        the same numbers.
        """
        check_parameters(
            "time_to_goal",
            {"confidence": confidence, "n_items": n_items},
            {
                "confidence": [Interval(0, 1, closed="neither")],
                "n_items": [Interval(1, 12, integer=True), OneOf((None,))],
            },
        )
        context, _ = self._context(self.checked_students(students), *self._moment(now))
        if n_items is not None:
            return lessons_to_goal(context, confidence=confidence, n_items=n_items)
        return time_to_goal(context, threshold=self._threshold, confidence=confidence)

    def context(
        self, students: Iterable[Label] | Label, now: float | datetime | None = None
    ) -> Context:
        """The data of some students from which the policy decides."""
        return self._context(self.checked_students(students), *self._moment(now))[0]

    def choices(
        self, students: Iterable[Label] | Label, now: float | datetime | None = None
    ) -> Iterator[tuple[Left, Applied]]:
        """Everything that students may be given, with scores, a block of students at a time.

        `recommend` chooses from this; a plan of a day chooses from it, too.

        Parameters
        ----------
        students : sequence of labels, or one label
        now : float or datetime, optional

        Yields
        ------
        Left
            The lessons, in the order of the students, with the policy's scores.
        Applied
            What teachers decided.

        Raises
        ------
        UnknownLabelError
            The error is raised if the tracker does not know a student and `new_students` is False.
        """
        time, clock = self._moment(now)
        labels = self.checked_students(students)
        for start in range(0, len(labels), self._block_size):
            context, applied = self._context(labels[start : start + self._block_size], time, clock)
            yield available(self.policy, context, applied)[0], applied

    @property
    def _threshold(self) -> float | None:
        """From which mastery on a skill counts as mastered, if it is that which counts."""
        criterion = self.policy.criterion
        return None if criterion is None else criterion.threshold

    def checked_students(self, students: Iterable[Label] | Label) -> list[Label]:
        """The labels of students whom the sequencer can serve.

        Raises
        ------
        UnknownLabelError
            The tracker does not know a student, and `new_students` is False.
        ParameterError
            A student is listed twice.
        """
        labels = label_list(students, "student")
        if len(set(labels)) < len(labels):
            twice = [label for label, times in Counter(labels).items() if times > 1]
            raise ParameterError("students", [f"listed more than once: {some(twice)}"])
        if not self._new_students:
            unmet = getattr(self.tracker, "unmet", None)
            if unmet is None or unmet(labels):
                LabelIndex("student", self.tracker.students).codes(labels)
        elif not hasattr(self.tracker, "unmet"):  # those that have it look themselves
            refuse_other_kind(labels, self.tracker.students[:1], "student")
        return labels

    def _context(
        self, labels: list[Label], now: float | None, clock: str | None
    ) -> tuple[Context, Applied]:
        """What is known of some students, and what follows from it, in turn."""
        policy, applied = self.policy, self.overrides.apply(labels, now, clock)
        context = self._matched.context(labels, now)
        mark(context, clock=clock)
        if self.lessons_done is not None:
            done = times_done(self.lessons_done, labels, self.curriculum)
            mark(context, lessons_done=done)
        check_kind(policy, context.kind)
        if self.review is not None:
            retention, urgency = self.review.look(context)
            mark(context, retention=retention, urgency=urgency)
        if self.goals is not None:
            mark(context, goal=self.goals.weights(labels))
        if policy.criterion is None:
            return context, applied
        mark(context, threshold=policy.criterion.needed(context))
        mastered = policy.criterion.met(context)
        if applied.granted is not None:
            mark(context, granted=applied.granted)
            mastered = mastered | applied.granted
        mark(context, mastered=mastered)
        if policy.ready is not None:
            mark(context, ready=policy.ready.met(context) | mastered)
        if context.urgency is not None:
            asked = mastered if context.goal is None else mastered & (context.goal > 0)
            mark(context, urgency=np.where(asked, context.urgency, 0.0))
        if self.wheel_spinning is not None:
            stuck = self.wheel_spinning.stuck(context)
            alone = self.wheel_spinning.needs_teacher(context) if stuck.any() else stuck
            bout = self.wheel_spinning.answers
            mark(context, stuck=stuck, needs_teacher=alone, bout=bout)
        return context, applied


def _reads_reviews(policy: Policy) -> bool:
    """Whether what is due, or what is recalled, can make a difference to a policy."""
    if not isinstance(policy, WeightedPolicy) or "review" in policy.pools:
        return True  # what a policy of the caller's reads, nobody knows
    own = any(isinstance(given, tuple) for given in policy.scorers.values())
    criteria = (policy.criterion, policy.ready)
    return own or not all(one is None or isinstance(one, ProbabilityThreshold) for one in criteria)


def _unfit(
    curriculum: Any, policy: Any, goals: Any, overrides: Any, lessons_done: Any
) -> Iterator[str]:
    """What is wrong with the parts of a sequencer."""
    if not isinstance(lessons_done, Mapping | None):
        yield f"lessons_done is a {type(lessons_done).__name__}; expected a mapping of students"
    if policy is not None:
        yield from problems_of_policy(policy)
    if goals is not None and not isinstance(goals, Goals):
        yield f"goals is a {type(goals).__name__}; expected Goals(curriculum, ...)"
    for name, part in (("goals", goals), ("overrides", overrides)):
        if not isinstance(part, (Goals, Overrides)) or not isinstance(curriculum, Curriculum):
            continue
        if not serve_alike(part.curriculum, curriculum):
            yield f"{name} are of another curriculum than the sequencer's"
