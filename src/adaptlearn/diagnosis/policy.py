"""The policy that a log asks for: a price, and what the diagnosis of the log says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum import Curriculum
from adaptlearn.diagnosis.examination import diagnose, fitted_to
from adaptlearn.diagnosis.verdicts import Diagnosis, text
from adaptlearn.diagnosis.words import some_govern
from adaptlearn.labels import plain
from adaptlearn.media import terminal_text
from adaptlearn.models.bkt.estimator import BKT
from adaptlearn.models.memory.halflife import HalfLifeRegression
from adaptlearn.responses.log import as_log
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills
from adaptlearn.sequencing.knowledge.priced_reviews import PricedReviews
from adaptlearn.sequencing.policies.presets import PricedMastery
from adaptlearn.serialization import read_manifest, reading, write_manifest
from adaptlearn.tables import html_table, text_table
from adaptlearn.validation import Interval, OneOf, check_parameters
from adaptlearn.wording import duration

_KIND = "adaptlearn-policy-from-log"
_EDGE = 0.01  # the least P(learn) that prices are computed from
_LOW = 120.0  # minutes: below this price, long practice of what is nearly known is not worth it
_SURE = 3000.0  # minutes: from this price on, everything is to be known, and minutes do not run out


class Choice(NamedTuple):
    """One setting of a policy, with the reason for its value.

    Attributes
    ----------
    setting : str
        The name of an argument of `PricedMastery`.
    value : object
    why : str
        The reason, as a sentence.
    """

    setting: str
    value: Any
    why: str


@dataclass(frozen=True, eq=False)
class LogPolicy:
    """A policy that was chosen from a log and a price.

    `print` shows the settings of the policy, the reason for each setting, and the diagnosis.

    `policy_from_log` returns a `LogPolicy`.

    Attributes
    ----------
    price : float
        How many minutes of practice a student would spend so that one skill does not stay unknown.
    choices : tuple of Choice
        The settings of the policy, each with a reason.
    diagnosis : Diagnosis
        The diagnosis of the log: whether its students meet four assumptions of a policy.
    model : BKT or None
        The model that was fitted to the log. The method `save` does not write the model, so `model`
        is None after `load`. To save the model, use ``model.save``.
    memory : HalfLifeRegression or None
        The model of memory that was fitted to the log, if the policy gives reviews by their gain.
        Like `model`, it is not saved.
    """

    price: float
    choices: tuple[Choice, ...]
    diagnosis: Diagnosis
    model: BKT | None = field(default=None, repr=False)
    memory: HalfLifeRegression | None = field(default=None, repr=False)

    @cached_property
    def policy(self) -> PricedMastery:
        """The policy, for a `Sequencer`; its tracker must keep practice."""
        settings = {one.setting: one.value for one in self.choices}
        settings["skills"] = dict(settings.get("skills", ()))
        return PricedMastery(self.price, **settings)

    def review(self, memory: Any) -> PricedReviews:
        """The reviews at the policy's price, for a `Sequencer`.

        Parameters
        ----------
        memory : MasteryTracker
            A tracker over a model of memory: ``MasteryTracker(found.memory)``.
        """
        lesson = {one.setting: one.value for one in self.choices}
        return PricedReviews(
            memory, self.price, n_items=lesson["n_items"], minutes=lesson["minutes"]
        )

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the policy, which every decision records."""
        return self.policy.fingerprint

    def table(self) -> dict[str, NDArray[Any]]:
        """The settings of the policy, in the columns ``setting``, ``value`` (text) and ``why``."""
        columns = zip(*self._rows(), strict=True)
        return {
            name: np.array(column)
            for name, column in zip(("setting", "value", "why"), columns, strict=True)
        }

    def _rows(self) -> list[list[str]]:
        price = f"{self.price:g} minutes"
        said = f"One skill left unknown is worth {duration(self.price)} of practice."
        return [
            ["price", price, said],
            *([one.setting, _shown(one.value), one.why] for one in self.choices),
        ]

    def to_text(self, width: int = 100) -> str:
        """The settings of the policy with their reasons, then the diagnosis, as text."""
        head = ["setting", "value", "why"]
        table = text_table(head, self._rows(), right=[False] * 3, width=width)
        return "\n".join([table, "", self.diagnosis.to_text(width)])

    def __str__(self) -> str:
        return terminal_text(self.to_text(), lines=True)

    def _repr_html_(self) -> str:
        title = f"Policy from a log, at a price of {duration(self.price)}"
        page = html_table(title, ["setting", "value", "why"], self._rows(), prose=True)
        return page + self.diagnosis._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """All attributes except the model, as values that JSON can store."""
        return {
            "price": self.price,
            "choices": [one._asdict() for one in self.choices],
            "diagnosis": self.diagnosis.to_dict(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Build a `LogPolicy` from the output of `to_dict`.

        Raises
        ------
        ModelFileError
            The error is raised if the content is not an output of `to_dict`.
        """
        with reading("policy from a log"):
            return cls._restored(content)

    @classmethod
    def _restored(cls, content: Mapping[str, Any]) -> Self:
        choices = tuple(Choice(**one) for one in content["choices"])
        for one in choices:
            text(one.setting, "setting")
            text(one.why, f"why of {one.setting}")
        made = cls(float(content["price"]), choices, Diagnosis.from_dict(content["diagnosis"]))
        if made.fingerprint != content["fingerprint"]:
            raise ValueError("its settings and its fingerprint are not of one another")
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a JSON file that `load` reads."""
        write_manifest(path, _KIND, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        ModelFileError
            The error is raised if the file is incomplete, was changed, or is not a saved policy.
        """
        content = read_manifest(path, _KIND)
        with reading(str(path)):
            return cls._restored(content)


def policy_from_log(
    log: Any,
    curriculum: Curriculum | None = None,
    *,
    price: float = 300.0,
    model: BKT | None = None,
    n_items: int = 5,
    minutes: float = 10.0,
    reviews: bool = False,
) -> LogPolicy:
    """Choose a policy for the students of a log.

    The policy is a `PricedMastery`. The price decides how long a skill is practised. The diagnosis
    of the log (`diagnose`) decides three things: whether students wait for prerequisites, whether
    the model alone may declare a skill mastered, and which open lesson comes first.

    Parameters
    ----------
    log : ResponseLog or frame with its standard columns
        The answers of students so far, under any policy.
    curriculum : Curriculum, optional
        The curriculum whose prerequisites are compared with the log. Without a curriculum, the
        policy treats prerequisites as the sequencer's default policy does.
    price : float, default 300
        How many minutes of practice a student would spend so that one skill does not stay unknown.
    model : BKT, optional
        A fitted BKT without forgetting. By default, `policy_from_log` fits a plain `BKT` to the
        log.
    n_items, minutes
        As in `PricedMastery`.
    reviews : bool, default False
        Whether the policy gives reviews by their gain if the students of the log forget. A model of
        memory, `HalfLifeRegression`, is then fitted to the log. Pass ``review=found.review(...)``
        to the sequencer.

    Returns
    -------
    LogPolicy

    Raises
    ------
    ParameterError
        The error is raised if the price is out of range, or if the model does not fit the log.
    ResponseDataError
        The error is raised if the log has no answers.

    Notes
    -----
    The values were chosen on simulated students of ten kinds: see ``docs/price.md``.

    Examples
    --------
    >>> from adaptlearn import MasteryTracker, Sequencer
    >>> from adaptlearn.diagnosis import policy_from_log
    >>> from adaptlearn.simulation import prior_log, random_course, simulators
    >>> course = random_course(8)
    >>> log = prior_log(simulators(course)["individual"], course, n_students=200)
    >>> found = policy_from_log(log, course.curriculum)
    >>> [(one.setting, one.value) for one in found.choices[:3]]
    [('ready', 0.0), ('order', 'gain'), ('average', None)]
    >>> tracker = MasteryTracker(found.model, practice=True).update(log)
    >>> Sequencer(course.curriculum, tracker, found.policy)
    Sequencer(PricedMastery over 8 lessons)
    """
    given = {"price": price, "n_items": n_items, "minutes": minutes, "reviews": reviews}
    check_parameters(
        "policy_from_log",
        given,
        {"price": [Interval(0, 1e9, "neither")], "n_items": [Interval(1, 12, integer=True)],
         "minutes": [Interval(0, 1e6, "neither")], "reviews": [OneOf((True, False))]},
    )  # fmt: skip
    read = as_log(log)
    fitted = fitted_to(read) if model is None else model
    diagnosis = diagnose(read, curriculum, model=fitted)
    choices = choices_of(diagnosis, price)
    if diagnosis.graph.answer == "yes" and curriculum is not None:
        kappa = diagnosis.graph.evidence["kappa"]
        worth = prices_of(curriculum, fitted, price, kappa=kappa, n_items=n_items, minutes=minutes)
        why = "Without a prerequisite, the skills that build on it would take longer."
        choices += (Choice("skills", worth, why),)
    memory = None
    if reviews and diagnosis.forgetting.answer == "yes":
        memory = HalfLifeRegression(card="skill").fit(read)
        why = "Students forget: a review comes when what it keeps is worth its minutes."
        choices += (Choice("reviews", "gain", why),)
    lessons = (
        Choice("n_items", int(n_items), "Answers in a lesson, as given."),
        Choice(
            "minutes",
            float(minutes),
            "Minutes of a lesson, where the curriculum does not say them.",
        ),
    )
    return LogPolicy(float(price), (*choices, *lessons), diagnosis, fitted, memory)


def choices_of(diagnosis: Diagnosis, price: float) -> tuple[Choice, ...]:
    """The settings that a diagnosis and a price ask for."""
    graph = diagnosis.graph.answer
    if graph == "no" and some_govern(diagnosis.edges):
        graph = "cannot tell"  # wrong prerequisites may hide those that matter
    sure = price >= _SURE
    ready = {
        "yes": (
            Choice("ready", 0.9, "The graph governs learning; at this price, surety can wait.")
            if sure
            else Choice(
                "ready", None, "The graph governs learning: prerequisites must be mastered."
            )
        ),
        "no": Choice("ready", 0.0, "The graph does not govern learning: nobody waits."),
        "cannot tell": Choice("ready", 0.8, "The log cannot tell whether the whole graph matters."),
    }[graph]
    holds = diagnosis.two_state.answer
    fades = diagnosis.forgetting.answer == "yes"
    if holds != "no" and not fades:
        return (
            ready,
            Choice("order", "gain", "The model holds: the most gain per minute comes first."),
            Choice("average", None, "The model holds after mastery: the price alone decides."),
        )
    if fades:
        average = _AVERAGES[price >= _LOW] if holds == "yes" or price >= _LOW else None
        why = (
            "Students forget: answers must stay right before a skill counts as mastered."
            if average is not None
            else "Students forget, and at this price it is not worth making sure."
        )
        return (
            ready,
            Choice("order", "gain", "Students forget: lessons on a skill are spread over time."),
            Choice("average", average, why),
        )
    order = (
        Choice("order", "gain", "At this price minutes do not run out: all skills begin early.")
        if sure
        else Choice(
            "order", "curriculum", "The model is wrong after mastery, and so are its gains."
        )
    )
    return (
        ready,
        order,
        Choice("average", _AVERAGES[price >= _LOW], "The latest answers must be right as well."),
    )


# Chosen on tuning seeds of `simulators`.
_AVERAGES = {False: 0.8, True: 0.9}  # at a low price, and from `_LOW` on


def prices_of(
    curriculum: Curriculum, model: BKT, price: float, *, kappa: float, n_items: int, minutes: float
) -> list[list[Any]]:
    """The skills that others build on, each with its price: pairs, which JSON keeps as they are.

    A skill that is left unknown costs its price. Besides, students learn each skill that builds on
    it more slowly: P(learn) is ``kappa`` times as high, so the lessons take ``1 / kappa`` times as
    many minutes.
    """
    place = {skill: row for row, skill in enumerate(model.skills_.tolist())}
    learn = np.array(
        [
            model.parameters_["learn"][place[skill]] if skill in place else model.pooled_["learn"]
            for skill in curriculum.skills.tolist()
        ]
    )
    lesson = 1 - (1 - np.maximum(learn, _EDGE)) ** n_items
    each = minutes_of_skills(curriculum, minutes)
    longer = np.where(np.isfinite(each), each / lesson * (1 / kappa - 1), 0.0)  # inf: no lesson
    more = curriculum.prerequisites.T @ longer
    return [
        [plain(skill), round(price + float(extra), 1)]
        for skill, extra in zip(curriculum.skills, more, strict=True)
        if extra > 0
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        prices = [price for _, price in value]
        return f"{min(prices):g} to {max(prices):g} minutes" if prices else "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
