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
from adaptlearn.models.boosting.blend import MOST_ANSWERS, weights
from adaptlearn.models.boosting.growth import Growth, grow, grown_out_of_fold
from adaptlearn.models.boosting.inputs import log_odds, out_of_fold, unfitted
from adaptlearn.models.boosting.state import CombinedState
from adaptlearn.models.boosting.trees import MAX_LEAVES, Trees
from adaptlearn.models.estimates import Estimates
from adaptlearn.models.features.difficulty import Rates
from adaptlearn.models.features.encodings import SituationRates
from adaptlearn.models.features.plan import FEW, MANY_LEVELS, Plan, rates_in
from adaptlearn.models.features.training import mean_by_response, training_features
from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.levels import Level, Memory
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.models.state import StudentState, check_n_students
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, seed_of
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import Arrays, write_archive
from adaptlearn.validation import Interval, Numbers, OneOf, RandomSource

_UNKNOWN = ("an unknown label",)  # equal to no label of a log
_PACKED = ("input", "leaned_on")  # what a file calls the models that it holds, before their number
_TREES_ALONE = np.array([1.0])


class FeatureBoosting(SequentialTracer):
    """Boosted trees over history features and other models' predictions.

    The base of `BoostedTracer`; it has no default for the other models.
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
        "random_state": [RandomSource(2**32 - 1)],
    }
    _reads_entries = True
    _few, _many_levels = FEW, MANY_LEVELS

    inputs_: tuple[KnowledgeTracer, ...]
    leaned_on_: tuple[KnowledgeTracer, ...]
    feature_names_: list[str]
    feature_groups_: list[str]

    def __init__(
        self,
        *,
        features: str | Sequence[str] = "all",
        inputs: Sequence[KnowledgeTracer] | None = None,
        lean_on: Sequence[KnowledgeTracer] | None = None,
        n_folds: int = 5,
        max_iter: int = 400,
        learning_rate: float = 0.03,
        max_leaf_nodes: int = 31,
        min_samples_leaf: int = 40,
        l2_regularization: float = 5.0,
        max_features: float = 0.3,
        n_seeds: int = 2,
        n_jobs: int = 1,
        random_state: Randomness = 0,
    ) -> None:
        self.features = features
        self.inputs = inputs
        self.lean_on = lean_on
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
        """Estimate the rates, fit the other models and grow the trees.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored
        """
        responses = self._training_log(log)
        seed = seed_of(self.random_state)
        growth = self._growth(seed)
        models = tuple(self._default_inputs(seed) if self.inputs is None else self.inputs)
        lean_on = tuple(self._default_lean_on() if self.lean_on is None else self.lean_on)
        skills, items, n_answers = training_labels(responses)
        plan = Plan(
            self.features, items=responses.item is not None, times=responses.time is not None
        )
        encoded = encode(responses, Names.of(skills, items), item_pairs=plan.widths.item > 0)
        fold = self._folds(responses, seed)
        found = training_features(
            plan,
            encoded,
            fold[encoded.rows],
            n_folds=self.n_folds,
            n_skills=len(skills),
            n_items=len(items),
        )
        answered = encoded.correct >= 0
        if np.count_nonzero(answered) > MOST_ANSWERS:
            lean_on = ()
        beside = out_of_fold((*models, *lean_on), responses, fold, self.n_folds)
        beside = beside[:, encoded.rows[answered]]
        features = found.matrix if answered.all() else found.matrix[:, answered]
        matrix, correct = _rounded(features, beside[: len(models)]), encoded.correct[answered]
        n_jobs = None if self.n_jobs == -1 else self.n_jobs
        self._rates, self._situations = found.rates, found.tables
        self._trees = grow(matrix, correct, growth, n_seeds=self.n_seeds, n_jobs=n_jobs)
        self._shares = _TREES_ALONE
        if lean_on:
            own = grown_out_of_fold(
                matrix, correct, fold[encoded.rows[answered]], growth, n_jobs=n_jobs
            )
            judged = np.vstack([own, beside])
            if np.isfinite(judged).all():
                self._shares = weights(judged, correct)
            else:  # one student: nobody was left out to judge by
                first = len(judged) - len(lean_on)
                self._shares = np.where(np.arange(len(judged)) < first, 0, 1 / len(lean_on))
        self.inputs_ = tuple(unfitted(model).fit(responses) for model in models)
        self.leaned_on_ = tuple(unfitted(model).fit(responses) for model in lean_on)
        self._take_plan(plan)
        self.seed_ = seed
        return self._ready(skills, items, n_answers)

    @property
    def weights_(self) -> dict[str, float]:
        """The weights of the trees and of each other model in the log odds of a prediction."""
        self._check_fitted()
        names = ["trees", *_names(self._others)]
        shares = np.zeros(len(names))
        shares[: len(self._shares)] = self._shares
        return dict(zip(names, shares.tolist(), strict=True))

    @property
    def feature_gains_(self) -> dict[str, float]:
        """The share of each group of features in the total improvement by the trees' splits."""
        self._check_fitted()
        gains = self._trees.gains(len(self.feature_names_))
        total = max(float(gains.sum()), np.finfo(float).tiny)
        groups = dict.fromkeys(self.feature_groups_, 0.0)
        for group, gain in zip(self.feature_groups_, gains.tolist(), strict=True):
            groups[group] += gain / total
        return dict(sorted(groups.items(), key=lambda entry: -entry[1]))

    def init_state(self, n_students: int) -> CombinedState:
        """A new state for students who have not answered yet."""
        self._check_fitted()
        check_n_students(n_students)
        return CombinedState(
            self.fingerprint_,
            self.skills_.tolist(),
            self.items_.tolist(),
            n_students,
            self._widths,
            parts=[model.init_state(n_students) for model in self._others],
        )

    def _write(self, path: str | PathLike[str]) -> None:
        packed = {
            f"{kind}{n}": self._packed(model)
            for kind, models in zip(_PACKED, (self.inputs_, self.leaned_on_), strict=True)
            for n, model in enumerate(models)
        }
        write_archive(path, MODEL_KIND, self._content(), {**self._all_arrays(), **packed})

    def _default_inputs(self, seed: int) -> Sequence[KnowledgeTracer]:  # noqa: ARG002 - for those that draw
        """Other models, where none were given."""
        return ()

    def _default_lean_on(self) -> Sequence[KnowledgeTracer]:
        """Models to lean on where answers are few, where none were given."""
        return ()

    @property
    def _others(self) -> tuple[KnowledgeTracer, ...]:
        """The models beside the trees, in the order of a state's parts."""
        return (*self.inputs_, *self.leaned_on_)

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
        # Files of models that lean on none do not say so.
        told = {**settings, "inputs": None, "lean_on": None}
        super()._restore({**manifest, "settings": told}, arrays)
        if manifest.get("inputs_given"):
            self.inputs = tuple(unfitted(one) for one in self.inputs_)
        if manifest.get("lean_on_given"):
            self.lean_on = tuple(unfitted(one) for one in self.leaned_on_)

    @property
    def _widths(self) -> Widths:
        return self._plan.widths

    def _signed(self) -> Signed:
        return self._plan.signed

    def check_restored(self, state: SequentialState) -> None:  # noqa: D102 - documented in the base
        super().check_restored(state)
        for model, part in zip(self._others, _parts(state), strict=True):
            model.check_restored(part)

    def _look(self, level: Level, memory: Memory) -> Floats:
        return self._plan.look(level, memory, self._rates)

    def _learn(self, level: Level, memory: Memory) -> None:
        self._plan.learn(level, memory, self._rates)

    def _follow_few(self, encoded: Encoded, memory: Memory) -> Floats:
        return self._plan.follow(encoded, memory, self._rates)

    def _one_step_ahead(
        self, log: ResponseLog, state: SequentialState | None, numbers: Ints | None
    ) -> Floats:
        read, encoded = self._read(log, state, numbers)
        parts = _parts(state) if state is not None else (None,) * len(self._others)
        beside = np.empty((len(self._others), len(log)))
        with quiet():
            for row, (model, part) in enumerate(zip(self._others, parts, strict=True)):
                beside[row] = log_odds(model.predict_proba(log, state=part)[:, 1])
        return encoded.in_rows(self._chance_of(read, encoded.starts, beside[:, encoded.rows]))

    def _advance(self, state: SequentialState, log: ResponseLog, numbers: Ints) -> None:
        super()._advance(state, log, numbers)
        if self._others:
            numbered = log.with_students(numbers)
            with quiet():
                for model, part in zip(self._others, _parts(state), strict=True):
                    model.update_state(part, numbered)

    def _advance_with_estimates(
        self, state: SequentialState, log: ResponseLog, numbers: Ints
    ) -> Estimates:
        numbered = log.with_students(numbers)
        beside = np.empty((2, len(self._others), len(log.skill.codes)))

        def chance(read: Floats, entries: Ints | slice, turn: int) -> Floats:
            return self._chance_of(read, None, beside[turn][:, entries])

        with quiet():
            if np.bincount(log.student.codes).max() > 1:  # none is updated if one refuses the log
                for model, part in zip(self._others, _parts(state), strict=True):
                    model.predict_proba(numbered, state=part)
            for place, (model, part) in enumerate(zip(self._others, _parts(state), strict=True)):
                beside[:, place] = log_odds(np.array(model.update_with_estimates(part, numbered)))
        return self._advance_asking(state, log, numbers, chance)

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
        beside = np.empty((len(self._others), len(students)))
        if self._others:
            skills, items = _labels_of(state, skill, item, starts)
            with quiet():
                for row, (model, part) in enumerate(zip(self._others, _parts(state), strict=True)):
                    p = model.predict_state(part, students, skills, items=items, time=time)
                    beside[row] = log_odds(p)
        return self._chance_of(self._look(level, memory), starts, beside)

    def _chance_of(self, read: Floats, starts: Ints | None, beside: Floats) -> Floats:
        """P(correct) from what was read of each skill, and the other models' log odds."""
        features = self._plan.matrix(read, rates_in(self._situations))
        inputs = beside[: len(self.inputs_)]
        odds = self._trees.predict(_rounded(mean_by_response(features, starts), inputs))
        if self.leaned_on_:
            # Term by term: a matrix product's last digit depends on how many rows it has.
            odds = self._shares[0] * odds
            for share, other in zip(self._shares[1:], beside, strict=True):
                odds += share * other
        return 1 / (1 + np.exp(-odds))

    def _problems(self) -> list[str]:
        return [
            f"{name} must hold models, got {one!r}"
            for name in ("inputs", "lean_on")
            for one in getattr(self, name) or ()
            if not isinstance(one, KnowledgeTracer)
        ]

    def _folds(self, log: ResponseLog, seed: int) -> NDArray[np.int64]:
        """The fold of each row's student: chance, but the same for any order of the rows."""
        used = np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
        fold = np.zeros(log.n_students, np.int64)
        rng = np.random.default_rng(seed)
        fold[used] = rng.permutation(len(used)) % self.n_folds
        return fold[log.student.codes]

    def _take_plan(self, plan: Plan) -> None:
        self._plan, self._n_read = plan, plan.n_read
        names = _names(self.inputs_)
        self.feature_names_ = [*plan.names, *names]
        self.feature_groups_ = [*plan.groups, *("inputs" for _ in names)]

    def _growth(self, seed: int) -> Growth:
        params = {name: getattr(self, name) for name in Growth._fields}
        return Growth(**{**params, "random_state": seed})

    def _arrays(self) -> dict[str, NDArray[Any]]:
        rates, situations = self._rates, self._situations
        arrays = {
            "columns": np.array([self._plan.items, self._plan.times]),
            "skill_counts": rates.skill,
            "item_counts": rates.item,
            **self._trees.to_arrays(),
        }
        if self.leaned_on_:
            arrays["shares"] = self._shares
        for name, table in situations.items():
            arrays |= {f"rates_{name}_{part}": a for part, a in table._asdict().items()}
        return arrays

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:
        items, times = (bool(has) for has in arrays["columns"])
        plan = Plan(self.features, items=items, times=times)
        inputs, leaned_on = (_packed_in(arrays, kind) for kind in _PACKED)
        expected = {
            "columns": Numbers((2,), 0, 1),
            "skill_counts": Numbers((1, n_skills + 1, 2), low=0),
            "item_counts": Numbers((1, n_items + 1, 2), low=0),
            **{
                name: Numbers(arrays[name].shape, 0, 255, whole=True)
                for name in (*inputs, *leaned_on)
            },
            **Trees.expected(arrays, len(plan.names) + len(inputs)),
        }
        if leaned_on:
            expected["shares"] = Numbers((1 + len(inputs) + len(leaned_on),), 0, 1)
        for encoding in plan.encodings:
            keys = f"rates_{encoding.name}_keys"
            shape = arrays[keys].shape
            expected[keys] = Numbers(shape, 0, 2**63 - 1, whole=True)
            for part in ("right", "answers"):
                expected[f"rates_{encoding.name}_{part}"] = Numbers(shape, low=0)
        return expected

    def _restore_arrays(self, arrays: Arrays) -> None:
        items, times = (bool(has) for has in arrays["columns"])
        self.inputs_, self.leaned_on_ = (
            tuple(self._unpacked(arrays[name]) for name in _packed_in(arrays, kind))
            for kind in _PACKED
        )
        self._shares = arrays["shares"] if self.leaned_on_ else _TREES_ALONE
        if abs(self._shares.sum() - 1) > 1e-9:
            raise ValueError("the shares of the models do not add up to 1")
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
        settings = super()._settings()
        settings["inputs"] = [model.fingerprint_ for model in self.inputs_]
        del settings["lean_on"]
        if self.leaned_on_:
            settings["lean_on"] = [model.fingerprint_ for model in self.leaned_on_]
        return settings

    def _content(self) -> dict[str, Any]:
        given = {"inputs_given": self.inputs is not None}
        if self.lean_on is not None:
            given["lean_on_given"] = True
        return {**super()._content(), **given}


def _parts(state: SequentialState) -> tuple[StudentState, ...]:
    assert isinstance(state, CombinedState)
    return state.parts


def _names(models: Sequence[KnowledgeTracer]) -> list[str]:
    return [f"{type(model).__name__}_{n}" for n, model in enumerate(models)]


def _packed_in(arrays: Arrays, kind: str) -> list[str]:
    """The names of the models of a kind that a file holds."""
    named = sum(name.startswith(kind) for name in arrays)
    return [f"{kind}{n}" for n in range(named)]


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
