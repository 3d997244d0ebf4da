"""What was recommended, with everything an audit or an evaluation asks for later."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.matrices import row
from adaptlearn.labels import Label, label_array, plain
from adaptlearn.numerics import Bools
from adaptlearn.sequencing.decisions.arrays import AlertKind, Columns
from adaptlearn.sequencing.decisions.decision import (
    Alert,
    Decision,
    Reason,
    ScoredLesson,
    SkillMastery,
)
from adaptlearn.sequencing.decisions.templates import ON_RECORD, filled
from adaptlearn.sequencing.knowledge.criteria import Criterion
from adaptlearn.sequencing.knowledge.review_schedule import DAY
from adaptlearn.sequencing.knowledge.stopping import Worth
from adaptlearn.sequencing.overrides import Override, Overrides
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.tables import html_table, text_table
from adaptlearn.wording import counted, level, listed, quoted

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.replay import Replay

_SCORE = attrgetter("score")
_HEAD = ["student", "rank", "lesson", "score", "propensity", "reason"]
_ROWS_SHOWN = 10
_WIDTH = 60
_ALERTED = {
    AlertKind.TEACHER: "stuck, and a teacher should look",
    AlertKind.STUCK: "stuck, and still practising",
    AlertKind.EVIDENCE: "whose lesson builds on few answers",
    AlertKind.CLOCK: "whose last answer is dated ahead",
}


class Provenance(NamedTuple):
    """What all decisions of one call share.

    `in_order`: whether the policy gives a new lesson only if its prerequisites are known.
    `worth`: what the policy's price comes to, if it has one. `horizon`: seconds until the time for
    which the gain of a review counts, if reviews have a price.
    """

    curriculum: Curriculum
    model: str
    policy: str
    threshold: float | None
    ready: Criterion | None
    sentences: Mapping[str, str]
    method: str
    overrides: Overrides
    time: float | None
    review: str | None
    review_target: float | None
    in_order: bool = False
    worth: Worth | None = None
    horizon: float | None = None


class Decisions(Sequence[Decision]):
    """The decisions of one call, in the order of the students that you passed, then by rank.

    The decisions are stored as arrays; a `Decision` is built only when you access it. Indexing with
    an int returns a `Decision`. Indexing with a slice returns a tuple of decisions.
    """

    def __init__(
        self,
        columns: Columns,
        students: NDArray[Any],
        provenance: Provenance,
        ids: Sequence[str] | None,
        names: Mapping[Label, Label] | None = None,
    ) -> None:
        self._columns = columns
        self._students = students
        self._from = provenance
        self._ids, self._names = ids, names or {}

    def renamed(self, names: Mapping[Label, Label]) -> Decisions:
        """The same decisions, under their ids, with other labels for some students."""
        return Decisions(self._columns, self._students, self._from, self._ids, names)

    def __len__(self) -> int:
        return len(self._columns.student)

    @overload
    def __getitem__(self, index: int) -> Decision: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Decision, ...]: ...
    def __getitem__(self, index: int | slice) -> Decision | tuple[Decision, ...]:
        entries = range(len(self))[index]
        if isinstance(entries, range):
            return tuple(map(self._decision, entries))
        return self._decision(entries)

    def __iter__(self) -> Iterator[Decision]:
        return map(self._decision, range(len(self)))

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
        made = Decision(
            id=_digest(content) if self._ids is None else self._ids[entry],
            propensity_method=shared.method if columns.pin[entry] < 0 else "override",
            propensity_error=float(columns.error[entry]),
            purpose=None if lesson is None else Purpose(columns.purpose[entry]).name.lower(),
            candidates=self._candidates(entry),
            n_candidates=int(columns.n_candidates[entry]),
            n_tied=int(columns.n_tied[entry]),
            reason=self._reason(entry),
            overrides=self._overrides(entry),
            alerts=self._alerts(entry),
            **content,
        )
        return made.renamed(self._names.get(made.student, made.student))

    def _lesson(self, entry: int) -> Label | None:
        code = self._columns.lesson[entry]
        return None if code < 0 else plain(self._from.curriculum.lessons[code])

    def _candidates(self, entry: int) -> tuple[ScoredLesson, ...]:
        columns = self._columns
        kept = slice(*columns.candidate_bounds[entry : entry + 2])
        rows = zip(
            self._from.curriculum.lessons[columns.candidate[kept]].tolist(),
            columns.candidate_score[kept].tolist(),
            columns.candidate_propensity[kept].tolist(),
            strict=True,
        )
        # Those that could have been drawn in the curriculum's order, the others best first.
        found = [ScoredLesson(*row) for row in rows]
        others = [candidate for candidate in found if not candidate.propensity]
        others.sort(key=_SCORE, reverse=True)
        return (*(candidate for candidate in found if candidate.propensity), *others)

    def _overrides(self, entry: int) -> tuple[Override, ...]:
        columns = self._columns
        kept = slice(*columns.override_bounds[entry : entry + 2])
        return tuple(self._from.overrides[place] for place in columns.override[kept].tolist())

    def _alerts(self, entry: int) -> tuple[Alert, ...]:
        columns = self._columns
        kept = slice(*columns.alert_bounds[entry : entry + 2])
        rows = zip(
            columns.alert_code[kept].tolist(),
            columns.alert_skill[kept].tolist(),
            columns.alert_number[kept].tolist(),
            strict=True,
        )
        return tuple(self._alert(AlertKind(code), *row) for code, *row in rows)

    def _alert(self, kind: AlertKind, place: int, number: float) -> Alert:
        if kind == AlertKind.CLOCK:
            return Alert("clock", {"ahead": number})
        skill = plain(self._from.curriculum.skills[place])
        told: dict[str, Any] = {"skill": skill, "answers": int(number)}
        if kind == AlertKind.EVIDENCE:
            return Alert("evidence", told)
        return Alert("stuck", {**told, "teacher": kind == AlertKind.TEACHER})

    def _reason(self, entry: int) -> Reason:
        columns, shared = self._columns, self._from
        code, lesson, pin = columns.code[entry], int(columns.lesson[entry]), int(columns.pin[entry])
        if lesson < 0:
            text = filled(ON_RECORD[code], _number_of(int(columns.n_unmastered[entry])))
            return Reason(code, text, threshold=shared.threshold)
        title = shared.curriculum.lesson_titles[lesson]
        skills = shared.curriculum.skills_of(shared.curriculum.lessons[lesson]).tolist()
        kept = slice(*columns.skill_bounds[entry : entry + 2])
        mastery = columns.skill_mastery[kept].tolist()
        if pin < 0:
            text = self._policys_words(entry, code, title, skills)
        else:
            author, why = shared.overrides[pin].author, shared.overrides[pin].reason
            text = filled(ON_RECORD[code], {"author": author, "title": quoted(title), "why": why})
        recent = [f"{bits:b}"[1:] for bits in columns.skill_recent[kept].tolist()]
        answers = columns.skill_answers[kept].tolist()
        known = tuple(map(SkillMastery, skills, mastery, answers, recent))
        builds_on: tuple[Label, ...] = ()
        if shared.in_order and pin < 0 and columns.purpose[entry] == Purpose.NEW:
            builds_on = self._before(lesson, columns.skill_mastered[kept])
        return Reason(code, text, known, self._threshold(kept), title, builds_on)

    def _threshold(self, kept: slice) -> float | None:
        """The threshold of a lesson's skills, the highest if they differ."""
        found = self._columns.skill_threshold[kept]
        return None if not len(found) or np.isnan(found).any() else float(found.max())

    def _before(self, lesson: int, mastered: Bools) -> tuple[Label, ...]:
        """What must be known before the skills of a lesson that are not mastered."""
        curriculum = self._from.curriculum
        # Indexing a sparse table takes ten times as long as reading its rows.
        taught = row(curriculum.teaches, lesson)
        missing = [skill for skill, known in zip(taught, mastered, strict=True) if not known]
        found = {code for skill in missing for code in row(curriculum.prerequisites, skill)}
        return tuple(curriculum.skills[sorted(found.difference(taught))].tolist())

    def _policys_words(self, entry: int, code: str, title: str, skills: Sequence[Label]) -> str:
        """Its sentence for the code, and the one for how the lesson stood among the others."""
        columns, shared = self._columns, self._from
        kept = slice(*columns.skill_bounds[entry : entry + 2])
        mastery, mastered = columns.skill_mastery[kept], columns.skill_mastered[kept]
        n_candidates, n_tied = int(columns.n_candidates[entry]), int(columns.n_tied[entry])
        fields = {
            "title": quoted(title),
            "skills": listed(map(quoted, skills)),
            **_unmastered(skills, mastery.tolist(), mastered.tolist(), self._threshold(kept)),
            "worth": self._worth(entry),
            "recall": self._recall(kept, skills),
            "known": _known(shared.ready),
            "score": f"{columns.score[entry]:.4g}",
            "n_candidates": n_candidates,
            "n_tied": n_tied,
        }
        place = "(tied)" if n_tied > 1 else "(best)" if n_candidates > 1 else "(only)"
        said = shared.sentences
        if columns.n_waiting[entry]:  # it is not the only one, and others may score higher
            place = ""
        own = said.get(code, ON_RECORD.get(code, said.get("", "")))
        texts = (own, said.get(place, "") if place else "")
        return " ".join(filled(text, fields) for text in texts if text)

    def _worth(self, entry: int) -> str:
        """How many minutes the first unmastered skill still needs, and the price; or nothing."""
        columns, worth = self._columns, self._from.worth
        kept = slice(*columns.skill_bounds[entry : entry + 2])
        left = np.flatnonzero(~columns.skill_mastered[kept])
        if worth is None or not len(left):
            return ""
        first = int(left[0])
        skill = int(self._from.curriculum.teaches[[int(columns.lesson[entry])]].indices[first])
        mastery, needed = columns.skill_mastery[kept][first], columns.skill_threshold[kept][first]
        student = plain(self._students[int(columns.student[entry])])
        said = worth.said(student, skill, float(mastery), float(needed))
        return said and f" {said}"

    def _recall(self, kept: slice, skills: Sequence[Label]) -> str:
        """By how much a review raises P(recall) of the skill that gains most; or nothing."""
        without, reviewed = self._columns.skill_unreviewed[kept], self._columns.skill_reviewed[kept]
        gain = np.nan_to_num(reviewed - without, nan=0.0)
        if self._from.horizon is None or not (gain > 0).any():
            return ""
        most, days = int(gain.argmax()), self._from.horizon / DAY
        return (
            f" A review now raises the probability that the student recalls {quoted(skills[most])} "
            f"in {days:.3g} day{'' if days == 1 else 's'} from {without[most]:.2f} to "
            f"{reviewed[most]:.2f}."
        )

    def alerted(self) -> str:
        """A text that says how many students have each kind of alert.

        The text is empty if there are no alerts.
        """
        columns = self._columns
        student = np.repeat(columns.student, np.diff(columns.alert_bounds))
        said = []
        for kind, words in _ALERTED.items():
            n = len(np.unique(student[columns.alert_code == kind]))
            if n:
                said.append(f"{counted(n, 'student')} {words}")
        return "; ".join(said)

    def codes(self) -> NDArray[Any]:
        """For each decision, the code of its reason."""
        return self._columns.code

    @property
    def arrays(self) -> Columns:
        """All decisions as arrays; see `Columns`."""
        return self._columns

    def replay(self, student: Label) -> Replay:
        """The steps of one student: see `adaptlearn.sequencing.replay`."""
        from adaptlearn.sequencing.decisions.replay import replay

        return replay(self, student)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Every decision as plain values."""
        return [decision.to_dict() for decision in self]

    def to_json(self, indent: int | None = None) -> str:
        """A JSON list of every decision."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, allow_nan=False, indent=indent)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per decision, as columns that any dataframe library accepts.

        The columns are ``student``, ``rank``, ``lesson`` (None if there is no lesson), ``score``
        (NaN if there is no score), ``propensity``, ``n_candidates`` and ``reason``.
        """
        columns, entries = self._columns, range(len(self))
        lessons, reasons = np.empty(len(self), object), np.empty(len(self), object)
        lessons[:] = [self._lesson(entry) for entry in entries]
        reasons[:] = [self._reason(entry).text for entry in entries]
        told = (self._names.get(one, one) for one in self._students.tolist())
        return {
            "student": label_array(told)[columns.student],
            "rank": columns.rank.copy(),
            "lesson": lessons,
            "score": columns.score.copy(),
            "propensity": columns.propensity.copy(),
            "n_candidates": columns.n_candidates.copy(),
            "reason": reasons,
        }

    def __repr__(self) -> str:
        table = text_table(_HEAD, self._shown(), right=[False] * len(_HEAD))
        return "\n".join([table, *self._not_shown()])

    def _repr_html_(self) -> str:
        return html_table("", _HEAD, self._shown(), self._not_shown())

    def _shown(self) -> list[list[str]]:
        return [
            [
                str(decision.student),
                str(decision.rank),
                "(none)" if decision.lesson is None else str(decision.lesson),
                "" if decision.score is None else f"{decision.score:.3f}",
                f"{decision.propensity:.3f}",
                _cut(decision.reason.text),
            ]
            for decision in self[:_ROWS_SHOWN]
        ]

    def _not_shown(self) -> list[str]:
        more = len(self) - _ROWS_SHOWN
        lines = [f"… and {more:,} more" if more > 0 else "", self.alerted()]
        return [line for line in lines if line]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _number_of(n_skills: int) -> dict[str, str]:
    """How many skills there are, as part of a sentence."""
    one = n_skills == 1
    return {
        "number": "1 skill is" if one else f"{n_skills} skills are",
        "them": "it" if one else "them",
    }


def _unmastered(
    skills: Sequence[Label],
    mastery: Sequence[float],
    mastered: Sequence[bool],
    threshold: float | None,
) -> dict[str, str]:
    """Skills that are not mastered, with their mastery: as a list, and as a sentence."""
    limit = "" if threshold is None else f", below {threshold:g}"
    named = listed(
        f"{quoted(skill)} (mastery {level(value, threshold)}{limit})"
        for skill, value, done in zip(skills, mastery, mastered, strict=True)
        if not done
    )
    return {"unmastered": named, "teaches": f" It teaches {named}." if named else ""}


def _known(ready: Criterion | None) -> str:
    """What is asked of all that comes before a lesson."""
    if ready is None:
        return "mastered"
    return "known well enough" + (
        "" if ready.threshold is None else f" (at least {ready.threshold:g})"
    )
