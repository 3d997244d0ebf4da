"""What an episode came to: time to mastery, what was practised in vain, what lasts, for whom.

References
----------
- J. Beck, Y. Gong (2013). Wheel-spinning: students who fail to master a skill. Artificial
  Intelligence in Education 2013, 431-440.
- H. Cen, K. Koedinger, B. Junker (2007). Is over practice necessary? Improving learning efficiency
  with the cognitive tutor through educational data mining. AIED 2007, 511-518.
- S. Doroudi, E. Brunskill (2019). Fairer but not fair enough: on the equitability of knowledge
  tracing. Learning Analytics and Knowledge 2019, 335-339.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints, ratio
from adaptlearn.simulation.episodes.episode import RETENTION_DAYS, Episode
from adaptlearn.tables import Parts, Printed
from adaptlearn.validation import Interval, check_parameters, some

PRICES = (60, 300, 1000)
"""Minutes that leaving one skill unknown is worth, from an hour to two working days."""

_WHEEL = 10


class OutcomeKind(NamedTuple):
    """An outcome: what it measures, and whether higher or lower values are better.

    Attributes
    ----------
    title : str
    better : {"higher", "lower"}
    of : callable
        A function that takes an episode and returns one number per student, shape (n,); nan for
        students without the outcome.
    """

    title: str
    better: Literal["higher", "lower"]
    of: Callable[[Episode], Floats]


def mastery_in_budget(episode: Episode) -> Floats:
    """1 for a student who knew every skill at some time, 0 for others."""
    return np.asarray(np.isfinite(episode.known_at).all(axis=1), np.float64)


def minutes_to_mastery(episode: Episode) -> Floats:
    """Minutes until the last skill was first known; the whole budget where that did not come."""
    return np.asarray(np.minimum(episode.known_at.max(axis=1), episode.budget))


def minutes_per_skill(episode: Episode) -> Floats:
    """Minutes until a skill was first known, the mean over skills; the budget where never."""
    return np.asarray(np.minimum(episode.known_at, episode.budget).mean(axis=1))


def minutes_practised(episode: Episode) -> Floats:
    """Minutes of practice in all."""
    return episode.minutes


def answers_to_mastery(episode: Episode) -> Floats:
    """Answers until the last skill was first known; else all there was time for.

    That is the whole budget at the student's pace, also where the policy stopped earlier: to give
    up is not to be quick. Nan without one answer.
    """
    never = (episode.known_after < 0).any(axis=1)
    room = ratio(episode.n_answers * episode.budget, episode.minutes)
    return np.where(never, room, episode.known_after.max(axis=1))


def known_share(episode: Episode) -> Floats:
    """Share of the skills that are known at the end."""
    return np.asarray(episode.known_at_end.mean(axis=1))


def over_practice(episode: Episode) -> Floats:
    """Share of the answers that practised what was known already."""
    return ratio(episode.known_answers.sum(axis=1), episode.n_answers)


def extra_answers(episode: Episode) -> Floats:
    """Answers per skill that practised what was known already (Doroudi & Brunskill, 2019)."""
    return np.asarray(episode.known_answers.mean(axis=1))


def under_practice(episode: Episode) -> Floats:
    """Share of the declared skills that were not known when they were declared mastered."""
    declared = np.isfinite(episode.declared_at)
    return ratio((declared & ~episode.declared_rightly).sum(axis=1), declared.sum(axis=1))


def wheel_spinning(episode: Episode) -> Floats:
    """Share of the practised skills with ten or more answers before the skill was known.

    Answers given while the skill was not known count, also those after it was forgotten.
    """
    vain = episode.answers - episode.known_answers
    return ratio((vain >= _WHEEL).sum(axis=1), (episode.answers > 0).sum(axis=1))


def finished_per_hour(episode: Episode) -> Floats:
    """Skills declared mastered, and rightly, per hour of practice."""
    return ratio(episode.declared_rightly.sum(axis=1), episode.minutes / 60)


def learnt_per_hour(episode: Episode) -> Floats:
    """Skills known at the end and not at the start, per hour of practice."""
    learnt = episode.known_at_end & ~episode.known_at_start
    return ratio(learnt.sum(axis=1), episode.minutes / 60)


def _retention(place: int) -> Callable[[Episode], Floats]:
    def retained(episode: Episode) -> Floats:
        """How well the skills that once were known are known days after the last practice."""
        once = np.isfinite(episode.known_at)
        return ratio((episode.retention[place] * once).sum(axis=1), once.sum(axis=1))

    return retained


def _bill(price: float, later: bool) -> Callable[[Episode], Floats]:
    def bill(episode: Episode) -> Floats:
        """Minutes of practice, and the price of each skill unknown at the end, or 30 days later."""
        known = episode.retention[0] >= episode.level if later else episode.known_at_end
        return np.asarray(episode.minutes + price * (~known).sum(axis=1))

    return bill


OUTCOMES: dict[str, OutcomeKind] = {
    "mastery_in_budget": OutcomeKind("mastered all in the budget", "higher", mastery_in_budget),
    "minutes_to_mastery": OutcomeKind("minutes to mastery of all", "lower", minutes_to_mastery),
    "minutes_per_skill": OutcomeKind(
        "minutes to mastery of a skill, mean", "lower", minutes_per_skill
    ),
    "minutes": OutcomeKind("minutes of practice", "lower", minutes_practised),
    **{
        f"bill_{price}{suffix}": OutcomeKind(
            f"minutes + {price} x skills unknown {when}", "lower", _bill(price, later)
        )
        for suffix, when, later in (("", "at the end", False), ("_later", "30 days later", True))
        for price in PRICES
    },
    "answers_to_mastery": OutcomeKind("answers to mastery of all", "lower", answers_to_mastery),
    "known_share": OutcomeKind("share known at the end", "higher", known_share),
    "over_practice": OutcomeKind("over-practice, of answers", "lower", over_practice),
    "extra_answers": OutcomeKind("extra answers per skill", "lower", extra_answers),
    "under_practice": OutcomeKind("under-practice, of declared", "lower", under_practice),
    "wheel_spinning": OutcomeKind("wheel-spinning, of practised", "lower", wheel_spinning),
    **{
        f"retention_{days}": OutcomeKind(
            f"retention after {days} days", "higher", _retention(place)
        )
        for place, days in enumerate(RETENTION_DAYS)
    },
    "finished_per_hour": OutcomeKind("skills finished per hour", "higher", finished_per_hour),
    "learnt_per_hour": OutcomeKind("skills learnt per hour", "higher", learnt_per_hour),
}
"""Outcomes by name; each gives one number per student."""


@dataclass(frozen=True, eq=False)
class EpisodeOutcomes(Printed):
    """Outcomes of one episode, over all students and by group.

    Attributes
    ----------
    policy, simulator : str
    same_family : bool
        Whether the policy's estimator has the same kind of equations as the simulator, which gives
        the policy an advantage.
    by_student : dict of str to float array, shape (n,)
        For each outcome in `OUTCOMES`, one value per student; nan if a student does not have the
        outcome.
    seed : int array, shape (n,)
    groups : dict of str to str array, shape (n,)
    smallest : int
        Groups with fewer than `smallest` students are not shown.
    """

    policy: str
    simulator: str
    same_family: bool
    by_student: dict[str, Floats]
    seed: Ints
    groups: dict[str, NDArray[Any]]
    smallest: int = 10

    def mean(self, name: str) -> float:
        """The mean of an outcome over all students; nan if no student has the outcome."""
        return _mean(self._of(name))

    def error(self, name: str) -> float:
        """The standard error of the mean of an outcome.

        With three or more seeds, the error is computed from the differences between seeds. With
        fewer than three seeds, the error is computed from the differences between students.
        """
        return _error(self._of(name), self.seed)

    def group_means(self, name: str, group: str) -> dict[str, float]:
        """The mean of an outcome in each part of a group; the parts are in alphabetical order."""
        values = self._of(name)
        return {part: _mean(values[rows]) for part, rows in self._students_of(group).items()}

    def gap(self, name: str, group: str) -> float:
        """How far the worst part of a group is behind the best part.

        The gap is nan if there are fewer than two parts.
        """
        means = [mean for mean in self.group_means(name, group).values() if not np.isnan(mean)]
        return max(means) - min(means) if len(means) > 1 else np.nan

    def worst(self, name: str) -> tuple[str, float]:
        """The part of a group with the worst mean, among all groups, and its mean.

        The name of the part begins with its group, for example ``"learning: slow"``.

        Without groups, ``("", nan)``.
        """
        means = {
            f"{group}: {part}": mean
            for group in self.groups
            for part, mean in self.group_means(name, group).items()
            if not np.isnan(mean)
        }
        if not means:
            return "", np.nan
        choose = min if OUTCOMES[name].better == "higher" else max
        worst = choose(means, key=means.__getitem__)
        return worst, means[worst]

    def _of(self, name: str) -> Floats:
        if name not in self.by_student:
            raise ParameterError(
                "EpisodeOutcomes", [f"no outcome {name!r}; there are {some(self.by_student, 20)}"]
            )
        return self.by_student[name]

    def _students_of(self, group: str) -> dict[str, Bools]:
        if group not in self.groups:
            raise ParameterError(
                "EpisodeOutcomes", [f"no group {group!r}; there are {some(self.groups)}"]
            )
        labels = self.groups[group]
        parts = {str(part): labels == part for part in np.unique(labels)}
        return {part: rows for part, rows in parts.items() if rows.sum() >= self.smallest}

    def table(self) -> dict[str, NDArray[Any]]:
        """A table as columns, with one row per outcome and part of a group.

        For each outcome, the first row is ``all`` (all students).

        The columns are ``policy``, ``simulator``, ``same_family``, ``outcome``, ``group``,
        ``part``, ``students`` (how many have the outcome), ``mean``, ``standard_error`` and ``gap``
        (of the group).
        """
        rows: list[tuple[Any, ...]] = []
        everybody = np.ones(len(self.seed), bool)
        for name, values in self.by_student.items():
            cells = [("all", "all", everybody, np.nan)]
            for group in self.groups:
                gap = self.gap(name, group)
                cells += [(group, part, at, gap) for part, at in self._students_of(group).items()]
            for group, part, at, gap in cells:
                chosen = values[at]
                number = int((~np.isnan(chosen)).sum())
                error = _error(chosen, self.seed[at])
                rows.append((name, group, part, number, _mean(chosen), error, gap))
        names = ("outcome", "group", "part", "students", "mean", "standard_error", "gap")
        found: dict[str, NDArray[Any]] = {
            "policy": np.full(len(rows), self.policy),
            "simulator": np.full(len(rows), self.simulator),
            "same_family": np.full(len(rows), self.same_family),
        }
        columns = map(np.array, zip(*rows, strict=True))
        return found | dict(zip(names, columns, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The outcomes as a dict that can be stored as JSON, with None in place of nan."""
        return {
            "policy": self.policy,
            "simulator": self.simulator,
            "same_family": self.same_family,
            "n_students": len(self.seed),
            "n_seeds": len(np.unique(self.seed)),
            "outcomes": {
                name: {
                    "mean": _plain(self.mean(name)),
                    "standard_error": _plain(self.error(name)),
                    "better": OUTCOMES[name].better,
                    "worst_group": self.worst(name)[0] or None,
                    "worst_mean": _plain(self.worst(name)[1]),
                    "groups": {group: self._plain_group(name, group) for group in self.groups},
                }
                for name in self.by_student
            },
        }

    def _plain_group(self, name: str, group: str) -> dict[str, Any]:
        means = self.group_means(name, group)
        return {
            "means": {part: _plain(mean) for part, mean in means.items()},
            "gap": _plain(self.gap(name, group)),
        }

    def _parts(self) -> Parts:
        n_seeds = len(np.unique(self.seed))
        caption = (
            f"{self.policy} on {self.simulator}: {len(self.seed):,} students, "
            f"{n_seeds} seed{'s' * (n_seeds != 1)}"
        )
        if self.same_family:
            caption += " (the estimator's own kind of equations: flattered)"
        rows = []
        for name in self.by_student:
            part, worst = self.worst(name)
            numbers = [_shown(value) for value in (self.mean(name), self.error(name), worst)]
            rows.append([OUTCOMES[name].title, *numbers[:2], part or "-", numbers[2]])
        return Parts(caption, ["outcome", "mean", "error", "worst group", "its mean"], rows, ())


def measure_outcomes(
    episode: Episode, *, groups: Mapping[str, NDArray[Any]] | None = None, smallest: int = 10
) -> EpisodeOutcomes:
    """Compute the outcomes of an episode.

    Parameters
    ----------
    episode : Episode
    groups : mapping of str to array, shape (n,), optional
        Additional ways to group the episode's students: labels by the name of the grouping.
    smallest : int, default 10
        Groups with fewer than `smallest` students are not shown.

    Returns
    -------
    EpisodeOutcomes

    Raises
    ------
    ParameterError
        The error is raised if a grouping does not have one label for each student of the episode.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState, baselines, measure_outcomes, run_episode
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> episode = run_episode(TwoState(2), baselines(course)["oracle"], course, n_students=100)
    >>> measure_outcomes(episode).mean("under_practice")
    0.0
    """
    check_parameters(
        "measure_outcomes", {"smallest": smallest}, {"smallest": [Interval(1, 10**9, integer=True)]}
    )
    further = {name: np.asarray(labels) for name, labels in (groups or {}).items()}
    problems = [
        f"group {name!r} has shape {labels.shape}; expected one label of each of "
        f"{len(episode.seed)} students"
        for name, labels in further.items()
        if labels.shape != episode.seed.shape
    ]
    if problems:
        raise ParameterError("measure_outcomes", problems)
    return EpisodeOutcomes(
        policy=episode.policy,
        simulator=episode.simulator,
        same_family=episode.same_family,
        by_student={name: outcome.of(episode) for name, outcome in OUTCOMES.items()},
        seed=episode.seed,
        groups={**episode.groups, **further},
        smallest=smallest,
    )


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _error(values: Floats, seed: Ints) -> float:
    known = ~np.isnan(values)
    values, seed = values[known], seed[known]
    means = np.array([values[seed == one].mean() for one in np.unique(seed)])
    drawn = means if len(means) >= 3 else values
    return float(drawn.std(ddof=1) / np.sqrt(len(drawn))) if len(drawn) > 1 else np.nan


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _shown(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"
