"""The curriculum: skills, what comes before what, lessons that teach, items that exercise."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.errors import CurriculumError, DataWarning, ParameterError
from adaptlearn.sequencing import graph
from adaptlearn.sequencing.checking import Parts, check
from adaptlearn.sequencing.labels import LabelIndex, label_array, looks_damaged
from adaptlearn.sequencing.reading import (
    FORMAT,
    VERSION,
    Draft,
    Label,
    RawUnit,
    Repair,
    read_frames,
    read_json,
    read_mapping,
)
from adaptlearn.serialization import fingerprint
from adaptlearn.validation import some

Bools = NDArray[np.bool_]


class Curriculum:
    """An immutable curriculum, checked when it is made.

    Make one with `from_frames`, `from_dict` or `from_json`, which refuse a curriculum that
    contradicts itself and list every fault; or with `repaired`, which mends the faults and
    says how. Labels of skills, lessons and items are integers or strings. Without lessons,
    there is one lesson per skill, of the same label. Without a list of skills, the skills are
    those that prerequisites, lessons and items name, in the order they occur.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        Labels, in the order given. Integers, or objects that are all ``str``.
    skill_titles : tuple of str
    lessons : array, shape (n_lessons,)
    lesson_titles : tuple of str
    minutes : float array, shape (n_lessons,)
        NaN where unknown.
    items : array, shape (n_items,)
    prerequisites : sparse 0/1 array, shape (n_skills, n_skills)
        Row k holds the skills that must be mastered directly before skill k.
    teaches : sparse 0/1 array, shape (n_lessons, n_skills)
    exercises : sparse 0/1 array, shape (n_items, n_skills)
    repairs : tuple of Repair
        What `repaired` mended; empty for a curriculum that was sound.

    Notes
    -----
    The *outer fringe* of a student is what they are ready to learn: the skills not yet
    mastered whose prerequisites all are (Doignon & Falmagne, 1985, "Spaces for the
    assessment of knowledge").

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"prerequisites": [["count", "add"], ["add", "multiply"]]})
    >>> school.skills.tolist()
    ['count', 'add', 'multiply']
    >>> school.outer_fringe([[True, False, False]]).tolist()
    [[False, True, False]]
    """

    def __init__(self, parts: Parts, repairs: Iterable[Repair] = ()) -> None:
        self.skills = label_array(parts.skills)
        self.skill_titles = tuple(parts.skills.values())
        self.lessons = label_array([lesson.label for lesson in parts.lessons])
        self.lesson_titles = tuple(str(lesson.title) for lesson in parts.lessons)
        self.minutes = np.array([lesson.minutes for lesson in parts.lessons], np.float64)
        self.minutes.flags.writeable = False
        self.items = label_array([item.label for item in parts.items])
        self.repairs = tuple(repairs)
        n_skills = len(self.skills)
        self.prerequisites = graph.incidence(
            [skill for _, skill in parts.edges],
            [before for before, _ in parts.edges],
            (n_skills, n_skills),
        )
        self.teaches = self._membership(parts.lessons)
        self.exercises = self._membership(parts.items)

    def _membership(self, units: list[RawUnit]) -> csr_array:
        rows = [row for row, unit in enumerate(units) for _ in unit.skills]
        skills = [self.skill_index.place[skill] for unit in units for skill in unit.skills]
        return graph.incidence(rows, skills, (len(units), len(self.skills)))

    @classmethod
    def from_frames(
        cls,
        skills: Any = None,
        prerequisites: Any = None,
        lessons: Any = None,
        items: Any = None,
        *,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        skill_separator: str | None = None,
    ) -> Self:
        """Read pandas, Polars, PyArrow or DuckDB frames, or dicts of arrays.

        Parameters
        ----------
        skills : frame, optional
            Columns ``skill`` and, optionally, ``title``.
        prerequisites : frame, optional
            Columns ``prerequisite`` and ``skill``: the one comes before the other.
        lessons : frame, optional
            Columns ``lesson`` and ``skills`` (one row per lesson, a list in each cell), or
            ``lesson`` and ``skill`` (one row per pair). Optionally ``title`` and ``minutes``:
            without the column minutes are unknown, with it a gap is a fault.
        items : frame, optional
            Columns ``item`` and ``skills`` or ``skill``, likewise.
        columns : mapping, optional
            Other names, per table: ``{"skills": {"skill": "name"}}``. Further columns of a
            frame are not read.
        skill_separator : str, optional
            What divides the skills in a text cell of lessons and items.

        Raises
        ------
        CurriculumError
            Lists every fault of every table.
        """
        tables = {"skills": skills, "prerequisites": prerequisites, "lessons": lessons,
                  "items": items}  # fmt: skip
        return cls._strict(read_frames(tables, columns, skill_separator))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read plain lists and mappings.

        Parameters
        ----------
        content : mapping
            ``skills``: labels, or ``{"skill", "title"}``. ``prerequisites``: pairs (first,
            then), or a mapping of each skill to its prerequisites. ``lessons``: ``{"lesson",
            "skills", "title", "minutes"}``, or a mapping of each lesson to its skills.
            ``items``: ``{"item", "skills"}``, or a mapping likewise. All are optional.

        Raises
        ------
        CurriculumError
            Lists every fault.
        """
        return cls._strict(read_mapping(content))

    @classmethod
    def from_json(cls, source: str | os.PathLike[str]) -> Self:
        """Read JSON with the content `from_dict` takes.

        Parameters
        ----------
        source : str or path
            A text that starts with a brace, or the path of a file in UTF-8.

        Raises
        ------
        CurriculumError
            It is not JSON, or has faults: all are listed.
        """
        return cls._strict(read_json(source))

    @classmethod
    def repaired(
        cls,
        source: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        skills: Any = None,
        prerequisites: Any = None,
        lessons: Any = None,
        items: Any = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        skill_separator: str | None = None,
    ) -> Self:
        """Read a curriculum with faults, mend them, and say how in `repairs`.

        Of duplicates the first is kept; a prerequisite of a skill to itself, or with an end
        that is no skill, is dropped; so are unknown skills of lessons and items, and those
        left without any. Prerequisites are taken in the order they are listed, and one that
        would close a cycle with those before it is dropped: none is dropped that could stay.

        Parameters
        ----------
        source : mapping, str or path, optional
            What `from_dict` or `from_json` take; or else give the tables:
        skills, prerequisites, lessons, items, columns, skill_separator
            What `from_frames` takes.

        Raises
        ------
        CurriculumError
            What cannot be mended: no skill at all, a missing column, no JSON, labels of which
            some are integers and some strings.

        Examples
        --------
        >>> from adaptlearn import Curriculum
        >>> loop = {"prerequisites": [["a", "b"], ["b", "a"]]}
        >>> print(*Curriculum.repaired(loop).repairs)
        prerequisites form a cycle: a -> b -> a: dropped 'b' -> 'a', the last of them to be listed
        """
        tables = {"skills": skills, "prerequisites": prerequisites, "lessons": lessons,
                  "items": items}  # fmt: skip
        if source is None:
            draft = read_frames(tables, columns, skill_separator)
        elif any(table is not None for table in tables.values()):
            raise ParameterError("Curriculum.repaired", ["give either a source or tables"])
        elif isinstance(source, Mapping):
            draft = read_mapping(source)
        else:
            draft = read_json(source)
        parts, repairs, fatal = check(draft)
        if fatal:
            raise CurriculumError("curriculum (beyond repair)", fatal)
        return cls._made(parts, repairs, stacklevel=3)

    @classmethod
    def _strict(cls, draft: Draft) -> Self:
        parts, repairs, fatal = check(draft)
        if fatal or repairs:
            raise CurriculumError("curriculum", [*fatal, *(fault.problem for fault in repairs)])
        return cls._made(parts, (), stacklevel=4)

    @classmethod
    def _made(cls, parts: Parts, repairs: Iterable[Repair], stacklevel: int) -> Self:
        made = cls(parts, repairs)
        damaged = [title for title in dict.fromkeys((*made.skill_titles, *made.lesson_titles))
                   if looks_damaged(title)]  # fmt: skip
        if damaged:
            warnings.warn(
                f"{len(damaged)} titles hold characters that were lost on the way (wrong encoding, "
                f"or a spreadsheet's error): {some(damaged)}; they are kept as they are",
                DataWarning,
                stacklevel=stacklevel,
            )
        return made

    @cached_property
    def skill_index(self) -> LabelIndex:
        """Places of skills by label."""
        return LabelIndex("skill", self.skills)

    @cached_property
    def lesson_index(self) -> LabelIndex:
        """Places of lessons by label."""
        return LabelIndex("lesson", self.lessons)

    def skills_of(self, lesson: Label) -> NDArray[Any]:
        """Labels of the skills that a lesson teaches, in the curriculum's order."""
        code = self.lesson_index.code(lesson)
        taught = self.teaches
        labels: NDArray[Any] = self.skills[
            taught.indices[taught.indptr[code] : taught.indptr[code + 1]]
        ]
        return labels

    def outer_fringe(self, mastered: Any) -> Bools:
        """Which skills students are ready to learn: not mastered, all prerequisites mastered.

        Parameters
        ----------
        mastered : bool array, shape (n_students, n_skills)

        Returns
        -------
        bool array, shape (n_students, n_skills)
        """
        missing = ~self._checked(mastered)
        ready: Bools = missing & (graph.count_marked(self.prerequisites, missing) == 0)
        return ready

    def open_lessons(self, mastered: Any) -> Bools:
        """Which lessons students can take now.

        A lesson is open when it teaches a skill that is not mastered, and all prerequisites
        of its skills that are not mastered are either mastered or taught by the lesson
        itself. So an open lesson always teaches a skill of the outer fringe.

        Parameters
        ----------
        mastered : bool array, shape (n_students, n_skills)

        Returns
        -------
        bool array, shape (n_students, n_lessons)
        """
        missing = ~self._checked(mastered)
        waits = missing[:, self.teaches.indices] & (
            graph.count_marked(self.doors.needs, missing) > 0
        )
        shut = graph.count_marked(self.doors.entries, waits) > 0
        has_new = graph.count_marked(self.teaches, missing) > 0
        return has_new & ~shut

    @cached_property
    def doors(self) -> graph.Doors:
        """What each lesson's skills need from outside it."""
        return graph.doors(self.teaches, self.prerequisites)

    @cached_property
    def required_by(self) -> csr_array:
        """Row k holds the skills that need skill k directly, shape (n_skills, n_skills)."""
        return csr_array(self.prerequisites.T.tocsr())

    @cached_property
    def is_elective(self) -> Bools:
        """Lessons of the kinds elective and enrichment, shape (n_lessons,)."""
        kinds = getattr(self, "lesson_kinds", ())
        return np.array(
            [kind in ("elective", "enrichment") for kind in kinds] or [False] * len(self.lessons),
            bool,
        )

    def _checked(self, mastered: Any) -> Bools:
        array = np.asarray(mastered)
        if array.dtype != np.bool_ or array.ndim != 2 or array.shape[1] != len(self.skills):
            raise ParameterError(
                "Curriculum",
                [
                    f"mastered must be a bool array of shape (n_students, {len(self.skills)}), "
                    f"got {array.dtype} of shape {array.shape}"
                ],
            )
        return array

    def ancestors(self, skill: Label) -> NDArray[Any]:
        """All skills that must come before a skill, directly or not, in `skills` order."""
        code = self.skill_index.code(skill)
        found: NDArray[Any] = self.skills[graph.reachable(self.prerequisites, code)]
        return found

    def descendants(self, skill: Label) -> NDArray[Any]:
        """All skills that a skill must come before, directly or not, in `skills` order."""
        code = self.skill_index.code(skill)
        found: NDArray[Any] = self.skills[graph.reachable(self._leads_to, code)]
        return found

    @cached_property
    def _leads_to(self) -> csr_array:
        return self.prerequisites.T.tocsr()

    @cached_property
    def ancestry(self) -> csr_array:
        """`ancestors` of all skills at once: a sparse 0/1 array, row k for skill k.

        Memory is linear in the number of pairs, which a long chain makes quadratic in the
        number of skills: for a few skills of a huge curriculum, `ancestors` is cheaper.
        """
        return graph.closure(self.prerequisites)

    @cached_property
    def _order(self) -> graph.Ints:
        return graph.topological_order(self.prerequisites)

    @property
    def topological_order(self) -> NDArray[Any]:
        """Skills so ordered that each follows its prerequisites; ties as in `skills`."""
        order: NDArray[Any] = self.skills[self._order]
        return order

    @cached_property
    def depth(self) -> graph.Ints:
        """The number of skills in the longest chain of prerequisites before each, (n_skills,)."""
        return graph.depths(self.prerequisites, self._order)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and strings that `from_dict` reads back; `repairs` are not kept."""
        skills = self.skills.tolist()
        starts = self._leads_to.indptr.tolist()
        after = self._leads_to.indices.tolist()
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "skills": [
                skill if title == str(skill) else {"skill": skill, "title": title}
                for skill, title in zip(skills, self.skill_titles, strict=True)
            ],
            "prerequisites": [
                [skill, skills[other]]
                for code, skill in enumerate(skills)
                for other in after[starts[code] : starts[code + 1]]
            ],
            "lessons": self._unit_records("lesson", self.lessons, self.teaches),
            "items": self._unit_records("item", self.items, self.exercises),
        }
        titles = zip(content["lessons"], self.lesson_titles, self.minutes.tolist(), strict=True)
        for record, title, minutes in titles:
            if title != str(record["lesson"]):
                record["title"] = title
            if minutes == minutes:  # noqa: PLR0124 (NaN: unknown)
                record["minutes"] = minutes
        return content

    def _unit_records(
        self, role: str, labels: NDArray[Any], members: csr_array
    ) -> list[dict[str, Any]]:
        names = self.skills[members.indices].tolist()
        starts = members.indptr.tolist()
        return [
            {role: label, "skills": names[starts[row] : starts[row + 1]]}
            for row, label in enumerate(labels.tolist())
        ]

    def to_json(self, indent: int | None = None) -> str:
        """JSON that `from_json` reads back."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: equal curricula, equal fingerprints."""
        return fingerprint(self.to_dict())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curriculum):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return (
            f"<Curriculum: {len(self.skills)} skills, {self.prerequisites.nnz} prerequisites, "
            f"{len(self.lessons)} lessons, {len(self.items)} items>"
        )
