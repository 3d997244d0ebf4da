"""Knowledge tracing by boosted trees over the history features of each response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import quiet
from adaptlearn.models.base import MODEL_KIND, KnowledgeTracer
from adaptlearn.models.boosting.growth import Growth, grow
from adaptlearn.models.boosting.inputs import log_odds, out_of_fold, unfitted
from adaptlearn.models.boosting.state import CombinedState
from adaptlearn.models.boosting.trees import MAX_LEAVES, Trees
from adaptlearn.models.features.difficulty import Rates
from adaptlearn.models.features.encodings import SituationRates
from adaptlearn.models.features.plan import Plan, rates_in
from adaptlearn.models.features.training import mean_by_response, training_features
from adaptlearn.models.sequential.encoding import Names, encode
from adaptlearn.models.sequential.levels import Level, Memory
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.models.state import StudentState, check_n_students
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import Arrays, write_archive
from adaptlearn.validation import Interval, Numbers, OneOf

_UNKNOWN = ("an unknown label",)  # equal to no label of a log


class FeatureBoosting(SequentialTracer):
    """Boosted trees over history features and other models' predictions.

    What `BoostedTracer` is, without a default for the other models.
    """

    _constraints: ClassVar = {
        "n_folds": [Interval(2, 100, integer=True)],
        "max_iter": [Interval(1, 10_000, integer=True)],
        "learning_rate": [Interval(0, 1, closed="right")],
        "max_leaf_nodes": [Interval(2, MAX_LEAVES, integer=True)],
        "min_samples_leaf": [Interval(1, 2**31, integer=True)],
        "l2_regularization": [Interval(0, float("inf"), closed="left")],
        "max_features": [Interval(0, 1, closed="right")],
        "n_seeds": [Interval(1, 100, integer=True)],
        "n_jobs": [Interval(1, 1024, integer=True), OneOf((-1,))],
        "random_state": [Interval(0, 2**32 - 1, integer=True)],
    }
    _reads_entries = True

    inputs_: tuple[KnowledgeTracer, ...]
    feature_names_: list[str]
    feature_groups_: list[str]

    def __init__(
        self,
        *,
        features: str | Sequence[str] = "all",
        inputs: Sequence[KnowledgeTracer] | None = None,
        n_folds: int = 5,
        max_iter: int = 400,
        learning_rate: float = 0.03,
        max_leaf_nodes: int = 31,
        min_samples_leaf: int = 40,
        l2_regularization: float = 5.0,
        max_features: float = 0.3,
        n_seeds: int = 2,
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.inputs = inputs
        self.n_folds = n_folds
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.n_seeds = n_seeds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - the protocol's
        """Estimate rates, fit the other models, grow the trees.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
        """
        responses = self._training_log(log)
        models = self._default_inputs() if self.inputs is None else self.inputs
        skills, items, n_answers = training_labels(responses)
        plan = Plan(
            self.features, items=responses.item is not None, times=responses.time is not None
        )
        encoded = encode(responses, Names.of(skills, items), item_pairs=plan.widths.item > 0)
        fold = self._folds(responses)
        found = training_features(
            plan,
            encoded,
            fold[encoded.rows],
            n_folds=self.n_folds,
            n_skills=len(skills),
            n_items=len(items),
        )
        beside = out_of_fold(models, responses, fold, self.n_folds)
        matrix = _rounded(found.matrix, beside[:, encoded.rows])
        answered = encoded.correct >= 0
        if not answered.all():
            matrix = matrix[:, answered]
        self._rates, self._situations = found.rates, found.tables
        self._trees = grow(
            matrix,
            encoded.correct[answered],
            self._growth(),
            n_seeds=self.n_seeds,
            n_jobs=None if self.n_jobs == -1 else self.n_jobs,
        )
        self.inputs_ = tuple(unfitted(model).fit(responses) for model in models)
        self._take_plan(plan)
        return self._ready(skills, items, n_answers)

    @property
    def feature_gains_(self) -> dict[str, float]:
        """The share of each group of features in what the trees' splits have improved."""
        self._check_fitted()
        gains = self._trees.gains(len(self.feature_names_))
        total = max(float(gains.sum()), np.finfo(float).tiny)
        groups = dict.fromkeys(self.feature_groups_, 0.0)
        for group, gain in zip(self.feature_groups_, gains.tolist(), strict=True):
            groups[group] += gain / total
        return dict(sorted(groups.items(), key=lambda entry: -entry[1]))

    def init_state(self, n_students: int) -> CombinedState:
        """The state of students who have not answered yet."""
        self._check_fitted()
        check_n_students(n_students)
        return CombinedState(
            self.fingerprint_,
            self.skills_.tolist(),
            self.items_.tolist(),
            n_students,
            self._widths,
            parts=[model.init_state(n_students) for model in self.inputs_],
        )

    def _write(self, path: str | PathLike[str]) -> None:
        packed = {f"input{n}": self._packed(model) for n, model in enumerate(self.inputs_)}
        write_archive(path, MODEL_KIND, self._content(), {**self._all_arrays(), **packed})

    def _default_inputs(self) -> Sequence[KnowledgeTracer]:
        """Other models, where none were given."""
        return ()

    def _packed(self, model: KnowledgeTracer) -> NDArray[np.uint8]:
        """A fitted model as bytes."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            model.save(path)
            return np.frombuffer(path.read_bytes(), np.uint8)

    @classmethod
    def _unpacked(cls, packed: NDArray[np.uint8]) -> KnowledgeTracer:
        """The inverse of `_packed`; where models are wired together, any kind can be loaded."""
        raise NotImplementedError

    def _restore(self, manifest: Mapping[str, Any], arrays: Arrays) -> None:
        settings = manifest["settings"]
        if not isinstance(settings["inputs"], list):
            raise TypeError("settings['inputs'] is no list")
        super()._restore({**manifest, "settings": {**settings, "inputs": None}}, arrays)
        if manifest.get("inputs_given"):
            self.inputs = tuple(unfitted(one) for one in self.inputs_)

    @property
    def _widths(self) -> Widths:
        return self._plan.widths

    def _signed(self) -> Signed:
        return self._plan.signed

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - documented in the base
        super().check_restored(state)
        for model, part in zip(self.inputs_, _parts(state), strict=True):
            model.check_restored(part)

    def _look(self, level: Level, memory: Memory) -> Floats:
        return self._plan.look(level, memory, self._rates)

    def _learn(self, level: Level, memory: Memory) -> None:
        self._plan.learn(level, memory, self._rates)

    def _one_step_ahead(
        self, log: ResponseLog, state: SequentialState | None, numbers: Ints | None
    ) -> Floats:
        read, encoded = self._read(log, state, numbers)
        parts = _parts(state) if state is not None else (None,) * len(self.inputs_)
        beside = np.empty((len(self.inputs_), len(log)))
        with quiet():
            for row, (model, part) in enumerate(zip(self.inputs_, parts, strict=True)):
                beside[row] = log_odds(model.predict_proba(log, state=part)[:, 1])
        return encoded.in_rows(self._chance_of(read, encoded.starts, beside[:, encoded.rows]))

    def _advance(self, state: SequentialState, log: ResponseLog, numbers: Ints) -> None:
        super()._advance(state, log, numbers)
        if self.inputs_:
            numbered = log.with_students(numbers)
            with quiet():
                for model, part in zip(self.inputs_, _parts(state), strict=True):
                    model.update_state(part, numbered)

    def _ask(
        self,
        state: SequentialState,
        students: Ints,
        skill: Ints,
        item: Ints,
        *,
        sizes: Ints | None = None,
        time: Any = None,
    ) -> Floats:
        level, memory = self._asked(state, students, skill, item, sizes=sizes, time=time)
        starts = None if level.starts is None else np.append(level.starts, len(skill))
        beside = np.empty((len(self.inputs_), len(students)))
        if self.inputs_:
            skills, items = _labels_of(state, skill, item, starts)
            with quiet():
                for row, (model, part) in enumerate(zip(self.inputs_, _parts(state), strict=True)):
                    p = model.predict_state(part, students, skills, items=items, time=time)
                    beside[row] = log_odds(p)
        return self._chance_of(self._look(level, memory), starts, beside)

    def _chance_of(self, read: Floats, starts: Ints | None, beside: Floats) -> Floats:
        """P(correct) from what was read of each skill, and the other models' log odds."""
        features = self._plan.matrix(read, rates_in(self._situations))
        matrix = _rounded(mean_by_response(features, starts), beside)
        return 1 / (1 + np.exp(-self._trees.predict(matrix)))

    def _problems(self) -> list[str]:
        given: Sequence[Any] = () if self.inputs is None else self.inputs
        return [
            f"inputs must hold models, got {one!r}"
            for one in given
            if not isinstance(one, KnowledgeTracer)
        ]

    def _folds(self, log: ResponseLog) -> NDArray[np.int64]:
        """The fold of each row's student: chance, but the same for any order of the rows."""
        used = np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
        fold = np.zeros(log.n_students, np.int64)
        rng = np.random.default_rng(self.random_state)
        fold[used] = rng.permutation(len(used)) % self.n_folds
        return fold[log.student.codes]

    def _take_plan(self, plan: Plan) -> None:
        self._plan, self._n_read = plan, plan.n_read
        names = [f"{type(model).__name__}_{n}" for n, model in enumerate(self.inputs_)]
        self.feature_names_ = [*plan.names, *names]
        self.feature_groups_ = [*plan.groups, *("inputs" for _ in names)]

    def _growth(self) -> Growth:
        return Growth(**{name: getattr(self, name) for name in Growth._fields})

    def _arrays(self) -> dict[str, NDArray[Any]]:
        rates, situations = self._rates, self._situations
        arrays = {
            "columns": np.array([self._plan.items, self._plan.times]),
            "skill_counts": rates.skill,
            "item_counts": rates.item,
            **self._trees.to_arrays(),
        }
        for name, table in situations.items():
            arrays |= {f"rates_{name}_{part}": a for part, a in table._asdict().items()}
        return arrays

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:
        items, times = (bool(has) for has in arrays["columns"])
        plan = Plan(self.features, items=items, times=times)
        packed = {name: array for name, array in arrays.items() if name.startswith("input")}
        expected = {
            "columns": Numbers((2,), 0, 1),
            "skill_counts": Numbers((1, n_skills + 1, 2), low=0),
            "item_counts": Numbers((1, n_items + 1, 2), low=0),
            **{name: Numbers(array.shape, 0, 255, whole=True) for name, array in packed.items()},
            **Trees.expected(arrays, len(plan.names) + len(packed)),
        }
        for encoding in plan.encodings:
            keys = f"rates_{encoding.name}_keys"
            shape = arrays[keys].shape
            expected[keys] = Numbers(shape, 0, 2**63 - 1, whole=True)
            for part in ("right", "answers"):
                expected[f"rates_{encoding.name}_{part}"] = Numbers(shape, low=0)
        return expected

    def _restore_arrays(self, arrays: Arrays) -> None:
        items, times = (bool(has) for has in arrays["columns"])
        packed = [name for name in arrays if name.startswith("input")]
        self.inputs_ = tuple(self._unpacked(arrays[f"input{n}"]) for n in range(len(packed)))
        self._take_plan(Plan(self.features, items=items, times=times))
        self._rates = Rates.of(arrays["skill_counts"], arrays["item_counts"])
        self._situations = {
            encoding.name: SituationRates(
                *(arrays[f"rates_{encoding.name}_{part}"] for part in SituationRates._fields)
            )
            for encoding in self._plan.encodings
        }
        self._trees = Trees.from_arrays(arrays)
        situations = self._situations.values()
        counts = [(table[..., 0], table[..., 1]) for table in (self._rates.skill, self._rates.item)]
        counts += [(table.answers, table.right) for table in situations]
        if any(np.any(right > answers) for answers, right in counts):
            raise ValueError("right answers are more than all")
        if any(np.any(np.diff(one.keys) <= 0) for one in situations):
            raise ValueError("situations are not in order")

    def _settings(self) -> dict[str, Any]:
        return {
            **super()._settings(),
            "inputs": [model.fingerprint_ for model in self.inputs_],
        }

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), "inputs_given": self.inputs is not None}


def _parts(state: SequentialState) -> tuple[StudentState, ...]:
    assert isinstance(state, CombinedState)
    return state.parts


def _labels_of(
    state: SequentialState, skill: Ints, item: Ints, starts: Ints | None
) -> tuple[list[Any], list[Any]]:
    """What to call skills and items, by their places in a state; lists where some are several."""
    skills, items = [*state.skills, _UNKNOWN], [*state.items, _UNKNOWN, None]
    named = [skills[place] for place in skill.tolist()]
    if starts is not None:
        bounds = starts.tolist()
        named = [named[lo:hi] for lo, hi in pairwise(bounds)]
    return named, [items[place] for place in item.tolist()]


def _rounded(*parts: Floats) -> Floats:
    """Features one below the other, to seven digits.

    Releases of NumPy differ in the last digit of a power or a logarithm. A split may lie exactly
    at a value that occurred; that digit would then decide on which side another falls.
    """
    return np.concatenate(parts).astype(np.float32).astype(np.float64)
