"""What a fitted BKT does: predict a log, read mastery, keep a live state, be saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError, StateError
from adaptlearn.models.base import MODEL_KIND
from adaptlearn.models.bkt.entries import codes_of, skill_codes
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.serve.estimates import advance_individual, advance_with_estimates
from adaptlearn.models.bkt.serve.manifest import content, to_manifest
from adaptlearn.models.bkt.serve.passes import (
    advance,
    chance_of_next,
    mastery_of,
    n_places,
    of_places,
    pass_log,
)
from adaptlearn.models.bkt.serve.portable import portable_model, portable_student
from adaptlearn.models.bkt.serve.reports import ReportingBKT, mastery_interval
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.estimates import Estimates
from adaptlearn.models.mastery import Mastery, When
from adaptlearn.models.state import check_n_students
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import fingerprint, write_manifest
from adaptlearn.validation import Interval, some

_AT_ONCE = 1 << 14
"""Students whose mastery is computed at one time, lest temporary arrays fill the memory."""


class FittedBKT(ReportingBKT):
    """A BKT that predicts and keeps states; its parameters are estimated, loaded or given."""

    _mastery_kind = "latent"
    _strangers = "from the parameters common to all skills"

    def _one_step_ahead(
        self, log: ResponseLog, state: BKTState | None, numbers: Ints | None
    ) -> Floats:
        codes, _ = self._codes(log, self.skills_.tolist() if state is None else state.skills)
        return pass_log(self._fitted, log, codes, state, numbers).p_correct

    def init_state(self, n_students: int) -> BKTState:
        """A new state for students who have not answered yet."""
        self._check_fitted()
        check_n_students(n_students)
        classes = self._fitted.student_classes
        weights = None if classes is None else classes.weights
        return BKTState(self.fingerprint_, self.skills_.tolist(), n_students, weights)

    def _chance_of_next(
        self, state: BKTState, students: Ints, skills: list[Any], items: list[Any], time: Any
    ) -> Floats:
        known = {label: code for code, label in enumerate(state.skills)}
        self._tell_strange(skills, state.known_skills.column)
        codes = np.array([known.get(label, len(known)) for label in skills], np.int64)
        places = {} if self._individual is None else self._individual.items
        item_codes = np.array([places.get(label, len(places)) for label in items], np.int64)
        moments = None if time is None else np.broadcast_to(time, len(codes))
        return chance_of_next(self._fitted, state, students, codes, items=item_codes, times=moments)

    def _values(self, state: BKTState, students: Ints, skills: Ints, when: When) -> Floats:
        value = np.empty((len(students), len(skills)))
        for start in range(0, len(students), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            value[part] = mastery_of(self._fitted, state, students[part], skills, when)
        return value

    def learning_rates(self, state: BKTState | None = None) -> Floats:
        """P(learning) of each skill: ``parameters_["learn"]``, and of other skills of a state."""
        return self._rates(state, "learn")["learn"]

    def skill_rates(self, state: BKTState | None = None) -> dict[str, Floats]:
        """The four rates of each skill: from ``parameters_``, or pooled for untrained skills."""
        return self._rates(state, "learn", "forget", "guess", "slip")

    def _rates(self, state: BKTState | None, *names: str) -> dict[str, Floats]:
        self._check_fitted()
        others = 0 if state is None else len(state.known_skills.places) - len(self.skills_)
        own = {name: self.parameters_[name] for name in names}
        if not others:
            return {name: rate.copy() for name, rate in own.items()}
        return {n: np.append(rate, np.full(others, self.pooled_[n])) for n, rate in own.items()}

    def _counts(self, state: BKTState, students: Ints, skills: Ints) -> NDArray[np.int64]:
        counts = np.zeros((len(students), n_places(skills)), np.int64)
        rows, columns, slots = state.cells(students, counts.shape[1])
        counts[rows, columns] = state.answers[slots]
        return of_places(counts, skills, len(self.skills_))

    def _write(self, path: str | PathLike[str]) -> None:
        manifest = to_manifest(self._fitted, self._kept_params())
        write_manifest(path, MODEL_KIND, {**manifest, "fingerprint": self.fingerprint_})

    def _with_interval(self, found: Mastery, log: ResponseLog) -> Mastery:
        if self._uncertainty is None:
            return found
        lower, upper = mastery_interval(self._fitted, log, found)
        return replace(found, lower=lower, upper=upper)

    def _take(self, found: Fitted) -> Self:
        """Become this model, whichever way it was found."""
        self._fitted = found
        self.classes_ = np.array([0, 1])
        self.skills_ = found.skills
        self.parameters_ = {"skill": found.skills, **found.by_skill._asdict()}
        self.pooled_ = found.pooled
        self.log_likelihood_ = found.log_likelihood
        self.n_iter_ = found.n_iter
        self.converged_ = found.converged
        self.n_answers_ = found.n_answers
        self.unidentified_ = found.unidentified
        self.fingerprint_ = fingerprint(self._content())
        return self

    def _content(self) -> dict[str, Any]:
        """What predictions depend on, and the fingerprint with them."""
        return content(self._fitted)

    def portable(
        self, state: BKTState, student: int, skills: Ints
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """A part of the model, and one student of it, for `adaptlearn.runtime`; None if coupled."""
        if self._individual is not None:
            return None
        args = self._fitted, state, student, skills
        held = {**portable_model(*args), "fingerprint": self.fingerprint_}
        return held, {**portable_student(*args), "model": self.fingerprint_}

    def tell(  # noqa: D102 - documented in the base
        self, state: BKTState, student: int, known: Mapping[Any, float]
    ) -> BKTState:
        self._check_state(state)
        numbers = state.checked(np.full(len(known), student))
        open_ends = Interval(0, 1, closed="neither")
        problems = [
            f"skill {label!r}: P(known) must be {open_ends}, got {p!r}"
            for label, p in known.items()
            if not open_ends.accepts(p)
        ]
        if problems:
            raise ParameterError("tell", problems)
        codes, skills = codes_of(known, state.skills)
        answered = np.flatnonzero(state.find(numbers, codes) >= 0)
        if len(answered):
            which = some([skills[code] for code in codes[answered].tolist()])
            raise StateError(
                f"what is known of skill {which} rests on responses already; leave these skills "
                "out, or forget the student first. Nothing was changed"
            )
        self._tell_strange(skills[len(state.skills) :])
        state.skills = skills
        state.tell(numbers, codes, np.array([float(p) for p in known.values()]))
        return state

    def _advance(self, state: BKTState, log: ResponseLog, numbers: Ints) -> None:
        codes, skills = self._codes(log, state.skills)
        advance(self._fitted, state, log, students=numbers, codes=codes, skills=skills)

    def _advance_with_estimates(
        self, state: BKTState, log: ResponseLog, numbers: Ints
    ) -> Estimates:
        individual = self._individual is not None
        if individual and log.skill_rows is not None:
            # Rows of several skills are rounded in another way along one student than among many.
            return super()._advance_with_estimates(state, log, numbers)
        codes, skills = self._codes(log, state.skills)
        along = advance_individual if individual else advance_with_estimates
        return along(self._fitted, state, log, students=numbers, codes=codes, skills=skills)

    def _codes(self, log: ResponseLog, skills: list[Any]) -> tuple[Ints, list[Any]]:
        """`skill_codes`, with a warning of those that are new."""
        codes, longer = skill_codes(log, skills)
        self._tell_strange(longer[len(skills) :])
        return codes, longer
