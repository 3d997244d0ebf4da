"""The numbers of a robust evaluation matrix: policies by simulators, seed by seed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.serialization import read_manifest, reading, write_manifest
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.matrix.statistics import (
    Intervals,
    RankStability,
    WorstCase,
    rank_stability,
    ranks,
    seed_means,
    with_intervals,
)
from adaptlearn.validation import (
    Interval,
    Numbers,
    OneOf,
    check_parameters,
    number_array,
    some,
)

_KIND = "adaptlearn-evaluation-matrix"


@dataclass(frozen=True, eq=False)
class MatrixValues:
    """The numbers of a `Matrix`, which describes the attributes, and what follows from them."""

    policies: tuple[str, ...]
    simulators: tuple[str, ...]
    values: dict[str, Floats]
    parts: dict[str, dict[str, dict[str, Floats]]]
    same_family: Bools
    held_out: tuple[str, ...]
    oracle: str | None
    baselines: tuple[str, ...]
    seeds: tuple[int, ...]
    n_students: int
    budget: float
    minutes_per_day: float
    confidence: float = 0.95
    n_bootstrap: int = 1000

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes; see `OUTCOMES`."""
        return tuple(self.values)

    @property
    def ranked(self) -> tuple[str, ...]:
        """The policies that are compared: all but the oracle."""
        return tuple(name for name in self.policies if name != self.oracle)

    def mean(self, outcome: str) -> Floats:
        """Means over seeds, shape (n_policies, n_simulators)."""
        return seed_means(self._of(outcome))

    def interval(self, outcome: str) -> Intervals:
        """Means with intervals over seeds; arrays of shape (n_policies, n_simulators)."""
        return self._intervals(self._of(outcome))

    def difference(self, outcome: str, policy: str, other: str) -> Intervals:
        """One policy's mean minus another's, on the same students; shape (n_simulators,)."""
        values = self._of(outcome)
        return self._intervals(values[self._row(policy)] - values[self._row(other)])

    def best_in_column(self, outcome: str) -> tuple[str, ...]:
        """The best policy on each simulator, without the oracle; ``""`` if no policy has a mean."""
        found = self._best(outcome, self.ranked)
        return tuple(self.policies[row] if row >= 0 else "" for row in found)

    def within_noise_of_best(self, outcome: str) -> Bools:
        """Which policies are the best on a simulator, or within noise of the best.

        Shape (n_policies, n_simulators). A policy is within noise of the best if the interval of
        their paired difference contains 0, or if their means are equal. With one seed there is no
        interval, so only equal means count. The entries of the oracle are False. The best policy is
        chosen by its mean, so it is partly the luckiest. If eight policies are equal, 95% intervals
        over 20 seeds separate about one in eight of the other policies from the best, not one in
        twenty.
        """
        values, best = self._of(outcome), self._best(outcome, self.ranked)
        place = np.arange(len(self.simulators))
        rank = self.ranks(outcome)
        near = self._intervals(values - values[best, place]).holds(0)
        near |= rank == rank[best, place]
        near[[name == self.oracle for name in self.policies]] = False
        return near

    def ranks(self, outcome: str) -> Floats:
        """The rank of each policy on each simulator, 1 for the best; ties share their ranks.

        Shape (n_policies, n_simulators). It is nan for the oracle, and if there is no mean.
        """
        found = np.full((len(self.policies), len(self.simulators)), np.nan)
        rows = self._rows(self.ranked)
        found[rows] = ranks(self.mean(outcome)[rows], OUTCOMES[outcome].better)
        return found

    def rank_stability(self, outcome: str) -> RankStability:
        """How much the ranking of policies depends on the simulator and on the seeds."""
        values = self._of(outcome)[self._rows(self.ranked)]
        return rank_stability(self.ranked, values, OUTCOMES[outcome].better, self.n_bootstrap)

    def gaps(self, outcome: str, group: str) -> Intervals:
        """How far the worst part of a group is behind the best part, for each policy and simulator.

        Arrays of shape (n_policies, n_simulators); nan if a simulator does not have this group. The
        means over all seeds decide which part is the worst, so it is the same part in every seed.
        If the interval contains 0, there may be no gap, or the gap may be reversed.
        """
        self._of(outcome)
        if group not in self.parts:
            raise ParameterError("Matrix", [f"no group {group!r}; there are {some(self.parts)}"])
        values = np.stack([part[outcome] for part in self.parts[group].values()])
        means = seed_means(values)
        there = ~np.isnan(means)
        rows, columns = np.indices(means.shape[1:])
        lowest = values[np.where(there, means, np.inf).argmin(axis=0), rows, columns]
        highest = values[np.where(there, means, -np.inf).argmax(axis=0), rows, columns]
        return self._intervals(highest - lowest)

    def worst(
        self, outcome: str, by: Literal["difference", "value"] = "difference"
    ) -> tuple[WorstCase, ...]:
        """Each policy's worst simulator, for all policies but the oracle.

        Parameters
        ----------
        outcome : str
        by : {"difference", "value"}, default "difference"
            ``"difference"``: the simulator with the policy's worst difference to the best baseline,
            if there are baselines. ``"value"``: the simulator with the policy's worst mean. That is
            often the simulator that is hardest for every policy.
        """
        check_parameters("Matrix.worst", {"by": by}, {"by": [OneOf(("difference", "value"))]})
        mean = self.mean(outcome)
        lower = OUTCOMES[outcome].better == "lower"
        cases = []
        for policy in self.ranked:
            row = self._row(policy)
            best = self._best(outcome, [name for name in self.baselines if name != policy])
            against = mean[row]
            if by == "difference" and (best >= 0).any():
                against = np.where(best >= 0, mean[row] - mean[best, np.arange(len(best))], np.nan)
            badness = np.where(np.isnan(against), -np.inf, against if lower else -against)
            cases.append(self._case(outcome, row, int(badness.argmax()), best))
        return tuple(cases)

    def _case(self, outcome: str, row: int, column: int, best: Ints) -> WorstCase:
        values = self._of(outcome)[:, column]
        none = np.full(len(self.seeds), np.nan)
        baseline = int(best[column])
        oracle = none if self.oracle is None else values[self._row(self.oracle)]
        return WorstCase(
            policy=self.policies[row],
            simulator=self.simulators[column],
            value=float(seed_means(values[row])),
            baseline=self.policies[baseline] if baseline >= 0 else "",
            to_baseline=self._intervals(
                values[row] - (values[baseline] if baseline >= 0 else none)
            ),
            to_oracle=self._intervals(values[row] - oracle),
        )

    def table(self, outcome: str | None = None) -> dict[str, NDArray[Any]]:
        """One row per outcome, policy, simulator and part of a group (first ``all``), as columns.

        ``outcome``, ``policy``, ``simulator``, ``group``, ``part``, ``mean``, ``lower``,
        ``upper``; ``rank`` and ``within_noise_of_best`` (both of all students); ``same_family``,
        ``held_out``.
        """
        rows: list[tuple[Any, ...]] = []
        for name in self.outcomes if outcome is None else [outcome]:
            cells = [("all", "all", self._of(name))]
            cells += [
                (group, part, values[name])
                for group, parts in self.parts.items()
                for part, values in parts.items()
            ]
            rank, near = self.ranks(name), self.within_noise_of_best(name)
            for group, part, values in cells:
                found = self._intervals(values)
                rows += [
                    (name, policy, simulator, group, part, *(end[p, s] for end in found),
                     rank[p, s], near[p, s], self.same_family[p, s], simulator in self.held_out)
                    for p, policy in enumerate(self.policies)
                    for s, simulator in enumerate(self.simulators)
                    if not np.isnan(found.value[p, s]) or group == "all"
                ]  # fmt: skip
        names = ("outcome", "policy", "simulator", "group", "part", "mean", "lower", "upper",
                 "rank", "within_noise_of_best", "same_family", "held_out")  # fmt: skip
        columns = map(np.array, zip(*rows, strict=True))
        return dict(zip(names, columns, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers, strings, lists and dicts, ready for JSON; None in place of nan."""
        return {
            "policies": list(self.policies),
            "simulators": list(self.simulators),
            "seeds": list(self.seeds),
            "n_students": self.n_students,
            "budget": self.budget,
            "minutes_per_day": self.minutes_per_day,
            "confidence": self.confidence,
            "n_bootstrap": self.n_bootstrap,
            "oracle": self.oracle,
            "baselines": list(self.baselines),
            "held_out": list(self.held_out),
            "same_family": self.same_family.tolist(),
            "values": _plain(self.values),
            "parts": _plain(self.parts),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Build a matrix from the output of `to_dict`.

        Raises
        ------
        ModelFileError
            The error is raised if the content cannot be an output of `to_dict`.
        """
        with reading("evaluation matrix"):
            return cls._restored(content)

    @classmethod
    def _restored(cls, content: Mapping[str, Any]) -> Self:
        policies = _names(content["policies"], "policies")
        simulators = _names(content["simulators"], "simulators")
        seeds = content["seeds"]
        check_parameters("matrix", content, _CONSTRAINTS, _reference_problems(content))
        whole = Interval(-(2**63), 2**64, integer=True)
        if not isinstance(seeds, list) or not seeds or not all(map(whole.accepts, seeds)):
            raise ValueError("seeds are not a list of whole numbers")
        shape = (len(policies), len(simulators), len(seeds))
        same_family = np.array(content["same_family"])
        if same_family.dtype != bool or same_family.shape != shape[:2]:
            raise ValueError(f"same_family is not true or false, of shape {shape[:2]}")
        values = _arrays(content["values"], shape)
        return cls(
            policies=policies,
            simulators=simulators,
            seeds=tuple(seeds),
            oracle=content["oracle"],
            baselines=tuple(content["baselines"]),
            held_out=tuple(content["held_out"]),
            same_family=same_family,
            values=values,
            parts={
                group: {part: _arrays(one, shape, values) for part, one in parts.items()}
                for group, parts in content["parts"].items()
            },
            **{name: content[name] for name in _CONSTRAINTS},
        )

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a JSON file that `load` reads."""
        write_manifest(path, _KIND, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ModelFileError
            The error is raised if the file is incomplete, was changed, or is not a saved matrix.
        """
        content = read_manifest(path, _KIND)
        with reading(str(path)):
            return cls._restored(content)

    def _intervals(self, values: Floats) -> Intervals:
        return with_intervals(values, self.confidence)

    def _best(self, outcome: str, names: tuple[str, ...] | list[str]) -> Ints:
        """Of each simulator, the row of the best of some policies; -1 where none has a mean."""
        rows = self._rows(names)
        means = self.mean(outcome)[rows]
        if not len(rows):
            return np.full(len(self.simulators), -1)
        goodness = np.where(
            np.isnan(means), -np.inf, means if OUTCOMES[outcome].better == "higher" else -means
        )
        found = rows[goodness.argmax(axis=0)]
        return np.where(np.isfinite(goodness).any(axis=0), found, -1)

    def _of(self, outcome: str) -> Floats:
        if outcome not in self.values:
            raise ParameterError(
                "Matrix", [f"no outcome {outcome!r}; there are {some(self.values, 20)}"]
            )
        return self.values[outcome]

    def _row(self, policy: str) -> int:
        return int(self._rows([policy])[0])

    def _rows(self, names: tuple[str, ...] | list[str]) -> Ints:
        unknown = [name for name in names if name not in self.policies]
        if unknown:
            raise ParameterError(
                "Matrix", [f"no policy {some(unknown)}; there are {some(self.policies, 30)}"]
            )
        return np.array([self.policies.index(name) for name in names], np.intp)


def _plain(values: Any) -> Any:
    """Arrays in nested dicts as lists, None in place of nan."""
    if isinstance(values, Mapping):
        return {name: _plain(value) for name, value in values.items()}
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()


def _arrays(
    values: Any, shape: tuple[int, ...], outcomes: Iterable[str] | None = None
) -> dict[str, Floats]:
    """What `_plain` made lists of, by outcome, as arrays again; those of `outcomes`."""
    expected = set(values if outcomes is None else outcomes)
    if not expected or not expected <= set(OUTCOMES) or set(values) != expected:
        raise ValueError(f"it has values of {some(values, 20)}; expected outcomes that are known")
    number = Numbers(shape, -1e15, 1e15, gaps=True)
    return {name: number_array(listed, name, number) for name, listed in values.items()}


def _names(listed: Any, what: str) -> tuple[str, ...]:
    """Distinct names, one or more."""
    named = isinstance(listed, list) and all(isinstance(name, str) for name in listed)
    if not named or not listed or len(set(listed)) < len(listed):
        raise ValueError(f"{what} are not a list of distinct names")
    return tuple(listed)


def _reference_problems(content: Mapping[str, Any]) -> list[str]:
    """Names of policies and simulators that are none."""
    lists = {
        "oracle": ([] if content["oracle"] is None else [content["oracle"]], "policies"),
        "baselines": (content["baselines"], "policies"),
        "held_out": (content["held_out"], "simulators"),
    }
    empty = [
        f"group {group!r} has no part" for group, parts in content["parts"].items() if not parts
    ]
    return empty + [
        f"{name} names {some(set(listed) - set(content[what]))}, none of the {what}"
        for name, (listed, what) in lists.items()
        if not isinstance(listed, list) or set(listed) - set(content[what])
    ]


_POSITIVE = Interval(0, 1e300, "right")
_CONSTRAINTS = {
    "n_students": [Interval(1, 2**53, integer=True)],
    "budget": [_POSITIVE],
    "minutes_per_day": [_POSITIVE],
    "confidence": [Interval(0, 1, "neither")],
    "n_bootstrap": [Interval(1, 2**31, integer=True)],
}
