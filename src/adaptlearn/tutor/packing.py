"""Packs for devices without a network, and the events that come back from them."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from adaptlearn import offline
from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.bits import pack as bits_of
from adaptlearn.curriculum.graph.bits import unpack
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Ints
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.criteria import Anything, ProbabilityThreshold
from adaptlearn.sequencing.knowledge.price import PriceThreshold
from adaptlearn.sequencing.policies.choosers import Greedy
from adaptlearn.sequencing.policies.shortlist import minutes_of_lessons
from adaptlearn.sequencing.policies.weighted import WeightedPolicy
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tracking.clock import DAY
from adaptlearn.tutor.advice import overrides_of
from adaptlearn.tutor.receipts import Receipt
from adaptlearn.tutor.service import Service, call, moment
from adaptlearn.validation import Interval, OneOf, check_parameters

_SCORERS = ("gain_per_minute", "fixed_order", "nearest_to_mastery", "random")
_AHEAD = 30 * DAY
"""By how many seconds a clock that was offline may be ahead: a device cannot tell it anew."""
_COLUMNS = ("item", "time")  # of a response, which a tutor keeps
_REMEDY = (
    "A pack can play BKT (also with forgetting, by item, by gap, or with classes of students) "
    "under ProvisionalMastery, PricedMastery, MasteryThreshold, or a WeightedPolicy of "
    f"{', '.join(_SCORERS)}: new lessons, the greedy chooser, a threshold of P(known)"
)


class Packing(Service):
    """The calls of a tutor for devices that are offline."""

    @call
    def pack(
        self, student: Label, *, until: Any, key: bytes, minutes: float | None = None,
        now: Any = None,
    ) -> str:  # fmt: skip
        """Pack a student's next lessons for a device without a network.

        `adaptlearn.offline` plays the pack: it chooses by the same rule as this tutor. Nothing is
        recorded here.

        Parameters
        ----------
        student : label
        until : float or datetime
            When the pack expires: seconds since 1970, or a datetime with a time zone. If goals of
            the student or of all students expire earlier, the pack expires with them.
        key : bytes
            A secret of at least 16 bytes that tutor and device share. It signs the pack and the
            events that come back.
        minutes : float, optional
            How much the student may practise until then. The pack has the lessons that the student
            can reach in this time, with what comes before them. By default it has all lessons that
            the student may still reach.
        now : float or datetime, optional
            By default the present.

        Returns
        -------
        str
            JSON; see the guide for its parts. It has the student's label, but no titles, no
            author or reason of an override.

        Raises
        ------
        ParameterError
            The pack cannot play the model or the policy, the student has no lesson within reach, or
            an argument is wrong.
        adaptlearn.offline.PackError
            The key is too short, or the pack would be too large: ask for fewer minutes.
        """
        time, end = moment(now), moment(until, "until")
        check_parameters(
            "pack",
            {"minutes": minutes},
            {"minutes": [Interval(0, math.inf, "neither"), OneOf((None,))]},
            [] if end > time else [f"until must be after now, got {time - end:g} s before it"],
        )
        keys = self._names.keys([student])
        ((name, student),) = keys.items()
        label = self._names.label(name)
        with self._serving() as (states, advice):
            if problems := _unplayable(advice.sequencer):
                raise ParameterError("pack", problems, _REMEDY)
            states.refresh(keys)
            learner, everyone = states.learner(name), states.learner("")
            sequencer = advice.ready({label: learner}, everyone, time)
            context = sequencer.context([label], time)
            overrides = overrides_of(context.curriculum, {label: learner}, everyone, time)
            # A pin that a later ban outweighs counts again when the ban has ended.
            pins = [one.target for one in overrides if one.action == "pin"]
            place = context.curriculum.lesson_index.place
            scope = _Scope.of(context, minutes, [place[lesson] for lesson in pins])
            if not len(scope.lessons):
                told = f"no lesson is within reach of {student!r}; next_lesson says why"
                raise ParameterError("pack", [told])
            found = self._found(sequencer, label, scope)
        curriculum, goals = context.curriculum, (learner.goal, everyone.goal)
        ends = [goal.expires for goal in goals if goal is not None and goal.expires is not None]
        body = {
            "id": secrets.token_hex(16), "student": student, "made": time,
            "expires": min([end, *(one for one in ends if one > time)]),
            "minutes": minutes, "seed": secrets.token_hex(8), **found,
            "skills": scope.skills_of(context), "lessons": scope.lessons_of(context),
            "overrides": [
                {"action": one.action, "target": one.target, "expires": one.expires}
                for one in overrides
                if scope.has(curriculum, one.action, one.target)
            ],
        }  # fmt: skip
        return offline.seal("adaptlearn-pack", body, key)

    def _found(self, sequencer: Sequencer, label: Label, scope: _Scope) -> dict[str, Any]:
        """The parts of a pack about the policy, the model and the student."""
        problems: list[str] = []
        skills = sequencer.curriculum.skills[scope.skills].tolist()
        known = {*self.model.skills_.tolist()}
        if strange := [skill for skill in skills if skill not in known]:
            told = f"the model has no parameters of skill {strange[0]!r}; fit it to answers on it"
            problems.append(told)
            skills = [skill for skill in skills if skill in known]
        portable = sequencer.tracker.portable(label, skills)  # type: ignore[attr-defined]
        if portable is None:
            problems.append(f"the model is {self.model!r:.60}, which no pack can play")
        elif columns := [one for one in _columns(portable[0]) if one not in _COLUMNS]:
            told = f"the model reads {columns[0]!r} of each response, which no tutor keeps"
            problems.append(told)
        if problems or portable is None:
            raise ParameterError("pack", problems, _REMEDY)
        return {"model": portable[0], "state": portable[1], "policy": _rule(sequencer)}

    @call
    def merge(self, events: str | bytes | Sequence[str | bytes], *, key: bytes) -> list[Receipt]:
        """Take in what students did offline: what a pack's ``events()`` gave.

        The files may come in any order, from any number of devices, and any number of times: each
        event counts once, at the place that its device and time give it. What is right is recorded
        if other events are wrong.

        Parameters
        ----------
        events : str, bytes, or list of either
            Files of events.
        key : bytes
            The key of the packs.

        Returns
        -------
        list of Receipt
            One for each event. ``"erased"``: the student was erased meanwhile; nothing was kept.
            ``"refused"``: the model and the curriculum no longer know its skill or lesson; the
            file still holds it.

        Raises
        ------
        adaptlearn.offline.PackError
            A file is altered, truncated, too large, or of another key; no event was recorded.
        StoreError
            The store could not write; no event was recorded.
        """
        files = [events] if isinstance(events, (str, bytes)) else [*events]
        read = [offline.read_events(one, key) for one in files]
        told = [event for one in read for event in one["events"]]
        return self._record(told, partial=True, ahead=_AHEAD)


def _unplayable(sequencer: Sequencer) -> list[str]:
    """What of a policy `adaptlearn.offline` has no rule for."""
    policy = sequencer.policy
    own = type(policy).candidates, type(policy).value
    known = WeightedPolicy.candidates, WeightedPolicy.value
    if not isinstance(policy, WeightedPolicy) or own != known:
        return [f"the policy is {policy.name}, whose rule is not the library's"]
    problems = [f"the policy has the scorer {name!r}" for name in policy.scorers
                if name not in _SCORERS]  # fmt: skip
    problems += [f"the policy has settings of {name!r}" for name in policy.settings]
    if policy.pools != ("new",):
        problems.append(f"the policy gives more than new lessons: {', '.join(policy.pools)}")
    if type(policy.chooser) is not Greedy:
        problems.append(f"the chooser is {policy.chooser!r}, which draws among all lessons")
    if type(policy.criterion) not in (ProbabilityThreshold, PriceThreshold):
        problems.append(f"the criterion of mastery is {policy.criterion!r}")
    if type(policy.ready) not in (type(None), ProbabilityThreshold, Anything):
        problems.append(f"what is enough to go on is {policy.ready!r}")
    return problems


def _rule(sequencer: Sequencer) -> dict[str, Any]:
    """The policy and its settings as a pack has them."""
    policy: Any = sequencer.policy
    ready = 0.0 if isinstance(policy.ready, Anything) else getattr(policy.ready, "threshold", None)
    wheel = sequencer.wheel_spinning
    return {
        "name": policy.name, "fingerprint": policy.fingerprint, "ready": ready,
        "scorers": [[name, float(weight)] for name, weight in policy.scorers.items()],
        "bout": None if wheel is None else wheel.answers,
        "teacher_after": None if wheel is None else wheel.teacher_after,
    }  # fmt: skip


def _columns(model: dict[str, Any]) -> list[str]:
    """What a model reads of each response beside its skill and time."""
    tables = model.get("classes", {"parameters": {}})["parameters"].values()
    return [name for table in tables for name in (*table["earlier"], *table["later"])]


class _Scope:
    """What of a curriculum a pack has: lessons within reach, and all that comes before them.

    Attributes
    ----------
    skills, lessons : int arrays
        Places in the curriculum, ascending.
    """

    def __init__(self, skills: Ints, lessons: Ints) -> None:
        self.skills, self.lessons = skills, lessons

    @classmethod
    def of(cls, context: Context, minutes: float | None, pinned: Sequence[int]) -> _Scope:
        """The scope of one student's pack.

        In `n` lessons, a student reaches what opens if the skills of `n - 1` lessons are known, one
        after the other. A wrong answer can make a skill unknown again: the lessons that teach a
        skill in the pack, or one that comes before it, are in the pack, too.
        """
        curriculum = context.curriculum
        assert context.mastered is not None
        missing = ~context.mastered[0]
        ready = (context.mastered if context.ready is None else context.ready)[0].copy()
        goal = missing if context.goal is None else missing & (context.goal[0] > 0)
        teaches, extra = curriculum.teaches, curriculum.is_elective
        wanted, steps = _any(teaches, goal) & ~extra, math.inf
        if minutes is not None:
            steps = math.ceil(minutes / float(minutes_of_lessons(curriculum).min()))
        taken = np.zeros(len(extra), bool)
        taken[list(pinned)] = True
        if context.granted is not None:  # a grant may expire
            needed = np.broadcast_to(context.threshold, (1, len(ready)))  # type: ignore[arg-type]
            taken |= _any(teaches, context.granted[0] & (context.mastery < needed)[0]) & ~extra
        while steps > 0:
            more = _standing(curriculum, missing, ready)[0] & wanted & ~taken
            if not more.any():
                break
            taken |= more
            ready |= _any(curriculum.teaches.T.tocsr(), taken)
            steps -= 1
        may_come = (_standing(curriculum, missing, ready)[1] | ~_any(teaches, missing)) & ~extra
        while True:
            skills = _with_before(curriculum, _any(curriculum.teaches.T.tocsr(), taken))
            more = may_come & _any(teaches, skills) & ~taken
            if not more.any():
                return cls(np.flatnonzero(skills), np.flatnonzero(taken))
            taken |= more

    def has(self, curriculum: Curriculum, action: str, target: Label) -> bool:
        """Whether an override is about something in the pack."""
        index = curriculum.skill_index if action == "grant" else curriculum.lesson_index
        return index.place[target] in (self.skills if action == "grant" else self.lessons)

    def skills_of(self, context: Context) -> list[dict[str, Any]]:
        """The pack's skills, with what each needs, as places in this list."""
        curriculum, place = context.curriculum, {k: n for n, k in enumerate(self.skills.tolist())}
        needs = curriculum.requirements
        shape = (1, len(curriculum.skills))
        threshold = np.broadcast_to(context.threshold, shape)[0]  # type: ignore[arg-type]
        learn = np.broadcast_to(0.15 if context.learn is None else context.learn, shape)[0]
        goal = None if context.goal is None else context.goal[0]
        return [
            {
                "skill": curriculum.skills[k : k + 1].tolist()[0],
                "learn": float(learn[k]),
                "threshold": float(threshold[k]),
                "goal": None if goal is None else float(goal[k]),
                "needs": [place[b] for b in _row(needs.all_of, k)],
                "alternatives": [[place[b] for b in _row(needs.groups, group)]
                                 for group in _row(needs.groups_of, k)],
            }
            for k in place
        ]  # fmt: skip

    def lessons_of(self, context: Context) -> list[dict[str, Any]]:
        """The pack's lessons in the curriculum's order; skills as places in the pack's."""
        curriculum, place = context.curriculum, {k: n for n, k in enumerate(self.skills.tolist())}
        minutes, last = minutes_of_lessons(curriculum), max(len(curriculum.lessons) - 1, 1)
        done = context.lessons_done
        return [
            {
                "lesson": curriculum.lessons[k : k + 1].tolist()[0],
                "skills": [place[skill] for skill in _row(curriculum.teaches, k)],
                "minutes": float(minutes[k]),
                "order": 1 - k / last,
                "extra": bool(curriculum.is_elective[k]),
                "done": 0 if done is None else int(done[0, k]),
            }
            for k in self.lessons.tolist()
        ]


def _standing(curriculum: Curriculum, missing: Bools, ready: Bools) -> tuple[Bools, Bools]:
    """Which lessons are open, and which are ready, to one student."""
    found = curriculum.standing(bits_of(missing[None]), bits_of(~ready[None]))
    return unpack(found.open, 1)[0], unpack(found.ready, 1)[0]


def _with_before(curriculum: Curriculum, skills: Bools) -> Bools:
    """Skills with all that may come before them."""
    found = skills.copy()
    while True:
        more = found | _any(curriculum.may_need.T.tocsr(), found)
        if more.sum() == found.sum():
            return found
        found = more


def _any(members: csr_array, marked: Bools) -> Bools:
    """For each row of a 0/1 matrix, whether one of its members is marked."""
    return np.asarray((members @ marked.astype(np.intp)) > 0)


def _row(table: csr_array, k: int) -> list[int]:
    found: list[int] = table.indices[table.indptr[k] : table.indptr[k + 1]].tolist()
    return found
