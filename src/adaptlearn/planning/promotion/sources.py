"""What a report rests on, checked once: sequencer, rules, log, grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from adaptlearn.errors import ParameterError, ProblemsError
from adaptlearn.labels import Label
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.evidence import History
from adaptlearn.planning.promotion.grants import Grants
from adaptlearn.planning.promotion.report import PromotionReport
from adaptlearn.planning.promotion.rules import Node, PromotionRules
from adaptlearn.planning.promotion.steady import Earlier
from adaptlearn.responses.log import ResponseLog, as_log
from adaptlearn.sequencing.overrides import Override
from adaptlearn.sequencing.parts import serve_alike
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.validation import Interval

_SUBJECT = "promotion_report"
_ITEMS = Interval(1, 12, integer=True)
_SAID = {"latent": "P(known)", "predicted": "P(correct)"}


class Sources(NamedTuple):
    """What a report rests on.

    Attributes
    ----------
    sequencer : Sequencer
    students : list of label
    rules : PromotionRules
    rule : str
    node : Node
        Of the rule; its leaves are places in `demands`.
    demands : tuple of Demand
    history : History or None
        Of the log.
    replays : bool
        Whether the log and the model say when skills were mastered.
    grants : Grants
    earlier : Earlier or None
        What the report before said.
    n_items : int
        Answers in a lesson.
    """

    sequencer: Sequencer
    students: list[Label]
    rules: PromotionRules
    rule: str
    node: Node
    demands: tuple[Demand, ...]
    history: History | None
    replays: bool
    grants: Grants
    earlier: Earlier | None
    n_items: int


def checked_sources(
    sequencer: Any,
    students: Iterable[Label] | Label | None,
    rules: Any,
    rule: str | None,
    *,
    log: Any,
    before: Any,
    grants: Iterable[Override | Mapping[str, Any]],
    n_items: int,
) -> Sources:
    """Check what a report is made of; one error lists all problems.

    Raises
    ------
    ParameterError
    """
    problems = [*_wrong_kinds(sequencer, rules)]
    if problems:
        raise ParameterError(_SUBJECT, problems)
    problems += [] if _ITEMS.accepts(n_items) else [f"n_items must be {_ITEMS}, got {n_items!r}"]
    labels: list[Label] = []
    try:
        asked = sequencer.tracker.students.tolist() if students is None else students
        labels = sequencer.checked_students(asked)
        if not labels:
            problems.append("students is empty; name at least one")
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    if not serve_alike(rules.curriculum, sequencer.curriculum):
        problems.append("rules are of another curriculum than the sequencer's")
    history = _history(log, sequencer, problems)
    read = None if history is None else history.log
    replays = (
        read is not None
        and read.time is not None
        and hasattr(getattr(sequencer.tracker, "model", None), "update_with_estimates")
        and (rules.kind == "predicted" or hasattr(sequencer.tracker, "skill_rates"))
    )
    try:
        name, node, demands = rules.asked(rule)
    except ProblemsError as error:
        raise ParameterError(_SUBJECT, [*problems, *error.problems]) from None
    problems += _unshown(demands, read, replays, sequencer)
    if not isinstance(before, PromotionReport | None):
        problems.append(f"before is a {type(before).__name__}; expected a PromotionReport")
    elif before is not None and (before.rule, before.rules_fingerprint) != (
        name,
        rules.fingerprint,
    ):
        problems.append("before is a report by another rule; pass the last report by this rule")
    given = Grants(grants, demands, labels, problems)
    if labels:
        problems += _unfit_mastery(rules, sequencer, labels, read)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    earlier = None if before is None else Earlier.of(before, labels)
    return Sources(
        sequencer, labels, rules, name, node, demands, history, replays, given, earlier, n_items
    )


def _wrong_kinds(sequencer: Any, rules: Any) -> Iterator[str]:
    if not isinstance(sequencer, Sequencer):
        yield f"sequencer is a {type(sequencer).__name__}; expected a Sequencer"
    if not isinstance(rules, PromotionRules):
        kind = type(rules).__name__
        yield f"rules is a {kind}; expected PromotionRules(curriculum, {{…}})"


def _history(log: Any, sequencer: Sequencer, problems: list[str]) -> History | None:
    if log is None:
        return None
    try:
        return History(as_log(log), sequencer.curriculum.skills.tolist())
    except ProblemsError as error:
        problems += [f"log: {problem}" for problem in error.problems]
    return None


def _unshown(
    demands: tuple[Demand, ...], log: ResponseLog | None, replays: bool, sequencer: Sequencer
) -> Iterator[str]:
    """Evidence that the rules ask for, and that nothing shows."""
    days = max(one.settings.days for one in demands)
    if days > 1 and (log is None or log.time is None):
        lacks = "there is no log" if log is None else "the log has no times"
        yield (
            f"days is {days} in the rules, and {lacks}: pass log=…, the answers with their times, "
            "or set days to 1 in the rules"
        )
    asked = any(one.settings.review_after is not None for one in demands)
    if asked and not replays and sequencer.review is None:
        yield (
            "review_after is set in the rules, and nothing tells what is retained: pass log=…, the "
            "answers with their times, or a sequencer with a review schedule and now=…, or set "
            "review_after to None in the rules"
        )


def _unfit_mastery(
    rules: PromotionRules, sequencer: Sequencer, labels: list[Label], log: ResponseLog | None
) -> Iterator[str]:
    """A model whose mastery the rules are not for."""
    tracker = sequencer.tracker
    table = tracker.mastery(labels[:1])
    if table.kind != rules.kind:
        yield (
            f"the model's mastery is {_SAID[table.kind]}, and confidence is for "
            f"{_SAID[rules.kind]}: change the model, or set kind to {table.kind!r} in the rules, "
            f"with a confidence chosen for {_SAID[table.kind]}"
        )
    if rules.bound != "lower" or getattr(table, "lower", None) is not None:
        return
    model: Any = getattr(tracker, "model", tracker)
    if log is None or not hasattr(model, "mastery") or model.mastery(log[:1]).lower is None:
        yield (
            f"bound is 'lower' in the rules, and {type(model).__name__} gives no intervals: fit "
            "BKT(uncertainty=True) and pass log=…, all answers of these students, or set bound to "
            "'value' in the rules"
        )
