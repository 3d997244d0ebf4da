"""What a sequencer says, with the goals and overrides that count at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.errors import CurriculumError, ParameterError
from adaptlearn.labels import Label, label_list, label_of, near_spellings
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.sequencing.decisions.decisions import Decisions
from adaptlearn.sequencing.goals import Goals
from adaptlearn.sequencing.knowledge.tracker import Review
from adaptlearn.sequencing.overrides import Override, Overrides
from adaptlearn.sequencing.policies.policy import PolicyLike
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tutor.fold.fold import Fold, Goal, Learner
from adaptlearn.validation import some
from adaptlearn.wording import shown


class Advice:
    """Decisions over a fold; the caller holds the fold's lock.

    Parameters
    ----------
    curriculum, policy, review, random_state
        As in `Sequencer`.
    fold : Fold

    Raises
    ------
    CurriculumError
        The model knows no skill of the curriculum.
    """

    def __init__(
        self, curriculum: Curriculum, fold: Fold, policy: PolicyLike | None,
        review: Review | None, random_state: Any,
    ) -> None:  # fmt: skip
        check_fit(fold.tracker.model, curriculum)
        self.sequencer = Sequencer(
            curriculum, fold.tracker, policy, review=review, random_state=random_state,
            lessons_done=fold.lessons_done, new_students=True,
        )  # fmt: skip

    def decide(
        self, students: Mapping[Label, Learner], everyone: Learner, n: int, now: float
    ) -> Decisions:
        """The next lessons of some students, given what is folded of each and of all."""
        return self.ready(students, everyone, now).recommend([*students], n=n, now=now)

    def ready(self, students: Mapping[Label, Learner], everyone: Learner, now: float) -> Sequencer:
        """The sequencer, with the goals and overrides of some students."""
        curriculum, sequencer = self.sequencer.curriculum, self.sequencer
        sequencer.goals = goals_of(curriculum, students, everyone, now)
        sequencer.overrides = Overrides(
            curriculum, overrides_of(curriculum, students, everyone, now)
        )
        return sequencer


def problems_of(model: Any, curriculum: Any) -> list[str]:
    """What keeps values from being a fitted model and a curriculum."""
    problems = [*curriculum_problems(curriculum)]
    if not hasattr(model, "init_state"):
        problems.append(f"model is a {type(model).__name__}; expected a fitted model")
    return problems


def check_note(what: str, author: Any, reason: Any, *, needed: bool = True) -> None:
    """Refuse what is no text, and, if needed, an empty one: an auditor asks who, and why.

    Raises
    ------
    ParameterError
    """
    problems = []
    for name, value in (("author", author), ("reason", reason)):
        if not isinstance(value, str):
            problems.append(f"{name} must be a text, got {shown(value)}")
        elif needed and not value:
            problems.append(f"{name} is empty; say who, and why")
    if problems:
        raise ParameterError(what, problems)


def check_fit(model: KnowledgeTracer, curriculum: Curriculum) -> None:
    """Refuse a model for which all skills of a curriculum are strangers.

    A tracker does not show this: it learns of skills from answers, too.

    Raises
    ------
    CurriculumError
        The model knows no skill of the curriculum; it names both fingerprints.
    """
    skills, trained = curriculum.skills.tolist(), model.skills_.tolist()
    if {*skills}.isdisjoint(trained):
        raise CurriculumError(
            f"model {model.fingerprint_[:12]}… and curriculum {curriculum.fingerprint[:12]}…",
            [
                f"the model knows no skill of the curriculum ({some(skills)})"
                f"{near_spellings(skills[0], trained)}; its skills are {some(trained) or 'none'}",
                "fit the model to answers on this curriculum's skills",
            ],
        )


def overrides_of(
    curriculum: Curriculum, students: Mapping[Label, Learner], everyone: Learner, now: float
) -> list[Override]:
    """The overrides that count now, in order of time; those of things that are gone do not."""
    given: list[tuple[float, Label | None, Mapping[str, Any]]] = [
        (one.moment, None, one.content) for one in everyone.overrides
    ]
    for label, learner in students.items():
        given += [(one.moment, label, one.content) for one in learner.overrides]
    made = [Override(student=label, **content) for _, label, content in
            sorted(given, key=lambda one: one[0])]  # fmt: skip
    return [one for one in made if one.active(now) and has_target(curriculum, one)]


def has_target(curriculum: Curriculum, override: Override) -> bool:
    """Whether a curriculum has what an override is about."""
    index = curriculum.skill_index if override.action == "grant" else curriculum.lesson_index
    return override.target in index.place


def goals_of(
    curriculum: Curriculum, students: Mapping[Label, Learner], everyone: Learner, now: float
) -> Goals | None:
    """The goals that count now; None if nobody has one."""
    mine = {label: targets for label, learner in students.items()
            if (targets := _targets(curriculum, learner.goal, now))}  # fmt: skip
    default = _targets(curriculum, everyone.goal, now)
    if not mine and not default:
        return None
    return Goals(curriculum, mine, default=default or None)


def _targets(curriculum: Curriculum, goal: Goal | None, now: float) -> dict[Label, float]:
    if goal is None or (goal.expires is not None and now >= goal.expires):
        return {}
    skills, lessons = curriculum.skill_index.place, curriculum.lesson_index.place
    return {label: weight for label, weight in goal.targets if label in skills or label in lessons}


def lost(curriculum: Curriculum, students: Mapping[Label | None, Learner]) -> list[str]:
    """What a curriculum cannot keep of overrides, goals and lessons done, a sentence each."""
    told = []
    skills, lessons = curriculum.skill_index.place, curriculum.lesson_index.place
    for label, learner in students.items():
        whose = "for all students" if label is None else f"of {label!r}"
        for one in learner.overrides:
            made = Override(student=label, **one.content)
            if not has_target(curriculum, made):
                told.append(f"override {whose}: {made.action} {made.target!r}")
        for target, _ in learner.goal.targets if learner.goal else ():
            if target not in skills and target not in lessons:
                told.append(f"goal {whose}: {target!r}")
        told += [f"lesson done {whose}: {lesson!r}" for lesson in learner.done
                 if lesson not in lessons]  # fmt: skip
    return told


def checked_override(curriculum: Curriculum, made: Override) -> dict[str, Any]:
    """The content of an override's event, without its student.

    Raises
    ------
    ParameterError, UnknownLabelError
        Its lesson or skill is not in the curriculum, or its end has no time zone.
    """
    index = curriculum.skill_index if made.action == "grant" else curriculum.lesson_index
    index.code(made.target)
    if made.clock == "naive":
        raise ParameterError("override", ["expires has no time zone; give it one"])
    content = made.to_dict()
    return {name: value for name, value in content.items() if name not in ("student", "clock")}


def goal_pairs(curriculum: Curriculum, targets: Any) -> list[list[Any]]:
    """Targets as pairs of a label and its weight, for a goal's event.

    Raises
    ------
    ParameterError, UnknownLabelError
        As `Goals` raises them.
    """
    if targets is None:
        return []
    Goals(curriculum, default=targets)
    if isinstance(targets, Mapping):
        return [[label_of(label), float(weight)] for label, weight in targets.items()]
    return [[label, 1.0] for label in label_list(targets)]
