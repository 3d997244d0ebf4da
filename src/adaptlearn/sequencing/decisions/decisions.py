"""What was recommended, with everything an audit or an evaluation asks for later."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.labels import Label, plain
from adaptlearn.numerics import Bools
from adaptlearn.sequencing.decisions.arrays import Columns
from adaptlearn.sequencing.decisions.decision import Candidate, Decision, Reason, SkillMastery
from adaptlearn.sequencing.overrides import Override, Overrides
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.sequencing.policies.reasons import CODES, NO_LESSON, Choice, no_lesson, pinned

if TYPE_CHECKING:
    from adaptlearn.sequencing.decisions.replay import Replay

_SCORE = attrgetter("score")
_ROWS_SHOWN = 10
_WIDTH = 60


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
        from adaptlearn.sequencing.decisions.replay import replay

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
