"""What was recommended, with everything an audit or an evaluation asks for later."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.content.sources import Label
from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.labels import plain
from adaptlearn.numerics import Bools
from adaptlearn.sequencing.candidates import Purpose
from adaptlearn.sequencing.columns import Columns
from adaptlearn.sequencing.overrides import Override, Overrides
from adaptlearn.sequencing.reasons import CODES, NO_LESSON, Choice, no_lesson, pinned
from adaptlearn.sequencing.sentences import TEMPLATES, Templates, sentence

if TYPE_CHECKING:
    from adaptlearn.sequencing.replaying import Replay

_SCORE = attrgetter("score")
_ROWS_SHOWN = 10
_WIDTH = 60


class Candidate(NamedTuple):
    """A lesson that could have been chosen.

    Attributes
    ----------
    lesson : label
    score : float
    propensity : float
        The probability that this lesson was chosen at this rank, given the earlier ranks.
    """

    lesson: Label
    score: float
    propensity: float


class SkillMastery(NamedTuple):
    """A skill at the time of a decision.

    Attributes
    ----------
    skill : label
    mastery : float
    answers : int
        Answers given on it.
    recent : str
        The latest of them, ``1`` for right and ``0`` for wrong, the last at the end; empty where
        the tracker does not keep them.
    """

    skill: Label
    mastery: float
    answers: int = 0
    recent: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a lesson was chosen, or none.

    Attributes
    ----------
    code : str
        The policy's word for it; ``"confirm"`` where all that the lesson teaches is known well
        enough already, and is made sure of; ``"pinned"`` where a teacher chose;
        ``"all_mastered"``, ``"goal_reached"``, ``"ask_teacher"``, ``"barred"``, ``"none_open"`` or
        ``"none_eligible"`` where there is no lesson.
    text : str
        One or more sentences.
    skills : tuple of SkillMastery
        The skills the lesson teaches.
    threshold : float or None
        From which mastery on a skill counted as mastered, if the policy has a threshold.
    title : str
        The lesson's title.
    """

    code: str
    text: str
    skills: tuple[SkillMastery, ...] = ()
    threshold: float | None = None
    title: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Decision:
    """One recommendation. That it was made does not say that it was followed.

    Attributes
    ----------
    id : str
        By default a digest of the decision's content, the draw and the time included: the
        same decision made again from the same state has the same id, so logs can be merged.
    student : label
    lesson : label or None
        None where no lesson was eligible.
    rank : int
        1 for the first choice; a student's later ranks are drawn from what is left.
    score : float or None
    propensity : float
        The probability of this choice at this rank, given the earlier ranks.
    propensity_method : str
        ``"exact"``: computed; ``"monte_carlo"``: sampled, with its error; ``"override"``: a
        teacher's choice, which says nothing of the policy.
    propensity_error : float
        Standard error of a sampled propensity; 0 of others.
    purpose : str or None
        ``"new"``, ``"review"``, ``"remediation"``, ``"enrichment"`` or ``"assigned"``; None
        without a lesson.
    candidates : tuple of Candidate
        Every lesson with a propensity above 0 (these sum to 1), and the best of the others.
    n_candidates, n_tied : int
        How many lessons were eligible at this rank, and how many of them had the best score.
    draw : float
        The uniform draw in [0, 1): with the candidates in the curriculum's order, the first whose
        cumulative propensity exceeds it was chosen.
    reason : Reason
    overrides : tuple of Override
        What teachers had decided for this student at the time.
    model, policy, curriculum : str
        Fingerprints.
    time : float or None
        Seconds since 1970 in UTC, or in the caller's own clock; None if not given.
    review : str or None
        The fingerprint of what told which skills were due; None where nothing did.
    review_target : float or None
        The P(recall) below which it called them due, if it has such a target.
    """

    id: str
    student: Label
    lesson: Label | None
    rank: int
    score: float | None
    propensity: float
    propensity_method: str
    propensity_error: float
    purpose: str | None
    candidates: tuple[Candidate, ...]
    n_candidates: int
    n_tied: int
    draw: float
    reason: Reason
    overrides: tuple[Override, ...]
    model: str
    policy: str
    curriculum: str
    time: float | None
    review: str | None = None
    review_target: float | None = None

    @property
    def by_policy(self) -> bool:
        """Whether the policy chose: only such decisions tell how good it is."""
        return self.propensity_method != "override"

    def sentence(self, audience: str = "student", templates: Templates = TEMPLATES) -> str:
        """The decision in words: see `adaptlearn.sequencing.sentences.sentence`."""
        return sentence(self, audience, templates)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        content = vars(self).copy()
        content["candidates"] = [candidate._asdict() for candidate in self.candidates]
        content["overrides"] = [override.to_dict() for override in self.overrides]
        content["reason"] = vars(self.reason).copy()
        content["reason"]["skills"] = [skill._asdict() for skill in self.reason.skills]
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` wrote."""
        reason = dict(content["reason"])
        reason["skills"] = tuple(SkillMastery(**skill) for skill in reason["skills"])
        candidates = tuple(Candidate(**candidate) for candidate in content["candidates"])
        overrides = tuple(Override(**override) for override in content["overrides"])
        parts = {"candidates": candidates, "overrides": overrides, "reason": Reason(**reason)}
        return cls(**{**content, **parts})


class Provenance(NamedTuple):
    """What all decisions of one call share."""

    curriculum: Curriculum
    model: str
    policy: str
    threshold: float | None
    method: str
    reason: Callable[[Choice], tuple[str, str]]
    leading: str | None
    overrides: Overrides
    time: float | None
    review: str | None
    review_target: float | None


class Decisions(Sequence[Decision]):
    """The decisions of one call: by student in the order asked for, then by rank.

    Held as arrays; a `Decision` is made when it is looked at. An int gives a `Decision`, a
    slice a tuple of them.
    """

    def __init__(
        self,
        columns: Columns,
        students: NDArray[Any],
        provenance: Provenance,
        ids: Sequence[str] | None,
    ) -> None:
        self._columns = columns
        self._students = students
        self._from = provenance
        self._ids = ids
        self._order = np.lexsort((columns.rank, columns.student))

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Decision: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Decision, ...]: ...
    def __getitem__(self, index: int | slice) -> Decision | tuple[Decision, ...]:
        if isinstance(index, slice):
            return tuple(self._decision(entry) for entry in self._order[index].tolist())
        return self._decision(int(self._order[index]))

    def __iter__(self) -> Iterator[Decision]:
        return map(self._decision, self._order.tolist())

    def _decision(self, entry: int) -> Decision:
        columns, shared = self._columns, self._from
        lesson = self._lesson(entry)
        score = float(columns.score[entry])
        content: dict[str, Any] = {
            "student": plain(self._students[columns.student[entry]]),
            "lesson": lesson,
            "rank": int(columns.rank[entry]),
            "score": None if math.isnan(score) else score,
            "propensity": float(columns.propensity[entry]),
            "draw": float(columns.draw[entry]),
            "model": shared.model,
            "policy": shared.policy,
            "curriculum": shared.curriculum.fingerprint,
            "time": shared.time,
        }
        if shared.review is not None:  # without reviews, ids are as they were before
            content |= {"review": shared.review, "review_target": shared.review_target}
        return Decision(
            id=_digest(content) if self._ids is None else self._ids[entry],
            propensity_method=shared.method if columns.pin[entry] < 0 else "override",
            propensity_error=float(columns.error[entry]),
            purpose=None if lesson is None else Purpose(columns.purpose[entry]).name.lower(),
            candidates=self._candidates(entry),
            n_candidates=int(columns.n_candidates[entry]),
            n_tied=int(columns.n_tied[entry]),
            reason=self._reason(entry),
            overrides=self._overrides(entry),
            **content,
        )

    def _lesson(self, entry: int) -> Label | None:
        code = self._columns.lesson[entry]
        return None if code < 0 else plain(self._from.curriculum.lessons[code])

    def _candidates(self, entry: int) -> tuple[Candidate, ...]:
        columns = self._columns
        kept = slice(*columns.candidate_bounds[entry : entry + 2])
        rows = zip(
            self._from.curriculum.lessons[columns.candidate[kept]].tolist(),
            columns.candidate_score[kept].tolist(),
            columns.candidate_propensity[kept].tolist(),
            strict=True,
        )
        # Those that could have been drawn in the curriculum's order, the others best first.
        found = [Candidate(*row) for row in rows]
        others = [candidate for candidate in found if not candidate.propensity]
        others.sort(key=_SCORE, reverse=True)
        return (*(candidate for candidate in found if candidate.propensity), *others)

    def _overrides(self, entry: int) -> tuple[Override, ...]:
        columns = self._columns
        kept = slice(*columns.override_bounds[entry : entry + 2])
        return tuple(self._from.overrides[place] for place in columns.override[kept].tolist())

    def _reason(self, entry: int) -> Reason:
        columns, shared = self._columns, self._from
        code = int(columns.lesson[entry])
        if code < 0:
            word = NO_LESSON[columns.code[entry]]
            text = no_lesson(word, int(columns.n_unmastered[entry]))
            return Reason(word, text, threshold=shared.threshold)
        lesson = plain(shared.curriculum.lessons[code])
        skills = tuple(shared.curriculum.skills_of(lesson).tolist())
        kept = slice(*columns.skill_bounds[entry : entry + 2])
        mastery = tuple(columns.skill_mastery[kept].tolist())
        choice = Choice(
            lesson=lesson,
            title=shared.curriculum.lesson_titles[code],
            skills=skills,
            mastery=mastery,
            mastered=tuple(columns.skill_mastered[kept].tolist()),
            ready=tuple(columns.skill_ready[kept].tolist()),
            score=float(columns.score[entry]),
            n_eligible=int(columns.n_candidates[entry]),
            n_tied=int(columns.n_tied[entry]),
            purpose=Purpose(columns.purpose[entry]),
        )
        pin = int(columns.pin[entry])
        word, text = shared.reason(choice) if pin < 0 else pinned(choice, shared.overrides[pin])
        recent = [f"{bits:b}"[1:] for bits in columns.skill_recent[kept].tolist()]
        answers = columns.skill_answers[kept].tolist()
        pairs = tuple(map(SkillMastery, skills, mastery, answers, recent))
        return Reason(word, text, pairs, shared.threshold, choice.title)

    def codes(self) -> NDArray[Any]:
        """The reason's code of each decision, in the order of `arrays`."""
        columns, leading = self._columns, self._from.leading
        if leading is None:  # a policy with reasons of its own
            return np.array([self._reason(entry).code for entry in range(len(self))], object)
        stands_out = (columns.n_tied == 1) & (columns.n_candidates > 1)
        code = np.where(stands_out, leading, "ready").astype(object)
        code[self._confirms()] = "confirm"
        for purpose, word in CODES.items():
            code[columns.purpose == purpose] = word
        none = columns.lesson < 0
        code[none] = np.array(NO_LESSON, object)[columns.code[none]]
        return code

    def _confirms(self) -> Bools:
        """Whether all that a lesson teaches was ready, and some of it not mastered."""
        columns = self._columns
        entry = np.repeat(np.arange(len(self)), np.diff(columns.skill_bounds))
        n_unready = np.bincount(entry, ~columns.skill_ready, len(self))
        n_unmastered = np.bincount(entry, ~columns.skill_mastered, len(self))
        return np.asarray((n_unready == 0) & (n_unmastered > 0))

    @property
    def arrays(self) -> Columns:
        """All of them as arrays, in the order they were made; see `Columns`."""
        return self._columns

    def replay(self, student: Label) -> Replay:
        """The steps of one student: see `adaptlearn.sequencing.replay`."""
        from adaptlearn.sequencing.replaying import replay

        return replay(self, student)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Every decision as plain values."""
        return [decision.to_dict() for decision in self]

    def to_json(self, indent: int | None = None) -> str:
        """A JSON list of every decision."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, allow_nan=False, indent=indent)

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per decision, as columns any dataframe library takes.

        ``student``, ``rank``, ``lesson`` (None for none), ``score`` (NaN for none),
        ``propensity``, ``n_candidates``, ``reason``.
        """
        columns, order = self._columns, self._order
        none = columns.lesson[order] < 0
        lessons, reasons = np.empty(len(order), object), np.empty(len(order), object)
        lessons[:] = [self._lesson(entry) for entry in order.tolist()]
        reasons[:] = [self._reason(entry).text for entry in order.tolist()]
        return {
            "student": self._students[columns.student[order]],
            "rank": columns.rank[order],
            "lesson": lessons,
            "score": np.where(none, np.nan, columns.score[order]),
            "propensity": columns.propensity[order],
            "n_candidates": columns.n_candidates[order],
            "reason": reasons,
        }

    def __repr__(self) -> str:
        head = ("student", "rank", "lesson", "score", "propensity", "reason")
        rows = [head]
        for decision in self[:_ROWS_SHOWN]:
            score = "" if decision.score is None else f"{decision.score:.3f}"
            lesson = "(none)" if decision.lesson is None else str(decision.lesson)
            reason = decision.reason.text
            reason = reason if len(reason) <= _WIDTH else reason[: _WIDTH - 1] + "…"
            rows.append((str(decision.student), str(decision.rank), lesson, score,
                         f"{decision.propensity:.3f}", reason))  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        more = len(self) - _ROWS_SHOWN
        return "\n".join([*lines, *([f"… and {more:,} more"] if more > 0 else [])])


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
