"""Answers as a store keeps them, made into a response log; each distinct content is read once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label, label_array
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.log import ResponseLog
from adaptlearn.responses.skills import SkillColumn

_KEPT = 200_000  # distinct contents that are remembered, before all are forgotten


class Answer(NamedTuple):
    """What an answer's content says; `correct` is -1 for an exposure."""

    skills: tuple[Label, ...]
    correct: int
    item: Label | None


class Answers:
    """The contents of answers, by code."""

    def __init__(self) -> None:
        self._code: dict[str, int] = {}
        self._made: list[Answer] = []

    def codes(self, contents: Sequence[str]) -> Ints:
        """A code for each content, shape (n,); codes hold until the next call."""
        if len(self._code) > _KEPT:
            self._code, self._made = {}, []
        code = self._code
        for text in set(contents) - code.keys():
            code[text] = len(self._made)
            self._made.append(read_answer(text))
        return np.fromiter((code[text] for text in contents), np.int64, len(contents))

    def have_items(self, codes: Ints) -> Ints:
        """Whether each answer names an item, as 0 and 1."""
        used, place = np.unique(codes, return_inverse=True)
        named = [self._made[code].item is not None for code in used.tolist()]
        return np.array(named, np.int64)[place.reshape(-1)]

    def log(self, student: Sequence[Label], time: Floats, codes: Ints) -> ResponseLog:
        """A log of answers, in the order given; all of them name an item, or none does."""
        used, place = np.unique(codes, return_inverse=True)
        made = [self._made[code] for code in used.tolist()]
        return log_of(labelled(student), time, place.reshape(-1), made)


def log_of(student: Labelled, time: Floats, place: Ints, made: Sequence[Answer]) -> ResponseLog:
    """A log of answers, given the distinct ones and the place of each row's among them.

    It has items if all of the answers name one.
    """
    item = None
    if made and all(one.item is not None for one in made):
        items = labelled([one.item for one in made])
        item = Labelled(items.codes[place], items.labels)
    return ResponseLog(
        student=student,
        skill=_skills([one.skills for one in made], place),
        correct=np.array([one.correct for one in made], np.int8)[place],
        item=item,
        time=time,
        clock="seconds",
    )


def read_answer(text: str) -> Answer:
    """What a content says."""
    content = json.loads(text)
    skill = content["skill"]
    skills = tuple(skill) if isinstance(skill, list) else (skill,)
    return Answer(skills, content.get("correct", -1), content.get("item"))


def labelled(values: Sequence[Any]) -> Labelled:
    """Values as codes of their sorted labels."""
    labels = sorted(set(values))
    place = {label: code for code, label in enumerate(labels)}
    codes = np.fromiter((place[value] for value in values), np.int32, len(values))
    return Labelled(codes, label_array(labels))


def _skills(sets: list[tuple[Label, ...]], place: Ints) -> SkillColumn:
    """The skills of each row, given those of each content and the content of each row."""
    sizes = np.array([len(one) for one in sets], np.int64)
    entries = labelled([label for one in sets for label in one])
    if sizes.max(initial=1) == 1:
        return SkillColumn(Labelled(entries.codes[place], entries.labels), None)
    starts = np.cumsum(sizes) - sizes
    of_row = sizes[place]
    rows = np.repeat(np.arange(len(place), dtype=np.int32), of_row)
    inside = np.arange(len(rows)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
    codes = entries.codes[np.repeat(starts[place], of_row) + inside]
    return SkillColumn(Labelled(codes, entries.labels), rows)
