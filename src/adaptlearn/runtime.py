"""Serve a saved BKT to one student at a time, in pure Python.

This file stands alone: it needs Python's standard library and nothing else, so an application may
import it as ``adaptlearn.runtime`` or keep a copy of it. Its numbers are those of the library.

>>> import tempfile
>>> from pathlib import Path
>>> from adaptlearn import runtime
>>> from adaptlearn.models import BKT
>>> from adaptlearn.simulation import simulate_school
>>> with tempfile.TemporaryDirectory() as folder:
...     BKT(n_init=1).fit(simulate_school().responses).save(Path(folder) / "model.json")
...     model = runtime.load(Path(folder) / "model.json")
>>> student, skill = model.student(), model.skills[0]
>>> before = student.mastery(skill)
>>> student.update(skill, True).mastery(skill) > before
True
"""

from __future__ import annotations

import json
import math
import os
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from operator import index
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

FORMAT_VERSION = 1
FIELDS = ("prior", "learn", "forget", "guess", "slip")
PRIOR, LEARN, FORGET, GUESS, SLIP = range(5)

_CONTENT = ("model", "skills", "parameters", "pooled", "classes", "student_classes")
"""The parts of a manifest that predictions depend on."""

_KNOWN = {*_CONTENT, "format", "version", "settings", "fit", "uncertainty", "fingerprint", "digest"}
_CLASSES = {"earlier", "later", "gap", "skill", "class", "value"}
_TAKEN = {"time", "skill", "correct", "self"}  # `update` has these for something else
_TINY = 1e-280
_LOG_TINY = math.log(_TINY)
_SURE = 1e-100  # beside this, what is below _TINY is nothing
_NEAR = 1e-270  # above this, what is divided by a sum below 1 stays above _TINY
_LEAST = 1e-300  # likelihood of an answer, for what it says of a student's class
_LARGEST = 2**28  # bytes of a model that are read
_SERVED = (
    "which the runtime cannot serve: it serves BKT, with forgetting, with parameters by class and "
    "with classes of students; adaptlearn.load reads all models"
)
_MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Skill = int | str
Skills = Skill | Sequence[Skill]
Time = float | date | None
Label = tuple[Any, ...]
Given = Mapping[str, Any]  # what is known of a response, by column; its time in seconds
# P(known) after a skill's last response, and answers. Models that tell transitions apart add that
# response's time, and its classes for learn and for forget (None: not in training). P(not known)
# stands last. Either is held by its logarithm, a number below 0, where it is below _TINY.
Belief = tuple[Any, ...]
Beliefs = dict[Skill, Belief]
When = Literal["next_opportunity", "after_response"]


class ServingError(ValueError):
    """The base class of the errors of `adaptlearn.runtime`; `problems` lists every problem."""

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.subject, self.problems = subject, tuple(problems)
        super().__init__(_shown(f"{subject}: {'; '.join(problems)}"))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.subject, self.problems)


class ModelFileError(ServingError):
    """The error for a file that is damaged, was changed, or contains an unsupported model."""


class ResponseError(ServingError):
    """The error for arguments that do not describe a response."""


class StateError(ServingError):
    """The error for a damaged student, a student of another model, or mixed kinds of times."""


class LateResponse(ServingError):
    """The error for a response that is older than the student's last response."""


class ImpossibleHistoryError(ServingError):
    """The error for an answer that is impossible because parameters are exactly 0 or 1."""


class UnseenSkillWarning(UserWarning):
    """The warning for a skill that was not in the training log and gets the common parameters."""


class _Cells(NamedTuple):
    """A skill's five probabilities; and per field, by (earlier, later, gap), those of classes."""

    own: tuple[float, ...]
    by_class: tuple[dict[tuple[Any, ...], float], ...]


class _BKT:
    """Bayesian knowledge tracing: from beliefs and a response to predictions and new beliefs."""

    __slots__ = (
        "_first",
        "_gaps",
        "_later",
        "_lessons",
        "_pooled",
        "_warns",
        "columns",
        "size",
        "table",
    )

    def __init__(self, manifest: Mapping[str, Any], *, warns: bool = True) -> None:
        self._warns = warns  # of a skill that was not in training
        problems: list[str] = []
        skills = _skills(manifest["skills"], problems)
        if problems or len(skills) < len(manifest["skills"]):
            raise ValueError("; ".join(["its skills are not distinct labels", *problems]))
        own = zip(*map(_probabilities, _fields(manifest["parameters"])), strict=True)
        self.table = {
            skill: _Cells(values, ({}, {}, {}, {}, {}))
            for skill, values in zip(skills, own, strict=True)
        }
        self._pooled = _Cells(tuple(_probabilities(_fields(manifest["pooled"]))), ({},) * 5)
        classes = manifest.get("classes", {"gaps": [], "parameters": {}})
        self._gaps = [float(gap) for gap in classes["gaps"]]
        # The classes that count at a first response, and at later ones: field, columns of the
        # response itself, whether the gap counts; and for learn and forget, the columns of the
        # response before with the labels that occurred.
        self._first: list[tuple[int, Label, bool]] = []
        self._later: list[tuple[int, Label, bool]] = []
        self._lessons: dict[int, tuple[Label, set[Label]]] = {}
        names: list[str] = []
        for name, entry in classes["parameters"].items():
            if set(entry) != _CLASSES:
                raise ValueError(f"the classes of {name} have the parts {sorted(entry)}")
            self._read_classes(FIELDS.index(name), entry)
            names += [*entry["earlier"], *entry["later"]]
        if _TAKEN.intersection(names):
            raise ValueError(f"it has classes by {sorted(_TAKEN.intersection(names))}")
        gap = ["time"] if any(gap for _, _, gap in self._later) else []
        self.columns = tuple(dict.fromkeys([*names, *gap]))
        self.size = 5 if self._lessons else 2  # of a belief, without P(not known)

    def _read_classes(self, field: int, entry: Mapping[str, Any]) -> None:
        cells, values = list(self.table.values()), _probabilities(entry["value"])
        labels = [(tuple(a), tuple(b), gap) for a, b, gap in entry["class"]]
        for skill, label, value in zip(entry["skill"], labels, values, strict=True):
            cells[skill].by_class[field][label] = value
        if field in (LEARN, FORGET):
            self._lessons[field] = tuple(entry["earlier"]), {label[0] for label in labels}
        else:
            self._first.append((field, tuple(entry["later"]), False))
        if field != PRIOR:
            self._later.append((field, tuple(entry["later"]), bool(entry["gap"])))

    def respond(
        self, beliefs: Beliefs, skills: Iterable[Skill], right: bool | None, given: Given
    ) -> tuple[Beliefs, float]:
        """The beliefs that a response changes, and the log-likelihood of its answer."""
        kept: Belief = ()
        if self._lessons:
            kept = (given.get("time"), self._lesson(LEARN, given), self._lesson(FORGET, given))
        found, told = {}, 0.0
        for skill in skills:
            known, unknown, guess, slip = self._coming(beliefs, skill, given)
            answers = beliefs[skill][1] if skill in beliefs else 0
            if right is not None:
                likely = (1 - slip, guess) if right else (slip, 1 - guess)
                chance = max(known, 0.0) * likely[0] + max(unknown, 0.0) * likely[1]
                told += math.log(max(chance, _LEAST))
                joint, other = known * likely[0], unknown * likely[1]
                if unknown < 0 and joint > _SURE and likely[1]:  # known for long, and still
                    unknown = _held(unknown + math.log(likely[1]) - math.log(joint))
                    known = 1.0
                elif joint < _NEAR or other < _NEAR:  # or below 0: by logarithms
                    after = _share(_product(known, likely[0]), _product(unknown, likely[1]))
                    if after is None:
                        said = f"{skill!r} has probability 0 under parameters of exactly 0 or 1"
                        raise ImpossibleHistoryError("response", [f"this answer on skill {said}"])
                    known, unknown = after
                else:
                    scale = joint + other
                    known, unknown = joint / scale, other / scale
                answers += 1
            found[skill] = (known, answers, *kept, unknown)
        return found, told

    def p_correct(self, beliefs: Beliefs, skills: Sequence[Skill], given: Given) -> float:
        """P(correct) of a response: the mean over its skills."""
        total = 0.0
        for skill in skills:
            known, unknown, guess, slip = self._coming(beliefs, skill, given)
            total += max(known, 0.0) * (1 - slip) + max(unknown, 0.0) * guess
        return total / len(skills)

    def mastery(self, beliefs: Beliefs, skill: Skill, when: When) -> float:
        """P(known) after the last response, or when the next one begins."""
        if when == "after_response" and skill in beliefs:
            return max(float(beliefs[skill][0]), 0.0)
        return max(self._coming(beliefs, skill, {})[0], 0.0)

    def _coming(
        self, beliefs: Beliefs, skill: Skill, given: Given
    ) -> tuple[float, float, float, float]:
        """Both beliefs as a response begins, its guess and slip: of its classes, where known."""
        cells, belief = self.table.get(skill, self._pooled), beliefs.get(skill)
        if cells is self._pooled and belief is None and self._warns:
            told = f"skill {skill!r} was not in training; the parameters common to all serve it"
            warnings.warn(told, UnseenSkillWarning, stacklevel=4)
        prior, learn, forget, guess, slip = cells.own
        schemes = self._first if belief is None else self._later
        if schemes:
            values, by_class = list(cells.own), cells.by_class
            names: Label = ()
            later: Label = ()
            for field, columns, gapped in schemes:
                if columns != names:
                    names, later = columns, tuple(map(given.get, columns))
                earlier, gap = (), 0
                if belief and field <= FORGET:
                    earlier = belief[2 + field]
                    if gapped:
                        time = given.get("time")
                        gap = -1 if time is None else bisect_right(self._gaps, time - belief[2])
                values[field] = by_class[field].get((earlier, later, gap), values[field])
            prior, learn, forget, guess, slip = values
        if belief is None:
            return prior, 1 - prior, guess, slip
        after, unknown = belief[0], belief[-1]
        if after >= 0 and unknown >= 0:
            stays, leaves = unknown * (1 - learn), after * forget
            return after * (1 - forget) + unknown * learn, stays + leaves, guess, slip
        if after >= 0 and not forget and learn < 1:  # known for long
            return after, unknown + math.log(1 - learn), guess, slip
        known = _sum(_product(after, 1 - forget), _product(unknown, learn))
        return known, _sum(_product(unknown, 1 - learn), _product(after, forget)), guess, slip

    def _lesson(self, field: int, given: Given) -> Label | None:
        """What a response may have taught, by learn's or forget's columns; None if unseen."""
        names, labels = self._lessons.get(field, ((), ()))
        label = tuple(map(given.get, names))
        return label if label in labels else None


class Model:
    """A saved model, as `load` reads it.

    Attributes
    ----------
    fingerprint : str
        A text that identifies the model; it equals the ``fingerprint_`` of the fitted model.
    skills : tuple of labels
    columns : tuple of str
        The columns that `Student.update` needs besides the skill and the answer of a response.
    """

    __slots__ = ("columns", "engines", "fingerprint", "log_weights", "skills")

    def __init__(
        self, engines: Sequence[_BKT], log_weights: Sequence[float], fingerprint: str
    ) -> None:
        # One for each class of students; most models have one class.
        self.engines, self.log_weights = tuple(engines), tuple(log_weights)
        self.fingerprint = fingerprint
        self.skills, self.columns = tuple(engines[0].table), engines[0].columns

    def __repr__(self) -> str:
        return f"Model({len(self.skills)} skills, {self.fingerprint[:12]}…)"

    def student(self) -> Student:
        """A new student, who has not answered yet."""
        return Student(self)


class Student:
    """What one student knows according to one model.

    An update with a response takes O(1) time; a `Student` stores no history.

    Parameters
    ----------
    model : Model
    """

    __slots__ = ("_beliefs", "_clock", "_evidence", "_model", "_time")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._beliefs: list[Beliefs] = [{} for _ in model.engines]
        # What the answers say of the student's class: log-likelihoods, less that of the first.
        self._evidence = [0.0 for _ in model.engines]
        self._clock: str | None = None
        self._time: float | None = None

    def __repr__(self) -> str:
        return f"Student({sum(belief[1] for belief in self._beliefs[0].values())} answers)"

    def update(
        self,
        skill: Skills,
        correct: bool | None,
        *,
        item: Any = None,
        time: Time = None,
        **columns: Any,
    ) -> Self:
        """Update the student with one response.

        Parameters
        ----------
        skill : label, or list of labels
            If you pass a list of skills, the answer counts fully for each skill.
        correct : bool or None
            ``None`` means an exposure: an opportunity to learn, but no evidence about what the
            student knows.
        item : label, optional
        time : seconds or datetime, optional
            Pass seconds for all responses, or datetimes for all responses, or no times at all.
        **columns
            The further columns that the model reads; see `Model.columns`.

        Raises
        ------
        ResponseError, LateResponse, StateError, ImpossibleHistoryError
            One of these errors is raised if the response is not valid. If `update` raises an error,
            the student is unchanged.
        """
        problems: list[str] = []
        skills, right = _skills(skill, problems), _answer(correct, problems)
        given, clock = _given(self._model.columns, item, time, columns, problems)
        problems += [f"{name} is missing" for name in self._model.columns if name not in given]
        self._check(problems, given, clock)
        after = []
        for engine, beliefs in zip(self._model.engines, self._beliefs, strict=True):
            after.append(engine.respond(beliefs, skills, right, given))
        for place, (found, told) in enumerate(after):
            self._beliefs[place].update(found)
            self._evidence[place] += told - after[0][1]
        self._clock, self._time = clock, given.get("time")
        return self

    def p_correct(
        self, skill: Skills, *, item: Any = None, time: Time = None, **columns: Any
    ) -> float:
        """P(correct) of the next response; for several skills, the mean of the skills' predictions.

        The arguments have the same meaning as in `update`. If a parameter depends on a column that
        you leave out, the model uses the skill's general value of the parameter. Raises
        `ResponseError`, `LateResponse` or `StateError`.
        """
        problems: list[str] = []
        skills = _skills(skill, problems)
        given, clock = _given(self._model.columns, item, time, columns, problems)
        self._check(problems, given, self._clock if time is None else clock)
        chances = []
        for engine, beliefs in zip(self._model.engines, self._beliefs, strict=True):
            chances.append(engine.p_correct(beliefs, skills, given))
        return self._mean(chances)

    def mastery(self, skill: Skill, when: When = "next_opportunity") -> float:
        """P(known) of a skill.

        Parameters
        ----------
        skill : label
        when : {"next_opportunity", "after_response"}
            ``"next_opportunity"`` includes the learning after the last response;
            ``"after_response"`` does not. If a skill has no responses, its mastery is the skill's
            prior, for both values of `when`.
        """
        problems: list[str] = []
        label = _label(skill, "skill", problems)
        if when not in ("next_opportunity", "after_response"):
            problems.append(f"when is 'next_opportunity' or 'after_response', got {when!r}")
        self._check(problems, {}, self._clock)
        known = []
        for engine, beliefs in zip(self._model.engines, self._beliefs, strict=True):
            known.append(engine.mastery(beliefs, label, when))
        return self._mean(known)

    def masteries(self, when: When = "next_opportunity") -> dict[Skill, float]:
        """P(known) of the model's skills, then of other skills with responses; see `mastery`."""
        skills = dict.fromkeys(self._model.skills)
        others = [skill for skill in self._beliefs[0] if skill not in skills]
        others.sort(key=lambda skill: (isinstance(skill, str), skill))
        return {skill: self.mastery(skill, when) for skill in (*skills, *others)}

    def answers(self, skill: Skill) -> int:
        """The number of the student's answers on a skill."""
        return int(self._beliefs[0][skill][1]) if skill in self._beliefs[0] else 0

    def to_dict(self) -> dict[str, Any]:
        """The student as values that JSON stores exactly; `from_dict` rebuilds the student."""
        return {
            "format": "adaptlearn-student",
            "version": FORMAT_VERSION,
            "model": self._model.fingerprint,
            "clock": self._clock,
            "time": self._time,
            **self._kept(),
        }

    def _kept(self) -> dict[str, Any]:
        if len(self._beliefs) == 1:
            return {"beliefs": [[skill, *belief] for skill, belief in self._beliefs[0].items()]}
        rows = []
        for skill, (_, answers, _) in self._beliefs[0].items():
            each = [own[skill] for own in self._beliefs]
            rows.append([skill, [one[0] for one in each], answers, [one[-1] for one in each]])
        return {"beliefs": rows, "evidence": [*self._evidence]}

    @classmethod
    def from_dict(cls, model: Model, state: Mapping[str, Any]) -> Self:
        """Rebuild a student from the result of `to_dict`.

        Raises
        ------
        StateError
            The error is raised if the values are damaged, or were made with another model.
        """
        student, n, k = cls(model), 1 + model.engines[0].size, len(model.engines)
        try:
            if (state["format"], state["version"]) != ("adaptlearn-student", FORMAT_VERSION):
                raise ValueError("is of another format or version")
            if state["model"] != model.fingerprint:
                raise ValueError(
                    f"belongs to model {state['model'][:12]}…, this one is "
                    f"{model.fingerprint[:12]}…; replay the responses into a new student"
                )
            clock, rows = state["clock"], state["beliefs"]
            if clock not in (("none", "seconds", "naive", "aware") if rows else (None,)):
                raise ValueError(f"has times of the kind {clock!r}")
            timed = clock not in (None, "none")
            student._clock, student._time = clock, _seconds(state["time"], timed)
            by_class = [rows]
            if k > 1:
                student._evidence = _logarithms(state["evidence"], k)
                by_class = [[_of_class(row, place, k) for row in rows] for place in range(k)]
            student._beliefs = [{row[0]: _belief(row, n, timed) for row in own} for own in by_class]
            if len(student._beliefs[0]) < len(rows):
                raise ValueError("has a skill twice")
        except _MALFORMED as error:
            told = str(error) if type(error) is ValueError else f"is damaged: {error!r}"
            raise StateError("saved student", [told]) from None
        return student

    def _mean(self, values: list[float]) -> float:
        """Over the classes of students, each as likely as this student's answers make it."""
        if len(values) == 1:
            return values[0]
        pairs = zip(self._model.log_weights, self._evidence, strict=True)
        logs = [weight + told for weight, told in pairs]
        top = max(logs)
        shares = [math.exp(log - top) for log in logs]
        parts = zip(shares, values, strict=True)
        return min(sum(share * value for share, value in parts) / sum(shares), 1.0)

    def _check(self, problems: list[str], given: Given, clock: str | None) -> None:
        if problems:
            raise ResponseError("response", problems)
        if self._clock is not None and clock != self._clock:
            problem = (
                f"the student's times are of the kind {self._clock!r}, this one is {clock!r}; give "
                "all of them one kind (datetimes all with a zone, or none)"
            )
            raise StateError("response", [problem])
        late = 0.0 if self._time is None else self._time - given.get("time", self._time)
        if late > 0:
            problem = (
                f"is {late:g} s older than the student's last one; nothing was "
                "changed. Replay the responses in order into a new student"
            )
            raise LateResponse("response", [problem])


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that ``BKT.save`` wrote.

    Raises
    ------
    ModelFileError
        The error is raised if the file is damaged, was changed after saving, or contains a model
        that this runtime cannot serve.
    FileNotFoundError
        The error is raised if the file does not exist.
    """
    try:
        with Path(path).open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > _LARGEST:
                raise ValueError(f"it is larger than the {_LARGEST:,} bytes that are read")
            manifest = _opened(stream.read(_LARGEST))
        return Model(*_engines(manifest), manifest["fingerprint"])
    except _MALFORMED as error:
        told = f"cannot be read: {error}"
        if not isinstance(error, ValueError):
            told = f"a part is missing or of the wrong kind: {error!r}"
        raise ModelFileError(str(path), [told]) from None


def _engines(manifest: Mapping[str, Any]) -> tuple[list[_BKT], list[float]]:
    """A model's engines, one for each class of students, and the logarithms of their weights."""
    classes = manifest.get("student_classes")
    if classes is None:
        return [_BKT(manifest)], [0.0]
    engines, weights = [], _probabilities(classes["weights"])
    for place in range(len(weights)):
        own = {name: classes[name][place] for name in ("prior", "learn")}
        parts = {
            "parameters": {**manifest["parameters"], **{name: own[name][:-1] for name in own}},
            "pooled": {**manifest["pooled"], **{name: own[name][-1] for name in own}},
        }
        engines.append(_BKT({**manifest, **parts}, warns=place == 0))
    return engines, [math.log(weight) for weight in weights]


def _opened(data: bytes) -> dict[str, Any]:
    """A manifest that is whole, unchanged, and has no part this file does not know."""
    if data.startswith(b"PK"):
        raise ValueError(f"it holds a model of arrays, {_SERVED}")
    manifest: dict[str, Any] = json.loads(data)
    if manifest["format"] != "adaptlearn-model":
        raise ValueError("it is no saved model of adaptlearn")
    if type(manifest["version"]) is not int or manifest["version"] < 1:
        raise ValueError(f"its version is {manifest['version']!r}")
    if manifest["version"] > FORMAT_VERSION:
        raise ValueError(f"its version {manifest['version']} is newer than {FORMAT_VERSION}")
    body = {name: part for name, part in manifest.items() if name != "digest"}
    if manifest["digest"] != _fingerprint(body):
        raise ValueError("its content does not match its digest: it was changed after saving")
    if "coupled" in manifest:
        raise ValueError(f"it holds an individualised BKT or one of several skills, {_SERVED}")
    if unknown := sorted(set(manifest) - _KNOWN):
        raise ValueError(f"it has parts this file cannot serve: {', '.join(unknown)}")
    if manifest["model"] != "BKT":
        raise ValueError(f"it holds a model named {manifest['model']!r}, {_SERVED}")
    content = {name: manifest[name] for name in _CONTENT if name in manifest}
    if manifest["fingerprint"] != _fingerprint(content):
        raise ValueError("its fingerprint is not that of its parameters")
    return manifest


def _product(belief: float, chance: float) -> float:
    """Of a belief, which may be a logarithm, and a probability."""
    if belief < 0:
        return belief + math.log(chance) if chance else 0.0
    found = belief * chance
    return found if found >= _TINY or not found else math.log(belief) + math.log(chance)


def _sum(a: float, b: float) -> float:
    """Of two beliefs, either of which may be a logarithm."""
    if a >= 0 and b >= 0:
        return a + b
    if a >= 0 or b >= 0:
        larger = max(a, b)
        return larger or min(a, b)
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def _share(a: float, b: float) -> tuple[float, float] | None:
    """Each of two numbers over their sum; None where both are 0."""
    if not a and not b:
        return None
    if a >= 0 and b >= 0:
        found = a / (a + b), b / (a + b)
        if all(part >= _TINY or not part for part in found):
            return found
    logs = [part if part < 0 else math.log(part) if part else -math.inf for part in (a, b)]
    top = max(logs)
    whole = top + math.log(sum(math.exp(log - top) for log in logs))
    return _held(logs[0] - whole), _held(logs[1] - whole)


def _held(logarithm: float) -> float:
    return logarithm if -math.inf < logarithm < _LOG_TINY else math.exp(logarithm)


def _shown(text: str) -> str:
    """A text without what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _fingerprint(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _fields(table: Mapping[str, Any]) -> list[Any]:
    if set(table) != set(FIELDS):
        raise ValueError(f"it has the parameters {sorted(table)}, expected {FIELDS}")
    return [table[name] for name in FIELDS]


def _probabilities(values: Sequence[Any]) -> list[float]:
    if not all(type(value) in (int, float) and 0 <= value <= 1 for value in values):
        raise ValueError("it has parameters outside [0, 1]")
    return [float(value) for value in values]


def _belief(row: Sequence[Any], n: int, timed: bool) -> Belief:
    """A belief as `to_dict` gave it; before P(not known) was kept, its row was shorter by one."""
    skill, known, answers, *kept = row
    unknown = kept.pop() if len(row) == n + 1 else 1 - known
    whole = len(kept) == n - 3 and type(skill) in (int, str) and type(answers) is int
    if not whole or answers < 0:
        raise ValueError(f"has a belief that is none: {row!r}")
    if not all(map(_is_belief, (known, unknown))):
        raise ValueError(f"has a belief outside [0, 1]: {row!r}")
    if abs(max(known, 0) + max(unknown, 0) - 1) > 1e-9:
        raise ValueError(f"has beliefs that do not sum to 1: {row!r}")
    known, unknown = float(known), float(unknown)
    if not kept:
        return known, answers, unknown
    learn, forget = (None if label is None else tuple(label) for label in kept[1:])
    hash((learn, forget))  # raises what `from_dict` reports
    if not all(
        math.isfinite(one) for one in (*(learn or ()), *(forget or ())) if type(one) is float
    ):
        raise ValueError(f"has a class that is none: {row!r}")
    return known, answers, _seconds(kept[0], timed), learn, forget, unknown


def _of_class(row: Sequence[Any], place: int, k: int) -> list[Any]:
    """A skill's row of a saved student under one of k classes of students."""
    skill, known, answers, unknown = row
    if len(known) != k or len(unknown) != k:
        raise ValueError(f"has a belief that is not of {k} classes: {row!r}")
    return [skill, known[place], answers, unknown[place]]


def _logarithms(values: Any, k: int) -> list[float]:
    if len(values) == k and all(type(one) in (int, float) and abs(one) < 1e300 for one in values):
        return [float(one) for one in values]
    raise ValueError(f"has evidence {values!r}; expected {k} numbers")


def _is_belief(value: Any) -> bool:
    return type(value) in (int, float) and (0 <= value <= 1 or -1e300 < value < _LOG_TINY)


def _seconds(value: Any, timed: bool) -> float | None:
    if timed and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if timed or value is not None:
        raise ValueError(f"has a time {value!r}")
    return None


def _skills(skill: Any, problems: list[str]) -> Sequence[Skill]:
    if type(skill) is int or (type(skill) is str and skill):
        return (skill,)
    if not isinstance(skill, (list, tuple, set, frozenset)):
        return (_label(skill, "skill", problems),)
    labels = list(dict.fromkeys([_label(one, "skill", problems) for one in skill]))
    if len({isinstance(label, str) for label in labels}) != 1:
        problems.append(f"skill is {skill!r}; expected one or several, all texts or all integers")
    return labels


def _label(value: Any, role: str, problems: list[str]) -> Skill:
    if type(value) is int:
        return value
    if isinstance(value, str) and value:
        return str.__str__(value)  # an enumeration's own says its name
    with suppress(TypeError):
        if type(value) is not bool:
            return index(value)
    problems.append(f"{role} is {value!r}; expected an integer or a text")
    return ""


def _answer(correct: Any, problems: list[str]) -> bool | None:
    if correct is None or correct is True or correct is False:
        return correct
    number = isinstance(correct, (int, float)) or getattr(correct, "ndim", None) == 0
    if number and correct in (0, 1):
        return bool(correct)
    problems.append(f"correct is {correct!r}; expected True, False, or None for an exposure")
    return None


def _given(
    names: Sequence[str], item: Any, time: Any, columns: dict[str, Any], problems: list[str]
) -> tuple[dict[str, Any], str]:
    """What is told of a response, None being nothing; and the clock of its time."""
    if item is not None:
        columns["item"] = _label(item, "item", problems)
    given = {name: value for name, value in columns.items() if value is not None}
    for name, value in given.items():
        if name not in names and name != "item":
            problems.append(f"the model reads no column {name!r}; it reads {list(names)}")
        elif type(value) is not str and type(value) is not int and not _is_label(value):
            problems.append(f"{name} is {value!r}; expected a label")
    if time is None:
        return given, "none"
    given["time"], clock = _moment(time, problems)
    return given, clock


def _is_label(value: Any) -> bool:
    with suppress(TypeError):  # it has no hash, or does not compare
        return bool({value} and value == value)  # noqa: PLR0124 - false of nan
    return False


def _moment(time: Any, problems: list[str]) -> tuple[float, str]:
    """Seconds, and by which clock."""
    if isinstance(time, float) and math.isfinite(time):
        return float(time), "seconds"
    if type(time) is not bool and hasattr(time, "__index__") and abs(time) < 2**53:
        return float(time), "seconds"
    if isinstance(time, datetime) and time == time:  # noqa: PLR0124 - false of pandas' NaT
        # A time without a zone is counted as its clock shows it.
        aware = time.utcoffset() is not None
        past = (time if aware else time.replace(tzinfo=UTC)) - _EPOCH
        micros = (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
        seconds = micros / 1e6 + getattr(past, "nanoseconds", 0) / 1e9  # pandas has those
        return seconds, "aware" if aware else "naive"
    if type(time) is date:
        return 86400.0 * (time - _EPOCH.date()).days, "naive"
    problems.append(f"time is {time!r}; expected finite seconds or a datetime")
    return 0.0, "none"
