"""The robust evaluation matrix as people see it: text, a page, a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adaptlearn.errors import ParameterError
from adaptlearn.simulation.matrix.equity import WorstGroup, at_equal_minutes, worst_group
from adaptlearn.simulation.matrix.picture import draw_frontier, draw_heat_map
from adaptlearn.simulation.matrix.statistics import Intervals
from adaptlearn.simulation.matrix.text import latex_of, page_of, table_of, worst_of
from adaptlearn.simulation.matrix.values import MatrixValues
from adaptlearn.validation import OneOf, check_parameters, some


@dataclass(frozen=True, eq=False)
class Matrix(MatrixValues):
    """The outcomes of every policy on every simulator; printing shows the first outcome.

    Every policy teaches the same students with the same random numbers, so the seeds are paired.
    The interval of a difference between policies is therefore computed from the differences within
    seeds. Intervals are Student's t intervals over seeds. The intervals show how results vary with
    other students; they do not show how results vary with other simulators.

    Attributes
    ----------
    policies, simulators : tuple of str
    values : dict of str to float array, shape (n_policies, n_simulators, n_seeds)
        For each outcome, the mean over the students of each seed; nan if no student has the
        outcome.
    parts : dict of str to dict of str to dict of str to float array
        The means of `values` for parts of groups, by group, part and outcome; for example
        ``parts["learning"]["slow"]``.
    same_family : bool array, shape (n_policies, n_simulators)
        Whether the policy's estimator has the same kind of equations as the simulator, which gives
        the policy an advantage.
    held_out : tuple of str
        The names of the simulators that were not used to tune the policies.
    oracle : str or None
        The policy that sees what students really know; comparisons and ranks leave it out.
    baselines : tuple of str
        The policies with which `worst` compares each policy.
    seeds : tuple of int
    n_students : int
        The number of students for each seed.
    budget, minutes_per_day : float
    confidence : float
        The coverage of the intervals.
    n_bootstrap : int
        How many times seeds are resampled to compute the shares in `rank_stability`.
    """

    def worst_group(self, outcome: str) -> WorstGroup:
        """The part of all groups (slow learners, low starts) for which each policy does worst.

        The method compares the means of the parts over all seeds.
        """
        self._of(outcome)
        return worst_group(self, outcome)

    def at_equal_minutes(
        self,
        outcome: str,
        policy: str,
        others: Sequence[str] | None = None,
        *,
        group: Literal["all", "worst"] = "all",
    ) -> Intervals:
        """Compare a policy with the best of other policies that take at most as many minutes.

        The method returns the difference on each simulator: the policy's mean, minus the mean of
        the best other policy. A mixture of two policies also counts as another policy: a platform
        can give one policy to a share of its students and a second policy to the rest. The minutes
        and the outcomes of a mixture are weighted means of the two policies.

        Parameters
        ----------
        outcome : str
        policy : str
        others : sequence of str, optional
            The other policies to compare with; by default the baselines.
        group : {"all", "worst"}, default "all"
            Whose mean is compared: the mean of all students, or the mean of the worst part of all
            groups. The worst part may differ between the policy and a mixture.

        Returns
        -------
        Intervals
            The differences, as arrays of shape (n_simulators,); nan if all other policies take more
            minutes. The intervals ignore that the best mixture was chosen on the same seeds.

        Raises
        ------
        ParameterError
            The error is raised if a name is unknown, or if the matrix does not have the outcome
            ``"minutes"``.
        """
        check_parameters(
            "Matrix.at_equal_minutes", {"group": group}, {"group": [OneOf(("all", "worst"))]}
        )
        self._of(outcome), self._of("minutes")
        names = self.baselines if others is None else tuple(others)
        against = tuple(name for name in names if name != policy)
        self._rows([policy, *against])
        return at_equal_minutes(self, outcome, policy, against, group == "worst")

    def text(self, outcome: str | None = None) -> str:
        """The table of an outcome (by default the first outcome), as text."""
        return table_of(self, self._named(outcome))

    def worst_text(
        self, outcome: str | None = None, by: Literal["difference", "value"] = "difference"
    ) -> str:
        """The table of the results of `worst`, as text."""
        return worst_of(self, self._named(outcome), by)

    def to_latex(self, outcome: str | None = None) -> str:
        """The table of an outcome (by default the first), for a LaTeX paper that uses *booktabs*.

        The method returns a ``tabular`` with all text escaped. Put the returned ``tabular`` into a
        ``table`` of your paper. For each simulator, the best policy is in bold. A policy is also in
        bold if the interval of its difference from the best policy contains 0. The caption and the
        notes are LaTeX comments.
        """
        return latex_of(self, self._named(outcome))

    def heat_map(self, outcome: str | None = None, ax: Any = None) -> Any:
        """Draw the means; a darker cell is farther behind the best policy of its simulator.

        Parameters
        ----------
        outcome : str, optional
            The name of the outcome; by default the first outcome.
        ax : matplotlib axes, optional

        Returns
        -------
        matplotlib axes

        Raises
        ------
        MissingDependency
            The error is raised if matplotlib is not installed.
        """
        return draw_heat_map(self, self._named(outcome), ax)

    def frontier(self, simulator: str, ax: Any = None) -> Any:
        """Draw each policy as a point: its minutes of practice, and the share known at the end.

        Policies whose names differ only after a colon, such as ``knowledge_tracing:0.9`` and
        ``knowledge_tracing:0.98``, are joined by a line. A policy is dominated if the point of
        another policy is above it, or to the left of it.

        Parameters
        ----------
        simulator : str
        ax : matplotlib axes, optional

        Returns
        -------
        matplotlib axes

        Raises
        ------
        ParameterError
            The error is raised if the name is unknown, or if the matrix does not have the outcomes
            ``"minutes"`` and ``"known_share"``.
        MissingDependency
            The error is raised if matplotlib is not installed.
        """
        if simulator not in self.simulators:
            raise ParameterError(
                "Matrix", [f"no simulator {simulator!r}; there are {some(self.simulators, 30)}"]
            )
        self._of("minutes"), self._of("known_share")
        return draw_frontier(self, simulator, ax)

    def _named(self, outcome: str | None) -> str:
        return self.outcomes[0] if outcome is None else outcome

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return (
            f"Matrix({len(self.policies)} policies on {len(self.simulators)} simulators, "
            f"{len(self.seeds)} seed{'s' * (len(self.seeds) != 1)} of {self.n_students:,} students)"
        )

    def _repr_html_(self) -> str:
        return page_of(self, self._named(None))
