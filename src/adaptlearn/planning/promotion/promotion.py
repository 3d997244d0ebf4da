"""Reports of promotion: a recommendation for each of many students, a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label, label_array
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.blocks import blocks_of
from adaptlearn.planning.promotion import evidence
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.effort import Course, effort_of, minutes_of
from adaptlearn.planning.promotion.evidence import Entries
from adaptlearn.planning.promotion.grants import Notes, marked, of_skills
from adaptlearn.planning.promotion.report import PromotionReport
from adaptlearn.planning.promotion.rules import PromotionRules
from adaptlearn.planning.promotion.sources import Sources, checked_sources
from adaptlearn.planning.promotion.standing import Evidence, Standing, standing_of
from adaptlearn.planning.promotion.steady import held
from adaptlearn.planning.promotion.ways import way_of
from adaptlearn.progress import report
from adaptlearn.sequencing.goals import USUAL_THRESHOLD, lessons_left
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.matched import Match
from adaptlearn.sequencing.overrides import Override
from adaptlearn.sequencing.sequencer import Sequencer


def promotion_report(
    sequencer: Sequencer,
    students: Iterable[Label] | Label | None,
    rules: PromotionRules,
    rule: str | None = None,
    *,
    log: Any = None,
    before: PromotionReport | None = None,
    grants: Iterable[Override | Mapping[str, Any]] = (),
    now: float | datetime | None = None,
    n_items: int = 5,
) -> PromotionReport:
    """Report which students meet a rule of promotion, what the others miss, and why.

    Parameters
    ----------
    sequencer : Sequencer
        Its tracker says what students know, its overrides which skills teachers granted, and its
        review schedule, if there is one, what is recalled now. Its `n_jobs` says how many blocks of
        students are looked at at the same time, in threads.
    students : sequence of labels, or one label, or None
        With None, all students of the tracker.
    rules : PromotionRules
    rule : str, optional
        The name of the rule; by default the last one.
    log : ResponseLog or frame with its standard columns, optional
        The answers that the tracker has taken in, with their times. The tracker keeps no days and
        no reviews, so rules that ask for them need the log.
    before : PromotionReport, optional
        The last report by this rule. A standard that was met then stays met until there are two
        more answers on its skills. So one slip does not take a standard away.
    grants : iterable of Override or mapping, optional
        Standards that teachers granted: ``Override("grant", standard, student=…, author=…,
        reason=…)``.
    now : float or datetime, optional
        The time of the report: for P(recall), and for overrides that expire.
    n_items : int, default 5
        The number of answers in a lesson, for the expected minutes.

    Returns
    -------
    PromotionReport
        The report recommends. A person decides; see `PromotionReport.decide`.

    Raises
    ------
    ParameterError
        The error lists all problems: students who are unknown or listed twice, a rule that is not
        there, evidence that the rules ask for and that is not passed, a model whose mastery is of
        another kind than the rules are for, a lower bound without intervals, grants of unknown
        standards.

    Notes
    -----
    A standard is met if 1, 2 and 3 hold, or if a teacher granted it:

    1. The probability that the required share of its skills is known is at least ``confidence``.
       It follows from P(known) of each skill by the Poisson binomial distribution (Hong 2013),
       which assumes that the skills of one student are independent.
    2. There are enough answers on its skills, on enough days.
    3. The required share of its skills is retained: P(recall) is high enough now, or the last
       answer that came at least ``review_after`` days after first mastery was right. First mastery
       is the first answer before or after which the model's mastery reached the target (below).
    4. A skill that a teacher granted counts as known and retained.

    The expected minutes are those of whole lessons, as `learning_plan` and
    ``Sequencer.time_to_goal(n_items=5)`` expect them. Each lesson takes the minutes of the shortest
    lesson on the skill. A missing answer beside these lessons takes its share of a lesson. A skill
    of a missing standard is practised until P(known) reaches its target, the n-th root of
    ``confidence``, where n is the number of skills that the standard requires. For P(correct), the
    target is ``confidence``. A prerequisite of the skill is practised up to the threshold of the
    policy, or up to .95 if the policy has none.

    References
    ----------
    Y. Hong (2013). On computing the distribution function for the Poisson binomial distribution.
    Computational Statistics & Data Analysis 59, 41-51.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.planning import PromotionRules, promotion_report
    >>> school = Curriculum.from_dict({"skills": ["add"], "standards": {"4.A": ["add"]}})
    >>> model = BKT.from_parameters({"skill": ["add"], "prior": [.3], "learn": [.2],
    ...                              "guess": [.2], "slip": [.1]})
    >>> day = 86400.0
    >>> log = {"student": ["ann"] * 6, "skill": ["add"] * 6, "correct": [1] * 6,
    ...        "time": [0, 60, 120, day, day + 60, 20 * day]}
    >>> sequencer = Sequencer(school, MasteryTracker(model).update(log), random_state=0)
    >>> rules = PromotionRules(school, {"rules": {"grade 4": "4.A"}})
    >>> print(promotion_report(sequencer, ["ann"], rules, log=log).why("ann"))
    ann: promotion is recommended by the rule "grade 4".
    - "4.A" is met.
    """
    sources = checked_sources(
        sequencer, students, rules, rule, log=log, before=before, grants=grants, n_items=n_items
    )
    course = Course.of(sequencer.curriculum, sources.demands)
    blocks = _blocks(sources, course, now)
    standing = Standing(*map(np.concatenate, zip(*(one.standing for one in blocks), strict=True)))
    return PromotionReport(
        rule=sources.rule,
        students=label_array(sources.students),
        recommended=np.concatenate([one.met for one in blocks]),
        **standing._asdict(),
        held=np.concatenate([one.held for one in blocks]),
        missing=np.concatenate([one.missing for one in blocks]),
        minutes=np.concatenate([one.minutes for one in blocks]),
        demands=sources.demands,
        grants={place: given for one in blocks for place, given in one.notes.items()},
        now=blocks[0].now,
        rules_fingerprint=rules.fingerprint,
        model=str(sequencer.tracker.fingerprint),
    )


def ready_to_accelerate(
    sequencer: Sequencer,
    students: Iterable[Label] | Label | None,
    rules: PromotionRules,
    rule: str | None = None,
    **options: Any,
) -> PromotionReport:
    """The students who meet next year's standards already.

    Parameters
    ----------
    sequencer, students, rules, rule
        As in `promotion_report`; the rule is next year's, see `PromotionRules.of_grade`.
    **options
        `log`, `before`, `grants`, `now` and `n_items`, as in `promotion_report`.

    Returns
    -------
    PromotionReport
        Of these students alone; it may be empty.
    """
    report = promotion_report(sequencer, students, rules, rule, **options)
    return report.part(np.flatnonzero(report.recommended))


class _Block(NamedTuple):
    """The report of some students; the rows of `notes` are those of the whole report."""

    standing: Standing
    held: Bools
    met: Bools
    missing: Bools
    minutes: Floats
    notes: Notes
    now: float | None


def _blocks(sources: Sources, course: Course, now: Any) -> list[_Block]:
    """The report of all students, as many blocks at a time as the sequencer would take."""
    widest = max(len(sources.sequencer.curriculum.skills), len(sources.demands))
    parts = [*blocks_of(sources.students, widest)]
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    found: list[_Block] = []
    tasks = [(sources, course, part, now, at) for part, at in zip(parts, starts, strict=False)]
    if sources.sequencer.n_jobs == 1 or len(tasks) == 1:
        for task in tasks:
            found.append(_block(*task))
            report("looking at evidence", "blocks of students", len(found), len(tasks))
        return found
    from sklearn.utils.parallel import Parallel, delayed

    workers = Parallel(n_jobs=sources.sequencer.n_jobs, require="sharedmem")
    return [*workers(delayed(_block)(*task) for task in tasks)]


def _block(sources: Sources, course: Course, labels: list[Label], now: Any, start: int) -> _Block:
    sequencer, demands = sources.sequencer, sources.demands
    context = sequencer.context(labels, now)
    # From here on a row is a skill, and its students stand side by side.
    level = np.ascontiguousarray(_level(sources, context, labels).T)
    granted = np.zeros(level.shape, bool)
    if context.granted is not None:
        granted = np.ascontiguousarray(context.granted.T)
        level[granted] = 1.0
    whole = sources.grants.of(labels, context.now)
    standing = standing_of(
        demands,
        context.kind,
        level,
        _evidence(sources, course, context, labels),
        granted=granted,
        granted_whole=marked(whole, (len(labels), len(demands))),
    )
    kept = np.zeros(standing.met.shape, bool)
    if sources.earlier is not None:
        earlier = sources.earlier.part(start, len(labels))
        kept = held(standing.met, standing.answers, earlier)
        standing = standing._replace(met=standing.met | kept)
    lessons = _lessons(sources, context, level)
    effort = effort_of(demands, course, standing, lessons=lessons, n_items=sources.n_items)
    met, missing = way_of(sources.node, standing.met, effort.alone.T)
    notes = of_skills(sequencer.overrides, labels, context.now, standing.granted, demands)
    for place, theirs in whole.items():
        notes[place] = (*theirs, *notes.get(place, ()))
    return _Block(
        standing, kept, met, missing, minutes_of(demands, course, effort, missing),
        {(start + row, column): theirs for (row, column), theirs in notes.items()}, context.now,
    )  # fmt: skip


def _level(sources: Sources, context: Context, labels: list[Label]) -> Floats:
    """The estimate of each skill, or its lower bound; 0 where that is unknown."""
    if sources.rules.bound == "value":
        return context.mastery
    lower = context.lower
    if lower is None:
        assert sources.history is not None
        tracker: Any = sources.sequencer.tracker
        table = tracker.mastery(labels, history=sources.history.part(labels)[0])
        lower = Match.of(context.curriculum, table.skills).by_curriculum(table.lower)
    return np.nan_to_num(lower, nan=0.0)


def _evidence(sources: Sources, course: Course, context: Context, labels: list[Label]) -> Evidence:
    """Answers and days of each standard, and for each standard the skills that are retained."""
    n_students = len(labels)
    late: dict[float | None, Bools] = {}
    answers: Ints
    days: Ints
    if sources.history is None:
        assert context.counts is not None
        answers = np.asarray((course.members @ context.counts.T).T, np.int64)
        days = np.asarray(answers > 0, np.int64)
    else:
        part, whose = sources.history.part(labels)
        entries, kept = sources.history.entries(part, whose)
        answers, days = evidence.answers_and_days(entries, n_students, course.members)
        if sources.replays:
            tracker: Any = sources.sequencer.tracker
            along = evidence.levels_along(tracker.model, part, n_students)[kept]
            first = _first_mastery(sources, context, entries, along)
            for after in {one.settings.review_after for one in sources.demands}:
                if after is not None:
                    late[after] = evidence.reviewed(entries, first, after)
    return Evidence(answers, days, _retained(sources.demands, context, late))


def _retained(
    demands: Sequence[Demand], context: Context, late: Mapping[float | None, Bools]
) -> list[Bools]:
    """For each demand, the skills that are retained; demands with equal settings share a table."""
    found: dict[tuple[float | None, float], Bools] = {}
    for one in demands:
        key = one.settings.review_after, one.settings.recall
        if key not in found:
            table = np.zeros(context.mastery.shape[::-1], bool)
            if context.retention is not None:
                table |= one.settings.recall <= context.retention.T
            if key[0] in late:
                table |= late[key[0]].T
            found[key] = table
    return [found[one.settings.review_after, one.settings.recall] for one in demands]


def _first_mastery(sources: Sources, context: Context, entries: Entries, along: Floats) -> Floats:
    """When each skill first reached what is asked of it; inf where it never did."""
    asked = _asked(sources)
    needed = evidence.needed_level(np.where(asked > 0, asked, np.inf), context.kind, context.rates)
    return evidence.first_times(entries, along >= needed[entries.skill], *context.mastery.shape)


def _asked(sources: Sources) -> Floats:
    """The level that the standards ask of each skill; 0 of others, shape (n_skills,)."""
    asked = np.zeros(len(sources.sequencer.curriculum.skills))
    for one in sources.demands:
        own = one.target if sources.rules.kind == "latent" else one.settings.confidence
        asked[one.skills] = np.maximum(asked[one.skills], own)
    return asked


def _lessons(sources: Sources, context: Context, level: Floats) -> Floats:
    """How many lessons each skill still takes each student, shape (n_skills, n_students)."""
    asked = _asked(sources)
    usual = np.asarray(USUAL_THRESHOLD if context.threshold is None else context.threshold)
    target = np.where(asked > 0, asked, usual)  # of all students, or of each
    mastered = target <= level.T
    left = lessons_left(
        replace(context, mastery=level.T, mastered=mastered, threshold=target),
        n_items=sources.n_items,
    )
    return left.mean.T
