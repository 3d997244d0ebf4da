"""The worst group, comparisons at equal minutes and the frontier, on numbers made by hand."""

import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.simulation import Matrix, baselines, evaluation_matrix, random_course, simulators

POLICIES = ("ours", "short", "long", "longer")
MINUTES = [100, 50, 150, 400]


def made(outcome: str, everybody: Any, parts: Any = None, **changes: Any) -> Matrix:
    """A matrix of one simulator and two seeds; the second seed's numbers are all 2 more."""

    def seeds(values):
        return np.array(values, float)[:, None, None] + [0, 2]

    content: dict[str, Any] = {
        "policies": POLICIES,
        "simulators": ("S",),
        "values": {"minutes": seeds(MINUTES), outcome: seeds(everybody)},
        "parts": {
            group: {
                part: {"minutes": seeds(MINUTES), outcome: seeds(values)}
                for part, values in of.items()
            }
            for group, of in (parts or {}).items()
        },
        "same_family": np.zeros((4, 1), bool),
        "held_out": (),
        "oracle": None,
        "baselines": POLICIES[1:],
        "seeds": (0, 1),
        "n_students": 10,
        "budget": 600.0,
        "minutes_per_day": 40.0,
    }
    return Matrix(**{**content, **changes})


GROUPS = {
    "learning": {"fast": [10, 10, 30, 0], "slow": [50, 90, 40, 0]},
    "start": {"high": [5, 5, 60, 0], "low": [20, 30, 20, np.nan]},
}


class TestWorstGroup:
    def test_of_a_cost_it_is_the_part_with_the_highest_mean(self):
        found = made("bill_300", [30] * 4, GROUPS).worst_group("bill_300")
        assert found.part.tolist() == [["learning: slow"]] * 2 + [["start: high"]] + [
            ["learning: fast"]
        ]
        assert found.value[:, 0].tolist() == [51, 91, 61, 1]
        assert (found.lower < found.value).all()
        assert (found.upper > found.value).all()

    def test_of_a_gain_it_is_the_part_with_the_lowest_mean(self):
        found = made("known_share", [30] * 4, GROUPS).worst_group("known_share")
        assert found.part[:, 0].tolist() == [
            "start: high", "start: high", "start: low", "learning: fast"
        ]  # fmt: skip
        assert found.value[:, 0].tolist() == [6, 6, 21, 1]

    def test_without_groups_there_is_none(self):
        found = made("bill_300", [30] * 4).worst_group("bill_300")
        assert found.part.tolist() == [[""]] * 4
        assert np.isnan(found.value).all()

    def test_a_simulator_without_groups_has_none_beside_others(self):
        course = random_course(3)
        kinds = {name: simulators(course)[name] for name in ("population", "individual")}
        policies = {"three_in_a_row": baselines(course)["three_in_a_row"]}
        matrix = evaluation_matrix(kinds, policies, course, n_students=40, seeds=2, budget=200)
        found = matrix.worst_group("bill_300")
        assert found.part[0, 0] == ""
        assert np.isnan(found.value[0, 0])
        group, _, part = found.part[0, 1].partition(": ")
        slow = {
            f"{group}: {part}": matrix.parts[group][part]["bill_300"][0, 1].mean()
            for group in matrix.parts
            for part in matrix.parts[group]
        }
        assert max(slow, key=slow.__getitem__) == found.part[0, 1]
        assert found.value[0, 1] == matrix.parts[group][part]["bill_300"][0, 1].mean()


class TestAtEqualMinutes:
    def test_it_is_less_the_best_mixture_that_takes_as_many_minutes(self):
        """Half short, half long: 100 minutes and (80 + 20) / 2; 6/7 short, 1/7 longer: 580/7."""
        matrix = made("bill_300", [40, 80, 20, 100])
        found = matrix.at_equal_minutes("bill_300", "ours")
        assert found.value.tolist() == [40 - 50]
        assert found.lower.tolist() == found.upper.tolist() == [-10]
        only = matrix.at_equal_minutes("bill_300", "ours", ["short", "longer"])
        assert only.value[0] == pytest.approx(40 - 80)
        cheap = made("bill_300", [40, 80, 20, 10]).at_equal_minutes(
            "bill_300", "ours", ["short", "longer"]
        )
        assert cheap.value[0] == pytest.approx(40 - (80 * 6 / 7 + 10 / 7))

    def test_one_that_takes_fewer_minutes_may_be_the_best(self):
        found = made("bill_300", [40, 30, 90, 100]).at_equal_minutes("bill_300", "ours")
        assert found.value.tolist() == [10]

    def test_a_gain_is_compared_the_other_way(self):
        found = made("known_share", [40, 10, 80, 0]).at_equal_minutes("known_share", "ours")
        assert found.value.tolist() == [40 - 45]

    def test_of_the_worst_group_a_mixture_has_one_of_its_own(self):
        """Half short, half long: fast 20, slow 65, high 32.5, low 25; the policy: slow, 50."""
        matrix = made("bill_300", [30] * 4, GROUPS)
        found = matrix.at_equal_minutes("bill_300", "ours", ["short", "long"], group="worst")
        assert found.value.tolist() == [50 - 65]
        low = made("bill_300", [30] * 4, {"learning": {"slow": [50, 90, 40, 0], "fast": [0] * 4}})
        assert low.at_equal_minutes(
            "bill_300", "ours", ["short", "long"], group="worst"
        ).value.tolist() == [50 - 65]

    def test_there_is_none_where_all_others_take_more(self):
        matrix = made("bill_300", [40, 80, 20, 100])
        assert np.isnan(matrix.at_equal_minutes("bill_300", "short").value).all()
        assert np.isnan(matrix.at_equal_minutes("bill_300", "ours", group="worst").value).all()

    def test_others_without_the_outcome_are_left_out(self):
        matrix = made("under_practice", [40, 80, 20, np.nan])
        assert matrix.at_equal_minutes("under_practice", "ours").value.tolist() == [-10]

    def test_names_are_checked(self):
        matrix = made("bill_300", [40, 80, 20, 100])
        for wrong in ({"policy": "x"}, {"others": ["x"]}, {"outcome": "x"}, {"group": "x"}):
            given: dict[str, Any] = {"outcome": "bill_300", "policy": "ours", **wrong}
            with pytest.raises(ParameterError, match="'x'"):
                matrix.at_equal_minutes(**given)
        bare = made("bill_300", [1] * 4, values={"bill_300": np.ones((4, 1, 2))})
        with pytest.raises(ParameterError, match="no outcome 'minutes'"):
            bare.at_equal_minutes("bill_300", "ours")
        with pytest.raises(ParameterError, match="no outcome 'x'"):
            matrix.worst_group("x")


class TestFrontier:
    @pytest.fixture(autouse=True)
    def _without_windows(self):
        from matplotlib import pyplot as plt

        backend = mpl.get_backend()
        plt.switch_backend("agg")
        yield
        plt.close("all")
        plt.switch_backend(backend)

    def test_a_point_of_each_policy_and_a_line_of_those_with_one_name(self):
        names = ("tracing:0.9", "row", "tracing:0.8", "tracing:0.99")
        matrix = made("known_share", [0.7, 0.5, 0.8, 0.9], policies=names)
        ax = matrix.frontier("S")
        lines = {line.get_label(): line.get_xydata().round(9).tolist() for line in ax.get_lines()}
        assert lines == {
            "tracing": [[101, 1.7], [151, 1.8], [401, 1.9]],
            "row": [[51, 1.5]],
        }
        assert [text.get_text() for text in ax.texts] == ["0.9", "0.8", "0.99", ""]
        assert ax.get_xlabel() == "minutes of practice"
        own = mpl.figure.Figure().subplots()
        assert matrix.frontier("S", own) is own
        ax.figure.canvas.draw()

    def test_names_are_checked(self):
        with pytest.raises(ParameterError, match="no simulator 'x'; there are 'S'"):
            made("known_share", [1] * 4).frontier("x")
        with pytest.raises(ParameterError, match="no outcome 'known_share'"):
            made("bill_300", [1] * 4).frontier("S")

    def test_without_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(MissingDependency, match="pip install matplotlib"):
            made("known_share", [1] * 4).frontier("S")
