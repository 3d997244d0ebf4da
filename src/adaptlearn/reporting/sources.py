"""What figures are made of, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.curriculum.outline import SkillGroups
from adaptlearn.errors import ParameterError, ProblemsError
from adaptlearn.labels import Label, label_list
from adaptlearn.planning.promotion.evidence import History
from adaptlearn.responses.log import as_log
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.validation import some
from adaptlearn.wording import counted

_SUBJECT = "figures_of"


class Sources(NamedTuple):
    """What figures are made of."""

    students: list[Label]
    names: list[str]
    standards: SkillGroups
    history: History


def checked_sources(
    sequencer: Any,
    log: Any,
    students: Iterable[Label] | Label | None,
    standards: Iterable[Label] | Label | None,
    names: Mapping[Label, str] | None,
) -> Sources:
    """Check what figures are made of; one error lists all problems.

    Raises
    ------
    ParameterError
    """
    if not isinstance(sequencer, Sequencer):
        kind = type(sequencer).__name__
        raise ParameterError(_SUBJECT, [f"sequencer is a {kind}; expected a Sequencer"])
    problems = []
    if sequencer.policy.criterion is None:
        problems.append("the sequencer's policy has no criterion of mastery; pass one that has")
    if not hasattr(sequencer.tracker, "estimates"):
        kind = type(sequencer.tracker).__name__
        problems.append(f"the sequencer's tracker is a {kind}; pages need a MasteryTracker")
    labels: list[Label] = []
    groups = _standards(sequencer)
    history = None
    try:
        asked = sequencer.tracker.students.tolist() if students is None else students
        labels = sequencer.checked_students(asked)
        problems += [] if labels else ["students is empty; name at least one"]
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    try:
        if standards is not None:
            groups = _part(groups, label_list(standards, "standard"), sequencer)
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    try:
        history = History(as_log(log), sequencer.curriculum.skills.tolist())
    except ProblemsError as error:
        problems += [f"log: {problem}" for problem in error.problems]
    if not problems:
        assert history is not None
        problems += _other_answers(sequencer, labels, history)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    assert history is not None
    called = {} if names is None else names
    return Sources(labels, [str(called.get(one, one)) for one in labels], groups, history)


def _other_answers(sequencer: Any, labels: list[Label], history: History) -> list[str]:
    """Students of whom the log says something else than the tracker does."""
    part, whose = history.part(labels)
    owner = np.arange(len(part)) if part.skill_rows is None else part.skill_rows
    answered = part.correct[owner] >= 0
    in_log = np.bincount(whose[owner[answered]], minlength=len(labels))
    in_tracker = sequencer.tracker.counts(labels).sum(axis=1)
    wrong = np.flatnonzero(in_log != in_tracker).tolist()
    if not wrong:
        return []
    first = f"{labels[wrong[0]]!r}: {in_log[wrong[0]]:,} in the log, {in_tracker[wrong[0]]:,} there"
    return [
        f"the log is not what the tracker has taken in; {counted(len(wrong), 'student')} "
        f"with other numbers of answers ({some(labels[place] for place in wrong)}; {first})"
    ]


def _standards(sequencer: Sequencer) -> SkillGroups:
    """The standards of a curriculum, or its skills if it has none."""
    curriculum = sequencer.curriculum
    if len(curriculum.standards):
        return curriculum.standards
    n_skills = len(curriculum.skills)
    each = np.arange(n_skills)
    return SkillGroups(
        "standard",
        labels=curriculum.skills.tolist(),
        titles=curriculum.skill_titles,
        grades=[(np.nan, np.nan)] * n_skills,
        skills=incidence(each, each, (n_skills, n_skills)),
        skill_labels=curriculum.skills,
    )


def _part(groups: SkillGroups, labels: list[Label], sequencer: Sequencer) -> SkillGroups:
    """Some of the standards, in the given order.

    Raises
    ------
    UnknownLabelError, ParameterError
    """
    places = np.array(groups.index.codes(labels), np.intp)
    if not labels or len(set(labels)) < len(labels):
        raise ParameterError("standards", ["name at least one, and each once"])
    return SkillGroups(
        "standard",
        labels=labels,
        titles=[groups.titles[place] for place in places],
        grades=[(low, high) for low, high in groups.grades[places].tolist()],
        skills=groups.skills[places],
        skill_labels=sequencer.curriculum.skills,
    )
