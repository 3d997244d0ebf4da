"""The robust evaluation matrix as people see it: text, a page, a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from adaptlearn.simulation.matrix.picture import draw_heat_map
from adaptlearn.simulation.matrix.text import latex_of, page_of, table_of, worst_of
from adaptlearn.simulation.matrix.values import MatrixValues


@dataclass(frozen=True, eq=False)
class Matrix(MatrixValues):
    """The outcomes of every policy on every simulator; printed, a table of the first outcome.

    Every policy meets the same students with the same luck, so the seeds are paired, and a
    difference has an interval of its own: that of the differences within seeds. Intervals are
    Student's t over seeds. They say what other students would give, not what other simulators
    would.

    Attributes
    ----------
    policies, simulators : tuple of str
    values : dict of str to float array, shape (n_policies, n_simulators, n_seeds)
        By outcome: the mean over the students of each seed; nan where none has it.
    parts : dict of str to dict of str to dict of str to float array
        The same by group, part of the group and outcome: ``parts["learning"]["slow"]``.
    same_family : bool array, shape (n_policies, n_simulators)
        Where the policy's estimator has the simulator's kind of equations, and is thus flattered.
    held_out : tuple of str
        Simulators that were kept apart from the tuning of the policies.
    oracle : str or None
        The policy that sees the truth; comparisons and ranks leave it aside.
    baselines : tuple of str
        What `worst` compares with.
    seeds : tuple of int
    n_students : int
        Of each seed.
    budget, minutes_per_day : float
    confidence : float
        The coverage of the intervals.
    n_bootstrap : int
        Resamples of seeds behind the shares of `rank_stability`.
    """

    def text(self, outcome: str | None = None) -> str:
        """The table of an outcome (the first one by default), as text."""
        return table_of(self, self._named(outcome))

    def worst_text(
        self, outcome: str | None = None, by: Literal["difference", "value"] = "difference"
    ) -> str:
        """What `worst` gives, as text."""
        return worst_of(self, self._named(outcome), by)

    def to_latex(self, outcome: str | None = None) -> str:
        """The table of an outcome (the first one by default), for a paper that uses *booktabs*.

        A ``tabular``, every text escaped, for a ``table`` of the paper's own. The best of each
        simulator is in bold, with what is within noise of it. The caption and the notes come as
        comments.
        """
        return latex_of(self, self._named(outcome))

    def heat_map(self, outcome: str | None = None, ax: Any = None) -> Any:
        """Draw the means; darker cells are farther behind the best policy of the simulator.

        Parameters
        ----------
        outcome : str, optional
            The first one by default.
        ax : matplotlib axes, optional

        Returns
        -------
        matplotlib axes

        Raises
        ------
        MissingDependency
            Without matplotlib.
        """
        return draw_heat_map(self, self._named(outcome), ax)

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
