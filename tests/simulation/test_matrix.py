"""The robust evaluation matrix: what is simulated, and what is said of it."""

import json
import sys
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata, t

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import MissingDependency, ModelFileError, ParameterError
from adaptlearn.models import BKT
from adaptlearn.simulation import (
    Course,
    Matrix,
    SequencerPolicy,
    baselines,
    evaluation_matrix,
    measure_outcomes,
    run_episode,
    simulators,
)
from adaptlearn.simulation.episodes import OUTCOMES
from adaptlearn.simulation.matrix.statistics import (
    agreement,
    rank_shares,
    ranks,
    resampled_means,
    seed_weights,
    with_intervals,
)
from adaptlearn.simulation.teachers import ArrayPolicy, in_a_row, knowledge_tracing

CHAIN = {"skills": [*"abcd"], "prerequisites": [["a", "b"], ["b", "c"]]}
SETTING: dict[str, Any] = {"n_students": 40, "budget": 120.0}
KINDS = ("population", "individual", "stability")
NAMES = ("random", "three_in_a_row", "knowledge_tracing", "oracle")


@pytest.fixture(scope="module")
def course():
    return Course.of(Curriculum.from_dict(CHAIN))


@pytest.fixture(scope="module")
def kinds(course):
    return {name: simulators(course)[name] for name in KINDS}


@pytest.fixture(scope="module")
def policies(course):
    """Some that treat each student alone, and one that does not."""
    table = {"skill": [*"abcd"], "prior": [0.3] * 4, "learn": [0.2] * 4,
             "guess": [0.2] * 4, "slip": [0.1] * 4}  # fmt: skip
    model = BKT.from_parameters(table)

    def make(curriculum):
        return Sequencer(curriculum, MasteryTracker(model), new_students=True, random_state=0)

    chosen = {name: baselines(course)[name] for name in NAMES}
    return {**chosen, "sequencer": SequencerPolicy(make, family="bkt")}


@pytest.fixture(scope="module")
def matrix(kinds, policies, course):
    return evaluation_matrix(kinds, policies, course, seeds=4, held_out=["stability"], **SETTING)


def made(values, better="lower", **changes):
    """A matrix of one outcome from numbers."""
    name = {"lower": "minutes_to_mastery", "higher": "known_share"}[better]
    array = np.asarray(values, np.float64)
    n_policies, n_simulators, n_seeds = array.shape
    content = {
        "policies": tuple("pqrstuv"[:n_policies]),
        "simulators": tuple("ABCDEF"[:n_simulators]),
        "values": {name: array},
        "parts": {},
        "same_family": np.zeros((n_policies, n_simulators), bool),
        "held_out": (),
        "oracle": None,
        "baselines": tuple("pqrstuv"[:n_policies]),
        "seeds": tuple(range(n_seeds)),
        "n_students": 10,
        "budget": 600.0,
        "minutes_per_day": 40.0,
    }
    return Matrix(**{**content, **changes})


class TestSimulating:
    def test_cells_are_what_episodes_come_to(self, matrix, kinds, policies, course):
        for row, name in enumerate(NAMES):
            for column, kind in enumerate(KINDS):
                episode = run_episode(kinds[kind], policies[name], course, seeds=4, **SETTING)
                assert matrix.same_family[row, column] == episode.same_family
                for outcome, values in measure_outcomes(episode).by_student.items():
                    of_seeds = values.reshape(4, -1)
                    cell = matrix.values[outcome][row, column]
                    if np.isnan(of_seeds).all():
                        assert np.isnan(cell).all()
                        continue
                    np.testing.assert_allclose(cell, np.nanmean(of_seeds, axis=1), rtol=1e-12)
                for group, labels in episode.groups.items():
                    for part, means in matrix.parts[group].items():
                        inside = (labels == part).reshape(4, -1)
                        minutes = OUTCOMES["minutes_to_mastery"].of(episode).reshape(4, -1)
                        expected = [m[i].mean() for m, i in zip(minutes, inside, strict=True)]
                        found = means["minutes_to_mastery"][row, column]
                        np.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_names_and_labels(self, matrix):
        assert matrix.policies == (*NAMES, "sequencer")
        assert matrix.simulators == KINDS
        assert matrix.outcomes == tuple(OUTCOMES)
        assert (matrix.oracle, matrix.held_out) == ("oracle", ("stability",))
        assert matrix.baselines == ("random", "three_in_a_row", "knowledge_tracing", "sequencer")
        flattered = {"knowledge_tracing", "sequencer"}
        expected = [[name in flattered and kind != "stability" for kind in KINDS]
                    for name in matrix.policies]  # fmt: skip
        assert matrix.same_family.tolist() == expected
        assert {group: [*parts] for group, parts in matrix.parts.items()} == {
            "learning": ["fast", "slow"],
            "start": ["high", "low"],
        }
        assert np.isnan(matrix.parts["learning"]["slow"]["known_share"][:, 0]).all()
        assert repr(matrix) == "Matrix(5 policies on 3 simulators, 4 seeds of 40 students)"

    def test_equal_policies_meet_equal_luck(self, kinds, course):
        rule = in_a_row(2)
        table = {"one": ArrayPolicy("x", rule), "other": ArrayPolicy("y", rule)}
        found = evaluation_matrix(kinds, table, course, seeds=3, **SETTING)
        for end in found.difference("minutes_to_mastery", "one", "other"):
            assert end.tolist() == [0, 0, 0]
        assert found.within_noise_of_best("minutes_to_mastery").all()

    def test_a_seed_hangs_on_no_other_seed(self, matrix, kinds, policies, course, monkeypatch):
        alone = evaluation_matrix(kinds, policies, course, seeds=[2], **SETTING)
        monkeypatch.setattr("adaptlearn.simulation.matrix.evaluate._TOGETHER", 80)
        in_twos = evaluation_matrix(kinds, policies, course, seeds=4, **SETTING)
        for name, values in matrix.values.items():
            np.testing.assert_array_equal(alone.values[name][..., 0], values[..., 2])
            np.testing.assert_array_equal(in_twos.values[name], values)

    def test_processes_change_nothing(self, matrix, kinds, policies, course):
        told = []
        found = evaluation_matrix(
            kinds, policies, course, seeds=4, held_out=["stability"], n_jobs=2,
            on_run=lambda done, total: told.append((done, total)), **SETTING,
        )  # fmt: skip
        assert found.to_json() == matrix.to_json()
        # One run of a cell, but of the sequencer one for each seed.
        assert told == [(done, 3 * (4 + 4)) for done in range(1, 25)]

    def test_policies_may_be_made_for_each_simulator(self, kinds, course):
        learn = {"population": 0.3, "individual": 0.1, "stability": 0.2}

        def fitted(simulator):
            rule = knowledge_tracing(4, learn=learn[simulator])
            return {"fitted": ArrayPolicy("fitted", rule)}

        found = evaluation_matrix(kinds, fitted, course, seeds=2, outcomes=["known_share"],
                                  **SETTING)  # fmt: skip
        assert found.outcomes == ("known_share",)
        for column, kind in enumerate(KINDS):
            (alone,) = evaluation_matrix(
                {kind: kinds[kind]}, fitted(kind), course, seeds=2, **SETTING
            ).values["known_share"]
            np.testing.assert_array_equal(found.values["known_share"][0, column], alone[0])

    def test_what_failed_is_named(self, kinds, course):
        def broken(view):
            raise RuntimeError

        table = {"broken": ArrayPolicy("broken", in_a_row(2), score=broken)}
        with pytest.raises(RuntimeError) as caught:
            evaluation_matrix(kinds, table, course, seeds=1, **SETTING)
        assert caught.value.__notes__ == ["in broken on population"]

    def test_every_problem_is_listed(self, kinds, policies, course):
        other = Course.of(Curriculum.from_dict({"skills": ["x"]}))
        wrong = {**kinds, "other": simulators(other)["population"]}
        with pytest.raises(ParameterError) as caught:
            evaluation_matrix(
                wrong, policies, course, seeds=[1, 1], n_students=0, budget=0, n_jobs=0,
                confidence=1, n_bootstrap=0, minutes_per_day=0, outcomes=["luck", "luck"],
                baselines=["best", "oracle"], oracle="oracle", held_out=["real"],
            )  # fmt: skip
        said = "\n".join(caught.value.problems)
        for part in (
            "n_students must be", "budget must be", "minutes_per_day must be",
            "confidence must be", "n_bootstrap must be", "n_jobs must be one of None or",
            "seeds: some occur",
            "simulator 'other' has 1 skills, the course 4", "outcomes: no 'luck'",
            "outcomes: some occur twice", "baselines: no 'best'", "baselines: no 'oracle'",
            "held_out: no 'real'",
        ):  # fmt: skip
            assert part in said
        for arguments, part in (
            (({}, policies, course), "simulators: there are none"),
            ((kinds, {}, course), "policies: there are none"),
            ((kinds, lambda name: {name: policies["random"]}, course), "for simulator 'stability'"),
        ):
            with pytest.raises(ParameterError, match=part):
                evaluation_matrix(*arguments)
        for changes, part in (
            ({"oracle": "delphi"}, "oracle: no 'delphi'"),
            ({"outcomes": []}, "outcomes: there are none"),
            ({"seeds": 0}, "seeds must be"),
        ):
            with pytest.raises(ParameterError, match=part):
                evaluation_matrix(kinds, policies, course, **changes)

    def test_arguments_of_another_type_are_one_sentence_each(self, kinds, policies, course):
        wrong: Any = ([*kinds], [*policies], course.curriculum)
        with pytest.raises(ParameterError) as caught:
            evaluation_matrix(
                *wrong, outcomes="known_share", baselines="random", held_out="stability"
            )
        assert list(caught.value.problems) == [
            "course must be a Course (Course.of makes one of a Curriculum), got a Curriculum",
            "simulators must be a mapping from names to simulators, got a list",
            "policies must be a mapping from names to policies, got a list",
            "outcomes must be a list of names, got the string 'known_share'",
            "baselines must be a list of names, got the string 'random'",
            "held_out must be a list of names, got the string 'stability'",
        ]
        wrong = (kinds, lambda _: [*policies], course)
        with pytest.raises(ParameterError) as caught:
            evaluation_matrix(*wrong)
        must = "must be a mapping from names to policies, got a list"
        assert list(caught.value.problems) == [
            f"policies, for simulator {name!r}, {must}" for name in kinds
        ]


class TestStatistics:
    rng = np.random.default_rng(3)

    def test_intervals_are_scipys_of_student_over_seeds(self, matrix):
        outcome, n_seeds = "minutes_to_mastery", len(matrix.seeds)
        values = matrix.values[outcome]
        for found, seeds in (
            (matrix.interval(outcome), values),
            (matrix.difference(outcome, "random", "oracle"), values[0] - values[3]),
        ):
            mean, error = seeds.mean(axis=-1), seeds.std(axis=-1, ddof=1) / np.sqrt(n_seeds)
            lower, upper = t.interval(0.95, n_seeds - 1, mean, error)
            np.testing.assert_allclose(found.value, mean)
            np.testing.assert_allclose(found.lower, lower)
            np.testing.assert_allclose(found.upper, upper)

    @pytest.mark.parametrize("n_seeds", [2, 5, 20])
    def test_intervals_cover_what_they_are_to_cover(self, n_seeds):
        # Of normal seeds; one simulator each for 10,000 repetitions. A standard error is 0.002.
        name, shape = "minutes_to_mastery", (2, 10_000, n_seeds)
        luck = np.random.default_rng(5).standard_normal(shape)
        one, other = np.random.default_rng(6).standard_normal((2, *shape))
        found = made(
            100 + luck,
            simulators=tuple(map(str, range(10_000))),
            parts={"learning": {"fast": {name: one}, "slow": {name: other}}},
        )
        for intervals, truth in (
            (found.interval(name), 100),
            (found.difference(name, "p", "q"), 0),
            (found.gaps(name, "learning"), 0),
        ):
            assert intervals.holds(truth).mean() == pytest.approx(0.95, abs=0.008)

    def test_intervals_of_skewed_seeds_cover_almost_as_much(self):
        values = np.random.default_rng(7).exponential(size=(10_000, 5))
        assert 0.87 < with_intervals(values, 0.95).holds(1).mean() < 0.95

    def test_resamples_draw_seeds_with_replacement(self, matrix):
        weights = seed_weights(4, 1000)
        assert weights.shape == (1000, 4)
        assert (weights.sum(axis=1) == 4).all()
        cell = matrix.values["minutes_to_mastery"][0, 0]
        expected = [np.repeat(cell, w.astype(int)).mean() for w in weights]
        np.testing.assert_allclose(resampled_means(cell, weights), expected)

    def test_confidence_widens(self, matrix):
        wide = replace(matrix, confidence=0.99).interval("known_share")
        narrow = replace(matrix, confidence=0.5).interval("known_share")
        assert (wide.upper - wide.lower > narrow.upper - narrow.lower)[:, 1:].all()

    def test_seeds_without_the_outcome_are_left_out(self):
        values = np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [np.nan, np.nan, 5.0]])
        found = with_intervals(values, 0.95)
        half = t.ppf(0.975, 1)
        np.testing.assert_array_equal(found.value, [2, np.nan, 5])
        np.testing.assert_allclose(found.lower, [2 - half, np.nan, np.nan])
        np.testing.assert_allclose(found.upper, [2 + half, np.nan, np.nan])
        assert np.isnan(with_intervals(values[:, :1], 0.95).lower).all()

    @pytest.mark.parametrize("better", ["higher", "lower"])
    def test_ranks_are_scipys(self, better):
        means = self.rng.integers(0, 5, (7, 6)).astype(float)
        expected = rankdata(-means if better == "higher" else means, axis=0)
        np.testing.assert_array_equal(ranks(means, better), expected)
        means[2, 3] = np.nan
        found = ranks(means, better)
        assert np.isnan(found[2, 3])
        rest = np.delete(means[:, 3], 2)
        expected = rankdata(-rest if better == "higher" else rest)
        np.testing.assert_array_equal(np.delete(found[:, 3], 2), expected)

    def test_agreement_is_scipys_tau_b(self):
        means = self.rng.integers(0, 5, (8, 6)).astype(float)
        means[1, 2], means[4, 5], means[:, 0] = np.nan, np.nan, 7.0
        found = agreement(means)
        assert np.isnan(found[0]).all()
        for one in range(1, 6):
            for other in range(1, 6):
                both = ~np.isnan(means[:, one] + means[:, other])
                expected = kendalltau(means[both, one], means[both, other]).statistic
                assert found[one, other] == pytest.approx(expected)

    def test_shares_of_ranks_are_counted(self):
        drawn = self.rng.integers(0, 3, (50, 4, 2)).astype(float)
        found = rank_shares(drawn, "lower")
        best = np.stack([rankdata(sample, "min", axis=0) for sample in drawn])
        for place in range(4):
            np.testing.assert_allclose(found[..., place], (best == place + 1).mean(axis=0))


class TestComparing:
    def test_best_noise_and_ranks_leave_the_oracle_aside(self):
        values = [
            [[10, 12, 11], [50, 52, 51]],
            [[11, 11, 11], [40, 41, 42]],
            [[20, 21, 22], [60, 61, 62]],
            [[1, 1, 1], [1, 1, 1]],
        ]
        found = made(values, oracle="s", baselines=("p", "q", "r"))
        assert found.ranked == ("p", "q", "r")
        assert found.best_in_column("minutes_to_mastery") == ("p", "q")
        near = found.within_noise_of_best("minutes_to_mastery")
        assert near.tolist() == [[True, False], [True, True], [False, False], [False, False]]
        np.testing.assert_array_equal(
            found.ranks("minutes_to_mastery"), [[1.5, 2], [1.5, 1], [3, 3], [np.nan, np.nan]]
        )
        stability = found.rank_stability("minutes_to_mastery")
        assert stability.policies == ("p", "q", "r")
        expected = kendalltau([11, 11, 21], [51, 41, 61]).statistic
        assert stability.mean_tau == pytest.approx(expected)
        assert stability.share[1, 1].tolist() == [1, 0, 0]
        np.testing.assert_allclose(stability.share.sum(axis=2), 1)

    def test_no_oracle_is_near_the_best_and_the_best_always_is(self):
        equal = made([[[5.0]], [[5.0]], [[6.0]]], oracle="q", baselines=("p",))
        assert equal.within_noise_of_best("minutes_to_mastery").tolist() == [
            [True], [False], [False]
        ]  # fmt: skip
        equal = made([[[5, 7]], [[5, 7]]], oracle="q", baselines=("p",))
        assert equal.within_noise_of_best("minutes_to_mastery").tolist() == [[True], [False]]

    def test_a_baseline_is_not_compared_with_itself(self):
        found = made([[[100, 102], [200, 202]], [[150, 152], [210, 212]]])
        case, _ = found.worst("minutes_to_mastery")
        assert (case.simulator, case.baseline, float(case.to_baseline.value)) == ("B", "q", -10)

    def test_higher_is_better_of_shares(self):
        found = made([[[0.2, 0.3]], [[0.8, 0.9]]], "higher")
        assert found.best_in_column("known_share") == ("q",)
        assert found.ranks("known_share").tolist() == [[2], [1]]

    def test_where_nobody_has_an_outcome_nobody_is_best(self):
        nobody = [np.nan, np.nan]
        found = made([[nobody, [1, 2]], [nobody, [3, 4]]])
        assert found.best_in_column("minutes_to_mastery") == ("", "p")
        near = found.within_noise_of_best("minutes_to_mastery")
        assert near.tolist() == [[False, True], [False, False]]
        assert np.isnan(found.ranks("minutes_to_mastery")[:, 0]).all()
        assert np.isnan(found.rank_stability("minutes_to_mastery").mean_tau)
        assert " - " in f"{found} "

    def test_worst_cases(self):
        values = [
            [[100, 102], [300, 302]],
            [[150, 152], [290, 292]],
            [[200, 202], [280, 282]],
            [[50, 52], [200, 202]],
        ]
        found = made(values, oracle="s", baselines=("p", "q"))
        by_value = found.worst("minutes_to_mastery", "value")
        assert [case.simulator for case in by_value] == ["B", "B", "B"]
        cases = {case.policy: case for case in found.worst("minutes_to_mastery")}
        assert {name: case.simulator for name, case in cases.items()} == {
            "p": "B",
            "q": "A",
            "r": "A",
        }
        assert [case.baseline for case in cases.values()] == ["q", "p", "p"]
        assert [tuple(map(float, case.to_baseline)) for case in cases.values()] == [
            (10, 10, 10), (50, 50, 50), (100, 100, 100)
        ]  # fmt: skip
        assert tuple(map(float, cases["r"].to_oracle)) == (150, 150, 150)
        assert cases["p"].value == 301
        text = found.worst_text().splitlines()
        assert "against the best baseline" in text[0]
        assert text[-1].split()[:4] == ["r", "A", "201.0", "p"]
        assert "+100.0 [+100.0, +100.0]" in text[-1]
        shares = made([[[0.5, 0.5], [0.9, 0.9]], [[0.4, 0.4], [0.7, 0.7]]], "higher")
        assert [case.simulator for case in shares.worst("known_share")] == ["A", "B"]
        with pytest.raises(ParameterError, match="by must be one of 'difference', 'value'"):
            found.worst("minutes_to_mastery", by="luck")

    def test_without_baselines_the_worst_is_by_value(self):
        found = made([[[1, 2], [5, 6]]], baselines=())
        (case,) = found.worst("minutes_to_mastery")
        assert (case.simulator, case.baseline) == ("B", "")
        assert np.isnan(case.to_baseline.value)
        assert np.isnan(case.to_oracle.value)
        assert found.worst_text().splitlines()[-1].split() == ["p", "B", "5.500", "-", "-", "-"]
        assert found.worst_text().startswith("worst simulator of each policy, by its mean: ")

    @pytest.mark.parametrize("seeds", [1, 2])
    def test_an_oracle_alone_is_compared_with_nothing(self, seeds):
        found = made(np.ones((1, 2, seeds)), oracle="p", baselines=())
        outcome = "minutes_to_mastery"
        assert found.ranked == found.worst(outcome) == ()
        assert found.best_in_column(outcome) == ("", "")
        assert not found.within_noise_of_best(outcome).any()
        assert np.isnan(found.ranks(outcome)).all()
        stability = found.rank_stability(outcome)
        assert (stability.policies, stability.share.shape) == ((), (0, 2, 0))
        assert np.isnan(stability.tau).all()
        assert np.isnan(stability.mean_tau)
        assert str(found).splitlines()[-1] == "p sees the truth, and is not compared"
        assert "*" not in str(found) + found._repr_html_()
        assert len(found.table()["mean"]) == 2

    def test_with_one_seed_equal_policies_are_all_the_best(self):
        found = made([[[1], [3]], [[1], [4]], [[0.1 + 0.2], [3]], [[0.3], [5]]])
        near = found.within_noise_of_best("minutes_to_mastery")
        assert near.tolist() == [[False, True], [False, False], [True, True], [True, False]]

    def test_gaps(self):
        slow, fast = np.array([[[50.0, 52], [1, 3]]]), np.array([[[20.0, 21], [2, 2]]])
        parts = {"learning": {name: {"minutes_to_mastery": values}
                              for name, values in (("fast", fast), ("slow", slow))}}  # fmt: skip
        found = made([[[3, 4], [1, 2]]], parts=parts).gaps("minutes_to_mastery", "learning")
        assert found.value.tolist() == [[30.5, 0]]
        half = 0.5 * t.ppf(0.975, 1)
        assert found.lower[0, 0] == pytest.approx(30.5 - half)
        assert found.upper[0, 0] == pytest.approx(30.5 + half)
        assert found.holds(0).tolist() == [[False, True]]

    def test_slow_learners_fall_behind(self, matrix):
        gaps = matrix.gaps("known_share", "learning")
        assert np.isnan(gaps.value[:, 0]).all()
        assert (gaps.lower[:, 1:][:4] > 0).any()
        values = matrix.parts["learning"]
        apart = values["fast"]["known_share"][1, 1] - values["slow"]["known_share"][1, 1]
        assert gaps.value[1, 1] == pytest.approx(abs(apart.mean()))

    def test_names_are_checked(self, matrix):
        for call, part in (
            (lambda: matrix.mean("luck"), "no outcome 'luck'"),
            (lambda: matrix.difference("known_share", "random", "best"), "no policy 'best'"),
            (lambda: matrix.gaps("known_share", "class"), "no group 'class'"),
        ):
            with pytest.raises(ParameterError, match=part):
                call()


class TestShowing:
    def test_text_has_marks_and_says_what_they_mean(self, matrix):
        lines = matrix.text("minutes_to_mastery").splitlines()
        assert lines[0] == (
            "minutes to mastery of all (lower is better): mean of 4 seeds of 40 students, "
            "120 minutes each"
        )
        assert lines[1].split() == ["policy", "population", "individual", "stability‡"]
        rows = {line.split()[0]: line.split()[1:] for line in lines[2:7]}
        near = matrix.within_noise_of_best("minutes_to_mastery")
        for row, name in enumerate(matrix.policies):
            for column, cell in enumerate(rows[name]):
                assert ("*" in cell) == near[row, column]
                assert ("†" in cell) == matrix.same_family[row, column]
                mean = matrix.mean("minutes_to_mastery")[row, column]
                assert float(cell.rstrip("*†")) == pytest.approx(mean, abs=0.06)
        notes = "\n".join(lines[7:])
        for part in ("95% interval", "† the estimator's own", "‡ kept apart", "tau"):
            assert part in notes
        assert str(matrix).startswith("mastered all in the budget")
        unmarked = str(made([[[1, 2]], [[3, 4]]]))
        assert "†" not in unmarked
        assert "‡" not in unmarked

    def test_one_seed_has_no_intervals(self):
        lines = str(made([[[1], [2]], [[1], [3]]])).splitlines()
        assert [line.split() for line in lines[2:4]] == [
            ["p", "1.000*", "2.000*"],
            ["q", "1.000*", "3.000"],
        ]
        assert lines[4:6] == ["* the best of the simulator", "one seed: no intervals"]
        assert "one seed" not in str(made([[[1, 2]], [[1, 3]]]))

    def test_cells_at_the_budget_are_counted(self):
        nobody = np.nan
        shares = np.array([[[0.4, 0.5], [0.5, 0.5]], [[nobody, nobody], [0.0, 0.0]]])
        minutes = np.full((2, 2, 2), 600.0)
        values = {"minutes_to_mastery": minutes, "mastery_in_budget": shares}
        found, said = replace(made(minutes), values=values), "reach the budget"
        note = "2 of 3 cells reach the budget for more than half of the students"
        assert note in found.text().splitlines()
        assert said not in found.text("mastery_in_budget")
        assert said not in made(minutes).text()
        values = {**values, "mastery_in_budget": np.full((2, 2, 2), 0.5)}
        assert said not in replace(found, values=values).text()

    def test_long_names_take_several_lines(self):
        found = made([[[1, 2], [3, 4]]], simulators=("additive_factors", "fading"))
        _, first, second, row, *_ = str(found).splitlines()
        assert first.split() == ["additive_"]
        assert second.split() == ["policy", "factors", "fading"]
        assert row.split() == ["p", "1.500*", "3.500*"]

    def test_pages_escape(self):
        page = made([[[1, 2]]], policies=("<p>",), baselines=(), held_out=("A",))._repr_html_()
        assert "<td>&lt;p&gt;</td>" in page
        assert "<thead><tr><th>policy</th><th>A‡</th></tr></thead><tbody>" in page
        assert page.count("<tr>") == 2

    def test_for_papers_the_best_is_in_bold(self):
        table = made([[[1], [2]], [[1], [3]]], policies=("a_b", "q")).to_latex()
        assert r"a\_b & \textbf{1.000} & \textbf{2.000} \\" in table.splitlines()
        assert r"q & \textbf{1.000} & 3.000 \\" in table.splitlines()
        assert "% in bold: the best of the simulator" in table.splitlines()
        assert "*" not in table

    def test_table_is_for_dataframes(self, matrix):
        table = matrix.table("known_share")
        assert len(set(map(len, table.values()))) == 1
        # Two groups of two parts each, of two simulators.
        assert len(table["mean"]) == 5 * 3 + 4 * 5 * 2
        at = ((table["policy"] == "oracle") & (table["simulator"] == "individual")
              & (table["part"] == "slow"))  # fmt: skip
        expected = matrix.parts["learning"]["slow"]["known_share"][3, 1].mean()
        assert table["mean"][at].tolist() == [pytest.approx(expected)]
        assert table["held_out"][table["simulator"] == "stability"].all()
        assert len(matrix.table()["mean"]) > len(OUTCOMES) * 15

    def test_json_round_trip(self, matrix, tmp_path):
        matrix.save(tmp_path / "matrix.json")
        again = Matrix.load(tmp_path / "matrix.json")
        assert again.to_dict() == matrix.to_dict() == json.loads(matrix.to_json())
        assert again.text("known_share") == matrix.text("known_share")
        for group, parts in matrix.parts.items():
            for part, values in parts.items():
                for name, array in values.items():
                    np.testing.assert_array_equal(again.parts[group][part][name], array)
        text = (tmp_path / "matrix.json").read_text()
        (tmp_path / "matrix.json").write_text(text.replace('"budget": 120.0', '"budget": 121.0'))
        with pytest.raises(ModelFileError, match="changed or damaged"):
            Matrix.load(tmp_path / "matrix.json")

    def test_heat_map(self, matrix):
        from matplotlib import pyplot as plt

        backend = mpl.get_backend()
        plt.switch_backend("agg")
        ax = matrix.heat_map("minutes_to_mastery")
        ax.figure.canvas.draw()
        (image,) = ax.images
        mean = matrix.mean("minutes_to_mastery")
        behind = mean - np.delete(mean, 3, axis=0).min(axis=0)
        drawn = image.get_array()
        assert drawn.mask[3].all()
        np.testing.assert_allclose(drawn[[0, 1, 2, 4]], behind[[0, 1, 2, 4]])
        near = matrix.within_noise_of_best("minutes_to_mastery")
        for text in ax.texts:
            column, row = map(int, text.get_position())
            assert (text.get_weight() == "bold") == near[row, column]
            assert ("†" in text.get_text()) == matrix.same_family[row, column]
            assert "*" not in text.get_text()
        assert [label.get_text() for label in ax.get_xticklabels()][-1] == "stability‡"
        own = plt.subplots()[1]
        assert matrix.heat_map(ax=own) is own
        plt.close("all")
        plt.switch_backend(backend)

    def test_without_matplotlib(self, matrix, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(MissingDependency, match="pip install matplotlib"):
            matrix.heat_map()
