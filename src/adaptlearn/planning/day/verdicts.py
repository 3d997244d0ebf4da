"""Why minutes stay empty, and why a student does not get a lesson: the limit that binds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.planning.day.limits import KINDS, kind_of, levels_of
from adaptlearn.planning.day.made import Made
from adaptlearn.wording import quoted


class Verdicts:
    """Reads from a plan what binds.

    Parameters
    ----------
    made : Made
    """

    def __init__(self, made: Made) -> None:
        self._made = made
        self._step = made.demands.step

    def unplaced(self, rows: Ints) -> list[str]:
        """Why these students have empty minutes, a sentence each."""
        made, found = self._made, []
        for row in rows.tolist():
            value = np.where(
                made.open[row] & ~made.chosen[row], made.problem.offers.value[row], -np.inf
            )
            best = int(value.argmax()) if value.size else -1
            if best < 0 or value[best] == -np.inf:
                found.append("there is no further lesson for the student")
            else:
                title = quoted(self._lesson(row, best))
                found.append(f"the next lesson would be {title}: {self._binding(row, best)}")
        return found

    def why_not(self, row: int, lesson: int) -> str:
        """Why a student does not get a lesson."""
        made, curriculum = self._made, self._made.sequencer.curriculum
        name = quoted(curriculum.lessons[lesson])
        own = made.lessons.student == row
        if (own & (made.lessons.lesson == lesson)).any():
            return f"{name} is in the day of {made.students[row]}."
        place = np.flatnonzero(made.problem.offers.lesson[row] == lesson)
        if len(place):
            return f"{name} is not in the day: {self._binding(row, int(place[0]))}."
        for reason in self._kept_out(row, lesson):
            return f"{name} is not in the day: {reason}."
        explained = made.sequencer.explain(made.students[row], curriculum.lessons[lesson], made.now)
        if explained.status == "eligible":
            return f"{name} is not in the day: the student has many lessons that score higher."
        return str(explained)

    def _lesson(self, row: int, place: int) -> object:
        made = self._made
        return made.sequencer.curriculum.lessons[made.problem.offers.lesson[row, place]]

    def _kept_out(self, row: int, lesson: int) -> Iterator[str]:
        """Why a lesson was not even considered."""
        made, curriculum = self._made, self._made.sequencer.curriculum
        low, high = levels_of(curriculum)
        span = made.demands.spans[row]
        if low[lesson] > span[1] or high[lesson] < span[0]:
            level = low[lesson] if low[lesson] > span[1] else high[lesson]
            yield f"it has level {level:g}, and the student has levels {span[0]:g} to {span[1]:g}"
        key = row * len(curriculum.lessons) + lesson
        stuck = made.menu.stuck[made.menu.stuck[:, 0] == row, 1]
        taught = curriculum.teaches.indices[
            curriculum.teaches.indptr[lesson] : curriculum.teaches.indptr[lesson + 1]
        ]
        on = np.intersect1d(stuck, taught)
        if len(on):
            skill = quoted(curriculum.skills[on[0]])
            yield f"the student is stuck on {skill}, so a teacher should look first"
        if key in made.yesterday.given:
            yield "the student had it yesterday"

    def _binding(self, row: int, place: int) -> str:
        """Which limit keeps an offer out of a day as it is."""
        made, step = self._made, self._step
        problem, demands = made.problem, made.demands
        limits = demands.limits
        offers = problem.offers.take(np.array([row]))
        steps, kind = int(offers.steps[0, place]), int(offers.kind[0, place])
        chosen = made.chosen[row]
        need = steps * step
        room = int((made.left[row] * limits.allowed[kind]).sum())
        pinned = [pin for pin in demands.pins if pin.student == row]
        kinds, modes = kind_of(made.sequencer.curriculum), made.sequencer.curriculum.lesson_modes
        taken = int((offers.steps[0] * (chosen & (offers.kind[0] == kind))).sum())
        taken += sum(pin.steps for pin in pinned if kinds[pin.lesson] == kind)
        lesson = int(offers.lesson[0, place])
        resource = demands.resource[lesson]
        if resource >= 0 and not self._seat_left(row, place, kind, steps):
            return f"no seat of {quoted(demands.resources[resource])} is left"
        total = limits.total
        if limits.caps[kind] < total and taken + steps > limits.caps[kind]:
            return (
                f"{KINDS[kind]} has {taken * step} of at most {int(limits.caps[kind]) * step} "
                f"minutes, and the lesson takes {need}"
            )
        on = int((offers.steps[0] * (chosen & offers.device[0])).sum())
        on += sum(pin.steps for pin in pinned if modes[pin.lesson] == "device")
        if offers.device[0, place] and limits.device < total and on + steps > limits.device:
            return (
                f"devices are used for {on * step} of at most {limits.device * step} minutes, and "
                f"the lesson takes {need}"
            )
        for skill, much in self._on_skills(row, lesson):
            if limits.skill < total and much + steps > limits.skill:
                return (
                    f"{quoted(made.sequencer.curriculum.skills[skill])} has {much * step} of at "
                    f"most {limits.skill * step} minutes, and the lesson takes {need}"
                )
        if room < steps:
            return f"the lesson takes {need} minutes, and {room * step} are left in its blocks"
        return "other lessons are worth more"

    def _on_skills(self, row: int, lesson: int) -> Iterator[tuple[int, int]]:
        """The skills of a lesson, and how many steps the day has on each."""
        made, teaches = self._made, self._made.problem.teaches
        own = made.problem.offers
        for skill in teaches.indices[teaches.indptr[lesson] : teaches.indptr[lesson + 1]].tolist():
            held = made.problem.held
            much = int(held.steps[(held.student == row) & (held.skill == skill)].sum())
            for place in np.flatnonzero(made.chosen[row]).tolist():
                other = own.lesson[row, place]
                if skill in teaches.indices[teaches.indptr[other] : teaches.indptr[other + 1]]:
                    much += int(own.steps[row, place])
            yield skill, much

    def _seat_left(self, row: int, place: int, kind: int, steps: int) -> bool:
        """Whether a block with a free seat has room for the lesson."""
        made = self._made
        resource = made.demands.resource[made.problem.offers.lesson[row, place]]
        allowed = made.demands.limits.allowed[kind] & (made.demands.limits.rooms >= steps)
        return bool((made.seats_left[resource] * allowed).any())
